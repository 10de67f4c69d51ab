// links: node
/* Seeded random coalitions, transactions of all types and hostile ones: after each height the state
 * checks itself, a naive model agrees, and a second replica has the same digest; and what is taken
 * back wholly leaves nothing behind. A seed given as argument is played alone. */
#include "unit/random_play.h"

enum { SEEDS = 150 };

/* ---- taking everything back
 * ------------------------------------------------------------------------ */

/* In the open period and all before it, of every currency. */
static __int128 owed_ever(const struct driver *driver, uint16_t debtor, uint16_t creditor)
{
    const struct periods *periods = state_periods(driver->state);
    const struct charter *charter = state_charter(driver->state);
    struct partner_id from = {debtor}, to = {creditor};
    __int128 owed = settlement_open(driver->state, from, to, charter->currency).v;
    for (size_t i = 0; i < charter->contracts.currency_count; i++)
        owed += settlement_open(driver->state, from, to, charter->contracts.currencies[i].code).v;
    for (size_t i = 0; i < periods->count; i++)
        for (size_t j = 0; j < periods->at[i]->exact.count; j++) {
            const struct line *line = &periods->at[i]->exact.at[j];
            if (line->debtor.v == debtor && line->creditor.v == creditor)
                owed += line->exact.v;
        }
    return owed;
}

static __int128 net_ever(const struct driver *driver, uint16_t partner)
{
    __int128 net = 0;
    for (uint16_t i = 0; i < PARTNERS; i++)
        if (i != partner)
            net += owed_ever(driver, i, partner) - owed_ever(driver, partner, i);
    return net;
}

static void take_back(struct play *play)
{
    pass(play, 8 * DAY_MS); /* no hold and nothing pending is left */
    for (size_t i = 0; i < play->redemption_count; i++)
        if (play->redeemed[i] > 0)
            CHECK_INT(feed(play, play->redemption_lane[i],
                           tx_unredeem(play->redemptions[i], play->redeemed[i])),
                      VERDICT_ACCEPTED);
    pass(play, 1);
    for (size_t i = 0; i < play->earn_count; i++) {
        int64_t left = play->earn_eligible[i] - play->earn_refunded[i];
        if (left > 0)
            CHECK_INT(feed(play, play->earn_lane[i], tx_refund(play->earns[i], (uint64_t)left)),
                      VERDICT_ACCEPTED);
    }
    pass(play, 1);
    for (uint32_t i = 1; i <= MEMBERS; i++) {
        CHECK_INT(balance_of(play->driver, i).spendable.v, 0);
        CHECK_INT(balance_of(play->driver, i).deficit.v, 0);
    }
    for (uint16_t i = 0; i < parties; i++) {
        CHECK_INT(owed_ever(play->driver, i, PARTNERS), 0); /* fees */
        CHECK_INT(net_ever(play->driver, i), 0);
    }
}

static void check_pairs_are_even(const struct play *play)
{
    for (uint16_t i = 0; i < parties; i++)
        for (uint16_t j = 0; j < parties; j++)
            CHECK_INT(i == j ? 0 : owed_ever(play->driver, i, j), 0);
}

static uint64_t first_seed = 1, last_seed;

/* Then everything has happened somewhere; a share of them need not meet what is seldom. */
static bool all_seeds(void)
{
    return last_seed - first_seed + 1 >= SEEDS;
}

#define EACH_SEED(seed)                                                                            \
    for (uint64_t seed = first_seed, before_ = (uint64_t)check_failed_count;                       \
         seed <= last_seed && (uint64_t)check_failed_count == before_; seed++)

static void tell(uint64_t seed, int before)
{
    if (check_failed_count != before)
        printf("seed %llu\n", (unsigned long long)seed);
}

/* Those that a party has ended, and time too. */
static uint64_t ended_contracts(const struct state *state)
{
    const struct contracts *contracts = state_contracts(state);
    uint64_t count = 0;
    for (size_t i = 0; i < contracts->count; i++) {
        uint64_t ended_ms = contracts->versions[i].ended_ms;
        count += ended_ms != 0 && ended_ms <= state_time_ms(state);
    }
    return count;
}

CASE(the_naive_model_and_a_second_replica_agree)
{
    uint64_t accepted[128] = {0};
    uint64_t decided[CHANGE_KIND_MAX + 1] = {0}, lapsed = 0, verdicts[128] = {0};
    uint64_t settled = 0, suspended = 0, entered = 0, cancelled = 0, in_force = 0, foreign = 0;
    uint64_t over = 0;
    static const enum verdict of_accounts[] = {VERDICT_BAD_ACCOUNT, VERDICT_NOTHING_TO_DO,
                                               VERDICT_BAD_RATE, VERDICT_NO_EXIT};
    EACH_SEED(seed)
    {
        int before = check_failed_count;
        struct play *play = play_open(seed, false, seed % 2 == 0);
        play->may_refund = play->may_split = true;
        play_heights(play);
        for (size_t i = 0; i < ARRAY_SIZE(accepted); i++)
            accepted[i] += play->accepted[i];
        for (size_t i = 0; i < ARRAY_SIZE(decided); i++)
            decided[i] += play->decided[i];
        lapsed += play->lapsed;
        for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
            verdicts[i] += play->verdicts[i];
        settled += play->settled;
        suspended += play->suspended;
        entered += play->entered;
        cancelled += play->cancelled;
        for (size_t i = 0; i < naive_account_count(play->naive); i++)
            in_force += naive_account_at(play->naive, i).now.iban[0] != 0;
        foreign += play->foreign;
        over += ended_contracts(play->driver->state);
        play_close(play);
        tell(seed, before);
    }
#define X(name, number, word)                                                                      \
    printf("%s %llu, ", word, (unsigned long long)accepted[number]);                               \
    CHECK(!all_seeds() || accepted[number] > 0);
    TRANSACTION_TYPES(X)
#undef X
    printf("accepted\n");
#define X(name, number, word)                                                                      \
    printf("%s %llu, ", word, (unsigned long long)decided[number]);                                \
    CHECK(!all_seeds() || decided[number] > 0);
    CHANGE_KINDS(X)
#undef X
    printf("decided, %llu lapsed\n", (unsigned long long)lapsed);
    CHECK(!all_seeds() || lapsed > 0);
    for (int i = VERDICT_UNKNOWN_PERIOD; i < VERDICT_TOO_MANY_DISPUTES; i++) {
        printf("%s %llu, ", verdict_word((enum verdict)i), (unsigned long long)verdicts[i]);
        CHECK(!all_seeds() || verdicts[i] > 0);
    }
    for (int i = VERDICT_NO_CONTRACT; i <= VERDICT_MIXED_CURRENCIES; i++) {
        bool seldom = i == VERDICT_TOO_MANY_CONTRACTS;
        printf("%s %llu, ", verdict_word((enum verdict)i), (unsigned long long)verdicts[i]);
        CHECK(!all_seeds() || verdicts[i] > 0 || seldom);
    }
    for (size_t i = 0; i < ARRAY_SIZE(of_accounts); i++) {
        printf("%s %llu, ", verdict_word(of_accounts[i]),
               (unsigned long long)verdicts[of_accounts[i]]);
        CHECK(!all_seeds() || verdicts[of_accounts[i]] > 0);
    }
    printf("%llu accounts in force, %llu contracts over by exit\n", (unsigned long long)in_force,
           (unsigned long long)over);
    CHECK(!all_seeds() || (in_force > 0 && over > 0));
    for (int i = VERDICT_OVER_LIMIT; i <= VERDICT_COLLATERAL_NEEDED; i++) {
        printf("%s %llu, ", verdict_word((enum verdict)i), (unsigned long long)verdicts[i]);
        CHECK(!all_seeds() || verdicts[i] > 0);
    }
    printf("refused, %llu lines in other tariffs\n", (unsigned long long)foreign);
    CHECK(!all_seeds() ||
          (settled > 0 && suspended > 0 && entered > 0 && cancelled > 0 && foreign > 0));
}

CASE(reversing_everything_leaves_no_obligation_between_any_two)
{
    EACH_SEED(seed)
    {
        int before = check_failed_count;
        struct play *play = play_open(seed, true, false);
        play->may_split = play->may_deal = true;
        play_heights(play);
        take_back(play);
        check_pairs_are_even(play);
        play_close(play);
        tell(seed, before);
    }
}

/* Refunds in between make funders of one lot pay those of another; in the end each is even. */
CASE(reversing_everything_in_any_order_leaves_every_partner_even)
{
    EACH_SEED(seed)
    {
        int before = check_failed_count;
        struct play *play = play_open(seed, true, false);
        play->may_refund = true;
        play_heights(play);
        take_back(play);
        play_close(play);
        tell(seed, before);
    }
}

/* ---- many periods ---------------------------------------------------------------------------- */

enum { MANY_DAYS = 45 };

static struct transaction of_period(enum transaction_type type, const struct closed_period *closed)
{
    struct transaction t = {.type = type};
    t.body.settle.period = (uint32_t)closed->period.number;
    t.body.settle.records = closed->records;
    t.body.settle.root = closed->root;
    t.body.settle.totals = closed->totals;
    return t;
}

/* The step that it waits for; too early is early. */
static void get_on(struct play *play, const struct closed_period *closed)
{
    if (closed->period.state == PERIOD_OPEN)
        (void)feed(play, 0, of_period(TRANSACTION_PERIOD_PROPOSE, closed));
    if (closed->period.state == PERIOD_PROPOSED)
        (void)feed(play, 0, of_period(TRANSACTION_PERIOD_FINAL, closed));
    for (uint32_t i = 0; i < closed->period.payment_count; i++) {
        struct transaction t = of_period(TRANSACTION_PAYMENT_CONFIRMED, closed);
        t.body.settle.payment = i;
        if (closed->period.state == PERIOD_FINAL)
            (void)feed(play, closed->period.payments[i].payment.to.v, t);
    }
}

/* One day's sale, and a step of every period. */
static void one_day(struct play *play, uint32_t day)
{
    const struct periods *periods = state_periods(play->driver->state);
    CHECK_INT(feed(play, (uint16_t)(day % 2), tx_redeem(1, 1 + day)), VERDICT_ACCEPTED);
    for (size_t i = 0; i < periods->count; i++)
        get_on(play, periods->at[i]);
    pass(play, 1000);
    pass(play, DAY_MS - 1000);
}

CASE(state_and_model_forget_the_same_of_many_periods)
{
    struct coalition_spec spec = {.names = {"delta", "alpha", "charlie", "bravo"},
                                  .operator_name = "beta",
                                  .face = "10000",
                                  .reimbursement = "9001"};
    struct play *play = allocate(1, sizeof(*play));
    struct charter *draft = coalition_draft(&spec);
    draft->settlement.every = PERIOD_DAY;
    draft->settlement.propose_days = draft->settlement.answer_days = 0;
    draft->settlement.rest_days = 0;
    play->quiet = true;
    play_begin(play, coalition_found(draft));
    uint32_t first = state_periods(play->driver->state)->open;
    CHECK_INT(feed(play, 2, tx_earn(1, 100000)), VERDICT_ACCEPTED);
    int failed = check_failed_count;
    for (uint32_t day = 0; day < MANY_DAYS && check_failed_count == failed; day++)
        one_day(play, day);
    const struct periods *periods = state_periods(play->driver->state);
    /* Of those that are settled so many are told of, and those that wait for a day or two. */
    CHECK(periods->count >= PERIODS_KEPT && periods->count < MANY_DAYS - 4);
    CHECK(periods->at[0]->period.number > first && !periods_find(periods, first));
    struct closed_period gone = {.period = {.number = first}};
    CHECK_INT(feed(play, 0, of_period(TRANSACTION_PERIOD_FINAL, &gone)), VERDICT_UNKNOWN_PERIOD);
    play_close(play);
}

int main(int argc, char **argv)
{
    last_seed = (uint64_t)check_share(SEEDS);
    if (argc == 2)
        first_seed = last_seed = strtoull(argv[1], NULL, 10);
    printf("seeds %llu to %llu\n", (unsigned long long)first_seed, (unsigned long long)last_seed);
    RUN(the_naive_model_and_a_second_replica_agree);
    RUN(reversing_everything_leaves_no_obligation_between_any_two);
    RUN(reversing_everything_in_any_order_leaves_every_partner_even);
    RUN(state_and_model_forget_the_same_of_many_periods);
    return check_report();
}
