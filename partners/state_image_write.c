/* The state as a stream. Runs in a forked child too: no memory is taken, no lock, and nothing of
 * the state is touched. */
#include "partners/state_image_parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- pieces --------------------------------------------------------------------------------- */

static void flush(struct state_image_writer *writer)
{
    struct bytes piece = bytes_of(writer->piece, writer->used);
    if (!writer->failed && piece.size > 0)
        writer->failed = !writer->sink(writer->context, piece, writer->error);
    writer->written += piece.size;
    writer->used = 0;
}

static void hash_and_flush(struct state_image_writer *writer)
{
    hasher_update(&writer->hasher, bytes_of(writer->piece, writer->used));
    flush(writer);
}

/* Where the next `size` bytes go. */
static uint8_t *room(struct state_image_writer *writer, size_t size)
{
    must(size <= sizeof(writer->piece));
    if (writer->used + size > sizeof(writer->piece))
        hash_and_flush(writer);
    uint8_t *at = writer->piece + writer->used;
    writer->used += size;
    return at;
}

static void section(struct state_image_writer *writer, enum image_section number, uint64_t rows)
{
    uint8_t *at = room(writer, IMAGE_SECTION_HEAD_SIZE);
    add_u32(&at, (uint32_t)number);
    add_u64(&at, rows);
}

static size_t row_size(enum image_section section)
{
    static const uint8_t sizes[] = {0,
#define X(name, word, size, most) size,
                                    STATE_IMAGE_SECTIONS(X)
#undef X
    };
    return sizes[section];
}

static uint8_t *row(struct state_image_writer *writer, enum image_section section)
{
    return room(writer, row_size(section));
}

/* ---- the header ------------------------------------------------------------------------------ */

static void write_header(struct state_image_writer *writer, const struct state *state)
{
    uint8_t *at = room(writer, IMAGE_HEADER_SIZE);
    add_bytes(&at, (const uint8_t *)STATE_IMAGE_MAGIC, IMAGE_MAGIC_SIZE);
    add_u32(&at, STATE_IMAGE_VERSION);
    add_bytes(&at, state->charter->coalition.at, HASH_SIZE);
    add_u64(&at, state->height);
    add_u64(&at, state->now_ms);
    add_u64(&at, state->cut_time_ms);
    add_bytes(&at, state->digest.at, HASH_SIZE);
    add_u64(&at, state->first_cut_ms);
    add_u64(&at, state->advance_ms);
    add_u64(&at, state->next_index);
    add_u64(&at, state->accepted);
    add_u64(&at, state->refused);
    add_u32(&at, state->periods.open);
    add_u64(&at, state->periods.open_first_record);
    add_u8(&at, state->periods.awaits_tree);
}

/* ---- who takes part -------------------------------------------------------------------------- */

static void write_amendments(struct state_image_writer *writer, const struct state *state)
{
    const struct roster *roster = &state->roster;
    section(writer, SECTION_AMENDMENTS, roster->amendment_count);
    for (size_t i = 0; i < roster->amendment_count && !writer->failed; i++) {
        const struct amendment *amendment = &roster->amendments[i];
        struct bytes change = amendment->change;
        uint8_t *at = room(writer, row_size(SECTION_AMENDMENTS) + change.size);
        add_u64(&at, amendment->height);
        add_u64(&at, amendment->what);
        add_u16(&at, (uint16_t)change.size);
        add_bytes(&at, change.at, change.size);
    }
}

static void write_motions(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_MOTIONS, state->motion_count);
    for (size_t i = 0; i < state->motion_count && !writer->failed; i++) {
        const struct proposed *motion = &state->motions[i];
        uint8_t *at = room(writer, row_size(SECTION_MOTIONS) + motion->body.size +
                                       motion->ballot_count * BALLOT_PART_SIZE);
        add_u64(&at, motion->record);
        add_u64(&at, motion->proposed_ms);
        add_u16(&at, motion->by.v);
        add_u8(&at, motion->carried);
        add_u16(&at, (uint16_t)motion->body.size);
        add_u16(&at, (uint16_t)motion->ballot_count);
        add_bytes(&at, motion->body.at, motion->body.size);
        for (size_t j = 0; j < motion->ballot_count; j++)
            add_u16(&at, motion->ballots[j].v);
    }
}

static void write_digests(struct state_image_writer *writer, const struct state *state)
{
    uint64_t rows = digests_kept(state);
    section(writer, SECTION_DIGESTS, rows);
    for (uint64_t i = 0; i < rows && !writer->failed; i++)
        add_bytes(&(uint8_t *){row(writer, SECTION_DIGESTS)},
                  state->digests[(state->height - i) % DIGESTS_KEPT].at, HASH_SIZE);
}

/* ---- at which terms -------------------------------------------------------------------------- */

/* The first tariff is the charter's. */
static void write_tariffs(struct state_image_writer *writer, const struct contracts *contracts)
{
    section(writer, SECTION_TARIFFS, contracts->tariff_count - 1);
    for (size_t i = 1; i < contracts->tariff_count && !writer->failed; i++) {
        const struct tariff *tariff = &contracts->tariffs[i];
        uint8_t *at = row(writer, SECTION_TARIFFS);
        add_code(&at, tariff->currency, CURRENCY_SIZE - 1);
        add_code(&at, tariff->redemption_tax, TAX_CODE_SIZE - 1);
        add_code(&at, tariff->fee_tax, TAX_CODE_SIZE - 1);
    }
}

static void write_card(uint8_t *at, const struct contract_version *version)
{
    const struct rate_card *card = &version->card;
    add_u64(&at, version->record.v);
    add_u16(&at, version->proposer.v);
    add_u8(&at, (uint8_t)version->state);
    add_u8(&at, version->tariff);
    add_u64(&at, version->signed_ms);
    add_u16(&at, card->funder.v);
    add_u16(&at, card->redeemer.v);
    add_code(&at, card->face_currency, CURRENCY_SIZE - 1);
    add_code(&at, card->settlement_currency, CURRENCY_SIZE - 1);
    add_u64(&at, (uint64_t)card->face.v);
    add_u64(&at, (uint64_t)card->reimbursement.v);
    add_u64(&at, (uint64_t)card->issue_fee.v);
    add_u64(&at, (uint64_t)card->redemption_fee.v);
    add_code(&at, card->redemption_tax, TAX_CODE_SIZE - 1);
    add_code(&at, card->fee_tax, TAX_CODE_SIZE - 1);
    add_u64(&at, (uint64_t)card->period_cap.v);
    add_u64(&at, (uint64_t)card->year_cap.v);
    add_u64(&at, card->from_ms);
    add_u64(&at, card->until_ms);
    add_u16(&at, card->exit_days);
    add_u64(&at, version->ended_ms);
}

static void write_contracts(struct state_image_writer *writer, const struct contracts *contracts)
{
    section(writer, SECTION_CONTRACTS, contracts->count);
    for (size_t i = 0; i < contracts->count && !writer->failed; i++)
        write_card(row(writer, SECTION_CONTRACTS), &contracts->versions[i]);
    section(writer, SECTION_PROMOTIONS, contracts->promotion_count);
    for (size_t i = 0; i < contracts->promotion_count && !writer->failed; i++) {
        const struct promotion_version *version = &contracts->promotions[i];
        uint8_t *at = row(writer, SECTION_PROMOTIONS);
        add_u64(&at, version->record.v);
        add_u16(&at, version->promotion.issuer.v);
        add_u16(&at, version->funder.v);
        add_u16(&at, version->promotion.bp);
        add_u64(&at, (uint64_t)version->promotion.budget.v);
        add_u64(&at, version->promotion.from_ms);
        add_u64(&at, version->promotion.until_ms);
    }
    section(writer, SECTION_EPOCHS, contracts->epoch_count - 1);
    for (size_t i = 1; i < contracts->epoch_count && !writer->failed; i++)
        add_u64(&(uint8_t *){row(writer, SECTION_EPOCHS)}, contracts->epochs[i]);
}

static void write_terms(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_TERMS, state->terms_count);
    for (size_t i = 0; i < state->terms_count && !writer->failed; i++) {
        const struct terms *terms = &state->terms[i];
        uint8_t *at = row(writer, SECTION_TERMS);
        memset(at, 0, row_size(SECTION_TERMS));
        add_u16(&at, terms->issuer.v);
        add_u8(&at, terms->split.count);
        add_u32(&at, terms->epoch);
        for (size_t j = 0; j < terms->split.count; j++) {
            add_u16(&at, terms->split.funders[j].partner.v);
            add_u16(&at, terms->split.funders[j].bp);
        }
    }
}

static void write_members(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_MEMBERS, state->member_count);
    for (size_t i = 0; i < state->member_count && !writer->failed; i++) {
        const struct member *member = &state->members[i];
        uint8_t *at = row(writer, SECTION_MEMBERS);
        add_bytes(&at, member->ref.at, MEMBER_REF_SIZE);
        add_u16(&at, member->enrolled_by.v);
        add_u32(&at, member->first_lot);
        add_u64(&at, member->last.v);
    }
}

static void write_cards(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_CARDS, state->card_count);
    for (size_t i = 0; i < state->card_count && !writer->failed; i++) {
        uint8_t *at = row(writer, SECTION_CARDS);
        add_bytes(&at, state->cards[i].token.at, HASH_SIZE);
        add_u32(&at, state->cards[i].member);
    }
}

/* ---- points ---------------------------------------------------------------------------------- */

static void write_earns(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_EARNS, state->earn_count);
    for (size_t i = 0; i < state->earn_count && !writer->failed; i++) {
        const struct earn *earn = &state->earns[i];
        uint8_t *at = row(writer, SECTION_EARNS);
        add_u64(&at, earn->record);
        add_u64(&at, earn->eligible);
        add_u64(&at, earn->refunded);
        add_u32(&at, earn->member);
        add_u16(&at, earn->partner.v);
        add_u8(&at, earn->lot_count);
    }
}

static void write_lots(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_LOTS, state->lot_count);
    for (size_t i = 0; i < state->lot_count && !writer->failed; i++) {
        const struct lot *lot = &state->lots[i];
        uint8_t *at = row(writer, SECTION_LOTS);
        add_u32(&at, lot->terms);
        add_u32(&at, lot->member);
        add_u32(&at, lot->earn);
        /* A lot that left its list keeps a link that means nothing. */
        add_u32(&at, lot->list == LIST_NONE ? NOTHING : lot->next);
        add_u32(&at, lot->quantity);
        add_u32(&at, lot->pools[POOL_PENDING]);
        add_u32(&at, lot->pools[POOL_REMAINING]);
        add_u32(&at, lot->pools[POOL_CLAWED_BACK]);
        add_u32(&at, lot->pools[POOL_EXPIRED]);
        add_u32(&at, lot->pools[POOL_TRANSFERRED]);
        add_u32(&at, lot->reversed);
        add_u32(&at, lot->waived);
        add_u32(&at, lot->expired_counted);
        add_u64(&at, lot->activates_ms);
        add_u64(&at, lot->expires_ms);
        add_u64(&at, lot->record);
        add_u32(&at, lot_vintage(state, (uint32_t)i));
    }
}

static void write_ended(struct state_image_writer *writer, const struct state *state)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < state->charter->partner_count; i++)
        rows += state->ended[i].first != NOTHING;
    section(writer, SECTION_ENDED, rows);
    for (size_t i = 0; i < state->charter->partner_count; i++) {
        if (state->ended[i].first == NOTHING)
            continue;
        uint8_t *at = row(writer, SECTION_ENDED);
        add_u16(&at, (uint16_t)i);
        add_u32(&at, state->ended[i].first);
    }
}

static void write_holds(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_HOLDS, state->hold_count);
    for (size_t i = 0; i < state->hold_count && !writer->failed; i++) {
        const struct hold *hold = &state->holds[i];
        uint8_t *at = row(writer, SECTION_HOLDS);
        add_u64(&at, hold->record);
        add_u64(&at, hold->ends_ms);
        add_u32(&at, hold->member);
        add_u16(&at, hold->redeemer.v);
        add_u8(&at, (uint8_t)hold->status);
        add_u32(&at, (uint32_t)hold->committed);
        add_u32(&at, hold->allocation_count);
        for (uint32_t j = 0; j < hold->allocation_count; j++) {
            const struct allocation *part = &state->allocations[hold->first_allocation + j];
            at = room(writer, HOLD_PART_SIZE);
            add_u32(&at, part->lot);
            add_u32(&at, part->quantity);
        }
    }
}

static void write_redemptions(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_REDEMPTIONS, state->redemption_count);
    for (size_t i = 0; i < state->redemption_count && !writer->failed; i++) {
        const struct redemption *redemption = &state->redemptions[i];
        uint8_t *at = row(writer, SECTION_REDEMPTIONS);
        add_u64(&at, redemption->record);
        add_u32(&at, redemption->member);
        add_u16(&at, redemption->redeemer.v);
        add_u32(&at, redemption->epoch);
        add_u32(&at, redemption->allocation_count);
        for (uint32_t j = 0; j < redemption->allocation_count; j++) {
            const struct allocation *part = &state->allocations[redemption->first_allocation + j];
            at = room(writer, REDEMPTION_PART_SIZE);
            add_u32(&at, part->lot);
            add_u32(&at, part->quantity);
            add_u32(&at, part->returned);
        }
    }
}

/* ---- debts ----------------------------------------------------------------------------------- */

static void write_deficits(struct state_image_writer *writer, const struct state *state)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < state->member_count; i++)
        rows += state->members[i].deficit_count;
    section(writer, SECTION_DEFICITS, rows);
    for (size_t i = 0; i < state->member_count && !writer->failed; i++)
        for (uint32_t node = state->members[i].first_deficit; node != NOTHING;
             node = state->deficits[node].next) {
            uint8_t *at = row(writer, SECTION_DEFICITS);
            add_u32(&at, (uint32_t)i);
            add_u16(&at, state->deficits[node].claimant.v);
            add_u64(&at, (uint64_t)state->deficits[node].points);
        }
}

static void write_obligations(struct state_image_writer *writer, const struct state *state)
{
    struct obligation_walk counting = {0}, walk = {0};
    struct obligation_change key;
    struct money amount;
    uint64_t rows = 0;
    while (obligations_next(&state->obligations, &counting, &key, &amount))
        rows++;
    section(writer, SECTION_OBLIGATIONS, rows);
    while (!writer->failed && obligations_next(&state->obligations, &walk, &key, &amount)) {
        uint8_t *at = row(writer, SECTION_OBLIGATIONS);
        add_u16(&at, key.debtor.v);
        add_u16(&at, key.creditor.v);
        add_u8(&at, (uint8_t)key.line_class);
        add_u8(&at, key.tariff);
        add_i128(&at, amount.v);
    }
}

/* ---- settlement periods ---------------------------------------------------------------------- */

static bool pair_written(const struct state *state, size_t debtor, size_t creditor)
{
    const struct redeemed_cell *cells = state->obligations.redeemed[debtor];
    return cells && (cells[creditor].before_bp != 0 || cells[creditor].year_bp != 0);
}

static void write_pairs(struct state_image_writer *writer, const struct state *state)
{
    size_t partners = state->charter->partner_count;
    uint64_t rows = 0;
    for (size_t i = 0; i < partners * partners; i++)
        rows += pair_written(state, i / partners, i % partners);
    section(writer, SECTION_PAIRS, rows);
    for (size_t i = 0; i < partners * partners && !writer->failed; i++) {
        if (!pair_written(state, i / partners, i % partners))
            continue;
        const struct redeemed_cell *cell = &state->obligations.redeemed[i / partners][i % partners];
        uint8_t *at = row(writer, SECTION_PAIRS);
        add_u16(&at, (uint16_t)(i / partners));
        add_u16(&at, (uint16_t)(i % partners));
        add_i128(&at, cell->before_bp);
        add_i128(&at, cell->year_bp);
    }
}

struct apart_walk {
    size_t debtor, creditor, tariff;
};

/* Ascending; NULL when there are no more. */
static const struct money *apart_next(const struct obligations *owed, struct apart_walk *walk,
                                      struct apart_walk *at_out)
{
    while (walk->debtor < owed->partner_count) {
        struct money **rows = owed->apart[walk->tariff];
        const struct money *cell =
            rows && rows[walk->debtor] ? &rows[walk->debtor][walk->creditor] : NULL;
        *at_out = *walk;
        if (++walk->tariff == TARIFFS_MAX) {
            walk->tariff = 0;
            if (++walk->creditor == owed->partner_count) {
                walk->creditor = 0;
                walk->debtor++;
            }
        }
        if (cell && cell->v != 0)
            return cell;
    }
    return NULL;
}

static void write_apart(struct state_image_writer *writer, const struct state *state)
{
    struct apart_walk counting = {0}, walk = {0}, place;
    uint64_t rows = 0;
    while (apart_next(&state->obligations, &counting, &place))
        rows++;
    section(writer, SECTION_APART, rows);
    const struct money *money;
    while (!writer->failed && (money = apart_next(&state->obligations, &walk, &place))) {
        uint8_t *at = row(writer, SECTION_APART);
        add_u16(&at, (uint16_t)place.debtor);
        add_u16(&at, (uint16_t)place.creditor);
        add_u8(&at, (uint8_t)place.tariff);
        add_i128(&at, money->v);
    }
}

static void write_dispute(struct state_image_writer *writer, const struct dispute *dispute)
{
    uint8_t *at = room(writer, DISPUTE_PART_SIZE);
    add_u64(&at, dispute->about.record.v);
    add_u16(&at, dispute->about.debtor.v);
    add_u16(&at, dispute->about.creditor.v);
    add_u8(&at, (uint8_t)dispute->about.line_class);
    add_u8(&at, dispute->about.tariff);
    add_u8(&at, (uint8_t)dispute->code);
    add_u16(&at, dispute->by.v);
    add_u8(&at, dispute->responded);
    add_u8(&at, dispute->resolved);
    add_i128(&at, dispute->line.exact.v);
    add_i128(&at, dispute->upheld.v);
    add_i128(&at, dispute->contra.v);
    add_i128(&at, dispute->entered.v);
}

static void write_answers_and_lines(struct state_image_writer *writer,
                                    const struct closed_period *closed)
{
    const struct period *period = &closed->period;
    for (size_t i = 0; i < period->partner_count && !writer->failed; i++) {
        uint8_t *at = room(writer, ANSWER_PART_SIZE);
        add_u8(&at, (uint8_t)period->answers[i]);
        add_bytes(&at, period->approvers[i].at, HASH_SIZE);
    }
    for (size_t i = 0; i < closed->exact.count && !writer->failed; i++) {
        const struct line *line = &closed->exact.at[i];
        uint8_t *at = room(writer, LINE_PART_SIZE);
        add_u16(&at, line->debtor.v);
        add_u16(&at, line->creditor.v);
        add_u8(&at, (uint8_t)line->book_class);
        add_u8(&at, line->tariff);
        add_i128(&at, line->exact.v);
    }
    for (size_t i = 0; i < closed->redeemed_count && !writer->failed; i++) {
        uint8_t *at = room(writer, REDEEMED_PART_SIZE);
        add_u16(&at, closed->redeemed[i].debtor.v);
        add_u16(&at, closed->redeemed[i].creditor.v);
        add_i128(&at, closed->redeemed[i].points_bp);
    }
}

static void write_defaults(struct state_image_writer *writer, const struct period *period)
{
    for (size_t i = 0; i < period->default_count && !writer->failed; i++) {
        uint8_t *at = room(writer, DEFAULT_PART_SIZE);
        add_u16(&at, period->defaults[i].partner.v);
        add_code(&at, period->defaults[i].currency, CURRENCY_SIZE - 1);
    }
    for (size_t i = 0; i < period->taken_count && !writer->failed; i++) {
        const struct taken_over *taken = &period->taken[i];
        uint8_t *at = room(writer, TAKEN_PART_SIZE);
        add_u16(&at, taken->debtor.v);
        add_u16(&at, taken->claimant.v);
        add_u16(&at, taken->by.v);
        add_code(&at, taken->currency, CURRENCY_SIZE - 1);
        add_u8(&at, taken->collateral);
        add_i128(&at, taken->amount.v);
    }
}

static void write_payment(struct state_image_writer *writer, const struct period_payment *payment)
{
    uint8_t *at = room(writer, PAYMENT_PART_SIZE);
    add_u16(&at, payment->payment.from.v);
    add_u16(&at, payment->payment.to.v);
    add_code(&at, payment->currency, CURRENCY_SIZE - 1);
    add_i128(&at, payment->payment.amount.v);
    add_u16(&at, payment->round);
    add_u8(&at, payment->ring_fenced);
    add_u8(&at, (uint8_t)payment->state);
    add_u32(&at, payment->attempt);
    add_u32(&at, payment->pay_by);
    add_u32(&at, payment->sent_on);
    add_bytes(&at, payment->approver.at, HASH_SIZE);
    add_bytes(&at, payment->accuser.at, HASH_SIZE);
}

static void write_period(struct state_image_writer *writer, const struct closed_period *closed)
{
    const struct period *period = &closed->period;
    uint8_t *at = row(writer, SECTION_PERIODS);
    add_u32(&at, (uint32_t)period->number);
    add_u8(&at, (uint8_t)period->state);
    add_u8(&at, closed->rooted);
    add_u64(&at, (uint64_t)period->deadlines.propose);
    add_u64(&at, (uint64_t)period->deadlines.answer);
    add_u64(&at, (uint64_t)period->deadlines.pay);
    add_u64(&at, closed->first_record);
    add_u64(&at, closed->records);
    add_bytes(&at, closed->root.at, HASH_SIZE);
    add_u16(&at, period->proposer.v);
    add_u16(&at, (uint16_t)period->partner_count);
    add_u32(&at, (uint32_t)closed->exact.count);
    add_u32(&at, (uint32_t)closed->redeemed_count);
    add_u32(&at, (uint32_t)period->dispute_count);
    add_u32(&at, (uint32_t)period->payment_count);
    add_u32(&at, (uint32_t)period->default_count);
    add_u32(&at, (uint32_t)period->taken_count);
    write_answers_and_lines(writer, closed);
    for (size_t i = 0; i < period->dispute_count && !writer->failed; i++)
        write_dispute(writer, &period->disputes[i]);
    write_defaults(writer, period);
    for (size_t i = 0; i < period->payment_count && !writer->failed; i++)
        write_payment(writer, &period->payments[i]);
}

static void write_periods(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_PERIODS, state->periods.count);
    for (size_t i = 0; i < state->periods.count && !writer->failed; i++)
        write_period(writer, state->periods.at[i]);
}

/* ---- collateral ------------------------------------------------------------------------------ */

static bool risk_written(const struct risk *risk)
{
    return risk->collateral.v != 0 || risk->mode == RISK_PREPAID;
}

static void write_risks(struct state_image_writer *writer, const struct state *state)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < state->charter->partner_count; i++)
        rows += risk_written(&state->risks[i]);
    section(writer, SECTION_RISKS, rows);
    for (size_t i = 0; i < state->charter->partner_count && !writer->failed; i++) {
        const struct risk *risk = &state->risks[i];
        if (!risk_written(risk))
            continue;
        uint8_t *at = row(writer, SECTION_RISKS);
        add_u16(&at, (uint16_t)i);
        add_u64(&at, (uint64_t)risk->collateral.v);
        add_u8(&at, risk->mode == RISK_PREPAID);
        add_i128(&at, risk->entry_exposure.v);
        add_u64(&at, (uint64_t)risk->entry_collateral.v);
    }
}

/* ---- what was decided under a key -------------------------------------------------------------
 */

static void write_decided(struct state_image_writer *writer, enum image_section number,
                          const struct keys *keys)
{
    section(writer, number, keys->count);
    for (size_t i = 0; i < keys->count && !writer->failed; i++) {
        const struct key_entry *entry = &keys->entries[keys->first + i];
        size_t text = (size_t)entry->size + entry->note_size;
        uint8_t *at = room(writer, row_size(number) + text);
        add_u64(&at, entry->index);
        add_u64(&at, entry->seen_ms);
        add_u16(&at, entry->size);
        add_u8(&at, entry->note_size);
        add_u8(&at, entry->verdict);
        add_bytes(&at, keys->text + (entry->offset - keys->text_offset), text);
    }
}

/* ---- payment accounts ------------------------------------------------------------------------ */

static void write_account(struct state_image_writer *writer, const struct payment_account *account)
{
    uint8_t *at = room(writer, ACCOUNT_PART_SIZE);
    memset(at, 0, ACCOUNT_PART_SIZE);
    add_u64(&at, account->effective_ms);
    memcpy(at, account->holder, strlen(account->holder));
    memcpy(at + HOLDER_MAX, account->iban, strlen(account->iban));
    memcpy(at + HOLDER_MAX + IBAN_TEXT_MAX, account->bic, strlen(account->bic));
}

static void write_accounts(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_ACCOUNTS, state->accounts.count);
    for (size_t i = 0; i < state->accounts.count && !writer->failed; i++) {
        const struct account_row *own = &state->accounts.at[i];
        bool in_force = payment_account_given(&own->in_force);
        bool waits = payment_account_given(&own->waiting);
        bool pends = payment_account_given(&own->pending);
        uint8_t *at = row(writer, SECTION_ACCOUNTS);
        add_u16(&at, own->partner.v);
        add_bytes(&at, (const uint8_t *)own->currency, CURRENCY_SIZE - 1);
        add_u8(&at, (uint8_t)((in_force ? ACCOUNT_IN_FORCE : 0) | (waits ? ACCOUNT_WAITING : 0) |
                              (pends ? ACCOUNT_PENDING : 0)));
        if (in_force)
            write_account(writer, &own->in_force);
        if (waits)
            write_account(writer, &own->waiting);
        if (!pends)
            continue;
        write_account(writer, &own->pending);
        at = room(writer, HASH_SIZE);
        add_bytes(&at, own->approver.at, HASH_SIZE);
    }
}

/* ---- points at the ends of periods ----------------------------------------------------------- */

static void write_vintages(struct state_image_writer *writer, const struct state *state)
{
    section(writer, SECTION_VINTAGES, state->vintages.count);
    for (size_t i = 0; i < state->vintages.count && !writer->failed; i++) {
        const struct vintage_table *table = &state->vintages.at[i];
        uint8_t *at = row(writer, SECTION_VINTAGES);
        add_u32(&at, table->period);
        add_u8(&at, table->carried);
        add_u8(&at, table->rooted);
        add_u64(&at, table->records);
        add_bytes(&at, table->root.at, HASH_SIZE);
        add_u32(&at, (uint32_t)table->rows.count);
        for (size_t j = 0; j < table->rows.count && !writer->failed; j++) {
            const struct vintage_row *part = &table->rows.at[j];
            at = room(writer, VINTAGE_PART_SIZE);
            add_u16(&at, part->funder.v);
            add_u32(&at, part->vintage);
            add_u32(&at, part->expires);
            for (size_t k = 0; k < VINTAGE_SUMS; k++)
                add_i128(&at, part->sums[k]);
        }
    }
}

/* ---- exchange rates -------------------------------------------------------------------------- */

static void write_rates(struct state_image_writer *writer, const struct exchange_rates *rates)
{
    section(writer, SECTION_RATES, rates->count);
    for (size_t i = 0; i < rates->count && !writer->failed; i++) {
        const struct rate_row *own = &rates->at[i];
        uint8_t *at = row(writer, SECTION_RATES);
        add_u16(&at, own->partner.v);
        add_bytes(&at, (const uint8_t *)own->currency, CURRENCY_SIZE - 1);
        add_u8(&at, own->count);
        for (size_t j = 0; j < own->count; j++) {
            at = room(writer, RATE_PART_SIZE);
            add_u32(&at, own->at[j].day);
            add_u64(&at, (uint64_t)own->at[j].rate.v);
        }
    }
}

/* ---- all of it ------------------------------------------------------------------------------- */

void state_image_writer_init(struct state_image_writer *writer)
{
    memset(writer, 0, sizeof(*writer));
    hasher_init(&writer->hasher);
}

void state_image_writer_release(struct state_image_writer *writer)
{
    hasher_release(&writer->hasher);
}

bool state_image_writer_run(struct state_image_writer *writer, const struct state *state,
                            state_image_sink *sink, void *context, struct error *error)
{
    must(!state->begun && writer->written == 0);
    writer->sink = sink;
    writer->context = context;
    writer->error = error;
    write_header(writer, state);
    write_amendments(writer, state);
    write_motions(writer, state);
    write_digests(writer, state);
    write_tariffs(writer, &state->contracts);
    write_contracts(writer, &state->contracts);
    write_terms(writer, state);
    write_members(writer, state);
    write_cards(writer, state);
    write_earns(writer, state);
    write_lots(writer, state);
    write_ended(writer, state);
    write_holds(writer, state);
    write_redemptions(writer, state);
    write_deficits(writer, state);
    write_obligations(writer, state);
    write_pairs(writer, state);
    write_apart(writer, state);
    write_periods(writer, state);
    write_decided(writer, SECTION_KEYS, &state->keys);
    write_decided(writer, SECTION_DOCUMENTS, &state->documents);
    write_accounts(writer, state);
    write_risks(writer, state);
    write_vintages(writer, state);
    write_rates(writer, &state->rates);
    hash_and_flush(writer);
    struct hash hash = hasher_result(&writer->hasher);
    memcpy(room(writer, HASH_SIZE), hash.at, HASH_SIZE);
    flush(writer);
    return !writer->failed;
}

bool state_image_write(const struct state *state, state_image_sink *sink, void *context,
                       struct error *error)
{
    struct state_image_writer *writer = allocate(1, sizeof(*writer));
    state_image_writer_init(writer);
    bool good = state_image_writer_run(writer, state, sink, context, error);
    state_image_writer_release(writer);
    free(writer);
    return good;
}
