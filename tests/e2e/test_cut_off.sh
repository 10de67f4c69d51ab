#!/usr/bin/env bash
# A node that is cut off from the coalition goes on giving points, durably, and refuses to spend
# what it cannot know; when the others are back, everything lands, marked late where it is.
# timeout: 300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ann=aa000000000000000000000000000001
earn_count=0

has_no_quorum() {
    get "$1" auditor /v1/coalition
    [[ $(field .quorum) == false ]]
}

is_decided() { # NODE KEY
    get "$1" till "/v1/transactions/by-key/$2"
    [[ $(field .status) == decided ]]
}

spendable_is() { # NODE POINTS
    get "$1" till "/v1/members/$ann"
    [[ $(field .spendable) == "$2" ]]
}

with_one_node_down_everything_goes_on() {
    node_end fuel KILL
    till grocer earn one-down "{\"member\":\"$ann\",\"points\":10}"
    expect_answer 200
    till books redeem one-down "{\"member\":\"$ann\",\"points\":10}"
    expect_answer 200
}

a_node_that_hung_catches_up() {
    local i
    node_start fuel
    needed nodes_ready fuel
    kill -STOP "${pids[cinema]}"
    for i in 1 2 3; do
        till fuel earn "hung-$i" "{\"member\":\"$ann\",\"points\":$i}"
        expect_answer 200
        till books redeem "hung-$i" "{\"member\":\"$ann\",\"points\":$i}"
        expect_answer 200
    done
    kill -CONT "${pids[cinema]}"
    nodes_agree || fail 'the nodes are not at one place'
    till cinema redeem hung-4 "{\"member\":\"$ann\",\"points\":1000}"
    expect_answer 409 insufficient-points
    node_end fuel KILL
}

with_two_down_an_earn_is_taken_and_nothing_can_be_spent() {
    local records
    node_end cinema KILL
    needed eventually 20 has_no_quorum grocer
    records=$(field .records)
    till grocer earn cut-1 "{\"member\":\"$ann\",\"points\":70}"
    expect_answer 202
    expect_field '[.status, .late] | join(" ")' 'accepted true'
    expect_equal /v1/transactions/by-key/cut-1 "$(header Location)" Location
    local type
    for type in redeem hold; do
        till grocer "$type" "cut-$type" "{\"member\":\"$ann\",\"points\":1}"
        expect_answer 503 no-quorum
        expect_match '^[1-9]' "$(header Retry-After)" Retry-After
        get grocer till "/v1/transactions/by-key/cut-$type"
        expect_answer 404 not-found
    done
    till grocer members cut-member '{}'
    expect_answer 503 no-quorum
    get grocer till /v1/transactions/by-key/cut-1
    expect_field '[.status, .durable] | join(" ")' 'pending true'
    get grocer auditor /v1/coalition
    expect_field .records "$records"
    get grocer none /healthz
    expect_field .quorum false
    get grocer till "/v1/members/$ann"
    expect_field .spendable 100
}

a_batch_while_cut_off_is_answered_line_by_line() {
    cat >"$work/lines" <<END
{"type":"earn","key":"cut-b1","member":"$ann","points":1}
{"type":"redeem","key":"cut-b2","member":"$ann","points":1}
{"type":"earn","key":"cut-b3","member":"$ann","points":2}
END
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal '202 503 202' "$(jq -r .status <<<"$body" | paste -sd' ')" 'statuses of the lines'
}

what_was_acknowledged_survives_a_crash() {
    node_end grocer KILL
    node_start grocer
    needed eventually 20 has_no_quorum grocer
    # It cannot be signed before the others were asked: it waits in the outbox, and still is taken.
    till grocer earn cut-2 "{\"member\":\"$ann\",\"points\":7}"
    expect_answer 202
    node_end grocer KILL
    node_start grocer
    needed eventually 20 has_no_quorum grocer
    # The till that repeats itself, to a node that has forgotten who asked.
    till grocer earn cut-1 "{\"member\":\"$ann\",\"points\":70}"
    expect_answer 202
}

all_of_it_lands_when_the_others_are_back() {
    local key node
    sleep 1.5
    node_start cinema
    needed nodes_ready cinema grocer
    for key in cut-1 cut-b1 cut-b3 cut-2; do
        expect_eventually 20 is_decided grocer "$key"
        expect_field .verdict accepted
    done
    node_start fuel
    needed nodes_ready fuel
    for node in "${names[@]}"; do
        expect_eventually 10 spendable_is "$node" 180
    done
    nodes_agree || fail 'the nodes are not at one place'
}

the_till_that_repeats_what_it_was_told_is_not_charged_twice() {
    local key
    for key in 'cut-1 70' 'cut-2 7'; do
        till grocer earn "${key% *}" "{\"member\":\"$ann\",\"points\":${key#* }}"
        expect_answer 200
        expect_field .repeat true
    done
    till grocer earn cut-1 "{\"member\":\"$ann\",\"points\":71}"
    expect_answer 422 idempotency-key-reused
    expect_eventually 10 spendable_is books 180
}

# The record of KEY, in `body`.
record_of() { # KEY
    get grocer till "/v1/transactions/by-key/$1"
    get grocer auditor "/v1/transactions/$(field .index)"
}

# Late is what its cut came to more than a second after it, and nothing else. How long that took is
# the machine's: so what each waited is read, not assumed.
late_is_what_waited_too_long() { # KEY...
    local key
    for key in "$@"; do
        record_of "$key"
        expect_equal "$(field 'def ms: (.[:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);
            (.time | ms) - (.at | ms) > 1000')" "$(field .late)" "late, of $key"
    done
}

# Dated as by a till whose clock is fast, which leaves a busy machine four seconds for it.
an_earn_is_in_time() {
    local at
    at=$(date -u -d '3 seconds' +%FT%TZ)
    earn_count=$((earn_count + 1))
    till grocer earn "in-time-$earn_count" "{\"member\":\"$ann\",\"points\":1,\"at\":\"$at\"}"
    [[ $(field '[.status, .late] | join(" ")') == 'decided false' ]]
}

# cut-1 may be in time: a proposal that was made when it came, and could not be decided then, keeps
# its time. The others waited for more than the sleep above.
what_waited_longer_than_the_charter_says_is_late() {
    local key
    late_is_what_waited_too_long all-up one-down cut-1 cut-2 cut-b1 cut-b3
    for key in cut-2 cut-b1 cut-b3; do
        record_of "$key"
        expect_field .late true
    done
    expect_eventually 30 an_earn_is_in_time
    late_is_what_waited_too_long "in-time-$earn_count"
}

# ---- the same by cutting the network, not the processes ----------------------------------------

network=
address_of() { # NODE
    echo "10.213.7.$((1 + $(number_of "$1")))"
}

# A network namespace for each node, and one with the bridge between them.
make_network() {
    local node
    network=accrue-$$
    ip netns add "$network" && ip -n "$network" link add bridge type bridge &&
        ip -n "$network" link set bridge up || return 1
    for node in "${names[@]}"; do
        ip netns add "$network-$node" &&
            ip -n "$network" link add "$node" type veth peer name peers netns "$network-$node" &&
            ip -n "$network" link set "$node" master bridge up &&
            ip -n "$network-$node" addr add "$(address_of "$node")/24" dev peers &&
            ip -n "$network-$node" link set peers up &&
            ip -n "$network-$node" link set lo up &&
            ip netns exec "$network-$node" nft list ruleset || return 1
        nets[$node]=$network-$node
    done
}

end_network() {
    local node
    for node in "${names[@]}"; do
        ip netns del "$network-$node"
    done
    ip netns del "$network"
} 2>/dev/null

trap 'end_network; cleanup' EXIT

peers_over_the_network() {
    local node other peers=()
    for node in "${names[@]}"; do
        other=tcp://$(address_of "$node"):$((base + $(number_of "$node")))
        peers+=("\"$node\":\"$other\"")
    done
    for node in "${names[@]}"; do
        other=$(jq --arg node "$node" --argjson peers "{$(IFS=, && echo "${peers[*]}")}" \
            '.listen = $peers[$node] | .peers = ($peers | del(.[$node]))' "$home/$node/node.json")
        echo "$other" >"$home/$node/node.json"
    done
}

# Nothing passes between grocer and books on one side, cinema and fuel on the other.
cut_network() {
    local node others
    for node in "${names[@]}"; do
        others="$(address_of cinema), $(address_of fuel)"
        [[ $node != cinema && $node != fuel ]] ||
            others="$(address_of grocer), $(address_of books)"
        near "$node" nft -f - <<<"table inet cut {
            chain output {
                type filter hook output priority 0
                ip daddr { $others } drop
            }
        }"
    done
}

heal_network() {
    local node
    for node in "${names[@]}"; do
        near "$node" nft delete table inet cut
    done
}

both_halves_of_a_cut_network_go_on_giving_points() {
    local node
    cut_network
    for node in "${names[@]}"; do
        expect_eventually 20 has_no_quorum "$node"
        till "$node" earn "half-$node" "{\"member\":\"$ann\",\"points\":5}"
        expect_answer 202
        till "$node" redeem "half-no-$node" "{\"member\":\"$ann\",\"points\":5}"
        expect_answer 503 no-quorum
    done
}

and_agree_when_it_is_whole_again() {
    local node
    heal_network
    for node in "${names[@]}"; do
        expect_eventually 25 is_decided "$node" "half-$node"
        expect_field .verdict accepted
    done
    for node in "${names[@]}"; do
        expect_eventually 10 spendable_is "$node" 120
    done
    nodes_agree || fail 'the nodes are not at one place'
}

cut_the_network() {
    if ((EUID != 0)) || ! make_network >"$work/network.txt" 2>&1; then
        echo 'note: no network namespaces or nft here; cutting the network was not tried'
        tail -n 3 "$work/network.txt" 2>/dev/null
        return
    fi
    home=$work/networked
    needed "$accrue" coalition new "$home" --partners grocer,books,cinema,fuel \
        --base-port "$base" --late-after 1s >"$work/coalition.txt"
    peers_over_the_network
    node_start "${names[@]}"
    needed nodes_ready "${names[@]}"
    begin
    run_case both_halves_of_a_cut_network_go_on_giving_points
    run_case and_agree_when_it_is_whole_again
}

# ------------------------------------------------------------------------------------------------

begin() {
    till grocer members enrol "{\"member\":\"$ann\"}"
    expect_answer 200
    till grocer earn all-up "{\"member\":\"$ann\",\"points\":100}"
    expect_answer 200
    nodes_agree || fail 'the nodes are not at one place'
}

four_nodes --late-after 1s
begin
run_case with_one_node_down_everything_goes_on
run_case a_node_that_hung_catches_up
run_case with_two_down_an_earn_is_taken_and_nothing_can_be_spent
run_case a_batch_while_cut_off_is_answered_line_by_line
run_case what_was_acknowledged_survives_a_crash
run_case all_of_it_lands_when_the_others_are_back
run_case the_till_that_repeats_what_it_was_told_is_not_charged_twice
run_case what_waited_longer_than_the_charter_says_is_late
for node in "${names[@]}"; do
    node_end "$node"
done
cut_the_network
finish
