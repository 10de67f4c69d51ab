// links: node
#include "check.h"
#include "node/lanes.h"

static struct signing_key *key;

/* An encoded batch at `sequence` after `previous`; `mark` tells branches apart. */
struct made {
    struct buffer bytes;
    struct lane_head head;
};

static struct made make(uint64_t sequence, const struct hash *previous, const char *mark)
{
    struct made made = {.head = {.sequence = sequence}};
    struct buffer payload;
    struct batch batch = {
        .lane = {1}, .sequence = sequence, .previous = *previous, .transaction_count = 1};
    buffer_init(&payload, 256);
    batch_payload_put(&payload, bytes_text(mark));
    batch.payload = buffer_bytes(&payload);
    batch_seal(&batch, key);
    buffer_init(&made.bytes, BATCH_SIZE_MAX);
    batch_encode(&batch, &made.bytes);
    made.head.id = batch.id;
    buffer_release(&payload);
    return made;
}

static const struct hash nothing;

/* 1 <- 2 <- 3 <- 4, and a fork 2' <- 3' of it. */
static struct made chain[5], fork_two, fork_three;

static void set_up(void)
{
    uint8_t seed[SEED_SIZE] = {7};
    key = signing_key_from_seed(seed);
    chain[0].head = (struct lane_head){0};
    for (uint64_t i = 1; i <= 4; i++)
        chain[i] = make(i, i == 1 ? &nothing : &chain[i - 1].head.id, "main");
    fork_two = make(2, &chain[1].head.id, "fork");
    fork_three = make(3, &fork_two.head.id, "fork");
}

static void tear_down(void)
{
    for (size_t i = 1; i <= 4; i++)
        buffer_release(&chain[i].bytes);
    buffer_release(&fork_two.bytes);
    buffer_release(&fork_three.bytes);
    signing_key_close(key);
}

static struct lane_entry *add_as(struct lane *lane, const struct made *made, bool hidden)
{
    struct batch batch;
    REQUIRE(batch_decode(buffer_bytes(&made->bytes), &batch, NULL));
    struct lane_entry *entry = lane_add(lane, &batch, buffer_bytes(&made->bytes), hidden);
    /* Its payload is the copy's own. */
    CHECK(!entry || (bytes_equal(entry->batch.payload, batch.payload) &&
                     entry->batch.payload.at != batch.payload.at));
    return entry;
}

static struct lane_entry *add(struct lane *lane, const struct made *made)
{
    return add_as(lane, made, false);
}

CASE(batches_connect_in_whatever_order_they_come)
{
    struct lane lane = {0};
    CHECK(!lane_tip(&lane) && !lane_last(&lane));
    struct lane_entry *third = add(&lane, &chain[3]), *second = add(&lane, &chain[2]);
    REQUIRE(third && second);
    CHECK(!third->connected && !second->connected && !lane_tip(&lane));
    CHECK(lane_last(&lane) == third);
    struct lane_entry *first = add(&lane, &chain[1]);
    REQUIRE(first);
    CHECK(first->connected && second->connected && third->connected);
    CHECK(lane_tip(&lane) == third);
    CHECK(lane_find(&lane, &chain[2].head.id) == second);
    CHECK(!lane_find(&lane, &chain[4].head.id));
    lane_release(&lane);
}

CASE(repeated_old_and_far_batches_are_not_kept)
{
    struct lane lane = {0};
    CHECK(add(&lane, &chain[1]) != NULL);
    CHECK(!add(&lane, &chain[1]));
    CHECK_INT(lane.count, 1);
    struct made far = make(LANE_BRANCH_MAX, &chain[1].head.id, "far");
    CHECK(add(&lane, &far) != NULL);
    buffer_release(&far.bytes);
    far = make(LANE_BRANCH_MAX + 1, &chain[1].head.id, "far");
    CHECK(!add(&lane, &far));
    buffer_release(&far.bytes);
    lane_release(&lane);
    lane.decided = chain[2].head;
    CHECK(!add(&lane, &chain[2]) && !add(&lane, &chain[1]) && !add(&lane, &fork_two));
    CHECK(add(&lane, &chain[3]) != NULL);
    lane_release(&lane);
}

CASE(a_lane_keeps_both_branches_of_a_fork)
{
    struct lane lane = {0};
    for (size_t i = 1; i <= 3; i++)
        CHECK(add(&lane, &chain[i]) != NULL);
    CHECK(add(&lane, &fork_two) != NULL && add(&lane, &fork_three) != NULL);
    struct lane_entry *path[LANE_BATCHES_PER_CUT_MAX];
    struct lane_head missing;
    size_t count = 0;
    CHECK_INT(lane_path(&lane, &chain[3].head, path, &count, &missing), LANE_PATH_FOUND);
    CHECK_INT(count, 3);
    CHECK(hash_equal(&path[1]->batch.id, &chain[2].head.id));
    CHECK_INT(lane_path(&lane, &fork_three.head, path, &count, &missing), LANE_PATH_FOUND);
    CHECK(count == 3 && hash_equal(&path[1]->batch.id, &fork_two.head.id));
    lane_release(&lane);
}

CASE(a_path_names_what_is_missing)
{
    struct lane lane = {0};
    struct lane_entry *path[LANE_BATCHES_PER_CUT_MAX];
    struct lane_head missing;
    size_t count = 9;
    CHECK(add(&lane, &chain[1]) != NULL && add(&lane, &chain[3]) != NULL);
    CHECK_INT(lane_path(&lane, &chain[3].head, path, &count, &missing), LANE_PATH_MISSING);
    CHECK_INT(missing.sequence, 2);
    CHECK(hash_equal(&missing.id, &chain[2].head.id));
    CHECK_INT(lane_path(&lane, &chain[4].head, path, &count, &missing), LANE_PATH_MISSING);
    CHECK_INT(missing.sequence, 4);
    lane_release(&lane);
}

CASE(a_path_leads_to_the_decided_head_or_is_wrong)
{
    struct lane lane = {.decided = chain[2].head};
    struct lane_entry *path[LANE_BATCHES_PER_CUT_MAX];
    struct lane_head missing, head = chain[2].head;
    size_t count = 9;
    CHECK_INT(lane_path(&lane, &head, path, &count, &missing), LANE_PATH_FOUND);
    CHECK_INT(count, 0);
    CHECK_INT(lane_path(&lane, &fork_two.head, path, &count, &missing), LANE_PATH_WRONG);
    CHECK_INT(lane_path(&lane, &chain[1].head, path, &count, &missing), LANE_PATH_WRONG);
    CHECK(add(&lane, &chain[3]) != NULL && add(&lane, &fork_three) != NULL);
    CHECK_INT(lane_path(&lane, &fork_three.head, path, &count, &missing), LANE_PATH_WRONG);
    head = chain[3].head;
    head.sequence = 4; /* the batch has another */
    CHECK_INT(lane_path(&lane, &head, path, &count, &missing), LANE_PATH_WRONG);
    head.sequence = 2 + LANE_BATCHES_PER_CUT_MAX + 1;
    CHECK_INT(lane_path(&lane, &head, path, &count, &missing), LANE_PATH_WRONG);
    head.sequence = UINT64_MAX;
    CHECK_INT(lane_path(&lane, &head, path, &count, &missing), LANE_PATH_WRONG);
    lane_release(&lane);
}

CASE(a_hidden_batch_exists_for_nobody_until_it_is_shown)
{
    struct lane lane = {0};
    struct lane_entry *path[LANE_BATCHES_PER_CUT_MAX];
    struct lane_head missing;
    size_t count;
    struct lane_entry *own = add_as(&lane, &chain[1], true);
    REQUIRE(own);
    CHECK(!lane_tip(&lane) && lane_last(&lane) == own);
    CHECK_INT(lane_path(&lane, &chain[1].head, path, &count, &missing), LANE_PATH_MISSING);
    lane_show(&lane, own);
    CHECK(lane_tip(&lane) == own);
    CHECK_INT(lane_path(&lane, &chain[1].head, path, &count, &missing), LANE_PATH_FOUND);
    lane_release(&lane);
}

struct leavers {
    size_t decided, void_ones;
};

static void count_leaver(void *context, const struct lane_entry *entry, bool decided)
{
    struct leavers *leavers = context;
    CHECK(entry->batch.sequence >= 1);
    decided ? leavers->decided++ : leavers->void_ones++;
}

CASE(deciding_a_head_frees_its_path_and_voids_the_other_branch)
{
    struct lane lane = {0};
    struct leavers leavers = {0};
    for (size_t i = 1; i <= 4; i++)
        CHECK(add(&lane, &chain[i]) != NULL);
    CHECK(add(&lane, &fork_two) != NULL && add(&lane, &fork_three) != NULL);
    lane_decide(&lane, &chain[2].head, count_leaver, &leavers);
    CHECK(leavers.decided == 2 && leavers.void_ones == 2);
    CHECK_INT(lane.count, 2); /* what follows a void batch is void */
    CHECK(!lane_find(&lane, &fork_three.head.id));
    struct lane_entry *tip = lane_tip(&lane);
    CHECK(tip && hash_equal(&tip->batch.id, &chain[4].head.id));
    lane_decide(&lane, &chain[4].head, count_leaver, &leavers);
    CHECK(leavers.decided == 4 && leavers.void_ones == 2);
    CHECK(lane.count == 0 && lane.bytes == 0 && !lane_tip(&lane));
    lane_release(&lane);
}

static struct made branch(uint64_t sequence, int number)
{
    char mark[32];
    (void)snprintf(mark, sizeof(mark), "branch %d", number);
    return make(sequence, sequence == 1 ? &nothing : &chain[sequence - 1].head.id, mark);
}

static void fill(struct lane *lane, uint64_t sequence)
{
    for (int i = 0; lane->count < LANE_BRANCH_MAX; i++) {
        struct made made = branch(sequence, i);
        REQUIRE(add(lane, &made));
        buffer_release(&made.bytes);
    }
}

/* Room for a batch, as for one that has just arrived. */
static bool room_for(struct lane *lane, const struct made *made, struct leavers *leavers)
{
    struct batch batch;
    REQUIRE(batch_decode(buffer_bytes(&made->bytes), &batch, NULL));
    return lane_make_room(lane, &batch, made->bytes.size, count_leaver, leavers);
}

CASE(room_is_made_at_the_far_end_for_what_is_nearer)
{
    struct lane lane = {0};
    struct leavers leavers = {0};
    CHECK(add(&lane, &chain[1]) && add(&lane, &chain[2]) && add(&lane, &chain[4]));
    fill(&lane, 1);
    CHECK(room_for(&lane, &chain[3], &leavers));
    CHECK(leavers.void_ones == 1 && lane.count == LANE_BRANCH_MAX - 1);
    CHECK(!lane_find(&lane, &chain[4].head.id) && lane_find(&lane, &chain[2].head.id));
    CHECK(add(&lane, &chain[3]) && !room_for(&lane, &chain[4], &leavers));
    CHECK(leavers.void_ones == 1);
    lane_release(&lane);
}

CASE(room_is_never_made_by_dropping_our_own)
{
    struct lane lane = {0};
    struct leavers leavers = {0};
    CHECK(add(&lane, &chain[1]) && add(&lane, &chain[2]) && add(&lane, &chain[3]));
    lane_find(&lane, &chain[3].head.id)->tokens = allocate(1, sizeof(uint64_t));
    fill(&lane, 1);
    struct made nearer = branch(1, -1);
    CHECK(room_for(&lane, &nearer, &leavers));
    CHECK(lane_find(&lane, &chain[3].head.id) && !lane_find(&lane, &chain[2].head.id));
    buffer_release(&nearer.bytes);
    lane_release(&lane);
}

CASE(what_a_cut_names_finds_room_and_stays)
{
    struct lane lane = {0};
    struct leavers leavers = {0};
    fill(&lane, 1);
    lane_want(&lane, &chain[3].head);
    for (size_t i = 3; i > 0; i--) {
        CHECK(room_for(&lane, &chain[i], &leavers));
        CHECK(add(&lane, &chain[i]) != NULL);
    }
    CHECK(leavers.void_ones == 3 && lane.count == LANE_BRANCH_MAX);
    CHECK(lane_tip(&lane) == lane_find(&lane, &chain[3].head.id));
    lane_unwant(&lane);
    struct made other = branch(2, 1);
    CHECK(room_for(&lane, &other, &leavers) && !lane_find(&lane, &chain[3].head.id));
    buffer_release(&other.bytes);
    lane_release(&lane);
}

CASE(a_lane_is_bounded_in_batches)
{
    struct lane lane = {0};
    for (int i = 0; i < LANE_KEPT_MAX + 1; i++) {
        struct made made = branch(1, i);
        CHECK((add(&lane, &made) != NULL) == (i < LANE_KEPT_MAX));
        buffer_release(&made.bytes);
    }
    lane_release(&lane);
}

CASE(a_lane_that_is_void_keeps_its_decided_head_alone)
{
    struct lane lane = {0};
    struct leavers leavers = {0};
    CHECK(add(&lane, &chain[1]) && add(&lane, &chain[2]) && add(&lane, &chain[3]));
    lane_decide(&lane, &chain[1].head, count_leaver, &leavers);
    lane_want(&lane, &chain[3].head);
    leavers = (struct leavers){0};
    lane_void(&lane, count_leaver, &leavers);
    CHECK_INT(leavers.void_ones, 2);
    CHECK(lane.count == 0 && lane.bytes == 0 && lane.decided.sequence == 1);
    struct batch wanted;
    REQUIRE(batch_decode(buffer_bytes(&chain[3].bytes), &wanted, NULL));
    CHECK(!lane_wants(&lane, &wanted));
    CHECK(add(&lane, &chain[2]) && lane_tip(&lane)); /* another may be written in its place */
    lane_release(&lane);
}

int main(void)
{
    set_up();
    RUN(batches_connect_in_whatever_order_they_come);
    RUN(repeated_old_and_far_batches_are_not_kept);
    RUN(a_lane_keeps_both_branches_of_a_fork);
    RUN(a_path_names_what_is_missing);
    RUN(a_path_leads_to_the_decided_head_or_is_wrong);
    RUN(a_hidden_batch_exists_for_nobody_until_it_is_shown);
    RUN(deciding_a_head_frees_its_path_and_voids_the_other_branch);
    RUN(room_is_made_at_the_far_end_for_what_is_nearer);
    RUN(room_is_never_made_by_dropping_our_own);
    RUN(what_a_cut_names_finds_room_and_stays);
    RUN(a_lane_is_bounded_in_batches);
    RUN(a_lane_that_is_void_keeps_its_decided_head_alone);
    tear_down();
    return check_report();
}
