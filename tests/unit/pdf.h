/* pdf.h - what a PDF says, read by poppler where it is installed. */
#ifndef UNIT_PDF_H
#define UNIT_PDF_H

#include "check.h"

#include "node/paper.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char pdf_folder[] = "/tmp/accrue-pdf-XXXXXX";

static inline void pdf_begin(void)
{
    REQUIRE(mkdtemp(pdf_folder) != NULL);
}

static inline void pdf_end(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", pdf_folder);
    (void)!system(command);
    paper_release_fonts();
}

static inline bool pdf_readable(void)
{
    bool there = system("command -v pdftotext >/dev/null 2>&1") == 0;
    if (!there)
        printf("skipped: poppler-utils are not installed\n");
    return there;
}

/* Its text, or with "-bbox" each word with its box; the file stays in PDF_OUT where that is set, to
 * be looked at. A text that is cut on the page is whole here. */
static inline void pdf_read_as(const struct buffer *pdf, const char *name, const char *how,
                               struct buffer *text_out)
{
    char path[256], command[512];
    uint8_t piece[4096];
    const char *kept = getenv("PDF_OUT");
    snprintf(path, sizeof(path), "%s/%s.pdf", kept ? kept : pdf_folder, name);
    FILE *file = fopen(path, "w");
    REQUIRE(file != NULL);
    REQUIRE(fwrite(pdf->at, 1, pdf->size, file) == pdf->size);
    REQUIRE(fclose(file) == 0);
    snprintf(command, sizeof(command), "pdftotext %s '%s' - 2>&1", how, path);
    FILE *pipe = popen(command, "r");
    REQUIRE(pipe != NULL);
    buffer_init(text_out, 64 << 20);
    for (size_t size; (size = fread(piece, 1, sizeof(piece), pipe)) > 0;)
        buffer_append(text_out, bytes_of(piece, size));
    CHECK(pclose(pipe) == 0);
}

static inline void pdf_read(const struct buffer *pdf, const char *name, struct buffer *text_out)
{
    pdf_read_as(pdf, name, "-layout", text_out);
}

/* Of words ("" is each), the one that is lowest or narrowest on the page, in whole points. */
static inline long pdf_least(const struct buffer *pdf, const char *name, const char *wanted,
                             const char *from, const char *to)
{
    struct buffer text;
    long least = 1000;
    char end[64];
    snprintf(end, sizeof(end), "%s</word>", wanted);
    pdf_read_as(pdf, name, "-bbox", &text);
    for (const char *at = buffer_text(&text); (at = strstr(at, "<word ")); at++) {
        const char *close = strstr(at, "</word>"), *found = strstr(at, end);
        const char *low = strstr(at, from), *high = strstr(at, to);
        REQUIRE(close && low && high);
        if (wanted[0] && (!found || found + strlen(wanted) != close))
            continue;
        long size = strtol(high + strlen(to), NULL, 10) - strtol(low + strlen(from), NULL, 10);
        least = size < least ? size : least;
    }
    buffer_release(&text);
    return least;
}
static inline long pdf_height(const struct buffer *pdf, const char *name)
{
    return pdf_least(pdf, name, "", "yMin=\"", "yMax=\"");
}
static inline long pdf_width(const struct buffer *pdf, const char *name, const char *word)
{
    return pdf_least(pdf, name, word, "xMin=\"", "xMax=\"");
}

static inline void pdf_check_has(struct buffer *text, const char *const *parts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!strstr(buffer_text(text), parts[i])) {
            printf("%s\n", parts[i]);
            CHECK(!"is in the PDF");
        }
}

#endif
