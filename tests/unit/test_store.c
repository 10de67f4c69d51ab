// links: node
#include "check.h"
#include "node/store.h"

CASE(a_group_gives_back_what_was_put_in)
{
    struct store_group group;
    store_group_init(&group);
    store_put(&group, bytes_text("a"), bytes_text("one"));
    store_delete(&group, bytes_text("bb"));
    store_put(&group, bytes_text("c"), bytes_of(NULL, 0));
    CHECK_INT(group.count, 3);
    struct bytes rest = buffer_bytes(&group.ops), key, value;
    REQUIRE(store_group_next(&rest, &key, &value));
    CHECK(bytes_equal(key, bytes_text("a")) && bytes_equal(value, bytes_text("one")));
    REQUIRE(store_group_next(&rest, &key, &value));
    CHECK(bytes_equal(key, bytes_text("bb")) && value.at == NULL);
    REQUIRE(store_group_next(&rest, &key, &value));
    CHECK(bytes_equal(key, bytes_text("c")) && value.at != NULL && value.size == 0);
    CHECK(!store_group_next(&rest, &key, &value));
    store_group_clear(&group);
    CHECK_INT(group.count, 0);
    rest = buffer_bytes(&group.ops);
    CHECK(!store_group_next(&rest, &key, &value));
    store_group_release(&group);
}

CASE(a_group_beyond_its_limit_says_so_and_keeps_whole_changes)
{
    struct store_group group;
    store_group_init(&group);
    uint8_t *value = calloc(1, STORE_VALUE_MAX);
    REQUIRE(value);
    size_t head_and_key = 9 + 1;
    size_t fit = STORE_GROUP_MAX / (STORE_VALUE_MAX + head_and_key);
    for (size_t i = 0; i < fit + 2; i++)
        store_put(&group, bytes_text("k"), bytes_of(value, STORE_VALUE_MAX));
    CHECK(group.ops.overflowed);
    CHECK_INT(group.count, fit);
    struct bytes rest = buffer_bytes(&group.ops), key, seen;
    for (size_t i = 0; i < fit; i++)
        CHECK(store_group_next(&rest, &key, &seen) && seen.size == STORE_VALUE_MAX);
    CHECK(!store_group_next(&rest, &key, &seen));
    free(value);
    store_group_release(&group);
}

static void check_key(struct store_key key, const char *hex)
{
    char text[2 * STORE_KEY_MAX + 1];
    hex_encode(store_key_bytes(&key), text);
    CHECK_TEXT(text, hex);
}

CASE(keys_have_the_bytes_of_the_format_document)
{
    struct hash id;
    memset(id.at, 0xAB, sizeof(id.at));
    check_key(key_prefix('B'), "42");
    check_key(key_meta("last"), "4d6c617374");
    check_key(key_counter(1), "430000000000000001");
    check_key(key_lane(258), "420102");
    check_key(key_batch(258, 3, &id), "4201020000000000000003"
                                      "abababababababababababababababab"
                                      "abababababababababababababababab");
    check_key(key_height(UINT64_MAX), "48ffffffffffffffff");
    check_key(key_outcomes(256), "4f0000000000000100");
    check_key(key_tile(2, 5), "54020000000000000005");
    check_key(key_vote(9, 1, 2), "5600000000000000090000000102");
    check_key(key_proposal(9, 1), "50000000000000000900000001");
    check_key(key_lock(), "4c");
    check_key(key_outbox(4), "510000000000000004");
}

CASE(keys_sort_like_their_numbers)
{
    static const uint64_t numbers[] = {0, 1, 255, 256, 65535, 1ull << 32, UINT64_MAX};
    for (size_t i = 1; i < ARRAY_SIZE(numbers); i++) {
        struct store_key low = key_height(numbers[i - 1]), high = key_height(numbers[i]);
        CHECK(bytes_compare(store_key_bytes(&low), store_key_bytes(&high)) < 0);
    }
}

int main(void)
{
    RUN(a_group_gives_back_what_was_put_in);
    RUN(a_group_beyond_its_limit_says_so_and_keeps_whole_changes);
    RUN(keys_have_the_bytes_of_the_format_document);
    RUN(keys_sort_like_their_numbers);
    return check_report();
}
