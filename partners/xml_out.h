/* xml_out.h - writes XML 1.0 in UTF-8 as it goes: opened elements are closed in order, text is
 * escaped, nothing is kept of what was written.
 *
 * Pure. Threads: a writer belongs to one.
 */
#ifndef PARTNERS_XML_OUT_H
#define PARTNERS_XML_OUT_H

#include "crypto/base.h"

enum { XML_OUT_DEPTH_MAX = 16 };

struct xml_out {
    struct buffer *out;
    const char *open[XML_OUT_DEPTH_MAX]; /* borrowed */
    size_t depth;
};

/* Writes the declaration, and the root with its default namespace. Names must be XML's own, and
 * live until their element is closed. */
void xml_out_begin(struct xml_out *xml, struct buffer *out, const char *root,
                   const char *name_space);
void xml_out_open(struct xml_out *xml, const char *name);
void xml_out_close(struct xml_out *xml, const char *name); /* the one opened last */
/* An element with a text: valid UTF-8 without control characters, which XML cannot carry. */
void xml_out_text(struct xml_out *xml, const char *name, const char *text);
void xml_out_text_with(struct xml_out *xml, const char *name, const char *attribute,
                       const char *value, const char *text);
/* Closes the root; nothing else may be open. */
void xml_out_end(struct xml_out *xml);

#endif
