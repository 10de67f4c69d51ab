#include "partners/contracts.h"

#include <stdlib.h>
#include <string.h>

const char *contract_state_word(enum contract_state state)
{
    static const char *const words[] = {"proposed", "signed", "withdrawn"};
    must(state < ARRAY_SIZE(words));
    return words[state];
}

void contracts_release(struct contracts *contracts)
{
    free(contracts->versions);
    free(contracts->promotions);
    free(contracts->epochs);
    *contracts = (struct contracts){0};
}

/* ---- what a card may say ------------------------------------------------------------------- */

static bool price_in_range(struct micro price)
{
    return price.v >= 0 && price.v <= PRICE_MICRO_MAX;
}

static enum verdict check_terms(const struct rate_card *card)
{
    if (partner_equal(card->funder, card->redeemer) || !price_in_range(card->face) ||
        !price_in_range(card->reimbursement) || !price_in_range(card->issue_fee) ||
        !price_in_range(card->redemption_fee) || card->period_cap.v < 0 || card->year_cap.v < 0 ||
        card->from_ms > TIME_MS_MAX || card->until_ms > TIME_MS_MAX ||
        (card->until_ms != 0 && card->until_ms <= card->from_ms))
        return VERDICT_BAD_CARD;
    /* Across currencies only a rate would tell, and that moves. */
    bool same = strcmp(card->face_currency, card->settlement_currency) == 0;
    return same && card->reimbursement.v > card->face.v ? VERDICT_ABOVE_FACE : VERDICT_ACCEPTED;
}

static bool same_pair(const struct rate_card *a, const struct rate_card *b)
{
    return partner_equal(a->funder, b->funder) && partner_equal(a->redeemer, b->redeemer);
}

/* Whether both would be in force at once. The earlier one gives way when it has no end. */
static bool overlap(const struct rate_card *a, const struct rate_card *b)
{
    const struct rate_card *first = a->from_ms <= b->from_ms ? a : b;
    const struct rate_card *second = first == a ? b : a;
    if (first->from_ms == second->from_ms)
        return true;
    return first->until_ms > second->from_ms;
}

/* A card without an end that is signed before a later one exists gives way to it; one that comes
 * before a signed one must say where it ends, or nobody agreed to where it does. */
static bool fits(const struct contracts *contracts, const struct rate_card *card)
{
    for (size_t i = 0; i < contracts->count; i++) {
        const struct contract_version *version = &contracts->versions[i];
        if (version->state != CONTRACT_SIGNED || !same_pair(&version->card, card))
            continue;
        bool before = card->from_ms < version->card.from_ms;
        if (overlap(card, &version->card) || (before && card->until_ms == 0))
            return false;
    }
    return true;
}

/* ---- steps --------------------------------------------------------------------------------- */

static bool is_party(const struct rate_card *card, struct partner_id partner)
{
    return partner_equal(card->funder, partner) || partner_equal(card->redeemer, partner);
}

enum verdict contract_propose(struct contracts *contracts, struct partner_id proposer,
                              const struct rate_card *card, uint64_t now_ms, uint64_t notice_ms,
                              size_t *number_out)
{
    enum verdict verdict = check_terms(card);
    must(now_ms <= TIME_MS_MAX && notice_ms <= TIME_MS_MAX);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    if (!is_party(card, proposer))
        return VERDICT_NOT_A_PARTY;
    if (card->from_ms <= now_ms || card->from_ms < now_ms + notice_ms)
        return VERDICT_NOTICE_TOO_SHORT;
    if (!fits(contracts, card))
        return VERDICT_OVERLAP;
    if (contracts->count == CONTRACTS_MAX)
        return VERDICT_TOO_MANY_CONTRACTS;
    contracts->versions = array_grow(contracts->versions, &contracts->capacity,
                                     contracts->count + 1, sizeof(*contracts->versions));
    contracts->versions[contracts->count] =
        (struct contract_version){.card = *card, .state = CONTRACT_PROPOSED, .proposer = proposer};
    *number_out = contracts->count++;
    return VERDICT_ACCEPTED;
}

enum verdict contract_sign(struct contracts *contracts, struct partner_id signer, size_t number,
                           const struct hash *digest, uint64_t now_ms)
{
    if (number >= contracts->count)
        return VERDICT_UNKNOWN_CONTRACT;
    struct contract_version *version = &contracts->versions[number];
    struct hash stands = rate_card_digest(&version->card);
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
    version->state = CONTRACT_SIGNED;
    version->signed_ms = now_ms;
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

/* ---- which one holds ----------------------------------------------------------------------- */

static bool binds(const struct contract_version *version, struct partner_id funder,
                  struct partner_id redeemer)
{
    return version->state == CONTRACT_SIGNED && partner_equal(version->card.funder, funder) &&
           partner_equal(version->card.redeemer, redeemer);
}

/* The latest that has begun: an earlier one without an end has given way to it. */
const struct rate_card *contract_at(const struct contracts *contracts, struct partner_id funder,
                                    struct partner_id redeemer, uint64_t time_ms)
{
    const struct rate_card *found = NULL;
    for (size_t i = 0; i < contracts->count; i++) {
        const struct contract_version *version = &contracts->versions[i];
        if (binds(version, funder, redeemer) && version->card.from_ms <= time_ms &&
            (!found || version->card.from_ms > found->from_ms))
            found = &version->card;
    }
    return found && (found->until_ms == 0 || time_ms < found->until_ms) ? found : NULL;
}

const struct rate_card *contract_for_lot(const struct contracts *contracts,
                                         struct partner_id funder, struct partner_id redeemer,
                                         uint64_t issued_ms)
{
    const struct rate_card *then = contract_at(contracts, funder, redeemer, issued_ms);
    const struct rate_card *first = NULL;
    if (then)
        return then;
    for (size_t i = 0; i < contracts->count; i++) {
        const struct contract_version *version = &contracts->versions[i];
        if (binds(version, funder, redeemer) && (!first || version->card.from_ms < first->from_ms))
            first = &version->card;
    }
    /* A lot issued after a contract ended is not priced by the next one. */
    return first && first->from_ms > issued_ms ? first : NULL;
}
