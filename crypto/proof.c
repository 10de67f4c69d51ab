#include "crypto/proof.h"

#include <stdlib.h>
#include <string.h>

static const char first_line[] = "c2sp.org/tlog-proof@v1";
static const char extra_word[] = "extra ", index_word[] = "index ";

/* ---- writing -------------------------------------------------------------------------------- */

static void append_base64(struct buffer *out, struct bytes bytes)
{
    size_t size = BASE64_SIZE(bytes.size);
    /* One more for the NUL, which the line's newline replaces. */
    uint8_t *at = buffer_extend(out, size + 1);
    if (at) {
        base64_encode(bytes, (char *)at);
        at[size] = '\n';
    }
}

void proof_format(const struct proof *proof, struct buffer *text_out)
{
    buffer_printf(text_out, "%s\n", first_line);
    if (proof->extra.size > 0) {
        buffer_append_text(text_out, extra_word);
        append_base64(text_out, proof->extra);
    }
    buffer_printf(text_out, "%s%llu\n", index_word, (unsigned long long)proof->index);
    for (size_t i = 0; i < proof->hash_count; i++) {
        append_base64(text_out, hash_as_bytes(&proof->hashes[i]));
    }
    buffer_append_byte(text_out, '\n');
    buffer_append(text_out, proof->checkpoint);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* What follows `word` on the line. */
static bool line_value(struct bytes line, const char *word, struct bytes *value_out)
{
    size_t size = strlen(word);
    if (line.size < size || memcmp(line.at, word, size) != 0) {
        return false;
    }
    *value_out = bytes_of(line.at + size, line.size - size);
    return true;
}

/* On a line that is no extra line there is nothing to do, and `rest` stays before it. */
static bool extra_next(struct bytes *rest, struct buffer *scratch, struct error *error)
{
    struct bytes after = *rest, line, value;
    if (!bytes_cut(&after, '\n', &line) || !line_value(line, extra_word, &value)) {
        return true;
    }
    if (value.size > BASE64_SIZE(PROOF_EXTRA_MAX)) {
        return error_set(error, ERROR_LIMIT, "the extra data has more than %d bytes",
                         PROOF_EXTRA_MAX);
    }
    size_t capacity = value.size / 4 * 3, size = 0;
    uint8_t *decoded = allocate(1, capacity);
    bool good = base64_decode(value, decoded, capacity, &size) && size > 0;
    if (good) {
        buffer_append(scratch, bytes_of(decoded, size));
    }
    free(decoded);
    if (!good) {
        return error_set(error, ERROR_INVALID, "the extra line is not base64 of some data");
    }
    if (scratch->overflowed) {
        return error_set(error, ERROR_LIMIT, "the extra data has more than %zu bytes",
                         scratch->limit);
    }
    *rest = after;
    return true;
}

static bool index_next(struct bytes *rest, uint64_t *index_out, struct error *error)
{
    struct bytes line, value;
    return (bytes_cut(rest, '\n', &line) && line_value(line, index_word, &value) &&
            parse_u64(value, UINT64_MAX, index_out)) ||
           error_set(error, ERROR_INVALID, "the index line is missing or malformed");
}

/* The lines up to the empty one, which is taken too. */
static bool hashes_next(struct bytes *rest, struct proof *proof, struct error *error)
{
    struct bytes line;
    size_t size = 0;
    for (;;) {
        if (!bytes_cut(rest, '\n', &line)) {
            return error_set(error, ERROR_INVALID, "no empty line before the checkpoint");
        }
        if (line.size == 0) {
            return true;
        }
        if (proof->hash_count == MERKLE_PROOF_MAX) {
            return error_set(error, ERROR_LIMIT, "more than %d hashes", MERKLE_PROOF_MAX);
        }
        if (!base64_decode(line, proof->hashes[proof->hash_count].at, HASH_SIZE, &size) ||
            size != HASH_SIZE) {
            return error_set(error, ERROR_INVALID, "line %zu of the path is not base64 of a hash",
                             proof->hash_count + 1);
        }
        proof->hash_count++;
    }
}

bool proof_parse(struct bytes text, struct buffer *scratch, struct proof *proof_out,
                 struct error *error)
{
    struct proof proof = {.index = 0};
    struct bytes line;
    buffer_clear(scratch);
    if (text.size > PROOF_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "a proof has at most %d bytes", PROOF_SIZE_MAX);
    }
    if (!bytes_cut(&text, '\n', &line) || !bytes_equal(line, bytes_text(first_line))) {
        return error_set(error, ERROR_INVALID, "the first line must be %s", first_line);
    }
    if (!extra_next(&text, scratch, error) || !index_next(&text, &proof.index, error) ||
        !hashes_next(&text, &proof, error)) {
        return false;
    }
    if (text.size == 0 || text.size > NOTE_SIZE_MAX) {
        return error_set(error, ERROR_INVALID, "the checkpoint has 1 to %d bytes", NOTE_SIZE_MAX);
    }
    if (!note_text_check(text, error)) {
        return error_wrap(error, "the checkpoint");
    }
    proof.extra = buffer_bytes(scratch);
    proof.checkpoint = text;
    *proof_out = proof;
    return true;
}

/* ---- judging -------------------------------------------------------------------------------- */

bool proof_verify(const struct proof *proof, struct bytes entry, const struct policy *policy,
                  struct checkpoint *checkpoint_out, struct policy_result *result_out,
                  struct error *error)
{
    struct checkpoint checkpoint;
    struct policy_result result;
    if (!policy_check(policy, proof->checkpoint, &checkpoint, &result, error)) {
        return error_wrap(error, "the checkpoint");
    }
    struct hash leaf = merkle_leaf(entry);
    if (!merkle_verify_inclusion(&leaf, proof->index, checkpoint.size, proof->hashes,
                                 proof->hash_count, &checkpoint.root)) {
        return error_set(error, ERROR_CONFLICT, "it is not entry %llu of this checkpoint's tree",
                         (unsigned long long)proof->index);
    }
    *checkpoint_out = checkpoint;
    *result_out = result;
    return true;
}
