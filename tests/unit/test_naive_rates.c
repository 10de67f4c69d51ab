// links: node
/* What the naive model keeps of exchange rates, worked out by hand from SETTLEMENT.md section 26,
 * and files of it that contradict themselves. */
#include "unit/naive_town.h"

enum { TODAY = 18628 /* START */ };

static struct transaction rates_of(uint32_t day, const char *first, const char *second,
                                   int64_t rate)
{
    struct transaction t = {.type = TRANSACTION_EXCHANGE_RATES};
    struct day_rates *rates = &t.body.deal.rates;
    *rates = (struct day_rates){.day = day, .count = second ? 2 : 1};
    rates->at[0].rate.v = rates->at[1].rate.v = rate;
    memcpy(rates->at[0].currency, first, CURRENCY_SIZE);
    if (second)
        memcpy(rates->at[1].currency, second, CURRENCY_SIZE);
    return t;
}

/* 0: there is none. */
static int64_t told(const struct town *town, uint16_t partner, const char *currency, uint32_t day)
{
    int64_t found = 0;
    for (size_t i = 0; i < naive_rate_count(town->model); i++) {
        struct naive_rate rate = naive_rate_at(town->model, i);
        if (rate.partner == partner && strcmp(rate.currency, currency) == 0 && rate.day == day) {
            CHECK_INT(found, 0); /* once */
            found = rate.rate;
        }
    }
    return found;
}

CASE(rates_are_refused_for_their_day_and_their_currencies)
{
    struct town town = town_of(false);
    SAID(&town, GROCER, rates_of(TODAY + 1, "SEK", NULL, 1), VERDICT_BAD_RATE);
    SAID(&town, GROCER, rates_of(TODAY - 8, "SEK", NULL, 1), VERDICT_BAD_RATE);
    SAID(&town, GROCER, rates_of(TODAY, "EUR", NULL, 1), VERDICT_BAD_RATE);
    SAID(&town, GROCER, rates_of(TODAY, "CHF", "EUR", 1), VERDICT_BAD_RATE);
    SAID(&town, GROCER, rates_of(TODAY, "SEK", "SEK", 1), VERDICT_BAD_RATE);
    SAID(&town, GROCER, rates_of(TODAY, "SEK", "NOK", 1), VERDICT_BAD_RATE);
    CHECK_INT(naive_rate_count(town.model), 0);
    TAKEN(&town, GROCER, rates_of(TODAY, "NOK", "SEK", 1));
    TAKEN(&town, GROCER, rates_of(TODAY - 7, "SEK", NULL, 2));
    TAKEN(&town, BOOKS, rates_of(TODAY, "SEK", NULL, 3));
    TAKEN(&town, GROCER, rates_of(TODAY, "SEK", NULL, 4)); /* anew */
    CHECK_INT(naive_rate_count(town.model), 4);
    CHECK_INT(told(&town, GROCER, "NOK", TODAY), 1);
    CHECK_INT(told(&town, GROCER, "SEK", TODAY - 7), 2);
    CHECK_INT(told(&town, BOOKS, "SEK", TODAY), 3);
    CHECK_INT(told(&town, GROCER, "SEK", TODAY), 4);
    naive_close(town.model);
}

CASE(the_latest_eight_days_are_kept)
{
    struct town town = town_of(false);
    for (uint32_t i = 0; i < 9; i++) {
        on_day(&town, i + 1);
        TAKEN(&town, GROCER, rates_of(TODAY + 1 + i, "SEK", NULL, 10 + i));
    }
    CHECK_INT(naive_rate_count(town.model), 8);
    CHECK_INT(told(&town, GROCER, "SEK", TODAY + 1), 0);
    CHECK_INT(told(&town, GROCER, "SEK", TODAY + 2), 11);
    CHECK_INT(told(&town, GROCER, "SEK", TODAY + 9), 18);
    naive_close(town.model);
}

CASE(a_partner_has_so_many_currencies)
{
    struct town town = town_of(false);
    char code[] = "FAA";
    for (int i = 0; i < 256; i++) {
        code[1] = (char)('A' + i / 26);
        code[2] = (char)('A' + i % 26);
        TAKEN(&town, GROCER, rates_of(TODAY, code, NULL, 1));
    }
    SAID(&town, GROCER, rates_of(TODAY, "SEK", NULL, 1), VERDICT_BAD_RATE);
    TAKEN(&town, GROCER, rates_of(TODAY - 1, "FAA", "FAB", 1));
    TAKEN(&town, BOOKS, rates_of(TODAY, "SEK", NULL, 1));
    naive_close(town.model);
}

CASE(a_file_that_contradicts_itself_is_refused)
{
    struct town town = town_of(false);
    struct naive *copy = NULL;
    struct error error;
    TAKEN(&town, GROCER, rates_of(TODAY - 1, "NOK", "SEK", 5));
    for (uint32_t i = 0; i < 8; i++)
        TAKEN(&town, BOOKS, rates_of(TODAY - 7 + i, "SEK", NULL, 6));
    struct naive_rate *rates = town.model->rates;
    REQUIRE(naive_rate_count(town.model) == 10);
#define READS(good)                                                                                \
    do {                                                                                           \
        struct buffer bytes;                                                                       \
        buffer_init(&bytes, 1 << 20);                                                              \
        naive_write(town.model, &bytes);                                                           \
        bool read_ = naive_read(rules_of(false), buffer_bytes(&bytes), &copy, &error);             \
        CHECK_INT(read_, good);                                                                    \
        if (read_)                                                                                 \
            naive_close(copy);                                                                     \
        buffer_release(&bytes);                                                                    \
    } while (0)
#define TRIED(field, other)                                                                        \
    do {                                                                                           \
        __typeof__(field) kept_ = (field);                                                         \
        (field) = (other);                                                                         \
        READS(false);                                                                              \
        (field) = kept_;                                                                           \
    } while (0)
    READS(true);
    TRIED(rates[0].partner, PARTIES);
    TRIED(rates[0].currency[0], 'n');
    TRIED(rates[0].day, TODAY + 2);
    TRIED(rates[0].rate, 0);
    TRIED(rates[0].rate, RATE_MICRO_MAX + 1);
    TRIED(rates[1].partner, BOOKS); /* its day is there */
    memcpy(rates[0].currency, "EUR", CURRENCY_SIZE);
    READS(false);
    memcpy(rates[0].currency, "SEK", CURRENCY_SIZE); /* once more */
    READS(false);
    rates[0] = (struct naive_rate){.partner = BOOKS, .currency = "SEK", .day = 7, .rate = 1};
    READS(false); /* a ninth day */
    rates[0].partner = GROCER;
    READS(true);
#undef TRIED
#undef READS
    naive_close(town.model);
}

int main(void)
{
    RUN(rates_are_refused_for_their_day_and_their_currencies);
    RUN(the_latest_eight_days_are_kept);
    RUN(a_partner_has_so_many_currencies);
    RUN(a_file_that_contradicts_itself_is_refused);
    return check_report();
}
