#define _GNU_SOURCE /* close_range */
#include "node/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CHILD_NICENESS = 10,   /* the node comes first */
    CHILD_LOST_PARENT = 1, /* exit status: EPERM, which writing does not give */
    NOTE_HEAD_SIZE = 4
};

/* ---- names ----------------------------------------------------------------------------------- */

static const char name_start[] = "state-", end_whole[] = ".image", end_fresh[] = ".image.new",
                  end_pieces[] = ".pieces";

bool snapshot_owns(const char *name)
{
    return strncmp(name, name_start, strlen(name_start)) == 0;
}

/* `end`: of the name; see snapshot.h. */
static void path_format(char path_out[SNAPSHOT_PATH_SIZE], const char *folder, uint64_t height,
                        const char *end)
{
    snprintf(path_out, SNAPSHOT_PATH_SIZE, "%.*s/%s%" PRIu64 "%s", SNAPSHOT_FOLDER_MAX, folder,
             name_start, height, end);
}

static void paths_set(struct snapshot *snapshot, uint64_t height)
{
    snapshot->height = height;
    path_format(snapshot->path, snapshot->folder, height, end_whole);
    path_format(snapshot->fresh_path, snapshot->folder, height, end_fresh);
    path_format(snapshot->pieces_path, snapshot->folder, height, end_pieces);
}

/* "state-12.image", or with `end` ".image.new" what was left unfinished. */
static bool name_parse(const char *name, const char *end, uint64_t *height_out)
{
    size_t size = strlen(name), start_size = strlen(name_start), end_size = strlen(end);
    if (size <= start_size + end_size || !snapshot_owns(name) ||
        strcmp(name + size - end_size, end) != 0)
        return false;
    struct bytes digits = bytes_of(name + start_size, size - start_size - end_size);
    return parse_u64(digits, UINT64_MAX, height_out);
}

static void found_add(struct snapshot_list *found, uint64_t height)
{
    if (found->count == SNAPSHOTS_SEEN_MAX)
        return;
    size_t at = found->count++;
    for (; at > 0 && found->heights[at - 1] < height; at--)
        found->heights[at] = found->heights[at - 1];
    found->heights[at] = height;
}

static bool find(const char *folder, const char *end, struct snapshot_list *found,
                 struct error *error)
{
    found->count = 0;
    DIR *files = opendir(folder);
    if (!files)
        return errno == ENOENT || error_set(error, ERROR_IO, "%s: %s", folder, strerror(errno));
    for (const struct dirent *file = readdir(files); file; file = readdir(files)) {
        uint64_t height = 0;
        if (name_parse(file->d_name, end, &height))
            found_add(found, height);
    }
    closedir(files);
    return true;
}

/* ---- writing: in the child, so without memory, locks or errors in words ------------------------
 */

struct file {
    int fd;
    uint64_t disk_left;
    struct snapshot *snapshot;
    int pieces;      /* where their hashes go; -1: nowhere */
    size_t in_piece; /* bytes of the piece that is being hashed */
    size_t hashes;   /* gathered */
};

/* The store must find room when the next group comes. */
static bool disk_has_room(const struct file *file)
{
    struct statvfs disk;
    if (fstatvfs(file->fd, &disk) != 0)
        return false;
    if ((uint64_t)disk.f_bavail * disk.f_frsize >= file->disk_left)
        return true;
    errno = ENOSPC;
    return false;
}

static bool write_all(int fd, struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t written = write(fd, bytes.at, bytes.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        bytes = bytes_of(bytes.at + written, bytes.size - (size_t)written);
    }
    return true;
}

static bool flush_hashes(struct file *file)
{
    size_t size = file->hashes * HASH_SIZE;
    file->hashes = 0;
    return write_all(file->pieces, bytes_of(file->snapshot->hashes, size));
}

static bool end_piece(struct file *file)
{
    struct snapshot *snapshot = file->snapshot;
    snapshot->hashes[file->hashes++] = hasher_result(&snapshot->hasher);
    hasher_restart(&snapshot->hasher);
    file->in_piece = 0;
    return file->hashes < SNAPSHOT_HASHES || flush_hashes(file);
}

static bool hash_pieces(struct file *file, struct bytes bytes)
{
    while (file->pieces >= 0 && bytes.size > 0) {
        size_t room = SNAPSHOT_PIECE - file->in_piece;
        size_t size = bytes.size < room ? bytes.size : room;
        hasher_update(&file->snapshot->hasher, bytes_of(bytes.at, size));
        file->in_piece += size;
        if (file->in_piece == SNAPSHOT_PIECE && !end_piece(file))
            return false;
        bytes = bytes_of(bytes.at + size, bytes.size - size);
    }
    return true;
}

/* Of the head and the image: what others may fetch. */
static bool write_piece(void *context, struct bytes piece, struct error *error)
{
    struct file *file = (struct file *)context;
    (void)error;
    return disk_has_room(file) && hash_pieces(file, piece) && write_all(file->fd, piece);
}

static bool end_pieces_file(struct file *file)
{
    return file->pieces < 0 || ((file->in_piece == 0 || end_piece(file)) && flush_hashes(file) &&
                                fsync(file->pieces) == 0);
}

static int file_write(struct snapshot *snapshot, const struct state *state)
{
    struct file file = {.disk_left = snapshot->disk_left, .snapshot = snapshot, .pieces = -1};
    file.fd = open(snapshot->fresh_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file.fd < 0)
        return errno;
    if (snapshot->head.size > NOTE_HEAD_SIZE)
        file.pieces = open(snapshot->pieces_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    errno = 0;
    bool good = disk_has_room(&file) && write_all(file.fd, buffer_bytes(&snapshot->note)) &&
                write_piece(&file, buffer_bytes(&snapshot->head), NULL) &&
                state_image_writer_run(&snapshot->writer, state, write_piece, &file, NULL) &&
                end_pieces_file(&file) && fsync(file.fd) == 0;
    int failure = good ? 0 : errno ? errno : EIO;
    if (file.pieces >= 0)
        (void)close(file.pieces);
    if (close(file.fd) != 0 && good)
        failure = errno;
    return failure;
}

static int folder_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int failure = fsync(fd) == 0 ? 0 : errno;
    (void)close(fd);
    return failure;
}

/* 0, or the errno that says what went wrong. */
static int image_put(struct snapshot *snapshot, const struct state *state)
{
    int failure = file_write(snapshot, state);
    if (failure == 0 && rename(snapshot->fresh_path, snapshot->path) != 0)
        failure = errno;
    if (failure == 0)
        failure = folder_sync(snapshot->folder);
    if (failure != 0) {
        (void)unlink(snapshot->fresh_path);
        (void)unlink(snapshot->pieces_path);
    }
    return failure;
}

/* The parent's descriptors go first: its locks and ports would else outlive it. It must not outlive
 * the parent itself either, for a new process would write the same file. */
static _Noreturn void child_run(struct snapshot *snapshot, const struct state *state, pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(CHILD_LOST_PARENT);
    if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        _exit(errno);
    (void)setpriority(PRIO_PROCESS, 0, CHILD_NICENESS);
    _exit(image_put(snapshot, state));
}

/* ---- afterwards ------------------------------------------------------------------------------ */

static void remove_one(struct snapshot *snapshot, uint64_t height, bool unfinished)
{
    paths_set(snapshot, height);
    (void)unlink(unfinished ? snapshot->fresh_path : snapshot->path);
    if (!unfinished)
        (void)unlink(snapshot->pieces_path);
}

/* Hashes whose image did not come to its place, or was removed. */
static void remove_lone_pieces(struct snapshot *snapshot, struct snapshot_list *found)
{
    if (!find(snapshot->folder, end_pieces, found, NULL))
        return;
    for (size_t i = 0; i < found->count; i++) {
        paths_set(snapshot, found->heights[i]);
        if (access(snapshot->path, F_OK) != 0 && errno == ENOENT)
            (void)unlink(snapshot->pieces_path);
    }
}

void snapshot_clean(struct snapshot *snapshot)
{
    struct snapshot_list *found = allocate(1, sizeof(*found));
    if (find(snapshot->folder, end_fresh, found, NULL))
        for (size_t i = 0; i < found->count; i++)
            remove_one(snapshot, found->heights[i], true);
    remove_lone_pieces(snapshot, found);
    free(found);
}

/* What cannot be removed stays: it does no harm but take room. */
static void prune(struct snapshot *snapshot)
{
    struct snapshot_list *found = allocate(1, sizeof(*found));
    uint64_t height = snapshot->height;
    size_t kept = 0;
    if (find(snapshot->folder, end_whole, found, NULL))
        for (size_t i = 0; i < found->count; i++)
            if ((found->heights[i] > height || ++kept > SNAPSHOTS_KEPT) &&
                found->heights[i] != snapshot->keep)
                remove_one(snapshot, found->heights[i], false);
    snapshot_clean(snapshot);
    paths_set(snapshot, height);
    free(found);
}

static void prepared_release(struct snapshot *snapshot)
{
    state_image_writer_release(&snapshot->writer);
    hasher_release(&snapshot->hasher);
    buffer_release(&snapshot->note);
    buffer_release(&snapshot->head);
}

static bool finish(struct snapshot *snapshot, int failure, struct error *error)
{
    prepared_release(snapshot);
    if (failure != 0)
        return error_set(error, ERROR_IO, "%s: %s", snapshot->path, strerror(failure));
    prune(snapshot);
    return true;
}

/* ---- the life of one ------------------------------------------------------------------------- */

bool snapshot_init(struct snapshot *snapshot, const char *folder, struct error *error)
{
    if (strlen(folder) > SNAPSHOT_FOLDER_MAX)
        return error_set(error, ERROR_LIMIT, "the folder's path is longer than %d bytes",
                         SNAPSHOT_FOLDER_MAX);
    memset(snapshot, 0, sizeof(*snapshot));
    memcpy(snapshot->folder, folder, strlen(folder) + 1);
    snapshot->disk_left = SNAPSHOT_DISK_LEFT;
    /* Ignored by whoever started this process, it would be ignored here too, and then nobody can
     * hear how a child ended. */
    must(signal(SIGCHLD, SIG_DFL) != SIG_ERR);
    return true;
}

static pid_t reap(pid_t child, int *status_out, int flags)
{
    pid_t seen;
    do
        seen = waitpid(child, status_out, flags);
    while (seen < 0 && errno == EINTR);
    return seen;
}

void snapshot_release(struct snapshot *snapshot)
{
    int status = 0;
    if (snapshot->child == 0)
        return;
    (void)kill(snapshot->child, SIGKILL);
    (void)reap(snapshot->child, &status, 0);
    snapshot->child = 0;
    prepared_release(snapshot);
    (void)unlink(snapshot->fresh_path);
    if (access(snapshot->path, F_OK) != 0)
        (void)unlink(snapshot->pieces_path);
}

/* All that the writing needs, so that a child takes no memory. */
static void put_sized(struct buffer *out, struct bytes bytes)
{
    uint8_t size[NOTE_HEAD_SIZE];
    put_u32be(size, (uint32_t)bytes.size);
    buffer_init(out, NOTE_HEAD_SIZE + bytes.size);
    buffer_append(out, bytes_of(size, sizeof(size)));
    buffer_append(out, bytes);
}

static bool prepare(struct snapshot *snapshot, const struct state *state, struct bytes note,
                    struct bytes head, struct error *error)
{
    if (snapshot->child != 0)
        return error_set(error, ERROR_BUSY, "the image of height %" PRIu64 " is being written",
                         snapshot->height);
    if (note.size > SNAPSHOT_NOTE_MAX)
        return error_set(error, ERROR_LIMIT, "the note has more than %d bytes", SNAPSHOT_NOTE_MAX);
    must(head.size <= SNAPSHOT_HEAD_MAX);
    paths_set(snapshot, state_height(state));
    put_sized(&snapshot->note, note);
    put_sized(&snapshot->head, head);
    state_image_writer_init(&snapshot->writer);
    hasher_init(&snapshot->hasher);
    return true;
}

bool snapshot_begin(struct snapshot *snapshot, const struct state *state, struct bytes note,
                    struct bytes head, struct error *error)
{
    sigset_t all, before;
    if (!prepare(snapshot, state, note, head, error))
        return false;
    pid_t parent = getpid();
    /* The child must not run the handlers of the parent: they write to the parent's pipes. */
    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    pid_t child = fork();
    if (child == 0)
        child_run(snapshot, state, parent);
    int failure = errno;
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    if (child < 0)
        return finish(snapshot, failure, error);
    snapshot->child = child;
    return true;
}

enum snapshot_progress snapshot_poll(struct snapshot *snapshot, struct error *error)
{
    int status = 0;
    if (snapshot->child == 0)
        return SNAPSHOT_IDLE;
    pid_t seen = reap(snapshot->child, &status, WNOHANG);
    if (seen == 0)
        return SNAPSHOT_WRITING;
    int failure = seen < 0 ? errno : WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
    snapshot->child = 0;
    if (failure != 0)
        (void)unlink(snapshot->fresh_path);
    return finish(snapshot, failure, error) ? SNAPSHOT_DONE : SNAPSHOT_FAILED;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_piece(void *context, uint8_t *room, size_t size, size_t *size_out,
                       struct error *error)
{
    int fd = *(const int *)context;
    ssize_t got;
    do
        got = read(fd, room, size);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_set(error, ERROR_IO, "%s", strerror(errno));
    *size_out = (size_t)got;
    return true;
}

static bool read_exactly(int fd, uint8_t *room, size_t size, struct error *error)
{
    while (size > 0) {
        size_t got = 0;
        if (!read_piece(&fd, room, size, &got, error))
            return false;
        if (got == 0)
            return error_set(error, ERROR_CORRUPT, "it ends too early");
        room += got;
        size -= got;
    }
    return true;
}

/* `out` may be NULL. */
static bool read_sized(int fd, size_t most, struct buffer *out, struct error *error)
{
    uint8_t head[NOTE_HEAD_SIZE];
    if (!read_exactly(fd, head, sizeof(head), error))
        return false;
    size_t size = get_u32be(head);
    if (size > most)
        return error_set(error, ERROR_CORRUPT, "its note or its head is too large");
    uint8_t *bytes = allocate(size + 1, 1);
    bool good = read_exactly(fd, bytes, size, error);
    if (good && out)
        buffer_append(out, bytes_of(bytes, size));
    free(bytes);
    return good;
}

bool snapshot_list(const char *folder, struct snapshot_list *list_out, struct error *error)
{
    return find(folder, end_whole, list_out, error);
}

bool snapshot_read(const char *folder, uint64_t height, const struct charter *charter,
                   struct state **state_out, struct buffer *note_out, struct buffer *head_out,
                   struct error *error)
{
    char path[SNAPSHOT_PATH_SIZE];
    struct state *state = NULL;
    path_format(path, folder, height, end_whole);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    bool good = read_sized(fd, SNAPSHOT_NOTE_MAX, note_out, error) &&
                read_sized(fd, SNAPSHOT_HEAD_MAX, head_out, error) &&
                state_image_read(charter, read_piece, &fd, &state, error);
    (void)close(fd);
    if (good && state_height(state) != height) {
        state_close(state);
        good = error_set(error, ERROR_CORRUPT, "it is of another height");
    }
    if (!good)
        return error_wrap(error, "%s", path);
    *state_out = state;
    return true;
}
