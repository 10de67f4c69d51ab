#include "crypto/channel_key.h"
#include "crypto/channel_session.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

static const char curve[] = "prime256v1"; /* OpenSSL's name for P-256 */

struct channel_key {
    EVP_PKEY *pair;
    SSL_CTX *context;
    uint8_t point[CHANNEL_POINT_SIZE];
};

/* The dates mean nothing (identity is the key), so they are the widest that X.509 can say: a node
 * whose clock is wrong still connects. */
static X509 *certificate_make(EVP_PKEY *pair)
{
    X509 *certificate = X509_new();
    must(certificate != NULL);
    must(X509_set_version(certificate, X509_VERSION_3) == 1);
    must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1);
    must(ASN1_TIME_set_string(X509_getm_notBefore(certificate), "19700101000000Z") == 1);
    must(ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z") == 1);
    X509_NAME *name = X509_get_subject_name(certificate);
    const unsigned char text[] = "accrue node";
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1);
    must(X509_set_issuer_name(certificate, name) == 1);
    must(X509_set_pubkey(certificate, pair) == 1);
    must(X509_sign(certificate, pair, EVP_sha256()) > 0);
    return certificate;
}

/* Takes over `pair`, which is a checked P-256 private key. */
static struct channel_key *key_from_pair(EVP_PKEY *pair)
{
    struct channel_key *key = allocate(1, sizeof *key);
    key->pair = pair;
    must(EVP_PKEY_set_utf8_string_param(pair, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                        OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 1);
    size_t size = 0;
    must(EVP_PKEY_get_octet_string_param(pair, OSSL_PKEY_PARAM_PUB_KEY, key->point,
                                         sizeof key->point, &size) == 1);
    must(size == CHANNEL_POINT_SIZE);
    X509 *certificate = certificate_make(pair);
    key->context = channel_session_context(pair, certificate);
    X509_free(certificate);
    return key;
}

struct channel_key *channel_key_generate(void)
{
    EVP_PKEY *pair = EVP_EC_gen(curve);
    must(pair != NULL);
    return key_from_pair(pair);
}

void channel_key_close(struct channel_key *key)
{
    if (key == NULL)
        return;
    SSL_CTX_free(key->context);
    EVP_PKEY_free(key->pair);
    free(key);
}

void channel_key_point(const struct channel_key *key, uint8_t point_out[CHANNEL_POINT_SIZE])
{
    memcpy(point_out, key->point, CHANNEL_POINT_SIZE);
}

void channel_key_encode(const struct channel_key *key, struct buffer *pem_out)
{
    /* The secure heap when there is one; freeing it wipes in any case. */
    BIO *bio = BIO_new(BIO_s_secmem());
    must(bio != NULL);
    must(PEM_write_bio_PKCS8PrivateKey(bio, key->pair, NULL, NULL, 0, NULL, NULL) == 1);
    char *text = NULL;
    long size = BIO_get_mem_data(bio, &text);
    must(size > 0 && size <= CHANNEL_KEY_PEM_MAX);
    buffer_append(pem_out, bytes_of(text, (size_t)size));
    BIO_free(bio);
}

/* OpenSSL would otherwise ask for a password on the terminal. */
static int no_password(char *text, int size, int writing, void *context)
{
    (void)writing, (void)context;
    if (size > 0)
        text[0] = '\0';
    return -1;
}

static bool pair_is_good(EVP_PKEY *pair)
{
    char group[32] = "";
    size_t size = 0;
    if (!EVP_PKEY_is_a(pair, "EC") ||
        EVP_PKEY_get_group_name(pair, group, sizeof group, &size) != 1 || strcmp(group, curve) != 0)
        return false;
    EVP_PKEY_CTX *check = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    must(check != NULL);
    /* Also says whether the stated public half belongs to the private one. */
    bool good = EVP_PKEY_check(check) == 1;
    EVP_PKEY_CTX_free(check);
    return good;
}

bool channel_key_decode(struct bytes pem, struct channel_key **key_out, struct error *error)
{
    EVP_PKEY *pair = NULL;
    bool good = false;
    if (pem.size <= CHANNEL_KEY_PEM_MAX) {
        BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.size);
        must(bio != NULL);
        pair = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
        BIO_free(bio);
        good = pair != NULL && pair_is_good(pair);
        ERR_clear_error();
    }
    if (!good) {
        EVP_PKEY_free(pair);
        return error_set(error, ERROR_INVALID, "not an unencrypted P-256 PKCS#8 private key");
    }
    *key_out = key_from_pair(pair);
    return true;
}

bool channel_point_open(const uint8_t point[CHANNEL_POINT_SIZE], EVP_PKEY **point_out,
                        struct error *error)
{
    char group[sizeof curve];
    uint8_t copy[CHANNEL_POINT_SIZE]; /* OSSL_PARAM takes no const */
    memcpy(group, curve, sizeof group);
    memcpy(copy, point, sizeof copy);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    must(maker != NULL);
    EVP_PKEY *key = NULL;
    bool good = copy[0] == 4 && EVP_PKEY_fromdata_init(maker) == 1 &&
                EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX_free(maker);
    ERR_clear_error();
    if (!good)
        return error_set(error, ERROR_INVALID, "not an uncompressed point of P-256");
    *point_out = key;
    return true;
}

void channel_key_agree(const struct channel_key *key, EVP_PKEY *point, uint8_t secret32_out[32])
{
    EVP_PKEY_CTX *derive = EVP_PKEY_CTX_new_from_pkey(NULL, key->pair, NULL);
    must(derive != NULL);
    size_t size = 32;
    must(EVP_PKEY_derive_init(derive) == 1);
    must(EVP_PKEY_derive_set_peer(derive, point) == 1);
    must(EVP_PKEY_derive(derive, secret32_out, &size) == 1 && size == 32);
    EVP_PKEY_CTX_free(derive);
}

SSL_CTX *channel_key_context(const struct channel_key *key)
{
    return key->context;
}
