/* carry.h - partners that agree on a change while four replicas run.
 */
#ifndef TESTS_UNIT_CARRY_H
#define TESTS_UNIT_CARRY_H

#include "unit/changes.h"
#include "unit/cosign_world.h"

static inline void carry_send(struct world *w, uint16_t number, struct transaction *t,
                              const char *key)
{
    struct buffer bytes;
    struct error error = {0};
    t->key = bytes_text(key);
    t->at_ms = w->now_ms;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(t, &bytes);
    if (!replica_submit(w->nodes[number].replica, buffer_bytes(&bytes), ++w->key, w->now_ms,
                        &error))
        printf("%s\n", error.text);
    CHECK(error.code == ERROR_NONE);
    buffer_release(&bytes);
    world_take(w, number);
}

/* A motion at `number`, and the ballots of three partners; returns from which height it holds. */
static inline uint64_t carry(struct world *w, uint16_t number, const struct change *change)
{
    struct transaction t;
    struct buffer body;
    char key[16];
    memset(&t, 0, sizeof(t));
    t.type = TRANSACTION_MOTION;
    t.body.motion.motion = (struct motion){.delay = MOTION_DELAY_MIN, .change = *change};
    buffer_init(&body, MOTION_SIZE_MAX);
    motion_encode(&t.body.motion.motion, &body);
    struct hash hash = hash_bytes(buffer_bytes(&body));
    carry_send(w, number, &t, "motion");
    world_pass(w, 2500);
    struct record_index index = {replica_record_count(w->nodes[number].replica) - 2};
    for (uint16_t partner = 0; partner < 3; partner++) {
        struct signing_key *governance = coalition_key(2, (uint8_t)partner);
        memset(&t, 0, sizeof(t));
        t.type = TRANSACTION_BALLOT;
        t.body.ballot.motion = index;
        t.body.ballot.partner.v = partner;
        t.body.ballot.signature = ballot_sign(governance, &w->charter->coalition, index, &hash);
        signing_key_close(governance);
        (void)snprintf(key, sizeof(key), "ballot-%u", partner);
        carry_send(w, number, &t, key);
    }
    world_pass(w, 5000);
    buffer_release(&body);
    return replica_charter(w->nodes[number].replica)->from_height;
}

#endif
