// links: crypto
/* The proofs published with transparency-dev/merkle (testdata, Apache-2.0). */
#include "check.h"
#include "crypto/merkle.h"

#include <dirent.h>
#include <jansson.h>
#include <limits.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 4, PROOF_FILE_MAX = 200 };

typedef bool verify_file(const json_t *file);

static int valid_count, refused_count;

/* A hash of any other length than 32 is refused where the text is read: the first policy. */
static bool read_hash(const json_t *value, struct hash *hash_out)
{
    size_t size = 0;
    const char *text = json_string_value(value);
    return text && base64_decode(bytes_text(text), hash_out->at, HASH_SIZE, &size) &&
           size == HASH_SIZE;
}

static bool read_proof(const json_t *list, struct hash *proof_out, size_t *count_out)
{
    REQUIRE(json_array_size(list) <= PROOF_FILE_MAX); /* 0 for null, which means empty */
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_hash(json_array_get(list, i), &proof_out[i])) {
            return false;
        }
    }
    *count_out = json_array_size(list);
    return true;
}

/* The files hold 2^64 - 1, which Jansson reads as a real only: rounded up, to 2^64. */
static uint64_t read_size(const json_t *file, const char *name)
{
    const json_t *value = json_object_get(file, name);
    REQUIRE(json_is_number(value));
    double real = json_number_value(value);
    REQUIRE(real >= 0 && (real <= 1 << 30 || real == 18446744073709551616.0));
    return real > 1 << 30 ? UINT64_MAX : (uint64_t)real;
}

static bool verify_inclusion_file(const json_t *file)
{
    struct hash leaf, root, proof[PROOF_FILE_MAX];
    size_t count = 0;
    return read_hash(json_object_get(file, "leafHash"), &leaf) &&
           read_hash(json_object_get(file, "root"), &root) &&
           read_proof(json_object_get(file, "proof"), proof, &count) &&
           merkle_verify_inclusion(&leaf, read_size(file, "leafIdx"), read_size(file, "treeSize"),
                                   proof, count, &root);
}

static bool verify_consistency_file(const json_t *file)
{
    struct hash old_root, root, proof[PROOF_FILE_MAX];
    size_t count = 0;
    return read_hash(json_object_get(file, "root1"), &old_root) &&
           read_hash(json_object_get(file, "root2"), &root) &&
           read_proof(json_object_get(file, "proof"), proof, &count) &&
           merkle_verify_consistency(read_size(file, "size1"), read_size(file, "size2"), &old_root,
                                     &root, proof, count);
}

static void check_file(const char *path, verify_file *verify_it)
{
    json_error_t problem;
    json_t *file = json_load_file(path, JSON_DECODE_INT_AS_REAL, &problem);
    REQUIRE(file != NULL);
    bool refused = json_is_true(json_object_get(file, "wantErr"));
    if (verify_it(file) == refused) {
        printf("%s: %s\n", path, refused ? "was accepted" : "was refused");
    }
    CHECK(verify_it(file) != refused);
    valid_count += !refused;
    refused_count += refused;
    json_decref(file);
}

static void check_folder(const char *folder, verify_file *verify_it, int depth)
{
    REQUIRE(depth < DEPTH_MAX);
    DIR *entries = opendir(folder);
    REQUIRE(entries != NULL);
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        char path[PATH_MAX];
        int size = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        REQUIRE(size > 0 && (size_t)size < sizeof(path));
        struct stat status;
        REQUIRE(stat(path, &status) == 0);
        if (S_ISDIR(status.st_mode) && entry->d_name[0] != '.') {
            check_folder(path, verify_it, depth + 1);
        } else if (strstr(entry->d_name, ".json")) {
            check_file(path, verify_it);
        }
    }
    closedir(entries);
}

CASE(published_inclusion_proofs_are_judged_as_published)
{
    valid_count = refused_count = 0;
    check_folder(ACCRUE_SHARED "/vectors/merkle/inclusion", verify_inclusion_file, 0);
    printf("inclusion: %d valid, %d refused\n", valid_count, refused_count);
    CHECK(valid_count >= 2 && refused_count >= 25);
}

CASE(published_consistency_proofs_are_judged_as_published)
{
    valid_count = refused_count = 0;
    check_folder(ACCRUE_SHARED "/vectors/merkle/consistency", verify_consistency_file, 0);
    printf("consistency: %d valid, %d refused\n", valid_count, refused_count);
    CHECK(valid_count >= 2 && refused_count >= 19);
}

/* The four published cases that plain RFC 9162 code accepts or does not define, by their names
 * (inclusion/single-entry/, consistency/additional/), written out. */
CASE(empty_root_and_leaf)
{
    json_t *file = json_pack("{s:f, s:f, s:s, s:s, s:n}", "leafIdx", 0.0, "treeSize", 1.0, "root",
                             "", "leafHash", "", "proof");
    REQUIRE(file != NULL);
    CHECK(!verify_inclusion_file(file));
    json_decref(file);
}

static bool consistent(double old_size, double size, const char *old_root, const char *root)
{
    json_t *file = json_pack("{s:f, s:f, s:s, s:s, s:[]}", "size1", old_size, "size2", size,
                             "root1", old_root, "root2", root, "proof");
    REQUIRE(file != NULL);
    bool verified = verify_consistency_file(file);
    json_decref(file);
    return verified;
}

#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define OTHER_ROOT "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="

CASE(size1_is_zero_and_size2_is_not_zero)
{
    CHECK(!consistent(0, 1, EMPTY_ROOT, OTHER_ROOT));
}

CASE(size1_is_zero_and_does_not_equal_size2)
{
    CHECK(!consistent(0, 1, EMPTY_ROOT, EMPTY_ROOT));
}

CASE(sizes_are_equal_zero_and_proof_is_empty)
{
    CHECK(!consistent(0, 0, EMPTY_ROOT, EMPTY_ROOT));
    CHECK(consistent(1, 1, OTHER_ROOT, OTHER_ROOT));
}

int main(void)
{
    struct stat status;
    if (stat(ACCRUE_SHARED "/vectors/merkle", &status) != 0) {
        printf("skipped: no vectors/merkle below " ACCRUE_SHARED "\n");
        return CHECK_SKIPPED;
    }
    RUN(published_inclusion_proofs_are_judged_as_published);
    RUN(published_consistency_proofs_are_judged_as_published);
    RUN(empty_root_and_leaf);
    RUN(size1_is_zero_and_size2_is_not_zero);
    RUN(size1_is_zero_and_does_not_equal_size2);
    RUN(sizes_are_equal_zero_and_proof_is_empty);
    return check_report();
}
