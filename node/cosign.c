#include "node/cosign.h"

#include "protocol/codec.h"

#include <string.h>

void cosign_init(struct cosign *cosign, struct node_id self)
{
    memset(cosign, 0, sizeof(*cosign));
    cosign->self = self;
}

/* ---- who has to sign ------------------------------------------------------------------------ */

static bool same_key(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->at, b->at, PUBLIC_KEY_SIZE) == 0;
}

bool cosign_same_voters(const struct charter *a, const struct charter *b)
{
    if (a == b)
        return true;
    if (a->voter_count != b->voter_count)
        return false;
    for (size_t i = 0; i < a->voter_count; i++) {
        const struct charter_node *first = &a->nodes[a->voters[i]];
        const struct charter_node *second = &b->nodes[b->voters[i]];
        if (a->voters[i] != b->voters[i] || !same_key(&first->sign_key, &second->sign_key) ||
            !same_key(&first->cosigner_key.key, &second->cosigner_key.key))
            return false;
    }
    return true;
}

static bool has_quorum_of(const struct charter *charter, const bool has[NODES_MAX])
{
    size_t voters = 0;
    for (size_t i = 0; i < charter->voter_count; i++)
        voters += has[charter->voters[i]];
    return voters >= quorum_size(charter->voter_count);
}

bool cosign_has_quorum(const struct cosign_point *point, const bool has[NODES_MAX])
{
    return has_quorum_of(point->charter, has) && has_quorum_of(point->next, has);
}

/* In this order a final checkpoint takes them: voters at its height, those who vote next, others.
 */
enum { RANK_VOTER, RANK_NEXT_VOTER, RANK_OTHER, RANKS };

static int rank_of(const struct cosign_point *point, size_t node)
{
    const struct charter *charters[] = {point->charter, point->next};
    for (size_t k = 0; k < ARRAY_SIZE(charters); k++)
        for (size_t i = 0; i < charters[k]->voter_count; i++)
            if (charters[k]->voters[i] == node)
                return (int)k;
    return RANK_OTHER;
}

/* ---- our own ------------------------------------------------------------------------------- */

static const struct cosign_point *newest_point(const struct cosign *cosign)
{
    return cosign->point_count > 0 ? &cosign->points[(cosign->point_count - 1) % COSIGN_POINTS_MAX]
                                   : NULL;
}

void cosign_computed(struct cosign *cosign, const struct cosign_point *point)
{
    const struct cosign_point *newest = newest_point(cosign);
    must(!newest || point->size > newest->size);
    cosign->points[cosign->point_count++ % COSIGN_POINTS_MAX] = *point;
    if (!cosign_same_voters(point->charter, point->next))
        cosign->handover = *point;
}

const struct cosign_point *cosign_point_at(const struct cosign *cosign, uint64_t size)
{
    if (size == 0)
        return NULL;
    if (size == cosign->handover.size)
        return &cosign->handover;
    uint64_t kept =
        cosign->point_count < COSIGN_POINTS_MAX ? cosign->point_count : COSIGN_POINTS_MAX;
    for (uint64_t i = 1; i <= kept; i++) {
        const struct cosign_point *point =
            &cosign->points[(cosign->point_count - i) % COSIGN_POINTS_MAX];
        if (point->size <= size)
            return point->size == size ? point : NULL;
    }
    return NULL;
}

/* ---- places -------------------------------------------------------------------------------- */

static const struct cosign_held *held_at(const struct cosign_peer *peer, uint64_t size)
{
    for (size_t i = 0; i < COSIGN_HELD_MAX; i++)
        if (peer->held[i].state != COSIGN_EMPTY && peer->held[i].item.size == size)
            return &peer->held[i];
    return NULL;
}

/* An empty place, or that of the smallest size. */
static size_t next_place(const struct cosign_peer *peer)
{
    size_t place = 0;
    for (size_t i = 1; i < COSIGN_HELD_MAX && peer->held[place].state != COSIGN_EMPTY; i++)
        if (peer->held[i].state == COSIGN_EMPTY ||
            peer->held[i].item.size < peer->held[place].item.size)
            place = i;
    return place;
}

static bool has_place_for(const struct cosign_peer *peer, uint64_t size)
{
    const struct cosign_held *place = &peer->held[next_place(peer)];
    return place->state == COSIGN_EMPTY || place->item.size < size;
}

static void put(struct cosign_peer *peer, const struct cosignature *item, enum cosign_state state)
{
    peer->held[next_place(peer)] = (struct cosign_held){.state = state, .item = *item};
}

void cosign_own(struct cosign *cosign, const struct cosignature *own)
{
    must(own->node.v == cosign->self.v && own->size > cosign->own.size);
    cosign->own = *own;
    put(&cosign->peers[own->node.v], own, COSIGN_AGREES);
}

/* ---- a cosignature that arrives ------------------------------------------------------------ */

enum cosign_look cosign_look(const struct cosign *cosign, const struct cosignature *item,
                             bool by_itself)
{
    must(item->node.v < NODES_MAX && item->node.v != cosign->self.v);
    const struct cosign_peer *peer = &cosign->peers[item->node.v];
    const struct cosign_held *held = held_at(peer, item->size);
    const struct cosign_point *newest = newest_point(cosign);
    const struct cosign_point *point = cosign_point_at(cosign, item->size);
    if (held && (held->state == COSIGN_UNCHECKED || hash_equal(&held->item.root, &item->root) ||
                 held->disputed))
        return COSIGN_LOOK_IGNORE;
    if (held)
        return COSIGN_LOOK_CHECK;
    if (!has_place_for(peer, item->size))
        return COSIGN_LOOK_IGNORE;
    if (!newest || item->size > newest->size)
        return by_itself ? COSIGN_LOOK_KEEP : COSIGN_LOOK_IGNORE;
    if (!point)
        return COSIGN_LOOK_IGNORE;
    bool late = item->size < cosign->final.size && hash_equal(&point->root, &item->root);
    return late ? COSIGN_LOOK_IGNORE : COSIGN_LOOK_CHECK;
}

void cosign_keep(struct cosign *cosign, const struct cosignature *item)
{
    put(&cosign->peers[item->node.v], item, COSIGN_UNCHECKED);
}

static void note_conflict(struct cosign_peer *peer, const struct cosignature *first,
                          const struct cosignature *second)
{
    peer->conflicts++;
    if (peer->conflict.second.size > 0 && (peer->conflict.first.size > 0 || !first))
        return;
    memset(&peer->conflict, 0, sizeof(peer->conflict));
    if (first)
        peer->conflict.first = *first;
    peer->conflict.second = *second;
}

enum cosign_state cosign_take(struct cosign *cosign, const struct cosignature *item)
{
    struct cosign_peer *peer = &cosign->peers[item->node.v];
    const struct cosign_held *held = held_at(peer, item->size);
    const struct cosign_point *point = cosign_point_at(cosign, item->size);
    must(point);
    if (held) {
        must(!cosignature_same_claim(&held->item, item));
        note_conflict(peer, &held->item, item);
        peer->held[held - peer->held].disputed = true;
        return COSIGN_CONTRADICTS;
    }
    bool agrees = hash_equal(&point->root, &item->root);
    put(peer, item, agrees ? COSIGN_AGREES : COSIGN_CONTRADICTS);
    if (!agrees)
        note_conflict(peer, NULL, item);
    peer->agreed += agrees;
    return agrees ? COSIGN_AGREES : COSIGN_CONTRADICTS;
}

bool cosign_next_unchecked(struct cosign *cosign, struct cosignature *item_out)
{
    const struct cosign_point *newest = newest_point(cosign);
    for (size_t i = 0; newest && i < NODES_MAX; i++)
        for (size_t k = 0; k < COSIGN_HELD_MAX; k++) {
            struct cosign_held *held = &cosign->peers[i].held[k];
            if (held->state != COSIGN_UNCHECKED || held->item.size > newest->size)
                continue;
            /* Between two heights nobody honest signs: it goes. */
            held->state = COSIGN_EMPTY;
            if (!cosign_point_at(cosign, held->item.size))
                continue;
            *item_out = held->item;
            return true;
        }
    return false;
}

/* ---- what follows -------------------------------------------------------------------------- */

static bool final_has(const struct cosign_final *final, struct node_id node)
{
    for (size_t i = 0; i < final->count; i++)
        if (final->items[i].node.v == node.v)
            return true;
    return false;
}

static bool final_add(struct cosign_final *final, const struct cosignature *item)
{
    if (final->count == COSIGN_FINAL_MAX || final_has(final, item->node))
        return false;
    size_t at = final->count++;
    for (; at > 0 && final->items[at - 1].node.v > item->node.v; at--)
        final->items[at] = final->items[at - 1];
    final->items[at] = *item;
    return true;
}

/* Adds those that agree at the final size, as many as there is room for. */
static bool final_fill(struct cosign *cosign, const struct cosign_point *point)
{
    struct cosign_final *final = &cosign->final;
    bool grew = false;
    for (int rank = 0; rank < RANKS; rank++)
        for (size_t i = 0; i < point->next->node_count; i++) {
            const struct cosign_held *held = held_at(&cosign->peers[i], final->size);
            if (held && held->state == COSIGN_AGREES && rank_of(point, i) == rank &&
                hash_equal(&held->item.root, &final->root))
                grew |= final_add(final, &held->item);
        }
    return grew;
}

bool cosign_finalise(struct cosign *cosign, uint64_t size)
{
    const struct cosign_point *point = cosign_point_at(cosign, size);
    bool has[NODES_MAX] = {false};
    if (!point || size < cosign->final.size)
        return false;
    if (size == cosign->final.size)
        return final_fill(cosign, point);
    for (size_t i = 0; i < point->next->node_count; i++) {
        const struct cosign_held *held = held_at(&cosign->peers[i], size);
        has[i] = held && held->state == COSIGN_AGREES;
    }
    if (!cosign_has_quorum(point, has))
        return false;
    cosign->final =
        (struct cosign_final){.size = size, .root = point->root, .charter = point->charter};
    (void)final_fill(cosign, point);
    return true;
}

void cosign_restore_final(struct cosign *cosign, const struct cosign_final *final)
{
    must(final->size > cosign->final.size);
    cosign->final = *final;
}

bool cosign_alarm(const struct cosign *cosign, uint64_t size)
{
    const struct cosign_point *point = cosign_point_at(cosign, size);
    const struct cosignature *items[VOTERS_MAX];
    size_t count = 0;
    for (size_t i = 0; point && i < point->charter->voter_count; i++) {
        uint16_t voter = point->charter->voters[i];
        const struct cosign_held *held = held_at(&cosign->peers[voter], size);
        if (voter != cosign->self.v && held && held->state == COSIGN_CONTRADICTS)
            items[count++] = &held->item;
    }
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        for (size_t k = 0; k < count; k++)
            same += hash_equal(&items[k]->root, &items[i]->root);
        if (same >= quorum_size(point->charter->voter_count))
            return true;
    }
    return false;
}

const struct cosignature *cosign_newest(const struct cosign *cosign, struct node_id node)
{
    const struct cosignature *newest = NULL;
    for (size_t i = 0; i < COSIGN_HELD_MAX; i++) {
        const struct cosign_held *held = &cosign->peers[node.v].held[i];
        bool checked = held->state == COSIGN_AGREES || held->state == COSIGN_CONTRADICTS;
        if (checked && (!newest || held->item.size > newest->size))
            newest = &held->item;
    }
    return newest;
}

/* ---- in the store -------------------------------------------------------------------------- */

void cosign_final_put(const struct cosign_final *final, struct buffer *out)
{
    codec_put_array(out, 4);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, final->size);
    codec_put_bytes(out, hash_as_bytes(&final->root));
    codec_put_array(out, final->count);
    for (size_t i = 0; i < final->count; i++) {
        const struct cosignature *item = &final->items[i];
        codec_put_array(out, 3);
        codec_put_uint(out, item->node.v);
        codec_put_uint(out, item->time_s);
        codec_put_bytes(out, bytes_of(item->signature.at, SIGNATURE_SIZE));
    }
}

bool cosign_final_decode(struct bytes bytes, struct cosign_final *final_out, struct error *error)
{
    struct codec_reader reader;
    struct cosign_final final = {.size = 0};
    codec_reader_init(&reader, bytes);
    codec_get_array(&reader, 4, 4);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    final.size = codec_get_uint(&reader, INT64_MAX);
    codec_get_fixed(&reader, final.root.at, HASH_SIZE);
    final.count = codec_get_array(&reader, 1, COSIGN_FINAL_MAX);
    if (final.size == 0)
        codec_fail(&reader, "the empty log is never final");
    for (size_t i = 0; i < final.count && !reader.failed; i++) {
        struct cosignature *item = &final.items[i];
        codec_get_array(&reader, 3, 3);
        item->node.v = (uint16_t)codec_get_uint(&reader, NODES_MAX - 1);
        item->time_s = codec_get_uint(&reader, TIME_MS_MAX / 1000);
        codec_get_fixed(&reader, item->signature.at, SIGNATURE_SIZE);
        item->size = final.size;
        item->root = final.root;
        if (i > 0 && item->node.v <= final.items[i - 1].node.v)
            codec_fail(&reader, "its nodes do not ascend");
    }
    if (!codec_finish(&reader, "final checkpoint", error))
        return false;
    *final_out = final;
    return true;
}
