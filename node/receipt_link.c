#include "node/receipt_link.h"

#include <string.h>

enum { MAC_SIZE = 16, INDEX_SIZE = 8, ID_BYTES = MAC_SIZE + INDEX_SIZE };

/* The cards' HMACs are under the same secret, over letters and digits alone: never this text. */
static const char purpose[] = "accrue/receipt/v1\n";

static void id_bytes(struct bytes secret, const struct hash *coalition, uint64_t index,
                     uint8_t out[ID_BYTES])
{
    uint8_t message[sizeof(purpose) - 1 + HASH_SIZE + INDEX_SIZE];
    memcpy(message, purpose, sizeof(purpose) - 1);
    memcpy(message + sizeof(purpose) - 1, coalition->at, HASH_SIZE);
    put_u64be(message + sizeof(purpose) - 1 + HASH_SIZE, index);
    struct hash mac = hmac(secret, bytes_of(message, sizeof(message)));
    memcpy(out, mac.at, MAC_SIZE);
    put_u64be(out + MAC_SIZE, index);
}

/* RFC 4648 section 5: the two signs of base64 that a path cannot carry plainly. */
static void swap_signs(char *text, const char from[2], const char to[2])
{
    for (; *text; text++)
        for (size_t i = 0; i < 2; i++)
            if (*text == from[i]) {
                *text = to[i];
                break;
            }
}

void receipt_id_make(struct bytes secret, const struct hash *coalition, uint64_t index,
                     char id_out[RECEIPT_ID_SIZE + 1])
{
    _Static_assert(BASE64_SIZE(ID_BYTES) == RECEIPT_ID_SIZE && ID_BYTES % 3 == 0, "no padding");
    uint8_t bytes[ID_BYTES];
    id_bytes(secret, coalition, index, bytes);
    base64_encode(bytes_of(bytes, ID_BYTES), id_out);
    swap_signs(id_out, "+/", "-_");
}

bool receipt_id_open(struct bytes secret, const struct hash *coalition, struct bytes id,
                     uint64_t *index_out)
{
    char text[RECEIPT_ID_SIZE + 1] = {0};
    uint8_t given[ID_BYTES], own[ID_BYTES];
    size_t size = 0;
    if (id.size != RECEIPT_ID_SIZE || memchr(id.at, '+', id.size) || memchr(id.at, '/', id.size))
        return false;
    memcpy(text, id.at, id.size);
    swap_signs(text, "-_", "+/");
    if (!base64_decode(bytes_of(text, RECEIPT_ID_SIZE), given, sizeof(given), &size) ||
        size != ID_BYTES)
        return false;
    uint64_t index = get_u64be(given + MAC_SIZE);
    id_bytes(secret, coalition, index, own);
    if (!bytes_equal_constant_time(bytes_of(given, ID_BYTES), bytes_of(own, ID_BYTES)))
        return false;
    *index_out = index;
    return true;
}
