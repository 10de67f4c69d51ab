// links: crypto
#include "check.h"

#include "crypto/large_array.h"

#include <sys/resource.h>

enum { ELEMENTS = 9 * 1024 * 1024 };

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    REQUIRE(file && fscanf(file, "%*d %ld", &pages) == 1);
    (void)fclose(file);
    return pages * 4;
}

/* Fills an array to `count` elements one by one; returns how often it moved once it was large. */
static size_t fill(uint64_t **array, size_t *capacity, size_t count, size_t *wrong)
{
    size_t moves = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t *before = *array;
        bool large = *capacity * sizeof(**array) >= LARGE_ARRAY_MIN;
        *array = large_array_grow(*array, capacity, i + 1, sizeof(**array));
        moves += large && *array != before;
        *wrong += (*array)[i] != 0;
        (*array)[i] = i * i + 1;
    }
    for (uint64_t i = 0; i < count; i++)
        *wrong += (*array)[i] != i * i + 1;
    return moves;
}

CASE(a_large_array_keeps_its_elements_and_never_moves)
{
    uint64_t *array = NULL;
    size_t capacity = 0, wrong = 0;
    CHECK_INT(fill(&array, &capacity, ELEMENTS, &wrong), 0);
    CHECK_INT(wrong, 0);
    large_array_release(array, capacity, sizeof(*array));
}

/* Doubling kept a node up to twice the memory of its state. */
CASE(a_large_array_takes_only_what_is_used)
{
    uint64_t *array = NULL;
    size_t capacity = 0, wrong = 0;
    long before = resident_kib();
    (void)fill(&array, &capacity, ELEMENTS, &wrong);
    CHECK(capacity - ELEMENTS <= LARGE_ARRAY_PIECE / sizeof(*array));
    for (size_t i = ELEMENTS; i < capacity; i++)
        wrong += array[i] != 0;
    CHECK_INT(wrong, 0);
    /* Sanitizers and valgrind keep shadows of what is touched. */
    const char *preloaded = getenv("LD_PRELOAD");
#ifndef ACCRUE_SANITIZED
    if (!preloaded || !strstr(preloaded, "valgrind"))
        CHECK(resident_kib() - before < ELEMENTS / 1024 * 8 + 4096);
#else
    (void)preloaded, (void)before;
#endif
    large_array_release(array, capacity, sizeof(*array));
}

CASE(a_jump_to_any_size_gives_zeroed_elements)
{
    static const size_t sizes[] = {1, 3000, 600000, 700000, 1500000, 9000000};
    for (size_t element = 1; element <= 104; element += 103) {
        uint8_t *array = NULL;
        size_t capacity = 0, wrong = 0;
        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
            size_t before = capacity;
            array = large_array_grow(array, &capacity, sizes[i], element);
            REQUIRE(capacity >= sizes[i]);
            for (size_t at = before * element; at < capacity * element; at += 997)
                wrong += array[at] != 0;
            memset(array + before * element, 0xa5, (capacity - before) * element);
        }
        CHECK_INT(wrong, 0);
        for (size_t at = 0; at < capacity * element; at += 997)
            wrong += array[at] != 0xa5;
        CHECK_INT(wrong, 0);
        large_array_release(array, capacity, element);
    }
    large_array_release(NULL, 0, 8);
}

/* A process may be allowed fewer addresses than are reserved elsewhere: then it reserves less, and
 * moves when that is used up. */
CASE(few_addresses_are_enough)
{
#ifdef ACCRUE_SANITIZED
    printf("skipped: sanitizers reserve terabytes themselves\n");
#else
    struct rlimit before, tight = {0};
    uint64_t *array = NULL;
    size_t capacity = 0, wrong = 0;
    REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
    tight = before;
    tight.rlim_cur = (rlim_t)700 * 1024 * 1024;
    REQUIRE(setrlimit(RLIMIT_AS, &tight) == 0);
    size_t moves = fill(&array, &capacity, (size_t)2 * ELEMENTS, &wrong);
    CHECK(moves <= 2);
    CHECK_INT(wrong, 0);
    large_array_release(array, capacity, sizeof(*array));
    REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
#endif
}

int main(void)
{
    RUN(a_large_array_keeps_its_elements_and_never_moves);
    RUN(a_large_array_takes_only_what_is_used);
    RUN(a_jump_to_any_size_gives_zeroed_elements);
    RUN(few_addresses_are_enough);
    return check_report();
}
