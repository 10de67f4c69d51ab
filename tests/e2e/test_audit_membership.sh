#!/usr/bin/env bash
# accrue audit across changes of members: a partner joins, a node's keys are replaced, a liar is
# suspended, the first partner leaves. Nodes, an exported folder and stopped nodes' stores are clean
# by the first charter alone, fresh and going on; the policy goes along, and receipts and exports by
# it; an old policy alone is no verdict; a byte changed in a store is named.
# timeout: 420
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

edit=$ACCRUE_BUILD/tests/store_edit
ann=00000000000000000000000000000a11
founding=$work/founding.policy now=$work/now.policy
declare -A governance=()

# ---- helpers ------------------------------------------------------------------------------------

member_is() { # NODE JQ-FILTER WANTED, of what the node says of the membership
    local body
    get "$1" auditor /v1/membership
    [[ $(jq -r "$2" <<<"$body") == "$3" ]]
}

# Proposes through NODE, and has the PARTNERs vote for it: carry NODE PARTNERS... -- KIND ARGUMENTS
carry() {
    local node=$1 index partners=()
    shift
    while [[ $1 != -- ]]; do
        partners+=("$1")
        shift
    done
    "$accrue" motion "$2" --dir "$home" --node "$node" --json "${@:3}" >"$work/motion.json" ||
        fail "motion $2" "$(<"$work/motion.json")"
    index=$(jq -r .index "$work/motion.json")
    for partner in "${partners[@]}"; do
        "$accrue" ballot --dir "$home" --node "$node" --governance "${governance[$partner]}" \
            "$index" >"$work/ballot.txt" 2>&1 || fail "the ballot of $partner" \
            "$(<"$work/ballot.txt")"
    done
}

earn() { # NODE KEY
    till "$1" earn "$2" "{\"member\":\"$ann\",\"points\":7}"
    expect_answer 200
}

# Runs accrue audit; `audited` is its exit status, `said` what it said.
audit() { # OPTIONS...
    said=$("$accrue" audit "$@" 2>"$work/audit.err" </dev/null)
    audited=$?
    printf '%s\n' "$said" >"$work/audit.out"
    said+=$(<"$work/audit.err")
}

expect_audited() { # STATUS TEXT
    [[ $audited == "$1" && $said == *"$2"* ]] ||
        depth=1 fail "audit: wanted exit $1 and '$2', saw exit $audited" "$said"
}

# Each node by itself, fresh, by the first charter: it and the others.
all_are_clean() { # NODE...
    local node
    for node in "$@"; do
        audit --dir "$home" --node "$node" --json
        expect_audited 0 '"audit": "clean"'
        expect_equal true "$(jq '.sources[0] | .records == .checkpoint.size' <<<"$said")" "$node"
        "$accrue" verify --dir "$home" --node "$node" >"$work/verify.txt" 2>&1 ||
            fail "verify $node" "$(<"$work/verify.txt")"
    done
}

receipt_of_now() { # NODE KEY FILE
    earn "$1" "$2"
    "$accrue" receipt get --dir "$home" --node "$1" --out "$3" "$(field .index)" ||
        fail "no receipt"
}

# ---- cases --------------------------------------------------------------------------------------

before_anything_changes() {
    till grocer members ann "{\"member\":\"$ann\"}"
    expect_answer 200
    earn grocer first
    needed nodes_agree
    "$accrue" policy --charter "$home/charter.json" >"$founding"
    receipt_of_now books old "$work/old.receipt"
    audit --dir "$home" --node grocer --policy "$founding" --state "$work/audit.state" \
        --policy-out "$work/same.policy"
    expect_audited 0 'audit: clean'
    [[ $said != *'what the policy has become'* ]] || fail 'it says that members changed' "$said"
    cmp -s "$founding" "$work/same.policy" || fail 'the policy changed'
    needed "$accrue" export --dir "$home" --node grocer "$work/log" >"$work/null"
}

a_partner_joins_and_a_node_gets_other_keys() {
    local before
    seats+=(bakery)
    "$accrue" node new --charter "$home/charter.json" --name bakery --governance \
        --address "tcp://127.0.0.1:$((base + 4))" "$home/bakery" >"$work/null" || fail 'no keys'
    governance[bakery]=$home/bakery/governance.key
    carry grocer grocer books cinema -- admit --card "$home/bakery/card.json"
    expect_eventually 20 member_is grocer '.nodes[4].name' bakery
    "$accrue" invite --dir "$home" --node books --out "$work/invitation" bakery >"$work/null" ||
        fail 'no invitation'
    "$accrue" join --dir "$home/bakery" --secret "$home/grocer/secret.key" "$work/invitation" \
        >"$work/null" || fail 'it cannot join'
    node_start bakery
    expect_eventually 60 member_is grocer .voters.count 5
    names+=(bakery)
    before=$(jq -r '.nodes[2].sign_key' "$home/charter.json")
    "$accrue" node new --charter "$home/charter.json" --name cinema \
        --address "tcp://127.0.0.1:$((base + 2))" "$home/cinema/next" >"$work/null" ||
        fail 'no keys'
    expect_eventually 10 grep -q 'next keys are at hand' "$work/cinema.log"
    carry cinema grocer books cinema bakery -- replace-keys --card "$home/cinema/next/card.json"
    expect_eventually 20 member_is cinema ".nodes[2].sign_key == \"$before\"" false
    expect_eventually 20 is_ready cinema
    earn bakery joined
    earn cinema rotated
    needed nodes_agree
    all_are_clean grocer cinema bakery
}

# Who joined later is asked as the founders are, by both commands; who has no folder here is named.
all_nodes_of_now_are_asked() {
    audit --dir "$home" --json
    expect_audited 0 '"audit": "clean"'
    expect_equal 5 "$(jq '.sources | length' <"$work/audit.out")" 'sources'
    "$accrue" verify --dir "$home" >"$work/verify.txt" 2>&1 || fail verify "$(<"$work/verify.txt")"
    expect_match 'pass \(5 of 5\)' "$(<"$work/verify.txt")" verify
    mv "$home/bakery" "$work/away"
    audit --dir "$home" --json
    expect_audited 0 'node bakery joined later and has no folder here'
    expect_equal 4 "$(jq '.sources | length' <"$work/audit.out")" 'sources without its folder'
    mv "$work/away" "$home/bakery"
}

the_policy_goes_along() {
    audit --dir "$home" --node books --policy "$founding" --state "$work/audit.state" \
        --policy-out "$now" --html "$work/report.html"
    expect_audited 0 'what the policy has become'
    expect_match 'went on from record [1-9]' "$said" 'the incremental audit'
    grep -q 'policy followed to height' "$work/report.html" || fail 'the report does not say it'
    expect_match 'voter/bakery' "$(<"$now")" 'the policy of now'
    "$accrue" policy --dir "$home" --node books >"$work/told.policy"
    cmp -s "$now" "$work/told.policy" || fail 'the node tells another policy' "$(<"$now")"
}

receipts_hold_by_the_policy_of_their_time() {
    receipt_of_now bakery new "$work/new.receipt"
    "$accrue" receipt verify --policy "$now" "$work/new.receipt" >"$work/verified.txt" 2>&1 ||
        fail 'by the policy of now' "$(<"$work/verified.txt")"
    "$accrue" receipt verify --policy "$founding" "$work/old.receipt" >"$work/null" ||
        fail 'an old receipt by the old policy'
    # Shown by a node that the old policy does not know.
    "$accrue" receipt verify --policy "$founding" "$work/new.receipt" >"$work/verified.txt" 2>&1
    expect_equal 1 $? 'a new receipt by the old policy'
    expect_match 'policy may be older than the receipt.*--policy-out' "$(<"$work/verified.txt")" \
        'what it says'
}

an_export_goes_on_by_the_policy_of_now() {
    needed nodes_agree
    "$accrue" export --dir "$home" --node bakery "$work/log" >"$work/export.txt" 2>&1
    expect_equal 1 $? 'by the old policy'
    expect_match 'accrue audit --policy-out' "$(<"$work/export.txt")" 'what it says'
    "$accrue" export --dir "$home" --node bakery --policy "$now" "$work/log" \
        >"$work/export.txt" 2>&1 || fail 'by the policy of now' "$(<"$work/export.txt")"
    audit --charter "$home/charter.json" --policy "$founding" "$work/log"
    expect_audited 0 'what the policy has become'
    audit --policy "$founding" "$work/log"
    expect_audited 2 'give --charter FILE'
    audit --policy "$now" "$work/log"
    expect_audited 0 'audit: clean'
}

one_leaves_and_a_liar_is_suspended() {
    carry books books cinema fuel bakery -- remove-partner grocer
    expect_eventually 20 member_is books '.nodes[0].left' true
    node_end grocer
    names=(books cinema fuel bakery)
    node_end fuel
    names=(books cinema bakery)
    "$ACCRUE_BUILD/tests/accrue-lying-peer" "$home/fuel/node.json" double-votes 3 \
        >"$work/liar.txt" 2>&1 &
    helpers+=($!)
    expect_eventually 30 member_is books '.nodes[3].suspended' true
    eventually 30 not_running "${helpers[-1]}" || fail 'the liar does not end'
    helpers=()
    earn books after
    needed nodes_agree
    all_are_clean books cinema bakery
    audit --dir "$home" --node cinema --policy "$founding" --state "$work/audit.state" \
        --policy-out "$work/later.policy"
    expect_audited 0 'what the policy has become'
    ! grep -q 'voter/grocer' "$work/later.policy" || fail 'who left still votes'
    receipt_of_now books later "$work/later.receipt"
    "$accrue" receipt verify --policy "$work/later.policy" "$work/later.receipt" >"$work/null" ||
        fail 'by the later policy'
}

stores_are_clean_until_a_byte_changes() {
    local node name
    for node in "${names[@]}"; do node_end "$node"; done
    audit --charter "$home/charter.json" "$home/bakery/data" "$home/books/data" "$home/grocer/data"
    expect_audited 0 'audit: clean (0 findings, 3 sources)'
    for node in "${names[@]}"; do
        "$accrue" verify --store "$home/$node/data" --charter "$home/charter.json" \
            >"$work/verify.txt" 2>&1 || fail "the store of $node" "$(<"$work/verify.txt")"
    done
    name=$("$edit" "$home/bakery/data" O 20 7 2>"$work/edited")
    audit --charter "$home/charter.json" "$home/bakery/data" "$home/books/data"
    expect_audited 1 'FINDING store'
    [[ $said == *"$name"* ]] || fail "$name is not named" "$said"
}

four_nodes
for node in "${names[@]}"; do
    governance[$node]=$home/$node/governance.key
done
run_case before_anything_changes
run_case a_partner_joins_and_a_node_gets_other_keys
run_case all_nodes_of_now_are_asked
run_case the_policy_goes_along
run_case receipts_hold_by_the_policy_of_their_time
run_case an_export_goes_on_by_the_policy_of_now
run_case one_leaves_and_a_liar_is_suspended
run_case stores_are_clean_until_a_byte_changes
finish
