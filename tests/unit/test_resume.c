// links: node
// also: sim/disk.c
/* Opening a replica from an image: it is the one that a replay of all gives, and an image that is
 * not of this ledger is refused. */
#include "unit/api_world.h"
#include "unit/image_copy.h"
#include "unit/replica_same.h"

enum { HEIGHTS_MAX = 64 };

struct image {
    uint64_t height, records;
    struct buffer state, place;
};

struct ledger {
    struct world *world;
    struct image images[HEIGHTS_MAX];
    size_t count;
};

static void keep_image(struct ledger *ledger)
{
    const struct replica *replica = ledger->world->replica;
    REQUIRE(ledger->count < HEIGHTS_MAX);
    struct image *image = &ledger->images[ledger->count++];
    image->height = replica_height(replica);
    buffer_init(&image->state, IMAGE_LIMIT);
    buffer_init(&image->place, REPLICA_PLACE_MAX);
    image_of(replica_state(replica), &image->state);
    replica_place(replica, &image->place);
    REQUIRE(!image->place.overflowed);
}

/* The first of them makes a height of its own, the others the next. */
static void submit_earns(struct world *world, int height, int count)
{
    for (int i = 0; i < count; i++) {
        struct transaction t = tx_earn(0, 1 + i);
        struct buffer bytes;
        char key[32];
        snprintf(key, sizeof(key), "k%d-%d", height, i);
        for (uint8_t at = 0; at < MEMBER_REF_SIZE; at++)
            t.body.earn.member.at[at] = at; /* MEMBER */
        t.key = bytes_text(key);
        t.at_ms = state_time_ms(replica_state(world->replica));
        buffer_init(&bytes, TRANSACTION_SIZE_MAX);
        transaction_encode(&t, &bytes);
        REQUIRE(replica_submit(world->replica, buffer_bytes(&bytes), 0, world->now_ms, NULL));
        buffer_release(&bytes);
    }
}

static void ledger_open(struct ledger *ledger, int rounds, int batch)
{
    memset(ledger, 0, sizeof(*ledger));
    struct world *world = ledger->world = world_with_member();
    keep_image(ledger);
    for (int round = 0; round < rounds; round++) {
        uint64_t accepted = state_totals(replica_state(world->replica)).accepted;
        submit_earns(world, round, batch);
        for (int i = 0; i < 4; i++)
            step(world, 20);
        REQUIRE(state_totals(replica_state(world->replica)).accepted == accepted + (uint64_t)batch);
        keep_image(ledger);
    }
}

static void ledger_close(struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++) {
        buffer_release(&ledger->images[i].state);
        buffer_release(&ledger->images[i].place);
    }
    world_close(ledger->world);
}

/* NULL, with the error, when it is refused. */
static struct replica *reopen(struct ledger *ledger, struct bytes state, struct bytes place,
                              struct error *error)
{
    struct world *world = ledger->world;
    struct replica *replica = NULL;
    struct replica_config config = {.charter = world->charter,
                                    .key = world->key,
                                    .store = disk_store(&world->disk),
                                    .nonce = 7,
                                    .place = place};
    if (state.at && !image_read(world->charter, state, &config.image, error))
        return NULL;
    return replica_open(&config, world->now_ms, &replica, error) ? replica : NULL;
}

static void check_every_image(struct ledger *ledger)
{
    struct error error = {0};
    struct replica *replay = reopen(ledger, bytes_of(NULL, 0), bytes_of(NULL, 0), &error);
    REQUIRE(replay != NULL);
    for (size_t i = 0; i < ledger->count; i++) {
        const struct image *image = &ledger->images[i];
        struct replica *replica =
            reopen(ledger, buffer_bytes(&image->state), buffer_bytes(&image->place), &error);
        if (!replica)
            printf("height %llu: %s\n", (unsigned long long)image->height, error.text);
        REQUIRE(replica != NULL);
        const char *differs = replica_differs(replica, replay);
        CHECK_TEXT(differs ? differs : "nothing", "nothing");
        struct replica_status status;
        replica_status(replica, ledger->world->now_ms, &status);
        CHECK_INT(status.resumed_height, image->height);
        CHECK(status.resumed_records > 0 && status.resumed_records <= status.records);
        replica_close(replica);
    }
    replica_close(replay);
}

CASE(from_the_image_of_any_height_it_is_the_replica_that_a_replay_gives)
{
    struct ledger ledger;
    ledger_open(&ledger, 12, 3);
    check_every_image(&ledger);
    ledger_close(&ledger);
}

CASE(also_where_tiles_are_full)
{
    struct ledger ledger;
    ledger_open(&ledger, 10, 127); /* with its two seals about half a tile a round */
    struct replica_status status;
    replica_status(ledger.world->replica, 0, &status);
    CHECK(status.records > 4 * TILE_WIDTH);
    check_every_image(&ledger);
    ledger_close(&ledger);
}

/* Refused with that code and a text that says why. */
static void refused(struct ledger *ledger, struct bytes state, struct bytes place,
                    enum error_code code, const char *why)
{
    struct error error = {0};
    struct replica *replica = reopen(ledger, state, place, &error);
    CHECK(replica == NULL);
    CHECK_INT(error.code, code);
    if (!strstr(error.text, why))
        printf("wanted '%s', saw '%s'\n", why, error.text);
    CHECK(strstr(error.text, why) != NULL);
    replica_close(replica);
}

CASE(a_place_with_a_changed_byte_is_refused)
{
    struct ledger ledger;
    ledger_open(&ledger, 4, 2);
    const struct image *image = &ledger.images[ledger.count - 1];
    for (size_t i = 0; i < image->place.size; i++) {
        image->place.at[i] ^= 1;
        refused(&ledger, buffer_bytes(&image->state), buffer_bytes(&image->place), ERROR_CORRUPT,
                "damaged");
        image->place.at[i] ^= 1;
    }
    for (size_t size = 0; size < image->place.size; size += 7)
        refused(&ledger, buffer_bytes(&image->state), bytes_of(image->place.at, size),
                ERROR_CORRUPT, "damaged");
    ledger_close(&ledger);
}

/* Changes a byte and makes the hash fit: what is wrong must be seen by what the store holds. */
static void lie(struct ledger *ledger, const struct image *image, size_t at)
{
    struct error error = {0};
    struct buffer place;
    buffer_init(&place, REPLICA_PLACE_MAX);
    buffer_append(&place, buffer_bytes(&image->place));
    place.at[at] ^= 1;
    image_seal(place.at, place.size);
    struct replica *replica =
        reopen(ledger, buffer_bytes(&image->state), buffer_bytes(&place), &error);
    /* Of all that a place says only these stand nowhere else. */
    if (replica) {
        struct replica *replay = reopen(ledger, bytes_of(NULL, 0), bytes_of(NULL, 0), &error);
        const char *differs = replica_differs(replica, replay);
        CHECK(differs == NULL || strcmp(differs, "a lane") == 0 ||
              strcmp(differs, "when a snapshot is due") == 0);
        replica_close(replay);
    }
    replica_close(replica);
    buffer_release(&place);
}

CASE(a_place_that_contradicts_the_store_is_refused)
{
    struct ledger ledger;
    ledger_open(&ledger, 5, 2);
    const struct image *image = &ledger.images[ledger.count - 1];
    for (size_t i = 0; i + HASH_SIZE < image->place.size; i++)
        lie(&ledger, image, i);
    ledger_close(&ledger);
}

CASE(an_image_of_another_ledger_or_height_is_refused)
{
    struct ledger ledger, other;
    ledger_open(&ledger, 5, 2);
    ledger_open(&other, 7, 3);
    const struct image *own = &ledger.images[4], *foreign = &other.images[4];
    refused(&ledger, buffer_bytes(&foreign->state), buffer_bytes(&foreign->place), ERROR_CONFLICT,
            "another cut was decided");
    refused(&ledger, buffer_bytes(&foreign->state), buffer_bytes(&own->place),
            foreign->height == own->height ? ERROR_CONFLICT : ERROR_CORRUPT, "");
    refused(&ledger, buffer_bytes(&ledger.images[3].state), buffer_bytes(&own->place),
            ERROR_CORRUPT, "another height");
    const struct image *beyond = &other.images[other.count - 1];
    REQUIRE(beyond->height > replica_height(ledger.world->replica));
    refused(&ledger, buffer_bytes(&beyond->state), buffer_bytes(&beyond->place), ERROR_CONFLICT,
            "does not hold its height");
    ledger_close(&ledger);
    ledger_close(&other);
}

/* A changed outcome under the tree's open end: the image does not hide it, the replay names it. */
CASE(a_damaged_record_near_the_end_is_still_found)
{
    struct ledger ledger;
    struct error error = {0};
    ledger_open(&ledger, 5, 2);
    const struct image *image = &ledger.images[ledger.count - 1];
    struct disk *disk = &ledger.world->disk;
    size_t last = 0;
    for (size_t i = 0; i < disk->count; i++)
        if (disk->entries[i].key.at[0] == 'O')
            last = i;
    REQUIRE(last > 0);
    struct bytes value = disk->entries[last - 1].value;
    ((uint8_t *)(uintptr_t)value.at)[value.size - 1] ^= 1;
    CHECK(reopen(&ledger, buffer_bytes(&image->state), buffer_bytes(&image->place), &error) ==
          NULL);
    refused(&ledger, bytes_of(NULL, 0), bytes_of(NULL, 0), ERROR_CORRUPT, "outcomes from record");
    ledger_close(&ledger);
}

int main(void)
{
    RUN(from_the_image_of_any_height_it_is_the_replica_that_a_replay_gives);
    RUN(also_where_tiles_are_full);
    RUN(a_place_with_a_changed_byte_is_refused);
    RUN(a_place_that_contradicts_the_store_is_refused);
    RUN(an_image_of_another_ledger_or_height_is_refused);
    RUN(a_damaged_record_near_the_end_is_still_found);
    return check_report();
}
