// links: partners
#include "fuzz.h"
#include "partners/charter_write.h"

/* What was taken can be written, and what is written is taken and says the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct charter_mistakes mistakes;
    struct charter *charter, *again;
    struct error error;
    if (!charter_parse(bytes_of(data, size), &charter, &mistakes, &error)) {
        must(mistakes.count <= CHARTER_MISTAKES_MAX && error.code != ERROR_NONE);
        return 0;
    }
    struct buffer first, second;
    buffer_init(&first, 8 * CHARTER_SIZE_MAX);
    buffer_init(&second, 8 * CHARTER_SIZE_MAX);
    charter_format(charter, &first);
    must(!first.overflowed && charter_parse(buffer_bytes(&first), &again, NULL, NULL));
    charter_format(again, &second);
    must(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    buffer_release(&first);
    buffer_release(&second);
    charter_close(charter);
    charter_close(again);
    return 0;
}
