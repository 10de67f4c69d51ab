/* audit_source.h - where an audit's bytes come from: a node, an exported folder, a stopped node's
 * store. The audit does not know which.
 *
 * Nothing that comes from here is believed. ERROR_CORRUPT says that the source gave bytes that
 * cannot be what was asked for, or that what it must have is not there: that is a finding. Any
 * other error says that it could not be asked.
 *
 * Threads: one.
 */
#ifndef NODE_AUDIT_SOURCE_H
#define NODE_AUDIT_SOURCE_H

#include "node/audit.h"
#include "node/cli_http.h"
#include "node/replica.h"
#include "node/store.h"

enum { AUDIT_PROOF_MAX = 48 * 1024 * 1024 };

/* What each kind of source can do. Buffers are appended to, within their limits. */
struct audit_source_kind {
    bool (*charter)(void *context, struct buffer *json_out, struct error *error);
    /* The newest signed note; ERROR_NOT_FOUND: such a source has none. */
    bool (*checkpoint)(void *context, struct buffer *note_out, struct error *error);
    /* What follows is asked of the log at this size; 0: all of it, and *size_io says how long. */
    bool (*begin)(void *context, uint64_t *size_io, struct error *error);
    bool (*height)(void *context, uint64_t height, struct buffer *proof_out, struct error *error);
    /* At least the first *width_io entries of bundle `index`: u16 size || record, repeated;
     * *width_io becomes how many there should be. */
    bool (*entries)(void *context, uint64_t index, uint32_t *width_io, struct buffer *bundle_out,
                    struct error *error);
    bool (*tile)(void *context, uint32_t level, uint64_t index, uint32_t width,
                 struct hash tile_out[TILE_WIDTH], struct error *error);
    void (*close)(void *context);
};

struct audit_source {
    const struct audit_source_kind *kind;
    void *context;
    char name[CLI_PATH_MAX]; /* for people */
    uint64_t size;           /* since the last begin */
    struct buffer bundle;
    uint64_t bundle_index; /* UINT64_MAX: none is loaded */
    struct bytes rest;
    uint64_t next, end; /* the record at `rest`; one past the last that the bundle should hold */
};

/* Both are borrowed. */
void audit_source_http(struct audit_source *source_out, struct http *http,
                       const struct cli_target *target);
/* A folder that `accrue export` wrote. */
void audit_source_folder(struct audit_source *source_out, const char *dir);
/* A stopped node's folder, opened by the first begin; `charter`: the bytes of its coalition's.
 * Begin fails with ERROR_CORRUPT where files or ledger are damaged, with ERROR_CONFLICT where the
 * store belongs to another coalition. One that was pruned begins with an image of its state: of
 * what went, heights and entries are ERROR_GONE. */
void audit_source_store(struct audit_source *source_out, const char *path, struct bytes charter);
/* Of such a one, once it is open: its entries. */
bool audit_source_store_of(const struct audit_source *source, struct store *store_out) MUST_USE;
/* Once it has begun: what reads it. NULL: it has not. */
const struct replica *audit_source_store_replica(const struct audit_source *source);
/* The source, open already, pruned what this folder of `accrue export` holds: from now on both. */
void audit_source_archive(struct audit_source *source_io, const char *dir);
void audit_source_init(struct audit_source *source_out, const struct audit_source_kind *kind,
                       void *context, const char *name);
void audit_source_close(struct audit_source *source); /* safe on a zeroed one */

bool audit_source_begin(struct audit_source *source, uint64_t size, struct error *error) MUST_USE;
/* In order, from any place on; borrowed until the next call. */
bool audit_source_record(struct audit_source *source, uint64_t index, struct bytes *record_out,
                         struct error *error) MUST_USE;
/* For audit_open(): the source's tiles. */
struct audit_tiles audit_source_tiles(struct audit_source *source);

/* Goes on with the audit to the size that was begun: whatever is wrong becomes findings. False when
 * the source could not be asked. */
bool audit_follow(struct audit *audit, struct audit_source *source, struct cli_progress *progress,
                  struct error *error) MUST_USE;

#endif
