#include "node/witness.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEYS_AT_ONCE = 64, /* of note_open() */
    KEPT_MAX = 16      /* signatures of the log: with our own the note can still be opened */
};

static const struct verdict {
    int status;
    const char *word, *reason;
} verdicts[] = {
#define X(name, status, word, reason) [name] = {status, word, reason},
    WITNESS_VERDICTS(X)
#undef X
};

int witness_status(enum witness_verdict verdict)
{
    must(verdict < WITNESS_VERDICT_COUNT);
    return verdicts[verdict].status;
}

const char *witness_word(enum witness_verdict verdict)
{
    must(verdict < WITNESS_VERDICT_COUNT);
    return verdicts[verdict].word;
}

const char *witness_reason(enum witness_verdict verdict)
{
    must(verdict < WITNESS_VERDICT_COUNT);
    return verdicts[verdict].reason;
}

/* ---- requests ------------------------------------------------------------------------------- */

static bool old_line_parse(struct bytes line, uint64_t *size_out)
{
    static const char word[] = "old ";
    size_t skip = sizeof(word) - 1;
    return line.size > skip && memcmp(line.at, word, skip) == 0 &&
           parse_u64(bytes_of(line.at + skip, line.size - skip), UINT64_MAX, size_out);
}

bool witness_request_parse(struct bytes body, struct witness_request *request_out,
                           struct error *error)
{
    struct witness_request request = {.proof_count = 0};
    struct bytes line;
    if (body.size > WITNESS_BODY_MAX)
        return error_set(error, ERROR_LIMIT, "a request has at most %d bytes", WITNESS_BODY_MAX);
    if (!bytes_cut(&body, '\n', &line) || !old_line_parse(line, &request.old_size))
        return error_set(error, ERROR_INVALID, "the first line is \"old\" and a plain number");
    for (;;) {
        size_t size = 0;
        if (!bytes_cut(&body, '\n', &line))
            return error_set(error, ERROR_INVALID, "no empty line before the checkpoint");
        if (line.size == 0)
            break;
        if (request.proof_count == WITNESS_PROOF_MAX)
            return error_set(error, ERROR_LIMIT, "more than %d lines of proof", WITNESS_PROOF_MAX);
        if (!base64_decode(line, request.proof[request.proof_count].at, HASH_SIZE, &size) ||
            size != HASH_SIZE)
            return error_set(error, ERROR_INVALID, "line %zu of the proof is not base64 of a hash",
                             request.proof_count + 1);
        request.proof_count++;
    }
    request.note = body;
    *request_out = request;
    return true;
}

void witness_request_format(const struct witness_request *request, struct buffer *body_out)
{
    char hash[HASH_BASE64_SIZE + 1];
    must(request->proof_count <= WITNESS_PROOF_MAX);
    buffer_printf(body_out, "old %llu\n", (unsigned long long)request->old_size);
    for (size_t i = 0; i < request->proof_count; i++) {
        base64_encode(hash_as_bytes(&request->proof[i]), hash);
        buffer_printf(body_out, "%s\n", hash);
    }
    buffer_append_byte(body_out, '\n');
    buffer_append(body_out, request->note);
}

/* ---- who signed ----------------------------------------------------------------------------- */

/* One signature line under its text. ERROR_NOT_FOUND when its key is none of these; any other error
 * when it is one, and the signature does not hold. */
static bool line_is_trusted(struct bytes text, struct bytes line, const struct note_key *keys,
                            size_t key_count, struct error *error)
{
    struct note_result result;
    struct buffer alone;
    buffer_init(&alone, NOTE_SIZE_MAX);
    buffer_append(&alone, text);
    buffer_append_byte(&alone, '\n');
    buffer_append(&alone, line);
    buffer_append_byte(&alone, '\n');
    bool good = false;
    error->code = ERROR_NOT_FOUND;
    for (size_t i = 0; i < key_count && !good && error->code == ERROR_NOT_FOUND;
         i += KEYS_AT_ONCE) {
        size_t left = key_count - i;
        good = note_open(buffer_bytes(&alone), keys + i, left < KEYS_AT_ONCE ? left : KEYS_AT_ONCE,
                         &result, error);
    }
    buffer_release(&alone);
    return good;
}

/* Appends the text and its trusted signatures to `out`; whether there is any, and none that claims
 * to be but fails. */
static bool signatures_keep(struct bytes text, struct bytes lines, const struct note_key *keys,
                            size_t key_count, struct buffer *out)
{
    struct bytes line;
    struct error error;
    size_t kept = 0;
    if (!note_begin(out, text, &error))
        return false;
    while (bytes_cut(&lines, '\n', &line)) {
        if (line_is_trusted(text, line, keys, key_count, &error)) {
            if (kept++ >= KEPT_MAX)
                continue;
            buffer_append(out, line);
            buffer_append_byte(out, '\n');
        } else if (error.code != ERROR_NOT_FOUND) {
            return false;
        }
    }
    return kept > 0 && !out->overflowed;
}

/* The keys of one log: another's signature, trusted as it may be, says nothing of this one. */
static size_t keys_of(const char *origin, const struct note_key *logs, size_t log_count,
                      struct note_key *keys_out)
{
    size_t count = 0;
    for (size_t i = 0; i < log_count; i++)
        if (strcmp(logs[i].name, origin) == 0)
            keys_out[count++] = logs[i];
    return count;
}

static enum witness_verdict note_judge(struct bytes text, struct bytes lines, const char *origin,
                                       const struct note_key *logs, size_t log_count,
                                       struct buffer *note_out)
{
    struct note_key *keys = (struct note_key *)allocate(log_count + 1, sizeof(*keys));
    size_t count = keys_of(origin, logs, log_count, keys);
    enum witness_verdict verdict = WITNESS_UNKNOWN_LOG;
    if (count > 0)
        verdict = signatures_keep(text, lines, keys, count, note_out) ? WITNESS_COSIGNED
                                                                      : WITNESS_UNTRUSTED;
    free(keys);
    return verdict;
}

/* A well-formed note without known keys lacks nothing but them. */
static bool note_is_well_formed(struct bytes note)
{
    struct note_result result;
    struct error error;
    return !note_open(note, NULL, 0, &result, &error) && error.code == ERROR_NOT_FOUND;
}

enum witness_verdict witness_read(struct bytes body, const struct note_key *logs, size_t log_count,
                                  struct witness_request *request_out,
                                  struct checkpoint *checkpoint_out, struct buffer *note_out)
{
    struct witness_request request;
    struct checkpoint checkpoint;
    struct bytes text, lines;
    struct buffer note;
    must(note_out->size == 0);
    if (!witness_request_parse(body, &request, NULL) || !note_is_well_formed(request.note) ||
        !note_split(request.note, &text, &lines) || !checkpoint_parse(text, &checkpoint, NULL))
        return WITNESS_MALFORMED;
    buffer_init(&note, NOTE_SIZE_MAX);
    enum witness_verdict verdict =
        note_judge(text, lines, checkpoint.origin, logs, log_count, &note);
    if (verdict == WITNESS_COSIGNED) {
        buffer_append(note_out, buffer_bytes(&note));
        *request_out = request;
        *checkpoint_out = checkpoint;
    }
    buffer_release(&note);
    return verdict;
}

/* ---- what is held --------------------------------------------------------------------------- */

static bool goes_on_from(const struct witness_request *request, const struct checkpoint *checkpoint,
                         const struct witness_held *held)
{
    struct hash empty = merkle_empty();
    if (checkpoint->size == 0 && !hash_equal(&checkpoint->root, &empty))
        return false;
    if (held->size == 0 || held->size == checkpoint->size)
        return request->proof_count == 0;
    return merkle_verify_consistency(held->size, checkpoint->size, &held->root, &checkpoint->root,
                                     request->proof, request->proof_count);
}

enum witness_verdict witness_judge(const struct witness_request *request,
                                   const struct checkpoint *checkpoint,
                                   const struct witness_held *held)
{
    if (request->old_size > checkpoint->size)
        return WITNESS_OLD_BEYOND;
    if (request->old_size != held->size)
        return WITNESS_STALE;
    if (held->size > 0 && held->size == checkpoint->size &&
        !hash_equal(&held->root, &checkpoint->root))
        return WITNESS_OTHER_ROOT;
    return goes_on_from(request, checkpoint, held) ? WITNESS_COSIGNED : WITNESS_INCONSISTENT;
}
