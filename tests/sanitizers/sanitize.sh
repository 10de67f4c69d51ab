#!/usr/bin/env bash
# sanitize.sh BUILD_DIR SANITIZERS LABELS [CMAKE OPTIONS]: builds with the sanitizers and runs the
# tests that have one of the labels.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$1 sanitizers=$2 labels=$3

mkdir -p "$build"
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g" \
    -DACCRUE_SANITIZE="$sanitizers" -DACCRUE_CHECKS=OFF "${@:4}" >"$build/configure.log" ||
    { cat "$build/configure.log" && exit 1; }
ninja -C "$build" --quiet
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
exec ctest --test-dir "$build" --output-on-failure -L "$labels" -j "$(nproc)" --no-tests=error
