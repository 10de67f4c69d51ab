/* command_place.h - how a command that is told to somebody reaches the node at which it is to be
 * given: as the command line that is answered reached one.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_COMMAND_PLACE_H
#define NODE_COMMAND_PLACE_H

#include "crypto/base.h"

#include <jansson.h>

/* Texts are borrowed, and NULL where nothing was said; zeroed knows no node. */
struct command_place {
    const char *dir, *node, *url, *token_file, *ca; /* of the command line */
    const char *self;                               /* whose node was asked */
    json_t *nodes; /* of other partners in `dir`: {"PARTNER": "NODE"}; NULL: none */
};

/* The options, each after a space, as a shell takes them, for the node of a partner; of the node
 * that was asked for its own and for NULL, which is any. Nothing where it is not known how that
 * node is reached. */
void command_place_put(const struct command_place *place, const char *partner, struct buffer *out);

#endif
