#include "node/node_folder.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { TOKEN_RANDOM_SIZE = 24 };

static const struct {
    const char *word;
    unsigned scopes;
} tokens[] = {
    {"till", CONFIG_TILL},
    {"office", CONFIG_OFFICE | CONFIG_TILL},
    {"auditor", CONFIG_AUDITOR},
    {"admin", CONFIG_ADMIN | CONFIG_OFFICE | CONFIG_TILL},
    /* A second person beside the office: what settles takes two. */
    {"finance", CONFIG_FINANCE},
};

bool node_folder_make(const char *path, struct error *error)
{
    if (mkdir(path, 0700) == 0)
        return true;
    struct stat file;
    if (errno == EEXIST && stat(path, &file) == 0 && S_ISDIR(file.st_mode))
        return true;
    return error_set(error, ERROR_IO, "%s: %s", path, strerror(errno));
}

static bool write_in(const struct node_folder *folder, const char *name, struct bytes contents,
                     struct error *error)
{
    char path[CLI_PATH_MAX];
    return cli_path(path, error, "%s/%s", folder->dir, name) &&
           cli_file_write(path, 0600, contents, error);
}

static bool write_secret(const struct node_folder *folder, struct bytes secret, struct error *error)
{
    char text[2 * CONFIG_SECRET_SIZE + 2];
    must(secret.size == CONFIG_SECRET_SIZE);
    hex_encode(secret, text);
    memcpy(text + 2 * CONFIG_SECRET_SIZE, "\n", 2);
    bool ok = write_in(folder, "secret.key", bytes_text(text), error);
    explicit_bzero(text, sizeof(text));
    return ok;
}

static bool write_tokens(const struct node_folder *folder, struct error *error)
{
    struct config_token list[ARRAY_SIZE(tokens)];
    struct buffer json;
    bool ok = true;
    memset(list, 0, sizeof(list));
    for (size_t i = 0; i < ARRAY_SIZE(tokens) && ok; i++) {
        uint8_t random[TOKEN_RANDOM_SIZE];
        char text[2 * TOKEN_RANDOM_SIZE + 2];
        char name[32];
        random_bytes(random, sizeof(random));
        hex_encode(bytes_of(random, sizeof(random)), text);
        snprintf(list[i].name, sizeof(list[i].name), "%s", tokens[i].word);
        list[i].scopes = tokens[i].scopes;
        list[i].sha256 = hash_bytes(bytes_of(text, 2 * TOKEN_RANDOM_SIZE));
        memcpy(text + 2 * TOKEN_RANDOM_SIZE, "\n", 2);
        snprintf(name, sizeof(name), "%s.token", tokens[i].word);
        ok = write_in(folder, name, bytes_text(text), error);
    }
    buffer_init(&json, CONFIG_SIZE_MAX);
    config_format_tokens(list, ARRAY_SIZE(tokens), &json);
    ok = ok && write_in(folder, "tokens.json", buffer_bytes(&json), error);
    buffer_release(&json);
    return ok;
}

static bool write_config(const struct node_folder *folder, struct error *error)
{
    struct config config;
    struct buffer json;
    config_init(&config);
    snprintf(config.node, sizeof(config.node), "%.*s", CONFIG_NAME_MAX, folder->node);
    snprintf(config.charter, sizeof(config.charter), "%s", folder->charter);
    snprintf(config.data, sizeof(config.data), "data");
    snprintf(config.key, sizeof(config.key), "node.key");
    snprintf(config.transport_key, sizeof(config.transport_key), "transport.key");
    snprintf(config.log_key, sizeof(config.log_key), "log.key");
    snprintf(config.cosigner_key, sizeof(config.cosigner_key), "cosigner.key");
    if (folder->invitation)
        snprintf(config.invitation, sizeof(config.invitation), "%s", folder->invitation);
    snprintf(config.coalition_secret, sizeof(config.coalition_secret), "secret.key");
    snprintf(config.tokens_file, sizeof(config.tokens_file), "tokens.json");
    snprintf(config.listen, sizeof(config.listen), "%s", folder->listen);
    snprintf(config.http.listen, sizeof(config.http.listen), "%s", folder->http);
    buffer_init(&json, CONFIG_SIZE_MAX);
    config_format(&config, &json);
    bool ok = write_in(folder, "node.json", buffer_bytes(&json), error);
    buffer_release(&json);
    config_release(&config);
    return ok;
}

bool node_folder_write(const struct node_folder *folder, struct bytes secret, struct error *error)
{
    char path[CLI_PATH_MAX];
    struct config *config;
    if (!write_secret(folder, secret, error) || !write_tokens(folder, error) ||
        !write_config(folder, error) || !cli_path(path, error, "%s/node.json", folder->dir) ||
        !config_load(path, &config, NULL, error))
        return false;
    config_close(config);
    return true;
}
