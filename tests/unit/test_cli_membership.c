// links: node
/* What commands make of a node's answer about the membership: the node is a stranger. */
#include "check.h"

#include "node/cli_membership.h"

#include <stdlib.h>
#include <string.h>

/* Every text of it tries to clear the reader's screen. */
static const char answer[] =
    "{\"height\": 7, \"from_height\": 3, \"node\": \"\\u001b[2Jgrocer\","
    " \"standing\": \"\\u001b[2Jmember\", \"voters\": {\"count\": 4, \"quorum\": 3},"
    " \"nodes\": [{\"number\": 0, \"name\": \"\\u001b[2Jgrocer\", \"partner\": \"\\u001b[2Jg\","
    "   \"address\": \"\\u001b[2Jtcp://a:1\", \"voter\": true}],"
    " \"pending\": [{\"height\": 9, \"what\": \"\\u001b[2Jleaves\"}],"
    " \"motions\": [{\"motion\": 5, \"what\": \"\\u001b[2Jcomes\", \"closes\": \"\\u001b[2Jsoon\","
    "   \"needed\": 3, \"ballots\": [\"\\u001b[2Jbooks\", \"cinema\\u009b2J\", 7]}]}";

static char *printed(const json_t *membership)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    REQUIRE(to != NULL);
    membership_print(membership, to);
    REQUIRE(fclose(to) == 0 && text != NULL);
    return text;
}

CASE(no_text_of_a_node_reaches_the_terminal_as_it_is)
{
    json_t *membership = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);
    REQUIRE(membership != NULL);
    char *text = printed(membership);
    CHECK(strchr(text, '\x1b') == NULL);
    CHECK(strstr(text, "\xc2\x9b") == NULL); /* the same in one character */
    CHECK(strstr(text, "motion 5: ") != NULL);
    CHECK(strstr(text, "3 of 3 votes: ") != NULL);
    CHECK(strstr(text, "books, cinema") != NULL);
    CHECK(strstr(text, "2J, ?\n") != NULL); /* what is no text is no name */
    free(text);
    json_decref(membership);
}

CASE(an_answer_that_says_nothing_is_printed_as_such)
{
    json_t *membership = json_object();
    char *text = printed(membership);
    CHECK(strstr(text, "0 voters") != NULL);
    CHECK(strstr(text, "motion") == NULL);
    free(text);
    json_decref(membership);
}

int main(void)
{
    RUN(no_text_of_a_node_reaches_the_terminal_as_it_is);
    RUN(an_answer_that_says_nothing_is_printed_as_such);
    return check_report();
}
