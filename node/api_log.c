/* The log as files that others read: checkpoint and tiles (C2SP tlog-tiles), proofs of heights. */
#include "node/api_parts.h"

#include "node/tile_name.h"

#include <stdio.h>
#include <string.h>

/* What a shared cache may keep is what everybody may read. */
static const char *immutable(const struct api *api)
{
    return api->charter->log_public ? "public, max-age=31536000, immutable"
                                    : "private, max-age=31536000, immutable";
}

/* ---- checkpoint ----------------------------------------------------------------------------- */

/* A checkpoint that voters made final, signed by our log; the witnesses of the policy that are
 * among them are told in bits. */
static bool final_note(struct api *api, const struct checkpoint *checkpoint,
                       const struct cosign_final *final, struct buffer *note,
                       uint64_t *cosigned_out, struct error *error)
{
    struct buffer text;
    buffer_init(&text, NOTE_SIZE_MAX);
    checkpoint_format(checkpoint, &text);
    bool good = note_begin(note, buffer_bytes(&text), error);
    buffer_release(&text);
    if (!good)
        return false;
    note_sign(note, &api->log_key, api->config.log_key);
    *cosigned_out = 0;
    for (size_t i = 0; i < final->count; i++) {
        const struct cosignature *item = &final->items[i];
        const struct note_key *key = &final->charter->nodes[item->node.v].cosigner_key;
        note_put_cosignature(note, key, item->time_s, &item->signature);
        *cosigned_out |= shown_bit(&api->shown, key);
    }
    must(!note->overflowed);
    return true;
}

/* What has become final since the last look. Our log's signature is made once for each: it costs
 * more than all else here. */
static bool take_final(struct api *api, struct error *error)
{
    const struct cosign_final *final = replica_final(api->config.replica);
    uint64_t cosigned = 0;
    if (final->size == 0 || !final->charter || !api->has_log_key ||
        (api->final_size == final->size && api->final_count == final->count)) {
        shown_on_time(&api->shown, api_now(api));
        return true;
    }
    struct checkpoint checkpoint = {.size = final->size, .root = final->root};
    (void)snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s", api->charter->origin);
    struct buffer note;
    buffer_init(&note, NOTE_SIZE_MAX);
    bool good = final_note(api, &checkpoint, final, &note, &cosigned, error);
    if (good) {
        shown_final(&api->shown, &checkpoint, buffer_bytes(&note), cosigned, api_now(api));
        api->final_size = final->size;
        api->final_count = final->count;
    }
    buffer_release(&note);
    return good;
}

bool api_checkpoint(struct api *api, struct bytes *note_out, uint64_t *size_out,
                    struct error *error)
{
    if (!take_final(api, error))
        return false;
    if (api->shown.checkpoint.size == 0 && !api->has_log_key)
        return error_set(error, ERROR_DENIED, "this node has no log key of the coalition's");
    if (api->shown.checkpoint.size == 0)
        return error_set(error, ERROR_BUSY, "no checkpoint is final yet");
    *note_out = buffer_bytes(&api->shown.note);
    *size_out = api->shown.checkpoint.size;
    return true;
}

static void refuse_not_final(struct api_call *call)
{
    struct problem problem;
    problem_init(&problem, PROBLEM_NOT_FINAL);
    problem.retry_after_s = 1;
    (void)snprintf(problem.detail, sizeof(problem.detail),
                   "No checkpoint has the cosignatures that the charter's policy asks for yet, %zu "
                   "voters' at least: ask again once they have decided something and are up.",
                   quorum_size(call->api->charter->voter_count));
    api_respond_problem(call, &problem);
}

void api_get_checkpoint(struct api_call *call)
{
    struct error error;
    struct api_response response;
    struct bytes note;
    uint64_t size = 0;
    if (!api_checkpoint(call->api, &note, &size, &error)) {
        if (error.code == ERROR_BUSY) {
            refuse_not_final(call);
            return;
        }
        if (error.code == ERROR_DENIED) {
            api_refuse_standing(call, api_standing(call->api));
            return;
        }
        api_respond_error(call, &error);
        return;
    }
    api_response_init(&response, 200, "text/plain; charset=utf-8");
    response.cache_control =
        call->api->charter->log_public ? "public, max-age=1" : "private, max-age=1";
    buffer_append(&response.body, note);
    api_respond_tagged(call, &response);
}

/* ---- witnesses outside ---------------------------------------------------------------------- */

const struct policy *api_policy(const struct api *api)
{
    return &api->shown.policy;
}

bool api_offered(struct api *api, struct checkpoint *checkpoint_out, struct buffer *note_out)
{
    const struct shown_checkpoint *offered = &api->shown.offered;
    struct error error;
    if (!take_final(api, &error) || offered->checkpoint.size == 0)
        return false;
    *checkpoint_out = offered->checkpoint;
    buffer_append(note_out, buffer_bytes(&offered->note));
    return true;
}

void api_outrun(struct api *api)
{
    shown_outrun(&api->shown, api_now(api));
}

void api_cosigned(struct api *api, size_t witness, const struct checkpoint *checkpoint,
                  struct bytes line)
{
    shown_cosigned(&api->shown, witness, checkpoint, line, api_now(api));
}

/* ---- tiles ---------------------------------------------------------------------------------- */

struct bundle {
    struct buffer *out;
};

static bool bundle_record(void *visitor, uint64_t index, struct bytes record)
{
    struct bundle *bundle = visitor;
    uint8_t size[2];
    (void)index;
    must(record.size <= RECORD_SIZE_MAX);
    put_u16be(size, (uint16_t)record.size);
    buffer_append(bundle->out, bytes_of(size, sizeof(size)));
    buffer_append(bundle->out, record);
    return true;
}

static void answer_entries(struct api_call *call, const struct tile_name *name)
{
    struct api *api = call->api;
    struct error error;
    struct api_response response;
    uint64_t size = api_status(api)->records, first = name->index * TILE_WIDTH;
    if (name->index > INT64_MAX / TILE_WIDTH || first >= size || name->width > size - first) {
        api_refuse(call, PROBLEM_NOT_FOUND, "The log is not that long.");
        return;
    }
    api_response_init(&response, 200, "application/octet-stream");
    struct bundle bundle = {.out = &response.body};
    if (!replica_records(api->config.replica, first, name->width, bundle_record, &bundle, &error)) {
        buffer_release(&response.body);
        api_respond_error(call, &error);
        return;
    }
    response.cache_control = immutable(call->api);
    api_respond_tagged(call, &response);
}

static void answer_hashes(struct api_call *call, const struct tile_name *name)
{
    struct error error;
    struct hash tile[TILE_WIDTH];
    uint32_t count = 0;
    if (!replica_tile(call->api->config.replica, name->level, name->index, tile, &count, &error)) {
        api_respond_error(call, &error);
        return;
    }
    if (name->width > count) {
        api_refuse(call, PROBLEM_NOT_FOUND, "The tile holds %u hashes.", count);
        return;
    }
    struct api_response response;
    api_response_init(&response, 200, "application/octet-stream");
    buffer_append(&response.body, bytes_of(tile, (size_t)name->width * HASH_SIZE));
    response.cache_control = immutable(call->api);
    api_respond_tagged(call, &response);
}

void api_get_tile(struct api_call *call)
{
    char text[API_ARGUMENT_SIZE + 8];
    struct tile_name name;
    (void)snprintf(text, sizeof(text), "tile/%s", call->arguments[0]);
    if (!tile_name_parse(bytes_text(text), &name))
        api_refuse(call, PROBLEM_NOT_FOUND, "That is no name of a tile (C2SP tlog-tiles).");
    else if (name.kind == TILE_ENTRIES)
        answer_entries(call, &name);
    else
        answer_hashes(call, &name);
}

/* ---- heights -------------------------------------------------------------------------------- */

void api_get_height(struct api_call *call)
{
    struct error error;
    struct api_response response;
    uint64_t height;
    if (!api_argument_number(call, 0, &height))
        return;
    api_response_init(&response, 200, "application/cbor");
    if (!replica_height_proof(call->api->config.replica, height, &response.body, &error)) {
        buffer_release(&response.body);
        api_respond_error(call, &error);
        return;
    }
    response.cache_control = immutable(call->api);
    api_respond_tagged(call, &response);
}

/* The query of heights: from, and count in the place of limit. */
static bool heights_wanted(struct api_call *call, uint64_t *from_out, uint64_t *count_out)
{
    struct bytes text;
    *from_out = 1;
    *count_out = API_HEIGHTS_MAX;
    if ((api_query(call, "from", &text) && !parse_u64(text, INT64_MAX, from_out)) ||
        (api_query(call, "count", &text) &&
         (!parse_u64(text, API_HEIGHTS_MAX, count_out) || *count_out == 0))) {
        api_refuse(call, PROBLEM_MALFORMED, "from is a height, count a number from 1 to %d.",
                   API_HEIGHTS_MAX);
        return false;
    }
    return true;
}

void api_get_heights(struct api_call *call)
{
    struct api *api = call->api;
    struct error error;
    struct api_response response;
    uint64_t from, count, last = replica_height(api->config.replica);
    if (!heights_wanted(call, &from, &count))
        return;
    api_response_init(&response, 200, "application/octet-stream");
    struct buffer proof;
    buffer_init(&proof, API_RESPONSE_MAX);
    bool good = true;
    for (uint64_t i = 0; i < count && from + i <= last && good; i++) {
        uint8_t size[4];
        buffer_clear(&proof);
        good = replica_height_proof(api->config.replica, from + i, &proof, &error);
        if (!good || response.body.size + proof.size > API_HEIGHTS_BYTES_MAX)
            if (response.body.size > 0 || !good)
                break; /* one proof is given, however large */
        put_u32be(size, (uint32_t)proof.size);
        buffer_append(&response.body, bytes_of(size, sizeof(size)));
        buffer_append(&response.body, buffer_bytes(&proof));
    }
    buffer_release(&proof);
    if (!good) {
        buffer_release(&response.body);
        api_respond_error(call, &error);
        return;
    }
    api_respond(call, &response);
}
