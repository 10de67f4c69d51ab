/* coalition.h - coalitions for tests: a charter with keys made from numbers, and a driver that
 * feeds a state one transaction at a time.
 */
#ifndef TESTS_UNIT_COALITION_H
#define TESTS_UNIT_COALITION_H

#include "check.h"
#include "partners/charter_policy.h"
#include "partners/charter_write.h"
#include "partners/settlement.h"
#include "partners/state.h"

#define DAY_MS   UINT64_C(86400000)
#define START_MS UINT64_C(1800000000000) /* 2027-01-15T08:00:00Z */

enum { COALITION_PARTNERS_MAX = VOTERS_MAX + 1, COALITION_JSON_MAX = 1 << 20 };

struct coalition_spec {
    const char *names[COALITION_PARTNERS_MAX]; /* NULL-terminated; nodes in the same order */
    const char *operator_name;                 /* one more partner, last, without a node; or NULL */
    const char *face, *reimbursement, *issue_fee, *redemption_fee; /* micro as text; NULL: 0 */
    bool sandbox;
};

static inline struct signing_key *coalition_key(uint8_t kind, uint8_t number)
{
    uint8_t seed[SEED_SIZE] = {kind, number, 7};
    return signing_key_from_seed(seed);
}

static inline struct public_key coalition_public(uint8_t kind, uint8_t number)
{
    struct signing_key *key = coalition_key(kind, number);
    struct public_key out = signing_key_public(key);
    signing_key_close(key);
    return out;
}

static inline void coalition_cosigner(struct charter *charter, size_t place)
{
    struct charter_node *node = &charter->nodes[place];
    struct public_key key = coalition_public(4, (uint8_t)place);
    char name[NOTE_NAME_MAX + 1];
    REQUIRE(charter_cosigner_name(charter->origin, node->name, name));
    REQUIRE(note_key_make(name, NOTE_TYPE_COSIGNATURE, &key, &node->cosigner_key, NULL));
}

static inline void coalition_node(struct charter *charter, size_t place)
{
    struct charter_node *node = &charter->nodes[place];
    static const struct hash no_coalition;
    struct signing_key *key = coalition_key(1, (uint8_t)place);
    snprintf(node->name, sizeof(node->name), "%.60s-1", charter->partners[place].name);
    node->partner = (struct partner_id){(uint16_t)place};
    node->voter = true;
    node->sign_key = signing_key_public(key);
    node->transport_key[0] = 0x04;
    node->transport_key[1] = (uint8_t)(place + 1);
    node->transport_signature = sign(key, PURPOSE_TRANSPORT, &no_coalition,
                                     bytes_of(node->transport_key, TRANSPORT_KEY_SIZE));
    signing_key_close(key);
    struct public_key log_key = coalition_public(3, (uint8_t)place);
    REQUIRE(note_key_make(charter->origin, NOTE_TYPE_ED25519, &log_key, &node->log_key, NULL));
    coalition_cosigner(charter, place);
    snprintf(node->address, sizeof(node->address), "tcp://127.0.0.1:%zu", 7100 + place);
}

/* A draft to be changed and then parsed; release with charter_close. */
static inline struct charter *coalition_draft(const struct coalition_spec *spec)
{
    struct charter *charter = allocate(1, sizeof(*charter));
    size_t nodes = 0;
    while (spec->names[nodes])
        nodes++;
    charter->partner_count = nodes + (spec->operator_name != NULL);
    charter->partners = allocate(charter->partner_count, sizeof(*charter->partners));
    charter->node_count = nodes;
    charter->nodes = allocate(nodes, sizeof(*charter->nodes));
    snprintf(charter->name, sizeof(charter->name), "test coalition");
    snprintf(charter->origin, sizeof(charter->origin), "ledger.example/test");
    snprintf(charter->currency, sizeof(charter->currency), "EUR");
    snprintf(charter->zone, sizeof(charter->zone), "UTC");
    charter->transition_count = 1;
    memset(charter->nonce, 0x5a, sizeof(charter->nonce));
    charter->minor_digits = 2;
    charter->sandbox = spec->sandbox;
    charter->sandbox_start_ms = spec->sandbox ? UINT64_C(1483228800000) : 0; /* 2017-01-01 */
    charter->two_voters_accepted = true;
    for (size_t i = 0; i < charter->partner_count; i++) {
        struct charter_partner *partner = &charter->partners[i];
        bool is_operator = i == nodes;
        snprintf(partner->name, sizeof(partner->name), "%s",
                 is_operator ? spec->operator_name : spec->names[i]);
        partner->is_operator = is_operator;
        partner->governance_key = coalition_public(2, (uint8_t)i);
    }
    for (size_t i = 0; i < nodes; i++)
        coalition_node(charter, i);
    charter->rates.face.v = spec->face ? strtol(spec->face, NULL, 10) : 0;
    charter->rates.reimbursement.v =
        spec->reimbursement ? strtol(spec->reimbursement, NULL, 10) : 0;
    charter->rates.issue_fee.v = spec->issue_fee ? strtol(spec->issue_fee, NULL, 10) : 0;
    charter->rates.redemption_fee.v =
        spec->redemption_fee ? strtol(spec->redemption_fee, NULL, 10) : 0;
    charter->policy.reversal = REVERSAL_UNLIMITED;
    charter->policy.deficit_max.v = 1000000;
    charter->policy.grace_days = 30;
    charter->policy.expire_days = 7;
    charter->policy.hold_default_ms = 900 * 1000;
    charter->policy.hold_max_ms = 7 * DAY_MS;
    charter->policy.window_ms = 400 * DAY_MS;
    charter->policy.late_after_ms = 60 * 1000;
    charter->policy.clock_bound_ms = 5 * 1000;
    charter->settlement.propose_days = 1;
    charter->settlement.answer_days = 3;
    charter->settlement.pay_days = 5;
    charter->settlement.rest_days = SATURDAY_AND_SUNDAY;
    charter->limits.batch_bytes = 1 << 20;
    charter->limits.cut_bytes = 16 << 20;
    charter->limits.lane_cut_bytes = 4 << 20;
    charter->limits.lane_day_bytes = UINT64_C(16) << 30;
    charter->limits.allocations = ALLOCATIONS_MAX;
    charter->limits.heartbeat_ms = 60000;
    charter->limits.timeout_ms = 1000;
    charter->limits.timeout_delta_ms = 500;
    return charter;
}

/* Lets `issuer` have `funder` pay for up to `budget` points. */
static inline void coalition_joint(struct charter *draft, uint16_t issuer, uint16_t funder,
                                   int64_t budget)
{
    size_t size = (draft->joint_funding_count + 1) * sizeof(*draft->joint_funding);
    draft->joint_funding = realloc(draft->joint_funding, size);
    REQUIRE(draft->joint_funding != NULL);
    draft->joint_funding[draft->joint_funding_count++] =
        (struct joint_funding){.issuer = {issuer}, .funder = {funder}, .budget = {budget}};
}

/* Writes the draft and reads it back; closes the draft. */
static inline struct charter *coalition_found(struct charter *draft)
{
    struct buffer json;
    struct charter *charter = NULL;
    struct error error = {0};
    buffer_init(&json, COALITION_JSON_MAX);
    charter_format(draft, &json);
    bool good = charter_parse(buffer_bytes(&json), &charter, NULL, &error);
    if (!good)
        printf("%s\n", error.text);
    REQUIRE(good);
    buffer_release(&json);
    charter_close(draft);
    return charter;
}

static inline struct member_ref member_number(uint32_t number)
{
    struct member_ref ref = {{0xee}};
    put_u32be(ref.at + 12, number);
    return ref;
}

/* ---- the driver --------------------------------------------------------------------------------
 */

enum { DRIVER_EFFECTS_MAX = 4096 };

struct driver {
    struct charter *charter;
    struct state *state;
    uint64_t height, cut_ms, index;
    uint64_t key;
    struct buffer bytes;
    bool begun;
    /* of the last transaction */
    struct outcome outcome;
    struct effect effects[DRIVER_EFFECTS_MAX];
    size_t effect_count;
    /* of the last seal */
    size_t automatic_count;
};

static inline void driver_read(struct driver *driver, struct bytes effects, size_t *count_out)
{
    struct effect_reader reader;
    REQUIRE(effect_reader_init(&reader, effects));
    *count_out = 0;
    while (*count_out < DRIVER_EFFECTS_MAX && effect_next(&reader, &driver->effects[*count_out]))
        (*count_out)++;
    REQUIRE(reader.left == 0);
}

static inline void driver_seal(struct driver *driver)
{
    struct hash cut = {{0}};
    struct bytes automatic;
    if (!driver->begun)
        return;
    put_u64be(cut.at, driver->cut_ms);
    state_seal(driver->state, &cut, &automatic);
    driver_read(driver, automatic, &driver->automatic_count);
    driver->index++;
    driver->begun = false;
}

/* Of a ledger whose tree nobody asks for. */
static inline void begin_height(struct state *state, uint64_t height, uint64_t cut_ms)
{
    struct cut cut = {.height = height, .time_ms = cut_ms};
    state_begin(state, &cut);
}

/* Ends the height that is open and begins the next, `ms` later. */
static inline void driver_pass(struct driver *driver, uint64_t ms)
{
    driver_seal(driver);
    driver->cut_ms += ms;
    begin_height(driver->state, ++driver->height, driver->cut_ms);
    driver->begun = true;
}

static inline struct driver *driver_open(struct charter *charter)
{
    struct driver *driver = allocate(1, sizeof(*driver));
    driver->charter = charter;
    driver->state = state_open(charter);
    driver->cut_ms = START_MS;
    buffer_init(&driver->bytes, TRANSACTION_SIZE_MAX);
    driver_pass(driver, 1);
    return driver;
}

static inline void driver_close(struct driver *driver)
{
    struct error error = {0};
    driver_seal(driver);
    bool good = state_check(driver->state, &error);
    if (!good)
        printf("%s\n", error.text);
    CHECK(good);
    state_close(driver->state);
    charter_close(driver->charter);
    buffer_release(&driver->bytes);
    free(driver);
}

static inline enum verdict driver_bytes(struct driver *driver, uint16_t lane, struct bytes bytes)
{
    driver->outcome = state_apply(driver->state, (struct node_id){lane},
                                  (struct record_index){driver->index++}, bytes);
    driver_read(driver, driver->outcome.effects, &driver->effect_count);
    return driver->outcome.verdict;
}

/* Applies it as lane `lane`, with a key of its own and the ledger's time unless given. */
static inline enum verdict driver_apply(struct driver *driver, uint16_t lane,
                                        const struct transaction *given)
{
    struct transaction transaction = *given;
    char key[32];
    if (transaction.key.size == 0) {
        snprintf(key, sizeof(key), "k%llu", (unsigned long long)driver->key++);
        transaction.key = bytes_text(key);
    }
    if (transaction.at_ms == 0)
        transaction.at_ms = state_time_ms(driver->state);
    buffer_clear(&driver->bytes);
    transaction_encode(&transaction, &driver->bytes);
    REQUIRE(!driver->bytes.overflowed);
    return driver_bytes(driver, lane, buffer_bytes(&driver->bytes));
}

/* The record of the last transaction. */
static inline struct record_index driver_last(const struct driver *driver)
{
    return (struct record_index){driver->index - 1};
}

/* ---- transactions -------------------------------------------------------------------------------
 */

static inline struct transaction tx_enrol(uint32_t member)
{
    struct transaction t = {.type = TRANSACTION_ENROL};
    t.body.enrol.member = member_number(member);
    return t;
}
static inline struct transaction tx_earn(uint32_t member, int64_t points)
{
    struct transaction t = {.type = TRANSACTION_EARN};
    t.body.earn.member = member_number(member);
    t.body.earn.lot_count = 1;
    t.body.earn.lots[0].quantity.v = points;
    return t;
}
static inline struct transaction tx_redeem(uint32_t member, int64_t points)
{
    struct transaction t = {.type = TRANSACTION_REDEEM};
    t.body.redeem.member = member_number(member);
    t.body.redeem.points.v = points;
    return t;
}
static inline struct transaction tx_hold(uint32_t member, int64_t points, uint64_t ttl_ms)
{
    struct transaction t = {.type = TRANSACTION_HOLD};
    t.body.hold.member = member_number(member);
    t.body.hold.points.v = points;
    t.body.hold.ttl_ms = ttl_ms;
    return t;
}
static inline struct transaction tx_commit(struct record_index hold, int64_t points)
{
    struct transaction t = {.type = TRANSACTION_COMMIT};
    t.body.commit.hold = hold;
    t.body.commit.points.v = points;
    return t;
}
static inline struct transaction tx_release(struct record_index hold)
{
    struct transaction t = {.type = TRANSACTION_RELEASE};
    t.body.release.hold = hold;
    return t;
}
static inline struct transaction tx_activate(struct record_index earn)
{
    struct transaction t = {.type = TRANSACTION_ACTIVATE};
    t.body.activate.earn = earn;
    return t;
}
static inline struct transaction tx_refund(struct record_index earn, uint64_t refunded)
{
    struct transaction t = {.type = TRANSACTION_REVERSE_EARN};
    t.body.reverse_earn.earn = earn;
    t.body.reverse_earn.refunded = refunded;
    return t;
}
static inline struct transaction tx_unredeem(struct record_index redemption, int64_t points)
{
    struct transaction t = {.type = TRANSACTION_REVERSE_REDEEM};
    t.body.reverse_redeem.redemption = redemption;
    t.body.reverse_redeem.points.v = points;
    return t;
}
static inline struct transaction tx_expire(uint64_t lot)
{
    struct transaction t = {.type = TRANSACTION_EXPIRE};
    t.body.expire.lot_count = 1;
    t.body.expire.lots[0].v = lot;
    return t;
}
static inline struct transaction tx_adjust(uint32_t member, int64_t delta)
{
    struct transaction t = {.type = TRANSACTION_ADJUST};
    t.body.adjust.member = member_number(member);
    t.body.adjust.delta.v = delta;
    t.body.adjust.reason = bytes_text("goodwill");
    t.body.adjust.approver = bytes_text("manager");
    return t;
}
static inline struct transaction tx_transfer(uint32_t from, uint32_t to, int64_t points)
{
    struct transaction t = {.type = TRANSACTION_TRANSFER};
    t.body.transfer.from = member_number(from);
    t.body.transfer.to = member_number(to);
    t.body.transfer.points.v = points;
    return t;
}
static inline struct transaction tx_clock(uint64_t advance_ms)
{
    struct transaction t = {.type = TRANSACTION_CLOCK};
    t.body.clock.advance_ms = advance_ms;
    return t;
}

/* ---- what came of it
 * ------------------------------------------------------------------------------ */

static inline int64_t lot_pool(const struct driver *driver, uint64_t number, enum pool pool)
{
    struct lot_view lot;
    REQUIRE(state_lot(driver->state, (struct lot_number){number}, &lot));
    return lot.pools[pool].v;
}
static inline struct balance balance_of(const struct driver *driver, uint32_t member)
{
    struct member_ref ref = member_number(member);
    struct balance balance;
    REQUIRE(state_balance(driver->state, &ref, &balance));
    return balance;
}
static inline int64_t owed_exact(const struct driver *driver, uint16_t debtor, uint16_t creditor)
{
    return (int64_t)settlement_open(driver->state, (struct partner_id){debtor},
                                    (struct partner_id){creditor},
                                    state_charter(driver->state)->currency)
        .v;
}
/* Receivable less payable in the charter's currency. */
static inline int64_t net_of(const struct driver *driver, uint16_t partner, bool rounded)
{
    struct settlement settlement;
    settlement_make(driver->state, NULL, NULL, &settlement);
    size_t own = settlement_currency(&settlement, state_charter(driver->state)->currency);
    int64_t net = (int64_t)settlement_nets(&settlement, own, rounded)[partner].v;
    settlement_release(&settlement);
    return net;
}
static inline size_t payments_of(const struct driver *driver, struct payment *payments_out)
{
    struct settlement settlement;
    const struct charter *charter = state_charter(driver->state);
    settlement_make(driver->state, NULL, NULL, &settlement);
    size_t own = settlement_currency(&settlement, charter->currency);
    size_t count = settlement_payments(&settlement, charter, own, payments_out);
    settlement_release(&settlement);
    return count;
}
static inline int64_t owed_in(const struct driver *driver, uint16_t debtor, uint16_t creditor,
                              enum line_class line_class)
{
    return (int64_t)state_obligation(driver->state, (struct partner_id){debtor},
                                     (struct partner_id){creditor}, line_class, 0)
        .v;
}
/* What the last transaction added between two partners in effects of any class but fees. */
static inline int64_t added(const struct driver *driver, uint16_t debtor, uint16_t creditor)
{
    int64_t sum = 0;
    for (size_t i = 0; i < driver->effect_count; i++) {
        const struct effect *effect = &driver->effects[i];
        if (effect->kind == EFFECT_OBLIGATION && effect->partner.v == debtor &&
            effect->creditor.v == creditor && effect->line_class != LINE_ISSUE_FEE &&
            effect->line_class != LINE_REDEMPTION_FEE)
            sum += effect->amount;
    }
    return sum;
}

#endif
