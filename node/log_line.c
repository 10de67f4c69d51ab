#include "node/log_line.h"

#include "node/visible.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    END_SIZE = 24,   /* kept free: ,"cut":true}\n */
    ESCAPE_SIZE = 16 /* the longest text of one character, and a NUL */
};

static void line_put(struct log_line *line, const char *text, size_t size)
{
    if (line->full || size > sizeof(line->at) - END_SIZE - line->size) {
        line->full = true;
        return;
    }
    memcpy(line->at + line->size, text, size);
    line->size += size;
}

static void line_text(struct log_line *line, const char *text)
{
    line_put(line, text, strlen(text));
}

/* ---- characters --------------------------------------------------------------------------- */

static size_t escape(char out[ESCAPE_SIZE], uint32_t code)
{
    switch (code) {
    case '"':
    case '\\':
        return (size_t)snprintf(out, ESCAPE_SIZE, "\\%c", (char)code);
    case '\n':
        return (size_t)snprintf(out, ESCAPE_SIZE, "\\n");
    case '\r':
        return (size_t)snprintf(out, ESCAPE_SIZE, "\\r");
    case '\t':
        return (size_t)snprintf(out, ESCAPE_SIZE, "\\t");
    default:
        break;
    }
    if (!visible_is_dangerous(code)) {
        return 0;
    }
    if (code > 0xFFFF) {
        uint32_t rest = code - 0x10000;
        return (size_t)snprintf(out, ESCAPE_SIZE, "\\u%04x\\u%04x", 0xD800 + (rest >> 10),
                                0xDC00 + (rest & 0x3FF));
    }
    return (size_t)snprintf(out, ESCAPE_SIZE, "\\u%04x", code);
}

/* JSON knows no \xNN: there a byte that is no text shows with its backslash escaped. Returns the
 * bytes taken. */
static size_t line_character(struct log_line *line, struct bytes rest)
{
    char escaped[ESCAPE_SIZE];
    uint32_t code = 0;
    size_t size = visible_character(rest, &code);
    if (size == 0) {
        const char *backslash = line->format == LOG_FORMAT_JSON ? "\\\\" : "\\";
        snprintf(escaped, sizeof(escaped), "%sx%02x", backslash, rest.at[0]);
        line_text(line, escaped);
        return 1;
    }
    size_t escaped_size = escape(escaped, code);
    if (escaped_size > 0) {
        line_put(line, escaped, escaped_size);
    } else {
        line_put(line, (const char *)rest.at, size);
    }
    return size;
}

/* A cut falls between characters. */
static void line_quoted(struct log_line *line, struct bytes text)
{
    line_text(line, "\"");
    size_t end = text.size < LOG_VALUE_MAX ? text.size : LOG_VALUE_MAX;
    while (end < text.size && end > LOG_VALUE_MAX - 3 && (text.at[end] & 0xC0) == 0x80) {
        end--;
    }
    for (size_t i = 0; i < end;) {
        i += line_character(line, bytes_of(text.at + i, end - i));
    }
    line_text(line, end < text.size ? "...\"" : "\"");
}

/* Without quotes only what no reader of logfmt could take for anything else. */
static bool is_plain(struct bytes text)
{
    if (text.size == 0 || text.size > LOG_VALUE_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.at[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (c == 0 || !strchr("._:/+-@,%", c))) {
            return false;
        }
    }
    return true;
}

/* ---- fields ------------------------------------------------------------------------------- */

static void line_value(struct log_line *line, const struct log_field *field)
{
    char number[24];
    switch (field->kind) {
    case LOG_FIELD_TEXT:
        if (line->format == LOG_FORMAT_LOGFMT && is_plain(field->text)) {
            line_put(line, (const char *)field->text.at, field->text.size);
        } else {
            line_quoted(line, field->text);
        }
        return;
    case LOG_FIELD_UNSIGNED:
        snprintf(number, sizeof(number), "%llu", (unsigned long long)field->number);
        break;
    case LOG_FIELD_SIGNED:
        snprintf(number, sizeof(number), "%lld", (long long)field->number);
        break;
    }
    line_text(line, number);
}

void log_line_add(struct log_line *line, const struct log_field *field)
{
    if (line->full) {
        return;
    }
    bool json = line->format == LOG_FORMAT_JSON;
    size_t before = line->size;
    if (json) {
        line_text(line, before == 0 ? "{\"" : ",\"");
    } else if (before > 0) {
        line_text(line, " ");
    }
    line_text(line, field->key);
    line_text(line, json ? "\":" : "=");
    line_value(line, field);
    if (line->full) {
        line->size = before;
    }
}

/* RFC 3339, UTC. */
static void time_format(uint64_t time_ms, char text_out[40])
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    size_t size =
        gmtime_r(&seconds, &parts) ? strftime(text_out, 32, "%Y-%m-%dT%H:%M:%S", &parts) : 0;
    snprintf(text_out + size, 40 - size, ".%03uZ", (unsigned)(time_ms % 1000));
}

void log_line_init(struct log_line *line, enum log_format format, uint64_t time_ms,
                   const char *level, const char *message)
{
    line->size = 0;
    line->full = false;
    line->format = format;
    char time[40];
    time_format(time_ms, time);
    struct log_field fields[] = {log_text("time", time), log_text("level", level)};
    log_line_add(line, &fields[0]);
    log_line_add(line, &fields[1]);
    if (format == LOG_FORMAT_LOGFMT) {
        line_text(line, " msg=");
        line_quoted(line, bytes_text(message));
    } else {
        struct log_field field = log_text("msg", message);
        log_line_add(line, &field);
    }
}

void log_line_end(struct log_line *line)
{
    bool json = line->format == LOG_FORMAT_JSON;
    const char *end =
        json ? line->full ? ",\"cut\":true}\n" : "}\n" : (line->full ? " cut=true\n" : "\n");
    size_t size = strlen(end);
    must(size <= sizeof(line->at) - line->size);
    memcpy(line->at + line->size, end, size);
    line->size += size;
}
