// links: node
#include "check.h"
#include "crypto/channel.h"
#include "node/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <nanomsg/nn.h>
#include <nanomsg/pipeline.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

enum { NODES = 3, INBOX_MAX = 1024, QUEUE_MAX = 8 * 1024 * 1024 };

struct node {
    struct transport *transport;
    struct channel_key *key;
    char url[64];
    uint16_t port;
    struct hash inbox[INBOX_MAX];
    uint16_t inbox_from[INBOX_MAX];
    size_t inbox_count, inbox_bytes;
    unsigned ups[NODES], downs[NODES];
    bool echo;
};

static uint64_t seed = 20261121, random_state;
static struct node nodes[NODES];
static uv_loop_t loop;
static uint8_t sample[CHANNEL_MESSAGE_MAX];

static uint64_t random_next(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 2685821657736338717u;
}

static struct bytes sample_make(size_t size)
{
    for (size_t i = 0; i < size; i++)
        sample[i] = (uint8_t)(i % 64 == 0 ? random_next() : i);
    return bytes_of(sample, size);
}

/* ---- the loop ------------------------------------------------------------------------------ */

static void on_wake(uv_timer_t *timer)
{
    (void)timer; /* only so that uv_run() returns */
}

/* Turns the loop until `done` holds, or `ms` have passed. */
static bool run_until(bool (*done)(void), uint64_t ms)
{
    uv_timer_t wake;
    uv_timer_init(&loop, &wake);
    uv_timer_start(&wake, on_wake, 5, 5);
    uint64_t end = uv_now(&loop) + ms;
    bool good = false;
    while (!(good = done()) && uv_now(&loop) < end)
        uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&wake, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    return good;
}

static bool never(void)
{
    return false;
}

static void run_ms(uint64_t ms)
{
    (void)!run_until(never, ms);
}

/* ---- nodes --------------------------------------------------------------------------------- */

static void on_message(void *context, uint16_t from, struct bytes message)
{
    struct node *node = context;
    REQUIRE(node->inbox_count < INBOX_MAX);
    node->inbox_from[node->inbox_count] = from;
    node->inbox[node->inbox_count++] = hash_bytes(message);
    node->inbox_bytes += message.size;
    if (node->echo)
        transport_send(node->transport, from, message);
}

static void on_link(void *context, uint16_t peer, bool up)
{
    struct node *node = context;
    *(up ? &node->ups[peer] : &node->downs[peer]) += 1;
}

/* A port that was free a moment ago: nanomsg cannot say which one it got for port 0. */
static uint16_t port_free(void)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    REQUIRE(bind(listener, (struct sockaddr *)&at, sizeof at) == 0);
    REQUIRE(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    close(listener);
    return ntohs(at.sin_port);
}

/* The others of the first `count` nodes, as they are now. */
static size_t peers_of(uint16_t index, size_t count, struct transport_peer peers_out[NODES])
{
    size_t peer_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == index)
            continue;
        struct transport_peer *peer = &peers_out[peer_count++];
        peer->node = (uint16_t)i;
        snprintf(peer->url, sizeof peer->url, "%s", nodes[i].url);
        channel_key_point(nodes[i].key, peer->point);
    }
    return peer_count;
}

static void node_open(uint16_t index, size_t count, size_t queue_max, size_t descriptors_max)
{
    struct transport_peer peers[NODES];
    size_t peer_count = peers_of(index, count, peers);
    struct transport_config config = {
        .coalition = {.at = {1, 2, 3}},
        .node = index,
        .key = nodes[index].key,
        .peers = peers,
        .peer_count = peer_count,
        .queue_bytes_max = queue_max,
        .descriptors_max = descriptors_max,
    };
    snprintf(config.listen, sizeof config.listen, "%s", nodes[index].url);
    struct transport_events events = {
        .context = &nodes[index], .message = on_message, .link = on_link};
    struct error error;
    bool good = transport_open(&config, &loop, &events, &nodes[index].transport, &error);
    if (!good)
        printf("%s\n", error.text);
    REQUIRE(good);
}

static void node_close(uint16_t index)
{
    transport_close(nodes[index].transport);
    nodes[index].transport = NULL;
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void inboxes_clear(void)
{
    for (size_t i = 0; i < NODES; i++)
        nodes[i].inbox_count = nodes[i].inbox_bytes = 0;
}

static void nodes_name(void)
{
    for (size_t i = 0; i < NODES; i++) {
        struct channel_key *key = nodes[i].key;
        nodes[i] = (struct node){.key = key, .port = port_free()};
        snprintf(nodes[i].url, sizeof nodes[i].url, "tcp://127.0.0.1:%u", nodes[i].port);
    }
}

static uint16_t open_count;

static bool all_up(void)
{
    for (uint16_t i = 0; i < open_count; i++) {
        for (uint16_t k = 0; k < open_count; k++) {
            struct transport_counts counts;
            if (i != k && !(transport_counts_of(nodes[i].transport, k, &counts) && counts.up))
                return false;
        }
    }
    return true;
}

static void nodes_open(uint16_t count, size_t queue_max, size_t descriptors_max)
{
    nodes_name();
    open_count = count;
    for (uint16_t i = 0; i < count; i++)
        node_open(i, count, queue_max, descriptors_max);
    REQUIRE(run_until(all_up, 10000));
}

static void nodes_close(void)
{
    for (size_t i = 0; i < NODES; i++)
        node_close((uint16_t)i);
}

static size_t wanted_count;
static bool node_1_has_wanted(void)
{
    return nodes[1].inbox_count >= wanted_count;
}
static bool node_0_has_wanted(void)
{
    return nodes[0].inbox_count >= wanted_count;
}

static void expect_arrival(uint16_t from, uint16_t to, size_t size)
{
    inboxes_clear();
    struct bytes message = sample_make(size);
    struct hash hash = hash_bytes(message);
    CHECK(transport_send(nodes[from].transport, to, message));
    wanted_count = 1;
    CHECK(run_until(to == 1 ? node_1_has_wanted : node_0_has_wanted, 10000));
    CHECK_INT(nodes[to].inbox_bytes, size);
    CHECK_INT(nodes[to].inbox_from[0], from);
    CHECK(hash_equal(&nodes[to].inbox[0], &hash));
}

/* ---- cases --------------------------------------------------------------------------------- */

CASE(messages_of_every_size_arrive_intact_between_three_nodes)
{
    static const size_t sizes[] = {1, 100, 16000, 16001, 65536, 1000000, 2 << 20};
    nodes_open(3, QUEUE_MAX, 0);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        expect_arrival(0, 1, sizes[i]);
        expect_arrival(1, 0, sizes[i]);
        expect_arrival(2, 1, sizes[i]);
    }
    struct transport_counts counts;
    REQUIRE(transport_counts_of(nodes[0].transport, 1, &counts));
    CHECK_INT(counts.sent_messages, ARRAY_SIZE(sizes));
    CHECK_INT(counts.received_messages, ARRAY_SIZE(sizes));
    CHECK_INT(counts.sent_bytes, counts.received_bytes);
    CHECK_INT(counts.bad_frames, 0);
    CHECK_INT(counts.handshakes, 1);
    CHECK(!transport_counts_of(nodes[0].transport, 7, &counts));
    CHECK(!transport_send(nodes[0].transport, 7, bytes_text("nobody")));
    nodes_close();
}

CASE(a_burst_larger_than_any_buffer_of_the_system_arrives_in_order)
{
    nodes_open(2, 64 * 1024 * 1024, 0);
    enum { COUNT = 300 };
    struct hash sent[COUNT];
    inboxes_clear();
    for (size_t i = 0; i < COUNT; i++) {
        struct bytes message = sample_make(1 + random_next() % 150000);
        sent[i] = hash_bytes(message);
        CHECK(transport_send(nodes[0].transport, 1, message));
    }
    wanted_count = COUNT;
    CHECK(run_until(node_1_has_wanted, 20000));
    size_t same = 0;
    for (size_t i = 0; i < COUNT; i++)
        same += hash_equal(&sent[i], &nodes[1].inbox[i]);
    CHECK_INT(same, COUNT);
    nodes_close();
}

CASE(a_message_may_be_answered_from_within_its_callback)
{
    nodes_open(2, QUEUE_MAX, 0);
    nodes[1].echo = true;
    for (size_t i = 0; i < 50; i++)
        CHECK(transport_send(nodes[0].transport, 1, sample_make(20000)));
    wanted_count = 50;
    CHECK(run_until(node_0_has_wanted, 10000));
    nodes_close();
}

CASE(a_link_returns_when_either_side_restarts)
{
    nodes_open(2, QUEUE_MAX, 0);
    for (uint16_t who = 0; who < 2; who++) {
        node_close(who);
        run_ms(300);
        node_open(who, 2, QUEUE_MAX, 0);
        CHECK(run_until(all_up, 10000));
        run_ms(1500); /* the other side may still have to notice */
        expect_arrival(0, 1, 100000);
        expect_arrival(1, 0, 100000);
    }
    nodes_close();
}

CASE(a_full_queue_drops_whole_messages_and_counts_them)
{
    nodes_open(2, 1024 * 1024, 0);
    unsigned sent = 0, refused = 0;
    inboxes_clear();
    for (unsigned i = 0; i < 60; i++)
        *(transport_send(nodes[0].transport, 1, sample_make(200000)) ? &sent : &refused) += 1;
    struct transport_counts counts;
    REQUIRE(transport_counts_of(nodes[0].transport, 1, &counts));
    CHECK(refused > 0);
    CHECK_INT(counts.dropped_queue_full, refused);
    CHECK(sent >= 5);
    CHECK(!transport_send(nodes[0].transport, 1, sample_make(2 << 20))); /* larger than the queue */
    wanted_count = sent;
    CHECK(run_until(node_1_has_wanted, 10000));
    CHECK_INT(nodes[1].inbox_bytes, 200000 * sent);
    expect_arrival(0, 1, 200000); /* there is room again */
    nodes_close();
}

CASE(sending_to_a_peer_that_is_away_says_so)
{
    nodes_name();
    open_count = 2;
    node_open(0, 2, QUEUE_MAX, 0);
    CHECK(!transport_send(nodes[0].transport, 1, bytes_text("hello?")));
    run_ms(5600); /* long enough for a fresh socket */
    CHECK(!transport_send(nodes[0].transport, 1, bytes_text("hello?")));
    node_open(1, 2, QUEUE_MAX, 0);
    CHECK(run_until(all_up, 10000));
    CHECK_INT(nodes[0].ups[1], 1);
    nodes_close();
}

/* A raw TCP connection to a node, after nanomsg's own 8-byte greeting as a PUSH socket. */
static int stranger_connect(uint16_t port, bool greet)
{
    int stranger = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(stranger, (struct sockaddr *)&at, sizeof at) != 0)
        REQUIRE(errno == EINPROGRESS);
    run_ms(20);
    static const uint8_t greeting[8] = {0, 'S', 'P', 0, 0, NN_PUSH, 0, 0};
    if (greet)
        CHECK_INT(send(stranger, greeting, sizeof greeting, MSG_NOSIGNAL), 8);
    return stranger;
}

/* As much as the other side takes; it may hang up. */
static void send_all(int stranger, const uint8_t *bytes, size_t size)
{
    for (unsigned turns = 0; size > 0 && turns < 200; turns++) {
        ssize_t sent = send(stranger, bytes, size, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        }
        run_ms(5);
    }
}

static void stranger_send(int stranger, uint64_t claimed, const void *bytes, size_t size)
{
    uint8_t length[8];
    put_u64be(length, claimed);
    (void)!send(stranger, length, sizeof length, MSG_NOSIGNAL);
    send_all(stranger, bytes, size);
}

CASE(a_stranger_with_garbage_or_forged_lengths_harms_nothing)
{
    nodes_open(2, QUEUE_MAX, 0);
    static uint8_t garbage[200000]; /* larger than a frame may be */
    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (uint8_t)random_next();
    int plain = stranger_connect(nodes[1].port, false);
    send_all(plain, garbage, 4096); /* no greeting at all */
    int huge = stranger_connect(nodes[1].port, true);
    stranger_send(huge, UINT64_MAX, garbage, 4096);
    int large = stranger_connect(nodes[1].port, true);
    stranger_send(large, sizeof garbage, garbage, sizeof garbage);
    int poser = stranger_connect(nodes[1].port, true);
    run_ms(100);
    CHECK_INT(transport_strangers_of(nodes[1].transport).malformed, 0); /* cut off before that */
    for (size_t i = 0; i < 300; i++) {
        garbage[0] = i % 3 == 0 ? 9 : 1; /* version, sender, receiver */
        put_u16be(garbage + 1, i % 3 == 1 ? 77 : 0);
        put_u16be(garbage + 3, 1);
        stranger_send(poser, 500, garbage, 500);
        run_ms(1);
    }
    run_ms(300);
    struct transport_strangers strangers = transport_strangers_of(nodes[1].transport);
    CHECK_INT(strangers.malformed, 100);
    CHECK_INT(strangers.unknown_peer, 100);
    CHECK_INT(strangers.bad_mac, 100);
    CHECK_INT(nodes[1].inbox_count, 0);
    expect_arrival(0, 1, 300000);
    expect_arrival(1, 0, 300000);
    CHECK_INT(nodes[0].downs[1] + nodes[1].downs[0], 0);
    close(plain), close(huge), close(large), close(poser);
    nodes_close();
}

CASE(a_flood_of_oversized_and_small_messages_leaves_the_loop_responsive)
{
    nodes_open(2, QUEUE_MAX, 0);
    int flood = nn_socket(AF_SP, NN_PUSH);
    REQUIRE(flood >= 0 && nn_connect(flood, nodes[1].url) >= 0);
    static uint8_t frame[CHANNEL_FRAME_MAX];
    memcpy(frame, "\1\0\0\0\1", 5);
    unsigned sent = 0;
    for (unsigned i = 0; i < 20000; i++) {
        sent += nn_send(flood, frame, i % 2 ? sizeof frame : 40, NN_DONTWAIT) > 0;
        if (i % 100 == 0)
            run_ms(1);
    }
    CHECK(sent > 100);
    expect_arrival(0, 1, 100000);
    CHECK(transport_strangers_of(nodes[1].transport).bad_mac > 100);
    nn_close(flood);
    nodes_close();
}

/* What node 0's key can do in the wrong hands: knocks that only a server may send. */
CASE(a_member_that_sends_nonsense_runs_out_of_budget_and_recovers)
{
    enum { COUNT = 400 };
    nodes_open(2, QUEUE_MAX, 0);
    uint8_t point[CHANNEL_POINT_SIZE], frame[CHANNEL_PAYLOAD_AT];
    struct evp_pkey_st *pinned;
    struct channel_macs macs;
    struct hash coalition = {.at = {1, 2, 3}};
    channel_key_point(nodes[1].key, point);
    REQUIRE(channel_point_open(point, &pinned, NULL));
    channel_macs_init(&macs, nodes[0].key, pinned, &coalition, 0, 1);
    struct channel_header header = {.sender = 0, .receiver = 1};
    channel_frame_seal(&macs, &header, frame, sizeof frame);
    int member = nn_socket(AF_SP, NN_PUSH);
    REQUIRE(member >= 0 && nn_connect(member, nodes[1].url) >= 0);
    for (unsigned i = 0; i < COUNT; i++)
        REQUIRE(nn_send(member, frame, sizeof frame, 0) > 0);
    run_ms(300);
    struct transport_counts counts;
    REQUIRE(transport_counts_of(nodes[1].transport, 0, &counts));
    struct transport_strangers strangers = transport_strangers_of(nodes[1].transport);
    CHECK(counts.bad_frames >= 128 && counts.bad_frames < 300);
    CHECK(counts.over_budget > 50);
    CHECK_INT(strangers.bad_mac, 0);
    run_ms(1500);
    CHECK_INT(nodes[1].downs[0], 0);
    expect_arrival(0, 1, 100000);
    channel_macs_release(&macs);
    EVP_PKEY_free(pinned);
    nn_close(member);
    nodes_close();
}

static int stranger_open(uint16_t node)
{
    int stranger = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(nodes[node].port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    REQUIRE(connect(stranger, (struct sockaddr *)&at, sizeof at) == 0);
    return stranger;
}

CASE(too_many_idle_strangers_are_shed_and_the_links_return)
{
    enum { STRANGERS = 200 };
    nodes_open(2, QUEUE_MAX, STRANGERS);
    int strangers[STRANGERS];
    for (size_t i = 0; i < STRANGERS; i++) {
        strangers[i] = stranger_open(1);
        if (i % 20 == 0)
            run_ms(10); /* the backlog of a listening socket is short */
    }
    run_ms(2500);
    CHECK(transport_strangers_of(nodes[1].transport).rebinds >= 1);
    unsigned shed = 0;
    for (size_t i = 0; i < STRANGERS; i++) {
        uint8_t byte[16];
        ssize_t got = recv(strangers[i], byte, sizeof byte, MSG_DONTWAIT);
        while (got > 0) /* nanomsg's greeting */
            got = recv(strangers[i], byte, sizeof byte, MSG_DONTWAIT);
        shed += got == 0 || errno == ECONNRESET;
        close(strangers[i]);
    }
    CHECK_INT(shed, STRANGERS);
    CHECK(run_until(all_up, 15000));
    run_ms(500);
    expect_arrival(0, 1, 100000);
    expect_arrival(1, 0, 100000);
    CHECK_INT(nodes[0].downs[1] + nodes[1].downs[0], 0); /* sessions outlive connections */
    nodes_close();
}

/* Within the wait between two renewals: a member or a stranger must not take the last descriptor,
 * which the store may need. */
CASE(strangers_that_come_back_at_once_are_shed_again)
{
    enum { MOST = 100, ROUNDS = 3 };
    nodes_open(2, QUEUE_MAX, MOST);
    int strangers[ROUNDS][2 * MOST];
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < 2 * MOST; i++) {
            strangers[round][i] = stranger_open(1);
            if (i % 20 == 0)
                run_ms(10);
        }
        run_ms(1000);
    }
    CHECK(transport_strangers_of(nodes[1].transport).rebinds >= 2);
    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < 2 * MOST; i++)
            close(strangers[round][i]);
    CHECK(run_until(all_up, 15000));
    run_ms(2500);
    expect_arrival(0, 1, 100000);
    nodes_close();
}

CASE(the_limit_of_descriptors_is_raised)
{
    struct rlimit before, after;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    struct rlimit low = {.rlim_cur = 256, .rlim_max = before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_NOFILE, &low) == 0);
    nodes_open(2, QUEUE_MAX, 0);
    REQUIRE(getrlimit(RLIMIT_NOFILE, &after) == 0);
    CHECK(after.rlim_cur > 256);
    nodes_close();
    setrlimit(RLIMIT_NOFILE, &before);
}

/* The first `count` nodes know each other, and nobody else. */
static void peers_set(uint16_t count)
{
    struct transport_peer peers[NODES];
    struct error error;
    open_count = count;
    for (uint16_t i = 0; i < count; i++) {
        size_t peer_count = peers_of(i, count, peers);
        REQUIRE(transport_set_peers(nodes[i].transport, nodes[i].key, peers, peer_count, &error));
    }
}

static uint64_t handshakes_between(uint16_t node, uint16_t peer)
{
    struct transport_counts counts;
    REQUIRE(transport_counts_of(nodes[node].transport, peer, &counts));
    return counts.handshakes;
}

CASE(a_peer_that_is_added_is_connected_and_the_others_are_not_disturbed)
{
    nodes_open(2, QUEUE_MAX, 0);
    node_open(2, 3, QUEUE_MAX, 0);
    run_ms(1500);
    CHECK_INT(nodes[2].ups[0] + nodes[2].ups[1], 0); /* a stranger to both */
    CHECK(transport_strangers_of(nodes[1].transport).unknown_peer > 0);
    peers_set(3);
    CHECK(run_until(all_up, 15000));
    expect_arrival(2, 1, 100000);
    expect_arrival(0, 1, 100000);
    CHECK_INT(handshakes_between(0, 1), 1);
    CHECK_INT(nodes[0].downs[1] + nodes[1].downs[0], 0);
    nodes_close();
}

CASE(a_peer_that_is_dropped_is_a_stranger_at_once)
{
    struct transport_counts counts;
    nodes_open(3, QUEUE_MAX, 0);
    peers_set(2);
    CHECK_INT(nodes[0].downs[2], 1);
    CHECK_INT(nodes[1].downs[2], 1);
    CHECK(!transport_counts_of(nodes[0].transport, 2, &counts));
    CHECK(!transport_send(nodes[0].transport, 2, bytes_text("nobody")));
    inboxes_clear();
    CHECK(transport_send(nodes[2].transport, 1, bytes_text("late"))); /* it does not know yet */
    run_ms(500);
    CHECK_INT(nodes[1].inbox_count, 0);
    CHECK(transport_strangers_of(nodes[1].transport).unknown_peer > 0);
    expect_arrival(0, 1, 100000);
    CHECK_INT(handshakes_between(0, 1), 1);
    nodes_close();
}

CASE(a_new_key_or_address_makes_a_new_link_and_the_old_key_opens_none)
{
    struct transport_peer peers[NODES];
    struct error error;
    nodes_open(3, QUEUE_MAX, 0);
    struct channel_key *old = nodes[1].key;
    nodes[1].key = channel_key_generate();
    /* The others know it by its new key while it still has the old one. */
    for (uint16_t i = 0; i < NODES; i += 2)
        REQUIRE(transport_set_peers(nodes[i].transport, nodes[i].key, peers, peers_of(i, 3, peers),
                                    &error));
    run_ms(2000);
    CHECK_INT(nodes[0].downs[1], 1);
    CHECK_INT(nodes[0].ups[1] + nodes[2].ups[1], 2);
    expect_arrival(2, 0, 1000);
    peers_set(3);
    channel_key_close(old);
    CHECK(run_until(all_up, 15000));
    expect_arrival(1, 0, 100000);
    expect_arrival(2, 1, 100000);
    CHECK_INT(handshakes_between(0, 2), 1);
    nodes_close();
}

CASE(one_peer_that_cannot_be_used_does_not_keep_the_others_away)
{
    struct transport_peer peers[NODES];
    struct transport_counts counts;
    struct error error;
    nodes_open(3, QUEUE_MAX, 0);
    size_t count = peers_of(0, 3, peers);
    memset(peers[0].point, 4, sizeof peers[0].point); /* not on the curve */
    CHECK(!transport_set_peers(nodes[0].transport, nodes[0].key, peers, count, &error));
    CHECK(strstr(error.text, "node 1") != NULL);
    CHECK(!transport_counts_of(nodes[0].transport, 1, &counts));
    expect_arrival(2, 0, 1000);
    count = peers_of(0, 3, peers);
    snprintf(peers[0].url, sizeof peers[0].url, "tcp:/nonsense");
    CHECK(!transport_set_peers(nodes[0].transport, nodes[0].key, peers, count, &error));
    CHECK_INT(error.code, ERROR_IO);
    CHECK(transport_counts_of(nodes[0].transport, 1, &counts) && !counts.up);
    peers[1].node = 1;
    CHECK(!transport_set_peers(nodes[0].transport, nodes[0].key, peers, count, &error));
    CHECK_INT(error.code, ERROR_INVALID);
    expect_arrival(2, 0, 1000); /* nothing was changed by that */
    CHECK_INT(handshakes_between(0, 2), 1);
    nodes_close();
}

CASE(bad_configurations_are_refused)
{
    nodes_name();
    struct transport_peer peers[2] = {{.node = 1}, {.node = 1}};
    for (size_t i = 0; i < 2; i++) {
        channel_key_point(nodes[1].key, peers[i].point);
        snprintf(peers[i].url, sizeof peers[i].url, "%s", nodes[1].url);
    }
    struct transport_config config = {
        .node = 0, .key = nodes[0].key, .peers = peers, .queue_bytes_max = QUEUE_MAX};
    snprintf(config.listen, sizeof config.listen, "%s", nodes[0].url);
    struct transport_events events = {.message = on_message, .link = on_link};
    struct transport *transport = NULL;
    struct error error;
    config.peer_count = 2;
    CHECK(!transport_open(&config, &loop, &events, &transport, &error)); /* one node twice */
    CHECK_INT(error.code, ERROR_INVALID);
    config.peer_count = 1;
    snprintf(peers[0].url, sizeof peers[0].url, "tcp:/nonsense");
    CHECK(!transport_open(&config, &loop, &events, &transport, &error));
    CHECK_INT(error.code, ERROR_IO);
    config.peer_count = 0;
    snprintf(config.listen, sizeof config.listen, "tcp://nonsense");
    CHECK(!transport_open(&config, &loop, &events, &transport, &error));
    CHECK_INT(error.code, ERROR_IO);
    CHECK(transport == NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

CASE(a_large_transfer_is_fast_enough_to_use)
{
    enum { ROUNDS = 100 };
    nodes_open(2, 256 * 1024 * 1024, 0);
    inboxes_clear();
    struct bytes message = sample_make(1 << 20);
    uint64_t begin = uv_hrtime();
    for (size_t i = 0; i < ROUNDS; i++) {
        CHECK(transport_send(nodes[0].transport, 1, message));
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    wanted_count = ROUNDS;
    CHECK(run_until(node_1_has_wanted, 60000));
    printf(
        "1 MiB messages over loopback, both ends in one thread, with the test's hash: %llu MB/s\n",
        (unsigned long long)ROUNDS * (1 << 20) / ((uv_hrtime() - begin) / 1000 + 1));
    nodes_close();
}

int main(void)
{
    const char *wanted = getenv("SEED");
    if (wanted != NULL)
        seed = strtoull(wanted, NULL, 10);
    printf("SEED=%llu\n", (unsigned long long)seed);
    random_state = seed;
    REQUIRE(uv_loop_init(&loop) == 0);
    for (size_t i = 0; i < NODES; i++)
        nodes[i].key = channel_key_generate();
    RUN(messages_of_every_size_arrive_intact_between_three_nodes);
    RUN(a_burst_larger_than_any_buffer_of_the_system_arrives_in_order);
    RUN(a_message_may_be_answered_from_within_its_callback);
    RUN(a_link_returns_when_either_side_restarts);
    RUN(a_full_queue_drops_whole_messages_and_counts_them);
    RUN(sending_to_a_peer_that_is_away_says_so);
    RUN(a_stranger_with_garbage_or_forged_lengths_harms_nothing);
    RUN(a_flood_of_oversized_and_small_messages_leaves_the_loop_responsive);
    RUN(a_member_that_sends_nonsense_runs_out_of_budget_and_recovers);
    RUN(too_many_idle_strangers_are_shed_and_the_links_return);
    RUN(strangers_that_come_back_at_once_are_shed_again);
    RUN(the_limit_of_descriptors_is_raised);
    RUN(a_peer_that_is_added_is_connected_and_the_others_are_not_disturbed);
    RUN(a_peer_that_is_dropped_is_a_stranger_at_once);
    RUN(a_new_key_or_address_makes_a_new_link_and_the_old_key_opens_none);
    RUN(one_peer_that_cannot_be_used_does_not_keep_the_others_away);
    RUN(bad_configurations_are_refused);
    RUN(a_large_transfer_is_fast_enough_to_use);
    uv_run(&loop, UV_RUN_NOWAIT);
    CHECK(uv_loop_close(&loop) == 0); /* no handle was left behind */
    for (size_t i = 0; i < NODES; i++)
        channel_key_close(nodes[i].key);
    return check_report();
}
