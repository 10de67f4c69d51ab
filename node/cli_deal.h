/* cli_deal.h - what the commands share that write what partners agree upon.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_DEAL_H
#define NODE_CLI_DEAL_H

#include "node/cli_write.h"
#include "protocol/codes.h"

enum { DEAL_WORDS_MAX = 4 * CLI_PATH_MAX };

/* Options of each. Texts are borrowed. */
struct deal_options {
    const char *key, *as;
};
#define DEAL_AS_HELP                                                                               \
    "  --as NAME             who asks: takes NAME.token of --dir (default office)\n"
#define DEAL_HELP DEAL_AS_HELP "  --key KEY             idempotency key (default: random)\n"

/* As cli_parse() with those of deal_options added; checks --as. */
bool deal_begin(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                const struct cli_option *more, size_t count, struct deal_options *own,
                int *exit_out) MUST_USE;
/* The same for what only reads: there is no --key. */
bool deal_begin_reading(struct cli *cli, const struct cli_command *command, int argc, char **argv,
                        const struct cli_option *more, size_t count, struct deal_options *own,
                        int *exit_out) MUST_USE;
/* The scope, which is the token file's name, that is asked with. */
const char *deal_scope(const struct deal_options *own);
/* The charter of the node, which the caller closes. */
bool deal_charter(const struct cli *cli, const struct deal_options *own,
                  struct charter **charter_out, int *exit_out) MUST_USE;
/* A moment as RFC 3339 into the body: given so, or as a day, which begins at its midnight in the
 * charter's zone (the node is asked for the charter then). Nothing when text is NULL. */
bool deal_put_moment(const struct cli *cli, const struct deal_options *own, json_t *body,
                     const char *name, const char *text, int *exit_out) MUST_USE;
/* A price of at most 6 decimals as it stands; a number of points. Nothing when text is NULL. */
bool deal_put_price(const struct cli *cli, json_t *body, const char *name, const char *text,
                    int *exit_out) MUST_USE;
bool deal_put_points(const struct cli *cli, json_t *body, const char *name, const char *text,
                     int *exit_out) MUST_USE;
/* Says that an option is needed. */
bool deal_needs(const struct cli *cli, const char *option, const char *text,
                int *exit_out) MUST_USE;
/* Every item of a list that comes in pages: `path` has a query. The array is the caller's. */
bool deal_list(const struct cli *cli, const struct deal_options *own, const char *path,
               const char *list, json_t **items_out, int *exit_out) MUST_USE;

#endif
