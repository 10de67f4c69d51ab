// links: partners
/* Rate cards: two sides, versions, dates that never overlap, and the terms that a lot keeps. */
#include "check.h"
#include "partners/contracts.h"

#define DAY UINT64_C(86400000)
#define NOW (20000 * DAY)

enum { GROCER, CINEMA, BOOKS };

static const struct partner_id grocer = {GROCER}, cinema = {CINEMA}, books = {BOOKS};

/* The grocer's points at the cinema, from so many days on, until so many (0: without an end). */
static struct rate_card card_of(uint64_t from, uint64_t until)
{
    return (struct rate_card){.funder = {GROCER},
                              .redeemer = {CINEMA},
                              .face_currency = "EUR",
                              .settlement_currency = "EUR",
                              .face = {10000},
                              .reimbursement = {9000},
                              .issue_fee = {400},
                              .fee_tax = "AT-20",
                              .from_ms = NOW + from * DAY,
                              .until_ms = until ? NOW + until * DAY : 0};
}

static void check_verdict(enum verdict seen, enum verdict expected)
{
    CHECK_TEXT(verdict_word(seen), verdict_word(expected));
}

static enum verdict propose(struct contracts *contracts, struct rate_card card, size_t *number)
{
    return contract_propose(contracts, grocer, &card, NOW, DAY, number);
}

static enum verdict sign_it(struct contracts *contracts, size_t number)
{
    struct hash digest = rate_card_digest(&contracts->versions[number].card);
    return contract_sign(contracts, cinema, number, &digest, NOW);
}

/* Proposed by the grocer, signed by the cinema. */
static void agree(struct contracts *contracts, struct rate_card card)
{
    size_t number = 0;
    check_verdict(propose(contracts, card, &number), VERDICT_ACCEPTED);
    check_verdict(sign_it(contracts, number), VERDICT_ACCEPTED);
}

static uint64_t in_force(const struct contracts *contracts, uint64_t day)
{
    const struct rate_card *card = contract_at(contracts, grocer, cinema, NOW + day * DAY);
    return card ? (card->from_ms - NOW) / DAY : 0;
}

CASE(a_card_holds_when_both_have_signed)
{
    struct contracts contracts = {0};
    size_t number = 99;
    struct rate_card card = card_of(10, 0);
    check_verdict(propose(&contracts, card, &number), VERDICT_ACCEPTED);
    CHECK_INT(number, 0);
    CHECK_INT(in_force(&contracts, 20), 0);
    check_verdict(sign_it(&contracts, 0), VERDICT_ACCEPTED);
    CHECK_INT(in_force(&contracts, 9), 0);
    CHECK_INT(in_force(&contracts, 10), 10);
    CHECK_INT(in_force(&contracts, 100000), 10);
    CHECK(!contract_at(&contracts, cinema, grocer, NOW + 20 * DAY));
    contracts_release(&contracts);
}

CASE(nobody_signs_alone_or_for_others)
{
    struct contracts contracts = {0};
    size_t number;
    struct rate_card card = card_of(10, 0);
    check_verdict(contract_propose(&contracts, books, &card, NOW, DAY, &number),
                  VERDICT_NOT_A_PARTY);
    REQUIRE(propose(&contracts, card, &number) == VERDICT_ACCEPTED);
    struct hash digest = rate_card_digest(&card), other = digest;
    check_verdict(contract_sign(&contracts, grocer, 0, &digest, NOW), VERDICT_OWN_PROPOSAL);
    check_verdict(contract_sign(&contracts, books, 0, &digest, NOW), VERDICT_NOT_A_PARTY);
    check_verdict(contract_sign(&contracts, cinema, 1, &digest, NOW), VERDICT_UNKNOWN_CONTRACT);
    other.at[0] ^= 1;
    check_verdict(contract_sign(&contracts, cinema, 0, &other, NOW), VERDICT_CONTRACT_CHANGED);
    check_verdict(contract_sign(&contracts, cinema, 0, &digest, card.from_ms),
                  VERDICT_CONTRACT_TOO_LATE);
    check_verdict(contract_sign(&contracts, cinema, 0, &digest, NOW), VERDICT_ACCEPTED);
    check_verdict(contract_sign(&contracts, cinema, 0, &digest, NOW), VERDICT_CONTRACT_CLOSED);
    check_verdict(contract_withdraw(&contracts, grocer, 0), VERDICT_CONTRACT_CLOSED);
    contracts_release(&contracts);
}

CASE(a_proposal_can_be_withdrawn_by_its_maker)
{
    struct contracts contracts = {0};
    size_t number;
    struct rate_card card = card_of(10, 0);
    REQUIRE(propose(&contracts, card, &number) == VERDICT_ACCEPTED);
    check_verdict(contract_withdraw(&contracts, cinema, number), VERDICT_NOT_A_PARTY);
    check_verdict(contract_withdraw(&contracts, grocer, 7), VERDICT_UNKNOWN_CONTRACT);
    check_verdict(contract_withdraw(&contracts, grocer, number), VERDICT_ACCEPTED);
    check_verdict(sign_it(&contracts, number), VERDICT_CONTRACT_CLOSED);
    contracts_release(&contracts);
}

CASE(every_field_is_signed)
{
    struct rate_card card = card_of(10, 20);
    struct hash first = rate_card_digest(&card);
    struct rate_card others[14];
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        others[i] = card;
    others[0].funder.v = 9;
    others[1].redeemer.v = 9;
    others[2].face_currency[0] = 'X';
    others[3].settlement_currency[0] = 'X';
    others[4].face.v++;
    others[5].reimbursement.v++;
    others[6].issue_fee.v++;
    others[7].redemption_fee.v++;
    others[8].redemption_tax[0] = 'X';
    others[9].fee_tax[0] = 'X';
    others[10].period_cap.v++;
    others[11].year_cap.v++;
    others[12].from_ms++;
    others[13].until_ms++;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct hash other = rate_card_digest(&others[i]);
        CHECK(!bytes_equal(hash_as_bytes(&first), hash_as_bytes(&other)));
    }
}

CASE(terms_out_of_range_are_refused)
{
    struct contracts contracts = {0};
    size_t number;
    struct rate_card card = card_of(10, 0);
    card.redeemer.v = GROCER;
    check_verdict(propose(&contracts, card, &number), VERDICT_BAD_CARD);
    card = card_of(10, 0);
    card.reimbursement.v = 10001;
    check_verdict(propose(&contracts, card, &number), VERDICT_ABOVE_FACE);
    memcpy(card.face_currency, "JPY", 4);
    check_verdict(propose(&contracts, card, &number), VERDICT_ACCEPTED);
    card = card_of(10, 0);
    card.issue_fee.v = -1;
    check_verdict(propose(&contracts, card, &number), VERDICT_BAD_CARD);
    card = card_of(10, 0);
    card.face.v = PRICE_MICRO_MAX + 1;
    check_verdict(propose(&contracts, card, &number), VERDICT_BAD_CARD);
    card = card_of(10, 0);
    card.year_cap.v = -1;
    check_verdict(propose(&contracts, card, &number), VERDICT_BAD_CARD);
    check_verdict(propose(&contracts, card_of(10, 10), &number), VERDICT_BAD_CARD);
    check_verdict(propose(&contracts, card_of(10, 9), &number), VERDICT_BAD_CARD);
    check_verdict(propose(&contracts, card_of(0, 0), &number), VERDICT_NOTICE_TOO_SHORT);
    card = card_of(1, 0);
    check_verdict(propose(&contracts, card, &number), VERDICT_ACCEPTED);
    card.from_ms--;
    check_verdict(propose(&contracts, card, &number), VERDICT_NOTICE_TOO_SHORT);
    contracts_release(&contracts);
}

CASE(a_version_without_an_end_gives_way_to_the_next)
{
    struct contracts contracts = {0};
    agree(&contracts, card_of(10, 0));
    agree(&contracts, card_of(50, 60));
    agree(&contracts, card_of(60, 0));
    CHECK_INT(in_force(&contracts, 49), 10);
    CHECK_INT(in_force(&contracts, 50), 50);
    CHECK_INT(in_force(&contracts, 59), 50);
    CHECK_INT(in_force(&contracts, 60), 60);
    contracts_release(&contracts);
}

/* Signed are 10 to 20, and from 40 on without an end. What begins before the latter must say where
 * it ends. */
CASE(terms_that_overlap_are_refused)
{
    static const struct {
        uint64_t from, until;
        bool fits;
    } cases[] = {{10, 20, false}, {5, 11, false}, {19, 30, false}, {12, 15, false}, {5, 30, false},
                 {10, 0, false},  {5, 0, false},  {5, 10, true},   {20, 30, true},  {20, 0, false},
                 {25, 0, false},  {15, 0, false}, {40, 0, false},  {30, 40, true},  {30, 41, false},
                 {41, 42, true},  {42, 0, true}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct contracts contracts = {0};
        size_t number;
        agree(&contracts, card_of(10, 20));
        agree(&contracts, card_of(40, 0));
        check_verdict(propose(&contracts, card_of(cases[i].from, cases[i].until), &number),
                      cases[i].fits ? VERDICT_ACCEPTED : VERDICT_OVERLAP);
        contracts_release(&contracts);
    }
}

/* What two partners have signed must read the same for ever: protocol/FORMAT.md section 21. */
CASE(the_digest_of_a_card_is_frozen)
{
    struct rate_card card = card_of(10, 20);
    struct hash digest = rate_card_digest(&card);
    char text[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&digest), text);
    CHECK_TEXT(text, "da135dbebfc7c1ef2eab6b3712c6839fa5979b7f68c3c26470d1bca695047024");
}

/* Both may be proposed; what was signed meanwhile decides. */
CASE(what_overlaps_by_the_time_it_is_signed_is_refused_then)
{
    struct contracts contracts = {0};
    size_t first, second;
    REQUIRE(propose(&contracts, card_of(10, 30), &first) == VERDICT_ACCEPTED);
    REQUIRE(propose(&contracts, card_of(20, 40), &second) == VERDICT_ACCEPTED);
    check_verdict(sign_it(&contracts, second), VERDICT_ACCEPTED);
    check_verdict(sign_it(&contracts, first), VERDICT_OVERLAP);
    contracts_release(&contracts);
}

CASE(another_pair_is_another_matter)
{
    struct contracts contracts = {0};
    struct rate_card card = card_of(10, 20);
    size_t number;
    agree(&contracts, card);
    card.redeemer.v = BOOKS;
    check_verdict(propose(&contracts, card, &number), VERDICT_ACCEPTED);
    card.redeemer.v = GROCER;
    card.funder.v = CINEMA;
    check_verdict(propose(&contracts, card, &number), VERDICT_ACCEPTED);
    contracts_release(&contracts);
}

/* At every time at most one version of a pair is in force, whatever is proposed. */
CASE(random_proposals_never_overlap)
{
    uint64_t seed = 1;
    struct contracts contracts = {0};
    for (int i = 0; i < 2000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t from = 1 + (seed >> 33) % 400, length = (seed >> 50) % 20;
        size_t number;
        if (propose(&contracts, card_of(from, length ? from + length : 0), &number) ==
            VERDICT_ACCEPTED)
            (void)sign_it(&contracts, number);
    }
    size_t agreed = 0;
    for (uint64_t day = 1; day < 450; day++) {
        size_t count = 0;
        for (size_t i = 0; i < contracts.count; i++) {
            const struct contract_version *version = &contracts.versions[i];
            uint64_t from = (version->card.from_ms - NOW) / DAY;
            uint64_t until = version->card.until_ms ? (version->card.until_ms - NOW) / DAY : 0;
            if (version->state != CONTRACT_SIGNED)
                continue;
            /* Without an end it lasts until the next one begins. */
            for (size_t j = 0; until == 0 && j < contracts.count; j++)
                if (contracts.versions[j].state == CONTRACT_SIGNED &&
                    contracts.versions[j].card.from_ms > version->card.from_ms &&
                    contracts.versions[j].card.from_ms <= NOW + day * DAY)
                    until = from;
            bool holds = from <= day && (until == 0 || day < until);
            count += holds;
            CHECK(!holds || in_force(&contracts, day) == from);
            agreed += day == 1;
        }
        CHECK(count <= 1);
    }
    CHECK(agreed > 10);
    contracts_release(&contracts);
}

CASE(a_lot_keeps_the_terms_that_it_was_issued_under)
{
    struct contracts contracts = {0};
    CHECK(!contract_for_lot(&contracts, grocer, cinema, NOW));
    agree(&contracts, card_of(10, 20));
    agree(&contracts, card_of(30, 0));
    const struct rate_card *early = contract_for_lot(&contracts, grocer, cinema, NOW + 5 * DAY);
    const struct rate_card *during = contract_for_lot(&contracts, grocer, cinema, NOW + 15 * DAY);
    const struct rate_card *late = contract_for_lot(&contracts, grocer, cinema, NOW + 35 * DAY);
    REQUIRE(early && during && late);
    CHECK(early->from_ms == NOW + 10 * DAY); /* the redeemer joined later */
    CHECK(during->from_ms == NOW + 10 * DAY);
    CHECK(late->from_ms == NOW + 30 * DAY);
    CHECK(!contract_for_lot(&contracts, grocer, cinema, NOW + 25 * DAY));
    contracts_release(&contracts);
}

int main(void)
{
    RUN(a_card_holds_when_both_have_signed);
    RUN(nobody_signs_alone_or_for_others);
    RUN(a_proposal_can_be_withdrawn_by_its_maker);
    RUN(every_field_is_signed);
    RUN(the_digest_of_a_card_is_frozen);
    RUN(terms_out_of_range_are_refused);
    RUN(a_version_without_an_end_gives_way_to_the_next);
    RUN(terms_that_overlap_are_refused);
    RUN(what_overlaps_by_the_time_it_is_signed_is_refused_then);
    RUN(another_pair_is_another_matter);
    RUN(random_proposals_never_overlap);
    RUN(a_lot_keeps_the_terms_that_it_was_issued_under);
    return check_report();
}
