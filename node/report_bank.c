/* What goes to other programs: a payer's orders to its bank, books for plain-text accounting, and
 * the statement on paper. */
#include "node/report_parts.h"
#include "node/statement_pdf.h"

#include "partners/pain001.h"
#include "partners/periods.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool report_statement_pdf(const struct report *report, struct buffer *out, struct error *error)
{
    return statement_pdf(&report->parts[0].statement, out, error);
}

/* ---- pain.001 -------------------------------------------------------------------------------- */

enum { MESSAGE_DIGEST = 9, MESSAGE_ID_SIZE = 36 };

struct order {
    struct pain001 message;
    struct pain001_transfer *transfers;
    char message_id[MESSAGE_ID_SIZE];
    char text[PAIN001_TEXT_MAX + 1], ring_fenced[PAIN001_TEXT_MAX + 1];
};

/* By the names of what it pays: banks drop a second file of one name, and the same payments never
 * have two. */
static void name_message(const struct report *report, struct order *order)
{
    struct buffer names;
    char digits[2 * MESSAGE_DIGEST + 1];
    buffer_init(&names, REPORT_SIZE_MAX);
    for (size_t i = 0; i < order->message.transfer_count; i++)
        buffer_printf(&names, "%s\n", order->transfers[i].end_to_end);
    struct hash digest = hash_bytes(buffer_bytes(&names));
    buffer_release(&names);
    hex_encode(bytes_of(digest.at, MESSAGE_DIGEST), digits);
    (void)snprintf(order->message_id, sizeof(order->message_id), "%s-%s", report->view->name,
                   digits);
    order->message.message_id = order->message_id;
}

/* What the payee's statement says: what is settled, and by which figures. */
static void put_remittance(const struct report *report, struct order *order)
{
    char totals[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&report->view->totals), totals);
    (void)snprintf(order->text, sizeof(order->text),
                   "Settlement %s, records %" PRIu64 ", totals %s", report->view->name,
                   report->view->records, totals);
    (void)snprintf(order->ring_fenced, sizeof(order->ring_fenced),
                   "Ring-fenced, settlement %s, records %" PRIu64 ", totals %s", report->view->name,
                   report->view->records, totals);
}

static bool no_account(const char *partner, const char *currency, struct error *error)
{
    return error_set(error, ERROR_NOT_FOUND,
                     "no account of %s in %s is in force on the ledger: two people of it set one "
                     "with 'accrue settle account set'",
                     partner, currency);
}

static bool is_to_be_sent(const struct report_part *part, size_t payment)
{
    return partner_equal(part->payments[payment].payment.from, part->statement.partner) &&
           period_view_payable(&part->states[payment]);
}

/* A bank refuses the whole file for one transfer that it cannot make. */
static bool check_transfer(const struct report_part *part, size_t payment,
                           const struct order *order, const struct pain001_transfer *transfer,
                           struct error *error)
{
    const char *payee = report_name_of(part->report, part->payments[payment].payment.to);
    char what[CHARTER_NAME_MAX + 32];
    (void)snprintf(what, sizeof(what), "payment %" PRIu32 " to %s", part->states[payment].number,
                   payee);
    if (transfer->to)
        return pain001_check_transfer(&order->message, transfer, what, error);
    (void)no_account(payee, part->statement.currency, error);
    return error_wrap(error, "%s", what);
}

/* What cannot be ordered is said, and keeps nobody else from being paid. */
static bool add_transfers(const struct report_part *part, struct order *order, struct error *error)
{
    struct buffer *left_out = part->report->request->left_out;
    size_t count = 0, refused = 0;
    must(left_out != NULL);
    for (size_t i = 0; i < part->statement.payment_count; i++) {
        const struct statement_payment *payment = &part->payments[i];
        struct error why;
        if (!is_to_be_sent(part, i))
            continue;
        order->transfers[count] = (struct pain001_transfer){
            .to = payment->to,
            .amount = payment->payment.amount,
            .end_to_end = payment->end_to_end,
            .text = payment->ring_fenced ? order->ring_fenced : order->text};
        if (check_transfer(part, i, order, &order->transfers[count], &why)) {
            count++;
            continue;
        }
        buffer_printf(left_out, "left out: %s\n", why.text);
        if (refused++ == 0)
            *error = why;
    }
    order->message.transfers = order->transfers;
    order->message.transfer_count = count;
    return count > 0 || error_wrap(error, "nothing can be ordered");
}

static bool fill_order(const struct report_part *part, struct order *order, struct error *error)
{
    const struct report *report = part->report;
    const char *payer = report_name_of(report, part->statement.partner);
    const struct payment_account *from =
        accounts_payment(report->request->accounts, payer, part->statement.currency);
    if (!from)
        return no_account(payer, part->statement.currency, error);
    put_remittance(report, order);
    order->message.created_ms = report->view->ledger_time_ms;
    order->message.initiator = from->holder;
    order->message.from = from;
    memcpy(order->message.currency, part->statement.currency, CURRENCY_SIZE);
    order->message.minor_digits = part->statement.minor_digits;
    order->message.execution = report->request->execution;
    if (!add_transfers(part, order, error))
        return false;
    name_message(report, order);
    return true;
}

/* A file is in one currency, and banks take euro by another scheme than the rest: where there is
 * something to pay in several, none is left out in silence. NULL: the error says why. */
static const struct report_part *part_to_pay(const struct report *report, struct error *error)
{
    const char *payer = report_name_of(report, report->request->partner);
    const struct report_part *found = NULL;
    for (size_t p = 0; p < report->part_count; p++) {
        const struct report_part *part = &report->parts[p];
        bool owes = false;
        for (size_t i = 0; i < part->statement.payment_count; i++)
            owes = owes || is_to_be_sent(part, i);
        if (owes && found) {
            error_set(error, ERROR_CONFLICT,
                      "%s pays in %s and in %s, each by a file of its own: say which one with "
                      "--currency",
                      payer, found->statement.currency, part->statement.currency);
            return NULL;
        }
        if (owes)
            found = part;
    }
    if (!found)
        error_set(error, ERROR_NOT_FOUND, "%s has nothing to pay for %s that is not sent yet",
                  payer, report->view->name);
    return found;
}

bool report_payments_xml(const struct report *report, struct buffer *out, struct error *error)
{
    if (report->view->preliminary)
        return error_set(error, ERROR_CONFLICT,
                         "the period %s is not final: nothing is to be paid for it yet",
                         report->view->name);
    const struct report_part *part = part_to_pay(report, error);
    if (!part)
        return false;
    struct order order = {.transfers = NULL};
    order.transfers = allocate(part->statement.payment_count, sizeof(*order.transfers));
    bool ok = fill_order(part, &order, error) && pain001_write(&order.message, out, error);
    free(order.transfers);
    return ok;
}

/* ---- journals -------------------------------------------------------------------------------- */

/* Of all currencies: those that are confirmed, or those that are still to be. `booked_out` is the
 * caller's to free. */
static size_t payments_of(const struct report *report, bool confirmed,
                          struct booked_payment **booked_out)
{
    struct booked_payment *booked = NULL;
    size_t count = 0, capacity = 0;
    for (size_t p = 0; p < report->part_count; p++) {
        const struct report_part *part = &report->parts[p];
        for (size_t i = 0; i < part->statement.payment_count; i++) {
            enum payment_state state = part->states[i].state;
            if (state == PAYMENT_VOID || (state == PAYMENT_CONFIRMED) != confirmed)
                continue;
            booked = array_grow(booked, &capacity, count + 1, sizeof(*booked));
            booked[count] = (struct booked_payment){.payment = part->states[i].payment,
                                                    .end_to_end = part->payments[i].end_to_end,
                                                    .ring_fenced = part->states[i].ring_fenced};
            memcpy(booked[count++].currency, part->statement.currency, CURRENCY_SIZE);
        }
    }
    *booked_out = booked;
    return count;
}

/* The totals stand where the checkpoint does: both say what the book can be held against. */
static void put_checkpoint(const struct report *report, char text_out[256])
{
    const struct period_view *view = report->view;
    char root[BASE64_SIZE(HASH_SIZE) + 1], totals[HASH_HEX_SIZE + 1];
    base64_encode(hash_as_bytes(&view->root), root);
    hex_encode(hash_as_bytes(&view->totals), totals);
    (void)snprintf(text_out, 256, "%.80s %" PRIu64 " %s%s%s", view->charter->origin, view->records,
                   root, view->rooted ? " totals " : "", view->rooted ? totals : "");
}

/* The ledger does not keep the day of a default; what it made is due on a business day after it. */
static struct date defaulted_on(const struct period_view *view)
{
    for (size_t i = 0; i < view->payment_count; i++)
        if (view->payments[i].round > 0)
            return date_from_days(date_to_days(view->payments[i].pay_by) - 1);
    return view->pay_by;
}

bool report_journal(const struct report *report, struct buffer *out, struct error *error)
{
    const struct period_view *view = report->view;
    struct charter_line_rules rules;
    const char **names = allocate(view->partner_count, sizeof(*names));
    struct booked_payment *booked, *open;
    size_t booked_count = payments_of(report, true, &booked);
    size_t open_count = payments_of(report, false, &open);
    char checkpoint[256];
    charter_line_rules(view->charter, &rules);
    for (size_t i = 0; i < view->partner_count; i++)
        names[i] = view->partners[i].name;
    put_checkpoint(report, checkpoint);
    struct journal_source source = {.coalition = view->charter->name,
                                    .period = view->name,
                                    .checkpoint = checkpoint,
                                    .names = names,
                                    .partner_count = view->partner_count,
                                    .currencies = rules.currencies,
                                    .currency_count = rules.rules.currency_count,
                                    .closed_on = view->last_day,
                                    .closed = &view->closed,
                                    .payments = booked,
                                    .payment_count = booked_count,
                                    .open = open,
                                    .open_count = open_count,
                                    .defaults = view->defaults,
                                    .default_count = view->default_count,
                                    .taken = view->taken,
                                    .taken_count = view->taken_count,
                                    .paid_on = report->request->paid_on,
                                    .defaulted_on = defaulted_on(view),
                                    .declare = !report->request->continues};
    bool ok = report->request->has_partner
                  ? journals_partner(&source, report->request->partner, report->request->dialect,
                                     out, error)
                  : journals_coalition(&source, report->request->dialect, out, error);
    free(booked);
    free(open);
    free(names);
    return ok;
}
