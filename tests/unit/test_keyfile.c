// links: crypto
#include "check.h"
#include "crypto/keyfile.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char path[128];

/* RFC 8410 section 10.3. */
static const char published[] = "-----BEGIN PRIVATE KEY-----\n"
                                "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                                "-----END PRIVATE KEY-----\n";
static const char published_seed[] =
    "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842";
static const char published_public[] =
    "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

static void put_file(const char *text, size_t size, mode_t mode)
{
    unlink(path);
    FILE *file = fopen(path, "w");
    REQUIRE(file && fwrite(text, 1, size, file) == size && fclose(file) == 0);
    REQUIRE(chmod(path, mode) == 0);
}

static void check_refused(enum error_code code)
{
    struct signing_key *key = NULL;
    struct error error = {0};
    CHECK(!keyfile_read(path, &key, &error));
    CHECK_INT(error.code, code);
    CHECK(key == NULL);
    CHECK(strstr(error.text, path) != NULL);
}

CASE(the_published_key_is_read)
{
    put_file(published, strlen(published), 0600);
    struct signing_key *key = NULL;
    REQUIRE(keyfile_read(path, &key, NULL));
    char text[2 * SEED_SIZE + 1];
    uint8_t seed[SEED_SIZE];
    signing_key_seed(key, seed);
    hex_encode(bytes_of(seed, sizeof(seed)), text);
    CHECK_TEXT(text, published_seed);
    struct public_key public_key = signing_key_public(key);
    hex_encode(bytes_of(public_key.at, PUBLIC_KEY_SIZE), text);
    CHECK_TEXT(text, published_public);
    signing_key_close(key);
}

CASE(a_key_is_written_as_published_and_for_its_owner_only)
{
    unlink(path);
    uint8_t seed[SEED_SIZE];
    REQUIRE(hex_decode(bytes_text(published_seed), seed, sizeof(seed)));
    struct signing_key *key = signing_key_from_seed(seed);
    mode_t before = umask(0777);
    CHECK(keyfile_write(path, key, NULL));
    umask(before);
    signing_key_close(key);
    struct stat status;
    REQUIRE(stat(path, &status) == 0);
    CHECK_INT(status.st_mode & 07777, 0600);
    char text[512] = {0};
    FILE *file = fopen(path, "r");
    REQUIRE(file && fread(text, 1, sizeof(text) - 1, file) > 0 && fclose(file) == 0);
    CHECK_TEXT(text, published);
}

CASE(a_generated_key_survives_the_file)
{
    unlink(path);
    struct signing_key *key = signing_key_generate(), *again = NULL;
    REQUIRE(keyfile_write(path, key, NULL));
    REQUIRE(keyfile_read(path, &again, NULL));
    struct public_key a = signing_key_public(key), b = signing_key_public(again);
    CHECK(memcmp(a.at, b.at, PUBLIC_KEY_SIZE) == 0);
    signing_key_close(key);
    signing_key_close(again);
}

CASE(a_key_file_is_never_overwritten)
{
    put_file(published, strlen(published), 0600);
    struct signing_key *key = signing_key_generate(), *kept = NULL;
    struct error error = {0};
    CHECK(!keyfile_write(path, key, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    CHECK(keyfile_read(path, &kept, NULL));
    signing_key_close(kept);
    /* Nor through a dangling link. */
    unlink(path);
    REQUIRE(symlink("/nonexistent/key", path) == 0);
    CHECK(!keyfile_write(path, key, &error));
    CHECK_INT(error.code, ERROR_CONFLICT);
    unlink(path);
    signing_key_close(key);
}

CASE(a_folder_that_is_not_there_is_an_error_of_the_disk)
{
    struct signing_key *key = signing_key_generate();
    struct error error = {0};
    CHECK(!keyfile_write("/nonexistent/folder/key", key, &error));
    CHECK_INT(error.code, ERROR_IO);
    signing_key_close(key);
}

CASE(a_key_that_others_can_reach_is_refused_with_the_remedy)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0644, 0666, 0610};
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        put_file(published, strlen(published), modes[i]);
        check_refused(ERROR_DENIED);
        struct error error = {0};
        struct signing_key *key = NULL;
        CHECK(!keyfile_read(path, &key, &error));
        CHECK(strstr(error.text, "chmod 600 ") != NULL);
    }
    put_file(published, strlen(published), 0400);
    struct signing_key *key = NULL;
    CHECK(keyfile_read(path, &key, NULL));
    signing_key_close(key);
}

CASE(a_key_of_another_user_is_refused)
{
    if (geteuid() != 0) {
        printf("needs root to give a file away; not checked\n");
        return;
    }
    put_file(published, strlen(published), 0600);
    REQUIRE(chown(path, 12345, (gid_t)-1) == 0);
    check_refused(ERROR_DENIED);
}

CASE(what_is_no_plain_ed25519_key_is_refused)
{
    static const char *const texts[] = {
        "", "\n", "hello", "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n"
        "-----END PRIVATE KEY-----\n",
        /* X25519: the same layout, another algorithm. */
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VuBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
        "-----END PRIVATE KEY-----\n",
        /* A public key. */
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
        "-----END PUBLIC KEY-----\n",
        /* The published key under a password: openssl pkcs8 -topk8 -passout pass:secret */
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAigADr+O3bXYgICCAAw\n"
        "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEH2bTB73288hlrOF9aXAKsMEQBHi\n"
        "YtiWaDT5sCvX+icZ/W/iFS8oziFef6x8tQosmqyQjmsvdBExxR/CcEPrxMEjw6KY\n"
        "OxzAZffzVUPhHm1MaTE=\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        put_file(texts[i], strlen(texts[i]), 0600);
        check_refused(ERROR_INVALID);
    }
}

CASE(each_shortened_key_file_is_refused_or_whole)
{
    /* The last newline may be missing. */
    for (size_t size = 0; size + 1 < strlen(published); size++) {
        put_file(published, size, 0600);
        check_refused(ERROR_INVALID);
    }
}

CASE(a_file_too_long_for_a_key_is_refused)
{
    static char text[5000];
    memset(text, '\n', sizeof(text));
    memcpy(text, published, strlen(published));
    put_file(text, 4096, 0600);
    struct signing_key *key = NULL;
    CHECK(keyfile_read(path, &key, NULL));
    signing_key_close(key);
    put_file(text, 4097, 0600);
    check_refused(ERROR_LIMIT);
}

CASE(what_is_no_file_is_refused)
{
    unlink(path);
    check_refused(ERROR_NOT_FOUND);
    REQUIRE(mkfifo(path, 0600) == 0);
    check_refused(ERROR_INVALID);
    unlink(path);
    REQUIRE(mkdir(path, 0700) == 0);
    check_refused(ERROR_INVALID);
    rmdir(path);
}

int main(void)
{
    snprintf(folder, sizeof(folder), "%s", "/tmp/accrue-keyfile-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/node.key", folder);
    RUN(the_published_key_is_read);
    RUN(a_key_is_written_as_published_and_for_its_owner_only);
    RUN(a_generated_key_survives_the_file);
    RUN(a_key_file_is_never_overwritten);
    RUN(a_folder_that_is_not_there_is_an_error_of_the_disk);
    RUN(a_key_that_others_can_reach_is_refused_with_the_remedy);
    RUN(a_key_of_another_user_is_refused);
    RUN(what_is_no_plain_ed25519_key_is_refused);
    RUN(each_shortened_key_file_is_refused_or_whole);
    RUN(a_file_too_long_for_a_key_is_refused);
    RUN(what_is_no_file_is_refused);
    unlink(path);
    rmdir(folder);
    return check_report();
}
