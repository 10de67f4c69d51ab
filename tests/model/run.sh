#!/usr/bin/env bash
# run.sh WORK_DIR [soak]: checks agreement.pml and healed.pml with spin. The agreement as designed
# must be free of errors wherever the liar sits, and each planted mistake must be found. Two rounds
# take seconds; the soak adds three, still every state of them, and the mistakes at every place.
set -euo pipefail
folder=$(cd "$(dirname "$0")" && pwd)
work=$1 form=${2-short}
failures=0
optimise=-O0 # short: compiling takes longer than searching
[[ $form == soak ]] && optimise=-O2

for tool in spin gcc; do
    command -v "$tool" >/dev/null || { echo "model: skipped, $tool is not here" && exit 77; }
done

# explore NAME MODEL DEFINES...: leaves what pan said in WORK_DIR/NAME/output.
explore() {
    rm -rf "${work:?}/$1"
    mkdir -p "$work/$1"
    (
        cd "$work/$1"
        spin -a "${@:3}" "$folder/$2.pml" >spin.log || { cat spin.log && exit 1; }
        gcc $optimise -w -DSAFETY -DCOLLAPSE -DMEMLIM=4096 -o pan pan.c
        ./pan -m100000 >output 2>&1
    )
}

# check NAME VERDICT MODEL DEFINES...: VERDICT is "none" or the word that spin must find violated.
check() {
    local name=$1 wanted=$2 found states seconds word=ok
    explore "$name" "${@:3}" || { echo "FAILED $name: spin, gcc or pan ended with an error" &&
        failures=$((failures + 1)) && return; }
    local output=$work/$name/output
    found=$(sed -n 's/^pan:1: assertion violated *!(\([a-z]*\)).*/\1/p' "$output")
    if [[ -z $found ]] && grep -q 'errors: 0$' "$output" &&
        ! grep -Eq 'search not completed|max search depth too small' "$output"; then
        found=none
    fi
    states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$output")
    seconds=$(sed -n 's/^pan: elapsed time \([0-9.e-]*\) seconds/\1/p' "$output")
    if [[ $found != "$wanted" ]]; then
        word="FAILED, wanted $wanted"
        failures=$((failures + 1))
    fi
    printf '%-24s %-10s %10s states %8s s  %s\n' \
        "$name" "${found:-no answer}" "${states:-?}" "${seconds:-?}" "$word"
}

# Every rule must have fired in the agreement as it is, or the model says nothing about it.
all_rules_fired() {
    local idle
    idle=$(sed -n '/^unreached in proctype node/,/^unreached in proctype watcher/p' "$1" |
        grep 'state' | grep -v -- '-end-' | grep -v '([0-9]* of [0-9]* states)' || true)
    [[ -z $idle ]] && return
    printf 'FAILED: rules that never fired:\n%s\n' "$idle"
    failures=$((failures + 1))
}

plants() {
    check "no-lock-$1" forked agreement -DPLANT_NO_LOCK -DLIAR="$1"
    check "small-quorum-$1" forked agreement -DPLANT_SMALL_QUORUM -DLIAR="$1"
    check "lost-store-$1" forked agreement -DPLANT_LOST_STORE -DLIAR="$1"
    check "early-count-$1" forked agreement -DPLANT_EARLY_COUNT -DLIAR="$1"
    check "no-proof-$1" undecided agreement -DPLANT_NO_PROOF -DLIAR="$1"
    check "local-test-$1" undecided agreement -DPLANT_LOCAL_TEST -DLIAR="$1"
    check "silent-leave-$1" stuck agreement -DPLANT_SILENT_LEAVE -DLIAR="$1"
    check "first-claim-$1" endless healed -DPLANT_FIRST_CLAIM -DLIAR="$1"
}

# Where the voters of the height are others than before, at places 1 to 4 (see CHANGE).
change_plants() {
    check "old-voter-$1" forked agreement -DCHANGE -DPLANT_OLD_VOTER -DLIAR="$1"
    check "old-judge-$1" forked agreement -DCHANGE -DPLANT_OLD_JUDGE -DLIAR="$1"
}

places=(0 1 2 3)
for place in "${places[@]}"; do
    check "two-rounds-$place" none agreement -DLIAR="$place"
    check "healed-$place" none healed -DLIAR="$place"
done
for place in 1 2 3 4; do
    check "changed-$place" none agreement -DCHANGE -DLIAR="$place"
done
all_rules_fired "$work/two-rounds-2/output"
all_rules_fired "$work/changed-3/output"
check "relocked-and-decided" witnessed agreement -DWITNESS -DLIAR=2
plants 1
change_plants 1
if [[ $form == soak ]]; then
    for place in "${places[@]}"; do
        check "three-rounds-$place" none agreement -DROUNDS=3 -DLIAR="$place"
    done
    for place in 1 2 3 4; do
        check "changed-thrice-$place" none agreement -DCHANGE -DROUNDS=3 -DLIAR="$place"
    done
    for place in 0 2 3; do
        plants "$place"
    done
    for place in 2 3 4; do
        change_plants "$place"
    done
fi
printf 'model: %d failed\n' "$failures"
((failures == 0))
