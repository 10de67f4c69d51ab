/* audit.h - checks a ledger from its public bytes alone: certificates, lanes, order, records, tree.
 *
 * The caller brings, height by height, the height's proof (replica_height_proof: certificate, cut,
 * headers and signatures of its batches) and its records. The audit trusts nothing but the charter:
 * it checks Q signatures over each cut, the chain of cuts and of every lane, rebuilds each batch
 * from its records' transactions and checks it against the signed header, replays every transaction
 * and compares verdict, effects, seal and state digest, and builds the tree anew. With a second
 * model of the rules it asks that one too.
 *
 *     audit_height_begin(proof) -> how many records;  audit_record(bytes) for each;
 *     audit_height_end();  ... at the end audit_finish()
 *
 * It stops at the first height that fails: all that follows stands on it. Tiles are compared as
 * they fill, and what is unfinished at audit_finish().
 *
 * Reads nothing by itself; tiles come through a callback. Threads: one.
 */
#ifndef NODE_AUDIT_H
#define NODE_AUDIT_H

#include "crypto/merkle.h"
#include "node/audit_codes.h"
#include "node/naive_model.h"
#include "partners/state.h"
#include "protocol/vote.h"

enum {
    AUDIT_FINDINGS_MAX = 100, /* kept; the rest is counted */
    AUDIT_TEXT_MAX = 200,
    AUDIT_PAST = 2 /* heights that a cut looks back */
};

struct audit_spot { /* what a finding is about, as far as it is known */
    bool has_height, has_record, has_batch, has_position;
    uint64_t height, record, sequence;
    uint16_t lane;
    uint32_t position;
};
struct audit_finding {
    enum audit_code code;
    char where[AUDIT_TEXT_MAX];
    char expected[AUDIT_TEXT_MAX];
    char found[AUDIT_TEXT_MAX];
    struct audit_spot
        spot;            /* has_batch: the lane's owner signed what is wrong, or what is under it */
    size_t signer_count; /* nodes that certify the height's cut */
    uint16_t signers[VOTERS_MAX];
};

/* The tile as the node serves it, at least `width` hashes of it. */
struct audit_tiles {
    void *context;
    bool (*read)(void *context, uint32_t level, uint64_t index, uint32_t width,
                 struct hash tile_out[TILE_WIDTH], struct error *error);
};

struct audit_height { /* what a height left behind, for comparing nodes */
    uint64_t records;
    struct hash root, digest;
};

struct audit;

/* `charter` is borrowed. `tiles` may be NULL: none are compared. `model` is taken over; NULL: no
 * second model is asked. */
struct audit *audit_open(const struct charter *charter, const struct audit_tiles *tiles,
                         struct naive *model);
void audit_close(struct audit *audit); /* NULL is fine */

/* Checks everything but the contents of the records; false: a finding, and the end. */
bool audit_height_begin(struct audit *audit, struct bytes proof, uint64_t *first_out,
                        uint64_t *count_out) MUST_USE;
/* The next record. Goes on after a finding, to the end of the height. */
void audit_record(struct audit *audit, struct bytes record);
bool audit_height_end(struct audit *audit) MUST_USE;
/* Compares the unfinished tiles, and the totals of the state with its lots. */
void audit_finish(struct audit *audit);

/* For what the caller compares itself: checkpoints, balances, nodes with each other. */
void audit_found(struct audit *audit, enum audit_code code, const char *expected, const char *found,
                 const char *where, ...) PRINTF_LIKE(5, 6);

size_t audit_findings(const struct audit *audit, const struct audit_finding **findings_out);
size_t audit_finding_count(const struct audit *audit); /* may exceed AUDIT_FINDINGS_MAX */
const struct charter *audit_charter(const struct audit *audit);
const struct state *audit_state(const struct audit *audit);
const struct naive *audit_model(const struct audit *audit); /* or NULL */
uint64_t audit_height(const struct audit *audit);           /* last checked */
uint64_t audit_records(const struct audit *audit);
struct hash audit_root(const struct audit *audit);
/* The height that this audit went on from, 0: from the first. */
uint64_t audit_began(const struct audit *audit);
/* Heights audit_began() - 1 (from 1 on) .. audit_height(). */
const struct audit_height *audit_height_at(const struct audit *audit, uint64_t height);
bool audit_has_height(const struct audit *audit, uint64_t height);

struct audit_counts {
    uint64_t heights, records, transactions, batches, votes, tiles;
};
struct audit_counts audit_counts_of(const struct audit *audit);

/* ---- keeping it ---------------------------------------------------------------------------- */

/* What an audit knows beside the state and the model, appended; between heights and without a
 * finding (protocol/FORMAT.md, 15). */
void audit_place(const struct audit *audit, struct buffer *out);
/* An audit that goes on there: takes state and model over (model NULL: none), also on failure.
 * ERROR_CORRUPT when the three are not of one moment. */
bool audit_resume(const struct charter *charter, const struct audit_tiles *tiles,
                  struct bytes place, struct state *state, struct naive *model,
                  struct audit **audit_out, struct error *error) MUST_USE;

/* ---- from where there is something ---------------------------------------------------------- */

/* Where the log can be read only from a height on, what is taken as given there: the cut that was
 * decided at it, what it and those before left behind, the oldest first, and the tree. */
struct audit_start {
    struct bytes cut; /* borrowed during audit_open_at() */
    struct audit_height past[AUDIT_PAST];
    size_t past_count;
    const struct merkle *tree;
};
/* An audit that goes on there, without a second model: takes the state after that height over, also
 * on failure. ERROR_CORRUPT when they are not of one moment. */
bool audit_open_at(const struct charter *charter, const struct audit_tiles *tiles,
                   const struct audit_start *start, struct state *state, struct audit **audit_out,
                   struct error *error) MUST_USE;

#endif
