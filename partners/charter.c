#include "partners/charter.h"

#include "crypto/policy.h"
#include "partners/charter_contracts.h"
#include "partners/charter_json.h"
#include "partners/charter_limits.h"
#include "partners/charter_policy.h"
#include "partners/charter_risk.h"
#include "partners/charter_settlement.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS    UINT64_C(86400000)
#define SECOND_MS UINT64_C(1000)

enum {
    DAYS_MAX = 36500,
    SECONDS_MAX = 366 * 86400,
    MONTHS_MAX = 1200,
    OFFSET_S_MAX = 18 * 3600,
    NODE_KEYS = 3 /* Ed25519 ones */
};

struct parsing {
    struct json_reader reader;
    struct charter *charter;
    /* Where each partner and node stands, for mistakes that compare them. */
    struct spot partners, nodes;
};

/* ---- quorum, names --------------------------------------------------------------------------- */

size_t quorum_faulty(size_t voters)
{
    return voters == 0 ? 0 : (voters - 1) / 3;
}

size_t quorum_size(size_t voters)
{
    return (voters + quorum_faulty(voters)) / 2 + 1;
}

bool charter_partner_by_name(const struct charter *charter, struct bytes name,
                             struct partner_id *id_out)
{
    for (size_t i = 0; i < charter->partner_count; i++)
        if (bytes_equal(bytes_text(charter->partners[i].name), name)) {
            *id_out = (struct partner_id){(uint16_t)i};
            return true;
        }
    return false;
}

bool charter_partner_is_silent(const struct charter *charter, struct partner_id partner)
{
    for (size_t i = 0; i < charter->node_count; i++)
        if (partner_equal(charter->nodes[i].partner, partner) && !charter->nodes[i].left)
            return false;
    return true;
}

bool charter_node_by_name(const struct charter *charter, struct bytes name, struct node_id *id_out)
{
    for (size_t i = 0; i < charter->node_count; i++)
        if (bytes_equal(bytes_text(charter->nodes[i].name), name)) {
            *id_out = (struct node_id){(uint16_t)i};
            return true;
        }
    return false;
}

/* ---- the parts of the document --------------------------------------------------------------- */

static void read_zone(struct parsing *parsing, const struct spot *zone)
{
    static const char *const names[] = {"name", "transitions", NULL};
    struct charter *charter = parsing->charter;
    struct json_reader *reader = &parsing->reader;
    struct spot at[2];
    memcpy(charter->zone, "UTC", sizeof("UTC"));
    charter->transition_count = 1;
    if (!zone->json)
        return;
    json_object_open(reader, zone, names, at);
    json_read_text(reader, &at[0], charter->zone, sizeof(charter->zone));
    size_t count = json_array_open(reader, &at[1], 1, CHARTER_TRANSITIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct spot pair = json_element(&at[1], i);
        if (json_array_open(reader, &pair, 2, 2) != 2)
            continue;
        struct spot time = json_element(&pair, 0), offset = json_element(&pair, 1);
        int64_t offset_s = 0;
        json_read_time(reader, &time, &charter->transitions[i].from_ms);
        json_read_int(reader, &offset, -OFFSET_S_MAX, OFFSET_S_MAX, &offset_s);
        charter->transitions[i].offset_s = (int32_t)offset_s;
        if (i > 0 && charter->transitions[i].from_ms <= charter->transitions[i - 1].from_ms)
            json_mistake(reader, &pair, "must be later than the transition before");
    }
    if (count > 0)
        charter->transition_count = count;
}

static void read_sandbox(struct parsing *parsing, const struct spot *sandbox)
{
    static const char *const names[] = {"start", NULL};
    struct spot at[1];
    if (!sandbox->json)
        return;
    parsing->charter->sandbox = true;
    json_object_open(&parsing->reader, sandbox, names, at);
    json_read_time(&parsing->reader, &at[0], &parsing->charter->sandbox_start_ms);
}

static void read_key(struct parsing *parsing, const struct spot *spot, struct public_key *key_out)
{
    size_t before = parsing->reader.mistakes->count;
    json_read_base64(&parsing->reader, spot, key_out->at, PUBLIC_KEY_SIZE);
    if (spot->json && parsing->reader.mistakes->count == before && !public_key_usable(key_out))
        json_mistake(&parsing->reader, spot, "is not an Ed25519 public key");
}

static void read_partner(struct parsing *parsing, const struct spot *spot, size_t place)
{
    static const char *const names[] = {"name", "?operator", "governance_key", NULL};
    struct charter *charter = parsing->charter;
    struct charter_partner *partner = &charter->partners[place];
    struct spot at[3];
    json_object_open(&parsing->reader, spot, names, at);
    json_read_name(&parsing->reader, &at[0], partner->name);
    json_read_bool(&parsing->reader, &at[1], &partner->is_operator);
    read_key(parsing, &at[2], &partner->governance_key);
    if (!partner->is_operator)
        return;
    if (charter->has_operator)
        json_mistake(&parsing->reader, &at[1], "only one partner is the operator");
    charter->has_operator = true;
    charter->operator_id = (struct partner_id){(uint16_t)place};
}

static void read_partners(struct parsing *parsing, const struct spot *partners)
{
    size_t count = json_array_open(&parsing->reader, partners, 1, PARTNERS_MAX);
    parsing->partners = *partners;
    parsing->charter->partners = allocate(count + 1, sizeof(struct charter_partner));
    parsing->charter->partner_count = count;
    for (size_t i = 0; i < count; i++) {
        struct spot partner = json_element(partners, i);
        read_partner(parsing, &partner, i);
    }
}

/* A name that was not found: nothing more is said of it, and the charter is refused anyway. */
enum { UNRESOLVED = UINT16_MAX };

/* A partner named elsewhere in the document. */
static void read_partner_name(struct parsing *parsing, const struct spot *spot,
                              struct partner_id *id_out)
{
    char name[CHARTER_NAME_MAX + 1] = "";
    *id_out = (struct partner_id){UNRESOLVED};
    json_read_name(&parsing->reader, spot, name);
    if (name[0] && !charter_partner_by_name(parsing->charter, bytes_text(name), id_out))
        json_mistake(&parsing->reader, spot, "no partner is named \"%s\"", name);
}

/* False: absent or wrong. */
static bool read_note_key(struct parsing *parsing, const struct spot *spot, uint8_t type,
                          struct note_key *key_out)
{
    char text[NOTE_NAME_MAX + 80] = "";
    json_read_text(&parsing->reader, spot, text, sizeof(text));
    if (!text[0])
        return false;
    bool good = note_key_parse(bytes_text(text), key_out, NULL) && key_out->type == type;
    if (!good)
        json_mistake(&parsing->reader, spot, "is not a verifier key of type %02x (name+id+base64)",
                     type);
    else if (!public_key_usable(&key_out->key))
        json_mistake(&parsing->reader, spot, "is not an Ed25519 public key");
    return good;
}

static void read_log_key(struct parsing *parsing, const struct spot *spot, struct note_key *key_out)
{
    if (read_note_key(parsing, spot, NOTE_TYPE_ED25519, key_out) &&
        strcmp(key_out->name, parsing->charter->origin) != 0)
        json_mistake(&parsing->reader, spot, "must be named like the charter's origin");
}

static void read_cosigner_key(struct parsing *parsing, const struct spot *spot,
                              struct charter_node *node)
{
    char name[NOTE_NAME_MAX + 1];
    if (!read_note_key(parsing, spot, NOTE_TYPE_COSIGNATURE, &node->cosigner_key))
        return;
    if (!charter_cosigner_name(parsing->charter->origin, node->name, name))
        json_mistake(&parsing->reader, spot, "the origin leaves no room for its name");
    else if (strcmp(node->cosigner_key.name, name) != 0)
        json_mistake(&parsing->reader, spot, "must be named \"%s\"", name);
}

/* The transport key is vouched for by the signing key, before there is a coalition. */
static void check_transport(struct parsing *parsing, const struct spot *spot,
                            const struct charter_node *node)
{
    static const struct hash no_coalition;
    struct verifier *verifier = verifier_open(&node->sign_key);
    if (verifier && node->transport_key[0] != 0x04)
        json_mistake(&parsing->reader, spot, "the transport key is no uncompressed P-256 point");
    else if (verifier &&
             !verify(verifier, PURPOSE_TRANSPORT, &no_coalition,
                     bytes_of(node->transport_key, TRANSPORT_KEY_SIZE), &node->transport_signature))
        json_mistake(&parsing->reader, spot, "does not sign this node's transport key");
    verifier_close(verifier);
}

static void read_address(struct parsing *parsing, const struct spot *spot,
                         char out[CHARTER_URL_MAX + 1])
{
    json_read_text(&parsing->reader, spot, out, CHARTER_URL_MAX + 1);
    if (out[0] && !address_valid(bytes_text(out)))
        json_mistake(&parsing->reader, spot, "must be tcp://HOST:PORT");
}

static void read_node(struct parsing *parsing, const struct spot *spot, struct charter_node *node)
{
    static const char *const names[] = {
        "name",    "partner",      "voter",   "sign_key", "transport_key", "transport_signature",
        "log_key", "cosigner_key", "address", NULL};
    struct json_reader *reader = &parsing->reader;
    struct spot at[9];
    json_object_open(reader, spot, names, at);
    json_read_name(reader, &at[0], node->name);
    read_partner_name(parsing, &at[1], &node->partner);
    json_read_bool(reader, &at[2], &node->voter);
    size_t before = reader->mistakes->count;
    read_key(parsing, &at[3], &node->sign_key);
    json_read_base64(reader, &at[4], node->transport_key, TRANSPORT_KEY_SIZE);
    json_read_base64(reader, &at[5], node->transport_signature.at, SIGNATURE_SIZE);
    if (at[3].json && at[4].json && at[5].json && reader->mistakes->count == before)
        check_transport(parsing, &at[5], node);
    read_log_key(parsing, &at[6], &node->log_key);
    read_cosigner_key(parsing, &at[7], node);
    read_address(parsing, &at[8], node->address);
}

static void read_nodes(struct parsing *parsing, const struct spot *nodes)
{
    size_t count = json_array_open(&parsing->reader, nodes, 1, NODES_MAX);
    parsing->nodes = *nodes;
    parsing->charter->nodes = allocate(count + 1, sizeof(struct charter_node));
    parsing->charter->node_count = count;
    for (size_t i = 0; i < count; i++) {
        struct spot node = json_element(nodes, i);
        read_node(parsing, &node, &parsing->charter->nodes[i]);
    }
}

static void read_rates(struct parsing *parsing, const struct spot *rates)
{
    static const char *const names[] = {"face", "reimbursement", "issue_fee", "redemption_fee",
                                        NULL};
    struct charter *charter = parsing->charter;
    struct spot at[4];
    json_object_open(&parsing->reader, rates, names, at);
    json_read_price(&parsing->reader, &at[0], &charter->rates.face);
    json_read_price(&parsing->reader, &at[1], &charter->rates.reimbursement);
    json_read_price(&parsing->reader, &at[2], &charter->rates.issue_fee);
    json_read_price(&parsing->reader, &at[3], &charter->rates.redemption_fee);
    if (charter->rates.reimbursement.v > charter->rates.face.v)
        json_mistake(&parsing->reader, &at[1], "must not be more than the face value");
    for (size_t i = 2; i < 4; i++)
        if (!charter->has_operator &&
            (i == 2 ? charter->rates.issue_fee.v : charter->rates.redemption_fee.v) > 0)
            json_mistake(&parsing->reader, &at[i], "a fee needs an operator to collect it");
}

static void read_joint(struct parsing *parsing, const struct spot *joint)
{
    static const char *const names[] = {"issuer", "funder", "budget", NULL};
    struct charter *charter = parsing->charter;
    size_t count = json_array_open(&parsing->reader, joint, 0, CHARTER_JOINT_MAX);
    charter->joint_funding = allocate(count + 1, sizeof(*charter->joint_funding));
    charter->joint_funding_count = count;
    for (size_t i = 0; i < count; i++) {
        struct spot spot = json_element(joint, i), at[3];
        struct joint_funding *entry = &charter->joint_funding[i];
        json_object_open(&parsing->reader, &spot, names, at);
        read_partner_name(parsing, &at[0], &entry->issuer);
        read_partner_name(parsing, &at[1], &entry->funder);
        json_read_int(&parsing->reader, &at[2], 1, INT64_MAX / BASIS_POINTS, &entry->budget.v);
        if (entry->issuer.v == UNRESOLVED || entry->funder.v == UNRESOLVED)
            continue;
        if (partner_equal(entry->issuer, entry->funder))
            json_mistake(&parsing->reader, &spot, "issuer and funder must be two partners");
        for (size_t j = 0; j < i; j++)
            if (partner_equal(charter->joint_funding[j].issuer, entry->issuer) &&
                partner_equal(charter->joint_funding[j].funder, entry->funder))
                json_mistake(&parsing->reader, &spot, "repeats joint_funding[%zu]", j);
    }
}

static void read_reversal(struct parsing *parsing, const struct spot *spot)
{
    char word[CHARTER_NAME_MAX + 1] = "unlimited";
    json_read_text(&parsing->reader, spot, word, sizeof(word));
    for (int i = 0; i <= REVERSAL_UNLIMITED; i++)
        if (strcmp(word, reversal_policy_word((enum reversal_policy)i)) == 0) {
            parsing->charter->policy.reversal = (enum reversal_policy)i;
            return;
        }
    json_mistake(&parsing->reader, spot, "must be only_pending, within_balance or unlimited");
}

static uint64_t number(struct parsing *parsing, const struct spot *spot, uint64_t min, uint64_t max,
                       uint64_t usual)
{
    json_read_uint(&parsing->reader, spot, min, max, &usual);
    return usual;
}

static void read_policy(struct parsing *parsing, const struct spot *policy)
{
    static const char *const names[] = {
        "?reversal",   "?deficit_max",      "?grace_days",   "?expire_days",   "?hold_default_s",
        "?hold_max_s", "?idempotency_days", "?late_after_s", "?clock_bound_s", "?expiry_months",
        NULL};
    struct charter *charter = parsing->charter;
    struct spot at[10];
    json_object_open(&parsing->reader, policy, names, at);
    read_reversal(parsing, &at[0]);
    charter->policy.deficit_max.v = (int64_t)number(
        parsing, &at[1], 0, (uint64_t)POINTS_PER_RECORD_MAX, (uint64_t)POINTS_PER_RECORD_MAX);
    charter->policy.grace_days = (uint32_t)number(parsing, &at[2], 0, DAYS_MAX, 30);
    charter->policy.expire_days = (uint32_t)number(parsing, &at[3], 0, DAYS_MAX, 7);
    charter->policy.hold_default_ms = number(parsing, &at[4], 1, SECONDS_MAX, 900) * SECOND_MS;
    charter->policy.hold_max_ms =
        number(parsing, &at[5], 1, SECONDS_MAX, UINT64_C(7) * 86400) * SECOND_MS;
    charter->policy.window_ms = number(parsing, &at[6], 1, DAYS_MAX, 400) * DAY_MS;
    charter->policy.late_after_ms = number(parsing, &at[7], 0, SECONDS_MAX, 60) * SECOND_MS;
    charter->policy.clock_bound_ms = number(parsing, &at[8], 1, 3600, 5) * SECOND_MS;
    charter->policy.expiry_months = (uint32_t)number(parsing, &at[9], 0, MONTHS_MAX, 0);
    if (charter->policy.hold_default_ms > charter->policy.hold_max_ms)
        json_mistake(&parsing->reader, at[4].json ? &at[4] : &at[5],
                     "the default must not be more than the maximum of a hold");
}

static void read_limits(struct parsing *parsing, const struct spot *limits)
{
    static const char *const names[] = {
#define X(name, number, word) "?" word,
        CHARTER_LIMITS(X)
#undef X
            NULL};
    struct charter *charter = parsing->charter;
    struct spot at[LIMIT_NUMBER_MAX];
    json_object_open(&parsing->reader, limits, names, at);
    for (int i = 0; i < LIMIT_NUMBER_MAX; i++) {
        enum limit_number limit = (enum limit_number)(i + 1);
        struct limit_range range = charter_limit_range(limit);
        charter_limit_set(charter, limit,
                          number(parsing, &at[i], range.min, range.max, range.usual));
    }
    if (charter->limits.batch_bytes > charter->limits.lane_cut_bytes)
        json_mistake(&parsing->reader, at[0].json ? &at[0] : &at[2],
                     "a batch must fit a lane's share of a cut");
    if (charter->limits.lane_cut_bytes > charter->limits.cut_bytes)
        json_mistake(&parsing->reader, at[2].json ? &at[2] : &at[1],
                     "a lane's share must fit the cut");
}

/* ---- what the parts must be to each other ------------------------------------------------------
 */

static void check_names(struct parsing *parsing)
{
    const struct charter *charter = parsing->charter;
    for (size_t i = 0; i < charter->partner_count; i++)
        for (size_t j = 0; j < i && charter->partners[i].name[0]; j++)
            if (strcmp(charter->partners[i].name, charter->partners[j].name) == 0) {
                struct spot spot = json_element(&parsing->partners, i);
                json_mistake(&parsing->reader, &spot, "has the name of partners[%zu]", j);
            }
    for (size_t i = 0; i < charter->node_count; i++)
        for (size_t j = 0; j < i && charter->nodes[i].name[0]; j++)
            if (strcmp(charter->nodes[i].name, charter->nodes[j].name) == 0) {
                struct spot spot = json_element(&parsing->nodes, i);
                json_mistake(&parsing->reader, &spot, "has the name of nodes[%zu]", j);
            }
}

/* A key has one job: governance, signing, log and cosigner keys are all different. */
static void check_keys(struct parsing *parsing)
{
    const struct charter *charter = parsing->charter;
    size_t partners = charter->partner_count, nodes = charter->node_count, count = 0;
    struct keyed {
        const struct public_key *key;
        struct spot spot;
    } *keys = allocate(partners + NODE_KEYS * nodes + 1, sizeof(*keys));
    for (size_t i = 0; i < partners; i++)
        keys[count++] = (struct keyed){&charter->partners[i].governance_key,
                                       json_element(&parsing->partners, i)};
    for (size_t i = 0; i < nodes; i++) {
        const struct charter_node *node = &charter->nodes[i];
        const struct public_key *own[NODE_KEYS] = {&node->sign_key, &node->log_key.key,
                                                   &node->cosigner_key.key};
        for (size_t k = 0; k < NODE_KEYS; k++)
            keys[count++] = (struct keyed){own[k], json_element(&parsing->nodes, i)};
    }
    static const struct public_key unread;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (memcmp(keys[i].key->at, keys[j].key->at, PUBLIC_KEY_SIZE) == 0 &&
                memcmp(keys[i].key->at, unread.at, PUBLIC_KEY_SIZE) != 0)
                json_mistake(&parsing->reader, &keys[i].spot, "uses a key of %s again",
                             keys[j].spot.path);
    for (size_t i = 0; i < nodes; i++)
        for (size_t j = 0; j < i && charter->nodes[i].transport_key[0]; j++)
            if (memcmp(charter->nodes[i].transport_key, charter->nodes[j].transport_key,
                       TRANSPORT_KEY_SIZE) == 0) {
                struct spot spot = json_element(&parsing->nodes, i);
                json_mistake(&parsing->reader, &spot, "has the transport key of nodes[%zu]", j);
            }
    free(keys);
}

static void check_voters(struct parsing *parsing)
{
    struct charter *charter = parsing->charter;
    for (size_t i = 0; i < charter->node_count; i++) {
        if (!charter->nodes[i].voter)
            continue;
        struct spot spot = json_element(&parsing->nodes, i);
        for (size_t j = 0; j < charter->voter_count; j++)
            if (charter->nodes[i].partner.v != UNRESOLVED &&
                partner_equal(charter->nodes[charter->voters[j]].partner,
                              charter->nodes[i].partner))
                json_mistake(&parsing->reader, &spot, "is the second voter of its partner");
        if (charter->voter_count == VOTERS_MAX)
            json_mistake(&parsing->reader, &spot, "is more than voter %d", VOTERS_MAX);
        else
            charter->voters[charter->voter_count++] = (uint16_t)i;
    }
    size_t n = charter->voter_count, f = quorum_faulty(n), q = quorum_size(n);
    if (n == 0 && charter->node_count > 0)
        json_mistake(&parsing->reader, &parsing->nodes, "has no voter");
    else if (n > 0 && (2 * q <= n + f || q > n - f))
        json_mistake(&parsing->reader, &parsing->nodes, "%zu voters cannot form a quorum", n);
    if (n == 2 && !charter->two_voters_accepted)
        json_mistake(&parsing->reader, &parsing->nodes,
                     "with 2 voters either one down halts it: say \"accept_two_voters\": true");
}

/* It repeats the nodes' keys: what is wrong with those is not said twice. */
static void read_tlog_policy(struct parsing *parsing, const struct spot *spot)
{
    struct error why;
    struct charter *charter = parsing->charter;
    charter->tlog_policy = json_read_lines(&parsing->reader, spot, POLICY_SIZE_MAX);
    if (charter->tlog_policy && parsing->reader.mistakes->count == 0 &&
        !charter_policy_check(charter, &why))
        json_mistake(&parsing->reader, spot, "%s", why.text);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void read_head(struct parsing *parsing, const struct spot at[])
{
    struct charter *charter = parsing->charter;
    struct json_reader *reader = &parsing->reader;
    uint64_t version = 0, digits = 0;
    json_read_uint(reader, &at[0], FORMAT_VERSION, FORMAT_VERSION, &version);
    json_read_text(reader, &at[1], charter->name, sizeof(charter->name));
    json_read_text(reader, &at[2], charter->origin, sizeof(charter->origin));
    if (charter->origin[0] && !note_name_valid(bytes_text(charter->origin)))
        json_mistake(reader, &at[2], "must have no space and no '+'");
    char nonce[HASH_HEX_SIZE + 1] = "";
    json_read_text(reader, &at[3], nonce, sizeof(nonce));
    if (nonce[0] && !hex_decode(bytes_text(nonce), charter->nonce, HASH_SIZE))
        json_mistake(reader, &at[3], "must be 64 hex digits");
    json_read_text(reader, &at[4], charter->currency, sizeof(charter->currency));
    for (size_t i = 0; charter->currency[0] && i < 3; i++)
        if (charter->currency[i] < 'A' || charter->currency[i] > 'Z') {
            json_mistake(reader, &at[4], "must be three capital letters (ISO 4217)");
            break;
        }
    json_read_uint(reader, &at[5], 0, 3, &digits);
    charter->minor_digits = (int)digits;
}

static void read_charter(struct parsing *parsing, const struct spot *root)
{
    static const char *const names[] = {"version",     "name",        "origin",
                                        "nonce",       "currency",    "minor_digits",
                                        "?sandbox",    "?zone",       "?accept_two_voters",
                                        "partners",    "nodes",       "?joint_funding",
                                        "rates",       "?policy",     "?limits",
                                        "tlog_policy", "?log_public", "?settlement",
                                        "?contracts",  "?risk",       NULL};
    struct spot at[20];
    json_object_open(&parsing->reader, root, names, at);
    if (!json_is_object(root->json))
        return;
    read_head(parsing, at);
    read_sandbox(parsing, &at[6]);
    read_zone(parsing, &at[7]);
    json_read_bool(&parsing->reader, &at[8], &parsing->charter->two_voters_accepted);
    read_partners(parsing, &at[9]);
    read_nodes(parsing, &at[10]);
    read_joint(parsing, &at[11]);
    read_rates(parsing, &at[12]);
    read_policy(parsing, &at[13]);
    read_limits(parsing, &at[14]);
    json_read_bool(&parsing->reader, &at[16], &parsing->charter->log_public);
    charter_risk_read(&parsing->reader, &at[19], parsing->charter);
    charter_settlement_read(&parsing->reader, &at[17], parsing->charter);
    charter_contracts_read(&parsing->reader, &at[18], parsing->charter);
    check_names(parsing);
    check_keys(parsing);
    check_voters(parsing);
    read_tlog_policy(parsing, &at[15]);
}

struct charter *charter_copy(const struct charter *charter)
{
    struct charter *copy = allocate(1, sizeof(*copy));
    *copy = *charter;
    copy->partners =
        charter_array_copy(charter->partners, charter->partner_count, sizeof(*copy->partners));
    copy->nodes = charter_array_copy(charter->nodes, charter->node_count, sizeof(*copy->nodes));
    copy->joint_funding = charter_array_copy(charter->joint_funding, charter->joint_funding_count,
                                             sizeof(*copy->joint_funding));
    copy->retired_keys = charter_array_copy(charter->retired_keys, charter->retired_key_count,
                                            sizeof(*copy->retired_keys));
    copy->tlog_policy = charter_array_copy(charter->tlog_policy, strlen(charter->tlog_policy), 1);
    charter_settlement_copy(copy, charter);
    charter_contracts_copy(copy, charter);
    return copy;
}

void charter_count_voters(struct charter *charter)
{
    charter->voter_count = 0;
    memset(charter->voters, 0, sizeof(charter->voters));
    for (size_t i = 0; i < charter->node_count; i++) {
        if (!charter->nodes[i].voter)
            continue;
        must(charter->voter_count < VOTERS_MAX);
        charter->voters[charter->voter_count++] = (uint16_t)i;
    }
}

void charter_close(struct charter *charter)
{
    if (!charter)
        return;
    free(charter->partners);
    free(charter->nodes);
    free(charter->joint_funding);
    free(charter->retired_keys);
    free(charter->tlog_policy);
    charter_settlement_free(charter);
    charter_contracts_free(charter);
    free(charter);
}

static bool finish(struct parsing *parsing, struct charter **charter_out, struct error *error)
{
    const struct charter_mistakes *mistakes = parsing->reader.mistakes;
    if (mistakes->count == 0) {
        *charter_out = parsing->charter;
        return true;
    }
    charter_close(parsing->charter);
    return error_set(error, ERROR_INVALID, "charter: %zu mistake%s, the first: %s", mistakes->count,
                     mistakes->count == 1 ? "" : "s", mistakes->text[0]);
}

bool charter_parse(struct bytes json, struct charter **charter_out,
                   struct charter_mistakes *mistakes, struct error *error)
{
    if (json.size > CHARTER_SIZE_MAX)
        return error_set(error, ERROR_LIMIT, "charter: more than %d bytes", CHARTER_SIZE_MAX);
    struct charter_mistakes *found = allocate(1, sizeof(*found));
    struct parsing parsing = {.reader = {.mistakes = found},
                              .charter = allocate(1, sizeof(struct charter))};
    struct spot root = {0};
    json_error_t why;
    json_t *document = json_loadb((const char *)json.at, json.size, JSON_REJECT_DUPLICATES, &why);
    parsing.charter->coalition = hash_bytes(json);
    parsing.charter->from_height = 1;
    root.json = document;
    if (document)
        read_charter(&parsing, &root);
    else if (json.size == 0)
        json_mistake(&parsing.reader, &root, "it is empty");
    else
        json_mistake(&parsing.reader, &root, "line %d, column %d: %s", why.line, why.column,
                     why.text);
    json_decref(document);
    bool good = finish(&parsing, charter_out, error);
    if (!good && mistakes)
        *mistakes = *found;
    free(found);
    return good;
}
