#include "node/verify.h"

#include "node/audit_policy.h"
#include "node/audit_source.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    BALANCES_A_PAGE = 250,
    BALANCE_TRIES = 8, /* while the ledger moves under our feet */
    BALANCE_WAIT_MS = 100,
};

struct fetch {
    struct http *http;
    const struct cli_target *target;
    struct verify_node *node;
    struct buffer note;
    struct checkpoint checkpoint; /* what the note says */
    struct audit_source source;
    uint64_t claimed; /* the first height that balances were given at, beyond the checkpoint */
    struct cli_progress progress;
    struct error *error;
};

/* ---- checkpoint and balances --------------------------------------------------------------- */

/* With its own log key, as it is at the checkpoint or in the next two heights. */
static bool signed_by_itself(const struct fetch *fetch, struct error *why)
{
    const struct state *state = audit_state(fetch->node->audit);
    struct note_key keys[3];
    struct note_result result;
    size_t count = 0;
    for (uint64_t i = 0; i < ARRAY_SIZE(keys); i++) {
        const struct charter *charter = state_charter_at(state, state_height(state) + i);
        struct node_id self;
        if (charter_node_by_name(charter, bytes_text(fetch->node->name), &self) &&
            (count == 0 || memcmp(keys[count - 1].key.at, charter->nodes[self.v].log_key.key.at,
                                  PUBLIC_KEY_SIZE) != 0))
            keys[count++] = charter->nodes[self.v].log_key;
    }
    return note_open(buffer_bytes(&fetch->note), keys, count, &result, why);
}

static void check_handover(struct fetch *fetch)
{
    struct audit *audit = fetch->node->audit;
    struct handover handover = {0};
    char want[64];
    char have[64];
    if (audit_handover_holds(audit_state(audit), buffer_bytes(&fetch->note), &handover))
        return;
    snprintf(want, sizeof(want), "cosignatures of %zu who vote next", handover.quorum);
    snprintf(have, sizeof(have), "%zu", handover.cosigned);
    audit_found(audit, AUDIT_CHECKPOINT_HANDOVER, want, have, "checkpoint of %s",
                fetch->node->name);
}

/* Signed by the node, and final in the eyes of whoever has the policy that the charter's own has
 * become: the log is audited up to it. */
static void judge_checkpoint(struct fetch *fetch)
{
    struct verify_node *node = fetch->node;
    struct policy policy;
    struct policy_result result;
    struct checkpoint checkpoint;
    struct error why;
    bool own = signed_by_itself(fetch, &why);
    if (!own)
        audit_found(node->audit, AUDIT_CHECKPOINT_SIGNATURE,
                    "a note signed with the node's log key", why.text, "checkpoint of %s",
                    node->name);
    else if (strcmp(fetch->checkpoint.origin, node->charter->origin) != 0)
        audit_found(node->audit, AUDIT_CHECKPOINT_ORIGIN, node->charter->origin,
                    fetch->checkpoint.origin, "origin of the checkpoint of %s", node->name);
    if (audit_finding_count(node->audit))
        return;
    if (audit_policy_judge(audit_state(node->audit), bytes_text(node->charter->tlog_policy),
                           buffer_bytes(&fetch->note), &policy, &checkpoint, &result, &why))
        check_handover(fetch);
    else
        audit_found(node->audit, AUDIT_CHECKPOINT_QUORUM,
                    "cosignatures that meet the charter's policy", why.text, "checkpoint of %s",
                    node->name);
    policy_release(&policy);
}

static bool get_checkpoint(struct fetch *fetch)
{
    struct bytes text;
    struct bytes lines;
    struct error why = {.text = "no empty line before the signatures"};
    buffer_clear(&fetch->note);
    if (!fetch->source.kind->checkpoint(fetch->source.context, &fetch->note, fetch->error))
        return false;
    if (!note_split(buffer_bytes(&fetch->note), &text, &lines) ||
        !checkpoint_parse(text, &fetch->checkpoint, &why))
        audit_found(fetch->node->audit, AUDIT_CHECKPOINT_SIGNATURE,
                    "a note signed with the node's log key", why.text, "checkpoint of %s",
                    fetch->node->name);
    fetch->progress.total = fetch->checkpoint.size;
    return true;
}

enum compared { COMPARED_SAME, COMPARED_OTHER, COMPARED_MOVED };

/* A look at the balances: differences become findings with `report`. */
struct look {
    struct verify_node *node;
    bool report;
    enum compared compared; /* moved: the node went on to another height meanwhile */
};

static void differs(struct look *look, const char *expected, const char *found, const char *where,
                    ...) PRINTF_LIKE(4, 5);
static void differs(struct look *look, const char *expected, const char *found, const char *where,
                    ...)
{
    char text[AUDIT_TEXT_MAX];
    va_list arguments;
    va_start(arguments, where);
    vsnprintf(text, sizeof(text), where, arguments);
    va_end(arguments);
    look->compared = COMPARED_OTHER;
    if (look->report)
        audit_found(look->node->audit, AUDIT_BALANCE, expected, found, "%s", text);
}

static void compare_text(struct look *look, const char *member, const char *name,
                         const char *expected, const char *found)
{
    if (!found || strcmp(expected, found) != 0)
        differs(look, expected, found ? found : "nothing", "%s of member %s", name, member);
}

static void compare_number(struct look *look, const char *member, const char *name,
                           int64_t expected, const json_t *json)
{
    const json_t *found = json_object_get(json, name);
    char want[32];
    char have[32];
    snprintf(want, sizeof(want), "%" PRId64, expected);
    snprintf(have, sizeof(have), "%" PRId64, (int64_t)json_integer_value(found));
    compare_text(look, member, name, want, json_is_integer(found) ? have : "no number");
}

static void compare_balance(struct look *look, uint64_t place, const json_t *json)
{
    const struct verify_node *node = look->node;
    const struct state *state = audit_state(node->audit);
    struct member_ref member = state_member_at(state, place);
    struct balance own;
    char text[MEMBER_TEXT_SIZE];
    const char *name = json_string_value(json_object_get(json, "member"));
    const json_t *locked = json_object_get(json, "locked");
    member_format(&member, text);
    if (!name || strcmp(name, text) != 0) {
        differs(look, text, name ? name : "none", "member number %" PRIu64, place);
        return;
    }
    must(state_balance(state, &member, &own));
    compare_number(look, text, "spendable", own.spendable.v, json);
    compare_number(look, text, "pending", own.pending.v, json);
    compare_number(look, text, "held", own.held.v, json);
    compare_number(look, text, "deficit", own.deficit.v, json);
    compare_number(look, text, "expired_unbooked", own.expired_unbooked.v, json);
    compare_number(look, text, "lot_count", (int64_t)own.lot_count, json);
    compare_text(look, text, "locked", own.locked ? "true" : "false",
                 json_is_boolean(locked) ? json_is_true(locked) ? "true" : "false" : NULL);
    compare_text(look, text, "enrolled_by",
                 audit_charter(node->audit)->partners[own.enrolled_by.v].name,
                 json_string_value(json_object_get(json, "enrolled_by")));
}

/* Of the height that was audited? A later one is no lie: the ledger went on. An earlier one is, as
 * the checkpoint came first. */
static bool page_of_height(struct fetch *fetch, struct look *look, const json_t *page)
{
    const json_t *json = json_object_get(page, "height");
    uint64_t height = audit_height(look->node->audit);
    uint64_t found = (uint64_t)json_integer_value(json);
    char want[32];
    char have[32];
    if (json_is_integer(json) && found == height)
        return true;
    snprintf(want, sizeof(want), "%" PRIu64, height);
    snprintf(have, sizeof(have), "%" PRIu64, found);
    if (!json_is_integer(json) || found < height) {
        differs(look, want, json_is_integer(json) ? have : "no number", "height of the balances");
        return false;
    }
    look->compared = COMPARED_MOVED;
    if (fetch->claimed == 0)
        fetch->claimed = found;
    return false;
}

/* Place of the next page's first member; false: this was the last. */
static bool next_page(const json_t *page, uint64_t *place_out)
{
    const json_t *next = json_object_get(page, "next");
    return json_is_string(next) &&
           parse_u64(bytes_text(json_string_value(next)), INT64_MAX, place_out);
}

static bool get_balances(struct fetch *fetch, uint64_t place, json_t **page_out)
{
    char path[HTTP_PATH_MAX];
    char text[512];
    int status;
    json_t *page = NULL;
    snprintf(path, sizeof(path), "/v1/balances?limit=%d&cursor=%" PRIu64, BALANCES_A_PAGE, place);
    if (!http_ask(fetch->http, fetch->target, path, NULL, NULL, &status, &page, fetch->error))
        return false;
    if (status == 200) {
        *page_out = page;
        return true;
    }
    http_problem_text(status, page, text);
    json_decref(page);
    return error_set(fetch->error, status == 401 || status == 403 ? ERROR_DENIED : ERROR_IO,
                     "%s%s: %.300s", fetch->target->url, path, text);
}

static void compare_page(struct look *look, uint64_t members, const json_t *page)
{
    const json_t *list = json_object_get(page, "balances");
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (look->node->balances == members) {
            differs(look, "no more members", "one more", "member number %" PRIu64, members);
            return;
        }
        compare_balance(look, look->node->balances++, json_array_get(list, i));
    }
}

static void compare_count(struct look *look, uint64_t members)
{
    char want[32];
    char have[32];
    snprintf(want, sizeof(want), "%" PRIu64, members);
    snprintf(have, sizeof(have), "%" PRIu64, look->node->balances);
    if (look->compared == COMPARED_SAME && look->node->balances < members)
        differs(look, want, have, "number of members");
}

static bool compare_balances(struct fetch *fetch, bool report, enum compared *compared_out)
{
    struct look look = {.node = fetch->node, .report = report};
    uint64_t members = state_member_count(audit_state(fetch->node->audit));
    uint64_t place = 0;
    fetch->node->balances = 0;
    for (bool more = true; more;) {
        json_t *page = NULL;
        if (!get_balances(fetch, place, &page)) {
            if (fetch->error->code != ERROR_INVALID)
                return false;
            differs(&look, "balances", fetch->error->text, "page of member %" PRIu64, place);
            break;
        }
        uint64_t before = fetch->node->balances;
        bool here = page_of_height(fetch, &look, page);
        if (here)
            compare_page(&look, members, page);
        more = here && fetch->node->balances > before && next_page(page, &place);
        json_decref(page);
    }
    compare_count(&look, members);
    *compared_out = look.compared;
    return true;
}

static void compare_root(struct fetch *fetch)
{
    struct hash root = audit_root(fetch->node->audit);
    char want[HASH_BASE64_SIZE + 1];
    char have[HASH_BASE64_SIZE + 1];
    if (hash_equal(&root, &fetch->checkpoint.root))
        return;
    base64_encode(hash_as_bytes(&root), want);
    base64_encode(hash_as_bytes(&fetch->checkpoint.root), have);
    audit_found(fetch->node->audit, AUDIT_CHECKPOINT_ROOT, want, have, "root at size %llu",
                (unsigned long long)fetch->checkpoint.size);
}

/* ---- a node -------------------------------------------------------------------------------- */

static bool get_charter(struct fetch *fetch, struct bytes charter)
{
    struct verify_node *node = fetch->node;
    if (!fetch->source.kind->charter(fetch->source.context, &node->charter_bytes, fetch->error))
        return false;
    if (charter.size && !bytes_equal(charter, buffer_bytes(&node->charter_bytes)))
        return error_set(fetch->error, ERROR_CONFLICT,
                         "the node serves another charter than the one given: it belongs to "
                         "another coalition");
    return charter_parse(buffer_bytes(&node->charter_bytes), &node->charter, NULL, fetch->error);
}

/* The name that it goes by; whether the coalition has such a node its own checkpoint tells. */
static bool get_name(struct fetch *fetch)
{
    int status;
    json_t *reply;
    struct verify_node *node = fetch->node;
    if (!http_ask(fetch->http, fetch->target, "/v1/coalition", NULL, NULL, &status, &reply,
                  fetch->error))
        return false;
    const char *name = json_string_value(json_object_get(reply, "node"));
    bool ok = name && name_valid(bytes_text(name));
    if (ok)
        snprintf(node->name, sizeof(node->name), "%s", name);
    json_decref(reply);
    return ok || error_set(fetch->error, ERROR_INVALID,
                           "%s: the node does not say which node of the coalition it is (status "
                           "%d)",
                           fetch->target->url, status);
}

static bool checkpoint_grows(struct fetch *fetch)
{
    struct audit *audit = fetch->node->audit;
    char want[32];
    char have[32];
    if (fetch->checkpoint.size >= audit_records(audit))
        return true;
    snprintf(want, sizeof(want), "%" PRIu64, audit_records(audit));
    snprintf(have, sizeof(have), "%" PRIu64, fetch->checkpoint.size);
    audit_found(audit, AUDIT_CHECKPOINT_SIZE, want, have,
                "size: the node signed a larger one before");
    return false;
}

/* On to the size of fetch->checkpoint. False when the node could not be asked. */
static bool audit_on(struct fetch *fetch)
{
    return audit_source_begin(&fetch->source, fetch->checkpoint.size, fetch->error) &&
           audit_follow(fetch->node->audit, &fetch->source, &fetch->progress, fetch->error);
}

static bool audit_to_checkpoint(struct fetch *fetch)
{
    const struct audit *audit = fetch->node->audit;
    if (!get_checkpoint(fetch))
        return false;
    if (audit_finding_count(audit) || !checkpoint_grows(fetch))
        return true;
    if (!audit_on(fetch))
        return false;
    if (audit_finding_count(audit) == 0)
        judge_checkpoint(fetch);
    if (audit_finding_count(audit) == 0)
        compare_root(fetch);
    return true;
}

/* Heights that are decided and not final, since too few voters are up to cosign them: certificates
 * prove them all the same. */
static bool audit_beyond_checkpoint(struct fetch *fetch)
{
    int status;
    json_t *reply;
    size_t size = 0;
    struct checkpoint claimed = fetch->checkpoint;
    if (!http_ask(fetch->http, fetch->target, "/v1/coalition", NULL, NULL, &status, &reply,
                  fetch->error))
        return false;
    const char *root = json_string_value(json_object_get(reply, "root"));
    claimed.size = (uint64_t)json_integer_value(json_object_get(reply, "records"));
    bool good = root && base64_decode(bytes_text(root), claimed.root.at, HASH_SIZE, &size) &&
                size == HASH_SIZE && claimed.size > fetch->checkpoint.size;
    json_decref(reply);
    if (!good)
        return true;
    fetch->checkpoint = claimed;
    if (!audit_on(fetch))
        return false;
    if (audit_finding_count(fetch->node->audit) == 0)
        compare_root(fetch);
    return true;
}

/* A node answers from a state that may be a moment ahead of the height that it shows. So balances
 * that differ are a finding only where the ledger stood still, before and after a second look. And
 * a height that the node has gone on to, its checkpoints must come to as well. */
static bool audit_node(struct fetch *fetch)
{
    struct audit *audit = fetch->node->audit;
    enum compared compared = COMPARED_MOVED;
    bool differed = false, beyond = false;
    for (int try = 0; try < BALANCE_TRIES && compared != COMPARED_SAME; try++) {
        uint64_t before = audit_height(audit);
        beyond = beyond || (try > BALANCE_TRIES / 2 && fetch->claimed > before);
        if (!(beyond ? audit_beyond_checkpoint(fetch) : audit_to_checkpoint(fetch)))
            return false;
        if (audit_finding_count(audit))
            return true;
        bool report = differed && audit_height(audit) == before;
        if (!compare_balances(fetch, report, &compared))
            return false;
        if (audit_finding_count(audit))
            return true;
        differed = compared == COMPARED_OTHER;
        if (compared != COMPARED_SAME)
            cli_sleep_ms(BALANCE_WAIT_MS);
    }
    if (compared == COMPARED_MOVED && audit_height(audit) < fetch->claimed) {
        char have[32];
        snprintf(have, sizeof(have), "%" PRIu64, fetch->claimed);
        audit_found(audit, AUDIT_BALANCE, "a height that its checkpoints come to", have,
                    "height of the balances");
    }
    fetch->node->moved = compared != COMPARED_SAME && audit_finding_count(audit) == 0;
    fetch->node->balances_compared = compared == COMPARED_SAME;
    return true;
}

bool verify_over_http(struct http *http, const struct cli_target *target, struct bytes charter,
                      bool progress, struct verify_node *node_out, struct error *error)
{
    struct verify_node *node = node_out;
    struct fetch fetch = {.http = http, .target = target, .node = node, .error = error};
    memset(node, 0, sizeof(*node));
    snprintf(node->name, sizeof(node->name), "%s", target->name);
    buffer_init(&node->charter_bytes, CHARTER_SIZE_MAX);
    buffer_init(&fetch.note, NOTE_SIZE_MAX);
    audit_source_http(&fetch.source, http, target);
    bool ok = get_charter(&fetch, charter) && get_name(&fetch);
    if (ok) {
        struct audit_tiles tiles = audit_source_tiles(&fetch.source);
        node->audit = audit_open(node->charter, &tiles, NULL);
        cli_progress_init(&fetch.progress, "verify", 0, progress);
        ok = audit_node(&fetch);
        if (ok)
            audit_finish(node->audit);
        cli_progress_end(&fetch.progress);
    }
    if (!ok && error->code == ERROR_DENIED)
        error_wrap(error, "it takes the token of an auditor (--token-file NODE/auditor.token)");
    if (!ok) {
        node->trouble_code = error->code;
        snprintf(node->trouble, sizeof(node->trouble), "%s", error->text);
    }
    audit_source_close(&fetch.source);
    buffer_release(&fetch.note);
    return ok;
}
