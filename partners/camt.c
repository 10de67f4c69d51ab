#include "partners/camt.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#define NAMESPACE "urn:iso:std:iso:20022:tech:xsd:camt.05" /* then "3.001.08" */

enum {
    VERSION_MIN = 2,
    VERSION_MAX = 13,
    NAME_DEPTH = 3, /* Document / BkToCstmrStmt / Stmt: paths begin with the third */
    TEXT_MAX = CAMT_TEXT_SIZE - 1,
    AMOUNT_DIGITS_MAX = 18,
    AMOUNT_DECIMALS_MAX = 5
};

struct reader {
    XML_Parser parser;
    struct camt *camt;
    struct error *error;
    bool failed;
    /* Where we are. A path is the names from the third element on, joined by '/'. */
    size_t depth;
    size_t foreign; /* depth of an element of another namespace that we are inside of, or 0 */
    char name_space[sizeof(NAMESPACE) + 16];
    char path[CAMT_PATH_MAX];
    size_t path_size;
    char text[CAMT_TEXT_SIZE];
    size_t text_size;
    bool text_too_long;
    bool after_child;             /* an element ended since the last one began */
    char currency[CURRENCY_SIZE]; /* of the element that began last */
    /* What is being put together. */
    struct camt_entry entry, detail;
    bool entry_has_amount, detail_has_amount, detail_has_total;
    struct money entry_amount, detail_total;
    char entry_currency[CURRENCY_SIZE], total_currency[CURRENCY_SIZE];
    bool has_direction, in_detail;
    size_t first_detail; /* place of the entry's first detail among the entries */
    bool partly;         /* a batch says that it has more transactions than stand here */
    uint32_t seen; /* fields of the statement, entry and detail at hand, by place in fields[] */
};

/* The first thing that is wrong stands; the parser stops. */
static bool refuse(struct reader *reader, enum error_code code, const char *why, const char *what)
{
    if (!reader->failed)
        (void)error_set(reader->error, code, "line %llu: %s%s%s",
                        (unsigned long long)XML_GetCurrentLineNumber(reader->parser), what,
                        what[0] ? ": " : "", why);
    reader->failed = true;
    (void)XML_StopParser(reader->parser, XML_FALSE);
    return false;
}

/* ---- values -------------------------------------------------------------------------------- */

/* A decimal without sign: XML Schema's, of at most 18 digits and 5 decimals. */
static bool parse_amount(const char *text, struct money *amount_out)
{
    struct money amount = {0};
    int digits = 0, decimals = -1;
    for (const char *c = text; *c; c++) {
        if (*c == '.' && decimals < 0 && digits > 0) {
            decimals = 0;
            continue;
        }
        if (*c < '0' || *c > '9' || ++digits > AMOUNT_DIGITS_MAX)
            return false;
        if (decimals >= 0 && ++decimals > AMOUNT_DECIMALS_MAX)
            return false;
        amount.v = amount.v * 10 + (*c - '0');
    }
    if (digits == 0 || decimals == 0)
        return false;
    for (int i = decimals < 0 ? 0 : decimals; i < MONEY_DECIMALS; i++)
        amount.v *= 10;
    *amount_out = amount;
    return true;
}

static bool is_currency(const char *text)
{
    size_t size = 0;
    for (; text[size]; size++)
        if (size >= CURRENCY_SIZE - 1 || text[size] < 'A' || text[size] > 'Z')
            return false;
    return size == CURRENCY_SIZE - 1;
}

static bool take_amount(struct reader *reader, const char *text, struct money *amount_out,
                        char currency_out[CURRENCY_SIZE])
{
    if (!parse_amount(text, amount_out))
        return refuse(reader, ERROR_INVALID, "not an amount", reader->path);
    if (!is_currency(reader->currency))
        return refuse(reader, ERROR_INVALID, "an amount names its currency", reader->path);
    memcpy(currency_out, reader->currency, CURRENCY_SIZE);
    return true;
}

/* ---- fields -------------------------------------------------------------------------------- */

typedef bool (*take_fn)(struct reader *reader, const char *text);

static void copy_text(char out[CAMT_TEXT_SIZE], const char *text)
{
    memcpy(out, text, strlen(text) + 1); /* reader->text has the same size */
}

static struct camt_statement *statement(struct reader *reader)
{
    must(reader->camt->statement_count > 0);
    return &reader->camt->statements[reader->camt->statement_count - 1];
}

static bool take_statement_id(struct reader *reader, const char *text)
{
    copy_text(statement(reader)->id, text);
    return true;
}

static bool take_account(struct reader *reader, const char *text)
{
    if (statement(reader)->account[0])
        return refuse(reader, ERROR_INVALID, "a second account", reader->path);
    copy_text(statement(reader)->account, text);
    return true;
}

static bool take_entry_amount(struct reader *reader, const char *text)
{
    reader->entry_has_amount = true;
    return take_amount(reader, text, &reader->entry_amount, reader->entry_currency);
}

static bool take_direction(struct reader *reader, const char *text)
{
    struct camt_entry *entry = reader->in_detail ? &reader->detail : &reader->entry;
    bool credit = strcmp(text, "CRDT") == 0;
    if (!credit && strcmp(text, "DBIT") != 0)
        return refuse(reader, ERROR_INVALID, "neither CRDT nor DBIT", reader->path);
    entry->credit = credit;
    reader->has_direction = true;
    return true;
}

static bool take_reversal(struct reader *reader, const char *text)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    if (!yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return refuse(reader, ERROR_INVALID, "neither true nor false", reader->path);
    reader->entry.returned = yes;
    return true;
}

static bool take_status(struct reader *reader, const char *text)
{
    reader->entry.booked = strcmp(text, "BOOK") == 0;
    return true;
}

static bool take_date(struct reader *reader, const char *text)
{
    struct date date;
    struct bytes day = bytes_of(text, strlen(text) < 10 ? strlen(text) : 10);
    if (!date_parse(day, &date))
        return refuse(reader, ERROR_INVALID, "not a day", reader->path);
    date_format(date, reader->entry.booked_on);
    return true;
}

static bool take_entry_reference(struct reader *reader, const char *text)
{
    copy_text(reader->entry.reference, text);
    return true;
}

static bool take_batch_count(struct reader *reader, const char *text)
{
    if (strcmp(text, "1") != 0)
        reader->partly = true; /* until as many stand here, none takes the entry's amount */
    return true;
}

static bool take_end_to_end(struct reader *reader, const char *text)
{
    copy_text(reader->detail.end_to_end, strcmp(text, "NOTPROVIDED") == 0 ? "" : text);
    return true;
}

static bool take_detail_reference(struct reader *reader, const char *text)
{
    copy_text(reader->detail.detail_reference, text);
    return true;
}

static bool take_detail_amount(struct reader *reader, const char *text)
{
    reader->detail_has_amount = true;
    return take_amount(reader, text, &reader->detail.amount, reader->detail.currency);
}

static bool take_detail_total(struct reader *reader, const char *text)
{
    reader->detail_has_total = true;
    return take_amount(reader, text, &reader->detail_total, reader->total_currency);
}

static bool take_debtor(struct reader *reader, const char *text)
{
    if (reader->detail.debtor_account[0])
        return refuse(reader, ERROR_INVALID, "a second account", reader->path);
    copy_text(reader->detail.debtor_account, text);
    return true;
}

static bool take_creditor(struct reader *reader, const char *text)
{
    if (reader->detail.creditor_account[0])
        return refuse(reader, ERROR_INVALID, "a second account", reader->path);
    copy_text(reader->detail.creditor_account, text);
    return true;
}

#define ENTRY  "Stmt/Ntry"
#define DETAIL "Stmt/Ntry/NtryDtls/TxDtls"
enum scope { OF_STATEMENT, OF_ENTRY, OF_BATCH, OF_DETAIL };
static const struct field {
    const char *path;
    take_fn take;
    enum scope scope;
} fields[] = {
    {"Stmt/Id", take_statement_id, OF_STATEMENT},
    {"Stmt/Acct/Id/IBAN", take_account, OF_STATEMENT},
    {"Stmt/Acct/Id/Othr/Id", take_account, OF_STATEMENT},
    {ENTRY "/Amt", take_entry_amount, OF_ENTRY},
    {ENTRY "/CdtDbtInd", take_direction, OF_ENTRY},
    {ENTRY "/RvslInd", take_reversal, OF_ENTRY},
    {ENTRY "/Sts", take_status, OF_ENTRY},    /* to version 03 */
    {ENTRY "/Sts/Cd", take_status, OF_ENTRY}, /* since */
    {ENTRY "/BookgDt/Dt", take_date, OF_ENTRY},
    {ENTRY "/BookgDt/DtTm", take_date, OF_ENTRY},
    {ENTRY "/AcctSvcrRef", take_entry_reference, OF_ENTRY},
    {ENTRY "/NtryDtls/Btch/NbOfTxs", take_batch_count, OF_BATCH},
    {DETAIL "/Refs/EndToEndId", take_end_to_end, OF_DETAIL},
    {DETAIL "/Refs/AcctSvcrRef", take_detail_reference, OF_DETAIL},
    {DETAIL "/Amt", take_detail_amount, OF_DETAIL},              /* since version 03 */
    {DETAIL "/AmtDtls/TxAmt/Amt", take_detail_total, OF_DETAIL}, /* and before */
    {DETAIL "/CdtDbtInd", take_direction, OF_DETAIL},
    {DETAIL "/RltdPties/DbtrAcct/Id/IBAN", take_debtor, OF_DETAIL},
    {DETAIL "/RltdPties/DbtrAcct/Id/Othr/Id", take_debtor, OF_DETAIL},
    {DETAIL "/RltdPties/CdtrAcct/Id/IBAN", take_creditor, OF_DETAIL},
    {DETAIL "/RltdPties/CdtrAcct/Id/Othr/Id", take_creditor, OF_DETAIL},
};
_Static_assert(ARRAY_SIZE(fields) <= 32, "one bit a field");

static void forget(struct reader *reader, enum scope scope)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (fields[i].scope == scope)
            reader->seen &= ~(UINT32_C(1) << i);
}

/* ---- statements and entries ---------------------------------------------------------------- */

static void begin_statement(struct reader *reader)
{
    struct camt *camt = reader->camt;
    if (camt->statement_count == CAMT_STATEMENTS_MAX) {
        (void)refuse(reader, ERROR_LIMIT, "too many statements", "");
        return;
    }
    camt->statements = array_grow(camt->statements, &camt->statement_capacity,
                                  camt->statement_count + 1, sizeof(*camt->statements));
    camt->statements[camt->statement_count++] = (struct camt_statement){.id = ""};
    forget(reader, OF_STATEMENT);
}

static void begin_entry(struct reader *reader)
{
    reader->entry = (struct camt_entry){.statement = reader->camt->statement_count - 1};
    reader->entry_has_amount = reader->has_direction = reader->partly = false;
    reader->first_detail = reader->camt->entry_count;
    forget(reader, OF_ENTRY);
}

/* A detail says what the entry says, as far as it does not say otherwise itself. */
static void begin_detail(struct reader *reader)
{
    if (!reader->entry_has_amount || !reader->has_direction) {
        (void)refuse(reader, ERROR_INVALID,
                     "an entry's amount and direction stand before its details", "");
        return;
    }
    reader->detail = reader->entry;
    reader->detail_has_amount = reader->detail_has_total = false;
    reader->in_detail = true;
    forget(reader, OF_DETAIL);
}

static void push(struct reader *reader, struct camt_entry *entry)
{
    struct camt *camt = reader->camt;
    if (camt->entry_count == CAMT_ENTRIES_MAX) {
        (void)refuse(reader, ERROR_LIMIT, "too many entries", "");
        return;
    }
    entry->line = XML_GetCurrentLineNumber(reader->parser);
    camt->entries = array_grow(camt->entries, &camt->entry_capacity, camt->entry_count + 1,
                               sizeof(*camt->entries));
    camt->entries[camt->entry_count++] = *entry;
}

static void end_detail(struct reader *reader)
{
    struct camt_entry *detail = &reader->detail;
    reader->in_detail = false;
    if (!reader->detail_has_amount && reader->detail_has_total) {
        detail->amount = reader->detail_total;
        memcpy(detail->currency, reader->total_currency, CURRENCY_SIZE);
    }
    detail->amount_clear = reader->detail_has_amount || reader->detail_has_total;
    push(reader, detail);
}

/* Whether the details' amounts, as far as they are clear and in the entry's currency, agree with
 * the entry's: more than it holds is a contradiction. Not where one goes the other way. */
static bool details_fit(const struct reader *reader)
{
    const struct camt *camt = reader->camt;
    __int128 sum = 0;
    for (size_t i = reader->first_detail; i < camt->entry_count; i++) {
        const struct camt_entry *entry = &camt->entries[i];
        if (entry->credit != reader->entry.credit)
            return true;
        if (entry->amount_clear && strcmp(entry->currency, reader->entry_currency) == 0)
            sum += entry->amount.v;
    }
    return sum <= reader->entry_amount.v;
}

static void end_entry(struct reader *reader)
{
    struct camt *camt = reader->camt;
    struct camt_entry *entry = &reader->entry;
    if (!reader->entry_has_amount || !reader->has_direction) {
        (void)refuse(reader, ERROR_INVALID, "an entry needs an amount and a direction", "");
        return;
    }
    entry->amount = reader->entry_amount;
    memcpy(entry->currency, reader->entry_currency, CURRENCY_SIZE);
    size_t details = camt->entry_count - reader->first_detail;
    if (details == 0) {
        entry->amount_clear = true;
        push(reader, entry);
    } else if (details == 1 && !reader->partly &&
               !camt->entries[reader->first_detail].amount_clear) {
        struct camt_entry *only = &camt->entries[reader->first_detail];
        only->amount = entry->amount;
        memcpy(only->currency, entry->currency, CURRENCY_SIZE);
        only->amount_clear = true;
    } else if (!details_fit(reader)) {
        for (size_t i = reader->first_detail; i < camt->entry_count; i++)
            camt->entries[i].amount_clear = false;
    }
}

static void end_statement(struct reader *reader)
{
    if (!statement(reader)->account[0])
        (void)refuse(reader, ERROR_INVALID, "a statement needs an account", "");
}

/* ---- elements ------------------------------------------------------------------------------ */

/* "NAMESPACE NAME": whether it is in the document's namespace, which the root sets. */
static const char *own_name(struct reader *reader, const char *full)
{
    const char *name = strrchr(full, ' ');
    size_t size = name ? (size_t)(name - full) : 0;
    if (!name || size != strlen(reader->name_space) || memcmp(full, reader->name_space, size) != 0)
        return NULL;
    return name + 1;
}

/* The namespace says which message it is, and its version. */
static bool begin_document(struct reader *reader, const char *full)
{
    uint64_t version;
    size_t fixed = sizeof(NAMESPACE) - 1;
    const char *name = strrchr(full, ' ');
    size_t size = name ? (size_t)(name - full) : 0;
    bool known = name && size == fixed + 8 && memcmp(full, NAMESPACE, fixed) == 0 &&
                 (full[fixed] == '3' || full[fixed] == '4') &&
                 memcmp(full + fixed + 1, ".001.", 5) == 0 && strcmp(name, " Document") == 0;
    bool padded = known && full[fixed + 6] == '0';
    known = known &&
            parse_u64(bytes_of(full + fixed + 6 + padded, 2 - padded), VERSION_MAX, &version) &&
            version >= VERSION_MIN;
    if (!known)
        return refuse(reader, ERROR_INVALID,
                      "neither a camt.053 nor a camt.054 of the versions 02 to 13", "");
    reader->camt->kind = full[fixed] == '3' ? CAMT_STATEMENT : CAMT_NOTIFICATION;
    memcpy(reader->name_space, full, size);
    reader->name_space[size] = 0;
    return true;
}

/* The second element's name belongs to the message, the third is "Stmt" or "Ntfctn", and is "Stmt"
 * in paths. */
static const char *path_name(struct reader *reader, const char *name)
{
    bool statement = reader->camt->kind == CAMT_STATEMENT;
    if (reader->depth == 2 &&
        strcmp(name, statement ? "BkToCstmrStmt" : "BkToCstmrDbtCdtNtfctn") != 0) {
        (void)refuse(reader, ERROR_INVALID, "not the message that the namespace names", name);
        return NULL;
    }
    if (reader->depth != NAME_DEPTH)
        return name;
    return strcmp(name, statement ? "Stmt" : "Ntfctn") == 0 ? "Stmt" : "-";
}

static void begin_named(struct reader *reader)
{
    if (strcmp(reader->path, "Stmt") == 0)
        begin_statement(reader);
    else if (strcmp(reader->path, ENTRY) == 0)
        begin_entry(reader);
    else if (strcmp(reader->path, ENTRY "/NtryDtls") == 0)
        forget(reader, OF_BATCH);
    else if (strcmp(reader->path, DETAIL) == 0)
        begin_detail(reader);
    else if (strcmp(reader->path, DETAIL "/RtrInf") == 0)
        reader->detail.returned = true;
}

static void XMLCALL on_begin(void *context, const char *full, const char **attributes)
{
    struct reader *reader = context;
    if (reader->failed)
        return;
    if (!reader->foreign && reader->text_size > 0) {
        (void)refuse(reader, ERROR_INVALID, "text beside elements", "");
        return;
    }
    reader->text_size = 0;
    reader->text_too_long = reader->after_child = false;
    if (++reader->depth > CAMT_DEPTH_MAX) {
        (void)refuse(reader, ERROR_LIMIT, "elements nest too deep", "");
        return;
    }
    if (reader->depth == 1 && !begin_document(reader, full))
        return;
    const char *name = own_name(reader, full);
    if (!name && !reader->foreign)
        reader->foreign = reader->depth;
    if (reader->foreign || reader->depth == 1)
        return;
    name = path_name(reader, name);
    if (!name || reader->depth < NAME_DEPTH)
        return;
    size_t size = strlen(name) + (reader->path_size > 0);
    if (reader->path_size + size >= CAMT_PATH_MAX) {
        (void)refuse(reader, ERROR_LIMIT, "names are too long", "");
        return;
    }
    if (reader->path_size > 0)
        reader->path[reader->path_size] = '/';
    memcpy(reader->path + reader->path_size + (reader->path_size > 0), name, strlen(name) + 1);
    reader->path_size += size;
    reader->currency[0] = 0;
    for (size_t i = 0; attributes[i]; i += 2)
        if (strcmp(attributes[i], "Ccy") == 0 && is_currency(attributes[i + 1]))
            memcpy(reader->currency, attributes[i + 1], CURRENCY_SIZE);
    begin_named(reader);
}

/* The text without the white space around it, in place. */
static const char *trimmed(struct reader *reader)
{
    char *text = reader->text;
    size_t size = reader->text_size;
    while (size > 0 && strchr(" \t\r\n", text[size - 1]))
        size--;
    text[size] = 0;
    return text + strspn(text, " \t\r\n");
}

static void take_field(struct reader *reader)
{
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (strcmp(reader->path, fields[i].path) != 0)
            continue;
        const char *text = trimmed(reader);
        if (reader->text_too_long)
            (void)refuse(reader, ERROR_LIMIT, "is too long", reader->path);
        else if (reader->seen & UINT32_C(1) << i)
            (void)refuse(reader, ERROR_INVALID, "stands twice", reader->path);
        else if (text[0] || fields[i].take == take_entry_amount ||
                 fields[i].take == take_detail_amount)
            (void)fields[i].take(reader, text);
        reader->seen |= UINT32_C(1) << i;
        return;
    }
}

static void end_named(struct reader *reader)
{
    take_field(reader);
    if (reader->failed)
        return;
    if (strcmp(reader->path, "Stmt") == 0)
        end_statement(reader);
    else if (strcmp(reader->path, ENTRY) == 0)
        end_entry(reader);
    else if (strcmp(reader->path, DETAIL) == 0)
        end_detail(reader);
}

static void XMLCALL on_end(void *context, const char *full)
{
    struct reader *reader = context;
    (void)full;
    if (reader->failed)
        return;
    if (!reader->foreign && reader->after_child && reader->text_size > 0) {
        (void)refuse(reader, ERROR_INVALID, "text beside elements", "");
        return;
    }
    if (!reader->foreign && reader->depth >= NAME_DEPTH) {
        end_named(reader);
        const char *slash = strrchr(reader->path, '/');
        reader->path_size = slash ? (size_t)(slash - reader->path) : 0;
        reader->path[reader->path_size] = 0;
    }
    if (reader->foreign == reader->depth)
        reader->foreign = 0;
    reader->depth--;
    reader->text_size = 0;
    reader->text_too_long = false;
    reader->after_child = true;
}

/* White space before the first character is not kept: a text may begin with a long indent. */
static void XMLCALL on_text(void *context, const char *text, int size)
{
    struct reader *reader = context;
    for (int i = 0; i < size; i++) {
        if (reader->text_size == 0 && strchr(" \t\r\n", text[i]))
            continue;
        if (reader->text_size == TEXT_MAX) {
            reader->text_too_long = reader->text_too_long || !strchr(" \t\r\n", text[i]);
            continue;
        }
        reader->text[reader->text_size++] = text[i];
    }
}

static void XMLCALL on_doctype(void *context, const char *name, const char *system_id,
                               const char *public_id, int has_subset)
{
    struct reader *reader = context;
    (void)name, (void)system_id, (void)public_id, (void)has_subset;
    (void)refuse(reader, ERROR_DENIED, "a document type, which may bring entities, is not taken",
                 "");
}

static bool parse(struct reader *reader, struct bytes file)
{
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    /* In one piece: expat reads a token that comes in pieces again and again. */
    enum XML_Status status =
        XML_Parse(reader->parser, (const char *)file.at, (int)file.size, XML_TRUE);
    if (reader->failed)
        return false;
    if (status != XML_STATUS_OK)
        return refuse(reader, ERROR_INVALID, XML_ErrorString(XML_GetErrorCode(reader->parser)),
                      "not XML");
    if (reader->camt->statement_count == 0)
        return refuse(reader, ERROR_INVALID, "has no statement", "");
    return true;
}

bool camt_read(struct bytes file, struct camt *camt_out, struct error *error)
{
    if (file.size > CAMT_SIZE_MAX)
        return error_set(error, ERROR_LIMIT, "bank statement: larger than %d MiB",
                         CAMT_SIZE_MAX >> 20);
    struct camt camt = {0};
    struct reader *reader = allocate(1, sizeof(*reader));
    reader->parser = XML_ParserCreateNS(NULL, ' ');
    reader->camt = &camt;
    reader->error = error;
    must(reader->parser != NULL);
    bool good = parse(reader, file);
    XML_ParserFree(reader->parser);
    free(reader);
    if (!good) {
        camt_release(&camt);
        return error_wrap(error, "bank statement");
    }
    *camt_out = camt;
    return true;
}

void camt_release(struct camt *camt)
{
    free(camt->statements);
    free(camt->entries);
    *camt = (struct camt){0};
}
