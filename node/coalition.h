/* coalition.h - founds a coalition: charter, keys, secrets and one configuration a node, in a
 * folder.
 *
 *   DIR/charter.json
 *   DIR/PARTNER/  node.json  node.key transport.key log.key cosigner.key governance.key
 *                 secret.key
 *                 tokens.json  till.token office.token auditor.token admin.token
 *
 * Keys and tokens are 0600, folders 0700. In earnest each partner makes its own keys and only the
 * public halves travel; this makes all of them in one place, for trying and for a first set-up.
 * Threads: one.
 */
#ifndef NODE_COALITION_H
#define NODE_COALITION_H

#include "node/cli.h"
#include "partners/charter.h"

enum { COALITION_PARTNERS_MAX = VOTERS_MAX };

struct coalition_plan {
    const char *dir;
    const char *name;   /* default "demo" */
    const char *origin; /* default "NAME.example/ledger" */
    char partners[COALITION_PARTNERS_MAX][CHARTER_NAME_MAX + 1];
    size_t partner_count;
    const char *witnesses;     /* a file for policy_join(): those outside; NULL: none */
    const char *operator_name; /* NULL: none; one of the partners, or one without a node */
    const char *currency;
    uint64_t minor_digits;
    const char *zone; /* of the system's tzdata; "UTC" needs none */
    bool log_public;
    bool sandbox;
    uint64_t sandbox_start_ms;
    int64_t face_micro, reimbursement_micro, issue_fee_micro, redemption_fee_micro;
    uint64_t expiry_months;
    uint64_t late_after_ms, clock_bound_ms, heartbeat_ms, timeout_ms, timeout_delta_ms;
    uint64_t snapshot_records;
    enum reversal_policy reversal;
    enum period_kind period;
    int64_t holidays[CLI_TEXTS_MAX]; /* days since 1970, ascending */
    size_t holiday_count;
    struct charter_tax taxes[CHARTER_TAXES_MAX];
    size_t tax_count;
    char fee_tax[TAX_CODE_SIZE], redemption_tax[TAX_CODE_SIZE];
    uint64_t dispute_days, default_days;
    enum on_default on_default;
    bool contracts_required;
    uint64_t notice_days;
    struct charter_currency currencies[CHARTER_CURRENCIES_MAX]; /* beside its own */
    size_t currency_count;
    struct charter_risk risk; /* what collateral is asked for, if any */
    const char *host;
    uint16_t peer_ports[COALITION_PARTNERS_MAX], http_ports[COALITION_PARTNERS_MAX];
};

/* Every default but dir and partners; ports from `base_port` on, HTTP 1,000 above. */
void coalition_plan_init(struct coalition_plan *plan, uint16_t base_port);
/* "grocer,books,cinema,fuel" */
bool coalition_partners(struct coalition_plan *plan, const char *list,
                        struct error *error) MUST_USE;
/* Settlement and contracts as a command line says them; NULL and empty: the defaults. */
struct coalition_texts {
    const char *period, *fee_tax, *redemption_tax;
    const char *dispute_days, *default_days, *on_default;
    struct cli_texts holidays, taxes, currencies; /* "2026-12-25", "DE-19=1900", "SEK:2" */
};
/* ERROR_INVALID: one of them is not of its form; of those on disputes and defaults it says all
 * that are not. */
bool coalition_terms(struct coalition_plan *plan, const struct coalition_texts *texts,
                     struct error *error) MUST_USE;
/* Makes the folder; ERROR_CONFLICT when it holds a coalition. What it wrote is read back with the
 * node's own eyes. */
bool coalition_make(const struct coalition_plan *plan, struct error *error) MUST_USE;

/* Fills the charter's transitions from the system's time zone data, 1970 to 2100. */
bool zone_transitions(struct charter *charter, const char *name, struct error *error) MUST_USE;

#endif
