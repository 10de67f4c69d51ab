#include "protocol/settle.h"

#include "protocol/codec.h"

#include <string.h>

const char *dispute_code_word(enum dispute_code code)
{
    static const char *const words[] = {
#define X(name, number, word) [name] = word,
        DISPUTE_CODES(X)
#undef X
    };
    must(code < DISPUTE_CODE_COUNT);
    return words[code];
}

bool dispute_code_from_word(const char *word, enum dispute_code *code_out)
{
    for (int i = 0; i < DISPUTE_CODE_COUNT; i++)
        if (strcmp(word, dispute_code_word((enum dispute_code)i)) == 0) {
            *code_out = (enum dispute_code)i;
            return true;
        }
    return false;
}

/* ---- fields -------------------------------------------------------------------------------- */

enum {
    PROPOSE_ITEMS = 4,
    SIGN_ITEMS = 3,
    DISPUTE_ITEMS = 9,
    ANSWER_ITEMS = 7, /* respond, resolve */
    FINALISE_ITEMS = 1,
    PAY_ITEMS = 4,
    TOLD_ITEMS = 2, /* confirm, fail */
    DEFAULT_ITEMS = 3
};

static size_t items(enum settle_step step)
{
    switch (step) {
    case SETTLE_PROPOSE:
        return PROPOSE_ITEMS;
    case SETTLE_SIGN:
        return SIGN_ITEMS;
    case SETTLE_DISPUTE:
        return DISPUTE_ITEMS;
    case SETTLE_RESPOND:
    case SETTLE_RESOLVE:
        return ANSWER_ITEMS;
    case SETTLE_FINALISE:
        return FINALISE_ITEMS;
    case SETTLE_PAY:
        return PAY_ITEMS;
    case SETTLE_CONFIRM:
    case SETTLE_FAIL:
        return TOLD_ITEMS;
    case SETTLE_DEFAULT:
        return DEFAULT_ITEMS;
    }
    return 0;
}

static void put_parties(struct buffer *out, const struct disputed_line *line)
{
    codec_put_uint(out, line->debtor.v);
    codec_put_uint(out, line->creditor.v);
    codec_put_uint(out, line->line_class);
    codec_put_uint(out, line->tariff);
}

static void get_parties(struct codec_reader *reader, struct disputed_line *line_out)
{
    line_out->debtor.v = (uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1);
    line_out->creditor.v = (uint16_t)codec_get_uint(reader, PARTNERS_MAX - 1);
    line_out->line_class = (enum line_class)codec_get_uint(reader, LINE_CLASS_COUNT - 1);
    line_out->tariff = (uint8_t)codec_get_uint(reader, TARIFFS_MAX - 1);
}

static void put_hash(struct buffer *out, const struct hash *hash)
{
    codec_put_bytes(out, hash_as_bytes(hash));
}

/* ---- bodies -------------------------------------------------------------------------------- */

void settle_put(enum settle_step step, const struct settle *settle, struct buffer *out)
{
    codec_put_array(out, items(step));
    codec_put_uint(out, settle->period);
    switch (step) {
    case SETTLE_PROPOSE:
        codec_put_uint(out, settle->records);
        put_hash(out, &settle->root);
        put_hash(out, &settle->totals);
        return;
    case SETTLE_SIGN:
        put_hash(out, &settle->totals);
        put_hash(out, &settle->approver);
        return;
    case SETTLE_DISPUTE:
        put_parties(out, &settle->line);
        codec_put_uint(out, settle->code);
        codec_put_bytes(out, settle->evidence);
        codec_put_bytes(out, settle->automatic);
        codec_put_bytes(out, settle->path);
        return;
    case SETTLE_RESPOND:
    case SETTLE_RESOLVE:
        codec_put_uint(out, settle->line.record.v);
        put_parties(out, &settle->line);
        codec_put_int(out, settle->amount);
        return;
    case SETTLE_FINALISE:
        return;
    case SETTLE_PAY:
        codec_put_uint(out, settle->payment);
        codec_put_uint(out, settle->attempt);
        put_hash(out, &settle->approver);
        return;
    case SETTLE_CONFIRM:
    case SETTLE_FAIL:
        codec_put_uint(out, settle->payment);
        return;
    case SETTLE_DEFAULT:
        codec_put_uint(out, settle->payment);
        put_hash(out, &settle->approver);
        return;
    }
}

static void get_dispute(struct codec_reader *reader, struct settle *settle)
{
    get_parties(reader, &settle->line);
    settle->code = (enum dispute_code)codec_get_uint(reader, DISPUTE_CODE_COUNT - 1);
    settle->evidence = codec_get_bytes(reader, 1, DISPUTE_EVIDENCE_MAX);
    settle->automatic = codec_get_bytes(reader, 0, DISPUTE_EVIDENCE_MAX);
    settle->path = codec_get_bytes(reader, 0, (size_t)DISPUTE_PATH_MAX * HASH_SIZE);
    if (settle->path.size % HASH_SIZE != 0)
        codec_fail(reader, "a path of broken hashes");
}

static void get_approver(struct codec_reader *reader, struct settle *settle)
{
    codec_get_fixed(reader, settle->approver.at, HASH_SIZE);
    if (!reader->failed && hash_is_zero(&settle->approver))
        codec_fail(reader, "an approver of zeros");
}

void settle_get(enum settle_step step, struct codec_reader *reader, struct settle *settle)
{
    codec_get_array(reader, items(step), items(step));
    settle->period = (uint32_t)codec_get_uint(reader, PERIOD_NUMBER_MAX);
    switch (step) {
    case SETTLE_PROPOSE:
        settle->records = codec_get_uint(reader, INT64_MAX);
        codec_get_fixed(reader, settle->root.at, HASH_SIZE);
        codec_get_fixed(reader, settle->totals.at, HASH_SIZE);
        return;
    case SETTLE_SIGN:
        codec_get_fixed(reader, settle->totals.at, HASH_SIZE);
        get_approver(reader, settle);
        return;
    case SETTLE_DISPUTE:
        get_dispute(reader, settle);
        return;
    case SETTLE_RESPOND:
    case SETTLE_RESOLVE:
        settle->line.record.v = codec_get_uint(reader, INT64_MAX);
        get_parties(reader, &settle->line);
        settle->amount = codec_get_int(reader, INT64_MIN, INT64_MAX);
        return;
    case SETTLE_FINALISE:
        return;
    case SETTLE_PAY:
        settle->payment = (uint32_t)codec_get_uint(reader, PAYMENTS_MAX - 1);
        settle->attempt = (uint32_t)codec_get_uint(reader, UINT32_MAX);
        get_approver(reader, settle);
        return;
    case SETTLE_CONFIRM:
    case SETTLE_FAIL:
        settle->payment = (uint32_t)codec_get_uint(reader, PAYMENTS_MAX - 1);
        return;
    case SETTLE_DEFAULT:
        settle->payment = (uint32_t)codec_get_uint(reader, PAYMENTS_MAX - 1);
        get_approver(reader, settle);
        return;
    }
}
