/* csv.h - reads comma-separated values (RFC 4180), a row at a time, in bounded memory.
 *
 * Rows end in LF or CRLF; a field may be quoted, "" inside quotes is one quote, and a quoted field
 * may hold commas and line ends. A byte-order mark at the start is skipped. Text must be UTF-8. A
 * row that breaks a rule is refused by itself, and reading goes on with the next line.
 *
 * Pure: the caller hands over the file's bytes. Threads: a reader belongs to one.
 */
#ifndef NODE_CSV_H
#define NODE_CSV_H

#include "crypto/base.h"

enum {
    CSV_COLUMNS_MAX = 256,
    CSV_ROW_MAX = 64 * 1024, /* bytes of one row's fields */
};

struct csv {
    struct bytes rest;
    char separator;
    uint64_t next_line; /* of the file, from 1 */
    /* The current row: */
    uint64_t line; /* where it begins */
    size_t count;
    const char *fields[CSV_COLUMNS_MAX]; /* NUL-terminated; valid until the next row */
    char text[CSV_ROW_MAX + CSV_COLUMNS_MAX];
};
enum csv_result { CSV_ROW, CSV_BAD, CSV_END };

void csv_init(struct csv *csv, struct bytes file, char separator);
/* The next row that is not empty. CSV_BAD: `error` says what is wrong with line csv->line. */
enum csv_result csv_next(struct csv *csv, struct error *error) MUST_USE;

#endif
