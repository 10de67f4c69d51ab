/* Reports as files: what `accrue report` writes, made by the node itself.
 *
 *     loop:    the next answer that it needs, by a call of this API with the asker's own token
 *     worker:  that answer read; after the last one, the report written
 *     loop:    the next answer, or the report to whoever asked
 *
 * So nothing that takes time holds the loop up, and a report shows nobody more than its token may
 * see. A job belongs to the worker between work() and its `done`, but for `call`, which is the
 * loop's: NULL once the client is gone.
 */
#include "node/api_parts.h"
#include "node/paper.h"
#include "node/report_source.h"

#include <stdlib.h>
#include <string.h>

enum { OPTION_SIZE = 96, QUERY_OPTIONS = 8, LEFT_OUT_TEXT = 380 };

struct report_job {
    struct api *api;
    struct api_call *call;
    struct report_source *source;
    bool partial; /* orders without those payments that cannot be made are wanted, too */
    struct api_response heard;
    char path[REPORT_PATH_SIZE];
    size_t answers, bytes;
    bool ok, more;
    struct buffer report, left_out;
    enum report_fault fault;
    struct error error;
};

static const struct report_words words = {"", "paid_on"};

/* ---- answering ------------------------------------------------------------------------------- */

static const char *media_type(enum report_format format)
{
    switch (format) {
    case REPORT_PDF:
        return "application/pdf";
    case REPORT_CSV:
        return "text/csv; charset=utf-8";
    case REPORT_JSON:
        return "application/json";
    case REPORT_HTML:
        return "text/html; charset=utf-8";
    case REPORT_XML:
        return "application/xml";
    case REPORT_JOURNAL:
        return "text/plain; charset=utf-8";
    case REPORT_FORMAT_COUNT:
        break;
    }
    must(!"a report of no format");
}

/* The text as a sentence. */
static void refuse(struct api_call *call, enum problem_code code, const struct error *error)
{
    api_refuse(call, code, "%.*s.", PROBLEM_DETAIL_SIZE - 2, error->text);
}

static void refuse_report(struct api_call *call, const struct error *error)
{
    if (error->code == ERROR_LIMIT)
        api_refuse(call, PROBLEM_TOO_LARGE, "%.300s: 'accrue report' makes larger ones.",
                   error->text);
    else if (error->code == ERROR_IO)
        api_respond_error(call, error);
    else
        refuse(call, PROBLEM_NO_REPORT, error);
}

/* What the API has said to the asker's own token is said to the asker. */
static void pass_on(struct api_call *call, struct api_response *heard)
{
    struct api_response response = *heard;
    memset(heard, 0, sizeof(*heard));
    api_respond(call, &response);
}

static void answer_fault(struct report_job *job)
{
    switch (job->fault) {
    case REPORT_FAULT_NAME:
        refuse(job->call, PROBLEM_NOT_FOUND, &job->error);
        return;
    case REPORT_FAULT_USAGE:
        refuse(job->call, PROBLEM_MALFORMED, &job->error);
        return;
    case REPORT_FAULT_ANSWER:
        pass_on(job->call, &job->heard);
        return;
    case REPORT_FAULT_UNTRUE:
        refuse(job->call, PROBLEM_NO_REPORT, &job->error);
        return;
    case REPORT_FAULT_REPORT:
        refuse_report(job->call, &job->error);
        return;
    }
    must(!"a fault of no kind");
}

/* A bank that gets orders for less than all must not come as a surprise. */
static bool leaves_out(struct report_job *job)
{
    if (job->left_out.size == 0 || job->partial)
        return false;
    api_refuse(job->call, PROBLEM_NO_REPORT,
               "Not every payment can be ordered: %.*s. With partial=true the others are.",
               LEFT_OUT_TEXT, buffer_text(&job->left_out));
    return true;
}

static void answer_report(struct report_job *job)
{
    struct api_response response;
    if (leaves_out(job))
        return;
    api_response_init(&response, 200, media_type(report_source_format(job->source)));
    report_source_file_name(job->source, response.file_name);
    buffer_release(&response.body);
    response.body = job->report;
    memset(&job->report, 0, sizeof(job->report));
    api_respond(job->call, &response);
}

/* ---- a job ----------------------------------------------------------------------------------- */

static void job_close(struct report_job *job)
{
    if (job->call)
        job->call->report = NULL;
    job->api->report_count--;
    report_source_close(job->source);
    buffer_release(&job->heard.body);
    buffer_release(&job->report);
    buffer_release(&job->left_out);
    free(job);
}

void api_report_forget(struct api_call *call)
{
    if (call->report)
        call->report->call = NULL;
    call->report = NULL;
}

/* On another thread. */
static void run(void *context)
{
    struct report_job *job = context;
    job->ok = report_source_take(job->source, job->heard.status, buffer_bytes(&job->heard.body),
                                 &job->fault, &job->error);
    job->more = job->ok && report_source_next(job->source, job->path);
    if (job->ok && !job->more)
        job->ok = report_source_write(job->source, &job->report, &job->left_out, &job->fault,
                                      &job->error);
    /* Each thread of a pool would keep them for good. */
    if (!job->more && report_source_format(job->source) == REPORT_PDF)
        paper_release_thread();
}

static void ask_on(struct report_job *job);

static void done(void *context)
{
    struct report_job *job = context;
    if (job->call && job->ok && job->more) {
        ask_on(job);
        return;
    }
    if (job->call && job->ok)
        answer_report(job);
    else if (job->call)
        answer_fault(job);
    job_close(job);
}

static void hear(void *context, struct api_response *response)
{
    struct report_job *job = context;
    buffer_release(&job->heard.body);
    job->heard = *response;
}

static void hear_nothing(void *context)
{
    (void)context;
}

/* Asked as the client itself would, and traced as one with it. */
static void ask_self(struct report_job *job)
{
    char trace[64];
    struct api_responder responder = {.context = job, .respond = hear, .wake = hear_nothing};
    (void)snprintf(trace, sizeof(trace), "00-%s-0000000000000001-00", job->call->trace_id);
    struct api_request request = {.method = bytes_text("GET"),
                                  .target = bytes_text(job->path),
                                  .authorization = job->call->request.authorization,
                                  .traceparent = bytes_text(trace),
                                  .loopback = job->call->request.loopback};
    struct api_call *own = api_handle(job->api, &request, bytes_text(""), &responder);
    must(own->answered);
    api_call_close(own);
}

static void ask_on(struct report_job *job)
{
    struct api *api = job->api;
    if (job->answers < api->config.report_answers_max &&
        job->bytes < api->config.report_bytes_max) {
        ask_self(job);
        job->answers++;
        job->bytes += job->heard.body.size;
        if (api->config.work) {
            api->config.work(api->config.context, run, done, job);
        } else {
            run(job);
            done(job);
        }
        return;
    }
    api_refuse(job->call, PROBLEM_TOO_LARGE,
               "It is made of more than a node gathers at once: 'accrue report' makes it.");
    job_close(job);
}

/* ---- requests -------------------------------------------------------------------------------- */

struct texts {
    char at[QUERY_OPTIONS][OPTION_SIZE];
    size_t count;
};

/* It may come back in a problem's text. What is longer than any good value is cut, and stays a bad
 * one. */
static const char *keep(struct bytes text, struct texts *texts)
{
    must(texts->count < QUERY_OPTIONS);
    char *out = texts->at[texts->count++];
    size_t size = text.size < OPTION_SIZE ? text.size : OPTION_SIZE - 1;
    for (size_t i = 0; i < size; i++)
        out[i] = text.at[i] >= 0x20 && text.at[i] < 0x7f ? (char)text.at[i] : '?';
    out[size] = 0;
    return out;
}

/* NULL: not given. */
static const char *take_text(const struct api_call *call, const char *name, struct texts *texts)
{
    struct bytes text;
    return api_query(call, name, &text) ? keep(text, texts) : NULL;
}

static bool take_flag(struct api_call *call, const char *name, bool *flag_out)
{
    struct bytes text;
    *flag_out = false;
    if (!api_query(call, name, &text))
        return true;
    *flag_out = bytes_equal(text, bytes_text("true"));
    if (*flag_out || bytes_equal(text, bytes_text("false")))
        return true;
    api_refuse(call, PROBLEM_MALFORMED, "%s is true or false.", name);
    return false;
}

/* False: answered. */
static bool read_query(struct api_call *call, struct report_options *own, struct texts *texts,
                       bool *partial_out)
{
    static const char *const known[] = {"format",    "partner",   "currency", "dialect",
                                        "continues", "execution", "paid_on",  "partial"};
    if (!api_query_only(call, known, ARRAY_SIZE(known))) {
        api_refuse(call, PROBLEM_MALFORMED,
                   "The query knows format, partner, currency, dialect, continues, paid_on, "
                   "execution and partial.");
        return false;
    }
    own->words = &words;
    own->format = take_text(call, "format", texts);
    own->partner = take_text(call, "partner", texts);
    own->currency = take_text(call, "currency", texts);
    own->dialect = take_text(call, "dialect", texts);
    own->execution = take_text(call, "execution", texts);
    own->paid_on = take_text(call, "paid_on", texts);
    return take_flag(call, "continues", &own->continues) && take_flag(call, "partial", partial_out);
}

static void begin(struct api_call *call, const char *name, const char *period)
{
    struct texts texts = {.count = 0};
    struct report_options own = {.name = keep(bytes_text(name), &texts), .period = period};
    struct report_job *job;
    bool partial;
    if (!read_query(call, &own, &texts, &partial))
        return;
    if (call->api->report_count >= API_REPORTS_MAX) {
        api_refuse(call, PROBLEM_REPORTS, "%d are being made: ask again.", API_REPORTS_MAX);
        return;
    }
    job = allocate(1, sizeof(*job));
    *job = (struct report_job){.api = call->api, .call = call, .partial = partial};
    call->report = job;
    call->api->report_count++;
    buffer_init(&job->report, API_RESPONSE_MAX);
    buffer_init(&job->left_out, API_RESPONSE_MAX);
    if (!report_source_open(&own, NULL, &job->source, &job->fault, &job->error)) {
        answer_fault(job);
        job_close(job);
        return;
    }
    must(report_source_next(job->source, job->path));
    ask_on(job);
}

void api_get_report(struct api_call *call)
{
    uint32_t number;
    if (api_argument_period(call, &number))
        begin(call, call->arguments[1], call->arguments[0]);
}

void api_get_report_of_now(struct api_call *call)
{
    if (strcmp(call->arguments[0], "exposure") == 0)
        begin(call, call->arguments[0], NULL);
    else
        api_refuse(call, PROBLEM_NOT_FOUND,
                   "Of now there is exposure; others are of a period: "
                   "/v1/periods/PERIOD/reports/NAME.");
}
