/* replica_parts.h - what the replica's own files share; nobody else includes it.
 *
 *   replica.c          lifecycle, events, submitting, own batches, actions
 *   replica_epoch.c    the charter in force: who judges and signs from which height on
 *   replica_agree.c    judging cuts, proposing, voting, deciding
 *   replica_execute.c  applying a decided cut, and its one atomic write
 *   replica_gossip.c   status, repetition, fetching, catching up, the question at start
 *   replica_recover.c  replaying the store
 *   replica_resume.c   going on from an image instead of the first height
 *   replica_snapshot.c snapshots that are due, attested and served
 *   replica_fetch.c    fetching the snapshot that a node begins with
 *   replica_join.c     beginning with it, and the history behind it
 *   replica_cosign.c   signing checkpoints, and what makes them final
 *   replica_evidence.c proof that a node lied: caught, kept, read again
 *   replica_peers.c    what peers may cost
 *   replica_history.c  reading records, tiles and proofs
 *   replica_member.c   reading a member's history
 */
#ifndef NODE_REPLICA_PARTS_H
#define NODE_REPLICA_PARTS_H

#include "crypto/merkle.h"
#include "node/lanes.h"
#include "node/replica.h"
#include "protocol/consensus.h"

enum {
    HISTORY_KEPT = 4,        /* cuts name the state two heights back */
    UNJUDGED_MAX = 64,       /* cuts whose batches are being fetched */
    AHEAD_MAX = 32,          /* decided heights kept for their turn */
    OWN_UNDECIDED_EAGER = 4, /* below it a batch closes as soon as the lane is idle */
    OWN_UNDECIDED_MAX = LANE_BRANCH_MAX - 8,
    OWN_BYTES_MAX = LANE_BYTES_MAX * 3 / 4, /* taken back, it fits one group with a height */
    BATCH_WAIT_MS = 20,                     /* above it a batch waits this long for company */
    COMPANY_MS = 4,         /* below it, and a cut: for those who are expected back */
    COMPANY_RECENT_MS = 25, /* after a height; later nobody is on the way */
    STATUS_FIRST_MS = 50,
    STATUS_LAST_MS = 1000,
    ASK_MS = 250,
    FETCH_AGAIN_MS = 100,
    STALLED_MS = 1000, /* of one height: then votes are repeated to those who seem to hold them */
    HEARD_RECENTLY_MS = 3000,
    SILENT_PROPOSER_MS = 20,           /* waited for a proposer that was not heard recently */
    FETCH_BYTES_MAX = 4 * 1024 * 1024, /* batches sent for one request */
    SERVE_PER_SECOND = 400,            /* requests served a peer */
    SERVE_BYTES_PER_SECOND = 48 * 1024 * 1024,
    SERVE_MESSAGE_COST = 8 * 1024, /* each counts so many bytes more: small ones cost too */
    WASTE_PER_SECOND = 256,        /* useless signature checks a peer: about 3 % of a core */
    /* A group that is this full takes no batches and no further height before it is written: a
     * flood, or a slow disk, must not fill it to STORE_GROUP_MAX. */
    GROUP_BYTES_BUSY = 16 * 1024 * 1024,
    /* What nothing waits for, others' batches above all, is written together with what something
     * does: a vote is never durable before the batches that it relies on. */
    UNASKED_MS = 20,
    UNASKED_BYTES = 64 * 1024,
    CLOCK_BACK_MS = 1000, /* a clock set back by more moves what is due with it */
    MEMPOOL_BYTES_DEFAULT = 16 * 1024 * 1024,
    MEMPOOL_COUNT_MAX = 256 * 1024
};

/* What happens when a group is durable. */
enum after_kind {
    AFTER_BATCH,
    AFTER_VOTE,
    AFTER_PROPOSAL,
    AFTER_OUTBOX,
    AFTER_DECIDED,
    AFTER_HEIGHT,
    AFTER_COSIGNED,
    AFTER_FINAL,
    AFTER_ATTESTED,
    AFTER_JOINED,
    AFTER_WHOLE
};
struct after {
    enum after_kind kind;
    struct hash id; /* batch */
    struct vote vote;
    struct buffer bytes; /* proposal; own cosignature and final checkpoint, as they are stored */
    uint64_t token;
    struct record_index index, first;
    enum verdict verdict;
    bool late;
    uint64_t height, size, time_ms, cut_time_ms; /* of an executed height */
    struct hash root, digest;
};
struct write {
    struct store_group group;
    uint64_t since_ms; /* when it was first looked at and left to wait; 0: not yet */
    struct after *afters;
    size_t after_count, after_capacity;
    size_t unasked_count; /* of them: those that wait for a group that is written anyway */
};

struct pending {   /* a transaction that waits for a batch */
    uint32_t size; /* of its framed bytes */
    uint64_t token;
    uint64_t outbox; /* its key there; 0: none */
    uint64_t since_ms;
};

struct passed { /* what cuts two heights later must name */
    uint64_t height, count;
    struct hash digest, root, cut;
};

struct decided { /* a decided height whose batches may still be missing */
    bool used;
    uint16_t from; /* who told us; REPLICA_TO_ALL: our own quorum */
    struct certificate certificate;
    const struct charter *charter; /* that judged the certificate */
    struct buffer cut;
};

struct timer {
    uint64_t at_ms;
    uint64_t height;
    int32_t round;
    bool set;
};

/* Clients that wait for an answer come back with the next transaction once they have it: under load
 * a batch, and a cut, waits for as many as there were, some milliseconds at most. So a height
 * carries what all clients together have, at the price of one; a lone client waits for nobody. */
struct company {
    uint64_t expected; /* transactions */
    uint64_t since_ms; /* when the height was executed, then when its answers went out */
};

struct held_keys { /* replica_epoch.c: keys that this node has, in force or not */
    const struct signing_key *key, *cosigner_key; /* NULL: none */
    struct verifier *verifier, *cosigner;         /* the same keys' */
};

struct cosigning { /* replica_cosign.c */
    struct cosign book;
    struct cosign_final shown; /* the newest final one that is durable */
    struct verifier *verifiers[NODES_MAX];
    uint64_t signed_size;    /* the newest that we signed, durable or being written */
    uint64_t cut_time_ms;    /* of the last durable height */
    struct cosign_point due; /* the newest that every node cosigns; size 0: none */
    uint64_t durable_ms;     /* when the last height was */
    uint64_t handover_ms;    /* when the book's newest hand-over was; 0: long ago */
    uint64_t since_ms;       /* when the first one after signed_size was; 0: there is none */
    bool unchecked;          /* some that were kept may be of a size that is computed by now */
    uint64_t sent_ms[NODES_MAX];
};

/* When a snapshot is due: by cut times and counts alone, so that all nodes agree. */
struct snapshot_clock {
    uint64_t beat_ms, beat_records; /* the last height that began another second of cut time */
    uint64_t records;               /* up to the last snapshot that was due */
};

enum { ATTESTATIONS_KEPT = 2 }; /* of each node */
struct attesting {              /* replica_snapshot.c */
    struct snapshot_clock clock;
    bool taking;                  /* REPLICA_SNAPSHOT was said; nothing is executed */
    bool replaying;               /* the heights of the store are being executed */
    uint64_t due;                 /* the last height at which it was due, and recent */
    struct snapshot_name held[2]; /* made or fetched here, the newest first; height 0: none */
    uint64_t own_height;          /* the newest that we signed, durable or being written */
    struct attestation items[NODES_MAX][ATTESTATIONS_KEPT]; /* the newest first */
    uint64_t taken_ms[NODES_MAX], sent_ms[NODES_MAX];
};

struct fetching { /* replica_fetch.c */
    bool active, whole, joining;
    bool told; /* some other node has said how far it is */
    struct snapshot_name name;
    struct buffer hashes; /* of its pieces; empty: not here yet */
    uint64_t count, done; /* pieces */
    uint64_t ahead_ms, looked_ms, asked_ms, moved_ms;
    uint16_t turn;
};

struct gap { /* replica_join.c */
    struct replica_gap at;
    struct passed passed; /* the snapshot's height; that of a history: where it ends */
    uint16_t lane_count;
    struct lane_head lanes[NODES_MAX]; /* decided there */
};

struct history { /* of a second replica: replica_join.c */
    bool is;     /* it is one */
    uint64_t next_ms, asked_ms, asked_height;
    uint16_t turn;
};

struct queued_action {
    struct replica_action action;
    size_t offset, size; /* of a message, in `sends`; of a text, in `texts` */
};

struct peer_seen { /* of each node */
    uint64_t heard_ms, height, conflicts, bad_signatures, omissions;
    uint64_t malformed, useless, ignored, refused_cuts, unfetched_cuts, unserved;
    uint64_t waste_second; /* of `wasted`: see replica_peers.c */
    uint32_t wasted;
    struct vote votes[2];
    bool has_vote[2];
    struct vote surplus[2]; /* [type - 1]: the last that was not checked */
    struct vote decided;    /* its newest vote in a certificate; height 0: none */
    struct buffer proposal; /* its newest signed proposal */
    uint64_t proposal_height;
    int32_t proposal_round;
    uint64_t serve_second, served, served_bytes;
    uint64_t decided_sent_ms, decided_sent_height, asked_heights_ms;
    bool answered; /* our question */
};

struct evidence_book {            /* replica_evidence.c */
    struct evidence_kept **items; /* the earliest first */
    size_t count, capacity;
};

struct replica {
    struct replica_config config;
    uint64_t now_ms;
    bool stopped, may_sign, draining;
    /* Rule 3's question is open: what was signed after this height must be in the store. */
    uint64_t asked_from;
    bool asked_stored; /* that height is, until the question is answered */

    const struct charter *charter; /* in force at height + 1, and what follows from it: */
    struct verifier *verifiers[NODES_MAX];
    bool is_voter[NODES_MAX];
    uint16_t proposers[VOTERS_MAX];
    struct consensus_config agreement;
    uint64_t largest_batch; /* that any charter so far allowed */
    struct held_keys held[2];
    const struct signing_key *key; /* of those held, the one in force; NULL: it signs nothing */
    enum replica_standing standing;

    struct consensus *consensus;

    struct state *state;
    struct merkle tree;
    struct passed passed[HISTORY_KEPT]; /* [height % HISTORY_KEPT] */
    uint64_t height;                    /* last executed in memory; consensus is at height + 1 */
    uint64_t cut_time_ms;               /* of the last cut */
    struct hash cut_id;                 /* of the last cut; the coalition id before the first */
    struct passed shown;                /* last durable: what the outside sees */
    uint64_t shown_time_ms;
    struct passed resumed; /* the image that it was opened with; height 0: none */

    struct lane lanes[NODES_MAX];
    struct peer_seen seen[NODES_MAX];
    struct cosigning cosigning;
    struct evidence_book evidence;
    struct attesting attesting;
    struct fetching fetching;
    struct gap gap;
    struct history history;

    struct hash unjudged[UNJUDGED_MAX];
    size_t unjudged_count;
    int32_t want_cut_round; /* -1: none wanted */
    uint64_t want_cut_ms;   /* since when */
    struct company batch_company, cut_company;
    struct decided pending, ahead[AHEAD_MAX];
    struct timer timers[3];
    int32_t own_rounds[64];
    size_t own_round_count;
    struct vote own_votes[2]; /* [type - 1]: the last that was signed, durable or being written */
    bool lock_stored;

    struct buffer mempool; /* framed transactions */
    struct pending *waiting;
    size_t waiting_count, waiting_capacity;
    uint64_t outbox_next, outbox_count;
    bool batch_in_flight;

    struct write writes[2]; /* [filling], and the other in flight */
    size_t filling;
    bool write_in_flight;
    uint64_t write_number;

    struct queued_action *actions;
    size_t action_first, action_count, action_capacity;
    struct buffer sends, texts;

    uint64_t status_at_ms, ask_at_ms;
    uint64_t fetch_at_ms[NODES_MAX]; /* a lane's batches were asked for; not again before */
    uint16_t fetch_hint;   /* who told of the cut that is judged; REPLICA_TO_ALL: nobody */
    uint64_t asked_height; /* the last height asked for, while catching up */
    uint16_t catch_up_turn;
    uint64_t height_since_ms; /* when this height began to wait */
    uint32_t status_interval_ms;
    uint16_t fetch_turn;

    struct message in, out;
    struct proposal proposal_in;
    struct buffer scratch, record, entry, entries;
    char name_text[CHARTER_NAME_MAX + 1];
};

static inline bool replica_height_stalls(const struct replica *r)
{
    return r->now_ms > r->height_since_ms + STALLED_MS;
}

/* replica.c */
/* Nothing of the store in it yet. NULL, and the image is closed, when a key is none. */
struct replica *replica_make(const struct replica_config *config, uint64_t now_ms,
                             struct error *error);
void replica_send(struct replica *r, uint16_t peer, const struct message *message);
void replica_stop(struct replica *r, const char *format, ...) PRINTF_LIKE(2, 3);
void replica_warn(struct replica *r, const char *format, ...) PRINTF_LIKE(2, 3);
/* For people; of one that the charter does not name yet: its number. Until the next call. */
const char *replica_node_name(struct replica *r, uint16_t node);
struct queued_action *replica_act(struct replica *r, enum replica_action_kind kind);
struct store_group *replica_group(struct replica *r);
struct after *replica_after(struct replica *r, enum after_kind kind);
/* The same, where nobody waits for it: no group is written at once for its sake. */
struct after *replica_after_unasked(struct replica *r, enum after_kind kind);
void replica_maybe_batch(struct replica *r);
void replica_wait(struct replica *r, struct bytes transaction, uint64_t token, uint64_t outbox);
/* What the undecided batches that this node wrote hold waits again, before what waits already, and
 * in the outbox. */
void replica_take_back(struct replica *r, const struct lane *lane);
/* An outbox entry: a transaction, or a batch's payload. */
void replica_wait_stored(struct replica *r, struct bytes value, uint64_t outbox);

/* Until when to wait for more than the transactions that are here, of which the first came at
 * `since_ms`; 0: not at all. */
uint64_t replica_awaits(const struct replica *r, const struct company *company, uint64_t here,
                        uint64_t since_ms);

/* replica_epoch.c */
bool epoch_init(struct replica *r, struct error *error) MUST_USE; /* with the state's charter */
void epoch_release(struct replica *r);
/* After a height was executed: the next one's charter is in force. Alone it takes what judges; for
 * a replay. ERROR_INVALID only for the first one, whose keys nobody has looked at. */
bool epoch_take(struct replica *r, struct error *error) MUST_USE;
/* And what follows from it for what is undecided. `caught_up`: by a certificate of others. */
void epoch_enter(struct replica *r, bool caught_up);
/* May the lane advance at the next height? */
bool epoch_lane_open(const struct replica *r, uint16_t lane);
bool epoch_certificate_holds(const struct replica *r, const struct charter *charter,
                             const struct certificate *certificate, struct error *error) MUST_USE;
bool epoch_vote_holds(const struct replica *r, const struct charter *charter,
                      const struct vote *vote) MUST_USE;
bool epoch_other_key_holds(const struct replica *r, const struct batch *batch) MUST_USE;
bool epoch_other_key_attests(const struct replica *r, const struct attestation *item) MUST_USE;
bool epoch_past_key_holds(const struct replica *r, const struct batch *batch) MUST_USE;
/* Ours for what `charter` is in force at; NULL: it names none that we hold. */
const struct signing_key *epoch_cosigner_key(const struct replica *r,
                                             const struct charter *charter);
bool epoch_is_past(const struct replica *r, const struct held_keys *held);
const char *epoch_standing_text(enum replica_standing standing);

/* replica_agree.c */
void agree_begin(struct replica *r); /* at height + 1 */
void agree_maybe_start(struct replica *r);
bool agree_may_start(const struct replica *r);          /* if there is a reason to */
uint64_t agree_awaits_company(const struct replica *r); /* our turn, but not before; 0: go on */
void agree_on_proposal(struct replica *r, uint16_t from, struct bytes bytes);
/* False: its signature does not hold. */
bool agree_on_vote(struct replica *r, uint16_t from, const struct vote *vote);
void agree_on_batch(struct replica *r); /* a lane grew: judge and propose again */
void agree_on_decided(struct replica *r, uint16_t from, const struct certificate *certificate,
                      struct bytes cut);
void agree_on_time(struct replica *r);
void agree_pump(struct replica *r);
void agree_vote_durable(struct replica *r, const struct vote *vote);
void agree_proposal_durable(struct replica *r, struct bytes bytes);
void agree_try_execute(struct replica *r);
/* Is the cut well-formed, ours to follow, and held? With `fetch`, asks for what is missing. */
enum cut_status agree_judge(struct replica *r, const struct cut *cut, bool fetch,
                            const char **why_out);

/* replica_execute.c */
void execute_cut(struct replica *r, const struct certificate *certificate, const struct cut *cut,
                 struct bytes cut_bytes);
/* Whose votes it holds: for answers to rule 3's question. */
void remember_certificate(struct replica *r, const struct certificate *certificate);
struct execution_order {
    struct lane_entry **entries;
    size_t count, capacity;
};
/* Rule 12: batches of the cut in execution order; every path must be held. */
void execution_order(struct replica *r, const struct cut *cut, struct execution_order *order_out);

/* replica_gossip.c */
void gossip_reset(struct replica *r);
bool gossip_may_serve(struct replica *r, uint16_t peer); /* a peer may ask often, not without end */
void gossip_ask_heights(struct replica *r, uint16_t peer, uint64_t first, uint64_t count);
void gossip_on_time(struct replica *r);
void gossip_on_status(struct replica *r, uint16_t from, const struct status *status);
void gossip_on_batch(struct replica *r, uint16_t from, struct bytes bytes);
void gossip_on_fetch_batches(struct replica *r, uint16_t from, const struct message *message);
void gossip_on_fetch_heights(struct replica *r, uint16_t from, uint64_t first, uint64_t count);
void gossip_on_ask(struct replica *r, uint16_t from, uint64_t nonce);
void gossip_on_answer(struct replica *r, uint16_t from, const struct answer *answer);
void gossip_fetch(struct replica *r, uint16_t number, const struct lane_head *missing);
/* Asks for the next heights where others are ahead. */
void gossip_catch_up(struct replica *r, bool stalled);
void gossip_remember_vote(struct replica *r, const struct vote *vote);
void gossip_remember_decided(struct replica *r, const struct vote *vote); /* of a certificate */
void gossip_remember_proposal(struct replica *r, const struct proposal *proposal,
                              struct bytes bytes);

/* Rule 3's question is answered, or there is nobody to ask: this node may sign. */
void gossip_question_over(struct replica *r);
/* Have Q - 1 others of those who vote next answered since this node started? */
bool gossip_enough_answered(const struct replica *r);
/* It is open, and a height was executed all the same: the next start must ask from there, too. */
void gossip_question_stays(struct replica *r);
/* The key of this node has signed what its store does not know: it stops for good (rule 3). */
void gossip_retire(struct replica *r, uint16_t from, const char *what);

/* replica_cosign.c */
void cosigning_release(struct replica *r);
bool cosigning_recover(struct replica *r, struct error *error) MUST_USE; /* after the heights */
void cosigning_computed(struct replica *r, const struct passed *passed);
void cosigning_height(struct replica *r, const struct after *after); /* it is durable, and shown */
void cosigning_own_durable(struct replica *r, struct bytes value);
void cosigning_final_durable(struct replica *r, struct bytes value);
void cosigning_on_message(struct replica *r, uint16_t from, const struct cosignature *item,
                          uint64_t final_size);
void cosigning_on_time(struct replica *r);
uint64_t cosigning_due_ms(const struct replica *r); /* UINT64_MAX: nothing is */
void cosigning_set_clock(struct replica *r);
void cosigning_repeat(struct replica *r);                 /* with each status */
void cosigning_may_sign(struct replica *r);               /* from now on */
void cosigning_answer(struct replica *r, uint16_t asker); /* rule 3's question */
void cosigning_status(const struct replica *r, struct replica_status *status);

/* replica_snapshot.c */
/* A height was executed: whether a snapshot is due of it. */
void snapshot_executed(struct replica *r);
void snapshot_replayed(struct replica *r); /* the store has no more heights */
bool snapshot_recover(struct replica *r, struct error *error) MUST_USE;
void snapshot_on_attestation(struct replica *r, uint16_t from, const struct attestation *item);
void snapshot_on_fetch(struct replica *r, uint16_t from, uint64_t height, uint64_t piece);
void snapshot_on_time(struct replica *r);
void snapshot_repeat(struct replica *r); /* with each status */
/* Under another charter: what a replaced key signed, or who votes no more, goes. */
void snapshot_judge_again(struct replica *r);
void snapshot_own_durable(struct replica *r, struct bytes value);
/* The newest that Q voters attest, of a height from `least` on; false: there is none. */
bool snapshot_vouched(const struct replica *r, uint64_t least, struct snapshot_name *name_out);
void snapshot_hold(struct replica *r, const struct snapshot_name *name);

/* replica_fetch.c */
void fetch_look(struct replica *r);
void fetch_on_time(struct replica *r);
bool fetch_holds(const struct replica *r); /* no height is executed for a moment */
void fetch_on_piece(struct replica *r, uint16_t from, const struct message *message);
void fetch_status(const struct replica *r, struct replica_status *status);

/* replica_join.c */
bool join_wanted(const struct replica *r); /* it begins with a snapshot: nothing is executed */
void join_begin(struct replica *r, const struct snapshot_name *name);
bool join_recover(struct replica *r, struct error *error) MUST_USE; /* instead of resume() */
bool gap_recover(struct replica *r, struct error *error) MUST_USE;
/* An ERROR_NOT_FOUND becomes ERROR_NOT_YET or ERROR_GONE where the store lacks it by right. */
void gap_explain_record(const struct replica *r, uint64_t index, struct error *error);
void gap_explain_height(const struct replica *r, uint64_t height, struct error *error);
void history_on_message(struct replica *r, uint16_t from);
void history_on_time(struct replica *r);

/* replica_evidence.c. What is given is well signed and not yet among what is held; nothing is
 * encoded or hashed where nothing contradicts it. */
bool evidence_recover(struct replica *r, struct error *error) MUST_USE;
void evidence_release(struct replica *r);
void evidence_on_vote(struct replica *r, const struct vote *vote);
/* Another claim of the voter in that round is held: this one is worth a check. */
bool evidence_may_be(const struct replica *r, const struct vote *vote);
void evidence_on_proposal(struct replica *r, const struct proposal *proposal);
void evidence_on_batch(struct replica *r, const struct batch *batch);
/* At a place that is decided; its signature was not checked. */
void evidence_on_old_batch(struct replica *r, uint16_t from, const struct batch *batch);
void evidence_on_cosignature(struct replica *r, const struct cosignature *item);
void evidence_on_message(struct replica *r, uint16_t from, struct bytes bytes);
void evidence_repeat(struct replica *r); /* with each status */
/* Is there any that a cut of the next height should bring? */
bool evidence_waits(const struct replica *r);
/* Puts it into a cut of the next height. */
void evidence_propose(const struct replica *r, struct cut *cut);
/* Does a cut's evidence hold, judged by the charter in force? */
bool evidence_judge(const struct replica *r, const struct cut *cut, const char **why_out) MUST_USE;
/* It is on the ledger now: everybody keeps it. */
void evidence_decided(struct replica *r, const struct cut *cut);
void evidence_judge_again(struct replica *r); /* under other keys */

/* replica_peers.c: `from` brought something that does not decode; that is badly signed; or that is
 * well signed and of no use; it took so many checks. */
void peer_malformed(struct replica *r, uint16_t from);
void peer_bad_signature(struct replica *r, uint16_t from, size_t checks);
void peer_useless(struct replica *r, uint16_t from, size_t checks);
/* It has used up what it may waste in this second. */
bool peer_is_over_budget(const struct replica *r, uint16_t from);

/* replica_recover.c */
bool recover(struct replica *r, struct error *error) MUST_USE;
/* After agree_begin: what the key in force signed at this height, if it votes, and its lock. */
bool recover_votes(struct replica *r, struct error *error) MUST_USE;
/* Executes the next height as the store has it; *found_out is false when it has none. */
bool replay_next(struct replica *r, bool *found_out, struct error *error) MUST_USE;

/* replica_resume.c: takes the place of the image's height; replay goes on after it. */
bool resume(struct replica *r, struct error *error) MUST_USE;

/* replica_history.c: the values of the store's H and O entries */
struct stored_height {
    uint64_t height, first_index, record_count;
    struct certificate certificate;
    struct bytes cut;
    size_t batch_count;
    struct bytes batches; /* [[lane, sequence, id, first index]...], read with stored_batch_next */
};
struct stored_batch {
    struct node_id lane;
    uint64_t sequence, first_index;
    struct hash id;
};
bool stored_height_decode(struct bytes bytes, struct stored_height *height_out,
                          struct error *error) MUST_USE;
bool stored_batch_next(struct bytes *rest, struct stored_batch *batch_out);
/* `entries`: one a transaction, each a byte string of its links and its outcome. */
void stored_outcomes_put(struct buffer *out, uint64_t height, uint64_t time_ms,
                         const struct batch *batch, struct bytes entries);
void stored_links_put(struct buffer *out, uint64_t index, const struct member_link *links,
                      size_t count);
/* With the automatic effects that the seal has the hash of, where there are any and a dispute could
 * bring them: they cannot be had from the other records. */
void stored_seal_put(struct buffer *out, struct bytes record, struct bytes automatic);
struct stored_block {
    bool is_seal;
    struct bytes seal, automatic; /* `automatic`: of a seal, and empty unless it was kept */
    uint64_t height, time_ms, sequence, count;
    struct node_id lane;
    struct hash id;
    struct bytes entries;
};
bool stored_block_decode(struct bytes bytes, struct stored_block *block_out,
                         struct error *error) MUST_USE;
/* Takes the next entry off; false at the end, or when no entry follows. */
bool stored_entry_next(struct bytes *rest, struct bytes *entry_out);
/* An entry of record `index`, taken apart; the outcome is left as it is encoded. */
struct stored_entry {
    struct member_link links[LINKS_MAX];
    size_t link_count;
    struct bytes outcome;
};
bool stored_entry_decode(struct bytes bytes, uint64_t index, struct stored_entry *entry_out,
                         struct error *error) MUST_USE;
/* Calls `visit` with the block (an O entry) that holds record `index`, where it lies: in the store,
 * or not there yet and in a group that waits. What visit returns is returned. */
bool history_block(const struct replica *r, uint64_t index,
                   bool (*visit)(void *visitor, uint64_t first, const struct stored_block *block,
                                 struct error *error),
                   void *visitor, struct error *error) MUST_USE;
bool replica_read_tile(void *context, uint32_t level, uint64_t index, struct hash tile_out[256],
                       struct error *error);

#endif
