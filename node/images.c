#include "node/images.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "node/log.h"

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

bool images_init(struct images *images, const char *folder, uint64_t every, struct error *error)
{
    memset(images, 0, sizeof(*images));
    images->every = every;
    images->overdue = every_times(images, OVERDUE_FACTOR);
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
    bool good =
        snapshot_read(images->snapshot.folder, height, config->charter, &with.image, &place, error);
    with.place = buffer_bytes(&place);
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

bool images_open_replica(struct images *images, const struct replica_config *config,
                         uint64_t now_ms, struct replica **replica_out, struct error *error)
{
    snapshot_clean(&images->snapshot);
    /* Whatever fails with an image is tried without: it must not be what keeps a node from
     * starting, nor name the damage of a store that may be whole. */
    if ((images->every == 0 || !open_from_newest(images, config, now_ms, replica_out)) &&
        !replica_open(config, now_ms, replica_out, error))
        return false;
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
    return images->every > 0 && records >= images->records + images->every;
}

static void note_failure(struct images *images, const struct error *error)
{
    images->failed++;
    images->records = images->began_records; /* not again at once: the disk may be full */
    log_warn("an image of the state was not written; the next start replays more",
             log_unsigned("height", images->snapshot.height), log_text("reason", error->text));
}

static void begin(struct images *images, const struct replica *replica, uint64_t records)
{
    struct buffer place;
    struct error error = {0};
    buffer_init(&place, REPLICA_PLACE_MAX);
    replica_place(replica, &place);
    must(!place.overflowed);
    images->began_records = records;
    uint64_t before = uv_hrtime();
    if (!snapshot_begin(&images->snapshot, replica_state(replica), buffer_bytes(&place), &error))
        note_failure(images, &error);
    images->pause_us = (uv_hrtime() - before) / 1000;
    images->began_ms = moment_ms();
    buffer_release(&place);
}

/* True while one is being written. */
static bool hear(struct images *images)
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

void images_step(struct images *images, const struct replica *replica)
{
    uint64_t records = replica_record_count(replica);
    bool now = is_quiet(images, records) || records >= images->records + images->overdue;
    if (hear(images) || moment_ms() < images->ended_ms + REST_FACTOR * images->took_ms)
        return;
    if (now && is_worth_it(images, records))
        begin(images, replica, records);
}

bool images_last(struct images *images, const struct replica *replica)
{
    if (hear(images))
        return false;
    uint64_t records = replica_record_count(replica);
    if (images->last_tried || !is_worth_it(images, records))
        return true;
    images->last_tried = true;
    begin(images, replica, records);
    return false;
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
