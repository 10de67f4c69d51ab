/* Chance that follows from a seed: of the simulated world, and of the liar on the wire. */

#include "sim/world.h"

uint64_t sim_random(struct world *w)
{
    uint64_t z = (w->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint32_t sim_below(struct world *w, uint32_t bound)
{
    return bound ? (uint32_t)(sim_random(w) % bound) : 0;
}

bool sim_chance(struct world *w, uint32_t of_thousand)
{
    return sim_below(w, 1000) < of_thousand;
}
