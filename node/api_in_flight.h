/* api_in_flight.h - the keys that were submitted here and are not decided: who waits for each.
 *
 * Bounded. An entry whose client was answered (202, or gone) stays so that a repeat is recognised,
 * until it is decided or its place is needed: then the oldest such entry goes, and a repeat of it
 * is recognised by the ledger itself at execution. Pure. Threads: one.
 */
#ifndef NODE_API_IN_FLIGHT_H
#define NODE_API_IN_FLIGHT_H

#include "crypto/hash.h"
#include "protocol/limits.h"

struct in_flight_owner {
    void *call;    /* NULL: nobody waits */
    uint32_t slot; /* the caller's own number: a part, a line */
};
struct in_flight_entry {
    uint8_t key[KEY_SIZE_MAX];
    uint8_t key_size;
    struct hash client; /* fields that a repeat must have */
    uint64_t at_ms;     /* the time it was built with, for building a repeat alike */
    uint64_t token;
    struct in_flight_owner owner;
    uint32_t bucket, chain; /* where it is found */
    uint32_t before, after; /* list of entries that nobody waits for */
    bool used, durable;
};

struct in_flight;

/* `capacity` entries, at most 2^20. */
struct in_flight *in_flight_open(size_t capacity);
void in_flight_close(struct in_flight *table); /* NULL is fine */

/* A new entry; NULL when all are waited for. The key must not be there. */
struct in_flight_entry *in_flight_add(struct in_flight *table, struct bytes key,
                                      const struct hash *client, uint64_t at_ms,
                                      const struct in_flight_owner *owner);
struct in_flight_entry *in_flight_find(struct in_flight *table, struct bytes key); /* or NULL */
struct in_flight_entry *in_flight_by_token(struct in_flight *table, uint64_t token);
void in_flight_remove(struct in_flight *table, struct in_flight_entry *entry);
/* Nobody waits for it any more. */
void in_flight_orphan(struct in_flight *table, struct in_flight_entry *entry);
/* Orphans every entry of a call. */
void in_flight_orphan_all(struct in_flight *table, const void *call);
size_t in_flight_count(const struct in_flight *table);

#endif
