/* A member's records, newest first: the chain of links that O entries hold (store.h). Every step
 * leads to a smaller record number, so that there is no loop however the store was damaged. */

#include <stdlib.h>

#include "node/replica_parts.h"

struct chain {
    const struct replica *r;
    uint64_t member; /* its number */
    uint64_t at;     /* the record at hand */
    bool ended;      /* no record is left */
    uint64_t before; /* wanted are those below it */
    size_t skipped, room;
    uint64_t *indexes;
    size_t count;
    struct bytes *entries; /* of the block at hand, up to the record at hand */
};

static const struct member_link *link_of(const struct stored_entry *entry, uint64_t member)
{
    for (size_t i = 0; i < entry->link_count; i++)
        if (entry->links[i].member == member)
            return &entry->links[i];
    return NULL;
}

/* Finds the block's entries by place; those before the wanted one will be wanted next. */
static bool find_entries(struct chain *chain, uint64_t first, const struct stored_block *block,
                         struct error *error)
{
    struct bytes rest = block->entries;
    for (uint64_t i = 0; i <= chain->at - first; i++)
        if (block->is_seal || !stored_entry_next(&rest, &chain->entries[i]))
            return error_set(error, ERROR_CORRUPT, "outcomes at record %llu do not fit their batch",
                             (unsigned long long)first);
    return true;
}

static bool take(struct chain *chain, struct error *error)
{
    if (chain->at < chain->before && chain->at < chain->r->shown.count)
        chain->indexes[chain->count++] = chain->at;
    /* What is not shown yet is bounded by the groups that it waits in. */
    else if (chain->at < chain->r->shown.count && ++chain->skipped > MEMBER_SKIP_MAX)
        return error_set(error, ERROR_LIMIT, "more than %d newer records of the member",
                         MEMBER_SKIP_MAX);
    return true;
}

/* As many steps as stay within one block. */
static bool walk_block(void *visitor, uint64_t first, const struct stored_block *block,
                       struct error *error)
{
    struct chain *chain = (struct chain *)visitor;
    struct stored_entry entry;
    if (!find_entries(chain, first, block, error))
        return false;
    while (!chain->ended && chain->at >= first && chain->count < chain->room) {
        if (!stored_entry_decode(chain->entries[chain->at - first], chain->at, &entry, error))
            return false;
        const struct member_link *link = link_of(&entry, chain->member);
        if (!link)
            return error_set(error, ERROR_CORRUPT,
                             "record %llu, which a link names, does not touch the member",
                             (unsigned long long)chain->at);
        if (!take(chain, error))
            return false;
        chain->ended = link->previous.v == chain->at;
        chain->at = link->previous.v;
    }
    return true;
}

/* A page begins where the one before ended: its chain goes on there. */
static bool jump(void *visitor, uint64_t first, const struct stored_block *block,
                 struct error *error)
{
    struct chain *chain = (struct chain *)visitor;
    struct stored_entry entry;
    uint64_t head = chain->at;
    if (block->is_seal)
        return true;
    chain->at = chain->before;
    if (!find_entries(chain, first, block, error) ||
        !stored_entry_decode(chain->entries[chain->at - first], chain->at, &entry, error))
        return false;
    const struct member_link *link = link_of(&entry, chain->member);
    chain->ended = link && link->previous.v == chain->at;
    chain->at = link ? link->previous.v : head;
    return true;
}

bool replica_member_records(const struct replica *r, const struct member_ref *member,
                            uint64_t before, size_t count, uint64_t *indexes_out, size_t *count_out,
                            struct error *error)
{
    struct chain chain = {
        .r = r, .before = before, .ended = before == 0, .room = count, .indexes = indexes_out};
    struct record_index last;
    if (!state_last_record(r->state, member, &chain.member, &last)) {
        *count_out = 0;
        return true;
    }
    chain.at = last.v;
    chain.entries = (struct bytes *)allocate(BATCH_TRANSACTIONS_MAX, sizeof(*chain.entries));
    bool good = chain.ended || before >= last.v || before >= r->shown.count ||
                history_block(r, before, jump, &chain, error);
    while (good && !chain.ended && chain.count < count)
        good = history_block(r, chain.at, walk_block, &chain, error);
    free(chain.entries);
    /* What is older is not here, by right: the page ends where the store does. */
    if (!good && chain.count > 0 && (error->code == ERROR_NOT_YET || error->code == ERROR_GONE))
        good = true;
    if (good)
        *count_out = chain.count;
    else
        error_wrap(error, "history of member %llu", (unsigned long long)chain.member);
    return good;
}
