// links: node
#include "check.h"
#include "node/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct error explained(enum error_code code, int reason)
{
    struct error error = {0};
    error_set(&error, code, "/data: IO error: /data/000005.log: %s", strerror(reason));
    disk_explain(&error);
    return error;
}

CASE(a_disk_that_only_has_to_be_mended_is_told_apart)
{
    static const int reasons[] = {ENOSPC, EDQUOT, EIO, EROFS};
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        struct error error = explained(ERROR_IO, reasons[i]);
        CHECK_INT(error.code, ERROR_DISK);
        CHECK(strstr(error.text, "/data/000005.log") && strstr(error.text, strerror(reasons[i])));
        CHECK(strstr(error.text, "then start the node again"));
    }
    CHECK(strstr(explained(ERROR_IO, ENOSPC).text, "the disk is full: make room"));
}

CASE(what_somebody_has_to_set_right_stays_an_error_of_the_system)
{
    static const int reasons[] = {EACCES, EPERM, EMFILE, EFBIG};
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        struct error error = explained(ERROR_IO, reasons[i]);
        CHECK_INT(error.code, ERROR_IO);
        CHECK(strstr(error.text, "then start the node again"));
    }
}

CASE(other_errors_are_left_alone)
{
    struct error error = explained(ERROR_CORRUPT, EIO);
    CHECK_INT(error.code, ERROR_CORRUPT);
    CHECK(!strstr(error.text, "start the node again"));
    error = explained(ERROR_IO, ENOTDIR);
    CHECK_INT(error.code, ERROR_IO);
    CHECK(!strstr(error.text, "start the node again"));
}

/* Maps the file, cuts it short and reads beyond its end, as a table that the disk lost. */
static void read_lost_page(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    REQUIRE(fd >= 0 && ftruncate(fd, 3 * 4096) == 0);
    const volatile char *at = mmap(NULL, (size_t)3 * 4096, PROT_READ, MAP_SHARED, fd, 0);
    REQUIRE(at != MAP_FAILED);
    disk_catch_lost_pages(7);
    REQUIRE(ftruncate(fd, 4096) == 0);
    (void)at[2 * 4096 + 5];
    _exit(0);
}

CASE(a_lost_page_of_a_mapped_file_ends_the_process_with_the_files_name)
{
    char path[] = "/tmp/accrue-test-XXXXXX", said[4096] = {0};
    int ends[2], file = mkstemp(path), status = 0;
    REQUIRE(file >= 0 && pipe(ends) == 0);
    fflush(stdout);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        REQUIRE(dup2(ends[1], STDERR_FILENO) >= 0);
        read_lost_page(path);
    }
    close(ends[1]);
    size_t size = 0;
    ssize_t got = 0;
    while (size + 1 < sizeof(said) &&
           (got = read(ends[0], said + size, sizeof(said) - 1 - size)) > 0) {
        size += (size_t)got;
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 7);
    CHECK(strstr(said, path) && strstr(said, "cannot be read") &&
          strstr(said, "start the node again"));
    close(ends[0]);
    close(file);
    unlink(path);
}

int main(void)
{
    RUN(a_disk_that_only_has_to_be_mended_is_told_apart);
    RUN(what_somebody_has_to_set_right_stays_an_error_of_the_system);
    RUN(other_errors_are_left_alone);
    RUN(a_lost_page_of_a_mapped_file_ends_the_process_with_the_files_name);
    return check_report();
}
