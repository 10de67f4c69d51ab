/* Default on the ledger: who may say it, by which rules, and what it does to collateral. */
#include "partners/default_terms.h"
#include "partners/state_parts.h"

#include <stdlib.h>

/* The payee; of one that nobody hears of the operator, which holds what there is of the payer, or
 * where that is the payer, or silent too, anyone. */
static struct speaker speaker_for(const struct charter *charter,
                                  const struct period_payment *payment)
{
    if (!charter_partner_is_silent(charter, payment->payment.to))
        return (struct speaker){.partner = payment->payment.to};
    bool operator_speaks = charter->has_operator &&
                           !charter_partner_is_silent(charter, charter->operator_id) &&
                           !partner_equal(charter->operator_id, payment->payment.from);
    return (struct speaker){.anyone = !operator_speaks, .partner = charter->operator_id};
}

static void take_out(struct state *state, struct closed_period *closed, uint32_t payment,
                     const struct default_rules *rules, int64_t today)
{
    struct period *period = &closed->period;
    struct partner_id debtor = period->payments[payment].payment.from;
    struct money used = default_take_out(period, &closed->closed, payment, rules, today);
    exposure_pay_out(state, debtor, used);
    struct hash outcome = defaults_hash(period);
    journal_note(&state->journal, NOTE_DEFAULT, debtor.v, period->payment_count);
    journal_note_bytes(&state->journal, NOTE_DEFAULT, hash_as_bytes(&outcome));
}

enum verdict default_step(struct state *state, const struct context *context,
                          struct closed_period *closed, int64_t today)
{
    const struct settle *settle = &context->transaction->body.settle;
    const struct period *period = &closed->period;
    bool known = settle->payment < period->payment_count, declared;
    if (!known) /* refused for that, or for where the period is */
        return default_declare(&closed->period, context->writer, settle->payment, NULL, NULL, NULL,
                               today, &declared);
    const struct period_payment *payment = &period->payments[settle->payment];
    struct speaker speaker = speaker_for(state->charter, payment);
    size_t partners = state->charter->partner_count;
    const char **names = (const char **)allocate(partners, sizeof(names[0]));
    for (size_t i = 0; i < partners; i++)
        names[i] = state->charter->partners[i].name;
    struct default_terms terms;
    default_terms_open(state->charter, names, partners, &payment->payment, payment->currency,
                       exposure_fund(state, payment->payment.from), &terms);
    enum verdict verdict =
        default_declare(&closed->period, context->writer, settle->payment, &speaker,
                        &settle->approver, &terms.rules, today, &declared);
    if (declared)
        take_out(state, closed, settle->payment, &terms.rules, today);
    default_terms_close(&terms);
    free((void *)names);
    return verdict;
}
