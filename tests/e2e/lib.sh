# shellcheck shell=bash
# lib.sh - a coalition of four in a temporary folder, its API called with curl, and checks that say
# what was seen. Sourced by tests/e2e/test_*.sh, which end with `finish`.
#
# Cases are functions named as sentences, run by `run_case`; a failed check is told with its line
# and the case goes on. The script's status is 0 only when no check failed.
#
# ACCRUE_SLOW=N says that the programs are some N times slower than built for release (sanitizers,
# valgrind): every wait may be so much longer.
#
# What is called hundreds of times starts few processes: most of what these scripts cost is curl and
# jq, not the nodes.
set -uo pipefail

# shellcheck disable=SC2034 # of use to the scripts
accrued=$ACCRUE_BUILD/accrued accrue=$ACCRUE_BUILD/accrue
work=$(mktemp -d "${TMPDIR:-/tmp}/accrue-e2e.XXXXXX")
names=(grocer books cinema fuel)
slow=${ACCRUE_SLOW:-1}
seats=("${names[@]}") # a test may take a node out of `names`, never out of its seat
base=0       # peers listen on base + 0..5, HTTP on base + 1000 + 0..5
declare -A pids=()
declare -A nets=() # network namespaces of nodes that have one
helpers=()   # other processes to end
failures=0
in_case=setup
status='' body=''
answer_file=$work/body answer_headers=$work/headers # of the last answer

cleanup() {
    local pid
    exec 2>/dev/null # bash tells of what is killed
    for pid in "${helpers[@]}" "${pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null
    done
    wait 2>/dev/null
    if ((failures)) && [[ -n ${ACCRUE_KEEP-} ]]; then
        echo "kept: $work"
    else
        rm -rf --one-file-system "$work"
    fi
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# ---- checks ------------------------------------------------------------------------------------

fail() {
    failures=$((failures + 1))
    printf 'FAILED %s, line %s: %s\n' "$in_case" "${BASH_LINENO[${depth:-0}]}" "${1:0:1500}"
    [[ -z ${2-} ]] || printf '    %s\n' "${2:0:1500}"
}

expect_equal() { # WANTED SEEN [WHAT]
    [[ $1 == "$2" ]] || depth=1 fail "${3:-value}: wanted '$1', saw '$2'" "$body"
}

expect_match() { # EXTENDED-REGEX SEEN [WHAT]
    [[ $2 =~ $1 ]] || depth=1 fail "${3:-text}: wanted /$1/, saw '${2:0:1000}'"
}

# The last answer's status, and the code of its problem.
expect_answer() { # STATUS [CODE]
    local code=null
    [[ $body != *'"code"'* ]] || code=$(field .code)
    [[ $status == "$1" && ${2-} == "${code#null}" ]] ||
        depth=1 fail "wanted $1 ${2-}, saw $status ${code#null}" "$body"
}

expect_field() { # JQ-PATH WANTED
    local seen
    seen=$(field "$1")
    [[ $seen == "$2" ]] || depth=1 fail "$1: wanted '$2', saw '$seen'" "$body"
}

# Tries COMMAND until it is true. Between two looks it waits as long as one took, so that a busy
# machine is left to what is waited for.
eventually() { # SECONDS COMMAND...
    local end=$((SECONDS + $1 * slow + 1)) start pause
    shift
    while start=${EPOCHREALTIME/[.,]/} && ! "$@"; do
        ((SECONDS < end)) || return 1
        pause=$((${EPOCHREALTIME/[.,]/} - start))
        ((pause = pause < 50000 ? 50000 : pause > 500000 ? 500000 : pause))
        printf -v pause '0.%06d' "$pause"
        sleep "$pause"
    done
}

expect_eventually() { # SECONDS COMMAND...
    eventually "$@" || depth=1 fail "not within $(($1 * slow)) s: ${*:2}" "$body"
}

run_case() {
    local before=$failures start=$EPOCHREALTIME
    in_case=${1//_/ }
    "$@"
    ((failures > before)) || printf 'ok %s (%s ms)\n' "$in_case" \
        $(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
    in_case=between
}

finish() {
    if ((failures)); then
        printf '%s checks failed; the ends of the logs:\n' "$failures"
        tail -n 15 "$work"/*.log
        exit 1
    fi
    exit 0
}

# Nothing can be tested without this.
needed() {
    "$@" || {
        depth=2 fail "needed: $*"
        finish
    }
}

# ---- the coalition -----------------------------------------------------------------------------

port_is_free() {
    ! grep -q ":$(printf '%04X' "$1") 00000000:0000 0A" /proc/net/tcp
}

# Below the range of outgoing connections, so that nothing else comes in between by chance. What
# runs at the same time in the other lane (ACCRUE_LANE: 0 or 1) has every other twenty ports.
choose_ports() {
    local i try
    for ((try = 0; try < 100; try++)); do
        base=$((10240 + (RANDOM % 500) * 40 + ${ACCRUE_LANE:-0} * 20))
        for i in 0 1 2 3 4 5; do
            { port_is_free $((base + i)) && port_is_free $((base + 1000 + i)); } || continue 2
        done
        return 0
    done
    return 1
}

# Makes a coalition in $work/DIR on free ports, which it takes if there is none yet.
coalition() { # DIR [OPTIONS of accrue coalition new]
    ((base)) || needed choose_ports
    needed "$accrue" coalition new "$work/$1" --partners grocer,books,cinema,fuel \
        --base-port "$base" "${@:2}" >"$work/coalition.txt"
    home=$work/$1
}

# How many records come between two images of the state: few, so that there are some.
images_every() { # RECORDS NODE...
    local node
    for node in "${@:2}"; do
        jq ".limits.image_records = $1" "$home/$node/node.json" >"$work/node.json"
        cat "$work/node.json" >"$home/$node/node.json"
    done
}

number_of() {
    local i
    for i in "${!seats[@]}"; do
        [[ ${seats[i]} != "$1" ]] || echo "$i"
    done
}

# Where the node's API is, in `url`.
find_url() { # NODE
    local i
    for i in "${!seats[@]}"; do
        [[ ${seats[i]} != "$1" ]] || url=http://127.0.0.1:$((base + 1000 + i))
    done
}

url_of() {
    local url=
    find_url "$1"
    echo "$url"
}

node_start() { # NODE...
    local node
    for node in "$@"; do
        ${nets[$node]:+ip netns exec "${nets[$node]}"} "$accrued" --config "$home/$node/node.json" \
            2>>"$work/$node.log" &
        pids[$node]=$!
    done
}

# Ends the node with a signal and says in `exit_status` how it ended.
node_end() { # NODE [SIGNAL]
    {
        kill -"${2:-TERM}" "${pids[$1]}"
        wait "${pids[$1]}"
        # shellcheck disable=SC2034
        exit_status=$?
    } 2>/dev/null
    unset "pids[$1]"
}

# Waits until the node has ended by itself; `exit_status` as above.
node_gone() { # NODE SECONDS
    eventually "$2" not_running "${pids[$1]}" || return 1
    wait "${pids[$1]}" 2>/dev/null
    # shellcheck disable=SC2034
    exit_status=$?
    unset "pids[$1]"
}

not_running() {
    local state
    [[ -r /proc/$1/stat ]] || return 0
    read -r _ _ state _ <"/proc/$1/stat" 2>/dev/null || return 0
    [[ $state == Z ]]
}

# COMMAND where the node's HTTP port can be reached.
near() { # NODE COMMAND...
    ${nets[$1]:+ip netns exec "${nets[$1]}"} "${@:2}"
}

is_ready() {
    local url=
    find_url "$1"
    near "$1" curl -sf -m $((2 * slow)) -o "$work/ready" "$url/healthz" &&
        [[ $(<"$work/ready") == *'"ready":true'* ]]
}

nodes_ready() { # NODE...
    local node
    for node in "$@"; do
        eventually 20 is_ready "$node" || return 1
    done
}

four_nodes() { # [OPTIONS of accrue coalition new]
    coalition coalition "$@"
    node_start "${names[@]}"
    needed nodes_ready "${names[@]}"
}

# ---- the API -----------------------------------------------------------------------------------

# Of the last answer. A plain value that stands before anything nested is found without jq.
field() { # JQ-PATH
    local name=${1#.} text='"([^"\\]*)"' plain='-?[0-9]{1,15}|true|false|null'
    if ((${#body} < 10000)) && [[ $1 =~ ^\.[a-z_]+$ && $body == '{'*'}' && $body != *$'\n'* &&
        $body =~ ^\{[^][{}]*\"$name\":($text|$plain)[,}] ]]; then
        name=${BASH_REMATCH[1]}
        [[ $name != '"'* ]] || name=${BASH_REMATCH[2]}
        printf '%s\n' "$name"
    else
        jq -r "$1" 2>/dev/null <<<"$body"
    fi
}

header() { # NAME, of the last answer
    tr -d '\r' <"$answer_headers" | sed -n "s/^$1: //Ip"
}

# One request; `status` and `body` say what came. SCOPE: till, office, auditor, admin, none.
ask() { # METHOD NODE SCOPE PATH [CURL OPTIONS]
    local token=() url=
    [[ $3 == none ]] || token=(-H "Authorization: Bearer $(<"$home/$2/$3.token")")
    find_url "$2"
    : >"$answer_file" # a node that does not answer has not said what another did
    status=$(near "$2" curl -s -m $((40 * slow)) -X "$1" -D "$answer_headers" -o "$answer_file" \
        -w '%{http_code}' \
        "${token[@]}" "${@:5}" "$url$4")
    { body=$(<"$answer_file"); } 2>/dev/null # bash tells of each NUL that it drops
}

get() { # NODE SCOPE PATH [CURL OPTIONS]
    ask GET "$@"
}

post() { # NODE SCOPE PATH KEY JSON [CURL OPTIONS]
    ask POST "$1" "$2" "$3" -H 'Content-Type: application/json' -H "Idempotency-Key: $4" \
        --data-binary "$5" "${@:6}"
}

till() { # NODE PATH KEY JSON [CURL OPTIONS]: as the node's till
    post "$1" till "/v1/$2" "${@:3}"
}

office() {
    post "$1" office "/v1/$2" "${@:3}"
}

# What all nodes must have in common, of one node: records, root, digest, height.
place_path='[.records, .root, .digest, .height] | join(" ")'
node_place() { # NODE
    local body
    get "$1" auditor /v1/coalition
    jq -r "$place_path" <<<"$body"
}

nodes_at_one_place() {
    local node status body places='' wanted=''
    for node in "${names[@]}"; do
        get "$node" auditor /v1/coalition
        [[ $status == 200 ]] || return 1
        places+=$body$'\n'
    done
    places=$(jq -r "$place_path" <<<"$places")
    for node in "${names[@]}"; do
        wanted+=${wanted:+$'\n'}${places%%$'\n'*}
    done
    [[ -n $places && $places == "$wanted" ]]
}

nodes_agree() {
    eventually 30 nodes_at_one_place
}

# Every member's balance as one node tells it, without what depends on when it was asked.
balances_of() { # NODE
    local cursor=0 page
    while [[ $cursor != null ]]; do
        page=$(near "$1" curl -s -m $((20 * slow)) \
            -H "Authorization: Bearer $(<"$home/$1/auditor.token")" \
            "$(url_of "$1")/v1/balances?cursor=$cursor&limit=250")
        jq -c '.balances[]' <<<"$page" || return 1
        cursor=$(jq -r .next <<<"$page")
    done
}
