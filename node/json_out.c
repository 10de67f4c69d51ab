#include "node/json_out.h"

#include "node/time_text.h"

#include <string.h>

void json_out_init(struct json_out *json, struct buffer *out)
{
    memset(json, 0, sizeof(*json));
    json->out = out;
}

/* Lengths 1 to 4 of a UTF-8 sequence at `text`, or 0 where none is. */
static size_t utf8_length(struct bytes text)
{
    for (size_t size = 1; size <= 4 && size <= text.size; size++)
        if (utf8_valid(bytes_of(text.at, size)))
            return size;
    return 0;
}

static void escaped(struct buffer *out, uint8_t byte)
{
    switch (byte) {
    case '"':
        buffer_append_text(out, "\\\"");
        return;
    case '\\':
        buffer_append_text(out, "\\\\");
        return;
    case '\n':
        buffer_append_text(out, "\\n");
        return;
    case '\r':
        buffer_append_text(out, "\\r");
        return;
    case '\t':
        buffer_append_text(out, "\\t");
        return;
    default:
        buffer_printf(out, "\\u%04x", byte);
    }
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static void quoted(struct buffer *out, struct bytes text)
{
    buffer_append_byte(out, '"');
    while (text.size > 0) {
        size_t run = 0;
        while (run < text.size && is_plain(text.at[run]))
            run++;
        buffer_append(out, bytes_of(text.at, run));
        text = bytes_of(text.at + run, text.size - run);
        if (text.size == 0)
            break;
        size_t size = 1;
        if (text.at[0] < 0x80) {
            escaped(out, text.at[0]);
        } else if ((size = utf8_length(text)) > 0) {
            buffer_append(out, bytes_of(text.at, size));
        } else {
            buffer_append_text(out, "\xEF\xBF\xBD");
            size = 1;
        }
        text = bytes_of(text.at + size, text.size - size);
    }
    buffer_append_byte(out, '"');
}

/* Names are this program's own words, which need no escapes. */
static void put_name(struct buffer *out, const char *name)
{
    size_t size = strlen(name);
    uint8_t *at = buffer_extend(out, size + 3);
    if (!at)
        return;
    at[0] = '"';
    memcpy(at + 1, name, size);
    at[size + 1] = '"';
    at[size + 2] = ':';
}

static void before_value(struct json_out *json, const char *name)
{
    if (json->comma[json->depth])
        buffer_append_byte(json->out, ',');
    json->comma[json->depth] = true;
    if (name)
        put_name(json->out, name);
}

static void down(struct json_out *json, const char *name, uint8_t bracket)
{
    before_value(json, name);
    buffer_append_byte(json->out, bracket);
    json->depth++;
    must(json->depth < JSON_OUT_DEPTH_MAX);
    json->comma[json->depth] = false;
}

static void up(struct json_out *json, uint8_t bracket)
{
    must(json->depth > 0);
    json->depth--;
    buffer_append_byte(json->out, bracket);
}

void json_open_object(struct json_out *json, const char *name)
{
    down(json, name, '{');
}

void json_close_object(struct json_out *json)
{
    up(json, '}');
}

void json_open_array(struct json_out *json, const char *name)
{
    down(json, name, '[');
}

void json_close_array(struct json_out *json)
{
    up(json, ']');
}

void json_put_text(struct json_out *json, const char *name, struct bytes text)
{
    before_value(json, name);
    quoted(json->out, text);
}

void json_put_word(struct json_out *json, const char *name, const char *text)
{
    json_put_text(json, name, bytes_text(text));
}

/* By hand: results are mostly numbers, and printf costs more than all the rest of one. */
static void put_number(struct buffer *out, uint64_t value, bool negative)
{
    uint8_t digits[21];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value);
    if (negative)
        digits[--at] = '-';
    buffer_append(out, bytes_of(digits + at, sizeof(digits) - at));
}

void json_put_int(struct json_out *json, const char *name, int64_t value)
{
    before_value(json, name);
    put_number(json->out, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

void json_put_uint(struct json_out *json, const char *name, uint64_t value)
{
    before_value(json, name);
    put_number(json->out, value, false);
}

void json_put_bool(struct json_out *json, const char *name, bool value)
{
    before_value(json, name);
    buffer_append_text(json->out, value ? "true" : "false");
}

void json_put_null(struct json_out *json, const char *name)
{
    before_value(json, name);
    buffer_append_text(json->out, "null");
}

void json_put_time(struct json_out *json, const char *name, uint64_t time_ms)
{
    char text[TIME_TEXT_SIZE];
    time_format(time_ms, text);
    json_put_word(json, name, text);
}

void json_put_hex(struct json_out *json, const char *name, struct bytes bytes)
{
    char text[2 * HASH_SIZE + 1];
    must(bytes.size <= HASH_SIZE);
    hex_encode(bytes, text);
    json_put_word(json, name, text);
}

void json_put_base64(struct json_out *json, const char *name, struct bytes bytes)
{
    enum { BYTES_MAX = 128 };
    char text[BASE64_SIZE(BYTES_MAX) + 1];
    must(bytes.size <= BYTES_MAX);
    base64_encode(bytes, text);
    json_put_word(json, name, text);
}

void json_put_member(struct json_out *json, const char *name, const struct member_ref *member)
{
    json_put_hex(json, name, bytes_of(member->at, MEMBER_REF_SIZE));
}

void json_put_money(struct json_out *json, const char *name, struct money money, int min_decimals)
{
    char text[MONEY_TEXT_SIZE];
    money_format(money, min_decimals, text);
    json_put_word(json, name, text);
}
