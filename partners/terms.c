/* Terms that lots share: who issued them, who pays for them, in which epoch; and what lets an
 * issuer spend another's money: joint funding that the charter allows, and promotions. */
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
        a->epoch != b->epoch)
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
    uint8_t key[6 + SPLIT_MAX * 4];
    put_u16be(key, terms->issuer.v);
    put_u32be(key + 2, terms->epoch);
    for (size_t i = 0; i < split->count; i++) {
        put_u16be(key + 6 + 4 * i, split->funders[i].partner.v);
        put_u16be(key + 8 + 4 * i, split->funders[i].bp);
    }
    return table_hash(get_u64be(state->charter->coalition.at),
                      bytes_of(key, 6 + (size_t)split->count * 4));
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
    struct terms terms = {
        .issuer = issuer, .split = *split, .epoch = contracts_epoch(&state->contracts)};
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

bool split_sound(const struct state *state, const struct funding_split *split)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < split->count; i++) {
        const struct funder *funder = &split->funders[i];
        if (funder->partner.v >= state->charter->partner_count || funder->bp == 0 ||
            (i > 0 && funder->partner.v <= split->funders[i - 1].partner.v))
            return false;
        sum += funder->bp;
    }
    return sum == BASIS_POINTS;
}

static bool may_fund(const struct state *state, struct partner_id issuer,
                     const struct funder *funder, uint32_t epoch)
{
    if (partner_equal(funder->partner, issuer) ||
        joint_entry(state, issuer, funder->partner) < state->charter->joint_funding_count)
        return true;
    const struct promotion_version *version =
        promotion_in(&state->contracts, issuer, funder->partner, epoch);
    return version && funder->bp <= version->promotion.bp;
}

enum verdict split_check(const struct state *state, struct partner_id writer,
                         const struct funding_split *split, uint32_t epoch)
{
    if (!split_sound(state, split))
        return VERDICT_BAD_SPLIT;
    for (size_t i = 0; i < split->count; i++)
        if (!may_fund(state, writer, &split->funders[i], epoch))
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

/* What a list of lots would take from the funder's budget. */
static __int128 budget_asked(struct partner_id funder, const struct earn_lot *lots, size_t count)
{
    __int128 asked = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lots[i].split.count; j++)
            if (partner_equal(lots[i].split.funders[j].partner, funder))
                asked += (__int128)lots[i].quantity.v * lots[i].split.funders[j].bp;
    return asked;
}

/* A budget and what is used of it; NULL: nobody is asked. */
struct budget {
    __int128 *used_bp;
    __int128 most_bp;
};

static struct budget budget_of(const struct state *state, struct partner_id issuer,
                               struct partner_id funder, uint32_t epoch)
{
    if (partner_equal(issuer, funder))
        return (struct budget){0};
    size_t entry = joint_entry(state, issuer, funder);
    if (entry < state->charter->joint_funding_count)
        return (struct budget){&state->joint_used[entry].points_bp,
                               (__int128)state->charter->joint_funding[entry].budget.v *
                                   BASIS_POINTS};
    struct promotion_version *version = promotion_in(&state->contracts, issuer, funder, epoch);
    must(version != NULL); /* split_check() was asked */
    return (struct budget){&version->used_bp, (__int128)version->promotion.budget.v * BASIS_POINTS};
}

bool budget_room(const struct state *state, struct partner_id writer, const struct earn_lot *lots,
                 size_t count)
{
    uint32_t epoch = contracts_epoch(&state->contracts);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < lots[i].split.count; j++) {
            struct partner_id funder = lots[i].split.funders[j].partner;
            struct budget budget = budget_of(state, writer, funder, epoch);
            if (budget.used_bp &&
                *budget.used_bp + budget_asked(funder, lots, count) > budget.most_bp)
                return false;
        }
    return true;
}

void budget_use(struct state *state, const struct terms *terms, uint64_t points)
{
    for (size_t i = 0; i < terms->split.count; i++) {
        struct budget budget =
            budget_of(state, terms->issuer, terms->split.funders[i].partner, terms->epoch);
        if (budget.used_bp)
            *budget.used_bp += (__int128)points * terms->split.funders[i].bp;
    }
}
