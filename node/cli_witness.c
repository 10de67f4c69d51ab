/* accrue witness: a stand-alone witness of logs (c2sp.org/tlog-witness). */
#include "crypto/policy.h"
#include "node/cli_commands.h"
#include "node/log.h"
#include "node/witness_http.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

/* ---- init ----------------------------------------------------------------------------------- */

static int run_init(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *state = NULL, *name = NULL;
    const struct cli_option options[] = {{"state", CLI_TEXT, &state}, {"name", CLI_TEXT, &name}};
    struct note_key key;
    struct error error;
    struct buffer text;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    if (!state || !name)
        return cli_fail(&cli, CLI_USAGE, "--state DIR and --name NAME are needed");
    if (!witness_folder_make(state, name, &key, &error))
        return cli_fail_error(&cli, &error);
    buffer_init(&text, CLI_PATH_MAX);
    note_key_format(&key, &text);
    if (cli.json)
        cli_print_json(json_pack("{s:s, s:s}", "name", key.name, "vkey", buffer_text(&text)));
    else
        puts(buffer_text(&text));
    buffer_release(&text);
    return CLI_OK;
}

const struct cli_command cli_witness_init = {
    "witness init", "Makes the folder and the key of a witness, and prints its verifier key",
    "--state DIR --name NAME",
    "  --state DIR           the folder to make; it must never be lost and never be set back\n"
    "  --name NAME           of the key, such as witness.example/accrue\n"
    "\nThe line printed goes into policies, as in: witness W LINE http://witness.example:8600\n"
    "\nExample:\n  accrue witness init --state witness --name witness.example/accrue\n",
    run_init};

/* ---- run ------------------------------------------------------------------------------------ */

enum { CONNECTIONS_DEFAULT = 256, STOP_WITHIN_MS = 3000, TURN_MS = 100 };

struct options {
    const char *state, *policy, *listen, *log_format, *certificate, *key;
};

struct running {
    const struct options *options;
    struct witness_folder *folder;
    struct note_key *logs;
    size_t log_count;
    struct witness_http witness;
    struct http_server *server;
    uv_loop_t loop;
    uv_signal_t signals[2];
    uv_timer_t turn;
    uint64_t stop_at_ms; /* 0: goes on */
};

static bool read_policy(struct running *running, struct error *error)
{
    struct policy policy = {.log_count = 0};
    struct buffer text;
    const char *path = running->options->policy;
    buffer_init(&text, POLICY_SIZE_MAX);
    bool good = cli_file_read(path, POLICY_SIZE_MAX, &text, error);
    if (good && !policy_parse(buffer_bytes(&text), &policy, error))
        good = error_wrap(error, "%s", path);
    buffer_release(&text);
    if (!good)
        return false;
    running->logs = (struct note_key *)allocate(policy.log_count, sizeof(running->logs[0]));
    running->log_count = policy.log_count;
    for (size_t i = 0; i < policy.log_count; i++)
        running->logs[i] = policy.logs[i].key;
    policy_release(&policy);
    return true;
}

/* A key has one meaning (tlog-cosignature). And what is held must be readable before anybody asks:
 * a witness that cannot tell what it signed does not sign. */
static bool check_logs(const struct running *running, struct error *error)
{
    const struct note_key *own = witness_folder_key(running->folder);
    for (size_t i = 0; i < running->log_count; i++) {
        struct witness_held held;
        const struct note_key *log = &running->logs[i];
        if (memcmp(log->key.at, own->key.at, PUBLIC_KEY_SIZE) == 0)
            return error_set(error, ERROR_CONFLICT, "the log %s has this witness's own key",
                             log->name);
        if (!witness_folder_held(running->folder, log->name, &held, error))
            return false;
    }
    return true;
}

static uint64_t clock_s(void *context)
{
    (void)context;
    return (uint64_t)time(NULL);
}

/* A checkpoint that contradicts what was cosigned is what a witness is there to see. */
static enum log_level level_of(const struct witness_event *event)
{
    if (event->failed)
        return LOG_LEVEL_ERROR;
    if (event->verdict == WITNESS_OTHER_ROOT || event->verdict == WITNESS_INCONSISTENT)
        return LOG_LEVEL_WARN;
    return LOG_LEVEL_INFO;
}

static void on_told(void *context, const struct witness_event *event)
{
    (void)context;
    const struct log_field fields[] = {
        log_unsigned("status", event->failed ? 500 : (uint64_t)witness_status(event->verdict)),
        log_text("reason", event->failed ? event->error.text : witness_reason(event->verdict)),
        log_text("log", event->checkpoint.origin),
        log_unsigned("size", event->checkpoint.size),
        log_unsigned("old", event->old_size),
        log_unsigned("held", event->held_size)};
    bool known = event->checkpoint.origin[0] != '\0';
    log_write(level_of(event),
              event->failed                        ? "a checkpoint could not be kept"
              : event->verdict == WITNESS_COSIGNED ? "a checkpoint was cosigned"
                                                   : "a request was refused",
              fields, known ? ARRAY_SIZE(fields) : 2);
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct running *running = (struct running *)signal->data;
    log_info("stopping", log_signed("signal", number));
    http_server_quiesce(running->server);
    /* Asked twice: at once. */
    running->stop_at_ms = running->stop_at_ms ? 1 : uv_now(&running->loop) + STOP_WITHIN_MS;
}

static void on_turn(uv_timer_t *timer)
{
    struct running *running = (struct running *)timer->data;
    log_flush(false);
    if (running->stop_at_ms && (http_server_connections(running->server) == 0 ||
                                uv_now(&running->loop) >= running->stop_at_ms))
        uv_stop(&running->loop);
}

static void open_loop(struct running *running)
{
    must(uv_loop_init(&running->loop) == 0);
    must(uv_timer_init(&running->loop, &running->turn) == 0);
    running->turn.data = running;
    must(uv_timer_start(&running->turn, on_turn, TURN_MS, TURN_MS) == 0);
    static const int numbers[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        must(uv_signal_init(&running->loop, &running->signals[i]) == 0);
        running->signals[i].data = running;
        must(uv_signal_start(&running->signals[i], on_signal, numbers[i]) == 0);
    }
}

static void close_handle(uv_handle_t *handle, void *context)
{
    (void)context;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_loop(struct running *running)
{
    http_server_close(running->server);
    uv_walk(&running->loop, close_handle, NULL);
    (void)uv_run(&running->loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&running->loop);
}

static void say_up(const struct running *running)
{
    struct buffer vkey;
    buffer_init(&vkey, CLI_PATH_MAX);
    note_key_format(witness_folder_key(running->folder), &vkey);
    log_info("the witness is up", log_text("vkey", buffer_text(&vkey)),
             log_text("listen", running->options->listen),
             log_unsigned("port", http_server_port(running->server)),
             log_unsigned("logs", running->log_count), log_text("version", ACCRUE_VERSION));
    buffer_release(&vkey);
}

static bool serve(struct running *running, struct error *error)
{
    struct witness_http_config config = {.folder = running->folder,
                                         .logs = running->logs,
                                         .log_count = running->log_count,
                                         .context = running,
                                         .clock_s = clock_s,
                                         .told = on_told};
    struct http_server_config http = {.listen = running->options->listen,
                                      .connections_max = CONNECTIONS_DEFAULT,
                                      .certificate_path = running->options->certificate,
                                      .key_path = running->options->key};
    witness_http_init(&running->witness, &config);
    open_loop(running);
    bool good = http_server_open_for(&http, &running->loop, &witness_http_handler,
                                     &running->witness, &running->server, error);
    if (good) {
        say_up(running);
        (void)uv_run(&running->loop, UV_RUN_DEFAULT);
        log_info("the witness has stopped", log_unsigned("failures", running->witness.failures));
        log_flush(true);
    }
    close_loop(running);
    return good;
}

static int run_run(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct options own = {0};
    const struct cli_option options[] = {{"state", CLI_TEXT, &own.state},
                                         {"policy", CLI_TEXT, &own.policy},
                                         {"listen", CLI_TEXT, &own.listen},
                                         {"log-format", CLI_TEXT, &own.log_format},
                                         {"tls-certificate", CLI_TEXT, &own.certificate},
                                         {"tls-key", CLI_TEXT, &own.key}};
    struct running running = {.options = &own};
    struct log_config log = {.level = LOG_LEVEL_INFO, .format = LOG_FORMAT_LOGFMT, .fd = 2};
    struct error error;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    if (!own.state || !own.policy || !own.listen)
        return cli_fail(&cli, CLI_USAGE,
                        "--state DIR, --policy FILE and --listen HOST:PORT are needed");
    if (own.log_format && !log_format_from_word(bytes_text(own.log_format), &log.format))
        return cli_fail(&cli, CLI_USAGE, "--log-format is logfmt or json");
    log_configure(&log);
    (void)signal(SIGXFSZ, SIG_IGN);
    bool good = witness_folder_open(own.state, &running.folder, &error) &&
                read_policy(&running, &error) && check_logs(&running, &error) &&
                serve(&running, &error);
    witness_folder_close(running.folder);
    free(running.logs);
    return good ? CLI_OK : cli_fail(&cli, CLI_USAGE, "%s", error.text);
}

const struct cli_command cli_witness_run = {
    "witness run", "Runs a witness: cosigns what the logs of a policy show, never two trees of one",
    "--state DIR --policy FILE --listen HOST:PORT [options]",
    "  --state DIR           the folder that 'accrue witness init' made\n"
    "  --policy FILE         a tlog-policy; its 'log' lines say whose checkpoints are cosigned\n"
    "  --listen HOST:PORT    where logs post them, to /add-checkpoint (c2sp.org/tlog-witness)\n"
    "  --tls-certificate FILE, --tls-key FILE\n"
    "                        PEM: https instead of http\n"
    "  --log-format FORMAT   logfmt (the default) or json, on stderr\n"
    "\nSIGTERM stops it. The newest checkpoint of a log stands at "
    "/SHA256-OF-ITS-ORIGIN/checkpoint,\n"
    "counters at /metrics.\n"
    "\nExample:\n  accrue witness run --state witness --policy policy.txt --listen "
    "127.0.0.1:8600\n",
    run_run};
