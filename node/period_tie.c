#include "node/period_tie.h"

#include "partners/charter_contracts.h"
#include "partners/periods.h"

#include <stdlib.h>
#include <string.h>

static bool untied(struct error *error, const char *what)
{
    return error_set(error, ERROR_INVALID, "the node's answer does not tie: %s", what);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool same_lines(const struct lines *a, const struct lines *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; i < a->count && same; i++)
        same = line_compare(&a->at[i], &b->at[i]) == 0 && a->at[i].exact.v == b->at[i].exact.v &&
               a->at[i].rounded.v == b->at[i].rounded.v;
    return same;
}

bool period_tie_rounded(const struct period_view *view, struct error *error)
{
    struct charter_line_rules rules;
    struct lines exact = {.at = NULL}, closed = {.at = NULL};
    charter_line_rules(view->charter, &rules);
    for (size_t i = 0; i < view->exact.count; i++)
        lines_add(&exact, &view->exact.at[i]);
    for (size_t i = 0; i < view->dispute_count; i++) {
        const struct view_dispute *dispute = &view->disputes[i];
        struct line without = {.debtor = dispute->about.debtor,
                               .creditor = dispute->about.creditor,
                               .book_class = (enum book_class)dispute->about.line_class,
                               .exact = {-dispute->amount.v}};
        memcpy(without.currency, dispute->currency, CURRENCY_SIZE);
        memcpy(without.tax_code, dispute->tax_code, TAX_CODE_SIZE);
        lines_add(&exact, &without);
    }
    bool tied = lines_close(exact.at, exact.count, &rules.rules, &closed, NULL);
    tied = tied && same_lines(&closed, &view->closed);
    lines_release(&exact);
    lines_release(&closed);
    return tied || untied(error, "rounded lines are not those of the exact ones and the charter");
}

/* ---- payments that netting gives --------------------------------------------------------------
 */

/* At most so many of each currency. */
static size_t payment_room(const struct period_view *view, const struct charter_line_rules *rules)
{
    return view->partner_count * rules->rules.currency_count;
}

size_t period_tie_expected(const struct period_view *view, struct view_payment **payments_out)
{
    struct charter_line_rules rules;
    size_t count = 0;
    charter_line_rules(view->charter, &rules);
    struct view_payment *all = allocate(payment_room(view, &rules), sizeof(*all));
    struct payment *payments = allocate(view->partner_count, sizeof(*payments));
    struct money *nets = allocate(view->partner_count, sizeof(*nets));
    const char **names = allocate(view->partner_count, sizeof(*names));
    for (size_t i = 0; i < view->partner_count; i++)
        names[i] = view->partners[i].name;
    for (size_t c = 0; c < rules.rules.currency_count; c++) {
        netting_nets(&view->closed, rules.currencies[c].code, view->partner_count, nets);
        size_t more = netting_payments(names, nets, view->partner_count, payments);
        for (size_t i = 0; i < more; i++, count++) {
            all[count] = (struct view_payment){.number = (uint32_t)count, .payment = payments[i]};
            memcpy(all[count].currency, rules.currencies[c].code, CURRENCY_SIZE);
        }
    }
    free(payments);
    free(nets);
    free(names);
    *payments_out = all;
    return count;
}

/* ---- and since a default ------------------------------------------------------------------------
 */

void period_view_period(const struct period_view *view, struct period *out)
{
    *out = (struct period){.state = PERIOD_FINAL,
                           .deadlines = {.pay = date_to_days(view->pay_by)},
                           .partner_count = view->partner_count};
    out->defaults =
        array_grow(NULL, &out->default_capacity, view->default_count, sizeof(*out->defaults));
    out->taken = array_grow(NULL, &out->taken_capacity, view->taken_count, sizeof(*out->taken));
    for (size_t i = 0; i < view->default_count; i++)
        out->defaults[out->default_count++] = view->defaults[i];
    for (size_t i = 0; i < view->taken_count; i++)
        out->taken[out->taken_count++] = view->taken[i];
    for (size_t i = 0; i < view->payment_count; i++) {
        const struct view_payment *own = &view->payments[i];
        struct period_payment payment = {.payment = own->payment,
                                         .round = own->round,
                                         .ring_fenced = own->ring_fenced,
                                         .state = own->state,
                                         .attempt = own->attempt,
                                         .pay_by = (uint32_t)date_to_days(own->pay_by)};
        if (own->sent)
            payment.sent_on = (uint32_t)date_to_days(own->sent_on);
        memcpy(payment.currency, own->currency, CURRENCY_SIZE);
        period_add_payment(out, &payment);
    }
}

/* What defaults have made: in the order of their rounds, after what was netted at first. */
static bool check_defaults(const struct period_view *view, size_t netted, struct error *error)
{
    struct charter_line_rules rules;
    struct period period;
    bool sound = true;
    charter_line_rules(view->charter, &rules);
    for (size_t i = netted; i < view->payment_count && sound; i++)
        sound = view->payments[i].round > 0 &&
                view->payments[i].round >= view->payments[i - (i > 0)].round;
    period_view_period(view, &period);
    sound = sound && defaults_sound(&period, &view->closed, &rules.rules);
    period_release(&period);
    return sound || untied(error, "its payments are not what is owed since a default");
}

bool period_tie_payments(const struct period_view *view, struct error *error)
{
    if (view->preliminary)
        return view->default_count + view->taken_count == 0 ||
               untied(error, "defaults before it is final");
    struct view_payment *payments;
    size_t count = period_tie_expected(view, &payments);
    bool tied = count <= view->payment_count;
    for (size_t i = 0; i < count && tied; i++) {
        const struct payment *own = &view->payments[i].payment, *wanted = &payments[i].payment;
        tied = partner_equal(own->from, wanted->from) && partner_equal(own->to, wanted->to) &&
               own->amount.v == wanted->amount.v && view->payments[i].round == 0 &&
               strcmp(view->payments[i].currency, payments[i].currency) == 0;
    }
    free(payments);
    if (!tied || (view->default_count == 0 && view->payment_count > count))
        return untied(error, "its payments are not those that settle its nets");
    return check_defaults(view, count, error);
}
