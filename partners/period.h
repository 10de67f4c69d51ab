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
#include "partners/table.h"
#include "protocol/settle.h"
#include "protocol/verdict.h"

/* Of one partner in one period: nobody can use up what others may dispute. */
enum { PARTNER_DISPUTES_MAX = 4096 };

enum period_state { PERIOD_OPEN, PERIOD_PROPOSED, PERIOD_FINAL, PERIOD_SETTLED };
const char *period_state_word(enum period_state state);
/* Who disputes some records has answered when it has signed the rest, or time is over. */
enum period_answer { ANSWER_NONE, ANSWER_SIGNED, ANSWER_DISPUTED, ANSWER_SIGNED_REST };
const char *period_answer_word(enum period_answer answer);

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

struct dispute {
    struct disputed_line about;
    struct line line; /* as the record has it: parties, class, tariff, exact amount */
    enum dispute_code code;
    struct partner_id by;
    bool responded, resolved;
    struct money upheld; /* offered, then agreed: cancelled; the rest enters a later period */
    /* What was taken back of the line since it was disputed, and how much of that has entered an
     * open period: a contra takes back no more than what stands. */
    struct money contra, entered;
};
/* Void: a default has made others of it (partners/defaults.h). */
enum payment_state { PAYMENT_DUE, PAYMENT_SENT, PAYMENT_CONFIRMED, PAYMENT_FAILED, PAYMENT_VOID };
enum { PAYMENT_STATE_COUNT = PAYMENT_VOID + 1 };
const char *payment_state_word(enum payment_state state);
struct period_payment {
    struct payment payment;
    char currency[CURRENCY_SIZE];
    uint16_t round;   /* 0, or the how-manyth default of the period made it */
    bool ring_fenced; /* of one in default: the period is settled without it */
    enum payment_state state;
    uint32_t attempt;     /* of sending: 1, 2, ... ; 0 before the first */
    uint32_t pay_by;      /* its day to pay, as deadlines */
    uint32_t sent_on;     /* the day of the last sending; 0: none */
    struct hash approver; /* the first of this attempt; zero: none yet */
    struct hash accuser;  /* the first who says that the payer is in default; zero: nobody.
                             Until it is confirmed or void */
};
/* Sent, or known to have come: it counts as paid. */
static inline bool payment_stands(const struct period_payment *payment)
{
    return payment->state == PAYMENT_SENT || payment->state == PAYMENT_CONFIRMED;
}
/* Something is still to come of it. */
static inline bool payment_is_open(const struct period_payment *payment)
{
    return payment->state != PAYMENT_CONFIRMED && payment->state != PAYMENT_VOID;
}
struct period_default { /* does not pay what it owes in a currency */
    struct partner_id partner;
    char currency[CURRENCY_SIZE];
};
/* Of what one in default owes the claimant, another takes over so much: it owes that to the
 * claimant, and is owed it by the debtor, unless collateral of the debtor has paid it. */
struct taken_over {
    struct partner_id debtor, claimant, by;
    char currency[CURRENCY_SIZE];
    bool collateral;
    struct money amount; /* more than nothing */
};
struct period {
    uint64_t number;
    int64_t ended_on; /* the last of its days */
    struct period_deadlines deadlines;
    enum period_state state;
    struct hash totals; /* of what is proposed: checkpoint and exact lines */
    struct partner_id proposer;
    enum period_answer *answers; /* by partner */
    struct hash *approvers;      /* by partner: the first who approved; zero: nobody */
    size_t partner_count;
    uint16_t *opened;           /* disputes, by partner */
    struct dispute *disputes;   /* as they were opened */
    struct table dispute_table; /* by the line that they are about */
    size_t dispute_count, dispute_capacity;
    struct period_payment *payments; /* once final */
    size_t payment_count, payment_capacity;
    struct period_default *defaults; /* as they came to be */
    size_t default_count, default_capacity;
    struct taken_over *taken;
    size_t taken_count, taken_capacity;
};

/* Opens a period whose last day is known. */
void period_open(struct period *period, uint64_t number, int64_t ended_on,
                 const struct period_rules *rules, size_t partner_count);
void period_release(struct period *period);

/* Every step is taken (VERDICT_ACCEPTED) or refused and changes nothing. `today` is the day of
 * ledger time in the charter's zone. `own` is what this node adds up to: a proposal that differs is
 * refused, on every node alike. One that comes late leaves the others a business day. */
enum verdict period_propose(struct period *period, struct partner_id proposer,
                            const struct hash *totals, const struct hash *own,
                            const struct business_days *calendar, int64_t today) MUST_USE;
/* Two people of the partner approve, each in a step of its own; with the second it has signed. */
enum verdict period_sign(struct period *period, struct partner_id partner,
                         const struct hash *totals, const struct hash *approver,
                         int64_t today) MUST_USE;
/* `line` is the line of the record that is disputed, as the ledger has it; NULL: no such record in
 * this period. Either party of it may. */
enum verdict period_dispute(struct period *period, struct partner_id partner,
                            const struct disputed_line *about, const struct line *line,
                            enum dispute_code code, int64_t today) MUST_USE;
/* Once everyone has answered or the day of the answers is over; gives the closed lines. The lines
 * are all exact ones of the period, disputed ones among them. Payments are of each currency apart,
 * in the order of the rules. */
enum verdict period_finalise(struct period *period, const struct line *exact, size_t count,
                             const struct line_rules *rules, const char *const *names,
                             const struct business_days *calendar, int64_t today,
                             struct lines *closed_out) MUST_USE;

/* The party that did not open a dispute says how much of it it upholds, and may offer anew until
 * the dispute is resolved. Also after the period is settled. */
enum verdict period_respond(struct period *period, struct partner_id partner,
                            const struct disputed_line *about, struct money offered) MUST_USE;
/* The one that opened it takes the offer as it stands, or gives up with 0; later than `last_day`,
 * the other may end it too, with 0 alone. What is not upheld becomes a line of class `dispute` for
 * the period that is open then. */
enum verdict period_resolve(struct period *period, struct partner_id partner,
                            const struct disputed_line *about, struct money upheld, int64_t today,
                            int64_t last_day, struct line *rest_out) MUST_USE;
/* NULL: that line is not disputed. */
struct dispute *period_dispute_of(const struct period *period, const struct disputed_line *about);
/* Whether a part of an amount is one: of the same sign, and no larger. */
bool money_is_part(struct money part, struct money whole);
/* Adds one that is well formed, as an image has it. */
struct dispute *period_dispute_add(struct period *period, const struct dispute *dispute);
/* `amount` (of the sign opposite to the line's, or 0) is taken back of the disputed line; returns
 * by how much what an open period was told changes: while it is disputed nothing of it counts, and
 * afterwards no more than stands. ledger.md section 8.9. */
struct money dispute_contra(struct dispute *dispute, struct money amount);

/* The payer says that it has sent, approved by two people, each in a step of its own; the creditor
 * alone confirms, or says that it never came. When it confirms a void one, money came for it after
 * all: as much is to be paid back. One that has no node to say so
 * (`creditor_is_silent`) has confirmed what was sent; of one that has lost its nodes since, the
 * payer says again that it has sent. `attempt` is the one that is approved: 1, or one more than the
 * last that failed. */
enum verdict period_pay(struct period *period, struct partner_id partner, size_t payment,
                        uint32_t attempt, const struct hash *approver, bool creditor_is_silent,
                        int64_t today) MUST_USE;
enum verdict period_confirm(struct period *period, struct partner_id partner, size_t payment,
                            const struct business_days *calendar, int64_t today) MUST_USE;
enum verdict period_fail(struct period *period, struct partner_id partner, size_t payment) MUST_USE;

/* ---- what partners/defaults.h rests on ------------------------------------------------------- */

/* Is it in default in this currency? */
bool period_in_default(const struct period *period, struct partner_id partner,
                       const char *currency);
/* Two people say it, each in a step of its own: true with the second. A refusal sets the verdict.
 */
bool second_approves(struct hash *first, const struct hash *approver, enum verdict *verdict_out);
/* The day to pay of what is made today. */
uint32_t period_pay_by(const struct period *period, const struct business_days *calendar,
                       int64_t today);
/* Nets what `nets` has (by partner; they sum to zero), and adds the payments. */
void period_add_payments(struct period *period, const struct money *nets, const char *currency,
                         const char *const *names, uint16_t round, uint32_t pay_by);
/* Adds one as it is. */
void period_add_payment(struct period *period, const struct period_payment *payment);
/* It is settled when every payment that counts is confirmed. */
void period_settle_when_paid(struct period *period);

#endif
