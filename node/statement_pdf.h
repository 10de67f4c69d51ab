/* statement_pdf.h - a partner's statement on paper: letterhead, figures, a chart, tables, page
 * numbers, and the checkpoint that it can be checked from.
 *
 * Threads: any, each with its own buffer.
 */
#ifndef NODE_STATEMENT_PDF_H
#define NODE_STATEMENT_PDF_H

#include "partners/statement.h"

enum {
    STATEMENT_PDF_MAX = 64 * 1024 * 1024,
    STATEMENT_MATRIX_MAX = 8 /* partners; more do not fit on a page, and are in the CSV */
};

/* Appends the PDF, of the statement and those that follow it: one part a currency, with tables of
 * its own. The same statement and fonts give the same bytes. Errors: those of statement_check() and
 * paper.h. */
bool statement_pdf(const struct statement *statement, struct buffer *out,
                   struct error *error) MUST_USE;

#endif
