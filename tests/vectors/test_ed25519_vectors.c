// links: crypto
/* Wycheproof (Apache-2.0) and sign.input of ed25519.cr.yp.to. */
#include "check.h"
#include "crypto/sign.h"

#include <jansson.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MESSAGE_MAX = 4096, LINE_MAX_SIZE = 3 * 2 * MESSAGE_MAX };

#define FOLDER ACCRUE_SHARED "/vectors/ed25519"

static size_t from_hex(const char *text, size_t size, uint8_t out[MESSAGE_MAX])
{
    REQUIRE(text && size % 2 == 0 && size / 2 <= MESSAGE_MAX);
    REQUIRE(hex_decode(bytes_of(text, size), out, size / 2));
    return size / 2;
}

static bool wycheproof_verifies(const struct verifier *verifier, const json_t *test)
{
    uint8_t message[MESSAGE_MAX], raw[MESSAGE_MAX];
    const char *message_hex = json_string_value(json_object_get(test, "msg"));
    const char *signature_hex = json_string_value(json_object_get(test, "sig"));
    REQUIRE(message_hex && signature_hex);
    size_t message_size = from_hex(message_hex, strlen(message_hex), message);
    if (from_hex(signature_hex, strlen(signature_hex), raw) != SIGNATURE_SIZE) {
        return false; /* the type struct signature admits no other length */
    }
    struct signature signature;
    memcpy(signature.at, raw, SIGNATURE_SIZE);
    return verify_raw(verifier, bytes_of(message, message_size), &signature);
}

static size_t check_group(const json_t *group)
{
    uint8_t raw[MESSAGE_MAX];
    const char *hex = json_string_value(json_object_get(json_object_get(group, "publicKey"), "pk"));
    REQUIRE(hex && from_hex(hex, strlen(hex), raw) == PUBLIC_KEY_SIZE);
    struct public_key key;
    memcpy(key.at, raw, PUBLIC_KEY_SIZE);
    struct verifier *verifier = verifier_open(&key);
    REQUIRE(verifier != NULL);
    const json_t *tests = json_object_get(group, "tests");
    for (size_t i = 0; i < json_array_size(tests); i++) {
        const json_t *test = json_array_get(tests, i);
        const char *expected = json_string_value(json_object_get(test, "result"));
        if (strcmp(wycheproof_verifies(verifier, test) ? "valid" : "invalid", expected) != 0) {
            printf("tcId %lld\n", (long long)json_integer_value(json_object_get(test, "tcId")));
            CHECK(!"verdict differs from Wycheproof's");
        }
    }
    verifier_close(verifier);
    return json_array_size(tests);
}

CASE(wycheproof_signatures_are_judged_as_published)
{
    json_error_t problem;
    json_t *file = json_load_file(FOLDER "/wycheproof_ed25519_test.json", 0, &problem);
    REQUIRE(file != NULL);
    const json_t *groups = json_object_get(file, "testGroups");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(groups); i++) {
        count += check_group(json_array_get(groups, i));
    }
    CHECK_INT(count, json_integer_value(json_object_get(file, "numberOfTests")));
    CHECK(count >= 150);
    json_decref(file);
}

/* seed || public key : public key : message : signature || message */
static void check_line(char *line)
{
    uint8_t fields[4][MESSAGE_MAX];
    size_t sizes[4];
    for (size_t i = 0; i < 4; i++) {
        char *end = strchr(line, ':');
        REQUIRE(end != NULL);
        sizes[i] = from_hex(line, (size_t)(end - line), fields[i]);
        line = end + 1;
    }
    REQUIRE(sizes[0] == SEED_SIZE + PUBLIC_KEY_SIZE && sizes[1] == PUBLIC_KEY_SIZE);
    REQUIRE(sizes[3] == SIGNATURE_SIZE + sizes[2]);
    struct signing_key *key = signing_key_from_seed(fields[0]);
    struct public_key public_key = signing_key_public(key);
    CHECK(memcmp(public_key.at, fields[1], PUBLIC_KEY_SIZE) == 0);
    struct bytes message = bytes_of(fields[2], sizes[2]);
    struct signature signature = sign_raw(key, message);
    CHECK(memcmp(signature.at, fields[3], SIGNATURE_SIZE) == 0);
    struct verifier *verifier = verifier_open(&public_key);
    REQUIRE(verifier != NULL);
    CHECK(verify_raw(verifier, message, &signature));
    signature.at[sizes[2] % SIGNATURE_SIZE] ^= 1;
    CHECK(!verify_raw(verifier, message, &signature));
    verifier_close(verifier);
    signing_key_close(key);
}

/* What zcat writes; the caller closes the stream and waits for the child. */
static FILE *unpacked(const char *path, pid_t *child_out)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    fflush(stdout);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp("zcat", "zcat", path, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *stream = fdopen(ends[0], "r");
    REQUIRE(stream != NULL);
    *child_out = child;
    return stream;
}

CASE(every_line_of_sign_input_is_reproduced)
{
    pid_t child = 0;
    FILE *lines = unpacked(FOLDER "/ed25519_sign.input.gz", &child);
    static char line[LINE_MAX_SIZE];
    int count = 0;
    while (fgets(line, sizeof(line), lines)) {
        REQUIRE(strchr(line, '\n') != NULL);
        check_line(line);
        count++;
    }
    fclose(lines);
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
    CHECK_INT(count, 128);
}

int main(void)
{
    struct stat status;
    if (stat(FOLDER, &status) != 0) {
        printf("skipped: no vectors/ed25519 below " ACCRUE_SHARED "\n");
        return CHECK_SKIPPED;
    }
    RUN(wycheproof_signatures_are_judged_as_published);
    RUN(every_line_of_sign_input_is_reproduced);
    return check_report();
}
