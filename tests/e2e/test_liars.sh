#!/usr/bin/env bash
# One member of a coalition of four lies, with its real keys, in every way that we could think of.
# The three others go on deciding, answer their tills, agree, stay small, and name it: neither of
# them names an honest one. LIAR_SECONDS makes it longer (./run soak liars).
# timeout: 400
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ann=aa000000000000000000000000000001
liar=books
peer_seconds=${LIAR_SECONDS-2} wire_seconds=${LIAR_SECONDS-1}

# What a member can make a node hold: 128 MiB of forks of its lane, 8 of half messages, 8 of answers
# that it does not read, two groups of 16 that are being written; the rest is the node's own.
memory_max_kib=$((256 * 1024))
descriptors_max=128
# A till waits through the liar's turns to propose (a second each) and a few rounds more.
till_patience=20
# Of a node in the whole test: a burst of 20 lines in 10 s, each text by itself.
log_max=$((64 * 1024 + 2000 * peer_seconds))

# ---- tills --------------------------------------------------------------------------------------

till_writes() { # NODE: until $work/stop; one line an answer
    local i seen
    for ((i = 0; ; i++)); do
        [[ ! -e $work/stop ]] || return 0
        seen=$(curl -s -m "$till_patience" -o "$work/null.$1" -w '%{http_code}' \
            -H "Authorization: Bearer $(<"$home/$1/till.token")" \
            -H 'Content-Type: application/json' -H "Idempotency-Key: $in_lie-$i" \
            --data-binary "{\"member\":\"$ann\",\"points\":1}" "$(url_of "$1")/v1/earn")
        echo "$seen" >>"$work/answers.$1"
        sleep 0.02
    done
}

# ---- what a node says ---------------------------------------------------------------------------

# The value of NAME{...="WHOM"} on NODE, as last fetched; of evidence the sum over its kinds.
count_of() { # NODE NAME WHOM
    if [[ $2 == evidence_total ]]; then
        sed -n "s/^accrue_$2{[a-z]*=\"$3\",.*} //p" "$work/metrics.$1" |
            awk '{ sum += $1 } END { print sum + 0 }'
    else
        sed -n "s/^accrue_$2{[a-z]*=\"$3\"} //p" "$work/metrics.$1"
    fi
}

fetch_metrics() {
    local node
    for node in "${names[@]}"; do
        get "$node" none /metrics
        cp "$answer_file" "$work/metrics.$node"
    done
}

memory_of() { # NODE: the most it ever had
    sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/${pids[$1]}/status"
}

descriptors_of() {
    local all=("/proc/${pids[$1]}/fd/"*)
    echo ${#all[@]}
}

nobody_honest_is_blamed() {
    local node other name
    for node in "${names[@]}"; do
        for other in "${names[@]}"; do
            [[ $node != "$other" ]] || continue
            for name in peer_{conflicts,bad_signatures,malformed_messages,refused_cuts}_total \
                peer_cosignature_conflicts_total \
                peer_link_{bad_frames,over_budget_frames}_total peer_ignored_messages_total; do
                [[ $(count_of "$node" "$name" "$other") == 0 ]] ||
                    fail "$in_lie: $node blames $other" "$(grep "$name" "$work/metrics.$node")"
            done
        done
        expect_equal '' "$(grep 'peer misbehaves' "$work/$node.log" | grep -v "peer=$liar ")" \
            "whom $node accuses beside the liar"
        expect_equal '' "$(grep 'is refused' "$work/$node.log" | grep -v "proposed by $liar,")" \
            "whose cuts $node refuses beside the liar's"
    done
}

all_is_bounded() {
    local node
    for node in "${names[@]}"; do
        not_running "${pids[$node]}" && fail "$in_lie: $node is gone" && continue
        (($(memory_of "$node") < memory_max_kib)) ||
            fail "$in_lie: $node took $(memory_of "$node") KiB"
        (($(descriptors_of "$node") < descriptors_max)) ||
            fail "$in_lie: $node has $(descriptors_of "$node") descriptors"
        (($(stat -c %s "$work/$node.log") < log_max)) ||
            fail "$in_lie: the log of $node has $(stat -c %s "$work/$node.log") bytes"
    done
}

# ---- a lie --------------------------------------------------------------------------------------

declare -A counts_then=()
in_lie=none

note_counts() { # NAMES: of the liar, on each node
    local node name
    for node in "${names[@]}"; do
        for name in $1; do
            counts_then[$node.$name]=$(count_of "$node" "$name" "$liar")
        done
    done
}

# The first honest node on which none of the counts grew; nothing when there is none such.
who_names_nobody() { # NAMES
    local node name
    for node in "${names[@]}"; do
        for name in $1; do
            (($(count_of "$node" "$name" "$liar") <= ${counts_then[$node.$name]})) || continue 2
        done
        echo "$node"
        return
    done
}

tell() { # PROGRAM LIE SECONDS
    local tills=() node teller
    rm -f "$work"/answers.* "$work/stop"
    "$ACCRUE_BUILD/tests/$1" "$home/$liar/node.json" "$2" "$3" >"$work/liar.txt" 2>&1 &
    teller=$!
    helpers+=("$teller")
    for node in "${names[@]}"; do
        till_writes "$node" &
        tills+=($!)
    done
    helpers+=("${tills[@]}")
    eventually $((10 * $3 + 30)) not_running "$teller" || fail "$2: the liar does not end"
    wait "$teller" || fail "$2: the liar gave up" "$(tail -n 3 "$work/liar.txt")"
    touch "$work/stop"
    wait "${tills[@]}"
    helpers=()
    for node in "${names[@]}"; do
        expect_equal 200 "$(sort -u "$work/answers.$node" | paste -sd' ')" \
            "answers of $node's till"
    done
    nodes_agree || fail "$2: the nodes are not at one place"
    fetch_metrics
}

# Any of the METRICS names it on every node; none: it does nothing that a node could know to be a
# lie. On a machine that is short of time a lie may hardly have been told: it is told again then.
lie() { # PROGRAM LIE SECONDS METRICS
    local attempt silent=
    in_lie=$2
    fetch_metrics
    note_counts "$4"
    for attempt in 1 2 3; do
        tell "$1" "$2" "$3"
        [[ -z $4 ]] || silent=$(who_names_nobody "$4")
        [[ -n $silent ]] || break
    done
    [[ -z $silent ]] || fail "$in_lie: told $attempt times, on $silent none of these names it: $4" \
        "$(grep "\"$liar\"" "$work/metrics.$silent")"
    nobody_honest_is_blamed
    all_is_bounded
}

peer() { # LIE METRICS
    lie accrue-lying-peer "$1" "$peer_seconds" "$2"
}

wire() { # LIE METRICS
    lie lying_wire "$1" "$wire_seconds" "$2"
}

a_member_that_floods_is_cut_short() {
    peer flood 'peer_ignored_messages_total peer_link_over_budget_frames_total
        peer_unserved_requests_total'
}
bad_signatures_are_charged_to_who_carries_them() {
    peer bad-signatures peer_bad_signatures_total
}
votes_for_far_rounds_are_not_worth_checking() {
    peer far-rounds peer_useless_total
}
cuts_that_are_wrong_are_their_proposers() {
    peer bad-cuts peer_refused_cuts_total
}
# Some node has proof of one of the KINDS, which a stranger believes who has the charter alone.
a_stranger_believes() { # KINDS
    local node kind hash
    for node in "${names[@]}"; do
        "$accrue" evidence list --dir "$home" --node "$node" --json >"$work/evidence.$node" ||
            fail "$in_lie: $node lists no evidence"
        expect_equal '' "$(jq -r ".evidence[] | select(.node != \"$liar\") | .hash" \
            "$work/evidence.$node")" "whom the evidence of $node accuses beside the liar"
        for kind in $1; do
            hash=$(jq -r "[.evidence[] | select(.kind == \"$kind\").hash][0] // empty" \
                "$work/evidence.$node")
            [[ -n $hash ]] || continue
            rm -f "$work/lie.cbor"
            "$accrue" evidence get --dir "$home" --node "$node" --out "$work/lie.cbor" "$hash" ||
                fail "$in_lie: $node does not give what it lists"
            "$accrue" evidence verify --charter "$home/charter.json" "$work/lie.cbor" \
                >"$work/lie.txt" || fail "$in_lie: the evidence of $node proves nothing"
            expect_match "node $liar " "$(<"$work/lie.txt")" 'what it says'
            expect_match "evidence \($kind\): node $liar " "$(<"$work/$node.log")" "the log of $node"
            expect_match "accrue_evidence_total.peer=\"$liar\",kind=\"$kind\". [1-9]" \
                "$(<"$work/metrics.$node")" "the metrics of $node"
            return
        done
    done
    fail "$in_lie: nobody has evidence of: $1" "$(cat "$work"/evidence.*)"
}

a_changed_byte_proves_nothing() {
    local status=0 place other='\x00'
    place=$(($(stat -c %s "$work/lie.cbor") - 5))
    [[ $(od -An -tx1 -j "$place" -N 1 "$work/lie.cbor") != ' 00' ]] || other='\xff'
    # shellcheck disable=SC2059 # an escape
    printf "$other" | dd of="$work/lie.cbor" bs=1 seek="$place" conv=notrunc status=none
    "$accrue" evidence verify --charter "$home/charter.json" "$work/lie.cbor" >/dev/null 2>&1 ||
        status=$?
    expect_equal 1 "$status" 'the exit status for a signature that was changed'
    status=0
    "$accrue" evidence verify --charter "$home/charter.json" "$home/charter.json" >/dev/null 2>&1 ||
        status=$?
    expect_equal 2 "$status" 'the exit status for what is no evidence'
}

double_votes_and_proposals_are_told_apart() {
    # Who did not see both is told by the ledger, and keeps that.
    peer double-votes 'peer_conflicts_total evidence_total'
    a_stranger_believes 'proposals prevotes precommits'
    a_changed_byte_proves_nothing
}
a_forked_lane_is_one_lane_in_the_end() {
    peer fork-lane 'peer_conflicts_total peer_useless_total evidence_total'
    a_stranger_believes batches
}
forks_as_large_as_can_be_fill_no_memory() {
    peer large-forks 'peer_conflicts_total peer_useless_total evidence_total'
}
cuts_of_batches_that_are_withheld_are_passed_over() {
    peer withhold 'peer_unfetched_cuts_total peer_conflicts_total evidence_total'
}
claims_of_huge_heights_stop_nobody() {
    peer huge-heights peer_bad_signatures_total
}
garbage_of_every_length_is_counted() {
    peer garbage peer_malformed_messages_total
}
requests_without_end_are_served_in_part() {
    peer requests peer_unserved_requests_total
}
# All that it says is true, and signed by others; it was said before.
an_echo_harms_nobody() {
    peer echo ''
}
final_size() {
    get grocer none /metrics
    sed -n 's/^accrue_checkpoint_final_size //p' "$answer_file"
}

# Nodes that agree cosign a moment later.
more_is_final_than() { # RECORDS
    (($(final_size) > $1))
}
other_roots_are_cosigned_in_vain() {
    local size
    size=$(final_size)
    peer cosign peer_cosignature_conflicts_total
    expect_eventually 10 more_is_final_than "$size"
    expect_match "node $liar cosigned another root" "$(<"$work/grocer.log")" 'the log of grocer'
}
# Nobody can know these for lies, and once they fill its places no other of its lies is looked at.
roots_of_logs_that_never_grow_so_long_stop_nobody() {
    local size
    size=$(final_size)
    peer cosign-far ''
    expect_eventually 10 more_is_final_than "$size"
}
# No lie that a node could know: /metrics tells when it was last heard.
silence_is_waited_for_briefly() {
    local first
    first=$(count_of grocer peer_heard_timestamp_seconds "$liar")
    peer silent ''
    [[ $(count_of grocer peer_heard_timestamp_seconds "$liar") != "$first" ]] ||
        fail 'it was not heard at its greeting'
}

messages_that_never_end_take_little() {
    wire split peer_link_incomplete_messages_total
}
frames_of_every_length_are_dropped() {
    wire frames peer_link_bad_frames_total
}
# Nobody can be named: who knows no key may have sent them.
frames_forged_for_a_known_session_are_nobodys() {
    local sum
    sum=$(sed -n 's/^accrue_stranger_frames_total{reason="bad-mac"} //p' "$work/metrics.grocer")
    wire forged ''
    (($(sed -n 's/^accrue_stranger_frames_total{reason="bad-mac"} //p' "$work/metrics.grocer") > \
        sum)) || fail 'they are not counted'
}
# To cinema and fuel it is the client and starts them; to grocer it can only knock, too often.
floods_of_handshakes_are_slowed() {
    local node
    wire handshakes ''
    for node in cinema fuel; do
        (($(count_of "$node" peer_link_refused_handshakes_total "$liar") > 20)) ||
            fail "$node refused none" "$(grep handshakes "$work/metrics.$node")"
    done
}
what_is_replayed_is_dropped() {
    wire replays ''
}
links_that_are_made_and_broken_fill_no_log() {
    wire flapping ''
}
a_mute_member_is_no_burden() {
    wire mute ''
}

# The log names the liar in lines of its own, a few for all of the above.
the_log_names_the_liar() {
    local node lines
    for node in "${names[@]}"; do
        lines=$(grep -c "peer misbehaves.*peer=$liar " "$work/$node.log")
        ((lines >= 2 && lines <= 20 * coalitions)) || fail "$node says so in $lines lines"
        expect_equal '' "$(grep -E 'level=error' "$work/$node.log")" "errors of $node"
    done
}

# A coalition that has not found out about the liar yet. One that has suspends it: then it has no turn
# to propose and no lane any more, and some lies need one.
coalitions=0
unsuspecting() {
    local node
    for node in "${!pids[@]}"; do
        node_end "$node"
    done
    coalitions=$((coalitions + 1))
    coalition "coalition-$coalitions"
    names=(grocer cinema fuel)
    node_start "${names[@]}"
    needed nodes_ready "${names[@]}"
    till grocer members ann "{\"member\":\"$ann\"}"
    expect_answer 200
    needed nodes_agree
}

unsuspecting
run_case votes_for_far_rounds_are_not_worth_checking
run_case bad_signatures_are_charged_to_who_carries_them
unsuspecting
run_case cuts_that_are_wrong_are_their_proposers
unsuspecting
run_case double_votes_and_proposals_are_told_apart
unsuspecting
run_case a_forked_lane_is_one_lane_in_the_end
run_case forks_as_large_as_can_be_fill_no_memory
unsuspecting
run_case cuts_of_batches_that_are_withheld_are_passed_over
run_case claims_of_huge_heights_stop_nobody
run_case garbage_of_every_length_is_counted
run_case requests_without_end_are_served_in_part
run_case an_echo_harms_nobody
run_case other_roots_are_cosigned_in_vain
run_case roots_of_logs_that_never_grow_so_long_stop_nobody
run_case silence_is_waited_for_briefly
run_case a_member_that_floods_is_cut_short
run_case messages_that_never_end_take_little
run_case frames_of_every_length_are_dropped
run_case frames_forged_for_a_known_session_are_nobodys
run_case floods_of_handshakes_are_slowed
run_case what_is_replayed_is_dropped
run_case links_that_are_made_and_broken_fill_no_log
run_case a_mute_member_is_no_burden
run_case the_log_names_the_liar
finish
