#include "partners/charter_risk.h"

#include <inttypes.h>
#include <stdio.h>

enum { USUAL_HAIRCUT = 10000, USUAL_ALERT = 10000, USUAL_PREPAID = 11000, USUAL_REFUSE = 12500 };

/* ---- reading ------------------------------------------------------------------------------- */

static uint32_t read_bp(struct json_reader *reader, const struct spot *spot, uint32_t least,
                        uint32_t most, uint32_t usual)
{
    uint64_t value = usual;
    json_read_uint(reader, spot, least, most, &value);
    return (uint32_t)value;
}

void charter_risk_read(struct json_reader *reader, const struct spot *spot, struct charter *charter)
{
    static const char *const names[] = {"?floor",      "?breakage_bp", "?haircut_bp", "?alert_bp",
                                        "?prepaid_bp", "?refuse_bp",   NULL};
    struct charter_risk *risk = &charter->risk;
    struct spot at[6];
    if (!spot->json)
        return;
    json_object_open(reader, spot, names, at);
    risk->on = true;
    json_read_amount(reader, &at[0], &risk->floor);
    risk->breakage_bp = read_bp(reader, &at[1], 0, 10000, 0);
    risk->haircut_bp = read_bp(reader, &at[2], 0, HAIRCUT_BP_MAX, USUAL_HAIRCUT);
    risk->alert_bp = read_bp(reader, &at[3], 1, THRESHOLD_BP_MAX, USUAL_ALERT);
    risk->prepaid_bp = read_bp(reader, &at[4], 1, THRESHOLD_BP_MAX, USUAL_PREPAID);
    risk->refuse_bp = read_bp(reader, &at[5], 1, THRESHOLD_BP_MAX, USUAL_REFUSE);
    if (risk->alert_bp > risk->prepaid_bp || risk->prepaid_bp > risk->refuse_bp)
        json_mistake(reader, spot, "the thresholds of alert, prepaid and refuse must not go back");
    if (!charter->has_operator)
        json_mistake(reader, spot, "asks for collateral, and there is no operator to hold it");
}

/* ---- writing ------------------------------------------------------------------------------- */

static void put(json_t *object, const char *name, json_t *value)
{
    must(json_object_set_new(object, name, value) == 0);
}

json_t *charter_risk_json(const struct charter *charter)
{
    const struct charter_risk *risk = &charter->risk;
    char floor[32];
    if (!risk->on)
        return NULL;
    json_t *object = json_object();
    (void)snprintf(floor, sizeof(floor), "%" PRId64 ".%06" PRId64, risk->floor.v / 1000000,
                   risk->floor.v % 1000000);
    put(object, "floor", json_string(floor));
    put(object, "breakage_bp", json_integer(risk->breakage_bp));
    put(object, "haircut_bp", json_integer(risk->haircut_bp));
    put(object, "alert_bp", json_integer(risk->alert_bp));
    put(object, "prepaid_bp", json_integer(risk->prepaid_bp));
    put(object, "refuse_bp", json_integer(risk->refuse_bp));
    return object;
}
