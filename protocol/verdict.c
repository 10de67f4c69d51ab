#include "protocol/verdict.h"

const char *verdict_word(enum verdict verdict)
{
    switch (verdict) {
#define X(name, number, word, status, sentence)                                                    \
    case name:                                                                                     \
        return word;
        VERDICTS(X)
#undef X
    }
    must(!"a verdict outside its table");
}

const char *verdict_sentence(enum verdict verdict)
{
    switch (verdict) {
#define X(name, number, word, status, sentence)                                                    \
    case name:                                                                                     \
        return sentence;
        VERDICTS(X)
#undef X
    }
    must(!"a verdict outside its table");
}

int verdict_status(enum verdict verdict)
{
    switch (verdict) {
#define X(name, number, word, status, sentence)                                                    \
    case name:                                                                                     \
        return status;
        VERDICTS(X)
#undef X
    }
    must(!"a verdict outside its table");
}

bool verdict_from_number(uint64_t number, enum verdict *verdict_out)
{
    switch (number) {
#define X(name, value, word, status, sentence)                                                     \
    case value:                                                                                    \
        *verdict_out = name;                                                                       \
        return true;
        VERDICTS(X)
#undef X
    }
    return false;
}
