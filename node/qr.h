/* qr.h - a text as a QR code (ISO/IEC 18004), by libqrencode: for a terminal, and as SVG.
 *
 * Medium error correction, a quiet zone of four modules. Threads: any.
 */
#ifndef NODE_QR_H
#define NODE_QR_H

#include "crypto/base.h"

enum { QR_TEXT_MAX = 1024 };

/* Lines of half blocks, dark on light whatever the terminal's colours; appended.
 * ERROR_LIMIT when the text is longer than QR_TEXT_MAX. */
bool qr_terminal(const char *text, struct buffer *out, struct error *error) MUST_USE;
/* A whole SVG document; appended. */
bool qr_svg(const char *text, struct buffer *out, struct error *error) MUST_USE;

#endif
