/* Images of the state in the simulator: made at any height, found again at any start. A start from
 * one must give, to the last bit, the replica that a replay of the whole store gives; whatever is
 * damaged, or of a height that the disk does not hold, must be refused. */

#include "sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "partners/state_image.h"
#include "unit/replica_same.h"

enum { KEEP_OF_THOUSAND = 300, USE_OF_THOUSAND = 800, DAMAGE_OF_THOUSAND = 250 };

/* A stream of its own (xorshift64*). */
static uint32_t draw(struct world *w, uint32_t bound)
{
    uint64_t x = w->image_random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    w->image_random = x;
    return (uint32_t)((x * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % bound;
}

static void image_release(struct sim_image *image)
{
    if (image->height > 0) {
        buffer_release(&image->state);
        buffer_release(&image->place);
    }
    image->height = 0;
}

void images_release(struct sim_node *node)
{
    for (size_t i = 0; i < SIM_IMAGES_KEPT; i++)
        image_release(&node->images[i]);
}

void images_keep(struct world *w, uint16_t number)
{
    struct sim_node *node = &w->nodes[number];
    if (draw(w, 1000) >= KEEP_OF_THOUSAND)
        return;
    struct sim_image *image = &node->images[node->image_count++ % SIM_IMAGES_KEPT];
    image_release(image);
    /* What is in memory, which may be more than what is durable: as a forked child has it. */
    image->height = state_height(replica_state(node->replica));
    buffer_init(&image->state, (size_t)1 << 30);
    buffer_init(&image->place, REPLICA_PLACE_MAX);
    must(state_image_write(replica_state(node->replica), same_sink, &image->state, NULL));
    replica_place(node->replica, &image->place);
    must(!image->state.overflowed && !image->place.overflowed);
}

static bool take_piece(void *context, uint8_t *room, size_t size, size_t *size_out,
                       struct error *error)
{
    struct bytes *left = (struct bytes *)context;
    (void)error;
    *size_out = size < left->size ? size : left->size;
    if (*size_out > 0)
        memcpy(room, left->at, *size_out);
    *left = bytes_of(left->at + *size_out, left->size - *size_out);
    return true;
}

static bool disk_holds(struct disk *disk, uint64_t height)
{
    struct store store = disk_store(disk);
    struct store_key key = key_height(height);
    struct buffer value;
    struct error error;
    buffer_init(&value, STORE_VALUE_MAX);
    bool holds = store.get(store.context, store_key_bytes(&key), &value, &error);
    buffer_release(&value);
    return holds;
}

static struct replica *open_from(struct world *w, const struct sim_image *image, bool damage,
                                 const struct replica_config *config, uint64_t now_ms,
                                 struct error *error)
{
    struct replica_config with = *config;
    struct replica *replica = NULL;
    struct buffer changed[2];
    const struct buffer *parts[2] = {&image->state, &image->place};
    for (size_t i = 0; i < 2; i++) {
        buffer_init(&changed[i], (size_t)1 << 30);
        buffer_append(&changed[i], buffer_bytes(parts[i]));
    }
    if (damage) {
        struct buffer *part = &changed[draw(w, 2)];
        part->at[draw(w, (uint32_t)part->size)] ^= (uint8_t)(1 + draw(w, 255));
    }
    struct bytes left = buffer_bytes(&changed[0]);
    with.place = buffer_bytes(&changed[1]);
    bool good = state_image_read(w->charter, take_piece, &left, &with.image, error) &&
                replica_open(&with, now_ms, &replica, error);
    buffer_release(&changed[0]);
    buffer_release(&changed[1]);
    return good ? replica : NULL;
}

static void compare(struct world *w, uint16_t number, const struct replica *replica,
                    const struct replica_config *config, uint64_t now_ms)
{
    struct replica *replay = NULL;
    struct error error;
    if (!replica_open(config, now_ms, &replay, &error)) {
        world_fail(w, "node %u starts from an image and not without: %s", number, error.text);
        return;
    }
    const char *what = replica_differs(replica, replay);
    if (what)
        world_fail(w, "node %u: %s differs between an image and a replay", number, what);
    replica_close(replay);
}

/* NULL when it is refused; that must be so exactly when it is damaged or not the disk's. */
static struct replica *try_image(struct world *w, uint16_t number, const struct sim_image *image,
                                 const struct replica_config *config, uint64_t now_ms)
{
    struct error error = {0};
    bool damage = draw(w, 1000) < DAMAGE_OF_THOUSAND;
    bool fits = !damage && disk_holds(&w->nodes[number].disk, image->height);
    struct replica *replica = open_from(w, image, damage, config, now_ms, &error);
    w->resumed += replica != NULL;
    w->refused += replica == NULL;
    if (!replica && fits)
        world_fail(w, "node %u does not go on from its image of height %llu: %s", number,
                   (unsigned long long)image->height, error.text);
    else if (replica && !fits)
        world_fail(w, "node %u takes an image of height %llu that is damaged or not its disk's",
                   number, (unsigned long long)image->height);
    if (replica)
        compare(w, number, replica, config, now_ms);
    return replica;
}

struct replica *images_open(struct world *w, uint16_t number, const struct replica_config *config,
                            uint64_t now_ms)
{
    struct sim_node *node = &w->nodes[number];
    size_t held = node->image_count < SIM_IMAGES_KEPT ? node->image_count : SIM_IMAGES_KEPT;
    if (held == 0 || draw(w, 1000) >= USE_OF_THOUSAND)
        return NULL;
    return try_image(w, number, &node->images[draw(w, (uint32_t)held)], config, now_ms);
}

void images_check_end(struct world *w, uint16_t number, const struct replica_config *config)
{
    struct sim_node *node = &w->nodes[number];
    for (size_t i = 0; i < SIM_IMAGES_KEPT && i < node->image_count && !w->failed; i++)
        replica_close(try_image(w, number, &node->images[i], config, w->now_ms));
}
