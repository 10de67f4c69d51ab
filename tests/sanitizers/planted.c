// links: crypto
/* planted.c - one fault at a time, done on purpose: what the sanitizers and valgrind are run for.
 * sanitize.sh and valgrind.sh see that each is found before they believe that nothing else is. */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int unguarded;

/* Volatile, so that no compiler makes away with the fault. */
static int overflow(void)
{
    char *volatile at = malloc(16);
    if (!at)
        return 2;
    memset(at, 1, 16);
    int seen = at[16];
    free(at);
    return seen == 0;
}

static int signed_overflow(void)
{
    volatile int number = INT_MAX;
    number = number + 1;
    return number == 0;
}

static int uninitialised(void)
{
    int *volatile at = malloc(sizeof(*at));
    if (!at)
        return 2;
    int seen = *at == 7; /* NOLINT: the fault */
    (void)fputs(seen ? "seven\n" : "not seven\n", stderr);
    free(at);
    return 0;
}

static int leak(void)
{
    for (int i = 0; i < 10; i++) {
        void *volatile at = malloc(100);
        at = NULL;
        (void)at;
    }
    return 0;
}

static void *count(void *argument)
{
    for (int i = 0; i < 1000; i++)
        unguarded++;
    return argument;
}

static int race(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, count, NULL) != 0)
        return 2;
    (void)count(NULL);
    return pthread_join(thread, NULL);
}

/* As the tests end a node with kill -9: what was found before must have been told. */
static int killed_race(void)
{
    int status = race();
    (void)raise(SIGKILL);
    return status;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*fault)(void);
    } plants[] = {{"overflow", overflow},
                  {"signed_overflow", signed_overflow},
                  {"uninitialised", uninitialised},
                  {"leak", leak},
                  {"race", race},
                  {"killed_race", killed_race}};
    for (size_t i = 0; argc == 2 && i < sizeof(plants) / sizeof(plants[0]); i++)
        if (strcmp(argv[1], plants[i].name) == 0)
            return plants[i].fault();
    (void)fputs("usage: planted FAULT\n", stderr);
    return 2;
}
