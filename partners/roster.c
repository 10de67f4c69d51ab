#include "partners/roster.h"

#include "partners/amend.h"

#include <stdlib.h>
#include <string.h>

void roster_init(struct roster *roster, const struct charter *charter)
{
    *roster = (struct roster){0};
    roster->charters = array_grow(NULL, &roster->charter_capacity, 1, sizeof(*roster->charters));
    roster->charters[roster->charter_count++] = charter;
}

/* Those after the first are the roster's own. */
static void charter_drop(const struct charter *charter)
{
    charter_close((struct charter *)(uintptr_t)charter);
}

void roster_release(struct roster *roster)
{
    for (size_t i = 1; i < roster->charter_count; i++)
        charter_drop(roster->charters[i]);
    for (size_t i = 0; i < roster->amendment_count; i++)
        free((void *)(uintptr_t)roster->amendments[i].change.at);
    free(roster->charters);
    free(roster->amendments);
    *roster = (struct roster){0};
}

const struct charter *roster_at(const struct roster *roster, uint64_t height)
{
    size_t at = roster->charter_count - 1;
    while (at > 0 && roster->charters[at]->from_height > height)
        at--;
    return roster->charters[at];
}

const struct charter *roster_newest(const struct roster *roster)
{
    return roster->charters[roster->charter_count - 1];
}

size_t roster_waiting(const struct roster *roster)
{
    return roster->amendment_count - roster->effective_count;
}

bool roster_has_room(const struct roster *roster)
{
    return roster_waiting(roster) < PENDING_MAX && roster->amendment_count < AMENDMENTS_MAX;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static struct bytes encoded(const struct change *change)
{
    struct buffer out;
    buffer_init(&out, CHANGE_SIZE_MAX);
    change_encode(change, &out);
    must(!out.overflowed);
    return buffer_bytes(&out); /* its memory goes along */
}

void roster_add(struct roster *roster, uint64_t height, uint64_t what, const struct change *change)
{
    must(height >= roster_newest(roster)->from_height);
    roster->amendments = array_grow(roster->amendments, &roster->amendment_capacity,
                                    roster->amendment_count + 1, sizeof(*roster->amendments));
    size_t at = roster->amendment_count++;
    for (; at > roster->effective_count && roster->amendments[at - 1].height > height; at--)
        roster->amendments[at] = roster->amendments[at - 1];
    roster->amendments[at] = (struct amendment){
        .height = height, .what = what, .kind = change->kind, .change = encoded(change)};
}

bool roster_waits_for(const struct roster *roster, enum change_kind kind, struct node_id node)
{
    for (size_t i = roster->effective_count; i < roster->amendment_count; i++)
        if (roster->amendments[i].kind == kind && roster->amendments[i].what == node.v)
            return true;
    return false;
}

/* ---- turns ----------------------------------------------------------------------------------- */

/* Several of one height make one charter: the last replaces those that nobody has seen. */
static void charters_add(struct roster *roster, const struct charter *charter)
{
    const struct charter **newest = &roster->charters[roster->charter_count - 1];
    if ((*newest)->from_height == charter->from_height) {
        charter_drop(*newest);
        *newest = charter;
        return;
    }
    roster->charters = array_grow((void *)roster->charters, &roster->charter_capacity,
                                  roster->charter_count + 1, sizeof(*roster->charters));
    roster->charters[roster->charter_count++] = charter;
}

static void drop_first_waiting(struct roster *roster)
{
    size_t at = roster->effective_count;
    free((void *)(uintptr_t)roster->amendments[at].change.at);
    roster->amendment_count--;
    memmove(&roster->amendments[at], &roster->amendments[at + 1],
            (roster->amendment_count - at) * sizeof(*roster->amendments));
}

bool roster_turn(struct roster *roster, uint64_t height, struct turn *turn_out)
{
    struct change change;
    struct charter *after = NULL;
    if (roster_waiting(roster) == 0)
        return false;
    const struct amendment *first = &roster->amendments[roster->effective_count];
    if (first->height > height)
        return false;
    must(change_decode(first->change, &change, NULL));
    *turn_out = (struct turn){.kind = first->kind, .what = first->what, .height = first->height};
    turn_out->fits =
        charter_amend(roster_newest(roster), &change, first->height, &after) == VERDICT_ACCEPTED;
    if (turn_out->fits) {
        charters_add(roster, after);
        roster->effective_count++;
    } else {
        drop_first_waiting(roster);
    }
    return true;
}
