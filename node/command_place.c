#include "node/command_place.h"

#include <string.h>

/* In quotes unless it is made of letters, digits and what no shell reads anything into. */
static void put_word(const char *text, struct buffer *out)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "-_./:@%+,";
    if (text[0] && strspn(text, plain) == strlen(text)) {
        buffer_append_text(out, text);
        return;
    }
    buffer_append_byte(out, '\'');
    for (const char *at = text; *at; at++)
        if (*at == '\'')
            buffer_append_text(out, "'\\''");
        else
            buffer_append_byte(out, (uint8_t)*at);
    buffer_append_byte(out, '\'');
}

static void put_option(const char *name, const char *value, struct buffer *out)
{
    if (!value)
        return;
    buffer_printf(out, " --%s ", name);
    put_word(value, out);
}

void command_place_put(const struct command_place *place, const char *partner, struct buffer *out)
{
    if (!partner || (place->self && strcmp(partner, place->self) == 0)) {
        put_option("dir", place->dir, out);
        put_option("node", place->node, out);
        put_option("url", place->url, out);
        put_option("token-file", place->token_file, out);
        put_option("ca", place->ca, out);
        return;
    }
    const char *node = json_string_value(json_object_get(place->nodes, partner));
    if (!place->dir || !node)
        return;
    put_option("dir", place->dir, out);
    put_option("node", node, out);
}
