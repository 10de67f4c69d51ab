/* What peers cost: a signature check takes a hundred times longer than making a frame, so a peer
 * that carries what is badly signed, or well signed and of no use, has so much of it a second, and
 * is not listened to for the rest of that second. Honest nodes check before they pass on, and stay
 * far below. */

#include "node/replica_parts.h"

static void waste(struct replica *r, uint16_t from, size_t checks)
{
    struct peer_seen *seen = &r->seen[from];
    uint64_t second = r->now_ms / 1000;
    if (seen->waste_second != second) {
        seen->waste_second = second;
        seen->wasted = 0;
    }
    seen->wasted += (uint32_t)checks;
}

void peer_malformed(struct replica *r, uint16_t from)
{
    r->seen[from].malformed++;
    waste(r, from, 1);
}

void peer_bad_signature(struct replica *r, uint16_t from, size_t checks)
{
    r->seen[from].bad_signatures++;
    waste(r, from, checks);
}

void peer_useless(struct replica *r, uint16_t from, size_t checks)
{
    r->seen[from].useless++;
    waste(r, from, checks);
}

bool peer_is_over_budget(const struct replica *r, uint16_t from)
{
    const struct peer_seen *seen = &r->seen[from];
    return seen->waste_second == r->now_ms / 1000 && seen->wasted >= WASTE_PER_SECOND;
}
