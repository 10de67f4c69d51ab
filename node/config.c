#include "node/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/config_form.h"

enum { SECRET_FILE_MAX = 2 * CONFIG_SECRET_SIZE + 1 };

static const char *const scope_words[] = {"till", "office", "auditor", "admin", "finance"};

/* ---- addresses ---------------------------------------------------------------------------- */

static bool host_valid(const char *host, bool is_ipv6)
{
    struct in6_addr address;
    if (is_ipv6) {
        return inet_pton(AF_INET6, host, &address) == 1;
    }
    for (const char *at = host; *at; at++) {
        bool word = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                    (*at >= '0' && *at <= '9') || *at == '-' || *at == '.';
        if (!word) {
            return false;
        }
    }
    return *host != '\0';
}

bool config_split_address(const char *address, char host_out[CONFIG_URL_MAX + 1],
                          uint16_t *port_out)
{
    char host[CONFIG_URL_MAX + 1];
    const char *colon = strrchr(address, ':');
    bool is_ipv6 = address[0] == '[';
    if (!colon || strlen(address) > CONFIG_URL_MAX) {
        return false;
    }
    size_t skip = is_ipv6 ? 1 : 0, size = (size_t)(colon - address);
    if (size < 2 * skip + 1 || (is_ipv6 && colon[-1] != ']')) {
        return false;
    }
    size -= 2 * skip;
    memcpy(host, address + skip, size);
    host[size] = '\0';
    uint64_t port = 0;
    if (!host_valid(host, is_ipv6) || !parse_u64(bytes_text(colon + 1), UINT16_MAX, &port) ||
        port == 0) {
        return false;
    }
    memcpy(host_out, host, size + 1);
    *port_out = (uint16_t)port;
    return true;
}

bool config_is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1) {
        return ntohl(v4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &v6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&v6);
    }
    return strcmp(host, "localhost") == 0;
}

static bool url_valid(const char *url)
{
    char host[CONFIG_URL_MAX + 1];
    uint16_t port = 0;
    return strncmp(url, "tcp://", 6) == 0 && config_split_address(url + 6, host, &port);
}

static void url_read(struct config_form *form, const char *name, bool needed,
                     char url_out[CONFIG_URL_MAX + 1])
{
    if (config_form_text(form, name, needed, CONFIG_URL_MAX, url_out) && !url_valid(url_out)) {
        config_form_mistake(form, name, "must be tcp://HOST:PORT, as in tcp://127.0.0.1:7101");
    }
}

/* [a-z0-9-], a letter first: the charter's rule for names. */
static bool name_valid(const char *name)
{
    for (const char *at = name; *at; at++) {
        bool letter = *at >= 'a' && *at <= 'z';
        bool other = (*at >= '0' && *at <= '9') || *at == '-';
        if (!letter && (!other || at == name)) {
            return false;
        }
    }
    return *name != '\0' && strlen(name) <= CONFIG_NAME_MAX;
}

/* ---- files -------------------------------------------------------------------------------- */

static bool file_read(int fd, struct buffer *text_out)
{
    uint8_t piece[4096];
    ssize_t size = 0;
    while (!text_out->overflowed && (size = read(fd, piece, sizeof(piece))) > 0) {
        buffer_append(text_out, bytes_of(piece, (size_t)size));
    }
    explicit_bzero(piece, sizeof(piece));
    return size >= 0;
}

/* A file that holds secrets; false when it is noted as a mistake. */
static bool secret_file_read(struct config_form *form, const char *name, const char *path,
                             struct buffer *text_out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        config_form_mistake(form, name, "cannot read %.100s: %s", path,
                            fd < 0 ? strerror(errno) : "no regular file");
    } else if ((info.st_mode & 077) != 0) {
        config_form_mistake(form, name, "others may read it: run chmod 600 %.100s", path);
    } else if (info.st_uid != geteuid()) {
        config_form_mistake(form, name, "%.100s belongs to another user", path);
    } else if (!file_read(fd, text_out)) {
        config_form_mistake(form, name, "cannot read %.100s: %s", path, strerror(errno));
    } else if (text_out->overflowed) {
        config_form_mistake(form, name, "%.100s has more than %zu bytes", path, text_out->limit);
    } else {
        close(fd);
        return true;
    }
    if (fd >= 0) {
        close(fd);
    }
    return false;
}

static bool path_join(const char *folder, const char *path, char path_out[CONFIG_PATH_MAX + 1])
{
    bool absolute = path[0] == '/' || folder[0] == '\0';
    int size = snprintf(path_out, CONFIG_PATH_MAX + 1, "%s%s%s", absolute ? "" : folder,
                        absolute ? "" : "/", path);
    return size >= 0 && size <= CONFIG_PATH_MAX;
}

/* A path, made to work from the process's folder. */
static bool path_read(struct config_form *form, const char *folder, const char *name, bool needed,
                      char path_out[CONFIG_PATH_MAX + 1])
{
    char path[CONFIG_PATH_MAX + 1];
    if (!config_form_text(form, name, needed, CONFIG_PATH_MAX, path)) {
        return false;
    }
    if (!path_join(folder, path, path_out)) {
        config_form_mistake(form, name, "the path is too long");
        path_out[0] = '\0';
        return false;
    }
    return true;
}

static void existing_path_read(struct config_form *form, const char *folder, const char *name,
                               bool needed, char path_out[CONFIG_PATH_MAX + 1])
{
    if (path_read(form, folder, name, needed, path_out) && access(path_out, R_OK) != 0) {
        config_form_mistake(form, name, "cannot read %.100s: %s", path_out, strerror(errno));
    }
}

/* ---- secret and tokens --------------------------------------------------------------------- */

static void secret_read(struct config_form *form, struct config *config)
{
    static const char name[] = "coalition_secret";
    struct buffer text;
    buffer_init(&text, SECRET_FILE_MAX);
    if (secret_file_read(form, name, config->coalition_secret, &text)) {
        struct bytes hex = buffer_bytes(&text);
        hex.size -= hex.size > 0 && hex.at[hex.size - 1] == '\n';
        if (!hex_decode(hex, config->secret, CONFIG_SECRET_SIZE)) {
            config_form_mistake(form, name,
                                "must hold %d bytes in lower-case hex, %.100s does not: it is the "
                                "same at every node",
                                CONFIG_SECRET_SIZE, config->coalition_secret);
        }
    }
    if (text.at) {
        explicit_bzero(text.at, text.capacity);
    }
    buffer_release(&text);
}

static void scopes_read(struct config_form *form, struct config_token *token)
{
    json_t *scopes = config_form_array(form, "scopes", ARRAY_SIZE(scope_words));
    for (size_t i = 0; i < json_array_size(scopes); i++) {
        const char *word = json_string_value(json_array_get(scopes, i));
        size_t at = 0;
        while (word && at < ARRAY_SIZE(scope_words) && strcmp(word, scope_words[at]) != 0) {
            at++;
        }
        if (!word || at == ARRAY_SIZE(scope_words)) {
            config_form_mistake(form, "scopes",
                                "[%zu] must be till, office, auditor, admin or finance", i);
        } else if (token->scopes & 1u << at) {
            config_form_mistake(form, "scopes", "[%zu] names %s again", i, word);
        } else {
            token->scopes |= 1u << at;
        }
    }
}

static void token_read(struct config *config, json_t *object, struct config_mistakes *mistakes)
{
    struct config_token *token = &config->tokens[config->token_count];
    char path[32], hex[HASH_HEX_SIZE + 1] = "";
    snprintf(path, sizeof(path), "tokens[%zu]", config->token_count);
    struct config_form form;
    config_form_init(&form, object, path, mistakes);
    if (!json_is_object(object)) {
        config_form_mistake(&form, NULL, "must be an object");
        return;
    }
    config_form_text(&form, "name", true, CONFIG_NAME_MAX, token->name);
    scopes_read(&form, token);
    bool digest = config_form_text(&form, "sha256", true, HASH_HEX_SIZE, hex);
    if (digest && !hex_decode(bytes_text(hex), token->sha256.at, HASH_SIZE)) {
        config_form_mistake(&form, "sha256", "must be 64 lower-case hex digits");
        digest = false;
    }
    for (size_t i = 0; i < config->token_count; i++) {
        if (token->name[0] && strcmp(config->tokens[i].name, token->name) == 0) {
            config_form_mistake(&form, "name", "tokens[%zu] has it too", i);
        }
        if (digest && hash_equal(&config->tokens[i].sha256, &token->sha256)) {
            config_form_mistake(&form, "sha256", "tokens[%zu] has it too", i);
        }
    }
    config_form_finish(&form);
}

static void tokens_read(struct config_form *form, struct config *config)
{
    struct buffer text;
    buffer_init(&text, CONFIG_SIZE_MAX);
    json_t *list = NULL;
    if (secret_file_read(form, "tokens", config->tokens_file, &text)) {
        json_error_t reason;
        list = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, &reason);
        if (!list && text.size == 0) {
            config_form_mistake(form, "tokens", "%.100s is empty", config->tokens_file);
        } else if (!list) {
            config_form_mistake(form, "tokens", "no JSON: line %d, column %d of %.100s: %s",
                                reason.line, reason.column, config->tokens_file, reason.text);
        } else if (!json_is_array(list) || json_array_size(list) > CONFIG_TOKENS_MAX) {
            config_form_mistake(form, "tokens", "%.100s must hold a list of at most %d",
                                config->tokens_file, CONFIG_TOKENS_MAX);
        } else {
            config->tokens = allocate(json_array_size(list), sizeof(*config->tokens));
            for (; config->token_count < json_array_size(list); config->token_count++) {
                token_read(config, json_array_get(list, config->token_count), form->mistakes);
            }
        }
    }
    json_decref(list);
    buffer_release(&text);
}

/* ---- the parts of the file ----------------------------------------------------------------- */

static void peers_read(struct config_form *form, struct config *config)
{
    struct config_form peers;
    if (!config_form_object(form, "peers", false, &peers)) {
        return;
    }
    if (json_object_size(peers.object) > NODES_MAX) {
        config_form_mistake(form, "peers", "at most %d", NODES_MAX);
        return;
    }
    config->peers = allocate(json_object_size(peers.object), sizeof(*config->peers));
    const char *name;
    json_t *value;
    json_object_foreach(peers.object, name, value)
    {
        struct config_peer *peer = &config->peers[config->peer_count];
        const char *url = json_string_value(value);
        if (!name_valid(name)) {
            config_form_mistake(&peers, name, "is no name of a node");
        } else if (strcmp(name, config->node) == 0) {
            config_form_mistake(&peers, name, "is this node itself");
        } else if (!url || strlen(url) > CONFIG_URL_MAX || !url_valid(url)) {
            config_form_mistake(&peers, name, "must be tcp://HOST:PORT");
        } else {
            memcpy(peer->node, name, strlen(name) + 1);
            memcpy(peer->url, url, strlen(url) + 1);
            config->peer_count++;
        }
    }
}

static void http_check(struct config_form *http, const struct config *config)
{
    char host[CONFIG_URL_MAX + 1];
    uint16_t port = 0;
    bool certificate = config->http.tls_certificate[0], key = config->http.tls_key[0];
    if (certificate != key) {
        config_form_mistake(http, key ? "tls_certificate" : "tls_key",
                            "is missing: TLS needs both");
    }
    if (!config->http.listen[0]) {
        return;
    }
    if (!config_split_address(config->http.listen, host, &port)) {
        config_form_mistake(http, "listen", "must be HOST:PORT, as in 127.0.0.1:8101");
    } else if (!config_is_loopback(host) && !(certificate && key) && !config->insecure_http) {
        config_form_mistake(http, "listen",
                            "other hosts could call without TLS, and tokens be read on the way: "
                            "give tls_certificate and tls_key, or \"insecure_http\": true");
    }
}

/* What is put before a path: printable, so that it may stand in JSON and in a QR code as it is. */
static void public_url_check(struct config_form *http, const char *url)
{
    size_t size = strlen(url);
    bool good = strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
    for (size_t i = 0; i < size; i++)
        good = good && url[i] > ' ' && url[i] < 0x7f && !strchr("\"\\<>?#", url[i]);
    if (size > 0 && (!good || url[size - 1] == '/'))
        config_form_mistake(http, "public_url",
                            "must be http(s)://HOST with no slash at its end, as in "
                            "https://points.example");
}

static void http_read(struct config_form *form, const char *folder, struct config *config)
{
    struct config_form http;
    if (!config_form_object(form, "http", true, &http)) {
        return;
    }
    config_form_text(&http, "listen", true, CONFIG_URL_MAX, config->http.listen);
    existing_path_read(&http, folder, "tls_certificate", false, config->http.tls_certificate);
    existing_path_read(&http, folder, "tls_key", false, config->http.tls_key);
    config_form_number(&http, "connections_max", 1, CONFIG_CONNECTIONS_MAX,
                       &config->http.connections_max);
    config_form_number(&http, "body_max_bytes", 1024, CONFIG_BODY_MAX,
                       &config->http.body_max_bytes);
    config_form_text(&http, "public_url", false, CONFIG_URL_MAX, config->http.public_url);
    public_url_check(&http, config->http.public_url);
    http_check(&http, config);
    config_form_finish(&http);
}

static void log_read(struct config_form *form, struct config *config)
{
    struct config_form log;
    char word[CONFIG_NAME_MAX + 1];
    if (!config_form_object(form, "log", false, &log)) {
        return;
    }
    if (config_form_text(&log, "level", false, CONFIG_NAME_MAX, word) &&
        !log_level_from_word(bytes_text(word), &config->log_level)) {
        config_form_mistake(&log, "level", "must be debug, info, warn or error");
    }
    if (config_form_text(&log, "format", false, CONFIG_NAME_MAX, word) &&
        !log_format_from_word(bytes_text(word), &config->log_format)) {
        config_form_mistake(&log, "format", "must be logfmt or json");
    }
    config_form_finish(&log);
}

static void limits_read(struct config_form *form, struct config *config)
{
    struct config_form limits;
    if (!config_form_object(form, "limits", false, &limits)) {
        return;
    }
    config_form_number(&limits, "mempool_bytes", BATCH_PAYLOAD_MAX, CONFIG_BUFFER_MAX,
                       &config->mempool_bytes);
    config_form_number(&limits, "queue_bytes", MESSAGE_SIZE_MAX, CONFIG_BUFFER_MAX,
                       &config->queue_bytes);
    config_form_number(&limits, "image_records", 0, CONFIG_IMAGE_RECORDS_MAX,
                       &config->image_records);
    config_form_finish(&limits);
}

static void config_read(struct config *config, json_t *object, const char *folder,
                        struct config_mistakes *mistakes)
{
    struct config_form form;
    config_form_init(&form, object, "", mistakes);
    if (config_form_text(&form, "node", true, CONFIG_NAME_MAX, config->node) &&
        !name_valid(config->node)) {
        config_form_mistake(&form, "node", "must be [a-z0-9-], a letter first");
    }
    existing_path_read(&form, folder, "charter", true, config->charter);
    path_read(&form, folder, "data", true, config->data);
    existing_path_read(&form, folder, "key", true, config->key);
    existing_path_read(&form, folder, "transport_key", true, config->transport_key);
    existing_path_read(&form, folder, "log_key", true, config->log_key);
    existing_path_read(&form, folder, "cosigner_key", true, config->cosigner_key);
    if (!path_read(&form, folder, "next_keys", false, config->next_keys) &&
        !path_join(folder, "next", config->next_keys)) {
        config_form_mistake(&form, "next_keys", "the path is too long");
    }
    existing_path_read(&form, folder, "invitation", false, config->invitation);
    if (path_read(&form, folder, "coalition_secret", true, config->coalition_secret)) {
        secret_read(&form, config);
    }
    if (path_read(&form, folder, "tokens", true, config->tokens_file)) {
        tokens_read(&form, config);
    }
    url_read(&form, "listen", true, config->listen);
    config_form_bool(&form, "insecure_http", &config->insecure_http);
    peers_read(&form, config);
    http_read(&form, folder, config);
    log_read(&form, config);
    limits_read(&form, config);
    config_form_finish(&form);
}

/* ---- lifecycle ---------------------------------------------------------------------------- */

void config_init(struct config *config)
{
    *config = (struct config){.log_level = LOG_LEVEL_INFO,
                              .log_format = LOG_FORMAT_LOGFMT,
                              .mempool_bytes = CONFIG_MEMPOOL_DEFAULT,
                              .queue_bytes = CONFIG_QUEUE_DEFAULT,
                              .image_records = CONFIG_IMAGE_RECORDS_DEFAULT};
    config->http.connections_max = CONFIG_CONNECTIONS_DEFAULT;
    config->http.body_max_bytes = CONFIG_BODY_DEFAULT;
}

void config_release(struct config *config)
{
    explicit_bzero(config->secret, sizeof(config->secret));
    free(config->peers);
    free(config->tokens);
    *config = (struct config){0};
}

void config_close(struct config *config)
{
    if (config) {
        config_release(config);
        free(config);
    }
}

static bool config_parse(const char *path, json_t **object_out, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s: %s", path,
                         strerror(errno));
    }
    struct buffer text;
    buffer_init(&text, CONFIG_SIZE_MAX);
    bool done = file_read(fd, &text) || error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
    close(fd);
    if (done && text.overflowed) {
        done = error_set(error, ERROR_LIMIT, "%s has more than %d bytes", path, CONFIG_SIZE_MAX);
    }
    json_error_t reason;
    json_t *object = NULL;
    if (done) {
        object = json_loadb(buffer_text(&text), text.size, JSON_REJECT_DUPLICATES, &reason);
        done = object || error_set(error, ERROR_INVALID, "%s is no JSON: line %d, column %d: %s",
                                   path, reason.line, reason.column, reason.text);
    }
    buffer_release(&text);
    if (done && !json_is_object(object)) {
        json_decref(object);
        return error_set(error, ERROR_INVALID, "%s holds no JSON object", path);
    }
    if (done) {
        *object_out = object;
    }
    return done;
}

bool config_load(const char *path, struct config **config_out, struct config_mistakes *mistakes,
                 struct error *error)
{
    char folder[CONFIG_PATH_MAX + 1] = "";
    const char *slash = strrchr(path, '/');
    if (strlen(path) > CONFIG_PATH_MAX) {
        return error_set(error, ERROR_LIMIT, "the path of the configuration is too long");
    }
    if (slash) {
        /* "/x" lies in "/", and a path joined to "/." still begins there. */
        snprintf(folder, sizeof(folder), "%.*s", slash == path ? 2 : (int)(slash - path),
                 slash == path ? "/." : path);
    }
    json_t *object = NULL;
    struct config_mistakes *found = allocate(1, sizeof(*found));
    struct config *config = allocate(1, sizeof(*config));
    config_init(config);
    bool done = config_parse(path, &object, error);
    if (done) {
        config_read(config, object, folder, found);
        json_decref(object);
        done = found->count == 0 ||
               error_set(error, ERROR_INVALID, "%s has %zu mistake%s, the first: %s", path,
                         found->count, found->count == 1 ? "" : "s", found->text[0]);
    }
    if (mistakes) {
        *mistakes = *found;
    }
    free(found);
    if (!done) {
        config_close(config);
        return false;
    }
    *config_out = config;
    return true;
}
