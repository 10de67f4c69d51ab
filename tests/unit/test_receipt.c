// links: node
// also: sim/disk.c
/* Receipts: links, words, QR codes, and what the API gives of them. */
#include "crypto/proof.h"
#include "node/api_parts.h"
#include "node/effects.h"
#include "node/qr.h"
#include "node/receipt_link.h"
#include "node/receipt_words.h"
#include "unit/api_world.h"

/* ---- links ---------------------------------------------------------------------------------- */

static const char secret[] = "a secret of the coalition, 32 b.";
static const struct hash coalition = {{1, 2, 3}};

CASE(a_link_leads_back_to_its_record_only)
{
    static const uint64_t indexes[] = {0, 1, 255, 123456789, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(indexes); i++) {
        char id[RECEIPT_ID_SIZE + 1];
        uint64_t index = 42;
        receipt_id_make(bytes_text(secret), &coalition, indexes[i], id);
        CHECK_INT(strlen(id), RECEIPT_ID_SIZE);
        CHECK_INT(strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  RECEIPT_ID_SIZE);
        CHECK(receipt_id_open(bytes_text(secret), &coalition, bytes_text(id), &index));
        CHECK(index == indexes[i]);
    }
}

CASE(no_other_text_is_a_link)
{
    char id[RECEIPT_ID_SIZE + 1];
    struct hash other = {{1, 2, 4}};
    uint64_t index = 42;
    receipt_id_make(bytes_text(secret), &coalition, 7, id);
    CHECK(!receipt_id_open(bytes_text("another secret"), &coalition, bytes_text(id), &index));
    CHECK(!receipt_id_open(bytes_text(secret), &other, bytes_text(id), &index));
    for (size_t size = 0; size < RECEIPT_ID_SIZE; size++)
        CHECK(!receipt_id_open(bytes_text(secret), &coalition, bytes_of(id, size), &index));
    for (size_t at = 0; at < RECEIPT_ID_SIZE; at++) {
        char right = id[at];
        for (int byte = 0; byte < 256; byte++) {
            id[at] = (char)byte;
            CHECK_INT(receipt_id_open(bytes_text(secret), &coalition, bytes_of(id, RECEIPT_ID_SIZE),
                                      &index),
                      (char)byte == right);
        }
        id[at] = right;
    }
    CHECK_INT(index, 7);
}

/* ---- words ---------------------------------------------------------------------------------- */

static const char *value_of(const struct receipt_words *words, const char *label)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->lines[i].label, label) == 0)
            return words->lines[i].value;
    return "(none)";
}

CASE(a_record_is_told_with_and_without_names)
{
    struct world *world = world_with_member();
    struct receipt_words words;
    struct buffer record;
    CHECK_INT(till(world, "/v1/earn", "k1",
                   "{\"member\":\"" MEMBER "\",\"points\":120,\"document\":\"R-7\"}"),
              200);
    uint64_t index = (uint64_t)number_of(world, NULL, "index");
    buffer_init(&record, RECORD_SIZE_MAX);
    REQUIRE(replica_record(world->replica, index, &record, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&record), world->charter, &words, NULL));
    CHECK(words.index == index);
    CHECK_TEXT(value_of(&words, "type"), "earn");
    CHECK_TEXT(value_of(&words, "verdict"), "accepted");
    CHECK_TEXT(value_of(&words, "member"), MEMBER);
    CHECK_TEXT(value_of(&words, "points"), "120");
    CHECK_TEXT(value_of(&words, "document"), "R-7");
    CHECK_TEXT(value_of(&words, "key"), "k1");
    CHECK_TEXT(value_of(&words, "written by"), "node 0 (grocer-1) of partner 0 (grocer)");
    CHECK_TEXT(value_of(&words, "points made"), "120 in 1 lot");
    REQUIRE(receipt_words_of(buffer_bytes(&record), NULL, &words, NULL));
    CHECK_TEXT(value_of(&words, "written by"), "node 0");
    CHECK_INT(till(world, "/v1/redeem", "k2", "{\"member\":\"" MEMBER "\",\"points\":121}"), 409);
    buffer_clear(&record);
    REQUIRE(
        replica_record(world->replica, (uint64_t)number_of(world, NULL, "index"), &record, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&record), NULL, &words, NULL));
    CHECK_TEXT(value_of(&words, "verdict"), "refused: insufficient-points");
    CHECK_TEXT(value_of(&words, "points asked"), "121");
    CHECK_INT(till(world, "/v1/redeem", "k3", "{\"member\":\"" MEMBER "\",\"points\":20}"), 200);
    buffer_clear(&record);
    REQUIRE(
        replica_record(world->replica, (uint64_t)number_of(world, NULL, "index"), &record, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&record), NULL, &words, NULL));
    CHECK_TEXT(value_of(&words, "points moved"), "20, remaining to spent");
    buffer_clear(&record);
    REQUIRE(replica_record(world->replica, index + 1, &record, NULL));
    REQUIRE(receipt_words_of(buffer_bytes(&record), NULL, &words, NULL));
    CHECK(strncmp(value_of(&words, "type"), "seal of height ", 15) == 0);
    CHECK(!receipt_words_of(bytes_text("no record"), NULL, &words, NULL));
    buffer_release(&record);
    world_close(world);
}

/* A record as no honest node would make it, but one that decodes. */
CASE(a_record_full_of_effects_and_strange_text_stays_within_its_lines)
{
    struct buffer bytes, transaction, effects;
    struct receipt_words words;
    struct transaction t = {.type = TRANSACTION_ADJUST,
                            .at_ms = 1,
                            .key = bytes_text("k"),
                            .body.adjust = {.delta = {5},
                                            .reason = bytes_text("\x1b[2J<script>\xC3\xA9"),
                                            .approver = bytes_text("a\nb")}};
    buffer_init(&bytes, RECORD_SIZE_MAX);
    buffer_init(&transaction, TRANSACTION_SIZE_MAX);
    buffer_init(&effects, RECORD_SIZE_MAX);
    transaction_encode(&t, &transaction);
    buffer_append(&effects, bytes_text("\x98\xc8")); /* an array of 200 */
    for (uint16_t i = 0; i < 200; i++) {
        struct effect effect = {.kind = EFFECT_OBLIGATION,
                                .partner = {i},
                                .creditor = {(uint16_t)(i + 1)},
                                .amount = INT64_MIN + 1};
        effect_encode(&effect, &effects);
    }
    struct record record = {.kind = RECORD_KIND_TRANSACTION,
                            .index = {9},
                            .height = 3,
                            .time_ms = 1,
                            .sequence = 1,
                            .transaction = buffer_bytes(&transaction),
                            .outcome = {.effects = buffer_bytes(&effects)}};
    record_encode(&record, &bytes);
    REQUIRE(receipt_words_of(buffer_bytes(&bytes), NULL, &words, NULL));
    CHECK_INT(words.count, RECEIPT_LINES_MAX);
    CHECK_TEXT(words.lines[RECEIPT_LINES_MAX - 1].label, "more");
    CHECK_TEXT(value_of(&words, "reason"), "?[2J<script>??");
    CHECK_TEXT(value_of(&words, "approver"), "a?b");
    CHECK_TEXT(value_of(&words, "owed"),
               "partner 0 to partner 1: -922337203.6854775807 (redemption)");
    for (size_t i = 0; i < words.count; i++)
        for (const char *at = words.lines[i].value; *at; at++)
            CHECK(*at >= 0x20 && *at < 0x7f);
    buffer_release(&bytes);
    buffer_release(&transaction);
    buffer_release(&effects);
}

static void put_record(const struct effect *effects, size_t count, struct buffer *record_out)
{
    struct buffer list;
    buffer_init(&list, RECORD_SIZE_MAX);
    REQUIRE(count < 24);
    buffer_append_byte(&list, (uint8_t)(0x80 + count));
    for (size_t i = 0; i < count; i++)
        effect_encode(&effects[i], &list);
    struct record record = {.kind = RECORD_KIND_TRANSACTION,
                            .index = {9},
                            .height = 3,
                            .time_ms = 1,
                            .sequence = 1,
                            .transaction = bytes_text("?"),
                            .outcome = {.effects = buffer_bytes(&list)}};
    record_encode(&record, record_out);
    buffer_release(&list);
}

/* Each number fits, their sum does not. */
CASE(amounts_beyond_all_points_come_to_the_most_there_is)
{
    static const struct effect effects[] = {{.kind = EFFECT_LOT, .lot = {1}, .amount = INT64_MAX},
                                            {.kind = EFFECT_LOT, .lot = {2}, .amount = INT64_MAX},
                                            {.kind = EFFECT_MOVE,
                                             .lot = {1},
                                             .from = POOL_REMAINING,
                                             .to = POOL_SPENT,
                                             .amount = INT64_MAX},
                                            {.kind = EFFECT_MOVE,
                                             .lot = {1},
                                             .from = POOL_REMAINING,
                                             .to = POOL_SPENT,
                                             .amount = INT64_MAX},
                                            {.kind = EFFECT_WAIVED, .amount = INT64_MIN},
                                            {.kind = EFFECT_WAIVED, .amount = INT64_MIN}};
    struct receipt_words words;
    struct effect own, theirs;
    struct record decoded;
    struct buffer record;
    buffer_init(&record, RECORD_SIZE_MAX);
    put_record(effects, ARRAY_SIZE(effects), &record);
    REQUIRE(receipt_words_of(buffer_bytes(&record), NULL, &words, NULL));
    CHECK_TEXT(value_of(&words, "points made"), "9223372036854775807 in 2 lots");
    CHECK_TEXT(value_of(&words, "points moved"), "9223372036854775807, remaining to spent");
    CHECK_TEXT(value_of(&words, "points waived"), "-9223372036854775808");
    /* The auditor folds them as well. */
    REQUIRE(record_decode(buffer_bytes(&record), &decoded, NULL));
    CHECK(effects_differ(effects, 1, decoded.outcome.effects, &own, &theirs));
    buffer_release(&record);
}

/* ---- QR codes ------------------------------------------------------------------------------- */

CASE(a_qr_code_has_its_finder_patterns_in_the_light)
{
    struct buffer out;
    struct error error = {.code = ERROR_NONE};
    char longest[QR_TEXT_MAX + 2];
    buffer_init(&out, 1 << 20);
    REQUIRE(qr_terminal("https://points.example/r/0123456789", &out, NULL));
    /* Four light modules above, then the top of the first finder pattern: 29 modules in all. */
    CHECK(strstr(buffer_text(&out), "\033[30;47m    \xE2\x96\x88\xE2\x96\x80\xE2\x96\x80"));
    buffer_clear(&out);
    REQUIRE(qr_svg("https://points.example/r/0123456789", &out, NULL));
    CHECK(strncmp(buffer_text(&out), "<svg xmlns=", 11) == 0);
    CHECK(strstr(buffer_text(&out), "M4 4h1v1h-1z"));
    CHECK(!strstr(buffer_text(&out), "M3 4h1v1h-1z") && !strstr(buffer_text(&out), "M5 5h1v1h-1z"));
    memset(longest, 'a', sizeof(longest));
    longest[QR_TEXT_MAX + 1] = '\0';
    CHECK(!qr_svg(longest, &out, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    CHECK(qr_svg(longest + 1, &out, NULL));
    CHECK(!qr_terminal("", &out, NULL));
    buffer_release(&out);
}

/* ---- over the API --------------------------------------------------------------------------- */

/* Time passes until a checkpoint covers everything. */
static void until_final(struct world *world)
{
    for (int i = 0; i < STEPS_MAX &&
                    replica_final(world->replica)->size < replica_record_count(world->replica);
         i++)
        step(world, 20);
    REQUIRE(replica_final(world->replica)->size == replica_record_count(world->replica));
}

static bool answer_proves(struct world *world, uint64_t index)
{
    struct buffer scratch;
    struct proof proof;
    struct policy policy;
    struct checkpoint checkpoint;
    struct policy_result result;
    struct receipt_words words;
    REQUIRE(policy_parse(bytes_text(world->charter->tlog_policy), &policy, NULL));
    buffer_init(&scratch, PROOF_EXTRA_MAX);
    bool good = proof_parse(bytes_text(world->answer.body), &scratch, &proof, NULL) &&
                proof_verify(&proof, proof.extra, &policy, &checkpoint, &result, NULL) &&
                receipt_words_of(proof.extra, NULL, &words, NULL) && words.index == index &&
                proof.index == index && result.witnesses == 1;
    buffer_release(&scratch);
    policy_release(&policy);
    return good;
}

static int get_as(struct world *world, const char *target, const char *accept)
{
    struct api_request request = request_of("GET", target, NULL, NULL);
    request.accept = bytes_text(accept);
    forget(&world->answer);
    api_call_close(begin(world, &request, bytes_text(""), &world->answer));
    return world->answer.status;
}

CASE(every_record_has_a_receipt_for_those_with_a_token)
{
    struct world *world = world_with_member();
    until_final(world);
    uint64_t records = replica_record_count(world->replica);
    char target[64];
    REQUIRE(records > 2);
    for (uint64_t i = 0; i < records; i++) {
        snprintf(target, sizeof(target), "/v1/records/%llu/receipt", (unsigned long long)i);
        CHECK_INT(get(world, target, "till"), 200);
        CHECK_TEXT(world->answer.type, "text/plain; charset=utf-8");
        CHECK(answer_proves(world, i));
    }
    CHECK_INT(get(world, "/v1/records/0/receipt", NULL), 401);
    CHECK_INT(get(world, "/v1/records/0/receipt", "admin"), 403);
    CHECK_INT(get(world, "/v1/records/999/receipt", "till"), 404);
    CHECK_INT(get(world, "/v1/records/x/receipt", "till"), 400);
    world_close(world);
}

CASE(an_answer_links_to_its_receipt_which_needs_no_token)
{
    struct world *world = world_with_member();
    char link[API_LINK_SIZE];
    CHECK_INT(till(world, "/v1/earn", "k1", "{\"member\":\"" MEMBER "\",\"points\":120}"), 200);
    uint64_t index = (uint64_t)number_of(world, NULL, "index");
    snprintf(link, sizeof(link), "%s", text_of(world, "receipt"));
    CHECK(strncmp(link, "/r/", 3) == 0);
    until_final(world);
    CHECK_INT(get_as(world, link, "*/*"), 200);
    CHECK_TEXT(world->answer.type, "text/plain; charset=utf-8");
    CHECK(answer_proves(world, index));
    CHECK_INT(ask(world, "HEAD", link, NULL, NULL, NULL), 200);
    char target[64];
    snprintf(target, sizeof(target), "/v1/transactions/%llu", (unsigned long long)index);
    CHECK_INT(get(world, target, "till"), 200);
    CHECK_TEXT(text_of(world, "receipt"), link);
    CHECK_INT(till(world, "/v1/redeem", "k2", "{\"member\":\"" MEMBER "\",\"points\":999}"), 409);
    CHECK(strncmp(text_of(world, "receipt"), "/r/", 3) == 0 &&
          strcmp(text_of(world, "receipt"), link) != 0);
    world->api->config.public_url = "https://points.example";
    CHECK_INT(get(world, target, "till"), 200);
    CHECK(strncmp(text_of(world, "receipt"), "https://points.example/r/", 25) == 0);
    CHECK_TEXT(text_of(world, "receipt") + 22, link);
    world_close(world);
}

CASE(a_record_beyond_the_final_checkpoint_is_not_final_yet)
{
    struct world *world = world_with_member();
    char link[API_LINK_SIZE], target[64];
    until_final(world);
    CHECK_INT(till(world, "/v1/earn", "k1", "{\"member\":\"" MEMBER "\",\"points\":120}"), 200);
    snprintf(link, sizeof(link), "%s", text_of(world, "receipt"));
    uint64_t index = (uint64_t)number_of(world, NULL, "index");
    REQUIRE(replica_final(world->replica)->size <= index);
    snprintf(target, sizeof(target), "/v1/records/%llu/receipt", (unsigned long long)index);
    CHECK_INT(get_as(world, link, "*/*"), 503);
    CHECK_TEXT(text_of(world, "code"), "not-final");
    CHECK_INT(world->answer.retry_after_s, 1);
    CHECK_INT(get_as(world, link, "text/html"), 503);
    CHECK_TEXT(world->answer.type, "text/html; charset=utf-8");
    CHECK_INT(world->answer.retry_after_s, 1);
    struct api_request request = request_of("GET", target, "till", NULL);
    forget(&world->answer);
    api_call_close(begin(world, &request, bytes_text(""), &world->answer));
    CHECK_INT(world->answer.status, 503);
    CHECK_TEXT(text_of(world, "code"), "not-final");
    CHECK_INT(get(world, "/v1/records/0/receipt", "till"), 200);
    until_final(world);
    CHECK_INT(get_as(world, link, "*/*"), 200);
    CHECK(answer_proves(world, index));
    CHECK_INT(get(world, target, "till"), 200);
    CHECK(answer_proves(world, index));
    world_close(world);
}

CASE(a_browser_gets_a_page_that_can_do_nothing)
{
    struct world *world = world_with_member();
    char link[API_LINK_SIZE];
    CHECK_INT(till(world, "/v1/earn", "k&<1>", "{\"member\":\"" MEMBER "\",\"points\":120}"), 200);
    snprintf(link, sizeof(link), "%s", text_of(world, "receipt"));
    until_final(world);
    CHECK_INT(get_as(world, link, "text/html,application/xhtml+xml;q=0.9"), 200);
    CHECK_TEXT(world->answer.type, "text/html; charset=utf-8");
    CHECK(strstr(world->answer.policy, "default-src 'none'"));
    CHECK(!strstr(world->answer.policy, "unsafe"));
    CHECK(strstr(world->answer.body, "<dd>k&amp;&lt;1&gt;</dd>"));
    CHECK(strstr(world->answer.body, "c2sp.org/tlog-proof@v1\n"));
    CHECK(!strstr(world->answer.body, "k&<1>") && !strstr(world->answer.body, "<script"));
    /* The one style that the policy lets through is the page's. */
    const char *style = strstr(world->answer.body, "<style>");
    REQUIRE(style);
    style += 7;
    struct hash hash = hash_bytes(bytes_of(style, (size_t)(strstr(style, "</style>") - style)));
    char digest[HASH_BASE64_SIZE + 1];
    base64_encode(hash_as_bytes(&hash), digest);
    CHECK(strstr(world->answer.policy, digest));
    world_close(world);
}

CASE(a_link_as_a_picture_needs_a_public_address)
{
    struct world *world = world_with_member();
    char picture[API_LINK_SIZE + 8];
    CHECK_INT(till(world, "/v1/earn", "k1", "{\"member\":\"" MEMBER "\",\"points\":120}"), 200);
    snprintf(picture, sizeof(picture), "%s.svg", text_of(world, "receipt"));
    CHECK_INT(get_as(world, picture, "*/*"), 404);
    world->api->config.public_url = "https://points.example";
    CHECK_INT(get_as(world, picture, "*/*"), 200);
    CHECK_TEXT(world->answer.type, "image/svg+xml");
    CHECK(strstr(world->answer.body, "<svg ") == world->answer.body);
    world_close(world);
}

CASE(guesses_are_counted_apart_and_bounded)
{
    struct world *world = world_with_member();
    char link[API_LINK_SIZE];
    CHECK_INT(till(world, "/v1/earn", "k1", "{\"member\":\"" MEMBER "\",\"points\":120}"), 200);
    snprintf(link, sizeof(link), "%s", text_of(world, "receipt"));
    until_final(world);
    world->now_ms += 2000;
    for (int i = 0; i < API_LINKS_PER_SECOND; i++)
        CHECK_INT(get_as(world, "/r/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "*/*"), 404);
    CHECK_INT(get_as(world, "/r/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "*/*"), 429);
    CHECK_INT(world->answer.retry_after_s, 1);
    CHECK_INT(get_as(world, "/r/x", "*/*"), 429);
    for (int i = 0; i < API_LINKS_PER_SECOND; i++)
        CHECK_INT(get_as(world, link, "*/*"), 200);
    CHECK_INT(get_as(world, link, "*/*"), 429);
    world->now_ms += 1000;
    CHECK_INT(get_as(world, link, "*/*"), 200);
    CHECK_INT(get_as(world, "/r/x", "*/*"), 404);
    CHECK_INT(get_as(world, "/r/", "*/*"), 401);
    world_close(world);
}

int main(void)
{
    RUN(a_link_leads_back_to_its_record_only);
    RUN(no_other_text_is_a_link);
    RUN(a_record_is_told_with_and_without_names);
    RUN(a_record_full_of_effects_and_strange_text_stays_within_its_lines);
    RUN(amounts_beyond_all_points_come_to_the_most_there_is);
    RUN(a_qr_code_has_its_finder_patterns_in_the_light);
    RUN(every_record_has_a_receipt_for_those_with_a_token);
    RUN(an_answer_links_to_its_receipt_which_needs_no_token);
    RUN(a_record_beyond_the_final_checkpoint_is_not_final_yet);
    RUN(a_browser_gets_a_page_that_can_do_nothing);
    RUN(a_link_as_a_picture_needs_a_public_address);
    RUN(guesses_are_counted_apart_and_bounded);
    return check_report();
}
