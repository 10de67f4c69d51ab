/* Directed attacks on one replica whose peers are played by hand: every key is at hand, and
 * messages say exactly what an attacker would say. */

#include "sim/directed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/replica_parts.h"
#include "partners/charter_policy.h"
#include "sim/disk.h"

enum {
    VOTERS = 4,
    NOW_MS = 1800000000,
    MIB = 1024 * 1024,
    BELOW_BUDGET_MS = 5 /* between forks: faster, their carrier is not listened to */
};

/* Node 0 is the replica; the others are us. */
struct stage {
    struct charter charter;
    struct charter_partner partners[VOTERS];
    struct charter_node nodes[VOTERS];
    struct signing_key *keys[VOTERS];
    struct disk disk;
    struct replica *replica;
    uint64_t now_ms, write, writes;
    bool hold_writes, fatal;
    uint64_t sent_batches, fetches;
    struct bytes group;
    struct cut named;
    struct message *message;
};

static void stage_settle(struct stage *s)
{
    struct replica_action action;
    bool more = true;
    while (more) {
        more = false;
        while (replica_next(s->replica, &action)) {
            more = true;
            struct message *m = s->message;
            if (action.kind == REPLICA_SEND && message_decode(action.message, m, NULL)) {
                s->sent_batches += m->kind == MESSAGE_BATCH;
                s->fetches += m->kind == MESSAGE_FETCH_BATCHES;
            } else if (action.kind == REPLICA_WRITE) {
                s->write = action.write;
                s->group = buffer_bytes(&action.group->ops);
            } else if (action.kind == REPLICA_FATAL) {
                printf("  it stops: %s\n", action.text);
                s->fatal = true;
            }
        }
        if (s->write && !s->hold_writes) {
            uint64_t number = s->write;
            s->write = 0;
            s->writes++;
            disk_write(&s->disk, s->group);
            replica_on_durable(s->replica, number, s->now_ms);
            more = true;
        }
    }
}

static void stage_start(struct stage *s)
{
    struct replica_config config = {
        .charter = &s->charter, .key = s->keys[0], .store = disk_store(&s->disk)};
    struct error error;
    must(replica_open(&config, s->now_ms, &s->replica, &error));
}

/* As after a crash: what was not written is gone. */
static void stage_reopen(struct stage *s)
{
    replica_close(s->replica);
    s->write = 0;
    stage_start(s);
    stage_settle(s);
}

/* What a charter that comes of this one is made from, too. */
static void name_node(struct charter *c, uint16_t number)
{
    struct charter_node *node = &c->nodes[number];
    uint8_t seed[SEED_SIZE] = {(uint8_t)(number + 1), 1};
    char name[NOTE_NAME_MAX + 1];
    (void)snprintf(node->name, sizeof(node->name), "node-%u", number);
    must(charter_cosigner_name(c->origin, node->name, name));
    for (size_t i = 0; i < 2; i++) {
        struct signing_key *key = signing_key_from_seed(seed);
        struct public_key public_key = signing_key_public(key);
        must(i == 0 ? note_key_make(c->origin, NOTE_TYPE_ED25519, &public_key, &node->log_key, NULL)
                    : note_key_make(name, NOTE_TYPE_COSIGNATURE, &public_key, &node->cosigner_key,
                                    NULL));
        signing_key_close(key);
        seed[1]++;
    }
}

static void stage_open(struct stage *s, uint32_t batch_bytes)
{
    struct charter *c = &s->charter;
    memset(s, 0, sizeof(*s));
    s->now_ms = NOW_MS;
    s->message = (struct message *)allocate(1, sizeof(*s->message));
    c->coalition.at[0] = 7;
    c->from_height = 1;
    (void)snprintf(c->origin, sizeof(c->origin), "sim.example/stage");
    memcpy(c->currency, "EUR", 4);
    c->transition_count = 1;
    c->partner_count = c->node_count = VOTERS;
    c->partners = s->partners;
    c->nodes = s->nodes;
    for (uint16_t i = 0; i < VOTERS; i++) {
        uint8_t seed[SEED_SIZE] = {(uint8_t)(i + 1)};
        s->keys[i] = signing_key_from_seed(seed);
        s->nodes[i].partner.v = i;
        s->nodes[i].voter = true;
        s->nodes[i].sign_key = signing_key_public(s->keys[i]);
        name_node(c, i);
        c->voters[c->voter_count++] = i;
    }
    c->rates.face.v = c->rates.reimbursement.v = 10000;
    c->policy.window_ms = UINT64_C(400) * 86400000;
    c->policy.clock_bound_ms = 5000;
    c->limits.batch_bytes = batch_bytes;
    c->limits.cut_bytes = 16 * MIB;
    c->limits.lane_cut_bytes = 8 * MIB;
    c->limits.lane_day_bytes = UINT64_C(1) << 34;
    c->limits.allocations = 256;
    c->limits.heartbeat_ms = 60000;
    c->limits.timeout_ms = 1000;
    c->limits.timeout_delta_ms = 500;
    struct buffer policy;
    buffer_init(&policy, CHARTER_SIZE_MAX);
    charter_policy_format(c, &policy);
    buffer_append(&policy, bytes_of("", 1));
    c->tlog_policy = (char *)policy.at; /* its memory goes along */
    stage_start(s);
    s->replica->may_sign = true; /* the question at start has its own scenarios */
    stage_settle(s);
}

static void stage_close(struct stage *s)
{
    replica_close(s->replica);
    for (size_t i = 0; i < VOTERS; i++)
        signing_key_close(s->keys[i]);
    disk_release(&s->disk);
    free(s->charter.tlog_policy);
    free(s->message);
}

static void hear(struct stage *s, uint16_t from, const struct message *message)
{
    struct buffer out;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    message_encode(message, &out);
    replica_on_message(s->replica, from, buffer_bytes(&out), s->now_ms);
    buffer_release(&out);
    stage_settle(s);
}

static struct lane_head hear_batch(struct stage *s, uint16_t from, uint64_t sequence,
                                   struct hash previous, size_t size, uint64_t salt)
{
    struct buffer payload, bytes;
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    uint8_t *junk = (uint8_t *)allocate(size + 1, 1);
    buffer_init(&payload, BATCH_PAYLOAD_MAX);
    buffer_init(&bytes, BATCH_SIZE_MAX);
    struct batch batch = {.coalition = s->charter.coalition,
                          .lane = {from},
                          .sequence = sequence,
                          .previous = previous,
                          .created_ms = salt};
    for (size_t left = size; left > 0; batch.transaction_count++) {
        size_t part = left < TRANSACTION_SIZE_MAX ? left : TRANSACTION_SIZE_MAX;
        batch_payload_put(&payload, bytes_of(junk, part));
        left -= part;
    }
    must(!payload.overflowed);
    batch.payload = buffer_bytes(&payload);
    batch_seal(&batch, s->keys[from]);
    batch_encode(&batch, &bytes);
    message->kind = MESSAGE_BATCH;
    message->body.batch = buffer_bytes(&bytes);
    hear(s, from, message);
    buffer_release(&payload);
    buffer_release(&bytes);
    free(junk);
    free(message);
    return (struct lane_head){.sequence = sequence, .id = batch.id};
}

static struct vote vote_of(struct stage *s, uint16_t voter, enum vote_type type, int32_t round,
                           const struct hash *cut)
{
    struct vote vote = {.type = type,
                        .height = 1,
                        .round = round,
                        .nil = cut == NULL,
                        .valid_round = -1,
                        .voter = {voter}};
    if (cut)
        vote.cut = *cut;
    vote_sign(&vote, s->keys[voter], &s->charter.coalition);
    return vote;
}

static bool check(bool good, const char *what)
{
    if (!good)
        printf("  FAILED: %s\n", what);
    return good;
}

/* A liar that collected votes of a long halt gives them to a restarted node in ascending order: the
 * node jumps from round to round within one message. */
static bool many_rounds(struct stage *s)
{
    struct hash none = {{0}};
    stage_open(s, MIB);
    hear_batch(s, 1, 1, none, 100, 1); /* it starts the height */
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    message->kind = MESSAGE_VOTES;
    for (int32_t round = 0; round < MESSAGE_VOTES_MAX / 2; round++)
        for (uint16_t voter = 1; voter <= 2; voter++)
            message->body.votes.items[message->body.votes.count++] =
                vote_of(s, voter, VOTE_PREVOTE, round, NULL);
    hear(s, 3, message);
    free(message);
    return check(consensus_round(s->replica->consensus) == MESSAGE_VOTES_MAX / 2 - 1,
                 "it reached the round that f + 1 voters are in");
}

/* While one group is being written, a liar sends more forks than a group may hold. */
static bool flood_in_one_write(struct stage *s)
{
    struct hash none = {{0}};
    stage_open(s, MIB);
    hear_batch(s, 1, 1, none, 100, 1);
    s->hold_writes = true;
    for (uint64_t i = 0; i < 90; i++)
        hear_batch(s, 3, 1, none, MIB - 4096, i);
    s->hold_writes = false;
    stage_settle(s);
    return check(!s->fatal, "it goes on");
}

static struct cut cut_naming(struct stage *s, uint16_t lane, struct lane_head head)
{
    struct cut cut;
    memset(&cut, 0, sizeof(cut));
    cut.coalition = s->charter.coalition;
    cut.height = 1;
    cut.previous = s->charter.coalition;
    cut.lane_count = VOTERS;
    cut.lanes[lane] = head;
    cut.time_ms = s->now_ms;
    return cut;
}

static void hear_decided(struct stage *s, struct cut *cut)
{
    struct buffer bytes;
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    buffer_init(&bytes, CUT_SIZE_MAX);
    cut_encode(cut, &bytes);
    message->kind = MESSAGE_DECIDED;
    struct certificate *certificate = &message->body.decided.certificate;
    *certificate = (struct certificate){.height = 1, .cut = cut->id, .count = 3};
    for (uint16_t i = 0; i < 3; i++) {
        struct vote vote = vote_of(s, i + 1, VOTE_PRECOMMIT, 0, &cut->id);
        certificate->votes[i].voter.v = i + 1;
        certificate->votes[i].signature = vote.signature;
    }
    message->body.decided.cut = buffer_bytes(&bytes);
    hear(s, 1, message);
    buffer_release(&bytes);
    free(message);
}

/* The decided branch of a liar's lane, three batches long, arrives after its forks have filled the
 * lane: newest first, as an answer to a request does. */
static bool branch_after_flood(struct stage *s, size_t forks, size_t size)
{
    struct hash none = {{0}};
    struct batch chain[3];
    struct lane_head heads[3];
    stage_open(s, MIB);
    for (size_t i = 0; i < 3; i++) { /* the ids, before anybody hears of the batches */
        struct stage other;
        stage_open(&other, MIB);
        heads[i] = hear_batch(&other, 3, i + 1, i ? heads[i - 1].id : none, 1000, 77);
        stage_close(&other);
        chain[i].previous = i ? heads[i - 1].id : none;
    }
    for (uint64_t i = 0; i < forks; i++) { /* the last ones fill the gaps */
        s->now_ms += BELOW_BUDGET_MS;
        hear_batch(s, 3, 1, none, i + 40 > forks ? size / 40 : size, 1000 + i);
    }
    struct cut cut = cut_naming(s, 3, heads[2]);
    hear_decided(s, &cut);
    for (size_t turn = 0; turn < 2; turn++)
        for (size_t i = 3; i-- > 0;)
            hear_batch(s, 3, i + 1, chain[i].previous, 1000, 77);
    bool good = check(replica_height(s->replica) == 1, "the decided height is executed");
    size_t kept = 0; /* the void forks are gone from the disk */
    for (size_t i = 0; i < s->disk.count; i++)
        kept += s->disk.entries[i].key.at[0] == 'B';
    return check(kept == 3, "void forks leave the disk") && good;
}

static bool many_forks(struct stage *s)
{
    return branch_after_flood(s, LANE_BRANCH_MAX + 200, 100);
}

static bool large_forks(struct stage *s)
{
    return branch_after_flood(s, 200, MIB - 4096);
}

/* What is not wanted and finds no room must not stay on the disk: it would fill up. */
static bool disk_is_bounded(struct stage *s)
{
    struct hash none = {{0}};
    stage_open(s, MIB);
    for (uint64_t i = 0; i < 3 * LANE_BRANCH_MAX; i++) {
        s->now_ms += BELOW_BUDGET_MS;
        hear_batch(s, 3, 1 + (i % 2) * (1 + i % 700), i % 2 ? (struct hash){{1}} : none, 50, i);
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->disk.count; i++)
        kept += s->disk.entries[i].key.at[0] == 'B';
    return check(kept <= LANE_BRANCH_MAX, "the disk holds no more forks than memory");
}

/* Cut off from everybody, the node's own clients fill its lane. */
static bool own_lane_full(struct stage *s)
{
    stage_open(s, MIB);
    struct transaction t;
    struct buffer bytes;
    struct error error = {0};
    char key[32];
    bool taken = true;
    uint64_t count = 0;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    while (taken && count < 40000000) {
        memset(&t, 0, sizeof(t));
        (void)snprintf(key, sizeof(key), "k%" PRIu64, count++);
        t.type = TRANSACTION_EARN;
        t.key = bytes_text(key);
        t.at_ms = s->now_ms;
        t.body.earn.lot_count = EARN_LOTS_MAX;
        for (size_t i = 0; i < EARN_LOTS_MAX; i++)
            t.body.earn.lots[i].quantity.v = 100000;
        buffer_clear(&bytes);
        transaction_encode(&t, &bytes);
        taken = replica_submit(s->replica, buffer_bytes(&bytes), 0, s->now_ms, &error);
        if (count % 4096 == 0 || !taken)
            s->hold_writes = false, stage_settle(s), s->hold_writes = true;
    }
    buffer_release(&bytes);
    return check(!taken && error.code == ERROR_BUSY, "clients hear that it is busy");
}

/* A junk certificate of each height to come, then true ones. */
static bool poisoned_ahead(struct stage *s)
{
    stage_open(s, MIB);
    struct cut cut = cut_naming(s, 3, (struct lane_head){0});
    struct buffer bytes;
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    buffer_init(&bytes, CUT_SIZE_MAX);
    for (uint64_t height = 2; height < AHEAD_MAX; height++) {
        cut.height = height;
        buffer_clear(&bytes);
        cut_encode(&cut, &bytes);
        message->kind = MESSAGE_DECIDED;
        message->body.decided.certificate =
            (struct certificate){.height = height, .cut = cut.id, .count = 3};
        for (uint16_t i = 0; i < 3; i++)
            message->body.decided.certificate.votes[i].voter.v = i;
        message->body.decided.cut = buffer_bytes(&bytes);
        hear(s, 3, message);
    }
    buffer_release(&bytes);
    free(message);
    size_t taken = 0;
    for (size_t i = 0; i < AHEAD_MAX; i++)
        taken += s->replica->ahead[i].used;
    return check(taken == 0, "junk takes no height's place");
}

static void hear_proposal(struct stage *s, const struct cut *cut)
{
    struct buffer bytes, cut_bytes;
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    struct proposal *proposal = (struct proposal *)allocate(1, sizeof(*proposal));
    uint16_t proposer = 1; /* of height 1 in round 0 */
    buffer_init(&bytes, MESSAGE_SIZE_MAX);
    buffer_init(&cut_bytes, CUT_SIZE_MAX);
    proposal->cut = *cut;
    cut_encode(&proposal->cut, &cut_bytes);
    proposal->height = 1;
    proposal->valid_round = -1;
    proposal->proposer.v = proposer;
    proposal->cut_bytes = buffer_bytes(&cut_bytes);
    proposal_sign(proposal, s->keys[proposer], &s->charter.coalition);
    proposal_put(proposal, &bytes);
    message->kind = MESSAGE_PROPOSAL;
    message->body.proposal = buffer_bytes(&bytes);
    hear(s, proposer, message);
    buffer_release(&bytes);
    buffer_release(&cut_bytes);
    free(proposal);
    free(message);
}

static uint64_t blamed(struct stage *s, uint16_t voter)
{
    struct replica_status status;
    replica_status(s->replica, s->now_ms, &status);
    return status.bad_signatures[voter];
}

static uint64_t conflicts(struct stage *s, uint16_t voter)
{
    struct replica_status status;
    replica_status(s->replica, s->now_ms, &status);
    return status.conflicts[voter];
}

static void hear_prevote(struct stage *s, uint16_t voter, const struct hash *cut, bool forged)
{
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    message->kind = MESSAGE_VOTES;
    message->body.votes.count = 1;
    message->body.votes.items[0] = vote_of(s, voter, VOTE_PREVOTE, 0, cut);
    message->body.votes.items[0].signature.at[0] ^= forged;
    hear(s, voter, message);
    free(message);
}

/* The quorum of prevotes stands for s->named without voter 3's. */
static bool surplus_stage(struct stage *s)
{
    struct hash none = {{0}};
    struct buffer bytes;
    stage_open(s, MIB);
    s->named = cut_naming(s, 1, hear_batch(s, 1, 1, none, 100, 1));
    hear_proposal(s, &s->named);
    buffer_init(&bytes, CUT_SIZE_MAX);
    cut_encode(&s->named, &bytes); /* gives it its id */
    buffer_release(&bytes);
    hear_prevote(s, 1, &s->named.id, false);
    bool good = check(consensus_step(s->replica->consensus) == STEP_PREVOTE, "it has prevoted");
    hear_prevote(s, 2, &s->named.id, false);
    return check(consensus_step(s->replica->consensus) == STEP_PRECOMMIT, "it is locked") && good;
}

/* A vote for what a quorum stands for already is not checked, so it must not count either; in a
 * height that stalls each is checked and counts. */
static bool surplus_vote(struct stage *s)
{
    bool good = surplus_stage(s);
    struct hash other = {{9}};
    struct cut cut = s->named;
    uint64_t before = consensus_vote_mask(s->replica->consensus, 0, VOTE_PREVOTE);
    hear_prevote(s, 3, &cut.id, true);
    good = check(blamed(s, 3) == 0, "the surplus vote was not checked") && good;
    good = check(consensus_vote_mask(s->replica->consensus, 0, VOTE_PREVOTE) == before,
                 "nor counted") &&
           good;
    hear_prevote(s, 3, &other, true);
    good = check(blamed(s, 3) == 1, "one for another cut is checked") && good;
    s->now_ms += STALLED_MS + 1;
    hear_prevote(s, 3, &cut.id, true);
    good = check(blamed(s, 3) == 2, "in a height that stalls each is checked") && good;
    hear_prevote(s, 3, &cut.id, false);
    good = check(conflicts(s, 3) == 0, "no conflict so far") && good;
    return check(consensus_vote_mask(s->replica->consensus, 0, VOTE_PREVOTE) == (before | 8),
                 "and counts") &&
           good;
}

/* A liar's vote that was not checked and another that is: both of its claims are known. */
static bool surplus_conflict(struct stage *s)
{
    bool good = surplus_stage(s);
    struct hash other = {{9}};
    hear_prevote(s, 3, &s->named.id, false);
    good = check(conflicts(s, 3) == 0, "one claim is no conflict") && good;
    hear_prevote(s, 3, &other, false);
    return check(conflicts(s, 3) == 1, "two are") && good;
}

static void hear_answer(struct stage *s, uint16_t from, const struct vote *vote)
{
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    message->kind = MESSAGE_ANSWER;
    if (vote)
        message->body.answer.votes[message->body.answer.vote_count++] = *vote;
    hear(s, from, message);
    free(message);
}

/* A height is decided before the voters have answered whether this key signed something that the
 * store does not know: it is executed, but nothing is signed. */
static bool decided_before_answers(struct stage *s)
{
    struct hash none = {{0}};
    stage_open(s, MIB);
    s->replica->may_sign = false;
    struct cut cut = cut_naming(s, 1, hear_batch(s, 1, 1, none, 100, 1));
    hear_decided(s, &cut);
    bool good = check(s->replica->height == 1 && !s->replica->may_sign, "it is executed");
    hear_answer(s, 1, NULL);
    good = check(!s->replica->may_sign, "one answer is not enough") && good;
    hear_answer(s, 2, NULL);
    return check(s->replica->may_sign && !s->fatal, "two are") && good;
}

static bool old_copy_is_brought_up(struct stage *s)
{
    struct hash none = {{0}};
    stage_open(s, MIB);
    s->replica->may_sign = false;
    struct cut cut = cut_naming(s, 1, hear_batch(s, 1, 1, none, 100, 1));
    hear_decided(s, &cut);
    struct vote vote = vote_of(s, 0, VOTE_PREVOTE, 0, &cut.id);
    hear_answer(s, 1, &vote);
    return check(s->fatal, "a vote of the height that was fetched retires the key");
}

/* It is started again after it was brought up and before it was answered: what it lacked is not
 * forgotten. */
static bool old_copy_is_started_again(struct stage *s)
{
    struct hash none = {{0}};
    stage_open(s, MIB);
    s->replica->may_sign = false;
    struct cut cut = cut_naming(s, 1, hear_batch(s, 1, 1, none, 100, 1));
    hear_decided(s, &cut);
    stage_reopen(s);
    bool good = check(s->replica->height == 1 && s->replica->asked_from == 0,
                      "the question is still about what came after height 0");
    struct vote vote = vote_of(s, 0, VOTE_PREVOTE, 0, &cut.id);
    hear_answer(s, 1, &vote);
    return check(s->fatal, "the vote retires the key") && good;
}

/* Two prevotes of `voter` in one round, the second one forged. */
static struct bytes two_prevotes(struct stage *s, uint16_t voter, bool forged, struct buffer *out)
{
    struct hash cut = {{5}};
    struct evidence_item a = {.vote = vote_of(s, voter, VOTE_PREVOTE, 0, &cut)};
    struct evidence_item b = {.vote = vote_of(s, voter, VOTE_PREVOTE, 0, NULL)};
    struct evidence evidence;
    b.vote.signature.at[0] ^= forged;
    evidence_make(EVIDENCE_PREVOTES, &s->charter.coalition, (struct node_id){voter}, &a, &b,
                  &evidence);
    buffer_init(out, EVIDENCE_SIZE_MAX);
    evidence_encode(&evidence, out);
    return buffer_bytes(out);
}

static enum cut_status judge_evidence(struct stage *s, uint16_t voter, bool forged)
{
    struct buffer piece;
    const char *why = NULL;
    struct cut cut = cut_naming(s, 0, (struct lane_head){0});
    cut.evidence[cut.evidence_count++] = two_prevotes(s, voter, forged, &piece);
    enum cut_status status = agree_judge(s->replica, &cut, false, &why);
    buffer_release(&piece);
    return status;
}

/* No cut is voted for whose evidence does not hold, or is about a node that is accused already. */
static bool evidence_is_judged(struct stage *s)
{
    const char *why = NULL;
    stage_open(s, MIB);
    bool good = check(judge_evidence(s, 3, false) == CUT_VALID, "evidence that holds is taken");
    good = check(judge_evidence(s, 3, true) == CUT_INVALID, "forged, it is refused") && good;
    good = check(judge_evidence(s, 1, false) == CUT_VALID, "of any node") && good;
    struct buffer piece;
    struct cut cut = cut_naming(s, 0, (struct lane_head){0});
    cut.evidence[cut.evidence_count++] = two_prevotes(s, 3, false, &piece);
    hear_decided(s, &cut);
    good = check(s->replica->height == 1, "it is decided") && good;
    cut.height = 2;
    cut.previous = cut.id;
    cut.time_ms++;
    good =
        check(agree_judge(s->replica, &cut, false, &why) == CUT_INVALID, "once is enough") && good;
    good = check(!replica_charter(s->replica)->nodes[3].suspended, "not at once") && good;
    good = check(replica_next_charter(s->replica)->nodes[3].suspended, "two heights later") && good;
    buffer_release(&piece);
    return good;
}

/* A voter says a hundred thousand rounds, each well signed and newer than the last: each would cost
 * a check, and nodes that check all day decide nothing. */
static bool rounds_for_nothing(struct stage *s)
{
    struct hash none = {{0}};
    stage_open(s, MIB);
    hear_batch(s, 1, 1, none, 100, 1);
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    message->kind = MESSAGE_VOTES;
    message->body.votes.count = MESSAGE_VOTES_MAX;
    int32_t round = 1;
    for (size_t n = 0; n < 40; n++) {
        for (size_t i = 0; i < MESSAGE_VOTES_MAX; i++)
            message->body.votes.items[i] = vote_of(s, 3, VOTE_PREVOTE, ++round, NULL);
        hear(s, 3, message);
    }
    const struct peer_seen *seen = &s->replica->seen[3];
    bool good = check(seen->votes[0].round < 2 * WASTE_PER_SECOND, "it stops listening");
    good = check(seen->ignored > 0 && seen->useless >= WASTE_PER_SECOND, "and counts it") && good;
    s->now_ms += 1000;
    hear(s, 3, message);
    good = check(seen->votes[0].round > 40, "the next second it listens again") && good;
    for (uint16_t voter = 1; voter <= 2; voter++)
        good = check(s->replica->seen[voter].useless == 0, "nobody else is blamed") && good;
    free(message);
    return good;
}

/* Small requests for many small batches, as often as a peer may ask. */
static bool requests_without_end(struct stage *s)
{
    enum { CHAIN = 200, REQUESTS = 500 };
    struct lane_head head = {0};
    stage_open(s, MIB);
    for (uint64_t i = 1; i <= CHAIN; i++)
        head = hear_batch(s, 1, i, head.id, 20, i);
    struct message *message = (struct message *)allocate(1, sizeof(*message));
    message->kind = MESSAGE_FETCH_BATCHES;
    message->body.fetch_batches.count = 1;
    message->body.fetch_batches.items[0] =
        (struct fetch_batch){.lane = {1}, .head = head.id, .head_sequence = head.sequence};
    s->sent_batches = 0;
    for (size_t i = 0; i < REQUESTS; i++)
        hear(s, 3, message);
    size_t most = SERVE_BYTES_PER_SECOND / SERVE_MESSAGE_COST + CHAIN;
    free(message);
    return check(s->sent_batches > CHAIN && s->sent_batches <= most,
                 "what it answers in a second has an end");
}

static const struct {
    const char *name;
    bool (*play)(struct stage *stage);
} scenes[] = {{"many-rounds", many_rounds},
              {"flood-in-one-write", flood_in_one_write},
              {"many-forks", many_forks},
              {"large-forks", large_forks},
              {"disk-is-bounded", disk_is_bounded},
              {"own-lane-full", own_lane_full},
              {"poisoned-ahead", poisoned_ahead},
              {"surplus-vote", surplus_vote},
              {"surplus-conflict", surplus_conflict},
              {"decided-before-answers", decided_before_answers},
              {"old-copy-is-brought-up", old_copy_is_brought_up},
              {"old-copy-is-started-again", old_copy_is_started_again},
              {"evidence-is-judged", evidence_is_judged},
              {"rounds-for-nothing", rounds_for_nothing},
              {"requests-without-end", requests_without_end}};

int directed_play(const char *name)
{
    int failed = 0, known = 0;
    for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
        if (strcmp(name, "all") != 0 && strcmp(name, scenes[i].name) != 0)
            continue;
        struct stage *stage = (struct stage *)allocate(1, sizeof(*stage));
        known++;
        printf("attack %s\n", scenes[i].name);
        (void)fflush(stdout);
        failed += !scenes[i].play(stage);
        stage_close(stage);
        free(stage);
    }
    return known == 0 ? 2 : failed ? 1 : 0;
}
