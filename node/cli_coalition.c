/* accrue coalition new: everything that four partners need to begin. */
#include "node/cli_commands.h"
#include "node/coalition.h"

#include <string.h>

struct texts { /* as they stand on the command line */
    const char *partners, *face, *reimbursement, *issue_fee, *redemption_fee;
    const char *sandbox, *late_after, *reversal;
    const char *collateral_floor;
    uint64_t breakage_bp, haircut_bp;
    uint64_t base_port;
    struct coalition_texts terms;
};

static bool read_price(const struct cli *cli, const char *name, const char *text, int64_t *out,
                       int *exit_out)
{
    if (!text || cli_micro_parse(text, out))
        return true;
    *exit_out =
        cli_fail(cli, CLI_USAGE, "--%s is money with at most 6 decimals, not '%s'", name, text);
    return false;
}

static bool read_times(const struct cli *cli, const struct texts *texts,
                       struct coalition_plan *plan, int *exit_out)
{
    if (texts->sandbox && !cli_time_parse(texts->sandbox, &plan->sandbox_start_ms)) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "--sandbox takes the ledger's first time, such as "
                             "2017-01-01T00:00:00Z");
        return false;
    }
    plan->sandbox = texts->sandbox != NULL;
    if (texts->late_after && !cli_duration_parse(texts->late_after, &plan->late_after_ms)) {
        *exit_out = cli_fail(cli, CLI_USAGE, "--late-after is a time such as 60s or 1d");
        return false;
    }
    return true;
}

static bool read_reversal(const struct cli *cli, const char *text, enum reversal_policy *out,
                          int *exit_out)
{
    static const enum reversal_policy all[] = {REVERSAL_ONLY_PENDING, REVERSAL_WITHIN_BALANCE,
                                               REVERSAL_UNLIMITED};
    if (!text)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (strcmp(text, reversal_policy_word(all[i])) == 0) {
            *out = all[i];
            return true;
        }
    *exit_out = cli_fail(cli, CLI_USAGE, "--reversal is only_pending, within_balance or unlimited");
    return false;
}

static void print_next(const struct coalition_plan *plan)
{
    printf("A coalition of %zu in %s; its charter is %s/charter.json.\n\nStart each node:\n",
           plan->partner_count, plan->dir, plan->dir);
    for (size_t i = 0; i < plan->partner_count; i++)
        printf("  accrued --config %s/%s/node.json\n", plan->dir, plan->partners[i]);
    printf(
        "\nThen, for example:\n  accrue status --dir %s\n  accrue member new --dir %s --node %s\n",
        plan->dir, plan->dir, plan->partners[0]);
    puts("\nOnly peers may reach the peers' ports. An allow-list for nftables, to adapt to your "
         "addresses:\n");
    puts("  table inet accrue {\n    chain input {\n"
         "      type filter hook input priority filter; policy accept;");
    printf("      ip saddr != { %s } tcp dport { ", plan->host);
    for (size_t i = 0; i < plan->partner_count; i++)
        printf("%s%u", i ? ", " : "", plan->peer_ports[i]);
    puts(" } drop\n    }\n  }");
    puts("\nEach partner keeps its own folder and nothing of the others' but charter.json; the "
         "governance key\nbelongs off-line.");
}

static void print_json(const struct coalition_plan *plan)
{
    json_t *nodes = json_array();
    for (size_t i = 0; i < plan->partner_count; i++) {
        char url[64];
        char config[CLI_PATH_MAX];
        snprintf(url, sizeof(url), "http://127.0.0.1:%u", plan->http_ports[i]);
        snprintf(config, sizeof(config), "%.800s/%s/node.json", plan->dir, plan->partners[i]);
        json_array_append_new(nodes, json_pack("{s:s, s:s, s:s}", "name", plan->partners[i], "url",
                                               url, "config", config));
    }
    cli_print_json(json_pack("{s:s, s:o}", "dir", plan->dir, "nodes", nodes));
}

/* The thresholds are the usual ones. */
static bool read_risk(const struct cli *cli, const struct texts *texts, struct coalition_plan *plan,
                      int *exit_out)
{
    struct charter_risk *risk = &plan->risk;
    *risk = (struct charter_risk){.breakage_bp = (uint32_t)texts->breakage_bp,
                                  .haircut_bp = (uint32_t)texts->haircut_bp,
                                  .alert_bp = 10000,
                                  .prepaid_bp = 11000,
                                  .refuse_bp = 12500};
    risk->on = texts->collateral_floor != NULL;
    if (texts->breakage_bp > BASIS_POINTS || texts->haircut_bp > HAIRCUT_BP_MAX) {
        *exit_out = cli_fail(cli, CLI_USAGE, "--breakage-bp is at most %d, --haircut-bp %d",
                             BASIS_POINTS, HAIRCUT_BP_MAX);
        return false;
    }
    if (risk->on && !plan->operator_name) {
        *exit_out = cli_fail(cli, CLI_USAGE, "--operator is needed: it holds the collateral");
        return false;
    }
    if (!risk->on || (cli_micro_parse(texts->collateral_floor, &risk->floor.v) &&
                      risk->floor.v <= AMOUNT_MICRO_MAX))
        return true;
    *exit_out =
        cli_fail(cli, CLI_USAGE, "--collateral-floor is money, such as 1000.00 or 0, not '%.40s'",
                 texts->collateral_floor);
    return false;
}

static bool read_plan(const struct cli *cli, const struct texts *texts, struct coalition_plan *plan,
                      int *exit_out)
{
    struct error error;
    if (!texts->partners) {
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "--partners is needed, such as --partners "
                             "grocer,books,cinema,fuel");
        return false;
    }
    if (plan->notice_days > NOTICE_DAYS_MAX) {
        *exit_out = cli_fail(cli, CLI_USAGE, "--notice-days is at most %d", NOTICE_DAYS_MAX);
        return false;
    }
    if (!coalition_partners(plan, texts->partners, &error) ||
        !coalition_terms(plan, &texts->terms, &error)) {
        *exit_out = cli_fail_error(cli, &error);
        return false;
    }
    return read_price(cli, "face", texts->face, &plan->face_micro, exit_out) &&
           read_price(cli, "reimbursement", texts->reimbursement, &plan->reimbursement_micro,
                      exit_out) &&
           read_price(cli, "issue-fee", texts->issue_fee, &plan->issue_fee_micro, exit_out) &&
           read_price(cli, "redemption-fee", texts->redemption_fee, &plan->redemption_fee_micro,
                      exit_out) &&
           read_times(cli, texts, plan, exit_out) && read_risk(cli, texts, plan, exit_out) &&
           read_reversal(cli, texts->reversal, &plan->reversal, exit_out);
}

static int run_new(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct coalition_plan plan;
    struct texts texts = {.base_port = 7100, .haircut_bp = 10000};
    coalition_plan_init(&plan, 7100);
    const struct cli_option options[] = {
        {"partners", CLI_TEXT, &texts.partners},
        {"name", CLI_TEXT, &plan.name},
        {"origin", CLI_TEXT, &plan.origin},
        {"currency", CLI_TEXT, &plan.currency},
        {"minor-digits", CLI_NUMBER, &plan.minor_digits},
        {"operator", CLI_TEXT, &plan.operator_name},
        {"witnesses", CLI_TEXT, &plan.witnesses},
        {"face", CLI_TEXT, &texts.face},
        {"reimbursement", CLI_TEXT, &texts.reimbursement},
        {"issue-fee", CLI_TEXT, &texts.issue_fee},
        {"redemption-fee", CLI_TEXT, &texts.redemption_fee},
        {"sandbox", CLI_TEXT, &texts.sandbox},
        {"public-log", CLI_FLAG, &plan.log_public},
        {"zone", CLI_TEXT, &plan.zone},
        {"base-port", CLI_NUMBER, &texts.base_port},
        {"host", CLI_TEXT, &plan.host},
        {"expiry-months", CLI_NUMBER, &plan.expiry_months},
        {"snapshot-records", CLI_NUMBER, &plan.snapshot_records},
        {"late-after", CLI_TEXT, &texts.late_after},
        {"reversal", CLI_TEXT, &texts.reversal},
        {"period", CLI_TEXT, &texts.terms.period},
        {"holiday", CLI_TEXTS, &texts.terms.holidays},
        {"tax", CLI_TEXTS, &texts.terms.taxes},
        {"fee-tax", CLI_TEXT, &texts.terms.fee_tax},
        {"redemption-tax", CLI_TEXT, &texts.terms.redemption_tax},
        {"dispute-days", CLI_TEXT, &texts.terms.dispute_days},
        {"default-days", CLI_TEXT, &texts.terms.default_days},
        {"on-default", CLI_TEXT, &texts.terms.on_default},
        {"contracts-required", CLI_FLAG, &plan.contracts_required},
        {"notice-days", CLI_NUMBER, &plan.notice_days},
        {"settlement-currency", CLI_TEXTS, &texts.terms.currencies},
        {"collateral-floor", CLI_TEXT, &texts.collateral_floor},
        {"breakage-bp", CLI_NUMBER, &texts.breakage_bp},
        {"haircut-bp", CLI_NUMBER, &texts.haircut_bp},
    };
    struct error error;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code) || !read_plan(&cli, &texts, &plan, &code))
        return code;
    if (texts.base_port < 1024 || texts.base_port > 60000)
        return cli_fail(&cli, CLI_USAGE, "--base-port must be between 1024 and 60000");
    for (size_t i = 0; i < COALITION_PARTNERS_MAX; i++) {
        plan.peer_ports[i] = (uint16_t)(texts.base_port + i);
        plan.http_ports[i] = (uint16_t)(texts.base_port + 1000 + i);
    }
    plan.dir = cli.rest[0];
    if (!coalition_make(&plan, &error))
        return cli_fail_error(&cli, &error);
    if (cli.json)
        print_json(&plan);
    else
        print_next(&plan);
    return CLI_OK;
}

const struct cli_command cli_coalition_new = {
    "coalition new", "Founds a coalition: charter, keys and a configuration for each node",
    "[options] --partners NAME,NAME,... DIR",
    "  --partners A,B,...    the businesses; each gets one node that votes\n"
    "  --name NAME           of the coalition (default demo)\n"
    "  --origin TEXT         name of its log (default NAME.example/ledger)\n"
    "  --currency CODE       ISO 4217 (default EUR), with --minor-digits N (default 2)\n"
    "  --reimbursement PRICE what a redeemed point is worth between partners (0.0090)\n"
    "  --face PRICE          what it is worth to the member (0.0100)\n"
    "  --issue-fee PRICE, --redemption-fee PRICE, --operator NAME\n"
    "                        fees a point, and who collects them\n"
    "  --witnesses FILE      who cosigns its checkpoints from outside: witness, group and quorum\n"
    "                        lines of a tlog-policy, each witness with its URL; 'quorum none': "
    "their\n"
    "                        cosignatures are asked for and not needed\n"
    "  --expiry-months N     of earned points (default 0: they never expire)\n"
    "  --snapshot-records N  between two snapshots that voters sign (default 100000; 0: none)\n"
    "  --reversal POLICY     only_pending, within_balance or unlimited (the default)\n"
    "  --late-after TIME     a till's entry that old counts as late (default 60s)\n"
    "  --period LENGTH       how often accounts are settled: month (the default), week or day\n"
    "  --holiday DAY         no business day, such as 2026-12-25; may be given again\n"
    "  --tax CODE=BP         a tax and its rate in basis points, such as DE-19=1900; again\n"
    "  --fee-tax CODE, --redemption-tax CODE\n"
    "                        which of them fees carry, and everything else\n"
    "  --dispute-days N      business days, after those to answer, in which a dispute is its "
    "opener's alone\n"
    "                        to end (20)\n"
    "  --default-days N      business days, after those to pay, before one is in default (5)\n"
    "  --on-default WORD     then: ring-fence (the default; each keeps its claim), fund (its "
    "collateral\n"
    "                        pays), mutualise (and the others share the rest)\n"
    "  --contracts-required  nobody redeems another's points without a contract\n"
    "  --notice-days N       from a contract's proposal to its first day at least (default 0)\n"
    "  --settlement-currency CODE:DIGITS[:RATE]\n"
    "                        that contracts may use beside the charter's, such as SEK:2; again; "
    "RATE:\n"
    "                        what one counts for where collateral is asked for, such as "
    "SEK:2:0.0871\n"
    "  --collateral-floor AMOUNT\n"
    "                        partners post collateral, at least so much (0: what their points "
    "need)\n"
    "  --breakage-bp N, --haircut-bp N\n"
    "                        of outstanding points never spent (0), and what the rest counts for "
    "(10000)\n"
    "  --zone NAME           time zone of days and months (default UTC)\n"
    "  --public-log          anyone may read the log, without a token\n"
    "  --sandbox START       a sandbox: ledger time begins at START and can be moved\n"
    "  --host ADDRESS        where the nodes listen for each other (default 127.0.0.1)\n"
    "  --base-port N         first peers' port; HTTP is 1000 above (default 7100)\n"
    "\nExample:\n  accrue coalition new demo --partners grocer,books,cinema,fuel --zone "
    "Europe/Berlin\n",
    run_new};
