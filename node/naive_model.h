/* naive_model.h - the rules of points a second time, written apart from the state machine of
 * partners/ and as plainly as they can be said: lists, and looking through them.
 *
 * The auditor runs both over every record: two programs that were written apart and agree on every
 * verdict, every lot and every obligation are better evidence than one that agrees with itself. So
 * nothing here includes or calls anything of partners/; of protocol/ only what takes the bytes of
 * transactions and of records that are shown apart. Rules: ledger.md sections 3, 4 and 8.
 *
 *     naive_open(rules);  each height: naive_begin(cut time, tree), naive_evidence(...) an accused,
 *                         naive_apply(...) a record, naive_seal(digest)
 *
 * What a call found stands in `effects` of the result, in no particular order and perhaps in more
 * pieces than the ledger's: compare with naive_differs().
 *
 * Cost: a transaction looks through the lots of its members, and the cards that were signed; time
 * through what waits for it.
 * Threads: one at a time.
 */
#ifndef NODE_NAIVE_MODEL_H
#define NODE_NAIVE_MODEL_H

#include "node/naive_coalition.h"
#include "node/naive_contract.h"
#include "node/naive_period.h"
#include "protocol/record.h"

/* The charter's words, as this model needs them. All arrays belong to the rules. */
enum naive_reversal { NAIVE_ONLY_PENDING, NAIVE_WITHIN_BALANCE, NAIVE_UNLIMITED };
struct naive_rules {
    char (*partners)[64]; /* names */
    size_t partner_count;
    uint16_t *lane_partner; /* of each node */
    size_t lane_count;
    int operator_number; /* who gets the fees; -1: nobody */
    bool sandbox;
    uint64_t sandbox_start_ms;
    struct naive_zone { /* from this moment on, local time is UTC + offset */
        uint64_t from_ms;
        int64_t offset_ms;
    } * zones;
    size_t zone_count;
    struct naive_joint {
        uint16_t issuer, funder;
        int64_t budget;
    } * joint;
    size_t joint_count;
    bool contracts_required;
    uint64_t notice_ms;                                     /* of a contract */
    int64_t face, reimbursement, issue_fee, redemption_fee; /* micro-units a point */
    enum naive_reversal reversal;
    int64_t deficit_max;
    uint32_t grace_days, expire_days, allocations;
    uint64_t hold_default_ms, hold_max_ms, window_ms, late_after_ms, clock_bound_ms;
    struct naive_settlement settlement;
    struct {
        bool on;
        int64_t floor; /* micro-units */
        uint32_t breakage_bp, haircut_bp, alert_bp, prepaid_bp, refuse_bp;
    } risk;
    struct naive_founding founding;
    struct naive_coalition *coalition; /* in force from height 1 */
};
void naive_rules_release(struct naive_rules *rules);

struct naive;

struct naive_result { /* borrowed until the next call */
    enum verdict verdict;
    bool late;
    const struct effect *effects;
    size_t effect_count;
};

/* Takes the rules over. */
struct naive *naive_open(struct naive_rules rules);
void naive_close(struct naive *naive); /* NULL is fine */
/* The tree that a cut names: that of two heights before. */
struct naive_tree {
    uint64_t records;
    struct hash root;
};
/* Another height, at this cut time: what time alone brings happens here. */
void naive_begin(struct naive *naive, uint64_t cut_time_ms, const struct naive_tree *tree);
/* After naive_begin(): the cut brings evidence against a node. */
void naive_evidence(struct naive *naive, uint16_t node);
/* Ends the height: what no transaction brought to it. `digest` is the ledger's after it, which a
 * `ready` is compared with. */
struct naive_result naive_seal(struct naive *naive, const struct hash *digest);
/* Has this lane a node that neither left nor is suspended at the height under way? */
bool naive_may_write(const struct naive *naive, uint16_t lane);
/* One transaction of a lane, as record `index`; then naive_applied(), for the limit of a cut that
 * counts the bytes of the recorded effects (CUT_EFFECTS_MAX). */
struct naive_result naive_apply(struct naive *naive, uint16_t lane, uint64_t index,
                                struct bytes transaction);
void naive_applied(struct naive *naive, uint16_t lane, size_t transaction_size,
                   size_t effects_size);
/* Do the recorded effects, an encoded array, say the same? The first that differs, as each side has
 * it; kind 0 where a side has none. False: they are the same. */
bool naive_differs(const struct naive_result *result, struct bytes effects,
                   struct effect *naive_out, struct effect *recorded_out) MUST_USE;

/* ---- asking -------------------------------------------------------------------------------- */

struct naive_balance {
    int64_t spendable, pending, held, deficit, expired_unbooked;
};
bool naive_balance(const struct naive *naive, const struct member_ref *member,
                   struct naive_balance *balance_out) MUST_USE;
size_t naive_lot_count(const struct naive *naive);
/* Pools of a lot; `number` from 1. */
void naive_lot_pools(const struct naive *naive, uint64_t number, int64_t pools_out[POOL_COUNT]);
/* By whose prices it goes. */
uint32_t naive_lot_epoch(const struct naive *naive, uint64_t number);
/* In the open period; nothing in a tariff that there is not. */
__int128 naive_owed(const struct naive *naive, uint16_t debtor, uint16_t creditor,
                    enum line_class line_class, size_t tariff);
/* What partners agreed upon, by number: cards, promotions, tariffs, and the epochs' beginnings.
 * Borrowed until the next call. */
size_t naive_contract_count(const struct naive *naive);
const struct naive_contract *naive_contract_at(const struct naive *naive, size_t number);
size_t naive_promotion_count(const struct naive *naive);
const struct naive_promotion *naive_promotion_at(const struct naive *naive, size_t number);
size_t naive_tariff_count(const struct naive *naive);
const struct naive_tariff *naive_tariff_at(const struct naive *naive, size_t number);
size_t naive_epoch_count(const struct naive *naive);
uint64_t naive_epoch_at(const struct naive *naive, size_t number);
/* The number of the open period, and those that have ended and are still told of, by number;
 * borrowed until the next call. */
uint32_t naive_open_period(const struct naive *naive);
size_t naive_period_count(const struct naive *naive);
const struct naive_period *naive_period_at(const struct naive *naive, size_t place);
/* What funders stand for, in points * basis points of all lots ever: rows in no order, one of a
 * kind. */
struct naive_standing {
    uint16_t funder;
    uint32_t vintage;                  /* the month in which they were made, since January 1970 */
    uint32_t expires;                  /* the month with which they end; UINT32_MAX: with none */
    __int128 pools[POOL_COUNT], ended; /* ended: of those remaining, by time and not booked */
};
struct naive_standings;
size_t naive_standing_count(const struct naive_standings *standings);
const struct naive_standing *naive_standing_at(const struct naive_standings *standings,
                                               size_t place);
/* At the end of the period that ended last; borrowed until the next height. */
const struct naive_standings *naive_last_standings(const struct naive *naive);
/* Now; to be given to naive_standings_close(). */
struct naive_standings *naive_standings_now(const struct naive *naive);
void naive_standings_close(struct naive_standings *standings);
/* What was spent at a partner and not taken back since. */
int64_t naive_spent_at(const struct naive *naive, uint16_t partner);
uint64_t naive_time_ms(const struct naive *naive);

struct naive_account { /* as texts; an empty holder: there is none */
    char holder[71], iban[35], bic[12];
    uint64_t from_ms; /* since when, or from when on, money goes there; 0: nobody knows yet */
};
/* What a partner has said of one currency. */
struct naive_accounts {
    uint16_t partner;
    char currency[4];
    struct naive_account now, next, pending;
    struct hash approver; /* who has said `pending` */
};
size_t naive_account_count(const struct naive *naive);
/* As it stands at the model's time; `place` is in no particular order. */
struct naive_accounts naive_account_at(const struct naive *naive, size_t place);
/* Is it an account: a holder in the SEPA character set, an IBAN in its electronic form, and no BIC
 * or a good one? SETTLEMENT.md section 24. */
bool naive_account_good(struct bytes holder, struct bytes iban, struct bytes bic) MUST_USE;

/* What a partner stands for, and with what: SETTLEMENT.md section 25. */
enum naive_mode { NAIVE_COVERED, NAIVE_ALERT, NAIVE_PREPAID, NAIVE_REFUSED };
struct naive_risk {
    __int128 outstanding; /* points times basis points */
    int64_t price;        /* a point at most, in micro-units */
    int64_t collateral;   /* micro-units */
    enum naive_mode mode;
    __int128 exposure_then; /* when it came to pay in advance */
    int64_t collateral_then;
};
struct naive_risk naive_risk_of(const struct naive *naive, uint16_t partner);

/* What a partner has said that a unit of a currency was worth on a day. */
struct naive_rate {
    uint16_t partner;
    char currency[4];
    uint32_t day; /* since 1970, in the charter's zone */
    int64_t rate; /* micro-units of the charter's currency */
};
size_t naive_rate_count(const struct naive *naive);
/* `place` is in no particular order. */
struct naive_rate naive_rate_at(const struct naive *naive, size_t place);

/* ---- keeping it ---------------------------------------------------------------------------- */

/* Everything that it knows, between heights, appended (protocol/FORMAT.md, 15). */
void naive_write(const struct naive *naive, struct buffer *out);
/* Takes the rules over. Any bytes are safe; ERROR_CORRUPT where they contradict themselves. */
bool naive_read(struct naive_rules rules, struct bytes bytes, struct naive **naive_out,
                struct error *error) MUST_USE;

#endif
