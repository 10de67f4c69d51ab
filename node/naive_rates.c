/* What other currencies are worth, as partners have said it, by protocol/SETTLEMENT.md section 26:
 * one long list of what was said, looked through. */
#include "node/naive_parts.h"

#include "protocol/codec.h"

#include <string.h>

enum { DAYS_TOLD = 8, DAYS_LATE = 7, CURRENCIES_TOLD = 256 };

static bool is_of(const struct naive_rate *rate, uint16_t partner, const char *currency)
{
    return rate->partner == partner && strcmp(rate->currency, currency) == 0;
}

static size_t said_of(const struct naive *n, uint16_t partner, const char *currency)
{
    size_t count = 0;
    for (size_t i = 0; i < n->rate_count; i++)
        count += is_of(&n->rates[i], partner, currency);
    return count;
}

/* Each has its earliest day once. */
static bool is_earliest(const struct naive *n, const struct naive_rate *rate)
{
    for (size_t i = 0; i < n->rate_count; i++)
        if (is_of(&n->rates[i], rate->partner, rate->currency) && n->rates[i].day < rate->day)
            return false;
    return true;
}

static size_t currencies_of(const struct naive *n, uint16_t partner)
{
    size_t count = 0;
    for (size_t i = 0; i < n->rate_count; i++)
        count += n->rates[i].partner == partner && is_earliest(n, &n->rates[i]);
    return count;
}

static void forget(struct naive *n, size_t place)
{
    memmove(&n->rates[place], &n->rates[place + 1],
            (n->rate_count - place - 1) * sizeof(n->rates[0]));
    n->rate_count--;
}

static void add(struct naive *n, const struct naive_rate *rate)
{
    n->rates = (struct naive_rate *)array_grow(n->rates, &n->rate_capacity, n->rate_count + 1,
                                               sizeof(*n->rates));
    n->rates[n->rate_count++] = *rate;
}

/* The same day again is said anew; of nine days the earliest is forgotten. */
static void say(struct naive *n, const struct naive_rate *rate)
{
    for (size_t i = 0; i < n->rate_count; i++)
        if (is_of(&n->rates[i], rate->partner, rate->currency) && n->rates[i].day == rate->day) {
            n->rates[i].rate = rate->rate;
            return;
        }
    add(n, rate);
    if (said_of(n, rate->partner, rate->currency) <= DAYS_TOLD)
        return;
    for (size_t i = 0; i < n->rate_count; i++)
        if (is_of(&n->rates[i], rate->partner, rate->currency) && is_earliest(n, &n->rates[i])) {
            forget(n, i);
            return;
        }
}

static bool is_own(const struct naive *n, const char *currency)
{
    return strcmp(n->rules.settlement.currencies[0].code, currency) == 0;
}

enum verdict naive_say_rates(struct naive *n, const struct naive_tx *tx)
{
    const struct day_rates *said = &tx->transaction->body.deal.rates;
    int64_t age = naive_day(n, n->now_ms) - (int64_t)said->day;
    size_t more = 0;
    if (age < 0 || age > DAYS_LATE)
        return VERDICT_BAD_RATE;
    for (size_t i = 0; i < said->count; i++) {
        if (is_own(n, said->at[i].currency) ||
            (i > 0 && strcmp(said->at[i].currency, said->at[i - 1].currency) <= 0))
            return VERDICT_BAD_RATE;
        more += said_of(n, tx->writer, said->at[i].currency) == 0;
    }
    if (more > 0 && currencies_of(n, tx->writer) + more > CURRENCIES_TOLD)
        return VERDICT_BAD_RATE;
    for (size_t i = 0; i < said->count; i++) {
        struct naive_rate rate = {
            .partner = tx->writer, .day = said->day, .rate = said->at[i].rate.v};
        memcpy(rate.currency, said->at[i].currency, sizeof(rate.currency));
        say(n, &rate);
    }
    return VERDICT_ACCEPTED;
}

/* ---- asking ---------------------------------------------------------------------------------- */

size_t naive_rate_count(const struct naive *n)
{
    return n->rate_count;
}

struct naive_rate naive_rate_at(const struct naive *n, size_t place)
{
    must(place < n->rate_count);
    return n->rates[place];
}

/* ---- as bytes -------------------------------------------------------------------------------- */

void naive_put_rates(const struct naive *n, struct buffer *out)
{
    codec_put_uint(out, n->rate_count);
    for (size_t i = 0; i < n->rate_count; i++) {
        codec_put_uint(out, n->rates[i].partner);
        codec_put_text(out, bytes_text(n->rates[i].currency));
        codec_put_uint(out, n->rates[i].day);
        codec_put_int(out, n->rates[i].rate);
    }
}

static bool adds_up(const struct naive *n, const struct naive_rate *rate)
{
    for (size_t i = 0; i < n->rate_count; i++)
        if (is_of(&n->rates[i], rate->partner, rate->currency) && n->rates[i].day == rate->day)
            return false;
    size_t said = said_of(n, rate->partner, rate->currency);
    /* Clocks that go back over midnight may leave a rate of tomorrow. */
    return !is_own(n, rate->currency) && (int64_t)rate->day <= naive_day(n, n->now_ms) + 1 &&
           said < DAYS_TOLD && (said > 0 || currencies_of(n, rate->partner) < CURRENCIES_TOLD);
}

void naive_get_rates(struct codec_reader *reader, struct naive *n)
{
    size_t left = (size_t)codec_get_uint(reader, (uint64_t)(reader->end - reader->at));
    for (; left > 0 && !reader->failed; left--) {
        struct naive_rate rate = {.partner =
                                      (uint16_t)codec_get_uint(reader, n->rules.partner_count - 1)};
        struct bytes currency = codec_get_text(reader, 3, 3);
        rate.day = (uint32_t)codec_get_uint(reader, RATE_DAY_MAX);
        rate.rate = codec_get_int(reader, 1, RATE_MICRO_MAX);
        if (reader->failed)
            return;
        memcpy(rate.currency, currency.at, currency.size);
        if (!currency_valid(currency) || !adds_up(n, &rate)) {
            codec_fail(reader, "a rate that does not add up");
            return;
        }
        add(n, &rate);
    }
}
