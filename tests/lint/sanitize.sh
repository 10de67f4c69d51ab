#!/usr/bin/env bash
# sanitize.sh BUILD_DIR SANITIZERS LABELS: builds with the sanitizers and runs the tests with them.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$1 sanitizers=$2 labels=$3

cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g" \
    -DACCRUE_SANITIZE="$sanitizers" -DACCRUE_CHECKS=OFF >"$build.log" ||
    { cat "$build.log" && exit 1; }
ninja -C "$build" --quiet
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
exec ctest --test-dir "$build" --output-on-failure -L "$labels" -j "$(nproc)" --no-tests=error
