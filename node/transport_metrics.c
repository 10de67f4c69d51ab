#include "node/transport_metrics.h"

#include <inttypes.h>

static void peer_metric(const struct transport *transport, const struct charter *charter,
                        struct buffer *out, const char *name, const char *type, const char *help,
                        uint64_t (*value)(const struct transport_counts *))
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    for (uint16_t i = 0; i < charter->node_count; i++) {
        struct transport_counts counts;
        if (transport_counts_of(transport, i, &counts))
            buffer_printf(out, "%s{peer=\"%s\"} %" PRIu64 "\n", name, charter->nodes[i].name,
                          value(&counts));
    }
}

#define PEER_METRICS(X)                                                                            \
    X(up, "up", "gauge", "Whether the authenticated link to the peer stands.")                     \
    X(sent_messages, "sent_messages_total", "counter", "Messages given to the link.")              \
    X(sent_bytes, "sent_bytes_total", "counter", "Bytes of messages given to the link.")           \
    X(received_messages, "received_messages_total", "counter", "Messages received whole.")         \
    X(received_bytes, "received_bytes_total", "counter", "Bytes of messages received.")            \
    X(dropped_queue_full, "dropped_messages_total", "counter",                                     \
      "Messages dropped because the peer's queue was full.")                                       \
    X(handshakes, "handshakes_total", "counter", "Completed handshakes.")                          \
    X(handshake_failures, "handshake_failures_total", "counter", "Handshakes that failed.")        \
    X(bad_frames, "bad_frames_total", "counter", "Frames of the peer that were malformed.")        \
    X(over_budget, "over_budget_frames_total", "counter",                                          \
      "Frames in the peer's name that were not read: it had used up its share.")                   \
    X(incomplete, "incomplete_messages_total", "counter",                                          \
      "Messages of the peer whose rest did not come.")                                             \
    X(refused_handshakes, "refused_handshakes_total", "counter",                                   \
      "Handshakes begun in the peer's name that were too many, or replays.")

#define X(field, name, type, help)                                                                 \
    static uint64_t value_##field(const struct transport_counts *counts)                           \
    {                                                                                              \
        return (uint64_t)counts->field;                                                            \
    }
PEER_METRICS(X)
#undef X

void transport_metrics(const struct transport *transport, const struct charter *charter,
                       struct buffer *out)
{
#define X(field, name, type, help)                                                                 \
    peer_metric(transport, charter, out, "accrue_peer_link_" name, type, help, value_##field);
    PEER_METRICS(X)
#undef X
    struct transport_strangers strangers = transport_strangers_of(transport);
    buffer_printf(out,
                  "# HELP accrue_stranger_frames_total Frames that belong to no peer.\n"
                  "# TYPE accrue_stranger_frames_total counter\n"
                  "accrue_stranger_frames_total{reason=\"bad-mac\"} %" PRIu64 "\n"
                  "accrue_stranger_frames_total{reason=\"malformed\"} %" PRIu64 "\n"
                  "accrue_stranger_frames_total{reason=\"unknown-peer\"} %" PRIu64 "\n"
                  "# HELP accrue_listen_rebinds_total Times the peers' socket was renewed.\n"
                  "# TYPE accrue_listen_rebinds_total counter\n"
                  "accrue_listen_rebinds_total %" PRIu64 "\n",
                  strangers.bad_mac, strangers.malformed, strangers.unknown_peer,
                  strangers.rebinds);
}
