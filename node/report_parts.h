/* report_parts.h - what the files report*.c share. */
#ifndef NODE_REPORT_PARTS_H
#define NODE_REPORT_PARTS_H

#include "node/report.h"

/* A request with what every form needs, made once. */
struct report {
    const struct report_request *request;
    const struct period_view *view;
    struct statement_party *parties;
    struct report_part *parts; /* one a currency, ascending by code; at least one */
    size_t part_count;
    char state[48]; /* in words: "final", "ended, preliminary" */
};
/* What a report says of one currency. */
struct report_part {
    const struct report *report;
    struct statement statement; /* its partner is 0 where none was asked for */
    struct statement_payment *payments;
    struct view_payment *states;     /* of those payments, in the same order */
    struct period_default *defaults; /* what the statement has of defaults */
    struct taken_over *taken;
    struct default_sums *sums;
};
typedef bool report_writer(const struct report *report, struct buffer *out, struct error *error);

const char *report_name_of(const struct report *report, struct partner_id partner);
/* "due", "sent", ...; "expected" before the period is final. */
const char *report_payment_word(const struct report_part *part, size_t payment);
/* Whether a closed line is the first of its pair in the part's currency. */
bool report_begins_pair(const struct report_part *part, size_t line);
/* What a taking over of the part is, in a sentence without its full stop. */
void report_taken_words(const struct report_part *part, const struct taken_over *taken,
                        char text_out[TAKEN_WORDS_SIZE]);
const char *report_dispute_word(const struct view_dispute *dispute);

report_writer report_statement_csv, report_matrix_csv, report_nets_csv, report_payments_csv,
    report_fees_csv, report_disputes_csv, report_exceptions_csv;
report_writer report_statement_json, report_matrix_json, report_nets_json, report_payments_json,
    report_fees_json, report_disputes_json, report_exceptions_json;
report_writer report_statement_html, report_matrix_html, report_nets_html, report_payments_html,
    report_fees_html, report_disputes_html, report_exceptions_html;
report_writer report_statement_pdf, report_payments_xml, report_journal;

/* Of points: report_points.c. Of the report they use the request alone. */
report_writer report_liability_pdf, report_ageing_pdf, report_breakage_pdf, report_deferred_pdf;
report_writer report_liability_csv, report_ageing_csv, report_breakage_csv, report_deferred_csv;
report_writer report_liability_json, report_ageing_json, report_breakage_json, report_deferred_json;
report_writer report_liability_html, report_ageing_html, report_breakage_html, report_deferred_html;

/* Whose letterhead it is: the coalition's, with what is known of the partner that runs it. */
void report_issuer(const struct charter *charter, const struct accounts *accounts,
                   const char *operator_name, struct statement_party *issuer_out);

/* A page with its title. */
void report_page_open(struct buffer *out, const char *title);

/* report_chart.c: inline SVG. */
void report_chart_matrix(const struct report_part *part, struct buffer *out);
void report_chart_nets(const struct report_part *part, struct buffer *out);

#endif
