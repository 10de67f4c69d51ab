#include "node/api_auth.h"

#include <string.h>
#include <strings.h>

bool api_scope_from_word(struct bytes word, enum api_scope *scope_out)
{
    static const struct {
        const char *word;
        enum api_scope scope;
    } scopes[] = {{"till", API_TILL},
                  {"office", API_OFFICE},
                  {"auditor", API_AUDITOR},
                  {"admin", API_ADMIN},
                  {"finance", API_FINANCE}};
    for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
        if (bytes_equal(word, bytes_text(scopes[i].word))) {
            *scope_out = scopes[i].scope;
            return true;
        }
    }
    return false;
}

static struct bytes bearer_of(struct bytes header)
{
    static const char scheme[] = "bearer ";
    size_t size = sizeof(scheme) - 1;
    if (header.size <= size || header.size > size + API_TOKEN_SIZE_MAX ||
        strncasecmp((const char *)header.at, scheme, size) != 0)
        return bytes_of("", 0);
    header = bytes_of(header.at + size, header.size - size);
    while (header.size > 0 && header.at[0] == ' ')
        header = bytes_of(header.at + 1, header.size - 1);
    return header;
}

const struct api_token *auth_token(const struct api_token *tokens, size_t token_count,
                                   struct bytes authorization)
{
    struct bytes token = bearer_of(authorization);
    struct hash digest = hash_bytes(token);
    size_t found = 0; /* 1 + its place */
    for (size_t i = 0; i < token_count; i++) {
        bool same =
            bytes_equal_constant_time(hash_as_bytes(&digest), hash_as_bytes(&tokens[i].digest));
        size_t mask = 0U - (size_t)same;
        found = (found & ~mask) | ((i + 1) & mask);
    }
    /* An empty text is nobody's token, even where a configuration holds its hash. */
    return token.size > 0 && found > 0 ? &tokens[found - 1] : NULL;
}
