#define _GNU_SOURCE /* sigaction's siginfo with strict C */
#include "node/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- errors -------------------------------------------------------------------------------- */

static const struct {
    int reason;
    bool disk; /* and nothing that somebody configured */
    const char *advice;
} advices[] = {
    {ENOSPC, true, "the disk is full: make room (see df -h and df -i)"},
    {EDQUOT, true, "the disk quota is used up: make room or raise it"},
    {EIO, true,
     "the disk fails: see the kernel's log (dmesg), mend or replace it, check the folder with "
     "accrue verify --store"},
    {EROFS, true, "see the kernel's log (dmesg) for why, and mount it writable"},
    {EFBIG, false, "raise the limit on the size of files (ulimit -f)"},
    {EMFILE, false, "raise the limit on open files (ulimit -n)"},
    {ENFILE, false, "raise the system's limit on open files (fs.file-max)"},
};

static bool says(const struct error *error, int reason)
{
    return strstr(error->text, strerror(reason)) != NULL;
}

void disk_explain(struct error *error)
{
    if (error->code != ERROR_IO)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(advices); i++) {
        if (says(error, advices[i].reason)) {
            error_set(error, advices[i].disk ? ERROR_DISK : ERROR_IO,
                      "%s: %s, then start the node again", error->text, advices[i].advice);
            return;
        }
    }
    if (says(error, EACCES) || says(error, EPERM))
        error_set(error, ERROR_IO,
                  "%s: the data folder and all in it must belong to the user that runs the node "
                  "(%u): chown -R it, then start the node again",
                  error->text, (unsigned)geteuid());
}

/* ---- lost pages ---------------------------------------------------------------------------- */

enum { LINE_SIZE = 4096 + 256, MAP_LINES_MAX = 1 << 20 };

static int lost_page_status;

static void tell(const char *text, size_t size)
{
    if (write(STDERR_FILENO, text, size) < 0)
        return; /* nobody is left to be told */
}

/* Hexadecimal up to `end`; advances past it. */
static uintptr_t address_read(const char **at, char end)
{
    uintptr_t address = 0;
    for (; **at != end && **at != '\0'; (*at)++)
        address = address * 16 + (uintptr_t)(**at <= '9' ? **at - '0' : (**at | 0x20) - 'a' + 10);
    *at += **at == end;
    return address;
}

/* "55d0-55f0 r--p 00000000 fe:01 1234   /the/file" */
static bool map_line(const char *line, uintptr_t address)
{
    const char *at = line;
    uintptr_t begin = address_read(&at, '-'), end = address_read(&at, ' ');
    const char *path = strchr(at, '/');
    if (address < begin || address >= end || !path)
        return false;
    tell(path, strlen(path));
    return true;
}

/* Only calls that a signal handler may make: the line is read byte by byte into its own buffer. */
static void tell_file_at(uintptr_t address)
{
    static char line[LINE_SIZE];
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t size = 0, lines = 0;
    char next;
    while (fd >= 0 && lines < MAP_LINES_MAX && read(fd, &next, 1) == 1) {
        if (next != '\n') {
            line[size] = next;
            size += size + 1 < sizeof(line);
            continue;
        }
        line[size] = '\0';
        if (map_line(line, address))
            return;
        size = 0;
        lines++;
    }
    tell("a mapped file", strlen("a mapped file"));
}

static void on_lost_page(int number, siginfo_t *info, void *context)
{
    static const char before[] = "accrued: the node stops: a page of ",
                      after[] = " cannot be read: the disk fails, or the file was cut short while "
                                "the node ran: see the kernel's log (dmesg), check the folder with "
                                "accrue verify --store, then start the node again\n";
    (void)number;
    (void)context;
    tell(before, sizeof(before) - 1);
    tell_file_at((uintptr_t)info->si_addr);
    tell(after, sizeof(after) - 1);
    _exit(lost_page_status);
}

void disk_catch_lost_pages(int exit_status)
{
    lost_page_status = exit_status;
    struct sigaction action = {.sa_sigaction = on_lost_page, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    must(sigaction(SIGBUS, &action, NULL) == 0);
}
