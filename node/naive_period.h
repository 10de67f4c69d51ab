/* naive_period.h - settlement periods as the naive model has them: lists that are looked through.
 *
 * Threads: as node/naive_model.h.
 */
#ifndef NODE_NAIVE_PERIOD_H
#define NODE_NAIVE_PERIOD_H

#include "protocol/codes.h"
#include "protocol/settle.h"

enum {
    NAIVE_TAX_CODE = 16,
    NAIVE_TAX = LINE_CLASS_COUNT, /* the class of a tax line, which no record has */
    NAIVE_DISPUTES_MAX = 4096,    /* of one partner in one period */
    NAIVE_PERIODS_KEPT = 36,      /* of those that are over and done with */
    NAIVE_PAYMENTS_MAX = 1 << 20, /* of a period */
    NAIVE_WAIT_DAYS = 20          /* business days after its last day: who waits longer is alone */
};

/* The charter's words on settlement. */
enum naive_every { NAIVE_MONTHS, NAIVE_WEEKS, NAIVE_DAYS };
struct naive_tax {
    char code[NAIVE_TAX_CODE];
    int64_t rate_bp;
};
struct naive_currency {
    char code[CURRENCY_SIZE];
    int minor_digits;
    int64_t rate; /* as collateral, in millionths of the charter's own; 0: none */
};
enum naive_on_default { NAIVE_RING_FENCE, NAIVE_FUND, NAIVE_MUTUALISE };
struct naive_settlement {
    enum naive_every every;
    uint32_t propose_days, answer_days, pay_days; /* business days after the last day */
    bool rests[7];                                /* Monday first */
    int64_t *holidays;                            /* days since 1970 */
    size_t holiday_count;
    struct naive_tax *taxes;
    size_t tax_count;
    struct naive_currency *currencies; /* the charter's own first */
    size_t currency_count;
    char fee_tax[NAIVE_TAX_CODE], other_tax[NAIVE_TAX_CODE]; /* of tariff 0; "": none */
    uint32_t account_days;                                   /* that an approved account waits */
    uint32_t dispute_days, default_days; /* business days: after the day to answer, or to pay */
    enum naive_on_default on_default;
};

struct naive_line {
    uint16_t debtor, creditor;
    int line_class; /* enum line_class, or NAIVE_TAX */
    uint8_t tariff; /* of an exact line; a closed one has what it says: */
    char currency[CURRENCY_SIZE], tax[NAIVE_TAX_CODE];
    __int128 exact, rounded; /* 1e-10 units */
};
struct naive_lines {
    struct naive_line *at;
    size_t count, capacity;
};
struct naive_dispute {
    uint64_t record;
    uint16_t debtor, creditor, by;
    enum line_class line_class;
    uint8_t tariff;
    enum dispute_code code;
    bool responded, resolved;
    __int128 exact, upheld;
    __int128 back, entered; /* taken back ever; of that, what open periods were told */
};
enum naive_payment_state { NAIVE_DUE, NAIVE_SENT, NAIVE_CONFIRMED, NAIVE_FAILED, NAIVE_VOID };
struct naive_payment {
    char currency[CURRENCY_SIZE];
    uint16_t from, to;
    __int128 amount;
    uint32_t round; /* defaults of the period when it was made; 0: the books closed */
    bool ring_fenced;
    enum naive_payment_state state;
    uint32_t attempts;
    uint32_t pay_by, sent_on; /* days since 1970: to pay by; of the last sending, 0: never */
    /* The first of two, who say that it is sent, or that its payer is in default; zeros: nobody
     * yet. */
    struct hash approver, accuser;
};
struct naive_default { /* who did not pay, in a period */
    uint16_t partner;
    char currency[CURRENCY_SIZE];
};
struct naive_taking { /* `by` has taken over some of the claim of one partner on another */
    uint16_t debtor, claimant, by;
    char currency[CURRENCY_SIZE];
    bool collateral; /* out of the debtor's: it has paid */
    __int128 amount;
};
enum naive_answer_kind { NAIVE_SILENT, NAIVE_SIGNED, NAIVE_DISPUTED, NAIVE_SIGNED_REST };
struct naive_answer {
    enum naive_answer_kind kind;
    struct hash approver; /* as above */
};
enum naive_period_state { NAIVE_CLOSED, NAIVE_PROPOSED, NAIVE_FINAL, NAIVE_SETTLED };
struct naive_period { /* that has ended */
    uint32_t number;
    enum naive_period_state state;
    int64_t last_day, propose_day, answer_day, pay_day; /* since 1970 */
    bool rooted; /* its last tree is known, and so are its totals */
    uint64_t first_record, records;
    struct hash root, totals;
    uint16_t proposer;
    struct naive_answer *answers; /* by partner, as many as there were when it ended */
    size_t partner_count;
    struct naive_lines owed; /* exact, ascending */
    struct naive_dispute *disputes;
    size_t dispute_count, dispute_capacity;
    struct naive_lines closed;      /* rounded, with taxes, ascending; once final */
    struct naive_default *defaults; /* in the order in which they came to be */
    size_t default_count, default_capacity;
    struct naive_taking *takings;
    size_t taking_count, taking_capacity;
    struct naive_payment *payments; /* by currency, as the debts of each are met; then by round */
    size_t payment_count, payment_capacity;
};

#endif
