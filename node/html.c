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

void html_put_text(struct buffer *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        if ((unsigned char)*at < ' ')
            buffer_append_text(out, "&#xfffd;");
        else
            html_put_byte(out, (uint8_t)*at);
    }
}
