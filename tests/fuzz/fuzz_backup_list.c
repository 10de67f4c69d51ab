// links: node
/* Lists of backups. As it came, and with a sum put under it, so that what lies behind the sum is
 * reached: what is read is what is written again. */
#include "fuzz/fuzz.h"
#include "node/backup_list.h"

static void law(struct bytes text)
{
    struct backup_list list = {0};
    struct buffer again;
    struct error error;
    if (!backup_list_decode(text, &list, &error))
        return;
    buffer_init(&again, BACKUP_LIST_MAX);
    backup_list_encode(&list, &again);
    fuzz_same(&again, text.at, text.size);
    backup_list_release(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_of(data, size);
    struct hash sum = hash_bytes(body);
    char hex[HASH_HEX_SIZE + 1];
    struct buffer sealed;
    law(body);
    hex_encode(hash_as_bytes(&sum), hex);
    buffer_init(&sealed, size + HASH_HEX_SIZE + 16);
    buffer_append(&sealed, body);
    buffer_printf(&sealed, "sum %s\n", hex);
    law(buffer_bytes(&sealed));
    buffer_release(&sealed);
    return 0;
}
