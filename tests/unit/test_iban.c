// links: partners
/* Account numbers, bank codes, creditor references and the characters of SEPA. */
#include "check.h"
#include "partners/iban.h"
#include "partners/payment_account.h"
#include "partners/sepa_text.h"

static bool takes(const char *text, char *iban)
{
    return iban_parse(bytes_text(text), iban, NULL);
}

/* One a country: the example of the SWIFT IBAN registry. */
static const char *const examples[] = {
    "AD1200012030200359100100",
    "AE070331234567890123456",
    "AL47212110090000000235698741",
    "AT611904300234573201",
    "AZ21NABZ00000000137010001944",
    "BA391290079401028494",
    "BE68539007547034",
    "BG80BNBG96611020345678",
    "BH67BMAG00001299123456",
    "BR9700360305000010009795493P1",
    "BY13NBRB3600900000002Z00AB00",
    "CH9300762011623852957",
    "CR72012300000171549015",
    "CY17002001280000001200527600",
    "CZ6508000000192000145399",
    "DE89370400440532013000",
    "DK5000400440116243",
    "DO28BAGR00000001212453611324",
    "EE382200221020145685",
    "EG800002000156789012345180002",
    "ES9121000418450200051332",
    "FI2112345600000785",
    "FO6264600001631634",
    "FR1420041010050500013M02606",
    "GB29NWBK60161331926819",
    "GE29NB0000000101904917",
    "GI75NWBK000000007099453",
    "GL8964710001000206",
    "GR1601101250000000012300695",
    "GT82TRAJ01020000001210029690",
    "HR1210010051863000160",
    "HU42117730161111101800000000",
    "IE29AIBK93115212345678",
    "IL620108000000099999999",
    "IQ98NBIQ850123456789012",
    "IS140159260076545510730339",
    "IT60X0542811101000000123456",
    "JO94CBJO0010000000000131000302",
    "KW81CBKU0000000000001234560101",
    "KZ86125KZT5004100100",
    "LB62099900000001001901229114",
    "LC55HEMM000100010012001200023015",
    "LI21088100002324013AA",
    "LT121000011101001000",
    "LU280019400644750000",
    "LV80BANK0000435195001",
    "MC5811222000010123456789030",
    "MD24AG000225100013104168",
    "ME25505000012345678951",
    "MK07250120000058984",
    "MR1300020001010000123456753",
    "MT84MALT011000012345MTLCAST001S",
    "MU17BOMM0101101030300200000MUR",
    "NL91ABNA0417164300",
    "NO9386011117947",
    "PK36SCBL0000001123456702",
    "PL61109010140000071219812874",
    "PS92PALS000000000400123456702",
    "PT50000201231234567890154",
    "QA58DOHB00001234567890ABCDEFG",
    "RO49AAAA1B31007593840000",
    "RS35260005601001611379",
    "SA0380000000608010167519",
    "SC18SSCB11010000000000001497USD",
    "SE4550000000058398257466",
    "SI56263300012039086",
    "SK3112000000198742637541",
    "SM86U0322509800000000270100",
    "SV62CENR00000000000000700025",
    "TL380080012345678910157",
    "TN5910006035183598478831",
    "TR330006100519786457841326",
    "UA213223130000026007233566001",
    "VA59001123000012345678",
    "VG96VPVG0000012345678901",
    "XK051212012345678906",
};

CASE(the_registrys_examples_are_taken)
{
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        char iban[IBAN_SIZE] = "", printed[IBAN_TEXT_SIZE], again[IBAN_SIZE] = "";
        if (!takes(examples[i], iban))
            printf("%s\n", examples[i]);
        CHECK_TEXT(iban, examples[i]);
        iban_format(examples[i], printed);
        CHECK(takes(printed, again));
        CHECK_TEXT(again, examples[i]);
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* MOD 97-10 finds every single wrong digit and every two neighbouring digits that changed places.
 */
CASE(every_slip_of_one_character_is_found)
{
    size_t tried = 0;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        char text[IBAN_SIZE], iban[IBAN_SIZE];
        for (size_t at = 2; examples[i][at]; at++) {
            snprintf(text, sizeof(text), "%s", examples[i]);
            if (is_digit(text[at])) {
                text[at] = (char)('0' + (text[at] - '0' + 1 + (int)(at % 9)) % 10);
                CHECK(text[at] == examples[i][at] || !takes(text, iban));
                tried++;
            }
            snprintf(text, sizeof(text), "%s", examples[i]);
            if (at != 3 && is_digit(text[at]) && is_digit(text[at + 1]) &&
                text[at] != text[at + 1]) {
                text[at] = examples[i][at + 1];
                text[at + 1] = examples[i][at];
                CHECK(!takes(text, iban));
                tried++;
            }
        }
    }
    CHECK(tried > 1000);
}

static const char *why_not(const char *text)
{
    static struct error error;
    char iban[IBAN_SIZE] = "untouched";
    error.text[0] = 0;
    CHECK(!iban_parse(bytes_text(text), iban, &error));
    CHECK_TEXT(iban, "untouched");
    CHECK_INT(error.code, ERROR_INVALID);
    return error.text;
}

CASE(a_bad_iban_is_refused_with_its_rule)
{
    CHECK(strstr(why_not("DE8937040044053201300"), "has 21 characters, one of DE has 22"));
    CHECK(strstr(why_not("DE893704004405320130000"), "has 23 characters"));
    CHECK(strstr(why_not("DE8937040044053201300X"), "character 22 must be a digit"));
    CHECK(strstr(why_not("NL9112340417164300"), "character 5 must be a letter"));
    CHECK(strstr(why_not("DE88370400440532013000"), "check digits"));
    CHECK(strstr(why_not("US64SVBKUS6S3300958879"), "country US"));
    CHECK(strstr(why_not("1234567890"), "begins with a country"));
    CHECK(strstr(why_not("de89370400440532013000"), "upper-case"));
    CHECK(strstr(why_not("DE89  3704 0044 0532 0130 00"), "upper-case"));
    CHECK(strstr(why_not(" DE89370400440532013000"), "upper-case"));
    CHECK(strstr(why_not("DE89370400440532013000 "), "upper-case"));
    CHECK(strstr(why_not("DE89370400440532013000DE89370400440532013000"), "at most 34"));
    CHECK(strstr(why_not(""), "begins with a country"));
    /* 00 and 97 leave the same remainder: only one of them is ever made. */
    char text[IBAN_SIZE], iban[IBAN_SIZE];
    int made = 0;
    for (int account = 0; account < 300; account++)
        for (int digits = 0; digits < 100; digits++) {
            snprintf(text, sizeof(text), "NO%02d86011%06d", digits, account);
            made += takes(text, iban);
        }
    CHECK_INT(made, 300);
}

CASE(sepa_reaches_some_countries)
{
    CHECK(iban_in_sepa("DE89370400440532013000"));
    CHECK(iban_in_sepa("CH9300762011623852957"));
    CHECK(iban_in_sepa("GB29NWBK60161331926819"));
    CHECK(!iban_in_sepa("TR330006100519786457841326"));
    CHECK(!iban_in_sepa("US"));
}

CASE(a_bic_has_its_shape)
{
    static const char *const good[] = {"DEUTDEFF", "DEUTDEFFXXX", "COBADEFF060", "1234DE12"};
    static const char *const bad[] = {"",         "DEUTDEF",     "DEUTDEFFX", "DEUTDEFFXX",
                                      "deutdeff", "DEUT1EFF",    "DEUT DEFF", "DEUTDEFFXXXX",
                                      "DEUT-EFF", "DEUTDEFF 060"};
    char bic[BIC_SIZE];
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        REQUIRE(bic_parse(bytes_text(good[i]), bic, NULL));
        CHECK_TEXT(bic, good[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(!bic_parse(bytes_text(bad[i]), bic, NULL));
}

CASE(creditor_references_are_made_and_checked)
{
    char made[REFERENCE_SIZE], seen[REFERENCE_SIZE];
    reference_make("539007547034", made);
    CHECK_TEXT(made, "RF18539007547034"); /* the standard's own example */
    reference_make("000000000539007547034", made);
    CHECK(reference_parse(bytes_text(made), seen, NULL));
    CHECK_TEXT(seen, made);
    CHECK(reference_parse(bytes_text("RF18 5390 0754 7034"), seen, NULL));
    CHECK_TEXT(seen, "RF18539007547034");
    CHECK(!reference_parse(bytes_text("RF19539007547034"), seen, NULL));
    CHECK(!reference_parse(bytes_text("RF18"), seen, NULL));
    CHECK(!reference_parse(bytes_text("XX18539007547034"), seen, NULL));
    CHECK(!reference_parse(bytes_text("RF185390075470345390075470"), seen, NULL));
}

/* ---- characters ---------------------------------------------------------------------------- */

static const char *text_refused(const char *text, size_t max)
{
    static struct error error;
    error.text[0] = 0;
    CHECK(!sepa_text_check("holder", bytes_text(text), max, &error));
    return error.text;
}

CASE(a_text_outside_the_set_is_refused_with_its_place)
{
    CHECK(sepa_text_check("holder", bytes_text("Buch & Co"), 70, NULL) == false);
    CHECK(sepa_text_check("holder", bytes_text("a/-?:().,'+ Z09"), 70, NULL));
    CHECK(strstr(text_refused("B\xc3\xbc"
                              "cher GmbH",
                              70),
                 "character 2 (\"\xc3\xbc\")"));
    CHECK(strstr(text_refused("a\nb", 70), "character 2 (U+000A)"));
    CHECK(strstr(text_refused("a\xc2\x85", 70), "character 2 (U+0085)"));
    CHECK(strstr(text_refused("\xff", 70), "not UTF-8"));
    CHECK(strstr(text_refused("", 70), "empty"));
    CHECK(strstr(text_refused("abc", 2), "has 3 characters, at most 2"));
    CHECK(strstr(text_refused(" a", 70), "blank"));
    CHECK(strstr(text_refused("a ", 70), "blank"));
}

CASE(an_identification_has_no_stray_slashes)
{
    CHECK(sepa_identifier_check("id", bytes_text("P12-EUR/3"), 35, NULL));
    CHECK(!sepa_identifier_check("id", bytes_text("/P12"), 35, NULL));
    CHECK(!sepa_identifier_check("id", bytes_text("P12/"), 35, NULL));
    CHECK(!sepa_identifier_check("id", bytes_text("P//12"), 35, NULL));
    CHECK(!sepa_identifier_check("id", bytes_text("P 12"), 35, NULL));
}

CASE(latin_letters_are_folded_one_for_one)
{
    struct buffer out;
    struct error error;
    buffer_init(&out, 1024);
    REQUIRE(
        sepa_text_fold("holder",
                       bytes_text("B\xc3\xbc"
                                  "cher & S\xc3\xb6hne, \xc5\x81\xc3\xb3"
                                  "d\xc5\xba "
                                  "\xc3\x86\xc3\x98\xc3\x9f \xe2\x80\x99s_\xe2\x80\x93 \xc8\x98"),
                       70, &out, &error));
    CHECK_TEXT(buffer_text(&out), "Bucher + Sohne, Lodz AOs 's-- S");
    CHECK(!sepa_text_fold("holder", bytes_text("\xd0\x9a\xd0\xbd"), 70, &out, &error));
    CHECK(strstr(error.text, "character 1"));
    CHECK(!sepa_text_fold("holder", bytes_text("3 \xc3\x97 4"), 70, &out, &error));
    CHECK(!sepa_text_fold("holder", bytes_text("a;b"), 70, &out, &error));
    CHECK_TEXT(buffer_text(&out), "Bucher + Sohne, Lodz AOs 's-- S");
    /* Whatever is in U+00C0..U+017F is folded into the set or refused. */
    size_t folded = 0;
    for (unsigned code = 0xC0; code <= 0x17F; code++) {
        char text[3] = {(char)(0xC0 | code >> 6), (char)(0x80 | (code & 63)), 0};
        buffer_clear(&out);
        if (sepa_text_fold("holder", bytes_text(text), 70, &out, NULL)) {
            CHECK_INT(out.size, 1);
            folded++;
        }
    }
    CHECK_INT(folded, 190); /* all but the signs of multiplication and division */
    buffer_release(&out);
}

/* ---- accounts and names of payments -------------------------------------------------------- */

CASE(an_account_is_checked_field_by_field)
{
    struct payment_account account = {
        .holder = "Books Ltd", .iban = "DE89370400440532013000", .bic = "COBADEFFXXX"};
    struct error error;
    CHECK(payment_account_check("payee books", &account, &error));
    account.bic[0] = 0;
    CHECK(payment_account_check("payee books", &account, &error));
    snprintf(account.holder, sizeof(account.holder), "Books; Ltd");
    CHECK(!payment_account_check("payee books", &account, &error));
    CHECK(strstr(error.text, "payee books, holder: character 6"));
    snprintf(account.holder, sizeof(account.holder), "Books Ltd");
    snprintf(account.iban, sizeof(account.iban), "DE89 3704 0044 0532 0130 00");
    CHECK(!payment_account_check("payee books", &account, &error));
    snprintf(account.iban, sizeof(account.iban), "DE89370400440532013000");
    snprintf(account.bic, sizeof(account.bic), "COBA");
    CHECK(!payment_account_check("payee books", &account, &error));
}

CASE(no_two_payments_share_a_name)
{
    struct payment_name name = {.coalition = {{1}},
                                .period = 12,
                                .currency = "EUR",
                                .from = "grocer",
                                .to = "cinema",
                                .attempt = 1};
    struct payment_name others[7] = {name, name, name, name, name, name, name};
    char first[END_TO_END_SIZE], other[END_TO_END_SIZE];
    end_to_end_make(&name, first);
    CHECK_TEXT(first, "P12-EUR-2f3bc31dd2910800ea");
    CHECK(end_to_end_shaped(first));
    CHECK(sepa_identifier_check("EndToEndId", bytes_text(first), 35, NULL));
    others[0].coalition.at[0] = 2;
    others[1].period = 13;
    others[2].currency = "CHF";
    others[3].from = "books";
    others[4].to = "books";
    others[5].attempt = 2;
    others[6].number = 2;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        end_to_end_make(&others[i], other);
        CHECK(strcmp(first + 8, other + 8) != 0);
    }
    end_to_end_make(&others[6], other);
    CHECK_TEXT(other, "P12-EUR-30d85a94e36dd32d38");
    name.period = UINT64_C(9999999999);
    end_to_end_make(&name, first);
    CHECK_INT(strlen(first), 34);
    CHECK(end_to_end_shaped(first));
    CHECK(!end_to_end_shaped("NOTPROVIDED"));
    CHECK(!end_to_end_shaped("P12-EUR-"));
    CHECK(!end_to_end_shaped("P12-eur-0123456789abcdef01"));
    CHECK(!end_to_end_shaped("P-EUR-0123456789abcdef01"));
    CHECK(!end_to_end_shaped("P12-EUR-0123456789abcdef012"));
    CHECK(!end_to_end_shaped(""));
}

int main(void)
{
    RUN(the_registrys_examples_are_taken);
    RUN(every_slip_of_one_character_is_found);
    RUN(a_bad_iban_is_refused_with_its_rule);
    RUN(sepa_reaches_some_countries);
    RUN(a_bic_has_its_shape);
    RUN(creditor_references_are_made_and_checked);
    RUN(a_text_outside_the_set_is_refused_with_its_place);
    RUN(an_identification_has_no_stray_slashes);
    RUN(latin_letters_are_folded_one_for_one);
    RUN(an_account_is_checked_field_by_field);
    RUN(no_two_payments_share_a_name);
    return check_report();
}
