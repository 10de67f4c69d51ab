/* sign.h - Ed25519 (RFC 8032) signatures, each bound to a purpose and a coalition.
 *
 * What is signed is never the bare message:
 *
 *     "accrue/" purpose-name "/v1" 0A  coalition id [32]  message
 *
 * so that a signature made for one thing, or in one coalition, says nothing about another.
 * The two _raw functions serve published formats (signed notes) that fix their own text.
 *
 * Threads: a signing_key or verifier is used by one thread at a time.
 */
#ifndef CRYPTO_SIGN_H
#define CRYPTO_SIGN_H

#include "crypto/hash.h"

enum { PUBLIC_KEY_SIZE = 32, SIGNATURE_SIZE = 64, SEED_SIZE = 32 };

struct public_key {
    uint8_t at[PUBLIC_KEY_SIZE];
};
struct signature {
    uint8_t at[SIGNATURE_SIZE];
};

/* The purpose names are wire format (protocol/FORMAT.md): never change one, only add. */
#define PURPOSES(X)                                                                                \
    X(PURPOSE_BATCH, "batch")                                                                      \
    X(PURPOSE_PROPOSAL, "proposal")                                                                \
    X(PURPOSE_PREVOTE, "prevote")                                                                  \
    X(PURPOSE_PRECOMMIT, "precommit")                                                              \
    X(PURPOSE_TRANSPORT, "transport")                                                              \
    X(PURPOSE_BALLOT, "ballot")                                                                    \
    X(PURPOSE_SNAPSHOT, "snapshot")

enum purpose {
#define X(name, text) name,
    PURPOSES(X)
#undef X
};
const char *purpose_name(enum purpose purpose);

struct signing_key; /* opaque: holds a private key */
struct verifier;    /* opaque: a public key prepared for many checks */

/* RFC 8032 seed of 32 bytes. The caller wipes its copy. Closed with signing_key_close(). */
struct signing_key *signing_key_from_seed(const uint8_t seed32[SEED_SIZE]);
struct signing_key *signing_key_generate(void);
void signing_key_close(struct signing_key *key); /* NULL is fine */
struct public_key signing_key_public(const struct signing_key *key);
/* For the key file only. */
void signing_key_seed(const struct signing_key *key, uint8_t seed32_out[SEED_SIZE]);

struct signature sign(const struct signing_key *key, enum purpose purpose,
                      const struct hash *coalition, struct bytes message);
struct signature sign_raw(const struct signing_key *key, struct bytes message);

/* NULL when the 32 bytes are not the canonical encoding of a curve point (RFC 8032 5.1.3). Points
 * of small order are taken: such a key binds its owner to nothing, which is for admission to
 * refuse. */
struct verifier *verifier_open(const struct public_key *key);
/* Whether verifier_open() takes it and it is a point of large order: what admission asks for. */
bool public_key_usable(const struct public_key *key) MUST_USE;
void verifier_close(struct verifier *verifier);
/* Malleable (S >= L) and, beyond OpenSSL's own checks, non-canonical A and R are refused. */
bool verify(const struct verifier *verifier, enum purpose purpose, const struct hash *coalition,
            struct bytes message, const struct signature *signature) MUST_USE;
bool verify_raw(const struct verifier *verifier, struct bytes message,
                const struct signature *signature) MUST_USE;

#endif
