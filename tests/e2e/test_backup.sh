#!/usr/bin/env bash
# Backups of a node that runs under load, and what comes of it when one is put back: only what is
# new is copied, damage is named, neither kill -9 nor a full disk costs the backup before, and a
# restored node either goes on or is told that its key signed newer things.
# timeout: 240
# shellcheck source=disks.sh
. "$(dirname "$0")/disks.sh"

backups=$work/backups data=

backup() { # `body` is its JSON, `exit_status` how it ended
    body=$("$accrue" backup --json --dir "$home" --node "$victim" "$backups" 2>"$work/stderr")
    exit_status=$?
}

check() { # EXIT-STATUS [OPTIONS]
    body=$("$accrue" restore --check "${@:2}" "$backups" 2>&1)
    expect_equal "$1" $? 'status of the check'
}

newest() {
    find "$backups" -mindepth 1 -maxdepth 1 -name '0*' -printf '%f\n' | sort | tail -n 1
}

# What lies in the folder, but for its locks.
what_is_there() {
    (cd "$backups" && find . -type f -exec sha256sum {} + | sort -k 2)
}

table_of() { # BACKUP
    find "$backups/$1" -name '*.ldb' | sort | head -n 1
}

flip() { # FILE
    local at=$(($(stat -c %s "$1") / 2)) old
    old=$(od -An -tu1 -j "$at" -N 1 "$1")
    # shellcheck disable=SC2059 # an octal byte
    printf "\\$(printf %o $((old ^ 16)))" | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}

a_node_under_load_is_backed_up() {
    backup
    expect_equal 0 "$exit_status" 'exit status'
    expect_field .backup "$backups/000001"
    expect_field '.files == .copied' true
    check 0
    "$accrue" verify --store "$backups/000001" --charter "$home/charter.json" >"$work/verify" 2>&1 ||
        fail 'the copy does not verify' "$(<"$work/verify")"
    rm -f "$backups/000001/accrued.pid"
    goes_on "${names[@]}"
}

the_next_copies_only_what_is_new() {
    local groups table
    backup
    expect_equal 0 "$exit_status" 'exit status'
    groups=$(jq .groups <<<"$("$accrue" restore --json --check --number 1 "$backups")")
    [[ $(field ".groups > ${groups:-0}") == true ]] || fail "no newer than $groups groups" "$body"
    expect_field '.copied < .files and .copied_bytes < .bytes' true
    table=$(table_of 000002)
    expect_equal "$(stat -c %i "$backups/000001/${table##*/}")" "$(stat -c %i "$table")" 'the table'
    backup
    expect_field .removed 1
    [[ ! -e $backups/000001 ]] || fail 'the oldest is still there'
    check 0 --number 2
}

# Time and again while everything is written to: each copy is whole.
every_one_of_many_is_consistent() {
    local i
    for i in 1 2 3 4 5 6; do
        backup
        expect_equal 0 "$exit_status" "exit status of backup $i"
        if ((i == 3)); then # also while the node makes a table of its log
            node_end "$victim" KILL
            node_start "$victim"
        fi
    done
    needed nodes_ready "$victim"
}

a_flipped_byte_is_named_and_the_next_backup_mends_it() {
    local table
    table=$(table_of "$(newest)")
    flip "$table"
    check 1
    expect_match "$table is damaged" "$body"
    body=$("$accrue" restore "$backups" --data "$work/never" 2>&1)
    expect_equal 1 $? 'status of the restore'
    [[ ! -e $work/never && ! -e $work/never.restoring ]] || fail 'something was restored'
    backup
    expect_field '.mended >= 1' true
    check 0
}

# An image that never ends: a pipe that nobody writes.
kill_9_in_the_middle_leaves_the_last_one_good() {
    local before pid
    before=$(what_is_there)
    mkfifo "$data/state-1.image"
    "$accrue" backup --dir "$home" --node "$victim" "$backups" >"$work/killed" 2>&1 &
    pid=$!
    helpers+=("$pid")
    expect_eventually 10 test -d "$backups/unfinished"
    backup
    expect_equal 3 "$exit_status" 'exit status of a second one meanwhile'
    expect_match 'another backup' "$body"
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null
    rm -f "$data/state-1.image"
    rmdir "$backups/unfinished" 2>/dev/null
    expect_equal "$before" "$(what_is_there)" 'what is there'
    check 0
    mkdir -p "$backups/unfinished"
    echo half >"$backups/unfinished/000099.ldb"
    backup
    expect_equal 0 "$exit_status" 'exit status of the next'
    [[ ! -e $backups/unfinished ]] || fail 'what was unfinished is still there'
    check 0
}

# In a mount namespace of its own: a disk that one backup fills, and another backup onto it.
# shellcheck disable=SC2016 # its own arguments
fill_a_disk='
mount -t tmpfs -o "size=$1k" none "$2" 2>/dev/null || exit 77
cd "$2" && cp -a "$3" 000001 || exit 76
find . -type f -exec sha256sum {} + | sort >"$4.before"
"$5" backup --data "$6" "$2"
seen=$?
find . -type f -exec sha256sum {} + | sort >"$4.after"
exit "$seen"'

a_full_disk_costs_no_backup() {
    local size seen full
    full=$backups/$(newest)
    size=$(($(du -sk --apparent-size "$full" | cut -f 1) + 64))
    mkdir "$work/small"
    body=$(unshare --mount bash -c "$fill_a_disk" fill "$size" "$work/small" "$full" \
        "$work/disk" "$accrue" "$home/grocer/data" 2>&1)
    seen=$?
    if ((seen == 77)) || grep -q '^unshare' <<<"$body"; then
        echo 'mounting is not permitted here: a full disk was not tried'
        return
    fi
    expect_equal 2 "$seen" 'exit status'
    expect_match 'No space left on device: make room.*backups before are untouched' "$body"
    expect_equal "$(<"$work/disk.before")" "$(<"$work/disk.after")" 'what is there'
}

a_folder_with_something_in_it_is_refused() {
    body=$("$accrue" restore "$backups" --data "$data" 2>&1)
    expect_equal 2 $? 'exit status'
    expect_match 'is not an empty folder' "$body"
    body=$("$accrue" restore "$work" --data "$work/never" 2>&1)
    expect_equal 2 $? 'exit status'
    expect_match 'holds no backup' "$body"
}

restore() { # in the place of the node's folder
    mv "$data" "$work/lost"
    body=$("$accrue" restore "$backups" --data "$data" 2>&1)
    expect_equal 0 $? 'status of the restore'
    expect_match 'What comes next' "$body"
}

a_restored_node_whose_key_signed_newer_things_is_told() {
    backup
    goes_on "$victim" "$victim"
    node_end "$victim" KILL
    restore
    from_here "$victim"
    node_start "$victim"
    ends "$victim" 3 'old copy' 'must not sign again' 'fresh key'
    goes_on "${others[@]}"
    nothing_is_held_against "$victim"
    rm -r "$data"
    mv "$work/lost" "$data"
    comes_back "$victim"
}

a_restored_node_whose_key_signed_nothing_newer_goes_on() {
    node_end "$victim"
    backup
    expect_equal 0 "$exit_status" 'exit status'
    goes_on "${others[@]}"
    restore
    rm -r "$work/lost"
    comes_back "$victim"
}

four_nodes
give_ann_points
data=$home/$victim/data
images_every 200 "$victim"
goes_on "$victim"
node_end "$victim"
node_start "$victim" # a start makes a table of the log before
needed nodes_ready "$victim"
start_tills
run_case a_node_under_load_is_backed_up
run_case the_next_copies_only_what_is_new
run_case every_one_of_many_is_consistent
run_case a_flipped_byte_is_named_and_the_next_backup_mends_it
run_case kill_9_in_the_middle_leaves_the_last_one_good
run_case a_full_disk_costs_no_backup
run_case a_folder_with_something_in_it_is_refused
# No more of the tills' at the node: what an old copy takes while it may not sign is in that copy.
stop_tills
rm "$work/stop"
first=10000
start_tills "${others[@]}"
run_case a_restored_node_whose_key_signed_newer_things_is_told
run_case a_restored_node_whose_key_signed_nothing_newer_goes_on
run_case nothing_acknowledged_is_lost
finish
