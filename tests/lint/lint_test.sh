#!/bin/sh
# lint_test.sh: a lint that cannot fail is no lint. Plants each violation alone in a small clean
# tree and expects exactly that rule at exactly that line; and plants what must be let pass.
set -eu
lint=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cases=0
failures=0

clean_tree() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/crypto" "$tree/protocol" "$tree/partners" "$tree/node" "$tree/tests/lint" \
        "$tree/tests/unit"
    printf '%s\n' 'edge crypto/keyfile.c - keys on disk' >"$tree/tests/lint/exceptions"
}

# A file whose lines are the arguments.
plant() {
    file=$tree/$1
    shift
    printf '%s\n' "$@" >"$file"
}

# lines COUNT TEXT
lines() {
    awk -v count="$1" -v text="$2" 'BEGIN { for (i = 0; i < count; i++) print text }'
}

judge() {
    cases=$((cases + 1))
    if [ "$seen" != "$expected" ]; then
        failures=$((failures + 1))
        printf 'FAILED %s\n  expected: %s\n  seen:     %s\n' "$1" "$expected" "$seen"
    fi
}

# found FILE:LINE RULE: the planted tree has this finding and no other, and the lint fails.
found() {
    expected="1 $1: $2"
    status=0
    output=$("$lint/source_lint.sh" "$tree") || status=$?
    seen="$status $(printf '%s' "$output" | sed 's/^\([^ ]*: [a-z-]*\): .*/\1/')"
    judge "$1 $2"
    clean_tree
}

# passes WHAT
passes() {
    expected="0 "
    status=0
    output=$("$lint/source_lint.sh" "$tree") || status=$?
    seen="$status $output"
    judge "$1"
    clean_tree
}

clean_tree

# Layers and includes
plant crypto/a.c '#include "protocol/ids.h"' && found crypto/a.c:1 layer
plant protocol/a.c '#include "crypto/hash.h"' '#include "partners/rules.h"' &&
    found protocol/a.c:2 layer
plant partners/a.c '#include "node/config.h"' && found partners/a.c:1 layer
plant partners/a.c '#  include "tests/check.h"' && found partners/a.c:1 layer
plant node/a.c '#include "config.h"' && found node/a.c:1 include
plant node/a.c '#include "../crypto/hash.h"' && found node/a.c:1 include
plant tests/unit/a.c '#include "hash.h"' && found tests/unit/a.c:1 include
plant node/a.c '#include "crypto/hash.h"' '#include "node/config.h"' '#include <uv.h>' &&
    passes "node includes what lies below it"
plant tests/unit/a.c '#include "check.h"' '#include "node/config.h"' &&
    passes "tests include everything"

# Headers
plant node/a.h '#ifndef NODE_A_H' '#define NODE_A_H' '#endif' && found node/a.h:1 header
plant node/a.h '/* b - not its name' ' */' '#ifndef NODE_A_H' '#define NODE_A_H' '#endif' &&
    found node/a.h:1 header
plant node/a.h '/* a.h - what for. */' '#ifndef A_H' '#define A_H' '#endif' && found node/a.h:1 guard
plant node/a.h '/* a.h - what for. */' '#ifndef NODE_A_H' '#define NODE_B_H' '#endif' &&
    found node/a.h:1 guard
plant node/a.h '/* a.h - what for. */' 'int a(void);' && found node/a.h:1 guard
plant node/a.h '/* a.h - what for. */' '#ifndef NODE_A_H' '#define NODE_A_H' '#endif' &&
    passes "a header as it should be"

# Calls banned everywhere
for call in strcpy strcat sprintf vsprintf atoi atol gets strtok alloca rand; do
    plant node/a.c 'void f(void)' '{' "    $call(x);" '}' && found node/a.c:3 banned
    plant tests/unit/a.c "    x = $call (x);" && found tests/unit/a.c:1 banned
done
for call in system popen; do
    plant node/a.c "    $call(x);" && found node/a.c:1 banned
    plant tests/unit/a.c "    $call(x);" && passes "a test calls $call"
done
plant node/a.c '    buffer->sprintf(x); list.strcat(y); my_strcpy(z); // strcpy(a)' \
    '/* sprintf(' '   atoi(x) */ f("strcat(", '"'\"'"', "gets(");' &&
    passes "members, longer names, comments and texts are no calls"
plant node/a.c "    f('\"'); strcpy(a); g('\"');" && found node/a.c:1 banned
plant node/a.c '    f("\"", strcpy(a));' && found node/a.c:1 banned

# Purity
for call in time clock_gettime fopen open read write socket getenv printf fprintf puts exit \
    pthread_create json_load_file json_real_value; do
    for layer in crypto protocol partners; do
        plant $layer/a.c "    x = $call(y);" && found $layer/a.c:1 pure
    done
    plant node/a.c "    x = $call(y);" && passes "node calls $call"
    plant crypto/keyfile.c "    x = $call(y);" && passes "an edge file calls $call"
done
plant protocol/a.c '    random_bytes(x, 8);' && found protocol/a.c:1 pure
plant crypto/a.c '    random_bytes(x, 8);' && passes "crypto makes keys"
plant crypto/a.c '#include <time.h>' && found crypto/a.c:1 pure
plant protocol/a.c '#include <unistd.h>' && found protocol/a.c:1 pure
plant crypto/a.c '    fprintf(stderr, x);' && {
    echo 'call crypto/a.c fprintf the last words' >>"$tree/tests/lint/exceptions"
    passes "an excepted call"
}

# Fractions
for text in 'float x;' 'double x;' 'x = 1.5;' 'x = y * 2e3;' 'x = .5;' 'f(3., y);' 'long double x;' \
    'x = (double)y;' 'x = 1.0e-3f;'; do
    plant partners/a.c "    $text" && found partners/a.c:1 float
    plant node/a.c "    $text" && passes "node may say $text"
done
plant partners/a.c '    x = 0x1e5 + a.b1 + e2e3 + v1[3].x + 10; /* 1.5 double */ f("2.5");' \
    '    doubled = 1; y = (struct s){.a5 = 1, .b = 2}; f(1, ...);' \
    '    { .e1 = 0xE0, .x = 1u },' && passes "what only looks like a fraction"

# State
plant crypto/a.c 'static int count;' && found crypto/a.c:1 global
plant crypto/a.c 'static struct thing *cache = NULL;' && found crypto/a.c:1 global
plant crypto/a.c 'int count = 0;' && found crypto/a.c:1 global
plant crypto/a.c 'static _Thread_local int last;' && found crypto/a.c:1 global
plant crypto/a.c 'static uint8_t table[256];' && found crypto/a.c:1 global
plant crypto/a.c 'void f(void)' '{' '    static int calls = 0;' '}' && found crypto/a.c:3 global
plant crypto/a.c 'static const int table[] = {1, 2};' 'static int f(int a);' 'enum { A = 1 };' \
    'static inline bool g(void)' '{' '    int x = 0;' '}' 'static const char *const names[] = {' \
    '    [A] = "a",' '};' 'static struct hash hash_of(const struct thing *thing,' \
    '                           size_t size)' '{' '    size = 1;' '}' &&
    passes "constants and functions are no state"

# Switches
plant partners/a.c '    switch (x) {' '    default:' && found partners/a.c:2 default
plant partners/a.c '    switch (x) {' '    default: /* lint: not an enum */' &&
    passes "a switch over no enum"
plant node/a.c '    default:' && passes "node may have a default"

# Sizes
{
    echo 'static bool long_one(int a,'
    echo '                     int b)'
    echo '{'
    lines 71 '    f();'
    echo '}'
} >"$tree/node/a.c" && found node/a.c:3 function-length
{
    echo 'void a(void)'
    echo '{'
    lines 70 '    f();'
    echo '}'
} >"$tree/node/a.c" && passes "70 lines"
{
    echo 'void a(void)'
    echo '{'
    lines 71 '    f();'
    echo '}'
} >"$tree/node/a.c" && cp "$tree/node/a.c" "$tree/tests/unit/a.c" && {
    echo 'length node/a.c a one table' >>"$tree/tests/lint/exceptions"
    passes "an excepted function, and one in a test"
}
lines 901 '' >"$tree/node/a.c" && found node/a.c:901 file-length
lines 900 '' >"$tree/node/a.c" && passes "900 lines"
lines 1301 '' >"$tree/README.md" && found README.md:1101 file-length
lines 1300 '' >"$tree/README.md" && passes "1,300 lines of a document"
plant node/a.c "/* $(lines 97 x | tr -d '\n')*/" && found node/a.c:1 width
plant node/a.c "// $(lines 97 '·' | tr -d '\n')" && passes "100 columns, counted in characters"

# Words
for word in 'TODO' 'FIXME' 'XXX' 'HACK' 'for now' 'not implemented' 'a stub' 'Stubbed'; do
    plant node/a.c "/* $word */" && found node/a.c:1 unfinished
    plant README.md "fine" "$word: later" && found README.md:2 unfinished
done
plant node/a.c '/* mktemp XXXXXX, stubborn, hacksaw, before nowhere */' && passes "harmless words"
for path in /work/main/x /root/.ssh /home/me/x; do
    plant node/a.c "f(\"$path\");" && found node/a.c:1 workplace
    plant run "cd $path" && found run:1 workplace
done
plant node/a.c '"https://x.org/home/a" tests/work/x a/root/b' && passes "paths of no machine"

# Exceptions
plant node/a.c 'int a;' && echo 'length node/a.c b it was long' >>"$tree/tests/lint/exceptions" &&
    found tests/lint/exceptions:2 exception
echo 'call crypto/a.c printf' >>"$tree/tests/lint/exceptions" && found tests/lint/exceptions:2 exception

printf '%d cases, %d failed\n' "$cases" "$failures"
[ "$failures" -eq 0 ]
