/* random_play.h - seeded random coalitions and transactions of all types and hostile ones, fed to a
 * state, to a second one (the replica) and to the naive model at once: all three agree on every
 * record, and after each height on everything that is asked of them.
 */
#ifndef TESTS_UNIT_RANDOM_PLAY_H
#define TESTS_UNIT_RANDOM_PLAY_H

#include "node/audit_parts.h"
#include "node/model_rules.h"
#include "unit/changes.h"
#include "unit/random_log.h"

enum { HEIGHTS = 60, MEMBERS = 6, PARTNERS = 4, RECORDS = 2000, KEYS = 2000 };
static const uint16_t parties = PARTNERS + 1; /* with the operator, at first */
static const uint16_t partners = PARTNERS;

static uint64_t random_next(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct play {
    uint64_t seed;
    struct driver *driver;
    struct state *replica;
    struct naive *naive;
    bool may_expire, may_refund, may_split;
    bool short_window; /* keys and documents are forgotten within the play */
    bool quiet; /* no transfers, adjustments, settlement or noise: everything can be taken back */
    bool may_deal; /* contracts and promotions */
    struct record_index earns[RECORDS], holds[RECORDS], redemptions[RECORDS];
    uint16_t earn_lane[RECORDS], hold_lane[RECORDS], redemption_lane[RECORDS];
    int64_t earn_eligible[RECORDS], earn_refunded[RECORDS];
    int64_t redeemed[RECORDS];
    size_t earn_count, hold_count, redemption_count;
    uint64_t accepted[128];
    /* Governance keys that were ever made, and the digests after each height. */
    struct {
        struct public_key key;
        uint8_t kind, number;
    } governance[KEYS];
    size_t governance_count;
    uint8_t fresh; /* numbers of keys and names */
    struct hash digests[HEIGHTS + 4];
    struct random_log log;
    uint64_t verdicts[128];
    /* Periods that were paid; redemptions taken back while disputed, afterwards, and for nothing,
     * each time that they were looked at. */
    uint64_t settled, suspended, entered, cancelled;
    /* Periods with more than one in default in a currency, claims taken over out of collateral and
     * otherwise, payments that give back what came late and that became void, and payments that
     * were waited for too long. */
    uint64_t again, covered, shared, back, back_void, alone;
    uint64_t foreign; /* lines in another tariff than the charter's */
    uint64_t decided[CHANGE_KIND_MAX + 1],
        lapsed; /* changes of each kind; those that did not fit */
    /* Between two heights, both states sealed: may put another state in place of the replica. */
    void (*between)(struct play *play);
};

static uint64_t any(struct play *play, uint64_t below)
{
    return random_next(&play->seed) % below;
}

/* random_settle.h */
static inline void random_settlement_charter(struct play *play, struct charter *draft);
static inline void random_settlement(struct play *play, uint16_t lane);
static inline uint16_t lane_of(struct play *play, uint16_t partner, uint16_t otherwise);
/* random_deal.h */
static inline void random_deal_charter(struct play *play, struct charter *draft);
static inline void random_deal(struct play *play, uint16_t lane);
static inline void count_disputes(struct play *play);
static inline void random_account(struct play *play, uint16_t lane);
/* random_risk.h */
static inline void random_risk_charter(struct play *play, struct charter *draft);
static inline void random_collateral(struct play *play, uint16_t lane);
static inline void random_rates(struct play *play, uint16_t lane);

static inline struct charter *random_charter(struct play *play)
{
    bool free_of_fees = !play->quiet && any(play, 2);
    struct coalition_spec spec = {.names = {"delta", "alpha", "charlie", "bravo"},
                                  .operator_name = "beta",
                                  .face = "10000",
                                  .reimbursement = "9001",
                                  .issue_fee = free_of_fees ? "0" : "403",
                                  .redemption_fee = free_of_fees ? "0" : "107",
                                  .sandbox = play->seed % 2 == 0};
    struct charter *draft = coalition_draft(&spec);
    for (uint16_t i = 0; i < partners; i++)
        for (uint16_t j = 0; j < partners; j++)
            if (i != j && any(play, 3) > 0)
                coalition_joint(draft, i, j, 1 + (int64_t)any(play, 3000));
    if (!play->quiet) {
        draft->policy.reversal = (enum reversal_policy)any(play, 3);
        draft->policy.deficit_max.v = any(play, 2) ? 200 : 1000000;
        draft->limits.allocations = any(play, 3) ? 64 : 4;
        random_settlement_charter(play, draft);
    }
    random_deal_charter(play, draft);
    random_risk_charter(play, draft);
    draft->policy.grace_days = (uint32_t)any(play, 3);
    draft->policy.hold_default_ms = 5000;
    if (play->short_window)
        draft->policy.window_ms = DAY_MS;
    return coalition_found(draft);
}

static inline void show_effect(const char *who, const struct effect *e)
{
    printf("    %s: kind %d lot %llu from %d to %d partner %u creditor %u class %d amount %lld\n",
           who, (int)e->kind, (unsigned long long)e->lot.v, (int)e->from, (int)e->to, e->partner.v,
           e->creditor.v, (int)e->line_class, (long long)e->amount);
}

static inline void same_effects(const struct naive_result *naive, struct bytes effects)
{
    struct effect own = {0}, given = {0};
    bool differ = naive_differs(naive, effects, &own, &given);
    CHECK(!differ);
    if (differ) {
        show_effect("model", &own);
        show_effect("state", &given);
    }
}

static inline void count_changes(struct play *play, size_t effects)
{
    for (size_t i = 0; i < effects; i++) {
        const struct effect *effect = &play->driver->effects[i];
        play->lapsed += effect->kind == EFFECT_LAPSED;
        play->foreign += effect->kind == EFFECT_OBLIGATION && effect->tariff > 0;
        if (effect->kind == EFFECT_AMENDED)
            play->decided[effect->change]++;
    }
}

static inline bool may_write(const struct play *play, uint16_t lane)
{
    const struct charter *charter = state_charter(play->driver->state);
    bool may =
        lane < charter->node_count && !charter->nodes[lane].left && !charter->nodes[lane].suspended;
    CHECK(may == naive_may_write(play->naive, lane));
    return may;
}

static inline void log_outcome(struct play *play, uint16_t lane, uint64_t index,
                               struct bytes transaction)
{
    struct record record = {.kind = RECORD_KIND_TRANSACTION,
                            .index = {index},
                            .height = play->driver->height,
                            .time_ms = state_time_ms(play->driver->state),
                            .lane = {lane},
                            .transaction = transaction,
                            .outcome = play->driver->outcome};
    (void)log_append(&play->log, &record);
}

/* Feeds both replicas and the model. What a lane that may not write has to say, another says; where
 * there is none, nothing happens. */
static inline enum verdict feed_bytes(struct play *play, uint16_t lane, struct bytes bytes)
{
    struct driver *driver = play->driver;
    size_t lanes = state_charter(driver->state)->node_count;
    for (size_t i = 0; !may_write(play, lane); i++) {
        if (i == lanes)
            return VERDICT_NOTHING_TO_DO;
        lane = (uint16_t)((lane + 1U) % lanes);
    }
    struct transaction decoded;
    uint64_t index = driver->index;
    struct outcome second =
        state_apply(play->replica, (struct node_id){lane}, (struct record_index){index}, bytes);
    enum verdict verdict = driver_bytes(driver, lane, bytes);
    CHECK_INT(second.verdict, verdict);
    CHECK(bytes_equal(second.effects, driver->outcome.effects));
    struct naive_result naive = naive_apply(play->naive, lane, index, bytes);
    CHECK_INT(naive.verdict, verdict);
    CHECK_INT(naive.late, driver->outcome.late);
    same_effects(&naive, driver->outcome.effects);
    naive_applied(play->naive, lane, bytes.size, driver->outcome.effects.size);
    log_outcome(play, lane, index, bytes);
    play->verdicts[verdict]++;
    count_changes(play, driver->effect_count);
    if (!transaction_decode(bytes, &decoded, NULL))
        CHECK_INT(verdict, VERDICT_MALFORMED);
    else if (verdict == VERDICT_ACCEPTED)
        play->accepted[decoded.type]++;
    return verdict;
}

static inline enum verdict feed(struct play *play, uint16_t lane, struct transaction transaction)
{
    char key[32], document[16];
    struct driver *driver = play->driver;
    if (transaction.key.size == 0) {
        snprintf(key, sizeof(key), "k%llu", (unsigned long long)driver->key++);
        transaction.key = bytes_text(key);
    }
    if (transaction.at_ms == 0)
        transaction.at_ms = state_time_ms(driver->state);
    snprintf(document, sizeof(document), "d%u", (unsigned)any(play, 200));
    if (!play->quiet && play->earn_count > 0 && any(play, 8) == 0) {
        transaction.document = bytes_text(document);
        transaction.line = (uint32_t)any(play, 2);
    }
    buffer_clear(&driver->bytes);
    transaction_encode(&transaction, &driver->bytes);
    return feed_bytes(play, lane, buffer_bytes(&driver->bytes));
}

static inline void random_split(struct play *play, struct funding_split *split)
{
    uint16_t a = (uint16_t)any(play, PARTNERS), b = (uint16_t)any(play, PARTNERS);
    uint16_t bp = (uint16_t)(1 + any(play, BASIS_POINTS - 1));
    if (!play->may_split || any(play, 2) == 0 || a == b)
        return;
    *split = (struct funding_split){
        .count = 2,
        .funders = {{{a < b ? a : b}, bp}, {{a < b ? b : a}, (uint16_t)(BASIS_POINTS - bp)}}};
}

static inline void random_earn(struct play *play, uint16_t lane, uint32_t member)
{
    struct transaction t = tx_earn(member, 1);
    uint64_t now = state_time_ms(play->driver->state);
    int64_t total = 0;
    t.body.earn.lot_count = (uint8_t)(1 + any(play, 3));
    for (size_t i = 0; i < t.body.earn.lot_count; i++) {
        struct earn_lot *lot = &t.body.earn.lots[i];
        lot->quantity.v = 1 + (int64_t)any(play, 100);
        total += lot->quantity.v;
        if (any(play, 4) == 0)
            lot->activates_ms = now + any(play, 20000);
        if (play->may_expire && any(play, 2))
            lot->expires_ms = now + 1 + any(play, any(play, 2) ? 40000 : 5 * DAY_MS);
        if (play->may_expire && any(play, 12) == 0) /* 240 months and a little less, or more */
            lot->expires_ms = now + (7200 + any(play, 250)) * DAY_MS;
        random_split(play, &lot->split);
    }
    if (any(play, 2))
        t.body.earn.eligible = 1 + any(play, 100000);
    if (feed(play, lane, t) != VERDICT_ACCEPTED || play->earn_count == RECORDS)
        return;
    play->earn_eligible[play->earn_count] =
        t.body.earn.eligible ? (int64_t)t.body.earn.eligible : total;
    play->earn_refunded[play->earn_count] = 0;
    play->earn_lane[play->earn_count] = lane;
    play->earns[play->earn_count++] = driver_last(play->driver);
}

static inline void remember_redemption(struct play *play, uint16_t lane, int64_t points)
{
    REQUIRE(play->redemption_count < RECORDS);
    play->redeemed[play->redemption_count] = points;
    play->redemption_lane[play->redemption_count] = lane;
    play->redemptions[play->redemption_count++] = driver_last(play->driver);
}

static inline void random_redeem(struct play *play, uint16_t lane, uint32_t member)
{
    int64_t points = 1 + (int64_t)any(play, 150);
    struct transaction t = tx_redeem(member, points);
    if (any(play, 4) == 0) {
        t.body.redeem.points.v = 0;
        t.body.redeem.amount.v = points * 10000 - (int64_t)any(play, 10000);
    }
    if (feed(play, lane, t) != VERDICT_ACCEPTED)
        return;
    points = 0;
    for (size_t i = 0; i < play->driver->effect_count; i++)
        if (play->driver->effects[i].kind == EFFECT_MOVE &&
            play->driver->effects[i].to == POOL_SPENT)
            points += play->driver->effects[i].amount;
    remember_redemption(play, lane, points);
}

static inline void random_hold(struct play *play, uint16_t lane, uint32_t member)
{
    struct transaction t = tx_hold(member, 1 + (int64_t)any(play, 150), any(play, 30000));
    if (any(play, 6) == 0) {
        t.body.hold.amount.v = t.body.hold.points.v * 10000 - (int64_t)any(play, 10000);
        t.body.hold.points.v = 0;
    }
    if (feed(play, lane, t) != VERDICT_ACCEPTED || play->hold_count == RECORDS)
        return;
    play->hold_lane[play->hold_count] = lane;
    play->holds[play->hold_count++] = driver_last(play->driver);
}

static inline void random_close_hold(struct play *play, uint16_t lane)
{
    if (play->hold_count == 0)
        return;
    size_t i = any(play, play->hold_count);
    struct hold_view hold;
    REQUIRE(state_hold(play->driver->state, play->holds[i], &hold));
    if (any(play, 5))
        lane = play->hold_lane[i];
    if (any(play, 3) == 0) {
        (void)feed(play, lane, tx_release(play->holds[i]));
        return;
    }
    int64_t points = any(play, 2) ? 0 : 1 + (int64_t)any(play, (uint64_t)hold.points.v + 3);
    if (feed(play, lane, tx_commit(play->holds[i], points)) == VERDICT_ACCEPTED)
        remember_redemption(play, lane, points ? points : hold.points.v);
}

static inline void refund(struct play *play, size_t i, uint16_t lane, int64_t refunded)
{
    if (feed(play, lane, tx_refund(play->earns[i], (uint64_t)refunded)) == VERDICT_ACCEPTED)
        play->earn_refunded[i] += refunded;
}

static inline void random_refund(struct play *play, uint16_t lane)
{
    if (play->earn_count == 0 || !play->may_refund)
        return;
    size_t i = any(play, play->earn_count);
    refund(play, i, any(play, 5) ? play->earn_lane[i] : lane,
           1 + (int64_t)any(play, (uint64_t)play->earn_eligible[i]));
}

static inline void random_unredeem(struct play *play, uint16_t lane)
{
    if (play->redemption_count == 0)
        return;
    size_t i = any(play, play->redemption_count);
    int64_t points = 1 + (int64_t)any(play, 100);
    if (any(play, 5))
        lane = play->redemption_lane[i];
    if (feed(play, lane, tx_unredeem(play->redemptions[i], points)) == VERDICT_ACCEPTED)
        play->redeemed[i] -= points;
}

static inline void random_expire(struct play *play, uint16_t lane)
{
    struct transaction t = {.type = TRANSACTION_EXPIRE};
    struct partner_id issuer = {any(play, 3) ? lane : (uint16_t)any(play, PARTNERS)};
    t.body.expire.lot_count = (uint8_t)state_lots_to_expire(play->driver->state, issuer,
                                                            t.body.expire.lots, 1 + any(play, 8));
    if (t.body.expire.lot_count == 0 || any(play, 8) == 0) {
        t.body.expire.lot_count = 1;
        t.body.expire.lots[0].v = 1 + any(play, state_lot_count(play->driver->state) + 2);
    }
    (void)feed(play, lane, t);
}

static inline void random_card(struct play *play, uint16_t lane, uint32_t member)
{
    struct transaction t = {.type = TRANSACTION_CARD_LINK};
    t.body.card_link.member = member_number(member);
    t.body.card_link.card.at[0] = (uint8_t)any(play, 40);
    struct member_ref holder;
    bool taken = state_card(play->driver->state, &t.body.card_link.card, &holder);
    enum verdict verdict = feed(play, lane, t);
    CHECK(!taken || verdict != VERDICT_ACCEPTED);
    if (verdict == VERDICT_ACCEPTED) {
        REQUIRE(state_card(play->driver->state, &t.body.card_link.card, &holder));
        CHECK(member_equal(&holder, &t.body.card_link.member));
    }
}

/* ---- who takes part ---------------------------------------------------------------------------
 */

static inline void know_key(struct play *play, uint8_t kind, uint8_t number)
{
    REQUIRE(play->governance_count < KEYS);
    play->governance[play->governance_count].key = coalition_public(kind, number);
    play->governance[play->governance_count].kind = kind;
    play->governance[play->governance_count++].number = number;
}

/* Mostly one that was not used before. */
static inline uint8_t any_number(struct play *play)
{
    return any(play, 6) ? play->fresh++ : (uint8_t)any(play, play->fresh + 1U);
}

static inline struct change random_limits(struct play *play)
{
    struct change change = {.kind = CHANGE_SET_LIMITS};
    if (any(play, 2))
        return change_set_limit(LIMIT_ALLOCATIONS, any(play, 70));
    for (int i = 1; i <= LIMIT_NUMBER_MAX; i++)
        if (any(play, 3) == 0)
            change.limits[change.limit_count++] = (struct limit_value){
                (enum limit_number)i, any(play, 4) ? 20000 + any(play, 40000) : any(play, 200)};
    return change.limit_count ? change : change_set_limit(LIMIT_TIMEOUT_MS, 10 + any(play, 90));
}

static inline struct change random_change(struct play *play, char name[16])
{
    const struct charter *charter = state_charter(play->driver->state);
    uint8_t number = any_number(play);
    uint16_t node = (uint16_t)any(play, charter->node_count + 1);
    uint16_t partner = (uint16_t)any(play, charter->partner_count + 1);
    snprintf(name, 16, "n%u", number);
    switch (any(play, 12)) {
    case 0:
    case 1:
    case 2:
        know_key(play, CHANGES_KEY_KINDS + 2, number);
        return change_found(name, name, number, any(play, 4) > 0);
    case 3:
        return change_admit(partner, name, number, any(play, 2));
    case 4:
        return change_remove_node(node);
    case 5:
        return change_remove_partner(partner);
    case 6:
        return change_set_voter(node, any(play, 2));
    case 7:
    case 8:
    case 9:
        return change_replace_keys(node, number);
    case 10:
        know_key(play, CHANGES_KEY_KINDS + 2, number);
        return change_replace_governance(partner, number);
    default:
        return random_limits(play);
    }
}

static inline void random_motion(struct play *play, uint16_t lane)
{
    char name[16];
    struct transaction t = {.type = TRANSACTION_MOTION};
    t.body.motion.motion.delay = 2 + (uint32_t)any(play, any(play, 4) ? 3 : 9);
    t.body.motion.motion.change = random_change(play, name);
    (void)feed(play, lane, t);
}

static inline void feed_ballot(struct play *play, uint16_t lane, const struct motion_view *motion,
                               uint16_t partner)
{
    const struct charter *charter = state_charter(play->driver->state);
    struct transaction t = {.type = TRANSACTION_BALLOT};
    size_t i = play->governance_count;
    while (i > 0 && partner < charter->partner_count && any(play, 20) &&
           memcmp(&play->governance[i - 1].key, &charter->partners[partner].governance_key,
                  PUBLIC_KEY_SIZE) != 0)
        i--;
    i = i > 0 ? i - 1 : 0;
    struct signing_key *key = coalition_key(play->governance[i].kind, play->governance[i].number);
    t.body.ballot.motion = motion->record;
    t.body.ballot.partner.v = partner;
    t.body.ballot.signature = ballot_sign(key, &charter->coalition, motion->record, &motion->hash);
    signing_key_close(key);
    (void)feed(play, lane, t);
}

/* One partner's ballot, or everybody's, on one of the last motions. */
static inline void random_ballots(struct play *play, uint16_t lane)
{
    const struct charter *charter = state_charter(play->driver->state);
    size_t motions = state_motion_count(play->driver->state);
    struct motion_view motion = {.record = {any(play, 20)}};
    if (motions > 0)
        state_motion(play->driver->state,
                     motions - 1 - any(play, motions < 4 || !any(play, 4) ? motions : 4), &motion);
    bool all = any(play, 3) > 0;
    for (uint16_t i = 0; i <= charter->partner_count; i++)
        if (all || any(play, charter->partner_count) == 0)
            feed_ballot(play, lane, &motion, i);
}

static inline void random_ready(struct play *play)
{
    const struct charter *charter = state_charter(play->driver->state);
    struct transaction t = {.type = TRANSACTION_READY};
    uint64_t height = play->driver->height;
    uint16_t lane = (uint16_t)any(play, charter->node_count);
    for (uint16_t i = 0; i < charter->node_count; i++)
        if (charter->nodes[i].joining && any(play, 4))
            lane = i;
    t.body.ready.height = height - (any(play, 4) ? height > 1 : any(play, height));
    t.body.ready.digest = play->digests[any(play, 5) ? t.body.ready.height : 0];
    (void)feed(play, lane, t);
}

/* Before the first transaction of a height. */
static inline void random_evidence(struct play *play)
{
    const struct charter *charter = state_charter(play->driver->state);
    struct evidence evidence = {.kind = EVIDENCE_PREVOTES,
                                .node = {(uint16_t)any(play, charter->node_count)}};
    bool accused = state_accused(play->driver->state, evidence.node);
    CHECK(accused == state_accused(play->replica, evidence.node));
    if (play->quiet || accused || any(play, 8) > 0)
        return;
    state_evidence(play->driver->state, &evidence);
    state_evidence(play->replica, &evidence);
    naive_evidence(play->naive, evidence.node.v);
}

/* A good transaction with one byte changed, or a repeat of it, or noise. */
static inline void hostile(struct play *play, uint16_t lane)
{
    uint8_t noise[TRANSACTION_SIZE_MAX];
    struct bytes last = buffer_bytes(&play->driver->bytes);
    if (any(play, 3) == 0 || last.size == 0) {
        size_t size = any(play, 80);
        for (size_t i = 0; i < size; i++)
            noise[i] = (uint8_t)any(play, 256);
        (void)feed_bytes(play, lane, bytes_of(noise, size));
        return;
    }
    memcpy(noise, last.at, last.size);
    if (any(play, 3) > 0)
        noise[any(play, last.size)] ^= (uint8_t)(1U << any(play, 8));
    (void)feed_bytes(play, lane, bytes_of(noise, last.size));
}

static inline void random_step(struct play *play)
{
    uint16_t lane = (uint16_t)any(play, PARTNERS);
    uint32_t member = 1 + (uint32_t)any(play, play->quiet ? MEMBERS : MEMBERS + 1);
    switch (any(play, play->quiet ? 11 : 24)) {
    case 0:
    case 1:
    case 2:
        random_earn(play, lane, member);
        return;
    case 3:
    case 4:
        random_redeem(play, lane, member);
        return;
    case 5:
    case 6:
        random_hold(play, lane, member);
        return;
    case 7:
        random_close_hold(play, lane);
        return;
    case 8:
        random_refund(play, lane);
        return;
    case 9:
        random_unredeem(play, lane);
        return;
    case 10:
        if (play->earn_count > 0) {
            size_t i = any(play, play->earn_count);
            (void)feed(play, play->earn_lane[i], tx_activate(play->earns[i]));
        }
        return;
    case 11:
        random_expire(play, lane);
        return;
    case 12:
        (void)feed(play, lane, tx_adjust(member, (int64_t)any(play, 60) - 30));
        return;
    case 13:
        (void)feed(
            play, lane,
            tx_transfer(member, 1 + (uint32_t)any(play, MEMBERS), 1 + (int64_t)any(play, 80)));
        return;
    case 14:
        (void)feed(play, lane, tx_clock(1 + any(play, 20000)));
        return;
    case 15:
        random_card(play, lane, member);
        return;
    case 16:
        random_motion(play, lane);
        return;
    case 17:
    case 18:
        random_ballots(play, lane);
        return;
    case 19:
        random_ready(play);
        return;
    case 20:
        random_settlement(play, lane);
        return;
    case 21:
        if (any(play, 2))
            random_account(play, lane);
        else
            random_rates(play, lane);
        return;
    default:
        hostile(play, lane);
    }
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

static inline void compare_member(const struct play *play, uint32_t number)
{
    struct balance seen = balance_of(play->driver, number);
    struct member_ref ref = member_number(number);
    struct naive_balance naive;
    REQUIRE(naive_balance(play->naive, &ref, &naive));
    CHECK_INT(seen.spendable.v, naive.spendable);
    CHECK_INT(seen.pending.v, naive.pending);
    CHECK_INT(seen.held.v, naive.held);
    CHECK_INT(seen.expired_unbooked.v, naive.expired_unbooked);
    CHECK_INT(seen.deficit.v, naive.deficit);
}

static inline void compare_lot(const struct play *play, uint64_t number)
{
    struct lot_view lot;
    int64_t pools[POOL_COUNT];
    REQUIRE(state_lot(play->driver->state, (struct lot_number){number}, &lot));
    naive_lot_pools(play->naive, number, pools);
    for (size_t i = 0; i < POOL_COUNT; i++)
        CHECK_INT(lot.pools[i].v, pools[i]);
    CHECK_INT(lot.epoch, naive_lot_epoch(play->naive, number));
}

static inline void compare_owed(const struct play *play, uint16_t debtor, uint16_t creditor,
                                enum line_class line_class)
{
    for (uint8_t tariff = 0; tariff < TARIFFS_MAX; tariff++)
        CHECK(state_obligation(play->driver->state, (struct partner_id){debtor},
                               (struct partner_id){creditor}, line_class, tariff)
                  .v == naive_owed(play->naive, debtor, creditor, line_class, tariff));
}

static inline void compare(const struct play *play)
{
    struct error error = {0};
    for (uint32_t i = 1; i <= MEMBERS; i++)
        compare_member(play, i);
    size_t count = state_charter(play->driver->state)->partner_count;
    CHECK(count >= parties);
    for (uint16_t i = 0; i < count; i++)
        for (uint16_t j = 0; j < count; j++)
            for (int k = 0; k < LINE_CLASS_COUNT; k++)
                compare_owed(play, i, j, (enum line_class)k);
    CHECK_INT(state_lot_count(play->driver->state), naive_lot_count(play->naive));
    for (uint64_t i = 1; i <= state_lot_count(play->driver->state); i++)
        compare_lot(play, i);
    struct audit_text expected, found;
    if (!audit_periods_agree(play->driver->state, play->naive, &expected, &found)) {
        printf("model: %s, state: %s\n", expected.text, found.text);
        CHECK(!"both tell the same of settlement periods");
    }
    if (!audit_risks_agree(play->driver->state, play->naive, &expected, &found)) {
        printf("model: %s, state: %s\n", expected.text, found.text);
        CHECK(!"both tell the same of collateral");
    }
    if (!audit_accounts_agree(play->driver->state, play->naive, &expected, &found)) {
        printf("model: %s, state: %s\n", expected.text, found.text);
        CHECK(!"both tell the same of payment accounts");
    }
    if (!audit_rates_agree(play->driver->state, play->naive, &expected, &found)) {
        printf("model: %s, state: %s\n", expected.text, found.text);
        CHECK(!"both tell the same of exchange rates");
    }
    if (!audit_contracts_agree(play->driver->state, play->naive, &expected, &found)) {
        printf("model: %s, state: %s\n", expected.text, found.text);
        CHECK(!"both tell the same of contracts");
    }
    if (!state_check(play->driver->state, &error)) {
        printf("%s\n", error.text);
        CHECK(!"the state adds up");
    }
}

/* The next height, with a cut that names the tree of two heights before. */
static inline void begin_next(struct play *play, uint64_t ms)
{
    struct driver *driver = play->driver;
    struct log_past named = log_named(&play->log, ++driver->height);
    struct naive_tree tree = {named.count, named.root};
    driver->cut_ms += ms;
    struct cut cut = {.height = driver->height,
                      .time_ms = driver->cut_ms,
                      .record_count = named.count,
                      .record_root = named.root};
    state_begin(driver->state, &cut);
    driver->begun = true;
    state_begin(play->replica, &cut);
    naive_begin(play->naive, driver->cut_ms, &tree);
}

static inline void pass(struct play *play, uint64_t ms)
{
    struct hash cut = {{0}};
    struct bytes automatic;
    put_u64be(cut.at, play->driver->cut_ms);
    struct record seal = {.kind = RECORD_KIND_SEAL,
                          .index = {play->driver->index},
                          .height = play->driver->height,
                          .time_ms = state_time_ms(play->driver->state),
                          .cut = cut};
    struct hash second = state_seal(play->replica, &cut, &automatic);
    struct naive_result naive = naive_seal(play->naive, &second);
    same_effects(&naive, automatic);
    seal.state_digest = second;
    seal.automatic = hash_bytes(automatic);
    log_seal(&play->log, &seal, automatic);
    driver_seal(play->driver);
    struct hash first = state_digest(play->driver->state);
    CHECK(hash_equal(&first, &second));
    if (play->driver->height < ARRAY_SIZE(play->digests))
        play->digests[play->driver->height] = first;
    count_changes(play, play->driver->automatic_count);
    if (play->between)
        play->between(play);
    begin_next(play, ms);
    CHECK_INT(state_time_ms(play->driver->state), naive_time_ms(play->naive));
    random_evidence(play);
    compare(play);
    count_disputes(play);
}

/* Takes the charter over. */
static inline void play_begin(struct play *play, struct charter *charter)
{
    const struct naive_tree tree = {0};
    log_init(&play->log);
    play->driver = driver_open(charter);
    play->naive = naive_open(model_rules(play->driver->charter));
    naive_begin(play->naive, play->driver->cut_ms, &tree);
    play->replica = state_open(play->driver->charter);
    begin_height(play->replica, 1, play->driver->cut_ms);
    for (uint8_t i = 0; i <= PARTNERS; i++)
        know_key(play, 2, i);
    for (uint32_t i = 1; i <= MEMBERS; i++)
        REQUIRE(feed(play, (uint16_t)any(play, PARTNERS), tx_enrol(i)) == VERDICT_ACCEPTED);
}

static inline struct play *play_open(uint64_t seed, bool quiet, bool short_window)
{
    struct play *play = allocate(1, sizeof(*play));
    play->seed = seed;
    play->quiet = quiet;
    play->short_window = short_window;
    play->may_expire = play->may_deal = !quiet;
    play_begin(play, random_charter(play));
    return play;
}

static inline void play_close(struct play *play)
{
    state_close(play->replica);
    driver_close(play->driver);
    naive_close(play->naive);
    log_release(&play->log);
    free(play);
}

static inline void play_heights(struct play *play)
{
    int failed = check_failed_count;
    for (int i = 0; i < HEIGHTS && check_failed_count == failed; i++) {
        uint64_t steps = any(play, 10);
        for (uint64_t j = 0; j < steps; j++)
            random_step(play);
        for (uint64_t j = play->may_deal ? any(play, 5) : 0; j > 0; j--)
            random_deal(play, (uint16_t)any(play, PARTNERS));
        for (uint64_t j = state_charter(play->driver->state)->risk.on ? any(play, 4) : 0; j > 0;
             j--)
            random_collateral(play, (uint16_t)any(play, PARTNERS));
        bool ended = !play->quiet && state_periods(play->driver->state)->count > 0;
        for (uint64_t j = ended ? any(play, 6) : 0; j > 0; j--)
            random_settlement(play, (uint16_t)any(play, PARTNERS));
        bool days = !play->quiet && any(play, 6) == 0;
        pass(play, 1 + any(play, any(play, 20) == 0 ? 10 * DAY_MS : days ? 2 * DAY_MS : 5000));
    }
}

#include "unit/random_deal.h"
#include "unit/random_risk.h"
#include "unit/random_settle.h"

#endif
