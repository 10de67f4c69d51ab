/* disk.h - the simulator's disk: a store that keeps what was synced and loses the rest in a crash.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "node/store.h"

struct disk_entry {
    struct bytes key, value; /* owned */
};
struct disk {
    struct disk_entry *entries; /* ordered by key */
    size_t count, capacity;
};

void disk_release(struct disk *disk); /* also: the disk is lost */
struct store disk_store(struct disk *disk);
/* A synced group; atomic, as LevelDB's is. */
void disk_write(struct disk *disk, struct bytes ops);

#endif
