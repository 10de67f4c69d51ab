#include "node/cosign.h"

#include "protocol/codec.h"

#include <string.h>

void cosign_init(struct cosign *cosign, const struct charter *charter, struct node_id self)
{
    memset(cosign, 0, sizeof(*cosign));
    cosign->charter = charter;
    cosign->self = self;
    cosign->quorum = quorum_size(charter->voter_count);
    for (size_t i = 0; i < charter->voter_count; i++)
        cosign->voter[charter->voters[i]] = true;
}

/* ---- our own ------------------------------------------------------------------------------- */

static const struct cosign_point *newest_point(const struct cosign *cosign)
{
    return cosign->point_count > 0 ? &cosign->points[(cosign->point_count - 1) % COSIGN_POINTS_MAX]
                                   : NULL;
}

void cosign_computed(struct cosign *cosign, uint64_t size, const struct hash *root)
{
    const struct cosign_point *newest = newest_point(cosign);
    must(!newest || size > newest->size);
    cosign->points[cosign->point_count++ % COSIGN_POINTS_MAX] =
        (struct cosign_point){.size = size, .root = *root};
}

bool cosign_root_at(const struct cosign *cosign, uint64_t size, struct hash *root_out)
{
    uint64_t kept =
        cosign->point_count < COSIGN_POINTS_MAX ? cosign->point_count : COSIGN_POINTS_MAX;
    for (uint64_t i = 1; i <= kept; i++) {
        const struct cosign_point *point =
            &cosign->points[(cosign->point_count - i) % COSIGN_POINTS_MAX];
        if (point->size == size)
            *root_out = point->root;
        if (point->size <= size)
            return point->size == size;
    }
    return false;
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
    must(item->node.v < cosign->charter->node_count && item->node.v != cosign->self.v);
    const struct cosign_peer *peer = &cosign->peers[item->node.v];
    const struct cosign_held *held = held_at(peer, item->size);
    const struct cosign_point *newest = newest_point(cosign);
    struct hash root;
    if (held && (held->state == COSIGN_UNCHECKED || hash_equal(&held->item.root, &item->root) ||
                 held->disputed))
        return COSIGN_LOOK_IGNORE;
    if (held)
        return COSIGN_LOOK_CHECK;
    if (!has_place_for(peer, item->size))
        return COSIGN_LOOK_IGNORE;
    if (!newest || item->size > newest->size)
        return by_itself ? COSIGN_LOOK_KEEP : COSIGN_LOOK_IGNORE;
    if (!cosign_root_at(cosign, item->size, &root))
        return COSIGN_LOOK_IGNORE;
    bool late = item->size < cosign->final.size && hash_equal(&root, &item->root);
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
    struct hash root;
    must(cosign_root_at(cosign, item->size, &root));
    if (held) {
        must(!cosignature_same_claim(&held->item, item));
        note_conflict(peer, &held->item, item);
        peer->held[held - peer->held].disputed = true;
        return COSIGN_CONTRADICTS;
    }
    bool agrees = hash_equal(&root, &item->root);
    put(peer, item, agrees ? COSIGN_AGREES : COSIGN_CONTRADICTS);
    if (!agrees)
        note_conflict(peer, NULL, item);
    peer->agreed += agrees;
    return agrees ? COSIGN_AGREES : COSIGN_CONTRADICTS;
}

bool cosign_next_unchecked(struct cosign *cosign, struct cosignature *item_out)
{
    const struct cosign_point *newest = newest_point(cosign);
    for (size_t i = 0; newest && i < cosign->charter->node_count; i++)
        for (size_t k = 0; k < COSIGN_HELD_MAX; k++) {
            struct cosign_held *held = &cosign->peers[i].held[k];
            struct hash root;
            if (held->state != COSIGN_UNCHECKED || held->item.size > newest->size)
                continue;
            /* Between two heights nobody honest signs: it goes. */
            held->state = COSIGN_EMPTY;
            if (!cosign_root_at(cosign, held->item.size, &root))
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

/* Adds those of voters, or of observers, that agree at the final size. */
static bool final_fill(const struct cosign *cosign, struct cosign_final *final, bool voters)
{
    bool grew = false;
    for (size_t i = 0; i < cosign->charter->node_count; i++) {
        const struct cosign_held *held = held_at(&cosign->peers[i], final->size);
        if (held && held->state == COSIGN_AGREES && cosign->voter[i] == voters &&
            hash_equal(&held->item.root, &final->root))
            grew |= final_add(final, &held->item);
    }
    return grew;
}

bool cosign_finalise(struct cosign *cosign, uint64_t size)
{
    struct hash root;
    size_t voters = 0;
    if (size == cosign->final.size) {
        bool grew = final_fill(cosign, &cosign->final, true);
        return final_fill(cosign, &cosign->final, false) || grew;
    }
    if (size < cosign->final.size || !cosign_root_at(cosign, size, &root))
        return false;
    for (size_t i = 0; i < cosign->charter->voter_count; i++) {
        const struct cosign_held *held = held_at(&cosign->peers[cosign->charter->voters[i]], size);
        voters += held && held->state == COSIGN_AGREES;
    }
    if (voters < cosign->quorum)
        return false;
    cosign->final = (struct cosign_final){.size = size, .root = root};
    (void)final_fill(cosign, &cosign->final, true);
    (void)final_fill(cosign, &cosign->final, false);
    return true;
}

void cosign_restore_final(struct cosign *cosign, const struct cosign_final *final)
{
    must(final->size > cosign->final.size);
    cosign->final = *final;
}

bool cosign_alarm(const struct cosign *cosign, uint64_t size)
{
    const struct cosignature *items[VOTERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < cosign->charter->voter_count; i++) {
        uint16_t voter = cosign->charter->voters[i];
        const struct cosign_held *held = held_at(&cosign->peers[voter], size);
        if (voter != cosign->self.v && held && held->state == COSIGN_CONTRADICTS)
            items[count++] = &held->item;
    }
    for (size_t i = 0; i < count; i++) {
        size_t same = 0;
        for (size_t k = 0; k < count; k++)
            same += hash_equal(&items[k]->root, &items[i]->root);
        if (same >= cosign->quorum)
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
