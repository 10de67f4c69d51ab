/* Going on from an image of a later height instead of the first: what the image and its place claim
 * is compared with what the store holds of that height, then taken as if it had been executed.
 *
 * The place goes with the image, not into the store: it is of use only with the image, so both come
 * and go in one file, and a store stays what the ledger's heights made of it. Whatever the store
 * holds is read from there; the place has only what no entry holds.
 */

#include <stdlib.h>
#include <string.h>

#include "node/replica_parts.h"
#include "protocol/codec.h"

enum { PLACE_VERSION = 2 };

/* ---- the place ----------------------------------------------------------------------------- */

struct place {
    uint64_t height;
    size_t passed_count;
    struct passed passed[HISTORY_KEPT]; /* the last of the height itself */
    uint64_t day_bytes[NODES_MAX];
    size_t vote_count;
    struct snapshot_clock clock;
    struct vote votes[NODES_MAX]; /* the newest of each in a certificate (rule 3's answers) */
};

static uint64_t first_passed(uint64_t height)
{
    return height >= HISTORY_KEPT ? height - HISTORY_KEPT + 1 : 1;
}

static void put_votes(const struct replica *r, struct buffer *out)
{
    size_t count = 0;
    for (size_t i = 0; i < r->charter->node_count; i++)
        count += r->seen[i].decided.height > 0;
    codec_put_array(out, count);
    for (size_t i = 0; i < r->charter->node_count; i++)
        if (r->seen[i].decided.height > 0)
            vote_put(&r->seen[i].decided, out);
}

static void put_clock(const struct snapshot_clock *clock, struct buffer *out)
{
    codec_put_array(out, 3);
    codec_put_uint(out, clock->beat_ms);
    codec_put_uint(out, clock->beat_records);
    codec_put_uint(out, clock->records);
}

void replica_place(const struct replica *r, struct buffer *out)
{
    size_t from = out->size;
    uint64_t first = first_passed(r->height);
    codec_put_array(out, 6);
    codec_put_uint(out, PLACE_VERSION);
    codec_put_uint(out, r->height);
    codec_put_array(out, (size_t)(r->height + 1 - first));
    for (uint64_t height = first; height <= r->height; height++) {
        const struct passed *passed = &r->passed[height % HISTORY_KEPT];
        must(passed->height == height);
        codec_put_array(out, 4);
        codec_put_uint(out, passed->count);
        codec_put_bytes(out, hash_as_bytes(&passed->digest));
        codec_put_bytes(out, hash_as_bytes(&passed->root));
        codec_put_bytes(out, hash_as_bytes(&passed->cut));
    }
    codec_put_array(out, r->charter->node_count);
    for (size_t i = 0; i < r->charter->node_count; i++)
        codec_put_uint(out, r->lanes[i].day_bytes);
    put_votes(r, out);
    put_clock(&r->attesting.clock, out);
    if (out->overflowed)
        return;
    struct hash hash = hash_bytes(bytes_of(out->at + from, out->size - from));
    buffer_append(out, hash_as_bytes(&hash));
}

static void get_passed(struct codec_reader *reader, uint64_t height, struct passed *out)
{
    codec_get_array(reader, 4, 4);
    out->height = height;
    out->count = codec_get_uint(reader, INT64_MAX);
    codec_get_fixed(reader, out->digest.at, HASH_SIZE);
    codec_get_fixed(reader, out->root.at, HASH_SIZE);
    codec_get_fixed(reader, out->cut.at, HASH_SIZE);
}

static bool place_decode(const struct replica *r, struct bytes bytes, struct place *place,
                         struct error *error)
{
    struct codec_reader reader;
    size_t size = bytes.size >= HASH_SIZE ? bytes.size - HASH_SIZE : 0;
    struct hash hash = hash_bytes(bytes_of(bytes.at, size));
    if (size == 0 || memcmp(hash.at, bytes.at + size, HASH_SIZE) != 0)
        return error_set(error, ERROR_CORRUPT, "the image's place is damaged");
    codec_reader_init(&reader, bytes_of(bytes.at, size));
    codec_get_array(&reader, 6, 6);
    if (codec_get_uint(&reader, UINT16_MAX) != PLACE_VERSION)
        codec_fail(&reader, "unknown format version");
    place->height = codec_get_uint(&reader, INT64_MAX);
    if (place->height == 0)
        codec_fail(&reader, "height 0");
    uint64_t first = first_passed(place->height);
    size_t heights = reader.failed ? 0 : (size_t)(place->height + 1 - first);
    place->passed_count = codec_get_array(&reader, heights, heights);
    for (size_t i = 0; i < place->passed_count; i++)
        get_passed(&reader, first + i, &place->passed[i]);
    codec_get_array(&reader, r->charter->node_count, r->charter->node_count);
    for (size_t i = 0; i < r->charter->node_count; i++)
        place->day_bytes[i] = codec_get_uint(&reader, INT64_MAX);
    place->vote_count = codec_get_array(&reader, 1, NODES_MAX);
    for (size_t i = 0; i < place->vote_count; i++)
        vote_get(&reader, &place->votes[i]);
    codec_get_array(&reader, 3, 3);
    place->clock.beat_ms = codec_get_uint(&reader, TIME_MS_MAX);
    place->clock.beat_records = codec_get_uint(&reader, INT64_MAX);
    place->clock.records = codec_get_uint(&reader, INT64_MAX);
    return codec_finish(&reader, "the image's place", error);
}

/* ---- comparing it with the store ------------------------------------------------------------ */

static bool not_ours(struct error *error, const char *why)
{
    return error_set(error, ERROR_CONFLICT, "the image is not of this ledger: %s", why);
}

static bool same_passed(const struct passed *passed, uint64_t count, const struct hash *digest)
{
    return passed->count == count && hash_equal(&passed->digest, digest);
}

/* What a quorum decided at that height, as the store has it. */
static bool compare_height(struct replica *r, const struct stored_height *stored,
                           const struct cut *cut, const struct place *place, struct error *error)
{
    const struct passed *at = &place->passed[place->passed_count - 1];
    const struct passed *back = place->height > 2 ? at - 2 : NULL;
    struct hash digest = state_digest(r->state);
    const struct charter *charter = state_charter_at(r->state, place->height);
    if (stored->height != place->height || cut->height != place->height ||
        !hash_equal(&cut->id, &stored->certificate.cut) || !hash_equal(&cut->id, &at->cut) ||
        cut->lane_count != charter->node_count)
        return not_ours(error, "another cut was decided at its height");
    if (stored->record_count == 0 || stored->first_index > INT64_MAX - stored->record_count ||
        !same_passed(at, stored->first_index + stored->record_count, &digest))
        return not_ours(error, "its digest or number of records differs");
    if (back && (!same_passed(back, cut->record_count, &cut->state_digest) ||
                 !hash_equal(&back->root, &cut->record_root)))
        return not_ours(error, "its history is not what the cut of its height names");
    return epoch_certificate_holds(r, charter, &stored->certificate, error);
}

struct leaves {
    struct hash at[TILE_WIDTH];
    size_t count;
};

static bool take_leaf(void *visitor, uint64_t index, struct bytes record)
{
    struct leaves *leaves = (struct leaves *)visitor;
    (void)index;
    leaves->at[leaves->count++] = merkle_leaf(record);
    return leaves->count < TILE_WIDTH;
}

/* From full tiles, and from the records that fill none yet. */
static bool restore_tree(struct replica *r, const struct passed *at, struct error *error)
{
    struct leaves *leaves = (struct leaves *)allocate(1, sizeof(*leaves));
    uint64_t open = at->count % TILE_WIDTH;
    bool good =
        (open == 0 || replica_records(r, at->count - open, open, take_leaf, leaves, error)) &&
        merkle_restore(&r->tree, at->count, leaves->at, replica_read_tile, r, error);
    if (good) {
        struct hash root = merkle_root(&r->tree);
        good = (leaves->count == open && hash_equal(&root, &at->root)) ||
               not_ours(error, "the records up to its height have another root");
    }
    free(leaves);
    return good;
}

/* Of the last heights: the digest that stands in the seal, and the root up to there. */
static bool compare_passed(struct replica *r, const struct passed *passed, struct error *error)
{
    struct record seal;
    struct hash root;
    buffer_clear(&r->record);
    if (!replica_record(r, passed->count - 1, &r->record, error) ||
        !record_decode(buffer_bytes(&r->record), &seal, error) ||
        !merkle_root_at(&r->tree, passed->count, replica_read_tile, r, &root, error))
        return error_wrap(error, "the seal of height %llu", (unsigned long long)passed->height);
    return (seal.kind == RECORD_KIND_SEAL && seal.height == passed->height &&
            hash_equal(&seal.state_digest, &passed->digest) &&
            hash_equal(&seal.cut, &passed->cut) && hash_equal(&root, &passed->root)) ||
           not_ours(error, "a seal has another digest, or the records up to it another root");
}

static bool check_votes(const struct replica *r, const struct place *place, struct error *error)
{
    for (size_t i = 0; i < place->vote_count; i++) {
        const struct vote *vote = &place->votes[i];
        if (vote->type != VOTE_PRECOMMIT || vote->height == 0 || vote->height > place->height ||
            !epoch_vote_holds(r, state_charter_at(r->state, vote->height), vote))
            return not_ours(error, "a vote in its place does not hold");
    }
    return true;
}

/* ---- taking it ------------------------------------------------------------------------------ */

static void take_place(struct replica *r, const struct stored_height *stored, const struct cut *cut,
                       const struct place *place)
{
    for (size_t i = 0; i < place->passed_count; i++) {
        r->passed[place->passed[i].height % HISTORY_KEPT] = place->passed[i];
        cosigning_computed(r, &place->passed[i]);
    }
    for (uint16_t i = 0; i < cut->lane_count; i++) {
        r->lanes[i].decided = cut->lanes[i];
        r->lanes[i].day = lane_day(cut->time_ms);
        r->lanes[i].day_bytes = place->day_bytes[i];
    }
    for (size_t i = 0; i < place->vote_count; i++)
        gossip_remember_decided(r, &place->votes[i]);
    /* The store may hold another certificate than the image was made with: after a crash the height
     * came back from a peer. */
    remember_certificate(r, &stored->certificate);
    r->attesting.clock = place->clock;
    r->height = place->height;
    r->cut_time_ms = cut->time_ms;
    r->cut_id = cut->id;
    r->resumed = r->shown;
    r->shown_time_ms = state_time_ms(r->state);
}

static bool compare_all(struct replica *r, struct bytes value, struct place *place,
                        struct error *error)
{
    struct stored_height *stored = (struct stored_height *)allocate(1, sizeof(*stored));
    struct cut *cut = (struct cut *)allocate(1, sizeof(*cut));
    bool good = stored_height_decode(value, stored, error) && cut_decode(stored->cut, cut, error) &&
                compare_height(r, stored, cut, place, error);
    if (good) {
        r->shown = place->passed[place->passed_count - 1]; /* what may be read */
        good = restore_tree(r, &r->shown, error) && check_votes(r, place, error);
    }
    for (size_t i = 0; i < place->passed_count && good; i++)
        good = compare_passed(r, &place->passed[i], error);
    if (good)
        take_place(r, stored, cut, place);
    free(cut);
    free(stored);
    return good;
}

bool resume(struct replica *r, struct error *error)
{
    const struct store *store = &r->config.store;
    struct place *place = (struct place *)allocate(1, sizeof(*place));
    struct buffer value;
    struct error missing = {0};
    buffer_init(&value, STORE_VALUE_MAX);
    bool good = place_decode(r, r->config.place, place, error);
    if (good && state_height(r->state) != place->height)
        good = error_set(error, ERROR_CORRUPT, "the image's place is of another height");
    struct store_key key = key_height(place->height);
    if (good && !store->get(store->context, store_key_bytes(&key), &value, &missing))
        good = missing.code == ERROR_NOT_FOUND
                   ? not_ours(error, "the store does not hold its height")
                   : error_set(error, missing.code, "%s", missing.text);
    good = good && compare_all(r, buffer_bytes(&value), place, error);
    buffer_release(&value);
    free(place);
    return good;
}
