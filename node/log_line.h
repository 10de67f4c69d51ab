/* log_line.h - one log record as text: escapes whatever the values hold. For log.c.
 *
 * Pure; allocates nothing. Threads: any, each with its own line.
 */
#ifndef NODE_LOG_LINE_H
#define NODE_LOG_LINE_H

#include "node/log.h"

struct log_line {
    char at[LOG_LINE_MAX];
    size_t size;
    enum log_format format;
    bool full; /* a field did not fit: none follows it */
};

void log_line_init(struct log_line *line, enum log_format format, uint64_t time_ms,
                   const char *level, const char *message);
void log_line_add(struct log_line *line, const struct log_field *field); /* whole or not at all */
void log_line_end(struct log_line *line);

#endif
