#include "node/config_form.h"

#include <stdio.h>
#include <string.h>

enum { WHY_SIZE = 256 };

void config_form_init(struct config_form *form, json_t *object, const char *path,
                      struct config_mistakes *mistakes)
{
    *form = (struct config_form){.object = object, .mistakes = mistakes};
    snprintf(form->path, sizeof(form->path), "%s", path);
}

/* The names of unknown members are whatever the file holds: log.h escapes what is shown, and the
 * cut at the array's size may not split a character. */
static void mistake_add(struct config_mistakes *mistakes, const char *text)
{
    if (mistakes->count == CONFIG_MISTAKES_MAX) {
        return;
    }
    char *at = mistakes->text[mistakes->count++];
    size_t size = strlen(text), room = sizeof(mistakes->text[0]) - 1;
    size = size < room ? size : room;
    while (size > 0 && !utf8_valid(bytes_of(text, size))) {
        size--;
    }
    memcpy(at, text, size);
    at[size] = '\0';
}

static void why_format(char why_out[WHY_SIZE], const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
static void why_format(char why_out[WHY_SIZE], const char *format, va_list arguments)
{
    vsnprintf(why_out, WHY_SIZE, format, arguments);
}

void config_form_mistake(struct config_form *form, const char *name, const char *format, ...)
{
    char why[WHY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    why_format(why, format, arguments);
    va_end(arguments);
    struct buffer text;
    buffer_init(&text, CONFIG_SIZE_MAX);
    buffer_append_text(&text, form->path);
    buffer_append_text(&text, name && form->path[0] ? "." : "");
    buffer_append_text(&text, name ? name : "");
    buffer_append_text(&text, text.size > 0 ? ": " : "");
    buffer_append_text(&text, why);
    mistake_add(form->mistakes, buffer_text(&text));
    buffer_release(&text);
}

static json_t *member(struct config_form *form, const char *name, bool needed)
{
    must(form->known_count < CONFIG_FORM_MEMBERS_MAX);
    form->known[form->known_count++] = name;
    json_t *value = json_object_get(form->object, name);
    if (!value && needed && form->object) {
        config_form_mistake(form, name, "is missing");
    }
    return value;
}

static bool is_known(const struct config_form *form, const char *name)
{
    for (size_t i = 0; i < form->known_count; i++) {
        if (strcmp(form->known[i], name) == 0) {
            return true;
        }
    }
    return false;
}

void config_form_finish(struct config_form *form)
{
    const char *name;
    json_t *value;
    json_object_foreach(form->object, name, value)
    {
        if (!is_known(form, name)) {
            config_form_mistake(form, name, "is no known member");
        }
    }
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((uint8_t)*text < 0x20 || *text == 0x7F) {
            return true;
        }
    }
    return false;
}

bool config_form_text(struct config_form *form, const char *name, bool needed, size_t size_max,
                      char *text_out)
{
    json_t *value = member(form, name, needed);
    if (!value) {
        return false;
    }
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    if (!text || size == 0 || size > size_max || strlen(text) != size || has_control(text)) {
        config_form_mistake(
            form, name, "must be a text of 1 to %zu bytes without control characters", size_max);
        return false;
    }
    memcpy(text_out, text, size + 1);
    return true;
}

bool config_form_number(struct config_form *form, const char *name, uint64_t min, uint64_t max,
                        uint64_t *value_out)
{
    json_t *value = member(form, name, false);
    if (!value) {
        return false;
    }
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || (uint64_t)number < min || (uint64_t)number > max) {
        config_form_mistake(form, name, "must be a whole number from %llu to %llu",
                            (unsigned long long)min, (unsigned long long)max);
        return false;
    }
    *value_out = (uint64_t)number;
    return true;
}

bool config_form_bool(struct config_form *form, const char *name, bool *value_out)
{
    json_t *value = member(form, name, false);
    if (!value) {
        return false;
    }
    if (!json_is_boolean(value)) {
        config_form_mistake(form, name, "must be true or false");
        return false;
    }
    *value_out = json_is_true(value);
    return true;
}

bool config_form_object(struct config_form *form, const char *name, bool needed,
                        struct config_form *inner_out)
{
    json_t *value = member(form, name, needed);
    if (value && !json_is_object(value)) {
        config_form_mistake(form, name, "must be an object");
    }
    char path[CONFIG_FORM_PATH_MAX + 1];
    snprintf(path, sizeof(path), "%.60s%s%.60s", form->path, form->path[0] ? "." : "", name);
    config_form_init(inner_out, json_is_object(value) ? value : NULL, path, form->mistakes);
    return json_is_object(value);
}

json_t *config_form_array(struct config_form *form, const char *name, size_t count_max)
{
    json_t *value = member(form, name, true);
    if (!value) {
        return NULL;
    }
    if (!json_is_array(value) || json_array_size(value) == 0 ||
        json_array_size(value) > count_max) {
        config_form_mistake(form, name, "must be a list of 1 to %zu", count_max);
        return NULL;
    }
    return value;
}
