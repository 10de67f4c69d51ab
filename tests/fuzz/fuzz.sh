#!/usr/bin/env bash
# fuzz.sh BUILD_DIR short|SECONDS: runs each libFuzzer target of BUILD_DIR, which sanitize.sh built
# with ASan and UBSan: in the short form on the seeds and a few thousand inputs made of them, else
# for so long. Seeds are in tests/fuzz/corpus. What a target learns stays in BUILD_DIR/corpus; a
# crash is written there and named.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$1 form=$2
limits=(-max_total_time="$form")
[[ $form == short ]] && limits=(-runs=4000 -seed=1)

failed=() count=0
for file in "$source"/tests/fuzz/fuzz_*.c; do
    name=$(basename "$file" .c)
    seeds=$source/tests/fuzz/corpus/$name learned=$build/corpus/$name
    [[ -d $seeds ]] || { echo "fuzz: $name has no seeds in $seeds" >&2 && exit 1; }
    mkdir -p "$learned"
    echo "fuzz: $name, $form"
    "$build/tests/$name" "${limits[@]}" -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$learned-" "$learned" "$seeds" || failed+=("$name")
    count=$((count + 1))
done
((${#failed[@]} == 0)) || { echo "fuzz: found something: ${failed[*]}" >&2 && exit 1; }
echo "fuzz: $count targets, nothing found"
