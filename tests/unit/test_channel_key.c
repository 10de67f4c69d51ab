// links: crypto
#include "check.h"
#include "crypto/channel_keyfile.h"

#include <sys/stat.h>
#include <unistd.h>

static struct channel_key *keys[2];

CASE(a_key_survives_its_file)
{
    char folder[] = "/tmp/accrue-channel-XXXXXX", path[64];
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/transport.pem", folder);
    struct error error;
    CHECK(channel_keyfile_write(path, keys[0], &error));
    struct stat status;
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);
    struct channel_key *key = NULL;
    REQUIRE(channel_keyfile_read(path, &key, &error));
    uint8_t a[CHANNEL_POINT_SIZE], b[CHANNEL_POINT_SIZE];
    channel_key_point(keys[0], a);
    channel_key_point(key, b);
    CHECK(memcmp(a, b, sizeof a) == 0);
    channel_key_close(key);

    CHECK(!channel_keyfile_write(path, keys[1], &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    key = NULL;
    static const mode_t open_modes[] = {0640, 0620, 0604, 0602};
    for (size_t i = 0; i < ARRAY_SIZE(open_modes); i++) {
        chmod(path, open_modes[i]);
        CHECK(!channel_keyfile_read(path, &key, &error));
        CHECK_INT(error.code, ERROR_DENIED);
        CHECK(strstr(error.text, "chmod 600") != NULL);
    }
    unlink(path);
    CHECK(!channel_keyfile_read(path, &key, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    CHECK(!channel_keyfile_read(folder, &key, &error));
    CHECK(key == NULL);
    rmdir(folder);
}

CASE(other_keys_are_refused)
{
    struct channel_key *key = NULL;
    struct error error;
    struct buffer pem;
    buffer_init(&pem, CHANNEL_KEY_PEM_MAX);
    channel_key_encode(keys[0], &pem);
    pem.at[60] ^= 1;
    CHECK(!channel_key_decode(buffer_bytes(&pem), &key, &error));
    CHECK_INT(error.code, ERROR_INVALID);
    CHECK(!channel_key_decode(bytes_text(""), &key, &error));
    /* RFC 8410 section 10.3: an Ed25519 key. */
    CHECK(!channel_key_decode(
        bytes_text("-----BEGIN PRIVATE KEY-----\n"
                   "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                   "-----END PRIVATE KEY-----\n"),
        &key, &error));
    CHECK(key == NULL);
    buffer_release(&pem);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        keys[i] = channel_key_generate();
    RUN(a_key_survives_its_file);
    RUN(other_keys_are_refused);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        channel_key_close(keys[i]);
    return check_report();
}
