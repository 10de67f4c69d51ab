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

struct seen {
    int64_t amount; /* negative: it went back */
    const char *entry, *detail;
    enum camt_kind kind;
    enum confirm_code code;
};

/* One file with one booking, judged with what is kept, which goes through its text every time. */
static enum confirm_code next_file(struct buffer *kept, const struct seen *seen)
{
    static const char *const own[] = {OWN};
    struct camt_statement statement = {.account = OWN};
    struct camt_entry entry = {.currency = "EUR",
                               .amount = {(seen->amount < 0 ? -seen->amount : seen->amount) * UNIT},
                               .amount_clear = true,
                               .credit = seen->amount > 0,
                               .booked = true,
                               .end_to_end = NAME};
    struct camt camt = {.kind = seen->kind,
                        .statements = &statement,
                        .statement_count = 1,
                        .entries = &entry,
                        .entry_count = 1};
    struct bookings bookings = {NULL};
    struct expected_payment payment = expected();
    struct confirm_finding finding;
    struct error error;
    snprintf(entry.reference, sizeof(entry.reference), "%s", seen->entry);
    snprintf(entry.detail_reference, sizeof(entry.detail_reference), "%s", seen->detail);
    REQUIRE(bookings_read(buffer_bytes(kept), &bookings, &error));
    REQUIRE(bookings_recall(&bookings, &payment, &error));
    REQUIRE(confirm_payments(&camt, own, 1, &payment, 1, &finding, &error));
    bookings_note(&bookings, &payment, 2);
    buffer_clear(kept);
    bookings_write(&bookings, kept);
    bookings_release(&bookings);
    return finding.code;
}

/* From nothing kept; what is kept then. */
static void check_files(const struct seen *files, size_t count, struct buffer *kept)
{
    buffer_init(kept, BOOKINGS_FILE_MAX);
    buffer_append_text(kept, "{}");
    for (size_t i = 0; i < count; i++)
        CHECK_TEXT(confirm_word(next_file(kept, &files[i])), confirm_word(files[i].code));
}

CASE(parts_add_up_over_files_and_what_is_paid_twice_is_no_repeat)
{
    static const struct seen files[] = {{60, "N1", "", CAMT_STATEMENT, CONFIRM_PARTIAL},
                                        {60, "N1", "", CAMT_STATEMENT, CONFIRM_REPEATED},
                                        {41, "N2", "", CAMT_STATEMENT, CONFIRM_WRONG_AMOUNT},
                                        {40, "N2", "", CAMT_STATEMENT, CONFIRM_WHOLE},
                                        {40, "N2", "", CAMT_STATEMENT, CONFIRM_REPEATED},
                                        {60, "N1", "", CAMT_STATEMENT, CONFIRM_REPEATED},
                                        {100, "N3", "", CAMT_STATEMENT, CONFIRM_TWICE},
                                        {100, "", "", CAMT_STATEMENT, CONFIRM_INDISTINCT}};
    struct buffer kept;
    check_files(files, ARRAY_SIZE(files), &kept);
    CHECK(strstr(buffer_text(&kept), "\"received\": \"100.00\"") != NULL);
    buffer_release(&kept);
}

/* Of a booking both references are kept, and the kind of the file. */
CASE(a_booking_of_a_notification_is_known_again_in_the_statement)
{
    static const struct seen files[] = {{50, "B7", "D1", CAMT_NOTIFICATION, CONFIRM_PARTIAL},
                                        {50, "B7", "", CAMT_STATEMENT, CONFIRM_REPEATED},
                                        {50, "", "D1", CAMT_STATEMENT, CONFIRM_REPEATED},
                                        {50, "B8", "", CAMT_STATEMENT, CONFIRM_UNCLEAR},
                                        {50, "B8", "D2", CAMT_NOTIFICATION, CONFIRM_WHOLE}};
    struct buffer kept;
    check_files(files, ARRAY_SIZE(files), &kept);
    CHECK(strstr(buffer_text(&kept), "camt.054") != NULL);
    buffer_release(&kept);
}

CASE(what_went_back_stays_known)
{
    static const struct seen after_a_part[] = {{60, "N1", "", CAMT_STATEMENT, CONFIRM_PARTIAL},
                                               {-60, "N2", "", CAMT_STATEMENT, CONFIRM_RETURNED},
                                               {40, "N3", "", CAMT_STATEMENT, CONFIRM_UNCLEAR},
                                               {60, "N1", "", CAMT_STATEMENT, CONFIRM_UNCLEAR}};
    static const struct seen first[] = {{-100, "N2", "", CAMT_STATEMENT, CONFIRM_RETURNED},
                                        {100, "N1", "", CAMT_STATEMENT, CONFIRM_UNCLEAR}};
    struct buffer kept;
    check_files(after_a_part, ARRAY_SIZE(after_a_part), &kept);
    CHECK(strstr(buffer_text(&kept), "\"received\": \"60.00\"") != NULL);
    buffer_release(&kept);
    check_files(first, ARRAY_SIZE(first), &kept);
    CHECK(strstr(buffer_text(&kept), "\"returned\": true") != NULL);
    buffer_release(&kept);
}

CASE(what_is_kept_of_others_stays)
{
    static const char other[] =
        "{\"P681-SEK-0123456789abcdef01\":{\"received\":\"7.00\",\"returned\":false,"
        "\"kind\":\"camt.053\",\"parts\":[{\"entry\":\"X\",\"detail\":\"\"}]}}";
    static const struct seen part = {60, "N1", "", CAMT_STATEMENT, CONFIRM_PARTIAL};
    struct buffer kept;
    buffer_init(&kept, BOOKINGS_FILE_MAX);
    buffer_append_text(&kept, other);
    CHECK_INT(next_file(&kept, &part), CONFIRM_PARTIAL);
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

#define ENTRY(received, returned, kind, parts)                                                     \
    "{\"" NAME "\":{\"received\":" received ",\"returned\":" returned ",\"kind\":" kind            \
    ",\"parts\":[" parts "]}}"
#define PART "{\"entry\":\"N1\",\"detail\":\"\"}"

CASE(more_than_the_payment_is_refused)
{
    struct bookings bookings = {NULL};
    struct expected_payment payment = expected();
    struct error error;
    REQUIRE(bookings_read(bytes_text(ENTRY("\"100.01\"", "false", "\"camt.053\"", PART)), &bookings,
                          &error));
    CHECK(!bookings_recall(&bookings, &payment, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    CHECK_INT(payment.part_count, 0);
    bookings_release(&bookings);
}

#define LONG36 "123456789012345678901234567890123456"

CASE(what_is_not_understood_is_refused)
{
    static const struct {
        const char *file, *why;
    } files[] = {
        {"", "empty"},
        {"[]", "no JSON object"},
        {"{\"rent\":{\"received\":\"1\"}}", "not the reference"},
        {"{\"" NAME "\":7}", "four members"},
        {"{\"" NAME "\":{\"received\":\"1\",\"references\":[\"N1\"]}}", "four members"},
        {ENTRY("\"1\",\"more\":1", "false", "\"camt.053\"", PART), "four members"},
        {ENTRY("1", "false", "\"camt.053\"", PART), "'received'"},
        {ENTRY("\"-1\"", "false", "\"camt.053\"", PART), "'received'"},
        {ENTRY("\"1\"", "1", "\"camt.053\"", PART), "'returned'"},
        {ENTRY("\"0\"", "false", "null", ""), "'returned'"},
        {ENTRY("\"0\"", "true", "null", PART), "'parts'"},
        {ENTRY("\"0\"", "true", "\"camt.053\"", ""), "'kind'"},
        {ENTRY("\"1\"", "false", "\"camt.052\"", PART), "'kind'"},
        {ENTRY("\"1\"", "false", "null", PART), "'kind'"},
        {ENTRY("\"1\"", "false", "\"camt.053\"", ""), "'parts'"},
        {ENTRY("\"1\"", "false", "\"camt.053\"", "7"), "'parts'"},
        {ENTRY("\"1\"", "false", "\"camt.053\"", "{\"entry\":\"N1\"}"), "'parts'"},
        {ENTRY("\"1\"", "false", "\"camt.053\"", "{\"entry\":\"N1\",\"detail\":7}"), "'parts'"},
        {ENTRY("\"1\"", "false", "\"camt.053\"",
               PART "," PART "," PART "," PART "," PART "," PART "," PART "," PART "," PART),
         "'parts'"},
        {ENTRY("\"1\"", "false", "\"camt.053\"",
               "{\"detail\":\"\",\"entry\":\"" LONG36 LONG36 LONG36 LONG36 "\"}"),
         "'parts'"},
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
    RUN(a_booking_of_a_notification_is_known_again_in_the_statement);
    RUN(what_went_back_stays_known);
    RUN(what_is_kept_of_others_stays);
    RUN(a_payment_of_which_nothing_came_is_not_kept);
    RUN(more_than_the_payment_is_refused);
    RUN(what_is_not_understood_is_refused);
    return check_report();
}
