#include "partners/confirm.h"

#include <stdlib.h>
#include <string.h>

const char *confirm_word(enum confirm_code code)
{
    static const char *const words[] = {
#define X(name, word, sentence) word,
        CONFIRM_CODES(X)
#undef X
    };
    must(code < CONFIRM_CODE_COUNT);
    return words[code];
}

const char *confirm_sentence(enum confirm_code code)
{
    static const char *const sentences[] = {
#define X(name, word, sentence) sentence,
        CONFIRM_CODES(X)
#undef X
    };
    must(code < CONFIRM_CODE_COUNT);
    return sentences[code];
}

/* The payments in order of name, to be found by it. */
struct name_place {
    const char *name;
    size_t place;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct name_place *)a)->name, ((const struct name_place *)b)->name);
}

static struct name_place *sort_names(const struct expected_payment *payments, size_t count)
{
    struct name_place *names = allocate(count, sizeof(*names));
    for (size_t i = 0; i < count; i++)
        names[i] = (struct name_place){payments[i].end_to_end, i};
    if (count > 0)
        qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 1; i < count; i++)
        must(strcmp(names[i - 1].name, names[i].name) != 0);
    return names;
}

static size_t find(const struct name_place *names, size_t count, const char *name)
{
    struct name_place wanted = {.name = name};
    const struct name_place *found =
        count > 0 ? bsearch(&wanted, names, count, sizeof(*names), compare_names) : NULL;
    return found ? found->place : SIZE_MAX;
}

/* The other side is checked where the bank names it. */
static bool right_accounts(const struct camt_entry *entry, const struct expected_payment *payment,
                           const char *own)
{
    bool incoming = strcmp(own, payment->creditor_account) == 0;
    if (!incoming && strcmp(own, payment->debtor_account) != 0)
        return false;
    return (!entry->debtor_account[0] ||
            strcmp(entry->debtor_account, payment->debtor_account) == 0) &&
           (!entry->creditor_account[0] ||
            strcmp(entry->creditor_account, payment->creditor_account) == 0);
}

/* Whether the booking is, or may be, one that was counted. Without a reference on both sides nobody
 * can tell two bookings apart. */
static bool counted(const struct expected_payment *payment, const char *reference)
{
    for (size_t i = 0; i < payment->part_count; i++)
        if (!reference[0] || !payment->parts[i][0] || strcmp(payment->parts[i], reference) == 0)
            return true;
    return false;
}

static enum confirm_code judge_amount(const struct camt_entry *entry,
                                      struct expected_payment *payment)
{
    __int128 open = payment->amount.v - payment->received.v;
    if (!entry->amount_clear)
        return CONFIRM_UNCLEAR;
    if (counted(payment, entry->reference))
        return CONFIRM_REPEATED;
    if (open == 0)
        return CONFIRM_TWICE;
    if (entry->amount.v == 0 || entry->amount.v > open)
        return CONFIRM_WRONG_AMOUNT;
    if (payment->part_count == CONFIRM_PARTS_MAX)
        return CONFIRM_UNCLEAR;
    memcpy(payment->parts[payment->part_count++], entry->reference, sizeof(entry->reference));
    payment->received.v += entry->amount.v;
    return entry->amount.v == open ? CONFIRM_WHOLE : CONFIRM_PARTIAL;
}

/* `own` is the account that the entry is on. */
static enum confirm_code judge(const struct camt_entry *entry, struct expected_payment *payment,
                               const char *own)
{
    if (!right_accounts(entry, payment, own))
        return CONFIRM_WRONG_ACCOUNT;
    bool incoming = strcmp(own, payment->creditor_account) == 0;
    if (entry->returned || entry->credit != incoming)
        return CONFIRM_RETURNED;
    if (!entry->booked)
        return CONFIRM_PENDING;
    if (strcmp(entry->currency, payment->currency) != 0)
        return CONFIRM_WRONG_CURRENCY;
    return judge_amount(entry, payment);
}

/* The one of them that the statement is for; NULL: another's. */
static const char *own_of(const char *account, const char *const *own, size_t own_count)
{
    for (size_t i = 0; i < own_count; i++)
        if (strcmp(account, own[i]) == 0)
            return own[i];
    return NULL;
}

static bool is_for(const struct camt *camt, const char *const *own, size_t own_count)
{
    for (size_t i = 0; i < camt->statement_count; i++)
        if (own_of(camt->statements[i].account, own, own_count))
            return true;
    return false;
}

bool confirm_payments(const struct camt *camt, const char *const *own, size_t own_count,
                      struct expected_payment *payments, size_t payment_count,
                      struct confirm_finding *findings_out, struct error *error)
{
    must(camt->statement_count > 0 && own_count > 0);
    if (!is_for(camt, own, own_count))
        return error_set(error, ERROR_CONFLICT,
                         "the bank statement is for the account %s, not for %s",
                         camt->statements[0].account, own[0]);
    struct name_place *names = sort_names(payments, payment_count);
    for (size_t i = 0; i < camt->entry_count; i++) {
        const struct camt_entry *entry = &camt->entries[i];
        const char *account = own_of(camt->statements[entry->statement].account, own, own_count);
        size_t place = find(names, payment_count, entry->end_to_end);
        enum confirm_code code;
        if (place == SIZE_MAX)
            code = end_to_end_shaped(entry->end_to_end) ? CONFIRM_UNKNOWN : CONFIRM_OTHER;
        else
            code = account ? judge(entry, &payments[place], account) : CONFIRM_WRONG_ACCOUNT;
        findings_out[i] = (struct confirm_finding){.code = code, .entry = i, .payment = place};
    }
    free(names);
    return true;
}
