/* accrue-bench-settlement: what settlement costs the state machine alone. One month of redemptions
 * among many partners is applied; then the month ends, is proposed and closed. Ten million of them
 * among fifty partners by default: ./run bench settlement. settlement_cost.sh counts instructions.
 */
#include "unit/coalition.h"

#include "partners/period_calendar.h"

#include <getopt.h>
#include <sys/resource.h>
#include <time.h>

enum {
    PER_HEIGHT = 10000,
    LOT_POINTS = 10000000,
    NAME_SIZE = 16,
    EARLIER_MAX = 240,
    VERSIONS_MAX = 10000,
    NIBBLE = 10 /* points of one redemption, at most */
};
#define MAY_MS UINT64_C(1493596800000) /* 2017-05-01 */

struct run {
    struct driver *driver;
    uint64_t random;
    uint16_t partners;
    uint32_t members, versions; /* of each pair's contract */
    struct buffer bytes;
};

static double now_s(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint32_t below(struct run *run, uint32_t bound)
{
    run->random = run->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((run->random >> 33) % bound);
}

static void apply(struct run *run, uint16_t lane, struct transaction t)
{
    char key[24];
    snprintf(key, sizeof(key), "k%llu", (unsigned long long)run->driver->key++);
    t.key = bytes_text(key);
    t.at_ms = state_time_ms(run->driver->state);
    buffer_clear(&run->bytes);
    transaction_encode(&t, &run->bytes);
    struct outcome outcome =
        state_apply(run->driver->state, (struct node_id){lane},
                    (struct record_index){run->driver->index++}, buffer_bytes(&run->bytes));
    REQUIRE(outcome.verdict == VERDICT_ACCEPTED);
}

/* The next version of a pair's contract: it begins with the next millisecond. */
static void agree(struct run *run, uint16_t funder, uint16_t redeemer)
{
    struct transaction t = {.type = TRANSACTION_CONTRACT_PROPOSE};
    struct rate_card card = {.funder = {funder},
                             .redeemer = {redeemer},
                             .face_currency = "EUR",
                             .settlement_currency = "EUR",
                             .face = {10000},
                             .reimbursement = {8000 + below(run, 1000)},
                             .from_ms = state_time_ms(run->driver->state) + 1};
    t.body.deal.card = card;
    apply(run, funder, t);
    t = (struct transaction){.type = TRANSACTION_CONTRACT_SIGN};
    t.body.deal.number = (uint32_t)state_contracts(run->driver->state)->count - 1;
    t.body.deal.digest = rate_card_digest(&card);
    apply(run, redeemer, t);
}

static void agree_all(struct run *run)
{
    for (uint32_t i = 0; i < run->versions; i++) {
        for (uint16_t funder = 0; funder < run->partners; funder++)
            for (uint16_t redeemer = 0; redeemer < run->partners; redeemer++)
                if (funder != redeemer)
                    agree(run, funder, redeemer);
        driver_pass(run->driver, 1);
    }
}

static void found(struct run *run)
{
    static char names[VOTERS_MAX][NAME_SIZE];
    struct coalition_spec spec = {.operator_name = "operator",
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400",
                                  .redemption_fee = "100"};
    for (uint16_t i = 0; i < run->partners; i++) {
        snprintf(names[i], sizeof(names[i]), "partner-%u", i);
        spec.names[i] = names[i];
    }
    run->driver = driver_open(coalition_found(coalition_draft(&spec)));
    buffer_init(&run->bytes, TRANSACTION_SIZE_MAX);
    agree_all(run);
    for (uint32_t i = 0; i < run->members; i++) {
        if (i % PER_HEIGHT == 0)
            driver_pass(run->driver, 100);
        uint16_t issuer = (uint16_t)below(run, run->partners);
        apply(run, issuer, tx_enrol(i));
        apply(run, issuer, tx_earn(i, LOT_POINTS));
    }
}

static void redeem(struct run *run)
{
    apply(run, (uint16_t)below(run, run->partners),
          tx_redeem(below(run, run->members), 1 + below(run, NIBBLE)));
}

/* To the first of the next month. */
static void pass_month(struct run *run)
{
    const struct state *state = run->driver->state;
    const struct charter *charter = state_charter(state);
    uint64_t ends_ms = period_ends_ms(charter, period_at(charter, state_time_ms(state)));
    driver_pass(run->driver, ends_ms + 1000 - state_time_ms(state));
}

static const struct closed_period *newest(const struct run *run)
{
    const struct periods *periods = state_periods(run->driver->state);
    REQUIRE(periods->count > 0);
    return periods->at[periods->count - 1];
}

struct closing { /* seconds */
    double end, totals, propose, final;
};

static struct closing close_month(struct run *run)
{
    struct closing took;
    double start = now_s();
    pass_month(run);
    took.end = now_s() - start;
    start = now_s();
    driver_pass(run->driver, 1);
    took.totals = now_s() - start;
    const struct closed_period *closed = newest(run);
    struct transaction t = {.type = TRANSACTION_PERIOD_PROPOSE};
    t.body.settle = (struct settle){.period = (uint32_t)closed->period.number,
                                    .records = closed->records,
                                    .root = closed->root,
                                    .totals = closed->totals};
    driver_pass(run->driver, 8 * DAY_MS);
    start = now_s();
    apply(run, 0, t);
    took.propose = now_s() - start;
    driver_pass(run->driver, 2 * DAY_MS);
    t.type = TRANSACTION_PERIOD_FINAL;
    start = now_s();
    apply(run, 0, t);
    took.final = now_s() - start;
    return took;
}

/* Rounded lines sum to nothing, and are as many as they can be at most. */
static void check(const struct run *run)
{
    const struct closed_period *closed = newest(run);
    size_t partners = run->partners + (size_t)1;
    struct money nets[VOTERS_MAX + 1];
    __int128 sum = 0;
    netting_nets(&closed->closed, "EUR", partners, nets);
    for (size_t i = 0; i < partners; i++)
        sum += nets[i].v;
    REQUIRE(sum == 0 && closed->period.state == PERIOD_FINAL);
    REQUIRE(closed->period.payment_count < partners);
}

static long peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"partners", required_argument, NULL, 'p'}, {"redemptions", required_argument, NULL, 'r'},
        {"members", required_argument, NULL, 'm'},  {"earlier", required_argument, NULL, 'e'},
        {"versions", required_argument, NULL, 'v'}, {NULL, 0, NULL, 0}};
    struct run run = {.random = 1, .partners = 50, .members = 1000000};
    uint64_t redemptions = 10000000, earlier = 0;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        uint64_t value = 0;
        if (c == '?' || !parse_u64(bytes_text(optarg), UINT32_MAX, &value) ||
            (c == 'p' && (value < 2 || value > VOTERS_MAX)) || (c == 'm' && value == 0) ||
            (c == 'e' && value > EARLIER_MAX) || (c == 'v' && value > VERSIONS_MAX)) {
            fputs("usage: accrue-bench-settlement [--partners 2..64] [--redemptions N]"
                  " [--members N] [--earlier MONTHS] [--versions N]\n",
                  stderr);
            return 2;
        }
        if (c == 'p')
            run.partners = (uint16_t)value;
        else if (c == 'r')
            redemptions = value;
        else if (c == 'm')
            run.members = (uint32_t)value;
        else if (c == 'v')
            run.versions = (uint32_t)value;
        else
            earlier = value;
    }
    found(&run);
    for (uint64_t i = 0; i < earlier; i++) {
        redeem(&run);
        pass_month(&run);
    }
    double start = now_s();
    for (uint64_t i = 0; i < redemptions; i++) {
        if (i % PER_HEIGHT == 0)
            driver_pass(run.driver, 100);
        redeem(&run);
    }
    double applied = now_s() - start;
    struct closing took = close_month(&run);
    check(&run);
    printf("settlement: partners=%u redemptions=%llu tx_per_s=%.0f lines=%zu end_ms=%.2f "
           "totals_ms=%.2f propose_ms=%.2f final_ms=%.2f peak_mib=%ld\n",
           run.partners, (unsigned long long)redemptions, (double)redemptions / applied,
           newest(&run)->closed.count, took.end * 1e3, took.totals * 1e3, took.propose * 1e3,
           took.final * 1e3, peak_mib());
    return 0;
}
