/* audit_report.h - what an audit came to, for people, programs and paper.
 *
 * Threads: one.
 */
#ifndef NODE_AUDIT_REPORT_H
#define NODE_AUDIT_REPORT_H

#include "node/audit_view.h"
#include "partners/period_calendar.h"

struct audit_report {
    const struct audit_view *views;
    size_t view_count;
    enum audit_policy {
        AUDIT_POLICY_GIVEN,
        AUDIT_POLICY_OF_CHARTER,
        AUDIT_POLICY_OF_SOURCE
    } policy;
    const char *policy_path; /* AUDIT_POLICY_GIVEN */
    const char *state_path;  /* NULL: none */
    uint64_t made_ms;        /* wall clock */
};

/* Whose keys the checkpoints were judged by; of the source: no better than its word. */
const char *audit_policy_words(const struct audit_report *report);

enum audit_verdict { AUDIT_CLEAN, AUDIT_FOUND, AUDIT_UNCHECKED };
/* Findings come first, then what could not be checked. */
enum audit_verdict audit_report_verdict(const struct audit_report *report);
const char *audit_verdict_word(enum audit_verdict verdict);

/* Points of one partner, over the whole ledger. issued = outstanding + spent + expired + taken
 * back.
 */
struct audit_partner_totals {
    int64_t issued;      /* by it */
    int64_t outstanding; /* of those: pending, remaining or held */
    int64_t spent, expired, clawed_back;
    int64_t redeemed_here; /* anybody's points, spent at it */
};
/* `totals_out` has room for every partner of the charter. */
void audit_report_totals(const struct audit *audit, struct audit_partner_totals *totals_out);

/* Of a settlement period that has ended, in one currency: rounded once it is final, exact before.
 */
struct audit_period_summary {
    bool final;
    char name[PERIOD_NAME_SIZE];
    char totals[HASH_HEX_SIZE + 1];
    char currency[CURRENCY_SIZE];
    size_t line_count;
    struct money nets[PARTNERS_MAX]; /* receivable less payable */
    struct money by_class[BOOK_CLASS_COUNT];
};
/* The next currency of its lines, by code; after a zeroed summary the first, which is the charter's
 * where it has no lines. False: there is none. */
bool audit_period_summary(const struct audit *audit, const struct closed_period *closed,
                          struct audit_period_summary *summary) MUST_USE;
struct audit_money_text {
    char text[MONEY_TEXT_SIZE];
};
struct audit_money_text audit_money_text(const struct audit *audit, const char *currency,
                                         struct money money);
/* The charter's currency, then those of its contracts; NULL: no more. */
const char *audit_currency(const struct audit *audit, size_t place);
/* Of those, from place 0 on, the charter's and each in which something is owed in the open period;
 * NULL: no more. */
const char *audit_next_owed(const struct audit *audit, size_t *place);
const char *audit_dispute_word(const struct dispute *dispute); /* open, answered, resolved */
void audit_periods_print(const struct audit *audit);
json_t *audit_periods_json(const struct audit *audit);
/* The hashes that reports of points name (partners/vintages.h). */
void audit_vintages_print(const struct audit *audit);
json_t *audit_vintages_json(const struct audit *audit);

void audit_report_print(const struct audit_report *report);
json_t *audit_report_json(const struct audit_report *report);
/* A page that stands alone and prints well: no script, nothing fetched, every text escaped. */
void audit_report_html(const struct audit_report *report, struct buffer *out);

/* "grocer, node grocer-1, key 0f3c...": who answers for a node. */
struct audit_signer_text {
    char text[2 * CHARTER_NAME_MAX + 2 * PUBLIC_KEY_SIZE + 32];
};
struct audit_signer_text audit_signer_text(const struct charter *charter, uint16_t number);

#endif
