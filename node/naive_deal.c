/* What partners agree upon: contracts, promotions, payment accounts, collateral, rates; in the
 * order in which the reasons to refuse it are asked. protocol/SETTLEMENT.md, 23. */
#include "node/naive_parts.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

void naive_deal_open(struct naive *n)
{
    const struct naive_settlement *rules = &n->rules.settlement;
    struct naive_tariff *first = &n->tariffs[0];
    must(rules->currency_count > 0);
    memcpy(first->currency, rules->currencies[0].code, CURRENCY_SIZE);
    memcpy(first->redemption_tax, rules->other_tax, TAX_CODE_SIZE);
    memcpy(first->fee_tax, rules->fee_tax, TAX_CODE_SIZE);
    n->tariff_count = 1;
    n->epochs = (uint64_t *)array_grow(n->epochs, &n->epoch_capacity, 1, sizeof(*n->epochs));
    n->epochs[0] = 0;
    n->epoch_count = 1;
}

void naive_deal_close(struct naive *n)
{
    free(n->flows);
    free(n->contracts);
    free(n->signed_cards.at);
    free(n->open_cards.at);
    free(n->promotions);
    free(n->epochs);
}

/* ---- time ------------------------------------------------------------------------------------ */

bool naive_in_force(uint64_t from_ms, uint64_t until_ms, uint64_t time_ms)
{
    return from_ms <= time_ms && (until_ms == 0 || time_ms < until_ms);
}

/* The later of a moment and the latest so far, where it was reached since the last height. */
static uint64_t later(const struct naive *n, uint64_t latest_ms, uint64_t moment_ms,
                      uint64_t now_ms)
{
    bool reached = moment_ms > n->now_ms && moment_ms <= now_ms;
    return reached && moment_ms > latest_ms ? moment_ms : latest_ms;
}

/* Who did not sign in time cannot any more. */
static void forget_open(struct naive *n, uint64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < n->open_cards.count; i++) {
        const struct naive_contract *contract = &n->contracts[n->open_cards.at[i]];
        if (contract->state == NAIVE_CARD_PROPOSED && contract->card.from_ms > now_ms)
            n->open_cards.at[kept++] = n->open_cards.at[i];
    }
    n->open_cards.count = kept;
}

void naive_epochs_begin(struct naive *n, uint64_t now_ms)
{
    uint64_t latest_ms = 0;
    for (size_t i = 0; i < n->signed_cards.count; i++) {
        const struct naive_contract *contract = &n->contracts[n->signed_cards.at[i]];
        latest_ms = later(n, latest_ms, contract->card.from_ms, now_ms);
        latest_ms = later(n, latest_ms, naive_card_end(contract), now_ms);
    }
    for (size_t i = 0; i < n->promotion_count; i++) {
        latest_ms = later(n, latest_ms, n->promotions[i].from_ms, now_ms);
        latest_ms = later(n, latest_ms, n->promotions[i].until_ms, now_ms);
    }
    forget_open(n, now_ms);
    if (latest_ms == 0)
        return;
    n->epochs = (uint64_t *)array_grow(n->epochs, &n->epoch_capacity, n->epoch_count + 1,
                                       sizeof(*n->epochs));
    n->epochs[n->epoch_count++] = latest_ms;
}

/* ---- contracts ------------------------------------------------------------------------------- */

struct naive_dealing { /* one transaction */
    struct naive *n;
    const struct deal *says;
    uint16_t writer;
};

bool naive_is_currency(const struct naive *n, const char *code)
{
    for (size_t i = 0; i < n->rules.settlement.currency_count; i++)
        if (strcmp(n->rules.settlement.currencies[i].code, code) == 0)
            return true;
    return false;
}

int64_t naive_rate(const struct naive *n, const char *code)
{
    for (size_t i = 1; i < n->rules.settlement.currency_count; i++)
        if (strcmp(n->rules.settlement.currencies[i].code, code) == 0)
            return n->rules.settlement.currencies[i].rate;
    return 1000000;
}

static bool is_tax(const struct naive *n, const char *code)
{
    for (size_t i = 0; i < n->rules.settlement.tax_count; i++)
        if (strcmp(n->rules.settlement.taxes[i].code, code) == 0)
            return true;
    return code[0] == 0;
}

static bool is_there(const struct naive *n, uint16_t partner)
{
    return partner < n->now->partner_count && !n->now->partners[partner].left;
}

/* What the card says by itself, under this charter. Prices and times have their ranges from the
 * bytes. */
bool naive_card_is_good(const struct naive *n, const struct rate_card *card)
{
    bool fees = card->issue_fee.v > 0 || card->redemption_fee.v > 0;
    return card->funder.v != card->redeemer.v &&
           (card->until_ms == 0 || card->until_ms > card->from_ms) &&
           naive_is_currency(n, card->face_currency) &&
           naive_is_currency(n, card->settlement_currency) &&
           (!n->rules.risk.on || naive_rate(n, card->settlement_currency) > 0) &&
           is_tax(n, card->redemption_tax) && is_tax(n, card->fee_tax) &&
           (!fees || card->redeemer.v == n->rules.operator_number);
}

uint64_t naive_card_end(const struct naive_contract *contract)
{
    return contract->ended_ms ? contract->ended_ms : contract->card.until_ms;
}

static bool same_pair(const struct naive_contract *a, const struct naive_contract *b)
{
    return a->card.funder.v == b->card.funder.v && a->card.redeemer.v == b->card.redeemer.v;
}

/* They begin at once, or the earlier ends after the later begins. */
static bool meet(const struct naive_contract *a, const struct naive_contract *b)
{
    const struct naive_contract *first = a->card.from_ms < b->card.from_ms ? a : b;
    const struct naive_contract *second = first == a ? b : a;
    return first->card.from_ms == second->card.from_ms ||
           naive_card_end(first) > second->card.from_ms;
}

bool naive_card_overlaps(const struct naive *n, const struct naive_contract *contract, bool is_new)
{
    for (size_t i = 0; i < n->signed_cards.count; i++) {
        const struct naive_contract *there = &n->contracts[n->signed_cards.at[i]];
        bool endless =
            is_new && contract->card.from_ms < there->card.from_ms && naive_card_end(contract) == 0;
        if (same_pair(there, contract) && (endless || meet(there, contract)))
            return true;
    }
    return false;
}

static bool too_many(const struct naive_dealing *d)
{
    size_t open = 0;
    for (size_t i = 0; i < d->n->open_cards.count; i++) {
        const struct naive_contract *contract = &d->n->contracts[d->n->open_cards.at[i]];
        open += contract->proposer == d->writer && contract->state == NAIVE_CARD_PROPOSED;
    }
    return d->n->contract_count >= NAIVE_CONTRACTS_MAX ||
           d->n->proposed_by[d->writer] >= NAIVE_SHARE_MAX || open >= NAIVE_PROPOSALS_MAX;
}

void naive_contract_add(struct naive *n, const struct naive_contract *contract)
{
    n->contracts = (struct naive_contract *)array_grow(n->contracts, &n->contract_capacity,
                                                       n->contract_count + 1, sizeof(*contract));
    if (contract->state == NAIVE_CARD_PROPOSED)
        naive_list_add(&n->open_cards, (uint32_t)n->contract_count);
    if (contract->state == NAIVE_CARD_SIGNED)
        naive_list_add(&n->signed_cards, (uint32_t)n->contract_count);
    n->proposed_by[contract->proposer]++;
    n->contracts[n->contract_count++] = *contract;
}

static enum verdict propose(const struct naive_dealing *d)
{
    struct naive *n = d->n;
    const struct rate_card *card = &d->says->card;
    struct naive_contract contract = {
        .card = *card, .state = NAIVE_CARD_PROPOSED, .proposer = d->writer};
    if (!naive_card_is_good(n, card))
        return VERDICT_BAD_CARD;
    if (strcmp(card->face_currency, card->settlement_currency) == 0 &&
        card->reimbursement.v > card->face.v)
        return VERDICT_ABOVE_FACE;
    if (d->writer != card->funder.v && d->writer != card->redeemer.v)
        return VERDICT_NOT_A_PARTY;
    if (!is_there(n, card->funder.v) || !is_there(n, card->redeemer.v))
        return VERDICT_UNKNOWN_PARTNER;
    if (card->from_ms <= n->now_ms || card->from_ms - n->now_ms < n->rules.notice_ms)
        return VERDICT_NOTICE_TOO_SHORT;
    if (naive_card_overlaps(n, &contract, true))
        return VERDICT_OVERLAP;
    if (too_many(d))
        return VERDICT_TOO_MANY_CONTRACTS;
    naive_contract_add(n, &contract);
    return VERDICT_ACCEPTED;
}

/* The number of a card's tariff, which may be the next; TARIFFS_MAX: none is left. */
size_t naive_tariff_of(const struct naive *n, const struct rate_card *card)
{
    for (size_t i = 0; i < n->tariff_count; i++)
        if (strcmp(n->tariffs[i].currency, card->settlement_currency) == 0 &&
            strcmp(n->tariffs[i].redemption_tax, card->redemption_tax) == 0 &&
            strcmp(n->tariffs[i].fee_tax, card->fee_tax) == 0)
            return i;
    return n->tariff_count;
}

void naive_tariff_add(struct naive *n, const struct naive_tariff *tariff)
{
    size_t cells = naive_owed_cells(n);
    must(n->tariff_count < TARIFFS_MAX);
    __int128 *owed = (__int128 *)allocate((n->tariff_count + 1) * cells, sizeof(*owed));
    memcpy(owed, n->owed, n->tariff_count * cells * sizeof(*owed));
    free(n->owed);
    n->owed = owed;
    n->tariffs[n->tariff_count++] = *tariff;
}

static struct naive_tariff tariff_by(const struct rate_card *card)
{
    struct naive_tariff tariff;
    memcpy(tariff.currency, card->settlement_currency, CURRENCY_SIZE);
    memcpy(tariff.redemption_tax, card->redemption_tax, TAX_CODE_SIZE);
    memcpy(tariff.fee_tax, card->fee_tax, TAX_CODE_SIZE);
    return tariff;
}

/* Tariffs of signed cards that the partner proposed, but for the charter's. */
static size_t tariffs_by(const struct naive *n, uint16_t proposer)
{
    bool seen[TARIFFS_MAX] = {true};
    size_t count = 0;
    for (size_t i = 0; i < n->signed_cards.count; i++) {
        const struct naive_contract *contract = &n->contracts[n->signed_cards.at[i]];
        if (contract->proposer != proposer)
            continue;
        count += !seen[contract->tariff];
        seen[contract->tariff] = true;
    }
    return count;
}

static enum verdict countersign(const struct naive_dealing *d)
{
    struct naive *n = d->n;
    if (d->says->number >= n->contract_count)
        return VERDICT_UNKNOWN_CONTRACT;
    struct naive_contract *contract = &n->contracts[d->says->number];
    const struct rate_card *card = &contract->card;
    struct hash digest = rate_card_digest(card);
    if (d->writer != card->funder.v && d->writer != card->redeemer.v)
        return VERDICT_NOT_A_PARTY;
    if (d->writer == contract->proposer)
        return VERDICT_OWN_PROPOSAL;
    if (contract->state != NAIVE_CARD_PROPOSED)
        return VERDICT_CONTRACT_CLOSED;
    if (!hash_equal(&digest, &d->says->digest))
        return VERDICT_CONTRACT_CHANGED;
    if (n->now_ms >= card->from_ms)
        return VERDICT_CONTRACT_TOO_LATE;
    if (naive_card_overlaps(n, contract, true))
        return VERDICT_OVERLAP;
    size_t tariff = naive_tariff_of(n, card);
    if (tariff == TARIFFS_MAX ||
        (tariff == n->tariff_count && tariffs_by(n, contract->proposer) >= NAIVE_TARIFFS_MAX))
        return VERDICT_TOO_MANY_CONTRACTS;
    struct naive_tariff by_card = tariff_by(card);
    if (tariff == n->tariff_count)
        naive_tariff_add(n, &by_card);
    contract->state = NAIVE_CARD_SIGNED;
    contract->tariff = (uint8_t)tariff;
    naive_list_add(&n->signed_cards, d->says->number);
    return VERDICT_ACCEPTED;
}

static enum verdict withdraw(const struct naive_dealing *d)
{
    if (d->says->number >= d->n->contract_count)
        return VERDICT_UNKNOWN_CONTRACT;
    struct naive_contract *contract = &d->n->contracts[d->says->number];
    if (d->writer != contract->proposer)
        return VERDICT_NOT_A_PARTY;
    if (contract->state != NAIVE_CARD_PROPOSED)
        return VERDICT_CONTRACT_CLOSED;
    contract->state = NAIVE_CARD_WITHDRAWN;
    return VERDICT_ACCEPTED;
}

/* When it ends as things stand: a card without an end of its own gives way to the pair's next; 0:
 * never. */
static uint64_t end_as_it_stands(const struct naive *n, const struct naive_contract *contract)
{
    uint64_t end_ms = naive_card_end(contract);
    for (size_t i = 0; i < n->signed_cards.count; i++) {
        const struct naive_contract *next = &n->contracts[n->signed_cards.at[i]];
        if (same_pair(next, contract) && next->card.from_ms > contract->card.from_ms &&
            (end_ms == 0 || next->card.from_ms < end_ms))
            end_ms = next->card.from_ms;
    }
    return end_ms;
}

static enum verdict end_contract(const struct naive_dealing *d)
{
    struct naive *n = d->n;
    uint64_t ends_ms = d->says->until_ms;
    if (d->says->number >= n->contract_count)
        return VERDICT_UNKNOWN_CONTRACT;
    struct naive_contract *contract = &n->contracts[d->says->number];
    uint64_t end_ms = end_as_it_stands(n, contract);
    if (d->writer != contract->card.funder.v && d->writer != contract->card.redeemer.v)
        return VERDICT_NOT_A_PARTY;
    if (contract->state != NAIVE_CARD_SIGNED || (end_ms != 0 && end_ms <= n->now_ms))
        return VERDICT_CONTRACT_CLOSED;
    if (contract->card.exit_days == 0)
        return VERDICT_NO_EXIT;
    if (ends_ms <= contract->card.from_ms || (end_ms != 0 && ends_ms >= end_ms) ||
        ends_ms > TIME_MS_MAX)
        return VERDICT_BAD_CARD;
    if (ends_ms < n->now_ms || ends_ms - n->now_ms < contract->card.exit_days * DAY_MS)
        return VERDICT_NOTICE_TOO_SHORT;
    contract->ended_ms = ends_ms;
    return VERDICT_ACCEPTED;
}

/* ---- promotions ------------------------------------------------------------------------------ */

struct naive_promotion *naive_promotion_of(const struct naive *n, uint16_t issuer, uint16_t funder,
                                           uint64_t time_ms)
{
    for (size_t i = 0; i < n->promotion_count; i++) {
        struct naive_promotion *promotion = &n->promotions[i];
        if (promotion->issuer == issuer && promotion->funder == funder &&
            naive_in_force(promotion->from_ms, promotion->until_ms, time_ms))
            return promotion;
    }
    return NULL;
}

/* Some other pays for the same points at some time of it. */
static bool is_promoted(const struct naive *n, const struct naive_promotion *added)
{
    for (size_t i = 0; i < n->rules.joint_count; i++)
        if (n->rules.joint[i].issuer == added->issuer && n->rules.joint[i].funder == added->funder)
            return true;
    for (size_t i = 0; i < n->promotion_count; i++) {
        const struct naive_promotion *there = &n->promotions[i];
        bool before = there->until_ms != 0 && there->until_ms <= added->from_ms;
        bool after = added->until_ms != 0 && added->until_ms <= there->from_ms;
        if (there->issuer == added->issuer && there->funder == added->funder && !before && !after)
            return true;
    }
    return false;
}

void naive_promotion_add(struct naive *n, const struct naive_promotion *promotion)
{
    n->promotions = (struct naive_promotion *)array_grow(
        n->promotions, &n->promotion_capacity, n->promotion_count + 1, sizeof(*promotion));
    n->promoted_by[promotion->funder]++;
    n->promotions[n->promotion_count++] = *promotion;
}

static enum verdict promote(const struct naive_dealing *d)
{
    struct naive *n = d->n;
    const struct promotion *says = &d->says->promotion;
    struct naive_promotion added = {.issuer = says->issuer.v,
                                    .funder = d->writer,
                                    .bp = says->bp,
                                    .budget = says->budget.v,
                                    .from_ms = says->from_ms ? says->from_ms : n->now_ms + 1,
                                    .until_ms = says->until_ms};
    if (added.issuer == d->writer || !is_there(n, added.issuer))
        return VERDICT_UNKNOWN_PARTNER;
    if (added.from_ms <= n->now_ms || added.from_ms > TIME_MS_MAX ||
        (added.until_ms != 0 && added.until_ms <= added.from_ms))
        return VERDICT_BAD_CARD;
    if (is_promoted(n, &added))
        return VERDICT_OVERLAP;
    if (n->promotion_count >= NAIVE_CONTRACTS_MAX || n->promoted_by[d->writer] >= NAIVE_SHARE_MAX)
        return VERDICT_TOO_MANY_CONTRACTS;
    naive_promotion_add(n, &added);
    return VERDICT_ACCEPTED;
}

/* ---- all of them ----------------------------------------------------------------------------- */

enum verdict naive_deal(struct naive *n, const struct naive_tx *tx)
{
    const struct naive_dealing d = {n, &tx->transaction->body.deal, tx->writer};
    enum deal_step step = DEAL_PROPOSE;
    must(transaction_is_deal(tx->transaction->type, &step));
    switch (step) {
    case DEAL_PROPOSE:
        return propose(&d);
    case DEAL_SIGN:
        return countersign(&d);
    case DEAL_WITHDRAW:
        return withdraw(&d);
    case DEAL_END:
        return end_contract(&d);
    case DEAL_PROMOTE:
        return promote(&d);
    case DEAL_ACCOUNT:
        return naive_set_account(n, tx);
    case DEAL_RATES:
        return naive_say_rates(n, tx);
    case DEAL_COLLATERAL:
        return naive_collateral(n, tx);
    }
    return VERDICT_NOT_AUTHORISED;
}
