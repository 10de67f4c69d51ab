# table.awk - the lines of measure.h as a table, the ratios, and the benchmark's last line.
BEGIN {
    FS = "\t"
    format = "%-9s %-12s %7s %10s %9s %9s %10s %12s %9s\n"
    printf format, "side", "class", "clients", "tx/s", "p50 ms", "p99 ms", "CPU us/tx", "disk B/tx",
        "peak MiB"
}

/^#/ {
    remarks = remarks substr($0, 3) "\n"
    next
}

NF == 12 {
    printf format, $1, $2, $3, sprintf("%.0f", $4), sprintf("%.2f", $5), sprintf("%.2f", $6),
        sprintf("%.1f", $7), $8, sprintf("%.0f", $9)
    class = $2 " " $3
    if ($1 == "accrue" && $2 != "preload")
        order[++classes] = class
    if ($2 == "batched")
        batched[class] = 1
    speed[$1, class] = $4
    middle[$1, class] = $5
    cpu[$1, class] = $7
    bytes[$1, class] = $8
}

# Of the numbers of clients that batches were sent from, the one that suits a side best.
function best(side,    class, found) {
    found = "batched 4"
    for (class in batched)
        if (speed[side, class] > speed[side, found])
            found = class
    return found
}

function over(a, b) {
    return b > 0 ? sprintf("%.2f", a / b) : "none"
}

function ratio(class) {
    return over(speed["accrue", class], speed["postgres", class])
}

END {
    printf "\nCPU: of accrue's four nodes together, of postgres's primary and standby together;\n"
    printf "without the drivers. Disk: of a node, without images of its state; postgres's tables and indexes, not its WAL.\n"
    printf "Peak: of the largest process, postgres's without its shared cache. p50 and p99: of a\n"
    printf "request, until decided; a batch has 1,000 transactions.\n\n%s\n", remarks
    for (i = 1; i <= classes; i++)
        printf "ratio %-14s %s\n", order[i], ratio(order[i])
    ours = best("accrue")
    ratio_batched = over(speed["accrue", ours], speed["postgres", best("postgres")])
    printf "ratio %-14s %s (each side with the clients that suit it: %s, %s)\n", "batched",
        ratio_batched, ours, best("postgres")
    printf "bench: batched_ratio=%s interactive64_ratio=%s ", ratio_batched, ratio("interactive 64")
    printf "lone_p50_ms=%.2f batched_tps=%.0f cluster_cpu_us=%.1f bytes_per_tx=%.0f\n",
        middle["accrue", "interactive 1"], speed["accrue", ours], cpu["accrue", ours],
        bytes["accrue", ours]
}
