// links: node
#include "check.h"
#include "node/lock.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct public_key key_of(uint8_t first)
{
    /* The test's own pid keeps two runs on one host apart. */
    struct public_key key = {.at = {first}};
    put_u32be(key.at + 4, (uint32_t)getpid());
    return key;
}

CASE(a_key_is_held_once_and_the_refusal_names_the_pid)
{
    struct public_key key = key_of(1), other = key_of(2);
    struct lock first, second, third;
    struct error error = {0};
    REQUIRE(lock_init(&first, &key, &error));
    CHECK(!lock_init(&second, &key, &error));
    CHECK_INT(error.code, ERROR_BUSY);
    char pid[32];
    snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
    CHECK(strstr(error.text, pid));
    lock_release(&second);
    CHECK(lock_init(&third, &other, &error));
    lock_release(&third);
    lock_release(&first);
    CHECK(lock_init(&second, &key, &error));
    lock_release(&second);
}

CASE(a_process_that_is_killed_holds_nothing)
{
    struct public_key key = key_of(3);
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    fflush(stdout);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        struct lock lock;
        if (lock_init(&lock, &key, NULL) && write(ready[1], "x", 1) == 1) {
            pause();
        }
        _exit(1);
    }
    char byte = 0;
    REQUIRE(read(ready[0], &byte, 1) == 1);
    struct lock lock;
    struct error error = {0};
    CHECK(!lock_init(&lock, &key, &error));
    char pid[32];
    snprintf(pid, sizeof(pid), "(pid %d)", (int)child);
    CHECK(strstr(error.text, pid));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    CHECK(lock_init(&lock, &key, &error));
    lock_release(&lock);
    close(ready[0]);
    close(ready[1]);
}

int main(void)
{
    RUN(a_key_is_held_once_and_the_refusal_names_the_pid);
    RUN(a_process_that_is_killed_holds_nothing);
    return check_report();
}
