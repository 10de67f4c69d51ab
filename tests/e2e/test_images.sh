#!/usr/bin/env bash
# Images of the state: a node goes on from the newest that fits, says which it passes over and why,
# and neither a full disk nor a kill -9 while one is written stops it. What comes of it is what a
# replay of everything gives.
# timeout: 180
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

every=50 # records between two images; far fewer than a real node's
fed=0
member=aa000000000000000000000000000007

# The grocer takes 60 earns, more than EVERY.
feed() {
    local n
    for ((n = 0; n < 60; n++)); do
        printf '{"type":"earn","key":"f%s-%s","member":"%s","points":%s}\n' "$fed" "$n" \
            "$member" $((n + 1))
    done >"$work/lines"
    fed=$((fed + 1))
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal 60 "$(jq -r 'select(.status == 200) | .line' <"$work/body" | wc -l)" accepted
}

answers() { # NODE
    curl -s -m 1 -o "$work/null" "$(url_of "$1")/healthz"
}

metric() { # NAME, of the grocer
    local body
    get grocer auditor /metrics
    sed -n "s/^$1 //p" <<<"$body"
}

counted() { # NAME: of something that has happened
    [[ $(metric "$1") -ge 1 ]]
}

# Heights of the grocer's images, newest first.
images() {
    find "$home/grocer/data" -name 'state-*.image' -printf '%f\n' | tr -dc '0-9\n' | sort -rn
}

image() { # HEIGHT
    echo "$home/grocer/data/state-$1.image"
}

# What the grocer said since it was started last.
said() { # WORDS...
    sed -n "$started,\$p" "$work/grocer.log" | grep -F -- "$1" | grep -qF -- "${2-}"
}

started=1
start_grocer() {
    started=$(($(wc -l <"$work/grocer.log") + 1))
    node_start grocer
    expect_eventually 15 answers grocer
}

from_image() { # HEIGHT
    expect_equal "$1" "$(sed -n "$started,\$p" "$work/grocer.log" |
        sed -n 's/.*the store was replayed.* from_image=\([0-9]*\).*/\1/p')" 'from_image in the log'
    expect_equal "$1" "$(metric accrue_start_image_height)" accrue_start_image_height
}

flip() { # FILE OFFSET
    local old
    old=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059 # an octal byte
    printf "\\$(printf %o $((old ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# ---- cases -------------------------------------------------------------------------------------

an_image_is_written_beside_the_work_and_one_at_a_stop() {
    feed
    expect_eventually 10 counted accrue_images_written_total
    expect_equal 1 "$(images | wc -l)" 'images'
    feed
    node_end grocer
    expect_equal 0 "$exit_status" 'exit status'
    expect_equal 2 "$(images | wc -l)" 'images after the stop'
}

a_node_goes_on_from_the_newest() {
    local newest
    newest=$(images | head -n 1)
    start_grocer
    from_image "$newest"
    needed nodes_ready "${names[@]}"
    feed
    needed nodes_agree
}

# Alone, so that what it says comes from its own folder.
from_an_image_it_is_where_a_replay_brings_it() {
    local place
    for node in "${names[@]}"; do node_end "$node"; done
    start_grocer
    [[ $(metric accrue_start_image_height) -gt 0 ]] || fail 'it went on from no image'
    place=$(node_place grocer)
    get grocer till "/v1/members/$member"
    place+=" $(field '.spendable, .lot_count' | paste -sd' ')"
    expect_match '^[0-9]+ [^ ]+= [0-9a-f]{64} [0-9]+ *[1-9]' "$place" place
    node_end grocer
    images_every 0 grocer
    start_grocer
    from_image 0
    get grocer till "/v1/members/$member"
    expect_equal "$place" "$(node_place grocer) $(field '.spendable, .lot_count' | paste -sd' ')" \
        'place and balance'
    node_end grocer
    images_every "$every" grocer
    "$accrue" verify --store "$home/grocer/data" --charter "$home/charter.json" \
        >"$work/verify" 2>&1 || fail 'the store does not verify' "$(<"$work/verify")"
}

a_damaged_one_is_passed_over_for_the_one_before() {
    local newest older
    { read -r newest && read -r older; } < <(images)
    images_every 1000000 grocer # none is written over the damaged ones meanwhile
    flip "$(image "$newest")" 700
    start_grocer
    said 'an image of the state is passed over' "height=$newest" || fail 'it does not say so'
    from_image "$older"
    node_end grocer KILL
    flip "$(image "$older")" 2
    start_grocer
    said 'an image of the state is passed over' "height=$older" || fail 'it does not say so'
    from_image 0
    node_end grocer KILL
    flip "$(image "$newest")" 700
    flip "$(image "$older")" 2
    images_every "$every" grocer
}

one_beyond_the_store_is_passed_over() {
    local newest
    newest=$(images | head -n 1)
    cp "$(image "$newest")" "$(image 999999)"
    start_grocer
    said 'an image of the state is passed over' 'the store ends at height' ||
        fail 'it does not say so'
    from_image "$newest"
}

child_of() { # PID
    pgrep -P "$1" >"$work/child"
}

# An image that never ends: its file is a pipe that nobody reads, whatever the height will be.
kill_9_while_one_is_written_does_no_harm() {
    local height newest child at
    node_start books cinema fuel
    needed nodes_ready "${names[@]}"
    newest=$(images | grep -v 999999 | head -n 1)
    get grocer auditor /v1/coalition
    height=$(field .height)
    for ((at = height + 1; at < height + 200; at++)); do
        mkfifo "$(image "$at").new"
    done
    feed
    expect_eventually 10 child_of "${pids[grocer]}"
    child=$(<"$work/child")
    node_end grocer KILL
    start_grocer
    from_image "$newest"
    expect_eventually 5 not_running "$child"
    expect_equal '' "$(find "$home/grocer/data" -name '*.new')" 'what was left unfinished'
    needed nodes_ready grocer
    feed
    needed nodes_agree
    expect_eventually 10 counted accrue_images_written_total
    expect_equal '' "$(images | grep 999999)" 'the image that no ledger has'
}

a_full_disk_is_a_warning() {
    local height at
    node_end grocer # which leaves an image behind, so that none is due at the start
    start_grocer
    needed nodes_ready grocer
    get grocer auditor /v1/coalition
    height=$(field .height)
    for ((at = height + 1; at < height + 200; at++)); do
        ln -s /dev/full "$(image "$at").new"
    done
    feed
    expect_eventually 10 counted accrue_image_failures_total
    said 'an image of the state was not written' 'No space left' || fail 'it does not say why'
    needed nodes_agree
    feed
    node_end grocer
    expect_equal 0 "$exit_status" 'exit status'
}

coalition coalition
for node in "${names[@]}"; do : >"$work/$node.log"; done
images_every "$every" grocer
node_start "${names[@]}"
needed nodes_ready "${names[@]}"
till grocer members enrol "{\"member\":\"$member\"}"
expect_answer 200
run_case an_image_is_written_beside_the_work_and_one_at_a_stop
run_case a_node_goes_on_from_the_newest
run_case from_an_image_it_is_where_a_replay_brings_it
run_case a_damaged_one_is_passed_over_for_the_one_before
run_case one_beyond_the_store_is_passed_over
run_case kill_9_while_one_is_written_does_no_harm
run_case a_full_disk_is_a_warning
finish
