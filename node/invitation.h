/* invitation.h - what a node needs to find a coalition that has admitted it, as one file
 * (protocol/FORMAT.md, section 19).
 *
 * A node begins with the genesis charter and executes the ledger from its first height; whom it has
 * to talk to now, under which keys and where, stands in heights that it has not seen. So the
 * invitation names them, as one of them saw them at `height`; beyond it the ledger itself does. The
 * checkpoint is of a history that is the coalition's: once the node has executed so many records,
 * its own root must be that one, else it was led elsewhere (say by keys that were replaced long
 * ago) and stops.
 *
 * Nothing in it is secret. Whoever gives it is believed on two points that the newcomer can compare
 * by telephone: the coalition's id, and the checkpoint. Pure. Threads: any.
 */
#ifndef NODE_INVITATION_H
#define NODE_INVITATION_H

#include "partners/charter.h"

enum {
    INVITATION_CONTACT_SIZE = TRANSPORT_KEY_SIZE + CHARTER_URL_MAX + 16, /* at most, encoded */
    INVITATION_SIZE_MAX =
        CHARTER_SIZE_MAX + NODES_MAX * INVITATION_CONTACT_SIZE + NOTE_SIZE_MAX + 256
};

struct invitation_contact {
    struct node_id node;
    uint8_t transport_key[TRANSPORT_KEY_SIZE];
    char address[CHARTER_URL_MAX + 1]; /* "tcp://10.0.0.1:7100" */
};

struct invitation {
    struct bytes charter; /* the genesis charter's exact bytes: borrowed */
    struct node_id node;  /* who is invited */
    char name[CHARTER_NAME_MAX + 1];
    uint64_t height; /* last executed by who invites: the contacts are of the one after it */
    struct invitation_contact contacts[NODES_MAX]; /* ascending; the invited node's own too */
    size_t contact_count;
    struct bytes checkpoint; /* a final one, as a signed note: borrowed */
};

void invitation_encode(const struct invitation *invitation, struct buffer *out);
/* Well-formed, bounded, and the invited node is among the contacts; charter and checkpoint are not
 * looked at. Borrows from `bytes`. */
bool invitation_decode(struct bytes bytes, struct invitation *invitation_out,
                       struct error *error) MUST_USE;

/* NULL: it is not among them. */
const struct invitation_contact *invitation_contact_of(const struct invitation *invitation,
                                                       struct node_id node);
/* What its note says. Its signatures are for the ledger to judge: ERROR_INVALID when it is no
 * checkpoint, or of another log than `origin`. */
bool invitation_checkpoint(const struct invitation *invitation, const char *origin,
                           struct checkpoint *checkpoint_out, struct error *error) MUST_USE;

#endif
