/* cli_commands.h - every subcommand of `accrue`; accrue.c holds the table.
 * Threads: the program has one.
 */
#ifndef NODE_CLI_COMMANDS_H
#define NODE_CLI_COMMANDS_H

#include "node/cli.h"

extern const struct cli_command cli_coalition_new;
extern const struct cli_command cli_member_new, cli_member_show, cli_member_card;
extern const struct cli_command cli_earn, cli_redeem, cli_hold, cli_commit, cli_release;
extern const struct cli_command cli_reverse, cli_activate, cli_adjust, cli_transfer, cli_expire;
extern const struct cli_command cli_clock;
extern const struct cli_command cli_balance, cli_history, cli_status, cli_owes;
extern const struct cli_command cli_policy, cli_receipt_get, cli_receipt_verify, cli_export;
extern const struct cli_command cli_evidence_list, cli_evidence_get, cli_evidence_verify;
extern const struct cli_command cli_import_command, cli_verify_command, cli_audit_command;
extern const struct cli_command cli_doctor, cli_demo, cli_witness_init, cli_witness_run;
extern const struct cli_command cli_settle_status, cli_settle_records, cli_settle_propose,
    cli_settle_sign, cli_settle_dispute, cli_settle_respond, cli_settle_resolve,
    cli_settle_finalise, cli_settle_pay, cli_settle_confirm, cli_settle_fail, cli_settle_default,
    cli_settle_account_set, cli_settle_account_list, cli_settle_collateral_post,
    cli_settle_collateral_release, cli_settle_collateral_list, cli_report;
extern const struct cli_command cli_contract_propose, cli_contract_sign, cli_contract_withdraw,
    cli_contract_end, cli_contract_list, cli_contract_show, cli_promotion_sign, cli_promotion_list,
    cli_rates_publish, cli_rates_list;
extern const struct cli_command cli_backup, cli_restore, cli_prune;
extern const struct cli_command cli_node_new, cli_governance_new, cli_invite, cli_join;
extern const struct cli_command cli_membership, cli_ballot, cli_motion_admit,
    cli_motion_replace_keys, cli_motion_remove_node, cli_motion_remove_partner,
    cli_motion_set_voter, cli_motion_replace_governance, cli_motion_set_limits;

#endif
