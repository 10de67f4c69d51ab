#!/usr/bin/env bash
# The coalition changes while its tills go on: a fifth partner joins by invitation, catches up and
# votes; a node's keys are replaced while it runs; a node that lost its disk comes back under fresh
# keys; the first partner leaves; a node that lies is suspended with the evidence on the ledger, and
# comes back under a fresh key. Nothing acknowledged is lost or booked twice, and receipts that were
# given meanwhile hold off-line.
# timeout: 600
# shellcheck source=tills.sh
. "$(dirname "$0")/tills.sh"

declare -A governance=() # where each partner keeps its key

# ---- helpers ------------------------------------------------------------------------------------

member() { # NODE JQ-FILTER: of what the node says of the membership
    local body
    get "$1" auditor /v1/membership
    jq -r "$2" <<<"$body"
}

member_is() { # NODE JQ-FILTER WANTED
    [[ $(member "$1" "$2") == "$3" ]]
}

# Proposes through NODE; says the motion's record.
motion() { # NODE KIND [ARGUMENTS]
    "$accrue" motion "$2" --dir "$home" --node "$1" --json "${@:3}" >"$work/motion.json" ||
        fail "motion $2" "$(<"$work/motion.json")"
    jq -r .index "$work/motion.json"
}

# Each partner's ballot, through a node that is up.
ballots() { # MOTION NODE PARTNER...
    local partner
    for partner in "${@:3}"; do
        "$accrue" ballot --dir "$home" --node "$2" --governance "${governance[$partner]}" "$1" \
            >"$work/ballot.txt" 2>&1 || fail "the ballot of $partner" "$(<"$work/ballot.txt")"
    done
}

# While tills write, no two nodes are asked at one height: the newest and the oldest are close.
keeps_up() {
    local node least=0 most=0 height
    for node in "${names[@]}"; do
        height=$(member "$node" .height)
        [[ $height =~ ^[0-9]+$ ]] || return 1
        ((least && least < height)) || least=$height
        ((most > height)) || most=$height
    done
    ((most - least <= 100))
}

address_of() { # NODE
    echo "tcp://127.0.0.1:$((base + $(number_of "$1")))"
}

# A record of this time, its receipt, and the policy that holds now, for the end.
receipts=0
keep_receipt() { # NODE
    local index
    receipts=$((receipts + 1))
    till "$1" earn "receipt-$receipts" "{\"member\":\"$ann\",\"points\":3}"
    index=$(field .index)
    "$accrue" receipt get --dir "$home" --node "$1" --out "$work/receipt.$receipts" "$index" ||
        fail "no receipt of record $index"
    "$accrue" policy --dir "$home" --node "$1" >"$work/policy.$receipts" ||
        fail "no policy of $1"
}

# ---- a partner joins ----------------------------------------------------------------------------

a_fifth_partner_joins_by_invitation() {
    local motion
    seats+=(bakery)
    "$accrue" node new --charter "$home/charter.json" --name bakery --governance \
        --address "$(address_of bakery)" "$home/bakery" >"$work/new.txt" || fail 'no keys'
    governance[bakery]=$home/bakery/governance.key
    motion=$(motion grocer admit --card "$home/bakery/card.json")
    expect_match '^[0-9]+$' "$motion" 'the motion'
    "$accrue" ballot --dir "$home" --show "$motion" >"$work/shown.txt"
    expect_match 'node bakery of the new partner bakery is let in' "$(<"$work/shown.txt")" \
        'what is voted on'
    "$accrue" invite --dir "$home" --out "$work/early" bakery >/dev/null 2>&1 &&
        fail 'it was invited before it was admitted'
    ballots "$motion" books grocer books
    expect_equal 2 "$(member grocer ".motions[] | select(.motion == $motion).ballots | length")" \
        'ballots so far'
    ballots "$motion" fuel cinema
    expect_eventually 20 member_is grocer '.nodes[4].name' bakery
    expect_equal true "$(member grocer '.nodes[4].joining')" 'that it waits to vote'
    expect_equal 4 "$(member grocer .voters.count)" 'voters before it is ready'
    "$accrue" invite --dir "$home" --node books --out "$work/invitation" bakery >/dev/null ||
        fail 'no invitation'
    "$accrue" join --dir "$home/bakery" --secret "$home/grocer/secret.key" "$work/invitation" \
        >"$work/join.txt" || fail 'it cannot join' "$(<"$work/join.txt")"
    expect_match "coalition +$(member grocer .coalition)" "$(<"$work/join.txt")" 'what it compares'
    node_start bakery
    expect_eventually 60 member_is grocer .voters.count 5
    names+=(bakery)
    expect_eventually 30 is_ready bakery
    expect_eventually 20 keeps_up
    expect_match 'ready to vote' "$(<"$work/bakery.log")" 'its log'
    till bakery earn first "{\"member\":\"$ann\",\"points\":2}"
    expect_answer 200
}

# Of five, four decide: with one down its vote is needed.
it_votes() {
    expect_equal 4 "$(member books .voters.quorum)" quorum
    stop_till fuel
    node_end fuel
    till bakery redeem needed "{\"member\":\"$ann\",\"points\":1}"
    expect_answer 200
    node_start fuel
    expect_eventually 30 is_ready fuel
    keep_receipt bakery
}

# ---- keys are replaced --------------------------------------------------------------------------

keys_are_replaced_while_a_node_runs() {
    local motion before
    before=$(member cinema '.nodes[2].sign_key')
    "$accrue" node new --charter "$home/charter.json" --name cinema \
        --address "$(address_of cinema)" "$home/cinema/next" >"$work/new.txt" || fail 'no keys'
    expect_eventually 10 grep -q 'next keys are at hand' "$work/cinema.log"
    motion=$(motion cinema replace-keys --card "$home/cinema/next/card.json")
    ballots "$motion" cinema grocer books cinema bakery
    expect_eventually 20 member_is cinema ".nodes[2].sign_key == \"$before\"" false
    expect_eventually 20 is_ready cinema
    till cinema earn rotated "{\"member\":\"$ann\",\"points\":2}"
    expect_answer 200
    expect_field .repeat false
    keep_receipt cinema
    expect_equal member "$(member cinema .standing)" 'its standing'
    # And after a restart, with the present keys where they were.
    stop_till cinema
    node_end cinema
    expect_equal 0 "$exit_status" 'how it stopped'
    node_start cinema
    expect_eventually 30 is_ready cinema
    expect_eventually 20 keeps_up
    "$accrue" doctor --dir "$home" --node cinema >"$work/doctor.txt"
    expect_match 'from the folder of next keys' "$(<"$work/doctor.txt")" 'what the doctor says'
    start_till cinema
}

# ---- a lost disk --------------------------------------------------------------------------------

a_wiped_node_comes_back_under_fresh_keys() {
    local motion
    node_end fuel KILL
    mv "$home/fuel" "$home/fuel.lost"
    governance[fuel]=$home/fuel.lost/governance.key
    rm -r "$home/fuel.lost/data"
    "$accrue" node new --charter "$home/charter.json" --name fuel --address "$(address_of fuel)" \
        "$home/fuel" >"$work/new.txt" || fail 'no keys'
    motion=$(motion books replace-keys --card "$home/fuel/card.json")
    ballots "$motion" grocer grocer books cinema fuel
    expect_eventually 20 member_is grocer \
        ".nodes[3].sign_key == \"$(jq -r .sign_key "$home/fuel/card.json")\"" true
    "$accrue" invite --dir "$home" --node grocer --out "$work/invitation.fuel" fuel >/dev/null ||
        fail 'no invitation'
    "$accrue" join --dir "$home/fuel" --secret "$home/fuel.lost/secret.key" \
        "$work/invitation.fuel" >"$work/join.txt" || fail 'it cannot join' "$(<"$work/join.txt")"
    node_start fuel
    expect_eventually 60 is_ready fuel
    expect_eventually 20 keeps_up
    till fuel earn back "{\"member\":\"$ann\",\"points\":2}"
    expect_answer 200
    keep_receipt fuel
    start_till fuel
}

# What it knows is that its peers know it by the present key. They do not any more.
a_node_that_was_away_is_known_by_its_next_keys() {
    local motion
    stop_till books
    node_end books
    "$accrue" node new --charter "$home/charter.json" --name books --address "$(address_of books)" \
        "$home/books/next" >"$work/new.txt" || fail 'no keys'
    motion=$(motion grocer replace-keys --card "$home/books/next/card.json")
    ballots "$motion" grocer grocer books cinema fuel
    expect_eventually 20 member_is grocer \
        ".nodes[1].sign_key == \"$(jq -r .sign_key "$home/books/next/card.json")\"" true
    node_start books
    expect_eventually 60 is_ready books
    till books earn away "{\"member\":\"$ann\",\"points\":2}"
    expect_answer 200
    start_till books
}

# ---- one leaves ---------------------------------------------------------------------------------

the_first_partner_leaves() {
    local motion node
    stop_till grocer
    motion=$(motion books remove-partner grocer)
    ballots "$motion" books books cinema fuel bakery
    names=(books cinema fuel bakery)
    for node in "${names[@]}"; do
        expect_eventually 20 member_is "$node" '[.nodes[0].left, .voters.count] | join(" ")' \
            'true 4'
    done
    expect_eventually 20 member_is grocer .standing left
    till grocer earn late-1 "{\"member\":\"$ann\",\"points\":2}"
    expect_answer 409 left
    expect_match 'removed' "$(field .detail)" 'what the till is told'
    get grocer none /healthz
    expect_field .standing left
    expect_field .ready false
    expect_match 'this node has LEFT' "$(<"$work/grocer.log")" 'its log'
    "$accrue" status --dir "$home" --node grocer >"$work/status.txt"
    expect_match 'LEFT: the coalition has removed this node' "$(<"$work/status.txt")" 'its status'
    node_end grocer
    keep_receipt books
}

# ---- load ---------------------------------------------------------------------------------------

declare -A till_of=()

start_till() { # NODE
    rm -f "$work/stop.$1"
    first=$((first + 10000))
    start_tills "$1"
    till_of[$1]=${helpers[-1]}
}

stop_till() { # NODE: its till has had its last answer
    touch "$work/stop.$1"
    expect_eventually 45 not_running "${till_of[$1]}"
}

receipts_hold_by_the_policy_of_their_time() {
    local i
    for ((i = 1; i <= receipts; i++)); do
        "$accrue" receipt verify --policy "$work/policy.$i" "$work/receipt.$i" \
            >"$work/verified.txt" 2>&1 || fail "receipt $i" "$(<"$work/verified.txt")"
    done
    ((receipts >= 4)) || fail "only $receipts receipts"
}

# ---- a liar -------------------------------------------------------------------------------------

all_have_it_suspended() {
    local node
    for node in grocer cinema fuel; do
        [[ $(member "$node" '.nodes[1].suspended') == true ]] || return 1
    done
}

a_node_that_lies_is_suspended_and_the_others_go_on() {
    "$ACCRUE_BUILD/tests/accrue-lying-peer" "$home/books/node.json" double-votes 3 \
        >"$work/liar.txt" 2>&1 &
    helpers+=($!)
    expect_eventually 30 all_have_it_suspended
    eventually 30 not_running "${helpers[-1]}" || fail 'the liar does not end'
    helpers=()
    till grocer redeem after "{\"member\":\"$ann\",\"points\":1}"
    expect_answer 200
    expect_equal '4 3' "$(member fuel '[.voters.count, .voters.quorum] | join(" ")')" \
        'voters and quorum, which stay'
    "$accrue" membership --dir "$home" --node fuel >"$work/membership.txt"
    expect_match 'books +books +SUSPENDED' "$(<"$work/membership.txt")" 'the membership'
    for node in grocer cinema fuel; do
        "$accrue" evidence list --dir "$home" --node "$node" --json >"$work/evidence.json"
        expect_equal books "$(jq -r '[.evidence[] | select(.suspended_from)][0].node' \
            "$work/evidence.json")" "whom the ledger accuses, by $node"
        expect_equal 1 "$(jq '[.evidence[] | select(.suspended_from)] | length' \
            "$work/evidence.json")" "evidence on the ledger, by $node"
    done
    "$accrue" evidence get --dir "$home" --out "$work/lie.cbor" \
        "$(jq -r '[.evidence[] | select(.suspended_from)][0].hash' "$work/evidence.json")"
    "$accrue" evidence verify --charter "$home/charter.json" "$work/lie.cbor" >"$work/lie.txt" ||
        fail 'the evidence proves nothing'
    expect_match 'node books ' "$(<"$work/lie.txt")" 'what the evidence says'
}

# Started again with the key that lied: the others know what it signed, and it does not.
its_node_does_not_go_on_under_that_key() {
    node_start books
    node_gone books 30 || fail 'it goes on'
    expect_equal 3 "$exit_status" 'how it ends'
    expect_match 'join under a fresh key' "$(<"$work/books.log")" 'its log'
}

a_fresh_key_ends_it() {
    local motion
    mv "$home/books" "$home/books.lied"
    governance[books]=$home/books.lied/governance.key
    "$accrue" node new --charter "$home/charter.json" --name books --address "$(address_of books)" \
        "$home/books" >"$work/new.txt" || fail 'no keys'
    motion=$(motion grocer replace-keys --card "$home/books/card.json")
    ballots "$motion" grocer grocer cinema books # a suspended node's partner votes all the same
    expect_eventually 30 member_is grocer '.nodes[1].suspended' false
    "$accrue" invite --dir "$home" --node cinema --out "$work/invitation.books" books >/dev/null ||
        fail 'no invitation'
    "$accrue" join --dir "$home/books" --secret "$home/books.lied/secret.key" \
        "$work/invitation.books" >"$work/join.txt" || fail 'it cannot join' "$(<"$work/join.txt")"
    node_start books
    expect_eventually 30 is_ready books
    expect_equal member "$(member books .standing)" 'its standing'
    till books earn again "{\"member\":\"$ann\",\"points\":2}"
    expect_answer 200
    names=(grocer books cinema fuel)
    nodes_agree || fail 'the nodes are not at one place'
    "$accrue" evidence list --dir "$home" --node fuel --json >"$work/evidence.json"
    expect_equal 1 "$(jq '[.evidence[] | select(.suspended_from)] | length' \
        "$work/evidence.json")" 'evidence on the ledger, which stays'
}

# ---- all of it ----------------------------------------------------------------------------------

four_nodes
for node in "${names[@]}"; do
    governance[$node]=$home/$node/governance.key
done
give_ann_points
for node in "${names[@]}"; do
    start_till "$node"
done
run_case a_fifth_partner_joins_by_invitation
run_case it_votes
run_case keys_are_replaced_while_a_node_runs
run_case a_wiped_node_comes_back_under_fresh_keys
run_case a_node_that_was_away_is_known_by_its_next_keys
run_case the_first_partner_leaves
stop_tills
run_case all_nodes_come_to_one_place
run_case what_was_acknowledged_is_there_once_where_it_was_said_to_be
run_case the_balance_is_what_the_log_says
run_case receipts_hold_by_the_policy_of_their_time
for node in "${names[@]}"; do
    node_end "$node"
done

seats=(grocer books cinema fuel)
names=(grocer cinema fuel)
coalition liars
node_start "${names[@]}"
needed nodes_ready "${names[@]}"
till grocer members enrol "{\"member\":\"$ann\"}"
expect_answer 200
till grocer earn much "{\"member\":\"$ann\",\"points\":1000}"
expect_answer 200
for node in "${seats[@]}"; do
    governance[$node]=$home/$node/governance.key
done
run_case a_node_that_lies_is_suspended_and_the_others_go_on
run_case its_node_does_not_go_on_under_that_key
run_case a_fresh_key_ends_it
finish
