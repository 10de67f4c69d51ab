/* An approval of a payment account from a request: who asks is who approves, and what people write
 * is brought into the form that the ledger takes. */
#include "node/api_build_parts.h"

#include "partners/payment_account.h"
#include "partners/sepa_text.h"

#include <stdio.h>
#include <string.h>

/* Characters of up to four bytes each. */
enum { HOLDER_BYTES_MAX = 4 * HOLDER_MAX };

/* Accents are stripped, as banks take names. */
static void take_holder(struct build *build, char holder_out[HOLDER_MAX + 1])
{
    struct form *form = &build->form;
    struct bytes text;
    struct buffer folded;
    struct error error;
    if (!form_text(form, "holder", 1, HOLDER_BYTES_MAX, &text)) {
        if (!form_has(form, "holder"))
            form_missing(form, "holder");
        return;
    }
    buffer_init(&folded, HOLDER_MAX + 1);
    if (sepa_text_fold("holder", text, HOLDER_MAX, &folded, &error))
        (void)snprintf(holder_out, HOLDER_MAX + 1, "%s", buffer_text(&folded));
    else
        form_wrong(form, "holder", error.text);
    buffer_release(&folded);
}

static void take_iban(struct build *build, char iban_out[IBAN_SIZE])
{
    struct form *form = &build->form;
    struct bytes text;
    struct error error;
    if (!form_text(form, "iban", 1, IBAN_TEXT_SIZE - 1, &text)) {
        if (!form_has(form, "iban"))
            form_missing(form, "iban");
    } else if (!iban_parse(text, iban_out, &error)) {
        form_wrong(form, "iban", error.text);
    }
}

/* Absent, or null: the bank is found by the IBAN. */
static void take_bic(struct build *build, char bic_out[BIC_SIZE])
{
    struct form *form = &build->form;
    struct bytes text;
    struct error error;
    if (form_is_null(form, "bic") || !form_text(form, "bic", 1, BIC_SIZE - 1, &text))
        return;
    if (!bic_parse(text, bic_out, &error))
        form_wrong(form, "bic", error.text);
}

/* Which currencies there are is the state's to say. */
static void take_currency(struct build *build, char code_out[CURRENCY_SIZE])
{
    struct form *form = &build->form;
    struct bytes text;
    if (!form_text(form, "currency", 1, TEXT_SIZE_MAX, &text)) {
        if (!form_has(form, "currency"))
            form_missing(form, "currency");
    } else if (currency_valid(text)) {
        memcpy(code_out, text.at, text.size);
    } else {
        form_wrong(form, "currency", "must be three capital letters (ISO 4217)");
    }
}

/* The buffer's room moves while it grows: texts are borrowed of it when all are there. */
static void keep(struct buffer *out, const struct payment_account *account,
                 struct account_words *words)
{
    size_t holder = strlen(account->holder), iban = strlen(account->iban);
    buffer_append_text(out, account->holder);
    buffer_append_text(out, account->iban);
    buffer_append_text(out, account->bic);
    must(!out->overflowed);
    words->holder = bytes_of(out->at, holder);
    words->iban = bytes_of(out->at + holder, iban);
    words->bic = bytes_of(out->at + holder + iban, strlen(account->bic));
}

void build_account(struct build *build)
{
    struct account_words *words = &build->t->body.deal.account;
    struct payment_account account = {.holder = ""};
    take_currency(build, words->currency);
    take_holder(build, account.holder);
    take_iban(build, account.iban);
    take_bic(build, account.bic);
    keep(&build->built->evidence, &account, words);
    words->approver = build_approver(build->input->settle.approver);
}
