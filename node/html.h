/* html.h - text inside an HTML page: receipts (api_receipt.c), audit reports (audit_html.c) and
 * reports of settlement (report_html.c).
 *
 * Pure. Threads: any.
 */
#ifndef NODE_HTML_H
#define NODE_HTML_H

#include "crypto/base.h"

/* Appends one byte of a text so that it is that text in an element and in a quoted attribute, and
 * never markup. */
void html_put_byte(struct buffer *out, uint8_t byte);
/* The same for a whole text; its control characters are told by U+FFFD. */
void html_put_text(struct buffer *out, const char *text);

#endif
