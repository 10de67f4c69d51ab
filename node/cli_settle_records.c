/* accrue settle records: the records that a period's lines are the sums of, as rows. What they come
 * to is compared with the lines that the partners sign. */
#include "node/cli_commands.h"
#include "node/cli_settle.h"

#include "partners/csv_out.h"
#include "partners/journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 250, ROW_MAX = 4096, KEY_SIZE = 256 };

struct walk {
    const struct cli *cli;
    struct cli_period period;
    const char *partner;  /* on either side; NULL: all */
    json_t *places;       /* of the lines, by key */
    struct money *wanted; /* what the line is, less what its records came to so far */
    size_t line_count;
    struct buffer out;
    char nothing[HASH_HEX_SIZE + 1]; /* the hash of a seal at which time moved nothing */
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool is_asked_for(const struct walk *walk, const json_t *owed)
{
    return !walk->partner || strcmp(text_of(owed, "debtor"), walk->partner) == 0 ||
           strcmp(text_of(owed, "creditor"), walk->partner) == 0;
}

static void key_of(const json_t *owed, char key_out[KEY_SIZE])
{
    (void)snprintf(key_out, KEY_SIZE, "%.64s %.64s %.32s %" JSON_INTEGER_FORMAT,
                   text_of(owed, "debtor"), text_of(owed, "creditor"), text_of(owed, "class"),
                   json_integer_value(json_object_get(owed, "tariff")));
}

static bool is_wrong(uint64_t index, struct error *error)
{
    return error_set(error, ERROR_INVALID,
                     "what the node says of record %" PRIu64 " is not what it should be", index);
}

/* ---- the lines ------------------------------------------------------------------------------- */

/* The answer was read before, and ties: period_view_read(). */
static void take_lines(struct walk *walk)
{
    const json_t *lines = json_object_get(walk->period.answer, "lines");
    char key[KEY_SIZE];
    size_t i;
    json_t *line;
    walk->places = json_object();
    walk->line_count = json_array_size(lines);
    walk->wanted = allocate(walk->line_count, sizeof(*walk->wanted));
    json_array_foreach(lines, i, line)
    {
        key_of(line, key);
        json_object_set_new(walk->places, key, json_integer((json_int_t)i));
        must(money_parse(text_of(line, "exact"), &walk->wanted[i]));
    }
}

/* Whether records come to what the lines are; each that they do not is said. */
static bool ties(const struct walk *walk)
{
    const json_t *lines = json_object_get(walk->period.answer, "lines");
    char rest[MONEY_TEXT_SIZE];
    bool all = true;
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line)
    {
        if (walk->wanted[i].v == 0 || !is_asked_for(walk, line))
            continue;
        all = false;
        money_format(walk->wanted[i], 0, rest);
        cli_say(stderr,
                "accrue settle records: no records tell of %s %s of %s that %s owes %s: this node "
                "may not keep what time alone moved; ask another\n",
                rest, text_of(line, "currency"), text_of(line, "class"), text_of(line, "debtor"),
                text_of(line, "creditor"));
    }
    return all;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const columns[] = {"debtor", "creditor", "currency", "class", "tax_code"};

static void put_csv(struct walk *walk, const json_t *record, const json_t *owed)
{
    char index[24], tariff[24];
    struct csv_out csv = {.out = &walk->out};
    (void)snprintf(index, sizeof(index), "%" JSON_INTEGER_FORMAT,
                   json_integer_value(json_object_get(record, "index")));
    (void)snprintf(tariff, sizeof(tariff), "%" JSON_INTEGER_FORMAT,
                   json_integer_value(json_object_get(owed, "tariff")));
    bool seal = !json_object_get(record, "type"); /* time alone moved it */
    csv_out_field(&csv, walk->period.view->name);
    csv_out_field(&csv, index);
    csv_out_field(&csv, text_of(record, "time"));
    csv_out_field(&csv, seal ? "" : text_of(record, "partner"));
    csv_out_field(&csv, seal ? "time" : text_of(record, "type"));
    csv_out_typed(&csv, text_of(record, "document"));
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        csv_out_field(&csv, text_of(owed, columns[i]));
    csv_out_field(&csv, tariff);
    csv_out_field(&csv, text_of(owed, "amount"));
    csv_out_end_row(&csv);
}

static void put_json(struct walk *walk, const json_t *record, json_t *owed)
{
    static const char *const members[] = {"index", "time", "partner", "type", "document"};
    json_t *row = json_copy(owed);
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (json_object_get(record, members[i]))
            json_object_set(row, i == 0 ? "record" : members[i],
                            json_object_get(record, members[i]));
    char *text = json_dumps(row, JSON_COMPACT);
    must(text != NULL);
    buffer_append_text(&walk->out, text);
    buffer_append_byte(&walk->out, '\n');
    free(text);
    json_decref(row);
}

static bool flush(struct walk *walk, struct error *error)
{
    bool ok =
        !walk->out.overflowed && fwrite(walk->out.at, 1, walk->out.size, stdout) == walk->out.size;
    buffer_clear(&walk->out);
    return ok || error_set(error, ERROR_IO, "standard output takes no more");
}

static bool take_owed(struct walk *walk, const json_t *record, json_t *owed, struct error *error)
{
    char key[KEY_SIZE];
    struct money money;
    key_of(owed, key);
    const json_t *place = json_object_get(walk->places, key);
    if (!money_parse(text_of(owed, "amount"), &money))
        return is_wrong((uint64_t)json_integer_value(json_object_get(record, "index")), error);
    if (place) /* a line that came to nothing is none */
        walk->wanted[json_integer_value(place)].v -= money.v;
    if (!is_asked_for(walk, owed))
        return true;
    if (walk->cli->json)
        put_json(walk, record, owed);
    else
        put_csv(walk, record, owed);
    return flush(walk, error);
}

static bool take_record(struct walk *walk, const json_t *record, struct error *error)
{
    size_t i;
    json_t *owed;
    json_array_foreach(json_object_get(record, "obligations"), i, owed)
    {
        if (!take_owed(walk, record, owed, error))
            return false;
    }
    return true;
}

/* ---- pages ----------------------------------------------------------------------------------- */

static bool ask_log(struct walk *walk, const char *path, json_t **answer_out, bool *too_large_out,
                    struct error *error)
{
    char text[512];
    int status = 0;
    if (!http_ask(walk->period.http, &walk->period.target, path, NULL, NULL, &status, answer_out,
                  error))
        return false;
    if (status == 200)
        return true;
    *too_large_out = status == 413;
    http_problem_text(status, *answer_out, text);
    json_decref(*answer_out);
    return error_set(error, ERROR_DENIED, "%s", text);
}

static void hash_nothing(char text_out[HASH_HEX_SIZE + 1])
{
    struct effect_list none;
    effect_list_init(&none);
    struct hash hash = hash_bytes(effect_list_encoded(&none));
    hex_encode(hash_as_bytes(&hash), text_out);
    effect_list_release(&none);
}

/* A page has only the hash of what time alone moved. */
static bool take_seal(struct walk *walk, const json_t *seal, struct error *error)
{
    char path[HTTP_PATH_MAX];
    json_t *whole;
    bool too_large;
    if (strcmp(text_of(seal, "automatic"), walk->nothing) == 0)
        return true;
    (void)snprintf(path, sizeof(path), "/v1/transactions/%" JSON_INTEGER_FORMAT,
                   json_integer_value(json_object_get(seal, "index")));
    if (!ask_log(walk, path, &whole, &too_large, error))
        return false;
    bool ok = take_record(walk, whole, error);
    json_decref(whole);
    return ok;
}

static bool take_page(struct walk *walk, const json_t *page, struct error *error)
{
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(page, "transactions"), i, record)
    {
        uint64_t index = (uint64_t)json_integer_value(json_object_get(record, "index"));
        if (index >= walk->period.view->records)
            return true;
        if (!(strcmp(text_of(record, "kind"), "seal") == 0 ? take_seal : take_record)(walk, record,
                                                                                      error))
            return false;
    }
    return true;
}

static bool take_pages(struct walk *walk, struct error *error)
{
    const struct period_view *view = walk->period.view;
    char path[HTTP_PATH_MAX];
    unsigned limit = PAGE_MAX;
    for (uint64_t from = view->first_record; from < view->records;) {
        json_t *page;
        bool too_large = false;
        (void)snprintf(path, sizeof(path), "/v1/transactions?from=%" PRIu64 "&limit=%u", from,
                       limit);
        if (!ask_log(walk, path, &page, &too_large, error)) {
            if (!too_large || limit == 1)
                return false;
            limit /= 2;
            continue;
        }
        bool ok = take_page(walk, page, error);
        json_decref(page);
        if (!ok)
            return false;
        from += limit;
    }
    return true;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int show(struct walk *walk)
{
    static const char *const heading[] = {"period",   "record", "time",     "partner",  "type",
                                          "document", "debtor", "creditor", "currency", "class",
                                          "tax_code", "tariff", "amount"};
    struct csv_out csv = {.out = &walk->out};
    struct error error;
    if (!walk->cli->json)
        csv_out_row(&csv, heading, ARRAY_SIZE(heading));
    if (!flush(walk, &error) || !take_pages(walk, &error))
        return cli_fail_error(walk->cli, &error);
    return ties(walk) ? CLI_OK : CLI_REFUSED;
}

static int run_records(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    struct walk walk = {.cli = &cli};
    const struct cli_option more[] = {{"partner", CLI_TEXT, &walk.partner}};
    struct partner_id id;
    int code;
    if (!settle_begin(&cli, command, argc, argv, more, ARRAY_SIZE(more), &own, &code) ||
        !cli_period_open(&cli, settle_scope(&own), own.period, &walk.period, &code))
        return code;
    if (walk.partner && !period_view_partner(walk.period.view, walk.partner, &id)) {
        code = cli_fail(&cli, CLI_USAGE, "no partner '%.64s' in this coalition", walk.partner);
    } else {
        buffer_init(&walk.out, ROW_MAX);
        hash_nothing(walk.nothing);
        take_lines(&walk);
        code = show(&walk);
        json_decref(walk.places);
        free(walk.wanted);
        buffer_release(&walk.out);
    }
    cli_period_close(&walk.period);
    return code;
}

const struct cli_command cli_settle_records = {
    "settle records", "Lists the records that a period's lines are the sums of",
    "[options] --period PERIOD",
    "  --partner NAME        only what it owes or is owed (default: everything)\n" SETTLE_HELP
    "\nCSV with a row for each line of each record, with --json an object for each; exactly, "
    "before "
    "what is\ndisputed is left out and before tax. What they come to is compared with the lines "
    "that "
    "are signed:\nwhere it differs that is said, and the exit status is 1. The numbers are those "
    "that "
    "'accrue settle\ndispute --record' takes.\n"
    "\nExample:\n  accrue settle records --dir demo --period 2026-11 --partner books > "
    "records.csv\n",
    run_records};
