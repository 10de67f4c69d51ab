/* Reads about the coalition: who takes part, under which terms, who owes whom. */
#include "node/api_parts.h"
#include "node/period_text.h"
#include "partners/settlement.h"

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
    api_defaults_write(api, &json);
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

struct obligations_out { /* a list under way */
    struct api *api;
    struct json_out *json;
    const struct settlement *settlement;
};

/* One currency of a pair; its points stand with the charter's. */
static void put_pair(void *context, const struct settlement_pair *pair)
{
    const struct obligations_out *out = context;
    const struct currency_rule *currency = &out->settlement->rules.currencies[pair->currency];
    struct json_out *json = out->json;
    json_open_object(json, NULL);
    json_put_word(json, "debtor", api_partner_name(out->api, pair->debtor));
    json_put_word(json, "creditor", api_partner_name(out->api, pair->creditor));
    json_put_word(json, "currency", currency->code);
    if (strcmp(currency->code, out->api->charter->currency) == 0)
        api_put_points_bp(json, "points", pair->points_bp);
    else
        json_put_null(json, "points");
    json_put_money(json, "open", pair->open, currency->minor_digits);
    json_put_money(json, "rounded", pair->rounded, currency->minor_digits);
    json_open_object(json, "classes");
    for (size_t i = 0; i < LINE_CLASS_COUNT; i++)
        if (pair->by_class[i].v != 0)
            json_put_money(json, line_class_word((enum line_class)i), pair->by_class[i],
                           currency->minor_digits);
    json_close_object(json);
    json_close_object(json);
}

static void put_nets(struct api *api, struct json_out *json, const struct settlement *settlement,
                     size_t place)
{
    const struct currency_rule *currency = &settlement->rules.currencies[place];
    const struct money *open = settlement_nets(settlement, place, false);
    const struct money *rounded = settlement_nets(settlement, place, true);
    for (uint16_t p = 0; p < settlement->partner_count; p++) {
        json_open_object(json, NULL);
        json_put_word(json, "partner", api_partner_name(api, (struct partner_id){p}));
        json_put_word(json, "currency", currency->code);
        json_put_money(json, "open", open[p], currency->minor_digits);
        json_put_money(json, "rounded", rounded[p], currency->minor_digits);
        json_close_object(json);
    }
}

static void put_payments(struct api *api, struct json_out *json,
                         const struct settlement *settlement, size_t place)
{
    const struct currency_rule *currency = &settlement->rules.currencies[place];
    struct payment *payments = allocate(settlement->partner_count, sizeof(*payments));
    size_t count = settlement_payments(settlement, state_charter(api_state(api)), place, payments);
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

/* Obligations, nets and payments. */
static void put_settlement(struct api *api, struct json_out *json)
{
    struct settlement settlement;
    struct obligations_out out = {.api = api, .json = json, .settlement = &settlement};
    const struct charter *charter = state_charter(api_state(api));
    json_open_array(json, "obligations");
    settlement_make(api_state(api), put_pair, &out, &settlement);
    json_close_array(json);
    size_t own = settlement_currency(&settlement, charter->currency);
    json_open_array(json, "nets");
    for (size_t i = 0; i < settlement.rules.rules.currency_count; i++)
        if (settlement.used[i] || i == own)
            put_nets(api, json, &settlement, i);
    json_close_array(json);
    json_open_array(json, "payments");
    for (size_t i = 0; i < settlement.rules.rules.currency_count; i++)
        if (settlement.used[i])
            put_payments(api, json, &settlement, i);
    json_close_array(json);
    settlement_release(&settlement);
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
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    json_put_word(&json, "currency", charter->currency);
    json_put_bool(&json, "sandbox", charter->sandbox);
    put_open_period(api, &json);
    put_settlement(api, &json);
    json_put_uint(&json, "height", api_status(api)->height);
    json_put_uint(&json, "records", api_status(api)->records);
    json_close_object(&json);
    api_respond_json(call, &body);
}
