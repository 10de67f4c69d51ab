// links: node
/* Cards of nodes: what was taken can be written, and what is written says the same. */
#include "fuzz/fuzz.h"
#include "node/node_card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct node_card card, again;
    struct error error;
    if (!node_card_parse(bytes_of(data, size), &card, &error))
        return 0;
    struct buffer first, second;
    buffer_init(&first, NODE_CARD_SIZE_MAX);
    buffer_init(&second, NODE_CARD_SIZE_MAX);
    node_card_format(&card, &first);
    must(!first.overflowed && node_card_parse(buffer_bytes(&first), &again, &error));
    node_card_format(&again, &second);
    must(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    buffer_release(&first);
    buffer_release(&second);
    return 0;
}
