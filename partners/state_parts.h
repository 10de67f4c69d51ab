/* state_parts.h - the insides of the state, for partners/state.c and the files beside it.
 *
 *     member --first_lot--> lot <-> lot <-> lot     standing lots, in consumption order
 *            --first_deficit--> deficit -> deficit  oldest first
 *     issuer --first_ended--> lot <-> lot           ended by time, points unbooked
 *     earn: its lots are first_lot .. first_lot + lot_count - 1
 *     hold, redemption: their allocations are consecutive too
 *
 * Everything is a dense array; a 32-bit place in one is the reference. Records of a kind are
 * appended in the order of the log, so that a record index is found by bisection.
 *
 * Threads: as partners/state.h.
 */
#ifndef PARTNERS_STATE_PARTS_H
#define PARTNERS_STATE_PARTS_H

#include "crypto/large_array.h"
#include "partners/contracts.h"
#include "partners/due.h"
#include "partners/exchange_rates.h"
#include "partners/journal.h"
#include "partners/keys.h"
#include "partners/obligations.h"
#include "partners/payment_accounts.h"
#include "partners/periods.h"
#include "partners/risk.h"
#include "partners/roster.h"
#include "partners/state.h"
#include "partners/table.h"
#include "partners/vintages.h"

#define NOTHING   UINT32_MAX /* no lot, member, earn, ... */
#define NO_RECORD UINT64_MAX

enum {
    /* Claims open at one member; beyond it reversals stay within the balance. Bounds what covering
     * them can add to one record. */
    DEFICITS_MAX = 64,
    /* Upper bounds of encoded effects, in bytes. */
    MOVE_SIZE_MAX = 14,
    LOT_EFFECT_SIZE_MAX = 12,
    OBLIGATION_SIZE_MAX = 20,
    WAIVED_SIZE_MAX = 7,
    DEFICIT_SIZE_MAX = 10,
    /* A held lot that comes back: what was waived, and a rest that covers deficits. */
    RELEASE_SIZE_MAX = WAIVED_SIZE_MAX + 2 * MOVE_SIZE_MAX + DEFICIT_SIZE_MAX,
    /* A spent one: the rest may go on as a child. */
    UNSPEND_SIZE_MAX = WAIVED_SIZE_MAX + 2 * MOVE_SIZE_MAX + LOT_EFFECT_SIZE_MAX,
    TRANSFER_SIZE_MAX = 2 * MOVE_SIZE_MAX + LOT_EFFECT_SIZE_MAX + DEFICIT_SIZE_MAX,
    /* What a record may add for waived rests of lots that are not in its plan. */
    RESTS_SIZE_MAX = 3200,
    /* The most that one of them adds: claims of its funders on the payers, and their fees. */
    REST_SIZE_MAX = WAIVED_SIZE_MAX + (SPLIT_MAX + 1) * SPLIT_MAX * OBLIGATION_SIZE_MAX,
    /* What the planned effects of a record may take. The rest is for waived rests; the lot that
     * goes to two purposes, with one move more each; a piece more of each deficit; the redeemer's
     * fee. */
    PLAN_SIZE_MAX = EFFECTS_SIZE_MAX - 4000
};
_Static_assert(REST_SIZE_MAX <= RESTS_SIZE_MAX, "each record makes up for one rest at least");
_Static_assert(RESTS_SIZE_MAX + 2 * MOVE_SIZE_MAX + DEFICITS_MAX * DEFICIT_SIZE_MAX +
                       OBLIGATION_SIZE_MAX <=
                   EFFECTS_SIZE_MAX - PLAN_SIZE_MAX,
               "what is not planned has room");

struct cohort { /* interned: vintages.h */
    uint32_t terms, vintage, expires;
    uint64_t sums[VINTAGE_SUMS]; /* points of its lots by pool, and those ended and unbooked */
};

struct terms { /* interned: many lots share one */
    struct partner_id issuer;
    struct funding_split split;
    uint32_t epoch; /* in which it was issued: what prices it, partners/contracts.h */
};

enum lot_list { LIST_NONE, LIST_MEMBER, LIST_ENDED };

struct lot {
    uint32_t terms, member;
    uint32_t earn; /* NOTHING: of an adjust or a transfer */
    uint32_t previous, next;
    uint8_t list; /* enum lot_list */
    bool ended;   /* expires_ms has passed */
    uint32_t quantity;
    uint32_t pools[POOL_COUNT];
    uint32_t reversed;        /* reversals asked of this lot */
    uint32_t waived;          /* of those, waived and not made up for since */
    uint32_t expired_counted; /* of those, met by points that expired (4.3) */
    uint32_t cohort;
    uint64_t activates_ms, expires_ms;
    uint64_t record; /* the earn, or else the record that made it */
};

struct earn {
    uint64_t record;
    uint64_t eligible, refunded;
    uint32_t member;
    uint32_t first_lot;
    struct partner_id partner;
    uint8_t lot_count;
};

struct allocation {
    uint32_t lot;
    uint32_t quantity;
    uint32_t returned; /* by reversals, or when the rest of a hold is released */
};

enum hold_status { HOLD_OPEN, HOLD_COMMITTED, HOLD_RELEASED, HOLD_ENDED };

struct hold {
    uint64_t record;
    uint64_t ends_ms;
    uint64_t first_allocation;
    uint32_t allocation_count;
    uint32_t member;
    struct partner_id redeemer;
    enum hold_status status;
    int64_t points, committed;
};

struct redemption {
    uint64_t record;
    uint64_t first_allocation;
    uint32_t allocation_count;
    uint32_t member;
    struct partner_id redeemer;
    bool disputed;  /* a line of it is or was: what is taken back of it may have to wait */
    uint32_t epoch; /* in which it was redeemed */
    int64_t points, returned;
};

struct deficit {
    int64_t points;
    uint32_t next;
    struct partner_id claimant;
};

struct member {
    struct member_ref ref;
    struct partner_id enrolled_by;
    uint32_t first_lot, last_lot;
    uint32_t lot_count;
    uint32_t first_deficit, last_deficit;
    uint32_t deficit_count;
    int64_t remaining; /* of active unexpired lots */
    int64_t pending, held, deficit;
    int64_t ended;            /* remaining in lots that time has ended */
    struct record_index last; /* the last record that touched it; NO_RECORD: none yet */
};

struct card {
    struct card_token token;
    uint32_t member;
};

struct tally { /* points, or points * bp */
    __int128 quantity, pools[POOL_COUNT];
};

struct ended_list {
    uint32_t first, last;
};

struct joint_used {
    __int128 points_bp;
};

/* What a record is about to consume, in consumption order, and a bound of its effects. */
struct plan {
    struct allocation *at;
    size_t count, capacity;
    int64_t points;
    size_t split_sum; /* funders of the planned lots, counted each time */
    size_t distinct;  /* different funders */
    uint32_t *seen;   /* by partner: the stamp of the last plan that met it */
    int64_t *asked;   /* by partner: points times basis points, where that was counted */
    uint32_t stamp;
};

/* Digests of the last heights, that a `ready` may name. */
enum { DIGESTS_KEPT = 256 };

struct proposed { /* a motion that was accepted */
    uint64_t record, proposed_ms;
    struct partner_id by;
    bool carried;
    struct bytes body; /* of the transaction; its own */
    struct hash hash;
    struct partner_id *ballots; /* partners, in the order in which their ballots were counted */
    size_t ballot_count, ballot_capacity;
};

enum { AHEAD_PLACES = 16 };
struct ahead { /* a transaction that comes soon: ahead.c */
    uint64_t member_hash;
    uint32_t member; /* probably; or NOTHING */
    bool has_member;
};

/* What stays from one height to the next stands in the image (state_image.h) or follows from it. */
struct state {
    struct roster roster;
    const struct charter *charter; /* of the roster, in force at `height` */
    size_t partner_count;          /* that the arrays by partner have room for: the charter's */
    uint16_t *name_rank;           /* of partners, by name */
    uint64_t height, now_ms, cut_time_ms, first_cut_ms, advance_ms;
    uint64_t next_index;
    uint64_t cut_effects, lane_effects[NODES_MAX], lane_bytes[NODES_MAX]; /* of this cut */
    uint16_t lane_motions[NODES_MAX]; /* motions, ballots and such of this cut */
    bool begun, started;
    bool applied; /* something, since the height was begun */
    struct hash digest;
    struct hash digests[DIGESTS_KEPT]; /* after a height: at its number modulo their count */

    struct proposed *motions; /* in the order of the log */
    size_t motion_count, motion_capacity;

    struct member *members;
    size_t member_count, member_capacity;
    struct table member_table;
    struct card *cards;
    size_t card_count, card_capacity;
    struct table card_table;

    struct terms *terms;
    size_t terms_count, terms_capacity;
    struct table terms_table;
    uint32_t last_terms;
    struct lot *lots;
    size_t lot_count, lot_capacity;
    struct cohort *cohorts;
    size_t cohort_count, cohort_capacity;
    struct table cohort_table;
    uint32_t last_cohort;
    uint32_t month;     /* of the charter's zone, that ledger time is in: vintage of a new lot */
    uint64_t expiry_ms; /* of the last lot that ends; in which month that is */
    uint32_t expiry_month;
    struct ended_list *ended; /* by issuer */
    struct tally total, *issuers, *funders;
    struct risk *risks;              /* by partner; nothing in them without charter->risk */
    struct partner_id *risk_changed; /* whose mode may be another */
    size_t risk_changed_count;
    size_t risk_partners; /* that have a price in `risks` */

    struct earn *earns;
    size_t earn_count, earn_capacity;
    struct hold *holds;
    size_t hold_count, hold_capacity;
    struct redemption *redemptions;
    size_t redemption_count, redemption_capacity;
    struct allocation *allocations; /* of holds and redemptions */
    size_t allocation_count, allocation_capacity;
    struct deficit *deficits;
    size_t deficit_count, deficit_capacity;
    uint32_t free_deficit;

    struct contracts contracts;
    struct obligations obligations; /* of the open period */
    struct periods periods;
    struct payment_accounts accounts;
    struct vintages vintages; /* at the ends of periods */
    struct exchange_rates rates;
    struct joint_used *joint_used; /* by charter->joint_funding */
    int64_t deficits_open, waived, reversed, expired_counted;
    uint64_t accepted, refused;

    struct due timers; /* activations and holds' ends */
    struct due ends;   /* of lots */
    struct keys keys, documents;
    struct journal journal;
    struct effect_list automatic;      /* effects of this height that no transaction has */
    uint32_t touched[EXPIRE_LOTS_MAX]; /* members of the record at hand */
    size_t touched_count;
    struct member_link links[LINKS_MAX]; /* of the last record */
    size_t link_count;
    struct plan plan;
    struct ahead ahead[AHEAD_PLACES];
    size_t ahead_count;
    size_t item_start; /* of the effects of the record, or of time's current item */
    size_t rests_size; /* of those, what waived rests of lots outside the plan took */
};

/* ---- members.c ---------------------------------------------------------------------------------
 */
uint64_t members_hash(const struct state *state, const struct member_ref *ref); /* in its table */
uint32_t members_find(const struct state *state, const struct member_ref *ref); /* or NOTHING */
/* False when the member is there already. */
bool members_add(struct state *state, struct partner_id enrolled_by,
                 const struct member_ref *ref) MUST_USE;
enum verdict members_enrol(struct state *state, struct partner_id writer,
                           const struct member_ref *ref);
enum verdict members_link_card(struct state *state, struct partner_id writer,
                               const struct member_ref *ref, const struct card_token *card);
void cards_add(struct state *state, uint32_t member, const struct card_token *card); /* a new one */
uint32_t cards_find(const struct state *state, const struct card_token *card);       /* a member */

/* ---- terms.c -----------------------------------------------------------------------------------
 */
/* The terms of the current epoch for this issuer and split. */
uint32_t terms_intern(struct state *state, struct partner_id issuer,
                      const struct funding_split *split);
/* Puts terms after those that are there; false when the same stand there already. */
bool terms_add(struct state *state, const struct terms *terms) MUST_USE;
struct funding_split split_alone(struct partner_id partner);
/* Whole points of each funder, largest remainder, then name; shares are in the split's order. */
void split_points(const struct state *state, const struct funding_split *split, int64_t points,
                  int64_t shares_out[SPLIT_MAX]);
/* Funders in order, with shares that add up. */
bool split_sound(const struct state *state, const struct funding_split *split) MUST_USE;
/* May `writer` fund earns by this split, in that epoch? */
enum verdict split_check(const struct state *state, struct partner_id writer,
                         const struct funding_split *split, uint32_t epoch);
/* Nobody of a well-formed split has left. */
bool split_stands(const struct state *state, const struct funding_split *split) MUST_USE;
/* Budgets of joint funding and promotions: room for all lots of an earn, and use of one lot, which
 * no reversal gives back. */
bool budget_room(const struct state *state, struct partner_id writer, const struct earn_lot *lots,
                 size_t count);
void budget_use(struct state *state, const struct terms *terms, uint64_t points);

/* ---- lots.c ------------------------------------------------------------------------------------
 */
struct lot_seed {
    uint32_t member, terms, earn;
    uint32_t quantity;
    uint32_t vintage; /* state.month, or that of the lot that it is made of */
    uint64_t activates_ms, expires_ms, record;
};
/* Consumption order, ledger.md 3.4: soonest expiry first, none last; then earliest activation; then
 * number. */
bool lot_consumed_before(const struct state *state, uint32_t a, uint32_t b);
/* Makes a lot, pending when it activates later; its points that are active at once are not yet set
 * against deficits. */
uint32_t lot_create(struct state *state, const struct lot_seed *seed);
/* The one place where points change pools. */
void lot_move(struct state *state, uint32_t id, enum pool from, enum pool to, uint32_t quantity);
/* Time has passed its expiry. */
void lot_end(struct state *state, uint32_t id);
/* Pending points become active: fee, then deficits. */
void lot_activate(struct state *state, uint32_t id);
/* After lot_create: what an activation does, for a lot that was active at once. */
void lot_arrive(struct state *state, uint32_t id, bool with_fee);
/* A lot's place in consumption order changes with its activation. */
void lot_bring_forward(struct state *state, uint32_t id, uint64_t activates_ms);
struct terms *lot_terms(const struct state *state, uint32_t lot);
bool lot_exists(const struct state *state, struct lot_number number, uint32_t *lot_out) MUST_USE;

/* ---- exposure.c --------------------------------------------------------------------------------
 */
/* Points of a lot on these terms are outstanding from now on; negative: no more. */
void exposure_add(struct state *state, const struct terms *terms, int64_t points);
/* Of a lot, as it stands. */
int64_t exposure_of_lot(const struct lot *lot);
/* By partner: the most that a point can cost its funder by what was signed. */
void exposure_prices(const struct state *state, struct micro *prices_out);
/* The card was signed: its funder's points may cost more from now on, whenever it begins. */
void exposure_card(struct state *state, const struct rate_card *card);
/* Everybody's mode, at the beginning of a height and for an image; then, after a record, of those
 * that it changed. */
void exposure_begin(struct state *state);
void exposure_settle(struct state *state);
/* Prices and modes are those of now, however they came about. */
void exposure_loaded(struct state *state);
/* May everybody pay for these lots, whose splits are whole? */
bool exposure_room(const struct state *state, const struct earn_lot *lots, size_t count) MUST_USE;
/* What the operator may pay of the partner's debts, and has paid. */
struct money exposure_fund(const struct state *state, struct partner_id partner);
void exposure_pay_out(struct state *state, struct partner_id partner, struct money used);
enum verdict exposure_collateral(struct state *state, struct partner_id writer,
                                 const struct collateral *posted);
/* ---- cohorts.c ---------------------------------------------------------------------------------
 */
/* The cohort of a lot on these terms. */
uint32_t cohort_intern(struct state *state, uint32_t terms, uint32_t vintage, uint64_t expires_ms);
uint32_t lot_vintage(const struct state *state, uint32_t lot);
/* What each funder stands for; lots that end by `time_ms` count as ended, whether time has been
 * told yet or not. */
void cohorts_rows(const struct state *state, uint64_t time_ms, struct vintage_rows *rows_out);

/* ---- plan.c ------------------------------------------------------------------------------------
 */
void plan_clear(struct plan *plan);
void plan_add(struct state *state, uint32_t lot, uint32_t quantity);
/* Plans `points` of the member's active lots; `only_funder` (or NULL) restricts it to lots that it
 * funds alone. False when there are fewer. */
bool plan_consume(struct state *state, uint32_t member, int64_t points,
                  const struct partner_id *only_funder) MUST_USE;
/* True when at most charter.limits.allocations lots are touched and the effects fit: `per_lot`
 * bytes a lot, and what each funder owes, for the lots of each epoch apart: to `owed` partners all
 * of them (a redeemer, the operator), and to `claims` each lot to one of them, or a few lots to
 * more. */
bool plan_fits(const struct state *state, size_t per_lot, size_t owed, size_t claims) MUST_USE;
/* The second half of that alone. */
bool plan_effects_fit(const struct state *state, size_t per_lot, size_t owed,
                      size_t claims) MUST_USE;
/* That of a hold, sized for the day on which it is committed in part and released for the rest, or
 * released by time, and covers whatever is owed by then. */
bool plan_hold_fits(const struct state *state) MUST_USE;
/* Plans what a redemption or a hold asks for: points, or the fewest, in consumption order, that are
 * worth the amount at the redeemer. Refused when there are fewer, or the redeemer has no price for
 * them. */
enum verdict plan_asked(struct state *state, uint32_t member, struct partner_id redeemer,
                        struct points points, struct micro amount) MUST_USE;
/* Whether the caps of the redeemer's contracts leave room for what is planned. */
bool plan_within_caps(struct state *state, struct partner_id redeemer) MUST_USE;

/* ---- pricing.c, money.c
 * -----------------------------------------------------------------------------------
 */
struct price { /* of a funder's points at a redeemer; its face is of nobody's concern but a till's
                */
    struct micro face, reimbursement; /* a point */
    const char *face_currency;
    uint8_t tariff;
    bool missing; /* the charter requires a contract, and there is none: these are its rates */
};
/* Of points of a lot of `epoch`, that are taken in the epoch `until`. */
struct price price_of(const struct state *state, struct partner_id funder,
                      struct partner_id redeemer, uint32_t epoch, uint32_t until);
struct fee { /* a point, to the operator */
    struct micro each;
    uint8_t tariff;
};
/* What a funder pays for a point issued in the epoch, and a redeemer for one redeemed in it. */
struct fee issue_fee_of(const struct state *state, struct partner_id funder, uint32_t epoch);
struct fee redemption_fee_of(const struct state *state, struct partner_id redeemer, uint32_t epoch);

/* The funders of a lot owe `creditor` for `points` at its price; negative points take it back. */
void money_owe(struct state *state, uint32_t lot, struct partner_id creditor, int64_t points,
               enum line_class line_class);
/* The same for a redemption that is taken back; what is disputed of it waits, or is cancelled. */
void money_take_back(struct state *state, const struct redemption *redemption, uint32_t lot,
                     int64_t points);
void money_fee_back(struct state *state, const struct redemption *redemption, int64_t points);
void money_issue_fee(struct state *state, uint32_t lot, int64_t points);
/* In the epoch of now. */
void money_redemption_fee(struct state *state, struct partner_id redeemer, int64_t points);
/* Recomputes the money of all redemptions from their lots' prices and compares it with what was
 * owed in the open period, earlier ones and disputes. */
bool money_adds_up(const struct state *state) MUST_USE;
/* Turns the gathered obligations into effects. */
void money_flush(struct state *state);

/* ---- deficits.c --------------------------------------------------------------------------------
 */
void deficit_add(struct state *state, uint32_t member_place, struct partner_id claimant,
                 int64_t points);
/* Sets up to `available` points of a lot's pool against the member's deficits, oldest first;
 * returns how many went. */
uint32_t deficits_cover(struct state *state, uint32_t lot, enum pool from, uint32_t available);

/* ---- returns.c ---------------------------------------------------------------------------------
 */
/* Points come back to a lot out of HELD or SPENT: waived rests first, then deficits, then the lot;
 * one that has ended books held points as expired, and passes spent ones on to a child lot that
 * lives to the end of the charter's grace. */
void points_return(struct state *state, uint32_t lot, enum pool from, uint32_t quantity);

/* ---- redemptions.c, holds.c, reversals.c, transfers.c -------------------------------------------
 */
struct context { /* of the transaction that is being applied */
    struct node_id lane;
    struct partner_id writer;
    struct record_index index;
    bool late; /* the till had taken it long before: charter->policy.late_after_ms */
    const struct transaction *transaction;
};
/* Points or an amount, one of them, within range. */
bool asked_sound(struct points points, struct micro amount) MUST_USE;
enum verdict apply_redeem(struct state *state, const struct context *context);
enum verdict apply_hold(struct state *state, const struct context *context);
enum verdict apply_commit(struct state *state, const struct context *context);
enum verdict apply_release(struct state *state, const struct context *context);
void hold_end(struct state *state, uint32_t id);
/* From now on caps count what the hold sets aside, as if it were redeemed; or no more. */
void hold_counts(struct state *state, const struct hold *hold, bool open);
enum verdict apply_reverse_earn(struct state *state, const struct context *context);
enum verdict apply_reverse_redeem(struct state *state, const struct context *context);
enum verdict apply_transfer(struct state *state, const struct context *context);
enum verdict apply_adjust(struct state *state, const struct context *context);
enum verdict apply_expire(struct state *state, const struct context *context);
enum verdict apply_earn(struct state *state, const struct context *context);
enum verdict apply_activate(struct state *state, const struct context *context);
uint32_t earn_find(const struct state *state, struct record_index index); /* or NOTHING */
uint32_t hold_find(const struct state *state, struct record_index index);
uint32_t redemption_find(const struct state *state, struct record_index index);
/* Books planned allocations, out of `from`, as a redemption. */
void redemption_book(struct state *state, const struct context *context, uint32_t member,
                     enum pool from);
/* Keeps the planned allocations; returns the place of the first. */
uint64_t allocations_keep(struct state *state);

/* ---- links.c -----------------------------------------------------------------------------------
 */
/* After the transaction was applied, while its touched members are known. */
void links_make(struct state *state, const struct context *context);

/* ---- motions.c ---------------------------------------------------------------------------------
 */
/* Motions, ballots and `ready`. */
enum verdict apply_membership(struct state *state, const struct context *context);
/* Adds a motion without ballots; its body is copied. */
struct proposed *motions_add(struct state *state, uint64_t record, uint64_t proposed_ms,
                             struct partner_id by, struct bytes body);
void motions_count(struct proposed *motion, struct partner_id partner); /* its ballot */
/* Drops those that nobody need be told of any more. */
void motions_forget(struct state *state);
void motions_free(struct state *state);

/* ---- settling.c --------------------------------------------------------------------------------
 */
/* At the beginning of a height: the tree that the last period ended with is learnt, and the open
 * one ends when ledger time has passed its end. */
void periods_pass(struct state *state, const struct cut *cut);
/* Propose, sign, dispute, pay, ... */
enum verdict apply_settle(struct state *state, const struct context *context);
/* Marks the redemption that it is about. */
void dispute_mark(struct state *state, const struct dispute *dispute);
/* What was taken back so far of the line of a redemption, or of its fee; never positive. */
struct money dispute_taken_back(const struct state *state, const struct disputed_line *about);
/* Of any period; NULL: none. */
struct dispute *dispute_of_line(const struct state *state, const struct disputed_line *about);
/* `amount` is taken back of a disputed line; returns how much enters the open period now. */
struct money dispute_takes_back(struct state *state, struct dispute *dispute, struct money amount);

/* ---- defaulting.c ------------------------------------------------------------------------------
 */
/* One does not pay, as its payee says. */
enum verdict default_step(struct state *state, const struct context *context,
                          struct closed_period *closed, int64_t today);

/* ---- dealing.c ---------------------------------------------------------------------------------
 */
/* At the beginning of a height: an epoch may begin, and a calendar year. `before_ms` is the ledger
 * time of the height before. */
void deals_pass(struct state *state, uint64_t before_ms);
/* Contracts, promotions, payment accounts, collateral, exchange rates. */
enum verdict apply_deal(struct state *state, const struct context *context);

/* ---- membership.c ------------------------------------------------------------------------------
 */
/* The charter in force at `height` becomes the state's: arrays by partner grow with it. */
void membership_enter(struct state *state, uint64_t height);
/* At the end of a height: what has its turn two heights later takes effect or lapses. */
void membership_settle(struct state *state);

/* Charters, what waits, and ballots are as they can only be: for state_check(). */
bool membership_sound(const struct state *state) MUST_USE;

/* ---- state.c -----------------------------------------------------------------------------------
 */
enum { SCRATCH_KEY_SIZE = 7 + DOCUMENT_SIZE_MAX };
/* The effects of the journal's record, that no transaction has, go to the seal. */
void automatic_keep(struct state *state);
/* How many heights `digests` has, the last one's being the newest. */
static inline uint64_t digests_kept(const struct state *state)
{
    return state->height < DIGESTS_KEPT ? state->height : DIGESTS_KEPT;
}
/* The keys of the two tables of keys.h, put together in `scratch`. */
struct bytes document_key(uint8_t scratch[SCRATCH_KEY_SIZE], struct partner_id partner,
                          enum transaction_type type, uint32_t line, struct bytes document);
struct bytes idempotency_key(uint8_t scratch[SCRATCH_KEY_SIZE], struct partner_id partner,
                             struct bytes key);

#endif
