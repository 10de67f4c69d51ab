#include "node/cli_deal.h"

#include "node/time_text.h"
#include "partners/date.h"

#include <inttypes.h>
#include <string.h>

enum { LIST_ITEMS_MAX = 1 << 21 }; /* more than a coalition may have of anything */

/* With the first `count` of some options before those of the command. */
static bool begin(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                  const struct cli_option *first, size_t first_count, const struct cli_option *more,
                  size_t count, const struct deal_options *own, int *exit_out)
{
    struct cli_option all[CLI_OPTIONS_MAX];
    must(first_count + count <= ARRAY_SIZE(all));
    for (size_t i = 0; i < first_count + count; i++)
        all[i] = i < first_count ? first[i] : more[i - first_count];
    if (!cli_parse(cli, command, argc, argv, all, first_count + count, exit_out))
        return false;
    if (!own->as || name_valid(bytes_text(own->as))) /* it becomes the name of a file */
        return true;
    *exit_out = cli_fail(cli, CLI_USAGE, "--as takes the name of a token, such as finance");
    return false;
}

bool deal_begin(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                const struct cli_option *more, size_t count, struct deal_options *own,
                int *exit_out)
{
    const struct cli_option first[] = {{"key", CLI_TEXT, &own->key}, {"as", CLI_TEXT, &own->as}};
    return begin(cli, command, argc, argv, first, ARRAY_SIZE(first), more, count, own, exit_out);
}

bool deal_begin_reading(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                        const struct cli_option *more, size_t count, struct deal_options *own,
                        int *exit_out)
{
    const struct cli_option first[] = {{"as", CLI_TEXT, &own->as}};
    return begin(cli, command, argc, argv, first, ARRAY_SIZE(first), more, count, own, exit_out);
}

const char *deal_scope(const struct deal_options *own)
{
    return own->as ? own->as : "office";
}

/* ---- bodies ---------------------------------------------------------------------------------- */

bool deal_charter(const struct cli *cli, const struct deal_options *own,
                  struct charter **charter_out, int *exit_out)
{
    struct cli_target target;
    struct error error;
    if (!cli_target_find(cli, deal_scope(own), &target, &error)) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    struct http *http = http_open(1, cli->timeout_s * 1000);
    bool ok = cli_charter(http, &target, charter_out, &error);
    http_close(http);
    if (!ok)
        *exit_out = cli_fail_error(cli, &error);
    return ok;
}

static bool read_moment(const struct cli *cli, const struct deal_options *own, const char *name,
                        const char *text, uint64_t *time_out, int *exit_out)
{
    struct date date;
    struct charter *charter;
    if (time_parse(bytes_text(text), time_out))
        return true;
    if (!date_parse(bytes_text(text), &date) || date_to_days(date) < 0) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "--%s is a day such as 2027-02-01, or a time such as "
                             "2027-02-01T00:00:00Z, not '%.40s'",
                             name, text);
        return false;
    }
    if (!deal_charter(cli, own, &charter, exit_out))
        return false;
    *time_out = charter_day_start(charter, date_to_days(date));
    charter_close(charter);
    return true;
}

bool deal_put_moment(const struct cli *cli, const struct deal_options *own, json_t *body,
                     const char *name, const char *text, int *exit_out)
{
    uint64_t time_ms;
    char formatted[TIME_TEXT_SIZE];
    if (!text)
        return true;
    if (!read_moment(cli, own, name, text, &time_ms, exit_out))
        return false;
    time_format(time_ms, formatted);
    json_object_set_new(body, name, json_string(formatted));
    return true;
}

/* "issue_fee" as the option is spelled. */
static void option_text(const char *name, char option_out[32])
{
    (void)snprintf(option_out, 32, "--%s", name);
    for (char *at = option_out; *at; at++)
        if (*at == '_')
            *at = '-';
}

bool deal_put_price(const struct cli *cli, json_t *body, const char *name, const char *text,
                    int *exit_out)
{
    int64_t micro;
    char option[32];
    if (!text)
        return true;
    if (cli_micro_parse(text, &micro) && micro <= PRICE_MICRO_MAX) {
        cli_put_text(body, name, text);
        return true;
    }
    option_text(name, option);
    *exit_out =
        cli_fail(cli, CLI_USAGE,
                 "%s is money a point with at most 6 decimals, up to 9, not '%.40s'", option, text);
    return false;
}

bool deal_put_points(const struct cli *cli, json_t *body, const char *name, const char *text,
                     int *exit_out)
{
    uint64_t points;
    char option[32];
    if (!text)
        return true;
    if (parse_u64(bytes_text(text), INT64_MAX, &points) && points > 0) {
        json_object_set_new(body, name, json_integer((json_int_t)points));
        return true;
    }
    option_text(name, option);
    *exit_out = cli_fail(cli, CLI_USAGE, "%s is a whole number above 0, not '%.40s'", option, text);
    return false;
}

bool deal_needs(const struct cli *cli, const char *option, const char *text, int *exit_out)
{
    if (text)
        return true;
    *exit_out = cli_fail(cli, CLI_USAGE, "--%s is needed; 'accrue %s --help' has an example",
                         option, cli->command->name);
    return false;
}

/* ---- lists ----------------------------------------------------------------------------------- */

bool deal_list(const struct cli *cli, const struct deal_options *own, const char *path,
               const char *list, json_t **items_out, int *exit_out)
{
    json_t *items = json_array();
    uint64_t from = 0;
    for (bool more = true; more;) {
        char page_path[HTTP_PATH_MAX];
        json_t *page;
        (void)snprintf(page_path, sizeof(page_path), "%.400s&from=%" PRIu64, path, from);
        if (!cli_ask(cli, deal_scope(own), page_path, &page, exit_out)) {
            json_decref(items);
            return false;
        }
        const json_t *next = json_object_get(page, "next");
        more = json_is_integer(next) && (uint64_t)json_integer_value(next) > from &&
               json_array_size(items) < LIST_ITEMS_MAX;
        from = (uint64_t)json_integer_value(next);
        (void)json_array_extend(items, json_object_get(page, list));
        json_decref(page);
    }
    *items_out = items;
    return true;
}
