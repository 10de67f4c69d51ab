#include "partners/csv_out.h"

#include <string.h>

void csv_out_field(struct csv_out *csv, const char *text)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;
    if (csv->begun)
        buffer_append_byte(csv->out, ',');
    csv->begun = true;
    if (!quoted) {
        buffer_append_text(csv->out, text);
        return;
    }
    buffer_append_byte(csv->out, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"')
            buffer_append_byte(csv->out, '"');
        buffer_append_byte(csv->out, (uint8_t)*c);
    }
    buffer_append_byte(csv->out, '"');
}

void csv_out_typed(struct csv_out *csv, const char *text)
{
    struct buffer guarded;
    if (!text[0] || !strchr("=+-@\t\r", text[0])) {
        csv_out_field(csv, text);
        return;
    }
    buffer_init(&guarded, strlen(text) + 1);
    buffer_append_byte(&guarded, '\'');
    buffer_append_text(&guarded, text);
    csv_out_field(csv, buffer_text(&guarded));
    buffer_release(&guarded);
}

void csv_out_end_row(struct csv_out *csv)
{
    buffer_append_text(csv->out, "\r\n");
    csv->begun = false;
}

void csv_out_row(struct csv_out *csv, const char *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        csv_out_field(csv, fields[i]);
    csv_out_end_row(csv);
}
