/* Which node to talk to, and with which token. */
#include "node/cli.h"
#include "node/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cli_token_read(const char *path, char token_out[CLI_TOKEN_MAX], struct error *error)
{
    struct buffer file;
    buffer_init(&file, CLI_TOKEN_MAX - 1);
    bool ok = cli_file_read(path, CLI_TOKEN_MAX - 1, &file, error);
    while (ok && file.size && isspace(file.at[file.size - 1]))
        file.size--;
    for (size_t i = 0; ok && i < file.size; i++)
        if (file.at[i] <= ' ' || file.at[i] >= 127)
            ok =
                error_set(error, ERROR_INVALID, "%s: a token is one line of printable ASCII", path);
    if (ok && file.size == 0)
        ok = error_set(error, ERROR_INVALID, "%s: empty", path);
    if (ok)
        snprintf(token_out, CLI_TOKEN_MAX, "%s", buffer_text(&file));
    buffer_release(&file);
    return ok;
}

/* The first node of DIR/charter.json. */
static bool first_node(const char *dir, char name_out[64], struct error *error)
{
    char path[CLI_PATH_MAX];
    struct buffer file;
    if (!cli_path(path, error, "%s/charter.json", dir))
        return false;
    buffer_init(&file, CLI_FILE_MAX);
    bool ok = cli_file_read(path, CLI_FILE_MAX, &file, error);
    json_t *charter = ok ? json_loads(buffer_text(&file), 0, NULL) : NULL;
    const char *name = json_string_value(
        json_object_get(json_array_get(json_object_get(charter, "nodes"), 0), "name"));
    if (ok && (!name || strlen(name) >= 64))
        ok = error_set(error, ERROR_INVALID, "%s: no charter", path);
    if (ok)
        snprintf(name_out, 64, "%s", name);
    json_decref(charter);
    buffer_release(&file);
    return ok;
}

static bool url_of(const struct config *config, char url_out[CLI_URL_MAX], struct error *error)
{
    char host[CONFIG_URL_MAX + 1];
    uint16_t port;
    if (!config_split_address(config->http.listen, host, &port))
        return error_set(error, ERROR_INVALID, "http.listen: '%s' is no address",
                         config->http.listen);
    bool six = strchr(host, ':') != NULL;
    snprintf(url_out, CLI_URL_MAX, "%s://%s%s%s:%u",
             config->http.tls_certificate[0] ? "https" : "http", six ? "[" : "", host,
             six ? "]" : "", port);
    return true;
}

/* DIR/NAME; or DIR itself, when it is the folder of one node. */
static bool node_folder_of(const char *dir, const char *name, char folder_out[CLI_PATH_MAX],
                           struct error *error)
{
    char path[CLI_PATH_MAX], first[64];
    if (!name && cli_path(path, error, "%s/node.json", dir) && access(path, F_OK) == 0)
        return cli_path(folder_out, error, "%s", dir);
    if (!name && !first_node(dir, first, error))
        return false;
    return cli_path(folder_out, error, "%s/%s", dir, name ? name : first);
}

bool cli_target_in(const char *dir, const char *name, const char *scope,
                   struct cli_target *target_out, struct error *error)
{
    struct cli_target target = {0};
    char folder[CLI_PATH_MAX], path[CLI_PATH_MAX];
    struct config *config;
    if (!node_folder_of(dir, name, folder, error) ||
        !cli_path(path, error, "%s/node.json", folder) || !config_load(path, &config, NULL, error))
        return error_wrap(error,
                          "%s is no folder of 'accrue coalition new' or 'accrue join' with a node%s"
                          "%s",
                          dir, name ? " " : "", name ? name : "");
    snprintf(target.name, sizeof(target.name), "%s", config->node);
    bool ok = url_of(config, target.url, error);
    if (ok && config->http.tls_certificate[0])
        snprintf(target.ca, sizeof(target.ca), "%s", config->http.tls_certificate);
    config_close(config);
    ok = ok && cli_path(path, error, "%s/%s.token", folder, scope) &&
         cli_token_read(path, target.token, error);
    if (ok)
        *target_out = target;
    return ok;
}

bool cli_target_find(const struct cli *cli, const char *scope, struct cli_target *target_out,
                     struct error *error)
{
    struct cli_target target = {0};
    const char *url = cli->url ? cli->url : cli->dir ? NULL : getenv("ACCRUE_URL");
    const char *token_file = cli->token_file ? cli->token_file : getenv("ACCRUE_TOKEN_FILE");
    if (!url && !cli->dir)
        return error_set(error, ERROR_INVALID,
                         "which node? Give --dir DIR (and --node NAME), or --url URL with "
                         "--token-file FILE");
    if (!url) {
        if (!cli_target_in(cli->dir, cli->node, scope, &target, error))
            return false;
    } else {
        size_t size = strlen(url);
        while (size && url[size - 1] == '/')
            size--;
        if (size == 0 || size >= CLI_URL_MAX ||
            (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
            return error_set(error, ERROR_INVALID, "'%.200s' is no URL of a node", url);
        snprintf(target.url, sizeof(target.url), "%.*s", (int)size, url);
        snprintf(target.name, sizeof(target.name), "%.63s", target.url);
        if (token_file && !cli_token_read(token_file, target.token, error))
            return false;
    }
    if (cli->token_file && !url && !cli_token_read(cli->token_file, target.token, error))
        return false;
    if (cli->ca)
        snprintf(target.ca, sizeof(target.ca), "%s", cli->ca);
    *target_out = target;
    return true;
}
