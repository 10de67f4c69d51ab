#include "node/store.h"

#include <string.h>

enum { OP_PUT = 1, OP_DELETE = 2, OP_HEADER_SIZE = 9 };

/* ---- groups ------------------------------------------------------------------------------- */

void store_group_init(struct store_group *group)
{
    *group = (struct store_group){0};
    buffer_init(&group->ops, STORE_GROUP_MAX);
}

void store_group_release(struct store_group *group)
{
    buffer_release(&group->ops);
    group->count = 0;
}

void store_group_clear(struct store_group *group)
{
    buffer_clear(&group->ops);
    group->count = 0;
}

/* One extension for header, key and value: a change is in the group whole or not at all. */
static void group_append(struct store_group *group, uint8_t op, struct bytes key,
                         struct bytes value)
{
    must(key.size > 0 && key.size <= STORE_KEY_MAX);
    must(value.size <= STORE_VALUE_MAX);
    uint8_t *at = buffer_extend(&group->ops, OP_HEADER_SIZE + key.size + value.size);
    if (!at) {
        return;
    }
    at[0] = op;
    put_u32be(at + 1, (uint32_t)key.size);
    put_u32be(at + 5, (uint32_t)value.size);
    memcpy(at + OP_HEADER_SIZE, key.at, key.size);
    if (value.size > 0) {
        memcpy(at + OP_HEADER_SIZE + key.size, value.at, value.size);
    }
    group->count++;
}

void store_put(struct store_group *group, struct bytes key, struct bytes value)
{
    group_append(group, OP_PUT, key, value);
}

void store_delete(struct store_group *group, struct bytes key)
{
    group_append(group, OP_DELETE, key, bytes_of(NULL, 0));
}

bool store_group_next(struct bytes *rest, struct bytes *key_out, struct bytes *value_out)
{
    if (rest->size == 0) {
        return false;
    }
    /* Groups are made by store_put() and store_delete() alone, never read from outside. */
    must(rest->size >= OP_HEADER_SIZE);
    const uint8_t *at = rest->at;
    size_t key_size = get_u32be(at + 1), value_size = get_u32be(at + 5);
    must(at[0] == OP_PUT || (at[0] == OP_DELETE && value_size == 0));
    must(key_size > 0 && key_size <= STORE_KEY_MAX && value_size <= STORE_VALUE_MAX);
    size_t size = OP_HEADER_SIZE + key_size + value_size;
    must(size <= rest->size);
    *key_out = bytes_of(at + OP_HEADER_SIZE, key_size);
    /* An empty value still points somewhere: NULL means a deletion. */
    *value_out = bytes_of(at[0] == OP_DELETE ? NULL : at + OP_HEADER_SIZE + key_size, value_size);
    *rest = bytes_of(at + size, rest->size - size);
    return true;
}

/* ---- keys --------------------------------------------------------------------------------- */

static void key_add(struct store_key *key, struct bytes bytes)
{
    must(bytes.size <= sizeof(key->at) - key->size);
    memcpy(key->at + key->size, bytes.at, bytes.size);
    key->size += bytes.size;
}

static void key_add_u16(struct store_key *key, uint16_t v)
{
    uint8_t at[2];
    put_u16be(at, v);
    key_add(key, bytes_of(at, sizeof(at)));
}

static void key_add_u32(struct store_key *key, uint32_t v)
{
    uint8_t at[4];
    put_u32be(at, v);
    key_add(key, bytes_of(at, sizeof(at)));
}

static void key_add_u64(struct store_key *key, uint64_t v)
{
    uint8_t at[8];
    put_u64be(at, v);
    key_add(key, bytes_of(at, sizeof(at)));
}

static struct store_key key_numbered(char kind, uint64_t number)
{
    struct store_key key = key_prefix(kind);
    key_add_u64(&key, number);
    return key;
}

struct store_key key_prefix(char kind)
{
    return (struct store_key){.at = {(uint8_t)kind}, .size = 1};
}

struct store_key key_meta(const char *name)
{
    struct store_key key = key_prefix('M');
    key_add(&key, bytes_text(name));
    return key;
}

struct store_key key_counter(uint64_t counter)
{
    return key_numbered('C', counter);
}

struct store_key key_lane(uint16_t lane)
{
    struct store_key key = key_prefix('B');
    key_add_u16(&key, lane);
    return key;
}

struct store_key key_batch(uint16_t lane, uint64_t sequence, const struct hash *id)
{
    struct store_key key = key_lane(lane);
    key_add_u64(&key, sequence);
    key_add(&key, hash_as_bytes(id));
    return key;
}

struct store_key key_height(uint64_t height)
{
    return key_numbered('H', height);
}

struct store_key key_outcomes(uint64_t index)
{
    return key_numbered('O', index);
}

struct store_key key_tile(uint32_t level, uint64_t index)
{
    must(level <= UINT8_MAX);
    struct store_key key = key_prefix('T');
    uint8_t level8 = (uint8_t)level;
    key_add(&key, bytes_of(&level8, 1));
    key_add_u64(&key, index);
    return key;
}

static struct store_key key_of_round(char kind, uint64_t height, int32_t round)
{
    must(round >= 0); /* a negative one would sort last */
    struct store_key key = key_numbered(kind, height);
    key_add_u32(&key, (uint32_t)round);
    return key;
}

struct store_key key_vote(uint64_t height, int32_t round, int type)
{
    must(type >= 0 && type <= UINT8_MAX);
    struct store_key key = key_of_round('V', height, round);
    uint8_t type8 = (uint8_t)type;
    key_add(&key, bytes_of(&type8, 1));
    return key;
}

struct store_key key_proposal(uint64_t height, int32_t round)
{
    return key_of_round('P', height, round);
}

struct store_key key_lock(void)
{
    return key_prefix('L');
}

struct store_key key_outbox(uint64_t number)
{
    return key_numbered('Q', number);
}

bool store_last_height(const struct store *store, uint64_t *height_out, struct error *error)
{
    struct store_key prefix = key_prefix('H'), last = key_height(UINT64_MAX);
    struct buffer key, value;
    buffer_init(&key, STORE_KEY_MAX);
    buffer_init(&value, STORE_VALUE_MAX);
    bool found = store->get_at_or_before(store->context, store_key_bytes(&prefix),
                                         store_key_bytes(&last), &key, &value, error);
    if (found)
        *height_out = key.size == 9 ? get_u64be(key.at + 1) : UINT64_MAX;
    buffer_release(&key);
    buffer_release(&value);
    return found;
}

struct store_key key_evidence(uint16_t node, int kind, const struct hash *id)
{
    must(kind >= 0 && kind <= UINT8_MAX);
    struct store_key key = key_prefix('E');
    uint8_t kind8 = (uint8_t)kind;
    key_add_u16(&key, node);
    key_add(&key, bytes_of(&kind8, 1));
    key_add(&key, bytes_of(id->at, EVIDENCE_KEY_ID_SIZE));
    return key;
}

struct store_key key_cosigned(void)
{
    return key_prefix('S');
}

struct store_key key_final(void)
{
    return key_prefix('F');
}

struct store_key key_attestation(uint64_t height, uint16_t node)
{
    struct store_key key = key_numbered('N', height);
    key_add_u16(&key, node);
    return key;
}

struct store_key key_gap(void)
{
    return key_prefix('G');
}

struct store_key key_pruned(void)
{
    return key_prefix('R');
}

struct store_key key_asked(void)
{
    return key_prefix('A');
}

static bool get_meta(const struct store *store, const char *name, uint8_t *out, size_t size,
                     struct error *error)
{
    struct store_key key = key_meta(name);
    struct buffer value;
    buffer_init(&value, STORE_KEY_MAX);
    bool ok = store->get(store->context, store_key_bytes(&key), &value, error);
    if (ok && value.size != size)
        ok = error_set(error, ERROR_CORRUPT, "entry M %s has %zu bytes", name, value.size);
    if (ok)
        memcpy(out, value.at, size);
    buffer_release(&value);
    return ok;
}

bool store_owner(const struct store *store, struct hash *coalition_out, struct node_id *node_out,
                 struct error *error)
{
    uint8_t number[2];
    if (!get_meta(store, "coalition", coalition_out->at, HASH_SIZE, error) ||
        !get_meta(store, "node", number, sizeof(number), error))
        return false;
    node_out->v = get_u16be(number);
    return node_out->v < NODES_MAX ||
           error_set(error, ERROR_CORRUPT, "entry M node is %u", node_out->v);
}
