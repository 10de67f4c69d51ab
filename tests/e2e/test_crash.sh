#!/usr/bin/env bash
# Thirty times a node is killed (kill -9) and started again while tills write to all four. What was
# acknowledged is there afterwards, exactly once, where it was said to be, at every node. Starts go
# on from images of the state, some of which are being written when the node is killed.
# timeout: 300
# shellcheck source=tills.sh
. "$(dirname "$0")/tills.sh"

kills=${ACCRUE_KILLS:-30}
RANDOM=${ACCRUE_SEED:=$$} # bash's own generator, begun with the seed

# One node in most rounds, two at once in each fifth, all four in each tenth: a power cut.
kill_and_restart() {
    local victims round restarted=0
    for ((round = 0; restarted < kills; round++)); do
        mapfile -t victims < <(shuf -e "${names[@]}" \
            -n $((round % 10 == 9 ? 4 : round % 5 == 4 ? 2 : 1)) \
            --random-source=<(yes "$RANDOM"))
        for node in "${victims[@]}"; do
            node_end "$node" KILL
        done
        sleep "0.$((RANDOM % 10))"
        for node in "${victims[@]}"; do
            node_start "$node"
            restarted=$((restarted + 1))
            expect_eventually 10 answers "$node"
        done
        sleep "0.$((RANDOM % 10))"
        note_places
    done
    echo "note: $restarted restarts"
}

nodes_go_on_through_thirty_crashes() {
    start_tills
    kill_and_restart
    stop_tills
    needed nodes_ready "${names[@]}"
}

starts_went_on_from_images() {
    local from
    from=$(grep -h 'the store was replayed' "$work"/*.log | grep -cv 'from_image=0')
    ((from > 0)) || fail 'no start went on from an image'
    echo "note: $from of $(cat "$work"/*.log | grep -c 'the store was replayed') starts from an image"
    expect_equal '' "$(grep -h 'passed over' "$work"/*.log | grep -v 'the store ends at' |
        grep -v 'does not hold its height')" 'images that should fit'
}

an_auditor_finds_nothing_wrong() {
    "$accrue" verify --dir "$home" >"$work/verify" 2>&1 || fail 'verify' "$(<"$work/verify")"
}

echo "note: seed $ACCRUE_SEED"
coalition coalition
images_every 1 "${names[@]}" # under load one is overdue after some 35 records
node_start "${names[@]}"
needed nodes_ready "${names[@]}"
give_ann_points
run_case nodes_go_on_through_thirty_crashes
run_case starts_went_on_from_images
run_case all_nodes_come_to_one_place
run_case what_was_acknowledged_is_there_once_where_it_was_said_to_be
run_case the_balance_is_what_the_log_says
run_case an_auditor_finds_nothing_wrong
finish
