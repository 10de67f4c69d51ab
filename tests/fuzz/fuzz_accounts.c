// links: node
/* The file of accounts, and a node's answer about those of the ledger: what was taken, a bank would
 * take. */
#include "fuzz/fuzz.h"
#include "node/accounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct accounts accounts = {.at = NULL}, ledger = {.at = NULL};
    struct error error;
    json_t *answer = json_loadb((const char *)data, size, JSON_ALLOW_NUL, NULL);
    if (answer && accounts_join(&ledger, answer, &error))
        for (size_t i = 0; i < ledger.ledger_count; i++)
            must(payment_account_check("account", &ledger.ledger[i].account, &error));
    json_decref(answer);
    accounts_release(&ledger);
    if (!accounts_read(bytes_of(data, size), &accounts, &error))
        return 0;
    for (size_t i = 0; i < accounts.count; i++) {
        const struct account_holder *holder = &accounts.at[i];
        must(accounts_of(&accounts, holder->partner) == holder);
        must(holder->name[0] && utf8_valid(bytes_text(holder->name)));
        char iban[IBAN_SIZE];
        must(!holder->iban[0] || iban_parse(bytes_text(holder->iban), iban, &error));
    }
    accounts_release(&accounts);
    return 0;
}
