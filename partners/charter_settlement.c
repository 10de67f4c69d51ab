#include "partners/charter_settlement.h"

#include "partners/payment_accounts.h"

#include <stdlib.h>
#include <string.h>

enum { DAYS_A_WEEK = 7, WORD_SIZE = 16 };

static const char *const weekdays[DAYS_A_WEEK] = {"monday", "tuesday",  "wednesday", "thursday",
                                                  "friday", "saturday", "sunday"};

const char *period_kind_word(enum period_kind kind)
{
    switch (kind) {
    case PERIOD_MONTH:
        return "month";
    case PERIOD_WEEK:
        return "week";
    case PERIOD_DAY:
        return "day";
    }
    return "?";
}

const char *on_default_word(enum on_default how)
{
    switch (how) {
    case DEFAULT_RING_FENCE:
        return "ring-fence";
    case DEFAULT_FUND:
        return "fund";
    case DEFAULT_MUTUALISE:
        return "mutualise";
    }
    return "?";
}

struct business_days charter_business_days(const struct charter *charter)
{
    return (struct business_days){.rest_days = charter->settlement.rest_days,
                                  .holidays = charter->settlement.holidays,
                                  .holiday_count = charter->settlement.holiday_count};
}

int64_t charter_default_after(const struct charter *charter, int64_t pay)
{
    struct business_days calendar = charter_business_days(charter);
    return business_days_later(&calendar, pay, charter->settlement.default_days);
}

int64_t charter_disputes_end(const struct charter *charter, int64_t answer)
{
    struct business_days calendar = charter_business_days(charter);
    return business_days_later(&calendar, answer, charter->settlement.dispute_days);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void read_kind(struct json_reader *reader, const struct spot *spot, struct charter *charter)
{
    char word[WORD_SIZE] = "month";
    json_read_text(reader, spot, word, sizeof(word));
    for (int i = 0; i <= PERIOD_DAY; i++)
        if (strcmp(word, period_kind_word((enum period_kind)i)) == 0) {
            charter->settlement.every = (enum period_kind)i;
            return;
        }
    json_mistake(reader, spot, "must be month, week or day");
}

static void read_on_default(struct json_reader *reader, const struct spot *spot,
                            struct charter *charter)
{
    char word[WORD_SIZE] = "ring-fence";
    json_read_text(reader, spot, word, sizeof(word));
    for (int i = 0; i <= DEFAULT_MUTUALISE; i++)
        if (strcmp(word, on_default_word((enum on_default)i)) == 0) {
            charter->settlement.on_default = (enum on_default)i;
            if (i != DEFAULT_RING_FENCE && !charter->risk.on)
                json_mistake(reader, spot, "needs collateral, and the charter asks for none");
            return;
        }
    json_mistake(reader, spot, "must be ring-fence, fund or mutualise");
}

static uint32_t read_days(struct json_reader *reader, const struct spot *spot, uint64_t usual)
{
    json_read_uint(reader, spot, 0, BUSINESS_DAYS_MAX, &usual);
    return (uint32_t)usual;
}

static void read_rest_day(struct json_reader *reader, const struct spot *spot, uint8_t *days)
{
    char word[WORD_SIZE] = "";
    json_read_text(reader, spot, word, sizeof(word));
    for (int i = 0; i < DAYS_A_WEEK; i++)
        if (strcmp(word, weekdays[i]) == 0) {
            *days |= (uint8_t)(1 << i);
            return;
        }
    if (word[0])
        json_mistake(reader, spot, "must be a day of the week such as sunday");
}

static void read_rest_days(struct json_reader *reader, const struct spot *spot,
                           struct charter *charter)
{
    charter->settlement.rest_days = spot->json ? 0 : SATURDAY_AND_SUNDAY;
    size_t count = json_array_open(reader, spot, 0, DAYS_A_WEEK - 1);
    for (size_t i = 0; i < count; i++) {
        struct spot day = json_element(spot, i);
        read_rest_day(reader, &day, &charter->settlement.rest_days);
    }
}

static void read_holidays(struct json_reader *reader, const struct spot *spot,
                          struct charter *charter)
{
    size_t count = json_array_open(reader, spot, 0, CHARTER_HOLIDAYS_MAX);
    int64_t *days = allocate(count + 1, sizeof(*days));
    charter->settlement.holidays = days;
    charter->settlement.holiday_count = count;
    for (size_t i = 0; i < count; i++) {
        struct spot element = json_element(spot, i);
        char text[DATE_TEXT_SIZE] = "";
        struct date date = {1970, 1, 1};
        json_read_text(reader, &element, text, sizeof(text));
        bool good = text[0] && date_parse(bytes_text(text), &date);
        if (text[0] && !good)
            json_mistake(reader, &element, "must be a day such as 2026-12-25");
        days[i] = date_to_days(date);
        if (good && i > 0 && days[i] <= days[i - 1])
            json_mistake(reader, &element, "must be later than the holiday before");
    }
}

static const struct charter_tax *tax_of(const struct charter *charter, const char *code)
{
    for (size_t i = 0; i < charter->settlement.tax_count; i++)
        if (strcmp(charter->settlement.taxes[i].code, code) == 0)
            return &charter->settlement.taxes[i];
    return NULL;
}

static void read_taxes(struct json_reader *reader, const struct spot *spot, struct charter *charter)
{
    static const char *const names[] = {"code", "rate_bp", NULL};
    size_t count = json_array_open(reader, spot, 0, CHARTER_TAXES_MAX);
    charter->settlement.taxes = allocate(count + 1, sizeof(*charter->settlement.taxes));
    for (size_t i = 0; i < count; i++) {
        struct spot element = json_element(spot, i), at[2];
        struct charter_tax tax = {.code = ""};
        uint64_t rate_bp = 0;
        json_object_open(reader, &element, names, at);
        json_read_text(reader, &at[0], tax.code, sizeof(tax.code));
        json_read_uint(reader, &at[1], 0, TAX_RATE_BP_MAX, &rate_bp);
        tax.rate_bp = (uint16_t)rate_bp;
        if (!tax_code_valid(bytes_text(tax.code)))
            json_mistake(reader, &at[0], "must be capital letters, digits and '-'");
        else if (tax.code[0] && tax_of(charter, tax.code))
            json_mistake(reader, &at[0], "stands there before");
        charter->settlement.taxes[charter->settlement.tax_count++] = tax;
    }
}

static void read_tax_of(struct json_reader *reader, const struct spot *spot,
                        const struct charter *charter, char code_out[TAX_CODE_SIZE])
{
    json_read_text(reader, spot, code_out, TAX_CODE_SIZE);
    if (code_out[0] && !tax_of(charter, code_out))
        json_mistake(reader, spot, "is not the code of one of the taxes");
}

void charter_settlement_read(struct json_reader *reader, const struct spot *spot,
                             struct charter *charter)
{
    static const char *const names[] = {"?period",         "?propose_days",
                                        "?answer_days",    "?pay_days",
                                        "?rest_days",      "?holidays",
                                        "?taxes",          "?fee_tax",
                                        "?redemption_tax", "?account_days",
                                        "?dispute_days",   "?default_days",
                                        "?on_default",     NULL};
    struct spot at[13] = {{0}};
    uint64_t account_days = USUAL_ACCOUNT_DAYS;
    if (spot->json)
        json_object_open(reader, spot, names, at);
    read_kind(reader, &at[0], charter);
    charter->settlement.propose_days = read_days(reader, &at[1], USUAL_PROPOSE_DAYS);
    charter->settlement.answer_days = read_days(reader, &at[2], USUAL_ANSWER_DAYS);
    charter->settlement.pay_days = read_days(reader, &at[3], USUAL_PAY_DAYS);
    if (charter->settlement.propose_days > charter->settlement.answer_days ||
        charter->settlement.answer_days > charter->settlement.pay_days)
        json_mistake(reader, spot, "the days to propose, answer and pay must not go back");
    read_rest_days(reader, &at[4], charter);
    read_holidays(reader, &at[5], charter);
    read_taxes(reader, &at[6], charter);
    read_tax_of(reader, &at[7], charter, charter->settlement.fee_tax);
    read_tax_of(reader, &at[8], charter, charter->settlement.redemption_tax);
    json_read_uint(reader, &at[9], 0, ACCOUNT_DAYS_MAX, &account_days);
    charter->settlement.account_days = (uint32_t)account_days;
    charter->settlement.dispute_days = read_days(reader, &at[10], USUAL_DISPUTE_DAYS);
    charter->settlement.default_days = read_days(reader, &at[11], USUAL_DEFAULT_DAYS);
    read_on_default(reader, &at[12], charter);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void put(json_t *object, const char *name, json_t *value)
{
    must(json_object_set_new(object, name, value) == 0);
}

static void append(json_t *array, json_t *value)
{
    must(json_array_append_new(array, value) == 0);
}

static json_t *rest_days_json(const struct charter *charter)
{
    json_t *array = json_array();
    for (int i = 0; i < DAYS_A_WEEK; i++)
        if (charter->settlement.rest_days & 1 << i)
            append(array, json_string(weekdays[i]));
    return array;
}

static json_t *holidays_json(const struct charter *charter)
{
    json_t *array = json_array();
    for (size_t i = 0; i < charter->settlement.holiday_count; i++) {
        char text[DATE_TEXT_SIZE];
        date_format(date_from_days(charter->settlement.holidays[i]), text);
        append(array, json_string(text));
    }
    return array;
}

static json_t *taxes_json(const struct charter *charter)
{
    json_t *array = json_array();
    for (size_t i = 0; i < charter->settlement.tax_count; i++) {
        json_t *object = json_object();
        put(object, "code", json_string(charter->settlement.taxes[i].code));
        put(object, "rate_bp", json_integer(charter->settlement.taxes[i].rate_bp));
        append(array, object);
    }
    return array;
}

json_t *charter_settlement_json(const struct charter *charter)
{
    json_t *object = json_object();
    put(object, "period", json_string(period_kind_word(charter->settlement.every)));
    put(object, "propose_days", json_integer(charter->settlement.propose_days));
    put(object, "answer_days", json_integer(charter->settlement.answer_days));
    put(object, "pay_days", json_integer(charter->settlement.pay_days));
    put(object, "rest_days", rest_days_json(charter));
    if (charter->settlement.holiday_count > 0)
        put(object, "holidays", holidays_json(charter));
    if (charter->settlement.tax_count > 0)
        put(object, "taxes", taxes_json(charter));
    if (charter->settlement.fee_tax[0])
        put(object, "fee_tax", json_string(charter->settlement.fee_tax));
    if (charter->settlement.redemption_tax[0])
        put(object, "redemption_tax", json_string(charter->settlement.redemption_tax));
    put(object, "account_days", json_integer(charter->settlement.account_days));
    put(object, "dispute_days", json_integer(charter->settlement.dispute_days));
    put(object, "default_days", json_integer(charter->settlement.default_days));
    put(object, "on_default", json_string(on_default_word(charter->settlement.on_default)));
    return object;
}

/* ---- memory -------------------------------------------------------------------------------- */

void *charter_array_copy(const void *array, size_t count, size_t size)
{
    void *copy = allocate(count + 1, size);
    if (count > 0)
        memcpy(copy, array, count * size);
    return copy;
}

void charter_settlement_copy(struct charter *copy, const struct charter *charter)
{
    copy->settlement.holidays = charter_array_copy(
        charter->settlement.holidays, charter->settlement.holiday_count, sizeof(int64_t));
    copy->settlement.taxes =
        charter_array_copy(charter->settlement.taxes, charter->settlement.tax_count,
                           sizeof(*charter->settlement.taxes));
}

void charter_settlement_free(struct charter *charter)
{
    free(charter->settlement.holidays);
    free(charter->settlement.taxes);
}
