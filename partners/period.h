/* period.h - one settlement period from open to settled: who may take which step when. ledger.md
 * section 8.8-9.
 *
 *     open --propose--> proposed --(sign | dispute | silence)--> final --pay, confirm--> settled
 *
 * Every step names its actor and ledger time and is taken or refused with a verdict; nothing else
 * changes a period. Deadlines count business days of the charter from the day that the period
 * ends. Final is a function of the proposal and the disputes: those records are carved out of the
 * exact lines before rounding, and what is not upheld enters a later period exactly.
 *
 * Pure. Threads: one writer.
 */
#ifndef PARTNERS_PERIOD_H
#define PARTNERS_PERIOD_H

#include "partners/business_days.h"
#include "partners/netting.h"

enum { PERIOD_DISPUTES_MAX = 65536, DISPUTE_TEXT_SIZE = 201 };

/* X(name, word): what becomes of a step. */
#define PERIOD_VERDICTS(X)                                                                         \
    X(PERIOD_DONE, "done")                                                                         \
    X(PERIOD_NOT_OVER, "period-not-over")                                                          \
    X(PERIOD_WRONG_STATE, "wrong-state")   /* not the time for this step */                        \
    X(PERIOD_WRONG_TOTALS, "wrong-totals") /* differs from what the ledger adds up to */           \
    X(PERIOD_CHANGED, "changed")           /* agreed to something else than what stands */         \
    X(PERIOD_NOT_A_PARTY, "not-a-party")   /* another's line, payment or dispute */                \
    X(PERIOD_ANSWERED, "answered")         /* signed, or resolved, already */                      \
    X(PERIOD_TOO_LATE, "too-late")         /* silence has accepted */                              \
    X(PERIOD_TOO_EARLY, "too-early")       /* some may still answer */                             \
    X(PERIOD_DUPLICATE, "duplicate")       /* that record is disputed already */                   \
    X(PERIOD_UNKNOWN, "unknown")           /* no such record, dispute or payment */                \
    X(PERIOD_OVER_AMOUNT, "over-amount")   /* more is upheld than was disputed */                  \
    X(PERIOD_PAID_TWICE, "paid-twice")     /* sent, or confirmed, already */                       \
    X(PERIOD_SAME_EYES, "same-eyes")       /* the two approvers are one */                         \
    X(PERIOD_FULL, "full")
enum period_verdict {
#define X(name, word) name,
    PERIOD_VERDICTS(X)
#undef X
        PERIOD_VERDICT_COUNT
};
const char *period_verdict_word(enum period_verdict verdict);

/* X(name, word): ledger.md section 8.9. */
#define DISPUTE_CODES(X)                                                                           \
    X(DISPUTE_DUPLICATE, "DUPLICATE")                                                              \
    X(DISPUTE_WRONG_RATE, "WRONG_RATE")                                                            \
    X(DISPUTE_WRONG_AMOUNT, "WRONG_AMOUNT")                                                        \
    X(DISPUTE_UNKNOWN_MEMBER, "UNKNOWN_MEMBER")                                                    \
    X(DISPUTE_LATE, "LATE")                                                                        \
    X(DISPUTE_OFFLINE_LIMIT, "OFFLINE_LIMIT")                                                      \
    X(DISPUTE_UNAUTHORISED, "UNAUTHORISED")                                                        \
    X(DISPUTE_REFUND_MISSING, "REFUND_MISSING")                                                    \
    X(DISPUTE_MISSING_TX, "MISSING_TX")
enum dispute_code {
#define X(name, word) name,
    DISPUTE_CODES(X)
#undef X
        DISPUTE_CODE_COUNT
};
const char *dispute_code_word(enum dispute_code code);

enum period_state { PERIOD_OPEN, PERIOD_PROPOSED, PERIOD_FINAL, PERIOD_SETTLED };
const char *period_state_word(enum period_state state);
enum period_answer { ANSWER_NONE, ANSWER_SIGNED, ANSWER_DISPUTED };

/* Business days after the day on which the period ends (T): defaults 1, 3, 5. */
struct period_rules {
    struct business_days calendar;
    uint32_t propose_days; /* from then on anybody may propose */
    uint32_t answer_days;  /* until the end of that day one may sign or dispute */
    uint32_t pay_days;     /* payments are sent by then */
};
struct period_deadlines { /* days since 1970, in the charter's zone */
    int64_t propose, answer, pay;
};

/* Two people of a partner, by their keys' digests: four eyes. */
struct approvers {
    struct hash first, second;
};
struct dispute {
    struct record_index record;
    struct line line; /* of that record: debtor, creditor, class, tax code, exact amount */
    enum dispute_code code;
    struct partner_id by;
    bool responded, resolved;
    struct money upheld; /* offered, then agreed: cancelled; the rest enters a later period */
};
enum payment_state { PAYMENT_DUE, PAYMENT_SENT, PAYMENT_CONFIRMED, PAYMENT_FAILED };
struct period_payment {
    struct payment payment;
    char currency[CURRENCY_SIZE];
    enum payment_state state;
    uint32_t attempt; /* of sending: 1, 2, ... ; 0 before the first */
};
struct period {
    uint64_t number;
    int64_t ended_on; /* the last of its days */
    struct period_deadlines deadlines;
    enum period_state state;
    struct hash totals; /* of what is proposed: checkpoint and exact lines */
    struct partner_id proposer;
    enum period_answer *answers; /* by partner */
    size_t partner_count;
    struct dispute *disputes;
    size_t dispute_count, dispute_capacity;
    struct period_payment *payments; /* once final */
    size_t payment_count, payment_capacity;
};

/* Opens a period whose last day is known. */
void period_open(struct period *period, uint64_t number, int64_t ended_on,
                 const struct period_rules *rules, size_t partner_count);
void period_release(struct period *period);

/* `today` is the day of ledger time in the charter's zone. `own` is what this node adds up to: a
 * proposal that differs is refused, on every node alike. */
enum period_verdict period_propose(struct period *period, struct partner_id proposer,
                                   const struct hash *totals, const struct hash *own,
                                   int64_t today) MUST_USE;
enum period_verdict period_sign(struct period *period, struct partner_id partner,
                                const struct hash *totals, const struct approvers *approvers,
                                int64_t today) MUST_USE;
/* `line` is the line of the record that is disputed, as the ledger has it; NULL: no such record in
 * this period. Either party of it may. */
enum period_verdict period_dispute(struct period *period, struct partner_id partner,
                                   struct record_index record, const struct line *line,
                                   enum dispute_code code, int64_t today) MUST_USE;
/* Once everyone has answered or the day of the answers is over; gives the closed lines. The lines
 * are all exact ones of the period, disputed ones among them. */
enum period_verdict period_finalise(struct period *period, const struct line *exact, size_t count,
                                    const struct line_rules *rules, const char *const *names,
                                    int64_t today, struct lines *closed_out) MUST_USE;

/* The party that did not open a dispute says how much of it it upholds, and may offer anew until
 * the dispute is resolved. Also after the period is settled. */
enum period_verdict period_respond(struct period *period, struct partner_id partner,
                                   struct record_index record, struct money offered) MUST_USE;
/* The one that opened it takes the offer as it stands, or gives up with 0. What is not upheld
 * becomes a line of class `dispute` for the period that is open then. */
enum period_verdict period_resolve(struct period *period, struct partner_id partner,
                                   struct record_index record, struct money upheld,
                                   struct line *rest_out) MUST_USE;

/* The payer says that it has sent; the creditor alone confirms, or says that it never came. */
enum period_verdict period_pay(struct period *period, struct partner_id partner, size_t payment,
                               const struct approvers *approvers) MUST_USE;
enum period_verdict period_confirm(struct period *period, struct partner_id partner,
                                   size_t payment) MUST_USE;
enum period_verdict period_fail(struct period *period, struct partner_id partner,
                                size_t payment) MUST_USE;

#endif
