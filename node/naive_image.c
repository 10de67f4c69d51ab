/* The naive model as bytes, and back: rows of CBOR numbers and byte strings, one list after the
 * other. What follows from them (who waits, whose lots they are) is made anew. */
#include "node/naive_parts.h"

#include "protocol/codec.h"

#include <string.h>

enum { NAIVE_VERSION = 5, NAIVE_NAME_MAX = 128, NAIVE_AMENDMENTS_MAX = 16384, NAIVE_AHEAD = 2 };

/* ---- writing --------------------------------------------------------------------------------- */

static void put_amendments(const struct naive_amendment *list, size_t count, struct buffer *out)
{
    codec_put_uint(out, count);
    for (size_t i = 0; i < count; i++) {
        codec_put_uint(out, list[i].height);
        codec_put_uint(out, list[i].what);
        codec_put_bytes(out, bytes_of(list[i].change, list[i].change_size));
    }
}

static void put_membership(const struct naive *n, struct buffer *out)
{
    codec_put_uint(out, n->height);
    put_amendments(n->done, n->done_count, out);
    put_amendments(n->waiting, n->waiting_count, out);
    codec_put_uint(out, n->motion_count);
    for (size_t i = 0; i < n->motion_count; i++) {
        const struct naive_motion *motion = &n->motions[i];
        codec_put_uint(out, motion->record);
        codec_put_uint(out, motion->proposed_ms);
        codec_put_uint(out, motion->by);
        codec_put_bool(out, motion->carried);
        codec_put_bytes(out, bytes_of(motion->body, motion->body_size));
        codec_put_uint(out, motion->ballots.count);
        for (size_t j = 0; j < motion->ballots.count; j++)
            codec_put_uint(out, motion->ballots.at[j]);
    }
    for (size_t i = 0; i < NAIVE_DIGESTS; i++)
        codec_put_bytes(out, hash_as_bytes(&n->digests[i]));
}

static void put_members(const struct naive *n, struct buffer *out)
{
    codec_put_uint(out, n->member_count);
    for (size_t i = 0; i < n->member_count; i++) {
        const struct naive_member *member = &n->members[i];
        codec_put_bytes(out, bytes_of(member->ref.at, MEMBER_REF_SIZE));
        codec_put_uint(out, member->enrolled_by);
        codec_put_uint(out, member->deficit_count);
        for (size_t j = 0; j < member->deficit_count; j++) {
            codec_put_uint(out, member->deficits[j].claimant);
            codec_put_int(out, member->deficits[j].points);
        }
    }
}

static void put_lot(const struct naive_lot *lot, struct buffer *out)
{
    codec_put_uint(out, lot->member);
    codec_put_uint(out, lot->earn);
    codec_put_uint(out, lot->issuer);
    codec_put_bool(out, lot->own);
    codec_put_uint(out, lot->epoch);
    codec_put_uint(out, lot->split.count);
    for (size_t i = 0; i < lot->split.count; i++) {
        codec_put_uint(out, lot->split.funders[i].partner.v);
        codec_put_uint(out, lot->split.funders[i].bp);
    }
    codec_put_uint(out, lot->activates_ms);
    codec_put_uint(out, lot->expires_ms);
    codec_put_int(out, lot->quantity);
    for (size_t i = 0; i < POOL_COUNT; i++)
        codec_put_int(out, lot->pools[i]);
    codec_put_int(out, lot->reversed);
    codec_put_int(out, lot->waived);
    codec_put_int(out, lot->counted);
    codec_put_uint(out, lot->vintage);
}

static void put_earn(const struct naive_earn *earn, struct buffer *out)
{
    codec_put_uint(out, earn->record);
    codec_put_uint(out, earn->eligible);
    codec_put_uint(out, earn->refunded);
    codec_put_uint(out, earn->member);
    codec_put_uint(out, earn->first_lot);
    codec_put_uint(out, earn->lot_count);
    codec_put_uint(out, earn->partner);
}

static void put_spends(const struct naive_spend *spends, size_t count, struct buffer *out)
{
    codec_put_uint(out, count);
    for (size_t i = 0; i < count; i++) {
        codec_put_uint(out, spends[i].record);
        codec_put_uint(out, spends[i].ends_ms);
        codec_put_uint(out, spends[i].member);
        codec_put_uint(out, spends[i].partner);
        codec_put_uint(out, spends[i].epoch);
        codec_put_uint(out, spends[i].status);
        codec_put_int(out, spends[i].points);
        codec_put_int(out, spends[i].used);
        codec_put_uint(out, spends[i].first_part);
        codec_put_uint(out, spends[i].part_count);
    }
}

static void put_names(const struct naive_names *names, struct buffer *out)
{
    codec_put_uint(out, names->count);
    for (size_t i = 0; i < names->count; i++) {
        const struct naive_name *name = &names->at[i];
        codec_put_bytes(out, bytes_of(name->bytes, name->size));
        codec_put_uint(out, name->what);
        codec_put_uint(out, name->record);
        codec_put_uint(out, name->seen_ms);
        codec_put_bytes(out, hash_as_bytes(&name->client));
    }
}

static bool is_flow(const struct naive_flow *flow)
{
    return flow->in_period != 0 || flow->in_year != 0;
}

static void put_flows(const struct naive *n, struct buffer *out)
{
    size_t pairs = n->rules.partner_count * n->rules.partner_count, used = 0;
    for (size_t i = 0; i < pairs; i++)
        used += is_flow(&n->flows[i]);
    codec_put_uint(out, (uint64_t)n->year);
    codec_put_uint(out, used);
    for (size_t i = 0; i < pairs; i++) {
        if (!is_flow(&n->flows[i]))
            continue;
        codec_put_uint(out, i);
        naive_put_wide(n->flows[i].in_period, out);
        naive_put_wide(n->flows[i].in_year, out);
    }
}

static void put_money(const struct naive *n, struct buffer *out)
{
    size_t cells = n->tariff_count * naive_owed_cells(n), used = 0;
    for (size_t i = 0; i < cells; i++)
        used += n->owed[i] != 0;
    codec_put_uint(out, used);
    for (size_t i = 0; i < cells; i++) {
        if (n->owed[i] == 0)
            continue;
        codec_put_uint(out, i);
        naive_put_wide(n->owed[i], out);
    }
    for (size_t i = 0; i < n->rules.joint_count; i++)
        naive_put_wide(n->joint_used[i], out);
    put_flows(n, out);
}

void naive_write(const struct naive *n, struct buffer *out)
{
    codec_put_uint(out, NAIVE_VERSION);
    codec_put_bool(out, n->started);
    codec_put_uint(out, n->now_ms);
    codec_put_uint(out, n->cut_time_ms);
    codec_put_uint(out, n->first_cut_ms);
    codec_put_uint(out, n->advance_ms);
    put_membership(n, out);
    naive_put_deals(n, out);
    put_members(n, out);
    codec_put_uint(out, n->earn_count);
    for (size_t i = 0; i < n->earn_count; i++)
        put_earn(&n->earns[i], out);
    codec_put_uint(out, n->lot_count);
    for (size_t i = 0; i < n->lot_count; i++)
        put_lot(&n->lots[i], out);
    codec_put_uint(out, n->part_count);
    for (size_t i = 0; i < n->part_count; i++) {
        codec_put_uint(out, n->parts[i].lot);
        codec_put_int(out, n->parts[i].points);
        codec_put_int(out, n->parts[i].returned);
    }
    put_spends(n->holds, n->hold_count, out);
    put_spends(n->redemptions, n->redemption_count, out);
    put_names(&n->cards, out);
    put_names(&n->keys, out);
    put_names(&n->documents, out);
    put_money(n, out);
    naive_put_periods(n, out);
    naive_put_accounts(n, out);
    naive_put_standings(n, out);
    naive_put_rates(n, out);
    naive_put_risks(n, out);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct loading {
    struct codec_reader reader;
    struct naive *n;
};

static bool good(struct loading *l, bool condition, const char *why)
{
    if (!condition)
        codec_fail(&l->reader, why);
    return !l->reader.failed;
}

static uint64_t get(struct loading *l, uint64_t max)
{
    return codec_get_uint(&l->reader, max);
}

static int64_t get_points(struct loading *l)
{
    return codec_get_int(&l->reader, 0, POINTS_PER_RECORD_MAX);
}

/* A number of rows: each takes at least a byte, so that memory follows what is there. */
static size_t get_count(struct loading *l)
{
    return (size_t)get(l, (uint64_t)(l->reader.end - l->reader.at));
}

/* The number of a partner: codec_get_uint() takes nothing beyond its maximum. */
static uint16_t get_partner(struct loading *l)
{
    return (uint16_t)get(l, l->n->rules.partner_count - 1);
}

static uint32_t get_place(struct loading *l, size_t count)
{
    uint64_t place = get(l, NAIVE_NONE - 1);
    return good(l, place < count, "a place beyond its list") ? (uint32_t)place : 0;
}

/* A change for a height; those that took effect make the coalitions of the next heights again. */
static void get_amendment(struct loading *l, bool done, uint64_t *last)
{
    struct naive *n = l->n;
    struct naive_amendment amendment = {.height = get(l, INT64_MAX), .what = get(l, INT64_MAX)};
    struct bytes bytes = codec_get_bytes(&l->reader, 1, CHANGE_SIZE_MAX);
    struct change change;
    bool due = amendment.height <= n->height + NAIVE_AHEAD;
    if (l->reader.failed ||
        !good(l, change_decode(bytes, &change, NULL) && due == done && amendment.height > 2,
              "a change that cannot be") ||
        !good(l, !done || amendment.height >= *last, "changes out of order"))
        return;
    *last = amendment.height;
    if (!done) {
        naive_amendment_add(&n->waiting, &n->waiting_count, &n->waiting_capacity, amendment.height,
                            amendment.what, bytes);
        return;
    }
    naive_amendment_add(&n->done, &n->done_count, &n->done_capacity, amendment.height,
                        amendment.what, bytes);
    if (!good(l, naive_take_turn(n, &n->done[n->done_count - 1]), "a change that does not fit"))
        return;
    if (amendment.height <= n->height + 1)
        n->next = n->after;
    if (amendment.height <= n->height)
        n->now = n->after;
}

static void get_motion(struct loading *l)
{
    struct motion motion;
    uint64_t record = get(l, INT64_MAX), proposed_ms = get(l, TIME_MS_MAX);
    uint16_t by = get_partner(l);
    bool carried = codec_get_bool(&l->reader);
    struct bytes body = codec_get_bytes(&l->reader, 1, MOTION_SIZE_MAX);
    if (l->reader.failed || !good(l, motion_decode(body, &motion, NULL), "a motion of no change"))
        return;
    struct naive_motion *added = naive_motion_add(l->n, record, proposed_ms, by, body);
    added->carried = carried;
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--)
        naive_list_add(&added->ballots, get_partner(l));
}

static void get_membership(struct loading *l)
{
    uint64_t last = 0;
    l->n->height = get(l, INT64_MAX - MOTION_DELAY_MAX);
    for (uint64_t left = get(l, NAIVE_AMENDMENTS_MAX); left > 0 && !l->reader.failed; left--)
        get_amendment(l, true, &last);
    for (uint64_t left = get(l, NAIVE_AMENDMENTS_MAX); left > 0 && !l->reader.failed; left--)
        get_amendment(l, false, &last);
    if (l->reader.failed)
        return;
    naive_membership_enter(l->n, l->n->now);
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--)
        get_motion(l);
    for (size_t i = 0; i < NAIVE_DIGESTS; i++)
        codec_get_fixed(&l->reader, l->n->digests[i].at, HASH_SIZE);
}

static void get_member(struct loading *l)
{
    struct naive *n = l->n;
    struct naive_member member = {0};
    codec_get_fixed(&l->reader, member.ref.at, MEMBER_REF_SIZE);
    member.enrolled_by = get_partner(l);
    size_t deficits = (size_t)get(l, NAIVE_CLAIMS_MAX);
    if (!good(l, naive_member_find(n, &member.ref) == NAIVE_NONE, "a member twice"))
        return;
    n->members = (struct naive_member *)array_grow(n->members, &n->member_capacity,
                                                   n->member_count + 1, sizeof(member));
    for (size_t i = 0; i < deficits; i++) {
        member.deficits = (struct naive_deficit *)array_grow(
            member.deficits, &member.deficit_capacity, i + 1, sizeof(*member.deficits));
        member.deficits[i].claimant = get_partner(l);
        member.deficits[i].points = codec_get_int(&l->reader, 1, INT64_MAX / 1024);
        member.deficit_count++;
    }
    naive_name_add(&n->member_names, bytes_of(member.ref.at, MEMBER_REF_SIZE))->what =
        (uint32_t)n->member_count;
    n->members[n->member_count++] = member;
}

static void get_earn(struct loading *l)
{
    struct naive *n = l->n;
    struct naive_earn earn = {0};
    earn.record = get(l, INT64_MAX);
    earn.eligible = get(l, INT64_MAX);
    earn.refunded = get(l, INT64_MAX);
    earn.member = get_place(l, n->member_count);
    earn.first_lot = (uint32_t)get(l, NAIVE_NONE - 1);
    earn.lot_count = (uint32_t)get(l, EARN_LOTS_MAX);
    earn.partner = get_partner(l);
    uint64_t last = n->earn_count ? n->earns[n->earn_count - 1].record : 0;
    if (!good(l,
              earn.eligible > 0 && earn.refunded <= earn.eligible && earn.lot_count > 0 &&
                  (n->earn_count == 0 || earn.record > last),
              "an earn that cannot be"))
        return;
    n->earns = (struct naive_earn *)array_grow(n->earns, &n->earn_capacity, n->earn_count + 1,
                                               sizeof(earn));
    n->earns[n->earn_count++] = earn;
}

static bool lot_adds_up(const struct naive *n, const struct naive_lot *lot)
{
    int64_t sum = 0;
    uint32_t shares = 0;
    for (size_t i = 0; i < POOL_COUNT; i++)
        sum += lot->pools[i];
    for (size_t i = 0; i < lot->split.count; i++)
        shares += lot->split.funders[i].bp;
    return sum == lot->quantity && shares == BASIS_POINTS && lot->quantity > 0 &&
           lot->reversed <= lot->quantity && lot->waived <= lot->reversed &&
           lot->counted <= lot->pools[POOL_EXPIRED] + lot->pools[POOL_REMAINING] &&
           (!lot->own || lot->earn < n->earn_count);
}

static void get_lot(struct loading *l)
{
    struct naive *n = l->n;
    struct naive_lot lot = {0};
    lot.member = get_place(l, n->member_count);
    lot.earn = (uint32_t)get(l, NAIVE_NONE);
    lot.issuer = get_partner(l);
    lot.own = codec_get_bool(&l->reader);
    lot.epoch = get_place(l, n->epoch_count);
    lot.split.count = (uint8_t)get(l, SPLIT_MAX);
    for (size_t i = 0; i < lot.split.count; i++) {
        lot.split.funders[i].partner.v = get_partner(l);
        lot.split.funders[i].bp = (uint16_t)get(l, BASIS_POINTS);
    }
    lot.activates_ms = get(l, TIME_MS_MAX);
    lot.expires_ms = get(l, TIME_MS_MAX);
    lot.quantity = get_points(l);
    for (size_t i = 0; i < POOL_COUNT; i++)
        lot.pools[i] = get_points(l);
    lot.reversed = get_points(l);
    lot.waived = get_points(l);
    lot.counted = get_points(l);
    lot.vintage = (uint32_t)get(l, NAIVE_NONE - 1);
    if (!good(l, lot_adds_up(n, &lot) && (lot.earn == NAIVE_NONE || lot.earn < n->earn_count),
              "a lot that does not add up"))
        return;
    uint32_t id = (uint32_t)n->lot_count;
    struct naive_member *member = &n->members[lot.member];
    n->lots =
        (struct naive_lot *)array_grow(n->lots, &n->lot_capacity, n->lot_count + 1, sizeof(lot));
    n->lots[n->lot_count++] = lot;
    member->lots = (uint32_t *)array_grow(member->lots, &member->lot_capacity,
                                          member->lot_count + 1, sizeof(id));
    member->lots[member->lot_count++] = id;
    if (lot.pools[POOL_PENDING] > 0)
        naive_list_add(&n->pending, id);
}

static void get_part(struct loading *l)
{
    struct naive *n = l->n;
    struct naive_part part = {0};
    part.lot = get_place(l, n->lot_count);
    part.points = get_points(l);
    part.returned = get_points(l);
    if (!good(l, part.returned <= part.points, "more came back than went"))
        return;
    n->parts = (struct naive_part *)array_grow(n->parts, &n->part_capacity, n->part_count + 1,
                                               sizeof(part));
    n->parts[n->part_count++] = part;
}

/* Its parts are there, and come to its points. */
static bool spend_adds_up(const struct naive *n, const struct naive_spend *spend, uint64_t last,
                          bool first)
{
    int64_t sum = 0;
    if (spend->first_part > n->part_count || spend->part_count > n->part_count - spend->first_part)
        return false;
    for (size_t i = 0; i < spend->part_count; i++)
        sum += n->parts[spend->first_part + i].points;
    return sum == spend->points && spend->used <= spend->points && (first || spend->record > last);
}

static void get_spends(struct loading *l, struct naive_spend **spends, size_t *count,
                       size_t *capacity)
{
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--) {
        struct naive_spend spend = {0};
        spend.record = get(l, INT64_MAX);
        spend.ends_ms = get(l, INT64_MAX);
        spend.member = get_place(l, l->n->member_count);
        spend.partner = get_partner(l);
        spend.epoch = get_place(l, l->n->epoch_count);
        spend.status = (enum naive_status)get(l, NAIVE_ENDED);
        spend.points = get_points(l);
        spend.used = get_points(l);
        spend.first_part = (size_t)get(l, INT64_MAX);
        spend.part_count = (size_t)get(l, INT64_MAX);
        uint64_t last = *count ? (*spends)[*count - 1].record : 0;
        if (!good(l, spend_adds_up(l->n, &spend, last, *count == 0),
                  "a spend that does not add up"))
            return;
        *spends = (struct naive_spend *)array_grow(*spends, capacity, *count + 1, sizeof(spend));
        (*spends)[(*count)++] = spend;
    }
}

static void get_names(struct loading *l, struct naive_names *names)
{
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--) {
        struct bytes bytes = codec_get_bytes(&l->reader, 1, NAIVE_NAME_MAX);
        uint64_t what = get(l, NAIVE_NONE - 1);
        if (!good(l, naive_name_find(names, bytes) == NAIVE_NONE, "a name twice") ||
            !good(l, what == 0 || what < l->n->member_count, "a name of nobody"))
            return;
        struct naive_name *name = naive_name_add(names, bytes);
        name->what = (uint32_t)what;
        name->record = get(l, INT64_MAX);
        name->seen_ms = get(l, TIME_MS_MAX);
        codec_get_fixed(&l->reader, name->client.at, HASH_SIZE);
    }
}

static void get_money(struct loading *l)
{
    struct naive *n = l->n;
    size_t cells = n->tariff_count * naive_owed_cells(n), partners = n->rules.partner_count;
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--) {
        size_t cell = get_place(l, cells), pair = cell / LINE_CLASS_COUNT;
        n->owed[cell] = naive_get_wide(&l->reader);
        if (!good(l, pair / partners % partners != pair % partners, "a partner that owes itself"))
            return;
    }
    for (size_t i = 0; i < n->rules.joint_count; i++)
        n->joint_used[i] = naive_get_wide(&l->reader);
    n->year = (int64_t)get(l, UINT16_MAX);
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--) {
        size_t pair = get_place(l, partners * partners);
        n->flows[pair].in_period = naive_get_wide(&l->reader);
        n->flows[pair].in_year = naive_get_wide(&l->reader);
    }
}

/* An earn's own lots are consecutive and its own. */
static void check_earns(struct loading *l)
{
    const struct naive *n = l->n;
    for (size_t i = 0; i < n->earn_count && !l->reader.failed; i++) {
        const struct naive_earn *earn = &n->earns[i];
        bool there =
            earn->first_lot < n->lot_count && earn->lot_count <= n->lot_count - earn->first_lot;
        for (uint32_t j = 0; there && j < earn->lot_count; j++)
            there = n->lots[earn->first_lot + j].own && n->lots[earn->first_lot + j].earn == i;
        (void)good(l, there, "an earn without its lots");
    }
}

static void get_all(struct loading *l)
{
    struct naive *n = l->n;
    (void)good(l, get(l, UINT16_MAX) == NAIVE_VERSION, "unknown version");
    n->started = codec_get_bool(&l->reader);
    n->now_ms = get(l, TIME_MS_MAX);
    n->cut_time_ms = get(l, TIME_MS_MAX);
    n->first_cut_ms = get(l, TIME_MS_MAX);
    n->advance_ms = get(l, TIME_MS_MAX);
    get_membership(l);
    if (!l->reader.failed)
        naive_get_deals(&l->reader, n);
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--)
        get_member(l);
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--)
        get_earn(l);
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--)
        get_lot(l);
    for (size_t left = get_count(l); left > 0 && !l->reader.failed; left--)
        get_part(l);
    get_spends(l, &n->holds, &n->hold_count, &n->hold_capacity);
    get_spends(l, &n->redemptions, &n->redemption_count, &n->redemption_capacity);
    get_names(l, &n->cards);
    get_names(l, &n->keys);
    get_names(l, &n->documents);
    get_money(l);
    naive_get_periods(&l->reader, n);
    naive_get_accounts(&l->reader, n);
    naive_get_standings(&l->reader, n);
    naive_get_rates(&l->reader, n);
    check_earns(l);
    for (size_t i = 0; i < n->hold_count && !l->reader.failed; i++)
        if (n->holds[i].status == NAIVE_OPEN)
            naive_list_add(&n->open, (uint32_t)i);
    if (!l->reader.failed)
        naive_get_risks(&l->reader, n);
}

bool naive_read(struct naive_rules rules, struct bytes bytes, struct naive **naive_out,
                struct error *error)
{
    struct loading loading = {.n = naive_open(rules)};
    struct error why;
    codec_reader_init(&loading.reader, bytes);
    get_all(&loading);
    if (!codec_finish(&loading.reader, "the naive model", &why)) {
        naive_close(loading.n);
        return error_set(error, ERROR_CORRUPT, "%s", why.text);
    }
    *naive_out = loading.n;
    return true;
}
