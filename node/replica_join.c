/* Beginning with a snapshot instead of the first height, and the history behind it.
 *
 * The store says with entry G which snapshot it began with; until the history is whole every start
 * goes on from that one. The history is a second replica over the same store that executes the
 * heights behind the snapshot from the first on, as any node that catches up does: so everything is
 * checked that a replay checks, the store becomes to the byte what it would be without a snapshot,
 * and what was fetched before a restart is executed from the store. It costs a second state while
 * it lasts.
 *
 *     H 1 .. here        | here + 1 .. snapshot            | snapshot + 1 ..
 *     the history's      | not here yet: ERROR_NOT_YET     | the node's own
 */

#include <stdlib.h>
#include <string.h>

#include "node/replica_parts.h"
#include "node/store_gaps.h"
#include "protocol/codec.h"

enum {
    HISTORY_STEP_MS = 20,   /* between two looks of the history */
    HISTORY_HEIGHTS = 8,    /* executed from the store in one look */
    HISTORY_PAUSE_MS = 100, /* between two requests: the tills of this node come first */
    HISTORY_AGAIN_MS = 1000 /* nothing came: another peer is asked */
};

/* ---- the head of a snapshot ------------------------------------------------------------------ */

struct head {
    uint64_t height, cut_time_ms;
    size_t passed_count;
    struct passed passed[HISTORY_KEPT]; /* the last of the height itself */
    uint16_t lane_count;
    struct lane_head lanes[NODES_MAX];
    uint64_t day_bytes[NODES_MAX];
    struct merkle tree;
    struct snapshot_clock clock;
};

static uint64_t first_passed(uint64_t height)
{
    return height >= HISTORY_KEPT ? height - HISTORY_KEPT + 1 : 1;
}

static void put_passed(const struct replica *r, struct buffer *out)
{
    uint64_t first = first_passed(r->height);
    codec_put_array(out, (size_t)(r->height + 1 - first));
    for (uint64_t height = first; height <= r->height; height++) {
        const struct passed *passed = &r->passed[height % HISTORY_KEPT];
        must(passed->height == height);
        codec_put_array(out, 4);
        codec_put_uint(out, passed->count);
        codec_put_bytes(out, hash_as_bytes(&passed->digest));
        codec_put_bytes(out, hash_as_bytes(&passed->root));
        codec_put_bytes(out, hash_as_bytes(&passed->cut));
    }
}

/* As many as its own cut names. */
static size_t lane_count(const struct replica *r, uint64_t height)
{
    return state_charter_at(r->state, height)->node_count;
}

static void put_lanes(const struct replica *r, struct buffer *out)
{
    size_t count = lane_count(r, r->height);
    codec_put_array(out, count);
    for (size_t i = 0; i < count; i++) {
        codec_put_array(out, 3);
        codec_put_uint(out, r->lanes[i].decided.sequence);
        codec_put_bytes(out, hash_as_bytes(&r->lanes[i].decided.id));
        codec_put_uint(out, r->lanes[i].day_bytes);
    }
}

static void put_tree(const struct merkle *tree, struct buffer *out)
{
    codec_put_array(out, MERKLE_LEVEL_MAX);
    for (size_t i = 0; i < MERKLE_LEVEL_MAX; i++)
        codec_put_bytes(
            out, bytes_of(tree->levels[i].hashes, (size_t)tree->levels[i].count * HASH_SIZE));
}

void replica_snapshot_head(const struct replica *r, struct buffer *out)
{
    const struct snapshot_clock *clock = &r->attesting.clock;
    codec_put_array(out, 7);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, r->height);
    codec_put_uint(out, r->cut_time_ms);
    put_passed(r, out);
    put_lanes(r, out);
    put_tree(&r->tree, out);
    codec_put_array(out, 3);
    codec_put_uint(out, clock->beat_ms);
    codec_put_uint(out, clock->beat_records);
    codec_put_uint(out, clock->records);
}

static void get_passed(struct codec_reader *reader, struct head *head)
{
    uint64_t first = first_passed(head->height);
    size_t count = reader->failed ? 0 : (size_t)(head->height + 1 - first);
    head->passed_count = codec_get_array(reader, count, count);
    for (size_t i = 0; i < head->passed_count; i++) {
        struct passed *passed = &head->passed[i];
        codec_get_array(reader, 4, 4);
        passed->height = first + i;
        passed->count = codec_get_uint(reader, INT64_MAX);
        codec_get_fixed(reader, passed->digest.at, HASH_SIZE);
        codec_get_fixed(reader, passed->root.at, HASH_SIZE);
        codec_get_fixed(reader, passed->cut.at, HASH_SIZE);
    }
}

static void get_lanes(struct codec_reader *reader, struct head *head)
{
    head->lane_count = (uint16_t)codec_get_array(reader, 1, NODES_MAX);
    for (size_t i = 0; i < head->lane_count; i++) {
        codec_get_array(reader, 3, 3);
        head->lanes[i].sequence = codec_get_uint(reader, INT64_MAX);
        codec_get_fixed(reader, head->lanes[i].id.at, HASH_SIZE);
        head->day_bytes[i] = codec_get_uint(reader, INT64_MAX);
    }
}

static void get_tree(struct codec_reader *reader, uint64_t size, struct merkle *tree)
{
    merkle_init(tree);
    tree->size = size;
    codec_get_array(reader, MERKLE_LEVEL_MAX, MERKLE_LEVEL_MAX);
    for (uint32_t i = 0; i < MERKLE_LEVEL_MAX; i++) {
        struct merkle_level *level = &tree->levels[i];
        level->full_tiles = merkle_full_tiles(size, i);
        level->count = merkle_edge_width(size, i);
        size_t bytes = (size_t)level->count * HASH_SIZE;
        struct bytes hashes = codec_get_bytes(reader, bytes, bytes);
        if (!reader->failed)
            memcpy(level->hashes, hashes.at, bytes);
    }
}

static bool head_decode(struct bytes bytes, struct head *head, struct error *error)
{
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    codec_get_array(&reader, 7, 7);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    head->height = codec_get_uint(&reader, INT64_MAX);
    if (head->height == 0)
        codec_fail(&reader, "height 0");
    head->cut_time_ms = codec_get_uint(&reader, TIME_MS_MAX);
    get_passed(&reader, head);
    get_lanes(&reader, head);
    get_tree(&reader, head->passed_count ? head->passed[head->passed_count - 1].count : 0,
             &head->tree);
    codec_get_array(&reader, 3, 3);
    head->clock.beat_ms = codec_get_uint(&reader, TIME_MS_MAX);
    head->clock.beat_records = codec_get_uint(&reader, INT64_MAX);
    head->clock.records = codec_get_uint(&reader, INT64_MAX);
    return codec_finish(&reader, "the snapshot's head", error);
}

/* ---- entries G and R ------------------------------------------------------------------------- */

/* ---- beginning ------------------------------------------------------------------------------- */

bool join_wanted(const struct replica *r)
{
    return r->fetching.joining;
}

/* Not before the voters have answered rule 3's question: a key that has signed is never used over
 * a store that does not know of it, and a snapshot would hide what it signed. */
void join_begin(struct replica *r, const struct snapshot_name *name)
{
    struct fetching *f = &r->fetching;
    if (!f->whole || f->joining || !r->may_sign || r->stopped || name->height <= r->height ||
        !snapshot_name_equal(&r->attesting.held[0], name))
        return;
    f->joining = true;
    store_put_beginning(replica_group(r), name);
    replica_after(r, AFTER_JOINED);
}

static void take_head(struct replica *r, const struct head *head)
{
    const struct passed *at = &head->passed[head->passed_count - 1];
    for (size_t i = 0; i < head->passed_count; i++) {
        r->passed[head->passed[i].height % HISTORY_KEPT] = head->passed[i];
        cosigning_computed(r, &head->passed[i]);
    }
    for (uint16_t i = 0; i < head->lane_count; i++) {
        r->lanes[i].decided = r->gap.lanes[i] = head->lanes[i];
        r->lanes[i].day = lane_day(head->cut_time_ms);
        r->lanes[i].day_bytes = head->day_bytes[i];
    }
    r->tree = head->tree;
    r->attesting.clock = head->clock;
    r->height = head->height;
    r->cut_time_ms = head->cut_time_ms;
    r->cut_id = at->cut;
    r->shown = r->resumed = *at;
    r->shown_time_ms = state_time_ms(r->state);
    r->gap.passed = *at;
    r->gap.lane_count = head->lane_count;
    r->gap.at.records = at->count;
}

bool join_recover(struct replica *r, struct error *error)
{
    struct head *head = (struct head *)allocate(1, sizeof(*head));
    struct hash digest = state_digest(r->state);
    bool good = head_decode(r->config.place, head, error);
    if (good) {
        const struct passed *at = &head->passed[head->passed_count - 1];
        struct hash root = merkle_root(&head->tree);
        good = (head->height == state_height(r->state) && head->height == r->config.joined.height &&
                hash_equal(&digest, &at->digest) && hash_equal(&root, &at->root) &&
                head->lane_count == lane_count(r, head->height)) ||
               error_set(error, ERROR_CORRUPT, "the snapshot contradicts itself");
    }
    if (good)
        take_head(r, head);
    free(head);
    return good;
}

/* Of an entry that may be absent. */
static bool there(bool found, bool *there_out, const struct error *why, struct error *error)
{
    *there_out = found;
    return found || why->code == ERROR_NOT_FOUND || error_set(error, why->code, "%s", why->text);
}

static bool beginning_fits(const struct replica *r, bool began, struct error *error)
{
    const struct snapshot_name *name = &r->gap.at.snapshot;
    if (!began)
        return r->config.joined.height == 0 ||
               error_set(error, ERROR_CONFLICT, "the store did not begin with that snapshot");
    return snapshot_name_equal(name, &r->config.joined) ||
           error_set(error, ERROR_NOT_YET,
                     "this store began with the snapshot of height %llu, and the history behind it "
                     "is not whole yet",
                     (unsigned long long)name->height);
}

bool gap_recover(struct replica *r, struct error *error)
{
    bool began = false, pruned = false;
    struct store_pruned at = {0};
    struct error why = {0};
    bool found = store_began_with(&r->config.store, &r->gap.at.snapshot, &why);
    if (!there(found, &began, &why, error))
        return false;
    found = store_pruned_to(&r->config.store, &at, &why);
    if (!there(found, &pruned, &why, error) || !beginning_fits(r, began, error))
        return false;
    r->gap.at.pruned_height = at.height;
    r->gap.at.pruned_records = at.records;
    return !pruned || r->config.image ||
           error_set(
               error, ERROR_GONE,
               "heights up to %llu were pruned: without an image of a later one that fits "
               "nothing can be executed here; put state-*.image back from a backup of this folder",
               (unsigned long long)at.height);
}

/* ---- what is lacking by right -----------------------------------------------------------------
 */

static void explain(const struct replica *r, bool pruned, bool gap, struct error *error)
{
    const struct replica_gap *at = &r->gap.at;
    if (!error || error->code != ERROR_NOT_FOUND)
        return;
    if (pruned)
        error_set(error, ERROR_GONE,
                  "heights up to %llu, %llu records, were pruned here and are kept in an archive",
                  (unsigned long long)at->pruned_height, (unsigned long long)at->pruned_records);
    else if (gap)
        error_set(error, ERROR_NOT_YET,
                  "this node began with height %llu; the %llu records before are being fetched, "
                  "%llu are here",
                  (unsigned long long)at->snapshot.height, (unsigned long long)at->records,
                  (unsigned long long)at->here_records);
}

void gap_explain_record(const struct replica *r, uint64_t index, struct error *error)
{
    const struct replica_gap *at = &r->gap.at;
    explain(r, index<at->pruned_records, at->snapshot.height> 0 && index < at->records, error);
}

void gap_explain_height(const struct replica *r, uint64_t height, struct error *error)
{
    const struct replica_gap *at = &r->gap.at;
    explain(r, height > 0 && height <= at->pruned_height,
            height > 0 && height <= at->snapshot.height, error);
}

/* ---- the history ------------------------------------------------------------------------------
 */

struct replica *replica_open_history(const struct replica *r, uint64_t now_ms)
{
    struct error error;
    if (r->gap.at.snapshot.height == 0 || r->stopped)
        return NULL;
    struct replica_config config = {
        .charter = r->config.charter, .self = r->config.self, .store = r->config.store};
    struct replica *history = replica_make(&config, now_ms, &error);
    must(history != NULL); /* the keys of this charter were good a moment ago */
    history->history.is = true;
    history->agreement.self = -1;
    history->may_sign = true; /* it executes; it has no key to sign with */
    history->gap = r->gap;
    history->gap.at = (struct replica_gap){.records = r->gap.at.records};
    agree_begin(history);
    return history;
}

/* Only what lies behind the snapshot is its business. */
void history_on_message(struct replica *r, uint16_t from)
{
    struct batch batch;
    switch (r->in.kind) {
    case MESSAGE_STATUS:
        r->seen[from].height = r->in.body.status.height > 0 ? r->in.body.status.height - 1 : 0;
        return;
    case MESSAGE_BATCH:
        if (batch_decode(r->in.body.batch, &batch, NULL) && batch.lane.v < r->gap.lane_count &&
            batch.sequence <= r->gap.lanes[batch.lane.v].sequence)
            gossip_on_batch(r, from, r->in.body.batch);
        return;
    case MESSAGE_DECIDED:
        if (r->in.body.decided.certificate.height <= r->gap.passed.height)
            agree_on_decided(r, from, &r->in.body.decided.certificate, r->in.body.decided.cut);
        return;
    case MESSAGE_PROPOSAL:
    case MESSAGE_VOTES:
    case MESSAGE_FETCH_BATCHES:
    case MESSAGE_FETCH_HEIGHTS:
    case MESSAGE_ASK:
    case MESSAGE_ANSWER:
    case MESSAGE_COSIGNATURE:
    case MESSAGE_ATTESTATION:
    case MESSAGE_FETCH_SNAPSHOT:
    case MESSAGE_SNAPSHOT_PIECE:
    case MESSAGE_EVIDENCE:
        return;
    }
}

/* What the store has of it, from before a restart or from before the snapshot. True when something
 * was there. Groups of it that are not written yet would be compared with the store, and lost. */
static bool execute_stored(struct replica *r)
{
    struct error error = {0};
    bool found = false, any = false;
    if (r->pending.used || r->write_in_flight || replica_group(r)->count > 0)
        return false;
    for (int i = 0; i < HISTORY_HEIGHTS && r->height < r->gap.passed.height; i++) {
        if (!replay_next(r, &found, &error)) {
            replica_stop(r, "the history: %s", error.text);
            return true;
        }
        if (!found)
            break;
        any = true;
    }
    if (any)
        agree_begin(r);
    return any;
}

/* Also one that the charter of these heights does not name yet: its founders may be gone. */
static void ask_next(struct replica *r)
{
    struct history *h = &r->history;
    bool moved = r->height >= h->asked_height;
    if (r->now_ms < h->asked_ms + (moved ? HISTORY_PAUSE_MS : HISTORY_AGAIN_MS))
        return;
    for (size_t i = 0; i < NODES_MAX; i++) {
        h->turn = (uint16_t)((h->turn + 1) % NODES_MAX);
        if (h->turn == r->config.self.v || r->seen[h->turn].height <= r->height)
            continue;
        h->asked_ms = r->now_ms;
        h->asked_height = r->height + FETCH_HEIGHTS_MAX;
        if (h->asked_height > r->gap.passed.height)
            h->asked_height = r->gap.passed.height;
        gossip_ask_heights(r, h->turn, r->height + 1, h->asked_height - r->height);
        return;
    }
}

void history_on_time(struct replica *r)
{
    struct history *h = &r->history;
    if (r->now_ms < h->next_ms && h->next_ms <= r->now_ms + HISTORY_STEP_MS)
        return;
    h->next_ms = r->now_ms + HISTORY_STEP_MS;
    if (h->asked_ms > r->now_ms)
        h->asked_ms = r->now_ms; /* the clock was set back */
    if (r->height >= r->gap.passed.height || execute_stored(r))
        return;
    agree_on_batch(r); /* batches that a height waits for may have been lost */
    ask_next(r);
}

/* Voters that have signed nothing since: for answers to rule 3's question. */
static void take_votes(struct replica *r, const struct replica *history)
{
    for (size_t i = 0; i < NODES_MAX; i++)
        if (history->seen[i].decided.height > r->seen[i].decided.height)
            gossip_remember_decided(r, &history->seen[i].decided);
}

bool replica_history_passed(struct replica *r, const struct replica *history, uint64_t now_ms)
{
    const struct passed *end = &r->gap.passed;
    const struct passed *own = &history->passed[end->height % HISTORY_KEPT];
    r->gap.at.here_height = history->shown.height;
    r->gap.at.here_records = history->shown.count;
    if (r->stopped || history->shown.height < end->height)
        return false;
    if (own->height != end->height || own->count != end->count ||
        !hash_equal(&own->digest, &end->digest) || !hash_equal(&own->root, &end->root) ||
        !hash_equal(&own->cut, &end->cut)) {
        replica_stop(r,
                     "the history up to height %llu does not lead to the snapshot that this node "
                     "began with, which %zu voters attested. Keep this folder, compare their logs",
                     (unsigned long long)end->height, r->agreement.quorum);
        return false;
    }
    take_votes(r, history);
    struct store_key key = key_gap();
    store_delete(replica_group(r), store_key_bytes(&key));
    replica_after(r, AFTER_WHOLE);
    replica_on_time(r, now_ms);
    return true;
}
