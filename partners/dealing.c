/* What partners agree upon, on the ledger: contracts, promotions, payment accounts, collateral; and
 * what they say that currencies are worth. */
#include "partners/charter_contracts.h"
#include "partners/date.h"
#include "partners/state_parts.h"

/* ---- time ------------------------------------------------------------------------------------ */

static int64_t year_of(const struct charter *charter, uint64_t time_ms)
{
    return date_from_days(charter_day(charter, time_ms)).year;
}

void deals_pass(struct state *state, uint64_t before_ms)
{
    if (contracts_pass(&state->contracts, state->now_ms))
        journal_note(&state->journal, NOTE_EPOCH, contracts_epoch(&state->contracts),
                     state->contracts.epochs[contracts_epoch(&state->contracts)]);
    if (year_of(state->charter, before_ms) != year_of(state->charter, state->now_ms))
        obligations_begin_year(&state->obligations);
    size_t accounts = payment_accounts_pass(&state->accounts, state->now_ms);
    if (accounts > 0)
        journal_note(&state->journal, NOTE_ACCOUNT, accounts, state->now_ms);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static enum verdict set_account(struct state *state, struct partner_id writer,
                                const struct account_words *words)
{
    if (!charter_has_currency(state->charter, words->currency))
        return VERDICT_BAD_ACCOUNT;
    return payment_accounts_set(&state->accounts, writer, words,
                                state->charter->settlement.account_days, state->now_ms);
}

static enum verdict sign_contract(struct state *state, struct partner_id writer,
                                  const struct deal *deal)
{
    enum verdict verdict =
        contract_sign(&state->contracts, writer, deal->number, &deal->digest, state->now_ms);
    if (verdict == VERDICT_ACCEPTED)
        exposure_card(state, &state->contracts.versions[deal->number].card);
    return verdict;
}

static enum verdict apply_step(struct state *state, const struct context *context,
                               enum deal_step step)
{
    const struct deal *deal = &context->transaction->body.deal;
    struct contracts *contracts = &state->contracts;
    size_t number = 0;
    switch (step) {
    case DEAL_PROPOSE:
        return contract_propose(contracts, state->charter, context->writer, &deal->card,
                                state->now_ms, context->index, &number);
    case DEAL_SIGN:
        return sign_contract(state, context->writer, deal);
    case DEAL_WITHDRAW:
        return contract_withdraw(contracts, context->writer, deal->number);
    case DEAL_END:
        return contract_end(contracts, context->writer, deal->number, deal->until_ms,
                            state->now_ms);
    case DEAL_PROMOTE:
        return promotion_sign(contracts, state->charter, context->writer, &deal->promotion,
                              state->now_ms, context->index, &number);
    case DEAL_ACCOUNT:
        return set_account(state, context->writer, &deal->account);
    case DEAL_COLLATERAL:
        return exposure_collateral(state, context->writer, &deal->collateral);
    case DEAL_RATES:
        return exchange_rates_publish(&state->rates, context->writer, &deal->rates,
                                      state->charter->currency,
                                      charter_day(state->charter, state->now_ms));
    }
    return VERDICT_MALFORMED;
}

enum verdict apply_deal(struct state *state, const struct context *context)
{
    enum deal_step step;
    must(transaction_is_deal(context->transaction->type, &step));
    enum verdict verdict = apply_step(state, context, step);
    if (verdict == VERDICT_ACCEPTED) {
        journal_note(&state->journal, NOTE_DEAL, context->writer.v, step);
        journal_note_bytes(&state->journal, NOTE_DEAL, context->transaction->client_rest);
    }
    return verdict;
}
