/* Who takes part: the charter in force, what is on its way, and what a node may do. */
#include "node/api_parts.h"
#include "node/motion_words.h"

#include "protocol/codec.h"
#include "protocol/cut.h"
#include "protocol/vote.h"

#include <stdio.h>
#include <string.h>

enum { SUSPENSION_DELAY = 2 }; /* heights from the evidence to what follows */

/* ---- what this node may do ------------------------------------------------------------------ */

enum replica_standing api_standing(const struct api *api)
{
    return replica_standing(api->config.replica);
}

const char *api_standing_word(enum replica_standing standing)
{
    switch (standing) {
    case REPLICA_WRITES:
        return "member";
    case REPLICA_GUEST:
        return "guest";
    case REPLICA_SUSPENDED:
        return "suspended";
    case REPLICA_OTHER_KEY:
        return "keys-replaced";
    case REPLICA_LEFT:
        return "left";
    }
    must(!"a standing outside its list");
}

static enum problem_code problem_of(enum replica_standing standing)
{
    switch (standing) {
    case REPLICA_GUEST:
        return PROBLEM_JOINING;
    case REPLICA_SUSPENDED:
        return PROBLEM_SUSPENDED;
    case REPLICA_LEFT:
        return PROBLEM_LEFT;
    case REPLICA_WRITES: /* but its log key is not the coalition's */
    case REPLICA_OTHER_KEY:
        return PROBLEM_KEYS_REPLACED;
    }
    must(!"a standing outside its list");
}

static const char *what_to_do(enum replica_standing standing)
{
    switch (standing) {
    case REPLICA_GUEST:
        return "It follows the ledger and may write once a ballot has admitted it: ask another "
               "node until then.";
    case REPLICA_SUSPENDED:
        return "Evidence that its key signed two things that exclude each other is on the ledger: "
               "nothing was written, and nothing will be under this key. Send it to another node "
               "of the same partner under the same idempotency key; 'accrue evidence list' shows "
               "the evidence, and a motion replace-keys lets the node in again.";
    case REPLICA_LEFT:
        return "The coalition has removed it: nothing was written. What it has of the ledger can "
               "still be read here.";
    case REPLICA_WRITES:
    case REPLICA_OTHER_KEY:
        return "The coalition has agreed to other keys for this node than it holds: put those into "
               "its folder of next keys, and it goes on by itself. Ask another node until then.";
    }
    must(!"a standing outside its list");
}

void api_standing_problem(enum replica_standing standing, struct problem *problem_out)
{
    problem_init(problem_out, problem_of(standing));
    (void)snprintf(problem_out->detail, sizeof(problem_out->detail), "%s", what_to_do(standing));
    if (problem_status(problem_out) == 503)
        problem_out->retry_after_s = 10;
}

void api_refuse_standing(struct api_call *call, enum replica_standing standing)
{
    struct problem problem;
    api_standing_problem(standing, &problem);
    api_respond_problem(call, &problem);
}

/* ---- the policy ----------------------------------------------------------------------------- */

void api_get_policy(struct api_call *call)
{
    struct api_response response;
    api_response_init(&response, 200, "text/plain; charset=utf-8");
    response.cache_control = "private, no-cache";
    buffer_append_text(&response.body, call->api->charter->tlog_policy);
    api_respond_tagged(call, &response);
}

/* ---- evidence on the ledger ------------------------------------------------------------------ */

/* The cut of a height, from its proof; it borrows from `proof`. */
static bool read_cut(const struct replica *replica, uint64_t height, struct buffer *proof,
                     struct cut *cut_out)
{
    struct codec_reader reader;
    struct certificate certificate;
    buffer_clear(proof);
    if (!replica_height_proof(replica, height, proof, NULL))
        return false;
    codec_reader_init(&reader, buffer_bytes(proof));
    codec_get_array(&reader, 6, 6);
    codec_get_uint(&reader, UINT16_MAX);
    codec_get_uint(&reader, INT64_MAX);
    codec_get_uint(&reader, INT64_MAX);
    certificate_get(&reader, &certificate);
    struct bytes cut = codec_get_bytes(&reader, 1, CUT_SIZE_MAX);
    return !reader.failed && cut_decode(cut, cut_out, NULL);
}

static bool is_suspended_by(const struct charter *before, const struct charter *after, size_t node)
{
    return node < before->node_count && after->nodes[node].suspended &&
           !before->nodes[node].suspended;
}

/* What the charters say without the cut. */
static void take_untold(const struct charter *before, const struct charter *after,
                        struct api_suspensions *out)
{
    for (uint16_t i = 0; i < before->node_count && out->count < API_SUSPENSIONS_MAX; i++)
        if (is_suspended_by(before, after, i))
            out->at[out->count++] =
                (struct api_suspension){.node = {i}, .from_height = after->from_height};
}

/* What was found of a charter before which another one let the node write. */
static void take_suspensions(const struct replica *replica, const struct charter *before,
                             const struct charter *charter, struct buffer *proof,
                             struct api_suspensions *out)
{
    struct cut cut;
    struct evidence evidence;
    if (!read_cut(replica, charter->from_height - SUSPENSION_DELAY, proof, &cut)) {
        take_untold(before, charter, out);
        return;
    }
    for (size_t i = 0; i < cut.evidence_count && out->count < API_SUSPENSIONS_MAX; i++) {
        struct api_suspension *item = &out->at[out->count];
        if (cut.evidence[i].size > sizeof(item->bytes) ||
            !evidence_decode(cut.evidence[i], &evidence, NULL))
            continue;
        item->node = evidence.node;
        item->from_height = charter->from_height;
        item->evidence = hash_bytes(cut.evidence[i]);
        item->time_ms = cut.time_ms;
        item->size = (uint16_t)cut.evidence[i].size;
        memcpy(item->bytes, cut.evidence[i].at, cut.evidence[i].size);
        out->count++;
    }
}

static bool suspends(const struct charter *before, const struct charter *after)
{
    for (size_t i = 0; i < before->node_count; i++)
        if (is_suspended_by(before, after, i))
            return true;
    return false;
}

/* The evidence stands in the cut two heights before the charter that suspends. */
void api_suspensions(const struct api *api, struct api_suspensions *out)
{
    const struct replica *replica = api->config.replica;
    const struct charter *after = api->charter;
    struct buffer proof;
    out->count = 0;
    buffer_init(&proof, API_RESPONSE_MAX);
    while (after->from_height > 1) {
        const struct charter *before =
            state_charter_at(replica_state(replica), after->from_height - 1);
        if (after->from_height > SUSPENSION_DELAY && suspends(before, after))
            take_suspensions(replica, before, after, &proof, out);
        after = before;
    }
    buffer_release(&proof);
}

/* ---- who takes part ------------------------------------------------------------------------- */

static void put_note_key(struct json_out *json, const char *name, const struct note_key *key)
{
    struct buffer text;
    buffer_init(&text, NOTE_NAME_MAX + 80);
    note_key_format(key, &text);
    json_put_text(json, name, buffer_bytes(&text));
    buffer_release(&text);
}

static void put_partner(struct json_out *json, const struct charter *charter, size_t number)
{
    const struct charter_partner *partner = &charter->partners[number];
    json_open_object(json, NULL);
    json_put_uint(json, "number", number);
    json_put_word(json, "name", partner->name);
    json_put_bool(json, "operator", partner->is_operator);
    json_put_bool(json, "left", partner->left);
    json_put_base64(json, "governance_key", bytes_of(partner->governance_key.at, PUBLIC_KEY_SIZE));
    json_close_object(json);
}

static void put_node(struct json_out *json, const struct charter *charter, size_t number)
{
    const struct charter_node *node = &charter->nodes[number];
    json_open_object(json, NULL);
    json_put_uint(json, "number", number);
    json_put_word(json, "name", node->name);
    json_put_word(json, "partner", charter->partners[node->partner.v].name);
    json_put_bool(json, "voter", node->voter && !node->left);
    json_put_bool(json, "joining", node->joining);
    json_put_bool(json, "suspended", node->suspended);
    json_put_bool(json, "left", node->left);
    json_put_word(json, "address", node->address);
    json_put_base64(json, "sign_key", bytes_of(node->sign_key.at, PUBLIC_KEY_SIZE));
    json_put_base64(json, "transport_key", bytes_of(node->transport_key, TRANSPORT_KEY_SIZE));
    put_note_key(json, "log_key", &node->log_key);
    put_note_key(json, "cosigner_key", &node->cosigner_key);
    json_close_object(json);
}

static void put_voters(struct json_out *json, const struct charter *charter)
{
    json_open_object(json, "voters");
    json_put_uint(json, "count", charter->voter_count);
    json_put_uint(json, "tolerated", quorum_faulty(charter->voter_count));
    json_put_uint(json, "quorum", quorum_size(charter->voter_count));
    json_close_object(json);
}

static void put_charter(struct json_out *json, const struct charter *charter)
{
    json_put_uint(json, "from_height", charter->from_height);
    put_voters(json, charter);
    json_open_array(json, "partners");
    for (size_t i = 0; i < charter->partner_count; i++)
        put_partner(json, charter, i);
    json_close_array(json);
    json_open_array(json, "nodes");
    for (size_t i = 0; i < charter->node_count; i++)
        put_node(json, charter, i);
    json_close_array(json);
    api_put_limits(json, charter);
    json_put_word(json, "policy", charter->tlog_policy);
}

static void put_words(struct json_out *json, const struct charter *charter,
                      const struct change *change)
{
    struct buffer words;
    struct motion_names names = motion_names_of_charter(charter);
    buffer_init(&words, MOTION_WORDS_MAX);
    change_words(change, &names, &words);
    json_put_text(json, "what", buffer_bytes(&words));
    buffer_release(&words);
}

/* What is decided and not in force at the next height: the one after it may have another charter
 * already. */
static void put_pending(struct api *api, struct json_out *json)
{
    const struct state *state = api_state(api);
    const struct charter *next = replica_next_charter(api->config.replica);
    struct change change;
    json_open_array(json, "pending");
    for (size_t i = 0; i < state_amendment_count(state); i++) {
        struct amendment_view view;
        state_amendment(state, i, &view);
        if (!change_decode(view.change, &change, NULL))
            continue;
        json_open_object(json, NULL);
        json_put_uint(json, "height", view.height);
        if (change_is_proposed(change.kind))
            json_put_uint(json, "motion", view.what);
        json_put_word(json, "change", change_kind_word(change.kind));
        put_words(json, next, &change);
        json_close_object(json);
    }
    json_close_array(json);
}

/* The largest admits a node: longer than what the JSON writer takes for a key. */
static void put_body(struct json_out *json, struct bytes body)
{
    char text[BASE64_SIZE(MOTION_SIZE_MAX) + 1];
    must(body.size <= MOTION_SIZE_MAX);
    base64_encode(body, text);
    json_put_word(json, "body", text);
}

static void put_motion(struct api *api, struct json_out *json, const struct motion_view *view)
{
    struct motion motion;
    if (!motion_decode(view->body, &motion, NULL))
        return;
    json_open_object(json, NULL);
    json_put_uint(json, "motion", view->record.v);
    json_put_word(json, "by", api_partner_name(api, view->by));
    json_put_word(json, "change", change_kind_word(motion.change.kind));
    put_words(json, api->charter, &motion.change);
    json_put_uint(json, "delay", motion.delay);
    put_body(json, view->body);
    json_put_time(json, "closes", view->proposed_ms + MOTION_OPEN_MS);
    json_put_uint(json, "needed", quorum_size(api->charter->voter_count));
    json_open_array(json, "ballots");
    for (size_t i = 0; i < view->ballot_count; i++)
        json_put_word(json, NULL, api_partner_name(api, view->ballots[i]));
    json_close_array(json);
    json_close_object(json);
}

static void put_motions(struct api *api, struct json_out *json)
{
    const struct state *state = api_state(api);
    json_open_array(json, "motions");
    for (size_t i = 0; i < state_motion_count(state); i++) {
        struct motion_view view;
        state_motion(state, i, &view);
        if (view.open)
            put_motion(api, json, &view);
    }
    json_close_array(json);
}

static void put_suspensions(struct api *api, struct json_out *json)
{
    struct api_suspensions suspensions;
    api_suspensions(api, &suspensions);
    json_open_array(json, "suspensions");
    for (size_t i = 0; i < suspensions.count; i++) {
        const struct api_suspension *item = &suspensions.at[i];
        json_open_object(json, NULL);
        json_put_word(json, "node", api->charter->nodes[item->node.v].name);
        json_put_uint(json, "from_height", item->from_height);
        if (item->size > 0)
            json_put_hex(json, "evidence", hash_as_bytes(&item->evidence));
        json_close_object(json);
    }
    json_close_array(json);
}

void api_get_membership(struct api_call *call)
{
    struct api *api = call->api;
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    json_put_uint(&json, "height", api_status(api)->height);
    json_put_hex(&json, "coalition", hash_as_bytes(&api->charter->coalition));
    json_put_word(&json, "node", api->config.name);
    json_put_word(&json, "standing", api_standing_word(api_standing(api)));
    put_charter(&json, api->charter);
    put_suspensions(api, &json);
    put_pending(api, &json);
    put_motions(api, &json);
    json_close_object(&json);
    api_respond_json(call, &body);
}
