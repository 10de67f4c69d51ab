/* change_form.h - a change of the coalition as JSON: what a motion asks for, and how it is shown.
 *
 *     "change": "admit"               "partner", "governance_key" (of a new partner only), "node",
 *                                     keys, "voter"
 *               "remove-node"         "node"
 *               "remove-partner"      "partner"
 *               "set-voter"           "node", "voter"
 *               "replace-keys"        "node", keys
 *               "replace-governance"  "partner", "governance_key"
 *               "set-limits"          "limits": {"timeout_ms": 500, ...}
 *
 * Partners and nodes by name. Keys are "sign_key", "transport_key", "transport_signature",
 * "log_key", "cosigner_key" and "address", as in a charter and on a node's card.
 *
 * Threads: any.
 */
#ifndef NODE_CHANGE_FORM_H
#define NODE_CHANGE_FORM_H

#include "node/json_form.h"
#include "node/json_out.h"
#include "partners/charter.h"
#include "protocol/motion.h"

/* Notes what is wrong at the form; texts are borrowed from it. What it gives without a mistake
 * encodes to what change_decode() takes. */
void change_take(struct form *form, const struct charter *charter, struct change *change_out);
/* The members of an object that is open. Any change that decodes, fitting the charter or not. */
void change_write(struct json_out *json, const struct charter *charter,
                  const struct change *change);

#endif
