#include "node/visible.h"

size_t visible_character(struct bytes rest, uint32_t *code_out)
{
    uint8_t lead = rest.at[0];
    size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (size > rest.size || !utf8_valid(bytes_of(rest.at, size)))
        return 0;
    uint32_t code = size == 1 ? lead : lead & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++)
        code = code << 6 | (rest.at[i] & 0x3Fu);
    *code_out = code;
    return size;
}

bool visible_is_dangerous(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xAD || code == 0x61C ||
           (code >= 0x200B && code <= 0x200F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
           (code >= 0xFFF9 && code <= 0xFFFB) || (code >= 0xE0000 && code <= 0xE007F);
}

void visible_append(struct buffer *out, struct bytes text)
{
    for (size_t i = 0; i < text.size;) {
        struct bytes rest = bytes_of(text.at + i, text.size - i);
        uint32_t code = 0;
        size_t size = visible_character(rest, &code);
        if (size == 0)
            buffer_printf(out, "\\x%02x", rest.at[0]);
        else if (code != '\n' && visible_is_dangerous(code))
            buffer_printf(out, "\\u%04x", code);
        else
            buffer_append(out, bytes_of(rest.at, size));
        i += size ? size : 1;
    }
}
