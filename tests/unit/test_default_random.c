// links: node
/* Seeded days on which partners owe one another, pay, do not, or pay late, and say so or do not, in
 * turns that make one default follow another, until all is paid and forgotten: the state and the
 * naive model tell the same after every step. A seed given as argument is played alone; two are the
 * first and the last one. */
#include "unit/image_copy.h"
#include "unit/random_play.h"

#include "node/model_rules.h"

enum { SEEDS = 60, DAYS = 60, PAID_FROM = 40 };

/* ---- a coalition ----------------------------------------------------------------------------- */

static struct charter *charter_that_settles_daily(struct play *play)
{
    struct coalition_spec spec = {.names = {"delta", "alpha", "charlie", "bravo"},
                                  .operator_name = "beta",
                                  .face = "10000",
                                  .reimbursement = "9001",
                                  .issue_fee = any(play, 2) ? "0" : "403",
                                  .redemption_fee = any(play, 2) ? "0" : "107"};
    struct charter *draft = coalition_draft(&spec);
    random_settlement_charter(play, draft);
    draft->settlement.every = PERIOD_DAY;
    draft->settlement.propose_days = draft->settlement.answer_days = 0;
    draft->settlement.pay_days = (uint32_t)any(play, 3);
    draft->settlement.default_days = (uint32_t)any(play, 4);
    draft->settlement.rest_days = any(play, 3) ? 0 : (uint8_t)(1 + any(play, 126));
    random_deal_charter(play, draft);
    draft->contracts.required = false;
    random_risk_charter(play, draft);
    return coalition_found(draft);
}

static void post(struct play *play)
{
    const struct charter *charter = state_charter(play->driver->state);
    for (uint16_t i = 0; i < charter->partner_count && charter->risk.on; i++) {
        struct transaction t = {.type = TRANSACTION_COLLATERAL};
        t.body.deal.collateral = (struct collateral){
            .partner = {i}, .currency = "EUR", .amount = {1 + (int64_t)any(play, 40000000)}};
        (void)feed(play, operator_lane(charter), t);
    }
}

/* Of one partner, as much as it gets, to the micro-unit. */
static void give_back(struct play *play)
{
    const struct charter *charter = state_charter(play->driver->state);
    struct partner_id partner = {(uint16_t)any(play, charter->partner_count)};
    struct transaction t = {.type = TRANSACTION_COLLATERAL};
    for (int64_t part = state_risk(play->driver->state, partner)->collateral.v; part > 0;
         part /= 2) {
        t.body.deal.collateral =
            (struct collateral){.partner = partner, .currency = "EUR", .amount = {-part}};
        (void)feed(play, operator_lane(charter), t);
    }
}

/* ---- kept ------------------------------------------------------------------------------------ */

static void keep_model(struct play *play)
{
    struct naive *copy = NULL;
    struct error error = {0};
    struct buffer first, second;
    buffer_init(&first, 1 << 24);
    buffer_init(&second, 1 << 24);
    naive_write(play->naive, &first);
    if (!naive_read(model_rules(play->driver->charter), buffer_bytes(&first), &copy, &error))
        printf("%s\n", error.text);
    REQUIRE(copy != NULL);
    naive_write(copy, &second);
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    naive_close(play->naive);
    play->naive = copy;
    buffer_release(&first);
    buffer_release(&second);
}

/* Model and replica go on from what is kept of them. */
static void keep(struct play *play)
{
    struct state *copy = NULL;
    struct error error = {0};
    struct buffer image;
    if (any(play, 4))
        return;
    keep_model(play);
    buffer_init(&image, IMAGE_LIMIT);
    image_of(play->replica, &image);
    if (!image_read(play->driver->charter, buffer_bytes(&image), &copy, &error))
        printf("%s\n", error.text);
    REQUIRE(copy != NULL);
    state_close(play->replica);
    play->replica = copy;
    buffer_release(&image);
}

/* ---- a day ----------------------------------------------------------------------------------- */

static void sell(struct play *play)
{
    for (uint64_t i = any(play, 6); i > 0; i--)
        (void)feed(play, (uint16_t)any(play, PARTNERS),
                   tx_redeem(1 + (uint32_t)any(play, MEMBERS), 1 + (int64_t)any(play, 400)));
    for (uint16_t i = 0; i < PARTNERS; i++)
        (void)feed(play, i, tx_earn(1 + (uint32_t)any(play, MEMBERS), 1 + (int64_t)any(play, 500)));
}

static struct transaction of_period(enum transaction_type type, const struct closed_period *closed)
{
    struct transaction t = {.type = type};
    t.body.settle.period = (uint32_t)closed->period.number;
    t.body.settle.records = closed->records;
    t.body.settle.root = closed->root;
    t.body.settle.totals = closed->totals;
    return t;
}

/* One person, two, or the same one twice. */
static void say(struct play *play, uint16_t partner, struct transaction t)
{
    uint16_t lane = lane_of(play, partner, (uint16_t)any(play, PARTNERS));
    for (uint64_t i = 1 + any(play, 4); i > 0; i = i > 2 ? i - 2 : i - 1) {
        t.body.settle.approver = person(play);
        (void)feed(play, lane, t);
    }
}

/* Mostly one that it may take. */
static enum transaction_type step_of(struct play *play, enum payment_state state)
{
    static const enum transaction_type types[] = {
        TRANSACTION_PAYMENT_SENT, TRANSACTION_PAYMENT_CONFIRMED, TRANSACTION_PAYMENT_FAILED,
        TRANSACTION_PAYMENT_DEFAULT};
    bool unsent = state == PAYMENT_DUE || state == PAYMENT_FAILED;
    if (unsent && any(play, 2))
        return TRANSACTION_PAYMENT_SENT;
    if ((unsent || state == PAYMENT_SENT) && any(play, 4))
        return TRANSACTION_PAYMENT_DEFAULT;
    return types[any(play, ARRAY_SIZE(types))];
}

static void of_payment(struct play *play, const struct closed_period *closed, size_t place)
{
    const struct period_payment payment = closed->period.payments[place];
    struct transaction t = of_period(step_of(play, payment.state), closed);
    bool is_void = payment.state == PAYMENT_VOID;
    t.body.settle.payment = (uint32_t)place;
    t.body.settle.attempt = payment.attempt + (any(play, 20) ? 1 : 0);
    if (t.type == TRANSACTION_PAYMENT_SENT || t.type == TRANSACTION_PAYMENT_DEFAULT) {
        say(play,
            t.type == TRANSACTION_PAYMENT_SENT ? payment.payment.from.v : payment.payment.to.v, t);
        return;
    }
    uint16_t lane = lane_of(play, payment.payment.to.v, (uint16_t)any(play, PARTNERS));
    bool taken = feed(play, lane, t) == VERDICT_ACCEPTED;
    play->back += taken && is_void;
}

/* By whoever can say so. */
static void pay(struct play *play, const struct closed_period *closed, size_t place)
{
    const struct period_payment payment = closed->period.payments[place];
    struct transaction t = of_period(TRANSACTION_PAYMENT_CONFIRMED, closed);
    t.body.settle.payment = (uint32_t)place;
    t.body.settle.attempt = payment.attempt + (payment.state != PAYMENT_SENT);
    (void)feed(play, lane_of(play, payment.payment.to.v, 0), t);
    t.type = TRANSACTION_PAYMENT_SENT;
    for (uint8_t i = 1; i <= 2; i++) {
        t.body.settle.approver.at[0] = i;
        (void)feed(play, lane_of(play, payment.payment.from.v, 0), t);
    }
}

static void get_on(struct play *play, const struct closed_period *closed, int day)
{
    struct transaction t = of_period(TRANSACTION_PERIOD_PROPOSE, closed);
    if (closed->period.state == PERIOD_OPEN)
        (void)feed(play, (uint16_t)any(play, PARTNERS), t);
    t.type = TRANSACTION_PERIOD_FINAL;
    if (closed->period.state == PERIOD_PROPOSED)
        (void)feed(play, (uint16_t)any(play, PARTNERS), t);
    for (size_t i = 0; i < closed->period.payment_count; i++)
        if (day >= PAID_FROM && closed->period.payments[i].state != PAYMENT_VOID)
            pay(play, closed, i);
        else if (day < PAID_FROM && any(play, 2))
            of_payment(play, closed, i);
}

/* A partner's node leaves, and then nobody speaks for it but others. */
static void leave(struct play *play)
{
    struct transaction t = {.type = TRANSACTION_MOTION};
    t.body.motion.motion.delay = 2;
    t.body.motion.motion.change = change_remove_node((uint16_t)any(play, PARTNERS));
    (void)feed(play, (uint16_t)any(play, PARTNERS), t);
    random_ballots(play, (uint16_t)any(play, PARTNERS));
}

static void one_day(struct play *play, int day)
{
    const struct periods *periods = state_periods(play->driver->state);
    sell(play);
    for (uint64_t i = any(play, 4); i > 0; i--)
        random_deal(play, (uint16_t)any(play, PARTNERS));
    for (size_t i = 0; i < periods->count; i++)
        get_on(play, periods->at[i], day);
    if (any(play, 3) == 0)
        post(play);
    if (any(play, 4) == 0)
        give_back(play);
    pass(play, 1000);
    if (any(play, 40) == 0)
        leave(play);
    pass(play, (any(play, 20) ? 1 : 19 + any(play, 8)) * DAY_MS - 1000);
}

static uint64_t first_seed = 1, last_seed;

CASE(state_and_model_tell_the_same_of_who_does_not_pay)
{
    uint64_t accused = 0, again = 0, covered = 0, shared = 0, back = 0, back_void = 0;
    int failed = check_failed_count;
    for (uint64_t seed = first_seed; seed <= last_seed && check_failed_count == failed; seed++) {
        struct play *play = allocate(1, sizeof(*play));
        play->seed = seed;
        play->may_deal = true;
        play_begin(play, charter_that_settles_daily(play));
        play->between = keep;
        post(play);
        for (int day = 0; day < DAYS && check_failed_count == failed; day++)
            one_day(play, day);
        if (check_failed_count != failed)
            printf("seed %llu\n", (unsigned long long)seed);
        accused += play->accepted[TRANSACTION_PAYMENT_DEFAULT];
        again += play->again;
        covered += play->covered;
        shared += play->shared;
        back += play->back;
        back_void += play->back_void;
        play_close(play);
    }
    printf("%llu defaults, %llu again, %llu and %llu claims taken over, %llu and %llu back\n",
           (unsigned long long)accused, (unsigned long long)again, (unsigned long long)covered,
           (unsigned long long)shared, (unsigned long long)back, (unsigned long long)back_void);
    CHECK(last_seed - first_seed + 1 < SEEDS ||
          (again > 0 && covered > 0 && shared > 0 && back > 0 && back_void > 0));
}

/* ---- one after the other --------------------------------------------------------------------- */

static enum verdict of_first(struct play *play, enum transaction_type type, uint32_t place,
                             uint8_t approver)
{
    const struct closed_period *closed = state_periods(play->driver->state)->at[0];
    REQUIRE(place < closed->period.payment_count);
    const struct payment payment = closed->period.payments[place].payment;
    struct transaction t = of_period(type, closed);
    t.body.settle.payment = place;
    t.body.settle.attempt = 1;
    t.body.settle.approver.at[0] = approver;
    return feed(play, type == TRANSACTION_PAYMENT_SENT ? payment.from.v : payment.to.v, t);
}

static void both_say(struct play *play, enum transaction_type type, uint32_t place,
                     enum verdict verdict)
{
    for (uint8_t approver = 1; approver <= 2; approver++)
        CHECK_INT(of_first(play, type, place, approver), verdict);
}

static struct play *play_daily(void)
{
    struct coalition_spec spec = {.names = {"delta", "alpha", "charlie", "bravo"},
                                  .operator_name = "beta",
                                  .face = "10000",
                                  .reimbursement = "9000"};
    struct play *play = allocate(1, sizeof(*play));
    struct charter *draft = coalition_draft(&spec);
    draft->settlement.every = PERIOD_DAY;
    draft->settlement.propose_days = draft->settlement.answer_days = 0;
    draft->settlement.pay_days = draft->settlement.default_days = 0;
    draft->settlement.rest_days = 0;
    play->quiet = true;
    play_begin(play, coalition_found(draft));
    return play;
}

/* Delta owes charlie 9.00, alpha delta 4.50, bravo charlie 1.80; alpha pays charlie, late. */
CASE(nobody_is_in_default_twice)
{
    struct play *play = play_daily();
    static const struct {
        uint16_t issuer, redeemer;
        int64_t points;
    } sales[] = {{0, 2, 1000}, {1, 0, 500}, {3, 2, 200}};
    for (uint32_t i = 0; i < ARRAY_SIZE(sales); i++) {
        CHECK_INT(feed(play, sales[i].issuer, tx_earn(i + 1, sales[i].points)), VERDICT_ACCEPTED);
        CHECK_INT(feed(play, sales[i].redeemer, tx_redeem(i + 1, sales[i].points)),
                  VERDICT_ACCEPTED);
    }
    pass(play, DAY_MS);
    pass(play, 1000);
    const struct closed_period *closed = state_periods(play->driver->state)->at[0];
    CHECK_INT(feed(play, 0, of_period(TRANSACTION_PERIOD_PROPOSE, closed)), VERDICT_ACCEPTED);
    pass(play, 2 * DAY_MS);
    CHECK_INT(feed(play, 0, of_period(TRANSACTION_PERIOD_FINAL, closed)), VERDICT_ACCEPTED);
    pass(play, 2 * DAY_MS);
    both_say(play, TRANSACTION_PAYMENT_SENT, 0, VERDICT_ACCEPTED);
    both_say(play, TRANSACTION_PAYMENT_DEFAULT, 1, VERDICT_ACCEPTED); /* delta */
    pass(play, 2 * DAY_MS);
    both_say(play, TRANSACTION_PAYMENT_DEFAULT, 3, VERDICT_ACCEPTED); /* charlie */
    CHECK_INT(closed->period.default_count, 2);
    both_say(play, TRANSACTION_PAYMENT_DEFAULT, 0, VERDICT_WRONG_STATE);
    CHECK_INT(of_first(play, TRANSACTION_PAYMENT_FAILED, 0, 0), VERDICT_ACCEPTED);
    CHECK(closed->period.payments[0].ring_fenced);
    pass(play, 1000);
    play_close(play);
}

int main(int argc, char **argv)
{
    last_seed = (uint64_t)check_share(SEEDS);
    if (argc >= 2)
        first_seed = last_seed = strtoull(argv[1], NULL, 10);
    if (argc == 3)
        last_seed = strtoull(argv[2], NULL, 10);
    RUN(state_and_model_tell_the_same_of_who_does_not_pay);
    RUN(nobody_is_in_default_twice);
    return check_report();
}
