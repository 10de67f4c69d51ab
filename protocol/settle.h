/* settle.h - a step in the life of a settlement period, as a transaction's body says it.
 *
 *     propose            [period, records, root, totals]
 *     sign               [period, totals, approver]
 *     dispute            [period, debtor, creditor, class, tariff, code, record, automatic, path]
 *     respond, resolve   [period, index, debtor, creditor, class, tariff, amount]
 *     finalise           [period]
 *     pay                [period, payment, attempt, approver]
 *     confirm, fail      [period, payment]
 *     default            [period, payment, approver]
 *
 * `records` and `root` are the tree that the period ends with; `totals` is the digest of that and
 * of what everyone owes (partners/periods.h). An approver is the digest of what one person at the
 * partner signs in with, never zeros: two of them sign, pay, and say that
 * another is in default. A dispute brings the record that it
 * is about and its path in that tree, so that every node can judge it, whether it keeps the record
 * or not; of a seal it brings the automatic effects, too.
 *
 * What it means is decided by partners/period.h. Pure. Threads: any.
 */
#ifndef PROTOCOL_SETTLE_H
#define PROTOCOL_SETTLE_H

#include "crypto/hash.h"
#include "protocol/ids.h"
#include "protocol/line_class.h"

/* X(name, number, word): ledger.md section 8.9; numbers are wire format. */
#define DISPUTE_CODES(X)                                                                           \
    X(DISPUTE_DUPLICATE, 0, "DUPLICATE")                                                           \
    X(DISPUTE_WRONG_RATE, 1, "WRONG_RATE")                                                         \
    X(DISPUTE_WRONG_AMOUNT, 2, "WRONG_AMOUNT")                                                     \
    X(DISPUTE_UNKNOWN_MEMBER, 3, "UNKNOWN_MEMBER")                                                 \
    X(DISPUTE_LATE, 4, "LATE")                                                                     \
    X(DISPUTE_OFFLINE_LIMIT, 5, "OFFLINE_LIMIT")                                                   \
    X(DISPUTE_UNAUTHORISED, 6, "UNAUTHORISED")                                                     \
    X(DISPUTE_REFUND_MISSING, 7, "REFUND_MISSING")                                                 \
    X(DISPUTE_MISSING_TX, 8, "MISSING_TX")
enum dispute_code {
#define X(name, number, word) name = (number),
    DISPUTE_CODES(X)
#undef X
        DISPUTE_CODE_COUNT
};
const char *dispute_code_word(enum dispute_code code);
bool dispute_code_from_word(const char *word, enum dispute_code *code_out) MUST_USE;

enum {
    PERIOD_NUMBER_MAX = 4000000, /* days from 1970 to the year 9999 and more */
    PAYMENTS_MAX = 1 << 20,      /* of one period */
    DISPUTE_EVIDENCE_MAX = 15 * 1024,
    DISPUTE_PATH_MAX = 48 /* hashes; a log of 2^48 records */
};

struct disputed_line { /* one line of one record */
    struct record_index record;
    struct partner_id debtor, creditor;
    enum line_class line_class;
    uint8_t tariff;
};

struct settle {
    uint32_t period;
    uint64_t records;          /* propose */
    struct hash root;          /* propose */
    struct hash totals;        /* propose, sign */
    struct hash approver;      /* sign, pay, default */
    struct disputed_line line; /* dispute (without `record`, which its evidence names), respond,
                                  resolve */
    enum dispute_code code;    /* dispute */
    struct bytes evidence;     /* dispute: the record's bytes, 1..DISPUTE_EVIDENCE_MAX */
    struct bytes automatic;    /* dispute of a seal: what it is the hash of; otherwise empty */
    struct bytes path;         /* dispute: hashes, one after the other */
    int64_t amount;            /* respond: offered; resolve: upheld. 1e-10 units */
    uint32_t payment;          /* pay, confirm, fail, default: its number in the period, from 0 */
    uint32_t attempt;          /* pay: the how-manyth sending this is, from 1 */
};

/* In the order of their transaction types. */
enum settle_step {
    SETTLE_PROPOSE,
    SETTLE_SIGN,
    SETTLE_DISPUTE,
    SETTLE_RESPOND,
    SETTLE_RESOLVE,
    SETTLE_FINALISE,
    SETTLE_PAY,
    SETTLE_CONFIRM,
    SETTLE_FAIL,
    SETTLE_DEFAULT
};

struct codec_reader;
void settle_put(enum settle_step step, const struct settle *settle, struct buffer *out);
/* Borrows its bytes from what is read. */
void settle_get(enum settle_step step, struct codec_reader *reader, struct settle *settle_out);

#endif
