#include "protocol/codes.h"

static bool is_letter(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z';
}

bool currency_valid(struct bytes code)
{
    return code.size == CURRENCY_SIZE - 1 && is_letter(code.at[0]) && is_letter(code.at[1]) &&
           is_letter(code.at[2]);
}

bool tax_code_valid(struct bytes code)
{
    for (size_t i = 0; i < code.size; i++)
        if (!is_letter(code.at[i]) && !(code.at[i] >= '0' && code.at[i] <= '9') &&
            code.at[i] != '-')
            return false;
    return code.size < TAX_CODE_SIZE;
}
