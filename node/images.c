#include "node/images.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "node/log.h"
#include "node/snapshot_file.h"
#include "node/store_gaps.h"

/* Writing costs in proportion to the state, replaying in proportion to what happened since, so a
 * number of records alone would have a large busy node write all day. What the last image took is
 * waited for so many times before the next begins: a fiftieth of the time goes into images, and a
 * start replays at most what fifty times the writing brought. */
enum { REST_FACTOR = 50 };

/* While a child writes, each page that the node changes is copied once, which is dear under load
 * and costs little when nothing happens: so one that is due waits for a quiet moment. It does not
 * wait for ever, or a start would replay for ever; nor do all nodes wait equally long, or under a
 * steady load they would all be slow at once, and with them every quorum. */
enum {
    QUIET_MS = 1000,     /* with less than ... */
    QUIET_SHARE = 100,   /* ... a hundredth of `every` records */
    OVERDUE_FACTOR = 32, /* times `every`, and by node up to ... */
    STAGGER_NODES = 8    /* ... so many times more */
};

static uint64_t every_times(const struct images *images, uint64_t factor)
{
    return images->every > UINT64_MAX / 2 / factor ? UINT64_MAX / 2 : images->every * factor;
}

static uint64_t moment_ms(void)
{
    return uv_hrtime() / 1000000;
}

static bool read_file(void *context, uint64_t height, uint64_t piece, struct buffer *out)
{
    struct error error;
    return snapshot_file_read((const char *)context, height, piece, out, &error);
}

bool images_init(struct images *images, const char *folder, uint64_t every, struct error *error)
{
    memset(images, 0, sizeof(*images));
    images->every = every;
    images->overdue = every_times(images, OVERDUE_FACTOR);
    images->files =
        (struct replica_snapshots){.context = images->snapshot.folder, .read = read_file};
    return snapshot_init(&images->snapshot, folder, error);
}

void images_release(struct images *images)
{
    snapshot_release(&images->snapshot);
}

/* ---- starting ------------------------------------------------------------------------------ */

static bool open_from(struct images *images, uint64_t height, const struct replica_config *config,
                      uint64_t now_ms, struct replica **replica_out, struct error *error)
{
    struct replica_config with = *config;
    struct buffer place;
    buffer_init(&place, SNAPSHOT_NOTE_MAX);
    bool good = snapshot_read(images->snapshot.folder, height, config->charter, &with.image, &place,
                              NULL, error);
    with.place = buffer_bytes(&place);
    if (good && place.size == 0) {
        state_close(with.image);
        good = error_set(error, ERROR_CONFLICT, "it came from others, for a beginning alone");
    }
    good = good && replica_open(&with, now_ms, replica_out, error);
    buffer_release(&place);
    return good;
}

static bool open_from_newest(struct images *images, const struct replica_config *config,
                             uint64_t now_ms, struct replica **replica_out)
{
    struct snapshot_list *list = (struct snapshot_list *)allocate(1, sizeof(*list));
    struct error why = {0};
    uint64_t last = 0;
    /* Without one, or where it cannot be told, no image fits: replica_open() will say why. */
    struct error untold;
    (void)!store_last_height(&config->store, &last, &untold);
    if (!snapshot_list(images->snapshot.folder, list, &why))
        log_warn("the images of the state cannot be listed", log_text("reason", why.text));
    for (size_t i = 0; i < list->count && images->resumed == 0; i++) {
        uint64_t height = list->heights[i];
        if (height > last)
            error_set(&why, ERROR_CONFLICT, "the store ends at height %" PRIu64, last);
        else if (open_from(images, height, config, now_ms, replica_out, &why))
            images->resumed = images->height = height;
        if (images->resumed == 0)
            log_warn("an image of the state is passed over", log_unsigned("height", height),
                     log_text("reason", why.text));
    }
    free(list);
    return images->resumed > 0;
}

/* The history before it is not whole: there is no other way. */
static bool open_joined(struct images *images, const struct snapshot_name *began,
                        const struct replica_config *config, uint64_t now_ms,
                        struct replica **replica_out, struct error *error)
{
    struct replica_config with = *config;
    struct buffer note, head;
    const char *folder = images->snapshot.folder;
    buffer_init(&note, SNAPSHOT_NOTE_MAX);
    buffer_init(&head, SNAPSHOT_HEAD_MAX);
    bool good = snapshot_file_check(folder, began->height, &with.joined, error) &&
                (snapshot_name_equal(&with.joined, began) ||
                 error_set(error, ERROR_CORRUPT, "it is another one"));
    good = good &&
           snapshot_read(folder, began->height, config->charter, &with.image, &note, &head, error);
    with.place = buffer_bytes(&head);
    good = good && replica_open(&with, now_ms, replica_out, error);
    if (!good)
        error_wrap(error,
                   "the snapshot of height %" PRIu64 " that this node began with, and whose "
                   "history is not whole yet: put back its files from a copy, or begin again with "
                   "an empty folder under a key that has never signed",
                   began->height);
    buffer_release(&note);
    buffer_release(&head);
    images->resumed = images->height = images->snapshot.keep = good ? began->height : 0;
    return good;
}

static bool open_any(struct images *images, const struct replica_config *config, uint64_t now_ms,
                     struct replica **replica_out, struct error *error)
{
    struct snapshot_name began;
    struct store_pruned pruned;
    struct error none = {0};
    if (store_began_with(&config->store, &began, &none))
        return open_joined(images, &began, config, now_ms, replica_out, error);
    /* Whatever fails with an image is tried without: it must not be what keeps a node from
     * starting, nor name the damage of a store that may be whole. A store that was pruned goes on
     * from one even where none are wanted: there is no other way. */
    bool from_one = images->every > 0 || store_pruned_to(&config->store, &pruned, &none);
    return (from_one && open_from_newest(images, config, now_ms, replica_out)) ||
           replica_open(config, now_ms, replica_out, error);
}

/* Those of before the start are served and, where that did not happen, attested. */
static void tell_made(const struct images *images, struct replica *replica)
{
    struct snapshot_list *list = (struct snapshot_list *)allocate(1, sizeof(*list));
    struct snapshot_name name;
    struct error error;
    if (snapshot_list(images->snapshot.folder, list, &error))
        for (size_t i = list->count; i-- > 0;)
            if (snapshot_file_name(images->snapshot.folder, list->heights[i], &name, &error))
                replica_snapshot_made(replica, &name);
    free(list);
}

bool images_open_replica(struct images *images, const struct replica_config *config,
                         uint64_t now_ms, struct replica **replica_out, struct error *error)
{
    struct replica_config with = *config;
    snapshot_clean(&images->snapshot);
    if (images->every > 0)
        with.snapshots = &images->files;
    if (!open_any(images, &with, now_ms, replica_out, error))
        return false;
    if (images->every > 0)
        tell_made(images, *replica_out);
    struct replica_status *status = (struct replica_status *)allocate(1, sizeof(*status));
    replica_status(*replica_out, now_ms, status);
    images->records = status->resumed_records;
    images->overdue = every_times(images, OVERDUE_FACTOR + config->self.v % STAGGER_NODES);
    free(status);
    return true;
}

/* ---- making them --------------------------------------------------------------------------- */

static bool is_worth_it(const struct images *images, uint64_t records)
{
    return images->every > 0 && (images->wanted || records >= images->records + images->every);
}

static void note_failure(struct images *images, const struct error *error)
{
    images->failed++;
    images->records = images->began_records; /* not again at once: the disk may be full */
    log_warn("an image of the state was not written; the next start replays more",
             log_unsigned("height", images->snapshot.height), log_text("reason", error->text));
}

static void begin(struct images *images, const struct replica *replica, uint64_t records,
                  struct bytes head)
{
    struct buffer place;
    struct error error = {0};
    buffer_init(&place, REPLICA_PLACE_MAX);
    replica_place(replica, &place);
    must(!place.overflowed);
    images->began_records = records;
    images->attesting = head.size > 0;
    images->wanted = false;
    uint64_t before = uv_hrtime();
    if (!snapshot_begin(&images->snapshot, replica_state(replica), buffer_bytes(&place), head,
                        &error))
        note_failure(images, &error);
    images->pause_us = (uv_hrtime() - before) / 1000;
    images->began_ms = moment_ms();
    buffer_release(&place);
}

static void attest(struct images *images, struct replica *replica)
{
    struct snapshot_name name;
    struct error error;
    if (!images->attesting)
        return;
    if (snapshot_file_name(images->snapshot.folder, images->height, &name, &error))
        replica_snapshot_made(replica, &name);
    else
        log_warn("a snapshot is not attested", log_text("reason", error.text));
}

/* True while one is being written. */
static bool hear(struct images *images, struct replica *replica)
{
    struct error error = {0};
    enum snapshot_progress progress = snapshot_poll(&images->snapshot, &error);
    if (progress == SNAPSHOT_WRITING)
        return true;
    if (progress == SNAPSHOT_IDLE)
        return false;
    images->ended_ms = moment_ms();
    images->took_ms = images->ended_ms - images->began_ms;
    if (progress == SNAPSHOT_FAILED) {
        note_failure(images, &error);
        return false;
    }
    images->written++;
    images->height = images->snapshot.height;
    images->records = images->began_records;
    log_info("an image of the state was written", log_unsigned("height", images->height),
             log_unsigned("records", images->records), log_unsigned("took_ms", images->took_ms),
             log_unsigned("pause_us", images->pause_us));
    attest(images, replica);
    return false;
}

/* Looks once a QUIET_MS; between looks it is as it was at the last. */
static bool is_quiet(struct images *images, uint64_t records)
{
    uint64_t now = moment_ms();
    if (now < images->looked_ms + QUIET_MS)
        return images->quiet;
    images->quiet = records - images->looked_records <= images->every / QUIET_SHARE;
    images->looked_records = records;
    images->looked_ms = now;
    return images->quiet;
}

void images_step(struct images *images, struct replica *replica)
{
    uint64_t records = replica_record_count(replica);
    bool now = is_quiet(images, records) || records >= images->records + images->overdue;
    if (hear(images, replica) || images->snapshot.keep > 0 ||
        moment_ms() < images->ended_ms + REST_FACTOR * images->took_ms)
        return;
    if (now && is_worth_it(images, records))
        begin(images, replica, records, bytes_of(NULL, 0));
}

bool images_last(struct images *images, struct replica *replica)
{
    if (hear(images, replica))
        return false;
    uint64_t records = replica_record_count(replica);
    if (images->last_tried || images->snapshot.keep > 0 || !is_worth_it(images, records))
        return true;
    images->last_tried = true;
    begin(images, replica, records, bytes_of(NULL, 0));
    return false;
}

/* ---- snapshots ------------------------------------------------------------------------------ */

/* One that is still being written is the older one's: this node has no part in the newer. */
void images_on_snapshot(struct images *images, struct replica *replica, uint64_t now_ms)
{
    struct buffer head;
    if (!hear(images, replica)) {
        buffer_init(&head, SNAPSHOT_HEAD_MAX);
        replica_snapshot_head(replica, &head);
        must(!head.overflowed);
        begin(images, replica, replica_record_count(replica), buffer_bytes(&head));
        buffer_release(&head);
    }
    replica_snapshot_taken(replica, now_ms);
}

/* A piece that cannot be kept is missed when the whole is looked at. */
void images_on_piece(struct images *images, const struct replica_action *action)
{
    struct error error;
    if (action->piece == 1)
        log_info("a snapshot is being fetched", log_unsigned("height", action->snapshot.height),
                 log_unsigned("bytes", action->snapshot.size));
    if (!snapshot_part_write(images->snapshot.folder, &action->snapshot, action->piece,
                             action->message, &error))
        log_warn("a piece of a snapshot was not written", log_text("reason", error.text));
}

void images_on_fetched(struct images *images, struct replica *replica,
                       const struct snapshot_name *name, uint64_t now_ms)
{
    static const struct snapshot_name none;
    struct error error;
    bool good = snapshot_part_finish(images->snapshot.folder, name, &error);
    if (!good)
        log_warn("a snapshot that was fetched is of no use", log_text("reason", error.text));
    replica_snapshot_whole(replica, good ? name : &none, now_ms);
}

void images_history_whole(struct images *images)
{
    images->snapshot.keep = 0;
    images->wanted = true;
}

void images_metrics(const struct images *images, struct buffer *out)
{
    buffer_printf(out,
                  "# HELP accrue_image_height Height of the newest image of the state, 0: none.\n"
                  "# TYPE accrue_image_height gauge\n"
                  "accrue_image_height %" PRIu64 "\n"
                  "# HELP accrue_start_image_height Height of the image that this process went on "
                  "from, 0: it replayed every height.\n"
                  "# TYPE accrue_start_image_height gauge\n"
                  "accrue_start_image_height %" PRIu64 "\n"
                  "# HELP accrue_images_written_total Images of the state written.\n"
                  "# TYPE accrue_images_written_total counter\n"
                  "accrue_images_written_total %" PRIu64 "\n"
                  "# HELP accrue_image_failures_total Images of the state that could not be "
                  "written.\n"
                  "# TYPE accrue_image_failures_total counter\n"
                  "accrue_image_failures_total %" PRIu64 "\n",
                  images->height, images->resumed, images->written, images->failed);
}
