// links: partners
/* The table, the window of keys and the heap of times against what a plain array says. */
#include "partners/due.h"
#include "partners/keys.h"

#include "check.h"

enum { STEPS = 20000, KEYS = 500 };

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static struct bytes key_text(uint64_t number, char text[32])
{
    int size = snprintf(text, 32, "key-%llu", (unsigned long long)number);
    return bytes_of(text, (size_t)size);
}

CASE(keys_are_found_until_they_are_forgotten)
{
    struct keys keys = {.seed = 5};
    uint64_t seen[KEYS] = {0}, index[KEYS] = {0}, seed = 20270115, now = 1;
    char text[32];
    for (uint64_t step = 0; step < STEPS; step++, now++) {
        uint64_t number = next_random(&seed) % KEYS;
        struct bytes key = key_text(number, text);
        uint64_t hash = keys_hash(&keys, key);
        const struct key_entry *entry = keys_find(&keys, hash, key);
        CHECK_INT(entry != NULL, seen[number] != 0);
        if (entry) {
            CHECK_INT(entry->index, index[number]);
            CHECK_INT(entry->seen_ms, seen[number]);
            CHECK(bytes_equal(keys_note(&keys, entry), bytes_of(&index[number], 8)));
        } else {
            seen[number] = now;
            index[number] = step;
            keys_add(&keys, hash, key, bytes_of(&index[number], 8), (struct record_index){step},
                     VERDICT_ACCEPTED, now);
        }
        if (next_random(&seed) % 50 == 0) {
            uint64_t until = now > 300 ? now - next_random(&seed) % 300 : 0;
            keys_forget(&keys, until);
            for (size_t i = 0; i < KEYS; i++)
                seen[i] = seen[i] < until ? 0 : seen[i];
        }
    }
    size_t live = 0;
    for (size_t i = 0; i < KEYS; i++)
        live += seen[i] != 0;
    CHECK_INT(keys.count, live);
    CHECK_INT(keys.table.count, live);
    CHECK(keys.capacity < 4 * KEYS);
    keys_release(&keys);
}

static bool number_is(const void *context, uint32_t value, const void *key)
{
    (void)context;
    return value == *(const uint32_t *)key;
}

/* All homes are the same few: clusters, and gaps closed across the table's end. */
CASE(a_crowded_table_loses_nothing)
{
    struct table table = {0};
    bool in[KEYS] = {false};
    uint64_t seed = 7;
    for (int step = 0; step < STEPS; step++) {
        uint32_t number = (uint32_t)(next_random(&seed) % KEYS), found = 0;
        uint64_t hash = UINT64_MAX - number % 3;
        bool there = table_find(&table, hash, number_is, NULL, &number, &found);
        CHECK_INT(there, in[number]);
        if (there)
            table_remove(&table, hash, number);
        else
            table_insert(&table, hash, number);
        in[number] = !in[number];
    }
    table_release(&table);
}

CASE(times_come_in_order)
{
    struct due due = {0};
    uint64_t seed = 11;
    struct due_item last = {0};
    for (uint32_t i = 0; i < STEPS; i++)
        due_push(&due, (struct due_item){next_random(&seed) % 500,
                                         (enum due_kind)(next_random(&seed) % 3), i});
    for (size_t i = 0; i < STEPS; i++) {
        struct due_item item = *due_first(&due);
        due_pop(&due);
        CHECK(i == 0 || due_before(&last, &item));
        last = item;
    }
    CHECK(due_first(&due) == NULL);
    due_release(&due);
}

int main(void)
{
    RUN(keys_are_found_until_they_are_forgotten);
    RUN(a_crowded_table_loses_nothing);
    RUN(times_come_in_order);
    return check_report();
}
