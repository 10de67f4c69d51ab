// links: node
/* Commands that are told are ones that can be given, at the node of whoever is to act. */
#include "check.h"

#include "node/command_place.h"

struct told {
    struct command_place place;
    const char *partner, *options;
};

static void check_told(json_t *nodes, const struct told *told, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct command_place place = told[i].place;
        struct buffer out;
        buffer_init(&out, 1024);
        place.nodes = nodes;
        command_place_put(&place, told[i].partner, &out);
        CHECK_TEXT(buffer_text(&out), told[i].options);
        buffer_release(&out);
    }
    json_decref(nodes);
}

CASE(each_is_told_the_node_of_its_own)
{
    static const struct told told[] = {
        {{.dir = "demo", .self = "grocer"}, "grocer", " --dir demo"},
        {{.dir = "demo", .node = "grocer-1", .self = "grocer"},
         "grocer",
         " --dir demo --node grocer-1"},
        {{.dir = "demo", .node = "grocer-1", .self = "grocer"},
         NULL,
         " --dir demo --node grocer-1"},
        {{.dir = "demo", .node = "grocer-1", .self = "grocer"},
         "books",
         " --dir demo --node books-1"},
        {{.url = "https://a:8443", .token_file = "t", .ca = "c.pem", .self = "grocer"},
         "grocer",
         " --url https://a:8443 --token-file t --ca c.pem"},
    };
    check_told(json_pack("{s:s}", "books", "books-1"), told, ARRAY_SIZE(told));
}

/* A command with the wrong node would be refused, or done by another. */
CASE(nothing_is_told_of_a_node_that_is_not_reached_from_here)
{
    static const struct told told[] = {
        {{.dir = "demo", .self = "grocer"}, "cinema", ""},
        {{.url = "https://a:8443", .token_file = "t", .self = "grocer"}, "books", ""},
        {{.self = "grocer"}, "grocer", ""},
        {{.dir = NULL}, "books", ""},
    };
    check_told(json_pack("{s:s}", "books", "books-1"), told, ARRAY_SIZE(told));
    check_told(NULL, &(struct told){{.dir = "demo", .self = "grocer"}, "books", ""}, 1);
}

CASE(a_shell_reads_what_was_meant)
{
    static const struct told told[] = {
        {{.dir = "my coalition"}, NULL, " --dir 'my coalition'"},
        {{.dir = "$(id)"}, NULL, " --dir '$(id)'"},
        {{.dir = "it's"}, NULL, " --dir 'it'\\''s'"},
        {{.dir = "~/demo"}, NULL, " --dir '~/demo'"},
        {{.dir = ""}, NULL, " --dir ''"},
        {{.dir = "/srv/a_b-c.d/x:1@2"}, NULL, " --dir /srv/a_b-c.d/x:1@2"},
    };
    check_told(NULL, told, ARRAY_SIZE(told));
}

int main(void)
{
    RUN(each_is_told_the_node_of_its_own);
    RUN(nothing_is_told_of_a_node_that_is_not_reached_from_here);
    RUN(a_shell_reads_what_was_meant);
    return check_report();
}
