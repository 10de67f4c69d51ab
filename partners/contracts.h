/* contracts.h - what partners have agreed upon: rate cards, proposed by one and countersigned by
 * the other, and promotions that one pays for at another; in versions, each in force from a date.
 * ledger.md sections 2 (Authority) and 8.2; protocol/SETTLEMENT.md section 23.
 *
 * A card is for one funder and one redeemer. Versions are never changed or taken away, so that a
 * lot can keep the terms that it was issued under. At no time are two signed versions of a pair in
 * force: a version without an end gives way to the next, and whatever else would overlap is
 * refused, when it is proposed and again when it is signed. Either party may end one earlier, with
 * the notice that the card asks for: what was signed stays as it is, and its end is kept beside it.
 *
 * What is in force changes at the moments at which something signed begins or ends. Each time that
 * ledger time passes some of those, an **epoch** begins; a lot keeps the number of the epoch in
 * which it was issued, and so its prices, whatever is signed later: what begins in the past is
 * refused.
 *
 * A **tariff** is what a line of money must keep apart from others: the currency that it is settled
 * in, and its taxes. Number 0 is the charter's.
 *
 * Looking up a pair takes one step where it has nothing, and otherwise the logarithm of its own
 * versions: what others agree upon costs nothing.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_CONTRACTS_H
#define PARTNERS_CONTRACTS_H

#include "partners/charter.h"
#include "partners/due.h"
#include "protocol/deal.h"
#include "protocol/record.h"
#include "protocol/verdict.h"

/* Of one proposer, neither signed nor withdrawn nor past their day. */
enum { PROPOSALS_OPEN_MAX = 256 };
/* Of one partner, ever: what it proposes, withdrawn or not, and promotions that it pays for. A
 * share of CONTRACTS_MAX, so that nobody can use up all of them alone. */
enum { CONTRACTS_SHARE_MAX = CONTRACTS_MAX / 64 };
/* Different tariffs, besides the charter's, of the signed cards that one partner proposed: with so
 * many it has no new one made, so that no pair can use up all of them alone. */
enum { TARIFFS_SHARE_MAX = 8 };
_Static_assert(TARIFFS_MAX <= 64, "a mask has a bit for each");
/* Epochs: each begins at a moment of its own. */
enum { EPOCHS_MAX = 4 * CONTRACTS_MAX + 1 };

enum contract_state { CONTRACT_PROPOSED, CONTRACT_SIGNED, CONTRACT_WITHDRAWN };
const char *contract_state_word(enum contract_state state);
struct contract_version {
    struct rate_card card;
    enum contract_state state;
    struct partner_id proposer;
    uint64_t signed_ms;         /* once it is signed */
    uint64_t ended_ms;          /* to here, exclusive, as a party has said since; 0: none has */
    struct record_index record; /* that proposed it */
    uint8_t tariff;             /* once it is signed */
};
struct promotion_version {
    struct promotion promotion; /* `from_ms` as it is: never 0 */
    struct partner_id funder;
    struct record_index record;
    __int128 used_bp; /* of the budget: points times basis points, whatever was reversed */
};
struct tariff {
    char currency[CURRENCY_SIZE];
    char redemption_tax[TAX_CODE_SIZE], fee_tax[TAX_CODE_SIZE];
};

struct dated {
    uint64_t from_ms;
    uint32_t number;
};
struct dated_list { /* ascending by time, in pair_index */
    struct dated *at;
    size_t count, capacity;
};
struct pair_index {
    uint32_t **rows; /* [one][other]: 1 + a place among the lists; 0, or no row: none */
    struct dated_list *lists;
    size_t count, capacity;
};

struct contract_share { /* that one partner has of what there can be */
    uint32_t proposals, promotions;
    uint64_t tariffs; /* a bit for each but the charter's */
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

    /* Follow from what is above. */
    struct pair_index cards;       /* signed: funder, redeemer */
    struct pair_index payers;      /* promotions: issuer, funder */
    struct dated_list *drafts;     /* by proposer: proposals that may be open still */
    struct contract_share *shares; /* by proposer, or funder of promotions */
    struct due moments;            /* at which the next epochs begin, and ... */
    size_t stale;                  /* ... so many ends that came to be earlier ones */
};

/* Without a contract, in epoch 0; the charter tells tariff 0. */
void contracts_init(struct contracts *contracts, const struct charter *charter);
void contracts_release(struct contracts *contracts);

/* ---- steps: each is taken, or refused and changes nothing ---------------------------------- */

/* Why a card is none that these partners could agree upon, as a sentence; NULL: it is one. */
const char *rate_card_mistake(const struct charter *charter, const struct rate_card *card);
/* The card becomes the version `*number_out`. The charter is the one in force; `now_ms` is ledger
 * time. */
enum verdict contract_propose(struct contracts *contracts, const struct charter *charter,
                              struct partner_id proposer, const struct rate_card *card,
                              uint64_t now_ms, struct record_index record,
                              size_t *number_out) MUST_USE;
/* The other party signs what it has read, named by its digest. */
enum verdict contract_sign(struct contracts *contracts, struct partner_id signer, size_t number,
                           const struct hash *digest, uint64_t now_ms) MUST_USE;
enum verdict contract_withdraw(struct contracts *contracts, struct partner_id proposer,
                               size_t number) MUST_USE;
/* A party ends a signed card, from `until_ms` on: earlier than its end as it stands, and with the
 * notice that the card says. SETTLEMENT.md section 23, "Exit", has the refusals in order. */
enum verdict contract_end(struct contracts *contracts, struct partner_id party, size_t number,
                          uint64_t until_ms, uint64_t now_ms) MUST_USE;
enum verdict promotion_sign(struct contracts *contracts, const struct charter *charter,
                            struct partner_id funder, const struct promotion *promotion,
                            uint64_t now_ms, struct record_index record,
                            size_t *number_out) MUST_USE;
/* Ledger time has come to `now_ms`: true when that begins an epoch. */
bool contracts_pass(struct contracts *contracts, uint64_t now_ms);

/* ---- which one holds ----------------------------------------------------------------------- */

/* The epoch of now. */
static inline uint32_t contracts_epoch(const struct contracts *contracts)
{
    return (uint32_t)(contracts->epoch_count - 1);
}
/* From when on a signed card does not hold any more, as it stands: what a party has said, or the
 * card itself, or where neither does the beginning of the pair's next signed card. 0: no end yet.
 */
uint64_t contract_ends_ms(const struct contracts *contracts,
                          const struct contract_version *version);
/* The signed card of a pair that is in force at a time; NULL when there is none. */
const struct contract_version *contract_at(const struct contracts *contracts,
                                           struct partner_id funder, struct partner_id redeemer,
                                           uint64_t time_ms);
/* The one that would be in force then if neither party had ended it: its caps hold as long. */
const struct contract_version *contract_capping(const struct contracts *contracts,
                                                struct partner_id funder,
                                                struct partner_id redeemer, uint64_t time_ms);
/* At the beginning of an epoch, one that has begun. */
const struct contract_version *contract_in(const struct contracts *contracts,
                                           struct partner_id funder, struct partner_id redeemer,
                                           uint32_t epoch);
/* The pair's first card that begins after `epoch` does, and when `until` does at the latest. What
 * is signed afterwards never changes it. NULL: none. */
const struct contract_version *contract_after(const struct contracts *contracts,
                                              struct partner_id funder, struct partner_id redeemer,
                                              uint32_t epoch, uint32_t until);
/* The promotion in force at the beginning of an epoch. NULL: none. */
struct promotion_version *promotion_in(const struct contracts *contracts, struct partner_id issuer,
                                       struct partner_id funder, uint32_t epoch);
/* What a point costs the funder by a card, in the charter's currency, rounded up to a micro-unit.
 */
struct micro contract_price(const struct charter *charter, const struct rate_card *card);
/* The most that a point costs the funder by any of its signed cards, which points that were issued
 * under them keep; 0: it has none. False: one costs something in a currency that has no rate. */
bool contracts_highest(const struct contracts *contracts, const struct charter *charter,
                       struct partner_id funder, struct micro *highest_out) MUST_USE;
/* The tax code that lines of a class carry in a tariff; "" is none. */
const char *tariff_tax(const struct tariff *tariff, enum line_class line_class);

/* ---- as an image has them; each says false where it would not fit those before -------------- */

bool contracts_load_tariff(struct contracts *contracts, const struct charter *charter,
                           const struct tariff *tariff) MUST_USE;
bool contracts_load_version(struct contracts *contracts, const struct charter *charter,
                            const struct contract_version *version, uint64_t now_ms) MUST_USE;
bool contracts_load_promotion(struct contracts *contracts, const struct charter *charter,
                              const struct promotion_version *version) MUST_USE;
bool contracts_load_epoch(struct contracts *contracts, uint64_t from_ms) MUST_USE;
/* After all of them: the epochs are those that time until `now_ms` can have begun. */
bool contracts_load_end(struct contracts *contracts, uint64_t now_ms) MUST_USE;
/* Shares are those that versions and promotions come to. */
bool contracts_shares_sound(const struct contracts *contracts) MUST_USE;

#endif
