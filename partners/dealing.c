/* What partners agree upon, on the ledger: contracts, promotions, payment accounts, collateral. */
#include "partners/state_parts.h"

#include <string.h>

/* ---- payment accounts ------------------------------------------------------------------------ */

void accounts_pass(struct state *state)
{
    size_t passed = payment_accounts_pass(&state->accounts, state->now_ms);
    if (passed > 0)
        journal_note(&state->journal, NOTE_ACCOUNT, UINT64_MAX, passed);
}

static enum verdict set_account(struct state *state, const struct context *context)
{
    const struct account_words *words = &context->transaction->body.deal.account;
    if (strcmp(words->currency, state->charter->currency) != 0)
        return VERDICT_BAD_ACCOUNT;
    enum verdict verdict =
        payment_accounts_set(&state->accounts, context->writer, words,
                             state->charter->settlement.account_days, state->now_ms);
    if (verdict == VERDICT_ACCEPTED) {
        journal_note(&state->journal, NOTE_ACCOUNT, context->writer.v,
                     state->accounts.waiting_count);
        journal_note_bytes(&state->journal, NOTE_ACCOUNT, context->transaction->client_rest);
    }
    return verdict;
}

/* ---- every step ------------------------------------------------------------------------------ */

enum verdict apply_deal(struct state *state, const struct context *context)
{
    enum deal_step step;
    must(transaction_is_deal(context->transaction->type, &step));
    switch (step) {
    case DEAL_ACCOUNT:
        return set_account(state, context);
    case DEAL_PROPOSE:
    case DEAL_SIGN:
    case DEAL_WITHDRAW:
    case DEAL_PROMOTE:
    case DEAL_COLLATERAL:
        return VERDICT_NOT_AUTHORISED;
    }
    return VERDICT_MALFORMED;
}
