/* Contracts, promotions, payment accounts, collateral and rates from requests: what a card leaves
 * out is the charter's. */
#include "node/api_build_parts.h"

#include "partners/contracts.h"

#include <string.h>

#define DAY_MS UINT64_C(86400000)
/* So long the ledger may take to decide that a contract ends. */
#define DECIDING_MS UINT64_C(3600000)

/* ---- pieces --------------------------------------------------------------------------------- */

static void take_currency(struct build *build, const char *name, char code_out[CURRENCY_SIZE])
{
    struct bytes text;
    memcpy(code_out, build->input->charter->currency, CURRENCY_SIZE);
    if (!form_text(&build->form, name, 1, TEXT_SIZE_MAX, &text))
        return; /* absent, or noted */
    if (currency_valid(text))
        memcpy(code_out, text.at, text.size);
    else
        form_wrong(&build->form, name, "must be a currency: three letters A-Z");
}

/* Absent: the charter's; null: none. */
static void take_tax(struct build *build, const char *name, const char *usual,
                     char code_out[TAX_CODE_SIZE])
{
    struct bytes text = {.size = 0};
    if (form_is_null(&build->form, name))
        return;
    if (!form_has(&build->form, name))
        memcpy(code_out, usual, TAX_CODE_SIZE);
    else if (form_text(&build->form, name, 1, TAX_CODE_SIZE - 1, &text) && tax_code_valid(text))
        memcpy(code_out, text.at, text.size);
    else if (text.size > 0)
        form_wrong(&build->form, name, "must be a tax code of A-Z, 0-9 and '-', or null");
}

static void take_price(struct form *form, const char *name, bool needed, struct micro *price_out)
{
    if (!form_price(form, name, PRICE_MICRO_MAX, &price_out->v) && needed && !form_has(form, name))
        form_missing(form, name);
}

/* Absent, or null: there is none. */
static void take_cap(struct form *form, const char *name, struct points *cap_out)
{
    if (!form_is_null(form, name))
        (void)form_int(form, name, 1, CAP_MAX, &cap_out->v);
}

static void take_end(struct form *form, uint64_t *until_out)
{
    if (!form_is_null(form, "until"))
        (void)form_time(form, "until", until_out);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static void build_propose(struct build *build)
{
    struct form *form = &build->form;
    struct rate_card *card = &build->t->body.deal.card;
    const struct charter *charter = build->input->charter;
    int64_t exit_days = 0;
    build_take_partner(build, "funder", &card->funder);
    build_take_partner(build, "redeemer", &card->redeemer);
    take_currency(build, "face_currency", card->face_currency);
    take_currency(build, "currency", card->settlement_currency);
    take_price(form, "face", true, &card->face);
    take_price(form, "reimbursement", true, &card->reimbursement);
    take_price(form, "issue_fee", false, &card->issue_fee);
    take_price(form, "redemption_fee", false, &card->redemption_fee);
    take_tax(build, "redemption_tax", charter->settlement.redemption_tax, card->redemption_tax);
    take_tax(build, "fee_tax", charter->settlement.fee_tax, card->fee_tax);
    take_cap(form, "period_cap", &card->period_cap);
    take_cap(form, "year_cap", &card->year_cap);
    if (!form_time(form, "from", &card->from_ms) && !form_has(form, "from"))
        form_missing(form, "from");
    take_end(form, &card->until_ms);
    if (form_int(form, "exit_days", 0, EXIT_DAYS_MAX, &exit_days))
        card->exit_days = (uint16_t)exit_days;
}

/* The first midnight of the charter's zone that keeps the notice, also if the ledger decides later
 * than the till's time; for a card that is none, whatever the ledger will refuse. */
static uint64_t earliest_end_ms(const struct build *build)
{
    const struct charter *charter = build->input->charter;
    const struct contracts *contracts = state_contracts(build->input->state);
    uint32_t number = build->t->body.deal.number;
    if (number >= contracts->count)
        return 0;
    const struct rate_card *card = &contracts->versions[number].card;
    uint64_t first_ms = build->t->at_ms + DECIDING_MS + card->exit_days * DAY_MS;
    if (first_ms <= card->from_ms)
        first_ms = card->from_ms + 1;
    if (first_ms > TIME_MS_MAX)
        return TIME_MS_MAX;
    int64_t day = charter_day(charter, first_ms);
    uint64_t midnight_ms = charter_day_start(charter, day);
    if (midnight_ms < first_ms)
        midnight_ms = charter_day_start(charter, day + 1);
    return midnight_ms < TIME_MS_MAX ? midnight_ms : TIME_MS_MAX;
}

static void build_end(struct build *build)
{
    struct form *form = &build->form;
    struct deal *deal = &build->t->body.deal;
    if (!form_has(form, "until") || form_is_null(form, "until"))
        deal->until_ms = earliest_end_ms(build);
    else
        (void)form_time(form, "until", &deal->until_ms);
}

static void build_sign(struct build *build)
{
    struct form *form = &build->form;
    if (!form_hash(form, "digest", &build->t->body.deal.digest) && !form_has(form, "digest"))
        form_missing(form, "digest");
}

static void build_promote(struct build *build)
{
    struct form *form = &build->form;
    struct promotion *promotion = &build->t->body.deal.promotion;
    int64_t bp = 0;
    build_take_partner(build, "issuer", &promotion->issuer);
    if (form_int(form, "bp", 1, BASIS_POINTS, &bp))
        promotion->bp = (uint16_t)bp;
    else if (!form_has(form, "bp"))
        form_missing(form, "bp");
    if (!form_int(form, "budget", 1, CAP_MAX, &promotion->budget.v) && !form_has(form, "budget"))
        form_missing(form, "budget");
    if (!form_is_null(form, "from"))
        (void)form_time(form, "from", &promotion->from_ms);
    take_end(form, &promotion->until_ms);
}

/* Posted, unless it says that it is given back. */
static void build_collateral(struct build *build)
{
    struct form *form = &build->form;
    struct collateral *posted = &build->t->body.deal.collateral;
    bool release = false;
    build_take_partner(build, "partner", &posted->partner);
    take_currency(build, "currency", posted->currency);
    if (!form_decimal(form, "amount", COLLATERAL_MAX, &posted->amount.v) &&
        !form_has(form, "amount"))
        form_missing(form, "amount");
    if (form_bool(form, "release", &release) && release)
        posted->amount.v = -posted->amount.v;
}

void build_deal(struct build *build)
{
    enum deal_step step;
    must(transaction_is_deal(build->t->type, &step));
    build->t->body.deal.number = build->input->deal.number;
    switch (step) {
    case DEAL_PROPOSE:
        build_propose(build);
        return;
    case DEAL_SIGN:
        build_sign(build);
        return;
    case DEAL_WITHDRAW:
        return;
    case DEAL_END:
        build_end(build);
        return;
    case DEAL_PROMOTE:
        build_promote(build);
        return;
    case DEAL_ACCOUNT:
        build_account(build);
        return;
    case DEAL_RATES:
        build_rates(build);
        return;
    case DEAL_COLLATERAL:
        build_collateral(build);
        return;
    }
}
