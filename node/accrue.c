/* accrue: everything a person does with a coalition's ledger. One table; a file a subcommand. */
#include "node/cli_commands.h"
#include "node/service.h"

#include <locale.h>
#include <signal.h>
#include <string.h>

static const struct cli_command *const commands[] = {
    &cli_coalition_new,
    &cli_member_new,
    &cli_member_show,
    &cli_member_card,
    &cli_earn,
    &cli_redeem,
    &cli_hold,
    &cli_commit,
    &cli_release,
    &cli_reverse,
    &cli_activate,
    &cli_adjust,
    &cli_transfer,
    &cli_expire,
    &cli_balance,
    &cli_history,
    &cli_status,
    &cli_owes,
    &cli_contract_propose,
    &cli_contract_sign,
    &cli_contract_withdraw,
    &cli_contract_end,
    &cli_contract_list,
    &cli_contract_show,
    &cli_promotion_sign,
    &cli_promotion_list,
    &cli_rates_publish,
    &cli_rates_list,
    &cli_settle_status,
    &cli_settle_records,
    &cli_settle_propose,
    &cli_settle_sign,
    &cli_settle_dispute,
    &cli_settle_respond,
    &cli_settle_resolve,
    &cli_settle_finalise,
    &cli_settle_pay,
    &cli_settle_confirm,
    &cli_settle_fail,
    &cli_settle_default,
    &cli_settle_account_set,
    &cli_settle_account_list,
    &cli_settle_collateral_post,
    &cli_settle_collateral_release,
    &cli_settle_collateral_list,
    &cli_report,
    &cli_clock,
    &cli_import_command,
    &cli_policy,
    &cli_receipt_get,
    &cli_receipt_verify,
    &cli_export,
    &cli_verify_command,
    &cli_audit_command,
    &cli_doctor,
    &cli_demo,
    &cli_witness_init,
    &cli_witness_run,
    &cli_backup,
    &cli_restore,
    &cli_prune,
    &cli_evidence_list,
    &cli_evidence_get,
    &cli_evidence_verify,
    &cli_membership,
    &cli_motion_admit,
    &cli_motion_replace_keys,
    &cli_motion_remove_node,
    &cli_motion_remove_partner,
    &cli_motion_set_voter,
    &cli_motion_replace_governance,
    &cli_motion_set_limits,
    &cli_ballot,
    &cli_node_new,
    &cli_governance_new,
    &cli_invite,
    &cli_join,
};

static void print_usage(FILE *out)
{
    fputs("usage: accrue COMMAND [options]\n\n", out);
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        fprintf(out, "  %-26s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\n'accrue COMMAND --help' says more, with an example; so does the manual page "
          "accrue(1).\n",
          out);
}

/* A name has one word, two or three; returns how many arguments it took, 0 when it is not the one.
 */
static int matches(const struct cli_command *command, int argc, char **argv)
{
    const char *rest = command->name;
    for (int words = 1; words < argc; words++) {
        size_t size = strcspn(rest, " ");
        if (strlen(argv[words]) != size || strncmp(argv[words], rest, size) != 0)
            return 0;
        if (!rest[size])
            return words;
        rest += size + 1;
    }
    return 0;
}

/* `accrue member` alone: what there is under that word. */
static bool list_family(const char *word, FILE *out)
{
    bool any = false;
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        size_t size = strlen(word);
        if (strncmp(commands[i]->name, word, size) == 0 && commands[i]->name[size] == ' ') {
            fprintf(out, "  accrue %s %s\n", commands[i]->name, commands[i]->usage);
            any = true;
        }
    }
    return any;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_usage(stderr);
        return CLI_USAGE;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        int words = matches(commands[i], argc, argv);
        if (words)
            return commands[i]->run(commands[i], argc - words, argv + words);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("accrue " ACCRUE_VERSION);
        return CLI_OK;
    }
    if (argc == 3 && strcmp(argv[2], "--help") == 0 && list_family(argv[1], stdout))
        return CLI_OK;
    if (!list_family(argv[1], stderr))
        fprintf(stderr, "accrue: no such command: %s; 'accrue --help' lists them\n", argv[1]);
    return CLI_USAGE;
}
