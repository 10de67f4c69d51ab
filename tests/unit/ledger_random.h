/* ledger_random.h - a ledger of ledger.h, played at random from a seed: all types of transactions,
 * refused, late, repeated and malformed ones among them.
 */
#ifndef TESTS_UNIT_LEDGER_RANDOM_H
#define TESTS_UNIT_LEDGER_RANDOM_H

#include "unit/ledger.h"

enum { DICE_MEMBERS = 6, DICE_HEIGHTS = 14, DICE_KEPT = 256 };

struct dice {
    uint64_t seed;
    struct {
        struct record_index record;
        uint16_t lane;
        uint64_t amount;
    } earns[DICE_KEPT], holds[DICE_KEPT], redemptions[DICE_KEPT];
    size_t earn_count, hold_count, redemption_count;
    struct transaction last[LEDGER_NODES]; /* of each lane, with its key */
    char last_key[LEDGER_NODES][32];
    uint64_t scanned;
};

static inline uint64_t roll(struct dice *dice, uint64_t below)
{
    uint64_t z = dice->seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

/* What the height that ended made: later ones refer to it. */
static inline void dice_scan(struct dice *dice, const struct ledger *ledger)
{
    for (; dice->scanned < ledger->record_count; dice->scanned++) {
        struct record record;
        struct transaction t;
        if (!record_decode(buffer_bytes(&ledger->records[dice->scanned]), &record, NULL) ||
            record.kind != RECORD_KIND_TRANSACTION || record.outcome.verdict != VERDICT_ACCEPTED ||
            !transaction_decode(record.transaction, &t, NULL))
            continue;
        struct record_index at = {dice->scanned};
        if (t.type == TRANSACTION_EARN && dice->earn_count < DICE_KEPT) {
            uint64_t eligible = t.body.earn.eligible;
            for (size_t i = 0; i < t.body.earn.lot_count && t.body.earn.eligible == 0; i++)
                eligible += (uint64_t)t.body.earn.lots[i].quantity.v;
            dice->earns[dice->earn_count].record = at;
            dice->earns[dice->earn_count].lane = record.lane.v;
            dice->earns[dice->earn_count++].amount = eligible;
        } else if (t.type == TRANSACTION_HOLD && dice->hold_count < DICE_KEPT) {
            dice->holds[dice->hold_count].record = at;
            dice->holds[dice->hold_count++].lane = record.lane.v;
        } else if (t.type == TRANSACTION_REDEEM && dice->redemption_count < DICE_KEPT) {
            dice->redemptions[dice->redemption_count].record = at;
            dice->redemptions[dice->redemption_count++].lane = record.lane.v;
        }
    }
}

static inline struct transaction dice_earn(struct dice *dice, uint32_t member, uint64_t now_ms)
{
    struct transaction t = tx_earn(member, 0);
    t.body.earn.lot_count = (uint8_t)(1 + roll(dice, 2));
    for (size_t i = 0; i < t.body.earn.lot_count; i++) {
        struct earn_lot *lot = &t.body.earn.lots[i];
        lot->quantity.v = 1 + (int64_t)roll(dice, 90);
        if (roll(dice, 4) == 0)
            lot->activates_ms = now_ms + 1 + roll(dice, 4000);
        if (roll(dice, 4) == 0)
            lot->expires_ms = now_ms + 5000 + roll(dice, 6000);
    }
    if (roll(dice, 3) == 0)
        t = with_document(t, roll(dice, 2) ? "bon 1" : "bon 2");
    return t;
}

static inline struct transaction dice_reference(struct dice *dice, uint16_t lane, uint32_t member)
{
    uint64_t kind = roll(dice, 6); /* refunds are the half of it */
    kind = kind > 3 ? 0 : kind;
    for (size_t i = 0; kind == 0 && i < dice->earn_count; i++) {
        size_t at = roll(dice, dice->earn_count);
        if (dice->earns[at].lane == lane)
            return tx_refund(dice->earns[at].record, roll(dice, 2)
                                                         ? dice->earns[at].amount
                                                         : 1 + roll(dice, dice->earns[at].amount));
    }
    for (size_t i = 0; kind == 1 && i < dice->redemption_count; i++) {
        size_t at = roll(dice, dice->redemption_count);
        if (dice->redemptions[at].lane == lane)
            return tx_unredeem(dice->redemptions[at].record, 1 + (int64_t)roll(dice, 20));
    }
    for (size_t i = 0; kind >= 2 && i < dice->hold_count; i++) {
        size_t at = roll(dice, dice->hold_count);
        if (dice->holds[at].lane == lane)
            return kind == 2 ? tx_commit(dice->holds[at].record, 0)
                             : tx_release(dice->holds[at].record);
    }
    return tx_redeem(member, 1 + (int64_t)roll(dice, 90));
}

static inline struct transaction dice_draw(struct dice *dice, uint16_t lane, uint64_t now_ms)
{
    uint32_t member = 1 + (uint32_t)roll(dice, DICE_MEMBERS + 1);
    struct transaction t;
    switch (roll(dice, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        return dice_earn(dice, member, now_ms);
    case 5:
    case 6:
        return tx_redeem(member, 1 + (int64_t)roll(dice, 200));
    case 7:
        return tx_hold(member, 1 + (int64_t)roll(dice, 40), 1000 + roll(dice, 4000));
    case 8:
        return tx_adjust(member, (int64_t)roll(dice, 40) - 12);
    case 9:
        return tx_transfer(member, 1 + (uint32_t)roll(dice, DICE_MEMBERS),
                           1 + (int64_t)roll(dice, 30));
    case 10:
        t = tx_earn(member, 1 + (int64_t)roll(dice, 9));
        t.at_ms = now_ms - 100000; /* heard of late */
        return t;
    case 11:
        t = (struct transaction){.type = TRANSACTION_CARD_LINK};
        t.body.card_link.member = member_number(member);
        t.body.card_link.card.at[0] = (uint8_t)roll(dice, 20);
        return t;
    default:
        return dice_reference(dice, lane, member);
    }
}

static inline void dice_batch(struct dice *dice, struct ledger *ledger, uint16_t lane)
{
    struct step *step = ledger_batch(ledger, lane);
    uint64_t now_ms = START_MS + ledger->height_count * 1000, count = 1 + roll(dice, 6);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t again = dice->last_key[lane][0] ? roll(dice, 12) : 2;
        struct transaction t = dice_draw(dice, lane, now_ms);
        if (again == 0)
            t = dice->last[lane]; /* the same once more */
        if (again <= 1)
            t = with_key(t, dice->last_key[lane]);
        else
            snprintf(dice->last_key[lane], sizeof(dice->last_key[lane]), "r%llu",
                     (unsigned long long)ledger->key);
        if (again > 1) {
            dice->last[lane] = t;
            t = with_key(t, dice->last_key[lane]);
        }
        batch_put(ledger, step, t);
    }
    batch_end(ledger, step);
}

/* Heights up to `last`. The same seed gives the same ledger, up to the height of the first lie. */
static inline void dice_play(struct ledger *ledger, uint64_t seed, size_t last)
{
    struct dice *dice = allocate(1, sizeof(*dice));
    dice->seed = seed;
    ledger_begin(ledger);
    LANE(0, tx_enrol(1), tx_enrol(2), tx_enrol(3));
    LANE(1, tx_enrol(4), tx_enrol(5), tx_enrol(6));
    ledger_end(ledger);
    while (ledger->height_count < last) {
        ledger_begin(ledger);
        for (uint64_t i = 1 + roll(dice, 4); i > 0; i--)
            dice_batch(dice, ledger, (uint16_t)roll(dice, LEDGER_NODES));
        ledger_end(ledger);
        dice_scan(dice, ledger);
    }
    free(dice);
}

#endif
