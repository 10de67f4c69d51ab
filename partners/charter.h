/* charter.h - the agreement that a coalition starts from: who takes part, with which keys, under
 * which prices, policies and limits. JSON; the coalition's id is the SHA-256 of the file's exact
 * bytes.
 *
 * Read once, then constant: any thread may read it.
 */
#ifndef PARTNERS_CHARTER_H
#define PARTNERS_CHARTER_H

#include "crypto/note.h"
#include "crypto/sign.h"
#include "partners/business_days.h"
#include "protocol/codes.h"
#include "protocol/ids.h"
#include "protocol/limits.h"
#include "protocol/points.h"

enum {
    CHARTER_SIZE_MAX = 4 * 1024 * 1024,
    CHARTER_NAME_MAX = NAME_SIZE_MAX, /* of partners and nodes, and of the coalition */
    CHARTER_URL_MAX = ADDRESS_SIZE_MAX,
    CHARTER_MISTAKES_MAX = 100, /* reported at once */
    CHARTER_TRANSITIONS_MAX = 512,
    CHARTER_JOINT_MAX = 1024,
    CHARTER_SNAPSHOT_RECORDS = 100000, /* limits.snapshot_records by default */
    CHARTER_TIME_SIZE = 21             /* "2017-01-01T00:00:00Z" */
};

struct charter_partner {
    char name[CHARTER_NAME_MAX + 1];
    bool is_operator; /* collects fees; at most one */
    struct public_key governance_key;
    bool left; /* its place stays its own */
};
struct charter_node {
    char name[CHARTER_NAME_MAX + 1];
    struct partner_id partner;
    bool voter;     /* at most one a partner; not of those that left */
    bool left;      /* its place, name and keys stay its own; it does nothing any more */
    bool suspended; /* for evidence, until it gets a new key: no lane, no proposals; it still votes
                     */
    bool joining;   /* a voter from when its lane says that it is ready */
    struct public_key sign_key;
    uint8_t transport_key[TRANSPORT_KEY_SIZE]; /* P-256, SEC 1 uncompressed */
    struct signature transport_signature;      /* by sign_key, PURPOSE_TRANSPORT, zero coalition */
    struct note_key log_key;                   /* type 01; its name is the charter's origin */
    struct note_key cosigner_key;              /* type 04; its name is ORIGIN/NODE */
    char address[CHARTER_URL_MAX + 1];         /* "tcp://10.0.0.1:7100" */
};
/* `issuer` may let `funder` pay for points that it earns to members, up to a budget: agreed in the
 * genesis charter, which all partners sign off. */
struct joint_funding {
    struct partner_id issuer, funder;
    struct points budget; /* the funder's share of all such points, reversed or not */
};
/* How often accounts are settled, and by when what is due: ledger.md section 8.8-9. */
enum period_kind { PERIOD_MONTH, PERIOD_WEEK, PERIOD_DAY };
const char *period_kind_word(enum period_kind kind); /* as the charter spells it */
/* Who bears what a partner does not pay: partners/defaults.h. */
enum on_default { DEFAULT_RING_FENCE, DEFAULT_FUND, DEFAULT_MUTUALISE };
const char *on_default_word(enum on_default how); /* as the charter spells it */
enum { TAX_RATE_BP_MAX = 10000, CHARTER_TAXES_MAX = 64, CHARTER_HOLIDAYS_MAX = HOLIDAYS_MAX };
struct charter_tax {
    char code[TAX_CODE_SIZE];
    uint16_t rate_bp;
};
/* A currency that contracts may use beside the charter's. */
enum { CHARTER_CURRENCIES_MAX = 32, NOTICE_DAYS_MAX = 3660 };
struct charter_currency {
    char code[CURRENCY_SIZE];
    int minor_digits; /* 0..3 */
    /* What collateral counts for: 1e-6 of the charter's currency a unit, up to RATE_MICRO_MAX; 0:
     * none is taken in it. */
    struct micro collateral_rate;
};
/* Collateral: partners/charter_risk.h. */
enum { HAIRCUT_BP_MAX = 100000, THRESHOLD_BP_MAX = 1000000 };
#define AMOUNT_MICRO_MAX INT64_C(1000000000000000)
struct charter_risk {
    bool on;
    struct micro floor; /* 0..AMOUNT_MICRO_MAX */
    uint32_t breakage_bp, haircut_bp;
    uint32_t alert_bp, prepaid_bp, refuse_bp; /* of the collateral that there is */
};
enum reversal_policy { REVERSAL_ONLY_PENDING, REVERSAL_WITHIN_BALANCE, REVERSAL_UNLIMITED };
const char *reversal_policy_word(enum reversal_policy policy); /* as the charter spells it */

/* What the file says is in force from height 1. What the ledger changes gives another charter of
 * the same coalition, in force from a later height on (partners/amend.h): partners and nodes are
 * added or marked as left, never taken out, so that a number means the same in all of them. */
struct charter {
    uint64_t from_height;  /* 1: the file's */
    struct hash coalition; /* SHA-256 of the file */
    char name[CHARTER_NAME_MAX + 1];
    char origin[NOTE_NAME_MAX + 1];
    uint8_t nonce[HASH_SIZE];
    char currency[CURRENCY_SIZE];
    int minor_digits; /* 0..3 */
    bool log_public;  /* anyone may read checkpoint, tiles, heights and charter of any node */
    bool sandbox;
    uint64_t sandbox_start_ms; /* ledger time of the first cut; moved on by `clock` */

    /* The zone's UTC offsets: from transitions[i].from_ms on, offset_s. The first holds from 0. */
    struct {
        uint64_t from_ms;
        int32_t offset_s;
    } transitions[CHARTER_TRANSITIONS_MAX];
    size_t transition_count;
    char zone[CHARTER_NAME_MAX + 1]; /* its name, for people: "UTC", "Europe/Berlin" */

    struct charter_partner *partners;
    size_t partner_count;
    struct charter_node *nodes;
    size_t node_count;
    uint16_t voters[VOTERS_MAX]; /* node numbers, ascending */
    size_t voter_count;
    bool two_voters_accepted; /* N = 2: either one down halts it; by explicit choice only */
    bool has_operator;
    struct partner_id operator_id;

    struct joint_funding *joint_funding;
    size_t joint_funding_count;

    /* Keys that were replaced; no key is used twice, or for two things. */
    struct public_key *retired_keys;
    size_t retired_key_count;

    /* C2SP tlog-policy (crypto/policy.h): what makes a checkpoint final in the eyes of a reader who
     * has nothing else. partners/charter_policy.h. */
    char *tlog_policy;

    struct {
        struct micro face, reimbursement, issue_fee, redemption_fee; /* a point */
    } rates;
    struct {
        enum reversal_policy reversal;
        struct points deficit_max; /* a member's; above it reversals stay within the balance */
        uint32_t grace_days;       /* default 30: reversed redemptions of expired lots */
        uint32_t expire_days;      /* default 7: then any node may book an issuer's expiry */
        uint64_t hold_default_ms, hold_max_ms; /* defaults 15 minutes, 7 days */
        uint64_t window_ms;                    /* idempotency; default 400 days */
        uint64_t late_after_ms;                /* default 60 s */
        uint64_t clock_bound_ms; /* default 5 s: cut times and tills ahead of ledger time */
        uint32_t expiry_months;  /* of earned lots unless the till says otherwise; 0: never */
    } policy;
    struct {
        enum period_kind every; /* default month */
        /* Business days after a period's last day; defaults 1, 3, 5. */
        uint32_t propose_days, answer_days, pay_days;
        uint8_t rest_days; /* of the week, as partners/business_days.h; default Saturday, Sunday */
        int64_t *holidays; /* days since 1970, ascending */
        size_t holiday_count;
        struct charter_tax *taxes;
        size_t tax_count;
        /* Which of them fee lines and all others carry; "" is none. */
        char fee_tax[TAX_CODE_SIZE], redemption_tax[TAX_CODE_SIZE];
        uint32_t account_days; /* 0..90, default 7: until an approved payment account is in force */
        /* Business days: after the day to answer, until an open dispute ends without its opener;
         * after the day to pay, until one that has not paid is in default. Defaults 20, 5. */
        uint32_t dispute_days, default_days;
        enum on_default on_default; /* default DEFAULT_RING_FENCE */
    } settlement;
    struct {
        bool required;        /* nobody redeems another's points without one */
        uint32_t notice_days; /* from the proposal to the first day at least */
        struct charter_currency *currencies;
        size_t currency_count;
    } contracts; /* partners/charter_contracts.h */
    struct charter_risk risk;
    struct {
        uint32_t batch_bytes, cut_bytes, lane_cut_bytes; /* payload */
        uint64_t lane_day_bytes;
        uint32_t allocations;
        uint32_t heartbeat_ms;                 /* default 60 s */
        uint32_t timeout_ms, timeout_delta_ms; /* T0 and delta of a round */
        uint64_t snapshot_records; /* between two snapshots that voters sign; 0: none is made */
    } limits;
};

/* Everything wrong with a charter, each with the path to it ("partners[2].name: ..."). */
struct charter_mistakes {
    size_t count;
    char text[CHARTER_MISTAKES_MAX][200];
};

/* Parses and checks all of it; on false, mistakes (may be NULL) lists every one found, and the
 * error says how many. Refuses unknown members, duplicate names or keys, 2Q <= N + f, Q > N - f (N
 * = 2 unless "accept_two_voters": true), values beyond protocol/limits.h, and, when all else is
 * right, a tlog_policy that fewer than Q voters could satisfy. */
bool charter_parse(struct bytes json, struct charter **charter_out,
                   struct charter_mistakes *mistakes, struct error *error) MUST_USE;
void charter_close(struct charter *charter);
/* All of its own; closed with charter_close(). */
struct charter *charter_copy(const struct charter *charter);
/* Sets voters and voter_count from the nodes; at most VOTERS_MAX of them vote. */
void charter_count_voters(struct charter *charter);

/* Tolerated liars f = (N-1)/3 and quorum Q = (N+f)/2 + 1. */
size_t quorum_faulty(size_t voters);
size_t quorum_size(size_t voters);

bool charter_partner_by_name(const struct charter *charter, struct bytes name,
                             struct partner_id *id_out) MUST_USE;
/* Has it no node that takes part? Then nobody hears of it. (A suspended node will write again.) */
bool charter_partner_is_silent(const struct charter *charter, struct partner_id partner);
bool charter_node_by_name(const struct charter *charter, struct bytes name,
                          struct node_id *id_out) MUST_USE;
/* The day of a time in the charter's zone, since 1970-01-01 (-1 the day before), and its first
 * millisecond. */
int64_t charter_day(const struct charter *charter, uint64_t time_ms);
uint64_t charter_day_start(const struct charter *charter, int64_t day);
/* How far clocks there are ahead of UTC at a time, in seconds: less than a day either way. */
int32_t charter_offset_s(const struct charter *charter, uint64_t time_ms);
/* The first millisecond of the day after the one that holds `time_ms`, `days` later still, in the
 * charter's zone. */
uint64_t charter_end_of_day(const struct charter *charter, uint64_t time_ms, uint32_t days);
/* RFC 3339 in UTC, whole seconds, from 1970 on: "2017-01-01T00:00:00Z". */
bool charter_time_parse(struct bytes text, uint64_t *time_ms_out) MUST_USE;
void charter_time_format(uint64_t time_ms, char text_out[CHARTER_TIME_SIZE]);
/* End of the day `months` calendar months after `time_ms` (day clipped to the month's last). */
uint64_t charter_months_later(const struct charter *charter, uint64_t time_ms, uint32_t months);

#endif
