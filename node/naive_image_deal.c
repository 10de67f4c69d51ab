/* What partners agreed upon, of the naive model, as bytes, and back. What is signed and what is
 * open is made anew. */
#include "node/naive_parts.h"

#include "protocol/codec.h"

#include <string.h>

/* ---- writing --------------------------------------------------------------------------------- */

static void put_contract(const struct naive_contract *contract, struct buffer *out)
{
    const struct deal deal = {.card = contract->card};
    deal_put(DEAL_PROPOSE, &deal, out);
    codec_put_uint(out, contract->state);
    codec_put_uint(out, contract->proposer);
    codec_put_uint(out, contract->tariff);
    codec_put_uint(out, contract->ended_ms);
}

static void put_promotion(const struct naive_promotion *promotion, struct buffer *out)
{
    codec_put_uint(out, promotion->issuer);
    codec_put_uint(out, promotion->funder);
    codec_put_uint(out, promotion->bp);
    codec_put_int(out, promotion->budget);
    codec_put_uint(out, promotion->from_ms);
    codec_put_uint(out, promotion->until_ms);
    naive_put_wide(promotion->used, out);
}

/* Epoch and tariff 0 are as the charter has them. */
void naive_put_deals(const struct naive *n, struct buffer *out)
{
    codec_put_uint(out, n->epoch_count - 1);
    for (size_t i = 1; i < n->epoch_count; i++)
        codec_put_uint(out, n->epochs[i]);
    codec_put_uint(out, n->tariff_count - 1);
    for (size_t i = 1; i < n->tariff_count; i++) {
        codec_put_text(out, bytes_text(n->tariffs[i].currency));
        codec_put_text(out, bytes_text(n->tariffs[i].redemption_tax));
        codec_put_text(out, bytes_text(n->tariffs[i].fee_tax));
    }
    codec_put_uint(out, n->contract_count);
    for (size_t i = 0; i < n->contract_count; i++)
        put_contract(&n->contracts[i], out);
    codec_put_uint(out, n->promotion_count);
    for (size_t i = 0; i < n->promotion_count; i++)
        put_promotion(&n->promotions[i], out);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool good(struct codec_reader *reader, bool condition, const char *why)
{
    if (!condition)
        codec_fail(reader, why);
    return !reader->failed;
}

/* A number of rows: each takes at least a byte. */
static size_t get_count(struct codec_reader *reader)
{
    return (size_t)codec_get_uint(reader, (uint64_t)(reader->end - reader->at));
}

static void get_epoch(struct codec_reader *reader, struct naive *n)
{
    uint64_t from_ms = codec_get_uint(reader, TIME_MS_MAX);
    if (!good(reader, from_ms > n->epochs[n->epoch_count - 1] && from_ms <= n->now_ms,
              "epochs out of order"))
        return;
    n->epochs = (uint64_t *)array_grow(n->epochs, &n->epoch_capacity, n->epoch_count + 1,
                                       sizeof(*n->epochs));
    n->epochs[n->epoch_count++] = from_ms;
}

static void get_code(struct codec_reader *reader, char *code_out, size_t size)
{
    struct bytes code = codec_get_text(reader, 0, size - 1);
    if (reader->failed)
        return;
    if (code.size > 0)
        memcpy(code_out, code.at, code.size);
    code_out[code.size] = 0;
}

/* Cards name them: what they are is asked there. */
static void get_tariff(struct codec_reader *reader, struct naive *n)
{
    struct naive_tariff tariff = {{0}, {0}, {0}};
    get_code(reader, tariff.currency, CURRENCY_SIZE);
    get_code(reader, tariff.redemption_tax, TAX_CODE_SIZE);
    get_code(reader, tariff.fee_tax, TAX_CODE_SIZE);
    if (!reader->failed)
        naive_tariff_add(n, &tariff);
}

/* It was signed, with a way out of it, and ended sooner than it said. */
static bool end_adds_up(const struct naive_contract *contract)
{
    const struct rate_card *card = &contract->card;
    if (contract->ended_ms == 0)
        return true;
    return contract->state == NAIVE_CARD_SIGNED && card->exit_days > 0 &&
           contract->ended_ms > card->from_ms &&
           (card->until_ms == 0 || contract->ended_ms < card->until_ms);
}

static bool contract_adds_up(const struct naive *n, const struct naive_contract *contract)
{
    const struct rate_card *card = &contract->card;
    bool party = contract->proposer == card->funder.v || contract->proposer == card->redeemer.v;
    bool there = card->funder.v < n->rules.partner_count &&
                 card->redeemer.v < n->rules.partner_count && naive_card_is_good(n, card) &&
                 n->proposed_by[contract->proposer] < NAIVE_SHARE_MAX && end_adds_up(contract);
    if (contract->state != NAIVE_CARD_SIGNED)
        return there && party && contract->tariff == 0;
    return there && party && contract->tariff < n->tariff_count &&
           naive_tariff_of(n, card) == contract->tariff && !naive_card_overlaps(n, contract, false);
}

static void get_contract(struct codec_reader *reader, struct naive *n)
{
    struct deal deal = {0};
    struct naive_contract contract = {0};
    deal_get(DEAL_PROPOSE, reader, &deal);
    contract.card = deal.card;
    contract.state = (enum naive_contract_state)codec_get_uint(reader, NAIVE_CARD_WITHDRAWN);
    contract.proposer = (uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1);
    contract.tariff = (uint8_t)codec_get_uint(reader, TARIFFS_MAX - 1);
    contract.ended_ms = codec_get_uint(reader, TIME_MS_MAX);
    if (reader->failed ||
        !good(reader, contract_adds_up(n, &contract), "a contract that does not add up"))
        return;
    naive_contract_add(n, &contract);
}

static void get_promotion(struct codec_reader *reader, struct naive *n)
{
    struct naive_promotion promotion = {0};
    promotion.issuer = (uint16_t)codec_get_uint(reader, n->rules.partner_count - 1);
    promotion.funder = (uint16_t)codec_get_uint(reader, n->rules.partner_count - 1);
    promotion.bp = (uint16_t)codec_get_uint(reader, BASIS_POINTS);
    promotion.budget = codec_get_int(reader, 1, CAP_MAX);
    promotion.from_ms = codec_get_uint(reader, TIME_MS_MAX);
    promotion.until_ms = codec_get_uint(reader, TIME_MS_MAX);
    promotion.used = naive_get_wide(reader);
    bool sound = promotion.issuer != promotion.funder && promotion.used >= 0 &&
                 promotion.used <= (__int128)promotion.budget * BASIS_POINTS &&
                 n->promoted_by[promotion.funder] < NAIVE_SHARE_MAX &&
                 (promotion.until_ms == 0 || promotion.until_ms > promotion.from_ms);
    if (good(reader, sound, "a promotion that does not add up"))
        naive_promotion_add(n, &promotion);
}

void naive_get_deals(struct codec_reader *reader, struct naive *n)
{
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--)
        get_epoch(reader, n);
    for (uint64_t left = codec_get_uint(reader, TARIFFS_MAX - 1); left > 0 && !reader->failed;
         left--)
        get_tariff(reader, n);
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--)
        get_contract(reader, n);
    for (size_t left = get_count(reader); left > 0 && !reader->failed; left--)
        get_promotion(reader, n);
    bool used[TARIFFS_MAX] = {true};
    for (size_t i = 0; i < n->signed_cards.count; i++)
        used[n->contracts[n->signed_cards.at[i]].tariff] = true;
    for (size_t i = 0; i < n->tariff_count && !reader->failed; i++)
        (void)good(reader, used[i], "a tariff of no contract");
}
