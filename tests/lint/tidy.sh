#!/usr/bin/env bash
# tidy.sh BUILD_DIR short|long: clang-tidy over every C file that BUILD_DIR compiles, once each.
# (clang's own warnings are errors where the sanitizers' address tree is built.)
#
# Nearly all of its time is the analyzer's, which follows a function's paths until it has seen
# max-nodes states: long is clang's own number, short an eighth of that, for a quarter of the time,
# and the product's files only: paths through tests, which run, are followed by the long form.
# What passed is not looked at again until something that clang-tidy sees of it changes: the file, a
# header, the flags, .clang-tidy. BUILD_DIR/tidy keeps a hash of all that.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd) form=$2
tidy=$build/tidy
nodes=225000
[[ $form == long ]] || nodes=30000
# OpenSSL's macros cast const away, which gcc overlooks in system headers and clang does not.
extra=(-Wno-cast-qual -Xclang -analyzer-config -Xclang "max-nodes=$nodes")

# Where a file is compiled twice, once with planted bugs, the other is the product. A compiler that
# another program starts (ccache) is called by its own name.
file_list() {
    jq --arg build "$build/" 'map(
            select(.file | (startswith($build) or endswith("/sanitizers/planted.c")) | not)
            | .command |= sub("^\\S*ccache "; ""))
        | sort_by(.command | contains("-DACCRUE_PLANTS")) | unique_by(.file)' \
        "$build/compile_commands.json"
}

# All that clang-tidy sees of a file; comments too, they may say NOLINT.
seen() { # DIRECTORY COMMAND CHECKS
    cat "$source/.clang-tidy"
    printf '%s\n' "${extra[@]}" "$2" "$3"
    cd "$1" && eval "clang ${2#* } -w -E -C -o -"
}

look_at() { # FILE DIRECTORY COMMAND
    local hash said=$tidy/said.$BASHPID checks=
    [[ $form == long || $1 != "$source"/tests/* ]] || checks='-clang-analyzer-*'
    hash=$(seen "$2" "$3" "$checks" | sha256sum)
    [[ ! -e $tidy/passed/${hash%% *} ]] || return 0
    # What waits for a machine that is busy goes first: tests of real nodes that run meanwhile.
    if nice -n 10 clang-tidy --quiet -p "$tidy" "--checks=$checks" \
        "${extra[@]/#/--extra-arg=}" "$1" >"$said" 2>&1; then
        : >"$tidy/passed/${hash%% *}"
    else
        cat "$said" && return 1
    fi
}

mkdir -p "$tidy/passed"
rm -f "$tidy"/said.*
file_list >"$tidy/compile_commands.json"
jobs=$(nproc) running=0 count=0 failed=0
while IFS=$'\t' read -r file directory command; do
    ((running < jobs)) || { wait -n || failed=1; }
    ((running < jobs)) && running=$((running + 1))
    look_at "$file" "$directory" "$command" </dev/null &
    count=$((count + 1))
done < <(jq -r '.[] | [.file, .directory, .command] | join("\t")' "$tidy/compile_commands.json")
for (( ; running > 0; running--)); do
    wait -n || failed=1
done
((count > 0)) || { echo 'tidy: nothing is compiled' && exit 1; }
echo "tidy: $count files"
exit "$failed"
