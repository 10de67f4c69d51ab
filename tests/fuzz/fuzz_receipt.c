// links: node
/* What a receipt is read with besides the proof: a record told in words, and the names of a log's
 * parts, which come back unchanged. */
#include "fuzz/fuzz.h"
#include "node/receipt_words.h"
#include "node/tile_name.h"

#include <string.h>

static void try_words(struct bytes record)
{
    struct receipt_words words;
    if (!receipt_words_of(record, NULL, &words, NULL))
        return;
    must(words.count > 0 && words.count <= RECEIPT_LINES_MAX);
    for (size_t i = 0; i < words.count; i++)
        for (const char *at = words.lines[i].value; *at; at++)
            must(*at >= 0x20 && *at < 0x7f);
}

static void try_name(struct bytes text)
{
    struct tile_name name;
    char again[TILE_NAME_SIZE];
    if (!tile_name_parse(text, &name))
        return;
    tile_name_format(&name, again);
    must(bytes_equal(bytes_text(again), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_words(bytes_of(data, size));
    try_name(bytes_of(data, size));
    return 0;
}
