/* state.h - the ledger's state machine: members, lots, holds, deficits, obligations.
 *
 * A pure function of decided cuts: state_begin, state_apply for each transaction in order,
 * state_seal. The same code runs in the node, the simulator and the auditor. It reads no clock:
 * time is the cut's. Every applied record asserts conservation (ledger.md section 3.2).
 *
 * Threads: one at a time.
 */
#ifndef PARTNERS_STATE_H
#define PARTNERS_STATE_H

#include "partners/charter.h"
#include "partners/exchange_rates.h"
#include "partners/payment_accounts.h"
#include "partners/periods.h"
#include "partners/risk.h"
#include "partners/vintages.h"
#include "protocol/cut.h"
#include "protocol/evidence.h"
#include "protocol/record.h"

struct state;

/* `charter` is the coalition's file; borrowed, it must outlive the state. */
struct state *state_open(const struct charter *charter);
void state_close(struct state *state);

/* ---- applying ------------------------------------------------------------------------------ */

/* Begins the cut's height (last + 1) at the cut's time (later than the last). Ledger time is the
 * cut's, or in a sandbox the cut's moved by the clock. What time alone brings (a settlement period
 * that ends, lots that activate, holds that end) happens here; its effects go to the seal. What
 * would not fit the seal waits for the next height, and state_next_due_ms says so. */
void state_begin(struct state *state, const struct cut *cut);
/* Between state_begin() and the first state_apply(), in the order of the cut: a quorum put this
 * evidence into it, judged by the charter in force at this height. Its node, not yet accused, is
 * suspended two heights later. */
void state_evidence(struct state *state, const struct evidence *evidence);
/* Applies one transaction of a batch by `lane`, which becomes record `index`. Never fails: bytes
 * that do not decode get VERDICT_MALFORMED. The outcome borrows from the state until the next call.
 * A refusal changes nothing but the idempotency table and its members' histories. */
struct outcome state_apply(struct state *state, struct node_id lane, struct record_index index,
                           struct bytes bytes);
/* The records that touched a member are a chain: each links to the one before. A record touches the
 * members that it names, accepted or not, and those whose lots it made or moved; the first four of
 * them. Who was not enrolled when it was applied has no history. */
enum { LINKS_MAX = 4 };
struct member_link {
    uint64_t member;              /* its place: see state_member_at() */
    struct record_index previous; /* the record itself: none touched the member before it */
};
/* The links of the record that was applied last, borrowed until the next call. */
size_t state_links(const struct state *state, const struct member_link **links_out);
/* Where a member's chain begins. False: unknown. */
bool state_last_record(const struct state *state, const struct member_ref *ref,
                       uint64_t *member_out, struct record_index *record_out) MUST_USE;
/* That this transaction of the lane comes soon: a hint, which changes nothing but how long
 * state_apply() takes. STATE_AHEAD of them before it is right; an empty one moves the others on. */
enum { STATE_AHEAD = 8 };
void state_expect(struct state *state, struct node_id lane, struct bytes transaction);
/* Ends the height; `automatic_out` (borrowed until the next call) are the effects that no
 * transaction has (of time, of evidence, of amendments that lapse), an encoded array. The digest is
 * chained over every height's changes: equal digests, equal histories.
 */
struct hash state_seal(struct state *state, const struct hash *cut, struct bytes *automatic_out);

/* ---- who takes part ------------------------------------------------------------------------- */

/* In force at the height that was begun last; the file's before the first. Lives as long as the
 * state, as all of them. */
const struct charter *state_charter(const struct state *state);
/* In force at `height`, 1 .. state_height() + 2; between state_begin() and state_seal() one less.
 */
const struct charter *state_charter_at(const struct state *state, uint64_t height);
/* Whether evidence against the node is on the ledger already, since it got its signing key, or it
 * has left, or there is none such, or its lane is the last open one: then a cut brings no more of
 * it. */
bool state_accused(const struct state *state, struct node_id node);

/* A motion is open for ballots for 30 days of ledger time, or until it is carried. It is told of
 * for as long again. */
#define MOTION_OPEN_MS (UINT64_C(30) * 86400000)
enum {
    MOTIONS_OPEN_MAX = 8, /* of one partner */
    LANE_MOTIONS_MAX = 16 /* motions, ballots and such of one lane in one height: they cost more
                             to judge than a sale */
};
struct motion_view {
    struct record_index record;
    uint64_t proposed_ms;
    struct partner_id by; /* whose lane carried it */
    bool open, carried;
    struct bytes body; /* motion_decode(); borrowed until the next height */
    struct hash hash;  /* of the body: what ballots sign */
    const struct partner_id *ballots;
    size_t ballot_count;
};
/* Open and closed ones, in the order of the log. */
size_t state_motion_count(const struct state *state);
void state_motion(const struct state *state, size_t place, struct motion_view *motion_out);

struct amendment_view {
    uint64_t height;     /* from which on it will hold, unless it does not fit then */
    uint64_t what;       /* the motion's record, or the node of a kind that no motion brings */
    struct bytes change; /* change_decode(); borrowed until the next height */
};
/* What is decided and not in force yet in the newest charter that is known. */
size_t state_amendment_count(const struct state *state);
void state_amendment(const struct state *state, size_t place, struct amendment_view *out);

/* ---- time ----------------------------------------------------------------------------------- */

uint64_t state_height(const struct state *state);
uint64_t state_time_ms(const struct state *state); /* ledger time of the last begun height */
/* Ledger time that a cut at `cut_time_ms` would have. */
uint64_t state_time_at(const struct state *state, uint64_t cut_time_ms);
struct hash state_digest(const struct state *state); /* after the last sealed height */
/* When time alone will next change something (hold's end, activation), in cut time; UINT64_MAX:
 * never. */
uint64_t state_next_due_ms(const struct state *state);

/* Recomputes every total from the lots and compares: for the simulator and the auditor, slow. */
bool state_check(const struct state *state, struct error *error) MUST_USE;

/* ---- asking -------------------------------------------------------------------------------- */

struct balance {
    struct points
        spendable; /* remaining of active unexpired lots, less open deficits; can be < 0 */
    struct points pending, held, deficit;
    struct points expired_unbooked; /* remaining in lots that time has ended */
    bool locked;
    struct partner_id enrolled_by;
    uint64_t lot_count; /* not ended, with points pending, remaining or held */
};
bool state_balance(const struct state *state, const struct member_ref *ref,
                   struct balance *balance_out) MUST_USE; /* false: unknown */

struct lot_view {
    struct lot_number number;
    struct partner_id issuer;
    const struct funding_split *split;
    uint32_t epoch; /* that prices it: state_contracts() */
    struct record_index earn;
    struct member_ref member;
    uint64_t activates_ms, expires_ms;
    struct points quantity;
    struct points pools[POOL_COUNT];
};
/* The member's lots that time has not ended and that still hold points, in consumption order, from
 * place `skip` on; returns how many were written. */
size_t state_lots(const struct state *state, const struct member_ref *ref, size_t skip,
                  struct lot_view *lots_out, size_t count);
bool state_lot(const struct state *state, struct lot_number number,
               struct lot_view *lot_out) MUST_USE;
uint64_t state_member_count(const struct state *state);
uint64_t state_lot_count(const struct state *state);
/* Members in order of enrolment, 0 .. state_member_count - 1: for comparing whole states. */
struct member_ref state_member_at(const struct state *state, uint64_t place);
/* Lots whose time has ended with points unbooked, of one issuer, up to EXPIRE_LOTS_MAX. */
size_t state_lots_to_expire(const struct state *state, struct partner_id issuer,
                            struct lot_number *lots_out, size_t count);

bool state_card(const struct state *state, const struct card_token *card,
                struct member_ref *member_out) MUST_USE;

struct hold_view {
    struct member_ref member;
    struct partner_id redeemer;
    struct points points, committed;
    uint64_t ends_ms;
    bool open;
};
bool state_hold(const struct state *state, struct record_index index,
                struct hold_view *hold_out) MUST_USE;

/* What became of (partner, key) within the window. */
struct key_result {
    struct record_index index;
    enum verdict verdict;
    struct hash client;
};
bool state_key(const struct state *state, struct partner_id partner, struct bytes key,
               struct key_result *result_out) MUST_USE;
/* The record that booked a document. */
bool state_document(const struct state *state, struct partner_id partner,
                    enum transaction_type type, struct bytes document, uint32_t line,
                    struct record_index *index_out) MUST_USE;

/* Exact obligation of a class in the open period, in the tariff's currency; a tariff below
 * TARIFFS_MAX. */
struct money state_obligation(const struct state *state, struct partner_id debtor,
                              struct partner_id creditor, enum line_class line_class,
                              uint8_t tariff);
/* Points that went into the open period's redemption obligations debtor -> creditor, each funder's
 * share in basis points of a point (quantity * bp), so that joint lots stay exact. */
__int128 state_redeemed_bp(const struct state *state, struct partner_id debtor,
                           struct partner_id creditor);

/* What partners agreed upon: cards, promotions, tariffs, epochs; borrowed until the next record. */
const struct contracts *state_contracts(const struct state *state);
/* What the funder's points that are issued now cost at the redeemer: the card in force, or false:
 * the charter's rates as a card without an end. (Fees only where the redeemer is the operator.) */
bool state_price(const struct state *state, struct partner_id funder, struct partner_id redeemer,
                 struct rate_card *card_out);

/* What a partner of the charter in force has outstanding, and its collateral; borrowed until the
 * next record. All zeros where the charter asks for none. */
const struct risk *state_risk(const struct state *state, struct partner_id partner);

/* The settlement periods; borrowed until the next height. */
const struct periods *state_periods(const struct state *state);
/* The open period, as if it had ended now; the caller's, to be freed with closed_period_free(). */
struct closed_period *state_open_books(const struct state *state);
/* Where partners are paid, at the state's time; borrowed until the next height. */
const struct payment_accounts *state_accounts(const struct state *state);
/* What partners have said that other currencies are worth; borrowed until the next record. */
const struct exchange_rates *state_exchange_rates(const struct state *state);
/* What the partner has said that a unit of the currency is worth on a day (since 1970, in the
 * charter's zone), in micro-units of the charter's; where it has said nothing of that day, on the
 * last one before it, at most RATE_LATE_DAYS earlier. Which day it was goes to day_out. False:
 * there is none. */
bool state_exchange_rate(const struct state *state, struct partner_id partner, const char *currency,
                         int64_t day, struct micro *rate_out, int64_t *day_out) MUST_USE;

/* Points that partners stand for, by vintage: at the ends of periods, borrowed until the next
 * height; and now. Rows that are given out are the caller's. */
const struct vintages *state_vintages(const struct state *state);
void state_vintages_now(const struct state *state, struct vintage_rows *rows_out);
/* The most that this funder may have to pay for a point, in the charter's currency: the price by
 * which its exposure is told (SETTLEMENT.md section 25). False: one of its cards is settled in a
 * currency that has no rate. */
bool state_highest_reimbursement(const struct state *state, struct partner_id funder,
                                 struct micro *price_out) MUST_USE;

struct totals { /* of the whole ledger */
    struct points quantity, pools[POOL_COUNT];
    /* reversed = clawed back + expired_counted + deficits + waived: ledger.md 3.2 */
    struct points deficits, waived, reversed, expired_counted;
    uint64_t accepted, refused;
};
struct totals state_totals(const struct state *state);

#endif
