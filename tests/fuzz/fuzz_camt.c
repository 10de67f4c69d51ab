// links: partners
/* Bank statements. What is read keeps to its bounds, and what it confirms of one payment never
 * comes to more than that payment. */
#include "fuzz/fuzz.h"
#include "partners/confirm.h"

#include <stdlib.h>
#include <string.h>

static void check_text(const char *text, size_t size)
{
    must(memchr(text, 0, size) != NULL);
}

static void check_entry(const struct camt *camt, const struct camt_entry *entry)
{
    must(entry->statement < camt->statement_count);
    must(entry->amount.v >= 0 && (strlen(entry->currency) == 3 || !entry->amount_clear));
    check_text(entry->end_to_end, CAMT_TEXT_SIZE);
    check_text(entry->reference, CAMT_TEXT_SIZE);
    check_text(entry->detail_reference, CAMT_TEXT_SIZE);
    check_text(entry->debtor_account, CAMT_TEXT_SIZE);
    check_text(entry->creditor_account, CAMT_TEXT_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct camt camt;
    struct error error = {0};
    if (!camt_read(bytes_of(data, size), &camt, &error)) {
        must(error.code != ERROR_NONE);
        return 0;
    }
    must(camt.statement_count > 0);
    for (size_t i = 0; i < camt.entry_count; i++)
        check_entry(&camt, &camt.entries[i]);
    struct expected_payment payment = {.end_to_end = "MUELL/FINP/RA12345",
                                       .currency = "EUR",
                                       .amount = {INT64_C(88500000000)},
                                       .debtor_account = "NL56AGDH9619008421"};
    (void)strncpy(payment.creditor_account, camt.statements[0].account, IBAN_SIZE - 1);
    struct confirm_finding *findings = allocate(camt.entry_count, sizeof(*findings));
    const char *own = camt.statements[0].account;
    if (confirm_payments(&camt, &own, 1, &payment, 1, findings, &error))
        for (size_t i = 0; i < camt.entry_count; i++)
            must(findings[i].code < CONFIRM_CODE_COUNT && findings[i].entry == i);
    must(payment.received.v >= 0 && payment.received.v <= payment.amount.v);
    free(findings);
    camt_release(&camt);
    return 0;
}
