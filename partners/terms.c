/* Terms that lots share: who issued them, who pays for them, at which frozen prices; and the joint
 * funding that the charter allows. */
#include "partners/state_parts.h"

struct funding_split split_alone(struct partner_id partner)
{
    return (struct funding_split){.count = 1,
                                  .funders = {{.partner = partner, .bp = BASIS_POINTS}}};
}

static bool terms_are(const void *context, uint32_t value, const void *key)
{
    const struct terms *a = &((const struct state *)context)->terms[value], *b = key;
    if (!partner_equal(a->issuer, b->issuer) || a->split.count != b->split.count ||
        a->reimbursement.v != b->reimbursement.v || a->issue_fee.v != b->issue_fee.v ||
        a->redemption_fee.v != b->redemption_fee.v)
        return false;
    for (size_t i = 0; i < a->split.count; i++)
        if (!partner_equal(a->split.funders[i].partner, b->split.funders[i].partner) ||
            a->split.funders[i].bp != b->split.funders[i].bp)
            return false;
    return true;
}

static uint64_t terms_hash(const struct state *state, const struct terms *terms)
{
    const struct funding_split *split = &terms->split;
    uint8_t key[2 + SPLIT_MAX * 4];
    put_u16be(key, terms->issuer.v);
    for (size_t i = 0; i < split->count; i++) {
        put_u16be(key + 2 + 4 * i, split->funders[i].partner.v);
        put_u16be(key + 4 + 4 * i, split->funders[i].bp);
    }
    return table_hash(get_u64be(state->charter->coalition.at),
                      bytes_of(key, 2 + (size_t)split->count * 4));
}

static uint32_t append(struct state *state, uint64_t hash, const struct terms *terms)
{
    must(state->terms_count < NOTHING);
    state->terms = array_grow(state->terms, &state->terms_capacity, state->terms_count + 1,
                              sizeof(*state->terms));
    state->terms[state->terms_count] = *terms;
    table_insert(&state->terms_table, hash, (uint32_t)state->terms_count);
    return (uint32_t)state->terms_count++;
}

bool terms_add(struct state *state, const struct terms *terms)
{
    uint32_t place = 0;
    uint64_t hash = terms_hash(state, terms);
    if (table_find(&state->terms_table, hash, terms_are, state, terms, &place))
        return false;
    (void)append(state, hash, terms);
    return true;
}

uint32_t terms_intern(struct state *state, struct partner_id issuer,
                      const struct funding_split *split)
{
    struct terms terms = {.issuer = issuer,
                          .split = *split,
                          .reimbursement = state->charter->rates.reimbursement,
                          .issue_fee = state->charter->rates.issue_fee,
                          .redemption_fee = state->charter->rates.redemption_fee};
    uint32_t place = state->last_terms;
    if (place < state->terms_count && terms_are(state, place, &terms))
        return place; /* most earns follow one on the same terms */
    uint64_t hash = terms_hash(state, &terms);
    if (table_find(&state->terms_table, hash, terms_are, state, &terms, &place)) {
        state->last_terms = place;
        return place;
    }
    return append(state, hash, &terms);
}

void split_points(const struct state *state, const struct funding_split *split, int64_t points,
                  int64_t shares_out[SPLIT_MAX])
{
    size_t order[SPLIT_MAX];
    int64_t weights[SPLIT_MAX], shares[SPLIT_MAX];
    for (size_t i = 0; i < split->count; i++) {
        size_t at = i;
        uint16_t rank = state->name_rank[split->funders[i].partner.v];
        for (; at > 0 && state->name_rank[split->funders[order[at - 1]].partner.v] > rank; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 0; i < split->count; i++)
        weights[i] = split->funders[order[i]].bp;
    split_largest_remainder(points, weights, split->count, shares);
    for (size_t i = 0; i < split->count; i++)
        shares_out[order[i]] = shares[i];
}

/* Which entry of the charter lets `issuer` spend `funder`'s money; joint_funding_count: none. */
static size_t joint_entry(const struct state *state, struct partner_id issuer,
                          struct partner_id funder)
{
    const struct charter *charter = state->charter;
    size_t i = 0;
    while (i < charter->joint_funding_count &&
           !(partner_equal(charter->joint_funding[i].issuer, issuer) &&
             partner_equal(charter->joint_funding[i].funder, funder)))
        i++;
    return i;
}

enum verdict split_check(const struct state *state, struct partner_id writer,
                         const struct funding_split *split)
{
    const struct charter *charter = state->charter;
    uint32_t sum = 0;
    for (size_t i = 0; i < split->count; i++) {
        const struct funder *funder = &split->funders[i];
        if (funder->partner.v >= charter->partner_count || funder->bp == 0 ||
            (i > 0 && funder->partner.v <= split->funders[i - 1].partner.v))
            return VERDICT_BAD_SPLIT;
        sum += funder->bp;
    }
    if (sum != BASIS_POINTS)
        return VERDICT_BAD_SPLIT;
    for (size_t i = 0; i < split->count; i++)
        if (!partner_equal(split->funders[i].partner, writer) &&
            joint_entry(state, writer, split->funders[i].partner) == charter->joint_funding_count)
            return VERDICT_NOT_AUTHORISED;
    return VERDICT_ACCEPTED;
}

bool split_stands(const struct state *state, const struct funding_split *split)
{
    for (size_t i = 0; i < split->count; i++)
        if (state->charter->partners[split->funders[i].partner.v].left)
            return false;
    return true;
}

/* What a list of lots would take from the entry's budget. */
static __int128 budget_asked(struct partner_id funder, const struct earn_lot *lots, size_t count)
{
    __int128 asked = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lots[i].split.count; j++)
            if (partner_equal(lots[i].split.funders[j].partner, funder))
                asked += (__int128)lots[i].quantity.v * lots[i].split.funders[j].bp;
    return asked;
}

bool budget_room(const struct state *state, struct partner_id writer, const struct earn_lot *lots,
                 size_t count)
{
    const struct charter *charter = state->charter;
    for (size_t i = 0; i < charter->joint_funding_count; i++) {
        if (!partner_equal(charter->joint_funding[i].issuer, writer))
            continue;
        __int128 budget = (__int128)charter->joint_funding[i].budget.v * BASIS_POINTS;
        __int128 asked = budget_asked(charter->joint_funding[i].funder, lots, count);
        if (asked > 0 && state->joint_used[i].points_bp + asked > budget)
            return false;
    }
    return true;
}

void budget_use(struct state *state, const struct terms *terms, int64_t points)
{
    for (size_t i = 0; i < terms->split.count; i++) {
        struct partner_id funder = terms->split.funders[i].partner;
        if (partner_equal(funder, terms->issuer))
            continue;
        size_t entry = joint_entry(state, terms->issuer, funder);
        must(entry < state->charter->joint_funding_count);
        state->joint_used[entry].points_bp += (__int128)points * terms->split.funders[i].bp;
        must(state->joint_used[entry].points_bp >= 0);
    }
}
