// links: node
#include "check.h"

#include "node/csv.h"

static struct csv csv;

static void begin(const char *text)
{
    csv_init(&csv, bytes_text(text), ',');
}

CASE(plain_rows_are_split_at_commas_and_line_ends)
{
    struct error error;
    begin("a,b,c\r\n1,,3\n4,5,6");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_INT(csv.count, 3);
    CHECK_TEXT(csv.fields[2], "c");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_TEXT(csv.fields[1], "");
    CHECK_TEXT(csv.fields[2], "3");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_TEXT(csv.fields[0], "4");
    CHECK_INT(csv.line, 3);
    CHECK(csv_next(&csv, &error) == CSV_END);
    CHECK(csv_next(&csv, &error) == CSV_END);
}

CASE(quotes_protect_commas_quotes_and_line_ends)
{
    struct error error;
    begin("\"a,b\",\"say \"\"so\"\"\",\"two\nlines\"\nnext,,\n");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_INT(csv.count, 3);
    CHECK_TEXT(csv.fields[0], "a,b");
    CHECK_TEXT(csv.fields[1], "say \"so\"");
    CHECK_TEXT(csv.fields[2], "two\nlines");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_INT(csv.line, 3);
    CHECK_INT(csv.count, 3);
}

CASE(a_byte_order_mark_and_empty_lines_are_skipped)
{
    struct error error;
    begin("\xef\xbb\xbf"
          "x\n\n\r\ny\n");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_TEXT(csv.fields[0], "x");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_TEXT(csv.fields[0], "y");
    CHECK_INT(csv.line, 4);
}

CASE(a_bad_row_is_refused_with_its_line_and_the_next_one_read)
{
    struct error error;
    begin("ok\nb\"d\nfine\n\"x\"y\nlast\n");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK(csv_next(&csv, &error) == CSV_BAD);
    CHECK_TEXT(error.text, "line 2: a quote inside a field that is not quoted");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_TEXT(csv.fields[0], "fine");
    CHECK(csv_next(&csv, &error) == CSV_BAD);
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_TEXT(csv.fields[0], "last");
}

CASE(an_open_quote_a_nul_and_bad_utf8_are_refused)
{
    struct error error;
    begin("\"never closed\nmore\n");
    CHECK(csv_next(&csv, &error) == CSV_BAD);
    CHECK(csv_next(&csv, &error) == CSV_END);
    csv_init(&csv, bytes_of("a\0b\n", 4), ',');
    CHECK(csv_next(&csv, &error) == CSV_BAD);
    CHECK_TEXT(error.text, "line 1: a NUL byte");
    begin("\xff\xfe,b\n");
    CHECK(csv_next(&csv, &error) == CSV_BAD);
    CHECK_TEXT(error.text, "line 1: not UTF-8");
}

CASE(rows_beyond_the_limits_are_refused_and_harm_nothing)
{
    struct error error;
    struct buffer file;
    buffer_init(&file, 1024 * 1024);
    for (int i = 0; i < CSV_COLUMNS_MAX; i++)
        buffer_append_text(&file, "v,");
    buffer_append_text(&file, "one too many\n");
    for (int i = 0; i < CSV_ROW_MAX; i++)
        buffer_append_byte(&file, 'w');
    buffer_append_text(&file, "\n");
    for (int i = 0; i <= CSV_ROW_MAX; i++)
        buffer_append_byte(&file, 'x');
    buffer_append_text(&file, "\nshort\n");
    csv_init(&csv, buffer_bytes(&file), ',');
    CHECK(csv_next(&csv, &error) == CSV_BAD);
    CHECK_TEXT(error.text, "line 1: more than 256 columns");
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_INT(strlen(csv.fields[0]), CSV_ROW_MAX);
    CHECK(csv_next(&csv, &error) == CSV_BAD);
    CHECK(csv_next(&csv, &error) == CSV_ROW);
    CHECK_TEXT(csv.fields[0], "short");
    buffer_release(&file);
}

/* Bytes from outside: whatever they are, reading ends and every field lies within the row. */
CASE(any_bytes_end_in_rows_or_refusals)
{
    static const char alphabet[] = {'a', ',', '"', '\n', '\r', '\0', '\xff', ';'};
    uint64_t seed = 20261121;
    for (int round = 0; round < 20000; round++) {
        char file[64];
        size_t size = 0;
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        for (uint64_t bits = seed >> 3; size < (seed >> 58); size++, bits = bits * 31 + 7)
            file[size] = alphabet[bits >> 11 & 7];
        csv_init(&csv, bytes_of(file, size), ',');
        struct error error;
        enum csv_result result;
        int rows = 0;
        while ((result = csv_next(&csv, &error)) != CSV_END && rows <= 64) {
            rows++;
            for (size_t i = 0; result == CSV_ROW && i < csv.count; i++)
                CHECK(strlen(csv.fields[i]) <= size);
        }
        CHECK(rows <= 64);
    }
}

int main(void)
{
    RUN(plain_rows_are_split_at_commas_and_line_ends);
    RUN(quotes_protect_commas_quotes_and_line_ends);
    RUN(a_byte_order_mark_and_empty_lines_are_skipped);
    RUN(a_bad_row_is_refused_with_its_line_and_the_next_one_read);
    RUN(an_open_quote_a_nul_and_bad_utf8_are_refused);
    RUN(rows_beyond_the_limits_are_refused_and_harm_nothing);
    RUN(any_bytes_end_in_rows_or_refusals);
    return check_report();
}
