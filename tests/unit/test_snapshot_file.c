// links: node
/* Snapshots as others get them: by pieces, from an image or from a part of one. */
#include "node/snapshot_file.h"
#include "unit/coalition.h"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_SIZE = 200000, WAIT_ROUNDS = 6000 };

static char from[64], to[64];

static void folders_open(void)
{
    snprintf(from, sizeof(from), "/tmp/accrue-from-XXXXXX");
    snprintf(to, sizeof(to), "/tmp/accrue-to-XXXXXX");
    REQUIRE(mkdtemp(from) && mkdtemp(to));
}

static void folder_close(const char *folder)
{
    char path[400];
    DIR *files = opendir(folder);
    REQUIRE(files != NULL);
    for (struct dirent *file = readdir(files); file; file = readdir(files)) {
        snprintf(path, sizeof(path), "%s/%s", folder, file->d_name);
        if (file->d_name[0] != '.')
            REQUIRE(unlink(path) == 0);
    }
    closedir(files);
    CHECK(rmdir(folder) == 0);
}

static void folders_close(void)
{
    folder_close(from);
    folder_close(to);
}

/* A snapshot of several pieces: its state has thousands of members. */
static struct snapshot_name make(void)
{
    static uint8_t head[HEAD_SIZE];
    struct coalition_spec spec = {.names = {"grocer", "books"}};
    struct driver *driver = driver_open(coalition_found(coalition_draft(&spec)));
    struct snapshot *snapshot = (struct snapshot *)allocate(1, sizeof(*snapshot));
    struct snapshot_name name = {0};
    struct error error = {0};
    struct timespec moment = {.tv_nsec = 10 * 1000 * 1000};
    REQUIRE(snapshot_init(snapshot, from, NULL));
    snapshot->disk_left = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        struct transaction t = tx_enrol(i);
        REQUIRE(driver_apply(driver, 0, &t) == VERDICT_ACCEPTED);
    }
    driver_seal(driver);
    memset(head, 7, sizeof(head));
    REQUIRE(snapshot_begin(snapshot, driver->state, bytes_text("a note"),
                           bytes_of(head, sizeof(head)), &error));
    enum snapshot_progress progress = SNAPSHOT_WRITING;
    for (int i = 0; i < WAIT_ROUNDS && progress == SNAPSHOT_WRITING; i++) {
        nanosleep(&moment, NULL);
        progress = snapshot_poll(snapshot, &error);
    }
    REQUIRE(progress == SNAPSHOT_DONE);
    REQUIRE(snapshot_file_name(from, 1, &name, &error));
    snapshot_release(snapshot);
    free(snapshot);
    driver_close(driver);
    return name;
}

static bool copy_piece(const struct snapshot_name *name, uint64_t piece)
{
    struct buffer bytes;
    struct error error = {0};
    buffer_init(&bytes, SNAPSHOT_PIECE);
    bool good = snapshot_file_read(from, name->height, piece, &bytes, &error) &&
                snapshot_part_write(to, name, piece, buffer_bytes(&bytes), &error);
    buffer_release(&bytes);
    return good;
}

static void flip(const char *folder, const char *file, off_t offset)
{
    char path[400];
    uint8_t byte;
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    int fd = open(path, O_RDWR);
    REQUIRE(fd >= 0 && pread(fd, &byte, 1, offset) == 1);
    byte ^= 1;
    REQUIRE(pwrite(fd, &byte, 1, offset) == 1);
    close(fd);
}

CASE(piece_by_piece_it_becomes_the_same_snapshot_elsewhere)
{
    struct snapshot_name name, copy;
    struct error error = {0};
    struct buffer bytes;
    folders_open();
    name = make();
    CHECK_INT(name.height, 1);
    uint64_t count = snapshot_piece_count(name.size);
    CHECK(count >= 2);
    for (uint64_t piece = 1; piece <= count; piece++)
        CHECK(copy_piece(&name, piece));
    buffer_init(&bytes, SNAPSHOT_PIECE);
    CHECK(snapshot_file_read(to, 1, 1, &bytes, &error)); /* from the part */
    CHECK_INT(bytes.size, SNAPSHOT_PIECE);
    buffer_clear(&bytes);
    CHECK(!snapshot_file_read(to, 1, 0, &bytes, &error)); /* which has no list */
    CHECK(!snapshot_file_read(from, 1, count + 1, &bytes, &error));
    CHECK(!snapshot_file_read(from, 2, 1, &bytes, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    REQUIRE(snapshot_part_finish(to, &name, &error));
    REQUIRE(snapshot_file_check(to, 1, &copy, &error));
    CHECK(snapshot_name_equal(&name, &copy));
    buffer_release(&bytes);
    folders_close();
}

CASE(it_reads_as_an_image_with_its_head_and_an_empty_note)
{
    struct coalition_spec spec = {.names = {"grocer", "books"}};
    struct charter *charter = coalition_found(coalition_draft(&spec));
    struct snapshot_name name;
    struct error error = {0};
    struct state *state = NULL;
    struct buffer note, head;
    buffer_init(&note, SNAPSHOT_NOTE_MAX);
    buffer_init(&head, SNAPSHOT_HEAD_MAX);
    folders_open();
    name = make();
    for (uint64_t piece = 1; piece <= snapshot_piece_count(name.size); piece++)
        CHECK(copy_piece(&name, piece));
    REQUIRE(snapshot_part_finish(to, &name, &error));
    REQUIRE(snapshot_read(to, 1, charter, &state, &note, &head, &error));
    CHECK_INT(note.size, 0);
    CHECK_INT(head.size, HEAD_SIZE);
    CHECK_INT(state_member_count(state), 20000);
    state_close(state);
    buffer_clear(&head);
    REQUIRE(snapshot_read(from, 1, charter, &state, &note, &head, &error));
    CHECK_INT(note.size, 6);
    state_close(state);
    charter_close(charter);
    buffer_release(&note);
    buffer_release(&head);
    folders_close();
}

CASE(a_changed_byte_is_noticed_in_image_list_and_part)
{
    struct snapshot_name name, seen;
    struct error error = {0};
    folders_open();
    name = make();
    for (uint64_t piece = 1; piece <= snapshot_piece_count(name.size); piece++)
        CHECK(copy_piece(&name, piece));
    flip(to, "state-1.part", 500000);
    CHECK(!snapshot_part_finish(to, &name, &error));
    CHECK_INT(error.code, ERROR_CORRUPT);
    CHECK(!snapshot_part_finish(to, &name, &error)); /* it is gone */
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    flip(from, "state-1.image", 500000);
    CHECK(snapshot_file_name(from, 1, &seen, &error));
    CHECK(!snapshot_file_check(from, 1, &seen, &error));
    CHECK_INT(error.code, ERROR_CORRUPT);
    flip(from, "state-1.image", 500000);
    CHECK(snapshot_file_check(from, 1, &seen, &error));
    flip(from, "state-1.pieces", 40);
    CHECK(!snapshot_file_check(from, 1, &seen, &error));
    folders_close();
}

/* The node was killed before it began with it: what it reads of its folder is the image. */
CASE(one_that_is_there_already_is_whole_and_a_damaged_one_gives_way)
{
    struct snapshot_name name, copy;
    struct error error = {0};
    folders_open();
    name = make();
    uint64_t count = snapshot_piece_count(name.size);
    for (uint64_t piece = 1; piece <= count; piece++)
        CHECK(copy_piece(&name, piece));
    REQUIRE(snapshot_part_finish(to, &name, &error));
    CHECK(snapshot_part_finish(to, &name, &error));
    flip(to, "state-1.image", (off_t)name.size - 9);
    CHECK(copy_piece(&name, count)); /* those before were good where they are */
    CHECK(!snapshot_part_finish(to, &name, &error));
    struct buffer bytes;
    buffer_init(&bytes, SNAPSHOT_PIECE);
    CHECK(!snapshot_file_read(to, 1, 1, &bytes, &error)); /* all of it is fetched anew */
    buffer_release(&bytes);
    for (uint64_t piece = 1; piece <= count; piece++)
        CHECK(copy_piece(&name, piece));
    CHECK(snapshot_part_finish(to, &name, &error));
    REQUIRE(snapshot_file_check(to, 1, &copy, &error));
    CHECK(snapshot_name_equal(&name, &copy));
    folders_close();
}

CASE(a_part_of_another_height_gives_way)
{
    struct snapshot_name name, other;
    struct error error = {0};
    char path[400];
    folders_open();
    name = make();
    other = name;
    other.height = 9;
    snprintf(path, sizeof(path), "%s/state-1.part", to);
    CHECK(copy_piece(&name, 1));
    CHECK(access(path, F_OK) == 0);
    CHECK(snapshot_part_write(to, &other, 1, bytes_text("x"), &error));
    CHECK(access(path, F_OK) != 0);
    folders_close();
}

int main(void)
{
    RUN(piece_by_piece_it_becomes_the_same_snapshot_elsewhere);
    RUN(it_reads_as_an_image_with_its_head_and_an_empty_note);
    RUN(a_changed_byte_is_noticed_in_image_list_and_part);
    RUN(one_that_is_there_already_is_whole_and_a_damaged_one_gives_way);
    RUN(a_part_of_another_height_gives_way);
    return check_report();
}
