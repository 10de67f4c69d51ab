/* period_view.h - a settlement period as a node's GET /v1/periods/PERIOD tells it, read back into
 * figures: what commands show and reports are made of.
 *
 * The answer is checked against itself: names are partners', lines stand in order, a tariff means
 * the same currency and taxes wherever it stands, number 0 those of the charter, the totals are
 * the digest of the exact lines with the tree that the period ends with (partners/periods.h), the
 * rounded lines are what the charter makes of those less what is disputed, the nets are theirs, and
 * the payments of a final period settle them: the first ones by netting, and since a default what
 * was taken over and what is paid or to be paid, as partners/defaults.h says. What does not tie is
 * refused, never shown.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_PERIOD_VIEW_H
#define NODE_PERIOD_VIEW_H

#include "partners/charter.h"
#include "partners/date.h"
#include "partners/defaults.h"
#include "partners/payment_account.h"
#include "partners/period.h"
#include "partners/period_calendar.h"

#include <jansson.h>

enum {
    VIEW_STATE_SIZE = 16,
    VIEW_LIST_MAX =
        1 << 20, /* lines, payments or disputes of one answer, which has a limit anyway */
    VIEW_POINTS_SIZE = MONEY_TEXT_SIZE
};

struct view_payment {
    uint32_t number;
    struct payment payment;
    char currency[CURRENCY_SIZE];
    uint16_t round;   /* 0, or the how-manyth default of the period made it */
    bool ring_fenced; /* with one in default, or paid back */
    enum payment_state state;
    uint32_t attempt;                  /* of sending so far */
    struct date pay_by, default_after; /* its day to pay, and its last one */
    bool sent;                         /* at some time; on that day last */
    struct date sent_on;
    bool first_approval, overdue, may_default;
    bool accused; /* one person has said that its payer is in default */
};
enum view_dispute_state { VIEW_DISPUTE_OPEN, VIEW_DISPUTE_RESPONDED, VIEW_DISPUTE_RESOLVED };
struct view_dispute {
    struct disputed_line about;
    char currency[CURRENCY_SIZE], tax_code[TAX_CODE_SIZE];
    enum dispute_code code;
    struct partner_id by;
    enum view_dispute_state state;
    struct money amount, offered, upheld, rest, entered; /* nothing where it is not known yet */
};
struct view_redeemed { /* points behind the redemption lines of a pair */
    struct partner_id debtor, creditor;
    char points[VIEW_POINTS_SIZE];
};
struct view_terms { /* of a tariff, as far as lines told them */
    bool known, has_tax[2];
    char currency[CURRENCY_SIZE], tax[2][TAX_CODE_SIZE]; /* of fees, of all else */
};
struct view_partner {
    char name[CHARTER_NAME_MAX + 1];
    enum period_answer answer;
    bool first_approval;
};
struct period_view {
    const struct charter *charter; /* the coalition's first one; borrowed */
    char name[PERIOD_NAME_SIZE], state[VIEW_STATE_SIZE];
    uint32_t number;
    uint64_t ledger_time_ms;
    struct date first_day, last_day, propose_by, answer_by, pay_by, today;
    struct date disputes_end; /* the last day on which they are their openers' alone */
    bool rooted; /* the checkpoint is the one that the period ends with, and totals are known */
    bool preliminary; /* closed lines and nets are what they would be now */
    uint64_t first_record;
    uint64_t records; /* of the period's tree; while that is not known, of the node's ledger */
    struct hash root, totals;
    struct view_partner *partners; /* by number, as many as the ledger has now */
    size_t partner_count;
    struct view_terms tariffs[TARIFFS_MAX];
    struct lines exact;  /* ascending by debtor, creditor, class, tariff */
    struct lines closed; /* ascending; disputes carved out, rounded, with taxes */
    struct view_payment *payments;
    size_t payment_count;
    struct period_default *defaults; /* as they came to be */
    size_t default_count;
    struct taken_over *taken;
    size_t taken_count;
    struct view_dispute *disputes;
    size_t dispute_count;
    struct view_redeemed *redeemed;
    size_t redeemed_count;
    struct tax_rule taxes[CHARTER_TAXES_MAX];
    size_t tax_count;
};

/* A node tells many disputes in pages: whether there is one after this answer, and from where on.
 */
bool period_view_next(const json_t *answer, uint64_t *from_out) MUST_USE;
/* Puts the disputes of an earlier page, which must have some, before those of this one; what else
 * it says is older, and falls away. */
bool period_view_join(const json_t *earlier, json_t *answer, struct error *error) MUST_USE;
/* The answer has all disputes. ERROR_INVALID says what of it is wrong, or does not tie. */
bool period_view_read(const json_t *answer, const struct charter *charter,
                      struct period_view **view_out, struct error *error) MUST_USE;
void period_view_close(struct period_view *view);

bool period_view_partner(const struct period_view *view, const char *name,
                         struct partner_id *partner_out) MUST_USE;
const char *period_view_name(const struct period_view *view, struct partner_id partner);
/* Of the column of names in a table of text: 16, or as long as the longest. */
int period_view_name_width(const struct period_view *view);
/* The end-to-end id of a payment's sending by that number, from 1 on. */
void period_view_end_to_end(const struct period_view *view, const struct view_payment *payment,
                            uint32_t attempt, char text_out[END_TO_END_SIZE]);
/* Whether a payment can be sent: it waits, and is not void. */
bool period_view_payable(const struct view_payment *payment) MUST_USE;
bool period_view_in_default(const struct period_view *view, struct partner_id partner,
                            const char *currency) MUST_USE;
/* Whether anybody is, in that currency. */
bool period_view_has_default(const struct period_view *view, const char *currency) MUST_USE;
/* As the ledger has it, as far as defaults are concerned; the caller's to release. */
void period_view_period(const struct period_view *view, struct period *out);
/* The number of the sending that is under way or comes next; of a void payment, that would have. */
uint32_t period_view_attempt(const struct view_payment *payment);
/* The payments that would settle it, of each currency apart: those of the ledger once it is final,
 * else what netting gives now. `payments_out` is the caller's to free. */
size_t period_view_payments(const struct period_view *view, struct view_payment **payments_out);

/* Whether there is a line in a currency. */
bool period_view_has_currency(const struct period_view *view, const char *currency) MUST_USE;
/* An amount with the digits of a currency that the charter has. */
void period_view_amount(const struct period_view *view, const char *currency, struct money money,
                        char text_out[MONEY_TEXT_SIZE]);

/* "-12.50" with up to ten decimals, as money_format() writes it. */
bool money_parse(const char *text, struct money *money_out) MUST_USE;

#endif
