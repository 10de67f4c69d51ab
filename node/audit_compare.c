#include "node/audit_compare.h"

#include "node/audit_parts.h"

#include <inttypes.h>

static bool same_after(const struct audit_side *a, const struct audit_side *b, uint64_t height)
{
    const struct audit_height *x = audit_height_at(a->audit, height);
    const struct audit_height *y = audit_height_at(b->audit, height);
    return x->records == y->records && hash_equal(&x->root, &y->root) &&
           hash_equal(&x->digest, &y->digest);
}

/* Heights that both have: the last, and the first that differs, 0: none does. Each height stands on
 * the one before it: once they have parted they stay apart. */
static uint64_t first_apart(const struct audit_side *a, const struct audit_side *b)
{
    uint64_t last = audit_height(a->audit);
    if (audit_height(b->audit) < last)
        last = audit_height(b->audit);
    if (!audit_has_height(a->audit, last) || !audit_has_height(b->audit, last) ||
        same_after(a, b, last))
        return 0;
    uint64_t apart = last;
    while (audit_has_height(a->audit, apart - 1) && audit_has_height(b->audit, apart - 1) &&
           !same_after(a, b, apart - 1))
        apart--;
    return apart;
}

static void found_apart(const struct audit_side *first, const struct audit_side *other,
                        uint64_t height)
{
    const struct audit_height *x = audit_height_at(first->audit, height);
    const struct audit_height *y = audit_height_at(other->audit, height);
    bool roots = x->records == y->records && hash_equal(&x->root, &y->root);
    struct audit_text where =
        audit_text("%s of %s against %s after height %" PRIu64, roots ? "state digest" : "root",
                   other->name, first->name, height);
    (void)!audit_same_hash(other->audit, roots ? AUDIT_SPLIT_DIGEST : AUDIT_SPLIT_ROOT,
                           roots ? &x->digest : &x->root, roots ? &y->digest : &y->root,
                           where.text);
}

/* The root that an audit has at a size, when a height ends there. */
static const struct hash *root_at(const struct audit *audit, uint64_t size)
{
    for (uint64_t height = audit_height(audit); audit_has_height(audit, height); height--)
        if (audit_height_at(audit, height)->records == size)
            return &audit_height_at(audit, height)->root;
    return NULL;
}

/* A checkpoint that holds is none of the other's history. */
static void compare_checkpoints(const struct audit_side *first, const struct audit_side *other)
{
    if (!first->has_checkpoint || !other->has_checkpoint)
        return;
    const struct hash *roots[] = {&first->checkpoint.root, &other->checkpoint.root};
    uint64_t size = first->checkpoint.size;
    if (first->checkpoint.size > other->checkpoint.size) {
        size = other->checkpoint.size;
        roots[0] = root_at(first->audit, size);
    } else if (first->checkpoint.size < other->checkpoint.size) {
        roots[1] = root_at(other->audit, size);
    }
    struct audit_text where =
        audit_text("checkpoints of %s and %s at size %" PRIu64, other->name, first->name, size);
    if (roots[0] && roots[1])
        (void)!audit_same_hash(other->audit, AUDIT_SPLIT_CHECKPOINT, roots[0], roots[1],
                               where.text);
}

void audit_compare(const struct audit_side *first, const struct audit_side *other)
{
    const struct charter *a = audit_charter(first->audit);
    const struct charter *b = audit_charter(other->audit);
    if (!hash_equal(&a->coalition, &b->coalition)) {
        audit_found(other->audit, AUDIT_SPLIT_CHARTER, "the same charter", "another one",
                    "%s against %s", other->name, first->name);
        return;
    }
    uint64_t apart =
        audit_height(first->audit) && audit_height(other->audit) ? first_apart(first, other) : 0;
    if (apart)
        found_apart(first, other, apart);
    else
        compare_checkpoints(first, other);
}

/* ---- with what was audited before ------------------------------------------------------------ */

static bool level_stands(struct audit *audit, const struct audit_tiles *tiles, uint32_t level,
                         uint64_t size, bool *found_out, struct error *error)
{
    const struct merkle_level *own = &audit->tree.levels[level];
    struct hash served[TILE_WIDTH];
    uint64_t hashes = (size >> (8 * level)) - own->full_tiles * TILE_WIDTH;
    uint32_t width = hashes < TILE_WIDTH ? (uint32_t)hashes : TILE_WIDTH;
    /* A log that is not as long as it says has the old tile only: that is found further on. */
    if (!tiles->read(tiles->context, level, own->full_tiles, width, served, error) &&
        !tiles->read(tiles->context, level, own->full_tiles, own->count, served, error)) {
        *found_out = error->code == ERROR_CORRUPT || error->code == ERROR_NOT_FOUND;
        if (*found_out)
            audit_found(audit, AUDIT_TILE_MISSING, "to be read", error->text, "tile %u/%" PRIu64,
                        level, own->full_tiles);
        return false;
    }
    for (uint32_t i = 0; i < own->count; i++) {
        struct audit_text where =
            audit_text("record %" PRIu64 " and on, audited up to record %" PRIu64,
                       (own->full_tiles * TILE_WIDTH + i) << (8 * level), audit->tree.size - 1);
        *found_out = true;
        if (!audit_same_hash(audit, AUDIT_HISTORY_REWRITTEN, &own->hashes[i], &served[i],
                             where.text))
            return false;
    }
    return true;
}

bool audit_history_stands(struct audit *audit, const struct audit_tiles *tiles, uint64_t size,
                          bool *found_out, struct error *error)
{
    must(size >= audit->tree.size && !audit->under_way);
    for (uint32_t level = 0; level < MERKLE_LEVEL_MAX; level++)
        if (audit->tree.levels[level].count > 0 &&
            !level_stands(audit, tiles, level, size, found_out, error))
            return false;
    return true;
}
