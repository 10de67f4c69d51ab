/* Queries and path arguments: names known, numbers in range, or a problem. */
#include "node/api_parts.h"
#include "partners/period_calendar.h"

#include <stdio.h>
#include <string.h>

bool api_query(const struct api_call *call, const char *name, struct bytes *text_out)
{
    struct bytes rest = call->query;
    size_t size = strlen(name);
    while (rest.size > 0) {
        const uint8_t *mark = memchr(rest.at, '&', rest.size);
        struct bytes pair = bytes_of(rest.at, mark ? (size_t)(mark - rest.at) : rest.size);
        size_t used = mark ? pair.size + 1 : pair.size;
        rest = bytes_of(rest.at + used, rest.size - used);
        if (pair.size > size && memcmp(pair.at, name, size) == 0 && pair.at[size] == '=') {
            *text_out = bytes_of(pair.at + size + 1, pair.size - size - 1);
            return true;
        }
    }
    return false;
}

static bool is_one_of(struct bytes name, const char *const known[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (known[i] && bytes_equal(name, bytes_text(known[i])))
            return true;
    return false;
}

/* Every pair of the query has one of the names. */
static bool names_known(const struct api_call *call, const char *const known[], size_t count)
{
    struct bytes rest = call->query;
    while (rest.size > 0) {
        const uint8_t *mark = memchr(rest.at, '&', rest.size);
        struct bytes pair = bytes_of(rest.at, mark ? (size_t)(mark - rest.at) : rest.size);
        size_t used = mark ? pair.size + 1 : pair.size;
        rest = bytes_of(rest.at + used, rest.size - used);
        const uint8_t *equals = pair.size ? memchr(pair.at, '=', pair.size) : NULL;
        struct bytes name = bytes_of(pair.at, equals ? (size_t)(equals - pair.at) : pair.size);
        if (name.size > 0 && !is_one_of(name, known, count))
            return false;
    }
    return true;
}

bool api_query_names(struct api_call *call, const char *a, const char *b)
{
    const char *const known[] = {a, b};
    if (names_known(call, known, ARRAY_SIZE(known)))
        return true;
    api_refuse(call, PROBLEM_MALFORMED, "The query knows %s and %s.", a, b);
    return false;
}

bool api_page(struct api_call *call, const char *first_name, uint64_t *first, uint64_t *limit)
{
    static const char *const none[API_FILTERS_MAX] = {NULL};
    return api_page_of(call, first_name, none, first, limit);
}

bool api_query_only(const struct api_call *call, const char *const known[], size_t count)
{
    return names_known(call, known, count);
}

static void refuse_names(struct api_call *call, const char *first_name,
                         const char *const filters[API_FILTERS_MAX])
{
    char more[64] = "";
    size_t size = 0;
    for (size_t i = 0; i < API_FILTERS_MAX; i++)
        if (filters[i])
            size += (size_t)snprintf(more + size, sizeof(more) - size, "%s, ", filters[i]);
    must(size < sizeof(more));
    api_refuse(call, PROBLEM_MALFORMED, "The query knows %s%s and limit.", more, first_name);
}

bool api_query_place(struct api_call *call, const char *name, bool *given_out, uint64_t *place_out)
{
    struct bytes text;
    *given_out = api_query(call, name, &text);
    if (!*given_out || parse_u64(text, INT64_MAX, place_out))
        return true;
    api_refuse(call, PROBLEM_MALFORMED, "%s is no number that this API gave out.", name);
    return false;
}

bool api_page_of(struct api_call *call, const char *first_name,
                 const char *const filters[API_FILTERS_MAX], uint64_t *first, uint64_t *limit)
{
    struct bytes text;
    bool given;
    const char *known[2 + API_FILTERS_MAX] = {first_name, "limit"};
    memcpy(&known[2], filters, API_FILTERS_MAX * sizeof(filters[0]));
    if (!names_known(call, known, ARRAY_SIZE(known))) {
        refuse_names(call, first_name, filters);
        return false;
    }
    if (!api_query_place(call, first_name, &given, first))
        return false;
    *limit = API_PAGE_DEFAULT;
    if (api_query(call, "limit", &text) && (!parse_u64(text, API_PAGE_MAX, limit) || *limit == 0)) {
        api_refuse(call, PROBLEM_MALFORMED, "limit is a number from 1 to %d.", API_PAGE_MAX);
        return false;
    }
    return true;
}

bool api_query_partner(struct api_call *call, const char *name, bool *given_out,
                       struct partner_id *partner_out)
{
    struct bytes text;
    *given_out = api_query(call, name, &text);
    if (!*given_out || charter_partner_by_name(call->api->charter, text, partner_out))
        return true;
    api_refuse(call, PROBLEM_NOT_FOUND, "%s names no partner of the coalition.", name);
    return false;
}

bool api_argument_number(struct api_call *call, size_t place, uint64_t *number_out)
{
    if (parse_u64(bytes_text(call->arguments[place]), INT64_MAX, number_out))
        return true;
    api_refuse(call, PROBLEM_MALFORMED, "The path needs a decimal number.");
    return false;
}

bool api_argument_period(struct api_call *call, uint32_t *number_out)
{
    char example[PERIOD_NAME_SIZE];
    const struct charter *charter = call->api->charter;
    if (period_from_name(charter, bytes_text(call->arguments[0]), number_out) &&
        *number_out <= PERIOD_NUMBER_MAX)
        return true;
    period_name(charter, period_at(charter, api_status(call->api)->ledger_time_ms), example);
    api_refuse(call, PROBLEM_MALFORMED, "The path needs a period by its name, such as %s.",
               example);
    return false;
}

bool api_argument_payment(struct api_call *call, uint32_t *number_out)
{
    uint64_t number = 0;
    if (!parse_u64(bytes_text(call->arguments[1]), PAYMENTS_MAX - 1, &number)) {
        api_refuse(call, PROBLEM_MALFORMED, "The path needs the number of a payment.");
        return false;
    }
    *number_out = (uint32_t)number;
    return true;
}

bool api_argument_contract(struct api_call *call, uint32_t *number_out)
{
    uint64_t number = 0;
    if (!parse_u64(bytes_text(call->arguments[0]), CONTRACTS_MAX - 1, &number)) {
        api_refuse(call, PROBLEM_MALFORMED, "The path needs the number of a contract.");
        return false;
    }
    *number_out = (uint32_t)number;
    return true;
}

bool api_argument_member(struct api_call *call, struct member_ref *member_out)
{
    if (member_parse(bytes_text(call->arguments[0]), member_out))
        return true;
    api_refuse(call, PROBLEM_MALFORMED, "A member's reference is 32 lower-case hex digits.");
    return false;
}

void api_put_next(struct json_out *json, bool more, uint64_t next)
{
    if (more)
        json_put_uint(json, "next", next);
    else
        json_put_null(json, "next");
}
