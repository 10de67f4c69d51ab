// links: crypto
#include "check.h"
#include "crypto/channel_reassembly.h"

static uint64_t now = 1000;

static bool fragment_give(struct channel_reassembly *reassembly, uint32_t id, uint32_t offset,
                          uint32_t total, uint8_t **out)
{
    static const uint8_t data[CHANNEL_FRAGMENT_MAX] = {1, 2, 3};
    uint32_t left = total - offset;
    struct channel_fragment fragment = {
        .id = id,
        .offset = offset,
        .total = total,
        .data = bytes_of(data, left < CHANNEL_FRAGMENT_MAX ? left : CHANNEL_FRAGMENT_MAX)};
    return channel_reassembly_add(reassembly, 1, &fragment, now, out);
}

CASE(reassembly_holds_a_few_messages_and_takes_memory_as_it_comes)
{
    struct channel_reassembly *reassembly = malloc(sizeof *reassembly);
    channel_reassembly_init(reassembly);
    uint8_t *out = NULL;
    for (uint32_t id = 0; id < 1000; id++)
        CHECK(!fragment_give(reassembly, id, 0, CHANNEL_MESSAGE_MAX, &out));
    CHECK_INT(channel_reassembly_held(reassembly), CHANNEL_REASSEMBLY_MAX * CHANNEL_FRAGMENT_MAX);
    CHECK_INT(reassembly->evicted, 1000 - CHANNEL_REASSEMBLY_MAX);
    /* The oldest gave way: the newest four can still be completed, an older one cannot. */
    static const struct {
        uint32_t id;
        bool kept;
    } rows[] = {{999, true}, {998, true}, {997, true}, {996, true}, {995, false}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        bool whole = false;
        for (uint32_t at = CHANNEL_FRAGMENT_MAX; at < CHANNEL_MESSAGE_MAX;
             at += CHANNEL_FRAGMENT_MAX)
            whole = fragment_give(reassembly, rows[i].id, at, CHANNEL_MESSAGE_MAX, &out);
        CHECK(whole == rows[i].kept);
        if (whole)
            free(out);
    }
    CHECK(channel_reassembly_held(reassembly) > 0);
    now += CHANNEL_REASSEMBLY_MS;
    channel_reassembly_expire(reassembly, now);
    CHECK_INT(channel_reassembly_held(reassembly), 0);
    channel_reassembly_release(reassembly);
    free(reassembly);
}

CASE(fragments_in_any_order_make_the_message_once)
{
    struct channel_reassembly *reassembly = malloc(sizeof *reassembly);
    channel_reassembly_init(reassembly);
    uint8_t *out = NULL;
    CHECK(!fragment_give(reassembly, 5, 32000, 40000, &out));
    CHECK(!fragment_give(reassembly, 5, 0, 40000, &out));
    CHECK(!fragment_give(reassembly, 5, 0, 40000, &out));
    CHECK(!fragment_give(reassembly, 5, 16000, 40001, &out)); /* another total: another message */
    CHECK(fragment_give(reassembly, 5, 16000, 40000, &out));
    free(out);
    channel_reassembly_release(reassembly);
    free(reassembly);
}

CASE(fragments_that_break_a_rule_are_refused)
{
    static const struct {
        uint32_t offset, total;
        size_t size;
        bool good;
    } rows[] = {
        {0, 0, 0, true},
        {0, 0, 1, false},
        {16000, 0, 0, false},
        {0, 1, 1, true},
        {0, 1, 0, false},
        {0, 1, 2, false},
        {1, 2, 1, false},
        {0, 16001, 16000, true},
        {0, 16001, 15999, false},
        {16000, 16001, 1, true},
        {16000, 16000, 0, false},
        {32000, 16001, 1, false},
        {0, CHANNEL_MESSAGE_MAX, 16000, true},
        {0, CHANNEL_MESSAGE_MAX + 1, 16000, false},
        {0xffffffff, 0xffffffff, 0, false},
        {4294960000u / 16000 * 16000, 0xffffffff, 16000, false},
    };
    static uint8_t plain[CHANNEL_FRAGMENT_HEADER_SIZE + 16384];
    struct channel_fragment fragment = {0};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        put_u32be(plain + 4, rows[i].offset);
        put_u32be(plain + 8, rows[i].total);
        bool good = channel_fragment_decode(
            bytes_of(plain, CHANNEL_FRAGMENT_HEADER_SIZE + rows[i].size), &fragment);
        if (good != rows[i].good)
            printf("row %zu\n", i);
        CHECK(good == rows[i].good);
    }
    CHECK(!channel_fragment_decode(bytes_of(plain, 11), &fragment));
}

int main(void)
{
    RUN(reassembly_holds_a_few_messages_and_takes_memory_as_it_comes);
    RUN(fragments_in_any_order_make_the_message_once);
    RUN(fragments_that_break_a_rule_are_refused);
    return check_report();
}
