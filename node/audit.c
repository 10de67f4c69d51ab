#include "node/audit_parts.h"

#include "protocol/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lifecycle ----------------------------------------------------------------------------- */

static struct audit *open_with(const struct charter *charter, const struct audit_tiles *tiles,
                               struct state *state, struct naive *model)
{
    struct audit *audit = (struct audit *)allocate(1, sizeof(*audit));
    audit->has_tiles = tiles != NULL;
    if (tiles)
        audit->tiles = *tiles;
    audit->state = state;
    audit_enter(audit, state_height(state) > 0 ? state_height(state) : 1);
    audit->model = model;
    merkle_init(&audit->tree);
    audit->cut.id = charter->coalition;
    buffer_init(&audit->proof, BATCH_SIZE_MAX * 16);
    buffer_init(&audit->payload, BATCH_PAYLOAD_MAX);
    buffer_init(&audit->scratch, BATCH_SIZE_MAX);
    return audit;
}

struct audit *audit_open(const struct charter *charter, const struct audit_tiles *tiles,
                         struct naive *model)
{
    return open_with(charter, tiles, state_open(charter), model);
}

void audit_close(struct audit *audit)
{
    if (!audit)
        return;
    for (size_t i = 0; i < NODES_MAX; i++)
        verifier_close(audit->verifiers[i]);
    state_close(audit->state);
    naive_close(audit->model);
    buffer_release(&audit->proof);
    buffer_release(&audit->payload);
    buffer_release(&audit->scratch);
    free(audit->steps);
    free(audit->heights);
    free(audit);
}

/* ---- findings ------------------------------------------------------------------------------ */

void audit_found(struct audit *audit, enum audit_code code, const char *expected, const char *found,
                 const char *where, ...)
{
    size_t place = audit->finding_count++;
    if (place >= AUDIT_FINDINGS_MAX)
        return;
    struct audit_finding *finding = &audit->findings[place];
    finding->code = code;
    snprintf(finding->expected, sizeof(finding->expected), "%s", expected);
    snprintf(finding->found, sizeof(finding->found), "%s", found);
    va_list arguments;
    va_start(arguments, where);
    vsnprintf(finding->where, sizeof(finding->where), where, arguments);
    va_end(arguments);
    finding->spot = audit->spot;
    finding->signer_count = audit->spot.has_height ? audit->signer_count : 0;
    memcpy(finding->signers, audit->signers, sizeof(finding->signers));
}

bool audit_same_hash(struct audit *audit, enum audit_code code, const struct hash *expected,
                     const struct hash *found, const char *where)
{
    char want[HASH_HEX_SIZE + 1];
    char have[HASH_HEX_SIZE + 1];
    if (hash_equal(expected, found))
        return true;
    hex_encode(hash_as_bytes(expected), want);
    hex_encode(hash_as_bytes(found), have);
    audit_found(audit, code, want, have, "%s", where);
    return false;
}

bool audit_same_number(struct audit *audit, enum audit_code code, uint64_t expected, uint64_t found,
                       const char *where)
{
    char want[32];
    char have[32];
    if (expected == found)
        return true;
    snprintf(want, sizeof(want), "%llu", (unsigned long long)expected);
    snprintf(have, sizeof(have), "%llu", (unsigned long long)found);
    audit_found(audit, code, want, have, "%s", where);
    return false;
}

struct audit_text audit_text(const char *format, ...)
{
    struct audit_text text;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text.text, sizeof(text.text), format, arguments);
    va_end(arguments);
    return text;
}

struct audit_text audit_step_text(const struct audit *audit, const struct audit_step *step)
{
    return audit_text("height %llu: lane of %s, batch %llu (records %llu to %llu)",
                      (unsigned long long)audit->cut.height, audit->charter->nodes[step->lane].name,
                      (unsigned long long)step->sequence, (unsigned long long)step->first,
                      (unsigned long long)(step->first + step->transaction_count - 1));
}

/* A name for a number that may come from anywhere. */
static const char *partner_name(const struct audit *audit, struct partner_id partner)
{
    return partner.v < audit->charter->partner_count ? audit->charter->partners[partner.v].name
                                                     : "(no such partner)";
}

static const char *currency_of(const struct audit *audit, uint8_t tariff)
{
    const struct contracts *contracts = state_contracts(audit->state);
    return tariff < contracts->tariff_count ? contracts->tariffs[tariff].currency
                                            : "(no such tariff)";
}

struct audit_text audit_effect_text(const struct audit *audit, const struct effect *e)
{
    char money[MONEY_TEXT_SIZE];
    unsigned long long lot = (unsigned long long)e->lot.v;
    long long amount = (long long)e->amount;
    switch (e->kind) {
    case EFFECT_LOT:
        return audit_text("lot %llu of %lld comes into being", lot, amount);
    case EFFECT_MOVE:
        return audit_text("%lld of lot %llu go from %s to %s", amount, lot, pool_word(e->from),
                          pool_word(e->to));
    case EFFECT_OBLIGATION:
        money_format((struct money){e->amount}, 0, money);
        return audit_text("%s owes %s %s %s (%s, tariff %u)", partner_name(audit, e->partner),
                          partner_name(audit, e->creditor), currency_of(audit, e->tariff), money,
                          line_class_word(e->line_class), e->tariff);
    case EFFECT_DEFICIT:
        return audit_text("a deficit of %lld to %s", amount, partner_name(audit, e->partner));
    case EFFECT_WAIVED:
        return audit_text("%lld waived", amount);
    case EFFECT_FIRST:
        return audit_text("first decided by record %llu", (unsigned long long)e->first.v);
    case EFFECT_AMENDED:
    case EFFECT_LAPSED:
        return audit_text("%s (%llu) %s for height %llu", change_kind_word(e->change),
                          (unsigned long long)e->what,
                          e->kind == EFFECT_AMENDED ? "decided" : "lapsed",
                          (unsigned long long)e->height);
    }
    return audit_text("nothing");
}

/* ---- heights ------------------------------------------------------------------------------- */

/* The evidence was found to hold, and no lane to move that may not: here it is said once more. */
static void begin_model(struct audit *audit)
{
    struct audit_text want;
    struct audit_text have;
    const struct naive_tree tree = {audit->cut.record_count, audit->cut.record_root};
    uint32_t period = naive_open_period(audit->model);
    naive_begin(audit->model, audit->cut.time_ms, &tree);
    for (size_t i = 0; i < audit->cut.evidence_count; i++) {
        struct evidence evidence;
        must(evidence_decode(audit->cut.evidence[i], &evidence, NULL));
        naive_evidence(audit->model, evidence.node.v);
    }
    for (uint16_t i = 0; i < audit->charter->node_count; i++) {
        const struct charter_node *node = &audit->charter->nodes[i];
        if (naive_may_write(audit->model, i) == (node->left || node->suspended))
            audit_found(audit, AUDIT_MODEL_STATE, node->left ? "a node that left" : "a node",
                        "another opinion on whether its lane may move", "height %llu: lane of %s",
                        (unsigned long long)audit->cut.height, node->name);
    }
    if (!audit_last_period_agrees(audit->state, audit->model, &want, &have) ||
        !audit_last_contracts_agree(audit->state, audit->model, &want, &have) ||
        (naive_open_period(audit->model) != period &&
         !audit_vintages_agree(audit->state, audit->model, false, &want, &have)))
        audit_found(audit, AUDIT_MODEL_STATE, want.text, have.text, "height %llu",
                    (unsigned long long)audit->cut.height);
}

bool audit_height_begin(struct audit *audit, struct bytes proof, uint64_t *first_out,
                        uint64_t *count_out)
{
    must(!audit->under_way);
    if (audit->stopped)
        return false;
    audit->signer_count = 0;
    audit->spot = (struct audit_spot){.has_height = true, .height = audit_height(audit) + 1};
    buffer_clear(&audit->proof);
    buffer_append(&audit->proof, proof);
    if (audit->proof.overflowed)
        audit_found(audit, AUDIT_PROOF_FORM, "a height proof", "one that is too large",
                    "height %llu", (unsigned long long)audit_height(audit) + 1);
    audit->stopped = audit->proof.overflowed || !audit_proof_holds(audit, first_out);
    if (audit->stopped) {
        audit->spot = (struct audit_spot){0};
        return false;
    }
    *count_out = 1; /* the seal */
    for (size_t i = 0; i < audit->step_count; i++)
        *count_out += audit->steps[i].transaction_count;
    audit->step = 0;
    audit->position = 0;
    audit->transactions = 0;
    buffer_clear(&audit->payload);
    audit->under_way = true;
    audit->derailed = false;
    state_begin(audit->state, &audit->cut);
    for (size_t i = 0; i < audit->cut.evidence_count; i++) {
        struct evidence evidence;
        must(evidence_decode(audit->cut.evidence[i], &evidence, NULL));
        state_evidence(audit->state, &evidence);
    }
    if (audit->model)
        begin_model(audit);
    return true;
}

/* A height with a finding is none that was checked: what it came to says nothing about the source.
 */
bool audit_height_end(struct audit *audit)
{
    must(audit->under_way && audit->step == audit->step_count + 1);
    audit->under_way = false;
    audit->spot = (struct audit_spot){0};
    audit->stopped = audit->finding_count > 0;
    if (audit->stopped)
        return false;
    audit->heights = (struct audit_height *)array_grow(
        audit->heights, &audit->height_capacity, audit->height_count + 1, sizeof(*audit->heights));
    audit->heights[audit->height_count++] =
        (struct audit_height){.records = audit->tree.size,
                              .root = merkle_root(&audit->tree),
                              .digest = state_digest(audit->state)};
    audit->counts.heights++;
    return true;
}

void audit_finish(struct audit *audit)
{
    audit->spot = (struct audit_spot){0};
    for (uint32_t level = 0; audit->has_tiles && level < MERKLE_LEVEL_MAX; level++) {
        const struct merkle_level *at = &audit->tree.levels[level];
        if (at->count)
            audit_compare_tile(audit, level, at->full_tiles, at->hashes, at->count);
    }
    struct error error;
    struct audit_text want;
    struct audit_text have;
    unsigned long long height = (unsigned long long)audit_height(audit);
    if (audit->under_way)
        return;
    if (!state_check(audit->state, &error))
        audit_found(audit, AUDIT_CONSERVATION, "totals that follow from the lots", error.text,
                    "height %llu", height);
    if (audit->model && !audit_model_agrees(audit, &want, &have))
        audit_found(audit, AUDIT_MODEL_STATE, want.text, have.text, "height %llu", height);
}

/* ---- keeping it ---------------------------------------------------------------------------- */

enum { PLACE_VERSION = 1 };

static void put_past(const struct audit *audit, struct buffer *out)
{
    size_t count = audit->height_count < AUDIT_PAST ? audit->height_count : AUDIT_PAST;
    codec_put_array(out, count);
    for (size_t i = audit->height_count - count; i < audit->height_count; i++) {
        codec_put_array(out, 3);
        codec_put_uint(out, audit->heights[i].records);
        codec_put_bytes(out, hash_as_bytes(&audit->heights[i].root));
        codec_put_bytes(out, hash_as_bytes(&audit->heights[i].digest));
    }
}

/* The tree's open end: of each level the hashes of its unfinished tile. */
static void put_tree(const struct audit *audit, struct buffer *out)
{
    codec_put_array(out, MERKLE_LEVEL_MAX);
    for (size_t i = 0; i < MERKLE_LEVEL_MAX; i++)
        codec_put_bytes(out, bytes_of(audit->tree.levels[i].hashes,
                                      audit->tree.levels[i].count * sizeof(struct hash)));
}

void audit_place(const struct audit *audit, struct buffer *out)
{
    struct buffer cut;
    struct cut copy = audit->cut;
    const struct audit_counts *counts = &audit->counts;
    const uint64_t numbers[] = {counts->heights, counts->records, counts->transactions,
                                counts->batches, counts->votes,   counts->tiles};
    must(!audit->under_way && audit->finding_count == 0 && audit->height_count > 0);
    buffer_init(&cut, CUT_SIZE_MAX);
    cut_encode(&copy, &cut);
    codec_put_array(out, 6);
    codec_put_uint(out, PLACE_VERSION);
    codec_put_uint(out, audit->tree.size);
    codec_put_bytes(out, buffer_bytes(&cut));
    put_past(audit, out);
    put_tree(audit, out);
    codec_put_array(out, ARRAY_SIZE(numbers));
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        codec_put_uint(out, numbers[i]);
    buffer_release(&cut);
}

static void get_past(struct codec_reader *reader, struct audit *audit)
{
    size_t count = codec_get_array(reader, 1, AUDIT_PAST);
    audit->heights = (struct audit_height *)array_grow(NULL, &audit->height_capacity, AUDIT_PAST,
                                                       sizeof(*audit->heights));
    for (size_t i = 0; i < count; i++) {
        codec_get_array(reader, 3, 3);
        audit->heights[i].records = codec_get_uint(reader, INT64_MAX);
        codec_get_fixed(reader, audit->heights[i].root.at, HASH_SIZE);
        codec_get_fixed(reader, audit->heights[i].digest.at, HASH_SIZE);
    }
    audit->height_count = count;
}

static void get_tree(struct codec_reader *reader, struct merkle *tree, uint64_t size)
{
    tree->size = size;
    codec_get_array(reader, MERKLE_LEVEL_MAX, MERKLE_LEVEL_MAX);
    for (uint32_t i = 0; i < MERKLE_LEVEL_MAX; i++) {
        struct merkle_level *level = &tree->levels[i];
        level->count = (uint32_t)(size >> (8 * i) & 255);
        level->full_tiles = i + 1 < MERKLE_LEVEL_MAX ? size >> (8 * (i + 1)) : 0;
        struct bytes hashes = codec_get_bytes(reader, 0, (size_t)TILE_SIZE);
        if (hashes.size != level->count * sizeof(struct hash))
            codec_fail(reader, "an open tile of a wrong width");
        else if (hashes.size)
            memcpy(level->hashes, hashes.at, hashes.size);
    }
}

static void get_counts(struct codec_reader *reader, struct audit_counts *counts)
{
    uint64_t *const numbers[] = {&counts->heights, &counts->records, &counts->transactions,
                                 &counts->batches, &counts->votes,   &counts->tiles};
    codec_get_array(reader, ARRAY_SIZE(numbers), ARRAY_SIZE(numbers));
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        *numbers[i] = codec_get_uint(reader, INT64_MAX);
}

static bool place_decode(struct audit *audit, struct bytes place, struct error *error)
{
    struct codec_reader reader;
    codec_reader_init(&reader, place);
    codec_get_array(&reader, 6, 6);
    if (codec_get_uint(&reader, UINT16_MAX) != PLACE_VERSION)
        codec_fail(&reader, "unknown version");
    uint64_t size = codec_get_uint(&reader, INT64_MAX);
    struct bytes cut = codec_get_bytes(&reader, 1, CUT_SIZE_MAX);
    get_past(&reader, audit);
    get_tree(&reader, &audit->tree, size);
    get_counts(&reader, &audit->counts);
    if (!codec_finish(&reader, "the place of an audit", error))
        return false;
    struct error why;
    buffer_append(&audit->proof, cut); /* the cut borrows its evidence, as from a proof */
    if (!cut_decode(buffer_bytes(&audit->proof), &audit->cut, &why))
        return error_set(error, ERROR_CORRUPT, "%s", why.text);
    return true;
}

/* Cut, tree, state and model are of one moment. */
static bool one_moment(struct audit *audit, struct error *error)
{
    const struct audit_height *last = &audit->heights[audit->height_count - 1];
    struct hash root = merkle_root(&audit->tree);
    struct hash digest = state_digest(audit->state);
    struct audit_text want;
    struct audit_text have;
    uint64_t wanted = audit->cut.height < AUDIT_PAST ? audit->cut.height : AUDIT_PAST;
    if (!hash_equal(&audit->cut.coalition, &audit->charter->coalition) ||
        audit->height_count != wanted)
        return error_set(error, ERROR_CORRUPT, "its cut is none of this coalition");
    if (last->records != audit->tree.size || !hash_equal(&last->root, &root))
        return error_set(error, ERROR_CORRUPT, "its tree has not the root that it names");
    if (state_height(audit->state) != audit->cut.height || !hash_equal(&last->digest, &digest))
        return error_set(error, ERROR_CORRUPT, "its state is of another height");
    if (audit->cut.lane_count != state_charter_at(audit->state, audit->cut.height)->node_count)
        return error_set(error, ERROR_CORRUPT, "its cut has other lanes than its charter");
    if (audit->model && naive_time_ms(audit->model) != state_time_ms(audit->state))
        return error_set(error, ERROR_CORRUPT, "its second model is of another height");
    if (audit->model && !audit_model_agrees(audit, &want, &have))
        return error_set(error, ERROR_CORRUPT, "its second model has %s, its state %s", want.text,
                         have.text);
    return true;
}

/* What was given becomes what has been checked. */
static bool take_up(struct audit *audit, bool ok, const struct error *why, struct audit **audit_out,
                    struct error *error)
{
    if (!ok) {
        audit_close(audit);
        return error_set(error, ERROR_CORRUPT, "%s", why->text);
    }
    audit->began = audit->cut.height;
    audit->past_count = audit->height_count;
    memcpy(audit->lanes, audit->cut.lanes, sizeof(audit->lanes));
    *audit_out = audit;
    return true;
}

bool audit_resume(const struct charter *charter, const struct audit_tiles *tiles,
                  struct bytes place, struct state *state, struct naive *model,
                  struct audit **audit_out, struct error *error)
{
    struct audit *audit = open_with(charter, tiles, state, model);
    struct error why;
    bool ok = place_decode(audit, place, &why) && one_moment(audit, &why);
    return take_up(audit, ok, &why, audit_out, error);
}

bool audit_open_at(const struct charter *charter, const struct audit_tiles *tiles,
                   const struct audit_start *start, struct state *state, struct audit **audit_out,
                   struct error *error)
{
    struct audit *audit = open_with(charter, tiles, state, NULL);
    struct error why;
    must(start->past_count > 0 && start->past_count <= AUDIT_PAST);
    audit->tree = *start->tree;
    audit->heights = (struct audit_height *)array_grow(NULL, &audit->height_capacity, AUDIT_PAST,
                                                       sizeof(*audit->heights));
    memcpy(audit->heights, start->past, start->past_count * sizeof(*audit->heights));
    audit->height_count = start->past_count;
    buffer_append(&audit->proof, start->cut);
    bool ok = cut_decode(buffer_bytes(&audit->proof), &audit->cut, &why) && one_moment(audit, &why);
    return take_up(audit, ok, &why, audit_out, error);
}

/* ---- asking -------------------------------------------------------------------------------- */

size_t audit_findings(const struct audit *audit, const struct audit_finding **findings_out)
{
    *findings_out = audit->findings;
    return audit->finding_count < AUDIT_FINDINGS_MAX ? audit->finding_count : AUDIT_FINDINGS_MAX;
}

size_t audit_finding_count(const struct audit *audit)
{
    return audit->finding_count;
}

const struct charter *audit_charter(const struct audit *audit)
{
    return audit->charter;
}

const struct state *audit_state(const struct audit *audit)
{
    return audit->state;
}

const struct naive *audit_model(const struct audit *audit)
{
    return audit->model;
}

uint64_t audit_height(const struct audit *audit)
{
    return audit->began + audit->height_count - audit->past_count;
}

uint64_t audit_records(const struct audit *audit)
{
    return audit->tree.size;
}

struct hash audit_root(const struct audit *audit)
{
    return merkle_root(&audit->tree);
}

uint64_t audit_began(const struct audit *audit)
{
    return audit->began;
}

bool audit_has_height(const struct audit *audit, uint64_t height)
{
    uint64_t before = audit_height(audit) - audit->height_count;
    return height > before && height <= audit_height(audit);
}

const struct audit_height *audit_height_at(const struct audit *audit, uint64_t height)
{
    must(audit_has_height(audit, height));
    return &audit->heights[audit->height_count - 1 - (audit_height(audit) - height)];
}

struct audit_counts audit_counts_of(const struct audit *audit)
{
    return audit->counts;
}
