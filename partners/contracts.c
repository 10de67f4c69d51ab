#include "partners/contracts.h"

#include "partners/charter_contracts.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

const char *contract_state_word(enum contract_state state)
{
    static const char *const words[] = {"proposed", "signed", "withdrawn"};
    must(state < ARRAY_SIZE(words));
    return words[state];
}

const char *tariff_tax(const struct tariff *tariff, enum line_class line_class)
{
    bool fee = line_class == LINE_ISSUE_FEE || line_class == LINE_REDEMPTION_FEE ||
               line_class == LINE_DISPUTE_FEE;
    return fee ? tariff->fee_tax : tariff->redemption_tax;
}

/* ---- by pair, and by time ------------------------------------------------------------------ */

static void pair_index_release(struct pair_index *index)
{
    for (size_t i = 0; i < index->count; i++)
        free(index->lists[i].at);
    for (size_t i = 0; index->rows && i < PARTNERS_MAX; i++)
        free(index->rows[i]);
    free((void *)index->rows);
    free(index->lists);
    *index = (struct pair_index){0};
}

/* NULL: nothing of this pair. */
static const struct dated_list *pair_list(const struct pair_index *index, struct partner_id one,
                                          struct partner_id other)
{
    must(one.v < PARTNERS_MAX && other.v < PARTNERS_MAX);
    if (!index->rows || !index->rows[one.v] || index->rows[one.v][other.v] == 0)
        return NULL;
    return &index->lists[index->rows[one.v][other.v] - 1];
}

/* How many begin at that time or before. */
static size_t begun(const struct dated_list *list, uint64_t time_ms)
{
    size_t low = 0, high = list ? list->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->at[middle].from_ms <= time_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void dated_add(struct dated_list *list, struct dated dated)
{
    size_t at = begun(list, dated.from_ms);
    list->at = array_grow(list->at, &list->capacity, list->count + 1, sizeof(*list->at));
    memmove(&list->at[at + 1], &list->at[at], (list->count - at) * sizeof(*list->at));
    list->at[at] = dated;
    list->count++;
}

static void pair_add(struct pair_index *index, struct partner_id one, struct partner_id other,
                     struct dated dated)
{
    must(one.v < PARTNERS_MAX && other.v < PARTNERS_MAX);
    if (!index->rows)
        index->rows = (uint32_t **)allocate(PARTNERS_MAX, sizeof(index->rows[0]));
    if (!index->rows[one.v])
        index->rows[one.v] = allocate(PARTNERS_MAX, sizeof(*index->rows[one.v]));
    uint32_t *place = &index->rows[one.v][other.v];
    if (*place == 0) {
        index->lists =
            array_grow(index->lists, &index->capacity, index->count + 1, sizeof(*index->lists));
        index->lists[index->count++] = (struct dated_list){0};
        *place = (uint32_t)index->count;
    }
    dated_add(&index->lists[*place - 1], dated);
}

/* Room for what everybody has of its own, once somebody has something. */
static void shares_make(struct contracts *contracts)
{
    if (contracts->shares)
        return;
    contracts->drafts = allocate(PARTNERS_MAX, sizeof(*contracts->drafts));
    contracts->shares = allocate(PARTNERS_MAX, sizeof(*contracts->shares));
}

/* ---- lifecycle ----------------------------------------------------------------------------- */

static void begin_epoch(struct contracts *contracts, uint64_t from_ms)
{
    must(contracts->epoch_count < EPOCHS_MAX);
    contracts->epochs = array_grow(contracts->epochs, &contracts->epoch_capacity,
                                   contracts->epoch_count + 1, sizeof(*contracts->epochs));
    contracts->epochs[contracts->epoch_count++] = from_ms;
}

void contracts_init(struct contracts *contracts, const struct charter *charter)
{
    *contracts = (struct contracts){.tariff_count = 1};
    struct tariff *own = &contracts->tariffs[0];
    memcpy(own->currency, charter->currency, CURRENCY_SIZE);
    memcpy(own->redemption_tax, charter->settlement.redemption_tax, TAX_CODE_SIZE);
    memcpy(own->fee_tax, charter->settlement.fee_tax, TAX_CODE_SIZE);
    begin_epoch(contracts, 0);
}

void contracts_release(struct contracts *contracts)
{
    free(contracts->versions);
    free(contracts->promotions);
    free(contracts->epochs);
    pair_index_release(&contracts->cards);
    pair_index_release(&contracts->payers);
    for (size_t i = 0; contracts->drafts && i < PARTNERS_MAX; i++)
        free(contracts->drafts[i].at);
    free(contracts->drafts);
    free(contracts->shares);
    due_release(&contracts->moments);
    *contracts = (struct contracts){0};
}

/* ---- time ---------------------------------------------------------------------------------- */

/* Its own, whatever is signed for the time after it; 0: none. */
static uint64_t own_end_ms(const struct contract_version *version)
{
    return version->ended_ms != 0 ? version->ended_ms : version->card.until_ms;
}

/* `card`: 1 + the number of the card whose end it is; 0: a moment that stays what it is. */
static void moments_add(struct contracts *contracts, uint64_t time_ms, uint32_t card)
{
    if (time_ms != 0)
        due_push(&contracts->moments, (struct due_item){time_ms, DUE_EPOCH, card});
}

/* The end of a card that has come to end earlier is none. */
static bool is_stale(const struct contracts *contracts, const struct due_item *item)
{
    return item->what != 0 && own_end_ms(&contracts->versions[item->what - 1]) != item->time_ms;
}

/* Stale ends are never more than the rest, however often a card's end is moved. */
static void moments_sweep(struct contracts *contracts)
{
    struct due kept = {.items = NULL};
    if (contracts->stale <= contracts->moments.count / 2)
        return;
    for (size_t i = 0; i < contracts->moments.count; i++)
        if (!is_stale(contracts, &contracts->moments.items[i]))
            due_push(&kept, contracts->moments.items[i]);
    due_release(&contracts->moments);
    contracts->moments = kept;
    contracts->stale = 0;
}

/* The next moment that ledger time has reached, once; 0: no more. */
static uint64_t next_moment_ms(struct contracts *contracts, uint64_t now_ms)
{
    for (;;) {
        const struct due_item *first = due_first(&contracts->moments);
        if (!first || first->time_ms > now_ms)
            return 0;
        bool stale = is_stale(contracts, first);
        uint64_t time_ms = first->time_ms;
        due_pop(&contracts->moments);
        if (!stale)
            return time_ms;
        contracts->stale--;
    }
}

bool contracts_pass(struct contracts *contracts, uint64_t now_ms)
{
    uint64_t latest_ms = 0, time_ms;
    while ((time_ms = next_moment_ms(contracts, now_ms)) != 0)
        latest_ms = time_ms;
    if (latest_ms == 0)
        return false;
    begin_epoch(contracts, latest_ms);
    return true;
}

/* ---- what a card may say ------------------------------------------------------------------- */

static bool price_in_range(struct micro price)
{
    return price.v >= 0 && price.v <= PRICE_MICRO_MAX;
}

static bool points_in_range(struct points points)
{
    return points.v >= 0 && points.v <= CAP_MAX;
}

static bool span_in_range(uint64_t from_ms, uint64_t until_ms)
{
    return from_ms <= TIME_MS_MAX && until_ms <= TIME_MS_MAX &&
           (until_ms == 0 || until_ms > from_ms);
}

/* Fees are for the operator alone to ask for. */
static bool fees_allowed(const struct charter *charter, const struct rate_card *card)
{
    return (card->issue_fee.v == 0 && card->redemption_fee.v == 0) ||
           (charter->has_operator && partner_equal(card->redeemer, charter->operator_id));
}

/* What is owed in a currency without a rate could not be told from nothing. */
static bool counts_as_risk(const struct charter *charter, const char *currency)
{
    return !charter->risk.on || charter_collateral_rate(charter, currency).v > 0;
}

const char *rate_card_mistake(const struct charter *charter, const struct rate_card *card)
{
    if (partner_equal(card->funder, card->redeemer))
        return "Funder and redeemer are the same partner.";
    if (!price_in_range(card->face) || !price_in_range(card->reimbursement) ||
        !price_in_range(card->issue_fee) || !price_in_range(card->redemption_fee))
        return "A price is out of range.";
    if (!points_in_range(card->period_cap) || !points_in_range(card->year_cap))
        return "A cap is out of range.";
    if (!span_in_range(card->from_ms, card->until_ms))
        return "It ends before it begins, or its dates are out of range.";
    if (card->exit_days > EXIT_DAYS_MAX)
        return "The notice to end it is out of range.";
    if (!charter_has_currency(charter, card->face_currency))
        return "The charter does not have the currency of the face value.";
    if (!charter_has_currency(charter, card->settlement_currency))
        return "The charter does not have the currency of the reimbursement.";
    if (!counts_as_risk(charter, card->settlement_currency))
        return "The charter asks for collateral, and has no collateral_rate of the currency.";
    if (!charter_has_tax(charter, card->redemption_tax))
        return "The charter does not have the redemption tax.";
    if (!charter_has_tax(charter, card->fee_tax))
        return "The charter does not have the fee tax.";
    if (!fees_allowed(charter, card))
        return "Fees are the operator's, and it is not the redeemer.";
    return NULL;
}

static enum verdict check_terms(const struct charter *charter, const struct rate_card *card)
{
    if (rate_card_mistake(charter, card))
        return VERDICT_BAD_CARD;
    /* Across currencies only a rate would tell, and that moves. */
    bool same = strcmp(card->face_currency, card->settlement_currency) == 0;
    return same && card->reimbursement.v > card->face.v ? VERDICT_ABOVE_FACE : VERDICT_ACCEPTED;
}

/* Beside the signed cards of the pair: the one that begins before, when it has an end, ends by
 * then; the next begins after, and the new one says that it ends by then, or nobody agreed to where
 * it does. */
static bool fits(const struct contracts *contracts, const struct rate_card *card)
{
    const struct dated_list *list = pair_list(&contracts->cards, card->funder, card->redeemer);
    size_t before = begun(list, card->from_ms);
    if (before > 0) {
        const struct contract_version *last = &contracts->versions[list->at[before - 1].number];
        if (last->card.from_ms == card->from_ms || own_end_ms(last) > card->from_ms)
            return false;
    }
    return !list || before == list->count ||
           (card->until_ms != 0 && card->until_ms <= list->at[before].from_ms);
}

/* ---- tariffs ------------------------------------------------------------------------------- */

static bool tariff_equal(const struct tariff *a, const struct tariff *b)
{
    return strcmp(a->currency, b->currency) == 0 &&
           strcmp(a->redemption_tax, b->redemption_tax) == 0 && strcmp(a->fee_tax, b->fee_tax) == 0;
}

static struct tariff tariff_of(const struct rate_card *card)
{
    struct tariff tariff;
    memcpy(tariff.currency, card->settlement_currency, CURRENCY_SIZE);
    memcpy(tariff.redemption_tax, card->redemption_tax, TAX_CODE_SIZE);
    memcpy(tariff.fee_tax, card->fee_tax, TAX_CODE_SIZE);
    return tariff;
}

/* Of a proposer's; the charter's own is nobody's. */
static uint64_t tariff_bit(uint8_t tariff)
{
    return tariff == 0 ? 0 : UINT64_C(1) << tariff;
}

/* Its place, or where it would go. */
static size_t tariff_find(const struct contracts *contracts, const struct tariff *tariff)
{
    size_t i = 0;
    while (i < contracts->tariff_count && !tariff_equal(&contracts->tariffs[i], tariff))
        i++;
    return i;
}

/* ---- steps --------------------------------------------------------------------------------- */

static bool is_party(const struct rate_card *card, struct partner_id partner)
{
    return partner_equal(card->funder, partner) || partner_equal(card->redeemer, partner);
}

static bool takes_part(const struct charter *charter, struct partner_id partner)
{
    return partner.v < charter->partner_count && !charter->partners[partner.v].left;
}

static bool is_open(const struct contract_version *version, uint64_t now_ms)
{
    return version->state == CONTRACT_PROPOSED && now_ms < version->card.from_ms;
}

/* How many proposals a partner has open; forgets the others, so that it costs at most that many. */
static size_t open_drafts(struct contracts *contracts, struct partner_id proposer, uint64_t now_ms)
{
    struct dated_list *drafts = &contracts->drafts[proposer.v];
    size_t kept = 0;
    for (size_t i = 0; i < drafts->count; i++)
        if (is_open(&contracts->versions[drafts->at[i].number], now_ms))
            drafts->at[kept++] = drafts->at[i];
    drafts->count = kept;
    return kept;
}

static size_t version_add(struct contracts *contracts, const struct contract_version *version)
{
    contracts->versions = array_grow(contracts->versions, &contracts->capacity,
                                     contracts->count + 1, sizeof(*contracts->versions));
    contracts->versions[contracts->count] = *version;
    contracts->shares[version->proposer.v].proposals++;
    if (version->state == CONTRACT_PROPOSED)
        dated_add(&contracts->drafts[version->proposer.v],
                  (struct dated){version->card.from_ms, (uint32_t)contracts->count});
    return contracts->count++;
}

/* From now on the version holds at its time. */
static void version_bind(struct contracts *contracts, size_t number)
{
    const struct contract_version *version = &contracts->versions[number];
    const struct rate_card *card = &version->card;
    pair_add(&contracts->cards, card->funder, card->redeemer,
             (struct dated){card->from_ms, (uint32_t)number});
    moments_add(contracts, card->from_ms, 0);
    moments_add(contracts, own_end_ms(version), (uint32_t)number + 1);
    contracts->shares[version->proposer.v].tariffs |= tariff_bit(version->tariff);
}

/* Whether a card of this tariff can be signed: it is there, or may be made. */
static bool has_tariff(const struct contracts *contracts, const struct contract_version *version,
                       size_t place)
{
    uint64_t own = contracts->shares[version->proposer.v].tariffs;
    return place < contracts->tariff_count ||
           (place < TARIFFS_MAX && __builtin_popcountll(own) < TARIFFS_SHARE_MAX);
}

enum verdict contract_propose(struct contracts *contracts, const struct charter *charter,
                              struct partner_id proposer, const struct rate_card *card,
                              uint64_t now_ms, struct record_index record, size_t *number_out)
{
    enum verdict verdict = check_terms(charter, card);
    uint64_t notice_ms = charter->contracts.notice_days * DAY_MS;
    must(now_ms <= TIME_MS_MAX && proposer.v < PARTNERS_MAX);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!is_party(card, proposer))
        return VERDICT_NOT_A_PARTY;
    if (!takes_part(charter, card->funder) || !takes_part(charter, card->redeemer))
        return VERDICT_UNKNOWN_PARTNER;
    if (card->from_ms <= now_ms || card->from_ms < now_ms + notice_ms)
        return VERDICT_NOTICE_TOO_SHORT;
    if (!fits(contracts, card))
        return VERDICT_OVERLAP;
    shares_make(contracts);
    if (contracts->count == CONTRACTS_MAX ||
        contracts->shares[proposer.v].proposals >= CONTRACTS_SHARE_MAX ||
        open_drafts(contracts, proposer, now_ms) >= PROPOSALS_OPEN_MAX)
        return VERDICT_TOO_MANY_CONTRACTS;
    *number_out = version_add(contracts, &(struct contract_version){.card = *card,
                                                                    .state = CONTRACT_PROPOSED,
                                                                    .proposer = proposer,
                                                                    .record = record});
    return VERDICT_ACCEPTED;
}

enum verdict contract_sign(struct contracts *contracts, struct partner_id signer, size_t number,
                           const struct hash *digest, uint64_t now_ms)
{
    if (number >= contracts->count)
        return VERDICT_UNKNOWN_CONTRACT;
    struct contract_version *version = &contracts->versions[number];
    struct hash stands = rate_card_digest(&version->card);
    struct tariff tariff = tariff_of(&version->card);
    size_t place = tariff_find(contracts, &tariff);
    if (!is_party(&version->card, signer))
        return VERDICT_NOT_A_PARTY;
    if (partner_equal(version->proposer, signer))
        return VERDICT_OWN_PROPOSAL;
    if (version->state != CONTRACT_PROPOSED)
        return VERDICT_CONTRACT_CLOSED;
    if (!bytes_equal(hash_as_bytes(&stands), hash_as_bytes(digest)))
        return VERDICT_CONTRACT_CHANGED;
    if (now_ms >= version->card.from_ms)
        return VERDICT_CONTRACT_TOO_LATE;
    if (!fits(contracts, &version->card))
        return VERDICT_OVERLAP;
    if (!has_tariff(contracts, version, place))
        return VERDICT_TOO_MANY_CONTRACTS;
    if (place == contracts->tariff_count)
        contracts->tariffs[contracts->tariff_count++] = tariff;
    version->state = CONTRACT_SIGNED;
    version->signed_ms = now_ms;
    version->tariff = (uint8_t)place;
    version_bind(contracts, number);
    return VERDICT_ACCEPTED;
}

enum verdict contract_withdraw(struct contracts *contracts, struct partner_id proposer,
                               size_t number)
{
    if (number >= contracts->count)
        return VERDICT_UNKNOWN_CONTRACT;
    struct contract_version *version = &contracts->versions[number];
    if (!partner_equal(version->proposer, proposer))
        return VERDICT_NOT_A_PARTY;
    if (version->state != CONTRACT_PROPOSED)
        return VERDICT_CONTRACT_CLOSED;
    version->state = CONTRACT_WITHDRAWN;
    return VERDICT_ACCEPTED;
}

enum verdict contract_end(struct contracts *contracts, struct partner_id party, size_t number,
                          uint64_t until_ms, uint64_t now_ms)
{
    if (number >= contracts->count)
        return VERDICT_UNKNOWN_CONTRACT;
    struct contract_version *version = &contracts->versions[number];
    must(now_ms <= TIME_MS_MAX);
    if (!is_party(&version->card, party))
        return VERDICT_NOT_A_PARTY;
    if (version->state != CONTRACT_SIGNED)
        return VERDICT_CONTRACT_CLOSED;
    uint64_t ends_ms = contract_ends_ms(contracts, version);
    if (ends_ms != 0 && ends_ms <= now_ms)
        return VERDICT_CONTRACT_CLOSED;
    if (version->card.exit_days == 0)
        return VERDICT_NO_EXIT;
    if (until_ms <= version->card.from_ms || (ends_ms != 0 && until_ms >= ends_ms) ||
        until_ms > TIME_MS_MAX)
        return VERDICT_BAD_CARD;
    if (until_ms < now_ms + version->card.exit_days * DAY_MS)
        return VERDICT_NOTICE_TOO_SHORT;
    contracts->stale += own_end_ms(version) != 0;
    version->ended_ms = until_ms;
    moments_add(contracts, until_ms, (uint32_t)number + 1);
    moments_sweep(contracts);
    return VERDICT_ACCEPTED;
}

/* ---- promotions ---------------------------------------------------------------------------- */

static bool has_joint_funding(const struct charter *charter, struct partner_id issuer,
                              struct partner_id funder)
{
    for (size_t i = 0; i < charter->joint_funding_count; i++)
        if (partner_equal(charter->joint_funding[i].issuer, issuer) &&
            partner_equal(charter->joint_funding[i].funder, funder))
            return true;
    return false;
}

/* One without an end does not give way. */
static bool promotion_fits(const struct contracts *contracts, struct partner_id funder,
                           const struct promotion *promotion)
{
    const struct dated_list *list = pair_list(&contracts->payers, promotion->issuer, funder);
    size_t before = begun(list, promotion->from_ms);
    if (before > 0) {
        const struct promotion *last =
            &contracts->promotions[list->at[before - 1].number].promotion;
        if (last->until_ms == 0 || last->until_ms > promotion->from_ms)
            return false;
    }
    return !list || before == list->count ||
           (promotion->until_ms != 0 && promotion->until_ms <= list->at[before].from_ms);
}

static bool promotion_sound(const struct promotion *promotion)
{
    return promotion->bp >= 1 && promotion->bp <= BASIS_POINTS && promotion->budget.v >= 1 &&
           promotion->budget.v <= CAP_MAX && span_in_range(promotion->from_ms, promotion->until_ms);
}

static size_t promotion_add(struct contracts *contracts, const struct promotion_version *version)
{
    const struct promotion *promotion = &version->promotion;
    contracts->promotions =
        array_grow(contracts->promotions, &contracts->promotion_capacity,
                   contracts->promotion_count + 1, sizeof(*contracts->promotions));
    contracts->promotions[contracts->promotion_count] = *version;
    contracts->shares[version->funder.v].promotions++;
    pair_add(&contracts->payers, promotion->issuer, version->funder,
             (struct dated){promotion->from_ms, (uint32_t)contracts->promotion_count});
    moments_add(contracts, promotion->from_ms, 0);
    moments_add(contracts, promotion->until_ms, 0);
    return contracts->promotion_count++;
}

enum verdict promotion_sign(struct contracts *contracts, const struct charter *charter,
                            struct partner_id funder, const struct promotion *promotion,
                            uint64_t now_ms, struct record_index record, size_t *number_out)
{
    struct promotion_version version = {
        .promotion = *promotion, .funder = funder, .record = record};
    must(now_ms <= TIME_MS_MAX && funder.v < PARTNERS_MAX);
    if (partner_equal(promotion->issuer, funder) || !takes_part(charter, promotion->issuer))
        return VERDICT_UNKNOWN_PARTNER;
    if (version.promotion.from_ms == 0)
        version.promotion.from_ms = now_ms + 1;
    if (version.promotion.from_ms <= now_ms || !promotion_sound(&version.promotion))
        return VERDICT_BAD_CARD;
    if (!promotion_fits(contracts, funder, &version.promotion) ||
        has_joint_funding(charter, promotion->issuer, funder))
        return VERDICT_OVERLAP;
    shares_make(contracts);
    if (contracts->promotion_count == CONTRACTS_MAX ||
        contracts->shares[funder.v].promotions >= CONTRACTS_SHARE_MAX)
        return VERDICT_TOO_MANY_CONTRACTS;
    *number_out = promotion_add(contracts, &version);
    return VERDICT_ACCEPTED;
}

/* ---- which one holds ----------------------------------------------------------------------- */

uint64_t contract_ends_ms(const struct contracts *contracts, const struct contract_version *version)
{
    const struct rate_card *card = &version->card;
    uint64_t own_ms = own_end_ms(version);
    must(version->state == CONTRACT_SIGNED);
    if (own_ms != 0) /* no card of the pair begins before */
        return own_ms;
    const struct dated_list *list = pair_list(&contracts->cards, card->funder, card->redeemer);
    size_t before = begun(list, card->from_ms);
    return list && before < list->count ? list->at[before].from_ms : 0;
}

/* The latest that has begun: an earlier one without an end has given way to it. NULL: none has. */
static const struct contract_version *latest_begun(const struct contracts *contracts,
                                                   struct partner_id funder,
                                                   struct partner_id redeemer, uint64_t time_ms)
{
    const struct dated_list *list = pair_list(&contracts->cards, funder, redeemer);
    size_t before = begun(list, time_ms);
    return before > 0 ? &contracts->versions[list->at[before - 1].number] : NULL;
}

static const struct contract_version *unless_over(const struct contract_version *version,
                                                  uint64_t end_ms, uint64_t time_ms)
{
    return end_ms == 0 || time_ms < end_ms ? version : NULL;
}

const struct contract_version *contract_at(const struct contracts *contracts,
                                           struct partner_id funder, struct partner_id redeemer,
                                           uint64_t time_ms)
{
    const struct contract_version *found = latest_begun(contracts, funder, redeemer, time_ms);
    return found ? unless_over(found, own_end_ms(found), time_ms) : NULL;
}

const struct contract_version *contract_capping(const struct contracts *contracts,
                                                struct partner_id funder,
                                                struct partner_id redeemer, uint64_t time_ms)
{
    const struct contract_version *found = latest_begun(contracts, funder, redeemer, time_ms);
    return found ? unless_over(found, found->card.until_ms, time_ms) : NULL;
}

const struct contract_version *contract_in(const struct contracts *contracts,
                                           struct partner_id funder, struct partner_id redeemer,
                                           uint32_t epoch)
{
    must(epoch < contracts->epoch_count);
    return contract_at(contracts, funder, redeemer, contracts->epochs[epoch]);
}

const struct contract_version *contract_after(const struct contracts *contracts,
                                              struct partner_id funder, struct partner_id redeemer,
                                              uint32_t epoch, uint32_t until)
{
    must(epoch < contracts->epoch_count && until < contracts->epoch_count);
    const struct dated_list *list = pair_list(&contracts->cards, funder, redeemer);
    size_t before = begun(list, contracts->epochs[epoch]);
    if (!list || before == list->count || list->at[before].from_ms > contracts->epochs[until])
        return NULL;
    return &contracts->versions[list->at[before].number];
}

struct micro contract_price(const struct charter *charter, const struct rate_card *card)
{
    __int128 rate = charter_collateral_rate(charter, card->settlement_currency).v;
    return (struct micro){(int64_t)((card->reimbursement.v * rate + 999999) / 1000000)};
}

bool contracts_highest(const struct contracts *contracts, const struct charter *charter,
                       struct partner_id funder, struct micro *highest_out)
{
    bool rated = true;
    *highest_out = (struct micro){0};
    for (uint16_t i = 0; i < charter->partner_count; i++) {
        const struct dated_list *list =
            pair_list(&contracts->cards, funder, (struct partner_id){i});
        for (size_t j = 0; list && j < list->count; j++) {
            const struct rate_card *card = &contracts->versions[list->at[j].number].card;
            struct micro price = contract_price(charter, card);
            if (price.v > highest_out->v)
                *highest_out = price;
            rated = rated && (card->reimbursement.v == 0 ||
                              charter_collateral_rate(charter, card->settlement_currency).v > 0);
        }
    }
    return rated;
}

struct promotion_version *promotion_in(const struct contracts *contracts, struct partner_id issuer,
                                       struct partner_id funder, uint32_t epoch)
{
    must(epoch < contracts->epoch_count);
    uint64_t time_ms = contracts->epochs[epoch];
    const struct dated_list *list = pair_list(&contracts->payers, issuer, funder);
    size_t before = begun(list, time_ms);
    if (before == 0)
        return NULL;
    struct promotion_version *found = &contracts->promotions[list->at[before - 1].number];
    uint64_t until_ms = found->promotion.until_ms;
    return until_ms == 0 || time_ms < until_ms ? found : NULL;
}

/* ---- images -------------------------------------------------------------------------------- */

bool contracts_load_tariff(struct contracts *contracts, const struct charter *charter,
                           const struct tariff *tariff)
{
    if (contracts->tariff_count == TARIFFS_MAX ||
        tariff_find(contracts, tariff) < contracts->tariff_count ||
        !charter_has_currency(charter, tariff->currency) ||
        !charter_has_tax(charter, tariff->redemption_tax) ||
        !charter_has_tax(charter, tariff->fee_tax))
        return false;
    contracts->tariffs[contracts->tariff_count++] = *tariff;
    return true;
}

/* An end that a party could have said once the card was signed, if one has. */
static bool end_sound(const struct contract_version *version)
{
    const struct rate_card *card = &version->card;
    uint64_t ended_ms = version->ended_ms;
    return ended_ms == 0 ||
           (card->exit_days > 0 && ended_ms > card->from_ms && ended_ms <= TIME_MS_MAX &&
            (card->until_ms == 0 || ended_ms < card->until_ms) &&
            ended_ms >= version->signed_ms + card->exit_days * DAY_MS);
}

static bool version_sound(const struct contracts *contracts, const struct charter *charter,
                          const struct contract_version *version, uint64_t now_ms)
{
    const struct rate_card *card = &version->card;
    struct tariff tariff = tariff_of(card);
    size_t partners = charter->partner_count;
    if (card->funder.v >= partners || card->redeemer.v >= partners ||
        !is_party(card, version->proposer) || check_terms(charter, card) != VERDICT_ACCEPTED)
        return false;
    if (version->state != CONTRACT_SIGNED)
        return version->signed_ms == 0 && version->tariff == 0 && version->ended_ms == 0;
    return version->signed_ms <= now_ms && version->signed_ms < card->from_ms &&
           version->tariff < contracts->tariff_count &&
           tariff_find(contracts, &tariff) == version->tariff && end_sound(version);
}

/* As fits(), but that one without an end may have been signed before the next one, and the next one
 * after this was ended. */
static bool fits_loaded(const struct contracts *contracts, const struct contract_version *version)
{
    const struct rate_card *card = &version->card;
    const struct dated_list *list = pair_list(&contracts->cards, card->funder, card->redeemer);
    struct rate_card ending = *card;
    size_t before = begun(list, card->from_ms);
    ending.until_ms = own_end_ms(version);
    if (list && before < list->count && ending.until_ms == 0)
        ending.until_ms = list->at[before].from_ms;
    return fits(contracts, &ending);
}

bool contracts_load_version(struct contracts *contracts, const struct charter *charter,
                            const struct contract_version *version, uint64_t now_ms)
{
    if (!version_sound(contracts, charter, version, now_ms))
        return false;
    if (version->state == CONTRACT_SIGNED && !fits_loaded(contracts, version))
        return false;
    shares_make(contracts);
    if (contracts->shares[version->proposer.v].proposals >= CONTRACTS_SHARE_MAX ||
        (is_open(version, now_ms) &&
         open_drafts(contracts, version->proposer, now_ms) >= PROPOSALS_OPEN_MAX))
        return false;
    size_t number = version_add(contracts, version);
    if (version->state == CONTRACT_SIGNED)
        version_bind(contracts, number);
    return true;
}

bool contracts_load_promotion(struct contracts *contracts, const struct charter *charter,
                              const struct promotion_version *version)
{
    const struct promotion *promotion = &version->promotion;
    if (promotion->issuer.v >= charter->partner_count ||
        version->funder.v >= charter->partner_count ||
        partner_equal(promotion->issuer, version->funder) || promotion->from_ms == 0 ||
        !promotion_sound(promotion) || !promotion_fits(contracts, version->funder, promotion) ||
        has_joint_funding(charter, promotion->issuer, version->funder))
        return false;
    shares_make(contracts);
    if (contracts->shares[version->funder.v].promotions >= CONTRACTS_SHARE_MAX)
        return false;
    (void)promotion_add(contracts, version);
    return true;
}

bool contracts_load_epoch(struct contracts *contracts, uint64_t from_ms)
{
    if (from_ms <= contracts->epochs[contracts->epoch_count - 1] ||
        contracts->epoch_count == EPOCHS_MAX)
        return false;
    begin_epoch(contracts, from_ms);
    return true;
}

bool contracts_load_end(struct contracts *contracts, uint64_t now_ms)
{
    uint64_t latest_ms = 0, time_ms;
    size_t met = 1;
    while ((time_ms = next_moment_ms(contracts, now_ms)) != 0) {
        latest_ms = time_ms;
        met += met < contracts->epoch_count && contracts->epochs[met] == latest_ms;
    }
    bool used[TARIFFS_MAX] = {true};
    for (size_t i = 0; i < contracts->count; i++)
        used[contracts->versions[i].tariff] = true;
    for (size_t i = 0; i < contracts->tariff_count; i++)
        if (!used[i])
            return false;
    return met == contracts->epoch_count && contracts->epochs[met - 1] == latest_ms;
}

bool contracts_shares_sound(const struct contracts *contracts)
{
    if (!contracts->shares)
        return contracts->count == 0 && contracts->promotion_count == 0;
    struct contract_share *again = allocate(PARTNERS_MAX, sizeof(*again));
    bool sound = true;
    for (size_t i = 0; i < contracts->count; i++) {
        const struct contract_version *version = &contracts->versions[i];
        again[version->proposer.v].proposals++;
        again[version->proposer.v].tariffs |= tariff_bit(version->tariff);
    }
    for (size_t i = 0; i < contracts->promotion_count; i++)
        again[contracts->promotions[i].funder.v].promotions++;
    for (size_t i = 0; i < PARTNERS_MAX && sound; i++)
        sound = again[i].proposals == contracts->shares[i].proposals &&
                again[i].tariffs == contracts->shares[i].tariffs &&
                again[i].proposals <= CONTRACTS_SHARE_MAX &&
                again[i].promotions == contracts->shares[i].promotions &&
                again[i].promotions <= CONTRACTS_SHARE_MAX;
    free(again);
    return sound;
}
