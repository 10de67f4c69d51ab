#include "node/leveldb_log.h"

#include "node/crc32c.h"

enum {
    BLOCK_SIZE = 32768,
    HEADER_SIZE = 7,
    TYPE_ZERO = 0,
    TYPE_FULL = 1,
    TYPE_FIRST = 2,
    TYPE_MIDDLE = 3,
    TYPE_LAST = 4
};

struct walk {
    struct bytes file;
    size_t offset;
    bool inside; /* between a first and a last piece */
    bool torn;   /* the rest was never written */
    struct buffer record;
};

static bool damaged(const struct walk *walk, const char *what, struct error *error)
{
    return error_set(error, ERROR_CORRUPT, "%s at byte %zu", what, walk->offset);
}

static bool zeros(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.at[i] != 0) {
            return false;
        }
    }
    return true;
}

static struct bytes walk_rest(const struct walk *walk, size_t size)
{
    return bytes_of(walk->file.at + walk->offset, size);
}

/* The header promises more than there is. If a shorter piece fits its checksum the size was
 * changed, and what looks like a torn end is damage that hides records. */
static bool tail_is_torn(const struct walk *walk, size_t size)
{
    const uint8_t *at = walk->file.at + walk->offset;
    uint32_t stored = crc32c_stored(at);
    uint32_t crc = crc32c(0, bytes_of(at + HEADER_SIZE - 1, 1));
    for (size_t i = HEADER_SIZE; i < size; i++) {
        if (crc == stored) {
            return false;
        }
        crc = crc32c(crc, bytes_of(at + i, 1));
    }
    return crc != stored;
}

static bool piece_join(struct walk *walk, uint8_t type, struct bytes data, bool *whole_out,
                       struct error *error)
{
    bool starts = type == TYPE_FULL || type == TYPE_FIRST;
    if (type > TYPE_LAST || type == TYPE_ZERO || starts == walk->inside) {
        return damaged(walk, "a piece of a record is out of place", error);
    }
    if (starts) {
        buffer_clear(&walk->record);
    }
    buffer_append(&walk->record, data);
    if (walk->record.overflowed) {
        return damaged(walk, "a record is too large", error);
    }
    walk->inside = type == TYPE_FIRST || type == TYPE_MIDDLE;
    *whole_out = !walk->inside;
    return true;
}

/* One piece, of which at most `room` bytes can lie in its block. */
static bool piece_read(struct walk *walk, size_t room, bool *whole_out, struct error *error)
{
    const uint8_t *at = walk->file.at + walk->offset;
    size_t left = walk->file.size - walk->offset;
    bool at_end = left <= room;
    size_t here = at_end ? left : room;
    if (here < HEADER_SIZE) {
        walk->torn = true;
        return true;
    }
    size_t size = (size_t)at[4] | (size_t)at[5] << 8;
    if (size > here - HEADER_SIZE) {
        walk->torn = at_end && tail_is_torn(walk, here);
        return walk->torn || damaged(walk, "the size of a piece is wrong", error);
    }
    if (at[6] == TYPE_ZERO && size == 0) {
        walk->torn = zeros(walk_rest(walk, left));
        return walk->torn || damaged(walk, "an empty piece before others", error);
    }
    struct bytes covered = bytes_of(at + HEADER_SIZE - 1, size + 1);
    if (crc32c(0, covered) != crc32c_stored(at)) {
        return damaged(walk, "the checksum of a piece does not fit", error);
    }
    if (!piece_join(walk, at[6], bytes_of(at + HEADER_SIZE, size), whole_out, error)) {
        return false;
    }
    walk->offset += HEADER_SIZE + size;
    return true;
}

static bool walk_step(struct walk *walk, bool *whole_out, struct error *error)
{
    size_t room = BLOCK_SIZE - walk->offset % BLOCK_SIZE;
    *whole_out = false;
    if (room >= HEADER_SIZE) {
        return piece_read(walk, room, whole_out, error);
    }
    size_t left = walk->file.size - walk->offset;
    size_t size = left < room ? left : room;
    if (!zeros(walk_rest(walk, size))) {
        return damaged(walk, "the filling at the end of a block is not zero", error);
    }
    walk->offset += size;
    return true;
}

bool leveldb_log_check(struct bytes file,
                       bool (*visit)(void *visitor, struct bytes record, struct error *error),
                       void *visitor, struct error *error)
{
    struct walk walk = {.file = file};
    buffer_init(&walk.record, LEVELDB_RECORD_MAX);
    bool done = true;
    while (done && !walk.torn && walk.offset < file.size) {
        bool whole = false;
        done = walk_step(&walk, &whole, error);
        if (done && whole && visit) {
            done = visit(visitor, buffer_bytes(&walk.record), error);
        }
    }
    buffer_release(&walk.record);
    return done;
}
