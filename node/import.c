#include "node/import.h"

#include "node/cli.h"
#include "protocol/codes.h"
#include "protocol/limits.h"

#include <stdlib.h>
#include <string.h>

enum { NO_COLUMN = -1, MEMBER_TABLE_MIN = 1024, TEXTS_MAX = 1024 * 1024 * 1024 };

/* A value of a row: a column (found by the heading), or a constant. */
struct field {
    const char *column, *constant, *suffix;
    int place;
    int64_t number; /* divisor, or the value of "minimum" */
    bool given;
};
struct source {
    struct import_plan *plan;
    uint8_t number;
    enum import_type type;
    char separator;
    struct field member, points, amount, minimum, time, document, partner, currency;
    uint64_t line;
    int64_t modulo;  /* 0: partners by name */
    json_t *choices; /* "of": an array or an object; NULL: the value is the name */
    struct bytes secret;
    uint64_t row;
};

/* ---- the mapping --------------------------------------------------------------------------- */

static bool member_known(const char *name, const char *const *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, known[i]) == 0)
            return true;
    return false;
}

static bool only_known(json_t *object, const char *what, const char *const *known, size_t count,
                       struct error *error)
{
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
        if (!member_known(json_object_iter_key(at), known, count))
            return error_set(error, ERROR_INVALID, "mapping: %s: unknown member \"%s\"", what,
                             json_object_iter_key(at));
    return true;
}

/* "name": {"column": ..., "value": ..., "divisor": ..., "suffix": ...} */
static bool read_field(json_t *source, const char *name, bool needed, struct field *field,
                       struct error *error)
{
    static const char *const known[] = {"column", "value", "divisor", "suffix", "modulo", "of"};
    json_t *object = json_object_get(source, name);
    *field = (struct field){.place = NO_COLUMN, .number = 1};
    if (!object)
        return !needed || error_set(error, ERROR_INVALID, "mapping: \"%s\" is missing", name);
    if (!json_is_object(object))
        return error_set(error, ERROR_INVALID, "mapping: \"%s\" must be an object", name);
    if (!only_known(object, name, known, ARRAY_SIZE(known), error))
        return false;
    json_t *value = json_object_get(object, "value");
    json_t *divisor = json_object_get(object, "divisor");
    field->given = true;
    field->column = json_string_value(json_object_get(object, "column"));
    field->suffix = json_string_value(json_object_get(object, "suffix"));
    field->constant = json_string_value(value);
    if (json_is_integer(value))
        field->number = json_integer_value(value);
    if (divisor)
        field->number = json_integer_value(divisor);
    if (!field->column && !value)
        return error_set(error, ERROR_INVALID, "mapping: \"%s\" needs a column or a value", name);
    if (divisor && field->number < 1)
        return error_set(error, ERROR_INVALID, "mapping: \"%s\": divisor must be 1 or more", name);
    return true;
}

static bool read_fields(struct source *source, json_t *json, struct error *error)
{
    bool redeem = source->type == IMPORT_REDEEM;
    if (!read_field(json, "member", true, &source->member, error) ||
        !read_field(json, "points", false, &source->points, error) ||
        !read_field(json, "amount", false, &source->amount, error) ||
        !read_field(json, "minimum", false, &source->minimum, error) ||
        !read_field(json, "time", true, &source->time, error) ||
        !read_field(json, "document", false, &source->document, error) ||
        !read_field(json, "partner", true, &source->partner, error) ||
        !read_field(json, "currency", false, &source->currency, error))
        return false;
    if (source->points.given == source->amount.given || (source->amount.given && !redeem))
        return error_set(error, ERROR_INVALID,
                         "mapping: give \"points\", or for a redemption \"amount\" instead");
    if (source->minimum.given && (!source->minimum.column || source->minimum.number < 0))
        return error_set(error, ERROR_INVALID,
                         "mapping: \"minimum\" needs a column and a whole value");
    if (source->currency.given && (redeem || !source->points.column))
        return error_set(error, ERROR_INVALID,
                         "mapping: \"currency\" is of the column of an earn's \"points\"");
    source->plan->divisors[source->number] = source->points.number;
    json_t *partner = json_object_get(json, "partner");
    source->choices = json_object_get(partner, "of");
    source->modulo = json_integer_value(json_object_get(partner, "modulo"));
    if (source->modulo < 0 ||
        (source->modulo && (!json_is_array(source->choices) ||
                            (int64_t)json_array_size(source->choices) != source->modulo)))
        return error_set(error, ERROR_INVALID,
                         "mapping: \"modulo\" needs \"of\" with as many partners");
    return true;
}

static bool read_source(struct source *source, json_t *json, struct error *error)
{
    static const char *const known[] = {"type",     "key",     "member",   "points",
                                        "amount",   "minimum", "time",     "document",
                                        "currency", "partner", "separator"};
    const char *type = json_string_value(json_object_get(json, "type"));
    const char *key = json_string_value(json_object_get(json, "key"));
    const char *separator = json_string_value(json_object_get(json, "separator"));
    if (!json_is_object(json))
        return error_set(error, ERROR_INVALID, "mapping: a source must be an object");
    if (!only_known(json, "source", known, ARRAY_SIZE(known), error))
        return false;
    if (!type || (strcmp(type, "earn") != 0 && strcmp(type, "redeem") != 0))
        return error_set(error, ERROR_INVALID, "mapping: \"type\" is \"earn\" or \"redeem\"");
    if (!key || strlen(key) > IMPORT_KEY_PREFIX_MAX)
        return error_set(error, ERROR_INVALID,
                         "mapping: \"key\" is missing or longer than %d bytes: what the keys of "
                         "this file begin with",
                         IMPORT_KEY_PREFIX_MAX);
    if (separator && strlen(separator) != 1)
        return error_set(error, ERROR_INVALID, "mapping: \"separator\" is one byte");
    source->type = strcmp(type, "earn") == 0 ? IMPORT_EARN : IMPORT_REDEEM;
    source->separator = separator ? separator[0] : ',';
    snprintf(source->plan->keys[source->number], sizeof(source->plan->keys[0]), "%s", key);
    return read_fields(source, json, error);
}

/* ---- columns ------------------------------------------------------------------------------- */

static bool find_column(struct field *field, const struct csv *csv, const char *path,
                        struct error *error)
{
    if (!field->column)
        return true;
    for (size_t i = 0; i < csv->count; i++)
        if (strcmp(csv->fields[i], field->column) == 0) {
            field->place = (int)i;
            return true;
        }
    return error_set(error, ERROR_INVALID, "%s: no column \"%s\" in its first line", path,
                     field->column);
}

static bool find_columns(struct source *source, const struct csv *csv, const char *path,
                         struct error *error)
{
    struct field *all[] = {&source->member, &source->points,   &source->amount,  &source->minimum,
                           &source->time,   &source->document, &source->partner, &source->currency};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (!find_column(all[i], csv, path, error))
            return false;
    return true;
}

static const char *text_of(const struct field *field, const struct csv *csv)
{
    if (field->place == NO_COLUMN)
        return field->constant ? field->constant : "";
    return (size_t)field->place < csv->count ? csv->fields[field->place] : "";
}

/* ---- one row ------------------------------------------------------------------------------- */

static void grow_member_table(struct import_plan *plan)
{
    size_t size = plan->member_table_size ? plan->member_table_size * 2 : MEMBER_TABLE_MIN;
    free(plan->member_table);
    plan->member_table = (uint32_t *)allocate(size, sizeof(*plan->member_table));
    plan->member_table_size = size;
    for (size_t i = 0; i < plan->member_count; i++) {
        size_t at = get_u64be(plan->members[i].at) & (size - 1);
        while (plan->member_table[at])
            at = (at + 1) & (size - 1);
        plan->member_table[at] = (uint32_t)i + 1;
    }
}

static uint32_t find_member(struct import_plan *plan, const struct member_ref *member)
{
    if (plan->member_count * 2 >= plan->member_table_size)
        grow_member_table(plan);
    size_t at = get_u64be(member->at) & (plan->member_table_size - 1);
    while (plan->member_table[at]) {
        uint32_t place = plan->member_table[at] - 1;
        if (member_equal(&plan->members[place], member))
            return place;
        at = (at + 1) & (plan->member_table_size - 1);
    }
    plan->members = (struct member_ref *)array_grow(plan->members, &plan->member_capacity,
                                                    plan->member_count + 1, sizeof(*plan->members));
    plan->members[plan->member_count] = *member;
    plan->member_table[at] = (uint32_t)++plan->member_count;
    return (uint32_t)plan->member_count - 1;
}

static bool find_partner(struct import_plan *plan, const char *name, uint16_t *partner_out)
{
    for (size_t i = 0; i < plan->partner_count; i++)
        if (strcmp(plan->partners[i], name) == 0) {
            *partner_out = (uint16_t)i;
            return true;
        }
    if (plan->partner_count == IMPORT_PARTNERS_MAX || strlen(name) >= sizeof(plan->partners[0]))
        return false;
    snprintf(plan->partners[plan->partner_count], sizeof(plan->partners[0]), "%s", name);
    *partner_out = (uint16_t)plan->partner_count++;
    return true;
}

static bool row_partner(const struct source *source, const struct csv *csv, uint16_t *partner_out,
                        struct error *error)
{
    const char *text = text_of(&source->partner, csv);
    const char *name = text;
    uint64_t number;
    if (source->modulo) {
        if (!parse_u64(bytes_text(text), INT64_MAX, &number))
            return error_set(error, ERROR_INVALID, "partner: \"%.40s\" is no whole number", text);
        name = json_string_value(
            json_array_get(source->choices, (size_t)(number % (uint64_t)source->modulo)));
    } else if (json_is_object(source->choices)) {
        name = json_string_value(json_object_get(source->choices, text));
    }
    if (!name || !name[0])
        return error_set(error, ERROR_INVALID, "partner: none for \"%.40s\"", text);
    return find_partner(source->plan, name, partner_out) ||
           error_set(error, ERROR_LIMIT, "partner: \"%.40s\" is too much", name);
}

/* Empty: the coalition's. */
static bool row_currency(const struct source *source, const struct csv *csv,
                         struct import_event *event, struct error *error)
{
    const char *text = text_of(&source->currency, csv);
    if (!source->currency.given || !text[0])
        return true;
    if (!currency_valid(bytes_text(text)))
        return error_set(error, ERROR_INVALID, "currency: \"%.40s\" is not three capital letters",
                         text);
    memcpy(event->currency, text, sizeof(event->currency));
    return true;
}

/* Of a row in some currency: what it comes to is known when its rate is. */
static bool row_value(const struct source *source, const struct csv *csv,
                      struct import_event *event, struct error *error)
{
    uint64_t value;
    const char *text = text_of(&source->points, csv);
    if (!parse_u64(bytes_text(text), INT64_MAX, &value))
        return error_set(error, ERROR_INVALID, "points: \"%.40s\" is no whole number", text);
    event->points = (int64_t)value;
    return true;
}

static bool points_sound(int64_t points, struct error *error)
{
    return (points >= 1 && points <= POINTS_PER_RECORD_MAX) ||
           error_set(error, ERROR_INVALID, "points: %lld is not between 1 and %lld",
                     (long long)points, (long long)POINTS_PER_RECORD_MAX);
}

static bool row_quantity(const struct source *source, const struct csv *csv,
                         struct import_event *event, struct error *error)
{
    uint64_t value;
    if (event->currency[0])
        return row_value(source, csv, event, error);
    if (source->amount.given) {
        const char *text = text_of(&source->amount, csv);
        return (cli_micro_parse(text, &event->amount_micro) && event->amount_micro > 0) ||
               error_set(error, ERROR_INVALID, "amount: \"%.40s\" is no amount above 0", text);
    }
    if (source->points.place == NO_COLUMN) {
        event->points = source->points.number;
    } else {
        const char *text = text_of(&source->points, csv);
        if (!parse_u64(bytes_text(text), INT64_MAX, &value))
            return error_set(error, ERROR_INVALID, "points: \"%.40s\" is no whole number", text);
        event->points = (int64_t)value / source->points.number;
    }
    return points_sound(event->points, error);
}

static bool row_time(const struct source *source, const struct csv *csv, struct import_event *event,
                     struct error *error)
{
    char text[80];
    snprintf(text, sizeof(text), "%.40s%.30s", text_of(&source->time, csv),
             source->time.suffix ? source->time.suffix : "");
    return cli_time_parse(text, &event->time_ms) ||
           error_set(error, ERROR_INVALID, "time: \"%s\" is no time of RFC 3339 in UTC", text);
}

static bool row_member(const struct source *source, const struct csv *csv,
                       struct import_event *event, struct error *error)
{
    const char *text = text_of(&source->member, csv);
    struct member_ref member;
    if (!text[0])
        return error_set(error, ERROR_INVALID, "member: empty");
    struct hash hash = hmac(source->secret, bytes_text(text));
    memcpy(member.at, hash.at, MEMBER_REF_SIZE);
    event->member = find_member(source->plan, &member);
    return true;
}

static bool row_document(const struct source *source, const struct csv *csv,
                         struct import_event *event, struct error *error)
{
    const char *text = text_of(&source->document, csv);
    if (!source->document.given || !text[0])
        return true;
    if (strlen(text) > DOCUMENT_SIZE_MAX)
        return error_set(error, ERROR_INVALID, "document: longer than %d bytes", DOCUMENT_SIZE_MAX);
    event->document = (uint32_t)source->plan->texts.size;
    buffer_append(&source->plan->texts, bytes_of(text, strlen(text) + 1));
    return !source->plan->texts.overflowed ||
           error_set(error, ERROR_LIMIT, "more text than an import may have");
}

/* False without an error: the row is below the minimum. */
static bool row_counts(const struct source *source, const struct csv *csv, bool *counts_out,
                       struct error *error)
{
    uint64_t value = 0;
    *counts_out = true;
    if (!source->minimum.given)
        return true;
    const char *text = text_of(&source->minimum, csv);
    if (!parse_u64(bytes_text(text), INT64_MAX, &value))
        return error_set(error, ERROR_INVALID, "minimum: \"%.40s\" is no whole number", text);
    *counts_out = value >= (uint64_t)source->minimum.number;
    return true;
}

static bool read_row(struct source *source, const struct csv *csv, struct error *error)
{
    struct import_plan *plan = source->plan;
    bool counts;
    struct import_event event = {.source = source->number,
                                 .type = (uint8_t)source->type,
                                 .row = source->row,
                                 .line = (uint32_t)source->line,
                                 .next = UINT32_MAX};
    if (!row_counts(source, csv, &counts, error))
        return false;
    if (!counts) {
        plan->skipped++;
        return true;
    }
    if (plan->event_count >= IMPORT_EVENTS_MAX)
        return error_set(error, ERROR_LIMIT, "more than %d events", IMPORT_EVENTS_MAX);
    if (!row_partner(source, csv, &event.partner, error) ||
        !row_currency(source, csv, &event, error) || !row_quantity(source, csv, &event, error) ||
        !row_time(source, csv, &event, error) || !row_document(source, csv, &event, error) ||
        !row_member(source, csv, &event, error))
        return false;
    plan->events = (struct import_event *)array_grow(plan->events, &plan->event_capacity,
                                                     plan->event_count + 1, sizeof(*plan->events));
    plan->events[plan->event_count++] = event;
    plan->foreign_count += event.currency[0] != 0;
    return true;
}

/* ---- files --------------------------------------------------------------------------------- */

static void reject(struct import_plan *plan, uint8_t source, uint64_t line, const char *why)
{
    size_t place = plan->reject_count++;
    if (place >= IMPORT_REJECTS_MAX)
        return;
    plan->rejects = (struct import_reject *)array_grow(plan->rejects, &plan->reject_capacity,
                                                       place + 1, sizeof(*plan->rejects));
    plan->rejects[place] = (struct import_reject){.source = source, .line = line};
    snprintf(plan->rejects[place].why, sizeof(plan->rejects[place].why), "%.159s", why);
}

static bool read_file(struct source *source, const char *path, struct bytes file,
                      struct error *error)
{
    struct csv *csv = (struct csv *)allocate(1, sizeof(*csv));
    struct error why;
    csv_init(csv, file, source->separator);
    bool ok = csv_next(csv, error) == CSV_ROW ||
              error_set(error, ERROR_INVALID, "%s: its first line must name the columns", path);
    ok = ok && find_columns(source, csv, path, error);
    enum csv_result result;
    while (ok && (result = csv_next(csv, &why)) != CSV_END) {
        source->row++;
        /* Of a row that is no CSV the text names the line, which the reject does anyway. */
        const char *text = why.text;
        if (result == CSV_BAD)
            text = strstr(why.text, ": ") + 2;
        source->line = csv->line;
        if (result == CSV_BAD || !read_row(source, csv, &why))
            reject(source->plan, source->number, csv->line, text);
    }
    free(csv);
    return ok;
}

static bool read_one(struct import_plan *plan, json_t *json, uint8_t number, const char *path,
                     struct bytes secret, struct hasher *hasher, struct error *error)
{
    struct source source = {.plan = plan, .number = number, .secret = secret};
    if (!read_source(&source, json, error))
        return false;
    struct buffer file;
    buffer_init(&file, IMPORT_FILE_MAX);
    bool ok = cli_file_read(path, IMPORT_FILE_MAX, &file, error) &&
              read_file(&source, path, buffer_bytes(&file), error);
    struct hash hash = hash_bytes(buffer_bytes(&file));
    hasher_update(hasher, hash_as_bytes(&hash));
    buffer_release(&file);
    return ok;
}

static int in_time_order(const void *left, const void *right)
{
    const struct import_event *a = (const struct import_event *)left;
    const struct import_event *b = (const struct import_event *)right;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static void chain_members(struct import_plan *plan)
{
    uint32_t *last = (uint32_t *)allocate(plan->member_count + 1, sizeof(*last));
    for (size_t i = 0; i < plan->event_count; i++) {
        uint32_t member = plan->events[i].member;
        if (last[member])
            plan->events[last[member] - 1].next = (uint32_t)i;
        last[member] = (uint32_t)i + 1;
    }
    free(last);
}

bool import_plan_open(json_t *mapping, const char *const *paths, size_t path_count,
                      struct bytes secret, struct import_plan *plan_out, struct error *error)
{
    static const char *const known[] = {"sources"};
    json_t *sources = json_object_get(mapping, "sources");
    if (!json_is_array(sources) || json_array_size(sources) == 0 ||
        json_array_size(sources) > IMPORT_SOURCES_MAX)
        return error_set(error, ERROR_INVALID, "mapping: \"sources\" must be a list of 1 to %d",
                         IMPORT_SOURCES_MAX);
    if (!only_known(mapping, "top", known, ARRAY_SIZE(known), error))
        return false;
    if (json_array_size(sources) != path_count)
        return error_set(error, ERROR_INVALID, "the mapping has %zu sources, but %zu files came",
                         json_array_size(sources), path_count);
    struct import_plan *plan = (struct import_plan *)allocate(1, sizeof(*plan));
    struct hasher hasher;
    hasher_init(&hasher);
    buffer_init(&plan->texts, TEXTS_MAX);
    buffer_append_byte(&plan->texts, 0); /* offset 0 is "no document" */
    char *text = json_dumps(mapping, JSON_COMPACT | JSON_SORT_KEYS);
    hasher_update(&hasher, bytes_text(text ? text : ""));
    free(text);
    bool ok = true;
    for (size_t i = 0; i < path_count && ok; i++)
        ok = read_one(plan, json_array_get(sources, i), (uint8_t)i, paths[i], secret, &hasher,
                      error);
    plan->fingerprint = hasher_final(&hasher);
    if (ok) {
        if (plan->event_count)
            qsort(plan->events, plan->event_count, sizeof(*plan->events), in_time_order);
        chain_members(plan);
        *plan_out = *plan;
    } else {
        import_plan_release(plan);
    }
    free(plan);
    return ok;
}

/* ---- currencies ---------------------------------------------------------------------------- */

/* Exact until it is rounded down. False: it has no rate, or comes to no points. */
static bool convert(const struct import_plan *plan, struct import_event *event, import_rate *rate,
                    void *context, struct error *why)
{
    char text[IMPORT_WHY_SIZE];
    int64_t micro;
    if (!rate(context, event, &micro, text))
        return error_set(why, ERROR_INVALID, "%s", text);
    __int128 points = (__int128)event->points * micro / 1000000 / plan->divisors[event->source];
    event->points = points < INT64_MAX ? (int64_t)points : INT64_MAX;
    return points_sound(event->points, why);
}

void import_convert(struct import_plan *plan, import_rate *rate, void *context)
{
    struct hasher hasher;
    size_t kept = 0;
    hasher_init(&hasher);
    hasher_update(&hasher, hash_as_bytes(&plan->fingerprint));
    for (size_t i = 0; i < plan->event_count; i++) {
        struct import_event event = plan->events[i];
        struct error why;
        uint8_t points[8] = {0};
        bool good = !event.currency[0] || convert(plan, &event, rate, context, &why);
        if (good)
            put_u64be(points, (uint64_t)event.points);
        hasher_update(&hasher, bytes_of(points, sizeof(points)));
        event.currency[0] = 0;
        event.next = UINT32_MAX;
        if (good)
            plan->events[kept++] = event;
        else
            reject(plan, event.source, event.line, why.text);
    }
    plan->event_count = kept;
    plan->foreign_count = 0;
    plan->fingerprint = hasher_final(&hasher);
    chain_members(plan);
}

void import_plan_release(struct import_plan *plan)
{
    free(plan->events);
    free(plan->members);
    free(plan->member_table);
    free(plan->rejects);
    buffer_release(&plan->texts);
}

void import_key(const struct import_plan *plan, const struct import_event *event, char key_out[72])
{
    snprintf(key_out, 72, "%s%llu", plan->keys[event->source], (unsigned long long)event->row);
}

const char *import_document(const struct import_plan *plan, const struct import_event *event)
{
    return event->document ? (const char *)plan->texts.at + event->document : NULL;
}
