#!/usr/bin/env bash
# accrue verify: nodes and stores that are whole pass; a byte changed anywhere is found and named,
# in a stopped node's store (through LevelDB, or in its files) and in what a lying node serves.
# timeout: 300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

edit=$ACCRUE_BUILD/tests/store_edit liar=$ACCRUE_BUILD/tests/liar
seed=${ACCRUE_SEED:-20261121}
echo "seed $seed"

# ---- a ledger ----------------------------------------------------------------------------------

# Member NUMBER of the partner with index PARTNER.
member() { # PARTNER NUMBER
    printf '%032x' $((0xabc000 + $1 * 100 + $2))
}

lines_of() { # PARTNER
    local n
    for ((n = 0; n < 10; n++)); do
        printf '{"type":"enrol","key":"e%s","member":"%s"}\n' "$n" "$(member "$1" "$n")"
    done
    for ((n = 0; n < 120; n++)); do
        printf '{"type":"earn","key":"p%s","member":"%s","points":%s}\n' \
            "$n" "$(member "$1" $((n % 10)))" $((n + 1))
    done
    for ((n = 0; n < 10; n++)); do
        printf '{"type":"redeem","key":"r%s","member":"%s","points":%s}\n' \
            "$n" "$(member "$1" "$n")" $((n + 1))
    done
}

# Through each partner's own node, until two full tiles are there.
a_ledger_of_two_full_tiles() {
    local i
    for i in 0 1 2 3; do
        lines_of "$i" >"$work/lines"
        ask POST "${names[i]}" till /v1/batch -H 'Content-Type: application/x-ndjson' \
            -T "$work/lines"
        expect_equal 200 "$status" status
        expect_equal 140 "$(jq -r 'select(.status == 200) | .line' <"$work/body" | wc -l)" accepted
    done
    needed nodes_agree
}

# Runs accrue verify; `verified` is its exit status, `said` what it said.
verify() { # OPTIONS...
    said=$("$accrue" verify "$@" 2>&1 </dev/null)
    verified=$?
}

expect_verified() { # STATUS TEXT
    [[ $verified == "$1" && $said == *"$2"* ]] ||
        depth=1 fail "${3-}verify: wanted exit $1 and '$2', saw exit $verified" "$said"
}

# ---- honest nodes ------------------------------------------------------------------------------

four_nodes_that_are_whole_pass() {
    verify --dir "$home"
    expect_verified 0 'verify: pass (4 of 4)'
    expect_equal 4 "$(grep -c ', balances$' <<<"$said")" 'balances compared'
}

a_node_that_is_behind_agrees_with_the_others() {
    node_end fuel KILL
    till grocer earn behind-1 "{\"member\":\"$(member 0 0)\",\"points\":5}"
    expect_answer 200
    # Alone, fuel hears of nothing that was decided since.
    for node in grocer books cinema; do kill -STOP "${pids[$node]}"; done
    node_start fuel
    eventually 20 answers fuel || fail 'fuel does not answer'
    verify --charter "$home/charter.json" --token-file "$home/fuel/auditor.token" "$(url_of fuel)"
    expect_verified 0 'verify: pass (1 of 1)'
    local behind=$said
    for node in grocer books cinema; do kill -CONT "${pids[$node]}"; done
    verify --dir "$home"
    expect_verified 0 'verify: pass (4 of 4)'
    [[ $behind =~ [0-9]+\ records ]]
    [[ $said != *"grocer: ok; ${BASH_REMATCH[0]}"* ]] || fail 'fuel was not behind' "$behind"
    needed nodes_ready fuel
    needed nodes_agree
}

answers() { # NODE
    get "$1" auditor /checkpoint
    [[ $status == 200 ]]
}

a_node_that_is_down_is_told_from_one_that_lies() {
    node_end fuel
    verify --dir "$home" --timeout 1
    expect_verified 3 'fuel: could not be audited: no answer from the node'
    node_start fuel
    needed nodes_ready fuel
}

a_wrong_token_says_what_to_do() {
    echo wrong >"$work/wrong.token"
    chmod 600 "$work/wrong.token"
    verify --token-file "$work/wrong.token" "$(url_of grocer)"
    expect_verified 2 'token'
    verify --token-file "$home/grocer/till.token" "$(url_of grocer)"
    expect_verified 2 'auditor'
}

a_node_of_another_coalition_is_refused() {
    needed "$accrue" coalition new "$work/other" --partners grocer,books,cinema,fuel \
        --base-port "$base" >"$work/null"
    verify --charter "$work/other/charter.json" --token-file "$home/grocer/auditor.token" \
        "$(url_of grocer)"
    expect_verified 1 'another coalition'
}

# ---- a node that lies --------------------------------------------------------------------------

# What is served under PATH is changed: the finding must match.
lie() { # RULE REGEX
    echo "$1" >"$work/rule"
    verify --charter "$home/charter.json" --token-file "$home/grocer/auditor.token" "$liar_url"
    [[ $verified == 1 && $said =~ $2 ]] ||
        depth=1 fail "$1: wanted exit 1 and /$2/, saw exit $verified" "$said"
}

whatever_a_node_serves_changed_is_found() {
    local place bits
    : >"$work/rule"
    "$liar" "$(url_of grocer)" "$work/rule" >"$work/liar.url" &
    helpers+=($!)
    eventually 5 test -s "$work/liar.url" || fail 'no liar'
    liar_url=$(<"$work/liar.url")
    verify --charter "$home/charter.json" --token-file "$home/grocer/auditor.token" "$liar_url"
    expect_verified 0 'verify: pass (1 of 1)' 'through the proxy, '
    RANDOM=$seed
    for place in 0 250 500 750 1000; do
        bits=$((1 + RANDOM % 255))
        lie "flip /tile/entries/000 $place $bits" 'FAIL (record|batch|seal|entries)-[a-z-]+: .*record'
        lie "flip /tile/entries/002 $place $bits" 'FAIL (record|batch|seal|entries)-[a-z-]+: .*record'
        lie "flip /tile/0/000 $place $bits" 'FAIL tile-hash: tile 0/0, hash [0-9]+: covers record'
        lie "flip /tile/1/000 $place $bits" 'FAIL tile-hash: tile 1/0, hash [0-9]+: covers record'
        lie "flip /v1/heights $place $bits" 'FAIL [a-z-]+: height [0-9]+'
        # Its text and the node's own signature: of the cosignatures one may be missing.
        lie "flip /checkpoint $((place / 5)) $bits" 'FAIL checkpoint-[a-z]+: checkpoint of grocer'
    done
    lie 'cut /checkpoint 7 lines' 'FAIL checkpoint-quorum: checkpoint of grocer.*2 of 4 witnesses'
    lie 'swap /v1/balances "spendable": "spendably":' 'FAIL balance: spendable of member'
    lie 'swap /v1/balances "held":0 "held":1' 'FAIL balance: held of member'
    lie 'swap /v1/balances "locked":false "locked":fals0' 'FAIL balance: page of member 0'
    lie 'swap /v1/balances "height": "heigth":' 'FAIL balance: height of the balances'
    lie 'swap /v1/balances "member":"0 "member":"1' 'FAIL balance: member number 0'
}

# ---- a stopped node's store --------------------------------------------------------------------

restore() { # [COPY]
    rm -rf "${home:?}/grocer/data"
    cp -a "${1-$work/whole}" "$home/grocer/data"
}

# accrued must not start, and say the same.
refuses_to_start() { # TEXT
    timeout $((10 * slow)) "$accrued" --config "$home/grocer/node.json" \
        >"$work/refused" 2>&1 </dev/null
    local code=$?
    [[ $code != 0 && $code != 124 ]] ||
        depth=2 fail "accrued: wanted a refusal naming '$1', saw exit $code" "$(<"$work/refused")"
    grep -qF -- "$1" "$work/refused" ||
        depth=2 fail "accrued: wanted '$1'" "$(<"$work/refused")"
}

a_stopped_nodes_store_passes() {
    local node
    for node in "${names[@]}"; do node_end "$node"; done
    cp -a "$home/grocer/data" "$work/logged"
    verify --store "$home/grocer/data"
    expect_verified 0 'verify: pass (1 of 1)'
    # Opened once more, LevelDB has put its log into a table.
    cp -a "$home/grocer/data" "$work/whole"
    "$edit" "$home/grocer/data" | paste -sd' '
}

a_changed_entry_is_named() {
    local kind place round name
    RANDOM=$seed
    for kind in B H O T l; do
        for place in 0 500 1000; do
            for round in 1 2; do
                restore
                name=$("$edit" "$home/grocer/data" "$kind" "$place" "$RANDOM" 2>"$work/edited")
                verify --store "$home/grocer/data"
                expect_verified 1 "$name" "$kind $place, $(<"$work/edited"): "
                ((round == 2)) || refuses_to_start "$name"
            done
        done
    done
}

a_changed_owner_is_named() {
    local place name
    for place in 0 333 666 1000; do
        restore
        name=$("$edit" "$home/grocer/data" M "$place" "$seed" 2>"$work/edited")
        # Which node of the charter it is a store cannot show by itself: only the node can.
        if [[ $name != node ]]; then
            verify --store "$home/grocer/data"
            [[ $verified == [12] ]] || fail "M $name: exit $verified" "$said"
        fi
        refuses_to_start "$home/grocer/data"
    done
}

a_changed_byte_of_a_file_is_named() {
    local file name size at place
    RANDOM=$seed
    compgen -G "$work/whole/*.ldb" >"$work/null" || fail 'no table'
    for file in "$work"/whole/{*.ldb,MANIFEST-*,CURRENT,accrued.last} "$work"/logged/*.log; do
        [[ -s $file ]] || fail "$file is not there"
        name=${file##*/}
        size=$(stat -c %s "$file")
        for place in 10 500 990; do
            restore "${file%/*}"
            at=$((size * place / 1000))
            flip "$home/grocer/data/$name" "$at"
            verify --store "$home/grocer/data"
            [[ $verified == [12] && $said == *"$name"* ]] ||
                fail "$name byte $at of $size: exit $verified" "$said"
            ((place != 500)) || refuses_to_start "$name"
        done
    done
}

# The grocer alone: its batch, proposal and vote are stored, and nothing more comes of them.
what_is_not_decided_yet_is_named_too() {
    local node kind place name
    restore
    node_start "${names[@]}"
    needed nodes_ready "${names[@]}"
    for node in books cinema fuel; do node_end "$node" KILL; done
    till grocer earn alone "{\"member\":\"$(member 0 0)\",\"points\":5}" \
        -H 'Prefer: respond-async'
    expect_answer 202
    sleep 2 # so that it votes, if for nothing
    node_end grocer KILL
    rm -rf "$work/whole"
    cp -a "$home/grocer/data" "$work/whole"
    "$edit" "$home/grocer/data" | paste -sd' '
    verify --store "$home/grocer/data"
    expect_verified 0 'verify: pass (1 of 1)'
    RANDOM=$seed
    for kind in V B; do
        for place in 0 111 222 333 444 555 666 777 888 1000; do
            restore
            name=$("$edit" "$home/grocer/data" "$kind" "$place" "$RANDOM" 2>"$work/edited")
            verify --store "$home/grocer/data"
            expect_verified 1 "$name" "$kind $place, $(<"$work/edited"): "
            refuses_to_start "$name"
            [[ $kind == B ]] || break
        done
    done
}

flip() { # FILE OFFSET
    local old
    old=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059 # an octal byte
    printf "\\$(printf %o $((old ^ (1 + RANDOM % 255))))" |
        dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

four_nodes
run_case a_ledger_of_two_full_tiles
run_case four_nodes_that_are_whole_pass
run_case a_node_that_is_behind_agrees_with_the_others
run_case a_node_that_is_down_is_told_from_one_that_lies
run_case a_wrong_token_says_what_to_do
run_case a_node_of_another_coalition_is_refused
run_case whatever_a_node_serves_changed_is_found
run_case a_stopped_nodes_store_passes
run_case a_changed_entry_is_named
run_case a_changed_owner_is_named
run_case a_changed_byte_of_a_file_is_named
run_case what_is_not_decided_yet_is_named_too
finish
