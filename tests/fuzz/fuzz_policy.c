// links: crypto
/* Policies. What is read must agree with itself: more witnesses never break a quorum, all of them
 * meet it, and the fewest that policy_least() names are those of the best set, tried out. */
#include "crypto/policy.h"
#include "fuzz/fuzz.h"

enum { TRIED_WITNESSES = 10 /* all sets of so many */ };

static void try_least(const struct policy *policy, uint64_t counted)
{
    uint64_t all = (UINT64_C(1) << policy->witness_count) - 1;
    size_t best = SIZE_MAX;
    for (uint64_t set = 0; set <= all; set++) {
        size_t count = (size_t)__builtin_popcountll(set & counted);
        if (policy_met(policy, set)) {
            must(policy_met(policy, set | counted));
            best = count < best ? count : best;
        }
    }
    must(best == policy_least(policy, counted));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct policy policy;
    struct checkpoint checkpoint;
    struct policy_result result;
    struct error error;
    if (!policy_parse(bytes_of(data, size), &policy, &error)) {
        return 0;
    }
    must(policy.log_count > 0);
    must(policy_met(&policy, UINT64_MAX));
    must(policy_met(&policy, 0) == (policy_least(&policy, UINT64_MAX) == 0));
    must(policy_least(&policy, 0) == 0);
    if (policy.witness_count <= TRIED_WITNESSES) {
        try_least(&policy, UINT64_MAX);
        try_least(&policy, UINT64_C(0x5555555555555555));
    }
    must(!policy_check(&policy, bytes_of(data, size), &checkpoint, &result, &error));
    policy_release(&policy);
    return 0;
}
