/* codes.h - the short names that money goes by: currencies and taxes.
 *
 * Pure. Threads: any.
 */
#ifndef PROTOCOL_CODES_H
#define PROTOCOL_CODES_H

#include "crypto/base.h"

enum {
    CURRENCY_SIZE = 4, /* ISO 4217 and a NUL */
    TAX_CODE_SIZE = 13 /* [A-Z0-9-], up to 12, and a NUL; "" is no tax */
};
bool currency_valid(struct bytes code) MUST_USE; /* three of A-Z */
bool tax_code_valid(struct bytes code) MUST_USE;

#endif
