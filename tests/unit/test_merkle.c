// links: crypto
#include "check.h"
#include "crypto/merkle.h"

/* The reference is RFC 6962 section 2.1 read aloud: recursive, over an array of all leaves. */
enum { LEAVES_MAX = 66300, SMALL_MAX = 600, STORE_TILES_MAX = 300 };

static struct hash leaves[LEAVES_MAX];
static struct hash *stored[2][STORE_TILES_MAX];
static size_t read_count;
static bool reads_fail;

static uint64_t largest_power_below(uint64_t n)
{
    uint64_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    return k;
}

static struct hash naive_root(const struct hash *d, uint64_t n)
{
    if (n == 0) {
        return hash_bytes(bytes_text(""));
    }
    if (n == 1) {
        return d[0];
    }
    uint64_t k = largest_power_below(n);
    struct hash left = naive_root(d, k);
    struct hash right = naive_root(d + k, n - k);
    return merkle_node(&left, &right);
}

static size_t naive_path(uint64_t m, const struct hash *d, uint64_t n, struct hash *out)
{
    if (n == 1) {
        return 0;
    }
    uint64_t k = largest_power_below(n);
    size_t count = m < k ? naive_path(m, d, k, out) : naive_path(m - k, d + k, n - k, out);
    out[count] = m < k ? naive_root(d + k, n - k) : naive_root(d, k);
    return count + 1;
}

static size_t naive_subproof(uint64_t m, const struct hash *d, uint64_t n, bool whole,
                             struct hash *out)
{
    if (m == n) {
        if (!whole) {
            out[0] = naive_root(d, n);
        }
        return whole ? 0 : 1;
    }
    uint64_t k = largest_power_below(n);
    if (m <= k) {
        size_t count = naive_subproof(m, d, k, whole, out);
        out[count] = naive_root(d + k, n - k);
        return count + 1;
    }
    size_t count = naive_subproof(m - k, d + k, n - k, false, out);
    out[count] = naive_root(d, k);
    return count + 1;
}

static void store_tile(void *context, uint32_t level, uint64_t index,
                       const struct hash tile[TILE_WIDTH])
{
    (void)context;
    REQUIRE(level < ARRAY_SIZE(stored) && index < STORE_TILES_MAX);
    CHECK(stored[level][index] == NULL);
    stored[level][index] = allocate(TILE_WIDTH, sizeof(struct hash));
    memcpy(stored[level][index], tile, TILE_SIZE);
}

static bool read_tile(void *context, uint32_t level, uint64_t index,
                      struct hash tile_out[TILE_WIDTH], struct error *error)
{
    (void)context;
    read_count++;
    if (reads_fail) {
        return error_set(error, ERROR_IO, "the disk is gone");
    }
    REQUIRE(level < ARRAY_SIZE(stored) && index < STORE_TILES_MAX && stored[level][index]);
    memcpy(tile_out, stored[level][index], TILE_SIZE);
    return true;
}

static void forget_tiles(void)
{
    for (size_t level = 0; level < ARRAY_SIZE(stored); level++) {
        for (size_t i = 0; i < STORE_TILES_MAX; i++) {
            free(stored[level][i]);
            stored[level][i] = NULL;
        }
    }
}

static void append_up_to(struct merkle *merkle, uint64_t size)
{
    while (merkle->size < size) {
        merkle_append(merkle, &leaves[merkle->size], store_tile, NULL);
    }
}

static bool proofs_equal(const struct hash *a, size_t a_count, const struct hash *b, size_t b_count)
{
    return a_count == b_count && memcmp(a, b, a_count * sizeof(*a)) == 0;
}

static void check_inclusion(const struct merkle *merkle, uint64_t index, uint64_t size,
                            const struct hash *root)
{
    struct hash expected[MERKLE_PROOF_MAX], proof[MERKLE_PROOF_MAX];
    size_t expected_count = naive_path(index, leaves, size, expected);
    size_t count = 99;
    REQUIRE(merkle_prove_inclusion(merkle, index, size, read_tile, NULL, proof, &count, NULL));
    CHECK(proofs_equal(proof, count, expected, expected_count));
    CHECK(merkle_verify_inclusion(&leaves[index], index, size, proof, count, root));
    CHECK(!merkle_verify_inclusion(&leaves[index], index ^ 1, size, proof, count, root));
    if (count > 0) {
        CHECK(!merkle_verify_inclusion(&leaves[index], index, size, proof, count - 1, root));
        proof[count / 2].at[index % HASH_SIZE] ^= 1;
        CHECK(!merkle_verify_inclusion(&leaves[index], index, size, proof, count, root));
    }
}

static void check_consistency(const struct merkle *merkle, uint64_t old_size, uint64_t size,
                              const struct hash *old_root, const struct hash *root)
{
    struct hash expected[MERKLE_CONSISTENCY_MAX], proof[MERKLE_CONSISTENCY_MAX];
    size_t expected_count = naive_subproof(old_size, leaves, size, true, expected);
    size_t count = 99;
    REQUIRE(merkle_prove_consistency(merkle, old_size, size, read_tile, NULL, proof, &count, NULL));
    CHECK(proofs_equal(proof, count, expected, expected_count));
    CHECK(merkle_verify_consistency(old_size, size, old_root, root, proof, count));
    if (count > 0) {
        CHECK(!merkle_verify_consistency(old_size, size, old_root, root, proof, count - 1));
        CHECK(!merkle_verify_consistency(old_size, size, root, old_root, proof, count));
        proof[count / 2].at[size % HASH_SIZE] ^= 1;
        CHECK(!merkle_verify_consistency(old_size, size, old_root, root, proof, count));
    }
}

CASE(an_empty_tree_has_the_hash_of_nothing)
{
    static struct merkle merkle;
    merkle_init(&merkle);
    struct hash root = merkle_root(&merkle);
    struct hash empty = merkle_empty();
    CHECK(hash_equal(&root, &empty));
    char text[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&root), text);
    CHECK_TEXT(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

CASE(leaves_and_nodes_are_hashed_apart)
{
    char text[HASH_HEX_SIZE + 1];
    struct hash leaf = merkle_leaf(bytes_text(""));
    hex_encode(hash_as_bytes(&leaf), text);
    CHECK_TEXT(text, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    struct hash node = merkle_node(&leaf, &leaf);
    uint8_t joined[2 * HASH_SIZE];
    memcpy(joined, leaf.at, HASH_SIZE);
    memcpy(joined + HASH_SIZE, leaf.at, HASH_SIZE);
    struct hash posing = merkle_leaf(bytes_of(joined, sizeof(joined)));
    CHECK(!hash_equal(&node, &posing));
}

/* Every root, every inclusion proof and every consistency proof of sizes 1..600 would take the
 * naive model hours; each size is proved at its edges and at some leaves inside. */
CASE(roots_and_proofs_of_small_trees_agree_with_the_rfc)
{
    static struct merkle merkle;
    static struct hash roots[SMALL_MAX + 1];
    merkle_init(&merkle);
    for (uint64_t size = 1; size <= SMALL_MAX; size++) {
        append_up_to(&merkle, size);
        roots[size] = merkle_root(&merkle);
        struct hash expected = naive_root(leaves, size);
        CHECK(hash_equal(&roots[size], &expected));
        uint64_t step = size < 40 ? 1 : size / 7;
        for (uint64_t index = 0; index < size; index += step) {
            check_inclusion(&merkle, index, size, &roots[size]);
            check_consistency(&merkle, index + 1, size, &roots[index + 1], &roots[size]);
        }
        check_inclusion(&merkle, size - 1, size, &roots[size]);
        check_consistency(&merkle, size, size, &roots[size], &roots[size]);
    }
    /* The same from the final tree, for sizes that are long past. */
    for (uint64_t size = 1; size <= SMALL_MAX; size += 11) {
        struct hash root;
        REQUIRE(merkle_root_at(&merkle, size, read_tile, NULL, &root, NULL));
        CHECK(hash_equal(&root, &roots[size]));
        for (uint64_t index = size % 5; index < size; index += 37) {
            check_inclusion(&merkle, index, size, &root);
            check_consistency(&merkle, index + 1, size, &roots[index + 1], &root);
        }
    }
    forget_tiles();
}

CASE(roots_and_proofs_agree_where_the_second_level_fills)
{
    static struct merkle merkle;
    merkle_init(&merkle);
    append_up_to(&merkle, LEAVES_MAX);
    static const uint64_t sizes[] = {65279, 65280, 65535, 65536, 65537, 65791, 65792, 66047, 66300};
    static const uint64_t places[] = {0, 255, 256, 32768, 65279, 65535, 65536};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct hash root;
        REQUIRE(merkle_root_at(&merkle, sizes[i], read_tile, NULL, &root, NULL));
        struct hash expected = naive_root(leaves, sizes[i]);
        CHECK(hash_equal(&root, &expected));
        for (size_t k = 0; k < ARRAY_SIZE(places) && places[k] < sizes[i]; k++) {
            check_inclusion(&merkle, places[k], sizes[i], &root);
            struct hash old_root = naive_root(leaves, places[k] + 1);
            check_consistency(&merkle, places[k] + 1, sizes[i], &old_root, &root);
        }
        check_inclusion(&merkle, sizes[i] - 1, sizes[i], &root);
    }
    forget_tiles();
}

/* On each of two levels at most the tile on the path and the one on the right edge. */
CASE(a_proof_reads_no_tile_twice)
{
    static struct merkle merkle;
    merkle_init(&merkle);
    append_up_to(&merkle, LEAVES_MAX);
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    size_t count = 0;
    size_t most = 0;
    for (uint64_t size = 300; size <= LEAVES_MAX; size += 997) {
        for (uint64_t index = 3; index < size; index += size / 9) {
            read_count = 0;
            REQUIRE(
                merkle_prove_inclusion(&merkle, index, size, read_tile, NULL, proof, &count, NULL));
            CHECK(read_count <= 4);
            most = read_count > most ? read_count : most;
            read_count = 0;
            REQUIRE(merkle_prove_consistency(&merkle, index, size, read_tile, NULL, proof, &count,
                                             NULL));
            CHECK(read_count <= 4);
        }
    }
    CHECK(most >= 2);
    read_count = 0;
    merkle_root(&merkle);
    CHECK_INT(read_count, 0);
    forget_tiles();
}

CASE(a_restored_tree_goes_on_like_the_first)
{
    static struct merkle merkle, restored;
    merkle_init(&merkle);
    static const uint64_t sizes[] = {0, 1, 255, 256, 257, 511, 512, 65535, 65536, 65537, 66299};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        append_up_to(&merkle, sizes[i]);
        memset(&restored, 0xAB, sizeof(restored));
        uint64_t full = sizes[i] / TILE_WIDTH * TILE_WIDTH;
        REQUIRE(merkle_restore(&restored, sizes[i], &leaves[full], read_tile, NULL, NULL));
        struct hash a = merkle_root(&merkle), b = merkle_root(&restored);
        CHECK(hash_equal(&a, &b));
        struct merkle *copy = allocate(1, sizeof(*copy));
        *copy = merkle;
        for (int k = 0; k < 300; k++) {
            struct hash leaf = {{(uint8_t)k}};
            merkle_append(copy, &leaf, NULL, NULL);
            merkle_append(&restored, &leaf, NULL, NULL);
        }
        a = merkle_root(copy);
        b = merkle_root(&restored);
        CHECK(hash_equal(&a, &b));
        free(copy);
    }
    forget_tiles();
}

CASE(a_failing_store_fails_the_proof_and_touches_nothing)
{
    static struct merkle merkle, untouched;
    merkle_init(&merkle);
    merkle_init(&untouched);
    append_up_to(&merkle, 1000);
    reads_fail = true;
    struct error error = {0};
    struct hash proof[MERKLE_CONSISTENCY_MAX] = {{{7}}};
    size_t count = 99;
    CHECK(!merkle_prove_inclusion(&merkle, 5, 1000, read_tile, NULL, proof, &count, &error));
    CHECK_INT(error.code, ERROR_IO);
    CHECK(strstr(error.text, "the disk is gone") != NULL);
    CHECK(strstr(error.text, "tile 0/0") != NULL);
    CHECK(!merkle_prove_consistency(&merkle, 5, 1000, read_tile, NULL, proof, &count, &error));
    CHECK(!merkle_root_at(&merkle, 300, read_tile, NULL, proof, &error));
    CHECK(!merkle_restore(&untouched, 1000, leaves, read_tile, NULL, &error));
    CHECK_INT(untouched.size, 0);
    CHECK_INT(proof[0].at[0], 7);
    CHECK_INT(count, 99);
    reads_fail = false;
    forget_tiles();
}

CASE(sizes_that_do_not_exist_are_refused)
{
    static struct merkle merkle;
    merkle_init(&merkle);
    struct error error = {0};
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    size_t count = 0;
    CHECK(!merkle_prove_inclusion(&merkle, 0, 0, read_tile, NULL, proof, &count, &error));
    append_up_to(&merkle, 10);
    CHECK(!merkle_prove_inclusion(&merkle, 10, 10, read_tile, NULL, proof, &count, &error));
    CHECK(!merkle_prove_inclusion(&merkle, 0, 11, read_tile, NULL, proof, &count, &error));
    CHECK(!merkle_prove_consistency(&merkle, 0, 10, read_tile, NULL, proof, &count, &error));
    CHECK(!merkle_prove_consistency(&merkle, 11, 10, read_tile, NULL, proof, &count, &error));
    CHECK(
        !merkle_prove_consistency(&merkle, 1, UINT64_MAX, read_tile, NULL, proof, &count, &error));
    CHECK(!merkle_root_at(&merkle, 0, read_tile, NULL, proof, &error));
    CHECK(!merkle_root_at(&merkle, 11, read_tile, NULL, proof, &error));
    CHECK_INT(error.code, ERROR_INVALID);
}

CASE(a_tile_comes_from_the_store_or_from_memory)
{
    static struct merkle merkle;
    static struct hash tile[TILE_WIDTH];
    merkle_init(&merkle);
    append_up_to(&merkle, 700);
    struct error error = {0};
    uint32_t count = 0;
    CHECK(merkle_tile(&merkle, 0, 1, read_tile, NULL, tile, &count, &error));
    CHECK_INT(count, TILE_WIDTH);
    CHECK(memcmp(tile, &leaves[256], TILE_SIZE) == 0);
    CHECK(merkle_tile(&merkle, 0, 2, NULL, NULL, tile, &count, &error));
    CHECK_INT(count, 700 - 512);
    CHECK(memcmp(tile, &leaves[512], count * sizeof(tile[0])) == 0);
    CHECK(merkle_tile(&merkle, 1, 0, NULL, NULL, tile, &count, &error));
    CHECK_INT(count, 2);
    struct hash expected = naive_root(leaves + 256, 256);
    CHECK(hash_equal(&tile[1], &expected));
    CHECK(!merkle_tile(&merkle, 0, 3, read_tile, NULL, tile, &count, &error));
    CHECK(!merkle_tile(&merkle, 2, 0, read_tile, NULL, tile, &count, &error));
    CHECK(!merkle_tile(&merkle, MERKLE_LEVEL_MAX, 0, read_tile, NULL, tile, &count, &error));
    CHECK(!merkle_tile(&merkle, UINT32_MAX, UINT64_MAX, read_tile, NULL, tile, &count, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    append_up_to(&merkle, 768);
    CHECK(!merkle_tile(&merkle, 0, 3, read_tile, NULL, tile, &count, &error));
    forget_tiles();
}

CASE(hostile_proofs_are_refused)
{
    static struct hash proof[MERKLE_CONSISTENCY_MAX + 1];
    struct hash root = {{1}};
    CHECK(merkle_verify_inclusion(&root, 0, 1, NULL, 0, &root));
    CHECK(!merkle_verify_inclusion(&root, 1, 1, NULL, 0, &root));
    CHECK(!merkle_verify_inclusion(&root, 0, 0, NULL, 0, &root));
    CHECK(!merkle_verify_inclusion(&root, 0, 2, NULL, 0, &root));
    CHECK(merkle_verify_consistency(3, 3, &root, &root, NULL, 0));
    CHECK(!merkle_verify_consistency(3, 3, &root, &root, proof, 1));
    CHECK(!merkle_verify_consistency(3, 3, &root, &proof[0], NULL, 0));
    CHECK(!merkle_verify_consistency(0, 3, &root, &root, NULL, 0));
    CHECK(!merkle_verify_consistency(0, 0, &root, &root, NULL, 0));
    CHECK(!merkle_verify_consistency(4, 3, &root, &root, proof, 1));
    CHECK(!merkle_verify_consistency(1, 3, &root, &root, NULL, 0));
    static const uint64_t sizes[] = {1, 2, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        for (size_t count = 1; count <= MERKLE_CONSISTENCY_MAX + 1; count++) {
            CHECK(!merkle_verify_inclusion(&root, sizes[i] - 1, sizes[i], proof, count, &root));
            CHECK(!merkle_verify_consistency(1, sizes[i], &root, &root, proof, count));
            CHECK(!merkle_verify_consistency(sizes[i] - 1, sizes[i], &root, &root, proof, count));
        }
    }
}

/* The numbers are those of tlog-tiles' own example. */
CASE(the_shape_of_a_log_follows_from_its_size)
{
    CHECK_INT(merkle_full_tiles(70000, 0), 273);
    CHECK_INT(merkle_edge_width(70000, 0), 112);
    CHECK_INT(merkle_full_tiles(70000, 1), 1);
    CHECK_INT(merkle_edge_width(70000, 1), 17);
    CHECK_INT(merkle_full_tiles(70000, 2), 0);
    CHECK_INT(merkle_edge_width(70000, 2), 1);
    CHECK_INT(merkle_edge_width(70000, 3), 0);
    CHECK_INT(merkle_full_tiles(256, 0), 1);
    CHECK_INT(merkle_edge_width(256, 0), 0);
    CHECK_INT(merkle_edge_width(256, 1), 1);
    CHECK_INT(merkle_full_tiles(UINT64_MAX, MERKLE_LEVEL_MAX - 1), 0);
    CHECK_INT(merkle_edge_width(UINT64_MAX, MERKLE_LEVEL_MAX - 1), 255);
    struct hash root = merkle_tile_root(leaves + TILE_WIDTH);
    struct hash naive = naive_root(leaves + TILE_WIDTH, TILE_WIDTH);
    CHECK(hash_equal(&root, &naive));
}

int main(void)
{
    for (uint32_t i = 0; i < LEAVES_MAX; i++) {
        uint8_t record[4];
        put_u32be(record, i);
        leaves[i] = merkle_leaf(bytes_of(record, sizeof(record)));
    }
    RUN(an_empty_tree_has_the_hash_of_nothing);
    RUN(leaves_and_nodes_are_hashed_apart);
    RUN(roots_and_proofs_of_small_trees_agree_with_the_rfc);
    RUN(roots_and_proofs_agree_where_the_second_level_fills);
    RUN(a_proof_reads_no_tile_twice);
    RUN(a_restored_tree_goes_on_like_the_first);
    RUN(a_failing_store_fails_the_proof_and_touches_nothing);
    RUN(sizes_that_do_not_exist_are_refused);
    RUN(a_tile_comes_from_the_store_or_from_memory);
    RUN(hostile_proofs_are_refused);
    RUN(the_shape_of_a_log_follows_from_its_size);
    return check_report();
}
