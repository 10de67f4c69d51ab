// links: node
/* Invitations: the codec law. */
#include "fuzz/fuzz.h"
#include "node/invitation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct invitation invitation;
    struct checkpoint checkpoint;
    struct buffer out;
    struct error error;
    if (!invitation_decode(bytes_of(data, size), &invitation, &error))
        return 0;
    must(invitation_contact_of(&invitation, invitation.node));
    (void)!invitation_checkpoint(&invitation, "demo.example/ledger", &checkpoint, &error);
    buffer_init(&out, INVITATION_SIZE_MAX);
    invitation_encode(&invitation, &out);
    fuzz_same(&out, data, size);
    return 0;
}
