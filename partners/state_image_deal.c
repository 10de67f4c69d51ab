/* The rows of an image that say what partners have agreed upon. */
#include "partners/charter_contracts.h"
#include "partners/state_image_parts.h"

#include <string.h>

/* ---- payment accounts ------------------------------------------------------------------------ */

/* A text that is filled up with zeros, and nothing behind the first. */
static bool next_text(const uint8_t **at, char *out, size_t size)
{
    bool ended = false, clean = true;
    for (size_t i = 0; i < size; i++) {
        clean = clean && !(ended && (*at)[i] != 0);
        ended = ended || (*at)[i] == 0;
    }
    next_bytes(at, (uint8_t *)out, size);
    out[size] = 0;
    return clean;
}

static bool load_account(struct loader *loader, struct payment_account *account)
{
    const uint8_t *at = loader_take(loader, ACCOUNT_PART_SIZE);
    if (!at)
        return false;
    account->effective_ms = next_u64(&at);
    return (next_text(&at, account->holder, HOLDER_MAX) &&
            next_text(&at, account->iban, IBAN_TEXT_MAX) &&
            next_text(&at, account->bic, BIC_TEXT_MAX) && payment_account_given(account)) ||
           loader_refuse(loader, "an account is none");
}

static bool load_approver(struct loader *loader, struct hash *approver)
{
    const uint8_t *at = loader_take(loader, HASH_SIZE);
    if (at)
        next_bytes(&at, approver->at, HASH_SIZE);
    return at != NULL;
}

bool load_accounts(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct account_row own = {.partner = {next_u16(&row)}};
    next_bytes(&row, (uint8_t *)own.currency, CURRENCY_SIZE - 1);
    uint8_t which = next_u8(&row);
    if (own.partner.v >= state->charter->partner_count ||
        !charter_has_currency(state->charter, own.currency))
        return loader_refuse(loader, "it has no partner, or a currency that is none here");
    if (which > (ACCOUNT_IN_FORCE | ACCOUNT_WAITING | ACCOUNT_PENDING))
        return loader_refuse(loader, "it has accounts of no kind");
    if ((which & ACCOUNT_IN_FORCE && !load_account(loader, &own.in_force)) ||
        (which & ACCOUNT_WAITING && !load_account(loader, &own.waiting)) ||
        (which & ACCOUNT_PENDING &&
         !(load_account(loader, &own.pending) && load_approver(loader, &own.approver))))
        return false;
    return payment_accounts_add(&state->accounts, &own, state->now_ms) ||
           loader_refuse(loader, "it is out of order, or does not add up");
}

/* ---- collateral ------------------------------------------------------------------------------ */

bool load_risks(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    uint16_t partner = next_u16(&row);
    uint64_t collateral = next_u64(&row);
    uint8_t prepaid = next_u8(&row);
    __int128 exposure = next_i128(&row);
    uint64_t before = next_u64(&row);
    if (partner >= state->charter->partner_count || !state->charter->risk.on)
        return loader_refuse(loader, "it has no partner, or nobody asks for collateral");
    if (partner < loader->last)
        return loader_refuse(loader, "it is out of order");
    loader->last = (uint64_t)partner + 1;
    if (collateral > COLLATERAL_MAX || before > COLLATERAL_MAX || exposure < 0 ||
        exposure > EXPOSURE_MAX || prepaid > 1 ||
        (!prepaid && (collateral == 0 || exposure != 0 || before != 0)))
        return loader_refuse(loader, "it does not add up");
    state->risks[partner].collateral.v = (int64_t)collateral;
    state->risks[partner].mode = prepaid ? RISK_PREPAID : RISK_COVERED;
    state->risks[partner].entry_exposure.v = exposure;
    state->risks[partner].entry_collateral.v = (int64_t)before;
    return true;
}

/* ---- exchange rates -------------------------------------------------------------------------- */

bool load_rates(struct loader *loader, const uint8_t *row)
{
    struct state *state = loader->state;
    struct rate_row own = {.partner = {next_u16(&row)}};
    next_bytes(&row, (uint8_t *)own.currency, CURRENCY_SIZE - 1);
    own.count = next_u8(&row);
    if (own.partner.v >= state->charter->partner_count || own.count > RATE_DAYS_KEPT)
        return loader_refuse(loader, "it has no partner, or too many days");
    const uint8_t *at = loader_take(loader, own.count * (size_t)RATE_PART_SIZE);
    if (!at)
        return false;
    for (size_t i = 0; i < own.count; i++) {
        own.at[i].day = next_u32(&at);
        own.at[i].rate.v = (int64_t)next_u64(&at);
    }
    return exchange_rates_add(&state->rates, &own, state->charter->currency,
                              charter_day(state->charter, state->now_ms)) ||
           loader_refuse(loader, "it is out of order, or does not add up");
}
