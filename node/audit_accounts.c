/* Where partners are paid: do the state and the second model tell the same? */
#include "node/audit_parts.h"

#include <string.h>

/* ", from 1798761600000 on" of one that there is. */
static struct audit_text account_text(const char *what, const char *holder, const char *iban,
                                      const char *bic, uint64_t from_ms)
{
    if (!holder[0])
        return audit_text("%s: none", what);
    return audit_text("%s: %s %s %s, %llu", what, holder, iban, bic, (unsigned long long)from_ms);
}

static bool same_account(const char *what, const struct naive_account *own,
                         const struct payment_account *found, struct audit_text *expected_out,
                         struct audit_text *found_out)
{
    *expected_out = account_text(what, own->holder, own->iban, own->bic, own->from_ms);
    *found_out = account_text(what, found->holder, found->iban, found->bic, found->effective_ms);
    return strcmp(own->holder, found->holder) == 0 && strcmp(own->iban, found->iban) == 0 &&
           strcmp(own->bic, found->bic) == 0 && own->from_ms == found->effective_ms;
}

static bool rows_agree(const struct naive_accounts *own, const struct account_row *found,
                       struct audit_text *expected_out, struct audit_text *found_out)
{
    if (!same_account("account in force", &own->now, &found->in_force, expected_out, found_out) ||
        !same_account("account that waits", &own->next, &found->waiting, expected_out, found_out) ||
        !same_account("account that one has approved", &own->pending, &found->pending, expected_out,
                      found_out))
        return false;
    *expected_out = *found_out = audit_text("who has approved an account");
    return hash_equal(&own->approver, &found->approver);
}

bool audit_accounts_agree(const struct state *state, const struct naive *model,
                          struct audit_text *expected_out, struct audit_text *found_out)
{
    const struct payment_accounts *accounts = state_accounts(state);
    size_t count = naive_account_count(model);
    *expected_out = audit_text("%zu partners' accounts", count);
    *found_out = audit_text("%zu", accounts->count);
    bool same = count == accounts->count;
    for (size_t i = 0; i < count && same; i++) {
        struct naive_accounts own = naive_account_at(model, i);
        struct partner_id partner = {own.partner};
        const struct account_row *found = payment_accounts_of(accounts, partner, own.currency);
        *expected_out = audit_text("an account of partner %u in %s", own.partner, own.currency);
        *found_out = audit_text("none");
        same = found && rows_agree(&own, found, expected_out, found_out);
    }
    return same;
}
