// links: node
#include "check.h"

#include "node/cli.h"
#include "node/visible.h"

#include <unistd.h>

static const struct {
    const char *text, *shown;
} known[] = {
    {"Caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xb6\n", "Caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x92\xb6\n"},
    {"\x1b[2J", "\\u001b[2J"},
    {"\xc2\x9b"
     "2J\xc2\x80\xc2\x9f\xc2\xa1",
     "\\u009b2J\\u0080\\u009f\xc2\xa1"},
    {"a\rb\tc\x7f", "a\\u000db\\u0009c\\u007f"},
    {"\xe2\x80\xae"
     "abc",
     "\\u202eabc"},
    {"\xf3\xa0\x80\x81", "\\ue0001"},
    {"\x9b"
     "2J\xff",
     "\\x9b2J\\xff"},
    {"cut \xe2\x82", "cut \\xe2\\x82"},
    {"", ""},
};

CASE(what_a_terminal_would_act_on_is_told_by_its_number)
{
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        struct buffer out;
        buffer_init(&out, 1000);
        visible_append(&out, bytes_text(known[i].text));
        CHECK_TEXT(buffer_text(&out), known[i].shown);
        buffer_release(&out);
    }
}

CASE(no_bytes_at_all_leave_a_control_behind)
{
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++) {
            uint8_t bytes[] = {(uint8_t)first, (uint8_t)second};
            struct buffer out;
            uint32_t code = 0;
            buffer_init(&out, 100);
            visible_append(&out, bytes_of(bytes, sizeof(bytes)));
            for (size_t i = 0, size; i < out.size; i += size) {
                size = visible_character(bytes_of(out.at + i, out.size - i), &code);
                REQUIRE(size > 0);
                CHECK(code == '\n' || !visible_is_dangerous(code));
            }
            buffer_release(&out);
        }
}

CASE(a_report_says_nothing_to_the_terminal)
{
    char seen[100] = "";
    FILE *file = tmpfile();
    REQUIRE(file != NULL);
    cli_say(file, "by %s: %d\n",
            "\xc2\x9b"
            "31mgrocer",
            7);
    rewind(file);
    REQUIRE(fgets(seen, sizeof(seen), file) != NULL);
    CHECK_TEXT(seen, "by \\u009b31mgrocer: 7\n");
    (void)fclose(file);
}

int main(void)
{
    RUN(what_a_terminal_would_act_on_is_told_by_its_number);
    RUN(no_bytes_at_all_leave_a_control_behind);
    RUN(a_report_says_nothing_to_the_terminal);
    return check_report();
}
