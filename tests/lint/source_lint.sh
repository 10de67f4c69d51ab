#!/bin/sh
# source_lint.sh [ROOT]: rules of this project that no compiler knows. Prints FILE:LINE: RULE: WHY
# and fails when there is any. Only sh, find and awk; what it lets pass stands in `exceptions`.
set -eu
LC_ALL=C
export LC_ALL
lint=$(cd "$(dirname "$0")" && pwd)
cd "${1-$lint/../..}"

# Everything that people write, except the lint itself, which has to name what it forbids.
files=$(find . \( -name .git -o -path './build*' -o -path ./demo-data -o -path ./tests/lint \) -prune \
    -o -type f \( -name '*.[ch]' -o -name '*.sh' -o -name '*.awk' -o -name '*.md' -o -name '*.cddl' \
    -o -name '*.cmake' -o -name CMakeLists.txt -o -name '*.yaml' -o -name '*.json' -o -name '*.[158]' \
    -o -name '*.js' -o -name '*.css' -o -name '*.html' -o -path ./run -o -path ./.ci/run \) -print |
    sed 's,^\./,,' | sort)
exceptions=tests/lint/exceptions
[ -f "$exceptions" ] || exceptions=/dev/null

# File names of this project have no blanks: the list may split.
# shellcheck disable=SC2086
exec awk -f "$lint/source_lint.awk" "$exceptions" $files
