// links: node
// also: sim/disk.c
/* Exposure and collateral over the API: who writes it, what everybody sees of it, what a node tells
 * of its own, and the report. */
#include "unit/apis_world.h"

#include "node/api_build.h"
#include "node/api_parts.h"
#include "node/receipt_words.h"
#include "node/report_exposure.h"
#include "node/risk_watch.h"

#define COLLATERAL "/v1/collateral"

/* The cinema holds the collateral. */
static void open_risky(bool asked)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "fuel"},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .sandbox = true};
    struct charter *draft = coalition_draft(&spec);
    draft->sandbox_start_ms = START_MS;
    draft->partners[CINEMA].is_operator = true;
    draft->risk = (struct charter_risk){.on = asked,
                                        .haircut_bp = 10000,
                                        .alert_bp = 10000,
                                        .prepaid_bp = 11000,
                                        .refuse_bp = 12500};
    open_apis(draft);
    CHECK_INT(post(GROCER, "/v1/members", TILL, "{\"member\":\"" MEMBER "\"}"), 200);
}

static int earn(int64_t points)
{
    char body[128];
    snprintf(body, sizeof(body), "{\"member\":\"" MEMBER "\",\"points\":%lld}", (long long)points);
    return post(GROCER, "/v1/earn", TILL, body);
}

static int move(const char *amount, bool release)
{
    char body[128];
    snprintf(body, sizeof(body), "{\"partner\":\"grocer\",\"amount\":\"%s\"%s}", amount,
             release ? ",\"release\":true" : "");
    return post(CINEMA, COLLATERAL, FINANCE, body);
}

static json_t *row_of(const char *partner)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(answer.json, "partners"), i, row)
    {
        if (strcmp(word_in(row, "partner"), partner) == 0)
            return row;
    }
    REQUIRE(!"the partner is there");
    return NULL;
}

CASE(everybody_sees_what_is_outstanding_and_needed)
{
    open_risky(true);
    CHECK_INT(move("9.00", false), 200);
    CHECK_TEXT(word("partner"), "grocer");
    CHECK_TEXT(word("collateral"), "9.00");
    CHECK_TEXT(word("needed"), "0.00");
    CHECK_TEXT(word("mode"), "covered");
    CHECK_INT(earn(1050), 200);
    CHECK_INT(get(BOOKS, "/v1/exposure"), 200);
    json_t *row = row_of("grocer");
    CHECK_INT(count_of("partners"), 4);
    CHECK_TEXT(word_in(row, "outstanding"), "1050");
    CHECK_TEXT(word_in(row, "highest_reimbursement"), "0.009");
    CHECK_TEXT(word_in(row, "exposure"), "9.45");
    CHECK_TEXT(word_in(row, "needed"), "9.45");
    CHECK_TEXT(word_in(row, "collateral"), "9.00");
    CHECK_TEXT(word_in(row, "mode"), "alert");
    CHECK_TEXT(word_in(row_of("fuel"), "mode"), "covered");
    CHECK_TEXT(word_in(json_object_get(answer.json, "terms"), "floor"), "0.00");
    CHECK_INT(ask(BOOKS, "GET", "/v1/coalition", TILL, NULL, NULL), 200);
    REQUIRE(count_of("collateral_short") == 1);
    CHECK_TEXT(word_in(item("collateral_short", 0), "partner"), "grocer");
    CHECK_TEXT(word_in(item("collateral_short", 0), "mode"), "alert");
    CHECK_INT(earn(201), 409);
    CHECK_TEXT(word("code"), "issuer-over-limit");
    CHECK_INT(move("1.00", true), 409);
    CHECK_TEXT(word("code"), "collateral-needed");
    close_all();
}

CASE(without_a_part_on_risk_nobody_is_listed)
{
    open_risky(false);
    CHECK_INT(get(BOOKS, "/v1/exposure"), 200);
    CHECK(json_is_null(json_object_get(answer.json, "terms")));
    CHECK_INT(count_of("partners"), 0);
    CHECK_INT(move("9.00", false), 403);
    CHECK_TEXT(word("code"), "not-authorised");
    CHECK_INT(ask(BOOKS, "GET", "/v1/coalition", TILL, NULL, NULL), 200);
    CHECK_INT(count_of("collateral_short"), 0);
    close_all();
}

CASE(collateral_is_for_the_operators_office_and_finance)
{
    static const int others[] = {TILL, AUDITOR, ADMIN};
    static const char nine[] = "{\"partner\":\"grocer\",\"amount\":\"9\"}";
    open_risky(true);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        CHECK_INT(post(CINEMA, COLLATERAL, others[i], nine), 403);
    CHECK_INT(ask(CINEMA, "GET", "/v1/exposure", TILL, NULL, NULL), 403);
    CHECK_INT(ask(CINEMA, "GET", "/v1/exposure", AUDITOR, NULL, NULL), 200);
    CHECK_INT(post(GROCER, COLLATERAL, OFFICE, nine), 403);
    CHECK_TEXT(word("code"), "not-authorised");
    CHECK_INT(post(CINEMA, COLLATERAL, OFFICE, nine), 200);
    CHECK(!api_in_batch(TRANSACTION_COLLATERAL));
    close_all();
}

CASE(mistakes_in_collateral_are_told)
{
    static const struct {
        const char *body, *pointer;
    } rows[] = {
        {"{\"partner\":\"nobody\",\"amount\":\"9\"}", "/partner"},
        {"{\"partner\":\"grocer\",\"amount\":\"-9\"}", "/amount"},
        {"{\"partner\":\"grocer\",\"amount\":\"0\"}", "/amount"},
        {"{\"partner\":\"grocer\",\"amount\":\"1000000000.000001\"}", "/amount"},
        {"{\"partner\":\"grocer\",\"amount\":\"9\",\"currency\":\"EURO\"}", "/currency"},
        {"{\"partner\":\"grocer\",\"amount\":\"9\",\"release\":1}", "/release"},
    };
    open_risky(true);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CHECK_INT(post(CINEMA, COLLATERAL, OFFICE, rows[i].body), 400);
        CHECK_INT(count_of("errors"), 1);
        CHECK_TEXT(word_in(item("errors", 0), "pointer"), rows[i].pointer);
    }
    CHECK_INT(post(CINEMA, COLLATERAL, OFFICE, "{}"), 400);
    CHECK_INT(count_of("errors"), 2);
    close_all();
}

static const char *line_of(const struct receipt_words *words, const char *label)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->lines[i].label, label) == 0)
            return words->lines[i].value;
    return "(no line)";
}

CASE(a_record_of_collateral_is_read)
{
    char target[64];
    struct receipt_words words;
    struct buffer bytes;
    open_risky(true);
    CHECK_INT(move("9.50", false), 200);
    CHECK_INT(move("9.50", true), 200);
    uint64_t index = (uint64_t)number("index");
    snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)index);
    CHECK_INT(get(GROCER, target), 200);
    json_t *body = json_object_get(answer.json, "body");
    CHECK_TEXT(word_in(body, "partner"), "grocer");
    CHECK_TEXT(word_in(body, "currency"), "EUR");
    CHECK_TEXT(word_in(body, "amount"), "-9.50");
    buffer_init(&bytes, RECORD_SIZE_MAX);
    REQUIRE(replica_record(w->nodes[GROCER].replica, index, &bytes, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&bytes), w->charter, &words, NULL));
    CHECK_TEXT(line_of(&words, "collateral"), "9.50 EUR given back to partner 0 (grocer)");
    buffer_release(&bytes);
    close_all();
}

/* ---- what a node tells of its own ------------------------------------------------------------ */

CASE(a_node_tells_when_its_partner_may_issue_less)
{
    struct charter charter = {.currency = "EUR",
                              .minor_digits = 2,
                              .risk = {.on = true,
                                       .haircut_bp = 10000,
                                       .alert_bp = 10000,
                                       .prepaid_bp = 11000,
                                       .refuse_bp = 12500}};
    struct risk own = {.outstanding_bp = 10500000, .price = {9000}, .collateral = {9000000}};
    struct risk_watch watch = {.changes = 0};
    struct risk_room room;
    struct log_field fields[RISK_FIELDS_MAX];
    struct buffer metrics;
    CHECK(!risk_watch_look(&watch, &own));
    CHECK(risk_settle(&charter.risk, &own));
    CHECK(risk_watch_look(&watch, &own));
    CHECK(!risk_watch_look(&watch, &own));
    CHECK_INT(risk_watch_fields(&charter, &own, &room, fields), RISK_FIELDS_MAX);
    CHECK_TEXT(room.exposure, "9.45");
    CHECK_TEXT(room.needed, "9.45");
    CHECK_TEXT(room.collateral, "9.00");
    buffer_init(&metrics, 4096);
    risk_watch_metrics(&watch, &charter, &own, &metrics);
    CHECK(strstr(buffer_text(&metrics), "\naccrue_exposure{currency=\"EUR\"} 9.45\n"));
    CHECK(strstr(buffer_text(&metrics), "\naccrue_collateral{currency=\"EUR\"} 9.00\n"));
    CHECK(strstr(buffer_text(&metrics), "\naccrue_collateral_needed{currency=\"EUR\"} 9.45\n"));
    CHECK(strstr(buffer_text(&metrics), "\naccrue_risk_mode 1\n"));
    CHECK(strstr(buffer_text(&metrics), "\naccrue_risk_mode_changes_total 1\n"));
    own.collateral.v = 9450000;
    CHECK(risk_settle(&charter.risk, &own));
    CHECK(risk_watch_look(&watch, &own));
    buffer_clear(&metrics);
    charter.risk.on = false;
    risk_watch_metrics(&watch, &charter, &own, &metrics);
    CHECK_INT(metrics.size, 0);
    buffer_release(&metrics);
}

/* ---- the report ------------------------------------------------------------------------------ */

static void check_report_has(const char *format, const char *piece)
{
    struct buffer report;
    struct error error = {0};
    buffer_init(&report, 1 << 20);
    CHECK(report_exposure_write(answer.json, format, &report, &error));
    CHECK(strstr(buffer_text(&report), piece));
    buffer_release(&report);
}

CASE(exposure_is_written_as_a_report)
{
    struct buffer report;
    struct error error = {0};
    open_risky(true);
    CHECK_INT(move("9.00", false), 200);
    CHECK_INT(earn(1050), 200);
    CHECK_INT(get(BOOKS, "/v1/exposure"), 200);
    check_report_has("csv", "partner,outstanding,highest_reimbursement,exposure,needed,"
                            "collateral,mode,currency,ledger_time,records,root\r\n"
                            "grocer,1050,0.009,9.45,9.45,9.00,alert,EUR,2027-01-");
    check_report_has("json", "\"exposure\": \"9.45\"");
    check_report_has("html", "<tr><td>grocer</td><td class=\"n\">1050</td>");
    check_report_has("html", "This is a sandbox");
    buffer_init(&report, 1 << 20);
    CHECK(!report_exposure_write(answer.json, "pdf", &report, &error));
    CHECK_INT(error.code, ERROR_INVALID);
    json_object_del(json_array_get(json_object_get(answer.json, "partners"), 0), "mode");
    CHECK(!report_exposure_write(answer.json, "csv", &report, &error));
    CHECK_INT(report.size, 0);
    buffer_release(&report);
    close_all();
}

int main(void)
{
    RUN(everybody_sees_what_is_outstanding_and_needed);
    RUN(without_a_part_on_risk_nobody_is_listed);
    RUN(collateral_is_for_the_operators_office_and_finance);
    RUN(mistakes_in_collateral_are_told);
    RUN(a_record_of_collateral_is_read);
    RUN(a_node_tells_when_its_partner_may_issue_less);
    RUN(exposure_is_written_as_a_report);
    return check_report();
}
