#include "node/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEIGHTS_A_PAGE = 256,
    BALANCES_A_PAGE = 250,
    BALANCE_TRIES = 8, /* while the ledger moves under our feet */
    BALANCE_WAIT_MS = 100,
};

struct fetch {
    struct http *http;
    const struct cli_target *target;
    struct verify_node *node;
    struct checkpoint checkpoint;
    struct buffer page; /* of heights */
    struct buffer bundle;
    uint64_t bundle_index; /* UINT64_MAX: none */
    struct bytes bundle_rest;
    uint64_t bundle_next; /* index of the record at bundle_rest */
    uint64_t bundle_end;  /* one past its last record, as far as it was asked for */
    uint64_t claimed;     /* the first height that balances were given at, beyond the checkpoint */
    struct cli_progress progress;
    struct error *error;
};

/* ---- tiles -------------------------------------------------------------------------------- */

static bool read_tile(void *context, uint32_t level, uint64_t index, uint32_t width,
                      struct hash tile_out[TILE_WIDTH], struct error *error)
{
    struct fetch *fetch = (struct fetch *)context;
    struct buffer tile;
    struct tile_name name = {.level = level, .index = index, .width = width};
    buffer_init(&tile, TILE_SIZE);
    bool ok = http_get_tile(fetch->http, fetch->target, &name, &tile, error);
    if (ok && (tile.overflowed || tile.size != (size_t)name.width * HASH_SIZE))
        ok = error_set(error, ERROR_INVALID, "%zu bytes instead of %u", tile.size,
                       name.width * HASH_SIZE);
    if (ok)
        memcpy(tile_out, tile.at, (size_t)width * HASH_SIZE);
    buffer_release(&tile);
    return ok;
}

/* ---- records ------------------------------------------------------------------------------- */

static bool load_bundle(struct fetch *fetch, uint64_t index)
{
    uint64_t size = fetch->checkpoint.size;
    uint64_t left = size - index * TILE_WIDTH;
    struct tile_name name = {.kind = TILE_ENTRIES,
                             .index = index,
                             .width = left < TILE_WIDTH ? (uint32_t)left : TILE_WIDTH};
    buffer_clear(&fetch->bundle);
    if (!http_get_tile(fetch->http, fetch->target, &name, &fetch->bundle, fetch->error))
        return false;
    fetch->bundle_index = index;
    fetch->bundle_rest = buffer_bytes(&fetch->bundle);
    fetch->bundle_next = index * TILE_WIDTH;
    fetch->bundle_end = fetch->bundle_next + name.width;
    return true;
}

/* Nothing may follow the last record that was asked for. */
static void end_bundle(struct fetch *fetch)
{
    if (fetch->bundle_index != UINT64_MAX && fetch->bundle_next == fetch->bundle_end &&
        fetch->bundle_rest.size > 0)
        audit_found(fetch->node->audit, "record", "the end of the bundle", "more bytes",
                    "after record %" PRIu64 " in tile/entries/%" PRIu64, fetch->bundle_next - 1,
                    fetch->bundle_index);
}

/* Records are asked for in order. False without an error text when the bundle is malformed: a
 * finding says so. */
static bool next_record(struct fetch *fetch, uint64_t index, struct bytes *record_out)
{
    if (fetch->bundle_index != index / TILE_WIDTH) {
        end_bundle(fetch);
        if (!load_bundle(fetch, index / TILE_WIDTH))
            return false;
    }
    struct bytes rest = fetch->bundle_rest;
    must(fetch->bundle_next == index);
    size_t size = rest.size >= 2 ? get_u16be(rest.at) : SIZE_MAX - 2;
    if (rest.size < 2 || rest.size - 2 < size) {
        audit_found(fetch->node->audit, "record", "an entry", "a bundle that ends before it",
                    "record %llu in tile/entries/%llu", (unsigned long long)index,
                    (unsigned long long)(index / TILE_WIDTH));
        return error_set(fetch->error, ERROR_CORRUPT, "entries of record %llu are cut off",
                         (unsigned long long)index);
    }
    *record_out = bytes_of(rest.at + 2, size);
    fetch->bundle_rest = bytes_of(rest.at + 2 + size, rest.size - 2 - size);
    fetch->bundle_next++;
    return true;
}

/* ---- heights ------------------------------------------------------------------------------- */

/* False: the audit cannot go on, for a finding or an error. */
static bool audit_one(struct fetch *fetch, struct bytes proof, bool *found_out)
{
    struct audit *audit = fetch->node->audit;
    uint64_t first;
    uint64_t count;
    *found_out = true;
    if (!audit_height_begin(audit, proof, &first, &count))
        return false;
    if (count > fetch->checkpoint.size - first) {
        audit_found(audit, "checkpoint", "to end with a height", "one that ends inside of it",
                    "height %llu", (unsigned long long)audit_height(audit) + 1);
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        struct bytes record;
        if (!next_record(fetch, first + i, &record)) {
            *found_out = fetch->error->code == ERROR_CORRUPT;
            return false;
        }
        audit_record(audit, record);
    }
    cli_progress_step(&fetch->progress, count);
    return audit_height_end(audit);
}

static bool audit_page(struct fetch *fetch, bool *found_out)
{
    struct bytes rest = buffer_bytes(&fetch->page);
    struct audit *audit = fetch->node->audit;
    while (rest.size && audit_records(audit) < fetch->checkpoint.size) {
        size_t size = rest.size >= 4 ? get_u32be(rest.at) : SIZE_MAX - 4;
        if (rest.size < 4 || rest.size - 4 < size) {
            audit_found(audit, "proof", "a height proof", "a page that ends before it",
                        "height %llu", (unsigned long long)audit_height(audit) + 1);
            return false;
        }
        if (!audit_one(fetch, bytes_of(rest.at + 4, size), found_out))
            return false;
        rest = bytes_of(rest.at + 4 + size, rest.size - 4 - size);
    }
    return true;
}

/* Up to the checkpoint's size. False with *found_out: a finding; otherwise an error. */
static bool audit_heights(struct fetch *fetch, bool *found_out)
{
    struct audit *audit = fetch->node->audit;
    char path[HTTP_PATH_MAX];
    int count = HEIGHTS_A_PAGE;
    *found_out = true;
    while (audit_records(audit) < fetch->checkpoint.size) {
        uint64_t before = audit_height(audit);
        snprintf(path, sizeof(path), "/v1/heights?from=%" PRIu64 "&count=%d", before + 1, count);
        buffer_clear(&fetch->page);
        if (!http_get(fetch->http, fetch->target, path, &fetch->page, fetch->error)) {
            *found_out = false;
            if (count == 1 || fetch->error->code == ERROR_BUSY)
                return false;
            count = 1; /* one by one, so that what is damaged has a name */
            continue;
        }
        if (!audit_page(fetch, found_out))
            return false;
        if (audit_height(audit) == before) {
            audit_found(audit, "proof", "heights up to the checkpoint", "no more of them",
                        "height %llu", (unsigned long long)before + 1);
            return false;
        }
    }
    return true;
}

/* ---- checkpoint and balances --------------------------------------------------------------- */

static bool get_checkpoint(struct fetch *fetch, const struct charter_node *self)
{
    struct buffer note;
    struct note_result result;
    struct error why;
    buffer_init(&note, NOTE_SIZE_MAX);
    bool ok = http_get(fetch->http, fetch->target, "/checkpoint", &note, fetch->error);
    bool holds = ok && note_open(buffer_bytes(&note), &self->log_key, 1, &result, &why) &&
                 checkpoint_parse(result.text, &fetch->checkpoint, &why);
    if (ok && !holds)
        audit_found(fetch->node->audit, "checkpoint", "a note signed with the node's log key",
                    why.text, "checkpoint of %s", self->name);
    else if (ok && strcmp(fetch->checkpoint.origin, fetch->node->charter->origin) != 0)
        audit_found(fetch->node->audit, "checkpoint", fetch->node->charter->origin,
                    fetch->checkpoint.origin, "origin of the checkpoint of %s", self->name);
    buffer_release(&note);
    fetch->progress.total = fetch->checkpoint.size;
    return ok;
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
        audit_found(look->node->audit, "balance", expected, found, "%s", text);
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
    compare_text(look, text, "enrolled_by", node->charter->partners[own.enrolled_by.v].name,
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
    audit_found(fetch->node->audit, "checkpoint", want, have, "root at size %llu",
                (unsigned long long)fetch->checkpoint.size);
}

/* ---- a node -------------------------------------------------------------------------------- */

static bool get_charter(struct fetch *fetch, struct bytes charter)
{
    struct verify_node *node = fetch->node;
    if (!http_get(fetch->http, fetch->target, "/v1/charter", &node->charter_bytes, fetch->error))
        return false;
    if (charter.size && !bytes_equal(charter, buffer_bytes(&node->charter_bytes)))
        return error_set(fetch->error, ERROR_CONFLICT,
                         "the node serves another charter than the one given: it belongs to "
                         "another coalition");
    return charter_parse(buffer_bytes(&node->charter_bytes), &node->charter, NULL, fetch->error);
}

static bool get_self(struct fetch *fetch, struct node_id *self_out)
{
    int status;
    json_t *reply;
    struct verify_node *node = fetch->node;
    if (!http_ask(fetch->http, fetch->target, "/v1/coalition", NULL, NULL, &status, &reply,
                  fetch->error))
        return false;
    const char *name = json_string_value(json_object_get(reply, "node"));
    bool ok = name && charter_node_by_name(node->charter, bytes_text(name), self_out);
    if (ok)
        snprintf(node->name, sizeof(node->name), "%s", name);
    json_decref(reply);
    return ok || error_set(fetch->error, ERROR_INVALID,
                           "%s: the node does not say which node of the charter it is (status %d)",
                           fetch->target->url, status);
}

/* A bundle that was partial may have grown: it is read anew, up to where the audit is. */
static bool resume_bundle(struct fetch *fetch)
{
    uint64_t done = audit_records(fetch->node->audit);
    fetch->bundle_index = UINT64_MAX;
    if (fetch->checkpoint.size == done || done % TILE_WIDTH == 0)
        return true;
    if (!load_bundle(fetch, done / TILE_WIDTH))
        return false;
    for (struct bytes skipped; fetch->bundle_next < done;)
        if (!next_record(fetch, fetch->bundle_next, &skipped))
            return false;
    return true;
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
    audit_found(audit, "checkpoint", want, have, "size: the node signed a larger one before");
    return false;
}

/* On to the size of a checkpoint. False when the node could not be asked. */
static bool audit_to_checkpoint(struct fetch *fetch, const struct charter_node *self)
{
    struct audit *audit = fetch->node->audit;
    bool found;
    if (!get_checkpoint(fetch, self))
        return false;
    if (audit_finding_count(audit) || !checkpoint_grows(fetch))
        return true;
    if (!resume_bundle(fetch))
        return fetch->error->code == ERROR_CORRUPT; /* a finding */
    if (!audit_heights(fetch, &found))
        return found;
    end_bundle(fetch);
    compare_root(fetch);
    return true;
}

/* A node answers from a state that may be a moment ahead of the height that it shows. So balances
 * that differ are a finding only where the ledger stood still, before and after a second look. And
 * a height that the node has gone on to, its checkpoints must come to as well. */
static bool audit_node(struct fetch *fetch, const struct charter_node *self)
{
    struct audit *audit = fetch->node->audit;
    enum compared compared = COMPARED_MOVED;
    bool differed = false;
    for (int try = 0; try < BALANCE_TRIES && compared != COMPARED_SAME; try++) {
        uint64_t before = audit_height(audit);
        if (!audit_to_checkpoint(fetch, self))
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
        audit_found(audit, "balance", "a height that its checkpoints come to", have,
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
    struct fetch fetch = {
        .http = http, .target = target, .node = node, .bundle_index = UINT64_MAX, .error = error};
    struct node_id self;
    memset(node, 0, sizeof(*node));
    snprintf(node->name, sizeof(node->name), "%s", target->name);
    buffer_init(&node->charter_bytes, CHARTER_SIZE_MAX);
    buffer_init(&fetch.page, HTTP_BODY_MAX);
    buffer_init(&fetch.bundle, (size_t)TILE_WIDTH * (RECORD_SIZE_MAX + 2));
    bool ok = get_charter(&fetch, charter) && get_self(&fetch, &self);
    if (ok) {
        struct audit_tiles tiles = {.context = &fetch, .read = read_tile};
        node->audit = audit_open(node->charter, &tiles);
        cli_progress_init(&fetch.progress, "verify", 0, progress);
        ok = audit_node(&fetch, &node->charter->nodes[self.v]);
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
    buffer_release(&fetch.page);
    buffer_release(&fetch.bundle);
    return ok;
}
