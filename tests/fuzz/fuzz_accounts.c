// links: node
/* The file of accounts: what was taken, a bank would take. */
#include "fuzz/fuzz.h"
#include "node/accounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct accounts accounts = {.at = NULL};
    struct error error;
    if (!accounts_read(bytes_of(data, size), &accounts, &error))
        return 0;
    for (size_t i = 0; i < accounts.count; i++) {
        const struct account_holder *holder = &accounts.at[i];
        must(accounts_of(&accounts, holder->partner) == holder);
        must(holder->name[0] && utf8_valid(bytes_text(holder->name)));
        must(!holder->has_account || payment_account_check("account", &holder->account, &error));
    }
    accounts_release(&accounts);
    return 0;
}
