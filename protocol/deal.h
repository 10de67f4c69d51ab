/* deal.h - what partners agree upon apart from any period, as a transaction's body says it.
 *
 *     propose      [funder, redeemer, face currency, settlement currency, face, reimbursement,
 *                   issue fee, redemption fee, redemption tax, fee tax, period cap, year cap,
 *                   from_ms, until_ms, exit_days]
 *     sign         [number, digest]
 *     withdraw     [number]
 *     promote      [issuer, bp, budget, from_ms, until_ms]
 *     account      [currency, holder, iban, bic, approver]
 *     collateral   [partner, currency, amount]
 *     rates        [day, [[currency, rate], ...]]
 *     end          [number, until_ms]
 *
 * Shapes and ranges are checked here; what they mean is decided by partners/contracts.h and its
 * neighbours. ledger.md sections 2 (Authority) and 8.2. Pure. Threads: any.
 */
#ifndef PROTOCOL_DEAL_H
#define PROTOCOL_DEAL_H

#include "crypto/hash.h"
#include "protocol/codes.h"
#include "protocol/ids.h"
#include "protocol/points.h"

enum {
    CONTRACTS_MAX = 1 << 20, /* versions of all contracts of a coalition, ever */
    HOLDER_MAX = 70,         /* Max70Text of the SEPA rulebooks */
    IBAN_TEXT_MAX = 34,      /* ISO 13616 */
    BIC_TEXT_MAX = 11,       /* ISO 9362 */
    RATES_MAX = 64,          /* of one day, in one transaction */
    RATE_DAY_MAX = 2932896,  /* 9999-12-31 */
    EXIT_DAYS_MAX = 3660
};
/* Of a cap, in points; of a budget too. */
#define CAP_MAX INT64_C(1000000000000000)
/* Of collateral, in micro-units. */
#define COLLATERAL_MAX INT64_C(1000000000000000)

/* The prices of one funder's points at one redeemer: ledger.md section 8.2. The fees are what the
 * funder owes the operator, so only a card whose redeemer is the operator has any. */
struct rate_card {
    struct partner_id funder, redeemer;
    char face_currency[CURRENCY_SIZE], settlement_currency[CURRENCY_SIZE];
    /* A point: what the till takes off, what the funder pays for it; of issue, of redemption:
     * 0..PRICE_MICRO_MAX. */
    struct micro face, reimbursement, issue_fee, redemption_fee;
    char redemption_tax[TAX_CODE_SIZE], fee_tax[TAX_CODE_SIZE];
    struct points period_cap, year_cap; /* redeemed at most; 0: no cap */
    uint64_t from_ms;                   /* in force from here */
    uint64_t until_ms;                  /* to here, exclusive; 0: until the next version */
    /* Of 24 hours: either party may end it with so much notice, 0..EXIT_DAYS_MAX; 0: neither may.
     */
    uint16_t exit_days;
};
/* What a countersigner signs: SHA-256 of the body of `propose`. */
struct hash rate_card_digest(const struct rate_card *card);

/* The writer lets the issuer spend its money on points, up to a budget. */
struct promotion {
    struct partner_id issuer;
    uint16_t bp;          /* of a point at most, 1..BASIS_POINTS */
    struct points budget; /* the writer's share of all such points, reversed or not: 1..CAP_MAX */
    uint64_t from_ms, until_ms; /* 0: from the next height on; without an end */
};

struct account_words { /* as text; what is a good IBAN is the state's to say */
    char currency[CURRENCY_SIZE];
    struct bytes holder;  /* 1..HOLDER_MAX bytes */
    struct bytes iban;    /* 1..IBAN_TEXT_MAX bytes */
    struct bytes bic;     /* 0..BIC_TEXT_MAX bytes */
    struct hash approver; /* the digest of what one person signs in with; not zeros */
};

struct collateral {
    struct partner_id partner;
    char currency[CURRENCY_SIZE];
    struct micro amount; /* posted; negative: released; not 0; at most COLLATERAL_MAX */
};

/* What one unit of a currency is worth in the charter's, as the writer reckons its purchases. */
struct currency_rate {
    char currency[CURRENCY_SIZE];
    struct micro rate; /* micro-units of the charter's currency, 1..RATE_MICRO_MAX */
};
struct day_rates {
    uint32_t day;                       /* since 1970, in the charter's zone; 0..RATE_DAY_MAX */
    uint8_t count;                      /* 1..RATES_MAX */
    struct currency_rate at[RATES_MAX]; /* that they ascend is the state's to say */
};

/* In the order of their transaction types. */
enum deal_step {
    DEAL_PROPOSE,
    DEAL_SIGN,
    DEAL_WITHDRAW,
    DEAL_PROMOTE,
    DEAL_ACCOUNT,
    DEAL_COLLATERAL,
    DEAL_RATES,
    DEAL_END
};

struct deal {
    struct rate_card card; /* propose */
    uint32_t number;       /* sign, withdraw, end: of the version, in the order of the log from 0 */
    struct hash digest;    /* sign */
    uint64_t until_ms;     /* end: from when on it does not hold any more */
    struct promotion promotion;
    struct account_words account;
    struct collateral collateral;
    struct day_rates rates;
};

struct codec_reader;
void deal_put(enum deal_step step, const struct deal *deal, struct buffer *out);
/* Borrows its texts from what is read. */
void deal_get(enum deal_step step, struct codec_reader *reader, struct deal *deal_out);

#endif
