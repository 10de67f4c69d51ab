#include "crypto/channel_session.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

enum {
    DTLS_MTU = 16000,               /* of handshake records; application records may be larger */
    CERTIFICATE_LIST_MAX = 4096,    /* ours has about 300 bytes */
    NEVER_US = 4000u * 1000 * 1000, /* 66 minutes: longer than any handshake may take */
    RECORD_HANDSHAKE = 22,
    HANDSHAKE_CLIENT_HELLO = 1,
};

/* The certificate is only the wrapping of a key. Dates, names and chains are not looked at: the key
 * must be the one pinned for the peer that this session talks to. EVP_PKEY_eq compares the curve's
 * parameters too. */
static int peer_check(X509_STORE_CTX *store, void *context)
{
    (void)context;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const struct channel_session *session = SSL_get_app_data(ssl);
    const X509 *certificate = X509_STORE_CTX_get0_cert(store);
    EVP_PKEY *key = certificate != NULL ? X509_get0_pubkey(certificate) : NULL;
    bool same = key != NULL && EVP_PKEY_eq(key, session->pinned) == 1;
    X509_STORE_CTX_set_error(store, same ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
    return same;
}

/* The cookie is random and kept in the session, so a recorded handshake cannot be played back past
 * the server's first answer. */
static int cookie_make(SSL *ssl, unsigned char *cookie, unsigned *size)
{
    const struct channel_session *session = SSL_get_app_data(ssl);
    memcpy(cookie, session->cookie, CHANNEL_COOKIE_SIZE);
    *size = CHANNEL_COOKIE_SIZE;
    return 1;
}

static int cookie_check(SSL *ssl, const unsigned char *cookie, unsigned size)
{
    const struct channel_session *session = SSL_get_app_data(ssl);
    return size == CHANNEL_COOKIE_SIZE && CRYPTO_memcmp(cookie, session->cookie, size) == 0;
}

static unsigned timer_never(SSL *ssl, unsigned last_us)
{
    (void)ssl, (void)last_us;
    return NEVER_US;
}

SSL_CTX *channel_session_context(EVP_PKEY *pair, X509 *certificate)
{
    SSL_CTX *context = SSL_CTX_new(DTLS_method());
    must(context != NULL);
    must(SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1);
    must(SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1);
    must(SSL_CTX_set_cipher_list(context, "ECDHE-ECDSA-AES128-GCM-SHA256:"
                                          "ECDHE-ECDSA-AES256-GCM-SHA384") == 1);
    char groups[] = "P-256", algorithms[] = "ECDSA+SHA256"; /* OpenSSL's macros drop const */
    must(SSL_CTX_set1_groups_list(context, groups) == 1);
    must(SSL_CTX_set1_sigalgs_list(context, algorithms) == 1);
    SSL_CTX_set_options(context, SSL_OP_COOKIE_EXCHANGE | SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET |
                                     SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context, CERTIFICATE_LIST_MAX);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, peer_check, NULL);
    SSL_CTX_set_cookie_generate_cb(context, cookie_make);
    SSL_CTX_set_cookie_verify_cb(context, cookie_check);
    must(SSL_CTX_use_certificate(context, certificate) == 1);
    must(SSL_CTX_use_PrivateKey(context, pair) == 1);
    return context;
}

struct channel_session *channel_session_open(const struct channel_key *key, EVP_PKEY *pinned,
                                             uint64_t id, bool client)
{
    struct channel_session *session = allocate(1, sizeof *session);
    session->pinned = pinned;
    session->id = id;
    session->client = client;
    buffer_init(&session->flight, CHANNEL_FLIGHT_MAX);
    random_bytes(session->cookie, sizeof session->cookie);
    session->ssl = SSL_new(channel_key_context(key));
    session->in = BIO_new(BIO_s_mem());
    session->out = BIO_new(BIO_s_mem());
    must(session->ssl != NULL && session->in != NULL && session->out != NULL);
    SSL_set_bio(session->ssl, session->in, session->out);
    must(SSL_set_app_data(session->ssl, session) == 1);
    must(SSL_set_mtu(session->ssl, DTLS_MTU) == DTLS_MTU);
    DTLS_set_timer_cb(session->ssl, timer_never);
    if (client)
        SSL_set_connect_state(session->ssl);
    else
        SSL_set_accept_state(session->ssl);
    return session;
}

void channel_session_close(struct channel_session *session)
{
    if (session == NULL)
        return;
    SSL_free(session->ssl);
    buffer_release(&session->flight);
    free(session);
}

size_t channel_record_size(struct bytes bytes)
{
    if (bytes.size < CHANNEL_RECORD_HEADER_SIZE)
        return 0;
    size_t size = CHANNEL_RECORD_HEADER_SIZE + (size_t)get_u16be(bytes.at + 11);
    return size <= bytes.size && size <= CHANNEL_RECORD_MAX ? size : 0;
}

/* RFC 6347 sections 4.1 and 4.2.2: type, version, epoch, sequence, length; then the message's type,
 * length [3], number [2]. */
bool channel_record_is_hello(struct bytes record)
{
    return channel_record_size(record) >= CHANNEL_RECORD_HEADER_SIZE + 12 &&
           record.at[0] == RECORD_HANDSHAKE && get_u16be(record.at + 3) == 0 &&
           record.at[13] == HANDSHAKE_CLIENT_HELLO && get_u16be(record.at + 17) == 0;
}

void channel_session_input(struct channel_session *session, struct bytes record)
{
    if (session->state == CHANNEL_SESSION_FAILED)
        return;
    /* OpenSSL takes whatever one read returns for one datagram and drops a record that its buffer
     * cuts; so it sees one record at a time, and nothing that it left of the last. */
    if (BIO_pending(session->in) > 0)
        (void)BIO_reset(session->in); /* it zeroes all that the BIO ever held */
    must(BIO_write(session->in, record.at, (int)record.size) == (int)record.size);
}

/* A result <= 0 means "more input needed" or the end of the session. */
static void judge(struct channel_session *session, int result)
{
    int reason = SSL_get_error(session->ssl, result);
    if (reason != SSL_ERROR_WANT_READ)
        session->state = CHANNEL_SESSION_FAILED;
    ERR_clear_error();
}

void channel_session_handshake(struct channel_session *session)
{
    if (session->state != CHANNEL_SESSION_HANDSHAKE)
        return;
    ERR_clear_error();
    int result = SSL_do_handshake(session->ssl);
    if (result == 1)
        session->state = CHANNEL_SESSION_READY;
    else
        judge(session, result);
}

size_t channel_session_read(struct channel_session *session, uint8_t *plain_out)
{
    if (session->state != CHANNEL_SESSION_READY)
        return 0;
    ERR_clear_error();
    int size = SSL_read(session->ssl, plain_out, CHANNEL_RECORD_PLAIN_MAX);
    if (size > 0)
        return (size_t)size;
    judge(session, size);
    return 0;
}

void channel_session_write(struct channel_session *session, struct bytes plain)
{
    must(plain.size > 0 && plain.size <= CHANNEL_RECORD_PLAIN_MAX);
    if (session->state != CHANNEL_SESSION_READY)
        return;
    ERR_clear_error();
    int result = SSL_write(session->ssl, plain.at, (int)plain.size);
    if (result != (int)plain.size)
        judge(session, result);
}

size_t channel_session_output(struct channel_session *session, uint8_t *out, size_t capacity)
{
    size_t size = (size_t)BIO_pending(session->out);
    if (size == 0)
        return 0;
    if (size > capacity) {
        session->state = CHANNEL_SESSION_FAILED;
        (void)BIO_reset(session->out);
        return 0;
    }
    /* Read, since a reset would zero all that the BIO ever held. */
    must(BIO_read(session->out, out, (int)size) == (int)size);
    return size;
}
