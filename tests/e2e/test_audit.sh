#!/usr/bin/env bash
# accrue audit: nodes, an exported folder and stopped nodes' stores are clean, alone, together and
# going on from the last audit; a changed byte is found and named; the reports say what was seen.
# timeout: 300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

liar=$ACCRUE_BUILD/tests/liar edit=$ACCRUE_BUILD/tests/store_edit
policy=$work/policy.txt

member() { # NUMBER
    printf '%032x' $((0xabc000 + $1))
}

# Enrols and earns at one partner, beyond a full tile; then spends at another.
a_ledger_beyond_a_full_tile() {
    local n
    for ((n = 0; n < 10; n++)); do
        printf '{"type":"enrol","key":"e%s","member":"%s"}\n' "$n" "$(member "$n")"
    done >"$work/lines"
    for ((n = 0; n < 260; n++)); do
        printf '{"type":"earn","key":"p%s","member":"%s","points":%s}\n' \
            "$n" "$(member $((n % 10)))" $((n + 1))
    done >>"$work/lines"
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal 200 "$status" status
    spend cinema 1
    needed nodes_agree
    jq -r '.tlog_policy // ([.nodes[] | "log " + .log_key + "\n"] + ["quorum none\n"] | add)' \
        "$home/charter.json" | sed '/^$/d' >"$policy"
}

spend() { # NODE POINTS
    local n
    for ((n = 0; n < 3; n++)); do
        till "$1" redeem "spend-$2-$n" "{\"member\":\"$(member "$n")\",\"points\":$2}"
        expect_answer 200
    done
}

# Runs accrue audit; `audited` is its exit status, `said` what it said.
audit() { # OPTIONS...
    said=$("$accrue" audit --policy "$policy" "$@" 2>"$work/audit.err" </dev/null)
    audited=$?
    said+=$(<"$work/audit.err")
}

expect_audited() { # STATUS TEXT
    [[ $audited == "$1" && $said == *"$2"* ]] ||
        depth=1 fail "audit: wanted exit $1 and '$2', saw exit $audited" "$said"
}

# ---- what is whole -----------------------------------------------------------------------------

one_node_is_clean_and_says_what_it_saw() {
    audit --token-file "$home/grocer/auditor.token" "$(url_of grocer)" --json
    expect_audited 0 '"audit": "clean"'
    expect_equal true "$(jq '.sources[0] | .records == .checkpoint.size and .finding_count == 0' \
        <<<"$said")" 'records of the checkpoint'
    expect_equal 33930 "$(jq '.partners[] | select(.partner == "grocer") | .issued' <<<"$said")" \
        'points issued'
    expect_equal 3 "$(jq '.partners[] | select(.partner == "cinema") | .spent_here' <<<"$said")" \
        'points spent'
    expect_equal grocer "$(jq -r '.obligations[] | select(.creditor == "cinema") | .debtor' \
        <<<"$said")" debtor
}

all_nodes_and_a_folder_are_one_ledger() {
    needed "$accrue" export --dir "$home" "$work/log" >"$work/null"
    audit --dir "$home"
    expect_audited 0 'audit: clean (0 findings, 4 sources)'
    audit "$work/log"
    expect_audited 0 'audit: clean (0 findings, 1 sources)'
    audit --token-file "$home/books/auditor.token" "$work/log" "$(url_of books)" \
        --html "$work/report.html"
    expect_audited 0 'audit: clean (0 findings, 2 sources)'
    grep -q 'Verdict: clean, 0 findings in 2 sources' "$work/report.html" || fail 'report'
    ! grep -qi '<script\|href=\|src=' "$work/report.html" || fail 'the report fetches or runs'
    if command -v xmllint >"$work/null"; then
        xmllint --html --noout "$work/report.html" 2>"$work/html.err" || fail 'report' \
            "$(<"$work/html.err")"
    fi
}

# A folder that others can write to: what is laid where a file is being made is not written through.
a_link_in_the_folder_leads_nowhere() {
    local bundle
    bundle=$(find "$work/log/heights" -type f | sort | tail -n 1)
    echo mine >"$work/victim"
    rm "$bundle"
    ln -s "$work/victim" "$bundle.new"
    needed "$accrue" export --dir "$home" "$work/log" >"$work/null"
    expect_equal mine "$(<"$work/victim")" 'what the link led to'
    [[ -f $bundle && ! -L $bundle && ! -e $bundle.new ]] || fail 'the bundle is not made anew'
}

without_a_policy_it_warns() {
    said=$("$accrue" audit "$work/log" 2>&1)
    audited=$?
    expect_audited 0 'warning: no --policy and no --charter was given'
    said=$("$accrue" audit --charter "$home/charter.json" "$work/log" 2>&1)
    audited=$?
    expect_audited 0 'policy: that of the charter that was given'
    [[ $said != *warning* ]] || fail 'warned' "$said"
}

it_goes_on_from_the_last_audit() {
    audit "$work/log" --state "$work/audit.state"
    expect_audited 0 'audit: clean'
    [[ $said != *'went on'* ]] || fail 'went on from nothing' "$said"
    spend books 2
    needed nodes_agree
    needed "$accrue" export --dir "$home" "$work/log" >"$work/null"
    audit "$work/log" --state "$work/audit.state" --json
    expect_audited 0 '"audit": "clean"'
    expect_equal true "$(jq '.sources[0] | .went_on_from > 256 and .went_on_from < .records' \
        <<<"$said")" 'went on'
    local kept=$said
    audit "$work/log" --json
    expect_equal "$(jq -c '[.partners, .obligations]' <<<"$said")" \
        "$(jq -c '[.partners, .obligations]' <<<"$kept")" 'totals'
}

# ---- what is not -------------------------------------------------------------------------------

what_could_not_be_checked_is_no_verdict() {
    audit --timeout 1 http://127.0.0.1:1
    expect_audited 2 'could not be checked'
    audit "$work"
    expect_audited 2 'is no URL of a node'
    echo 'quorum none' >"$work/wrong.txt"
    said=$("$accrue" audit --policy "$work/wrong.txt" "$work/log" 2>&1)
    audited=$?
    expect_audited 2 wrong.txt
    needed "$accrue" coalition new "$work/other" --partners grocer,books,cinema,fuel \
        --base-port "$base" >"$work/null"
    audit --charter "$work/other/charter.json" "$work/log"
    expect_audited 2 'belongs to another coalition'
    printf x >>"$work/audit.state"
    audit "$work/log" --state "$work/audit.state"
    expect_audited 2 'remove the file to begin anew'
    rm "$work/audit.state"
}

# Of each kind of file of an exported folder, a byte in its middle.
a_changed_byte_of_a_folder_is_found() {
    local file size at
    while read -r file; do
        cp -a "$work/log" "$work/changed"
        size=$(stat -c %s "$work/log/$file")
        at=$((size / 2))
        printf '%b' "\\x$(printf %x $((0x$(od -An -tx1 -j "$at" -N 1 "$work/log/$file" |
            tr -d ' ') ^ 1)))" | dd of="$work/changed/$file" bs=1 seek="$at" conv=notrunc status=none
        audit "$work/changed"
        case $file in
        charter.json) [[ $audited == [12] ]] || fail "$file: exit $audited" "$said" ;;
        checkpoint) expect_audited 1 'FINDING checkpoint-' ;;
        heights/*) [[ $audited == 1 && $said == *'FINDING '*': height '* ]] ||
            fail "$file: exit $audited" "$said" ;;
        tile/entries/*) [[ $audited == 1 && $said == *'record'* ]] ||
            fail "$file: exit $audited" "$said" ;;
        tile/*) expect_audited 1 'FINDING tile-hash: tile ' ;;
        esac
        rm -rf "$work/changed"
    done < <(cd "$work/log" && find . -type f -printf '%P\n' | sort)
}

a_node_that_lies_is_found_beside_one_that_does_not() {
    echo 'flip /tile/entries/000 500 1' >"$work/rule"
    "$liar" "$(url_of grocer)" "$work/rule" >"$work/liar.url" &
    helpers+=($!)
    eventually 5 test -s "$work/liar.url" || fail 'no liar'
    audit --token-file "$home/grocer/auditor.token" "$work/log" "$(<"$work/liar.url")" --json
    expect_equal 1 "$audited" exit
    expect_equal '[0,true]' "$(jq -c '[.sources[0].finding_count, .sources[1].finding_count > 0]' \
        <<<"$said")" findings
    expect_equal grocer "$(jq -r '.sources[1].findings[0].batch_signed_by.partner' <<<"$said")" \
        'who signed it'
    expect_equal 0 "$(jq '[.sources[].findings[] | select(.code | startswith("split"))] | length' \
        <<<"$said")" 'lies about what was signed are no split view'
}

# The issue's own sentence: one is stopped, and its store changed by a byte.
a_stopped_nodes_store_is_clean_until_a_byte_changes() {
    local node name
    for node in "${names[@]}"; do node_end "$node"; done
    audit "$home/fuel/data" "$work/log"
    expect_audited 0 'audit: clean (0 findings, 2 sources)'
    name=$("$edit" "$home/fuel/data" O 500 7 2>"$work/edited")
    audit "$home/fuel/data" "$work/log" --html "$work/report.html"
    expect_audited 1 'FINDING store'
    [[ $said == *"$name"* ]] || fail "$name is not named" "$said"
    grep -q 'Verdict: findings, 1 findings in 2 sources' "$work/report.html" || fail 'report'
}

four_nodes
run_case a_ledger_beyond_a_full_tile
run_case one_node_is_clean_and_says_what_it_saw
run_case all_nodes_and_a_folder_are_one_ledger
run_case a_link_in_the_folder_leads_nowhere
run_case without_a_policy_it_warns
run_case it_goes_on_from_the_last_audit
run_case what_could_not_be_checked_is_no_verdict
run_case a_changed_byte_of_a_folder_is_found
run_case a_node_that_lies_is_found_beside_one_that_does_not
run_case a_stopped_nodes_store_is_clean_until_a_byte_changes
finish
