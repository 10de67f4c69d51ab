// links: crypto
/* Everything that is read before or without OpenSSL's DTLS: frames, record headers, fragments and
 * their reassembly. The input is one frame, and a list of [u16 size][fragment]. */
#include "crypto/channel_frame.h"
#include "crypto/channel_reassembly.h"
#include "crypto/channel_session.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void try_header(struct bytes frame)
{
    struct channel_header header;
    if (!channel_header_decode(frame, &header))
        return;
    must(frame.size >= CHANNEL_PAYLOAD_AT && frame.size <= CHANNEL_FRAME_MAX);
    must(get_u16be(frame.at + 1) == header.sender && get_u64be(frame.at + 5) == header.session);
    struct bytes rest = bytes_of(frame.at + CHANNEL_PAYLOAD_AT, frame.size - CHANNEL_PAYLOAD_AT);
    for (size_t size; (size = channel_record_size(rest)) > 0;) {
        must(size <= rest.size && size <= CHANNEL_RECORD_MAX);
        (void)channel_record_is_hello(bytes_of(rest.at, size));
        rest = bytes_of(rest.at + size, rest.size - size);
    }
}

static void take_fragment(struct channel_reassembly *reassembly, struct bytes plain, uint64_t now)
{
    struct channel_fragment fragment;
    uint8_t *message, header[CHANNEL_FRAGMENT_HEADER_SIZE];
    if (!channel_fragment_decode(plain, &fragment))
        return;
    channel_fragment_header_encode(&fragment, header);
    must(memcmp(header, plain.at, sizeof(header)) == 0);
    if (fragment.total == 0)
        return;
    if (channel_reassembly_add(reassembly, plain.at[0] & 1, &fragment, now, &message)) {
        volatile uint8_t last = message[fragment.total - 1]; /* the whole is there */
        (void)last;
        free(message);
    }
    must(channel_reassembly_held(reassembly) <= CHANNEL_REASSEMBLY_MAX * CHANNEL_MESSAGE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct channel_reassembly reassembly;
    struct bytes rest = bytes_of(data, size);
    try_header(rest);
    channel_reassembly_init(&reassembly);
    for (uint64_t now = 0; rest.size >= 2; now += 100) {
        size_t wanted = get_u16be(rest.at);
        size_t taken = wanted < rest.size - 2 ? wanted : rest.size - 2;
        take_fragment(&reassembly, bytes_of(rest.at + 2, taken), now);
        channel_reassembly_expire(&reassembly, now);
        rest = bytes_of(rest.at + 2 + taken, rest.size - 2 - taken);
    }
    channel_reassembly_release(&reassembly);
    return 0;
}
