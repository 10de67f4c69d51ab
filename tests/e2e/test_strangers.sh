#!/usr/bin/env bash
# Strangers, broken tills and wrong tokens: each gets a precise answer or none, nothing is booked,
# and the node goes on answering those who belong.
# timeout: 300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ann=aa000000000000000000000000000001
bob=bb000000000000000000000000000002

goes_on() { # KEY
    local start=$EPOCHREALTIME
    till grocer earn "$1" "{\"member\":\"$bob\",\"points\":1}"
    expect_answer 200
    ((${EPOCHREALTIME/./} - ${start/./} < 8000000)) || fail 'it took more than 8 s'
}

records() {
    local body
    get grocer auditor /v1/coalition
    field .records
}

metric() { # NAME-WITH-LABELS
    local body
    get grocer none /metrics
    sed -n "s/^$1 //p" <<<"$body"
}

# Of grocer, in KiB.
memory() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/${pids[grocer]}/status"
}

not_grown() { # KIB-BEFORE KIB-MORE
    local now
    now=$(memory)
    ((now - $1 < $2)) || depth=1 fail "memory went from $1 to $now KiB"
}

# ---- at the peers' port ------------------------------------------------------------------------

# What comes on standard input goes to grocer's port for peers.
to_the_peers_port() {
    timeout 3 bash -c "exec 3<>/dev/tcp/127.0.0.1/$base; cat >&3; sleep 0.2" 2>/dev/null
}

# The greeting of a nanomsg PUSH socket, then frames of the given sizes filled with chance.
frames() { # SIZE...
    local size
    printf '\0SP\0\0\120\0\0'
    for size in "$@"; do
        # shellcheck disable=SC2059
        printf "$(printf '\\x%02x' 0 0 0 0 $((size >> 24 & 255)) $((size >> 16 & 255)) \
            $((size >> 8 & 255)) $((size & 255)))"
        head -c "$size" /dev/urandom
    done
}

garbage_at_the_peers_port_harms_nothing() {
    local before i
    before=$(metric 'accrue_stranger_frames_total{reason="malformed"}')
    head -c 100000 /dev/urandom | to_the_peers_port
    printf 'GET / HTTP/1.1\r\nHost: x\r\n\r\n' | to_the_peers_port
    frames 0 1 7 100 1000 30000 65535 65536 | to_the_peers_port
    for ((i = 0; i < 200; i++)); do echo 600; done | {
        mapfile -t sizes
        frames "${sizes[@]}"
    } | to_the_peers_port
    goes_on after-garbage
    (($(metric 'accrue_stranger_frames_total{reason="malformed"}') > before)) ||
        fail 'malformed frames are not counted' "$(metric 'accrue_stranger_frames_total.*')"
}

frames_of_a_forged_size_take_no_memory() {
    local senders=() before i
    before=$(memory)
    for ((i = 0; i < 20; i++)); do
        printf '\0SP\0\0\120\0\0\177\377\377\377\377\377\377\377garbage' | to_the_peers_port &
        senders+=($!)
        printf '\0SP\0\0\120\0\0\0\0\0\0\100\0\0\0garbage' | to_the_peers_port &
        senders+=($!)
    done
    wait "${senders[@]}"
    goes_on after-forged-sizes
    not_grown "$before" 32768
}

# COUNT connections to PORT, each of which says TEXT and then nothing, for SECONDS.
crowd() { # NAME PORT COUNT SECONDS [TEXT]
    "$ACCRUE_BUILD/tests/crowd" "${@:2}" >"$work/crowd.$1" &
    helpers+=($!)
    expect_eventually 20 test -s "$work/crowd.$1"
    expect_equal "open $3" "$(head -n 1 "$work/crowd.$1")" "connections of $1"
}

# Of the 2,000 at the API's port, 1,024 have a place at a time.
two_thousand_idle_connections_keep_nobody_out() {
    local before
    before=$(memory)
    crowd peers "$base" 2000 20 '\0SP\0\0P\0\0'
    crowd http $((base + 1000)) 2000 20
    goes_on with-idle-strangers
    # A peer that starts now still gets through to this one.
    node_end fuel
    node_start fuel
    needed nodes_ready fuel
    expect_eventually 10 link_is_up fuel
    goes_on with-idle-strangers-2
    not_grown "$before" 65536
}

link_is_up() {
    [[ $(metric "accrue_peer_link_up{peer=\"$1\"}") == 1 ]]
}

# ---- at the API --------------------------------------------------------------------------------

# drip BEGINNING SECONDS FILE: a request that goes on a byte a second; notes when it was ended.
drip() {
    local start=$SECONDS i
    exec 3<>"/dev/tcp/127.0.0.1/$((base + 1000))"
    printf '%s' "$1" >&3
    for ((i = 0; i < $2; i++)); do
        printf x >&3 || break
        read -r -t 1 -u 3 _
        (($? > 128)) || break
    done
    echo $((SECONDS - start)) >"$3"
}

# In its head.
slow_client() {
    drip $'GET /v1/coalition HTTP/1.1\r\nX-Slow: ' 40 "$work/slow"
}

a_client_that_drips_is_ended_and_delays_nobody() {
    expect_eventually 20 test -s "$work/slow"
    expect_match '^1[0-9]$' "$(cat "$work/slow")" 'seconds until it was ended'
    goes_on after-slow
}

# In its body.
slow_body() {
    local head
    printf -v head '%s\r\n' 'POST /v1/earn HTTP/1.1' 'Host: x' \
        "Authorization: Bearer $(<"$home/grocer/till.token")" 'Content-Type: application/json' \
        'Idempotency-Key: slow-body' 'Content-Length: 1000' ''
    drip "$head" 60 "$work/slow-body"
}

a_body_that_drips_is_ended_too() {
    expect_eventually 40 test -s "$work/slow-body"
    expect_match '^3[0-9]$' "$(<"$work/slow-body")" 'seconds until it was ended'
}

half_requests_by_the_thousand_keep_nobody_out() {
    local before
    before=$(memory)
    crowd heads $((base + 1000)) 2000 5 'GET /v1/coalition HTTP/1.1\r\nHost: x\r\nX-Long: '
    goes_on with-half-requests
    not_grown "$before" 65536
}

# 1,024 of them, and the 64 that may be open for a moment, hold 92 KiB each.
answers_that_nobody_reads_take_little() {
    local before
    before=$(memory)
    crowd answers $((base + 1000)) 2000 5 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'
    goes_on with-unread-answers
    not_grown "$before" 131072
}

requests_in_one_go_are_answered_one_by_one() {
    local i seen
    seen=$(
        exec 3<>"/dev/tcp/127.0.0.1/$((base + 1000))"
        for ((i = 0; i < 300; i++)); do
            printf 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
        done >&3
        printf 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
        timeout 20 cat <&3 | tr -d '\0' | grep -o 'HTTP/1.1 200' | wc -l
    )
    expect_equal 301 "$seen" 'answers to 301 requests in one go'
}

gigabyte() { # CURL-OPTIONS...: a batch that large; its status and how much of it was sent
    { head -c 1073741824 /dev/zero | tr '\0' x; } 2>/dev/null |
        curl -s -m 60 -o "$work/null" -w '%{http_code} %{size_upload}' -X POST \
            -H "Authorization: Bearer $(<"$home/grocer/till.token")" \
            -H 'Content-Type: application/x-ndjson' "$@" -T - "$(url_of grocer)/v1/batch"
}

a_batch_of_a_gigabyte_is_refused() {
    local before seen
    before=$(memory)
    # Announced: before a byte of it is read.
    seen=$(gigabyte -H 'Content-Length: 1073741824' -H 'Transfer-Encoding:')
    expect_equal '413 0' "$seen" 'status and bytes sent of what was announced'
    # In chunks, nobody knows: at twice what a batch may have, the connection ends.
    seen=$(gigabyte)
    ((${seen#* } > 67108864 && ${seen#* } < 300000000)) ||
        fail "of a gigabyte in chunks ${seen#* } bytes were taken"
    goes_on after-a-gigabyte
    not_grown "$before" 65536
}

refused() { # STATUS CODE WHAT CURL-OPTIONS...: a POST /v1/earn that is not what it should be
    ask POST grocer till /v1/earn -H "Idempotency-Key: bad-$RANDOM$RANDOM" "${@:4}"
    [[ $status == "$1" && $(field .code) == "$2" ]] ||
        depth=1 fail "$3: wanted $1 $2, saw $status $(field .code)" "$body"
    expect_equal application/problem+json "$(header Content-Type)" "type of the answer to $3"
}

earn_refused() { # STATUS CODE BODY, in which ANN is a member
    refused "$1" "$2" "$3" -H 'Content-Type: application/json' --data-binary "${3//ANN/\"$ann\"}"
}

bodies_that_are_wrong_are_refused_by_code() {
    local before
    before=$(records)
    earn_refused 400 malformed ''
    earn_refused 400 malformed '{'
    earn_refused 400 malformed '[]'
    earn_refused 400 malformed 'null'
    earn_refused 400 malformed '{"member":ANN,"points":1} x'
    earn_refused 400 malformed '{"member":ANN,"points":1,"points":2}'
    earn_refused 400 malformed '{"member":ANN,"points":1,"colour":"red"}'
    earn_refused 400 malformed '{"member":ANN}'
    earn_refused 400 malformed '{"points":1}'
    earn_refused 400 malformed '{"member":ANN,"card":"49002716358012345678","points":1}'
    earn_refused 400 malformed '{"member":"AA000000000000000000000000000001","points":1}'
    earn_refused 400 malformed '{"member":ANN,"points":-1}'
    earn_refused 400 malformed '{"member":ANN,"points":0}'
    earn_refused 400 malformed '{"member":ANN,"points":1.5}'
    earn_refused 400 malformed '{"member":ANN,"points":1e3}'
    earn_refused 400 malformed '{"member":ANN,"points":"1"}'
    earn_refused 400 malformed '{"member":ANN,"points":9223372036854775807}'
    earn_refused 400 malformed '{"member":ANN,"points":99999999999999999999999}'
    earn_refused 400 malformed '{"member":ANN,"points":1,"at":"yesterday"}'
    earn_refused 400 malformed '{"member":ANN,"points":1,"at":"2026-02-30T00:00:00Z"}'
    earn_refused 400 malformed '{"member":ANN,"points":1,"eligible":"1e9"}'
    earn_refused 400 malformed \
        '{"member":ANN,"points":1,"document":"'"$(printf 'x%.0s' {1..500})"'"}'
    earn_refused 400 malformed $'{"member":ANN,"points":1,"document":"\xff\xfe"}'
    earn_refused 400 malformed "$(printf '[%.0s' {1..5000})"
    expect_equal "$before" "$(records)" 'records after what never reached the ledger'
    # These are well formed: the ledger itself refuses them, and its verdict is a record.
    earn_refused 422 future-dated '{"member":ANN,"points":1,"at":"2099-01-01T00:00:00Z"}'
    earn_refused 404 unknown-member '{"member":"cc000000000000000000000000000003","points":1}'
    get grocer till "/v1/members/$ann"
    expect_field .spendable 0
    expect_field .lot_count 0
}

every_mistake_of_a_body_is_told_with_its_place() {
    till grocer earn mistakes '{"member":"x","points":-1,"line":"a","colour":1}'
    expect_answer 400 malformed
    expect_equal '/colour /line /member /points' \
        "$(field '[.errors[].pointer] | sort | join(" ")')" 'places of the mistakes'
    expect_match '^[0-9a-f]{32}$' "$(field .trace_id)" trace_id
    expect_field .instance /v1/earn
}

headers_that_are_wrong_are_refused_by_code() {
    local good="{\"member\":\"$ann\",\"points\":1}"
    refused 415 unsupported-media-type 'a form' --data-binary "$good"
    refused 415 unsupported-media-type 'XML' -H 'Content-Type: text/xml' --data-binary "$good"
    post grocer till /v1/earn "$(printf 'k%.0s' {1..65})" "$good"
    expect_answer 400 malformed
    post grocer till /v1/earn 'two words' "$good"
    expect_answer 400 malformed
    ask POST grocer till /v1/earn -H 'Content-Type: application/json' --data-binary "$good"
    expect_answer 400 idempotency-key-missing
    head -c 200000 /dev/zero | tr '\0' ' ' >"$work/large"
    refused 413 too-large '200 KB' -H 'Content-Type: application/json' -T "$work/large"
    refused 413 too-large '200 KB in chunks' -H 'Content-Type: application/json' \
        -H 'Transfer-Encoding: chunked' -T "$work/large"
    get grocer till /v1/coalition -H "X-Large: $(head -c 40000 /dev/zero | tr '\0' x)"
    expect_equal 431 "$status" 'status of a large header'
    get grocer till "/v1/$(head -c 3000 /dev/zero | tr '\0' x)"
    expect_match '^(413|414)$' "$status" 'status of a long target'
    get grocer till /v1/coalition/
    expect_answer 404 not-found
    get grocer till /v1/../etc/passwd --path-as-is
    expect_answer 404 not-found
    ask DELETE grocer till /v1/earn
    expect_answer 405 method-not-allowed
    expect_equal POST "$(header Allow)" Allow
    get grocer till "/v1/members/$ann%00"
    expect_match '^40[04]$' "$status" 'status of a NUL in a path'
    goes_on after-headers
}

# METHOD PATH "SCOPES", of every route in the API's own document.
routes() {
    jq -r '.paths | to_entries[] | .key as $path | .value | to_entries[] |
        [.key, $path, (.value.description | capture("Scopes: (?<s>[^.;]*)").s | gsub("[ ,]+"; ","))]
        | join(" ")' "$work/openapi"
}

wanted_status() { # TOKEN-SCOPE ALLOWED-SCOPES: 401, 403 or "in"
    case ,$2, in
    ,none,* | ,any,* | *,"$1",*)
        if [[ $2 == none* || ($1 != absent && $1 != wrong) ]]; then echo in; else echo 401; fi
        ;;
    *) if [[ $1 == absent || $1 == wrong ]]; then echo 401; else echo 403; fi ;;
    esac
}

# Tokens of one scope each, beside those that the coalition was made with.
add_tokens() {
    local scope
    for scope in till office auditor admin finance; do
        printf %s "only-$scope" >"$home/grocer/only-$scope.token"
        jq --arg scope $scope --arg sum "$(printf %s "only-$scope" | sha256sum | cut -c1-64)" \
            '. + [{name: ("only " + $scope), scopes: [$scope], sha256: $sum}]' \
            "$home/grocer/tokens.json" >"$work/tokens" &&
            cat "$work/tokens" >"$home/grocer/tokens.json"
    done
}

no_route_is_open_to_a_token_that_it_does_not_name() {
    local method path scopes scope token wanted count=0
    get grocer none /openapi.json
    cp "$work/body" "$work/openapi"
    while read -r method path scopes; do
        path=${path//\{member\}/$ann} path=${path//\{index\}/0} path=${path//\{key\}/k}
        path=${path//\{height\}/1} path=${path//\{name\}/0/000}
        path=${path//\{period\}/2027-01} path=${path//\{number\}/0}
        path=${path//\{report\}/nets}
        for scope in absent wrong till office auditor admin finance; do
            token=(-H "Authorization: Bearer only-$scope")
            [[ $scope != absent ]] || token=()
            ask "${method^^}" grocer none "$path" "${token[@]}" -H "Idempotency-Key: s$count" \
                ${body_of[$method]:+-H "Content-Type: application/json" -d "${body_of[$method]}"}
            wanted=$(wanted_status "$scope" "$scopes")
            case $wanted in
            in) [[ $status != 401 && $status != 403 && $status != 000 ]] ;;
            *) [[ $status == "$wanted" ]] ;;
            esac || fail "$method $path as $scope (allowed: $scopes): wanted $wanted, saw $status"
            count=$((count + 1))
        done
    done < <(routes)
    ((count >= 44 * 7)) || fail "only $count requests"
    get grocer none /v1/nothing
    expect_answer 401 unauthenticated
    expect_match '^Bearer' "$(header WWW-Authenticate)" challenge
    get grocer none /v1/coalition -H 'Authorization: Basic b25seS10aWxs'
    expect_answer 401 unauthenticated
    get grocer none /v1/coalition -H 'Authorization: Bearer only-tillx'
    expect_answer 401 unauthenticated
    get grocer none /v1/coalition -H 'Authorization: Bearer '
    expect_answer 401 unauthenticated
}

all_nodes_still_agree() {
    local node
    for node in "${names[@]}"; do
        not_running "${pids[$node]}" && fail "$node is gone"
    done
    nodes_agree || fail 'the nodes are not at one place'
    expect_equal '' "$(grep -E 'level=error' "$work"/*.log)" 'errors in the logs'
}

declare -A body_of=([get]='' [post]='{}')
coalition coalition
add_tokens
node_start "${names[@]}"
needed nodes_ready "${names[@]}"
till grocer members ann "{\"member\":\"$ann\"}"
expect_answer 200
till grocer members bob "{\"member\":\"$bob\"}"
expect_answer 200
slow_body 2>/dev/null &
helpers+=($!)
run_case garbage_at_the_peers_port_harms_nothing
run_case frames_of_a_forged_size_take_no_memory
run_case two_thousand_idle_connections_keep_nobody_out
run_case half_requests_by_the_thousand_keep_nobody_out
run_case answers_that_nobody_reads_take_little
run_case requests_in_one_go_are_answered_one_by_one
run_case a_batch_of_a_gigabyte_is_refused
slow_client 2>/dev/null & # not before: the crowds would end it sooner
helpers+=($!)
run_case bodies_that_are_wrong_are_refused_by_code
run_case every_mistake_of_a_body_is_told_with_its_place
run_case headers_that_are_wrong_are_refused_by_code
run_case no_route_is_open_to_a_token_that_it_does_not_name
run_case a_client_that_drips_is_ended_and_delays_nobody
run_case a_body_that_drips_is_ended_too
run_case all_nodes_still_agree
finish
