#include "partners/iban.h"

#include <stdio.h>
#include <string.h>

enum { REFERENCE_NUMBER_MAX = 21 };

/* What follows country and check digits: runs of n digits, a upper-case letters, c either. */
static const struct iban_country {
    char code[3];
    bool sepa;
    const char *shape;
} countries[] = {
    {"AD", true, "8n12c"},    {"AE", false, "19n"},     {"AL", true, "8n16c"},
    {"AT", true, "16n"},      {"AZ", false, "4a20c"},   {"BA", false, "16n"},
    {"BE", true, "12n"},      {"BG", true, "4a6n8c"},   {"BH", false, "4a14c"},
    {"BI", false, "23n"},     {"BR", false, "23n1a1c"}, {"BY", false, "4c4n16c"},
    {"CH", true, "5n12c"},    {"CR", false, "18n"},     {"CY", true, "8n16c"},
    {"CZ", true, "20n"},      {"DE", true, "18n"},      {"DJ", false, "23n"},
    {"DK", true, "14n"},      {"DO", false, "4c20n"},   {"EE", true, "16n"},
    {"EG", false, "25n"},     {"ES", true, "20n"},      {"FI", true, "14n"},
    {"FK", false, "2a12n"},   {"FO", false, "14n"},     {"FR", true, "10n11c2n"},
    {"GB", true, "4a14n"},    {"GE", false, "2a16n"},   {"GI", true, "4a15c"},
    {"GL", false, "14n"},     {"GR", true, "7n16c"},    {"GT", false, "24c"},
    {"HR", true, "17n"},      {"HU", true, "24n"},      {"IE", true, "4a14n"},
    {"IL", false, "19n"},     {"IQ", false, "4a15n"},   {"IS", true, "22n"},
    {"IT", true, "1a10n12c"}, {"JO", false, "4a4n18c"}, {"KW", false, "4a22c"},
    {"KZ", false, "3n13c"},   {"LB", false, "4n20c"},   {"LC", false, "4a24c"},
    {"LI", true, "5n12c"},    {"LT", true, "16n"},      {"LU", true, "3n13c"},
    {"LV", true, "4a13c"},    {"LY", false, "21n"},     {"MC", true, "10n11c2n"},
    {"MD", true, "20c"},      {"ME", true, "18n"},      {"MK", true, "3n10c2n"},
    {"MN", false, "16n"},     {"MR", false, "23n"},     {"MT", true, "4a5n18c"},
    {"MU", false, "4a19n3a"}, {"NI", false, "4a20n"},   {"NL", true, "4a10n"},
    {"NO", true, "11n"},      {"OM", false, "3n16c"},   {"PK", false, "4a16c"},
    {"PL", true, "24n"},      {"PS", false, "4a21c"},   {"PT", true, "21n"},
    {"QA", false, "4a21c"},   {"RO", true, "4a16c"},    {"RS", true, "18n"},
    {"RU", false, "14n15c"},  {"SA", false, "2n18c"},   {"SC", false, "4a20n3a"},
    {"SD", false, "14n"},     {"SE", true, "20n"},      {"SI", true, "15n"},
    {"SK", true, "20n"},      {"SM", true, "1a10n12c"}, {"SO", false, "19n"},
    {"ST", false, "21n"},     {"SV", false, "4a20n"},   {"TL", false, "19n"},
    {"TN", false, "20n"},     {"TR", false, "6n16c"},   {"UA", false, "6n19c"},
    {"VA", true, "18n"},      {"VG", false, "4a16n"},   {"XK", false, "16n"},
    {"YE", false, "4a4n18c"},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Up to `max` letters and digits, without the blanks between printed groups. False when there are
 * others, or more. */
static bool gather(struct bytes text, size_t max, char *out)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char)text.at[i];
        bool part = c == ' ' && i > 0 && i + 1 < text.size && text.at[i + 1] != ' ';
        if (part)
            continue;
        if (size == max || !(is_digit(c) || is_letter(c)))
            return false;
        out[size++] = c;
    }
    out[size] = 0;
    return true;
}

/* ISO 7064 MOD 97-10 over text[4..] and then text[..4], A = 10 to Z = 35; sound when it is 1. */
static unsigned mod_97(const char *text)
{
    size_t size = strlen(text);
    unsigned rest = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[(i + 4) % size];
        rest =
            is_digit(c) ? rest * 10 + (unsigned)(c - '0') : rest * 100 + (unsigned)(c - 'A' + 10);
        rest %= 97;
    }
    return rest;
}

static const struct iban_country *country_of(const char *iban)
{
    for (size_t i = 0; i < ARRAY_SIZE(countries); i++)
        if (strncmp(countries[i].code, iban, 2) == 0)
            return &countries[i];
    return NULL;
}

/* The next run of a shape: its length and kind; false at the end. */
static bool next_run(const char **shape, size_t *length_out, char *kind_out)
{
    size_t length = 0;
    while (is_digit(**shape))
        length = length * 10 + (size_t)(*(*shape)++ - '0');
    if (length == 0)
        return false;
    *length_out = length;
    *kind_out = *(*shape)++;
    return true;
}

static bool of_kind(char c, char kind)
{
    return kind == 'n' ? is_digit(c) : kind == 'a' ? is_letter(c) : is_digit(c) || is_letter(c);
}

static bool check_shape(const struct iban_country *country, const char *iban, struct error *error)
{
    const char *shape = country->shape;
    size_t at = 4, length, size = strlen(iban), expected = 4;
    char kind;
    while (next_run(&shape, &length, &kind))
        expected += length;
    if (size != expected)
        return error_set(error, ERROR_INVALID, "IBAN %s: has %zu characters, one of %s has %zu",
                         iban, size, country->code, expected);
    shape = country->shape;
    while (next_run(&shape, &length, &kind))
        for (size_t end = at + length; at < end; at++)
            if (!of_kind(iban[at], kind))
                return error_set(error, ERROR_INVALID, "IBAN %s: character %zu must be a %s", iban,
                                 at + 1, kind == 'n' ? "digit" : "letter");
    return true;
}

bool iban_parse(struct bytes text, char iban_out[IBAN_SIZE], struct error *error)
{
    char iban[IBAN_SIZE] = "";
    if (!gather(text, IBAN_SIZE - 1, iban))
        return error_set(error, ERROR_INVALID,
                         "an IBAN has upper-case letters and digits, at most %d", IBAN_SIZE - 1);
    if (strlen(iban) < 5 || !is_letter(iban[0]) || !is_letter(iban[1]) || !is_digit(iban[2]) ||
        !is_digit(iban[3]))
        return error_set(error, ERROR_INVALID,
                         "IBAN %s: begins with a country and two check digits", iban);
    const struct iban_country *country = country_of(iban);
    if (!country)
        return error_set(error, ERROR_INVALID, "IBAN %s: no IBANs are known of country %.2s", iban,
                         iban);
    if (!check_shape(country, iban, error))
        return false;
    /* 00, 01 and 99 have the remainders of 97, 98 and 02, which are the ones that banks make. */
    if (mod_97(iban) != 1 || strncmp(iban + 2, "00", 2) == 0 || strncmp(iban + 2, "01", 2) == 0 ||
        strncmp(iban + 2, "99", 2) == 0)
        return error_set(error, ERROR_INVALID, "IBAN %s: the check digits do not fit", iban);
    memcpy(iban_out, iban, strlen(iban) + 1);
    return true;
}

void iban_format(const char *iban, char text_out[IBAN_TEXT_SIZE])
{
    size_t size = 0;
    for (size_t i = 0; iban[i]; i++) {
        must(i < IBAN_SIZE - 1);
        if (i > 0 && i % 4 == 0)
            text_out[size++] = ' ';
        text_out[size++] = iban[i];
    }
    text_out[size] = 0;
}

bool iban_in_sepa(const char *iban)
{
    const struct iban_country *country = country_of(iban);
    return country && country->sepa;
}

bool bic_parse(struct bytes text, char bic_out[BIC_SIZE], struct error *error)
{
    char bic[BIC_SIZE] = "";
    if (!gather(text, BIC_SIZE - 1, bic) || strlen(bic) != text.size ||
        (text.size != 8 && text.size != 11))
        return error_set(error, ERROR_INVALID, "a BIC has 8 or 11 upper-case letters and digits");
    if (!is_letter(bic[4]) || !is_letter(bic[5]))
        return error_set(error, ERROR_INVALID, "BIC %s: characters 5 and 6 are a country", bic);
    memcpy(bic_out, bic, text.size + 1);
    return true;
}

bool reference_parse(struct bytes text, char reference_out[REFERENCE_SIZE], struct error *error)
{
    char reference[REFERENCE_SIZE] = "";
    if (!gather(text, REFERENCE_SIZE - 1, reference) || strlen(reference) < 5 ||
        strncmp(reference, "RF", 2) != 0 || !is_digit(reference[2]) || !is_digit(reference[3]))
        return error_set(error, ERROR_INVALID,
                         "a creditor reference is RF, two digits, and 1 to %d upper-case letters "
                         "or digits",
                         REFERENCE_NUMBER_MAX);
    if (mod_97(reference) != 1)
        return error_set(error, ERROR_INVALID, "reference %s: the check digits do not fit",
                         reference);
    memcpy(reference_out, reference, strlen(reference) + 1);
    return true;
}

void reference_make(const char *number, char reference_out[REFERENCE_SIZE])
{
    char reference[REFERENCE_SIZE];
    size_t size = strlen(number);
    must(size >= 1 && size <= REFERENCE_NUMBER_MAX);
    for (size_t i = 0; i < size; i++)
        must(is_digit(number[i]) || is_letter(number[i]));
    (void)snprintf(reference, sizeof(reference), "RF00%s", number);
    unsigned digits = 98 - mod_97(reference);
    (void)snprintf(reference_out, REFERENCE_SIZE, "RF%02u%s", digits, number);
}
