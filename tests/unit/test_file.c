// links: node
/* Whole small files, replaced. */
#include "check.h"
#include "node/file.h"

#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 300 };

static char home[PATH_SIZE];

static const char *below(char path_out[PATH_SIZE], const char *name)
{
    (void)snprintf(path_out, PATH_SIZE, "%.250s/%s", home, name);
    return path_out;
}

static void check_contents(const char *path, const char *wanted)
{
    struct buffer found;
    buffer_init(&found, 100);
    REQUIRE(file_read(path, &found, NULL));
    CHECK_TEXT(buffer_text(&found), wanted);
    buffer_release(&found);
}

CASE(a_file_is_replaced_with_its_mode)
{
    char path[PATH_SIZE];
    struct stat info;
    below(path, "a");
    REQUIRE(file_replace(path, 0644, bytes_text("one"), NULL));
    check_contents(path, "one");
    REQUIRE(file_replace(path, 0600, bytes_text("two"), NULL));
    check_contents(path, "two");
    REQUIRE(stat(path, &info) == 0);
    CHECK_INT(info.st_mode & 0777, 0600);
}

CASE(a_link_laid_where_the_new_file_goes_leads_nowhere)
{
    char path[PATH_SIZE], fresh[PATH_SIZE], victim[PATH_SIZE];
    below(path, "report");
    below(fresh, "report.new");
    below(victim, "victim");
    REQUIRE(file_replace(victim, 0600, bytes_text("mine"), NULL));
    REQUIRE(symlink(victim, fresh) == 0);
    REQUIRE(file_replace(path, 0644, bytes_text("report"), NULL));
    check_contents(victim, "mine");
    check_contents(path, "report");
}

CASE(what_cannot_take_its_place_is_not_left_behind)
{
    char path[PATH_SIZE], fresh[PATH_SIZE];
    struct error error = {.code = ERROR_NONE};
    below(path, "folder");
    below(fresh, "folder.new");
    REQUIRE(mkdir(path, 0700) == 0);
    CHECK(!file_replace(path, 0644, bytes_text("x"), &error));
    CHECK_INT(error.code, ERROR_IO);
    CHECK(access(fresh, F_OK) != 0);
}

CASE(what_is_no_regular_file_is_not_read)
{
    static const char *const paths[] = {"/dev/zero", "/"};
    struct error error = {.code = ERROR_NONE};
    struct buffer out;
    char path[PATH_SIZE];
    buffer_init(&out, 100);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        CHECK(!file_read(paths[i], &out, &error));
        CHECK_INT(error.code, ERROR_IO);
    }
    CHECK(!file_read(below(path, "nothing"), &out, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    CHECK_INT(out.size, 0);
    buffer_release(&out);
}

int main(void)
{
    static const char *const made[] = {"a", "report", "victim"};
    const char *base = getenv("TMPDIR");
    char path[PATH_SIZE];
    (void)snprintf(home, sizeof(home), "%.200s/accrue-file.XXXXXX", base ? base : "/tmp");
    REQUIRE(mkdtemp(home) != NULL);
    RUN(a_file_is_replaced_with_its_mode);
    RUN(a_link_laid_where_the_new_file_goes_leads_nowhere);
    RUN(what_cannot_take_its_place_is_not_left_behind);
    RUN(what_is_no_regular_file_is_not_read);
    for (size_t i = 0; i < ARRAY_SIZE(made); i++)
        (void)unlink(below(path, made[i]));
    (void)rmdir(below(path, "folder"));
    (void)rmdir(home);
    return check_report();
}
