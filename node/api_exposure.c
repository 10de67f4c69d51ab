/* Exposure: what partners have outstanding, the collateral that they have posted for it, and what
 * that lets them issue. */
#include "node/api_parts.h"
#include "partners/risk.h"

static void put_money(const struct api *api, struct json_out *json, const char *name,
                      struct money money)
{
    json_put_money(json, name, money, api->charter->minor_digits);
}

/* ---- records, and what has come of them ------------------------------------------------------ */

void api_collateral_body_write(const struct api *api, struct json_out *json,
                               const struct collateral *posted)
{
    json_put_word(json, "partner", api_partner_name(api, posted->partner));
    json_put_word(json, "currency", posted->currency);
    put_money(api, json, "amount", api_micro_money(posted->amount));
}

/* "collateral" and on. */
static void put_standing(const struct api *api, struct json_out *json, const struct risk *risk)
{
    put_money(api, json, "needed", risk_needed(&api->charter->risk, risk));
    put_money(api, json, "collateral", api_micro_money(risk->collateral));
    json_put_word(json, "mode", risk_mode_word(risk->mode));
}

void api_collateral_result_write(const struct api *api, struct json_out *json,
                                 const struct collateral *posted)
{
    if (posted->partner.v >= state_charter(api_state(api))->partner_count)
        return;
    json_put_word(json, "partner", api_partner_name(api, posted->partner));
    put_standing(api, json, state_risk(api_state(api), posted->partner));
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void put_terms(const struct api *api, struct json_out *json)
{
    const struct charter_risk *rules = &api->charter->risk;
    if (!rules->on) {
        json_put_null(json, "terms");
        return;
    }
    json_open_object(json, "terms");
    put_money(api, json, "floor", api_micro_money(rules->floor));
    json_put_uint(json, "breakage_bp", rules->breakage_bp);
    json_put_uint(json, "haircut_bp", rules->haircut_bp);
    json_put_uint(json, "alert_bp", rules->alert_bp);
    json_put_uint(json, "prepaid_bp", rules->prepaid_bp);
    json_put_uint(json, "refuse_bp", rules->refuse_bp);
    json_close_object(json);
}

static void put_partner(const struct api *api, struct json_out *json, struct partner_id partner)
{
    const struct risk *risk = state_risk(api_state(api), partner);
    json_open_object(json, NULL);
    json_put_word(json, "partner", api_partner_name(api, partner));
    json_put_bool(json, "left", state_charter(api_state(api))->partners[partner.v].left);
    api_put_points_bp(json, "outstanding", risk->outstanding_bp);
    put_money(api, json, "highest_reimbursement", api_micro_money(risk->price));
    put_money(api, json, "exposure", risk_exposure(risk));
    put_standing(api, json, risk);
    json_close_object(json);
}

void api_get_exposure(struct api_call *call)
{
    struct api *api = call->api;
    const struct charter *charter = state_charter(api_state(api));
    struct buffer body;
    struct json_out json;
    buffer_init(&body, API_RESPONSE_MAX);
    json_out_init(&json, &body);
    json_open_object(&json, NULL);
    json_put_word(&json, "currency", charter->currency);
    json_put_bool(&json, "sandbox", charter->sandbox);
    json_put_time(&json, "ledger_time", state_time_ms(api_state(api)));
    json_put_uint(&json, "height", api_status(api)->height);
    json_put_uint(&json, "records", api_status(api)->records);
    json_put_base64(&json, "root", hash_as_bytes(&api_status(api)->root));
    put_terms(api, &json);
    json_open_array(&json, "partners");
    for (uint16_t i = 0; charter->risk.on && i < charter->partner_count; i++)
        put_partner(api, &json, (struct partner_id){i});
    json_close_array(&json);
    json_close_object(&json);
    api_respond_json(call, &body);
}

void api_risks_write(const struct api *api, struct json_out *json)
{
    const struct charter *charter = state_charter(api_state(api));
    json_open_array(json, "collateral_short");
    for (uint16_t i = 0; charter->risk.on && i < charter->partner_count; i++) {
        const struct risk *risk = state_risk(api_state(api), (struct partner_id){i});
        if (risk->mode == RISK_COVERED)
            continue;
        json_open_object(json, NULL);
        json_put_word(json, "partner", api_partner_name(api, (struct partner_id){i}));
        put_standing(api, json, risk);
        json_close_object(json);
    }
    json_close_array(json);
}
