// links: node
/* The codes of findings: the manual lists each with its rule, and no others. */
#include "check.h"

#include "node/audit_codes.h"

static char *read_manual(void)
{
    static const char here[] = "tests/unit/test_audit_codes.c";
    char path[4096];
    size_t size = strlen(__FILE__);
    REQUIRE(size >= sizeof(here) - 1 && size < sizeof(path) - 64);
    (void)snprintf(path, sizeof(path), "%.*snode/man/accrue.1", (int)(size - (sizeof(here) - 1)),
                   __FILE__);
    FILE *file = fopen(path, "rb");
    char *text = (char *)calloc(1, 1 << 20);
    REQUIRE(file && text && fread(text, 1, (1 << 20) - 1, file) > 0);
    (void)fclose(file);
    return text;
}

CASE(the_manual_lists_every_code_with_its_rule)
{
    char *manual = read_manual();
    char *at = strstr(manual, ".Sh FINDINGS\n");
    REQUIRE(at != NULL);
    char *end = strstr(at, "\n.El\n");
    REQUIRE(end != NULL);
    *end = '\0';
    size_t rows = 0;
    for (const char *row = at; (row = strstr(row, "\n.It ")) != NULL; row++)
        rows++;
    CHECK_INT(rows, AUDIT_CODE_COUNT);
    for (int i = 0; i < AUDIT_CODE_COUNT; i++) {
        char row[512];
        snprintf(row, sizeof(row), "\n.It Cm %s\n%s", audit_code_word((enum audit_code)i),
                 audit_code_rule((enum audit_code)i));
        bool listed = strstr(at, row) != NULL;
        if (!listed)
            printf("not in accrue.1:%s\n", row);
        CHECK(listed);
    }
    free(manual);
}

CASE(no_two_codes_share_a_word)
{
    for (int i = 0; i < AUDIT_CODE_COUNT; i++)
        for (int j = 0; j < i; j++)
            CHECK(strcmp(audit_code_word((enum audit_code)i), audit_code_word((enum audit_code)j)));
}

int main(void)
{
    RUN(the_manual_lists_every_code_with_its_rule);
    RUN(no_two_codes_share_a_word);
    return check_report();
}
