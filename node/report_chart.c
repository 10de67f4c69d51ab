/* Charts as inline SVG, in whole units: who owes whom as a field of colours, nets as bars. */
#include "node/html.h"
#include "node/report_parts.h"

#include <stdlib.h>

enum {
    MATRIX_MAX = 12, /* partners; more could not be read */
    NAME_WIDTH = 150,
    CELL_WIDTH = 92,
    CELL_HEIGHT = 34,
    HEAD_HEIGHT = 26,
    SHADES = 100, /* parts of the largest amount */

    BARS_MAX = 60,
    BAR_ROOM = 260, /* to either side */
    BAR_HEIGHT = 20,
    BAR_STEP = 28
};

static __int128 absolute(struct money money)
{
    return money.v < 0 ? -money.v : money.v;
}

/* `parts` of the largest. */
static int share(struct money money, __int128 largest, int parts)
{
    return largest == 0 ? 0 : (int)(absolute(money) * parts / largest);
}

static void put_label(struct buffer *out, int x, int y, const char *anchor, const char *text)
{
    buffer_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">", x, y, anchor);
    html_put_text(out, text);
    buffer_append_text(out, "</text>\n");
}

static void begin(struct buffer *out, const struct report_part *part, const char *title, int width,
                  int height)
{
    buffer_printf(out, "<svg viewBox=\"0 0 %d %d\" width=\"%d\" role=\"img\"><title>", width,
                  height, width);
    html_put_text(out, title);
    if (part->report->part_count > 1)
        buffer_printf(out, ", in %s", part->statement.currency);
    buffer_append_text(out, "</title>\n");
}

/* ---- the matrix ------------------------------------------------------------------------------ */

static void put_cell(const struct report_part *part, struct buffer *out, uint16_t debtor,
                     uint16_t creditor, __int128 largest)
{
    struct money owed = statement_owed(&part->statement, (struct partner_id){debtor},
                                       (struct partner_id){creditor});
    char text[STATEMENT_AMOUNT_SIZE];
    int x = NAME_WIDTH + creditor * CELL_WIDTH, y = HEAD_HEIGHT + debtor * CELL_HEIGHT;
    int shade = share(owed, largest, SHADES);
    if (debtor == creditor)
        buffer_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#eee\"/>\n",
                      x, y, CELL_WIDTH - 2, CELL_HEIGHT - 2);
    if (owed.v == 0)
        return;
    buffer_printf(out,
                  "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" "
                  "fill-opacity=\"0.%02d\"/>\n",
                  x, y, CELL_WIDTH - 2, CELL_HEIGHT - 2, owed.v < 0 ? "#b35806" : "#2166ac",
                  12 + shade * 58 / SHADES);
    statement_amount(&part->statement, owed, text);
    put_label(out, x + CELL_WIDTH - 8, y + CELL_HEIGHT - 13, "end", text);
}

static __int128 largest_pair(const struct report_part *part)
{
    __int128 largest = 0;
    for (size_t i = 0; i < part->report->view->closed.count; i++) {
        const struct line *line = &part->report->view->closed.at[i];
        struct money owed = statement_owed(&part->statement, line->debtor, line->creditor);
        if (absolute(owed) > largest)
            largest = absolute(owed);
    }
    return largest;
}

void report_chart_matrix(const struct report_part *part, struct buffer *out)
{
    uint16_t count = (uint16_t)part->report->view->partner_count;
    if (count > MATRIX_MAX)
        return;
    __int128 largest = largest_pair(part);
    begin(out, part, "Who owes whom: debtors down, creditors across",
          NAME_WIDTH + count * CELL_WIDTH, HEAD_HEIGHT + count * CELL_HEIGHT);
    for (uint16_t i = 0; i < count; i++) {
        const char *name = part->report->view->partners[i].name;
        put_label(out, NAME_WIDTH + (i + 1) * CELL_WIDTH - 8, HEAD_HEIGHT - 8, "end", name);
        put_label(out, NAME_WIDTH - 10, HEAD_HEIGHT + (i + 1) * CELL_HEIGHT - 13, "end", name);
    }
    for (uint16_t debtor = 0; debtor < count; debtor++)
        for (uint16_t creditor = 0; creditor < count; creditor++)
            put_cell(part, out, debtor, creditor, largest);
    buffer_append_text(out, "</svg>\n");
}

/* ---- nets ------------------------------------------------------------------------------------ */

static void put_bar(const struct report_part *part, struct buffer *out, size_t place,
                    struct money net, __int128 largest)
{
    int zero = NAME_WIDTH + BAR_ROOM, y = (int)place * BAR_STEP;
    int width = share(net, largest, BAR_ROOM - 90);
    bool pays = net.v < 0;
    char text[STATEMENT_AMOUNT_SIZE];
    statement_amount(&part->statement, net, text);
    put_label(out, NAME_WIDTH - 10, y + 15, "end", part->report->view->partners[place].name);
    buffer_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\"/>\n",
                  pays ? zero - width : zero, y, width, BAR_HEIGHT, pays ? "#b35806" : "#2166ac");
    put_label(out, pays ? zero - width - 6 : zero + width + 6, y + 15, pays ? "end" : "start",
              text);
}

void report_chart_nets(const struct report_part *part, struct buffer *out)
{
    size_t count = part->report->view->partner_count;
    __int128 largest = 0;
    if (count > BARS_MAX)
        return;
    struct money *nets = allocate(count, sizeof(*nets));
    netting_nets(&part->report->view->closed, part->statement.currency, count, nets);
    for (size_t i = 0; i < count; i++)
        if (absolute(nets[i]) > largest)
            largest = absolute(nets[i]);
    int zero = NAME_WIDTH + BAR_ROOM, height = (int)count * BAR_STEP;
    begin(out, part, "Nets: who pays to the left, who receives to the right", zero + BAR_ROOM,
          height);
    for (size_t i = 0; i < count; i++)
        put_bar(part, out, i, nets[i], largest);
    buffer_printf(out, "<path d=\"M%d 0V%d\" stroke=\"#666\"/>\n</svg>\n", zero, height);
    free(nets);
}
