// links: partners
/* How a contract ends before its time: who may say so, with how much notice, and what comes of it
 * for prices, later cards, epochs and images. */
#include "check.h"
#include "partners/contracts.h"

#define DAY     UINT64_C(86400000)
#define NOW     (20000 * DAY)
#define AT(day) (NOW + (day)*DAY)

static const struct partner_id grocer = {0}, cinema = {1};
static struct charter_partner partners[3];
static const struct charter charter = {
    .currency = "EUR", .minor_digits = 2, .partners = partners, .partner_count = 3};

enum { EXIT_DAYS = 30 };

/* The grocer's points at the cinema, from so many days on, until so many (0: without an end). */
static struct rate_card card_of(uint64_t from, uint64_t until)
{
    return (struct rate_card){.funder = {0},
                              .redeemer = {1},
                              .face_currency = "EUR",
                              .settlement_currency = "EUR",
                              .face = {10000},
                              .reimbursement = {9000},
                              .from_ms = AT(from),
                              .until_ms = until ? AT(until) : 0,
                              .exit_days = EXIT_DAYS};
}

static void check_verdict(enum verdict seen, enum verdict expected)
{
    CHECK_TEXT(verdict_word(seen), verdict_word(expected));
}

static enum verdict propose(struct contracts *contracts, struct rate_card card, uint64_t now_ms,
                            size_t *number_out)
{
    return contract_propose(contracts, &charter, grocer, &card, now_ms, (struct record_index){7},
                            number_out);
}

static enum verdict sign_it(struct contracts *contracts, size_t number, uint64_t now_ms)
{
    struct hash digest = rate_card_digest(&contracts->versions[number].card);
    return contract_sign(contracts, cinema, number, &digest, now_ms);
}

static void agree(struct contracts *contracts, struct rate_card card)
{
    size_t number = 0;
    check_verdict(propose(contracts, card, NOW, &number), VERDICT_ACCEPTED);
    check_verdict(sign_it(contracts, number, NOW), VERDICT_ACCEPTED);
}

static bool holds(const struct contracts *contracts, size_t number, uint64_t time_ms)
{
    return contract_at(contracts, grocer, cinema, time_ms) == &contracts->versions[number];
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Number 0 holds from 10 until 200, when 1 takes over, without an end; 2 is proposed, 3 withdrawn,
 * 4 has to be kept, and held from 300 to 400; 1 ends there. */
static struct contracts agreed(void)
{
    struct contracts contracts;
    struct rate_card kept = card_of(300, 400);
    size_t number;
    contracts_init(&contracts, &charter);
    agree(&contracts, card_of(10, 0));
    agree(&contracts, card_of(200, 0));
    check_verdict(propose(&contracts, card_of(500, 0), NOW, &number), VERDICT_ACCEPTED);
    check_verdict(propose(&contracts, card_of(500, 0), NOW, &number), VERDICT_ACCEPTED);
    check_verdict(contract_withdraw(&contracts, grocer, number), VERDICT_ACCEPTED);
    kept.exit_days = 0;
    agree(&contracts, kept);
    agree(&contracts, card_of(600, 0));
    return contracts;
}

/* Each is refused for the first thing that is wrong with it, so that the order is seen too. */
CASE(a_card_is_ended_by_a_party_with_the_notice_it_says)
{
    static const struct {
        size_t number;
        struct partner_id party;
        uint64_t now, until_ms;
        enum verdict verdict;
    } cases[] = {
        {6, {2}, 0, 0, VERDICT_UNKNOWN_CONTRACT},
        {2, {2}, 0, 0, VERDICT_NOT_A_PARTY},
        {2, {0}, 0, 0, VERDICT_CONTRACT_CLOSED},
        {3, {0}, 0, 0, VERDICT_CONTRACT_CLOSED},
        {0, {0}, 200, 0, VERDICT_CONTRACT_CLOSED}, /* it gave way */
        {4, {1}, 400, 0, VERDICT_CONTRACT_CLOSED},
        {4, {1}, 399, 0, VERDICT_NO_EXIT},
        {0, {1}, 0, AT(10), VERDICT_BAD_CARD},
        {0, {1}, 199, AT(10), VERDICT_BAD_CARD},
        {0, {1}, 180, AT(200), VERDICT_BAD_CARD}, /* where it ends anyway */
        {1, {1}, 280, AT(300), VERDICT_BAD_CARD},
        {5, {1}, 280, TIME_MS_MAX + 1, VERDICT_BAD_CARD},
        {0, {1}, 100, AT(130) - 1, VERDICT_NOTICE_TOO_SHORT},
        {0, {1}, 199, AT(200) - 1, VERDICT_NOTICE_TOO_SHORT},
        {0, {1}, 0, AT(10) + 1, VERDICT_NOTICE_TOO_SHORT},
        {0, {1}, 100, AT(130), VERDICT_ACCEPTED},
        {0, {0}, 0, AT(200) - 1, VERDICT_ACCEPTED}, /* the funder too */
        {1, {0}, 0, AT(200) + 1, VERDICT_ACCEPTED}, /* before it has begun */
        {5, {0}, 0, TIME_MS_MAX, VERDICT_ACCEPTED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct contracts contracts = agreed();
        check_verdict(contract_end(&contracts, cases[i].party, cases[i].number, cases[i].until_ms,
                                   AT(cases[i].now)),
                      cases[i].verdict);
        if (cases[i].number < contracts.count)
            CHECK(contracts.versions[cases[i].number].ended_ms ==
                  (cases[i].verdict == VERDICT_ACCEPTED ? cases[i].until_ms : 0));
        contracts_release(&contracts);
    }
}

CASE(what_was_signed_stays_and_holds_no_longer_than_its_end)
{
    struct contracts contracts = agreed();
    struct hash before = rate_card_digest(&contracts.versions[0].card);
    CHECK(contract_ends_ms(&contracts, &contracts.versions[0]) == AT(200));
    CHECK(contract_ends_ms(&contracts, &contracts.versions[4]) == AT(400));
    CHECK(contract_ends_ms(&contracts, &contracts.versions[5]) == 0);
    check_verdict(contract_end(&contracts, grocer, 0, AT(150), AT(20)), VERDICT_ACCEPTED);
    struct hash after = rate_card_digest(&contracts.versions[0].card);
    CHECK(hash_equal(&before, &after));
    CHECK(contract_ends_ms(&contracts, &contracts.versions[0]) == AT(150));
    CHECK(holds(&contracts, 0, AT(150) - 1));
    CHECK(!contract_at(&contracts, grocer, cinema, AT(150)));
    CHECK(holds(&contracts, 1, AT(200)));
    contracts_release(&contracts);
}

/* It comes earlier each time, and counts as it stands: reached, it is the end. */
CASE(an_end_is_moved_only_forward)
{
    struct contracts contracts = agreed();
    check_verdict(contract_end(&contracts, grocer, 0, AT(150), AT(20)), VERDICT_ACCEPTED);
    check_verdict(contract_end(&contracts, cinema, 0, AT(150), AT(20)), VERDICT_BAD_CARD);
    check_verdict(contract_end(&contracts, cinema, 0, AT(160), AT(20)), VERDICT_BAD_CARD);
    check_verdict(contract_end(&contracts, cinema, 0, AT(140), AT(111)), VERDICT_NOTICE_TOO_SHORT);
    check_verdict(contract_end(&contracts, cinema, 0, AT(140), AT(110)), VERDICT_ACCEPTED);
    check_verdict(contract_end(&contracts, cinema, 0, AT(139), AT(140) - 1),
                  VERDICT_NOTICE_TOO_SHORT);
    check_verdict(contract_end(&contracts, cinema, 0, AT(139), AT(140)), VERDICT_CONTRACT_CLOSED);
    CHECK(holds(&contracts, 0, AT(140) - 1) && !holds(&contracts, 0, AT(140)));
    contracts_release(&contracts);
}

/* A card from 10 on, without an end or until 100, ended at 50: what is agreed for the time after
 * that fits, and nothing before. It gives way to nobody any more. */
CASE(later_cards_go_by_the_new_end)
{
    static const struct {
        uint64_t until, from;
        bool fits;
    } cases[] = {{0, 50, true}, {100, 50, true}, {0, 49, false}, {100, 49, false}, {0, 70, true}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct contracts contracts;
        size_t number = 1, early;
        contracts_init(&contracts, &charter);
        agree(&contracts, card_of(10, cases[i].until));
        /* Proposed before the end is said where that is possible, and signed after it. */
        struct rate_card next = card_of(cases[i].from, 0);
        bool before = propose(&contracts, next, NOW, &early) == VERDICT_ACCEPTED;
        CHECK(before == (cases[i].until == 0));
        check_verdict(contract_end(&contracts, cinema, 0, AT(50), NOW), VERDICT_ACCEPTED);
        check_verdict(propose(&contracts, next, NOW, &number),
                      cases[i].fits ? VERDICT_ACCEPTED : VERDICT_OVERLAP);
        if (before)
            check_verdict(sign_it(&contracts, early, NOW),
                          cases[i].fits ? VERDICT_ACCEPTED : VERDICT_OVERLAP);
        contracts_release(&contracts);
    }
}

/* ---- epochs ---------------------------------------------------------------------------------- */

CASE(an_epoch_begins_at_the_new_end_and_none_at_the_old)
{
    struct contracts contracts;
    contracts_init(&contracts, &charter);
    agree(&contracts, card_of(10, 100));
    CHECK(contracts_pass(&contracts, AT(10)));
    check_verdict(contract_end(&contracts, cinema, 0, AT(50), AT(20)), VERDICT_ACCEPTED);
    CHECK(!contracts_pass(&contracts, AT(50) - 1));
    CHECK(contracts_pass(&contracts, AT(60)));
    CHECK(contracts.epochs[2] == AT(50));
    CHECK(contract_in(&contracts, grocer, cinema, 1) == &contracts.versions[0]);
    CHECK(!contract_in(&contracts, grocer, cinema, 2));
    CHECK(!contracts_pass(&contracts, AT(1000)));
    CHECK_INT(contracts.epoch_count, 3);
    contracts_release(&contracts);
}

/* Each end leaves the one before behind: they are swept away, and begin nothing. */
CASE(an_end_that_is_moved_often_takes_little_room)
{
    struct contracts contracts;
    contracts_init(&contracts, &charter);
    agree(&contracts, card_of(10, 0));
    agree(&contracts, card_of(900, 0));
    for (uint64_t i = 0; i < 5000; i++)
        check_verdict(contract_end(&contracts, i % 2 ? grocer : cinema, 0, AT(800) - i, NOW),
                      VERDICT_ACCEPTED);
    CHECK(contracts.moments.count < 10);
    CHECK(contracts_pass(&contracts, AT(10)));
    CHECK(contracts_pass(&contracts, AT(850)));
    CHECK(contracts.epochs[2] == AT(800) - 4999);
    CHECK_INT(contracts.stale, 0);
    CHECK_INT(contracts.moments.count, 1);
    contracts_release(&contracts);
}

/* ---- images ---------------------------------------------------------------------------------- */

static struct contract_version version_of(uint64_t from, uint64_t until, uint64_t ended)
{
    return (struct contract_version){.card = card_of(from, until),
                                     .state = CONTRACT_SIGNED,
                                     .signed_ms = NOW,
                                     .ended_ms = ended ? AT(ended) : 0,
                                     .record = {7}};
}

static bool loads(struct contracts *contracts, struct contract_version version)
{
    return contracts_load_version(contracts, &charter, &version, NOW);
}

CASE(an_images_ends_are_those_that_could_be_said)
{
    struct contract_version bad[8];
    struct contracts contracts;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        bad[i] = version_of(40, 80, 60);
    bad[0].card.exit_days = 0;
    bad[1].card.exit_days = 61;
    bad[2].ended_ms = AT(40);
    bad[3].ended_ms = AT(80);
    bad[4].card.until_ms = 0;
    bad[4].ended_ms = TIME_MS_MAX + 1;
    bad[5].state = CONTRACT_PROPOSED;
    bad[5].signed_ms = 0;
    bad[6].card.exit_days = EXIT_DAYS_MAX + 1;
    bad[6].ended_ms = 0;
    bad[7].card.from_ms = AT(20); /* the next begins before its end */
    bad[7].card.until_ms = 0;
    contracts_init(&contracts, &charter);
    CHECK(loads(&contracts, version_of(50, 0, 55)));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(!loads(&contracts, bad[i]));
    CHECK_INT(contracts.count, 1);
    contracts_release(&contracts);
}

/* What was signed for the time after an end may have been proposed before or after the card. */
CASE(an_image_has_cards_that_fit_as_they_were_ended)
{
    static const struct {
        uint64_t ended, next;
        bool fits;
    } cases[] = {{60, 60, true}, {60, 70, true}, {60, 59, false}};
    for (size_t i = 0; i < 4 * ARRAY_SIZE(cases); i++) {
        uint64_t until = i & 1 ? 100 : 0;
        bool first = i & 2, fits = cases[i / 4].fits;
        struct contract_version ended = version_of(10, until, cases[i / 4].ended);
        struct contract_version next = version_of(cases[i / 4].next, 0, 0);
        struct contracts contracts;
        contracts_init(&contracts, &charter);
        CHECK(loads(&contracts, first ? ended : next));
        CHECK(loads(&contracts, first ? next : ended) == fits);
        contracts_release(&contracts);
    }
}

/* From 10 until 100, ended at 50; time is at 70, or 120. */
CASE(an_images_epochs_begin_with_ends_as_they_stand)
{
    static const struct {
        uint64_t now, days[3];
        bool good;
    } cases[] = {{70, {10, 50}, true},  {70, {50}, true},        {70, {10}, false},
                 {120, {10, 50}, true}, {120, {10, 100}, false}, {120, {10, 50, 100}, false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct contracts contracts;
        contracts_init(&contracts, &charter);
        REQUIRE(loads(&contracts, version_of(10, 100, 50)));
        for (size_t j = 0; j < 3 && cases[i].days[j] > 0; j++)
            CHECK(contracts_load_epoch(&contracts, AT(cases[i].days[j])));
        CHECK(contracts_load_end(&contracts, AT(cases[i].now)) == cases[i].good);
        contracts_release(&contracts);
    }
}

/* ---- by chance ------------------------------------------------------------------------------- */

static uint64_t drawn(uint64_t *seed, uint64_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % below;
}

/* The first moment after `after_ms` at which a signed card begins or ends by itself, as a scan
 * finds it: an epoch begins there. */
static uint64_t scan_moment(const struct contracts *contracts, uint64_t after_ms, uint64_t now_ms)
{
    uint64_t latest_ms = 0;
    for (size_t i = 0; i < contracts->count; i++) {
        const struct contract_version *version = &contracts->versions[i];
        uint64_t ends_ms = version->ended_ms ? version->ended_ms : version->card.until_ms;
        const uint64_t at[] = {version->card.from_ms, ends_ms};
        for (size_t j = 0; j < 2 && version->state == CONTRACT_SIGNED; j++)
            if (at[j] > after_ms && at[j] <= now_ms && at[j] > latest_ms)
                latest_ms = at[j];
    }
    return latest_ms;
}

static struct contracts copy_of(const struct contracts *contracts, uint64_t now_ms)
{
    struct contracts copy;
    contracts_init(&copy, &charter);
    for (size_t i = 0; i < contracts->count; i++)
        CHECK(contracts_load_version(&copy, &charter, &contracts->versions[i], now_ms));
    for (size_t i = 1; i < contracts->epoch_count; i++)
        CHECK(contracts_load_epoch(&copy, contracts->epochs[i]));
    CHECK(contracts_load_end(&copy, now_ms));
    CHECK(contracts_shares_sound(&copy));
    return copy;
}

static size_t random_step(struct contracts *contracts, uint64_t now_ms, uint64_t *seed)
{
    size_t count = contracts->count, number = drawn(seed, count < 8 ? 8 : count);
    uint64_t day = (now_ms - NOW) / DAY;
    struct rate_card card = card_of(day + 1 + drawn(seed, 40), 0);
    if (drawn(seed, 2))
        card.until_ms = card.from_ms + (1 + drawn(seed, 40)) * DAY;
    card.exit_days = (uint16_t)drawn(seed, 4);
    if (drawn(seed, 3) > 0) {
        if (propose(contracts, card, now_ms, &number) == VERDICT_ACCEPTED && drawn(seed, 4))
            (void)sign_it(contracts, number, now_ms);
        return 0;
    }
    if (drawn(seed, 4))
        number = count - 1 - drawn(seed, count < 8 ? 1 : 8); /* beyond all, when there is none */
    return contract_end(contracts, drawn(seed, 2) ? grocer : cinema, number,
                        AT(day + drawn(seed, 60)), now_ms) == VERDICT_ACCEPTED;
}

/* Whatever is agreed and ended, at most one card holds at a time, epochs begin where a scan over
 * what is signed says, and an image goes on like what it was made of. */
CASE(random_ends_leave_one_card_at_a_time_and_the_epochs_of_what_stands)
{
    uint64_t seed = 11, now_ms = NOW;
    size_t ended = 0;
    struct contracts contracts;
    contracts_init(&contracts, &charter);
    for (int i = 0; i < 5000; i++) {
        ended += random_step(&contracts, now_ms, &seed);
        if (drawn(&seed, 4))
            continue;
        uint64_t next_ms = now_ms + drawn(&seed, 4) * DAY;
        uint64_t moment_ms = scan_moment(&contracts, now_ms, next_ms);
        struct contracts copy = copy_of(&contracts, now_ms);
        CHECK(contracts_pass(&contracts, next_ms) == (moment_ms != 0));
        CHECK(contracts_pass(&copy, next_ms) == (moment_ms != 0));
        CHECK(moment_ms == 0 || contracts.epochs[contracts_epoch(&contracts)] == moment_ms);
        contracts_release(&copy);
        now_ms = next_ms;
    }
    CHECK(ended > 50);
    for (uint64_t at_ms = NOW; at_ms < now_ms; at_ms += DAY) {
        size_t count = 0;
        for (size_t i = 0; i < contracts.count; i++) {
            const struct contract_version *version = &contracts.versions[i];
            if (version->state != CONTRACT_SIGNED || version->card.from_ms > at_ms)
                continue;
            uint64_t ends_ms = contract_ends_ms(&contracts, version);
            bool held = ends_ms == 0 || at_ms < ends_ms;
            CHECK(held == holds(&contracts, i, at_ms));
            count += held;
        }
        CHECK(count <= 1);
    }
    contracts_release(&contracts);
}

int main(void)
{
    RUN(a_card_is_ended_by_a_party_with_the_notice_it_says);
    RUN(what_was_signed_stays_and_holds_no_longer_than_its_end);
    RUN(an_end_is_moved_only_forward);
    RUN(later_cards_go_by_the_new_end);
    RUN(an_epoch_begins_at_the_new_end_and_none_at_the_old);
    RUN(an_end_that_is_moved_often_takes_little_room);
    RUN(an_images_ends_are_those_that_could_be_said);
    RUN(an_image_has_cards_that_fit_as_they_were_ended);
    RUN(an_images_epochs_begin_with_ends_as_they_stand);
    RUN(random_ends_leave_one_card_at_a_time_and_the_epochs_of_what_stands);
    return check_report();
}
