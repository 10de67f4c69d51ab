#!/usr/bin/env bash
# sanitize.sh address|thread short|long BUILD_DIR [CMAKE OPTIONS]: builds everything with
# AddressSanitizer and UndefinedBehaviorSanitizer, or with ThreadSanitizer, and runs tests so: unit
# tests, simulator and end-to-end scripts (real nodes, also killed ones).
#
# Each process writes what is found into a file of its own under BUILD_DIR/reports, at once: a
# report fails the run also when its process was killed, ended in the background, or had its exit
# status looked at by nobody.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
kind=$1 form=$2 build=$3
reports=$build/reports
failed=0
# shellcheck source=tests/sanitizers/reports.sh
source "$here/reports.sh"

case $kind in
address)
    # As shared libraries the two have a runtime each, and one's reports miss the other's file.
    sanitizers=address,undefined link='-static-libasan -static-libubsan'
    faults=('overflow heap-buffer-overflow' 'signed_overflow signed.integer.overflow'
        'leak detected.memory.leaks')
    targets=(all)
    unit=(-L 'unit|vectors|sim')
    e2e=(-R '^e2e_(graceful|crash)$')
    ;;
thread)
    sanitizers=thread link=
    faults=('race data.race' 'killed_race data.race')
    # In the short form only what has threads: all else cannot race.
    threaded=(test_hash test_http_server test_log test_transport)
    targets=(accrued accrue planted test_store_leveldb "${threaded[@]}")
    unit=(-R "^($(IFS='|' && echo "${threaded[*]}"))\$")
    e2e=(-R '^e2e_graceful$')
    ;;
*) echo "usage: sanitize.sh address|thread short|long BUILD_DIR" >&2 && exit 2 ;;
esac
if [[ $form == long ]]; then
    targets=(all) unit=(-L 'unit|vectors|sim') e2e=(-L e2e)
else
    export ACCRUE_KILLS=4
fi

common=log_path=$reports/report:log_exe_name=1
export ASAN_OPTIONS=$common:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=$common:print_stacktrace=1
export TSAN_OPTIONS=$common:history_size=4:second_deadlock_stack=1
TSAN_OPTIONS+=:suppressions=$here/thread.supp:print_suppressions=0

# The sanitizers want certain addresses free: without random ones they always are.
fixed=(setarch --addr-no-randomize)
"${fixed[@]}" true 2>/dev/null || fixed=()

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
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g" \
    -DACCRUE_SANITIZE="$sanitizers" -DCMAKE_EXE_LINKER_FLAGS="$link" -DACCRUE_CHECKS=OFF "${@:4}" \
    >"$build/configure.log" || {
    cat "$build/configure.log"
    exit 1
}
ninja -C "$build" --quiet "${targets[@]}"

if "${fixed[@]}" "$build/tests/planted" none 2>&1 | grep 'unexpected memory mapping'; then
    echo 'skipped: this kernel puts programs where ThreadSanitizer cannot have them'
    exit 77
fi
for fault in "${faults[@]}"; do
    expect_found "${fault% *}" "${fault#* }"
done
fresh_reports
run_tests "${unit[@]}" -j "$(nproc)"
if [[ $kind,$form == thread,short ]]; then
    # All of the store's cases take minutes, and one of them has threads.
    CHECK_ONLY=one_thread_writes_while_another_reads \
        "${fixed[@]}" "$build/tests/test_store_leveldb" || failed=1
fi
run_tests "${e2e[@]}"
tell_reports || failed=1
exit "$failed"
