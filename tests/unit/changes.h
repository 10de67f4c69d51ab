/* changes.h - changes of a coalition for tests, with keys made from numbers as in coalition.h. */
#ifndef TESTS_UNIT_CHANGES_H
#define TESTS_UNIT_CHANGES_H

#include "partners/amend.h"
#include "unit/coalition.h"

enum { CHANGES_KEY_KINDS = 10 }; /* kinds of coalition_key() that no founder's key is of */

/* All keys of a node; `number` says which. */
static inline struct node_keys changes_keys(uint8_t number)
{
    static const struct hash no_coalition;
    struct signing_key *key = coalition_key(CHANGES_KEY_KINDS + 1, number);
    struct node_keys keys = {.sign_key = signing_key_public(key),
                             .log_key = coalition_public(CHANGES_KEY_KINDS + 3, number),
                             .cosigner_key = coalition_public(CHANGES_KEY_KINDS + 4, number)};
    keys.transport_key[0] = 0x04;
    keys.transport_key[1] = number;
    keys.transport_key[2] = CHANGES_KEY_KINDS;
    keys.transport_signature = sign(key, PURPOSE_TRANSPORT, &no_coalition,
                                    bytes_of(keys.transport_key, TRANSPORT_KEY_SIZE));
    signing_key_close(key);
    return keys;
}

/* Those that the node has. */
static inline struct node_keys changes_keys_of(const struct charter_node *node)
{
    struct node_keys keys = {.sign_key = node->sign_key,
                             .transport_signature = node->transport_signature,
                             .log_key = node->log_key.key,
                             .cosigner_key = node->cosigner_key.key};
    memcpy(keys.transport_key, node->transport_key, TRANSPORT_KEY_SIZE);
    return keys;
}

/* A new partner, whose governance key has the same number as its node's keys. */
static inline struct change change_found(const char *partner, const char *node, uint8_t number,
                                         bool voter)
{
    return (struct change){.kind = CHANGE_ADMIT,
                           .founds_partner = true,
                           .partner_name = bytes_text(partner),
                           .node_name = bytes_text(node),
                           .key = coalition_public(CHANGES_KEY_KINDS + 2, number),
                           .keys = changes_keys(number),
                           .address = bytes_text("tcp://127.0.0.1:7200"),
                           .voter = voter};
}

static inline struct change change_admit(uint16_t partner, const char *node, uint8_t number,
                                         bool voter)
{
    return (struct change){.kind = CHANGE_ADMIT,
                           .partner = {partner},
                           .node_name = bytes_text(node),
                           .keys = changes_keys(number),
                           .address = bytes_text("tcp://127.0.0.1:7201"),
                           .voter = voter};
}

static inline struct change change_remove_node(uint16_t node)
{
    return (struct change){.kind = CHANGE_REMOVE_NODE, .node = {node}};
}

static inline struct change change_remove_partner(uint16_t partner)
{
    return (struct change){.kind = CHANGE_REMOVE_PARTNER, .partner = {partner}};
}

static inline struct change change_set_voter(uint16_t node, bool voter)
{
    return (struct change){.kind = CHANGE_SET_VOTER, .node = {node}, .voter = voter};
}

static inline struct change change_replace_keys(uint16_t node, uint8_t number)
{
    return (struct change){.kind = CHANGE_REPLACE_KEYS,
                           .node = {node},
                           .keys = changes_keys(number),
                           .address = bytes_text("tcp://127.0.0.1:7202")};
}

static inline struct change change_replace_governance(uint16_t partner, uint8_t number)
{
    return (struct change){.kind = CHANGE_REPLACE_GOVERNANCE,
                           .partner = {partner},
                           .key = coalition_public(CHANGES_KEY_KINDS + 2, number)};
}

static inline struct change change_set_limit(enum limit_number number, uint64_t value)
{
    return (struct change){.kind = CHANGE_SET_LIMITS,
                           .limit_count = 1,
                           .limits = {{.number = number, .value = value}}};
}

static inline struct change change_suspend(const struct charter *charter, uint16_t node)
{
    return (struct change){
        .kind = CHANGE_SUSPEND, .node = {node}, .key = charter->nodes[node].sign_key};
}

static inline struct change change_promote(uint16_t node)
{
    return (struct change){.kind = CHANGE_PROMOTE, .node = {node}};
}

#endif
