#include "crypto/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEYFILE_SIZE_MAX = 4096, /* a key takes 119 bytes; the rest is room for comments */
    PKCS8_PREFIX_SIZE = 16,
    PKCS8_SIZE = PKCS8_PREFIX_SIZE + SEED_SIZE,
    KEYFILE_TEXT_SIZE = 256
};

/* RFC 8410 section 7: what precedes the seed in the DER of a private key never varies. */
static const uint8_t pkcs8_prefix[PKCS8_PREFIX_SIZE] = {
    0x30, 0x2E,                               /* SEQUENCE */
    0x02, 0x01, 0x00,                         /* version 0 */
    0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, /* id-Ed25519 */
    0x04, 0x22, 0x04, 0x20};                  /* OCTET STRING around OCTET STRING */

static bool error_errno(struct error *error, const char *what, const char *path)
{
    /* strerror() is not safe among threads; %m is. */
    return error_set(error, ERROR_IO, "%s %s: %m", what, path);
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static size_t keyfile_format(const struct signing_key *key, char text_out[KEYFILE_TEXT_SIZE])
{
    uint8_t der[PKCS8_SIZE];
    memcpy(der, pkcs8_prefix, sizeof(pkcs8_prefix));
    signing_key_seed(key, der + PKCS8_PREFIX_SIZE);
    char base64[BASE64_SIZE(PKCS8_SIZE) + 1];
    base64_encode(bytes_of(der, sizeof(der)), base64);
    int size = snprintf(text_out, KEYFILE_TEXT_SIZE,
                        "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n", base64);
    must(size > 0 && size < KEYFILE_TEXT_SIZE);
    OPENSSL_cleanse(der, sizeof(der));
    OPENSSL_cleanse(base64, sizeof(base64));
    return (size_t)size;
}

static bool write_all(int file, const char *at, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        at += written;
        size -= (size_t)written;
    }
    return true;
}

/* A new name is on disk only when its directory is. */
static bool directory_sync(const char *path, struct error *error)
{
    char copy[PATH_MAX];
    int size = snprintf(copy, sizeof(copy), "%s", path);
    must(size >= 0 && (size_t)size < sizeof(copy)); /* open() took it before */
    const char *name = dirname(copy);
    int directory = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) {
        return error_errno(error, "cannot open the directory", name);
    }
    bool synced = fsync(directory) == 0;
    if (!synced) {
        error_errno(error, "cannot sync the directory", name);
    }
    close(directory);
    return synced;
}

static bool keyfile_fill(int file, const char *path, const struct signing_key *key,
                         struct error *error)
{
    char text[KEYFILE_TEXT_SIZE];
    size_t size = keyfile_format(key, text);
    /* fchmod: a umask may have taken more away than it should. */
    bool done = fchmod(file, 0600) == 0 && write_all(file, text, size) && fsync(file) == 0;
    if (!done) {
        error_errno(error, "cannot write", path);
    }
    OPENSSL_cleanse(text, sizeof(text));
    return done && directory_sync(path, error);
}

bool keyfile_write(const char *path, const struct signing_key *key, struct error *error)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0 && errno == EEXIST) {
        return error_set(error, ERROR_CONFLICT, "%s exists; a key is never overwritten", path);
    }
    if (file < 0) {
        return error_errno(error, "cannot create", path);
    }
    bool done = keyfile_fill(file, path, key, error);
    close(file);
    if (!done) {
        /* Half a key would stand in the way of the next attempt. */
        unlink(path);
    }
    return done;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static bool keyfile_check_access(int file, const char *path, struct error *error)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        return error_errno(error, "cannot examine", path);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(error, ERROR_INVALID, "%s is no regular file", path);
    }
    if (status.st_uid != geteuid()) {
        return error_set(error, ERROR_DENIED, "%s belongs to user %u, not to %u", path,
                         (unsigned)status.st_uid, (unsigned)geteuid());
    }
    if (status.st_mode & (S_IRWXG | S_IRWXO)) {
        return error_set(error, ERROR_DENIED, "others can reach %s (mode %04o): chmod 600 %s", path,
                         (unsigned)(status.st_mode & 07777), path);
    }
    return true;
}

static bool read_all(int file, const char *path, uint8_t text_out[KEYFILE_SIZE_MAX + 1],
                     size_t *size_out, struct error *error)
{
    size_t size = 0;
    while (size <= KEYFILE_SIZE_MAX) {
        ssize_t count = read(file, text_out + size, KEYFILE_SIZE_MAX + 1 - size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return error_errno(error, "cannot read", path);
        }
        if (count == 0) {
            *size_out = size;
            return true;
        }
        size += (size_t)count;
    }
    return error_set(error, ERROR_LIMIT, "%s is longer than %d bytes", path, KEYFILE_SIZE_MAX);
}

/* Without this, OpenSSL asks for the password of an encrypted key on the terminal. */
static int no_password(char *text, int size, int writing, void *context)
{
    if (size > 0) {
        text[0] = '\0';
    }
    (void)writing;
    (void)context;
    return -1;
}

static struct signing_key *keyfile_parse(struct bytes text)
{
    ERR_set_mark();
    BIO *input = BIO_new_mem_buf(text.at, (int)text.size);
    must(input != NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(input, NULL, no_password, NULL);
    BIO_free(input);
    struct signing_key *key = NULL;
    uint8_t seed[SEED_SIZE];
    size_t size = sizeof(seed);
    if (pkey && EVP_PKEY_get_id(pkey) == EVP_PKEY_ED25519 &&
        EVP_PKEY_get_raw_private_key(pkey, seed, &size) == 1 && size == SEED_SIZE) {
        key = signing_key_from_seed(seed);
    }
    OPENSSL_cleanse(seed, sizeof(seed));
    EVP_PKEY_free(pkey);
    ERR_pop_to_mark();
    return key;
}

bool keyfile_read(const char *path, struct signing_key **key_out, struct error *error)
{
    /* O_NONBLOCK: opening a named pipe would otherwise wait for a writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 && errno == ENOENT) {
        return error_set(error, ERROR_NOT_FOUND, "no key file %s", path);
    }
    if (file < 0) {
        return error_errno(error, "cannot open", path);
    }
    uint8_t text[KEYFILE_SIZE_MAX + 1];
    size_t size = 0;
    bool done = keyfile_check_access(file, path, error) && read_all(file, path, text, &size, error);
    close(file);
    struct signing_key *key = done ? keyfile_parse(bytes_of(text, size)) : NULL;
    OPENSSL_cleanse(text, sizeof(text));
    if (done && !key) {
        return error_set(error, ERROR_INVALID, "%s is no unencrypted Ed25519 key in PKCS#8 PEM",
                         path);
    }
    if (done) {
        *key_out = key;
    }
    return done;
}
