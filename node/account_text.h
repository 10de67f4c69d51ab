/* account_text.h - as much of an IBAN as is told where everybody reads: its last four characters.
 * Pure. Threads: any.
 */
#ifndef NODE_ACCOUNT_TEXT_H
#define NODE_ACCOUNT_TEXT_H

#include "partners/iban.h"

#include <string.h>

enum { IBAN_ENDS = 4 };
/* Of an IBAN as iban_parse() gives it; borrowed from it. */
static inline const char *iban_ends(const char *iban)
{
    size_t size = strlen(iban);
    return iban + (size > IBAN_ENDS ? size - IBAN_ENDS : 0);
}

#endif
