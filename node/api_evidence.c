/* Evidence that nodes lied (protocol/evidence.h), as this node keeps it. */
#include "node/api_parts.h"

static void put_place(struct json_out *json, enum evidence_kind kind, struct evidence_place place)
{
    switch (kind) {
    case EVIDENCE_PROPOSALS:
    case EVIDENCE_PREVOTES:
    case EVIDENCE_PRECOMMITS:
    case EVIDENCE_AMNESIA:
        json_put_uint(json, "height", place.number);
        json_put_int(json, "round", place.round);
        return;
    case EVIDENCE_BATCHES:
        json_put_uint(json, "sequence", place.number);
        return;
    case EVIDENCE_COSIGNATURES:
        json_put_uint(json, "size", place.number);
        return;
    }
}

/* Nothing of what is on no ledger. */
static void put_suspended(struct json_out *json, const struct api_suspensions *suspensions,
                          const struct hash *evidence)
{
    for (size_t i = 0; i < suspensions->count; i++)
        if (hash_equal(&suspensions->at[i].evidence, evidence))
            json_put_uint(json, "suspended_from", suspensions->at[i].from_height);
}

static const struct evidence_kept *find(const struct replica *replica, const struct hash *id)
{
    for (size_t i = 0; i < replica_evidence_count(replica); i++)
        if (hash_equal(&replica_evidence(replica, i)->id, id))
            return replica_evidence(replica, i);
    return NULL;
}

/* What a quorum put on the ledger where this node keeps another piece about the same place. */
static void put_decided(struct json_out *json, const struct charter *charter,
                        const struct api_suspension *item)
{
    struct evidence evidence;
    if (!evidence_decode(bytes_of(item->bytes, item->size), &evidence, NULL))
        return;
    json_open_object(json, NULL);
    json_put_hex(json, "hash", hash_as_bytes(&item->evidence));
    json_put_word(json, "kind", evidence_word(evidence.kind));
    json_put_word(json, "node", charter->nodes[item->node.v].name);
    put_place(json, evidence.kind, evidence_place(&evidence));
    json_put_time(json, "first_seen", item->time_ms);
    json_put_uint(json, "suspended_from", item->from_height);
    json_close_object(json);
}

void api_get_evidence_list(struct api_call *call)
{
    const struct replica *replica = call->api->config.replica;
    const struct charter *charter = call->api->charter;
    struct api_suspensions suspensions;
    struct buffer body;
    struct json_out json;
    api_suspensions(call->api, &suspensions);
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    json_open_array(&json, "evidence");
    for (size_t i = 0; i < replica_evidence_count(replica); i++) {
        const struct evidence_kept *kept = replica_evidence(replica, i);
        json_open_object(&json, NULL);
        json_put_hex(&json, "hash", hash_as_bytes(&kept->id));
        json_put_word(&json, "kind", evidence_word(kept->kind));
        json_put_word(&json, "node", charter->nodes[kept->node.v].name);
        put_place(&json, kept->kind, kept->place);
        json_put_time(&json, "first_seen", kept->seen_ms);
        put_suspended(&json, &suspensions, &kept->id);
        json_close_object(&json);
    }
    for (size_t i = 0; i < suspensions.count; i++)
        if (!find(replica, &suspensions.at[i].evidence))
            put_decided(&json, charter, &suspensions.at[i]);
    json_close_array(&json);
    json_close_object(&json);
    api_respond_json(call, &body);
}

/* The bytes of what is kept, or of what is on the ledger; false: neither is of that hash. */
static bool bytes_by_hash(const struct api *api, const struct hash *id, struct buffer *out)
{
    struct api_suspensions suspensions;
    const struct evidence_kept *kept = find(api->config.replica, id);
    if (kept) {
        buffer_append(out, bytes_of(kept->bytes, kept->size));
        return true;
    }
    api_suspensions(api, &suspensions);
    for (size_t i = 0; i < suspensions.count; i++)
        if (suspensions.at[i].size > 0 && hash_equal(&suspensions.at[i].evidence, id)) {
            buffer_append(out, bytes_of(suspensions.at[i].bytes, suspensions.at[i].size));
            return true;
        }
    return false;
}

void api_get_evidence(struct api_call *call)
{
    struct hash id;
    struct api_response response;
    api_response_init(&response, 200, "application/cbor");
    if (!hex_decode(bytes_text(call->arguments[0]), id.at, HASH_SIZE) ||
        !bytes_by_hash(call->api, &id, &response.body)) {
        buffer_release(&response.body);
        api_refuse(call, PROBLEM_NOT_FOUND,
                   "This node keeps no evidence of that hash: /v1/evidence lists what it has.");
        return;
    }
    response.cache_control = "private, max-age=31536000, immutable";
    api_respond_tagged(call, &response);
}
