#!/usr/bin/env bash
# Four nodes whose charter asks for a witness outside: nothing is final without it, and what is shown
# carries its cosignature.
# timeout: 200
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

little_log=$ACCRUE_BUILD/tests/little_log
ann=aa000000000000000000000000000001

make_witness() { # NAME
    vkeys[$1]=$("$accrue" witness init --state "$work/$1" --name "$1.example/w") ||
        fail "witness init $1"
}

witness_start() { # NAME
    "$accrue" witness run --state "$work/$1" --policy "$work/policy" \
        --listen "127.0.0.1:${ports[$1]}" 2>>"$work/$1.log" &
    witnesses[$1]=$!
    helpers+=($!)
    needed eventually 10 curl -sf -m "$slow" -o "$work/null" \
        "http://127.0.0.1:${ports[$1]}/healthz"
}

witness_end() { # NAME
    {
        kill -KILL "${witnesses[$1]}"
        wait "${witnesses[$1]}"
    } 2>/dev/null
    unset "witnesses[$1]"
}

# The size of the checkpoint that a node shows: 0 when it shows none.
shown_size() { # NODE
    local status body
    get "$1" auditor /checkpoint
    [[ $status == 200 ]] && sed -n 2p "$answer_file" || echo 0
}

shows_more_than() { # NODE SIZE
    (($(shown_size "$1") > $2))
}

is_cosigned_by() { # NODE WITNESS
    get "$1" auditor /checkpoint
    "$little_log" open "${vkeys[$2]}" <"$answer_file" >"$work/opened"
}

records() {
    get grocer auditor /v1/coalition
    field .records
}

earn() { # KEY
    till grocer earn "$1" "{\"member\":\"$ann\",\"points\":5}"
    expect_answer 200
}

# Tills are answered when voters have decided; a receipt needs the witness.
nothing_is_shown_before_the_witness_has_seen_it() {
    till grocer members enrol "{\"member\":\"$ann\"}"
    expect_answer 200
    earn one
    sleep 1.5
    get grocer auditor /checkpoint
    expect_answer 503 not-final
    expect_eventually 5 grep -q 'a witness does not cosign.*witness=east' "$work/grocer.log"
}

with_it_every_node_shows_what_it_cosigned() {
    local node
    witness_start east
    for node in "${names[@]}"; do
        expect_eventually 20 shows_more_than "$node" 0
        is_cosigned_by "$node" east || fail "east did not cosign what $node shows" "$(<"$work/opened")"
    done
    witness_start west
    earn two
    expect_eventually 20 is_cosigned_by grocer west
    expect_eventually 20 is_cosigned_by grocer east
}

without_it_they_stay_where_they_are() {
    local before node
    before=$(shown_size grocer)
    witness_end east
    earn three
    sleep 1.5
    expect_equal "$before" "$(shown_size grocer)" 'the size that is shown'
    (($(records) > before)) || fail 'the ledger did not go on'
    witness_start east
    for node in "${names[@]}"; do
        expect_eventually 30 shows_more_than "$node" "$before"
    done
}

# The other one is asked, and missed by nobody.
a_witness_that_nobody_needs_may_be_away() {
    local before
    before=$(shown_size grocer)
    witness_end west
    earn four
    expect_eventually 20 shows_more_than grocer "$before"
}

a_node_that_starts_anew_goes_on_with_the_witness() {
    local before
    node_end books
    node_start books
    needed nodes_ready books
    before=$(shown_size grocer)
    earn five
    expect_eventually 30 shows_more_than books "$before"
    get books auditor /metrics
    expect_match 'accrue_outside_witness_requests_total\{witness="east",result="cosigned"\} [1-9]' \
        "$(grep outside_witness "$answer_file")"
}

declare -A vkeys=() ports=() witnesses=()
needed choose_ports
ports=([east]=$((base + 4)) [west]=$((base + 5)))
make_witness east
make_witness west
cat >"$work/outside" <<END
witness east ${vkeys[east]} http://127.0.0.1:${ports[east]}
witness west ${vkeys[west]} http://127.0.0.1:${ports[west]}/
quorum east
END
coalition coalition --witnesses "$work/outside"
jq -r .tlog_policy "$home/charter.json" >"$work/policy"
node_start "${names[@]}"
needed nodes_ready "${names[@]}"
run_case nothing_is_shown_before_the_witness_has_seen_it
run_case with_it_every_node_shows_what_it_cosigned
run_case without_it_they_stay_where_they_are
run_case a_witness_that_nobody_needs_may_be_away
run_case a_node_that_starts_anew_goes_on_with_the_witness
finish
