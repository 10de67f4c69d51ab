#include "partners/xml_out.h"

#include <string.h>

static void put_escaped(struct buffer *out, const char *text)
{
    must(utf8_valid(bytes_text(text)));
    for (const char *c = text; *c; c++) {
        must((uint8_t)*c >= 0x20 && *c != 0x7F);
        if (*c == '&')
            buffer_append_text(out, "&amp;");
        else if (*c == '<')
            buffer_append_text(out, "&lt;");
        else if (*c == '>')
            buffer_append_text(out, "&gt;");
        else if (*c == '"')
            buffer_append_text(out, "&quot;");
        else
            buffer_append_byte(out, (uint8_t)*c);
    }
}

static void indent(struct xml_out *xml)
{
    for (size_t i = 0; i < xml->depth; i++)
        buffer_append_text(xml->out, "  ");
}

static void push(struct xml_out *xml, const char *name)
{
    must(xml->depth < XML_OUT_DEPTH_MAX);
    xml->open[xml->depth++] = name;
}

void xml_out_begin(struct xml_out *xml, struct buffer *out, const char *root,
                   const char *name_space)
{
    *xml = (struct xml_out){.out = out};
    buffer_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s xmlns=\"", root);
    put_escaped(out, name_space);
    buffer_append_text(out, "\">\n");
    push(xml, root);
}

void xml_out_open(struct xml_out *xml, const char *name)
{
    indent(xml);
    buffer_printf(xml->out, "<%s>\n", name);
    push(xml, name);
}

void xml_out_close(struct xml_out *xml, const char *name)
{
    must(xml->depth > 0 && strcmp(xml->open[xml->depth - 1], name) == 0);
    xml->depth--;
    indent(xml);
    buffer_printf(xml->out, "</%s>\n", name);
}

void xml_out_text_with(struct xml_out *xml, const char *name, const char *attribute,
                       const char *value, const char *text)
{
    indent(xml);
    buffer_printf(xml->out, "<%s", name);
    if (attribute) {
        buffer_printf(xml->out, " %s=\"", attribute);
        put_escaped(xml->out, value);
        buffer_append_byte(xml->out, '"');
    }
    buffer_append_byte(xml->out, '>');
    put_escaped(xml->out, text);
    buffer_printf(xml->out, "</%s>\n", name);
}

void xml_out_text(struct xml_out *xml, const char *name, const char *text)
{
    xml_out_text_with(xml, name, NULL, NULL, text);
}

void xml_out_end(struct xml_out *xml)
{
    must(xml->depth == 1);
    xml_out_close(xml, xml->open[0]);
}
