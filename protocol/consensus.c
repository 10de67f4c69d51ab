#include "protocol/consensus.h"

#include "protocol/plant.h"

#include <stdlib.h>
#include <string.h>

/* Claims kept of a voter in a round: the first, and later ones for cuts that were proposed. */
enum { CLAIMS_MAX = 1 + CONSENSUS_SLOTS };

enum { ACTIONS_MAX = 64, ROUNDS_AHEAD_MAX = 8 };

/* A proposal heard in a round. Two slots: an equivocating proposer may have shown us one cut and a
 * quorum the other. */
struct slot {
    bool used;
    struct hash cut;
    int32_t valid_round;
    bool timely, proof_holds;
    struct buffer bytes;
};

struct round_state {
    struct slot slots[CONSENSUS_SLOTS];
    struct vote *votes[2]; /* [type - 1][voter place * CLAIMS_MAX + claim] */
    uint8_t *claims[2];    /* [type - 1][voter place]: how many are kept */
    uint64_t masks[2];     /* bit i: voter place i has a claim */
    bool prevote_timeout_set, precommit_timeout_set, nil_round_over, quorum_handled;
};

struct cut_entry { /* a cut of this height and what the node thinks of it */
    struct hash id;
    struct buffer bytes;
    enum cut_status status;
};

struct consensus {
    struct consensus_config config;
    uint64_t height;
    int32_t round;
    int32_t restored_round; /* -1: nothing restored */
    enum consensus_step step;

    int32_t locked_round, valid_round;
    struct hash locked, valid;
    size_t proof_count;
    struct vote proof[VOTERS_MAX];

    struct round_state **rounds; /* 0 .. round_count - 1, made when first needed */
    size_t round_count, round_capacity;
    struct vote newest[VOTERS_MAX][2]; /* of rounds beyond ours: one a voter and type */
    uint64_t conflicts[VOTERS_MAX];

    struct cut_entry *cuts;
    size_t cut_count, cut_capacity;

    struct certificate certificate;
    struct consensus_action actions[ACTIONS_MAX];
    size_t action_first, action_count;
};

/* ---- lifecycle ----------------------------------------------------------------------------- */

struct consensus *consensus_open(void)
{
    struct consensus *c = (struct consensus *)allocate(1, sizeof(*c));
    c->step = STEP_WAITING;
    c->locked_round = c->valid_round = c->restored_round = -1;
    return c;
}

static void round_close(struct round_state *round)
{
    if (!round)
        return;
    for (size_t i = 0; i < CONSENSUS_SLOTS; i++)
        buffer_release(&round->slots[i].bytes);
    for (size_t type = 0; type < 2; type++) {
        free(round->votes[type]);
        free(round->claims[type]);
    }
    free(round);
}

static void forget(struct consensus *c)
{
    for (size_t i = 0; i < c->round_count; i++) {
        round_close(c->rounds[i]);
        c->rounds[i] = NULL;
    }
    for (size_t i = 0; i < c->cut_count; i++)
        buffer_release(&c->cuts[i].bytes);
    c->round_count = c->cut_count = 0;
    c->action_first = c->action_count = 0;
    memset(&c->certificate, 0, sizeof(c->certificate));
}

void consensus_close(struct consensus *c)
{
    if (!c)
        return;
    forget(c);
    free(c->rounds);
    free(c->cuts);
    free(c);
}

void consensus_begin(struct consensus *c, const struct consensus_config *config, uint64_t height)
{
    must(config->voter_count >= 1 && config->voter_count <= VOTERS_MAX);
    must(config->quorum >= 1 && config->quorum <= config->voter_count);
    must(config->proposer_count >= 1 && config->proposer_count <= config->voter_count);
    must(config->self < (int)config->voter_count);
    forget(c);
    c->config = *config;
    c->height = height;
    c->round = 0;
    c->restored_round = -1;
    c->step = STEP_WAITING;
    c->locked_round = c->valid_round = -1;
    memset(&c->locked, 0, sizeof(c->locked));
    memset(&c->valid, 0, sizeof(c->valid));
    c->proof_count = 0;
    for (size_t i = 0; i < VOTERS_MAX; i++)
        c->newest[i][0].round = c->newest[i][1].round = -1;
}

/* ---- small helpers ------------------------------------------------------------------------- */

static int place_of(const struct consensus *c, uint16_t node)
{
    for (size_t i = 0; i < c->config.voter_count; i++)
        if (c->config.voters[i] == node)
            return (int)i;
    return -1;
}

uint16_t consensus_proposer(const struct consensus_config *config, uint64_t height, int32_t round)
{
    return config->proposers[(height + (uint64_t)round) % config->proposer_count];
}

static struct round_state *round_at(const struct consensus *c, int32_t round)
{
    return round >= 0 && (size_t)round < c->round_count ? c->rounds[round] : NULL;
}

static struct round_state *round_make(struct consensus *c, int32_t round)
{
    must(round >= 0 && round <= ROUND_MAX);
    size_t wanted = (size_t)round + 1;
    if (wanted > c->round_count) {
        c->rounds = (struct round_state **)array_grow(c->rounds, &c->round_capacity, wanted,
                                                      sizeof(c->rounds[0]));
        for (size_t i = c->round_count; i < wanted; i++)
            c->rounds[i] = NULL;
        c->round_count = wanted;
    }
    if (!c->rounds[round]) {
        struct round_state *state = (struct round_state *)allocate(1, sizeof(*state));
        for (size_t type = 0; type < 2; type++) {
            state->votes[type] =
                (struct vote *)allocate(c->config.voter_count * CLAIMS_MAX, sizeof(struct vote));
            state->claims[type] = (uint8_t *)allocate(c->config.voter_count, 1);
        }
        for (size_t i = 0; i < CONSENSUS_SLOTS; i++)
            buffer_init(&state->slots[i].bytes, MESSAGE_SIZE_MAX);
        c->rounds[round] = state;
    }
    return c->rounds[round];
}

static struct consensus_action *act(struct consensus *c, enum consensus_action_kind kind)
{
    must(c->action_count < ACTIONS_MAX);
    size_t at = (c->action_first + c->action_count++) % ACTIONS_MAX;
    struct consensus_action *action = &c->actions[at];
    memset(action, 0, sizeof(*action));
    action->kind = kind;
    action->round = c->round;
    action->valid_round = -1;
    return action;
}

bool consensus_next(struct consensus *c, struct consensus_action *action_out)
{
    if (c->action_count == 0)
        return false;
    *action_out = c->actions[c->action_first];
    c->action_first = (c->action_first + 1) % ACTIONS_MAX;
    c->action_count--;
    return true;
}

static struct cut_entry *cut_find(const struct consensus *c, const struct hash *id)
{
    for (size_t i = 0; i < c->cut_count; i++)
        if (hash_equal(&c->cuts[i].id, id))
            return &c->cuts[i];
    return NULL;
}

static void cut_add(struct consensus *c, const struct hash *id, struct bytes bytes)
{
    const struct cut_entry *known = cut_find(c, id);
    if (known && known->status == CUT_UNKNOWN) /* whoever judged it may have given up on it */
        act(c, ACTION_JUDGE)->cut = *id;
    if (known)
        return;
    c->cuts = (struct cut_entry *)array_grow(c->cuts, &c->cut_capacity, c->cut_count + 1,
                                             sizeof(c->cuts[0]));
    struct cut_entry *entry = &c->cuts[c->cut_count++];
    *entry = (struct cut_entry){.id = *id, .status = CUT_UNKNOWN};
    buffer_init(&entry->bytes, CUT_SIZE_MAX);
    buffer_append(&entry->bytes, bytes);
    must(!entry->bytes.overflowed);
    act(c, ACTION_JUDGE)->cut = *id;
}

static bool cut_is(const struct consensus *c, const struct hash *id, enum cut_status status)
{
    const struct cut_entry *entry = cut_find(c, id);
    return entry && entry->status == status;
}

/* The voter's claim for a cut, or with NULL for nil; NULL: it made none that we know of. */
static const struct vote *claim_for(const struct round_state *round, enum vote_type type,
                                    size_t place, const struct hash *cut)
{
    const struct vote *claims = &round->votes[type - 1][place * CLAIMS_MAX];
    for (size_t i = 0; i < round->claims[type - 1][place]; i++)
        if (cut ? !claims[i].nil && hash_equal(&claims[i].cut, cut) : claims[i].nil)
            return &claims[i];
    return NULL;
}

static void claim_add(struct round_state *round, size_t place, const struct vote *vote)
{
    uint8_t *count = &round->claims[vote->type - 1][place];
    must(*count < CLAIMS_MAX);
    round->votes[vote->type - 1][place * CLAIMS_MAX + (*count)++] = *vote;
    round->masks[vote->type - 1] |= UINT64_C(1) << place;
}

/* Voters of a round and type who stand for one cut, or with NULL for nil. A liar that claims both
 * counts for both, as in the paper, where any message once sent counts: which of its claims came
 * first differs from node to node, and locks would alternate for ever. */
static size_t count_for(const struct consensus *c, const struct round_state *round,
                        enum vote_type type, const struct hash *cut)
{
    size_t count = 0;
    for (size_t i = 0; i < c->config.voter_count; i++)
        count += claim_for(round, type, i, cut) != NULL;
    return count;
}

static size_t count_any(const struct round_state *round, enum vote_type type)
{
    return (size_t)__builtin_popcountll(round->masks[type - 1]);
}

/* The cut that a quorum of `type` in this round stands for, or NULL. */
static const struct hash *quorum_cut(const struct consensus *c, const struct round_state *round,
                                     enum vote_type type)
{
    if (count_any(round, type) < c->config.quorum)
        return NULL;
    for (size_t i = 0; i < c->config.voter_count; i++)
        for (size_t k = 0; k < round->claims[type - 1][i]; k++) {
            const struct vote *vote = &round->votes[type - 1][i * CLAIMS_MAX + k];
            if (!vote->nil && count_for(c, round, type, &vote->cut) >= c->config.quorum)
                return &vote->cut;
        }
    return NULL;
}

static void set_timeout(struct consensus *c, enum timeout_kind kind)
{
    uint64_t delay =
        c->config.timeout_ms + (uint64_t)c->round * (uint64_t)c->config.timeout_delta_ms;
    struct consensus_action *action = act(c, ACTION_TIMEOUT);
    action->timeout = kind;
    action->delay_ms = delay < ROUND_TIMEOUT_MAX_MS ? (uint32_t)delay : ROUND_TIMEOUT_MAX_MS;
}

static void cast(struct consensus *c, enum vote_type type, const struct hash *cut,
                 int32_t valid_round, bool locks)
{
    if (c->config.self < 0)
        return;
    struct consensus_action *action = act(c, ACTION_VOTE);
    action->locks = locks;
    action->vote = (struct vote){.type = type,
                                 .height = c->height,
                                 .round = c->round,
                                 .nil = cut == NULL,
                                 .valid_round = valid_round,
                                 .voter = {c->config.voters[c->config.self]}};
    if (cut)
        action->vote.cut = *cut;
}

/* ---- rounds (lines 11-21) ------------------------------------------------------------------ */

/* Votes of this round that were kept while it lay beyond ours. */
static void adopt_newest(struct consensus *c)
{
    for (size_t i = 0; i < c->config.voter_count; i++)
        for (size_t type = 0; type < 2; type++) {
            struct vote *vote = &c->newest[i][type];
            if (vote->round < 0 || vote->round > c->round)
                continue;
            struct round_state *round = round_make(c, vote->round);
            if (round->claims[type][i] == 0)
                claim_add(round, i, vote);
            vote->round = -1;
        }
}

/* What this key has not signed in the round before `number`, it signs as nil: others may still need
 * votes there, and a restart forgets those of others that let us leave it. */
static void leave_behind(struct consensus *c, int32_t number)
{
    if (number == 0)
        return;
    /* Votes being written are not held yet: in our own round the step tells. */
    enum consensus_step step = c->round == number - 1 ? c->step : STEP_PROPOSE;
    c->round = number - 1;
    if (step < STEP_PREVOTE)
        cast(c, VOTE_PREVOTE, NULL, -1, false);
    if (step < STEP_PRECOMMIT)
        cast(c, VOTE_PRECOMMIT, NULL, -1, false);
}

static void enter_round(struct consensus *c, int32_t number)
{
    leave_behind(c, number);
    c->round = number;
    c->step = STEP_PROPOSE;
    round_make(c, number);
    adopt_newest(c);
    bool ours = c->config.self >= 0 && consensus_proposer(&c->config, c->height, number) ==
                                           c->config.voters[c->config.self];
    if (ours && c->valid_round >= 0) { /* line 16: getValue only where there is no valid value */
        struct consensus_action *action = act(c, ACTION_PROPOSE);
        action->valid_round = c->valid_round;
        action->cut = c->valid;
    } else if (ours) {
        act(c, ACTION_NEED_CUT);
    }
    set_timeout(c, TIMEOUT_PROPOSE);
}

/* ---- the rules, each as in the paper ------------------------------------------------------- */

/* Lines 22 and 28: the answer to a proposal. */
static bool rule_prevote(struct consensus *c, struct round_state *round)
{
    const struct slot *slot = &round->slots[0];
    if (c->step != STEP_PROPOSE || !slot->used)
        return false;
    const struct cut_entry *entry = cut_find(c, &slot->cut);
    must(entry);
    bool again = slot->valid_round >= 0;
    if (again) {
        const struct round_state *past = round_at(c, slot->valid_round);
        bool proven = slot->proof_holds ||
                      (past && count_for(c, past, VOTE_PREVOTE, &slot->cut) >= c->config.quorum);
        if (!proven)
            return false;
    }
    if (entry->status == CUT_UNKNOWN)
        return false; /* it is being fetched; timeoutPropose bounds the wait */
    bool timely = slot->timely || (again && !PLANTED(PLANT_LOCAL_TEST));
    bool free_to = c->locked_round == -1 || hash_equal(&c->locked, &slot->cut) ||
                   (again && c->locked_round <= slot->valid_round) || PLANTED(PLANT_NO_LOCK);
    bool yes = entry->status == CUT_VALID && timely && free_to;
    c->step = STEP_PREVOTE;
    cast(c, VOTE_PREVOTE, yes ? &slot->cut : NULL, yes ? slot->valid_round : -1, false);
    return true;
}

/* Line 34. */
static bool rule_prevote_timeout(struct consensus *c, struct round_state *round)
{
    if (c->step != STEP_PREVOTE || round->prevote_timeout_set ||
        count_any(round, VOTE_PREVOTE) < c->config.quorum)
        return false;
    round->prevote_timeout_set = true;
    set_timeout(c, TIMEOUT_PREVOTE);
    return true;
}

static void take_proof(struct consensus *c, const struct round_state *round, const struct hash *cut)
{
    c->proof_count = 0;
    for (size_t i = 0; i < c->config.voter_count && c->proof_count < c->config.quorum; i++) {
        const struct vote *vote = claim_for(round, VOTE_PREVOTE, i, cut);
        if (vote)
            c->proof[c->proof_count++] = *vote;
    }
}

/* Line 36: a quorum of prevotes for a valid cut of this round locks it. */
static bool rule_lock(struct consensus *c, struct round_state *round)
{
    if (c->step < STEP_PREVOTE || c->step == STEP_DECIDED || round->quorum_handled)
        return false;
    const struct hash *cut = quorum_cut(c, round, VOTE_PREVOTE);
    if (!cut || !cut_is(c, cut, CUT_VALID))
        return false;
    round->quorum_handled = true;
    c->valid = *cut;
    c->valid_round = c->round;
    take_proof(c, round, cut);
    if (c->step == STEP_PREVOTE) {
        c->locked = *cut;
        c->locked_round = c->round;
        c->step = STEP_PRECOMMIT;
        cast(c, VOTE_PRECOMMIT, cut, -1, true);
    }
    return true;
}

/* Line 44. */
static bool rule_precommit_nil(struct consensus *c, struct round_state *round)
{
    if (c->step != STEP_PREVOTE || count_for(c, round, VOTE_PREVOTE, NULL) < c->config.quorum)
        return false;
    c->step = STEP_PRECOMMIT;
    cast(c, VOTE_PRECOMMIT, NULL, -1, false);
    return true;
}

/* Line 47. The wait lets precommits for a cut come in; where Q stand for nil none can any more (Q -
 * f honest ones have spoken), so it is over at once. */
static bool rule_precommit_timeout(struct consensus *c, struct round_state *round)
{
    if (!round->nil_round_over && count_for(c, round, VOTE_PRECOMMIT, NULL) >= c->config.quorum) {
        round->nil_round_over = round->precommit_timeout_set = true;
        struct consensus_action *action = act(c, ACTION_TIMEOUT);
        action->timeout = TIMEOUT_PRECOMMIT;
        return true;
    }
    if (round->precommit_timeout_set || count_any(round, VOTE_PRECOMMIT) < c->config.quorum)
        return false;
    round->precommit_timeout_set = true;
    set_timeout(c, TIMEOUT_PRECOMMIT);
    return true;
}

static void certify(struct consensus *c, const struct round_state *round, int32_t number,
                    const struct hash *cut)
{
    struct certificate *certificate = &c->certificate;
    *certificate = (struct certificate){.height = c->height, .round = number, .cut = *cut};
    for (size_t i = 0; i < c->config.voter_count && certificate->count < c->config.quorum; i++) {
        const struct vote *vote = claim_for(round, VOTE_PRECOMMIT, i, cut);
        if (!vote)
            continue;
        certificate->votes[certificate->count].voter = vote->voter;
        certificate->votes[certificate->count++].signature = vote->signature;
    }
}

/* Line 49: Q precommits of any round, held together with the cut. */
static bool rule_decide(struct consensus *c)
{
    for (size_t i = 0; i < c->round_count; i++) {
        struct round_state *round = c->rounds[i];
        const struct hash *cut = round ? quorum_cut(c, round, VOTE_PRECOMMIT) : NULL;
        if (!cut || !cut_find(c, cut))
            continue;
        c->step = STEP_DECIDED;
        certify(c, round, (int32_t)i, cut);
        enum consensus_action_kind kind =
            cut_is(c, cut, CUT_INVALID) ? ACTION_ALARM : ACTION_DECIDED;
        act(c, kind)->cut = *cut;
        return true;
    }
    return false;
}

/* Line 55: the round that f + 1 voters have reached, where it lies beyond ours. */
static bool rule_catch_up(struct consensus *c)
{
    int32_t reached = -1;
    for (size_t i = 0; i < c->config.voter_count; i++)
        for (size_t type = 0; type < 2; type++) {
            int32_t candidate = c->newest[i][type].round;
            size_t there = 0;
            for (size_t j = 0; j < c->config.voter_count; j++)
                there += c->newest[j][0].round >= candidate || c->newest[j][1].round >= candidate;
            if (candidate > c->round && candidate > reached && there >= c->config.faulty + 1)
                reached = candidate;
        }
    if (reached < 0)
        return false;
    enter_round(c, reached);
    return true;
}

/* Applies rules until none fires. Each firing changes step, round or a once-flag: it ends. */
static void progress(struct consensus *c)
{
    if (c->step == STEP_WAITING || c->step == STEP_DECIDED) {
        if (c->step == STEP_WAITING)
            (void)rule_decide(c);
        return;
    }
    bool moved = true;
    while (moved && c->step != STEP_DECIDED) {
        struct round_state *round = round_make(c, c->round);
        moved = rule_decide(c) || rule_prevote(c, round) || rule_lock(c, round) ||
                rule_precommit_nil(c, round) || rule_prevote_timeout(c, round) ||
                rule_precommit_timeout(c, round) || rule_catch_up(c);
    }
}

/* ---- events -------------------------------------------------------------------------------- */

void consensus_start(struct consensus *c)
{
    if (c->step != STEP_WAITING)
        return;
    if (c->restored_round < 0) {
        enter_round(c, 0);
        progress(c);
        return;
    }
    /* Back after a crash: in the round of our newest signature, past what was signed in it. */
    c->round = c->restored_round;
    const struct round_state *round = round_make(c, c->round);
    bool prevoted = c->config.self >= 0 && (round->masks[0] >> c->config.self & 1);
    bool precommitted = c->config.self >= 0 && (round->masks[1] >> c->config.self & 1);
    c->step = precommitted ? STEP_PRECOMMIT : prevoted ? STEP_PREVOTE : STEP_PROPOSE;
    adopt_newest(c);
    if (c->step == STEP_PROPOSE)
        set_timeout(c, TIMEOUT_PROPOSE);
    progress(c);
}

bool consensus_wants_start(const struct consensus *c)
{
    if (c->step != STEP_WAITING)
        return false;
    if (c->restored_round >= 0)
        return true;
    size_t voted = 0;
    for (size_t i = 0; i < c->config.voter_count; i++) {
        bool heard = c->newest[i][0].round >= 0 || c->newest[i][1].round >= 0;
        const struct round_state *first = round_at(c, 0);
        heard = heard || (first && ((first->masks[0] | first->masks[1]) >> i & 1));
        voted += heard;
    }
    const struct round_state *first = round_at(c, 0);
    bool proposed = first && first->slots[0].used;
    return proposed || voted >= c->config.faulty + 1;
}

static bool slot_wanted(const struct consensus *c, const struct round_state *round,
                        const struct hash *cut)
{
    return count_for(c, round, VOTE_PREVOTE, cut) >= c->config.faulty + 1 ||
           count_for(c, round, VOTE_PRECOMMIT, cut) >= c->config.faulty + 1;
}

/* Where a proposal goes: a free slot; else the second, when votes show that it is needed. */
static const struct slot *slot_for(const struct consensus *c, const struct round_state *round,
                                   const struct proposal *proposal)
{
    for (size_t i = 0; i < CONSENSUS_SLOTS; i++) {
        const struct slot *slot = &round->slots[i];
        if (!slot->used)
            return slot;
        if (hash_equal(&slot->cut, &proposal->cut.id) && slot->valid_round == proposal->valid_round)
            return NULL; /* a repetition */
    }
    const struct slot *last = &round->slots[CONSENSUS_SLOTS - 1];
    bool replace = slot_wanted(c, round, &proposal->cut.id) && !slot_wanted(c, round, &last->cut);
    return replace ? last : NULL;
}

bool consensus_takes_proposal(const struct consensus *c, const struct proposal *proposal)
{
    if (proposal->height != c->height || c->step == STEP_DECIDED)
        return false;
    /* A proposal far ahead waits at its sender until votes show that the round is real. */
    if (proposal->round > c->round + ROUNDS_AHEAD_MAX || proposal->round > ROUND_MAX)
        return false;
    if (proposal->proposer.v != consensus_proposer(&c->config, c->height, proposal->round))
        return false;
    const struct round_state *round = round_at(c, proposal->round);
    return !round || slot_for(c, round, proposal);
}

void consensus_on_proposal(struct consensus *c, const struct proposal *proposal, struct bytes bytes,
                           bool timely, bool proof_holds)
{
    if (!consensus_takes_proposal(c, proposal))
        return;
    if (proposal->valid_round >= 0 && !proof_holds && !PLANTED(PLANT_NO_PROOF))
        return;
    struct round_state *round = round_make(c, proposal->round);
    struct slot *slot = &round->slots[slot_for(c, round, proposal) - round->slots];
    if (slot != &round->slots[0])
        c->conflicts[place_of(c, proposal->proposer.v)]++;
    slot->used = true;
    slot->cut = proposal->cut.id;
    slot->valid_round = proposal->valid_round;
    slot->timely = timely;
    slot->proof_holds = proof_holds && !PLANTED(PLANT_NO_PROOF);
    buffer_clear(&slot->bytes);
    buffer_append(&slot->bytes, bytes);
    cut_add(c, &proposal->cut.id, proposal->cut_bytes);
    progress(c);
}

/* Keeps of a voter, beyond our round, the newest round only (bounded memory). */
static void keep_newest(struct consensus *c, size_t place, const struct vote *vote)
{
    struct vote *kept = &c->newest[place][vote->type - 1];
    if (vote->round > kept->round)
        *kept = *vote;
    else if (vote->round == kept->round && !vote_same_claim(vote, kept))
        c->conflicts[place]++;
}

static void hear_claim(struct consensus *c, struct round_state *round, size_t place,
                       const struct vote *vote)
{
    const struct vote *claims = &round->votes[vote->type - 1][place * CLAIMS_MAX];
    uint8_t count = round->claims[vote->type - 1][place];
    for (size_t i = 0; i < count; i++)
        if (vote_same_claim(vote, &claims[i]))
            return;
    if (count > 0)
        c->conflicts[place]++;
    bool wanted =
        !vote->nil && !claim_for(round, vote->type, place, &vote->cut) && cut_find(c, &vote->cut);
    if (count == 0 || (count < CLAIMS_MAX && wanted))
        claim_add(round, place, vote);
}

void consensus_on_vote(struct consensus *c, const struct vote *vote)
{
    if (vote->height != c->height || c->step == STEP_DECIDED)
        return;
    int place = place_of(c, vote->voter.v);
    if (place < 0 || vote->round > ROUND_MAX)
        return;
    if (vote->round > c->round) {
        keep_newest(c, (size_t)place, vote);
    } else {
        struct round_state *round = round_make(c, vote->round);
        hear_claim(c, round, (size_t)place, vote);
    }
    progress(c);
}

void consensus_on_timeout(struct consensus *c, enum timeout_kind kind, uint64_t height,
                          int32_t round)
{
    if (height != c->height || round != c->round || c->step == STEP_DECIDED)
        return;
    switch (kind) {
    case TIMEOUT_PROPOSE: /* line 57 */
        if (c->step != STEP_PROPOSE)
            return;
        c->step = STEP_PREVOTE;
        cast(c, VOTE_PREVOTE, NULL, -1, false);
        break;
    case TIMEOUT_PREVOTE: /* line 61 */
        if (c->step != STEP_PREVOTE)
            return;
        c->step = STEP_PRECOMMIT;
        cast(c, VOTE_PRECOMMIT, NULL, -1, false);
        break;
    case TIMEOUT_PRECOMMIT: /* line 65 */
        if (c->round >= ROUND_MAX)
            return;
        enter_round(c, c->round + 1);
        break;
    }
    progress(c);
}

void consensus_cut_status(struct consensus *c, const struct hash *cut, enum cut_status status)
{
    struct cut_entry *entry = cut_find(c, cut);
    if (!entry || entry->status != CUT_UNKNOWN)
        return;
    entry->status = status;
    progress(c);
}

/* ---- restoring ----------------------------------------------------------------------------- */

static void restored(struct consensus *c, int32_t round)
{
    must(c->step == STEP_WAITING);
    if (round > c->restored_round)
        c->restored_round = round;
    if (round > c->round)
        c->round = round;
}

void consensus_restore_vote(struct consensus *c, const struct vote *own)
{
    must(c->config.self >= 0 && own->voter.v == c->config.voters[c->config.self]);
    restored(c, own->round);
    struct round_state *round = round_make(c, own->round);
    if (round->claims[own->type - 1][c->config.self] == 0)
        claim_add(round, (size_t)c->config.self, own);
}

void consensus_restore_proposal(struct consensus *c, int32_t round)
{
    restored(c, round);
}

void consensus_restore_lock(struct consensus *c, int32_t locked_round, const struct hash *locked,
                            int32_t valid_round, const struct hash *valid, struct bytes valid_cut,
                            const struct vote *proof, size_t proof_count)
{
    must(c->step == STEP_WAITING && proof_count <= VOTERS_MAX);
    c->locked_round = locked_round;
    c->locked = *locked;
    c->valid_round = valid_round;
    c->valid = *valid;
    c->proof_count = proof_count;
    memcpy(c->proof, proof, proof_count * sizeof(*proof));
    cut_add(c, valid, valid_cut);
}

/* ---- asking -------------------------------------------------------------------------------- */

uint64_t consensus_height(const struct consensus *c)
{
    return c->height;
}

int32_t consensus_round(const struct consensus *c)
{
    return c->round;
}

enum consensus_step consensus_step(const struct consensus *c)
{
    return c->step;
}

const struct certificate *consensus_certificate(const struct consensus *c)
{
    return &c->certificate;
}

struct bytes consensus_cut_bytes(const struct consensus *c, const struct hash *cut)
{
    const struct cut_entry *entry = cut_find(c, cut);
    return entry ? buffer_bytes(&entry->bytes) : bytes_of(NULL, 0);
}

bool consensus_cut_matters(const struct consensus *c, const struct hash *cut)
{
    const struct round_state *round = round_at(c, c->round);
    for (size_t i = 0; round && i < CONSENSUS_SLOTS; i++)
        if (round->slots[i].used && hash_equal(&round->slots[i].cut, cut))
            return true;
    return (c->locked_round >= 0 && hash_equal(&c->locked, cut)) ||
           (c->valid_round >= 0 && hash_equal(&c->valid, cut));
}

int32_t consensus_cut_round(const struct consensus *c, const struct hash *cut)
{
    for (size_t i = 0; i < c->round_count; i++)
        for (size_t k = 0; c->rounds[i] && k < CONSENSUS_SLOTS; k++)
            if (c->rounds[i]->slots[k].used && hash_equal(&c->rounds[i]->slots[k].cut, cut))
                return (int32_t)i;
    return -1;
}

size_t consensus_round_cuts(const struct consensus *c, struct hash cuts_out[CONSENSUS_SLOTS])
{
    const struct round_state *round = round_at(c, c->round);
    size_t count = 0;
    for (size_t i = 0; round && i < CONSENSUS_SLOTS; i++)
        if (round->slots[i].used)
            cuts_out[count++] = round->slots[i].cut;
    return count;
}

void consensus_lock(const struct consensus *c, struct consensus_lock *lock_out)
{
    memset(lock_out, 0, sizeof(*lock_out));
    lock_out->locked_round = c->locked_round;
    lock_out->locked = c->locked;
    lock_out->valid_round = c->valid_round;
    lock_out->valid = c->valid;
    lock_out->valid_cut = consensus_cut_bytes(c, &c->valid);
    lock_out->proof_count = c->proof_count;
    memcpy(lock_out->proof, c->proof, c->proof_count * sizeof(c->proof[0]));
}

size_t consensus_rounds(const struct consensus *c, int32_t *rounds_out, size_t count)
{
    size_t found = 0;
    for (size_t i = c->round_count; i-- > 0 && found < count;) {
        const struct round_state *round = c->rounds[i];
        if (round && (round->masks[0] || round->masks[1] || round->slots[0].used))
            rounds_out[found++] = (int32_t)i;
    }
    return found;
}

uint64_t consensus_vote_mask(const struct consensus *c, int32_t round, enum vote_type type)
{
    const struct round_state *state = round_at(c, round);
    uint64_t mask = state ? state->masks[type - 1] : 0;
    for (size_t i = 0; i < c->config.voter_count; i++)
        if (c->newest[i][type - 1].round == round)
            mask |= UINT64_C(1) << i;
    return mask;
}

const struct vote *consensus_vote(const struct consensus *c, int32_t round, enum vote_type type,
                                  size_t place, size_t claim)
{
    const struct round_state *state = round_at(c, round);
    if (state && state->claims[type - 1][place] > 0)
        return claim < state->claims[type - 1][place]
                   ? &state->votes[type - 1][place * CLAIMS_MAX + claim]
                   : NULL;
    const struct vote *newest = &c->newest[place][type - 1];
    return newest->round == round && round >= 0 && claim == 0 ? newest : NULL;
}

struct bytes consensus_proposal(const struct consensus *c, int32_t round, size_t slot)
{
    const struct round_state *state = round_at(c, round);
    if (!state || slot >= CONSENSUS_SLOTS || !state->slots[slot].used)
        return bytes_of(NULL, 0);
    return buffer_bytes(&state->slots[slot].bytes);
}

uint64_t consensus_conflicts(const struct consensus *c, size_t place)
{
    return place < VOTERS_MAX ? c->conflicts[place] : 0;
}

void consensus_forget_conflicts(struct consensus *c)
{
    memset(c->conflicts, 0, sizeof(c->conflicts));
}
