/* confirm.h - which payments of a period a bank's file confirms, and everything in it that does not
 * fit: reported, never guessed.
 *
 * A payment is found by its EndToEndId alone. It is confirmed when booked money between the right
 * accounts, in the right direction and currency, comes to its amount exactly. Nothing else counts
 * towards it. Money that comes from an account that still has to pay, under another reference or
 * none, may be the payment: it is told, and counts for nothing.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_CONFIRM_H
#define PARTNERS_CONFIRM_H

#include "partners/camt.h"

/* X(name, word, sentence) */
#define CONFIRM_CODES(X)                                                                           \
    X(CONFIRM_WHOLE, "confirmed", "the payment is there, exactly")                                 \
    X(CONFIRM_PARTIAL, "partial", "a part of the payment; the rest is open")                       \
    X(CONFIRM_REPEATED, "repeated", "a booking that was counted already")                          \
    X(CONFIRM_INDISTINCT, "indistinct",                                                            \
      "by its references it cannot be told apart from a booking that was counted")                 \
    X(CONFIRM_TWICE, "paid-twice", "another booking for a payment that is whole")                  \
    X(CONFIRM_UNKNOWN, "unknown", "named like a payment of this coalition, but none is expected")  \
    X(CONFIRM_UNNAMED, "unnamed",                                                                  \
      "from the account of one whose payment is open, without its reference: a person looks")      \
    X(CONFIRM_OTHER, "other", "no business of this coalition")                                     \
    X(CONFIRM_WRONG_AMOUNT, "wrong-amount", "nothing, or more than what is open of the payment")   \
    X(CONFIRM_WRONG_CURRENCY, "wrong-currency", "another currency than the payment's")             \
    X(CONFIRM_WRONG_ACCOUNT, "wrong-account", "another account than agreed, on either side")       \
    X(CONFIRM_RETURNED, "returned", "the payment went back, or the other way")                     \
    X(CONFIRM_VOID, "void",                                                                        \
      "for a payment that is void since a default; confirmed by number, it is to be paid back")    \
    X(CONFIRM_PENDING, "pending", "not booked yet")                                                \
    X(CONFIRM_UNCLEAR, "unclear",                                                                  \
      "how much has come for good is not certain: no clear amount, too many parts, parts in "      \
      "statements and notifications, or money of the payment that went back")
enum confirm_code {
#define X(name, word, sentence) name,
    CONFIRM_CODES(X)
#undef X
        CONFIRM_CODE_COUNT
};
const char *confirm_word(enum confirm_code code);
const char *confirm_sentence(enum confirm_code code);

enum { CONFIRM_PARTS_MAX = 8 };

/* What the bank calls a booking that was counted: struct camt_entry. */
struct confirm_part {
    char entry[CAMT_TEXT_SIZE], detail[CAMT_TEXT_SIZE];
};
/* A payment that is awaited, or was. Seen from one of its sides: the file is its bank's. */
struct expected_payment {
    char end_to_end[END_TO_END_SIZE];
    char currency[CURRENCY_SIZE];
    struct money amount;
    char debtor_account[IBAN_SIZE], creditor_account[IBAN_SIZE];
    bool debtor_changed; /* it may have paid from an earlier account, which is not compared */
    bool is_void;        /* since a default: nothing of it is awaited, and nothing confirms it */
    bool confirmed;      /* already, by bookings that nobody kept: any passes for one of them */
    /* What was counted so far; carried from file to file. */
    struct money received;
    enum camt_kind kind; /* of the files that the parts are from; 0: there are none */
    bool returned;       /* money of it went back: no file alone can tell any more what is there */
    size_t part_count;
    struct confirm_part parts[CONFIRM_PARTS_MAX];
};
struct confirm_finding {
    enum confirm_code code;
    size_t entry;   /* its place in the file */
    size_t payment; /* its place among the expected ones; SIZE_MAX: none */
};

/* Goes through the entries in order and writes one finding each (findings_out has room for
 * camt->entry_count); counts what is received into `payments`, whose names must differ. What went
 * back in the file, before or after, leaves nothing of its payment CONFIRM_WHOLE. `own` are
 * the accounts of whom the file is for, one at least: a statement may be of any of them.
 * ERROR_CONFLICT, and nothing changed, when no statement of the file is for one. */
bool confirm_payments(const struct camt *camt, const char *const *own, size_t own_count,
                      struct expected_payment *payments, size_t payment_count,
                      struct confirm_finding *findings_out, struct error *error) MUST_USE;

#endif
