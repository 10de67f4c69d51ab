#!/usr/bin/env bash
# shell_lint.sh: shellcheck over every shell script of the project.
set -euo pipefail
cd "$(dirname "$0")/../.."
{
    printf '%s\0' run .ci/run
    find tests -name '*.sh' -print0
} | xargs -0 shellcheck
