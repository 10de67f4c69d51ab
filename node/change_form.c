#include "node/change_form.h"

#include "partners/charter_limits.h"
#include "partners/charter_policy.h"

#include <stdio.h>
#include <string.h>

enum { VKEY_TEXT_MAX = NOTE_NAME_MAX + 80 };

/* ---- reading --------------------------------------------------------------------------------- */

static bool take_needed(struct form *form, const char *name, size_t max_size, struct bytes *out)
{
    if (form_text(form, name, 1, max_size, out))
        return true;
    if (!form_has(form, name))
        form_missing(form, name);
    return false;
}

static void take_bytes(struct form *form, const char *name, uint8_t *out, size_t size)
{
    if (!form_base64(form, name, out, size) && !form_has(form, name))
        form_missing(form, name);
}

static void take_name(struct form *form, const char *name, struct bytes *out)
{
    if (take_needed(form, name, NAME_SIZE_MAX, out) && !name_valid(*out))
        form_wrong(form, name, "must be a letter, then letters, digits and '-' (a-z)");
}

static void take_partner(struct form *form, const struct charter *charter,
                         struct partner_id *partner_out)
{
    struct bytes name;
    if (take_needed(form, "partner", NAME_SIZE_MAX, &name) &&
        !charter_partner_by_name(charter, name, partner_out))
        form_wrong(form, "partner", "is no partner of the coalition");
}

static void take_node(struct form *form, const struct charter *charter, struct node_id *node_out)
{
    struct bytes name;
    if (take_needed(form, "node", NAME_SIZE_MAX, &name) &&
        !charter_node_by_name(charter, name, node_out))
        form_wrong(form, "node", "is no node of the coalition");
}

static void take_voter(struct form *form, struct change *change)
{
    if (!form_bool(form, "voter", &change->voter) && !form_has(form, "voter"))
        form_missing(form, "voter");
}

/* "name+id+base64", as the ledger will name it. */
static void take_vkey(struct form *form, const char *name, uint8_t type, const char *wanted,
                      struct public_key *key_out)
{
    struct bytes text;
    struct note_key key;
    if (!take_needed(form, name, VKEY_TEXT_MAX, &text))
        return;
    if (!note_key_parse(text, &key, NULL) || key.type != type)
        form_wrong(form, name,
                   type == NOTE_TYPE_ED25519
                       ? "must be a verifier key of type 01 (name+id+base64)"
                       : "must be a verifier key of type 04 (name+id+base64)");
    else if (strcmp(key.name, wanted) != 0)
        form_wrong(form, name, "is named after another origin or node");
    else
        *key_out = key.key;
}

static void take_keys(struct form *form, const struct charter *charter, struct bytes node,
                      struct change *change)
{
    char name[NAME_SIZE_MAX + 1] = "", cosigner[NOTE_NAME_MAX + 1] = "";
    struct node_keys *keys = &change->keys;
    if (node.size > 0 && node.size <= NAME_SIZE_MAX)
        memcpy(name, node.at, node.size);
    take_bytes(form, "sign_key", keys->sign_key.at, PUBLIC_KEY_SIZE);
    take_bytes(form, "transport_key", keys->transport_key, TRANSPORT_KEY_SIZE);
    take_bytes(form, "transport_signature", keys->transport_signature.at, SIGNATURE_SIZE);
    take_vkey(form, "log_key", NOTE_TYPE_ED25519, charter->origin, &keys->log_key);
    if (!charter_cosigner_name(charter->origin, name, cosigner))
        form_wrong(form, "node", "the origin leaves no room for the name of its cosigner key");
    take_vkey(form, "cosigner_key", NOTE_TYPE_COSIGNATURE, cosigner, &keys->cosigner_key);
    if (take_needed(form, "address", ADDRESS_SIZE_MAX, &change->address) &&
        !address_valid(change->address))
        form_wrong(form, "address", "must be tcp://HOST:PORT");
}

static void take_admit(struct form *form, const struct charter *charter, struct change *change)
{
    change->founds_partner = form_has(form, "governance_key");
    if (change->founds_partner) {
        take_name(form, "partner", &change->partner_name);
        take_bytes(form, "governance_key", change->key.at, PUBLIC_KEY_SIZE);
    } else {
        take_partner(form, charter, &change->partner);
    }
    take_name(form, "node", &change->node_name);
    take_keys(form, charter, change->node_name, change);
    take_voter(form, change);
}

static void take_replace_keys(struct form *form, const struct charter *charter,
                              struct change *change)
{
    struct bytes name = {0};
    take_node(form, charter, &change->node);
    (void)form_text(form, "node", 1, NAME_SIZE_MAX, &name);
    take_keys(form, charter, name, change);
}

static void take_limits(struct form *form, struct change *change)
{
    struct form limits;
    if (!form_object(form, "limits", &limits)) {
        if (!form_has(form, "limits"))
            form_missing(form, "limits");
        return;
    }
    for (int i = 1; i <= LIMIT_NUMBER_MAX; i++) {
        enum limit_number number = (enum limit_number)i;
        struct limit_range range = charter_limit_range(number);
        int64_t value = 0;
        if (form_int(&limits, limit_word(number), (int64_t)range.min, (int64_t)range.max, &value))
            change->limits[change->limit_count++] =
                (struct limit_value){.number = number, .value = (uint64_t)value};
    }
    if (change->limit_count == 0)
        form_wrong(form, "limits", "must set a limit");
    form_finish(&limits);
}

/* Leaves the kind alone where there is none that can be proposed. */
static bool take_kind(struct form *form, struct change *change)
{
    struct bytes word;
    char text[32] = "";
    if (!take_needed(form, "change", sizeof(text) - 1, &word))
        return false;
    memcpy(text, word.at, word.size);
    enum change_kind kind;
    if (change_kind_from_word(text, &kind) && change_is_proposed(kind)) {
        change->kind = kind;
        return true;
    }
    form_wrong(form, "change",
               "must be admit, remove-node, remove-partner, set-voter, replace-keys, "
               "replace-governance or set-limits");
    return false;
}

void change_take(struct form *form, const struct charter *charter, struct change *change_out)
{
    if (!take_kind(form, change_out))
        return;
    switch (change_out->kind) {
    case CHANGE_ADMIT:
        take_admit(form, charter, change_out);
        return;
    case CHANGE_REMOVE_NODE:
        take_node(form, charter, &change_out->node);
        return;
    case CHANGE_REMOVE_PARTNER:
        take_partner(form, charter, &change_out->partner);
        return;
    case CHANGE_SET_VOTER:
        take_node(form, charter, &change_out->node);
        take_voter(form, change_out);
        return;
    case CHANGE_REPLACE_KEYS:
        take_replace_keys(form, charter, change_out);
        return;
    case CHANGE_REPLACE_GOVERNANCE:
        take_partner(form, charter, &change_out->partner);
        take_bytes(form, "governance_key", change_out->key.at, PUBLIC_KEY_SIZE);
        return;
    case CHANGE_SET_LIMITS:
        take_limits(form, change_out);
        return;
    case CHANGE_SUSPEND:
    case CHANGE_PROMOTE:
        break;
    }
    must(!"a kind that is proposed");
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_partner(struct json_out *json, const struct charter *charter,
                        struct partner_id partner)
{
    bool known = partner.v < charter->partner_count;
    json_put_word(json, "partner", known ? charter->partners[partner.v].name : "?");
}

static const char *node_name(const struct charter *charter, struct node_id node)
{
    return node.v < charter->node_count ? charter->nodes[node.v].name : "?";
}

static void put_key(struct json_out *json, const char *name, const struct public_key *key)
{
    json_put_base64(json, name, bytes_of(key->at, PUBLIC_KEY_SIZE));
}

static void put_vkey(struct json_out *json, const char *name, const char *key_name, uint8_t type,
                     const struct public_key *key)
{
    struct note_key named;
    struct buffer text;
    if (!note_key_make(key_name, type, key, &named, NULL)) {
        put_key(json, name, key);
        return;
    }
    buffer_init(&text, VKEY_TEXT_MAX);
    note_key_format(&named, &text);
    json_put_text(json, name, buffer_bytes(&text));
    buffer_release(&text);
}

static void put_keys(struct json_out *json, const struct charter *charter, struct bytes node,
                     const struct change *change)
{
    char name[NAME_SIZE_MAX + 1] = "", cosigner[NOTE_NAME_MAX + 1] = "";
    const struct node_keys *keys = &change->keys;
    memcpy(name, node.at, node.size < sizeof(name) ? node.size : 0);
    (void)!charter_cosigner_name(charter->origin, name, cosigner);
    put_key(json, "sign_key", &keys->sign_key);
    json_put_base64(json, "transport_key", bytes_of(keys->transport_key, TRANSPORT_KEY_SIZE));
    json_put_base64(json, "transport_signature",
                    bytes_of(keys->transport_signature.at, SIGNATURE_SIZE));
    put_vkey(json, "log_key", charter->origin, NOTE_TYPE_ED25519, &keys->log_key);
    put_vkey(json, "cosigner_key", cosigner, NOTE_TYPE_COSIGNATURE, &keys->cosigner_key);
    json_put_text(json, "address", change->address);
}

static void put_admit(struct json_out *json, const struct charter *charter,
                      const struct change *change)
{
    if (change->founds_partner) {
        json_put_text(json, "partner", change->partner_name);
        put_key(json, "governance_key", &change->key);
    } else {
        put_partner(json, charter, change->partner);
    }
    json_put_text(json, "node", change->node_name);
    put_keys(json, charter, change->node_name, change);
    json_put_bool(json, "voter", change->voter);
}

static void put_limits(struct json_out *json, const struct change *change)
{
    json_open_object(json, "limits");
    for (size_t i = 0; i < change->limit_count; i++)
        json_put_uint(json, limit_word(change->limits[i].number), change->limits[i].value);
    json_close_object(json);
}

void change_write(struct json_out *json, const struct charter *charter, const struct change *change)
{
    json_put_word(json, "change", change_kind_word(change->kind));
    switch (change->kind) {
    case CHANGE_ADMIT:
        put_admit(json, charter, change);
        return;
    case CHANGE_REMOVE_PARTNER:
        put_partner(json, charter, change->partner);
        return;
    case CHANGE_REPLACE_GOVERNANCE:
        put_partner(json, charter, change->partner);
        put_key(json, "governance_key", &change->key);
        return;
    case CHANGE_SET_LIMITS:
        put_limits(json, change);
        return;
    case CHANGE_REMOVE_NODE:
    case CHANGE_SET_VOTER:
    case CHANGE_REPLACE_KEYS:
    case CHANGE_SUSPEND:
    case CHANGE_PROMOTE:
        break;
    }
    json_put_word(json, "node", node_name(charter, change->node));
    if (change->kind == CHANGE_SET_VOTER)
        json_put_bool(json, "voter", change->voter);
    if (change->kind == CHANGE_REPLACE_KEYS)
        put_keys(json, charter, bytes_text(node_name(charter, change->node)), change);
    if (change->kind == CHANGE_SUSPEND)
        put_key(json, "sign_key", &change->key);
}
