#include "partners/payment_account.h"

#include "partners/sepa_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    DIGEST_BYTES = 9,
    DIGEST_DIGITS = 2 * DIGEST_BYTES,
    /* "P", the period, "-EUR-" and the digits stay within 35 characters. */
    PERIOD_DIGITS_MAX = END_TO_END_SIZE - 1 - 1 - 5 - DIGEST_DIGITS
};
#define PERIOD_MAX UINT64_C(9999999999) /* ten digits */
_Static_assert(PERIOD_DIGITS_MAX >= 10, "a name fits");

bool payment_account_check(const char *what, const struct payment_account *account,
                           struct error *error)
{
    char again[IBAN_SIZE], bank[BIC_SIZE], label[64];
    (void)snprintf(label, sizeof(label), "%.40s, holder", what);
    if (!sepa_text_check(label, bytes_text(account->holder), HOLDER_MAX, error))
        return false;
    if (!iban_parse(bytes_text(account->iban), again, error) ||
        (account->bic[0] && !bic_parse(bytes_text(account->bic), bank, error)))
        return error_wrap(error, "%s", what);
    if (strcmp(again, account->iban) != 0)
        return error_set(error, ERROR_INVALID, "%s: the IBAN must be in its electronic form", what);
    return true;
}

void end_to_end_make(const struct payment_name *name, char text_out[END_TO_END_SIZE])
{
    must(strlen(name->currency) == CURRENCY_SIZE - 1 && name->period <= PERIOD_MAX);
    struct buffer said;
    buffer_init(&said, 1024);
    buffer_append(&said, hash_as_bytes(&name->coalition));
    buffer_printf(&said, "\n%" PRIu64 "\n%s\n%s\n%s\n%" PRIu32 "\n", name->period, name->currency,
                  name->from, name->to, name->attempt);
    if (name->number > 0)
        buffer_printf(&said, "%" PRIu32 "\n", name->number);
    must(!said.overflowed);
    struct hash digest = hash_bytes(buffer_bytes(&said));
    buffer_release(&said);
    char digits[DIGEST_DIGITS + 1];
    hex_encode(bytes_of(hash_as_bytes(&digest).at, DIGEST_BYTES), digits);
    (void)snprintf(text_out, END_TO_END_SIZE, "P%" PRIu64 "-%s-%s", name->period, name->currency,
                   digits);
}

bool end_to_end_shaped(const char *text)
{
    uint8_t digest[DIGEST_BYTES];
    struct bytes rest = bytes_text(text), period, currency;
    uint64_t number;
    if (rest.size == 0 || rest.at[0] != 'P')
        return false;
    rest = bytes_of(rest.at + 1, rest.size - 1);
    if (!bytes_cut(&rest, '-', &period) || !bytes_cut(&rest, '-', &currency))
        return false;
    for (size_t i = 0; i < currency.size; i++)
        if (currency.at[i] < 'A' || currency.at[i] > 'Z')
            return false;
    return parse_u64(period, PERIOD_MAX, &number) && currency.size == CURRENCY_SIZE - 1 &&
           hex_decode(rest, digest, sizeof(digest));
}
