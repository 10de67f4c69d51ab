/* Steps of settlement periods in records and in answers to those who took them. */
#include "node/api_parts.h"
#include "node/period_text.h"

static void put_period(const struct api *api, struct json_out *json, uint32_t number)
{
    char name[PERIOD_TEXT_SIZE];
    period_text(api->charter, number, name);
    json_put_word(json, "period", name);
}

/* ---- bodies --------------------------------------------------------------------------------- */

static void put_line(const struct api *api, struct json_out *json, const struct disputed_line *line)
{
    json_put_word(json, "debtor", api_partner_name(api, line->debtor));
    json_put_word(json, "creditor", api_partner_name(api, line->creditor));
    json_put_word(json, "class", line_class_word(line->line_class));
    api_put_tariff(api, json, line->tariff, line->line_class);
}

static void put_dispute(const struct api *api, struct json_out *json, const struct settle *settle)
{
    struct record record;
    if (record_decode(settle->evidence, &record, NULL))
        json_put_uint(json, "record", record.index.v);
    else
        json_put_null(json, "record");
    put_line(api, json, &settle->line);
    json_put_word(json, "code", dispute_code_word(settle->code));
}

void api_settle_body_write(const struct api *api, struct json_out *json,
                           const struct transaction *t)
{
    const struct settle *settle = &t->body.settle;
    enum settle_step step;
    must(transaction_is_settle(t->type, &step));
    put_period(api, json, settle->period);
    switch (step) {
    case SETTLE_PROPOSE:
        json_put_uint(json, "records", settle->records);
        json_put_base64(json, "root", hash_as_bytes(&settle->root));
        json_put_hex(json, "totals", hash_as_bytes(&settle->totals));
        return;
    case SETTLE_SIGN:
        json_put_hex(json, "totals", hash_as_bytes(&settle->totals));
        json_put_hex(json, "approver", hash_as_bytes(&settle->approver));
        return;
    case SETTLE_DISPUTE:
        put_dispute(api, json, settle);
        return;
    case SETTLE_RESPOND:
    case SETTLE_RESOLVE:
        json_put_uint(json, "record", settle->line.record.v);
        put_line(api, json, &settle->line);
        json_put_money(json, "amount", (struct money){settle->amount}, api->charter->minor_digits);
        return;
    case SETTLE_FINALISE:
        return;
    case SETTLE_PAY:
        json_put_uint(json, "payment", settle->payment);
        json_put_uint(json, "attempt", settle->attempt);
        json_put_hex(json, "approver", hash_as_bytes(&settle->approver));
        return;
    case SETTLE_DEFAULT:
        json_put_uint(json, "payment", settle->payment);
        json_put_hex(json, "approver", hash_as_bytes(&settle->approver));
        return;
    case SETTLE_CONFIRM:
    case SETTLE_FAIL:
        json_put_uint(json, "payment", settle->payment);
        return;
    }
}

/* ---- results -------------------------------------------------------------------------------- */

static void put_signed(const struct api *api, struct json_out *json, const struct period *period)
{
    if (api->partner.v >= period->partner_count)
        return;
    enum period_answer answer = period->answers[api->partner.v];
    bool first = !hash_is_zero(&period->approvers[api->partner.v]);
    bool both = answer == ANSWER_SIGNED || answer == ANSWER_SIGNED_REST;
    json_put_int(json, "approvals", both ? 2 : first);
    json_put_bool(json, "second_approval_needed", first && !both);
}

static void put_paid(struct json_out *json, enum settle_step step, const struct period *period,
                     uint32_t number)
{
    if (number >= period->payment_count)
        return;
    const struct period_payment *payment = &period->payments[number];
    json_put_word(json, "payment_state", payment_state_word(payment->state));
    if (step != SETTLE_PAY && step != SETTLE_DEFAULT)
        return;
    bool pay = step == SETTLE_PAY;
    bool first = !hash_is_zero(pay ? &payment->approver : &payment->accuser);
    bool both = pay ? payment->state == PAYMENT_SENT || payment->state == PAYMENT_CONFIRMED
                    : payment->state == PAYMENT_VOID;
    json_put_int(json, "approvals", both ? 2 : first);
    json_put_bool(json, "second_approval_needed", first && !both);
}

void api_settle_result_write(const struct api *api, struct json_out *json,
                             const struct transaction *t)
{
    const struct settle *settle = &t->body.settle;
    const struct closed_period *closed =
        periods_find(state_periods(api_state(api)), settle->period);
    enum settle_step step;
    if (!transaction_is_settle(t->type, &step))
        return;
    put_period(api, json, settle->period);
    if (!closed)
        return; /* settled for long */
    const struct period *period = &closed->period;
    json_put_word(json, "state",
                  period->state == PERIOD_OPEN ? "ended" : period_state_word(period->state));
    if (step == SETTLE_SIGN)
        put_signed(api, json, period);
    else if (step >= SETTLE_PAY)
        put_paid(json, step, period, settle->payment);
}
