/* ledger_month.h - a ledger with its tree, and a May in which three partners come to owe one
 * another: real records and paths, and after every height an image that says the same.
 */
#ifndef TESTS_UNIT_LEDGER_MONTH_H
#define TESTS_UNIT_LEDGER_MONTH_H

#include "unit/coalition.h"
#include "unit/image_copy.h"

#include "crypto/merkle.h"
#include "partners/period_calendar.h"

enum { A, B, C, O, PARTNERS, RECORDS_MAX = 400, EFFECTS_ROOM = 65535 };
#define MAY_MS   UINT64_C(1493596800000) /* 2017-05-01, a Monday */
#define MONTH_MS (31 * DAY_MS)
static const struct hash ann = {{1}}, bob = {{2}};

struct world {
    struct charter *charter;
    struct state *state;
    struct merkle tree;
    struct buffer records[RECORDS_MAX], automatic[RECORDS_MAX]; /* by index */
    struct hash leaves[RECORDS_MAX];
    struct {
        uint64_t count;
        struct hash root;
    } past[RECORDS_MAX]; /* after each height */
    uint64_t height, cut_ms, first, key;
    bool begun;
    struct outcome outcome;
};

/* ---- a ledger with its tree ------------------------------------------------------------------ */

static inline struct buffer *append(struct world *w, const struct record *record)
{
    REQUIRE(w->tree.size < RECORDS_MAX);
    struct buffer *bytes = &w->records[w->tree.size];
    buffer_init(bytes, RECORD_SIZE_MAX);
    record_encode(record, bytes);
    w->leaves[w->tree.size] = merkle_leaf(buffer_bytes(bytes));
    merkle_append(&w->tree, &w->leaves[w->tree.size], NULL, NULL);
    return bytes;
}

static inline void begin(struct world *w)
{
    struct cut cut = {.height = ++w->height, .time_ms = w->cut_ms};
    if (w->height > 2) {
        cut.record_count = w->past[w->height - 2].count;
        cut.record_root = w->past[w->height - 2].root;
    }
    state_begin(w->state, &cut);
    w->first = w->tree.size;
    w->begun = true;
}

/* What an image says of the state is all of it. */
static inline void check_image(const struct world *w)
{
    struct buffer image, again;
    struct state *copy = NULL;
    struct error error = {0};
    buffer_init(&image, IMAGE_LIMIT);
    buffer_init(&again, IMAGE_LIMIT);
    image_of(w->state, &image);
    if (!image_read(w->charter, buffer_bytes(&image), &copy, &error))
        printf("%s\n", error.text);
    REQUIRE(copy != NULL);
    image_of(copy, &again);
    CHECK(bytes_equal(buffer_bytes(&image), buffer_bytes(&again)));
    CHECK(state_check(copy, &error));
    state_close(copy);
    buffer_release(&image);
    buffer_release(&again);
}

static inline void end(struct world *w)
{
    struct hash cut = {{0}};
    struct bytes automatic;
    put_u64be(cut.at, w->cut_ms);
    struct record seal = {.kind = RECORD_KIND_SEAL,
                          .index = {w->tree.size},
                          .height = w->height,
                          .time_ms = state_time_ms(w->state),
                          .cut = cut,
                          .transaction_count = w->tree.size - w->first};
    seal.state_digest = state_seal(w->state, &cut, &automatic);
    seal.automatic = hash_bytes(automatic);
    buffer_init(&w->automatic[w->tree.size], EFFECTS_ROOM);
    buffer_append(&w->automatic[w->tree.size], automatic);
    (void)append(w, &seal);
    w->past[w->height].count = w->tree.size;
    w->past[w->height].root = merkle_root(&w->tree);
    w->begun = false;
    check_image(w);
}

static inline void pass(struct world *w, uint64_t ms)
{
    end(w);
    w->cut_ms += ms;
    begin(w);
}

/* Noon of a day of that month, at least two heights later. */
static inline void pass_to(struct world *w, int64_t month, int64_t day)
{
    uint64_t noon = (uint64_t)date_to_days((struct date){2017, month, day}) * DAY_MS + DAY_MS / 2;
    REQUIRE(noon > w->cut_ms);
    pass(w, noon - w->cut_ms);
    pass(w, 1000);
}

static inline void open_world_by(struct world *w, const char *fee_tax, enum period_kind every)
{
    struct coalition_spec spec = {.names = {"anna", "bert", "cinema"},
                                  .operator_name = "olaf",
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400",
                                  .redemption_fee = fee_tax ? "100" : "0"};
    struct charter *draft = coalition_draft(&spec);
    memset(w, 0, sizeof(*w));
    draft->settlement.every = every;
    if (fee_tax) {
        draft->settlement.taxes = allocate(1, sizeof(*draft->settlement.taxes));
        draft->settlement.tax_count = 1;
        draft->settlement.taxes[0] = (struct charter_tax){.code = "AT-20", .rate_bp = 2000};
        snprintf(draft->settlement.fee_tax, TAX_CODE_SIZE, "%s", fee_tax);
    }
    w->charter = coalition_found(draft);
    w->state = state_open(w->charter);
    merkle_init(&w->tree);
    w->cut_ms = MAY_MS + DAY_MS;
    begin(w);
}

static inline void open_world(struct world *w, const char *fee_tax)
{
    open_world_by(w, fee_tax, PERIOD_MONTH);
}

static inline void close_world(struct world *w)
{
    struct error error = {0};
    end(w);
    CHECK(state_check(w->state, &error));
    state_close(w->state);
    charter_close(w->charter);
    for (size_t i = 0; i < RECORDS_MAX; i++) {
        buffer_release(&w->records[i]);
        buffer_release(&w->automatic[i]);
    }
}

/* ---- transactions ---------------------------------------------------------------------------- */

static inline enum verdict apply(struct world *w, uint16_t lane, struct transaction t)
{
    struct buffer bytes;
    char key[32];
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    snprintf(key, sizeof(key), "k%llu", (unsigned long long)w->key++);
    t.key = bytes_text(key);
    t.at_ms = state_time_ms(w->state);
    transaction_encode(&t, &bytes);
    REQUIRE(!bytes.overflowed);
    struct record record = {.kind = RECORD_KIND_TRANSACTION,
                            .index = {w->tree.size},
                            .height = w->height,
                            .time_ms = state_time_ms(w->state),
                            .lane = {lane},
                            .sequence = 1,
                            .transaction = buffer_bytes(&bytes)};
    record.outcome = state_apply(w->state, record.lane, record.index, record.transaction);
    (void)append(w, &record);
    w->outcome = record.outcome;
    buffer_release(&bytes);
    return record.outcome.verdict;
}

static inline void accepted(struct world *w, uint16_t lane, struct transaction t)
{
    CHECK_TEXT(verdict_word(apply(w, lane, t)), "accepted");
}

static inline uint64_t last(const struct world *w)
{
    return w->tree.size - 1;
}

static inline uint32_t month(int64_t number)
{
    return (uint32_t)((2017 - 1970) * 12 + number - 1);
}

static const struct closed_period *may(const struct world *w)
{
    const struct closed_period *closed = periods_find(state_periods(w->state), month(5));
    REQUIRE(closed != NULL);
    return closed;
}

static inline struct transaction step(enum transaction_type type)
{
    struct transaction t = {.type = type};
    t.body.settle.period = month(5);
    return t;
}

static inline struct transaction tx_propose(const struct world *w)
{
    struct transaction t = step(TRANSACTION_PERIOD_PROPOSE);
    t.body.settle.records = may(w)->records;
    t.body.settle.root = may(w)->root;
    t.body.settle.totals = may(w)->totals;
    return t;
}

static inline struct transaction tx_sign(const struct world *w, struct hash approver)
{
    struct transaction t = step(TRANSACTION_PERIOD_SIGN);
    t.body.settle.totals = may(w)->totals;
    t.body.settle.approver = approver;
    return t;
}

static inline struct transaction about(enum transaction_type type, uint64_t record, uint16_t debtor,
                                       uint16_t creditor, enum line_class line_class)
{
    struct transaction t = step(type);
    t.body.settle.line = (struct disputed_line){{record}, {debtor}, {creditor}, line_class, 0};
    return t;
}

static inline bool no_tile(void *context, uint32_t level, uint64_t index,
                           struct hash tile[TILE_WIDTH], struct error *error)
{
    (void)context, (void)level, (void)index, (void)tile, (void)error;
    return false;
}

/* Borrows its path from a place that the next call writes over. */
static inline struct transaction tx_dispute(const struct world *w, uint64_t record, uint16_t debtor,
                                            uint16_t creditor, enum line_class line_class)
{
    static struct hash path[MERKLE_PROOF_MAX];
    size_t count = 0;
    struct error error;
    struct transaction t = about(TRANSACTION_DISPUTE_OPEN, record, debtor, creditor, line_class);
    REQUIRE(merkle_prove_inclusion(&w->tree, record, may(w)->records, no_tile, NULL, path, &count,
                                   &error));
    t.body.settle.code = DISPUTE_WRONG_AMOUNT;
    t.body.settle.evidence = buffer_bytes(&w->records[record]);
    t.body.settle.automatic = buffer_bytes(&w->automatic[record]);
    t.body.settle.path = bytes_of(path, count * sizeof(path[0]));
    return t;
}

static inline struct transaction tx_amount(enum transaction_type type, uint64_t record,
                                           uint16_t debtor, uint16_t creditor,
                                           enum line_class line_class, int64_t amount)
{
    struct transaction t = about(type, record, debtor, creditor, line_class);
    t.body.settle.amount = amount;
    return t;
}

static inline struct transaction tx_payment(enum transaction_type type, uint32_t payment,
                                            struct hash approver)
{
    struct transaction t = step(type);
    t.body.settle.payment = payment;
    t.body.settle.attempt = 1;
    t.body.settle.approver = approver;
    return t;
}

/* May: A and B issue, C redeems; `redeemed_out` is C's redemption of 300 points, 100 of them B's.
 */
static inline void play_may(struct world *w, uint64_t *redeemed_out)
{
    accepted(w, A, tx_enrol(1));
    accepted(w, A, tx_earn(1, 200));
    accepted(w, B, tx_earn(1, 500));
    pass(w, DAY_MS);
    accepted(w, C, tx_redeem(1, 300));
    *redeemed_out = last(w);
    accepted(w, A, tx_redeem(1, 50));
}

static inline int64_t open_line(const struct world *w, uint16_t debtor, uint16_t creditor,
                                enum line_class line_class)
{
    return (int64_t)state_obligation(w->state, (struct partner_id){debtor},
                                     (struct partner_id){creditor}, line_class, 0)
        .v;
}

#endif
