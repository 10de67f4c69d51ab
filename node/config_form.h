/* config_form.h - reads one JSON object of a configuration strictly: each member is known, of its
 * type and in its range, or the mistake is noted with its path. For config.c.
 *
 * Threads: a form belongs to one thread.
 */
#ifndef NODE_CONFIG_FORM_H
#define NODE_CONFIG_FORM_H

#include <jansson.h>

#include "node/config.h"

enum { CONFIG_FORM_PATH_MAX = 127, CONFIG_FORM_MEMBERS_MAX = 20 };

struct config_form {
    json_t *object; /* borrowed; NULL reads as empty and notes nothing as missing */
    struct config_mistakes *mistakes;
    char path[CONFIG_FORM_PATH_MAX + 1]; /* "" for the file's own object */
    const char *known[CONFIG_FORM_MEMBERS_MAX];
    size_t known_count;
};

void config_form_init(struct config_form *form, json_t *object, const char *path,
                      struct config_mistakes *mistakes);
/* Notes every member that no getter asked for. */
void config_form_finish(struct config_form *form);
/* Notes a mistake at a member (NULL: at the object itself). */
void config_form_mistake(struct config_form *form, const char *name, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* False when the member is absent, or wrong and noted: then the output is untouched. An absent
 * member is noted when it is `needed`. */
bool config_form_text(struct config_form *form, const char *name, bool needed, size_t size_max,
                      char *text_out);
bool config_form_number(struct config_form *form, const char *name, uint64_t min, uint64_t max,
                        uint64_t *value_out);
bool config_form_bool(struct config_form *form, const char *name, bool *value_out);
bool config_form_object(struct config_form *form, const char *name, bool needed,
                        struct config_form *inner_out);
json_t *config_form_array(struct config_form *form, const char *name,
                          size_t count_max); /* or NULL */

#endif
