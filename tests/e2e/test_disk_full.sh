#!/usr/bin/env bash
# A disk that is full, read-only, another user's or gone: the node ends and says what to do, the
# others go on, and with room again it comes back with everything that was acknowledged.
# timeout: 300

# Mounts of its own, which end with it.
if [[ -z ${ACCRUE_MOUNTS-} ]]; then
    apart=(unshare --mount)
    ((EUID == 0)) || apart+=(--map-root-user)
    "${apart[@]}" mount -t tmpfs none /mnt 2>/dev/null || {
        echo 'skipped: mounting is not permitted here'
        exit 77
    }
    ACCRUE_MOUNTS=yes exec "${apart[@]}" "$0" "$@"
fi

# shellcheck source=disks.sh
. "$(dirname "$0")/disks.sh"
trap 'umount -l "$disk" 2>/dev/null; cleanup' EXIT
disk=$work/disk

a_disk() { # SIZE-KB: gives the victim's folder a file system of its own
    coalition coalition
    mkdir "$disk"
    needed mount -t tmpfs -o "size=$1k,mode=700" none "$disk"
    mkdir "$disk/data"
    needed ln -s "$disk/data" "$home/$victim/data"
}

size_disk() { # KB
    needed mount -o "remount,size=$1k" "$disk"
}

used_kb() {
    df --output=used -k "$disk" | tail -n 1
}

is_full=('No space left on device' 'the disk is full: make room' 'start the node again')

a_disk_that_is_filled_up_ends_the_node_and_not_the_others() {
    from_here "$victim"
    dd if=/dev/zero of="$disk/filler" bs=4k status=none 2>"$work/null"
    ends "$victim" 1 "${is_full[@]}" "$victim/data|$disk"
    goes_on "${others[@]}"
}

a_disk_that_is_too_full_is_told_at_each_start() {
    local i
    for i in 1 2 3; do
        from_here "$victim"
        node_start "$victim"
        ends "$victim" 1 "${is_full[@]}"
    done
}

with_room_again_the_node_comes_back() {
    rm "$disk/filler"
    comes_back "$victim"
    nothing_is_held_against "$victim"
}

# It fills the disk itself, a little further at each start: the write that fails is another one,
# in the middle of another file.
a_disk_that_the_node_fills_by_itself_ends_it_wherever_it_is() {
    local room
    from_here "$victim"
    size_disk $(($(used_kb) + 200))
    ends "$victim" 1 "${is_full[@]}"
    for room in 0 4 8 12 20 32 64 128; do
        size_disk $(($(used_kb) + room))
        from_here "$victim"
        node_start "$victim"
        ends "$victim" 1 "${is_full[@]}"
    done
    goes_on "${others[@]}"
    size_disk 65536
    comes_back "$victim"
}

a_folder_that_went_away_ends_the_node() {
    from_here "$victim"
    mv "$disk/data" "$disk/elsewhere"
    ends "$victim" 1 "$victim/data" 'removed or replaced while the node ran' 'put it back'
    goes_on "${others[@]}"
    mv "$disk/elsewhere" "$disk/data"
    comes_back "$victim"
}

a_read_only_disk_is_told() {
    node_end "$victim"
    needed mount -o remount,ro "$disk"
    from_here "$victim"
    node_start "$victim"
    ends "$victim" 1 'Read-only file system' 'mount it writable' 'start the node again'
    needed mount -o remount,rw "$disk"
    comes_back "$victim"
}

# Only root may become somebody else, and only where there is somebody else.
a_folder_of_another_user_is_told() {
    local outsider=("$accrued")
    setpriv --reuid 65534 --clear-groups true 2>"$work/null" || {
        echo 'note: no other user here'
        return
    }
    node_end "$victim"
    chmod 711 "$work" "$home" "$home/$victim"
    find "$home/$victim" -maxdepth 1 -type f -exec chown 65534 {} +
    outsider=(setpriv --reuid 65534 --clear-groups "$accrued")
    chmod 755 "$disk"
    said=$("${outsider[@]}" --config "$home/$victim/node.json" 2>&1)
    expect_equal 2 $? 'exit status'
    expect_said "$victim/data" 'Permission denied' 'must belong to the user that runs the node' \
        '65534'
    find "$home/$victim" -maxdepth 1 -type f -exec chown 0 {} +
    comes_back "$victim"
}

# The folder of an export on a disk that has room for its beginning only.
an_export_to_a_full_disk_says_so_and_goes_on_with_room() {
    local small=$work/small
    mkdir "$small"
    needed mount -t tmpfs -o size=64k,mode=700 none "$small"
    said=$("$accrue" export --dir "$home" --node "${others[0]}" "$small/log" 2>&1)
    expect_equal 2 $? 'exit status'
    expect_said 'No space left on device' 'the disk is full: make room' "$small/log"
    [[ ! -e $small/log/checkpoint ]] || fail 'it has a checkpoint'
    needed mount -o remount,size=65536k "$small"
    said=$("$accrue" export --dir "$home" --node "${others[0]}" "$small/log" 2>&1)
    expect_equal 0 $? 'exit status'
    expect_said ' kept'
    umount "$small"
}

a_disk 65536
node_start "${names[@]}"
needed nodes_ready "${names[@]}"
give_ann_points
start_tills
run_case a_disk_that_is_filled_up_ends_the_node_and_not_the_others
run_case a_disk_that_is_too_full_is_told_at_each_start
run_case with_room_again_the_node_comes_back
run_case a_disk_that_the_node_fills_by_itself_ends_it_wherever_it_is
run_case a_folder_that_went_away_ends_the_node
run_case a_read_only_disk_is_told
run_case a_folder_of_another_user_is_told
run_case an_export_to_a_full_disk_says_so_and_goes_on_with_room
run_case nothing_acknowledged_is_lost
finish
