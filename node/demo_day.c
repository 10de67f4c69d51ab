/* A synthetic day, from a seed: members get cards, buy at all four, spend elsewhere; one purchase
 * is refunded; two tills race for the same points. */
#include "node/demo.h"
#include "protocol/ids.h"

#include <stdlib.h>
#include <string.h>

enum {
    MEMBERS = 24,
    HOURS = 12,
    EVENTS_AN_HOUR = 16, /* distinct members */
    SHOWN = 6,           /* balances in the table */
    CARD_DIGITS = 20,
    POINTS_MIN = 20,
    POINTS_SPREAD = 230,
    REDEEM_MIN = 50,
};

static const uint64_t start_ms = 1772434800000; /* 2026-03-02T07:00:00Z, as in cli_demo.c */
static const uint64_t hour_ms = 3600000;

struct shopper {
    char member[MEMBER_TEXT_SIZE];
    char card[CARD_DIGITS + 1];
    int64_t balance;
    size_t earned_at; /* where the last points came from */
};
struct day {
    struct demo *demo;
    struct demo_counts *counts;
    struct error *error;
    uint64_t random;
    struct shopper shoppers[MEMBERS];
    size_t under_way;
    bool failed;
    uint64_t key_next;
    uint64_t hour_earns, hour_redemptions;
    struct { /* the purchase that is going to be refunded */
        bool known;
        int64_t record, points;
        size_t shopper, node;
    } refund;
    struct { /* two tills, the same points */
        size_t winners, losers;
        size_t winner;
        char code[48];
    } race;
};
enum act_kind { ACT_ENROL, ACT_EARN, ACT_REDEEM, ACT_RACE };
struct act {
    struct day *day;
    enum act_kind kind;
    size_t shopper, node;
    int64_t points;
};

/* splitmix64 (Vigna, public domain): the same day for the same seed. */
static uint64_t chance(struct day *day, uint64_t below)
{
    day->random += 0x9e3779b97f4a7c15u;
    uint64_t mixed = day->random;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (mixed ^ (mixed >> 31)) % below;
}

static void fail(struct day *day, const char *text)
{
    if (!day->failed)
        error_set(day->error, ERROR_INVALID, "%s", text);
    day->failed = true;
}

/* ---- writes -------------------------------------------------------------------------------- */

static void accepted(struct act *act, const json_t *reply)
{
    struct day *day = act->day;
    struct shopper *shopper = &day->shoppers[act->shopper];
    switch (act->kind) {
    case ACT_ENROL:
        day->counts->members++;
        return;
    case ACT_EARN:
        shopper->balance += act->points;
        shopper->earned_at = act->node;
        day->counts->earns++;
        day->counts->earned += (uint64_t)act->points;
        day->hour_earns++;
        day->refund.known = true;
        day->refund.record = json_integer_value(json_object_get(reply, "index"));
        day->refund.points = act->points;
        day->refund.shopper = act->shopper;
        day->refund.node = act->node;
        return;
    case ACT_RACE:
        day->race.winners++;
        day->race.winner = act->node;
        break;
    case ACT_REDEEM:
        break;
    }
    shopper->balance -= act->points;
    day->counts->redemptions++;
    day->counts->spent += (uint64_t)act->points;
    day->hour_redemptions++;
}

static void on_answer(void *context, const struct http_reply *http)
{
    struct act *act = (struct act *)context;
    struct day *day = act->day;
    json_t *reply = json_loadb((const char *)http->body.at, http->body.size, 0, NULL);
    const char *code = json_string_value(json_object_get(reply, "code"));
    day->under_way--;
    if (http->status == 200 || http->status == 201) {
        accepted(act, reply);
    } else if (act->kind == ACT_RACE && code && strcmp(code, "insufficient-points") == 0) {
        day->race.losers++;
        day->counts->refused++;
        snprintf(day->race.code, sizeof(day->race.code), "%s", code);
    } else if (http->status == 0) {
        fail(day, http->text);
    } else {
        char text[512];
        http_problem_text(http->status, reply, text);
        fail(day, text);
    }
    json_decref(reply);
    free(act);
}

static void send(struct day *day, struct act wanted, const char *path, json_t *body)
{
    struct act *act = (struct act *)allocate(1, sizeof(*act));
    char key[32];
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    must(text);
    *act = wanted;
    act->day = day;
    snprintf(key, sizeof(key), "day-%llu", (unsigned long long)day->key_next++);
    struct http_request request = {.target = &day->demo->till[act->node], .key = key, .body = text};
    snprintf(request.path, sizeof(request.path), "%s", path);
    day->under_way++;
    http_start(day->demo->http, &request, on_answer, act);
    free(text);
}

static bool wait_all(struct day *day)
{
    while (day->under_way)
        http_turn(day->demo->http, 1000);
    if (day->demo->interrupted && *day->demo->interrupted && !day->failed) {
        error_set(day->error, ERROR_BUSY, "interrupted");
        day->failed = true;
    }
    return !day->failed;
}

/* A write that the script needs the answer of. */
static bool write_now(struct day *day, const struct cli_target *target, const char *path,
                      json_t *body, json_t **reply_out)
{
    char key[32];
    char text[512];
    int status;
    json_t *reply;
    snprintf(key, sizeof(key), "day-%llu", (unsigned long long)day->key_next++);
    if (!http_ask(day->demo->http, target, path, key, body, &status, &reply, day->error))
        return false;
    bool ok = status == 200 || status == 201;
    if (!ok) {
        http_problem_text(status, reply, text);
        error_set(day->error, ERROR_DENIED, "%s: %s", path, text);
    }
    if (ok && reply_out)
        *reply_out = reply;
    else
        json_decref(reply);
    return ok;
}

/* ---- the day ------------------------------------------------------------------------------- */

static bool enrol_all(struct day *day)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        struct shopper *shopper = &day->shoppers[i];
        struct member_ref member;
        put_u64be(member.at, chance(day, UINT64_MAX));
        put_u64be(member.at + 8, chance(day, UINT64_MAX));
        member_format(&member, shopper->member);
        for (size_t digit = 0; digit < CARD_DIGITS; digit++)
            shopper->card[digit] = (char)('0' + chance(day, 10));
        send(day, (struct act){.kind = ACT_ENROL, .shopper = i, .node = i % DEMO_NODES},
             "/v1/members",
             json_pack("{s:s, s:[s]}", "member", shopper->member, "cards", shopper->card));
    }
    return wait_all(day);
}

static void shop(struct day *day, size_t place)
{
    struct shopper *shopper = &day->shoppers[place];
    bool redeems = shopper->balance >= REDEEM_MIN && chance(day, 4) == 0;
    struct act act = {.shopper = place};
    if (redeems) {
        act.kind = ACT_REDEEM;
        act.node = (shopper->earned_at + 1 + chance(day, DEMO_NODES - 1)) % DEMO_NODES;
        act.points =
            REDEEM_MIN + (int64_t)chance(day, (uint64_t)(shopper->balance - REDEEM_MIN) + 1);
    } else {
        act.kind = ACT_EARN;
        act.node = chance(day, DEMO_NODES);
        act.points = POINTS_MIN + (int64_t)chance(day, POINTS_SPREAD);
    }
    send(day, act, redeems ? "/v1/redeem" : "/v1/earn",
         json_pack("{s:s, s:I}", "card", shopper->card, "points", (json_int_t)act.points));
}

static bool play_hour(struct day *day, size_t hour)
{
    char to[32];
    size_t first = chance(day, MEMBERS);
    cli_time_format(start_ms + (hour + 1) * hour_ms, to);
    if (!write_now(day, &day->demo->admin, "/v1/clock", json_pack("{s:s}", "to", to), NULL))
        return false;
    day->hour_earns = day->hour_redemptions = 0;
    for (size_t i = 0; i < EVENTS_AN_HOUR; i++)
        shop(day, (first + i) % MEMBERS);
    if (!wait_all(day))
        return false;
    printf("  %.5s  %2llu purchases, %llu redemptions elsewhere\n", to + 11,
           (unsigned long long)day->hour_earns, (unsigned long long)day->hour_redemptions);
    fflush(stdout);
    return true;
}

static bool play_refund(struct day *day)
{
    size_t node = day->refund.node;
    int64_t points = day->refund.points / 2;
    must(day->refund.known);
    if (!write_now(day, &day->demo->till[node], "/v1/reverse-earn",
                   json_pack("{s:I, s:I}", "earn", (json_int_t)day->refund.record, "points",
                             (json_int_t)points),
                   NULL))
        return false;
    day->shoppers[day->refund.shopper].balance -= points;
    printf("\nA refund: %s takes back %lld of the %lld points of record %lld.\n",
           day->demo->cluster.names[node], (long long)points, (long long)day->refund.points,
           (long long)day->refund.record);
    return true;
}

static size_t richest(const struct day *day)
{
    size_t best = 0;
    for (size_t i = 1; i < MEMBERS; i++)
        if (day->shoppers[i].balance > day->shoppers[best].balance)
            best = i;
    return best;
}

static bool play_race(struct day *day)
{
    size_t place = richest(day);
    int64_t points = day->shoppers[place].balance;
    for (size_t node = 2; node < DEMO_NODES; node++)
        send(day, (struct act){.kind = ACT_RACE, .shopper = place, .node = node, .points = points},
             "/v1/redeem",
             json_pack("{s:s, s:I}", "card", day->shoppers[place].card, "points",
                       (json_int_t)points));
    if (!wait_all(day))
        return false;
    if (day->race.winners != 1 || day->race.losers != 1) {
        fail(day, "two tills raced for the same points, and not exactly one of them won");
        return false;
    }
    printf("A race: two tills, %s and %s, ask for the same %lld points at once.\n"
           "  %s gets them; the other is told '%s'.\n",
           day->demo->cluster.names[2], day->demo->cluster.names[3], (long long)points,
           day->demo->cluster.names[day->race.winner], day->race.code);
    return true;
}

/* What the ledger says must be what the script counted. */
static bool show_balances(struct day *day)
{
    puts("\nBalances, each asked at another node:");
    for (size_t i = 0; i < MEMBERS; i++) {
        struct shopper *shopper = &day->shoppers[i];
        const struct cli_target *target = &day->demo->till[(i + 1) % DEMO_NODES];
        char path[96];
        int status;
        json_t *reply;
        snprintf(path, sizeof(path), "/v1/members/%s", shopper->member);
        if (!http_ask(day->demo->http, target, path, NULL, NULL, &status, &reply, day->error))
            return false;
        int64_t spendable = json_integer_value(json_object_get(reply, "spendable"));
        json_decref(reply);
        if (i < SHOWN)
            printf("  %s  %6lld points  (%s)\n", shopper->member, (long long)spendable,
                   target->name);
        if (spendable != shopper->balance) {
            error_set(day->error, ERROR_CORRUPT, "member %s has %lld points, not %lld",
                      shopper->member, (long long)spendable, (long long)shopper->balance);
            return false;
        }
    }
    printf("  ... and %d more; all as expected\n", MEMBERS - SHOWN);
    return true;
}

bool demo_play_day(struct demo *demo, struct demo_counts *counts_out, struct error *error)
{
    struct day *day = (struct day *)allocate(1, sizeof(*day));
    struct demo_counts counts = {0};
    *day = (struct day){.demo = demo, .counts = &counts, .error = error, .random = demo->seed};
    printf("A day of our own making (seed %llu): %d members with cards.\n\n",
           (unsigned long long)demo->seed, MEMBERS);
    bool ok = enrol_all(day);
    for (size_t hour = 0; hour < HOURS && ok; hour++)
        ok = play_hour(day, hour);
    ok = ok && play_refund(day) && play_race(day) && show_balances(day);
    if (ok) {
        *counts_out = counts;
        snprintf(demo->sample_member, sizeof(demo->sample_member), "%s",
                 day->shoppers[richest(day)].member);
    }
    free(day);
    return ok;
}
