#include "node/audit_report.h"

#include "partners/settlement.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- what it came to ------------------------------------------------------------------------- */

enum audit_verdict audit_report_verdict(const struct audit_report *report)
{
    if (audit_views_findings(report->views, report->view_count) > 0)
        return AUDIT_FOUND;
    for (size_t i = 0; i < report->view_count; i++)
        if (report->views[i].trouble_code != ERROR_NONE)
            return AUDIT_UNCHECKED;
    return AUDIT_CLEAN;
}

const char *audit_policy_words(const struct audit_report *report)
{
    switch (report->policy) {
    case AUDIT_POLICY_GIVEN:
        return report->policy_path;
    case AUDIT_POLICY_OF_CHARTER:
        return "that of the charter that was given";
    case AUDIT_POLICY_OF_SOURCE:
        break;
    }
    return "taken from the sources themselves";
}

const char *audit_verdict_word(enum audit_verdict verdict)
{
    static const char *const words[] = {"clean", "findings", "unchecked"};
    return words[verdict];
}

struct audit_signer_text audit_signer_text(const struct charter *charter, uint16_t number)
{
    struct audit_signer_text text;
    const struct charter_node *node = &charter->nodes[number];
    char key[2 * PUBLIC_KEY_SIZE + 1];
    hex_encode(bytes_of(node->sign_key.at, PUBLIC_KEY_SIZE), key);
    snprintf(text.text, sizeof(text.text), "%s, node %s, key %s",
             charter->partners[node->partner.v].name, node->name, key);
    return text;
}

/* A transfer, or points that came back into an expired lot, make a child of the same issuer: what
 * went on to one does not count twice. */
void audit_report_totals(const struct audit *audit, struct audit_partner_totals *totals_out)
{
    const struct state *state = audit_state(audit);
    const struct charter *charter = audit_charter(audit);
    for (uint16_t i = 0; i < charter->partner_count; i++)
        totals_out[i] = (struct audit_partner_totals){
            .redeemed_here = audit_model(audit) ? naive_spent_at(audit_model(audit), i) : 0};
    for (uint64_t i = 1; i <= state_lot_count(state); i++) {
        struct lot_view lot;
        must(state_lot(state, (struct lot_number){i}, &lot));
        struct audit_partner_totals *of = &totals_out[lot.issuer.v];
        of->issued += lot.quantity.v - lot.pools[POOL_TRANSFERRED].v;
        of->outstanding +=
            lot.pools[POOL_PENDING].v + lot.pools[POOL_REMAINING].v + lot.pools[POOL_HELD].v;
        of->spent += lot.pools[POOL_SPENT].v;
        of->expired += lot.pools[POOL_EXPIRED].v;
        of->clawed_back += lot.pools[POOL_CLAWED_BACK].v;
    }
}

/* ---- as text --------------------------------------------------------------------------------- */

static void print_signers(const struct charter *charter, const struct audit_finding *finding)
{
    if (finding->spot.has_batch)
        cli_say(stdout, "       batch of  %s\n",
                audit_signer_text(charter, finding->spot.lane).text);
    if (finding->signer_count == 0)
        return;
    cli_say(stdout, "       cut by   ");
    for (size_t i = 0; i < finding->signer_count; i++)
        cli_say(stdout, " %s", charter->nodes[finding->signers[i]].name);
    cli_say(stdout, "\n");
}

static void print_findings(const struct audit_view *view)
{
    const struct audit_finding *findings;
    size_t count = audit_findings(view->audit, &findings);
    for (size_t i = 0; i < count; i++) {
        const struct audit_finding *finding = &findings[i];
        cli_say(stdout,
                "  FINDING %s: %s\n       rule      %s\n       expected  %s\n"
                "       found     %s\n",
                audit_code_word(finding->code), finding->where, audit_code_rule(finding->code),
                finding->expected, finding->found);
        print_signers(audit_charter(view->audit), finding);
    }
    if (audit_finding_count(view->audit) > count)
        cli_say(stdout, "  ... and %zu more\n", audit_finding_count(view->audit) - count);
}

static void print_checkpoint(const struct audit_view *view)
{
    char root[HASH_BASE64_SIZE + 1];
    if (!view->has_checkpoint) {
        cli_say(stdout, "  no checkpoint that can be relied on\n");
        return;
    }
    base64_encode(hash_as_bytes(&view->checkpoint.root), root);
    cli_say(stdout, "  checkpoint of %s: %" PRIu64 " records, root %s\n  cosigned by",
            view->checkpoint.origin, view->checkpoint.size, root);
    if (view->signatures.witnesses == 0)
        cli_say(stdout, " nobody: the policy asks for none");
    for (size_t i = 0; i < view->policy.witness_count; i++)
        if (view->signatures.witnesses >> i & 1)
            cli_say(stdout, " %s", view->policy.witnesses[i].name);
    cli_say(stdout, "\n");
    if (view->policy_height)
        cli_say(stdout,
                "  judged by what the policy has become: members have changed, and the audit "
                "followed\n  them from the first charter to height %" PRIu64 "\n",
                view->policy_height);
}

static void print_view(const struct audit_view *view)
{
    if (!view->audit) {
        cli_say(stdout, "%s: could not be checked: %s\n", view->source.name, view->trouble);
        return;
    }
    struct audit_counts counts = audit_counts_of(view->audit);
    bool clean = view->trouble_code == ERROR_NONE && audit_finding_count(view->audit) == 0;
    cli_say(stdout,
            "%s: %s; %" PRIu64 " records in %" PRIu64 " heights, %" PRIu64 " transactions, %" PRIu64
            " batches, %" PRIu64 " votes, %" PRIu64 " tiles\n",
            view->source.name, clean ? "clean" : "NOT clean", counts.records, counts.heights,
            counts.transactions, counts.batches, counts.votes, counts.tiles);
    if (view->went_on_from.size)
        cli_say(stdout, "  went on from record %" PRIu64 "\n", view->went_on_from.size);
    print_checkpoint(view);
    if (view->trouble_code != ERROR_NONE)
        cli_say(stdout, "  could not be checked: %s\n", view->trouble);
    print_findings(view);
}

static void print_partners(const struct audit *audit)
{
    const struct charter *charter = audit_charter(audit);
    struct audit_partner_totals *totals =
        (struct audit_partner_totals *)allocate(charter->partner_count, sizeof(*totals));
    audit_report_totals(audit, totals);
    cli_say(stdout, "\n%-20s %12s %12s %12s %12s %12s %12s\n", "points", "issued", "outstanding",
            "spent", "expired", "taken back", "spent here");
    for (size_t i = 0; i < charter->partner_count; i++)
        cli_say(stdout,
                "%-20s %12" PRId64 " %12" PRId64 " %12" PRId64 " %12" PRId64 " %12" PRId64
                " %12" PRId64 "\n",
                charter->partners[i].name, totals[i].issued, totals[i].outstanding, totals[i].spent,
                totals[i].expired, totals[i].clawed_back, totals[i].redeemed_here);
    free(totals);
}

static bool is_owed(const struct audit *audit, const char *currency)
{
    size_t partners = audit_charter(audit)->partner_count;
    for (uint16_t i = 0; i < partners; i++)
        for (uint16_t j = 0; j < partners; j++)
            if (settlement_open(audit_state(audit), (struct partner_id){i}, (struct partner_id){j},
                                currency)
                    .v != 0)
                return true;
    return false;
}

const char *audit_next_owed(const struct audit *audit, size_t *place)
{
    const char *currency = audit_currency(audit, (*place)++);
    if (*place == 1)
        return currency;
    while (currency && !is_owed(audit, currency))
        currency = audit_currency(audit, (*place)++);
    return currency;
}

static void print_debts(const struct audit *audit, const char *currency)
{
    const struct charter *charter = audit_charter(audit);
    bool any = false;
    cli_say(stdout, "\nowed in the open period, exact, in %s:\n", currency);
    for (uint16_t i = 0; i < charter->partner_count; i++)
        for (uint16_t j = 0; j < charter->partner_count; j++) {
            struct money owed = settlement_open(audit_state(audit), (struct partner_id){i},
                                                (struct partner_id){j}, currency);
            any = any || owed.v != 0;
            if (owed.v != 0)
                cli_say(stdout, "  %s to %s  %s\n", charter->partners[i].name,
                        charter->partners[j].name, audit_money_text(audit, currency, owed).text);
        }
    if (!any)
        cli_say(stdout, "  nothing\n");
}

void audit_report_print(const struct audit_report *report)
{
    const struct audit_view *best = audit_views_best(report->views, report->view_count);
    if (best) {
        char id[HASH_HEX_SIZE + 1];
        hex_encode(hash_as_bytes(&best->charter->coalition), id);
        cli_say(stdout, "coalition %s, %s%s\n  id %s\n", best->charter->name, best->charter->origin,
                best->charter->sandbox ? " (a SANDBOX)" : "", id);
    }
    cli_say(stdout, "  policy: %s\n", audit_policy_words(report));
    if (report->policy == AUDIT_POLICY_OF_SOURCE)
        cli_say(stdout,
                "warning: no --policy and no --charter was given: the keys that the checkpoint was "
                "judged by come from the source itself\n");
    for (size_t i = 0; i < report->view_count; i++)
        print_view(&report->views[i]);
    if (best) {
        print_partners(best->audit);
        size_t place = 0;
        for (const char *currency; (currency = audit_next_owed(best->audit, &place));)
            print_debts(best->audit, currency);
        audit_periods_print(best->audit);
        audit_vintages_print(best->audit);
    }
    cli_say(stdout, "\naudit: %s (%zu findings, %zu sources)\n",
            audit_verdict_word(audit_report_verdict(report)),
            audit_views_findings(report->views, report->view_count), report->view_count);
}

/* ---- as JSON --------------------------------------------------------------------------------- */

/* Texts that others chose, or that were cut in the middle of a character, may be no UTF-8, of which
 * JSON makes nothing at all. */
static json_t *text_json(const char *text)
{
    char plain[CLI_PATH_MAX];
    json_t *json = json_string(text);
    if (json)
        return json;
    (void)snprintf(plain, sizeof(plain), "%s", text);
    for (char *at = plain; *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    return json_string(plain);
}

static json_t *node_json(const struct charter *charter, uint16_t number)
{
    const struct charter_node *node = &charter->nodes[number];
    char key[2 * PUBLIC_KEY_SIZE + 1];
    hex_encode(bytes_of(node->sign_key.at, PUBLIC_KEY_SIZE), key);
    return json_pack("{s:s, s:s, s:s}", "partner", charter->partners[node->partner.v].name, "node",
                     node->name, "key", key);
}

static json_t *finding_json(const struct charter *charter, const struct audit_finding *finding)
{
    const struct audit_spot *spot = &finding->spot;
    json_t *json =
        json_pack("{s:s, s:s, s:o, s:o, s:o}", "code", audit_code_word(finding->code), "rule",
                  audit_code_rule(finding->code), "where", text_json(finding->where), "expected",
                  text_json(finding->expected), "found", text_json(finding->found));
    if (spot->has_height)
        json_object_set_new(json, "height", json_integer((json_int_t)spot->height));
    if (spot->has_record)
        json_object_set_new(json, "record", json_integer((json_int_t)spot->record));
    if (spot->has_batch) {
        json_object_set_new(json, "lane", json_string(charter->nodes[spot->lane].name));
        json_object_set_new(json, "batch", json_integer((json_int_t)spot->sequence));
        json_object_set_new(json, "batch_signed_by", node_json(charter, spot->lane));
    }
    if (spot->has_position)
        json_object_set_new(json, "position", json_integer((json_int_t)spot->position));
    json_t *signers = json_array();
    for (size_t i = 0; i < finding->signer_count; i++)
        json_array_append_new(signers, node_json(charter, finding->signers[i]));
    json_object_set_new(json, "cut_signed_by", signers);
    return json;
}

static json_t *checkpoint_json(const struct audit_view *view)
{
    char root[HASH_BASE64_SIZE + 1];
    json_t *cosigners = json_array();
    if (!view->has_checkpoint) {
        json_decref(cosigners);
        return json_null();
    }
    base64_encode(hash_as_bytes(&view->checkpoint.root), root);
    for (size_t i = 0; i < view->policy.witness_count; i++)
        if (view->signatures.witnesses >> i & 1)
            json_array_append_new(cosigners,
                                  json_pack("{s:o, s:I}", "name",
                                            text_json(view->policy.witnesses[i].name), "time",
                                            (json_int_t)view->signatures.times_s[i]));
    return json_pack("{s:s, s:I, s:s, s:o, s:s%}", "origin", view->checkpoint.origin, "size",
                     (json_int_t)view->checkpoint.size, "root", root, "cosigned_by", cosigners,
                     "note", (const char *)view->note.at, view->note.size);
}

static json_t *view_json(const struct audit_view *view)
{
    json_t *json = json_pack("{s:o}", "source", text_json(view->source.name));
    if (view->trouble_code != ERROR_NONE)
        json_object_set_new(json, "trouble", text_json(view->trouble));
    if (view->policy_height)
        json_object_set_new(json, "policy_followed_to",
                            json_integer((json_int_t)view->policy_height));
    json_t *list = json_array();
    if (view->audit) {
        const struct audit_finding *findings;
        struct audit_counts counts = audit_counts_of(view->audit);
        size_t count = audit_findings(view->audit, &findings);
        for (size_t i = 0; i < count; i++)
            json_array_append_new(list, finding_json(audit_charter(view->audit), &findings[i]));
        json_object_update_new(
            json,
            json_pack("{s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "checkpoint",
                      checkpoint_json(view), "went_on_from", (json_int_t)view->went_on_from.size,
                      "records", (json_int_t)counts.records, "heights", (json_int_t)counts.heights,
                      "transactions", (json_int_t)counts.transactions, "batches",
                      (json_int_t)counts.batches, "votes", (json_int_t)counts.votes, "tiles",
                      (json_int_t)counts.tiles, "finding_count",
                      (json_int_t)audit_finding_count(view->audit)));
    }
    json_object_set_new(json, "findings", list);
    return json;
}

static json_t *partners_json(const struct audit *audit)
{
    const struct charter *charter = audit_charter(audit);
    struct audit_partner_totals *totals =
        (struct audit_partner_totals *)allocate(charter->partner_count, sizeof(*totals));
    json_t *list = json_array();
    audit_report_totals(audit, totals);
    for (size_t i = 0; i < charter->partner_count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "partner",
                            charter->partners[i].name, "issued", (json_int_t)totals[i].issued,
                            "outstanding", (json_int_t)totals[i].outstanding, "spent",
                            (json_int_t)totals[i].spent, "expired", (json_int_t)totals[i].expired,
                            "taken_back", (json_int_t)totals[i].clawed_back, "spent_here",
                            (json_int_t)totals[i].redeemed_here));
    free(totals);
    return list;
}

static void debts_in_json(const struct audit *audit, const char *currency, json_t *list)
{
    const struct charter *charter = audit_charter(audit);
    for (uint16_t i = 0; i < charter->partner_count; i++)
        for (uint16_t j = 0; j < charter->partner_count; j++) {
            struct money owed = settlement_open(audit_state(audit), (struct partner_id){i},
                                                (struct partner_id){j}, currency);
            if (owed.v == 0)
                continue;
            json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "debtor",
                                                  charter->partners[i].name, "creditor",
                                                  charter->partners[j].name, "amount",
                                                  audit_money_text(audit, currency, owed).text,
                                                  "currency", currency));
        }
}

static json_t *debts_json(const struct audit *audit)
{
    json_t *list = json_array();
    size_t place = 0;
    for (const char *currency; (currency = audit_next_owed(audit, &place));)
        debts_in_json(audit, currency, list);
    return list;
}

json_t *audit_report_json(const struct audit_report *report)
{
    const struct audit_view *best = audit_views_best(report->views, report->view_count);
    static const char *const policies[] = {"given", "of-charter", "of-source"};
    json_t *views = json_array();
    for (size_t i = 0; i < report->view_count; i++)
        json_array_append_new(views, view_json(&report->views[i]));
    json_t *json = json_pack("{s:s, s:I, s:s, s:o}", "audit",
                             audit_verdict_word(audit_report_verdict(report)), "finding_count",
                             (json_int_t)audit_views_findings(report->views, report->view_count),
                             "policy", policies[report->policy], "sources", views);
    if (best) {
        char id[HASH_HEX_SIZE + 1];
        hex_encode(hash_as_bytes(&best->charter->coalition), id);
        json_object_update_new(
            json,
            json_pack("{s:{s:s, s:s, s:s, s:b}, s:o, s:o, s:o, s:o}", "coalition", "name",
                      best->charter->name, "origin", best->charter->origin, "id", id, "sandbox",
                      best->charter->sandbox, "partners", partners_json(best->audit), "obligations",
                      debts_json(best->audit), "periods", audit_periods_json(best->audit),
                      "vintages", audit_vintages_json(best->audit)));
    }
    return json;
}
