/* Which reports there are, in which forms, and what all of them are made of. */
#include "node/period_default.h"
#include "node/report_parts.h"
#include "partners/charter_contracts.h"
#include "partners/periods.h"

#include <stdlib.h>
#include <string.h>

static const char *const format_words[REPORT_FORMAT_COUNT] = {
    [REPORT_PDF] = "pdf",   [REPORT_CSV] = "csv", [REPORT_JSON] = "json",
    [REPORT_HTML] = "html", [REPORT_XML] = "xml", [REPORT_JOURNAL] = "journal"};

struct kind {
    const char *name;
    enum report_scope scope; /* of all its forms but XML, which is one payer's */
    report_writer *writers[REPORT_FORMAT_COUNT];
};
static const struct kind kinds[] = {
    {"statement",
     REPORT_OF_ONE,
     {[REPORT_PDF] = report_statement_pdf,
      [REPORT_CSV] = report_statement_csv,
      [REPORT_JSON] = report_statement_json,
      [REPORT_HTML] = report_statement_html}},
    {"matrix",
     REPORT_OF_ALL,
     {[REPORT_CSV] = report_matrix_csv,
      [REPORT_JSON] = report_matrix_json,
      [REPORT_HTML] = report_matrix_html}},
    {"nets",
     REPORT_OF_ALL,
     {[REPORT_CSV] = report_nets_csv,
      [REPORT_JSON] = report_nets_json,
      [REPORT_HTML] = report_nets_html}},
    {"payments",
     REPORT_OF_ALL,
     {[REPORT_XML] = report_payments_xml,
      [REPORT_CSV] = report_payments_csv,
      [REPORT_JSON] = report_payments_json,
      [REPORT_HTML] = report_payments_html}},
    {"journal", REPORT_OF_EITHER, {[REPORT_JOURNAL] = report_journal}},
    {"fees",
     REPORT_OF_ONE,
     {[REPORT_CSV] = report_fees_csv,
      [REPORT_JSON] = report_fees_json,
      [REPORT_HTML] = report_fees_html}},
    {"disputes",
     REPORT_OF_ALL,
     {[REPORT_CSV] = report_disputes_csv,
      [REPORT_JSON] = report_disputes_json,
      [REPORT_HTML] = report_disputes_html}},
    {"exceptions",
     REPORT_OF_ALL,
     {[REPORT_CSV] = report_exceptions_csv,
      [REPORT_JSON] = report_exceptions_json,
      [REPORT_HTML] = report_exceptions_html}},
    {"liability",
     REPORT_OF_EITHER,
     {[REPORT_PDF] = report_liability_pdf,
      [REPORT_CSV] = report_liability_csv,
      [REPORT_JSON] = report_liability_json,
      [REPORT_HTML] = report_liability_html}},
    {"ageing",
     REPORT_OF_EITHER,
     {[REPORT_PDF] = report_ageing_pdf,
      [REPORT_CSV] = report_ageing_csv,
      [REPORT_JSON] = report_ageing_json,
      [REPORT_HTML] = report_ageing_html}},
    {"breakage",
     REPORT_OF_EITHER,
     {[REPORT_PDF] = report_breakage_pdf,
      [REPORT_CSV] = report_breakage_csv,
      [REPORT_JSON] = report_breakage_json,
      [REPORT_HTML] = report_breakage_html}},
    {"deferred",
     REPORT_OF_EITHER,
     {[REPORT_PDF] = report_deferred_pdf,
      [REPORT_CSV] = report_deferred_csv,
      [REPORT_JSON] = report_deferred_json,
      [REPORT_HTML] = report_deferred_html}},
};

static const struct kind *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

/* "csv, json, html" */
static void list_formats(const struct kind *kind, char text_out[64])
{
    size_t size = 0;
    text_out[0] = 0;
    for (size_t i = 0; i < REPORT_FORMAT_COUNT; i++)
        if (kind->writers[i])
            size += (size_t)snprintf(text_out + size, 64 - size, "%s%s", size ? ", " : "",
                                     format_words[i]);
    must(size < 64);
}

bool report_format_from_word(const char *word, enum report_format *format_out)
{
    for (size_t i = 0; i < REPORT_FORMAT_COUNT; i++)
        if (strcmp(word, format_words[i]) == 0) {
            *format_out = (enum report_format)i;
            return true;
        }
    return false;
}

static bool unknown(const char *name, struct error *error)
{
    char names[160];
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        size += (size_t)snprintf(names + size, sizeof(names) - size, "%s%s", i ? ", " : "",
                                 kinds[i].name);
    must(size < sizeof(names));
    return error_set(error, ERROR_INVALID, "no report '%.40s': there are %s", name, names);
}

bool report_known(const char *name, enum report_format format, struct error *error)
{
    const struct kind *kind = find(name);
    char formats[64];
    if (!kind)
        return unknown(name, error);
    if (kind->writers[format])
        return true;
    list_formats(kind, formats);
    return error_set(error, ERROR_INVALID, "the report '%s' is not made as %s: it comes as %s",
                     name, format_words[format], formats);
}

enum report_scope report_scope(const char *name, enum report_format format)
{
    const struct kind *kind = find(name);
    must(kind != NULL);
    return format == REPORT_XML ? REPORT_OF_ONE : kind->scope;
}

bool report_needs_exceptions(const char *name)
{
    return strcmp(name, "exceptions") == 0;
}

bool report_needs_liability(const char *name)
{
    static const char *const names[] = {"liability", "ageing", "breakage", "deferred"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool report_needs_history(const char *name)
{
    return strcmp(name, "breakage") == 0;
}

/* ---- what all are made of -------------------------------------------------------------------- */

static void fill_party(const struct account_holder *holder, const char *name,
                       struct statement_party *party)
{
    *party = (struct statement_party){.name = name, .legal_name = holder ? holder->name : name};
    for (size_t i = 0; holder && i < holder->address_count; i++)
        party->address[i] = holder->address[i];
    if (holder && holder->tax_number[0])
        party->tax_number = holder->tax_number;
}

void report_issuer(const struct charter *charter, const struct accounts *accounts,
                   const char *operator_name, struct statement_party *issuer_out)
{
    const struct account_holder *holder =
        charter->has_operator && accounts ? accounts_of(accounts, operator_name) : NULL;
    fill_party(holder, charter->name, issuer_out);
}

static struct statement_party issuer_of(const struct report *report)
{
    const struct charter *charter = report->view->charter;
    struct statement_party issuer;
    report_issuer(charter, report->request->accounts,
                  charter->has_operator ? report_name_of(report, charter->operator_id) : NULL,
                  &issuer);
    return issuer;
}

/* That of the period, unless it was final too late for it. */
static struct date due_of(const struct period_view *view)
{
    return view->payment_count > 0 ? view->payments[0].pay_by : view->pay_by;
}

/* What all parts have in common. */
static struct statement statement_head(const struct report *report)
{
    const struct period_view *view = report->view;
    const struct charter *charter = view->charter;
    struct statement head = {.coalition = charter->name,
                             .sandbox = charter->sandbox,
                             .issuer = issuer_of(report),
                             .period = view->name,
                             .from = view->first_day,
                             .to = view->last_day,
                             .issued = view->today,
                             .due = due_of(view),
                             .state = report->state,
                             .checkpoint_origin = charter->origin,
                             .checkpoint_size = view->records,
                             .checkpoint_root = view->root,
                             .totals = view->totals,
                             .parties = report->parties,
                             .party_count = view->partner_count,
                             .closed = &view->closed,
                             .taxes = view->taxes,
                             .tax_count = view->tax_count};
    if (report->request->has_partner)
        head.partner = report->request->partner;
    return head;
}

/* ---- currencies ------------------------------------------------------------------------------ */

static bool is_disputed_of(const struct view_dispute *dispute, const char *currency,
                           struct partner_id partner)
{
    return strcmp(dispute->currency, currency) == 0 &&
           (partner_equal(dispute->about.debtor, partner) ||
            partner_equal(dispute->about.creditor, partner));
}

/* Of one partner's lines, or of anybody's. */
static bool has_lines(const struct report *report, const char *currency, bool of_one)
{
    const struct lines *closed = &report->view->closed;
    struct partner_id partner = report->request->partner;
    for (size_t i = 0; of_one && i < closed->count; i++) {
        const struct line *line = &closed->at[i];
        if (strcmp(line->currency, currency) == 0 &&
            (partner_equal(line->debtor, partner) || partner_equal(line->creditor, partner)))
            return true;
    }
    for (size_t i = 0; of_one && i < report->view->dispute_count; i++)
        if (is_disputed_of(&report->view->disputes[i], currency, partner))
            return true;
    for (size_t i = 0; of_one && i < report->view->payment_count; i++) {
        const struct view_payment *own = &report->view->payments[i];
        if (strcmp(own->currency, currency) == 0 &&
            (partner_equal(own->payment.from, partner) || partner_equal(own->payment.to, partner)))
            return true; /* who holds collateral may owe it, and nothing else */
    }
    return !of_one && period_view_has_currency(report->view, currency);
}

/* Whoever finds its lines short of what it knows sees why. */
static void add_disputed(const struct report *report, struct statement *statement)
{
    struct partner_id partner = statement->partner;
    for (size_t i = 0; report->request->has_partner && i < report->view->dispute_count; i++) {
        const struct view_dispute *dispute = &report->view->disputes[i];
        if (!is_disputed_of(dispute, statement->currency, partner))
            continue;
        bool by = partner_equal(dispute->about.debtor, partner);
        (by ? &statement->disputed_by : &statement->disputed_to)->v += dispute->amount.v;
        statement->disputed_count++;
    }
}

static void add_part(struct report *report, const struct statement *head, const char *currency)
{
    struct report_part *part = &report->parts[report->part_count++];
    *part = (struct report_part){.report = report, .statement = *head};
    memcpy(part->statement.currency, currency, CURRENCY_SIZE);
    part->statement.minor_digits = charter_minor_digits(report->view->charter, currency);
    add_disputed(report, &part->statement);
    if (report->part_count > 1)
        part[-1].statement.next = &part->statement;
}

/* The currency that is asked for; else those that there are lines in, and where nothing is owed the
 * charter's. */
static void add_parts(struct report *report, bool of_one)
{
    const struct charter *charter = report->view->charter;
    const char *asked = report->request->currency;
    struct statement head = statement_head(report);
    struct charter_line_rules rules;
    charter_line_rules(charter, &rules);
    report->parts = allocate(rules.rules.currency_count, sizeof(*report->parts));
    for (size_t i = 0; i < rules.rules.currency_count; i++) {
        const char *currency = rules.currencies[i].code;
        if (asked[0] ? strcmp(asked, currency) == 0 : has_lines(report, currency, of_one))
            add_part(report, &head, currency);
    }
    if (report->part_count == 0)
        add_part(report, &head, charter->currency);
}

/* ---- payments -------------------------------------------------------------------------------- */

static void fill_payment(const struct report_part *part, const struct view_payment *own,
                         struct statement_payment *payment)
{
    const struct report *report = part->report;
    payment->payment = own->payment;
    payment->to = accounts_payment(report->request->accounts,
                                   report_name_of(report, own->payment.to), own->currency);
    payment->state = report->view->preliminary ? "expected" : payment_state_word(own->state);
    payment->due = report->view->preliminary ? report->view->pay_by : own->pay_by;
    payment->round = own->round;
    payment->ring_fenced = own->ring_fenced;
    payment->is_void = own->state == PAYMENT_VOID;
    period_view_end_to_end(report->view, own, period_view_attempt(own), payment->end_to_end);
}

static void fill_payments(struct report *report)
{
    struct view_payment *all;
    size_t count = period_view_payments(report->view, &all);
    for (size_t p = 0; p < report->part_count; p++) {
        struct report_part *part = &report->parts[p];
        size_t kept = 0;
        part->states = allocate(count, sizeof(*part->states));
        part->payments = allocate(count, sizeof(*part->payments));
        for (size_t i = 0; i < count; i++) {
            if (strcmp(all[i].currency, part->statement.currency) != 0)
                continue;
            part->states[kept] = all[i];
            fill_payment(part, &all[i], &part->payments[kept++]);
        }
        part->statement.payments = part->payments;
        part->statement.payment_count = kept;
    }
    free(all);
}

/* ---- defaults -------------------------------------------------------------------------------- */

static void fill_defaults_of(struct report_part *part)
{
    const struct period_view *view = part->report->view;
    struct statement *statement = &part->statement;
    if (!period_view_has_default(view, statement->currency))
        return;
    part->defaults = allocate(view->default_count, sizeof(*part->defaults));
    part->taken = allocate(view->taken_count, sizeof(*part->taken));
    part->sums = allocate(view->partner_count, sizeof(*part->sums));
    for (size_t i = 0; i < view->default_count; i++)
        if (strcmp(view->defaults[i].currency, statement->currency) == 0)
            part->defaults[statement->default_count++] = view->defaults[i];
    for (size_t i = 0; i < view->taken_count; i++)
        if (strcmp(view->taken[i].currency, statement->currency) == 0)
            part->taken[statement->taken_count++] = view->taken[i];
    period_default_sums(view, statement->currency, part->sums);
    statement->defaults = part->defaults;
    statement->taken = part->taken;
    statement->sums = part->sums;
}

static void fill_defaults(struct report *report)
{
    for (size_t i = 0; i < report->part_count; i++)
        fill_defaults_of(&report->parts[i]);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void report_begin(struct report *report, const struct report_request *request, bool of_one)
{
    const struct period_view *view = request->view;
    *report = (struct report){.request = request, .view = view};
    report->parties = allocate(view->partner_count, sizeof(*report->parties));
    for (size_t i = 0; i < view->partner_count; i++)
        fill_party(accounts_of(request->accounts, view->partners[i].name), view->partners[i].name,
                   &report->parties[i]);
    (void)snprintf(report->state, sizeof(report->state), "%s%s", view->state,
                   view->preliminary ? ", preliminary" : "");
    add_parts(report, of_one);
    fill_payments(report);
    fill_defaults(report);
}

static void report_end(struct report *report)
{
    for (size_t i = 0; i < report->part_count; i++) {
        free(report->parts[i].payments);
        free(report->parts[i].states);
        free(report->parts[i].defaults);
        free(report->parts[i].taken);
        free(report->parts[i].sums);
    }
    free(report->parts);
    free(report->parties);
}

const char *report_name_of(const struct report *report, struct partner_id partner)
{
    return period_view_name(report->view, partner);
}

const char *report_payment_word(const struct report_part *part, size_t payment)
{
    return part->payments[payment].state;
}

/* A pair's lines of a currency stand together. */
bool report_begins_pair(const struct report_part *part, size_t line)
{
    const struct line *own = &part->report->view->closed.at[line];
    if (strcmp(own->currency, part->statement.currency) != 0)
        return false;
    return line == 0 || !partner_equal(own->debtor, own[-1].debtor) ||
           !partner_equal(own->creditor, own[-1].creditor) ||
           strcmp(own->currency, own[-1].currency) != 0;
}

void report_taken_words(const struct report_part *part, const struct taken_over *taken,
                        char text_out[TAKEN_WORDS_SIZE])
{
    const struct taken_names names = {report_name_of(part->report, taken->debtor),
                                      report_name_of(part->report, taken->claimant),
                                      report_name_of(part->report, taken->by)};
    char amount[STATEMENT_AMOUNT_SIZE];
    statement_amount(&part->statement, taken->amount, amount);
    taken_over_words(taken, &names, amount, text_out);
}

const char *report_dispute_word(const struct view_dispute *dispute)
{
    static const char *const words[] = {"open", "responded", "resolved"};
    return words[dispute->state];
}

bool report_write(const char *name, enum report_format format, const struct report_request *request,
                  struct buffer *out, struct error *error)
{
    const struct kind *kind = find(name);
    struct report report;
    must(kind && kind->writers[format]);
    must(request->has_partner || report_scope(name, format) != REPORT_OF_ONE);
    bool of_points = report_needs_liability(name);
    if (of_points)
        report = (struct report){.request = request};
    else
        report_begin(&report, request, report_scope(name, format) == REPORT_OF_ONE);
    bool ok = (of_points || statement_check(&report.parts[0].statement, error)) &&
              kind->writers[format](&report, out, error);
    if (ok && out->overflowed)
        ok = error_set(error, ERROR_LIMIT, "the report is larger than %zu bytes", out->limit);
    report_end(&report);
    return ok;
}
