#!/usr/bin/env bash
# A new node begins with a snapshot that the voters attest: useful at once, its history fetched
# behind it, through a kill -9 and without peers, until its store is one like any other. One that is
# invited begins so, too. A node whose folder was lost is not let in that way: its key has signed.
# timeout: 240
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

first=(grocer books cinema)
member=aa000000000000000000000000000007
heights=140 # of which the last but forty, at most, are in a snapshot

history_of() { # NODE JQ-PATH
    local body
    get "$1" auditor /v1/coalition
    jq -r ".history$2" <<<"$body"
}

vouched() { # NODE: of a height that is worth it
    [[ $(history_of "$1" .vouched_height) -ge $((heights - 40)) ]]
}

said() { # NODE WORDS
    grep -qF -- "$2" "$work/$1.log"
}

# Many records make a snapshot of more than one piece, many heights one that is worth fetching.
feed() {
    local n
    for ((n = 0; n < 12000; n++)); do
        printf '{"type":"earn","key":"f%s","member":"%s","points":%s}\n' "$n" "$member" \
            $((n % 100 + 1))
    done >"$work/lines"
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal 12000 "$(jq -r 'select(.status == 200) | .line' <"$work/body" | wc -l)" accepted
    for ((n = 0; n < heights; n++)); do
        till books earn "h$n" "{\"member\":\"$member\",\"points\":1}"
        [[ $status == 200 ]] || fail "earn $n: $status" "$body"
    done
}

# Two seconds in which little happens: a snapshot is due.
be_quiet() {
    local n
    for n in 1 2 3; do
        sleep 1.1
        till books earn "quiet-$1-$n" "{\"member\":\"$member\",\"points\":1}"
    done
}

# ---- cases -------------------------------------------------------------------------------------

voters_attest_the_state() {
    till grocer members enrol "{\"member\":\"$member\"}"
    expect_answer 200
    feed
    be_quiet a
    for node in "${first[@]}"; do
        expect_eventually 20 vouched "$node"
    done
    expect_equal "$(history_of grocer .vouched_height)" "$(history_of cinema .vouched_height)" \
        'vouched height'
}

began() { # NODE
    said "$1" 'the node goes on from a snapshot'
}

peers() { # SIGNAL
    local node
    for node in "${first[@]}"; do
        kill -"$1" "${pids[$node]}"
    done
}

answers() { # NODE
    curl -s -m 1 -o "$work/null" "$(url_of "$1")/healthz"
}

a_new_node_begins_with_it() {
    node_start fuel
    expect_eventually 20 began fuel
    peers STOP # its history stands still
    expect_eventually 20 answers fuel
    get fuel auditor /v1/coalition
    expect_field '.history.whole' false
    expect_field ".history.snapshot_height >= $((heights - 40))" true
    expect_field ".height >= $((heights - 40))" true
    [[ $(find "$home/fuel/data" -name 'state-*.image' -size +1M | wc -l) -ge 1 ]] ||
        fail 'the snapshot has one piece only'
}

what_is_not_here_yet_is_told() {
    get fuel auditor /tile/entries/000
    expect_answer 503 not-here-yet
    expect_match '^[0-9]+$' "$(header retry-after)" Retry-After
    get fuel auditor /v1/heights/3
    expect_answer 503 not-here-yet
    get fuel till "/v1/members/$member"
    expect_answer 200
    expect_match 'history: [0-9]+ of [0-9]+ records' \
        "$("$accrue" status --dir "$home" --node fuel 2>&1)" 'accrue status'
    "$accrue" verify --store "$home/fuel/data" --charter "$home/charter.json" >"$work/verify" 2>&1 &&
        fail 'a store without its history verifies'
}

kill_9_in_the_middle_costs_nothing() {
    node_end fuel KILL
    node_start fuel
    expect_eventually 20 answers fuel
    [[ $(history_of fuel .snapshot_height) -ge $((heights - 40)) ]] || fail 'it forgot its snapshot'
    peers CONT
    needed nodes_ready "${names[@]}"
}

whole() { # NODE
    [[ $(history_of "$1" .whole) == true ]]
}

in_the_end_it_has_everything() {
    till fuel earn mine "{\"member\":\"$member\",\"points\":5}"
    expect_answer 200
    expect_eventually 60 whole fuel
    needed nodes_agree
    get fuel auditor /v1/records/7/receipt
    expect_equal 200 "$status" 'status of a receipt'
    get fuel auditor /v1/heights/3
    expect_equal 200 "$status" status
    "$accrue" audit --dir "$home" --node fuel --node grocer >"$work/audit" 2>&1 ||
        fail 'the audit finds something' "$(<"$work/audit")"
    node_end fuel
    expect_equal 0 "$exit_status" 'exit status'
    "$accrue" verify --store "$home/fuel/data" --charter "$home/charter.json" >"$work/verify" 2>&1 ||
        fail 'the store does not verify' "$(<"$work/verify")"
    node_start fuel
    needed nodes_ready fuel
}

voters_are() { # NUMBER
    local body
    get fuel auditor /v1/membership
    [[ $(field .voters.count) == "$1" ]]
}

an_invited_node_begins_with_it() {
    local motion partner
    seats+=(bakery)
    : >"$work/bakery.log"
    "$accrue" node new --charter "$home/charter.json" --name bakery --governance \
        --address "tcp://127.0.0.1:$((base + 4))" "$home/bakery" >"$work/new.txt" || fail 'no keys'
    "$accrue" motion admit --dir "$home" --node grocer --json --card "$home/bakery/card.json" \
        >"$work/motion.json" || fail 'no motion' "$(<"$work/motion.json")"
    motion=$(jq -r .index "$work/motion.json")
    for partner in "${first[@]}"; do
        "$accrue" ballot --dir "$home" --governance "$home/$partner/governance.key" "$motion" \
            >"$work/ballot.txt" 2>&1 || fail "the ballot of $partner" "$(<"$work/ballot.txt")"
    done
    expect_eventually 20 "$accrue" invite --dir "$home" --node fuel --out "$work/invitation" bakery \
        >"$work/invite.txt" 2>&1
    "$accrue" join --dir "$home/bakery" --secret "$home/grocer/secret.key" "$work/invitation" \
        >"$work/join.txt" || fail 'it cannot join' "$(<"$work/join.txt")"
    node_start bakery
    expect_eventually 20 began bakery
    expect_eventually 60 voters_are 5
    names+=(bakery)
    expect_eventually 60 whole bakery
    needed nodes_ready "${names[@]}"
    needed nodes_agree
    "$accrue" audit --dir "$home" --node bakery >"$work/audit" 2>&1 ||
        fail 'the audit finds something' "$(<"$work/audit")"
}

a_folder_that_was_lost_is_not_let_in_again() {
    node_end cinema
    rm -rf --one-file-system "$home/cinema/data"
    node_start cinema
    expect_eventually 30 node_gone cinema 30
    said cinema 'This key must not sign again' || fail 'it does not say why'
    began cinema && fail 'it began with a snapshot'
    till fuel earn after "{\"member\":\"$member\",\"points\":5}"
    expect_answer 200
}

coalition coalition --snapshot-records 60
for node in "${names[@]}"; do : >"$work/$node.log"; done
node_start "${first[@]}"
needed nodes_ready "${first[@]}"
run_case voters_attest_the_state
run_case a_new_node_begins_with_it
run_case what_is_not_here_yet_is_told
run_case kill_9_in_the_middle_costs_nothing
run_case in_the_end_it_has_everything
run_case an_invited_node_begins_with_it
run_case a_folder_that_was_lost_is_not_let_in_again
finish
