/* Settlement periods in an audit's report, as text and as JSON: what they came to, who has to pay
 * whom, and what is disputed. */
#include "node/audit_report.h"

#include "partners/charter_contracts.h"
#include "partners/settlement.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what it came to ------------------------------------------------------------------------- */

void audit_period_summary(const struct audit *audit, const struct closed_period *closed,
                          const struct currency_rule *currency, struct audit_period_summary *out)
{
    bool final = closed->period.state >= PERIOD_FINAL;
    const struct lines *lines = final ? &closed->closed : &closed->exact;
    *out = (struct audit_period_summary){.final = final, .currency = currency};
    period_name(audit_charter(audit), (uint32_t)closed->period.number, out->name);
    hex_encode(hash_as_bytes(&closed->totals), out->totals);
    for (size_t i = 0; i < lines->count; i++) {
        const struct line *line = &lines->at[i];
        struct money amount = final ? line->rounded : line->exact;
        if (strcmp(line->currency, currency->code) != 0)
            continue;
        out->line_count++;
        out->nets[line->debtor.v].v -= amount.v;
        out->nets[line->creditor.v].v += amount.v;
        out->by_class[line->book_class].v += amount.v;
    }
}

size_t audit_period_currencies(const struct closed_period *closed, const struct audit *audit,
                               const struct charter_line_rules *rules,
                               const struct currency_rule **currencies_out)
{
    size_t count = 0;
    for (size_t i = 0; i < rules->rules.currency_count; i++)
        if (lines_have_currency(&closed->exact, rules->currencies[i].code))
            currencies_out[count++] = &rules->currencies[i];
    for (size_t i = 0; i < rules->rules.currency_count && count == 0; i++)
        if (strcmp(rules->currencies[i].code, audit_charter(audit)->currency) == 0)
            currencies_out[count++] = &rules->currencies[i];
    must(count > 0);
    return count;
}

bool audit_owes_in(const struct audit *audit, const char *currency)
{
    size_t count = audit_charter(audit)->partner_count;
    for (size_t pair = 0; pair < count * count; pair++)
        if (settlement_open(audit_state(audit), (struct partner_id){(uint16_t)(pair / count)},
                            (struct partner_id){(uint16_t)(pair % count)}, currency)
                .v != 0)
            return true;
    return false;
}

struct audit_money_text audit_money_text(const struct audit *audit, const char *currency,
                                         struct money money)
{
    struct audit_money_text text;
    char plain[MONEY_TEXT_SIZE];
    money_format(money, charter_minor_digits(audit_charter(audit), currency), plain);
    (void)snprintf(text.text, sizeof(text.text), "%s", plain);
    return text;
}

struct audit_money_text audit_money_words(const struct audit *audit, const char *currency,
                                          struct money money)
{
    struct audit_money_text plain = audit_money_text(audit, currency, money), text;
    bool several = audit_charter(audit)->contracts.currency_count > 0;
    (void)snprintf(text.text, sizeof(text.text), "%.*s%s%s", MONEY_TEXT_SIZE - 1, plain.text,
                   several ? " " : "", several ? currency : "");
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
    const char *currency = summary->currency->code;
    cli_say(stdout, "    %s", summary->final ? "rounded" : "exact");
    for (int i = 0; i < BOOK_CLASS_COUNT; i++)
        if (summary->by_class[i].v != 0)
            cli_say(stdout, "  %s %s", book_class_word((enum book_class)i),
                    audit_money_words(audit, currency, summary->by_class[i]).text);
    cli_say(stdout, "\n    net    ");
    for (size_t i = 0; i < audit_charter(audit)->partner_count; i++)
        if (summary->nets[i].v != 0)
            cli_say(stdout, "  %s %s", audit_charter(audit)->partners[i].name,
                    audit_money_words(audit, currency, summary->nets[i]).text);
    cli_say(stdout, "\n");
}

static void print_parts(const struct audit *audit, const struct period *period)
{
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        cli_say(stdout, "    payment  %s to %s  %s, %s\n", name_of(audit, payment->payment.from),
                name_of(audit, payment->payment.to),
                audit_money_words(audit, payment->currency, payment->payment.amount).text,
                payment_state_word(payment->state));
    }
    for (size_t i = 0; i < period->dispute_count; i++) {
        const struct dispute *dispute = &period->disputes[i];
        cli_say(stdout, "    dispute  record %" PRIu64 ", %s to %s  %s (%s), %s by %s: %s, upheld ",
                dispute->about.record.v, name_of(audit, dispute->about.debtor),
                name_of(audit, dispute->about.creditor),
                audit_money_words(audit, dispute->line.currency, dispute->line.exact).text,
                line_class_word(dispute->about.line_class), dispute_code_word(dispute->code),
                name_of(audit, dispute->by), audit_dispute_word(dispute));
        cli_say(stdout, "%s\n",
                audit_money_words(audit, dispute->line.currency, dispute->upheld).text);
    }
}

static void print_period(const struct audit *audit, const struct closed_period *closed)
{
    struct charter_line_rules rules;
    const struct currency_rule *currencies[1 + CHARTER_CURRENCIES_MAX];
    struct audit_period_summary *summary =
        (struct audit_period_summary *)allocate(1, sizeof(*summary));
    charter_line_rules(audit_charter(audit), &rules);
    size_t count = audit_period_currencies(closed, audit, &rules, currencies);
    for (size_t i = 0; i < count; i++) {
        audit_period_summary(audit, closed, currencies[i], summary);
        if (i == 0)
            cli_say(stdout, "  %s  %s\n", summary->name,
                    closed->period.state == PERIOD_OPEN ? "ended"
                                                        : period_state_word(closed->period.state));
        if (i == 0 && closed->rooted)
            cli_say(stdout, "    records %" PRIu64 " to %" PRIu64 ", totals %s\n",
                    closed->first_record, closed->records - 1, summary->totals);
        print_sums(audit, summary);
    }
    print_parts(audit, &closed->period);
    free(summary);
}

void audit_periods_print(const struct audit *audit)
{
    const struct charter *charter = audit_charter(audit);
    const struct periods *periods = state_periods(audit_state(audit));
    if (periods->count > 0)
        cli_say(stdout, "\nsettlement periods that have ended, in %s%s:\n", charter->currency,
                charter->contracts.currency_count > 0 ? " and the currencies of contracts" : "");
    for (size_t i = 0; i < periods->count; i++)
        print_period(audit, periods->at[i]);
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static json_t *payments_json(const struct audit *audit, const struct period *period)
{
    json_t *list = json_array();
    for (size_t i = 0; i < period->payment_count; i++) {
        const struct period_payment *payment = &period->payments[i];
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s, s:s}", "from", name_of(audit, payment->payment.from),
                      "to", name_of(audit, payment->payment.to), "currency", payment->currency,
                      "amount",
                      audit_money_text(audit, payment->currency, payment->payment.amount).text,
                      "state", payment_state_word(payment->state)));
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
            json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "record",
                      (json_int_t)dispute->about.record.v, "debtor",
                      name_of(audit, dispute->about.debtor), "creditor",
                      name_of(audit, dispute->about.creditor), "class",
                      line_class_word(dispute->about.line_class), "currency",
                      dispute->line.currency, "amount",
                      audit_money_text(audit, dispute->line.currency, dispute->line.exact).text,
                      "code", dispute_code_word(dispute->code), "by", name_of(audit, dispute->by),
                      "state", audit_dispute_word(dispute), "upheld",
                      audit_money_text(audit, dispute->line.currency, dispute->upheld).text));
    }
    return list;
}

static json_t *sums_json(const struct audit *audit, const struct audit_period_summary *summary)
{
    const char *currency = summary->currency->code;
    json_t *classes = json_object(), *nets = json_object();
    for (int i = 0; i < BOOK_CLASS_COUNT; i++)
        if (summary->by_class[i].v != 0)
            json_object_set_new(
                classes, book_class_word((enum book_class)i),
                json_string(audit_money_text(audit, currency, summary->by_class[i]).text));
    for (size_t i = 0; i < audit_charter(audit)->partner_count; i++)
        if (summary->nets[i].v != 0)
            json_object_set_new(
                nets, audit_charter(audit)->partners[i].name,
                json_string(audit_money_text(audit, currency, summary->nets[i]).text));
    return json_pack("{s:s, s:I, s:o, s:o}", "currency", currency, "lines",
                     (json_int_t)summary->line_count, "classes", classes, "nets", nets);
}

/* Sums stand by currency; where there is one, beside the rest as well. */
static void put_sums(const struct audit *audit, const struct closed_period *closed, json_t *json)
{
    struct charter_line_rules rules;
    const struct currency_rule *currencies[1 + CHARTER_CURRENCIES_MAX];
    struct audit_period_summary *summary =
        (struct audit_period_summary *)allocate(1, sizeof(*summary));
    json_t *list = json_array();
    charter_line_rules(audit_charter(audit), &rules);
    size_t count = audit_period_currencies(closed, audit, &rules, currencies);
    for (size_t i = 0; i < count; i++) {
        audit_period_summary(audit, closed, currencies[i], summary);
        json_array_append_new(list, sums_json(audit, summary));
    }
    if (count == 1)
        json_object_update(json, json_array_get(list, 0));
    json_object_update_new(json, json_pack("{s:s, s:b, s:o}", "period", summary->name, "rounded",
                                           summary->final, "sums", list));
    if (closed->rooted)
        json_object_update_new(
            json, json_pack("{s:I, s:I, s:s}", "first_record", (json_int_t)closed->first_record,
                            "records", (json_int_t)closed->records, "totals", summary->totals));
    free(summary);
}

json_t *audit_periods_json(const struct audit *audit)
{
    const struct periods *periods = state_periods(audit_state(audit));
    json_t *list = json_array();
    for (size_t i = 0; i < periods->count; i++) {
        const struct closed_period *closed = periods->at[i];
        const struct period *period = &closed->period;
        json_t *json = json_pack(
            "{s:s, s:o, s:o}", "state",
            period->state == PERIOD_OPEN ? "ended" : period_state_word(period->state), "payments",
            payments_json(audit, period), "disputes", disputes_json(audit, period));
        put_sums(audit, closed, json);
        json_array_append_new(list, json);
    }
    return list;
}
