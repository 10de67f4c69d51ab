/* api_january.h - a month of four partners, each asked at its own node: what settlement and the
 * points of a period are told of.
 */
#ifndef TESTS_UNIT_API_JANUARY_H
#define TESTS_UNIT_API_JANUARY_H

#include "unit/apis_world.h"

#include "node/api_parts.h"

#define JANUARY "/v1/periods/2027-01"

/* The cinema collects the fees; months begin and end in UTC. */
static inline struct charter *january_draft(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "fuel"},
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400",
                                  .sandbox = true};
    struct charter *draft = coalition_draft(&spec);
    draft->partners[CINEMA].is_operator = true;
    draft->sandbox_start_ms = START_MS;
    draft->settlement.rest_days = SATURDAY_AND_SUNDAY;
    draft->settlement.propose_days = 1;
    draft->settlement.answer_days = 3;
    draft->settlement.pay_days = 5;
    draft->settlement.default_days = 5;
    draft->settlement.dispute_days = 20;
    return draft;
}

static inline void open_all(void)
{
    open_apis(january_draft());
}

static uint64_t redemptions[2], activation; /* records */

/* 350 points of the grocer's, 100 of them active only from the 20th on; 120 are spent at the cinema
 * at once, and 30 later. Owed to the cinema: 1.35, and fees of 0.14 for what is active. */
static inline void play_january(void)
{
    CHECK_INT(post(GROCER, "/v1/members", TILL, "{\"member\":\"" MEMBER "\"}"), 200);
    CHECK_INT(post(GROCER, "/v1/earn", TILL, "{\"member\":\"" MEMBER "\",\"points\":250}"), 200);
    CHECK_INT(post(GROCER, "/v1/earn", TILL,
                   "{\"member\":\"" MEMBER
                   "\",\"points\":100,\"activates\":\"2027-01-20T00:00:00Z\"}"),
              200);
    CHECK_INT(post(CINEMA, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":120}"), 200);
    redemptions[0] = (uint64_t)number("index");
    clock_to("2027-01-21T00:00:00Z");
    struct buffer effects;
    buffer_init(&effects, DISPUTE_EVIDENCE_MAX);
    while (activation < world_status(w, GROCER).records &&
           !replica_automatic(w->nodes[GROCER].replica, activation, &effects, NULL))
        activation++;
    REQUIRE(effects.size > 0);
    buffer_release(&effects);
    CHECK_INT(post(CINEMA, "/v1/redeem", TILL, "{\"member\":\"" MEMBER "\",\"points\":30}"), 200);
    redemptions[1] = (uint64_t)number("index");
}

static inline void open_january(void)
{
    activation = 0;
    open_all();
    play_january();
}

/* That of a list of lines: exact amounts. */
static inline const char *amount_of(const char *list, const char *debtor, const char *creditor,
                                    const char *line_class, const char *name)
{
    json_t *line;
    size_t i;
    json_array_foreach(json_object_get(answer.json, list), i, line)
    {
        if (strcmp(word_in(line, "debtor"), debtor) == 0 &&
            strcmp(word_in(line, "creditor"), creditor) == 0 &&
            strcmp(word_in(line, "class"), line_class) == 0)
            return word_in(line, name);
    }
    return "(no line)";
}

static inline void open_proposed(void)
{
    open_january();
    clock_to("2027-02-02T09:00:00Z");
    CHECK_INT(post(CINEMA, JANUARY "/propose", OFFICE, "{}"), 200);
}

/* Body of a dispute or an answer to one: the grocer's debt to the cinema. */
static inline const char *line_body(uint64_t record, const char *line_class, const char *more)
{
    static char text[256];
    snprintf(text, sizeof(text),
             "{\"record\":%llu,\"debtor\":\"grocer\",\"creditor\":\"cinema\",\"class\":\"%s\",%s}",
             (unsigned long long)record, line_class, more);
    return text;
}

static inline const char *sign_body(void)
{
    static char text[96];
    CHECK_INT(get(GROCER, JANUARY), 200);
    snprintf(text, sizeof(text), "{\"totals\":\"%s\"}", word("totals"));
    return text;
}

static inline void sign_twice(uint16_t node)
{
    const char *body = sign_body();
    CHECK_INT(post(node, JANUARY "/sign", OFFICE, body), 200);
    CHECK_INT(post(node, JANUARY "/sign", FINANCE, body), 200);
    CHECK_INT(number("approvals"), 2);
}

#endif
