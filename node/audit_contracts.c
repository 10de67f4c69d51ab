/* What partners agreed upon: do the state and the second model tell the same of it? */
#include "node/audit_parts.h"

#include <string.h>

_Static_assert((int)CONTRACT_PROPOSED == (int)NAIVE_CARD_PROPOSED &&
                   (int)CONTRACT_WITHDRAWN == (int)NAIVE_CARD_WITHDRAWN,
               "both count alike");

/* Both sides, and where the first difference is told. */
struct agreed {
    const struct contracts *found;
    const struct naive *own;
    struct audit_text *expected_out, *found_out;
};

static bool same_number(const struct agreed *a, const char *what, size_t number, int64_t own,
                        int64_t found)
{
    if (own == found)
        return true;
    *a->expected_out = audit_text("%s of %zu: %lld", what, number, (long long)own);
    *a->found_out = audit_text("%lld", (long long)found);
    return false;
}

static bool counts_agree(const struct agreed *a)
{
    const struct {
        const char *what;
        size_t own, found;
    } counts[] = {{"contracts", naive_contract_count(a->own), a->found->count},
                  {"promotions", naive_promotion_count(a->own), a->found->promotion_count},
                  {"tariffs", naive_tariff_count(a->own), a->found->tariff_count},
                  {"epochs", naive_epoch_count(a->own), a->found->epoch_count}};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        if (counts[i].own == counts[i].found)
            continue;
        *a->expected_out = audit_text("%zu %s", counts[i].own, counts[i].what);
        *a->found_out = audit_text("%zu", counts[i].found);
        return false;
    }
    return true;
}

static bool contract_agrees(const struct agreed *a, size_t number)
{
    const struct naive_contract *own = naive_contract_at(a->own, number);
    const struct contract_version *found = &a->found->versions[number];
    struct hash digests[] = {rate_card_digest(&own->card), rate_card_digest(&found->card)};
    bool is_signed = own->state == NAIVE_CARD_SIGNED;
    return same_number(a, "state of contract", number, (int64_t)own->state,
                       (int64_t)found->state) &&
           same_number(a, "proposer of contract", number, own->proposer, found->proposer.v) &&
           same_number(a, "tariff of contract", number, own->tariff,
                       is_signed ? found->tariff : 0) &&
           same_number(a, "another end, in ms since 1970, of contract", number,
                       (int64_t)own->ended_ms, (int64_t)found->ended_ms) &&
           same_number(a, "another card of contract", number, false,
                       !hash_equal(&digests[0], &digests[1]));
}

static bool promotion_agrees(const struct agreed *a, size_t number)
{
    const struct naive_promotion *own = naive_promotion_at(a->own, number);
    const struct promotion_version *found = &a->found->promotions[number];
    const struct promotion *terms = &found->promotion;
    return same_number(a, "issuer of promotion", number, own->issuer, terms->issuer.v) &&
           same_number(a, "funder of promotion", number, own->funder, found->funder.v) &&
           same_number(a, "share of promotion", number, own->bp, terms->bp) &&
           same_number(a, "budget of promotion", number, own->budget, terms->budget.v) &&
           same_number(a, "beginning of promotion", number, (int64_t)own->from_ms,
                       (int64_t)terms->from_ms) &&
           same_number(a, "end of promotion", number, (int64_t)own->until_ms,
                       (int64_t)terms->until_ms) &&
           same_number(a, "basis points used of promotion", number, (int64_t)own->used,
                       (int64_t)found->used_bp);
}

static bool tariff_agrees(const struct agreed *a, size_t number)
{
    const struct naive_tariff *own = naive_tariff_at(a->own, number);
    const struct tariff *found = &a->found->tariffs[number];
    if (strcmp(own->currency, found->currency) == 0 &&
        strcmp(own->redemption_tax, found->redemption_tax) == 0 &&
        strcmp(own->fee_tax, found->fee_tax) == 0)
        return true;
    *a->expected_out = audit_text("tariff %zu: %s, %s, %s", number, own->currency,
                                  own->redemption_tax, own->fee_tax);
    *a->found_out =
        audit_text("%s, %s, %s", found->currency, found->redemption_tax, found->fee_tax);
    return false;
}

static bool epoch_agrees(const struct agreed *a, size_t number)
{
    return same_number(a, "beginning of epoch", number, (int64_t)naive_epoch_at(a->own, number),
                       (int64_t)a->found->epochs[number]);
}

static struct agreed agreed_of(const struct state *state, const struct naive *model,
                               struct audit_text *expected_out, struct audit_text *found_out)
{
    return (struct agreed){.found = state_contracts(state),
                           .own = model,
                           .expected_out = expected_out,
                           .found_out = found_out};
}

bool audit_last_contracts_agree(const struct state *state, const struct naive *model,
                                struct audit_text *expected_out, struct audit_text *found_out)
{
    struct agreed a = agreed_of(state, model, expected_out, found_out);
    return counts_agree(&a) && (a.found->count == 0 || contract_agrees(&a, a.found->count - 1)) &&
           (a.found->promotion_count == 0 || promotion_agrees(&a, a.found->promotion_count - 1)) &&
           tariff_agrees(&a, a.found->tariff_count - 1) &&
           epoch_agrees(&a, a.found->epoch_count - 1);
}

bool audit_contracts_agree(const struct state *state, const struct naive *model,
                           struct audit_text *expected_out, struct audit_text *found_out)
{
    struct agreed a = agreed_of(state, model, expected_out, found_out);
    bool same = counts_agree(&a);
    for (size_t i = 0; i < a.found->count && same; i++)
        same = contract_agrees(&a, i);
    for (size_t i = 0; i < a.found->promotion_count && same; i++)
        same = promotion_agrees(&a, i);
    for (size_t i = 0; i < a.found->tariff_count && same; i++)
        same = tariff_agrees(&a, i);
    for (size_t i = 0; i < a.found->epoch_count && same; i++)
        same = epoch_agrees(&a, i);
    return same;
}
