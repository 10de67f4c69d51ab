#!/usr/bin/env bash
# fresh.sh [COMMAND ...]: proves the two first commands, `./run demo --once` and `./run test` (or
# `./run COMMAND ...`), in a new Debian 12 of nothing but the base system.
#
# The system is made with debootstrap in a temporary folder and entered with chroot. Mounts and
# processes live in namespaces of their own: they end with this script, however it ends, and only
# then is the folder removed. Mirror, proxy and certificate settings are those of this machine.
set -euo pipefail

source=$(cd "$(dirname "$0")/../.." && pwd)
inside=/opt/accrue

say() {
    printf 'fresh: %s\n' "$*"
}

fail() {
    say "$*" >&2
    exit 1
}

# "URI SUITE COMPONENT", one a line, of this machine's own Debian 12 sources.
debian_sources() {
    # shellcheck disable=SC2016 # apt fills these in
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk '$2 ~ /^bookworm(-updates|-security)?$/ && $3 == "main"' | sort -u
}

make_system() {
    local sources mirror log=$root.log
    sources=$(debian_sources)
    mirror=$(awk '$2 == "bookworm" { print $1; exit }' <<<"$sources")
    [[ -n $mirror ]] || fail "this machine's apt knows no mirror of Debian 12 (bookworm)"
    say "debootstrap --variant=minbase bookworm from $mirror"
    debootstrap --variant=minbase bookworm "$root" "$mirror" >"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        fail "debootstrap failed"
    }
    awk '{ print "deb", $0 }' <<<"$sources" >"$root/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::(https?|ForceIPv[46]|Check-(Date|Valid-Until))\b.*"..*"' \
        >"$root/etc/apt/apt.conf.d/90machine" || true
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    # Taken up when ca-certificates is installed: what this machine trusts beyond Debian's list.
    if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
        mkdir -p "$root/usr/local/share/ca-certificates"
        cp -L /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
    fi
}

# What is committed; from a folder that is no clone, what is there without the built.
copy_source() {
    mkdir -p "$root$inside" "$root/opt/shared"
    if git -C "$source" rev-parse --verify -q HEAD >/dev/null 2>&1; then
        [[ -z $(git -C "$source" status --porcelain) ]] ||
            say "note: changes that are not committed are left out"
        git -C "$source" archive HEAD | tar -x -C "$root$inside"
    else
        tar -c -C "$source" --exclude='./build*' --exclude=./demo-data . | tar -x -C "$root$inside"
    fi
}

# Runs in the namespaces: nothing mounted here is seen, or left behind, outside.
enter() {
    local tool
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    if [[ -d $source/../shared ]]; then
        mount --bind "$source/../shared" "$root/opt/shared"
        mount -o remount,bind,ro "$root/opt/shared"
    fi
    for tool in gcc cc make cmake git python3 sudo curl; do
        ! in_system sh -c "command -v $tool" >/dev/null || fail "not bare: it has $tool"
    done
    say "bare: $(in_system dpkg-query -W | wc -l) packages, no compiler, make, git, python or sudo"
    if (($#)); then
        prove "$@"
    else
        prove demo --once
        prove test
    fi
}

in_system() {
    chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root CI=true "$@" </dev/null
}

prove() {
    local start=$SECONDS
    say "./run $*"
    in_system "$inside/run" "$@" || fail "./run $* FAILED after $((SECONDS - start)) s"
    say "./run $* passed in $((SECONDS - start)) s"
}

# With unshare every process of the system ends; a last one may still be letting go of a file.
remove_system() {
    [[ -z $child ]] || kill -KILL "$child" 2>/dev/null || true
    rm -rf --one-file-system "$root" "$root.log" 2>/dev/null || {
        sleep 1
        rm -rf --one-file-system "$root" "$root.log"
    }
}

child=
if [[ ${1-} == --inside ]]; then
    root=$2
    enter "${@:3}"
    exit
fi

((EUID == 0)) || fail "debootstrap and chroot need root: sudo ./run fresh"
root=$(mktemp -d "${TMPDIR:-/tmp}/accrue-fresh.XXXXXX")
trap remove_system EXIT
trap 'exit 130' INT TERM
make_system
copy_source
# In the background, so that a signal is answered at once and not when the tests are through.
unshare --mount --pid --fork --kill-child --propagation private -- \
    "$0" --inside "$root" "$@" &
child=$!
wait "$child"
child=
say "passed"
