#include "node/audit_codes.h"

static const struct {
    const char *word, *rule;
} codes[] = {
#define X(name, word, rule) {word, rule},
    AUDIT_CODES(X)
#undef X
};

const char *audit_code_word(enum audit_code code)
{
    must(code < AUDIT_CODE_COUNT);
    return codes[code].word;
}

const char *audit_code_rule(enum audit_code code)
{
    must(code < AUDIT_CODE_COUNT);
    return codes[code].rule;
}
