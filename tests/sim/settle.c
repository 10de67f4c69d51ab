/* A settlement day that ends while the coalition is in trouble: whoever is asked takes a step that
 * may be the right one. What comes of it is judged by the naive model, as everything is; here it
 * is only drawn. */

#include <stdlib.h>
#include <string.h>

#include "crypto/merkle.h"
#include "node/replica.h"
#include "sim/world.h"

enum { TRIES = 20 };

static struct hash some_approver(struct world *w)
{
    return (struct hash){{(uint8_t)(1 + sim_below(w, 2))}};
}

/* One that has ended, as the node has it; NULL: none has. */
static const struct closed_period *one_of(struct world *w, const struct sim_node *node)
{
    const struct periods *periods = state_periods(replica_state(node->replica));
    return periods->count > 0 ? periods->at[sim_below(w, (uint32_t)periods->count)] : NULL;
}

static void propose(struct world *w, const struct closed_period *closed, struct transaction *t)
{
    t->type = TRANSACTION_PERIOD_PROPOSE;
    t->body.settle.records = closed->records;
    t->body.settle.root = closed->root;
    t->body.settle.totals = closed->totals;
    if (sim_chance(w, 200))
        t->body.settle.totals.at[0] ^= 1;
}

/* The first line that the record's effects make somebody owe. */
static bool line_of(struct bytes bytes, struct disputed_line *line_out)
{
    struct record record;
    struct effect_reader reader;
    struct effect effect;
    if (!record_decode(bytes, &record, NULL) || record.kind != RECORD_KIND_TRANSACTION ||
        !effect_reader_init(&reader, record.outcome.effects))
        return false;
    while (effect_next(&reader, &effect))
        if (effect.kind == EFFECT_OBLIGATION) {
            *line_out = (struct disputed_line){.debtor = effect.partner,
                                               .creditor = effect.creditor,
                                               .line_class = effect.line_class,
                                               .tariff = effect.tariff};
            return true;
        }
    return false;
}

/* Some record of the period in which somebody owes, as the node has it. */
static bool some_record(struct world *w, const struct sim_node *node,
                        const struct closed_period *closed, struct buffer *record,
                        struct settle *settle, uint64_t *index_out)
{
    uint64_t span = closed->records - closed->first_record;
    struct error error;
    if (span == 0 || span > UINT32_MAX || !closed->rooted)
        return false;
    for (int i = 0; i < TRIES; i++) {
        *index_out = closed->first_record + sim_below(w, (uint32_t)span);
        buffer_clear(record);
        if (!replica_record(node->replica, *index_out, record, &error) || record->overflowed)
            return false;
        if (line_of(buffer_bytes(record), &settle->line))
            return true;
    }
    return false;
}

/* With a path that is sometimes too short, or another class than the record's. False: the node has
 * no such record. */
static bool dispute(struct world *w, const struct sim_node *node,
                    const struct closed_period *closed, struct transaction *t)
{
    static uint8_t bytes[DISPUTE_EVIDENCE_MAX];
    static struct hash path[MERKLE_PROOF_MAX];
    struct buffer record;
    size_t count = 0;
    uint64_t index = 0;
    struct error error;
    buffer_init(&record, sizeof(bytes));
    bool good =
        some_record(w, node, closed, &record, &t->body.settle, &index) &&
        replica_prove_inclusion(node->replica, index, closed->records, path, &count, &error);
    if (good) {
        memcpy(bytes, record.at, record.size);
        t->type = TRANSACTION_DISPUTE_OPEN;
        t->body.settle.code = (enum dispute_code)sim_below(w, DISPUTE_CODE_COUNT);
        t->body.settle.evidence = bytes_of(bytes, record.size);
        t->body.settle.path = bytes_of(path, count * sizeof(path[0]));
        if (count > 0 && sim_chance(w, 100))
            t->body.settle.path.size -= sizeof(path[0]);
        if (sim_chance(w, 100))
            t->body.settle.line.line_class = LINE_CLAW_BACK;
    }
    buffer_release(&record);
    return good;
}

static void answer(struct world *w, uint16_t number, const struct closed_period *closed,
                   struct transaction *t)
{
    uint32_t kind = sim_below(w, 10);
    bool answered = number < closed->period.partner_count &&
                    (closed->period.answers[number] == ANSWER_SIGNED ||
                     closed->period.answers[number] == ANSWER_SIGNED_REST);
    if (kind < 2 && dispute(w, &w->nodes[number], closed, t))
        return;
    if (kind < 3 || answered) {
        t->type = TRANSACTION_PERIOD_FINAL;
        return;
    }
    t->type = TRANSACTION_PERIOD_SIGN;
    t->body.settle.totals = closed->totals;
    t->body.settle.approver = some_approver(w);
}

static void argue(struct world *w, const struct period *period, struct transaction *t)
{
    const struct dispute *dispute =
        &period->disputes[sim_below(w, (uint32_t)period->dispute_count)];
    bool resolve = dispute->responded && sim_chance(w, 500);
    t->type = resolve ? TRANSACTION_DISPUTE_RESOLVE : TRANSACTION_DISPUTE_RESPOND;
    t->body.settle.line = dispute->about;
    t->body.settle.amount = resolve ? (int64_t)dispute->upheld.v
                                    : (int64_t)dispute->line.exact.v / (1 + sim_below(w, 3));
}

/* Of a payment that the partner waits for in vain, who pays is in default: one person says so, or
 * another. False: there is none. */
static bool accuse(const struct sim_node *node, const struct period *period,
                   struct partner_id partner, struct transaction *t)
{
    const struct state *state = replica_state(node->replica);
    int64_t today = charter_day(state_charter(state), state_time_ms(state));
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        if (!partner_equal(payment->payment.to, partner) || payment->ring_fenced ||
            (payment->state != PAYMENT_DUE && payment->state != PAYMENT_FAILED) ||
            today <= payment->pay_by)
            continue;
        t->type = TRANSACTION_PAYMENT_DEFAULT;
        t->body.settle.payment = (uint32_t)i;
        t->body.settle.approver = (struct hash){{hash_is_zero(&payment->accuser) ? 1 : 2}};
        return true;
    }
    return false;
}

static void pay(struct world *w, const struct period *period, struct transaction *t)
{
    static const enum transaction_type types[] = {
        TRANSACTION_PAYMENT_SENT, TRANSACTION_PAYMENT_SENT, TRANSACTION_PAYMENT_CONFIRMED,
        TRANSACTION_PAYMENT_FAILED, TRANSACTION_PAYMENT_DEFAULT};
    t->type = types[sim_below(w, ARRAY_SIZE(types))];
    t->body.settle.payment = sim_below(w, (uint32_t)period->payment_count + 1);
    t->body.settle.approver = some_approver(w);
    if (t->type != TRANSACTION_PAYMENT_SENT)
        return;
    t->body.settle.attempt = 1 + sim_below(w, 2);
    if (t->body.settle.payment < period->payment_count && sim_chance(w, 800))
        t->body.settle.attempt = period->payments[t->body.settle.payment].attempt + 1;
}

/* One of two people says where the partner is paid: now and then another account, or none. */
static void say_account(struct world *w, struct transaction *t)
{
    static const char *const ibans[] = {"AT611904300234573201", "DE89370400440532013000",
                                        "AT611904300234573202"};
    t->type = TRANSACTION_PAYMENT_ACCOUNT;
    struct account_words *words = &t->body.deal.account;
    memcpy(words->currency, "EUR", CURRENCY_SIZE);
    words->holder = bytes_text("A partner");
    words->iban = bytes_text(ibans[sim_chance(w, 700) ? 0 : 1 + sim_below(w, 2)]);
    words->approver = some_approver(w);
}

/* Of somebody, so much as a few dozen points need; some of it is given back. */
static void move_collateral(struct world *w, const struct sim_node *node, struct transaction *t)
{
    struct collateral *posted = &t->body.deal.collateral;
    size_t partners = state_charter(replica_state(node->replica))->partner_count;
    t->type = TRANSACTION_COLLATERAL;
    memcpy(posted->currency, "EUR", CURRENCY_SIZE);
    posted->partner.v = (uint16_t)sim_below(w, (uint32_t)partners);
    posted->amount.v = 1 + sim_below(w, 2000000);
    if (sim_chance(w, 200))
        posted->amount.v = -posted->amount.v;
}

bool settle_draw(struct world *w, uint16_t number, struct transaction *t)
{
    const struct sim_node *node = &w->nodes[number];
    const struct closed_period *closed = one_of(w, node);
    struct partner_id partner = {number}; /* each has a node of its own */
    if (sim_chance(w, 100)) {
        say_account(w, t);
        return true;
    }
    if (state_charter(replica_state(node->replica))->risk.on &&
        sim_chance(w, number == 0 ? 500 : 20)) {
        move_collateral(w, node, t);
        return true;
    }
    if (!closed || !sim_chance(w, 500))
        return false;
    t->body.settle.period = (uint32_t)closed->period.number;
    if (closed->period.state == PERIOD_OPEN)
        propose(w, closed, t);
    else if (closed->period.state == PERIOD_PROPOSED)
        answer(w, number, closed, t);
    else if (sim_chance(w, 700) && accuse(node, &closed->period, partner, t))
        return true;
    else if (closed->period.dispute_count > 0 && sim_chance(w, 500))
        argue(w, &closed->period, t);
    else
        pay(w, &closed->period, t);
    return true;
}

static void count_accounts(struct world *w, const struct sim_node *node)
{
    const struct payment_accounts *accounts = state_accounts(replica_state(node->replica));
    for (size_t i = 0; i < accounts->count; i++) {
        w->accounts += payment_account_given(&accounts->at[i].in_force);
        w->accounts_wait += payment_account_given(&accounts->at[i].waiting);
    }
}

static void count_collateral(struct world *w, const struct sim_node *node)
{
    const struct state *state = replica_state(node->replica);
    for (uint16_t i = 0; i < state_charter(state)->partner_count; i++) {
        const struct risk *risk = state_risk(state, (struct partner_id){i});
        w->covered += risk->collateral.v > 0 && risk->mode == RISK_COVERED;
        w->stopped += risk->mode >= RISK_PREPAID;
    }
}

/* Of the first honest node that still tells of it: steps that came to something. */
void settle_count(struct world *w)
{
    for (uint16_t i = 0; i < w->scenario.nodes; i++) {
        if (!w->nodes[i].replica || w->nodes[i].liar)
            continue;
        const struct periods *ended = state_periods(replica_state(w->nodes[i].replica));
        if (ended->count == 0)
            continue;
        for (size_t j = 0; j < ended->count; j++) {
            w->periods[ended->at[j]->period.state]++;
            w->disputes += ended->at[j]->period.dispute_count;
            w->defaults += ended->at[j]->period.default_count;
        }
        count_accounts(w, &w->nodes[i]);
        count_collateral(w, &w->nodes[i]);
        return;
    }
}
