/* What a verdict leaves open: one word stands for several mistakes, and a person wants to know
 * which it was. */
#include "node/api_parts.h"
#include "node/period_text.h"

#include "partners/charter_contracts.h"
#include "partners/contracts.h"

#include <inttypes.h>
#include <stdarg.h>

static void say(struct problem *problem, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct problem *problem, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->detail, sizeof(problem->detail), format, arguments);
    va_end(arguments);
}

static void explain_card(const struct api *api, const struct rate_card *card,
                         struct problem *problem)
{
    const char *mistake = rate_card_mistake(api->charter, card);
    if (problem->verdict == VERDICT_BAD_CARD && mistake)
        say(problem, "%s", mistake);
}

static void explain_promotion(const struct api *api, const struct promotion *promotion,
                              struct problem *problem)
{
    if (problem->verdict == VERDICT_UNKNOWN_PARTNER &&
        partner_equal(promotion->issuer, api->partner))
        say(problem, "A promotion is for another partner: its own points a partner pays for "
                     "anyway.");
}

static void explain_account(const struct api *api, const struct account_words *words,
                            struct problem *problem)
{
    if (problem->verdict == VERDICT_BAD_ACCOUNT &&
        !charter_has_currency(api->charter, words->currency))
        say(problem, "The charter does not have the currency %s.", words->currency);
}

static void explain_collateral(const struct api *api, struct problem *problem)
{
    if (problem->verdict != VERDICT_NOT_AUTHORISED)
        return;
    if (!api->charter->risk.on)
        say(problem, "The charter asks for no collateral.");
    else if (api->charter->has_operator)
        say(problem, "The operator writes it: %s.",
            api_partner_name(api, api->charter->operator_id));
}

static void explain_deal(const struct api *api, enum deal_step step, const struct deal *deal,
                         struct problem *problem)
{
    switch (step) {
    case DEAL_PROPOSE:
        explain_card(api, &deal->card, problem);
        return;
    case DEAL_PROMOTE:
        explain_promotion(api, &deal->promotion, problem);
        return;
    case DEAL_ACCOUNT:
        explain_account(api, &deal->account, problem);
        return;
    case DEAL_COLLATERAL:
        explain_collateral(api, problem);
        return;
    case DEAL_SIGN:
    case DEAL_WITHDRAW:
    case DEAL_RATES:
    case DEAL_END:
        return;
    }
}

/* Where the period, or the payment, is by now. */
static void explain_settle(const struct api *api, enum settle_step step,
                           const struct settle *settle, struct problem *problem)
{
    char name[PERIOD_TEXT_SIZE];
    const struct closed_period *closed =
        periods_find(state_periods(api_state(api)), settle->period);
    if (problem->verdict != VERDICT_WRONG_STATE || !closed)
        return;
    period_text(api->charter, settle->period, name);
    const struct period *period = &closed->period;
    if (step >= SETTLE_PAY && settle->payment < period->payment_count) {
        say(problem, "Payment %" PRIu32 " of %s is %s: not where this step can be taken.",
            settle->payment, name, payment_state_word(period->payments[settle->payment].state));
        return;
    }
    say(problem, "The period %s is %s: not where this step can be taken.", name,
        period->state == PERIOD_OPEN ? "over, and not proposed yet"
                                     : period_state_word(period->state));
}

/* Whether somebody else was to pay for the points. */
static bool names_others(const struct api *api, const struct transaction *t)
{
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        const struct funding_split *split = &t->body.earn.lots[i].split;
        for (size_t j = 0; j < split->count; j++)
            if (!partner_equal(split->funders[j].partner, api->partner))
                return true;
    }
    return false;
}

void api_refusal_explain(const struct api *api, const struct transaction *t,
                         struct problem *problem)
{
    enum deal_step deal;
    enum settle_step step;
    if (transaction_is_deal(t->type, &deal))
        explain_deal(api, deal, &t->body.deal, problem);
    else if (transaction_is_settle(t->type, &step))
        explain_settle(api, step, &t->body.settle, problem);
    else if (t->type == TRANSACTION_EARN && problem->verdict == VERDICT_NOT_AUTHORISED &&
             names_others(api, t))
        say(problem, "No promotion of the others in the split is in force for so large a share, "
                     "with as much of its budget left.");
}
