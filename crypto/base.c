#include "crypto/base.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_FIRST_CAPACITY = 256, ARRAY_FIRST_CAPACITY = 8 };

void must_failed(const char *condition, const char *file, int line, const char *function)
{
    fprintf(stderr, "%s:%d: %s: must(%s) does not hold\n", file, line, function, condition);
    fflush(stderr);
    abort();
}

/* ---- errors ------------------------------------------------------------------------------- */

/* Here they are defined (see base.h on the analyzer). */
#undef error_set
#undef error_wrap

/* A text cut at the size of the array must not end inside a UTF-8 character: it goes into JSON,
 * whose writer refuses the whole string for one broken character. */
static void drop_partial_character(char *text)
{
    size_t size = strlen(text);
    size_t tail = 0;
    while (tail < 3 && tail < size && ((uint8_t)text[size - 1 - tail] & 0xC0) == 0x80) {
        tail++;
    }
    if (tail == size) {
        return;
    }
    uint8_t lead = (uint8_t)text[size - 1 - tail];
    size_t wanted = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (wanted > tail) {
        text[size - 1 - tail] = '\0';
    }
}

static void text_format(char text_out[ERROR_TEXT_SIZE], const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
static void text_format(char text_out[ERROR_TEXT_SIZE], const char *format, va_list arguments)
{
    int wanted = vsnprintf(text_out, ERROR_TEXT_SIZE, format, arguments);
    must(wanted >= 0);
    if (wanted >= ERROR_TEXT_SIZE) {
        drop_partial_character(text_out);
    }
}

bool error_set(struct error *error, enum error_code code, const char *format, ...)
{
    if (!error) {
        return false;
    }
    /* Formatted aside, because an argument may be the old text itself. */
    char text[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    text_format(text, format, arguments);
    va_end(arguments);
    error->code = code;
    memcpy(error->text, text, sizeof(text));
    return false;
}

bool error_wrap(struct error *error, const char *format, ...)
{
    if (!error) {
        return false;
    }
    char context[ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    text_format(context, format, arguments);
    va_end(arguments);
    return error_set(error, error->code, "%s: %s", context, error->text);
}

const char *error_code_name(enum error_code code)
{
    switch (code) {
    case ERROR_NONE:
        return "none";
    case ERROR_INVALID:
        return "invalid";
    case ERROR_LIMIT:
        return "limit";
    case ERROR_NOT_FOUND:
        return "not-found";
    case ERROR_DENIED:
        return "denied";
    case ERROR_CONFLICT:
        return "conflict";
    case ERROR_CORRUPT:
        return "corrupt";
    case ERROR_IO:
        return "io";
    case ERROR_BUSY:
        return "busy";
    case ERROR_NOT_YET:
        return "not-yet";
    case ERROR_GONE:
        return "gone";
    case ERROR_DISK:
        return "disk";
    }
    return "unknown";
}

/* ---- byte ranges -------------------------------------------------------------------------- */

struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

bool bytes_cut(struct bytes *rest, uint8_t end, struct bytes *piece_out)
{
    const uint8_t *at = rest->size > 0 ? memchr(rest->at, end, rest->size) : NULL;
    if (!at) {
        return false;
    }
    *piece_out = bytes_of(rest->at, (size_t)(at - rest->at));
    *rest = bytes_of(at + 1, rest->size - piece_out->size - 1);
    return true;
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    /* An empty range may point nowhere, and memcmp may not be given NULL even for 0 bytes. */
    int order = shared == 0 ? 0 : memcmp(a.at, b.at, shared);
    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

bool bytes_equal_constant_time(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || CRYPTO_memcmp(a.at, b.at, a.size) == 0);
}

/* ---- buffers ------------------------------------------------------------------------------ */

void buffer_init(struct buffer *buffer, size_t limit)
{
    /* One byte beyond the limit is for the NUL of buffer_text(). */
    must(limit < SIZE_MAX / 2);
    *buffer = (struct buffer){.limit = limit};
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->at);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->overflowed = false;
}

static void buffer_reserve(struct buffer *buffer, size_t wanted)
{
    if (wanted <= buffer->capacity) {
        return;
    }
    size_t capacity = buffer->capacity ? buffer->capacity : BUFFER_FIRST_CAPACITY;
    while (capacity < wanted) {
        capacity *= 2;
    }
    uint8_t *grown = realloc(buffer->at, capacity);
    must(grown != NULL);
    buffer->at = grown;
    buffer->capacity = capacity;
}

uint8_t *buffer_extend(struct buffer *buffer, size_t size)
{
    must(buffer->size <= buffer->limit);
    /* What follows a dropped piece is dropped too: a hole in the middle would read as valid. */
    if (buffer->overflowed || size > buffer->limit - buffer->size) {
        buffer->overflowed = true;
        return NULL;
    }
    buffer_reserve(buffer, buffer->size + size + 1);
    uint8_t *at = buffer->at + buffer->size;
    buffer->size += size;
    return at;
}

void buffer_append(struct buffer *buffer, struct bytes bytes)
{
    uint8_t *at = buffer_extend(buffer, bytes.size);
    if (at && bytes.size > 0) {
        memcpy(at, bytes.at, bytes.size);
    }
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
    uint8_t *at = buffer_extend(buffer, 1);
    if (at) {
        *at = byte;
    }
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, bytes_text(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int wanted = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    must(wanted >= 0);
    /* buffer_extend() always leaves room for one byte more, which takes the NUL. */
    uint8_t *at = buffer_extend(buffer, (size_t)wanted);
    if (at) {
        vsnprintf((char *)at, (size_t)wanted + 1, format, again);
    }
    va_end(again);
}

const char *buffer_text(struct buffer *buffer)
{
    buffer_reserve(buffer, buffer->size + 1);
    buffer->at[buffer->size] = '\0';
    return (const char *)buffer->at;
}

/* ---- memory ------------------------------------------------------------------------------- */

void *allocate(size_t count, size_t size)
{
    /* calloc(0) may return NULL, which would read as "out of memory". */
    void *memory = calloc(count ? count : 1, size ? size : 1);
    must(memory != NULL);
    return memory;
}

void *array_grow(void *array, size_t *capacity, size_t wanted, size_t element_size)
{
    must(element_size > 0);
    if (wanted <= *capacity) {
        return array;
    }
    size_t count = *capacity ? *capacity : ARRAY_FIRST_CAPACITY;
    while (count < wanted) {
        must(count <= SIZE_MAX / 2);
        count *= 2;
    }
    must(count <= SIZE_MAX / element_size);
    uint8_t *grown = realloc(array, count * element_size);
    must(grown != NULL);
    memset(grown + *capacity * element_size, 0, (count - *capacity) * element_size);
    *capacity = count;
    return grown;
}

/* ---- integers and text --------------------------------------------------------------------- */

bool parse_u64(struct bytes text, uint64_t max, uint64_t *value_out)
{
    if (text.size == 0 || (text.size > 1 && text.at[0] == '0')) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t digit = (uint8_t)(text.at[i] - '0');
        if (digit > 9 || value > max / 10 || digit > max - value * 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *value_out = value;
    return true;
}

void hex_encode(struct bytes bytes, char *hex_out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        hex_out[2 * i] = digits[bytes.at[i] >> 4];
        hex_out[2 * i + 1] = digits[bytes.at[i] & 15];
    }
    hex_out[2 * bytes.size] = '\0';
}

/* The value of a hex digit, or 0xFF. */
static uint8_t hex_digit(uint8_t character)
{
    if (character >= '0' && character <= '9') {
        return (uint8_t)(character - '0');
    }
    if (character >= 'a' && character <= 'f') {
        return (uint8_t)(character - 'a' + 10);
    }
    return 0xFF;
}

bool hex_decode(struct bytes text, uint8_t *out, size_t out_size)
{
    if (text.size % 2 != 0 || text.size / 2 != out_size) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (hex_digit(text.at[i]) == 0xFF) {
            return false;
        }
    }
    for (size_t i = 0; i < out_size; i++) {
        out[i] = (uint8_t)(hex_digit(text.at[2 * i]) << 4 | hex_digit(text.at[2 * i + 1]));
    }
    return true;
}

void base64_encode(struct bytes bytes, char *text_out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *at = text_out;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.at[i] << 16;
        group |= left > 1 ? (uint32_t)bytes.at[i + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)bytes.at[i + 2] : 0;
        *at++ = digits[group >> 18];
        *at++ = digits[group >> 12 & 63];
        *at++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *at++ = left > 2 ? digits[group & 63] : '=';
    }
    *at = '\0';
}

/* The value of a base64 digit, or 0xFF; "=" is no digit. */
static uint8_t base64_digit(uint8_t character)
{
    if (character >= 'A' && character <= 'Z') {
        return (uint8_t)(character - 'A');
    }
    if (character >= 'a' && character <= 'z') {
        return (uint8_t)(character - 'a' + 26);
    }
    if (character >= '0' && character <= '9') {
        return (uint8_t)(character - '0' + 52);
    }
    return character == '+' ? 62 : character == '/' ? 63 : 0xFF;
}

/* Checks everything before a byte is written, so that `out` stays untouched on failure. */
static bool base64_check(struct bytes text, size_t *size_out)
{
    if (text.size % 4 != 0) {
        return false;
    }
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.at[text.size - 1 - padding] == '=') {
        padding++;
    }
    size_t digits = text.size - padding;
    for (size_t i = 0; i < digits; i++) {
        if (base64_digit(text.at[i]) == 0xFF) {
            return false;
        }
    }
    /* Bits of the last digit that no byte uses must be zero, or one value had several texts. */
    uint8_t unused = padding == 2 ? 15 : padding == 1 ? 3 : 0;
    if (unused != 0 && (base64_digit(text.at[digits - 1]) & unused) != 0) {
        return false;
    }
    *size_out = text.size / 4 * 3 - padding;
    return true;
}

bool base64_decode(struct bytes text, uint8_t *out, size_t capacity, size_t *size_out)
{
    size_t size = 0;
    if (!base64_check(text, &size) || size > capacity) {
        return false;
    }
    size_t written = 0;
    for (size_t i = 0; i < text.size; i += 4) {
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) {
            /* The mask turns the 0xFF of padding into bits that are not written below. */
            group = group << 6 | (base64_digit(text.at[i + k]) & 63u);
        }
        for (int shift = 16; shift >= 0 && written < size; shift -= 8) {
            out[written++] = (uint8_t)(group >> shift);
        }
    }
    *size_out = size;
    return true;
}

/* Bytes of the character that starts at `at`, or 0 when it is malformed. The range of the second
 * byte is what keeps out overlong forms, surrogates and what lies above U+10FFFF. */
static size_t utf8_character(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || left < size) {
        return 0;
    }
    uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

static bool eight_ascii(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_valid(struct bytes text)
{
    size_t i = 0;
    while (i < text.size) {
        if (text.size - i >= 8 && eight_ascii(text.at + i)) {
            i += 8;
            continue;
        }
        size_t size = utf8_character(text.at + i, text.size - i);
        if (size == 0) {
            return false;
        }
        i += size;
    }
    return true;
}
