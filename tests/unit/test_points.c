// links: protocol
#include "codec_law.h"
#include "protocol/points.h"

static void check_money(__int128 value, int min_decimals, const char *expected)
{
    char text[MONEY_TEXT_SIZE];
    money_format((struct money){value}, min_decimals, text);
    CHECK_TEXT(text, expected);
}

CASE(money_prints_exactly_with_the_decimals_asked_for)
{
    check_money(0, 0, "0");
    check_money(0, 2, "0.00");
    check_money(22860000000, 0, "2.286");
    check_money(22860000000, 2, "2.286");
    check_money(22800000000, 2, "2.28");
    check_money(20000000000, 2, "2.00");
    check_money(20000000000, 0, "2");
    check_money(1, 0, "0.0000000001");
    check_money(-1, 2, "-0.0000000001");
    check_money(-50000000000, 2, "-5.00");
    check_money(10000000000, 10, "1.0000000000");
}

CASE(money_of_every_size_fits_its_text)
{
    __int128 most = (__int128)((unsigned __int128)-1 >> 1);
    check_money(most, 2, "17014118346046923173168730371.5884105727");
    check_money(-most - 1, 2, "-17014118346046923173168730371.5884105728");
}

CASE(money_rounds_half_to_even)
{
    const struct {
        int64_t exact, rounded;
    } cents[] = {{0, 0},
                 {49999999, 0},
                 {50000000, 0},
                 {50000001, 100000000},
                 {150000000, 200000000},
                 {250000000, 200000000},
                 {250000001, 300000000},
                 {99999999, 100000000}};
    for (size_t i = 0; i < ARRAY_SIZE(cents); i++) {
        CHECK_INT(money_round((struct money){cents[i].exact}, 2).v, cents[i].rounded);
        CHECK_INT(money_round((struct money){-cents[i].exact}, 2).v, -cents[i].rounded);
    }
    CHECK_INT(money_round((struct money){15000000000}, 0).v, 20000000000);
    CHECK_INT(money_round((struct money){25000000000}, 0).v, 20000000000);
    CHECK_INT(money_round((struct money){123}, MONEY_DECIMALS).v, 123);
}

CASE(a_product_is_divided_half_up_without_overflow)
{
    CHECK_INT(multiply_divide_half_up(1, 1, 2), 1);
    CHECK_INT(multiply_divide_half_up(1, 1, 3), 0);
    CHECK_INT(multiply_divide_half_up(2, 1, 3), 1);
    CHECK_INT(multiply_divide_half_up(5, 1, 10), 1);
    CHECK_INT(multiply_divide_half_up(4, 1, 10), 0);
    CHECK_INT(multiply_divide_half_up(0, INT64_MAX, 1), 0);
    CHECK_INT(multiply_divide_half_up(INT64_MAX, INT64_MAX, INT64_MAX), INT64_MAX);
    CHECK_INT(multiply_divide_half_up(INT64_MAX, 1, 1), INT64_MAX);
    CHECK_INT(multiply_divide_half_up(POINTS_PER_RECORD_MAX * 9, 10000, 10000),
              POINTS_PER_RECORD_MAX * 9);
}

CASE(a_split_gives_the_largest_remainders_first_and_ties_to_the_lower_place)
{
    int64_t shares[4];
    split_largest_remainder(10, (const int64_t[]){1, 1, 1}, 3, shares);
    CHECK(shares[0] == 4 && shares[1] == 3 && shares[2] == 3);
    split_largest_remainder(11, (const int64_t[]){1, 1, 1}, 3, shares);
    CHECK(shares[0] == 4 && shares[1] == 4 && shares[2] == 3);
    split_largest_remainder(100, (const int64_t[]){7500, 2500}, 2, shares);
    CHECK(shares[0] == 75 && shares[1] == 25);
    split_largest_remainder(1, (const int64_t[]){2500, 7500}, 2, shares);
    CHECK(shares[0] == 0 && shares[1] == 1);
    split_largest_remainder(5, (const int64_t[]){0, 1, 0}, 3, shares);
    CHECK(shares[0] == 0 && shares[1] == 5 && shares[2] == 0);
    split_largest_remainder(0, (const int64_t[]){1, 2}, 2, shares);
    CHECK(shares[0] == 0 && shares[1] == 0);
    split_largest_remainder(INT64_MAX, (const int64_t[]){INT64_MAX, INT64_MAX}, 2, shares);
    CHECK(shares[0] == INT64_MAX / 2 + 1 && shares[1] == INT64_MAX / 2);
}

CASE(shares_sum_to_the_total_and_lie_within_one_of_their_part)
{
    uint64_t random = LAW_SEED;
    int64_t weights[64], shares[64];
    for (int i = 0; i < 2000; i++) {
        size_t count = 1 + law_random(&random) % ARRAY_SIZE(weights);
        int64_t total = (int64_t)(law_random(&random) % 1000000), sum = 0, given = 0;
        for (size_t j = 0; j < count; j++)
            sum += weights[j] = (int64_t)(law_random(&random) % 10000);
        weights[0]++; /* never all zero */
        sum++;
        split_largest_remainder(total, weights, count, shares);
        for (size_t j = 0; j < count; j++) {
            int64_t floor = (int64_t)((__int128)total * weights[j] / sum);
            CHECK(shares[j] == floor || shares[j] == floor + 1);
            given += shares[j];
        }
        CHECK_INT(given, total);
    }
}

int main(void)
{
    RUN(money_prints_exactly_with_the_decimals_asked_for);
    RUN(money_of_every_size_fits_its_text);
    RUN(money_rounds_half_to_even);
    RUN(a_product_is_divided_half_up_without_overflow);
    RUN(a_split_gives_the_largest_remainders_first_and_ties_to_the_lower_place);
    RUN(shares_sum_to_the_total_and_lie_within_one_of_their_part);
    return check_report();
}
