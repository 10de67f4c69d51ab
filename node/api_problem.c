#include "node/api_problem.h"

#include <stdio.h>
#include <string.h>

static const struct {
    int status;
    const char *code, *title;
} problems[] = {
#define X(name, status, code, title) {status, code, title},
    API_PROBLEMS(X)
#undef X
};

enum { HISTORY_RETRY_S = 10 }; /* it comes at a bounded pace */

void problem_init(struct problem *problem, enum problem_code code)
{
    must(code < API_PROBLEM_COUNT);
    memset(problem, 0, sizeof(*problem));
    problem->code = code;
}

void problem_init_verdict(struct problem *problem, enum verdict verdict)
{
    problem_init(problem, PROBLEM_VERDICT);
    problem->verdict = verdict;
}

bool problem_init_lacking(struct problem *problem, const struct error *error)
{
    if (error->code != ERROR_GONE && error->code != ERROR_NOT_YET)
        return false;
    bool gone = error->code == ERROR_GONE;
    problem_init(problem, gone ? PROBLEM_PRUNED : PROBLEM_NOT_HERE_YET);
    problem->retry_after_s = gone ? 0 : HISTORY_RETRY_S;
    (void)snprintf(problem->detail, sizeof(problem->detail), "%.*s.", PROBLEM_DETAIL_SIZE - 2,
                   error->text);
    return true;
}

int problem_status(const struct problem *problem)
{
    return problem->code == PROBLEM_VERDICT ? verdict_status(problem->verdict)
                                            : problems[problem->code].status;
}

const char *problem_word(const struct problem *problem)
{
    return problem->code == PROBLEM_VERDICT ? verdict_word(problem->verdict)
                                            : problems[problem->code].code;
}

static void write_mistakes(const struct form_mistakes *mistakes, struct json_out *json)
{
    if (mistakes->count == 0)
        return;
    json_open_array(json, "errors");
    for (size_t i = 0; i < mistakes->count && i < FORM_MISTAKES_MAX; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "pointer", mistakes->at[i].pointer);
        json_put_word(json, "detail", mistakes->at[i].detail);
        json_close_object(json);
    }
    json_close_array(json);
}

void problem_write(const struct problem *problem, struct json_out *json, struct bytes instance,
                   const char *trace_id)
{
    const char *word = problem_word(problem);
    char type[96];
    (void)snprintf(type, sizeof(type), "urn:problem-type:accrue:%s", word);
    json_put_word(json, "type", type);
    json_put_word(json, "title",
                  problem->code == PROBLEM_VERDICT ? verdict_sentence(problem->verdict)
                                                   : problems[problem->code].title);
    json_put_int(json, "status", problem_status(problem));
    if (problem->detail[0])
        json_put_word(json, "detail", problem->detail);
    if (instance.size > 0)
        json_put_text(json, "instance", instance);
    json_put_word(json, "code", word);
    write_mistakes(&problem->mistakes, json);
    json_put_word(json, "trace_id", trace_id);
}
