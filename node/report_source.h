/* report_source.h - what a report is made of: the answers of a node that it needs, one after the
 * other, and the report once they are there.
 *
 *     report_source_open() -> while (report_source_next()) { ask for the path; report_source_take()
 * }
 *     -> report_source_write()
 *
 * Who asks is another's business: `accrue report` asks over HTTP, a node its own API
 * (node/api_reports.c). So both have the same reports, options and refusals.
 *
 * Pure. Threads: any, one at a time.
 */
#ifndef NODE_REPORT_SOURCE_H
#define NODE_REPORT_SOURCE_H

#include "node/report.h"

enum { REPORT_PATH_SIZE = 160, REPORT_FILE_NAME_SIZE = 2 * CHARTER_NAME_MAX + 64 };

/* ---- pages ----------------------------------------------------------------------------------- */

/* Answers that come in pages, as one: about a period, with all its disputes; or the tables of its
 * points. */
enum pages_kind { PAGES_PERIOD, PAGES_TABLES, PAGES_ALL_TABLES };
struct answer_pages { /* zeroed but for its kind is empty */
    enum pages_kind kind;
    json_t *whole; /* all that came; owned */
    bool done;
    uint64_t from;
};
void answer_pages_path(const struct answer_pages *pages, const char *period,
                       char path_out[REPORT_PATH_SIZE]);
/* The page is taken over. ERROR_INVALID: they do not go together, or do not end. */
bool answer_pages_take(struct answer_pages *pages, json_t *page, struct error *error) MUST_USE;
void answer_pages_release(struct answer_pages *pages);
/* What goes into a path as it stands. */
bool period_name_shaped(const char *period) MUST_USE;

/* ---- a report -------------------------------------------------------------------------------- */

/* How the asker calls the options, for what is said of them. */
struct report_words {
    const char *dash, *paid_on; /* "--", "paid-on" */
};
struct report_options { /* copied; NULL: not given */
    const struct report_words *words;
    const char *name, *period, *format, *partner, *dialect, *execution, *paid_on, *currency;
    bool continues;
};
enum report_fault {
    REPORT_FAULT_NAME,   /* there is no such report */
    REPORT_FAULT_USAGE,  /* the options are wrong */
    REPORT_FAULT_ANSWER, /* the node has answered something else than 200 */
    REPORT_FAULT_UNTRUE, /* what it answered does not tie, or changed meanwhile */
    REPORT_FAULT_REPORT  /* it cannot be made of that: the error's code tells */
};

struct report_source;

/* `accounts`, of a file, are taken over; NULL: none. */
bool report_source_open(const struct report_options *options, struct accounts *accounts,
                        struct report_source **source_out, enum report_fault *fault_out,
                        struct error *error) MUST_USE;
/* The next path to ask for; false: everything is there. */
bool report_source_next(const struct report_source *source,
                        char path_out[REPORT_PATH_SIZE]) MUST_USE;
/* The answer to that. REPORT_FAULT_ANSWER leaves the error as it is: the answer tells why. */
bool report_source_take(struct report_source *source, int status, struct bytes body,
                        enum report_fault *fault_out, struct error *error) MUST_USE;
/* Appends the report; to `left_out`, a line about each payment that is not among its orders. */
bool report_source_write(const struct report_source *source, struct buffer *out,
                         struct buffer *left_out, enum report_fault *fault_out,
                         struct error *error) MUST_USE;
enum report_format report_source_format(const struct report_source *source);
/* "2026-11-statement-grocer.pdf" */
void report_source_file_name(const struct report_source *source,
                             char text_out[REPORT_FILE_NAME_SIZE]);
void report_source_close(struct report_source *source); /* NULL is fine */

#endif
