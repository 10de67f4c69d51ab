#include "partners/charter_write.h"

#include "crypto/policy.h"
#include "partners/charter_contracts.h"
#include "partners/charter_limits.h"
#include "partners/charter_policy.h"
#include "partners/charter_risk.h"
#include "partners/charter_settlement.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_MS    UINT64_C(86400000)
#define SECOND_MS UINT64_C(1000)

static void put(json_t *object, const char *name, json_t *value)
{
    must(value && json_object_set_new(object, name, value) == 0);
}

static void put_number(json_t *object, const char *name, uint64_t value)
{
    put(object, name, json_integer((json_int_t)value));
}

static void put_base64(json_t *object, const char *name, const uint8_t *at, size_t size)
{
    char text[BASE64_SIZE(TRANSPORT_KEY_SIZE) + 1];
    must(size <= TRANSPORT_KEY_SIZE);
    base64_encode(bytes_of(at, size), text);
    put(object, name, json_string(text));
}

static void put_note_key(json_t *object, const char *name, const struct note_key *key)
{
    struct buffer text;
    buffer_init(&text, NOTE_NAME_MAX + 80);
    note_key_format(key, &text);
    put(object, name, json_string(buffer_text(&text)));
    buffer_release(&text);
}

static json_t *time_text(uint64_t time_ms)
{
    char text[CHARTER_TIME_SIZE];
    charter_time_format(time_ms, text);
    return json_string(text);
}

static void put_price(json_t *object, const char *name, struct micro price)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%" PRId64 ".%06" PRId64, price.v / 1000000,
                   price.v % 1000000);
    put(object, name, json_string(text));
}

const char *reversal_policy_word(enum reversal_policy policy)
{
    switch (policy) {
    case REVERSAL_ONLY_PENDING:
        return "only_pending";
    case REVERSAL_WITHIN_BALANCE:
        return "within_balance";
    case REVERSAL_UNLIMITED:
        return "unlimited";
    }
    return "";
}

static json_t *zone_json(const struct charter *charter)
{
    json_t *zone = json_object(), *transitions = json_array();
    for (size_t i = 0; i < charter->transition_count; i++) {
        json_t *pair = json_array();
        must(json_array_append_new(pair, time_text(charter->transitions[i].from_ms)) == 0);
        must(json_array_append_new(pair, json_integer(charter->transitions[i].offset_s)) == 0);
        must(json_array_append_new(transitions, pair) == 0);
    }
    put(zone, "name", json_string(charter->zone));
    put(zone, "transitions", transitions);
    return zone;
}

static json_t *partners_json(const struct charter *charter)
{
    json_t *array = json_array();
    for (size_t i = 0; i < charter->partner_count; i++) {
        const struct charter_partner *partner = &charter->partners[i];
        json_t *object = json_object();
        put(object, "name", json_string(partner->name));
        if (partner->is_operator)
            put(object, "operator", json_true());
        put_base64(object, "governance_key", partner->governance_key.at, PUBLIC_KEY_SIZE);
        must(json_array_append_new(array, object) == 0);
    }
    return array;
}

static json_t *node_json(const struct charter *charter, const struct charter_node *node)
{
    json_t *object = json_object();
    put(object, "name", json_string(node->name));
    put(object, "partner", json_string(charter->partners[node->partner.v].name));
    put(object, "voter", json_boolean(node->voter));
    put_base64(object, "sign_key", node->sign_key.at, PUBLIC_KEY_SIZE);
    put_base64(object, "transport_key", node->transport_key, TRANSPORT_KEY_SIZE);
    put_base64(object, "transport_signature", node->transport_signature.at, SIGNATURE_SIZE);
    put_note_key(object, "log_key", &node->log_key);
    put_note_key(object, "cosigner_key", &node->cosigner_key);
    put(object, "address", json_string(node->address));
    return object;
}

static json_t *nodes_json(const struct charter *charter)
{
    json_t *array = json_array();
    for (size_t i = 0; i < charter->node_count; i++)
        must(json_array_append_new(array, node_json(charter, &charter->nodes[i])) == 0);
    return array;
}

static json_t *joint_json(const struct charter *charter)
{
    json_t *array = json_array();
    for (size_t i = 0; i < charter->joint_funding_count; i++) {
        const struct joint_funding *entry = &charter->joint_funding[i];
        json_t *object = json_object();
        put(object, "issuer", json_string(charter->partners[entry->issuer.v].name));
        put(object, "funder", json_string(charter->partners[entry->funder.v].name));
        put_number(object, "budget", (uint64_t)entry->budget.v);
        must(json_array_append_new(array, object) == 0);
    }
    return array;
}

static json_t *rates_json(const struct charter *charter)
{
    json_t *object = json_object();
    put_price(object, "face", charter->rates.face);
    put_price(object, "reimbursement", charter->rates.reimbursement);
    put_price(object, "issue_fee", charter->rates.issue_fee);
    put_price(object, "redemption_fee", charter->rates.redemption_fee);
    return object;
}

static json_t *policy_json(const struct charter *charter)
{
    json_t *object = json_object();
    put(object, "reversal", json_string(reversal_policy_word(charter->policy.reversal)));
    put_number(object, "deficit_max", (uint64_t)charter->policy.deficit_max.v);
    put_number(object, "grace_days", charter->policy.grace_days);
    put_number(object, "expire_days", charter->policy.expire_days);
    put_number(object, "hold_default_s", charter->policy.hold_default_ms / SECOND_MS);
    put_number(object, "hold_max_s", charter->policy.hold_max_ms / SECOND_MS);
    put_number(object, "idempotency_days", charter->policy.window_ms / DAY_MS);
    put_number(object, "late_after_s", charter->policy.late_after_ms / SECOND_MS);
    put_number(object, "clock_bound_s", charter->policy.clock_bound_ms / SECOND_MS);
    put_number(object, "expiry_months", charter->policy.expiry_months);
    return object;
}

static json_t *limits_json(const struct charter *charter)
{
    json_t *object = json_object();
#define X(name, number, word) put_number(object, word, charter_limit(charter, name));
    CHARTER_LIMITS(X)
#undef X
    return object;
}

static json_t *tlog_policy_json(const struct charter *charter)
{
    struct buffer text;
    if (charter->tlog_policy)
        return json_string(charter->tlog_policy);
    buffer_init(&text, POLICY_SIZE_MAX);
    charter_policy_format(charter, &text);
    json_t *json = json_string(buffer_text(&text));
    buffer_release(&text);
    return json;
}

static json_t *charter_json(const struct charter *charter)
{
    char nonce[HASH_HEX_SIZE + 1];
    json_t *root = json_object();
    hex_encode(bytes_of(charter->nonce, HASH_SIZE), nonce);
    put_number(root, "version", FORMAT_VERSION);
    put(root, "name", json_string(charter->name));
    put(root, "origin", json_string(charter->origin));
    put(root, "nonce", json_string(nonce));
    put(root, "currency", json_string(charter->currency));
    put_number(root, "minor_digits", (uint64_t)charter->minor_digits);
    if (charter->sandbox) {
        json_t *sandbox = json_object();
        put(sandbox, "start", time_text(charter->sandbox_start_ms));
        put(root, "sandbox", sandbox);
    }
    if (charter->transition_count > 0)
        put(root, "zone", zone_json(charter));
    if (charter->log_public)
        put(root, "log_public", json_true());
    if (charter->two_voters_accepted)
        put(root, "accept_two_voters", json_true());
    put(root, "partners", partners_json(charter));
    put(root, "nodes", nodes_json(charter));
    put(root, "tlog_policy", tlog_policy_json(charter));
    if (charter->joint_funding_count > 0)
        put(root, "joint_funding", joint_json(charter));
    put(root, "rates", rates_json(charter));
    put(root, "policy", policy_json(charter));
    put(root, "limits", limits_json(charter));
    put(root, "settlement", charter_settlement_json(charter));
    json_t *contracts = charter_contracts_json(charter);
    if (contracts)
        put(root, "contracts", contracts);
    json_t *risk = charter_risk_json(charter);
    if (risk)
        put(root, "risk", risk);
    return root;
}

void charter_format(const struct charter *charter, struct buffer *json_out)
{
    json_t *root = charter_json(charter);
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    must(text != NULL);
    buffer_append_text(json_out, text);
    buffer_append_text(json_out, "\n");
    free(text);
    json_decref(root);
}
