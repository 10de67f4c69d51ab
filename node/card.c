#include "node/card.h"

#include <ctype.h>
#include <string.h>

enum { CARD_DISTINCT_MIN = 5 };

/* Few different characters, or equal steps from each to the next: somebody made it up. Twenty
 * random digits show fewer than five kinds once in 10^11. */
static bool is_pattern(const uint8_t *at, size_t size)
{
    bool seen[256] = {false};
    size_t distinct = 0, steady = 0;
    for (size_t i = 0; i < size; i++) {
        distinct += !seen[at[i]];
        seen[at[i]] = true;
        if (i >= 2 && at[i] - at[i - 1] == at[i - 1] - at[i - 2])
            steady++;
    }
    return distinct < CARD_DISTINCT_MIN || steady * 2 > size;
}

bool card_token(struct bytes secret, struct bytes number, struct card_token *token_out,
                struct error *error)
{
    uint8_t plain[CARD_NUMBER_MAX];
    size_t size = 0, digits = 0;
    for (size_t i = 0; i < number.size; i++) {
        if (number.at[i] == ' ' || number.at[i] == '-')
            continue;
        if (number.at[i] >= 0x80 || !isalnum(number.at[i]) || size == CARD_NUMBER_MAX)
            return error_set(error, ERROR_INVALID,
                             "must be at most %d digits and letters, blanks and dashes between",
                             CARD_NUMBER_MAX);
        digits += isdigit(number.at[i]) != 0;
        plain[size++] = number.at[i];
    }
    size_t needed = digits == size ? CARD_DIGITS_MIN : CARD_ALNUM_MIN;
    if (size < needed || is_pattern(plain, size))
        return error_set(error, ERROR_INVALID,
                         "could be guessed: cards need a random number of at least %d digits, or "
                         "%d digits and letters",
                         CARD_DIGITS_MIN, CARD_ALNUM_MIN);
    struct hash token = hmac(secret, bytes_of(plain, size));
    memcpy(token_out->at, token.at, HASH_SIZE);
    return true;
}
