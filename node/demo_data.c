/* The real data: a year of baskets and coupons of a grocery programme, spread over four partners.
 */
#include "node/config.h"
#include "node/demo.h"
#include "node/import_run.h"

#include <string.h>

enum { PARALLEL = 64, PATIENCE_MS = 120000 };

static const char mapping_text[] =
    "{\"sources\": ["
    "{\"type\": \"earn\", \"key\": \"basket-\", \"member\": {\"column\": \"household\"},"
    " \"points\": {\"column\": \"amount_minor\", \"divisor\": 100},"
    " \"minimum\": {\"column\": \"amount_minor\", \"value\": 100},"
    " \"time\": {\"column\": \"timestamp\"}, \"document\": {\"column\": \"basket\"},"
    " \"partner\": {\"column\": \"store\", \"modulo\": 4,"
    "  \"of\": [\"grocer\", \"books\", \"cinema\", \"fuel\"]}},"
    "{\"type\": \"redeem\", \"key\": \"\", \"member\": {\"column\": \"household_id\"},"
    " \"points\": {\"value\": 50},"
    " \"time\": {\"column\": \"redemption_date\", \"suffix\": \"T23:59:59\"},"
    " \"partner\": {\"column\": \"coupon_upc\", \"modulo\": 4,"
    "  \"of\": [\"grocer\", \"books\", \"cinema\", \"fuel\"]}}]}";

static bool member_secret(struct demo *demo, struct hash *secret_out, struct error *error)
{
    char path[CLI_PATH_MAX];
    struct config *config;
    if (!cli_path(path, error, "%s/%s/node.json", demo->cluster.dir, demo->cluster.names[0]) ||
        !config_load(path, &config, NULL, error))
        return false;
    *secret_out =
        hmac(bytes_of(config->secret, CONFIG_SECRET_SIZE), bytes_text("accrue import member"));
    config_close(config);
    return true;
}

static bool open_plan(struct demo *demo, const char *data_dir, struct import_plan *plan,
                      struct error *error)
{
    char baskets[CLI_PATH_MAX];
    char coupons[CLI_PATH_MAX];
    struct hash secret;
    if (!cli_path(baskets, error, "%s/baskets.csv", data_dir) ||
        !cli_path(coupons, error, "%s/coupon_redemptions.csv", data_dir) ||
        !member_secret(demo, &secret, error))
        return false;
    const char *const paths[] = {baskets, coupons};
    json_t *mapping = json_loads(mapping_text, 0, NULL);
    must(mapping);
    bool ok =
        import_plan_open(mapping, paths, ARRAY_SIZE(paths), hash_as_bytes(&secret), plan, error);
    json_decref(mapping);
    if (ok && plan->reject_count) {
        ok = error_set(error, ERROR_INVALID, "%zu rows are wrong; the first is line %llu of %s: %s",
                       plan->reject_count, (unsigned long long)plan->rejects[0].line,
                       plan->rejects[0].source ? "coupon_redemptions.csv" : "baskets.csv",
                       plan->rejects[0].why);
        import_plan_release(plan);
    }
    return ok;
}

static bool find_partner(const struct demo *demo, const char *name, struct cli_target *target_out,
                         struct error *error)
{
    for (size_t i = 0; i < DEMO_NODES; i++)
        if (strcmp(demo->cluster.names[i], name) == 0) {
            *target_out = demo->till[i];
            return true;
        }
    return error_set(error, ERROR_NOT_FOUND, "no partner %s", name);
}

bool demo_play_data(struct demo *demo, const char *data_dir, struct demo_counts *counts_out,
                    struct error *error)
{
    struct import_plan plan;
    struct cli_target targets[DEMO_NODES];
    struct import_counts counts;
    if (!open_plan(demo, data_dir, &plan, error))
        return false;
    bool ok = plan.partner_count <= DEMO_NODES;
    must(ok);
    for (size_t i = 0; i < plan.partner_count && ok; i++)
        ok = find_partner(demo, plan.partners[i], &targets[i], error);
    struct import_options options = {.targets = targets,
                                     .admin = &demo->admin,
                                     .parallel = PARALLEL,
                                     .patience_ms = PATIENCE_MS,
                                     .progress = demo->progress,
                                     .interrupted = demo->interrupted};
    printf("Playing %zu purchases and redemptions of %zu households, a day at a time.\n",
           plan.event_count, plan.member_count);
    fflush(stdout);
    ok = ok && import_run(&plan, &options, &counts, error);
    if (ok && counts.refused_earns)
        ok = error_set(error, ERROR_INVALID, "%llu purchases were refused, the first as '%s'",
                       (unsigned long long)counts.refused_earns, counts.codes[0].code);
    if (ok) {
        *counts_out = (struct demo_counts){.members = counts.members,
                                           .earns = counts.earns,
                                           .earned = counts.earned,
                                           .redemptions = counts.redemptions,
                                           .refused = counts.refused_redemptions,
                                           .spent = counts.spent};
        char member[MEMBER_TEXT_SIZE];
        member_format(&plan.members[0], member);
        snprintf(demo->sample_member, sizeof(demo->sample_member), "%s", member);
    }
    import_plan_release(&plan);
    return ok;
}
