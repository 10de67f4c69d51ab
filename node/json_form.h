/* json_form.h - reads a JSON body strictly: every member is known, of its type and in its range, or
 * the mistake is noted with a JSON pointer (RFC 6901) to it. All mistakes come back at once.
 *
 * Any bytes are safe: depth is checked before parsing, duplicate members are refused, numbers that
 * are no 64-bit integers are refused. Threads: a form belongs to one thread.
 */
#ifndef NODE_JSON_FORM_H
#define NODE_JSON_FORM_H

#include "protocol/ids.h"
#include "protocol/points.h"

#include <jansson.h>

enum {
    FORM_DEPTH_MAX = 8,     /* lots inside a body, splits inside lots: 5, and a little room */
    FORM_MEMBERS_MAX = 24,  /* names that one object may know */
    FORM_MISTAKES_MAX = 16, /* reported at once */
    FORM_POINTER_SIZE = 96,
    FORM_DETAIL_SIZE = 160,
    FORM_BASE64_MAX = 128 /* bytes of one member */
};

struct form_mistakes {
    size_t count; /* may exceed the room: then only the first ones are kept */
    struct {
        char pointer[FORM_POINTER_SIZE];
        char detail[FORM_DETAIL_SIZE];
    } at[FORM_MISTAKES_MAX];
};
void form_mistake(struct form_mistakes *mistakes, const char *pointer, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* An object being read. Borrowed: the object must outlive the form. */
struct form {
    json_t *object;
    struct form_mistakes *mistakes;
    char pointer[FORM_POINTER_SIZE]; /* of this object; "" for the body itself */
    const char *known[FORM_MEMBERS_MAX];
    size_t known_count;
};

/* The body's object, to be freed with json_decref(). ERROR_INVALID says what and where. */
bool form_parse(struct bytes json, json_t **object_out, struct error *error) MUST_USE;

void form_init(struct form *form, json_t *object, const char *pointer,
               struct form_mistakes *mistakes);
/* Notes every member that no getter asked for. */
void form_finish(struct form *form);

/* Getters. Each makes its name known. False when the member is absent, or is wrong and noted; the
 * output is untouched then. */
bool form_has(struct form *form, const char *name);
bool form_int(struct form *form, const char *name, int64_t min, int64_t max, int64_t *value_out);
/* Borrowed from the object; UTF-8 without control characters. */
bool form_text(struct form *form, const char *name, size_t min_size, size_t max_size,
               struct bytes *text_out);
bool form_time(struct form *form, const char *name, uint64_t *time_ms_out);
bool form_is_null(struct form *form, const char *name); /* present, and null */
bool form_bool(struct form *form, const char *name, bool *value_out);
bool form_base64(struct form *form, const char *name, uint8_t *out,
                 size_t size); /* so many bytes */
bool form_member(struct form *form, const char *name, struct member_ref *member_out);
bool form_hash(struct form *form, const char *name, struct hash *hash_out); /* 64 hex digits */
/* A decimal text with at most 6 decimals, > 0, as micro-units. */
bool form_decimal(struct form *form, const char *name, int64_t max_micro, int64_t *micro_out);
/* The same where 0 is fine. */
bool form_price(struct form *form, const char *name, int64_t max_micro, int64_t *micro_out);
/* A decimal text with at most 10 decimals, of either sign, as 1e-10 units; short of INT64_MAX. */
bool form_money(struct form *form, const char *name, int64_t *amount_out);
bool form_array(struct form *form, const char *name, size_t min_count, size_t max_count,
                json_t **array_out);
/* A member that is an object, as a form of its own. */
bool form_object(struct form *form, const char *name, struct form *object_out);
/* Element `place` of an array that form_array gave, as an object of its own. */
bool form_element(const struct form *form, const char *name, json_t *array, size_t place,
                  struct form *element_out);
void form_missing(struct form *form, const char *name); /* notes that it is needed */
/* Notes a mistake at a member. */
void form_wrong(struct form *form, const char *name, const char *why);

/* Digits with at most 6 decimals, "12.5": micro-units. */
bool decimal_parse(struct bytes text, int64_t max_micro, int64_t *micro_out) MUST_USE;
/* The same with a sign and at most MONEY_DECIMALS decimals: 1e-10 units. */
bool decimal_money_parse(struct bytes text, int64_t *amount_out) MUST_USE;

#endif
