/* model_rules.h - a charter in the words of the naive model.
 *
 * Threads: any.
 */
#ifndef NODE_MODEL_RULES_H
#define NODE_MODEL_RULES_H

#include "node/naive_model.h"
#include "partners/charter.h"

/* Of a charter's file, in force from height 1. Nothing is borrowed from it. */
struct naive_rules model_rules(const struct charter *charter);

#endif
