/* accrue settle status: which periods there are, and how one of them stands. */
#include "node/cli_commands.h"
#include "node/cli_settle.h"
#include "node/period_default.h"
#include "node/period_words.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void print_next_of(const json_t *period)
{
    const json_t *deadlines = json_object_get(period, "deadlines");
    const json_t *payments = json_object_get(period, "payments");
    const char *state = text_of(period, "state");
    long long disputes = number_of(json_object_get(period, "disputes"), "open");
    if (strcmp(state, "ended") == 0)
        cli_say(stdout, "to be proposed from %s on", text_of(deadlines, "propose"));
    else if (strcmp(state, "proposed") == 0)
        cli_say(stdout, "answers until %s", text_of(deadlines, "answer"));
    else if (strcmp(state, "final") == 0)
        cli_say(stdout, "payments until %s: %lld to send, %lld to confirm, %lld overdue",
                text_of(deadlines, "pay"),
                number_of(payments, "due") + number_of(payments, "failed"),
                number_of(payments, "sent"), number_of(payments, "overdue"));
    long long defaults = number_of(period, "defaults");
    if (defaults > 0)
        cli_say(stdout, "%s%lld in default, %lld ring-fenced payments open",
                strcmp(state, "settled") == 0 ? "" : "; ", defaults,
                number_of(payments, "ring_fenced"));
    if (disputes > 0)
        cli_say(stdout, "; %lld disputes open", disputes);
    putchar('\n');
}

static void print_periods(const json_t *periods)
{
    size_t i;
    json_t *period;
    cli_say(stdout, "today is %s%s\n\n%-11s %-10s %-11s %-11s %s\n", text_of(periods, "today"),
            json_is_true(json_object_get(periods, "sandbox")) ? "  SANDBOX" : "", "period", "state",
            "from", "to", "next");
    json_array_foreach(json_object_get(periods, "periods"), i, period)
    {
        cli_say(stdout, "%-11s %-10s %-11s %-11s ", text_of(period, "period"),
                text_of(period, "state"), text_of(period, "first_day"),
                text_of(period, "last_day"));
        print_next_of(period);
    }
}

static int show_periods(const struct cli *cli, const struct settle_step_options *own)
{
    json_t *periods;
    int code;
    if (!cli_ask(cli, settle_scope(own), "/v1/periods", &periods, &code))
        return code;
    if (cli->json) {
        cli_print_json(periods);
        return CLI_OK;
    }
    print_periods(periods);
    json_decref(periods);
    return CLI_OK;
}

/* ---- one of them ----------------------------------------------------------------------------- */

static void put_part(const struct period_view *view, struct buffer *out, const char *title,
                     void (*put)(const struct period_view *view, struct buffer *out))
{
    size_t before, title_size;
    before = out->size;
    buffer_printf(out, "\n%s\n", title);
    title_size = out->size - before;
    put(view, out);
    if (out->size == before + title_size) /* nothing to say */
        out->size = before;
}

static void put_next(const struct cli *cli, const struct cli_period *period, struct buffer *out)
{
    struct command_place place = cli_place_open(cli, period->coalition);
    buffer_append_text(out, "\nNext\n");
    period_words_next(period->view, &place, out);
    cli_place_close(&place);
}

static int show_period(const struct cli *cli, const struct settle_step_options *own)
{
    struct cli_period period;
    struct buffer words;
    int code;
    if (!cli_period_open(cli, settle_scope(own), own->period, &period, &code))
        return code;
    if (cli->json) {
        cli_print_json(json_incref(period.answer));
        cli_period_close(&period);
        return CLI_OK;
    }
    buffer_init(&words, PERIOD_WORDS_MAX);
    period_words_head(period.view, &words);
    put_part(period.view, &words, "Nets (receives, or pays with a minus)", period_words_nets);
    put_part(period.view, &words, "Who owes whom", period_words_pairs);
    put_part(period.view, &words, "Payments", period_words_payments);
    put_part(period.view, &words, "Default", period_words_defaults);
    put_part(period.view, &words, "Disputes", period_words_disputes);
    put_next(cli, &period, &words);
    (void)fwrite(words.at, 1, words.size, stdout);
    buffer_release(&words);
    cli_period_close(&period);
    return CLI_OK;
}

static int run_status(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct settle_step_options own = {.period = NULL};
    const struct cli_option options[] = {{"period", CLI_TEXT, &own.period}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    return own.period ? show_period(&cli, &own) : show_periods(&cli, &own);
}

const struct cli_command cli_settle_status = {
    "settle status", "Shows settlement periods, or one of them: who owes whom, and what is next",
    "[options]",
    "  --period PERIOD       this one, in full, such as 2026-11 (default: all, in short)\n"
    "\nThe figures of one period are checked against the totals that the partners sign.\n"
    "\nExample:\n  accrue settle status --dir demo --period 2026-11\n",
    run_status};
