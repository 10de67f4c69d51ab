#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "node/config.h"

static const char *const scope_words[] = {"till", "office", "auditor", "admin", "finance"};

/* What cannot be JSON, because it is no UTF-8, is the caller's mistake. */
static void set(json_t *object, const char *name, json_t *value)
{
    must(value != NULL);
    must(json_object_set_new(object, name, value) == 0);
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text[0]) {
        set(object, name, json_string(text));
    }
}

static void json_write(json_t *json, struct buffer *out)
{
    char *text = json_dumps(json, JSON_INDENT(2));
    must(text != NULL);
    buffer_append_text(out, text);
    buffer_append_byte(out, '\n');
    free(text);
    json_decref(json);
}

static json_t *http_format(const struct config *config)
{
    json_t *http = json_object();
    set_text(http, "listen", config->http.listen);
    set_text(http, "tls_certificate", config->http.tls_certificate);
    set_text(http, "tls_key", config->http.tls_key);
    set_text(http, "public_url", config->http.public_url);
    set(http, "connections_max", json_integer((json_int_t)config->http.connections_max));
    set(http, "body_max_bytes", json_integer((json_int_t)config->http.body_max_bytes));
    return http;
}

static json_t *peers_format(const struct config *config)
{
    json_t *peers = json_object();
    for (size_t i = 0; i < config->peer_count; i++) {
        set_text(peers, config->peers[i].node, config->peers[i].url);
    }
    return peers;
}

void config_format(const struct config *config, struct buffer *json_out)
{
    json_t *json = json_object(), *log = json_object(), *limits = json_object();
    set_text(json, "charter", config->charter);
    set_text(json, "node", config->node);
    set_text(json, "data", config->data);
    set_text(json, "key", config->key);
    set_text(json, "transport_key", config->transport_key);
    set_text(json, "log_key", config->log_key);
    set_text(json, "cosigner_key", config->cosigner_key);
    set_text(json, "next_keys", config->next_keys);
    set_text(json, "invitation", config->invitation);
    set_text(json, "coalition_secret", config->coalition_secret);
    set_text(json, "tokens", config->tokens_file);
    set_text(json, "listen", config->listen);
    if (config->peer_count > 0) {
        set(json, "peers", peers_format(config));
    }
    set(json, "http", http_format(config));
    if (config->insecure_http) {
        set(json, "insecure_http", json_true());
    }
    set_text(log, "level", log_level_word(config->log_level));
    set_text(log, "format", log_format_word(config->log_format));
    set(json, "log", log);
    set(limits, "mempool_bytes", json_integer((json_int_t)config->mempool_bytes));
    set(limits, "queue_bytes", json_integer((json_int_t)config->queue_bytes));
    set(limits, "image_records", json_integer((json_int_t)config->image_records));
    set(json, "limits", limits);
    json_write(json, json_out);
}

void config_format_tokens(const struct config_token *tokens, size_t token_count,
                          struct buffer *json_out)
{
    json_t *list = json_array();
    for (size_t i = 0; i < token_count; i++) {
        json_t *token = json_object(), *scopes = json_array();
        char hex[HASH_HEX_SIZE + 1];
        hex_encode(hash_as_bytes(&tokens[i].sha256), hex);
        for (size_t k = 0; k < ARRAY_SIZE(scope_words); k++) {
            if (tokens[i].scopes & 1u << k) {
                must(json_array_append_new(scopes, json_string(scope_words[k])) == 0);
            }
        }
        set_text(token, "name", tokens[i].name);
        set(token, "scopes", scopes);
        set_text(token, "sha256", hex);
        must(json_array_append_new(list, token) == 0);
    }
    json_write(list, json_out);
}
