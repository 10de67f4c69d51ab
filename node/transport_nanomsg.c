/* One bound NN_PULL receives for all; one NN_PUSH a peer sends. nanomsg says nothing about who sent
 * a message, so the only sender that counts is the one that the frame's MAC proves. */
#include "crypto/channel.h"
#include "node/transport.h"
#include "protocol/limits.h"

#include <dirent.h>
#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/pipeline.h>
#include <nanomsg/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

enum {
    PEERS_MAX = 256,
    FRAMES_PER_WAKE = 64,                   /* 4 MiB: then others have a turn ... */
    WAKE_NS_MAX = 5000000,                  /* ... or after 5 ms, where frames cost much */
    RECEIVE_MAX = CHANNEL_FRAME_MAX + 1024, /* nanomsg drops connections that announce more */
    FRAME_OVERHEAD = 128,                   /* what a queued frame costs besides its bytes */
    PEER_BYTES_PER_MS = 128 * 1024,         /* a peer's budget, about 128 MiB/s ... */
    PEER_BYTES_BURST = 128 * 1024 * 1024,   /* ... of which a second can be saved up */
    PEER_BAD_FRAME_COST = 1024 * 1024,      /* a malformed frame: about 128 a second */
    PEER_FRAME_COST = 8 * 1024,             /* any frame, at least: about 16,000 a second */
    RECONNECT_FIRST_MS = 5000,              /* a link that stays down gets a new socket */
    RECONNECT_MAX_MS = 60000,
    CONNECT_WAIT_MS = 100,      /* nanomsg's own attempts, doubling ... */
    CONNECT_WAIT_MAX_MS = 2000, /* ... up to this */
    DESCRIPTORS_WANTED = 8192,  /* the limit of the process is raised to this */
    DESCRIPTORS_LOOK_MS = 250,
    REBIND_WAIT_MS = 10000,
};
_Static_assert((int)TRANSPORT_POINT_SIZE == (int)CHANNEL_POINT_SIZE, "one kind of key");
_Static_assert((int)CHANNEL_MESSAGE_MAX == (int)MESSAGE_SIZE_MAX, "the same largest message");

struct queued {
    struct queued *next;
    void *message; /* nanomsg's */
    size_t size;
};

struct link {
    struct transport *transport;
    uint16_t node;
    char url[TRANSPORT_URL_MAX + 1];
    uint8_t point[TRANSPORT_POINT_SIZE], own_point[TRANSPORT_POINT_SIZE];
    struct channel *channel;
    int socket; /* NN_PUSH, -1 when it could not be made */
    uv_poll_t *writable;
    struct queued *first, *last;
    size_t queued_bytes;
    int64_t budget_bytes;
    uint64_t reconnect_ms; /* when, if the link is still down */
    uint64_t reconnect_wait_ms;
    uint64_t dropped_queue_full, over_budget;
};

struct transport {
    uv_loop_t *loop;
    struct transport_events events;
    uint16_t node;
    char listen[TRANSPORT_URL_MAX + 1];
    size_t queue_bytes_max, descriptors_max;
    struct hash coalition;
    const struct channel_key *key;
    struct link *links[PEERS_MAX]; /* each by itself: its channel knows where it is */
    size_t link_count;
    int socket; /* NN_PULL, -1 while it could not be bound again */
    uv_poll_t *readable;
    uv_timer_t *timer;
    uv_idle_t *more; /* runs while frames are left after a full wake-up */
    uint64_t ticked_ms, descriptors_look_ms, rebind_ms;
    struct transport_strangers strangers;
};

/* ---- handles and sockets ------------------------------------------------------------------- */

static void handle_free(uv_handle_t *handle)
{
    free(handle);
}

/* Handles live on the heap by themselves, because libuv lets go of them only a turn later. */
static void handle_close(void *handle)
{
    if (handle != NULL)
        uv_close(handle, handle_free);
}

static void socket_close(int *socket)
{
    while (*socket >= 0 && nn_close(*socket) != 0 && nn_errno() == EINTR)
        ;
    *socket = -1;
}

static bool option_set(int socket, int level, int option, int value)
{
    return nn_setsockopt(socket, level, option, &value, sizeof value) == 0;
}

/* nanomsg signals both of its descriptors by making them readable, the one for sending too. */
static uv_poll_t *poll_open(uv_loop_t *loop, int socket, int which, void *context)
{
    int descriptor;
    size_t size = sizeof descriptor;
    if (nn_getsockopt(socket, NN_SOL_SOCKET, which, &descriptor, &size) != 0)
        return NULL;
    uv_poll_t *poll = allocate(1, sizeof *poll);
    if (uv_poll_init(loop, poll, descriptor) != 0) {
        free(poll);
        return NULL;
    }
    poll->data = context;
    return poll;
}

static struct link *link_of(const struct transport *transport, uint16_t node)
{
    for (size_t i = 0; i < transport->link_count; i++)
        if (transport->links[i]->node == node)
            return transport->links[i];
    return NULL;
}

/* ---- sending ------------------------------------------------------------------------------- */

static void queue_clear(struct link *link)
{
    while (link->first != NULL) {
        struct queued *next = link->first->next;
        nn_freemsg(link->first->message);
        free(link->first);
        link->first = next;
    }
    link->last = NULL;
    link->queued_bytes = 0;
}

/* True when nanomsg took the message over; false: it could not now, try later. */
static bool hand_over(struct link *link, void *message)
{
    return link->socket >= 0 && nn_send(link->socket, &message, NN_MSG, NN_DONTWAIT) >= 0;
}

static void queue_flush(struct link *link);

static void on_writable(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    queue_flush(poll->data);
}

static void queue_flush(struct link *link)
{
    while (link->first != NULL && hand_over(link, link->first->message)) {
        struct queued *sent = link->first;
        link->queued_bytes -= sent->size + FRAME_OVERHEAD;
        link->first = sent->next;
        free(sent);
    }
    if (link->first == NULL)
        link->last = NULL;
    if (link->writable == NULL)
        return;
    if (link->first == NULL)
        uv_poll_stop(link->writable);
    else
        uv_poll_start(link->writable, UV_READABLE, on_writable);
}

static void queue_append(struct link *link, void *message, size_t size)
{
    struct queued *item = allocate(1, sizeof *item);
    item->message = message;
    item->size = size;
    *(link->first == NULL ? &link->first : &link->last->next) = item;
    link->last = item;
    link->queued_bytes += size + FRAME_OVERHEAD;
}

static void on_frame(void *context, struct bytes frame)
{
    struct link *link = context;
    /* While the link is down only the newest handshake frame is worth keeping. */
    if (!channel_is_up(link->channel))
        queue_clear(link);
    if (link->queued_bytes + frame.size + FRAME_OVERHEAD > link->transport->queue_bytes_max) {
        link->dropped_queue_full++;
        return;
    }
    void *message = nn_allocmsg(frame.size, 0);
    must(message != NULL);
    memcpy(message, frame.at, frame.size);
    if (link->first == NULL && hand_over(link, message))
        return;
    queue_append(link, message, frame.size);
    queue_flush(link);
}

bool transport_send(struct transport *transport, uint16_t peer, struct bytes message)
{
    struct link *link = link_of(transport, peer);
    if (link == NULL || !channel_is_up(link->channel))
        return false;
    /* All of a message or nothing: half of one would only cost. */
    size_t frames = message.size / (CHANNEL_FRAME_MAX / 2) + 1;
    if (link->queued_bytes + channel_sealed_size(message.size) + frames * FRAME_OVERHEAD >
        transport->queue_bytes_max) {
        link->dropped_queue_full++;
        return false;
    }
    return channel_send(link->channel, message, uv_now(transport->loop));
}

/* ---- receiving ----------------------------------------------------------------------------- */

static void on_message(void *context, struct bytes message)
{
    struct link *link = context;
    struct transport_events *events = &link->transport->events;
    events->message(events->context, link->node, message);
}

static void on_link(void *context, bool up)
{
    struct link *link = context;
    struct transport_events *events = &link->transport->events;
    if (!up)
        queue_clear(link);
    link->reconnect_wait_ms = RECONNECT_FIRST_MS;
    link->reconnect_ms = uv_now(link->transport->loop) + RECONNECT_FIRST_MS;
    events->link(events->context, link->node, up);
}

/* Only frames with a good MAC are charged: a stranger must not be able to use up a peer's budget.
 */
static void link_receive(struct link *link, struct bytes frame)
{
    struct transport *transport = link->transport;
    if (link->budget_bytes <= 0) {
        link->over_budget++;
        return;
    }
    switch (channel_receive(link->channel, frame, uv_now(transport->loop))) {
    case CHANNEL_ACCEPTED:
        link->budget_bytes -=
            frame.size > PEER_FRAME_COST ? (int64_t)frame.size : (int64_t)PEER_FRAME_COST;
        break;
    case CHANNEL_FORGED:
        transport->strangers.bad_mac++;
        break;
    case CHANNEL_MALFORMED:
        link->budget_bytes -= PEER_BAD_FRAME_COST;
        break;
    }
}

static void frame_route(struct transport *transport, struct bytes frame)
{
    struct channel_header header;
    if (!channel_header_decode(frame, &header) || header.receiver != transport->node) {
        transport->strangers.malformed++;
        return;
    }
    struct link *link = link_of(transport, header.sender);
    if (link != NULL)
        link_receive(link, frame);
    else
        transport->strangers.unknown_peer++;
}

static void drain(struct transport *transport);

static void on_more(uv_idle_t *idle)
{
    drain(idle->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    drain(poll->data);
}

/* The descriptor tells that something came, not how much: so it is emptied, or, after a full turn,
 * looked at again on the next one without waiting for another signal. */
static void drain(struct transport *transport)
{
    uint64_t start_ns = uv_hrtime();
    for (unsigned count = 0; transport->socket >= 0; count++) {
        if (count == FRAMES_PER_WAKE || uv_hrtime() - start_ns > WAKE_NS_MAX) {
            uv_idle_start(transport->more, on_more);
            return;
        }
        void *message = NULL;
        int size = nn_recv(transport->socket, &message, NN_MSG, NN_DONTWAIT);
        if (size < 0)
            break;
        frame_route(transport, bytes_of(message, (size_t)size));
        nn_freemsg(message);
    }
    uv_idle_stop(transport->more);
}

/* ---- connecting ---------------------------------------------------------------------------- */

static void link_disconnect(struct link *link)
{
    handle_close(link->writable);
    link->writable = NULL;
    socket_close(&link->socket);
}

static bool link_connect(struct link *link, struct error *error)
{
    link->socket = nn_socket(AF_SP, NN_PUSH);
    bool good =
        link->socket >= 0 && option_set(link->socket, NN_TCP, NN_TCP_NODELAY, 1) &&
        option_set(link->socket, NN_SOL_SOCKET, NN_RECONNECT_IVL, CONNECT_WAIT_MS) &&
        option_set(link->socket, NN_SOL_SOCKET, NN_RECONNECT_IVL_MAX, CONNECT_WAIT_MAX_MS) &&
        nn_connect(link->socket, link->url) >= 0;
    if (good) {
        link->writable = poll_open(link->transport->loop, link->socket, NN_SNDFD, link);
        good = link->writable != NULL;
    }
    if (good)
        return true;
    int reason = nn_errno();
    link_disconnect(link);
    return error_set(error, ERROR_IO, "node %u at %s: %s", (unsigned)link->node, link->url,
                     nn_strerror(reason));
}

static void listen_stop(struct transport *transport)
{
    handle_close(transport->readable);
    transport->readable = NULL;
    socket_close(&transport->socket);
}

static bool listen_start(struct transport *transport, struct error *error)
{
    transport->socket = nn_socket(AF_SP, NN_PULL);
    bool good = transport->socket >= 0 &&
                option_set(transport->socket, NN_SOL_SOCKET, NN_RCVMAXSIZE, RECEIVE_MAX) &&
                option_set(transport->socket, NN_TCP, NN_TCP_NODELAY, 1) &&
                nn_bind(transport->socket, transport->listen) >= 0;
    if (good) {
        transport->readable = poll_open(transport->loop, transport->socket, NN_RCVFD, transport);
        good = transport->readable != NULL &&
               uv_poll_start(transport->readable, UV_READABLE, on_readable) == 0;
    }
    if (good)
        return true;
    int reason = nn_errno();
    listen_stop(transport);
    return error_set(error, ERROR_IO, "listening at %s: %s", transport->listen,
                     nn_strerror(reason));
}

/* ---- time ---------------------------------------------------------------------------------- */

/* A peer that vanished without a word leaves a connection that nanomsg trusts for many minutes; a
 * fresh socket does not. */
static void link_tick(struct link *link, uint64_t now_ms, uint64_t passed_ms)
{
    link->budget_bytes += (int64_t)(passed_ms * PEER_BYTES_PER_MS);
    if (link->budget_bytes > PEER_BYTES_BURST)
        link->budget_bytes = PEER_BYTES_BURST;
    channel_tick(link->channel, now_ms);
    if (!channel_is_up(link->channel) && now_ms >= link->reconnect_ms) {
        link_disconnect(link);
        link->reconnect_wait_ms *= 2;
        if (link->reconnect_wait_ms > RECONNECT_MAX_MS)
            link->reconnect_wait_ms = RECONNECT_MAX_MS;
        link->reconnect_ms = now_ms + link->reconnect_wait_ms;
        /* A failure here is tried again when the longer wait is over. */
        (void)!link_connect(link, NULL);
    }
    queue_flush(link);
}

static size_t descriptors_open(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;
    while (folder != NULL && readdir(folder) != NULL)
        count++;
    if (folder != NULL)
        closedir(folder);
    return count;
}

/* nanomsg keeps every connection that anybody opens and tells nobody. Closing the socket is the
 * only way to shed them; honest peers connect again within moments, and sessions outlive it. */
static void descriptors_check(struct transport *transport, uint64_t now_ms)
{
    if (now_ms < transport->descriptors_look_ms)
        return;
    transport->descriptors_look_ms = now_ms + DESCRIPTORS_LOOK_MS;
    if (transport->socket >= 0) {
        size_t open = descriptors_open(), most = transport->descriptors_max;
        /* The store needs descriptors too: before they run out there is no waiting. */
        if (open <= most || (now_ms < transport->rebind_ms && open <= most + most / 2))
            return;
        transport->rebind_ms = now_ms + REBIND_WAIT_MS;
        transport->strangers.rebinds++;
        listen_stop(transport);
    }
    (void)!listen_start(transport, NULL); /* else at the next look */
}

static void on_tick(uv_timer_t *timer)
{
    struct transport *transport = timer->data;
    uint64_t now_ms = uv_now(transport->loop);
    uint64_t passed_ms = now_ms - transport->ticked_ms;
    if (passed_ms > 1000)
        passed_ms = 1000;
    transport->ticked_ms = now_ms;
    for (size_t i = 0; i < transport->link_count; i++)
        link_tick(transport->links[i], now_ms, passed_ms);
    descriptors_check(transport, now_ms);
    drain(transport); /* should a signal ever be lost */
}

/* ---- opening ------------------------------------------------------------------------------- */

static void descriptors_raise(struct transport *transport, size_t wanted_max)
{
    struct rlimit limit = {.rlim_cur = 1024, .rlim_max = 1024};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_WANTED) {
        struct rlimit raised = limit;
        raised.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
            limit = raised;
    }
    transport->descriptors_max = wanted_max > 0 ? wanted_max : (size_t)limit.rlim_cur / 2;
}

static void link_close(struct link *link)
{
    if (link == NULL)
        return;
    queue_clear(link);
    link_disconnect(link);
    channel_close(link->channel);
    free(link);
}

/* A link that is not connected yet. */
static struct link *link_open(struct transport *transport, const struct transport_peer *peer,
                              struct error *error)
{
    struct link *link = allocate(1, sizeof *link);
    link->transport = transport;
    link->node = peer->node;
    link->socket = -1;
    memcpy(link->url, peer->url, sizeof link->url);
    memcpy(link->point, peer->point, sizeof link->point);
    channel_key_point(transport->key, link->own_point);
    link->budget_bytes = PEER_BYTES_BURST;
    link->reconnect_wait_ms = RECONNECT_FIRST_MS;
    link->reconnect_ms = uv_now(transport->loop) + RECONNECT_FIRST_MS;
    struct channel_config line = {
        .coalition = transport->coalition,
        .own = transport->node,
        .peer = peer->node,
        .key = transport->key,
    };
    memcpy(line.peer_point, peer->point, sizeof line.peer_point);
    struct channel_events events = {
        .context = link, .frame = on_frame, .message = on_message, .link = on_link};
    if (channel_open(&line, &events, &link->channel, error))
        return link;
    free(link);
    error_wrap(error, "node %u", (unsigned)peer->node);
    return NULL;
}

static void handles_open(struct transport *transport)
{
    transport->timer = allocate(1, sizeof *transport->timer);
    transport->more = allocate(1, sizeof *transport->more);
    must(uv_timer_init(transport->loop, transport->timer) == 0);
    must(uv_idle_init(transport->loop, transport->more) == 0);
    transport->timer->data = transport->more->data = transport;
    must(uv_timer_start(transport->timer, on_tick, 0, CHANNEL_TICK_MS) == 0);
}

static bool peers_check(const struct transport_peer *peers, size_t count, struct error *error)
{
    if (count > PEERS_MAX)
        return error_set(error, ERROR_LIMIT, "more than %d peers", PEERS_MAX);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (peers[k].node == peers[i].node)
                return error_set(error, ERROR_INVALID, "node %u is listed twice",
                                 (unsigned)peers[i].node);
    return true;
}

bool transport_open(const struct transport_config *config, uv_loop_t *loop,
                    const struct transport_events *events, struct transport **transport_out,
                    struct error *error)
{
    if (!peers_check(config->peers, config->peer_count, error))
        return false;
    struct transport *transport = allocate(1, sizeof *transport);
    transport->loop = loop;
    transport->events = *events;
    transport->coalition = config->coalition;
    transport->node = config->node;
    transport->key = config->key;
    memcpy(transport->listen, config->listen, sizeof transport->listen);
    transport->queue_bytes_max = config->queue_bytes_max;
    transport->socket = -1;
    transport->ticked_ms = uv_now(loop);
    descriptors_raise(transport, config->descriptors_max);
    handles_open(transport);
    if (!listen_start(transport, error) ||
        !transport_set_peers(transport, config->key, config->peers, config->peer_count, error)) {
        transport_close(transport);
        return false;
    }
    *transport_out = transport;
    return true;
}

void transport_close(struct transport *transport)
{
    if (transport == NULL)
        return;
    handle_close(transport->timer);
    handle_close(transport->more);
    listen_stop(transport);
    for (size_t i = 0; i < transport->link_count; i++)
        link_close(transport->links[i]);
    free(transport);
}

/* ---- other peers --------------------------------------------------------------------------- */

/* The link that the peer has already, taken out of the list; NULL: it needs a new one. */
static struct link *link_take(struct transport *transport, const struct transport_peer *peer)
{
    uint8_t own[TRANSPORT_POINT_SIZE];
    channel_key_point(transport->key, own);
    for (size_t i = 0; i < transport->link_count; i++) {
        struct link *link = transport->links[i];
        if (link == NULL || link->node != peer->node || strcmp(link->url, peer->url) != 0 ||
            memcmp(link->point, peer->point, sizeof link->point) != 0 ||
            memcmp(link->own_point, own, sizeof own) != 0)
            continue;
        transport->links[i] = NULL;
        return link;
    }
    return NULL;
}

static void link_drop(struct link *link)
{
    struct transport_events *events = &link->transport->events;
    uint16_t node = link->node;
    bool was_up = channel_is_up(link->channel);
    link_close(link);
    if (was_up)
        events->link(events->context, node, false);
}

bool transport_set_peers(struct transport *transport, const struct channel_key *key,
                         const struct transport_peer *peers, size_t peer_count, struct error *error)
{
    struct link *links[PEERS_MAX], *dropped[PEERS_MAX];
    size_t count = 0, drop_count = 0;
    bool good = true;
    if (!peers_check(peers, peer_count, error))
        return false;
    transport->key = key;
    for (size_t i = 0; i < peer_count; i++) {
        struct link *link = link_take(transport, &peers[i]);
        if (link == NULL) {
            link = link_open(transport, &peers[i], good ? error : NULL);
            /* Where no socket can be made now, one is made later: only the caller is told. */
            if (link == NULL || !link_connect(link, good ? error : NULL))
                good = false;
        }
        if (link != NULL)
            links[count++] = link;
    }
    for (size_t i = 0; i < transport->link_count; i++)
        if (transport->links[i] != NULL)
            dropped[drop_count++] = transport->links[i];
    memcpy(transport->links, links, count * sizeof links[0]);
    transport->link_count = count;
    for (size_t i = 0; i < drop_count; i++)
        link_drop(dropped[i]);
    return good;
}

/* ---- looking ------------------------------------------------------------------------------- */

bool transport_counts_of(const struct transport *transport, uint16_t peer,
                         struct transport_counts *counts_out)
{
    const struct link *link = link_of(transport, peer);
    if (link == NULL)
        return false;
    struct channel_counts counts = channel_counts_of(link->channel);
    *counts_out = (struct transport_counts){
        .sent_messages = counts.messages_sent,
        .sent_bytes = counts.bytes_sent,
        .received_messages = counts.messages_received,
        .received_bytes = counts.bytes_received,
        .dropped_queue_full = link->dropped_queue_full,
        .over_budget = link->over_budget,
        .incomplete = counts.reassembly_evicted,
        .refused_handshakes = counts.starts_refused,
        .handshakes = counts.handshakes,
        .handshake_failures = counts.handshake_failures,
        .bad_frames = counts.malformed,
        .up = channel_is_up(link->channel),
    };
    return true;
}

struct transport_strangers transport_strangers_of(const struct transport *transport)
{
    return transport->strangers;
}
