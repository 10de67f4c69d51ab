#include "crypto/channel_reassembly.h"

#include <stdlib.h>
#include <string.h>

static void partial_release(struct channel_partial *partial)
{
    for (size_t i = 0; i < CHANNEL_FRAGMENTS_MAX; i++)
        free(partial->fragments[i]);
    *partial = (struct channel_partial){0};
}

void channel_reassembly_init(struct channel_reassembly *reassembly)
{
    *reassembly = (struct channel_reassembly){0};
}

void channel_reassembly_release(struct channel_reassembly *reassembly)
{
    for (size_t i = 0; i < CHANNEL_REASSEMBLY_MAX; i++)
        partial_release(&reassembly->partials[i]);
}

void channel_fragment_header_encode(const struct channel_fragment *fragment,
                                    uint8_t header_out[CHANNEL_FRAGMENT_HEADER_SIZE])
{
    put_u32be(header_out, fragment->id);
    put_u32be(header_out + 4, fragment->offset);
    put_u32be(header_out + 8, fragment->total);
}

static size_t fragment_size(uint32_t total, uint32_t offset)
{
    uint32_t left = total - offset;
    return left < CHANNEL_FRAGMENT_MAX ? left : CHANNEL_FRAGMENT_MAX;
}

bool channel_fragment_decode(struct bytes plain, struct channel_fragment *fragment_out)
{
    if (plain.size < CHANNEL_FRAGMENT_HEADER_SIZE)
        return false;
    struct channel_fragment f = {
        .id = get_u32be(plain.at),
        .offset = get_u32be(plain.at + 4),
        .total = get_u32be(plain.at + 8),
        .data = bytes_of(plain.at + CHANNEL_FRAGMENT_HEADER_SIZE,
                         plain.size - CHANNEL_FRAGMENT_HEADER_SIZE),
    };
    bool life = f.total == 0 && f.offset == 0 && f.data.size == 0;
    bool part = f.total <= CHANNEL_MESSAGE_MAX && f.offset < f.total &&
                f.offset % CHANNEL_FRAGMENT_MAX == 0 &&
                f.data.size == fragment_size(f.total, f.offset);
    if (!life && !part)
        return false;
    *fragment_out = f;
    return true;
}

static struct channel_partial *partial_find(struct channel_reassembly *reassembly, uint64_t session,
                                            const struct channel_fragment *fragment)
{
    for (size_t i = 0; i < CHANNEL_REASSEMBLY_MAX; i++) {
        struct channel_partial *partial = &reassembly->partials[i];
        if (partial->used && partial->session == session && partial->id == fragment->id &&
            partial->total == fragment->total)
            return partial;
    }
    return NULL;
}

/* A free place, or that of the oldest. */
static struct channel_partial *partial_new(struct channel_reassembly *reassembly)
{
    struct channel_partial *oldest = &reassembly->partials[0];
    for (size_t i = 0; i < CHANNEL_REASSEMBLY_MAX; i++) {
        struct channel_partial *partial = &reassembly->partials[i];
        if (!partial->used)
            return partial;
        if (partial->number < oldest->number)
            oldest = partial;
    }
    partial_release(oldest);
    reassembly->evicted++;
    return oldest;
}

static uint8_t *partial_join(const struct channel_partial *partial)
{
    uint8_t *message = allocate(partial->total, 1);
    for (uint32_t at = 0; at < partial->total; at += CHANNEL_FRAGMENT_MAX)
        memcpy(message + at, partial->fragments[at / CHANNEL_FRAGMENT_MAX],
               fragment_size(partial->total, at));
    return message;
}

bool channel_reassembly_add(struct channel_reassembly *reassembly, uint64_t session,
                            const struct channel_fragment *fragment, uint64_t now_ms,
                            uint8_t **message_out)
{
    must(fragment->data.size > 0);
    struct channel_partial *partial = partial_find(reassembly, session, fragment);
    if (partial == NULL) {
        partial = partial_new(reassembly);
        partial->used = true;
        partial->session = session;
        partial->id = fragment->id;
        partial->total = fragment->total;
        partial->started_ms = now_ms;
        partial->number = reassembly->next_number++;
    }
    uint8_t **place = &partial->fragments[fragment->offset / CHANNEL_FRAGMENT_MAX];
    if (*place != NULL)
        return false;
    *place = allocate(fragment->data.size, 1);
    memcpy(*place, fragment->data.at, fragment->data.size);
    partial->held += fragment->data.size;
    if (partial->held < partial->total)
        return false;
    *message_out = partial_join(partial);
    partial_release(partial);
    return true;
}

void channel_reassembly_expire(struct channel_reassembly *reassembly, uint64_t now_ms)
{
    for (size_t i = 0; i < CHANNEL_REASSEMBLY_MAX; i++) {
        struct channel_partial *partial = &reassembly->partials[i];
        if (partial->used && now_ms - partial->started_ms >= CHANNEL_REASSEMBLY_MS) {
            partial_release(partial);
            reassembly->evicted++;
        }
    }
}

size_t channel_reassembly_held(const struct channel_reassembly *reassembly)
{
    size_t held = 0;
    for (size_t i = 0; i < CHANNEL_REASSEMBLY_MAX; i++)
        held += reassembly->partials[i].held;
    return held;
}
