#include "partners/journal.h"

#include "protocol/codec.h"

#include <string.h>

enum { CHANGES_FLUSH_SIZE = 8192, CHANGES_LIMIT = 256 * 1024 };

void journal_init(struct journal *journal)
{
    *journal = (struct journal){0};
    buffer_init(&journal->effects, JOURNAL_HEAD_SIZE + AUTOMATIC_SIZE_MAX);
    buffer_init(&journal->head, JOURNAL_HEAD_SIZE);
    buffer_init(&journal->changes, CHANGES_LIMIT);
    journal_begin_record(journal);
}

void journal_release(struct journal *journal)
{
    buffer_release(&journal->effects);
    buffer_release(&journal->head);
    buffer_release(&journal->changes);
    if (journal->hashing)
        hasher_release(&journal->hasher);
    journal->hashing = false;
}

void journal_begin_height(struct journal *journal)
{
    must(!journal->hashing);
    hasher_init(&journal->hasher);
    journal->hashing = true;
}

/* Small updates cost more than their bytes: changes are hashed some kilobytes at a time. */
static void flush(struct journal *journal)
{
    must(journal->hashing && !journal->changes.overflowed);
    hasher_update(&journal->hasher, buffer_bytes(&journal->changes));
    buffer_clear(&journal->changes);
}

struct hash journal_end_height(struct journal *journal)
{
    flush(journal);
    journal->hashing = false;
    return hasher_final(&journal->hasher);
}

void journal_begin_record(struct journal *journal)
{
    buffer_clear(&journal->effects);
    (void)buffer_extend(&journal->effects, JOURNAL_HEAD_SIZE);
    journal->effect_count = 0;
}

void journal_effect(struct journal *journal, const struct effect *effect)
{
    effect_encode(effect, &journal->effects);
    journal->effect_count++;
}

void journal_note(struct journal *journal, enum journal_note note, uint64_t a, uint64_t b)
{
    uint8_t *at = buffer_extend(&journal->changes, 17);
    must(at != NULL);
    at[0] = (uint8_t)note;
    put_u64be(at + 1, a);
    put_u64be(at + 9, b);
    if (journal->changes.size >= CHANGES_FLUSH_SIZE)
        flush(journal);
}

void journal_note_bytes(struct journal *journal, enum journal_note note, struct bytes bytes)
{
    journal_note(journal, note, bytes.size, 0);
    buffer_append(&journal->changes, bytes);
}

size_t journal_size(const struct journal *journal)
{
    return journal->effects.size - JOURNAL_HEAD_SIZE;
}

struct bytes journal_end_record(struct journal *journal)
{
    must(!journal->effects.overflowed);
    struct buffer *head = &journal->head;
    buffer_clear(head);
    codec_put_array(head, journal->effect_count);
    must(!head->overflowed && head->size <= JOURNAL_HEAD_SIZE);
    size_t start = JOURNAL_HEAD_SIZE - head->size;
    memcpy(journal->effects.at + start, head->at, head->size);
    struct bytes encoded = bytes_of(journal->effects.at + start, journal->effects.size - start);
    buffer_append(&journal->changes, encoded);
    return encoded;
}
