#include "node/account_watch.h"

#include "node/account_text.h"
#include "node/time_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *message;
} events[] = {
#define X(name, message) {#name, message},
    ACCOUNT_EVENTS(X)
#undef X
};

const char *account_event_message(enum account_event_kind kind)
{
    return events[kind].message;
}

void account_watch_release(struct account_watch *watch)
{
    free(watch->rows);
    *watch = (struct account_watch){0};
}

/* ---- one look -------------------------------------------------------------------------------- */

struct look {
    struct account_watch *watch;
    void (*tell)(void *context, const struct account_event *event);
    void *context;
};

static void say(const struct look *look, enum account_event_kind kind,
                const struct account_row *row, const struct payment_account *account)
{
    struct account_event event = {.kind = kind, .row = row, .account = account};
    look->watch->counts[kind]++;
    look->tell(look->context, &event);
}

/* The same account may wait anew, from a later moment on. */
static bool same(const struct payment_account *a, const struct payment_account *b)
{
    return payment_account_same(a, b) && a->effective_ms == b->effective_ms;
}

static void look_at(const struct look *look, const struct account_row *before,
                    const struct account_row *row)
{
    static const struct account_row nothing;
    const struct account_row *old = before ? before : &nothing;
    bool waited = payment_account_given(&old->waiting);
    if (look->watch->begun && !same(&old->in_force, &row->in_force))
        say(look, ACCOUNT_EVENT_in_force, row, &row->in_force);
    else if (waited && !payment_account_given(&row->waiting))
        say(look, ACCOUNT_EVENT_given_up, row, &row->in_force);
    if (payment_account_given(&row->waiting) && !same(&old->waiting, &row->waiting))
        say(look, ACCOUNT_EVENT_waits, row, &row->waiting);
}

static int compare(const struct account_row *a, const struct account_row *b)
{
    return a->partner.v != b->partner.v ? (a->partner.v < b->partner.v ? -1 : 1)
                                        : strcmp(a->currency, b->currency);
}

void account_watch_look(struct account_watch *watch, const struct payment_accounts *accounts,
                        void (*tell)(void *context, const struct account_event *event),
                        void *context)
{
    struct look look = {watch, tell, context};
    size_t old = 0;
    for (size_t i = 0; i < accounts->count; i++) {
        const struct account_row *row = &accounts->at[i];
        while (old < watch->count && compare(&watch->rows[old], row) < 0)
            old++;
        bool known = old < watch->count && compare(&watch->rows[old], row) == 0;
        look_at(&look, known ? &watch->rows[old] : NULL, row);
    }
    free(watch->rows);
    watch->rows = allocate(accounts->count, sizeof(*watch->rows));
    if (accounts->count > 0)
        memcpy(watch->rows, accounts->at, accounts->count * sizeof(*watch->rows));
    watch->count = accounts->count;
    watch->begun = true;
}

/* ---- lines ----------------------------------------------------------------------------------- */

size_t account_event_fields(const struct account_event *event, const struct charter *charter,
                            struct account_event_room *room,
                            struct log_field fields_out[ACCOUNT_FIELDS_MAX])
{
    const struct account_row *row = event->row;
    bool known = row->partner.v < charter->partner_count;
    time_format(event->account->effective_ms, room->from);
    fields_out[0] = log_text("partner", known ? charter->partners[row->partner.v].name : "?");
    fields_out[1] = log_text("currency", row->currency);
    fields_out[2] = log_text("iban_ends", iban_ends(event->account->iban));
    fields_out[3] = log_text("from", room->from);
    return 4;
}

/* ---- metrics --------------------------------------------------------------------------------- */

void account_watch_metrics(const struct account_watch *watch,
                           const struct payment_accounts *accounts, struct buffer *out)
{
    buffer_printf(out,
                  "# HELP accrue_payment_account_changes_waiting Payment accounts that two people "
                  "approved and that are not in force yet.\n"
                  "# TYPE accrue_payment_account_changes_waiting gauge\n"
                  "accrue_payment_account_changes_waiting %zu\n"
                  "# HELP accrue_payment_account_events_total What happened to payment accounts.\n"
                  "# TYPE accrue_payment_account_events_total counter\n",
                  accounts->waiting_count);
    for (size_t i = 0; i < ACCOUNT_EVENT_COUNT; i++)
        buffer_printf(out, "accrue_payment_account_events_total{event=\"%s\"} %" PRIu64 "\n",
                      events[i].name, watch->counts[i]);
}
