#!/usr/bin/env bash
# sanitize.sh address|thread short|long|fuzz STAGE BUILD_DIR [CMAKE OPTIONS]: everything with
# AddressSanitizer and UndefinedBehaviorSanitizer, or with ThreadSanitizer. The stages, which are
# tests of their own so that one's waiting is another's time:
#
#   build   compiles, and expects that planted faults are found; in the address tree are the fuzz
#           targets, too, or with `fuzz` they alone (tests/fuzz/fuzz.sh runs them), and clang's
#           warnings are errors
#   unit    unit tests, vectors and the simulator
#   e2e     end-to-end scripts: real nodes, also killed ones
#
# Each process writes what is found into a file of its own under BUILD_DIR/reports-STAGE, at once: a
# report fails the run also when its process was killed, ended in the background, or had its exit
# status looked at by nobody.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
kind=$1 form=$2 stage=$3 build=$4
reports=$build/reports-$stage
failed=0
# shellcheck source=tests/sanitizers/reports.sh
source "$here/reports.sh"

case $kind in
address)
    options=(-DACCRUE_SANITIZE="address,undefined" -DACCRUE_FUZZ=ON -DACCRUE_WERROR=ON
        -DCMAKE_C_COMPILER=clang -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld)
    faults=('overflow heap-buffer-overflow' 'signed_overflow signed.integer.overflow'
        'leak detected.memory.leaks')
    targets=(all)
    unit=(-L 'unit|vectors|sim')
    e2e=(-R '^e2e_(graceful|crash)$')
    ;;
thread)
    options=(-DACCRUE_SANITIZE=thread)
    faults=('race data.race' 'killed_race data.race')
    # In the short form only what has threads: all else cannot race.
    threaded=(test_hash test_http_server test_log test_transport)
    targets=(accrued accrue planted test_store_leveldb "${threaded[@]}")
    unit=(-R "^($(IFS='|' && echo "${threaded[*]}"))\$")
    e2e=(-R '^e2e_graceful$')
    ;;
*) echo "sanitize.sh: address or thread, not $kind" >&2 && exit 2 ;;
esac
case $form in
short) export ACCRUE_KILLS=4 CHECK_SHARE=3 ;;
long) targets=(all) unit=(-L 'unit|vectors|sim') e2e=(-L e2e) ;;
fuzz)
    targets=(planted)
    for file in "$source"/tests/fuzz/fuzz_*.c; do
        targets+=("$(basename "$file" .c)")
    done
    ;;
*) echo "sanitize.sh: short, long or fuzz, not $form" >&2 && exit 2 ;;
esac

common=log_path=$reports/report:log_exe_name=1
export ASAN_OPTIONS=$common:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=$common:print_stacktrace=1
export TSAN_OPTIONS=$common:history_size=4:second_deadlock_stack=1
TSAN_OPTIONS+=:suppressions=$here/thread.supp:print_suppressions=0

# The sanitizers want certain addresses free: without random ones they always are.
fixed=(setarch --addr-no-randomize)
"${fixed[@]}" true 2>/dev/null || fixed=()

# What waits for a machine that is busy goes first: tests of real nodes that run meanwhile.
build_all() { # CMAKE OPTIONS
    cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_FLAGS_DEBUG='-O1 -g1' -DACCRUE_CHECKS=OFF "${options[@]}" "$@" \
        >"$build/configure.log" || {
        cat "$build/configure.log"
        exit 1
    }
    nice -n 10 ninja -C "$build" --quiet "${targets[@]}"
}

# ThreadSanitizer cannot run where the kernel puts programs at some addresses.
skip_where_it_cannot_run() {
    if "${fixed[@]}" "$build/tests/planted" none 2>&1 | grep 'unexpected memory mapping'; then
        echo 'skipped: this kernel puts programs where ThreadSanitizer cannot have them'
        exit 77
    fi
}

# expect_found FAULT PATTERN: a sanitizer that says nothing here would say nothing anywhere.
expect_found() {
    fresh_reports
    "${fixed[@]}" "$build/tests/planted" "$1" >"$build/planted.log" 2>&1 || true
    grep -qs "$2" "$reports"/* || {
        echo "FAILED: the planted fault '$1' was not reported"
        cat "$build/planted.log"
        failed=1
    }
} 2>/dev/null # bash tells of what is killed

run_tests() { # CTEST OPTIONS
    "${fixed[@]}" ctest --test-dir "$build" --output-on-failure --no-tests=error \
        --no-label-summary "$@" || failed=1
}

mkdir -p "$build"
[[ $stage != build ]] || build_all "${@:5}"
skip_where_it_cannot_run
fresh_reports
case $stage in
build)
    for fault in "${faults[@]}"; do
        expect_found "${fault% *}" "${fault#* }"
    done
    exit "$failed"
    ;;
unit)
    run_tests "${unit[@]}" -j "$(nproc)"
    if [[ $kind,$form == thread,short ]]; then
        # All of the store's cases take minutes, and one of them has threads.
        CHECK_ONLY=one_thread_writes_while_another_reads \
            "${fixed[@]}" "$build/tests/test_store_leveldb" || failed=1
    fi
    ;;
e2e) run_tests "${e2e[@]}" ;;
*) echo "sanitize.sh: build, unit or e2e, not $stage" >&2 && exit 2 ;;
esac
tell_reports || failed=1
exit "$failed"
