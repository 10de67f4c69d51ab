#include "node/invitation.h"

#include "protocol/codec.h"

#include <stdlib.h>
#include <string.h>

static const char kind[] = "accrue-invitation"; /* so that no other file is taken for one */

void invitation_encode(const struct invitation *invitation, struct buffer *out)
{
    codec_put_array(out, 8);
    codec_put_text(out, bytes_text(kind));
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_bytes(out, invitation->charter);
    codec_put_uint(out, invitation->node.v);
    codec_put_text(out, bytes_text(invitation->name));
    codec_put_uint(out, invitation->height);
    codec_put_array(out, invitation->contact_count);
    for (size_t i = 0; i < invitation->contact_count; i++) {
        const struct invitation_contact *contact = &invitation->contacts[i];
        codec_put_array(out, 3);
        codec_put_uint(out, contact->node.v);
        codec_put_bytes(out, bytes_of(contact->transport_key, TRANSPORT_KEY_SIZE));
        codec_put_text(out, bytes_text(contact->address));
    }
    codec_put_bytes(out, invitation->checkpoint);
}

static void text_of(struct bytes text, char *out)
{
    if (text.size > 0)
        memcpy(out, text.at, text.size);
    out[text.size] = '\0';
}

static void contact_get(struct codec_reader *reader, struct invitation_contact *contact)
{
    codec_get_array(reader, 3, 3);
    contact->node.v = (uint16_t)codec_get_uint(reader, NODES_MAX - 1);
    codec_get_fixed(reader, contact->transport_key, TRANSPORT_KEY_SIZE);
    struct bytes address = codec_get_text(reader, 1, CHARTER_URL_MAX);
    if (reader->failed)
        return;
    if (!address_valid(address))
        codec_fail(reader, "an address is not tcp://HOST:PORT");
    else
        text_of(address, contact->address);
}

static void contacts_get(struct codec_reader *reader, struct invitation *invitation)
{
    size_t count = codec_get_array(reader, 1, NODES_MAX);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        struct invitation_contact *contact = &invitation->contacts[i];
        contact_get(reader, contact);
        if (i > 0 && contact->node.v <= contact[-1].node.v)
            codec_fail(reader, "the contacts do not ascend");
    }
    invitation->contact_count = count;
}

static void name_get(struct codec_reader *reader, struct invitation *invitation)
{
    struct bytes name = codec_get_text(reader, 1, CHARTER_NAME_MAX);
    if (reader->failed)
        return;
    if (!name_valid(name))
        codec_fail(reader, "the invited node's name is none");
    else
        text_of(name, invitation->name);
}

static void invitation_get(struct codec_reader *reader, struct invitation *invitation)
{
    codec_get_array(reader, 8, 8);
    struct bytes magic = codec_get_text(reader, sizeof(kind) - 1, sizeof(kind) - 1);
    if (!reader->failed && !bytes_equal(magic, bytes_text(kind)))
        codec_fail(reader, "another kind of file");
    if (codec_get_uint(reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(reader, "unknown format version");
    invitation->charter = codec_get_bytes(reader, 1, CHARTER_SIZE_MAX);
    invitation->node.v = (uint16_t)codec_get_uint(reader, NODES_MAX - 1);
    name_get(reader, invitation);
    invitation->height = codec_get_uint(reader, INT64_MAX);
    contacts_get(reader, invitation);
    invitation->checkpoint = codec_get_bytes(reader, 1, NOTE_SIZE_MAX);
}

bool invitation_decode(struct bytes bytes, struct invitation *invitation_out, struct error *error)
{
    struct codec_reader reader;
    if (bytes.size > INVITATION_SIZE_MAX)
        return error_set(error, ERROR_LIMIT, "invitation: more than %d bytes", INVITATION_SIZE_MAX);
    struct invitation *invitation = (struct invitation *)allocate(1, sizeof(*invitation));
    codec_reader_init(&reader, bytes);
    invitation_get(&reader, invitation);
    if (!reader.failed && !invitation_contact_of(invitation, invitation->node))
        codec_fail(&reader, "the invited node is not among the contacts");
    bool good = codec_finish(&reader, "invitation", error);
    if (good)
        *invitation_out = *invitation;
    free(invitation);
    return good;
}

const struct invitation_contact *invitation_contact_of(const struct invitation *invitation,
                                                       struct node_id node)
{
    for (size_t i = 0; i < invitation->contact_count; i++)
        if (invitation->contacts[i].node.v == node.v)
            return &invitation->contacts[i];
    return NULL;
}

bool invitation_checkpoint(const struct invitation *invitation, const char *origin,
                           struct checkpoint *checkpoint_out, struct error *error)
{
    struct bytes text, lines;
    struct checkpoint checkpoint;
    if (!note_text_check(invitation->checkpoint, error) ||
        !note_split(invitation->checkpoint, &text, &lines) ||
        !checkpoint_parse(text, &checkpoint, error))
        return error_set(error, ERROR_INVALID, "invitation: what it holds is no checkpoint");
    if (strcmp(checkpoint.origin, origin) != 0)
        return error_set(error, ERROR_INVALID, "invitation: its checkpoint is of %.200s, not of %s",
                         checkpoint.origin, origin);
    *checkpoint_out = checkpoint;
    return true;
}
