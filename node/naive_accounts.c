/* Where partners are paid, by protocol/SETTLEMENT.md section 24. */
#include "node/naive_parts.h"

#include "protocol/codec.h"
#include "protocol/limits.h"

#include <string.h>

#define DAY_MS UINT64_C(86400000)

/* ---- what an account is ---------------------------------------------------------------------- */

/* By country what follows the check digits: so many digits (n), capital letters (a) or either (c).
 * A blank before each, so that a country is found by its name. */
static const char countries[] =
    " AD8n12c AE19n AL8n16c AT16n AZ4a20c BA16n BE12n BG4a6n8c BH4a14c BI23n BR23n1a1c BY4c4n16c"
    " CH5n12c CR18n CY8n16c CZ20n DE18n DJ23n DK14n DO4c20n EE16n EG25n ES20n FI14n FK2a12n FO14n"
    " FR10n11c2n GB4a14n GE2a16n GI4a15c GL14n GR7n16c GT24c HR17n HU24n IE4a14n IL19n IQ4a15n"
    " IS22n IT1a10n12c JO4a4n18c KW4a22c KZ3n13c LB4n20c LC4a24c LI5n12c LT16n LU3n13c LV4a13c"
    " LY21n MC10n11c2n MD20c ME18n MK3n10c2n MN16n MR23n MT4a5n18c MU4a19n3a NI4a20n NL4a10n NO11n"
    " OM3n16c PK4a16c PL24n PS4a21c PT21n QA4a21c RO4a16c RS18n RU14n15c SA2n18c SC4a20n3a SD14n"
    " SE20n SI15n SK20n SM1a10n12c SO19n ST21n SV4a20n TL19n TN20n TR6n16c UA6n19c VA18n VG4a16n"
    " XK16n YE4a4n18c ";

static bool digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool capital(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool fits(uint8_t c, char kind)
{
    return (kind != 'a' && digit(c)) || (kind != 'n' && capital(c));
}

/* The whole number is 1 modulo 97, its first four characters put last, A read as 10. */
static bool checks(struct bytes iban)
{
    uint32_t rest = 0;
    for (size_t i = 0; i < iban.size; i++) {
        uint8_t c = iban.at[i + 4 < iban.size ? i + 4 : i + 4 - iban.size];
        if (capital(c))
            rest = (rest * 10 + (uint32_t)(c - 'A' + 10) / 10) % 97;
        rest = (rest * 10 + (capital(c) ? (uint32_t)(c - 'A') % 10 : (uint32_t)(c - '0'))) % 97;
    }
    int given = (iban.at[2] - '0') * 10 + iban.at[3] - '0';
    return rest == 1 && given >= 2 && given <= 98;
}

static bool iban_good(struct bytes iban)
{
    if (iban.size < 5 || !capital(iban.at[0]) || !capital(iban.at[1]) || !digit(iban.at[2]) ||
        !digit(iban.at[3]))
        return false;
    const char name[] = {' ', (char)iban.at[0], (char)iban.at[1], 0};
    const char *shape = strstr(countries, name);
    if (!shape)
        return false;
    size_t at = 4;
    for (shape += 3; *shape != ' '; shape++) {
        size_t run = 0;
        while (digit((uint8_t)*shape))
            run = run * 10 + (size_t)(*shape++ - '0');
        for (; run > 0; run--, at++)
            if (at >= iban.size || !fits(iban.at[at], *shape))
                return false;
    }
    return at == iban.size && checks(iban);
}

static bool bic_good(struct bytes bic)
{
    if (bic.size == 0)
        return true;
    for (size_t i = 0; i < bic.size; i++)
        if (!fits(bic.at[i], i == 4 || i == 5 ? 'a' : 'c'))
            return false;
    return bic.size == 8 || bic.size == 11;
}

static bool holder_good(struct bytes holder)
{
    for (size_t i = 0; i < holder.size; i++)
        if (!digit(holder.at[i]) && !capital((uint8_t)(holder.at[i] & 0xdf)) &&
            !memchr(" /-?:().,'+", holder.at[i], 11))
            return false;
    return holder.size > 0 && holder.size <= HOLDER_MAX && holder.at[0] != ' ' &&
           holder.at[holder.size - 1] != ' ';
}

bool naive_account_good(struct bytes holder, struct bytes iban, struct bytes bic)
{
    return holder_good(holder) && iban_good(iban) && bic_good(bic);
}

/* ---- one word of a partner ------------------------------------------------------------------- */

static bool given(const struct naive_account *account)
{
    return account->holder[0] != 0;
}

static bool same(const struct naive_account *a, const struct naive_account *b)
{
    return strcmp(a->iban, b->iban) == 0 && strcmp(a->bic, b->bic) == 0 &&
           strcmp(a->holder, b->holder) == 0;
}

/* As it stands at that time: what has come is no longer what comes next. */
static struct naive_accounts at_time(struct naive_accounts row, uint64_t now_ms)
{
    if (given(&row.next) && row.next.from_ms <= now_ms) {
        row.now = row.next;
        memset(&row.next, 0, sizeof(row.next));
    }
    return row;
}

static struct naive_accounts *row_of(struct naive *n, uint16_t partner, const char *currency)
{
    for (size_t i = 0; i < n->account_count; i++)
        if (n->accounts[i].partner == partner && strcmp(n->accounts[i].currency, currency) == 0)
            return &n->accounts[i];
    n->accounts = (struct naive_accounts *)array_grow(n->accounts, &n->account_capacity,
                                                      n->account_count + 1, sizeof(*n->accounts));
    struct naive_accounts *row = &n->accounts[n->account_count++];
    *row = (struct naive_accounts){.partner = partner};
    memcpy(row->currency, currency, sizeof(row->currency));
    return row;
}

static void copy(char *out, struct bytes text)
{
    if (text.size > 0)
        memcpy(out, text.at, text.size);
}

static uint64_t after_days(const struct naive *n)
{
    uint64_t from_ms = n->now_ms + n->rules.settlement.account_days * DAY_MS;
    return from_ms < TIME_MS_MAX ? from_ms : TIME_MS_MAX;
}

enum verdict naive_set_account(struct naive *n, const struct naive_tx *tx)
{
    const struct account_words *words = &tx->transaction->body.deal.account;
    struct naive_account said = {.holder = ""};
    if (!naive_is_currency(n, words->currency) ||
        !naive_account_good(words->holder, words->iban, words->bic))
        return VERDICT_BAD_ACCOUNT;
    copy(said.holder, words->holder);
    copy(said.iban, words->iban);
    copy(said.bic, words->bic);
    struct naive_accounts *row = row_of(n, tx->writer, words->currency);
    *row = at_time(*row, n->now_ms);
    if (same(&said, given(&row->next) ? &row->next : &row->now))
        return VERDICT_NOTHING_TO_DO;
    if (!same(&said, &row->pending)) {
        row->pending = said;
        row->approver = words->approver;
        return VERDICT_ACCEPTED;
    }
    if (hash_equal(&row->approver, &words->approver))
        return VERDICT_SAME_APPROVER;
    memset(&row->pending, 0, sizeof(row->pending));
    memset(&row->approver, 0, sizeof(row->approver));
    memset(&row->next, 0, sizeof(row->next));
    said.from_ms = after_days(n);
    if (!same(&said, &row->now))
        row->next = said;
    return VERDICT_ACCEPTED;
}

/* ---- asking ---------------------------------------------------------------------------------- */

size_t naive_account_count(const struct naive *n)
{
    return n->account_count;
}

struct naive_accounts naive_account_at(const struct naive *n, size_t place)
{
    must(place < n->account_count);
    return at_time(n->accounts[place], n->now_ms);
}

/* ---- as bytes -------------------------------------------------------------------------------- */

static void put_account(const struct naive_account *account, struct buffer *out)
{
    codec_put_text(out, bytes_text(account->holder));
    codec_put_text(out, bytes_text(account->iban));
    codec_put_text(out, bytes_text(account->bic));
    codec_put_uint(out, account->from_ms);
}

void naive_put_accounts(const struct naive *n, struct buffer *out)
{
    codec_put_uint(out, n->account_count);
    for (size_t i = 0; i < n->account_count; i++) {
        const struct naive_accounts *row = &n->accounts[i];
        codec_put_uint(out, row->partner);
        codec_put_text(out, bytes_text(row->currency));
        put_account(&row->now, out);
        put_account(&row->next, out);
        put_account(&row->pending, out);
        codec_put_bytes(out, hash_as_bytes(&row->approver));
    }
}

static void get_account(struct codec_reader *reader, struct naive_account *account)
{
    struct bytes holder = codec_get_text(reader, 0, HOLDER_MAX);
    struct bytes iban = codec_get_text(reader, 0, IBAN_TEXT_MAX);
    struct bytes bic = codec_get_text(reader, 0, BIC_TEXT_MAX);
    account->from_ms = codec_get_uint(reader, TIME_MS_MAX);
    if (reader->failed || (holder.size + iban.size + bic.size + account->from_ms == 0))
        return;
    if (!naive_account_good(holder, iban, bic)) {
        codec_fail(reader, "an account that is none");
        return;
    }
    copy(account->holder, holder);
    copy(account->iban, iban);
    copy(account->bic, bic);
}

static bool row_adds_up(const struct naive_accounts *row, uint64_t now_ms)
{
    const struct naive_accounts today = at_time(*row, now_ms);
    const struct naive_account *newest = given(&today.next) ? &today.next : &today.now;
    return (given(newest) || given(&row->pending)) && row->now.from_ms <= now_ms &&
           !(given(&row->next) && same(&row->next, &row->now)) && row->pending.from_ms == 0 &&
           given(&row->pending) != hash_is_zero(&row->approver) &&
           !(given(&row->pending) && same(&row->pending, newest));
}

void naive_get_accounts(struct codec_reader *reader, struct naive *n)
{
    size_t left = (size_t)codec_get_uint(reader, (uint64_t)(reader->end - reader->at));
    for (; left > 0 && !reader->failed; left--) {
        struct naive_accounts row = {
            .partner = (uint16_t)codec_get_uint(reader, n->rules.partner_count - 1)};
        struct bytes currency = codec_get_text(reader, 3, 3);
        get_account(reader, &row.now);
        get_account(reader, &row.next);
        get_account(reader, &row.pending);
        codec_get_fixed(reader, row.approver.at, HASH_SIZE);
        if (reader->failed)
            return;
        copy(row.currency, currency);
        size_t count = n->account_count;
        struct naive_accounts *there = row_of(n, row.partner, row.currency);
        if (n->account_count == count || !row_adds_up(&row, n->now_ms) ||
            !naive_is_currency(n, row.currency)) {
            codec_fail(reader, "accounts that do not add up");
            return;
        }
        *there = row;
    }
}
