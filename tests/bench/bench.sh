#!/usr/bin/env bash
# bench.sh [OPTIONS] | growth [OPTIONS]: the benchmark. ./run bench calls it; ACCRUE_BUILD says
# where the programs are. Both sides run one after the other on this machine, on the same disk, and
# are fed the same file by drivers of our own, one request under way a client.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${ACCRUE_BUILD-$(cd "$here/../.." && pwd)/build}
export ACCRUE_BUILD=$build
program=$build/tests/accrue-bench
postgres_programs=/usr/lib/postgresql/15/bin

usage() {
    cat <<'END'
usage: ./run bench [OPTIONS]
       ./run bench growth [OPTIONS]

  --members N        1000000, each starting with 1,000 points
  --seconds N        of a run: 8
  --rounds N         runs a class, of which the median counts: 3
  --seed N           of the file of transactions: 1
  --quick            10,000 members, 3 seconds, 1 round, a small cache for PostgreSQL
  --skip-postgres    the coalition alone

growth, which writes growth.md and growth.svg:
  --members LIST     10000,100000,1000000, each a new coalition
  --records LIST     more records behind the last of them: 5000000,20000000 (default none)
  --seconds N        of a run: 8
  --out FOLDER       build/bench

BENCH_TMP (/var/tmp) is where both sides keep their data: a folder on a real disk.
END
}

members=1000000 seconds=8 rounds=3 seed=1 postgres=1 rate=150000
growth=0 records='' out=$build/bench
if [[ ${1-} == growth ]]; then
    growth=1 members=10000,100000,1000000
    shift
fi
while (($#)); do
    case $1 in
    --members | --seconds | --rounds | --seed | --records | --out)
        [[ $# -ge 2 ]] || { usage >&2; exit 2; }
        name=${1#--}
        declare "${name//-/_}=$2"
        shift
        ;;
    --quick) members=10000 seconds=3 rounds=1 rate=100000 SHARED_BUFFERS=128MB ;;
    --skip-postgres) postgres=0 ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
export SHARED_BUFFERS=${SHARED_BUFFERS-2GB}

work=$(mktemp -d -p "${BENCH_TMP-/var/tmp}" accrue-bench.XXXXXX)
chmod 755 "$work" # PostgreSQL's user has to pass through
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work
if ((growth)); then
    mkdir -p "$out"
    "$program" growth --dir "$work/coalition" --out "$out" --members "$members" \
        --seconds "$seconds" --seed "$seed" ${records:+--records "$records"} \
        --program "$build/accrued"
    echo "bench: $out/growth.md $out/growth.svg"
    exit
fi
if ((postgres)) && [[ ! -x $postgres_programs/postgres || ! -x $program-postgres ]]; then
    echo "skipped: PostgreSQL 15 or libpq is not here; './run bench' installs them"
    exit 77
fi

# Five classes. Both sides take a class's transactions from the same part of the file.
count=$((rate * seconds * rounds * 5))
printf '%s members, Zipf 0.99, 80 %% earn, seed %s; %s s a run, median of %s; %s; load %s\n' \
    "$members" "$seed" "$seconds" "$rounds" "$(nproc) cores, $(uname -sr)" \
    "$(cut -d' ' -f1 /proc/loadavg)"
"$program" make "$work/file" --members "$members" --count "$count" --seed "$seed"
"$program" run "$work/file" --dir "$work/coalition" --seconds "$seconds" --rounds "$rounds" \
    --program "$build/accrued" | tee "$work/lines"
if ((postgres)); then
    "$here/postgres.sh" "$work/file" "$members" "$seconds" "$rounds" |
        tee -a "$work/lines"
fi
echo
awk -f "$here/table.awk" "$work/lines"
