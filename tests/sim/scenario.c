/* What a seed plays, and the coalition that plays it. */

#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "partners/charter_policy.h"

/* Every other settlement day is one of a coalition whose first partner holds the collateral. */
static void ask_for_collateral(struct charter *c)
{
    c->partners[0].is_operator = c->has_operator = true;
    c->risk = (struct charter_risk){.on = true,
                                    .haircut_bp = 10000,
                                    .alert_bp = 10000,
                                    .prepaid_bp = 11000,
                                    .refuse_bp = 12500};
}

struct charter *world_charter(struct world *w)
{
    const struct scenario *s = &w->scenario;
    struct charter *c = (struct charter *)allocate(1, sizeof(*c));
    (void)snprintf(c->name, sizeof(c->name), "simulated");
    (void)snprintf(c->origin, sizeof(c->origin), "sim.example/coalition");
    put_u64be(c->coalition.at, s->seed);
    c->coalition.at[31] = 1;
    memcpy(c->currency, "EUR", 4);
    c->minor_digits = 2;
    c->transition_count = 1;
    c->settlement.every = PERIOD_DAY;
    c->settlement.account_days = s->seed % 2;
    if (s->settles) { /* the world begins at 20:00 UTC; here it is as long before midnight */
        c->transitions[0].offset_s = 4 * 3600 - (int32_t)(s->trouble_ms / 2500);
        /* And then days are left out, as where the date line is moved: the day to answer is over,
         * and then what is to be paid by the next one is overdue. */
        c->transition_count = 3;
        c->transitions[1].from_ms = WORLD_START_MS + s->trouble_ms / 100 * 55;
        c->transitions[1].offset_s = c->transitions[0].offset_s + 2 * 24 * 3600;
        c->transitions[2].from_ms = WORLD_START_MS + s->trouble_ms / 100 * 70;
        c->transitions[2].offset_s = c->transitions[1].offset_s + 3 * 24 * 3600;
        c->settlement.on_default = (enum on_default)(s->seed / 2 % 3);
    }
    size_t founders = s->nodes - s->joiners;
    c->from_height = 1;
    c->partner_count = c->node_count = founders;
    c->partners = (struct charter_partner *)allocate(founders, sizeof(c->partners[0]));
    c->nodes = (struct charter_node *)allocate(founders, sizeof(c->nodes[0]));
    for (uint16_t i = 0; i < founders; i++) {
        membership_charter_node(w, c, i);
        c->nodes[i].voter = i < founders - s->observers;
        if (c->nodes[i].voter)
            c->voters[c->voter_count++] = i;
    }
    if (s->settles && s->seed % 2)
        ask_for_collateral(c);
    c->rates.face.v = 10000;
    c->rates.reimbursement.v = 9000;
    if (s->deals)
        deal_charter(s, c);
    c->policy.reversal = REVERSAL_UNLIMITED;
    c->policy.deficit_max.v = 1000000;
    c->policy.grace_days = 30;
    c->policy.expire_days = 7;
    c->policy.hold_default_ms = 2000;
    c->policy.hold_max_ms = 60000;
    c->policy.window_ms = UINT64_C(400) * 86400000;
    c->policy.late_after_ms = 1000;
    c->policy.clock_bound_ms = 5000;
    c->limits.batch_bytes = 8192;
    c->limits.cut_bytes = 64 * 1024;
    c->limits.lane_cut_bytes = 32 * 1024;
    c->limits.lane_day_bytes = UINT64_C(1) << 34;
    c->limits.allocations = 256;
    c->limits.heartbeat_ms = 5000;
    c->limits.timeout_ms = s->timeout_ms;
    c->limits.timeout_delta_ms = s->timeout_ms / 2;
    struct buffer policy;
    buffer_init(&policy, CHARTER_SIZE_MAX);
    charter_policy_format(c, &policy);
    buffer_append(&policy, bytes_of("", 1));
    must(!policy.overflowed);
    c->tlog_policy = (char *)policy.at; /* its memory goes along */
    c->limits.snapshot_records = s->snapshots ? 12 : 0;
    return c;
}

struct scenario scenario_of(uint64_t seed)
{
    struct world w = {.random = seed * UINT64_C(0x2545f4914f6cdd1d) + 1};
    static const size_t sizes[] = {4, 4, 4, 7, 4, 1, 2, 3};
    struct scenario s = {.seed = seed, .nodes = sizes[sim_below(&w, ARRAY_SIZE(sizes))]};
    size_t faulty = quorum_faulty(s.nodes);
    s.liars = faulty ? sim_below(&w, (uint32_t)faulty + 1) : 0;
    s.lie_kinds = 1 + sim_below(&w, LIE_DRAWN);
    s.loss = sim_chance(&w, 500) ? sim_below(&w, 300) : sim_below(&w, 20);
    s.repeat = sim_below(&w, 100);
    s.delay_ms = 2 + sim_below(&w, sim_chance(&w, 300) ? 400 : 40);
    s.slow_write_ms = 1 + sim_below(&w, sim_chance(&w, 300) ? 200 : 8);
    s.skew_ms = sim_below(&w, 2000);
    s.partitions = sim_chance(&w, 400);
    s.crashes = sim_chance(&w, 600);
    s.wipes = s.nodes >= 4 && sim_chance(&w, 100);
    s.trouble_ms = 3000 + sim_below(&w, 9000);
    s.heal_ms = 180000;
    s.submits = 20 + sim_below(&w, 150);
    s.timeout_ms = 50 + sim_below(&w, 400);
    s.crash_kept = 300;
    s.liars_go_on = sim_chance(&w, 500);
    s.observers = sim_chance(&w, 200) ? sim_below(&w, 3) : 0;
    if (s.nodes + s.observers > SIM_DRAWN_MAX)
        s.observers = 0;
    s.nodes += s.observers;
    /* Where one or two alone say what time it is, heartbeats wait until it has come. */
    s.clock_jumps = sim_chance(&w, 150) && s.nodes > 2;
    s.no_new_work = sim_chance(&w, 300);
    if (sim_chance(&w, 300))
        s.lie_kinds |= LIE_COSIGN | LIE_COSIGN_FAR;
    if (s.nodes - s.observers >= 4 && sim_chance(&w, 400)) {
        s.motions = true;
        s.joiners = sim_below(&w, 4);
        s.nodes += s.joiners;
    }
    s.snapshots =
        sim_chance(&w, 300) && s.nodes >= 4 && s.joiners == 0 && s.nodes + 1 <= SIM_NODES_MAX;
    if (s.snapshots) {
        s.nodes++;
        s.observers++;
        s.trouble_ms += 6000;
        s.late_ms = s.trouble_ms / 2 + sim_below(&w, (uint32_t)s.trouble_ms / 2);
        s.submits += 150;
    }
    s.settles = sim_chance(&w, 300);
    if (s.settles)
        s.submits += 100;
    s.deals = sim_chance(&w, 400);
    if (s.deals)
        s.submits += 100;
    return s;
}
