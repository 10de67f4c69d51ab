// links: partners
/* What each change makes of a charter, and what does not fit. */

#include "crypto/policy.h"
#include "partners/charter_limits.h"
#include "unit/changes.h"

enum { A, B, C, D, OPERATOR };

static const struct coalition_spec four = {.names = {"a", "b", "c", "d", NULL},
                                           .operator_name = "office",
                                           .face = "10000",
                                           .reimbursement = "9000",
                                           .issue_fee = "400"};

/* The charter that has gone through the changes so far; closes what went before. */
struct course {
    struct charter *charter;
    uint64_t height;
};

static struct course begin(void)
{
    return (struct course){.charter = coalition_found(coalition_draft(&four)), .height = 1};
}

static void end(struct course *course)
{
    charter_close(course->charter);
}

static enum verdict go(struct course *course, struct change change)
{
    struct charter *after = NULL;
    course->height += 5;
    enum verdict verdict = charter_amend(course->charter, &change, course->height, &after);
    CHECK((verdict == VERDICT_ACCEPTED) == (after != NULL));
    if (!after)
        return verdict;
    CHECK_INT(after->from_height, course->height);
    CHECK(hash_equal(&after->coalition, &course->charter->coalition));
    CHECK(after->node_count >= course->charter->node_count);
    CHECK(after->partner_count >= course->charter->partner_count);
    CHECK(charter_policy_check(after, NULL));
    charter_close(course->charter);
    course->charter = after;
    return verdict;
}

static bool votes(const struct charter *charter, uint16_t node)
{
    for (size_t i = 0; i < charter->voter_count; i++)
        if (charter->voters[i] == node)
            return true;
    return false;
}

CASE(a_partner_is_admitted_and_votes_once_it_is_promoted)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_found("e", "e-1", 1, true)), VERDICT_ACCEPTED);
    const struct charter *charter = course.charter;
    CHECK_INT(charter->partner_count, 6);
    CHECK_INT(charter->node_count, 5);
    CHECK_TEXT(charter->partners[5].name, "e");
    CHECK_TEXT(charter->nodes[4].name, "e-1");
    CHECK_TEXT(charter->nodes[4].cosigner_key.name, "ledger.example/test/e-1");
    CHECK_TEXT(charter->nodes[4].address, "tcp://127.0.0.1:7200");
    CHECK_INT(charter->nodes[4].partner.v, 5);
    CHECK(charter->nodes[4].joining && !charter->nodes[4].voter && !votes(charter, 4));
    CHECK_INT(charter->voter_count, 4);
    CHECK_INT(go(&course, change_promote(4)), VERDICT_ACCEPTED);
    CHECK(votes(course.charter, 4) && !course.charter->nodes[4].joining);
    CHECK_INT(course.charter->voter_count, 5);
    CHECK_INT(go(&course, change_promote(4)), VERDICT_NOT_JOINING);
    CHECK_INT(go(&course, change_promote(A)), VERDICT_NOT_JOINING);
    end(&course);
}

CASE(an_observer_is_admitted_to_a_partner_that_is_there)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_admit(B, "b-2", 1, false)), VERDICT_ACCEPTED);
    CHECK(!course.charter->nodes[4].joining);
    CHECK_INT(course.charter->nodes[4].partner.v, B);
    CHECK_INT(go(&course, change_promote(4)), VERDICT_NOT_JOINING);
    CHECK_INT(go(&course, change_admit(B, "b-3", 2, true)), VERDICT_BAD_VOTERS);
    CHECK_INT(go(&course, change_admit(OPERATOR, "o-1", 3, true)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_admit(OPERATOR, "o-2", 4, true)), VERDICT_BAD_VOTERS);
    CHECK_INT(go(&course, change_admit(9, "z", 5, false)), VERDICT_UNKNOWN_PARTNER);
    end(&course);
}

CASE(names_are_used_once)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_found("a", "e-1", 1, false)), VERDICT_NAME_TAKEN);
    CHECK_INT(go(&course, change_found("e", "a-1", 1, false)), VERDICT_NAME_TAKEN);
    CHECK_INT(go(&course, change_remove_partner(D)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_found("d", "e-1", 1, false)), VERDICT_NAME_TAKEN);
    CHECK_INT(go(&course, change_found("e", "d-1", 1, false)), VERDICT_NAME_TAKEN);
    CHECK_INT(go(&course, change_found("e", "e-1", 1, false)), VERDICT_ACCEPTED);
    end(&course);
}

/* Each key of an admission is put to something that has or had it. */
CASE(keys_are_used_once_even_those_that_were_replaced)
{
    struct course course = begin();
    struct public_key old_sign = course.charter->nodes[C].sign_key;
    struct public_key old_governance = course.charter->partners[C].governance_key;
    CHECK_INT(go(&course, change_replace_keys(C, 1)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_replace_governance(C, 1)), VERDICT_ACCEPTED);
    const struct public_key taken[] = {
        old_sign,
        old_governance,
        course.charter->partners[A].governance_key,
        course.charter->nodes[A].log_key.key,
        course.charter->nodes[A].cosigner_key.key,
        course.charter->nodes[C].sign_key,
    };
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
        struct change change = change_found("e", "e-1", 2, false);
        change.key = taken[i];
        CHECK_INT(go(&course, change), VERDICT_KEY_TAKEN);
        change = change_found("e", "e-1", 2, false);
        change.keys.log_key = taken[i];
        CHECK_INT(go(&course, change), VERDICT_KEY_TAKEN);
        change = change_admit(A, "a-2", 2, false);
        change.keys.cosigner_key = taken[i];
        CHECK_INT(go(&course, change), VERDICT_KEY_TAKEN);
        change = change_replace_governance(B, 2);
        change.key = taken[i];
        CHECK_INT(go(&course, change), VERDICT_KEY_TAKEN);
    }
    struct change twice = change_found("e", "e-1", 2, false);
    twice.keys.log_key = twice.keys.cosigner_key;
    CHECK_INT(go(&course, twice), VERDICT_KEY_TAKEN);
    twice = change_found("e", "e-1", 2, false);
    twice.keys.log_key = twice.key;
    CHECK_INT(go(&course, twice), VERDICT_KEY_TAKEN);
    twice = change_replace_keys(C, 2);
    twice.keys.log_key = twice.keys.cosigner_key;
    CHECK_INT(go(&course, twice), VERDICT_KEY_TAKEN);
    struct change same_point = change_found("e", "e-1", 1, false);
    struct node_keys other = changes_keys(2);
    same_point.key = coalition_public(CHANGES_KEY_KINDS + 2, 2);
    same_point.keys.log_key = other.log_key;
    same_point.keys.cosigner_key = other.cosigner_key;
    CHECK_INT(go(&course, same_point), VERDICT_KEY_TAKEN);
    end(&course);
}

CASE(keys_that_bind_nobody_are_refused)
{
    static const uint8_t small[][2] = {{0x01, 0}, {0x00, 0}, {0x00, 0x80}};
    struct course course = begin();
    for (size_t i = 0; i < ARRAY_SIZE(small); i++) {
        struct public_key key = {{small[i][0]}};
        key.at[PUBLIC_KEY_SIZE - 1] = small[i][1];
        struct verifier *verifier = verifier_open(&key);
        CHECK(verifier != NULL); /* a point, but one that many signatures hold for */
        verifier_close(verifier);
        CHECK(!public_key_usable(&key));
        struct change change = change_replace_governance(B, 2);
        change.key = key;
        CHECK_INT(go(&course, change), VERDICT_BAD_KEY);
        change = change_found("e", "e-1", 2, false);
        change.keys.cosigner_key = key;
        CHECK_INT(go(&course, change), VERDICT_BAD_KEY);
    }
    struct change change = change_found("e", "e-1", 2, false);
    memset(change.keys.log_key.at, 0xff, PUBLIC_KEY_SIZE);
    CHECK_INT(go(&course, change), VERDICT_BAD_KEY);
    change = change_found("e", "e-1", 2, false);
    change.keys.transport_key[0] = 0x02;
    CHECK_INT(go(&course, change), VERDICT_BAD_KEY);
    change = change_found("e", "e-1", 2, false);
    change.keys.transport_key[5] ^= 1;
    CHECK_INT(go(&course, change), VERDICT_BAD_SIGNATURE);
    change = change_replace_keys(C, 2);
    change.keys.transport_signature.at[0] ^= 1;
    CHECK_INT(go(&course, change), VERDICT_BAD_SIGNATURE);
    end(&course);
}

CASE(a_node_that_leaves_keeps_its_place_and_votes_no_more)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_remove_node(B)), VERDICT_ACCEPTED);
    const struct charter *charter = course.charter;
    CHECK_INT(charter->node_count, 4);
    CHECK(charter->nodes[B].left && !charter->nodes[B].voter && !charter->partners[B].left);
    CHECK(!votes(charter, B) && votes(charter, A) && votes(charter, C) && votes(charter, D));
    CHECK_INT(charter->voter_count, 3);
    CHECK_INT(go(&course, change_remove_node(B)), VERDICT_UNKNOWN_NODE);
    CHECK_INT(go(&course, change_set_voter(B, true)), VERDICT_UNKNOWN_NODE);
    CHECK_INT(go(&course, change_replace_keys(B, 1)), VERDICT_UNKNOWN_NODE);
    CHECK_INT(go(&course, change_suspend(course.charter, B)), VERDICT_UNKNOWN_NODE);
    CHECK_INT(go(&course, change_admit(B, "b-2", 1, true)), VERDICT_ACCEPTED);
    end(&course);
}

CASE(a_partner_leaves_with_all_its_nodes)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_admit(B, "b-2", 1, false)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_remove_partner(B)), VERDICT_ACCEPTED);
    CHECK(course.charter->partners[B].left);
    CHECK(course.charter->nodes[B].left && course.charter->nodes[4].left);
    CHECK_INT(go(&course, change_remove_partner(B)), VERDICT_UNKNOWN_PARTNER);
    CHECK_INT(go(&course, change_admit(B, "b-3", 2, false)), VERDICT_UNKNOWN_PARTNER);
    CHECK_INT(go(&course, change_replace_governance(B, 2)), VERDICT_UNKNOWN_PARTNER);
    CHECK_INT(go(&course, change_remove_partner(OPERATOR)), VERDICT_OPERATOR_STAYS);
    end(&course);
}

/* Its fees may be in contracts, which the charter does not tell of. */
CASE(the_operator_stays_without_fees_too)
{
    struct coalition_spec spec = four;
    spec.issue_fee = NULL;
    struct course course = {.charter = coalition_found(coalition_draft(&spec)), .height = 1};
    CHECK_INT(go(&course, change_remove_partner(OPERATOR)), VERDICT_OPERATOR_STAYS);
    CHECK_INT(go(&course, change_remove_partner(B)), VERDICT_ACCEPTED);
    end(&course);
}

/* One that never had a node goes on without. */
CASE(the_last_node_of_the_operator_stays_with_it)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_admit(OPERATOR, "o-1", 1, false)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_remove_node(4)), VERDICT_OPERATOR_STAYS);
    CHECK_INT(go(&course, change_replace_keys(4, 2)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_admit(OPERATOR, "o-2", 3, false)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_remove_node(4)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_remove_node(4)), VERDICT_UNKNOWN_NODE);
    CHECK_INT(go(&course, change_remove_node(5)), VERDICT_OPERATOR_STAYS);
    CHECK_INT(go(&course, change_remove_node(B)), VERDICT_ACCEPTED); /* the last of another */
    end(&course);
}

CASE(voters_are_never_fewer_than_a_charter_may_have)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_set_voter(A, false)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_set_voter(A, false)), VERDICT_NOTHING_TO_DO);
    CHECK_INT(go(&course, change_remove_node(B)), VERDICT_ACCEPTED); /* two, as accepted */
    CHECK_INT(course.charter->voter_count, 2);
    course.charter->two_voters_accepted = false;
    CHECK_INT(go(&course, change_set_limit(LIMIT_TIMEOUT_MS, 20)), VERDICT_BAD_VOTERS);
    course.charter->two_voters_accepted = true;
    CHECK_INT(go(&course, change_remove_node(C)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_remove_node(D)), VERDICT_BAD_VOTERS);
    CHECK_INT(go(&course, change_set_voter(D, false)), VERDICT_BAD_VOTERS);
    CHECK_INT(go(&course, change_set_voter(A, true)), VERDICT_ACCEPTED);
    CHECK(course.charter->nodes[A].joining);
    CHECK_INT(go(&course, change_set_voter(A, true)), VERDICT_NOTHING_TO_DO);
    CHECK_INT(go(&course, change_admit(A, "a-2", 1, true)), VERDICT_BAD_VOTERS);
    CHECK_INT(go(&course, change_set_voter(A, false)), VERDICT_ACCEPTED);
    CHECK(!course.charter->nodes[A].joining);
    end(&course);
}

CASE(there_are_at_most_sixty_four_voters)
{
    struct course course = begin();
    char name[16];
    for (uint8_t i = 0; i < 61; i++) {
        snprintf(name, sizeof(name), "p%u", i);
        CHECK_INT(go(&course, change_found(name, name, i, true)), VERDICT_ACCEPTED);
    }
    for (uint8_t i = 0; i < 60; i++)
        CHECK_INT(go(&course, change_promote(4 + i)), VERDICT_ACCEPTED);
    CHECK_INT(course.charter->voter_count, VOTERS_MAX);
    CHECK_INT(go(&course, change_promote(64)), VERDICT_BAD_VOTERS);
    CHECK_INT(go(&course, change_set_voter(A, false)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_promote(64)), VERDICT_ACCEPTED);
    end(&course);
}

CASE(places_are_never_more_than_there_are_numbers)
{
    struct course course = begin();
    struct charter *charter = course.charter;
    charter->nodes = realloc(charter->nodes, NODES_MAX * sizeof(*charter->nodes));
    REQUIRE(charter->nodes != NULL);
    for (; charter->node_count < NODES_MAX - 1; charter->node_count++) {
        struct charter_node *node = &charter->nodes[charter->node_count];
        memset(node, 0, sizeof(*node));
        snprintf(node->name, sizeof(node->name), "gone-%zu", charter->node_count);
        node->left = true;
    }
    CHECK_INT(go(&course, change_admit(A, "last", 1, false)), VERDICT_ACCEPTED);
    CHECK_INT(course.charter->node_count, NODES_MAX);
    CHECK_INT(go(&course, change_admit(A, "more", 2, false)), VERDICT_COALITION_FULL);
    CHECK_INT(go(&course, change_remove_node(NODES_MAX - 1)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_admit(A, "more", 2, false)), VERDICT_COALITION_FULL);
    end(&course);
}

CASE(new_keys_end_a_suspension_and_others_do_not)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_suspend(course.charter, C)), VERDICT_ACCEPTED);
    CHECK(course.charter->nodes[C].suspended && votes(course.charter, C));
    CHECK_INT(go(&course, change_suspend(course.charter, C)), VERDICT_NOTHING_TO_DO);
    struct change change = change_replace_keys(C, 1);
    struct node_keys own = changes_keys_of(&course.charter->nodes[C]);
    change.keys.sign_key = own.sign_key;
    change.keys.transport_signature = own.transport_signature;
    memcpy(change.keys.transport_key, own.transport_key, TRANSPORT_KEY_SIZE);
    CHECK_INT(go(&course, change), VERDICT_ACCEPTED);
    CHECK(course.charter->nodes[C].suspended);
    CHECK(votes(course.charter, C));
    struct change stale = change_suspend(course.charter, C);
    struct change fresh = change_replace_keys(C, 2);
    CHECK_INT(go(&course, fresh), VERDICT_ACCEPTED);
    CHECK(!course.charter->nodes[C].suspended && votes(course.charter, C));
    CHECK_INT(memcmp(course.charter->nodes[C].sign_key.at, fresh.keys.sign_key.at, PUBLIC_KEY_SIZE),
              0);
    CHECK_TEXT(course.charter->nodes[C].address, "tcp://127.0.0.1:7202");
    CHECK_INT(go(&course, stale), VERDICT_NOTHING_TO_DO);
    CHECK_INT(go(&course, fresh), VERDICT_NOTHING_TO_DO);
    end(&course);
}

/* A node that left has no lane that could be the last. */
CASE(the_last_open_lane_stays_open)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_suspend(course.charter, A)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_remove_node(B)), VERDICT_ACCEPTED);
    CHECK(!charter_last_lane(course.charter, (struct node_id){C}));
    CHECK_INT(go(&course, change_suspend(course.charter, C)), VERDICT_ACCEPTED);
    CHECK(charter_last_lane(course.charter, (struct node_id){D}));
    CHECK_INT(go(&course, change_suspend(course.charter, D)), VERDICT_NOTHING_TO_DO);
    CHECK(!course.charter->nodes[D].suspended);
    CHECK_INT(go(&course, change_replace_keys(A, 1)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_suspend(course.charter, D)), VERDICT_ACCEPTED);
    end(&course);
}

CASE(one_that_is_suspended_is_not_promoted)
{
    struct course course = begin();
    CHECK_INT(go(&course, change_found("e", "e-1", 1, true)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_suspend(course.charter, 4)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_promote(4)), VERDICT_NOT_JOINING);
    CHECK_INT(go(&course, change_replace_keys(4, 2)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_promote(4)), VERDICT_ACCEPTED);
    end(&course);
}

CASE(limits_stay_in_their_ranges_and_fit_each_other)
{
    struct course course = begin();
    for (int i = 1; i <= LIMIT_NUMBER_MAX; i++) {
        enum limit_number number = (enum limit_number)i;
        struct limit_range range = charter_limit_range(number);
        CHECK_INT(go(&course, change_set_limit(number, range.min - 1)), VERDICT_BAD_LIMIT);
        if (range.max < INT64_MAX)
            CHECK_INT(go(&course, change_set_limit(number, range.max + 1)), VERDICT_BAD_LIMIT);
    }
    CHECK_INT(go(&course, change_set_limit(LIMIT_CUT_BYTES, 1 << 20)), VERDICT_BAD_LIMIT);
    CHECK_INT(go(&course, change_set_limit(LIMIT_ALLOCATIONS, 10)), VERDICT_ACCEPTED);
    CHECK_INT(course.charter->limits.allocations, 10);
    CHECK_INT(go(&course, change_set_limit(LIMIT_ALLOCATIONS, 10)), VERDICT_NOTHING_TO_DO);
    struct change both = change_set_limit(LIMIT_BATCH_BYTES, 1 << 18);
    both.limit_count = 3;
    both.limits[1] = (struct limit_value){LIMIT_CUT_BYTES, 1 << 20};
    both.limits[2] = (struct limit_value){LIMIT_LANE_CUT_BYTES, 1 << 19};
    CHECK_INT(go(&course, both), VERDICT_ACCEPTED);
    CHECK_INT(course.charter->limits.lane_cut_bytes, 1 << 19);
    end(&course);
}

/* ---- the policy goes along ------------------------------------------------------------------- */

CASE(the_usual_policy_stays_the_usual_one)
{
    struct course course = begin();
    struct buffer usual;
    buffer_init(&usual, POLICY_SIZE_MAX);
    CHECK_INT(go(&course, change_found("e", "e-1", 1, true)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_promote(4)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_replace_keys(B, 2)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_admit(A, "a-2", 3, false)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_remove_node(C)), VERDICT_ACCEPTED);
    charter_policy_format(course.charter, &usual);
    CHECK_TEXT(course.charter->tlog_policy, buffer_text(&usual));
    CHECK(strstr(course.charter->tlog_policy, "group voters 3 voter/a-1 voter/b-1 voter/d-1 "
                                              "voter/e-1\n") != NULL);
    buffer_release(&usual);
    end(&course);
}

/* A charter whose policy is the usual one with `extra` before its quorum line, and another quorum.
 */
static struct course begin_with(const char *extra, const char *quorum)
{
    struct charter *draft = coalition_draft(&four);
    struct note_key outside;
    struct public_key key = coalition_public(99, 1);
    struct buffer text;
    REQUIRE(note_key_make("witness.example", NOTE_TYPE_COSIGNATURE, &key, &outside, NULL));
    buffer_init(&text, POLICY_SIZE_MAX);
    charter_policy_format(draft, &text);
    text.size -= strlen("quorum voters\n");
    buffer_append_text(&text, "witness outside ");
    note_key_format(&outside, &text);
    buffer_printf(&text, " https://witness.example/add\n%squorum %s\n", extra, quorum);
    draft->tlog_policy = allocate(text.size + 1, 1);
    memcpy(draft->tlog_policy, text.at, text.size);
    buffer_release(&text);
    return (struct course){.charter = coalition_found(draft), .height = 1};
}

CASE(witnesses_from_outside_and_their_groups_are_kept)
{
    struct course course =
        begin_with("group others any outside\ngroup both all voters others\n", "both");
    CHECK_INT(go(&course, change_found("e", "e-1", 1, true)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_promote(4)), VERDICT_ACCEPTED);
    const char *text = course.charter->tlog_policy;
    CHECK(strstr(text, "witness outside witness.example+") != NULL);
    CHECK(strstr(text, " https://witness.example/add\n") != NULL);
    CHECK(strstr(text, "group voters 4 voter/a-1 voter/b-1 voter/c-1 voter/d-1 voter/e-1\n"));
    CHECK(strstr(text, "group others 1 outside\ngroup both 2 voters others\nquorum both\n"));
    CHECK_INT(go(&course, change_remove_partner(A)), VERDICT_ACCEPTED);
    CHECK(strstr(course.charter->tlog_policy,
                 "group voters 3 voter/b-1 voter/c-1 voter/d-1 voter/e-1\n"));
    end(&course);
}

CASE(a_policy_that_asks_for_more_than_q_goes_on_asking)
{
    struct course course = begin_with("group all 1 voters\n", "all");
    char *threshold = strstr(course.charter->tlog_policy, "group voters 3");
    REQUIRE(threshold != NULL);
    threshold[strlen("group voters ")] = '4'; /* one more than Q of four */
    CHECK_INT(go(&course, change_found("e", "e-1", 1, true)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_promote(4)), VERDICT_ACCEPTED);
    CHECK(strstr(course.charter->tlog_policy, "group voters 5 ") != NULL);
    CHECK_INT(go(&course, change_remove_node(A)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_remove_node(B)), VERDICT_ACCEPTED);
    CHECK(strstr(course.charter->tlog_policy, "group voters 3 ") != NULL);
    end(&course);
}

/* Voters in two groups: nobody can say where a fifth belongs. It is taken in as long as the others
 * are Q of all. */
CASE(a_policy_without_a_place_for_new_voters_takes_as_many_as_it_can_do_without)
{
    struct course course = begin();
    char *group = strstr(course.charter->tlog_policy, "group voters");
    REQUIRE(group != NULL);
    struct buffer text;
    buffer_init(&text, POLICY_SIZE_MAX);
    buffer_append(&text, bytes_of(course.charter->tlog_policy,
                                  (size_t)(group - course.charter->tlog_policy)));
    buffer_append_text(&text, "group west all voter/a-1 voter/b-1\n"
                              "group east all voter/c-1 voter/d-1\n"
                              "group both all west east\nquorum both\n");
    free(course.charter->tlog_policy);
    course.charter->tlog_policy = allocate(text.size + 1, 1);
    memcpy(course.charter->tlog_policy, text.at, text.size);
    buffer_release(&text);
    REQUIRE(charter_policy_check(course.charter, NULL));
    CHECK_INT(go(&course, change_found("e", "e-1", 1, true)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_found("f", "f-1", 2, true)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_found("g", "g-1", 3, true)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_promote(4)), VERDICT_ACCEPTED); /* Q of five is four */
    CHECK_INT(go(&course, change_promote(5)), VERDICT_ACCEPTED); /* of six too */
    CHECK_INT(go(&course, change_promote(6)), VERDICT_BAD_POLICY);
    CHECK_INT(go(&course, change_remove_node(B)), VERDICT_BAD_POLICY);
    CHECK_INT(go(&course, change_remove_node(5)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_remove_node(4)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_replace_keys(A, 4)), VERDICT_ACCEPTED);
    CHECK(strstr(course.charter->tlog_policy, "group west 2 voter/a-1 voter/b-1\n") != NULL);
    CHECK_INT(go(&course, change_remove_node(B)), VERDICT_ACCEPTED);
    CHECK(strstr(course.charter->tlog_policy, "group west 1 voter/a-1\n") != NULL);
    end(&course);
}

CASE(a_policy_that_is_right_as_it_is_stays_byte_for_byte)
{
    struct course course = begin();
    char *text = allocate(strlen(course.charter->tlog_policy) + 32, 1);
    snprintf(text, strlen(course.charter->tlog_policy) + 32, "# ours\n%s",
             course.charter->tlog_policy);
    free(course.charter->tlog_policy);
    course.charter->tlog_policy = text;
    CHECK_INT(go(&course, change_set_limit(LIMIT_ALLOCATIONS, 10)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_suspend(course.charter, C)), VERDICT_ACCEPTED);
    CHECK_INT(go(&course, change_replace_governance(C, 1)), VERDICT_ACCEPTED);
    CHECK(strncmp(course.charter->tlog_policy, "# ours\n", 7) == 0);
    end(&course);
}

int main(void)
{
    RUN(a_partner_is_admitted_and_votes_once_it_is_promoted);
    RUN(an_observer_is_admitted_to_a_partner_that_is_there);
    RUN(names_are_used_once);
    RUN(keys_are_used_once_even_those_that_were_replaced);
    RUN(keys_that_bind_nobody_are_refused);
    RUN(a_node_that_leaves_keeps_its_place_and_votes_no_more);
    RUN(a_partner_leaves_with_all_its_nodes);
    RUN(the_operator_stays_without_fees_too);
    RUN(the_last_node_of_the_operator_stays_with_it);
    RUN(voters_are_never_fewer_than_a_charter_may_have);
    RUN(there_are_at_most_sixty_four_voters);
    RUN(places_are_never_more_than_there_are_numbers);
    RUN(new_keys_end_a_suspension_and_others_do_not);
    RUN(the_last_open_lane_stays_open);
    RUN(one_that_is_suspended_is_not_promoted);
    RUN(limits_stay_in_their_ranges_and_fit_each_other);
    RUN(the_usual_policy_stays_the_usual_one);
    RUN(witnesses_from_outside_and_their_groups_are_kept);
    RUN(a_policy_that_asks_for_more_than_q_goes_on_asking);
    RUN(a_policy_without_a_place_for_new_voters_takes_as_many_as_it_can_do_without);
    RUN(a_policy_that_is_right_as_it_is_stays_byte_for_byte);
    return check_report();
}
