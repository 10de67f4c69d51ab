#include "node/motion_words.h"

#include "partners/charter.h"

#include <inttypes.h>

/* ---- names ---------------------------------------------------------------------------------- */

static const char *charter_node(const void *context, uint16_t number)
{
    const struct charter *charter = (const struct charter *)context;
    return number < charter->node_count ? charter->nodes[number].name : NULL;
}

static const char *charter_partner(const void *context, uint16_t number)
{
    const struct charter *charter = (const struct charter *)context;
    return number < charter->partner_count ? charter->partners[number].name : NULL;
}

struct motion_names motion_names_of_charter(const struct charter *charter)
{
    return (struct motion_names){
        .context = charter, .node = charter_node, .partner = charter_partner};
}

static void put_name(struct buffer *out, const char *what, const char *name, uint16_t number)
{
    if (name)
        buffer_printf(out, "%s %s", what, name);
    else
        buffer_printf(out, "%s number %u", what, number);
}

static void put_node(struct buffer *out, const struct motion_names *names, struct node_id node)
{
    put_name(out, "node", names->node(names->context, node.v), node.v);
}

static void put_partner(struct buffer *out, const struct motion_names *names,
                        struct partner_id partner)
{
    put_name(out, "partner", names->partner(names->context, partner.v), partner.v);
}

/* ---- a line --------------------------------------------------------------------------------- */

static void put_text(struct buffer *out, struct bytes text)
{
    buffer_append(out, text);
}

static void put_admit(struct buffer *out, const struct change *change,
                      const struct motion_names *names)
{
    buffer_append_text(out, "node ");
    put_text(out, change->node_name);
    buffer_append_text(out, " of ");
    if (change->founds_partner) {
        buffer_append_text(out, "the new partner ");
        put_text(out, change->partner_name);
    } else {
        put_partner(out, names, change->partner);
    }
    buffer_append_text(out, change->voter ? " is let in, and votes once it is ready"
                                          : " is let in as an observer");
}

static void put_limits(struct buffer *out, const struct change *change)
{
    buffer_append_text(out, "limits become");
    for (size_t i = 0; i < change->limit_count; i++)
        buffer_printf(out, "%s %s %" PRIu64, i ? "," : "", limit_word(change->limits[i].number),
                      change->limits[i].value);
}

void change_words(const struct change *change, const struct motion_names *names,
                  struct buffer *text_out)
{
    switch (change->kind) {
    case CHANGE_ADMIT:
        put_admit(text_out, change, names);
        return;
    case CHANGE_REMOVE_NODE:
        put_node(text_out, names, change->node);
        buffer_append_text(text_out, " leaves");
        return;
    case CHANGE_REMOVE_PARTNER:
        put_partner(text_out, names, change->partner);
        buffer_append_text(text_out, " leaves, with all its nodes");
        return;
    case CHANGE_SET_VOTER:
        put_node(text_out, names, change->node);
        buffer_append_text(text_out, change->voter ? " votes, once it is ready"
                                                   : " votes no more: it is an observer");
        return;
    case CHANGE_REPLACE_KEYS:
        put_node(text_out, names, change->node);
        buffer_append_text(text_out, " goes on under fresh keys");
        return;
    case CHANGE_REPLACE_GOVERNANCE:
        put_partner(text_out, names, change->partner);
        buffer_append_text(text_out, " votes with another governance key");
        return;
    case CHANGE_SET_LIMITS:
        put_limits(text_out, change);
        return;
    case CHANGE_SUSPEND:
        put_node(text_out, names, change->node);
        buffer_append_text(text_out, " is suspended, for evidence");
        return;
    case CHANGE_PROMOTE:
        put_node(text_out, names, change->node);
        buffer_append_text(text_out, " is ready, and votes");
        return;
    }
    must(!"a change outside its table");
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void put_key(struct buffer *out, const char *what, const uint8_t *at, size_t size)
{
    char text[BASE64_SIZE(TRANSPORT_KEY_SIZE) + 1];
    must(size <= TRANSPORT_KEY_SIZE);
    base64_encode(bytes_of(at, size), text);
    buffer_printf(out, "  %-14s %s\n", what, text);
}

static void put_keys(struct buffer *out, const struct change *change)
{
    put_key(out, "signing key", change->keys.sign_key.at, PUBLIC_KEY_SIZE);
    put_key(out, "transport key", change->keys.transport_key, TRANSPORT_KEY_SIZE);
    put_key(out, "log key", change->keys.log_key.at, PUBLIC_KEY_SIZE);
    put_key(out, "cosigner key", change->keys.cosigner_key.at, PUBLIC_KEY_SIZE);
    buffer_append_text(out, "  address        ");
    put_text(out, change->address);
    buffer_append_text(out, "\n");
}

void motion_words(const struct motion *motion, const struct motion_names *names,
                  struct buffer *text_out)
{
    const struct change *change = &motion->change;
    change_words(change, names, text_out);
    buffer_printf(text_out, ", %" PRIu32 " heights after the ballot that decides it\n",
                  motion->delay);
    if (change->kind == CHANGE_REPLACE_GOVERNANCE ||
        (change->kind == CHANGE_ADMIT && change->founds_partner))
        put_key(text_out, "governance key", change->key.at, PUBLIC_KEY_SIZE);
    if (change->kind == CHANGE_ADMIT || change->kind == CHANGE_REPLACE_KEYS)
        put_keys(text_out, change);
}
