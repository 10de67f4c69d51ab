// links: node
/* Audits of a ledger whose members change: each height is judged by who takes part in it, and the
 * policy goes along. What is false is found as what it is, from the beginning and when the audit
 * goes on from any height before. */
#include "unit/audit_lies.h"
#include "unit/ledger_members.h"

#include "crypto/policy.h"

/* ---- lies of a quorum about a record --------------------------------------------------------- */

static struct {
    uint64_t height;
    enum transaction_type type; /* of the record; 0: the seal */
    enum verdict from, to;
    long effect_height; /* added to that of its amendment */
    bool adds, drops;   /* an amendment */
} lie;

static bool is_chosen(const struct ledger *ledger, const struct record *record)
{
    struct transaction t;
    return ledger->height_count + 1 == lie.height && ledger->told == 0 &&
           record->kind == RECORD_KIND_TRANSACTION &&
           transaction_decode(record->transaction, &t, NULL) && t.type == lie.type &&
           record->outcome.verdict == lie.from &&
           (lie.adds || !(lie.drops || lie.effect_height) || has_effect(record, EFFECT_AMENDED));
}

static void tell_record(struct ledger *ledger, struct record *record, struct buffer *effects_out)
{
    struct effect_reader reader;
    struct effect effect;
    if (!is_chosen(ledger, record))
        return;
    ledger->told++;
    record->outcome.verdict = lie.to;
    if (lie.from != lie.to)
        return;
    REQUIRE(effect_reader_init(&reader, record->outcome.effects));
    codec_put_array(effects_out, reader.left + lie.adds - lie.drops);
    while (effect_next(&reader, &effect)) {
        if (lie.drops && effect.kind == EFFECT_AMENDED)
            continue;
        if (effect.kind == EFFECT_AMENDED)
            effect.height += (uint64_t)lie.effect_height;
        effect_encode(&effect, effects_out);
    }
    if (lie.adds) {
        effect = (struct effect){
            .kind = EFFECT_AMENDED, .change = CHANGE_ADMIT, .what = 4, .height = lie.height + 2};
        effect_encode(&effect, effects_out);
    }
    record->outcome.effects = buffer_bytes(effects_out);
}

/* ---- lies about who takes part --------------------------------------------------------------- */

static struct height *at_height(struct ledger *ledger, uint64_t height)
{
    members_keys(ledger, height);
    return &ledger->heights[height - 1];
}
static void old_voters(struct ledger *ledger) /* three were enough before fay voted */
{
    height_sign(ledger, at_height(ledger, 8), 1u << ADA | 1u << BOB | 1u << DAN);
}
static void voter_that_left(struct ledger *ledger)
{
    height_sign(ledger, at_height(ledger, 14), 1u << ADA | 1u << BOB | 1u << DAN | 1u << FAY);
}
static void voter_too_early(struct ledger *ledger)
{
    height_sign(ledger, at_height(ledger, 6), 1u << ADA | 1u << BOB | 1u << DAN | 1u << FAY);
}
static void voter_with_an_old_key(struct ledger *ledger)
{
    struct height *height = at_height(ledger, 10);
    members_keys(ledger, CYD_FROM - 1);
    height_sign(ledger, height, 1u << ADA | 1u << BOB | 1u << CYD | 1u << FAY);
}
static void voters_of_no_time(struct ledger *ledger)
{
    height_sign(ledger, at_height(ledger, 8), 1u << ADA | 1u << EVE | 1u << DAN);
}
static void resign(struct ledger *ledger, struct height *height)
{
    uint64_t kept = ledger->height_count;
    ledger->height_count = height->cut.height - 1; /* ledger_voters() of that height */
    height_sign(ledger, height, ledger_voters(ledger));
    ledger->height_count = kept;
}
static void closed_lane(struct ledger *ledger, uint64_t at, uint16_t lane)
{
    struct height *height = at_height(ledger, at);
    height->cut.lanes[lane].sequence++;
    height->cut.lanes[lane].id.at[0] ^= 1;
    resign(ledger, height);
}
static void suspended_writes(struct ledger *ledger)
{
    closed_lane(ledger, SUSPENDED_FROM, DAN);
}
static void suspended_rewrites(struct ledger *ledger) /* another head at the same place */
{
    struct height *height = at_height(ledger, SUSPENDED_FROM + 1);
    height->cut.lanes[DAN].id.at[4] ^= 1;
    resign(ledger, height);
}
static void left_writes(struct ledger *ledger)
{
    closed_lane(ledger, LEFT_FROM + 1, BOB);
}
static void lane_too_early(struct ledger *ledger)
{
    struct height *height = at_height(ledger, 4);
    height->cut.lane_count++;
    resign(ledger, height);
}
static void batch_key(struct ledger *ledger, uint64_t at, bool fresh)
{
    struct height *height = at_height(ledger, at);
    struct signing_key *key = cyd_key(fresh);
    for (size_t i = 0; i < height->step_count; i++) {
        struct hash id = header_id(&height->steps[i].header);
        if (height->steps[i].header.lane == CYD)
            height->steps[i].signature =
                sign(key, PURPOSE_BATCH, &ledger->charter->coalition, hash_as_bytes(&id));
    }
    signing_key_close(key);
}
static void batch_with_an_old_key(struct ledger *ledger)
{
    batch_key(ledger, CYD_FROM, false);
}
static void batch_with_a_key_too_early(struct ledger *ledger)
{
    batch_key(ledger, CYD_FROM - 1, true);
}
static void accuse(struct ledger *ledger, uint64_t at, uint16_t node, const struct signing_key *key)
{
    struct height *height = at_height(ledger, at);
    buffer_release(&height->evidence);
    height->evidence = two_batches(ledger, node, key);
    height->cut.evidence_count = 1;
    height->cut.evidence[0] = buffer_bytes(&height->evidence);
    resign(ledger, height);
}
static void framed(struct ledger *ledger)
{
    accuse(ledger, 9, BOB, ledger->keys[DAN]);
}
static void accused_twice(struct ledger *ledger)
{
    accuse(ledger, 12, DAN, ledger->keys[DAN]);
}
static void accused_after_leaving(struct ledger *ledger)
{
    accuse(ledger, 15, BOB, ledger->keys[BOB]);
}
static void accused_under_an_old_key(struct ledger *ledger)
{
    struct signing_key *key = cyd_key(false);
    accuse(ledger, 12, CYD, key);
    signing_key_close(key);
}
static void evidence_left_out(struct ledger *ledger) /* the seal tells of a suspension */
{
    struct height *height = at_height(ledger, 9);
    height->cut.evidence_count = 0;
    resign(ledger, height);
}
static void cosigned_by_old_voters(struct ledger *ledger)
{
    ledger->cosigner_mask = 1u << ADA | 1u << BOB | 1u << DAN;
    ledger_sign_note(ledger, ledger->log_key);
}
static void cosigned_by_too_few(struct ledger *ledger)
{
    ledger->cosigner_mask = 1u << ADA | 1u << FAY;
    ledger_sign_note(ledger, ledger->log_key);
}
static void shown_by_a_stranger(struct ledger *ledger)
{
    struct signing_key *stranger = coalition_key(3, 77);
    ledger_sign_note(ledger, stranger);
    signing_key_close(stranger);
}

static const struct members_row {
    const char *name;
    uint64_t height; /* of what is false */
    void (*change)(struct ledger *ledger);
    struct {
        enum transaction_type type;
        enum verdict from, to;
        long effect_height;
        bool adds, drops;
    } told;
    const char *codes;
} members_rows[] = {
    {"as many as were enough before", 8, old_voters, {0}, "certificate-charter"},
    {"a voter that has left", 14, voter_that_left, {0}, "certificate-charter"},
    {"a voter before its time", 6, voter_too_early, {0}, "certificate-charter"},
    {"a voter with the key of before", 10, voter_with_an_old_key, {0}, "certificate-charter"},
    {"voters of no time", 8, voters_of_no_time, {0}, "certificate"},
    {"a suspended lane goes on", 11, suspended_writes, {0}, "lane-closed"},
    {"a suspended lane's head changes", 12, suspended_rewrites, {0}, "lane-closed"},
    {"the lane of one that left goes on", 15, left_writes, {0}, "lane-closed"},
    {"a lane before its time", 4, lane_too_early, {0}, "cut-lanes"},
    {"a batch with the key of before", 9, batch_with_an_old_key, {0}, "batch-key"},
    {"a batch with the key of later", 8, batch_with_a_key_too_early, {0}, "batch-key"},
    {"evidence that another signed", 9, framed, {0}, "cut-evidence"},
    {"evidence against one accused", 12, accused_twice, {0}, "cut-evidence"},
    {"evidence against one that left", 15, accused_after_leaving, {0}, "cut-evidence"},
    {"evidence under a key of before", 12, accused_under_an_old_key, {0}, "cut-evidence"},
    {"a suspension without evidence", 9, evidence_left_out, {0}, "seal-cut"},
    {"carried with too few ballots",
     7,
     NULL,
     {TRANSACTION_BALLOT, VERDICT_ACCEPTED, VERDICT_ACCEPTED, 0, true, false},
     "record-amended"},
    {"carried, and not said",
     12,
     NULL,
     {TRANSACTION_BALLOT, VERDICT_ACCEPTED, VERDICT_ACCEPTED, 0, false, true},
     "record-amended"},
    {"admitted too early",
     3,
     NULL,
     {TRANSACTION_BALLOT, VERDICT_ACCEPTED, VERDICT_ACCEPTED, -1, false, false},
     "record-amended"},
    {"a voter too early",
     5,
     NULL,
     {TRANSACTION_READY, VERDICT_ACCEPTED, VERDICT_ACCEPTED, -1, false, false},
     "record-amended"},
    {"a ballot that another signed",
     7,
     NULL,
     {TRANSACTION_BALLOT, VERDICT_BAD_SIGNATURE, VERDICT_ACCEPTED, 0, false, false},
     "record-ballot"},
    {"a good ballot refused",
     12,
     NULL,
     {TRANSACTION_BALLOT, VERDICT_ACCEPTED, VERDICT_BAD_SIGNATURE, 0, false, false},
     "record-ballot"},
    {"ready with a wrong digest",
     5,
     NULL,
     {TRANSACTION_READY, VERDICT_WRONG_DIGEST, VERDICT_ACCEPTED, 0, false, false},
     "record-ready"},
    {"a ballot refused as a repeat",
     12,
     NULL,
     {TRANSACTION_BALLOT, VERDICT_ACCEPTED, VERDICT_REPEAT, 0, false, false},
     "record-key"},
    {"a motion refused",
     6,
     NULL,
     {TRANSACTION_MOTION, VERDICT_ACCEPTED, VERDICT_KEY_TAKEN, 0, false, false},
     "record-motion"},
    {"a checkpoint of those before", 16, cosigned_by_old_voters, {0}, "checkpoint-quorum"},
    {"a checkpoint of too few", 16, cosigned_by_too_few, {0}, "checkpoint-quorum"},
    {"a checkpoint that a stranger shows", 16, shown_by_a_stranger, {0}, "checkpoint-signature"},
};

/* ---- playing --------------------------------------------------------------------------------- */

static struct ledger *story(const struct members_row *row)
{
    struct ledger *ledger = ledger_start(0x5a, LEDGER_MEMBERS);
    memset(&lie, 0, sizeof(lie));
    if (row && !row->change) {
        lie.height = row->height;
        lie.type = row->told.type;
        lie.from = row->told.from;
        lie.to = row->told.to;
        lie.effect_height = row->told.effect_height;
        lie.adds = row->told.adds;
        lie.drops = row->told.drops;
        ledger->lies.record = tell_record;
    }
    members_play(ledger);
    ledger_serve(ledger);
    if (row && row->change)
        row->change(ledger);
    else if (row)
        REQUIRE(ledger->told == 1);
    return ledger;
}

static struct audit_view look(struct memory_source *memory, struct bytes charter,
                              struct bytes policy_text, const char *state)
{
    struct audit_source source;
    struct audit_view view;
    struct policy policy = {.log_count = 0};
    struct audit_request request = {
        .charter = charter, .policy_text = policy_text, .state_path = state};
    if (policy_text.size > 0) {
        REQUIRE(policy_parse(policy_text, &policy, NULL));
        request.policy = &policy;
    }
    memory_open(&source, memory, "members");
    audit_view_open(&view, &source);
    audit_view_run(&view, &request);
    if (!view.own_policy) /* of this function */
        view.policy = (struct policy){.log_count = 0};
    policy_release(&policy);
    return view;
}

static void check_view(const struct audit_view *view, const char *name, const char *wanted)
{
    char codes[CODES_TEXT];
    codes_of(view, codes);
    if (strcmp(codes, wanted) != 0) {
        const struct audit_finding *findings;
        size_t count = view->audit ? audit_findings(view->audit, &findings) : 0;
        printf("%s:\n", name);
        for (size_t i = 0; i < count; i++)
            printf("    %s at %s: expected %s, found %s\n", audit_code_word(findings[i].code),
                   findings[i].where, findings[i].expected, findings[i].found);
    }
    CHECK_TEXT(codes, wanted);
}

static struct bytes charter_of(const struct ledger *ledger)
{
    return buffer_bytes(&ledger->charter_bytes);
}
static struct bytes founding_policy(const struct ledger *ledger)
{
    return bytes_text(ledger->charter->tlog_policy);
}

static void keep_at(struct ledger *honest, size_t heights)
{
    struct memory_source memory = {.ledger = honest, .heights = heights};
    struct error error = {0};
    struct audit_view view = look(&memory, charter_of(honest), bytes_of(NULL, 0), NULL);
    check_view(&view, "kept", "");
    CHECK(audit_views_keep(&view, 1, state_path, &error));
    audit_view_release(&view);
}

/* ---- cases ----------------------------------------------------------------------------------- */

CASE(the_story_is_as_it_is_told)
{
    struct ledger *ledger = story(NULL);
    const struct state *state = ledger->state;
    CHECK_INT(state_charter_at(state, 4)->node_count, 5);
    CHECK_INT(state_charter_at(state, 5)->node_count, 6);
    CHECK_INT(state_charter_at(state, FAY_VOTES_FROM - 1)->voter_count, 4);
    CHECK_INT(state_charter_at(state, FAY_VOTES_FROM)->voter_count, 5);
    CHECK_INT(state_charter_at(state, CYD_FROM)->from_height, CYD_FROM);
    CHECK(!state_charter_at(state, SUSPENDED_FROM - 1)->nodes[DAN].suspended);
    CHECK(state_charter_at(state, SUSPENDED_FROM)->nodes[DAN].suspended);
    CHECK(!state_charter_at(state, LEFT_FROM - 1)->nodes[BOB].left);
    CHECK(state_charter_at(state, LEFT_FROM)->nodes[BOB].left);
    ledger_close(ledger);
}

/* At every height, hand-overs too; by what the charter says and by the policy of the beginning. */
CASE(an_honest_ledger_is_clean_at_every_height_fresh_and_going_on)
{
    struct ledger *ledger = story(NULL);
    for (size_t heights = 1; heights <= MEMBERS_HEIGHTS; heights++) {
        struct memory_source memory = {.ledger = ledger, .heights = heights};
        struct audit_view view = look(&memory, charter_of(ledger), founding_policy(ledger), NULL);
        check_view(&view, "fresh", "");
        CHECK_TEXT(buffer_text(&view.policy_text),
                   state_charter_at(ledger->state, heights + 1)->tlog_policy);
        audit_view_release(&view);
        keep_at(ledger, heights);
        keep_at(ledger, heights);
        memory.heights = MEMBERS_HEIGHTS;
        view = look(&memory, charter_of(ledger), bytes_of(NULL, 0), state_path);
        check_view(&view, "going on", "");
        CHECK_INT(view.went_on_from.size, ledger->past[heights - 1].count);
        CHECK(view.has_checkpoint);
        CHECK_INT(view.policy_height, MEMBERS_HEIGHTS);
        audit_view_release(&view);
    }
    ledger_close(ledger);
}

/* An audit that learns nothing new keeps what it knew: the last cut's evidence too. */
CASE(what_is_kept_twice_is_the_same)
{
    struct ledger *ledger = story(NULL);
    struct memory_source memory = {.ledger = ledger, .heights = 9};
    struct error error = {0};
    keep_at(ledger, 9);
    struct audit_view view = look(&memory, charter_of(ledger), bytes_of(NULL, 0), state_path);
    check_view(&view, "the same height", "");
    CHECK(audit_views_keep(&view, 1, state_path, &error));
    audit_view_release(&view);
    memory.heights = MEMBERS_HEIGHTS;
    view = look(&memory, charter_of(ledger), bytes_of(NULL, 0), state_path);
    check_view(&view, "going on", "");
    audit_view_release(&view);
    ledger_close(ledger);
}

CASE(every_lie_about_members_is_found_as_what_it_is_fresh_and_going_on)
{
    struct ledger *honest = story(NULL);
    for (size_t i = 0; i < sizeof(members_rows) / sizeof(members_rows[0]); i++) {
        struct ledger *mutant = story(&members_rows[i]);
        struct memory_source memory = {.ledger = mutant, .heights = MEMBERS_HEIGHTS};
        struct audit_view view = look(&memory, charter_of(mutant), founding_policy(mutant), NULL);
        check_view(&view, members_rows[i].name, members_rows[i].codes);
        audit_view_release(&view);
        for (uint64_t kept = 1; kept < members_rows[i].height; kept += 1 + kept / 3) {
            keep_at(honest, kept);
            view = look(&memory, charter_of(mutant), bytes_of(NULL, 0), state_path);
            check_view(&view, members_rows[i].name, members_rows[i].codes);
            audit_view_release(&view);
        }
        ledger_close(mutant);
    }
    printf("%zu mutations\n", sizeof(members_rows) / sizeof(members_rows[0]));
    ledger_close(honest);
}

/* Fay is about to vote, and cosigned nothing yet; nor did enough of the others for the five. */
CASE(a_hand_over_takes_a_quorum_of_the_next_voters_too)
{
    struct ledger *ledger = story(NULL);
    struct memory_source memory = {.ledger = ledger, .heights = FAY_VOTES_FROM - 1};
    ledger->cosigner_mask = 1u << ADA | 1u << BOB | 1u << DAN;
    struct audit_view view = look(&memory, charter_of(ledger), founding_policy(ledger), NULL);
    check_view(&view, "hand-over", "checkpoint-handover");
    audit_view_release(&view);
    ledger->cosigner_mask |= 1u << FAY;
    view = look(&memory, charter_of(ledger), founding_policy(ledger), NULL);
    check_view(&view, "hand-over", "");
    audit_view_release(&view);
    ledger_close(ledger);
}

/* A policy says who cosigns, not who founded the coalition: without the charter nobody knows which
 * members came of it. */
CASE(an_old_policy_alone_is_no_verdict_and_founds_nothing)
{
    struct ledger *ledger = story(NULL);
    struct memory_source memory = {.ledger = ledger, .heights = MEMBERS_HEIGHTS};
    struct audit_view view = look(&memory, bytes_of(NULL, 0), founding_policy(ledger), NULL);
    CHECK_INT(view.trouble_code, ERROR_DENIED);
    CHECK(strstr(view.trouble, "give --charter FILE") != NULL);
    CHECK_INT(audit_finding_count(view.audit), 0);
    CHECK_INT(view.policy_text.size, 0);
    audit_view_release(&view);
    /* Nor is what the source says of itself written down for others. */
    view = look(&memory, bytes_of(NULL, 0), bytes_of(NULL, 0), NULL);
    check_view(&view, "of the source", "");
    CHECK_INT(view.policy_text.size, 0);
    audit_view_release(&view);
    /* The policy of now is met: what it is later follows from there. */
    view = look(&memory, bytes_of(NULL, 0),
                bytes_text(state_charter_at(ledger->state, MEMBERS_HEIGHTS)->tlog_policy), NULL);
    check_view(&view, "of now", "");
    CHECK(view.policy_text.size > 0);
    audit_view_release(&view);
    ledger_close(ledger);
}

/* What the earlier audit kept met the policy, and so vouches for the charter that it goes on by. */
CASE(an_old_policy_goes_on_from_a_checkpoint_that_met_it)
{
    struct ledger *ledger = story(NULL);
    struct memory_source memory = {.ledger = ledger, .heights = MEMBERS_HEIGHTS};
    keep_at(ledger, 4);
    struct audit_view view = look(&memory, bytes_of(NULL, 0), founding_policy(ledger), state_path);
    check_view(&view, "met before", "");
    CHECK_TEXT(buffer_text(&view.policy_text),
               state_charter_at(ledger->state, MEMBERS_HEIGHTS + 1)->tlog_policy);
    audit_view_release(&view);
    keep_at(ledger, 15); /* its own checkpoint is of other members already */
    view = look(&memory, bytes_of(NULL, 0), founding_policy(ledger), state_path);
    CHECK_INT(view.trouble_code, ERROR_DENIED);
    audit_view_release(&view);
    ledger_close(ledger);
}

/* A reader who asks for a witness outside asks for it ever after. */
CASE(a_stricter_policy_stays_as_strict)
{
    struct ledger *ledger = story(NULL);
    struct memory_source memory = {.ledger = ledger, .heights = MEMBERS_HEIGHTS};
    struct buffer text;
    struct note_key key;
    struct signing_key *outside = coalition_key(9, 1);
    struct public_key public_key = signing_key_public(outside);
    REQUIRE(note_key_make("witness.example/w", NOTE_TYPE_COSIGNATURE, &public_key, &key, NULL));
    buffer_init(&text, POLICY_SIZE_MAX);
    const char *quorum = strstr(ledger->charter->tlog_policy, "quorum voters\n");
    REQUIRE(quorum != NULL);
    buffer_append(&text, bytes_of(ledger->charter->tlog_policy,
                                  (size_t)(quorum - ledger->charter->tlog_policy)));
    buffer_append_text(&text, "witness out ");
    note_key_format(&key, &text);
    buffer_append_text(&text, "\ngroup both all voters out\nquorum both\n");
    struct audit_view view = look(&memory, charter_of(ledger), buffer_bytes(&text), NULL);
    check_view(&view, "without the witness", "checkpoint-quorum");
    audit_view_release(&view);
    note_cosign(&ledger->note, &key, outside, 1700000000);
    view = look(&memory, charter_of(ledger), buffer_bytes(&text), NULL);
    check_view(&view, "with it", "");
    CHECK(strstr(buffer_text(&view.policy_text), "quorum both\n") != NULL);
    CHECK(strstr(buffer_text(&view.policy_text), "fay-1") != NULL);
    CHECK(strstr(buffer_text(&view.policy_text), "bob-1") == NULL);
    audit_view_release(&view);
    buffer_release(&text);
    signing_key_close(outside);
    ledger_close(ledger);
}

static void cases(void)
{
    RUN(the_story_is_as_it_is_told);
    RUN(an_honest_ledger_is_clean_at_every_height_fresh_and_going_on);
    RUN(what_is_kept_twice_is_the_same);
    RUN(every_lie_about_members_is_found_as_what_it_is_fresh_and_going_on);
    RUN(a_hand_over_takes_a_quorum_of_the_next_voters_too);
    RUN(an_old_policy_alone_is_no_verdict_and_founds_nothing);
    RUN(an_old_policy_goes_on_from_a_checkpoint_that_met_it);
    RUN(a_stricter_policy_stays_as_strict);
}

int main(void)
{
    return lies_run(cases);
}
