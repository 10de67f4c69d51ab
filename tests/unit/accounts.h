/* accounts.h - the accounts of worked example B: in a partner's file, and as a node tells them. */
#ifndef TESTS_UNIT_ACCOUNTS_H
#define TESTS_UNIT_ACCOUNTS_H

#include "check.h"
#include "node/accounts.h"

static const char accounts_text[] =
    "{\"grocer\":{\"name\":\"Green Grocer AG\",\"iban\":\"AT61 1904 3002 3457 3201\","
    "\"bic\":\"BKAUATWWXXX\",\"address\":[\"Marktplatz 1\",\"1010 Wien\"],"
    "\"tax_number\":\"ATU12345678\"},"
    "\"books\":{\"name\":\"Books & More Ltd\",\"iban\":\"IE29AIBK93115212345678\"},"
    "\"cinema\":{\"name\":\"Lux Cin\xc3\xa9mas GmbH\",\"iban\":\"DE89370400440532013000\"},"
    "\"operator\":{\"name\":\"High Street Services\",\"iban\":\"NL91ABNA0417164300\"}}";

#define IN_FORCE(partner, holder, iban, bic)                                                       \
    "{\"partner\":\"" partner "\",\"currency\":\"EUR\",\"in_force\":{\"holder\":\"" holder         \
    "\",\"iban\":\"" iban "\",\"bic\":" bic                                                        \
    ",\"since\":\"2026-11-01T00:00:00.000Z\"},\"waiting\":null,\"pending\":null}"
#define GROCERS  IN_FORCE("grocer", "Green Grocer AG", "AT611904300234573201", "\"BKAUATWWXXX\"")
#define BOOKS_   IN_FORCE("books", "Books + More Ltd", "IE29AIBK93115212345678", "null")
#define CINEMAS  IN_FORCE("cinema", "Lux Cinemas GmbH", "DE89370400440532013000", "null")
#define SERVICES IN_FORCE("operator", "High Street Services", "NL91ABNA0417164300", "null")
static const char ledger_text[] =
    "{\"accounts\":[" GROCERS "," BOOKS_ "," CINEMAS "," SERVICES "]}";

/* Of a node's answer. */
static inline bool join_accounts(struct accounts *accounts, const char *text, struct error *error)
{
    json_t *answer = json_loads(text, 0, NULL);
    REQUIRE(answer != NULL);
    bool good = accounts_join(accounts, answer, error);
    json_decref(answer);
    return good;
}

#endif
