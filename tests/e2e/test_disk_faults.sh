#!/usr/bin/env bash
# Calls of the store that fail (libfiu): in mid-run and at each start. The node ends and says what
# to do, acknowledges nothing that it could not keep, and comes back when the fault is gone.
# timeout: 300
# shellcheck source=disks.sh
. "$(dirname "$0")/disks.sh"

command -v fiu-run fiu-ctrl >/dev/null || {
    echo 'skipped: fiu-run is not here (Debian: fiu-utils libfiu-dev)'
    exit 77
}

rounds=${ACCRUE_ROUNDS:-2}
again='start the node again'
failing=('Input/output error' 'the disk fails' "$again")
full=('No space left on device' 'make room' "$again")

# Starts the node with calls that fail. A call is failed only inside a function of LevelDB where
# one is named: elsewhere the same calls move messages, whose failing is another matter.
start_with_faults() { # NODE [FAULT...]
    local accrued_as_it_is=$accrued accrued=$work/faulty fault options=''
    for fault in "${@:2}"; do
        options+=" -c '$fault'"
    done
    printf '#!/bin/sh\nexec fiu-run -x -f %q%s %q "$@"\n' "$work/fiu" "$options" \
        "$accrued_as_it_is" >"$accrued"
    chmod +x "$accrued"
    from_here "$1"
    node_start "$1"
}

inside() { # CALL FUNCTION ERRNO
    echo "enable_stack_by_name name=posix/io/$1,func_name=$2,failinfo=$3"
}

always() { # CALL ERRNO
    echo "enable name=posix/io/$1,failinfo=$2"
}

fail_from_now() { # FAULT
    timeout 10 fiu-ctrl -f "$work/fiu" -c "$1" "${pids[$victim]}" >"$work/fiu-said" 2>&1
    [[ ! -s $work/fiu-said ]] || fail "fiu-ctrl $1" "$(<"$work/fiu-said")"
}

a_call_that_fails_in_mid_run_ends_the_node() { # FAULT PATTERN...
    start_with_faults "$victim"
    needed nodes_ready "$victim"
    goes_on "$victim"
    from_here "$victim"
    fail_from_now "$1"
    ends "$victim" 1 'the node stops' "$victim/data" "${@:2}"
}

calls_that_fail_in_mid_run_end_the_node_and_not_the_others() {
    a_call_that_fails_in_mid_run_ends_the_node "$(inside rw/write leveldb_write 28)" "${full[@]}"
    a_call_that_fails_in_mid_run_ends_the_node "$(inside rw/write leveldb_write 5)" "${failing[@]}"
    a_call_that_fails_in_mid_run_ends_the_node "$(always sync/fdatasync 5)" "${failing[@]}"
    a_call_that_fails_in_mid_run_ends_the_node "$(always rw/pwrite 5)" 'accrued\.last' \
        "${failing[@]}"
    goes_on "${others[@]}"
    nothing_is_held_against "$victim"
}

# The store is opened wholly or the start is refused in words; never half.
calls_that_fail_at_the_start_refuse_it() {
    local fault
    for fault in "$(inside oc/open leveldb_open 5)" "$(inside rw/write leveldb_open 5)" \
        "$(always sync/fdatasync 5)" "$(always dir/rename 5)" "$(inside rw/read leveldb_open 5)" \
        "$(always rw/pwrite 5)" "$(always dir/opendir 5)" "$(always dir/readdir 5)"; do
        start_with_faults "$victim" "$fault"
        ends "$victim" 1 "$victim/data" "${failing[@]}" || echo "note: $fault"
    done
    start_with_faults "$victim" "$(always rw/ftruncate 28)"
    ends "$victim" 1 "$victim/data" "${full[@]}"
    goes_on "${others[@]}"
}

starts_or_ends() {
    not_running "${pids[$victim]}" || is_ready "$victim"
}

# LevelDB takes a short read for the end of a log, goes on without the rest, and deletes it. Where
# that lost something the witness shows it, and a copy of the folder from before brings the node
# back. (How much is read is libfiu's chance.)
reads_that_come_in_pieces_lose_nothing_in_silence() {
    cp -a "$home/$victim/data" "$work/before"
    start_with_faults "$victim" "$(inside rw/read/reduce leveldb_open 0)"
    expect_eventually 20 starts_or_ends
    if not_running "${pids[$victim]}"; then
        ends "$victim" 2 'groups [0-9]+ to [0-9]+ of the store are missing|damaged' \
            "restore this node's folder from a copy"
        rm -r "$home/$victim/data"
        mv "$work/before" "$home/$victim/data"
        node_start "$victim"
        needed nodes_ready "$victim"
    fi
    goes_on "$victim"
    node_end "$victim"
}

# Any call at any time: whatever comes first ends it, and the next start is under the same fault.
faults_at_random_lose_nothing() {
    local i
    for ((i = 0; i < rounds; i++)); do
        start_with_faults "$victim" \
            'enable_random name=posix/io/sync/*,probability=0.02,failinfo=5' \
            'enable_random name=posix/io/rw/pwrite,probability=0.01,failinfo=5' \
            'enable_random name=posix/io/dir/rename,probability=0.1,failinfo=5' \
            'enable_random name=posix/io/dir/unlink,probability=0.1,failinfo=5' \
            'enable_random name=posix/io/dir/opendir,probability=0.1,failinfo=5'
        ends "$victim" 1 "$victim/data" "${failing[@]}"
    done
    nothing_is_held_against "$victim"
}

a_log_that_cannot_be_written_stops_nobody() {
    mv "$work/$victim.log" "$work/$victim.kept"
    ln -s /dev/full "$work/$victim.log"
    node_start "$victim"
    nodes_ready "$victim" || fail 'it does not start'
    goes_on "$victim"
    node_end "$victim"
    expect_equal 0 "$exit_status" 'exit status'
    mv -T "$work/$victim.kept" "$work/$victim.log"
}

four_nodes
give_ann_points
start_tills
node_end "$victim"
run_case calls_that_fail_in_mid_run_end_the_node_and_not_the_others
run_case calls_that_fail_at_the_start_refuse_it
run_case reads_that_come_in_pieces_lose_nothing_in_silence
run_case faults_at_random_lose_nothing
run_case a_log_that_cannot_be_written_stops_nobody
comes_back "$victim"
run_case nothing_acknowledged_is_lost
finish
