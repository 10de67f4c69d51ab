/* receipt_words.h - what a record says, in lines that a person reads: for the page behind a
 * receipt's link and for `accrue receipt verify`.
 *
 * Values are printable text: nothing in them can move a terminal's cursor. Pure. Threads: any.
 */
#ifndef NODE_RECEIPT_WORDS_H
#define NODE_RECEIPT_WORDS_H

#include "partners/charter.h"
#include "protocol/record.h"

enum {
    RECEIPT_LINES_MAX = 40, /* what has no place is in the record itself; a last line says so */
    RECEIPT_VALUE_SIZE = 224
};

struct receipt_line {
    const char *label; /* a literal: "member", "points" */
    char value[RECEIPT_VALUE_SIZE];
};
struct receipt_words {
    uint64_t index; /* of the record */
    struct receipt_line lines[RECEIPT_LINES_MAX];
    size_t count;
};

/* `charter` gives partners and nodes their names; NULL: numbers. ERROR_INVALID when the bytes are
 * no record. */
bool receipt_words_of(struct bytes record, const struct charter *charter,
                      struct receipt_words *words_out, struct error *error) MUST_USE;

#endif
