# shellcheck shell=bash
# disks.sh - a node whose disk fails while tills write to all four: how it ends and what it says,
# that the others go on and hold nothing against it, and that it comes back. Sources tills.sh.
# shellcheck source=tills.sh
. "$(dirname "$0")/tills.sh"

# shellcheck disable=SC2034 # of use to the scripts
victim=fuel others=(grocer books cinema)
declare -A heard=() # bytes of a node's log that were there before
turn=0              # number of the last transaction of the test's own

from_here() { # NODE: `said` is what it says from now on
    heard[$1]=$(stat -L -c %s "$work/$1.log" 2>/dev/null || echo 0)
}

listen_to() { # NODE
    said=$(tail -c +$((${heard[$1]:-0} + 1)) "$work/$1.log")
}

expect_said() { # PATTERN...
    local pattern
    for pattern in "$@"; do
        grep -qE -- "$pattern" <<<"$said" || depth=1 fail "wanted /$pattern/ to be said" "$said"
    done
}

# The node ends by itself, with this status, and says all this.
ends() { # NODE STATUS PATTERN...
    node_gone "$1" 30 || {
        fail "$1 goes on"
        node_end "$1" KILL
        return 1
    }
    listen_to "$1"
    [[ $exit_status == "$2" ]] || fail "exit status: wanted $2, saw $exit_status" "$said"
    expect_said "${@:3}"
}

goes_on() { # NODE...: a redemption is decided there
    local node
    for node in "$@"; do
        till "$node" redeem "goes-on-$((++turn))" "{\"member\":\"$ann\",\"points\":1}"
        [[ $status == 200 ]] || depth=1 fail "$node does not go on: $status" "$body"
    done
}

comes_back() { # NODE
    from_here "$1"
    node_start "$1"
    nodes_ready "$1" || {
        listen_to "$1"
        fail "$1 does not come back" "$said"
        finish
    }
    goes_on "$1"
}

# No two different votes, proposals or batches signed by the node's key for one place.
nothing_is_held_against() { # NODE
    local node seen
    for node in "${names[@]}"; do
        [[ $node != "$1" ]] || continue
        get "$node" auditor /metrics
        seen=$(sed -n "s/^accrue_peer_conflicts_total{node=\"$1\"} //p" <<<"$body")
        expect_equal 0 "$seen" "conflicts of $1 seen by $node"
    done
}

nothing_acknowledged_is_lost() {
    local node
    stop_tills
    needed nodes_ready "${names[@]}"
    all_nodes_come_to_one_place
    what_was_acknowledged_is_there_once_where_it_was_said_to_be
    the_balance_is_what_the_log_says
    for node in "${names[@]}"; do
        nothing_is_held_against "$node"
    done
    "$accrue" verify --dir "$home" >"$work/verify" 2>&1 || fail 'verify' "$(<"$work/verify")"
}
