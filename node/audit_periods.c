/* Settlement periods: do the state and the second model tell the same of them, and what does a
 * proposal say that is none? */
#include "node/audit_parts.h"

#include "partners/period_calendar.h"

#include <string.h>

_Static_assert((int)PERIOD_OPEN == (int)NAIVE_CLOSED && (int)PERIOD_SETTLED == (int)NAIVE_SETTLED &&
                   (int)ANSWER_SIGNED_REST == (int)NAIVE_SIGNED_REST &&
                   (int)PAYMENT_VOID == (int)NAIVE_VOID && (int)BOOK_TAX == (int)NAIVE_TAX,
               "both count alike");

/* One period on both sides, and where the first difference is told. */
struct period_pair {
    const struct charter *charter;
    const struct naive_period *own;
    const struct closed_period *found;
    struct audit_text *expected_out, *found_out;
};

static struct audit_text period_text(const struct charter *charter, uint32_t number)
{
    char name[PERIOD_NAME_SIZE];
    period_name(charter, number, name);
    return audit_text("period %s", name);
}

static bool same_number(const struct period_pair *pair, const char *what, int64_t own,
                        int64_t found)
{
    if (own == found)
        return true;
    struct audit_text period = period_text(pair->charter, pair->own->number);
    *pair->expected_out = audit_text("%s: %s %lld", period.text, what, (long long)own);
    *pair->found_out = audit_text("%lld", (long long)found);
    return false;
}

static bool same_money(const struct period_pair *pair, const char *what, __int128 own,
                       __int128 found)
{
    char text[MONEY_TEXT_SIZE];
    if (own == found)
        return true;
    struct audit_text period = period_text(pair->charter, pair->own->number);
    money_format((struct money){own}, 0, text);
    *pair->expected_out = audit_text("%s: %s %s", period.text, what, text);
    money_format((struct money){found}, 0, text);
    *pair->found_out = audit_text("%s", text);
    return false;
}

static bool same_digest(const struct period_pair *pair, const char *what, const struct hash *own,
                        const struct hash *found)
{
    char text[HASH_HEX_SIZE + 1];
    if (hash_equal(own, found))
        return true;
    struct audit_text period = period_text(pair->charter, pair->own->number);
    hex_encode(hash_as_bytes(own), text);
    *pair->expected_out = audit_text("%s: %s %s", period.text, what, text);
    hex_encode(hash_as_bytes(found), text);
    *pair->found_out = audit_text("%s", text);
    return false;
}

/* ---- parts ----------------------------------------------------------------------------------- */

static bool heads_agree(const struct period_pair *pair)
{
    const struct naive_period *own = pair->own;
    const struct closed_period *found = pair->found;
    const struct period *period = &found->period;
    return same_number(pair, "of number", own->number, (int64_t)period->number) &&
           same_number(pair, "in state", (int64_t)own->state, (int64_t)period->state) &&
           same_number(pair, "ends on day", own->last_day, period->ended_on) &&
           same_number(pair, "to be proposed on day", own->propose_day,
                       period->deadlines.propose) &&
           same_number(pair, "to be answered by day", own->answer_day, period->deadlines.answer) &&
           same_number(pair, "to be paid by day", own->pay_day, period->deadlines.pay) &&
           same_number(pair, "begins with record", (int64_t)own->first_record,
                       (int64_t)found->first_record) &&
           same_number(pair, "tree known", own->rooted, found->rooted) &&
           same_number(pair, "ends before record", (int64_t)own->records,
                       (int64_t)found->records) &&
           same_number(pair, "proposed by partner", own->proposer, period->proposer.v) &&
           same_digest(pair, "root", &own->root, &found->root) &&
           same_digest(pair, "totals", &own->totals, &found->totals);
}

static bool answers_agree(const struct period_pair *pair)
{
    const struct naive_period *own = pair->own;
    const struct period *found = &pair->found->period;
    bool same =
        same_number(pair, "partners", (int64_t)own->partner_count, (int64_t)found->partner_count);
    for (size_t i = 0; i < own->partner_count && same; i++)
        same = same_number(pair, "an answer", (int64_t)own->answers[i].kind,
                           (int64_t)found->answers[i]) &&
               same_digest(pair, "an approver", &own->answers[i].approver, &found->approvers[i]);
    return same;
}

static bool lines_agree(const struct period_pair *pair, const char *what,
                        const struct naive_lines *own, const struct lines *found)
{
    bool same = same_number(pair, what, (int64_t)own->count, (int64_t)found->count);
    for (size_t i = 0; i < own->count && same; i++) {
        const struct naive_line *a = &own->at[i];
        const struct line *b = &found->at[i];
        same = same_number(pair, "a line's debtor", a->debtor, b->debtor.v) &&
               same_number(pair, "a line's creditor", a->creditor, b->creditor.v) &&
               same_number(pair, "a line's class", a->line_class, (int64_t)b->book_class) &&
               same_money(pair, "a line of", a->exact, b->exact.v) &&
               same_money(pair, "a line, rounded, of", a->rounded, b->rounded.v);
    }
    return same;
}

static bool tariffs_agree(const struct period_pair *pair)
{
    bool same = true;
    for (size_t i = 0; i < pair->own->owed.count && same; i++)
        same = same_number(pair, "a line's tariff", pair->own->owed.at[i].tariff,
                           pair->found->exact.at[i].tariff);
    return same;
}

/* In which currency a closed line is, and which tax it is taxed with, or is. */
static bool codes_agree(const struct period_pair *pair)
{
    bool same = true;
    for (size_t i = 0; i < pair->own->closed.count && same; i++) {
        const struct naive_line *a = &pair->own->closed.at[i];
        const struct line *b = &pair->found->closed.at[i];
        same = same_number(pair, "a line of another currency",
                           strcmp(a->currency, b->currency) != 0, false) &&
               same_number(pair, "a line of another tax", strcmp(a->tax, b->tax_code) != 0, false);
    }
    return same;
}

static bool disputes_agree(const struct period_pair *pair)
{
    const struct period *found = &pair->found->period;
    bool same = same_number(pair, "disputes", (int64_t)pair->own->dispute_count,
                            (int64_t)found->dispute_count);
    for (size_t i = 0; i < pair->own->dispute_count && same; i++) {
        const struct naive_dispute *a = &pair->own->disputes[i];
        const struct dispute *b = &found->disputes[i];
        same = same_number(pair, "a dispute about record", (int64_t)a->record,
                           (int64_t)b->about.record.v) &&
               same_number(pair, "a dispute's debtor", a->debtor, b->about.debtor.v) &&
               same_number(pair, "a dispute's creditor", a->creditor, b->about.creditor.v) &&
               same_number(pair, "a dispute's class", (int64_t)a->line_class,
                           (int64_t)b->about.line_class) &&
               same_number(pair, "a dispute's tariff", a->tariff, b->about.tariff) &&
               same_number(pair, "a dispute's code", (int64_t)a->code, (int64_t)b->code) &&
               same_number(pair, "a dispute by", a->by, b->by.v) &&
               same_number(pair, "a dispute responded to", a->responded, b->responded) &&
               same_number(pair, "a dispute resolved", a->resolved, b->resolved) &&
               same_money(pair, "disputed", a->exact, b->line.exact.v) &&
               same_money(pair, "upheld", a->upheld, b->upheld.v) &&
               same_money(pair, "taken back of a dispute", a->back, b->contra.v) &&
               same_money(pair, "entered of a dispute", a->entered, b->entered.v);
    }
    return same;
}

static bool payments_agree(const struct period_pair *pair)
{
    const struct period *found = &pair->found->period;
    bool same = same_number(pair, "payments", (int64_t)pair->own->payment_count,
                            (int64_t)found->payment_count);
    for (size_t i = 0; i < pair->own->payment_count && same; i++) {
        const struct naive_payment *a = &pair->own->payments[i];
        const struct period_payment *b = &found->payments[i];
        same = same_number(pair, "a payment in another currency",
                           strcmp(a->currency, b->currency) != 0, false) &&
               same_number(pair, "a payment from", a->from, b->payment.from.v) &&
               same_number(pair, "a payment to", a->to, b->payment.to.v) &&
               same_money(pair, "a payment of", a->amount, b->payment.amount.v) &&
               same_number(pair, "a payment of round", a->round, b->round) &&
               same_number(pair, "a payment ring-fenced", a->ring_fenced, b->ring_fenced) &&
               same_number(pair, "a payment in state", (int64_t)a->state, (int64_t)b->state) &&
               same_number(pair, "a payment's attempts", a->attempts, b->attempt) &&
               same_number(pair, "a payment to be paid by day", a->pay_by, b->pay_by) &&
               same_number(pair, "a payment sent on day", a->sent_on, b->sent_on) &&
               same_digest(pair, "a payment's approver", &a->approver, &b->approver) &&
               same_digest(pair, "an approver of a default", &a->accuser, &b->accuser);
    }
    return same;
}

/* Who is in default, and who took over what of it. */
static bool defaults_agree(const struct period_pair *pair)
{
    const struct naive_period *own = pair->own;
    const struct period *found = &pair->found->period;
    bool same =
        same_number(pair, "defaults", (int64_t)own->default_count, (int64_t)found->default_count) &&
        same_number(pair, "claims taken over", (int64_t)own->taking_count,
                    (int64_t)found->taken_count);
    for (size_t i = 0; i < own->default_count && same; i++)
        same =
            same_number(pair, "in default is partner", own->defaults[i].partner,
                        found->defaults[i].partner.v) &&
            same_number(pair, "a default in another currency",
                        strcmp(own->defaults[i].currency, found->defaults[i].currency) != 0, false);
    for (size_t i = 0; i < own->taking_count && same; i++) {
        const struct naive_taking *a = &own->takings[i];
        const struct taken_over *b = &found->taken[i];
        same = same_number(pair, "a claim on partner", a->debtor, b->debtor.v) &&
               same_number(pair, "a claim of partner", a->claimant, b->claimant.v) &&
               same_number(pair, "a claim taken over by partner", a->by, b->by.v) &&
               same_number(pair, "a claim in another currency",
                           strcmp(a->currency, b->currency) != 0, false) &&
               same_number(pair, "a claim paid out of collateral", a->collateral, b->collateral) &&
               same_money(pair, "a claim of", a->amount, b->amount.v);
    }
    return same;
}

/* ---- the last one ---------------------------------------------------------------------------- */

bool audit_last_period_agrees(const struct state *state, const struct naive *model,
                              struct audit_text *expected_out, struct audit_text *found_out)
{
    const struct periods *periods = state_periods(state);
    size_t count = naive_period_count(model);
    *expected_out = audit_text("%zu settlement periods that ended, then number %u", count,
                               naive_open_period(model));
    *found_out = audit_text("%zu, then number %u", periods->count, periods->open);
    if (count != periods->count || naive_open_period(model) != periods->open)
        return false;
    if (count == 0)
        return true;
    struct period_pair pair = {.charter = state_charter(state),
                               .own = naive_period_at(model, count - 1),
                               .found = periods->at[count - 1],
                               .expected_out = expected_out,
                               .found_out = found_out};
    return heads_agree(&pair);
}

/* ---- all of them ----------------------------------------------------------------------------- */

bool audit_periods_agree(const struct state *state, const struct naive *model,
                         struct audit_text *expected_out, struct audit_text *found_out)
{
    const struct periods *periods = state_periods(state);
    bool same = audit_last_period_agrees(state, model, expected_out, found_out);
    for (size_t i = 0; i < periods->count && same; i++) {
        struct period_pair pair = {.charter = state_charter(state),
                                   .own = naive_period_at(model, i),
                                   .found = periods->at[i],
                                   .expected_out = expected_out,
                                   .found_out = found_out};
        same = heads_agree(&pair) && answers_agree(&pair) &&
               lines_agree(&pair, "exact lines", &pair.own->owed, &pair.found->exact) &&
               disputes_agree(&pair) &&
               lines_agree(&pair, "closed lines", &pair.own->closed, &pair.found->closed) &&
               tariffs_agree(&pair) && codes_agree(&pair) && defaults_agree(&pair) &&
               payments_agree(&pair);
    }
    return same && audit_vintages_agree(state, model, false, expected_out, found_out) &&
           audit_vintages_agree(state, model, true, expected_out, found_out);
}

/* ---- vintages -------------------------------------------------------------------------------- */

static struct audit_text points_text(const struct charter *charter, const char *what,
                                     const struct naive_standing *own, __int128 points_bp)
{
    char made[MONTH_NAME_SIZE], ends[MONTH_NAME_SIZE] = "never", points[MONEY_TEXT_SIZE];
    month_name(own->vintage, made);
    if (own->expires != MONTH_NEVER)
        month_name(own->expires, ends);
    money_format((struct money){points_bp * 1000000}, 0, points); /* basis points of a point */
    return audit_text("%s points funded by %s, made in %s, to end in %s: %s", points,
                      charter->partners[own->funder].name, made, ends, what);
}

static bool standing_agrees(const struct charter *charter, const struct naive_standing *own,
                            const struct vintage_rows *rows, struct audit_text *expected_out,
                            struct audit_text *found_out)
{
    const struct vintage_row like = {
        .funder = {own->funder}, .vintage = own->vintage, .expires = own->expires};
    const struct vintage_row *found = vintage_rows_find(rows, &like);
    bool same = true;
    for (int i = 0; i < VINTAGE_SUMS && same; i++) {
        __int128 want = i == VINTAGE_ENDED ? own->ended : own->pools[i];
        __int128 have = found ? found->sums[i] : 0;
        const char *what = i == VINTAGE_ENDED ? "ended" : pool_word((enum pool)i);
        if (want == have)
            continue;
        *expected_out = points_text(charter, what, own, want);
        *found_out = points_text(charter, what, own, have);
        same = false;
    }
    return same;
}

bool audit_vintages_agree(const struct state *state, const struct naive *model, bool now,
                          struct audit_text *expected_out, struct audit_text *found_out)
{
    struct vintage_rows rows = state_vintages(state)->latest;
    const struct naive_standings *own = naive_last_standings(model);
    struct naive_standings *standings = NULL;
    if (now) {
        state_vintages_now(state, &rows);
        own = standings = naive_standings_now(model);
    }
    size_t count = naive_standing_count(own);
    bool same = count == rows.count;
    *expected_out = audit_text("%zu kinds of points by funder, vintage and expiry", count);
    *found_out = audit_text("%zu", rows.count);
    for (size_t i = 0; i < count && same; i++)
        same = standing_agrees(state_charter(state), naive_standing_at(own, i), &rows, expected_out,
                               found_out);
    if (standings) {
        naive_standings_close(standings);
        vintage_rows_release(&rows);
    }
    return same;
}

/* ---- proposals ------------------------------------------------------------------------------- */

static struct audit_text checkpoint_text(const struct audit *audit, uint32_t period,
                                         uint64_t records, const struct hash *hash,
                                         const char *what)
{
    char text[HASH_HEX_SIZE + 1];
    struct audit_text name = period_text(audit->charter, period);
    hex_encode(hash_as_bytes(hash), text);
    return audit_text("%s: %llu records, %s %s", name.text, (unsigned long long)records, what,
                      text);
}

bool audit_proposal_differs(const struct audit *audit, struct bytes transaction,
                            struct audit_text *expected_out, struct audit_text *found_out)
{
    struct transaction decoded;
    if (!transaction_decode(transaction, &decoded, NULL) ||
        decoded.type != TRANSACTION_PERIOD_PROPOSE)
        return false;
    const struct settle *says = &decoded.body.settle;
    const struct closed_period *own = periods_find(state_periods(audit->state), says->period);
    if (!own)
        return false;
    bool totals = says->records == own->records && hash_equal(&says->root, &own->root);
    const char *what = totals ? "totals" : "root";
    *expected_out = checkpoint_text(audit, says->period, own->records,
                                    totals ? &own->totals : &own->root, what);
    *found_out = checkpoint_text(audit, says->period, says->records,
                                 totals ? &says->totals : &says->root, what);
    return !totals || !hash_equal(&says->totals, &own->totals);
}
