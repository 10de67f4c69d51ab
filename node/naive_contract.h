/* naive_contract.h - what partners agree upon, as the naive model has it: lists that are looked
 * through. protocol/SETTLEMENT.md, 23.
 *
 * Threads: as node/naive_model.h.
 */
#ifndef NODE_NAIVE_CONTRACT_H
#define NODE_NAIVE_CONTRACT_H

#include "protocol/deal.h"
#include "protocol/limits.h"

enum {
    NAIVE_CONTRACTS_MAX = 1 << 20, /* of all partners, ever; promotions too */
    NAIVE_SHARE_MAX = 1 << 14,     /* of one partner, ever: proposals; promotions too */
    NAIVE_PROPOSALS_MAX = 256,     /* of one partner, open */
    NAIVE_TARIFFS_MAX = 8          /* with which a partner has no new one made */
};

enum naive_contract_state { NAIVE_CARD_PROPOSED, NAIVE_CARD_SIGNED, NAIVE_CARD_WITHDRAWN };
struct naive_contract {
    struct rate_card card;
    enum naive_contract_state state;
    uint16_t proposer;
    uint8_t tariff; /* once it is signed */
    uint64_t
        ended_ms; /* from when on it does not hold, as its parties said last; 0: nothing said */
};
struct naive_promotion {
    uint16_t issuer, funder, bp;
    int64_t budget;
    uint64_t from_ms, until_ms; /* until 0: without an end */
    __int128 used;              /* points times basis points */
};
struct naive_tariff {
    char currency[CURRENCY_SIZE];
    char redemption_tax[TAX_CODE_SIZE], fee_tax[TAX_CODE_SIZE];
};

#endif
