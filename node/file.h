/* file.h - whole small files. Touches the outside world. Threads: any. */
#ifndef NODE_FILE_H
#define NODE_FILE_H

#include "crypto/base.h"

/* Appends the file's bytes, at most the buffer's limit. The error names the path. */
bool file_read(const char *path, struct buffer *out, struct error *error) MUST_USE;
#endif
