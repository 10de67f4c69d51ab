/* charter_json.h - reading JSON strictly while going on after each mistake, so that all of them are
 * reported at once, each with the path to it.
 *
 * A spot is a place in the document; one that is absent or wrong has no value, and reading it again
 * says nothing more. Pure. Threads: any.
 */
#ifndef PARTNERS_CHARTER_JSON_H
#define PARTNERS_CHARTER_JSON_H

#include "partners/charter.h"

#include <jansson.h>

enum { SPOT_PATH_SIZE = 100, SPOT_MEMBERS_MAX = 32 };

struct spot {
    json_t *json; /* NULL: absent */
    char path[SPOT_PATH_SIZE];
};
struct json_reader {
    struct charter_mistakes *mistakes;
};

void json_mistake(struct json_reader *reader, const struct spot *spot, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The object's members are `names` (NULL-terminated) and no others; those whose name starts with
 * '?' may be absent. spots_out[i] belongs to names[i]. */
void json_object_open(struct json_reader *reader, const struct spot *object,
                      const char *const *names, struct spot *spots_out);
/* The number of elements; a mistake when it is not within the range. Absent: 0, silently. */
size_t json_array_open(struct json_reader *reader, const struct spot *array, size_t min,
                       size_t max);
struct spot json_element(const struct spot *array, size_t index);

/* Each reads a value when the spot has one, and leaves *out as it is otherwise. */
void json_read_uint(struct json_reader *reader, const struct spot *spot, uint64_t min, uint64_t max,
                    uint64_t *out);
void json_read_int(struct json_reader *reader, const struct spot *spot, int64_t min, int64_t max,
                   int64_t *out);
void json_read_bool(struct json_reader *reader, const struct spot *spot, bool *out);
/* Text without control characters, 1 .. size - 1 bytes, NUL-terminated. */
void json_read_text(struct json_reader *reader, const struct spot *spot, char *out, size_t size);
/* Lines, each with its newline, at most `max` bytes; the caller frees them. NULL: absent or wrong.
 */
char *json_read_lines(struct json_reader *reader, const struct spot *spot, size_t max);
/* A partner's or node's name: [a-z][a-z0-9-]*. */
void json_read_name(struct json_reader *reader, const struct spot *spot,
                    char out[CHARTER_NAME_MAX + 1]);
void json_read_base64(struct json_reader *reader, const struct spot *spot, uint8_t *out,
                      size_t size);
void json_read_time(struct json_reader *reader, const struct spot *spot, uint64_t *time_ms_out);
/* A decimal of up to six places as text: "0.0090". */
void json_read_price(struct json_reader *reader, const struct spot *spot, struct micro *out);
/* The same for what one unit of a currency is worth in another: above 0, at most RATE_MICRO_MAX. */
void json_read_rate(struct json_reader *reader, const struct spot *spot, struct micro *out);
/* The same for an amount: 0..AMOUNT_MICRO_MAX. */
void json_read_amount(struct json_reader *reader, const struct spot *spot, struct micro *out);

#endif
