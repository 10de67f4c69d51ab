/* Partners that agree on contracts and promotions in the midst of trouble. What comes of it is
 * judged by the naive model, as everything is; here it is only drawn. */

#include "node/replica.h"
#include "sim/world.h"

#include <string.h>

enum { SOON_MS = 2500, DAY_MS = 86400000 };

void deal_charter(const struct scenario *s, struct charter *charter)
{
    static const struct charter_currency sek = {.code = "SEK", .minor_digits = 2};
    charter->contracts.required = s->seed % 4 == 0;
    charter->contracts.currency_count = 1;
    charter->contracts.currencies = (struct charter_currency *)allocate(1, sizeof(sek));
    charter->contracts.currencies[0] = sek;
}

/* Whose node it is, as it knows itself; false: it takes no part yet. */
static bool partner_of(const struct sim_node *node, uint16_t number, uint16_t *partner_out)
{
    const struct charter *charter = state_charter(replica_state(node->replica));
    if (number >= charter->node_count)
        return false;
    *partner_out = charter->nodes[number].partner.v;
    return true;
}

static uint16_t some_other(struct world *w, const struct state *state, uint16_t partner)
{
    uint32_t count = (uint32_t)state_charter(state)->partner_count;
    return (uint16_t)((partner + 1 + sim_below(w, count > 1 ? count - 1 : 1)) % count);
}

static void propose(struct world *w, const struct state *state, uint16_t partner,
                    struct transaction *t)
{
    struct rate_card *card = &t->body.deal.card;
    uint16_t other = some_other(w, state, partner);
    bool funds = sim_chance(w, 500);
    t->type = TRANSACTION_CONTRACT_PROPOSE;
    card->funder.v = funds ? partner : other;
    card->redeemer.v = funds ? other : partner;
    card->face.v = 8000 + sim_below(w, 4000);
    card->reimbursement.v = sim_below(w, 8000);
    memcpy(card->face_currency, sim_chance(w, 200) ? "SEK" : "EUR", CURRENCY_SIZE);
    memcpy(card->settlement_currency, sim_chance(w, 500) ? "SEK" : "EUR", CURRENCY_SIZE);
    card->period_cap.v = sim_chance(w, 300) ? 20 + sim_below(w, 100) : 0;
    card->from_ms = state_time_ms(state) + 1 + sim_below(w, SOON_MS);
    if (sim_chance(w, 300))
        card->until_ms = card->from_ms + 1 + sim_below(w, 2 * SOON_MS);
    card->exit_days = sim_chance(w, 500);
}

/* The newest proposal that waits for the partner; false: none does. */
static bool countersign(const struct state *state, uint16_t partner, struct transaction *t)
{
    const struct contracts *contracts = state_contracts(state);
    for (size_t i = contracts->count; i > 0; i--) {
        const struct contract_version *version = &contracts->versions[i - 1];
        bool party = version->card.funder.v == partner || version->card.redeemer.v == partner;
        if (version->state != CONTRACT_PROPOSED || !party || version->proposer.v == partner ||
            version->card.from_ms <= state_time_ms(state))
            continue;
        t->type = TRANSACTION_CONTRACT_SIGN;
        t->body.deal.number = (uint32_t)(i - 1);
        t->body.deal.digest = rate_card_digest(&version->card);
        return true;
    }
    return false;
}

/* One of those that may be ended at all; its end is never reached, but it gives way no more. */
static bool end_one(struct world *w, const struct state *state, uint16_t partner,
                    struct transaction *t)
{
    const struct contracts *contracts = state_contracts(state);
    for (size_t i = contracts->count; i > 0; i--) {
        const struct contract_version *version = &contracts->versions[i - 1];
        bool party = version->card.funder.v == partner || version->card.redeemer.v == partner;
        if (version->state != CONTRACT_SIGNED || !party || version->card.exit_days == 0 ||
            version->card.until_ms != 0 || sim_chance(w, 300))
            continue;
        t->type = TRANSACTION_CONTRACT_END;
        t->body.deal.number = (uint32_t)(i - 1);
        t->body.deal.until_ms = state_time_ms(state) + DAY_MS + sim_below(w, SOON_MS);
        return true;
    }
    return false;
}

static void promote(struct world *w, const struct state *state, uint16_t partner,
                    struct transaction *t)
{
    struct promotion *promotion = &t->body.deal.promotion;
    t->type = TRANSACTION_PROMOTION_SIGN;
    promotion->issuer.v = some_other(w, state, partner);
    promotion->bp = (uint16_t)(1 + sim_below(w, BASIS_POINTS));
    promotion->budget.v = 20 + sim_below(w, 200);
    if (sim_chance(w, 500))
        promotion->until_ms = state_time_ms(state) + 2 + sim_below(w, 2 * SOON_MS);
}

bool deal_draw(struct world *w, uint16_t number, struct transaction *t)
{
    const struct sim_node *node = &w->nodes[number];
    const struct state *state = replica_state(node->replica);
    uint16_t partner = 0;
    if (!sim_chance(w, 300) || !partner_of(node, number, &partner))
        return false;
    uint32_t kind = sim_below(w, 10);
    if (kind < 6 && countersign(state, partner, t))
        return true;
    if (kind == 7 && end_one(w, state, partner, t))
        return true;
    if (kind == 9) {
        t->type = TRANSACTION_CONTRACT_WITHDRAW;
        t->body.deal.number = sim_below(w, (uint32_t)state_contracts(state)->count + 1);
    } else if (kind == 8) {
        promote(w, state, partner, t);
    } else {
        propose(w, state, partner, t);
    }
    return true;
}

void deal_split(struct world *w, uint16_t number, struct funding_split *split)
{
    const struct sim_node *node = &w->nodes[number];
    const struct contracts *contracts = state_contracts(replica_state(node->replica));
    uint16_t partner = 0;
    if (contracts->promotion_count == 0 || !partner_of(node, number, &partner))
        return;
    const struct promotion_version *version =
        &contracts->promotions[sim_below(w, (uint32_t)contracts->promotion_count)];
    uint16_t other = version->funder.v, bp = version->promotion.bp;
    if (other == partner || bp == BASIS_POINTS)
        return;
    struct funder own = {{partner}, (uint16_t)(BASIS_POINTS - bp)}, theirs = {{other}, bp};
    *split =
        (struct funding_split){2, {partner < other ? own : theirs, partner < other ? theirs : own}};
}

/* Of the first honest node: what came into force. */
void deal_count(struct world *w)
{
    for (uint16_t i = 0; i < w->scenario.nodes; i++) {
        if (!w->nodes[i].replica || w->nodes[i].liar)
            continue;
        const struct contracts *contracts = state_contracts(replica_state(w->nodes[i].replica));
        for (size_t j = 0; j < contracts->count; j++)
            w->contracts += contracts->versions[j].state == CONTRACT_SIGNED;
        for (size_t j = 0; j < contracts->count; j++)
            w->ended += contracts->versions[j].ended_ms != 0;
        for (size_t j = 0; j < contracts->promotion_count; j++)
            w->promoted += contracts->promotions[j].used_bp > 0;
        w->epochs += contracts->epoch_count - 1;
        w->tariffs += contracts->tariff_count - 1;
        return;
    }
}
