#include "node/contract_view.h"

#include "node/json_form.h"
#include "node/local_time.h"
#include "node/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- reading -------------------------------------------------------------------------------- */

static bool wrong(struct error *error, const char *name)
{
    return error_set(error, ERROR_INVALID, "what the node says of the contract is none: %s", name);
}

static bool get_text(const json_t *object, const char *name, size_t size, char *out,
                     struct error *error)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (!text || strlen(text) >= size)
        return wrong(error, name);
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool get_partner(const json_t *object, const char *name, const json_t *partners,
                        char name_out[NAME_SIZE_MAX + 1], struct partner_id *partner_out,
                        struct error *error)
{
    size_t i;
    json_t *partner;
    if (!get_text(object, name, NAME_SIZE_MAX + 1, name_out, error))
        return false;
    json_array_foreach(partners, i, partner)
    {
        if (i < PARTNERS_MAX && json_is_string(partner) &&
            strcmp(json_string_value(partner), name_out) == 0) {
            partner_out->v = (uint16_t)i;
            return name_valid(bytes_text(name_out)) || wrong(error, name);
        }
    }
    return wrong(error, name);
}

static bool get_price(const json_t *object, const char *name, struct micro *out,
                      struct error *error)
{
    const char *text = json_string_value(json_object_get(object, name));
    return (text && decimal_parse(bytes_text(text), PRICE_MICRO_MAX, &out->v)) ||
           wrong(error, name);
}

static bool get_currency(const json_t *object, const char *name, char out[CURRENCY_SIZE],
                         struct error *error)
{
    return get_text(object, name, CURRENCY_SIZE, out, error) &&
           (currency_valid(bytes_text(out)) || wrong(error, name));
}

/* null is none. */
static bool get_tax(const json_t *object, const char *name, char out[TAX_CODE_SIZE],
                    struct error *error)
{
    out[0] = 0;
    if (json_is_null(json_object_get(object, name)))
        return true;
    return get_text(object, name, TAX_CODE_SIZE, out, error) &&
           ((out[0] && tax_code_valid(bytes_text(out))) || wrong(error, name));
}

static bool get_cap(const json_t *object, const char *name, struct points *out, struct error *error)
{
    const json_t *value = json_object_get(object, name);
    out->v = json_integer_value(value);
    if (json_is_null(value))
        return true;
    return (json_is_integer(value) && out->v > 0 && out->v <= CAP_MAX) || wrong(error, name);
}

static bool get_time(const json_t *object, const char *name, bool needed, uint64_t *out,
                     struct error *error)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    *out = 0;
    if (!needed && json_is_null(value))
        return true;
    return (text && time_parse(bytes_text(text), out)) || wrong(error, name);
}

static bool get_exit_days(const json_t *contract, uint16_t *out, struct error *error)
{
    const json_t *value = json_object_get(contract, "exit_days");
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > EXIT_DAYS_MAX)
        return wrong(error, "exit_days");
    *out = (uint16_t)json_integer_value(value);
    return true;
}

static bool read_card(const json_t *contract, const json_t *partners, struct contract_view *view,
                      struct error *error)
{
    struct rate_card *card = &view->card;
    return get_partner(contract, "funder", partners, view->funder, &card->funder, error) &&
           get_partner(contract, "redeemer", partners, view->redeemer, &card->redeemer, error) &&
           get_currency(contract, "face_currency", card->face_currency, error) &&
           get_currency(contract, "currency", card->settlement_currency, error) &&
           get_price(contract, "face", &card->face, error) &&
           get_price(contract, "reimbursement", &card->reimbursement, error) &&
           get_price(contract, "issue_fee", &card->issue_fee, error) &&
           get_price(contract, "redemption_fee", &card->redemption_fee, error) &&
           get_tax(contract, "redemption_tax", card->redemption_tax, error) &&
           get_tax(contract, "fee_tax", card->fee_tax, error) &&
           get_cap(contract, "period_cap", &card->period_cap, error) &&
           get_cap(contract, "year_cap", &card->year_cap, error) &&
           get_time(contract, "from", true, &card->from_ms, error) &&
           get_time(contract, "until", false, &card->until_ms, error) &&
           get_exit_days(contract, &card->exit_days, error);
}

static bool get_state(const json_t *contract, char out[CONTRACT_STATE_SIZE], struct error *error)
{
    static const char *const words[] = {"proposed", "signed", "withdrawn"};
    if (!get_text(contract, "state", CONTRACT_STATE_SIZE, out, error))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(out, words[i]) == 0)
            return true;
    return wrong(error, "state");
}

bool contract_view_read(const json_t *contract, const json_t *partners,
                        struct contract_view *view_out, struct error *error)
{
    struct contract_view view;
    const char *digest = json_string_value(json_object_get(contract, "digest"));
    const json_t *number = json_object_get(contract, "contract");
    struct hash told;
    struct partner_id proposer;
    memset(&view, 0, sizeof(view));
    if (!json_is_integer(number) || json_integer_value(number) < 0 ||
        json_integer_value(number) >= CONTRACTS_MAX)
        return wrong(error, "contract");
    view.number = (uint32_t)json_integer_value(number);
    view.in_force = json_is_true(json_object_get(contract, "in_force"));
    if (!get_state(contract, view.state, error) ||
        !get_partner(contract, "proposer", partners, view.proposer, &proposer, error) ||
        !read_card(contract, partners, &view, error) ||
        !get_time(contract, "ends", false, &view.ends_ms, error))
        return false;
    view.digest = rate_card_digest(&view.card);
    if (!digest || !hex_decode(bytes_text(digest), told.at, HASH_SIZE) ||
        !hash_equal(&told, &view.digest))
        return error_set(error, ERROR_INVALID,
                         "the node shows other terms of the contract than it has the digest of");
    *view_out = view;
    return true;
}

/* ---- words ---------------------------------------------------------------------------------- */

static void put_line(struct buffer *out, const char *label, const char *value)
{
    buffer_printf(out, "  %-16s %s\n", label, value);
}

static void put_price(struct buffer *out, const char *label, struct micro price,
                      const char *currency)
{
    char text[MONEY_TEXT_SIZE], value[MONEY_TEXT_SIZE + 16];
    money_format((struct money){(__int128)price.v * BASIS_POINTS}, 2, text);
    (void)snprintf(value, sizeof(value), "%s %s a point", text, currency);
    put_line(out, label, value);
}

static void put_tax(struct buffer *out, const char *label, const char *code)
{
    put_line(out, label, code[0] ? code : "none");
}

static void put_cap(struct buffer *out, const char *label, struct points cap)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRId64 " points", cap.v);
    put_line(out, label, cap.v > 0 ? text : "none");
}

static void put_time(struct buffer *out, const struct charter *charter, const char *label,
                     uint64_t time_ms, const char *otherwise)
{
    char utc[TIME_TEXT_SIZE], local[LOCAL_TIME_SIZE], text[TIME_TEXT_SIZE + LOCAL_TIME_SIZE + 8];
    if (time_ms == 0) {
        put_line(out, label, otherwise);
        return;
    }
    time_format(time_ms, utc);
    local_time_format(charter, time_ms, local);
    (void)snprintf(text, sizeof(text), "%s  (%s)", local, utc);
    put_line(out, label, text);
}

static void put_notice(struct buffer *out, uint16_t days)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "either may, with %u days' notice", (unsigned)days);
    put_line(out, "to end it", days > 0 ? text : "neither may");
}

void contract_view_words(const struct contract_view *view, const struct charter *charter,
                         struct buffer *out)
{
    char digest[HASH_HEX_SIZE + 1];
    const struct rate_card *card = &view->card;
    hex_encode(hash_as_bytes(&view->digest), digest);
    buffer_printf(out, "Contract %" PRIu32 ", %s%s: points of %s at %s\n", view->number,
                  view->state, view->in_force ? ", in force" : "", view->funder, view->redeemer);
    put_price(out, "face", card->face, card->face_currency);
    put_price(out, "reimbursement", card->reimbursement, card->settlement_currency);
    put_price(out, "issue fee", card->issue_fee, card->settlement_currency);
    put_price(out, "redemption fee", card->redemption_fee, card->settlement_currency);
    put_tax(out, "redemption tax", card->redemption_tax);
    put_tax(out, "fee tax", card->fee_tax);
    put_cap(out, "cap a period", card->period_cap);
    put_cap(out, "cap a year", card->year_cap);
    put_time(out, charter, "from", card->from_ms, "?");
    put_time(out, charter, "until", card->until_ms, "the next one of these two begins");
    put_notice(out, card->exit_days);
    if (strcmp(view->state, "signed") == 0)
        put_time(out, charter, "ends", view->ends_ms, "not yet");
    put_line(out, "proposed by", view->proposer);
    put_line(out, "digest", digest);
}
