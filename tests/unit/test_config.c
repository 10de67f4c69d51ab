// links: node
#include "check.h"
#include "node/config.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct config_mistakes mistakes;

static const char tokens_text[] =
    "[{\"name\":\"till 1\",\"scopes\":[\"till\"],\"sha256\":"
    "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"},"
    "{\"name\":\"desk\",\"scopes\":[\"office\",\"admin\"],\"sha256\":"
    "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}]";
static const char secret_text[] =
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
static const char good_text[] =
    "{\"charter\":\"charter.json\",\"node\":\"grocer-1\",\"data\":\"data\",\"key\":\"node.key\","
    "\"transport_key\":\"transport.key\",\"log_key\":\"log.key\","
    "\"cosigner_key\":\"cosigner.key\","
    "\"coalition_secret\":\"secret.key\",\"tokens\":\"tokens.json\","
    "\"listen\":\"tcp://127.0.0.1:7101\","
    "\"http\":{\"listen\":\"127.0.0.1:8101\"}}";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void file_write(const char *name, const char *text, mode_t mode)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    REQUIRE(fchmod(fd, mode) == 0);
    close(fd);
}

static void files_write(void)
{
    static const char *const others[] = {"charter.json", "node.key", "transport.key", "log.key",
                                         "cosigner.key", "tls.pem",  "tls.key"};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        file_write(others[i], "x", 0600);
    }
    file_write("tokens.json", tokens_text, 0600);
    file_write("secret.key", secret_text, 0600);
    file_write("node.json", good_text, 0644);
}

static bool load(struct config **config_out, struct error *error)
{
    memset(&mistakes, 0, sizeof(mistakes));
    *error = (struct error){0};
    return config_load(in_folder("node.json"), config_out, &mistakes, error);
}

static bool mentioned(const char *text)
{
    for (size_t i = 0; i < mistakes.count; i++) {
        if (strstr(mistakes.text[i], text)) {
            return true;
        }
    }
    return false;
}

/* The good file with one member set to `json`, or removed when that is NULL: 1 mistake, that. */
static void check_mistake(const char *outer, const char *name, const char *json, const char *says)
{
    json_t *object = json_loads(good_text, 0, NULL);
    json_t *place = outer ? json_object_get(object, outer) : object;
    if (json) {
        json_object_set_new(place, name, json_loads(json, JSON_DECODE_ANY, NULL));
    } else {
        json_object_del(place, name);
    }
    char *text = json_dumps(object, 0);
    file_write("node.json", text, 0644);
    struct config *config = NULL;
    struct error error;
    bool done = load(&config, &error);
    if (done || error.code != ERROR_INVALID || mistakes.count != 1 || !mentioned(says)) {
        printf("%s: %s\n", says, mistakes.count ? mistakes.text[0] : error.text);
        CHECK(!"the mistake is found, alone");
    }
    config_close(config);
    free(text);
    json_decref(object);
}

static void check_good(const char *outer, const char *name, const char *json)
{
    json_t *object = json_loads(good_text, 0, NULL);
    json_object_set_new(outer ? json_object_get(object, outer) : object, name,
                        json_loads(json, JSON_DECODE_ANY, NULL));
    char *text = json_dumps(object, 0);
    file_write("node.json", text, 0644);
    struct config *config = NULL;
    struct error error;
    CHECK(load(&config, &error));
    CHECK_TEXT(error.text, "");
    config_close(config);
    free(text);
    json_decref(object);
}

CASE(a_good_file_is_read_with_its_defaults_and_paths_in_its_folder)
{
    files_write();
    struct config *config = NULL;
    struct error error;
    if (!load(&config, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
    CHECK_TEXT(config->node, "grocer-1");
    CHECK_TEXT(config->charter, in_folder("charter.json"));
    CHECK_TEXT(config->data, in_folder("data"));
    CHECK_TEXT(config->next_keys, in_folder("next"));
    CHECK_TEXT(config->invitation, "");
    CHECK_TEXT(config->listen, "tcp://127.0.0.1:7101");
    CHECK_TEXT(config->http.listen, "127.0.0.1:8101");
    CHECK_INT(config->http.connections_max, CONFIG_CONNECTIONS_DEFAULT);
    CHECK_INT(config->http.body_max_bytes, CONFIG_BODY_DEFAULT);
    CHECK_INT(config->mempool_bytes, CONFIG_MEMPOOL_DEFAULT);
    CHECK_INT(config->queue_bytes, CONFIG_QUEUE_DEFAULT);
    CHECK_INT(config->image_records, CONFIG_IMAGE_RECORDS_DEFAULT);
    CHECK_INT(config->log_level, LOG_LEVEL_INFO);
    CHECK(!config->insecure_http && config->peer_count == 0);
    CHECK_INT(config->secret[31], 31);
    REQUIRE(config->token_count == 2);
    CHECK_TEXT(config->tokens[0].name, "till 1");
    CHECK_INT(config->tokens[0].scopes, CONFIG_TILL);
    CHECK_INT(config->tokens[1].scopes, CONFIG_OFFICE | CONFIG_ADMIN);
    struct hash abc = hash_bytes(bytes_text("abc"));
    CHECK(hash_equal(&config->tokens[0].sha256, &abc));
    config_close(config);
}

CASE(what_is_written_is_read_back_the_same)
{
    files_write();
    struct config config, *back = NULL;
    config_init(&config);
    snprintf(config.node, sizeof(config.node), "books-1");
    snprintf(config.charter, sizeof(config.charter), "charter.json");
    snprintf(config.data, sizeof(config.data), "%s", "/somewhere/else");
    snprintf(config.key, sizeof(config.key), "node.key");
    snprintf(config.transport_key, sizeof(config.transport_key), "transport.key");
    snprintf(config.log_key, sizeof(config.log_key), "log.key");
    snprintf(config.cosigner_key, sizeof(config.cosigner_key), "cosigner.key");
    snprintf(config.coalition_secret, sizeof(config.coalition_secret), "secret.key");
    snprintf(config.tokens_file, sizeof(config.tokens_file), "tokens.json");
    snprintf(config.listen, sizeof(config.listen), "tcp://[::1]:7000");
    snprintf(config.http.listen, sizeof(config.http.listen), "10.0.0.1:8000");
    snprintf(config.http.tls_certificate, sizeof(config.http.tls_certificate), "tls.pem");
    snprintf(config.http.tls_key, sizeof(config.http.tls_key), "tls.key");
    snprintf(config.http.public_url, sizeof(config.http.public_url), "https://points.example/a");
    config.http.connections_max = 7;
    config.http.body_max_bytes = 4096;
    config.insecure_http = true;
    config.log_level = LOG_LEVEL_DEBUG;
    config.log_format = LOG_FORMAT_JSON;
    config.mempool_bytes = BATCH_PAYLOAD_MAX;
    config.queue_bytes = MESSAGE_SIZE_MAX;
    config.image_records = 0;
    config.peers = allocate(1, sizeof(*config.peers));
    config.peer_count = 1;
    snprintf(config.peers[0].node, sizeof(config.peers[0].node), "fuel-1");
    snprintf(config.peers[0].url, sizeof(config.peers[0].url), "tcp://fuel.example:7101");
    struct config_token token = {.name = "t", .scopes = CONFIG_AUDITOR | CONFIG_TILL};
    struct buffer text;
    buffer_init(&text, CONFIG_SIZE_MAX);
    config_format_tokens(&token, 1, &text);
    file_write("tokens.json", buffer_text(&text), 0600);
    buffer_clear(&text);
    config_format(&config, &text);
    file_write("node.json", buffer_text(&text), 0644);
    struct error error;
    if (!load(&back, &error)) {
        printf("%s\n", error.text);
        exit(1);
    }
    CHECK_TEXT(back->data, "/somewhere/else");
    CHECK_TEXT(back->http.tls_key, in_folder("tls.key"));
    CHECK_TEXT(back->peers[0].url, config.peers[0].url);
    CHECK_INT(back->tokens[0].scopes, token.scopes);
    CHECK_INT(back->http.connections_max, 7);
    CHECK_TEXT(back->http.public_url, "https://points.example/a");
    CHECK(back->insecure_http && back->log_level == LOG_LEVEL_DEBUG);
    CHECK_INT(back->log_format, LOG_FORMAT_JSON);
    CHECK_INT(back->mempool_bytes, BATCH_PAYLOAD_MAX);
    CHECK_INT(back->queue_bytes, MESSAGE_SIZE_MAX);
    CHECK_INT(back->image_records, 0);
    config_close(back);
    config_release(&config);
    buffer_release(&text);
}

CASE(every_member_is_checked)
{
    files_write();
    static const char *const needed[] = {
        "charter",          "node",   "data",   "key", "transport_key", "log_key", "cosigner_key",
        "coalition_secret", "tokens", "listen", "http"};
    for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
        char says[64];
        snprintf(says, sizeof(says), "%s: is missing", needed[i]);
        check_mistake(NULL, needed[i], NULL, says);
        snprintf(says, sizeof(says), "%s: must be", needed[i]);
        check_mistake(NULL, needed[i], "17", says);
    }
    check_mistake(NULL, "colour", "1", "colour: is no known member");
    check_mistake(NULL, "node", "\"Grocer\"", "node: must be [a-z0-9-]");
    check_mistake(NULL, "node", "\"a\\u001bb\"", "node: must be a text");
    check_mistake(NULL, "charter", "\"gone.json\"", "charter: cannot read");
    check_mistake(NULL, "listen", "\"127.0.0.1:7101\"", "listen: must be tcp://");
    check_mistake(NULL, "listen", "\"tcp://a:0\"", "listen: must be tcp://");
    check_mistake(NULL, "listen", "\"tcp://a:65536\"", "listen: must be tcp://");
    check_mistake(NULL, "listen", "\"tcp://:1\"", "listen: must be tcp://");
    check_mistake(NULL, "insecure_http", "1", "insecure_http: must be true or false");
    static const char *const no_urls[] = {
        "\"points.example\"", "\"https://a/\"",        "\"http://a b\"",
        "\"https://a?b\"",    "\"https://a#b\"",       "\"https://a\\\"b\"",
        "\"ftp://a\"",        "\"https://\u00e9.de\"", "\"https://a<b\""};
    for (size_t i = 0; i < ARRAY_SIZE(no_urls); i++)
        check_mistake("http", "public_url", no_urls[i], "http.public_url: must be http(s)://");
    check_mistake(NULL, "peers", "[]", "peers: must be an object");
    check_mistake(NULL, "peers", "{\"b\":\"ftp://a:1\"}", "peers.b: must be tcp://");
    check_mistake(NULL, "peers", "{\"grocer-1\":\"tcp://a:1\"}", "peers.grocer-1: is this node");
    check_mistake(NULL, "peers", "{\"B\":\"tcp://a:1\"}", "peers.B: is no name");
    check_mistake(NULL, "log", "{\"level\":\"loud\"}", "log.level: must be debug");
    check_mistake(NULL, "log", "{\"format\":\"xml\"}", "log.format: must be logfmt");
    check_mistake(NULL, "log", "{\"x\":1}", "log.x: is no known member");
    check_mistake(NULL, "limits", "{\"mempool_bytes\":1}", "limits.mempool_bytes: must be a whole");
    check_mistake(NULL, "limits", "{\"queue_bytes\":1e9}", "limits.queue_bytes: must be a whole");
    check_mistake(NULL, "limits", "{\"queue_bytes\":-1}", "limits.queue_bytes: must be a whole");
    check_mistake(NULL, "limits", "{\"image_records\":-1}",
                  "limits.image_records: must be a whole");
    check_mistake("http", "listen", NULL, "http.listen: is missing");
    check_mistake("http", "listen", "\"nowhere\"", "http.listen: must be HOST:PORT");
    check_mistake("http", "listen", "\"[::1:80\"", "http.listen: must be HOST:PORT");
    check_mistake("http", "tls_key", "\"tls.key\"", "http.tls_certificate: is missing");
    check_mistake("http", "tls_certificate", "\"tls.pem\"", "http.tls_key: is missing");
    check_mistake("http", "connections_max", "0", "http.connections_max: must be a whole");
    check_mistake("http", "body_max_bytes", "9223372036854775807", "http.body_max_bytes: must be");
}

CASE(next_keys_need_not_be_there_and_an_invitation_does)
{
    files_write();
    check_good(NULL, "next_keys", "\"fresh\"");
    check_good(NULL, "invitation", "\"charter.json\"");
    check_mistake(NULL, "next_keys", "7", "next_keys: ");
    check_mistake(NULL, "invitation", "\"none\"", "invitation: cannot read ");
}

CASE(calls_from_other_hosts_need_tls_or_an_explicit_word)
{
    files_write();
    static const char *const far[] = {"\"0.0.0.0:80\"", "\"10.0.0.1:80\"", "\"[::]:80\"",
                                      "\"example.org:80\"", "\"128.0.0.1:80\""};
    for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
        check_mistake("http", "listen", far[i], "http.listen: other hosts could call without TLS");
    }
    check_good("http", "listen", "\"127.9.9.9:80\"");
    check_good("http", "listen", "\"localhost:80\"");
    check_good("http", "listen", "\"[::1]:80\"");
    char *text = malloc(4096);
    REQUIRE(text);
    for (int insecure = 0; insecure < 2; insecure++) {
        json_t *object = json_loads(good_text, 0, NULL), *http = json_object_get(object, "http");
        json_object_set_new(http, "listen", json_string("0.0.0.0:80"));
        if (insecure) {
            json_object_set_new(object, "insecure_http", json_true());
        } else {
            json_object_set_new(http, "tls_certificate", json_string("tls.pem"));
            json_object_set_new(http, "tls_key", json_string("tls.key"));
        }
        text[json_dumpb(object, text, 4095, 0)] = '\0';
        json_decref(object);
        file_write("node.json", text, 0644);
        struct config *config = NULL;
        struct error error;
        CHECK(load(&config, &error));
        config_close(config);
    }
    free(text);
}

CASE(secrets_that_others_can_read_are_refused)
{
    files_write();
    struct config *config = NULL;
    struct error error;
    file_write("secret.key", secret_text, 0640);
    file_write("tokens.json", tokens_text, 0604);
    CHECK(!load(&config, &error));
    CHECK_INT(mistakes.count, 2);
    CHECK(mentioned("coalition_secret: others may read it: run chmod 600"));
    CHECK(mentioned("tokens: others may read it: run chmod 600"));
    file_write("tokens.json", tokens_text, 0600);
    static const char *const bad[] = {"", "00\n", "zz", NULL};
    for (size_t i = 0; bad[i]; i++) {
        file_write("secret.key", bad[i], 0600);
        CHECK(!load(&config, &error));
        CHECK(mentioned("coalition_secret: must hold 32 bytes"));
    }
    char large[100];
    memset(large, 'a', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    file_write("secret.key", large, 0600);
    CHECK(!load(&config, &error));
    CHECK(mentioned("coalition_secret: ") && mentioned("more than 65 bytes"));
}

CASE(every_token_is_checked)
{
    files_write();
    file_write("tokens.json",
               "[1,{\"name\":\"a\",\"scopes\":[\"till\",\"till\",\"boss\"],\"sha256\":\"00\"},"
               "{\"name\":\"a\",\"scopes\":[],\"x\":1}]",
               0600);
    struct config *config = NULL;
    struct error error;
    CHECK(!load(&config, &error));
    CHECK(mentioned("tokens[0]: must be an object"));
    CHECK(mentioned("tokens[1].scopes: [1] names till again"));
    CHECK(mentioned("tokens[1].scopes: [2] must be till, office, auditor, admin or finance"));
    CHECK(mentioned("tokens[1].sha256: must be 64"));
    CHECK(mentioned("tokens[2].scopes: must be a list"));
    CHECK(mentioned("tokens[2].sha256: is missing"));
    CHECK(mentioned("tokens[2].name: tokens[1] has it too"));
    CHECK(mentioned("tokens[2].x: is no known member"));
    CHECK_INT(mistakes.count, 8);
    file_write("tokens.json", "{}", 0600);
    CHECK(!load(&config, &error));
    CHECK(mentioned("tokens: ") && mentioned("must hold a list of at most"));
    file_write("tokens.json", "[", 0600);
    CHECK(!load(&config, &error));
    CHECK(mentioned("tokens: no JSON: line 1"));
}

CASE(all_mistakes_come_at_once_and_are_counted)
{
    files_write();
    file_write("node.json", "{\"node\":3,\"colour\":1,\"http\":{\"port\":1}}", 0644);
    struct config *config = NULL;
    struct error error;
    CHECK(!load(&config, &error));
    CHECK_INT(mistakes.count, 13);
    CHECK(strstr(error.text, "has 13 mistakes, the first: node: "));
    CHECK(config == NULL);
}

CASE(a_flood_of_mistakes_is_bounded_and_stays_text)
{
    files_write();
    json_t *object = json_object();
    for (int i = 0; i < 500; i++) {
        char name[400];
        snprintf(name, sizeof(name), "%03d", i);
        for (size_t k = 3; k + 3 < sizeof(name); k += 3) {
            memcpy(name + k, "\xe2\x82\xac", 4);
        }
        json_object_set_new(object, name, json_integer(1));
    }
    char *text = json_dumps(object, 0);
    file_write("node.json", text, 0644);
    free(text);
    json_decref(object);
    struct config *config = NULL;
    struct error error;
    CHECK(!load(&config, &error));
    CHECK_INT(mistakes.count, CONFIG_MISTAKES_MAX);
    for (size_t i = 0; i < mistakes.count; i++) {
        CHECK(utf8_valid(bytes_text(mistakes.text[i])));
    }
}

CASE(a_file_that_is_no_object_says_where)
{
    static const struct {
        const char *text;
        enum error_code code;
    } bad[] = {{"", ERROR_INVALID},
               {"[]", ERROR_INVALID},
               {"{\"a\":1,\"a\":2}", ERROR_INVALID},
               {"{\"a\":\"\xff\"}", ERROR_INVALID}};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        file_write("node.json", bad[i].text, 0644);
        struct config *config = NULL;
        struct error error;
        CHECK(!load(&config, &error));
        CHECK_INT(error.code, bad[i].code);
        CHECK(strstr(error.text, "node.json"));
    }
    unlink(in_folder("node.json"));
    struct config *config = NULL;
    struct error error;
    CHECK(!load(&config, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    char *large = malloc(CONFIG_SIZE_MAX + 2);
    REQUIRE(large);
    memset(large, ' ', CONFIG_SIZE_MAX + 1);
    large[CONFIG_SIZE_MAX + 1] = '\0';
    file_write("node.json", large, 0644);
    CHECK(!load(&config, &error));
    CHECK_INT(error.code, ERROR_LIMIT);
    free(large);
}

CASE(addresses_are_split)
{
    char host[CONFIG_URL_MAX + 1];
    uint16_t port = 0;
    CHECK(config_split_address("[::1]:65535", host, &port));
    CHECK_TEXT(host, "::1");
    CHECK_INT(port, 65535);
    CHECK(config_split_address("a.b-c:1", host, &port));
    CHECK_TEXT(host, "a.b-c");
    static const char *const bad[] = {"",     ":",     ":1",    "a",     "a:",  "a:01", "a:x",
                                      "[]:1", "[x]:1", "::1:1", "[::1]", "[:1", "a b:1"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        CHECK(!config_split_address(bad[i], host, &port));
    }
    CHECK_TEXT(host, "a.b-c");
}

int main(void)
{
    snprintf(folder, sizeof(folder), "/tmp/accrue-test-XXXXXX");
    REQUIRE(mkdtemp(folder));
    RUN(a_good_file_is_read_with_its_defaults_and_paths_in_its_folder);
    RUN(what_is_written_is_read_back_the_same);
    RUN(every_member_is_checked);
    RUN(next_keys_need_not_be_there_and_an_invitation_does);
    RUN(calls_from_other_hosts_need_tls_or_an_explicit_word);
    RUN(secrets_that_others_can_read_are_refused);
    RUN(every_token_is_checked);
    RUN(all_mistakes_come_at_once_and_are_counted);
    RUN(a_flood_of_mistakes_is_bounded_and_stays_text);
    RUN(a_file_that_is_no_object_says_where);
    RUN(addresses_are_split);
    static const char *const names[] = {"charter.json", "node.key", "transport.key", "log.key",
                                        "cosigner.key", "tls.pem",  "tls.key",       "tokens.json",
                                        "secret.key",   "node.json"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        unlink(in_folder(names[i]));
    }
    rmdir(folder);
    return check_report();
}
