#!/usr/bin/env bash
# format.sh [--check]: formats the C sources, or fails and says which lines are not formatted.
set -euo pipefail
cd "$(dirname "$0")/../.."

mode=(-i)
case ${1-} in
--check) mode=(--dry-run -Werror --ferror-limit=3) ;;
"") ;;
*) echo "usage: format.sh [--check]" >&2 && exit 2 ;;
esac

folders=()
for folder in crypto protocol partners node tests; do
    [[ -d $folder ]] && folders+=("$folder")
done
find "${folders[@]}" -name '*.[ch]' -print0 | xargs -0 -r clang-format "${mode[@]}"
