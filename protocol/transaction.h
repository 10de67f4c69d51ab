/* transaction.h - what a partner asks of the ledger: one shape for each type.
 *
 *     transaction = [type, at_ms, key, document, line, body]     (protocol/accrue.cddl)
 *
 * A transaction has no signature of its own: the batch that carries it is signed by its node.
 * Decoding checks shapes and ranges; what it means is decided by partners/state.h.
 *
 * A decoded transaction borrows from the bytes it was decoded from. Pure. Threads: any.
 */
#ifndef PROTOCOL_TRANSACTION_H
#define PROTOCOL_TRANSACTION_H

#include "protocol/deal.h"
#include "protocol/ids.h"
#include "protocol/limits.h"
#include "protocol/motion.h"
#include "protocol/points.h"
#include "protocol/settle.h"

/* X(name, number, word): numbers are wire format. */
#define TRANSACTION_TYPES(X)                                                                       \
    X(TRANSACTION_ENROL, 1, "enrol")                                                               \
    X(TRANSACTION_CARD_LINK, 2, "card-link")                                                       \
    X(TRANSACTION_EARN, 10, "earn")                                                                \
    X(TRANSACTION_ACTIVATE, 11, "activate")                                                        \
    X(TRANSACTION_HOLD, 12, "hold")                                                                \
    X(TRANSACTION_COMMIT, 13, "commit")                                                            \
    X(TRANSACTION_RELEASE, 14, "release")                                                          \
    X(TRANSACTION_REDEEM, 15, "redeem")                                                            \
    X(TRANSACTION_REVERSE_EARN, 16, "reverse-earn")                                                \
    X(TRANSACTION_REVERSE_REDEEM, 17, "reverse-redeem")                                            \
    X(TRANSACTION_EXPIRE, 18, "expire")                                                            \
    X(TRANSACTION_ADJUST, 19, "adjust")                                                            \
    X(TRANSACTION_TRANSFER, 20, "transfer")                                                        \
    X(TRANSACTION_CONTRACT_PROPOSE, 60, "contract-propose")                                        \
    X(TRANSACTION_CONTRACT_SIGN, 61, "contract-sign")                                              \
    X(TRANSACTION_CONTRACT_WITHDRAW, 62, "contract-withdraw")                                      \
    X(TRANSACTION_PROMOTION_SIGN, 63, "promotion-sign")                                            \
    X(TRANSACTION_PAYMENT_ACCOUNT, 64, "payment-account")                                          \
    X(TRANSACTION_COLLATERAL, 65, "collateral")                                                    \
    X(TRANSACTION_EXCHANGE_RATES, 66, "exchange-rates")                                            \
    X(TRANSACTION_CONTRACT_END, 67, "contract-end")                                                \
    X(TRANSACTION_MOTION, 70, "motion")                                                            \
    X(TRANSACTION_BALLOT, 71, "ballot")                                                            \
    X(TRANSACTION_READY, 72, "ready")                                                              \
    X(TRANSACTION_PERIOD_PROPOSE, 80, "period-propose")                                            \
    X(TRANSACTION_PERIOD_SIGN, 81, "period-sign")                                                  \
    X(TRANSACTION_DISPUTE_OPEN, 82, "dispute-open")                                                \
    X(TRANSACTION_DISPUTE_RESPOND, 83, "dispute-respond")                                          \
    X(TRANSACTION_DISPUTE_RESOLVE, 84, "dispute-resolve")                                          \
    X(TRANSACTION_PERIOD_FINAL, 85, "period-final")                                                \
    X(TRANSACTION_PAYMENT_SENT, 86, "payment-sent")                                                \
    X(TRANSACTION_PAYMENT_CONFIRMED, 87, "payment-confirmed")                                      \
    X(TRANSACTION_PAYMENT_FAILED, 88, "payment-failed")                                            \
    X(TRANSACTION_PAYMENT_DEFAULT, 89, "payment-default")                                          \
    X(TRANSACTION_CLOCK, 90, "clock")

enum transaction_type {
#define X(name, number, word) name = number,
    TRANSACTION_TYPES(X)
#undef X
};
const char *transaction_type_word(enum transaction_type type);
bool transaction_type_from_number(uint64_t number, enum transaction_type *type_out) MUST_USE;
bool transaction_type_from_word(const char *word, enum transaction_type *type_out) MUST_USE;
/* What partners agree upon: its body is `deal`. */
bool transaction_is_deal(enum transaction_type type, enum deal_step *step_out) MUST_USE;
/* A step of a settlement period: its body is `settle`. */
bool transaction_is_settle(enum transaction_type type, enum settle_step *step_out) MUST_USE;

struct funder {
    struct partner_id partner;
    uint16_t bp; /* 1..10,000 */
};
struct funding_split { /* ordered by partner, distinct, sums to 10,000: checked by the state */
    uint8_t count;
    struct funder funders[SPLIT_MAX];
};

struct earn_lot {
    struct points quantity;     /* 1..POINTS_PER_RECORD_MAX */
    uint64_t activates_ms;      /* 0: at once; ledger time */
    uint64_t expires_ms;        /* the first millisecond at which it no longer counts; 0: never */
    struct points qualifying;   /* for tiers; 0.. */
    struct funding_split split; /* count 0: the writer funds all of it */
};

struct transaction {
    enum transaction_type type;
    uint64_t at_ms;        /* the till's time on the ledger's time line */
    struct bytes key;      /* idempotency key: 1..KEY_SIZE_MAX bytes of printable ASCII */
    struct bytes document; /* 0..DOCUMENT_SIZE_MAX bytes of UTF-8; empty: none */
    uint32_t line;         /* line of the document; 0 without one */
    struct bytes client_type, client_rest; /* of what was decoded: see transaction_client() */
    union {
        struct {
            struct member_ref member;
        } enrol;
        struct {
            struct member_ref member;
            struct card_token card;
        } card_link;
        struct {
            struct member_ref member;
            uint64_t eligible;  /* what refunds are measured against, micro-units; 0: its points */
            struct hash basket; /* salted commitment; zero: none */
            uint8_t lot_count;
            struct earn_lot lots[EARN_LOTS_MAX];
        } earn;
        struct {
            struct record_index earn;
        } activate;
        struct {
            struct member_ref member;
            struct points points; /* either points or amount is > 0 */
            struct micro amount;
            uint64_t ttl_ms; /* 0: the charter's default */
        } hold;
        struct {
            struct record_index hold;
            struct points points; /* 0: all of it */
        } commit;
        struct {
            struct record_index hold;
        } release;
        struct {
            struct member_ref member;
            struct points points; /* either points or amount is > 0 */
            struct micro amount;
        } redeem;
        struct {
            struct record_index earn;
            uint64_t refunded; /* this refund, in the unit of the earn's `eligible` */
        } reverse_earn;
        struct {
            struct record_index redemption; /* a redeem or a commit */
            struct points points;
        } reverse_redeem;
        struct {
            uint8_t lot_count; /* 1..EXPIRE_LOTS_MAX, ascending */
            struct lot_number lots[EXPIRE_LOTS_MAX];
        } expire;
        struct {
            struct member_ref member;
            struct points delta;           /* not 0 */
            uint64_t expires_ms;           /* of the lot that a positive delta makes; 0: never */
            struct bytes reason, approver; /* 1..TEXT_SIZE_MAX bytes of UTF-8 */
        } adjust;
        struct {
            struct member_ref from, to;
            struct points points;
        } transfer;
        struct {
            struct motion motion;
            struct bytes bytes; /* of what was decoded: the body, whose hash ballots sign */
        } motion;
        struct {
            struct record_index motion;
            struct partner_id partner;  /* whose governance key signed, whoever carries it */
            struct signature signature; /* ballot_holds() */
        } ballot;
        struct {
            uint64_t height; /* that the lane's node has executed, and the digest after it */
            struct hash digest;
        } ready;
        struct deal deal;     /* types 60 to 67 */
        struct settle settle; /* types 80 to 89 */
        struct {
            uint64_t advance_ms; /* sandbox only */
        } clock;
    } body;
};

/* Appends the canonical bytes. */
void transaction_encode(const struct transaction *transaction, struct buffer *out);
/* ERROR_INVALID with the field that is wrong. Borrows texts from `bytes`. */
bool transaction_decode(struct bytes bytes, struct transaction *transaction_out,
                        struct error *error) MUST_USE;
/* The hash of every field but at_ms of a decoded transaction: what "the same client fields"
 * compares. Computed anew each time: most who decode do not ask. */
struct hash transaction_client(const struct transaction *transaction);

#endif
