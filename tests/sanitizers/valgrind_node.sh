#!/usr/bin/env bash
# A node under valgrind among three that are not: it decides, refuses, answers, is read by everybody
# who may read, stops when asked, starts again on what it wrote, and stops. What valgrind finds is in
# the reports that valgrind.sh looks at; here the node must do its work and end with 0.
export ACCRUE_SLOW=5
# shellcheck source=../e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"

ann=aa000000000000000000000000000001

# The grocer's programs from here on.
under_valgrind() {
    local program
    mkdir "$work/bin"
    for program in accrued accrue; do
        printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "${memcheck:?}" "$ACCRUE_BUILD/$program" \
            >"$work/bin/$program"
        chmod +x "$work/bin/$program"
    done
    accrued=$work/bin/accrued accrue=$work/bin/accrue
}

it_decides_what_its_till_asks_for() {
    local hold
    till grocer members enrol "{\"member\":\"$ann\",\"cards\":[\"49002716358012345678\"]}"
    expect_answer 200
    till grocer earn earn "{\"member\":\"$ann\",\"points\":100,\"document\":\"B1\",\"line\":1}"
    expect_answer 200
    till grocer redeem redeem "{\"member\":\"$ann\",\"points\":10}"
    expect_answer 200
    till grocer hold hold "{\"member\":\"$ann\",\"points\":20,\"ttl_s\":600}"
    expect_answer 200
    hold=$(field .index)
    till grocer commit commit "{\"hold\":$hold,\"points\":5}"
    expect_answer 200
    till grocer reverse-earn refund '{"original_document":"B1","original_line":1,"points":7}'
    expect_answer 200
    till grocer redeem too-much "{\"member\":\"$ann\",\"points\":5000}"
    expect_answer 409 insufficient-points
    till grocer earn malformed '{"member":"x","points":-1}'
    expect_answer 400 malformed
    till books earn elsewhere "{\"member\":\"$ann\",\"points\":1}"
    expect_answer 200
}

a_batch_is_answered_line_by_line() {
    local i
    for ((i = 0; i < 50; i++)); do
        echo "{\"type\":\"earn\",\"key\":\"b$i\",\"member\":\"$ann\",\"points\":1}"
    done >"$work/lines"
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal 50 "$(jq -r 'select(.status == 200) | .line' <"$work/body" | wc -l)" accepted
}

everything_can_be_read() {
    local path
    for path in /healthz /metrics /openapi.json /checkpoint /v1/coalition /v1/settlement \
        "/v1/members/$ann" "/v1/members/$ann/transactions" /v1/transactions /v1/balances; do
        get grocer auditor "$path"
        expect_match '^(200|403)$' "$status" "$path"
    done
    get grocer till "/v1/members/$ann"
    expect_field .spendable 129
    "$accrue" verify --dir "$home" >"$work/verify" 2>&1 || fail verify "$(<"$work/verify")"
}

it_stops_and_starts_again_where_it_was() {
    local before
    needed nodes_agree
    before=$(node_place grocer)
    node_end grocer
    expect_equal 0 "$exit_status" 'exit status'
    "$accrue" verify --store "$home/grocer/data" --charter "$home/charter.json" \
        >"$work/verify" 2>&1 || fail 'verify of the store' "$(<"$work/verify")"
    node_start grocer
    needed nodes_ready grocer
    expect_equal "$before" "$(node_place grocer)" 'records, root, digest and height'
    node_end grocer INT
    expect_equal 0 "$exit_status" 'exit status'
}

coalition coalition
node_start books cinema fuel
under_valgrind
node_start grocer
needed nodes_ready "${names[@]}"
run_case it_decides_what_its_till_asks_for
run_case a_batch_is_answered_line_by_line
run_case everything_can_be_read
run_case it_stops_and_starts_again_where_it_was
finish
