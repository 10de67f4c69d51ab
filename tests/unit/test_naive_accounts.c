// links: node
/* What an account is, three times: as protocol/SETTLEMENT.md section 24 lists it, in the state
 * machine, and in the naive model, which has a list of its own. */
#include "check.h"
#include "node/naive_model.h"
#include "partners/payment_account.h"

enum { DOCUMENT_MAX = 1 << 20, COUNTRIES = 88, TRIES = 200000, SEED = 20261127 };

static uint64_t seed = SEED;

static uint64_t draw(uint64_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % below;
}

/* Both say the same of it, and what they say. */
static bool good(const char *holder, const char *iban, const char *bic)
{
    struct payment_account account = {.holder = ""};
    struct error error;
    REQUIRE(strlen(holder) <= HOLDER_MAX && strlen(iban) < IBAN_SIZE && strlen(bic) < BIC_SIZE);
    snprintf(account.holder, sizeof(account.holder), "%s", holder);
    snprintf(account.iban, sizeof(account.iban), "%s", iban);
    snprintf(account.bic, sizeof(account.bic), "%s", bic);
    bool own = naive_account_good(bytes_text(holder), bytes_text(iban), bytes_text(bic));
    bool found = payment_account_check("account", &account, &error);
    if (own != found)
        printf("\"%s\" \"%s\" \"%s\": model %d, state %d\n", holder, iban, bic, own, found);
    CHECK_INT(own, found);
    return own;
}

/* ---- the document's list --------------------------------------------------------------------- */

static char list[8192];

static void read_list(void)
{
    static const char here[] = "tests/unit/test_naive_accounts.c";
    char path[4096];
    size_t size = strlen(__FILE__) - (sizeof(here) - 1);
    REQUIRE(strcmp(&__FILE__[size], here) == 0);
    snprintf(path, sizeof(path), "%.*sprotocol/SETTLEMENT.md", (int)size, __FILE__);
    char *text = calloc(1, DOCUMENT_MAX);
    FILE *file = fopen(path, "rb");
    REQUIRE(text && file && fread(text, 1, DOCUMENT_MAX - 1, file) > 0);
    (void)fclose(file);
    char *at = strstr(text, "<!-- ibans -->"), *end = at ? strstr(at, "<!-- end -->") : NULL;
    REQUIRE(end && (size_t)(end - at) < sizeof(list));
    memcpy(list, at, (size_t)(end - at));
    free(text);
}

/* The runs of a country, "4a14n"; NULL: it is not listed. */
static const char *shape_of(const char *country)
{
    char name[] = {country[0], country[1], ' ', 0};
    const char *at = strstr(list, name);
    while (at && at[-1] != ' ' && at[-1] != '\n')
        at = strstr(at + 1, name);
    return at ? at + 3 : NULL;
}

static unsigned rest_of(const char *iban)
{
    unsigned rest = 0;
    for (size_t i = 0, size = strlen(iban); i < size; i++) {
        char c = iban[(i + 4) % size];
        rest = c <= '9' ? (rest * 10 + (unsigned)(c - '0')) % 97
                        : (rest * 100 + (unsigned)(c - 'A' + 10)) % 97;
    }
    return rest;
}

/* An IBAN of that shape, with its check digits; 'c' is both. */
static void make(const char *country, const char *shape, char iban_out[IBAN_SIZE])
{
    size_t size = 4;
    memset(iban_out, 0, IBAN_SIZE);
    memcpy(iban_out, country, 2);
    memcpy(iban_out + 2, "00", 2);
    while (*shape >= '0' && *shape <= '9') {
        unsigned long run = strtoul(shape, (char **)(uintptr_t)&shape, 10);
        for (; run > 0; run--) {
            bool digit = *shape == 'n' || (*shape == 'c' && draw(2));
            REQUIRE(size < IBAN_SIZE - 1);
            iban_out[size++] = (char)(digit ? '0' + draw(10) : 'A' + draw(26));
        }
        shape++;
    }
    unsigned digits = 98 - rest_of(iban_out);
    iban_out[2] = (char)('0' + digits / 10);
    iban_out[3] = (char)('0' + digits % 10);
}

CASE(every_country_of_the_list_and_no_other)
{
    char iban[IBAN_SIZE];
    size_t listed = 0;
    read_list();
    for (int i = 0; i < 26 * 26; i++) {
        const char country[] = {(char)('A' + i / 26), (char)('A' + i % 26), 0};
        const char *shape = shape_of(country);
        make(country, shape ? shape : "16n", iban);
        CHECK_INT(good("A", iban, ""), shape != NULL);
        listed += shape != NULL;
        if (!shape)
            continue;
        size_t size = strlen(iban);
        iban[size - 1] = 0; /* too short, the check digits apart */
        CHECK(!good("A", iban, ""));
    }
    CHECK_INT(listed, COUNTRIES);
}

/* One more character, with check digits that fit: only the length is wrong. */
CASE(a_length_that_is_not_the_countrys)
{
    char iban[IBAN_SIZE];
    make("AT", "17n", iban);
    CHECK(!good("A", iban, ""));
    make("AT", "15n", iban);
    CHECK(!good("A", iban, ""));
    make("AT", "1a15n", iban);
    CHECK(!good("A", iban, ""));
    make("AT", "16n", iban);
    CHECK(good("A", iban, ""));
}

/* 00, 01 and 99 leave 1 as well where 97, 98 and 02 do. */
CASE(check_digits_that_no_bank_makes)
{
    char iban[IBAN_SIZE];
    int seen = 0;
    for (int i = 0; i < 2000; i++) {
        make("AT", "16n", iban);
        CHECK(good("A", iban, ""));
        int digits = (iban[2] - '0') * 10 + iban[3] - '0';
        if (digits != 97 && digits != 98 && digits != 2)
            continue;
        seen++;
        memcpy(iban + 2, digits == 97 ? "00" : digits == 98 ? "01" : "99", 2);
        CHECK_INT(rest_of(iban), 1);
        CHECK(!good("A", iban, ""));
    }
    CHECK(seen > 20);
}

/* ---- anything -------------------------------------------------------------------------------- */

/* Each place in turn gets every character. */
CASE(every_character_of_every_text)
{
    uint64_t taken = 0;
    for (int c = 1; c < 0x80; c++) {
        char holder[] = "Green Grocer", iban[] = "IE29AIBK93115212345678", bic[] = "BKAUATWWXXX";
        for (size_t i = 0; i < sizeof(iban) - 1; i++) {
            char kept = iban[i];
            iban[i] = (char)c;
            taken += good(holder, iban, bic);
            iban[i] = kept;
        }
        for (size_t i = 0; i < sizeof(bic) - 1; i++) {
            char kept = bic[i];
            bic[i] = (char)c;
            taken += good(holder, iban, bic);
            bic[i] = kept;
        }
        for (size_t i = 0; i < sizeof(holder) - 1; i++) {
            char kept = holder[i];
            holder[i] = (char)c;
            taken += good(holder, iban, bic);
            holder[i] = kept;
        }
    }
    CHECK(taken > 1000);
}

CASE(sizes)
{
    char holder[HOLDER_MAX + 1] = "";
    for (size_t size = 0; size <= HOLDER_MAX; size++) {
        CHECK_INT(good(holder, "AT611904300234573201", ""), size > 0);
        holder[size < HOLDER_MAX ? size : 0] = 'a';
    }
    for (size_t size = 0; size < BIC_SIZE; size++) {
        char bic[BIC_SIZE] = "";
        memcpy(bic, "BKAUATWWXXX", size);
        CHECK_INT(good("A", "AT611904300234573201", bic), size == 0 || size == 8 || size == 11);
    }
    CHECK(!good("A", "", ""));
    CHECK(!good("A", "AT61", ""));
    CHECK(!good("Gr\xc3\xbcn", "AT611904300234573201", ""));
}

CASE(random_texts)
{
    static const char *const countries[] = {"AT", "MU", "IE", "FR", "BR", "GT", "AA"};
    uint64_t taken = 0;
    for (int i = 0; i < TRIES; i++) {
        char iban[IBAN_SIZE];
        const char *country = countries[draw(ARRAY_SIZE(countries))];
        const char *shape = shape_of(country);
        make(country, shape ? shape : "10c", iban);
        if (draw(2))
            iban[draw(strlen(iban))] = (char)(' ' + draw(95));
        taken += good("A", iban, "");
    }
    CHECK(taken > TRIES / 4 && taken < TRIES * 3 / 4);
}

int main(void)
{
    printf("seed %d\n", SEED);
    RUN(every_country_of_the_list_and_no_other);
    RUN(a_length_that_is_not_the_countrys);
    RUN(check_digits_that_no_bank_makes);
    RUN(every_character_of_every_text);
    RUN(sizes);
    RUN(random_texts);
    return check_report();
}
