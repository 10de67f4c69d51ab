#!/usr/bin/env bash
# The operator holds collateral: who issues beyond it is warned, pays in advance, and is refused;
# everybody sees it.
# timeout: 120
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

member=a1000000000000000000000000000001

# `said` and `exit_status` tell what came of it.
run() { # NODE WORD...
    "$accrue" "${@:2}" --dir "$home" --node "$1" </dev/null >"$work/said" 2>&1
    exit_status=$?
    said=$(<"$work/said")
    body=$said
}

collateral() { # NODE post|release|list [OPTIONS]
    run "$1" settle collateral "${@:2}"
}

expect_done() { # [WHAT IT SAYS]
    [[ $exit_status == 0 ]] || depth=1 fail "exit status $exit_status" "$said"
    [[ -z ${1-} ]] || expect_match "$1" "$said" 'what it says'
}

expect_refused() { # STATUS WHAT IT SAYS
    [[ $exit_status == "$1" ]] || depth=1 fail "exit status $exit_status, not $1" "$said"
    expect_match "$2" "$said" 'why'
}

earn() { # KEY POINTS STATUS [CODE]
    till grocer earn "$1" "{\"member\":\"$member\",\"points\":$2}"
    expect_answer "${@:3}"
}

# ---- cases -------------------------------------------------------------------------------------

the_charter_asks_for_collateral() {
    expect_equal 5.000000 "$(jq -r .risk.floor "$home/charter.json")" 'floor'
    expect_equal 0.087100 "$(jq -r '.contracts.currencies[0].collateral_rate' "$home/charter.json")"
    till grocer members m1 "{\"member\":\"$member\"}"
    expect_answer 200
    earn before 1 409 issuer-over-limit
}

the_operator_writes_what_has_come() {
    collateral grocer post --partner grocer --amount 9.00
    expect_refused 1 'not-authorised'
    collateral cinema post --partner grocer
    expect_refused 2 '--amount is needed'
    collateral cinema post --partner grocer --amount none
    expect_refused 2 '--amount is money'
    collateral cinema post --partner grocer --amount 12.00
    expect_done
    collateral cinema release --partner grocer --amount 3.00
    expect_done
}

who_issues_beyond_it_is_warned_and_then_refused() {
    earn covered 1000 200
    run grocer status
    [[ $said != *'COLLATERAL: grocer'* ]] || fail 'the grocer is covered' "$said"
    earn alert 50 200
    run books status
    expect_done 'COLLATERAL: grocer has posted 9.00 of 9.45 EUR: it should post more'
    earn far 100 200
    collateral books list
    expect_done 'grocer +1150 +0.009 +10.35 +10.35 +9.00 +prepaid'
    earn more 1 409 issuer-over-limit
    collateral cinema release --partner grocer --amount 0.01
    expect_refused 1 'collateral-needed'
    collateral cinema post --partner grocer --amount 0.09
    expect_done
    earn paid 10 200
    earn unpaid 1 409 issuer-over-limit
}

everybody_can_report_it() {
    "$accrue" report exposure --dir "$home" --node books --format csv >"$work/exposure.csv"
    expect_match $'\ngrocer,1160,0.009,10.44,10.44,9.09,prepaid,EUR,' "$(<"$work/exposure.csv")"
    "$accrue" report exposure --dir "$home" --node books --format html >"$work/exposure.html"
    expect_match '<td>prepaid</td>' "$(<"$work/exposure.html")"
    expect_equal 1160 "$("$accrue" report exposure --dir "$home" --format json |
        jq -r '.partners[] | select(.partner == "grocer") | .outstanding')" 'outstanding'
    run books report exposure --format pdf
    expect_refused 2 'csv, json or html'
    run books report exposure --format csv --period 2026-11
    expect_refused 2 'neither --period'
}

a_node_tells_monitors_of_its_own() {
    get grocer auditor /metrics
    expect_match 'accrue_exposure\{currency="EUR"\} 10.44' "$body"
    expect_match 'accrue_collateral\{currency="EUR"\} 9.09' "$body"
    expect_match 'accrue_risk_mode 2' "$body"
    eventually 5 grep -q 'has to be paid for in advance' "$work/grocer.log" ||
        fail 'the log tells it' "$(<"$work/grocer.log")"
}

an_audit_finds_nothing() {
    "$accrue" audit --dir "$home" >"$work/said" 2>&1 ||
        fail 'the audit finds something' "$(<"$work/said")"
}

four_nodes --operator cinema --issue-fee 0.0004 --collateral-floor 5 --settlement-currency SEK:2:0.0871
run_case the_charter_asks_for_collateral
run_case the_operator_writes_what_has_come
run_case who_issues_beyond_it_is_warned_and_then_refused
run_case everybody_can_report_it
run_case a_node_tells_monitors_of_its_own
run_case nodes_agree
run_case an_audit_finds_nothing
finish
