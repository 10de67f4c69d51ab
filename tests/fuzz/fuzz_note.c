// links: crypto
/* Signed notes, checkpoints and verifier keys. The keys are those of the seed corpus. */
#include "crypto/note.h"
#include "fuzz.h"

#include <string.h>

static struct note_key keys[2];

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    uint8_t types[] = {NOTE_TYPE_ED25519, NOTE_TYPE_COSIGNATURE};
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t seed[SEED_SIZE];
        memset(seed, 0x20 + i, sizeof(seed));
        struct signing_key *signer = signing_key_from_seed(seed);
        struct public_key public_key = signing_key_public(signer);
        must(note_key_make("fuzz.example/log", types[i], &public_key, &keys[i], NULL));
        signing_key_close(signer);
    }
    return 0;
}

static void try_checkpoint(struct bytes text)
{
    struct checkpoint checkpoint;
    struct buffer out;
    if (!checkpoint_parse(text, &checkpoint, NULL))
        return;
    buffer_init(&out, NOTE_SIZE_MAX);
    checkpoint_format(&checkpoint, &out);
    fuzz_same(&out, text.at, text.size);
}

static void try_key(struct bytes text)
{
    struct note_key key;
    struct buffer out;
    if (!note_key_parse(text, &key, NULL))
        return;
    buffer_init(&out, NOTE_SIZE_MAX);
    note_key_format(&key, &out);
    fuzz_same(&out, text.at, text.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct note_result result;
    struct error error;
    struct bytes input = bytes_of(data, size);
    try_key(input);
    try_checkpoint(input);
    if (note_open(input, keys, ARRAY_SIZE(keys), &result, &error)) {
        must(result.verified != 0 && result.verified < 4);
        must(result.text.at == data && result.text.size < size);
        try_checkpoint(result.text);
    }
    return 0;
}
