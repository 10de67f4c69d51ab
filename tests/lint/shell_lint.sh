#!/usr/bin/env bash
# shell_lint.sh: shellcheck over every shell script of the project. Left out are SC2317
# (unreachable), as the end-to-end tests run their cases by name, and SC2119 (optional arguments).
set -euo pipefail
cd "$(dirname "$0")/../.."
{
    printf '%s\0' run .ci/run
    find tests -name '*.sh' -print0
} | xargs -0 shellcheck --external-sources --source-path=SCRIPTDIR --exclude=SC2317,SC2119
