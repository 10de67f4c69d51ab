// links: node
/* Cards of nodes, and invitations. */
#include "check.h"
#include "node/invitation.h"
#include "node/node_card.h"
#include "unit/codec_law.h"

#include "crypto/channel_keyfile.h"
#include "crypto/keyfile.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 300 };

static char home[64];
static const char origin[] = "demo.example/ledger";

/* ---- cards ----------------------------------------------------------------------------------- */

static void make_card(const char *folder, struct node_card *card_out)
{
    char path[PATH_SIZE];
    struct error error;
    struct node_card card = {.origin = "demo.example/ledger",
                             .partner = "bakery",
                             .has_governance_key = true,
                             .node = {.name = "bakery", .address = "tcp://10.0.0.5:7100"}};
    (void)snprintf(path, sizeof(path), "%s/%s", home, folder);
    REQUIRE(mkdir(path, 0700) == 0);
    REQUIRE(node_card_make_keys(path, origin, &card.node, &error));
    REQUIRE(node_card_make_key(path, "governance.key", &card.governance_key, &error));
    *card_out = card;
}

CASE(a_card_tells_what_the_key_files_hold)
{
    char path[PATH_SIZE];
    struct node_card card, again;
    struct error error;
    struct buffer text;
    struct signing_key *key;
    struct channel_key *transport;
    uint8_t point[TRANSPORT_KEY_SIZE];
    make_card("one", &card);
    buffer_init(&text, NODE_CARD_SIZE_MAX);
    node_card_format(&card, &text);
    REQUIRE(node_card_parse(buffer_bytes(&text), &again, &error));
    CHECK_TEXT(again.node.name, "bakery");
    CHECK_TEXT(again.partner, "bakery");
    CHECK_TEXT(again.node.address, "tcp://10.0.0.5:7100");
    CHECK(again.has_governance_key);
    (void)snprintf(path, sizeof(path), "%s/one/node.key", home);
    REQUIRE(keyfile_read(path, &key, &error));
    struct public_key sign_key = signing_key_public(key);
    CHECK(memcmp(sign_key.at, again.node.sign_key.at, PUBLIC_KEY_SIZE) == 0);
    (void)snprintf(path, sizeof(path), "%s/one/transport.key", home);
    REQUIRE(channel_keyfile_read(path, &transport, &error));
    channel_key_point(transport, point);
    CHECK(memcmp(point, again.node.transport_key, sizeof(point)) == 0);
    signing_key_close(key);
    channel_key_close(transport);
    /* A second set of keys does not take the place of the first. */
    (void)snprintf(path, sizeof(path), "%s/one", home);
    CHECK(!node_card_make_keys(path, origin, &card.node, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    buffer_release(&text);
}

/* The card with the first FROM in its text changed to TO. */
static bool parses_with(struct bytes text, const char *from, const char *to, struct error *error)
{
    struct node_card card;
    struct buffer changed;
    const char *at = strstr((const char *)text.at, from);
    REQUIRE(at != NULL);
    size_t before = (size_t)(at - (const char *)text.at);
    buffer_init(&changed, 2 * NODE_CARD_SIZE_MAX);
    buffer_append(&changed, bytes_of(text.at, before));
    buffer_append_text(&changed, to);
    buffer_append_text(&changed, at + strlen(from));
    bool good = node_card_parse(buffer_bytes(&changed), &card, error);
    buffer_release(&changed);
    return good;
}

CASE(a_card_with_anything_wrong_is_refused)
{
    struct node_card card, other;
    struct error error;
    struct buffer text;
    char key[BASE64_SIZE(PUBLIC_KEY_SIZE) + 1], taken[BASE64_SIZE(PUBLIC_KEY_SIZE) + 1];
    make_card("two", &card);
    make_card("three", &other);
    buffer_init(&text, NODE_CARD_SIZE_MAX);
    node_card_format(&card, &text);
    (void)buffer_text(&text);
    struct bytes good = buffer_bytes(&text);
    REQUIRE(parses_with(good, "bakery", "bakery", &error));
    static const char *const changes[][2] = {
        {"\"version\": 1", "\"version\": 2"},
        {"\"version\": 1", "\"version\": 1, \"more\": 1"},
        {"\"node\": \"bakery\"", "\"node\": \"cafe\""}, /* the cosigner key is bakery's */
        {"\"node\": \"bakery\"", "\"node\": \"Bakery\""},
        {"\"partner\": \"bakery\"", "\"partner\": \"\""},
        {"\"origin\": \"demo", "\"origin\": \"other"},
        {"tcp://", "http://"},
        {":7100", ""},
        {"sign_key", "sing_key"},
        {"\"governance_key\": \"", "\"governance_key\": \"A"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        if (parses_with(good, changes[i][0], changes[i][1], &error)) {
            printf("%s -> %s was taken\n", changes[i][0], changes[i][1]);
            CHECK(false);
        }
    /* Somebody else's signing key did not sign this transport key. */
    base64_encode(bytes_of(card.node.sign_key.at, PUBLIC_KEY_SIZE), key);
    base64_encode(bytes_of(other.node.sign_key.at, PUBLIC_KEY_SIZE), taken);
    CHECK(!parses_with(good, key, taken, &error));
    CHECK(strstr(error.text, "transport_signature") != NULL);
    base64_encode(bytes_of(card.governance_key.at, PUBLIC_KEY_SIZE), taken);
    CHECK(!parses_with(good, taken, key, &error));
    CHECK(strstr(error.text, "two jobs") != NULL);
    buffer_release(&text);
}

/* ---- invitations ------------------------------------------------------------------------------
 */

static const char note[] =
    "demo.example/ledger\n17\nypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=\n\n"
    "\xe2\x80\x94 demo.example/ledger AAAAAAAA\n";

static void make_invitation(struct invitation *invitation)
{
    memset(invitation, 0, sizeof(*invitation));
    invitation->charter = bytes_text("{\"version\": 1}\n");
    invitation->node.v = 4;
    (void)snprintf(invitation->name, sizeof(invitation->name), "bakery");
    invitation->height = 41;
    invitation->contact_count = 3;
    for (size_t i = 0; i < invitation->contact_count; i++) {
        struct invitation_contact *contact = &invitation->contacts[i];
        contact->node.v = (uint16_t)(2 * i);
        memset(contact->transport_key, (int)(4 + i), sizeof(contact->transport_key));
        (void)snprintf(contact->address, sizeof(contact->address), "tcp://10.0.0.%zu:7100", i + 1);
    }
    invitation->checkpoint = bytes_text(note);
}

static bool again(struct bytes in, struct buffer *out)
{
    static struct invitation invitation;
    struct error error;
    law_fill(&invitation, sizeof(invitation));
    if (!invitation_decode(in, &invitation, &error)) {
        CHECK(law_untouched(&invitation, sizeof(invitation)));
        return false;
    }
    invitation_encode(&invitation, out);
    return true;
}

static bool decodes(const struct invitation *invitation, struct error *error)
{
    static struct invitation decoded;
    struct buffer bytes;
    buffer_init(&bytes, 2 * INVITATION_SIZE_MAX);
    invitation_encode(invitation, &bytes);
    bool good = invitation_decode(buffer_bytes(&bytes), &decoded, error);
    buffer_release(&bytes);
    return good;
}

CASE(an_invitation_obeys_the_codec_law)
{
    static struct invitation invitation;
    struct buffer bytes;
    make_invitation(&invitation);
    buffer_init(&bytes, INVITATION_SIZE_MAX);
    invitation_encode(&invitation, &bytes);
    law_check(again, buffer_bytes(&bytes));
    buffer_release(&bytes);
}

CASE(an_invitation_says_whom_to_talk_to)
{
    static struct invitation invitation, decoded;
    struct checkpoint checkpoint;
    struct error error;
    struct buffer bytes;
    make_invitation(&invitation);
    buffer_init(&bytes, INVITATION_SIZE_MAX);
    invitation_encode(&invitation, &bytes);
    REQUIRE(invitation_decode(buffer_bytes(&bytes), &decoded, &error));
    CHECK_TEXT(decoded.name, "bakery");
    CHECK_INT(decoded.height, 41);
    REQUIRE(invitation_contact_of(&decoded, (struct node_id){2}));
    CHECK_TEXT(invitation_contact_of(&decoded, (struct node_id){2})->address,
               "tcp://10.0.0.2:7100");
    CHECK(!invitation_contact_of(&decoded, (struct node_id){1}));
    REQUIRE(invitation_checkpoint(&decoded, origin, &checkpoint, &error));
    CHECK_INT(checkpoint.size, 17);
    CHECK(!invitation_checkpoint(&decoded, "other.example/ledger", &checkpoint, &error));
    decoded.checkpoint = bytes_text("no note");
    CHECK(!invitation_checkpoint(&decoded, origin, &checkpoint, &error));
    buffer_release(&bytes);
}

CASE(contacts_out_of_order_without_the_invited_or_of_no_form_are_refused)
{
    static struct invitation invitation;
    struct error error;
    make_invitation(&invitation);
    REQUIRE(decodes(&invitation, &error));
    invitation.contacts[1].node = invitation.contacts[0].node;
    CHECK(!decodes(&invitation, &error));
    make_invitation(&invitation);
    invitation.node.v = 3;
    CHECK(!decodes(&invitation, &error));
    CHECK(strstr(error.text, "not among the contacts") != NULL);
    make_invitation(&invitation);
    (void)snprintf(invitation.contacts[0].address, sizeof(invitation.contacts[0].address),
                   "tcp://:7100");
    CHECK(!decodes(&invitation, &error));
    make_invitation(&invitation);
    (void)snprintf(invitation.name, sizeof(invitation.name), "../x");
    CHECK(!decodes(&invitation, &error));
    make_invitation(&invitation);
    invitation.contact_count = 0;
    CHECK(!decodes(&invitation, &error));
    make_invitation(&invitation);
    invitation.charter.size = 0;
    CHECK(!decodes(&invitation, &error));
}

/* By its hash: other nodes read what this one writes. */
CASE(the_example_is_frozen)
{
    static struct invitation invitation;
    struct buffer bytes;
    make_invitation(&invitation);
    buffer_init(&bytes, INVITATION_SIZE_MAX);
    invitation_encode(&invitation, &bytes);
    struct hash hash = hash_bytes(buffer_bytes(&bytes));
    char hex[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&hash), hex);
    CHECK_TEXT(hex, "6555f4c82cd443115c646d1eba2a2cfa1f82d3a7511d62ae65595280bccebc39");
    buffer_release(&bytes);
}

int main(void)
{
    (void)snprintf(home, sizeof(home), "/tmp/test_invitation.XXXXXX");
    REQUIRE(mkdtemp(home));
    RUN(a_card_tells_what_the_key_files_hold);
    RUN(a_card_with_anything_wrong_is_refused);
    RUN(an_invitation_obeys_the_codec_law);
    RUN(an_invitation_says_whom_to_talk_to);
    RUN(contacts_out_of_order_without_the_invited_or_of_no_form_are_refused);
    RUN(the_example_is_frozen);
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf %s", home);
    CHECK(system(command) == 0);
    return check_report();
}
