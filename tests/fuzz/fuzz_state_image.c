// links: node
/* Any bytes as the image of a state. An even first byte: the rest are edits (place, value) of a
 * real image; an odd one: the rest is the image. Either is sealed again, so that its hash holds.
 * What is not refused checks itself, has that very image, and goes on. */
#include "unit/image_copy.h"
#include "unit/random_play.h"

enum { IMAGE_CUT_TIME_AT = 60, IMAGE_COALITION_AT = 12, EDIT_SIZE = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct play *played;
static struct buffer original;

static void keep_image(struct play *play)
{
    buffer_clear(&original);
    image_of(play->driver->state, &original);
}

static void play_once(void)
{
    if (played)
        return;
    buffer_init(&original, IMAGE_LIMIT);
    played = play_open(3, false, false);
    played->may_refund = played->may_split = true;
    played->between = keep_image;
    play_heights(played);
}

static uint8_t *edited(const uint8_t *data, size_t size, size_t *size_out)
{
    uint8_t *image = allocate(1, original.size);
    memcpy(image, original.at, original.size);
    for (; size >= EDIT_SIZE; data += EDIT_SIZE, size -= EDIT_SIZE)
        image[((size_t)data[0] << 16 | get_u16be(data + 1)) % original.size] = data[3];
    *size_out = original.size;
    return image;
}

static uint8_t *taken(const uint8_t *data, size_t size, size_t *size_out)
{
    uint8_t *image = allocate(1, size + HASH_SIZE);
    if (size > 0)
        memcpy(image, data, size);
    if (size >= IMAGE_COALITION_AT + HASH_SIZE)
        memcpy(image + IMAGE_COALITION_AT, played->driver->charter->coalition.at, HASH_SIZE);
    *size_out = size + HASH_SIZE;
    return image;
}

static void go_on(struct state *state, struct bytes image)
{
    struct buffer again;
    struct error error = {0};
    struct hash cut = {{0}};
    struct bytes automatic;
    uint64_t cut_ms = get_u64be(image.at + IMAGE_CUT_TIME_AT);
    buffer_init(&again, IMAGE_LIMIT);
    image_of(state, &again);
    must(bytes_equal(buffer_bytes(&again), image));
    buffer_release(&again);
    must(state_check(state, &error));
    for (int i = 0; i < 4; i++) {
        cut_ms += i < 2 ? 5000 : 20 * DAY_MS;
        state_begin(state, &(struct cut){.height = state_height(state) + 1, .time_ms = cut_ms});
        (void)state_seal(state, &cut, &automatic);
        must(state_check(state, &error));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct state *state = NULL;
    size_t image_size = 0;
    if (size < 1)
        return 0;
    play_once();
    uint8_t *image = (data[0] % 2 == 0 ? edited : taken)(data + 1, size - 1, &image_size);
    image_seal(image, image_size);
    struct bytes bytes = bytes_of(image, image_size);
    if (image_read(played->driver->charter, bytes, &state, NULL)) {
        go_on(state, bytes);
        state_close(state);
    }
    free(image);
    return 0;
}
