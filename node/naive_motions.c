/* Who takes part when, a second time: what is proposed, voted on, waits, and has its turn. */
#include "node/naive_parts.h"

#include "protocol/codec.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

enum {
    AHEAD = 2, /* heights from a decision to its effect, at least */
    OPEN_DAYS = 30,
    KNOWN_DAYS = 60,
    OPEN_OF_A_PARTNER = 8,
    OF_A_LANE = 16,
    WAITING_MOST = 96,
    AMENDMENTS_MOST = 4096
};

/* ---- generations ----------------------------------------------------------------------------- */

static void keep(struct naive *n, struct naive_coalition *c)
{
    n->coalitions = (struct naive_coalition **)array_grow(
        n->coalitions, &n->coalition_capacity, n->coalition_count + 1, sizeof(*n->coalitions));
    n->coalitions[n->coalition_count++] = c;
}

/* The tables of pairs, with room for more partners. */
static void more_cells(struct naive *n, size_t partners, size_t more)
{
    size_t rows = n->tariff_count * partners * partners;
    __int128 *owed =
        (__int128 *)allocate(n->tariff_count * more * more * LINE_CLASS_COUNT, sizeof(*owed));
    struct naive_flow *flows = (struct naive_flow *)allocate(more * more, sizeof(*flows));
    for (size_t i = 0; i < rows; i++) {
        size_t creditor = i % partners, debtor = i / partners % partners;
        size_t tariff = i / partners / partners;
        memcpy(&owed[((tariff * more + debtor) * more + creditor) * LINE_CLASS_COUNT],
               &n->owed[i * LINE_CLASS_COUNT], LINE_CLASS_COUNT * sizeof(*owed));
        if (tariff == 0)
            flows[debtor * more + creditor] = n->flows[i];
    }
    free(n->owed);
    free(n->flows);
    n->owed = owed;
    n->flows = flows;
}

/* What the other rules ask of the coalition, and lists that are as long as it. */
void naive_membership_enter(struct naive *n, struct naive_coalition *c)
{
    size_t partners = n->rules.partner_count, more = c->partner_count;
    n->now = c;
    n->rules.allocations = (uint32_t)c->limits[LIMIT_ALLOCATIONS];
    if (more > partners) {
        more_cells(n, partners, more);
        naive_risk_more(n, more);
        n->rules.partner_count = more;
        free(n->rules.partners);
        n->rules.partners = allocate(more, sizeof(*n->rules.partners));
        for (size_t i = 0; i < more; i++)
            memcpy(n->rules.partners[i], c->partners[i].name, sizeof(c->partners[i].name));
    }
    if (c->node_count == n->rules.lane_count)
        return;
    n->rules.lane_count = c->node_count;
    free(n->rules.lane_partner);
    free(n->lane_effects);
    free(n->lane_bytes);
    free(n->lane_motions);
    n->rules.lane_partner = (uint16_t *)allocate(c->node_count, sizeof(*n->rules.lane_partner));
    n->lane_effects = (size_t *)allocate(c->node_count, sizeof(*n->lane_effects));
    n->lane_bytes = (size_t *)allocate(c->node_count, sizeof(*n->lane_bytes));
    n->lane_motions = (size_t *)allocate(c->node_count, sizeof(*n->lane_motions));
    for (size_t i = 0; i < c->node_count; i++)
        n->rules.lane_partner[i] = c->nodes[i].partner;
}

void naive_membership_open(struct naive *n)
{
    n->now = n->next = n->after = n->rules.coalition;
    n->lane_motions = (size_t *)allocate(n->rules.lane_count, sizeof(*n->lane_motions));
}

static void amendments_free(struct naive_amendment *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].change);
    free(list);
}

void naive_membership_close(struct naive *n)
{
    for (size_t i = 0; i < n->coalition_count; i++)
        naive_coalition_free(n->coalitions[i]);
    for (size_t i = 0; i < n->motion_count; i++) {
        free(n->motions[i].body);
        free(n->motions[i].ballots.at);
    }
    amendments_free(n->done, n->done_count);
    amendments_free(n->waiting, n->waiting_count);
    free(n->coalitions);
    free(n->motions);
    free(n->lane_motions);
}

void naive_membership_begin(struct naive *n)
{
    n->height++;
    naive_membership_enter(n, n->next);
    n->next = n->after;
    memset(n->lane_motions, 0, n->rules.lane_count * sizeof(*n->lane_motions));
}

bool naive_may_write(const struct naive *n, uint16_t lane)
{
    return lane < n->now->node_count && !n->now->nodes[lane].left && !n->now->nodes[lane].suspended;
}

/* ---- what waits ------------------------------------------------------------------------------ */

void naive_amendment_add(struct naive_amendment **list, size_t *count, size_t *capacity,
                         uint64_t height, uint64_t what, struct bytes change)
{
    *list = (struct naive_amendment *)array_grow(*list, capacity, *count + 1, sizeof(**list));
    uint8_t *own = (uint8_t *)allocate(change.size + 1, 1);
    memcpy(own, change.at, change.size);
    (*list)[(*count)++] = (struct naive_amendment){height, what, own, change.size};
}

static struct effect decide(struct naive *n, uint64_t height, uint64_t what,
                            const struct change *change)
{
    struct buffer bytes;
    buffer_init(&bytes, CHANGE_SIZE_MAX);
    change_encode(change, &bytes);
    naive_amendment_add(&n->waiting, &n->waiting_count, &n->waiting_capacity, height, what,
                        buffer_bytes(&bytes));
    buffer_release(&bytes);
    return (struct effect){
        .kind = EFFECT_AMENDED, .change = change->kind, .what = what, .height = height};
}

static bool has_room(const struct naive *n)
{
    return n->waiting_count < WAITING_MOST && n->done_count + n->waiting_count < AMENDMENTS_MOST;
}

static void add_time_effect(struct naive *n, struct effect effect)
{
    n->time_effects = (struct effect *)array_grow(n->time_effects, &n->time_capacity,
                                                  n->time_count + 1, sizeof(effect));
    n->time_effects[n->time_count++] = effect;
}

void naive_evidence(struct naive *n, uint16_t node)
{
    must(node < n->now->node_count);
    struct change change = {
        .kind = CHANGE_SUSPEND, .node = {node}, .key = n->now->nodes[node].sign};
    add_time_effect(n, decide(n, n->height + AHEAD, node, &change));
}

bool naive_take_turn(struct naive *n, const struct naive_amendment *amendment)
{
    struct change change;
    must(change_decode(bytes_of(amendment->change, amendment->change_size), &change, NULL));
    struct naive_coalition *c = naive_coalition_copy(n->after);
    if (naive_change(&n->rules.founding, c, &change) != VERDICT_ACCEPTED) {
        naive_coalition_free(c);
        return false;
    }
    keep(n, c);
    n->after = c;
    return true;
}

/* Those for two heights on have their turn, in the order in which they were decided. */
static void take_turns(struct naive *n)
{
    size_t left = 0;
    for (size_t i = 0; i < n->waiting_count; i++) {
        struct naive_amendment waits = n->waiting[i];
        struct change change;
        must(change_decode(bytes_of(waits.change, waits.change_size), &change, NULL));
        if (waits.height != n->height + AHEAD) {
            n->waiting[left++] = waits;
            continue;
        }
        if (naive_take_turn(n, &waits))
            naive_amendment_add(&n->done, &n->done_count, &n->done_capacity, waits.height,
                                waits.what, bytes_of(waits.change, waits.change_size));
        else
            add_time_effect(n, (struct effect){.kind = EFFECT_LAPSED,
                                               .change = change.kind,
                                               .what = waits.what,
                                               .height = waits.height});
        free(waits.change);
    }
    n->waiting_count = left;
}

struct naive_result naive_seal(struct naive *n, const struct hash *digest)
{
    take_turns(n);
    n->digests[n->height % NAIVE_DIGESTS] = *digest;
    return (struct naive_result){
        .verdict = VERDICT_ACCEPTED, .effects = n->time_effects, .effect_count = n->time_count};
}

/* ---- motions --------------------------------------------------------------------------------- */

static bool younger_than(const struct naive *n, const struct naive_motion *motion, uint64_t days)
{
    return n->now_ms < motion->proposed_ms + days * DAY_MS;
}

static bool is_open(const struct naive *n, const struct naive_motion *motion)
{
    return !motion->carried && younger_than(n, motion, OPEN_DAYS);
}

struct naive_motion *naive_motion_add(struct naive *n, uint64_t record, uint64_t proposed_ms,
                                      uint16_t by, struct bytes body)
{
    n->motions = (struct naive_motion *)array_grow(n->motions, &n->motion_capacity,
                                                   n->motion_count + 1, sizeof(*n->motions));
    struct naive_motion *motion = &n->motions[n->motion_count++];
    *motion = (struct naive_motion){
        .record = record, .proposed_ms = proposed_ms, .by = by, .body_size = body.size};
    motion->body = (uint8_t *)allocate(body.size + 1, 1);
    memcpy(motion->body, body.at, body.size);
    return motion;
}

static enum verdict propose(struct naive *n, const struct naive_tx *tx)
{
    size_t open = 0;
    for (size_t i = 0; i < n->motion_count; i++)
        open += n->motions[i].by == tx->writer && is_open(n, &n->motions[i]);
    if (open >= OPEN_OF_A_PARTNER)
        return VERDICT_TOO_MANY_MOTIONS;
    struct naive_coalition *c = naive_coalition_copy(n->next);
    enum verdict verdict =
        naive_change(&n->rules.founding, c, &tx->transaction->body.motion.motion.change);
    naive_coalition_free(c);
    if (verdict == VERDICT_ACCEPTED)
        (void)naive_motion_add(n, tx->index, n->now_ms, tx->writer,
                               tx->transaction->body.motion.bytes);
    return verdict;
}

/* ---- ballots --------------------------------------------------------------------------------- */

static bool signature_holds(const struct naive *n, const struct naive_motion *motion,
                            uint16_t partner, const struct signature *signature)
{
    struct buffer text;
    struct hash hash = hash_bytes(bytes_of(motion->body, motion->body_size));
    struct verifier *verifier = verifier_open(&n->now->partners[partner].key);
    buffer_init(&text, BALLOT_TEXT_SIZE);
    codec_put_array(&text, 3);
    codec_put_uint(&text, FORMAT_VERSION);
    codec_put_uint(&text, motion->record);
    codec_put_bytes(&text, hash_as_bytes(&hash));
    bool holds = verifier && verify(verifier, PURPOSE_BALLOT, &n->rules.founding.coalition,
                                    buffer_bytes(&text), signature);
    buffer_release(&text);
    verifier_close(verifier);
    return holds;
}

static enum verdict vote(struct naive *n, const struct naive_tx *tx)
{
    uint16_t partner = tx->transaction->body.ballot.partner.v;
    struct naive_motion *motion = NULL;
    size_t count = 1; /* this one, then those of partners that vote now */
    for (size_t i = 0; i < n->motion_count; i++)
        if (n->motions[i].record == tx->transaction->body.ballot.motion.v &&
            younger_than(n, &n->motions[i], KNOWN_DAYS))
            motion = &n->motions[i];
    if (!motion)
        return VERDICT_UNKNOWN_MOTION;
    if (!is_open(n, motion))
        return VERDICT_MOTION_CLOSED;
    if (partner >= n->now->partner_count || n->now->partners[partner].left)
        return VERDICT_UNKNOWN_PARTNER;
    if (!naive_partner_votes(n->now, partner))
        return VERDICT_NOT_A_VOTER;
    for (size_t i = 0; i < motion->ballots.count; i++) {
        if (motion->ballots.at[i] == partner)
            return VERDICT_NOTHING_TO_DO;
        count += naive_partner_votes(n->now, (uint16_t)motion->ballots.at[i]);
    }
    bool carried = count >= naive_quorum(naive_voters(n->now));
    if (carried && !has_room(n))
        return VERDICT_TOO_MANY_MOTIONS;
    if (!signature_holds(n, motion, partner, &tx->transaction->body.ballot.signature))
        return VERDICT_BAD_SIGNATURE;
    naive_list_add(&motion->ballots, partner);
    if (carried) {
        struct motion decided;
        must(motion_decode(bytes_of(motion->body, motion->body_size), &decided, NULL));
        motion->carried = true;
        naive_effect(n, decide(n, n->height + decided.delay, motion->record, &decided.change));
    }
    return VERDICT_ACCEPTED;
}

/* ---- readiness ------------------------------------------------------------------------------- */

static enum verdict ready(struct naive *n, const struct naive_tx *tx)
{
    uint64_t height = tx->transaction->body.ready.height;
    struct change change = {.kind = CHANGE_PROMOTE, .node = {tx->lane}};
    if (!n->now->nodes[tx->lane].joining)
        return VERDICT_NOT_JOINING;
    for (size_t i = 0; i < n->waiting_count; i++) {
        struct change other;
        must(
            change_decode(bytes_of(n->waiting[i].change, n->waiting[i].change_size), &other, NULL));
        if (other.kind == CHANGE_PROMOTE && other.node.v == tx->lane)
            return VERDICT_NOTHING_TO_DO;
    }
    if (height == 0 || height >= n->height || n->height > height + NAIVE_DIGESTS ||
        !hash_equal(&n->digests[height % NAIVE_DIGESTS], &tx->transaction->body.ready.digest))
        return VERDICT_WRONG_DIGEST;
    if (!has_room(n))
        return VERDICT_TOO_MANY_MOTIONS;
    naive_effect(n, decide(n, n->height + AHEAD, tx->lane, &change));
    return VERDICT_ACCEPTED;
}

enum verdict naive_membership(struct naive *n, const struct naive_tx *tx)
{
    if (n->lane_motions[tx->lane] >= OF_A_LANE)
        return VERDICT_TOO_MANY_MOTIONS;
    n->lane_motions[tx->lane]++;
    if (tx->transaction->type == TRANSACTION_MOTION)
        return propose(n, tx);
    return tx->transaction->type == TRANSACTION_BALLOT ? vote(n, tx) : ready(n, tx);
}
