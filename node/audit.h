/* audit.h - checks a ledger from its public bytes alone: certificates, lanes, order, records, tree.
 *
 * The caller brings, height by height, the height's proof (replica_height_proof: certificate, cut,
 * headers and signatures of its batches) and its records. The audit trusts nothing but the charter:
 * it checks Q signatures over each cut, the chain of cuts and of every lane, rebuilds each batch
 * from its records' transactions and checks it against the signed header, replays every transaction
 * and compares verdict, effects, seal and state digest, and builds the tree anew.
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
#include "partners/state.h"
#include "protocol/vote.h"

enum {
    AUDIT_FINDINGS_MAX = 100, /* kept; the rest is counted */
    AUDIT_TEXT_MAX = 200,
};

struct audit_finding {
    const char *what; /* certificate, cut, lane, batch, order, record, seal, digest, tile, ... */
    char where[AUDIT_TEXT_MAX];
    char expected[AUDIT_TEXT_MAX];
    char found[AUDIT_TEXT_MAX];
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

/* `charter` is borrowed. `tiles` may be NULL: none are compared. */
struct audit *audit_open(const struct charter *charter, const struct audit_tiles *tiles);
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
void audit_found(struct audit *audit, const char *what, const char *expected, const char *found,
                 const char *where, ...) PRINTF_LIKE(5, 6);

size_t audit_findings(const struct audit *audit, const struct audit_finding **findings_out);
size_t audit_finding_count(const struct audit *audit); /* may exceed AUDIT_FINDINGS_MAX */
const struct state *audit_state(const struct audit *audit);
uint64_t audit_height(const struct audit *audit); /* last checked */
uint64_t audit_records(const struct audit *audit);
struct hash audit_root(const struct audit *audit);
/* Heights 1 .. audit_height(). */
const struct audit_height *audit_height_at(const struct audit *audit, uint64_t height);

struct audit_counts {
    uint64_t heights, records, transactions, batches, votes, tiles;
};
struct audit_counts audit_counts_of(const struct audit *audit);

#endif
