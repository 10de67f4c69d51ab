#include "node/node_card.h"

#include "crypto/channel_keyfile.h"
#include "crypto/keyfile.h"
#include "node/cli.h"
#include "partners/charter_json.h"
#include "partners/charter_policy.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct hash no_coalition; /* a charter's hash covers the key: not known yet */

/* ---- making --------------------------------------------------------------------------------- */

static bool make_key(const char *dir, const char *name, struct signing_key **key_out,
                     struct error *error)
{
    char path[CLI_PATH_MAX];
    if (!cli_path(path, error, "%s/%s", dir, name))
        return false;
    struct signing_key *key = signing_key_generate();
    if (!keyfile_write(path, key, error)) {
        signing_key_close(key);
        return false;
    }
    *key_out = key;
    return true;
}

bool node_card_make_key(const char *dir, const char *name, struct public_key *public_out,
                        struct error *error)
{
    struct signing_key *key;
    if (!make_key(dir, name, &key, error))
        return false;
    *public_out = signing_key_public(key);
    signing_key_close(key);
    return true;
}

static bool make_transport(const char *dir, const struct signing_key *signer,
                           struct charter_node *node, struct error *error)
{
    char path[CLI_PATH_MAX];
    if (!cli_path(path, error, "%s/transport.key", dir))
        return false;
    struct channel_key *key = channel_key_generate();
    bool ok = channel_keyfile_write(path, key, error);
    if (ok) {
        channel_key_point(key, node->transport_key);
        node->transport_signature = sign(signer, PURPOSE_TRANSPORT, &no_coalition,
                                         bytes_of(node->transport_key, TRANSPORT_KEY_SIZE));
    }
    channel_key_close(key);
    return ok;
}

bool node_card_make_keys(const char *dir, const char *origin, struct charter_node *node,
                         struct error *error)
{
    struct signing_key *key;
    struct public_key log_key, cosigner_key;
    char name[NOTE_NAME_MAX + 1];
    if (!charter_cosigner_name(origin, node->name, name))
        return error_set(error, ERROR_INVALID, "origin: too long for the names of cosigner keys");
    if (!make_key(dir, "node.key", &key, error))
        return false;
    node->sign_key = signing_key_public(key);
    bool ok = make_transport(dir, key, node, error);
    signing_key_close(key);
    return ok && node_card_make_key(dir, "log.key", &log_key, error) &&
           note_key_make(origin, NOTE_TYPE_ED25519, &log_key, &node->log_key, error) &&
           node_card_make_key(dir, "cosigner.key", &cosigner_key, error) &&
           note_key_make(name, NOTE_TYPE_COSIGNATURE, &cosigner_key, &node->cosigner_key, error);
}

/* ---- writing a card ------------------------------------------------------------------------- */

static json_t *base64_json(const uint8_t *at, size_t size)
{
    char text[BASE64_SIZE(TRANSPORT_KEY_SIZE) + 1];
    must(size <= TRANSPORT_KEY_SIZE);
    base64_encode(bytes_of(at, size), text);
    return json_string(text);
}

static json_t *note_key_json(const struct note_key *key)
{
    struct buffer text;
    buffer_init(&text, NOTE_NAME_MAX + 80);
    note_key_format(key, &text);
    json_t *json = json_string(buffer_text(&text));
    buffer_release(&text);
    return json;
}

static void put(json_t *object, const char *name, json_t *value)
{
    must(value && json_object_set_new(object, name, value) == 0);
}

void node_card_format(const struct node_card *card, struct buffer *json_out)
{
    const struct charter_node *node = &card->node;
    json_t *root = json_object();
    put(root, "version", json_integer(FORMAT_VERSION));
    put(root, "origin", json_string(card->origin));
    put(root, "node", json_string(node->name));
    put(root, "partner", json_string(card->partner));
    if (card->has_governance_key)
        put(root, "governance_key", base64_json(card->governance_key.at, PUBLIC_KEY_SIZE));
    put(root, "sign_key", base64_json(node->sign_key.at, PUBLIC_KEY_SIZE));
    put(root, "transport_key", base64_json(node->transport_key, TRANSPORT_KEY_SIZE));
    put(root, "transport_signature", base64_json(node->transport_signature.at, SIGNATURE_SIZE));
    put(root, "log_key", note_key_json(&node->log_key));
    put(root, "cosigner_key", note_key_json(&node->cosigner_key));
    put(root, "address", json_string(node->address));
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    must(text != NULL);
    buffer_append_text(json_out, text);
    buffer_append_text(json_out, "\n");
    free(text);
    json_decref(root);
}

/* ---- reading one ---------------------------------------------------------------------------- */

static void check_usable(struct json_reader *reader, const struct spot *spot,
                         const struct public_key *key)
{
    struct verifier *verifier = verifier_open(key);
    if (spot->json && !verifier)
        json_mistake(reader, spot, "is not an Ed25519 public key");
    verifier_close(verifier);
}

static void read_note_key(struct json_reader *reader, const struct spot *spot, uint8_t type,
                          const char *name, struct note_key *key_out)
{
    char text[NOTE_NAME_MAX + 80] = "";
    json_read_text(reader, spot, text, sizeof(text));
    if (!text[0])
        return;
    if (!note_key_parse(bytes_text(text), key_out, NULL) || key_out->type != type)
        json_mistake(reader, spot, "is not a verifier key of type %02x (name+id+base64)", type);
    else if (strcmp(key_out->name, name) != 0)
        json_mistake(reader, spot, "must be named \"%.100s\"", name);
    else
        check_usable(reader, spot, &key_out->key);
}

static void check_transport(struct json_reader *reader, const struct spot *spot,
                            const struct charter_node *node)
{
    struct verifier *verifier = verifier_open(&node->sign_key);
    if (spot->json && verifier &&
        !verify(verifier, PURPOSE_TRANSPORT, &no_coalition,
                bytes_of(node->transport_key, TRANSPORT_KEY_SIZE), &node->transport_signature))
        json_mistake(reader, spot, "does not sign the transport key");
    verifier_close(verifier);
}

/* A key has one job. */
static void check_different(struct json_reader *reader, const struct spot *root,
                            const struct node_card *card)
{
    const struct public_key *keys[] = {&card->node.sign_key, &card->node.log_key.key,
                                       &card->node.cosigner_key.key, &card->governance_key};
    size_t count = ARRAY_SIZE(keys) - !card->has_governance_key;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (memcmp(keys[i]->at, keys[k]->at, PUBLIC_KEY_SIZE) == 0)
                json_mistake(reader, root, "one key has two jobs");
}

static void read_keys(struct json_reader *reader, const struct spot *at, struct node_card *card)
{
    struct charter_node *node = &card->node;
    char name[NOTE_NAME_MAX + 1] = "";
    if (!charter_cosigner_name(card->origin, node->name, name))
        json_mistake(reader, &at[1], "leaves no room for the cosigner key's name");
    card->has_governance_key = at[4].json != NULL;
    json_read_base64(reader, &at[4], card->governance_key.at, PUBLIC_KEY_SIZE);
    check_usable(reader, &at[4], &card->governance_key);
    json_read_base64(reader, &at[5], node->sign_key.at, PUBLIC_KEY_SIZE);
    check_usable(reader, &at[5], &node->sign_key);
    json_read_base64(reader, &at[6], node->transport_key, TRANSPORT_KEY_SIZE);
    json_read_base64(reader, &at[7], node->transport_signature.at, SIGNATURE_SIZE);
    check_transport(reader, &at[7], node);
    read_note_key(reader, &at[8], NOTE_TYPE_ED25519, card->origin, &node->log_key);
    read_note_key(reader, &at[9], NOTE_TYPE_COSIGNATURE, name, &node->cosigner_key);
}

static void read_card(struct json_reader *reader, const struct spot *root, struct node_card *card)
{
    static const char *const names[] = {
        "version",         "origin",       "node",          "partner",
        "?governance_key", "sign_key",     "transport_key", "transport_signature",
        "log_key",         "cosigner_key", "address",       NULL};
    struct spot at[11];
    uint64_t version = 0;
    json_object_open(reader, root, names, at);
    if (!json_is_object(root->json))
        return;
    json_read_uint(reader, &at[0], FORMAT_VERSION, FORMAT_VERSION, &version);
    json_read_text(reader, &at[1], card->origin, sizeof(card->origin));
    json_read_name(reader, &at[2], card->node.name);
    json_read_name(reader, &at[3], card->partner);
    json_read_text(reader, &at[10], card->node.address, sizeof(card->node.address));
    if (!address_valid(bytes_text(card->node.address)))
        json_mistake(reader, &at[10], "must be tcp://HOST:PORT");
    read_keys(reader, at, card);
    check_different(reader, root, card);
}

bool node_card_parse(struct bytes json, struct node_card *card_out, struct error *error)
{
    if (json.size > NODE_CARD_SIZE_MAX)
        return error_set(error, ERROR_LIMIT, "card: more than %d bytes", NODE_CARD_SIZE_MAX);
    struct charter_mistakes *mistakes = (struct charter_mistakes *)allocate(1, sizeof(*mistakes));
    struct node_card *card = (struct node_card *)allocate(1, sizeof(*card));
    struct json_reader reader = {.mistakes = mistakes};
    struct spot root = {.path = "card"};
    json_error_t why;
    root.json = json_loadb((const char *)json.at, json.size, JSON_REJECT_DUPLICATES, &why);
    if (root.json)
        read_card(&reader, &root, card);
    else
        json_mistake(&reader, &root, "line %d, column %d: %.100s", why.line, why.column, why.text);
    json_decref(root.json);
    bool good = mistakes->count == 0;
    if (good)
        *card_out = *card;
    else
        error_set(error, ERROR_INVALID, "%s", mistakes->text[0]);
    free(card);
    free(mistakes);
    return good;
}
