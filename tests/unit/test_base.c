// links: crypto
#include "check.h"
#include "crypto/base.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

CASE(a_broken_invariant_names_itself_and_aborts)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    fflush(stdout);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        must(1 + 1 == 3);
        _exit(0);
    }
    close(ends[1]);
    char text[512] = {0};
    CHECK(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(text, "1 + 1 == 3") != NULL);
    CHECK(strstr(text, "test_base.c:") != NULL);
    CHECK(strstr(text, __func__) != NULL);
}

CASE(an_error_keeps_its_code_and_gains_context)
{
    struct error error = {0};
    CHECK(!error_set(&error, ERROR_CORRUPT, "tile %d is short", 7));
    CHECK(!error_wrap(&error, "level %u", 2u));
    CHECK_INT(error.code, ERROR_CORRUPT);
    CHECK_TEXT(error.text, "level 2: tile 7 is short");
    CHECK(!error_set(&error, ERROR_IO, "again: %s", error.text));
    CHECK_TEXT(error.text, "again: level 2: tile 7 is short");
    CHECK(!error_set(NULL, ERROR_IO, "nobody listens"));
    CHECK(!error_wrap(NULL, "nobody listens"));
}

CASE(a_long_error_text_is_cut_between_characters)
{
    /* Two-, three- and four-byte characters after each possible offset. */
    static const char *const characters[] = {"\xC3\xA9", "\xE2\x80\x94", "\xF0\x9F\x99\x82"};
    for (size_t kind = 0; kind < ARRAY_SIZE(characters); kind++) {
        for (size_t offset = 0; offset < 4; offset++) {
            struct buffer text;
            buffer_init(&text, 4096);
            for (size_t i = 0; i < offset; i++) {
                buffer_append_byte(&text, 'x');
            }
            for (size_t i = 0; i < 400; i++) {
                buffer_append_text(&text, characters[kind]);
            }
            struct error error = {0};
            error_set(&error, ERROR_INVALID, "%s", buffer_text(&text));
            CHECK(utf8_valid(bytes_text(error.text)));
            CHECK(strlen(error.text) >= ERROR_TEXT_SIZE - 4);
            buffer_release(&text);
        }
    }
}

CASE(every_error_code_has_a_word)
{
    for (int code = ERROR_NONE; code <= ERROR_DISK; code++) {
        CHECK(strcmp(error_code_name((enum error_code)code), "unknown") != 0);
    }
    CHECK_TEXT(error_code_name(ERROR_NOT_FOUND), "not-found");
    CHECK_TEXT(error_code_name(ERROR_INVALID), "invalid");
}

CASE(byte_ranges_compare_like_words_in_a_dictionary)
{
    CHECK(bytes_compare(bytes_text("ab"), bytes_text("abc")) < 0);
    CHECK(bytes_compare(bytes_text("abc"), bytes_text("ab")) > 0);
    CHECK(bytes_compare(bytes_text("b"), bytes_text("abc")) > 0);
    CHECK(bytes_compare(bytes_of(NULL, 0), bytes_text("")) == 0);
    CHECK(bytes_compare(bytes_of("\x7F", 1), bytes_of("\x80", 1)) < 0);
    CHECK(bytes_equal(bytes_of(NULL, 0), bytes_text("")));
    CHECK(bytes_equal(bytes_text("ab"), bytes_text("ab")));
    CHECK(!bytes_equal(bytes_text("ab"), bytes_text("ac")));
    CHECK(bytes_equal_constant_time(bytes_text("ab"), bytes_text("ab")));
    CHECK(bytes_equal_constant_time(bytes_of(NULL, 0), bytes_text("")));
    CHECK(!bytes_equal_constant_time(bytes_text("ab"), bytes_text("ac")));
    CHECK(!bytes_equal_constant_time(bytes_text("ab"), bytes_text("abc")));
}

CASE(a_buffer_grows_to_its_limit_and_not_beyond)
{
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    CHECK_TEXT(buffer_text(&buffer), "");
    for (int i = 0; i < 1000; i++) {
        buffer_append_byte(&buffer, (uint8_t)('a' + i % 26));
    }
    CHECK(!buffer.overflowed);
    CHECK_INT(strlen(buffer_text(&buffer)), 1000);
    buffer_append_byte(&buffer, 'x');
    CHECK(buffer.overflowed);
    CHECK_INT(buffer.size, 1000);
    buffer_release(&buffer);
    buffer_release(&buffer);
}

CASE(after_an_overflow_nothing_more_is_written)
{
    struct buffer buffer;
    buffer_init(&buffer, 4);
    buffer_append_text(&buffer, "ab");
    buffer_append_text(&buffer, "cde");
    buffer_append_text(&buffer, "f");
    CHECK(buffer.overflowed);
    CHECK_TEXT(buffer_text(&buffer), "ab");
    CHECK(buffer_extend(&buffer, SIZE_MAX) == NULL);
    buffer_clear(&buffer);
    CHECK(!buffer.overflowed);
    buffer_printf(&buffer, "%d-%s", 12, "z");
    CHECK_TEXT(buffer_text(&buffer), "12-z");
    buffer_printf(&buffer, "%s", "");
    CHECK(!buffer.overflowed);
    buffer_printf(&buffer, "%d", 1);
    CHECK(buffer.overflowed);
    CHECK(bytes_equal(buffer_bytes(&buffer), bytes_text("12-z")));
    buffer_release(&buffer);
}

CASE(an_array_grows_with_zeroed_elements)
{
    size_t capacity = 0;
    uint32_t *array = NULL;
    for (size_t wanted = 1; wanted < 3000; wanted = wanted * 3 + 1) {
        size_t before = capacity;
        array = array_grow(array, &capacity, wanted, sizeof(*array));
        REQUIRE(capacity >= wanted);
        for (size_t i = before; i < capacity; i++) {
            CHECK_INT(array[i], 0);
            array[i] = (uint32_t)i;
        }
        for (size_t i = 0; i < before; i++) {
            CHECK_INT(array[i], i);
        }
    }
    free(array);
}

CASE(big_endian_integers_survive)
{
    uint8_t at[8];
    put_u64be(at, UINT64_C(0x0102030405060708));
    CHECK_INT(at[0], 1);
    CHECK_INT(at[7], 8);
    CHECK(get_u64be(at) == UINT64_C(0x0102030405060708));
    put_u32be(at, UINT32_C(0xFFFEFDFC));
    CHECK(get_u32be(at) == UINT32_C(0xFFFEFDFC));
    put_u16be(at, 0xABCD);
    CHECK_INT(get_u16be(at), 0xABCD);
}

static bool parses(const char *text, uint64_t max, uint64_t expected)
{
    uint64_t value = 77;
    bool parsed = parse_u64(bytes_text(text), max, &value);
    CHECK(parsed || value == 77);
    return parsed && value == expected;
}

CASE(numbers_are_decimal_and_canonical)
{
    CHECK(parses("0", 0, 0));
    CHECK(parses("18446744073709551615", UINT64_MAX, UINT64_MAX));
    CHECK(!parses("18446744073709551616", UINT64_MAX, 0));
    CHECK(!parses("99999999999999999999", UINT64_MAX, 0));
    CHECK(parses("99", 99, 99));
    CHECK(!parses("100", 99, 100));
    CHECK(!parses("1", 0, 1));
    static const char *const refused[] = {"", "00", "01", "+1", "-1", " 1", "1 ", "1a", "0x1"};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        uint64_t value = 0;
        CHECK(!parse_u64(bytes_text(refused[i]), UINT64_MAX, &value));
    }
}

CASE(hex_is_lower_case_and_of_exact_size)
{
    char text[9];
    hex_encode(bytes_of("\x00\xFF\x10\xAB", 4), text);
    CHECK_TEXT(text, "00ff10ab");
    uint8_t out[4];
    CHECK(hex_decode(bytes_text(text), out, 4) && memcmp(out, "\x00\xFF\x10\xAB", 4) == 0);
    static const char *const refused[] = {"",           "00ff10a",  "00ff10",
                                          "00ff10abcd", "00FF10AB", "00ff10ag"};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        CHECK(!hex_decode(bytes_text(refused[i]), out, 4));
    }
    CHECK(memcmp(out, "\x00\xFF\x10\xAB", 4) == 0);
}

CASE(base64_agrees_with_rfc_4648)
{
    static const char *const pairs[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xFB\xFF", "+/8="},
    };
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        char text[16];
        base64_encode(bytes_text(pairs[i][0]), text);
        CHECK_TEXT(text, pairs[i][1]);
        CHECK_INT(strlen(text), BASE64_SIZE(strlen(pairs[i][0])));
        uint8_t out[8];
        size_t size = 99;
        CHECK(base64_decode(bytes_text(text), out, sizeof(out), &size));
        CHECK(bytes_equal(bytes_of(out, size), bytes_text(pairs[i][0])));
    }
}

CASE(base64_takes_one_text_a_value)
{
    static const char *const refused[] = {
        "Zg",    "Zg=",      "Zh==",     "Zm9=", "Zm8",  "=",      "====",    "Z===", "Zg==\n",
        " Zg==", "Zg==Zg==", "Zm9v-_==", "Zm-v", "Z=g=", "Zm9v\n", "Zm\x80v", "Zg=a"};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        uint8_t out[32] = {42};
        size_t size = 99;
        CHECK(!base64_decode(bytes_text(refused[i]), out, sizeof(out), &size));
        CHECK_INT(size, 99);
        CHECK_INT(out[0], 42);
    }
    uint8_t out[2];
    size_t size = 99;
    CHECK(!base64_decode(bytes_text("Zm9v"), out, 2, &size));
    CHECK(base64_decode(bytes_text("Zm8="), out, 2, &size));
}

/* Every text of four characters either fails or encodes back to itself. */
CASE(base64_decoded_text_encodes_back_to_itself)
{
    static const char alphabet[] = "AB/+9zw=\x01";
    size_t count = sizeof(alphabet) - 1;
    size_t taken = 0;
    for (size_t n = 0; n < count * count * count * count; n++) {
        char text[5] = {alphabet[n % count], alphabet[n / count % count],
                        alphabet[n / count / count % count], alphabet[n / count / count / count]};
        uint8_t out[3];
        size_t size = 0;
        if (base64_decode(bytes_text(text), out, sizeof(out), &size)) {
            char back[5];
            base64_encode(bytes_of(out, size), back);
            CHECK_TEXT(back, text);
            taken++;
        }
    }
    CHECK(taken > 2401);
}

CASE(utf8_is_strict)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\xC2\x80",
                                       "\xDF\xBF",
                                       "\xE0\xA0\x80",
                                       "\xED\x9F\xBF",
                                       "\xEE\x80\x80",
                                       "\xEF\xBF\xBF",
                                       "\xF0\x90\x80\x80",
                                       "\xF4\x8F\xBF\xBF",
                                       "caf\xC3\xA9"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        CHECK(utf8_valid(bytes_text(good[i])));
    }
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xC2"
                                      "a",
                                      "\xE0\x9F\xBF",
                                      "\xE2\x80",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xF0\x90\x80",
                                      "\xFF",
                                      "\xFE",
                                      "a\xC3",
                                      "\xE2\x80"
                                      "a",
                                      "\xF0\x90\x80"
                                      "a"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK(!utf8_valid(bytes_text(bad[i])));
    }
}

/* The naive model: encode each code point; nothing else of that length may be valid. */
CASE(utf8_takes_each_code_point_once)
{
    size_t three = 0;
    for (uint32_t n = 0; n < UINT32_C(0x1000000); n++) {
        uint8_t at[3] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
        if (at[0] >= 0xE0 && utf8_valid(bytes_of(at, 3))) {
            three++;
        }
    }
    CHECK_INT(three, 0x10000 - 0x800 - 0x800);
}

int main(void)
{
    RUN(a_broken_invariant_names_itself_and_aborts);
    RUN(an_error_keeps_its_code_and_gains_context);
    RUN(a_long_error_text_is_cut_between_characters);
    RUN(every_error_code_has_a_word);
    RUN(byte_ranges_compare_like_words_in_a_dictionary);
    RUN(a_buffer_grows_to_its_limit_and_not_beyond);
    RUN(after_an_overflow_nothing_more_is_written);
    RUN(an_array_grows_with_zeroed_elements);
    RUN(big_endian_integers_survive);
    RUN(numbers_are_decimal_and_canonical);
    RUN(hex_is_lower_case_and_of_exact_size);
    RUN(base64_agrees_with_rfc_4648);
    RUN(base64_takes_one_text_a_value);
    RUN(base64_decoded_text_encodes_back_to_itself);
    RUN(utf8_is_strict);
    RUN(utf8_takes_each_code_point_once);
    return check_report();
}
