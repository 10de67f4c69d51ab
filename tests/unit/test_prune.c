// links: node
/* Whose signatures make an archive's checkpoint one that may be pruned up to. */
#include "unit/ledger_members.h"

#include "node/prune.h"

/* A partner has joined and another left since the beginning, and their nodes cosign. */
CASE(an_archive_of_the_members_of_now_or_of_the_beginning_is_final)
{
    struct ledger *now = ledger_start(0x5a, LEDGER_MEMBERS);
    struct ledger *first = ledger_open();
    struct checkpoint checkpoint = {.size = 0};
    struct error error = {0};
    members_play(now);
    ledger_serve(now);
    const struct charter *charter = state_charter_at(now->state, MEMBERS_HEIGHTS + 1);
    REQUIRE(charter->from_height > 1);
    CHECK(prune_is_final(buffer_bytes(&now->note), charter, now->charter, &checkpoint, &error));
    CHECK_INT(checkpoint.size, now->record_count);
    CHECK(!prune_is_final(buffer_bytes(&now->note), now->charter, now->charter, &checkpoint,
                          &error)); /* those of the beginning alone do not know them */
    CHECK(prune_is_final(buffer_bytes(&first->note), charter, first->charter, &checkpoint, &error));
    CHECK_INT(checkpoint.size, first->record_count);
    ledger_close(first);
    ledger_close(now);
}

int main(void)
{
    RUN(an_archive_of_the_members_of_now_or_of_the_beginning_is_final);
    return check_report();
}
