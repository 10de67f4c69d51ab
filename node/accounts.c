#include "node/accounts.h"

#include "node/json_form.h"
#include "node/time_text.h"
#include "protocol/ids.h"
#include "protocol/limits.h"

#include <stdlib.h>
#include <string.h>

/* Told by a node: every partner in every currency. */
enum { ACCOUNTS_MAX = 64 * PARTNERS_MAX };

static void copy_text(char *out, struct bytes text)
{
    must(text.size <= STATEMENT_TEXT_MAX);
    memcpy(out, text.at, text.size);
    out[text.size] = 0;
}

static void read_name(struct form *form, struct account_holder *holder)
{
    struct bytes text;
    if (!form_has(form, "name"))
        form_missing(form, "name");
    if (form_text(form, "name", 1, STATEMENT_TEXT_MAX, &text))
        copy_text(holder->name, text);
}

static void read_account(struct form *form, struct account_holder *holder)
{
    struct bytes iban, bic;
    struct error error;
    if (form_text(form, "iban", 1, IBAN_TEXT_SIZE - 1, &iban) &&
        !iban_parse(iban, holder->iban, &error))
        form_wrong(form, "iban", error.text);
    if (!form_text(form, "bic", 1, BIC_SIZE - 1, &bic))
        return;
    if (!bic_parse(bic, holder->bic, &error))
        form_wrong(form, "bic", error.text);
    if (!form_has(form, "iban"))
        form_wrong(form, "bic", "says nothing without an IBAN");
}

static void read_address(struct form *form, struct account_holder *holder)
{
    json_t *lines;
    if (!form_array(form, "address", 1, STATEMENT_ADDRESS_LINES, &lines))
        return;
    for (size_t i = 0; i < json_array_size(lines); i++) {
        const char *line = json_string_value(json_array_get(lines, i));
        if (!line || !line[0] || strlen(line) > STATEMENT_TEXT_MAX) {
            form_wrong(form, "address", "takes lines of text, each of 1 to 120 bytes");
            return;
        }
        copy_text(holder->address[holder->address_count++], bytes_text(line));
    }
}

static void read_holder(json_t *value, const char *partner, struct form_mistakes *mistakes,
                        struct account_holder *holder)
{
    struct form form;
    struct bytes text;
    char pointer[CHARTER_NAME_MAX + 2];
    if (!name_valid(bytes_text(partner))) {
        form_mistake(mistakes, "", "a partner's name is of a-z, 0-9 and '-'");
        return;
    }
    (void)snprintf(pointer, sizeof(pointer), "/%s", partner);
    if (!json_is_object(value)) {
        form_mistake(mistakes, pointer, "must be an object");
        return;
    }
    (void)snprintf(holder->partner, sizeof(holder->partner), "%s", partner);
    form_init(&form, value, pointer, mistakes);
    read_name(&form, holder);
    read_account(&form, holder);
    read_address(&form, holder);
    if (form_text(&form, "tax_number", 1, STATEMENT_TEXT_MAX, &text))
        copy_text(holder->tax_number, text);
    form_finish(&form);
}

/* Money for one would go to another. */
static void find_shared(const struct accounts *accounts, struct form_mistakes *mistakes)
{
    for (size_t i = 0; i < accounts->count; i++)
        for (size_t k = 0; k < i; k++)
            if (accounts->at[i].iban[0] && strcmp(accounts->at[i].iban, accounts->at[k].iban) == 0)
                form_mistake(mistakes, "", "%.40s and %.40s have the same IBAN",
                             accounts->at[k].partner, accounts->at[i].partner);
}

static bool good(const struct form_mistakes *mistakes, struct error *error)
{
    if (mistakes->count == 0)
        return true;
    error_set(error, ERROR_INVALID, "%s%s%s", mistakes->at[0].pointer,
              mistakes->at[0].pointer[0] ? ": " : "", mistakes->at[0].detail);
    if (mistakes->count > 1)
        return error_wrap(error, "%zu mistakes, the first one", mistakes->count);
    return false;
}

bool accounts_read(struct bytes json, struct accounts *accounts_out, struct error *error)
{
    struct form_mistakes *mistakes;
    struct accounts accounts = {.at = NULL};
    json_t *object, *value;
    const char *partner;
    if (!form_parse(json, &object, error))
        return false;
    if (json_object_size(object) > PARTNERS_MAX) {
        json_decref(object);
        return error_set(error, ERROR_LIMIT, "more than %d partners", PARTNERS_MAX);
    }
    mistakes = allocate(1, sizeof(*mistakes));
    accounts.at = allocate(json_object_size(object), sizeof(*accounts.at));
    json_object_foreach(object, partner, value)
        read_holder(value, partner, mistakes, &accounts.at[accounts.count++]);
    find_shared(&accounts, mistakes);
    bool ok = good(mistakes, error);
    free(mistakes);
    json_decref(object);
    if (ok)
        *accounts_out = accounts;
    else
        accounts_release(&accounts);
    return ok;
}

void accounts_release(struct accounts *accounts)
{
    free(accounts->at);
    free(accounts->ledger);
    memset(accounts, 0, sizeof(*accounts));
}

const struct account_holder *accounts_of(const struct accounts *accounts, const char *partner)
{
    for (size_t i = 0; i < accounts->count; i++)
        if (strcmp(accounts->at[i].partner, partner) == 0)
            return &accounts->at[i];
    return NULL;
}

const struct payment_account *accounts_payment(const struct accounts *accounts, const char *partner,
                                               const char *currency)
{
    for (size_t i = 0; i < accounts->ledger_count; i++)
        if (strcmp(accounts->ledger[i].partner, partner) == 0 &&
            strcmp(accounts->ledger[i].currency, currency) == 0)
            return &accounts->ledger[i].account;
    return NULL;
}

/* ---- the ledger's ---------------------------------------------------------------------------- */

static bool wrong(struct error *error, const char *name)
{
    return error_set(error, ERROR_INVALID,
                     "the node's answer about payment accounts: '%s' is not what it should be",
                     name);
}

static bool get_text(const json_t *object, const char *name, char *out, size_t size,
                     struct error *error)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    if (!text || strlen(text) >= size || strlen(text) != json_string_length(value))
        return wrong(error, name);
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool get_account(const json_t *object, struct payment_account *account, struct error *error)
{
    const json_t *bic = json_object_get(object, "bic");
    char since[TIME_TEXT_SIZE];
    if (!get_text(object, "holder", account->holder, sizeof(account->holder), error) ||
        !get_text(object, "iban", account->iban, sizeof(account->iban), error) ||
        !(json_is_null(bic) ||
          get_text(object, "bic", account->bic, sizeof(account->bic), error)) ||
        !get_text(object, "since", since, sizeof(since), error))
        return false;
    if (!time_parse(bytes_text(since), &account->effective_ms))
        return wrong(error, "since");
    return payment_account_check("the ledger's account", account, error);
}

static bool join_row(struct accounts *accounts, const json_t *row, struct error *error)
{
    const json_t *in_force = json_object_get(row, "in_force");
    struct ledger_account own = {.partner = ""};
    if (!get_text(row, "partner", own.partner, sizeof(own.partner), error) ||
        !get_text(row, "currency", own.currency, sizeof(own.currency), error))
        return false;
    if (!name_valid(bytes_text(own.partner)))
        return wrong(error, "partner");
    if (!currency_valid(bytes_text(own.currency)) ||
        accounts_payment(accounts, own.partner, own.currency))
        return wrong(error, "currency");
    if (json_is_null(in_force))
        return true; /* what waits or pends is nobody's account yet */
    if (!get_account(in_force, &own.account, error))
        return error_wrap(error, "%.40s", own.partner);
    accounts->ledger = array_grow(accounts->ledger, &accounts->ledger_capacity,
                                  accounts->ledger_count + 1, sizeof(*accounts->ledger));
    accounts->ledger[accounts->ledger_count++] = own;
    return true;
}

/* Some account of the partner is the one that the file has. */
static bool file_agrees(const struct accounts *accounts, const struct account_holder *holder,
                        struct error *error)
{
    const struct ledger_account *other = NULL;
    if (!holder->iban[0])
        return true;
    for (size_t i = 0; i < accounts->ledger_count; i++) {
        const struct ledger_account *own = &accounts->ledger[i];
        if (strcmp(own->partner, holder->partner) != 0)
            continue;
        if (strcmp(own->account.iban, holder->iban) == 0 &&
            (!holder->bic[0] || strcmp(own->account.bic, holder->bic) == 0))
            return true;
        other = own;
    }
    return error_set(error, ERROR_CONFLICT,
                     "the file of accounts says that %.40s is paid at %s%s%s; on the ledger %s%s",
                     holder->partner, holder->iban, holder->bic[0] ? ", " : "", holder->bic,
                     other ? "it is " : "no account of it is in force",
                     other ? other->account.iban : "");
}

bool accounts_join(struct accounts *accounts, const json_t *answer, struct error *error)
{
    const json_t *list = json_object_get(answer, "accounts");
    bool ok =
        (json_is_array(list) && json_array_size(list) <= ACCOUNTS_MAX) || wrong(error, "accounts");
    for (size_t i = 0; ok && i < json_array_size(list); i++)
        ok = join_row(accounts, json_array_get(list, i), error);
    for (size_t i = 0; ok && i < accounts->count; i++)
        ok = file_agrees(accounts, &accounts->at[i], error);
    return ok;
}
