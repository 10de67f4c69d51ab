/* cli_membership.h - what commands read in a node's GET /v1/membership.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_MEMBERSHIP_H
#define NODE_CLI_MEMBERSHIP_H

#include "node/motion_words.h"
#include "partners/charter.h"

#include <jansson.h>
#include <stdio.h>

/* Names by numbers, as the answer has them; it is borrowed. */
struct motion_names membership_names(const json_t *membership);
/* Its nodes by number, as a charter would have them, but for their partners' numbers and
 * signatures; the answer is a stranger's. ERROR_INVALID: it is none, or its numbers have gaps. */
bool membership_nodes(const json_t *membership, struct charter_node nodes_out[NODES_MAX],
                      size_t *count_out, struct error *error) MUST_USE;
/* For people: names and texts are a stranger's, and are shown as such (cli_say). */
void membership_print(const json_t *membership, FILE *to);

#endif
