# source_lint.awk - the rules of source_lint.sh. First the exceptions, then every file of the tree.
# Written for mawk: no intervals in patterns, no word boundaries.

function set_of(words, set,    list, i, n) {
    n = split(words, list, " ")
    for (i = 1; i <= n; i++)
        set[list[i]] = 1
}

function report(line, rule, why) {
    printf "%s:%d: %s: %s\n", FILENAME, line, rule, why
    found++
}

# An exception that is used is remembered, so that one that is no longer needed can be reported.
function excepted(rule, name,    key) {
    key = rule SUBSEP FILENAME SUBSEP name
    if (key in exceptions) {
        used[key] = 1
        return 1
    }
    return 0
}

BEGIN {
    below["crypto"] = "crypto"
    below["protocol"] = "crypto protocol"
    below["partners"] = "crypto protocol partners"
    below["node"] = "crypto protocol partners node"

    set_of("strcpy strcat sprintf vsprintf atoi atol atoll atof gets strtok alloca rand srand " \
           "tmpnam mktemp ctime asctime", banned)
    set_of("system popen", shells) # a test may unpack its data
    # What the pure layers must not do: ask the clock, the disk, the network, chance, the
    # environment; write anywhere; end the process.
    set_of("time clock clock_gettime gettimeofday timespec_get sleep usleep nanosleep " \
           "localtime gmtime localtime_r mktime timer_create alarm " \
           "fopen fdopen freopen fclose fread fwrite fgets fgetc fscanf fseek fflush tmpfile " \
           "open openat creat read write pread pwrite readv writev close fsync fdatasync ftruncate " \
           "unlink rename remove mkdir rmdir stat fstat lstat chmod access opendir readdir flock mmap " \
           "socket socketpair connect bind listen accept send recv sendto recvfrom sendmsg recvmsg " \
           "poll select epoll_wait getaddrinfo ioctl fcntl pipe " \
           "getenv secure_getenv setenv putenv random srandom rand_r drand48 arc4random getrandom " \
           "printf vprintf puts putchar putc fputc fprintf vfprintf dprintf fputs perror syslog " \
           "scanf getchar getline exit _exit quick_exit abort atexit fork vfork execv execve execvp " \
           "execl kill raise signal sigaction pthread_create thrd_create getpid " \
           "json_load_file json_dump_file json_loadf json_dumpf json_loadfd json_dumpfd " \
           "json_real json_real_value json_number_value BIO_new_file BIO_new_fp strtod strtof", impure)
    # Key generation is the one thing in crypto that needs chance.
    set_of("random_bytes RAND_bytes RAND_priv_bytes signing_key_generate", chance)
    set_of("time.h sys/time.h math.h tgmath.h unistd.h fcntl.h poll.h netdb.h signal.h syslog.h " \
           "dirent.h sys/stat.h sys/socket.h sys/mman.h sys/file.h netinet/in.h arpa/inet.h uv.h " \
           "microhttpd.h curl/curl.h leveldb/c.h nanomsg/nn.h threads.h", impure_headers)
}

FNR == NR && FILENAME ~ /exceptions$/ {
    if ($0 !~ /^#/ && NF) {
        exceptions[$1, $2, $3] = 1
        place[$1, $2, $3] = FNR
        if (NF < 4)
            report(FNR, "exception", "needs RULE PATH NAME REASON")
    }
    next
}

FNR == 1 {
    end_of_file()
    begin_file()
}

{
    lines = FNR
    check_text()
    if (is_c) {
        strip()
        check_c()
    }
}

END {
    end_of_file()
    for (key in exceptions) {
        split(key, part, SUBSEP)
        if (part[1] != "edge" && (part[2] in seen) && !(key in used)) {
            FILENAME = "tests/lint/exceptions"
            report(place[key], "exception", "no longer needed: " part[1] " " part[2] " " part[3])
        }
    }
    exit found > 0
}

function begin_file() {
    previous = FILENAME
    seen[FILENAME] = 1
    is_c = FILENAME ~ /\.[ch]$/
    is_header = FILENAME ~ /\.h$/
    layer = FILENAME
    sub(/\/.*/, "", layer)
    is_test = layer == "tests"
    pure = (layer == "crypto" || layer == "protocol" || layer == "partners") &&
           !(("edge", FILENAME, "-") in exceptions)
    comment = 0
    depth = 0
    signature = ""
    guard = ""
    guarded = 0
}

function end_of_file(    want, short, name, most) {
    if (previous == "")
        return
    name = FILENAME
    FILENAME = previous
    most = FILENAME ~ /\.md$/ ? 1300 : 900
    if (lines > most && FILENAME !~ /\.json$/)
        report(lines, "file-length", lines " lines, at most " most)
    if (is_header) {
        want = toupper(FILENAME)
        gsub(/[^A-Z0-9]/, "_", want)
        short = want
        sub(/^TESTS_/, "", short)
        if (!guarded || (guard != want && guard != short))
            report(1, "guard", "the include guard must be " want)
    }
    FILENAME = name
    previous = ""
}

# Rules for every text: words that promise work not done, paths of one machine, width.
function check_text(    text, width) {
    text = " " $0 " "
    if (text ~ /[^A-Za-z0-9_](TODO|FIXME|XXX|HACK)[^A-Za-z0-9_]/)
        report(FNR, "unfinished", "finish it, or file an issue")
    text = tolower(text)
    if (text ~ /[^a-z0-9_](for now|not implemented|not yet implemented|unimplemented)[^a-z0-9_]/ ||
        text ~ /[^a-z0-9_]stub(s|bed)?[^a-z0-9_]/)
        report(FNR, "unfinished", "finish it, or file an issue")
    if (text ~ /[^a-z0-9_.\/]\/(work|root|home)\//)
        report(FNR, "workplace", "a path of one machine")
    width = $0
    gsub(/[\200-\277]/, "", width) # count characters, not bytes
    if (length(width) > 100 && FILENAME ~ /\.[ch]$/) # others break where it reads best
        report(FNR, "width", length(width) " columns, at most 100")
}

# Leaves in `code` the line without comments, texts and characters; `comment` lasts over lines.
function strip(    rest, at, two) {
    rest = $0
    code = ""
    while (rest != "") {
        if (comment) {
            at = index(rest, "*/")
            if (!at)
                return
            rest = substr(rest, at + 2)
            comment = 0
            code = code " "
            continue
        }
        if (!match(rest, /["']|\/\*|\/\//)) {
            code = code rest
            return
        }
        code = code substr(rest, 1, RSTART - 1)
        two = substr(rest, RSTART, 2)
        rest = substr(rest, RSTART)
        if (two == "//")
            return
        if (two == "/*") {
            comment = 1
            rest = substr(rest, 3)
        } else if (match(rest, /^"([^"\\]|\\.)*"/) || match(rest, /^'([^'\\]|\\.)*'/)) {
            code = code substr(rest, 1, 1) substr(rest, 1, 1)
            rest = substr(rest, RLENGTH + 1)
        } else {
            return
        }
    }
}

function check_c() {
    if (is_header)
        check_header()
    if (code ~ /^[ \t]*#[ \t]*include/)
        check_include()
    check_calls()
    if (pure) {
        check_float()
        check_global()
        if (code ~ /(^|[^A-Za-z0-9_])default[ \t]*:/ && $0 !~ /\/\* lint: not an enum \*\//)
            report(FNR, "default", "name every value, or say /* lint: not an enum */")
    }
    follow_braces()
}

function check_header(    word) {
    if (FNR == 1 && $0 !~ /^\/\* [a-z0-9_]+\.h - /)
        report(1, "header", "must begin with a comment: /* name.h - what it is for")
    split(code, word, /[ \t]+/)
    if (guard == "" && word[1] == "#ifndef")
        guard = word[2]
    else if (word[1] == "#define" && word[2] == guard)
        guarded = 1
}

function check_include(    name, folder) {
    name = $0
    if (name ~ /</) {
        sub(/^[^<]*</, "", name)
        sub(/>.*/, "", name)
        if (pure && (name in impure_headers))
            report(FNR, "pure", "<" name "> belongs in node/ or in an edge file")
        return
    }
    sub(/^[^"]*"/, "", name)
    sub(/".*/, "", name)
    if (is_test && name == "check.h")
        return
    if (name !~ /\// || name ~ /(^|\/)\.\.?\//) {
        report(FNR, "include", "write \"layer/file.h\"")
        return
    }
    folder = name
    sub(/\/.*/, "", folder)
    if ((layer in below) && index(" " below[layer] " ", " " folder " ") == 0)
        report(FNR, "layer", layer " may include only " below[layer])
}

# A call is a name before a parenthesis that is no member: not x.read(), not x->read().
function check_calls(    rest, name, before) {
    rest = code
    before = ""
    while (match(rest, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
        name = substr(rest, RSTART, RLENGTH - 1)
        sub(/[ \t]+$/, "", name)
        before = before substr(rest, 1, RSTART - 1)
        if (before !~ /(\.|->)[ \t]*$/)
            check_call(name)
        before = "("
        rest = substr(rest, RSTART + RLENGTH)
    }
}

function check_call(name) {
    if ((name in banned) || (!is_test && (name in shells))) {
        if (!excepted("call", name))
            report(FNR, "banned", name "()")
    } else if (pure && (name in impure)) {
        if (!excepted("call", name))
            report(FNR, "pure", name "() belongs in node/ or in an edge file")
    } else if (pure && !is_header && layer != "crypto" && (name in chance)) {
        if (!excepted("call", name))
            report(FNR, "pure", name "(): chance is an argument here")
    }
}

function check_float(    text) {
    text = " " code " "
    if (text ~ /[^A-Za-z0-9_](float|double|_Complex)[^A-Za-z0-9_]/) {
        report(FNR, "float", "quantities are integers")
        return
    }
    gsub(/0[xX][0-9a-fA-F]+/, "0", text)
    if (text ~ /[^A-Za-z0-9_][0-9]+\.[0-9]*/ || text ~ /[^A-Za-z0-9_)\].]\.[0-9]/ ||
        text ~ /[^A-Za-z0-9_][0-9]+[eE][-+]?[0-9]/)
        report(FNR, "float", "quantities are integers")
}

# A variable that outlives its function and is not const: static anywhere, or defined at the top.
function check_global(    text, name) {
    text = code
    if (text !~ /^[ \t]*(static|_Thread_local|__thread)[ \t]/ &&
        !(depth == 0 && text ~ /^[a-z][A-Za-z0-9_ *]*[ *][a-z][A-Za-z0-9_]*(\[[^\]]*\])*[ ]*=/))
        return
    if (text ~ /(^|[^A-Za-z0-9_])(const|_Static_assert)[^A-Za-z0-9_]/)
        return
    sub(/=.*/, "", text)
    if (text ~ /\(/ || code !~ /[;=]/)
        return
    name = text
    sub(/[ \t]*(\[.*)?;?[ \t]*$/, "", name)
    sub(/.*[ *]/, "", name)
    if (!excepted("global", name))
        report(FNR, "global", name ": state is an argument here")
}

# Linux braces: a function begins with { and ends with } in the first column.
function follow_braces(    name) {
    if (code ~ /^\{/ && signature ~ /\(/) {
        body = FNR
        name = signature
        match(name, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)
        function_name = substr(name, RSTART, RLENGTH - 1)
    } else if (code ~ /^\}/ && body) {
        if (!is_test && FNR - body - 1 > 70 && !excepted("length", function_name))
            report(body, "function-length", function_name "() has " FNR - body - 1 " lines, at most 70")
        body = 0
    }
    if (code ~ /^[A-Za-z_]/)
        signature = code
    else if (code ~ /^(\}|#)/)
        signature = ""
    name = code
    depth += gsub(/\{/, "", name)
    depth -= gsub(/\}/, "", name)
}
