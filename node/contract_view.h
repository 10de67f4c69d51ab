/* contract_view.h - a contract as a node tells of it, read by whoever is to sign it: what is shown
 * is what the digest is of, whatever the node says.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_CONTRACT_VIEW_H
#define NODE_CONTRACT_VIEW_H

#include "partners/charter.h"
#include "protocol/deal.h"

#include <jansson.h>

enum { CONTRACT_STATE_SIZE = 16, CONTRACT_WORDS_MAX = 4096 };

struct contract_view {
    uint32_t number;
    char state[CONTRACT_STATE_SIZE]; /* "proposed", "signed", "withdrawn" */
    bool in_force;
    char proposer[NAME_SIZE_MAX + 1], funder[NAME_SIZE_MAX + 1], redeemer[NAME_SIZE_MAX + 1];
    struct rate_card card;
    uint64_t ends_ms;   /* of a signed one, as its end stands; 0: none */
    struct hash digest; /* of the card */
};

/* `contract` as GET /v1/contracts/{n} answers, `partners` the names of GET /v1/coalition by number.
 * ERROR_INVALID: something is missing or out of range, or the digest is not that of the terms. */
bool contract_view_read(const json_t *contract, const json_t *partners,
                        struct contract_view *view_out, struct error *error) MUST_USE;
/* Lines of text: the whole card. Times stand as the clocks of the charter show them and, since the
 * digest is of the moment and the zone is the node's word, in UTC too. */
void contract_view_words(const struct contract_view *view, const struct charter *charter,
                         struct buffer *out);

#endif
