// links: node
/* What a partner keeps of its bank's files: what was taken is counted, kept, and taken again. */
#include "fuzz/fuzz.h"
#include "node/bookings.h"

#include <string.h>

static struct expected_payment expected(const char *name)
{
    struct expected_payment payment = {.currency = "EUR", .amount = {LINE_AMOUNT_MAX}};
    must(strlen(name) < END_TO_END_SIZE);
    memcpy(payment.end_to_end, name, strlen(name) + 1);
    return payment;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bookings bookings = {NULL}, again = {NULL};
    struct error error;
    struct buffer out;
    const char *name;
    json_t *entry;
    if (!bookings_read(bytes_of(data, size), &bookings, &error))
        return 0;
    buffer_init(&out, 2 * BOOKINGS_FILE_MAX);
    bookings_write(&bookings, &out);
    must(bookings_read(buffer_bytes(&out), &again, &error));
    json_object_foreach(again.payments, name, entry)
    {
        struct expected_payment one = expected(name), two = expected(name);
        must(bookings_recall(&bookings, &one, &error));
        must(bookings_recall(&again, &two, &error));
        must(one.received.v >= 0 && one.received.v == two.received.v);
        must((one.received.v > 0) == (one.part_count > 0) && one.part_count == two.part_count);
        must(one.returned == two.returned && (one.returned || one.part_count > 0));
        must(one.kind == two.kind && (one.kind != 0) == (one.part_count > 0));
        for (size_t i = 0; i < one.part_count; i++)
            must(strcmp(one.parts[i].entry, two.parts[i].entry) == 0 &&
                 strcmp(one.parts[i].detail, two.parts[i].detail) == 0);
        bookings_note(&bookings, &one, 2);
    }
    bookings_release(&bookings);
    bookings_release(&again);
    buffer_release(&out);
    return 0;
}
