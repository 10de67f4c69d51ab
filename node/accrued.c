/* accrued - a partner's node. Everything it does stands in service.c. */

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/disk.h"
#include "node/log.h"
#include "node/service.h"

enum { EXIT_STOPPED = 1, EXIT_USAGE = 2, EXIT_RETIRED = 3 };

static const char help[] =
    "usage: accrued --config FILE [--check]\n"
    "\n"
    "Runs a node of an Accrue coalition until SIGTERM or SIGINT.\n"
    "\n"
    "  -c, --config FILE  the node's configuration (accrue coalition new writes one)\n"
    "      --check        read and check the configuration, then exit\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version\n"
    "\n"
    "Exit status: 0 stopped when asked; 1 the disk is full, read-only or fails: mend it as the\n"
    "log says and start the node again; 2 the configuration, the keys or the data folder do not\n"
    "allow a start; 3 the node stopped itself because going on would be unsafe: the log says why\n"
    "and what to do.\n"
    "\n"
    "Example: accrued --config coalition/grocer/node.json\n";

static int check_config(const char *path, struct config **config_out)
{
    struct error error;
    struct config_mistakes *mistakes = (struct config_mistakes *)allocate(1, sizeof(*mistakes));
    bool good = config_load(path, config_out, mistakes, &error);
    for (size_t i = 0; !good && i < mistakes->count; i++)
        (void)fprintf(stderr, "accrued: %s: %s\n", path, mistakes->text[i]);
    if (!good)
        (void)fprintf(stderr, "accrued: %s\n", error.text);
    free(mistakes);
    return good ? 0 : EXIT_USAGE;
}

/* A file that grows beyond the limit, a log that nobody reads any more: errors, and no deaths. */
static void mind_signals(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    disk_catch_lost_pages(EXIT_STOPPED);
}

/* *again_out: it is to be called once more. */
static int run_once(const struct config *config, bool *again_out)
{
    struct service *service = NULL;
    struct error error;
    *again_out = false;
    if (!service_open(config, &service, &error)) {
        log_error("the node does not start", log_text("reason", error.text),
                  log_text("code", error_code_name(error.code)));
        return error.code == ERROR_DISK ? EXIT_STOPPED : EXIT_USAGE;
    }
    bool graceful = service_run(service, &error);
    *again_out = graceful && service_goes_on(service);
    service_close(service);
    if (graceful)
        return 0;
    log_flush(true);
    return error.code == ERROR_CONFLICT ? EXIT_RETIRED : EXIT_STOPPED;
}

static int run(const struct config *config)
{
    bool again = true;
    int status = 0;
    mind_signals();
    log_configure(
        &(struct log_config){.level = config->log_level, .format = config->log_format, .fd = 2});
    while (again)
        status = run_once(config, &again);
    return status;
}

/* Batches, their frames and what they decode to are a mebibyte at most and come all the time: given
 * back to the system each time, every page of them would be a fault again. */
static void keep_memory(void)
{
    enum { KEPT_MAX = 32 * 1024 * 1024, TRIM_BEYOND = 128 * 1024 * 1024 };
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_MAX);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_BEYOND);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'V'},
                                            {NULL, 0, NULL, 0}};
    const char *path = NULL;
    bool check = false;
    int option;
    keep_memory();
    while ((option = getopt_long(argc, argv, "c:hV", options, NULL)) != -1) {
        if (option == 'c') {
            path = optarg;
        } else if (option == 'k') {
            check = true;
        } else if (option == 'h') {
            (void)fputs(help, stdout);
            return 0;
        } else if (option == 'V') {
            (void)puts("accrued " ACCRUE_VERSION);
            return 0;
        } else {
            (void)fputs("accrued: try --help\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (!path || optind != argc) {
        (void)fputs("accrued: --config FILE is needed; try --help\n", stderr);
        return EXIT_USAGE;
    }
    struct config *config = NULL;
    int status = check_config(path, &config);
    if (status == 0)
        status = check ? 0 : run(config);
    config_close(config);
    return status;
}
