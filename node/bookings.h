/* bookings.h - what a bank's files have shown of payments so far, in a file that a partner keeps
 * from one to the next: so that parts add up over several files, a second booking of a payment
 * that is whole is told from the first one seen again, and what went back stays known.
 *
 *     {"P682-EUR-0123456789abcdef01": {"received": "60.00", "returned": false, "kind": "camt.053",
 *                                      "parts": [{"entry": "NTRY-1", "detail": ""}]}}
 *
 * A part has the bank's own names of a booking, "" where it gave none; the kind is that of the
 * files that they were in, and of nothing received null. Everything is checked, and what is not
 * known is refused: a payment is confirmed by it.
 *
 * Pure. Threads: any, each with its own.
 */
#ifndef NODE_BOOKINGS_H
#define NODE_BOOKINGS_H

#include "partners/confirm.h"

#include <jansson.h>

enum { BOOKINGS_FILE_MAX = 16 * 1024 * 1024 };

struct bookings { /* zeroed is empty */
    json_t *payments;
};

/* ERROR_INVALID names the first entry that is wrong. */
bool bookings_read(struct bytes json, struct bookings *bookings_out, struct error *error) MUST_USE;
void bookings_release(struct bookings *bookings);

/* Counts into the payment, to which nothing was counted yet, what was seen of it. ERROR_CONFLICT:
 * that is more than the payment. */
bool bookings_recall(const struct bookings *bookings, struct expected_payment *payment,
                     struct error *error) MUST_USE;
/* Keeps what was counted into a payment, or went back of it; `minor_digits` of its currency. */
void bookings_note(struct bookings *bookings, const struct expected_payment *payment,
                   int minor_digits);
/* As a file. */
void bookings_write(const struct bookings *bookings, struct buffer *out);

#endif
