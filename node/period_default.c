#include "node/period_default.h"

#include "partners/charter_contracts.h"
#include "partners/charter_settlement.h"
#include "partners/default_terms.h"
#include "partners/periods.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- sums ------------------------------------------------------------------------------------ */

static void add_payments(const struct period_view *view, const char *currency,
                         struct default_sums *sums)
{
    struct view_payment *payments;
    size_t count = period_view_payments(view, &payments);
    for (size_t i = 0; i < count; i++) {
        const struct view_payment *own = &payments[i];
        if (strcmp(own->currency, currency) != 0 || own->state == PAYMENT_VOID)
            continue;
        struct default_sums *from = &sums[own->payment.from.v], *to = &sums[own->payment.to.v];
        __int128 amount = own->payment.amount.v;
        (own->ring_fenced ? &from->ring_fenced : &from->netted)->v -= amount;
        (own->ring_fenced ? &to->ring_fenced : &to->netted)->v += amount;
    }
    free(payments);
}

void period_default_sums(const struct period_view *view, const char *currency,
                         struct default_sums *sums_out)
{
    struct money *nets = allocate(view->partner_count, sizeof(*nets));
    netting_nets(&view->closed, currency, view->partner_count, nets);
    for (size_t i = 0; i < view->partner_count; i++)
        sums_out[i] = (struct default_sums){.net = nets[i]};
    free(nets);
    for (size_t i = 0; i < view->taken_count; i++) {
        const struct taken_over *taken = &view->taken[i];
        if (!taken->collateral || strcmp(taken->currency, currency) != 0)
            continue;
        sums_out[taken->debtor.v].collateral.v += taken->amount.v;
        sums_out[taken->by.v].collateral.v -= taken->amount.v;
    }
    add_payments(view, currency, sums_out);
}

/* ---- another default ------------------------------------------------------------------------- */

bool payment_may_default(const struct charter *charter, const struct period *period, size_t payment,
                         int64_t today)
{
    struct default_rules rules = default_days(charter);
    return default_possible(period, payment, &rules, today);
}

bool period_default_possible(const struct period_view *view, const struct view_payment *payment)
{
    return payment->may_default && strcmp(view->state, "final") == 0 && !payment->ring_fenced &&
           payment->state != PAYMENT_CONFIRMED && payment->state != PAYMENT_VOID &&
           !period_view_in_default(view, payment->payment.from, payment->currency);
}

void period_default_preview(const struct period_view *view, const struct view_payment *payment,
                            struct money fund, struct period *out)
{
    const char **names = (const char **)allocate(view->partner_count, sizeof(names[0]));
    for (size_t i = 0; i < view->partner_count; i++)
        names[i] = view->partners[i].name;
    struct default_terms terms;
    default_terms_open(view->charter, names, view->partner_count, &payment->payment,
                       payment->currency, fund, &terms);
    period_view_period(view, out);
    (void)default_take_out(out, &view->closed, payment->number, &terms.rules,
                           date_to_days(view->today));
    default_terms_close(&terms);
    free((void *)names);
}

/* ---- words ----------------------------------------------------------------------------------- */

static void put_amount(const struct period_view *view, const char *currency, struct money money,
                       struct buffer *out)
{
    char text[MONEY_TEXT_SIZE];
    period_view_amount(view, currency, money, text);
    buffer_printf(out, "%s %s", text, currency);
}

static void put_void(const struct period *period, const char *currency, struct buffer *out)
{
    size_t count = 0;
    for (size_t i = 0; i < period->payment_count; i++)
        if (period->payments[i].state == PAYMENT_VOID &&
            strcmp(period->payments[i].currency, currency) == 0)
            buffer_printf(out, "%s%zu",
                          count++ ? ", " : "  void, since nobody has sent them: payments ", i);
    if (count > 0)
        buffer_append_byte(out, '\n');
}

/* Of one default, as it was made: what it took over names its debtor. */
static void put_taken(const struct period_view *view, const struct period *period,
                      const struct period_default *own, struct buffer *out)
{
    for (size_t i = 0; i < period->taken_count; i++) {
        const struct taken_over *taken = &period->taken[i];
        char amount[MONEY_TEXT_SIZE], text[TAKEN_WORDS_SIZE];
        if (!partner_equal(taken->debtor, own->partner) ||
            strcmp(taken->currency, own->currency) != 0)
            continue;
        const struct taken_names names = {period_view_name(view, taken->debtor),
                                          period_view_name(view, taken->claimant),
                                          period_view_name(view, taken->by)};
        period_view_amount(view, taken->currency, taken->amount, amount);
        taken_over_words(taken, &names, amount, text);
        buffer_printf(out, "  %s\n", text);
    }
}

static void put_made(const struct period_view *view, const struct period *period, size_t round,
                     bool ring_fenced, struct buffer *out)
{
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        if (payment->round != round || payment->ring_fenced != ring_fenced)
            continue;
        buffer_printf(out, "  %s: %s pays %s ", ring_fenced ? "ring-fenced" : "netted anew",
                      period_view_name(view, payment->payment.from),
                      period_view_name(view, payment->payment.to));
        put_amount(view, payment->currency, payment->payment.amount, out);
        buffer_printf(out, "  (payment %zu%s)\n", i,
                      payment->state == PAYMENT_VOID ? ", void since" : "");
    }
}

void period_default_words(const struct period_view *view, const struct period *period, size_t round,
                          struct buffer *out)
{
    must(round > 0 && round <= period->default_count);
    const struct period_default *own = &period->defaults[round - 1];
    buffer_printf(out, "%s is in default of what it owes in %s\n",
                  period_view_name(view, own->partner), own->currency);
    if (round == period->default_count)
        put_void(period, own->currency, out);
    put_taken(view, period, own, out);
    put_made(view, period, round, false, out);
    put_made(view, period, round, true, out);
}

static void put_sums(const struct period_view *view, const char *currency, struct buffer *out)
{
    struct default_sums *sums = allocate(view->partner_count, sizeof(*sums));
    period_default_sums(view, currency, sums);
    int width = period_view_name_width(view);
    buffer_printf(out, "%-*s %-3s %14s %14s = %14s %14s\n", width, "partner", currency, "net",
                  "+ collateral", "netted", "+ ring-fenced");
    for (size_t i = 0; i < view->partner_count; i++) {
        char text[4][MONEY_TEXT_SIZE];
        period_view_amount(view, currency, sums[i].net, text[0]);
        period_view_amount(view, currency, sums[i].collateral, text[1]);
        period_view_amount(view, currency, sums[i].netted, text[2]);
        period_view_amount(view, currency, sums[i].ring_fenced, text[3]);
        buffer_printf(out, "%-*s %-3s %14s %14s = %14s %14s\n", width, view->partners[i].name, "",
                      text[0], text[1], text[2], text[3]);
    }
    free(sums);
}

void period_words_defaults(const struct period_view *view, struct buffer *out)
{
    struct charter_line_rules rules;
    struct period period;
    period_view_period(view, &period);
    for (size_t i = 0; i < view->default_count; i++)
        period_default_words(view, &period, i + 1, out);
    period_release(&period);
    charter_line_rules(view->charter, &rules);
    for (size_t i = 0; i < rules.rules.currency_count; i++)
        if (period_view_has_default(view, rules.currencies[i].code))
            put_sums(view, rules.currencies[i].code, out);
}
