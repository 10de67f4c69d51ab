#!/usr/bin/env bash
# postgres.sh FILE MEMBERS SECONDS ROUNDS: a PostgreSQL 15 primary and its synchronous
# standby in a folder of their own, fed FILE by accrue-bench-postgres; prints its lines. Told where
# the program is by ACCRUE_BUILD. SHARED_BUFFERS (2GB) is the servers' cache.
#
# The server refuses to run as root: then it runs as the user `postgres`.
set -euo pipefail
file=$1 members=$2 seconds=$3 rounds=$4
schema=$(cd "$(dirname "$0")" && pwd)/schema.sql
programs=/usr/lib/postgresql/15/bin
work=$(mktemp -d)
as=()
if ((EUID == 0)); then
    as=(setpriv --reuid=postgres --regid=postgres --init-groups)
    chown postgres "$work"
fi

server() { # in the folder, as the user that owns it
    (cd "$work" && "${as[@]}" env "PATH=$programs:$PATH" "HOME=$work" "$@")
}

stop() {
    local name
    for name in standby primary; do
        [[ ! -f $work/$name/postmaster.pid ]] ||
            server pg_ctl -D "$work/$name" -m immediate stop >>"$work/stop.log" 2>&1 || true
    done
    rm -rf "$work"
}
trap stop EXIT

start() { # NAME
    if ! server pg_ctl -D "$work/$1" -l "$work/$1.log" -w start >"$work/start.log" 2>&1; then
        cat "$work/$1.log" >&2
        return 1
    fi
}

query() {
    server psql -h "$work" -p "$primary_port" -U postgres -XqAt -v ON_ERROR_STOP=1 -d ledger "$@"
}

# Sockets in the folder, no network: the numbers only name them. In PostgreSQL's favour.
primary_port=5432 standby_port=5433
server initdb -D "$work/primary" -U postgres -A trust -E UTF8 --no-locale >"$work/initdb.log"
cat >>"$work/primary/postgresql.conf" <<END
listen_addresses = ''
port = $primary_port
unix_socket_directories = '$work'
max_connections = 200
shared_buffers = ${SHARED_BUFFERS-2GB}
max_wal_size = 8GB
checkpoint_timeout = 15min
fsync = on
synchronous_commit = on
full_page_writes = on
max_wal_senders = 4
END
start primary
server createdb -h "$work" -p "$primary_port" -U postgres ledger
query -f - <"$schema"
query -c "INSERT INTO accounts SELECT g, 1000 FROM generate_series(1, $members) g"
query -c 'VACUUM (FREEZE, ANALYZE) accounts' -c CHECKPOINT

server pg_basebackup -h "$work" -p "$primary_port" -U postgres -D "$work/standby" \
    -R -X stream -c fast
echo "port = $standby_port" >>"$work/standby/postgresql.conf"
sed -i "s/primary_conninfo = '/&application_name=standby /" "$work/standby/postgresql.auto.conf"
start standby
query -c "ALTER SYSTEM SET synchronous_standby_names = 'standby'" -c 'SELECT pg_reload_conf()' \
    >"$work/reload.log"
for _ in {1..100}; do
    state=$(query -c 'SELECT sync_state FROM pg_stat_replication')
    [[ $state != sync ]] || break
    sleep 0.1
done
[[ $state == sync ]] || { echo "postgres.sh: the standby is '$state', not sync" >&2; exit 1; }

"$ACCRUE_BUILD/tests/accrue-bench-postgres" "$file" \
    "host=$work port=$primary_port user=postgres dbname=ledger" "$seconds" "$rounds" \
    "$(head -n 1 "$work/primary/postmaster.pid")" \
    "$(head -n 1 "$work/standby/postmaster.pid")"
