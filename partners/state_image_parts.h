/* state_image_parts.h - the layout of an image's rows (described in state_image.h), and what
 * reading one carries from row to row.
 *
 * Threads: as partners/state_image.h.
 */
#ifndef PARTNERS_STATE_IMAGE_PARTS_H
#define PARTNERS_STATE_IMAGE_PARTS_H

#include "partners/state_image.h"
#include "partners/state_parts.h"

/* More currencies than a charter can have. */
enum { ACCOUNT_CURRENCIES_MAX = 64 };
/* Which accounts of a row follow it. */
enum { ACCOUNT_IN_FORCE = 1, ACCOUNT_WAITING = 2, ACCOUNT_PENDING = 4 };

#define STATE_IMAGE_MAGIC "accrimg" /* with its NUL: 8 bytes */

/* X(name, word, size of a row or of its fixed head, most rows); numbered from 1. */
#define STATE_IMAGE_SECTIONS(X)                                                                    \
    X(AMENDMENTS, amendments, 18, 2 * AMENDMENTS_MAX + NODES_MAX)                                  \
    X(MOTIONS, motions, 23, NOTHING - 1)                                                           \
    X(DIGESTS, digests, 32, DIGESTS_KEPT)                                                          \
    X(TARIFFS, tariffs, 27, TARIFFS_MAX - 1)                                                       \
    X(CONTRACTS, contracts, 128, CONTRACTS_MAX)                                                    \
    X(PROMOTIONS, promotions, 38, CONTRACTS_MAX)                                                   \
    X(EPOCHS, epochs, 8, EPOCHS_MAX - 1)                                                           \
    X(TERMS, terms, 39, NOTHING - 1)                                                               \
    X(MEMBERS, members, 30, NOTHING - 1)                                                           \
    X(CARDS, cards, 36, NOTHING - 1)                                                               \
    X(EARNS, earns, 31, NOTHING - 1)                                                               \
    X(LOTS, lots, 80, NOTHING - 1)                                                                 \
    X(ENDED, ended, 6, PARTNERS_MAX)                                                               \
    X(HOLDS, holds, 31, NOTHING - 1)                                                               \
    X(REDEMPTIONS, redemptions, 22, NOTHING - 1)                                                   \
    X(DEFICITS, deficits, 14, NOTHING - 1)                                                         \
    X(OBLIGATIONS, obligations, 22, PARTNERS_MAX *PARTNERS_MAX *LINE_CLASS_COUNT *TARIFFS_MAX)     \
    X(PAIRS, pairs, 36, PARTNERS_MAX *PARTNERS_MAX)                                                \
    X(APART, apart, 21, PARTNERS_MAX *PARTNERS_MAX *TARIFFS_MAX)                                   \
    X(PERIODS, periods, 106, PERIOD_NUMBER_MAX)                                                    \
    X(KEYS, keys, 20, NOTHING - 1)                                                                 \
    X(DOCUMENTS, documents, 20, NOTHING - 1)                                                       \
    X(ACCOUNTS, accounts, 6, PARTNERS_MAX *ACCOUNT_CURRENCIES_MAX)                                 \
    X(RISKS, risks, 35, PARTNERS_MAX)                                                              \
    X(VINTAGES, vintages, 50, VINTAGE_TABLES_KEPT)                                                 \
    X(RATES, rates, 6, PARTNERS_MAX *RATE_CURRENCIES_MAX)

enum image_section {
    SECTION_BEFORE_FIRST,
#define X(name, word, size, most) SECTION_##name,
    STATE_IMAGE_SECTIONS(X)
#undef X
        SECTION_END
};

enum {
    IMAGE_MAGIC_SIZE = 8,
    IMAGE_HEADER_SIZE = IMAGE_MAGIC_SIZE + 4 + HASH_SIZE + 3 * 8 + HASH_SIZE + 6 * 8 + 4 + 1,
    IMAGE_SECTION_HEAD_SIZE = 12,
    BALLOT_PART_SIZE = 2,
    HOLD_PART_SIZE = 8,
    REDEMPTION_PART_SIZE = 12,
    ANSWER_PART_SIZE = 1 + HASH_SIZE,
    LINE_PART_SIZE = 22,
    REDEEMED_PART_SIZE = 20,
    DISPUTE_PART_SIZE = 8 + 2 + 2 + 1 + 1 + 1 + 2 + 1 + 1 + 4 * 16,
    DEFAULT_PART_SIZE = 2 + 3,
    TAKEN_PART_SIZE = 2 + 2 + 2 + 3 + 1 + 16,
    PAYMENT_PART_SIZE = 2 + 2 + 3 + 16 + 2 + 1 + 1 + 3 * 4 + 2 * HASH_SIZE,
    ACCOUNT_PART_SIZE = 8 + HOLDER_MAX + IBAN_TEXT_MAX + BIC_TEXT_MAX,
    VINTAGE_PART_SIZE = 2 + 4 + 4 + VINTAGE_SUMS * 16,
    RATE_PART_SIZE = 4 + 8
};

/* ---- fields, one after the other ------------------------------------------------------------- */

static inline void add_u8(uint8_t **at, uint8_t v)
{
    *(*at)++ = v;
}
static inline void add_u16(uint8_t **at, uint16_t v)
{
    put_u16be(*at, v);
    *at += 2;
}
static inline void add_u32(uint8_t **at, uint32_t v)
{
    put_u32be(*at, v);
    *at += 4;
}
static inline void add_u64(uint8_t **at, uint64_t v)
{
    put_u64be(*at, v);
    *at += 8;
}
static inline void add_bytes(uint8_t **at, const uint8_t *bytes, size_t size)
{
    __builtin_memcpy(*at, bytes, size);
    *at += size;
}
static inline void add_i128(uint8_t **at, __int128 v)
{
    add_u64(at, (uint64_t)((unsigned __int128)v >> 64));
    add_u64(at, (uint64_t)v);
}
/* A code of exactly `size` bytes at most, zeros after it. */
static inline void add_code(uint8_t **at, const char *code, size_t size)
{
    size_t length = __builtin_strlen(code);
    must(length <= size);
    for (size_t i = 0; i < size; i++)
        add_u8(at, i < length ? (uint8_t)code[i] : 0);
}
static inline uint8_t next_u8(const uint8_t **at)
{
    return *(*at)++;
}
static inline uint16_t next_u16(const uint8_t **at)
{
    *at += 2;
    return get_u16be(*at - 2);
}
static inline uint32_t next_u32(const uint8_t **at)
{
    *at += 4;
    return get_u32be(*at - 4);
}
static inline uint64_t next_u64(const uint8_t **at)
{
    *at += 8;
    return get_u64be(*at - 8);
}
static inline __int128 next_i128(const uint8_t **at)
{
    unsigned __int128 high = next_u64(at);
    return (__int128)(high << 64 | next_u64(at));
}
static inline void next_bytes(const uint8_t **at, uint8_t *out, size_t size)
{
    __builtin_memcpy(out, *at, size);
    *at += size;
}

/* `out` has room for size + 1; what is there is not checked, but that nothing follows a zero. */
static inline bool next_code(const uint8_t **at, char *out, size_t size)
{
    bool good = true;
    for (size_t i = 0; i < size; i++) {
        out[i] = (char)next_u8(at);
        good = good && (i == 0 || out[i - 1] != 0 || out[i] == 0);
    }
    out[size] = 0;
    return good;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct loader {
    struct state *state;
    state_image_source *source;
    void *context;
    struct error *error;
    bool told; /* the source has set the error */
    const char *why;
    struct hasher hasher;
    /* piece[hashed .. at) is used and not yet hashed, piece[at .. end) is to come. */
    size_t hashed, at, end;
    uint8_t *piece;

    uint64_t row;     /* of the section at hand */
    uint64_t last;    /* what the rows of a section are ordered by, plus 1; 0 at its start */
    uint64_t seen_ms; /* of motions, keys and documents */
    uint64_t digests; /* rows */
    /* Lots of an earn are consecutive, and earns begin theirs in order. */
    uint32_t earns_begun, own_left;
    int64_t own_quantity, own_reversed;
};

/* Sets why the image is refused; always false. */
bool loader_refuse(struct loader *loader, const char *why);
/* The next `size` bytes (at most 4096), valid until the next call; NULL at the end or on failure.
 */
const uint8_t *loader_take(struct loader *loader, size_t size);
/* What is owed in a class: whether it may be of that sign, to that creditor. */
bool obligation_sound(const struct state *state, struct partner_id creditor, uint8_t line_class,
                      __int128 amount);
/* Rows of one kind stand in ascending order of the log, below the next record. */
bool loader_in_log_order(struct loader *loader, uint64_t record);
/* One row of each section, given its fixed head. */
#define X(name, word, size, most) bool load_##word(struct loader *loader, const uint8_t *row);
STATE_IMAGE_SECTIONS(X)
#undef X
/* When lots have all their points: those at the ends of periods grew into them. */
bool vintages_settle(struct loader *loader);
/* When all rows are there: makes what was not written and checks that it agrees. */
bool loader_settle(struct loader *loader);

#endif
