# journey_model.awk - what the real-data demo must come to, computed apart from the product: a second,
# naive model of earning, spending in order of earning, and who owes whom.
#   LC_ALL=C awk -F, -f journey_model.awk EVENTS     (lines: time,order,file line,member,partner,points)
BEGIN { split("grocer books cinema fuel", name, " ") }
$2 == 0 { members[$4] = 1; balance[$4] += $6; earns++; earned += $6
          last = ++lots[$4]; issuer[$4, last] = $5; left[$4, last] = $6 }
$2 == 1 {
    if (balance[$4] < $6) { refused++; next }
    redemptions++; spent += $6; balance[$4] -= $6
    for (need = $6; need > 0; ) {
        at = first[$4] + 1
        take = left[$4, at] < need ? left[$4, at] : need
        left[$4, at] -= take; need -= take
        if (issuer[$4, at] != $5) owed[issuer[$4, at], $5] += take
        if (left[$4, at] == 0) first[$4]++
    }
}
END {
    for (m in members) count++
    printf "demo: members=%d earns=%d earned=%d redemptions=%d refused=%d spent=%d\n",
        count, earns, earned, redemptions, refused, spent
    for (a = 0; a < 4; a++) for (b = 0; b < 4; b++)
        if ((a, b) in owed) printf "%s %s %d\n", name[a + 1], name[b + 1], owed[a, b]
}
