#include "node/log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node/log_line.h"

/* One window of one message. */
struct burst {
    const char *message; /* NULL: free */
    enum log_level level;
    uint64_t since_ms;
    uint32_t count;
    uint64_t suppressed;
};

static struct {
    pthread_mutex_t mutex;
    struct log_config config;
    struct burst bursts[LOG_MESSAGES_MAX];
    struct log_counts counts;
} logger = {.mutex = PTHREAD_MUTEX_INITIALIZER,
            .config = {.level = LOG_LEVEL_INFO, .format = LOG_FORMAT_LOGFMT, .fd = 2}};

static const char *const level_words[] = {"debug", "info", "warn", "error"};
static const char *const format_words[] = {"logfmt", "json"};

/* ---- fields and words --------------------------------------------------------------------- */

struct log_field log_text(const char *key, const char *text)
{
    return log_bytes(key, bytes_text(text ? text : ""));
}

struct log_field log_bytes(const char *key, struct bytes text)
{
    return (struct log_field){.key = key, .kind = LOG_FIELD_TEXT, .text = text};
}

struct log_field log_unsigned(const char *key, uint64_t number)
{
    return (struct log_field){.key = key, .kind = LOG_FIELD_UNSIGNED, .number = number};
}

struct log_field log_signed(const char *key, int64_t number)
{
    return (struct log_field){.key = key, .kind = LOG_FIELD_SIGNED, .number = (uint64_t)number};
}

static bool word_find(struct bytes word, const char *const *words, size_t count, size_t *at_out)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(word, bytes_text(words[i]))) {
            *at_out = i;
            return true;
        }
    }
    return false;
}

bool log_level_from_word(struct bytes word, enum log_level *level_out)
{
    size_t at = 0;
    if (!word_find(word, level_words, ARRAY_SIZE(level_words), &at)) {
        return false;
    }
    *level_out = (enum log_level)at;
    return true;
}

bool log_format_from_word(struct bytes word, enum log_format *format_out)
{
    size_t at = 0;
    if (!word_find(word, format_words, ARRAY_SIZE(format_words), &at)) {
        return false;
    }
    *format_out = (enum log_format)at;
    return true;
}

const char *log_level_word(enum log_level level)
{
    return level_words[level];
}

const char *log_format_word(enum log_format format)
{
    return format_words[format];
}

/* ---- writing ------------------------------------------------------------------------------ */

static uint64_t now_ms(void)
{
    if (logger.config.now_ms) {
        return logger.config.now_ms();
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Lines of at most PIPE_BUF bytes are whole in a pipe whoever else writes to it. */
static void line_send(const struct log_line *line)
{
    size_t done = 0;
    while (done < line->size) {
        ssize_t size = write(logger.config.fd, line->at + done, line->size - done);
        if (size <= 0) {
            logger.counts.dropped++;
            return;
        }
        done += (size_t)size;
    }
}

static void record_send(enum log_level level, const char *message, uint64_t time_ms,
                        const struct log_field *fields, size_t field_count, uint64_t suppressed)
{
    struct log_line line;
    log_line_init(&line, logger.config.format, time_ms, level_words[level], message);
    if (suppressed > 0) {
        struct log_field field = log_unsigned("suppressed", suppressed);
        log_line_add(&line, &field);
    }
    for (size_t i = 0; i < field_count && i < LOG_FIELDS_MAX; i++) {
        log_line_add(&line, &fields[i]);
    }
    log_line_end(&line);
    logger.counts.written[level]++;
    line_send(&line);
}

/* ---- bursts ------------------------------------------------------------------------------- */

static void burst_end(struct burst *burst, uint64_t time_ms)
{
    if (burst->suppressed > 0) {
        record_send(burst->level, burst->message, time_ms, NULL, 0, burst->suppressed);
    }
    *burst = (struct burst){0};
}

/* A clock that was set back ends the window too. */
static bool burst_over(const struct burst *burst, uint64_t time_ms)
{
    return time_ms < burst->since_ms || time_ms - burst->since_ms >= LOG_WINDOW_MS;
}

static struct burst *burst_find(enum log_level level, const char *message, uint64_t time_ms)
{
    struct burst *oldest = &logger.bursts[0];
    for (size_t i = 0; i < LOG_MESSAGES_MAX; i++) {
        struct burst *burst = &logger.bursts[i];
        if (burst->message && burst->level == level && strcmp(burst->message, message) == 0) {
            return burst;
        }
        if (oldest->message && (!burst->message || burst->since_ms < oldest->since_ms)) {
            oldest = burst;
        }
    }
    if (oldest->message) {
        burst_end(oldest, time_ms);
    }
    *oldest = (struct burst){.message = message, .level = level, .since_ms = time_ms};
    return oldest;
}

/* False when the record is to be counted only; else how many were before it. */
static bool burst_admit(enum log_level level, const char *message, uint64_t time_ms,
                        uint64_t *suppressed_out)
{
    struct burst *burst = burst_find(level, message, time_ms);
    uint64_t suppressed = 0;
    if (burst_over(burst, time_ms)) {
        suppressed = burst->suppressed;
        *burst = (struct burst){.message = message, .level = level, .since_ms = time_ms};
    }
    if (burst->count >= LOG_BURST) {
        burst->suppressed++;
        logger.counts.suppressed++;
        return false;
    }
    burst->count++;
    *suppressed_out = suppressed;
    return true;
}

/* ---- the interface ------------------------------------------------------------------------- */

void log_configure(const struct log_config *config)
{
    pthread_mutex_lock(&logger.mutex);
    logger.config = *config;
    pthread_mutex_unlock(&logger.mutex);
}

void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t field_count)
{
    pthread_mutex_lock(&logger.mutex);
    if (level >= logger.config.level) {
        uint64_t time_ms = now_ms(), suppressed = 0;
        if (burst_admit(level, message, time_ms, &suppressed)) {
            record_send(level, message, time_ms, fields, field_count, suppressed);
        }
    }
    pthread_mutex_unlock(&logger.mutex);
}

void log_flush(bool all)
{
    pthread_mutex_lock(&logger.mutex);
    uint64_t time_ms = now_ms();
    for (size_t i = 0; i < LOG_MESSAGES_MAX; i++) {
        struct burst *burst = &logger.bursts[i];
        if (burst->message && (all || burst_over(burst, time_ms))) {
            burst_end(burst, time_ms);
        }
    }
    pthread_mutex_unlock(&logger.mutex);
}

struct log_counts log_counts(void)
{
    pthread_mutex_lock(&logger.mutex);
    struct log_counts counts = logger.counts;
    pthread_mutex_unlock(&logger.mutex);
    return counts;
}
