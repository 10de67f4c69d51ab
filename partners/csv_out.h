/* csv_out.h - writes comma-separated values (RFC 4180): rows end in CRLF, fields are quoted where
 * they must be.
 *
 * Pure. Threads: a writer belongs to one.
 */
#ifndef PARTNERS_CSV_OUT_H
#define PARTNERS_CSV_OUT_H

#include "crypto/base.h"

struct csv_out {
    struct buffer *out;
    bool begun; /* a field of the row stands */
};

/* A word, number or date of our own. */
void csv_out_field(struct csv_out *csv, const char *text);
/* What people typed: a text that a spreadsheet would take for a formula gets an apostrophe before
 * it. */
void csv_out_typed(struct csv_out *csv, const char *text);
void csv_out_end_row(struct csv_out *csv);
/* A row of `count` fields of our own. */
void csv_out_row(struct csv_out *csv, const char *const *fields, size_t count);

#endif
