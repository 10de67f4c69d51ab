#include "node/model_rules.h"

#include "crypto/policy.h"
#include "partners/charter_limits.h"

#include <string.h>

#define DAY_MS UINT64_C(86400000)

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

static enum naive_every every_of(enum period_kind kind)
{
    switch (kind) {
    case PERIOD_MONTH:
        return NAIVE_MONTHS;
    case PERIOD_WEEK:
        return NAIVE_WEEKS;
    case PERIOD_DAY:
        break;
    }
    return NAIVE_DAYS;
}

static void put_taxes(struct naive_settlement *out, const struct charter *charter)
{
    size_t taxes = charter->settlement.tax_count;
    out->taxes = (struct naive_tax *)allocate(taxes + 1, sizeof(*out->taxes));
    out->tax_count = taxes;
    for (size_t i = 0; i < taxes; i++) {
        memcpy(out->taxes[i].code, charter->settlement.taxes[i].code, TAX_CODE_SIZE);
        out->taxes[i].rate_bp = charter->settlement.taxes[i].rate_bp;
    }
    memcpy(out->fee_tax, charter->settlement.fee_tax, TAX_CODE_SIZE);
    memcpy(out->other_tax, charter->settlement.redemption_tax, TAX_CODE_SIZE);
}

static void put_currencies(struct naive_settlement *out, const struct charter *charter)
{
    size_t others = charter->contracts.currency_count;
    out->currency_count = others + 1;
    out->currencies =
        (struct naive_currency *)allocate(out->currency_count, sizeof(*out->currencies));
    memcpy(out->currencies[0].code, charter->currency, CURRENCY_SIZE);
    out->currencies[0].minor_digits = charter->minor_digits;
    out->currencies[0].rate = 1000000;
    for (size_t i = 0; i < others; i++) {
        const struct charter_currency *other = &charter->contracts.currencies[i];
        memcpy(out->currencies[i + 1].code, other->code, CURRENCY_SIZE);
        out->currencies[i + 1].minor_digits = other->minor_digits;
        out->currencies[i + 1].rate = other->collateral_rate.v;
    }
}

static enum naive_on_default on_default_of(enum on_default how)
{
    switch (how) {
    case DEFAULT_RING_FENCE:
        return NAIVE_RING_FENCE;
    case DEFAULT_FUND:
        return NAIVE_FUND;
    case DEFAULT_MUTUALISE:
        break;
    }
    return NAIVE_MUTUALISE;
}

static void put_settlement(struct naive_settlement *out, const struct charter *charter)
{
    size_t holidays = charter->settlement.holiday_count;
    out->every = every_of(charter->settlement.every);
    out->propose_days = charter->settlement.propose_days;
    out->answer_days = charter->settlement.answer_days;
    out->pay_days = charter->settlement.pay_days;
    for (int i = 0; i < 7; i++)
        out->rests[i] = charter->settlement.rest_days >> i & 1;
    out->holidays = (int64_t *)allocate(holidays + 1, sizeof(*out->holidays));
    out->holiday_count = holidays;
    for (size_t i = 0; i < holidays; i++)
        out->holidays[i] = charter->settlement.holidays[i];
    out->account_days = charter->settlement.account_days;
    out->dispute_days = charter->settlement.dispute_days;
    out->default_days = charter->settlement.default_days;
    out->on_default = on_default_of(charter->settlement.on_default);
    put_taxes(out, charter);
    put_currencies(out, charter);
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

static void put_coalition(struct naive_coalition *coalition, const struct charter *charter)
{
    coalition->partner_count = charter->partner_count;
    coalition->partners =
        (struct naive_partner *)allocate(charter->partner_count, sizeof(*coalition->partners));
    for (size_t i = 0; i < charter->partner_count; i++) {
        memcpy(coalition->partners[i].name, charter->partners[i].name,
               sizeof(charter->partners[i].name));
        coalition->partners[i].key = charter->partners[i].governance_key;
    }
    coalition->node_count = charter->node_count;
    coalition->nodes =
        (struct naive_node *)allocate(charter->node_count, sizeof(*coalition->nodes));
    for (size_t i = 0; i < charter->node_count; i++) {
        const struct charter_node *from = &charter->nodes[i];
        struct naive_node *node = &coalition->nodes[i];
        *node = (struct naive_node){.partner = from->partner.v,
                                    .voter = from->voter,
                                    .sign = from->sign_key,
                                    .log = from->log_key.key,
                                    .cosigner = from->cosigner_key.key};
        memcpy(node->name, from->name, sizeof(from->name));
        memcpy(node->address, from->address, sizeof(from->address));
        memcpy(node->point, from->transport_key, sizeof(from->transport_key));
    }
    for (int i = 1; i <= LIMIT_NUMBER_MAX; i++)
        coalition->limits[i] = charter_limit(charter, (enum limit_number)i);
}

static void put_policy(struct naive_policy *out, const char *text)
{
    struct policy policy;
    must(policy_parse(bytes_text(text), &policy, NULL)); /* as the charter's reader has */
    must(policy.witness_count <= NAIVE_WITNESSES && policy.group_count <= NAIVE_GROUPS);
    out->witness_count = policy.witness_count;
    out->group_count = policy.group_count;
    for (size_t i = 0; i < policy.witness_count; i++) {
        memcpy(out->witnesses[i].name, policy.witnesses[i].name, NAIVE_TEXT);
        memcpy(out->witnesses[i].key_name, policy.witness_keys[i].name, NAIVE_TEXT);
        out->witnesses[i].key = policy.witness_keys[i].key;
    }
    for (size_t i = 0; i < policy.group_count; i++) {
        memcpy(out->groups[i].name, policy.groups[i].name, NAIVE_TEXT);
        out->groups[i].threshold = policy.groups[i].threshold;
        for (size_t j = 0; j < NAIVE_WITNESSES; j++)
            out->groups[i].has_witness[j] = policy.groups[i].witnesses >> j & 1;
        for (size_t j = 0; j < NAIVE_GROUPS; j++)
            out->groups[i].has_group[j] = policy.groups[i].groups >> j & 1;
    }
    out->quorum_is_group = policy.quorum == POLICY_ONE_GROUP;
    out->quorum = policy.quorum_index;
    policy_release(&policy);
}

static void put_founding(struct naive_founding *founding, const struct charter *charter)
{
    founding->coalition = charter->coalition;
    memcpy(founding->origin, charter->origin, sizeof(charter->origin));
    founding->two_voters = charter->two_voters_accepted;
    founding->operator_number = charter->has_operator ? charter->operator_id.v : -1;
}

_Static_assert(CHARTER_NAME_MAX + 1 == 64 && NOTE_NAME_MAX + 1 == NAIVE_TEXT &&
                   POLICY_NAME_MAX + 1 == NAIVE_TEXT && CHARTER_URL_MAX + 1 == NAIVE_TEXT &&
                   (int)TAX_CODE_SIZE <= (int)NAIVE_TAX_CODE,
               "the model's texts have room for the charter's");

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
                                .clock_bound_ms = charter->policy.clock_bound_ms,
                                .contracts_required = charter->contracts.required,
                                .notice_ms = charter->contracts.notice_days * DAY_MS};
    put_names(&rules, charter);
    put_lists(&rules, charter);
    put_settlement(&rules.settlement, charter);
    rules.risk.on = charter->risk.on;
    rules.risk.floor = charter->risk.floor.v;
    rules.risk.breakage_bp = charter->risk.breakage_bp;
    rules.risk.haircut_bp = charter->risk.haircut_bp;
    rules.risk.alert_bp = charter->risk.alert_bp;
    rules.risk.prepaid_bp = charter->risk.prepaid_bp;
    rules.risk.refuse_bp = charter->risk.refuse_bp;
    put_founding(&rules.founding, charter);
    rules.coalition = (struct naive_coalition *)allocate(1, sizeof(*rules.coalition));
    put_coalition(rules.coalition, charter);
    put_policy(&rules.coalition->policy, charter->tlog_policy);
    return rules;
}
