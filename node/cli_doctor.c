/* accrue doctor: what an operator should look at before (and while) a node runs. */
#include "node/cli_commands.h"
#include "node/cli_http.h"
#include "node/cli_membership.h"
#include "node/config.h"
#include "node/invitation.h"
#include "node/service.h"
#include "node/store_leveldb.h"

#include "crypto/channel_keyfile.h"
#include "crypto/keyfile.h"
#include "partners/charter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

enum {
    DISK_FAIL_MB = 1024, /* a node that cannot write stops */
    DISK_WARN_MB = 10240,
    FSYNC_TRIES = 20,
    FSYNC_WARN_MS = 20, /* each height waits for a few of them */
    FSYNC_FAIL_MS = 500,
    CONNECT_MS = 2000,
    SYNC_WRITE_SIZE = 4096,
};

enum level { LEVEL_OK, LEVEL_WARN, LEVEL_FAIL };
static const char *const words[] = {"ok", "warn", "fail"};

struct doctor {
    const struct cli *cli;
    struct config *config;
    struct charter *charter; /* of the coalition's beginning */
    /* Of the charter in force, which a running node knows; else of that file. */
    struct charter_node *nodes;
    size_t node_count;
    const struct charter_node *own; /* NULL: it is not among them */
    bool running;                   /* the node answers on its own HTTP port */
    size_t counts[3];
    json_t *lines;
};

static void say(struct doctor *doctor, enum level level, const char *what, const char *format, ...)
    PRINTF_LIKE(4, 5);
static void say(struct doctor *doctor, enum level level, const char *what, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    doctor->counts[level]++;
    json_array_append_new(doctor->lines, json_pack("{s:s, s:s, s:s}", "level", words[level], "what",
                                                   what, "text", text));
    if (!doctor->cli->json)
        printf("%-4s  %-10s %s\n", words[level], what, text);
}

/* ---- clock --------------------------------------------------------------------------------- */

static void check_clock(struct doctor *doctor)
{
    struct timex state = {0};
    int clock = adjtimex(&state);
    uint64_t bound_ms = doctor->charter->policy.clock_bound_ms;
    if (clock < 0)
        say(doctor, LEVEL_WARN, "clock", "its state cannot be read: %s", strerror(errno));
    else if (clock == TIME_ERROR || (state.status & STA_UNSYNC))
        say(doctor, LEVEL_WARN, "clock",
            "not synchronised; peers refuse cuts more than %" PRIu64 " ms off. Run "
            "systemd-timesyncd or chrony",
            bound_ms);
    else
        say(doctor, LEVEL_OK, "clock", "synchronised, error at most %ld us", state.maxerror);
}

/* ---- disk ---------------------------------------------------------------------------------- */

/* Median of small synced writes, in microseconds; 0: could not be measured. */
static int by_value(const void *left, const void *right)
{
    const uint64_t *a = (const uint64_t *)left;
    const uint64_t *b = (const uint64_t *)right;
    return *a < *b ? -1 : *a > *b;
}

static bool time_fsync(const char *dir, uint64_t *median_us_out)
{
    char path[CLI_PATH_MAX];
    uint64_t took[FSYNC_TRIES];
    uint8_t block[SYNC_WRITE_SIZE] = {0};
    if (!cli_path(path, NULL, "%s/.accrue-doctor-XXXXXX", dir))
        return false;
    int file = mkstemp(path);
    if (file < 0)
        return false;
    unlink(path);
    bool ok = true;
    for (size_t i = 0; i < FSYNC_TRIES && ok; i++) {
        struct timespec before;
        struct timespec after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        ok = write(file, block, sizeof(block)) == (ssize_t)sizeof(block) && fdatasync(file) == 0;
        clock_gettime(CLOCK_MONOTONIC, &after);
        took[i] = (uint64_t)((after.tv_sec - before.tv_sec) * 1000000 +
                             (after.tv_nsec - before.tv_nsec) / 1000);
    }
    close(file);
    if (!ok)
        return false;
    qsort(took, FSYNC_TRIES, sizeof(took[0]), by_value);
    *median_us_out = took[FSYNC_TRIES / 2];
    return true;
}

/* The data folder, or where it is going to be. */
static void data_parent(const struct doctor *doctor, char out[CLI_PATH_MAX])
{
    snprintf(out, CLI_PATH_MAX, "%s", doctor->config->data);
    while (access(out, F_OK) != 0 && strchr(out, '/'))
        *strrchr(out, '/') = '\0';
    if (access(out, F_OK) != 0 || !out[0])
        snprintf(out, CLI_PATH_MAX, ".");
}

static void check_disk(struct doctor *doctor)
{
    char dir[CLI_PATH_MAX];
    struct statvfs disk;
    uint64_t us;
    data_parent(doctor, dir);
    if (statvfs(dir, &disk) != 0) {
        say(doctor, LEVEL_FAIL, "disk", "%s: %s", dir, strerror(errno));
        return;
    }
    uint64_t free_mb = (uint64_t)disk.f_bavail * disk.f_frsize / 1048576;
    say(doctor,
        free_mb < DISK_FAIL_MB   ? LEVEL_FAIL
        : free_mb < DISK_WARN_MB ? LEVEL_WARN
                                 : LEVEL_OK,
        "disk", "%" PRIu64 " MB free in %s%s", free_mb, dir,
        free_mb < DISK_WARN_MB ? "; make room: a node that cannot write stops" : "");
    if (!time_fsync(dir, &us))
        say(doctor, LEVEL_FAIL, "disk", "%s does not take synced writes: %s", dir, strerror(errno));
    else
        say(doctor,
            us > FSYNC_FAIL_MS * 1000   ? LEVEL_FAIL
            : us > FSYNC_WARN_MS * 1000 ? LEVEL_WARN
                                        : LEVEL_OK,
            "disk", "a synced write takes %" PRIu64 " us%s", us,
            us > FSYNC_WARN_MS * 1000 ? "; every decision waits for some: a faster disk helps"
                                      : "");
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* Each key may lie where the configuration says or, as the next one, in the folder beside. */
static const char *const where[] = {"the charter's", "the charter's, from the folder of next keys"};

static bool is_sign_key(struct doctor *doctor, const char *path, const struct public_key *expected)
{
    struct signing_key *key;
    struct error error;
    if (!keyfile_read(path, &key, &error)) {
        say(doctor, LEVEL_FAIL, "keys", "%s", error.text);
        return false;
    }
    struct public_key own = signing_key_public(key);
    signing_key_close(key);
    return memcmp(own.at, expected->at, PUBLIC_KEY_SIZE) == 0;
}

static bool is_transport_key(struct doctor *doctor, const char *path, const uint8_t *expected)
{
    struct channel_key *key;
    struct error error;
    uint8_t point[CHANNEL_POINT_SIZE];
    if (!channel_keyfile_read(path, &key, &error)) {
        say(doctor, LEVEL_FAIL, "keys", "%s", error.text);
        return false;
    }
    channel_key_point(key, point);
    channel_key_close(key);
    return memcmp(point, expected, sizeof(point)) == 0;
}

/* `key` NULL: the transport key. */
static void check_key(struct doctor *doctor, const char *path, const char *next_name,
                      const struct public_key *key)
{
    char next[CLI_PATH_MAX];
    const char *paths[2] = {path, next};
    must(doctor->own);
    snprintf(next, sizeof(next), "%.900s/%s", doctor->config->next_keys, next_name);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        if (i == 1 && access(next, F_OK) != 0)
            continue;
        if (key ? is_sign_key(doctor, paths[i], key)
                : is_transport_key(doctor, paths[i], doctor->own->transport_key)) {
            say(doctor, LEVEL_OK, "keys", "%s is %s", paths[i], where[i]);
            return;
        }
    }
    say(doctor, LEVEL_FAIL, "keys",
        "%s is not the key that the charter%s names for %s: use the right file, or this is another "
        "coalition",
        path, doctor->running ? " in force" : "", doctor->config->node);
}

static void check_keys(struct doctor *doctor)
{
    const struct config *config = doctor->config;
    if (!doctor->own) {
        say(doctor, LEVEL_OK, "keys",
            "the charter's file does not know %s, which joined later: while the node runs its keys "
            "are compared with the charter in force",
            config->node);
        return;
    }
    check_key(doctor, config->key, "node.key", &doctor->own->sign_key);
    check_key(doctor, config->log_key, "log.key", &doctor->own->log_key.key);
    check_key(doctor, config->cosigner_key, "cosigner.key", &doctor->own->cosigner_key.key);
    check_key(doctor, config->transport_key, "transport.key", NULL);
}

static void check_mode(struct doctor *doctor, const char *path)
{
    struct stat file;
    if (stat(path, &file) != 0)
        say(doctor, LEVEL_FAIL, "files", "%s: %s", path, strerror(errno));
    else if (file.st_mode & 077)
        say(doctor, LEVEL_FAIL, "files", "others can read %s: chmod 600 %s", path, path);
    else
        say(doctor, LEVEL_OK, "files", "%s is private", path);
}

/* ---- ports, peers -------------------------------------------------------------------------- */

/* 0: connected; else errno. */
static int try_connect(const char *address)
{
    char host[CONFIG_URL_MAX + 1];
    char port_text[8];
    uint16_t port;
    struct addrinfo *list;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (strncmp(address, "tcp://", 6) == 0)
        address += 6;
    if (!config_split_address(address, host, &port))
        return EINVAL;
    snprintf(port_text, sizeof(port_text), "%u", port);
    if (getaddrinfo(host, port_text, &hints, &list) != 0)
        return EHOSTUNREACH;
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int why = fd < 0 || connect(fd, list->ai_addr, list->ai_addrlen) == 0 ? 0 : errno;
    if (why == EINPROGRESS) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        socklen_t size = sizeof(why);
        why = ETIMEDOUT;
        if (poll(&wait, 1, CONNECT_MS) == 1)
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size);
    }
    if (fd >= 0)
        close(fd);
    freeaddrinfo(list);
    return why;
}

static const char *address_of(const struct doctor *doctor, size_t node)
{
    for (size_t i = 0; i < doctor->config->peer_count; i++)
        if (strcmp(doctor->config->peers[i].node, doctor->nodes[node].name) == 0)
            return doctor->config->peers[i].url;
    return doctor->nodes[node].address;
}

static void check_peers(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->node_count; i++) {
        if (&doctor->nodes[i] == doctor->own || doctor->nodes[i].left)
            continue;
        const char *address = address_of(doctor, i);
        int why = try_connect(address);
        say(doctor, why ? LEVEL_WARN : LEVEL_OK, "peers", "%s at %s: %s%s", doctor->nodes[i].name,
            address, why ? strerror(why) : "reachable",
            why ? "; is it running, and does its firewall let this host in?" : "");
    }
}

static void check_ports(struct doctor *doctor)
{
    int http = try_connect(doctor->config->http.listen);
    int peer = try_connect(doctor->config->listen);
    doctor->running = http == 0 && peer == 0;
    if (doctor->running)
        say(doctor, LEVEL_OK, "ports", "a node listens on %s and %s", doctor->config->http.listen,
            doctor->config->listen);
    else if (http == 0 || peer == 0)
        say(doctor, LEVEL_FAIL, "ports", "%s is taken by another program",
            http == 0 ? doctor->config->http.listen : doctor->config->listen);
    else
        say(doctor, LEVEL_OK, "ports", "%s and %s are free; the node is not running",
            doctor->config->http.listen, doctor->config->listen);
}

/* ---- the node itself ----------------------------------------------------------------------- */

static void own_target(const struct doctor *doctor, struct cli_target *target)
{
    memset(target, 0, sizeof(*target));
    snprintf(target->url, sizeof(target->url), "%s://%s",
             doctor->config->http.tls_certificate[0] ? "https" : "http",
             doctor->config->http.listen);
    snprintf(target->ca, sizeof(target->ca), "%s",
             doctor->cli->ca ? doctor->cli->ca : doctor->config->http.tls_certificate);
}

static void say_health(struct doctor *doctor, const json_t *health)
{
    const char *version = json_string_value(json_object_get(health, "version"));
    const char *standing = json_string_value(json_object_get(health, "standing"));
    bool ready = json_is_true(json_object_get(health, "ready"));
    bool member = standing && strcmp(standing, "member") == 0;
    say(doctor,
        ready    ? LEVEL_OK
        : member ? LEVEL_WARN
                 : LEVEL_FAIL,
        "node", "%s, height %" PRId64 "%s%s",
        ready ? "ready"
        : member
            ? "not ready: it hears no quorum, or waits for its peers before its first signature"
            : "it may not write: its log says what to do",
        (int64_t)json_integer_value(json_object_get(health, "height")), member ? "" : ", ",
        member || !standing ? "" : standing);
    bool same = version && strcmp(version, ACCRUE_VERSION) == 0;
    say(doctor, same ? LEVEL_OK : LEVEL_WARN, "version", "accrued %s, accrue %s%s",
        version ? version : "unknown", ACCRUE_VERSION, same ? "" : ": install the same of both");
}

static void check_running(struct doctor *doctor)
{
    struct cli_target target;
    struct error error;
    int status;
    json_t *health;
    own_target(doctor, &target);
    struct http *http = http_open(1, 0);
    if (http_ask(http, &target, "/healthz", NULL, NULL, &status, &health, &error)) {
        say_health(doctor, health);
        json_decref(health);
    } else {
        say(doctor, LEVEL_FAIL, "node", "%s", error.text);
    }
    http_close(http);
}

/* Who takes part now: a running node says so to this machine. */
static bool nodes_in_force(struct doctor *doctor)
{
    struct cli_target target;
    struct error error;
    int status = 0;
    json_t *membership;
    own_target(doctor, &target);
    struct http *http = http_open(1, 0);
    bool good = http_ask(http, &target, "/v1/membership", NULL, NULL, &status, &membership, &error);
    http_close(http);
    if (!good)
        return false;
    good =
        status == 200 && membership_nodes(membership, doctor->nodes, &doctor->node_count, &error);
    json_decref(membership);
    return good;
}

static void find_nodes(struct doctor *doctor)
{
    doctor->nodes = (struct charter_node *)allocate(NODES_MAX, sizeof(*doctor->nodes));
    if (!doctor->running || !nodes_in_force(doctor)) {
        doctor->node_count = doctor->charter->node_count;
        memcpy(doctor->nodes, doctor->charter->nodes, doctor->node_count * sizeof(*doctor->nodes));
    }
    for (size_t i = 0; i < doctor->node_count; i++)
        if (strcmp(doctor->nodes[i].name, doctor->config->node) == 0)
            doctor->own = &doctor->nodes[i];
}

static void say_charter(struct doctor *doctor)
{
    size_t nodes = 0, voters = 0;
    for (size_t i = 0; i < doctor->node_count; i++) {
        nodes += !doctor->nodes[i].left;
        voters += doctor->nodes[i].voter && !doctor->nodes[i].left;
    }
    say(doctor, LEVEL_OK, "charter", "%s: %zu nodes, of which %zu vote and %zu decide%s%s",
        doctor->charter->name, nodes, voters, quorum_size(voters),
        doctor->running ? "" : ", as the file says: the ledger may have changed that",
        doctor->charter->sandbox ? "; SANDBOX" : "");
}

static void check_data(struct doctor *doctor, struct node_id self)
{
    struct store_leveldb_options options = {.coalition = doctor->charter->coalition,
                                            .node = self.v};
    struct store_leveldb_report report;
    struct error error;
    if (doctor->running) {
        say(doctor, LEVEL_OK, "data", "%s is in use; stop the node to have every byte checked",
            doctor->config->data);
    } else if (access(doctor->config->data, F_OK) != 0) {
        say(doctor, LEVEL_OK, "data", "%s is not there yet: the node makes it at its first start",
            doctor->config->data);
    } else if (store_leveldb_check(doctor->config->data, &options, &report, &error)) {
        say(doctor, LEVEL_OK, "data", "%" PRIu64 " entries in %" PRIu64 " files are whole",
            report.entries, report.files);
    } else {
        say(doctor, LEVEL_FAIL, "data", "%s", error.text);
    }
}

/* ---- the command --------------------------------------------------------------------------- */

static bool open_charter(struct doctor *doctor, struct error *error)
{
    struct buffer file;
    buffer_init(&file, CHARTER_SIZE_MAX);
    bool ok = cli_file_read(doctor->config->charter, CHARTER_SIZE_MAX, &file, error) &&
              charter_parse(buffer_bytes(&file), &doctor->charter, NULL, error);
    buffer_release(&file);
    return ok;
}

/* Whose number the data folder bears: by the charter's file, or by the invitation. */
static bool find_number(const struct doctor *doctor, struct node_id *self_out, struct error *error)
{
    struct buffer bytes;
    const char *path = doctor->config->invitation;
    if (charter_node_by_name(doctor->charter, bytes_text(doctor->config->node), self_out))
        return true;
    if (!path[0])
        return error_set(error, ERROR_INVALID, "the charter knows no node %s",
                         doctor->config->node);
    struct invitation *invitation = (struct invitation *)allocate(1, sizeof(*invitation));
    buffer_init(&bytes, INVITATION_SIZE_MAX);
    bool ok = cli_file_read(path, INVITATION_SIZE_MAX, &bytes, error) &&
              (invitation_decode(buffer_bytes(&bytes), invitation, error) ||
               error_wrap(error, "%s", path));
    if (ok)
        *self_out = invitation->node;
    buffer_release(&bytes);
    free(invitation);
    return ok;
}

static void check_all(struct doctor *doctor, struct node_id self)
{
    check_clock(doctor);
    check_disk(doctor);
    check_ports(doctor);
    find_nodes(doctor);
    say_charter(doctor);
    check_keys(doctor);
    check_mode(doctor, doctor->config->coalition_secret);
    check_mode(doctor, doctor->config->tokens_file);
    if (doctor->running)
        check_running(doctor);
    check_peers(doctor);
    check_data(doctor, self);
}

static int run_doctor(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct doctor doctor = {.cli = &cli};
    struct node_id self = {0};
    const char *config = NULL;
    char path[CLI_PATH_MAX];
    const struct cli_option options[] = {{"config", CLI_TEXT, &config}};
    struct error error;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    if (!config && (!cli.dir || !cli.node))
        return cli_fail(&cli, CLI_USAGE, "give --config node.json, or --dir DIR and --node NAME");
    if (!config && !cli_path(path, &error, "%s/%s/node.json", cli.dir, cli.node))
        return cli_fail_error(&cli, &error);
    doctor.lines = json_array();
    if (!config_load(config ? config : path, &doctor.config, NULL, &error) ||
        !open_charter(&doctor, &error) || !find_number(&doctor, &self, &error))
        say(&doctor, LEVEL_FAIL, "config", "%s", error.text);
    else
        check_all(&doctor, self);
    free(doctor.nodes);
    charter_close(doctor.charter);
    config_close(doctor.config);
    if (cli.json)
        cli_print_json(json_pack("{s:I, s:I, s:I, s:O}", "ok", (json_int_t)doctor.counts[LEVEL_OK],
                                 "warn", (json_int_t)doctor.counts[LEVEL_WARN], "fail",
                                 (json_int_t)doctor.counts[LEVEL_FAIL], "checks", doctor.lines));
    json_decref(doctor.lines);
    return doctor.counts[LEVEL_FAIL] ? CLI_REFUSED : CLI_OK;
}

const struct cli_command cli_doctor = {
    "doctor", "Looks at a node's clock, disk, keys, peers, ports, versions and data",
    "[options] --config node.json",
    "  --config FILE         the node's configuration (or --dir DIR --node NAME)\n"
    "\nEach line is ok, warn or fail, with what to do. Exit status 1 when anything fails.\n"
    "\nExample:\n  accrue doctor --dir demo --node grocer\n",
    run_doctor};
