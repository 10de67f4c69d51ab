#include "node/cli.h"

#include "node/visible.h"
#include "protocol/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COMMON_COUNT = 9, BAR_WIDTH = 30, BAR_EVERY_MS = 100, LINE_EVERY_MS = 5000 };

static const char common_help[] =
    "  --url URL             a node's API (or ACCRUE_URL)\n"
    "  --token-file FILE     bearer token for it (or ACCRUE_TOKEN_FILE)\n"
    "  --dir DIR             a folder made by 'accrue coalition new', or a node's own: URL and "
    "token\n"
    "                        from there\n"
    "  --node NAME           which node of --dir (default: the first)\n"
    "  --ca FILE             certificates to trust for https\n"
    "  --timeout SECONDS     how long to keep trying (default 30)\n"
    "  --json                machine-readable output\n"
    "  --progress            a progress line even when stderr is no terminal\n"
    "  --help                this text\n";

static void print_help(const struct cli_command *command)
{
    printf("usage: accrue %s %s\n\n%s.\n\n%s\nCommon options:\n%s\n"
           "Exit status: 0 done, 1 refused or findings, 2 usage or could not be done, 3 no node "
           "answered or not final.\n",
           command->name, command->usage, command->summary, command->help, common_help);
}

static bool store_again(struct cli *cli, const struct cli_option *option, const char *text)
{
    struct cli_texts *texts = (struct cli_texts *)option->value;
    if (texts->count == CLI_TEXTS_MAX) {
        fprintf(stderr, "accrue %s: --%s comes more than %d times\n", cli->command->name,
                option->name, CLI_TEXTS_MAX);
        return false;
    }
    texts->at[texts->count++] = text;
    return true;
}

static bool store_value(struct cli *cli, const struct cli_option *option, const char *text)
{
    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)option->value = true;
        return true;
    case CLI_TEXT:
        *(const char **)option->value = text;
        return true;
    case CLI_NUMBER:
        if (parse_u64(bytes_text(text), INT64_MAX, (uint64_t *)option->value))
            return true;
        fprintf(stderr, "accrue %s: --%s takes a whole number, not '%s'\n", cli->command->name,
                option->name, text);
        return false;
    case CLI_TEXTS:
        return store_again(cli, option, text);
    }
    return false;
}

static bool read_options(struct cli *cli, int argc, char **argv, const struct cli_option *all,
                         size_t count, bool *help_out)
{
    struct option table[CLI_OPTIONS_MAX + 1];
    memset(table, 0, sizeof(table));
    must(count <= CLI_OPTIONS_MAX);
    for (size_t i = 0; i < count; i++)
        table[i] =
            (struct option){.name = all[i].name,
                            .has_arg = all[i].kind == CLI_FLAG ? no_argument : required_argument};
    int chosen = 0;
    int found;
    optind = 1;
    while ((found = getopt_long(argc, argv, "h", table, &chosen)) != -1) {
        if (found == 'h')
            *help_out = true;
        else if (found != 0 || !store_value(cli, &all[chosen], optarg))
            return false;
    }
    cli->rest = argv + optind;
    cli->rest_count = (size_t)(argc - optind);
    return true;
}

bool cli_parse(struct cli *cli, const struct cli_command *command, int argc, char **argv,
               const struct cli_option *options, size_t option_count, int *exit_out)
{
    *cli = (struct cli){.command = command, .timeout_s = 30};
    bool help = false;
    struct cli_option all[CLI_OPTIONS_MAX] = {
        {"url", CLI_TEXT, &cli->url},   {"token-file", CLI_TEXT, &cli->token_file},
        {"dir", CLI_TEXT, &cli->dir},   {"node", CLI_TEXT, &cli->node},
        {"ca", CLI_TEXT, &cli->ca},     {"timeout", CLI_NUMBER, &cli->timeout_s},
        {"json", CLI_FLAG, &cli->json}, {"progress", CLI_FLAG, &cli->progress},
        {"help", CLI_FLAG, &help},
    };
    must(option_count + COMMON_COUNT <= CLI_OPTIONS_MAX);
    for (size_t i = 0; i < option_count; i++)
        all[COMMON_COUNT + i] = options[i];
    *exit_out = CLI_USAGE;
    if (!read_options(cli, argc, argv, all, COMMON_COUNT + option_count, &help)) {
        fprintf(stderr, "accrue %s: 'accrue %s --help' lists the options\n", command->name,
                command->name);
        return false;
    }
    if (!help)
        return true;
    print_help(command);
    *exit_out = CLI_OK;
    return false;
}

bool cli_rest(const struct cli *cli, size_t min, size_t max, int *exit_out)
{
    if (cli->rest_count >= min && cli->rest_count <= max)
        return true;
    *exit_out =
        cli_fail(cli, CLI_USAGE, "usage: accrue %s %s", cli->command->name, cli->command->usage);
    return false;
}

int cli_fail(const struct cli *cli, int code, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    fflush(stdout);
    if (cli->json)
        cli_print_json(json_pack("{s:s, s:i}", "error", text, "exit", code));
    else
        cli_say(stderr, "accrue %s: %s\n", cli->command->name, text);
    return code;
}

void cli_say(FILE *to, const char *format, ...)
{
    char text[2 * CLI_PATH_MAX];
    struct buffer shown;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    buffer_init(&shown, 4 * sizeof(text)); /* a byte becomes \x9b at most */
    visible_append(&shown, bytes_text(text));
    (void)fwrite(shown.at, 1, shown.size, to);
    buffer_release(&shown);
}

int cli_fail_error(const struct cli *cli, const struct error *error)
{
    int code = error->code == ERROR_BUSY ? CLI_UNREACHABLE : CLI_USAGE;
    return cli_fail(cli, code, "%s", error->text);
}

int cli_width(const json_t *rows, const char *name, int least)
{
    int width = least;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const char *text = json_string_value(json_object_get(row, name));
        size_t size = text ? strnlen(text, NAME_SIZE_MAX) : 0;
        if (size > (size_t)width)
            width = (int)size;
    }
    return width;
}

void cli_print_json(json_t *value)
{
    if (!value)
        return;
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY);
    putchar('\n');
    json_decref(value);
}

/* ---- files --------------------------------------------------------------------------------- */

bool cli_path(char path_out[CLI_PATH_MAX], struct error *error, const char *format, ...)
{
    char path[CLI_PATH_MAX];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(path, sizeof(path), format, arguments);
    va_end(arguments);
    if (size < 0 || size >= CLI_PATH_MAX)
        return error_set(error, ERROR_LIMIT, "the path is longer than %d bytes", CLI_PATH_MAX - 1);
    memcpy(path_out, path, (size_t)size + 1);
    return true;
}

bool cli_file_read(const char *path, size_t max, struct buffer *out, struct error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    struct buffer contents;
    buffer_init(&contents, max);
    char part[65536];
    ssize_t got;
    while ((got = read(file, part, sizeof(part))) > 0 && !contents.overflowed)
        buffer_append(&contents, bytes_of(part, (size_t)got));
    int why = errno;
    close(file);
    bool ok = got >= 0 && !contents.overflowed;
    if (got < 0)
        error_set(error, ERROR_IO, "%s: %s", path, strerror(why));
    else if (contents.overflowed)
        error_set(error, ERROR_LIMIT, "%s: more than %zu bytes", path, max);
    else
        buffer_append(out, buffer_bytes(&contents));
    buffer_release(&contents);
    return ok;
}

static bool write_all(int file, struct bytes contents)
{
    while (contents.size) {
        ssize_t put = write(file, contents.at, contents.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        contents = bytes_of(contents.at + put, contents.size - (size_t)put);
    }
    return fsync(file) == 0;
}

bool cli_file_write(const char *path, int mode, struct bytes contents, struct error *error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (file < 0)
        return error_set(error, errno == EEXIST ? ERROR_CONFLICT : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    bool ok = write_all(file, contents) && fchmod(file, (mode_t)mode) == 0;
    int why = errno;
    close(file);
    return ok || error_set(error, ERROR_IO, "%s: %s", path, strerror(why));
}

/* ---- progress ------------------------------------------------------------------------------ */

static void draw(struct cli_progress *progress, uint64_t now)
{
    uint64_t total = progress->total ? progress->total : 1;
    uint64_t percent = progress->done * 100 / total;
    uint64_t ms = now - progress->started_ms;
    uint64_t rate = ms ? progress->done * 1000 / ms : 0;
    char bar[BAR_WIDTH + 1];
    size_t full = (size_t)(progress->done * BAR_WIDTH / total);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', full < BAR_WIDTH ? full : BAR_WIDTH);
    bar[BAR_WIDTH] = '\0';
    const char *before = progress->tty ? "\r" : "";
    const char *after = progress->tty ? "\033[K" : "\n";
    fprintf(stderr, "%s%s [%s] %3llu%%  %llu/%llu  %llu/s%s", before, progress->label, bar,
            (unsigned long long)percent, (unsigned long long)progress->done,
            (unsigned long long)progress->total, (unsigned long long)rate, after);
    progress->drawn_ms = now;
}

void cli_progress_init(struct cli_progress *progress, const char *label, uint64_t total,
                       bool forced)
{
    bool tty = isatty(STDERR_FILENO) == 1;
    uint64_t now = cli_steady_ms();
    *progress = (struct cli_progress){.label = label,
                                      .total = total,
                                      .started_ms = now,
                                      .drawn_ms = now,
                                      .on = tty || forced,
                                      .tty = tty};
}

void cli_progress_step(struct cli_progress *progress, uint64_t count)
{
    progress->done += count;
    if (!progress->on)
        return;
    uint64_t now = cli_steady_ms();
    if (now - progress->drawn_ms >= (progress->tty ? BAR_EVERY_MS : LINE_EVERY_MS))
        draw(progress, now);
}

void cli_progress_end(struct cli_progress *progress)
{
    if (!progress->on)
        return;
    draw(progress, cli_steady_ms());
    if (progress->tty)
        fputc('\n', stderr);
    progress->on = false;
}
