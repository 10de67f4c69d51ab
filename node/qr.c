#include "node/qr.h"

#include <qrencode.h>
#include <string.h>

enum { QUIET = 4 };

static QRcode *encode(const char *text, struct error *error)
{
    if (strlen(text) == 0 || strlen(text) > QR_TEXT_MAX) {
        error_set(error, ERROR_LIMIT, "a QR code here has 1 to %d characters", QR_TEXT_MAX);
        return NULL;
    }
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    must(code != NULL); /* so many bytes fit, and there is memory */
    return code;
}

/* Beyond the code lies the quiet zone. */
static bool is_dark(const QRcode *code, int x, int y)
{
    return x >= 0 && y >= 0 && x < code->width && y < code->width &&
           (code->data[y * code->width + x] & 1);
}

/* One character shows two modules, one above the other, as foreground and background. */
bool qr_terminal(const char *text, struct buffer *out, struct error *error)
{
    static const char *const blocks[2][2] = {{" ", "\xE2\x96\x84"},
                                             {"\xE2\x96\x80", "\xE2\x96\x88"}};
    QRcode *code = encode(text, error);
    if (!code)
        return false;
    for (int y = -QUIET; y < code->width + QUIET; y += 2) {
        buffer_append_text(out, "\033[30;47m");
        for (int x = -QUIET; x < code->width + QUIET; x++)
            buffer_append_text(out, blocks[is_dark(code, x, y)][is_dark(code, x, y + 1)]);
        buffer_append_text(out, "\033[0m\n");
    }
    QRcode_free(code);
    return true;
}

bool qr_svg(const char *text, struct buffer *out, struct error *error)
{
    QRcode *code = encode(text, error);
    if (!code)
        return false;
    int side = code->width + 2 * QUIET;
    buffer_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                  "height=\"%d\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" "
                  "d=\"M0 0h%dv%dH0z\"/><path d=\"",
                  side, side, side * 8, side * 8, side, side);
    for (int y = 0; y < code->width; y++)
        for (int x = 0; x < code->width; x++)
            if (is_dark(code, x, y))
                buffer_printf(out, "M%d %dh1v1h-1z", x + QUIET, y + QUIET);
    buffer_append_text(out, "\"/></svg>\n");
    QRcode_free(code);
    return true;
}
