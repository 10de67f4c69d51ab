#!/usr/bin/env bash
# Receipts: fetched, linked to, checked off-line once every node is stopped, refused when a byte is
# changed. The export of the log: the same bytes as over HTTP, resumed after a kill, incremental.
# timeout: 300
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

liar=$ACCRUE_BUILD/tests/liar
member=000102030405060708090a0b0c0d0e0f
policy=$work/policy receipt=$work/1.tlog-proof folder=$work/log
index='' link=''

# Runs accrue; `code` is its exit status, `said` what it said.
run() { # ARGUMENTS...
    said=$("$accrue" "$@" 2>&1 </dev/null)
    code=$?
}

expect_run() { # STATUS [TEXT]
    [[ $code == "$1" && $said == *"${2-}"* ]] ||
        depth=1 fail "wanted exit $1 and '${2-}', saw exit $code" "$said"
}

lines_of() { # FIRST LAST
    local n
    for ((n = $1; n <= $2; n++)); do
        printf '{"type":"earn","key":"b%s","member":"%s","points":%s}\n' "$n" "$member" "$n"
    done
}

earns() { # FIRST LAST: in one batch
    lines_of "$1" "$2" >"$work/lines"
    ask POST grocer till /v1/batch -H 'Content-Type: application/x-ndjson' -T "$work/lines"
    expect_equal 200 "$status" status
    nodes_agree || fail 'the nodes do not agree'
}

# ---- receipts ----------------------------------------------------------------------------------

an_earn_links_to_its_receipt() {
    till grocer members m1 "{\"member\":\"$member\"}"
    expect_answer 200
    till grocer earn e1 "{\"member\":\"$member\",\"points\":120,\"document\":\"R-7\"}"
    expect_answer 200
    index=$(field .index) link=$(field .receipt)
    expect_match '^/r/[A-Za-z0-9_-]{32}$' "$link" link
    run receipt get --dir "$home" --out "$receipt" "$index"
    expect_run 0
    run receipt get --dir "$home" --out "$receipt" "$index"
    expect_run 2 'File exists'
    expect_match '^c2sp.org/tlog-proof@v1' "$(<"$receipt")" receipt
    run receipt get --dir "$home" 999999
    expect_run 2 not-found
}

# The node that is asked first may need a moment to hear of the height.
link_answers() { # NODE
    get "$1" none "$link"
    [[ $status == 200 ]]
}

any_partner_shows_it_to_anybody_who_has_the_link() {
    local node
    for node in "${names[@]}"; do
        expect_eventually 10 link_answers "$node"
        expect_equal 'text/plain; charset=utf-8' "$(header Content-Type)" type
        cp "$answer_file" "$work/public-$node"
        run receipt verify --policy "$policy" "$work/public-$node"
        expect_run 0 "$member"
    done
    get books none "$link" -H 'Accept: text/html'
    expect_equal 200 "$status" status
    expect_equal 'text/html; charset=utf-8' "$(header Content-Type)" type
    expect_match "default-src 'none'" "$(header Content-Security-Policy)" policy
    expect_equal no-referrer "$(header Referrer-Policy)" referrer
    expect_match "<dd>$member</dd>" "$body" page
    get books none "${link%?}_"
    [[ $link == *_ ]] || expect_answer 404 not-found
    get books none "$link.svg" # these nodes have no public address
    expect_answer 404 not-found
    get books none "/v1/records/$index/receipt"
    expect_answer 401 unauthenticated
}

# Far more than a second allows, at once.
links_are_bounded_and_wrong_ones_apart() {
    local wrong=/r/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
    near grocer curl -s -S --no-progress-meter -m 40 -o "$work/null" -w '%{http_code}\n' --parallel \
        "$(url_of grocer)$wrong?[1-400]" >"$work/codes"
    expect_match 404 "$(sort -u "$work/codes" | tr '\n' ' ')" codes
    expect_match 429 "$(sort -u "$work/codes" | tr '\n' ' ')" codes
    get grocer none "$link"
    expect_equal 200 "$status" 'status beside wrong links'
}

a_qr_code_shows_the_link() {
    run receipt get --dir "$home" --qr "$index"
    expect_run 0 "$(url_of grocer)$link"
    expect_match '▀' "$said" 'QR code'
    expect_equal "$(url_of grocer)$link" \
        "$("$accrue" receipt get --dir "$home" --qr --json "$index" | jq -r .link)" link
}

# ---- the export --------------------------------------------------------------------------------

# The others do not answer, so nothing is decided.
still() {
    nodes_agree || fail 'the nodes do not agree'
    for node in books cinema fuel; do kill -STOP "${pids[$node]}"; done
}

again() {
    for node in books cinema fuel; do kill -CONT "${pids[$node]}"; done
}

# Every file but the heights, as the node gives it.
same_as_over_http() {
    local file name
    while read -r file; do
        name=${file#"$folder"}
        case $name in
        /heights/*) continue ;;
        /charter.json) get grocer auditor /v1/charter ;;
        *) get grocer auditor "$name" ;;
        esac
        expect_equal 200 "$status" "status of $name"
        cmp -s "$answer_file" "$file" || fail "$name differs from what the node gives"
    done < <(find "$folder" -type f)
}

heights_same_as_over_http() {
    local last n
    last=$("$accrue" export --dir "$home" --json "$folder" | jq -r .height)
    for ((n = 0; n * 256 < last; n++)); do
        get grocer auditor "/v1/heights?from=$((n * 256 + 1))&count=256"
        cat "$answer_file"
    done >"$work/heights"
    find "$folder/heights" -type f | sort | xargs cat | cmp -s - "$work/heights" ||
        fail 'the heights differ from what the node gives'
}

an_export_is_what_the_node_serves() {
    earns 1 700
    still
    run export --dir "$home" "$folder"
    expect_run 0 records
    same_as_over_http
    heights_same_as_over_http
    expect_equal 1 "$(find "$folder/tile/0" -path '*.p/*' | wc -l)" 'partial tiles of level 0'
    expect_equal 2 "$(find "$folder/tile/entries" -type f -not -path '*.p/*' | wc -l)" 'full bundles'
    again
}

files_of_the_log_are_asked_for_again_only_when_they_changed() {
    local tag path
    for path in /checkpoint /tile/0/000 /tile/entries/001; do
        get grocer auditor "$path"
        tag=$(header ETag)
        expect_match '^"[0-9a-f]{32}"$' "$tag" "ETag of $path"
        get grocer auditor "$path" -H "If-None-Match: $tag"
        expect_equal 304 "$status" "status of $path"
        expect_equal "$tag" "$(header ETag)" "ETag of $path"
        get grocer auditor "$path" -H 'If-None-Match: "00000000000000000000000000000000"'
        expect_equal 200 "$status" "status of $path"
        get grocer auditor "$path" --head
        expect_equal "200 $tag" "$status $(header ETag)" "HEAD of $path"
        get grocer auditor "$path/"
        expect_equal 404 "$status" "status of $path/"
    done
    get grocer auditor /tile/0/000 --head
    expect_equal 8192 "$(header Content-Length)" 'length of a full tile'
    expect_equal 'private, max-age=31536000, immutable' "$(header Cache-Control)" cache
}

a_second_export_keeps_full_files_and_drops_old_partial_ones() {
    local before after
    before=$(find "$folder/tile" -type f -not -path '*.p/*' -printf '%p %i\n' | sort)
    earns 701 1000
    still
    run export --dir "$home" "$folder"
    expect_run 0 kept
    after=$(find "$folder/tile" -type f -not -path '*.p/*' -printf '%p %i\n' | sort)
    expect_equal "$before" "$(comm -12 <(echo "$before") <(echo "$after"))" 'full files'
    expect_equal 1 "$(find "$folder/tile/0" -path '*.p/*' | wc -l)" 'partial tiles of level 0'
    same_as_over_http
    heights_same_as_over_http
    again
}

# What `checkpoint` speaks of is there, whenever the writer was killed.
whole() {
    local size level left
    [[ -f $folder/checkpoint ]] || return 0
    size=$(sed -n 2p "$folder/checkpoint")
    for ((level = 0, left = size; left > 0; level++, left /= 256)); do
        ((left % 256)) || continue
        find "$folder/tile/$level" -type f | grep -q "\.p/$((left % 256))$" ||
            fail "size $size: the partial tile of level $level is not there"
    done
    expect_equal "$((size / 256))" \
        "$(find "$folder/tile/0" -type f -not -path '*.p/*' -not -name '*.new' |
            sort | head -n $((size / 256)) | wc -l)" 'full tiles'
}

an_export_that_is_killed_goes_on_where_it_was() {
    local try killed=0
    rm -rf "$folder"
    still
    for try in 01 02 03 04 06 08 10 12; do
        { timeout -s KILL "0.0$try" "$accrue" export --dir "$home" "$folder"; } \
            >"$work/null" 2>&1
        (($? == 137)) && killed=$((killed + 1))
        whole
    done
    ((killed > 0)) || fail 'it was too fast to be killed'
    run export --dir "$home" "$folder"
    expect_run 0
    expect_equal '' "$(find "$folder" -name '*.new')" 'left behind'
    same_as_over_http
    heights_same_as_over_http
    again
}

a_damaged_or_lost_file_is_fetched_again() {
    : >"$folder/tile/0/000"
    rm "$folder/tile/entries/001" "$folder/heights/"*.p/*
    still
    run export --dir "$home" "$folder"
    expect_run 0
    same_as_over_http
    heights_same_as_over_http
    again
}

other_folders_are_refused() {
    mkdir "$work/other" "$work/used"
    touch "$work/used/notes.txt"
    run export --dir "$home" "$work/used"
    expect_run 2 'not empty'
    sed 's/"name": "demo"/"name": "dome"/' "$folder/charter.json" >"$work/other/charter.json"
    run export --dir "$home" "$work/other"
    expect_run 2 'another coalition'
    run export --dir "$home" --charter "$work/other/charter.json" "$folder"
    expect_run 1 'another charter'
    run export --url "$(url_of grocer)" "$folder"
    expect_run 2 auditor
    run export --dir "$home" "$work/no/such/folder"
    expect_run 2 'No such file'
}

# Node grocer signs a checkpoint with this size and root: what a node that lies would do.
signed() { # SIZE ROOT
    local text=$work/signed.text key id
    key=$(jq -r '.nodes[0].log_key' "$home/charter.json")
    id=${key#*+} id=${id%%+*}
    printf '%s\n%s\n%s\n' "${key%%+*}" "$1" "$2" >"$text"
    openssl pkeyutl -sign -rawin -inkey "$home/grocer/log.key" -in "$text" -out "$text.sig"
    cat "$text"
    printf '\n— %s %s\n' "${key%%+*}" \
        "$({
            printf '%b' "\\x${id:0:2}\\x${id:2:2}\\x${id:4:2}\\x${id:6:2}"
            cat "$text.sig"
        } | base64 -w0)"
}

a_split_view_is_told() {
    local size root=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
    still
    run export --dir "$home" "$folder"
    expect_run 0
    size=$(sed -n 2p "$folder/checkpoint")
    cp -r "$folder" "$work/split"
    signed "$size" "$root" >"$work/split/checkpoint"
    run export --dir "$home" "$work/split"
    expect_run 1 'two roots for size'
    signed $((size - 300)) "$root" >"$work/split/checkpoint"
    cp "$work/split/checkpoint" "$work/lie"
    run export --dir "$home" "$work/split"
    expect_run 1 'does not continue'
    cmp -s "$work/lie" "$work/split/checkpoint" || fail 'the older checkpoint was not kept'
    signed $((size + 1)) "$root" >"$work/split/checkpoint"
    run export --dir "$home" "$work/split"
    expect_run 3 'is behind'
    sed -i 's/^.*$/x&/' "$work/split/checkpoint"
    run export --dir "$home" "$work/split"
    expect_run 1 'the checkpoint of'
    again
}

export_a_lie() { # RULE TEXT
    echo "$1" >"$work/rule"
    rm -rf "$work/lied"
    run export --token-file "$home/grocer/auditor.token" --url "$liar_url" "$work/lied"
    [[ $code == 1 && $said == *"$2"* ]] ||
        depth=1 fail "$1: wanted exit 1 and '$2', saw exit $code" "$said"
    [[ ! -e $work/lied/checkpoint ]] || fail "$1: there is a checkpoint"
}

what_a_lying_node_serves_is_not_exported() {
    local place
    : >"$work/rule"
    "$liar" "$(url_of grocer)" "$work/rule" >"$work/liar.url" &
    helpers+=($!)
    eventually 5 test -s "$work/liar.url" || fail 'no liar'
    liar_url=$(<"$work/liar.url")
    run export --token-file "$home/grocer/auditor.token" --url "$liar_url" "$work/honest"
    expect_run 0
    for place in 0 300 700 1000; do
        export_a_lie "flip /tile/0/000 $place 1" 'not the one under its checkpoint'
        export_a_lie "flip /tile/0/003.p $place 1" 'do not add up'
        export_a_lie "flip /tile/1/000 $place 1" 'do not add up'
        export_a_lie "flip /tile/entries/000 $place 1" 'other records'
        export_a_lie "flip /tile/entries/003 $place 1" 'other records'
        export_a_lie "flip /checkpoint $place 1" 'the checkpoint of'
    done
    export_a_lie 'flip /v1/heights 0 1' 'proof of height'
}

# ---- off-line ----------------------------------------------------------------------------------

changed() { # SED-SCRIPT
    sed "$1" "$receipt" >"$work/changed"
    ! cmp -s "$receipt" "$work/changed" || depth=1 fail "'$1' changes nothing"
    run receipt verify --policy "$policy" "$work/changed"
}

a_receipt_is_checked_when_no_node_runs() {
    local node
    for node in "${names[@]}"; do node_end "$node"; done
    run receipt verify --policy "$policy" "$receipt"
    expect_run 0 'receipt: holds'
    for text in earn "$member" 120 accepted R-7 'node 0'; do
        [[ $said == *"$text"* ]] || fail "'$text' is not said" "$said"
    done
    expect_equal true "$("$accrue" receipt verify --json --policy "$policy" "$receipt" |
        jq -r .holds)" holds
    run receipt verify --policy "$policy" - <"$receipt"
}

each_kind_of_change_is_found() {
    local line
    changed '1s/v1/v2/'
    expect_run 2 'no receipt'
    changed '/^extra/s/extra \(....\).\(.*\)/extra \1~\2/'
    expect_run 2 'no receipt'
    changed '/^extra/y/ABCDEFGHIJabcdefghij/BCDEFGHIJAbcdefghija/'
    [[ $code == [12] ]] || fail "changed record: exit $code" "$said"
    changed '/^index/s/$/0/'
    expect_run 1 'does not hold'
    line=$(awk '/^index/ { print NR; exit }' "$receipt")
    changed "$((line + 1))s/^\(.*\)\(.\)\(.\)\(.=\)$/\1\3\2\4/" # a hash of the path
    expect_run 1 'does not hold'
    line=$(awk '/^index/ { n = NR } NF == 0 && n { print NR; exit }' "$receipt")
    changed "$((line + 1))s/./X/" # the origin
    expect_run 1 'does not hold'
    changed "$((line + 2))s/$/0/" # the size
    expect_run 1 'does not hold'
    changed "$((line + 3))s/^\(.\)\(.\)/\2\1/" # the root
    expect_run 1 'does not hold'
    changed '/^— /s/ [A-Za-z0-9+/]\{12\}/&A/' # a signature
    expect_run 1 'does not hold'
    changed '/^— /d'
    expect_run 1 'does not hold'
    changed '/^extra/d'
    expect_run 2 'without its record'
    run receipt verify --policy "$work/none" "$receipt"
    expect_run 2 none
    sed 's/^quorum.*//' "$policy" >"$work/no-quorum"
    run receipt verify --policy "$work/no-quorum" "$receipt"
    expect_run 2 'no quorum line'
    sed 's/^log .*/log ledger.example+d2e52f5c+AYqI4910CfGV\/VLbLTy6XXLKZwm\/HZQSG\/N0iAG0D29c/;2,$s/^log.*//' \
        "$policy" >"$work/strangers"
    run receipt verify --policy "$work/strangers" "$receipt"
    [[ $code == [12] ]] || fail "another log's key: exit $code" "$said"
    run receipt verify "$receipt"
    expect_run 2 policy
}

a_public_log_needs_no_token() {
    coalition open --public-log
    node_start "${names[@]}"
    needed nodes_ready "${names[@]}"
    get cinema none /checkpoint
    expect_equal 200 "$status" status
    expect_equal 'public, max-age=1' "$(header Cache-Control)" cache
    run export --url "$(url_of cinema)" "$work/open-log"
    expect_run 0 records
    get cinema none /v1/coalition
    expect_answer 401 unauthenticated
    run export --url "$(url_of cinema)" "$folder"
    expect_run 2 'another coalition'
}

four_nodes
jq -r '.nodes[] | "log " + .log_key' "$home/charter.json" >"$policy"
echo 'quorum none' >>"$policy"
run_case an_earn_links_to_its_receipt
run_case any_partner_shows_it_to_anybody_who_has_the_link
run_case links_are_bounded_and_wrong_ones_apart
run_case a_qr_code_shows_the_link
run_case an_export_is_what_the_node_serves
run_case files_of_the_log_are_asked_for_again_only_when_they_changed
run_case a_second_export_keeps_full_files_and_drops_old_partial_ones
run_case an_export_that_is_killed_goes_on_where_it_was
run_case a_damaged_or_lost_file_is_fetched_again
run_case other_folders_are_refused
run_case a_split_view_is_told
run_case what_a_lying_node_serves_is_not_exported
run_case a_receipt_is_checked_when_no_node_runs
run_case each_kind_of_change_is_found
run_case a_public_log_needs_no_token
finish
