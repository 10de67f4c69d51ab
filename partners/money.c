/* What moving points makes partners owe each other: ledger.md 8.1 and 8.3, 4.4. */
#include "partners/state_parts.h"

/* What price_of() says of the money, at once where nobody has a contract. */
static inline struct price charged(const struct state *state, struct partner_id funder,
                                   struct partner_id redeemer, uint32_t epoch, uint32_t until)
{
    return state->contracts.cards.count == 0
               ? (struct price){.reimbursement = state->charter->rates.reimbursement}
               : price_of(state, funder, redeemer, epoch, until);
}

void money_owe(struct state *state, uint32_t lot, struct partner_id creditor, int64_t points,
               enum line_class line_class)
{
    const struct terms *terms = lot_terms(state, lot);
    uint32_t now = contracts_epoch(&state->contracts);
    for (size_t i = 0; i < terms->split.count; i++) {
        const struct funder *funder = &terms->split.funders[i];
        struct price price = charged(state, funder->partner, creditor, terms->epoch, now);
        obligations_add(&state->obligations, funder->partner, creditor, line_class, price.tariff,
                        points * price.reimbursement.v * funder->bp);
        if (line_class == LINE_REDEMPTION)
            obligations_add_redeemed(&state->obligations, funder->partner, creditor,
                                     points * funder->bp);
    }
}

/* By how much of `amount` the redemption's line is taken back now. */
static int64_t stands(struct state *state, const struct redemption *redemption,
                      struct disputed_line about, int64_t amount)
{
    about.record.v = redemption->record;
    struct dispute *dispute = redemption->disputed ? dispute_of_line(state, &about) : NULL;
    return dispute ? (int64_t)dispute_takes_back(state, dispute, (struct money){amount}).v : amount;
}

void money_take_back(struct state *state, const struct redemption *redemption, uint32_t lot,
                     int64_t points)
{
    const struct terms *terms = lot_terms(state, lot);
    struct partner_id redeemer = redemption->redeemer;
    for (size_t i = 0; i < terms->split.count; i++) {
        struct partner_id funder = terms->split.funders[i].partner;
        int64_t points_bp = -points * terms->split.funders[i].bp;
        struct price price = charged(state, funder, redeemer, terms->epoch, redemption->epoch);
        struct disputed_line about = {.debtor = funder,
                                      .creditor = redeemer,
                                      .line_class = LINE_REDEMPTION,
                                      .tariff = price.tariff};
        int64_t amount = stands(state, redemption, about, points_bp * price.reimbursement.v);
        obligations_add(&state->obligations, funder, redeemer, LINE_REDEMPTION_CONTRA, price.tariff,
                        amount);
        obligations_add_redeemed(&state->obligations, funder, redeemer, points_bp);
    }
}

void money_fee_back(struct state *state, const struct redemption *redemption, int64_t points)
{
    struct partner_id collector = state->charter->operator_id, redeemer = redemption->redeemer;
    if (!state->charter->has_operator)
        return;
    struct fee fee = redemption_fee_of(state, redeemer, redemption->epoch);
    struct disputed_line about = {.debtor = redeemer,
                                  .creditor = collector,
                                  .line_class = LINE_REDEMPTION_FEE,
                                  .tariff = fee.tariff};
    obligations_add(&state->obligations, redeemer, collector, LINE_REDEMPTION_FEE, fee.tariff,
                    stands(state, redemption, about, -points * fee.each.v * BASIS_POINTS));
}

void money_issue_fee(struct state *state, uint32_t lot, int64_t points)
{
    const struct terms *terms = lot_terms(state, lot);
    if (!state->charter->has_operator)
        return;
    for (size_t i = 0; i < terms->split.count; i++) {
        const struct funder *funder = &terms->split.funders[i];
        struct fee fee = issue_fee_of(state, funder->partner, terms->epoch);
        obligations_add(&state->obligations, funder->partner, state->charter->operator_id,
                        LINE_ISSUE_FEE, fee.tariff, points * fee.each.v * funder->bp);
    }
}

void money_redemption_fee(struct state *state, struct partner_id redeemer, int64_t points)
{
    if (!state->charter->has_operator)
        return;
    struct fee fee = redemption_fee_of(state, redeemer, contracts_epoch(&state->contracts));
    obligations_add(&state->obligations, redeemer, state->charter->operator_id, LINE_REDEMPTION_FEE,
                    fee.tariff, points * fee.each.v * BASIS_POINTS);
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
                                                             .tariff = change->tariff,
                                                             .amount = change->amount});
    }
    obligations_settle_changes(&state->obligations);
}

/* ---- checking ------------------------------------------------------------------------------ */

/* What of a redemption stands, at the prices at which it was charged. */
static void add_standing(const struct state *state, const struct redemption *redemption,
                         struct obligations *again)
{
    for (uint32_t i = 0; i < redemption->allocation_count; i++) {
        const struct allocation *part = &state->allocations[redemption->first_allocation + i];
        const struct terms *terms = lot_terms(state, part->lot);
        int64_t points = (int64_t)part->quantity - part->returned;
        for (size_t j = 0; j < terms->split.count; j++) {
            const struct funder *funder = &terms->split.funders[j];
            if (partner_equal(funder->partner, redemption->redeemer))
                continue;
            struct price price = charged(state, funder->partner, redemption->redeemer, terms->epoch,
                                         redemption->epoch);
            obligations_set_apart(again, funder->partner, redemption->redeemer, price.tariff,
                                  (__int128)points * funder->bp * price.reimbursement.v);
        }
    }
}

static bool pair_adds_up(const struct state *state, const struct obligations *again, size_t debtor,
                         size_t creditor)
{
    struct partner_id from = {(uint16_t)debtor}, to = {(uint16_t)creditor};
    const struct obligations *owed = &state->obligations;
    for (size_t i = 0; i < state->contracts.tariff_count; i++) {
        uint8_t tariff = (uint8_t)i;
        __int128 money = obligations_get(owed, from, to, LINE_REDEMPTION, tariff).v +
                         obligations_get(owed, from, to, LINE_REDEMPTION_CONTRA, tariff).v +
                         obligations_apart(owed, from, to, tariff).v;
        if (money != obligations_apart(again, from, to, tariff).v)
            return false;
    }
    return true;
}

bool money_adds_up(const struct state *state)
{
    size_t partners = state->charter->partner_count;
    struct obligations again;
    bool good = true;
    obligations_init(&again, partners);
    for (size_t i = 0; i < state->redemption_count; i++)
        add_standing(state, &state->redemptions[i], &again);
    for (size_t i = 0; i < partners * partners && good; i++)
        good = pair_adds_up(state, &again, i / partners, i % partners);
    obligations_release(&again);
    return good;
}
