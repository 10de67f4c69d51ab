/* json_out.h - writes JSON straight into a buffer: no tree, no allocation a value.
 *
 * Names are the program's own literals; texts are escaped. In an object every value has a name, in
 * an array NULL. The buffer's limit is the bound, its `overflowed` the only failure.
 *
 * Threads: a writer belongs to one thread.
 */
#ifndef NODE_JSON_OUT_H
#define NODE_JSON_OUT_H

#include "protocol/ids.h"
#include "protocol/points.h"

enum { JSON_OUT_DEPTH_MAX = 12 };

struct json_out {
    struct buffer *out;
    unsigned depth;
    bool comma[JSON_OUT_DEPTH_MAX];
};

void json_out_init(struct json_out *json, struct buffer *out);
void json_open_object(struct json_out *json, const char *name);
void json_close_object(struct json_out *json);
void json_open_array(struct json_out *json, const char *name);
void json_close_array(struct json_out *json);

/* Bytes that are no UTF-8 are written as U+FFFD. */
void json_put_text(struct json_out *json, const char *name, struct bytes text);
void json_put_word(struct json_out *json, const char *name, const char *text);
void json_put_int(struct json_out *json, const char *name, int64_t value);
void json_put_uint(struct json_out *json, const char *name, uint64_t value);
void json_put_bool(struct json_out *json, const char *name, bool value);
void json_put_null(struct json_out *json, const char *name);
void json_put_time(struct json_out *json, const char *name, uint64_t time_ms); /* RFC 3339 */
void json_put_hex(struct json_out *json, const char *name, struct bytes bytes);
void json_put_base64(struct json_out *json, const char *name, struct bytes bytes); /* up to 128 */
void json_put_member(struct json_out *json, const char *name, const struct member_ref *member);
/* A decimal text with at least `min_decimals` decimals. */
void json_put_money(struct json_out *json, const char *name, struct money money, int min_decimals);

#endif
