#include "crypto/channel.h"
#include "crypto/channel_session.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD_OVERHEAD = 13 + 8 + 16, /* header, explicit nonce, tag: RFC 5288 section 3 */
    FRAGMENT_RECORD_MAX = CHANNEL_FRAGMENT_HEADER_SIZE + CHANNEL_FRAGMENT_MAX + RECORD_OVERHEAD,
    PAYLOAD_MAX = CHANNEL_FRAME_MAX - CHANNEL_PAYLOAD_AT,
    RECORD_HANDSHAKE = 22,
};
_Static_assert(4 * FRAGMENT_RECORD_MAX <= PAYLOAD_MAX, "four full records fit a frame");
_Static_assert((int)CHANNEL_FLIGHT_MAX <= (int)PAYLOAD_MAX, "a flight fits a frame");
_Static_assert(CHANNEL_FRAGMENT_HEADER_SIZE + CHANNEL_FRAGMENT_MAX <= CHANNEL_RECORD_PLAIN_MAX,
               "a fragment fits a record");

struct channel {
    struct channel_config config;
    struct channel_events events;
    struct channel_macs macs;
    EVP_PKEY *pinned;
    bool client;
    unsigned depth; /* calls under way: sessions are freed only by the outermost */
    struct channel_session *current;
    struct channel_session *previous; /* receives until previous_until_ms */
    uint64_t previous_until_ms;
    struct channel_session *pending[CHANNEL_SLOTS_MAX];
    struct channel_session *dead; /* replaced during the call under way */
    uint64_t start_times[CHANNEL_STARTS_PER_S];
    uint64_t seen[CHANNEL_SEEN_MAX]; /* a ring of session ids; 0 is none */
    size_t seen_at;
    uint64_t last_start_ms, next_start_ms, next_knock_ms;
    unsigned retry_ms;
    bool knocked;
    bool sign_of_life_due;
    uint32_t next_message_id;
    struct channel_reassembly reassembly;
    struct channel_counts counts;
    uint8_t frame[CHANNEL_FRAME_MAX];
    uint8_t sending[CHANNEL_FRAGMENT_HEADER_SIZE + CHANNEL_FRAGMENT_MAX];
    uint8_t receiving[CHANNEL_RECORD_PLAIN_MAX];
};

/* ---- opening ------------------------------------------------------------------------------- */

bool channel_open(const struct channel_config *config, const struct channel_events *events,
                  struct channel **channel_out, struct error *error)
{
    uint8_t own_point[CHANNEL_POINT_SIZE];
    channel_key_point(config->key, own_point);
    if (config->own == config->peer)
        return error_set(error, ERROR_INVALID, "node %u is its own peer", (unsigned)config->own);
    if (memcmp(own_point, config->peer_point, sizeof own_point) == 0)
        return error_set(error, ERROR_INVALID, "node %u has our own transport key",
                         (unsigned)config->peer);
    EVP_PKEY *pinned = NULL;
    if (!channel_point_open(config->peer_point, &pinned, error))
        return error_wrap(error, "transport key of node %u", (unsigned)config->peer);
    struct channel *channel = allocate(1, sizeof *channel);
    channel->config = *config;
    channel->events = *events;
    channel->pinned = pinned;
    channel->client = config->own < config->peer;
    channel->retry_ms = CHANNEL_RETRY_MS;
    channel_reassembly_init(&channel->reassembly);
    channel_macs_init(&channel->macs, config->key, pinned, &config->coalition, config->own,
                      config->peer);
    *channel_out = channel;
    return true;
}

void channel_close(struct channel *channel)
{
    if (channel == NULL)
        return;
    must(channel->depth == 0);
    channel_session_close(channel->current);
    channel_session_close(channel->previous);
    for (size_t i = 0; i < CHANNEL_SLOTS_MAX; i++)
        channel_session_close(channel->pending[i]);
    channel_macs_release(&channel->macs);
    channel_reassembly_release(&channel->reassembly);
    EVP_PKEY_free(channel->pinned);
    free(channel);
}

/* ---- frames out ---------------------------------------------------------------------------- */

/* Sends the `payload_size` bytes that are in place in channel->frame. */
static void frame_emit(struct channel *channel, uint64_t session_id, size_t payload_size)
{
    struct channel_header header = {
        .sender = channel->config.own,
        .receiver = channel->config.peer,
        .session = session_id,
    };
    size_t size = CHANNEL_PAYLOAD_AT + payload_size;
    channel_frame_seal(&channel->macs, &header, channel->frame, size);
    channel->counts.frames_sent++;
    channel->events.frame(channel->events.context, bytes_of(channel->frame, size));
}

static void flight_emit(struct channel *channel, struct channel_session *session, uint64_t now_ms)
{
    session->resend_ms = now_ms + session->resend_wait_ms;
    memcpy(channel->frame + CHANNEL_PAYLOAD_AT, session->flight.at, session->flight.size);
    frame_emit(channel, session->id, session->flight.size);
}

/* Sends what the handshake has produced, and keeps it: OpenSSL writes a flight in one go, and its
 * loss shows only by the peer's silence. */
static void flight_collect(struct channel *channel, struct channel_session *session,
                           uint64_t now_ms)
{
    size_t size =
        channel_session_output(session, channel->frame + CHANNEL_PAYLOAD_AT, CHANNEL_FLIGHT_MAX);
    if (size == 0)
        return;
    buffer_clear(&session->flight);
    buffer_append(&session->flight, bytes_of(channel->frame + CHANNEL_PAYLOAD_AT, size));
    session->resend_wait_ms = CHANNEL_RESEND_MS;
    flight_emit(channel, session, now_ms);
}

static void flight_repeat(struct channel *channel, struct channel_session *session, uint64_t now_ms)
{
    if (session->flight.size == 0 || now_ms < session->resend_ms ||
        session->state == CHANNEL_SESSION_FAILED)
        return;
    session->resend_wait_ms *= 2;
    if (session->resend_wait_ms > CHANNEL_RESEND_MAX_MS)
        session->resend_wait_ms = CHANNEL_RESEND_MAX_MS;
    flight_emit(channel, session, now_ms);
}

static void knock(struct channel *channel, uint64_t now_ms)
{
    if (channel->client || now_ms < channel->next_knock_ms)
        return;
    channel->next_knock_ms = now_ms + CHANNEL_KNOCK_MS;
    frame_emit(channel, 0, 0);
}

/* Encrypts one fragment behind the `filled` bytes of the frame; returns the new fill. */
static size_t fragment_write(struct channel *channel, const struct channel_fragment *fragment,
                             size_t filled)
{
    channel_fragment_header_encode(fragment, channel->sending);
    if (fragment->data.size > 0)
        memcpy(channel->sending + CHANNEL_FRAGMENT_HEADER_SIZE, fragment->data.at,
               fragment->data.size);
    channel_session_write(
        channel->current,
        bytes_of(channel->sending, CHANNEL_FRAGMENT_HEADER_SIZE + fragment->data.size));
    return filled + channel_session_output(channel->current,
                                           channel->frame + CHANNEL_PAYLOAD_AT + filled,
                                           PAYLOAD_MAX - filled);
}

static void sign_of_life(struct channel *channel, uint64_t now_ms)
{
    struct channel_fragment nothing = {0};
    channel->current->sent_ms = now_ms;
    channel->sign_of_life_due = false;
    size_t filled = fragment_write(channel, &nothing, 0);
    if (filled > 0)
        frame_emit(channel, channel->current->id, filled);
}

static void message_write(struct channel *channel, struct bytes message)
{
    uint32_t id = channel->next_message_id++;
    size_t filled = 0;
    for (size_t at = 0; at < message.size; at += CHANNEL_FRAGMENT_MAX) {
        size_t left = message.size - at;
        struct channel_fragment fragment = {
            .id = id,
            .offset = (uint32_t)at,
            .total = (uint32_t)message.size,
            .data = bytes_of(message.at + at,
                             left < CHANNEL_FRAGMENT_MAX ? left : CHANNEL_FRAGMENT_MAX),
        };
        if (filled + FRAGMENT_RECORD_MAX > PAYLOAD_MAX) {
            frame_emit(channel, channel->current->id, filled);
            filled = 0;
        }
        filled = fragment_write(channel, &fragment, filled);
    }
    if (filled > 0)
        frame_emit(channel, channel->current->id, filled);
}

/* ---- sessions ------------------------------------------------------------------------------ */

static struct channel_session *session_find(const struct channel *channel, uint64_t id)
{
    if (channel->current != NULL && channel->current->id == id)
        return channel->current;
    if (channel->previous != NULL && channel->previous->id == id)
        return channel->previous;
    for (size_t i = 0; i < CHANNEL_SLOTS_MAX; i++)
        if (channel->pending[i] != NULL && channel->pending[i]->id == id)
            return channel->pending[i];
    return NULL;
}

static struct channel_session **slot_of(struct channel *channel,
                                        const struct channel_session *session)
{
    for (size_t i = 0; i < CHANNEL_SLOTS_MAX; i++)
        if (channel->pending[i] == session)
            return &channel->pending[i];
    return NULL;
}

static void pending_fail(struct channel *channel, struct channel_session **slot, uint64_t now_ms)
{
    channel_session_close(*slot);
    *slot = NULL;
    channel->counts.handshake_failures++;
    channel->next_start_ms = now_ms + channel->retry_ms;
    channel->retry_ms *= 2;
    if (channel->retry_ms > CHANNEL_RETRY_MAX_MS)
        channel->retry_ms = CHANNEL_RETRY_MAX_MS;
}

static void current_lose(struct channel *channel, uint64_t now_ms)
{
    channel_session_close(channel->current);
    channel->current = NULL;
    channel->counts.sessions_lost++;
    channel->next_start_ms = now_ms;
    channel->next_knock_ms = now_ms;
    channel->events.link(channel->events.context, false);
}

/* Frees what has failed or expired. Only the outermost call does so: an inner one, made from a
 * callback, would free what the outer one is reading from. */
static void sweep(struct channel *channel, uint64_t now_ms)
{
    if (channel->depth > 1)
        return;
    channel_session_close(channel->dead);
    channel->dead = NULL;
    if (channel->previous != NULL && (now_ms >= channel->previous_until_ms ||
                                      channel->previous->state == CHANNEL_SESSION_FAILED)) {
        channel_session_close(channel->previous);
        channel->previous = NULL;
    }
    for (size_t i = 0; i < CHANNEL_SLOTS_MAX; i++) {
        struct channel_session *session = channel->pending[i];
        if (session != NULL && (session->state == CHANNEL_SESSION_FAILED ||
                                now_ms - session->started_ms >= CHANNEL_SLOT_MS))
            pending_fail(channel, &channel->pending[i], now_ms);
    }
    if (channel->current != NULL && (channel->current->state == CHANNEL_SESSION_FAILED ||
                                     now_ms - channel->current->heard_ms >= CHANNEL_SILENCE_MS))
        current_lose(channel, now_ms);
}

/* At most CHANNEL_STARTS_PER_S in any second, exactly: the oldest of the last five starts has to be
 * a second ago. */
static bool start_allowed(struct channel *channel, uint64_t now_ms)
{
    uint64_t *oldest = &channel->start_times[channel->counts.starts % CHANNEL_STARTS_PER_S];
    if (channel->counts.starts >= CHANNEL_STARTS_PER_S && now_ms - *oldest < 1000) {
        channel->counts.starts_refused++;
        return false;
    }
    *oldest = now_ms;
    channel->counts.starts++;
    return true;
}

static bool seen_before(const struct channel *channel, uint64_t id)
{
    for (size_t i = 0; i < CHANNEL_SEEN_MAX; i++)
        if (channel->seen[i] == id)
            return true;
    return false;
}

/* A full table gives up its oldest handshake: the newest start is what the peer means now. */
static struct channel_session *session_start(struct channel *channel, uint64_t id, uint64_t now_ms)
{
    struct channel_session **slot = slot_of(channel, NULL);
    if (slot == NULL) {
        slot = &channel->pending[0];
        for (size_t i = 1; i < CHANNEL_SLOTS_MAX; i++)
            if (channel->pending[i]->started_ms < (*slot)->started_ms)
                slot = &channel->pending[i];
        channel_session_close(*slot);
        channel->counts.handshake_failures++;
    }
    *slot = channel_session_open(channel->config.key, channel->pinned, id, channel->client);
    (*slot)->started_ms = now_ms;
    return *slot;
}

static void client_start(struct channel *channel, uint64_t now_ms)
{
    channel->last_start_ms = now_ms;
    channel->next_start_ms = now_ms + channel->retry_ms;
    uint64_t id = 0;
    while (id == 0 || session_find(channel, id) != NULL)
        random_bytes((uint8_t *)&id, sizeof id);
    struct channel_session *session = session_start(channel, id, now_ms);
    channel_session_handshake(session);
    flight_collect(channel, session, now_ms);
}

/* The peer has proved its key and can read what this session sends: use it from now on. */
static void promote(struct channel *channel, struct channel_session **slot, uint64_t now_ms)
{
    struct channel_session *session = *slot;
    bool was_up = channel->current != NULL;
    *slot = NULL;
    buffer_release(&session->flight);
    buffer_init(&session->flight, CHANNEL_FLIGHT_MAX);
    if (was_up) {
        /* One promotion a frame at most, since a frame names one session. */
        must(channel->dead == NULL);
        channel->dead = channel->previous;
        channel->previous = channel->current;
        channel->previous_until_ms = now_ms + CHANNEL_LINGER_MS;
    }
    channel->current = session;
    session->heard_ms = now_ms;
    channel->retry_ms = CHANNEL_RETRY_MS;
    channel->counts.handshakes++;
    if (channel->client)
        sign_of_life(channel, now_ms);
    if (!was_up)
        channel->events.link(channel->events.context, true);
}

/* ---- frames in ----------------------------------------------------------------------------- */

static bool plain_take(struct channel *channel, struct channel_session *session, size_t size,
                       uint64_t now_ms)
{
    struct channel_fragment fragment;
    if (!channel_fragment_decode(bytes_of(channel->receiving, size), &fragment))
        return false;
    session->heard_ms = now_ms;
    struct channel_session **slot = slot_of(channel, session);
    if (slot != NULL)
        promote(channel, slot, now_ms); /* a server: the client's first word */
    if (fragment.total == 0)
        return true;
    uint8_t *joined = NULL;
    struct bytes message = fragment.data;
    if (fragment.data.size < fragment.total) {
        if (!channel_reassembly_add(&channel->reassembly, session->id, &fragment, now_ms, &joined))
            return true;
        message = bytes_of(joined, fragment.total);
    }
    channel->counts.messages_received++;
    channel->counts.bytes_received += message.size;
    channel->events.message(channel->events.context, message);
    free(joined);
    return true;
}

/* A client that is READY has the server's Finished, so the server holds all it needs; a server
 * waits for the client's first word, because its own last flight may be lost. */
static bool record_take(struct channel *channel, struct channel_session *session,
                        struct bytes record, uint64_t now_ms)
{
    /* The server repeats its last flight: it has not heard us yet. */
    if (session == channel->current && channel->client && record.at[0] == RECORD_HANDSHAKE)
        channel->sign_of_life_due = true;
    channel_session_input(session, record);
    if (session->state == CHANNEL_SESSION_HANDSHAKE) {
        channel_session_handshake(session);
        flight_collect(channel, session, now_ms);
        if (session->state == CHANNEL_SESSION_READY && channel->client)
            promote(channel, slot_of(channel, session), now_ms);
    }
    bool good = true;
    size_t size;
    while ((size = channel_session_read(session, channel->receiving)) > 0)
        good = plain_take(channel, session, size, now_ms) && good;
    /* Alerts, if any. */
    size = channel_session_output(session, channel->frame + CHANNEL_PAYLOAD_AT, PAYLOAD_MAX);
    if (size > 0)
        frame_emit(channel, session->id, size);
    return good;
}

static bool payload_take(struct channel *channel, struct channel_session *session,
                         struct bytes payload, uint64_t now_ms)
{
    for (unsigned count = 0; payload.size > 0; count++) {
        size_t size = channel_record_size(payload);
        if (size == 0 || count == CHANNEL_RECORDS_MAX ||
            !record_take(channel, session, bytes_of(payload.at, size), now_ms))
            return false;
        payload = bytes_of(payload.at + size, payload.size - size);
    }
    return true;
}

/* NULL when the frame belongs to no session and starts none. */
static struct channel_session *session_for(struct channel *channel, uint64_t id,
                                           struct bytes payload, uint64_t now_ms)
{
    struct channel_session *session = session_find(channel, id);
    if (session != NULL)
        return session;
    if (channel->client || !channel_record_is_hello(payload)) {
        channel->counts.unknown_session++;
        return NULL;
    }
    if (seen_before(channel, id)) {
        channel->counts.starts_refused++;
        return NULL;
    }
    if (!start_allowed(channel, now_ms))
        return NULL;
    channel->seen[channel->seen_at] = id;
    channel->seen_at = (channel->seen_at + 1) % CHANNEL_SEEN_MAX;
    return session_start(channel, id, now_ms);
}

static bool frame_take(struct channel *channel, uint64_t id, struct bytes payload, uint64_t now_ms)
{
    if (id == 0) {
        channel->knocked = channel->client;
        return channel->client && payload.size == 0;
    }
    struct channel_session *session = session_for(channel, id, payload, now_ms);
    return session == NULL || payload_take(channel, session, payload, now_ms);
}

enum channel_result channel_receive(struct channel *channel, struct bytes frame, uint64_t now_ms)
{
    struct channel_header header;
    if (!channel_header_decode(frame, &header) || header.sender != channel->config.peer ||
        header.receiver != channel->config.own ||
        (frame.size > CHANNEL_STRANGE_FRAME_MAX && session_find(channel, header.session) == NULL)) {
        channel->counts.strange++;
        return CHANNEL_FORGED;
    }
    if (!channel_frame_check(&channel->macs, frame)) {
        channel->counts.bad_mac++;
        return CHANNEL_FORGED;
    }
    must(channel->depth == 0);
    channel->depth++;
    channel->counts.frames_received++;
    struct bytes payload = bytes_of(frame.at + CHANNEL_PAYLOAD_AT, frame.size - CHANNEL_PAYLOAD_AT);
    bool good = frame_take(channel, header.session, payload, now_ms);
    if (!good)
        channel->counts.malformed++;
    sweep(channel, now_ms);
    channel->depth--;
    return good ? CHANNEL_ACCEPTED : CHANNEL_MALFORMED;
}

/* ---- the rest ------------------------------------------------------------------------------ */

static bool handshake_under_way(const struct channel *channel)
{
    for (size_t i = 0; i < CHANNEL_SLOTS_MAX; i++)
        if (channel->pending[i] != NULL)
            return true;
    return false;
}

static void tick_client(struct channel *channel, uint64_t now_ms)
{
    bool old =
        channel->current != NULL && now_ms - channel->current->started_ms >= CHANNEL_SESSION_MS;
    bool wanted = (channel->current == NULL || old) && !handshake_under_way(channel) &&
                  now_ms >= channel->next_start_ms;
    /* A knock cuts the back-off short: the peer is there. */
    bool asked = channel->knocked && now_ms - channel->last_start_ms >= CHANNEL_RETRY_MS;
    channel->knocked = false;
    if ((wanted || asked) && start_allowed(channel, now_ms))
        client_start(channel, now_ms);
}

static void tick_current(struct channel *channel, uint64_t now_ms)
{
    if (channel->current == NULL)
        return;
    if (channel->sign_of_life_due || now_ms - channel->current->sent_ms >= CHANNEL_KEEPALIVE_MS)
        sign_of_life(channel, now_ms);
}

void channel_tick(struct channel *channel, uint64_t now_ms)
{
    must(channel->depth == 0);
    channel->depth++;
    sweep(channel, now_ms);
    for (size_t i = 0; i < CHANNEL_SLOTS_MAX; i++)
        if (channel->pending[i] != NULL)
            flight_repeat(channel, channel->pending[i], now_ms);
    if (channel->client)
        tick_client(channel, now_ms);
    else if (channel->current == NULL && !handshake_under_way(channel))
        knock(channel, now_ms);
    tick_current(channel, now_ms);
    channel_reassembly_expire(&channel->reassembly, now_ms);
    channel->depth--;
}

bool channel_send(struct channel *channel, struct bytes message, uint64_t now_ms)
{
    must(message.size > 0 && message.size <= CHANNEL_MESSAGE_MAX);
    if (channel->current == NULL || channel->current->state != CHANNEL_SESSION_READY)
        return false;
    channel->depth++;
    channel->current->sent_ms = now_ms;
    message_write(channel, message);
    channel->counts.messages_sent++;
    channel->counts.bytes_sent += message.size;
    sweep(channel, now_ms);
    channel->depth--;
    return true;
}

bool channel_is_up(const struct channel *channel)
{
    return channel->current != NULL;
}

struct channel_counts channel_counts_of(const struct channel *channel)
{
    struct channel_counts counts = channel->counts;
    counts.reassembly_evicted = channel->reassembly.evicted;
    return counts;
}

size_t channel_sealed_size(size_t message_size)
{
    size_t records = (message_size + CHANNEL_FRAGMENT_MAX - 1) / CHANNEL_FRAGMENT_MAX;
    size_t frames = (records + 3) / 4;
    return message_size + records * (CHANNEL_FRAGMENT_HEADER_SIZE + RECORD_OVERHEAD) +
           frames * CHANNEL_PAYLOAD_AT;
}
