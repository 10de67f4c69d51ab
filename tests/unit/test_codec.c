// links: protocol
/* The subset of RFC 8949 that everything is written in. Frozen items are from its appendix A. */
#include "protocol/codec.h"
#include "unit/codec_law.h"

static struct codec_reader reader_of(const char *hex, uint8_t *room, size_t capacity)
{
    size_t size = strlen(hex) / 2;
    REQUIRE(size <= capacity && hex_decode(bytes_text(hex), room, size));
    struct codec_reader reader;
    codec_reader_init(&reader, bytes_of(room, size));
    return reader;
}

static void check_uint(uint64_t value, const char *hex)
{
    struct buffer out;
    buffer_init(&out, 16);
    codec_put_uint(&out, value);
    CHECK_HEX(buffer_bytes(&out), hex);
    struct codec_reader reader;
    codec_reader_init(&reader, buffer_bytes(&out));
    CHECK(codec_get_uint(&reader, UINT64_MAX) == value);
    CHECK(codec_finish(&reader, "x", NULL));
    if (value > 0) {
        codec_reader_init(&reader, buffer_bytes(&out));
        CHECK(codec_get_uint(&reader, value - 1) == 0 && reader.failed);
    }
    buffer_release(&out);
}

CASE(unsigned_integers_take_their_shortest_form)
{
    check_uint(0, "00");
    check_uint(1, "01");
    check_uint(23, "17");
    check_uint(24, "1818");
    check_uint(255, "18ff");
    check_uint(256, "190100");
    check_uint(65535, "19ffff");
    check_uint(65536, "1a00010000");
    check_uint(UINT32_MAX, "1affffffff");
    check_uint(UINT64_C(1) << 32, "1b0000000100000000");
    check_uint(UINT64_C(1000000000000), "1b000000e8d4a51000");
    check_uint(UINT64_MAX, "1bffffffffffffffff");
}

static void check_int(int64_t value, const char *hex)
{
    struct buffer out;
    buffer_init(&out, 16);
    codec_put_int(&out, value);
    CHECK_HEX(buffer_bytes(&out), hex);
    struct codec_reader reader;
    codec_reader_init(&reader, buffer_bytes(&out));
    CHECK(codec_get_int(&reader, INT64_MIN, INT64_MAX) == value);
    CHECK(codec_finish(&reader, "x", NULL));
    codec_reader_init(&reader, buffer_bytes(&out));
    CHECK(codec_get_int(&reader, value, value) == value && !reader.failed);
    if (value < INT64_MAX) {
        codec_reader_init(&reader, buffer_bytes(&out));
        CHECK(codec_get_int(&reader, value + 1, INT64_MAX) == 0 && reader.failed);
    }
    buffer_release(&out);
}

CASE(integers_reach_both_ends_of_64_bits)
{
    check_int(0, "00");
    check_int(10, "0a");
    check_int(-1, "20");
    check_int(-10, "29");
    check_int(-24, "37");
    check_int(-25, "3818");
    check_int(-100, "3863");
    check_int(-1000, "3903e7");
    check_int(INT64_MAX, "1b7fffffffffffffff");
    check_int(INT64_MIN, "3b7fffffffffffffff");
}

CASE(integers_beyond_63_bits_are_refused_where_a_sign_is_read)
{
    uint8_t room[16];
    struct codec_reader reader = reader_of("1b8000000000000000", room, sizeof(room));
    CHECK(codec_get_int(&reader, INT64_MIN, INT64_MAX) == 0 && reader.failed);
    reader = reader_of("3b8000000000000000", room, sizeof(room));
    CHECK(codec_get_int(&reader, INT64_MIN, INT64_MAX) == 0 && reader.failed);
    reader = reader_of("20", room, sizeof(room));
    CHECK(codec_get_uint(&reader, UINT64_MAX) == 0 && reader.failed);
}

CASE(strings_arrays_and_simple_values_have_their_frozen_bytes)
{
    struct buffer out;
    buffer_init(&out, 400);
    codec_put_array(&out, 6);
    codec_put_bytes(&out, bytes_of("\1\2\3\4", 4));
    codec_put_bytes(&out, bytes_of(NULL, 0));
    codec_put_text(&out, bytes_text("IETF"));
    codec_put_text(&out, bytes_text("\xc3\xbc"));
    codec_put_bool(&out, false);
    codec_put_null(&out);
    CHECK_HEX(buffer_bytes(&out), "864401020304406449455446"
                                  "62c3bcf4f6");
    struct codec_reader reader;
    codec_reader_init(&reader, buffer_bytes(&out));
    CHECK_INT(codec_get_array(&reader, 6, 6), 6);
    CHECK_INT(codec_get_bytes(&reader, 4, 4).size, 4);
    CHECK_INT(codec_get_bytes(&reader, 0, 0).size, 0);
    CHECK(bytes_equal(codec_get_text(&reader, 1, 4), bytes_text("IETF")));
    CHECK_INT(codec_get_text(&reader, 2, 2).size, 2);
    CHECK(!codec_get_null(&reader));
    CHECK(!codec_get_bool(&reader) && !reader.failed);
    CHECK(codec_get_null(&reader));
    CHECK(codec_finish(&reader, "x", NULL));
    buffer_release(&out);
}

/* Each is read as whatever its first byte claims to be, with no bound of its own. */
static bool refused(const char *hex)
{
    uint8_t room[64];
    struct codec_reader reader = reader_of(hex, room, sizeof(room));
    switch (room[0] >> 5) {
    case 0:
        (void)codec_get_uint(&reader, UINT64_MAX);
        break;
    case 1:
        (void)codec_get_int(&reader, INT64_MIN, INT64_MAX);
        break;
    case 2:
        (void)codec_get_bytes(&reader, 0, SIZE_MAX);
        break;
    case 3:
        (void)codec_get_text(&reader, 0, SIZE_MAX);
        break;
    case 4:
        (void)codec_get_array(&reader, 0, SIZE_MAX);
        break;
    default:
        (void)codec_get_bool(&reader);
    }
    struct error error = {0};
    bool bad = !codec_finish(&reader, "it", &error);
    CHECK(!bad || (error.code == ERROR_INVALID && strncmp(error.text, "it: ", 4) == 0));
    return bad;
}

CASE(longer_forms_than_needed_are_refused)
{
    static const char *const forms[] = {"1817",
                                        "190017",
                                        "1900ff",
                                        "1a00000000",
                                        "1a0000ffff",
                                        "1b0000000000000001",
                                        "1b00000000ffffffff",
                                        "3817",
                                        "3900ff",
                                        "3a0000ffff",
                                        "3b00000000ffffffff",
                                        "5800",
                                        "5801aa",
                                        "59000141",
                                        "7800",
                                        "780161",
                                        "9800",
                                        "990000",
                                        "9a00000000",
                                        "9b0000000000000000"};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        CHECK(refused(forms[i]));
}

CASE(indefinite_reserved_and_unknown_forms_are_refused)
{
    static const char *const forms[] = {"1c",
                                        "1d",
                                        "1e",
                                        "1f",
                                        "3f",
                                        "5c",
                                        "5f41aaff",
                                        "5f",
                                        "7f6161ff",
                                        "9f01ff",
                                        "9fff",
                                        "a0",
                                        "a10101",
                                        "bf",
                                        "c000",
                                        "d9d9f7",
                                        "f0",
                                        "f7",
                                        "f800",
                                        "f820",
                                        "f93c00",
                                        "fa47c35000",
                                        "fb3ff199999999999a",
                                        "ff"};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        CHECK(refused(forms[i]));
}

CASE(truncated_and_trailing_bytes_are_refused)
{
    static const char *const forms[] = {"18",
                                        "19ff",
                                        "1affffff",
                                        "1bffffffffffffff",
                                        "38",
                                        "41",
                                        "4401",
                                        "58",
                                        "58ff",
                                        "5bffffffffffffffff",
                                        "61",
                                        "6261",
                                        "81",
                                        "8201",
                                        "9bffffffffffffffff",
                                        "0000",
                                        "2020",
                                        "4000",
                                        "6000",
                                        "f4f4"};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        CHECK(refused(forms[i]));
    struct codec_reader reader;
    codec_reader_init(&reader, bytes_of(NULL, 0));
    CHECK(codec_get_uint(&reader, 1) == 0 && reader.failed);
    codec_reader_init(&reader, bytes_of(NULL, 0));
    CHECK(!codec_get_bool(&reader) && reader.failed);
    codec_reader_init(&reader, bytes_of(NULL, 0));
    CHECK(!codec_get_null(&reader) && !reader.failed && codec_finish(&reader, "nothing", NULL));
}

CASE(text_that_is_not_utf_8_is_refused)
{
    static const char *const forms[] = {"61ff", "62c0af", "63eda080", "64f4908080", "61c3"};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        CHECK(refused(forms[i]));
    CHECK(!refused("62c3bc"));
}

CASE(string_and_array_sizes_keep_to_their_bounds)
{
    uint8_t room[16];
    struct codec_reader reader = reader_of("4401020304", room, sizeof(room));
    CHECK(codec_get_bytes(&reader, 5, 9).size == 0 && reader.failed);
    reader = reader_of("4401020304", room, sizeof(room));
    CHECK(codec_get_bytes(&reader, 0, 3).size == 0 && reader.failed);
    reader = reader_of("820000", room, sizeof(room));
    CHECK(codec_get_array(&reader, 3, 9) == 0 && reader.failed);
    reader = reader_of("820000", room, sizeof(room));
    CHECK(codec_get_array(&reader, 0, 1) == 0 && reader.failed);
    uint8_t fixed[4] = {9, 9, 9, 9};
    reader = reader_of("43010203", room, sizeof(room));
    codec_get_fixed(&reader, fixed, sizeof(fixed));
    CHECK(reader.failed && fixed[0] == 0 && fixed[3] == 0);
}

CASE(the_first_mistake_stays_and_later_reads_give_nothing)
{
    uint8_t room[16];
    struct codec_reader reader = reader_of("0102", room, sizeof(room));
    codec_fail(&reader, "first");
    codec_fail(&reader, "second");
    CHECK(codec_get_uint(&reader, 9) == 0);
    CHECK(codec_get_int(&reader, 5, 9) == 0);
    CHECK(!codec_get_bool(&reader) && !codec_get_null(&reader));
    CHECK(codec_get_bytes(&reader, 0, 9).at == NULL && codec_get_text(&reader, 0, 9).at == NULL);
    CHECK_INT(codec_get_array(&reader, 0, 9), 0);
    struct error error = {0};
    CHECK(!codec_finish(&reader, "what", &error));
    CHECK_TEXT(error.text, "what: first");
}

/* Reads any one item of the subset and writes it again, to a bounded depth. */
static void copy_item(struct codec_reader *reader, struct buffer *out, int depth)
{
    if (reader->failed || reader->at == reader->end || depth > CODEC_DEPTH_MAX) {
        codec_fail(reader, "no item");
        return;
    }
    size_t count;
    switch (*reader->at >> 5) {
    case 0:
        codec_put_uint(out, codec_get_uint(reader, UINT64_MAX));
        return;
    case 1:
        codec_put_int(out, codec_get_int(reader, INT64_MIN, INT64_MAX));
        return;
    case 2:
        codec_put_bytes(out, codec_get_bytes(reader, 0, SIZE_MAX));
        return;
    case 3:
        codec_put_text(out, codec_get_text(reader, 0, SIZE_MAX));
        return;
    case 4:
        count = codec_get_array(reader, 0, SIZE_MAX);
        codec_put_array(out, count);
        for (size_t i = 0; i < count && !reader->failed; i++)
            copy_item(reader, out, depth + 1);
        return;
    default:
        if (codec_get_null(reader))
            codec_put_null(out);
        else
            codec_put_bool(out, codec_get_bool(reader));
    }
}

static bool again(struct bytes in, struct buffer *out)
{
    struct codec_reader reader;
    codec_reader_init(&reader, in);
    copy_item(&reader, out, 0);
    bool taken = codec_finish(&reader, "item", NULL);
    struct bytes item;
    if (taken) /* it ends where what finds its end without reading it says */
        CHECK(codec_item(in, in.size, &item) == CODEC_ITEM_WHOLE && item.size == in.size);
    return taken;
}

static enum codec_item kind_of(const char *hex, size_t max, size_t *size_out)
{
    uint8_t room[64];
    struct bytes item = {0};
    size_t size = strlen(hex) / 2;
    REQUIRE(size <= sizeof(room) && hex_decode(bytes_text(hex), room, size));
    enum codec_item kind = codec_item(bytes_of(room, size), max, &item);
    *size_out = item.size;
    return kind;
}

CASE(the_end_of_an_item_is_found_in_what_follows_it)
{
    static const char item[] = "8601182a42010262c3a4820021f6";
    char cut[64];
    size_t size = 0;
    (void)snprintf(cut, sizeof(cut), "%sf4ff", item);
    CHECK(kind_of(cut, 64, &size) == CODEC_ITEM_WHOLE && size == strlen(item) / 2);
    CHECK(kind_of(item, strlen(item) / 2, &size) == CODEC_ITEM_WHOLE);
    for (size_t i = 0; i < strlen(item) / 2; i++) {
        (void)snprintf(cut, sizeof(cut), "%.*s", (int)(2 * i), item);
        CHECK(kind_of(cut, 64, &size) == CODEC_ITEM_PART);
        CHECK(kind_of(item, i, &size) == CODEC_ITEM_NONE);
    }
    /* map, tag, float, indefinite, reserved, undefined; more than there may be, at any depth */
    static const char *const none[] = {"a0",
                                       "c001",
                                       "f90000",
                                       "9f",
                                       "1c",
                                       "f7",
                                       "ff",
                                       "5841",
                                       "9841",
                                       "9bffffffffffffffff",
                                       "83813f",
                                       "8281ff",
                                       "5bffffffffffffffff"};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        CHECK(kind_of(none[i], 64, &size) == CODEC_ITEM_NONE);
    CHECK(kind_of("824100", 4, &size) == CODEC_ITEM_PART); /* one byte more would do */
    CHECK(kind_of("824100", 3, &size) == CODEC_ITEM_NONE);
}

CASE(any_bytes_fail_or_come_back_as_they_were)
{
    struct buffer out;
    buffer_init(&out, 400);
    codec_put_array(&out, 7);
    codec_put_uint(&out, UINT64_MAX);
    codec_put_int(&out, -70000);
    codec_put_bytes(&out, bytes_of("bytes of a string, more than 23 of them", 39));
    codec_put_text(&out, bytes_text("t\xc3\xa4xt"));
    codec_put_array(&out, 2);
    codec_put_bool(&out, true);
    codec_put_null(&out);
    codec_put_array(&out, 0);
    codec_put_uint(&out, 300);
    law_check(again, buffer_bytes(&out));
    law_refuses_other_forms(again, buffer_bytes(&out));
    buffer_release(&out);
}

int main(void)
{
    RUN(unsigned_integers_take_their_shortest_form);
    RUN(integers_reach_both_ends_of_64_bits);
    RUN(integers_beyond_63_bits_are_refused_where_a_sign_is_read);
    RUN(strings_arrays_and_simple_values_have_their_frozen_bytes);
    RUN(longer_forms_than_needed_are_refused);
    RUN(indefinite_reserved_and_unknown_forms_are_refused);
    RUN(truncated_and_trailing_bytes_are_refused);
    RUN(text_that_is_not_utf_8_is_refused);
    RUN(string_and_array_sizes_keep_to_their_bounds);
    RUN(the_first_mistake_stays_and_later_reads_give_nothing);
    RUN(the_end_of_an_item_is_found_in_what_follows_it);
    RUN(any_bytes_fail_or_come_back_as_they_were);
    return check_report();
}
