/* audit_memory.h - a ledger of ledger.h as the source of an audit, whole or up to a height, and
 * what an audit of it finds, as one text.
 */
#ifndef TESTS_UNIT_AUDIT_MEMORY_H
#define TESTS_UNIT_AUDIT_MEMORY_H

#include "node/audit_view.h"
#include "unit/ledger.h"

struct memory_source {
    struct ledger *ledger;
    size_t heights;  /* that are served */
    long short_by;   /* bytes that the last bundle lacks */
    bool hides_tile; /* of level 0, the last */
};

static inline bool memory_charter(void *context, struct buffer *out, struct error *error)
{
    (void)error;
    buffer_append(out, buffer_bytes(&((struct memory_source *)context)->ledger->charter_bytes));
    return true;
}

static inline bool memory_checkpoint(void *context, struct buffer *out, struct error *error)
{
    struct memory_source *memory = context;
    struct ledger *ledger = memory->ledger;
    (void)error;
    if (memory->heights == ledger->height_count) {
        buffer_append(out, buffer_bytes(&ledger->note));
        return true;
    }
    struct checkpoint kept = ledger->checkpoint;
    ledger->checkpoint.size = ledger->past[memory->heights - 1].count;
    ledger->checkpoint.root = ledger->past[memory->heights - 1].root;
    ledger_sign_note(ledger, ledger->log_key);
    buffer_append(out, buffer_bytes(&ledger->note));
    ledger->checkpoint = kept;
    ledger_sign_note(ledger, ledger->log_key);
    return true;
}

static inline bool memory_begin(void *context, uint64_t *size_io, struct error *error)
{
    (void)context, (void)size_io, (void)error;
    return true;
}

static inline bool memory_height(void *context, uint64_t height, struct buffer *out,
                                 struct error *error)
{
    struct memory_source *memory = context;
    if (height > memory->heights || memory->ledger->heights[height - 1].dropped)
        return error_set(error, ERROR_NOT_FOUND, "no such height");
    height_encode(&memory->ledger->heights[height - 1], out);
    return true;
}

static inline bool memory_entries(void *context, uint64_t index, uint32_t *width_io,
                                  struct buffer *out, struct error *error)
{
    struct memory_source *memory = context;
    (void)error;
    serve_entries(memory->ledger, index, *width_io, out);
    if (index * TILE_WIDTH + *width_io == memory->ledger->record_count)
        out->size -= (size_t)memory->short_by;
    return true;
}

static inline bool memory_tile(void *context, uint32_t level, uint64_t index, uint32_t width,
                               struct hash tile_out[TILE_WIDTH], struct error *error)
{
    const struct memory_source *memory = context;
    for (size_t i = 0; i < memory->ledger->tile_count; i++) {
        const struct tile *tile = &memory->ledger->tiles[i];
        bool hidden = memory->hides_tile && level == 0 && tile->count < TILE_WIDTH;
        if (tile->level != level || tile->index != index || tile->count < width || hidden)
            continue;
        memcpy(tile_out, tile->hashes, (size_t)width * HASH_SIZE);
        return true;
    }
    return error_set(error, ERROR_NOT_FOUND, "no such tile");
}

static inline void memory_close(void *context)
{
    (void)context;
}

static inline void memory_open(struct audit_source *source_out, struct memory_source *memory,
                               const char *name)
{
    static const struct audit_source_kind kind = {memory_charter, memory_checkpoint, memory_begin,
                                                  memory_height,  memory_entries,    memory_tile,
                                                  memory_close};
    audit_source_init(source_out, &kind, memory, name);
}

/* Whoever signs as ada's log, and `quorum` of the witnesses w1 and w2. */
static inline struct policy memory_policy(const struct ledger *ledger, const char *quorum)
{
    struct buffer text;
    struct policy policy;
    struct error error = {0};
    buffer_init(&text, POLICY_SIZE_MAX);
    buffer_append_text(&text, "log ");
    note_key_format(&ledger->charter->nodes[0].log_key, &text);
    for (uint8_t i = 1; i <= 2; i++) {
        struct note_key key;
        struct public_key public_key = coalition_public(9, i);
        char name[8];
        snprintf(name, sizeof(name), "w%u", i);
        REQUIRE(note_key_make(name, NOTE_TYPE_COSIGNATURE, &public_key, &key, NULL));
        buffer_printf(&text, "\nwitness %s ", name);
        note_key_format(&key, &text);
    }
    /* Another log, for a checkpoint of the wrong one. */
    struct note_key other;
    struct public_key log_key = coalition_public(3, 9);
    REQUIRE(note_key_make("ledger.example/other", NOTE_TYPE_ED25519, &log_key, &other, NULL));
    buffer_append_text(&text, "\nlog ");
    note_key_format(&other, &text);
    buffer_printf(&text, "\ngroup both all w1 w2\nquorum %s\n", quorum);
    bool good = policy_parse(buffer_bytes(&text), &policy, &error);
    if (!good)
        printf("%s\n", error.text);
    REQUIRE(good);
    buffer_release(&text);
    return policy;
}

enum { CODES_TEXT = 1024 };
/* "record-lots batch-contents": every finding's code once, in order; "!text" for trouble. */
static inline void codes_of(const struct audit_view *view, char text_out[CODES_TEXT])
{
    const struct audit_finding *findings;
    size_t count = view->audit ? audit_findings(view->audit, &findings) : 0;
    text_out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *word = audit_code_word(findings[i].code);
        size_t used = strlen(text_out);
        if (!strstr(text_out, word))
            snprintf(text_out + used, CODES_TEXT - used, "%s%s", used ? " " : "", word);
    }
    if (view->trouble_code != ERROR_NONE)
        snprintf(text_out, CODES_TEXT, "!%.500s", view->trouble);
}

#endif
