// links: partners
/* Payment accounts in the state: whose they are, in which currencies, when they are in force, and
 * what an image says of them. */
#include "partners/state_image_parts.h"
#include "unit/coalition.h"
#include "unit/image_copy.h"

enum { GROCER, BOOKS, WAIT_DAYS = 7 };
#define DAY    UINT64_C(86400000)
#define VIENNA "AT611904300234573201"
#define BERLIN "DE89370400440532013000"

static struct driver *driver;

static void set_up(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books"}};
    struct charter *draft = coalition_draft(&spec);
    draft->settlement.account_days = WAIT_DAYS;
    draft->contracts.currencies = allocate(1, sizeof(*draft->contracts.currencies));
    draft->contracts.currency_count = 1;
    draft->contracts.currencies[0] = (struct charter_currency){.code = "SEK", .minor_digits = 2};
    driver = driver_open(coalition_found(draft));
}

static enum verdict say(uint16_t lane, const char *currency, const char *iban, uint8_t person)
{
    struct transaction t = {.type = TRANSACTION_PAYMENT_ACCOUNT};
    struct account_words *words = &t.body.deal.account;
    memcpy(words->currency, currency, CURRENCY_SIZE);
    words->holder = bytes_text("Somebody");
    words->iban = bytes_text(iban);
    words->bic = bytes_text("");
    words->approver.at[0] = person;
    return driver_apply(driver, lane, &t);
}

static void both(uint16_t lane, const char *currency, const char *iban)
{
    CHECK_INT(say(lane, currency, iban, 1), VERDICT_ACCEPTED);
    CHECK_INT(say(lane, currency, iban, 2), VERDICT_ACCEPTED);
}

static const struct account_row *row_of(const struct state *state, uint16_t partner,
                                        const char *currency)
{
    return payment_accounts_of(state_accounts(state), (struct partner_id){partner}, currency);
}

static bool sound(const struct state *state)
{
    struct error error;
    return state_check(state, &error);
}

/* ---- rules ----------------------------------------------------------------------------------- */

CASE(an_account_is_the_writers_own)
{
    set_up();
    CHECK_INT(say(GROCER, "EUR", VIENNA, 1), VERDICT_ACCEPTED);
    CHECK_INT(say(BOOKS, "EUR", VIENNA, 2), VERDICT_ACCEPTED);
    /* One of each partner is not two of one. */
    CHECK_TEXT(row_of(driver->state, GROCER, "EUR")->pending.iban, VIENNA);
    CHECK_TEXT(row_of(driver->state, BOOKS, "EUR")->pending.iban, VIENNA);
    CHECK_INT(state_accounts(driver->state)->waiting_count, 0);
    driver_close(driver);
}

CASE(currencies_are_the_charters)
{
    set_up();
    CHECK_INT(say(GROCER, "SEK", BERLIN, 1), VERDICT_ACCEPTED);
    CHECK_INT(say(GROCER, "CHF", BERLIN, 1), VERDICT_BAD_ACCOUNT);
    CHECK_INT(say(GROCER, "EUR", BERLIN "0", 1), VERDICT_BAD_ACCOUNT);
    CHECK_INT(state_accounts(driver->state)->count, 1);
    driver_close(driver);
}

CASE(it_is_in_force_at_the_first_height_after_the_wait)
{
    set_up();
    both(GROCER, "EUR", VIENNA);
    uint64_t from_ms = state_time_ms(driver->state) + WAIT_DAYS * DAY;
    CHECK_INT(row_of(driver->state, GROCER, "EUR")->waiting.effective_ms, from_ms);
    driver_pass(driver, WAIT_DAYS * DAY - 1);
    CHECK_TEXT(row_of(driver->state, GROCER, "EUR")->in_force.iban, "");
    driver_pass(driver, 1);
    CHECK_TEXT(row_of(driver->state, GROCER, "EUR")->in_force.iban, VIENNA);
    CHECK_INT(row_of(driver->state, GROCER, "EUR")->in_force.effective_ms, from_ms);
    CHECK(sound(driver->state));
    driver_close(driver);
}

/* What is said is part of what a quorum signs. */
CASE(the_digest_tells_one_account_from_another)
{
    struct hash digests[2];
    for (size_t i = 0; i < 2; i++) {
        set_up();
        CHECK_INT(say(GROCER, "EUR", i ? BERLIN : VIENNA, 1), VERDICT_ACCEPTED);
        driver_pass(driver, 1000);
        digests[i] = state_digest(driver->state);
        driver_close(driver);
    }
    CHECK(!hash_equal(&digests[0], &digests[1]));
}

/* ---- images ---------------------------------------------------------------------------------- */

enum {
    ROW_ONE = 12,                            /* after the section's head */
    PART_ONE = ROW_ONE + 6,                  /* in force */
    PART_TWO = PART_ONE + ACCOUNT_PART_SIZE, /* pending */
    APPROVER = PART_TWO + ACCOUNT_PART_SIZE, /* and who said it */
    ROW_TWO = APPROVER + HASH_SIZE,          /* of books */
    PART_THREE = ROW_TWO + 6,                /* waiting */
    IN_HOLDER = 8,
    IN_IBAN = IN_HOLDER + HOLDER_MAX,
    IN_BIC = IN_IBAN + IBAN_TEXT_MAX
};

/* The grocer's account is in force, another one pends; in kronor the one of books waits. */
static void image_of_accounts(struct buffer *image)
{
    set_up();
    both(GROCER, "EUR", VIENNA);
    driver_pass(driver, WAIT_DAYS * DAY);
    CHECK_INT(say(GROCER, "EUR", BERLIN, 1), VERDICT_ACCEPTED);
    both(BOOKS, "SEK", BERLIN);
    driver_seal(driver);
    buffer_init(image, IMAGE_LIMIT);
    image_of(driver->state, image);
}

CASE(an_image_goes_on_with_what_waits)
{
    struct buffer image;
    struct state *copy = NULL;
    image_of_accounts(&image);
    REQUIRE(image_read(driver->charter, buffer_bytes(&image), &copy, NULL));
    CHECK_TEXT(row_of(copy, GROCER, "EUR")->in_force.iban, VIENNA);
    CHECK_TEXT(row_of(copy, GROCER, "EUR")->pending.iban, BERLIN);
    CHECK_INT(row_of(copy, GROCER, "EUR")->approver.at[0], 1);
    CHECK_TEXT(row_of(copy, BOOKS, "SEK")->waiting.iban, BERLIN);
    CHECK(sound(copy));
    begin_height(copy, driver->height + 1, driver->cut_ms + WAIT_DAYS * DAY);
    CHECK_TEXT(row_of(copy, BOOKS, "SEK")->in_force.iban, BERLIN);
    CHECK_INT(state_accounts(copy)->waiting_count, 0);
    state_close(copy);
    buffer_release(&image);
    driver_close(driver);
}

CASE(an_image_of_accounts_that_cannot_be_is_refused)
{
    static const struct {
        const char *what;
        size_t at;
        uint8_t byte;
        const char *why;
    } rows[] = {
        {"another partner, out of order", ROW_ONE + 1, BOOKS + 1, "currency that is none here"},
        {"no partner", ROW_TWO, 1, "currency that is none here"},
        {"a currency of nobody", ROW_ONE + 2, 'X', "currency that is none here"},
        {"twice the same", ROW_TWO + 1, GROCER, NULL}, /* in another currency: fine */
        {"an account of no kind", ROW_ONE + 5, 15, "accounts of no kind"},
        {"nothing at all", ROW_TWO + 5, 0, "does not add up"},
        {"no holder", PART_ONE + IN_HOLDER, 0, "an account is none"},
        {"text after its end", PART_ONE + IN_BIC + 3, 'A', "an account is none"},
        {"another IBAN", PART_ONE + IN_IBAN + 6, '9', "does not add up"},
        {"in force from later on", PART_ONE + 1, 1, "does not add up"},
        {"pending with a time", PART_TWO + 7, 1, "does not add up"},
        {"pending of nobody", APPROVER, 0, "does not add up"},
        {"waiting from long ago", PART_THREE + 2, 0, "does not add up"},
        {"waiting for years", PART_THREE + 2, 9, "does not add up"},
    };
    struct buffer image;
    image_of_accounts(&image);
    uint8_t *section = image_section(buffer_bytes(&image), SECTION_ACCOUNTS, 2);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct state *copy = NULL;
        struct error error = {.text = ""};
        uint8_t kept = section[rows[i].at];
        section[rows[i].at] = rows[i].byte;
        image_seal(image.at, image.size);
        bool read = image_read(driver->charter, buffer_bytes(&image), &copy, &error);
        if (read != (rows[i].why == NULL) || (rows[i].why && !strstr(error.text, rows[i].why))) {
            printf("%s: %s\n", rows[i].what, error.text);
            CHECK(!"is refused for its reason");
        }
        CHECK(read || error.code == ERROR_CORRUPT);
        state_close(copy);
        section[rows[i].at] = kept;
    }
    buffer_release(&image);
    driver_close(driver);
}

int main(void)
{
    RUN(an_account_is_the_writers_own);
    RUN(currencies_are_the_charters);
    RUN(it_is_in_force_at_the_first_height_after_the_wait);
    RUN(the_digest_tells_one_account_from_another);
    RUN(an_image_goes_on_with_what_waits);
    RUN(an_image_of_accounts_that_cannot_be_is_refused);
    return check_report();
}
