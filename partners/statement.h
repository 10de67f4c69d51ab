/* statement.h - what one partner owes and is owed for a closed period, for its finance people, and
 * the same as CSV. node/statement_pdf.h draws it.
 *
 * A statement is in one currency; where there are several, each names the next, and all of them are
 * one document: never is a sum made over two. Everything in it follows from the period's closed
 * lines, and it names the checkpoint that they can be proved from.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_STATEMENT_H
#define PARTNERS_STATEMENT_H

#include "partners/date.h"
#include "partners/defaults.h"
#include "partners/payment_account.h"

enum {
    STATEMENT_ADDRESS_LINES = 4,
    STATEMENT_TEXT_MAX = 120, /* bytes of a name or an address line */
    STATEMENT_CSV_MAX = 256 * 1024 * 1024,
    STATEMENT_AMOUNT_SIZE = 80 /* with separators and a typographic minus */
};

struct statement_party {
    const char *name;                             /* as the charter has it: [a-z0-9-] */
    const char *legal_name;                       /* what people typed, as the rest of this */
    const char *address[STATEMENT_ADDRESS_LINES]; /* NULL where there are fewer */
    const char *tax_number;                       /* VAT id; or NULL */
};
struct statement_payment {
    struct payment payment;
    char end_to_end[END_TO_END_SIZE];
    const struct payment_account *to; /* NULL: none is effective, and nothing can be paid */
    struct date due;                  /* it is sent on that day; one ring-fenced has none */
    const char *state;                /* "due", "void", ...; "expected" */
    uint16_t round;                   /* as struct period_payment has them */
    bool ring_fenced, is_void;
};
/* Of a partner, once there was a default: net of the lines + collateral = netted + ring-fenced. */
struct default_sums {
    struct money net, collateral, netted, ring_fenced; /* what it receives; with a minus, pays */
};
struct statement {
    const char *coalition;         /* its name */
    bool sandbox;                  /* said on every page */
    struct statement_party issuer; /* whose letterhead it is */
    const char *period;            /* its name: "2026-10" */
    struct date from, to;          /* both of the period */
    struct date issued, due;       /* the nets of the lines are */
    const char *state;             /* "proposed", "final", ... */
    char currency[CURRENCY_SIZE];
    int minor_digits;
    const char *checkpoint_origin;
    uint64_t checkpoint_size;
    struct hash checkpoint_root;
    struct hash totals; /* what the partners sign (periods.h); zero: not known yet */
    const struct statement_party *parties; /* by partner number */
    size_t party_count;
    struct partner_id partner; /* whose statement it is */
    const struct lines *closed;
    size_t disputed_count; /* of the partner's, in this currency: carved out of `closed` */
    struct money disputed_to, disputed_by; /* exactly: owed to the partner, and by it */
    const struct tax_rule *taxes;
    size_t tax_count;
    const struct statement_payment *payments; /* of this currency, all partners' */
    size_t payment_count;
    /* Of defaults in this currency. */
    const struct period_default *defaults;
    size_t default_count;
    const struct taken_over *taken;
    size_t taken_count;
    const struct default_sums *sums; /* by partner; NULL: nobody is in default */
    /* The same in the next currency; NULL: there is none. */
    const struct statement *next;
};

/* Whether it, with those that follow it, can be shown: partners that exist, texts in UTF-8 without
 * control characters and of bounded length, tax codes with a rate. */
bool statement_check(const struct statement *statement, struct error *error) MUST_USE;

/* Sums over the lines of the statement's currency. */
struct statement_sums {
    struct money owed_to,
        owed_by; /* by the others to the partner; by it to them; may be negative */
};
struct statement_sums statement_sums(const struct statement *statement);
struct statement_sums statement_sums_of_class(const struct statement *statement,
                                              enum book_class book_class);
/* What debtor owes creditor, all classes; the bilateral matrix has it for every pair. */
struct money statement_owed(const struct statement *statement, struct partner_id debtor,
                            struct partner_id creditor);

/* What was taken over of what debtor owes creditor, or by it: with it, what is paid or to be paid
 * between one in default and any other. */
struct money statement_taken(const struct statement *statement, struct partner_id debtor,
                             struct partner_id creditor);

/* One of the statement's lines, in the order of counterparties by name, then class and tax code. */
struct statement_line {
    const struct line *line;
    struct partner_id other;
    bool owed; /* by the partner */
};
/* `lines_out` is the caller's to free. Returns how many there are. */
size_t statement_lines(const struct statement *statement, struct statement_line **lines_out);
/* Whether invoices have the line: fees, what else is taxed, and the tax itself. */
bool statement_line_invoiced(const struct line *line);
/* What invoices tell of a fee: the tax of a line at its code's rate, rounded for show. */
int statement_tax_rate_bp(const struct statement *statement, const char *tax_code);

/* What is left out as disputed, in a sentence; empty where nothing is. */
enum { DISPUTED_WORDS_SIZE = 240 };
void statement_disputed_words(const struct statement *statement,
                              char text_out[DISPUTED_WORDS_SIZE]);

/* What one taking over is, in a sentence without its full stop. */
enum { TAKEN_WORDS_SIZE = 320 };
struct taken_names {
    const char *debtor, *claimant, *by;
};
void taken_over_words(const struct taken_over *taken, const struct taken_names *names,
                      const char *amount, char text_out[TAKEN_WORDS_SIZE]);

/* "1,280.00", "-0.27": grouped by thousands, all minor digits. */
void statement_amount(const struct statement *statement, struct money money,
                      char text_out[STATEMENT_AMOUNT_SIZE]);

/* CSV with a heading row, of the statement and those that follow it; each row names period,
 * checkpoint and totals. What was taken over stands in rows of its own, of class "taken-over" or
 * "collateral", which change what debtor owes creditor, in a column, or in sums. */
void statement_csv_lines(const struct statement *statement, struct buffer *out);    /* own ones */
void statement_csv_matrix(const struct statement *statement, struct buffer *out);   /* all pairs */
void statement_csv_nets(const struct statement *statement, struct buffer *out);     /* everyone's */
void statement_csv_payments(const struct statement *statement, struct buffer *out); /* everyone's */
/* Fee lines, others that are taxed, and the tax, of the partner on either side. */
void statement_csv_fees(const struct statement *statement, struct buffer *out);

#endif
