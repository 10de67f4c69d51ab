/* api_auth.h - who asks: bearer tokens (RFC 6750), known by their SHA-256 only.
 *
 * Fixed cost: one hash, then every token is compared to its end, whoever asks. Pure. Threads: any.
 */
#ifndef NODE_API_AUTH_H
#define NODE_API_AUTH_H

#include "node/api.h"

/* The scopes of an Authorization header's token; 0 when there is none or nobody's. */
unsigned auth_scopes(const struct api_token *tokens, size_t token_count,
                     struct bytes authorization);

#endif
