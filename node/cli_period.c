#include "node/cli_period.h"

#include "node/cli_write.h"

#include <inttypes.h>
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
                const char *period, const char *of_it, json_t **answer_out, int *exit_out)
{
    char path[HTTP_PATH_MAX], text[512];
    struct error error;
    int status = 0;
    (void)snprintf(path, sizeof(path), "/v1/periods/%.32s%s", period, of_it);
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

/* The page from `from` on takes the place of what was asked before, whose disputes it is given. */
static bool ask_on(const struct cli *cli, struct http *http, const struct cli_target *target,
                   const char *period, uint64_t from, json_t **answer, int *exit_out)
{
    char of_it[48];
    struct error error;
    json_t *earlier = *answer;
    (void)snprintf(of_it, sizeof(of_it), "?disputes_from=%" PRIu64, from);
    bool ok = ask(cli, http, target, period, of_it, answer, exit_out);
    if (ok && !period_view_join(earlier, *answer, &error)) {
        *exit_out = cli_fail_error(cli, &error);
        json_decref(*answer);
        ok = false;
    }
    json_decref(earlier);
    return ok;
}

bool cli_period_ask(const struct cli *cli, struct http *http, const struct cli_target *target,
                    const char *period, json_t **answer_out, int *exit_out)
{
    json_t *answer = NULL;
    uint64_t from = 0, last = 0;
    if (!ask(cli, http, target, period, "", &answer, exit_out))
        return false;
    while (period_view_next(answer, &from)) {
        if (from <= last) {
            *exit_out = cli_fail(cli, CLI_REFUSED, "the node's pages of disputes do not end");
            json_decref(answer);
            return false;
        }
        if (!ask_on(cli, http, target, period, from, &answer, exit_out))
            return false;
        last = from;
    }
    *answer_out = answer;
    return true;
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

/* What goes into a path as it stands. */
static bool period_name_shaped(const char *period)
{
    size_t size = strlen(period);
    return size > 0 && size < PERIOD_NAME_SIZE && strspn(period, "0123456789W-") == size;
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

/* All pages of the tables, as one answer. */
static bool ask_tables(const struct cli *cli, struct http *http, const struct cli_target *target,
                       const char *period, bool all, json_t **answer_out, int *exit_out)
{
    json_t *earlier = NULL, *answer = NULL;
    uint64_t from = 0, next = 0;
    struct error error;
    char of_it[64];
    for (;;) {
        (void)snprintf(of_it, sizeof(of_it), "/liability?history=%s&tables_from=%" PRIu64,
                       all ? "true" : "last", from);
        if (!ask(cli, http, target, period, of_it, &answer, exit_out))
            break;
        if (earlier && !liability_view_join(earlier, answer, &error)) {
            *exit_out = cli_fail(cli, CLI_REFUSED, "%s", error.text);
            break;
        }
        json_decref(earlier);
        earlier = NULL;
        if (!liability_view_next(answer, &next)) {
            *answer_out = answer;
            return true;
        }
        if (next <= from) {
            *exit_out = cli_fail(cli, CLI_REFUSED, "the node's pages of tables do not end");
            break;
        }
        from = next;
        earlier = answer;
        answer = NULL;
    }
    json_decref(earlier);
    json_decref(answer);
    return false;
}

bool cli_liability_open(const struct cli *cli, const char *scope, const char *period, bool all,
                        struct cli_liability *own, int *exit_out)
{
    struct cli_target target;
    struct error error;
    json_t *answer = NULL;
    *own = (struct cli_liability){.view = NULL};
    if (!find_target(cli, scope, period, &target, exit_out))
        return false;
    struct http *http = http_open(1, cli->timeout_s * 1000);
    bool ok = cli_charter(http, &target, &own->charter, &error);
    if (!ok)
        *exit_out = cli_fail_error(cli, &error);
    ok = ok && ask_tables(cli, http, &target, period, all, &answer, exit_out);
    if (ok && !liability_view_read(answer, own->charter, &own->view, &error)) {
        *exit_out = cli_fail(cli, CLI_REFUSED, "%s", error.text);
        ok = false;
    }
    json_decref(answer);
    http_close(http);
    if (!ok)
        cli_liability_close(own);
    return ok;
}

void cli_liability_close(struct cli_liability *own)
{
    liability_view_close(own->view);
    charter_close(own->charter);
    *own = (struct cli_liability){.view = NULL};
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

bool cli_date_read(const struct cli *cli, const char *name, const char *text, struct date *date_out,
                   int *exit_out)
{
    if (date_parse(bytes_text(text), date_out))
        return true;
    *exit_out =
        cli_fail(cli, CLI_USAGE, "--%s takes a day such as 2026-12-07, not '%.40s'", name, text);
    return false;
}
