#!/usr/bin/env bash
# settlement_cost.sh BUILD: instructions that one more record costs the state machine (callgrind),
# with few and with many partners, with many months closed before it, and with many versions of every
# contract. They are the same: totals are kept as records are applied, and neither partners nor
# periods nor contracts are looked through.
set -euo pipefail
build=$1
command -v valgrind >/dev/null || { echo 'skipped: valgrind is not here' && exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
few_records=4000 many_records=12000

# Of all of state_apply and state_begin.
instructions() { # REDEMPTIONS OPTIONS
    valgrind -q --tool=callgrind --toggle-collect=state_apply --toggle-collect=state_begin \
        --callgrind-out-file="$work/out" "$build/tests/accrue-bench-settlement" \
        --members 500 --redemptions "$@" >"$work/said"
    awk '/^(totals|summary):/ { total = $2 } END { print total }' "$work/out"
}

# What is made once for each partner, or at a month's end, is in both and falls out.
cost() { # OPTIONS
    local few many
    few=$(instructions "$few_records" "$@")
    many=$(instructions "$many_records" "$@")
    echo $(((many - few) / (many_records - few_records)))
}

few=$(cost --partners 4)
many=$(cost --partners 60)
late=$(cost --partners 4 --earlier 60)
agreed=$(cost --partners 4 --versions 500)
echo "instructions a record: $few with 4 partners, $many with 60, $late after 60 months," \
    "$agreed with 6,000 contracts"
((few > 500)) || { echo 'FAILED: nothing was counted' && exit 1; }
for other in "$many" "$late" "$agreed"; do
    ((other * 100 <= few * 110)) || {
        echo 'FAILED: it grows by more than a tenth'
        exit 1
    }
done
