// links: node
/* lying_wire NODE.json LIE SECONDS: a member of the coalition that breaks the rules below messages:
 * frames, handshakes, fragments. It has the node's real keys, so its frames pass the MAC; main()
 * lists the lies. What it says in whole messages is accrue-lying-peer's part. */
#include <nanomsg/nn.h>
#include <nanomsg/pipeline.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/channel.h"
#include "crypto/channel_keyfile.h"
#include "node/config.h"
#include "node/file.h"
#include "partners/charter.h"

enum { LINES_MAX = 8, TICK_MS = 20, BURST = 200, KEPT_MAX = 64, LINK_MS_MAX = 20000 };

struct line { /* to one honest node */
    uint16_t peer;
    int socket;
    EVP_PKEY *pinned;
    struct channel *channel;
    struct channel_config config;
    struct channel_macs macs;
    uint64_t session; /* of the last frame that the channel made */
    uint8_t hello[CHANNEL_FRAME_MAX];
    size_t hello_size;
    struct buffer kept[KEPT_MAX]; /* frames, to be sent again */
    size_t kept_count;
    size_t next_size;
    bool drop_last;
};

struct lie {
    const char *word;
    void (*more)(struct line *line);
};

static struct line lines[LINES_MAX];
static size_t line_count;
static uint16_t self;
static const struct lie *lie;
static uint64_t now, linked_ms, frames_sent;
static uint8_t frame[CHANNEL_FRAME_MAX + 64];
static uint8_t message[CHANNEL_MESSAGE_MAX];

static uint64_t now_ms(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000 + (uint64_t)at.tv_nsec / 1000000;
}

static uint64_t chance(void)
{
    static uint64_t state = 20261122;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(2685821657736338717);
}

static void fill(uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(chance() >> 56);
}

static bool give(struct line *line, const uint8_t *at, size_t size)
{
    bool good = nn_send(line->socket, at, size, NN_DONTWAIT) >= 0;
    frames_sent += good;
    return good;
}

/* The records are in place; good: with the MAC that only a member can make. */
static bool give_sealed(struct line *line, uint64_t session, size_t size, bool good)
{
    struct channel_header header = {.sender = self, .receiver = line->peer, .session = session};
    channel_frame_seal(&line->macs, &header, frame, size);
    if (!good)
        frame[CHANNEL_HEADER_SIZE] ^= 1;
    return give(line, frame, size);
}

/* ---- the lies ------------------------------------------------------------------------------- */

/* Two MiB whose last frame never comes, again and again. */
static void split(struct line *line)
{
    line->drop_last = true;
    (void)channel_send(line->channel, bytes_of(message, sizeof(message)), now);
    line->drop_last = false;
}

/* Records of chance in frames of every length, in the session, in none, and in a new one. */
static void frames(struct line *line)
{
    for (size_t i = 0; i < BURST; i++) {
        line->next_size = (line->next_size + (line->next_size < 300 ? 1 : 97)) % CHANNEL_FRAME_MAX;
        size_t size = CHANNEL_PAYLOAD_AT + line->next_size;
        if (size > CHANNEL_FRAME_MAX)
            size = CHANNEL_FRAME_MAX;
        fill(frame + CHANNEL_PAYLOAD_AT, size - CHANNEL_PAYLOAD_AT);
        if (size > CHANNEL_PAYLOAD_AT + 13 && i % 2) /* as if of that very association */
            memcpy(frame + CHANNEL_PAYLOAD_AT, "\x17\xfe\xfd\0\1\0\0\0\0\0\xff\0\x40", 13);
        (void)give_sealed(line, i % 3 == 0 ? line->session : i % 3 == 1 ? 0 : chance(), size, true);
    }
}

/* What somebody sends who saw the session's id on the wire and has no key. */
static void forged(struct line *line)
{
    for (size_t i = 0; i < BURST; i++) {
        size_t size = CHANNEL_PAYLOAD_AT + chance() % (CHANNEL_FRAME_MAX - CHANNEL_PAYLOAD_AT);
        (void)give_sealed(line, line->session, i % 2 ? size : CHANNEL_PAYLOAD_AT + 40, false);
    }
}

/* Handshakes begun and never ended; who is not the client can only knock. */
static void handshakes(struct line *line)
{
    for (size_t i = 0; i < BURST; i++) {
        size_t size = CHANNEL_PAYLOAD_AT;
        if (self < line->peer && line->hello_size > 0) {
            size = line->hello_size;
            memcpy(frame, line->hello, size);
        }
        (void)give_sealed(line, size > CHANNEL_PAYLOAD_AT ? chance() : 0, size, true);
    }
}

static void replays(struct line *line)
{
    for (size_t i = 0; i < BURST && line->kept_count > 0; i++) {
        size_t held = line->kept_count < KEPT_MAX ? line->kept_count : KEPT_MAX;
        const struct buffer *kept = &line->kept[chance() % held];
        (void)give(line, kept->at, kept->size);
    }
}

static void open_channel(struct line *line);

/* A link that is made and broken without end. */
static void flapping(struct line *line)
{
    if (channel_is_up(line->channel) || chance() % 100 == 0) {
        channel_close(line->channel);
        line->channel = NULL;
        open_channel(line);
    }
}

static void mute(struct line *line)
{
    (void)line; /* the channel's signs of life and not a word */
}

static const struct lie lies[] = {
    {"split", split},     {"frames", frames},     {"forged", forged}, {"handshakes", handshakes},
    {"replays", replays}, {"flapping", flapping}, {"mute", mute},
};

/* ---- lines ---------------------------------------------------------------------------------- */

static void on_frame(void *context, struct bytes bytes)
{
    struct line *line = context;
    struct channel_header header;
    must(channel_header_decode(bytes, &header));
    line->session = header.session;
    if (line->hello_size == 0 && header.session != 0) {
        memcpy(line->hello, bytes.at, bytes.size);
        line->hello_size = bytes.size;
    }
    struct buffer *kept = &line->kept[line->kept_count++ % KEPT_MAX];
    buffer_clear(kept);
    buffer_append(kept, bytes);
    if (line->drop_last && bytes.size < CHANNEL_FRAME_MAX - CHANNEL_FRAGMENT_MAX)
        return;
    (void)give(line, bytes.at, bytes.size);
}

static void on_message(void *context, struct bytes bytes)
{
    (void)context, (void)bytes;
}

static void on_link(void *context, bool up)
{
    const struct line *line = context;
    printf("link %u %s\n", (unsigned)line->peer, up ? "up" : "down");
    linked_ms = up && linked_ms == 0 ? now : linked_ms;
}

static void need(bool good, const struct error *error)
{
    if (good)
        return;
    printf("lying wire: %s\n", error->text);
    exit(2);
}

static void open_channel(struct line *line)
{
    struct error error;
    struct channel_events events = {
        .context = line, .frame = on_frame, .message = on_message, .link = on_link};
    need(channel_open(&line->config, &events, &line->channel, &error), &error);
}

static void open_line(const struct charter *charter, const struct channel_key *key, uint16_t peer)
{
    struct error error;
    struct line *line = &lines[line_count++];
    line->peer = peer;
    line->config = (struct channel_config){
        .coalition = charter->coalition, .own = self, .peer = peer, .key = key};
    memcpy(line->config.peer_point, charter->nodes[peer].transport_key, CHANNEL_POINT_SIZE);
    need(channel_point_open(line->config.peer_point, &line->pinned, &error), &error);
    channel_macs_init(&line->macs, key, line->pinned, &charter->coalition, self, peer);
    for (size_t i = 0; i < KEPT_MAX; i++)
        buffer_init(&line->kept[i], CHANNEL_FRAME_MAX);
    line->socket = nn_socket(AF_SP, NN_PUSH);
    must(line->socket >= 0 && nn_connect(line->socket, charter->nodes[peer].address) >= 0);
    open_channel(line);
}

static void receive(int socket)
{
    void *bytes = NULL;
    struct channel_header header;
    for (int size; (size = nn_recv(socket, &bytes, NN_MSG, 0)) >= 0;) {
        struct bytes got = bytes_of(bytes, (size_t)size);
        for (size_t i = 0; i < line_count; i++)
            if (channel_header_decode(got, &header) && header.sender == lines[i].peer)
                (void)channel_receive(lines[i].channel, got, now);
        nn_freemsg(bytes);
        now = now_ms();
    }
}

int main(int argc, char **argv)
{
    struct config *config = NULL;
    struct charter *charter = NULL;
    struct channel_key *key = NULL;
    struct buffer bytes;
    struct node_id id;
    struct error error;
    uint64_t seconds = 0;
    int wait_ms = TICK_MS, size_max = CHANNEL_FRAME_MAX + 1024;
    for (size_t i = 0; argc == 4 && i < ARRAY_SIZE(lies); i++)
        if (strcmp(argv[2], lies[i].word) == 0)
            lie = &lies[i];
    if (!lie || !parse_u64(bytes_text(argv[3]), 86400, &seconds))
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    buffer_init(&bytes, CHARTER_SIZE_MAX);
    need(config_load(argv[1], &config, NULL, &error), &error);
    need(file_read(config->charter, &bytes, &error), &error);
    need(charter_parse(buffer_bytes(&bytes), &charter, NULL, &error), &error);
    need(channel_keyfile_read(config->transport_key, &key, &error), &error);
    must(charter_node_by_name(charter, bytes_text(config->node), &id));
    must(charter->node_count <= LINES_MAX);
    self = id.v;
    int socket = nn_socket(AF_SP, NN_PULL);
    must(socket >= 0 && nn_bind(socket, config->listen) >= 0 &&
         nn_setsockopt(socket, NN_SOL_SOCKET, NN_RCVTIMEO, &wait_ms, sizeof(wait_ms)) == 0 &&
         nn_setsockopt(socket, NN_SOL_SOCKET, NN_RCVMAXSIZE, &size_max, sizeof(size_max)) == 0);
    for (uint16_t i = 0; i < charter->node_count; i++)
        if (i != self)
            open_line(charter, key, i);
    uint64_t start = now = now_ms();
    while (now < (linked_ms ? linked_ms + seconds * 1000 : start + LINK_MS_MAX)) {
        receive(socket);
        now = now_ms();
        for (size_t i = 0; i < line_count; i++) {
            channel_tick(lines[i].channel, now);
            if (channel_is_up(lines[i].channel) || now > start + 2000)
                lie->more(&lines[i]);
        }
    }
    printf("lying wire: %s for %llu s, %llu frames\n", lie->word, (unsigned long long)seconds,
           (unsigned long long)frames_sent);
    return 0;
}
