// links: crypto
#include "check.h"
#include "crypto/channel.h"

#include <openssl/evp.h>
#include <time.h>

enum { WIRE_MAX = 4096, INBOX_MAX = 4096 };

/* ---- a wire in memory ---------------------------------------------------------------------- */

struct parcel {
    uint8_t *at;
    size_t size;
    uint16_t to_end; /* index of the end that gets it */
};

struct wire {
    struct parcel parcels[WIRE_MAX];
    size_t count;
    unsigned loss, duplicate, reorder; /* per cent */
    bool cut;
    uint64_t random;
};

struct end {
    struct channel *channel;
    struct hash inbox[INBOX_MAX];
    size_t inbox_count, inbox_bytes;
    unsigned ups, downs;
    uint16_t other; /* index of the end at the far side */
    bool up;
    bool echo, hasty; /* hasty: does not hash what it gets */
};

static uint64_t seed = 20261121;
static struct wire wire;
static struct end ends[4];
static uint64_t now = 1000;
static struct channel_key *keys[4];
static struct hash coalition = {.at = {7}};

/* xorshift64*: any fixed generator will do, the seed is printed. */
static uint64_t random_next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}
static bool chance(unsigned per_cent)
{
    return random_next(&wire.random) % 100 < per_cent;
}

static void wire_put(uint16_t to_end, struct bytes frame)
{
    REQUIRE(wire.count < WIRE_MAX);
    struct parcel parcel = {.at = malloc(frame.size), .size = frame.size, .to_end = to_end};
    memcpy(parcel.at, frame.at, frame.size);
    wire.parcels[wire.count++] = parcel;
    /* Swapped with one of the last three: TCP would not, several connections would. */
    if (wire.count > 3 && chance(wire.reorder)) {
        size_t other = wire.count - 2 - random_next(&wire.random) % 3;
        struct parcel kept = wire.parcels[other];
        wire.parcels[other] = wire.parcels[wire.count - 1];
        wire.parcels[wire.count - 1] = kept;
    }
}

static void on_frame(void *context, struct bytes frame)
{
    struct end *end = context;
    if (wire.cut || chance(wire.loss))
        return;
    wire_put(end->other, frame);
    if (chance(wire.duplicate))
        wire_put(end->other, frame);
}

static void on_message(void *context, struct bytes message)
{
    struct end *end = context;
    REQUIRE(end->inbox_count < INBOX_MAX);
    end->inbox[end->inbox_count++] = end->hasty ? (struct hash){0} : hash_bytes(message);
    end->inbox_bytes += message.size;
    if (end->echo)
        channel_send(end->channel, message, now);
}

static void on_link(void *context, bool up)
{
    struct end *end = context;
    end->up = up;
    *(up ? &end->ups : &end->downs) += 1;
}

static void end_open(size_t index, size_t other, uint16_t own, uint16_t peer,
                     const struct channel_key *key, const struct channel_key *peer_key)
{
    struct channel_config config = {.coalition = coalition, .own = own, .peer = peer, .key = key};
    channel_key_point(peer_key, config.peer_point);
    ends[index] = (struct end){.other = (uint16_t)other};
    struct channel_events events = {
        .context = &ends[index], .frame = on_frame, .message = on_message, .link = on_link};
    REQUIRE(channel_open(&config, &events, &ends[index].channel, NULL));
}

static void wire_clear(void)
{
    for (size_t i = 0; i < wire.count; i++)
        free(wire.parcels[i].at);
    wire = (struct wire){.random = seed};
}

/* Delivers what is on the wire, not what that leads to. */
static void deliver(void)
{
    static struct parcel parcels[WIRE_MAX];
    size_t count = wire.count;
    memcpy(parcels, wire.parcels, count * sizeof parcels[0]);
    wire.count = 0;
    for (size_t i = 0; i < count; i++) {
        struct channel *to = ends[parcels[i].to_end].channel;
        if (to != NULL)
            channel_receive(to, bytes_of(parcels[i].at, parcels[i].size), now);
        free(parcels[i].at);
    }
}

static void deliver_all(void)
{
    while (wire.count > 0)
        deliver();
}

static void run_ms(uint64_t ms)
{
    for (uint64_t end = now + ms; now < end; now += CHANNEL_TICK_MS) {
        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
            if (ends[i].channel != NULL)
                channel_tick(ends[i].channel, now);
        deliver_all();
    }
}

static void pair_open(void)
{
    wire_clear();
    end_open(0, 1, 0, 1, keys[0], keys[1]);
    end_open(1, 0, 1, 0, keys[1], keys[0]);
}

static void ends_close(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        channel_close(ends[i].channel);
        ends[i] = (struct end){0};
    }
    wire_clear();
}

static struct bytes sample(size_t size)
{
    static uint8_t bytes[CHANNEL_MESSAGE_MAX];
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = random_next(&wire.random);
        memcpy(bytes + i, &word, size - i < 8 ? size - i : 8);
    }
    return bytes_of(bytes, size);
}

static bool inbox_has(const struct end *end, const struct hash *hash)
{
    for (size_t i = 0; i < end->inbox_count; i++)
        if (hash_equal(&end->inbox[i], hash))
            return true;
    return false;
}

/* ---- the line itself ----------------------------------------------------------------------- */

CASE(two_nodes_connect_and_the_lower_index_is_the_client)
{
    pair_open();
    CHECK(!channel_send(ends[0].channel, bytes_text("too early"), now));
    run_ms(200);
    CHECK(ends[0].up && ends[1].up);
    CHECK_INT(channel_counts_of(ends[0].channel).handshakes, 1);
    CHECK_INT(channel_counts_of(ends[1].channel).handshakes, 1);
    CHECK(channel_send(ends[0].channel, bytes_text("to one"), now));
    CHECK(channel_send(ends[1].channel, bytes_text("to zero"), now));
    deliver_all();
    struct hash to_one = hash_bytes(bytes_text("to one"));
    struct hash to_zero = hash_bytes(bytes_text("to zero"));
    CHECK(inbox_has(&ends[1], &to_one) && inbox_has(&ends[0], &to_zero));
    ends_close();
}

/* RFC 6347 section 4.2.1: until the client returns the cookie the server sends less than it got,
 * and makes no key. */
CASE(the_first_answer_to_a_hello_is_a_cookie)
{
    pair_open();
    channel_tick(ends[0].channel, now);
    REQUIRE(wire.count == 1);
    size_t hello_size = wire.parcels[0].size;
    deliver();
    REQUIRE(wire.count == 1);
    enum { HELLO_VERIFY_REQUEST = 3 };
    CHECK(wire.parcels[0].size < hello_size);
    CHECK_INT(wire.parcels[0].at[CHANNEL_PAYLOAD_AT + 13], HELLO_VERIFY_REQUEST);
    ends_close();
}

CASE(a_lost_first_word_of_the_client_is_said_again_at_once)
{
    pair_open();
    for (unsigned i = 0; i < 10 && !ends[0].up; i++) {
        channel_tick(ends[0].channel, now);
        channel_tick(ends[1].channel, now);
        for (unsigned k = 0; k < 10 && !ends[0].up; k++)
            deliver();
        now += CHANNEL_TICK_MS;
    }
    REQUIRE(ends[0].up && !ends[1].up);
    wire_clear();
    run_ms(CHANNEL_RESEND_MS + 3 * CHANNEL_TICK_MS);
    CHECK(ends[1].up);
    ends_close();
}

CASE(mac_keys_differ_by_direction_coalition_and_either_index)
{
    static const struct {
        uint16_t own, peer;
        uint8_t coalition;
    } rows[] = {{0, 1, 7}, {1, 0, 7}, {0, 2, 7}, {2, 1, 7}, {0, 1, 8}};
    uint8_t point[CHANNEL_POINT_SIZE], frames[ARRAY_SIZE(rows)][CHANNEL_PAYLOAD_AT];
    channel_key_point(keys[1], point);
    EVP_PKEY *pinned;
    REQUIRE(channel_point_open(point, &pinned, NULL));
    struct channel_header header = {.sender = 0, .receiver = 1};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct channel_macs macs;
        struct hash name = {.at = {rows[i].coalition}};
        channel_macs_init(&macs, keys[0], pinned, &name, rows[i].own, rows[i].peer);
        channel_frame_seal(&macs, &header, frames[i], CHANNEL_PAYLOAD_AT);
        CHECK(!channel_frame_check(&macs, bytes_of(frames[i], CHANNEL_PAYLOAD_AT)));
        for (size_t k = 0; k < i; k++)
            CHECK(memcmp(frames[i], frames[k], CHANNEL_PAYLOAD_AT) != 0);
        channel_macs_release(&macs);
    }
    EVP_PKEY_free(pinned);
}

CASE(messages_of_every_size_arrive_whole)
{
    static const size_t sizes[] = {1,      2,      15999,   16000,         16001,
                                   31999,  32000,  63999,   64000,         64001,
                                   100000, 500000, 1 << 20, (2 << 20) - 1, 2 << 20};
    pair_open();
    run_ms(200);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct bytes message = sample(sizes[i]);
        struct hash hash = hash_bytes(message);
        CHECK(channel_send(ends[i % 2].channel, message, now));
        size_t bytes = 0;
        for (size_t k = 0; k < wire.count; k++)
            bytes += wire.parcels[k].size;
        CHECK_INT(bytes, channel_sealed_size(sizes[i]));
        deliver_all();
        CHECK_INT(ends[1 - i % 2].inbox_bytes, sizes[i]);
        CHECK(inbox_has(&ends[1 - i % 2], &hash));
        ends[0].inbox_bytes = ends[1].inbox_bytes = 0;
    }
    ends_close();
}

CASE(a_message_may_be_answered_from_within_its_callback)
{
    pair_open();
    run_ms(200);
    ends[1].echo = true;
    for (int i = 0; i < 20; i++) {
        CHECK(channel_send(ends[0].channel, sample(50000), now));
        CHECK(channel_send(ends[0].channel, sample(5), now));
    }
    deliver_all();
    CHECK_INT(ends[0].inbox_count, 40);
    CHECK_INT(ends[1].inbox_count, 40);
    ends_close();
}

CASE(three_nodes_keep_their_lines_apart)
{
    wire_clear();
    end_open(0, 1, 4, 9, keys[0], keys[1]); /* node 4 to node 9 */
    end_open(1, 0, 9, 4, keys[1], keys[0]);
    end_open(2, 3, 9, 12, keys[1], keys[2]); /* node 9 to node 12 */
    end_open(3, 2, 12, 9, keys[2], keys[1]);
    run_ms(300);
    for (size_t i = 0; i < 4; i++)
        CHECK(ends[i].up);
    CHECK(channel_send(ends[1].channel, bytes_text("for four"), now));
    /* Node 9's frame for node 4, carried to node 12. */
    struct bytes stray = bytes_of(wire.parcels[0].at, wire.parcels[0].size);
    CHECK_INT(channel_receive(ends[3].channel, stray, now), CHANNEL_FORGED);
    /* And readdressed. */
    uint8_t readdressed[CHANNEL_FRAME_MAX];
    memcpy(readdressed, stray.at, stray.size);
    put_u16be(readdressed + 3, 12);
    CHECK_INT(channel_receive(ends[3].channel, bytes_of(readdressed, stray.size), now),
              CHANNEL_FORGED);
    /* A node's own frame thrown back at it. */
    memcpy(readdressed, stray.at, stray.size);
    put_u16be(readdressed + 1, 4);
    put_u16be(readdressed + 3, 9);
    CHECK_INT(channel_receive(ends[1].channel, bytes_of(readdressed, stray.size), now),
              CHANNEL_FORGED);
    deliver_all();
    CHECK_INT(ends[0].inbox_count, 1);
    CHECK_INT(ends[3].inbox_count, 0);
    ends_close();
}

CASE(lines_form_and_carry_over_a_lossy_network)
{
    unsigned arrived = 0, sent = 0;
    for (unsigned round = 0; round < 12; round++) {
        pair_open();
        wire.random = seed + round * 7919;
        wire.loss = 25;
        wire.duplicate = 20;
        wire.reorder = 30;
        for (unsigned waited = 0; waited < 40 && !(ends[0].up && ends[1].up); waited++)
            run_ms(500);
        if (!ends[0].up || !ends[1].up)
            printf("round %u: no link\n", round);
        CHECK(ends[0].up && ends[1].up);
        wire.loss = 5;
        for (unsigned i = 0; i < 40; i++) {
            struct bytes message = sample(1 + random_next(&wire.random) % 60000);
            struct hash hash = hash_bytes(message);
            sent += channel_send(ends[0].channel, message, now);
            run_ms(100);
            arrived += inbox_has(&ends[1], &hash);
        }
        CHECK_INT(ends[0].downs + ends[1].downs, 0);
        CHECK(ends[1].inbox_count <= 40); /* nothing twice */
        CHECK_INT(channel_counts_of(ends[1].channel).malformed, 0);
        ends_close();
    }
    CHECK_INT(sent, 480);
    CHECK(arrived > 480 * 85 / 100 && arrived < 480);
}

CASE(repeated_frames_deliver_nothing_twice)
{
    pair_open();
    run_ms(200);
    wire.duplicate = 100;
    CHECK(channel_send(ends[0].channel, sample(200000), now));
    deliver_all();
    CHECK_INT(ends[1].inbox_count, 1);
    ends_close();
}

CASE(a_silent_line_is_lost_and_returns)
{
    pair_open();
    run_ms(200);
    wire.cut = true;
    run_ms(CHANNEL_SILENCE_MS + 500);
    CHECK(!ends[0].up && !ends[1].up);
    CHECK(!channel_send(ends[0].channel, bytes_text("x"), now));
    wire.cut = false;
    run_ms(2 * CHANNEL_RETRY_MAX_MS);
    CHECK(ends[0].up && ends[1].up);
    CHECK_INT(ends[0].ups, 2);
    ends_close();
}

CASE(an_idle_line_stays_up_for_an_hour)
{
    pair_open();
    run_ms(3600 * 1000);
    CHECK(ends[0].up && ends[1].up);
    CHECK_INT(ends[0].downs + ends[1].downs, 0);
    CHECK_INT(channel_counts_of(ends[0].channel).handshakes, 1);
    ends_close();
}

CASE(a_session_is_renewed_after_a_day_without_a_gap)
{
    pair_open();
    run_ms(200);
    for (uint64_t end = now + CHANNEL_SESSION_MS + 3600 * 1000; now < end; now += 1000) {
        channel_tick(ends[0].channel, now);
        channel_tick(ends[1].channel, now);
        deliver_all();
    }
    CHECK_INT(ends[0].downs + ends[1].downs, 0);
    CHECK_INT(channel_counts_of(ends[0].channel).handshakes, 2);
    CHECK_INT(channel_counts_of(ends[1].channel).handshakes, 2);
    CHECK(ends[0].up && ends[1].up);
    ends_close();
}

CASE(either_side_may_restart)
{
    pair_open();
    run_ms(200);
    for (size_t who = 0; who < 2; who++) {
        channel_close(ends[who].channel);
        end_open(who, 1 - who, (uint16_t)who, (uint16_t)(1 - who), keys[who], keys[1 - who]);
        run_ms(2500);
        CHECK(ends[who].up);
        CHECK(ends[1 - who].up);
        CHECK_INT(ends[1 - who].downs, 0); /* the old session was kept until the new one stood */
        CHECK(channel_send(ends[0].channel, sample(70000), now));
        CHECK(channel_send(ends[1].channel, sample(70000), now));
        deliver_all();
        CHECK_INT(ends[who].inbox_count, 1);
    }
    ends_close();
}

CASE(the_replaced_session_still_receives_for_a_moment)
{
    pair_open();
    run_ms(200);
    /* Sent in the old session, and kept back. */
    CHECK(channel_send(ends[1].channel, bytes_text("late"), now));
    CHECK(channel_send(ends[1].channel, bytes_text("too late"), now));
    REQUIRE(wire.count == 2);
    struct parcel late = wire.parcels[0], too_late = wire.parcels[1];
    wire.count = 0;
    channel_close(ends[1].channel);
    end_open(1, 0, 1, 0, keys[1], keys[0]);
    run_ms(2000);
    CHECK_INT(channel_counts_of(ends[0].channel).handshakes, 2);
    channel_receive(ends[0].channel, bytes_of(late.at, late.size), now);
    CHECK_INT(ends[0].inbox_count, 1);
    run_ms(CHANNEL_LINGER_MS);
    channel_receive(ends[0].channel, bytes_of(too_late.at, too_late.size), now);
    CHECK_INT(ends[0].inbox_count, 1);
    free(late.at);
    free(too_late.at);
    ends_close();
}

/* ---- the wrong people ---------------------------------------------------------------------- */

CASE(a_peer_with_another_key_than_the_pinned_one_is_refused)
{
    wire_clear();
    end_open(0, 1, 0, 1, keys[2], keys[1]); /* node 0 has another key than node 1 pins */
    end_open(1, 0, 1, 0, keys[1], keys[0]);
    run_ms(30000);
    CHECK(!ends[0].up && !ends[1].up);
    CHECK(channel_counts_of(ends[1].channel).bad_mac > 10);
    CHECK_INT(channel_counts_of(ends[1].channel).starts, 0);
    ends_close();
}

CASE(a_member_cannot_pose_as_another_member)
{
    /* Node 2 has a valid key, a line of its own to node 1, and says that it is node 0. */
    wire_clear();
    end_open(0, 1, 0, 1, keys[2], keys[1]);
    end_open(1, 0, 1, 0, keys[1], keys[0]);
    end_open(2, 3, 2, 1, keys[2], keys[1]);
    end_open(3, 2, 1, 2, keys[1], keys[2]);
    run_ms(5000);
    CHECK(!ends[0].up && !ends[1].up);
    CHECK(ends[2].up && ends[3].up);
    CHECK_INT(channel_counts_of(ends[1].channel).starts, 0);
    ends_close();
}

/* What a thief of node 1's key can do to node 1: make MACs of any pair it belongs to. */
static void forge(struct parcel *parcel, const struct channel_macs *macs)
{
    struct channel_header header;
    REQUIRE(channel_header_decode(bytes_of(parcel->at, parcel->size), &header));
    channel_frame_seal(macs, &header, parcel->at, parcel->size);
}

CASE(a_good_mac_does_not_replace_the_pinned_key_in_the_handshake)
{
    /* Both MAC keys of the pair 0-1 are known to the attacker; the key of node 0 is not. */
    wire_clear();
    end_open(0, 1, 0, 1, keys[2], keys[1]); /* the attacker as node 0 */
    end_open(1, 0, 1, 0, keys[1], keys[0]);
    uint8_t attacker_point[CHANNEL_POINT_SIZE], point[CHANNEL_POINT_SIZE];
    channel_key_point(keys[1], point);
    channel_key_point(keys[2], attacker_point);
    EVP_PKEY *server, *attacker;
    REQUIRE(channel_point_open(point, &server, NULL));
    REQUIRE(channel_point_open(attacker_point, &attacker, NULL));
    struct channel_macs to_server, to_attacker;
    channel_macs_init(&to_server, keys[0], server, &coalition, 0, 1);
    channel_macs_init(&to_attacker, keys[1], attacker, &coalition, 1, 0);
    for (uint64_t end = now + 15000; now < end; now += CHANNEL_TICK_MS) {
        channel_tick(ends[0].channel, now);
        channel_tick(ends[1].channel, now);
        while (wire.count > 0) {
            for (size_t i = 0; i < wire.count; i++)
                forge(&wire.parcels[i], wire.parcels[i].to_end == 1 ? &to_server : &to_attacker);
            deliver();
        }
    }
    struct channel_counts counts = channel_counts_of(ends[1].channel);
    CHECK(counts.starts > 0);
    CHECK_INT(counts.bad_mac, 0);
    CHECK(counts.handshake_failures > 0);
    CHECK_INT(counts.handshakes, 0);
    CHECK(!ends[0].up && !ends[1].up);
    channel_macs_release(&to_server);
    channel_macs_release(&to_attacker);
    EVP_PKEY_free(server);
    EVP_PKEY_free(attacker);
    ends_close();
}

CASE(another_coalition_does_not_connect)
{
    wire_clear();
    end_open(0, 1, 0, 1, keys[0], keys[1]);
    coalition.at[31] = 1;
    end_open(1, 0, 1, 0, keys[1], keys[0]);
    coalition.at[31] = 0;
    run_ms(3000);
    CHECK(!ends[0].up && !ends[1].up);
    ends_close();
}

CASE(a_thousand_forged_frames_of_a_known_session_change_nothing)
{
    pair_open();
    run_ms(200);
    CHECK(channel_send(ends[0].channel, sample(60000), now));
    struct parcel model = wire.parcels[0];
    wire.count = 0;
    struct channel_counts before = channel_counts_of(ends[1].channel);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t forged[CHANNEL_FRAME_MAX];
        memcpy(forged, model.at, model.size);
        size_t size = i % 4 == 0 ? CHANNEL_PAYLOAD_AT + i % 40 : model.size;
        size_t at = CHANNEL_HEADER_SIZE + random_next(&wire.random) % (size - CHANNEL_HEADER_SIZE);
        forged[at] ^= (uint8_t)(1 + random_next(&wire.random) % 255);
        CHECK_INT(channel_receive(ends[1].channel, bytes_of(forged, size), now), CHANNEL_FORGED);
    }
    CHECK_INT(channel_counts_of(ends[1].channel).bad_mac - before.bad_mac, 1000);
    CHECK_INT(ends[1].inbox_count, 0);
    channel_receive(ends[1].channel, bytes_of(model.at, model.size), now);
    CHECK_INT(ends[1].inbox_count, 1);
    CHECK(ends[1].up);
    free(model.at);
    ends_close();
}

/* With a good MAC the peer itself, or its thief, sends nonsense to OpenSSL. */
CASE(nonsense_with_a_good_mac_is_counted_and_the_line_stays)
{
    pair_open();
    run_ms(200);
    uint8_t point[CHANNEL_POINT_SIZE];
    channel_key_point(keys[1], point);
    EVP_PKEY *pinned;
    REQUIRE(channel_point_open(point, &pinned, NULL));
    struct channel_macs macs;
    channel_macs_init(&macs, keys[0], pinned, &coalition, 0, 1);
    struct bytes message = sample(60000);
    struct hash hash = hash_bytes(message);
    CHECK(channel_send(ends[0].channel, message, now));
    struct parcel model = wire.parcels[0];
    wire.count = 0;
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t frame[CHANNEL_FRAME_MAX];
        memcpy(frame, model.at, model.size);
        size_t size = model.size;
        for (unsigned flips = 1 + i % 5; flips > 0; flips--) {
            size_t reach = i % 2 ? 60 : size - CHANNEL_PAYLOAD_AT;
            frame[CHANNEL_PAYLOAD_AT + random_next(&wire.random) % reach] ^=
                (uint8_t)(1 + random_next(&wire.random) % 255);
        }
        if (i % 3 == 0)
            size = CHANNEL_PAYLOAD_AT + random_next(&wire.random) % (size - CHANNEL_PAYLOAD_AT);
        struct channel_header header = {0};
        REQUIRE(channel_header_decode(bytes_of(frame, size), &header));
        channel_frame_seal(&macs, &header, frame, size);
        channel_receive(ends[1].channel, bytes_of(frame, size), now);
        wire_clear();
    }
    CHECK(channel_counts_of(ends[1].channel).malformed > 100);
    /* Records are sealed one by one: the four unharmed ones may have got through in time. */
    CHECK(ends[1].inbox_count == 0 || (ends[1].inbox_count == 1 && inbox_has(&ends[1], &hash)));
    CHECK(ends[1].up);
    CHECK(channel_send(ends[0].channel, bytes_text("still here"), now));
    deliver_all();
    hash = hash_bytes(bytes_text("still here"));
    CHECK(inbox_has(&ends[1], &hash));
    channel_macs_release(&macs);
    EVP_PKEY_free(pinned);
    free(model.at);
    ends_close();
}

CASE(mangled_hellos_with_a_good_mac_spare_the_session_in_use)
{
    pair_open();
    channel_tick(ends[0].channel, now);
    struct parcel model = wire.parcels[0];
    wire.count = 0;
    run_ms(2000);
    CHECK(ends[1].up);
    uint8_t point[CHANNEL_POINT_SIZE];
    channel_key_point(keys[1], point);
    EVP_PKEY *pinned;
    REQUIRE(channel_point_open(point, &pinned, NULL));
    struct channel_macs macs;
    channel_macs_init(&macs, keys[0], pinned, &coalition, 0, 1);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t frame[CHANNEL_STRANGE_FRAME_MAX];
        memcpy(frame, model.at, model.size);
        size_t at = CHANNEL_PAYLOAD_AT + 13 + random_next(&wire.random) % (model.size - 13 - 29);
        frame[at] ^= (uint8_t)(1 + random_next(&wire.random) % 255);
        struct channel_header header = {.sender = 0, .receiver = 1, .session = 1000 + i};
        channel_frame_seal(&macs, &header, frame, model.size);
        channel_receive(ends[1].channel, bytes_of(frame, model.size), now);
        run_ms(200);
    }
    CHECK(channel_counts_of(ends[1].channel).starts > 500);
    CHECK_INT(ends[0].downs + ends[1].downs, 0);
    CHECK(ends[0].up && ends[1].up);
    channel_macs_release(&macs);
    EVP_PKEY_free(pinned);
    free(model.at);
    ends_close();
}

CASE(any_short_or_strange_bytes_are_refused)
{
    pair_open();
    run_ms(200);
    uint8_t bytes[CHANNEL_FRAME_MAX + 1];
    for (unsigned i = 0; i < 20000; i++) {
        size_t size = i < 100 ? i : random_next(&wire.random) % 3000;
        for (size_t k = 0; k < size && k < 64; k++)
            bytes[k] = (uint8_t)random_next(&wire.random);
        if (i % 2)
            memcpy(bytes, "\1\0\0\0\1", 5);
        CHECK_INT(channel_receive(ends[1].channel, bytes_of(bytes, size), now), CHANNEL_FORGED);
    }
    memcpy(bytes, "\1\0\0\0\1", 5);
    CHECK_INT(channel_receive(ends[1].channel, bytes_of(bytes, sizeof bytes), now), CHANNEL_FORGED);
    CHECK(ends[1].up);
    ends_close();
}

CASE(a_flood_of_handshakes_is_bounded_and_spares_the_session_in_use)
{
    pair_open();
    run_ms(2000);
    struct channel_counts before = channel_counts_of(ends[1].channel);
    /* The peer itself floods: a fresh client for every hello. */
    uint64_t start = now;
    unsigned hellos = 0;
    for (; now < start + 2000; now += 10) {
        end_open(2, 1, 0, 1, keys[0], keys[1]);
        channel_tick(ends[2].channel, now);
        channel_close(ends[2].channel);
        ends[2].channel = NULL;
        hellos += (unsigned)wire.count;
        deliver();
        wire_clear(); /* the answers find nobody */
    }
    struct channel_counts after = channel_counts_of(ends[1].channel);
    CHECK(hellos == 200);
    CHECK(after.starts - before.starts <= 2 * CHANNEL_STARTS_PER_S);
    CHECK(after.starts - before.starts >= CHANNEL_STARTS_PER_S);
    CHECK_INT(after.starts_refused - before.starts_refused,
              hellos - (after.starts - before.starts));
    CHECK(channel_send(ends[0].channel, bytes_text("unharmed"), now));
    deliver_all();
    CHECK_INT(ends[1].inbox_count, 1);
    run_ms(CHANNEL_SLOT_MS + 1000);
    after = channel_counts_of(ends[1].channel);
    CHECK_INT(after.handshake_failures, after.starts - 1);
    CHECK(ends[0].up && ends[1].up);
    ends_close();
}

CASE(a_recorded_handshake_played_back_starts_nothing)
{
    pair_open();
    channel_tick(ends[0].channel, now);
    REQUIRE(wire.count == 1);
    uint8_t hello[2048];
    size_t size = wire.parcels[0].size;
    memcpy(hello, wire.parcels[0].at, size);
    run_ms(20000);
    uint64_t starts = channel_counts_of(ends[1].channel).starts;
    channel_close(ends[0].channel);
    end_open(0, 1, 0, 1, keys[0], keys[1]);
    run_ms(20000); /* the session of the recording is long gone */
    CHECK_INT(channel_counts_of(ends[1].channel).starts, starts + 1);
    for (unsigned i = 0; i < 100; i++)
        channel_receive(ends[1].channel, bytes_of(hello, size), now += 1000);
    CHECK_INT(channel_counts_of(ends[1].channel).starts, starts + 1);
    CHECK_INT(channel_counts_of(ends[1].channel).starts_refused, 100);
    ends_close();
}

CASE(bad_peers_are_refused_at_open)
{
    struct channel_config config = {.own = 1, .peer = 2, .key = keys[0]};
    struct channel_events events = {0};
    struct channel *channel = NULL;
    struct error error;
    CHECK(!channel_open(&config, &events, &channel, &error)); /* no point at all */
    channel_key_point(keys[1], config.peer_point);
    config.peer_point[64] ^= 1; /* off the curve */
    CHECK(!channel_open(&config, &events, &channel, &error));
    CHECK_INT(error.code, ERROR_INVALID);
    channel_key_point(keys[0], config.peer_point); /* our own */
    CHECK(!channel_open(&config, &events, &channel, &error));
    channel_key_point(keys[1], config.peer_point);
    config.peer = 1;
    CHECK(!channel_open(&config, &events, &channel, &error));
    CHECK(channel == NULL);
    channel_close(NULL);
}

/* ---- speed --------------------------------------------------------------------------------- */

CASE(a_mebibyte_goes_through_fast_enough_to_use)
{
    enum { ROUNDS = 100 };
    pair_open();
    run_ms(200);
    ends[1].hasty = true;
    struct bytes message = sample(1 << 20);
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(channel_send(ends[0].channel, message, now));
        deliver_all();
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    int64_t us = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
    CHECK_INT(ends[1].inbox_count, ROUNDS);
    printf("send + receive of 1 MiB messages on one core: %lld MB/s\n",
           (long long)ROUNDS * (1 << 20) / us);
    ends_close();
}

int main(void)
{
    const char *wanted = getenv("SEED");
    if (wanted != NULL)
        seed = strtoull(wanted, NULL, 10);
    printf("SEED=%llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        keys[i] = channel_key_generate();
    RUN(two_nodes_connect_and_the_lower_index_is_the_client);
    RUN(the_first_answer_to_a_hello_is_a_cookie);
    RUN(a_lost_first_word_of_the_client_is_said_again_at_once);
    RUN(mac_keys_differ_by_direction_coalition_and_either_index);
    RUN(messages_of_every_size_arrive_whole);
    RUN(a_message_may_be_answered_from_within_its_callback);
    RUN(three_nodes_keep_their_lines_apart);
    RUN(lines_form_and_carry_over_a_lossy_network);
    RUN(repeated_frames_deliver_nothing_twice);
    RUN(a_silent_line_is_lost_and_returns);
    RUN(an_idle_line_stays_up_for_an_hour);
    RUN(a_session_is_renewed_after_a_day_without_a_gap);
    RUN(either_side_may_restart);
    RUN(the_replaced_session_still_receives_for_a_moment);
    RUN(a_peer_with_another_key_than_the_pinned_one_is_refused);
    RUN(a_member_cannot_pose_as_another_member);
    RUN(a_good_mac_does_not_replace_the_pinned_key_in_the_handshake);
    RUN(another_coalition_does_not_connect);
    RUN(a_thousand_forged_frames_of_a_known_session_change_nothing);
    RUN(nonsense_with_a_good_mac_is_counted_and_the_line_stays);
    RUN(mangled_hellos_with_a_good_mac_spare_the_session_in_use);
    RUN(any_short_or_strange_bytes_are_refused);
    RUN(a_flood_of_handshakes_is_bounded_and_spares_the_session_in_use);
    RUN(a_recorded_handshake_played_back_starts_nothing);
    RUN(bad_peers_are_refused_at_open);
    RUN(a_mebibyte_goes_through_fast_enough_to_use);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        channel_key_close(keys[i]);
    return check_report();
}
