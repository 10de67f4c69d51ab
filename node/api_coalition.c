/* Reads about the coalition: who takes part, under which terms, who owes whom. */
#include "node/api_parts.h"
#include "node/period_text.h"
#include "partners/charter_contracts.h"

#include <stdlib.h>
#include <string.h>

static void put_rates(struct json_out *json, const struct charter *charter)
{
    json_open_object(json, "rates");
    json_put_money(json, "face", api_micro_money(charter->rates.face), 2);
    json_put_money(json, "reimbursement", api_micro_money(charter->rates.reimbursement), 2);
    json_put_money(json, "issue_fee", api_micro_money(charter->rates.issue_fee), 2);
    json_put_money(json, "redemption_fee", api_micro_money(charter->rates.redemption_fee), 2);
    json_close_object(json);
}

static const char *reversal_word(enum reversal_policy policy)
{
    switch (policy) {
    case REVERSAL_ONLY_PENDING:
        return "only_pending";
    case REVERSAL_WITHIN_BALANCE:
        return "within_balance";
    case REVERSAL_UNLIMITED:
        return "unlimited";
    }
    must(!"a reversal policy outside its list");
}

static void put_policy(struct json_out *json, const struct charter *charter)
{
    json_open_object(json, "policy");
    json_put_word(json, "reversal", reversal_word(charter->policy.reversal));
    json_put_int(json, "deficit_max", charter->policy.deficit_max.v);
    json_put_uint(json, "grace_days", charter->policy.grace_days);
    json_put_uint(json, "expire_days", charter->policy.expire_days);
    json_put_uint(json, "hold_default_ms", charter->policy.hold_default_ms);
    json_put_uint(json, "hold_max_ms", charter->policy.hold_max_ms);
    json_put_uint(json, "window_ms", charter->policy.window_ms);
    json_put_uint(json, "late_after_ms", charter->policy.late_after_ms);
    json_put_uint(json, "clock_bound_ms", charter->policy.clock_bound_ms);
    json_put_uint(json, "expiry_months", charter->policy.expiry_months);
    json_close_object(json);
}

void api_put_limits(struct json_out *json, const struct charter *charter)
{
    json_open_object(json, "limits");
    json_put_uint(json, "batch_bytes", charter->limits.batch_bytes);
    json_put_uint(json, "cut_bytes", charter->limits.cut_bytes);
    json_put_uint(json, "lane_cut_bytes", charter->limits.lane_cut_bytes);
    json_put_uint(json, "lane_day_bytes", charter->limits.lane_day_bytes);
    json_put_uint(json, "allocations", charter->limits.allocations);
    json_put_uint(json, "heartbeat_ms", charter->limits.heartbeat_ms);
    json_put_uint(json, "timeout_ms", charter->limits.timeout_ms);
    json_put_uint(json, "timeout_delta_ms", charter->limits.timeout_delta_ms);
    json_put_uint(json, "snapshot_records", charter->limits.snapshot_records);
    json_close_object(json);
}

static void put_node(struct api *api, struct json_out *json, uint16_t number)
{
    enum { HEARD_RECENTLY_MS = 10000 };
    const struct charter_node *node = &api->charter->nodes[number];
    const struct replica_status *status = api_status(api);
    uint64_t now = api_now(api), heard = status->heard_ms[number];
    bool self = number == api->config.self.v;
    json_open_object(json, NULL);
    json_put_word(json, "name", node->name);
    json_put_word(json, "partner", api_partner_name(api, node->partner));
    json_put_bool(json, "voter", node->voter && !node->left);
    json_put_bool(json, "joining", node->joining);
    json_put_bool(json, "suspended", node->suspended);
    json_put_bool(json, "left", node->left);
    json_put_word(json, "address", node->address);
    json_put_bool(json, "self", self);
    json_put_uint(json, "height", self ? status->height : status->peer_height[number]);
    if (self)
        json_put_uint(json, "heard_ago_ms", 0);
    else if (heard == 0)
        json_put_null(json, "heard_ago_ms");
    else
        json_put_uint(json, "heard_ago_ms", now > heard ? now - heard : 0);
    bool recent = heard != 0 && (now < heard || now - heard < HEARD_RECENTLY_MS);
    json_put_bool(
        json, "link",
        self || (api->config.link_up ? api->config.link_up(api->config.context, number) : recent));
    json_close_object(json);
}

static void put_where(struct api *api, struct json_out *json)
{
    const struct replica_status *status = api_status(api);
    char root[HASH_BASE64_SIZE + 1];
    base64_encode(hash_as_bytes(&status->root), root);
    json_put_uint(json, "height", status->height);
    json_put_uint(json, "records", status->records);
    json_put_uint(json, "final_size", status->final_size);
    json_put_word(json, "root", root);
    json_put_hex(json, "digest", hash_as_bytes(&status->digest));
    json_put_time(json, "ledger_time", replica_ledger_now_ms(api->config.replica, api_now(api)));
    json_put_bool(json, "quorum", status->has_quorum);
    json_put_bool(json, "may_sign", status->may_sign);
    json_put_bool(json, "stopped", status->stopped);
    json_put_uint(json, "waiting", status->mempool_count);
    json_put_uint(json, "undecided_batches", status->undecided_batches);
    json_put_uint(json, "outbox", status->outbox_count);
    json_put_uint(json, "members", state_member_count(api_state(api)));
}

/* What this node lacks of the log, and what it is doing about it. */
static void put_history(struct api *api, struct json_out *json)
{
    const struct replica_status *status = api_status(api);
    const struct replica_gap *gap = &status->gap;
    bool lacking = gap->snapshot.height > 0;
    json_open_object(json, "history");
    json_put_bool(json, "whole", !lacking && gap->pruned_height == 0);
    json_put_uint(json, "snapshot_height", gap->snapshot.height);
    json_put_uint(json, "fetched_height", lacking ? gap->here_height : 0);
    json_put_uint(json, "fetched_records", lacking ? gap->here_records : 0);
    json_put_uint(json, "wanted_records", lacking ? gap->records : 0);
    json_put_uint(json, "pruned_height", gap->pruned_height);
    json_put_uint(json, "pruned_records", gap->pruned_records);
    json_put_uint(json, "vouched_height", status->vouched_height);
    json_put_uint(json, "snapshot_pieces", status->fetched_pieces);
    json_put_uint(json, "snapshot_pieces_wanted", status->fetching_pieces);
    json_close_object(json);
}

void api_get_coalition(struct api_call *call)
{
    struct api *api = call->api;
    const struct charter *charter = api->charter;
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    json_put_word(&json, "name", charter->name);
    json_put_word(&json, "origin", charter->origin);
    json_put_hex(&json, "coalition", hash_as_bytes(&charter->coalition));
    json_put_bool(&json, "sandbox", charter->sandbox);
    json_put_word(&json, "currency", charter->currency);
    json_open_array(&json, "partners");
    for (size_t i = 0; i < charter->partner_count; i++)
        json_put_word(&json, NULL, charter->partners[i].name);
    json_close_array(&json);
    json_open_array(&json, "nodes");
    for (size_t i = 0; i < charter->node_count; i++)
        put_node(api, &json, (uint16_t)i);
    json_close_array(&json);
    put_rates(&json, charter);
    put_policy(&json, charter);
    api_put_limits(&json, charter);
    put_where(api, &json);
    put_history(api, &json);
    api_accounts_waiting_write(api, &json);
    api_risks_write(api, &json);
    json_put_word(&json, "node", api->config.name);
    json_put_word(&json, "standing", api_standing_word(api_standing(api)));
    json_put_word(&json, "partner", api_partner_name(api, api->partner));
    json_put_word(&json, "version", api->config.version);
    json_close_object(&json);
    api_respond_json(call, &body);
}

void api_get_charter(struct api_call *call)
{
    struct buffer body;
    buffer_init(&body, CHARTER_SIZE_MAX);
    buffer_append(&body, call->api->config.charter_bytes);
    api_respond_json(call, &body);
}

/* ---- settlement ----------------------------------------------------------------------------- */

/* Points behind an obligation are kept times basis points: a decimal with at most four places. */
void api_put_points_bp(struct json_out *json, const char *name, __int128 points_bp)
{
    json_put_money(json, name, (struct money){points_bp * 1000000}, 0);
}

/* One currency of a pair; its points stand with the charter's. */
static bool put_pair_in(struct api *api, struct json_out *json, struct partner_id debtor,
                        struct partner_id creditor, const char *currency)
{
    const struct state *state = api_state(api);
    const struct contracts *contracts = state_contracts(state);
    int digits = charter_minor_digits(api->charter, currency);
    bool own = strcmp(currency, api->charter->currency) == 0, any = false;
    __int128 points = own ? state_redeemed_bp(state, debtor, creditor) : 0;
    struct money by_class[LINE_CLASS_COUNT] = {{0}};
    for (size_t i = 0; i < LINE_CLASS_COUNT * contracts->tariff_count; i++) {
        size_t tariff = i / LINE_CLASS_COUNT, line_class = i % LINE_CLASS_COUNT;
        if (strcmp(contracts->tariffs[tariff].currency, currency) == 0)
            by_class[line_class].v += state_obligation(state, debtor, creditor,
                                                       (enum line_class)line_class, (uint8_t)tariff)
                                          .v;
    }
    for (size_t i = 0; i < LINE_CLASS_COUNT; i++)
        any = any || by_class[i].v != 0;
    if (!any && points == 0)
        return false;
    json_open_object(json, NULL);
    json_put_word(json, "debtor", api_partner_name(api, debtor));
    json_put_word(json, "creditor", api_partner_name(api, creditor));
    json_put_word(json, "currency", currency);
    if (own)
        api_put_points_bp(json, "points", points);
    else
        json_put_null(json, "points");
    json_put_money(json, "open", settlement_open(state, debtor, creditor, currency), digits);
    json_put_money(json, "rounded", settlement_rounded(state, debtor, creditor, currency), digits);
    json_open_object(json, "classes");
    for (size_t i = 0; i < LINE_CLASS_COUNT; i++)
        if (by_class[i].v != 0)
            json_put_money(json, line_class_word((enum line_class)i), by_class[i], digits);
    json_close_object(json);
    json_close_object(json);
    return true;
}

/* Of each currency; *used_out tells which there were. */
static void put_obligations(struct api *api, struct json_out *json,
                            const struct charter_line_rules *rules,
                            bool used_out[1 + CHARTER_CURRENCIES_MAX])
{
    uint16_t count = (uint16_t)state_charter(api_state(api))->partner_count;
    json_open_array(json, "obligations");
    for (uint16_t d = 0; d < count; d++)
        for (uint16_t c = 0; c < count; c++)
            for (size_t i = 0; c != d && i < rules->rules.currency_count; i++)
                if (put_pair_in(api, json, (struct partner_id){d}, (struct partner_id){c},
                                rules->currencies[i].code))
                    used_out[i] = true;
    json_close_array(json);
}

static void put_nets(struct api *api, struct json_out *json, const struct currency_rule *currency)
{
    const struct state *state = api_state(api);
    for (uint16_t p = 0; p < state_charter(state)->partner_count; p++) {
        struct partner_id partner = {p};
        json_open_object(json, NULL);
        json_put_word(json, "partner", api_partner_name(api, partner));
        json_put_word(json, "currency", currency->code);
        json_put_money(json, "open", settlement_net(state, partner, currency->code, false),
                       currency->minor_digits);
        json_put_money(json, "rounded", settlement_net(state, partner, currency->code, true),
                       currency->minor_digits);
        json_close_object(json);
    }
}

static void put_payments(struct api *api, struct json_out *json,
                         const struct currency_rule *currency)
{
    const struct charter *charter = state_charter(api_state(api));
    struct payment *payments = allocate(charter->partner_count, sizeof(*payments));
    size_t count = settlement_payments(api_state(api), currency->code, payments);
    for (size_t i = 0; i < count; i++) {
        json_open_object(json, NULL);
        json_put_word(json, "from", api_partner_name(api, payments[i].from));
        json_put_word(json, "to", api_partner_name(api, payments[i].to));
        json_put_word(json, "currency", currency->code);
        json_put_money(json, "amount", payments[i].amount, currency->minor_digits);
        json_close_object(json);
    }
    free(payments);
}

/* What is told here is of it alone; those that have ended are at /v1/periods. */
static void put_open_period(const struct api *api, struct json_out *json)
{
    const struct periods *periods = state_periods(api_state(api));
    char name[PERIOD_TEXT_SIZE];
    if (!periods->begun) {
        json_put_null(json, "period");
        return;
    }
    period_text(api->charter, periods->open, name);
    json_put_word(json, "period", name);
}

void api_get_settlement(struct api_call *call)
{
    struct api *api = call->api;
    const struct charter *charter = state_charter(api_state(api));
    struct charter_line_rules rules;
    bool used[1 + CHARTER_CURRENCIES_MAX] = {false};
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    charter_line_rules(charter, &rules);
    json_open_object(&json, NULL);
    json_put_word(&json, "currency", charter->currency);
    json_put_bool(&json, "sandbox", charter->sandbox);
    put_open_period(api, &json);
    put_obligations(api, &json, &rules, used);
    json_open_array(&json, "nets");
    for (size_t i = 0; i < rules.rules.currency_count; i++)
        if (used[i] || strcmp(rules.currencies[i].code, charter->currency) == 0)
            put_nets(api, &json, &rules.currencies[i]);
    json_close_array(&json);
    json_open_array(&json, "payments");
    for (size_t i = 0; i < rules.rules.currency_count; i++)
        if (used[i])
            put_payments(api, &json, &rules.currencies[i]);
    json_close_array(&json);
    json_put_uint(&json, "height", api_status(api)->height);
    json_put_uint(&json, "records", api_status(api)->records);
    json_close_object(&json);
    api_respond_json(call, &body);
}
