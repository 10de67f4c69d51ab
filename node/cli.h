/* cli.h - what the subcommands of `accrue` share: options, where to send, output, exit codes.
 *
 * A subcommand is one `struct cli_command` and one function; accrue.c holds the table of them.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_H
#define NODE_CLI_H

#include "crypto/base.h"
#include "protocol/codes.h"

#include <jansson.h>
#include <stdio.h>

/* What a script may rely on (accrue.1, EXIT STATUS). */
enum cli_exit {
    CLI_OK = 0,
    CLI_REFUSED = 1,     /* the ledger said no, or a check found something */
    CLI_USAGE = 2,       /* the command line is wrong, or it could not be done here */
    CLI_UNREACHABLE = 3, /* no node answered, or the answer is not final */
};

enum {
    CLI_OPTIONS_MAX = 48,
    CLI_TEXTS_MAX = 512, /* of one option that may be given again and again */
    CLI_PATH_MAX = 1024,
    CLI_URL_MAX = 512,
    CLI_TOKEN_MAX = 256,
    CLI_FILE_MAX = 64 * 1024 * 1024,
};

struct cli;
struct cli_command {
    const char *name;    /* "earn", "coalition new" */
    const char *summary; /* one line */
    const char *usage;   /* arguments after the name */
    const char *help;    /* its options, and an example */
    int (*run)(const struct cli_command *command, int argc, char **argv);
};

/* The options that every subcommand takes. Texts are borrowed from argv or the environment. */
struct cli {
    const struct cli_command *command;
    const char *url, *token_file, *dir, *node, *ca;
    bool json, progress;
    uint64_t timeout_s; /* how long to keep trying: default 30 */
    char **rest;        /* what is no option */
    size_t rest_count;
};

enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_NUMBER, CLI_TEXTS };
struct cli_texts { /* zeroed is empty */
    const char *at[CLI_TEXTS_MAX];
    size_t count;
};
struct cli_option {
    const char *name; /* long form without dashes */
    enum cli_kind kind;
    /* bool *, const char **, uint64_t *, struct cli_texts *; untouched when the option is not
     * given. */
    void *value;
};

/* Reads common and own options. False when the command is over (help printed, or a mistake said on
 * stderr): return *exit_out then. */
bool cli_parse(struct cli *cli, const struct cli_command *command, int argc, char **argv,
               const struct cli_option *options, size_t option_count, int *exit_out) MUST_USE;
/* Between min and max arguments that are no options. Says what is wrong and sets *exit_out. */
bool cli_rest(const struct cli *cli, size_t min, size_t max, int *exit_out) MUST_USE;

/* "accrue earn: text" on stderr (or a JSON object on stdout with --json); returns `code`. */
int cli_fail(const struct cli *cli, int code, const char *format, ...) PRINTF_LIKE(3, 4);
int cli_fail_error(const struct cli *cli, const struct error *error);
/* fprintf() for texts that others wrote, as visible_append() shows them: a line of a report, of at
 * most twice CLI_PATH_MAX bytes. */
void cli_say(FILE *to, const char *format, ...) PRINTF_LIKE(2, 3);
/* Of a column of names: the longest text that rows have by that name, within reason; at least
 * `least`. For printf()'s '*'. */
int cli_width(const json_t *rows, const char *name, int least);
/* Prints and releases. */
void cli_print_json(json_t *value);

/* ---- where to send ------------------------------------------------------------------------- */

struct cli_target {
    char name[64]; /* of the node, or the URL */
    char url[CLI_URL_MAX];
    char token[CLI_TOKEN_MAX];
    char ca[CLI_PATH_MAX]; /* empty: the system's */
};
/* From --url and --token-file, or --dir and --node (with that folder's SCOPE.token), or ACCRUE_URL
 * and ACCRUE_TOKEN_FILE. */
bool cli_target_find(const struct cli *cli, const char *scope, struct cli_target *target_out,
                     struct error *error) MUST_USE;
/* The node `name` of the coalition folder `dir`; NULL: the one whose folder `dir` is, or the first
 * of the charter. */
bool cli_target_in(const char *dir, const char *name, const char *scope,
                   struct cli_target *target_out, struct error *error) MUST_USE;
bool cli_token_read(const char *path, char token_out[CLI_TOKEN_MAX], struct error *error) MUST_USE;

/* ---- files, texts, time -------------------------------------------------------------------- */

bool cli_file_read(const char *path, size_t max, struct buffer *out, struct error *error) MUST_USE;
/* A new file; ERROR_CONFLICT when it exists. */
bool cli_file_write(const char *path, int mode, struct bytes contents,
                    struct error *error) MUST_USE;
bool cli_path(char path_out[CLI_PATH_MAX], struct error *error, const char *format, ...)
    PRINTF_LIKE(3, 4) MUST_USE;

uint64_t cli_wall_ms(void);
uint64_t cli_steady_ms(void);
void cli_sleep_ms(uint64_t ms);
/* RFC 3339 in UTC; a date alone is its midnight; "T" or a space; fraction and "Z" optional. */
bool cli_time_parse(const char *text, uint64_t *time_ms_out) MUST_USE;
void cli_time_format(uint64_t time_ms, char text_out[32]);
/* "90", "90s", "15m", "12h", "7d" to milliseconds. */
bool cli_duration_parse(const char *text, uint64_t *ms_out) MUST_USE;
/* "0.0090" to micro-units; at most 6 decimals. */
bool cli_micro_parse(const char *text, int64_t *micro_out) MUST_USE;
/* "SEK=249.00": a currency and an amount of it, in micro-units, 1..max. */
bool cli_amount_parse(const char *text, int64_t max_micro, char code_out[CURRENCY_SIZE],
                      int64_t *micro_out) MUST_USE;

/* ---- progress ------------------------------------------------------------------------------ */

/* A bar on stderr: only on a terminal, or when asked for. */
struct cli_progress {
    const char *label;
    uint64_t done, total, started_ms, drawn_ms;
    bool on, tty;
};
void cli_progress_init(struct cli_progress *progress, const char *label, uint64_t total,
                       bool forced);
void cli_progress_step(struct cli_progress *progress, uint64_t count);
void cli_progress_end(struct cli_progress *progress);

#endif
