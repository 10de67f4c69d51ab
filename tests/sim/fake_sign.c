/* Signatures that cost one hash and that anybody could make: the simulator's liars never do, except
 * with junk. Same interface as crypto/sign.c. */

#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"

struct signing_key {
    struct public_key public_key;
};
struct verifier {
    struct public_key public_key;
};

const char *purpose_name(enum purpose purpose)
{
    static const char *const names[] = {
#define X(name, text) text,
        PURPOSES(X)
#undef X
    };
    return names[purpose];
}

struct signing_key *signing_key_from_seed(const uint8_t seed32[SEED_SIZE])
{
    struct signing_key *key = (struct signing_key *)allocate(1, sizeof(*key));
    struct hash hash = hash_bytes(bytes_of(seed32, SEED_SIZE));
    memcpy(key->public_key.at, hash.at, HASH_SIZE);
    return key;
}

void signing_key_close(struct signing_key *key)
{
    free(key);
}

struct public_key signing_key_public(const struct signing_key *key)
{
    return key->public_key;
}

static struct signature make(const struct public_key *key, struct bytes prefix,
                             const struct hash *coalition, struct bytes message)
{
    struct bytes parts[] = {bytes_of(key->at, PUBLIC_KEY_SIZE), prefix, hash_as_bytes(coalition),
                            message};
    struct hash hash = hash_parts(parts, ARRAY_SIZE(parts));
    struct signature signature = {{0}};
    memcpy(signature.at, hash.at, HASH_SIZE);
    return signature;
}

struct signature sign(const struct signing_key *key, enum purpose purpose,
                      const struct hash *coalition, struct bytes message)
{
    return make(&key->public_key, bytes_text(purpose_name(purpose)), coalition, message);
}

struct signature sign_raw(const struct signing_key *key, struct bytes message)
{
    struct hash none = {{0}};
    return make(&key->public_key, bytes_text("raw"), &none, message);
}

struct verifier *verifier_open(const struct public_key *key)
{
    struct verifier *verifier = (struct verifier *)allocate(1, sizeof(*verifier));
    verifier->public_key = *key;
    return verifier;
}

bool public_key_usable(const struct public_key *key)
{
    (void)key;
    return true;
}

void verifier_close(struct verifier *verifier)
{
    free(verifier);
}

bool verify(const struct verifier *verifier, enum purpose purpose, const struct hash *coalition,
            struct bytes message, const struct signature *signature)
{
    struct signature good =
        make(&verifier->public_key, bytes_text(purpose_name(purpose)), coalition, message);
    return memcmp(good.at, signature->at, SIGNATURE_SIZE) == 0;
}

bool verify_raw(const struct verifier *verifier, struct bytes message,
                const struct signature *signature)
{
    struct hash none = {{0}};
    struct signature good = make(&verifier->public_key, bytes_text("raw"), &none, message);
    return memcmp(good.at, signature->at, SIGNATURE_SIZE) == 0;
}
