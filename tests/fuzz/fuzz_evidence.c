// links: protocol
/* Evidence: from a peer, a file or a store; judged with keys that signed none of it. */
#include "fuzz/fuzz.h"
#include "protocol/evidence.h"

enum { NODES = 4 };

static struct verifier *stranger(void)
{
    uint8_t seed[SEED_SIZE] = {7};
    struct signing_key *key = signing_key_from_seed(seed);
    struct public_key public_key = signing_key_public(key);
    signing_key_close(key);
    return verifier_open(&public_key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct verifier *verifiers[NODES];
    struct evidence evidence;
    struct buffer out;
    char words[EVIDENCE_WORDS_SIZE];
    for (size_t i = 0; i < NODES && !verifiers[i]; i++)
        verifiers[i] = stranger();
    if (!evidence_decode(bytes_of(data, size), &evidence, NULL))
        return 0;
    struct evidence_keys keys = {.coalition = &evidence.coalition,
                                 .origin = "ledger.example/coalition",
                                 .node_count = NODES,
                                 .signers = verifiers,
                                 .cosigners = verifiers};
    must(!evidence_verify(&evidence, &keys, NULL));
    evidence_words(&evidence, "fuel", words);
    buffer_init(&out, EVIDENCE_SIZE_MAX);
    evidence_encode(&evidence, &out);
    fuzz_same(&out, data, size);
    return 0;
}
