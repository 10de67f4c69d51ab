/* What a coalition says of settlement and contracts, from the words of a command line. What the
 * words say together, the charter's own reader checks. */
#include "node/coalition.h"
#include "node/json_form.h"

#include "partners/date.h"

#include <stdlib.h>
#include <string.h>

static bool take_period(struct coalition_plan *plan, const char *text, struct error *error)
{
    for (int i = 0; i <= PERIOD_DAY; i++)
        if (strcmp(text, period_kind_word((enum period_kind)i)) == 0) {
            plan->period = (enum period_kind)i;
            return true;
        }
    return error_set(error, ERROR_INVALID, "--period is month, week or day, not '%.40s'", text);
}

static int day_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool take_holidays(struct coalition_plan *plan, const struct coalition_texts *texts,
                          struct error *error)
{
    struct date date;
    _Static_assert(ARRAY_SIZE(plan->holidays) == ARRAY_SIZE(texts->holidays.at), "room for all");
    for (size_t i = 0; i < texts->holidays.count; i++) {
        if (!date_parse(bytes_text(texts->holidays.at[i]), &date))
            return error_set(error, ERROR_INVALID,
                             "--holiday is a day such as 2026-12-25, not '%.40s'",
                             texts->holidays.at[i]);
        plan->holidays[i] = date_to_days(date);
    }
    plan->holiday_count = texts->holidays.count;
    if (plan->holiday_count > 0)
        qsort(plan->holidays, plan->holiday_count, sizeof(plan->holidays[0]), day_compare);
    return true;
}

/* "DE-19=1900" */
static bool take_tax(struct coalition_plan *plan, const char *text, struct error *error)
{
    uint64_t rate;
    const char *equals = strchr(text, '=');
    size_t size = equals ? (size_t)(equals - text) : 0;
    if (size == 0 || !tax_code_valid(bytes_of(text, size)) ||
        !parse_u64(bytes_text(equals + 1), TAX_RATE_BP_MAX, &rate))
        return error_set(error, ERROR_INVALID,
                         "--tax is a code of A-Z, 0-9 and '-', '=', and a rate in basis points, "
                         "such as DE-19=1900, not '%.40s'",
                         text);
    if (plan->tax_count == ARRAY_SIZE(plan->taxes))
        return error_set(error, ERROR_INVALID, "--tax: at most %zu of them",
                         ARRAY_SIZE(plan->taxes));
    struct charter_tax *tax = &plan->taxes[plan->tax_count++];
    memset(tax, 0, sizeof(*tax));
    memcpy(tax->code, text, size);
    tax->rate_bp = (uint16_t)rate;
    return true;
}

static bool take_tax_of(const char *option, const char *text, char code_out[TAX_CODE_SIZE],
                        struct error *error)
{
    if (!text)
        return true;
    if (!text[0] || !tax_code_valid(bytes_text(text)))
        return error_set(error, ERROR_INVALID, "--%s is the code of a --tax, not '%.40s'", option,
                         text);
    memcpy(code_out, text, strlen(text) + 1);
    return true;
}

/* "SEK:2" */
static bool take_currency(struct coalition_plan *plan, const char *text, struct error *error)
{
    uint64_t digits;
    struct micro rate = {0};
    const size_t size = CURRENCY_SIZE - 1, head = size + 2;
    bool rated = strlen(text) > head && text[head] == ':';
    if (strlen(text) < head || text[size] != ':' || !currency_valid(bytes_of(text, size)) ||
        !parse_u64(bytes_of(text + size + 1, 1), 3, &digits) || (text[head] && !rated) ||
        (rated &&
         (!decimal_parse(bytes_text(text + head + 1), RATE_MICRO_MAX, &rate.v) || rate.v == 0)))
        return error_set(error, ERROR_INVALID,
                         "--settlement-currency is a currency and its decimals, 0 to 3, and what "
                         "one is worth as collateral, if anything, such as SEK:2 or SEK:2:0.0871, "
                         "not '%.40s'",
                         text);
    if (plan->currency_count == ARRAY_SIZE(plan->currencies))
        return error_set(error, ERROR_INVALID, "--settlement-currency: at most %zu of them",
                         ARRAY_SIZE(plan->currencies));
    struct charter_currency *currency = &plan->currencies[plan->currency_count++];
    memset(currency, 0, sizeof(*currency));
    memcpy(currency->code, text, size);
    currency->minor_digits = (int)digits;
    currency->collateral_rate = rate;
    return true;
}

/* One after the other into the error, which is begun by the first. */
static void one_more(struct error *error, bool *good, const char *text)
{
    char before[ERROR_TEXT_SIZE];
    (void)snprintf(before, sizeof(before), "%s", *good ? "" : error->text);
    error_set(error, ERROR_INVALID, "%s%s%s", before, *good ? "" : "; ", text);
    *good = false;
}

static void take_days(const char *option, const char *text, uint64_t *days, bool *good,
                      struct error *error)
{
    char why[128];
    if (!text || parse_u64(bytes_text(text), BUSINESS_DAYS_MAX, days))
        return;
    (void)snprintf(why, sizeof(why), "--%s is 0 to %d business days, not '%.40s'", option,
                   BUSINESS_DAYS_MAX, text);
    one_more(error, good, why);
}

static void take_on_default(struct coalition_plan *plan, const char *text, bool *good,
                            struct error *error)
{
    char why[128];
    for (int i = 0; text && i <= DEFAULT_MUTUALISE; i++)
        if (strcmp(text, on_default_word((enum on_default)i)) == 0) {
            plan->on_default = (enum on_default)i;
            return;
        }
    if (!text)
        return;
    (void)snprintf(why, sizeof(why), "--on-default is ring-fence, fund or mutualise, not '%.40s'",
                   text);
    one_more(error, good, why);
}

/* All mistakes at once. */
static bool take_default_terms(struct coalition_plan *plan, const struct coalition_texts *texts,
                               struct error *error)
{
    bool good = true;
    take_days("dispute-days", texts->dispute_days, &plan->dispute_days, &good, error);
    take_days("default-days", texts->default_days, &plan->default_days, &good, error);
    take_on_default(plan, texts->on_default, &good, error);
    return good;
}

bool coalition_terms(struct coalition_plan *plan, const struct coalition_texts *texts,
                     struct error *error)
{
    if ((texts->period && !take_period(plan, texts->period, error)) ||
        !take_holidays(plan, texts, error) ||
        !take_tax_of("fee-tax", texts->fee_tax, plan->fee_tax, error) ||
        !take_tax_of("redemption-tax", texts->redemption_tax, plan->redemption_tax, error) ||
        !take_default_terms(plan, texts, error))
        return false;
    for (size_t i = 0; i < texts->taxes.count; i++)
        if (!take_tax(plan, texts->taxes.at[i], error))
            return false;
    for (size_t i = 0; i < texts->currencies.count; i++)
        if (!take_currency(plan, texts->currencies.at[i], error))
            return false;
    return true;
}
