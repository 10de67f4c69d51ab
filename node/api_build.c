#include "node/api_build_parts.h"

#include "node/card.h"
#include "node/change_form.h"

#include <stdio.h>
#include <string.h>

void build_stop(struct build *build, enum verdict verdict, const char *detail)
{
    if (build->stopped)
        return;
    build->stopped = true;
    problem_init_verdict(build->problem, verdict);
    (void)snprintf(build->problem->detail, sizeof(build->problem->detail), "%s", detail);
}

/* The record that the body refers to could not be read. */
static void stop_unread(struct build *build, const struct error *error)
{
    struct problem problem;
    if (!problem_init_lacking(&problem, error)) {
        build_stop(build, VERDICT_UNKNOWN_REFERENCE, "The record named is no earn.");
    } else if (!build->stopped) {
        build->stopped = true;
        *build->problem = problem;
    }
}

/* ---- pieces --------------------------------------------------------------------------------- */

static bool take_card(struct build *build, struct form *form, const char *name,
                      struct card_token *token_out)
{
    struct bytes number;
    struct error error;
    if (!form_text(form, name, 1, 2 * CARD_NUMBER_MAX, &number))
        return false;
    if (card_token(build->input->secret, number, token_out, &error))
        return true;
    form_wrong(form, name, error.text);
    return false;
}

/* "member" or "card". */
static void take_member(struct build *build, struct member_ref *member_out)
{
    struct form *form = &build->form;
    bool has_member = form_has(form, "member"), has_card = form_has(form, "card");
    if (has_member == has_card) {
        form_wrong(form, "member", "either member or card is needed");
        return;
    }
    struct card_token token;
    if (has_member)
        (void)form_member(form, "member", member_out);
    else if (take_card(build, form, "card", &token) &&
             !state_card(build->input->state, &token, member_out))
        build_stop(build, VERDICT_UNKNOWN_CARD, "Link the card to a member first.");
}

/* "points" or "amount". */
static void take_spend(struct build *build, struct points *points_out, struct micro *amount_out)
{
    struct form *form = &build->form;
    if (form_has(form, "points") == form_has(form, "amount")) {
        form_wrong(form, "points", "either points or amount is needed");
        return;
    }
    (void)form_int(form, "points", 1, POINTS_PER_RECORD_MAX, &points_out->v);
    (void)form_decimal(form, "amount", POINTS_PER_RECORD_MAX * PRICE_MICRO_MAX, &amount_out->v);
}

void build_take_index(struct form *form, const char *name, struct record_index *index_out)
{
    int64_t index = 0;
    if (form_int(form, name, 0, INT64_MAX, &index))
        index_out->v = (uint64_t)index;
    else if (!form_has(form, name))
        form_missing(form, name);
}

static void take_points(struct form *form, int64_t min, struct points *points_out)
{
    if (!form_int(form, "points", min, POINTS_PER_RECORD_MAX, &points_out->v) &&
        !form_has(form, "points"))
        form_missing(form, "points");
}

static void take_needed_text(struct form *form, const char *name, struct bytes *text_out)
{
    if (!form_text(form, name, 1, TEXT_SIZE_MAX, text_out) && !form_has(form, name))
        form_missing(form, name);
}

static void take_document(struct build *build)
{
    struct form *form = &build->form;
    int64_t line = 0;
    bool document = form_text(form, "document", 1, DOCUMENT_SIZE_MAX, &build->t->document);
    if (form_int(form, "line", 0, UINT32_MAX, &line)) {
        build->t->line = (uint32_t)line;
        if (!document && line != 0)
            form_wrong(form, "line", "a line needs a document");
    }
}

/* The expiry named, none for null, else the charter's for what is earned now. */
static uint64_t take_expiry(struct build *build, struct form *form)
{
    uint64_t expires_ms = 0;
    uint32_t months = build->input->charter->policy.expiry_months;
    if (form_is_null(form, "expires") || form_time(form, "expires", &expires_ms) ||
        form_has(form, "expires") || months == 0)
        return expires_ms;
    return charter_months_later(build->input->charter, build->t->at_ms, months);
}

/* ---- earn ----------------------------------------------------------------------------------- */

static void take_split(struct build *build, struct form *lot_form, struct funding_split *split)
{
    json_t *array;
    if (!form_array(lot_form, "split", 1, SPLIT_MAX, &array))
        return;
    for (size_t i = 0; i < json_array_size(array); i++) {
        struct form form;
        if (!form_element(lot_form, "split", array, i, &form))
            continue;
        struct funder funder = {.bp = 0};
        struct bytes name;
        int64_t bp = 0;
        if (!form_text(&form, "partner", 1, CHARTER_NAME_MAX, &name)) {
            if (!form_has(&form, "partner"))
                form_missing(&form, "partner");
        } else if (!charter_partner_by_name(build->input->charter, name, &funder.partner)) {
            form_wrong(&form, "partner", "is no partner of the charter");
        }
        if (!form_int(&form, "bp", 1, BASIS_POINTS, &bp) && !form_has(&form, "bp"))
            form_missing(&form, "bp");
        form_finish(&form);
        funder.bp = (uint16_t)bp;
        /* Kept ordered by partner, as the ledger wants it. */
        size_t place = split->count++;
        for (; place > 0 && split->funders[place - 1].partner.v > funder.partner.v; place--)
            split->funders[place] = split->funders[place - 1];
        split->funders[place] = funder;
    }
}

static void take_lot_terms(struct build *build, struct form *form, struct earn_lot *lot)
{
    take_points(form, 1, &lot->quantity);
    lot->qualifying = lot->quantity;
    (void)form_int(form, "qualifying", 0, POINTS_PER_RECORD_MAX, &lot->qualifying.v);
    (void)form_time(form, "activates", &lot->activates_ms);
    lot->expires_ms = take_expiry(build, form);
    take_split(build, form, &lot->split);
}

static void build_earn(struct build *build)
{
    struct form *form = &build->form;
    struct transaction *t = build->t;
    int64_t eligible = 0;
    take_member(build, &t->body.earn.member);
    take_document(build);
    if (form_decimal(form, "eligible", INT64_MAX, &eligible))
        t->body.earn.eligible = (uint64_t)eligible;
    if (form_has(form, "purchase"))
        build_purchase(build);
    (void)form_hash(form, "basket", &t->body.earn.basket);
    if (form_has(form, "points") == form_has(form, "lots")) {
        form_wrong(form, "points", "either points or lots are needed");
        return;
    }
    if (form_has(form, "points")) {
        t->body.earn.lot_count = 1;
        take_lot_terms(build, form, &t->body.earn.lots[0]);
        return;
    }
    json_t *lots;
    if (!form_array(form, "lots", 1, EARN_LOTS_MAX, &lots))
        return;
    t->body.earn.lot_count = (uint8_t)json_array_size(lots);
    for (size_t i = 0; i < t->body.earn.lot_count; i++) {
        struct form lot_form;
        if (!form_element(form, "lots", lots, i, &lot_form))
            continue;
        take_lot_terms(build, &lot_form, &t->body.earn.lots[i]);
        form_finish(&lot_form);
    }
}

/* ---- reversing an earn ---------------------------------------------------------------------- */

/* "earn", "original_key" or "original_document": the record that is refunded. */
static bool take_original(struct build *build, struct record_index *index_out)
{
    struct form *form = &build->form;
    const struct build_input *input = build->input;
    struct bytes text;
    int64_t line = 0;
    if (form_has(form, "earn") + form_has(form, "original_key") +
            form_has(form, "original_document") !=
        1) {
        form_wrong(form, "earn", "one of earn, original_key, original_document is needed");
        return false;
    }
    (void)form_int(form, "original_line", 0, UINT32_MAX, &line);
    if (form_has(form, "earn")) {
        int64_t index = 0;
        if (!form_int(form, "earn", 0, INT64_MAX, &index))
            return false;
        index_out->v = (uint64_t)index;
        return true;
    }
    if (form_text(form, "original_key", 1, KEY_SIZE_MAX, &text)) {
        struct key_result result;
        if (state_key(input->state, input->partner, text, &result)) {
            *index_out = result.index;
            return true;
        }
    } else if (form_text(form, "original_document", 1, DOCUMENT_SIZE_MAX, &text)) {
        if (state_document(input->state, input->partner, TRANSACTION_EARN, text, (uint32_t)line,
                           index_out))
            return true;
    } else {
        return false;
    }
    build_stop(build, VERDICT_UNKNOWN_REFERENCE, "No earn of this partner was decided under that.");
    return false;
}

/* What the earn at `index` can be refunded against, and the points it gave. */
static bool earn_of(struct build *build, struct record_index index, uint64_t *eligible_out,
                    int64_t *points_out)
{
    struct buffer bytes;
    buffer_init(&bytes, RECORD_SIZE_MAX);
    struct record record;
    struct transaction earn;
    struct error error = {.code = ERROR_NONE};
    bool found = build->input->record(build->input->context, index.v, &bytes, &error) &&
                 record_decode(buffer_bytes(&bytes), &record, NULL) &&
                 record.kind == RECORD_KIND_TRANSACTION &&
                 transaction_decode(record.transaction, &earn, NULL) &&
                 earn.type == TRANSACTION_EARN;
    if (found) {
        *eligible_out = earn.body.earn.eligible;
        *points_out = 0;
        for (size_t i = 0; i < earn.body.earn.lot_count; i++)
            *points_out += earn.body.earn.lots[i].quantity.v;
    } else {
        stop_unread(build, &error);
    }
    buffer_release(&bytes);
    return found;
}

static void build_reverse_earn(struct build *build)
{
    struct form *form = &build->form;
    struct transaction *t = build->t;
    int64_t refunded = 0, points = 0, given = 0;
    uint64_t eligible = 0;
    take_document(build);
    bool original = take_original(build, &t->body.reverse_earn.earn);
    bool by_money = form_decimal(form, "refunded", INT64_MAX, &refunded);
    bool by_points = form_int(form, "points", 1, POINTS_PER_RECORD_MAX, &points);
    if (form_has(form, "refunded") == form_has(form, "points"))
        form_wrong(form, "refunded", "either refunded or points is needed");
    if (!original || by_money == by_points ||
        !earn_of(build, t->body.reverse_earn.earn, &eligible, &given))
        return;
    if (by_money && eligible == 0)
        form_wrong(form, "refunded", "the earn names no eligible amount: give points");
    else if (by_points && eligible > 0 && points > given)
        build_stop(build, VERDICT_OVER_REVERSED, "The earn gave fewer points.");
    else if (by_points && eligible > 0)
        refunded = multiply_divide_half_up(points, (int64_t)eligible, given);
    else if (by_points)
        refunded = points;
    /* Points that are worth less than the smallest amount are still more than nothing. */
    t->body.reverse_earn.refunded = refunded > 0 ? (uint64_t)refunded : 1;
}

/* ---- the other types ------------------------------------------------------------------------ */

/* Random to whoever lacks the secret, and the same for a repeat of the same key. */
static struct member_ref new_member(const struct build_input *input)
{
    uint8_t message[64 + HASH_SIZE + 2 + KEY_SIZE_MAX];
    struct buffer text;
    buffer_init(&text, sizeof(message));
    buffer_append_text(&text, "accrue/member/v1\n");
    buffer_append(&text, hash_as_bytes(&input->charter->coalition));
    buffer_append_byte(&text, (uint8_t)(input->partner.v >> 8));
    buffer_append_byte(&text, (uint8_t)input->partner.v);
    buffer_append(&text, input->key);
    struct hash hash = hmac(input->secret, buffer_bytes(&text));
    buffer_release(&text);
    struct member_ref member;
    memcpy(member.at, hash.at, MEMBER_REF_SIZE);
    return member;
}

static void build_enrol(struct build *build)
{
    struct form *form = &build->form;
    json_t *cards;
    build->t->body.enrol.member = new_member(build->input);
    (void)form_member(form, "member", &build->t->body.enrol.member);
    if (!build->input->lone || !form_array(form, "cards", 0, BUILD_CARDS_MAX, &cards))
        return;
    for (size_t i = 0; i < json_array_size(cards); i++) {
        json_t *number = json_array_get(cards, i);
        struct error error = {.text = "must be a text"};
        if (json_is_string(number) &&
            card_token(build->input->secret,
                       bytes_of(json_string_value(number), json_string_length(number)),
                       &build->built->cards[build->built->card_count], &error)) {
            build->built->card_count++;
        } else {
            char pointer[32];
            (void)snprintf(pointer, sizeof(pointer), "/cards/%zu", i);
            form_mistake(form->mistakes, pointer, "%s", error.text);
        }
    }
}

static void build_card_link(struct build *build)
{
    struct form *form = &build->form;
    if (build->input->member)
        build->t->body.card_link.member = *build->input->member;
    else if (!form_member(form, "member", &build->t->body.card_link.member) &&
             !form_has(form, "member"))
        form_missing(form, "member");
    if (!take_card(build, form, "number", &build->t->body.card_link.card) &&
        !form_has(form, "number"))
        form_missing(form, "number");
}

static void build_hold(struct build *build)
{
    int64_t ttl_s = 0;
    take_member(build, &build->t->body.hold.member);
    take_spend(build, &build->t->body.hold.points, &build->t->body.hold.amount);
    take_document(build);
    if (form_int(&build->form, "ttl_s", 1,
                 (int64_t)(build->input->charter->policy.hold_max_ms / 1000), &ttl_s))
        build->t->body.hold.ttl_ms = (uint64_t)ttl_s * 1000;
}

static void build_commit(struct build *build)
{
    build_take_index(&build->form, "hold", &build->t->body.commit.hold);
    (void)form_int(&build->form, "points", 1, POINTS_PER_RECORD_MAX,
                   &build->t->body.commit.points.v);
    take_document(build);
}

static void build_expire(struct build *build)
{
    json_t *lots;
    struct transaction *t = build->t;
    if (!form_array(&build->form, "lots", 1, EXPIRE_LOTS_MAX, &lots)) {
        if (!form_has(&build->form, "lots"))
            form_missing(&build->form, "lots");
        return;
    }
    for (size_t i = 0; i < json_array_size(lots); i++) {
        json_t *lot = json_array_get(lots, i);
        int64_t number = json_is_integer(lot) ? json_integer_value(lot) : 0;
        if (number <= 0) {
            form_wrong(&build->form, "lots", "must hold lot numbers, from 1 on");
            return;
        }
        size_t place = t->body.expire.lot_count++; /* kept ascending */
        for (; place > 0 && t->body.expire.lots[place - 1].v > (uint64_t)number; place--)
            t->body.expire.lots[place] = t->body.expire.lots[place - 1];
        t->body.expire.lots[place].v = (uint64_t)number;
    }
    for (size_t i = 1; i < t->body.expire.lot_count; i++)
        if (t->body.expire.lots[i].v == t->body.expire.lots[i - 1].v)
            form_wrong(&build->form, "lots", "names a lot twice");
}

static void build_adjust(struct build *build)
{
    struct form *form = &build->form;
    struct transaction *t = build->t;
    if (!form_member(form, "member", &t->body.adjust.member) && !form_has(form, "member"))
        form_missing(form, "member");
    take_points(form, -POINTS_PER_RECORD_MAX, &t->body.adjust.delta);
    if (form_has(form, "points") && t->body.adjust.delta.v == 0)
        form_wrong(form, "points", "must not be 0");
    take_needed_text(form, "reason", &t->body.adjust.reason);
    take_needed_text(form, "approver", &t->body.adjust.approver);
    take_document(build);
    uint64_t expires_ms = take_expiry(build, form);
    if (t->body.adjust.delta.v > 0)
        t->body.adjust.expires_ms = expires_ms;
}

static void build_transfer(struct build *build)
{
    struct form *form = &build->form;
    if (!form_member(form, "from", &build->t->body.transfer.from) && !form_has(form, "from"))
        form_missing(form, "from");
    if (!form_member(form, "to", &build->t->body.transfer.to) && !form_has(form, "to"))
        form_missing(form, "to");
    take_points(form, 1, &build->t->body.transfer.points);
    take_document(build);
}

static void build_clock(struct build *build)
{
    struct form *form = &build->form;
    int64_t advance = 0;
    uint64_t to_ms = 0;
    if (!build->input->charter->sandbox)
        build_stop(build, VERDICT_NOT_SANDBOX, "");
    if (form_has(form, "advance_ms") == form_has(form, "to"))
        form_wrong(form, "advance_ms", "either advance_ms or to is needed");
    if (form_int(form, "advance_ms", 1, (int64_t)TIME_MS_MAX, &advance))
        build->t->body.clock.advance_ms = (uint64_t)advance;
    if (form_time(form, "to", &to_ms)) {
        if (to_ms <= build->t->at_ms)
            form_wrong(form, "to", "must lie after ledger time, which never goes back");
        else
            build->t->body.clock.advance_ms = to_ms - build->t->at_ms;
    }
}

/* What a change says is checked by the ledger's own decoder, so that no bytes go into a batch that
 * the ledger would call malformed. */
static void build_motion(struct build *build)
{
    struct form *form = &build->form;
    struct motion *motion = &build->t->body.motion.motion;
    int64_t delay = MOTION_DELAY_MIN;
    (void)form_int(form, "delay", MOTION_DELAY_MIN, MOTION_DELAY_MAX, &delay);
    motion->delay = (uint32_t)delay;
    change_take(form, build->input->charter, &motion->change);
}

void build_take_partner(struct build *build, const char *name, struct partner_id *partner_out)
{
    struct bytes text;
    struct form *form = &build->form;
    if (!form_text(form, name, 1, CHARTER_NAME_MAX, &text)) {
        if (!form_has(form, name))
            form_missing(form, name);
    } else if (!charter_partner_by_name(build->input->charter, text, partner_out)) {
        form_wrong(form, name, "is no partner of the coalition");
    }
}

static void build_ballot(struct build *build)
{
    struct form *form = &build->form;
    struct transaction *t = build->t;
    build_take_index(form, "motion", &t->body.ballot.motion);
    build_take_partner(build, "partner", &t->body.ballot.partner);
    if (!form_base64(form, "signature", t->body.ballot.signature.at, SIGNATURE_SIZE) &&
        !form_has(form, "signature"))
        form_missing(form, "signature");
}

static void build_ready(struct build *build)
{
    struct form *form = &build->form;
    int64_t height = 0;
    if (form_int(form, "height", 1, INT64_MAX, &height))
        build->t->body.ready.height = (uint64_t)height;
    else if (!form_has(form, "height"))
        form_missing(form, "height");
    if (!form_hash(form, "digest", &build->t->body.ready.digest) && !form_has(form, "digest"))
        form_missing(form, "digest");
}

static void build_body(struct build *build)
{
    struct form *form = &build->form;
    struct transaction *t = build->t;
    switch (t->type) {
    case TRANSACTION_ENROL:
        build_enrol(build);
        return;
    case TRANSACTION_CARD_LINK:
        build_card_link(build);
        return;
    case TRANSACTION_EARN:
        build_earn(build);
        return;
    case TRANSACTION_ACTIVATE:
        build_take_index(form, "earn", &t->body.activate.earn);
        return;
    case TRANSACTION_HOLD:
        build_hold(build);
        return;
    case TRANSACTION_COMMIT:
        build_commit(build);
        return;
    case TRANSACTION_RELEASE:
        build_take_index(form, "hold", &t->body.release.hold);
        return;
    case TRANSACTION_REDEEM:
        take_member(build, &t->body.redeem.member);
        take_spend(build, &t->body.redeem.points, &t->body.redeem.amount);
        take_document(build);
        return;
    case TRANSACTION_REVERSE_EARN:
        build_reverse_earn(build);
        return;
    case TRANSACTION_REVERSE_REDEEM:
        build_take_index(form, "redemption", &t->body.reverse_redeem.redemption);
        take_points(form, 1, &t->body.reverse_redeem.points);
        take_document(build);
        return;
    case TRANSACTION_EXPIRE:
        build_expire(build);
        return;
    case TRANSACTION_ADJUST:
        build_adjust(build);
        return;
    case TRANSACTION_TRANSFER:
        build_transfer(build);
        return;
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
        build_deal(build);
        return;
    case TRANSACTION_MOTION:
        build_motion(build);
        return;
    case TRANSACTION_BALLOT:
        build_ballot(build);
        return;
    case TRANSACTION_READY:
        build_ready(build);
        return;
    case TRANSACTION_PERIOD_PROPOSE:
    case TRANSACTION_PERIOD_SIGN:
    case TRANSACTION_DISPUTE_OPEN:
    case TRANSACTION_DISPUTE_RESPOND:
    case TRANSACTION_DISPUTE_RESOLVE:
    case TRANSACTION_PERIOD_FINAL:
    case TRANSACTION_PAYMENT_SENT:
    case TRANSACTION_PAYMENT_CONFIRMED:
    case TRANSACTION_PAYMENT_FAILED:
    case TRANSACTION_PAYMENT_DEFAULT:
        build_settlement(build);
        return;
    case TRANSACTION_CLOCK:
        build_clock(build);
        return;
    }
}

bool build_transaction(const struct build_input *input, enum transaction_type type, json_t *body,
                       struct built *built_out, struct problem *problem_out)
{
    struct built built;
    struct problem problem;
    struct form_mistakes mistakes = {.count = 0};
    memset(&built, 0, sizeof(built));
    buffer_init(&built.evidence, BUILD_EVIDENCE_MAX);
    struct build build = {
        .input = input, .built = &built, .t = &built.transaction, .problem = &problem};
    form_init(&build.form, body, "", &mistakes);
    built.transaction.type = type;
    built.transaction.key = input->key;
    built.transaction.at_ms = input->at_ms;
    (void)form_time(&build.form, "at", &built.transaction.at_ms);
    build_body(&build);
    form_finish(&build.form);
    if (mistakes.count > 0) {
        problem_init(problem_out, PROBLEM_MALFORMED);
        (void)snprintf(problem_out->detail, sizeof(problem_out->detail),
                       "The body has %zu mistake%s.", mistakes.count,
                       mistakes.count == 1 ? "" : "s");
        problem_out->mistakes = mistakes;
    } else if (build.stopped) {
        *problem_out = problem;
    } else {
        *built_out = built;
        return true;
    }
    built_release(&built);
    return false;
}

void built_release(struct built *built)
{
    buffer_release(&built->evidence);
}

void build_card_key(struct bytes key, size_t place, char key_out[33])
{
    uint8_t number = (uint8_t)place;
    struct bytes parts[] = {bytes_text("accrue/card-key/v1\n"), key, bytes_of(&number, 1)};
    struct hash hash = hash_parts(parts, ARRAY_SIZE(parts));
    hex_encode(bytes_of(hash.at, 16), key_out);
}
