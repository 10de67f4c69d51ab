#include "partners/policy_join.h"

#include "crypto/policy.h"

#include <string.h>

static const char joined_name[] = "coalition-and-witnesses";

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct bytes trim(struct bytes line)
{
    while (line.size > 0 && is_blank(line.at[0]))
        line = bytes_of(line.at + 1, line.size - 1);
    while (line.size > 0 && is_blank(line.at[line.size - 1]))
        line.size--;
    return line;
}

/* What follows `word` and blanks; false when the line begins with another. */
static bool after_word(struct bytes line, const char *word, struct bytes *rest_out)
{
    size_t size = strlen(word);
    line = trim(line);
    if (line.size <= size || memcmp(line.at, word, size) != 0 || !is_blank(line.at[size]))
        return false;
    *rest_out = trim(bytes_of(line.at + size, line.size - size));
    return true;
}

/* Appends all lines but the one with the quorum, which it gives. */
static bool take_lines(struct bytes text, const char *what, bool logs, struct buffer *out,
                       struct bytes *quorum_out, struct error *error)
{
    struct bytes quorum = {.at = NULL}, rest;
    while (text.size > 0) {
        const uint8_t *end = memchr(text.at, '\n', text.size);
        if (!end)
            return error_set(error, ERROR_INVALID, "%s: the last line has no newline", what);
        struct bytes line = bytes_of(text.at, (size_t)(end - text.at));
        text = bytes_of(end + 1, text.size - line.size - 1);
        if (!logs && after_word(line, "log", &rest))
            return error_set(error, ERROR_INVALID, "%s: the logs are the coalition's own", what);
        if (!after_word(line, "quorum", &rest)) {
            buffer_append(out, line);
            buffer_append_byte(out, '\n');
        } else if (quorum.at) {
            return error_set(error, ERROR_INVALID, "%s: more than one quorum line", what);
        } else {
            quorum = rest;
        }
    }
    *quorum_out = quorum;
    return quorum.at || error_set(error, ERROR_INVALID, "%s: no quorum line", what);
}

static void put_quorum(struct bytes own, struct bytes witnesses, struct buffer *out)
{
    if (bytes_equal(witnesses, bytes_text("none"))) {
        buffer_printf(out, "quorum %.*s\n", (int)own.size, (const char *)own.at);
        return;
    }
    buffer_printf(out, "group %s all %.*s %.*s\nquorum %s\n", joined_name, (int)own.size,
                  (const char *)own.at, (int)witnesses.size, (const char *)witnesses.at,
                  joined_name);
}

bool policy_join(struct bytes own, struct bytes witnesses, struct buffer *joined_out,
                 struct error *error)
{
    struct bytes own_quorum, outside_quorum;
    struct buffer joined;
    struct policy policy;
    buffer_init(&joined, POLICY_SIZE_MAX);
    bool good = take_lines(own, "the coalition's policy", true, &joined, &own_quorum, error) &&
                take_lines(witnesses, "the witnesses", false, &joined, &outside_quorum, error);
    if (good) {
        put_quorum(own_quorum, outside_quorum, &joined);
        good = joined.overflowed
                   ? error_set(error, ERROR_LIMIT, "a policy has at most %d bytes", POLICY_SIZE_MAX)
                   : policy_parse(buffer_bytes(&joined), &policy, error) ||
                         error_wrap(error, "the coalition's policy with the witnesses");
        if (good) {
            policy_release(&policy);
            buffer_append(joined_out, buffer_bytes(&joined));
        }
    }
    buffer_release(&joined);
    return good;
}
