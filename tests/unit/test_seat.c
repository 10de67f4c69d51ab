// links: node
// also: sim/disk.c
/* A node that was invited: is the ledger that it was given the one of its invitation? Also where it
 * began with a snapshot, and what the invitation was written after comes later. */
#include "unit/cosign_world.h"

#include "node/replica_parts.h"
#include "node/seat.h"

enum { INVITED = 3 };

/* Records enough for a tile that is in the store alone; led to an earlier checkpoint. */
static struct world *world_of_tiles(struct seat *seat)
{
    struct world *w = world_open();
    world_pass(w, 500);
    world_submit(w, 0);
    world_pass(w, 500);
    struct replica_status status = world_status(w, INVITED);
    memset(seat, 0, sizeof(*seat));
    seat->self.v = INVITED;
    seat->charter = replica_charter(w->nodes[INVITED].replica);
    seat->look_ms = UINT64_MAX; /* no folder of next keys */
    seat->led_to.size = status.records;
    seat->led_to.root = status.root;
    for (uint32_t i = 0; i < TILE_WIDTH; i++)
        world_submit(w, 0);
    world_pass(w, 1000);
    REQUIRE(world_status(w, INVITED).records > TILE_WIDTH);
    return w;
}

static enum seat_news step(struct world *w, struct seat *seat, struct error *error)
{
    return seat_step(seat, w->nodes[INVITED].replica, true, w->now_ms, error);
}

static void write_tile(struct world *w, struct bytes value)
{
    struct store_key key = key_tile(0, 0);
    struct store_group group;
    store_group_init(&group);
    if (value.at)
        store_put(&group, store_key_bytes(&key), value);
    else
        store_delete(&group, store_key_bytes(&key));
    disk_write(&w->nodes[INVITED].disk, buffer_bytes(&group.ops));
    store_group_release(&group);
}

CASE(the_ledger_of_the_invitation_is_told_from_another)
{
    struct seat seat;
    struct error error = {0};
    struct world *w = world_of_tiles(&seat);
    seat.led_to.root.at[0] ^= 1;
    CHECK_INT(step(w, &seat, &error), SEAT_ASTRAY);
    CHECK_INT(error.code, ERROR_CONFLICT);
    seat.led_to.root.at[0] ^= 1;
    CHECK_INT(step(w, &seat, &error), SEAT_NOTHING);
    CHECK_INT(seat.led_to.size, 0);
    world_close(w);
}

CASE(a_node_that_began_with_a_later_snapshot_looks_when_its_history_is_there)
{
    struct seat seat;
    struct error error = {0};
    struct world *w = world_of_tiles(&seat);
    struct replica *replica = w->nodes[INVITED].replica;
    struct store store = disk_store(&w->nodes[INVITED].disk);
    struct store_key key = key_tile(0, 0);
    uint64_t size = seat.led_to.size;
    struct buffer tile;
    buffer_init(&tile, TILE_SIZE);
    REQUIRE(store.get(store.context, store_key_bytes(&key), &tile, &error));
    write_tile(w, bytes_of(NULL, 0));
    struct replica_gap gap = {.snapshot = {.height = replica->height},
                              .records = world_status(w, INVITED).records};
    replica->gap.at = gap;
    CHECK_INT(step(w, &seat, &error), SEAT_NOTHING);
    CHECK_INT(seat.led_to.size, size); /* nor does it say that it is ready */
    replica->gap.at = (struct replica_gap){0};
    CHECK_INT(step(w, &seat, &error), SEAT_ASTRAY); /* gone by no right */
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    CHECK(strstr(error.text, "the invitation's checkpoint: ") == error.text);
    replica->gap.at = gap;
    write_tile(w, buffer_bytes(&tile));
    CHECK_INT(step(w, &seat, &error), SEAT_NOTHING);
    CHECK_INT(seat.led_to.size, 0);
    buffer_release(&tile);
    world_close(w);
}

int main(void)
{
    RUN(the_ledger_of_the_invitation_is_told_from_another);
    RUN(a_node_that_began_with_a_later_snapshot_looks_when_its_history_is_there);
    return check_report();
}
