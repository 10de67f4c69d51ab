#!/usr/bin/env bash
# man_lint.sh PAGE...: mandoc finds nothing to complain about in the manual pages.
set -euo pipefail
mandoc -T lint -W warning "$@"
