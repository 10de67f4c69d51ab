// links: node
/* A state, its image, and the state that is read from it: one and the same from there on. Damaged
 * images are refused; those that are damaged and sealed again are refused or can be gone on with.
 * A seed given as argument is played alone; "speed MEMBERS" measures. */
#include "unit/image_copy.h"
#include "unit/random_play.h"

#include <time.h>

enum { SEEDS = 60, DAMAGED_SEEDS = 12, FLIPS = 2000 };
/* Places in the header. */
enum { IMAGE_CUT_TIME_AT = 60, IMAGE_NEXT_RECORD_AT = 116 };

static uint64_t first_seed = 1, last_seed, last_damaged_seed;

/* Then everything has happened somewhere; a share of them need not meet what is seldom. */
static bool all_seeds(void)
{
    return last_seed - first_seed + 1 >= SEEDS;
}

static void tell(uint64_t seed, int before)
{
    if (check_failed_count != before)
        printf("seed %llu\n", (unsigned long long)seed);
}

static void check_sound(const struct state *state)
{
    struct error error = {0};
    bool good = state_check(state, &error);
    if (!good)
        printf("%s\n", error.text);
    CHECK(good);
}

/* ---- there and back ---------------------------------------------------------------------------
 */

static void same_answers(const struct state *a, const struct state *b)
{
    struct totals totals_a = state_totals(a), totals_b = state_totals(b);
    struct hash digest_a = state_digest(a), digest_b = state_digest(b);
    CHECK(memcmp(&totals_a, &totals_b, sizeof(totals_a)) == 0);
    CHECK(hash_equal(&digest_a, &digest_b));
    CHECK_INT(state_height(a), state_height(b));
    CHECK_INT(state_time_ms(a), state_time_ms(b));
    CHECK_INT(state_next_due_ms(a), state_next_due_ms(b));
    CHECK_INT(state_member_count(a), state_member_count(b));
    CHECK_INT(state_lot_count(a), state_lot_count(b));
}

/* What the written states had in them: an image without it would prove nothing about it. */
static struct {
    uint64_t deficits, waived, held, pending, expired_counted, due, budgets, forgotten;
    uint64_t amended, waiting, proposed, carried, ballots, suspended, joining, left;
} seen;

static void look_at_membership(const struct state *state)
{
    const struct charter *charter = state_charter(state);
    seen.amended += charter->from_height > 1;
    seen.waiting += state_amendment_count(state) > 0;
    for (size_t i = 0; i < state_motion_count(state); i++) {
        struct motion_view motion;
        state_motion(state, i, &motion);
        seen.proposed += motion.open;
        seen.carried += motion.carried;
        seen.ballots += motion.open && motion.ballot_count > 0;
    }
    for (size_t i = 0; i < charter->node_count; i++) {
        seen.suspended += charter->nodes[i].suspended;
        seen.joining += charter->nodes[i].joining;
        seen.left += charter->nodes[i].left;
    }
}

static void look_at(const struct play *play)
{
    const struct state *state = play->driver->state;
    const struct charter *charter = play->driver->charter;
    struct totals totals = state_totals(state);
    struct key_result first;
    seen.deficits += totals.deficits.v > 0;
    seen.waived += totals.waived.v > 0;
    seen.held += totals.pools[POOL_HELD].v > 0;
    seen.pending += totals.pools[POOL_PENDING].v > 0;
    seen.expired_counted += totals.expired_counted.v > 0;
    seen.due += state_next_due_ms(state) != UINT64_MAX;
    seen.budgets += charter->joint_funding_count > 0;
    look_at_membership(state);
    seen.forgotten += !state_key(state, (struct partner_id){0}, bytes_text("k0"), &first) &&
                      !state_key(state, (struct partner_id){1}, bytes_text("k0"), &first) &&
                      !state_key(state, (struct partner_id){2}, bytes_text("k0"), &first) &&
                      !state_key(state, (struct partner_id){3}, bytes_text("k0"), &first);
}

static void check_seen(void)
{
    if (!all_seeds())
        return;
    CHECK(seen.deficits > 0);
    CHECK(seen.waived > 0);
    CHECK(seen.held > 0);
    CHECK(seen.pending > 0);
    CHECK(seen.expired_counted > 0);
    CHECK(seen.due > 0);
    CHECK(seen.budgets > 0);
    CHECK(seen.forgotten > 0);
    CHECK(seen.amended > 0);
    CHECK(seen.waiting > 0);
    CHECK(seen.proposed > 0);
    CHECK(seen.carried > 0);
    CHECK(seen.ballots > 0);
    CHECK(seen.suspended > 0);
    CHECK(seen.joining > 0);
    CHECK(seen.left > 0);
}

/* Puts in the replica's place what its image gives; sometimes it goes on as it is, so that a state
 * from an image lives long too. */
static void copy_replica(struct play *play)
{
    struct buffer first, second;
    struct state *copy = NULL;
    struct error error = {0};
    buffer_init(&first, IMAGE_LIMIT);
    buffer_init(&second, IMAGE_LIMIT);
    image_of(play->driver->state, &first);
    bool good = image_read(play->driver->charter, buffer_bytes(&first), &copy, &error);
    if (!good)
        printf("%s\n", error.text);
    REQUIRE(good);
    check_sound(copy);
    image_of(copy, &second);
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    buffer_clear(&second);
    image_of(play->replica, &second);
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    same_answers(play->driver->state, copy);
    look_at(play);
    if (any(play, 3) == 0) {
        state_close(play->replica);
        play->replica = copy;
    } else {
        state_close(copy);
    }
    buffer_release(&first);
    buffer_release(&second);
}

static struct play *random_play(uint64_t seed)
{
    struct play *play = play_open(seed, false, seed % 2 == 0);
    play->may_refund = play->may_split = true;
    return play;
}

CASE(a_state_from_an_image_goes_on_as_the_one_that_was_written)
{
    uint64_t accepted[128] = {0};
    for (uint64_t seed = first_seed; seed <= last_seed && check_failed_count == 0; seed++) {
        struct play *play = random_play(seed);
        play->between = copy_replica;
        play_heights(play);
        for (size_t i = 0; i < ARRAY_SIZE(accepted); i++)
            accepted[i] += play->accepted[i];
        play_close(play);
        tell(seed, 0);
    }
#define X(name, number, word) CHECK(!all_seeds() || accepted[number] > 0);
    TRANSACTION_TYPES(X)
#undef X
    if (first_seed != last_seed)
        check_seen();
}

CASE(a_state_before_its_first_height_has_an_image)
{
    struct coalition_spec spec = {.names = {"grocer", "books"}};
    struct charter *charter = coalition_found(coalition_draft(&spec));
    struct state *state = state_open(charter), *copy = NULL;
    struct buffer image;
    buffer_init(&image, IMAGE_LIMIT);
    image_of(state, &image);
    REQUIRE(image_read(charter, buffer_bytes(&image), &copy, NULL));
    same_answers(state, copy);
    begin_height(copy, 1, START_MS);
    state_close(state);
    state_close(copy);
    buffer_release(&image);
    charter_close(charter);
}

/* ---- what a play left -------------------------------------------------------------------------
 */

/* An image from the middle of a play and the transactions that came after it. */
struct story {
    struct play *play;
    struct buffer image;
    int heights;
};
static struct story *telling; /* the play's hook has no context of its own */

static void remember_image(struct play *play)
{
    (void)play;
    if (--telling->heights == 0)
        image_of(play->driver->state, &telling->image);
}

static void story_open(struct story *story, uint64_t seed, int heights)
{
    *story = (struct story){.heights = heights};
    buffer_init(&story->image, IMAGE_LIMIT);
    telling = story;
    story->play = random_play(seed);
    story->play->between = remember_image;
    play_heights(story->play);
    REQUIRE(story->image.size > 0);
}

static void story_close(struct story *story)
{
    play_close(story->play);
    buffer_release(&story->image);
}

static bool refused(const struct story *story, struct bytes image, enum error_code code)
{
    struct state *state = NULL;
    struct error error = {0};
    if (image_read(story->play->driver->charter, image, &state, &error)) {
        state_close(state);
        return false;
    }
    return state == NULL && error.code == code && error.text[0] != '\0';
}

CASE(every_truncation_and_addition_is_refused)
{
    struct story story;
    story_open(&story, 5, 6);
    struct bytes image = buffer_bytes(&story.image);
    printf("%zu bytes\n", image.size);
    CHECK(!refused(&story, image, ERROR_CORRUPT));
    for (size_t size = 0; size < image.size && check_failed_count == 0; size++)
        CHECK(refused(&story, bytes_of(image.at, size), ERROR_CORRUPT));
    buffer_append_byte(&story.image, 0);
    CHECK(refused(&story, buffer_bytes(&story.image), ERROR_CORRUPT));
    story_close(&story);
}

CASE(an_image_of_another_coalition_is_refused)
{
    struct story story;
    story_open(&story, 6, 6);
    struct coalition_spec spec = {.names = {"delta", "alpha", "charlie", "bravo"}};
    struct charter *other = coalition_found(coalition_draft(&spec));
    struct state *state = NULL;
    struct error error = {0};
    CHECK(!image_read(other, buffer_bytes(&story.image), &state, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    charter_close(other);
    story_close(&story);
}

CASE(a_failing_sink_or_source_is_told)
{
    struct coalition_spec spec = {.names = {"grocer", "books"}};
    struct charter *charter = coalition_found(coalition_draft(&spec));
    struct state *state = state_open(charter);
    struct buffer image;
    struct error error = {0};
    buffer_init(&image, 10);
    CHECK(!state_image_write(state, image_sink, &image, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    buffer_release(&image);
    state_close(state);
    charter_close(charter);
}

/* ---- damage -----------------------------------------------------------------------------------
 */

static void flip(uint8_t *image, size_t size, uint64_t *seed)
{
    uint64_t bits = 1 + random_next(seed) % 3;
    for (uint64_t i = 0; i < bits; i++)
        image[random_next(seed) % size] ^= (uint8_t)(1U << random_next(seed) % 8);
}

CASE(flipped_bits_are_refused)
{
    for (uint64_t seed = 1; seed <= last_damaged_seed; seed++) {
        struct story story;
        uint64_t random = seed;
        story_open(&story, seed, 1 + (int)(seed * 5 % HEIGHTS));
        uint8_t *damaged = allocate(1, story.image.size);
        for (int i = 0; i < FLIPS / 10; i++) {
            memcpy(damaged, story.image.at, story.image.size);
            flip(damaged, story.image.size, &random);
            struct bytes bytes = bytes_of(damaged, story.image.size);
            CHECK(bytes_equal(bytes, buffer_bytes(&story.image)) ||
                  refused(&story, bytes, ERROR_CORRUPT) || refused(&story, bytes, ERROR_CONFLICT));
        }
        free(damaged);
        story_close(&story);
    }
}

static struct record_index one_of(const struct record_index *records, size_t count, uint64_t *seed)
{
    return count ? records[random_next(seed) % count] : (struct record_index){0};
}

static struct transaction any_expiry(const struct state *state, uint64_t *seed)
{
    struct transaction t = {.type = TRANSACTION_EXPIRE};
    struct partner_id issuer = {(uint16_t)(random_next(seed) % PARTNERS)};
    t.body.expire.lot_count =
        (uint8_t)state_lots_to_expire(state, issuer, t.body.expire.lots, EXPIRE_LOTS_MAX);
    return t.body.expire.lot_count ? t : tx_expire(1 + random_next(seed) % 50);
}

/* Refers to what the play made, which the damaged state has still more or less. */
static struct transaction any_transaction(const struct play *play, const struct state *state,
                                          uint64_t *seed)
{
    uint32_t member = 1 + (uint32_t)(random_next(seed) % MEMBERS);
    int64_t points = 1 + (int64_t)(random_next(seed) % 100);
    switch (random_next(seed) % 11) {
    case 0:
        return tx_earn(member, points);
    case 1:
        return tx_redeem(member, points);
    case 2:
        return tx_hold(member, points, random_next(seed) % 10000);
    case 3:
        return tx_commit(one_of(play->holds, play->hold_count, seed), points % 3 ? points : 0);
    case 4:
        return tx_release(one_of(play->holds, play->hold_count, seed));
    case 5:
        return tx_activate(one_of(play->earns, play->earn_count, seed));
    case 6:
        return tx_refund(one_of(play->earns, play->earn_count, seed), (uint64_t)points);
    case 7:
        return tx_unredeem(one_of(play->redemptions, play->redemption_count, seed), points);
    case 8:
        return tx_transfer(member, 1 + (uint32_t)(random_next(seed) % MEMBERS), points);
    case 9:
        return tx_adjust(member, points - 60);
    default:
        return any_expiry(state, seed);
    }
}

static void one_height(const struct play *play, struct state *state, uint64_t *seed,
                       uint64_t *index)
{
    struct buffer bytes;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    for (int i = 0; i < 12; i++) {
        char key[32];
        struct transaction t = any_transaction(play, state, seed);
        snprintf(key, sizeof(key), "after-%llu", (unsigned long long)*index);
        t.key = bytes_text(key);
        t.at_ms = state_time_ms(state);
        buffer_clear(&bytes);
        transaction_encode(&t, &bytes);
        struct node_id lane = {(uint16_t)(random_next(seed) % state_charter(state)->node_count)};
        const struct charter_node *node = &state_charter(state)->nodes[lane.v];
        if (!node->left && !node->suspended)
            (void)state_apply(state, lane, (struct record_index){(*index)++}, buffer_bytes(&bytes));
    }
    buffer_release(&bytes);
}

/* What passes is a state: it checks, has that very image, and takes whatever comes. */
static void go_on(const struct play *play, struct state *state, uint64_t *seed, struct bytes image)
{
    struct buffer again;
    struct hash cut = {{0}};
    struct bytes automatic;
    uint64_t cut_ms = get_u64be(image.at + IMAGE_CUT_TIME_AT);
    uint64_t index = get_u64be(image.at + IMAGE_NEXT_RECORD_AT);
    buffer_init(&again, IMAGE_LIMIT);
    image_of(state, &again);
    CHECK(bytes_equal(buffer_bytes(&again), image));
    buffer_release(&again);
    check_sound(state);
    for (int i = 0; i < 8; i++) {
        cut_ms += 1 + random_next(seed) % (i == 4 ? 20 * DAY_MS : 5000);
        begin_height(state, state_height(state) + 1, cut_ms);
        one_height(play, state, seed, &index);
        (void)state_seal(state, &cut, &automatic);
        check_sound(state);
    }
}

/* A bit, a step, or a byte of somewhere else: numbers that nearly fit. */
static void change(uint8_t *image, size_t size, uint64_t *seed)
{
    uint8_t *at = &image[random_next(seed) % size];
    switch (random_next(seed) % 4) {
    case 0:
        *at ^= (uint8_t)(1U << random_next(seed) % 8);
        return;
    case 1:
        (*at)++;
        return;
    case 2:
        (*at)--;
        return;
    default:
        *at = image[random_next(seed) % size];
    }
}

CASE(what_is_damaged_and_sealed_again_is_refused_or_can_be_gone_on_with)
{
    uint64_t passed = 0, changed = 0;
    for (uint64_t seed = first_seed; seed <= last_damaged_seed; seed++) {
        int before = check_failed_count;
        struct story story;
        uint64_t random = seed;
        story_open(&story, seed, 1 + (int)(seed * 7 % HEIGHTS));
        size_t size = story.image.size;
        uint8_t *damaged = allocate(1, size);
        for (int i = 0; i < FLIPS && check_failed_count == before; i++) {
            struct state *state = NULL;
            memcpy(damaged, story.image.at, size);
            for (uint64_t j = random_next(&random) % 3 + 1; j > 0; j--)
                change(damaged, size - HASH_SIZE, &random);
            image_seal(damaged, size);
            changed++;
            if (!image_read(story.play->driver->charter, bytes_of(damaged, size), &state, NULL))
                continue;
            passed++;
            go_on(story.play, state, &random, bytes_of(damaged, size));
            state_close(state);
        }
        free(damaged);
        story_close(&story);
        tell(seed, before);
    }
    printf("%llu of %llu damaged and sealed images pass\n", (unsigned long long)passed,
           (unsigned long long)changed);
    CHECK(passed > 0 && passed < changed);
}

/* ---- how fast ---------------------------------------------------------------------------------
 */

/* Of the processor: others may be busy on the machine. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Members with two lots each, of two earns, in heights of 1000 transactions. */
static struct driver *many_members(uint32_t members)
{
    struct coalition_spec spec = {
        .names = {"grocer", "books"}, .face = "10000", .reimbursement = "9001"};
    struct driver *driver = driver_open(coalition_found(coalition_draft(&spec)));
    for (uint32_t i = 0; i < members * 3; i++) {
        struct transaction t = i < members ? tx_enrol(i) : tx_earn(i % members, 100);
        if (i >= members)
            t.body.earn.lots[0].expires_ms =
                state_time_ms(driver->state) + (1 + i % 365) * 2 * DAY_MS;
        REQUIRE(driver_apply(driver, (uint16_t)(i % 2), &t) == VERDICT_ACCEPTED);
        if (i % 1000 == 999)
            driver_pass(driver, 1000);
    }
    driver_seal(driver);
    return driver;
}

/* The best of some runs: the others were disturbed. */
static int measure(uint32_t members)
{
    struct driver *driver = many_members(members);
    struct buffer image;
    double rows = 8.0 * members; /* members, earns, lots, keys */
    double written = 1e9, reading = 1e9;
    buffer_init(&image, (size_t)1 << 40);
    for (int i = 0; i < 4; i++) {
        struct state *copy = NULL;
        buffer_clear(&image);
        double start = seconds();
        image_of(driver->state, &image);
        double middle = seconds();
        struct image_source source = {.left = buffer_bytes(&image), .most = SIZE_MAX};
        REQUIRE(state_image_read(driver->charter, image_source, &source, &copy, NULL));
        double end = seconds();
        written = middle - start < written ? middle - start : written;
        reading = end - middle < reading ? end - middle : reading;
        state_close(copy);
    }
    printf("%u members, %.1f MB, %.0f rows\n", members, (double)image.size / 1e6, rows);
    printf("written in %.2f s, %.1f M rows/s\n", written, rows / written / 1e6);
    printf("read in %.2f s, %.1f M rows/s\n", reading, rows / reading / 1e6);
    buffer_release(&image);
    driver_close(driver);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "speed") == 0)
        return measure((uint32_t)strtoul(argv[2], NULL, 10));
    last_seed = (uint64_t)check_share(SEEDS);
    last_damaged_seed = (uint64_t)check_share(DAMAGED_SEEDS);
    if (argc == 2)
        first_seed = last_seed = last_damaged_seed = strtoull(argv[1], NULL, 10);
    printf("seeds %llu to %llu\n", (unsigned long long)first_seed, (unsigned long long)last_seed);
    RUN(a_state_from_an_image_goes_on_as_the_one_that_was_written);
    RUN(a_state_before_its_first_height_has_an_image);
    RUN(every_truncation_and_addition_is_refused);
    RUN(an_image_of_another_coalition_is_refused);
    RUN(a_failing_sink_or_source_is_told);
    RUN(flipped_bits_are_refused);
    RUN(what_is_damaged_and_sealed_again_is_refused_or_can_be_gone_on_with);
    return check_report();
}
