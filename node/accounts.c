#include "node/accounts.h"

#include "node/json_form.h"
#include "partners/sepa_text.h"
#include "protocol/ids.h"
#include "protocol/limits.h"

#include <stdlib.h>
#include <string.h>

static void copy_text(char *out, struct bytes text)
{
    must(text.size <= STATEMENT_TEXT_MAX);
    memcpy(out, text.at, text.size);
    out[text.size] = 0;
}

/* The account's holder is the name as banks take it: accents stripped. */
static void read_name(struct form *form, struct account_holder *holder)
{
    struct bytes text;
    struct buffer folded;
    struct error error;
    if (!form_has(form, "name"))
        form_missing(form, "name");
    if (!form_text(form, "name", 1, STATEMENT_TEXT_MAX, &text))
        return;
    copy_text(holder->name, text);
    buffer_init(&folded, HOLDER_MAX + 1);
    if (sepa_text_fold("name", text, HOLDER_MAX, &folded, &error))
        (void)snprintf(holder->account.holder, sizeof(holder->account.holder), "%s",
                       buffer_text(&folded));
    else if (form_has(form, "iban"))
        form_wrong(form, "name", error.text);
    buffer_release(&folded);
}

static void read_account(struct form *form, struct account_holder *holder)
{
    struct bytes iban, bic;
    struct error error;
    bool has_iban = form_text(form, "iban", 1, IBAN_TEXT_SIZE - 1, &iban);
    if (has_iban && !iban_parse(iban, holder->account.iban, &error))
        form_wrong(form, "iban", error.text);
    if (form_text(form, "bic", 1, BIC_SIZE - 1, &bic)) {
        if (!bic_parse(bic, holder->account.bic, &error))
            form_wrong(form, "bic", error.text);
        if (!form_has(form, "iban"))
            form_wrong(form, "bic", "says nothing without an IBAN");
    }
    holder->has_account = has_iban;
    holder->account.effective_ms = 1; /* whoever keeps the file says so */
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
            if (accounts->at[i].has_account && accounts->at[k].has_account &&
                strcmp(accounts->at[i].account.iban, accounts->at[k].account.iban) == 0)
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
    memset(accounts, 0, sizeof(*accounts));
}

const struct account_holder *accounts_of(const struct accounts *accounts, const char *partner)
{
    for (size_t i = 0; i < accounts->count; i++)
        if (strcmp(accounts->at[i].partner, partner) == 0)
            return &accounts->at[i];
    return NULL;
}

const struct payment_account *accounts_payment(const struct accounts *accounts, const char *partner)
{
    const struct account_holder *holder = accounts_of(accounts, partner);
    return holder && holder->has_account ? &holder->account : NULL;
}
