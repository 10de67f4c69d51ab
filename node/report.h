/* report.h - what finance gets of a settlement period, in the form that it is wanted in.
 *
 * Every report is made of a node's answer about the period (node/period_view.h) and names the
 * checkpoint that its figures can be proved from, and the totals that the partners sign.
 *
 * Pure. Threads: any, each with its own buffer.
 */
#ifndef NODE_REPORT_H
#define NODE_REPORT_H

#include "node/accounts.h"
#include "node/liability_view.h"
#include "node/period_view.h"
#include "partners/journals.h"

enum report_format {
    REPORT_PDF,
    REPORT_CSV,
    REPORT_JSON,
    REPORT_HTML,
    REPORT_XML,
    REPORT_JOURNAL,
    REPORT_FORMAT_COUNT
};
enum { REPORT_SIZE_MAX = 256 * 1024 * 1024 };

/* A late entry of the period: booked by a till while it was cut off. */
struct report_exception {
    uint64_t record;
    uint64_t time_ms, till_ms; /* on the ledger; at the till */
    char type[32], verdict[32];
    struct partner_id partner; /* that wrote it */
};
struct report_request {
    const struct period_view *view;
    const struct liability_view *liability; /* instead, where report_needs_liability() */
    const struct accounts *accounts;        /* what the partner knows; may be empty */
    bool has_partner;
    struct partner_id partner;
    /* Only what is in this one, which the charter has; "": in all of them, each apart. Journals and
     * registers are always of all. */
    char currency[CURRENCY_SIZE];
    enum journal_form dialect;
    bool continues;        /* a journal: an earlier one of the set has the declarations */
    struct date execution; /* payment orders: the day on which the bank is to act */
    /* Payment orders, which need it: a line about each payment that is not among them, and why. */
    struct buffer *left_out;
    struct date paid_on; /* journals: the day on which payments are booked */
    const struct report_exception *exceptions;
    size_t exception_count;
};

bool report_format_from_word(const char *word, enum report_format *format_out) MUST_USE;
/* Whether there is a report of that name in that format; the error lists what there is. */
bool report_known(const char *name, enum report_format format, struct error *error) MUST_USE;
/* Whether it is about one partner: always, or only when one is named. */
enum report_scope { REPORT_OF_ALL, REPORT_OF_ONE, REPORT_OF_EITHER };
enum report_scope report_scope(const char *name, enum report_format format);
/* Whether it tells of late entries, which the log has. */
bool report_needs_exceptions(const char *name);
/* Whether it is made of the points that funders stand for, and of no period_view. */
bool report_needs_liability(const char *name);
/* Whether it is made of more of them than the period and how it began. */
bool report_needs_history(const char *name);

/* Appends the report, which must be known. */
bool report_write(const char *name, enum report_format format, const struct report_request *request,
                  struct buffer *out, struct error *error) MUST_USE;

#endif
