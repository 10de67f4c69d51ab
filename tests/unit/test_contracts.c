// links: partners
/* Rate cards and promotions: two sides, versions, dates that never overlap, epochs and tariffs. */
#include "check.h"
#include "partners/contracts.h"

#define DAY UINT64_C(86400000)
#define NOW (20000 * DAY)

enum { GROCER, CINEMA, BOOKS };

static const struct partner_id grocer = {GROCER}, cinema = {CINEMA}, books = {BOOKS};

/* Grocer, books, and the cinema, that is the operator too. */
static struct charter_partner partners[3];
static struct charter_currency currencies[] = {{"JPY", 0, {0}}, {"SEK", 2, {87100}}};
static struct charter_tax taxes[] = {{"AT-20", 2000}, {"AT-10", 1000}};
static struct charter charter = {
    .currency = "EUR",
    .minor_digits = 2,
    .partners = partners,
    .partner_count = 3,
    .has_operator = true,
    .operator_id = {CINEMA},
    .contracts = {.notice_days = 1, .currencies = currencies, .currency_count = 2},
    .settlement = {.taxes = taxes, .tax_count = 2}};

static struct contracts contracts_new(void)
{
    struct contracts contracts;
    contracts_init(&contracts, &charter);
    return contracts;
}

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

static enum verdict propose_as(struct contracts *contracts, struct partner_id proposer,
                               struct rate_card card, size_t *number)
{
    return contract_propose(contracts, &charter, proposer, &card, NOW, (struct record_index){7},
                            number);
}

static enum verdict propose(struct contracts *contracts, struct rate_card card, size_t *number)
{
    return propose_as(contracts, grocer, card, number);
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
    const struct contract_version *version =
        contract_at(contracts, grocer, cinema, NOW + day * DAY);
    return version ? (version->card.from_ms - NOW) / DAY : 0;
}

CASE(a_card_holds_when_both_have_signed)
{
    struct contracts contracts = contracts_new();
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
    struct contracts contracts = contracts_new();
    size_t number;
    struct rate_card card = card_of(10, 0);
    check_verdict(propose_as(&contracts, books, card, &number), VERDICT_NOT_A_PARTY);
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
    struct contracts contracts = contracts_new();
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
    struct rate_card others[15];
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
    others[14].exit_days++;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct hash other = rate_card_digest(&others[i]);
        CHECK(!bytes_equal(hash_as_bytes(&first), hash_as_bytes(&other)));
    }
}

/* Each alone makes a bad card of a good one. */
CASE(terms_out_of_range_are_refused)
{
    struct contracts contracts = contracts_new();
    size_t number;
    struct rate_card cards[17];
    for (size_t i = 0; i < ARRAY_SIZE(cards); i++)
        cards[i] = card_of(10, 20);
    cards[0].redeemer.v = GROCER;
    cards[1].face.v = PRICE_MICRO_MAX + 1;
    cards[2].reimbursement.v = -1;
    cards[3].issue_fee.v = -1;
    cards[4].redemption_fee.v = PRICE_MICRO_MAX + 1;
    cards[5].period_cap.v = -1;
    cards[6].year_cap.v = CAP_MAX + 1;
    cards[7].until_ms = cards[7].from_ms;
    cards[8].until_ms = cards[8].from_ms - 1;
    cards[9].from_ms = TIME_MS_MAX + 1;
    cards[10].until_ms = TIME_MS_MAX + 1;
    memcpy(cards[11].face_currency, "USD", 4);
    memcpy(cards[12].settlement_currency, "USD", 4);
    memcpy(cards[13].redemption_tax, "AT-13", 6);
    memcpy(cards[14].fee_tax, "AT-13", 6);
    cards[15].redeemer.v = BOOKS; /* fees, and not the operator */
    cards[16].exit_days = EXIT_DAYS_MAX + 1;
    for (size_t i = 0; i < ARRAY_SIZE(cards); i++)
        check_verdict(propose(&contracts, cards[i], &number), VERDICT_BAD_CARD);
    check_verdict(propose(&contracts, card_of(10, 20), &number), VERDICT_ACCEPTED);
    contracts_release(&contracts);
}

CASE(nobody_pays_above_face_in_one_currency)
{
    struct contracts contracts = contracts_new();
    size_t number;
    struct rate_card card = card_of(10, 0);
    card.reimbursement.v = 10001;
    check_verdict(propose(&contracts, card, &number), VERDICT_ABOVE_FACE);
    memcpy(card.face_currency, "JPY", 4);
    check_verdict(propose(&contracts, card, &number), VERDICT_ACCEPTED);
    contracts_release(&contracts);
}

CASE(a_card_is_proposed_in_time_by_those_who_take_part)
{
    struct contracts contracts = contracts_new();
    size_t number;
    struct rate_card card = card_of(1, 0);
    check_verdict(propose(&contracts, card_of(0, 0), &number), VERDICT_NOTICE_TOO_SHORT);
    card.from_ms--;
    check_verdict(propose(&contracts, card, &number), VERDICT_NOTICE_TOO_SHORT);
    card.from_ms++;
    partners[CINEMA].left = true;
    check_verdict(propose(&contracts, card, &number), VERDICT_UNKNOWN_PARTNER);
    partners[CINEMA].left = false;
    card.redeemer.v = 3;
    card.issue_fee.v = 0;
    check_verdict(propose(&contracts, card, &number), VERDICT_UNKNOWN_PARTNER);
    check_verdict(propose(&contracts, card_of(1, 0), &number), VERDICT_ACCEPTED);
    charter.contracts.notice_days = 0;
    check_verdict(propose(&contracts, card_of(0, 0), &number), VERDICT_NOTICE_TOO_SHORT);
    charter.contracts.notice_days = 1;
    contracts_release(&contracts);
}

CASE(one_partner_has_so_many_proposals_open)
{
    struct contracts contracts = contracts_new();
    size_t number;
    for (int i = 0; i < PROPOSALS_OPEN_MAX; i++)
        check_verdict(propose(&contracts, card_of(10 + (uint64_t)i, 0), &number), VERDICT_ACCEPTED);
    check_verdict(propose(&contracts, card_of(10, 0), &number), VERDICT_TOO_MANY_CONTRACTS);
    check_verdict(propose_as(&contracts, cinema, card_of(10, 0), &number), VERDICT_ACCEPTED);
    /* What is withdrawn, signed or past its day makes room. */
    check_verdict(contract_withdraw(&contracts, grocer, 5), VERDICT_ACCEPTED);
    check_verdict(propose(&contracts, card_of(500, 501), &number), VERDICT_ACCEPTED);
    check_verdict(propose(&contracts, card_of(10, 0), &number), VERDICT_TOO_MANY_CONTRACTS);
    check_verdict(sign_it(&contracts, number), VERDICT_ACCEPTED);
    struct rate_card late = card_of(400, 401);
    check_verdict(propose(&contracts, late, &number), VERDICT_ACCEPTED);
    check_verdict(propose(&contracts, late, &number), VERDICT_TOO_MANY_CONTRACTS);
    check_verdict(contract_propose(&contracts, &charter, grocer, &late, NOW + 10 * DAY,
                                   (struct record_index){9}, &number),
                  VERDICT_ACCEPTED);
    contracts_release(&contracts);
}

/* Proposed and withdrawn, or for a moment each: others have room all the same. */
CASE(nobody_uses_up_contracts_or_promotions_alone)
{
    struct contracts contracts = contracts_new();
    struct contract_version version = {
        .card = card_of(10, 0), .state = CONTRACT_WITHDRAWN, .proposer = grocer, .record = {7}};
    struct promotion_version promotion = {
        .promotion = {.issuer = books, .bp = 1, .budget = {1}, .from_ms = NOW + 1},
        .funder = grocer};
    size_t number;
    for (size_t i = 0; i + 1 < CONTRACTS_SHARE_MAX; i++) {
        promotion.promotion.until_ms = promotion.promotion.from_ms + 1;
        REQUIRE(contracts_load_version(&contracts, &charter, &version, NOW) &&
                contracts_load_promotion(&contracts, &charter, &promotion));
        promotion.promotion.from_ms++;
    }
    struct promotion more = promotion.promotion;
    more.until_ms = more.from_ms + 1;
    check_verdict(propose(&contracts, version.card, &number), VERDICT_ACCEPTED);
    check_verdict(contract_withdraw(&contracts, grocer, number), VERDICT_ACCEPTED);
    check_verdict(propose(&contracts, version.card, &number), VERDICT_TOO_MANY_CONTRACTS);
    check_verdict(propose_as(&contracts, cinema, version.card, &number), VERDICT_ACCEPTED);
    check_verdict(promotion_sign(&contracts, &charter, grocer, &more, NOW, version.record, &number),
                  VERDICT_ACCEPTED);
    more.from_ms = promotion.promotion.from_ms = NOW + DAY;
    more.until_ms = promotion.promotion.until_ms = 0;
    check_verdict(promotion_sign(&contracts, &charter, grocer, &more, NOW, version.record, &number),
                  VERDICT_TOO_MANY_CONTRACTS);
    CHECK(!contracts_load_version(&contracts, &charter, &version, NOW));
    CHECK(!contracts_load_promotion(&contracts, &charter, &promotion));
    CHECK(contracts_shares_sound(&contracts));
    contracts.shares[GROCER].proposals--;
    CHECK(!contracts_shares_sound(&contracts));
    contracts.shares[GROCER].proposals++;
    contracts.shares[GROCER].promotions--;
    CHECK(!contracts_shares_sound(&contracts));
    contracts_release(&contracts);
}

CASE(a_version_without_an_end_gives_way_to_the_next)
{
    struct contracts contracts = contracts_new();
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
        struct contracts contracts = contracts_new();
        size_t number;
        agree(&contracts, card_of(10, 20));
        agree(&contracts, card_of(40, 0));
        check_verdict(propose(&contracts, card_of(cases[i].from, cases[i].until), &number),
                      cases[i].fits ? VERDICT_ACCEPTED : VERDICT_OVERLAP);
        contracts_release(&contracts);
    }
}

/* What two partners have signed must read the same for ever: protocol/SETTLEMENT.md section 21. */
CASE(the_digest_of_a_card_is_frozen)
{
    struct rate_card card = card_of(10, 20);
    card.exit_days = 90;
    struct hash digest = rate_card_digest(&card);
    char text[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&digest), text);
    CHECK_TEXT(text, "1a7b389790a1f6e7fe2f56279a904a8e7c64657f244acf402d8957f3e3e5823c");
}

/* Both may be proposed; what was signed meanwhile decides. */
CASE(what_overlaps_by_the_time_it_is_signed_is_refused_then)
{
    struct contracts contracts = contracts_new();
    size_t first, second;
    REQUIRE(propose(&contracts, card_of(10, 30), &first) == VERDICT_ACCEPTED);
    REQUIRE(propose(&contracts, card_of(20, 40), &second) == VERDICT_ACCEPTED);
    check_verdict(sign_it(&contracts, second), VERDICT_ACCEPTED);
    check_verdict(sign_it(&contracts, first), VERDICT_OVERLAP);
    contracts_release(&contracts);
}

CASE(another_pair_is_another_matter)
{
    struct contracts contracts = contracts_new();
    struct rate_card card = card_of(10, 20);
    size_t number;
    agree(&contracts, card);
    card.redeemer.v = BOOKS;
    card.issue_fee.v = 0;
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
    struct contracts contracts = contracts_new();
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

/* Every pair of three looked up at every day finds what a scan over all versions finds. */
CASE(the_index_finds_what_a_scan_finds)
{
    struct contracts contracts = contracts_new();
    uint64_t seed = 5;
    for (int i = 0; i < 3000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        struct rate_card card = card_of(1 + (seed >> 33) % 300, 0);
        card.until_ms = (seed >> 50) % 9 ? card.from_ms + (seed >> 50) % 9 * DAY : 0;
        card.funder.v = (uint16_t)((seed >> 20) % 3);
        card.redeemer.v = (uint16_t)((seed >> 24) % 3);
        card.issue_fee.v = 0;
        size_t number;
        if (propose_as(&contracts, card.funder, card, &number) != VERDICT_ACCEPTED)
            continue;
        struct hash digest = rate_card_digest(&card);
        check_verdict(contract_sign(&contracts, card.redeemer, number, &digest, NOW),
                      VERDICT_ACCEPTED);
    }
    CHECK(contracts.count > 200);
    for (size_t i = 0; i < (size_t)3 * 3 * 320; i++) {
        struct partner_id funder = {(uint16_t)(i % 3)}, redeemer = {(uint16_t)(i / 3 % 3)};
        uint64_t time_ms = NOW + i / 9 * DAY;
        const struct contract_version *found = NULL;
        for (size_t j = 0; j < contracts.count; j++) {
            const struct contract_version *version = &contracts.versions[j];
            if (partner_equal(version->card.funder, funder) &&
                partner_equal(version->card.redeemer, redeemer) &&
                version->card.from_ms <= time_ms &&
                (!found || version->card.from_ms > found->card.from_ms))
                found = version;
        }
        if (found && found->card.until_ms != 0 && found->card.until_ms <= time_ms)
            found = NULL;
        CHECK(contract_at(&contracts, funder, redeemer, time_ms) == found);
    }
    contracts_release(&contracts);
}

CASE(an_epoch_begins_with_the_latest_moment_that_has_passed)
{
    struct contracts contracts = contracts_new();
    agree(&contracts, card_of(10, 20));
    agree(&contracts, card_of(20, 0));
    size_t number;
    REQUIRE(propose(&contracts, card_of(12, 13), &number) == VERDICT_OVERLAP);
    CHECK_INT(contracts_epoch(&contracts), 0);
    CHECK(!contracts_pass(&contracts, NOW + 10 * DAY - 1));
    CHECK(contracts_pass(&contracts, NOW + 10 * DAY));
    CHECK_INT(contracts_epoch(&contracts), 1);
    CHECK(contracts.epochs[1] == NOW + 10 * DAY);
    CHECK(!contracts_pass(&contracts, NOW + 15 * DAY));
    agree(&contracts, card_of(30, 0));                 /* signed in time: what it says is to come */
    CHECK(contracts_pass(&contracts, NOW + 35 * DAY)); /* 20 ends and begins, 30 begins */
    CHECK_INT(contracts_epoch(&contracts), 2);
    CHECK(contracts.epochs[2] == NOW + 30 * DAY);
    CHECK(!contracts_pass(&contracts, NOW + 1000 * DAY));
    contracts_release(&contracts);
}

/* Which card an epoch has, and which one comes after it. */
CASE(a_lot_keeps_the_card_of_its_epoch)
{
    struct contracts contracts = contracts_new();
    agree(&contracts, card_of(10, 20));
    agree(&contracts, card_of(30, 0));
    CHECK(!contract_in(&contracts, grocer, cinema, 0));
    CHECK(!contract_after(&contracts, grocer, cinema, 0, 0)); /* it has not begun */
    for (uint64_t day = 10; day <= 30; day += 10)
        CHECK(contracts_pass(&contracts, NOW + day * DAY));
    CHECK(contract_in(&contracts, grocer, cinema, 1) == &contracts.versions[0]);
    CHECK(!contract_in(&contracts, grocer, cinema, 2));
    CHECK(contract_in(&contracts, grocer, cinema, 3) == &contracts.versions[1]);
    CHECK(contract_after(&contracts, grocer, cinema, 0, 1) == &contracts.versions[0]);
    CHECK(contract_after(&contracts, grocer, cinema, 0, 3) == &contracts.versions[0]);
    CHECK(!contract_after(&contracts, grocer, cinema, 2, 2));
    CHECK(contract_after(&contracts, grocer, cinema, 2, 3) == &contracts.versions[1]);
    CHECK(!contract_after(&contracts, grocer, cinema, 3, 3));
    CHECK(!contract_after(&contracts, cinema, grocer, 0, 3));
    contracts_release(&contracts);
}

/* Other taxes or another currency to settle in make a tariff; other prices do not. */
CASE(cards_of_one_currency_and_taxes_share_a_tariff)
{
    struct contracts contracts = contracts_new();
    struct rate_card card = card_of(10, 11);
    agree(&contracts, card);
    CHECK_INT(contracts.versions[0].tariff, 1); /* the charter has no fee tax */
    card = card_of(11, 12);
    card.face.v++;
    agree(&contracts, card);
    CHECK_INT(contracts.versions[1].tariff, 1);
    card = card_of(12, 13);
    memset(card.fee_tax, 0, sizeof(card.fee_tax));
    agree(&contracts, card);
    CHECK_INT(contracts.versions[2].tariff, 0);
    card = card_of(13, 14);
    memcpy(card.settlement_currency, "SEK", 4);
    agree(&contracts, card);
    CHECK_INT(contracts.versions[3].tariff, 2);
    CHECK_INT(contracts.tariff_count, 3);
    CHECK_TEXT(contracts.tariffs[2].currency, "SEK");
    CHECK_TEXT(tariff_tax(&contracts.tariffs[2], LINE_ISSUE_FEE), "AT-20");
    CHECK_TEXT(tariff_tax(&contracts.tariffs[2], LINE_DISPUTE_FEE), "AT-20");
    CHECK_TEXT(tariff_tax(&contracts.tariffs[2], LINE_CLAW_BACK), "");
    contracts_release(&contracts);
}

/* A charter of so many funders of the cinema, and taxes for a tariff each; forget the taxes. */
static struct charter wide_charter(struct charter_partner *funders, size_t count)
{
    struct charter wide = charter;
    wide.partners = funders;
    wide.partner_count = count;
    wide.settlement.tax_count = CHARTER_TAXES_MAX;
    wide.settlement.taxes = allocate(CHARTER_TAXES_MAX, sizeof(*wide.settlement.taxes));
    for (size_t i = 0; i < CHARTER_TAXES_MAX; i++)
        wide.settlement.taxes[i] = (struct charter_tax){.rate_bp = 1};
    for (size_t i = 0; i < CHARTER_TAXES_MAX; i++)
        snprintf(wide.settlement.taxes[i].code, TAX_CODE_SIZE, "T-%zu", i);
    return wide;
}

/* The funder proposes a card with tax i, for a day of its own, and the cinema signs it. */
static enum verdict taxed(struct contracts *contracts, const struct charter *wide, size_t funder,
                          size_t i)
{
    static uint64_t day = 10;
    size_t number;
    struct rate_card card = card_of(day, day + 1);
    day++;
    card.funder.v = (uint16_t)funder;
    memcpy(card.fee_tax, wide->settlement.taxes[i].code, sizeof(card.fee_tax));
    REQUIRE(contract_propose(contracts, wide, card.funder, &card, NOW, (struct record_index){1},
                             &number) == VERDICT_ACCEPTED);
    return sign_it(contracts, number);
}

CASE(there_are_only_so_many_tariffs)
{
    static struct charter_partner funders[12];
    struct contracts contracts = contracts_new();
    struct charter wide = wide_charter(funders, ARRAY_SIZE(funders));
    for (size_t i = 0; i < TARIFFS_MAX; i++)
        check_verdict(taxed(&contracts, &wide, 3 + i / TARIFFS_SHARE_MAX, i),
                      i + 1 < TARIFFS_MAX ? VERDICT_ACCEPTED : VERDICT_TOO_MANY_CONTRACTS);
    CHECK_INT(contracts.tariff_count, TARIFFS_MAX);
    free(wide.settlement.taxes);
    contracts_release(&contracts);
}

CASE(nobody_uses_up_tariffs_alone)
{
    static struct charter_partner funders[4];
    struct contracts contracts = contracts_new();
    struct charter wide = wide_charter(funders, ARRAY_SIZE(funders));
    for (size_t i = 0; i < TARIFFS_SHARE_MAX; i++)
        check_verdict(taxed(&contracts, &wide, GROCER, i), VERDICT_ACCEPTED);
    check_verdict(taxed(&contracts, &wide, GROCER, 8), VERDICT_TOO_MANY_CONTRACTS);
    check_verdict(taxed(&contracts, &wide, GROCER, 7), VERDICT_ACCEPTED); /* it is there */
    check_verdict(taxed(&contracts, &wide, BOOKS, 8), VERDICT_ACCEPTED);
    check_verdict(taxed(&contracts, &wide, GROCER, 8), VERDICT_ACCEPTED); /* now it is */
    check_verdict(taxed(&contracts, &wide, GROCER, 9), VERDICT_TOO_MANY_CONTRACTS);
    /* An image leads to the same. */
    struct contracts copy = contracts_new();
    for (size_t i = 1; i < contracts.tariff_count; i++)
        CHECK(contracts_load_tariff(&copy, &wide, &contracts.tariffs[i]));
    for (size_t i = 0; i < contracts.count; i++)
        CHECK(contracts_load_version(&copy, &wide, &contracts.versions[i], NOW));
    check_verdict(taxed(&copy, &wide, GROCER, 9), VERDICT_TOO_MANY_CONTRACTS);
    check_verdict(taxed(&copy, &wide, BOOKS, 9), VERDICT_ACCEPTED);
    CHECK(contracts_shares_sound(&copy));
    copy.shares[BOOKS].tariffs = 0;
    CHECK(!contracts_shares_sound(&copy));
    contracts_release(&copy);
    free(wide.settlement.taxes);
    contracts_release(&contracts);
}

/* The grocer lets the books spend its money. */
static enum verdict promote(struct contracts *contracts, uint64_t from, uint64_t until)
{
    struct promotion promotion = {.issuer = books,
                                  .bp = 5000,
                                  .budget = {1000},
                                  .from_ms = from ? NOW + from * DAY : 0,
                                  .until_ms = until ? NOW + until * DAY : 0};
    size_t number;
    return promotion_sign(contracts, &charter, grocer, &promotion, NOW, (struct record_index){3},
                          &number);
}

/* Signed are 10 to 20, and from 40 on without an end, which does not give way. */
CASE(promotions_do_not_overlap)
{
    static const struct {
        uint64_t from, until;
        enum verdict verdict;
    } cases[] = {{10, 20, VERDICT_OVERLAP},  {5, 10, VERDICT_ACCEPTED}, {5, 11, VERDICT_OVERLAP},
                 {0, 10, VERDICT_ACCEPTED},  {0, 0, VERDICT_OVERLAP},   {20, 40, VERDICT_ACCEPTED},
                 {20, 41, VERDICT_OVERLAP},  {20, 0, VERDICT_OVERLAP},  {50, 60, VERDICT_OVERLAP},
                 {50, 0, VERDICT_OVERLAP},   {19, 21, VERDICT_OVERLAP}, {5, 5, VERDICT_BAD_CARD},
                 {30, 29, VERDICT_BAD_CARD}, {40, 0, VERDICT_OVERLAP}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct contracts contracts = contracts_new();
        check_verdict(promote(&contracts, 10, 20), VERDICT_ACCEPTED);
        check_verdict(promote(&contracts, 40, 0), VERDICT_ACCEPTED);
        check_verdict(promote(&contracts, cases[i].from, cases[i].until), cases[i].verdict);
        contracts_release(&contracts);
    }
}

CASE(a_promotion_begins_an_epoch_and_ends_with_one)
{
    struct contracts contracts = contracts_new();
    check_verdict(promote(&contracts, 0, 20), VERDICT_ACCEPTED);
    CHECK(contracts.promotions[0].promotion.from_ms == NOW + 1);
    CHECK(!contracts_pass(&contracts, NOW));
    CHECK(!promotion_in(&contracts, books, grocer, 0));
    CHECK(contracts_pass(&contracts, NOW + 1));
    CHECK(promotion_in(&contracts, books, grocer, 1) == &contracts.promotions[0]);
    CHECK(!promotion_in(&contracts, grocer, books, 1));
    CHECK(contracts_pass(&contracts, NOW + 20 * DAY));
    CHECK(!promotion_in(&contracts, books, grocer, 2));
    CHECK(promotion_in(&contracts, books, grocer, 1) == &contracts.promotions[0]);
    contracts_release(&contracts);
}

CASE(a_promotion_is_for_another_who_takes_part)
{
    struct contracts contracts = contracts_new();
    struct promotion promotion = {.issuer = grocer, .bp = 1, .budget = {1}};
    struct joint_funding joint = {.issuer = books, .funder = grocer, .budget = {5}};
    struct charter agreed = charter;
    size_t number;
    check_verdict(promotion_sign(&contracts, &charter, grocer, &promotion, NOW,
                                 (struct record_index){3}, &number),
                  VERDICT_UNKNOWN_PARTNER);
    partners[BOOKS].left = true;
    check_verdict(promote(&contracts, 0, 0), VERDICT_UNKNOWN_PARTNER);
    partners[BOOKS].left = false;
    promotion.issuer = books;
    agreed.joint_funding = &joint;
    agreed.joint_funding_count = 1;
    check_verdict(promotion_sign(&contracts, &agreed, grocer, &promotion, NOW,
                                 (struct record_index){3}, &number),
                  VERDICT_OVERLAP);
    promotion.from_ms = NOW;
    check_verdict(promotion_sign(&contracts, &charter, grocer, &promotion, NOW,
                                 (struct record_index){3}, &number),
                  VERDICT_BAD_CARD);
    check_verdict(promote(&contracts, 0, 0), VERDICT_ACCEPTED);
    contracts_release(&contracts);
}

/* ---- as an image has them -------------------------------------------------------------------- */

static struct contract_version signed_version(uint64_t from, uint64_t until)
{
    struct contract_version version = {.card = card_of(from, until),
                                       .state = CONTRACT_SIGNED,
                                       .proposer = grocer,
                                       .signed_ms = NOW,
                                       .record = {7}};
    memset(version.card.fee_tax, 0, sizeof(version.card.fee_tax));
    return version;
}

static bool loads(struct contracts *contracts, struct contract_version version)
{
    return contracts_load_version(contracts, &charter, &version, NOW);
}

CASE(an_images_versions_are_those_that_could_be_signed)
{
    struct contract_version bad[12];
    struct contracts contracts = contracts_new();
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        bad[i] = signed_version(50, 60);
    bad[0].card.funder.v = 3;
    bad[1].card.redeemer.v = 3;
    bad[2].proposer = books;
    bad[3].card.face.v = -1;
    bad[4].signed_ms = NOW + 1;
    bad[5].card.from_ms = NOW;
    bad[6].tariff = 1;
    memcpy(bad[7].card.fee_tax, "AT-20", 6); /* not of tariff 0 */
    bad[8].state = CONTRACT_PROPOSED;        /* and signed */
    bad[9].state = CONTRACT_PROPOSED;
    bad[9].signed_ms = 0;
    bad[9].tariff = 1;
    bad[10].card.from_ms = NOW + 5 * DAY; /* over one that is there */
    bad[11].card.from_ms = NOW + 10 * DAY;
    bad[11].card.until_ms = 0;
    CHECK(loads(&contracts, signed_version(10, 20)));
    CHECK(loads(&contracts, signed_version(40, 0)));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(!loads(&contracts, bad[i]));
    /* One without an end may have been signed before the next one was proposed. */
    CHECK(loads(&contracts, signed_version(30, 0)));
    CHECK(loads(&contracts, signed_version(50, 60)));
    CHECK_INT(contracts.count, 4);
    CHECK_INT(in_force(&contracts, 35), 30);
    CHECK_INT(in_force(&contracts, 45), 40);
    contracts_release(&contracts);
}

CASE(an_image_has_no_more_open_proposals_than_one_may_have)
{
    struct contracts contracts = contracts_new();
    struct contract_version version = {.card = card_of(10, 0), .proposer = grocer, .record = {7}};
    for (int i = 0; i < PROPOSALS_OPEN_MAX; i++)
        CHECK(loads(&contracts, version));
    CHECK(!loads(&contracts, version));
    version.card.from_ms = NOW; /* past its day */
    CHECK(loads(&contracts, version));
    contracts_release(&contracts);
}

CASE(an_images_promotions_are_those_that_could_be_signed)
{
    const struct promotion_version good = {.promotion = {.issuer = {BOOKS},
                                                         .bp = 5000,
                                                         .budget = {1000},
                                                         .from_ms = NOW + 10 * DAY,
                                                         .until_ms = NOW + 20 * DAY},
                                           .funder = {GROCER}};
    struct promotion_version bad[9];
    struct contracts contracts = contracts_new();
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        bad[i] = good;
    bad[0].promotion.issuer.v = 3;
    bad[1].funder.v = 3;
    bad[2].funder.v = BOOKS;
    bad[3].promotion.from_ms = 0;
    bad[4].promotion.bp = 0;
    bad[5].promotion.bp = BASIS_POINTS + 1;
    bad[6].promotion.budget.v = 0;
    bad[7].promotion.budget.v = CAP_MAX + 1;
    bad[8].promotion.until_ms = NOW + 10 * DAY;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(!contracts_load_promotion(&contracts, &charter, &bad[i]));
    CHECK(contracts_load_promotion(&contracts, &charter, &good));
    CHECK(!contracts_load_promotion(&contracts, &charter, &good));
    contracts_release(&contracts);
}

CASE(an_images_tariffs_differ_and_are_used)
{
    struct contracts contracts = contracts_new();
    struct tariff own = {.currency = "EUR"}, taxed = {.currency = "EUR", .fee_tax = "AT-20"};
    struct tariff strange = {.currency = "USD"}, untold = {.currency = "EUR", .fee_tax = "AT-13"};
    CHECK(!contracts_load_tariff(&contracts, &charter, &own));
    CHECK(!contracts_load_tariff(&contracts, &charter, &strange));
    CHECK(!contracts_load_tariff(&contracts, &charter, &untold));
    CHECK(contracts_load_tariff(&contracts, &charter, &taxed));
    CHECK(!contracts_load_tariff(&contracts, &charter, &taxed));
    CHECK(!contracts_load_end(&contracts, NOW));
    contracts_release(&contracts);
    contracts = contracts_new();
    struct contract_version version = signed_version(10, 20);
    memcpy(version.card.fee_tax, "AT-20", 6);
    version.tariff = 1;
    REQUIRE(contracts_load_tariff(&contracts, &charter, &taxed) && loads(&contracts, version));
    CHECK(contracts_load_end(&contracts, NOW));
    contracts_release(&contracts);
}

/* Signed from 10 to 20 and from 30 on; time is at 25. Epochs may have begun at 10, and must have at
 * 20. */
CASE(an_images_epochs_are_those_that_time_has_begun)
{
    static const struct {
        uint64_t days[3];
        bool good;
    } cases[] = {{{20}, true},      {{10, 20}, true},      {{0}, false},     {{10}, false},
                 {{15, 20}, false}, {{10, 20, 30}, false}, {{20, 25}, false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct contracts contracts = contracts_new();
        REQUIRE(loads(&contracts, signed_version(10, 20)));
        REQUIRE(loads(&contracts, signed_version(30, 0)));
        for (size_t j = 0; j < 3 && cases[i].days[j] > 0; j++)
            CHECK(contracts_load_epoch(&contracts, NOW + cases[i].days[j] * DAY));
        CHECK(contracts_load_end(&contracts, NOW + 25 * DAY) == cases[i].good);
        /* It goes on like one that was there all the time. */
        CHECK(!cases[i].good || contracts_pass(&contracts, NOW + 30 * DAY));
        contracts_release(&contracts);
    }
    struct contracts contracts = contracts_new();
    CHECK(contracts_load_epoch(&contracts, NOW));
    CHECK(!contracts_load_epoch(&contracts, NOW));
    contracts_release(&contracts);
}

int main(void)
{
    RUN(an_images_versions_are_those_that_could_be_signed);
    RUN(an_image_has_no_more_open_proposals_than_one_may_have);
    RUN(an_images_promotions_are_those_that_could_be_signed);
    RUN(an_images_tariffs_differ_and_are_used);
    RUN(an_images_epochs_are_those_that_time_has_begun);
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
    RUN(nobody_pays_above_face_in_one_currency);
    RUN(a_card_is_proposed_in_time_by_those_who_take_part);
    RUN(one_partner_has_so_many_proposals_open);
    RUN(nobody_uses_up_contracts_or_promotions_alone);
    RUN(the_index_finds_what_a_scan_finds);
    RUN(an_epoch_begins_with_the_latest_moment_that_has_passed);
    RUN(a_lot_keeps_the_card_of_its_epoch);
    RUN(cards_of_one_currency_and_taxes_share_a_tariff);
    RUN(there_are_only_so_many_tariffs);
    RUN(nobody_uses_up_tariffs_alone);
    RUN(promotions_do_not_overlap);
    RUN(a_promotion_begins_an_epoch_and_ends_with_one);
    RUN(a_promotion_is_for_another_who_takes_part);
    return check_report();
}
