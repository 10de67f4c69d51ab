#include "node/json_form.h"

#include "node/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- mistakes ------------------------------------------------------------------------------- */

/* A text cut at its room may end inside a character: drop what is left of it. */
static void trim_utf8(char *text)
{
    size_t size = strlen(text);
    while (size > 0 && !utf8_valid(bytes_of(text, size)))
        text[--size] = 0;
}

void form_mistake(struct form_mistakes *mistakes, const char *pointer, const char *format, ...)
{
    size_t place = mistakes->count++;
    if (place >= FORM_MISTAKES_MAX)
        return;
    (void)snprintf(mistakes->at[place].pointer, FORM_POINTER_SIZE, "%s", pointer);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(mistakes->at[place].detail, FORM_DETAIL_SIZE, format, arguments);
    va_end(arguments);
    trim_utf8(mistakes->at[place].pointer);
    trim_utf8(mistakes->at[place].detail);
}

/* RFC 6901: ~ and / inside a name are written ~0 and ~1. */
static void pointer_to(const struct form *form, const char *name, char out[FORM_POINTER_SIZE])
{
    size_t size = strlen(form->pointer);
    memcpy(out, form->pointer, size);
    if (size + 1 < FORM_POINTER_SIZE)
        out[size++] = '/';
    for (; *name && size + 2 < FORM_POINTER_SIZE; name++) {
        if (*name == '~' || *name == '/') {
            out[size++] = '~';
            out[size++] = *name == '~' ? '0' : '1';
        } else {
            out[size++] = *name;
        }
    }
    out[size] = 0;
}

void form_wrong(struct form *form, const char *name, const char *why)
{
    char pointer[FORM_POINTER_SIZE];
    pointer_to(form, name, pointer);
    form_mistake(form->mistakes, pointer, "%s", why);
}

void form_missing(struct form *form, const char *name)
{
    form_wrong(form, name, "is needed");
}

/* ---- parsing -------------------------------------------------------------------------------- */

/* The parser recurses, so depth is bounded before it sees the bytes. Brackets in texts are none. */
static bool depth_bounded(struct bytes json)
{
    size_t depth = 0;
    bool text = false;
    for (size_t i = 0; i < json.size; i++) {
        uint8_t byte = json.at[i];
        if (text && byte == '\\')
            i++;
        else if (byte == '"')
            text = !text;
        else if (!text && (byte == '{' || byte == '[') && ++depth > FORM_DEPTH_MAX)
            return false;
        else if (!text && (byte == '}' || byte == ']') && depth > 0)
            depth--;
    }
    return true;
}

bool form_parse(struct bytes json, json_t **object_out, struct error *error)
{
    if (json.size == 0)
        return error_set(error, ERROR_INVALID, "the body is empty: a JSON object is needed");
    if (!depth_bounded(json))
        return error_set(error, ERROR_INVALID, "the body nests deeper than %d levels",
                         FORM_DEPTH_MAX);
    json_error_t mistake;
    json_t *object = json_loadb((const char *)json.at, json.size, JSON_REJECT_DUPLICATES, &mistake);
    if (!object)
        return error_set(error, ERROR_INVALID, "the body is no JSON: line %d, column %d: %s",
                         mistake.line, mistake.column, mistake.text);
    if (!json_is_object(object)) {
        json_decref(object);
        return error_set(error, ERROR_INVALID, "the body is no JSON object");
    }
    *object_out = object;
    return true;
}

void form_init(struct form *form, json_t *object, const char *pointer,
               struct form_mistakes *mistakes)
{
    size_t size = strlen(pointer);
    memset(form, 0, sizeof(*form));
    form->object = object;
    form->mistakes = mistakes;
    memcpy(form->pointer, pointer, size < FORM_POINTER_SIZE ? size : FORM_POINTER_SIZE - 1);
}

static bool is_known(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->known_count; i++)
        if (strcmp(form->known[i], name) == 0)
            return true;
    return false;
}

void form_finish(struct form *form)
{
    const char *name;
    json_t *value;
    json_object_foreach(form->object, name, value)
    {
        if (!is_known(form, name))
            form_wrong(form, name, "is no member of this request");
    }
}

/* ---- getters -------------------------------------------------------------------------------- */

static json_t *member_of(struct form *form, const char *name)
{
    if (!is_known(form, name)) {
        must(form->known_count < FORM_MEMBERS_MAX);
        form->known[form->known_count++] = name;
    }
    return json_object_get(form->object, name);
}

bool form_has(struct form *form, const char *name)
{
    return member_of(form, name) != NULL;
}

bool form_is_null(struct form *form, const char *name)
{
    return json_is_null(member_of(form, name));
}

bool form_int(struct form *form, const char *name, int64_t min, int64_t max, int64_t *value_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    int64_t number = json_is_integer(value) ? json_integer_value(value) : 0;
    if (!json_is_integer(value) || number < min || number > max) {
        char why[FORM_DETAIL_SIZE];
        (void)snprintf(why, sizeof(why), "must be a whole number from %" PRId64 " to %" PRId64, min,
                       max);
        form_wrong(form, name, why);
        return false;
    }
    *value_out = number;
    return true;
}

static bool has_control(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < 0x20 || text.at[i] == 0x7f)
            return true;
    return false;
}

bool form_text(struct form *form, const char *name, size_t min_size, size_t max_size,
               struct bytes *text_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    struct bytes text = bytes_of(json_string_value(value), json_string_length(value));
    if (!json_is_string(value) || text.size < min_size || text.size > max_size ||
        has_control(text)) {
        char why[FORM_DETAIL_SIZE];
        (void)snprintf(why, sizeof(why),
                       "must be a text of %zu to %zu bytes without control characters", min_size,
                       max_size);
        form_wrong(form, name, why);
        return false;
    }
    *text_out = text;
    return true;
}

bool form_time(struct form *form, const char *name, uint64_t *time_ms_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    uint64_t time_ms = 0;
    if (!json_is_string(value) ||
        !time_parse(bytes_of(json_string_value(value), json_string_length(value)), &time_ms) ||
        time_ms == 0) {
        form_wrong(form, name, "must be a time as in RFC 3339, \"2026-11-21T22:40:11.000Z\"");
        return false;
    }
    *time_ms_out = time_ms;
    return true;
}

bool form_bool(struct form *form, const char *name, bool *value_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    if (!json_is_boolean(value)) {
        form_wrong(form, name, "must be true or false");
        return false;
    }
    *value_out = json_is_true(value);
    return true;
}

bool form_base64(struct form *form, const char *name, uint8_t *out, size_t size)
{
    uint8_t bytes[FORM_BASE64_MAX];
    size_t decoded = 0;
    must(size <= sizeof(bytes));
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    if (!json_is_string(value) ||
        !base64_decode(bytes_of(json_string_value(value), json_string_length(value)), bytes,
                       sizeof(bytes), &decoded) ||
        decoded != size) {
        char why[FORM_DETAIL_SIZE];
        (void)snprintf(why, sizeof(why), "must be %zu bytes in base64", size);
        form_wrong(form, name, why);
        return false;
    }
    memcpy(out, bytes, size);
    return true;
}

bool form_member(struct form *form, const char *name, struct member_ref *member_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    struct member_ref member;
    if (!json_is_string(value) ||
        !member_parse(bytes_of(json_string_value(value), json_string_length(value)), &member)) {
        form_wrong(form, name, "must be a member's reference: 32 lower-case hex digits");
        return false;
    }
    *member_out = member;
    return true;
}

bool form_hash(struct form *form, const char *name, struct hash *hash_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    struct hash hash;
    if (!json_is_string(value) ||
        !hex_decode(bytes_of(json_string_value(value), json_string_length(value)), hash.at,
                    HASH_SIZE) ||
        hash_is_zero(&hash)) {
        form_wrong(form, name, "must be 64 lower-case hex digits, not all zero");
        return false;
    }
    *hash_out = hash;
    return true;
}

/* Digits with at most `places` decimals, as units of that many. */
static bool digits_parse(struct bytes text, size_t places, int64_t *units_out)
{
    int64_t value = 0;
    size_t decimals = 0, digits = 0;
    bool point = false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '.' && !point && digits > 0) {
            point = true;
            continue;
        }
        if (text.at[i] < '0' || text.at[i] > '9' || (point && ++decimals > places))
            return false;
        digits++;
        if (value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (text.at[i] - '0');
    }
    if (digits == 0 || (point && decimals == 0))
        return false;
    for (; decimals < places; decimals++) {
        if (value > INT64_MAX / 10)
            return false;
        value *= 10;
    }
    *units_out = value;
    return true;
}

bool decimal_parse(struct bytes text, int64_t max_micro, int64_t *micro_out)
{
    int64_t value = 0;
    if (!digits_parse(text, 6, &value) || value > max_micro)
        return false;
    *micro_out = value;
    return true;
}

bool decimal_money_parse(struct bytes text, int64_t *amount_out)
{
    int64_t value = 0;
    bool negative = text.size > 0 && text.at[0] == '-';
    if (negative)
        text = bytes_of(text.at + 1, text.size - 1);
    if (!digits_parse(text, MONEY_DECIMALS, &value))
        return false;
    *amount_out = negative ? -value : value;
    return true;
}

/* Of a text; -1: it is none, or out of range. */
static int64_t micro_of(const json_t *value, int64_t max_micro)
{
    int64_t micro = -1;
    if (!json_is_string(value) ||
        !decimal_parse(bytes_of(json_string_value(value), json_string_length(value)), max_micro,
                       &micro))
        return -1;
    return micro;
}

bool form_decimal(struct form *form, const char *name, int64_t max_micro, int64_t *micro_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    int64_t micro = micro_of(value, max_micro);
    if (micro <= 0) {
        form_wrong(form, name,
                   "must be a decimal in a text, \"12.50\": above 0, at most 6 decimals, in range");
        return false;
    }
    *micro_out = micro;
    return true;
}

bool form_price(struct form *form, const char *name, int64_t max_micro, int64_t *micro_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    int64_t micro = micro_of(value, max_micro);
    if (micro < 0) {
        form_wrong(form, name,
                   "must be a decimal in a text, \"0.009\": at most 6 decimals, in range");
        return false;
    }
    *micro_out = micro;
    return true;
}

bool form_money(struct form *form, const char *name, int64_t *amount_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    if (!json_is_string(value) ||
        !decimal_money_parse(bytes_of(json_string_value(value), json_string_length(value)),
                             amount_out)) {
        form_wrong(form, name,
                   "must be a decimal in a text, \"-12.50\": at most 10 decimals, in range");
        return false;
    }
    return true;
}

bool form_array(struct form *form, const char *name, size_t min_count, size_t max_count,
                json_t **array_out)
{
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    if (!json_is_array(value) || json_array_size(value) < min_count ||
        json_array_size(value) > max_count) {
        char why[FORM_DETAIL_SIZE];
        (void)snprintf(why, sizeof(why), "must be an array of %zu to %zu", min_count, max_count);
        form_wrong(form, name, why);
        return false;
    }
    *array_out = value;
    return true;
}

bool form_object(struct form *form, const char *name, struct form *object_out)
{
    char pointer[FORM_POINTER_SIZE];
    json_t *value = member_of(form, name);
    if (!value)
        return false;
    if (!json_is_object(value)) {
        form_wrong(form, name, "must be an object");
        return false;
    }
    pointer_to(form, name, pointer);
    form_init(object_out, value, pointer, form->mistakes);
    return true;
}

bool form_element(const struct form *form, const char *name, json_t *array, size_t place,
                  struct form *element_out)
{
    char pointer[FORM_POINTER_SIZE], full[FORM_POINTER_SIZE + 24];
    pointer_to(form, name, pointer);
    (void)snprintf(full, sizeof(full), "%s/%zu", pointer, place);
    json_t *element = json_array_get(array, place);
    if (!json_is_object(element)) {
        form_mistake(form->mistakes, full, "must be an object");
        return false;
    }
    form_init(element_out, element, full, form->mistakes);
    return true;
}
