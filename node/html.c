#include "node/html.h"

void html_put_byte(struct buffer *out, uint8_t byte)
{
    switch (byte) { /* lint: not an enum */
    case '<':
        buffer_append_text(out, "&lt;");
        break;
    case '>':
        buffer_append_text(out, "&gt;");
        break;
    case '&':
        buffer_append_text(out, "&amp;");
        break;
    case '"':
        buffer_append_text(out, "&quot;");
        break;
    case '\'':
        buffer_append_text(out, "&#39;");
        break;
    default:
        buffer_append_byte(out, byte);
    }
}
