/* From the store to a running replica: every height is executed again and compared with what is
 * stored, byte for byte; then what was signed and promised but not decided comes back. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/replica_parts.h"
#include "protocol/codec.h"

/* ---- heights ------------------------------------------------------------------------------- */

/* Puts a height's batches back into their lanes, as if they had just arrived. */
static bool load_batches(struct replica *r, const struct stored_height *height, struct error *error)
{
    const struct store *store = &r->config.store;
    struct bytes rest = height->batches;
    struct stored_batch stored;
    while (stored_batch_next(&rest, &stored)) {
        struct buffer value;
        struct batch batch;
        buffer_init(&value, BATCH_SIZE_MAX);
        struct store_key key = key_batch(stored.lane.v, stored.sequence, &stored.id);
        bool good = stored.lane.v < r->charter->node_count &&
                    store->get(store->context, store_key_bytes(&key), &value, error) &&
                    batch_decode(buffer_bytes(&value), &batch, error);
        if (good && !hash_equal(&batch.id, &stored.id))
            good = error_set(error, ERROR_CORRUPT, "it is another batch");
        if (good && !batch_verify(&batch, r->verifiers[stored.lane.v]))
            good = error_set(error, ERROR_CORRUPT, "its signature does not hold");
        if (good)
            (void)lane_add(&r->lanes[stored.lane.v], &batch, buffer_bytes(&value), false);
        else
            error_wrap(error, "batch %llu of lane %u", (unsigned long long)stored.sequence,
                       stored.lane.v);
        buffer_release(&value);
        if (!good)
            return false;
    }
    return true;
}

/* What an entry is, for whoever has to find it. */
static void wrap_with_entry(struct error *error, struct bytes key)
{
    char hex[2 * STORE_KEY_MAX + 1];
    hex_encode(bytes_of(key.at + 1, key.size - 1), hex);
    unsigned long long last = key.size >= 9 ? get_u64be(key.at + key.size - 8) : 0;
    if (key.at[0] == 'O' && key.size == 9)
        error_wrap(error, "entry O %s, the outcomes from record %llu on", hex, last);
    else if (key.at[0] == 'T' && key.size == 10)
        error_wrap(error, "entry T %s, tile %u/%llu", hex, key.at[1], last);
    else
        error_wrap(error, "entry %c %s", key.at[0], hex);
}

/* What executing again would write must be what the store holds. */
static bool same_as_stored(struct replica *r, struct error *error)
{
    const struct store *store = &r->config.store;
    struct bytes rest = buffer_bytes(&replica_group(r)->ops), key, value;
    struct buffer stored;
    buffer_init(&stored, STORE_VALUE_MAX);
    bool good = true;
    while (good && store_group_next(&rest, &key, &value)) {
        if (!value.at)
            continue;
        buffer_clear(&stored);
        good = store->get(store->context, key, &stored, error);
        if (good && !bytes_equal(buffer_bytes(&stored), value))
            good = error_set(error, ERROR_CORRUPT, "it differs from what execution gives");
        if (!good) {
            wrap_with_entry(error, key);
        }
    }
    buffer_release(&stored);
    return good;
}

static void drop_writes(struct replica *r)
{
    struct write *write = &r->writes[r->filling];
    for (size_t i = 0; i < write->after_count; i++)
        buffer_release(&write->afters[i].bytes);
    write->after_count = write->unasked_count = 0;
    store_group_clear(&write->group);
}

static bool replay_height(struct replica *r, struct bytes value, struct error *error)
{
    struct stored_height *stored = (struct stored_height *)allocate(1, sizeof(*stored));
    struct cut *cut = (struct cut *)allocate(1, sizeof(*cut));
    const char *why = NULL;
    bool good = stored_height_decode(value, stored, error) && cut_decode(stored->cut, cut, error) &&
                load_batches(r, stored, error);
    if (good && (stored->height != r->height + 1 || cut->height != stored->height ||
                 !hash_equal(&cut->id, &stored->certificate.cut)))
        good = error_set(error, ERROR_CORRUPT, "it does not follow height %llu",
                         (unsigned long long)r->height);
    good = good && certificate_verify(&stored->certificate, &r->charter->coalition,
                                      (const struct verifier *const *)r->verifiers, r->is_voter,
                                      r->charter->node_count, r->agreement.quorum, error);
    if (good && agree_judge(r, cut, false, &why) != CUT_VALID)
        good = error_set(error, ERROR_CORRUPT, "its cut is not valid here: %s",
                         why ? why : "a batch is missing");
    if (good) {
        execute_cut(r, &stored->certificate, cut, stored->cut);
        good = same_as_stored(r, error);
        const struct passed *passed = &r->passed[r->height % HISTORY_KEPT];
        r->shown = *passed;
        r->shown_time_ms = state_time_ms(r->state);
        cosigning_computed(r, passed);
        drop_writes(r);
        good = epoch_take(r, error) && good;
    }
    free(cut);
    free(stored);
    return good;
}

bool replay_next(struct replica *r, bool *found_out, struct error *error)
{
    const struct store *store = &r->config.store;
    struct buffer value;
    struct error missing = {0};
    buffer_init(&value, STORE_VALUE_MAX);
    struct store_key key = key_height(r->height + 1);
    *found_out = store->get(store->context, store_key_bytes(&key), &value, &missing);
    bool good = *found_out ? replay_height(r, buffer_bytes(&value), error)
                           : missing.code == ERROR_NOT_FOUND ||
                                 error_set(error, missing.code, "%s", missing.text);
    if (!good)
        error_wrap(error, "the store is damaged at height %llu", (unsigned long long)r->height + 1);
    buffer_release(&value);
    return good;
}

static bool replay(struct replica *r, struct error *error)
{
    bool found = true;
    r->attesting.replaying = true;
    while (found)
        if (!replay_next(r, &found, error))
            return false;
    snapshot_replayed(r);
    return true;
}

/* ---- heights beyond a gap would mean that something in between was lost --------------------- */

static bool no_height_beyond(struct replica *r, struct error *error)
{
    uint64_t last = 0;
    struct error missing = {0};
    if (!store_last_height(&r->config.store, &last, &missing))
        return missing.code == ERROR_NOT_FOUND ||
               error_set(error, missing.code, "%s", missing.text);
    bool behind_snapshot = last < r->height && r->gap.at.snapshot.height > 0;
    return last == r->height || behind_snapshot ||
           error_set(error, ERROR_CORRUPT,
                     "the store is damaged: height %llu is missing and later ones are there; "
                     "restore this folder from a copy that is whole, or join under a fresh key",
                     (unsigned long long)r->height + 1);
}

/* ---- what was not decided ------------------------------------------------------------------ */

/* All of it was good when it was written: what is not now, somebody was promised. */
struct taking {
    struct replica *r;
    struct error *error;
    bool failed;
    struct lane past; /* own batches of a key that a snapshot shows to be replaced */
};

static bool take_failed(struct taking *taking, const char *what, struct bytes key)
{
    char hex[2 * STORE_KEY_MAX + 1];
    hex_encode(bytes_of(key.at + 1, key.size - 1), hex);
    taking->failed = true;
    return error_set(taking->error, ERROR_CORRUPT,
                     "the store is damaged: %s (entry %c %s) is not what was written", what,
                     key.at[0], hex);
}

static bool take_all(struct taking *taking, struct store_key prefix, struct store_key from,
                     size_t limit,
                     bool (*take)(void *visitor, struct bytes key, struct bytes value))
{
    const struct store *store = &taking->r->config.store;
    return store->scan(store->context, store_key_bytes(&prefix), store_key_bytes(&from), false,
                       limit, take, taking, taking->error) &&
           !taking->failed;
}

static bool batch_failed(struct taking *taking, struct bytes key)
{
    char what[80];
    unsigned lane = key.size > 10 ? get_u16be(key.at + 1) : 0;
    unsigned long long sequence = key.size > 10 ? get_u64be(key.at + 3) : 0;
    snprintf(what, sizeof(what), "undecided batch %llu of lane %u", sequence, lane);
    return take_failed(taking, what, key);
}

static bool take_batch(void *visitor, struct bytes key, struct bytes value)
{
    struct taking *taking = (struct taking *)visitor;
    struct replica *r = taking->r;
    struct batch batch;
    if (!batch_decode(value, &batch, NULL) || batch.lane.v >= r->charter->node_count)
        return batch_failed(taking, key);
    bool holds = batch_verify(&batch, r->verifiers[batch.lane.v]);
    if (!holds && !epoch_past_key_holds(r, &batch))
        return batch_failed(taking, key);
    struct store_key own = key_batch(batch.lane.v, batch.sequence, &batch.id);
    if (!bytes_equal(store_key_bytes(&own), key))
        return batch_failed(taking, key);
    if (!holds) {
        if (batch.lane.v == r->config.self.v)
            (void)lane_add(&taking->past, &batch, value, false);
        store_delete(replica_group(r), key);
        return true;
    }
    /* What no lane has room for is nothing that was voted for, and must not stay for ever. */
    if (!lane_add(&r->lanes[batch.lane.v], &batch, value, false))
        store_delete(replica_group(r), key);
    return true;
}

/* After the outbox: own batches that are void by now go there, too. */
static bool load_undecided(struct replica *r, struct error *error)
{
    struct taking taking = {.r = r, .error = error};
    bool good = true;
    taking.past.decided = r->lanes[r->config.self.v].decided;
    for (uint16_t i = 0; good && i < r->charter->node_count; i++) {
        struct hash zero = {{0}};
        struct store_key from = key_batch(i, r->lanes[i].decided.sequence + 1, &zero);
        good = take_all(&taking, key_lane(i), from, (size_t)4 * LANE_BRANCH_MAX, take_batch) ||
               error_wrap(error, "undecided batches of lane %u", i);
    }
    if (good && taking.past.count > 0)
        replica_take_back(r, &taking.past);
    lane_release(&taking.past);
    return good;
}

/* Of another height: gone with it, but while rule 3's question is open. */
static bool past(struct replica *r, struct bytes key)
{
    if (!r->asked_stored)
        store_delete(replica_group(r), key);
    return true;
}

/* Who only looks, or does not hold its key, checks what it signed and goes on from none of it. */
static bool signs(const struct replica *r)
{
    return r->agreement.self >= 0;
}

static bool take_own_vote(void *visitor, struct bytes key, struct bytes value)
{
    struct taking *taking = (struct taking *)visitor;
    struct replica *r = taking->r;
    struct vote vote;
    struct codec_reader reader;
    codec_reader_init(&reader, value);
    vote_get(&reader, &vote);
    bool decodes = codec_finish(&reader, "vote", NULL) && vote.voter.v == r->config.self.v;
    if (decodes && vote.height != r->height + 1)
        return past(r, key);
    /* A vote that is forgotten may be cast twice, differently. */
    if (!decodes || !vote_verify(&vote, r->verifiers[vote.voter.v], &r->charter->coalition))
        return take_failed(taking, "an own vote", key);
    if (!signs(r))
        return true;
    consensus_restore_vote(r->consensus, &vote);
    gossip_remember_vote(r, &vote);
    if (r->own_round_count < ARRAY_SIZE(r->own_rounds))
        r->own_rounds[r->own_round_count++] = vote.round;
    /* Sent again: it may never have left. */
    replica_after(r, AFTER_VOTE)->vote = vote;
    return true;
}

static bool take_own_proposal(void *visitor, struct bytes key, struct bytes value)
{
    struct taking *taking = (struct taking *)visitor;
    struct replica *r = taking->r;
    struct codec_reader reader;
    codec_reader_init(&reader, value);
    proposal_get(&reader, &r->proposal_in);
    bool decodes = codec_finish(&reader, "proposal", NULL);
    if (decodes && r->proposal_in.height != r->height + 1)
        return past(r, key);
    if (!decodes ||
        !proposal_verify(&r->proposal_in, r->verifiers[r->config.self.v], &r->charter->coalition))
        return take_failed(taking, "an own proposal", key);
    if (!signs(r))
        return true;
    consensus_restore_proposal(r->consensus, r->proposal_in.round);
    if (r->own_round_count < ARRAY_SIZE(r->own_rounds))
        r->own_rounds[r->own_round_count++] = r->proposal_in.round;
    struct after *after = replica_after(r, AFTER_PROPOSAL);
    buffer_init(&after->bytes, MESSAGE_SIZE_MAX);
    buffer_append(&after->bytes, value);
    return true;
}

static bool restore_lock(struct replica *r, struct bytes value, struct error *error)
{
    struct codec_reader reader;
    struct consensus_lock *lock = (struct consensus_lock *)allocate(1, sizeof(*lock));
    codec_reader_init(&reader, value);
    codec_get_array(&reader, 8, 8);
    (void)codec_get_uint(&reader, FORMAT_VERSION);
    uint64_t height = codec_get_uint(&reader, INT64_MAX);
    lock->locked_round = (int32_t)codec_get_int(&reader, -1, ROUND_MAX);
    codec_get_fixed(&reader, lock->locked.at, HASH_SIZE);
    lock->valid_round = (int32_t)codec_get_int(&reader, -1, ROUND_MAX);
    codec_get_fixed(&reader, lock->valid.at, HASH_SIZE);
    lock->valid_cut = codec_get_bytes(&reader, 1, CUT_SIZE_MAX);
    lock->proof_count = codec_get_array(&reader, 0, VOTERS_MAX);
    for (size_t i = 0; i < lock->proof_count; i++)
        vote_get(&reader, &lock->proof[i]);
    struct error why = {0};
    bool good = codec_finish(&reader, "own lock (entry L)", &why);
    if (good && signs(r) && height == r->height + 1) {
        consensus_restore_lock(r->consensus, lock->locked_round, &lock->locked, lock->valid_round,
                               &lock->valid, lock->valid_cut, lock->proof, lock->proof_count);
        r->lock_stored = true;
    }
    free(lock);
    return good || error_set(error, ERROR_CORRUPT, "the store is damaged: %s", why.text);
}

bool recover_votes(struct replica *r, struct error *error)
{
    const struct store *store = &r->config.store;
    struct store_key votes = key_prefix('V'), proposals = key_prefix('P'), lock = key_lock();
    struct buffer value;
    struct error missing = {0};
    buffer_init(&value, STORE_VALUE_MAX);
    bool found = store->get(store->context, store_key_bytes(&lock), &value, &missing);
    bool good = found || missing.code == ERROR_NOT_FOUND ||
                error_set(error, missing.code, "own lock: %s", missing.text);
    if (good && r->config.self.v < r->charter->node_count) {
        struct taking taking = {.r = r, .error = error};
        good = (!found || restore_lock(r, buffer_bytes(&value), error)) &&
               take_all(&taking, votes, votes, SIZE_MAX, take_own_vote) &&
               take_all(&taking, proposals, proposals, SIZE_MAX, take_own_proposal);
    }
    buffer_release(&value);
    return good;
}

static bool take_outbox(void *visitor, struct bytes key, struct bytes value)
{
    struct replica *r = (struct replica *)visitor;
    if (key.size != 9)
        return true;
    r->outbox_next = get_u64be(key.at + 1);
    replica_wait_stored(r, value, r->outbox_next);
    return true;
}

/* From which height on the answers to rule 3's question count. */
static bool load_asked(struct replica *r, struct error *error)
{
    const struct store *store = &r->config.store;
    struct store_key key = key_asked();
    struct buffer value;
    struct error missing = {0};
    buffer_init(&value, STORE_KEY_MAX);
    r->asked_from = r->height;
    r->asked_stored = store->get(store->context, store_key_bytes(&key), &value, &missing);
    bool good = r->asked_stored || missing.code == ERROR_NOT_FOUND ||
                error_set(error, missing.code, "%s", missing.text);
    if (good && r->asked_stored) {
        r->asked_from = value.size == 8 ? get_u64be(value.at) : UINT64_MAX;
        good = r->asked_from <= r->height ||
               error_set(error, ERROR_CORRUPT, "the store is damaged: entry A");
    }
    buffer_release(&value);
    return good;
}

bool recover(struct replica *r, struct error *error)
{
    const struct store *store = &r->config.store;
    struct store_key outbox = key_prefix('Q');
    if (!gap_recover(r, error))
        return false;
    if (r->config.image &&
        !(r->config.joined.height > 0 ? join_recover(r, error) : resume(r, error)))
        return false;
    if (!replay(r, error) || !no_height_beyond(r, error) || !cosigning_recover(r, error) ||
        !evidence_recover(r, error) || !snapshot_recover(r, error) ||
        !store->scan(store->context, store_key_bytes(&outbox), store_key_bytes(&outbox), false,
                     MEMPOOL_COUNT_MAX, take_outbox, r, error) ||
        !load_undecided(r, error) || !load_asked(r, error))
        return false;
    agree_begin(r);
    return recover_votes(r, error);
}
