/* Whose history a record belongs to. */
#include "partners/state_parts.h"

static void link_add(struct state *state, struct record_index index, uint32_t place)
{
    if (place == NOTHING || state->link_count == LINKS_MAX)
        return;
    for (size_t i = 0; i < state->link_count; i++)
        if (state->links[i].member == place)
            return;
    struct member *member = &state->members[place];
    state->links[state->link_count++] = (struct member_link){
        .member = place, .previous = member->last.v == NO_RECORD ? index : member->last};
    member->last = index;
}

/* Most who are named were touched too: then nobody need be looked up again. */
static void link_named(struct state *state, struct record_index index, const struct member_ref *ref)
{
    for (size_t i = 0; i < state->touched_count && i < LINKS_MAX; i++)
        if (member_equal(&state->members[state->touched[i]].ref, ref)) {
            link_add(state, index, state->touched[i]);
            return;
        }
    link_add(state, index, members_find(state, ref));
}

static void link_hold(struct state *state, struct record_index index, struct record_index hold)
{
    uint32_t id = hold_find(state, hold);
    if (id != NOTHING)
        link_add(state, index, state->holds[id].member);
}

static void links_named(struct state *state, struct record_index index, const struct transaction *t)
{
    switch (t->type) {
    case TRANSACTION_ENROL:
        link_named(state, index, &t->body.enrol.member);
        return;
    case TRANSACTION_CARD_LINK:
        link_named(state, index, &t->body.card_link.member);
        return;
    case TRANSACTION_EARN:
        link_named(state, index, &t->body.earn.member);
        return;
    case TRANSACTION_HOLD:
        link_named(state, index, &t->body.hold.member);
        return;
    case TRANSACTION_REDEEM:
        link_named(state, index, &t->body.redeem.member);
        return;
    case TRANSACTION_ADJUST:
        link_named(state, index, &t->body.adjust.member);
        return;
    case TRANSACTION_TRANSFER:
        link_named(state, index, &t->body.transfer.from);
        link_named(state, index, &t->body.transfer.to);
        return;
    case TRANSACTION_COMMIT:
        link_hold(state, index, t->body.commit.hold);
        return;
    case TRANSACTION_RELEASE:
        link_hold(state, index, t->body.release.hold);
        return;
    case TRANSACTION_ACTIVATE:
    case TRANSACTION_REVERSE_EARN:
    case TRANSACTION_REVERSE_REDEEM:
    case TRANSACTION_EXPIRE:
    case TRANSACTION_CONTRACT_PROPOSE:
    case TRANSACTION_CONTRACT_SIGN:
    case TRANSACTION_CONTRACT_WITHDRAW:
    case TRANSACTION_PROMOTION_SIGN:
    case TRANSACTION_PAYMENT_ACCOUNT:
    case TRANSACTION_COLLATERAL:
    case TRANSACTION_EXCHANGE_RATES:
    case TRANSACTION_CONTRACT_END:
    case TRANSACTION_MOTION:
    case TRANSACTION_BALLOT:
    case TRANSACTION_READY:
    case TRANSACTION_PERIOD_PROPOSE:
    case TRANSACTION_PERIOD_SIGN:
    case TRANSACTION_DISPUTE_OPEN:
    case TRANSACTION_DISPUTE_RESPOND:
    case TRANSACTION_DISPUTE_RESOLVE:
    case TRANSACTION_PERIOD_FINAL:
    case TRANSACTION_PAYMENT_SENT:
    case TRANSACTION_PAYMENT_CONFIRMED:
    case TRANSACTION_PAYMENT_FAILED:
    case TRANSACTION_PAYMENT_DEFAULT:
    case TRANSACTION_CLOCK:
        return; /* by the lots they touched */
    }
}

void links_make(struct state *state, const struct context *context)
{
    links_named(state, context->index, context->transaction);
    for (size_t i = 0; i < state->touched_count; i++)
        link_add(state, context->index, state->touched[i]);
}

size_t state_links(const struct state *state, const struct member_link **links_out)
{
    *links_out = state->links;
    return state->link_count;
}

bool state_last_record(const struct state *state, const struct member_ref *ref,
                       uint64_t *member_out, struct record_index *record_out)
{
    uint32_t place = members_find(state, ref);
    if (place == NOTHING)
        return false;
    *member_out = place;
    *record_out = state->members[place].last;
    return true;
}
