/* journal.h - what one record changes: its effects, which go into the log, and notes of what has no
 * effect of its own. All of it feeds the hash of the height's changes.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_JOURNAL_H
#define PARTNERS_JOURNAL_H

#include "crypto/hash.h"
#include "protocol/record.h"

enum {
    /* A record of TRANSACTION_SIZE_MAX with these effects stays within RECORD_SIZE_MAX. */
    EFFECTS_SIZE_MAX = 40000,
    /* Time's effects of one height: no further item is begun above the first, so that with the
     * largest item the seal stays within RECORD_SIZE_MAX. */
    AUTOMATIC_BEGIN_MAX = 20000,
    AUTOMATIC_TIME_MAX = AUTOMATIC_BEGIN_MAX + EFFECTS_SIZE_MAX,
    /* What evidence and lapsed amendments add: at most 120 effects of up to 21 bytes. */
    AUTOMATIC_AMENDED_MAX = 2600,
    AUTOMATIC_SIZE_MAX = AUTOMATIC_TIME_MAX + AUTOMATIC_AMENDED_MAX,
    JOURNAL_HEAD_SIZE = 8 /* room for the array head before the effects */
};

/* Notes: what changed that no effect tells. Their numbers go into the hash only. */
enum journal_note {
    NOTE_MEMBER = 129,
    NOTE_CARD,
    NOTE_LOT,
    NOTE_REFUND,
    NOTE_HOLD,
    NOTE_HOLD_CLOSED,
    NOTE_REDEMPTION,
    NOTE_CLOCK,
    NOTE_KEY,
    NOTE_VERDICT,
    NOTE_EVIDENCE,
    NOTE_AMENDMENT,
    NOTE_MOTION,
    NOTE_BALLOT,
    NOTE_PERIOD,
    NOTE_SETTLED,
    NOTE_EPOCH,
    NOTE_DEAL,
    NOTE_ACCOUNT,
    NOTE_RISK,
    NOTE_VINTAGES,
    NOTE_DEFAULT
};

/* An array of effects that grows. */
struct effect_list {
    struct buffer bytes; /* JOURNAL_HEAD_SIZE bytes of room, then the encoded effects */
    size_t count;
};
void effect_list_init(struct effect_list *list); /* empty */
void effect_list_release(struct effect_list *list);
void effect_list_clear(struct effect_list *list);
void effect_list_join(struct effect_list *list, const struct effect_list *more);
/* The encoded array, borrowed until the list changes. */
struct bytes effect_list_encoded(struct effect_list *list);

struct journal {
    struct effect_list effects;
    struct buffer changes; /* not hashed yet */
    struct hasher hasher;
    bool hashing;
};

void journal_init(struct journal *journal);
void journal_release(struct journal *journal);
void journal_begin_height(struct journal *journal);
struct hash journal_end_height(struct journal *journal);

/* Empties the effects for the next record. */
void journal_begin_record(struct journal *journal);
void journal_effect(struct journal *journal, const struct effect *effect);
void journal_note(struct journal *journal, enum journal_note note, uint64_t a, uint64_t b);
void journal_note_bytes(struct journal *journal, enum journal_note note, struct bytes bytes);
size_t journal_size(const struct journal *journal); /* of the effects so far */
/* The encoded array, borrowed until the next record. */
struct bytes journal_end_record(struct journal *journal);

#endif
