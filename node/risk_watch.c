#include "node/risk_watch.h"

#include <inttypes.h>

bool risk_watch_look(struct risk_watch *watch, const struct risk *own)
{
    if (own->mode == watch->mode)
        return false;
    watch->mode = own->mode;
    watch->changes++;
    return true;
}

const char *risk_watch_message(enum risk_mode mode)
{
    switch (mode) {
    case RISK_COVERED:
        return "the collateral covers what is outstanding again";
    case RISK_ALERT:
        return "the collateral does not cover what is outstanding: post more";
    case RISK_PREPAID:
        return "the collateral is short: what is issued has to be paid for in advance";
    case RISK_REFUSED:
        break;
    }
    return "the collateral is far too small: earns are refused";
}

/* ---- figures --------------------------------------------------------------------------------- */

static void put_micro(const struct charter *charter, struct micro amount,
                      char text_out[MONEY_TEXT_SIZE])
{
    money_format((struct money){(__int128)amount.v * BASIS_POINTS}, charter->minor_digits,
                 text_out);
}

static void put_figures(const struct charter *charter, const struct risk *own,
                        struct risk_room *room)
{
    money_format(risk_exposure(own), charter->minor_digits, room->exposure);
    money_format(risk_needed(&charter->risk, own), charter->minor_digits, room->needed);
    put_micro(charter, own->collateral, room->collateral);
}

size_t risk_watch_fields(const struct charter *charter, const struct risk *own,
                         struct risk_room *room, struct log_field fields_out[RISK_FIELDS_MAX])
{
    put_figures(charter, own, room);
    fields_out[0] = log_text("mode", risk_mode_word(own->mode));
    fields_out[1] = log_text("exposure", room->exposure);
    fields_out[2] = log_text("needed", room->needed);
    fields_out[3] = log_text("collateral", room->collateral);
    fields_out[4] = log_text("currency", charter->currency);
    return RISK_FIELDS_MAX;
}

/* ---- metrics --------------------------------------------------------------------------------- */

static void amount(struct buffer *out, const char *name, const char *help, const char *currency,
                   const char *text)
{
    buffer_printf(out,
                  "# HELP accrue_%s %s\n# TYPE accrue_%s gauge\naccrue_%s{currency=\"%s\"} %s\n",
                  name, help, name, name, currency, text);
}

void risk_watch_metrics(const struct risk_watch *watch, const struct charter *charter,
                        const struct risk *own, struct buffer *out)
{
    struct risk_room room;
    if (!charter->risk.on)
        return;
    put_figures(charter, own, &room);
    amount(out, "exposure", "What the partner's outstanding points can cost it at most.",
           charter->currency, room.exposure);
    amount(out, "collateral", "What the partner has posted.", charter->currency, room.collateral);
    amount(out, "collateral_needed", "What the charter asks it to post.", charter->currency,
           room.needed);
    buffer_printf(out,
                  "# HELP accrue_risk_mode 0: covered, 1: alert, 2: prepaid, 3: earns refused.\n"
                  "# TYPE accrue_risk_mode gauge\naccrue_risk_mode %d\n"
                  "# HELP accrue_risk_mode_changes_total How often that changed.\n"
                  "# TYPE accrue_risk_mode_changes_total counter\n"
                  "accrue_risk_mode_changes_total %" PRIu64 "\n",
                  (int)own->mode, watch->changes);
}
