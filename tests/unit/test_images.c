// links: node
// also: sim/disk.c
/* When images of a running node are made, and which one a start goes on from. */
#include "node/images.h"
#include "node/store_gaps.h"
#include "unit/api_world.h"
#include "unit/replica_same.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

enum { EVERY = 6, WAIT_ROUNDS = 6000 /* of 10 ms */ };

struct place {
    char folder[64];
    struct world *world;
    struct images *images;
    int submitted;
};

static struct images *images_of(const char *folder, uint64_t every)
{
    struct images *images = allocate(1, sizeof(*images));
    REQUIRE(images_init(images, folder, every, NULL));
    images->snapshot.disk_left = 0;
    return images;
}

static void images_close(struct images *images)
{
    images_release(images);
    free(images);
}

static void place_open(struct place *place)
{
    memset(place, 0, sizeof(*place));
    snprintf(place->folder, sizeof(place->folder), "/tmp/accrue-images-XXXXXX");
    REQUIRE(mkdtemp(place->folder) != NULL);
    place->world = world_with_member();
    place->images = images_of(place->folder, EVERY);
}

static void place_close(struct place *place)
{
    char path[400];
    images_close(place->images);
    DIR *folder = opendir(place->folder);
    REQUIRE(folder != NULL);
    for (struct dirent *file = readdir(folder); file; file = readdir(folder)) {
        snprintf(path, sizeof(path), "%s/%s", place->folder, file->d_name);
        if (file->d_name[0] != '.')
            REQUIRE(unlink(path) == 0);
    }
    closedir(folder);
    CHECK(rmdir(place->folder) == 0);
    world_close(place->world);
}

/* One height of two records each. */
static void go_on(struct place *place, int heights)
{
    for (int i = 0; i < heights; i++) {
        char key[32];
        snprintf(key, sizeof(key), "e%d", place->submitted++);
        CHECK_INT(till(place->world, "/v1/earn", key, "{\"member\":\"" MEMBER "\",\"points\":5}"),
                  200);
    }
}

/* As if nothing had come for a while. */
static void be_quiet(struct place *place)
{
    place->images->looked_ms = 0;
    place->images->looked_records = replica_record_count(place->world->replica);
}

static void wait_for_child(struct images *images, struct replica *replica)
{
    struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    for (int i = 0; i < WAIT_ROUNDS && images->snapshot.child != 0; i++) {
        nanosleep(&moment, NULL);
        images_step(images, replica);
    }
    REQUIRE(images->snapshot.child == 0);
}

static struct replica *start(struct place *place, uint64_t every, uint64_t *resumed_out,
                             struct error *error)
{
    struct world *world = place->world;
    struct replica *replica = NULL;
    struct images *images = images_of(place->folder, every);
    struct replica_config config = {.charter = world->charter,
                                    .key = world->key,
                                    .store = disk_store(&world->disk),
                                    .nonce = 7};
    if (!images_open_replica(images, &config, world->now_ms, &replica, error))
        replica = NULL;
    *resumed_out = images->resumed;
    images_close(images);
    return replica;
}

static uint64_t resumes_from(struct place *place, uint64_t every)
{
    struct error error = {0};
    uint64_t resumed = 0, ignored;
    struct replica *replica = start(place, every, &resumed, &error);
    struct replica *replay = start(place, 0, &ignored, &error);
    REQUIRE(replica && replay);
    CHECK_INT(ignored, 0);
    CHECK(replica_differs(replica, replay) == NULL);
    replica_close(replica);
    replica_close(replay);
    return resumed;
}

/* Two images, of the heights given. */
static void make_two(struct place *place, uint64_t heights_out[2])
{
    for (size_t i = 0; i < 2; i++) {
        go_on(place, EVERY);
        place->images->took_ms = 0;
        be_quiet(place);
        images_step(place->images, place->world->replica);
        wait_for_child(place->images, place->world->replica);
        heights_out[i] = place->images->height;
    }
    CHECK(heights_out[0] > 0 && heights_out[0] < heights_out[1]);
    CHECK_INT(place->images->written, 2);
}

static void damage(const struct place *place, uint64_t height)
{
    char path[200];
    snprintf(path, sizeof(path), "%s/state-%llu.image", place->folder, (unsigned long long)height);
    FILE *file = fopen(path, "r+");
    REQUIRE(file && fseek(file, 500, SEEK_SET) == 0);
    int byte = fgetc(file);
    REQUIRE(fseek(file, 500, SEEK_SET) == 0 && fputc(byte ^ 1, file) != EOF && fclose(file) == 0);
}

CASE(one_is_made_when_so_many_records_have_come_and_the_last_has_rested)
{
    struct place place;
    place_open(&place);
    struct replica *replica = place.world->replica;
    images_step(place.images, replica);
    CHECK_INT(place.images->snapshot.child, 0); /* too few */
    go_on(&place, EVERY);
    be_quiet(&place);
    images_step(place.images, replica);
    CHECK(place.images->snapshot.child != 0);
    wait_for_child(place.images, replica);
    CHECK_INT(place.images->written, 1);
    CHECK_INT(place.images->failed, 0);
    CHECK(place.images->records >= EVERY);
    go_on(&place, EVERY);
    place.images->took_ms = 1000 * 1000; /* then fifty times as long nothing is begun */
    be_quiet(&place);
    images_step(place.images, replica);
    CHECK_INT(place.images->snapshot.child, 0);
    place.images->took_ms = 0;
    images_step(place.images, replica);
    CHECK(place.images->snapshot.child != 0);
    wait_for_child(place.images, replica);
    CHECK_INT(place.images->written, 2);
    place_close(&place);
}

CASE(one_that_is_due_waits_for_a_quiet_moment_until_it_is_overdue)
{
    struct place place;
    place_open(&place);
    struct replica *replica = place.world->replica;
    go_on(&place, EVERY);
    images_step(place.images, replica); /* records came just now */
    CHECK_INT(place.images->snapshot.child, 0);
    go_on(&place, EVERY); /* two records a height */
    images_step(place.images, replica);
    CHECK_INT(place.images->snapshot.child, 0);
    while (replica_record_count(replica) < place.images->overdue)
        go_on(&place, 1);
    images_step(place.images, replica);
    CHECK(place.images->snapshot.child != 0);
    wait_for_child(place.images, replica);
    CHECK_INT(place.images->written, 1);
    place_close(&place);
}

CASE(a_stop_makes_one_that_is_worth_it_and_waits_for_it)
{
    struct place place;
    place_open(&place);
    struct replica *replica = place.world->replica;
    CHECK(images_last(place.images, replica)); /* too few records */
    go_on(&place, EVERY);
    place.images->took_ms = 1000 * 1000; /* it does not wait for a rest */
    CHECK(!images_last(place.images, replica));
    go_on(&place, EVERY);
    struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    bool ended = false;
    for (int i = 0; i < WAIT_ROUNDS && !ended; i++) {
        nanosleep(&moment, NULL);
        ended = images_last(place.images, replica); /* one, whatever came meanwhile */
    }
    CHECK(ended);
    CHECK_INT(place.images->written, 1);
    place_close(&place);
}

CASE(one_that_fails_is_counted_and_not_tried_again_at_once)
{
    struct place place;
    place_open(&place);
    struct replica *replica = place.world->replica;
    place.images->snapshot.disk_left = UINT64_MAX;
    go_on(&place, EVERY);
    be_quiet(&place);
    images_step(place.images, replica);
    wait_for_child(place.images, replica);
    CHECK_INT(place.images->failed, 1);
    CHECK_INT(place.images->written, 0);
    place.images->took_ms = 0;
    be_quiet(&place);
    images_step(place.images, replica);
    CHECK_INT(place.images->snapshot.child, 0);
    place.images->snapshot.disk_left = 0;
    go_on(&place, EVERY);
    be_quiet(&place);
    images_step(place.images, replica);
    wait_for_child(place.images, replica);
    CHECK_INT(place.images->written, 1);
    place_close(&place);
}

CASE(a_start_takes_the_newest_that_fits)
{
    struct place place;
    uint64_t heights[2];
    place_open(&place);
    CHECK_INT(resumes_from(&place, EVERY), 0);
    make_two(&place, heights);
    go_on(&place, 2);
    CHECK_INT(resumes_from(&place, EVERY), heights[1]);
    damage(&place, heights[1]);
    CHECK_INT(resumes_from(&place, EVERY), heights[0]);
    damage(&place, heights[0]);
    CHECK_INT(resumes_from(&place, EVERY), 0);
    place_close(&place);
}

CASE(with_images_switched_off_none_is_made_and_none_is_read)
{
    struct place place;
    uint64_t heights[2];
    place_open(&place);
    make_two(&place, heights);
    place.images->every = 0;
    go_on(&place, EVERY);
    images_step(place.images, place.world->replica);
    CHECK_INT(place.images->snapshot.child, 0);
    CHECK(images_last(place.images, place.world->replica));
    CHECK_INT(resumes_from(&place, 0), 0);
    place_close(&place);
}

/* Pruned with an image there: the configuration must not be what keeps the node from starting. */
CASE(a_pruned_store_goes_on_from_its_image_with_images_switched_off)
{
    struct place place;
    uint64_t heights[2], resumed = 0;
    struct store_group group;
    struct error error = {0};
    place_open(&place);
    make_two(&place, heights);
    go_on(&place, 2);
    struct replica *replay = start(&place, 0, &resumed, &error);
    REQUIRE(replay && resumed == 0);
    store_group_init(&group);
    store_put_pruned(&group, &(struct store_pruned){.height = heights[0] - 1, .records = 2});
    disk_write(&place.world->disk, buffer_bytes(&group.ops));
    store_group_release(&group);
    struct replica *replica = start(&place, 0, &resumed, &error);
    REQUIRE(replica != NULL);
    CHECK_INT(resumed, heights[1]);
    CHECK(replica_differs(replica, replay) == NULL);
    replica_close(replica);
    replica_close(replay);
    damage(&place, heights[0]);
    damage(&place, heights[1]);
    CHECK(start(&place, 0, &resumed, &error) == NULL);
    CHECK_INT(error.code, ERROR_GONE);
    CHECK(strstr(error.text, "put state-*.image back from a backup"));
    place_close(&place);
}

/* The last batch is damaged: with an image or without, the start is refused with the same words. */
CASE(damage_of_the_store_after_the_image_is_told_as_without)
{
    struct place place;
    uint64_t heights[2], resumed;
    struct error with = {0}, without = {0};
    place_open(&place);
    make_two(&place, heights);
    go_on(&place, 3);
    struct disk *disk = &place.world->disk;
    size_t last = 0;
    for (size_t i = 0; i < disk->count; i++)
        if (disk->entries[i].key.at[0] == 'B')
            last = i;
    struct bytes value = disk->entries[last].value;
    ((uint8_t *)(uintptr_t)value.at)[value.size - 1] ^= 1;
    CHECK(start(&place, EVERY, &resumed, &with) == NULL);
    CHECK(start(&place, 0, &resumed, &without) == NULL);
    CHECK_INT(with.code, without.code);
    CHECK_TEXT(with.text, without.text);
    place_close(&place);
}

int main(void)
{
    RUN(one_is_made_when_so_many_records_have_come_and_the_last_has_rested);
    RUN(one_that_is_due_waits_for_a_quiet_moment_until_it_is_overdue);
    RUN(a_stop_makes_one_that_is_worth_it_and_waits_for_it);
    RUN(one_that_fails_is_counted_and_not_tried_again_at_once);
    RUN(a_start_takes_the_newest_that_fits);
    RUN(with_images_switched_off_none_is_made_and_none_is_read);
    RUN(a_pruned_store_goes_on_from_its_image_with_images_switched_off);
    RUN(damage_of_the_store_after_the_image_is_told_as_without);
    return check_report();
}
