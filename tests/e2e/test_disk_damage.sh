#!/usr/bin/env bash
# Every kind of file in a node's folder, with a byte flipped, a byte lost, its tail lost, empty, or
# gone, and whole folders that are older than what the node has signed since, while the other three
# go on under load. What must happen with files stands in the table below.
# timeout: 300
# shellcheck source=disks.sh
. "$(dirname "$0")/disks.sh"

# FILE (the last one that matches), then what a start says after each damage: flipped, lost byte,
# lost tail, empty, gone. The file is always named, the exit status 2, unless the word says
#   groups  the store opens and lacks groups, which are named by number
#   -       the damage is not one: the node starts (tried apart, below)
#   .       not tried: a text with another letter in it is another text, and may be right
table='
data/*.log        damaged damaged groups  groups  missing
data/*.ldb        damaged damaged damaged damaged missing
data/MANIFEST-*   damaged damaged damaged damaged missing
data/CURRENT      damaged damaged damaged damaged missing
data/accrued.last damaged damaged damaged damaged missing
node.key          key     key     key     key     key
log.key           key     key     key     key     key
cosigner.key      key     key     key     key     key
transport.key     key     key     key     key     key
secret.key        .       text    text    text    missing-file
charter.json      text    text    text    text    missing-file
tokens.json       .       .       text    text    missing-file
node.json         .       .       text    text    missing-file
'
damages=(flipped shifted cut empty gone)

damage() { # FILE flipped|shifted|cut|empty|gone
    local size at byte
    size=$(stat -c %s "$1") at=$((size / 2))
    case $2 in
    flipped)
        byte=$(od -An -tu1 -j"$at" -N1 "$1")
        # shellcheck disable=SC2059
        printf "\\x$(printf %02x $((byte ^ 0x10)))" |
            dd of="$1" bs=1 seek="$at" conv=notrunc status=none
        ;;
    shifted) { head -c "$at" "$1" && tail -c +$((at + 2)) "$1"; } >"$work/shifted" &&
        cat "$work/shifted" >"$1" ;;
    cut) truncate -s -10 "$1" ;;
    empty) truncate -s 0 "$1" ;;
    gone) rm "$1" ;;
    esac
}

whole_again() {
    rm -rf "${home:?}/$victim/"{data,*.key,*.json}
    cp -a "$work/whole/." "$home/$victim"
}

# The last file of a kind; of logs, the last with something in it.
last_of() { # PATTERN, relative to the node's folder
    local file last=
    for file in "$home/$victim"/$1; do
        [[ -s $file ]] && last=$file
    done
    echo "$last"
}

start_says() { # WHAT FILE
    local seen
    said=$(timeout -k 1 20 "$accrued" --config "$home/$victim/node.json" 2>&1)
    seen=$?
    [[ -z ${ACCRUE_SHOW-} ]] || echo "$1: $said"
    [[ $seen == 2 ]] || depth=1 fail "$1: wanted exit status 2, saw $seen" "$said"
    expect_said "${@:2}"
}

restore="restore this node's folder from a copy, or start it under a fresh key"

one_damage() { # FILE DAMAGE WHAT
    local file=$1 name=${1##*/}
    damage "$file" "$2"
    case $3 in
    damaged) start_says "$name $2" "$name" 'damaged' "$restore" ;;
    missing) start_says "$name $2" "$name is missing" "$restore" ;;
    groups) start_says "$name $2" 'groups [0-9]+ to [0-9]+ of the store are missing' "$restore" ;;
    key | text) start_says "$name $2" "$name" ;;
    missing-file) start_says "$name $2" "$name" 'No such file|no .* file' ;;
    *) fail "no such outcome: $3" ;;
    esac
}

every_damage_refuses_the_start_with_the_files_name() {
    local kind wanted i file
    while read -r kind wanted; do
        [[ -n $kind ]] || continue
        read -ra wanted <<<"$wanted"
        for i in "${!damages[@]}"; do
            [[ ${wanted[i]} != . ]] || continue
            whole_again
            file=$(last_of "$kind")
            [[ -n $file ]] || {
                fail "there is no $kind"
                continue
            }
            one_damage "$file" "${damages[i]}" "${wanted[i]}"
        done
    done <<<"$table"
    goes_on "${others[@]}"
}

# LevelDB's lock and its diary, and the pid: nothing stands in them that is not made anew.
what_holds_nothing_may_be_lost() {
    local file
    whole_again
    for file in LOCK LOG LOG.old accrued.pid; do
        echo garbage >"$home/$victim/data/$file"
    done
    comes_back "$victim"
    node_end "$victim"
    rm "$home/$victim/data/"{LOCK,LOG,LOG.old,accrued.pid}
    comes_back "$victim"
}

# ---- older folders -----------------------------------------------------------------------------

data=

# A copy of a running node's folder, as a disk that loses what it said to have synced would give it
# back. The witness first: it is then never ahead of the log.
copy_running() {
    rm -rf "$work/copy"
    mkdir -m 700 "$work/copy"
    cp -a "$data/accrued.last" "$work/copy"
    cp -an "$data/." "$work/copy"
}

put_copy() {
    mv "$data" "$work/right"
    cp -a "$work/copy" "$data"
}

right_again() {
    rm -r "$data"
    mv "$work/right" "$data"
    comes_back "$victim"
}

# An old copy may take an earn into its outbox before the others have answered it: that one lies in
# its folder alone, as its last words say, and the folder goes when the right one comes back.
forget_what_the_copy_took() { # LINES-BEFORE
    local file=$work/acknowledged.$victim
    [[ ! -e $file ]] || awk -v before="$1" 'NR <= before || $3 != 202' "$file" >"$work/kept"
    [[ ! -e $file ]] || cat "$work/kept" >"$file"
}

is_retired() { # STARTS
    local i before=0
    [[ ! -e $work/acknowledged.$victim ]] || before=$(wc -l <"$work/acknowledged.$victim")
    put_copy
    for ((i = 0; i < $1; i++)); do # at the first start and at each that follows
        from_here "$victim"
        node_start "$victim"
        ends "$victim" 3 'signed by this node.s key that this store does not know' \
            'old copy' 'must not sign again' 'fresh key'
    done
    forget_what_the_copy_took "$before"
    goes_on "${others[@]}"
    nothing_is_held_against "$victim"
    right_again
}

height_of() { # NODE
    get "$1" none /healthz
    field .height
}

has_passed() { # NODE HEIGHT
    (($(height_of "$1") > $2))
}

# It only voted since: no batch of its own tells.
an_old_copy_is_noticed_by_votes_alone() {
    copy_running
    expect_eventually 20 has_passed "$victim" $(($(height_of "$victim") + 5))
    node_end "$victim" KILL
    is_retired 2
}

# What the others had heard is gone with their memory; the certificates that they keep tell.
an_old_copy_is_noticed_when_the_others_have_restarted() {
    local node
    copy_running
    expect_eventually 20 has_passed "$victim" $(($(height_of "$victim") + 20))
    node_end "$victim" KILL
    for node in "${others[@]}"; do
        node_end "$node" KILL
        node_start "$node"
    done
    needed nodes_ready "${others[@]}"
    is_retired 1
}

a_lost_tail_with_own_batches_is_noticed() {
    copy_running
    goes_on "$victim" "$victim"
    node_end "$victim" KILL
    is_retired 1
}

# Alone it cannot know; it serves what it has and waits.
an_old_copy_that_hears_nobody_signs_nothing_and_can_be_read() {
    local node
    copy_running
    goes_on "$victim"
    for node in "${names[@]}"; do
        node_end "$node" KILL
    done
    put_copy
    from_here "$victim"
    node_start "$victim"
    expect_eventually 10 answers "$victim"
    get "$victim" till "/v1/members/$ann"
    expect_answer 200
    sleep 1
    get "$victim" none /healthz
    expect_field .may_sign false
    expect_field .ready false
    till "$victim" earn unsigned "{\"member\":\"$ann\",\"points\":1}"
    expect_answer 202
    node_start "${others[@]}"
    needed nodes_ready "${others[@]}"
    ends "$victim" 3 'old copy' 'fresh key' \
        'Keep this folder: 1 transactions that were acknowledged wait in it'
    nothing_is_held_against "$victim"
    right_again
    till "$victim" earn unsigned "{\"member\":\"$ann\",\"points\":1}"
    expect_answer 200
}

# ------------------------------------------------------------------------------------------------

four_nodes
give_ann_points
for i in 1 2 3; do # a start makes a table of the log before
    goes_on "$victim"
    node_end "$victim"
    node_start "$victim"
    needed nodes_ready "$victim"
done
start_tills "${others[@]}"
goes_on "$victim"
node_end "$victim"
data=$home/$victim/data
cp "$home/charter.json" "$home/$victim/charter.json"
jq '.charter = "charter.json"' "$home/$victim/node.json" >"$work/own.json"
cat "$work/own.json" >"$home/$victim/node.json"
cp -a "$home/$victim" "$work/whole"
run_case every_damage_refuses_the_start_with_the_files_name
run_case what_holds_nothing_may_be_lost
run_case an_old_copy_is_noticed_by_votes_alone
run_case an_old_copy_is_noticed_when_the_others_have_restarted
run_case an_old_copy_that_hears_nobody_signs_nothing_and_can_be_read
start_tills "$victim"
run_case a_lost_tail_with_own_batches_is_noticed
run_case nothing_acknowledged_is_lost
finish
