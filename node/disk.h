/* disk.h - what to do about a disk that fails, for whoever reads why a node stopped.
 *
 * Threads: any.
 */
#ifndef NODE_DISK_H
#define NODE_DISK_H

#include "crypto/base.h"

/* An ERROR_IO of the store tells the system's own reason, LevelDB's as text alone: to that is added
 * what to do next. It becomes ERROR_DISK where only the disk stands in the way (full, failing,
 * read-only): mended, the same start goes through. Other codes stay as they are. */
void disk_explain(struct error *error);

/* A page of a mapped file that the disk does not give, or that lies beyond a file's end since it
 * was cut short, comes as SIGBUS. From now on the process then says which file and what to do, and
 * ends with `exit_status`. */
void disk_catch_lost_pages(int exit_status);

#endif
