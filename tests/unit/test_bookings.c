// links: node
/* What a bank's files have shown of a payment, kept from one to the next. */
#include "check.h"
#include "node/bookings.h"

#define NAME "P682-EUR-0123456789abcdef01"
#define OWN  "DE89370400440532013000"
#define UNIT INT64_C(10000000000)

static struct expected_payment expected(void)
{
    return (struct expected_payment){.end_to_end = NAME,
                                     .currency = "EUR",
                                     .amount = {100 * UNIT},
                                     .debtor_account = "AT611904300234573201",
                                     .creditor_account = OWN};
}

/* One file with one booking, judged with what is kept, which goes through its text every time. */
static enum confirm_code next_file(struct buffer *kept, int64_t amount, const char *reference)
{
    static const char *const own[] = {OWN};
    struct camt_statement statement = {.account = OWN};
    struct camt_entry entry = {.currency = "EUR",
                               .amount = {amount * UNIT},
                               .amount_clear = true,
                               .credit = true,
                               .booked = true,
                               .end_to_end = NAME};
    struct camt camt = {
        .statements = &statement, .statement_count = 1, .entries = &entry, .entry_count = 1};
    struct bookings bookings = {NULL};
    struct expected_payment payment = expected();
    struct confirm_finding finding;
    struct error error;
    snprintf(entry.reference, sizeof(entry.reference), "%s", reference);
    REQUIRE(bookings_read(buffer_bytes(kept), &bookings, &error));
    REQUIRE(bookings_recall(&bookings, &payment, &error));
    REQUIRE(confirm_payments(&camt, own, 1, &payment, 1, &finding, &error));
    bookings_note(&bookings, &payment, 2);
    buffer_clear(kept);
    bookings_write(&bookings, kept);
    bookings_release(&bookings);
    return finding.code;
}

CASE(parts_add_up_over_files_and_what_is_paid_twice_is_no_repeat)
{
    static const struct {
        int64_t amount;
        const char *reference;
        enum confirm_code code;
    } files[] = {{60, "N1", CONFIRM_PARTIAL},      {60, "N1", CONFIRM_REPEATED},
                 {41, "N2", CONFIRM_WRONG_AMOUNT}, {40, "N2", CONFIRM_WHOLE},
                 {40, "N2", CONFIRM_REPEATED},     {60, "N1", CONFIRM_REPEATED},
                 {100, "N3", CONFIRM_TWICE},       {100, "", CONFIRM_REPEATED}};
    struct buffer kept;
    buffer_init(&kept, BOOKINGS_FILE_MAX);
    buffer_append_text(&kept, "{}");
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        CHECK_TEXT(confirm_word(next_file(&kept, files[i].amount, files[i].reference)),
                   confirm_word(files[i].code));
    CHECK(strstr(buffer_text(&kept), "\"received\": \"100.00\"") != NULL);
    buffer_release(&kept);
}

CASE(what_is_kept_of_others_stays)
{
    static const char other[] = "{\"P681-SEK-0123456789abcdef01\":"
                                "{\"received\":\"7.00\",\"references\":[\"X\"]}}";
    struct buffer kept;
    buffer_init(&kept, BOOKINGS_FILE_MAX);
    buffer_append_text(&kept, other);
    CHECK_INT(next_file(&kept, 60, "N1"), CONFIRM_PARTIAL);
    CHECK(strstr(buffer_text(&kept), "P681-SEK-0123456789abcdef01") != NULL);
    CHECK(strstr(buffer_text(&kept), NAME) != NULL);
    buffer_release(&kept);
}

/* Nothing is written of what was not seen. */
CASE(a_payment_of_which_nothing_came_is_not_kept)
{
    struct bookings bookings = {NULL};
    struct expected_payment payment = expected();
    struct buffer out;
    buffer_init(&out, BOOKINGS_FILE_MAX);
    bookings_note(&bookings, &payment, 2);
    bookings_write(&bookings, &out);
    CHECK(bytes_equal(buffer_bytes(&out), bytes_text("{}\n")));
    buffer_release(&out);
    bookings_release(&bookings);
}

CASE(more_than_the_payment_is_refused)
{
    struct bookings bookings = {NULL};
    struct expected_payment payment = expected();
    struct error error;
    REQUIRE(bookings_read(
        bytes_text("{\"" NAME "\":{\"received\":\"100.01\",\"references\":[\"N1\"]}}"), &bookings,
        &error));
    CHECK(!bookings_recall(&bookings, &payment, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    CHECK_INT(payment.part_count, 0);
    bookings_release(&bookings);
}

#define ENTRY(received, references)                                                                \
    "{\"" NAME "\":{\"received\":" received ",\"references\":" references "}}"
#define LONG36 "123456789012345678901234567890123456"

CASE(what_is_not_understood_is_refused)
{
    static const struct {
        const char *file, *why;
    } files[] = {
        {"", "empty"},
        {"[]", "no JSON object"},
        {"{\"rent\":{\"received\":\"1\",\"references\":[\"N1\"]}}", "not the reference"},
        {"{\"" NAME "\":7}", "two members"},
        {"{\"" NAME "\":{\"received\":\"1\",\"references\":[\"N1\"],\"more\":1}}", "two members"},
        {ENTRY("1", "[\"N1\"]"), "'received'"},
        {ENTRY("\"0\"", "[\"N1\"]"), "'received'"},
        {ENTRY("\"-1\"", "[\"N1\"]"), "'received'"},
        {ENTRY("\"1\"", "[]"), "'references'"},
        {ENTRY("\"1\"", "[7]"), "'references'"},
        {ENTRY("\"1\"", "\"N1\""), "'references'"},
        {ENTRY("\"1\"", "[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]"), "'references'"},
        {ENTRY("\"1\"", "[\"" LONG36 LONG36 LONG36 LONG36 "\"]"), "'references'"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct bookings bookings = {NULL};
        struct error error = {.text = ""};
        bool read = bookings_read(bytes_text(files[i].file), &bookings, &error);
        if (read || !strstr(error.text, files[i].why)) {
            printf("%s: %s\n", files[i].file, read ? "is read" : error.text);
            CHECK(!"is refused for its reason");
        }
        bookings_release(&bookings);
    }
}

int main(void)
{
    RUN(parts_add_up_over_files_and_what_is_paid_twice_is_no_repeat);
    RUN(what_is_kept_of_others_stays);
    RUN(a_payment_of_which_nothing_came_is_not_kept);
    RUN(more_than_the_payment_is_refused);
    RUN(what_is_not_understood_is_refused);
    return check_report();
}
