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
        "naive_model.c",  "naive_model.h",        "naive_parts.h",    "naive_points.c",
        "naive_rules.c",  "naive_reversal.c",     "naive_image.c",    "effects.c",
        "effects.h",      "naive_period.h",       "naive_calendar.c", "naive_books.c",
        "naive_settle.c", "naive_image_settle.c", "naive_contract.h", "naive_deal.c",
        "naive_prices.c", "naive_image_deal.c"};
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
}

int main(void)
{
    RUN(nothing_of_the_state_machine_is_in_the_model);
    RUN(a_model_that_was_kept_goes_on_as_the_one_that_was_written);
    RUN(what_is_damaged_is_refused_or_can_be_gone_on_with);
    RUN(effects_are_compared_by_what_they_come_to);
    return check_report();
}
