#include "node/bookings.h"

#include "node/json_form.h"
#include "node/period_view.h"

#include <stdlib.h>
#include <string.h>

static bool wrong(struct error *error, const char *name, const char *what)
{
    return error_set(error, ERROR_INVALID, "bookings: %.40s: %s", name, what);
}

static bool is_reference(const json_t *value)
{
    const char *text = json_string_value(value);
    return text && strlen(text) == json_string_length(value) && strlen(text) < CAMT_TEXT_SIZE;
}

static bool parts_good(const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) > CONFIRM_PARTS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *part = json_array_get(list, i);
        if (json_object_size(part) != 2 || !is_reference(json_object_get(part, "entry")) ||
            !is_reference(json_object_get(part, "detail")))
            return false;
    }
    return true;
}

static enum camt_kind kind_of(const json_t *entry)
{
    const char *word = json_string_value(json_object_get(entry, "kind"));
    if (word && strcmp(word, "camt.053") == 0)
        return CAMT_STATEMENT;
    return word && strcmp(word, "camt.054") == 0 ? CAMT_NOTIFICATION : 0;
}

/* Of nothing received, all that can be known is that it went back. */
static bool check_entry(const char *name, const json_t *entry, struct error *error)
{
    const char *received = json_string_value(json_object_get(entry, "received"));
    const json_t *parts = json_object_get(entry, "parts");
    const json_t *returned = json_object_get(entry, "returned");
    struct money money;
    if (!end_to_end_shaped(name) || strlen(name) >= END_TO_END_SIZE)
        return wrong(error, name, "is not the reference of a payment");
    if (!json_is_object(entry) || json_object_size(entry) != 4)
        return wrong(error, name, "has four members, received, returned, kind and parts");
    if (!received || !money_parse(received, &money) || money.v < 0)
        return wrong(error, name, "'received' is an amount, and not below nothing");
    if (!json_is_boolean(returned) || (money.v == 0 && !json_is_true(returned)))
        return wrong(error, name, "'returned' is true or false, and true of nothing received");
    if (!parts_good(parts) || (money.v == 0) != (json_array_size(parts) == 0))
        return wrong(error, name,
                     "'parts' are 1 to 8 with entry and detail, texts of at most 35 "
                     "characters each; of nothing received there are none");
    if (money.v == 0 ? !json_is_null(json_object_get(entry, "kind")) : kind_of(entry) == 0)
        return wrong(error, name, "'kind' is camt.053 or camt.054; null of nothing received");
    return true;
}

bool bookings_read(struct bytes json, struct bookings *bookings_out, struct error *error)
{
    json_t *payments, *entry;
    const char *name;
    if (!form_parse(json, &payments, error))
        return error_wrap(error, "bookings");
    json_object_foreach(payments, name, entry)
    {
        if (check_entry(name, entry, error))
            continue;
        json_decref(payments);
        return false;
    }
    bookings_out->payments = payments;
    return true;
}

void bookings_release(struct bookings *bookings)
{
    json_decref(bookings->payments);
    bookings->payments = NULL;
}

bool bookings_recall(const struct bookings *bookings, struct expected_payment *payment,
                     struct error *error)
{
    const json_t *entry = json_object_get(bookings->payments, payment->end_to_end);
    const json_t *parts = json_object_get(entry, "parts");
    must(payment->part_count == 0 && payment->received.v == 0);
    if (!entry)
        return true;
    struct money received;
    must(money_parse(json_string_value(json_object_get(entry, "received")), &received));
    if (received.v > payment->amount.v)
        return error_set(error, ERROR_CONFLICT,
                         "bookings: more was received for %s than is to be paid",
                         payment->end_to_end);
    payment->received = received;
    payment->returned = json_is_true(json_object_get(entry, "returned"));
    payment->kind = kind_of(entry);
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *from = json_array_get(parts, i);
        struct confirm_part *part = &payment->parts[payment->part_count++];
        (void)snprintf(part->entry, CAMT_TEXT_SIZE, "%s",
                       json_string_value(json_object_get(from, "entry")));
        (void)snprintf(part->detail, CAMT_TEXT_SIZE, "%s",
                       json_string_value(json_object_get(from, "detail")));
    }
    return true;
}

void bookings_note(struct bookings *bookings, const struct expected_payment *payment,
                   int minor_digits)
{
    char received[MONEY_TEXT_SIZE];
    if (payment->part_count == 0 && !payment->returned)
        return;
    json_t *parts = json_array();
    for (size_t i = 0; i < payment->part_count; i++)
        json_array_append_new(parts, json_pack("{s:s, s:s}", "entry", payment->parts[i].entry,
                                               "detail", payment->parts[i].detail));
    json_t *kind = payment->part_count == 0
                       ? json_null()
                       : json_string(payment->kind == CAMT_STATEMENT ? "camt.053" : "camt.054");
    money_format(payment->received, minor_digits, received);
    if (!bookings->payments)
        bookings->payments = json_object();
    json_object_set_new(bookings->payments, payment->end_to_end,
                        json_pack("{s:s, s:b, s:o, s:o}", "received", received, "returned",
                                  (int)payment->returned, "kind", kind, "parts", parts));
}

void bookings_write(const struct bookings *bookings, struct buffer *out)
{
    char *text =
        bookings->payments ? json_dumps(bookings->payments, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
    buffer_append_text(out, text ? text : "{}");
    buffer_append_byte(out, '\n');
    free(text);
}
