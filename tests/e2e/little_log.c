// links: node
/* A log of a few records, for a witness to look at:
 *
 *   little_log vkey                      the log's verifier key
 *   little_log request OLD SIZE [fork]   what it posts: from OLD to SIZE; with `fork`, of another
 *                                        history, which parts from the first at record 10
 *   little_log stranger OLD SIZE         the same, signed by a key that nobody knows
 *   little_log open VKEY                 reads a note and says which size VKEY signed
 */
#include "node/witness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RECORDS_MAX = 255, FORK_AT = 10 };
static const char origin[] = "little.example/log";

static struct signing_key *signer_of(uint8_t fill, struct note_key *key_out)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof(seed));
    struct signing_key *signer = signing_key_from_seed(seed);
    struct public_key public_key = signing_key_public(signer);
    must(note_key_make(origin, NOTE_TYPE_ED25519, &public_key, key_out, NULL));
    return signer;
}

static void say(const struct buffer *text)
{
    must(fwrite(text->at, 1, text->size, stdout) == text->size);
}

static int print_vkey(void)
{
    struct note_key key;
    struct buffer text;
    signing_key_close(signer_of(1, &key));
    buffer_init(&text, NOTE_SIZE_MAX);
    note_key_format(&key, &text);
    printf("%s\n", buffer_text(&text));
    buffer_release(&text);
    return 0;
}

static void grow(struct merkle *merkle, uint64_t size, bool fork)
{
    merkle_init(merkle);
    for (uint64_t i = 0; i < size; i++) {
        char record[32];
        (void)snprintf(record, sizeof(record), "%s%d", fork && i >= FORK_AT ? "other" : "", (int)i);
        struct hash leaf = merkle_leaf(bytes_text(record));
        merkle_append(merkle, &leaf, NULL, NULL);
    }
}

static int print_request(uint64_t old_size, uint64_t size, bool fork, uint8_t fill)
{
    static struct merkle merkle;
    struct note_key key;
    struct signing_key *signer = signer_of(fill, &key);
    struct checkpoint checkpoint = {.size = size};
    struct witness_request request = {.old_size = old_size};
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    struct buffer text, note, body;
    grow(&merkle, size, fork);
    (void)snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s", origin);
    checkpoint.root = merkle_root(&merkle);
    if (old_size > 0 && old_size < size)
        must(merkle_prove_consistency(&merkle, old_size, size, NULL, NULL, proof,
                                      &request.proof_count, NULL));
    memcpy(request.proof, proof, request.proof_count * sizeof(proof[0]));
    buffer_init(&text, NOTE_SIZE_MAX);
    buffer_init(&note, NOTE_SIZE_MAX);
    buffer_init(&body, WITNESS_BODY_MAX);
    checkpoint_format(&checkpoint, &text);
    must(note_begin(&note, buffer_bytes(&text), NULL));
    note_sign(&note, &key, signer);
    request.note = buffer_bytes(&note);
    witness_request_format(&request, &body);
    say(&body);
    signing_key_close(signer);
    buffer_release(&text);
    buffer_release(&note);
    buffer_release(&body);
    return 0;
}

static int open_note(const char *vkey)
{
    static uint8_t input[NOTE_SIZE_MAX];
    struct note_key key;
    struct note_result result;
    struct checkpoint checkpoint;
    struct error error;
    size_t size = fread(input, 1, sizeof(input), stdin);
    if (!note_key_parse(bytes_text(vkey), &key, &error) ||
        !note_open(bytes_of(input, size), &key, 1, &result, &error) ||
        !checkpoint_parse(result.text, &checkpoint, &error)) {
        printf("%s\n", error.text);
        return 1;
    }
    printf("%llu\n", (unsigned long long)checkpoint.size);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t old_size, size;
    if (argc == 2 && strcmp(argv[1], "vkey") == 0)
        return print_vkey();
    if (argc == 3 && strcmp(argv[1], "open") == 0)
        return open_note(argv[2]);
    bool stranger = argc == 4 && strcmp(argv[1], "stranger") == 0;
    bool fork = argc == 5 && strcmp(argv[4], "fork") == 0;
    if (argc < 4 || !parse_u64(bytes_text(argv[2]), RECORDS_MAX, &old_size) ||
        !parse_u64(bytes_text(argv[3]), RECORDS_MAX, &size))
        return 2;
    return print_request(old_size, size, fork, stranger ? 2 : 1);
}
