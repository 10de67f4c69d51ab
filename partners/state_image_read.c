/* A stream back into a state: the header, the sections, the hash at the end. */
#include "partners/period_calendar.h"
#include "partners/state_image_parts.h"

#include <stdlib.h>
#include <string.h>

enum { RESERVE_MAX = 3 << 20 }; /* entries of a table, of 16 bytes; untouched ones cost nothing */

/* ---- pieces --------------------------------------------------------------------------------- */

bool loader_refuse(struct loader *loader, const char *why)
{
    if (!loader->why)
        loader->why = why;
    return false;
}

/* Hashes what is used, keeps what is not, and fetches more behind it. */
static bool refill(struct loader *loader)
{
    size_t left = loader->end - loader->at, size = 0;
    hasher_update(&loader->hasher,
                  bytes_of(loader->piece + loader->hashed, loader->at - loader->hashed));
    memmove(loader->piece, loader->piece + loader->at, left);
    loader->hashed = loader->at = 0;
    loader->end = left;
    if (!loader->source(loader->context, loader->piece + left, STATE_IMAGE_PIECE_SIZE - left, &size,
                        loader->error)) {
        loader->told = true;
        return false;
    }
    must(size <= STATE_IMAGE_PIECE_SIZE - left);
    loader->end += size;
    return size > 0;
}

const uint8_t *loader_take(struct loader *loader, size_t size)
{
    while (loader->end - loader->at < size)
        if (!refill(loader)) {
            (void)loader_refuse(loader, "it ends too early");
            return NULL;
        }
    loader->at += size;
    return loader->piece + loader->at - size;
}

/* The hash covers everything before itself; nothing follows it. */
static bool load_end(struct loader *loader)
{
    hasher_update(&loader->hasher,
                  bytes_of(loader->piece + loader->hashed, loader->at - loader->hashed));
    loader->hashed = loader->at;
    struct hash hash = hasher_result(&loader->hasher);
    const uint8_t *at = loader_take(loader, HASH_SIZE);
    if (!at)
        return false;
    if (!bytes_equal(bytes_of(at, HASH_SIZE), hash_as_bytes(&hash)))
        return loader_refuse(loader, "its hash does not hold");
    if (loader->at < loader->end || refill(loader))
        return loader_refuse(loader, "it goes on after its end");
    return !loader->told;
}

/* ---- the header ------------------------------------------------------------------------------ */

static bool times_sound(const struct state *state)
{
    const struct charter *charter = state->charter;
    if (state->cut_time_ms > TIME_MS_MAX || state->first_cut_ms > state->cut_time_ms ||
        state->advance_ms > (charter->sandbox ? TIME_MS_MAX : 0))
        return false;
    /* In a sandbox the last height may have moved the clock on for the next. */
    uint64_t reached_ms = state_time_at(state, state->cut_time_ms);
    return charter->sandbox
               ? state->now_ms >= charter->sandbox_start_ms && state->now_ms <= reached_ms
               : state->now_ms == reached_ms;
}

static bool header_sound(const struct state *state)
{
    if (state->height > INT64_MAX || state->next_index > INT64_MAX ||
        state->accepted > state->next_index || state->refused > state->next_index - state->accepted)
        return false;
    if (state->height > 0)
        return times_sound(state) && state->periods.open <= PERIOD_NUMBER_MAX &&
               period_at(state->charter, state->now_ms) <= state->periods.open;
    return hash_equal(&state->digest, &state->charter->coalition) && state->now_ms == 0 &&
           state->cut_time_ms == 0 && state->first_cut_ms == 0 && state->advance_ms == 0 &&
           state->next_index == 0 && state->periods.open == 0 &&
           state->periods.open_first_record == 0 && !state->periods.awaits_tree;
}

static bool load_header(struct loader *loader)
{
    struct state *state = loader->state;
    struct hash coalition;
    const uint8_t *at = loader_take(loader, IMAGE_HEADER_SIZE);
    if (!at)
        return false;
    if (memcmp(at, STATE_IMAGE_MAGIC, IMAGE_MAGIC_SIZE) != 0)
        return loader_refuse(loader, "it does not begin as one");
    at += IMAGE_MAGIC_SIZE;
    if (next_u32(&at) != STATE_IMAGE_VERSION)
        return loader_refuse(loader, "its version is unknown here");
    next_bytes(&at, coalition.at, HASH_SIZE);
    if (!hash_equal(&coalition, &state->charter->coalition)) {
        loader->told = true;
        return error_set(loader->error, ERROR_CONFLICT,
                         "the state image belongs to another coalition");
    }
    state->height = next_u64(&at);
    state->now_ms = next_u64(&at);
    state->cut_time_ms = next_u64(&at);
    next_bytes(&at, state->digest.at, HASH_SIZE);
    state->first_cut_ms = next_u64(&at);
    state->advance_ms = next_u64(&at);
    state->next_index = next_u64(&at);
    state->accepted = next_u64(&at);
    state->refused = next_u64(&at);
    state->periods.open = next_u32(&at);
    state->periods.open_first_record = next_u64(&at);
    uint8_t awaits = next_u8(&at);
    state->periods.awaits_tree = awaits;
    if (awaits > 1)
        return loader_refuse(loader, "its header does not add up");
    state->started = state->periods.begun = state->height > 0;
    if (!header_sound(state))
        return loader_refuse(loader, "its header does not add up");
    return true;
}

/* ---- sections ---------------------------------------------------------------------------------
 */

struct section {
    const char *name;
    size_t row_size;
    uint64_t most;
    bool (*load)(struct loader *loader, const uint8_t *row);
};
static const struct section sections[SECTION_END] = {
#define X(name, word, size, most) [SECTION_##name] = {#word, size, most, load_##word},
    STATE_IMAGE_SECTIONS(X)
#undef X
};

bool loader_in_log_order(struct loader *loader, uint64_t record)
{
    if (record >= loader->state->next_index || record < loader->last)
        return loader_refuse(loader, "its records are not in order");
    loader->last = record + 1;
    return true;
}

/* Room for as many as it says there are, while that costs little should it not be true. */
static void reserve(struct state *state, enum image_section number, uint64_t rows)
{
    struct table *tables[SECTION_END] = {[SECTION_MEMBERS] = &state->member_table,
                                         [SECTION_CARDS] = &state->card_table,
                                         [SECTION_KEYS] = &state->keys.table,
                                         [SECTION_DOCUMENTS] = &state->documents.table};
    if (tables[number])
        table_reserve(tables[number], (size_t)(rows < RESERVE_MAX ? rows : RESERVE_MAX));
}

static bool load_section(struct loader *loader, enum image_section number)
{
    const struct section *section = &sections[number];
    const uint8_t *at = loader_take(loader, IMAGE_SECTION_HEAD_SIZE);
    if (!at)
        return false;
    if (next_u32(&at) != (uint32_t)number)
        return loader_refuse(loader, "its sections are not in order");
    uint64_t rows = next_u64(&at);
    if (rows > section->most || (rows > 0 && loader->state->height == 0))
        return loader_refuse(loader, "it has too many rows");
    reserve(loader->state, number, rows);
    loader->last = loader->seen_ms = 0;
    for (loader->row = 0; loader->row < rows; loader->row++) {
        at = loader_take(loader, section->row_size);
        if (!at || !section->load(loader, at))
            return false;
    }
    if (number == SECTION_AMENDMENTS) /* what follows names its partners */
        membership_enter(loader->state, loader->state->height);
    return true;
}

static bool load_sections(struct loader *loader)
{
    for (int i = SECTION_BEFORE_FIRST + 1; i < SECTION_END; i++)
        if (!load_section(loader, (enum image_section)i)) {
            if (!loader->told)
                error_set(loader->error, ERROR_CORRUPT,
                          "the state image is damaged at row %llu of its %s: %s",
                          (unsigned long long)loader->row, sections[i].name, loader->why);
            loader->told = true;
            return false;
        }
    return true;
}

bool state_image_read(const struct charter *charter, state_image_source *source, void *context,
                      struct state **state_out, struct error *error)
{
    struct loader loader = {.state = state_open(charter),
                            .source = source,
                            .context = context,
                            .error = error,
                            .piece = allocate(1, STATE_IMAGE_PIECE_SIZE)};
    hasher_init(&loader.hasher);
    bool good = load_header(&loader) && load_sections(&loader) && load_end(&loader) &&
                loader_settle(&loader);
    if (!good && !loader.told)
        error_set(error, ERROR_CORRUPT, "the state image is damaged: %s", loader.why);
    if (good)
        *state_out = loader.state;
    else
        state_close(loader.state);
    hasher_release(&loader.hasher);
    free(loader.piece);
    return good;
}
