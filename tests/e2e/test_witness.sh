#!/usr/bin/env bash
# accrue witness as whoever runs one sees it: a folder and a key, statuses of tlog-witness over HTTP,
# a kill in the middle, a stop.
# timeout: 120
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

little_log=$ACCRUE_BUILD/tests/little_log
state=$work/witness

witness_start() {
    "$accrue" witness run --state "$state" --policy "$work/policy" --listen "127.0.0.1:$port" \
        2>>"$work/witness.log" &
    witness=$!
    helpers=("$witness")
    needed eventually 10 curl -sf -m "$slow" -o "$work/null" "http://127.0.0.1:$port/healthz"
}

witness_end() { # SIGNAL
    {
        kill -"$1" "$witness"
        wait "$witness"
        exit_status=$?
    } 2>/dev/null
    helpers=()
}

# Posts what little_log says; `status`, `body` and the headers tell what came.
post_body() {
    status=$(curl -s -m $((10 * slow)) -D "$answer_headers" -o "$answer_file" -w '%{http_code}' \
        --data-binary "@$work/request" "http://127.0.0.1:$port/add-checkpoint")
    body=$(<"$answer_file")
}

posts() { # WANTED-STATUS little_log's ARGUMENTS
    "$little_log" "${@:2}" >"$work/request"
    post_body
    [[ $status == "$1" ]] || depth=1 fail "little_log ${*:2}: wanted $1, saw $status" "$body"
}

# The answer completes the note that was posted.
expect_cosigned() { # SIZE
    sed '1,/^$/d' "$work/request" | cat - "$answer_file" >"$work/cosigned"
    expect_equal "$1" "$("$little_log" open "$vkey" <"$work/cosigned")" 'size that was cosigned'
}

a_witness_is_made_once() {
    vkey=$("$accrue" witness init --state "$state" --name witness.example/w1)
    expect_match '^witness\.example/w1\+[0-9a-f]{8}\+B[A-P]' "$vkey" 'verifier key'
    "$accrue" witness init --state "$state" --name other 2>"$work/said" && fail 'made twice'
    expect_match 'never overwritten' "$(<"$work/said")"
}

it_does_not_run_without_a_policy_it_understands() {
    echo 'log nonsense' >"$work/policy"
    "$accrue" witness run --state "$state" --policy "$work/policy" --listen 127.0.0.1:0 \
        2>"$work/said"
    expect_equal 2 $? 'exit status'
    expect_match 'policy: .*line 1' "$(<"$work/said")"
    { echo "log $("$little_log" vkey)" && echo 'quorum none'; } >"$work/policy"
}

each_status_is_that_of_the_specification() {
    witness_start
    posts 200 request 0 5
    expect_cosigned 5
    posts 200 request 5 5
    expect_cosigned 5
    posts 409 request 0 7
    expect_equal 5 "$body" 'the size that it has'
    expect_equal text/x.tlog.size "$(header Content-Type)" 'its type'
    posts 200 request 5 12
    expect_cosigned 12
    posts 422 request 12 12 fork
    posts 422 request 12 20 fork
    posts 409 request 5 7
    posts 400 request 12 11
    posts 403 stranger 12 20
    sed -i 's/little\.example/nobody.example/' "$work/request"
    post_body
    expect_equal 404 "$status" 'status for an unknown log'
    echo 'old 12' >"$work/request"
    post_body
    expect_equal 400 "$status" 'status for half a request'
    head -c 70000 /dev/zero >"$work/request"
    post_body
    expect_equal 413 "$status" 'status for a large body'
}

what_it_saw_can_be_read() {
    local place
    place=$(printf 'little.example/log' | sha256sum | cut -c 1-64)
    curl -s "http://127.0.0.1:$port/$place/checkpoint" >"$work/seen"
    expect_equal 12 "$("$little_log" open "$vkey" <"$work/seen")" 'size by the witness'
    expect_equal 12 "$("$little_log" open "$("$little_log" vkey)" <"$work/seen")" 'by the log'
    curl -s "http://127.0.0.1:$port/metrics" >"$work/metrics"
    expect_match 'status="422",verdict="other-root"} 1' "$(<"$work/metrics")"
    expect_match 'level=warn .*another root was cosigned' "$(<"$work/witness.log")" 'the log'
}

a_folder_has_one_witness() {
    "$accrue" witness run --state "$state" --policy "$work/policy" --listen 127.0.0.1:0 \
        2>"$work/said"
    expect_equal 2 $? 'exit status'
    expect_match 'another witness runs' "$(<"$work/said")"
}

# Nobody gets another root for a size that somebody has its signature for, whenever it dies.
killed_it_forgets_nothing() {
    local size=12 round
    for round in 1 2 3 4 5; do
        posts 200 request "$size" $((size + 3))
        size=$((size + 3))
        witness_end KILL
        witness_start
        posts 422 request "$size" $((size + 1)) fork
        posts 422 request "$size" "$size" fork
        posts 409 request 0 "$size" fork
        expect_equal "$size" "$body" "size after kill $round"
    done
    posts 200 request "$size" "$size"
}

asked_to_it_stops() {
    witness_end TERM
    expect_equal 0 "$exit_status" 'exit status'
    expect_match 'the witness has stopped' "$(tail -n 1 "$work/witness.log")"
}

needed choose_ports
port=$base
run_case a_witness_is_made_once
run_case it_does_not_run_without_a_policy_it_understands
run_case each_status_is_that_of_the_specification
run_case what_it_saw_can_be_read
run_case a_folder_has_one_witness
run_case killed_it_forgets_nothing
run_case asked_to_it_stops
finish
