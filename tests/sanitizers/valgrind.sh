#!/usr/bin/env bash
# valgrind.sh short|long BUILD_DIR: what was built in BUILD_DIR, run under valgrind's memcheck, which
# sees what the sanitizers do not: a value used before it was set, also inside the libraries. Unit
# tests, and a node in a coalition (valgrind_node.sh). Any error and any lost block fails the run.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
form=$1 build=$(cd "$2" && pwd)
reports=$build/valgrind/reports
failed=0
# shellcheck source=tests/sanitizers/reports.sh
source "$here/reports.sh"
export ACCRUE_BUILD=$build ACCRUE_SOURCE=${ACCRUE_SOURCE-$(cd "$here/../.." && pwd)}
export ACCRUE_SHARED=${ACCRUE_SHARED-$ACCRUE_SOURCE/../shared}
command -v valgrind >/dev/null || { echo 'skipped: valgrind is not here' && exit 77; }

# memcheck PROGRAM ...: each process writes into a file of its own, which is empty when nothing was
# found. What is still reachable at the end is no loss: libraries keep such.
export memcheck=$build/valgrind/memcheck
mkdir -p "$build/valgrind"
leaks=definite,indirect,possible
cat >"$memcheck" <<END
#!/bin/sh
exec valgrind -q --error-exitcode=99 "--log-file=$reports/report.%p" \\
    --leak-check=full --show-leak-kinds=$leaks --errors-for-leak-kinds=$leaks "\$@"
END
chmod +x "$memcheck"

# Some that are short by themselves: valgrind makes them some thirty times as long.
tests=(test_hash test_sign test_record test_batch test_example_a test_settlement test_store
    test_snapshot test_log)
seconds=120
if [[ $form == long ]]; then
    tests=("$build"/tests/test_*)
    seconds=1800
fi

expect_found() { # FAULT PATTERN
    "$memcheck" "$build/tests/planted" "$1" >"$build/valgrind/said" 2>&1 || true
    cat "$reports"/report.* | grep -q "$2" || {
        echo "FAILED: the planted fault '$1' was not reported"
        failed=1
    }
    fresh_reports
}

# The status alone does not tell: a fault in a child that a test forks is in the reports only.
run_test() { # NAME
    local start=$SECONDS status=0
    timeout "$seconds" "$memcheck" "$build/tests/$1" >"$build/valgrind/said" 2>&1 || status=$?
    ((status == 0 || status == 77)) || {
        cat "$build/valgrind/said"
        failed=1
    }
    echo "$1: status $status, $((SECONDS - start)) s"
    tell_reports || failed=1
    fresh_reports
}

fresh_reports
expect_found overflow 'Invalid read of size 1'
expect_found uninitialised 'uninitialised'
expect_found leak 'definitely lost'
for name in "${tests[@]}"; do
    run_test "${name##*/}"
done
"$here/valgrind_node.sh" || failed=1
tell_reports || failed=1
exit "$failed"
