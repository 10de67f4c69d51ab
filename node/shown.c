#include "node/shown.h"

#include <string.h>

enum { LINES_SIZE_MAX = SHOWN_LINES_MAX * (NOTE_NAME_MAX + 128) };

static void held_init(struct shown_checkpoint *held)
{
    buffer_init(&held->note, NOTE_SIZE_MAX);
    buffer_init(&held->lines, LINES_SIZE_MAX);
}

static void held_release(struct shown_checkpoint *held)
{
    buffer_release(&held->note);
    buffer_release(&held->lines);
}

/* ERROR_LIMIT: more than SHOWN_LINES_MAX witnesses with a URL. */
static bool policy_take(struct bytes text, struct policy *policy_out, uint64_t *outside_out,
                        struct error *error)
{
    struct policy policy;
    uint64_t outside = 0;
    if (!policy_parse(text, &policy, error))
        return false;
    for (size_t i = 0; i < policy.witness_count; i++)
        if (policy.witnesses[i].url[0])
            outside |= UINT64_C(1) << i;
    if (__builtin_popcountll(outside) > SHOWN_LINES_MAX) {
        policy_release(&policy);
        return error_set(error, ERROR_LIMIT, "at most %d witnesses of a policy have a URL",
                         SHOWN_LINES_MAX);
    }
    *policy_out = policy;
    *outside_out = outside;
    return true;
}

bool shown_init(struct shown *shown, struct bytes policy, struct error *error)
{
    struct shown made = {.outside = 0};
    if (!policy_take(policy, &made.policy, &made.outside, error))
        return false;
    held_init(&made.newest);
    held_init(&made.offered);
    buffer_init(&made.note, NOTE_SIZE_MAX);
    *shown = made;
    return true;
}

static void held_forget(struct shown_checkpoint *held)
{
    buffer_clear(&held->note);
    buffer_clear(&held->lines);
    held->checkpoint = (struct checkpoint){.size = 0};
    held->cosigned = 0;
}

bool shown_set_policy(struct shown *shown, struct bytes policy, struct error *error)
{
    struct policy before = shown->policy;
    if (!policy_take(policy, &shown->policy, &shown->outside, error))
        return false;
    policy_release(&before);
    held_forget(&shown->newest);
    held_forget(&shown->offered);
    return true;
}

void shown_release(struct shown *shown)
{
    held_release(&shown->newest);
    held_release(&shown->offered);
    buffer_release(&shown->note);
    policy_release(&shown->policy);
}

uint64_t shown_bit(const struct shown *shown, const struct note_key *key)
{
    for (size_t i = 0; i < shown->policy.witness_count; i++) {
        const struct note_key *own = &shown->policy.witness_keys[i];
        if (own->id == key->id && strcmp(own->name, key->name) == 0 &&
            memcmp(own->key.at, key->key.at, PUBLIC_KEY_SIZE) == 0)
            return UINT64_C(1) << i;
    }
    return 0;
}

static void held_set(struct shown_checkpoint *held, const struct checkpoint *checkpoint,
                     struct bytes note, uint64_t cosigned)
{
    if (held->checkpoint.size != checkpoint->size) {
        buffer_clear(&held->lines);
        held->cosigned = 0;
    }
    held->checkpoint = *checkpoint;
    held->cosigned |= cosigned;
    buffer_clear(&held->note);
    buffer_append(&held->note, note);
}

static void offer_newest(struct shown *shown, uint64_t now_ms)
{
    const struct shown_checkpoint *newest = &shown->newest;
    if (newest->checkpoint.size <= shown->offered.checkpoint.size)
        return;
    held_set(&shown->offered, &newest->checkpoint, buffer_bytes(&newest->note), newest->cosigned);
    shown->offered_ms = now_ms;
}

static bool is_complete(const struct shown *shown)
{
    return (shown->offered.cosigned & shown->outside) == shown->outside;
}

/* A clock that was set back tells nothing: then the offer has had its time. */
static uint64_t age_ms(const struct shown *shown, uint64_t now_ms)
{
    return now_ms >= shown->offered_ms ? now_ms - shown->offered_ms : SHOWN_OFFER_MAX_MS;
}

/* Shows what is offered, if the policy lets us and nobody who is quick is still to come; and again
 * when somebody has come. */
static void show(struct shown *shown, uint64_t now_ms)
{
    const struct shown_checkpoint *offered = &shown->offered;
    bool is_shown = offered->checkpoint.size == shown->checkpoint.size;
    if (offered->checkpoint.size == 0 || !policy_met(&shown->policy, offered->cosigned))
        return;
    if (is_shown ? shown->note.size >= offered->note.size + offered->lines.size
                 : !is_complete(shown) && age_ms(shown, now_ms) < SHOWN_OFFER_MS)
        return;
    buffer_clear(&shown->note);
    buffer_append(&shown->note, buffer_bytes(&offered->note));
    buffer_append(&shown->note, buffer_bytes(&offered->lines));
    must(!shown->note.overflowed);
    shown->checkpoint = offered->checkpoint;
}

void shown_on_time(struct shown *shown, uint64_t now_ms)
{
    show(shown, now_ms);
    bool is_shown = shown->offered.checkpoint.size == shown->checkpoint.size;
    if (!is_complete(shown) && age_ms(shown, now_ms) < SHOWN_OFFER_MAX_MS &&
        !(is_shown && age_ms(shown, now_ms) >= SHOWN_OFFER_MS))
        return;
    offer_newest(shown, now_ms);
    show(shown, now_ms);
}

void shown_outrun(struct shown *shown, uint64_t now_ms)
{
    offer_newest(shown, now_ms);
}

void shown_final(struct shown *shown, const struct checkpoint *checkpoint, struct bytes note,
                 uint64_t cosigned, uint64_t now_ms)
{
    must(checkpoint->size >= shown->newest.checkpoint.size);
    held_set(&shown->newest, checkpoint, note, cosigned);
    if (shown->offered.checkpoint.size == checkpoint->size)
        held_set(&shown->offered, checkpoint, note, cosigned);
    shown_on_time(shown, now_ms);
}

void shown_cosigned(struct shown *shown, size_t witness, const struct checkpoint *checkpoint,
                    struct bytes line, uint64_t now_ms)
{
    struct shown_checkpoint *offered = &shown->offered;
    uint64_t bit = UINT64_C(1) << witness;
    must(witness < shown->policy.witness_count);
    if (offered->checkpoint.size != checkpoint->size ||
        !hash_equal(&offered->checkpoint.root, &checkpoint->root) || (offered->cosigned & bit))
        return;
    offered->cosigned |= bit;
    buffer_append(&offered->lines, line);
    buffer_append_byte(&offered->lines, '\n');
    must(!offered->lines.overflowed);
    shown_on_time(shown, now_ms);
}
