#!/usr/bin/env bash
# A node that should not start says why and what to do, and one that must not go on retires.
# timeout: 300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ann=aa000000000000000000000000000001

# Runs accrued on a configuration that should be refused; what it said is in `said`.
start_refused() { # CONFIG EXIT-STATUS PATTERN...
    local seen pattern
    timeout -k "$slow" $((${patience:-15} * slow)) "$accrued" --config "$1" >"$work/said" 2>&1
    seen=$?
    said=$(<"$work/said")
    [[ $seen == "$2" ]] || depth=1 fail "wanted exit status $2, saw $seen" "$said"
    for pattern in "${@:3}"; do
        grep -qE -- "$pattern" <<<"$said" || depth=1 fail "wanted /$pattern/ to be said" "$said"
    done
}

# grocer's configuration, changed by a jq filter, beside the right one.
changed_config() { # JQ-FILTER
    jq "$1" "$home/grocer/node.json" >"$home/grocer/changed.json"
    echo "$home/grocer/changed.json"
}

goes_on() { # NODE KEY
    till "$1" earn "$2" "{\"member\":\"$ann\",\"points\":1}"
    expect_answer 200
}

a_second_process_with_the_same_key_is_refused() {
    start_refused "$home/grocer/node.json" 2 "pid ${pids[grocer]}"
    start_refused "$(changed_config '.data = "data2" | .listen = "tcp://127.0.0.1:1" |
        .http.listen = "127.0.0.1:2"')" 2 "signs with this node's key" "pid ${pids[grocer]}"
    [[ ! -e $home/grocer/data2 ]] || fail 'a refused start left a folder behind'
    goes_on grocer second-key
}

a_second_process_with_the_same_data_folder_is_refused() {
    node_end books
    start_refused <(jq '.data = "../grocer/data"' "$home/books/node.json") 2 .
    jq '.data = "../grocer/data"' "$home/books/node.json" >"$home/books/changed.json"
    start_refused "$home/books/changed.json" 2 'grocer/data' "pid ${pids[grocer]}|in use"
    node_start books
    needed nodes_ready books
    goes_on grocer second-folder
}

a_port_that_is_taken_is_named() {
    node_end grocer
    start_refused "$(changed_config ".http.listen = \"127.0.0.1:$((base + 1001))\"")" 2 \
        "127.0.0.1:$((base + 1001))" 'in use'
    start_refused "$(changed_config ".listen = \"tcp://127.0.0.1:$((base + 1))\"")" 2 \
        "127.0.0.1:$((base + 1))" 'in use'
    node_start grocer
    needed nodes_ready grocer
}

every_mistake_of_a_configuration_is_told() {
    local config
    config=$(changed_config '.node = "" | .listen = "udp://x" | .http.listen = "0.0.0.0:80" |
        .http.connections_max = -1 | .colour = "red" | .log.level = "loud" | .key = "none.key" |
        .limits.mempool_bytes = "many"')
    start_refused "$config" 2 node listen 'http\.listen' 'http\.connections_max' colour \
        'log\.level' 'none\.key' 'limits\.mempool_bytes'
    [[ $(wc -l <<<"$said") -ge 8 ]] || fail 'fewer lines than mistakes' "$said"
    echo '{"node": "grocer",' >"$home/grocer/changed.json"
    start_refused "$home/grocer/changed.json" 2 'changed\.json'
    start_refused "$work/none.json" 2 'none\.json'
    start_refused "$(changed_config '.node = "bakery"')" 2 bakery
    "$accrued" --config "$home/grocer/node.json" --check || fail 'the right one is refused'
}

secrets_that_others_can_read_are_refused() {
    local file
    node_end grocer
    for file in node.key log.key cosigner.key transport.key secret.key tokens.json; do
        chmod 644 "$home/grocer/$file"
        start_refused "$home/grocer/node.json" 2 "$file" \
            'chmod 600|mode 0?600|readable|read by others'
        chmod 600 "$home/grocer/$file"
    done
}

keys_that_are_not_the_charters_are_refused() {
    local key
    for key in key:node transport_key:transport log_key:log cosigner_key:cosigner; do
        start_refused "$(changed_config ".${key%:*} = \"../books/${key#*:}.key\"")" 2 \
            "books/${key#*:}\\.key" 'not the .*key that the charter'
    done
    echo garbage >"$home/grocer/garbage.key"
    chmod 600 "$home/grocer/garbage.key"
    for key in key transport_key log_key cosigner_key coalition_secret; do
        start_refused "$(changed_config ".$key = \"garbage.key\"")" 2 \
            'garbage\.key|coalition_secret'
    done
    jq '.name = "forged"' "$home/charter.json" >"$home/grocer/charter2.json"
    start_refused "$(changed_config '.charter = "charter2.json"')" 2 'coalition'
}

a_data_folder_of_another_coalition_or_node_is_refused() {
    local home=$home
    start_refused "$(changed_config '.data = "../books/data"')" 2 'books/data'
    node_end books
    start_refused "$(changed_config '.data = "../books/data"')" 2 'books/data' 'node'
    node_start books
    coalition other
    start_refused "$(changed_config '.data = "../../coalition/grocer/data"')" 2 \
        'coalition/grocer/data' 'belongs to coalition'
}

flip() { # FILE OFFSET
    local byte
    byte=$(od -An -tu1 -j"$2" -N1 "$1")
    # shellcheck disable=SC2059
    printf "\\x$(printf %02x $((byte ^ 0x10)))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

copy_store() {
    rm -rf "$home/grocer/copy"
    cp -a "$home/grocer/data" "$home/grocer/copy"
}

# The node alone: its copy never gets to sign anything.
a_flipped_byte_in_any_file_of_the_store_is_refused_by_name() {
    local config file name size at node
    node_start grocer
    needed nodes_ready grocer
    goes_on grocer into-the-log
    for node in "${names[@]}"; do
        node_end "$node"
    done
    config=$(changed_config '.data = "copy"')
    copy_store
    patience=5 start_refused "$config" 124 'the node is up' # the whole copy does start
    for file in "$home"/grocer/data/*; do
        name=${file##*/}
        size=$(stat -c %s "$file")
        [[ $name != LOG* && $name != *.pid && $size != 0 ]] || continue
        for at in 0 $((size / 3)) $((size / 2)) $((size - 1)); do
            copy_store
            flip "$home/grocer/copy/$name" "$at"
            patience=12 start_refused "$config" 2 "copy/$name" 'restore this node.s folder'
            "$accrue" verify --store "$home/grocer/copy" --charter "$home/charter.json" \
                >"$work/verify" 2>&1 && fail "verify passes with byte $at of $name changed"
            grep -q "$name" "$work/verify" || fail "verify does not name $name" "$(<"$work/verify")"
        done
        copy_store
        rm "$home/grocer/copy/$name"
        patience=12 start_refused "$config" 2 copy
        [[ $name != *.log && $name != *.ldb ]] || {
            copy_store
            truncate -s $((size - 5)) "$home/grocer/copy/$name"
            patience=12 start_refused "$config" 2 copy
        }
        kinds+=" ${name//[0-9]/}"
    done
    for name in .ldb .log CURRENT MANIFEST- accrued.last; do
        [[ " $kinds " == *" $name "* ]] || fail "no $name was tried" "$kinds"
    done
}

retires() { # NODE WORDS
    node_start "$1"
    node_gone "$1" 20 || {
        fail "$1 goes on"
        node_end "$1" KILL
        return
    }
    expect_equal 3 "$exit_status" 'exit status'
    expect_match "$2" "$(tail -n 3 "$work/$1.log")" 'what it said'
}

an_old_copy_of_the_store_retires_the_node() {
    copy_store
    node_start "${names[@]}"
    needed nodes_ready "${names[@]}"
    goes_on grocer after-the-copy
    node_end grocer
    mv "$home/grocer/data" "$home/grocer/right"
    mv "$home/grocer/copy" "$home/grocer/data"
    retires grocer 'fresh key|new key|restore'
    goes_on books without-grocer-1
    rm -r "$home/grocer/data"
    mv "$home/grocer/right" "$home/grocer/data"
    node_start grocer
    needed nodes_ready grocer
    goes_on grocer right-store-again
}

a_node_without_its_store_retires_and_the_others_go_on() {
    node_end fuel
    mv "$home/fuel/data" "$home/fuel/right"
    retires fuel 'fresh key|new key|restore'
    retires fuel 'fresh key|new key|restore'
    goes_on grocer without-fuel-1
    goes_on books without-fuel-2
    rm -r "$home/fuel/data"
    mv "$home/fuel/right" "$home/fuel/data"
    node_start fuel
    needed nodes_ready fuel
    nodes_agree || fail 'the nodes are not at one place'
}

kinds=
four_nodes
till grocer members enrol "{\"member\":\"$ann\"}"
expect_answer 200
goes_on grocer first
node_end grocer # a second start makes a table of the first log
node_start grocer
needed nodes_ready grocer
goes_on grocer second
run_case a_second_process_with_the_same_key_is_refused
run_case a_second_process_with_the_same_data_folder_is_refused
run_case a_port_that_is_taken_is_named
run_case every_mistake_of_a_configuration_is_told
run_case secrets_that_others_can_read_are_refused
run_case keys_that_are_not_the_charters_are_refused
run_case a_data_folder_of_another_coalition_or_node_is_refused
run_case a_flipped_byte_in_any_file_of_the_store_is_refused_by_name
run_case an_old_copy_of_the_store_retires_the_node
run_case a_node_without_its_store_retires_and_the_others_go_on
finish
