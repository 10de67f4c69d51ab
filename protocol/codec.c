#include "protocol/codec.h"

#include "protocol/limits.h"

/* Major types of RFC 8949 section 3.1, in the upper three bits of the first byte. */
enum {
    MAJOR_UINT = 0,
    MAJOR_NEGATIVE = 1,
    MAJOR_BYTES = 2,
    MAJOR_TEXT = 3,
    MAJOR_ARRAY = 4,
    BYTE_FALSE = 0xf4,
    BYTE_TRUE = 0xf5,
    BYTE_NULL = 0xf6
};

/* ---- writing ------------------------------------------------------------------------------- */

/* Most heads are one byte long, and a record has fifty: each is written where it belongs. */
static void put_head(struct buffer *out, uint8_t major, uint64_t argument)
{
    size_t size = argument < 24            ? 1
                  : argument <= UINT8_MAX  ? 2
                  : argument <= UINT16_MAX ? 3
                  : argument <= UINT32_MAX ? 5
                                           : 9;
    uint8_t *at = buffer_extend(out, size);
    if (!at)
        return;
    uint8_t kind = (uint8_t)(major << 5);
    if (size == 1) {
        at[0] = (uint8_t)(kind | argument);
    } else if (size == 2) {
        at[0] = kind | 24;
        at[1] = (uint8_t)argument;
    } else if (size == 3) {
        at[0] = kind | 25;
        put_u16be(at + 1, (uint16_t)argument);
    } else if (size == 5) {
        at[0] = kind | 26;
        put_u32be(at + 1, (uint32_t)argument);
    } else {
        at[0] = kind | 27;
        put_u64be(at + 1, argument);
    }
}

void codec_put_uint(struct buffer *out, uint64_t value)
{
    put_head(out, MAJOR_UINT, value);
}

void codec_put_int(struct buffer *out, int64_t value)
{
    if (value >= 0)
        put_head(out, MAJOR_UINT, (uint64_t)value);
    else
        put_head(out, MAJOR_NEGATIVE, (uint64_t)(-1 - value));
}

void codec_put_bytes(struct buffer *out, struct bytes bytes)
{
    put_head(out, MAJOR_BYTES, bytes.size);
    buffer_append(out, bytes);
}

void codec_put_text(struct buffer *out, struct bytes text)
{
    put_head(out, MAJOR_TEXT, text.size);
    buffer_append(out, text);
}

void codec_put_array(struct buffer *out, size_t count)
{
    put_head(out, MAJOR_ARRAY, count);
}

void codec_put_bool(struct buffer *out, bool value)
{
    buffer_append_byte(out, value ? BYTE_TRUE : BYTE_FALSE);
}

void codec_put_null(struct buffer *out)
{
    buffer_append_byte(out, BYTE_NULL);
}

/* ---- reading ------------------------------------------------------------------------------- */

void codec_reader_init(struct codec_reader *reader, struct bytes bytes)
{
    static const uint8_t nothing;
    if (!bytes.at)
        bytes = bytes_of(&nothing, 0);
    *reader = (struct codec_reader){.at = bytes.at, .end = bytes.at + bytes.size};
}

void codec_fail(struct codec_reader *reader, const char *why)
{
    if (reader->failed)
        return;
    reader->failed = true;
    reader->why = why;
    reader->at = reader->end;
}

static size_t left(const struct codec_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* Reads a head of the wanted major type; refuses anything but the shortest form. */
static uint64_t get_head(struct codec_reader *reader, uint8_t major, const char *wanted)
{
    if (reader->failed)
        return 0;
    if (left(reader) < 1) {
        codec_fail(reader, "ends too early");
        return 0;
    }
    uint8_t first = reader->at[0];
    if (first >> 5 != major) {
        codec_fail(reader, wanted);
        return 0;
    }
    uint8_t info = first & 0x1f;
    if (info < 24) {
        reader->at++;
        return info;
    }
    if (info > 27) {
        codec_fail(reader, "indefinite length or reserved form");
        return 0;
    }
    size_t size = (size_t)1 << (info - 24);
    if (left(reader) < 1 + size) {
        codec_fail(reader, "ends too early");
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 1; i <= size; i++)
        value = value << 8 | reader->at[i];
    uint64_t shortest = size == 1 ? 24 : UINT64_C(1) << (4 * size);
    if (value < shortest) {
        codec_fail(reader, "not the shortest form");
        return 0;
    }
    reader->at += 1 + size;
    return value;
}

uint64_t codec_get_uint(struct codec_reader *reader, uint64_t max)
{
    uint64_t value = get_head(reader, MAJOR_UINT, "not an unsigned integer");
    if (value > max) {
        codec_fail(reader, "integer out of range");
        return 0;
    }
    return value;
}

int64_t codec_get_int(struct codec_reader *reader, int64_t min, int64_t max)
{
    bool negative = !reader->failed && left(reader) >= 1 && reader->at[0] >> 5 == MAJOR_NEGATIVE;
    uint64_t magnitude = get_head(reader, negative ? MAJOR_NEGATIVE : MAJOR_UINT, "not an integer");
    if (magnitude > INT64_MAX) {
        codec_fail(reader, "integer out of range");
        return 0;
    }
    int64_t value = negative ? -1 - (int64_t)magnitude : (int64_t)magnitude;
    if (!reader->failed && (value < min || value > max))
        codec_fail(reader, "integer out of range");
    return reader->failed ? 0 : value;
}

static struct bytes get_string(struct codec_reader *reader, uint8_t major, const char *wanted,
                               size_t min_size, size_t max_size)
{
    uint64_t size = get_head(reader, major, wanted);
    if (!reader->failed && (size < min_size || size > max_size))
        codec_fail(reader, "string of a wrong size");
    if (!reader->failed && size > left(reader))
        codec_fail(reader, "ends too early");
    if (reader->failed)
        return bytes_of(NULL, 0);
    struct bytes bytes = bytes_of(reader->at, (size_t)size);
    reader->at += size;
    return bytes;
}

struct bytes codec_get_bytes(struct codec_reader *reader, size_t min_size, size_t max_size)
{
    return get_string(reader, MAJOR_BYTES, "not a byte string", min_size, max_size);
}

bool codec_take_bytes(struct bytes *rest, size_t min_size, size_t max_size, struct bytes *out)
{
    struct codec_reader reader;
    codec_reader_init(&reader, *rest);
    struct bytes taken = codec_get_bytes(&reader, min_size, max_size);
    if (reader.failed)
        return false;
    *rest = bytes_of(reader.at, (size_t)(reader.end - reader.at));
    *out = taken;
    return true;
}

struct bytes codec_get_text(struct codec_reader *reader, size_t min_size, size_t max_size)
{
    struct bytes text = get_string(reader, MAJOR_TEXT, "not a text string", min_size, max_size);
    if (!reader->failed && !utf8_valid(text)) {
        codec_fail(reader, "text is not UTF-8");
        return bytes_of(NULL, 0);
    }
    return text;
}

void codec_get_fixed(struct codec_reader *reader, uint8_t *out, size_t size)
{
    struct bytes bytes = codec_get_bytes(reader, size, size);
    if (bytes.at)
        __builtin_memcpy(out, bytes.at, size);
    else
        __builtin_memset(out, 0, size);
}

size_t codec_get_array(struct codec_reader *reader, size_t min_count, size_t max_count)
{
    uint64_t count = get_head(reader, MAJOR_ARRAY, "not an array");
    if (!reader->failed && (count < min_count || count > max_count))
        codec_fail(reader, "array of a wrong length");
    /* Every item takes a byte: a count beyond what is left is a lie, seen before any loop. */
    if (!reader->failed && count > left(reader))
        codec_fail(reader, "ends too early");
    return reader->failed ? 0 : (size_t)count;
}

bool codec_get_bool(struct codec_reader *reader)
{
    if (reader->failed)
        return false;
    if (left(reader) < 1 || (reader->at[0] != BYTE_FALSE && reader->at[0] != BYTE_TRUE)) {
        codec_fail(reader, "not a boolean");
        return false;
    }
    return *reader->at++ == BYTE_TRUE;
}

bool codec_get_null(struct codec_reader *reader)
{
    if (reader->failed || left(reader) < 1 || reader->at[0] != BYTE_NULL)
        return false;
    reader->at++;
    return true;
}

/* Counts what is still to come instead of going into arrays: no depth, and every item takes a byte,
 * so that no count beyond `max` is followed. */
enum codec_item codec_item(struct bytes bytes, size_t max, struct bytes *item_out)
{
    size_t at = 0;
    for (uint64_t wanted = 1; wanted > 0; wanted--) {
        if (at == bytes.size)
            return at < max ? CODEC_ITEM_PART : CODEC_ITEM_NONE;
        uint8_t first = bytes.at[at], major = first >> 5, info = first & 0x1f;
        bool simple = first >= BYTE_FALSE && first <= BYTE_NULL;
        if (!simple && (major > MAJOR_ARRAY || info > 27))
            return CODEC_ITEM_NONE;
        size_t size = info < 24 ? 0 : (size_t)1 << (info - 24);
        if (size > bytes.size - at - 1)
            return bytes.size < max ? CODEC_ITEM_PART : CODEC_ITEM_NONE;
        uint64_t argument = size == 0 ? info : 0;
        for (size_t i = 1; i <= size; i++)
            argument = argument << 8 | bytes.at[at + i];
        at += 1 + size;
        bool string = major == MAJOR_BYTES || major == MAJOR_TEXT, array = major == MAJOR_ARRAY;
        if ((string || array) && argument > max)
            return CODEC_ITEM_NONE;
        wanted += array ? argument : 0;
        uint64_t body = string ? argument : 0;
        if (at > max || body + wanted - 1 > max - at)
            return CODEC_ITEM_NONE;
        if (body > bytes.size - at)
            return CODEC_ITEM_PART;
        at += (size_t)body;
    }
    *item_out = bytes_of(bytes.at, at);
    return CODEC_ITEM_WHOLE;
}

bool codec_finish(struct codec_reader *reader, const char *what, struct error *error)
{
    if (!reader->failed && reader->at != reader->end)
        codec_fail(reader, "bytes left over");
    if (reader->failed)
        return error_set(error, ERROR_INVALID, "%s: %s", what, reader->why);
    return true;
}
