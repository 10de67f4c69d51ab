#include "partners/charter_json.h"

#include <stdio.h>
#include <string.h>

void json_mistake(struct json_reader *reader, const struct spot *spot, const char *format, ...)
{
    size_t at = reader->mistakes->count;
    if (at == CHARTER_MISTAKES_MAX)
        return;
    char *text = reader->mistakes->text[at];
    size_t room = sizeof(reader->mistakes->text[at]);
    int size = snprintf(text, room, "%s: ", spot->path[0] ? spot->path : "charter");
    must(size > 0 && (size_t)size < room);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text + size, room - (size_t)size, format, arguments);
    va_end(arguments);
    reader->mistakes->count++;
}

static void member_path(const struct spot *object, const char *name, char out[SPOT_PATH_SIZE])
{
    (void)snprintf(out, SPOT_PATH_SIZE, "%.70s%s%.28s", object->path, object->path[0] ? "." : "",
                   name);
}

struct spot json_element(const struct spot *array, size_t index)
{
    struct spot spot = {.json = json_array_get(array->json, index)};
    (void)snprintf(spot.path, SPOT_PATH_SIZE, "%.80s[%zu]", array->path, index);
    return spot;
}

static bool is_named(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names + (**names == '?'), name) == 0)
            return true;
    return false;
}

static void refuse_unknown(struct json_reader *reader, const struct spot *object,
                           const char *const *names)
{
    void *at = json_object_iter(object->json);
    for (; at; at = json_object_iter_next(object->json, at)) {
        struct spot spot = {0};
        member_path(object, json_object_iter_key(at), spot.path);
        if (!is_named(names, json_object_iter_key(at)))
            json_mistake(reader, &spot, "is not a member that a charter has here");
    }
}

void json_object_open(struct json_reader *reader, const struct spot *object,
                      const char *const *names, struct spot *spots_out)
{
    bool usable = json_is_object(object->json);
    if (object->json && !usable)
        json_mistake(reader, object, "must be an object");
    if (usable)
        refuse_unknown(reader, object, names);
    for (size_t i = 0; names[i]; i++) {
        must(i < SPOT_MEMBERS_MAX);
        const char *name = names[i] + (names[i][0] == '?');
        spots_out[i] = (struct spot){.json = usable ? json_object_get(object->json, name) : NULL};
        member_path(object, name, spots_out[i].path);
        if (usable && !spots_out[i].json && names[i][0] != '?')
            json_mistake(reader, &spots_out[i], "is missing");
    }
}

size_t json_array_open(struct json_reader *reader, const struct spot *array, size_t min, size_t max)
{
    if (!array->json)
        return 0;
    if (!json_is_array(array->json)) {
        json_mistake(reader, array, "must be an array");
        return 0;
    }
    size_t count = json_array_size(array->json);
    if (count < min || count > max) {
        json_mistake(reader, array, "has %zu elements; %zu to %zu are possible", count, min, max);
        return 0;
    }
    return count;
}

void json_read_int(struct json_reader *reader, const struct spot *spot, int64_t min, int64_t max,
                   int64_t *out)
{
    if (!spot->json)
        return;
    if (!json_is_integer(spot->json)) {
        json_mistake(reader, spot, "must be a whole number");
        return;
    }
    int64_t value = json_integer_value(spot->json);
    if (value < min || value > max)
        json_mistake(reader, spot, "is %lld; %lld to %lld are possible", (long long)value,
                     (long long)min, (long long)max);
    else
        *out = value;
}

void json_read_uint(struct json_reader *reader, const struct spot *spot, uint64_t min, uint64_t max,
                    uint64_t *out)
{
    int64_t value = -1;
    must(max <= INT64_MAX);
    json_read_int(reader, spot, (int64_t)min, (int64_t)max, &value);
    if (value >= 0)
        *out = (uint64_t)value;
}

void json_read_bool(struct json_reader *reader, const struct spot *spot, bool *out)
{
    if (!spot->json)
        return;
    if (json_is_boolean(spot->json))
        *out = json_is_true(spot->json);
    else
        json_mistake(reader, spot, "must be true or false");
}

static bool is_control(uint8_t c)
{
    return c < 0x20 || c == 0x7f;
}

/* The text of a string, or an empty range after a mistake. `lines`: newlines belong to it. */
static struct bytes text_of(struct json_reader *reader, const struct spot *spot, size_t max,
                            bool lines)
{
    struct bytes none = {0};
    if (!spot->json)
        return none;
    if (!json_is_string(spot->json)) {
        json_mistake(reader, spot, "must be a text");
        return none;
    }
    struct bytes text = bytes_of(json_string_value(spot->json), json_string_length(spot->json));
    if (text.size == 0 || text.size > max) {
        json_mistake(reader, spot, "has %zu bytes; 1 to %zu are possible", text.size, max);
        return none;
    }
    for (size_t i = 0; i < text.size; i++)
        if (is_control(text.at[i]) && !(lines && text.at[i] == '\n')) {
            json_mistake(reader, spot, "has a control character");
            return none;
        }
    return text;
}

static struct bytes text_at(struct json_reader *reader, const struct spot *spot, size_t max)
{
    return text_of(reader, spot, max, false);
}

char *json_read_lines(struct json_reader *reader, const struct spot *spot, size_t max)
{
    struct bytes text = text_of(reader, spot, max, true);
    if (text.size == 0)
        return NULL;
    char *lines = (char *)allocate(text.size + 1, 1);
    memcpy(lines, text.at, text.size);
    return lines;
}

void json_read_text(struct json_reader *reader, const struct spot *spot, char *out, size_t size)
{
    struct bytes text = text_at(reader, spot, size - 1);
    if (text.size == 0)
        return;
    memcpy(out, text.at, text.size);
    out[text.size] = 0;
}

void json_read_name(struct json_reader *reader, const struct spot *spot,
                    char out[CHARTER_NAME_MAX + 1])
{
    struct bytes text = text_at(reader, spot, CHARTER_NAME_MAX);
    if (text.size == 0)
        return;
    if (!name_valid(text)) {
        json_mistake(reader, spot, "must be a letter, then letters, digits and '-' (a-z)");
        return;
    }
    memcpy(out, text.at, text.size);
    out[text.size] = 0;
}

void json_read_base64(struct json_reader *reader, const struct spot *spot, uint8_t *out,
                      size_t size)
{
    uint8_t bytes[256];
    size_t decoded = 0;
    must(size <= sizeof(bytes));
    struct bytes text = text_at(reader, spot, BASE64_SIZE(sizeof(bytes)));
    if (text.size == 0)
        return;
    if (!base64_decode(text, bytes, sizeof(bytes), &decoded) || decoded != size)
        json_mistake(reader, spot, "must be %zu bytes in base64", size);
    else
        memcpy(out, bytes, size);
}

void json_read_time(struct json_reader *reader, const struct spot *spot, uint64_t *time_ms_out)
{
    struct bytes text = text_at(reader, spot, CHARTER_TIME_SIZE);
    if (text.size > 0 && !charter_time_parse(text, time_ms_out))
        json_mistake(reader, spot, "must be a UTC time such as 2017-01-01T00:00:00Z");
}

static bool price_parse(struct bytes text, int64_t *micro_out)
{
    int64_t value = 0;
    size_t places = 0, digits = 0, i = 0;
    for (; i < text.size && text.at[i] >= '0' && text.at[i] <= '9' && digits < 10; i++, digits++)
        value = value * 10 + (text.at[i] - '0');
    if (digits == 0)
        return false;
    if (i < text.size && text.at[i] == '.') {
        for (i++; i < text.size && text.at[i] >= '0' && text.at[i] <= '9' && places < 6; i++)
            value = value * 10 + (text.at[i] - '0'), places++;
        if (places == 0)
            return false;
    }
    for (; places < 6; places++)
        value *= 10;
    *micro_out = value;
    return i == text.size;
}

/* False: absent or wrong. */
static bool read_micro(struct json_reader *reader, const struct spot *spot, int64_t *value_out)
{
    struct bytes text = text_at(reader, spot, 32);
    if (text.size == 0)
        return false;
    if (price_parse(text, value_out))
        return true;
    json_mistake(reader, spot, "must be a decimal text with up to 6 places, such as \"0.0090\"");
    return false;
}

void json_read_price(struct json_reader *reader, const struct spot *spot, struct micro *out)
{
    int64_t value = 0;
    if (!read_micro(reader, spot, &value))
        return;
    if (value > PRICE_MICRO_MAX)
        json_mistake(reader, spot, "is more than %lld millionths a point",
                     (long long)PRICE_MICRO_MAX);
    else
        out->v = value;
}

void json_read_rate(struct json_reader *reader, const struct spot *spot, struct micro *out)
{
    int64_t value = 0;
    if (!read_micro(reader, spot, &value))
        return;
    if (value == 0 || value > RATE_MICRO_MAX)
        json_mistake(reader, spot, "must be above 0 and at most %lld",
                     (long long)(RATE_MICRO_MAX / 1000000));
    else
        out->v = value;
}

void json_read_amount(struct json_reader *reader, const struct spot *spot, struct micro *out)
{
    int64_t value = 0;
    if (!read_micro(reader, spot, &value))
        return;
    if (value > AMOUNT_MICRO_MAX)
        json_mistake(reader, spot, "is more than %lld", (long long)(AMOUNT_MICRO_MAX / 1000000));
    else
        out->v = value;
}
