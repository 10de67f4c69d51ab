# shellcheck shell=bash
# reports.sh - what the sanitizers and valgrind write: a file a process, in $reports. Sourced.

fresh_reports() {
    rm -rf "${reports:?}" && mkdir "$reports"
}

# False when there are any.
tell_reports() {
    local report status=0
    for report in "$reports"/*; do
        [[ -s $report ]] || continue
        printf '\n---- %s\n' "$report"
        head -n 80 "$report"
        status=1
    done
    return "$status"
}
