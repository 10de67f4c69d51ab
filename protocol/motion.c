#include "protocol/motion.h"

#include "protocol/codec.h"

#include <string.h>

/* ---- words ----------------------------------------------------------------------------------- */

const char *change_kind_word(enum change_kind kind)
{
    switch (kind) {
#define X(name, number, word)                                                                      \
    case name:                                                                                     \
        return word;
        CHANGE_KINDS(X)
#undef X
    }
    must(!"a change outside its table");
}

bool change_kind_from_word(const char *word, enum change_kind *kind_out)
{
#define X(name, number, text)                                                                      \
    if (strcmp(word, text) == 0) {                                                                 \
        *kind_out = name;                                                                          \
        return true;                                                                               \
    }
    CHANGE_KINDS(X)
#undef X
    return false;
}

const char *limit_word(enum limit_number number)
{
    switch (number) {
#define X(name, value, word)                                                                       \
    case name:                                                                                     \
        return word;
        CHARTER_LIMITS(X)
#undef X
    }
    must(!"a limit outside its table");
}

bool change_is_proposed(enum change_kind kind)
{
    return kind != CHANGE_SUSPEND && kind != CHANGE_PROMOTE;
}

/* ---- encoding -------------------------------------------------------------------------------- */

enum { /* elements of each kind's array */
       ADMIT_ITEMS = 12,
       REPLACE_KEYS_ITEMS = 8,
       PAIR_ITEMS = 2,
       TRIPLE_ITEMS = 3
};

static void put_key(struct buffer *out, const struct public_key *key)
{
    codec_put_bytes(out, bytes_of(key->at, PUBLIC_KEY_SIZE));
}

static void put_keys(struct buffer *out, const struct node_keys *keys)
{
    put_key(out, &keys->sign_key);
    codec_put_bytes(out, bytes_of(keys->transport_key, TRANSPORT_KEY_SIZE));
    codec_put_bytes(out, bytes_of(keys->transport_signature.at, SIGNATURE_SIZE));
    put_key(out, &keys->log_key);
    put_key(out, &keys->cosigner_key);
}

static void put_admit(struct buffer *out, const struct change *change)
{
    if (change->founds_partner)
        codec_put_null(out);
    else
        codec_put_uint(out, change->partner.v);
    codec_put_text(out, change->partner_name);
    if (change->founds_partner)
        put_key(out, &change->key);
    else
        codec_put_null(out);
    codec_put_text(out, change->node_name);
    put_keys(out, &change->keys);
    codec_put_text(out, change->address);
    codec_put_bool(out, change->voter);
}

static void put_limits(struct buffer *out, const struct change *change)
{
    codec_put_array(out, change->limit_count);
    for (size_t i = 0; i < change->limit_count; i++) {
        codec_put_array(out, PAIR_ITEMS);
        codec_put_uint(out, change->limits[i].number);
        codec_put_uint(out, change->limits[i].value);
    }
}

static size_t change_items(enum change_kind kind)
{
    switch (kind) {
    case CHANGE_ADMIT:
        return ADMIT_ITEMS;
    case CHANGE_REPLACE_KEYS:
        return REPLACE_KEYS_ITEMS;
    case CHANGE_SET_VOTER:
    case CHANGE_REPLACE_GOVERNANCE:
    case CHANGE_SUSPEND:
        return TRIPLE_ITEMS;
    case CHANGE_REMOVE_NODE:
    case CHANGE_REMOVE_PARTNER:
    case CHANGE_SET_LIMITS:
    case CHANGE_PROMOTE:
        return PAIR_ITEMS;
    }
    return 0;
}

void change_encode(const struct change *change, struct buffer *out)
{
    codec_put_array(out, change_items(change->kind));
    codec_put_uint(out, change->kind);
    switch (change->kind) {
    case CHANGE_ADMIT:
        put_admit(out, change);
        return;
    case CHANGE_REMOVE_NODE:
    case CHANGE_PROMOTE:
        codec_put_uint(out, change->node.v);
        return;
    case CHANGE_REMOVE_PARTNER:
        codec_put_uint(out, change->partner.v);
        return;
    case CHANGE_SET_VOTER:
        codec_put_uint(out, change->node.v);
        codec_put_bool(out, change->voter);
        return;
    case CHANGE_REPLACE_KEYS:
        codec_put_uint(out, change->node.v);
        put_keys(out, &change->keys);
        codec_put_text(out, change->address);
        return;
    case CHANGE_REPLACE_GOVERNANCE:
        codec_put_uint(out, change->partner.v);
        put_key(out, &change->key);
        return;
    case CHANGE_SET_LIMITS:
        put_limits(out, change);
        return;
    case CHANGE_SUSPEND:
        codec_put_uint(out, change->node.v);
        put_key(out, &change->key);
        return;
    }
}

void motion_encode(const struct motion *motion, struct buffer *out)
{
    codec_put_array(out, PAIR_ITEMS);
    codec_put_uint(out, motion->delay);
    change_encode(&motion->change, out);
}

/* ---- decoding -------------------------------------------------------------------------------- */

static struct node_id get_node(struct codec_reader *reader)
{
    return (struct node_id){(uint16_t)codec_get_uint(reader, NODES_MAX - 1)};
}

static struct partner_id get_partner(struct codec_reader *reader)
{
    return (struct partner_id){(uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1)};
}

static void get_key(struct codec_reader *reader, struct public_key *key_out)
{
    codec_get_fixed(reader, key_out->at, PUBLIC_KEY_SIZE);
}

static void get_keys(struct codec_reader *reader, struct node_keys *keys)
{
    get_key(reader, &keys->sign_key);
    codec_get_fixed(reader, keys->transport_key, TRANSPORT_KEY_SIZE);
    codec_get_fixed(reader, keys->transport_signature.at, SIGNATURE_SIZE);
    get_key(reader, &keys->log_key);
    get_key(reader, &keys->cosigner_key);
}

static struct bytes get_name(struct codec_reader *reader)
{
    struct bytes name = codec_get_text(reader, 1, NAME_SIZE_MAX);
    if (!reader->failed && !name_valid(name))
        codec_fail(reader, "a name must be a letter, then letters, digits and '-' (a-z)");
    return name;
}

static struct bytes get_address(struct codec_reader *reader)
{
    struct bytes address = codec_get_text(reader, 1, ADDRESS_SIZE_MAX);
    if (!reader->failed && !address_valid(address))
        codec_fail(reader, "an address must be tcp://HOST:PORT");
    return address;
}

/* A partner is named by its number, or founded: null, its name and its key. */
static void get_admit(struct codec_reader *reader, struct change *change)
{
    change->founds_partner = codec_get_null(reader);
    if (change->founds_partner) {
        change->partner_name = get_name(reader);
        get_key(reader, &change->key);
    } else {
        change->partner = get_partner(reader);
        change->partner_name = codec_get_text(reader, 0, 0);
        if (!codec_get_null(reader))
            codec_fail(reader, "a governance key for a partner that has one");
    }
    change->node_name = get_name(reader);
    get_keys(reader, &change->keys);
    change->address = get_address(reader);
    change->voter = codec_get_bool(reader);
}

static void get_limits(struct codec_reader *reader, struct change *change)
{
    uint64_t last = 0;
    change->limit_count = codec_get_array(reader, 1, LIMIT_NUMBER_MAX);
    for (size_t i = 0; i < change->limit_count; i++) {
        codec_get_array(reader, PAIR_ITEMS, PAIR_ITEMS);
        uint64_t number = codec_get_uint(reader, LIMIT_NUMBER_MAX);
        if (number <= last)
            codec_fail(reader, "limits do not ascend");
        last = number;
        change->limits[i] = (struct limit_value){.number = (enum limit_number)number,
                                                 .value = codec_get_uint(reader, INT64_MAX)};
    }
}

static void get_by_kind(struct codec_reader *reader, struct change *change)
{
    switch (change->kind) {
    case CHANGE_ADMIT:
        get_admit(reader, change);
        return;
    case CHANGE_REMOVE_NODE:
    case CHANGE_PROMOTE:
        change->node = get_node(reader);
        return;
    case CHANGE_REMOVE_PARTNER:
        change->partner = get_partner(reader);
        return;
    case CHANGE_SET_VOTER:
        change->node = get_node(reader);
        change->voter = codec_get_bool(reader);
        return;
    case CHANGE_REPLACE_KEYS:
        change->node = get_node(reader);
        get_keys(reader, &change->keys);
        change->address = get_address(reader);
        return;
    case CHANGE_REPLACE_GOVERNANCE:
        change->partner = get_partner(reader);
        get_key(reader, &change->key);
        return;
    case CHANGE_SET_LIMITS:
        get_limits(reader, change);
        return;
    case CHANGE_SUSPEND:
        change->node = get_node(reader);
        get_key(reader, &change->key);
        return;
    }
}

void change_get(struct codec_reader *reader, struct change *change_out)
{
    memset(change_out, 0, sizeof(*change_out));
    size_t items = codec_get_array(reader, PAIR_ITEMS, ADMIT_ITEMS);
    uint64_t number = codec_get_uint(reader, CHANGE_KIND_MAX);
    if (!reader->failed && number == 0)
        codec_fail(reader, "unknown kind of change");
    if (reader->failed)
        return;
    change_out->kind = (enum change_kind)number;
    if (items != change_items(change_out->kind))
        codec_fail(reader, "a change of a wrong length");
    else
        get_by_kind(reader, change_out);
}

bool change_decode(struct bytes bytes, struct change *change_out, struct error *error)
{
    struct codec_reader reader;
    struct change change;
    codec_reader_init(&reader, bytes);
    change_get(&reader, &change);
    if (!codec_finish(&reader, "change", error))
        return false;
    *change_out = change;
    return true;
}

void motion_get(struct codec_reader *reader, struct motion *motion_out)
{
    codec_get_array(reader, PAIR_ITEMS, PAIR_ITEMS);
    motion_out->delay = (uint32_t)codec_get_uint(reader, MOTION_DELAY_MAX);
    if (motion_out->delay < MOTION_DELAY_MIN)
        codec_fail(reader, "a delay below two heights");
    change_get(reader, &motion_out->change);
    if (!reader->failed && !change_is_proposed(motion_out->change.kind))
        codec_fail(reader, "a change that nobody proposes");
}

bool motion_decode(struct bytes bytes, struct motion *motion_out, struct error *error)
{
    struct codec_reader reader;
    struct motion motion;
    codec_reader_init(&reader, bytes);
    motion_get(&reader, &motion);
    if (!codec_finish(&reader, "motion", error))
        return false;
    *motion_out = motion;
    return true;
}

/* ---- ballots --------------------------------------------------------------------------------- */

void ballot_text(struct record_index index, const struct hash *motion, struct buffer *out)
{
    codec_put_array(out, TRIPLE_ITEMS);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, index.v);
    codec_put_bytes(out, hash_as_bytes(motion));
}

struct signature ballot_sign(const struct signing_key *governance_key, const struct hash *coalition,
                             struct record_index index, const struct hash *motion)
{
    struct buffer text;
    buffer_init(&text, BALLOT_TEXT_SIZE);
    ballot_text(index, motion, &text);
    struct signature signature =
        sign(governance_key, PURPOSE_BALLOT, coalition, buffer_bytes(&text));
    buffer_release(&text);
    return signature;
}

bool ballot_holds(const struct public_key *governance_key, const struct hash *coalition,
                  struct record_index index, const struct hash *motion,
                  const struct signature *signature)
{
    struct buffer text;
    struct verifier *verifier = verifier_open(governance_key);
    buffer_init(&text, BALLOT_TEXT_SIZE);
    ballot_text(index, motion, &text);
    bool holds =
        verifier && verify(verifier, PURPOSE_BALLOT, coalition, buffer_bytes(&text), signature);
    buffer_release(&text);
    verifier_close(verifier);
    return holds;
}
