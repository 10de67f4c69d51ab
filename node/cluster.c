/* nftw() */
#define _GNU_SOURCE

#include "node/cluster.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

bool cluster_free_ports(uint16_t *ports_out, size_t count, struct error *error)
{
    int sockets[2 * CLUSTER_NODES_MAX];
    must(count <= ARRAY_SIZE(sockets));
    size_t open_count = 0;
    bool ok = true;
    /* All are held until the last is found, so that none comes twice. */
    for (; open_count < count && ok; open_count++) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        socklen_t size = sizeof(address);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ok = fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 &&
             getsockname(fd, (struct sockaddr *)&address, &size) == 0;
        sockets[open_count] = fd;
        ports_out[open_count] = ntohs(address.sin_port);
    }
    int why = errno;
    for (size_t i = 0; i < open_count; i++)
        if (sockets[i] >= 0)
            close(sockets[i]);
    return ok || error_set(error, ERROR_IO, "no free port: %s", strerror(why));
}

bool cluster_find_program(char path_out[CLI_PATH_MAX], struct error *error)
{
    char own[CLI_PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", own, sizeof(own) - 1);
    if (size < 0)
        return error_set(error, ERROR_IO, "/proc/self/exe: %s", strerror(errno));
    own[size] = '\0';
    char *slash = strrchr(own, '/');
    if (slash)
        *slash = '\0';
    if (!cli_path(path_out, error, "%s/accrued", own))
        return false;
    return access(path_out, X_OK) == 0 ||
           error_set(error, ERROR_NOT_FOUND, "%s is missing: build it, or install it beside accrue",
                     path_out);
}

static pid_t start_node(const struct cluster *cluster, size_t place, struct error *error)
{
    char config[CLI_PATH_MAX];
    char log[CLI_PATH_MAX];
    const char *name = cluster->names[place];
    if (!cli_path(config, error, "%s/%s/node.json", cluster->dir, name) ||
        !cli_path(log, error, "%s/%s/accrued.log", cluster->dir, name))
        return -1;
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        error_set(error, ERROR_IO, "fork: %s", strerror(errno));
    if (pid != 0)
        return pid;
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int in = open("/dev/null", O_RDONLY);
    if (out < 0 || in < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it ended before that was set */
        _exit(125);
    setpgid(0, 0); /* the terminal's Ctrl-C is for us: we stop them in order */
    signal(SIGPIPE, SIG_DFL);
    execl(cluster->program, "accrued", "--config", config, (char *)NULL);
    _exit(127);
}

bool cluster_alive(struct cluster *cluster, struct error *error)
{
    for (size_t i = 0; i < cluster->count; i++) {
        int status;
        if (cluster->pids[i] <= 0 ||
            waitpid(cluster->pids[i], &status, WNOHANG) != cluster->pids[i])
            continue;
        cluster->pids[i] = 0;
        return error_set(error, ERROR_IO,
                         "the node %s ended by itself (%s %d): see %.300s/%s/"
                         "accrued.log",
                         cluster->names[i], WIFSIGNALED(status) ? "signal" : "exit status",
                         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), cluster->dir,
                         cluster->names[i]);
    }
    return true;
}

static bool is_ready(struct http *http, const struct cluster *cluster, size_t place)
{
    struct cli_target target;
    struct error error;
    int status;
    json_t *reply;
    if (!cli_target_in(cluster->dir, cluster->names[place], "admin", &target, &error) ||
        !http_ask(http, &target, "/healthz", NULL, NULL, &status, &reply, &error))
        return false;
    bool ready = status == 200 && json_is_true(json_object_get(reply, "ready"));
    json_decref(reply);
    return ready;
}

static bool wait_ready(struct cluster *cluster, uint64_t patience_ms,
                       const volatile int *interrupted, struct error *error)
{
    struct http *http = http_open(1, 0);
    uint64_t end_ms = cli_steady_ms() + patience_ms;
    size_t ready = 0;
    bool ok = true;
    while (ok && ready < cluster->count) {
        if (is_ready(http, cluster, ready)) {
            ready++;
            continue;
        }
        ok = cluster_alive(cluster, error);
        if (ok && interrupted && *interrupted)
            ok = error_set(error, ERROR_BUSY, "interrupted");
        if (ok && cli_steady_ms() > end_ms)
            ok = error_set(error, ERROR_BUSY,
                           "the node %s was not ready within %llu s: see %.300s/"
                           "%s/accrued.log",
                           cluster->names[ready], (unsigned long long)patience_ms / 1000,
                           cluster->dir, cluster->names[ready]);
        cli_sleep_ms(50);
    }
    http_close(http);
    return ok;
}

bool cluster_start(struct cluster *cluster, uint64_t patience_ms, const volatile int *interrupted,
                   struct error *error)
{
    bool ok = true;
    for (size_t i = 0; i < cluster->count && ok; i++) {
        cluster->pids[i] = start_node(cluster, i, error);
        ok = cluster->pids[i] > 0;
    }
    ok = ok && wait_ready(cluster, patience_ms, interrupted, error);
    if (!ok)
        cluster_stop(cluster);
    return ok;
}

void cluster_stop(struct cluster *cluster)
{
    uint64_t end_ms = cli_steady_ms() + CLUSTER_STOP_MS;
    size_t left = 0;
    for (size_t i = 0; i < cluster->count; i++)
        if (cluster->pids[i] > 0) {
            kill(cluster->pids[i], SIGTERM);
            left++;
        }
    while (left) {
        bool late = cli_steady_ms() > end_ms;
        for (size_t i = 0; i < cluster->count; i++) {
            if (cluster->pids[i] <= 0)
                continue;
            if (late)
                kill(cluster->pids[i], SIGKILL);
            if (waitpid(cluster->pids[i], NULL, late ? 0 : WNOHANG) == cluster->pids[i]) {
                cluster->pids[i] = 0;
                left--;
            }
        }
        if (left)
            cli_sleep_ms(10);
    }
}

static int remove_one(const char *path, const struct stat *file, int type, struct FTW *place)
{
    (void)file;
    (void)type;
    (void)place;
    return remove(path);
}

void cluster_remove(const char *dir)
{
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
