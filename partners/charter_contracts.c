#include "partners/charter_contracts.h"

#include "partners/charter_settlement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINOR_DIGITS_MAX = 3 };

/* NULL: none of those for contracts. */
static const struct charter_currency *currency_of(const struct charter *charter, const char *code)
{
    for (size_t i = 0; i < charter->contracts.currency_count; i++)
        if (strcmp(charter->contracts.currencies[i].code, code) == 0)
            return &charter->contracts.currencies[i];
    return NULL;
}

bool charter_has_currency(const struct charter *charter, const char *code)
{
    return strcmp(charter->currency, code) == 0 || currency_of(charter, code);
}

struct micro charter_collateral_rate(const struct charter *charter, const char *code)
{
    if (strcmp(charter->currency, code) == 0)
        return (struct micro){1000000};
    const struct charter_currency *currency = currency_of(charter, code);
    must(currency != NULL);
    return currency->collateral_rate;
}

int charter_minor_digits(const struct charter *charter, const char *code)
{
    if (strcmp(charter->currency, code) == 0)
        return charter->minor_digits;
    const struct charter_currency *currency = currency_of(charter, code);
    must(currency != NULL);
    return currency->minor_digits;
}

bool charter_has_tax(const struct charter *charter, const char *code)
{
    if (!code[0])
        return true;
    for (size_t i = 0; i < charter->settlement.tax_count; i++)
        if (strcmp(charter->settlement.taxes[i].code, code) == 0)
            return true;
    return false;
}

/* ---- reading ------------------------------------------------------------------------------- */

static void read_currency(struct json_reader *reader, const struct spot *spot,
                          struct charter *charter)
{
    static const char *const names[] = {"code", "minor_digits", "?collateral_rate", NULL};
    struct charter_currency currency = {.code = ""};
    struct spot at[3];
    uint64_t digits = 0;
    json_object_open(reader, spot, names, at);
    json_read_text(reader, &at[0], currency.code, sizeof(currency.code));
    json_read_uint(reader, &at[1], 0, MINOR_DIGITS_MAX, &digits);
    json_read_rate(reader, &at[2], &currency.collateral_rate);
    currency.minor_digits = (int)digits;
    if (currency.code[0] && !currency_valid(bytes_text(currency.code)))
        json_mistake(reader, &at[0], "must be three capital letters (ISO 4217)");
    else if (currency.code[0] && charter_has_currency(charter, currency.code))
        json_mistake(reader, &at[0], "stands there before, or is the charter's own");
    charter->contracts.currencies[charter->contracts.currency_count++] = currency;
}

void charter_contracts_read(struct json_reader *reader, const struct spot *spot,
                            struct charter *charter)
{
    static const char *const names[] = {"?required", "?notice_days", "?currencies", NULL};
    struct spot at[3] = {{0}};
    uint64_t notice_days = 0;
    if (spot->json)
        json_object_open(reader, spot, names, at);
    json_read_bool(reader, &at[0], &charter->contracts.required);
    json_read_uint(reader, &at[1], 0, NOTICE_DAYS_MAX, &notice_days);
    charter->contracts.notice_days = (uint32_t)notice_days;
    size_t count = json_array_open(reader, &at[2], 0, CHARTER_CURRENCIES_MAX);
    charter->contracts.currencies = allocate(count + 1, sizeof(*charter->contracts.currencies));
    for (size_t i = 0; i < count; i++) {
        struct spot element = json_element(&at[2], i);
        read_currency(reader, &element, charter);
    }
}

/* ---- writing ------------------------------------------------------------------------------- */

static void put(json_t *object, const char *name, json_t *value)
{
    must(json_object_set_new(object, name, value) == 0);
}

static json_t *currencies_json(const struct charter *charter)
{
    json_t *array = json_array();
    for (size_t i = 0; i < charter->contracts.currency_count; i++) {
        const struct charter_currency *currency = &charter->contracts.currencies[i];
        json_t *object = json_object();
        put(object, "code", json_string(currency->code));
        put(object, "minor_digits", json_integer(currency->minor_digits));
        if (currency->collateral_rate.v > 0) {
            char text[32];
            (void)snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64,
                           currency->collateral_rate.v / 1000000,
                           currency->collateral_rate.v % 1000000);
            put(object, "collateral_rate", json_string(text));
        }
        must(json_array_append_new(array, object) == 0);
    }
    return array;
}

json_t *charter_contracts_json(const struct charter *charter)
{
    if (!charter->contracts.required && charter->contracts.notice_days == 0 &&
        charter->contracts.currency_count == 0)
        return NULL;
    json_t *object = json_object();
    put(object, "required", json_boolean(charter->contracts.required));
    put(object, "notice_days", json_integer(charter->contracts.notice_days));
    if (charter->contracts.currency_count > 0)
        put(object, "currencies", currencies_json(charter));
    return object;
}

/* ---- memory -------------------------------------------------------------------------------- */

void charter_contracts_copy(struct charter *copy, const struct charter *charter)
{
    copy->contracts.currencies =
        charter_array_copy(charter->contracts.currencies, charter->contracts.currency_count,
                           sizeof(*charter->contracts.currencies));
}

void charter_contracts_free(struct charter *charter)
{
    free(charter->contracts.currencies);
}
