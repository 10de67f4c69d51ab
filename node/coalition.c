#include "node/coalition.h"

#include "crypto/policy.h"
#include "node/cluster.h"
#include "node/node_card.h"
#include "node/node_folder.h"
#include "partners/charter_policy.h"
#include "partners/charter_settlement.h"
#include "partners/charter_write.h"
#include "partners/policy_join.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void coalition_plan_init(struct coalition_plan *plan, uint16_t base_port)
{
    *plan = (struct coalition_plan){.name = "demo",
                                    .currency = "EUR",
                                    .minor_digits = 2,
                                    .zone = "UTC",
                                    .face_micro = 10000,
                                    .reimbursement_micro = 9000,
                                    .late_after_ms = 60000,
                                    .clock_bound_ms = 5000,
                                    .heartbeat_ms = 60000,
                                    .snapshot_records = CHARTER_SNAPSHOT_RECORDS,
                                    .timeout_ms = 1000,
                                    .timeout_delta_ms = 500,
                                    .reversal = REVERSAL_UNLIMITED,
                                    .dispute_days = USUAL_DISPUTE_DAYS,
                                    .default_days = USUAL_DEFAULT_DAYS,
                                    .host = "127.0.0.1"};
    for (size_t i = 0; i < COALITION_PARTNERS_MAX; i++) {
        plan->peer_ports[i] = (uint16_t)(base_port + i);
        plan->http_ports[i] = (uint16_t)(base_port + 1000 + i);
    }
}

/* As the charter wants it: said before anything is written. */
static bool name_good(const char *name, size_t size)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return size > 0 && size <= CHARTER_NAME_MAX && name[0] >= 'a' && name[0] <= 'z' &&
           strspn(name, allowed) >= size;
}

bool coalition_partners(struct coalition_plan *plan, const char *list, struct error *error)
{
    size_t count = 0;
    while (*list) {
        size_t size = strcspn(list, ",");
        if (!name_good(list, size) || count == COALITION_PARTNERS_MAX)
            return error_set(error, ERROR_INVALID,
                             "partners: 1 to %d names of a-z, 0-9 and '-' (a letter first, at most "
                             "%d), with commas between",
                             COALITION_PARTNERS_MAX, CHARTER_NAME_MAX);
        for (size_t i = 0; i < count; i++)
            if (strlen(plan->partners[i]) == size && memcmp(plan->partners[i], list, size) == 0)
                return error_set(error, ERROR_INVALID, "partners: %s comes twice",
                                 plan->partners[i]);
        snprintf(plan->partners[count++], sizeof(plan->partners[0]), "%.*s", (int)size, list);
        list += size + (list[size] == ',');
    }
    plan->partner_count = count;
    return count > 0 || error_set(error, ERROR_INVALID, "partners: name at least one");
}

/* ---- the charter --------------------------------------------------------------------------- */

static void fill_policies(const struct coalition_plan *plan, struct charter *charter)
{
    charter->rates.face.v = plan->face_micro;
    charter->rates.reimbursement.v = plan->reimbursement_micro;
    charter->rates.issue_fee.v = plan->issue_fee_micro;
    charter->rates.redemption_fee.v = plan->redemption_fee_micro;
    charter->policy.reversal = plan->reversal;
    charter->policy.deficit_max.v = 10000;
    charter->policy.grace_days = 30;
    charter->policy.expire_days = 7;
    charter->policy.hold_default_ms = UINT64_C(900000);
    charter->policy.hold_max_ms = UINT64_C(7) * 86400000;
    charter->policy.window_ms = UINT64_C(400) * 86400000;
    charter->policy.late_after_ms = plan->late_after_ms;
    charter->policy.clock_bound_ms = plan->clock_bound_ms;
    charter->policy.expiry_months = (uint32_t)plan->expiry_months;
    charter->limits.batch_bytes = BATCH_PAYLOAD_MAX;
    charter->limits.cut_bytes = CUT_PAYLOAD_MAX;
    charter->limits.lane_cut_bytes = 4 * 1024 * 1024;
    charter->limits.lane_day_bytes = UINT64_C(16) * 1024 * 1024 * 1024;
    charter->limits.allocations = ALLOCATIONS_MAX;
    charter->limits.heartbeat_ms = (uint32_t)plan->heartbeat_ms;
    charter->limits.timeout_ms = (uint32_t)plan->timeout_ms;
    charter->limits.timeout_delta_ms = (uint32_t)plan->timeout_delta_ms;
    charter->limits.snapshot_records = plan->snapshot_records;
}

static void fill_settlement(const struct coalition_plan *plan, struct charter *charter)
{
    charter->settlement.every = plan->period;
    charter->settlement.propose_days = USUAL_PROPOSE_DAYS;
    charter->settlement.answer_days = USUAL_ANSWER_DAYS;
    charter->settlement.pay_days = USUAL_PAY_DAYS;
    charter->settlement.rest_days = SATURDAY_AND_SUNDAY;
    charter->settlement.account_days = USUAL_ACCOUNT_DAYS;
    charter->settlement.dispute_days = (uint32_t)plan->dispute_days;
    charter->settlement.default_days = (uint32_t)plan->default_days;
    charter->settlement.on_default = plan->on_default;
    charter->settlement.holidays = (int64_t *)charter_array_copy(
        plan->holidays, plan->holiday_count, sizeof(plan->holidays[0]));
    charter->settlement.holiday_count = plan->holiday_count;
    charter->settlement.taxes = (struct charter_tax *)charter_array_copy(
        plan->taxes, plan->tax_count, sizeof(plan->taxes[0]));
    charter->settlement.tax_count = plan->tax_count;
    memcpy(charter->settlement.fee_tax, plan->fee_tax, TAX_CODE_SIZE);
    memcpy(charter->settlement.redemption_tax, plan->redemption_tax, TAX_CODE_SIZE);
}

static void fill_contracts(const struct coalition_plan *plan, struct charter *charter)
{
    charter->contracts.required = plan->contracts_required;
    charter->contracts.notice_days = (uint32_t)plan->notice_days;
    charter->contracts.currencies = (struct charter_currency *)charter_array_copy(
        plan->currencies, plan->currency_count, sizeof(plan->currencies[0]));
    charter->contracts.currency_count = plan->currency_count;
    charter->risk = plan->risk;
}

static bool fill_head(const struct coalition_plan *plan, struct charter *charter,
                      struct error *error)
{
    if (strlen(plan->currency) != 3)
        return error_set(error, ERROR_INVALID, "currency: three letters, such as EUR");
    snprintf(charter->name, sizeof(charter->name), "%s", plan->name);
    if (plan->origin)
        snprintf(charter->origin, sizeof(charter->origin), "%s", plan->origin);
    else
        snprintf(charter->origin, sizeof(charter->origin), "%.60s.example/ledger", plan->name);
    random_bytes(charter->nonce, sizeof(charter->nonce));
    memcpy(charter->currency, plan->currency, sizeof(charter->currency));
    charter->minor_digits = (int)plan->minor_digits;
    charter->log_public = plan->log_public;
    charter->sandbox = plan->sandbox;
    charter->sandbox_start_ms = plan->sandbox_start_ms;
    charter->two_voters_accepted = plan->partner_count == 2;
    fill_policies(plan, charter);
    fill_settlement(plan, charter);
    fill_contracts(plan, charter);
    return zone_transitions(charter, plan->zone, error);
}

static bool fill_partner(const struct coalition_plan *plan, size_t place, struct charter *charter,
                         struct error *error)
{
    struct charter_partner *partner = &charter->partners[place];
    struct charter_node *node = &charter->nodes[place];
    snprintf(partner->name, sizeof(partner->name), "%s", plan->partners[place]);
    partner->is_operator = plan->operator_name && strcmp(plan->operator_name, partner->name) == 0;
    snprintf(node->name, sizeof(node->name), "%s", partner->name);
    snprintf(node->address, sizeof(node->address), "tcp://%.200s:%u", plan->host,
             plan->peer_ports[place]);
    node->partner.v = (uint16_t)place;
    node->voter = true;
    char path[CLI_PATH_MAX];
    return cli_path(path, error, "%s/%s", plan->dir, partner->name) &&
           node_card_make_key(path, "governance.key", &partner->governance_key, error) &&
           node_card_make_keys(path, charter->origin, node, error);
}

/* A partner without a node, which only collects fees. */
static bool fill_operator(const struct coalition_plan *plan, struct charter *charter,
                          struct error *error)
{
    char path[CLI_PATH_MAX];
    if (!plan->operator_name)
        return true;
    for (size_t i = 0; i < plan->partner_count; i++)
        if (strcmp(plan->partners[i], plan->operator_name) == 0)
            return true;
    struct charter_partner *partner = &charter->partners[charter->partner_count++];
    snprintf(partner->name, sizeof(partner->name), "%s", plan->operator_name);
    partner->is_operator = true;
    return cli_path(path, error, "%s/%s", plan->dir, partner->name) &&
           node_folder_make(path, error) &&
           node_card_make_key(path, "governance.key", &partner->governance_key, error);
}

/* The usual policy of the charter's nodes with what the plan says of witnesses outside. */
static bool join_witnesses(const struct coalition_plan *plan, struct charter *charter,
                           struct error *error)
{
    struct buffer own, outside, joined;
    if (!plan->witnesses)
        return true;
    buffer_init(&own, POLICY_SIZE_MAX);
    buffer_init(&outside, POLICY_SIZE_MAX);
    buffer_init(&joined, POLICY_SIZE_MAX);
    charter_policy_format(charter, &own);
    bool ok = cli_file_read(plan->witnesses, POLICY_SIZE_MAX, &outside, error) &&
              (policy_join(buffer_bytes(&own), buffer_bytes(&outside), &joined, error) ||
               error_wrap(error, "%s", plan->witnesses));
    if (ok) {
        charter->tlog_policy = strdup(buffer_text(&joined));
        must(charter->tlog_policy);
    }
    buffer_release(&own);
    buffer_release(&outside);
    buffer_release(&joined);
    return ok;
}

/* All of them, as far as there is room. */
static void tell_mistakes(const struct charter_mistakes *mistakes, struct error *error)
{
    char text[ERROR_TEXT_SIZE] = "";
    size_t size = 0;
    for (size_t i = 0; i < mistakes->count && size < sizeof(text) - 1; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s", i > 0 ? "; " : "",
                                 mistakes->text[i]);
    if (mistakes->count > 0)
        error_set(error, ERROR_INVALID, "%s", text);
}

static bool make_charter(const struct coalition_plan *plan, struct charter *charter,
                         struct buffer *text, struct error *error)
{
    char path[CLI_PATH_MAX];
    if (!fill_head(plan, charter, error))
        return false;
    charter->partner_count = charter->node_count = plan->partner_count;
    for (size_t i = 0; i < plan->partner_count; i++)
        if (!cli_path(path, error, "%s/%s", plan->dir, plan->partners[i]) ||
            !node_folder_make(path, error) || !fill_partner(plan, i, charter, error))
            return false;
    if (!fill_operator(plan, charter, error) || !join_witnesses(plan, charter, error))
        return false;
    charter_format(charter, text);
    struct charter *again;
    struct charter_mistakes *mistakes = (struct charter_mistakes *)allocate(1, sizeof(*mistakes));
    bool ok = charter_parse(buffer_bytes(text), &again, mistakes, error);
    if (ok)
        charter_close(again);
    else
        tell_mistakes(mistakes, error);
    free(mistakes);
    return ok;
}

/* ---- the nodes' folders -------------------------------------------------------------------- */

static bool make_node(const struct coalition_plan *plan, size_t place, struct bytes secret,
                      struct error *error)
{
    struct node_folder folder = {.node = plan->partners[place], .charter = "../charter.json"};
    if (!cli_path(folder.dir, error, "%s/%s", plan->dir, plan->partners[place]))
        return false;
    snprintf(folder.listen, sizeof(folder.listen), "tcp://%.200s:%u", plan->host,
             plan->peer_ports[place]);
    /* Tills that are elsewhere need TLS: the operator opens this by hand, with a certificate. */
    snprintf(folder.http, sizeof(folder.http), "127.0.0.1:%u", plan->http_ports[place]);
    return node_folder_write(&folder, secret, error);
}

static bool make_nodes(const struct coalition_plan *plan, struct error *error)
{
    uint8_t secret[CONFIG_SECRET_SIZE];
    random_bytes(secret, sizeof(secret));
    bool ok = true;
    for (size_t i = 0; i < plan->partner_count && ok; i++)
        ok = make_node(plan, i, bytes_of(secret, sizeof(secret)), error);
    explicit_bzero(secret, sizeof(secret));
    return ok;
}

bool coalition_make(const struct coalition_plan *plan, struct error *error)
{
    char path[CLI_PATH_MAX];
    bool fresh = access(plan->dir, F_OK) != 0;
    if (!cli_path(path, error, "%s/charter.json", plan->dir) || !node_folder_make(plan->dir, error))
        return false;
    if (access(path, F_OK) == 0)
        return error_set(error, ERROR_CONFLICT,
                         "%s is there already: a coalition is founded once. Choose another folder, "
                         "or move this one away",
                         path);
    struct charter *charter = (struct charter *)allocate(1, sizeof(*charter));
    charter->partners =
        (struct charter_partner *)allocate(plan->partner_count + 1, sizeof(*charter->partners));
    charter->nodes = (struct charter_node *)allocate(plan->partner_count, sizeof(*charter->nodes));
    struct buffer text;
    buffer_init(&text, CHARTER_SIZE_MAX);
    bool ok = make_charter(plan, charter, &text, error) &&
              cli_file_write(path, 0644, buffer_bytes(&text), error) && make_nodes(plan, error);
    buffer_release(&text);
    free(charter->partners);
    free(charter->nodes);
    free(charter->tlog_policy);
    free(charter->settlement.holidays);
    free(charter->settlement.taxes);
    free(charter->contracts.currencies);
    free(charter);
    if (!ok && fresh) /* half a coalition would only be in the way of the next try */
        cluster_remove(plan->dir);
    return ok;
}
