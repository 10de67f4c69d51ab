#include "node/seat.h"

#include "crypto/keyfile.h"
#include "crypto/merkle.h"
#include "node/file.h"
#include "node/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAVER_MS = 60000,    /* so long at least a node that left is still served */
    STRANDED_MS = 10000,  /* without any peer: then they may know this node by its other key */
    LOOK_MS = 2000,       /* between two looks into the folder of next keys */
    READY_AGAIN_MS = 5000 /* the record may have come too late: then it is said again */
};

/* ---- opening -------------------------------------------------------------------------------- */

static bool read_invitation(struct seat *seat, const struct charter *first, struct error *error)
{
    const char *path = seat->config->invitation;
    struct invitation *invitation = (struct invitation *)allocate(1, sizeof(*invitation));
    seat->invitation = invitation;
    buffer_init(&seat->invitation_bytes, INVITATION_SIZE_MAX);
    if (!file_read(path, &seat->invitation_bytes, error) ||
        !invitation_decode(buffer_bytes(&seat->invitation_bytes), invitation, error) ||
        !invitation_checkpoint(invitation, first->origin, &seat->led_to, error))
        return error_wrap(error, "%s", path);
    struct hash coalition = hash_bytes(invitation->charter);
    if (!hash_equal(&coalition, &first->coalition))
        return error_set(error, ERROR_CONFLICT, "%s: it is an invitation to another coalition",
                         path);
    return strcmp(invitation->name, seat->config->node) == 0 ||
           error_set(error, ERROR_CONFLICT, "%s: it invites node %s", path, invitation->name);
}

static bool find_self(struct seat *seat, const struct charter *first, struct error *error)
{
    const struct config *config = seat->config;
    bool found = charter_node_by_name(first, bytes_text(config->node), &seat->self);
    if (!seat->invitation)
        return found || error_set(error, ERROR_INVALID,
                                  "%s: the charter knows no node \"%s\"; one that joined later has "
                                  "an invitation ('accrue join')",
                                  config->charter, config->node);
    if (found && seat->self.v != seat->invitation->node.v)
        return error_set(error, ERROR_CONFLICT, "%s: it is not of this charter's node %s",
                         config->invitation, config->node);
    if (!found && seat->invitation->node.v < first->node_count)
        return error_set(error, ERROR_CONFLICT, "%s: its number is another node's",
                         config->invitation);
    seat->self = seat->invitation->node;
    return true;
}

static void tell_trouble(struct seat *seat, const struct error *trouble)
{
    if (strcmp(seat->trouble, trouble->text) == 0)
        return;
    (void)snprintf(seat->trouble, sizeof(seat->trouble), "%s", trouble->text);
    log_warn("the next keys cannot be used", log_text("reason", trouble->text));
}

static bool not_named(const struct seat *seat, const char *path, const char *kind,
                      struct error *error)
{
    return error_set(error, ERROR_CONFLICT,
                     "%s: it is not the %skey that the charter names for node %s", path, kind,
                     seat->config->node);
}

/* Said before its lock is asked for, which that node may hold. */
static bool is_nobody_elses(const struct seat *seat, const struct charter *first,
                            struct error *error)
{
    struct signing_key *key;
    if (!keyfile_read(seat->config->key, &key, NULL))
        return true; /* the keyring says why */
    struct public_key own = signing_key_public(key);
    signing_key_close(key);
    for (size_t i = 0; i < first->node_count; i++)
        if (i != seat->self.v && memcmp(own.at, first->nodes[i].sign_key.at, PUBLIC_KEY_SIZE) == 0)
            return not_named(seat, seat->config->key, "", error);
    return true;
}

bool seat_open(struct seat *seat, const struct config *config, const struct charter *first,
               struct error *error)
{
    struct error trouble;
    seat->config = config;
    if ((config->invitation[0] && !read_invitation(seat, first, error)) ||
        !find_self(seat, first, error) || !is_nobody_elses(seat, first, error) ||
        !keyring_open(&seat->keys, config, &trouble, error))
        return false;
    if (trouble.code != ERROR_NONE)
        tell_trouble(seat, &trouble);
    return true;
}

void seat_close(struct seat *seat)
{
    keyring_close(&seat->keys);
    key_set_release(&seat->retired);
    free(seat->invitation);
    buffer_release(&seat->invitation_bytes);
}

void seat_give_keys(const struct seat *seat, struct replica_config *config_out)
{
    const struct key_set *sets = seat->keys.sets;
    config_out->key = sets[0].sign;
    config_out->cosigner_key = sets[0].cosigner;
    config_out->next_key = seat->keys.has[1] ? sets[1].sign : NULL;
    config_out->next_cosigner_key = seat->keys.has[1] ? sets[1].cosigner : NULL;
}

/* The other keys of the set go with its signing key. */
static bool check_set(const struct seat *seat, const struct key_set *set,
                      const struct charter_node *node, struct error *error)
{
    const struct config *config = seat->config;
    uint8_t point[CHANNEL_POINT_SIZE];
    struct public_key log = signing_key_public(set->log);
    struct public_key cosigner = signing_key_public(set->cosigner);
    bool present = set == &seat->keys.sets[0];
    channel_key_point(set->transport, point);
    if (memcmp(log.at, node->log_key.key.at, PUBLIC_KEY_SIZE) != 0)
        return not_named(seat, present ? config->log_key : config->next_keys, "log ", error);
    if (memcmp(cosigner.at, node->cosigner_key.key.at, PUBLIC_KEY_SIZE) != 0)
        return not_named(seat, present ? config->cosigner_key : config->next_keys, "cosigner ",
                         error);
    return memcmp(point, node->transport_key, sizeof(point)) == 0 ||
           not_named(seat, present ? config->transport_key : config->next_keys, "transport ",
                     error);
}

/* Whoever was invited to come with them, or was known by them once: the ledger tells the rest. */
bool seat_check_keys(const struct seat *seat, const struct replica *replica, struct error *error)
{
    const struct state *state = replica_state(replica);
    const struct invitation_contact *contact =
        seat->invitation ? invitation_contact_of(seat->invitation, seat->self) : NULL;
    const struct charter *charter = replica_next_charter(replica);
    const struct key_set *set;
    while (!(set = keyring_in_force(&seat->keys, charter, seat->self))) {
        if (charter->from_height <= 1)
            return (contact && keyring_by_point(&seat->keys, contact->transport_key)) ||
                   not_named(seat, seat->config->key, "", error);
        charter = state_charter_at(state, charter->from_height - 1);
    }
    return check_set(seat, set, &charter->nodes[seat->self.v], error);
}

/* ---- whom it talks to ----------------------------------------------------------------------- */

/* Until it has executed what the invitation was written after, that knows better. */
static bool goes_by_invitation(const struct seat *seat, const struct replica *replica)
{
    return seat->invitation && replica_height(replica) < seat->invitation->height;
}

static void add_peer(struct seat *seat, uint16_t node, const char *name, const char *address,
                     const uint8_t point[TRANSPORT_POINT_SIZE])
{
    struct transport_peer *peer = &seat->peers[seat->peer_count++];
    for (size_t i = 0; name && i < seat->config->peer_count; i++)
        if (strcmp(seat->config->peers[i].node, name) == 0)
            address = seat->config->peers[i].url;
    memset(peer, 0, sizeof(*peer));
    peer->node = node;
    (void)snprintf(peer->url, sizeof(peer->url), "%s", address);
    memcpy(peer->point, point, TRANSPORT_POINT_SIZE);
}

static void peers_of_invitation(struct seat *seat)
{
    const struct invitation *invitation = seat->invitation;
    for (size_t i = 0; i < invitation->contact_count; i++) {
        const struct invitation_contact *contact = &invitation->contacts[i];
        if (contact->node.v == seat->self.v)
            continue;
        const char *name = contact->node.v < seat->charter->node_count
                               ? seat->charter->nodes[contact->node.v].name
                               : NULL;
        add_peer(seat, contact->node.v, name, contact->address, contact->transport_key);
    }
}

static bool serves(const struct seat *seat, uint16_t node, uint64_t now_ms)
{
    return !seat->charter->nodes[node].left || now_ms < seat->served_until_ms[node];
}

static void peers_of_charter(struct seat *seat, uint64_t now_ms)
{
    for (uint16_t i = 0; i < seat->charter->node_count; i++) {
        const struct charter_node *node = &seat->charter->nodes[i];
        if (i != seat->self.v && serves(seat, i, now_ms))
            add_peer(seat, i, node->name, node->address, node->transport_key);
    }
}

/* The peers know it by the key of the invitation, then by the one in force. */
static const struct key_set *usual_keys(const struct seat *seat)
{
    const struct keyring *keys = &seat->keys;
    const struct invitation_contact *contact =
        seat->by_invitation ? invitation_contact_of(seat->invitation, seat->self) : NULL;
    const struct key_set *set = contact ? keyring_by_point(keys, contact->transport_key) : NULL;
    if (!set)
        set = keyring_in_force(keys, seat->charter, seat->self);
    return set ? set : &keys->sets[0];
}

static void choose_peers(struct seat *seat, const struct replica *replica, uint64_t now_ms)
{
    seat->by_invitation = goes_by_invitation(seat, replica);
    seat->peer_count = 0;
    if (seat->by_invitation)
        peers_of_invitation(seat);
    else
        peers_of_charter(seat, now_ms);
    if (seat->tried == usual_keys(seat))
        seat->tried = NULL;
    seat->transport_key = (seat->tried ? seat->tried : usual_keys(seat))->transport;
}

/* `by_invitation`: it is on its way to where the ledger names its keys. */
static void tell_standing(struct seat *seat, enum replica_standing standing, bool by_invitation)
{
    static const char *const words[] = {
        [REPLICA_WRITES] = "this node is a member: it may write",
        [REPLICA_GUEST] = "this node is a guest: it follows until a ballot admits it",
        [REPLICA_SUSPENDED] =
            "this node is SUSPENDED for evidence against its key: it writes nothing until a ballot "
            "gives it a fresh one (accrue evidence list; accrue motion replace-keys)",
        [REPLICA_OTHER_KEY] =
            "the coalition knows this node by OTHER KEYS than it has: put those into its folder of "
            "next keys; until then it follows, and signs nothing",
        [REPLICA_LEFT] = "this node has LEFT the coalition: it may be stopped",
    };
    if (standing == seat->standing && seat->charter)
        return;
    seat->standing = standing;
    if (standing == REPLICA_OTHER_KEY && by_invitation)
        log_info("this node follows, by its invitation", log_text("node", seat->config->node));
    else if (standing == REPLICA_WRITES || standing == REPLICA_GUEST)
        log_info(words[standing], log_text("node", seat->config->node));
    else
        log_error(words[standing], log_text("node", seat->config->node));
}

void seat_take(struct seat *seat, const struct replica *replica, uint64_t now_ms)
{
    const struct charter *before = seat->charter, *charter = replica_charter(replica);
    tell_standing(seat, replica_standing(replica), goes_by_invitation(seat, replica));
    for (size_t i = 0; before && i < charter->node_count; i++)
        if (charter->nodes[i].left && i < before->node_count && !before->nodes[i].left)
            seat->served_until_ms[i] = now_ms + LEAVER_MS;
    if (before && before != charter)
        log_info("another charter is in force", log_unsigned("from_height", charter->from_height),
                 log_unsigned("nodes", charter->node_count),
                 log_unsigned("voters", charter->voter_count),
                 log_unsigned("quorum", quorum_size(charter->voter_count)));
    seat->charter = charter;
    choose_peers(seat, replica, now_ms);
}

const struct signing_key *seat_log_key(const struct seat *seat)
{
    const struct key_set *set = keyring_in_force(&seat->keys, seat->charter, seat->self);
    return set ? set->log : NULL;
}

/* ---- from time to time ---------------------------------------------------------------------- */

/* The ledger's first records must be those that the invitation's checkpoint is of. A node that
 * began with a later snapshot looks when those records have come. */
static bool was_led_well(struct seat *seat, const struct replica *replica,
                         const struct replica_status *status, struct error *error)
{
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    size_t count = 0;
    uint64_t size = seat->led_to.size;
    struct error why;
    if (size == 0 || status->records < size)
        return true;
    if (!replica_prove_consistency(replica, size, status->records, proof, &count, &why))
        return why.code == ERROR_NOT_YET ||
               error_set(error, why.code, "the invitation's checkpoint: %s", why.text);
    if (!merkle_verify_consistency(size, status->records, &seat->led_to.root, &status->root, proof,
                                   count))
        return error_set(error, ERROR_CONFLICT,
                         "the first %" PRIu64 " records of the ledger that this node was given are "
                         "not those of the coalition that invited it: its peers showed it another "
                         "history. Remove its data folder, ask a partner for a new invitation, and "
                         "compare the checkpoint by telephone",
                         size);
    log_info("the ledger is the one that the invitation names", log_unsigned("records", size));
    seat->led_to.size = 0;
    return true;
}

static bool keeps_up(const struct seat *seat, const struct replica_status *status)
{
    uint64_t highest = status->height;
    for (size_t i = 0; i < seat->charter->voter_count; i++) {
        uint64_t height = status->peer_height[seat->charter->voters[i]];
        highest = height > highest ? height : highest;
    }
    return highest <= status->height + 2;
}

static bool waits_to_vote(const struct charter *charter, struct node_id self)
{
    return self.v < charter->node_count && charter->nodes[self.v].joining &&
           !charter->nodes[self.v].left;
}

static void say_ready(struct seat *seat, struct replica *replica,
                      const struct replica_status *status, uint64_t now_ms)
{
    char key[KEY_SIZE_MAX + 1];
    struct buffer bytes;
    struct error error;
    struct transaction ready = {.type = TRANSACTION_READY,
                                .at_ms = replica_ledger_now_ms(replica, now_ms)};
    (void)snprintf(key, sizeof(key), "ready-%u-%" PRIu64, seat->self.v, status->height);
    ready.key = bytes_text(key);
    ready.body.ready.height = status->height;
    ready.body.ready.digest = status->digest;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(&ready, &bytes);
    if (replica_submit(replica, buffer_bytes(&bytes), 0, now_ms, &error))
        log_info("this node says that it is ready to vote", log_unsigned("height", status->height));
    else
        log_warn("this node cannot say that it is ready", log_text("reason", error.text));
    buffer_release(&bytes);
}

static void maybe_ready(struct seat *seat, struct replica *replica,
                        const struct replica_status *status, uint64_t now_ms)
{
    if (now_ms < seat->ready_ms || seat->led_to.size > 0 || status->height == 0 ||
        status->standing != REPLICA_WRITES || !status->may_sign || !status->has_quorum ||
        !waits_to_vote(seat->charter, seat->self) ||
        !waits_to_vote(replica_next_charter(replica), seat->self) || !keeps_up(seat, status))
        return;
    seat->ready_ms = now_ms + READY_AGAIN_MS;
    say_ready(seat, replica, status, now_ms);
}

/* True when there are other keys than before. */
static bool look_for_keys(struct seat *seat, struct replica *replica, uint64_t now_ms)
{
    struct error trouble;
    struct key_set before;
    if (now_ms < seat->look_ms)
        return false;
    seat->look_ms = now_ms + LOOK_MS;
    /* As the replica sees it: which of its keys it lets go is decided alike. */
    const struct key_set *kept =
        keyring_in_force(&seat->keys, replica_charter(replica), seat->self);
    enum keyring_look look = keyring_look(&seat->keys, kept, &before, &trouble);
    if (look == KEYRING_TROUBLE)
        tell_trouble(seat, &trouble);
    if (look != KEYRING_NEW)
        return false;
    const struct key_set *next = seat->keys.found;
    if (!replica_hold_next(replica, next->sign, next->cosigner, &trouble))
        tell_trouble(seat, &trouble);
    seat->tried = NULL;
    key_set_release(&seat->retired);
    seat->retired = before; /* the transport may be using its key still */
    log_info("next keys are at hand", log_text("folder", seat->config->next_keys));
    return true;
}

static bool someone_is_served_no_more(struct seat *seat, uint64_t now_ms)
{
    for (size_t i = 0; i < seat->peer_count; i++) {
        uint16_t node = seat->peers[i].node;
        if (!seat->by_invitation && node < seat->charter->node_count && !serves(seat, node, now_ms))
            return true;
    }
    return false;
}

/* When nobody answers for long, perhaps they know this node by its other key: a change that it has
 * not seen yet. True when that is to be tried. */
static bool try_other_key(struct seat *seat, bool linked, uint64_t now_ms)
{
    const struct key_set *sets = seat->keys.sets;
    if (linked || seat->linked_ms == 0)
        seat->linked_ms = now_ms;
    if (!seat->keys.has[1] || seat->peer_count == 0 || now_ms < seat->linked_ms + STRANDED_MS)
        return false;
    seat->linked_ms = now_ms;
    const struct key_set *used = seat->tried ? seat->tried : usual_keys(seat);
    seat->tried = used == &sets[0] ? &sets[1] : &sets[0];
    log_debug("no peer answers: perhaps they know this node by its other key");
    return true;
}

enum seat_news seat_step(struct seat *seat, struct replica *replica, bool linked, uint64_t now_ms,
                         struct error *error)
{
    struct replica_status status;
    bool news = false;
    replica_status(replica, now_ms, &status);
    if (status.stopped)
        return SEAT_NOTHING;
    if (!was_led_well(seat, replica, &status, error))
        return SEAT_ASTRAY;
    maybe_ready(seat, replica, &status, now_ms);
    news = look_for_keys(seat, replica, now_ms) || news;
    news = try_other_key(seat, linked, now_ms) || news;
    news = someone_is_served_no_more(seat, now_ms) || news;
    news = seat->by_invitation != goes_by_invitation(seat, replica) || news;
    if (!news)
        return SEAT_NOTHING;
    seat_take(seat, replica, now_ms);
    return SEAT_PEERS;
}

void seat_settle(struct seat *seat)
{
    key_set_release(&seat->retired);
}
