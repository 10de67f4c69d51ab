/* check.h - the few lines a test program needs: named cases, checks that say what they saw.
 *
 * A case is a sentence: CASE(redeem_more_than_balance_is_refused) { CHECK(...); }
 * CHECK_ONLY=CASE in the environment runs that case alone; CHECK_SHARE=N makes one in N of the
 * repetitions where chance decides what is tried.
 * main: int main(void) { RUN(redeem_more_than_balance_is_refused); return check_report(); }
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_SKIPPED = 77 };

static int check_failed_count;
static int check_case_count;
static int check_case_failures;

#define CASE(name) static void name(void)
#define RUN(name)                                                                                  \
    do {                                                                                           \
        const char *only_ = getenv("CHECK_ONLY");                                                  \
        if (only_ && strcmp(only_, #name) != 0)                                                    \
            break;                                                                                 \
        int before_ = check_failed_count;                                                          \
        check_case_count++;                                                                        \
        name();                                                                                    \
        bool bad_ = check_failed_count != before_;                                                 \
        check_case_failures += bad_;                                                               \
        printf("%s %s\n", bad_ ? "FAILED" : "ok    ", #name);                                      \
    } while (0)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_failed_count++;                                                                  \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                 \
        }                                                                                          \
    } while (0)
#define CHECK_INT(seen, expected)                                                                  \
    do {                                                                                           \
        long long seen_ = (long long)(seen), expected_ = (long long)(expected);                    \
        if (seen_ != expected_) {                                                                  \
            check_failed_count++;                                                                  \
            printf("%s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, #seen, seen_,         \
                   expected_);                                                                     \
        }                                                                                          \
    } while (0)
#define CHECK_TEXT(seen, expected)                                                                 \
    do {                                                                                           \
        const char *seen_ = (seen), *expected_ = (expected);                                       \
        if (strcmp(seen_, expected_) != 0) {                                                       \
            check_failed_count++;                                                                  \
            printf("%s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #seen, seen_,     \
                   expected_);                                                                     \
        }                                                                                          \
    } while (0)
/* Ends the program: what follows would make no sense. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                 \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* How often to repeat what is repeated `count` times in full; at least once. */
static inline int check_share(int count)
{
    const char *text = getenv("CHECK_SHARE");
    long share = text ? strtol(text, NULL, 10) : 1;
    return share > 1 ? (int)((count + share - 1) / share) : count;
}

static inline int check_report(void)
{
    printf("%d cases, %d failed\n", check_case_count, check_case_failures);
    return check_failed_count || check_case_count == 0 ? 1 : 0;
}

#endif
