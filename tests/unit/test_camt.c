// links: partners
/* Bank statements read and payments confirmed by them; everything that does not fit is named. */
#include "check.h"
#include "partners/camt.h"
#include "partners/confirm.h"

#include <dirent.h>
#include <sys/stat.h>

#define SAMPLES ACCRUE_SHARED "/vectors/iso20022/samples-camt"
#define OWN     "DE89370400440532013000"
#define PAYER   "AT611904300234573201"
#define KRONOR  "SE4550000000058398257466"
#define CENT    INT64_C(100000000)

static const char *const own[] = {OWN, KRONOR}, *const payer[] = {PAYER};

/* ---- files --------------------------------------------------------------------------------- */

static bool load(const char *name, struct buffer *out)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", SAMPLES, name);
    FILE *file = fopen(path, "r");
    uint8_t piece[4096];
    if (!file)
        return false;
    for (size_t size; (size = fread(piece, 1, sizeof(piece), file)) > 0;)
        buffer_append(out, bytes_of(piece, size));
    REQUIRE(fclose(file) == 0);
    return true;
}

static bool read_sample(const char *name, struct camt *camt, struct error *error)
{
    struct buffer file;
    buffer_init(&file, 1 << 20);
    if (!load(name, &file)) {
        printf("skipped: no %s/%s\n", SAMPLES, name);
        exit(CHECK_SKIPPED);
    }
    bool good = camt_read(buffer_bytes(&file), camt, error);
    buffer_release(&file);
    return good;
}

CASE(published_samples_are_read)
{
    static const struct {
        const char *name;
        enum camt_kind kind;
        size_t statements, entries;
        const char *account, *end_to_end;
    } samples[] = {
        {"camt053.v2.minimal.xml", CAMT_STATEMENT, 1, 1, "NL26VAYB8060476890", ""},
        {"camt053.v2.multi.statement.xml", CAMT_STATEMENT, 2, 2, "NL26VAYB8060476890", "000000001"},
        {"camt053.v2.five.decimals.xml", CAMT_STATEMENT, 1, 1, "NL26VAYB8060476890", "000000001"},
        {"camt053.v3.xml", CAMT_STATEMENT, 1, 1, "NL26VAYB8060476890", ""},
        {"camt053.v4.xml", CAMT_STATEMENT, 1, 1, "NL26VAYB8060476890", ""},
        {"camt053.v8.xml", CAMT_STATEMENT, 1, 1, "NL26VAYB8060476890", "MUELL/FINP/RA12345"},
        {"camt054.v8.xml", CAMT_NOTIFICATION, 1, 3, "CH2801234000123456789",
         "UXC06170000006PI00001EE00001"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        struct camt camt;
        struct error error;
        if (!read_sample(samples[i].name, &camt, &error)) {
            printf("%s: %s\n", samples[i].name, error.text);
            CHECK(!"is read");
            continue;
        }
        CHECK_INT(camt.kind, samples[i].kind);
        CHECK_INT(camt.statement_count, samples[i].statements);
        CHECK_INT(camt.entry_count, samples[i].entries);
        CHECK_TEXT(camt.statements[0].account, samples[i].account);
        CHECK_TEXT(camt.entries[0].end_to_end, samples[i].end_to_end);
        CHECK(camt.entries[0].booked);
        camt_release(&camt);
    }
}

/* All that is there, and only the one that is wrong on purpose is not read. */
CASE(every_sample_but_the_wrong_one_is_read)
{
    DIR *folder = opendir(SAMPLES);
    size_t count = 0;
    if (!folder) {
        printf("skipped: no %s\n", SAMPLES);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct camt camt;
        struct error error;
        if (entry->d_name[0] == '.')
            continue;
        bool good = read_sample(entry->d_name, &camt, &error);
        if (good == (strstr(entry->d_name, "wrong") != NULL))
            printf("%s: %s\n", entry->d_name, good ? "was read" : error.text);
        CHECK(good == (strstr(entry->d_name, "wrong") == NULL));
        if (good)
            camt_release(&camt);
        count++;
    }
    CHECK_INT(count, 15);
    REQUIRE(closedir(folder) == 0);
}

CASE(a_notifications_amounts_and_accounts_are_its_own)
{
    struct camt camt;
    REQUIRE(read_sample("camt054.v8.xml", &camt, NULL));
    CHECK_TEXT(camt.entries[0].currency, "CHF");
    CHECK_INT(camt.entries[0].amount.v, 310 * CENT);
    CHECK_INT(camt.entries[1].amount.v, 320 * CENT);
    CHECK(camt.entries[0].amount_clear);
    CHECK_TEXT(camt.entries[0].debtor_account, "CH2801234000123456789");
    CHECK_TEXT(camt.entries[0].creditor_account, "CH4112345003131313131");
    CHECK_TEXT(camt.entries[0].reference, "ACSR160617103200001");
    CHECK_TEXT(camt.entries[0].booked_on, "2007-10-18");
    camt_release(&camt);
}

/* ---- documents made here ------------------------------------------------------------------- */

struct document {
    struct buffer text;
};

static void begin(struct document *document, const char *account)
{
    buffer_init(&document->text, 64 << 20);
    buffer_printf(&document->text,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">\n"
                  "<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>\n"
                  "<Stmt><Id>S1</Id><Acct><Id><IBAN>%s</IBAN></Id></Acct>\n",
                  account);
}

struct booking {
    const char *amount, *currency, *direction, *status, *end_to_end, *reference, *debtor, *more;
    const char *detail; /* the transaction's reference; NULL: none */
};
static const struct booking good = {.amount = "1280.00",
                                    .currency = "EUR",
                                    .direction = "CRDT",
                                    .status = "BOOK",
                                    .end_to_end = "P12-EUR-0123456789abcdef01",
                                    .reference = "B1",
                                    .debtor = PAYER,
                                    .more = ""};

static void book(struct document *document, struct booking booking)
{
    buffer_printf(&document->text,
                  "<Ntry><Amt Ccy=\"%s\">%s</Amt><CdtDbtInd>%s</CdtDbtInd>%s\n"
                  "<Sts><Cd>%s</Cd></Sts><BookgDt><Dt>2026-11-05</Dt></BookgDt>",
                  booking.currency, booking.amount, booking.direction, booking.more,
                  booking.status);
    if (booking.reference[0])
        buffer_printf(&document->text, "<AcctSvcrRef>%s</AcctSvcrRef>", booking.reference);
    buffer_append_text(&document->text, "<NtryDtls><TxDtls><Refs>");
    if (booking.detail)
        buffer_printf(&document->text, "<AcctSvcrRef>%s</AcctSvcrRef>", booking.detail);
    buffer_printf(&document->text,
                  "<EndToEndId>%s</EndToEndId></Refs>"
                  "<RltdPties><DbtrAcct><Id><IBAN>%s</IBAN></Id></DbtrAcct></RltdPties>"
                  "</TxDtls></NtryDtls></Ntry>\n",
                  booking.end_to_end, booking.debtor);
}

static bool finish(struct document *document, struct camt *camt, struct error *error)
{
    buffer_append_text(&document->text, "</Stmt></BkToCstmrStmt></Document>\n");
    bool read = camt_read(buffer_bytes(&document->text), camt, error);
    buffer_release(&document->text);
    return read;
}

static struct expected_payment expected(void)
{
    return (struct expected_payment){.end_to_end = "P12-EUR-0123456789abcdef01",
                                     .currency = "EUR",
                                     .amount = {128000 * CENT},
                                     .debtor_account = PAYER,
                                     .creditor_account = OWN};
}

/* Confirms one payment by these bookings and checks each one's code. */
static void check_codes_of(enum camt_kind kind, const struct booking *bookings, size_t count,
                           struct expected_payment *payment, const enum confirm_code *codes)
{
    struct document document;
    struct camt camt;
    struct confirm_finding findings[8];
    struct error error;
    begin(&document, OWN);
    for (size_t i = 0; i < count; i++)
        book(&document, bookings[i]);
    if (!finish(&document, &camt, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
    REQUIRE(camt.entry_count == count);
    camt.kind = kind;
    REQUIRE(confirm_payments(&camt, own, 1, payment, 1, findings, &error));
    for (size_t i = 0; i < count; i++)
        CHECK_TEXT(confirm_word(findings[i].code), confirm_word(codes[i]));
    camt_release(&camt);
}

static void check_codes(const struct booking *bookings, size_t count,
                        struct expected_payment *payment, const enum confirm_code *codes)
{
    check_codes_of(CAMT_STATEMENT, bookings, count, payment, codes);
}

static void check_one(struct booking booking, enum confirm_code code)
{
    struct expected_payment payment = expected();
    check_codes(&booking, 1, &payment, &code);
    CHECK_INT(payment.received.v, code == CONFIRM_WHOLE ? 128000 * CENT : 0);
}

CASE(the_exact_amount_confirms)
{
    check_one(good, CONFIRM_WHOLE);
    struct booking booking = good;
    booking.amount = "1280.00000";
    check_one(booking, CONFIRM_WHOLE);
    booking.amount = "01280";
    check_one(booking, CONFIRM_WHOLE);
}

CASE(what_does_not_fit_is_named_and_counts_nothing)
{
    struct booking booking = good;
    booking.amount = "1280.01";
    check_one(booking, CONFIRM_WRONG_AMOUNT);
    booking.amount = "0";
    check_one(booking, CONFIRM_WRONG_AMOUNT);
    booking = good;
    booking.currency = "CHF";
    check_one(booking, CONFIRM_WRONG_CURRENCY);
    booking = good;
    booking.direction = "DBIT";
    check_one(booking, CONFIRM_RETURNED);
    booking = good;
    booking.more = "<RvslInd>true</RvslInd>";
    check_one(booking, CONFIRM_RETURNED);
    booking.more = "<RvslInd>false</RvslInd>";
    check_one(booking, CONFIRM_WHOLE);
    booking = good;
    booking.status = "PDNG";
    check_one(booking, CONFIRM_PENDING);
    booking.status = "INFO";
    check_one(booking, CONFIRM_PENDING);
    booking = good;
    booking.debtor = "NL91ABNA0417164300";
    check_one(booking, CONFIRM_WRONG_ACCOUNT);
    booking = good;
    booking.end_to_end = "P12-EUR-0123456789abcdef99";
    check_one(booking, CONFIRM_UNKNOWN);
    booking.debtor = "NL91ABNA0417164300";
    booking.end_to_end = "RENT-NOVEMBER";
    check_one(booking, CONFIRM_OTHER);
    booking.end_to_end = "NOTPROVIDED";
    check_one(booking, CONFIRM_OTHER);
}

/* Whoever still has to pay may have left the reference out, or mistyped it: nobody guesses, and
 * somebody looks. */
CASE(money_of_a_payer_without_a_reference_is_told)
{
    struct booking booking = good, both[2] = {good, good};
    struct expected_payment payment = expected();
    static const enum confirm_code paid[] = {CONFIRM_OTHER, CONFIRM_WHOLE};
    booking.end_to_end = "NOTPROVIDED";
    check_one(booking, CONFIRM_UNNAMED);
    booking.end_to_end = "RENT-NOVEMBER";
    check_one(booking, CONFIRM_UNNAMED);
    booking.direction = "DBIT";
    check_one(booking, CONFIRM_OTHER);
    both[0].end_to_end = "RENT-NOVEMBER"; /* and the payment has come after it */
    check_codes(both, 2, &payment, paid);
    payment = expected();
    payment.is_void = true;
    booking.direction = good.direction;
    check_codes(&booking, 1, &payment, (enum confirm_code[]){CONFIRM_OTHER});
    payment = expected();
    payment.confirmed = true;
    check_codes(&booking, 1, &payment, (enum confirm_code[]){CONFIRM_OTHER});
}

/* Since a default: told, whatever else is right or wrong about it. */
CASE(money_for_a_void_payment_confirms_nothing)
{
    struct booking more = good, back = good;
    more.amount = "9999.00";
    back.direction = "DBIT";
    const struct booking bookings[] = {good, more, back};
    const enum confirm_code codes[] = {CONFIRM_VOID, CONFIRM_VOID, CONFIRM_VOID};
    struct expected_payment payment = expected();
    payment.is_void = true;
    check_codes(bookings, ARRAY_SIZE(bookings), &payment, codes);
    CHECK_INT(payment.received.v, 0);
    CHECK_INT(payment.part_count, 0);
}

CASE(parts_count_once_each_and_complete_a_payment_exactly)
{
    struct booking parts[] = {good, good, good, good};
    struct expected_payment payment = expected();
    parts[0].amount = "1000";
    parts[1].amount = "1000"; /* the same booking, once more */
    parts[2].amount = "280.00";
    parts[2].reference = "B2";
    parts[3].amount = "0.01";
    parts[3].reference = "B3";
    check_codes(
        parts, 4, &payment,
        (enum confirm_code[]){CONFIRM_PARTIAL, CONFIRM_REPEATED, CONFIRM_WHOLE, CONFIRM_TWICE});
    CHECK_INT(payment.received.v, 128000 * CENT);
    CHECK_INT(payment.part_count, 2);
}

CASE(a_part_too_many_is_a_wrong_amount)
{
    struct booking parts[] = {good, good};
    struct expected_payment payment = expected();
    parts[0].amount = "1000";
    parts[1].amount = "280.01";
    parts[1].reference = "B2";
    check_codes(parts, 2, &payment, (enum confirm_code[]){CONFIRM_PARTIAL, CONFIRM_WRONG_AMOUNT});
    CHECK_INT(payment.received.v, 100000 * CENT);
}

/* Two bookings that the bank does not tell apart are never added up. */
CASE(without_the_banks_reference_a_second_booking_counts_nothing)
{
    struct booking parts[] = {good, good};
    struct expected_payment payment = expected();
    parts[0].amount = parts[1].amount = "640";
    parts[1].reference = "";
    check_codes(parts, 2, &payment, (enum confirm_code[]){CONFIRM_PARTIAL, CONFIRM_INDISTINCT});
    payment = expected();
    parts[0].reference = "";
    parts[1].reference = "B2";
    check_codes(parts, 2, &payment, (enum confirm_code[]){CONFIRM_PARTIAL, CONFIRM_INDISTINCT});
}

/* One booking in a notification and in the statement, of half the payment, with the references that
 * a bank gives in each; and two bookings of one kind. */
CASE(a_booking_seen_in_both_kinds_of_file_counts_once)
{
    static const struct {
        const char *entry[2], *detail[2];
        enum camt_kind second;
        enum confirm_code code;
    } rows[] = {
        {{"B7", "B7"}, {"D1", NULL}, CAMT_STATEMENT, CONFIRM_REPEATED},
        {{"B7", "B7"}, {NULL, "D1"}, CAMT_STATEMENT, CONFIRM_REPEATED},
        {{"", "B7"}, {"D1", "D1"}, CAMT_STATEMENT, CONFIRM_REPEATED},
        {{"B7", "B7"}, {"D1", "D1"}, CAMT_STATEMENT, CONFIRM_REPEATED},
        {{"B7", ""}, {NULL, "D1"}, CAMT_STATEMENT, CONFIRM_INDISTINCT},
        {{"B7", "B7"}, {"D1", "D2"}, CAMT_STATEMENT, CONFIRM_INDISTINCT},
        {{"B7", "B8"}, {"D1", "D1"}, CAMT_STATEMENT, CONFIRM_INDISTINCT},
        {{"B7", "B8"}, {"D1", "D2"}, CAMT_STATEMENT, CONFIRM_UNCLEAR},
        {{"B7", "B8"}, {NULL, NULL}, CAMT_STATEMENT, CONFIRM_UNCLEAR},
        {{"B7", "B7"}, {"D1", "D1"}, CAMT_NOTIFICATION, CONFIRM_REPEATED},
        {{"B7", "B7"}, {"D1", NULL}, CAMT_NOTIFICATION, CONFIRM_INDISTINCT},
        {{"B7", "B7"}, {"D1", "D2"}, CAMT_NOTIFICATION, CONFIRM_INDISTINCT},
        {{"B7", "B8"}, {"D1", NULL}, CAMT_NOTIFICATION, CONFIRM_WHOLE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct expected_payment payment = expected();
        struct booking halves[] = {good, good};
        for (size_t k = 0; k < 2; k++) {
            halves[k].amount = "640";
            halves[k].reference = rows[i].entry[k];
            halves[k].detail = rows[i].detail[k];
        }
        check_codes_of(CAMT_NOTIFICATION, &halves[0], 1, &payment,
                       (enum confirm_code[]){CONFIRM_PARTIAL});
        check_codes_of(rows[i].second, &halves[1], 1, &payment, &rows[i].code);
        CHECK_INT(payment.received.v, (rows[i].code == CONFIRM_WHOLE ? 128000 : 64000) * CENT);
    }
}

/* Of a payment that a person confirmed nobody kept the booking. */
CASE(any_booking_passes_for_that_of_a_payment_that_is_confirmed)
{
    struct expected_payment payment = expected();
    payment.confirmed = true;
    payment.received = payment.amount;
    check_codes(&good, 1, &payment, (enum confirm_code[]){CONFIRM_REPEATED});
}

/* ---- what went back ------------------------------------------------------------------------ */

static struct booking went_back(void)
{
    struct booking back = good;
    back.direction = "DBIT";
    back.more = "<RvslInd>true</RvslInd>";
    back.reference = "B9";
    return back;
}

CASE(what_went_back_in_the_file_confirms_nothing)
{
    struct booking bookings[] = {good, went_back()};
    struct expected_payment payment = expected();
    check_codes(bookings, 2, &payment, (enum confirm_code[]){CONFIRM_UNCLEAR, CONFIRM_RETURNED});
    CHECK(payment.returned);
    bookings[0] = went_back();
    bookings[1] = good;
    payment = expected();
    check_codes(bookings, 2, &payment, (enum confirm_code[]){CONFIRM_RETURNED, CONFIRM_UNCLEAR});
    /* Banks may name the accounts of what goes back the other way round. */
    bookings[0].debtor = OWN;
    payment = expected();
    check_codes(bookings, 2, &payment, (enum confirm_code[]){CONFIRM_RETURNED, CONFIRM_UNCLEAR});
    /* What is not booked has not gone. */
    bookings[0].status = "PDNG";
    payment = expected();
    check_codes(bookings, 2, &payment, (enum confirm_code[]){CONFIRM_RETURNED, CONFIRM_WHOLE});
}

CASE(what_went_back_between_two_parts_is_no_part)
{
    struct expected_payment payment = expected();
    struct booking first = good, back = went_back(), last = good;
    first.amount = back.amount = "1000";
    last.amount = "280";
    last.reference = "B2";
    check_codes(&first, 1, &payment, (enum confirm_code[]){CONFIRM_PARTIAL});
    check_codes(&back, 1, &payment, (enum confirm_code[]){CONFIRM_RETURNED});
    check_codes(&last, 1, &payment, (enum confirm_code[]){CONFIRM_UNCLEAR});
    CHECK_INT(payment.received.v, 100000 * CENT);
}

/* The account in force need not be the one that paid. */
CASE(an_earlier_account_of_the_debtor_is_no_mistake)
{
    struct booking booking = good;
    struct expected_payment payment = expected();
    booking.debtor = "NL91ABNA0417164300";
    payment.debtor_changed = true;
    check_codes(&booking, 1, &payment, (enum confirm_code[]){CONFIRM_WHOLE});
}

CASE(the_same_file_twice_confirms_once)
{
    struct expected_payment payment = expected();
    check_codes(&good, 1, &payment, (enum confirm_code[]){CONFIRM_WHOLE});
    check_codes(&good, 1, &payment, (enum confirm_code[]){CONFIRM_REPEATED});
    struct booking again = good;
    again.reference = "B7";
    check_codes(&again, 1, &payment, (enum confirm_code[]){CONFIRM_TWICE});
    CHECK_INT(payment.received.v, 128000 * CENT);
}

CASE(more_parts_than_are_kept_are_unclear)
{
    struct expected_payment payment = expected();
    for (int i = 0; i < CONFIRM_PARTS_MAX; i++) {
        char reference[8];
        struct booking part = good;
        snprintf(reference, sizeof(reference), "R%d", i);
        part.reference = reference;
        part.amount = "1";
        check_codes(&part, 1, &payment, (enum confirm_code[]){CONFIRM_PARTIAL});
    }
    struct booking last = good;
    last.amount = "1272";
    last.reference = "LAST";
    check_codes(&last, 1, &payment, (enum confirm_code[]){CONFIRM_UNCLEAR});
}

/* The payer's bank says the same from the other side. */
CASE(the_debtors_statement_confirms_what_went_out)
{
    struct document document;
    struct camt camt;
    struct confirm_finding finding;
    struct expected_payment payment = expected();
    struct booking booking = good;
    booking.direction = "DBIT";
    begin(&document, PAYER);
    book(&document, booking);
    REQUIRE(finish(&document, &camt, NULL));
    REQUIRE(confirm_payments(&camt, payer, 1, &payment, 1, &finding, NULL));
    CHECK_TEXT(confirm_word(finding.code), "confirmed");
    camt_release(&camt);
}

/* One file for two accounts of the same owner, one a currency: each payment belongs on its own. */
CASE(a_payment_is_confirmed_on_the_account_of_its_currency_alone)
{
    static const struct {
        const char *account, *currency;
        enum confirm_code code;
    } rows[] = {{KRONOR, "SEK", CONFIRM_WHOLE},
                {OWN, "SEK", CONFIRM_WRONG_ACCOUNT},
                {KRONOR, "EUR", CONFIRM_WRONG_CURRENCY}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct document document;
        struct camt camt;
        struct confirm_finding finding;
        struct expected_payment payment = expected();
        struct booking booking = good;
        booking.currency = rows[i].currency;
        memcpy(payment.currency, "SEK", CURRENCY_SIZE);
        memcpy(payment.creditor_account, KRONOR, sizeof(KRONOR));
        begin(&document, rows[i].account);
        book(&document, booking);
        REQUIRE(finish(&document, &camt, NULL));
        REQUIRE(confirm_payments(&camt, own, 2, &payment, 1, &finding, NULL));
        CHECK_TEXT(confirm_word(finding.code), confirm_word(rows[i].code));
        CHECK_INT(payment.received.v, i == 0 ? 128000 * CENT : 0);
        camt_release(&camt);
    }
}

CASE(a_statement_for_another_account_is_refused)
{
    struct document document;
    struct camt camt;
    struct confirm_finding finding;
    struct expected_payment payment = expected();
    struct error error;
    begin(&document, "NL91ABNA0417164300");
    book(&document, good);
    REQUIRE(finish(&document, &camt, NULL));
    CHECK(!confirm_payments(&camt, own, 1, &payment, 1, &finding, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    CHECK(strstr(error.text, "NL91ABNA0417164300"));
    /* In the same file as the right one, its entries are in the wrong account. */
    camt.statements =
        array_grow(camt.statements, &camt.statement_capacity, 2, sizeof(*camt.statements));
    snprintf(camt.statements[camt.statement_count++].account, CAMT_TEXT_SIZE, OWN);
    CHECK(confirm_payments(&camt, own, 1, &payment, 1, &finding, &error));
    CHECK_TEXT(confirm_word(finding.code), "wrong-account");
    camt_release(&camt);
}

/* ---- details of an entry ------------------------------------------------------------------- */

static bool read_details(const char *details, struct camt *camt)
{
    struct document document;
    begin(&document, OWN);
    buffer_printf(&document.text,
                  "<Ntry><Amt Ccy=\"EUR\">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
                  "<Sts>BOOK</Sts>%s</Ntry>",
                  details);
    return finish(&document, camt, NULL);
}

#define TX(id, rest) "<TxDtls><Refs><EndToEndId>" id "</EndToEndId></Refs>" rest "</TxDtls>"

CASE(an_entrys_amount_goes_to_its_only_detail)
{
    struct camt camt;
    REQUIRE(read_details("", &camt));
    CHECK_INT(camt.entry_count, 1);
    CHECK(camt.entries[0].amount_clear && camt.entries[0].booked);
    CHECK_INT(camt.entries[0].amount.v, 10000 * CENT);
    camt_release(&camt);
    REQUIRE(read_details("<NtryDtls>" TX("A", "") "</NtryDtls>", &camt));
    CHECK(camt.entries[0].amount_clear);
    CHECK_INT(camt.entries[0].amount.v, 10000 * CENT);
    camt_release(&camt);
}

CASE(an_amount_that_may_belong_to_several_is_nobodys)
{
    struct camt camt;
    REQUIRE(read_details("<NtryDtls>" TX("A", "") TX("B", "") "</NtryDtls>", &camt));
    CHECK(!camt.entries[0].amount_clear && !camt.entries[1].amount_clear);
    camt_release(&camt);
    REQUIRE(read_details("<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>" TX("A", "") "</NtryDtls>",
                         &camt));
    CHECK(!camt.entries[0].amount_clear);
    camt_release(&camt);
    REQUIRE(read_details("<NtryDtls>" TX("A", "<Amt Ccy=\"EUR\">60</Amt>")
                             TX("B", "<Amt Ccy=\"EUR\">40</Amt>") "</NtryDtls>",
                         &camt));
    CHECK(camt.entries[0].amount_clear && camt.entries[1].amount_clear);
    CHECK_INT(camt.entries[1].amount.v, 4000 * CENT);
    camt_release(&camt);
    /* Details that come to more than the entry contradict it. */
    REQUIRE(read_details("<NtryDtls>" TX("A", "<Amt Ccy=\"EUR\">60</Amt>")
                             TX("B", "<Amt Ccy=\"EUR\">40.01</Amt>") "</NtryDtls>",
                         &camt));
    CHECK(!camt.entries[0].amount_clear && !camt.entries[1].amount_clear);
    camt_release(&camt);
    /* Also where the other one does not say how much it is. */
    REQUIRE(read_details(
        "<NtryDtls>" TX("A", "<Amt Ccy=\"EUR\">1000</Amt>") TX("B", "") "</NtryDtls>", &camt));
    CHECK(!camt.entries[0].amount_clear && !camt.entries[1].amount_clear);
    camt_release(&camt);
}

CASE(a_return_is_seen_by_its_reason)
{
    struct camt camt;
    REQUIRE(read_details(
        "<NtryDtls>" TX("A", "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>") "</NtryDtls>", &camt));
    CHECK(camt.entries[0].returned);
    camt_release(&camt);
}

/* ---- hostile files ------------------------------------------------------------------------- */

static void check_refused(const char *text, size_t size, const char *why)
{
    struct camt camt = {.kind = CAMT_STATEMENT};
    struct error error = {0};
    CHECK(!camt_read(bytes_of(text, size), &camt, &error));
    CHECK(camt.entries == NULL);
    if (!strstr(error.text, why))
        CHECK_TEXT(error.text, why);
}

#define HEAD                                                                                       \
    "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><Stmt>"
#define ACCOUNT "<Acct><Id><IBAN>" OWN "</IBAN></Id></Acct>"
#define TAIL    "</Stmt></BkToCstmrStmt></Document>"
#define AMOUNT  "<Amt Ccy=\"EUR\">1</Amt>"
#define CREDIT  "<CdtDbtInd>CRDT</CdtDbtInd>"

CASE(entities_are_refused_before_they_mean_anything)
{
    static const char bomb[] =
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">"
        "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]>" HEAD ACCOUNT "<Id>&b;</Id>" TAIL;
    static const char file[] =
        "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>" HEAD ACCOUNT TAIL;
    static const char outside[] =
        "<!DOCTYPE x SYSTEM \"http://127.0.0.1/x.dtd\">" HEAD ACCOUNT TAIL;
    check_refused(bomb, sizeof(bomb) - 1, "document type");
    check_refused(file, sizeof(file) - 1, "document type");
    check_refused(outside, sizeof(outside) - 1, "document type");
}

CASE(malformed_files_are_refused_with_the_line)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "not XML"},
        {"<Document", "not XML"},
        {HEAD ACCOUNT, "not XML"},
        {HEAD ACCOUNT TAIL "<x/>", "not XML"},
        {"<Document/>", "neither a camt.053"},
        {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"/>", "neither a camt"},
        {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.14\"/>", "versions 02"},
        {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.01\"/>", "versions 02"},
        {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\"><BkToCstmrStmt/>"
         "</Document>",
         "BkToCstmrStmt: not the message"},
        {"<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt/>"
         "</Document>",
         "has no statement"},
        {HEAD TAIL, "needs an account"},
        {HEAD ACCOUNT ACCOUNT TAIL, "stands twice"},
        {HEAD "<Acct><Id><IBAN>A</IBAN><Othr><Id>B</Id></Othr></Id></Acct>" TAIL,
         "a second account"},
        {HEAD ACCOUNT "<Ntry>" AMOUNT "</Ntry>" TAIL, "an amount and a direction"},
        {HEAD ACCOUNT "<Ntry>" CREDIT "</Ntry>" TAIL, "an amount and a direction"},
        {HEAD ACCOUNT "<Ntry>" AMOUNT AMOUNT CREDIT "</Ntry>" TAIL, "Stmt/Ntry/Amt: stands twice"},
        {HEAD ACCOUNT "<Ntry>" AMOUNT "<NtryDtls><TxDtls/></NtryDtls>" CREDIT "</Ntry>" TAIL,
         "before its details"},
        {HEAD ACCOUNT "<Ntry><Amt>1</Amt>" CREDIT "</Ntry>" TAIL, "names its currency"},
        {HEAD ACCOUNT "<Ntry><Amt Ccy=\"eur\">1</Amt>" CREDIT "</Ntry>" TAIL, "names its currency"},
        {HEAD ACCOUNT "<Ntry><Amt Ccy=\"EUR\"></Amt>" CREDIT "</Ntry>" TAIL, "not an amount"},
        {HEAD ACCOUNT "<Ntry><Amt Ccy=\"EUR\">-1</Amt>" CREDIT "</Ntry>" TAIL, "not an amount"},
        {HEAD ACCOUNT "<Ntry><Amt Ccy=\"EUR\">1.</Amt>" CREDIT "</Ntry>" TAIL, "not an amount"},
        {HEAD ACCOUNT "<Ntry><Amt Ccy=\"EUR\">1,5</Amt>" CREDIT "</Ntry>" TAIL, "not an amount"},
        {HEAD ACCOUNT "<Ntry><Amt Ccy=\"EUR\">1.2.3</Amt>" CREDIT "</Ntry>" TAIL, "not an amount"},
        {HEAD ACCOUNT "<Ntry><Amt Ccy=\"EUR\">1e9</Amt>" CREDIT "</Ntry>" TAIL, "not an amount"},
        {HEAD ACCOUNT "<Ntry><Amt Ccy=\"EUR\">1.123456</Amt>" CREDIT "</Ntry>" TAIL, "not an am"},
        {HEAD ACCOUNT "<Ntry><Amt Ccy=\"EUR\">1234567890123456789</Amt>" CREDIT "</Ntry>" TAIL,
         "not an amount"},
        {HEAD ACCOUNT "<Ntry>" AMOUNT "<CdtDbtInd>C</CdtDbtInd></Ntry>" TAIL, "neither CRDT"},
        {HEAD ACCOUNT "<Ntry>" AMOUNT CREDIT "<BookgDt><Dt>2026-02-30</Dt></BookgDt></Ntry>" TAIL,
         "not a day"},
        {HEAD ACCOUNT "<Ntry>" AMOUNT CREDIT "<AcctSvcrRef>a<x/>b</AcctSvcrRef></Ntry>" TAIL,
         "text beside elements"},
        {HEAD ACCOUNT "<Ntry>" AMOUNT CREDIT "<AcctSvcrRef><x/>b</AcctSvcrRef></Ntry>" TAIL,
         "text beside elements"},
        {"\n\n\n" HEAD "<Ntry>", "line 4"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        check_refused(cases[i].text, strlen(cases[i].text), cases[i].why);
}

CASE(too_deep_too_long_and_too_many_are_refused)
{
    struct buffer text;
    buffer_init(&text, CAMT_SIZE_MAX + 2);
    buffer_append_text(&text, HEAD ACCOUNT);
    for (int i = 0; i < 100000; i++)
        buffer_append_text(&text, "<a>");
    check_refused(buffer_text(&text), text.size, "nest too deep");
    buffer_clear(&text);
    buffer_append_text(&text, HEAD "<Acct><Id><IBAN>");
    for (int i = 0; i < CAMT_TEXT_SIZE; i++)
        buffer_append_byte(&text, 'A');
    buffer_append_text(&text, "</IBAN></Id></Acct>" TAIL);
    check_refused(buffer_text(&text), text.size, "Stmt/Acct/Id/IBAN: is too long");
    buffer_clear(&text);
    buffer_append_text(&text, HEAD ACCOUNT "<");
    for (int i = 0; i < CAMT_PATH_MAX; i++)
        buffer_append_byte(&text, 'A');
    buffer_append_text(&text, "/>" TAIL);
    check_refused(buffer_text(&text), text.size, "names are too long");
    buffer_clear(&text);
    buffer_append_text(&text, HEAD ACCOUNT);
    for (int i = 0; i <= CAMT_ENTRIES_MAX; i++)
        buffer_append_text(&text, "<Ntry>" AMOUNT CREDIT "</Ntry>");
    buffer_append_text(&text, TAIL);
    check_refused(buffer_text(&text), text.size, "too many entries");
    buffer_clear(&text);
    buffer_append_text(&text, HEAD ACCOUNT);
    for (int i = 0; i < CAMT_STATEMENTS_MAX; i++)
        buffer_append_text(&text, "</Stmt><Stmt>" ACCOUNT);
    buffer_append_text(&text, TAIL);
    check_refused(buffer_text(&text), text.size, "too many statements");
    memset(buffer_extend(&text, CAMT_SIZE_MAX + 1 - text.size), ' ', CAMT_SIZE_MAX + 1 - text.size);
    check_refused((const char *)text.at, CAMT_SIZE_MAX + 1, "larger than 64 MiB");
    buffer_release(&text);
}

/* Elements of another namespace say nothing, whatever they are called. */
CASE(other_namespaces_are_passed_over)
{
    static const char text[] = HEAD ACCOUNT
        "<Ntry>" AMOUNT CREDIT "<x:Amt xmlns:x=\"urn:x\" Ccy=\"EUR\">2 <x:y>3</x:y> 4</x:Amt>"
        "<AcctSvcrRef>R1</AcctSvcrRef></Ntry>" TAIL;
    struct camt camt;
    REQUIRE(camt_read(bytes_text(text), &camt, NULL));
    REQUIRE(camt.entry_count == 1);
    CHECK_INT(camt.entries[0].amount.v, 100 * CENT);
    CHECK_TEXT(camt.entries[0].reference, "R1");
    camt_release(&camt);
}

int main(void)
{
    RUN(published_samples_are_read);
    RUN(every_sample_but_the_wrong_one_is_read);
    RUN(a_notifications_amounts_and_accounts_are_its_own);
    RUN(the_exact_amount_confirms);
    RUN(what_does_not_fit_is_named_and_counts_nothing);
    RUN(money_of_a_payer_without_a_reference_is_told);
    RUN(money_for_a_void_payment_confirms_nothing);
    RUN(parts_count_once_each_and_complete_a_payment_exactly);
    RUN(a_part_too_many_is_a_wrong_amount);
    RUN(without_the_banks_reference_a_second_booking_counts_nothing);
    RUN(a_booking_seen_in_both_kinds_of_file_counts_once);
    RUN(any_booking_passes_for_that_of_a_payment_that_is_confirmed);
    RUN(what_went_back_in_the_file_confirms_nothing);
    RUN(what_went_back_between_two_parts_is_no_part);
    RUN(an_earlier_account_of_the_debtor_is_no_mistake);
    RUN(the_same_file_twice_confirms_once);
    RUN(more_parts_than_are_kept_are_unclear);
    RUN(the_debtors_statement_confirms_what_went_out);
    RUN(a_payment_is_confirmed_on_the_account_of_its_currency_alone);
    RUN(a_statement_for_another_account_is_refused);
    RUN(an_entrys_amount_goes_to_its_only_detail);
    RUN(an_amount_that_may_belong_to_several_is_nobodys);
    RUN(a_return_is_seen_by_its_reason);
    RUN(entities_are_refused_before_they_mean_anything);
    RUN(malformed_files_are_refused_with_the_line);
    RUN(too_deep_too_long_and_too_many_are_refused);
    RUN(other_namespaces_are_passed_over);
    return check_report();
}
