// links: node
/* Images of the state as files: written by a child while the state goes on, found again, replaced.
 */
#include "node/snapshot.h"
#include "unit/coalition.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
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

static const char note_text[] = "what the caller needs beside it";

static const struct bytes no_head;

static struct bytes note(void)
{
    return bytes_text(note_text);
}

/* Writes one and waits for it. */
static bool write_now(struct place *place)
{
    struct error error = {0};
    return snapshot_begin(place->snapshot, place->driver->state, note(), no_head, &error) &&
           wait_for(place, &error) == SNAPSHOT_DONE;
}

static bool height_reads(const struct place *place, uint64_t height, struct error *error)
{
    struct state *state = NULL;
    struct buffer said;
    struct error mistake = {0};
    buffer_init(&said, SNAPSHOT_NOTE_MAX);
    bool good =
        snapshot_read(place->folder, height, place->driver->charter, &state, &said, NULL, error);
    if (good) {
        CHECK(bytes_equal(buffer_bytes(&said), note()));
        CHECK_INT(state_height(state), height);
        CHECK(state_check(state, &mistake));
        state_close(state);
    }
    buffer_release(&said);
    return good;
}

/* The heights listed, as one number of two digits each. */
static uint64_t listed(const struct place *place)
{
    struct snapshot_list *list = allocate(1, sizeof(*list));
    uint64_t all = 0;
    CHECK(snapshot_list(place->folder, list, NULL));
    for (size_t i = 0; i < list->count; i++)
        all = all * 100 + list->heights[i];
    free(list);
    return all;
}

CASE(a_child_writes_the_state_as_it_was_when_it_began)
{
    struct place place;
    struct state *copy = NULL;
    struct buffer said;
    struct error error = {0};
    place_open(&place);
    buffer_init(&said, SNAPSHOT_NOTE_MAX);
    struct hash digest = state_digest(place.driver->state);
    CHECK_INT(snapshot_poll(place.snapshot, &error), SNAPSHOT_IDLE);
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, note(), no_head, &error));
    next_height(&place);
    CHECK_INT(wait_for(&place, &error), SNAPSHOT_DONE);
    CHECK_INT(snapshot_poll(place.snapshot, &error), SNAPSHOT_IDLE);
    CHECK(is_there(&place, "state-1.image"));
    REQUIRE(snapshot_read(place.folder, 1, place.driver->charter, &copy, &said, NULL, NULL));
    CHECK(bytes_equal(buffer_bytes(&said), note()));
    struct hash read_digest = state_digest(copy);
    CHECK(hash_equal(&digest, &read_digest));
    CHECK_INT(state_height(copy), 1);
    CHECK_INT(state_member_count(copy), 50);
    state_close(copy);
    buffer_release(&said);
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
        CHECK(write_now(&place));
        next_height(&place);
    }
    CHECK(is_there(&place, "state-10.image"));
    CHECK(is_there(&place, "state-11.image"));
    CHECK(is_there(&place, "state-of-the-art.image"));
    CHECK_INT(files(&place, false), 3);
    CHECK_INT(listed(&place), 1110);
    CHECK(height_reads(&place, 11, NULL) && height_reads(&place, 10, NULL));
    place_close(&place);
}

CASE(images_of_heights_that_the_ledger_has_not_reached_do_not_push_out_its_own)
{
    struct place place;
    char from[512], to[512];
    place_open(&place);
    for (int height = 50; height < 53; height++) { /* of a store that was there before this one */
        char name[32];
        CHECK(write_now(&place));
        path_of(&place, "state-1.image", from, sizeof(from));
        snprintf(name, sizeof(name), "state-%d.image", height);
        path_of(&place, name, to, sizeof(to));
        REQUIRE(rename(from, to) == 0);
    }
    CHECK(write_now(&place));
    CHECK_INT(listed(&place), 1);
    place_close(&place);
}

CASE(what_an_earlier_process_left_unfinished_is_cleaned_up)
{
    struct place place;
    char path[512];
    place_open(&place);
    CHECK(write_now(&place));
    path_of(&place, "state-9.image.new", path, sizeof(path));
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0 && close(fd) == 0);
    snapshot_clean(place.snapshot);
    CHECK_INT(files(&place, false), 1);
    CHECK(height_reads(&place, 1, NULL));
    place_close(&place);
}

static void damage(const struct place *place, const char *name, off_t at)
{
    char path[512];
    uint8_t byte = 0;
    path_of(place, name, path, sizeof(path));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    REQUIRE(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 1;
    REQUIRE(pwrite(fd, &byte, 1, at) == 1 && close(fd) == 0);
}

CASE(a_damaged_image_is_refused)
{
    struct place place;
    char path[512];
    struct error error = {0};
    place_open(&place);
    CHECK(write_now(&place));
    damage(&place, "state-1.image", 300);
    CHECK(!height_reads(&place, 1, &error));
    CHECK_INT(error.code, ERROR_CORRUPT);
    damage(&place, "state-1.image", 300);
    damage(&place, "state-1.image", 3); /* the size of the note */
    CHECK(!height_reads(&place, 1, &error));
    path_of(&place, "state-1.image", path, sizeof(path));
    for (off_t size = 0; size < 40; size += 3) {
        REQUIRE(truncate(path, size) == 0);
        CHECK(!height_reads(&place, 1, &error));
    }
    place_close(&place);
}

CASE(an_image_under_the_name_of_another_height_is_not_taken)
{
    struct place place;
    char from[512], to[512];
    place_open(&place);
    CHECK(write_now(&place));
    path_of(&place, "state-1.image", from, sizeof(from));
    path_of(&place, "state-7.image", to, sizeof(to));
    REQUIRE(rename(from, to) == 0);
    CHECK_INT(listed(&place), 7);
    CHECK(!height_reads(&place, 7, NULL));
    place_close(&place);
}

CASE(without_a_folder_nothing_is_found_and_nothing_is_written)
{
    struct place place;
    struct error error = {0};
    struct state *state = NULL;
    struct buffer said;
    struct snapshot_list *list = allocate(1, sizeof(*list));
    place_open(&place);
    buffer_init(&said, SNAPSHOT_NOTE_MAX);
    snapshot_release(place.snapshot);
    REQUIRE(snapshot_init(place.snapshot, "/nonexistent/folder", NULL));
    CHECK(snapshot_list("/nonexistent/folder", list, &error));
    CHECK_INT(list->count, 0);
    CHECK(!snapshot_read("/nonexistent/folder", 1, place.driver->charter, &state, &said, NULL,
                         &error));
    free(list);
    buffer_release(&said);
    error = (struct error){0};
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, note(), no_head, &error));
    CHECK_INT(wait_for(&place, &error), SNAPSHOT_FAILED);
    CHECK_INT(error.code, ERROR_IO);
    CHECK(strstr(error.text, "No such file or directory") != NULL);
    place_close(&place);
}

CASE(a_full_disk_fails_and_leaves_nothing)
{
    struct place place;
    char path[512];
    struct error error = {0};
    place_open(&place);
    path_of(&place, "state-1.image.new", path, sizeof(path));
    REQUIRE(symlink("/dev/full", path) == 0);
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, note(), no_head, &error));
    CHECK_INT(wait_for(&place, &error), SNAPSHOT_FAILED);
    CHECK(strstr(error.text, "No space left") != NULL);
    CHECK_INT(files(&place, false), 0);
    /* Before it is full: the store needs the rest. */
    place.snapshot->disk_left = UINT64_MAX;
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, note(), no_head, &error));
    CHECK_INT(wait_for(&place, &error), SNAPSHOT_FAILED);
    CHECK(strstr(error.text, "No space left") != NULL);
    CHECK_INT(files(&place, false), 0);
    place.snapshot->disk_left = 0;
    CHECK(write_now(&place));
    place_close(&place);
}

CASE(a_process_that_was_started_with_children_ignored_hears_of_its_own)
{
    struct place place;
    REQUIRE(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    place_open(&place);
    CHECK(write_now(&place));
    CHECK(height_reads(&place, 1, NULL));
    place_close(&place);
}

CASE(one_child_at_a_time_and_none_is_left_behind)
{
    struct place place;
    struct error error = {0};
    place_open(&place);
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, note(), no_head, NULL));
    CHECK(!snapshot_begin(place.snapshot, place.driver->state, note(), no_head, &error));
    CHECK_INT(error.code, ERROR_BUSY);
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
    REQUIRE(snapshot_begin(place.snapshot, place.driver->state, note(), no_head, NULL));
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
    RUN(images_of_heights_that_the_ledger_has_not_reached_do_not_push_out_its_own);
    RUN(what_an_earlier_process_left_unfinished_is_cleaned_up);
    RUN(a_damaged_image_is_refused);
    RUN(an_image_under_the_name_of_another_height_is_not_taken);
    RUN(without_a_folder_nothing_is_found_and_nothing_is_written);
    RUN(a_full_disk_fails_and_leaves_nothing);
    RUN(a_process_that_was_started_with_children_ignored_hears_of_its_own);
    RUN(one_child_at_a_time_and_none_is_left_behind);
    RUN(the_child_lets_go_of_the_parents_files);
    return check_report();
}
