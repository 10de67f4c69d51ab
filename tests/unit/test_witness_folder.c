// links: node
/* What a witness must never forget, on a real disk: also when it is killed in the middle. */
#include "check.h"
#include "node/file.h"
#include "node/witness_folder.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ORIGIN "ledger.example/coalition"
#define NAME   "witness.example/w1"

enum { PATH_SIZE = 600, NOW_S = 1700000000 };

static char home[PATH_SIZE / 2];
static struct signing_key *log_signer;
static struct note_key log_key;

static void path_below(char path_out[PATH_SIZE], const char *name)
{
    (void)snprintf(path_out, PATH_SIZE, "%s/%s", home, name);
}

static void log_file(char path_out[PATH_SIZE])
{
    struct hash hash = hash_bytes(bytes_text(ORIGIN));
    char hex[HASH_HEX_SIZE + 1], name[HASH_HEX_SIZE + 16];
    hex_encode(hash_as_bytes(&hash), hex);
    (void)snprintf(name, sizeof(name), "w/logs/%s", hex);
    path_below(path_out, name);
}

/* ---- a folder for each case ----------------------------------------------------------------- */

static void remove_all(const char *path)
{
    char below[PATH_SIZE * 2];
    DIR *entries = opendir(path);
    for (struct dirent *entry = entries ? readdir(entries) : NULL; entry;
         entry = readdir(entries)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
        if (unlink(below) != 0)
            remove_all(below);
    }
    if (entries)
        closedir(entries);
    (void)rmdir(path);
}

static struct witness_folder *fresh(void)
{
    char path[PATH_SIZE];
    struct note_key key;
    struct error error;
    struct witness_folder *folder = NULL;
    path_below(path, "w");
    remove_all(path);
    REQUIRE(witness_folder_make(path, NAME, &key, &error));
    REQUIRE(witness_folder_open(path, &folder, &error));
    return folder;
}

static struct witness_folder *again(struct error *error)
{
    char path[PATH_SIZE];
    struct witness_folder *folder = NULL;
    path_below(path, "w");
    return witness_folder_open(path, &folder, error) ? folder : NULL;
}

static struct checkpoint checkpoint_of(uint64_t size)
{
    struct checkpoint checkpoint = {.origin = ORIGIN, .size = size};
    checkpoint.root = hash_bytes(bytes_of(&size, sizeof(size)));
    return checkpoint;
}

static void note_of(const struct checkpoint *checkpoint, struct buffer *note)
{
    struct buffer text;
    buffer_init(&text, NOTE_SIZE_MAX);
    buffer_init(note, NOTE_SIZE_MAX);
    checkpoint_format(checkpoint, &text);
    REQUIRE(note_begin(note, buffer_bytes(&text), NULL));
    note_sign(note, &log_key, log_signer);
    buffer_release(&text);
}

static bool cosign(struct witness_folder *folder, uint64_t size, struct buffer *line,
                   struct error *error)
{
    struct checkpoint checkpoint = checkpoint_of(size);
    struct buffer note;
    note_of(&checkpoint, &note);
    bool good =
        witness_folder_cosign(folder, &checkpoint, buffer_bytes(&note), NOW_S + size, line, error);
    buffer_release(&note);
    return good;
}

/* ---- making and opening --------------------------------------------------------------------- */

CASE(a_key_is_made_once)
{
    char path[PATH_SIZE];
    struct note_key key;
    struct error error;
    struct stat about;
    struct witness_folder *folder = fresh();
    path_below(path, "w/witness.key");
    REQUIRE(stat(path, &about) == 0);
    CHECK_INT(about.st_mode & 0777, 0600);
    CHECK_TEXT(witness_folder_key(folder)->name, NAME);
    CHECK_INT(witness_folder_key(folder)->type, NOTE_TYPE_COSIGNATURE);
    struct note_key before = *witness_folder_key(folder);
    witness_folder_close(folder);
    path_below(path, "w");
    CHECK(!witness_folder_make(path, "another.example", &key, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    folder = again(&error);
    REQUIRE(folder != NULL);
    CHECK_INT(witness_folder_key(folder)->id, before.id);
    witness_folder_close(folder);
}

CASE(a_name_that_no_key_may_have_is_refused)
{
    char path[PATH_SIZE];
    struct note_key key;
    struct error error;
    path_below(path, "w");
    remove_all(path);
    CHECK(!witness_folder_make(path, "a b", &key, &error));
    CHECK_INT(error.code, ERROR_INVALID);
}

CASE(a_folder_has_one_process)
{
    struct error error;
    struct witness_folder *folder = fresh();
    CHECK(again(&error) == NULL);
    CHECK_INT(error.code, ERROR_BUSY);
    witness_folder_close(folder);
    folder = again(&error);
    CHECK(folder != NULL);
    witness_folder_close(folder);
}

CASE(a_verifier_key_that_is_not_the_keys_is_refused)
{
    char path[PATH_SIZE];
    struct error error;
    witness_folder_close(fresh());
    path_below(path, "w/witness.vkey");
    REQUIRE(file_replace(path, 0644,
                         bytes_text("partner-a.example/cosigner+71d30f36+"
                                    "BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU\n"),
                         &error));
    CHECK(again(&error) == NULL);
    CHECK_INT(error.code, ERROR_CONFLICT);
}

/* ---- checkpoints ---------------------------------------------------------------------------- */

CASE(what_was_cosigned_is_held_after_a_restart)
{
    struct error error;
    struct witness_held held;
    struct buffer line;
    struct checkpoint wanted = checkpoint_of(12);
    struct witness_folder *folder = fresh();
    REQUIRE(witness_folder_held(folder, ORIGIN, &held, &error));
    CHECK_INT(held.size, 0);
    buffer_init(&line, NOTE_SIZE_MAX);
    REQUIRE(cosign(folder, 7, &line, &error));
    REQUIRE(cosign(folder, 12, &line, &error));
    witness_folder_close(folder);
    folder = again(&error);
    REQUIRE(folder != NULL);
    REQUIRE(witness_folder_held(folder, ORIGIN, &held, &error));
    CHECK_INT(held.size, 12);
    CHECK_INT(held.time_s, NOW_S + 12);
    CHECK(hash_equal(&held.root, &wanted.root));
    REQUIRE(witness_folder_held(folder, "other.example", &held, &error));
    CHECK_INT(held.size, 0);
    witness_folder_close(folder);
    buffer_release(&line);
}

CASE(the_line_given_away_completes_the_note)
{
    struct error error;
    struct buffer note, line;
    struct checkpoint checkpoint = checkpoint_of(7);
    struct witness_folder *folder = fresh();
    struct note_key keys[] = {log_key, *witness_folder_key(folder)};
    struct note_result result;
    buffer_init(&line, NOTE_SIZE_MAX);
    note_of(&checkpoint, &note);
    size_t size = note.size;
    REQUIRE(cosign(folder, 7, &line, &error));
    buffer_append(&note, buffer_bytes(&line));
    REQUIRE(note_open(buffer_bytes(&note), keys, 2, &result, &error));
    CHECK_INT(result.verified, 3);
    CHECK_INT(result.times_s[1], NOW_S + 7);
    buffer_clear(&line);
    witness_folder_cosign_again(folder, bytes_of(note.at, size), NOW_S + 99, &line);
    note.size = size;
    buffer_append(&note, buffer_bytes(&line));
    REQUIRE(note_open(buffer_bytes(&note), keys, 2, &result, &error));
    CHECK_INT(result.times_s[1], NOW_S + 99);
    witness_folder_close(folder);
    buffer_release(&note);
    buffer_release(&line);
}

/* Whatever happened to the file: the witness does not take it for nothing. */
CASE(a_changed_checkpoint_is_told_and_nothing_is_signed)
{
    char path[PATH_SIZE];
    struct error error;
    struct witness_held held;
    struct buffer line, file;
    struct witness_folder *folder = fresh();
    buffer_init(&line, NOTE_SIZE_MAX);
    buffer_init(&file, NOTE_SIZE_MAX);
    REQUIRE(cosign(folder, 7, &line, &error));
    log_file(path);
    REQUIRE(file_read(path, &file, &error));
    for (size_t at = 0; at < file.size; at += 13) {
        file.at[at] ^= 1;
        REQUIRE(file_replace(path, 0600, buffer_bytes(&file), &error));
        bool read = witness_folder_held(folder, ORIGIN, &held, &error);
        CHECK(read ? held.size == 7 : error.code == ERROR_CORRUPT);
        file.at[at] ^= 1;
    }
    for (size_t cut = 0; cut < file.size; cut += 29) {
        REQUIRE(file_replace(path, 0600, bytes_of(file.at, cut), &error));
        CHECK(!witness_folder_held(folder, ORIGIN, &held, &error));
        CHECK_INT(error.code, ERROR_CORRUPT);
        CHECK(strstr(error.text, "older copy") != NULL);
    }
    witness_folder_close(folder);
    buffer_release(&line);
    buffer_release(&file);
}

CASE(nothing_is_given_away_that_is_not_kept)
{
    char path[PATH_SIZE], away[PATH_SIZE];
    struct error error;
    struct buffer line;
    struct witness_folder *folder = fresh();
    buffer_init(&line, NOTE_SIZE_MAX);
    path_below(path, "w/logs");
    path_below(away, "w/away");
    REQUIRE(rename(path, away) == 0);
    CHECK(!cosign(folder, 7, &line, &error));
    CHECK_INT(error.code, ERROR_IO);
    CHECK_INT(line.size, 0);
    REQUIRE(rename(away, path) == 0);
    CHECK(cosign(folder, 7, &line, &error));
    witness_folder_close(folder);
    buffer_release(&line);
}

/* ---- killed at any moment ------------------------------------------------------------------- */

/* Cosigns size after size from what it holds, and tells each as soon as it has the line. */
static _Noreturn void cosign_for_ever(int out)
{
    struct error error;
    struct witness_held held;
    struct buffer line;
    struct witness_folder *folder = again(&error);
    if (!folder || !witness_folder_held(folder, ORIGIN, &held, &error))
        _exit(1);
    buffer_init(&line, NOTE_SIZE_MAX);
    for (uint64_t size = held.size + 1;; size++) {
        buffer_clear(&line);
        if (!cosign(folder, size, &line, &error) || write(out, &size, sizeof(size)) < 0)
            _exit(1);
    }
}

CASE(a_witness_that_is_killed_holds_all_that_it_gave_away)
{
    enum { ROUNDS = 25 };
    uint64_t given = 0;
    witness_folder_close(fresh());
    for (long round = 0; round < ROUNDS; round++) {
        int ends[2];
        uint64_t size;
        struct error error;
        struct witness_held held;
        REQUIRE(pipe(ends) == 0);
        fflush(stdout);
        pid_t child = fork();
        REQUIRE(child >= 0);
        if (child == 0)
            cosign_for_ever(ends[1]);
        close(ends[1]);
        REQUIRE(read(ends[0], &size, sizeof(size)) == (ssize_t)sizeof(size));
        CHECK_INT(size, given + 1);
        struct timespec while_it_works = {.tv_nsec = 1000000 + round * 731000};
        (void)nanosleep(&while_it_works, NULL);
        kill(child, SIGKILL);
        given = size;
        while (read(ends[0], &size, sizeof(size)) == (ssize_t)sizeof(size))
            given = size;
        close(ends[0]);
        REQUIRE(waitpid(child, NULL, 0) == child);
        struct witness_folder *folder = again(&error);
        REQUIRE(folder != NULL);
        REQUIRE(witness_folder_held(folder, ORIGIN, &held, &error));
        CHECK(held.size == given || held.size == given + 1);
        given = held.size; /* kept, and the line did not get out */
        witness_folder_close(folder);
    }
    printf("%d kills, size %llu\n", ROUNDS, (unsigned long long)given);
}

int main(void)
{
    uint8_t seed[SEED_SIZE] = {1};
    const char *base = getenv("TMPDIR");
    (void)snprintf(home, sizeof(home), "%.200s/accrue-witness.XXXXXX", base ? base : "/tmp");
    REQUIRE(mkdtemp(home) != NULL);
    log_signer = signing_key_from_seed(seed);
    struct public_key public_key = signing_key_public(log_signer);
    REQUIRE(note_key_make(ORIGIN, NOTE_TYPE_ED25519, &public_key, &log_key, NULL));
    RUN(a_key_is_made_once);
    RUN(a_name_that_no_key_may_have_is_refused);
    RUN(a_folder_has_one_process);
    RUN(a_verifier_key_that_is_not_the_keys_is_refused);
    RUN(what_was_cosigned_is_held_after_a_restart);
    RUN(the_line_given_away_completes_the_note);
    RUN(a_changed_checkpoint_is_told_and_nothing_is_signed);
    RUN(nothing_is_given_away_that_is_not_kept);
    RUN(a_witness_that_is_killed_holds_all_that_it_gave_away);
    signing_key_close(log_signer);
    remove_all(home);
    return check_report();
}
