/* audit_codes.h - the one table of what an audit can find.
 *
 * The word is stable: scripts and reports rely on it, accrue.1 lists it. Codes are only added.
 */
#ifndef NODE_AUDIT_CODES_H
#define NODE_AUDIT_CODES_H

#include "crypto/base.h"

/* X(name, word, the rule that does not hold) */
#define AUDIT_CODES(X)                                                                             \
    X(AUDIT_SPLIT_CHECKPOINT, "split-checkpoint",                                                  \
      "Two checkpoints of one log are of one history.")                                            \
    X(AUDIT_SPLIT_ROOT, "split-root", "All sources have one root after a height.")                 \
    X(AUDIT_SPLIT_DIGEST, "split-digest", "All sources have one state after a height.")            \
    X(AUDIT_SPLIT_CHARTER, "split-charter", "All sources have one charter.")                       \
    X(AUDIT_HISTORY_REWRITTEN, "history-rewritten",                                                \
      "What was audited before is still there, unchanged.")                                        \
    X(AUDIT_CHECKPOINT_SIGNATURE, "checkpoint-signature",                                          \
      "The checkpoint is signed by a log key that is trusted, and every known signature holds.")   \
    X(AUDIT_CHECKPOINT_QUORUM, "checkpoint-quorum",                                                \
      "The checkpoint is cosigned by the quorum of the policy.")                                   \
    X(AUDIT_CHECKPOINT_HANDOVER, "checkpoint-handover",                                            \
      "Where the voters change, a quorum of the next ones cosigned the checkpoint too.")           \
    X(AUDIT_CHECKPOINT_ORIGIN, "checkpoint-origin",                                                \
      "The checkpoint is of the log that the charter names.")                                      \
    X(AUDIT_CHECKPOINT_SIZE, "checkpoint-size",                                                    \
      "A checkpoint ends with a height, and its log never shrinks.")                               \
    X(AUDIT_CHECKPOINT_ROOT, "checkpoint-root", "The checkpoint's root is that of the records.")   \
    X(AUDIT_PROOF_FORM, "proof-form", "A height's proof is well formed.")                          \
    X(AUDIT_PROOF_MISSING, "proof-missing", "There are proofs of all heights.")                    \
    X(AUDIT_CERTIFICATE, "certificate", "A quorum of voters signed the cut.")                      \
    X(AUDIT_CERTIFICATE_CHARTER, "certificate-charter",                                            \
      "Who certifies a height votes there, with the keys that are in force there.")                \
    X(AUDIT_CUT_HEIGHT, "cut-height", "Cuts follow each other without a gap.")                     \
    X(AUDIT_CUT_COALITION, "cut-coalition", "The cut is of this coalition.")                       \
    X(AUDIT_CUT_PREVIOUS, "cut-previous", "The cut names the one before it.")                      \
    X(AUDIT_CUT_LANES, "cut-lanes", "The cut has one lane a node.")                                \
    X(AUDIT_CUT_EVIDENCE, "cut-evidence",                                                          \
      "The cut's evidence holds, and is about nodes that are not accused already.")                \
    X(AUDIT_CUT_TIME, "cut-time", "The cut is later than the one before it.")                      \
    X(AUDIT_CUT_RECORDS, "cut-records", "The cut names the records after two heights before.")     \
    X(AUDIT_CUT_DIGEST, "cut-digest", "The cut names the state after two heights before.")         \
    X(AUDIT_CUT_ROOT, "cut-root", "The cut names the root after two heights before.")              \
    X(AUDIT_LANE_SEQUENCE, "lane-sequence", "Batches of a lane are numbered without a gap.")       \
    X(AUDIT_LANE_PREVIOUS, "lane-previous", "A batch names the one before it in its lane.")        \
    X(AUDIT_LANE_CLOSED, "lane-closed", "Who is suspended, or has left, writes nothing.")          \
    X(AUDIT_LANE_HEAD, "lane-head", "A lane ends at the batch that the cut names.")                \
    X(AUDIT_ORDER_LANE, "order-lane", "Batches stand in the order that the last cut gives.")       \
    X(AUDIT_ORDER_BATCHES, "order-batches", "All batches of the cut are there, and no others.")    \
    X(AUDIT_ORDER_FIRST, "order-first", "Records follow each other without a gap.")                \
    X(AUDIT_BATCH_SIGNATURE, "batch-signature", "The lane's owner signed the batch.")              \
    X(AUDIT_BATCH_KEY, "batch-key", "A batch is signed with the key that is in force there.")      \
    X(AUDIT_BATCH_EMPTY, "batch-empty", "A batch has a transaction.")                              \
    X(AUDIT_BATCH_CONTENTS, "batch-contents",                                                      \
      "The records' transactions are those that were signed.")                                     \
    X(AUDIT_BATCH_COALITION, "batch-coalition", "The batch is of this coalition.")                 \
    X(AUDIT_RECORD_FORM, "record-form", "A record is well formed.")                                \
    X(AUDIT_RECORD_INDEX, "record-index", "A record has its place in the log.")                    \
    X(AUDIT_RECORD_HEIGHT, "record-height", "A record has the height that it stands in.")          \
    X(AUDIT_RECORD_TIME, "record-time", "A record has the ledger time of its cut.")                \
    X(AUDIT_RECORD_KIND, "record-kind", "Transactions come first, then the seal.")                 \
    X(AUDIT_RECORD_LANE, "record-lane", "A record names the lane of its batch.")                   \
    X(AUDIT_RECORD_SEQUENCE, "record-sequence", "A record names its batch.")                       \
    X(AUDIT_RECORD_POSITION, "record-position", "A record has its place in the batch.")            \
    X(AUDIT_RECORD_VERDICT, "record-verdict", "The verdict is what the rules give.")               \
    X(AUDIT_RECORD_KEY, "record-key",                                                              \
      "An idempotency key is decided once, and again only with the first result.")                 \
    X(AUDIT_RECORD_DOCUMENT, "record-document", "A document is booked once.")                      \
    X(AUDIT_PERIOD_TOTALS, "period-totals",                                                        \
      "A settlement period is proposed with the checkpoint and the totals that it has.")           \
    X(AUDIT_RECORD_LATE, "record-late", "A record is late when the ledger heard of it late.")      \
    X(AUDIT_RECORD_LOTS, "record-lots", "Points move as the rules say.")                           \
    X(AUDIT_RECORD_OBLIGATIONS, "record-obligations", "Partners owe what the rules give.")         \
    X(AUDIT_RECORD_DEFICITS, "record-deficits",                                                    \
      "Members owe, or are waived, what the rules give.")                                          \
    X(AUDIT_RECORD_FIRST, "record-first", "A repeat names the record that decided its key.")       \
    X(AUDIT_RECORD_AMENDED, "record-amended",                                                      \
      "The coalition changes by what was carried, when it was carried.")                           \
    X(AUDIT_RECORD_MOTION, "record-motion",                                                        \
      "A motion is put to the vote where the charter allows what it proposes.")                    \
    X(AUDIT_RECORD_BALLOT, "record-ballot",                                                        \
      "A ballot counts when its partner may vote on the motion and signed it, and counts once.")   \
    X(AUDIT_RECORD_CONTRACT, "record-contract",                                                    \
      "A contract or a promotion is agreed upon by those whom it binds, before its first day.")    \
    X(AUDIT_RECORD_READY, "record-ready",                                                          \
      "A node is ready to vote when it waits to, and its state is what all have.")                 \
    X(AUDIT_SEAL_CUT, "seal-cut", "A seal names its cut.")                                         \
    X(AUDIT_SEAL_DIGEST, "seal-digest", "A seal has the state's digest.")                          \
    X(AUDIT_SEAL_COUNT, "seal-count", "A seal counts the transactions of its height.")             \
    X(AUDIT_SEAL_TIME, "seal-time", "A seal has the hash of what time alone brought.")             \
    X(AUDIT_SEAL_STATE_ROOT, "seal-state-root", "A seal has no state root within an epoch.")       \
    X(AUDIT_ENTRIES_FORM, "entries-form", "Bundles of entries are well formed.")                   \
    X(AUDIT_TILE_HASH, "tile-hash", "A tile holds the hashes of the records.")                     \
    X(AUDIT_TILE_MISSING, "tile-missing", "All tiles are there.")                                  \
    X(AUDIT_MODEL_VERDICT, "model-verdict", "A second model of the rules gives the verdict.")      \
    X(AUDIT_MODEL_EFFECTS, "model-effects", "A second model of the rules gives the effects.")      \
    X(AUDIT_MODEL_STATE, "model-state", "A second model of the rules ends in the same state.")     \
    X(AUDIT_CONSERVATION, "conservation", "Every total follows from the lots.")                    \
    X(AUDIT_BALANCE, "balance", "The node's balances are those of its log.")                       \
    X(AUDIT_STORE, "store", "Everything in a store can be read and belongs there.")                \
    X(AUDIT_STORE_BATCH, "store-batch", "A stored batch is the one that its key names.")

enum audit_code {
#define X(name, word, rule) name,
    AUDIT_CODES(X)
#undef X
        AUDIT_CODE_COUNT
};

const char *audit_code_word(enum audit_code code);
const char *audit_code_rule(enum audit_code code);

#endif
