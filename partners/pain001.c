#include "partners/pain001.h"

#include "partners/charter.h"
#include "partners/sepa_text.h"
#include "partners/xml_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMESPACE "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
#define UNIT      ((__int128)10000000000) /* one of the currency */
#define SEPA_MAX  (99999999999 * (UNIT / 100))
/* 18 digits in all, three of them of the minor unit: also the most that a control sum can say. */
#define AMOUNT_MAX (999999999999999 * UNIT)
/* A day is over everywhere when it is over at UTC-12. */
#define LAST_ZONE_MS (12 * 3600 * INT64_C(1000))
#define DAY_MS       (24 * 3600 * INT64_C(1000))

enum { ID_MAX = 35 };

static bool is_sepa(const struct pain001 *message)
{
    return strcmp(message->currency, "EUR") == 0;
}

/* ---- what a bank would refuse -------------------------------------------------------------- */

static bool check_head(const struct pain001 *message, struct error *error)
{
    if (message->transfer_count == 0 || message->transfer_count > PAIN001_TRANSFERS_MAX)
        return error_set(error, ERROR_LIMIT, "a file has 1 to %d transfers, not %zu",
                         PAIN001_TRANSFERS_MAX, message->transfer_count);
    for (size_t i = 0; i < CURRENCY_SIZE - 1; i++)
        if (message->currency[i] < 'A' || message->currency[i] > 'Z')
            return error_set(error, ERROR_INVALID, "a currency has three upper-case letters");
    must(message->minor_digits >= 0 && message->minor_digits <= CURRENCY_DIGITS_MAX);
    int64_t over_ms = (date_to_days(message->execution) + 1) * DAY_MS + LAST_ZONE_MS;
    if (over_ms <= (int64_t)message->created_ms)
        return error_set(error, ERROR_INVALID, "the execution day is over");
    return sepa_identifier_check("message id", bytes_text(message->message_id), ID_MAX, error) &&
           sepa_text_check("initiating party", bytes_text(message->initiator), HOLDER_MAX, error) &&
           payment_account_check("payer", message->from, error);
}

static bool check_amount(const struct pain001 *message, struct money amount, const char *what,
                         struct error *error)
{
    char text[MONEY_TEXT_SIZE];
    money_format(amount, message->minor_digits, text);
    if (amount.v <= 0)
        return error_set(error, ERROR_INVALID, "%s: %s is no amount to pay", what, text);
    if (money_round(amount, message->minor_digits).v != amount.v)
        return error_set(error, ERROR_INVALID, "%s: %s %s is finer than the currency", what, text,
                         message->currency);
    if (amount.v > (is_sepa(message) ? SEPA_MAX : AMOUNT_MAX))
        return error_set(error, ERROR_LIMIT, "%s: %s %s is more than one transfer may carry", what,
                         text, message->currency);
    return true;
}

static bool check_payee(const struct pain001 *message, const struct payment_account *to,
                        const char *what, struct error *error)
{
    if (!payment_account_check(what, to, error))
        return false;
    if (to->effective_ms == 0 || to->effective_ms > message->created_ms)
        return error_set(error, ERROR_DENIED, "%s: the account %s is not effective yet", what,
                         to->iban);
    if (strcmp(to->iban, message->from->iban) == 0)
        return error_set(error, ERROR_INVALID, "%s: %s is the payer's own account", what, to->iban);
    if (is_sepa(message) && !iban_in_sepa(to->iban))
        return error_set(error, ERROR_INVALID, "%s: SEPA does not reach the account %s", what,
                         to->iban);
    return true;
}

bool pain001_check_transfer(const struct pain001 *message, const struct pain001_transfer *transfer,
                            const char *what, struct error *error)
{
    char reference[REFERENCE_SIZE];
    must((transfer->reference == NULL) != (transfer->text == NULL));
    if (!check_amount(message, transfer->amount, what, error) ||
        !check_payee(message, transfer->to, what, error))
        return false;
    if (!sepa_identifier_check("EndToEndId", bytes_text(transfer->end_to_end), ID_MAX, error) ||
        (transfer->reference &&
         (!reference_parse(bytes_text(transfer->reference), reference, error) ||
          (strcmp(reference, transfer->reference) != 0 &&
           !error_set(error, ERROR_INVALID, "creditor reference: without blanks it is %s",
                      reference)))) ||
        (transfer->text &&
         !sepa_text_check("remittance text", bytes_text(transfer->text), PAIN001_TEXT_MAX, error)))
        return error_wrap(error, "%s", what);
    return true;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A payment that stands twice is paid twice. */
static bool check_repeats(const struct pain001 *message, struct error *error)
{
    const char **names = allocate(message->transfer_count, sizeof(*names));
    const char *twice = NULL;
    for (size_t i = 0; i < message->transfer_count; i++)
        names[i] = message->transfers[i].end_to_end;
    qsort(names, message->transfer_count, sizeof(*names), compare_texts);
    for (size_t i = 1; i < message->transfer_count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            twice = names[i];
    free(names);
    return !twice ||
           error_set(error, ERROR_CONFLICT, "EndToEndId %s: two transfers have it", twice);
}

static bool check(const struct pain001 *message, struct money *sum_out, struct error *error)
{
    struct money sum = {0};
    if (!check_head(message, error))
        return false;
    if (is_sepa(message) && !iban_in_sepa(message->from->iban))
        return error_set(error, ERROR_INVALID, "payer: SEPA does not reach the account %s",
                         message->from->iban);
    for (size_t i = 0; i < message->transfer_count; i++) {
        char what[64];
        (void)snprintf(what, sizeof(what), "transfer %zu", i + 1);
        if (!pain001_check_transfer(message, &message->transfers[i], what, error))
            return false;
        sum.v += message->transfers[i].amount.v;
    }
    if (sum.v > AMOUNT_MAX)
        return error_set(error, ERROR_LIMIT, "the sum is more than one file may carry");
    *sum_out = sum;
    return check_repeats(message, error);
}

/* ---- the document -------------------------------------------------------------------------- */

static void put_totals(struct xml_out *xml, const struct pain001 *message, struct money sum)
{
    char text[MONEY_TEXT_SIZE];
    (void)snprintf(text, sizeof(text), "%zu", message->transfer_count);
    xml_out_text(xml, "NbOfTxs", text);
    money_format(sum, message->minor_digits, text);
    xml_out_text(xml, "CtrlSum", text);
}

static void put_head(struct xml_out *xml, const struct pain001 *message, struct money sum)
{
    char time[CHARTER_TIME_SIZE];
    charter_time_format(message->created_ms, time);
    xml_out_open(xml, "GrpHdr");
    xml_out_text(xml, "MsgId", message->message_id);
    xml_out_text(xml, "CreDtTm", time);
    put_totals(xml, message, sum);
    xml_out_open(xml, "InitgPty");
    xml_out_text(xml, "Nm", message->initiator);
    xml_out_close(xml, "InitgPty");
    xml_out_close(xml, "GrpHdr");
}

static void put_party(struct xml_out *xml, const char *name, const char *holder)
{
    xml_out_open(xml, name);
    xml_out_text(xml, "Nm", holder);
    xml_out_close(xml, name);
}

static void put_account(struct xml_out *xml, const char *name, const char *iban)
{
    xml_out_open(xml, name);
    xml_out_open(xml, "Id");
    xml_out_text(xml, "IBAN", iban);
    xml_out_close(xml, "Id");
    xml_out_close(xml, name);
}

/* The payer's bank must be named, and is NOTPROVIDED where the IBAN tells it. */
static void put_bank(struct xml_out *xml, const char *name, const char *bic)
{
    xml_out_open(xml, name);
    xml_out_open(xml, "FinInstnId");
    if (bic[0]) {
        xml_out_text(xml, "BICFI", bic);
    } else {
        xml_out_open(xml, "Othr");
        xml_out_text(xml, "Id", "NOTPROVIDED");
        xml_out_close(xml, "Othr");
    }
    xml_out_close(xml, "FinInstnId");
    xml_out_close(xml, name);
}

static void put_remittance(struct xml_out *xml, const struct pain001_transfer *transfer)
{
    xml_out_open(xml, "RmtInf");
    if (transfer->text) {
        xml_out_text(xml, "Ustrd", transfer->text);
    } else {
        xml_out_open(xml, "Strd");
        xml_out_open(xml, "CdtrRefInf");
        xml_out_open(xml, "Tp");
        xml_out_open(xml, "CdOrPrtry");
        xml_out_text(xml, "Cd", "SCOR");
        xml_out_close(xml, "CdOrPrtry");
        xml_out_text(xml, "Issr", "ISO");
        xml_out_close(xml, "Tp");
        xml_out_text(xml, "Ref", transfer->reference);
        xml_out_close(xml, "CdtrRefInf");
        xml_out_close(xml, "Strd");
    }
    xml_out_close(xml, "RmtInf");
}

static void put_transfer(struct xml_out *xml, const struct pain001 *message,
                         const struct pain001_transfer *transfer)
{
    char amount[MONEY_TEXT_SIZE];
    money_format(transfer->amount, message->minor_digits, amount);
    xml_out_open(xml, "CdtTrfTxInf");
    xml_out_open(xml, "PmtId");
    xml_out_text(xml, "EndToEndId", transfer->end_to_end);
    xml_out_close(xml, "PmtId");
    xml_out_open(xml, "Amt");
    xml_out_text_with(xml, "InstdAmt", "Ccy", message->currency, amount);
    xml_out_close(xml, "Amt");
    if (transfer->to->bic[0])
        put_bank(xml, "CdtrAgt", transfer->to->bic);
    put_party(xml, "Cdtr", transfer->to->holder);
    put_account(xml, "CdtrAcct", transfer->to->iban);
    put_remittance(xml, transfer);
    xml_out_close(xml, "CdtTrfTxInf");
}

static void put_payment(struct xml_out *xml, const struct pain001 *message, struct money sum)
{
    char day[DATE_TEXT_SIZE];
    date_format(message->execution, day);
    xml_out_open(xml, "PmtInf");
    xml_out_text(xml, "PmtInfId", message->message_id);
    xml_out_text(xml, "PmtMtd", "TRF");
    put_totals(xml, message, sum);
    if (is_sepa(message)) {
        xml_out_open(xml, "PmtTpInf");
        xml_out_open(xml, "SvcLvl");
        xml_out_text(xml, "Cd", "SEPA");
        xml_out_close(xml, "SvcLvl");
        xml_out_close(xml, "PmtTpInf");
    }
    xml_out_open(xml, "ReqdExctnDt");
    xml_out_text(xml, "Dt", day);
    xml_out_close(xml, "ReqdExctnDt");
    put_party(xml, "Dbtr", message->from->holder);
    put_account(xml, "DbtrAcct", message->from->iban);
    put_bank(xml, "DbtrAgt", message->from->bic);
    xml_out_text(xml, "ChrgBr", is_sepa(message) ? "SLEV" : "SHAR");
    for (size_t i = 0; i < message->transfer_count; i++)
        put_transfer(xml, message, &message->transfers[i]);
    xml_out_close(xml, "PmtInf");
}

bool pain001_write(const struct pain001 *message, struct buffer *out, struct error *error)
{
    struct money sum = {0};
    struct buffer document;
    struct xml_out xml;
    if (!check(message, &sum, error))
        return error_wrap(error, "payment order");
    buffer_init(&document, PAIN001_SIZE_MAX);
    xml_out_begin(&xml, &document, "Document", NAMESPACE);
    xml_out_open(&xml, "CstmrCdtTrfInitn");
    put_head(&xml, message, sum);
    put_payment(&xml, message, sum);
    xml_out_close(&xml, "CstmrCdtTrfInitn");
    xml_out_end(&xml);
    must(!document.overflowed); /* PAIN001_TRANSFERS_MAX of about 1 KiB */
    buffer_append(out, buffer_bytes(&document));
    buffer_release(&document);
    return true;
}
