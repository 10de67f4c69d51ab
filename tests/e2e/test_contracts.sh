#!/usr/bin/env bash
# Two partners agree on prices from the command line: proposed by one, signed by the other; points
# keep the prices that they were issued under; a promotion pays until its budget is used up.
# timeout: 120
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

member=a1000000000000000000000000000001

# `said` and `exit_status` tell what came of it. Standard input is no terminal.
run() { # NODE COMMAND WORD [OPTIONS]
    "$accrue" "$2" "$3" --dir "$home" --node "$1" "${@:4}" </dev/null >"$work/said" 2>&1
    exit_status=$?
    said=$(<"$work/said")
    body=$said
}

# The same at a terminal, where somebody types an answer.
run_at_terminal() { # ANSWER NODE COMMAND WORD [OPTIONS]
    local command
    printf -v command '%q ' "$accrue" "$3" "$4" --dir "$home" --node "$2" "${@:5}"
    script -qec "$command" /dev/null <<<"$1" >"$work/said" 2>&1
    exit_status=$?
    said=$(<"$work/said")
    body=$said
}

expect_done() { # [WHAT IT SAYS]
    [[ $exit_status == 0 ]] || depth=1 fail "exit status $exit_status" "$said"
    [[ -z ${1-} ]] || expect_match "$1" "$said" 'what it says'
}

expect_refused() { # STATUS WHAT IT SAYS
    [[ $exit_status == "$1" ]] || depth=1 fail "exit status $exit_status, not $1" "$said"
    expect_match "$2" "$said" 'why'
}

till_ok() { # NODE PATH KEY JSON
    till "$@"
    [[ $status == 200 ]] || depth=1 fail "$2 $3: $status" "$body"
}

# Two decisions: a period ends with the first one after its end, and the second tells its tree.
pass_to() { # TIME
    local tick
    post grocer admin /v1/clock "clock-$1" "{\"to\":\"$1\"}"
    expect_answer 200
    for tick in 1 2; do
        post grocer admin /v1/clock "tick-$1-$tick" '{"advance_ms":1000}'
        expect_answer 200
    done
}

# ---- cases -------------------------------------------------------------------------------------

the_charter_says_what_the_options_said() {
    expect_equal week "$(jq -r .settlement.period "$home/charter.json")" 'period'
    expect_equal '2027-05-01 2027-05-13' \
        "$(jq -r '.settlement.holidays | join(" ")' "$home/charter.json")" 'holidays'
    expect_equal 2500 "$(jq -r '.settlement.taxes[0].rate_bp' "$home/charter.json")" 'tax'
    expect_equal SEK "$(jq -r '.contracts.currencies[0].code' "$home/charter.json")" 'currency'
    expect_equal 3 "$(jq -r .contracts.notice_days "$home/charter.json")" 'notice'
}

founding() { # OPTIONS
    "$accrue" coalition new "$work/none" --partners grocer,books "$@" >"$work/said" 2>&1
    exit_status=$?
    said=$(<"$work/said")
}

no_coalition_has_terms_that_make_no_sense() {
    local holidays=() i
    founding --period year
    expect_refused 2 '--period is month, week or day'
    founding --tax DE-19
    expect_refused 2 '--tax is a code'
    founding --fee-tax DE-19
    expect_refused 2 'settlement.fee_tax: is not the code of one of the taxes'
    founding --settlement-currency EUR:2
    expect_refused 2 'contracts.currencies'
    founding --notice-days 3661
    expect_refused 2 '--notice-days is at most 3660'
    for ((i = 0; i < 513; i++)); do holidays+=(--holiday 2026-12-25); done
    founding "${holidays[@]}"
    expect_refused 2 '--holiday comes more than 512 times'
    [[ ! -e $work/none ]] || fail 'a folder was left'
}

what_is_left_out_of_a_proposal_is_said() {
    run grocer contract propose --funder grocer --redeemer cinema --face 0.01
    expect_refused 2 '--reimbursement is needed'
    run grocer contract propose --funder grocer --redeemer cinema --face 0,01 --reimbursement 1 \
        --from 2027-02-01
    expect_refused 2 '--face is money a point'
    run grocer contract propose --funder grocer --redeemer cinema --face 0.01 --reimbursement 1 \
        --from tomorrow
    expect_refused 2 '--from is a day such as'
    run grocer contract propose --funder grocer --redeemer cinema --face 0.01 \
        --reimbursement 0.009 --from 2027-01-17
    expect_refused 1 'notice-too-short'
}

one_proposes_and_the_other_signs_what_it_sees() {
    run grocer contract propose --funder grocer --redeemer cinema --face 0.01 \
        --reimbursement 0.095 --currency SEK --redemption-tax SE-25 --from 2027-02-01
    expect_done 'contract 0 is proposed, from 2027-02-01 on' # its midnight in Berlin
    expect_match 'cinema signs it.+contract sign 0 --dir [^ ]+ --node cinema' "$said"
    run books contract show 0
    expect_done 'points of grocer at cinema'
    expect_match '0.095 SEK a point' "$said"
    expect_match 'from +2027-02-01  \(2027-01-31T23:00:00.000Z\)' "$said"
    digest=$(sed -n 's/^ *digest *//p' "$work/said")
    run grocer contract sign 0 --yes
    expect_refused 1 'own-proposal'
    run books contract sign 0 --yes
    expect_refused 1 'not-a-party'
    run cinema contract sign 0
    expect_refused 2 'nobody is there to be asked'
    run cinema contract sign 0 --json
    expect_refused 2 'nobody is there to be asked'
    run cinema contract sign 0 --digest "${digest/[0-9a-f]/-}"
    expect_refused 1 'not what --digest says: nothing was signed'
    run_at_terminal n cinema contract sign 0
    expect_refused 1 '0.095 SEK a point.*Sign it\? \[y/N\].*nothing was signed'
    post cinema office /v1/contracts/0/sign changed "{\"digest\":\"${digest:1}${digest:0:1}\"}"
    expect_answer 409 contract-changed
    run cinema contract sign 0 --digest "$digest"
    expect_done 'contract 0 is signed'
    run cinema contract sign 0 --yes
    expect_refused 1 'contract-closed'
    run cinema contract sign 7 --yes
    expect_refused 1 'not-found'
}

what_is_not_signed_is_withdrawn() {
    run books contract propose --funder grocer --redeemer books --face 0.01 --reimbursement 0.001 \
        --from 2027-03-01T00:00:00Z --until 2027-04-01 --as finance
    expect_done 'contract 1 is proposed'
    run grocer contract propose --funder grocer --redeemer fuel --face 0.01 --reimbursement 0.001 \
        --from 2027-03-01
    expect_done 'contract 2 is proposed'
    run_at_terminal y fuel contract sign 2
    expect_done 'contract 2 is signed'
    run books contract withdraw 1
    expect_done 'contract 1 is withdrawn'
    run grocer contract list --state withdrawn
    expect_done '1 +withdrawn +grocer +books'
    run grocer contract list --state open
    expect_refused 2 '--state is proposed, signed or withdrawn'
    run grocer contract show 0 --as ../office
    expect_refused 2 '--as takes the name of a token'
    run grocer contract list --partner cinema --json --as finance
    expect_done
    expect_equal 1 "$(jq '.contracts | length' "$work/said")" 'contracts of the cinema'
}

points_keep_the_prices_that_they_were_issued_under() {
    till_ok grocer members m1 "{\"member\":\"$member\"}"
    till_ok grocer earn old "{\"member\":\"$member\",\"points\":100}"
    post grocer admin /v1/clock february '{"to":"2027-01-31T23:00:00Z"}'
    expect_answer 200
    get fuel auditor /v1/contracts/0
    expect_field .in_force true
    till_ok grocer earn new "{\"member\":\"$member\",\"points\":100}"
    till_ok cinema redeem both "{\"member\":\"$member\",\"points\":150}"
    expect_equal '0.9 EUR tariff 0 , 4.75 SEK tariff 1 SE-25' "$(field '[.obligations[] |
        "\(.amount) \(.currency) tariff \(.tariff) \(.tax_code)"] | join(", ")')" 'what is owed'
    "$accrue" owes --dir "$home" >"$work/said" 2>&1
    expect_match 'grocer +cinema +SEK +4.75 +4.75' "$(<"$work/said")"
    get fuel till '/v1/prices?funder=grocer&redeemer=cinema'
    expect_field '.prices[0] | "\(.by) \(.contract) \(.reimbursement) \(.currency)"' \
        'contract 0 0.095 SEK'
}

# With a day's notice, by either; what was to follow it is agreed for the time after that.
a_party_ends_a_contract_with_the_notice_it_says() {
    local contract=(contract propose --funder fuel --redeemer books --face 0.01 --reimbursement 0.007)
    run fuel "${contract[@]}" --from 2027-02-05 --exit-days 3661
    expect_refused 2 '--exit-days is at most 3660'
    run fuel "${contract[@]}" --from 2027-02-05 --exit-days 10
    expect_done 'contract 3 is proposed'
    run books contract sign 3 --yes
    expect_done "to end it +either may, with 10 days' notice"
    run books contract end 3 --until 2027-02-10
    expect_refused 1 'notice-too-short'
    run grocer contract end 3
    expect_refused 1 'not-a-party'
    run cinema contract end 0
    expect_refused 1 'no-exit'
    run books contract end 3 # it is the first of February in Berlin
    expect_done 'contract 3 is signed, from 2027-02-05 on, until 2027-02-12'
    run fuel contract end 3 --until 2027-06-01
    expect_refused 1 'bad-card'
    run fuel contract show 3
    expect_done 'until +the next one of these two begins'
    expect_match 'ends +2027-02-12  \(2027-02-11T23:00:00.000Z\)' "$said"
    run fuel contract list --partner books --state signed
    expect_done '3 +signed +fuel +books .* 2027-02-05 +2027-02-12'
    run fuel "${contract[@]}" --from 2027-02-11
    expect_refused 1 'overlap'
    run fuel "${contract[@]}" --from 2027-02-12
    expect_done 'contract 4 is proposed'
}

a_promotion_pays_until_its_budget_is_used_up() {
    local split='"split":[{"partner":"grocer","bp":5000},{"partner":"books","bp":5000}]'
    run books promotion sign --issuer grocer --bp 5000 --budget 60
    expect_done 'promotion 0, from'
    post grocer admin /v1/clock tick '{"advance_ms":1000}'
    till_ok grocer earn shared "{\"member\":\"$member\",\"points\":100,$split}"
    till grocer earn too-much "{\"member\":\"$member\",\"points\":40,$split}"
    expect_answer 403 not-authorised
    till_ok grocer earn the-rest "{\"member\":\"$member\",\"points\":20,$split}"
    run fuel promotion list --partner books
    expect_done '0 +books +grocer +5000 +60 +0 '
    run fuel promotion list --json
    expect_equal 60 "$(jq -r '.promotions[0].used' "$work/said")" 'used'
}

# Points that time alone makes active cost a fee, which stands in the seal of a height.
a_line_of_a_seal_is_disputed_by_its_record_alone() {
    local index
    till_ok grocer earn pending "{\"member\":\"$member\",\"points\":50,
        \"activates\":\"2027-02-02T08:00:00Z\"}"
    pass_to 2027-02-02T09:00:00Z
    pass_to 2027-02-09T09:00:00Z
    get books auditor /v1/coalition
    index=$(field .records)
    until get books auditor "/v1/transactions/$index" &&
        [[ $(field .kind) == seal && $(field '.obligations | length') == 1 ]]; do
        ((index-- > 0)) || break
    done
    run grocer settle propose --period 2027-W05
    expect_done
    run grocer settle dispute --period 2027-W05 --record "$index" --code LATE
    expect_done 'period 2027-W05 is proposed'
    run grocer settle status --period 2027-W05
    expect_done "record $index: grocer disputes 0.02 EUR of issue-fee that grocer owes fuel"
    run cinema settle records --period 2027-W05
    expect_done "2027-W05,$index,[^,]*,,time,,grocer,fuel,EUR,issue-fee,,0,0.02"
    expect_match 'cinema,redeem,[^,]*,grocer,cinema,SEK,redemption,SE-25,[0-9]+,4.75' "$said" 'rows'
    run cinema settle records --period 2027-W05 --partner books --json
    expect_equal '["books"]' "$(jq -sc '[.[].debtor] | unique' "$work/said")" 'of one partner'
    run cinema report exposure --format html
    expect_done 'The charter asks for no collateral'
    run cinema settle records --period 2027-W05 --partner nobody
    expect_refused 2 "no partner 'nobody'"
}

a_period_is_settled_in_each_currency() {
    local node
    for node in "${names[@]}"; do
        run "$node" settle sign --period 2027-W05
        expect_done
        run "$node" settle sign --period 2027-W05 --as finance
        expect_done
    done
    run fuel settle finalise --period 2027-W05
    expect_done 'is final'
    get fuel auditor /v1/periods/2027-W05
    expect_field '[.payments[] | "\(.from) \(.to) \(.amount) \(.currency)"] | join(", ")' \
        'grocer cinema 0.90 EUR, grocer fuel 0.06 EUR, books fuel 0.02 EUR, grocer cinema 5.94 SEK'
    expect_field '[.rounded[] | select(.currency == "SEK") | "\(.class) \(.rounded)"] | join(", ")' \
        'redemption 4.75, tax 1.19'
    run grocer report statement --period 2027-W05 --format json
    expect_equal 'EUR 0.96, SEK 5.94' \
        "$(jq -r '[.sums[] | "\(.currency) \(.owed_by)"] | join(", ")' "$work/said")" 'what it owes'
    run grocer report statement --period 2027-W05 --format csv --currency SEK
    expect_done 'grocer,cinema,SEK,tax,SE-25,1.1875,1.19'
    run grocer report payments --period 2027-W05 --format xml
    expect_refused 2 'grocer pays in EUR and in SEK, each by a file of its own'
    run grocer report statement --period 2027-W05 --format json --currency USD
    expect_refused 2 'the charter.s, or one that it has for contracts'
    run grocer report journal --period 2027-W05 --format journal
    expect_done '5.94 SEK'
}

# Each partner's own rates turn its purchases into points; nobody else's do.
purchases_go_by_the_partners_own_rates() {
    local purchase='"purchase":{"amount":"249.00","currency":"SEK"}'
    run grocer rates publish SEK=0.0871 NOK=nothing
    expect_refused 2 'a rate is CURRENCY=AMOUNT'
    run grocer rates publish SEK=0.0871 --day 2027-02-01
    expect_refused 1 'bad-rate'
    run grocer rates publish SEK=0.0871 NOK=0.085
    expect_done '1 SEK is 0.0871 on 2027-02-09'
    run books rates list --currency SEK
    expect_done 'grocer +SEK +2027-02-09 +0.0871'
    till_ok grocer earn kronor "{\"member\":\"$member\",\"points\":21,$purchase}"
    expect_field '.exchange | "\(.rate) \(.day)"' '0.0871 2027-02-09'
    till books earn kronor "{\"member\":\"$member\",\"points\":21,$purchase}"
    expect_answer 409 no-rate
    run grocer earn "$member" 21 --purchase SEK=249.00
    expect_done 'at 0.0871, the rate of 2027-02-09'
    run books earn "$member" 21 --purchase SEK=249.00
    expect_refused 1 'No rate of SEK was published for 2027-02-09'
    run grocer earn "$member" 21 --purchase '249.00 SEK'
    expect_refused 2 '--purchase is CURRENCY=AMOUNT'
    run grocer earn "$member" 21 --purchase SEK=249.00 --eligible 21.69
    expect_refused 2 'either --purchase or --eligible'
}

purchases_in_other_currencies_are_imported() {
    cat >"$work/map.json" <<<'{"sources": [{"type": "earn", "key": "csv-", "member": {"column": "who"},
        "points": {"column": "cents", "divisor": 100}, "currency": {"column": "money"},
        "time": {"column": "when"}, "partner": {"value": "grocer"}}]}'
    printf '%s\n' who,cents,money,when ann,24900,SEK,2027-02-09T00:00:00Z \
        ann,24900,CHF,2027-02-09T00:00:00Z ann,500,,2027-02-09T00:00:00Z >"$work/purchases.csv"
    "$accrue" import --dir "$home" --map "$work/map.json" "$work/purchases.csv" >"$work/said" 2>&1
    exit_status=$?
    said=$(<"$work/said")
    expect_refused 1 'purchases.csv:3: currency: no rate of CHF was published for 2027-02-09'
    expect_match 'earns +2 \(26 points\)' "$said" 'what was imported'
}

an_audit_finds_nothing() {
    "$accrue" audit --dir "$home" >"$work/said" 2>&1 ||
        fail 'the audit finds something' "$(<"$work/said")"
}

four_nodes --operator fuel --issue-fee 0.0004 --sandbox 2027-01-15T08:00:00Z --zone Europe/Berlin --period week \
    --holiday 2027-05-13 --holiday 2027-05-01 --tax SE-25=2500 --settlement-currency SEK:2 --notice-days 3
run_case the_charter_says_what_the_options_said
run_case no_coalition_has_terms_that_make_no_sense
run_case what_is_left_out_of_a_proposal_is_said
run_case one_proposes_and_the_other_signs_what_it_sees
run_case what_is_not_signed_is_withdrawn
run_case points_keep_the_prices_that_they_were_issued_under
run_case a_party_ends_a_contract_with_the_notice_it_says
run_case a_promotion_pays_until_its_budget_is_used_up
run_case a_line_of_a_seal_is_disputed_by_its_record_alone
run_case a_period_is_settled_in_each_currency
run_case purchases_go_by_the_partners_own_rates
run_case purchases_in_other_currencies_are_imported
run_case nodes_agree
run_case an_audit_finds_nothing
finish
