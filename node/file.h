/* file.h - whole small files. Touches the outside world. Threads: any. */
#ifndef NODE_FILE_H
#define NODE_FILE_H

#include "crypto/base.h"

/* Opens for reading what is a regular file, or a link to one; -1: it is none, or is not there
 * (ERROR_NOT_FOUND). A pipe or device that somebody laid in its place is not waited for. */
int file_open(const char *path, struct error *error) MUST_USE;
/* Appends a regular file's bytes, at most the buffer's limit. The error names the path. */
bool file_read(const char *path, struct buffer *out, struct error *error) MUST_USE;
/* Puts the bytes in the place of the file, or makes it: whole or not at all, and durable once this
 * returns true. On false the old contents or the new ones are there. Uses PATH.new. */
bool file_replace(const char *path, int mode, struct bytes contents, struct error *error) MUST_USE;

#endif
