#!/usr/bin/env bash
# timeout: 600
# The demo as its user runs it: a day of our own, then, where the data is there, a year of real
# purchases, whose totals and debts must be those of a second model written apart (journey_model.awk).
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

check() { # what, seen, expected
    if [[ $2 == "$3" ]]; then
        printf 'ok     %s\n' "$1"
    else
        printf 'FAILED %s\n  seen:     %s\n  expected: %s\n' "$1" "$2" "$3"
        failed=1
    fi
}

shape='^demo: members=[0-9]+ earns=[0-9]+ earned=[0-9]+ redemptions=[0-9]+ refused=[0-9]+ spent=[0-9]+ records=[0-9]+ root=[A-Za-z0-9+/]{43}= nodes-agree=4/4 verify=pass$'

"$ACCRUE_BUILD/accrue" demo --once --dir "$work/demo" >"$work/day" 2>&1 || { cat "$work/day"; exit 1; }
check "a_day_ends_with_its_line" "$(tail -n 1 "$work/day" | grep -cE "$shape")" 1
check "the_month_is_closed_signed_and_final" \
    "$(grep -c '^The books of 2026-03: proposed by grocer, signed by two people of each partner, final' \
        "$work/day")" 1
check "each_partner_has_its_statement_on_paper" \
    "$(for p in grocer books cinema fuel; do
        head -c 5 "$work/demo/statement-2026-03-$p.pdf" 2>&1
    done)" %PDF-%PDF-%PDF-%PDF-
check "each_partner_has_an_account_on_the_ledger" \
    "$(grep -c '^Two people of each partner have said where it is paid' "$work/day")" 1
check "one_of_two_racing_tills_wins" "$(grep -c "insufficient-points" "$work/day")" 1

data=$ACCRUE_SHARED/data/completejourney
if [[ ! -r $data/baskets.csv ]]; then
    echo "skipped the real purchases: $data is not here"
    exit $((failed))
fi

{
    LC_ALL=C awk -F, 'NR > 1 && $6 >= 100 {
        sub("T", " ", $4); sub("Z", "", $4)
        printf "%s,0,%07d,%s,%d,%d\n", $4, NR, $2, $3 % 4, $6 / 100 }' "$data/baskets.csv"
    LC_ALL=C awk -F, 'NR > 1 {
        printf "%s 23:59:59,1,%07d,%s,%d,50\n", $4, NR, $1, substr($2, length($2) - 1) % 4 }' \
        "$data/coupon_redemptions.csv"
} | LC_ALL=C sort -t, -k1,1 -k2,2 -k3,3 >"$work/events"
LC_ALL=C awk -F, -f "$(dirname "$0")/journey_model.awk" "$work/events" >"$work/expected"

"$ACCRUE_BUILD/accrue" demo --once --data "$data" >"$work/year" 2>&1 || { tail "$work/year"; exit 1; }
check "a_year_ends_with_its_line" "$(tail -n 1 "$work/year" | grep -cE "$shape")" 1
check "its_last_month_is_settled" "$(grep -c '^The books of 201[78]-[01][0-9]: .* final' "$work/year")" 1
check "a_year_has_the_second_models_totals" \
    "$(tail -n 1 "$work/year" | sed 's/ records=.*//')" "$(head -n 1 "$work/expected")"
check "a_year_has_the_second_models_debts" \
    "$(awk '$3 ~ /^[0-9]+$/ && $4 ~ /^[0-9.]+$/ && NF == 5 { print $1, $2, $3 }' "$work/year")" \
    "$(tail -n +2 "$work/expected")"
exit $((failed))
