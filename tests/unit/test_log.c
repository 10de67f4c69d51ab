// links: node
#define _GNU_SOURCE
#include "check.h"
#include "node/log.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

static int sink = -1;
static uint64_t clock_ms = 1000000000123;

static uint64_t test_clock(void)
{
    return clock_ms;
}

static void start(enum log_format format)
{
    log_flush(true);
    if (sink >= 0) {
        close(sink);
    }
    sink = memfd_create("log", 0);
    REQUIRE(sink >= 0);
    struct log_config config = {
        .level = LOG_LEVEL_INFO, .format = format, .fd = sink, .now_ms = test_clock};
    log_configure(&config);
    clock_ms += 2 * LOG_WINDOW_MS;
}

/* Everything written since start(); to be freed. */
static char *written(size_t *size_out)
{
    off_t size = lseek(sink, 0, SEEK_END);
    char *text = malloc((size_t)size + 1);
    REQUIRE(text && pread(sink, text, (size_t)size, 0) == size);
    text[size] = '\0';
    *size_out = (size_t)size;
    return text;
}

static void check_written(const char *expected)
{
    size_t size = 0;
    char *text = written(&size);
    CHECK_TEXT(text, expected);
    free(text);
}

CASE(a_record_is_one_line_of_logfmt)
{
    start(LOG_FORMAT_LOGFMT);
    clock_ms = 1000000000123;
    log_info("peer is up", log_text("peer", "books-1"), log_unsigned("height", UINT64_MAX),
             log_signed("round", -1), log_text("why", "a \"b\" \\ c"), log_text("empty", ""));
    log_debug("not written", log_text("a", "b"));
    check_written("time=2001-09-09T01:46:40.123Z level=info msg=\"peer is up\" peer=books-1 "
                  "height=18446744073709551615 round=-1 why=\"a \\\"b\\\" \\\\ c\" empty=\"\"\n");
}

CASE(a_record_is_one_object_of_json)
{
    start(LOG_FORMAT_JSON);
    clock_ms = 1000000000123;
    log_warn("disk is slow", log_text("path", "/a b"), log_signed("n", -5));
    check_written("{\"time\":\"2001-09-09T01:46:40.123Z\",\"level\":\"warn\","
                  "\"msg\":\"disk is slow\",\"path\":\"/a b\",\"n\":-5}\n");
}

CASE(what_could_harm_a_terminal_or_a_reader_is_escaped)
{
    start(LOG_FORMAT_LOGFMT);
    clock_ms = 1000000000123;
    log_error("x", log_text("v", "a\nb\r\t\x1b[31m\x7f"), log_text("c1", "\xc2\x9b"),
              log_text("bidi", "\xe2\x80\xae"), log_text("bad", "\xff\xc0\xaf\xed\xa0\x80"),
              log_text("good", "\xc3\xa9"), log_bytes("nul", bytes_of("a\0b", 3)));
    check_written("time=2001-09-09T01:46:40.123Z level=error msg=\"x\" "
                  "v=\"a\\nb\\r\\t\\u001b[31m\\u007f\" c1=\"\\u009b\" bidi=\"\\u202e\" "
                  "bad=\"\\xff\\xc0\\xaf\\xed\\xa0\\x80\" good=\"\xc3\xa9\" nul=\"a\\u0000b\"\n");
}

CASE(every_message_of_a_burst_is_written_or_counted)
{
    start(LOG_FORMAT_LOGFMT);
    struct log_counts before = log_counts();
    for (int i = 0; i < LOG_BURST + 30; i++) {
        log_info("flood", log_unsigned("i", (uint64_t)i));
    }
    log_info("another message"); /* a record needs no fields */
    struct log_counts after = log_counts();
    CHECK_INT(after.written[LOG_LEVEL_INFO] - before.written[LOG_LEVEL_INFO], LOG_BURST + 1);
    CHECK_INT(after.suppressed - before.suppressed, 30);
    log_flush(false);
    size_t size = 0;
    char *text = written(&size);
    CHECK(strstr(text, "another message") && !strstr(text, "suppressed"));
    free(text);
    clock_ms += LOG_WINDOW_MS;
    log_info("flood", log_text("a", "b"));
    text = written(&size);
    CHECK(strstr(text, "msg=\"flood\" suppressed=30 a=b"));
    free(text);
    for (int i = 0; i < LOG_BURST; i++) {
        log_info("flood", log_text("a", "b"));
    }
    log_flush(true);
    text = written(&size);
    CHECK(strstr(text, "msg=\"flood\" suppressed=1\n"));
    free(text);
}

CASE(more_messages_than_are_followed_lose_no_count)
{
    static char messages[2 * LOG_MESSAGES_MAX][16];
    start(LOG_FORMAT_LOGFMT);
    struct log_counts before = log_counts();
    for (size_t i = 0; i < 2 * LOG_MESSAGES_MAX; i++) {
        snprintf(messages[i], sizeof(messages[i]), "message %zu", i);
        for (int k = 0; k < LOG_BURST + 1; k++) {
            log_info(messages[i], log_text("a", "b"));
        }
    }
    log_flush(true);
    CHECK_INT(log_counts().suppressed - before.suppressed, 2 * LOG_MESSAGES_MAX);
    size_t size = 0, told = 0;
    char *text = written(&size);
    for (const char *at = text; (at = strstr(at, "suppressed=1")); at++) {
        told++;
    }
    CHECK_INT(told, 2 * LOG_MESSAGES_MAX);
    free(text);
}

CASE(a_long_record_is_cut_between_fields_and_says_so)
{
    char *value = malloc(3000);
    REQUIRE(value);
    memset(value, 'a', 2999);
    value[2999] = '\0';
    memset(value + LOG_VALUE_MAX - 2, 0xC3, 1); /* a character that the cut may not split */
    memset(value + LOG_VALUE_MAX - 1, 0xA9, 1);
    struct log_field fields[LOG_FIELDS_MAX];
    for (size_t i = 0; i < LOG_FIELDS_MAX; i++) {
        fields[i] = log_text("value", value);
    }
    start(LOG_FORMAT_JSON);
    log_write(LOG_LEVEL_INFO, "long", fields, LOG_FIELDS_MAX);
    size_t size = 0;
    char *text = written(&size);
    CHECK(size <= LOG_LINE_MAX && text[size - 1] == '\n');
    json_t *json = json_loads(text, 0, NULL);
    CHECK(json && json_is_true(json_object_get(json, "cut")));
    json_decref(json);
    free(text);
    free(value);
}

static bool is_one_safe_line(const char *text, size_t size)
{
    for (size_t i = 0; i + 1 < size; i++) {
        uint8_t c = (uint8_t)text[i];
        if (c < 0x20 || c == 0x7F) {
            return false;
        }
    }
    return size > 0 && text[size - 1] == '\n' && utf8_valid(bytes_of(text, size));
}

static bool naughty_is_safe(const char *value)
{
    for (int format = LOG_FORMAT_LOGFMT; format <= LOG_FORMAT_JSON; format++) {
        start((enum log_format)format);
        log_info("naughty", log_text("value", value));
        size_t size = 0;
        char *text = written(&size);
        bool safe = is_one_safe_line(text, size);
        if (format == LOG_FORMAT_JSON) {
            json_t *json = json_loads(text, 0, NULL);
            const char *back = json_string_value(json_object_get(json, "value"));
            safe = safe && back && strcmp(back, value) == 0;
            json_decref(json);
        }
        if (!safe) {
            printf("%s", text);
        }
        free(text);
        if (!safe) {
            return false;
        }
    }
    return true;
}

CASE(naughty_strings_stay_on_their_line_and_come_back_from_json)
{
    json_t *list = json_load_file(ACCRUE_SHARED "/vectors/naughty-strings/blns.json", 0, NULL);
    if (!list) {
        printf("skipped: no naughty strings at %s\n", ACCRUE_SHARED);
        exit(check_failed_count ? 1 : CHECK_SKIPPED);
    }
    CHECK_INT(json_array_size(list), 515);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *value = json_string_value(json_array_get(list, i));
        REQUIRE(value);
        if (strlen(value) <= LOG_VALUE_MAX) {
            CHECK(naughty_is_safe(value));
        }
    }
    json_decref(list);
}

CASE(every_byte_alone_and_after_another_is_safe)
{
    for (int byte = 1; byte < 256; byte++) {
        char value[4] = {(char)byte, 'x', (char)byte, '\0'};
        start(LOG_FORMAT_JSON);
        log_info("byte", log_text("value", value));
        size_t size = 0;
        char *text = written(&size);
        CHECK(is_one_safe_line(text, size));
        json_t *json = json_loads(text, 0, NULL);
        CHECK(json != NULL);
        json_decref(json);
        free(text);
    }
}

static void *thread_log(void *argument)
{
    for (uint64_t i = 0; i < 10; i++) {
        log_info((const char *)argument, log_unsigned("i", i), log_text("text", "a b c"));
    }
    return NULL;
}

CASE(lines_of_several_threads_do_not_mix)
{
    static char messages[][16] = {"thread one", "thread two", "thread three"};
    start(LOG_FORMAT_JSON);
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        REQUIRE(pthread_create(&threads[i], NULL, thread_log, messages[i]) == 0);
    }
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    size_t size = 0, lines = 0;
    char *text = written(&size), *rest = text;
    for (char *end; (end = strchr(rest, '\n')); rest = end + 1) {
        *end = '\0';
        json_t *json = json_loads(rest, 0, NULL);
        CHECK(json != NULL);
        json_decref(json);
        lines++;
    }
    CHECK_INT(lines, 30);
    free(text);
}

CASE(a_closed_output_drops_lines_and_goes_on)
{
    start(LOG_FORMAT_LOGFMT);
    struct log_config config = {.fd = open("/dev/full", O_WRONLY), .now_ms = test_clock};
    log_configure(&config);
    struct log_counts before = log_counts();
    log_info("lost", log_text("a", "b"));
    CHECK_INT(log_counts().dropped - before.dropped, 1);
    close(config.fd);
}

CASE(words_of_levels_and_formats_are_known)
{
    enum log_level level = LOG_LEVEL_DEBUG;
    enum log_format format = LOG_FORMAT_LOGFMT;
    CHECK(log_level_from_word(bytes_text("error"), &level) && level == LOG_LEVEL_ERROR);
    CHECK(log_format_from_word(bytes_text("json"), &format) && format == LOG_FORMAT_JSON);
    CHECK(!log_level_from_word(bytes_text("loud"), &level) && level == LOG_LEVEL_ERROR);
    CHECK(!log_format_from_word(bytes_text("JSON"), &format));
    CHECK_TEXT(log_level_word(LOG_LEVEL_WARN), "warn");
    CHECK_TEXT(log_format_word(LOG_FORMAT_LOGFMT), "logfmt");
}

int main(void)
{
    RUN(a_record_is_one_line_of_logfmt);
    RUN(a_record_is_one_object_of_json);
    RUN(what_could_harm_a_terminal_or_a_reader_is_escaped);
    RUN(every_message_of_a_burst_is_written_or_counted);
    RUN(more_messages_than_are_followed_lose_no_count);
    RUN(a_long_record_is_cut_between_fields_and_says_so);
    RUN(every_byte_alone_and_after_another_is_safe);
    RUN(lines_of_several_threads_do_not_mix);
    RUN(a_closed_output_drops_lines_and_goes_on);
    RUN(words_of_levels_and_formats_are_known);
    RUN(naughty_strings_stay_on_their_line_and_come_back_from_json);
    return check_report();
}
