/* iban.h - the numbers that name accounts, banks and invoices, checked before money follows them.
 *
 * IBAN: ISO 13616, lengths and shapes by country from the SWIFT IBAN registry. BIC: ISO 9362.
 * Creditor reference: ISO 11649. Check digits: ISO 7064, MOD 97-10.
 *
 * Pure. Threads: any.
 */
#ifndef PARTNERS_IBAN_H
#define PARTNERS_IBAN_H

#include "crypto/base.h"

enum {
    IBAN_SIZE = 35,      /* up to 34 characters, electronic form, and a NUL */
    IBAN_TEXT_SIZE = 43, /* the same in groups of four */
    BIC_SIZE = 12,       /* 8 or 11 characters and a NUL */
    REFERENCE_SIZE = 26  /* up to 25 characters and a NUL */
};

/* Takes the electronic form, and the printed one in groups parted by single blanks; gives the
 * electronic form, upper case as it must be. The error says which rule is broken: an unknown
 * country, a wrong length, a character out of place, or check digits that do not fit. */
bool iban_parse(struct bytes text, char iban_out[IBAN_SIZE], struct error *error) MUST_USE;
/* In groups of four, for people. `iban` as iban_parse() gives it. */
void iban_format(const char *iban, char text_out[IBAN_TEXT_SIZE]);
/* Whether SEPA reaches the IBAN's country (EPC409-09). `iban` as iban_parse() gives it. */
bool iban_in_sepa(const char *iban);

/* Four letters or digits, a country, two letters or digits, and maybe three for a branch. */
bool bic_parse(struct bytes text, char bic_out[BIC_SIZE], struct error *error) MUST_USE;

/* "RF", check digits, up to 21 letters or digits; printed groups are taken as in an IBAN. */
bool reference_parse(struct bytes text, char reference_out[REFERENCE_SIZE],
                     struct error *error) MUST_USE;
/* Puts "RF" and check digits before 1 to 21 upper-case letters or digits. */
void reference_make(const char *number, char reference_out[REFERENCE_SIZE]);

#endif
