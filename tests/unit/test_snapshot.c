// links: node
/* Images of the state as files: written by a child while the state goes on, found again, replaced.
 */
#include "node/snapshot.h"
#include "unit/coalition.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_ROUNDS = 6000 }; /* of 10 ms */

struct place {
    char folder[64];
    struct driver *driver;
    struct snapshot *snapshot;
};

static void place_open(struct place *place)
{
    struct coalition_spec spec = {.names = {"grocer", "books"}};
    snprintf(place->folder, sizeof(place->folder), "/tmp/accrue-snapshot-XXXXXX");
    REQUIRE(mkdtemp(place->folder) != NULL);
    place->driver = driver_open(coalition_found(coalition_draft(&spec)));
    place->snapshot = allocate(1, sizeof(*place->snapshot));
    REQUIRE(snapshot_init(place->snapshot, place->folder, NULL));
    for (uint32_t i = 0; i < 50; i++) {
        struct transaction t = tx_enrol(i);
        REQUIRE(driver_apply(place->driver, 0, &t) == VERDICT_ACCEPTED);
    }
    driver_seal(place->driver);
}

static void path_of(const struct place *place, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", place->folder, name);
}

/* Files in the folder; each is removed when `remove` says so. */
static int files(const struct place *place, bool remove)
{
    int count = 0;
    DIR *folder = opendir(place->folder);
    REQUIRE(folder != NULL);
    for (struct dirent *file = readdir(folder); file; file = readdir(folder)) {
        char path[512];
        if (file->d_name[0] == '.')
            continue;
        count++;
        path_of(place, file->d_name, path, sizeof(path));
        if (remove)
            REQUIRE(unlink(path) == 0);
    }
    closedir(folder);
    return count;
}

static void place_close(struct place *place)
{
    snapshot_release(place->snapshot);
    free(place->snapshot);
    (void)files(place, true);
    CHECK(rmdir(place->folder) == 0);
    driver_close(place->driver);
}

static bool is_there(const struct place *place, const char *name)
{
    char path[512];
    path_of(place, name, path, sizeof(path));
    return access(path, F_OK) == 0;
}

static void next_height(struct place *place)
{
    driver_pass(place->driver, 1000);
    struct transaction t = tx_earn(1, 10);
    CHECK_INT(driver_apply(place->driver, 0, &t), VERDICT_ACCEPTED);
    driver_seal(place->driver);
}

static enum snapshot_progress wait_for(struct place *place, struct error *error)
{
    struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    enum snapshot_progress progress = SNAPSHOT_WRITING;
    for (int i = 0; i < WAIT_ROUNDS && progress == SNAPSHOT_WRITING; i++) {
        nanosleep(&moment, NULL);
        progress = snapshot_poll(place->snapshot, error);
    }
    return progress;
}

/* Reads the newest up to `most`; 0 when there is none. */
static uint64_t height_read(const struct place *place, uint64_t most, size_t damaged)
{
    struct state *state = NULL;
    size_t seen = 0;
    struct error error = {0};
    if (!snapshot_read(place->folder, place->driver->charter, most, &state, &seen, &error)) {
        CHECK(error.code != ERROR_NONE && error.text[0] != '\0');
        return 0;
    }
    CHECK_INT(seen, damaged);
    uint64_t height = state_height(state);
    struct error mistake = {0};
    CHECK(state_check(state, &mistake));
    state_close(state);
    return height;
}

CASE(a_child_writes_the_state_as_it_was_when_it_began)
{
    struct place place;
    struct state *copy = NULL;
    size_t damaged = 0;
    struct error error = {0};
    place_open(&place);
    struct hash digest = state_digest(place.driver->state);
    CHECK_INT(snapshot_poll(place.snapshot, &error), SNAPSHOT_IDLE);
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, &error));
    next_height(&place);
    CHECK_INT(wait_for(&place, &error), SNAPSHOT_DONE);
    CHECK_INT(snapshot_poll(place.snapshot, &error), SNAPSHOT_IDLE);
    CHECK(is_there(&place, "state-1.image"));
    REQUIRE(snapshot_read(place.folder, place.driver->charter, UINT64_MAX, &copy, &damaged, NULL));
    struct hash read_digest = state_digest(copy);
    CHECK(hash_equal(&digest, &read_digest));
    CHECK_INT(state_height(copy), 1);
    CHECK_INT(state_member_count(copy), 50);
    state_close(copy);
    place_close(&place);
}

CASE(the_newest_two_are_kept_and_what_was_left_unfinished_goes)
{
    struct place place;
    char path[512];
    place_open(&place);
    path_of(&place, "state-1.image.new", path, sizeof(path));
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0 && close(fd) == 0);
    path_of(&place, "state-of-the-art.image", path, sizeof(path));
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0 && close(fd) == 0);
    for (int i = 0; i < 11; i++) {
        CHECK(snapshot_write(place.snapshot, place.driver->state, NULL));
        next_height(&place);
    }
    CHECK(is_there(&place, "state-10.image"));
    CHECK(is_there(&place, "state-11.image"));
    CHECK(is_there(&place, "state-of-the-art.image"));
    CHECK_INT(files(&place, false), 3);
    CHECK_INT(height_read(&place, UINT64_MAX, 0), 11);
    CHECK_INT(height_read(&place, 10, 0), 10);
    CHECK_INT(height_read(&place, 9, 0), 0);
    place_close(&place);
}

static void damage(const struct place *place, const char *name)
{
    char path[512];
    uint8_t byte = 0;
    path_of(place, name, path, sizeof(path));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    REQUIRE(fd >= 0 && pread(fd, &byte, 1, 300) == 1);
    byte ^= 1;
    REQUIRE(pwrite(fd, &byte, 1, 300) == 1 && close(fd) == 0);
}

CASE(a_damaged_image_is_passed_over_for_the_one_before)
{
    struct place place;
    place_open(&place);
    CHECK(snapshot_write(place.snapshot, place.driver->state, NULL));
    next_height(&place);
    CHECK(snapshot_write(place.snapshot, place.driver->state, NULL));
    damage(&place, "state-2.image");
    CHECK_INT(height_read(&place, UINT64_MAX, 1), 1);
    damage(&place, "state-1.image");
    CHECK_INT(height_read(&place, UINT64_MAX, 2), 0);
    place_close(&place);
}

CASE(an_image_under_the_name_of_another_height_is_not_taken)
{
    struct place place;
    char from[512], to[512];
    place_open(&place);
    CHECK(snapshot_write(place.snapshot, place.driver->state, NULL));
    path_of(&place, "state-1.image", from, sizeof(from));
    path_of(&place, "state-7.image", to, sizeof(to));
    REQUIRE(rename(from, to) == 0);
    CHECK_INT(height_read(&place, UINT64_MAX, 1), 0);
    place_close(&place);
}

CASE(without_a_folder_nothing_is_found_and_nothing_is_written)
{
    struct place place;
    struct error error = {0};
    struct state *state = NULL;
    size_t damaged = 0;
    place_open(&place);
    snapshot_release(place.snapshot);
    REQUIRE(snapshot_init(place.snapshot, "/nonexistent/folder", NULL));
    CHECK(!snapshot_read("/nonexistent/folder", place.driver->charter, UINT64_MAX, &state, &damaged,
                         &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    error = (struct error){0};
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, &error));
    CHECK_INT(wait_for(&place, &error), SNAPSHOT_FAILED);
    CHECK_INT(error.code, ERROR_IO);
    CHECK(strstr(error.text, "No such file or directory") != NULL);
    place_close(&place);
}

CASE(one_child_at_a_time_and_none_is_left_behind)
{
    struct place place;
    struct error error = {0};
    place_open(&place);
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, NULL));
    CHECK(!snapshot_begin(place.snapshot, place.driver->state, &error));
    CHECK_INT(error.code, ERROR_BUSY);
    CHECK(!snapshot_write(place.snapshot, place.driver->state, NULL));
    pid_t child = place.snapshot->child;
    snapshot_release(place.snapshot);
    char process[64];
    snprintf(process, sizeof(process), "/proc/%d", (int)child);
    CHECK(access(process, F_OK) != 0);
    CHECK(!is_there(&place, "state-1.image.new"));
    place_close(&place);
}

CASE(the_child_lets_go_of_the_parents_files)
{
    struct place place;
    char path[512];
    place_open(&place);
    /* The child waits for a reader of this pipe, as long as it takes to look at it. */
    path_of(&place, "state-1.image.new", path, sizeof(path));
    REQUIRE(mkfifo(path, 0600) == 0);
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, NULL));
    REQUIRE(close(ends[1]) == 0);
    char byte;
    CHECK_INT(read(ends[0], &byte, 1), 0); /* would wait for ever if the child held its other end */
    CHECK_INT(snapshot_poll(place.snapshot, NULL), SNAPSHOT_WRITING);
    REQUIRE(close(ends[0]) == 0);
    snapshot_release(place.snapshot);
    place_close(&place);
}

int main(void)
{
    RUN(a_child_writes_the_state_as_it_was_when_it_began);
    RUN(the_newest_two_are_kept_and_what_was_left_unfinished_goes);
    RUN(a_damaged_image_is_passed_over_for_the_one_before);
    RUN(an_image_under_the_name_of_another_height_is_not_taken);
    RUN(without_a_folder_nothing_is_found_and_nothing_is_written);
    RUN(one_child_at_a_time_and_none_is_left_behind);
    RUN(the_child_lets_go_of_the_parents_files);
    return check_report();
}
