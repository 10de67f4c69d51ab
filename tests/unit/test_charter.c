// links: partners
/* Charters: written and read back, every mistake with its path, and the charter's calendar. */
#include "unit/coalition.h"

#include "partners/charter_contracts.h"

static struct charter *draft_full(void)
{
    struct coalition_spec spec = {.names = {"grocer", "books", "cinema", "fuel"},
                                  .operator_name = "operator",
                                  .face = "10000",
                                  .reimbursement = "9000",
                                  .issue_fee = "400",
                                  .redemption_fee = "1",
                                  .sandbox = true};
    struct charter *draft = coalition_draft(&spec);
    coalition_joint(draft, 1, 0, 5000);
    draft->policy.reversal = REVERSAL_WITHIN_BALANCE;
    draft->policy.expiry_months = 24;
    draft->limits.allocations = 77;
    static const struct charter_tax taxes[] = {{"AT-10", 1000}, {"AT-20", 2000}};
    draft->settlement.every = PERIOD_WEEK;
    draft->settlement.propose_days = 0;
    draft->settlement.answer_days = 2;
    draft->settlement.account_days = 9;
    draft->settlement.dispute_days = 30;
    draft->settlement.default_days = 4;
    draft->settlement.rest_days = 1 << 6;
    draft->settlement.holidays = allocate(2, sizeof(int64_t));
    draft->settlement.holiday_count = 2;
    draft->settlement.holidays[0] = date_to_days((struct date){2017, 12, 25});
    draft->settlement.holidays[1] = date_to_days((struct date){2018, 1, 1});
    draft->settlement.taxes = allocate(2, sizeof(taxes[0]));
    draft->settlement.tax_count = 2;
    memcpy(draft->settlement.taxes, taxes, sizeof(taxes));
    memcpy(draft->settlement.fee_tax, "AT-20", sizeof("AT-20"));
    static const struct charter_currency currencies[] = {{"SEK", 2, {87100}}, {"JPY", 0, {0}}};
    draft->contracts.required = true;
    draft->contracts.notice_days = 14;
    draft->contracts.currencies = allocate(2, sizeof(currencies[0]));
    draft->contracts.currency_count = 2;
    memcpy(draft->contracts.currencies, currencies, sizeof(currencies));
    draft->transition_count = 2;
    draft->transitions[0].offset_s = 3600;
    draft->transitions[1].from_ms = UINT64_C(1490490000000);
    draft->transitions[1].offset_s = 7200;
    return draft;
}

/* The draft's JSON; closes the draft. */
static struct buffer written(struct charter *draft)
{
    struct buffer json;
    buffer_init(&json, COALITION_JSON_MAX);
    charter_format(draft, &json);
    REQUIRE(!json.overflowed);
    charter_close(draft);
    return json;
}

/* Replaces the first `from` in the document. */
static void edit(struct buffer *json, const char *from, const char *to)
{
    struct buffer edited;
    const char *text = buffer_text(json), *at = strstr(text, from);
    REQUIRE(at != NULL);
    buffer_init(&edited, COALITION_JSON_MAX);
    buffer_append(&edited, bytes_of(text, (size_t)(at - text)));
    buffer_append_text(&edited, to);
    buffer_append_text(&edited, at + strlen(from));
    buffer_release(json);
    *json = edited;
}

/* The document must be refused with exactly `count` mistakes, the first of them this one. */
static void check_mistakes(struct buffer *json, size_t count, const char *first)
{
    struct charter *charter = NULL;
    struct error error = {0};
    static struct charter_mistakes mistakes;
    mistakes.count = 0;
    CHECK(!charter_parse(buffer_bytes(json), &charter, &mistakes, &error));
    CHECK(charter == NULL);
    CHECK_INT(error.code, ERROR_INVALID);
    CHECK_INT(mistakes.count, count);
    CHECK_TEXT(mistakes.count > 0 ? mistakes.text[0] : "", first);
    buffer_release(json);
}

static void check_edit(const char *from, const char *to, const char *mistake)
{
    struct buffer json = written(draft_full());
    edit(&json, from, to);
    check_mistakes(&json, 1, mistake);
}

/* ---- whole ---------------------------------------------------------------------------------- */

CASE(what_is_written_is_read_back_the_same)
{
    struct charter *draft = draft_full();
    struct buffer json, again;
    struct charter *charter = NULL;
    buffer_init(&json, COALITION_JSON_MAX);
    buffer_init(&again, COALITION_JSON_MAX);
    charter_format(draft, &json);
    REQUIRE(charter_parse(buffer_bytes(&json), &charter, NULL, NULL));
    charter_format(charter, &again);
    CHECK(bytes_equal(buffer_bytes(&json), buffer_bytes(&again)));
    struct hash hash = hash_bytes(buffer_bytes(&json));
    CHECK(hash_equal(&charter->coalition, &hash));
    CHECK_TEXT(charter->name, draft->name);
    CHECK_TEXT(charter->origin, draft->origin);
    CHECK_TEXT(charter->currency, "EUR");
    CHECK_INT(charter->minor_digits, 2);
    CHECK_INT(charter->sandbox_start_ms, draft->sandbox_start_ms);
    CHECK_INT(charter->partner_count, 5);
    CHECK_INT(charter->node_count, 4);
    CHECK_INT(charter->voter_count, 4);
    CHECK(charter->has_operator);
    CHECK_INT(charter->operator_id.v, 4);
    CHECK(memcmp(charter->partners, draft->partners, 5 * sizeof(*draft->partners)) == 0);
    CHECK(memcmp(charter->nodes[3].transport_key, draft->nodes[3].transport_key, 65) == 0);
    CHECK_TEXT(charter->nodes[2].address, "tcp://127.0.0.1:7102");
    CHECK(memcmp(&charter->rates, &draft->rates, sizeof(draft->rates)) == 0);
    CHECK_INT(charter->policy.reversal, REVERSAL_WITHIN_BALANCE);
    CHECK_INT(charter->policy.window_ms, draft->policy.window_ms);
    CHECK_INT(charter->policy.deficit_max.v, draft->policy.deficit_max.v);
    CHECK_INT(charter->limits.allocations, 77);
    CHECK_INT(charter->limits.lane_day_bytes, draft->limits.lane_day_bytes);
    CHECK_INT(charter->joint_funding_count, 1);
    CHECK_INT(charter->joint_funding[0].budget.v, 5000);
    CHECK_INT(charter->transition_count, 2);
    charter_close(charter);
    charter_close(draft);
    buffer_release(&json);
    buffer_release(&again);
}

CASE(a_log_is_public_only_where_the_charter_says_so)
{
    for (int public = 0; public < 2; public ++) {
        struct charter *draft = draft_full(), *charter = NULL;
        draft->log_public = public;
        struct buffer json = written(draft);
        CHECK_INT(strstr(buffer_text(&json), "\"log_public\": true") != NULL, public);
        REQUIRE(charter_parse(buffer_bytes(&json), &charter, NULL, NULL));
        CHECK_INT(charter->log_public, public);
        charter_close(charter);
        buffer_release(&json);
    }
    check_edit("\"partners\": [", "\"log_public\": 1, \"partners\": [",
               "log_public: must be true or false");
}

CASE(what_is_optional_has_the_published_defaults)
{
    struct charter *draft = draft_full();
    struct charter *charter = NULL;
    struct buffer json = written(draft);
    const char *text = buffer_text(&json);
    struct buffer shorter;
    buffer_init(&shorter, COALITION_JSON_MAX);
    const char *policy = strstr(text, ",\n  \"policy\"");
    REQUIRE(policy != NULL);
    buffer_append(&shorter, bytes_of(text, (size_t)(policy - text)));
    buffer_append_text(&shorter, "}");
    REQUIRE(charter_parse(buffer_bytes(&shorter), &charter, NULL, NULL));
    CHECK_INT(charter->policy.reversal, REVERSAL_UNLIMITED);
    CHECK_INT(charter->policy.grace_days, 30);
    CHECK_INT(charter->policy.expire_days, 7);
    CHECK_INT(charter->policy.hold_default_ms, 15 * 60 * 1000);
    CHECK_INT(charter->policy.hold_max_ms, 7 * DAY_MS);
    CHECK_INT(charter->policy.window_ms, 400 * DAY_MS);
    CHECK_INT(charter->policy.late_after_ms, 60000);
    CHECK_INT(charter->policy.clock_bound_ms, 5000);
    CHECK_INT(charter->policy.expiry_months, 0);
    CHECK_INT(charter->limits.batch_bytes, 1 << 20);
    CHECK_INT(charter->limits.cut_bytes, 16 << 20);
    CHECK_INT(charter->limits.lane_cut_bytes, 4 << 20);
    CHECK_INT(charter->limits.lane_day_bytes, UINT64_C(16) << 30);
    CHECK_INT(charter->limits.allocations, 1024);
    CHECK_INT(charter->limits.heartbeat_ms, 60000);
    CHECK_INT(charter->limits.timeout_ms, 1000);
    CHECK_INT(charter->limits.timeout_delta_ms, 500);
    charter_close(charter);
    buffer_release(&json);
    buffer_release(&shorter);
}

/* A charter that says nothing of settlement: months, and the usual days. */
CASE(settlement_has_defaults)
{
    struct buffer json = written(draft_full());
    struct charter *charter = NULL;
    struct error error;
    char *at = strstr(buffer_text(&json), ",\n  \"settlement\"");
    REQUIRE(at != NULL);
    memcpy(at, "\n}\n", sizeof("\n}\n"));
    json.size = (size_t)(at - buffer_text(&json)) + sizeof("\n}\n") - 1;
    REQUIRE(charter_parse(buffer_bytes(&json), &charter, NULL, &error));
    CHECK_INT(charter->settlement.every, PERIOD_MONTH);
    CHECK_INT(charter->settlement.propose_days, 1);
    CHECK_INT(charter->settlement.answer_days, 3);
    CHECK_INT(charter->settlement.pay_days, 5);
    CHECK_INT(charter->settlement.rest_days, SATURDAY_AND_SUNDAY);
    CHECK_INT(charter->settlement.holiday_count, 0);
    CHECK_TEXT(charter->settlement.fee_tax, "");
    CHECK_INT(charter->settlement.account_days, 7);
    CHECK_INT(charter->settlement.dispute_days, 20);
    CHECK_INT(charter->settlement.default_days, 5);
    CHECK_INT(charter->settlement.on_default, DEFAULT_RING_FENCE);
    charter_close(charter);
    buffer_release(&json);
}

CASE(mistakes_of_settlement_are_told)
{
    check_edit("\"week\"", "\"year\"", "settlement.period: must be month, week or day");
    check_edit("\"answer_days\": 2", "\"answer_days\": 9",
               "settlement: the days to propose, answer and pay must not go back");
    check_edit("\"sunday\"", "\"Sunday\"",
               "settlement.rest_days[0]: must be a day of the week such as sunday");
    check_edit("2018-01-01", "2018-02-30",
               "settlement.holidays[1]: must be a day such as 2026-12-25");
    check_edit("2018-01-01", "2017-12-24",
               "settlement.holidays[1]: must be later than the holiday before");
    check_edit("\"account_days\": 9", "\"account_days\": 91",
               "settlement.account_days: is 91; 0 to 90 are possible");
    check_edit("\"default_days\": 4", "\"default_days\": 367",
               "settlement.default_days: is 367; 0 to 366 are possible");
    check_edit("\"on_default\": \"ring-fence\"", "\"on_default\": \"forgive\"",
               "settlement.on_default: must be ring-fence, fund or mutualise");
    check_edit("\"on_default\": \"ring-fence\"", "\"on_default\": \"fund\"",
               "settlement.on_default: needs collateral, and the charter asks for none");
    check_edit("\"AT-10\"", "\"at-10\"",
               "settlement.taxes[0].code: must be capital letters, digits and '-'");
    check_edit("\"AT-10\"", "\"AT-20\"", "settlement.taxes[1].code: stands there before");
    check_edit("\"fee_tax\": \"AT-20\"", "\"fee_tax\": \"AT-30\"",
               "settlement.fee_tax: is not the code of one of the taxes");
}

CASE(the_part_on_contracts_is_read_and_copied)
{
    struct buffer json = written(draft_full());
    struct charter *charter = NULL;
    struct error error;
    REQUIRE(charter_parse(buffer_bytes(&json), &charter, NULL, &error));
    struct charter *copy = charter_copy(charter);
    charter_close(charter);
    CHECK(copy->contracts.required);
    CHECK_INT(copy->contracts.notice_days, 14);
    REQUIRE(copy->contracts.currency_count == 2);
    CHECK_TEXT(copy->contracts.currencies[0].code, "SEK");
    CHECK_INT(copy->contracts.currencies[0].collateral_rate.v, 87100);
    CHECK_INT(copy->contracts.currencies[1].collateral_rate.v, 0);
    CHECK(charter_has_currency(copy, "EUR") && charter_has_currency(copy, "JPY"));
    CHECK(!charter_has_currency(copy, "USD"));
    CHECK_INT(charter_minor_digits(copy, "EUR"), 2);
    CHECK_INT(charter_minor_digits(copy, "JPY"), 0);
    CHECK(charter_has_tax(copy, "") && charter_has_tax(copy, "AT-10"));
    CHECK(!charter_has_tax(copy, "AT-11"));
    /* Payments are made in the order of these. */
    struct charter_line_rules rules;
    charter_line_rules(copy, &rules);
    REQUIRE(rules.rules.currency_count == 3);
    CHECK_TEXT(rules.rules.currencies[0].code, "EUR");
    CHECK_TEXT(rules.rules.currencies[1].code, "JPY");
    CHECK_INT(rules.rules.currencies[1].minor_digits, 0);
    CHECK_TEXT(rules.rules.currencies[2].code, "SEK");
    charter_close(copy);
    buffer_release(&json);
}

CASE(a_charter_without_contracts_requires_none)
{
    struct coalition_spec spec = {.names = {"anna", "bert", "cleo"}};
    struct buffer json = written(coalition_draft(&spec));
    struct charter *charter = NULL;
    CHECK(!strstr(buffer_text(&json), "contracts"));
    REQUIRE(charter_parse(buffer_bytes(&json), &charter, NULL, NULL));
    CHECK(!charter->contracts.required);
    CHECK_INT(charter->contracts.notice_days, 0);
    CHECK_INT(charter->contracts.currency_count, 0);
    charter_close(charter);
    buffer_release(&json);
}

CASE(mistakes_of_contracts_are_told)
{
    check_edit("\"notice_days\": 14", "\"notice_days\": 3661",
               "contracts.notice_days: is 3661; 0 to 3660 are possible");
    check_edit("\"SEK\"", "\"SeK\"",
               "contracts.currencies[0].code: must be three capital letters (ISO 4217)");
    check_edit("\"SEK\"", "\"EUR\"",
               "contracts.currencies[0].code: stands there before, or is the charter's own");
    check_edit("\"JPY\"", "\"SEK\"",
               "contracts.currencies[1].code: stands there before, or is the charter's own");
    check_edit("\"0.087100\"", "\"0.0871001\"",
               "contracts.currencies[0].collateral_rate: must be a decimal text with up to 6 "
               "places, such as \"0.0090\"");
    check_edit("\"0.087100\"", "\"0.000000\"",
               "contracts.currencies[0].collateral_rate: must be above 0 and at most 1000000");
    check_edit("\"0.087100\"", "\"1000000.000001\"",
               "contracts.currencies[0].collateral_rate: must be above 0 and at most 1000000");
    check_edit("\"required\": true", "\"wanted\": true",
               "contracts.wanted: is not a member that a charter has here");
}

/* ---- mistakes -------------------------------------------------------------------------------- */

CASE(a_mistake_is_told_with_its_path)
{
    check_edit("\"version\": 1", "\"version\": 2", "version: is 2; 1 to 1 are possible");
    check_edit("\"EUR\"", "\"eur\"", "currency: must be three capital letters (ISO 4217)");
    check_edit("\"minor_digits\": 2", "\"minor_digits\": 2.0",
               "minor_digits: must be a whole number");
    check_edit("\"grace_days\"", "\"grace_dayz\"",
               "policy.grace_dayz: is not a member that a charter has here");
    check_edit("\"voter\": true", "\"voter\": 1", "nodes[0].voter: must be true or false");
    check_edit("\"reimbursement\": \"0.009000\"", "\"reimbursement\": \"0.0100001\"",
               "rates.reimbursement: must be a decimal text with up to 6 places, such as "
               "\"0.0090\"");
    check_edit("\"reimbursement\": \"0.009000\"", "\"reimbursement\": \"0.02\"",
               "rates.reimbursement: must not be more than the face value");
    check_edit("\"reversal\": \"within_balance\"", "\"reversal\": \"sometimes\"",
               "policy.reversal: must be only_pending, within_balance or unlimited");
    check_edit("tcp://127.0.0.1:7101", "http://127.0.0.1:7101",
               "nodes[1].address: must be tcp://HOST:PORT");
    check_edit("tcp://127.0.0.1:7101", "tcp://127.0.0.1:70000",
               "nodes[1].address: must be tcp://HOST:PORT");
    check_edit("2017-01-01T00:00:00Z", "2017-02-30T00:00:00Z",
               "sandbox.start: must be a UTC time such as 2017-01-01T00:00:00Z");
    check_edit("\"allocations\": 77", "\"allocations\": 1025",
               "limits.allocations: is 1025; 1 to 1024 are possible");
    check_edit("\"budget\": 5000", "\"budget\": 0",
               "joint_funding[0].budget: is 0; 1 to 922337203685477 are possible");
    check_edit("\"issuer\": \"books\"", "\"issuer\": \"bakes\"",
               "joint_funding[0].issuer: no partner is named \"bakes\"");
}

CASE(a_transport_key_must_be_signed_by_its_node)
{
    struct charter *draft = draft_full();
    draft->nodes[2].transport_key[40] ^= 1;
    struct buffer json = written(draft);
    check_mistakes(&json, 1,
                   "nodes[2].transport_signature: does not sign this node's transport key");
}

CASE(keys_and_names_are_used_once)
{
    struct charter *draft = draft_full();
    draft->partners[3].governance_key = draft->nodes[1].sign_key;
    struct buffer json = written(draft);
    check_mistakes(&json, 1, "nodes[1]: uses a key of partners[3] again");
    draft = draft_full();
    draft->nodes[1].log_key = draft->nodes[0].log_key;
    json = written(draft);
    check_mistakes(&json, 1, "nodes[1]: uses a key of nodes[0] again");
    draft = draft_full();
    snprintf(draft->nodes[3].name, sizeof(draft->nodes[3].name), "%s", draft->nodes[0].name);
    coalition_cosigner(draft, 3);
    json = written(draft);
    check_mistakes(&json, 1, "nodes[3]: has the name of nodes[0]");
}

CASE(a_log_key_has_the_origin_as_its_name)
{
    struct charter *draft = draft_full();
    struct public_key key = draft->nodes[0].log_key.key;
    REQUIRE(note_key_make("elsewhere.example/log", NOTE_TYPE_ED25519, &key,
                          &draft->nodes[0].log_key, NULL));
    struct buffer json = written(draft);
    check_mistakes(&json, 1, "nodes[0].log_key: must be named like the charter's origin");
}

CASE(a_cosigner_key_is_of_its_type_and_named_after_its_node)
{
    struct charter *draft = draft_full();
    struct public_key key = draft->nodes[1].cosigner_key.key;
    REQUIRE(note_key_make("ledger.example/test/books-2", NOTE_TYPE_COSIGNATURE, &key,
                          &draft->nodes[1].cosigner_key, NULL));
    struct buffer json = written(draft);
    check_mistakes(&json, 1,
                   "nodes[1].cosigner_key: must be named \"ledger.example/test/books-1\"");
    draft = draft_full();
    draft->nodes[1].cosigner_key = draft->nodes[1].log_key;
    json = written(draft);
    check_mistakes(&json, 2,
                   "nodes[1].cosigner_key: is not a verifier key of type 04 (name+id+base64)");
    draft = draft_full();
    key = draft->nodes[2].log_key.key;
    char name[NOTE_NAME_MAX + 1];
    REQUIRE(charter_cosigner_name(draft->origin, draft->nodes[1].name, name));
    REQUIRE(note_key_make(name, NOTE_TYPE_COSIGNATURE, &key, &draft->nodes[1].cosigner_key, NULL));
    json = written(draft);
    check_mistakes(&json, 1, "nodes[2]: uses a key of nodes[1] again");
    char origin[NOTE_NAME_MAX + 1];
    memset(origin, 'o', sizeof(origin) - 1);
    origin[NOTE_NAME_MAX] = 0;
    CHECK(!charter_cosigner_name(origin, "a", name));
    origin[NOTE_NAME_MAX - 2] = 0;
    CHECK(charter_cosigner_name(origin, "a", name) && strlen(name) == NOTE_NAME_MAX);
}

/* The usual policy of the draft, with `from` in it replaced. */
static struct charter *draft_with_policy(const char *from, const char *to)
{
    struct charter *draft = draft_full();
    struct buffer text;
    buffer_init(&text, COALITION_JSON_MAX);
    charter_policy_format(draft, &text);
    edit(&text, from, to);
    draft->tlog_policy = strdup(buffer_text(&text));
    REQUIRE(draft->tlog_policy != NULL);
    buffer_release(&text);
    return draft;
}

#define OUTSIDE                                                                                    \
    "witness outside partner-a.example/"                                                           \
    "cosigner+71d30f36+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU\n"

CASE(the_usual_tlog_policy_wants_a_quorum_of_the_voters)
{
    struct charter *draft = draft_full(), *charter = NULL;
    draft->nodes[3].voter = false; /* of three, two are enough */
    struct buffer json = written(draft);
    REQUIRE(charter_parse(buffer_bytes(&json), &charter, NULL, NULL));
    CHECK(strstr(charter->tlog_policy, "log ledger.example/test+") == charter->tlog_policy);
    CHECK(strstr(charter->tlog_policy, "\nwitness voter/books-1 ledger.example/test/books-1+") !=
          NULL);
    CHECK(strstr(charter->tlog_policy, "voter/fuel-1") == NULL);
    CHECK(strstr(charter->tlog_policy,
                 "\ngroup voters 2 voter/grocer-1 voter/books-1 voter/cinema-1\n"
                 "quorum voters\n") != NULL);
    charter_close(charter);
    buffer_release(&json);
}

/* Whoever has the policy alone must not accept what the coalition would not. */
CASE(a_tlog_policy_that_is_met_too_easily_is_refused)
{
    static const struct {
        const char *from, *to, *says;
    } rows[] = {
        {"group voters 3", "group voters 2",
         "tlog_policy: its quorum is met with 2 of the voters, not 3"},
        {"group voters 3", "group voters any",
         "tlog_policy: its quorum is met with 1 of the voters, not 3"},
        {"quorum voters", "quorum none",
         "tlog_policy: its quorum is met with 0 of the voters, not 3"},
        {"quorum voters", "quorum voter/fuel-1",
         "tlog_policy: its quorum is met with 1 of the voters, not 3"},
        {"group voters 3", OUTSIDE "group voters 3 outside",
         "tlog_policy: its quorum is met with 2 of the voters, not 3"},
        {"quorum voters", OUTSIDE "group either any outside voters\nquorum either",
         "tlog_policy: its quorum is met with 0 of the voters, not 3"},
        {"quorum voters", "quorum nobody",
         "tlog_policy: line 10: the quorum is not defined on a line before"},
        {"quorum voters\n", "", "tlog_policy: there is no quorum line"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct buffer json = written(draft_with_policy(rows[i].from, rows[i].to));
        check_mistakes(&json, 1, rows[i].says);
    }
}

CASE(a_tlog_policy_may_ask_for_more)
{
    static const char *const more[][2] = {
        {"group voters 3", "group voters all"},
        {"quorum voters", OUTSIDE "group both all outside voters\nquorum both"},
        {"log ", "# ours\n\nlog "},
    };
    for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
        struct charter *charter = NULL;
        struct buffer json = written(draft_with_policy(more[i][0], more[i][1]));
        CHECK(charter_parse(buffer_bytes(&json), &charter, NULL, NULL));
        charter_close(charter);
        buffer_release(&json);
    }
}

CASE(a_tlog_policy_names_exactly_our_logs_and_all_our_voters)
{
    struct charter *other = draft_full();
    struct buffer key;
    char line[NOTE_NAME_MAX + 200];
    buffer_init(&key, COALITION_JSON_MAX);
    note_key_format(&other->nodes[1].log_key, &key);
    snprintf(line, sizeof(line), "log %s\n", buffer_text(&key));
    struct buffer json = written(draft_with_policy(line, ""));
    check_mistakes(&json, 1, "tlog_policy: has no log line with the log key of node books-1");
    json = written(draft_with_policy(
        line,
        "log ledger.example/coalition+ccf77a9b+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\n"));
    check_mistakes(&json, 1, "tlog_policy: has no log line with the log key of node books-1");
    struct buffer more;
    buffer_init(&more, COALITION_JSON_MAX);
    buffer_printf(&more,
                  "%slog ledger.example/coalition+ccf77a9b+"
                  "AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\n",
                  line);
    json = written(draft_with_policy(line, buffer_text(&more)));
    check_mistakes(&json, 1, "tlog_policy: has the key of a log that is no node's");
    buffer_release(&key);
    buffer_clear(&more);
    note_key_format(&other->nodes[1].cosigner_key, &more);
    snprintf(line, sizeof(line), "witness voter/books-1 %s\n", buffer_text(&more));
    json = written(draft_with_policy(line, OUTSIDE));
    check_mistakes(&json, 1, "tlog_policy: line 9: a member is not defined on a line before");
    struct charter *charter = draft_with_policy(line, OUTSIDE);
    struct buffer text;
    buffer_init(&text, COALITION_JSON_MAX);
    buffer_append_text(&text, charter->tlog_policy);
    edit(&text, " voter/books-1", " outside");
    free(charter->tlog_policy);
    charter->tlog_policy = strdup(buffer_text(&text));
    json = written(charter);
    check_mistakes(&json, 1, "tlog_policy: has no witness with the cosigner key of voter books-1");
    buffer_release(&text);
    buffer_release(&more);
    charter_close(other);
}

CASE(a_charter_without_a_tlog_policy_is_refused)
{
    struct buffer json = written(draft_full());
    edit(&json, "\"tlog_policy\"", "\"tlog-policy\"");
    check_mistakes(&json, 2, "tlog-policy: is not a member that a charter has here");
    json = written(draft_with_policy("quorum", "\x01quorum"));
    check_mistakes(&json, 1, "tlog_policy: has a control character");
}

CASE(fees_need_an_operator)
{
    struct charter *draft = draft_full();
    draft->partners[4].is_operator = false;
    struct buffer json = written(draft);
    check_mistakes(&json, 2, "rates.issue_fee: a fee needs an operator to collect it");
}

CASE(two_voters_are_a_choice_and_one_partner_has_one_voter)
{
    struct charter *draft = draft_full();
    draft->nodes[0].voter = draft->nodes[1].voter = false;
    draft->two_voters_accepted = false;
    struct buffer json = written(draft);
    check_mistakes(
        &json, 1, "nodes: with 2 voters either one down halts it: say \"accept_two_voters\": true");
    draft = draft_full();
    draft->nodes[1].partner = draft->nodes[0].partner;
    json = written(draft);
    check_mistakes(&json, 1, "nodes[1]: is the second voter of its partner");
    draft = draft_full();
    for (size_t i = 0; i < 4; i++)
        draft->nodes[i].voter = false;
    json = written(draft);
    check_mistakes(&json, 1, "nodes: has no voter");
}

CASE(all_mistakes_are_told_at_once)
{
    struct buffer json;
    buffer_init(&json, COALITION_JSON_MAX);
    buffer_append_text(&json, "{}");
    check_mistakes(&json, 10, "version: is missing");
    buffer_init(&json, COALITION_JSON_MAX);
    buffer_append_text(&json, "[1]");
    check_mistakes(&json, 1, "charter: must be an object");
    json = written(draft_full());
    edit(&json, "\"EUR\"", "7");
    edit(&json, "\"name\": \"books\"", "\"name\": \"Books\"");
    edit(&json, "\"heartbeat_ms\": 60000", "\"heartbeat_ms\": -1");
    /* the name is missed by books' node and by the joint funding too */
    check_mistakes(&json, 5, "currency: must be a text");
}

CASE(any_damage_is_refused_or_another_coalition)
{
    struct buffer json = written(draft_full());
    struct hash whole = hash_bytes(buffer_bytes(&json));
    size_t refused = 0, read = 0;
    for (size_t i = 0; i < json.size; i += 7) {
        struct charter *charter = NULL;
        struct error error = {0};
        json.at[i] ^= 0x11;
        if (charter_parse(buffer_bytes(&json), &charter, NULL, &error)) {
            CHECK(!hash_equal(&charter->coalition, &whole));
            charter_close(charter);
            read++;
        } else {
            CHECK(error.text[0] != 0);
            refused++;
        }
        json.at[i] ^= 0x11;
    }
    for (size_t size = 0; size + 2 < json.size; size += 53) {
        struct charter *charter = NULL;
        CHECK(!charter_parse(bytes_of(json.at, size), &charter, NULL, NULL));
    }
    printf("%zu refused, %zu read\n", refused, read);
    CHECK(refused > read);
    buffer_release(&json);
}

/* ---- calendar and quorum ----------------------------------------------------------------------
 */

static uint64_t at(const char *text)
{
    uint64_t time_ms = 0;
    REQUIRE(charter_time_parse(bytes_text(text), &time_ms));
    return time_ms;
}

static void check_time(uint64_t time_ms, const char *expected)
{
    char text[CHARTER_TIME_SIZE];
    charter_time_format(time_ms, text);
    CHECK_TEXT(text, expected);
}

CASE(times_are_read_and_written)
{
    CHECK_INT(at("1970-01-01T00:00:00Z"), 0);
    CHECK_INT(at("2027-01-15T08:00:00Z"), START_MS);
    check_time(START_MS, "2027-01-15T08:00:00Z");
    check_time(TIME_MS_MAX, "9999-12-31T23:59:59Z");
    static const char *const bad[] = {"2027-01-15T08:00:00",  "2027-13-01T00:00:00Z",
                                      "2027-02-29T00:00:00Z", "2027-01-15T24:00:00Z",
                                      "2027-01-15 08:00:00Z", "1969-12-31T23:59:59Z"};
    uint64_t time_ms = 0;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK(!charter_time_parse(bytes_text(bad[i]), &time_ms));
    for (uint64_t day = 0; day < 200000; day += 61) {
        char text[CHARTER_TIME_SIZE];
        charter_time_format(day * DAY_MS, text);
        CHECK_INT(at(text), day * DAY_MS);
    }
}

CASE(days_end_at_local_midnight)
{
    struct charter *charter = draft_full(); /* +1 h; +2 h from 2017-03-26T01:00:00Z on */
    check_time(charter_end_of_day(charter, at("2017-01-10T12:00:00Z"), 0), "2017-01-10T23:00:00Z");
    check_time(charter_end_of_day(charter, at("2017-01-10T22:59:59Z"), 0), "2017-01-10T23:00:00Z");
    check_time(charter_end_of_day(charter, at("2017-01-10T23:00:00Z"), 0), "2017-01-11T23:00:00Z");
    check_time(charter_end_of_day(charter, at("2017-03-25T12:00:00Z"), 0), "2017-03-25T23:00:00Z");
    check_time(charter_end_of_day(charter, at("2017-03-26T12:00:00Z"), 0), "2017-03-26T22:00:00Z");
    check_time(charter_end_of_day(charter, at("2017-03-20T12:00:00Z"), 30), "2017-04-19T22:00:00Z");
    charter_close(charter);
}

/* Clocks go from 23:30 to 00:30, and another year from 00:30 back to 23:30. */
CASE(a_day_begins_when_clocks_first_show_it)
{
    struct charter *charter = draft_full();
    charter->transition_count = 3;
    charter->transitions[0].offset_s = 0;
    charter->transitions[1].from_ms = at("2017-03-25T23:30:00Z");
    charter->transitions[1].offset_s = 3600;
    charter->transitions[2].from_ms = at("2017-10-28T23:30:00Z");
    charter->transitions[2].offset_s = 0;
    check_time(charter_end_of_day(charter, at("2017-03-25T12:00:00Z"), 0), "2017-03-25T23:30:00Z");
    CHECK_INT(charter_day(charter, at("2017-03-25T23:30:00Z")),
              charter_day(charter, at("2017-03-26T12:00:00Z")));
    check_time(charter_end_of_day(charter, at("2017-10-28T12:00:00Z"), 0), "2017-10-28T23:00:00Z");
    charter_close(charter);
}

CASE(months_are_clipped_to_their_last_day)
{
    struct charter *charter = draft_full();
    charter->transition_count = 1;
    charter->transitions[0].offset_s = 0;
    check_time(charter_months_later(charter, at("2027-01-31T10:00:00Z"), 1),
               "2027-03-01T00:00:00Z");
    check_time(charter_months_later(charter, at("2028-01-31T10:00:00Z"), 1),
               "2028-03-01T00:00:00Z");
    check_time(charter_months_later(charter, at("2027-11-15T10:00:00Z"), 14),
               "2029-01-16T00:00:00Z");
    check_time(charter_months_later(charter, at("2027-11-15T10:00:00Z"), 0),
               "2027-11-16T00:00:00Z");
    charter_close(charter);
}

CASE(quorums_are_as_the_design_says)
{
    static const size_t quorums[][2] = {{1, 1}, {2, 2}, {3, 2}, {4, 3}, {7, 5}, {64, 43}};
    for (size_t i = 0; i < ARRAY_SIZE(quorums); i++)
        CHECK_INT(quorum_size(quorums[i][0]), quorums[i][1]);
    for (size_t n = 1; n <= VOTERS_MAX; n++) {
        CHECK(2 * quorum_size(n) > n + quorum_faulty(n));
        CHECK(quorum_size(n) <= n - quorum_faulty(n));
    }
}

int main(void)
{
    RUN(what_is_written_is_read_back_the_same);
    RUN(a_log_is_public_only_where_the_charter_says_so);
    RUN(what_is_optional_has_the_published_defaults);
    RUN(settlement_has_defaults);
    RUN(mistakes_of_settlement_are_told);
    RUN(the_part_on_contracts_is_read_and_copied);
    RUN(a_charter_without_contracts_requires_none);
    RUN(mistakes_of_contracts_are_told);
    RUN(a_mistake_is_told_with_its_path);
    RUN(a_transport_key_must_be_signed_by_its_node);
    RUN(keys_and_names_are_used_once);
    RUN(a_log_key_has_the_origin_as_its_name);
    RUN(a_cosigner_key_is_of_its_type_and_named_after_its_node);
    RUN(the_usual_tlog_policy_wants_a_quorum_of_the_voters);
    RUN(a_tlog_policy_that_is_met_too_easily_is_refused);
    RUN(a_tlog_policy_may_ask_for_more);
    RUN(a_tlog_policy_names_exactly_our_logs_and_all_our_voters);
    RUN(a_charter_without_a_tlog_policy_is_refused);
    RUN(fees_need_an_operator);
    RUN(two_voters_are_a_choice_and_one_partner_has_one_voter);
    RUN(all_mistakes_are_told_at_once);
    RUN(any_damage_is_refused_or_another_coalition);
    RUN(times_are_read_and_written);
    RUN(days_end_at_local_midnight);
    RUN(a_day_begins_when_clocks_first_show_it);
    RUN(months_are_clipped_to_their_last_day);
    RUN(quorums_are_as_the_design_says);
    return check_report();
}
