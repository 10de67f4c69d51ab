// links: node
/* What a signer sees of a contract: the node that shows it is a stranger. */
#include "check.h"

#include "node/contract_view.h"
#include "node/json_out.h"

#include <string.h>

static const struct rate_card card = {.funder = {0},
                                      .redeemer = {2},
                                      .face_currency = "EUR",
                                      .settlement_currency = "SEK",
                                      .face = {10000},
                                      .reimbursement = {95000},
                                      .issue_fee = {400},
                                      .redemption_fee = {0},
                                      .redemption_tax = "SE-25",
                                      .year_cap = {5000},
                                      .from_ms = UINT64_C(1801440000000),
                                      .exit_days = 90};

static json_t *partners(void)
{
    return json_pack("[s, s, s]", "grocer", "books", "cinema");
}

/* As a node tells of it. */
static json_t *told(void)
{
    char hex[HASH_HEX_SIZE + 1];
    struct hash digest = rate_card_digest(&card);
    hex_encode(hash_as_bytes(&digest), hex);
    json_t *contract = json_pack(
        "{s:i, s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:n, s:i, s:s, "
        "s:n, s:i, s:n, s:s}",
        "contract", 7, "state", "proposed", "in_force", 0, "proposer", "grocer", "funder", "grocer",
        "redeemer", "cinema", "face", "0.01", "face_currency", "EUR", "reimbursement", "0.095",
        "currency", "SEK", "issue_fee", "0.0004", "redemption_fee", "0.00", "redemption_tax",
        "SE-25", "fee_tax", "period_cap", "year_cap", 5000, "from", "2027-02-01T00:00:00.000Z",
        "until", "exit_days", 90, "ends", "digest", hex);
    REQUIRE(contract != NULL);
    return contract;
}

static bool reads(const json_t *contract, struct contract_view *view, struct error *error)
{
    json_t *names = partners();
    bool good = contract_view_read(contract, names, view, error);
    json_decref(names);
    return good;
}

CASE(what_is_shown_is_what_the_digest_is_of)
{
    struct contract_view view;
    struct error error = {.code = ERROR_NONE};
    struct hash digest = rate_card_digest(&card);
    struct buffer words;
    json_t *contract = told();
    buffer_init(&words, CONTRACT_WORDS_MAX);
    CHECK(reads(contract, &view, &error));
    CHECK_TEXT(error.text, "");
    CHECK(hash_equal(&view.digest, &digest));
    CHECK_INT(view.number, 7);
    contract_view_words(&view, NULL, &words);
    const char *text = buffer_text(&words);
    static const char *const wanted[] = {
        "Contract 7, proposed: points of grocer at cinema\n",
        "0.01 EUR a point",
        "0.095 SEK a point",
        "0.0004 SEK a point",
        "SE-25",
        "none",
        "5000 points",
        "2027-02-01T00:00:00Z  (2027-02-01T00:00:00.000Z)\n",
        "the next one of these two begins",
        "either may, with 90 days' notice",
        "proposed by      grocer",
    };
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        CHECK(strstr(text, wanted[i]) != NULL);
    CHECK(!strstr(text, "ends "));
    buffer_release(&words);
    json_decref(contract);
}

/* The zone is the node's word, the moment what is signed. */
CASE(a_day_is_shown_by_the_clocks_of_the_charter_beside_the_moment)
{
    static struct charter charter = {.transition_count = 1, .transitions = {{0, 3600}}};
    struct contract_view view;
    struct error error;
    struct buffer words;
    json_t *contract = told();
    buffer_init(&words, CONTRACT_WORDS_MAX);
    json_object_set_new(contract, "state", json_string("signed"));
    json_object_set_new(contract, "ends", json_string("2027-05-31T23:00:00Z"));
    REQUIRE(reads(contract, &view, &error));
    contract_view_words(&view, &charter, &words);
    CHECK(strstr(buffer_text(&words),
                 "  from             2027-02-01T01:00:00+01:00  (2027-02-01T00:00:00.000Z)\n"));
    CHECK(
        strstr(buffer_text(&words), "  ends             2027-06-01  (2027-05-31T23:00:00.000Z)\n"));
    buffer_release(&words);
    json_decref(contract);
}

/* Its end as it stands is told beside what was signed. */
CASE(where_a_signed_contract_ends_is_shown)
{
    static const char *const told_ends[][2] = {
        {"null", "  ends             not yet\n"},
        {"\"2027-06-01T00:00:00.000Z\"",
         "  ends             2027-06-01T00:00:00Z  (2027-06-01T00:00:00.000Z)\n"}};
    struct contract_view view;
    struct error error;
    for (size_t i = 0; i < ARRAY_SIZE(told_ends); i++) {
        struct buffer words;
        json_t *contract = told();
        buffer_init(&words, CONTRACT_WORDS_MAX);
        json_object_set_new(contract, "state", json_string("signed"));
        json_object_set_new(contract, "ends", json_loads(told_ends[i][0], JSON_DECODE_ANY, NULL));
        REQUIRE(reads(contract, &view, &error));
        contract_view_words(&view, NULL, &words);
        CHECK(strstr(buffer_text(&words), told_ends[i][1]) != NULL);
        buffer_release(&words);
        json_decref(contract);
    }
}

/* Each is a good value, of other terms. */
CASE(other_terms_than_those_of_the_digest_are_seen_through)
{
    static const char *const lies[][2] = {
        {"funder", "\"books\""},
        {"redeemer", "\"books\""},
        {"face", "\"0.02\""},
        {"face_currency", "\"SEK\""},
        {"reimbursement", "\"0.09\""},
        {"currency", "\"EUR\""},
        {"issue_fee", "\"0\""},
        {"redemption_fee", "\"0.000001\""},
        {"redemption_tax", "null"},
        {"fee_tax", "\"SE-25\""},
        {"period_cap", "1"},
        {"year_cap", "null"},
        {"until", "\"2027-03-01T00:00:00Z\""},
        {"from", "\"2027-02-01T00:00:00.001Z\""},
        {"exit_days", "0"},
        {"digest", "\"00000000000000000000000000000000000000000000000000000000000000ff\""}};
    struct contract_view view;
    struct error error;
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
        json_t *contract = told();
        json_object_set_new(contract, lies[i][0], json_loads(lies[i][1], JSON_DECODE_ANY, NULL));
        CHECK(!reads(contract, &view, &error));
        CHECK(strstr(error.text, "other terms") != NULL);
        json_decref(contract);
    }
}

CASE(what_is_no_contract_is_refused)
{
    static const char *const wrong[][2] = {{"contract", "-1"},
                                           {"contract", "1048576"},
                                           {"contract", "\"0\""},
                                           {"state", "7"},
                                           {"state", "\"\\u001b[2J\""},
                                           {"state", "\"0123456789abcdef\""},
                                           {"proposer", "\"nobody\""},
                                           {"funder", "null"},
                                           {"face", "0.01"},
                                           {"face", "\"10\""},
                                           {"face", "\"-0.01\""},
                                           {"reimbursement", "\"0.0000001\""},
                                           {"currency", "\"kr\""},
                                           {"face_currency", "\"\\u001b[2J\""},
                                           {"redemption_tax", "\"\""},
                                           {"fee_tax", "\"de\""},
                                           {"period_cap", "0"},
                                           {"year_cap", "1000000000000001"},
                                           {"from", "null"},
                                           {"from", "\"soon\""},
                                           {"until", "0"},
                                           {"exit_days", "null"},
                                           {"exit_days", "-1"},
                                           {"exit_days", "3661"},
                                           {"ends", "0"},
                                           {"digest", "\"ff\""},
                                           {"digest", "null"}};
    struct contract_view view;
    struct error error;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        json_t *contract = told();
        json_object_set_new(contract, wrong[i][0], json_loads(wrong[i][1], JSON_DECODE_ANY, NULL));
        CHECK(!reads(contract, &view, &error));
        CHECK_INT(error.code, ERROR_INVALID);
        json_decref(contract);
    }
    json_t *nothing = json_object();
    CHECK(!reads(nothing, &view, &error));
    json_decref(nothing);
}

/* A node may call a partner whatever it likes. */
CASE(no_name_of_a_node_reaches_the_terminal)
{
    struct contract_view view;
    struct error error;
    json_t *contract = told();
    json_t *names = json_pack("[s, s, s]", "\x1b[2Jgrocer", "books", "cinema");
    json_object_set_new(contract, "funder", json_string("\x1b[2Jgrocer"));
    json_object_set_new(contract, "proposer", json_string("cinema"));
    CHECK(!contract_view_read(contract, names, &view, &error));
    CHECK(strchr(error.text, '\x1b') == NULL);
    json_decref(names);
    json_decref(contract);
}

int main(void)
{
    RUN(what_is_shown_is_what_the_digest_is_of);
    RUN(a_day_is_shown_by_the_clocks_of_the_charter_beside_the_moment);
    RUN(where_a_signed_contract_ends_is_shown);
    RUN(other_terms_than_those_of_the_digest_are_seen_through);
    RUN(what_is_no_contract_is_refused);
    RUN(no_name_of_a_node_reaches_the_terminal);
    return check_report();
}
