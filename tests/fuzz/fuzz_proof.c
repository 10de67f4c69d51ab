// links: crypto
/* Proofs: what is read comes back unchanged, and none holds under a key that signed nothing. */
#include "crypto/proof.h"
#include "fuzz/fuzz.h"

static struct policy policy;

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char text[] = "log a+08942d87+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\n"
                               "quorum none\n";
    (void)argc;
    (void)argv;
    must(policy_parse(bytes_text(text), &policy, NULL));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer scratch, out;
    struct proof proof;
    struct error error;
    buffer_init(&scratch, PROOF_EXTRA_MAX);
    if (proof_parse(bytes_of(data, size), &scratch, &proof, &error)) {
        struct checkpoint checkpoint;
        struct policy_result result;
        must(proof.hash_count <= MERKLE_PROOF_MAX && proof.checkpoint.size > 0);
        must(!proof_verify(&proof, proof.extra, &policy, &checkpoint, &result, &error));
        buffer_init(&out, PROOF_SIZE_MAX);
        proof_format(&proof, &out);
        fuzz_same(&out, data, size);
    }
    buffer_release(&scratch);
    return 0;
}
