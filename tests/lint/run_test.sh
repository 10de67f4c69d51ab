#!/usr/bin/env bash
# run_test.sh: ./run itself, with apt, sudo and dpkg-query played by small scripts that write down
# how they were called.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cases=0 failures=0

play() {
    printf '#!/bin/sh\n%s\n' "$2" >"$tree/bin/$1"
    chmod +x "$tree/bin/$1"
}

# expect NAME STATUS PATTERN COMMAND...: how it ends, and that its output or the calls match.
expect() {
    local name=$1 wanted=$2 pattern=$3 status=0 output
    : >"$tree/calls"
    output=$(PATH=$tree/bin:$PATH "$tree/run" "${@:4}" 2>&1 </dev/null) || status=$?
    cases=$((cases + 1))
    if [[ $status != "$wanted" || ! "$output $(<"$tree/calls")" =~ $pattern ]]; then
        failures=$((failures + 1))
        printf 'FAILED %s (status %s)\n%s\n%s\n' "$name" "$status" "$output" "$(<"$tree/calls")"
    fi
}

mkdir -p "$tree/bin" "$tree/tests/lint"
cp "$source/run" "$tree/run"
cat >"$tree/tests/lint/format.sh" <<'END'
#!/bin/sh
echo "formats $*"
END
chmod +x "$tree/tests/lint/format.sh"
# shellcheck disable=SC2016 # expanded by the script that is played
play apt-get "echo apt-get \"\$@\" >>$tree/calls"
play sudo 'exec "$@"'

play dpkg-query 'echo installed bash; echo installed clang-format'
expect "alone it prints help" 0 'usage: ./run COMMAND'
expect "help names every command" 0 'demo.*test.*build.*fmt.*lint.*soak.*bench.*fresh.*help' help
expect "an unknown command fails" 1 'no such command: frobnicate' frobnicate
expect "what is there is not installed again" 0 '^formats --check $' fmt --check

play dpkg-query 'echo installed bash; echo config-files clang-format'
expect "what is missing is installed, the index first" 0 \
    'apt-get .*update.apt-get .*install --no-install-recommends clang-format$' fmt
expect "and then the job is done" 0 'formats  ' fmt

play apt-get 'echo E: no network >&2; exit 100'
expect "apt's own words are shown when it fails" 1 'E: no network.*could not install' fmt

printf '%d cases, %d failed\n' "$cases" "$failures"
((failures == 0))
