#!/usr/bin/env bash
# A node prunes what its archive holds: the disk shrinks, it starts and works as before, says where
# the old records are, and an audit of node and archive together is clean. What no archive holds, or
# holds otherwise, stays; a kill -9 in the middle costs nothing.
# timeout: 300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

member=aa000000000000000000000000000007
archive=$work/archive

feed() { # NAME COUNT
    local n
    for ((n = 0; n < $2; n++)); do
        printf '{"type":"earn","key":"%s%s","member":"%s","points":%s,"document":"%s%050d"}\n' \
            "$1" "$n" "$member" $((n % 100 + 1)) "$1" "$n"
    done >"$work/lines"
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal "$2" "$(jq -r 'select(.status == 200) | .line' <"$work/body" | wc -l)" accepted
}

# Heights to prune, and some more that stay.
heights() { # NAME COUNT
    local n
    for ((n = 0; n < $2; n++)); do
        till books earn "$1-$n" "{\"member\":\"$member\",\"points\":1}"
        [[ $status == 200 ]] || fail "earn $n: $status" "$body"
    done
}

prune() { # `body` is its JSON or text, `exit_status` how it ended
    body=$("$accrue" prune --json --dir "$home" --node books --archive "$archive" --keep-days 0 \
        2>&1)
    exit_status=$?
}

disk() {
    find "$home/books/data" -type f ! -name 'state-*' -printf '%s\n' | awk '{ n += $1 } END { print n }'
}

whole_bundles() { # of the archive: records that may go
    local size
    size=$(sed -n 2p "$archive/checkpoint")
    echo $((size / 256 * 256))
}

# ---- cases -------------------------------------------------------------------------------------

a_log_grows_and_is_exported() {
    till grocer members enrol "{\"member\":\"$member\"}"
    expect_answer 200
    feed a 20000
    heights b 280
    feed c 300
    needed nodes_agree
    sleep 1
    "$accrue" export --dir "$home" --node books "$archive" >"$work/export" 2>&1 ||
        fail 'the export failed' "$(<"$work/export")"
}

a_running_node_is_not_pruned() {
    prune
    [[ $exit_status != 0 ]] || fail 'it was pruned while it ran' "$body"
}

what_the_archive_holds_otherwise_stays() {
    local bundle
    node_end books # which leaves an image behind
    bundle=$(find "$archive/tile/entries" -type f | sort | head -n 1)
    cp "$bundle" "$work/bundle"
    printf 'x' | dd of="$bundle" bs=1 seek=700 conv=notrunc status=none
    prune
    expect_equal 1 "$exit_status" 'exit status'
    expect_match 'an entry is another one than this node has' "$body" text
    cp "$work/bundle" "$bundle"
    "$accrue" verify --store "$home/books/data" --charter "$home/charter.json" >"$work/verify" 2>&1 ||
        fail 'the store does not verify' "$(<"$work/verify")"
}

kill_9_in_the_middle_costs_nothing() {
    local try pid
    cp -a "$home/books/data" "$work/data"
    for try in 0.05 0.15 0.3; do
        "$accrue" prune --dir "$home" --node books --archive "$archive" --keep-days 0 \
            >"$work/killed" 2>&1 &
        pid=$!
        sleep "$try"
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    node_start books
    needed nodes_ready books
    needed nodes_agree
    node_end books
    rm -rf --one-file-system "$home/books/data"
    mv "$work/data" "$home/books/data"
}

the_disk_shrinks() {
    local before after
    before=$(disk)
    prune
    expect_equal 0 "$exit_status" 'exit status'
    after=$(disk)
    expect_field '.height >= 256 and .heights_pruned == .height' true
    ((after * 2 < before)) || fail "the disk went from $before to $after bytes" "$body"
    expect_field '.bytes_now' "$after"
    prune
    expect_equal 0 "$exit_status" 'exit status of one more'
    expect_field .heights_pruned 0
}

a_pruned_store_is_verified_from_where_it_begins() {
    body=$("$accrue" verify --json --store "$home/books/data" --charter "$home/charter.json" 2>&1)
    expect_equal 0 $? 'exit status of verify'
    expect_field '.verify' pass
    expect_field '.nodes[0] | .pruned_height >= 256 and .executed_from > .pruned_height' true
    "$accrue" audit "$home/books/data" --charter "$home/charter.json" >"$work/audit" 2>&1
    expect_equal 2 $? 'exit status of an audit without the archive'
    expect_match 'are kept in an archive' "$(<"$work/audit")" text
    "$accrue" audit "$home/books/data" --charter "$home/charter.json" --archive "$archive" \
        >"$work/audit" 2>&1 || fail 'the audit of store and archive finds something' "$(<"$work/audit")"
}

# Of each kind the first entry, which is of a height before the image that executing begins with.
damage_before_its_image_is_found() {
    local kind
    for kind in H O B T; do
        cp -a "$home/books/data" "$work/damaged"
        "$ACCRUE_BUILD/tests/store_edit" "$work/damaged" "$kind" 0 7 &>"$work/edited"
        "$accrue" verify --store "$work/damaged" --charter "$home/charter.json" >"$work/verify" \
            2>&1 && fail "an entry $kind was changed" "$(<"$work/edited")"
        rm -rf --one-file-system "$work/damaged"
    done
}

# Also that it starts at all with images switched off.
the_node_goes_on_and_says_where_the_old_records_are() {
    images_every 0 books
    node_start books
    needed nodes_ready "${names[@]}"
    till books earn later "{\"member\":\"$member\",\"points\":5}"
    expect_answer 200
    needed nodes_agree
    get books auditor /v1/records/7/receipt
    expect_answer 410 pruned
    get books auditor /v1/heights/3
    expect_answer 410 pruned
    get books auditor /tile/0/000
    expect_equal 200 "$status" 'a tile of pruned records'
    get books auditor /v1/coalition
    expect_field '.history.pruned_height >= 256' true
    get books till "/v1/members/$member/transactions?limit=5"
    expect_answer 200
    expect_field .history_whole false
    get books auditor "/v1/records/$(($(whole_bundles) + 1))/receipt"
    expect_equal 200 "$status" 'a receipt of what stayed'
}

an_audit_reads_both() {
    "$accrue" audit --dir "$home" --node books >"$work/audit" 2>&1 &&
        fail 'an audit without the archive is clean'
    "$accrue" audit --dir "$home" --node books --archive "$archive" >"$work/audit" 2>&1 ||
        fail 'the audit finds something' "$(<"$work/audit")"
    "$accrue" audit "$archive" --charter "$home/charter.json" >"$work/audit" 2>&1 ||
        fail 'the audit of the archive alone finds something' "$(<"$work/audit")"
}

the_archive_grows_and_the_next_prune_follows() {
    node_end books
    images_every 200 books
    node_start books
    needed nodes_ready books
    heights d 270
    feed e 300
    needed nodes_agree
    sleep 1
    "$accrue" export --dir "$home" --node books "$archive" >"$work/export" 2>&1 ||
        fail 'the export failed' "$(<"$work/export")"
    node_end books
    prune
    expect_equal 0 "$exit_status" 'exit status'
    expect_field '.height >= 512 and .heights_pruned == 256' true
    node_start books
    needed nodes_ready "${names[@]}"
    needed nodes_agree
    "$accrue" audit --dir "$home" --node books --archive "$archive" >"$work/audit" 2>&1 ||
        fail 'the audit finds something' "$(<"$work/audit")"
}

coalition coalition
images_every 200 "${names[@]}"
node_start "${names[@]}"
needed nodes_ready "${names[@]}"
run_case a_log_grows_and_is_exported
run_case a_running_node_is_not_pruned
run_case what_the_archive_holds_otherwise_stays
run_case kill_9_in_the_middle_costs_nothing
run_case the_disk_shrinks
run_case a_pruned_store_is_verified_from_where_it_begins
run_case damage_before_its_image_is_found
run_case the_node_goes_on_and_says_where_the_old_records_are
run_case an_audit_reads_both
run_case the_archive_grows_and_the_next_prune_follows
finish
