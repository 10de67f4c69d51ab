// links: node
/* Any bytes as what an audit kept. An even first byte: the rest are edits (place, value) of a real
 * one; an odd one: the rest is it; by what is left of that byte of a ledger that settles, that has
 * contracts, or with partners in default. Either is sealed again, so that its hash holds. What is
 * not refused finishes, and can be kept again. */
#include "unit/ledger_contracts.h"
#include "unit/ledger_default.h"

#include "fuzz/fuzz.h"
#include "node/audit_source.h"
#include "node/audit_state.h"
#include "node/model_rules.h"
#include "unit/audit_memory.h"

#include <unistd.h>

enum { EDIT_SIZE = 4, COALITION_AT = 12 };

static struct story {
    enum ledger_kind kind;
    void (*play)(struct ledger *ledger);
    struct ledger *ledger;
    struct buffer original;
} stories[] = {{.kind = LEDGER_SETTLEMENT, .play = settlement_play},
               {.kind = LEDGER_CONTRACTS, .play = contracts_play},
               {.kind = LEDGER_DEFAULT, .play = default_play}};

static void make_once(struct story *story)
{
    char path[] = "/tmp/accrue-fuzz-XXXXXX";
    struct memory_source memory;
    struct audit_source source;
    struct cli_progress bar = {0};
    struct error error;
    if (story->ledger)
        return;
    struct ledger *ledger = ledger_start(0x5a, story->kind);
    story->ledger = ledger;
    story->play(ledger);
    ledger_serve(ledger);
    memory = (struct memory_source){.ledger = ledger, .heights = ledger->height_count};
    memory_open(&source, &memory, "memory");
    struct audit *audit =
        audit_open(ledger->charter, NULL, naive_open(model_rules(ledger->charter)));
    int file = mkstemp(path);
    must(file >= 0 && close(file) == 0);
    must(audit_source_begin(&source, ledger->record_count, &error));
    must(audit_follow(audit, &source, &bar, &error) && audit_finding_count(audit) == 0);
    must(audit_state_write(path, audit, buffer_bytes(&ledger->note), &error));
    buffer_init(&story->original, 1 << 24);
    must(cli_file_read(path, 1 << 24, &story->original, &error) && unlink(path) == 0);
    audit_close(audit);
    audit_source_close(&source);
}

static uint8_t *edited(const struct story *story, const uint8_t *data, size_t size,
                       size_t *size_out)
{
    const struct buffer *original = &story->original;
    uint8_t *image = allocate(1, original->size);
    memcpy(image, original->at, original->size);
    for (; size >= EDIT_SIZE; data += EDIT_SIZE, size -= EDIT_SIZE)
        image[((size_t)data[0] << 16 | get_u16be(data + 1)) % original->size] = data[3];
    *size_out = original->size;
    return image;
}

static uint8_t *taken(const struct story *story, const uint8_t *data, size_t size, size_t *size_out)
{
    uint8_t *image = allocate(1, size + HASH_SIZE);
    if (size > 0)
        memcpy(image, data, size);
    if (size >= COALITION_AT + HASH_SIZE)
        memcpy(image + COALITION_AT, story->ledger->charter->coalition.at, HASH_SIZE);
    *size_out = size + HASH_SIZE;
    return image;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audit *audit = NULL;
    struct buffer note;
    size_t image_size = 0;
    if (size < 1)
        return 0;
    struct story *story = &stories[(data[0] >> 1) % ARRAY_SIZE(stories)];
    make_once(story);
    uint8_t *image = (data[0] % 2 == 0 ? edited : taken)(story, data + 1, size - 1, &image_size);
    struct hash hash = hash_bytes(bytes_of(image, image_size - HASH_SIZE));
    memcpy(image + image_size - HASH_SIZE, hash.at, HASH_SIZE);
    FILE *file = fmemopen(image, image_size, "rb");
    must(file != NULL);
    buffer_init(&note, NOTE_SIZE_MAX);
    if (audit_state_load(file, image_size, story->ledger->charter, NULL, &audit, &note, NULL)) {
        struct buffer place;
        buffer_init(&place, 1 << 20);
        audit_finish(audit);
        if (audit_finding_count(audit) == 0)
            audit_place(audit, &place);
        buffer_release(&place);
        audit_close(audit);
    }
    buffer_release(&note);
    (void)fclose(file);
    free(image);
    return 0;
}
