#include "crypto/channel_frame.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

static EVP_MAC_CTX *mac_open(const uint8_t *key, size_t key_size)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    must(algorithm != NULL);
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(algorithm);
    must(mac != NULL);
    EVP_MAC_free(algorithm);
    must(EVP_MAC_init(mac, key, key_size, params) == 1);
    return mac;
}

/* Direction, coalition and both indexes are bound: a frame means nothing anywhere else, and none
 * can be reflected to its sender. */
static EVP_MAC_CTX *direction_open(struct bytes secret, const struct hash *coalition,
                                   uint16_t sender, uint16_t receiver)
{
    static const char label[] = "accrue/transport-frame/v1\n";
    uint8_t info[sizeof label - 1 + HASH_SIZE + 4];
    uint8_t *at = info;
    memcpy(at, label, sizeof label - 1);
    at += sizeof label - 1;
    memcpy(at, coalition->at, HASH_SIZE);
    at += HASH_SIZE;
    put_u16be(at, sender);
    put_u16be(at + 2, receiver);
    uint8_t key[32];
    hkdf(secret, hash_as_bytes(coalition), bytes_of(info, sizeof info), key, sizeof key);
    EVP_MAC_CTX *mac = mac_open(key, sizeof key);
    OPENSSL_cleanse(key, sizeof key);
    return mac;
}

void channel_macs_init(struct channel_macs *macs, const struct channel_key *key, EVP_PKEY *point,
                       const struct hash *coalition, uint16_t own, uint16_t peer)
{
    uint8_t secret[32];
    channel_key_agree(key, point, secret);
    macs->sending = direction_open(bytes_of(secret, sizeof secret), coalition, own, peer);
    macs->receiving = direction_open(bytes_of(secret, sizeof secret), coalition, peer, own);
    OPENSSL_cleanse(secret, sizeof secret);
}

void channel_macs_release(struct channel_macs *macs)
{
    EVP_MAC_CTX_free(macs->sending);
    EVP_MAC_CTX_free(macs->receiving);
    *macs = (struct channel_macs){0};
}

bool channel_header_decode(struct bytes frame, struct channel_header *header_out)
{
    if (frame.size < CHANNEL_PAYLOAD_AT || frame.size > CHANNEL_FRAME_MAX ||
        frame.at[0] != CHANNEL_FRAME_VERSION)
        return false;
    header_out->sender = get_u16be(frame.at + 1);
    header_out->receiver = get_u16be(frame.at + 3);
    header_out->session = get_u64be(frame.at + 5);
    return true;
}

static void mac_compute(EVP_MAC_CTX *mac, const uint8_t *frame, size_t frame_size,
                        uint8_t digest[HASH_SIZE])
{
    size_t size = 0;
    /* Without a key: starts again with the one that is set. */
    must(EVP_MAC_init(mac, NULL, 0, NULL) == 1);
    must(EVP_MAC_update(mac, frame, CHANNEL_HEADER_SIZE) == 1);
    must(EVP_MAC_update(mac, frame + CHANNEL_PAYLOAD_AT, frame_size - CHANNEL_PAYLOAD_AT) == 1);
    must(EVP_MAC_final(mac, digest, &size, HASH_SIZE) == 1 && size == HASH_SIZE);
}

void channel_frame_seal(const struct channel_macs *macs, const struct channel_header *header,
                        uint8_t *frame, size_t frame_size)
{
    must(frame_size >= CHANNEL_PAYLOAD_AT && frame_size <= CHANNEL_FRAME_MAX);
    frame[0] = CHANNEL_FRAME_VERSION;
    put_u16be(frame + 1, header->sender);
    put_u16be(frame + 3, header->receiver);
    put_u64be(frame + 5, header->session);
    uint8_t digest[HASH_SIZE];
    mac_compute(macs->sending, frame, frame_size, digest);
    memcpy(frame + CHANNEL_HEADER_SIZE, digest, CHANNEL_MAC_SIZE);
}

bool channel_frame_check(const struct channel_macs *macs, struct bytes frame)
{
    must(frame.size >= CHANNEL_PAYLOAD_AT);
    uint8_t digest[HASH_SIZE];
    mac_compute(macs->receiving, frame.at, frame.size, digest);
    return CRYPTO_memcmp(digest, frame.at + CHANNEL_HEADER_SIZE, CHANNEL_MAC_SIZE) == 0;
}
