# shellcheck shell=bash
# tills.sh - tills that go on writing to every node while a test disturbs them, and what must be
# true afterwards of all that was acknowledged. Sources lib.sh.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ann=aa000000000000000000000000000001
# Between an answer and a till's next request: without it four tills take a whole machine, and what
# they disturb waits for them.
till_pause=0.1

give_ann_points() {
    till grocer members enrol "{\"member\":\"$ann\"}"
    expect_answer 200
    till grocer earn much "{\"member\":\"$ann\",\"points\":1000000}"
    expect_answer 200
    needed nodes_agree
}

# Sends one write until it is answered, as a till does: same key, same fields. Bounded by the test's
# own end.
write_one() { # NODE KEY PATH JSON
    local said seen url=
    find_url "$1"
    while true; do
        seen=$(curl -s -m $((40 * slow)) -o "$work/answer.$1" -w '%{http_code}' \
            -H "Authorization: Bearer $(<"$home/$1/till.token")" \
            -H 'Content-Type: application/json' \
            -H "Idempotency-Key: $2" --data-binary "$4" "$url/v1/$3")
        case $seen in
        200 | 202)
            said=none
            [[ ! $(<"$work/answer.$1") =~ \"index\":([0-9]+) ]] || said=${BASH_REMATCH[1]}
            echo "$1 $2 $seen $said" >>"$work/acknowledged.$1"
            sleep "$till_pause"
            return
            ;;
        000 | 429 | 503) ;; # not answered, or told to come again
        409) grep -q in-flight "$work/answer.$1" || break ;;
        *) break ;;
        esac
        [[ ! -e $work/give-up ]] || return
        sleep 0.2
    done
    echo "$1 $2 $seen $(<"$work/answer.$1")" >>"$work/unexpected"
}

first=0 # number of the tills' first key
tills_write() { # NODE
    local i
    for ((i = first; i < first + 5000; i++)); do
        [[ ! -e $work/stop && ! -e $work/stop.$1 ]] || return 0
        if ((i % 3 == 2)); then
            write_one "$1" "w$i" redeem "{\"member\":\"$ann\",\"points\":1}"
        else
            write_one "$1" "w$i" earn "{\"member\":\"$ann\",\"points\":2}"
        fi
    done
}

start_tills() { # [NODE...], all four when none is named
    local node
    (($#)) || set -- "${names[@]}"
    for node in "$@"; do
        tills_write "$node" &
        helpers+=($!)
    done
}

# However slow the machine: what follows is about so many.
enough_acknowledged() { # COUNT
    (($(cat "$work"/acknowledged.* 2>"$work/null" | wc -l) >= $1))
}

stop_tills() {
    local pid
    touch "$work/stop"
    for pid in "${helpers[@]}"; do
        eventually 45 not_running "$pid" || touch "$work/give-up"
    done
    helpers=()
    [[ ! -e $work/unexpected ]] || fail 'answers that no till should get' \
        "$(head "$work/unexpected")"
}

# ---- afterwards --------------------------------------------------------------------------------

answers() { # NODE
    curl -s -m $((1 * slow)) -o "$work/null" "$(url_of "$1")/healthz"
}

note_places() { # what each node that answers says: records and root
    local node
    for node in "${names[@]}"; do
        node_place "$node" >>"$work/places"
    done
}

# "PARTNER KEY INDEX" of every accepted transaction, and every record as it stands.
log_of() { # NODE
    local from=0 page
    while [[ $from != null ]]; do
        page=$(curl -s -m $((20 * slow)) -H "Authorization: Bearer $(<"$home/$1/auditor.token")" \
            "$(url_of "$1")/v1/transactions?from=$from&limit=250")
        jq -c '.transactions[]' <<<"$page" || return 1
        from=$(jq -r .next <<<"$page")
    done >"$work/records.$1"
    jq -r 'select(.kind == "transaction" and .verdict == "accepted") |
        [.partner, .key, .index] | join(" ")' "$work/records.$1" | sort >"$work/accepted.$1"
}

all_nodes_come_to_one_place() {
    nodes_agree || fail 'the nodes are not at one place' \
        "$(for node in "${names[@]}"; do node_place "$node"; done)"
    for node in "${names[@]}"; do
        log_of "$node" || fail "cannot read the log of $node"
        cmp -s "$work/records.${names[0]}" "$work/records.$node" ||
            fail "the log of $node differs" \
                "$(diff "$work/records.${names[0]}" "$work/records.$node" | head -n 4)"
    done
    note_places
    expect_equal '' "$(grep -E '^[0-9]+ ' "$work/places" | sort -u |
        awk '{ print $1 }' | uniq -d)" 'sizes with two roots'
}

what_was_acknowledged_is_there_once_where_it_was_said_to_be() {
    local count
    cat "$work"/acknowledged.* >"$work/acknowledged"
    count=$(wc -l <"$work/acknowledged")
    echo "note: $count transactions acknowledged," \
        "$(grep -c ' 202 ' "$work/acknowledged") of them with 202"
    ((count >= 25 / slow)) || fail "only $count acknowledged transactions"
    awk '{ print $1, $2 }' "$work/acknowledged" | sort >"$work/wanted"
    awk '{ print $1, $2 }' "$work/accepted.${names[0]}" | sort >"$work/seen"
    expect_equal '' "$(uniq -d "$work/seen" | head)" 'booked twice'
    expect_equal '' "$(comm -23 "$work/wanted" "$work/seen" | head)" 'acknowledged and not there'
    awk '$3 == 200 { print $1, $2, $4 }' "$work/acknowledged" | sort >"$work/wanted"
    expect_equal '' "$(comm -23 "$work/wanted" "$work/accepted.${names[0]}" | head)" \
        'acknowledged with another index'
}

the_balance_is_what_the_log_says() {
    local node wanted
    wanted=$(jq -s '[.[] | select(.member == "'$ann'" or .body.member == "'$ann'") |
        select(.verdict == "accepted") |
        if .type == "earn" then .body.lots[0].points elif .type == "redeem" then -.body.points
        else 0 end] | add' "$work/records.${names[0]}")
    for node in "${names[@]}"; do
        get "$node" till "/v1/members/$ann"
        expect_field .spendable "$wanted"
    done
}
