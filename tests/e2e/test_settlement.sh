#!/usr/bin/env bash
# Two months are settled by four partners: worked examples A and B of the ledger's rules, from the
# tills to the bank, with every report, and what other programs say of the files.
# timeout: 300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

m1=a1000000000000000000000000000001 m2=a2000000000000000000000000000002
of_grocer=b1000000000000000000000000000001 of_books=b2000000000000000000000000000002
of_cinema=b3000000000000000000000000000003
# shellcheck source=settling.sh
. "$(dirname "$0")/settling.sh"

# ---- where they are paid ------------------------------------------------------------------------

two_people_of_each_partner_set_an_account() {
    local node
    for node in "${names[@]}"; do
        set_account "$node" office
        expect_done 'account .*: pending'
        expect_match 'another person' "$said" 'what is next'
        set_account "$node" office
        expect_refused 1 'same-approver'
        set_account "$node" finance
        expect_done 'account .*: waiting from 2026-11-09T'
    done
    account grocer set --currency EUR --holder 'Green Grocer AG' --iban 'AT62 1904 3002 3457 3201'
    expect_refused 1 'check digits'
    account grocer set --currency EUR --holder 'Green Grocer AG'
    expect_refused 2 '--iban'
}

warns_of() { # NODE IBAN-END
    grep -q "account is about to change.*iban_ends=$2" "$work/$1.log"
}

everybody_is_alerted() {
    local node
    for node in "${names[@]}"; do
        eventually 10 warns_of "$node" 3000 || fail "$node does not warn"
    done
    account books list
    expect_done 'cinema +EUR +WAITS +DE89 3704 0044 0532 0130 00 +Lux Cinemas GmbH, from 2026-11-09T'
    "$accrue" status --dir "$home" --node fuel >"$work/said" 2>&1
    expect_match 'ACCOUNT CHANGE: grocer is paid in EUR at an IBAN that ends with 3201 from 2026-11-09T' \
        "$(<"$work/said")" 'the status'
    get books auditor /metrics
    expect_match 'accrue_payment_account_changes_waiting 4' "$body" 'the metric'
}

# ---- a month: worked example A ------------------------------------------------------------------

the_month_is_played_as_in_example_a() {
    local earn_1 earn_5 spend_3
    till_ok grocer members m1 "{\"member\":\"$m1\"}"
    till_ok cinema members m2 "{\"member\":\"$m2\"}"
    till_ok grocer earn a-1 "{\"member\":\"$m1\",\"points\":250}"
    earn_1=$(field .index)
    till_ok books earn a-2 "{\"member\":\"$m1\",\"points\":40}"
    till_ok books earn a-2b "{\"member\":\"$m1\",\"points\":160,
        \"split\":[{\"partner\":\"books\",\"bp\":6000},{\"partner\":\"grocer\",\"bp\":4000}]}"
    joint=$(field .index)
    till_ok cinema redeem a-3 "{\"member\":\"$m1\",\"points\":300}"
    spend_3=$(field .index)
    till_ok grocer reverse-earn a-4 "{\"earn\":$earn_1,\"points\":100}"
    till_ok cinema earn a-5 "{\"member\":\"$m2\",\"points\":120}"
    earn_5=$(field .index)
    till_ok grocer redeem a-6 "{\"member\":\"$m2\",\"points\":120}"
    till_ok cinema reverse-earn a-7 "{\"earn\":$earn_5,\"points\":120}"
    till_ok books earn a-8 "{\"member\":\"$m2\",\"points\":200}"
    till_ok cinema reverse-redeem a-9 "{\"redemption\":$spend_3,\"points\":100}"
    office_sees_what_is_owed
}

office_sees_what_is_owed() {
    get books office /v1/settlement
    expect_field '[.obligations[] | .debtor + " " + .creditor + " " + .open] | join(", ")' \
        'grocer cinema 1.80, grocer fuel 0.0856, books grocer 0.54, books cinema 1.08, books fuel 0.1344, cinema grocer 1.08'
    expect_field '[.nets[].open] | join(" ")' '-0.2656 -1.7544 1.80 0.22'
    settle grocer records --period 2026-11
    expect_done "2026-11,$spend_3,[^,]*,cinema,redeem,,grocer,cinema,EUR,redemption,,0,2.286"
    expect_equal '1.8000 0.0856 0.5400 1.0800 0.1344 1.0800' "$(awk -F, '
        { sum[$7 "-" $8] += $13 }
        END { printf "%.4f %.4f %.4f %.4f %.4f %.4f", sum["grocer-cinema"], sum["grocer-fuel"],
            sum["books-grocer"], sum["books-cinema"], sum["books-fuel"], sum["cinema-grocer"] }
        ' "$work/said")" 'what records come to'
    settle grocer status
    expect_done '2026-11 +open +2026-11-01 +2026-11-30'
    settle grocer status --period 2026-11
    expect_done 'nothing yet: the period goes on to the end of 2026-11-30'
}

it_is_over_and_proposed() {
    period=2026-11
    settle books propose --period "$period"
    expect_refused 1 'period-not-over'
    pass_to 2026-12-01T08:00:00Z
    settle books status --period "$period"
    expect_done 'from 2026-12-01 on: any partner proposes it'
    expect_match "settle propose --period $period --dir [^ ]+ --node books" "$said" 'the command'
    expect_period books "$net_of_each" 'grocer -0.27, books -1.75, cinema 1.80, fuel 0.22'
    settle books propose --period "$period"
    expect_done 'period 2026-11 is proposed'
    settle books status --period "$period"
    expect_done 'until the end of 2026-12-03: grocer, books, cinema, fuel sign'
    expect_match "settle sign --period $period --dir [^ ]+ --node books" "$said" 'the command'
}

# It says which lines there are, and with which options each is meant.
a_record_of_several_lines_shows_them() {
    settle grocer dispute --period "$period" --record "$joint" --code LATE
    expect_refused 2 'several such lines'
    expect_match '--debtor books --creditor fuel --class issue-fee --tariff 0 +0.0384 EUR' "$said"
    expect_match '--debtor grocer --creditor fuel --class issue-fee --tariff 0 +0.0256 EUR' "$said"
    settle grocer respond --period "$period" --record "$joint" --amount 0.01
    expect_refused 2 'no such line that is disputed in this period'
    settle grocer respond --period "$period" --record "$joint" --amount 0,01
    expect_refused 2 "--amount is money, .* not '0,01'"
}

two_people_of_each_partner_sign() {
    local node totals
    expect_period cinema .state proposed
    totals=$(jq -r .totals "$work/period.json")
    settle cinema sign --period "$period" --totals "${totals/[0-9a-f]/x}"
    expect_refused 1 'nothing was signed'
    for node in "${names[@]}"; do
        settle "$node" sign --period "$period" --totals "$totals"
        expect_done 'another person'
    done
    settle grocer sign --period "$period"
    expect_refused 1 'same|second|approve|four'
    settle grocer finalise --period "$period"
    expect_refused 1 'answer'
    for node in "${names[@]}"; do
        settle "$node" sign --period "$period" --as finance
        expect_done "$totals"
        expect_match "$node has signed" "$said" 'who has signed'
    done
    expect_match "now: any partner makes it final" "$said" 'what is next'
    settle fuel finalise --period "$period"
    expect_done 'period 2026-11 is final'
    expect_period cinema "$payments" 'books cinema 1.75, grocer fuel 0.22, grocer cinema 0.05'
    expect_period cinema '[.nets[].net] | join(" ")' '-0.27 -1.75 1.80 0.22'
}

the_payer_makes_orders_for_its_bank() {
    account grocer list
    expect_done 'cinema +EUR +in force +DE89 3704 0044 0532 0130 00'
    jq '.cinema.iban = "GB29 NWBK 6016 1331 9268 19"' "$accounts" >"$work/other.json"
    "$accrue" report payments --dir "$home" --node grocer --period "$period" --format xml \
        --accounts "$work/other.json" >"$work/said" 2>&1 && fail 'orders to an account of a file'
    expect_match 'cinema is paid at GB29NWBK60161331926819; on the ledger it is DE89' \
        "$(<"$work/said")" 'why not'
    report grocer payments xml orders.xml --accounts "$accounts"
    served_as_written payments xml application/xml
    expect_match 'IBAN>DE89370400440532013000<' "$(<"$reports/orders.xml")" 'the orders'
    expect_equal 'CtrlSum>0.27<' "$(grep -o 'CtrlSum>0.27<' "$reports/orders.xml" | head -n 1)" 'sum'
    expect_match "EndToEndId>$(reference_of 1)<" "$(<"$reports/orders.xml")" 'the orders'
    expect_match "totals $(jq -r .totals "$work/period.json")" "$(<"$reports/orders.xml")" 'orders'
    if has xmllint; then
        accepts orders.xml xmllint --nonet --noout --schema "$schema"
    fi
    "$accrue" report payments --dir "$home" --node cinema --period "$period" --format xml \
        --accounts "$accounts" >"$work/said" 2>&1 && fail 'orders of one that owes nothing'
    expect_match 'cinema has nothing to pay' "$(<"$work/said")" 'why not'
}

they_pay_and_the_banks_file_confirms() {
    settle books pay --period "$period"
    expect_done 'another person'
    settle books pay --period "$period"
    expect_refused 1 ''
    settle books pay --period "$period" --as finance
    expect_done
    settle grocer pay --period "$period"
    expect_refused 2 'several payments'
    for number in 1 2; do
        settle grocer pay --period "$period" --payment "$number"
        expect_done
        settle grocer pay --period "$period" --payment "$number" --as finance
        expect_done
    done
    bank_statement cinema unnamed.xml <<<"1.75 books NOTPROVIDED"
    settle cinema confirm --period "$period" --file "$work/unnamed.xml"
    expect_refused 1 '1 entries: 0 payments confirmed, 1 to be looked at'
    expect_match 'unnamed: from the account of one whose payment is open' "$said" 'whose money it is'
    bank_statement cinema first.xml <<<"1.75 books $(reference_of 0)
0.04 grocer $(reference_of 2)
9.99 fuel P682-EUR-000000000000000000
12.00 books NOTPROVIDED"
    settle cinema confirm --period "$period" --file "$work/first.xml" --accounts "$accounts" --dry-run
    expect_refused 1 '4 entries: 1 payments would be confirmed, 2 to be looked at'
    expect_period cinema '[.payments[].state] | join(" ")' 'sent sent sent'
    bank_statement cinema back.xml <<<"1.75 books $(reference_of 0)
-1.75 books $(reference_of 0)"
    settle cinema confirm --period "$period" --file "$work/back.xml"
    expect_refused 1 '2 entries: 0 payments confirmed, 2 to be looked at'
    expect_match 'returned: payment 0' "$said" 'what went back'
    expect_period cinema '[.payments[].state] | join(" ")' 'sent sent sent'
    # A token that may not confirm: what the file shows of other payments is kept all the same.
    settle cinema confirm --period "$period" --file "$work/first.xml" --as auditor \
        --bookings "$work/bookings.json"
    expect_refused 1 'payment 0: '
    expect_equal 0.04 "$(jq -r '.[].received' "$work/bookings.json")" 'what is kept'
    rm "$work/bookings.json"
    settle cinema confirm --period "$period" --file "$work/first.xml" --accounts "$accounts" \
        --bookings "$work/bookings.json"
    expect_refused 1 '4 entries: 1 payments confirmed, 2 to be looked at'
    expect_match 'partial: payment 2' "$said" 'the part'
    expect_match 'unknown: named like a payment' "$said" 'what nobody expects'
    expect_period cinema '[.payments[].state] | join(" ")' 'confirmed sent sent'
    settle cinema confirm --period "$period" --file "$work/first.xml" --bookings "$work/bookings.json"
    expect_refused 1 '4 entries: 0 payments confirmed, 1 to be looked at'
    expect_match 'repeated: payment 2' "$said" 'the part that was counted before'
    # The rest comes in a file of its own, and a payment that is whole comes once more.
    bank_statement cinema second.xml <<<"1.75 books $(reference_of 0)
0.01 grocer $(reference_of 2)"
    settle cinema confirm --period "$period" --file "$work/second.xml" --bookings "$work/bookings.json"
    expect_refused 1 '2 entries: 1 payments confirmed, 1 to be looked at'
    expect_match 'paid-twice: payment 0' "$said" 'what came twice'
    expect_match 'confirmed: payment 2, the rest of the payment: it came in parts' "$said" 'the rest'
    settle cinema confirm --period "$period" --file "$work/first.xml"
    expect_refused 1 '4 entries: 0 payments confirmed, 1 to be looked at'
    settle fuel confirm --period "$period"
    expect_done 'period 2026-11 is settled'
    expect_period books .state settled
    settle grocer status --period "$period"
    expect_done 'nothing: it is settled'
}

# ---- the next one: worked example B -------------------------------------------------------------

the_month_is_played_as_in_example_b() {
    local partner member spent
    declare -A issued=([grocer]=1500000 [books]=800000 [cinema]=400000)
    declare -A member=([grocer]=$of_grocer [books]=$of_books [cinema]=$of_cinema)
    for partner in grocer books cinema; do
        till_ok "$partner" members "b-$partner" "{\"member\":\"${member[$partner]}\"}"
        till_ok "$partner" earn "b-earn-$partner" \
            "{\"member\":\"${member[$partner]}\",\"points\":${issued[$partner]}}"
    done
    while read -r issuer partner spent; do
        till_ok "$partner" redeem "b-$issuer-$partner-$spent" \
            "{\"member\":\"${member[$issuer]}\",\"points\":$spent}"
        [[ $spent != 50000 || $issuer != grocer ]] || disputed=$(field .index)
    done <<<'grocer books 400000
grocer cinema 200000
grocer cinema 50000
books grocer 300000
books cinema 80000
cinema grocer 50000
cinema books 120000'
    period=2026-12
    pass_to 2027-01-01T08:00:00Z
    expect_period fuel "$net_of_each" 'grocer -3300.00, books 940.00, cinema 1280.00, fuel 1080.00'
    expect_equal 11880 "$(jq '[.rounded[].rounded | tonumber] | add' "$work/period.json")" 'gross'
}

one_disputes_a_record() {
    settle fuel propose --period "$period"
    expect_done 'is proposed'
    settle grocer dispute --period "$period" --record "$disputed"
    expect_refused 2 'WRONG_AMOUNT'
    settle books dispute --period "$period" --record "$disputed" --code WRONG_AMOUNT
    expect_refused 1 'party'
    settle grocer dispute --period "$period" --record "$disputed" --code WRONG_AMOUNT
    expect_done
    for node in books cinema; do
        settle "$node" sign --period "$period"
        expect_done
        settle "$node" sign --period "$period" --as finance
        expect_done
    done
    settle cinema status --period "$period"
    expect_done "grocer disputes 450.00 EUR of redemption that grocer owes cinema \\(WRONG_AMOUNT\\)"
    expect_match 'cinema says how much it upholds' "$said" 'what is next'
    settle cinema respond --period "$period" --record "$disputed" --amount 270.00
    expect_done
    settle grocer finalise --period "$period"
    expect_refused 1 ''
}

silence_accepts_and_what_is_disputed_is_carved_out() {
    pass_to 2027-01-06T08:00:00Z
    settle grocer finalise --period "$period"
    expect_done 'period 2026-12 is final'
    expect_period grocer "$net_of_each" 'grocer -2850.00, books 940.00, cinema 830.00, fuel 1080.00'
    expect_period grocer "$payments" 'grocer fuel 1080.00, grocer books 940.00, grocer cinema 830.00'
    settle grocer resolve --period "$period" --record "$disputed" --amount 270.00
    expect_done 'what is not cancelled is owed in the period that is open now'
    expect_period cinema '.disputes[0] | .state + " " + .upheld + " " + .rest' 'resolved 270.00 180.00'
    get cinema office /v1/settlement
    expect_field '[.obligations[] | .debtor + " " + .creditor + " " + .open] | join(", ")' \
        'grocer cinema 180.00'
}

# Grocer pays from another account than the one that it ordered from, books is paid where SEPA does
# not go.
accounts_change_before_the_money_comes() {
    local person
    jq '.grocer.iban = "AT48 3200 0000 1234 5864" | .books.iban = "TR33 0006 1005 1978 6457 8413 26"' \
        "$accounts" >"$work/changed.json"
    cat "$work/changed.json" >"$accounts"
    for person in office finance; do
        set_account grocer "$person"
        expect_done
        set_account books "$person"
        expect_done
    done
    pass_to 2027-01-14T08:00:00Z
    "$accrue" report payments --dir "$home" --node grocer --period "$period" --format xml \
        --out "$reports/some.xml" >"$work/said" 2>&1
    expect_equal 1 $? 'exit status where a payee is left out'
    expect_match 'left out: payment 1 to books: SEPA does not reach the account TR33' \
        "$(<"$work/said")" 'who is left out'
    expect_equal 1910.00 "$(grep -o 'CtrlSum>1910.00<' "$reports/some.xml" | head -n 1 | tr -cd 0-9.)" sum
}

it_is_settled_too() {
    local number node person
    for number in 0 1 2; do
        settle grocer pay --period "$period" --payment "$number"
        expect_done
        settle grocer pay --period "$period" --payment "$number" --as finance
        expect_done
    done
    settle cinema fail --period "$period"
    expect_done
    settle cinema status --period "$period"
    expect_done 'anew: the last one never came'
    for person in office finance; do
        settle grocer pay --period "$period" --as "$person"
        expect_done
    done
    bank_statement cinema third.xml <<<"830.00 grocer $(reference_of 2)"
    sed -i 's/AT483200000012345864/AT611904300234573201/' "$work/third.xml"
    settle cinema confirm --period "$period" --file "$work/third.xml" --accounts "$accounts"
    expect_done '1 payments confirmed'
    for node in books fuel; do
        settle "$node" confirm --period "$period"
        expect_done
    done
    expect_period grocer .state settled
}

# ---- reports ------------------------------------------------------------------------------------

every_report_is_written() {
    local name format root totals
    expect_period grocer .state settled
    root=$(jq -r .root "$work/period.json") totals=$(jq -r .totals "$work/period.json")
    for name in statement matrix nets payments fees disputes exceptions; do
        for format in csv json html; do
            report grocer "$name" "$format" "$name.$format" --accounts "$accounts"
            [[ $name == exceptions ]] || expect_match "$totals" "$(<"$reports/$name.$format")" "$name"
        done
        jq -e . "$reports/$name.json" >"$work/null" || fail "$name.json is no JSON"
        expect_equal "$root $totals" \
            "$(jq -r '.checkpoint.root + " " + .totals' "$reports/$name.json")" "source of $name"
        ! has xmllint || accepts "$name.html" xmllint --html --noout --nowarning
    done
    for name in nets matrix; do
        grep -q '<svg' "$reports/$name.html" || fail "no chart in $name.html"
    done
    expect_match 'grocer,cinema,EUR,1800.00' "$(<"$reports/matrix.csv")" 'the matrix'
    expect_equal '1 0.00 450.00' "$(jq -r '.sums[0] | "\(.disputed_lines) \(.disputed_to) " +
        .disputed_by' "$reports/statement.json")" 'what is left out'
    expect_match 'as disputed: 1 line, exactly EUR 0.00 owed to you and EUR 450.00 owed by you' \
        "$(<"$reports/statement.html")" 'what is left out'
    expect_equal '270.00 180.00' \
        "$(jq -r '.disputes[0] | .upheld + " " + .rest' "$reports/disputes.json")" 'the register'
}

# Of the months that were settled: one begins as the other ended, and the audit has their hashes.
points_by_vintage_are_reported() {
    local name format
    for name in liability ageing breakage deferred; do
        for format in csv json html; do
            report grocer "$name" "$format" "$name.$format"
        done
        expect_equal "$(jq -r .root "$work/period.json")" \
            "$(jq -r .checkpoint.root "$reports/$name.json")" "source of $name"
        ! has xmllint || accepts "$name.html" xmllint --html --noout --nowarning
    done
    grep -q '<svg' "$reports/breakage.html" || fail 'no chart in breakage.html'
    for name in liability ageing breakage deferred; do
        report grocer "$name" pdf "$name.pdf" --accounts "$accounts"
        has pdftotext || continue
        pdftotext -layout "$reports/$name.pdf" "$work/$name.txt"
        for text in "2026-12-$name" SANDBOX 'Page 1 of' 'all partners' \
            "$(jq -r .checkpoint.root "$reports/$name.json")" "$(jq -r .hash "$reports/$name.json")"; do
            grep -qF -- "$text" "$work/$name.txt" || fail "not in $name.pdf: $text"
        done
    done
    jq -r '.rows[] | select(.opening != "0") | .funder + .vintage + .opening' \
        "$reports/liability.json" | sort >"$work/opening"
    period=2026-11 report books liability json earlier.json
    jq -r '.rows[] | select(.closing != "0") | .funder + .vintage + .closing' \
        "$reports/earlier.json" | sort >"$work/closing"
    cmp "$work/opening" "$work/closing" || fail 'December does not begin as November ended'
    [[ -s $work/opening ]] || fail 'nothing was outstanding'
}

served_as_written() { # NAME FORMAT TYPE [QUERY [OPTIONS]]
    report grocer "$1" "$2" "served.$2" "${@:5}"
    get grocer finance "/v1/periods/$period/reports/$1?format=$2${4-}"
    expect_equal 200 "$status" "the answer with $1 as $2"
    cmp "$answer_file" "$reports/served.$2" || fail "$1 as $2 is not what the command writes"
    expect_equal "$3" "$(header content-type)" "the type of $1 as $2"
    expect_match "^attachment; filename=\"$period-$1[A-Za-z-]*\.$2\"\$" \
        "$(header content-disposition)" "the name of $1 as $2"
    rm "$reports/served.$2"
}

# The node makes the same files itself.
every_report_is_served() {
    local name
    for name in statement matrix nets payments fees disputes exceptions liability ageing breakage \
        deferred; do
        served_as_written "$name" csv 'text/csv; charset=utf-8'
        served_as_written "$name" json application/json
        served_as_written "$name" html 'text/html; charset=utf-8'
    done
    for name in statement liability ageing breakage deferred; do
        served_as_written "$name" pdf application/pdf '&partner=books' --partner books
    done
    served_as_written journal journal 'text/plain; charset=utf-8'
    "$accrue" report exposure --dir "$home" --node grocer --format csv >"$work/exposure"
    get grocer office '/v1/reports/exposure?format=csv'
    cmp "$answer_file" "$work/exposure" || fail 'exposure is not what the command writes'
    get grocer till "/v1/periods/$period/reports/nets?format=csv"
    expect_equal 403 "$status" 'the answer to a till'
    get grocer office "/v1/periods/$period/reports/payments?format=xml"
    expect_equal '409 no-report' "$status $(field .code)" 'the answer when nothing is to be paid'
}

a_statement_says_the_sums_on_paper() {
    report grocer statement pdf statement.pdf --accounts "$accounts"
    if has pdftotext; then
        pdftotext -layout "$reports/statement.pdf" "$work/statement.txt"
        for text in 'Green Grocer AG' 'EUR 3,150.00' 'EUR 6,000.00' '2,850.00' 'SANDBOX' \
            '2026-12-EUR-grocer' 'Left out of this period as disputed: 1 line, exactly EUR 0.00' \
            "$(jq -r .root "$work/period.json")"; do
            grep -qF -- "$text" "$work/statement.txt" || fail "not in the PDF: $text"
        done
    fi
}

books_are_taken_by_hledger_ledger_and_beancount() {
    local dialect
    for dialect in hledger ledger beancount; do
        report grocer journal journal "all.$dialect" --dialect "$dialect"
        report grocer journal journal "own.$dialect" --dialect "$dialect" --partner grocer
    done
    for book in all own; do
        ! has hledger || accepts "$book.hledger" hledger check --strict -f
        ! has ledger || accepts "$book.ledger" ledger --strict --pedantic bal -f
        ! has bean-check || accepts "$book.beancount" bean-check
    done
    if has hledger; then
        expect_match '^ *-2850.00 EUR' \
            "$(hledger -f "$reports/own.hledger" bal -N --flat 'acct:Assets:Bank')" 'what it paid'
    fi
}

what_makes_no_sense_is_refused() {
    local wanted options
    while IFS='|' read -r options wanted; do
        # shellcheck disable=SC2086 # several options
        "$accrue" report --dir "$home" --period "$period" $options >"$work/said" 2>&1
        expect_equal 2 $? "exit status of $options"
        expect_match "$wanted" "$(<"$work/said")" "$options"
    done <<'END'
matrix --format pdf|comes as csv, json, html
statement --format xml|comes as pdf, csv, json, html
taxes --format csv|no report 'taxes': there are statement, matrix
nets --format docx|--format is pdf, csv
nets --format csv --partner books|takes no --partner
statement --format csv --partner nobody|no partner 'nobody'
payments --format xml|nothing to pay
nets --format csv --dialect ledger|--format journal
liability --format xml|comes as pdf, csv, json, html
ageing --format csv --partner nobody|no partner 'nobody'
END
    "$accrue" settle --help >"$work/said" || fail "exit status $? of settle --help"
    expect_match 'accrue settle propose' "$(<"$work/said")" 'what there is to settle'
    sed 's/AT48 3200/AT48 3201/' "$accounts" >"$work/wrong.json"
    "$accrue" report nets --dir "$home" --period "$period" --format csv \
        --accounts "$work/wrong.json" >"$work/said" 2>&1
    expect_equal 2 $? 'exit status for a wrong IBAN'
    expect_match '/grocer/iban' "$(<"$work/said")" 'where the mistake is'
}

# What the bank says of an earlier account is confirmed by number, and that is said.
an_account_that_changed_is_named() {
    local person ended='has changed since the period ended, on 2027-01-2'
    for person in office finance; do
        account cinema set --currency EUR --holder 'Lux Cinemas' --iban 'DE44500105175407324931' \
            --as "$person"
        expect_done
    done
    pass_to 2027-01-22T08:00:00Z
    settle cinema confirm --period "$period" --file "$work/third.xml"
    expect_refused 2 "the account of cinema in EUR $ended.*confirmed by number"
    expect_match 'is for the account DE89370400440532013000, not for DE44' "$said" 'which'
    sed -e 's/DE89370400440532013000/DE44500105175407324931/' \
        -e 's|</DbtrAcct>|&<CdtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></CdtrAcct>|' \
        "$work/third.xml" >"$work/fourth.xml"
    settle cinema confirm --period "$period" --file "$work/fourth.xml"
    expect_refused 1 "wrong-account: payment 2, .*cinema in EUR $ended.*by number, --payment 2"
}

# ---- the whole ledger ---------------------------------------------------------------------------

the_audit_is_clean() {
    needed nodes_agree
    "$accrue" audit --dir "$home" >"$work/audit.txt" 2>&1 ||
        fail "exit status $?" "$(tail -n 20 "$work/audit.txt")"
    expect_match "$period  *$(jq -r .hash "$reports/liability.json")" "$(<"$work/audit.txt")" hashes
    expect_match $'open period, exact, in EUR:\n  [gn]' "$(<"$work/audit.txt")" 'what is owed, or nothing'
}

# ---- all of it ----------------------------------------------------------------------------------

know_accounts
coalition coalition --operator fuel --issue-fee 0.0004 --sandbox 2026-11-02T08:00:00Z
jq '.joint_funding = [{"issuer": "books", "funder": "grocer", "budget": 160}]' \
    "$home/charter.json" >"$work/charter.json"
cat "$work/charter.json" >"$home/charter.json"
node_start "${names[@]}"
needed nodes_ready "${names[@]}"
run_case two_people_of_each_partner_set_an_account
run_case everybody_is_alerted
run_case the_month_is_played_as_in_example_a
run_case it_is_over_and_proposed
run_case a_record_of_several_lines_shows_them
run_case two_people_of_each_partner_sign
run_case the_payer_makes_orders_for_its_bank
run_case they_pay_and_the_banks_file_confirms
run_case the_month_is_played_as_in_example_b
run_case one_disputes_a_record
run_case silence_accepts_and_what_is_disputed_is_carved_out
run_case accounts_change_before_the_money_comes
run_case it_is_settled_too
run_case every_report_is_written
run_case points_by_vintage_are_reported
run_case every_report_is_served
run_case a_statement_says_the_sums_on_paper
run_case books_are_taken_by_hledger_ledger_and_beancount
run_case what_makes_no_sense_is_refused
run_case an_account_that_changed_is_named
run_case the_audit_is_clean
finish
