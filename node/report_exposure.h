/* report_exposure.h - the answer of GET /v1/exposure as a file: outstanding points, what they can
 * cost, and the collateral there is.
 *
 * Pure. Threads: any.
 */
#ifndef NODE_REPORT_EXPOSURE_H
#define NODE_REPORT_EXPOSURE_H

#include "crypto/base.h"

#include <jansson.h>

/* csv, json or html; ERROR_INVALID: another format, or the answer is none. */
bool report_exposure_write(const json_t *answer, const char *format, struct buffer *out,
                           struct error *error) MUST_USE;

#endif
