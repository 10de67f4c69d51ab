#include "node/cli_period.h"

#include "node/cli_write.h"
#include "node/report_source.h"

#include <string.h>

/* Whose node it is. */
static bool get_self(struct cli_period *own, struct error *error)
{
    int status = 0;
    if (!http_ask(own->http, &own->target, "/v1/coalition", NULL, NULL, &status, &own->coalition,
                  error))
        return false;
    const char *name = json_string_value(json_object_get(own->coalition, "partner"));
    return (name && period_view_partner(own->view, name, &own->self)) ||
           error_set(error, ERROR_INVALID, "%s does not say whose node it is", own->target.url);
}

/* A refusal is the node's word, and no failure to ask. */
static bool ask(const struct cli *cli, struct http *http, const struct cli_target *target,
                const char *path, json_t **answer_out, int *exit_out)
{
    char text[512];
    struct error error;
    int status = 0;
    if (!http_ask(http, target, path, NULL, NULL, &status, answer_out, &error)) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    if (status == 200)
        return true;
    http_problem_text(status, *answer_out, text);
    *exit_out = cli_fail(cli, status >= 500 ? CLI_UNREACHABLE : CLI_REFUSED, "%s", text);
    json_decref(*answer_out);
    *answer_out = NULL;
    return false;
}

bool cli_period_ask(const struct cli *cli, struct http *http, const struct cli_target *target,
                    const char *period, json_t **answer_out, int *exit_out)
{
    struct answer_pages pages = {.kind = PAGES_PERIOD};
    char path[REPORT_PATH_SIZE];
    struct error error;
    json_t *page;
    while (!pages.done) {
        answer_pages_path(&pages, period, path);
        if (!ask(cli, http, target, path, &page, exit_out))
            break;
        if (!answer_pages_take(&pages, page, &error)) {
            *exit_out = cli_fail(cli, CLI_REFUSED, "%s", error.text);
            break;
        }
    }
    bool ok = pages.done;
    if (ok)
        *answer_out = json_incref(pages.whole);
    answer_pages_release(&pages);
    return ok;
}

static bool get_period(const struct cli *cli, struct cli_period *own, const char *period,
                       int *exit_out)
{
    struct error error;
    if (!cli_period_ask(cli, own->http, &own->target, period, &own->answer, exit_out))
        return false;
    if (period_view_read(own->answer, own->charter, &own->view, &error))
        return true;
    *exit_out = cli_fail(cli, CLI_REFUSED, "%s", error.text);
    return false;
}

static bool find_target(const struct cli *cli, const char *scope, const char *period,
                        struct cli_target *target, int *exit_out)
{
    struct error error;
    if (!period || !period_name_shaped(period)) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "--period PERIOD is needed, such as 2026-11: 'accrue settle status' "
                             "lists them");
        return false;
    }
    if (cli_target_find(cli, scope, target, &error))
        return true;
    *exit_out = cli_fail_error(cli, &error);
    return false;
}

bool cli_period_open(const struct cli *cli, const char *scope, const char *period,
                     struct cli_period *own, int *exit_out)
{
    struct error error;
    memset(own, 0, sizeof(*own));
    if (!find_target(cli, scope, period, &own->target, exit_out))
        return false;
    own->http = http_open(1, cli->timeout_s * 1000);
    bool ok = cli_charter(own->http, &own->target, &own->charter, &error);
    if (!ok)
        *exit_out = cli_fail_error(cli, &error);
    ok = ok && get_period(cli, own, period, exit_out);
    if (ok && !get_self(own, &error)) {
        *exit_out = cli_fail_error(cli, &error);
        ok = false;
    }
    if (!ok)
        cli_period_close(own);
    return ok;
}

bool cli_period_again(const struct cli *cli, struct cli_period *own, int *exit_out)
{
    char name[PERIOD_NAME_SIZE];
    memcpy(name, own->view->name, sizeof(name));
    json_decref(own->answer);
    period_view_close(own->view);
    own->answer = NULL;
    own->view = NULL;
    return get_period(cli, own, name, exit_out);
}

void cli_period_close(struct cli_period *own)
{
    period_view_close(own->view);
    json_decref(own->answer);
    json_decref(own->coalition);
    charter_close(own->charter);
    http_close(own->http);
    memset(own, 0, sizeof(*own));
}

bool cli_accounts_read(const struct cli *cli, const char *path, struct accounts *accounts_out,
                       int *exit_out)
{
    struct buffer json;
    struct error error;
    if (!path)
        return true;
    buffer_init(&json, ACCOUNTS_FILE_MAX);
    bool ok = cli_file_read(path, ACCOUNTS_FILE_MAX, &json, &error) &&
              (accounts_read(buffer_bytes(&json), accounts_out, &error) ||
               error_wrap(&error, "%s", path));
    buffer_release(&json);
    if (!ok)
        *exit_out = cli_fail_error(cli, &error);
    return ok;
}

bool cli_accounts_join(const struct cli *cli, struct cli_period *own, struct accounts *accounts,
                       int *exit_out)
{
    struct error error;
    char text[512];
    int status = 0;
    json_t *answer = NULL;
    if (!http_ask(own->http, &own->target, "/v1/payment-accounts", NULL, NULL, &status, &answer,
                  &error)) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    bool ok = status == 200;
    if (!ok) {
        http_problem_text(status, answer, text);
        *exit_out = cli_fail(cli, status >= 500 ? CLI_UNREACHABLE : CLI_REFUSED, "%s", text);
    } else if (!accounts_join(accounts, answer, &error)) {
        *exit_out = cli_fail_error(cli, &error);
        ok = false;
    }
    json_decref(answer);
    return ok;
}
