/* ledger_members.h - a ledger of ledger.h whose members change: a partner joins and votes, a node
 * gets other keys, a liar is suspended, a partner leaves.
 *
 *     height   2  3  5     6  7  9       9        11       11 12 14       16
 *              motion      motion        evidence         motion
 *                 ballots     ballots                        ballots
 *                    fay joins  cyd's keys       dan stops      bob has left
 *                          fay votes from 7
 */
#ifndef TESTS_UNIT_LEDGER_MEMBERS_H
#define TESTS_UNIT_LEDGER_MEMBERS_H

#include "unit/changes.h"
#include "unit/ledger.h"

enum { ADA, BOB, CYD, DAN, EVE, FAY, MEMBERS_HEIGHTS = 16 };
enum { CYD_FRESH = 20, CYD_FROM = 9, FAY_VOTES_FROM = 7, SUSPENDED_FROM = 11, LEFT_FROM = 14 };

static inline struct signing_key *cyd_key(bool fresh)
{
    return fresh ? coalition_key(CHANGES_KEY_KINDS + 1, CYD_FRESH) : coalition_key(1, CYD);
}

/* Keys as they are in force at the height. */
static inline void members_keys(struct ledger *ledger, uint64_t height)
{
    signing_key_close(ledger->keys[CYD]);
    ledger->keys[CYD] = cyd_key(height >= CYD_FROM);
}

static inline struct signing_key *cosigner_of(const struct charter_node *node)
{
    const struct {
        uint8_t kind, number;
    } keys[] = {{4, ADA},
                {4, BOB},
                {4, CYD},
                {4, DAN},
                {4, EVE},
                {CHANGES_KEY_KINDS + 4, FAY},
                {CHANGES_KEY_KINDS + 4, CYD_FRESH}};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct public_key key = coalition_public(keys[i].kind, keys[i].number);
        if (memcmp(key.at, node->cosigner_key.key.at, PUBLIC_KEY_SIZE) == 0)
            return coalition_key(keys[i].kind, keys[i].number);
    }
    REQUIRE(!"a key that is known here");
    return NULL;
}

/* The nodes of the mask, with the keys that they have at the checkpoint's height; 0: all who vote
 * there or at the next one. */
static inline void members_cosign(struct ledger *ledger)
{
    uint64_t height = 1;
    while (height < ledger->height_count &&
           ledger->past[height - 1].count < ledger->checkpoint.size)
        height++;
    const struct charter *charter = state_charter_at(ledger->state, height);
    const struct charter *next = state_charter_at(ledger->state, height + 1);
    for (uint16_t i = 0; i < charter->node_count; i++) {
        bool votes = charter->nodes[i].voter || next->nodes[i].voter;
        if (ledger->cosigner_mask ? !(ledger->cosigner_mask >> i & 1) : !votes)
            continue;
        struct signing_key *key = cosigner_of(&charter->nodes[i]);
        note_cosign(&ledger->note, &charter->nodes[i].cosigner_key, key, 1700000000);
        signing_key_close(key);
    }
}

/* ---- transactions ---------------------------------------------------------------------------- */

static inline struct transaction tx_motion(struct change change)
{
    struct transaction t = {.type = TRANSACTION_MOTION};
    t.body.motion.motion = (struct motion){.delay = MOTION_DELAY_MIN, .change = change};
    return t;
}

/* For the newest motion. */
static inline struct transaction tx_ballot(const struct ledger *ledger, uint16_t partner,
                                           uint16_t signer)
{
    struct transaction t = {.type = TRANSACTION_BALLOT};
    struct motion_view motion;
    struct signing_key *key =
        coalition_key(signer == FAY ? CHANGES_KEY_KINDS + 2 : 2, (uint8_t)signer);
    state_motion(ledger->state, state_motion_count(ledger->state) - 1, &motion);
    t.body.ballot.motion = motion.record;
    t.body.ballot.partner.v = partner;
    t.body.ballot.signature =
        ballot_sign(key, &ledger->charter->coalition, motion.record, &motion.hash);
    signing_key_close(key);
    return t;
}

static inline struct transaction tx_ready(const struct ledger *ledger, bool honest)
{
    struct transaction t = {.type = TRANSACTION_READY};
    t.body.ready.height = ledger->height_count;
    t.body.ready.digest = ledger->past[ledger->height_count - 1].digest;
    t.body.ready.digest.at[3] ^= !honest;
    return t;
}

/* Two batches of one place, signed with this key. */
static inline struct buffer two_batches(const struct ledger *ledger, uint16_t node,
                                        const struct signing_key *key)
{
    struct evidence_item items[2];
    struct evidence evidence;
    struct buffer out, payload;
    buffer_init(&payload, 64);
    batch_payload_put(&payload, bytes_text("a transaction"));
    for (uint64_t i = 0; i < 2; i++) {
        struct batch *batch = &items[i].batch;
        memset(&items[i], 0, sizeof(items[i]));
        batch->coalition = ledger->charter->coalition;
        batch->lane.v = node;
        batch->sequence = 77;
        batch->previous = hash_bytes(bytes_text("before"));
        batch->created_ms = START_MS + i;
        batch->transaction_count = 1;
        batch->payload = buffer_bytes(&payload);
        batch_seal(batch, key);
        batch->payload.at = NULL;
    }
    buffer_release(&payload);
    evidence_make(EVIDENCE_BATCHES, &ledger->charter->coalition, (struct node_id){node}, &items[0],
                  &items[1], &evidence);
    buffer_init(&out, EVIDENCE_SIZE_MAX);
    evidence_encode(&evidence, &out);
    return out;
}

/* ---- the story ------------------------------------------------------------------------------- */

static inline void members_motion(struct ledger *ledger, uint16_t lane, struct change change)
{
    LANE(lane, tx_motion(change), tx_earn(1 + lane, 10));
}

static inline void members_first_half(struct ledger *ledger, uint64_t height)
{
    if (height == 1) {
        LANE(ADA, tx_enrol(1), tx_enrol(2), tx_enrol(3), tx_earn(1, 500));
        LANE(BOB, tx_enrol(4), tx_enrol(5), tx_enrol(6));
    } else if (height == 2) {
        members_motion(ledger, ADA, change_found("fay", "fay-1", FAY, true));
    } else if (height == 3) {
        LANE(ADA, tx_ballot(ledger, ADA, ADA), tx_ballot(ledger, BOB, BOB),
             tx_ballot(ledger, CYD, CYD));
        LANE(BOB, tx_earn(4, 7));
    } else if (height == 4) {
        LANE(CYD, tx_earn(2, 30));
        LANE(DAN, tx_redeem(1, 20));
    } else if (height == 5) {
        LANE(FAY, tx_ready(ledger, false), tx_ready(ledger, true));
        LANE(BOB, tx_earn(5, 9));
    } else if (height == 6) {
        members_motion(ledger, BOB, change_replace_keys(CYD, CYD_FRESH));
    } else if (height == 7) {
        LANE(FAY, tx_ballot(ledger, CYD, DAN), tx_ballot(ledger, FAY, FAY));
        LANE(ADA, tx_ballot(ledger, ADA, ADA), tx_ballot(ledger, BOB, BOB),
             tx_ballot(ledger, DAN, DAN));
    } else {
        LANE(ADA, tx_earn(3, 11));
        LANE(CYD, tx_redeem(1, 5));
        LANE(DAN, tx_earn(6, 13));
    }
}

static inline void members_second_half(struct ledger *ledger, uint64_t height)
{
    if (height == 9 || height == 10) {
        LANE(CYD, tx_earn(2, 40));
        LANE(DAN, tx_earn(4, 3));
    } else if (height == 11) {
        members_motion(ledger, ADA, change_remove_partner(BOB));
        LANE(CYD, tx_redeem(2, 20));
    } else if (height == 12) {
        LANE(ADA, tx_ballot(ledger, ADA, ADA), tx_ballot(ledger, CYD, CYD));
        LANE(FAY, tx_ballot(ledger, DAN, DAN), tx_ballot(ledger, FAY, FAY));
    } else if (height == 13) {
        LANE(BOB, tx_earn(5, 21));
        LANE(FAY, tx_earn(5, 22));
    } else {
        LANE(ADA, tx_earn(1, 5));
        LANE(FAY, tx_redeem(1, 15));
        LANE(CYD, tx_earn(3, 8));
    }
    if (height == 9) {
        struct buffer evidence = two_batches(ledger, DAN, ledger->keys[DAN]);
        ledger->evidence = evidence;
    }
}

static inline void members_play(struct ledger *ledger)
{
    ledger->keys[FAY] = coalition_key(CHANGES_KEY_KINDS + 1, FAY);
    ledger->cosign = members_cosign;
    while (ledger->height_count < MEMBERS_HEIGHTS) {
        uint64_t height = ledger->height_count + 1;
        members_keys(ledger, height);
        ledger_begin(ledger);
        if (height < 9)
            members_first_half(ledger, height);
        else
            members_second_half(ledger, height);
        ledger_end(ledger);
    }
}

#endif
