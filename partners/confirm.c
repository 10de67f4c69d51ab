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
static bool right_accounts(const struct camt_entry *entry, const struct expected_payment *payment)
{
    return (payment->debtor_changed || !entry->debtor_account[0] ||
            strcmp(entry->debtor_account, payment->debtor_account) == 0) &&
           (!entry->creditor_account[0] ||
            strcmp(entry->creditor_account, payment->creditor_account) == 0);
}

/* ---- whether a booking was counted ----------------------------------------------------------- */

enum likeness { LIKE_NONE, LIKE_SAME, LIKE_PERHAPS };

/* Of two references that a bank gave, or did not. */
static bool both(const char *one, const char *other)
{
    return one[0] && other[0];
}

static bool same(const char *one, const char *other)
{
    return both(one, other) && strcmp(one, other) == 0;
}

/* A bank names a booking alike in all files of a kind, and may leave out either reference in the
 * other kind. Two of one entry, or without a reference that both have, may be one or two. */
static enum likeness compare(const struct confirm_part *part, const struct camt_entry *entry,
                             bool same_kind)
{
    bool entries = both(part->entry, entry->reference);
    bool details = both(part->detail, entry->detail_reference);
    bool same_entry = same(part->entry, entry->reference);
    bool same_detail = same(part->detail, entry->detail_reference);
    if (!entries && !details)
        return LIKE_PERHAPS;
    if (!same_entry && !same_detail)
        return LIKE_NONE;
    if ((entries && !same_entry) || (details && !same_detail))
        return LIKE_PERHAPS;
    bool exact = strcmp(part->entry, entry->reference) == 0 &&
                 strcmp(part->detail, entry->detail_reference) == 0;
    return exact || !same_kind ? LIKE_SAME : LIKE_PERHAPS;
}

static enum likeness counted(const struct expected_payment *payment, const struct camt_entry *entry,
                             bool same_kind)
{
    enum likeness most = LIKE_NONE;
    for (size_t i = 0; i < payment->part_count; i++) {
        enum likeness likeness = compare(&payment->parts[i], entry, same_kind);
        if (likeness == LIKE_SAME)
            return LIKE_SAME;
        if (likeness == LIKE_PERHAPS)
            most = LIKE_PERHAPS;
    }
    return most;
}

static void count(const struct camt_entry *entry, enum camt_kind kind,
                  struct expected_payment *payment)
{
    struct confirm_part *part = &payment->parts[payment->part_count++];
    memcpy(part->entry, entry->reference, sizeof(part->entry));
    memcpy(part->detail, entry->detail_reference, sizeof(part->detail));
    payment->kind = kind;
    payment->received.v += entry->amount.v;
}

/* ---- what a booking is ----------------------------------------------------------------------- */

static enum confirm_code judge_amount(const struct camt_entry *entry, enum camt_kind kind,
                                      struct expected_payment *payment)
{
    __int128 open = payment->amount.v - payment->received.v;
    bool same_kind = payment->kind == kind;
    if (!entry->amount_clear || payment->returned)
        return CONFIRM_UNCLEAR;
    if (payment->confirmed)
        return CONFIRM_REPEATED;
    enum likeness likeness = counted(payment, entry, same_kind);
    if (likeness != LIKE_NONE)
        return likeness == LIKE_SAME ? CONFIRM_REPEATED : CONFIRM_INDISTINCT;
    if (payment->part_count > 0 && !same_kind)
        return CONFIRM_UNCLEAR; /* it may be one of them, by another name */
    if (open == 0)
        return CONFIRM_TWICE;
    if (entry->amount.v == 0 || entry->amount.v > open)
        return CONFIRM_WRONG_AMOUNT;
    if (payment->part_count == CONFIRM_PARTS_MAX)
        return CONFIRM_UNCLEAR;
    count(entry, kind, payment);
    return entry->amount.v == open ? CONFIRM_WHOLE : CONFIRM_PARTIAL;
}

/* `own` is the account that the entry is on. What went back did so whatever accounts a bank names
 * for it: some name them the other way round. */
static enum confirm_code judge(const struct camt_entry *entry, enum camt_kind kind,
                               struct expected_payment *payment, const char *own)
{
    if (payment->is_void)
        return CONFIRM_VOID;
    bool incoming = strcmp(own, payment->creditor_account) == 0;
    bool fits = incoming || strcmp(own, payment->debtor_account) == 0;
    bool back = entry->returned || (fits && entry->credit != incoming);
    payment->returned = payment->returned || (back && entry->booked);
    if (!fits)
        return CONFIRM_WRONG_ACCOUNT;
    if (back)
        return CONFIRM_RETURNED;
    if (!right_accounts(entry, payment))
        return CONFIRM_WRONG_ACCOUNT;
    if (!entry->booked)
        return CONFIRM_PENDING;
    if (strcmp(entry->currency, payment->currency) != 0)
        return CONFIRM_WRONG_CURRENCY;
    return judge_amount(entry, kind, payment);
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

/* What went back later in the file was not there to stay. */
static void take_back(struct confirm_finding *findings, size_t count,
                      const struct expected_payment *payments)
{
    for (size_t i = 0; i < count; i++)
        if (findings[i].code == CONFIRM_WHOLE && payments[findings[i].payment].returned)
            findings[i].code = CONFIRM_UNCLEAR;
}

static bool is_open(const struct expected_payment *payment)
{
    return !payment->confirmed && !payment->is_void && payment->received.v < payment->amount.v;
}

/* Whether one who is still to pay the account that the entry is on may have paid by it. */
static bool may_be_a_payment(const struct camt_entry *entry, const char *own,
                             const struct expected_payment *payments, size_t count)
{
    if (!own || !entry->credit || entry->returned || !entry->debtor_account[0])
        return false;
    for (size_t i = 0; i < count; i++)
        if (is_open(&payments[i]) && strcmp(payments[i].creditor_account, own) == 0 &&
            strcmp(payments[i].debtor_account, entry->debtor_account) == 0)
            return true;
    return false;
}

/* Once everything that has a name is counted, so that the order in the file does not matter. */
static void find_unnamed(const struct camt *camt, const char *const *own, size_t own_count,
                         const struct expected_payment *payments, size_t payment_count,
                         struct confirm_finding *findings)
{
    for (size_t i = 0; i < camt->entry_count; i++) {
        const struct camt_entry *entry = &camt->entries[i];
        const char *account = own_of(camt->statements[entry->statement].account, own, own_count);
        if (findings[i].code == CONFIRM_OTHER &&
            may_be_a_payment(entry, account, payments, payment_count))
            findings[i].code = CONFIRM_UNNAMED;
    }
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
            code = account ? judge(entry, camt->kind, &payments[place], account)
                           : CONFIRM_WRONG_ACCOUNT;
        findings_out[i] = (struct confirm_finding){.code = code, .entry = i, .payment = place};
    }
    take_back(findings_out, camt->entry_count, payments);
    find_unnamed(camt, own, own_count, payments, payment_count, findings_out);
    free(names);
    return true;
}
