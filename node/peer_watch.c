#include "node/peer_watch.h"

#include <string.h>

static const struct {
    const char *name;
    uint64_t least;
} faults[] = {
#define X(name, least) {#name, least},
    PEER_FAULTS(X)
#undef X
};

/* A clock that was set back ends the wait too. */
static bool waits(const struct peer_watch *watch, uint64_t now_ms)
{
    return watch->wait_ms > 0 && now_ms >= watch->said_ms &&
           now_ms - watch->said_ms < watch->wait_ms;
}

size_t peer_watch_look(struct peer_watch *watch, const uint64_t counts[FAULT_COUNT],
                       uint64_t now_ms, struct log_field fields_out[FAULT_COUNT])
{
    size_t count = 0;
    bool due = false;
    if (waits(watch, now_ms))
        return 0;
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        uint64_t more = counts[i] - watch->told[i];
        due = due || more >= faults[i].least;
        if (more > 0)
            fields_out[count++] = log_unsigned(faults[i].name, more);
    }
    if (!due) {
        watch->wait_ms = 0;
        return 0;
    }
    memcpy(watch->told, counts, sizeof(watch->told));
    watch->said_ms = now_ms;
    watch->wait_ms = watch->wait_ms == 0 ? WATCH_FIRST_MS : 2 * watch->wait_ms;
    if (watch->wait_ms > WATCH_LAST_MS)
        watch->wait_ms = WATCH_LAST_MS;
    return count;
}
