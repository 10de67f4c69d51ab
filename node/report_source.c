#include "node/report_source.h"

#include "node/late_entries.h"
#include "node/report_exposure.h"
#include "partners/charter_contracts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What is asked for next; of each report some. */
enum step {
    STEP_CHARTER,
    STEP_PAGES,
    STEP_SELF,
    STEP_ACCOUNTS,
    STEP_RECORDS,
    STEP_EXPOSURE,
    STEP_WRITE
};

enum { OPTIONS = 8 };

struct report_source {
    struct report_options options;
    char *texts[OPTIONS]; /* what they point to */
    enum report_format format;
    bool of_points, of_now;
    struct date execution, paid_on; /* where they are given */
    struct accounts accounts;

    enum step step;
    struct charter *charter;
    struct answer_pages pages;
    struct period_view *view;
    struct liability_view *liability;
    struct late_search late;
    json_t *exposure;
    struct report_request request;
};

/* ---- pages ----------------------------------------------------------------------------------- */

void answer_pages_path(const struct answer_pages *pages, const char *period,
                       char path_out[REPORT_PATH_SIZE])
{
    size_t size = (size_t)snprintf(path_out, REPORT_PATH_SIZE, "/v1/periods/%.32s", period);
    char *rest = path_out + size;
    size_t room = REPORT_PATH_SIZE - size;
    switch (pages->kind) {
    case PAGES_PERIOD:
        if (pages->from > 0)
            (void)snprintf(rest, room, "?disputes_from=%" PRIu64, pages->from);
        return;
    case PAGES_TABLES:
    case PAGES_ALL_TABLES:
        (void)snprintf(rest, room, "/liability?history=%s&tables_from=%" PRIu64,
                       pages->kind == PAGES_ALL_TABLES ? "true" : "last", pages->from);
        return;
    }
    must(!"pages of no kind");
}

bool answer_pages_take(struct answer_pages *pages, json_t *page, struct error *error)
{
    bool of_period = pages->kind == PAGES_PERIOD;
    json_t *earlier = pages->whole;
    uint64_t next = 0;
    pages->whole = page;
    bool ok = !earlier || (of_period ? period_view_join(earlier, page, error)
                                     : liability_view_join(earlier, page, error));
    json_decref(earlier);
    if (!ok)
        return false;
    pages->done = !(of_period ? period_view_next(page, &next) : liability_view_next(page, &next));
    if (!pages->done && next <= pages->from)
        return error_set(error, ERROR_INVALID, "the node's pages of %s do not end",
                         of_period ? "disputes" : "tables");
    pages->from = next;
    return true;
}

void answer_pages_release(struct answer_pages *pages)
{
    json_decref(pages->whole);
    *pages = (struct answer_pages){.kind = pages->kind};
}

bool period_name_shaped(const char *period)
{
    size_t size = strlen(period);
    return size > 0 && size < PERIOD_NAME_SIZE && strspn(period, "0123456789W-") == size;
}

/* ---- options --------------------------------------------------------------------------------- */

static bool read_dialect(struct report_source *source, struct error *error)
{
    static const char *const words[] = {"hledger", "ledger", "beancount"};
    const struct report_options *own = &source->options;
    const char *dash = own->words->dash;
    if ((own->dialect || own->continues || own->paid_on) && source->format != REPORT_JOURNAL)
        return error_set(error, ERROR_INVALID,
                         "%sdialect, %scontinues and %s%s are for %sformat journal", dash, dash,
                         dash, own->words->paid_on, dash);
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(own->dialect ? own->dialect : words[0], words[i]) == 0) {
            source->request.dialect = (enum journal_form)i;
            return true;
        }
    return error_set(error, ERROR_INVALID, "%sdialect is hledger, ledger or beancount, not '%.40s'",
                     dash, own->dialect);
}

static bool read_format(struct report_source *source, struct error *error)
{
    const struct report_options *own = &source->options;
    const char *dash = own->words->dash;
    if (!own->format)
        return error_set(error, ERROR_INVALID,
                         "%sformat is needed: pdf, csv, json, html, xml or journal", dash);
    return report_format_from_word(own->format, &source->format) ||
           error_set(error, ERROR_INVALID,
                     "%sformat is pdf, csv, json, html, xml or journal, not '%.40s'", dash,
                     own->format);
}

static bool read_day(const struct report_options *own, const char *name, const char *text,
                     struct date *date_out, struct error *error)
{
    return !text || date_parse(bytes_text(text), date_out) ||
           error_set(error, ERROR_INVALID, "%s%s takes a day such as 2026-12-07, not '%.40s'",
                     own->words->dash, name, text);
}

/* Journals, and registers, are of all currencies; points are in none. */
static bool may_be_of_one_currency(const struct report_source *source, struct error *error)
{
    const struct report_options *own = &source->options;
    if (!own->currency)
        return true;
    if (source->of_points)
        return error_set(error, ERROR_INVALID, "points are in no currency: it takes no %scurrency",
                         own->words->dash);
    return (source->format != REPORT_JOURNAL && strcmp(own->name, "disputes") != 0 &&
            !report_needs_exceptions(own->name)) ||
           error_set(error, ERROR_INVALID,
                     "this report is of all currencies: it takes no %scurrency", own->words->dash);
}

static bool read_period(const struct report_options *own, struct error *error)
{
    return (own->period && period_name_shaped(own->period)) ||
           error_set(error, ERROR_INVALID,
                     "%speriod PERIOD is needed, such as 2026-11: 'accrue settle status' lists "
                     "them",
                     own->words->dash);
}

/* Of a period: what can be told before any node is asked. */
static bool read_options(struct report_source *source, struct error *error)
{
    const struct report_options *own = &source->options;
    const char *dash = own->words->dash;
    source->of_points = report_needs_liability(own->name);
    if (own->partner && report_scope(own->name, source->format) == REPORT_OF_ALL)
        return error_set(error, ERROR_INVALID,
                         "the report '%s' is of all partners: it takes no %spartner", own->name,
                         dash);
    if (own->execution && source->format != REPORT_XML)
        return error_set(error, ERROR_INVALID, "%sexecution is for %sformat xml", dash, dash);
    source->request.continues = own->continues;
    source->pages.kind = !source->of_points                ? PAGES_PERIOD
                         : report_needs_history(own->name) ? PAGES_ALL_TABLES
                                                           : PAGES_TABLES;
    return read_dialect(source, error) && may_be_of_one_currency(source, error) &&
           read_day(own, "execution", own->execution, &source->execution, error) &&
           read_day(own, own->words->paid_on, own->paid_on, &source->paid_on, error) &&
           read_period(own, error);
}

static bool read_options_of_now(struct report_source *source, struct error *error)
{
    const struct report_options *own = &source->options;
    const char *dash = own->words->dash;
    if (!own->format)
        return error_set(error, ERROR_INVALID, "%sformat is needed: csv, json or html", dash);
    if (!report_format_from_word(own->format, &source->format) ||
        (source->format != REPORT_CSV && source->format != REPORT_JSON &&
         source->format != REPORT_HTML))
        return error_set(
            error, ERROR_INVALID,
            "the report 'exposure' is not made as %.40s: it comes as csv, json or html",
            own->format);
    if (own->period || own->partner)
        return error_set(error, ERROR_INVALID,
                         "exposure is of now and of all partners: it takes neither %speriod nor "
                         "%spartner",
                         dash, dash);
    return (!own->dialect && !own->execution && !own->paid_on && !own->currency &&
            !own->continues) ||
           error_set(error, ERROR_INVALID, "exposure takes no option but %sformat", dash);
}

static const char *keep(struct report_source *source, size_t place, const char *text)
{
    if (!text)
        return NULL;
    must(place < OPTIONS);
    source->texts[place] = strdup(text);
    must(source->texts[place] != NULL);
    return source->texts[place];
}

static void keep_options(struct report_source *source, const struct report_options *options)
{
    struct report_options *own = &source->options;
    *own = *options;
    own->name = keep(source, 0, options->name);
    own->period = keep(source, 1, options->period);
    own->format = keep(source, 2, options->format);
    own->partner = keep(source, 3, options->partner);
    own->dialect = keep(source, 4, options->dialect);
    own->execution = keep(source, 5, options->execution);
    own->paid_on = keep(source, 6, options->paid_on);
    own->currency = keep(source, 7, options->currency);
}

/* A name that no report has is told apart: in any format there is none. */
static bool is_known(struct report_source *source, enum report_fault *fault, struct error *error)
{
    const char *name = source->options.name;
    for (size_t i = 0; i < REPORT_FORMAT_COUNT; i++)
        if (report_known(name, (enum report_format)i, error))
            return report_known(name, source->format, error);
    *fault = REPORT_FAULT_NAME;
    return false;
}

bool report_source_open(const struct report_options *options, struct accounts *accounts,
                        struct report_source **source_out, enum report_fault *fault,
                        struct error *error)
{
    struct report_source *source = allocate(1, sizeof(*source));
    keep_options(source, options);
    if (accounts) {
        source->accounts = *accounts;
        *accounts = (struct accounts){.at = NULL};
    }
    source->of_now = strcmp(options->name, "exposure") == 0;
    source->step = source->of_now ? STEP_EXPOSURE : STEP_CHARTER;
    source->request.accounts = &source->accounts;
    *fault = REPORT_FAULT_USAGE;
    bool ok = source->of_now ? read_options_of_now(source, error)
                             : read_format(source, error) && is_known(source, fault, error) &&
                                   read_options(source, error);
    if (!ok) {
        report_source_close(source);
        return false;
    }
    *source_out = source;
    return true;
}

void report_source_close(struct report_source *source)
{
    if (!source)
        return;
    answer_pages_release(&source->pages);
    period_view_close(source->view);
    liability_view_close(source->liability);
    charter_close(source->charter);
    late_entries_release(&source->late.entries);
    json_decref(source->exposure);
    accounts_release(&source->accounts);
    for (size_t i = 0; i < OPTIONS; i++)
        free(source->texts[i]);
    free(source);
}

/* ---- what is asked for ----------------------------------------------------------------------- */

bool report_source_next(const struct report_source *source, char path_out[REPORT_PATH_SIZE])
{
    switch (source->step) {
    case STEP_CHARTER:
        (void)snprintf(path_out, REPORT_PATH_SIZE, "/v1/charter");
        return true;
    case STEP_PAGES:
        answer_pages_path(&source->pages, source->options.period, path_out);
        return true;
    case STEP_SELF:
        (void)snprintf(path_out, REPORT_PATH_SIZE, "/v1/coalition");
        return true;
    case STEP_ACCOUNTS:
        (void)snprintf(path_out, REPORT_PATH_SIZE, "/v1/payment-accounts");
        return true;
    case STEP_RECORDS:
        (void)snprintf(path_out, REPORT_PATH_SIZE, "/v1/transactions?from=%" PRIu64 "&limit=%u",
                       source->late.from, source->late.limit);
        return true;
    case STEP_EXPOSURE:
        (void)snprintf(path_out, REPORT_PATH_SIZE, "/v1/exposure");
        return true;
    case STEP_WRITE:
        return false;
    }
    must(!"a step of no kind");
}

static void after_accounts(struct report_source *source)
{
    bool more = report_needs_exceptions(source->options.name) &&
                late_search_next(&source->late, source->view, &(uint64_t){0}, &(unsigned){0});
    source->step = more ? STEP_RECORDS : STEP_WRITE;
}

static struct date day_after(struct date date)
{
    return date_from_days(date_to_days(date) + 1);
}

/* Payments are booked on the day by which they are due, unless it is said when they were made. */
static void choose_days(struct report_source *source)
{
    const struct report_options *own = &source->options;
    const struct period_view *view = source->view;
    struct report_request *request = &source->request;
    request->execution = own->execution ? source->execution : view->today;
    request->paid_on = own->paid_on ? source->paid_on : view->pay_by;
    if (!own->paid_on && date_to_days(request->paid_on) <= date_to_days(view->last_day))
        request->paid_on = day_after(view->last_day);
}

static bool no_partner(const struct report_source *source, struct error *error)
{
    return error_set(error, ERROR_INVALID, "no partner '%.64s' in this coalition",
                     source->options.partner);
}

/* What the options name must be there. */
static bool choose_of_period(struct report_source *source, struct error *error)
{
    const struct report_options *own = &source->options;
    const struct period_view *view = source->view;
    struct report_request *request = &source->request;
    enum report_scope scope = report_scope(own->name, source->format);
    request->view = view;
    request->has_partner = own->partner || scope == REPORT_OF_ONE;
    choose_days(source);
    if (own->partner && !period_view_partner(view, own->partner, &request->partner))
        return no_partner(source, error);
    if (!own->currency)
        return true;
    if (!charter_has_currency(view->charter, own->currency))
        return error_set(error, ERROR_INVALID,
                         "%scurrency is the charter's, or one that it has for contracts",
                         own->words->dash);
    memcpy(request->currency, own->currency, strlen(own->currency) + 1);
    return true;
}

static bool choose_of_points(struct report_source *source, struct error *error)
{
    const struct report_options *own = &source->options;
    struct report_request *request = &source->request;
    request->liability = source->liability;
    request->has_partner = own->partner != NULL;
    return !own->partner ||
           liability_view_partner(source->liability, own->partner, &request->partner) ||
           no_partner(source, error);
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool take_pages(struct report_source *source, json_t *page, enum report_fault *fault,
                       struct error *error)
{
    *fault = REPORT_FAULT_UNTRUE;
    if (!answer_pages_take(&source->pages, json_incref(page), error))
        return false;
    if (!source->pages.done)
        return true;
    bool ok =
        source->of_points
            ? liability_view_read(source->pages.whole, source->charter, &source->liability, error)
            : period_view_read(source->pages.whole, source->charter, &source->view, error);
    answer_pages_release(&source->pages);
    if (!ok)
        return false;
    *fault = REPORT_FAULT_USAGE;
    source->step = source->of_points ? STEP_WRITE
                   : report_scope(source->options.name, source->format) == REPORT_OF_ONE &&
                           !source->options.partner
                       ? STEP_SELF
                       : STEP_ACCOUNTS;
    return source->of_points ? choose_of_points(source, error) : choose_of_period(source, error);
}

/* Whose node it is. */
static bool take_self(struct report_source *source, const json_t *coalition,
                      enum report_fault *fault, struct error *error)
{
    const char *name = json_string_value(json_object_get(coalition, "partner"));
    source->step = STEP_ACCOUNTS;
    *fault = REPORT_FAULT_UNTRUE;
    return (name && period_view_partner(source->view, name, &source->request.partner)) ||
           error_set(error, ERROR_INVALID, "the node does not say whose it is: name a partner");
}

static bool take_accounts(struct report_source *source, const json_t *answer, struct error *error)
{
    if (!accounts_join(&source->accounts, answer, error))
        return false;
    after_accounts(source);
    return true;
}

static bool take_records(struct report_source *source, const json_t *page, enum report_fault *fault,
                         struct error *error)
{
    *fault = REPORT_FAULT_UNTRUE;
    if (!late_search_take(&source->late, source->view, page, error))
        return false;
    after_accounts(source);
    return true;
}

static bool take_json(struct report_source *source, json_t *answer, enum report_fault *fault,
                      struct error *error)
{
    switch (source->step) {
    case STEP_PAGES:
        return take_pages(source, answer, fault, error);
    case STEP_SELF:
        return take_self(source, answer, fault, error);
    case STEP_ACCOUNTS:
        return take_accounts(source, answer, error);
    case STEP_RECORDS:
        return take_records(source, answer, fault, error);
    case STEP_EXPOSURE:
        source->exposure = json_incref(answer);
        source->step = STEP_WRITE;
        return true;
    case STEP_CHARTER:
    case STEP_WRITE:
        break;
    }
    must(!"an answer to nothing");
}

static bool take_charter(struct report_source *source, struct bytes body, struct error *error)
{
    source->step = STEP_PAGES;
    return charter_parse(body, &source->charter, NULL, error);
}

bool report_source_take(struct report_source *source, int status, struct bytes body,
                        enum report_fault *fault, struct error *error)
{
    must(source->step != STEP_WRITE);
    *fault = REPORT_FAULT_ANSWER;
    if (status == 413 && source->step == STEP_RECORDS)
        return late_search_smaller(&source->late);
    if (status != 200)
        return false;
    *fault = REPORT_FAULT_REPORT;
    if (source->step == STEP_CHARTER)
        return take_charter(source, body, error);
    json_error_t why;
    json_t *answer = json_loadb((const char *)body.at, body.size, JSON_REJECT_DUPLICATES, &why);
    if (!answer)
        return error_set(error, ERROR_INVALID, "the node's answer is no JSON: %.200s", why.text);
    bool ok = take_json(source, answer, fault, error);
    json_decref(answer);
    return ok;
}

/* ---- the report ------------------------------------------------------------------------------ */

bool report_source_write(const struct report_source *source, struct buffer *out,
                         struct buffer *left_out, enum report_fault *fault, struct error *error)
{
    const struct report_options *own = &source->options;
    struct report_request request = source->request;
    must(source->step == STEP_WRITE);
    *fault = REPORT_FAULT_REPORT;
    if (source->of_now)
        return report_exposure_write(source->exposure, own->format, out, error);
    request.left_out = left_out;
    request.exceptions = source->late.entries.at;
    request.exception_count = source->late.entries.count;
    return report_write(own->name, source->format, &request, out, error);
}

enum report_format report_source_format(const struct report_source *source)
{
    return source->format;
}

/* Books are called as their programs expect. */
static const char *ending_of(const struct report_source *source)
{
    static const char *const endings[REPORT_FORMAT_COUNT] = {
        [REPORT_PDF] = "pdf",   [REPORT_CSV] = "csv", [REPORT_JSON] = "json",
        [REPORT_HTML] = "html", [REPORT_XML] = "xml", [REPORT_JOURNAL] = "journal"};
    const char *dialect = source->options.dialect;
    bool other = source->format == REPORT_JOURNAL && dialect && strcmp(dialect, "hledger") != 0;
    return other ? dialect : endings[source->format];
}

void report_source_file_name(const struct report_source *source,
                             char text_out[REPORT_FILE_NAME_SIZE])
{
    const struct report_options *own = &source->options;
    const struct report_request *request = &source->request;
    const char *partner = "";
    if (request->has_partner)
        partner = source->of_points ? source->liability->partners[request->partner.v].name
                                    : period_view_name(source->view, request->partner);
    (void)snprintf(text_out, REPORT_FILE_NAME_SIZE, "%s%s%s%s%s%s%s.%s",
                   own->period ? own->period : "", own->period ? "-" : "", own->name,
                   partner[0] ? "-" : "", partner, own->currency ? "-" : "",
                   own->currency ? own->currency : "", ending_of(source));
}
