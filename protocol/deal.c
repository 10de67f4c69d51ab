#include "protocol/deal.h"

#include "protocol/codec.h"

#include <string.h>

enum {
    CARD_ITEMS = 15,
    SIGN_ITEMS = 2,
    WITHDRAW_ITEMS = 1,
    END_ITEMS = 2,
    PROMOTION_ITEMS = 5,
    ACCOUNT_ITEMS = 5,
    COLLATERAL_ITEMS = 3,
    RATES_ITEMS = 2,
    RATE_ITEMS = 2,
    CARD_SIZE_MAX = 256 /* encoded */
};

/* ---- writing ------------------------------------------------------------------------------- */

static void put_card(const struct rate_card *card, struct buffer *out)
{
    codec_put_array(out, CARD_ITEMS);
    codec_put_uint(out, card->funder.v);
    codec_put_uint(out, card->redeemer.v);
    codec_put_text(out, bytes_text(card->face_currency));
    codec_put_text(out, bytes_text(card->settlement_currency));
    codec_put_int(out, card->face.v);
    codec_put_int(out, card->reimbursement.v);
    codec_put_int(out, card->issue_fee.v);
    codec_put_int(out, card->redemption_fee.v);
    codec_put_text(out, bytes_text(card->redemption_tax));
    codec_put_text(out, bytes_text(card->fee_tax));
    codec_put_int(out, card->period_cap.v);
    codec_put_int(out, card->year_cap.v);
    codec_put_uint(out, card->from_ms);
    codec_put_uint(out, card->until_ms);
    codec_put_uint(out, card->exit_days);
}

struct hash rate_card_digest(const struct rate_card *card)
{
    struct buffer bytes;
    buffer_init(&bytes, CARD_SIZE_MAX);
    put_card(card, &bytes);
    must(!bytes.overflowed);
    struct hash digest = hash_bytes(buffer_bytes(&bytes));
    buffer_release(&bytes);
    return digest;
}

static void put_promotion(const struct promotion *promotion, struct buffer *out)
{
    codec_put_array(out, PROMOTION_ITEMS);
    codec_put_uint(out, promotion->issuer.v);
    codec_put_uint(out, promotion->bp);
    codec_put_int(out, promotion->budget.v);
    codec_put_uint(out, promotion->from_ms);
    codec_put_uint(out, promotion->until_ms);
}

static void put_account(const struct account_words *account, struct buffer *out)
{
    codec_put_array(out, ACCOUNT_ITEMS);
    codec_put_text(out, bytes_text(account->currency));
    codec_put_text(out, account->holder);
    codec_put_text(out, account->iban);
    codec_put_text(out, account->bic);
    codec_put_bytes(out, hash_as_bytes(&account->approver));
}

static void put_rates(const struct day_rates *rates, struct buffer *out)
{
    codec_put_array(out, RATES_ITEMS);
    codec_put_uint(out, rates->day);
    codec_put_array(out, rates->count);
    for (size_t i = 0; i < rates->count; i++) {
        codec_put_array(out, RATE_ITEMS);
        codec_put_text(out, bytes_text(rates->at[i].currency));
        codec_put_int(out, rates->at[i].rate.v);
    }
}

void deal_put(enum deal_step step, const struct deal *deal, struct buffer *out)
{
    switch (step) {
    case DEAL_PROPOSE:
        put_card(&deal->card, out);
        return;
    case DEAL_SIGN:
        codec_put_array(out, SIGN_ITEMS);
        codec_put_uint(out, deal->number);
        codec_put_bytes(out, hash_as_bytes(&deal->digest));
        return;
    case DEAL_WITHDRAW:
        codec_put_array(out, WITHDRAW_ITEMS);
        codec_put_uint(out, deal->number);
        return;
    case DEAL_PROMOTE:
        put_promotion(&deal->promotion, out);
        return;
    case DEAL_ACCOUNT:
        put_account(&deal->account, out);
        return;
    case DEAL_COLLATERAL:
        codec_put_array(out, COLLATERAL_ITEMS);
        codec_put_uint(out, deal->collateral.partner.v);
        codec_put_text(out, bytes_text(deal->collateral.currency));
        codec_put_int(out, deal->collateral.amount.v);
        return;
    case DEAL_RATES:
        put_rates(&deal->rates, out);
        return;
    case DEAL_END:
        codec_put_array(out, END_ITEMS);
        codec_put_uint(out, deal->number);
        codec_put_uint(out, deal->until_ms);
        return;
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

static struct partner_id get_partner(struct codec_reader *reader)
{
    return (struct partner_id){(uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1)};
}

static void get_currency(struct codec_reader *reader, char out[CURRENCY_SIZE])
{
    struct bytes code = codec_get_text(reader, CURRENCY_SIZE - 1, CURRENCY_SIZE - 1);
    if (reader->failed)
        return;
    if (!currency_valid(code))
        codec_fail(reader, "a currency is three capital letters");
    memcpy(out, code.at, code.size);
    out[code.size] = 0;
}

static void get_tax_code(struct codec_reader *reader, char out[TAX_CODE_SIZE])
{
    struct bytes code = codec_get_text(reader, 0, TAX_CODE_SIZE - 1);
    if (reader->failed)
        return;
    if (!tax_code_valid(code))
        codec_fail(reader, "a tax code is of capital letters, digits and '-'");
    if (code.size > 0)
        memcpy(out, code.at, code.size);
    out[code.size] = 0;
}

static struct micro get_price(struct codec_reader *reader)
{
    return (struct micro){codec_get_int(reader, 0, PRICE_MICRO_MAX)};
}

static void get_card(struct codec_reader *reader, struct rate_card *card)
{
    codec_get_array(reader, CARD_ITEMS, CARD_ITEMS);
    card->funder = get_partner(reader);
    card->redeemer = get_partner(reader);
    get_currency(reader, card->face_currency);
    get_currency(reader, card->settlement_currency);
    card->face = get_price(reader);
    card->reimbursement = get_price(reader);
    card->issue_fee = get_price(reader);
    card->redemption_fee = get_price(reader);
    get_tax_code(reader, card->redemption_tax);
    get_tax_code(reader, card->fee_tax);
    card->period_cap.v = codec_get_int(reader, 0, CAP_MAX);
    card->year_cap.v = codec_get_int(reader, 0, CAP_MAX);
    card->from_ms = codec_get_uint(reader, TIME_MS_MAX);
    card->until_ms = codec_get_uint(reader, TIME_MS_MAX);
    card->exit_days = (uint16_t)codec_get_uint(reader, EXIT_DAYS_MAX);
}

static void get_number(struct codec_reader *reader, struct deal *deal)
{
    deal->number = (uint32_t)codec_get_uint(reader, CONTRACTS_MAX - 1);
}

static void get_promotion(struct codec_reader *reader, struct promotion *promotion)
{
    codec_get_array(reader, PROMOTION_ITEMS, PROMOTION_ITEMS);
    promotion->issuer = get_partner(reader);
    promotion->bp = (uint16_t)codec_get_uint(reader, BASIS_POINTS);
    promotion->budget.v = codec_get_int(reader, 1, CAP_MAX);
    promotion->from_ms = codec_get_uint(reader, TIME_MS_MAX);
    promotion->until_ms = codec_get_uint(reader, TIME_MS_MAX);
    if (!reader->failed && promotion->bp == 0)
        codec_fail(reader, "a promotion that pays nothing");
}

static void get_account(struct codec_reader *reader, struct account_words *account)
{
    codec_get_array(reader, ACCOUNT_ITEMS, ACCOUNT_ITEMS);
    get_currency(reader, account->currency);
    account->holder = codec_get_text(reader, 1, HOLDER_MAX);
    account->iban = codec_get_text(reader, 1, IBAN_TEXT_MAX);
    account->bic = codec_get_text(reader, 0, BIC_TEXT_MAX);
    codec_get_fixed(reader, account->approver.at, HASH_SIZE);
    if (!reader->failed && hash_is_zero(&account->approver))
        codec_fail(reader, "an approver of zeros");
}

static void get_collateral(struct codec_reader *reader, struct collateral *collateral)
{
    codec_get_array(reader, COLLATERAL_ITEMS, COLLATERAL_ITEMS);
    collateral->partner = get_partner(reader);
    get_currency(reader, collateral->currency);
    collateral->amount.v = codec_get_int(reader, -COLLATERAL_MAX, COLLATERAL_MAX);
    if (!reader->failed && collateral->amount.v == 0)
        codec_fail(reader, "collateral of nothing");
}

static void get_rates(struct codec_reader *reader, struct day_rates *rates)
{
    codec_get_array(reader, RATES_ITEMS, RATES_ITEMS);
    rates->day = (uint32_t)codec_get_uint(reader, RATE_DAY_MAX);
    rates->count = (uint8_t)codec_get_array(reader, 1, RATES_MAX);
    for (size_t i = 0; i < rates->count && !reader->failed; i++) {
        codec_get_array(reader, RATE_ITEMS, RATE_ITEMS);
        get_currency(reader, rates->at[i].currency);
        rates->at[i].rate.v = codec_get_int(reader, 1, RATE_MICRO_MAX);
    }
}

void deal_get(enum deal_step step, struct codec_reader *reader, struct deal *deal)
{
    switch (step) {
    case DEAL_PROPOSE:
        get_card(reader, &deal->card);
        return;
    case DEAL_SIGN:
        codec_get_array(reader, SIGN_ITEMS, SIGN_ITEMS);
        get_number(reader, deal);
        codec_get_fixed(reader, deal->digest.at, HASH_SIZE);
        return;
    case DEAL_WITHDRAW:
        codec_get_array(reader, WITHDRAW_ITEMS, WITHDRAW_ITEMS);
        get_number(reader, deal);
        return;
    case DEAL_PROMOTE:
        get_promotion(reader, &deal->promotion);
        return;
    case DEAL_ACCOUNT:
        get_account(reader, &deal->account);
        return;
    case DEAL_COLLATERAL:
        get_collateral(reader, &deal->collateral);
        return;
    case DEAL_RATES:
        get_rates(reader, &deal->rates);
        return;
    case DEAL_END:
        codec_get_array(reader, END_ITEMS, END_ITEMS);
        get_number(reader, deal);
        deal->until_ms = codec_get_uint(reader, TIME_MS_MAX);
        return;
    }
}
