#include "partners/journal.h"

#include "protocol/codec.h"

#include <string.h>

enum { CHANGES_FLUSH_SIZE = 8192, CHANGES_LIMIT = 256 * 1024 };

/* ---- arrays of effects -----------------------------------------------------------------------
 */

void effect_list_init(struct effect_list *list)
{
    buffer_init(&list->bytes, JOURNAL_HEAD_SIZE + AUTOMATIC_SIZE_MAX);
    effect_list_clear(list);
}

void effect_list_release(struct effect_list *list)
{
    buffer_release(&list->bytes);
}

void effect_list_clear(struct effect_list *list)
{
    buffer_clear(&list->bytes);
    (void)buffer_extend(&list->bytes, JOURNAL_HEAD_SIZE);
    list->count = 0;
}

void effect_list_join(struct effect_list *list, const struct effect_list *more)
{
    buffer_append(&list->bytes, bytes_of(more->bytes.at + JOURNAL_HEAD_SIZE,
                                         more->bytes.size - JOURNAL_HEAD_SIZE));
    list->count += more->count;
}

struct bytes effect_list_encoded(struct effect_list *list)
{
    struct buffer head;
    must(!list->bytes.overflowed);
    buffer_init(&head, JOURNAL_HEAD_SIZE);
    codec_put_array(&head, list->count);
    must(!head.overflowed);
    size_t start = JOURNAL_HEAD_SIZE - head.size;
    memcpy(list->bytes.at + start, head.at, head.size);
    buffer_release(&head);
    return bytes_of(list->bytes.at + start, list->bytes.size - start);
}

/* ---- the journal -----------------------------------------------------------------------------
 */

void journal_init(struct journal *journal)
{
    *journal = (struct journal){0};
    effect_list_init(&journal->effects);
    buffer_init(&journal->changes, CHANGES_LIMIT);
}

void journal_release(struct journal *journal)
{
    effect_list_release(&journal->effects);
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
    effect_list_clear(&journal->effects);
}

void journal_effect(struct journal *journal, const struct effect *effect)
{
    effect_encode(effect, &journal->effects.bytes);
    journal->effects.count++;
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
    return journal->effects.bytes.size - JOURNAL_HEAD_SIZE;
}

struct bytes journal_end_record(struct journal *journal)
{
    struct bytes encoded = effect_list_encoded(&journal->effects);
    buffer_append(&journal->changes, encoded);
    return encoded;
}
