#include "node/tile_name.h"

#include <stdio.h>
#include <string.h>

static const char tile_prefix[] = "tile/", entries_prefix[] = "tile/entries/",
                  heights_prefix[] = "heights/";

enum { GROUPS_MAX = 6 /* of three digits */ };

/* ---- writing -------------------------------------------------------------------------------- */

void tile_name_format(const struct tile_name *name, char text_out[TILE_NAME_SIZE])
{
    unsigned groups[GROUPS_MAX + 1]; /* 64 bits have at most seven */
    size_t count = 0;
    uint64_t rest = name->index;
    struct buffer text;
    do {
        groups[count++] = (unsigned)(rest % 1000);
        rest /= 1000;
    } while (rest > 0);
    buffer_init(&text, TILE_NAME_SIZE - 1);
    switch (name->kind) {
    case TILE_HASHES:
        buffer_printf(&text, "%s%u/", tile_prefix, (unsigned)name->level);
        break;
    case TILE_ENTRIES:
        buffer_append_text(&text, entries_prefix);
        break;
    case TILE_HEIGHTS:
        buffer_append_text(&text, heights_prefix);
        break;
    }
    for (size_t i = count; i-- > 1;)
        buffer_printf(&text, "x%03u/", groups[i]);
    buffer_printf(&text, "%03u", groups[0]);
    if (name->width < TILE_WIDTH)
        buffer_printf(&text, ".p/%u", (unsigned)name->width);
    must(!text.overflowed);
    memcpy(text_out, buffer_text(&text), text.size + 1);
    buffer_release(&text);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Takes what stands before the next slash, or to the end; *last_out when there was none. */
static struct bytes segment_next(struct bytes *rest, bool *last_out)
{
    const uint8_t *at = rest->size ? memchr(rest->at, '/', rest->size) : NULL;
    struct bytes part = bytes_of(rest->at, at ? (size_t)(at - rest->at) : rest->size);
    size_t used = at ? part.size + 1 : part.size;
    *rest = bytes_of(rest->at + used, rest->size - used);
    *last_out = !at;
    return part;
}

static bool index_parse(struct bytes text, uint64_t *index_out)
{
    uint64_t index = 0;
    size_t groups = 0;
    for (bool last = false; !last; groups++) {
        struct bytes group = segment_next(&text, &last);
        if (!last && (group.size != 4 || group.at[0] != 'x'))
            return false;
        struct bytes digits = last ? group : bytes_of(group.at + 1, 3);
        if (digits.size != 3 || groups == GROUPS_MAX)
            return false;
        uint64_t value = 0;
        for (size_t i = 0; i < 3; i++) {
            if (digits.at[i] < '0' || digits.at[i] > '9')
                return false;
            value = value * 10 + (uint64_t)(digits.at[i] - '0');
        }
        if (groups == 0 && !last && value == 0)
            return false; /* a number has one name */
        index = index * 1000 + value;
    }
    *index_out = index;
    return true;
}

/* Takes ".p/<W>" off the end, if it is there. */
static bool width_parse(struct bytes *text, uint32_t *width_out)
{
    for (size_t i = 0; i + 3 <= text->size; i++) {
        uint64_t width = 0;
        if (memcmp(text->at + i, ".p/", 3) != 0)
            continue;
        if (!parse_u64(bytes_of(text->at + i + 3, text->size - i - 3), TILE_WIDTH - 1, &width) ||
            width == 0)
            return false;
        *text = bytes_of(text->at, i);
        *width_out = (uint32_t)width;
        return true;
    }
    *width_out = TILE_WIDTH;
    return true;
}

static bool begins(struct bytes *text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (text->size < size || memcmp(text->at, prefix, size) != 0)
        return false;
    *text = bytes_of(text->at + size, text->size - size);
    return true;
}

bool tile_name_parse(struct bytes text, struct tile_name *name_out)
{
    struct tile_name name = {.kind = TILE_HASHES};
    uint64_t level = 0;
    bool last = false;
    if (begins(&text, heights_prefix)) {
        name.kind = TILE_HEIGHTS;
    } else if (begins(&text, entries_prefix)) {
        name.kind = TILE_ENTRIES;
    } else if (!begins(&text, tile_prefix) ||
               !parse_u64(segment_next(&text, &last), MERKLE_LEVEL_MAX - 1, &level)) {
        return false;
    }
    name.level = (uint32_t)level;
    if (!width_parse(&text, &name.width) || !index_parse(text, &name.index))
        return false;
    *name_out = name;
    return true;
}
