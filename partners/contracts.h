/* contracts.h - rate cards between partners: proposed by one, countersigned by the other, in
 * versions, each in force from a date. ledger.md section 8.2.
 *
 * A card is for one funder and one redeemer. Versions are never changed or taken away, so that a
 * lot can keep the terms that it was issued under. At no time are two signed versions of a pair in
 * force: a version without an end gives way to the next, and whatever else would overlap is
 * refused, when it is proposed and again when it is signed.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_CONTRACTS_H
#define PARTNERS_CONTRACTS_H

#include "partners/lines.h"

enum { CONTRACT_VERSIONS_MAX = 1 << 20 /* of a coalition, ever */ };

/* X(name, word): what becomes of a step. */
#define CONTRACT_VERDICTS(X)                                                                       \
    X(CONTRACT_DONE, "done")                                                                       \
    X(CONTRACT_NOT_A_PARTY, "not-a-party") /* the card does not bind its writer */                 \
    X(CONTRACT_BAD_TERMS, "bad-terms")     /* prices, caps or times out of range */                \
    X(CONTRACT_ABOVE_FACE, "above-face")   /* reimbursed beyond the face value */                  \
    X(CONTRACT_NOTICE_TOO_SHORT, "notice-too-short")                                               \
    X(CONTRACT_OVERLAP, "overlap")           /* another signed version is in force then */         \
    X(CONTRACT_UNKNOWN, "unknown")           /* no such version */                                 \
    X(CONTRACT_OWN_PROPOSAL, "own-proposal") /* nobody countersigns what it proposed */            \
    X(CONTRACT_CHANGED, "changed")           /* signed something else than what stands */          \
    X(CONTRACT_CLOSED, "closed")             /* signed or withdrawn already */                     \
    X(CONTRACT_TOO_LATE, "too-late")         /* its date has come unsigned */                      \
    X(CONTRACT_FULL, "full")
enum contract_verdict {
#define X(name, word) name,
    CONTRACT_VERDICTS(X)
#undef X
        CONTRACT_VERDICT_COUNT
};
const char *contract_verdict_word(enum contract_verdict verdict);

struct rate_card {
    struct partner_id funder, redeemer; /* two */
    char face_currency[CURRENCY_SIZE], settlement_currency[CURRENCY_SIZE];
    /* A point: what the till takes off, what the funder pays for it, and the operator's fees. */
    struct micro face, reimbursement, issue_fee, redemption_fee;
    char redemption_tax[TAX_CODE_SIZE], fee_tax[TAX_CODE_SIZE];
    struct points period_cap, year_cap; /* redeemed at most; 0: no cap */
    uint64_t from_ms;                   /* in force from here */
    uint64_t until_ms;                  /* to here, exclusive; 0: until the next version */
};
/* What a countersigner signs: SHA-256 over every field. */
struct hash rate_card_digest(const struct rate_card *card);

enum contract_state { CONTRACT_PROPOSED, CONTRACT_SIGNED, CONTRACT_WITHDRAWN };
struct contract_version {
    struct rate_card card;
    enum contract_state state;
    struct partner_id proposer;
    uint64_t signed_ms;
};
struct contracts { /* zeroed is empty; a version's number is its place */
    struct contract_version *versions;
    size_t count, capacity;
};
void contracts_release(struct contracts *contracts);

/* `now_ms` is ledger time. A card starts no sooner than `notice_ms` after it is proposed. */
enum contract_verdict contract_propose(struct contracts *contracts, struct partner_id proposer,
                                       const struct rate_card *card, uint64_t now_ms,
                                       uint64_t notice_ms, size_t *number_out) MUST_USE;
/* The other party signs what it has read, named by its digest. */
enum contract_verdict contract_sign(struct contracts *contracts, struct partner_id signer,
                                    size_t number, const struct hash *digest,
                                    uint64_t now_ms) MUST_USE;
enum contract_verdict contract_withdraw(struct contracts *contracts, struct partner_id proposer,
                                        size_t number) MUST_USE;

/* The signed card of a pair that is in force at a time; NULL when there is none. */
const struct rate_card *contract_at(const struct contracts *contracts, struct partner_id funder,
                                    struct partner_id redeemer, uint64_t time_ms);
/* The card that prices a lot issued at `issued_ms`: the one in force then, or, where the pair had
 * none yet (the redeemer joined later), its first; NULL: no contract. */
const struct rate_card *contract_for_lot(const struct contracts *contracts,
                                         struct partner_id funder, struct partner_id redeemer,
                                         uint64_t issued_ms);

#endif
