/* Fetching the snapshot that a node begins with: a node that is far behind asks its peers for the
 * newest one that Q voters vouch for, then for its pieces, one after the other, of one peer after
 * the other. Nothing is believed for who carried it: the voters' signatures name a hash, the hash
 * covers those of the pieces. A piece that was kept is not asked for again after a restart. */

#include <string.h>

#include "node/replica_parts.h"

enum {
    LOOK_MS = 500,         /* between two questions what is vouched for */
    PIECE_AGAIN_MS = 1000, /* then another peer is asked */
    HOLD_MS = 5000,        /* without a piece, or a word of a snapshot: heights are executed */
    GIVE_UP_MS = 30000,    /* without a piece: nobody has it any more */
    KEPT_AT_ONCE = 16,     /* pieces from before a restart, looked at in one go */
    LIE_COST = 32          /* signature checks that a wrong piece is worth */
};

/* Whoever has most of the history is there sooner by executing the rest. */
static uint64_t least_height(const struct replica *r)
{
    return 2 * r->height + r->config.fetch_ahead;
}

static bool may_fetch(const struct replica *r)
{
    return r->config.fetch_ahead > 0 && r->config.snapshots && !r->stopped && !r->history.is &&
           r->gap.at.snapshot.height == 0;
}

/* The next that was heard: also one that the charter here does not name yet. Whoever is asked about
 * snapshots, somebody told of one. */
static uint16_t next_peer(struct replica *r)
{
    for (size_t i = 0; i < NODES_MAX; i++) {
        r->fetching.turn = (uint16_t)((r->fetching.turn + 1) % NODES_MAX);
        if (r->seen[r->fetching.turn].heard_ms > 0)
            break;
    }
    return r->fetching.turn;
}

static void ask(struct replica *r, uint16_t to, uint64_t height, uint64_t piece)
{
    r->out.kind = MESSAGE_FETCH_SNAPSHOT;
    r->out.body.fetch_snapshot.height = height;
    r->out.body.fetch_snapshot.piece = piece;
    replica_send(r, to, &r->out);
}

static void ask_piece(struct replica *r)
{
    struct fetching *f = &r->fetching;
    f->asked_ms = r->now_ms;
    ask(r, f->turn, f->name.height, f->hashes.size > 0 ? f->done + 1 : 0);
}

static void drop(struct replica *r)
{
    buffer_clear(&r->fetching.hashes);
    r->fetching.active = r->fetching.whole = false;
    r->fetching.count = r->fetching.done = 0;
}

/* ---- beginning ------------------------------------------------------------------------------- */

void fetch_look(struct replica *r)
{
    struct fetching *f = &r->fetching;
    if (!may_fetch(r) || f->active || !snapshot_vouched(r, least_height(r), &f->name))
        return;
    drop(r);
    f->active = true;
    f->count = snapshot_piece_count(f->name.size);
    f->moved_ms = r->now_ms;
    (void)next_peer(r);
    ask_piece(r);
}

static bool others_are_ahead(const struct replica *r)
{
    for (size_t i = 0; i < NODES_MAX; i++)
        if (r->seen[i].height >= least_height(r))
            return true;
    return false;
}

/* Heights that the snapshot covers are not executed while it comes: neither is done sooner. Nor is
 * the first one that others decided before any of them has said how far they are. */
bool fetch_holds(const struct replica *r)
{
    const struct fetching *f = &r->fetching;
    if (!f->told && r->height == 0 && r->pending.from != REPLICA_TO_ALL)
        return may_fetch(r);
    uint64_t since_ms = f->active ? f->moved_ms : f->ahead_ms;
    return may_fetch(r) && (f->active || others_are_ahead(r)) &&
           (since_ms == 0 || r->now_ms < since_ms + HOLD_MS);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static bool piece_fits(const struct fetching *f, uint64_t piece, struct bytes bytes)
{
    uint64_t before = (piece - 1) * SNAPSHOT_PIECE, left = f->name.size - before;
    struct hash hash = hash_bytes(bytes);
    return bytes.size == (left < SNAPSHOT_PIECE ? left : SNAPSHOT_PIECE) &&
           memcmp(hash.at, f->hashes.at + (piece - 1) * HASH_SIZE, HASH_SIZE) == 0;
}

/* True when all are there: that is told once. */
static bool maybe_whole(struct replica *r)
{
    struct fetching *f = &r->fetching;
    if (f->hashes.size == 0 || f->done < f->count)
        return false;
    if (!f->whole)
        replica_act(r, REPLICA_FETCHED)->action.snapshot = f->name;
    return f->whole = true;
}

/* From before a restart: they were checked when they came, but not synced. */
static void take_kept(struct replica *r)
{
    struct fetching *f = &r->fetching;
    const struct replica_snapshots *files = r->config.snapshots;
    struct buffer bytes;
    buffer_init(&bytes, SNAPSHOT_PIECE);
    for (int i = 0; i < KEPT_AT_ONCE && f->done < f->count; i++) {
        buffer_clear(&bytes);
        if (!files->read(files->context, f->name.height, f->done + 1, &bytes) ||
            !piece_fits(f, f->done + 1, buffer_bytes(&bytes)))
            break;
        f->done++;
    }
    buffer_release(&bytes);
}

static bool take_hashes(struct fetching *f, struct bytes bytes)
{
    if (bytes.size != f->count * HASH_SIZE)
        return false;
    struct hash id = snapshot_id(f->name.size, bytes);
    if (!hash_equal(&id, &f->name.id))
        return false;
    buffer_append(&f->hashes, bytes);
    return true;
}

static bool take_piece(struct replica *r, uint64_t piece, struct bytes bytes)
{
    struct fetching *f = &r->fetching;
    if (!piece_fits(f, piece, bytes))
        return false;
    f->done++;
    size_t offset = r->sends.size;
    buffer_append(&r->sends, bytes);
    must(!r->sends.overflowed);
    struct queued_action *queued = replica_act(r, REPLICA_PIECE);
    queued->action.snapshot = f->name;
    queued->action.piece = piece;
    queued->offset = offset;
    queued->size = bytes.size;
    return true;
}

void fetch_on_piece(struct replica *r, uint16_t from, const struct message *message)
{
    struct fetching *f = &r->fetching;
    uint64_t piece = message->body.snapshot_piece.piece;
    struct bytes bytes = message->body.snapshot_piece.bytes;
    bool wanted = f->hashes.size == 0 ? piece == 0 : piece == f->done + 1;
    if (!f->active || f->whole || message->body.snapshot_piece.height != f->name.height || !wanted)
        return;
    if (!(piece == 0 ? take_hashes(f, bytes) : take_piece(r, piece, bytes))) {
        peer_useless(r, from, LIE_COST);
        (void)next_peer(r);
        ask_piece(r);
        return;
    }
    f->moved_ms = r->now_ms;
    if (piece == 0)
        take_kept(r);
    if (!maybe_whole(r))
        ask_piece(r);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* It may have been executed meanwhile, heights being few. */
static bool is_outrun(const struct replica *r)
{
    return r->fetching.name.height <= r->height + r->config.fetch_ahead / 2;
}

static void step(struct replica *r)
{
    struct fetching *f = &r->fetching;
    if (f->whole || f->joining)
        return;
    if (is_outrun(r) || r->now_ms >= f->moved_ms + GIVE_UP_MS) {
        drop(r);
    } else if (r->now_ms >= f->asked_ms + PIECE_AGAIN_MS) {
        (void)next_peer(r);
        ask_piece(r);
    }
}

void fetch_on_time(struct replica *r)
{
    struct fetching *f = &r->fetching;
    if (!may_fetch(r))
        return;
    if ((f->ahead_ms == 0 && others_are_ahead(r)) || f->ahead_ms > r->now_ms)
        f->ahead_ms = r->now_ms;
    if (f->looked_ms > r->now_ms || f->asked_ms > r->now_ms || f->moved_ms > r->now_ms)
        f->looked_ms = f->asked_ms = f->moved_ms = r->now_ms; /* the clock was set back */
    if (f->active) {
        step(r);
    } else if (r->now_ms >= f->looked_ms + LOOK_MS && others_are_ahead(r)) {
        f->looked_ms = r->now_ms;
        ask(r, r->now_ms < f->ahead_ms + HOLD_MS ? REPLICA_TO_ALL : next_peer(r), 0, 0);
        fetch_look(r);
    }
    join_begin(r, &f->name);
}

void replica_snapshot_whole(struct replica *r, const struct snapshot_name *name, uint64_t now_ms)
{
    if (r->fetching.whole && snapshot_name_equal(name, &r->fetching.name))
        snapshot_hold(r, name);
    else
        drop(r);
    if (!r->stopped)
        replica_on_time(r, now_ms);
}

void fetch_status(const struct replica *r, struct replica_status *status)
{
    struct snapshot_name name;
    status->vouched_height = snapshot_vouched(r, 1, &name) ? name.height : 0;
    status->fetched_pieces = r->fetching.done;
    status->fetching_pieces = r->fetching.active ? r->fetching.count : 0;
}
