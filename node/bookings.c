#include "node/bookings.h"

#include "node/json_form.h"
#include "node/period_view.h"

#include <stdlib.h>
#include <string.h>

static bool wrong(struct error *error, const char *name, const char *what)
{
    return error_set(error, ERROR_INVALID, "bookings: %.40s: %s", name, what);
}

static bool references_good(const json_t *list)
{
    size_t count = json_array_size(list);
    if (count == 0 || count > CONFIRM_PARTS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        const char *text = json_string_value(item);
        if (!text || strlen(text) != json_string_length(item) || strlen(text) >= CAMT_TEXT_SIZE)
            return false;
    }
    return true;
}

static bool check_entry(const char *name, const json_t *entry, struct error *error)
{
    const char *received = json_string_value(json_object_get(entry, "received"));
    struct money money;
    if (!end_to_end_shaped(name) || strlen(name) >= END_TO_END_SIZE)
        return wrong(error, name, "is not the reference of a payment");
    if (!json_is_object(entry) || json_object_size(entry) != 2)
        return wrong(error, name, "has two members, received and references");
    if (!received || !money_parse(received, &money) || money.v <= 0)
        return wrong(error, name, "'received' is an amount, and more than nothing");
    return references_good(json_object_get(entry, "references")) ||
           wrong(error, name, "'references' are 1 to 8 texts, at most 35 characters each");
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
    const json_t *references = json_object_get(entry, "references");
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
    for (size_t i = 0; i < json_array_size(references); i++)
        (void)snprintf(payment->parts[payment->part_count++], CAMT_TEXT_SIZE, "%s",
                       json_string_value(json_array_get(references, i)));
    return true;
}

void bookings_note(struct bookings *bookings, const struct expected_payment *payment,
                   int minor_digits)
{
    char received[MONEY_TEXT_SIZE];
    if (payment->part_count == 0)
        return;
    json_t *references = json_array();
    for (size_t i = 0; i < payment->part_count; i++)
        json_array_append_new(references, json_string(payment->parts[i]));
    money_format(payment->received, minor_digits, received);
    if (!bookings->payments)
        bookings->payments = json_object();
    json_object_set_new(bookings->payments, payment->end_to_end,
                        json_pack("{s:s, s:o}", "received", received, "references", references));
}

void bookings_write(const struct bookings *bookings, struct buffer *out)
{
    char *text =
        bookings->payments ? json_dumps(bookings->payments, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
    buffer_append_text(out, text ? text : "{}");
    buffer_append_byte(out, '\n');
    free(text);
}
