// links: node
#include "node/account_watch.h"
#include "unit/coalition.h"

#define DAY UINT64_C(86400000)
#define NOW (20833 * DAY) /* 2027-01-15 */

enum { GROCER, BOOKS };

static struct charter *charter;
static struct payment_accounts accounts;
static struct account_watch watch;
static enum account_event_kind told[8];
static char lines[8][160];
static size_t told_count;

static void on_told(void *context, const struct account_event *event)
{
    struct account_event_room room;
    struct log_field fields[ACCOUNT_FIELDS_MAX];
    (void)context;
    REQUIRE(told_count < ARRAY_SIZE(told));
    told[told_count] = event->kind;
    size_t count = account_event_fields(event, charter, &room, fields), size = 0;
    REQUIRE(count == ACCOUNT_FIELDS_MAX);
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(lines[told_count] + size, sizeof(lines[0]) - size, "%s%.*s",
                                 i ? " " : "", (int)fields[i].text.size,
                                 (const char *)fields[i].text.at);
    told_count++;
}

static size_t look(void)
{
    told_count = 0;
    account_watch_look(&watch, &accounts, on_told, NULL);
    return told_count;
}

/* Said by two people. */
static void set(uint16_t partner, const char *iban, uint32_t days)
{
    struct account_words words = {.currency = "EUR",
                                  .holder = bytes_text("Somebody"),
                                  .iban = bytes_text(iban),
                                  .bic = bytes_text("")};
    for (uint8_t person = 1; person <= 2; person++) {
        words.approver.at[0] = person;
        REQUIRE(payment_accounts_set(&accounts, (struct partner_id){partner}, &words, days, NOW) ==
                VERDICT_ACCEPTED);
    }
}

#define VIENNA "AT611904300234573201"
#define BERLIN "DE89370400440532013000"

static void set_up(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books", NULL}};
    charter = coalition_found(coalition_draft(&spec));
    (void)look();
}

static void tear_down(void)
{
    account_watch_release(&watch);
    payment_accounts_release(&accounts);
    charter_close(charter);
}

CASE(a_change_is_told_when_it_waits_and_when_it_is_in_force)
{
    set_up();
    CHECK_INT(look(), 0);
    set(GROCER, VIENNA, 7);
    REQUIRE(look() == 1);
    CHECK_INT(told[0], ACCOUNT_EVENT_waits);
    CHECK_TEXT(lines[0], "grocer EUR 3201 2027-01-22T00:00:00.000Z");
    CHECK_INT(look(), 0);
    (void)payment_accounts_pass(&accounts, NOW + 7 * DAY);
    REQUIRE(look() == 1);
    CHECK_INT(told[0], ACCOUNT_EVENT_in_force);
    CHECK_TEXT(lines[0], "grocer EUR 3201 2027-01-22T00:00:00.000Z");
    CHECK_INT(look(), 0);
    tear_down();
}

/* Without a wait too, somebody hears of it. */
CASE(a_change_without_a_wait_is_told)
{
    set_up();
    set(BOOKS, BERLIN, 0);
    REQUIRE(look() == 1);
    CHECK_INT(told[0], ACCOUNT_EVENT_in_force);
    CHECK_TEXT(lines[0], "books EUR 3000 2027-01-15T00:00:00.000Z");
    tear_down();
}

CASE(what_replaces_a_change_and_what_ends_it_is_told)
{
    set_up();
    set(GROCER, VIENNA, 0);
    set(GROCER, BERLIN, 7);
    (void)look();
    set(GROCER, VIENNA, 7);
    REQUIRE(look() == 1);
    CHECK_INT(told[0], ACCOUNT_EVENT_given_up);
    CHECK_TEXT(lines[0], "grocer EUR 3201 2027-01-15T00:00:00.000Z");
    set(GROCER, BERLIN, 7);
    (void)look();
    set(GROCER, "IE29AIBK93115212345678", 8);
    REQUIRE(look() == 1);
    CHECK_INT(told[0], ACCOUNT_EVENT_waits);
    CHECK_TEXT(lines[0], "grocer EUR 5678 2027-01-23T00:00:00.000Z");
    tear_down();
}

/* Whoever starts a node hears of what waits, and not of what was long before. */
CASE(the_first_look_tells_what_waits)
{
    set_up();
    set(GROCER, VIENNA, 0);
    set(BOOKS, BERLIN, 7);
    account_watch_release(&watch);
    REQUIRE(look() == 1);
    CHECK_INT(told[0], ACCOUNT_EVENT_waits);
    CHECK(strncmp(lines[0], "books", 5) == 0);
    tear_down();
}

/* One that comes before others in order. */
CASE(each_partner_is_watched_for_itself)
{
    set_up();
    set(BOOKS, BERLIN, 7);
    CHECK_INT(look(), 1);
    set(GROCER, VIENNA, 7);
    REQUIRE(look() == 1);
    CHECK(strncmp(lines[0], "grocer", 6) == 0);
    tear_down();
}

CASE(metrics_count_what_waits)
{
    struct buffer out;
    set_up();
    set(BOOKS, BERLIN, 7);
    (void)look();
    buffer_init(&out, 4096);
    account_watch_metrics(&watch, &accounts, &out);
    CHECK(strstr(buffer_text(&out), "\naccrue_payment_account_changes_waiting 1\n"));
    CHECK(strstr(buffer_text(&out), "\naccrue_payment_account_events_total{event=\"waits\"} 1\n"));
    CHECK(strstr(buffer_text(&out), "{event=\"in_force\"} 0\n"));
    buffer_release(&out);
    CHECK_TEXT(account_event_message(ACCOUNT_EVENT_in_force),
               "a partner's payment account has changed");
    tear_down();
}

int main(void)
{
    RUN(a_change_is_told_when_it_waits_and_when_it_is_in_force);
    RUN(a_change_without_a_wait_is_told);
    RUN(what_replaces_a_change_and_what_ends_it_is_told);
    RUN(the_first_look_tells_what_waits);
    RUN(each_partner_is_watched_for_itself);
    RUN(metrics_count_what_waits);
    return check_report();
}
