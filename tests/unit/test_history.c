// links: node
// also: sim/disk.c
/* A member's history as the chain of links gives it, against every record read one after the other;
 * and chains that were damaged. A seed given as argument is played alone. */
#include "node/replica_parts.h"
#include "unit/api_world.h"

enum { PLAYED_MEMBERS = 7, PLAYED = 400, RECORDS_MAX = 16384, SEEDS = 12 };

static uint64_t first_seed = 1, last_seed = SEEDS;
static uint64_t submitted; /* makes keys */

static uint64_t draw(uint64_t *seed, uint64_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % below;
}

static void submit(struct world *world, struct transaction t)
{
    char key[32];
    struct buffer bytes;
    struct error error = {0};
    snprintf(key, sizeof(key), "key-%llu", (unsigned long long)submitted++);
    t.key = bytes_text(key);
    t.at_ms = replica_ledger_now_ms(world->replica, world->now_ms);
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(&t, &bytes);
    if (!replica_submit(world->replica, buffer_bytes(&bytes), 0, world->now_ms, &error))
        printf("%s\n", error.text);
    CHECK_INT(error.code, ERROR_NONE);
    buffer_release(&bytes);
}

static void decide(struct world *world)
{
    for (int i = 0; i < 8; i++)
        step(world, 20);
}

static uint64_t record_count(const struct world *world)
{
    struct replica_status status;
    replica_status(world->replica, world->now_ms, &status);
    return status.records;
}

/* ---- what every record says --------------------------------------------------------------------
 */

struct reader {
    const struct state *state;
    bool enrolled[PLAYED_MEMBERS];
    uint64_t *histories[PLAYED_MEMBERS]; /* oldest first */
    size_t counts[PLAYED_MEMBERS];
    size_t of_many; /* records that touch more than are linked */
    struct record_index holds[RECORDS_MAX], earns[RECORDS_MAX];
    size_t hold_count, earn_count;
};

static void add(size_t *members, size_t *count, const struct member_ref *ref)
{
    for (size_t m = 0; m < PLAYED_MEMBERS; m++) {
        struct member_ref known = member_number((uint32_t)m);
        if (!member_equal(&known, ref))
            continue;
        for (size_t i = 0; i < *count; i++)
            if (members[i] == m)
                return;
        members[(*count)++] = m;
    }
}

static void add_named(const struct reader *reader, const struct transaction *t, size_t *members,
                      size_t *count)
{
    struct hold_view hold;
    struct record_index of_hold = {UINT64_MAX};
    if (t->type == TRANSACTION_ENROL)
        add(members, count, &t->body.enrol.member);
    if (t->type == TRANSACTION_EARN)
        add(members, count, &t->body.earn.member);
    if (t->type == TRANSACTION_REDEEM)
        add(members, count, &t->body.redeem.member);
    if (t->type == TRANSACTION_HOLD)
        add(members, count, &t->body.hold.member);
    if (t->type == TRANSACTION_ADJUST)
        add(members, count, &t->body.adjust.member);
    if (t->type == TRANSACTION_TRANSFER) {
        add(members, count, &t->body.transfer.from);
        add(members, count, &t->body.transfer.to);
    }
    if (t->type == TRANSACTION_COMMIT)
        of_hold = t->body.commit.hold;
    if (t->type == TRANSACTION_RELEASE)
        of_hold = t->body.release.hold;
    if (state_hold(reader->state, of_hold, &hold))
        add(members, count, &hold.member);
}

static bool read_one(void *visitor, uint64_t index, struct bytes bytes)
{
    struct reader *reader = visitor;
    struct record record;
    struct transaction t;
    struct effect_reader effects;
    struct effect effect;
    struct lot_view lot;
    size_t members[PLAYED_MEMBERS], count = 0, linked = 0;
    REQUIRE(record_decode(bytes, &record, NULL));
    if (record.kind == RECORD_KIND_SEAL)
        return true;
    REQUIRE(transaction_decode(record.transaction, &t, NULL));
    bool accepted = record.outcome.verdict == VERDICT_ACCEPTED;
    add_named(reader, &t, members, &count);
    if (t.type == TRANSACTION_ENROL && accepted)
        reader->enrolled[members[0]] = true;
    if (t.type == TRANSACTION_HOLD && accepted)
        reader->holds[reader->hold_count++].v = index;
    if (t.type == TRANSACTION_EARN && accepted)
        reader->earns[reader->earn_count++].v = index;
    REQUIRE(effect_reader_init(&effects, record.outcome.effects));
    while (effect_next(&effects, &effect))
        if ((effect.kind == EFFECT_LOT || effect.kind == EFFECT_MOVE) &&
            state_lot(reader->state, effect.lot, &lot))
            add(members, &count, &lot.member);
    reader->of_many += count > LINKS_MAX;
    for (size_t i = 0; i < count && linked < LINKS_MAX; i++)
        if (reader->enrolled[members[i]]) {
            reader->histories[members[i]][reader->counts[members[i]]++] = index;
            linked++;
        }
    return true;
}

static struct reader *read_all(struct world *world)
{
    struct reader *reader = allocate(1, sizeof(*reader));
    struct error error = {0};
    uint64_t count = record_count(world);
    REQUIRE(count <= RECORDS_MAX);
    reader->state = replica_state(world->replica);
    for (size_t m = 0; m < PLAYED_MEMBERS; m++)
        reader->histories[m] = allocate(RECORDS_MAX, sizeof(uint64_t));
    CHECK(replica_records(world->replica, 0, count, read_one, reader, &error));
    return reader;
}

static void reader_close(struct reader *reader)
{
    for (size_t m = 0; m < PLAYED_MEMBERS; m++)
        free(reader->histories[m]);
    free(reader);
}

/* ---- pages -------------------------------------------------------------------------------------
 */

/* Pages of `size` from `before` on give what the records said, newest first, and end there. */
static void check_pages(struct world *world, const struct reader *reader, size_t member,
                        uint64_t before, size_t size)
{
    struct member_ref ref = member_number((uint32_t)member);
    uint64_t page[64];
    size_t left = reader->counts[member], count = 1;
    REQUIRE(size <= ARRAY_SIZE(page));
    while (left > 0 && reader->histories[member][left - 1] >= before)
        left--;
    while (count > 0) {
        struct error error = {0};
        bool good =
            replica_member_records(world->replica, &ref, before, size, page, &count, &error);
        if (!good)
            printf("%s\n", error.text);
        REQUIRE(good);
        CHECK_INT(count, left < size ? left : size);
        for (size_t i = 0; i < count; i++)
            CHECK_INT(page[i], reader->histories[member][--left]);
        before = count > 0 ? page[count - 1] : before;
    }
    CHECK_INT(left, 0);
}

static void check_histories(struct world *world, uint64_t *seed)
{
    static const size_t sizes[] = {1, 2, 7, 64};
    struct reader *reader = read_all(world);
    for (size_t m = 0; m < PLAYED_MEMBERS; m++) {
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
            check_pages(world, reader, m, UINT64_MAX, sizes[i]);
        for (int i = 0; i < 20; i++)
            check_pages(world, reader, m, draw(seed, record_count(world) + 2), 3);
        check_pages(world, reader, m, 0, 1);
    }
    reader_close(reader);
}

/* ---- a play ------------------------------------------------------------------------------------
 */

static struct record_index one_of(const struct record_index *records, size_t count, uint64_t *seed)
{
    return count > 0 ? records[draw(seed, count)] : (struct record_index){0};
}

static struct transaction any_transaction(const struct reader *known, uint64_t *seed)
{
    uint32_t member = (uint32_t)draw(seed, PLAYED_MEMBERS);
    int64_t points = 1 + (int64_t)draw(seed, 60);
    switch (draw(seed, 12)) {
    case 0:
        return tx_enrol(member);
    case 1:
        return tx_redeem(member, points);
    case 2:
        return tx_hold(member, points, 60000);
    case 3:
        return tx_commit(one_of(known->holds, known->hold_count, seed), 0);
    case 4:
        return tx_release(one_of(known->holds, known->hold_count, seed));
    case 5:
        return tx_refund(one_of(known->earns, known->earn_count, seed), (uint64_t)points);
    case 6:
        return tx_transfer(member, (uint32_t)draw(seed, PLAYED_MEMBERS), points);
    case 7:
        return tx_adjust(member, 2 * points - 61);
    case 8:
        return tx_activate(one_of(known->earns, known->earn_count, seed));
    default:
        return tx_earn(member, 3 * points);
    }
}

/* Lots of all members end and are booked at once: one record that touches more than it links to. */
static void expire_all(struct world *world)
{
    for (uint32_t m = 0; m < PLAYED_MEMBERS; m++) {
        struct transaction earn = tx_earn(m, 50);
        submit(world, tx_enrol(m));
        earn.body.earn.lots[0].expires_ms =
            replica_ledger_now_ms(world->replica, world->now_ms) + 3600000;
        submit(world, earn);
    }
    submit(world, tx_clock(7200000));
    decide(world);
    submit(world, tx_earn(0, 1)); /* a cut, in which time passes */
    decide(world);
    struct transaction expire = tx_expire(1);
    expire.body.expire.lot_count =
        (uint8_t)state_lots_to_expire(replica_state(world->replica), (struct partner_id){0},
                                      expire.body.expire.lots, EXPIRE_LOTS_MAX);
    CHECK(expire.body.expire.lot_count > LINKS_MAX);
    submit(world, expire);
    decide(world);
}

static struct world *played_world(uint64_t seed)
{
    struct world *world = world_open();
    for (int i = 0; i < PLAYED;) {
        struct reader *known = read_all(world);
        for (uint64_t more = 1 + draw(&seed, 40); more > 0; more--, i++)
            submit(world, any_transaction(known, &seed));
        reader_close(known);
        decide(world);
    }
    expire_all(world);
    return world;
}

CASE(a_history_is_what_the_records_say)
{
    for (uint64_t seed = first_seed; seed <= last_seed; seed++) {
        int before = check_failed_count;
        uint64_t random = seed;
        struct world *world = played_world(seed);
        struct reader *reader = read_all(world);
        CHECK(reader->of_many > 0);
        for (size_t m = 0; m < PLAYED_MEMBERS; m++)
            CHECK(reader->counts[m] > 10);
        reader_close(reader);
        check_histories(world, &random);
        world_close(world);
        if (check_failed_count != before)
            printf("seed %llu\n", (unsigned long long)seed);
    }
}

CASE(who_is_not_enrolled_has_no_history)
{
    struct world *world = world_open();
    struct member_ref ref = member_number(3);
    uint64_t page[4];
    size_t count = 9;
    submit(world, tx_earn(3, 10));
    decide(world);
    CHECK(replica_member_records(world->replica, &ref, UINT64_MAX, 4, page, &count, NULL));
    CHECK_INT(count, 0);
    submit(world, tx_enrol(3));
    decide(world);
    CHECK(replica_member_records(world->replica, &ref, UINT64_MAX, 4, page, &count, NULL));
    CHECK_INT(count, 1); /* the enrolment, and not what was refused before */
    world_close(world);
}

CASE(what_is_not_durable_is_passed_over)
{
    struct world *world = world_open();
    uint64_t seed = 1, executed = 0;
    for (uint32_t m = 0; m < 3; m++)
        submit(world, tx_enrol(m));
    decide(world);
    world->held = true;
    for (int i = 0; i < 6; i++) {
        submit(world, tx_earn((uint32_t)i % 3, 10));
        step(world, 20);
        while (world->held_count > 0 && executed == 0) {
            /* Until a height is executed whose group is held. */
            uint64_t write = world->held_writes[--world->held_count];
            replica_on_durable(world->replica, write, world->now_ms);
            step(world, 20);
            executed = world->replica->height > world->replica->shown.height;
        }
    }
    CHECK(executed);
    struct reader *reader = read_all(world);
    for (size_t m = 0; m < 3; m++) {
        struct member_ref ref = member_number((uint32_t)m);
        struct record_index last;
        uint64_t number;
        CHECK(state_last_record(replica_state(world->replica), &ref, &number, &last));
        executed += last.v >= record_count(world);
        check_pages(world, reader, m, UINT64_MAX, 2);
    }
    CHECK(executed > 1);
    reader_close(reader);
    release_writes(world);
    decide(world);
    check_histories(world, &seed);
    world_close(world);
}

/* ---- cursors that nobody gave ------------------------------------------------------------------
 */

CASE(a_cursor_of_ones_own_costs_a_bounded_walk)
{
    struct world *world = world_open();
    struct member_ref ref = member_number(0);
    uint64_t page[4], own = 0;
    size_t count = 0;
    struct error error = {0};
    submit(world, tx_enrol(1));
    submit(world, tx_enrol(0));
    submit(world, tx_earn(0, 1));
    submit(world, tx_earn(1, 1));
    decide(world);
    REQUIRE(replica_member_records(world->replica, &ref, UINT64_MAX, 1, &own, &count, &error));
    for (int i = 0; i < MEMBER_SKIP_MAX + 1; i++)
        submit(world, tx_earn(0, 1));
    decide(world);
    CHECK(!replica_member_records(world->replica, &ref, own + 1, 4, page, &count, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    CHECK(replica_member_records(world->replica, &ref, own, 4, page, &count, &error));
    CHECK_INT(count, 1);
    char target[160], hex[2 * MEMBER_REF_SIZE + 1];
    hex_encode(bytes_of(ref.at, MEMBER_REF_SIZE), hex);
    snprintf(target, sizeof(target), "/v1/members/%s/transactions?cursor=%llu", hex,
             (unsigned long long)own + 1);
    CHECK_INT(get(world, target, "till"), 400);
    snprintf(target, sizeof(target), "/v1/members/%s/transactions?cursor=%llu", hex,
             (unsigned long long)own);
    CHECK_INT(get(world, target, "till"), 200);
    world_close(world);
}

/* What time alone brought is on the ledger as a hash only; who disputes it needs the whole. */
CASE(the_automatic_effects_of_a_seal_are_kept_beside_it)
{
    struct world *world = world_with_member();
    CHECK_INT(till(world, "/v1/earn", "e1",
                   "{\"member\":\"" MEMBER
                   "\",\"points\":50,\"activates\":\"2017-01-05T00:00:00Z\"}"),
              200);
    uint64_t earn = (uint64_t)number_of(world, NULL, "index");
    CHECK_INT(ask(world, "POST", "/v1/clock", "admin", "c1", "{\"advance_ms\":864000000}"), 200);
    CHECK_INT(till(world, "/v1/redeem", "r1", "{\"member\":\"" MEMBER "\",\"points\":1}"), 200);
    struct buffer bytes, effects;
    struct error error;
    size_t kept = 0;
    buffer_init(&bytes, RECORD_SIZE_MAX);
    buffer_init(&effects, DISPUTE_EVIDENCE_MAX);
    for (uint64_t i = 0; i < record_count(world); i++) {
        struct record record;
        buffer_clear(&bytes);
        buffer_clear(&effects);
        REQUIRE(replica_record(world->replica, i, &bytes, NULL));
        REQUIRE(record_decode(buffer_bytes(&bytes), &record, NULL));
        if (!replica_automatic(world->replica, i, &effects, &error)) {
            CHECK_INT(error.code, ERROR_NOT_FOUND);
            continue;
        }
        struct hash hash = hash_bytes(buffer_bytes(&effects));
        CHECK(i > earn);
        CHECK(record.kind == RECORD_KIND_SEAL);
        CHECK(hash_equal(&hash, &record.automatic));
        kept++;
    }
    CHECK_INT(kept, 1);
    CHECK(!replica_automatic(world->replica, record_count(world), &effects, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    buffer_release(&bytes);
    buffer_release(&effects);
    world_close(world);
}

/* ---- damage ------------------------------------------------------------------------------------
 */

static uint8_t *entry_of(struct world *world, uint64_t index, uint64_t *first_out)
{
    for (size_t i = 0; i < world->disk.count; i++) {
        struct stored_block block;
        struct bytes key = world->disk.entries[i].key, entry;
        if (key.at[0] != 'O' || !stored_block_decode(world->disk.entries[i].value, &block, NULL) ||
            block.is_seal)
            continue;
        uint64_t first = get_u64be(key.at + 1);
        if (index < first || index - first >= block.count)
            continue;
        *first_out = first;
        for (uint64_t j = first; j <= index; j++)
            REQUIRE(stored_entry_next(&block.entries, &entry));
        return (uint8_t *)(uintptr_t)entry.at;
    }
    REQUIRE(!"the record has an entry");
    return NULL;
}

/* Members 0 and 1 in turn: 0 enrol, 1 enrol, then earns, all in one batch. */
static struct world *world_of_two(void)
{
    struct world *world = world_open();
    submit(world, tx_enrol(0));
    submit(world, tx_enrol(1));
    for (uint32_t i = 0; i < 8; i++)
        submit(world, tx_earn(i % 2, 5));
    decide(world);
    return world;
}

static void found_at_start(struct world *world, uint64_t first)
{
    struct replica_config config = {.charter = world->charter,
                                    .key = world->key,
                                    .store = disk_store(&world->disk),
                                    .nonce = 7};
    struct replica *replica = NULL;
    struct error error = {0};
    char place[64];
    snprintf(place, sizeof(place), "outcomes from record %llu on", (unsigned long long)first);
    CHECK(!replica_open(&config, world->now_ms, &replica, &error));
    CHECK_INT(error.code, ERROR_CORRUPT);
    if (!strstr(error.text, place))
        printf("%s\n", error.text);
    CHECK(strstr(error.text, place) != NULL);
}

/* The byte `at` of the links of member 0's record before the last becomes `byte`. */
static void check_damage(size_t at, uint8_t byte, bool reads)
{
    struct world *world = world_of_two();
    struct member_ref ref = member_number(0);
    uint64_t page[16], first = 0;
    size_t count = 0;
    struct error error = {0};
    REQUIRE(replica_member_records(world->replica, &ref, UINT64_MAX, 16, page, &count, &error));
    CHECK_INT(count, 5);
    uint8_t *links = entry_of(world, page[1], &first);
    static const uint8_t right[] = {0x82, 0x00, 0x02}; /* member 0, two records back */
    CHECK(memcmp(links, right, sizeof(right)) == 0 && links[at] != byte);
    links[at] = byte;
    bool good = replica_member_records(world->replica, &ref, UINT64_MAX, 16, page, &count, &error);
    CHECK(good == reads);
    if (!good)
        CHECK_INT(error.code, ERROR_CORRUPT);
    found_at_start(world, first);
    world_close(world);
}

CASE(a_damaged_link_is_found_when_it_is_followed_and_at_the_start)
{
    check_damage(0, 0x81, false); /* half a link */
    check_damage(0, 0x8a, false); /* five links */
    check_damage(0, 0x42, false); /* no list */
    check_damage(1, 0x01, false); /* another member's */
    check_damage(1, 0x17, false); /* nobody's */
    check_damage(2, 0x01, false); /* to a record of another member */
    check_damage(2, 0x17, false); /* before the first record */
    check_damage(2, 0x20, false); /* forwards */
    check_damage(2, 0x00, true);  /* the end: shorter, and found by the start alone */
    check_damage(2, 0x04, true);  /* one left out */
}

CASE(a_link_to_a_seal_is_found)
{
    struct world *world = world_of_two();
    struct member_ref ref = member_number(0);
    uint64_t page[16], first = 0;
    size_t count = 0;
    struct error error = {0};
    submit(world, tx_earn(0, 5));
    decide(world);
    REQUIRE(replica_member_records(world->replica, &ref, UINT64_MAX, 16, page, &count, &error));
    uint8_t *links = entry_of(world, page[0], &first);
    CHECK_INT(links[2], page[0] - page[1]);
    links[2] = 1;
    CHECK(!replica_member_records(world->replica, &ref, UINT64_MAX, 16, page, &count, &error));
    CHECK_INT(error.code, ERROR_CORRUPT);
    found_at_start(world, first);
    world_close(world);
}

CASE(any_damage_of_an_entry_ends_in_an_answer)
{
    uint64_t seed = first_seed;
    for (int i = 0; i < check_share(300); i++) {
        struct world *world = world_of_two();
        struct member_ref ref = member_number((uint32_t)draw(&seed, 2));
        uint64_t page[16], first = 0;
        size_t count = 0;
        struct error error = {0};
        struct buffer record;
        buffer_init(&record, RECORD_SIZE_MAX);
        uint64_t index = record_count(world) - 2 - draw(&seed, 8);
        uint8_t *entry = entry_of(world, index, &first);
        entry[draw(&seed, 8)] ^= (uint8_t)(1 + draw(&seed, 255));
        if (!replica_member_records(world->replica, &ref, UINT64_MAX, 16, page, &count, &error))
            CHECK_INT(error.code, ERROR_CORRUPT);
        if (replica_record(world->replica, index, &record, &error)) {
            struct record decoded;
            CHECK(record_decode(buffer_bytes(&record), &decoded, NULL));
        }
        found_at_start(world, first);
        buffer_release(&record);
        world_close(world);
    }
}

/* ---- the tree ----------------------------------------------------------------------------- */

struct leaves {
    struct merkle tree;
    struct hash roots[RECORDS_MAX]; /* of the first n records */
};

static void keep_no_tile(void *context, uint32_t level, uint64_t index,
                         const struct hash tile[TILE_WIDTH])
{
    (void)context;
    (void)level;
    (void)index;
    (void)tile;
}

static bool read_leaf(void *visitor, uint64_t index, struct bytes record)
{
    struct leaves *leaves = visitor;
    struct hash leaf = merkle_leaf(record);
    REQUIRE(leaves->tree.size == index && index + 1 < RECORDS_MAX);
    merkle_append(&leaves->tree, &leaf, keep_no_tile, NULL);
    leaves->roots[index + 1] = merkle_root(&leaves->tree);
    return true;
}

/* Across the end of a tile, whose hashes are in the store only. */
CASE(each_size_is_proved_to_be_the_beginning_of_each_later_one)
{
    struct world *world = world_open();
    struct leaves *leaves = (struct leaves *)allocate(1, sizeof(*leaves));
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    struct error error = {0};
    size_t count = 0;
    for (uint32_t m = 0; m < 3; m++)
        submit(world, tx_enrol(m));
    for (int i = 0; i < 300; i++)
        submit(world, tx_earn((uint32_t)i % 3, 10));
    decide(world);
    uint64_t size = record_count(world);
    REQUIRE(size > TILE_WIDTH + 20);
    merkle_init(&leaves->tree);
    REQUIRE(replica_records(world->replica, 0, size, read_leaf, leaves, &error));
    for (uint64_t old = 1; old <= size; old++)
        for (uint64_t at = size - size % 7; at <= size; at++) {
            if (old > at)
                continue;
            REQUIRE(replica_prove_consistency(world->replica, old, at, proof, &count, &error));
            CHECK(merkle_verify_consistency(old, at, &leaves->roots[old], &leaves->roots[at], proof,
                                            count));
        }
    CHECK(!replica_prove_consistency(world->replica, 0, size, proof, &count, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    CHECK(!replica_prove_consistency(world->replica, 9, 8, proof, &count, &error));
    CHECK(!replica_prove_consistency(world->replica, 9, size + 1, proof, &count, &error));
    free(leaves);
    world_close(world);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        first_seed = last_seed = strtoull(argv[1], NULL, 10);
    RUN(a_history_is_what_the_records_say);
    RUN(who_is_not_enrolled_has_no_history);
    RUN(what_is_not_durable_is_passed_over);
    RUN(a_cursor_of_ones_own_costs_a_bounded_walk);
    RUN(the_automatic_effects_of_a_seal_are_kept_beside_it);
    RUN(a_damaged_link_is_found_when_it_is_followed_and_at_the_start);
    RUN(a_link_to_a_seal_is_found);
    RUN(any_damage_of_an_entry_ends_in_an_answer);
    RUN(each_size_is_proved_to_be_the_beginning_of_each_later_one);
    return check_report();
}
