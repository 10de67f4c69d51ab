// links: node
/* Seeded random coalitions, transactions of all types and hostile ones: after each height the state
 * checks itself, a naive model agrees, and a second replica has the same digest; and what is taken
 * back wholly leaves nothing behind. A seed given as argument is played alone. */
#include "unit/random_play.h"

enum { SEEDS = 150 };

/* ---- taking everything back
 * ------------------------------------------------------------------------ */

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
        CHECK_INT(owed_exact(play->driver, i, PARTNERS), 0); /* fees */
        CHECK_INT(settlement_net(play->driver->state, (struct partner_id){i}, false).v, 0);
    }
}

static void check_pairs_are_even(const struct play *play)
{
    for (uint16_t i = 0; i < parties; i++)
        for (uint16_t j = 0; j < parties; j++)
            CHECK_INT(owed_exact(play->driver, i, j), 0);
}

static uint64_t first_seed = 1, last_seed;

#define EACH_SEED(seed)                                                                            \
    for (uint64_t seed = first_seed, before_ = (uint64_t)check_failed_count;                       \
         seed <= last_seed && (uint64_t)check_failed_count == before_; seed++)

static void tell(uint64_t seed, int before)
{
    if (check_failed_count != before)
        printf("seed %llu\n", (unsigned long long)seed);
}

CASE(the_naive_model_and_a_second_replica_agree)
{
    uint64_t accepted[128] = {0};
    uint64_t decided[CHANGE_KIND_MAX + 1] = {0}, lapsed = 0;
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
        play_close(play);
        tell(seed, before);
    }
#define X(name, number, word)                                                                      \
    printf("%s %llu, ", word, (unsigned long long)accepted[number]);                               \
    CHECK(first_seed == last_seed || accepted[number] > 0);
    TRANSACTION_TYPES(X)
#undef X
    printf("accepted\n");
#define X(name, number, word)                                                                      \
    printf("%s %llu, ", word, (unsigned long long)decided[number]);                                \
    CHECK(first_seed == last_seed || decided[number] > 0);
    CHANGE_KINDS(X)
#undef X
    printf("decided, %llu lapsed\n", (unsigned long long)lapsed);
    CHECK(first_seed == last_seed || lapsed > 0);
}

CASE(reversing_everything_leaves_no_obligation_between_any_two)
{
    EACH_SEED(seed)
    {
        int before = check_failed_count;
        struct play *play = play_open(seed, true, false);
        play->may_split = true;
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

int main(int argc, char **argv)
{
    last_seed = (uint64_t)check_share(SEEDS);
    if (argc == 2)
        first_seed = last_seed = strtoull(argv[1], NULL, 10);
    printf("seeds %llu to %llu\n", (unsigned long long)first_seed, (unsigned long long)last_seed);
    RUN(the_naive_model_and_a_second_replica_agree);
    RUN(reversing_everything_leaves_no_obligation_between_any_two);
    RUN(reversing_everything_in_any_order_leaves_every_partner_even);
    return check_report();
}
