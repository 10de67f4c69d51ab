/* Payment accounts: where partners are paid, and what is about to change. */
#include "node/account_text.h"
#include "node/api_parts.h"

#include <string.h>

/* ---- records --------------------------------------------------------------------------------- */

static void put_bic(struct json_out *json, struct bytes bic)
{
    if (bic.size > 0)
        json_put_text(json, "bic", bic);
    else
        json_put_null(json, "bic");
}

void api_account_body_write(struct json_out *json, const struct account_words *words)
{
    json_put_word(json, "currency", words->currency);
    json_put_text(json, "holder", words->holder);
    json_put_text(json, "iban", words->iban);
    put_bic(json, words->bic);
    json_put_hex(json, "approver", hash_as_bytes(&words->approver));
}

/* ---- what came of an approval ---------------------------------------------------------------- */

static bool says(const struct account_words *words, const struct payment_account *account)
{
    return bytes_equal(words->holder, bytes_text(account->holder)) &&
           bytes_equal(words->iban, bytes_text(account->iban)) &&
           bytes_equal(words->bic, bytes_text(account->bic));
}

static void put_state(struct json_out *json, const char *state, int approvals)
{
    json_put_word(json, "state", state);
    json_put_int(json, "approvals", approvals);
    json_put_bool(json, "second_approval_needed", approvals < 2);
}

void api_account_result_write(const struct api *api, struct json_out *json,
                              const struct account_words *words)
{
    const struct account_row *row =
        payment_accounts_of(state_accounts(api_state(api)), api->partner, words->currency);
    json_put_word(json, "currency", words->currency);
    json_put_text(json, "holder", words->holder);
    json_put_text(json, "iban", words->iban);
    put_bic(json, words->bic);
    if (!row)
        return;
    if (says(words, &row->waiting)) {
        put_state(json, "waiting", 2);
        json_put_time(json, "from", row->waiting.effective_ms);
    } else if (says(words, &row->pending)) {
        put_state(json, "pending", 1);
    } else if (says(words, &row->in_force)) {
        put_state(json, "in-force", 2);
        json_put_time(json, "from", row->in_force.effective_ms);
    } else {
        json_put_word(json, "state", "replaced");
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void put_account(struct json_out *json, const char *name, const char *since,
                        const struct payment_account *account)
{
    if (!payment_account_given(account)) {
        json_put_null(json, name);
        return;
    }
    json_open_object(json, name);
    json_put_word(json, "holder", account->holder);
    json_put_word(json, "iban", account->iban);
    put_bic(json, bytes_text(account->bic));
    if (since)
        json_put_time(json, since, account->effective_ms);
    json_close_object(json);
}

void api_get_accounts(struct api_call *call)
{
    struct api *api = call->api;
    const struct payment_accounts *accounts = state_accounts(api_state(api));
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    json_put_int(&json, "account_days", api->charter->settlement.account_days);
    json_put_bool(&json, "sandbox", api->charter->sandbox);
    json_put_time(&json, "ledger_time", state_time_ms(api_state(api)));
    json_put_uint(&json, "height", api_status(api)->height);
    json_put_uint(&json, "records", api_status(api)->records);
    json_open_array(&json, "accounts");
    for (size_t i = 0; i < accounts->count; i++) {
        const struct account_row *row = &accounts->at[i];
        json_open_object(&json, NULL);
        json_put_word(&json, "partner", api_partner_name(api, row->partner));
        json_put_word(&json, "currency", row->currency);
        put_account(&json, "in_force", "since", &row->in_force);
        put_account(&json, "waiting", "from", &row->waiting);
        put_account(&json, "pending", NULL, &row->pending);
        json_close_object(&json);
    }
    json_close_array(&json);
    json_close_object(&json);
    api_respond_json(call, &body);
}

void api_accounts_waiting_write(const struct api *api, struct json_out *json)
{
    const struct payment_accounts *accounts = state_accounts(api_state(api));
    json_open_array(json, "account_changes_waiting");
    for (size_t i = 0; i < accounts->count; i++) {
        const struct account_row *row = &accounts->at[i];
        if (!payment_account_given(&row->waiting))
            continue;
        json_open_object(json, NULL);
        json_put_word(json, "partner", api_partner_name(api, row->partner));
        json_put_word(json, "currency", row->currency);
        json_put_word(json, "iban_ends", iban_ends(row->waiting.iban));
        json_put_time(json, "from", row->waiting.effective_ms);
        json_close_object(json);
    }
    json_close_array(json);
}
