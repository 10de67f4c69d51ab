/* base.h - what every module stands on: assertions, errors, byte ranges, buffers, integers.
 *
 * Three kinds of failure stay apart. A refused transaction is a verdict (protocol/verdict.h): data.
 * A broken disk or a malformed file is an error: a code and a text that gains context at each
 * layer. A bug is an assertion, kept in release builds.
 *
 * Threads: nothing here has state; every function may be called from any thread.
 */
#ifndef CRYPTO_BASE_H
#define CRYPTO_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE                 __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define ARRAY_SIZE(array)        (sizeof(array) / sizeof((array)[0]))

/* must() ends the process when a condition that the program itself guarantees does not hold. It is
 * never used on input. It stays on in release builds: a ledger that goes on after a broken
 * invariant is worse than one that stops. */
#define must(condition)                                                                            \
    ((condition) ? (void)0 : must_failed(#condition, __FILE__, __LINE__, __func__))
_Noreturn void must_failed(const char *condition, const char *file, int line, const char *function);

/* ---- errors ------------------------------------------------------------------------------- */

enum error_code {
    ERROR_NONE = 0,
    ERROR_INVALID,   /* input breaks a rule: malformed, out of range, not canonical */
    ERROR_LIMIT,     /* input or work exceeds a named maximum */
    ERROR_NOT_FOUND, /* what was asked for does not exist */
    ERROR_DENIED,    /* a key, a permission or a scope does not allow it */
    ERROR_CONFLICT,  /* contradicts something that already exists */
    ERROR_CORRUPT,   /* stored data fails its own check */
    ERROR_IO,        /* the operating system or a library refused */
    ERROR_BUSY,      /* try again later: a lock is held, a queue is full */
    ERROR_NOT_YET,   /* it exists and is on its way here: ask again later */
    ERROR_GONE,      /* it was here and is kept elsewhere now */
    ERROR_DISK,      /* a disk is full, fails or is read-only: try again once it is mended */
};

enum { ERROR_TEXT_SIZE = 512 };

/* Functions that can fail return bool and take a `struct error *` last. On false the error is set
 * and every output is untouched; on true the error is untouched. `error` may be NULL. */
struct error {
    enum error_code code;
    char text[ERROR_TEXT_SIZE];
};

/* Sets code and text; always returns false, so that `return error_set(...)` reads well. */
bool error_set(struct error *error, enum error_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Puts "context: " before the text that is there; keeps the code; always returns false. */
bool error_wrap(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);
#ifdef __clang_analyzer__
/* clang-tidy reads one file at a time and would follow paths on which these return true. */
static inline bool error_is_false(bool value)
{
    (void)value;
    return false;
}
#define error_set(...)  error_is_false(error_set(__VA_ARGS__))
#define error_wrap(...) error_is_false(error_wrap(__VA_ARGS__))
#endif
/* "invalid", "limit", ... : a stable lower-case word. */
const char *error_code_name(enum error_code code);

/* ---- byte ranges -------------------------------------------------------------------------- */

/* A borrowed range of bytes. Owns nothing; lives as long as what it points into. */
struct bytes {
    const uint8_t *at;
    size_t size;
};

static inline struct bytes bytes_of(const void *at, size_t size)
{
    return (struct bytes){.at = (const uint8_t *)at, .size = size};
}
struct bytes bytes_text(const char *text); /* without the NUL */
bool bytes_equal(struct bytes a, struct bytes b);
/* Takes what stands before `end` off the front, and `end` too; false where there is none. */
bool bytes_cut(struct bytes *rest, uint8_t end, struct bytes *piece_out) MUST_USE;
/* Lexicographic; a prefix sorts first. Returns <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);
/* Same result time whatever the contents: for MACs and tokens. */
bool bytes_equal_constant_time(struct bytes a, struct bytes b);

/* ---- buffers ------------------------------------------------------------------------------ */

/* A growing byte buffer with a hard limit. Appending past `limit` sets `overflowed` and drops the
 * bytes: write everything, then check once. Running out of memory ends the process. */
struct buffer {
    uint8_t *at;
    size_t size;
    size_t capacity;
    size_t limit;
    bool overflowed;
};

void buffer_init(struct buffer *buffer, size_t limit);
void buffer_release(struct buffer *buffer); /* safe on a zeroed or released buffer */
void buffer_clear(struct buffer *buffer);   /* size 0, keeps the memory and the limit */
void buffer_append(struct buffer *buffer, struct bytes bytes);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
/* Makes room for `size` more bytes, advances, and returns where to write them; NULL on overflow. */
uint8_t *buffer_extend(struct buffer *buffer, size_t size);
/* Appends a NUL that does not count in size, and returns the text. Never NULL. */
const char *buffer_text(struct buffer *buffer);
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){.at = buffer->at, .size = buffer->size};
}

/* ---- memory ------------------------------------------------------------------------------- */

/* Zeroed memory; running out of it ends the process. Freed with free(). */
void *allocate(size_t count, size_t size);
/* Grows an array to at least `wanted` elements (doubling); new elements are zeroed. Of what may
 * become many megabytes: crypto/large_array.h. */
void *array_grow(void *array, size_t *capacity, size_t wanted, size_t element_size);

/* ---- integers and text --------------------------------------------------------------------- */

static inline void put_u16be(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}
static inline void put_u32be(uint8_t *at, uint32_t v)
{
    put_u16be(at, (uint16_t)(v >> 16));
    put_u16be(at + 2, (uint16_t)v);
}
static inline void put_u64be(uint8_t *at, uint64_t v)
{
    put_u32be(at, (uint32_t)(v >> 32));
    put_u32be(at + 4, (uint32_t)v);
}
static inline uint16_t get_u16be(const uint8_t *at)
{
    return (uint16_t)((uint16_t)at[0] << 8 | at[1]);
}
static inline uint32_t get_u32be(const uint8_t *at)
{
    return (uint32_t)get_u16be(at) << 16 | get_u16be(at + 2);
}
static inline uint64_t get_u64be(const uint8_t *at)
{
    return (uint64_t)get_u32be(at) << 32 | get_u32be(at + 4);
}

/* The sum, or the nearest that there is: for what a stranger's numbers come to. */
static inline int64_t add_capped(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

/* Decimal without sign or leading zeros (0 is "0"), at most `max`; the whole text must be used. */
bool parse_u64(struct bytes text, uint64_t max, uint64_t *value_out) MUST_USE;

/* Lower-case hex; `hex_out` gets 2*size characters and a NUL. */
void hex_encode(struct bytes bytes, char *hex_out);
bool hex_decode(struct bytes text, uint8_t *out, size_t out_size) MUST_USE; /* exact size */

/* Standard base64 with padding (RFC 4648 section 4), strict: canonical trailing bits. */
#define BASE64_SIZE(size) (((size) + 2) / 3 * 4)
void base64_encode(struct bytes bytes, char *text_out); /* BASE64_SIZE and a NUL */
/* Decodes into `out` of `capacity` bytes. False when malformed or too large. */
bool base64_decode(struct bytes text, uint8_t *out, size_t capacity, size_t *size_out) MUST_USE;

/* RFC 3629: no overlong forms, no surrogates, at most U+10FFFF. */
bool utf8_valid(struct bytes text) MUST_USE;

#endif
