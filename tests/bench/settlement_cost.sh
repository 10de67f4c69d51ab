#!/usr/bin/env bash
# settlement_cost.sh BUILD: instructions that a record costs the state machine (callgrind), with few
# and with many partners, and with many months closed before it. They are the same: totals are kept
# as records are applied, and neither partners nor periods are looked through.
set -euo pipefail
build=$1
command -v valgrind >/dev/null || { echo 'skipped: valgrind is not here' && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
redemptions=10000 members=500

# Of all of state_apply and state_begin; prints instructions a transaction.
cost() { # OPTIONS
    valgrind -q --tool=callgrind --toggle-collect=state_apply --toggle-collect=state_begin \
        --callgrind-out-file="$work/out" "$build/tests/accrue-bench-settlement" \
        --redemptions "$redemptions" --members "$members" "$@" >"$work/said"
    awk -v count="$((redemptions + 2 * members))" \
        '/^(totals|summary):/ { total = $2 } END { print int(total / count) }' "$work/out"
}

few=$(cost --partners 4)
many=$(cost --partners 60)
late=$(cost --partners 4 --earlier 60)
echo "instructions a record: $few with 4 partners, $many with 60, $late after 60 months"
((few > 500)) || { echo 'FAILED: nothing was counted' && exit 1; }
for other in "$many" "$late"; do
    ((other * 100 <= few * 110)) || {
        echo 'FAILED: it grows by more than a tenth'
        exit 1
    }
done
