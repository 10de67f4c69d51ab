#include "protocol/ids.h"

#include <string.h>

bool name_valid(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.at[i];
        bool letter = c >= 'a' && c <= 'z', other = (c >= '0' && c <= '9') || c == '-';
        if (!letter && !(other && i > 0))
            return false;
    }
    return name.size > 0 && name.size <= NAME_SIZE_MAX;
}

bool address_valid(struct bytes address)
{
    static const char scheme[] = "tcp://";
    size_t before = strlen(scheme), colon = address.size;
    uint64_t port = 0;
    if (address.size > ADDRESS_SIZE_MAX || address.size < before ||
        memcmp(address.at, scheme, before) != 0)
        return false;
    for (size_t i = 0; i < address.size; i++)
        if (address.at[i] <= ' ' || address.at[i] == 0x7f)
            return false;
    while (colon > before && address.at[colon - 1] != ':')
        colon--;
    /* A colon stands at colon - 1, after a host of one byte or more. */
    return colon > before + 1 &&
           parse_u64(bytes_of(address.at + colon, address.size - colon), UINT16_MAX, &port) &&
           port > 0;
}

void member_format(const struct member_ref *member, char text_out[MEMBER_TEXT_SIZE])
{
    hex_encode(bytes_of(member->at, MEMBER_REF_SIZE), text_out);
}

bool member_parse(struct bytes text, struct member_ref *member_out)
{
    return hex_decode(text, member_out->at, MEMBER_REF_SIZE);
}
