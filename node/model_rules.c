#include "node/model_rules.h"

#include <string.h>

static void put_names(struct naive_rules *rules, const struct charter *charter)
{
    rules->partner_count = charter->partner_count;
    rules->partners = allocate(charter->partner_count, sizeof(*rules->partners));
    for (size_t i = 0; i < charter->partner_count; i++)
        memcpy(rules->partners[i], charter->partners[i].name, sizeof(charter->partners[i].name));
    rules->lane_count = charter->node_count;
    rules->lane_partner = (uint16_t *)allocate(charter->node_count, sizeof(*rules->lane_partner));
    for (size_t i = 0; i < charter->node_count; i++)
        rules->lane_partner[i] = charter->nodes[i].partner.v;
    rules->operator_number = charter->has_operator ? charter->operator_id.v : -1;
}

static void put_lists(struct naive_rules *rules, const struct charter *charter)
{
    size_t zones = charter->transition_count;
    rules->zone_count = zones ? zones : 1;
    rules->zones = (struct naive_zone *)allocate(rules->zone_count, sizeof(*rules->zones));
    for (size_t i = 0; i < zones; i++)
        rules->zones[i] = (struct naive_zone){charter->transitions[i].from_ms,
                                              (int64_t)charter->transitions[i].offset_s * 1000};
    rules->joint_count = charter->joint_funding_count;
    rules->joint = (struct naive_joint *)allocate(rules->joint_count + 1, sizeof(*rules->joint));
    for (size_t i = 0; i < rules->joint_count; i++)
        rules->joint[i] = (struct naive_joint){charter->joint_funding[i].issuer.v,
                                               charter->joint_funding[i].funder.v,
                                               charter->joint_funding[i].budget.v};
}

static enum naive_reversal reversal_of(enum reversal_policy policy)
{
    switch (policy) {
    case REVERSAL_ONLY_PENDING:
        return NAIVE_ONLY_PENDING;
    case REVERSAL_WITHIN_BALANCE:
        return NAIVE_WITHIN_BALANCE;
    case REVERSAL_UNLIMITED:
        break;
    }
    return NAIVE_UNLIMITED;
}

struct naive_rules model_rules(const struct charter *charter)
{
    struct naive_rules rules = {.sandbox = charter->sandbox,
                                .sandbox_start_ms = charter->sandbox_start_ms,
                                .face = charter->rates.face.v,
                                .reimbursement = charter->rates.reimbursement.v,
                                .issue_fee = charter->rates.issue_fee.v,
                                .redemption_fee = charter->rates.redemption_fee.v,
                                .reversal = reversal_of(charter->policy.reversal),
                                .deficit_max = charter->policy.deficit_max.v,
                                .grace_days = charter->policy.grace_days,
                                .expire_days = charter->policy.expire_days,
                                .allocations = charter->limits.allocations,
                                .hold_default_ms = charter->policy.hold_default_ms,
                                .hold_max_ms = charter->policy.hold_max_ms,
                                .window_ms = charter->policy.window_ms,
                                .late_after_ms = charter->policy.late_after_ms,
                                .clock_bound_ms = charter->policy.clock_bound_ms};
    put_names(&rules, charter);
    put_lists(&rules, charter);
    return rules;
}
