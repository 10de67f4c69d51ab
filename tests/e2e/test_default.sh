#!/usr/bin/env bash
# A partner pays one of three and no more: another declares it in default, its collateral pays, the
# others share the rest, and every file says so to the cent.
# timeout: 240
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=settling.sh
. "$(dirname "$0")/settling.sh"

of_grocer=b1000000000000000000000000000001 of_books=b2000000000000000000000000000002
of_cinema=b3000000000000000000000000000003
period=2026-11
states='[.payments[] | .state] | join(" ")'
status_has() { # NODE TEXT
    "$accrue" status --dir "$home" --node "$1" 2>/dev/null | grep -qF -- "$2"
}

# ---- cases -------------------------------------------------------------------------------------

a_charter_says_what_becomes_of_a_default() {
    expect_equal 'mutualise 2 20' "$(jq -r '.settlement |
        "\(.on_default) \(.default_days) \(.dispute_days)"' "$home/charter.json")" 'terms'
    "$accrue" coalition new "$work/none" --partners a,b --on-default forgive --default-days 999 \
        --dispute-days x >"$work/said" 2>&1
    expect_equal 2 $? 'exit status of mistakes'
    expect_match '--dispute-days.*--default-days.*--on-default' "$(<"$work/said")" 'all mistakes'
    "$accrue" coalition new "$work/none" --partners a,b --on-default fund >"$work/said" 2>&1
    expect_equal 2 $? 'exit status of a fund without collateral'
    expect_match 'settlement.on_default' "$(<"$work/said")" 'a fund is collateral'
}

everybody_is_known_to_the_bank_and_the_grocer_has_collateral() {
    local node person
    for node in "${names[@]}"; do
        for person in office finance; do
            set_account "$node" "$person"
            expect_done
        done
    done
    collateral fuel post --partner grocer --amount 500.00
    expect_done
}

# Worked example B: the grocer is to pay the cinema 1280.00, fuel 1080.00 and books 940.00.
a_month_is_played_and_final() {
    local partner
    declare -A issued=([grocer]=1500000 [books]=800000 [cinema]=400000)
    declare -A member=([grocer]=$of_grocer [books]=$of_books [cinema]=$of_cinema)
    for partner in grocer books cinema; do
        till_ok "$partner" members "b-$partner" "{\"member\":\"${member[$partner]}\"}"
        till_ok "$partner" earn "b-earn-$partner" \
            "{\"member\":\"${member[$partner]}\",\"points\":${issued[$partner]}}"
    done
    while read -r issuer partner spent; do
        till_ok "$partner" redeem "b-$issuer-$partner" \
            "{\"member\":\"${member[$issuer]}\",\"points\":$spent}"
    done <<<'grocer books 400000
grocer cinema 250000
books grocer 300000
books cinema 80000
cinema grocer 50000
cinema books 120000'
    pass_to 2026-12-01T08:00:00Z
    settle fuel propose --period "$period"
    expect_done
    pass_to 2026-12-04T08:00:00Z
    settle fuel finalise --period "$period"
    expect_done
    expect_period books "$payments" \
        'grocer cinema 1280.00, grocer fuel 1080.00, grocer books 940.00'
    expect_equal '2026-12-07 2026-12-09' \
        "$(jq -r '.payments[0] | .pay_by + " " + .default_after' "$work/period.json")" 'days'
}

the_grocer_pays_one_of_three() {
    local person
    for person in office finance; do
        settle grocer pay --period "$period" --payment 1 --as "$person"
        expect_done
    done
    settle fuel confirm --period "$period"
    expect_done
    old_name=$(reference_of 2)
}

whoever_does_not_pay_is_warned_of() {
    settle books default --period "$period" --yes
    expect_refused 1 'nobody who pays books may be declared'
    pass_to 2026-12-08T08:00:00Z
    eventually 10 status_has cinema 'OVERDUE: payment 2 of 2026-11, grocer pays books 940.00 EUR' ||
        fail 'it is not told that it is overdue'
    settle books default --period "$period" --payment 2 --yes
    expect_refused 1 'after 2026-12-09'
    pass_to 2026-12-10T08:00:00Z
    eventually 10 status_has cinema 'books 940.00 EUR: it may be declared in default' ||
        fail 'it is not told that it may be declared'
    eventually 10 grep -q 'may be declared in default' "$work/fuel.log" ||
        fail 'the log does not tell it'
    settle books status --period "$period"
    expect_done 'or two people of books say that grocer is in default'
}

two_people_of_books_declare_it() {
    settle cinema default --period "$period" --payment 2 --yes
    expect_refused 1 'not-a-party'
    settle books default --period "$period" </dev/null
    expect_refused 2 'give --yes; nothing was declared'
    settle books default --period "$period" --yes
    expect_done 'on_default is mutualise'
    expect_match 'ring-fenced: grocer pays books 922.06 EUR' "$said" 'what is to come'
    expect_match 'another person' "$said" 'what is next'
    settle books default --period "$period" --yes
    expect_refused 1 'same-approver'
    expect_period books '.payments[2].default_first_approval' true
    settle books default --period "$period" --yes --as finance
    expect_done 'With this second approval'
}

# By hand. Fuel got 480.00 more than it is owed, and takes over as much of the cinema's 1800.00; books
# are owed 900.00. Of 500.00 these get 202.70 and 297.30. What is left, 1720.00, is shared by 4680.00,
# 2970.00 and 1080.00: books 922.06, cinema 585.16, fuel 212.78. So of the cinema's claim books take
# over 224.76 and fuel 212.78.
it_comes_out_to_the_cent() {
    expect_period cinema '[.defaults[] | .partner + " " + .currency] | join(", ")' 'grocer EUR'
    expect_period cinema \
        '[.taken_over[] | "\(.by) \(.claimant) \(.collateral) \(.amount)"] | join(", ")' \
        'fuel cinema false 480.00, fuel books true 202.70, fuel cinema true 297.30, books cinema false 224.76, fuel cinema false 212.78'
    expect_period cinema "$payments" 'grocer cinema 1280.00, grocer fuel 1080.00, grocer books 940.00, fuel cinema 694.84, fuel books 17.94, grocer books 922.06, grocer cinema 585.16, grocer fuel 212.78'
    expect_period cinema "$states" 'void confirmed void due due due due due'
    expect_period cinema '[.payments[] | .ring_fenced] | map(tostring) | join(" ")' \
        'false false false false false true true true'
    collateral fuel list
    expect_done 'grocer .* 0.00 +covered'
    settle cinema status --period "$period"
    expect_done 'grocer is in default of what it owes in EUR'
    expect_match 'books takes over 224.76 EUR that grocer owes cinema' "$said" 'who bears what'
    expect_match 'ring-fenced: grocer pays cinema 585.16 EUR' "$said" 'what is next'
    eventually 10 status_has fuel 'DEFAULT: grocer does not pay what it owes in EUR for 2026-11; 3' ||
        fail 'the status does not tell it'
    get books auditor /metrics
    expect_match 'accrue_period_defaults 1' "$body" 'the metric'
    expect_match 'accrue_period_ring_fenced_unpaid\{currency="EUR"\} 1720.00' "$body" 'the metric'
    expect_match 'accrue_period_unpaid\{currency="EUR"\} 712.78' "$body" 'the metric'
}

every_bank_and_book_takes_it() {
    local book dialect name format
    for name in statement matrix nets payments; do
        for format in csv json html; do
            report books "$name" "$format" "$name.$format" --accounts "$accounts"
        done
        ! has xmllint || accepts "$name.html" xmllint --html --noout --nowarning
    done
    expect_match 'grocer,EUR,-3300.00,500.00,-1080.00,-1720.00' "$(<"$reports/nets.csv")" nets
    expect_match 'grocer,books,EUR,3600.00,22.06' "$(<"$reports/matrix.csv")" 'the matrix'
    report books statement pdf statement.pdf --accounts "$accounts"
    if has pdftotext; then
        pdftotext -layout "$reports/statement.pdf" "$work/statement.txt"
        for text in 'grocer is in default' '922.06' 'ring-fenced'; do
            grep -qF -- "$text" "$work/statement.txt" || fail "not in the PDF: $text"
        done
    fi
    report grocer payments xml orders.xml
    expect_match 'CtrlSum>1720.00<' "$(<"$reports/orders.xml")" 'what the grocer is to pay'
    expect_match 'Ring-fenced, settlement 2026-11' "$(<"$reports/orders.xml")" 'for what'
    ! grep -q "$old_name" "$reports/orders.xml" || fail 'a void payment is ordered'
    report fuel payments xml fuel.xml
    expect_match 'CtrlSum>712.78<' "$(<"$reports/fuel.xml")" 'what fuel is to pay'
    if has xmllint; then
        accepts orders.xml xmllint --nonet --noout --schema "$schema"
        accepts fuel.xml xmllint --nonet --noout --schema "$schema"
    fi
    for dialect in hledger ledger beancount; do
        report grocer journal journal "all.$dialect" --dialect "$dialect"
        for name in "${names[@]}"; do
            report grocer journal journal "$name.$dialect" --dialect "$dialect" --partner "$name"
        done
    done
    for book in all "${names[@]}"; do
        ! has hledger || accepts "$book.hledger" hledger check --strict -f
        ! has ledger || accepts "$book.ledger" ledger --strict --pedantic bal -f
        ! has bean-check || accepts "$book.beancount" bean-check
    done
}

# The bank brings money under the name of the void payment, and under that of the ring-fenced one.
the_period_is_settled_without_what_is_ring_fenced() {
    local person number
    for person in office finance; do
        for number in 3 4; do
            settle fuel pay --period "$period" --payment "$number" --as "$person"
            expect_done
        done
    done
    settle grocer pay --period "$period"
    expect_refused 2 'of 5 \(ring-fenced\), 6 \(ring-fenced\), 7 \(ring-fenced\)'
    settle cinema confirm --period "$period" --payment 3
    expect_done
    settle books confirm --period "$period" --payment 4
    expect_done
    expect_period grocer .state settled
    settle grocer status
    expect_done '1 in default, 3 ring-fenced payments open'
    bank_statement books late.xml <<<"940.00 grocer $old_name
922.06 grocer $(reference_of 5)"
    settle books confirm --period "$period" --file "$work/late.xml"
    expect_refused 1 '2 entries: 1 payments confirmed, 1 to be looked at'
    expect_match 'void: payment 2' "$said" 'money for what is void'
    expect_match 'confirmed: payment 5, .*ring-fenced' "$said" 'money that is owed'
    settle fuel confirm --period "$period"
    expect_done
    settle cinema confirm --period "$period"
    expect_done
    expect_period grocer "$states" \
        'void confirmed void confirmed confirmed confirmed confirmed confirmed'
    ! status_has fuel 'DEFAULT:' || fail 'a default is told that is over'
}

the_audit_is_clean() {
    needed nodes_agree
    "$accrue" audit --dir "$home" >"$work/audit.txt" 2>&1 ||
        fail "exit status $?" "$(tail -n 20 "$work/audit.txt")"
}

# ---- all of it ----------------------------------------------------------------------------------

know_accounts
four_nodes --operator fuel --issue-fee 0.0004 --sandbox 2026-11-02T08:00:00Z --collateral-floor 0 \
    --haircut-bp 0 --on-default mutualise --default-days 2
run_case a_charter_says_what_becomes_of_a_default
run_case everybody_is_known_to_the_bank_and_the_grocer_has_collateral
run_case a_month_is_played_and_final
run_case the_grocer_pays_one_of_three
run_case whoever_does_not_pay_is_warned_of
run_case two_people_of_books_declare_it
run_case it_comes_out_to_the_cent
run_case every_bank_and_book_takes_it
run_case the_period_is_settled_without_what_is_ring_fenced
run_case nodes_agree
run_case the_audit_is_clean
finish
