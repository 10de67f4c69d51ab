/* contracts.h - what partners have agreed upon: rate cards, proposed by one and countersigned by
 * the other, and promotions that one pays for at another; in versions, each in force from a date.
 * ledger.md sections 2 (Authority) and 8.2; protocol/FORMAT.md section 23.
 *
 * A card is for one funder and one redeemer. Versions are never changed or taken away, so that a
 * lot can keep the terms that it was issued under. At no time are two signed versions of a pair in
 * force: a version without an end gives way to the next, and whatever else would overlap is
 * refused, when it is proposed and again when it is signed.
 *
 * What is in force changes at the moments at which something signed begins or ends. Each of those
 * that ledger time has passed begins an **epoch**; a lot keeps the number of the epoch in which it
 * was issued, and so its prices, whatever is signed later: what begins in the past is refused.
 *
 * A **tariff** is what a line of money must keep apart from others: the currency that it is settled
 * in, and its taxes. Number 0 is the charter's.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_CONTRACTS_H
#define PARTNERS_CONTRACTS_H

#include "protocol/deal.h"
#include "protocol/verdict.h"

enum contract_state { CONTRACT_PROPOSED, CONTRACT_SIGNED, CONTRACT_WITHDRAWN };
const char *contract_state_word(enum contract_state state);
struct contract_version {
    struct rate_card card;
    enum contract_state state;
    struct partner_id proposer;
    uint64_t signed_ms;         /* once it is signed */
    struct record_index record; /* that proposed it */
    uint8_t tariff;             /* once it is signed */
};
struct promotion_version {
    struct promotion promotion; /* `from_ms` as it is: never 0 */
    struct partner_id funder;
    struct record_index record;
    __int128 used_bp; /* of the budget: points times basis points, less reversals */
};
struct tariff {
    char currency[CURRENCY_SIZE];
    char redemption_tax[TAX_CODE_SIZE], fee_tax[TAX_CODE_SIZE];
};
struct contracts { /* a version's or a promotion's number is its place */
    struct contract_version *versions;
    size_t count, capacity;
    struct promotion_version *promotions;
    size_t promotion_count, promotion_capacity;
    struct tariff tariffs[TARIFFS_MAX];
    size_t tariff_count; /* at least the charter's */
    uint64_t *epochs;    /* from when on, ascending; the first one is 0 */
    size_t epoch_count, epoch_capacity;
};
void contracts_release(struct contracts *contracts);

/* `now_ms` is ledger time. A card starts no sooner than `notice_ms` after it is proposed. */
enum verdict contract_propose(struct contracts *contracts, struct partner_id proposer,
                              const struct rate_card *card, uint64_t now_ms, uint64_t notice_ms,
                              size_t *number_out) MUST_USE;
/* The other party signs what it has read, named by its digest. */
enum verdict contract_sign(struct contracts *contracts, struct partner_id signer, size_t number,
                           const struct hash *digest, uint64_t now_ms) MUST_USE;
enum verdict contract_withdraw(struct contracts *contracts, struct partner_id proposer,
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
