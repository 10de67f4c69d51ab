/* Who takes part in a height: its voters, its keys, its lanes, and who is accused in it. All of it
 * is what the audit's own replay says, and nothing what a source says. */
#include "node/audit_parts.h"

#include <string.h>

void audit_enter(struct audit *audit, uint64_t height)
{
    const struct charter *before = audit->charter;
    const struct charter *charter = state_charter_at(audit->state, height);
    if (charter == before)
        return;
    audit->charter = charter;
    for (size_t i = 0; i < charter->node_count; i++) {
        bool same = before && i < before->node_count &&
                    memcmp(before->nodes[i].sign_key.at, charter->nodes[i].sign_key.at,
                           PUBLIC_KEY_SIZE) == 0;
        audit->is_voter[i] = charter->nodes[i].voter;
        if (same)
            continue;
        verifier_close(audit->verifiers[i]);
        audit->verifiers[i] = verifier_open(&charter->nodes[i].sign_key);
    }
}

/* ---- what another charter would allow -------------------------------------------------------- */

enum { OTHERS_MAX = 64 /* charters that are looked at to explain a finding, the newest */ };

/* Of the charters that are known, those that are not in force here: newest first, NULL after the
 * last. Begin with NULL. */
static const struct charter *next_other(const struct audit *audit, const struct charter *last)
{
    const struct charter *next = last;
    do {
        if (next && next->from_height <= 1)
            return NULL;
        next = state_charter_at(audit->state,
                                next ? next->from_height - 1 : state_height(audit->state) + 2);
    } while (next == audit->charter);
    return next;
}

static bool quorum_of(const struct charter *charter, const struct certificate *certificate)
{
    struct verifier *opened[NODES_MAX] = {NULL};
    const struct verifier *verifiers[NODES_MAX];
    bool is_voter[NODES_MAX] = {false};
    struct error error;
    for (size_t i = 0; i < charter->voter_count; i++) {
        uint16_t voter = charter->voters[i];
        opened[voter] = verifier_open(&charter->nodes[voter].sign_key);
        is_voter[voter] = true;
    }
    memcpy(verifiers, opened, sizeof(verifiers));
    bool good = certificate_verify(certificate, &charter->coalition, verifiers, is_voter,
                                   charter->node_count, quorum_size(charter->voter_count), &error);
    for (size_t i = 0; i < NODES_MAX; i++)
        verifier_close(opened[i]);
    return good;
}

const struct charter *audit_other_voters(const struct audit *audit,
                                         const struct certificate *certificate)
{
    const struct charter *other = NULL;
    for (size_t i = 0; i < OTHERS_MAX && (other = next_other(audit, other)) != NULL; i++)
        if (quorum_of(other, certificate))
            return other;
    return NULL;
}

/* The charter by which this is the lane owner's signature; NULL: by none. */
static const struct charter *other_key(const struct audit *audit, const struct audit_step *step)
{
    const struct charter *other = NULL;
    for (size_t i = 0; i < OTHERS_MAX && (other = next_other(audit, other)) != NULL; i++) {
        if (step->lane >= other->node_count)
            continue;
        struct verifier *verifier = verifier_open(&other->nodes[step->lane].sign_key);
        bool good = verifier && verify(verifier, PURPOSE_BATCH, &other->coalition,
                                       hash_as_bytes(&step->id), &step->signature);
        verifier_close(verifier);
        if (good)
            return other;
    }
    return NULL;
}

/* ---- lanes ----------------------------------------------------------------------------------- */

bool audit_step_signed(struct audit *audit, const struct audit_step *step, const char *where)
{
    const struct verifier *verifier = audit->verifiers[step->lane];
    if (verifier && verify(verifier, PURPOSE_BATCH, &audit->charter->coalition,
                           hash_as_bytes(&step->id), &step->signature))
        return true;
    const struct charter *other = other_key(audit, step);
    struct audit_text have = other ? audit_text("one with the key that it has from height %llu on",
                                                (unsigned long long)other->from_height)
                                   : audit_text("one that does not hold");
    audit_found(audit, other ? AUDIT_BATCH_KEY : AUDIT_BATCH_SIGNATURE,
                "the lane owner's signature", have.text, "%s", where);
    return false;
}

bool audit_lanes_may_move(struct audit *audit, const struct cut *cut, const char *where)
{
    for (uint16_t i = 0; i < cut->lane_count; i++) {
        const struct charter_node *node = &audit->charter->nodes[i];
        bool closed = node->left || node->suspended;
        if (!closed || (cut->lanes[i].sequence == audit->lanes[i].sequence &&
                        hash_equal(&cut->lanes[i].id, &audit->lanes[i].id)))
            continue;
        audit_found(audit, AUDIT_LANE_CLOSED, "a lane that stands still", "one that advances",
                    "%s: lane of %s, which %s", where, node->name,
                    node->left ? "has left" : "is suspended");
        return false;
    }
    return true;
}

/* ---- evidence -------------------------------------------------------------------------------- */

/* It proves a lie under the keys in force, of a node that nobody has accused yet. */
static bool proves(const struct audit *audit, struct bytes bytes, struct error *error)
{
    const struct charter *charter = audit->charter;
    const struct verifier *signers[NODES_MAX], *cosigners[NODES_MAX] = {NULL};
    struct evidence_keys keys = {.coalition = &charter->coalition,
                                 .origin = charter->origin,
                                 .node_count = charter->node_count,
                                 .signers = signers,
                                 .cosigners = cosigners};
    struct evidence evidence;
    if (!evidence_decode(bytes, &evidence, error))
        return false;
    if (evidence.node.v >= charter->node_count)
        return error_set(error, ERROR_INVALID, "one against a node that there is not");
    struct verifier *cosigner = verifier_open(&charter->nodes[evidence.node.v].cosigner_key.key);
    memcpy(signers, audit->verifiers, sizeof(signers));
    cosigners[evidence.node.v] = cosigner;
    bool good = evidence_verify(&evidence, &keys, error);
    verifier_close(cosigner);
    if (good && state_accused(audit->state, evidence.node))
        return error_set(error, ERROR_INVALID,
                         "one against a node that was accused already, or has left, or "
                         "has the last open lane");
    return good;
}

bool audit_evidence_holds(struct audit *audit, const struct cut *cut, const char *where)
{
    for (size_t i = 0; i < cut->evidence_count; i++) {
        struct error error;
        if (proves(audit, cut->evidence[i], &error))
            continue;
        audit_found(audit, AUDIT_CUT_EVIDENCE, "evidence that holds", error.text,
                    "%s: evidence %zu", where, i + 1);
        return false;
    }
    return true;
}
