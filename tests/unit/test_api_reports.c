// links: node
// also: sim/disk.c
/* Reports over the API: the same files that report_write() makes of what the node tells, made while
 * others go on, bounded, and dropped when nobody waits for them any more. */
#include "unit/api_january.h"

#include "node/paper.h"
#include "node/report.h"
#include "node/report_exposure.h"

#define REPORTS JANUARY "/reports/"

/* ---- a node whose other thread works when it is told to
 * ------------------------------------------
 */

static struct {
    struct {
        api_job *run, *done;
        void *of;
    } at[8];
    size_t count;
} jobs;

static void work(void *context, api_job *run, api_job *done, void *of)
{
    (void)context;
    REQUIRE(jobs.count < ARRAY_SIZE(jobs.at));
    jobs.at[jobs.count].run = run;
    jobs.at[jobs.count].done = done;
    jobs.at[jobs.count++].of = of;
}

/* The job that came first, which may bring another one. */
static void work_once(void)
{
    REQUIRE(jobs.count > 0);
    api_job *run = jobs.at[0].run, *done = jobs.at[0].done;
    void *of = jobs.at[0].of;
    memmove(&jobs.at[0], &jobs.at[1], --jobs.count * sizeof(jobs.at[0]));
    run(of);
    done(of);
}

static void work_all(void)
{
    while (jobs.count > 0)
        work_once();
}

/* ---- a month with payments to two, of whom one can be paid
 * ---------------------------------------
 */

#define ACCOUNT                                                                                    \
    "{\"currency\":\"EUR\",\"holder\":\"Lux Cinemas\",\"iban\":\"DE89370400440532013000\","        \
    "\"bic\":null}"

static void open_final(void)
{
    open_january();
    CHECK_INT(post(BOOKS, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":50}"), 200);
    CHECK_INT(post(CINEMA, "/v1/payment-accounts", OFFICE, ACCOUNT), 200);
    CHECK_INT(post(CINEMA, "/v1/payment-accounts", FINANCE, ACCOUNT), 200);
    CHECK_INT(post(GROCER, "/v1/payment-accounts", OFFICE,
                   "{\"currency\":\"EUR\",\"holder\":\"Grocer\",\"iban\":\"AT611904300234573201\","
                   "\"bic\":null}"),
              200);
    CHECK_INT(post(GROCER, "/v1/payment-accounts", FINANCE,
                   "{\"currency\":\"EUR\",\"holder\":\"Grocer\",\"iban\":\"AT611904300234573201\","
                   "\"bic\":null}"),
              200);
    clock_to("2027-02-02T09:00:00Z");
    CHECK_INT(post(CINEMA, JANUARY "/propose", OFFICE, "{}"), 200);
    for (uint16_t i = GROCER; i <= FUEL; i++)
        sign_twice(i);
    CHECK_INT(post(CINEMA, JANUARY "/finalise", OFFICE, "{}"), 200);
}

/* ---- every report ------------------------------------------------------------------------------
 */

static const struct {
    const char *word, *type, *ending;
} formats[REPORT_FORMAT_COUNT] = {
    [REPORT_PDF] = {"pdf", "application/pdf", "pdf"},
    [REPORT_CSV] = {"csv", "text/csv; charset=utf-8", "csv"},
    [REPORT_JSON] = {"json", "application/json", "json"},
    [REPORT_HTML] = {"html", "text/html; charset=utf-8", "html"},
    [REPORT_XML] = {"xml", "application/xml", "xml"},
    [REPORT_JOURNAL] = {"journal", "text/plain; charset=utf-8", "journal"},
};

struct made { /* of what the node tells */
    struct accounts accounts;
    struct period_view *view;
    struct liability_view *last, *all;
    struct buffer report, left_out;
};

static void read_points(const char *history, struct liability_view **view_out)
{
    char target[96];
    struct error error;
    snprintf(target, sizeof(target), JANUARY "/liability?history=%s&tables_from=0", history);
    CHECK_INT(get(GROCER, target), 200);
    REQUIRE(liability_view_read(answer.json, w->charter, view_out, &error));
}

static void made_open(struct made *made)
{
    struct error error;
    *made = (struct made){.view = NULL};
    CHECK_INT(get(GROCER, JANUARY), 200);
    REQUIRE(period_view_read(answer.json, w->charter, &made->view, &error));
    CHECK_INT(get(GROCER, "/v1/payment-accounts"), 200);
    REQUIRE(accounts_join(&made->accounts, answer.json, &error));
    read_points("last", &made->last);
    read_points("true", &made->all);
    buffer_init(&made->report, API_RESPONSE_MAX);
    buffer_init(&made->left_out, API_RESPONSE_MAX);
}

static void made_close(struct made *made)
{
    accounts_release(&made->accounts);
    period_view_close(made->view);
    liability_view_close(made->last);
    liability_view_close(made->all);
    buffer_release(&made->report);
    buffer_release(&made->left_out);
}

static struct report_request request_of(struct made *made, const char *name,
                                        enum report_format format)
{
    struct report_request request = {.view = made->view,
                                     .accounts = &made->accounts,
                                     .left_out = &made->left_out,
                                     .execution = made->view->today,
                                     .paid_on = made->view->pay_by};
    request.has_partner = report_scope(name, format) == REPORT_OF_ONE;
    request.partner = (struct partner_id){GROCER};
    if (report_needs_liability(name))
        request.liability = report_needs_history(name) ? made->all : made->last;
    return request;
}

/* What the API gives is what report_write() makes of `request`. */
static void check_same(struct made *made, const char *name, enum report_format format,
                       const struct report_request *request, const char *more)
{
    char target[192];
    struct error error;
    buffer_clear(&made->report);
    buffer_clear(&made->left_out);
    REQUIRE(report_write(name, format, request, &made->report, &error));
    snprintf(target, sizeof(target), REPORTS "%s?format=%s%s", name, formats[format].word, more);
    CHECK_INT(get(GROCER, target), 200);
    CHECK_TEXT(answer.type, formats[format].type);
    CHECK_TEXT(answer.cache, "no-store");
    CHECK_INT(answer.size, made->report.size);
    if (answer.size != made->report.size ||
        memcmp(answer.body, made->report.at, answer.size) != 0) {
        printf("%s\n", target);
        CHECK(!"is the same file");
    }
}

CASE(every_report_is_the_file_that_is_written_of_the_figures)
{
    static const char *const all[] = {"statement", "matrix", "nets",     "payments",
                                      "journal",   "fees",   "disputes", "exceptions",
                                      "liability", "ageing", "breakage", "deferred"};
    struct made made;
    struct error error;
    char name[96];
    size_t count = 0;
    open_final();
    made_open(&made);
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        for (size_t f = 0; f < REPORT_FORMAT_COUNT; f++) {
            enum report_format format = (enum report_format)f;
            if (!report_known(all[i], format, &error))
                continue;
            struct report_request request = request_of(&made, all[i], format);
            check_same(&made, all[i], format, &request,
                       format == REPORT_XML ? "&partial=true" : "");
            snprintf(name, sizeof(name), "2027-01-%s%s.%s", all[i],
                     request.has_partner ? "-grocer" : "", formats[f].ending);
            CHECK_TEXT(answer.file_name, name);
            count++;
        }
    CHECK_INT(count, 40);
    made_close(&made);
    close_all();
}

CASE(options_are_those_of_the_command)
{
    struct made made;
    open_final();
    made_open(&made);
    struct report_request request = request_of(&made, "statement", REPORT_CSV);
    request.partner.v = CINEMA;
    memcpy(request.currency, "EUR", CURRENCY_SIZE);
    check_same(&made, "statement", REPORT_CSV, &request, "&partner=cinema&currency=EUR");
    CHECK_TEXT(answer.file_name, "2027-01-statement-cinema-EUR.csv");
    request = request_of(&made, "journal", REPORT_JOURNAL);
    request.has_partner = true;
    request.dialect = JOURNAL_BEANCOUNT;
    request.continues = true;
    request.paid_on = (struct date){2027, 2, 5};
    check_same(&made, "journal", REPORT_JOURNAL, &request,
               "&partner=grocer&dialect=beancount&continues=true&paid_on=2027-02-05");
    CHECK_TEXT(answer.file_name, "2027-01-journal-grocer.beancount");
    request = request_of(&made, "payments", REPORT_XML);
    request.execution = (struct date){2027, 2, 5};
    check_same(&made, "payments", REPORT_XML, &request, "&execution=2027-02-05&partial=true");
    request = request_of(&made, "ageing", REPORT_JSON);
    request.has_partner = true;
    request.partner.v = BOOKS;
    check_same(&made, "ageing", REPORT_JSON, &request, "&partner=books");
    made_close(&made);
    close_all();
}

CASE(orders_for_less_than_all_are_asked_for)
{
    open_final();
    CHECK_INT(get(GROCER, REPORTS "payments?format=xml"), 409);
    CHECK_TEXT(word("code"), "no-report");
    CHECK(strstr(word("detail"), "books") != NULL);
    CHECK(strstr(word("detail"), "partial=true") != NULL);
    CHECK_INT(get(GROCER, REPORTS "payments?format=xml&partial=true"), 200);
    CHECK(strstr(answer.body, "DE89370400440532013000") != NULL);
    close_all();
}

CASE(exposure_is_of_now)
{
    struct buffer report;
    struct error error;
    char target[64];
    open_january();
    CHECK_INT(get(GROCER, "/v1/exposure"), 200);
    json_t *told = json_incref(answer.json);
    for (size_t i = REPORT_CSV; i <= REPORT_HTML; i++) {
        buffer_init(&report, API_RESPONSE_MAX);
        REQUIRE(report_exposure_write(told, formats[i].word, &report, &error));
        snprintf(target, sizeof(target), "/v1/reports/exposure?format=%s", formats[i].word);
        CHECK_INT(get(GROCER, target), 200);
        CHECK_TEXT(answer.type, formats[i].type);
        CHECK(answer.size == report.size && memcmp(answer.body, report.at, report.size) == 0);
        CHECK(strncmp(answer.file_name, "exposure.", 9) == 0);
        buffer_release(&report);
    }
    json_decref(told);
    close_all();
}

/* ---- what is refused ---------------------------------------------------------------------------
 */

CASE(what_makes_no_sense_is_refused)
{
    static const struct {
        const char *target;
        int status;
        const char *code, *detail;
    } all[] = {
        {REPORTS "taxes?format=csv", 404, "not-found", "there are statement, matrix"},
        {REPORTS "ta%ffes?format=csv", 404, "not-found", "'ta?es'"},
        {"/v1/periods/2027-13/reports/nets?format=csv", 400, "malformed", "a period by its name"},
        {"/v1/periods/2027-03/reports/nets?format=csv", 404, "not-found", "not begun"},
        {"/v1/periods/2027-03/reports/ageing?format=csv", 404, "not-found", ""},
        {REPORTS "nets", 400, "malformed", "format is needed"},
        {REPORTS "nets?format=docx", 400, "malformed", "format is pdf, csv"},
        {REPORTS "nets?format=%63sv", 400, "malformed", "not '%63sv'"},
        {REPORTS "matrix?format=pdf", 400, "malformed", "it comes as csv, json, html"},
        {REPORTS "nets?format=csv&colour=red", 400, "malformed", "The query knows"},
        {REPORTS "nets?format=csv&partner=books", 400, "malformed", "takes no partner"},
        {REPORTS "statement?format=csv&partner=nobody", 400, "malformed", "no partner 'nobody'"},
        {REPORTS "ageing?format=csv&partner=nobody", 400, "malformed", "no partner 'nobody'"},
        {REPORTS "statement?format=csv&currency=XYZ", 400, "malformed", "the charter's"},
        {REPORTS "disputes?format=csv&currency=EUR", 400, "malformed", "takes no currency"},
        {REPORTS "ageing?format=csv&currency=EUR", 400, "malformed", "takes no currency"},
        {REPORTS "nets?format=csv&dialect=ledger", 400, "malformed", "for format journal"},
        {REPORTS "nets?format=csv&paid_on=2027-02-01", 400, "malformed", "paid_on are for"},
        {REPORTS "journal?format=journal&dialect=gnucash", 400, "malformed", "not 'gnucash'"},
        {REPORTS "journal?format=journal&continues=yes", 400, "malformed", "true or false"},
        {REPORTS "journal?format=journal&paid_on=2027-02-30", 400, "malformed", "takes a day"},
        {REPORTS "payments?format=xml&execution=soon", 400, "malformed", "execution takes a day"},
        {REPORTS "payments?format=csv&execution=2027-02-01", 400, "malformed", "for format xml"},
        {REPORTS "payments?format=xml&partner=fuel", 409, "no-report", "nothing to pay"},
        {REPORTS "exposure?format=csv", 400, "malformed", "neither period nor partner"},
        {"/v1/reports/nets?format=csv", 404, "not-found", "/v1/periods/PERIOD/reports/NAME"},
        {"/v1/reports/exposure?format=pdf", 400, "malformed", "it comes as csv, json or html"},
        {"/v1/reports/exposure?format=csv&dialect=ledger", 400, "malformed", "no option but"},
    };
    open_final();
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        CHECK_INT(get(GROCER, all[i].target), all[i].status);
        CHECK_TEXT(word("code"), all[i].code);
        if (!strstr(word("detail"), all[i].detail)) {
            printf("%s: %s\n", all[i].target, word("detail"));
            CHECK(!"tells what is wrong");
        }
        CHECK_TEXT(answer.file_name, "");
    }
    close_all();
}

CASE(who_may_see_the_figures_may_have_the_report)
{
    static const int may[] = {OFFICE, FINANCE, AUDITOR}, may_not[] = {TILL, ADMIN};
    static const char *const targets[] = {
        REPORTS "nets?format=csv", REPORTS "exceptions?format=csv", REPORTS "ageing?format=csv",
        "/v1/reports/exposure?format=csv"};
    open_final();
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(may); k++)
            CHECK_INT(ask(GROCER, "GET", targets[i], may[k], NULL, NULL), 200);
        for (size_t k = 0; k < ARRAY_SIZE(may_not); k++)
            CHECK_INT(ask(GROCER, "GET", targets[i], may_not[k], NULL, NULL), 403);
        CHECK_INT(ask(GROCER, "GET", targets[i], OFFICE, NULL, "{}"), 413);
        CHECK_INT(post(GROCER, targets[i], OFFICE, "{}"), 405);
    }
    api_drain(apis[GROCER]);
    CHECK_INT(get(GROCER, REPORTS "nets?format=csv"), 503);
    CHECK_TEXT(word("code"), "stopping");
    close_all();
}

CASE(what_would_take_too_much_is_left_to_the_command)
{
    api_extra = (struct api_config){.report_answers_max = 2};
    open_final();
    CHECK_INT(get(GROCER, REPORTS "nets?format=csv"), 413); /* charter, period, accounts */
    CHECK_TEXT(word("code"), "too-large");
    CHECK(strstr(word("detail"), "accrue report") != NULL);
    CHECK_INT(get(GROCER, REPORTS "ageing?format=csv"), 200); /* charter, tables */
    close_all();
    api_extra = (struct api_config){.report_bytes_max = 1000};
    open_january();
    CHECK_INT(get(GROCER, REPORTS "nets?format=csv"), 413);
    CHECK_INT(get(GROCER, "/v1/reports/exposure?format=csv"), 200);
    close_all();
    api_extra = (struct api_config){.work = NULL};
}

/* ---- while it is made --------------------------------------------------------------------------
 */

struct asked {
    char bearer[32];
    int answers, status, retry_after_s;
};

static void on_report(void *context, struct api_response *response)
{
    struct asked *asked = context;
    asked->answers++;
    asked->status = response->status;
    asked->retry_after_s = response->retry_after_s;
    buffer_release(&response->body);
}

static struct api_call *begin(struct asked *asked, const char *target)
{
    *asked = (struct asked){.answers = 0};
    snprintf(asked->bearer, sizeof(asked->bearer), "Bearer %s", names[OFFICE]);
    struct api_request request = {.method = bytes_text("GET"),
                                  .target = bytes_text(target),
                                  .authorization = bytes_text(asked->bearer)};
    struct api_responder responder = {.context = asked, .respond = on_report, .wake = on_wake};
    return api_handle(apis[GROCER], &request, bytes_text(""), &responder);
}

static void open_working(void)
{
    api_extra = (struct api_config){.work = work};
    open_final();
}

static void close_working(void)
{
    CHECK_INT(jobs.count, 0);
    CHECK_INT(api_pending(apis[GROCER]), 0);
    close_all();
    api_extra = (struct api_config){.work = NULL};
}

CASE(two_are_made_at_once)
{
    struct asked asked[3];
    struct api_call *calls[3];
    open_working();
    for (size_t i = 0; i < 3; i++)
        calls[i] = begin(&asked[i], REPORTS "statement?format=pdf");
    CHECK_INT(asked[0].answers + asked[1].answers, 0);
    CHECK_INT(asked[2].status, 503);
    CHECK_INT(asked[2].retry_after_s, 1);
    CHECK_INT(get(GROCER, JANUARY), 200); /* all else goes on */
    CHECK_INT(api_pending(apis[GROCER]), 2);
    work_all();
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(asked[i].answers, 1);
        CHECK_INT(asked[i].status, 200);
    }
    for (size_t i = 0; i < 3; i++)
        api_call_close(calls[i]);
    calls[0] = begin(&asked[0], REPORTS "nets?format=csv");
    work_all();
    CHECK_INT(asked[0].status, 200);
    api_call_close(calls[0]);
    close_working();
}

/* The client goes after none, one or two of the steps. */
CASE(one_that_nobody_waits_for_is_dropped)
{
    struct asked asked;
    open_working();
    for (size_t steps = 0; steps < 3; steps++)
        for (size_t again = 0; again < 3; again++) { /* more than there may be at once */
            struct api_call *call = begin(&asked, REPORTS "statement?format=pdf&partner=books");
            for (size_t i = 0; i < steps; i++)
                work_once();
            CHECK_INT(jobs.count, 1);
            api_call_close(call);
            work_once();
            CHECK_INT(jobs.count, 0); /* and no answer more is asked for */
            CHECK_INT(asked.answers, 0);
        }
    struct api_call *call = begin(&asked, REPORTS "statement?format=pdf&partner=books");
    work_all();
    CHECK_INT(asked.status, 200);
    api_call_close(call);
    close_working();
}

int main(void)
{
    RUN(every_report_is_the_file_that_is_written_of_the_figures);
    RUN(options_are_those_of_the_command);
    RUN(orders_for_less_than_all_are_asked_for);
    RUN(exposure_is_of_now);
    RUN(what_makes_no_sense_is_refused);
    RUN(who_may_see_the_figures_may_have_the_report);
    RUN(what_would_take_too_much_is_left_to_the_command);
    RUN(two_are_made_at_once);
    RUN(one_that_nobody_waits_for_is_dropped);
    paper_release_fonts();
    return check_report();
}
