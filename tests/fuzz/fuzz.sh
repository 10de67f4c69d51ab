#!/usr/bin/env bash
# fuzz.sh BUILD_DIR SECONDS: builds the libFuzzer targets and runs each for so long.
# Seeds are in tests/fuzz/corpus. What a target learns stays in BUILD_DIR/corpus; a crash is
# written there and named.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$1 seconds=$2

mkdir -p "$build"
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_C_COMPILER=clang -DACCRUE_FUZZ=ON -DACCRUE_SANITIZE=address,undefined \
    -DACCRUE_CHECKS=OFF >"$build/configure.log" || { cat "$build/configure.log" && exit 1; }
ninja -C "$build" --quiet

targets=("$build"/tests/fuzz_*)
[[ -x ${targets[0]} ]] || { echo "fuzz: there are no fuzz targets" >&2 && exit 1; }
for target in "${targets[@]}"; do
    corpus=$build/corpus/$(basename "$target")
    mkdir -p "$corpus"
    echo "fuzz: $(basename "$target"), $seconds s"
    "$target" -max_total_time="$seconds" -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$corpus-" "$corpus" "$source/tests/fuzz/corpus/$(basename "$target")"
done
