// links: partners
/* Payment accounts on the ledger: two people, a wait, and what another word in between does. */
#include "check.h"
#include "partners/payment_accounts.h"
#include "protocol/limits.h"

#define DAY UINT64_C(86400000)
#define NOW (20000 * DAY)

enum { GROCER = 3, BOOKS = 1, WAIT_DAYS = 7 };
enum person { ANN = 1, BEN, CARL };

#define VIENNA "AT611904300234573201"
#define BERLIN "DE89370400440532013000"
#define DUBLIN "IE29AIBK93115212345678"

static struct payment_accounts accounts;
static uint64_t now_ms;

static void set_up(void)
{
    payment_accounts_release(&accounts);
    now_ms = NOW;
}

static struct account_words words_of(const char *iban, enum person person)
{
    return (struct account_words){.currency = "EUR",
                                  .holder = bytes_text("Green Grocer AG"),
                                  .iban = bytes_text(iban),
                                  .bic = bytes_text(""),
                                  .approver = {{(uint8_t)person}}};
}

static enum verdict say_words(uint16_t partner, const struct account_words *words)
{
    return payment_accounts_set(&accounts, (struct partner_id){partner}, words, WAIT_DAYS, now_ms);
}

static void say(const char *iban, enum person person, enum verdict expected)
{
    struct account_words words = words_of(iban, person);
    CHECK_TEXT(verdict_word(say_words(GROCER, &words)), verdict_word(expected));
}

static void both(const char *iban)
{
    say(iban, ANN, VERDICT_ACCEPTED);
    say(iban, BEN, VERDICT_ACCEPTED);
}

static void pass(uint64_t ms)
{
    now_ms += ms;
    (void)payment_accounts_pass(&accounts, now_ms);
}

static const struct account_row *row_of(void)
{
    const struct account_row *row =
        payment_accounts_of(&accounts, (struct partner_id){GROCER}, "EUR");
    REQUIRE(row != NULL);
    return row;
}

/* What is in force, waits and pends; "" is none. */
static void expect(const char *in_force, const char *waiting, const char *pending)
{
    const struct account_row *row = row_of();
    CHECK_TEXT(row->in_force.iban, in_force);
    CHECK_TEXT(row->waiting.iban, waiting);
    CHECK_TEXT(row->pending.iban, pending);
    CHECK_INT(hash_is_zero(&row->approver), pending[0] == 0);
    CHECK_INT(accounts.waiting_count, waiting[0] != 0);
}

CASE(two_people_and_a_wait)
{
    set_up();
    say(VIENNA, ANN, VERDICT_ACCEPTED);
    expect("", "", VIENNA);
    say(VIENNA, ANN, VERDICT_SAME_APPROVER);
    expect("", "", VIENNA);
    pass(100 * DAY); /* one person never makes one */
    expect("", "", VIENNA);
    say(VIENNA, BEN, VERDICT_ACCEPTED);
    expect("", VIENNA, "");
    CHECK_INT(row_of()->waiting.effective_ms, now_ms + WAIT_DAYS * DAY);
    pass(WAIT_DAYS * DAY - 1);
    expect("", VIENNA, "");
    pass(1);
    expect(VIENNA, "", "");
    CHECK_INT(row_of()->in_force.effective_ms, now_ms);
}

CASE(what_is_in_force_stays_until_the_next_is)
{
    set_up();
    both(VIENNA);
    pass(WAIT_DAYS * DAY);
    both(BERLIN);
    expect(VIENNA, BERLIN, "");
    pass(WAIT_DAYS * DAY - 1);
    expect(VIENNA, BERLIN, "");
    pass(1);
    expect(BERLIN, "", "");
}

CASE(another_word_begins_anew)
{
    set_up();
    say(VIENNA, ANN, VERDICT_ACCEPTED);
    say(BERLIN, BEN, VERDICT_ACCEPTED); /* no second approval of the first */
    expect("", "", BERLIN);
    say(VIENNA, CARL, VERDICT_ACCEPTED);
    say(VIENNA, CARL, VERDICT_SAME_APPROVER);
    expect("", "", VIENNA);
    say(VIENNA, BEN, VERDICT_ACCEPTED);
    expect("", VIENNA, "");
}

CASE(a_later_approval_replaces_one_that_waits_and_waits_itself)
{
    set_up();
    both(VIENNA);
    pass(6 * DAY);
    both(BERLIN);
    expect("", BERLIN, "");
    pass(DAY);
    expect("", BERLIN, "");
    pass(6 * DAY);
    expect(BERLIN, "", "");
}

/* Whoever finds that an account was changed by others goes back, and that takes no wait. */
CASE(going_back_ends_the_wait)
{
    set_up();
    both(VIENNA);
    pass(WAIT_DAYS * DAY);
    both(BERLIN);
    say(VIENNA, ANN, VERDICT_ACCEPTED);
    expect(VIENNA, BERLIN, VIENNA);
    say(VIENNA, BEN, VERDICT_ACCEPTED);
    expect(VIENNA, "", "");
    pass(100 * DAY);
    expect(VIENNA, "", "");
}

CASE(what_was_approved_last_is_nothing_new)
{
    set_up();
    both(VIENNA);
    say(VIENNA, CARL, VERDICT_NOTHING_TO_DO); /* its wait does not begin anew */
    pass(WAIT_DAYS * DAY);
    say(VIENNA, CARL, VERDICT_NOTHING_TO_DO);
    expect(VIENNA, "", "");
    say(BERLIN, ANN, VERDICT_ACCEPTED);
    say(VIENNA, CARL, VERDICT_NOTHING_TO_DO); /* nor is what pends given up */
    expect(VIENNA, "", BERLIN);
}

/* An account that pends while the one before it comes into force. */
CASE(time_passes_over_what_pends)
{
    set_up();
    both(VIENNA);
    say(BERLIN, ANN, VERDICT_ACCEPTED);
    pass(WAIT_DAYS * DAY);
    expect(VIENNA, "", BERLIN);
    say(BERLIN, BEN, VERDICT_ACCEPTED);
    expect(VIENNA, BERLIN, "");
}

CASE(every_part_counts)
{
    struct account_words words;
    set_up();
    say(VIENNA, ANN, VERDICT_ACCEPTED);
    words = words_of(VIENNA, BEN);
    words.bic = bytes_text("BKAUATWW");
    CHECK_INT(say_words(GROCER, &words), VERDICT_ACCEPTED);
    expect("", "", VIENNA);
    CHECK_TEXT(row_of()->pending.bic, "BKAUATWW");
    words.holder = bytes_text("Green Grocer A");
    words.approver.at[0] = CARL;
    CHECK_INT(say_words(GROCER, &words), VERDICT_ACCEPTED);
    expect("", "", VIENNA);
}

CASE(no_days_are_no_wait)
{
    set_up();
    struct account_words words = words_of(VIENNA, ANN);
    struct partner_id grocer = {GROCER};
    CHECK_INT(payment_accounts_set(&accounts, grocer, &words, 0, now_ms), VERDICT_ACCEPTED);
    words.approver.at[0] = BEN;
    CHECK_INT(payment_accounts_set(&accounts, grocer, &words, 0, now_ms), VERDICT_ACCEPTED);
    expect(VIENNA, "", "");
}

CASE(a_wait_ends_with_time_itself)
{
    set_up();
    now_ms = TIME_MS_MAX - DAY;
    both(VIENNA);
    CHECK_INT(row_of()->waiting.effective_ms, TIME_MS_MAX);
    pass(DAY);
    expect(VIENNA, "", "");
}

CASE(partners_and_currencies_are_apart)
{
    set_up();
    struct account_words words = words_of(DUBLIN, ANN);
    both(VIENNA);
    CHECK_INT(say_words(BOOKS, &words), VERDICT_ACCEPTED);
    memcpy(words.currency, "SEK", 4);
    words.iban = bytes_text(BERLIN);
    CHECK_INT(say_words(GROCER, &words), VERDICT_ACCEPTED);
    CHECK_INT(say_words(BOOKS, &words), VERDICT_ACCEPTED);
    REQUIRE(accounts.count == 4);
    for (size_t i = 0; i < accounts.count; i++) {
        CHECK_INT(accounts.at[i].partner.v, i < 2 ? BOOKS : GROCER);
        CHECK_TEXT(accounts.at[i].currency, i % 2 ? "SEK" : "EUR");
    }
    expect("", VIENNA, "");
    CHECK(payment_accounts_of(&accounts, (struct partner_id){2}, "EUR") == NULL);
    CHECK(payment_accounts_of(&accounts, (struct partner_id){GROCER}, "CHF") == NULL);
}

/* Each waits for itself: the next that comes is not the last. */
CASE(each_comes_at_its_own_time)
{
    set_up();
    struct account_words words = words_of(DUBLIN, ANN);
    both(VIENNA);
    pass(DAY);
    CHECK_INT(say_words(BOOKS, &words), VERDICT_ACCEPTED);
    words.approver.at[0] = BEN;
    CHECK_INT(say_words(BOOKS, &words), VERDICT_ACCEPTED);
    CHECK_INT(accounts.waiting_count, 2);
    CHECK_INT(accounts.next_ms, NOW + WAIT_DAYS * DAY);
    CHECK_INT(payment_accounts_pass(&accounts, NOW + WAIT_DAYS * DAY), 1);
    CHECK_INT(accounts.next_ms, NOW + (WAIT_DAYS + 1) * DAY);
    CHECK_INT(payment_accounts_pass(&accounts, NOW + 20 * DAY), 1);
    CHECK_INT(accounts.waiting_count, 0);
}

/* ---- what is no account ---------------------------------------------------------------------- */

CASE(a_bad_account_is_refused_and_leaves_nothing)
{
    static const struct {
        const char *holder, *iban, *bic;
        size_t cut; /* a zero byte stands there in the holder */
    } rows[] = {{"Gr\xc3\xbcner Kr\xc3\xa4mer", VIENNA, "", 0},
                {" Green Grocer", VIENNA, "", 0},
                {"Green & Grocer", VIENNA, "", 0},
                {"Green Grocer", "AT611904300234573202", "", 0},
                {"Green Grocer", "AT61 1904 3002 3457 3201", "", 0},
                {"Green Grocer", "at611904300234573201", "", 0},
                {"Green Grocer", "AT6119043002345732011", "", 0},
                {"Green Grocer", "ZZ611904300234573201", "", 0},
                {"Green Grocer", VIENNA, "BKAUATW", 0},
                {"Green Grocer", VIENNA, "BKAU1TWW", 0},
                {"Green Grocer", VIENNA, "bkauatww", 0},
                {"Green Grocer", VIENNA, "", 5}};
    set_up();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char holder[HOLDER_MAX + 1] = "";
        memcpy(holder, rows[i].holder, strlen(rows[i].holder));
        if (rows[i].cut)
            holder[rows[i].cut] = 0;
        struct account_words words = words_of(rows[i].iban, ANN);
        words.holder = bytes_of(holder, strlen(rows[i].holder));
        words.bic = bytes_text(rows[i].bic);
        CHECK_TEXT(verdict_word(say_words(GROCER, &words)), "bad-account");
    }
    CHECK_INT(accounts.count, 0);
}

/* ---- rows of an image ------------------------------------------------------------------------ */

static struct payment_account account_of(const char *iban, uint64_t effective_ms)
{
    struct payment_account account = {.holder = "Green Grocer AG", .effective_ms = effective_ms};
    snprintf(account.iban, sizeof(account.iban), "%s", iban);
    return account;
}

CASE(a_row_that_never_was_is_refused)
{
    enum { NONE = -1 };
    static const struct {
        const char *name;
        long in_force, waiting, pending; /* hours from now; NONE: there is none */
        const char *waits, *pends;
        bool approver, good;
    } rows[] = {
        {"all three", 0, 1, 0, BERLIN, DUBLIN, true, true},
        {"in force", 0, NONE, NONE, "", "", false, true},
        {"waiting", NONE, 90 * 24, NONE, BERLIN, "", false, true},
        {"pending", NONE, NONE, 0, "", BERLIN, true, true},
        {"back to what is in force", 0, 1, 0, BERLIN, VIENNA, true, true},
        {"nothing", NONE, NONE, NONE, "", "", false, false},
        {"in force from later on", 1, NONE, NONE, "", "", false, false},
        {"what waits has come", 0, 0, NONE, BERLIN, "", false, false},
        {"what waits is too far", 0, 90 * 24 + 1, NONE, BERLIN, "", false, false},
        {"what waits is in force", 0, 1, NONE, VIENNA, "", false, false},
        {"what pends has a time", 0, NONE, 1, "", BERLIN, true, false},
        {"what pends is in force", 0, NONE, 0, "", VIENNA, true, false},
        {"what pends waits", 0, 1, 0, BERLIN, BERLIN, true, false},
        {"nobody approved what pends", 0, NONE, 0, "", BERLIN, false, false},
        {"somebody approved nothing", 0, NONE, NONE, "", "", true, false},
        {"a wrong IBAN", NONE, NONE, 0, "", "DE89370400440532013001", true, false},
    };
    set_up();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct account_row row = {.partner = {GROCER}, .currency = "EUR"};
        if (rows[i].in_force != NONE)
            row.in_force = account_of(VIENNA, NOW + (uint64_t)rows[i].in_force * DAY / 24);
        if (rows[i].waiting != NONE)
            row.waiting = account_of(rows[i].waits, NOW + (uint64_t)rows[i].waiting * DAY / 24);
        if (rows[i].pending != NONE)
            row.pending = account_of(rows[i].pends, (uint64_t)rows[i].pending);
        row.approver.at[0] = rows[i].approver;
        bool added = payment_accounts_add(&accounts, &row, NOW);
        if (added != rows[i].good)
            printf("%s\n", rows[i].name);
        CHECK_INT(added, rows[i].good);
        CHECK_INT(accounts.count, rows[i].good);
        set_up();
    }
}

CASE(rows_are_added_in_order)
{
    static const struct {
        uint16_t partner;
        char currency[CURRENCY_SIZE];
        bool good;
    } rows[] = {{1, "EUR", true},  {1, "SEK", true},  {1, "SEK", false},
                {1, "EUR", false}, {0, "SEK", false}, {2, "CHF", true}};
    set_up();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct account_row row = {.partner = {rows[i].partner}};
        memcpy(row.currency, rows[i].currency, CURRENCY_SIZE);
        row.waiting = account_of(VIENNA, NOW + DAY);
        CHECK_INT(payment_accounts_add(&accounts, &row, NOW), rows[i].good);
    }
    CHECK_INT(accounts.waiting_count, 3);
    CHECK_INT(accounts.next_ms, NOW + DAY);
    payment_accounts_release(&accounts);
}

int main(void)
{
    RUN(two_people_and_a_wait);
    RUN(what_is_in_force_stays_until_the_next_is);
    RUN(another_word_begins_anew);
    RUN(a_later_approval_replaces_one_that_waits_and_waits_itself);
    RUN(going_back_ends_the_wait);
    RUN(what_was_approved_last_is_nothing_new);
    RUN(time_passes_over_what_pends);
    RUN(every_part_counts);
    RUN(no_days_are_no_wait);
    RUN(a_wait_ends_with_time_itself);
    RUN(partners_and_currencies_are_apart);
    RUN(each_comes_at_its_own_time);
    RUN(a_bad_account_is_refused_and_leaves_nothing);
    RUN(a_row_that_never_was_is_refused);
    RUN(rows_are_added_in_order);
    return check_report();
}
