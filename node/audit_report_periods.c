/* Settlement periods in an audit's report, as text and as JSON: what they came to, who has to pay
 * whom, who does not, and what is disputed. */
#include "node/audit_report.h"
#include "partners/charter_contracts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what it came to ------------------------------------------------------------------------- */

const char *audit_currency(const struct audit *audit, size_t place)
{
    const struct charter *charter = audit_charter(audit);
    if (place == 0)
        return charter->currency;
    return place <= charter->contracts.currency_count
               ? charter->contracts.currencies[place - 1].code
               : NULL;
}

/* NULL: there is none after that one. */
static const char *next_currency(const struct lines *lines, const char *last)
{
    const char *next = NULL;
    for (size_t i = 0; i < lines->count; i++) {
        const char *code = lines->at[i].currency;
        if (strcmp(code, last) > 0 && (!next || strcmp(code, next) < 0))
            next = code;
    }
    return next;
}

bool audit_period_summary(const struct audit *audit, const struct closed_period *closed,
                          struct audit_period_summary *out)
{
    bool final = closed->period.state >= PERIOD_FINAL;
    const struct lines *lines = final ? &closed->closed : &closed->exact;
    const char *currency = next_currency(lines, out->currency);
    if (!currency && (out->currency[0] || lines->count > 0))
        return false;
    *out = (struct audit_period_summary){.final = final};
    memcpy(out->currency, currency ? currency : audit_charter(audit)->currency, CURRENCY_SIZE);
    period_name(audit_charter(audit), (uint32_t)closed->period.number, out->name);
    hex_encode(hash_as_bytes(&closed->totals), out->totals);
    for (size_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->at[i];
        struct money amount = final ? line->rounded : line->exact;
        if (strcmp(line->currency, out->currency) != 0)
            continue;
        out->line_count++;
        out->nets[line->debtor.v].v -= amount.v;
        out->nets[line->creditor.v].v += amount.v;
        out->by_class[line->book_class].v += amount.v;
    }
    return true;
}

struct audit_money_text audit_money_text(const struct audit *audit, const char *currency,
                                         struct money money)
{
    struct audit_money_text text;
    money_format(money, charter_minor_digits(audit_charter(audit), currency), text.text);
    return text;
}

const char *audit_dispute_word(const struct dispute *dispute)
{
    if (dispute->resolved)
        return "resolved";
    return dispute->responded ? "answered" : "open";
}

/* ---- as text --------------------------------------------------------------------------------- */

static const char *name_of(const struct audit *audit, struct partner_id partner)
{
    return audit_charter(audit)->partners[partner.v].name;
}

static void print_sums(const struct audit *audit, const struct audit_period_summary *summary)
{
    cli_say(stdout, "    %s, %s", summary->currency, summary->final ? "rounded" : "exact");
    for (int i = 0; i < BOOK_CLASS_COUNT; i++)
        if (summary->by_class[i].v != 0)
            cli_say(stdout, "  %s %s", book_class_word((enum book_class)i),
                    audit_money_text(audit, summary->currency, summary->by_class[i]).text);
    cli_say(stdout, "\n    net    ");
    for (size_t i = 0; i < audit_charter(audit)->partner_count; i++)
        if (summary->nets[i].v != 0)
            cli_say(stdout, "  %s %s", audit_charter(audit)->partners[i].name,
                    audit_money_text(audit, summary->currency, summary->nets[i]).text);
    cli_say(stdout, "\n");
}

static void print_defaults(const struct audit *audit, const struct period *period)
{
    for (size_t i = 0; i < period->default_count; i++)
        cli_say(stdout, "    default  %s does not pay what it owes in %s\n",
                name_of(audit, period->defaults[i].partner), period->defaults[i].currency);
    for (size_t i = 0; i < period->taken_count; i++) {
        const struct taken_over *taken = &period->taken[i];
        cli_say(stdout, "    default  %s takes over %s's claim on %s  %s %s%s\n",
                name_of(audit, taken->by), name_of(audit, taken->claimant),
                name_of(audit, taken->debtor), taken->currency,
                audit_money_text(audit, taken->currency, taken->amount).text,
                taken->collateral ? ", out of collateral" : "");
    }
}

static void print_parts(const struct audit *audit, const struct period *period)
{
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        cli_say(stdout, "    payment  %s to %s  %s %s, %s%s\n",
                name_of(audit, payment->payment.from), name_of(audit, payment->payment.to),
                payment->currency,
                audit_money_text(audit, payment->currency, payment->payment.amount).text,
                payment_state_word(payment->state), payment->ring_fenced ? ", ring-fenced" : "");
    }
    for (size_t i = 0; i < period->dispute_count; i++) {
        const struct dispute *dispute = &period->disputes[i];
        const char *currency = dispute->line.currency;
        cli_say(stdout,
                "    dispute  record %" PRIu64 ", %s to %s  %s %s (%s), %s by %s: %s, upheld ",
                dispute->about.record.v, name_of(audit, dispute->about.debtor),
                name_of(audit, dispute->about.creditor), currency,
                audit_money_text(audit, currency, dispute->line.exact).text,
                line_class_word(dispute->about.line_class), dispute_code_word(dispute->code),
                name_of(audit, dispute->by), audit_dispute_word(dispute));
        cli_say(stdout, "%s\n", audit_money_text(audit, currency, dispute->upheld).text);
    }
}

void audit_periods_print(const struct audit *audit)
{
    const struct periods *periods = state_periods(audit_state(audit));
    struct audit_period_summary *summary =
        (struct audit_period_summary *)allocate(1, sizeof(*summary));
    if (periods->count > 0)
        cli_say(stdout, "\nsettlement periods that have ended:\n");
    for (size_t i = 0; i < periods->count; i++) {
        const struct closed_period *closed = periods->at[i];
        *summary = (struct audit_period_summary){0};
        bool any = audit_period_summary(audit, closed, summary);
        must(any);
        cli_say(stdout, "  %s  %s\n", summary->name,
                closed->period.state == PERIOD_OPEN ? "ended"
                                                    : period_state_word(closed->period.state));
        if (closed->rooted)
            cli_say(stdout, "    records %" PRIu64 " to %" PRIu64 ", totals %s\n",
                    closed->first_record, closed->records - 1, summary->totals);
        do
            print_sums(audit, summary);
        while (audit_period_summary(audit, closed, summary));
        print_defaults(audit, &closed->period);
        print_parts(audit, &closed->period);
    }
    free(summary);
}

/* The hash of what stands, as if the open period had ended; and its name. */
static struct hash open_vintages(const struct audit *audit, char name_out[PERIOD_NAME_SIZE])
{
    const struct state *state = audit_state(audit);
    uint32_t open = state_periods(state)->open;
    struct vintage_rows now;
    state_vintages_now(state, &now);
    struct hash hash = vintage_rows_hash(&now, open);
    vintage_rows_release(&now);
    period_name(audit_charter(audit), open, name_out);
    return hash;
}

void audit_vintages_print(const struct audit *audit)
{
    const struct vintages *vintages = state_vintages(audit_state(audit));
    char name[PERIOD_NAME_SIZE], text[HASH_HEX_SIZE + 1];
    cli_say(stdout, "\npoints by funder, vintage and expiry, hash at the end of each period:\n");
    for (size_t i = 0; i < vintages->count; i++) {
        period_name(audit_charter(audit), vintages->at[i].period, name);
        hex_encode(hash_as_bytes(&vintages->at[i].hash), text);
        cli_say(stdout, "  %-10s  %s\n", name, text);
    }
    struct hash now = open_vintages(audit, name);
    hex_encode(hash_as_bytes(&now), text);
    cli_say(stdout, "  %-10s  %s  so far\n", name, text);
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static json_t *payments_json(const struct audit *audit, const struct period *period)
{
    json_t *list = json_array();
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:b}", "from",
                      name_of(audit, payment->payment.from), "to",
                      name_of(audit, payment->payment.to), "currency", payment->currency, "amount",
                      audit_money_text(audit, payment->currency, payment->payment.amount).text,
                      "state", payment_state_word(payment->state), "round", payment->round,
                      "ring_fenced", payment->ring_fenced));
    }
    return list;
}

static json_t *defaults_json(const struct audit *audit, const struct period *period)
{
    json_t *list = json_array();
    for (size_t i = 0; i < period->default_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "partner",
                                              name_of(audit, period->defaults[i].partner),
                                              "currency", period->defaults[i].currency));
    return list;
}

static json_t *taken_json(const struct audit *audit, const struct period *period)
{
    json_t *list = json_array();
    for (size_t i = 0; i < period->taken_count; i++) {
        const struct taken_over *taken = &period->taken[i];
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "debtor", name_of(audit, taken->debtor),
                      "claimant", name_of(audit, taken->claimant), "by", name_of(audit, taken->by),
                      "currency", taken->currency, "amount",
                      audit_money_text(audit, taken->currency, taken->amount).text,
                      "out_of_collateral", taken->collateral));
    }
    return list;
}

static json_t *disputes_json(const struct audit *audit, const struct period *period)
{
    json_t *list = json_array();
    for (size_t i = 0; i < period->dispute_count; i++) {
        const struct dispute *dispute = &period->disputes[i];
        json_array_append_new(
            list,
            json_pack("{s:I, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "record",
                      (json_int_t)dispute->about.record.v, "debtor",
                      name_of(audit, dispute->about.debtor), "creditor",
                      name_of(audit, dispute->about.creditor), "class",
                      line_class_word(dispute->about.line_class), "tariff", dispute->about.tariff,
                      "currency", dispute->line.currency, "amount",
                      audit_money_text(audit, dispute->line.currency, dispute->line.exact).text,
                      "code", dispute_code_word(dispute->code), "by", name_of(audit, dispute->by),
                      "state", audit_dispute_word(dispute), "upheld",
                      audit_money_text(audit, dispute->line.currency, dispute->upheld).text));
    }
    return list;
}

static json_t *sums_json(const struct audit *audit, const struct audit_period_summary *summary)
{
    json_t *classes = json_object(), *nets = json_object();
    for (int i = 0; i < BOOK_CLASS_COUNT; i++)
        if (summary->by_class[i].v != 0)
            json_object_set_new(
                classes, book_class_word((enum book_class)i),
                json_string(audit_money_text(audit, summary->currency, summary->by_class[i]).text));
    for (size_t i = 0; i < audit_charter(audit)->partner_count; i++)
        if (summary->nets[i].v != 0)
            json_object_set_new(
                nets, audit_charter(audit)->partners[i].name,
                json_string(audit_money_text(audit, summary->currency, summary->nets[i]).text));
    return json_pack("{s:s, s:I, s:o, s:o}", "currency", summary->currency, "lines",
                     (json_int_t)summary->line_count, "classes", classes, "nets", nets);
}

json_t *audit_periods_json(const struct audit *audit)
{
    const struct periods *periods = state_periods(audit_state(audit));
    struct audit_period_summary *summary =
        (struct audit_period_summary *)allocate(1, sizeof(*summary));
    json_t *list = json_array();
    for (size_t i = 0; i < periods->count; i++) {
        const struct closed_period *closed = periods->at[i];
        const struct period *period = &closed->period;
        json_t *sums = json_array();
        *summary = (struct audit_period_summary){0};
        while (audit_period_summary(audit, closed, summary))
            json_array_append_new(sums, sums_json(audit, summary));
        json_t *json = json_pack(
            "{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "period", summary->name, "state",
            period->state == PERIOD_OPEN ? "ended" : period_state_word(period->state), "rounded",
            summary->final, "sums", sums, "payments", payments_json(audit, period), "defaults",
            defaults_json(audit, period), "taken_over", taken_json(audit, period), "disputes",
            disputes_json(audit, period));
        if (closed->rooted)
            json_object_update_new(
                json, json_pack("{s:I, s:I, s:s}", "first_record", (json_int_t)closed->first_record,
                                "records", (json_int_t)closed->records, "totals", summary->totals));
        json_array_append_new(list, json);
    }
    free(summary);
    return list;
}

json_t *audit_vintages_json(const struct audit *audit)
{
    const struct vintages *vintages = state_vintages(audit_state(audit));
    char name[PERIOD_NAME_SIZE], text[HASH_HEX_SIZE + 1];
    json_t *list = json_array();
    for (size_t i = 0; i < vintages->count; i++) {
        period_name(audit_charter(audit), vintages->at[i].period, name);
        hex_encode(hash_as_bytes(&vintages->at[i].hash), text);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:b}", "period", name, "hash", text, "open", 0));
    }
    struct hash now = open_vintages(audit, name);
    hex_encode(hash_as_bytes(&now), text);
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:b}", "period", name, "hash", text, "open", 1));
    return list;
}
