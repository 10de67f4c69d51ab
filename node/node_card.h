/* node_card.h - the keys of a node: made in a folder, and shown to the others as a card.
 *
 *   DIR/node.key transport.key log.key cosigner.key    0600; governance.key for a new partner
 *   DIR/card.json                                      their public halves: it may be mailed
 *
 * A card is what a coalition has to know to let a node in, or to let it go on under fresh keys:
 *
 *   {"version": 1, "origin": "demo.example/ledger", "node": "bakery", "partner": "bakery",
 *    "governance_key": base64,                          of a new partner only
 *    "sign_key", "transport_key", "transport_signature", "log_key", "cosigner_key", "address"}
 *
 * the last line as in a charter. It is no secret and proves one thing: who made the transport key
 * has the signing key too. Threads: one.
 */
#ifndef NODE_NODE_CARD_H
#define NODE_NODE_CARD_H

#include "partners/charter.h"

enum { NODE_CARD_SIZE_MAX = 16 * 1024 };

struct node_card {
    char origin[NOTE_NAME_MAX + 1];
    char partner[CHARTER_NAME_MAX + 1];
    bool has_governance_key;
    struct public_key governance_key;
    struct charter_node node; /* its partner's number is not known yet */
};

/* Makes the four keys of `node`, whose name is set, in the folder, and fills in what is public.
 * ERROR_CONFLICT when there is one already: keys are not overwritten. */
bool node_card_make_keys(const char *dir, const char *origin, struct charter_node *node,
                         struct error *error) MUST_USE;
/* Makes one Ed25519 key in the folder. */
bool node_card_make_key(const char *dir, const char *name, struct public_key *public_out,
                        struct error *error) MUST_USE;

/* The card's text. Appended. */
void node_card_format(const struct node_card *card, struct buffer *json_out);
/* Strict: ERROR_INVALID names the first mistake. Its keys are usable, different, named after the
 * origin, and the transport key is signed. */
bool node_card_parse(struct bytes json, struct node_card *card_out, struct error *error) MUST_USE;

#endif
