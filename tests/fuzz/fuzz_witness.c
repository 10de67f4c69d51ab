// links: node
/* What a witness is posted, and what it then says. The key is that of the seed corpus. */
#include "fuzz/fuzz.h"
#include "node/witness.h"

#include <string.h>

static struct note_key keys[1];

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    uint8_t seed[SEED_SIZE];
    memset(seed, 1, sizeof(seed));
    struct signing_key *signer = signing_key_from_seed(seed);
    struct public_key public_key = signing_key_public(signer);
    must(note_key_make("ledger.example/coalition", NOTE_TYPE_ED25519, &public_key, &keys[0], NULL));
    signing_key_close(signer);
    return 0;
}

/* Well-formed bodies have one spelling. */
static void try_request(struct bytes input)
{
    struct witness_request request;
    struct buffer out;
    if (!witness_request_parse(input, &request, NULL))
        return;
    buffer_init(&out, WITNESS_BODY_MAX);
    witness_request_format(&request, &out);
    fuzz_same(&out, input.at, input.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct witness_held none;
    struct bytes input = bytes_of(data, size);
    struct witness_request request;
    struct checkpoint checkpoint;
    struct buffer note;
    try_request(input);
    buffer_init(&note, NOTE_SIZE_MAX);
    if (witness_read(input, keys, 1, &request, &checkpoint, &note) == WITNESS_COSIGNED) {
        struct note_result result;
        must(note_open(buffer_bytes(&note), keys, 1, &result, NULL));
        struct witness_held held = {.size = request.old_size, .root = checkpoint.root};
        enum witness_verdict first = witness_judge(&request, &checkpoint, &none);
        must(first != WITNESS_COSIGNED || request.old_size == 0);
        must(first != WITNESS_OTHER_ROOT);
        enum witness_verdict next = witness_judge(&request, &checkpoint, &held);
        must(next != WITNESS_STALE);
    } else {
        must(note.size == 0);
    }
    buffer_release(&note);
    return 0;
}
