#include "node/witness_submit.h"

#include <string.h>

bool submit_due(const struct submit *submit, uint64_t size, uint64_t now_ms, uint64_t *wait_ms_out)
{
    bool ahead = size < submit->old_size;
    uint64_t due_ms = submit->due_ms + (ahead ? SUBMIT_BACKOFF_MAX_MS : 0);
    *wait_ms_out = UINT64_MAX;
    if (submit->asking || size <= submit->cosigned_size)
        return false;
    if (now_ms >= due_ms)
        return true;
    *wait_ms_out = due_ms - now_ms;
    return false;
}

uint64_t submit_claim(const struct submit *submit, uint64_t size)
{
    return size < submit->old_size ? 0 : submit->old_size;
}

void submit_begin(struct submit *submit, uint64_t size)
{
    must(!submit->asking);
    submit->old_size = submit_claim(submit, size);
    submit->asking = true;
    submit->asked_size = size;
}

static enum submit_outcome fail(struct submit *submit, uint64_t now_ms)
{
    uint64_t wait_ms = SUBMIT_BACKOFF_MS;
    for (unsigned i = 0; i < submit->failures && wait_ms < SUBMIT_BACKOFF_MAX_MS; i++)
        wait_ms *= 2;
    submit->failures++;
    submit->corrections = 0;
    submit->due_ms = now_ms + (wait_ms < SUBMIT_BACKOFF_MAX_MS ? wait_ms : SUBMIT_BACKOFF_MAX_MS);
    return SUBMIT_FAILED;
}

/* 409. One that repeats what we said, or goes on telling sizes, is no use. */
static enum submit_outcome correct(struct submit *submit, uint64_t size, uint64_t now_ms)
{
    if (size == submit->old_size || submit->corrections++ == SUBMIT_CORRECTIONS_MAX)
        return fail(submit, now_ms);
    submit->old_size = size;
    if (size <= submit->asked_size)
        return SUBMIT_CORRECTED;
    submit->corrections = 0;
    submit->due_ms = now_ms + SUBMIT_EVERY_MS;
    return SUBMIT_AHEAD;
}

enum submit_outcome submit_end(struct submit *submit, const struct submit_answer *answer,
                               uint64_t now_ms)
{
    must(submit->asking);
    submit->asking = false;
    if (answer->status == 409 && answer->told)
        return correct(submit, answer->size, now_ms);
    if (answer->status != 200 || !answer->holds)
        return fail(submit, now_ms);
    submit->old_size = submit->cosigned_size = submit->asked_size;
    submit->failures = submit->corrections = 0;
    submit->due_ms = now_ms + SUBMIT_EVERY_MS;
    return SUBMIT_COSIGNED;
}

bool submit_size_parse(const char *content_type, struct bytes body, uint64_t *size_out)
{
    return content_type && strcmp(content_type, "text/x.tlog.size") == 0 && body.size > 0 &&
           body.at[body.size - 1] == '\n' &&
           parse_u64(bytes_of(body.at, body.size - 1), UINT64_MAX, size_out);
}

bool submit_cosignature(struct bytes note, struct bytes answer, const struct note_key *key,
                        struct bytes *line_out, uint64_t *time_s_out)
{
    struct bytes text, lines;
    struct buffer alone;
    bool found = false;
    if (!note_split(note, &text, &lines))
        return false;
    buffer_init(&alone, NOTE_SIZE_MAX);
    for (size_t i = 0; i < NOTE_SIGNATURES_MAX && !found; i++) {
        struct note_result result;
        struct bytes line;
        if (!bytes_cut(&answer, '\n', &line))
            break;
        buffer_clear(&alone);
        buffer_append(&alone, text);
        buffer_append_byte(&alone, '\n');
        buffer_append(&alone, line);
        buffer_append_byte(&alone, '\n');
        found = !alone.overflowed && note_open(buffer_bytes(&alone), key, 1, &result, NULL);
        if (found) {
            *line_out = line;
            *time_s_out = result.times_s[0];
        }
    }
    buffer_release(&alone);
    return found;
}
