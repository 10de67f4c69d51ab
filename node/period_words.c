#include "node/period_words.h"

#include "node/period_default.h"
#include "partners/netting.h"
#include "partners/periods.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_state(const struct period_view *view, const char *state)
{
    return strcmp(view->state, state) == 0;
}

static const char *name_of(const struct period_view *view, struct partner_id partner)
{
    return period_view_name(view, partner);
}

static bool is_over(const struct period_view *view, struct date day)
{
    return date_to_days(view->today) > date_to_days(day);
}

/* ---- the head -------------------------------------------------------------------------------- */

static void put_days(const struct period_view *view, struct buffer *out)
{
    char from[DATE_TEXT_SIZE], to[DATE_TEXT_SIZE], today[DATE_TEXT_SIZE];
    char propose[DATE_TEXT_SIZE], answer[DATE_TEXT_SIZE], pay[DATE_TEXT_SIZE];
    date_format(view->first_day, from);
    date_format(view->last_day, to);
    date_format(view->today, today);
    date_format(view->propose_by, propose);
    date_format(view->answer_by, answer);
    date_format(view->pay_by, pay);
    buffer_printf(out, "%s to %s; today is %s\n", from, to, today);
    buffer_printf(out, "proposed from %s, answered until %s, paid until %s\n", propose, answer,
                  pay);
}

void period_words_head(const struct period_view *view, struct buffer *out)
{
    char root[BASE64_SIZE(HASH_SIZE) + 1], totals[HASH_HEX_SIZE + 1];
    base64_encode(hash_as_bytes(&view->root), root);
    buffer_printf(out, "%s  %s%s%s\n", view->name, view->state,
                  view->preliminary ? ", preliminary" : "",
                  view->charter->sandbox ? "  SANDBOX" : "");
    put_days(view, out);
    buffer_printf(out, "checkpoint %" PRIu64 " records, root %s%s\n", view->records, root,
                  view->rooted ? "" : " (the ledger's newest)");
    if (!view->rooted)
        return;
    hex_encode(hash_as_bytes(&view->totals), totals);
    buffer_printf(out, "totals %s\n", totals);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const char *answer_words(const struct period_view *view, const struct view_partner *partner)
{
    if (!view->rooted || is_state(view, "ended"))
        return "";
    switch (partner->answer) {
    case ANSWER_SIGNED:
        return "signed";
    case ANSWER_DISPUTED:
        return is_state(view, "proposed") ? "disputed, the rest not signed yet" : "disputed";
    case ANSWER_SIGNED_REST:
        return "disputed, the rest signed";
    case ANSWER_NONE:
        return partner->first_approval      ? "one of two has signed"
               : is_state(view, "proposed") ? "no answer yet"
                                            : "silent: accepted";
    }
    return "";
}

static void put_nets(const struct period_view *view, const char *currency, bool answers,
                     struct buffer *out)
{
    struct money *nets = allocate(view->partner_count, sizeof(*nets));
    char text[MONEY_TEXT_SIZE];
    int width = period_view_name_width(view);
    netting_nets(&view->closed, currency, view->partner_count, nets);
    buffer_printf(out, "%-*s %16s%s\n", width, "partner", currency, answers ? "  answer" : "");
    for (size_t i = 0; i < view->partner_count; i++) {
        period_view_amount(view, currency, nets[i], text);
        buffer_printf(out, "%-*s %16s%s%s\n", width, view->partners[i].name, text,
                      answers ? "  " : "", answers ? answer_words(view, &view->partners[i]) : "");
    }
    free(nets);
}

void period_words_nets(const struct period_view *view, struct buffer *out)
{
    struct charter_line_rules rules;
    charter_line_rules(view->charter, &rules);
    put_nets(view, view->charter->currency, true, out);
    for (size_t i = 0; i < rules.rules.currency_count; i++) {
        const char *currency = rules.currencies[i].code;
        if (strcmp(currency, view->charter->currency) == 0 ||
            !lines_have_currency(&view->closed, currency))
            continue;
        buffer_append_byte(out, '\n');
        put_nets(view, currency, false, out);
    }
}

static int compare_pairs(const struct line *a, const struct line *b)
{
    if (!partner_equal(a->debtor, b->debtor))
        return a->debtor.v < b->debtor.v ? -1 : 1;
    if (!partner_equal(a->creditor, b->creditor))
        return a->creditor.v < b->creditor.v ? -1 : 1;
    return a->book_class < b->book_class ? -1 : a->book_class > b->book_class;
}

/* The exact lines of a pair and class, one a tariff: where the first of them is, and how many. */
static size_t find_tariffs(const struct lines *exact, const struct line *line, size_t *first_out)
{
    size_t low = 0, high = exact->count, end;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_pairs(&exact->at[middle], line) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < exact->count && compare_pairs(&exact->at[end], line) == 0; end++)
        ;
    *first_out = low;
    return end - low;
}

/* Where a pair has a class in several tariffs, those that the line is of: a dispute names one. */
static void put_tariffs(const struct period_view *view, const struct line *line, struct buffer *out)
{
    size_t first, count = find_tariffs(&view->exact, line, &first);
    bool begun = false;
    for (size_t i = first; count > 1 && i < first + count; i++) {
        const struct line *exact = &view->exact.at[i];
        if (strcmp(exact->currency, line->currency) != 0 ||
            strcmp(exact->tax_code, line->tax_code) != 0)
            continue;
        buffer_printf(out, "%s%u", begun ? ", " : "  tariff ", (unsigned)exact->tariff);
        begun = true;
    }
}

void period_words_pairs(const struct period_view *view, struct buffer *out)
{
    const struct lines *closed = &view->closed;
    int width = period_view_name_width(view);
    char text[MONEY_TEXT_SIZE], exact[MONEY_TEXT_SIZE];
    if (closed->count == 0) {
        buffer_append_text(out, "nobody owes anything\n");
        return;
    }
    buffer_printf(out, "%-*s %-*s %-18s %-3s %16s %16s\n", width, "from", width, "to", "for", "",
                  "rounded", "exactly");
    for (size_t i = 0; i < closed->count; i++) {
        const struct line *line = &closed->at[i];
        char what[48];
        (void)snprintf(what, sizeof(what), "%s%s%s", book_class_word(line->book_class),
                       line->tax_code[0] ? " " : "", line->tax_code);
        period_view_amount(view, line->currency, line->rounded, text);
        period_view_amount(view, line->currency, line->exact, exact);
        buffer_printf(out, "%-*s %-*s %-18s %-3s %16s %16s", width, name_of(view, line->debtor),
                      width, name_of(view, line->creditor), what, line->currency, text, exact);
        put_tariffs(view, line, out);
        buffer_append_byte(out, '\n');
    }
}

static const char *payment_words(const struct period_view *view, const struct view_payment *own)
{
    if (view->preliminary)
        return "expected";
    return payment_state_word(own->state);
}

void period_words_payments(const struct period_view *view, struct buffer *out)
{
    struct view_payment *payments;
    size_t count = period_view_payments(view, &payments);
    for (size_t i = 0; i < count; i++) {
        const struct view_payment *own = &payments[i];
        char text[MONEY_TEXT_SIZE], end_to_end[END_TO_END_SIZE];
        period_view_amount(view, own->currency, own->payment.amount, text);
        period_view_end_to_end(view, own, period_view_attempt(own), end_to_end);
        buffer_printf(out, "payment %" PRIu32 ": %s pays %s %s %s, %s%s%s%s  (%s)\n", own->number,
                      name_of(view, own->payment.from), name_of(view, own->payment.to), text,
                      own->currency, own->ring_fenced ? "ring-fenced, " : "",
                      payment_words(view, own), own->overdue ? ", OVERDUE" : "",
                      period_default_possible(view, own) ? ", may be declared in default" : "",
                      end_to_end);
    }
    free(payments);
}

static void put_dispute(const struct period_view *view, const struct view_dispute *own,
                        struct buffer *out)
{
    char whole[MONEY_TEXT_SIZE], part[MONEY_TEXT_SIZE], rest[MONEY_TEXT_SIZE];
    const struct line line = {.debtor = own->about.debtor,
                              .creditor = own->about.creditor,
                              .book_class = (enum book_class)own->about.line_class};
    char tariff[24] = "";
    size_t first;
    if (find_tariffs(&view->exact, &line, &first) > 1)
        (void)snprintf(tariff, sizeof(tariff), ", tariff %u", (unsigned)own->about.tariff);
    period_view_amount(view, own->currency, own->amount, whole);
    buffer_printf(out, "record %" PRIu64 ": %s disputes %s %s of %s that %s owes %s (%s%s), ",
                  own->about.record.v, name_of(view, own->by), whole, own->currency,
                  line_class_word(own->about.line_class), name_of(view, own->about.debtor),
                  name_of(view, own->about.creditor), dispute_code_word(own->code), tariff);
    switch (own->state) {
    case VIEW_DISPUTE_OPEN:
        buffer_append_text(out, "no answer yet\n");
        return;
    case VIEW_DISPUTE_RESPONDED:
        period_view_amount(view, own->currency, own->offered, part);
        buffer_printf(out, "%s of it are offered\n", part);
        return;
    case VIEW_DISPUTE_RESOLVED:
        period_view_amount(view, own->currency, own->upheld, part);
        period_view_amount(view, own->currency, own->rest, rest);
        buffer_printf(out, "resolved: %s cancelled, %s into the period that was open then\n", part,
                      rest);
        return;
    }
}

void period_words_disputes(const struct period_view *view, struct buffer *out)
{
    for (size_t i = 0; i < view->dispute_count; i++)
        put_dispute(view, &view->disputes[i], out);
}

void period_words_owed(const json_t *obligations, bool opens, struct buffer *out)
{
    bool rest = false, taken_back = false;
    size_t i;
    json_t *owed;
    json_array_foreach(obligations, i, owed)
    {
        const char *word = json_string_value(json_object_get(owed, "class"));
        bool of_rest = word && (strcmp(word, line_class_word(LINE_DISPUTE)) == 0 ||
                                strcmp(word, line_class_word(LINE_DISPUTE_FEE)) == 0);
        rest = rest || of_rest;
        taken_back = taken_back || !of_rest;
    }
    if (rest)
        buffer_append_text(out, "  what is not cancelled is owed in the period that is open now\n");
    if (taken_back && opens)
        buffer_append_text(out, "  what was taken back of the line before counts no more until the "
                                "dispute is resolved\n");
    else if (taken_back)
        buffer_append_text(out, "  what was taken back of the line counts as far as the line still "
                                "stands\n");
}

/* ---- what is next ---------------------------------------------------------------------------- */

/* `who`: whose step it is; NULL: anybody's. */
static void put_command(const struct period_view *view, const struct command_place *place,
                        const char *who, const char *step, struct buffer *out)
{
    buffer_printf(out, "    accrue settle %s --period %s", step, view->name);
    command_place_put(place, who, out);
    buffer_append_byte(out, '\n');
}

static void next_of_ended(const struct period_view *view, const struct command_place *place,
                          struct buffer *out)
{
    char from[DATE_TEXT_SIZE];
    date_format(view->propose_by, from);
    if (!view->rooted) {
        buffer_append_text(out, "the next decision tells which records it ends with; then it can "
                                "be proposed\n");
        return;
    }
    buffer_printf(out, "from %s on: any partner proposes it\n", from);
    put_command(view, place, NULL, "propose", out);
}

static const char *what_is_left(const struct view_partner *partner)
{
    return partner->answer == ANSWER_DISPUTED
               ? partner->first_approval ? " (the rest, a second person)" : " (the rest)"
           : partner->first_approval ? " (a second person)"
                                     : "";
}

/* Those who have not signed, or not yet the rest of what they dispute; gives how many, and whose
 * command is told: that of whoever asks, or the first one's. */
static size_t put_silent(const struct period_view *view, const struct command_place *place,
                         const char **who_out, struct buffer *out)
{
    size_t count = 0;
    for (size_t i = 0; i < view->partner_count; i++) {
        const struct view_partner *partner = &view->partners[i];
        if (partner->answer == ANSWER_SIGNED || partner->answer == ANSWER_SIGNED_REST)
            continue;
        if (count == 0 || (place->self && strcmp(place->self, partner->name) == 0))
            *who_out = partner->name;
        buffer_printf(out, "%s%s%s", count++ ? ", " : "", partner->name, what_is_left(partner));
    }
    return count;
}

static void next_of_proposed(const struct period_view *view, const struct command_place *place,
                             struct buffer *out)
{
    const char *who = NULL;
    struct buffer silent;
    char until[DATE_TEXT_SIZE];
    buffer_init(&silent, PERIOD_WORDS_MAX);
    size_t count = put_silent(view, place, &who, &silent);
    date_format(view->answer_by, until);
    if (count > 0 && !is_over(view, view->answer_by)) {
        buffer_printf(out, "until the end of %s: %s %s, or %s what is wrong; silence accepts\n",
                      until, buffer_text(&silent), count == 1 ? "signs" : "sign",
                      count == 1 ? "disputes" : "dispute");
        put_command(view, place, who, "sign", out);
    } else {
        buffer_append_text(out, "now: any partner makes it final\n");
        put_command(view, place, NULL, "finalise", out);
    }
    buffer_release(&silent);
}

/* Without a day: it is owed apart from the period. */
static void put_to_pay(const struct period_view *view, const struct view_payment *own,
                       const char *text, struct buffer *out)
{
    const char *from = name_of(view, own->payment.from), *to = name_of(view, own->payment.to);
    char until[DATE_TEXT_SIZE];
    date_format(own->pay_by, until);
    if (own->ring_fenced)
        buffer_printf(out, "ring-fenced: ");
    else
        buffer_printf(out, "until the end of %s: ", until);
    buffer_printf(out, "%s pays %s %s %s%s, and %s so\n", from, to, text, own->currency,
                  own->state == PAYMENT_FAILED ? " anew: the last one never came" : "",
                  own->first_approval ? "a second person there says" : "two people there say");
}

static void next_of_default(const struct period_view *view, const struct command_place *place,
                            const struct view_payment *own, struct buffer *out)
{
    char step[32];
    if (!period_default_possible(view, own))
        return;
    buffer_printf(out, "or %s of %s %s that %s is in default\n",
                  own->accused ? "a second person" : "two people", name_of(view, own->payment.to),
                  own->accused ? "says" : "say", name_of(view, own->payment.from));
    (void)snprintf(step, sizeof(step), "default --payment %" PRIu32, own->number);
    put_command(view, place, name_of(view, own->payment.to), step, out);
}

static void next_of_payment(const struct period_view *view, const struct command_place *place,
                            const struct view_payment *own, struct buffer *out)
{
    char text[MONEY_TEXT_SIZE], step[32];
    const char *from = name_of(view, own->payment.from), *to = name_of(view, own->payment.to);
    period_view_amount(view, own->currency, own->payment.amount, text);
    switch (own->state) {
    case PAYMENT_DUE:
    case PAYMENT_FAILED:
        put_to_pay(view, own, text, out);
        (void)snprintf(step, sizeof(step), "pay --payment %" PRIu32, own->number);
        break;
    case PAYMENT_SENT:
        buffer_printf(out, "once %s %s of %s are there: %s confirms\n", text, own->currency, from,
                      to);
        (void)snprintf(step, sizeof(step), "confirm --payment %" PRIu32, own->number);
        break;
    case PAYMENT_CONFIRMED:
    case PAYMENT_VOID:
        return;
    }
    put_command(view, place, own->state == PAYMENT_SENT ? to : from, step, out);
    next_of_default(view, place, own, out);
}

/* Its opener's time is over: the other ends it, and nothing is cancelled. */
static void put_late_dispute(const struct period_view *view, const struct command_place *place,
                             const struct view_dispute *own, const char *other, struct buffer *out)
{
    char step[64];
    buffer_printf(out, "or %s ends it, and nothing is cancelled\n", other);
    (void)snprintf(step, sizeof(step), "resolve --record %" PRIu64 " --amount 0",
                   own->about.record.v);
    put_command(view, place, other, step, out);
}

static void next_of_disputes(const struct period_view *view, const struct command_place *place,
                             struct buffer *out)
{
    for (size_t i = 0; i < view->dispute_count; i++) {
        const struct view_dispute *own = &view->disputes[i];
        bool by_debtor = partner_equal(own->by, own->about.debtor);
        const char *other = name_of(view, by_debtor ? own->about.creditor : own->about.debtor);
        char step[64];
        if (own->state == VIEW_DISPUTE_RESOLVED)
            continue;
        bool open = own->state == VIEW_DISPUTE_OPEN;
        buffer_printf(out, "%s %s the dispute about record %" PRIu64 "\n",
                      open ? other : name_of(view, own->by),
                      open ? "says how much it upholds in" : "takes what is offered in, or ends,",
                      own->about.record.v);
        (void)snprintf(step, sizeof(step), "%s --record %" PRIu64 " --amount AMOUNT",
                       open ? "respond" : "resolve", own->about.record.v);
        put_command(view, place, open ? other : name_of(view, own->by), step, out);
        if (is_over(view, view->disputes_end))
            put_late_dispute(view, place, own, other, out);
    }
}

void period_words_next(const struct period_view *view, const struct command_place *place,
                       struct buffer *out)
{
    char day[DATE_TEXT_SIZE];
    size_t before = out->size;
    if (is_state(view, "open")) {
        date_format(view->last_day, day);
        buffer_printf(out, "nothing yet: the period goes on to the end of %s\n", day);
    } else if (is_state(view, "ended")) {
        next_of_ended(view, place, out);
    } else if (is_state(view, "proposed")) {
        next_of_proposed(view, place, out);
    }
    for (size_t i = 0; i < view->payment_count; i++)
        next_of_payment(view, place, &view->payments[i], out);
    next_of_disputes(view, place, out);
    if (out->size == before)
        buffer_append_text(out, "nothing: it is settled\n");
}
