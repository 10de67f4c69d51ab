// links: partners
/* Payment orders: what a bank's schema takes, and what is refused before a bank sees it. */
#include "unit/books.h"

#include "partners/charter.h"
#include "partners/pain001.h"

#include <unistd.h>

#define SCHEMA     ACCRUE_SHARED "/vectors/iso20022/pain.001.001.09.xsd"
#define CREATED_MS UINT64_C(1793700000000) /* 2026-11-03T10:40:00Z */
#define EURO       ((__int128)10000000000)

static const struct payment_account payer = {
    .holder = "Grocer AG", .iban = "AT611904300234573201", .bic = "BKAUATWWXXX", .effective_ms = 1};
static const struct payment_account cinema = {.holder = "Cinema (City) Ltd. 'Lux'",
                                              .iban = "DE89370400440532013000",
                                              .bic = "COBADEFFXXX",
                                              .effective_ms = CREATED_MS};
static const struct payment_account operator_account = {
    .holder = "Coalition Services", .iban = "NL91ABNA0417164300", .effective_ms = 1};

static const struct pain001_transfer example_transfers[] = {
    {.to = &cinema,
     .amount = {1280 * EURO},
     .end_to_end = "P12-EUR-0123456789abcdef01",
     .text = "Settlement of period 12, statement P12-cinema"},
    {.to = &operator_account,
     .amount = {1080 * EURO + EURO / 100},
     .end_to_end = "P12-EUR-0123456789abcdef02",
     .reference = "RF18539007547034"},
};

static struct pain001 example(void)
{
    return (struct pain001){.message_id = "P12-EUR-grocer-1",
                            .created_ms = CREATED_MS,
                            .initiator = "Grocer AG",
                            .from = &payer,
                            .currency = "EUR",
                            .minor_digits = 2,
                            .execution = {2026, 11, 5},
                            .transfers = example_transfers,
                            .transfer_count = 2};
}

static void write_good(const struct pain001 *message, struct buffer *out)
{
    struct error error;
    buffer_init(out, PAIN001_SIZE_MAX);
    if (!pain001_write(message, out, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
}

static bool can_validate(void)
{
    bool can = system("command -v xmllint >/dev/null 2>&1") == 0 && access(SCHEMA, R_OK) == 0;
    if (!can)
        printf("skipped: no xmllint, or no %s\n", SCHEMA);
    return can;
}

/* xmllint's own verdict. */
static bool validates(struct bytes document)
{
    FILE *pipe = popen("xmllint --nonet --noout --schema '" SCHEMA "' - 2>&1", "w");
    REQUIRE(pipe != NULL);
    REQUIRE(fwrite(document.at, 1, document.size, pipe) == document.size);
    return pclose(pipe) == 0;
}

static bool has(const struct buffer *out, const char *text)
{
    struct buffer copy;
    buffer_init(&copy, PAIN001_SIZE_MAX);
    buffer_append(&copy, buffer_bytes(out));
    bool found = strstr(buffer_text(&copy), text) != NULL;
    buffer_release(&copy);
    return found;
}

CASE(an_order_says_all_that_the_bank_needs)
{
    struct pain001 message = example();
    struct buffer out;
    write_good(&message, &out);
    static const char *const parts[] = {
        "<MsgId>P12-EUR-grocer-1</MsgId>",
        "<CreDtTm>2026-11-03T10:00:00Z</CreDtTm>",
        "<NbOfTxs>2</NbOfTxs>",
        "<CtrlSum>2360.01</CtrlSum>",
        "<Cd>SEPA</Cd>",
        "<Dt>2026-11-05</Dt>",
        "<IBAN>AT611904300234573201</IBAN>",
        "<BICFI>BKAUATWWXXX</BICFI>",
        "<ChrgBr>SLEV</ChrgBr>",
        "<EndToEndId>P12-EUR-0123456789abcdef01</EndToEndId>",
        "<InstdAmt Ccy=\"EUR\">1280.00</InstdAmt>",
        "<Nm>Cinema (City) Ltd. 'Lux'</Nm>",
        "<Ustrd>Settlement of period 12, statement P12-cinema</Ustrd>",
        "<Ref>RF18539007547034</Ref>",
    };
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (!has(&out, parts[i])) {
            printf("%s\n", parts[i]);
            CHECK(!"is in the document");
        }
    buffer_release(&out);
}

CASE(the_schema_takes_it)
{
    struct pain001 message = example();
    struct buffer out;
    if (!can_validate())
        return;
    write_good(&message, &out);
    CHECK(validates(buffer_bytes(&out)));
    out.at[out.size / 2] = '<'; /* the check can fail */
    CHECK(!validates(buffer_bytes(&out)));
    buffer_release(&out);
}

/* The most transfers, each as long as can be, and the smallest order that there is. */
CASE(the_largest_and_the_smallest_order_are_valid_too)
{
    static struct pain001_transfer transfers[PAIN001_TRANSFERS_MAX];
    static char names[PAIN001_TRANSFERS_MAX][END_TO_END_SIZE];
    struct payment_account longest = cinema;
    char text[PAIN001_TEXT_MAX + 1];
    memset(longest.holder, 'W', HOLDER_MAX);
    longest.holder[HOLDER_MAX] = 0;
    memset(text, '\'', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    for (size_t i = 0; i < PAIN001_TRANSFERS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "P9999999999-EUR-%018zu", i);
        transfers[i] = (struct pain001_transfer){.to = &longest,
                                                 .amount = {99999999999 * (EURO / 100)},
                                                 .end_to_end = names[i],
                                                 .text = text};
    }
    struct pain001 message = example();
    message.transfers = transfers;
    message.transfer_count = PAIN001_TRANSFERS_MAX;
    struct buffer out;
    write_good(&message, &out);
    CHECK(has(&out, "<CtrlSum>1023999999989.76</CtrlSum>"));
    if (can_validate())
        CHECK(validates(buffer_bytes(&out)));
    buffer_release(&out);
    struct payment_account no_bank = payer;
    no_bank.bic[0] = 0;
    transfers[0].amount.v = EURO / 100;
    message.from = &no_bank;
    message.transfer_count = 1;
    write_good(&message, &out);
    CHECK(has(&out, "<Id>NOTPROVIDED</Id>"));
    CHECK(has(&out, "<InstdAmt Ccy=\"EUR\">0.01</InstdAmt>"));
    if (can_validate())
        CHECK(validates(buffer_bytes(&out)));
    buffer_release(&out);
}

CASE(another_currency_goes_as_a_plain_transfer)
{
    static const struct payment_account turkish = {
        .holder = "Sinema", .iban = "TR330006100519786457841326", .effective_ms = 1};
    struct pain001_transfer transfer = {.to = &turkish,
                                        .amount = {INT64_C(1000000000) * EURO},
                                        .end_to_end = "P12-JPY-0123456789abcdef01",
                                        .text = "Settlement"};
    struct pain001 message = example();
    struct buffer out;
    memcpy(message.currency, "JPY", 4);
    message.minor_digits = 0;
    message.transfers = &transfer;
    message.transfer_count = 1;
    write_good(&message, &out);
    CHECK(!has(&out, "SEPA"));
    CHECK(has(&out, "<ChrgBr>SHAR</ChrgBr>"));
    CHECK(has(&out, "<InstdAmt Ccy=\"JPY\">1000000000</InstdAmt>"));
    if (can_validate())
        CHECK(validates(buffer_bytes(&out)));
    buffer_release(&out);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void check_refused(const struct pain001 *message, enum error_code code, const char *why)
{
    struct buffer out;
    struct error error = {0};
    buffer_init(&out, PAIN001_SIZE_MAX);
    CHECK(!pain001_write(message, &out, &error));
    CHECK_INT(out.size, 0);
    CHECK_INT(error.code, code);
    if (!strstr(error.text, why))
        CHECK_TEXT(error.text, why);
    buffer_release(&out);
}

CASE(a_head_that_a_bank_would_refuse_is_refused)
{
    struct pain001 message = example();
    message.transfer_count = 0;
    check_refused(&message, ERROR_LIMIT, "1 to 1024 transfers, not 0");
    message = example();
    message.message_id = "P12 EUR";
    check_refused(&message, ERROR_INVALID, "message id: has a blank");
    message.message_id = "P12-EUR-012345678901234567890123456789";
    check_refused(&message, ERROR_LIMIT, "message id: has 38 characters, at most 35");
    message = example();
    message.initiator = "B\xc3\xbc"
                        "cher";
    check_refused(&message, ERROR_INVALID, "initiating party: character 2 (\"\xc3\xbc\")");
    message = example();
    message.execution = (struct date){2026, 11, 1};
    check_refused(&message, ERROR_INVALID, "the execution day is over");
    message = example();
    memcpy(message.currency, "eur", 4);
    check_refused(&message, ERROR_INVALID, "currency");
    message = example();
    struct payment_account outside = payer;
    memcpy(outside.iban, "TR330006100519786457841326", 27);
    message.from = &outside;
    check_refused(&message, ERROR_INVALID, "payer: SEPA does not reach the account TR33");
}

static void check_transfer_refused(struct pain001_transfer transfer, enum error_code code,
                                   const char *why)
{
    struct pain001_transfer transfers[] = {example_transfers[0], transfer};
    struct pain001 message = example();
    message.transfers = transfers;
    check_refused(&message, code, why);
}

CASE(a_transfer_that_must_not_be_made_is_refused)
{
    struct pain001_transfer transfer = example_transfers[1];
    transfer.end_to_end = example_transfers[0].end_to_end;
    check_transfer_refused(transfer, ERROR_CONFLICT, "cdef01: two transfers have it");
    transfer = example_transfers[1];
    transfer.amount.v = 0;
    check_transfer_refused(transfer, ERROR_INVALID, "transfer 2: 0.00 is no amount");
    transfer.amount.v = -EURO;
    check_transfer_refused(transfer, ERROR_INVALID, "transfer 2: -1.00 is no amount");
    transfer.amount.v = EURO / 1000;
    check_transfer_refused(transfer, ERROR_INVALID, "transfer 2: 0.001 EUR is finer");
    transfer.amount.v = INT64_C(1000000000) * EURO;
    check_transfer_refused(transfer, ERROR_LIMIT, "transfer 2: 1000000000.00 EUR is more");
    transfer = example_transfers[1];
    transfer.text = "a_b";
    transfer.reference = NULL;
    check_transfer_refused(transfer, ERROR_INVALID, "remittance text: character 2 (\"_\")");
    transfer = example_transfers[1];
    transfer.reference = "RF19539007547034";
    check_transfer_refused(transfer, ERROR_INVALID, "transfer 2: reference RF19539007547034");
    transfer.reference = "RF18 5390 0754 7034";
    check_transfer_refused(transfer, ERROR_INVALID,
                           "transfer 2: creditor reference: without blanks it is RF18539007547034");
}

CASE(money_goes_to_effective_accounts_only)
{
    struct payment_account account = operator_account;
    struct pain001_transfer transfer = example_transfers[1];
    transfer.to = &account;
    account.effective_ms = 0;
    check_transfer_refused(transfer, ERROR_DENIED, "NL91ABNA0417164300 is not effective yet");
    account.effective_ms = CREATED_MS + 1;
    check_transfer_refused(transfer, ERROR_DENIED, "NL91ABNA0417164300 is not effective yet");
    account.effective_ms = 1;
    memcpy(account.iban, payer.iban, IBAN_SIZE);
    check_transfer_refused(transfer, ERROR_INVALID, "is the payer's own account");
    memcpy(account.iban, "TR330006100519786457841326", 27);
    check_transfer_refused(transfer, ERROR_INVALID, "transfer 2: SEPA does not reach");
    memcpy(account.iban, "NL92ABNA0417164300", 19);
    check_transfer_refused(transfer, ERROR_INVALID, "transfer 2: IBAN NL92ABNA0417164300");
}

int main(void)
{
    RUN(an_order_says_all_that_the_bank_needs);
    RUN(the_schema_takes_it);
    RUN(the_largest_and_the_smallest_order_are_valid_too);
    RUN(another_currency_goes_as_a_plain_transfer);
    RUN(a_head_that_a_bank_would_refuse_is_refused);
    RUN(a_transfer_that_must_not_be_made_is_refused);
    RUN(money_goes_to_effective_accounts_only);
    return check_report();
}
