// links: protocol
/* The documents of the wire format cannot drift from the code: every table of numbers in
 * protocol/FORMAT.md and protocol/accrue.cddl has exactly the rows of the headers. */
#include "check.h"
#include "crypto/sign.h"
#include "protocol/evidence.h"
#include "protocol/message.h"
#include "protocol/record.h"

enum { DOCUMENT_MAX = 1 << 20, NAME_MAX_SIZE = 128 };

static char *format, *settlement, *cddl;

static char *read_document(const char *name)
{
    static const char here[] = "tests/unit/test_format_tables.c";
    char path[4096];
    size_t size = strlen(__FILE__);
    REQUIRE(size >= sizeof(here) - 1 && size < sizeof(path) - NAME_MAX_SIZE);
    REQUIRE(strcmp(&__FILE__[size - (sizeof(here) - 1)], here) == 0);
    (void)snprintf(path, sizeof(path), "%.*sprotocol/%s", (int)(size - (sizeof(here) - 1)),
                   __FILE__, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("%s cannot be read\n", path);
        exit(1);
    }
    char *text = (char *)calloc(1, DOCUMENT_MAX);
    REQUIRE(text && fread(text, 1, DOCUMENT_MAX - 1, file) > 0);
    (void)fclose(file);
    return text;
}

/* The lines of one table, from its mark to the end mark; the caller frees them. */
static char *table_of(const char *document, const char *name, const char *end)
{
    char mark[NAME_MAX_SIZE];
    (void)snprintf(mark, sizeof(mark), "table: %s", name);
    const char *at = strstr(document, mark);
    const char *stop = at ? strstr(at, end) : NULL;
    if (!stop) {
        printf("there is no table \"%s\"\n", name);
        exit(1);
    }
    char *table = (char *)calloc(1, (size_t)(stop - at) + 1);
    REQUIRE(table);
    memcpy(table, at, (size_t)(stop - at));
    return table;
}

static size_t count_of(const char *text, const char *wanted)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, wanted)) != NULL; at++)
        count++;
    return count;
}

static void check_row(const char *table, const char *row)
{
    if (count_of(table, row) != 1) {
        printf("expected once:%s\n", row);
        CHECK(!"a row that differs");
    }
}

struct row {
    long long number;
    const char *word;
};

/* Each row stands once in the document and in the schema, and there are no others. */
static void check_tables_of(const char *document, const char *name, const struct row *rows,
                            size_t count)
{
    char *in_format = table_of(document, name, "<!-- end -->");
    char *in_cddl = table_of(cddl, name, "; end");
    char row[2 * NAME_MAX_SIZE];
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(row, sizeof(row), "\n| %lld | %s |", rows[i].number, rows[i].word);
        check_row(in_format, row);
        (void)snprintf(row, sizeof(row), "\n    %s: %lld,\n", rows[i].word, rows[i].number);
        check_row(in_cddl, row);
    }
    CHECK_INT(count_of(in_format, "\n| "), count + 1); /* and the heading */
    CHECK_INT(count_of(in_cddl, "\n    "), count);
    free(in_format);
    free(in_cddl);
}

static void check_tables(const char *name, const struct row *rows, size_t count)
{
    check_tables_of(format, name, rows, count);
}

#define X3(name, number, word)                   {number, word},
#define X4(name, number, word, did)              {number, word},
#define X5(name, number, word, status, sentence) {number, word},

CASE(transaction_types_are_those_of_the_header)
{
    static const struct row rows[] = {TRANSACTION_TYPES(X3)};
    check_tables("transaction types", rows, ARRAY_SIZE(rows));
}

CASE(verdicts_are_those_of_the_header)
{
    static const struct row rows[] = {VERDICTS(X5)};
    check_tables("verdicts", rows, ARRAY_SIZE(rows));
}

CASE(pools_and_line_classes_are_those_of_the_header)
{
    static const struct row pools[] = {POOLS(X3)}, classes[] = {LINE_CLASSES(X3)};
    check_tables("pools", pools, ARRAY_SIZE(pools));
    check_tables("line classes", classes, ARRAY_SIZE(classes));
}

CASE(dispute_codes_are_those_of_the_header)
{
    static const struct row rows[] = {DISPUTE_CODES(X3)};
    check_tables_of(settlement, "dispute codes", rows, ARRAY_SIZE(rows));
}

CASE(changes_and_limits_are_those_of_the_header)
{
    static const struct row kinds[] = {CHANGE_KINDS(X3)}, limits[] = {CHARTER_LIMITS(X3)};
    check_tables("change kinds", kinds, ARRAY_SIZE(kinds));
    check_tables("limit numbers", limits, ARRAY_SIZE(limits));
}

CASE(message_kinds_are_those_of_the_header)
{
    static const struct row rows[] = {MESSAGE_KINDS(X3)};
    check_tables("message kinds", rows, ARRAY_SIZE(rows));
}

CASE(evidence_kinds_are_those_of_the_header)
{
    static const struct row rows[] = {EVIDENCE_KINDS(X4)};
    check_tables("evidence kinds", rows, ARRAY_SIZE(rows));
}

/* No default, so that a new effect breaks the build here. */
static const char *effect_word(enum effect_kind kind)
{
    switch (kind) {
    case EFFECT_LOT:
        return "lot";
    case EFFECT_MOVE:
        return "move";
    case EFFECT_OBLIGATION:
        return "obligation";
    case EFFECT_DEFICIT:
        return "deficit";
    case EFFECT_WAIVED:
        return "waived";
    case EFFECT_FIRST:
        return "first";
    case EFFECT_AMENDED:
        return "amended";
    case EFFECT_LAPSED:
        return "lapsed";
    }
    return "";
}

CASE(effects_are_those_of_the_header)
{
    struct row rows[EFFECT_KIND_MAX];
    for (int i = 0; i < EFFECT_KIND_MAX; i++)
        rows[i] = (struct row){i + 1, effect_word((enum effect_kind)(i + 1))};
    check_tables("effects", rows, ARRAY_SIZE(rows));
}

CASE(purposes_are_those_of_the_header)
{
    char *in_format = table_of(format, "purposes", "<!-- end -->");
    char *in_cddl = table_of(cddl, "purposes", "; end");
    char row[NAME_MAX_SIZE];
    size_t count = 0;
#define X(name, word)                                                                              \
    (void)snprintf(row, sizeof(row), "\n| %s | ", word);                                           \
    check_row(in_format, row);                                                                     \
    (void)snprintf(row, sizeof(row), " \"%s\"", word);                                             \
    check_row(in_cddl, row);                                                                       \
    count++;
    PURPOSES(X)
#undef X
    CHECK_INT(count_of(in_format, "\n| "), count + 1);
    CHECK_INT(count_of(in_cddl, "\""), 2 * count);
    free(in_format);
    free(in_cddl);
}

CASE(limits_are_those_of_the_header)
{
    static const struct row rows[] = {
#define LIMIT(name) {name, #name}
        LIMIT(PARTNERS_MAX),
        LIMIT(NODES_MAX),
        LIMIT(VOTERS_MAX),
        LIMIT(RECORD_SIZE_MAX),
        LIMIT(TRANSACTION_SIZE_MAX),
        LIMIT(BATCH_PAYLOAD_MAX),
        LIMIT(BATCH_TRANSACTIONS_MAX),
        LIMIT(BATCH_SIZE_MAX),
        LIMIT(CUT_PAYLOAD_MAX),
        LIMIT(CUT_EFFECTS_MAX),
        LIMIT(CUT_SIZE_MAX),
        LIMIT(LANE_BATCHES_PER_CUT_MAX),
        LIMIT(LANE_BRANCH_MAX),
        LIMIT(MESSAGE_SIZE_MAX),
        LIMIT(EVIDENCE_PER_CUT_MAX),
        LIMIT(KEY_SIZE_MAX),
        LIMIT(DOCUMENT_SIZE_MAX),
        LIMIT(TEXT_SIZE_MAX),
        LIMIT(NAME_SIZE_MAX),
        LIMIT(ADDRESS_SIZE_MAX),
        LIMIT(TRANSPORT_KEY_SIZE),
        LIMIT(EARN_LOTS_MAX),
        LIMIT(SPLIT_MAX),
        LIMIT(EXPIRE_LOTS_MAX),
        LIMIT(ALLOCATIONS_MAX),
        LIMIT(CODEC_DEPTH_MAX),
        LIMIT(CODEC_ITEMS_MAX),
        LIMIT(ROUND_MAX),
        LIMIT(POINTS_PER_RECORD_MAX),
        LIMIT(PRICE_MICRO_MAX),
        LIMIT(RATE_MICRO_MAX),
        LIMIT(TIME_MS_MAX),
    };
    char *table = table_of(format, "limits", "<!-- end -->");
    char row[NAME_MAX_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        (void)snprintf(row, sizeof(row), "\n| %s | %lld |", rows[i].word, rows[i].number);
        check_row(table, row);
    }
    CHECK_INT(count_of(table, "\n| "), ARRAY_SIZE(rows) + 1);
    free(table);
}

int main(void)
{
    format = read_document("FORMAT.md");
    settlement = read_document("SETTLEMENT.md");
    cddl = read_document("accrue.cddl");
    RUN(transaction_types_are_those_of_the_header);
    RUN(verdicts_are_those_of_the_header);
    RUN(pools_and_line_classes_are_those_of_the_header);
    RUN(dispute_codes_are_those_of_the_header);
    RUN(changes_and_limits_are_those_of_the_header);
    RUN(message_kinds_are_those_of_the_header);
    RUN(evidence_kinds_are_those_of_the_header);
    RUN(effects_are_those_of_the_header);
    RUN(purposes_are_those_of_the_header);
    RUN(limits_are_those_of_the_header);
    free(format);
    free(settlement);
    free(cddl);
    return check_report();
}
