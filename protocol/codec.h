/* codec.h - deterministic CBOR (RFC 8949 section 4.2.1): the encoding of everything that is signed,
 * hashed or sent between nodes.
 *
 * The subset: unsigned and negative integers, byte strings, text strings (UTF-8), arrays, false,
 * true, null. Definite lengths and shortest forms only; no maps, tags or floats. A decoder refuses
 * anything else, so that one meaning has one encoding and one hash.
 *
 * Pure. Threads: a writer or reader belongs to one thread.
 */
#ifndef PROTOCOL_CODEC_H
#define PROTOCOL_CODEC_H

#include "crypto/base.h"

/* Writing appends to a buffer; its limit is the bound, its `overflowed` the only failure. */
void codec_put_uint(struct buffer *out, uint64_t value);
void codec_put_int(struct buffer *out, int64_t value);
void codec_put_bytes(struct buffer *out, struct bytes bytes);
void codec_put_text(struct buffer *out, struct bytes text);
void codec_put_array(struct buffer *out, size_t count); /* its elements follow */
void codec_put_bool(struct buffer *out, bool value);
void codec_put_null(struct buffer *out);

/* Reading: a cursor over borrowed bytes. The first mistake sets `failed`, with a reason; later
 * reads return zeros and empty ranges, so a decoder reads everything and asks once at the end. */
struct codec_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
    const char *why; /* static text, set once */
};

void codec_reader_init(struct codec_reader *reader, struct bytes bytes);
uint64_t codec_get_uint(struct codec_reader *reader, uint64_t max);
int64_t codec_get_int(struct codec_reader *reader, int64_t min, int64_t max);
/* Borrowed from the input. */
struct bytes codec_get_bytes(struct codec_reader *reader, size_t min_size, size_t max_size);
/* Takes the byte string that `rest` begins with off it. False when there is none such: nothing
 * changes. */
bool codec_take_bytes(struct bytes *rest, size_t min_size, size_t max_size,
                      struct bytes *out) MUST_USE;
struct bytes codec_get_text(struct codec_reader *reader, size_t min_size, size_t max_size);
void codec_get_fixed(struct codec_reader *reader, uint8_t *out, size_t size); /* a byte string */
size_t codec_get_array(struct codec_reader *reader, size_t min_count, size_t max_count);
bool codec_get_bool(struct codec_reader *reader);
bool codec_get_null(struct codec_reader *reader); /* true and consumed when null is next */
/* The item of the subset that `bytes` begin with, of at most `max` bytes: where it ends, not
 * whether it is in its shortest form. PART: more bytes are needed to tell; `bytes` are then fewer
 * than `max`. NONE: no item of the subset begins so, or it would be larger. */
enum codec_item { CODEC_ITEM_WHOLE, CODEC_ITEM_PART, CODEC_ITEM_NONE };
enum codec_item codec_item(struct bytes bytes, size_t max, struct bytes *item_out) MUST_USE;
/* Marks the input as bad for a reason of the caller's own. */
void codec_fail(struct codec_reader *reader, const char *why);
/* True when everything was read and nothing failed; otherwise sets the error: "what: why". */
bool codec_finish(struct codec_reader *reader, const char *what, struct error *error) MUST_USE;

#endif
