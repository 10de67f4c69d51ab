/* log.h - structured log records, one line each, on stderr.
 *
 *   time=2026-11-21T22:40:11.123Z level=info msg="peer is up" peer=books-1 height=42
 *   {"time":"2026-11-21T22:40:11.123Z","level":"info","msg":"peer is up","peer":"books-1",...}
 *
 * Values may be hostile: what could end a line, move a cursor, turn text around or break UTF-8 is
 * escaped, and a value is cut at LOG_VALUE_MAX bytes. A message that comes in bursts is written
 * LOG_BURST times a LOG_WINDOW_MS; the rest is counted and told as suppressed=N. Nothing is
 * allocated. A line that stderr does not take is dropped and counted.
 *
 * For top-level code only: libraries return errors. Threads: any, at any time.
 */
#ifndef NODE_LOG_H
#define NODE_LOG_H

#include "crypto/base.h"

enum {
    LOG_VALUE_MAX = 1024, /* bytes of one value, before escapes */
    LOG_LINE_MAX = 8192,  /* a longer record is cut after a whole field */
    LOG_FIELDS_MAX = 16,
    LOG_BURST = 20,
    LOG_WINDOW_MS = 10000,
    LOG_MESSAGES_MAX = 128 /* messages whose bursts are followed at a time */
};

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

struct log_config {
    enum log_level level; /* lower ones are not written */
    enum log_format format;
    int fd;                   /* usually 2 */
    uint64_t (*now_ms)(void); /* NULL: the machine's clock */
};

/* A named value. Keys are the program's own: [a-z0-9_]. */
struct log_field {
    const char *key;
    enum { LOG_FIELD_TEXT, LOG_FIELD_UNSIGNED, LOG_FIELD_SIGNED } kind;
    struct bytes text;
    uint64_t number;
};
struct log_field log_text(const char *key, const char *text);
struct log_field log_bytes(const char *key, struct bytes text);
struct log_field log_unsigned(const char *key, uint64_t number);
struct log_field log_signed(const char *key, int64_t number);

/* At start; before it: info, logfmt, stderr. */
void log_configure(const struct log_config *config);
bool log_level_from_word(struct bytes word, enum log_level *level_out) MUST_USE;
bool log_format_from_word(struct bytes word, enum log_format *format_out) MUST_USE;
const char *log_level_word(enum log_level level);
const char *log_format_word(enum log_format format);

/* `message` is a fixed text: bursts are told apart by it; what varies belongs in fields. */
void log_write(enum log_level level, const char *message, const struct log_field *fields,
               size_t field_count);
#define LOG(level, message, ...)                                                                   \
    log_write(level, message, (const struct log_field[]){__VA_ARGS__},                             \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))
#define log_debug(message, ...) LOG(LOG_LEVEL_DEBUG, message, __VA_ARGS__)
#define log_info(message, ...)  LOG(LOG_LEVEL_INFO, message, __VA_ARGS__)
#define log_warn(message, ...)  LOG(LOG_LEVEL_WARN, message, __VA_ARGS__)
#define log_error(message, ...) LOG(LOG_LEVEL_ERROR, message, __VA_ARGS__)

/* Tells what was suppressed in windows that are over; with `all` in the current ones too. Call it
 * every few seconds, and with `all` before the process ends. */
void log_flush(bool all);

struct log_counts {
    uint64_t written[4]; /* by level */
    uint64_t suppressed, dropped;
};
struct log_counts log_counts(void);

#endif
