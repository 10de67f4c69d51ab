// links: partners
/* The body of a motion, and what it makes of a charter: whatever decodes comes back as it was, and
 * either fits or is refused with a reason; what fits is a charter that others may follow. */
#include "fuzz/fuzz.h"
#include "partners/charter_policy.h"
#include "unit/changes.h"

static struct charter *founded(void)
{
    struct coalition_spec spec = {.names = {"a", "b", "c", "d", NULL}, .operator_name = "office"};
    return coalition_found(coalition_draft(&spec));
}

static void amend(const struct charter *before, const struct change *change)
{
    struct charter *after = NULL;
    if (charter_amend(before, change, 9, &after) != VERDICT_ACCEPTED) {
        must(after == NULL);
        return;
    }
    must(after->from_height == 9 && after->node_count >= before->node_count);
    must(after->voter_count > 0 && charter_policy_check(after, NULL));
    charter_close(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct charter *charter;
    struct motion motion;
    struct change change;
    struct buffer out;
    if (!charter)
        charter = founded();
    buffer_init(&out, MOTION_SIZE_MAX);
    if (motion_decode(bytes_of(data, size), &motion, NULL)) {
        motion_encode(&motion, &out);
        fuzz_same(&out, data, size);
        amend(charter, &motion.change);
    } else if (change_decode(bytes_of(data, size), &change, NULL)) {
        change_encode(&change, &out);
        fuzz_same(&out, data, size);
        amend(charter, &change);
    }
    buffer_release(&out);
    return 0;
}
