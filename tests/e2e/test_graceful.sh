#!/usr/bin/env bash
# SIGTERM under load: the node answers what it has taken, ends with 0 and loses nothing; started
# again it has the same root, by itself.
# timeout: 300
# shellcheck source=tills.sh
. "$(dirname "$0")/tills.sh"

stop_in_time() { # NODE SIGNAL
    local start=$SECONDS
    node_end "$1" "$2"
    expect_equal 0 "$exit_status" "exit status of $1"
    ((SECONDS - start <= 12 * slow)) || fail "$1 took $((SECONDS - start)) s to stop"
}

# As whoever watches over the nodes would: what is counted is read while it is written.
watch() { # NODE
    until [[ -e $work/stop ]]; do
        curl -s -m "$slow" -o "$work/metrics.$1" "$(url_of "$1")/metrics"
        sleep 0.1
    done
}

watched_tills() {
    local node
    start_tills
    for node in "${names[@]}"; do
        watch "$node" &
        helpers+=($!)
    done
}

each_node_in_turn_stops_and_starts_under_load() {
    local node
    watched_tills
    for node in "${names[@]}"; do
        sleep 0.7
        stop_in_time "$node" TERM
        node_start "$node"
        needed nodes_ready "$node"
    done
    sleep 0.5
    stop_in_time cinema INT
    node_start cinema
    stop_tills
    needed nodes_ready "${names[@]}"
}

all_four_stop_at_once_under_load() {
    local node
    rm -f "$work/stop"
    first=5000 start_tills
    sleep 1.5
    for node in "${names[@]}"; do
        kill -TERM "${pids[$node]}"
    done
    for node in "${names[@]}"; do
        expect_eventually 15 not_running "${pids[$node]}"
        node_end "$node"
        expect_equal 0 "$exit_status" "exit status of $node"
    done
    node_start "${names[@]}"
    needed nodes_ready "${names[@]}"
    expect_eventually 60 enough_acknowledged 100
    stop_tills
}

a_node_that_stopped_comes_back_to_its_root_alone() {
    local before node
    needed nodes_agree
    before=$(node_place grocer)
    for node in "${names[@]}"; do
        stop_in_time "$node" TERM
    done
    for node in grocer fuel; do
        "$accrue" verify --store "$home/$node/data" --charter "$home/charter.json" \
            >"$work/verify" 2>&1 || fail "the store of $node does not verify" "$(<"$work/verify")"
    done
    node_start grocer
    expect_eventually 15 answers grocer
    expect_equal "$before" "$(node_place grocer)" 'records, root, digest and height'
}

what_a_lone_node_took_is_kept_over_its_stop() {
    local pid=${pids[grocer]}
    till grocer earn alone "{\"member\":\"$ann\",\"points\":1}"
    expect_answer 202
    node_end grocer TERM
    expect_equal 0 "$exit_status" 'exit status'
    till grocer earn after "{\"member\":\"$ann\",\"points\":1}"
    expect_equal 000 "$status" 'status of a node that is gone'
    not_running "$pid" || fail 'it still runs'
    node_start "${names[@]}"
    needed nodes_ready "${names[@]}"
    expect_eventually 10 alone_is_decided
}

alone_is_decided() {
    get grocer till /v1/transactions/by-key/alone
    [[ $(field .status) == decided ]]
}

four_nodes
give_ann_points
run_case each_node_in_turn_stops_and_starts_under_load
run_case all_four_stop_at_once_under_load
run_case all_nodes_come_to_one_place
run_case what_was_acknowledged_is_there_once_where_it_was_said_to_be
run_case the_balance_is_what_the_log_says
run_case a_node_that_stopped_comes_back_to_its_root_alone
run_case what_a_lone_node_took_is_kept_over_its_stop
finish
