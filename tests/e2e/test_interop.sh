#!/usr/bin/env bash
# A reader that no one here wrote: the Go project's sumdb/note and sumdb/tlog, from Debian's package,
# open checkpoints, read tiles and records, and check proofs of running nodes (interop/check.go).
# timeout: 300
if ! command -v go >/dev/null || [[ ! -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]]; then
    echo 'skipped: this needs Debian'\''s golang-go and golang-golang-x-mod-dev'
    exit 77
fi
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

export GO111MODULE=off GOPATH=/usr/share/gocode GOTOOLCHAIN=local GOFLAGS=
export GOCACHE=$ACCRUE_BUILD/tests/go-cache # so that a later run is quick
member=bb000000000000000000000000000001

reader_is_built() {
    needed go build -o "$work/check" "$ACCRUE_SOURCE/tests/e2e/interop/check.go"
}

feed() { # COUNT KEY-PREFIX
    local i
    for ((i = 0; i < $1; i++)); do
        echo "{\"type\":\"earn\",\"key\":\"$2-$i\",\"member\":\"$member\",\"points\":$((i + 1))}"
    done >"$work/lines"
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal "$1" "$(jq -r 'select(.status == 200) | .line' <"$answer_file" | wc -l)" accepted
    needed nodes_agree
}

key_of() { # NODE
    jq -r --arg node "$1" '.nodes[] | select(.name == $node) | .log_key' "$home/charter.json"
}

shows_more_than() { # NODE SIZE
    get "$1" auditor /checkpoint
    [[ $status == 200 ]] && (($(sed -n 2p "$answer_file") > $2))
}

keep_checkpoint() { # NODE
    expect_eventually 20 shows_more_than "$1" 60
    cp "$answer_file" "$work/old.$1"
}

reads() { # NODE KEY [COSIGNER-KEY...]; `line` is what it says
    line=$("$work/check" "$(url_of "$1")" "$home/$1/auditor.token" "$2" "$work/old.$1" "${@:3}" \
        2>&1) || depth=1 fail "the reader refuses what $1 serves" "$line"
    echo "$1: $line"
}

# Into the second tile: full tiles, partial ones, and more than one level.
the_log_of_each_node_is_read() {
    local node cosigners line
    mapfile -t cosigners < <(jq -r '.nodes[].cosigner_key' "$home/charter.json")
    till grocer members enrol "{\"member\":\"$member\"}"
    expect_answer 200
    feed 90 first
    for node in grocer books; do
        keep_checkpoint "$node"
    done
    feed 450 second
    for node in grocer books; do
        expect_eventually 20 shows_more_than "$node" 520
        reads "$node" "$(key_of "$node")" "${cosigners[@]}"
        expect_match ' [34] cosigners$' "$line" "what the reader says of $node"
    done
}

# The reader can say no: else the case above would prove nothing.
another_nodes_key_opens_nothing() {
    local said
    said=$("$work/check" "$(url_of grocer)" "$home/grocer/auditor.token" "$(key_of books)" \
        "$work/old.grocer" 2>&1) && fail 'a checkpoint of grocer was opened with the key of books'
    expect_match 'FAILED .*note has no verifiable signatures' "$said" 'what the reader says'
}

run_case reader_is_built
four_nodes
run_case the_log_of_each_node_is_read
run_case another_nodes_key_opens_nothing
finish
