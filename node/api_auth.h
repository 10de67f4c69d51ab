/* api_auth.h - who asks: bearer tokens (RFC 6750), known by their SHA-256 only.
 *
 * Fixed cost: one hash, then every token is compared to its end, whoever asks. Pure. Threads: any.
 */
#ifndef NODE_API_AUTH_H
#define NODE_API_AUTH_H

#include "node/api.h"

/* The token of an Authorization header; NULL when there is none or it is nobody's. */
const struct api_token *auth_token(const struct api_token *tokens, size_t token_count,
                                   struct bytes authorization);

#endif
