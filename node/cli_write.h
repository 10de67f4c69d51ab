/* cli_write.h - one write to the ledger by hand: send it, wait for the decision, say the result.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_WRITE_H
#define NODE_CLI_WRITE_H

#include "node/cli_http.h"
#include "node/command_place.h"
#include "partners/charter.h"

/* Sends `body` (released) to `path` of the node chosen by the options, with `key` or a random one.
 * Prints the result and returns the exit code. */
int cli_write(const struct cli *cli, const char *scope, const char *path, const char *key,
              json_t *body);
/* The same; *result_out is what was decided, NULL where nothing was or it was printed as JSON, and
 * the caller's. */
int cli_write_result(const struct cli *cli, const char *scope, const char *path, const char *key,
                     json_t *body, json_t **result_out);
/* Asks with GET; on false *exit_out is set and the reason said. The reply is the caller's. */
bool cli_ask(const struct cli *cli, const char *scope, const char *path, json_t **reply_out,
             int *exit_out) MUST_USE;
/* The coalition's charter as a node has it, which the caller closes. */
bool cli_charter(struct http *http, const struct cli_target *target, struct charter **charter_out,
                 struct error *error) MUST_USE;

/* How nodes of a coalition, as GET /v1/coalition tells of it, are reached from this command line:
 * those of other partners by their folders in --dir. The texts are borrowed of both; `nodes` is
 * given back. */
struct command_place cli_place_open(const struct cli *cli, const json_t *coalition) MUST_USE;
void cli_place_close(struct command_place *place);

/* "member" of 32 hex digits, or "card" when `card` is given, into `body`. */
bool cli_put_member(const struct cli *cli, json_t *body, const char *member, const char *card,
                    int *exit_out) MUST_USE;
/* A whole number > 0 as `name`. */
bool cli_put_number(const struct cli *cli, json_t *body, const char *name, const char *text,
                    int *exit_out) MUST_USE;
/* A time of any form that cli_time_parse takes, as RFC 3339; nothing when text is NULL. */
bool cli_put_time(const struct cli *cli, json_t *body, const char *name, const char *text,
                  int *exit_out) MUST_USE;
/* Nothing when text is NULL. */
void cli_put_text(json_t *body, const char *name, const char *text);

#endif
