/* config.h - a node's configuration file, in JSON.
 *
 *   {"charter": "charter.json", "node": "grocer-1", "data": "data",
 *    "key": "node.key", "transport_key": "transport.key", "log_key": "log.key",
 *    "cosigner_key": "cosigner.key",
 *    "next_keys": "next",                          optional: a folder, see below
 *    "invitation": "invitation",                   optional: of a node that joins (invitation.h)
 *    "coalition_secret": "secret.key",             32 bytes in hex, mode 0600
 *    "tokens": "tokens.json",                      mode 0600, see below
 *    "listen": "tcp://127.0.0.1:7101",             for the peers
 *    "peers": {"books-1": "tcp://10.0.0.2:7101"},  optional, instead of the charter's addresses
 *    "http": {"listen": "127.0.0.1:8101", "tls_certificate": "c.pem", "tls_key": "k.pem",
 *             "connections_max": 1024, "body_max_bytes": 67108864,
 *             "public_url": "https://points.example"},                all but listen optional
 *    "insecure_http": false,                       true: other hosts may call without TLS
 *    "log": {"level": "info", "format": "logfmt"},                    optional
 *    "limits": {"mempool_bytes": 16777216, "queue_bytes": 8388608,
 *               "image_records": 100000}}          optional; 0: no images of the state (images.h)
 *
 * Paths are relative to the file's folder. Tokens: [{"name": "till 1", "scopes": ["till"],
 * "sha256": "64 hex digits"}], of the bearer tokens' texts.
 *
 * The folder of next keys may hold node.key, transport.key, log.key and cosigner.key: the node goes
 * on with them when the coalition names them. It need not be there; nothing else is read in it.
 *
 * Threads: read once, then constant.
 */
#ifndef NODE_CONFIG_H
#define NODE_CONFIG_H

#include "crypto/hash.h"
#include "node/log.h"
#include "protocol/limits.h"

enum {
    CONFIG_SIZE_MAX = 256 * 1024, /* of the file, and of the tokens file */
    CONFIG_PATH_MAX = 1023,
    CONFIG_NAME_MAX = 63,
    CONFIG_URL_MAX = 255,
    CONFIG_TOKENS_MAX = 64,
    CONFIG_MISTAKES_MAX = 100,
    CONFIG_SECRET_SIZE = 32,
    CONFIG_CONNECTIONS_DEFAULT = 1024,
    CONFIG_CONNECTIONS_MAX = 65536,
    CONFIG_BODY_DEFAULT = 64 * 1024 * 1024,
    CONFIG_BODY_MAX = 1024 * 1024 * 1024,
    CONFIG_MEMPOOL_DEFAULT = 16 * 1024 * 1024,
    CONFIG_QUEUE_DEFAULT = 8 * 1024 * 1024,
    CONFIG_BUFFER_MAX = 1024 * 1024 * 1024, /* of mempool and queue */
    CONFIG_IMAGE_RECORDS_DEFAULT = 100000,  /* some two seconds of replay */
    CONFIG_IMAGE_RECORDS_MAX = 1000000000
};

enum config_scope {
    CONFIG_TILL = 1,
    CONFIG_OFFICE = 2,
    CONFIG_AUDITOR = 4,
    CONFIG_ADMIN = 8,
    CONFIG_FINANCE = 16
};
struct config_token {
    char name[CONFIG_NAME_MAX + 1];
    unsigned scopes;    /* of enum config_scope, joined; at least one */
    struct hash sha256; /* of the token's text */
};
struct config_peer {
    char node[CONFIG_NAME_MAX + 1];
    char url[CONFIG_URL_MAX + 1];
};

struct config {
    char node[CONFIG_NAME_MAX + 1];
    /* After config_load(): paths that work from the process's folder. */
    char charter[CONFIG_PATH_MAX + 1], data[CONFIG_PATH_MAX + 1], key[CONFIG_PATH_MAX + 1];
    char transport_key[CONFIG_PATH_MAX + 1], log_key[CONFIG_PATH_MAX + 1],
        cosigner_key[CONFIG_PATH_MAX + 1];
    char next_keys[CONFIG_PATH_MAX + 1];  /* a folder; it may not be there */
    char invitation[CONFIG_PATH_MAX + 1]; /* "": none */
    char coalition_secret[CONFIG_PATH_MAX + 1], tokens_file[CONFIG_PATH_MAX + 1];
    char listen[CONFIG_URL_MAX + 1];
    struct config_peer *peers;
    size_t peer_count;
    struct {
        char listen[CONFIG_URL_MAX + 1]; /* HOST:PORT, [HOST]:PORT for IPv6 */
        char tls_certificate[CONFIG_PATH_MAX + 1], tls_key[CONFIG_PATH_MAX + 1]; /* "": no TLS */
        char public_url[CONFIG_URL_MAX + 1]; /* for links that people get; "": paths only */
        uint64_t connections_max, body_max_bytes;
    } http;
    bool insecure_http;
    enum log_level log_level;
    enum log_format log_format;
    uint64_t mempool_bytes, queue_bytes;
    uint64_t image_records; /* between two images of the state; 0: none is made, and every start
                               replays all that was not pruned */

    /* Read from their files by config_load(). */
    uint8_t secret[CONFIG_SECRET_SIZE];
    struct config_token *tokens;
    size_t token_count;
};

/* Everything wrong with it, each with its path ("http.listen: ..."). */
struct config_mistakes {
    size_t count;
    char text[CONFIG_MISTAKES_MAX][200];
};

/* Defaults; all texts empty. config_load() makes its own. */
void config_init(struct config *config);
void config_release(struct config *config); /* wipes the secret; safe on a zeroed one */

/* Reads and checks the file, the secret and the tokens, and that the other files are there. On
 * false mistakes (may be NULL) lists all that was found; the error says how many and the first.
 * ERROR_INVALID; ERROR_IO or ERROR_NOT_FOUND when the file itself cannot be read. */
bool config_load(const char *path, struct config **config_out, struct config_mistakes *mistakes,
                 struct error *error) MUST_USE;
void config_close(struct config *config); /* of config_load(); NULL is fine */

/* The file's text, ending in a line feed, with paths as they stand. Appended. */
void config_format(const struct config *config, struct buffer *json_out);
/* The tokens file's text. Appended. */
void config_format_tokens(const struct config_token *tokens, size_t token_count,
                          struct buffer *json_out);

/* "127.0.0.1:8101", "localhost:8101", "[::1]:8101": the parts. HOST without brackets. */
bool config_split_address(const char *address, char host_out[CONFIG_URL_MAX + 1],
                          uint16_t *port_out) MUST_USE;
bool config_is_loopback(const char *host);

#endif
