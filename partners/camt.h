/* camt.h - reads what a bank says has moved: ISO 20022 camt.053 (statement) and camt.054
 * (notification), versions 02 to 13 of each.
 *
 * The file comes from outside and is hostile until read: no DTD and so no entities, bounded size,
 * depth, texts and entries; an element that may stand once and stands twice is refused, and so is
 * an entry without amount, direction or account. Elements that say nothing about who paid whom are
 * passed over.
 *
 * Pure (expat, over memory). Threads: any.
 */
#ifndef PARTNERS_CAMT_H
#define PARTNERS_CAMT_H

#include "partners/date.h"
#include "partners/payment_account.h"

enum {
    CAMT_SIZE_MAX = 64 * 1024 * 1024,
    CAMT_DEPTH_MAX = 32,
    CAMT_PATH_MAX = 512,
    CAMT_ENTRIES_MAX = 100000, /* a month of a busy account */
    CAMT_STATEMENTS_MAX = 1024,
    CAMT_TEXT_SIZE = 4 * 35 + 1 /* Max35Text in UTF-8 and a NUL */
};

enum camt_kind { CAMT_STATEMENT = 53, CAMT_NOTIFICATION = 54 };

struct camt_statement {
    char id[CAMT_TEXT_SIZE];
    char account[CAMT_TEXT_SIZE]; /* IBAN, or the bank's own number */
};
/* One transaction: a TxDtls, or an Ntry that has none. */
struct camt_entry {
    size_t statement; /* its place among the statements */
    uint64_t line;    /* of the file, where it ends */
    char currency[CURRENCY_SIZE];
    struct money amount; /* not negative */
    bool amount_clear;   /* false: the file does not tell how much of the entry is its */
    bool credit;         /* to the account */
    bool booked;         /* status BOOK: not pending, not for information */
    bool returned;       /* a reversal, or a payment that came back */
    char end_to_end[CAMT_TEXT_SIZE]; /* "" where there is none */
    /* The bank's own names of the booking, or "": of the whole entry, and of the transaction. Which
     * of them a bank gives differs between its kinds of file. */
    char reference[CAMT_TEXT_SIZE], detail_reference[CAMT_TEXT_SIZE];
    char debtor_account[CAMT_TEXT_SIZE], creditor_account[CAMT_TEXT_SIZE]; /* or "" */
    char booked_on[DATE_TEXT_SIZE];                                        /* or "" */
};
struct camt { /* zeroed is empty */
    enum camt_kind kind;
    struct camt_statement *statements;
    size_t statement_count, statement_capacity;
    struct camt_entry *entries;
    size_t entry_count, entry_capacity;
};

/* The whole file, or an error that names the line. `camt_out` is the caller's to release. */
bool camt_read(struct bytes file, struct camt *camt_out, struct error *error) MUST_USE;
void camt_release(struct camt *camt);

#endif
