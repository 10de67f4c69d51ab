#include "protocol/ids.h"

void member_format(const struct member_ref *member, char text_out[MEMBER_TEXT_SIZE])
{
    hex_encode(bytes_of(member->at, MEMBER_REF_SIZE), text_out);
}

bool member_parse(struct bytes text, struct member_ref *member_out)
{
    return hex_decode(text, member_out->at, MEMBER_REF_SIZE);
}
