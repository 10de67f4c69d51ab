/* naive_parts.h - the insides of the naive model, for the files naive_*.c.
 * Threads: as node/naive_model.h.
 */
#ifndef NODE_NAIVE_PARTS_H
#define NODE_NAIVE_PARTS_H

#include "node/naive_model.h"

#define NAIVE_NONE UINT32_MAX

enum {
    NAIVE_CLAIMS_MAX = 64,       /* open at one member */
    NAIVE_PLAN_MAX = 36000,      /* bytes that a plan may take of a record's effects */
    NAIVE_RESTS_MAX = 3200,      /* and rests of other lots */
    NAIVE_TIME_MAX = 20000,      /* bytes of time's effects, after which the rest waits */
    NAIVE_OBLIGATION_BYTES = 20, /* at most */
    NAIVE_MOVE_BYTES = 14,
    NAIVE_DIGESTS = 256, /* heights whose digest a `ready` may name */
    NAIVE_LOT_BYTES = 12,
    NAIVE_WAIVED_BYTES = 7,
    NAIVE_DEFICIT_BYTES = 10
};

struct naive_lot {
    uint32_t member, earn; /* earn NAIVE_NONE: of none */
    uint16_t issuer;
    bool own;       /* one of the earn's own lots, not a child */
    uint32_t epoch; /* its own, or that of the lot it was made of */
    struct funding_split split;
    uint64_t activates_ms, expires_ms; /* 0: never */
    int64_t quantity, pools[POOL_COUNT];
    int64_t reversed, waived, counted;
    int64_t stood_for; /* points that its funders were counted with: naive_risk.c */
    uint32_t vintage;  /* the month in which it was made, or that which it is made of */
};
struct naive_part {
    uint32_t lot;
    int64_t points, returned;
};
struct naive_earn {
    uint64_t record, eligible, refunded;
    uint32_t member, first_lot, lot_count;
    uint16_t partner;
};
enum naive_status { NAIVE_OPEN, NAIVE_COMMITTED, NAIVE_RELEASED, NAIVE_ENDED };
struct naive_spend { /* a hold or a redemption */
    uint64_t record;
    uint64_t ends_ms; /* of a hold */
    uint32_t member;
    uint16_t partner;
    uint32_t epoch; /* in which it was redeemed */
    enum naive_status status;
    int64_t points, used; /* used: committed, or given back */
    size_t first_part, part_count;
};
struct naive_deficit {
    uint16_t claimant;
    int64_t points;
};
struct naive_member {
    struct member_ref ref;
    uint16_t enrolled_by;
    uint32_t *lots;
    size_t lot_count, lot_capacity;
    struct naive_deficit *deficits; /* oldest first */
    size_t deficit_count, deficit_capacity;
};
/* Names of things, found by their bytes: members, cards, idempotency keys, documents. */
struct naive_name {
    uint8_t *bytes;
    uint32_t size, next; /* next of the same bucket; NAIVE_NONE */
    uint32_t what;       /* member of a member or card */
    uint64_t record, seen_ms;
    struct hash client;
};
struct naive_names {
    struct naive_name *at;
    size_t count, capacity;
    uint32_t *buckets;
    size_t bucket_count;
};
struct naive_standings { /* zeroed is empty */
    struct naive_standing *at;
    size_t count, capacity;
    struct naive_names places; /* by funder, vintage and month of expiry */
};
/* A list of places that is looked through: what waits for time. */
struct naive_list {
    uint32_t *at;
    size_t count, capacity;
};

/* Points times basis points of the one, redeemed at the other, less what came back. */
struct naive_flow {
    __int128 in_period, in_year;
};

struct naive_amendment { /* a change that was decided */
    uint64_t height, what;
    uint8_t *change; /* encoded */
    size_t change_size;
};
struct naive_motion {
    uint64_t record, proposed_ms;
    uint16_t by;
    bool carried;
    uint8_t *body;
    size_t body_size;
    struct naive_list ballots; /* partners */
};

struct naive {
    struct naive_rules rules;
    /* At this height, the next, and the one after it once this one is sealed. */
    struct naive_coalition *now, *next, *after;
    struct naive_coalition **coalitions; /* all that were made, for as long as the model lives */
    size_t coalition_count, coalition_capacity;
    uint64_t height;
    struct naive_amendment *done, *waiting;
    size_t done_count, done_capacity, waiting_count, waiting_capacity;
    struct naive_motion *motions;
    size_t motion_count, motion_capacity;
    struct hash digests[NAIVE_DIGESTS]; /* after a height: at its number modulo their count */
    size_t *lane_motions;
    uint64_t now_ms, cut_time_ms, first_cut_ms, advance_ms;
    bool started;
    struct naive_member *members;
    size_t member_count, member_capacity;
    struct naive_lot *lots;
    size_t lot_count, lot_capacity;
    struct naive_earn *earns;
    size_t earn_count, earn_capacity;
    struct naive_spend *holds, *redemptions;
    size_t hold_count, hold_capacity, redemption_count, redemption_capacity;
    struct naive_part *parts; /* of holds and redemptions */
    size_t part_count, part_capacity;
    struct naive_names member_names, cards, keys, documents;
    __int128 *owed;           /* [tariff][debtor][creditor][class], in the open period */
    struct naive_flow *flows; /* [funder][redeemer] */
    int64_t year;             /* in the charter's zone, since 1970 */
    struct naive_contract *contracts;
    size_t contract_count, contract_capacity;
    struct naive_list signed_cards,
        open_cards;                     /* of them: signed; proposed, and not past their day */
    uint32_t proposed_by[PARTNERS_MAX]; /* how many, ever */
    struct naive_promotion *promotions;
    size_t promotion_count, promotion_capacity;
    uint32_t promoted_by[PARTNERS_MAX];
    struct naive_tariff tariffs[TARIFFS_MAX];
    size_t tariff_count;
    uint64_t *epochs; /* when each began */
    size_t epoch_count, epoch_capacity;
    uint32_t open_period;
    uint64_t open_first_record;
    bool awaits_tree;             /* a period has ended, and the next cut tells with which tree */
    struct naive_period *periods; /* that have ended, by number */
    size_t period_count, period_capacity;
    struct naive_risk *risks;         /* by partner */
    size_t risk_cards, risk_partners; /* that their prices were looked for with */
    size_t risk_lots;                 /* whose ends are known */
    uint64_t next_end_ms;             /* of a lot; 0: none has one */
    struct naive_accounts *accounts;  /* in the order in which they were first spoken of */
    size_t account_count, account_capacity;
    struct naive_standings standings; /* at the end of the last one that ended */
    struct naive_rate *rates;         /* in no particular order */
    size_t rate_count, rate_capacity;
    __int128 *joint_used;
    struct naive_list pending, open; /* lots, holds */

    /* of the height */
    size_t cut_effects, *lane_effects, *lane_bytes;
    struct effect *time_effects;
    size_t time_count, time_capacity;
    /* of the record, or of time */
    struct effect *effects;
    size_t effect_count, effect_capacity;
    size_t first_obligation;  /* obligations of the item at hand begin here */
    size_t bytes, item_bytes; /* encoded: of all effects but open obligations; of the item */
    size_t rest_bytes;        /* of those: what was waived on lots that do not come back */
    struct naive_part *plan;
    size_t plan_count, plan_capacity;
    int64_t plan_points;
};

struct naive_tx { /* of the record that is being applied */
    uint16_t lane, writer;
    uint64_t index;
    const struct transaction *transaction;
};

/* ---- naive_points.c: lots, money, deficits --------------------------------------------------- */

bool naive_ended(const struct naive *n, const struct naive_lot *lot);
void naive_effect(struct naive *n, struct effect effect);
void naive_move(struct naive *n, uint32_t lot, enum pool from, enum pool to, int64_t points);
uint32_t naive_lot_add(struct naive *n, const struct naive_lot *lot);
/* The funders of the lot owe `creditor` what they have agreed upon. */
void naive_owe(struct naive *n, uint32_t lot, uint16_t creditor, int64_t points,
               enum line_class line_class);
void naive_issue_fee(struct naive *n, uint32_t lot, int64_t points);
void naive_redemption_fee(struct naive *n, const struct naive_spend *redemption, int64_t points);
/* Ends an item: obligations that came to nothing are no effect. */
void naive_end_item(struct naive *n);
int64_t naive_deficit(const struct naive *n, uint32_t member);
int64_t naive_spendable(const struct naive *n, uint32_t member);
/* Sets up to `points` of a lot's pool against its member's deficits; returns what is left. */
int64_t naive_cover(struct naive *n, uint32_t lot, enum pool from, int64_t points);
/* An active lot's points have come: fee, and deficits. */
void naive_arrive(struct naive *n, uint32_t lot, bool fee);
void naive_activate(struct naive *n, uint32_t lot);
void naive_give_back(struct naive *n, uint32_t lot, enum pool from, int64_t points);
/* Whole points by share, largest remainder, then name. */
void naive_shares(const struct naive *n, const struct funding_split *split, int64_t points,
                  int64_t shares_out[SPLIT_MAX]);

/* Plans `points` of the member's lots in consumption order, at most one lot more than is allowed;
 * `only_funder` -1: any. */
void naive_plan(struct naive *n, uint32_t member, int64_t points, int only_funder);
/* The fewest points whose faces cover the amount, or why there are none. */
enum verdict naive_plan_amount(struct naive *n, uint32_t member, uint16_t redeemer, int64_t amount);
void naive_plan_add(struct naive *n, uint32_t lot, int64_t points);
bool naive_plan_fits(const struct naive *n, size_t per_lot, size_t owed, size_t claims);

/* The debtor owes the creditor: in the open period, and among the effects. */
void naive_owe_amount(struct naive *n, uint16_t debtor, uint16_t creditor, int64_t amount,
                      enum line_class line_class, uint8_t tariff);
/* Points of a redemption come back out of a lot: what its funders owe for them is taken back. */
void naive_fee_back(struct naive *n, const struct naive_spend *redemption, int64_t points);
void naive_take_back(struct naive *n, const struct naive_spend *redemption, uint32_t lot,
                     int64_t points);

/* ---- naive_calendar.c: days in the charter's zone -------------------------------------------- */

uint32_t naive_period_of(const struct naive_settlement *rules, int64_t day);
int64_t naive_period_last_day(const struct naive_settlement *rules, uint32_t number);
int64_t naive_business_day(const struct naive_settlement *rules, int64_t day, uint32_t count);
int64_t naive_year_of(int64_t day); /* since 1970 */

/* The month of the charter's zone, since January 1970. */
uint32_t naive_month(const struct naive *n, uint64_t time_ms);

/* ---- naive_vintage.c: who stands for which points -------------------------------------------- */

void naive_standings_release(struct naive_standings *standings);
/* The row of that kind, made if there is none; valid until the next one is made. */
struct naive_standing *naive_standing_of(struct naive_standings *standings, uint16_t funder,
                                         uint32_t vintage, uint32_t expires);
/* Adds up all lots; those that end by `time_ms` have ended. */
void naive_stand(const struct naive *n, uint64_t time_ms, struct naive_standings *out);

/* ---- naive_books.c: periods that have ended -------------------------------------------------- */

/* At the beginning of a height: the tree of the period that ended is learnt, and the open one ends.
 */
void naive_periods_begin(struct naive *n, uint64_t now_ms, const struct naive_tree *tree);
/* An empty one after those that there are. */
struct naive_period *naive_period_add(struct naive *n, uint32_t number, size_t partners);
void naive_period_release(struct naive_period *period);
struct hash naive_totals(const struct naive_period *period);
/* Rounded lines and payments, out of what was owed and what of it is not disputed, as decided on
 * that day. */
void naive_close_books(const struct naive *n, struct naive_period *period, int64_t today);
/* What is decided on a day is to be paid when the period is, or on the business day after. */
uint32_t naive_day_to_pay(const struct naive *n, const struct naive_period *period, int64_t today);
/* A minor unit, in 1e-10. */
__int128 naive_unit_of(const struct naive *n, const char *currency);
/* The largest debtor pays the largest creditor, ties by name; false: nobody is left. */
bool naive_pay_largest(const struct naive *n, __int128 *nets, size_t count, uint16_t *from_out,
                       uint16_t *to_out, __int128 *amount_out) MUST_USE;
void naive_payment_add(struct naive_period *period, const struct naive_payment *payment);
/* It is paid when nothing that was netted is left to be paid. */
void naive_when_paid(struct naive_period *period);
void naive_lines_add(struct naive_lines *lines, const struct naive_line *line);

/* ---- naive_settle.c: what partners say of them ----------------------------------------------- */

enum verdict naive_settle(struct naive *n, const struct naive_tx *tx);
/* It has no node that has not left. */
bool naive_is_silent(const struct naive_coalition *coalition, uint16_t partner);
/* Of the same sign, and no larger. */
bool naive_is_part(__int128 part, __int128 whole);
struct naive_dispute *naive_dispute_of(const struct naive_period *period,
                                       const struct disputed_line *about);
/* `amount` of a line of a record is taken back, disputed or not: returns how much of that, and of
 * what waited, is owed less now. */
__int128 naive_stands(struct naive *n, const struct disputed_line *about, __int128 amount);

/* ---- naive_default.c: who does not pay --------------------------------------------------------
 */

bool naive_in_default(const struct naive_period *period, uint16_t partner, const char *currency);
/* The last day on which a payment may be sent, and nobody says that its payer is in default. */
int64_t naive_last_day(const struct naive *n, const struct naive_payment *payment);
/* Sent, once, and by that day: the payer has done what it can. */
bool naive_on_time(const struct naive *n, const struct naive_payment *payment);
/* On that day it is too late for the others to share in what comes of it. */
bool naive_shared_no_more(const struct naive *n, const struct naive_payment *payment,
                          int64_t today);
/* The payer of payment `number` is in default, from `today` on: its lines leave the netting, and
 * who bears what it does not pay is as the charter says. It is not in default before. */
void naive_begin_default(struct naive *n, struct naive_period *period, size_t number,
                         int64_t today);
/* What is to be paid, and was, is what is owed: between each that is in default and each other, and
 * of those who are not all in all. */
bool naive_default_adds_up(struct naive *n, struct naive_period *period,
                           const char *currency) MUST_USE;
/* Of no claim on a partner in default was more taken over than there can have been. */
bool naive_takings_fit(struct naive *n, struct naive_period *period, const char *currency) MUST_USE;
void naive_default_add(struct naive_period *period, const struct naive_default *row);
void naive_taking_add(struct naive_period *period, const struct naive_taking *taking);

/* ---- naive_deal.c: contracts, promotions, accounts, collateral ------------------------------- */

enum verdict naive_deal(struct naive *n, const struct naive_tx *tx);
bool naive_is_currency(const struct naive *n, const char *code); /* one that is settled in */
void naive_deal_open(struct naive *n);
void naive_deal_close(struct naive *n);
/* At the beginning of a height: an epoch begins when ledger time has passed another moment. */
void naive_epochs_begin(struct naive *n, uint64_t now_ms);
/* What a card says by itself is allowed by the charter. */
bool naive_card_is_good(const struct naive *n, const struct rate_card *card);
/* What one of a currency counts for as collateral, in millionths of the charter's; 0: nothing. */
int64_t naive_rate(const struct naive *n, const char *code);
/* From when on it does not hold, whatever comes after it; 0: until the next one begins. */
uint64_t naive_card_end(const struct naive_contract *contract);
/* Some signed card of the pair would be in force with it; a new one gives way to none. */
bool naive_card_overlaps(const struct naive *n, const struct naive_contract *contract, bool is_new);
void naive_contract_add(struct naive *n, const struct naive_contract *contract);
void naive_promotion_add(struct naive *n, const struct naive_promotion *promotion);
/* The number of a card's tariff: of a new one where there is none yet. */
size_t naive_tariff_of(const struct naive *n, const struct rate_card *card);
void naive_tariff_add(struct naive *n, const struct naive_tariff *tariff);
bool naive_in_force(uint64_t from_ms, uint64_t until_ms, uint64_t time_ms);
/* Of the issuer and the funder, in force at that time; NULL: none. */
struct naive_promotion *naive_promotion_of(const struct naive *n, uint16_t issuer, uint16_t funder,
                                           uint64_t time_ms);

/* ---- naive_prices.c: what a point costs whom, and how many there may be -----------------------
 */

struct naive_price {
    bool agreed; /* false: a contract is required, and there is none */
    int64_t face, reimbursement;
    uint8_t tariff;
    char face_currency[CURRENCY_SIZE];
};
/* Of a funder's point at a redeemer, of a lot of that epoch. */
struct naive_price naive_price_of(const struct naive *n, uint16_t funder, uint16_t redeemer,
                                  uint32_t epoch);
struct naive_fees {
    int64_t issue, redemption;
    uint8_t tariff;
};
/* What a partner owes the operator a point. */
struct naive_fees naive_fees_of(const struct naive *n, uint16_t partner, uint32_t epoch);
/* Of a lot at a redeemer: accepted, or why its points cannot be counted as money there. `currency`
 * is that of the faces so far, "" before the first. *worth_out is in 1e-10 units a point. */
enum verdict naive_worth(const struct naive *n, const struct naive_lot *lot, uint16_t redeemer,
                         char currency[CURRENCY_SIZE], __int128 *worth_out);
/* The most that a funder's signed cards can make it pay for a point, in the charter's micro-units.
 */
int64_t naive_highest_price(const struct naive *n, uint16_t funder);
/* Every lot of the plan has a price there. */
bool naive_plan_priced(const struct naive *n, uint16_t redeemer);
/* The plan keeps within the caps of its funders' contracts with the redeemer. */
bool naive_plan_within_caps(const struct naive *n, uint16_t redeemer);
/* Points of a lot are redeemed; negative: come back. */
void naive_flow(struct naive *n, const struct naive_lot *lot, uint16_t redeemer, int64_t points);
struct naive_flow *naive_flow_cell(const struct naive *n, uint16_t funder, uint16_t redeemer);

/* ---- naive_accounts.c: where partners are paid ------------------------------------------------
 */

struct codec_reader;
enum verdict naive_set_account(struct naive *n, const struct naive_tx *tx);
void naive_put_accounts(const struct naive *n, struct buffer *out);
void naive_get_accounts(struct codec_reader *reader, struct naive *n);

/* ---- naive_risk.c: collateral ------------------------------------------------------------------
 */

void naive_risk_open(struct naive *n);
void naive_risk_more(struct naive *n, size_t partners); /* there are more of them */
/* After what time brought, and after a record: modes are what they have become. */
void naive_risk_begin(struct naive *n);
void naive_risk_after(struct naive *n);
/* May the partner pay for so many more points (times basis points)? */
bool naive_may_issue(const struct naive *n, uint16_t partner, __int128 points_bp);
enum verdict naive_collateral(struct naive *n, const struct naive_tx *tx);
/* What a partner has posted, in 1e-10 units; and it falls by so much, at most by all of it. */
__int128 naive_collateral_of(const struct naive *n, uint16_t partner);
void naive_collateral_use(struct naive *n, uint16_t partner, __int128 amount);
void naive_put_risks(const struct naive *n, struct buffer *out);
void naive_get_risks(struct codec_reader *reader, struct naive *n);

/* ---- naive_rates.c: what currencies are worth ------------------------------------------------ */

enum verdict naive_say_rates(struct naive *n, const struct naive_tx *tx);
void naive_put_rates(const struct naive *n, struct buffer *out);
void naive_get_rates(struct codec_reader *reader, struct naive *n);

/* ---- naive_image_settle.c: as bytes, for naive_image.c ----------------------------------------
 */

void naive_put_wide(__int128 value, struct buffer *out);
__int128 naive_get_wide(struct codec_reader *reader);
void naive_put_standings(const struct naive *n, struct buffer *out);
void naive_get_standings(struct codec_reader *reader, struct naive *n);
void naive_put_periods(const struct naive *n, struct buffer *out);
void naive_get_periods(struct codec_reader *reader, struct naive *n);

/* ---- naive_image_deal.c: likewise --------------------------------------------------------------
 */

void naive_put_deals(const struct naive *n, struct buffer *out);
void naive_get_deals(struct codec_reader *reader, struct naive *n);

/* ---- naive_rules.c: what each type of transaction does --------------------------------------- */

enum verdict naive_body(struct naive *n, const struct naive_tx *tx);
void naive_release_hold(struct naive *n, uint32_t id, enum naive_status status);

/* The till had taken it long before. */
bool naive_late(const struct naive *n, const struct transaction *t);
uint32_t naive_earn_find(const struct naive *n, uint64_t record);
void naive_budget_use(struct naive *n, const struct naive_lot *lot, int64_t points);

/* ---- naive_reversal.c ------------------------------------------------------------------------ */

enum verdict naive_reverse_earn(struct naive *n, const struct naive_tx *tx);

/* ---- naive_motions.c ------------------------------------------------------------------------- */

void naive_membership_open(struct naive *n);
void naive_membership_close(struct naive *n);
void naive_membership_begin(struct naive *n);
enum verdict naive_membership(struct naive *n, const struct naive_tx *tx);
void naive_amendment_add(struct naive_amendment **list, size_t *count, size_t *capacity,
                         uint64_t height, uint64_t what, struct bytes change);
/* Makes `after` anew; false: it does not fit. */
bool naive_take_turn(struct naive *n, const struct naive_amendment *amendment);
struct naive_motion *naive_motion_add(struct naive *n, uint64_t record, uint64_t proposed_ms,
                                      uint16_t by, struct bytes body);
/* Goes on with the coalition of a height that was executed. */
void naive_membership_enter(struct naive *n, struct naive_coalition *coalition);

/* ---- naive_model.c -----------------------------------------------------------------------------
 */

uint32_t naive_name_find(const struct naive_names *names, struct bytes bytes);
struct naive_name *naive_name_add(struct naive_names *names, struct bytes bytes);
void naive_names_release(struct naive_names *names);
uint32_t naive_member_find(const struct naive *n, const struct member_ref *ref);
uint64_t naive_time_at(const struct naive *n, uint64_t cut_time_ms);
/* The day in the charter's zone, since 1970. */
int64_t naive_day(const struct naive *n, uint64_t time_ms);
uint64_t naive_day_start(const struct naive *n, int64_t day);
uint64_t naive_day_end(const struct naive *n, uint64_t time_ms, uint32_t days);
void naive_list_add(struct naive_list *list, uint32_t what);
__int128 *naive_owed_cell(const struct naive *n, uint16_t debtor, uint16_t creditor,
                          enum line_class line_class, uint8_t tariff);
/* Cells of what is owed, in one tariff. */
size_t naive_owed_cells(const struct naive *n);
/* A list of rows sorted by record. */
uint32_t naive_spend_find(const struct naive_spend *rows, size_t count, uint64_t record);

#endif
