#include "partners/payment_accounts.h"

#include "protocol/limits.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)

void payment_accounts_release(struct payment_accounts *accounts)
{
    free(accounts->at);
    *accounts = (struct payment_accounts){0};
}

bool payment_account_given(const struct payment_account *account)
{
    return account->holder[0] != 0;
}

bool payment_account_same(const struct payment_account *a, const struct payment_account *b)
{
    return strcmp(a->holder, b->holder) == 0 && strcmp(a->iban, b->iban) == 0 &&
           strcmp(a->bic, b->bic) == 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int compare(const struct account_row *row, struct partner_id partner, const char *currency)
{
    if (row->partner.v != partner.v)
        return row->partner.v < partner.v ? -1 : 1;
    return strcmp(row->currency, currency);
}

/* The first row that is not before this one. */
static size_t place_of(const struct payment_accounts *accounts, struct partner_id partner,
                       const char *currency)
{
    size_t low = 0, high = accounts->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&accounts->at[middle], partner, currency) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct account_row *payment_accounts_of(const struct payment_accounts *accounts,
                                              struct partner_id partner, const char *currency)
{
    size_t place = place_of(accounts, partner, currency);
    bool there = place < accounts->count && compare(&accounts->at[place], partner, currency) == 0;
    return there ? &accounts->at[place] : NULL;
}

static struct account_row *row_of(struct payment_accounts *accounts, struct partner_id partner,
                                  const char *currency)
{
    size_t place = place_of(accounts, partner, currency);
    if (place < accounts->count && compare(&accounts->at[place], partner, currency) == 0)
        return &accounts->at[place];
    accounts->at =
        array_grow(accounts->at, &accounts->capacity, accounts->count + 1, sizeof(*accounts->at));
    struct account_row *row = &accounts->at[place];
    memmove(row + 1, row, (accounts->count - place) * sizeof(*row));
    accounts->count++;
    *row = (struct account_row){.partner = partner};
    memcpy(row->currency, currency, CURRENCY_SIZE);
    return row;
}

static void add_waiting(struct payment_accounts *accounts, const struct payment_account *waiting)
{
    if (!payment_account_given(waiting))
        return;
    if (accounts->waiting_count++ == 0 || waiting->effective_ms < accounts->next_ms)
        accounts->next_ms = waiting->effective_ms;
}

static void count_waiting(struct payment_accounts *accounts)
{
    accounts->waiting_count = 0;
    for (size_t i = 0; i < accounts->count; i++)
        add_waiting(accounts, &accounts->at[i].waiting);
}

size_t payment_accounts_pass(struct payment_accounts *accounts, uint64_t now_ms)
{
    size_t passed = 0;
    if (accounts->waiting_count == 0 || now_ms < accounts->next_ms)
        return 0;
    for (size_t i = 0; i < accounts->count; i++) {
        struct account_row *row = &accounts->at[i];
        if (!payment_account_given(&row->waiting) || row->waiting.effective_ms > now_ms)
            continue;
        row->in_force = row->waiting;
        row->waiting = (struct payment_account){.holder = ""};
        passed++;
    }
    count_waiting(accounts);
    return passed;
}

/* ---- one approval ---------------------------------------------------------------------------- */

/* A text with a zero byte in it is longer than it says. */
static bool take(struct bytes text, char *out, size_t size)
{
    if (text.size >= size || (text.size > 0 && memchr(text.at, 0, text.size)))
        return false;
    if (text.size > 0)
        memcpy(out, text.at, text.size);
    return true;
}

static bool account_of(const struct account_words *words, struct payment_account *out)
{
    struct error error;
    *out = (struct payment_account){.holder = ""};
    return take(words->holder, out->holder, sizeof(out->holder)) &&
           take(words->iban, out->iban, sizeof(out->iban)) &&
           take(words->bic, out->bic, sizeof(out->bic)) &&
           payment_account_check("account", out, &error);
}

/* What two people said last. */
static const struct payment_account *newest(const struct account_row *row)
{
    return payment_account_given(&row->waiting) ? &row->waiting : &row->in_force;
}

/* Whoever goes back to what is in force ends the wait of what was to follow it. */
static void approve(struct payment_accounts *accounts, struct account_row *row, uint32_t days,
                    uint64_t now_ms)
{
    uint64_t wait_ms = days * DAY_MS;
    struct payment_account approved = row->pending;
    row->pending = row->waiting = (struct payment_account){.holder = ""};
    row->approver = (struct hash){{0}};
    approved.effective_ms = wait_ms < TIME_MS_MAX - now_ms ? now_ms + wait_ms : TIME_MS_MAX;
    if (!payment_account_same(&approved, &row->in_force))
        row->waiting = approved;
    count_waiting(accounts);
    (void)payment_accounts_pass(accounts, now_ms);
}

enum verdict payment_accounts_set(struct payment_accounts *accounts, struct partner_id partner,
                                  const struct account_words *words, uint32_t days, uint64_t now_ms)
{
    struct payment_account account;
    must(days <= ACCOUNT_DAYS_MAX && now_ms <= TIME_MS_MAX);
    if (!account_of(words, &account))
        return VERDICT_BAD_ACCOUNT;
    struct account_row *row = row_of(accounts, partner, words->currency);
    if (payment_account_same(&account, newest(row)))
        return VERDICT_NOTHING_TO_DO;
    if (!payment_account_same(&account, &row->pending)) {
        row->pending = account;
        row->approver = words->approver;
        return VERDICT_ACCEPTED;
    }
    if (hash_equal(&row->approver, &words->approver))
        return VERDICT_SAME_APPROVER;
    approve(accounts, row, days, now_ms);
    return VERDICT_ACCEPTED;
}

/* ---- from an image --------------------------------------------------------------------------- */

static bool account_sound(const struct payment_account *account, bool *sound)
{
    struct error error;
    bool given = payment_account_given(account);
    *sound = *sound && (!given || payment_account_check("account", account, &error));
    return given;
}

static bool row_sound(const struct account_row *row, uint64_t now_ms)
{
    bool sound = true;
    bool in_force = account_sound(&row->in_force, &sound);
    bool waits = account_sound(&row->waiting, &sound);
    bool pends = account_sound(&row->pending, &sound);
    return sound && (in_force || waits || pends) && row->pending.effective_ms == 0 &&
           row->in_force.effective_ms <= now_ms &&
           (!waits || (row->waiting.effective_ms > now_ms &&
                       row->waiting.effective_ms - now_ms <= ACCOUNT_DAYS_MAX * DAY_MS &&
                       row->waiting.effective_ms <= TIME_MS_MAX &&
                       !payment_account_same(&row->waiting, &row->in_force))) &&
           pends != hash_is_zero(&row->approver) &&
           !(pends && payment_account_same(&row->pending, newest(row)));
}

bool payment_accounts_add(struct payment_accounts *accounts, const struct account_row *row,
                          uint64_t now_ms)
{
    size_t count = accounts->count;
    if ((count > 0 && compare(&accounts->at[count - 1], row->partner, row->currency) >= 0) ||
        !row_sound(row, now_ms))
        return false;
    *row_of(accounts, row->partner, row->currency) = *row;
    add_waiting(accounts, &row->waiting);
    return true;
}
