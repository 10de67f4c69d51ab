#include "node/csv.h"

#include <string.h>

void csv_init(struct csv *csv, struct bytes file, char separator)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    csv->rest = file;
    csv->separator = separator;
    csv->next_line = 1;
    csv->line = 0;
    csv->count = 0;
    if (file.size >= sizeof(mark) && memcmp(file.at, mark, sizeof(mark)) == 0)
        csv->rest = bytes_of(file.at + sizeof(mark), file.size - sizeof(mark));
}

/* A row under construction: fields lie one after the other in csv->text. */
struct row {
    struct csv *csv;
    size_t used;
    const char *why; /* the first rule that it breaks */
};

static void put(struct row *row, uint8_t byte)
{
    if (byte == 0)
        row->why = row->why ? row->why : "a NUL byte";
    else if (row->used >= CSV_ROW_MAX)
        row->why = row->why ? row->why : "the row is longer than 65536 bytes";
    else
        row->csv->text[row->used++] = (char)byte;
}

static void begin_field(struct row *row)
{
    if (row->csv->count >= CSV_COLUMNS_MAX) {
        row->why = row->why ? row->why : "more than 256 columns";
        return;
    }
    row->csv->fields[row->csv->count++] = row->csv->text + row->used;
}

static void end_field(struct row *row)
{
    const char *field = row->csv->count ? row->csv->fields[row->csv->count - 1] : row->csv->text;
    size_t size = (size_t)(row->csv->text + row->used - field);
    if (!row->why && !utf8_valid(bytes_of(field, size)))
        row->why = "not UTF-8";
    /* text has room for one NUL a column beyond CSV_ROW_MAX, and used may exceed it by those. */
    if (row->used < sizeof(row->csv->text))
        row->csv->text[row->used++] = '\0';
}

static bool at_byte(const struct csv *csv, size_t place, char byte)
{
    return place < csv->rest.size && csv->rest.at[place] == (uint8_t)byte;
}

/* Reads one field from `place`; returns where it ended: at a separator, a line end or the end. */
static size_t read_field(struct row *row, size_t place)
{
    struct csv *csv = row->csv;
    bool quoted = at_byte(csv, place, '"');
    bool open = quoted;
    place += quoted;
    for (; place < csv->rest.size; place++) {
        uint8_t byte = csv->rest.at[place];
        if (open && byte == '"') {
            if (at_byte(csv, place + 1, '"'))
                put(row, csv->rest.at[place++]);
            else
                open = false;
            continue;
        }
        bool line_end = byte == '\n' || (byte == '\r' && at_byte(csv, place + 1, '\n'));
        if (!open && (byte == (uint8_t)csv->separator || line_end))
            break;
        if (!open && (quoted || byte == '"'))
            row->why = row->why ? row->why : "a quote inside a field that is not quoted";
        if (byte == '\n')
            csv->next_line++;
        put(row, byte);
    }
    if (open)
        row->why = row->why ? row->why : "a quoted field is not closed";
    return place;
}

static size_t read_row(struct row *row)
{
    struct csv *csv = row->csv;
    size_t place = 0;
    for (;;) {
        begin_field(row);
        place = read_field(row, place);
        end_field(row);
        if (!at_byte(csv, place, csv->separator))
            break;
        place++;
    }
    if (at_byte(csv, place, '\r'))
        place++;
    if (at_byte(csv, place, '\n'))
        place++;
    return place;
}

enum csv_result csv_next(struct csv *csv, struct error *error)
{
    for (;;) {
        if (csv->rest.size == 0)
            return CSV_END;
        struct row row = {.csv = csv};
        csv->line = csv->next_line++;
        csv->count = 0;
        size_t used = read_row(&row);
        csv->rest = bytes_of(csv->rest.at + used, csv->rest.size - used);
        if (row.why) {
            error_set(error, ERROR_INVALID, "line %llu: %s", (unsigned long long)csv->line,
                      row.why);
            return CSV_BAD;
        }
        if (csv->count != 1 || csv->fields[0][0] != '\0')
            return CSV_ROW;
    }
}
