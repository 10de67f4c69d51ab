/* The records of a height: each recomputed, compared, and put into the tree. */
#include "node/audit_parts.h"

#include "node/effects.h"
#include "protocol/batch.h"
#include "protocol/codec.h"

#include <stdlib.h>
#include <string.h>

/* A changed hash names its record; a hash above the leaves names what it covers. */
void audit_compare_tile(struct audit *audit, uint32_t level, uint64_t index, const struct hash *own,
                        uint32_t count)
{
    struct hash served[TILE_WIDTH];
    struct error error;
    struct audit_text place = audit_text("tile %u/%llu", level, (unsigned long long)index);
    audit->counts.tiles++;
    if (!audit->tiles.read(audit->tiles.context, level, index, count, served, &error)) {
        audit_found(audit, AUDIT_TILE_MISSING, "to be read", error.text, "%s", place.text);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        if (!hash_equal(&own[i], &served[i])) {
            uint64_t covers = (index * TILE_WIDTH + i) << (8 * (level & 7));
            struct audit_text hash = audit_text("%s, hash %u: covers record %llu%s", place.text, i,
                                                (unsigned long long)covers, level ? " and on" : "");
            (void)!audit_same_hash(audit, AUDIT_TILE_HASH, &own[i], &served[i], hash.text);
            return;
        }
}

static void on_full_tile(void *context, uint32_t level, uint64_t index,
                         const struct hash tile[TILE_WIDTH])
{
    struct audit *audit = (struct audit *)context;
    if (audit->has_tiles)
        audit_compare_tile(audit, level, index, tile, TILE_WIDTH);
}

static void append_leaf(struct audit *audit, struct bytes record)
{
    struct hash leaf = merkle_leaf(record);
    merkle_append(&audit->tree, &leaf, on_full_tile, audit);
    audit->counts.records++;
}

/* The records' transactions are exactly what the lane's owner signed. */
static void end_batch(struct audit *audit, const struct audit_step *step)
{
    struct audit_text place = audit_step_text(audit, step);
    struct error error;
    struct batch batch;
    size_t before = audit->finding_count;
    audit->counts.batches++;
    if (audit->derailed) {
        buffer_clear(&audit->payload);
        return;
    }
    buffer_clear(&audit->scratch);
    codec_put_array(&audit->scratch, 3);
    codec_put_bytes(&audit->scratch, step->header);
    codec_put_bytes(&audit->scratch, bytes_of(step->signature.at, SIGNATURE_SIZE));
    codec_put_bytes(&audit->scratch, buffer_bytes(&audit->payload));
    if (audit->payload.overflowed || audit->scratch.overflowed) {
        audit_found(audit, AUDIT_BATCH_CONTENTS, "the batch that was signed",
                    "more bytes than a batch has", "%s", place.text);
    } else if (!batch_decode(buffer_bytes(&audit->scratch), &batch, &error)) {
        audit_found(audit, AUDIT_BATCH_CONTENTS, "the batch that was signed", error.text, "%s",
                    place.text);
    } else if (!hash_equal(&batch.coalition, &audit->charter->coalition)) {
        audit_found(audit, AUDIT_BATCH_COALITION, "a batch of this coalition", "another's", "%s",
                    place.text);
    }
    audit->derailed = audit->finding_count > before;
    buffer_clear(&audit->payload);
}

/* ---- what a record must say ----------------------------------------------------------------- */

struct number_field {
    enum audit_code code;
    const char *name;
    uint64_t own, given;
};

/* Names the first number that differs. */
static bool same_numbers(struct audit *audit, const struct audit_text *place,
                         const struct number_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct audit_text field = audit_text("%s: %s", place->text, fields[i].name);
        if (!audit_same_number(audit, fields[i].code, fields[i].own, fields[i].given, field.text))
            return false;
    }
    return true;
}

static bool compare_common(struct audit *audit, const struct audit_text *place,
                           const struct record *own, const struct record *given)
{
    const struct number_field fields[] = {
        {AUDIT_RECORD_INDEX, "index", own->index.v, given->index.v},
        {AUDIT_RECORD_HEIGHT, "height", own->height, given->height},
        {AUDIT_RECORD_TIME, "time", own->time_ms, given->time_ms},
        {AUDIT_RECORD_KIND, "kind", (uint64_t)own->kind, (uint64_t)given->kind}};
    return same_numbers(audit, place, fields, ARRAY_SIZE(fields));
}

static bool is_agreement(enum transaction_type type)
{
    return type == TRANSACTION_CONTRACT_PROPOSE || type == TRANSACTION_CONTRACT_SIGN ||
           type == TRANSACTION_CONTRACT_WITHDRAW || type == TRANSACTION_CONTRACT_END ||
           type == TRANSACTION_PROMOTION_SIGN;
}

/* What changes the coalition, or is agreed upon, has rules of its own, which an auditor looks for
 * by their names. */
static enum audit_code verdict_code_of_type(const struct record *record)
{
    struct transaction transaction;
    if (!transaction_decode(record->transaction, &transaction, NULL))
        return AUDIT_RECORD_VERDICT;
    if (transaction.type == TRANSACTION_MOTION)
        return AUDIT_RECORD_MOTION;
    if (transaction.type == TRANSACTION_BALLOT)
        return AUDIT_RECORD_BALLOT;
    if (is_agreement(transaction.type))
        return AUDIT_RECORD_CONTRACT;
    return transaction.type == TRANSACTION_READY ? AUDIT_RECORD_READY : AUDIT_RECORD_VERDICT;
}

/* A verdict about the idempotency key or a document, given or withheld; else of what it is about.
 */
static enum audit_code verdict_code(const struct record *record, enum verdict own,
                                    enum verdict given)
{
    const enum verdict both[] = {own, given};
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        if (both[i] == VERDICT_REPEAT || both[i] == VERDICT_KEY_REUSED)
            return AUDIT_RECORD_KEY;
        if (both[i] == VERDICT_DUPLICATE_DOCUMENT)
            return AUDIT_RECORD_DOCUMENT;
    }
    return verdict_code_of_type(record);
}

static enum audit_code effect_code(enum effect_kind kind)
{
    switch (kind) {
    case EFFECT_LOT:
    case EFFECT_MOVE:
        return AUDIT_RECORD_LOTS;
    case EFFECT_OBLIGATION:
        return AUDIT_RECORD_OBLIGATIONS;
    case EFFECT_DEFICIT:
    case EFFECT_WAIVED:
        return AUDIT_RECORD_DEFICITS;
    case EFFECT_AMENDED:
    case EFFECT_LAPSED:
        return AUDIT_RECORD_AMENDED;
    case EFFECT_FIRST:
        break;
    }
    return AUDIT_RECORD_FIRST;
}

/* Names the first effect that differs. Effects that come to the same, in another order or in other
 * pieces, are not what the ledger must say either. */
static void compare_effects(struct audit *audit, const struct audit_text *place, struct bytes own,
                            struct bytes given)
{
    struct effect *effects = NULL;
    struct effect expected = {0};
    struct effect found = {0};
    size_t count = effects_read(own, &effects);
    if (effects_differ(effects, count, given, &expected, &found)) {
        struct audit_text want = audit_effect_text(audit, &expected);
        struct audit_text have = audit_effect_text(audit, &found);
        enum effect_kind kind = expected.kind ? expected.kind : found.kind;
        audit_found(audit, effect_code(kind), want.text, have.text, "%s: effects", place->text);
    } else {
        audit_found(audit, AUDIT_RECORD_LOTS, "the effects in their order", "another order",
                    "%s: effects", place->text);
    }
    free(effects);
}

/* Totals that are not the period's and were taken, or are and were not. */
static void compare_verdicts(struct audit *audit, const struct audit_text *place,
                             const struct record *own, const struct record *given)
{
    enum verdict wanted = own->outcome.verdict, have = given->outcome.verdict;
    struct audit_text expected = audit_text("%s", verdict_word(wanted));
    struct audit_text found = audit_text("%s", verdict_word(have));
    bool taken = wanted == VERDICT_WRONG_TOTALS && have == VERDICT_ACCEPTED &&
                 audit_proposal_differs(audit, own->transaction, &expected, &found);
    bool withheld = wanted == VERDICT_ACCEPTED && have == VERDICT_WRONG_TOTALS;
    enum audit_code code =
        taken || withheld ? AUDIT_PERIOD_TOTALS : verdict_code(own, wanted, have);
    audit_found(audit, code, expected.text, found.text, "%s: verdict", place->text);
}

static void compare_transaction(struct audit *audit, const struct audit_text *place,
                                const struct record *own, const struct record *given)
{
    const struct number_field fields[] = {
        {AUDIT_RECORD_LANE, "lane", own->lane.v, given->lane.v},
        {AUDIT_RECORD_SEQUENCE, "sequence", own->sequence, given->sequence},
        {AUDIT_RECORD_POSITION, "position", own->position, given->position}};
    if (!same_numbers(audit, place, fields, ARRAY_SIZE(fields)))
        return;
    if (own->outcome.verdict != given->outcome.verdict)
        compare_verdicts(audit, place, own, given);
    else if (own->outcome.late != given->outcome.late)
        audit_found(audit, AUDIT_RECORD_LATE, own->outcome.late ? "late" : "in time",
                    given->outcome.late ? "late" : "in time", "%s: late", place->text);
    else
        compare_effects(audit, place, own->outcome.effects, given->outcome.effects);
}

static void compare_seal(struct audit *audit, const struct audit_text *place,
                         const struct record *own, const struct record *given)
{
    struct audit_text cut = audit_text("%s: cut", place->text);
    struct audit_text digest = audit_text("%s: state digest", place->text);
    struct audit_text count = audit_text("%s: number of transactions", place->text);
    struct audit_text automatic = audit_text("%s: effects of time", place->text);
    if (!audit_same_hash(audit, AUDIT_SEAL_CUT, &own->cut, &given->cut, cut.text) ||
        !audit_same_hash(audit, AUDIT_SEAL_DIGEST, &own->state_digest, &given->state_digest,
                         digest.text) ||
        !audit_same_number(audit, AUDIT_SEAL_COUNT, own->transaction_count,
                           given->transaction_count, count.text) ||
        !audit_same_hash(audit, AUDIT_SEAL_TIME, &own->automatic, &given->automatic,
                         automatic.text))
        return;
    audit_found(audit, AUDIT_SEAL_STATE_ROOT, "no state root", "one", "%s: state root",
                place->text);
}

/* What the ledger must say: compared byte by byte, explained by field. */
static void compare_record(struct audit *audit, const struct record *own, struct bytes given,
                           const struct record *decoded)
{
    if (audit->derailed)
        return;
    buffer_clear(&audit->scratch);
    record_encode(own, &audit->scratch);
    if (bytes_equal(buffer_bytes(&audit->scratch), given))
        return;
    struct audit_text place =
        audit_text("height %llu: record %llu", (unsigned long long)own->height,
                   (unsigned long long)own->index.v);
    if (!compare_common(audit, &place, own, decoded))
        return;
    if (own->kind == RECORD_KIND_SEAL)
        compare_seal(audit, &place, own, decoded);
    else
        compare_transaction(audit, &place, own, decoded);
}

/* ---- the second model ----------------------------------------------------------------------- */

/* Both give the same, or one of them is wrong: of which the ledger need not know. */
static void ask_model(struct audit *audit, const struct naive_result *result,
                      const struct outcome *outcome, const char *what)
{
    struct effect own = {0};
    struct effect recorded = {0};
    if (audit->derailed)
        return;
    unsigned long long height = (unsigned long long)audit->cut.height;
    unsigned long long record = (unsigned long long)audit->tree.size;
    if (result->verdict != outcome->verdict || result->late != outcome->late) {
        audit_found(audit, AUDIT_MODEL_VERDICT, verdict_word(result->verdict),
                    verdict_word(outcome->verdict), "height %llu: record %llu: %s", height, record,
                    result->verdict == outcome->verdict ? "late" : "verdict");
    } else if (naive_differs(result, outcome->effects, &own, &recorded)) {
        struct audit_text want = audit_effect_text(audit, &own);
        struct audit_text have = audit_effect_text(audit, &recorded);
        audit_found(audit, AUDIT_MODEL_EFFECTS, want.text, have.text,
                    "height %llu: record %llu: %s", height, record, what);
    }
}

static bool lot_agrees(const struct audit *audit, uint64_t number, struct audit_text *expected_out,
                       struct audit_text *found_out)
{
    struct lot_view lot;
    int64_t pools[POOL_COUNT];
    must(state_lot(audit->state, (struct lot_number){number}, &lot));
    naive_lot_pools(audit->model, number, pools);
    for (size_t i = 0; i < POOL_COUNT; i++)
        if (pools[i] != lot.pools[i].v) {
            *expected_out = audit_text("lot %llu: %lld %s", (unsigned long long)number,
                                       (long long)pools[i], pool_word((enum pool)i));
            *found_out = audit_text("%lld", (long long)lot.pools[i].v);
            return false;
        }
    if (naive_lot_epoch(audit->model, number) == lot.epoch)
        return true;
    *expected_out = audit_text("lot %llu: epoch %u", (unsigned long long)number,
                               naive_lot_epoch(audit->model, number));
    *found_out = audit_text("%u", lot.epoch);
    return false;
}

static bool debts_agree(const struct audit *audit, uint16_t debtor, uint16_t creditor,
                        struct audit_text *expected_out, struct audit_text *found_out)
{
    size_t tariffs = naive_tariff_count(audit->model);
    for (size_t i = 0; i < LINE_CLASS_COUNT * tariffs; i++) {
        enum line_class line_class = (enum line_class)(i / tariffs);
        uint8_t tariff = (uint8_t)(i % tariffs);
        struct money own = {naive_owed(audit->model, debtor, creditor, line_class, tariff)};
        struct money found = state_obligation(audit->state, (struct partner_id){debtor},
                                              (struct partner_id){creditor}, line_class, tariff);
        char text[MONEY_TEXT_SIZE];
        if (own.v == found.v)
            continue;
        money_format(own, 0, text);
        *expected_out = audit_text("%s owes %s %s %s (%s)", audit->charter->partners[debtor].name,
                                   audit->charter->partners[creditor].name,
                                   naive_tariff_at(audit->model, tariff)->currency, text,
                                   line_class_word(line_class));
        money_format(found, 0, text);
        *found_out = audit_text("%s", text);
        return false;
    }
    return true;
}

static bool member_agrees(const struct audit *audit, uint64_t place,
                          struct audit_text *expected_out, struct audit_text *found_out)
{
    struct member_ref member = state_member_at(audit->state, place);
    struct balance balance;
    struct naive_balance own;
    char text[MEMBER_TEXT_SIZE];
    bool there = naive_balance(audit->model, &member, &own);
    must(state_balance(audit->state, &member, &balance));
    if (there && own.spendable == balance.spendable.v && own.held == balance.held.v &&
        own.deficit == balance.deficit.v && own.pending == balance.pending.v)
        return true;
    member_format(&member, text);
    *expected_out =
        audit_text("member %s: %lld to spend", text, there ? (long long)own.spendable : 0);
    *found_out = audit_text("%lld", (long long)balance.spendable.v);
    return false;
}

bool audit_model_agrees(const struct audit *audit, struct audit_text *expected_out,
                        struct audit_text *found_out)
{
    uint64_t lots = state_lot_count(audit->state);
    uint64_t members = state_member_count(audit->state);
    size_t partners = audit->charter->partner_count;
    bool same = naive_lot_count(audit->model) == lots;
    *expected_out = audit_text("%zu lots", naive_lot_count(audit->model));
    *found_out = audit_text("%llu", (unsigned long long)lots);
    for (uint64_t i = 1; i <= lots && same; i++)
        same = lot_agrees(audit, i, expected_out, found_out);
    for (uint64_t i = 0; i < members && same; i++)
        same = member_agrees(audit, i, expected_out, found_out);
    same = same && audit_contracts_agree(audit->state, audit->model, expected_out, found_out);
    for (uint16_t i = 0; i < partners && same; i++)
        for (uint16_t j = 0; j < partners && same; j++)
            same = debts_agree(audit, i, j, expected_out, found_out);
    return same && audit_periods_agree(audit->state, audit->model, expected_out, found_out) &&
           audit_accounts_agree(audit->state, audit->model, expected_out, found_out) &&
           audit_risks_agree(audit->state, audit->model, expected_out, found_out) &&
           audit_rates_agree(audit->state, audit->model, expected_out, found_out);
}

/* ---- applying -------------------------------------------------------------------------------- */

static void check_transaction(struct audit *audit, struct bytes bytes, const struct record *given)
{
    struct audit_step *step = &audit->steps[audit->step];
    struct record own = {.kind = RECORD_KIND_TRANSACTION,
                         .index = {audit->tree.size},
                         .height = audit->cut.height,
                         .time_ms = state_time_ms(audit->state),
                         .lane = {step->lane},
                         .sequence = step->sequence,
                         .position = audit->position,
                         .transaction = given->transaction};
    own.outcome = state_apply(audit->state, own.lane, own.index, own.transaction);
    compare_record(audit, &own, bytes, given);
    if (audit->model) {
        struct naive_result result =
            naive_apply(audit->model, step->lane, own.index.v, own.transaction);
        ask_model(audit, &result, &own.outcome, "effects");
        naive_applied(audit->model, step->lane, own.transaction.size, own.outcome.effects.size);
    }
    batch_payload_put(&audit->payload, given->transaction);
    audit->transactions++;
    audit->counts.transactions++;
    if (++audit->position < step->transaction_count)
        return;
    audit->spot.has_record = audit->spot.has_position = false;
    end_batch(audit, step);
    audit->step++;
    audit->position = 0;
}

static void check_seal(struct audit *audit, struct bytes bytes, const struct record *given)
{
    struct bytes automatic;
    struct record own = {.kind = RECORD_KIND_SEAL,
                         .index = {audit->tree.size},
                         .height = audit->cut.height,
                         .time_ms = state_time_ms(audit->state),
                         .cut = audit->cut.id,
                         .transaction_count = audit->transactions};
    own.state_digest = state_seal(audit->state, &audit->cut.id, &automatic);
    own.automatic = hash_bytes(automatic);
    compare_record(audit, &own, bytes, given);
    if (audit->model) {
        struct naive_result result = naive_seal(audit->model, &own.state_digest);
        struct outcome time = {.verdict = VERDICT_ACCEPTED, .effects = automatic};
        ask_model(audit, &result, &time, "effects of time");
    }
    audit->step++;
}

/* Where the next record stands, for findings. */
static void enter_record(struct audit *audit, bool seal)
{
    audit->spot = (struct audit_spot){.has_height = true,
                                      .height = audit->cut.height,
                                      .has_record = true,
                                      .record = audit->tree.size,
                                      .has_batch = !seal,
                                      .has_position = !seal,
                                      .position = audit->position};
    if (!seal) {
        audit->spot.lane = audit->steps[audit->step].lane;
        audit->spot.sequence = audit->steps[audit->step].sequence;
    }
}

void audit_record(struct audit *audit, struct bytes record)
{
    must(audit->under_way && audit->step <= audit->step_count);
    struct record decoded;
    struct error error;
    bool wants_seal = audit->step == audit->step_count;
    enter_record(audit, wants_seal);
    if (!record_decode(record, &decoded, &error)) {
        memset(&decoded, 0, sizeof(decoded));
        if (!audit->derailed)
            audit_found(audit, AUDIT_RECORD_FORM, "a record", error.text,
                        "height %llu: record %llu", (unsigned long long)audit->cut.height,
                        (unsigned long long)audit->tree.size);
        audit->derailed = true;
    }
    if (wants_seal)
        check_seal(audit, record, &decoded);
    else
        check_transaction(audit, record, &decoded);
    audit->spot = (struct audit_spot){.has_height = true, .height = audit->cut.height};
    append_leaf(audit, record);
}
