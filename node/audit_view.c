#include "node/audit_view.h"

#include "node/audit_policy.h"
#include "node/audit_state.h"
#include "node/model_rules.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void audit_view_open(struct audit_view *view_out, const struct audit_source *source)
{
    memset(view_out, 0, sizeof(*view_out));
    view_out->source = *source;
    buffer_init(&view_out->charter_bytes, CHARTER_SIZE_MAX);
    buffer_init(&view_out->policy_text, POLICY_SIZE_MAX + 1);
    buffer_init(&view_out->note, NOTE_SIZE_MAX);
}

void audit_view_release(struct audit_view *view)
{
    audit_close(view->audit);
    charter_close(view->charter);
    if (view->own_policy)
        policy_release(&view->policy);
    audit_source_close(&view->source);
    buffer_release(&view->charter_bytes);
    buffer_release(&view->policy_text);
    buffer_release(&view->note);
    memset(view, 0, sizeof(*view));
}

/* ---- charter and policy ---------------------------------------------------------------------- */

static bool get_charter(struct audit_view *view, struct bytes wanted, struct error *error)
{
    if (!view->source.kind->charter(view->source.context, &view->charter_bytes, error))
        return false;
    struct bytes given = buffer_bytes(&view->charter_bytes);
    if (wanted.size && !bytes_equal(wanted, given))
        return error_set(error, ERROR_CONFLICT,
                         "it has another charter than the one given: it belongs to another "
                         "coalition");
    return charter_parse(given, &view->charter, NULL, error) ||
           error_wrap(error, "its charter cannot be read");
}

static bool get_policy(struct audit_view *view, const struct policy *given, struct error *error)
{
    if (given) {
        view->policy = *given;
    } else {
        view->own_policy =
            policy_parse(bytes_text(view->charter->tlog_policy), &view->policy, error);
        if (!view->own_policy)
            return false;
    }
    for (size_t i = 0; i < view->policy.log_count; i++)
        if (strcmp(view->policy.logs[i].key.name, view->charter->origin) == 0)
            return true;
    return error_set(error, ERROR_CONFLICT,
                     "the policy knows no log '%s': it is for another coalition",
                     view->charter->origin);
}

/* ---- checkpoint ------------------------------------------------------------------------------ */

/* What it says, whoever signed it: how far the audit has to go. */
static bool read_claim(struct audit_view *view)
{
    struct bytes text;
    struct bytes lines;
    struct error why;
    return note_split(buffer_bytes(&view->note), &text, &lines) &&
           checkpoint_parse(text, &view->checkpoint, &why);
}

static void found_unmet(struct audit_view *view, const struct error *why)
{
    bool quorum = why->code == ERROR_DENIED && strstr(why->text, "quorum");
    audit_found(view->audit, quorum ? AUDIT_CHECKPOINT_QUORUM : AUDIT_CHECKPOINT_SIGNATURE,
                quorum ? "cosignatures that meet the policy" : "a note that a known log signed",
                why->text, "checkpoint of %s", view->source.name);
}

/* By the policy as it was given. What it does not meet it may meet at the end, when the audit knows
 * whether members have changed. */
static void judge_as_given(struct audit_view *view)
{
    view->has_checkpoint = policy_check(&view->policy, buffer_bytes(&view->note), &view->checkpoint,
                                        &view->signatures, &view->unmet);
    if (!view->has_checkpoint && !read_claim(view))
        found_unmet(view, &view->unmet);
    else if (view->has_checkpoint && strcmp(view->checkpoint.origin, view->charter->origin) != 0)
        audit_found(view->audit, AUDIT_CHECKPOINT_ORIGIN, view->charter->origin,
                    view->checkpoint.origin, "origin of the checkpoint of %s", view->source.name);
}

/* Without a note: a source that has none tells its size itself. */
static bool get_checkpoint(struct audit_view *view, struct error *error)
{
    struct error why;
    if (view->source.kind->checkpoint(view->source.context, &view->note, &why)) {
        judge_as_given(view);
        return true;
    }
    return why.code == ERROR_NOT_FOUND || error_set(error, why.code, "%s", why.text);
}

/* Whether the first charter is the coalition's in the eyes of whoever gave charter or policy: what
 * meets the policy is of one history with the charter that its seals stand on. */
static bool is_founded(const struct audit_view *view, const struct audit_request *request)
{
    return request->charter.size > 0 ||
           (request->policy && (view->has_checkpoint || view->kept_met));
}

static struct bytes policy_given(const struct audit_view *view, const struct audit_request *request)
{
    return request->policy ? request->policy_text : bytes_text(view->charter->tlog_policy);
}

/* By what the policy has become, where that is known. */
static bool judge_followed(struct audit_view *view, struct bytes text, struct error *error)
{
    const struct state *state = audit_state(view->audit);
    struct policy policy;
    struct error why = {.code = ERROR_NONE};
    bool met = audit_policy_judge(state, text, buffer_bytes(&view->note), &policy,
                                  &view->checkpoint, &view->signatures, &why);
    if (policy.log_count == 0) /* of other people, who do not change with the members */
        return why.code == ERROR_NOT_FOUND || error_set(error, why.code, "%s", why.text);
    if (view->own_policy)
        policy_release(&view->policy);
    view->policy = policy;
    view->own_policy = true;
    view->policy_height = audit_height(view->audit);
    view->has_checkpoint = met;
    if (!met)
        view->unmet = why;
    return true;
}

static void check_handover(struct audit_view *view)
{
    struct handover handover = {0};
    char want[64];
    char have[64];
    if (audit_handover_holds(audit_state(view->audit), buffer_bytes(&view->note), &handover))
        return;
    snprintf(want, sizeof(want), "cosignatures of %zu who vote next", handover.quorum);
    snprintf(have, sizeof(have), "%zu", handover.cosigned);
    audit_found(view->audit, AUDIT_CHECKPOINT_HANDOVER, want, have, "checkpoint of %s",
                view->source.name);
}

/* The log is clean, and its charters are known. */
static bool judge_at_end(struct audit_view *view, const struct audit_request *request,
                         struct error *error)
{
    const struct state *state = audit_state(view->audit);
    bool changed = state_charter_at(state, audit_height(view->audit) + 2)->from_height > 1;
    bool followed = is_founded(view, request) || !request->policy;
    if (view->note.size == 0)
        return true;
    if (changed && followed && !judge_followed(view, policy_given(view, request), error))
        return false;
    if (changed && !followed)
        return error_set(error, ERROR_DENIED,
                         "its checkpoint does not meet the policy (%s), and members have changed "
                         "since it began: give --charter FILE, the coalition's first charter, so "
                         "that the audit can tell what the policy has become",
                         view->unmet.text);
    if (!view->has_checkpoint)
        found_unmet(view, &view->unmet);
    else
        check_handover(view);
    return true;
}

static void follow_policy(struct audit_view *view, const struct audit_request *request)
{
    struct error why;
    if (audit_finding_count(view->audit) == 0 && is_founded(view, request) &&
        !audit_policy_follow(audit_state(view->audit), policy_given(view, request),
                             audit_height(view->audit) + 1, &view->policy_text, &why))
        buffer_clear(&view->policy_text);
}

static void compare_root(struct audit_view *view)
{
    struct hash root = audit_root(view->audit);
    char want[HASH_BASE64_SIZE + 1];
    char have[HASH_BASE64_SIZE + 1];
    if (!view->has_checkpoint || hash_equal(&root, &view->checkpoint.root))
        return;
    base64_encode(hash_as_bytes(&root), want);
    base64_encode(hash_as_bytes(&view->checkpoint.root), have);
    audit_found(view->audit, AUDIT_CHECKPOINT_ROOT, want, have, "root at size %" PRIu64,
                view->checkpoint.size);
}

/* ---- the log --------------------------------------------------------------------------------- */

/* Of the very log that was kept with it. */
static bool kept_meets(const struct audit_view *view, struct bytes note)
{
    struct checkpoint checkpoint;
    struct policy_result signatures;
    struct error why;
    return policy_check(&view->policy, note, &checkpoint, &signatures, &why) &&
           checkpoint.size == view->went_on_from.size &&
           hash_equal(&checkpoint.root, &view->went_on_from.root);
}

static bool open_audit(struct audit_view *view, const struct audit_tiles *tiles, const char *path,
                       struct error *error)
{
    struct buffer kept;
    struct error why = {.code = ERROR_NONE};
    buffer_init(&kept, NOTE_SIZE_MAX);
    bool there = path && audit_state_read(path, view->charter, tiles, &view->audit, &kept, &why);
    if (there) {
        view->went_on_from.size = audit_records(view->audit);
        view->went_on_from.root = audit_root(view->audit);
        view->kept_met = kept_meets(view, buffer_bytes(&kept));
    } else if (!path || why.code == ERROR_NOT_FOUND) {
        view->audit = audit_open(view->charter, tiles, naive_open(model_rules(view->charter)));
    }
    buffer_release(&kept);
    return view->audit || error_set(error, why.code, "%s; remove the file to begin anew", why.text);
}

static bool stands(struct audit_view *view, const struct audit_tiles *tiles, struct error *error)
{
    uint64_t kept = view->went_on_from.size, size = view->source.size;
    bool found = false;
    if (kept == 0)
        return true;
    if (size < kept)
        return error_set(error, ERROR_CONFLICT,
                         "it ends with record %" PRIu64 ", before record %" PRIu64
                         " with which the last audit ended: ask again when it has caught up, or "
                         "audit it without --state",
                         size - 1, kept - 1);
    return audit_history_stands(view->audit, tiles, size, &found, error) || found;
}

static bool follow(struct audit_view *view, const struct audit_request *request,
                   const struct audit_tiles *tiles, struct error *error)
{
    struct error why;
    uint64_t size = view->note.size ? view->checkpoint.size : 0;
    if (!audit_source_begin(&view->source, size, &why)) {
        if (why.code != ERROR_CORRUPT)
            return error_set(error, why.code, "%s", why.text);
        audit_found(view->audit, AUDIT_STORE, "a log that can be read", why.text, "%s",
                    view->source.name);
        return true;
    }
    if (!stands(view, tiles, error))
        return false;
    struct cli_progress bar;
    cli_progress_init(&bar, "audit", view->source.size, request->progress);
    cli_progress_step(&bar, audit_records(view->audit));
    bool ok = audit_finding_count(view->audit) > 0 ||
              audit_follow(view->audit, &view->source, &bar, error);
    if (ok && audit_finding_count(view->audit) == 0 && judge_at_end(view, request, &why)) {
        compare_root(view);
        audit_finish(view->audit);
        follow_policy(view, request);
    } else if (ok && audit_finding_count(view->audit) == 0) {
        ok = error_set(error, why.code, "%s", why.text);
    }
    cli_progress_end(&bar);
    return ok;
}

/* Whoever signed the checkpoint claims a log that is not there: a finding, unless the source could
 * merely not be asked to the end. */
static bool led_astray(struct audit_view *view, const struct error *why)
{
    bool there =
        why->code == ERROR_CORRUPT || why->code == ERROR_NOT_FOUND || why->code == ERROR_CONFLICT;
    if (!there || view->note.size == 0 || view->has_checkpoint)
        return false;
    found_unmet(view, &view->unmet);
    return true;
}

void audit_view_run(struct audit_view *view, const struct audit_request *request)
{
    struct error error = {.code = ERROR_NONE};
    struct audit_tiles tiles = audit_source_tiles(&view->source);
    bool ok = get_charter(view, request->charter, &error) &&
              get_policy(view, request->policy, &error) &&
              open_audit(view, &tiles, request->state_path, &error) && get_checkpoint(view, &error);
    if (ok && audit_finding_count(view->audit) == 0)
        ok = follow(view, request, &tiles, &error) || led_astray(view, &error);
    if (ok)
        return;
    view->trouble_code = error.code;
    snprintf(view->trouble, sizeof(view->trouble), "%s", error.text);
}

/* ---- several --------------------------------------------------------------------------------- */

static struct audit_side side_of(const struct audit_view *view)
{
    return (struct audit_side){.name = view->source.name,
                               .audit = view->audit,
                               .has_checkpoint = view->has_checkpoint,
                               .checkpoint = view->checkpoint};
}

void audit_views_compare(struct audit_view *views, size_t count)
{
    size_t first = 0;
    while (first < count && (!views[first].audit || views[first].trouble_code != ERROR_NONE))
        first++;
    for (size_t i = first + 1; i < count; i++) {
        struct audit_side a = side_of(&views[first]);
        struct audit_side b = side_of(&views[i]);
        if (views[i].audit)
            audit_compare(&a, &b);
    }
}

size_t audit_views_findings(const struct audit_view *views, size_t count)
{
    size_t findings = 0;
    for (size_t i = 0; i < count; i++)
        findings += views[i].audit ? audit_finding_count(views[i].audit) : 0;
    return findings;
}

const struct audit_view *audit_views_best(const struct audit_view *views, size_t count)
{
    const struct audit_view *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct audit_view *view = &views[i];
        if (!view->audit)
            continue;
        bool clean = view->trouble_code == ERROR_NONE && audit_finding_count(view->audit) == 0;
        bool best_clean =
            best && best->trouble_code == ERROR_NONE && audit_finding_count(best->audit) == 0;
        if (!best || (clean && !best_clean) ||
            (clean == best_clean && audit_records(view->audit) > audit_records(best->audit)))
            best = view;
    }
    return best;
}

bool audit_views_keep(const struct audit_view *views, size_t count, const char *path,
                      struct error *error)
{
    const struct audit_view *best = audit_views_best(views, count);
    must(audit_views_findings(views, count) == 0);
    if (!best || best->trouble_code != ERROR_NONE || audit_height(best->audit) == 0)
        return true;
    return audit_state_write(path, best->audit, buffer_bytes(&best->note), error);
}
