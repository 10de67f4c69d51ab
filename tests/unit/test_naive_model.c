// links: node
/* The naive model: written apart from the state machine, it agrees with it (test_state_random plays
 * that for many seeds); kept as bytes and read again it goes on as before; what it gets wrong
 * shows.
 */
#include "protocol/codec.h"
#include "unit/random_play.h"

enum { MODEL_SEEDS = 30, DAMAGED_SEEDS = 6, MODEL_MAX = 1 << 24 };

/* ---- apart ----------------------------------------------------------------------------------- */

static char *read_source(const char *name)
{
    static const char here[] = "tests/unit/test_naive_model.c";
    char path[4096];
    size_t size = strlen(__FILE__);
    REQUIRE(size >= sizeof(here) - 1 && size < sizeof(path) - 64);
    (void)snprintf(path, sizeof(path), "%.*snode/%s", (int)(size - (sizeof(here) - 1)), __FILE__,
                   name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("%s cannot be read\n", path);
        exit(1);
    }
    char *text = (char *)calloc(1, 1 << 20);
    REQUIRE(text && fread(text, 1, (1 << 20) - 1, file) > 0);
    (void)fclose(file);
    return text;
}

CASE(nothing_of_the_state_machine_is_in_the_model)
{
    static const char *const sources[] = {
        "naive_model.c",  "naive_model.h",    "naive_parts.h",        "naive_points.c",
        "naive_rules.c",  "naive_reversal.c", "naive_image.c",        "effects.c",
        "effects.h",      "naive_period.h",   "naive_calendar.c",     "naive_books.c",
        "naive_settle.c", "naive_default.c",  "naive_image_settle.c", "naive_contract.h",
        "naive_deal.c",   "naive_prices.c",   "naive_image_deal.c"};
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        char *text = read_source(sources[i]);
        CHECK(strstr(text, "#include \"partners/") == NULL);
        CHECK(strstr(text, "node/model_rules.h") == NULL);
        free(text);
    }
}

/* ---- as bytes -------------------------------------------------------------------------------- */

static void copy_model(struct play *play)
{
    struct buffer first, second;
    struct naive *copy = NULL;
    struct error error = {0};
    buffer_init(&first, MODEL_MAX);
    buffer_init(&second, MODEL_MAX);
    naive_write(play->naive, &first);
    REQUIRE(!first.overflowed);
    bool good = naive_read(model_rules(play->driver->charter), buffer_bytes(&first), &copy, &error);
    if (!good)
        printf("%s\n", error.text);
    REQUIRE(good);
    naive_write(copy, &second);
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    naive_close(play->naive);
    play->naive = copy;
    buffer_release(&first);
    buffer_release(&second);
}

static struct play *model_play(uint64_t seed)
{
    struct play *play = play_open(seed, false, seed % 2 == 0);
    play->may_refund = play->may_split = true;
    return play;
}

CASE(a_model_that_was_kept_goes_on_as_the_one_that_was_written)
{
    for (uint64_t seed = 1; seed <= MODEL_SEEDS && check_failed_count == 0; seed++) {
        struct play *play = model_play(seed);
        play->between = copy_model;
        play_heights(play);
        play_close(play);
    }
}

static struct buffer kept;

static void keep_model(struct play *play)
{
    buffer_clear(&kept);
    naive_write(play->naive, &kept);
}

/* Any byte changed: refused, or a model that can be written again and gone on with. */
CASE(what_is_damaged_is_refused_or_can_be_gone_on_with)
{
    size_t refused = 0, passed = 0;
    buffer_init(&kept, MODEL_MAX);
    for (uint64_t seed = 1; seed <= DAMAGED_SEEDS; seed++) {
        struct play *play = model_play(seed);
        play->between = keep_model;
        play_heights(play);
        for (size_t i = 0; i < 1500; i++) {
            struct naive *copy = NULL;
            size_t at = (size_t)any(play, kept.size);
            uint8_t by = (uint8_t)(1 + any(play, 255));
            struct bytes bytes = buffer_bytes(&kept);
            if (i % 10 == 0)
                bytes.size = at;
            kept.at[at] ^= by;
            if (naive_read(model_rules(play->driver->charter), bytes, &copy, NULL)) {
                const struct naive_tree tree = {play->log.count, {{7}}};
                naive_begin(copy, play->driver->cut_ms + 5000, &tree);
                naive_begin(copy, play->driver->cut_ms + 20 * DAY_MS, &tree);
                naive_begin(copy, play->driver->cut_ms + 60 * DAY_MS, &tree);
                naive_close(copy);
                passed++;
            } else {
                refused++;
            }
            kept.at[at] ^= by;
        }
        play_close(play);
    }
    printf("%zu refused, %zu passed\n", refused, passed);
    CHECK(refused > 500 && passed > 500);
    buffer_release(&kept);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static struct effect move(uint64_t lot, enum pool from, enum pool to, int64_t points)
{
    return (struct effect){
        .kind = EFFECT_MOVE, .lot = {lot}, .from = from, .to = to, .amount = points};
}

static bool differ(const struct effect *own, size_t own_count, const struct effect *recorded,
                   size_t recorded_count, struct effect *a, struct effect *b)
{
    struct buffer encoded;
    struct naive_result result = {.effects = own, .effect_count = own_count};
    buffer_init(&encoded, 65536);
    codec_put_array(&encoded, recorded_count);
    for (size_t i = 0; i < recorded_count; i++)
        effect_encode(&recorded[i], &encoded);
    bool differs = naive_differs(&result, buffer_bytes(&encoded), a, b);
    buffer_release(&encoded);
    return differs;
}

CASE(effects_are_compared_by_what_they_come_to)
{
    struct effect a = {0}, b = {0};
    const struct effect one[] = {move(1, POOL_HELD, POOL_SPENT, 5),
                                 move(2, POOL_HELD, POOL_SPENT, 7)};
    const struct effect pieces[] = {move(2, POOL_HELD, POOL_SPENT, 7),
                                    move(1, POOL_HELD, POOL_SPENT, 2),
                                    move(1, POOL_HELD, POOL_SPENT, 3)};
    CHECK(!differ(one, 2, pieces, 3, &a, &b));
    CHECK(differ(one, 2, pieces, 2, &a, &b));
    CHECK_INT(a.amount, 5);
    CHECK_INT(b.amount, 2);
    CHECK(differ(one, 1, pieces, 3, &a, &b)); /* lot 2 is too many */
    CHECK_INT(a.kind, 0);
    CHECK_INT(b.lot.v, 2);
    CHECK(differ(one, 2, pieces + 1, 2, &a, &b));
    CHECK_INT(a.lot.v, 2);
    CHECK_INT(b.kind, 0);
    CHECK(!differ(NULL, 0, NULL, 0, &a, &b));
    const struct effect euro = {.kind = EFFECT_OBLIGATION, .creditor = {1}, .amount = 5};
    struct effect crowns = euro;
    crowns.tariff = 1;
    CHECK(differ(&euro, 1, &crowns, 1, &a, &b));
    CHECK(a.kind == EFFECT_OBLIGATION && a.tariff == 0 && b.kind == 0);
}

/* ---- where both could part ------------------------------------------------------------------- */

/* What a pending lot's points cover by time alone goes by the card that began since, in the same
 * height. */
CASE(both_price_what_time_brings_by_the_cards_that_have_begun)
{
    struct coalition_spec spec = {.names = {"a", "b", "c", "d"},
                                  .operator_name = "z",
                                  .face = "10000",
                                  .reimbursement = "9000"};
    struct charter *draft = coalition_draft(&spec);
    struct play *play = allocate(1, sizeof(*play));
    play->seed = 1;
    play->quiet = true;
    draft->contracts.required = true;
    draft->policy.deficit_max.v = 1000;
    play_begin(play, coalition_found(draft));
    uint64_t now_ms = state_time_ms(play->driver->state);
    struct transaction pending = tx_earn(1, 50), t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    pending.body.earn.lots[0].activates_ms = now_ms + 1000;
    CHECK_INT(feed(play, 1, pending), VERDICT_ACCEPTED);
    CHECK_INT(feed(play, 0, tx_earn(1, 100)), VERDICT_ACCEPTED);
    struct record_index earned = driver_last(play->driver);
    CHECK_INT(feed(play, 0, tx_redeem(1, 100)), VERDICT_ACCEPTED);
    CHECK_INT(feed(play, 0, tx_refund(earned, 100)), VERDICT_ACCEPTED); /* owed to a */
    t.body.deal.card = (struct rate_card){.funder = {1},
                                          .redeemer = {0},
                                          .face_currency = "EUR",
                                          .settlement_currency = "EUR",
                                          .face = {10000},
                                          .reimbursement = {8000},
                                          .from_ms = now_ms + 2000};
    struct hash digest = rate_card_digest(&t.body.deal.card);
    CHECK_INT(feed(play, 1, t), VERDICT_ACCEPTED);
    t = (struct transaction){.type = TRANSACTION_CONTRACT_SIGN};
    t.body.deal.digest = digest;
    CHECK_INT(feed(play, 0, t), VERDICT_ACCEPTED);
    pass(play, 3000);
    pass(play, 1000);
    CHECK(naive_owed(play->naive, 1, 0, LINE_CLAW_BACK, 0) == INT64_C(50) * 8000 * BASIS_POINTS);
    play_close(play);
}

/* Where the operator has one. */
CASE(both_keep_the_last_node_of_the_operator)
{
    struct coalition_spec spec = {
        .names = {"a", "b", "c", "d"}, .face = "10000", .reimbursement = "9000"};
    struct charter *draft = coalition_draft(&spec);
    struct play *play = allocate(1, sizeof(*play));
    struct transaction t = {.type = TRANSACTION_MOTION};
    play->seed = 1;
    play->quiet = true;
    draft->partners[1].is_operator = true;
    play_begin(play, coalition_found(draft));
    t.body.motion.motion = (struct motion){.delay = 2, .change = change_remove_node(1)};
    CHECK_INT(feed(play, 0, t), VERDICT_OPERATOR_STAYS);
    t.body.motion.motion.change = change_remove_node(2);
    CHECK_INT(feed(play, 0, t), VERDICT_ACCEPTED);
    play_close(play);
}

/* ---- the largest records --------------------------------------------------------------------- */

enum { FUNDERS = 15, TILL = 2, ROUNDS = 80, TARIFFS = 9 };

static struct play *many_tariffs(void)
{
    static const struct charter_currency others[] = {{"BHD", 3, {0}}, {"SEK", 2, {0}}};
    static const struct charter_tax taxes[] = {{"A", 1000}, {"B", 2000}};
    struct coalition_spec spec = {
        .names = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o"},
        .operator_name = "z",
        .face = "10000",
        .reimbursement = "9000",
        .issue_fee = "400",
        .redemption_fee = "100"};
    struct charter *draft = coalition_draft(&spec);
    for (uint16_t i = 1; i < FUNDERS; i++)
        coalition_joint(draft, 0, i, POINTS_PER_RECORD_MAX);
    draft->contracts.currencies = allocate(ARRAY_SIZE(others), sizeof(others[0]));
    draft->contracts.currency_count = ARRAY_SIZE(others);
    memcpy(draft->contracts.currencies, others, sizeof(others));
    draft->settlement.taxes = allocate(ARRAY_SIZE(taxes), sizeof(taxes[0]));
    draft->settlement.tax_count = ARRAY_SIZE(taxes);
    memcpy(draft->settlement.taxes, taxes, sizeof(taxes));
    struct play *play = allocate(1, sizeof(*play));
    play->seed = 1;
    play->quiet = true;
    play_begin(play, coalition_found(draft));
    return play;
}

/* Of each funder with the till, in one tariff after the other. */
static void agree_on_tariffs(struct play *play)
{
    static const char *const currencies[] = {"EUR", "BHD", "SEK"}, *const taxes[] = {"", "A", "B"};
    for (uint16_t i = 0; i < FUNDERS; i++) {
        struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
        struct rate_card *card = &t.body.deal.card;
        if (i == TILL)
            continue;
        *card = (struct rate_card){.funder = {i},
                                   .redeemer = {TILL},
                                   .face_currency = "EUR",
                                   .face = {10000},
                                   .reimbursement = {i},
                                   .from_ms = state_time_ms(play->driver->state) + 1};
        memcpy(card->settlement_currency, currencies[i % 3], CURRENCY_SIZE);
        snprintf(card->redemption_tax, TAX_CODE_SIZE, "%s", taxes[i / 3 % 3]);
        CHECK_INT(feed(play, i, t), VERDICT_ACCEPTED);
        struct hash digest = rate_card_digest(card);
        t = (struct transaction){.type = TRANSACTION_CONTRACT_SIGN};
        t.body.deal.number = (uint32_t)state_contracts(play->driver->state)->count - 1;
        t.body.deal.digest = digest;
        CHECK_INT(feed(play, TILL, t), VERDICT_ACCEPTED);
    }
    CHECK_INT(naive_tariff_count(play->naive), TARIFFS);
}

/* Sixteen lots of eight funders each. */
static struct transaction wide_earn(uint32_t round)
{
    struct transaction t = tx_earn(1, 1);
    t.body.earn.lot_count = EARN_LOTS_MAX;
    for (uint32_t i = 0; i < EARN_LOTS_MAX; i++) {
        struct earn_lot *lot = &t.body.earn.lots[i];
        uint32_t first = (round + i) % (FUNDERS - SPLIT_MAX);
        lot->quantity.v = 1;
        lot->split.count = SPLIT_MAX;
        for (uint16_t j = 0; j < SPLIT_MAX; j++)
            lot->split.funders[j] = (struct funder){{(uint16_t)(first + j)}, 1250};
    }
    return t;
}

CASE(both_find_the_same_room_for_lines_of_many_epochs)
{
    struct play *play = many_tariffs();
    size_t taken = 0, refused = 0;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        if (i == ROUNDS / 2) {
            agree_on_tariffs(play);
            pass(play, 1000);
        }
        CHECK_INT(feed(play, 0, wide_earn(i)), VERDICT_ACCEPTED);
    }
    for (int64_t points = 1000; points > 0 && check_failed_count == 0; points -= 7) {
        enum verdict holds = feed(play, TILL, tx_hold(1, points, 1000));
        pass(play, 2000); /* it ends, and its points come back */
        taken += holds == VERDICT_ACCEPTED;
        refused += holds == VERDICT_TOO_MANY_ALLOCATIONS;
    }
    CHECK(taken > 10 && refused > 10);
    for (int64_t points = 1000; points > 0 && check_failed_count == 0; points -= 7) {
        int64_t back = feed(play, TILL, tx_redeem(1, points)) == VERDICT_ACCEPTED ? points : 0;
        struct record_index redeemed = driver_last(play->driver);
        while (back > 0 && feed(play, TILL, tx_unredeem(redeemed, back)) != VERDICT_ACCEPTED)
            back -= 50;
    }
    play_close(play);
}

/* Lots of which half was waived come back: each makes up for the rests of fifteen others, until
 * what a record may write of those is used up. The play compares both after each record. */
CASE(both_make_up_for_as_many_waived_rests)
{
    enum { EARNS = 60 };
    struct record_index earns[EARNS];
    struct coalition_spec spec = {.names = {"a", "b", "c"},
                                  .operator_name = "z",
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400"};
    struct charter *draft = coalition_draft(&spec);
    draft->policy.reversal = REVERSAL_WITHIN_BALANCE;
    coalition_joint(draft, 0, 1, 1000000);
    struct play *play = allocate(1, sizeof(*play));
    play->quiet = true;
    play_begin(play, coalition_found(draft));
    CHECK_INT(feed(play, 0, tx_enrol(9)), VERDICT_ACCEPTED);
    for (size_t i = 0; i < EARNS; i++) {
        struct transaction earn = tx_earn(9, 100);
        earn.body.earn.lot_count = EARN_LOTS_MAX;
        earn.body.earn.eligible = 2;
        for (size_t j = 0; j < EARN_LOTS_MAX; j++) {
            struct earn_lot *lot = &earn.body.earn.lots[j];
            lot->quantity.v = j == 0 ? 100 : 2;
            lot->expires_ms = state_time_ms(play->driver->state) + (j == 0 ? 1 : 2) * DAY_MS;
            lot->split = (struct funding_split){1, {{{(uint16_t)(j % 2)}, BASIS_POINTS}}};
        }
        CHECK_INT(feed(play, 0, earn), VERDICT_ACCEPTED);
        earns[i] = driver_last(play->driver);
    }
    CHECK_INT(feed(play, TILL, tx_redeem(9, 100 * EARNS)), VERDICT_ACCEPTED);
    struct record_index redeemed = driver_last(play->driver);
    CHECK_INT(feed(play, TILL, tx_redeem(9, 30 * EARNS)), VERDICT_ACCEPTED);
    for (size_t i = 0; i < EARNS; i++)
        CHECK_INT(feed(play, 0, tx_refund(earns[i], 1)), VERDICT_ACCEPTED);
    CHECK_INT(feed(play, TILL, tx_unredeem(redeemed, 100 * EARNS)), VERDICT_ACCEPTED);
    CHECK(balance_of(play->driver, 9).spendable.v > 35 * EARNS);
    play_close(play);
}

int main(void)
{
    RUN(nothing_of_the_state_machine_is_in_the_model);
    RUN(a_model_that_was_kept_goes_on_as_the_one_that_was_written);
    RUN(what_is_damaged_is_refused_or_can_be_gone_on_with);
    RUN(effects_are_compared_by_what_they_come_to);
    RUN(both_make_up_for_as_many_waived_rests);
    RUN(both_price_what_time_brings_by_the_cards_that_have_begun);
    RUN(both_keep_the_last_node_of_the_operator);
    RUN(both_find_the_same_room_for_lines_of_many_epochs);
    return check_report();
}
