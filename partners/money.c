/* What moving points makes partners owe each other: ledger.md 8.1 and 8.3, 4.4. */
#include "partners/state_parts.h"

static void owe(struct state *state, uint32_t lot, struct partner_id creditor, int64_t points,
                struct micro price, enum line_class line_class)
{
    const struct funding_split *split = &lot_terms(state, lot)->split;
    for (size_t i = 0; i < split->count; i++)
        obligations_add(&state->obligations, split->funders[i].partner, creditor, line_class,
                        points * price.v * split->funders[i].bp);
}

void money_owe(struct state *state, uint32_t lot, struct partner_id creditor, int64_t points,
               enum line_class line_class)
{
    const struct terms *terms = lot_terms(state, lot);
    owe(state, lot, creditor, points, terms->reimbursement, line_class);
    if (line_class != LINE_REDEMPTION)
        return;
    for (size_t i = 0; i < terms->split.count; i++)
        obligations_add_redeemed(&state->obligations, terms->split.funders[i].partner, creditor,
                                 points * terms->split.funders[i].bp);
}

/* By how much of `amount` the redemption's line is taken back now. */
static int64_t stands(struct state *state, const struct redemption *redemption,
                      struct partner_id debtor, struct partner_id creditor,
                      enum line_class line_class, int64_t amount)
{
    struct disputed_line about = {.record = {redemption->record},
                                  .debtor = debtor,
                                  .creditor = creditor,
                                  .line_class = line_class};
    struct dispute *dispute = redemption->disputed ? dispute_of_line(state, &about) : NULL;
    return dispute ? (int64_t)dispute_takes_back(state, dispute, (struct money){amount}).v : amount;
}

void money_take_back(struct state *state, const struct redemption *redemption, uint32_t lot,
                     int64_t points)
{
    const struct terms *terms = lot_terms(state, lot);
    for (size_t i = 0; i < terms->split.count; i++) {
        struct partner_id funder = terms->split.funders[i].partner;
        int64_t points_bp = -points * terms->split.funders[i].bp;
        int64_t amount = stands(state, redemption, funder, redemption->redeemer, LINE_REDEMPTION,
                                points_bp * terms->reimbursement.v);
        obligations_add(&state->obligations, funder, redemption->redeemer, LINE_REDEMPTION_CONTRA,
                        amount);
        obligations_add_redeemed(&state->obligations, funder, redemption->redeemer, points_bp);
    }
}

void money_fee_back(struct state *state, const struct redemption *redemption, uint32_t lot,
                    int64_t points)
{
    struct partner_id collector = state->charter->operator_id, redeemer = redemption->redeemer;
    int64_t amount = -points * lot_terms(state, lot)->redemption_fee.v * BASIS_POINTS;
    if (state->charter->has_operator)
        obligations_add(
            &state->obligations, redeemer, collector, LINE_REDEMPTION_FEE,
            stands(state, redemption, redeemer, collector, LINE_REDEMPTION_FEE, amount));
}

void money_issue_fee(struct state *state, uint32_t lot, int64_t points)
{
    if (state->charter->has_operator)
        owe(state, lot, state->charter->operator_id, points, lot_terms(state, lot)->issue_fee,
            LINE_ISSUE_FEE);
}

void money_redemption_fee(struct state *state, uint32_t lot, struct partner_id redeemer,
                          int64_t points)
{
    if (state->charter->has_operator)
        obligations_add(&state->obligations, redeemer, state->charter->operator_id,
                        LINE_REDEMPTION_FEE,
                        points * lot_terms(state, lot)->redemption_fee.v * BASIS_POINTS);
}

void money_flush(struct state *state)
{
    for (size_t i = 0; i < state->obligations.change_count; i++) {
        const struct obligation_change *change = &state->obligations.changes[i];
        if (change->amount != 0)
            journal_effect(&state->journal, &(struct effect){.kind = EFFECT_OBLIGATION,
                                                             .partner = change->debtor,
                                                             .creditor = change->creditor,
                                                             .line_class = change->line_class,
                                                             .amount = change->amount});
    }
    obligations_settle_changes(&state->obligations);
}
