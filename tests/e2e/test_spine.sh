#!/usr/bin/env bash
# The spine: four partners keep one ledger. Every kind of transaction, told at one node and seen the
# same at all four; what tills repeat, get wrong, send in bulk and page through.
# timeout: 300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ann=aa000000000000000000000000000001 bob=bb000000000000000000000000000002
card=49002716358012345678

points_of() { # NODE MEMBER
    get "$1" till "/v1/members/$2"
    field '[.spendable, .held, .pending, .deficit] | join(" ")'
}

points_are() { # NODE MEMBER WANTED
    [[ $(points_of "$1" "$2") == "$3" ]]
}

everywhere() { # MEMBER "SPENDABLE HELD PENDING DEFICIT"
    local node
    for node in "${names[@]}"; do
        expect_eventually 5 points_are "$node" "$1" "$2"
    done
}

a_member_and_a_card_known_to_all() {
    till grocer members enrol-ann "{\"member\":\"$ann\",\"cards\":[\"$card\"]}"
    expect_answer 200
    expect_field .member "$ann"
    expect_field '.cards[0].verdict' accepted
    till books members enrol-bob "{\"member\":\"$bob\"}"
    expect_answer 200
    till books "members/$bob/cards" link-bob '{"number":"77002716358012345678"}'
    expect_answer 200
    needed nodes_agree
    post fuel till /v1/cards/lookup - "{\"number\":\"$card\"}"
    expect_answer 200
    expect_field .member "$ann"
    till books "members/$bob/cards" steal "{\"number\":\"$card\"}"
    expect_answer 409 card-taken
    till cinema "members/$bob/cards" meddle '{"number":"88002716358012345678"}'
    expect_answer 403 not-authorised
    till cinema members again "{\"member\":\"$ann\"}"
    expect_answer 409 member-exists
}

earned_at_the_grocer_spent_at_the_cinema() {
    till grocer earn earn-1 "{\"card\":\"$card\",\"points\":1000,\"document\":\"B1\",\"line\":1}"
    expect_answer 200
    expect_field '.status + " " + .verdict + " " + (.late | tostring)' 'decided accepted false'
    expect_field '.lots | map(.quantity) | add' 1000
    expect_field .balance.spendable 1000
    earn_1=$(field .index)
    earn_1_body=$body
    expect_eventually 5 points_are cinema "$ann" '1000 0 0 0'
    till cinema redeem redeem-1 "{\"card\":\"$card\",\"points\":254}"
    expect_answer 200
    expect_field '.allocations | map(.quantity) | add' 254
    expect_field '.obligations[0] | .debtor + " " + .creditor + " " + .amount' 'grocer cinema 2.286'
    redeem_1=$(field .index)
    everywhere "$ann" '746 0 0 0'
    get fuel auditor /v1/settlement
    expect_field '.obligations[0] | [.debtor, .creditor, .open, .rounded] | join(" ")' \
        'grocer cinema 2.286 2.29'
}

a_hold_is_committed_in_part_and_another_released() {
    local hold
    till cinema hold hold-1 "{\"member\":\"$ann\",\"points\":100,\"ttl_s\":600}"
    expect_answer 200
    hold=$(field .index)
    everywhere "$ann" '646 100 0 0'
    till cinema commit commit-1 "{\"hold\":$hold,\"points\":60}"
    expect_answer 200
    everywhere "$ann" '686 0 0 0'
    till cinema release release-late "{\"hold\":$hold}"
    expect_answer 409 hold-closed
    till fuel hold hold-2 "{\"member\":\"$ann\",\"amount\":\"0.50\"}"
    expect_answer 200
    hold=$(field .index)
    till fuel release release-2 "{\"hold\":$hold}"
    expect_answer 200
    everywhere "$ann" '686 0 0 0'
}

refunds_take_points_back_and_returned_rewards_give_them_back() {
    till cinema reverse-redeem return-1 "{\"redemption\":$redeem_1,\"points\":54}"
    expect_answer 200
    everywhere "$ann" '740 0 0 0'
    till cinema reverse-redeem return-2 "{\"redemption\":$redeem_1,\"points\":201}"
    expect_answer 409 over-reversed
    till grocer reverse-earn refund-1 '{"original_document":"B1","original_line":1,"points":100}'
    expect_answer 200
    everywhere "$ann" '640 0 0 0'
    till grocer reverse-earn refund-2 "{\"earn\":$earn_1,\"points\":2000}"
    expect_answer 409 over-reversed
    till books reverse-earn refund-3 "{\"earn\":$earn_1,\"points\":1}"
    expect_answer 403 not-authorised
}

the_office_adjusts_transfers_and_activates() {
    local earn
    office books adjust adjust-1 \
        "{\"member\":\"$bob\",\"points\":50,\"reason\":\"sorry\",\"approver\":\"eve\"}"
    expect_answer 200
    office books adjust adjust-2 \
        "{\"member\":\"$bob\",\"points\":-20,\"reason\":\"typo\",\"approver\":\"eve\"}"
    expect_answer 200
    office grocer transfer move-1 "{\"from\":\"$ann\",\"to\":\"$bob\",\"points\":40}"
    expect_answer 200
    everywhere "$bob" '70 0 0 0'
    everywhere "$ann" '600 0 0 0'
    office grocer transfer move-2 "{\"from\":\"$ann\",\"to\":\"$ann\",\"points\":40}"
    expect_answer 422 same-member
    till fuel earn pending-1 \
        "{\"member\":\"$bob\",\"lots\":[{\"points\":30,\"activates\":\"2026-03-01T00:00:00Z\"}]}"
    expect_answer 200
    everywhere "$bob" '70 0 30 0'
    earn=$(field .index)
    office fuel activate activate-1 "{\"earn\":$redeem_1}"
    expect_answer 404 unknown-reference
    office fuel activate activate-2 "{\"earn\":$earn}"
    expect_answer 200
    office fuel activate activate-3 "{\"earn\":$earn}"
    expect_answer 409 already-active
    everywhere "$bob" '100 0 0 0'
}

points_expire_when_the_ledgers_clock_passes_their_end() {
    local lot
    till books earn short-1 \
        "{\"member\":\"$bob\",\"points\":11,\"expires\":\"2026-02-01T00:00:00Z\"}"
    expect_answer 200
    lot=$(field '.lots[0].lot')
    office books expire expire-early "{\"lots\":[$lot]}"
    expect_answer 409 not-expired
    post books admin /v1/clock clock-1 '{"to":"2026-02-20T00:00:00Z"}'
    expect_answer 200
    # Points age by the time of the cuts: the next one sees the new time.
    till cinema members enrol-eve '{"member":"ee000000000000000000000000000003"}'
    expect_answer 200
    everywhere "$bob" '100 0 0 0'
    office books expire expire-1 "{\"lots\":[$lot]}"
    expect_answer 200
    office books expire expire-2 "{\"lots\":[$lot]}"
    expect_match '^409$' "$status" "expired twice: $body"
    everywhere "$bob" '100 0 0 0'
    post books till /v1/clock clock-2 '{"advance_ms":1000}'
    expect_answer 403 forbidden
    post books admin /v1/clock clock-3 '{"to":"2026-02-01T00:00:00Z"}'
    expect_answer 400 malformed
}

a_repeat_gets_the_stored_result_and_another_body_is_refused() {
    local records
    get grocer auditor /v1/coalition
    records=$(field .records)
    till grocer earn earn-1 "{\"card\":\"$card\",\"points\":1000,\"document\":\"B1\",\"line\":1}"
    expect_answer 200
    expect_field .repeat true
    expect_equal "$(jq -S 'del(.repeat,.balance)' <<<"$earn_1_body")" \
        "$(jq -S 'del(.repeat,.balance)' <<<"$body")" 'the stored result'
    till grocer earn '"earn-1"' \
        "{\"points\":1000,\"line\":1,\"document\":\"B1\",\"card\":\"$card\"}"
    expect_answer 200
    till grocer earn earn-1 "{\"card\":\"$card\",\"points\":1001,\"document\":\"B1\",\"line\":1}"
    expect_answer 422 idempotency-key-reused
    till grocer redeem earn-1 "{\"card\":\"$card\",\"points\":1}"
    expect_answer 422 idempotency-key-reused
    ask POST grocer till /v1/earn -H 'Content-Type: application/json' -d '{}'
    expect_answer 400 idempotency-key-missing
    till cinema redeem refused-1 "{\"card\":\"$card\",\"points\":999999}"
    expect_answer 409 insufficient-points
    expect_field .balance.spendable 600
    till cinema redeem refused-1 "{\"card\":\"$card\",\"points\":999999}"
    expect_answer 409 insufficient-points
    expect_field .repeat true
    get grocer auditor /v1/coalition
    expect_match "^[0-2]$" $(($(field .records) - records)) 'records of one refusal and its seal'
}

a_document_is_booked_once_by_a_partner() {
    till grocer earn twice-1 "{\"card\":\"$card\",\"points\":5,\"document\":\"B1\",\"line\":1}"
    expect_answer 409 duplicate-document
    till fuel earn twice-2 "{\"card\":\"$card\",\"points\":5,\"document\":\"B1\",\"line\":1}"
    expect_answer 200
    everywhere "$ann" '605 0 0 0'
}

refusals_say_why() {
    local grocer='{"partner":"grocer","bp":9999}' fuel='{"partner":"fuel","bp":10000}'
    till grocer earn no-1 '{"member":"00000000000000000000000000000009","points":5}'
    expect_answer 404 unknown-member
    till grocer earn no-2 '{"card":"99002716358012345678","points":5}'
    expect_answer 404 unknown-card
    till grocer commit no-3 '{"hold":0}'
    expect_answer 404 unknown-reference
    till grocer earn no-4 "{\"member\":\"$ann\",\"points\":5,\"at\":\"2031-01-01T00:00:00Z\"}"
    expect_answer 422 future-dated
    till grocer earn no-5 "{\"member\":\"$ann\",\"points\":5,\"at\":\"2020-01-01T00:00:00Z\"}"
    expect_answer 422 too-old
    till grocer earn no-6 "{\"member\":\"$ann\",\"points\":5,\"expires\":\"2020-01-01T00:00:00Z\"}"
    expect_answer 422 bad-terms
    till grocer earn no-7 \
        "{\"member\":\"$ann\",\"lots\":[{\"points\":5,\"split\":[$grocer]}]}"
    expect_answer 422 bad-split
    till grocer earn no-8 \
        "{\"member\":\"$ann\",\"lots\":[{\"points\":5,\"split\":[$fuel]}]}"
    expect_answer 403 not-authorised
    everywhere "$ann" '605 0 0 0'
}

an_old_receipt_is_booked_late() {
    get grocer auditor /v1/coalition
    local at
    at=$(date -u -d "$(field .ledger_time) - 10 minutes" +%Y-%m-%dT%H:%M:%SZ)
    till grocer earn late-1 "{\"member\":\"$ann\",\"points\":5,\"at\":\"$at\"}"
    expect_answer 200
    expect_field .late true
    till grocer earn late-2 "{\"member\":\"$ann\",\"points\":5}"
    expect_field .late false
}

is_decided() { # NODE KEY
    get "$1" till "/v1/transactions/by-key/$2"
    [[ $(field .status) == decided ]]
}

a_till_in_a_hurry_gets_202_and_a_place_to_ask() {
    till grocer redeem hurry-1 "{\"member\":\"$ann\",\"points\":15}" -H 'Prefer: respond-async'
    expect_answer 202
    expect_equal /v1/transactions/by-key/hurry-1 "$(header Location)" Location
    expect_equal respond-async "$(header Preference-Applied)" Preference-Applied
    expect_eventually 5 is_decided grocer hurry-1
    expect_field '.verdict + " " + .balance.member' "accepted $ann"
    everywhere "$ann" '600 0 0 0'
    get grocer till /v1/transactions/by-key/never-used
    expect_answer 404 not-found
}

# The till of NODE asks for all that is left, and writes down what it is told.
race_at() { # NODE KEY
    till "$1" redeem "$2" "{\"member\":\"$ann\",\"points\":600}"
    echo "$status $(field .code)" >>"$work/race"
}

four_tills_race_for_the_same_points_and_one_wins() {
    local node racing=()
    for node in "${names[@]}"; do
        answer_file=$work/body.$node answer_headers=$work/headers.$node race_at "$node" race &
        racing+=($!)
    done
    wait "${racing[@]}"
    local no='409 insufficient-points'
    expect_equal "200 null,$no,$no,$no" \
        "$(sort "$work/race" | paste -sd,)" 'what the tills were told'
    everywhere "$ann" '0 0 0 0'
    office grocer adjust back \
        "{\"member\":\"$ann\",\"points\":600,\"reason\":\"x\",\"approver\":\"eve\"}"
    expect_answer 200
}

one_key_sent_many_times_at_once_is_booked_once() {
    local i racing=()
    rm -f "$work/race"
    for i in 1 2 3 4 5 6; do
        (
            answer_file=$work/body.$i answer_headers=$work/headers.$i
            till books earn same "{\"member\":\"$ann\",\"points\":1}"
            echo "$status $(field .code)" >>"$work/race"
        ) &
        racing+=($!)
    done
    wait "${racing[@]}"
    expect_equal 6 "$(grep -cE '^200 null$|^409 in-flight$' "$work/race")" \
        'answers of the two kinds'
    till books earn same "{\"member\":\"$ann\",\"points\":1}"
    expect_field .repeat true
    everywhere "$ann" '601 0 0 0'
    till books redeem same-back "{\"member\":\"$ann\",\"points\":1}"
}

# One line in 10 redeems far too much, one in 1,000 is no JSON.
batch_lines() {
    local i
    for ((i = 1; i <= 5000; i++)); do
        if ((i % 1000 == 0)); then
            echo '{"type":"earn"'
        elif ((i % 10 == 0)); then
            echo "{\"type\":\"redeem\",\"key\":\"b$i\",\"member\":\"$bob\",\"points\":900000}"
        else
            echo "{\"type\":\"earn\",\"key\":\"b$i\",\"member\":\"$bob\",\"points\":1}"
        fi
    done
}

five_thousand_lines_come_back_in_order() {
    batch_lines >"$work/lines"
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal 200 "$status" status
    cp "$work/body" "$work/first"
    jq -r .line <"$work/first" >"$work/numbers"
    seq 5000 | cmp -s - "$work/numbers" || fail 'the lines are not 1 to 5,000 in order' \
        "$(wc -l <"$work/numbers") lines"
    expect_equal "4500 200,495 409,5 400" "$(jq -r .status <"$work/first" | sort | uniq -c |
        awk '{ print $1, $2 }' | sort -rn | paste -sd,)" statuses
    body=$(sed -n 10p "$work/first")
    expect_field .problem.code insufficient-points
    body=$(sed -n 1000p "$work/first")
    expect_field .problem.code malformed
    everywhere "$bob" '4600 0 0 0'
}

the_same_batch_again_changes_nothing() {
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal 200 "$status" status
    expect_equal "$(jq -c '[.line, .status, .index]' <"$work/first" | md5sum)" \
        "$(jq -c '[.line, .status, .index]' <"$work/body" | md5sum)" 'the second answers'
    expect_equal 4500 "$(jq -r 'select(.repeat) | .line' <"$work/body" | wc -l)" repeats
    everywhere "$bob" '4600 0 0 0'
}

records_of_books() {
    get books auditor /v1/coalition
    field .records
}

# All pages of the log's indexes into a file.
walk_the_log() { # FILE
    local from=0
    while [[ $from != null ]]; do
        get books auditor "/v1/transactions?from=$from&limit=250"
        expect_answer 200
        field '.transactions[].index'
        from=$(field .next)
    done >"$1"
}

pages_join_without_gap_or_repeat() {
    local from records page=$work/pages i
    # The cut of an idle minute may come in between: then once more.
    for i in 1 2 3; do
        records=$(records_of_books)
        walk_the_log "$page"
        [[ $(records_of_books) != "$records" ]] || break
    done
    seq 0 $((records - 1)) | cmp -s - "$page" || fail 'pages of the log' \
        "$(wc -l <"$page") of $records"
    get books auditor "/v1/transactions/$records"
    expect_answer 404 not-found
    from=
    while [[ $from != null ]]; do
        get fuel till "/v1/members/$ann/transactions?limit=3${from:+&cursor=$from}"
        field '.transactions[].index'
        from=$(field .next)
    done >"$page"
    sort -rnu "$page" | cmp -s - "$page" || fail "a member's pages: order" \
        "$(<"$page")"
    expect_match '^[1-9][0-9]$' "$(wc -l <"$page")" "records of a member"
    get books auditor '/v1/transactions?limit=251'
    expect_answer 400 malformed
    get books auditor '/v1/transactions?from=x'
    expect_answer 400 malformed
    get books auditor "/v1/transactions?from=$((records + 1000))"
    expect_field '.transactions | length' 0
}

all_is_final() { # NODE
    get "$1" auditor /v1/coalition
    [[ $(jq '.final_size == .records' <<<"$body") == true ]]
}

all_nodes_hold_the_same_roots_and_balances() {
    local node
    nodes_agree || fail 'the nodes are not at one place' \
        "$(for node in "${names[@]}"; do node_place "$node"; done)"
    balances_of grocer >"$work/balances.grocer"
    expect_equal 3 "$(wc -l <"$work/balances.grocer")" members
    for node in books cinema fuel; do
        balances_of "$node" >"$work/balances.$node"
        cmp -s "$work/balances.grocer" "$work/balances.$node" || fail "balances of $node" \
            "$(diff "$work/balances.grocer" "$work/balances.$node")"
    done
    # Final at every node, by at least three of the four, and the same.
    for node in "${names[@]}"; do
        eventually 5 all_is_final "$node" || fail "$node: not all is final"
        get "$node" auditor /checkpoint
        expect_match '^demo.example/ledger' "$body" checkpoint
        sed -n '1,/^$/p' <<<"$body" >"$work/checkpoint.$node"
        cmp -s "$work/checkpoint.grocer" "$work/checkpoint.$node" || fail "checkpoint of $node"
        (($(grep -c '^— demo.example/ledger/' <<<"$body") >= 3)) || fail "$node: cosignatures" "$body"
        (($(grep -c '^— demo.example/ledger ' <<<"$body") == 1)) || fail "$node: log key" "$body"
    done
    # The nodes' links are authenticated, and nobody had to be corrected.
    get grocer auditor /metrics
    expect_match 'accrue_peer_link_up\{peer="fuel"\} 1' "$body" metrics
    expect_equal '' "$(grep -E '^accrue_peer_(conflicts|bad_sig).* [1-9]' <<<"$body")" misbehaviour
}

metrics_pass_promtool() {
    get grocer auditor /metrics
    expect_answer 200
    if command -v promtool >/dev/null; then
        expect_equal '' "$(promtool check metrics <"$work/body" 2>&1)" promtool
    else
        echo 'note: promtool (package prometheus) is not here; the metrics were not checked with it'
    fi
    expect_equal '' "$(grep -E 'aa0{20}|bb0{20}' "$work/body")" 'members in metrics'
}

the_document_of_the_api_is_served_to_anybody() {
    get fuel none /openapi.json
    expect_answer 200
    expect_field .openapi 3.1.0
    expect_field '.paths | has("/v1/batch")' true
}

four_nodes --sandbox 2026-01-01T00:00:00Z
run_case a_member_and_a_card_known_to_all
run_case earned_at_the_grocer_spent_at_the_cinema
run_case a_hold_is_committed_in_part_and_another_released
run_case refunds_take_points_back_and_returned_rewards_give_them_back
run_case the_office_adjusts_transfers_and_activates
run_case points_expire_when_the_ledgers_clock_passes_their_end
run_case a_repeat_gets_the_stored_result_and_another_body_is_refused
run_case a_document_is_booked_once_by_a_partner
run_case refusals_say_why
run_case an_old_receipt_is_booked_late
run_case a_till_in_a_hurry_gets_202_and_a_place_to_ask
run_case four_tills_race_for_the_same_points_and_one_wins
run_case one_key_sent_many_times_at_once_is_booked_once
run_case five_thousand_lines_come_back_in_order
run_case the_same_batch_again_changes_nothing
run_case pages_join_without_gap_or_repeat
run_case all_nodes_hold_the_same_roots_and_balances
run_case metrics_pass_promtool
run_case the_document_of_the_api_is_served_to_anybody
finish
