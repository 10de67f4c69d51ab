#include "crypto/merkle.h"

#include <stdlib.h>
#include <string.h>

enum {
    TILE_HEIGHT = 8, /* a tile's hashes are the leaves of a tree of this height */
    TILE_MASK = TILE_WIDTH - 1,
    READER_SLOTS = 2 /* tiles a level that one proof touches: on its path, on the right edge */
};

struct hash merkle_leaf(struct bytes record)
{
    static const uint8_t prefix = 0x00;
    const struct bytes parts[] = {bytes_of(&prefix, 1), record};
    return hash_parts(parts, ARRAY_SIZE(parts));
}

struct hash merkle_node(const struct hash *left, const struct hash *right)
{
    uint8_t joined[1 + 2 * HASH_SIZE];
    joined[0] = 0x01;
    memcpy(joined + 1, left->at, HASH_SIZE);
    memcpy(joined + 1 + HASH_SIZE, right->at, HASH_SIZE);
    return hash_bytes(bytes_of(joined, sizeof(joined)));
}

struct hash merkle_empty(void)
{
    return hash_bytes(bytes_of(NULL, 0));
}

/* ---- positions --------------------------------------------------------------------------------
 */

/* A shift by 64, which C leaves undefined, comes up above the top level. */
static uint64_t shift_right(uint64_t value, uint32_t bits)
{
    return bits < 64 ? value >> bits : 0;
}

/* Full tiles of a level in a tree of `size`, and hashes in the unfinished one. */
uint64_t merkle_full_tiles(uint64_t size, uint32_t level)
{
    return shift_right(size, TILE_HEIGHT * (level + 1));
}

uint32_t merkle_edge_width(uint64_t size, uint32_t level)
{
    return (uint32_t)(shift_right(size, TILE_HEIGHT * level) & TILE_MASK);
}

/* Root of a complete tree over `count` hashes, a power of two of at most TILE_WIDTH. */
static struct hash complete_root(const struct hash *hashes, size_t count)
{
    must(count >= 1 && count <= TILE_WIDTH && (count & (count - 1)) == 0);
    if (count == 1) {
        return hashes[0];
    }
    struct hash work[TILE_WIDTH / 2];
    const struct hash *from = hashes;
    for (size_t width = count / 2; width > 0; width /= 2) {
        for (size_t i = 0; i < width; i++) {
            work[i] = merkle_node(&from[2 * i], &from[2 * i + 1]);
        }
        from = work;
    }
    return work[0];
}

struct hash merkle_tile_root(const struct hash tile[TILE_WIDTH])
{
    return complete_root(tile, TILE_WIDTH);
}

/* ---- appending --------------------------------------------------------------------------------
 */

void merkle_init(struct merkle *merkle)
{
    memset(merkle, 0, sizeof(*merkle));
}

/* A full tile leaves one hash, its root, to the level above: 256 appends make one there, so the
 * work an append comes to on average is one leaf and one node. */
void merkle_append(struct merkle *merkle, const struct hash *leaf, merkle_tile_sink *sink,
                   void *context)
{
    must(merkle->size < UINT64_MAX);
    merkle->size++;
    struct hash hash = *leaf;
    for (uint32_t at = 0; at < MERKLE_LEVEL_MAX; at++) {
        struct merkle_level *level = &merkle->levels[at];
        must(level->count < TILE_WIDTH);
        level->hashes[level->count++] = hash;
        if (level->count < TILE_WIDTH) {
            return;
        }
        if (sink) {
            sink(context, at, level->full_tiles, level->hashes);
        }
        hash = complete_root(level->hashes, TILE_WIDTH);
        level->full_tiles++;
        level->count = 0;
    }
}

static bool tile_exists(const struct merkle *merkle, uint32_t level, uint64_t index)
{
    if (level >= MERKLE_LEVEL_MAX) {
        return false;
    }
    const struct merkle_level *at = &merkle->levels[level];
    return index < at->full_tiles || (index == at->full_tiles && at->count > 0);
}

bool merkle_tile(const struct merkle *merkle, uint32_t level, uint64_t index,
                 merkle_tile_source *source, void *context, struct hash tile_out[TILE_WIDTH],
                 uint32_t *count_out, struct error *error)
{
    if (!tile_exists(merkle, level, index)) {
        return error_set(error, ERROR_NOT_FOUND, "no tile %u/%llu in a tree of %llu", level,
                         (unsigned long long)index, (unsigned long long)merkle->size);
    }
    const struct merkle_level *at = &merkle->levels[level];
    if (index == at->full_tiles) {
        memcpy(tile_out, at->hashes, at->count * sizeof(at->hashes[0]));
        *count_out = at->count;
        return true;
    }
    must(source != NULL);
    if (!source(context, level, index, tile_out, error)) {
        return error_wrap(error, "tile %u/%llu", level, (unsigned long long)index);
    }
    *count_out = TILE_WIDTH;
    return true;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* Keeps what it has read for the length of one proof, so that no tile is read twice. */
struct reader_slot {
    uint64_t index;
    struct hash *hashes; /* NULL: free */
};

struct reader {
    const struct merkle *merkle;
    merkle_tile_source *source;
    void *context;
    struct reader_slot slots[MERKLE_LEVEL_MAX][READER_SLOTS];
};

static void reader_release(struct reader *reader)
{
    for (uint32_t level = 0; level < MERKLE_LEVEL_MAX; level++) {
        for (size_t i = 0; i < READER_SLOTS; i++) {
            free(reader->slots[level][i].hashes);
        }
    }
}

/* The hashes of a tile, borrowed until the release; NULL and the error set on failure. */
static const struct hash *reader_tile(struct reader *reader, uint32_t level, uint64_t index,
                                      struct error *error)
{
    const struct merkle_level *unfinished = &reader->merkle->levels[level];
    if (index == unfinished->full_tiles) {
        return unfinished->hashes;
    }
    struct reader_slot *slots = reader->slots[level];
    for (size_t i = 0; i < READER_SLOTS; i++) {
        if (slots[i].hashes && slots[i].index == index) {
            return slots[i].hashes;
        }
    }
    size_t free_slot = 0;
    while (free_slot < READER_SLOTS && slots[free_slot].hashes) {
        free_slot++;
    }
    must(free_slot < READER_SLOTS);
    struct hash *hashes = allocate(TILE_WIDTH, sizeof(*hashes));
    uint32_t count = 0;
    if (!merkle_tile(reader->merkle, level, index, reader->source, reader->context, hashes, &count,
                     error)) {
        free(hashes);
        return NULL;
    }
    slots[free_slot] = (struct reader_slot){.index = index, .hashes = hashes};
    return hashes;
}

/* Root of the complete subtree over the 2^height leaves from `start`, a multiple of 2^height. It is
 * cut from one tile: the one that holds the nearest stored level at or below its height. */
static bool reader_complete(struct reader *reader, uint64_t start, uint32_t height,
                            struct hash *root_out, struct error *error)
{
    must(height < 64 && (start & (((uint64_t)1 << height) - 1)) == 0);
    uint32_t level = height / TILE_HEIGHT;
    size_t count = (size_t)1 << height % TILE_HEIGHT;
    uint64_t first = shift_right(start, TILE_HEIGHT * level);
    const struct hash *tile = reader_tile(reader, level, first / TILE_WIDTH, error);
    if (!tile) {
        return false;
    }
    *root_out = complete_root(tile + (first & TILE_MASK), count);
    return true;
}

/* Root over the leaves [start, end), RFC 9162's MTH(D[start:end]), where `start` is a multiple of
 * a power of two that is at least end - start. The binary digits of the width name the complete
 * subtrees it consists of, the widest leftmost; they are joined from the right. */
static bool reader_range(struct reader *reader, uint64_t start, uint64_t end, struct hash *root_out,
                         struct error *error)
{
    must(start < end);
    struct hash root;
    bool any = false;
    uint64_t width = end - start;
    for (uint32_t height = 0; height < 64; height++) {
        uint64_t bit = (uint64_t)1 << height;
        if (!(width & bit)) {
            continue;
        }
        end -= bit;
        struct hash subtree;
        if (!reader_complete(reader, end, height, &subtree, error)) {
            return false;
        }
        root = any ? merkle_node(&subtree, &root) : subtree;
        any = true;
    }
    must(end == start);
    *root_out = root;
    return true;
}

struct hash merkle_root(const struct merkle *merkle)
{
    if (merkle->size == 0) {
        return merkle_empty();
    }
    /* Each subtree along the right edge lies in the unfinished tile of its level, in memory. */
    struct reader reader = {.merkle = merkle};
    struct hash root;
    bool read = reader_range(&reader, 0, merkle->size, &root, NULL);
    must(read);
    reader_release(&reader);
    return root;
}

static bool sizes_check(const struct merkle *merkle, uint64_t size, struct error *error)
{
    if (size == 0 || size > merkle->size) {
        return error_set(error, ERROR_INVALID, "size %llu is not in 1..%llu",
                         (unsigned long long)size, (unsigned long long)merkle->size);
    }
    return true;
}

bool merkle_root_at(const struct merkle *merkle, uint64_t size, merkle_tile_source *source,
                    void *context, struct hash *root_out, struct error *error)
{
    if (!sizes_check(merkle, size, error)) {
        return false;
    }
    struct reader reader = {.merkle = merkle, .source = source, .context = context};
    bool done = reader_range(&reader, 0, size, root_out, error);
    reader_release(&reader);
    return done;
}

/* Hash i of a level above the lowest is the root of tile i of the level below. */
static bool restore_level(struct merkle_level *level, uint32_t at, merkle_tile_source *source,
                          void *context, struct error *error)
{
    must(at > 0 && (level->count == 0 || source != NULL));
    struct hash *tile = allocate(TILE_WIDTH, sizeof(*tile));
    bool done = true;
    for (uint32_t i = 0; i < level->count && done; i++) {
        uint64_t index = level->full_tiles * TILE_WIDTH + i;
        done = source(context, at - 1, index, tile, error);
        if (done) {
            level->hashes[i] = complete_root(tile, TILE_WIDTH);
        } else {
            error_wrap(error, "tile %u/%llu", at - 1, (unsigned long long)index);
        }
    }
    free(tile);
    return done;
}

bool merkle_restore(struct merkle *merkle_out, uint64_t size, const struct hash *tail_leaves,
                    merkle_tile_source *source, void *context, struct error *error)
{
    struct merkle *merkle = allocate(1, sizeof(*merkle));
    merkle->size = size;
    bool done = true;
    for (uint32_t at = 0; at < MERKLE_LEVEL_MAX && done; at++) {
        struct merkle_level *level = &merkle->levels[at];
        level->count = merkle_edge_width(size, at);
        level->full_tiles = merkle_full_tiles(size, at);
        if (at > 0) {
            done = restore_level(level, at, source, context, error);
        } else if (level->count > 0) {
            memcpy(level->hashes, tail_leaves, level->count * sizeof(*tail_leaves));
        }
    }
    if (done) {
        *merkle_out = *merkle;
    }
    free(merkle);
    return done;
}

/* ---- proofs -----------------------------------------------------------------------------------
 */

/* Height of the largest complete subtree that leaves something to its right: RFC 9162's k, the
 * largest power of two smaller than n, is 2 to this. */
static uint32_t split_height(uint64_t width)
{
    must(width > 1);
    return 63u - (uint32_t)__builtin_clzll(width - 1);
}

static void reverse(struct hash *hashes, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct hash swapped = hashes[i];
        hashes[i] = hashes[count - 1 - i];
        hashes[count - 1 - i] = swapped;
    }
}

/* Walks from the root down to leaf `index` and notes the half not taken at each fork. */
static bool path_collect(struct reader *reader, uint64_t index, uint64_t size, struct hash *proof,
                         size_t *count_out, struct error *error)
{
    uint64_t start = 0;
    uint64_t end = size;
    size_t count = 0;
    while (end - start > 1) {
        must(count < MERKLE_PROOF_MAX);
        uint64_t middle = start + ((uint64_t)1 << split_height(end - start));
        bool left = index < middle;
        if (!reader_range(reader, left ? middle : start, left ? end : middle, &proof[count],
                          error)) {
            return false;
        }
        count++;
        start = left ? start : middle;
        end = left ? middle : end;
    }
    reverse(proof, count);
    *count_out = count;
    return true;
}

bool merkle_prove_inclusion(const struct merkle *merkle, uint64_t index, uint64_t size,
                            merkle_tile_source *source, void *context,
                            struct hash proof_out[MERKLE_PROOF_MAX], size_t *count_out,
                            struct error *error)
{
    if (!sizes_check(merkle, size, error)) {
        return false;
    }
    if (index >= size) {
        return error_set(error, ERROR_INVALID, "leaf %llu is not in a tree of %llu",
                         (unsigned long long)index, (unsigned long long)size);
    }
    struct hash proof[MERKLE_PROOF_MAX];
    size_t count = 0;
    struct reader reader = {.merkle = merkle, .source = source, .context = context};
    bool done = path_collect(&reader, index, size, proof, &count, error);
    reader_release(&reader);
    if (done) {
        memcpy(proof_out, proof, count * sizeof(proof[0]));
        *count_out = count;
    }
    return done;
}

/* RFC 9162's SUBPROOF(m, D[n], b) as a loop: `old_size` cuts [start, end), and the half without
 * the cut goes into the proof, until the cut is at the end. What then is left is a subtree of the
 * old tree; its hash is needed unless it is the old tree as a whole. */
static bool consistency_collect(struct reader *reader, uint64_t old_size, uint64_t size,
                                struct hash *proof, size_t *count_out, struct error *error)
{
    uint64_t start = 0;
    uint64_t end = size;
    size_t count = 0;
    while (old_size != end) {
        must(count < MERKLE_CONSISTENCY_MAX - 1);
        uint64_t middle = start + ((uint64_t)1 << split_height(end - start));
        bool left = old_size <= middle;
        if (!reader_range(reader, left ? middle : start, left ? end : middle, &proof[count],
                          error)) {
            return false;
        }
        count++;
        start = left ? start : middle;
        end = left ? middle : end;
    }
    if (start > 0) {
        if (!reader_range(reader, start, end, &proof[count], error)) {
            return false;
        }
        count++;
    }
    reverse(proof, count);
    *count_out = count;
    return true;
}

bool merkle_prove_consistency(const struct merkle *merkle, uint64_t old_size, uint64_t size,
                              merkle_tile_source *source, void *context,
                              struct hash proof_out[MERKLE_CONSISTENCY_MAX], size_t *count_out,
                              struct error *error)
{
    if (!sizes_check(merkle, size, error)) {
        return false;
    }
    if (old_size == 0 || old_size > size) {
        return error_set(error, ERROR_INVALID, "old size %llu is not in 1..%llu",
                         (unsigned long long)old_size, (unsigned long long)size);
    }
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    size_t count = 0;
    struct reader reader = {.merkle = merkle, .source = source, .context = context};
    bool done = consistency_collect(&reader, old_size, size, proof, &count, error);
    reader_release(&reader);
    if (done) {
        memcpy(proof_out, proof, count * sizeof(proof[0]));
        *count_out = count;
    }
    return done;
}

/* ---- verifying --------------------------------------------------------------------------------
 */

/* The names fn, sn, r, fr and sr are those of RFC 9162, so that the steps can be compared. */
bool merkle_verify_inclusion(const struct hash *leaf, uint64_t index, uint64_t size,
                             const struct hash *proof, size_t proof_count, const struct hash *root)
{
    if (index >= size || proof_count > MERKLE_PROOF_MAX) {
        return false;
    }
    uint64_t fn = index;
    uint64_t sn = size - 1;
    struct hash r = *leaf;
    for (size_t i = 0; i < proof_count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) || fn == sn) {
            r = merkle_node(&proof[i], &r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = merkle_node(&r, &proof[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&r, root);
}

/* Steps 4 to 7 of 2.1.4.2, for 0 < old_size < size. `first` is the last complete subtree
 * of the old tree. */
static bool consistency_fold(uint64_t old_size, uint64_t size, const struct hash *old_root,
                             const struct hash *root, const struct hash *first,
                             const struct hash *rest, size_t rest_count)
{
    uint64_t fn = old_size - 1;
    uint64_t sn = size - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    struct hash fr = *first;
    struct hash sr = *first;
    for (size_t i = 0; i < rest_count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) || fn == sn) {
            fr = merkle_node(&rest[i], &fr);
            sr = merkle_node(&rest[i], &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = merkle_node(&sr, &rest[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && hash_equal(&fr, old_root) && hash_equal(&sr, root);
}

bool merkle_verify_consistency(uint64_t old_size, uint64_t size, const struct hash *old_root,
                               const struct hash *root, const struct hash *proof,
                               size_t proof_count)
{
    if (old_size == 0 || old_size > size || proof_count > MERKLE_CONSISTENCY_MAX) {
        return false;
    }
    if (old_size == size) {
        return proof_count == 0 && hash_equal(old_root, root);
    }
    if (proof_count == 0) {
        return false;
    }
    /* A complete old tree is its own first subtree, and the verifier has it already. */
    bool complete = (old_size & (old_size - 1)) == 0;
    return complete ? consistency_fold(old_size, size, old_root, root, old_root, proof, proof_count)
                    : consistency_fold(old_size, size, old_root, root, &proof[0], proof + 1,
                                       proof_count - 1);
}
