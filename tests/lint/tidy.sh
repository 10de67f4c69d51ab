#!/usr/bin/env bash
# tidy.sh BUILD_DIR: compiles everything with clang, warnings as errors, and clang-tidy beside it.
# A build tree of its own, so that ninja runs it in parallel and only again on what changed.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$1

# The hash makes a change of .clang-tidy itself reach every file.
config=$(sha256sum "$source/.clang-tidy" | cut -c 1-16)
tidy="clang-tidy;--quiet;--extra-arg=-DTIDY_CONFIG=0x$config"
mkdir -p "$build"
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang \
    -DCMAKE_C_CLANG_TIDY="$tidy" -DACCRUE_WERROR=ON -DACCRUE_CHECKS=OFF >"$build/configure.log" ||
    { cat "$build/configure.log" && exit 1; }
ninja -C "$build" --quiet -k 0
