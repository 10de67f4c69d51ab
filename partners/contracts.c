#include "partners/contracts.h"

#include "protocol/codec.h"

#include <stdlib.h>
#include <string.h>

const char *contract_verdict_word(enum contract_verdict verdict)
{
    static const char *const words[] = {
#define X(name, word) word,
        CONTRACT_VERDICTS(X)
#undef X
    };
    must(verdict < CONTRACT_VERDICT_COUNT);
    return words[verdict];
}

void contracts_release(struct contracts *contracts)
{
    free(contracts->versions);
    *contracts = (struct contracts){0};
}

struct hash rate_card_digest(const struct rate_card *card)
{
    struct buffer bytes;
    buffer_init(&bytes, 512);
    codec_put_array(&bytes, 14);
    codec_put_uint(&bytes, card->funder.v);
    codec_put_uint(&bytes, card->redeemer.v);
    codec_put_text(&bytes, bytes_text(card->face_currency));
    codec_put_text(&bytes, bytes_text(card->settlement_currency));
    codec_put_uint(&bytes, (uint64_t)card->face.v);
    codec_put_uint(&bytes, (uint64_t)card->reimbursement.v);
    codec_put_uint(&bytes, (uint64_t)card->issue_fee.v);
    codec_put_uint(&bytes, (uint64_t)card->redemption_fee.v);
    codec_put_text(&bytes, bytes_text(card->redemption_tax));
    codec_put_text(&bytes, bytes_text(card->fee_tax));
    codec_put_uint(&bytes, (uint64_t)card->period_cap.v);
    codec_put_uint(&bytes, (uint64_t)card->year_cap.v);
    codec_put_uint(&bytes, card->from_ms);
    codec_put_uint(&bytes, card->until_ms);
    must(!bytes.overflowed);
    struct hash digest = hash_bytes(buffer_bytes(&bytes));
    buffer_release(&bytes);
    return digest;
}

/* ---- what a card may say ------------------------------------------------------------------- */

static bool price_in_range(struct micro price)
{
    return price.v >= 0 && price.v <= PRICE_MICRO_MAX;
}

static bool is_currency(const char code[CURRENCY_SIZE])
{
    for (size_t i = 0; i < CURRENCY_SIZE - 1; i++)
        if (code[i] < 'A' || code[i] > 'Z')
            return false;
    return code[CURRENCY_SIZE - 1] == 0;
}

static enum contract_verdict check_terms(const struct rate_card *card)
{
    if (partner_equal(card->funder, card->redeemer) || !price_in_range(card->face) ||
        !price_in_range(card->reimbursement) || !price_in_range(card->issue_fee) ||
        !price_in_range(card->redemption_fee) || !is_currency(card->face_currency) ||
        !is_currency(card->settlement_currency) ||
        !memchr(card->redemption_tax, 0, TAX_CODE_SIZE) ||
        !memchr(card->fee_tax, 0, TAX_CODE_SIZE) || card->period_cap.v < 0 ||
        card->year_cap.v < 0 || card->from_ms > TIME_MS_MAX || card->until_ms > TIME_MS_MAX ||
        (card->until_ms != 0 && card->until_ms <= card->from_ms))
        return CONTRACT_BAD_TERMS;
    /* Across currencies only a rate would tell, and that moves. */
    bool same = strcmp(card->face_currency, card->settlement_currency) == 0;
    return same && card->reimbursement.v > card->face.v ? CONTRACT_ABOVE_FACE : CONTRACT_DONE;
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

enum contract_verdict contract_propose(struct contracts *contracts, struct partner_id proposer,
                                       const struct rate_card *card, uint64_t now_ms,
                                       uint64_t notice_ms, size_t *number_out)
{
    enum contract_verdict verdict = check_terms(card);
    must(now_ms <= TIME_MS_MAX && notice_ms <= TIME_MS_MAX);
    if (verdict != CONTRACT_DONE)
        return verdict;
    if (!is_party(card, proposer))
        return CONTRACT_NOT_A_PARTY;
    if (card->from_ms <= now_ms || card->from_ms < now_ms + notice_ms)
        return CONTRACT_NOTICE_TOO_SHORT;
    if (!fits(contracts, card))
        return CONTRACT_OVERLAP;
    if (contracts->count == CONTRACT_VERSIONS_MAX)
        return CONTRACT_FULL;
    contracts->versions = array_grow(contracts->versions, &contracts->capacity,
                                     contracts->count + 1, sizeof(*contracts->versions));
    contracts->versions[contracts->count] =
        (struct contract_version){.card = *card, .state = CONTRACT_PROPOSED, .proposer = proposer};
    *number_out = contracts->count++;
    return CONTRACT_DONE;
}

enum contract_verdict contract_sign(struct contracts *contracts, struct partner_id signer,
                                    size_t number, const struct hash *digest, uint64_t now_ms)
{
    if (number >= contracts->count)
        return CONTRACT_UNKNOWN;
    struct contract_version *version = &contracts->versions[number];
    struct hash stands = rate_card_digest(&version->card);
    if (!is_party(&version->card, signer))
        return CONTRACT_NOT_A_PARTY;
    if (partner_equal(version->proposer, signer))
        return CONTRACT_OWN_PROPOSAL;
    if (version->state != CONTRACT_PROPOSED)
        return CONTRACT_CLOSED;
    if (!bytes_equal(hash_as_bytes(&stands), hash_as_bytes(digest)))
        return CONTRACT_CHANGED;
    if (now_ms >= version->card.from_ms)
        return CONTRACT_TOO_LATE;
    if (!fits(contracts, &version->card))
        return CONTRACT_OVERLAP;
    version->state = CONTRACT_SIGNED;
    version->signed_ms = now_ms;
    return CONTRACT_DONE;
}

enum contract_verdict contract_withdraw(struct contracts *contracts, struct partner_id proposer,
                                        size_t number)
{
    if (number >= contracts->count)
        return CONTRACT_UNKNOWN;
    struct contract_version *version = &contracts->versions[number];
    if (!partner_equal(version->proposer, proposer))
        return CONTRACT_NOT_A_PARTY;
    if (version->state != CONTRACT_PROPOSED)
        return CONTRACT_CLOSED;
    version->state = CONTRACT_WITHDRAWN;
    return CONTRACT_DONE;
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
