# settling.sh - steps of settlement periods at the command line, the bank's files, and what other
# programs say of ours. Sourced after lib.sh, by scripts that set `period`.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what the scripts read, and what lib.sh and they set

schema=$ACCRUE_SHARED/vectors/iso20022/pain.001.001.09.xsd
reports=$work/reports
accounts=$work/accounts.json

# Where each of the four is paid, and a folder for reports.
know_accounts() {
    mkdir "$reports"
    cat >"$accounts" <<'END'
{"grocer": {"name": "Green Grocer AG", "iban": "AT61 1904 3002 3457 3201", "bic": "BKAUATWWXXX",
            "address": ["Marktplatz 1", "1010 Wien"], "tax_number": "ATU12345678"},
 "books":  {"name": "Books & More Ltd", "iban": "IE29 AIBK 9311 5212 3456 78"},
 "cinema": {"name": "Lux Cinémas GmbH", "iban": "DE89 3704 0044 0532 0130 00"},
 "fuel":   {"name": "High Street Services", "iban": "NL91 ABNA 0417 1643 00"}}
END
}

# ---- the command line ---------------------------------------------------------------------------

# `said` and `exit_status` tell what came of it.
settle() { # NODE COMMAND [OPTIONS]
    "$accrue" settle "$2" --dir "$home" --node "$1" "${@:3}" >"$work/said" 2>&1
    exit_status=$?
    said=$(<"$work/said")
    body=$said
}

account() { # NODE COMMAND [OPTIONS]
    "$accrue" settle account "$2" --dir "$home" --node "$1" "${@:3}" >"$work/said" 2>&1
    exit_status=$?
    said=$(<"$work/said")
    body=$said
}

collateral() { # NODE COMMAND [OPTIONS]
    "$accrue" settle collateral "$2" --dir "$home" --node "$1" "${@:3}" >"$work/said" 2>&1
    exit_status=$?
    said=$(<"$work/said")
    body=$said
}

# One person's word on what the file of accounts says.
set_account() { # PARTNER PERSON
    local bic
    bic=$(jq -r ".\"$1\".bic // empty" "$accounts")
    account "$1" set --currency EUR --holder "$(jq -r ".\"$1\".name" "$accounts")" \
        --iban "$(jq -r ".\"$1\".iban" "$accounts")" ${bic:+--bic "$bic"} --as "$2"
}

expect_done() { # [WHAT IT SAYS]
    [[ $exit_status == 0 ]] || depth=1 fail "exit status $exit_status" "$said"
    [[ -z ${1-} ]] || expect_match "$1" "$said" 'what it says'
}

expect_refused() { # STATUS WHAT IT SAYS
    [[ $exit_status == "$1" ]] || depth=1 fail "exit status $exit_status, not $1" "$said"
    expect_match "$2" "$said" 'why'
}

report() { # NODE NAME FORMAT FILE [OPTIONS]
    "$accrue" report "$2" --dir "$home" --node "$1" --period "$period" --format "$3" \
        --out "$reports/$4" "${@:5}" >"$work/said" 2>&1 ||
        depth=1 fail "no report $4" "$(<"$work/said")"
}

# Of the period, as a node tells it.
period_is() { # NODE JQ-FILTER WANTED
    "$accrue" settle status --dir "$home" --node "$1" --period "$period" --json \
        >"$work/period.json" 2>/dev/null
    [[ $(jq -r "$2" "$work/period.json" 2>/dev/null) == "$3" ]]
}

expect_period() { # NODE JQ-FILTER WANTED
    eventually 10 period_is "$@" ||
        depth=1 fail "$2: wanted '$3'" "$(jq -c "$2" "$work/period.json" 2>&1)"
}

net_of_each='[.nets[] | .partner + " " + .net] | join(", ")'
payments='[.payments[] | .from + " " + .to + " " + .amount] | join(", ")'

# Two decisions: a period ends with the first one after its end, and the second tells its tree.
pass_to() { # TIME
    local node=${names[0]} tick
    post "$node" admin /v1/clock "clock-$1" "{\"to\":\"$1\"}"
    expect_answer 200
    for tick in 1 2; do
        post "$node" admin /v1/clock "tick-$1-$tick" '{"advance_ms":1000}'
        expect_answer 200
    done
}

till_ok() { # NODE PATH KEY JSON
    till "$@"
    [[ $status == 200 ]] || depth=1 fail "$2 $3: $status" "$body"
}

# ---- the bank -----------------------------------------------------------------------------------

iban_of() { # PARTNER
    jq -r ".\"$1\".iban" "$accounts" | tr -d ' '
}

reference_of() { # NUMBER OF THE PAYMENT
    "$accrue" report payments --dir "$home" --period "$period" --format json |
        jq -r ".payments[$1].end_to_end"
}

# A statement of PARTNER's bank, whose entries are on standard input: AMOUNT DEBTOR END-TO-END-ID;
# what has a minus went back.
bank_statement() { # PARTNER FILE
    local amount debtor reference direction place=0
    {
        printf '%s<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-12-07T18:00:00</CreDtTm>' \
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        printf '</GrpHdr><Stmt><Id>S</Id><Acct><Id><IBAN>%s</IBAN></Id></Acct>' "$(iban_of "$1")"
        while read -r amount debtor reference; do
            place=$((place + 1))
            direction='<CdtDbtInd>CRDT</CdtDbtInd>'
            [[ $amount != -* ]] || direction='<CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd>'
            printf '<Ntry><Amt Ccy="EUR">%s</Amt>%s' "${amount#-}" "$direction"
            printf '<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-12-07</Dt></BookgDt>'
            printf '<AcctSvcrRef>%s-%s</AcctSvcrRef><BkTxCd/>' "$2" "$place"
            printf '<NtryDtls><TxDtls><Refs><EndToEndId>%s</EndToEndId></Refs>' "$reference"
            printf '<RltdPties><DbtrAcct><Id><IBAN>%s</IBAN></Id></DbtrAcct></RltdPties>' \
                "$(iban_of "$debtor")"
            printf '</TxDtls></NtryDtls></Ntry>\n'
        done
        printf '</Stmt></BkToCstmrStmt></Document>\n'
    } >"$work/$2"
}

# ---- what other programs say --------------------------------------------------------------------

has() {
    command -v "$1" >/dev/null || {
        echo "not asked: $1 is not installed"
        return 1
    }
}

accepts() { # FILE COMMAND...
    "${@:2}" "$reports/$1" >"$work/said" 2>&1 || depth=1 fail "${2} refuses $1" "$(<"$work/said")"
}
