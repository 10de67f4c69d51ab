/* letter.h - what reports on paper share: letterhead, facts beside it, the footer, and the
 * checkpoint that their figures can be checked from.
 *
 * Threads: as node/paper.h.
 */
#ifndef NODE_LETTER_H
#define NODE_LETTER_H

#include "node/paper.h"
#include "partners/statement.h"

enum { LETTER_FOOTER_SIZE = 512 };
#define LETTER_SANDBOX "SANDBOX: not real money" /* the banner of what nobody owes */

struct letter_source { /* borrowed */
    const char *coalition, *origin;
    uint64_t records;
    struct hash root;
    const struct hash *digest; /* of what the report says, by that name; NULL: not known yet */
    const char *digest_name;
};

/* The coalition, or who runs it, above a line over the whole width. */
void letter_head(struct paper *paper, const struct statement_party *issuer);
/* A line on the right of the page. */
void letter_fact(struct paper *paper, const char *label, const char *text);
void letter_footer(const struct letter_source *source, const char *number,
                   char text_out[LETTER_FOOTER_SIZE]);
/* A section: how it is checked, in words, and the checkpoint and the digest in full. */
void letter_checkpoint(struct paper *paper, const struct letter_source *source, const char *title,
                       const char *how);

#endif
