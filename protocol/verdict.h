/* verdict.h - the one table of verdicts: what the ledger says of a transaction.
 *
 * A verdict is data: it is recorded, signed under the checkpoint and never changes. The number is
 * wire format; the word is the `code` of the API; the status is the API's.
 */
#ifndef PROTOCOL_VERDICT_H
#define PROTOCOL_VERDICT_H

#include "crypto/base.h"

/* X(name, number, word, http status, sentence) */
#define VERDICTS(X)                                                                                \
    X(VERDICT_ACCEPTED, 0, "accepted", 200, "The transaction was applied.")                        \
    X(VERDICT_REPEAT, 1, "repeat", 200,                                                            \
      "The same key and fields were decided before; the first result stands.")                     \
    X(VERDICT_MALFORMED, 2, "malformed", 400,                                                      \
      "The bytes are no transaction in deterministic CBOR of a known version.")                    \
    X(VERDICT_KEY_REUSED, 3, "idempotency-key-reused", 422,                                        \
      "This idempotency key was used with other fields; use a new key.")                           \
    X(VERDICT_TOO_OLD, 4, "too-old", 422,                                                          \
      "The transaction's time lies before the charter's idempotency window.")                      \
    X(VERDICT_FUTURE_DATED, 5, "future-dated", 422,                                                \
      "The transaction's time lies beyond ledger time and the charter's clock bound.")             \
    X(VERDICT_DUPLICATE_DOCUMENT, 6, "duplicate-document", 409,                                    \
      "This partner has already booked this document and line with this type.")                    \
    X(VERDICT_UNKNOWN_MEMBER, 7, "unknown-member", 404, "No member has this reference.")           \
    X(VERDICT_MEMBER_EXISTS, 8, "member-exists", 409, "A member with this reference exists.")      \
    X(VERDICT_MEMBER_LOCKED, 9, "member-locked", 423, "The member is locked.")                     \
    X(VERDICT_CARD_TAKEN, 10, "card-taken", 409, "The card is linked to another member.")          \
    X(VERDICT_UNKNOWN_CARD, 11, "unknown-card", 404, "The card is linked to nobody.")              \
    X(VERDICT_CARD_BLOCKED, 12, "card-blocked", 423, "The card is blocked.")                       \
    X(VERDICT_INSUFFICIENT, 13, "insufficient-points", 409,                                        \
      "The member has fewer spendable points than asked for.")                                     \
    X(VERDICT_BAD_QUANTITY, 14, "bad-quantity", 422,                                               \
      "A quantity is zero, negative or larger than a record may carry.")                           \
    X(VERDICT_BAD_SPLIT, 15, "bad-split", 422,                                                     \
      "The funding split does not sum to 10,000 basis points of distinct known partners.")         \
    X(VERDICT_NOT_AUTHORISED, 16, "not-authorised", 403,                                           \
      "This partner may not write this transaction: it binds another that has not signed.")        \
    X(VERDICT_BAD_TERMS, 17, "bad-terms", 422,                                                     \
      "Activation and expiry do not lie in order after the transaction's time.")                   \
    X(VERDICT_UNKNOWN_REFERENCE, 18, "unknown-reference", 404,                                     \
      "The record referred to does not exist or is of another type.")                              \
    X(VERDICT_LOT_EXPIRED, 19, "lot-expired", 409, "The lot has expired.")                         \
    X(VERDICT_NOT_EXPIRED, 20, "not-expired", 409, "The lot has not expired yet.")                 \
    X(VERDICT_HOLD_EXPIRED, 21, "hold-expired", 409, "The hold has ended; hold again.")            \
    X(VERDICT_HOLD_CLOSED, 22, "hold-closed", 409, "The hold was committed or released before.")   \
    X(VERDICT_ALREADY_ACTIVE, 23, "already-active", 409,                                           \
      "No pending points are left to activate.")                                                   \
    X(VERDICT_OVER_REVERSED, 24, "over-reversed", 409,                                             \
      "More would be taken back than the original record gave.")                                   \
    X(VERDICT_TOO_MANY_ALLOCATIONS, 25, "limit-exceeded", 422,                                     \
      "The record would carry more allocations than the charter allows; split it.")                \
    X(VERDICT_NOT_SANDBOX, 26, "not-sandbox", 403,                                                 \
      "Ledger time moves by hand in a sandbox coalition only.")                                    \
    X(VERDICT_SAME_MEMBER, 27, "same-member", 422, "Giver and receiver are one member.")           \
    X(VERDICT_DEFICIT, 28, "deficit-open", 409, "The member owes points; they come first.")        \
    X(VERDICT_NOTHING_TO_DO, 29, "nothing-to-do", 409, "Nothing would change.")                    \
    X(VERDICT_UNKNOWN_PARTNER, 30, "unknown-partner", 404,                                         \
      "No partner of the coalition has this number, or it has left.")                              \
    X(VERDICT_UNKNOWN_NODE, 31, "unknown-node", 404,                                               \
      "No node of the coalition has this number, or it has left.")                                 \
    X(VERDICT_NAME_TAKEN, 32, "name-taken", 409,                                                   \
      "A partner or node has, or had, this name; names are not used again.")                       \
    X(VERDICT_KEY_TAKEN, 33, "key-taken", 409,                                                     \
      "One of the keys has, or had, another use; keys are not used again.")                        \
    X(VERDICT_BAD_KEY, 34, "bad-key", 422,                                                         \
      "A key is no usable Ed25519 or P-256 key, or none that fits the log's name.")                \
    X(VERDICT_BAD_SIGNATURE, 35, "bad-signature", 422,                                             \
      "A signature is not by the key that has to sign this.")                                      \
    X(VERDICT_BAD_VOTERS, 36, "bad-voters", 409,                                                   \
      "The voters that this leaves form no quorum, or two would be of one partner.")               \
    X(VERDICT_BAD_POLICY, 37, "bad-policy", 409,                                                   \
      "The charter's tlog-policy has no place for this change, or would accept too few voters.")   \
    X(VERDICT_BAD_LIMIT, 38, "bad-limit", 422,                                                     \
      "A limit is out of its range, or the limits do not fit each other.")                         \
    X(VERDICT_COALITION_FULL, 39, "coalition-full", 409,                                           \
      "The coalition has as many partners or nodes as there are numbers.")                         \
    X(VERDICT_OPERATOR_STAYS, 40, "operator-stays", 409,                                           \
      "The operator stays as long as the coalition does.")                                         \
    X(VERDICT_UNKNOWN_MOTION, 41, "unknown-motion", 404,                                           \
      "No record of this index is a motion, or it is long past.")                                  \
    X(VERDICT_MOTION_CLOSED, 42, "motion-closed", 409,                                             \
      "The motion was carried, or its time has passed.")                                           \
    X(VERDICT_NOT_A_VOTER, 43, "not-a-voter", 403, "The partner has no node that votes.")          \
    X(VERDICT_NOT_JOINING, 44, "not-joining", 409, "The node is not waiting to become a voter.")   \
    X(VERDICT_WRONG_DIGEST, 45, "wrong-digest", 409,                                               \
      "This is not the state's digest after that height, or the height is not a recent one.")      \
    X(VERDICT_TOO_MANY_MOTIONS, 46, "too-many-motions", 429,                                       \
      "Too many motions are open, too many changes wait, or the lane brought too many at once.")   \
    X(VERDICT_UNKNOWN_PERIOD, 47, "unknown-period", 404,                                           \
      "No period of this number has ended, or nothing was owed in it, or it is long settled.")     \
    X(VERDICT_PERIOD_NOT_OVER, 48, "period-not-over", 409,                                         \
      "The period has not ended, or the day on which it may be proposed has not come.")            \
    X(VERDICT_WRONG_STATE, 49, "wrong-state", 409,                                                 \
      "The period, the dispute or the payment is not where this step can be taken.")               \
    X(VERDICT_WRONG_TOTALS, 50, "wrong-totals", 409,                                               \
      "Checkpoint or totals differ from what the ledger adds up to.")                              \
    X(VERDICT_TOTALS_CHANGED, 51, "totals-changed", 409,                                           \
      "This is not what was proposed, offered or approved first.")                                 \
    X(VERDICT_NOT_A_PARTY, 52, "not-a-party", 403, "It is another's line, dispute or payment.")    \
    X(VERDICT_ALREADY_ANSWERED, 53, "already-answered", 409,                                       \
      "It was signed, or resolved, before.")                                                       \
    X(VERDICT_TOO_LATE, 54, "too-late", 409, "The time to answer is over: silence has accepted.")  \
    X(VERDICT_TOO_EARLY, 55, "too-early", 409,                                                     \
      "Some may still answer, or there is still time to pay.")                                     \
    X(VERDICT_ALREADY_DISPUTED, 56, "already-disputed", 409,                                       \
      "This line of this record was disputed before.")                                             \
    X(VERDICT_NOT_IN_PERIOD, 57, "not-in-period", 409,                                             \
      "The record is not in that period as it is shown, or has no such line.")                     \
    X(VERDICT_UNKNOWN_DISPUTE, 58, "unknown-dispute", 404,                                         \
      "This line of this record is not disputed in that period.")                                  \
    X(VERDICT_UNKNOWN_PAYMENT, 59, "unknown-payment", 404, "The period has no such payment.")      \
    X(VERDICT_OVER_AMOUNT, 60, "over-amount", 422, "It is more than what is disputed.")            \
    X(VERDICT_PAID_TWICE, 61, "paid-twice", 409, "It was sent, or confirmed, before.")             \
    X(VERDICT_SAME_APPROVER, 62, "same-approver", 409,                                             \
      "Two people approve: this one has approved before.")                                         \
    X(VERDICT_TOO_MANY_DISPUTES, 63, "too-many-disputes", 429,                                     \
      "The period has as many disputes as it may have.")                                           \
    X(VERDICT_NO_CONTRACT, 64, "no-contract", 409,                                                 \
      "One who pays for these points has no contract with the redeemer.")                          \
    X(VERDICT_BAD_CARD, 65, "bad-card", 422,                                                       \
      "Prices, currencies, taxes, caps or dates of the contract are out of range.")                \
    X(VERDICT_ABOVE_FACE, 66, "above-face", 422,                                                   \
      "More would be paid for a point than it takes off at the till.")                             \
    X(VERDICT_NOTICE_TOO_SHORT, 67, "notice-too-short", 422,                                       \
      "It begins, or ends, sooner than the notice that was agreed upon allows.")                   \
    X(VERDICT_OVERLAP, 68, "overlap", 409, "Another one of these two partners is in force then.")  \
    X(VERDICT_UNKNOWN_CONTRACT, 69, "unknown-contract", 404, "No contract has this number.")       \
    X(VERDICT_OWN_PROPOSAL, 70, "own-proposal", 403, "Nobody countersigns what it has proposed.")  \
    X(VERDICT_CONTRACT_CHANGED, 71, "contract-changed", 409, "This is not what was proposed.")     \
    X(VERDICT_CONTRACT_CLOSED, 72, "contract-closed", 409,                                         \
      "The contract was signed, withdrawn or ended before, or was never signed.")                  \
    X(VERDICT_CONTRACT_TOO_LATE, 73, "contract-too-late", 409,                                     \
      "The day from which it was to hold has come; propose a later one.")                          \
    X(VERDICT_TOO_MANY_CONTRACTS, 74, "too-many-contracts", 429,                                   \
      "The coalition, or the partner, has as many as it may have.")                                \
    X(VERDICT_OVER_CAP, 75, "over-cap", 409,                                                       \
      "The contract does not let so many points be spent here in this period or year.")            \
    X(VERDICT_MIXED_CURRENCIES, 76, "mixed-currencies", 409,                                       \
      "These points are worth amounts in different currencies here; ask for points.")              \
    X(VERDICT_BAD_ACCOUNT, 77, "bad-account", 422,                                                 \
      "Holder, IBAN, BIC or currency of the account is not what it must be.")                      \
    X(VERDICT_OVER_LIMIT, 78, "issuer-over-limit", 409,                                            \
      "One who pays for these points has issued as many as its collateral covers.")                \
    X(VERDICT_COLLATERAL_NEEDED, 79, "collateral-needed", 409,                                     \
      "So much is not free: what is outstanding, or owed and not paid yet, needs it.")             \
    X(VERDICT_BAD_RATE, 80, "bad-rate", 422,                                                       \
      "The day of the rates is not one of the last eight, or their currencies are not in order.")  \
    X(VERDICT_NO_EXIT, 81, "no-exit", 409,                                                         \
      "The contract gives neither party a way to end it before its end.")

enum verdict {
#define X(name, number, word, status, sentence) name = number,
    VERDICTS(X)
#undef X
};

const char *verdict_word(enum verdict verdict);
const char *verdict_sentence(enum verdict verdict);
int verdict_status(enum verdict verdict);
bool verdict_from_number(uint64_t number, enum verdict *verdict_out) MUST_USE;

#endif
