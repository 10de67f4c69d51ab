// links: node
/* Audits of several sources, by a policy, with a second opinion, and going on from what an earlier
 * one kept. */
#include "unit/audit_lies.h"

#include "node/audit_report.h"
#include "node/file.h"
#include "node/model_rules.h"
#include "unit/changes.h"

/* ---- what an earlier audit knows ------------------------------------------------------------- */

/* A quorum tells the past anew, and signs everything that follows from it. */
CASE(history_told_anew_below_the_last_audit_is_found)
{
    static const struct row rewritten[] = {
        {"a verdict of the past", &records, NULL, VERDICT, VERDICT_ACCEPTED, VERDICT_BAD_TERMS,
         "record-verdict"},
        {"a debt of the past", &effects, NULL, 0, EFFECT_LOT, AMOUNT, "record-lots"},
        {"a seal of the past", &seals, NULL, DIGEST, 0, 0, "seal-digest"}};
    for (size_t i = 0; i < ARRAY_SIZE(rewritten); i++) {
        struct ledger *honest = play(3, NULL, 0, 0), *mutant = play(3, &rewritten[i], 2, 0);
        struct policy policy = memory_policy(honest, "none");
        struct memory_source memory = {.ledger = mutant, .heights = mutant->height_count};
        REQUIRE(mutant->told == 1);
        keep(honest, &policy, 8);
        check_codes(&rewritten[i], &memory, &policy, NULL, rewritten[i].codes);
        check_codes(&rewritten[i], &memory, &policy, state_path, "history-rewritten");
        policy_release(&policy);
        ledger_close(mutant);
        ledger_close(honest);
    }
}

static void check_trouble(struct memory_source *memory, const struct policy *policy,
                          const char *state, const char *wanted)
{
    struct audit_view view = audit_of(memory, policy, state, "source");
    CHECK(view.trouble_code != ERROR_NONE);
    CHECK(strstr(view.trouble, wanted) != NULL);
    if (!strstr(view.trouble, wanted))
        printf("    %s\n", view.trouble);
    CHECK_INT(view.audit ? audit_finding_count(view.audit) : 0, 0);
    audit_view_release(&view);
}

CASE(a_source_that_is_behind_the_last_audit_could_not_be_checked)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = 5};
    keep(ledger, &policy, 8);
    check_trouble(&memory, &policy, state_path, "before record");
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(a_policy_of_another_coalition_is_no_verdict)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    for (size_t i = 0; i < policy.log_count; i++)
        policy.logs[i].key.name[0] = 'x';
    check_trouble(&memory, &policy, NULL, "the policy knows no log 'ledger.example/test'");
    policy_release(&policy);
    ledger_close(ledger);
}

static struct buffer read_state(void)
{
    struct buffer bytes;
    buffer_init(&bytes, 1 << 24);
    REQUIRE(cli_file_read(state_path, 1 << 24, &bytes, NULL));
    return bytes;
}

/* Damage, wherever it is, ends with a clear error and never with a verdict. */
CASE(a_damaged_state_is_refused_wherever_it_is_damaged)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    keep(ledger, &policy, 8);
    struct buffer whole = read_state();
    for (size_t at = 0; at < whole.size; at += 1 + whole.size / 150) {
        whole.at[at] ^= 0x10;
        REQUIRE(file_replace(state_path, 0600, buffer_bytes(&whole), NULL));
        check_trouble(&memory, &policy, state_path, "remove the file to begin anew");
        whole.at[at] ^= 0x10;
    }
    for (size_t size = 0; size < whole.size; size += 1 + whole.size / 50) {
        REQUIRE(file_replace(state_path, 0600, bytes_of(whole.at, size), NULL));
        check_trouble(&memory, &policy, state_path, "remove the file to begin anew");
    }
    buffer_release(&whole);
    policy_release(&policy);
    ledger_close(ledger);
}

/* Damaged and sealed again: what is not refused must not accuse an honest ledger. */
CASE(a_forged_state_is_refused_or_does_no_harm)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    size_t refused = 0, passed = 0;
    keep(ledger, &policy, 8);
    struct buffer whole = read_state();
    for (size_t at = 44; at + HASH_SIZE < whole.size; at += 1 + whole.size / 700) {
        struct audit *audit = NULL;
        struct buffer note;
        whole.at[at] ^= 1;
        struct hash hash = hash_bytes(bytes_of(whole.at, whole.size - HASH_SIZE));
        memcpy(whole.at + whole.size - HASH_SIZE, hash.at, HASH_SIZE);
        FILE *file = fmemopen(whole.at, whole.size, "rb");
        buffer_init(&note, NOTE_SIZE_MAX);
        REQUIRE(file != NULL);
        bool good = audit_state_load(file, whole.size, ledger->charter, NULL, &audit, &note, NULL);
        refused += !good;
        passed += good;
        audit_close(good ? audit : NULL);
        buffer_release(&note);
        fclose(file);
        whole.at[at] ^= 1;
    }
    printf("%zu refused, %zu passed\n", refused, passed);
    CHECK(refused > 0 && passed > 0);
    buffer_release(&whole);
    policy_release(&policy);
    ledger_close(ledger);
}

CASE(a_state_of_another_coalition_is_refused)
{
    struct ledger *ours = play(3, NULL, 0, 0), *theirs = ledger_start(0x5b, LEDGER_RANDOM);
    dice_play(theirs, 3, DICE_HEIGHTS);
    ledger_serve(theirs);
    struct policy policy = memory_policy(ours, "none");
    struct memory_source memory = {.ledger = theirs, .heights = theirs->height_count};
    keep(ours, &policy, 8);
    check_trouble(&memory, &policy, state_path, "it belongs to another coalition");
    policy_release(&policy);
    ledger_close(ours);
    ledger_close(theirs);
}

CASE(going_on_comes_to_the_same_totals)
{
    struct ledger *ledger = play(5, NULL, 0, 0);
    struct policy policy = memory_policy(ledger, "none");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct buffer states[2];
    for (int going_on = 0; going_on < 2; going_on++) {
        struct error error = {0};
        if (going_on)
            keep(ledger, &policy, 6);
        struct audit_view view = audit_of(&memory, &policy, going_on ? state_path : NULL, "source");
        CHECK_INT(view.went_on_from.size, going_on ? ledger->past[5].count : 0);
        CHECK(audit_views_keep(&view, 1, state_path, &error));
        states[going_on] = read_state();
        audit_view_release(&view);
    }
    /* Everything that the audit knows at its end, tiles that it saw aside: they are counted. */
    CHECK_INT(states[0].size, states[1].size);
    size_t differ = 0;
    for (size_t i = 0; i + HASH_SIZE < states[0].size && i + HASH_SIZE < states[1].size; i++)
        differ += states[0].at[i] != states[1].at[i];
    CHECK(differ <= 1);
    buffer_release(&states[0]);
    buffer_release(&states[1]);
    policy_release(&policy);
    ledger_close(ledger);
}

/* ---- several sources, cosigners, a second opinion ---------------------------------------------
 */

static void check_split(struct ledger *one, struct ledger *other, size_t heights,
                        const char *wanted)
{
    struct policy policy = memory_policy(one, "none");
    struct memory_source memories[] = {{.ledger = one, .heights = one->height_count},
                                       {.ledger = other, .heights = heights}};
    struct audit_view views[] = {audit_of(&memories[0], &policy, NULL, "one"),
                                 audit_of(&memories[1], &policy, NULL, "other")};
    char codes[CODES_TEXT];
    audit_views_compare(views, 2);
    codes_of(&views[0], codes);
    CHECK_TEXT(codes, "");
    codes_of(&views[1], codes);
    CHECK_TEXT(codes, wanted);
    audit_view_release(&views[0]);
    audit_view_release(&views[1]);
    policy_release(&policy);
}

CASE(two_histories_that_a_quorum_signed_are_a_split_view)
{
    static const struct row idle = {.name = "another time", .lies = NULL};
    struct ledger *one = play(3, &idle, 0, 0), *same = play(3, &idle, 0, 0);
    struct ledger *other = ledger_start(0x5a, LEDGER_RANDOM);
    dice_play(other, 4, DICE_HEIGHTS); /* parts from the other in its second height */
    ledger_serve(other);
    check_split(one, same, same->height_count, "");
    check_split(one, same, 6, "");
    check_split(one, other, other->height_count, "split-root");
    check_split(one, other, 6, "split-root");
    ledger_close(one);
    ledger_close(same);
    ledger_close(other);
}

CASE(two_checkpoints_of_one_size_are_a_split_view)
{
    struct ledger *one = play(3, NULL, 0, 0), *other = play(3, NULL, 0, 0);
    checkpoint_of_another_root(other, NULL);
    check_split(one, other, other->height_count, "checkpoint-root split-checkpoint");
    ledger_close(one);
    ledger_close(other);
}

static void cosign(struct ledger *ledger, uint8_t witness)
{
    struct signing_key *key = coalition_key(9, witness);
    struct public_key public_key = signing_key_public(key);
    struct note_key note_key;
    char name[8];
    snprintf(name, sizeof(name), "w%u", witness);
    REQUIRE(note_key_make(name, NOTE_TYPE_COSIGNATURE, &public_key, &note_key, NULL));
    note_cosign(&ledger->note, &note_key, key, 1800000000);
    signing_key_close(key);
}

CASE(a_checkpoint_needs_the_cosigners_of_the_policy)
{
    static const struct row row = {.name = "cosigners"};
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy both = memory_policy(ledger, "both"), one = memory_policy(ledger, "w2");
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    check_codes(&row, &memory, &one, NULL, "checkpoint-quorum");
    cosign(ledger, 2);
    check_codes(&row, &memory, &one, NULL, "");
    check_codes(&row, &memory, &both, NULL, "checkpoint-quorum");
    cosign(ledger, 1);
    check_codes(&row, &memory, &both, NULL, "");
    ledger->note.at[ledger->note.size - 12] ^= 1;
    check_codes(&row, &memory, &one, NULL, "checkpoint-signature");
    policy_release(&both);
    policy_release(&one);
    ledger_close(ledger);
}

/* ---- a coalition that changes ---------------------------------------------------------------- */

enum { OBSERVER = 4 }; /* the node that gets new keys, lies, and is suspended */

/* A motion by node 0, and as many ballots as carry it, in one batch that opens the height. */
static void carry(struct ledger *ledger, struct change change)
{
    struct transaction all[4] = {{.type = TRANSACTION_MOTION}};
    struct record_index motion = {ledger->tree.size};
    struct buffer body;
    all[0].body.motion.motion = (struct motion){.delay = MOTION_DELAY_MIN, .change = change};
    buffer_init(&body, MOTION_SIZE_MAX);
    motion_encode(&all[0].body.motion.motion, &body);
    struct hash hash = hash_bytes(buffer_bytes(&body));
    for (uint16_t i = 0; i < 3; i++) {
        struct signing_key *key = coalition_key(2, (uint8_t)i);
        all[1 + i].type = TRANSACTION_BALLOT;
        all[1 + i].body.ballot.motion = motion;
        all[1 + i].body.ballot.partner.v = i;
        all[1 + i].body.ballot.signature =
            ballot_sign(key, &ledger->charter->coalition, motion, &hash);
        signing_key_close(key);
    }
    buffer_release(&body);
    ledger_lane(ledger, 0, all, ARRAY_SIZE(all));
}

/* Two batches of the observer at one place, as evidence in the open cut. */
static void accuse(struct ledger *ledger, struct buffer *out)
{
    struct evidence_item items[2];
    struct evidence evidence;
    struct height *height = ledger_open_height(ledger);
    memset(items, 0, sizeof(items));
    for (uint8_t i = 0; i < 2; i++) {
        struct buffer payload;
        buffer_init(&payload, 64);
        batch_payload_put(&payload, bytes_of(&i, 1));
        items[i].batch = (struct batch){.coalition = ledger->charter->coalition,
                                        .lane = {OBSERVER},
                                        .sequence = 1,
                                        .transaction_count = 1,
                                        .payload = buffer_bytes(&payload)};
        batch_seal(&items[i].batch, ledger->keys[OBSERVER]);
        items[i].batch.payload.at = NULL;
        buffer_release(&payload);
    }
    evidence_make(EVIDENCE_BATCHES, &ledger->charter->coalition, (struct node_id){OBSERVER},
                  &items[0], &items[1], &evidence);
    evidence_encode(&evidence, out);
    height->cut.evidence[height->cut.evidence_count++] = buffer_bytes(out);
}

static void new_key(struct signing_key **key, struct signing_key *fresh)
{
    signing_key_close(*key);
    *key = fresh;
}

/* Height 3 has the observer's new keys, height 6 suspends it for what the cut of height 4 holds. */
static struct ledger *play_changes(struct buffer *evidence)
{
    struct ledger *ledger = ledger_start(0x5a, LEDGER_WHOLE);
    for (size_t height = 1; height <= 8; height++) {
        if (height == 3)
            new_key(&ledger->keys[OBSERVER], coalition_key(CHANGES_KEY_KINDS + 1, 1));
        ledger_begin(ledger);
        if (height == 1)
            carry(ledger, change_replace_keys(OBSERVER, 1));
        if (height == 4)
            accuse(ledger, evidence);
        if (height == 6)
            carry(ledger, change_set_limit(LIMIT_ALLOCATIONS, 7));
        if (height > 1 && height < 6)
            LANE(OBSERVER, tx_enrol((uint32_t)height));
        ledger_end(ledger);
    }
    CHECK(state_charter(ledger->state)->nodes[OBSERVER].suspended);
    CHECK_INT(state_charter(ledger->state)->limits.allocations, 7);
    new_key(&ledger->log_key, coalition_key(CHANGES_KEY_KINDS + 3, 1));
    ledger_serve(ledger);
    return ledger;
}

CASE(an_audit_goes_along_when_the_coalition_changes)
{
    static const struct row row = {.name = "a coalition that changes"};
    struct buffer evidence;
    buffer_init(&evidence, EVIDENCE_SIZE_MAX);
    struct ledger *ledger = play_changes(&evidence);
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    /* The checkpoint is signed with a log key that the charter's file does not know. */
    check_codes(&row, &memory, NULL, NULL, "");
    for (size_t heights = 1; heights < ledger->height_count; heights++) {
        struct memory_source part = {.ledger = ledger, .heights = heights};
        struct policy policy = memory_policy(ledger, "none");
        struct error error = {0};
        struct audit_view view = audit_of(&part, NULL, NULL, "part");
        CHECK(view.audit != NULL);
        audit_view_release(&view);
        new_key(&ledger->log_key, coalition_key(3, 0)); /* what this policy knows */
        ledger_sign_note(ledger, ledger->log_key);
        view = audit_of(&part, &policy, NULL, "part");
        CHECK(audit_finding_count(view.audit) == 0 &&
              audit_views_keep(&view, 1, state_path, &error));
        audit_view_release(&view);
        check_codes(&row, &memory, &policy, state_path, "");
        new_key(&ledger->log_key, coalition_key(CHANGES_KEY_KINDS + 3, 1));
        ledger_sign_note(ledger, ledger->log_key);
        check_codes(&row, &memory, NULL, state_path, "");
        policy_release(&policy);
    }
    ledger_close(ledger);
    buffer_release(&evidence);
}

/* Nobody who took part at its height signed it, or too few did. */
CASE(a_checkpoint_is_judged_by_the_charter_in_force)
{
    static const struct row row = {.name = "a checkpoint"};
    struct buffer evidence;
    buffer_init(&evidence, EVIDENCE_SIZE_MAX);
    struct ledger *ledger = play_changes(&evidence);
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct signing_key *old = coalition_key(3, OBSERVER), *stranger = coalition_key(99, 1);
    ledger_sign_note(ledger, old); /* replaced at height 3 */
    check_codes(&row, &memory, NULL, NULL, "checkpoint-signature");
    ledger_sign_note(ledger, stranger);
    check_codes(&row, &memory, NULL, NULL, "checkpoint-signature");
    ledger->cosigners = 2;
    ledger_sign_note(ledger, ledger->log_key);
    check_codes(&row, &memory, NULL, NULL, "checkpoint-quorum");
    signing_key_close(old);
    signing_key_close(stranger);
    ledger_close(ledger);
    buffer_release(&evidence);
}

/* What the second model says counts, whether or not the first one agrees with the ledger. */
static void check_model(void (*twist)(struct naive_rules *rules), const char *wanted)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct memory_source memory = {.ledger = ledger, .heights = ledger->height_count};
    struct audit_source source;
    struct cli_progress bar = {0};
    struct error error = {0};
    struct naive_rules rules = model_rules(ledger->charter);
    twist(&rules);
    memory_open(&source, &memory, "source");
    struct audit *audit = audit_open(ledger->charter, NULL, naive_open(rules));
    REQUIRE(audit_source_begin(&source, ledger->record_count, &error));
    CHECK(audit_follow(audit, &source, &bar, &error));
    struct audit_view view = {.audit = audit};
    char codes[CODES_TEXT];
    codes_of(&view, codes);
    CHECK_TEXT(codes, wanted);
    audit_close(audit);
    audit_source_close(&source);
    ledger_close(ledger);
}

static void nothing(struct naive_rules *rules)
{
    (void)rules;
}
static void a_fee(struct naive_rules *rules)
{
    rules->issue_fee++;
}
static void less_time(struct naive_rules *rules)
{
    rules->late_after_ms = 200000;
}
static void no_window(struct naive_rules *rules)
{
    rules->window_ms = 1000;
}

CASE(a_second_model_that_disagrees_is_heard)
{
    check_model(nothing, "");
    check_model(a_fee, "model-effects");
    check_model(less_time, "model-verdict");
    check_model(no_window, "model-verdict");
}

/* A path of the reader's, a text of a node's that was cut in the middle of a character. */
CASE(a_text_that_is_no_utf8_leaves_nothing_out_of_the_json)
{
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct audit *audit = audit_open(ledger->charter, NULL, NULL);
    struct audit_view view = {.source.name = "n\xff",
                              .charter = ledger->charter,
                              .audit = audit,
                              .trouble_code = ERROR_IO,
                              .trouble = "cut: \xc3"};
    struct audit_report report = {
        .views = &view, .view_count = 1, .policy = AUDIT_POLICY_OF_SOURCE};
    audit_found(audit, AUDIT_STORE, "a log", "nois\xc3", "%s", view.source.name);
    json_t *json = audit_report_json(&report);
    json_t *source = json_array_get(json_object_get(json, "sources"), 0);
    json_t *finding = json_array_get(json_object_get(source, "findings"), 0);
    const char *const pairs[][2] = {
        {json_string_value(json_object_get(source, "source")), "n?"},
        {json_string_value(json_object_get(source, "trouble")), "cut: ?"},
        {json_string_value(json_object_get(finding, "code")), "store"},
        {json_string_value(json_object_get(finding, "where")), "n?"},
        {json_string_value(json_object_get(finding, "found")), "nois?"}};
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        CHECK_TEXT(pairs[i][0] ? pairs[i][0] : "(none)", pairs[i][1]);
    json_decref(json);
    audit_close(audit);
    ledger_close(ledger);
}

/* A witness may sign any time, 0 to the last of 64 bits. */
CASE(a_time_after_the_calendar_is_told_as_its_end)
{
    static const char *const wanted[] = {"w (2027-01-15T08:00:00.000Z)",
                                         "w (9999-12-31T23:59:59.999Z)",
                                         "w (9999-12-31T23:59:59.999Z)"};
    /* The second in milliseconds, of which 64 bits are left, is a day of 1970. */
    static const uint64_t times_s[] = {1800000000, UINT64_MAX / 1000 + 86401, UINT64_MAX};
    struct ledger *ledger = play(3, NULL, 0, 0);
    struct policy_witness witness = {.name = "w"};
    struct audit *audit = audit_open(ledger->charter, NULL, NULL);
    struct audit_view view = {.source.name = "n",
                              .charter = ledger->charter,
                              .audit = audit,
                              .has_checkpoint = true,
                              .policy = {.witnesses = &witness, .witness_count = 1},
                              .signatures.witnesses = 1};
    struct audit_report report = {
        .views = &view, .view_count = 1, .policy = AUDIT_POLICY_OF_SOURCE};
    for (size_t i = 0; i < ARRAY_SIZE(times_s); i++) {
        struct buffer page;
        buffer_init(&page, 1 << 20);
        view.signatures.times_s[0] = times_s[i];
        audit_report_html(&report, &page);
        if (!strstr(buffer_text(&page), wanted[i]))
            CHECK_TEXT(buffer_text(&page), wanted[i]);
        buffer_release(&page);
    }
    audit_close(audit);
    ledger_close(ledger);
}

static void cases(void)
{
    RUN(history_told_anew_below_the_last_audit_is_found);
    RUN(a_source_that_is_behind_the_last_audit_could_not_be_checked);
    RUN(a_policy_of_another_coalition_is_no_verdict);
    RUN(a_damaged_state_is_refused_wherever_it_is_damaged);
    RUN(a_forged_state_is_refused_or_does_no_harm);
    RUN(a_state_of_another_coalition_is_refused);
    RUN(going_on_comes_to_the_same_totals);
    RUN(two_histories_that_a_quorum_signed_are_a_split_view);
    RUN(two_checkpoints_of_one_size_are_a_split_view);
    RUN(a_checkpoint_needs_the_cosigners_of_the_policy);
    RUN(an_audit_goes_along_when_the_coalition_changes);
    RUN(a_checkpoint_is_judged_by_the_charter_in_force);
    RUN(a_second_model_that_disagrees_is_heard);
    RUN(a_text_that_is_no_utf8_leaves_nothing_out_of_the_json);
    RUN(a_time_after_the_calendar_is_told_as_its_end);
}

int main(void)
{
    return lies_run(cases);
}
