#include "partners/sepa_text.h"

#include <string.h>

static bool in_set(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr(" /-?:().,'+", c) != NULL);
}

/* Bytes of the UTF-8 character that begins here, in a text that is valid. */
static size_t character_size(uint8_t lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

static uint32_t character_at(const uint8_t *at)
{
    size_t size = character_size(at[0]);
    uint32_t code = size == 1 ? at[0] : at[0] & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++)
        code = code << 6 | (at[i] & 0x3Fu);
    return code;
}

/* `place` counts characters from 1. A control character is shown by its number alone. */
static bool refuse(const char *what, size_t place, const uint8_t *at, struct error *error)
{
    uint32_t code = character_at(at);
    if (code < 0x20 || (code >= 0x7F && code < 0xA0))
        return error_set(error, ERROR_INVALID,
                         "%s: character %zu (U+%04X) is not one that SEPA has", what, place, code);
    return error_set(error, ERROR_INVALID, "%s: character %zu (\"%.*s\") is not one that SEPA has",
                     what, place, (int)character_size(at[0]), (const char *)at);
}

bool sepa_text_check(const char *what, struct bytes text, size_t max, struct error *error)
{
    if (text.size == 0)
        return error_set(error, ERROR_INVALID, "%s: is empty", what);
    if (!utf8_valid(text))
        return error_set(error, ERROR_INVALID, "%s: is not UTF-8", what);
    size_t place = 0;
    for (size_t i = 0; i < text.size; i += character_size(text.at[i])) {
        place++;
        if (!in_set(text.at[i]))
            return refuse(what, place, text.at + i, error);
    }
    if (place > max)
        return error_set(error, ERROR_LIMIT, "%s: has %zu characters, at most %zu", what, place,
                         max);
    if (text.at[0] == ' ' || text.at[text.size - 1] == ' ')
        return error_set(error, ERROR_INVALID, "%s: begins or ends with a blank", what);
    return true;
}

bool sepa_identifier_check(const char *what, struct bytes text, size_t max, struct error *error)
{
    if (!sepa_text_check(what, text, max, error))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        bool slash = text.at[i] == '/';
        if (text.at[i] == ' ')
            return error_set(error, ERROR_INVALID, "%s: has a blank", what);
        if (slash && (i == 0 || i + 1 == text.size))
            return error_set(error, ERROR_INVALID, "%s: begins or ends with a slash", what);
        if (slash && text.at[i - 1] == '/')
            return error_set(error, ERROR_INVALID, "%s: has two slashes in a row", what);
    }
    return true;
}

/* The character itself, its plain form, or 0 where it has none. */
static uint8_t plain(uint32_t code)
{
    static const char latin_1[] = "AAAAAAACEEEEIIIIDNOOOOO\0OUUUUYTs"    /* U+00C0.. */
                                  "aaaaaaaceeeeiiiidnooooo\0ouuuuyty";   /* U+00E0.. */
    static const char extended_a[] = "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGg"  /* U+0100.. */
                                     "GgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL"  /* U+0120.. */
                                     "lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSs"  /* U+0140.. */
                                     "SsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs"; /* U+0160.. */
    _Static_assert(sizeof(latin_1) == 64 + 1 && sizeof(extended_a) == 128 + 1, "one for one");
    if (code >= 0xC0 && code <= 0xFF)
        return (uint8_t)latin_1[code - 0xC0];
    if (code >= 0x100 && code <= 0x17F)
        return (uint8_t)extended_a[code - 0x100];
    if (code >= 0x218 && code <= 0x21B)
        return (uint8_t) "SsTt"[code - 0x218];
    if (code == 0x2018 || code == 0x2019)
        return '\'';
    if (code == 0x2010 || code == 0x2011 || code == 0x2013 || code == 0x2014 || code == '_')
        return '-';
    if (code == '&')
        return '+';
    return code < 0x80 && in_set((uint8_t)code) ? (uint8_t)code : 0;
}

bool sepa_text_fold(const char *what, struct bytes utf8, size_t max, struct buffer *out,
                    struct error *error)
{
    if (!utf8_valid(utf8))
        return error_set(error, ERROR_INVALID, "%s: is not UTF-8", what);
    struct buffer folded;
    buffer_init(&folded, utf8.size);
    bool good = true;
    size_t place = 0;
    for (size_t i = 0; good && i < utf8.size; i += character_size(utf8.at[i])) {
        uint8_t c = plain(character_at(utf8.at + i));
        place++;
        if (c == 0)
            good = refuse(what, place, utf8.at + i, error);
        buffer_append_byte(&folded, c);
    }
    good = good && sepa_text_check(what, buffer_bytes(&folded), max, error);
    if (good)
        buffer_append(out, buffer_bytes(&folded));
    buffer_release(&folded);
    return good;
}
