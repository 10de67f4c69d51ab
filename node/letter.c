#include "node/letter.h"

#include <inttypes.h>
#include <stdio.h>

enum { TEXT_SIZE = 512, FACT_WIDTH = 207, FACT_LABEL = 75 };

void letter_head(struct paper *paper, const struct statement_party *issuer)
{
    double inner = paper_inner(paper);
    char text[TEXT_SIZE] = "";
    size_t size = 0;
    paper_put(paper, PAPER_LEFT, inner, PAPER_ALIGN_LEFT, PAPER_HEADING, issuer->legal_name);
    paper_move(paper, 16);
    for (size_t i = 0; i < STATEMENT_ADDRESS_LINES && issuer->address[i]; i++)
        size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s",
                                 i > 0 ? " \xc2\xb7 " : "", issuer->address[i]);
    paper_put(paper, PAPER_LEFT, inner, PAPER_ALIGN_LEFT, PAPER_SMALL, text);
    paper_move(paper, 12);
    if (issuer->tax_number) {
        (void)snprintf(text, sizeof(text), "VAT no. %s", issuer->tax_number);
        paper_put(paper, PAPER_LEFT, inner, PAPER_ALIGN_LEFT, PAPER_SMALL, text);
        paper_move(paper, 12);
    }
    paper_move(paper, 4);
    paper_box(paper, PAPER_LEFT, inner, 2, PAPER_INK);
    paper_move(paper, 22);
}

void letter_fact(struct paper *paper, const char *label, const char *text)
{
    double x = paper_right(paper) - FACT_WIDTH;
    paper_put(paper, x, FACT_LABEL, PAPER_ALIGN_LEFT, PAPER_SMALL, label);
    paper_put_name(paper, x + FACT_LABEL, FACT_WIDTH - FACT_LABEL, PAPER_ALIGN_RIGHT, PAPER_TEXT,
                   text);
    paper_move(paper, 13);
}

void letter_footer(const struct letter_source *source, const char *number,
                   char text_out[LETTER_FOOTER_SIZE])
{
    char root[BASE64_SIZE(HASH_SIZE) + 1];
    base64_encode(hash_as_bytes(&source->root), root);
    (void)snprintf(text_out, LETTER_FOOTER_SIZE,
                   "%.120s \xc2\xb7 %.120s \xc2\xb7 checkpoint %" PRIu64 " %.12s\xe2\x80\xa6",
                   source->coalition, number, source->records, root);
}

void letter_checkpoint(struct paper *paper, const struct letter_source *source, const char *title,
                       const char *how)
{
    char text[TEXT_SIZE], root[BASE64_SIZE(HASH_SIZE) + 1], digest[HASH_HEX_SIZE + 1];
    base64_encode(hash_as_bytes(&source->root), root);
    paper_heading(paper, title, 60);
    paper_paragraph(paper, PAPER_TEXT, how);
    paper_move(paper, 6);
    (void)snprintf(text, sizeof(text), "%s\n%" PRIu64 "\n%s", source->origin, source->records,
                   root);
    paper_paragraph(paper, PAPER_MONO, text);
    if (!source->digest)
        return;
    hex_encode(hash_as_bytes(source->digest), digest);
    paper_move(paper, 6);
    (void)snprintf(text, sizeof(text), "%s %s", source->digest_name, digest);
    paper_paragraph(paper, PAPER_MONO, text);
}
