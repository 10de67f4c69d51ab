// links: node
/* The keys that a node has, and which of them a charter names. */
#include "check.h"
#include "node/keyring.h"
#include "node/node_card.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 300 };

static char home[64];
static struct config config;

static const char *below(char path_out[PATH_SIZE], const char *name)
{
    (void)snprintf(path_out, PATH_SIZE, "%.60s/%.200s", home, name);
    return path_out;
}

/* A folder with the four keys of a node. */
static void make_keys(const char *folder, struct charter_node *node_out)
{
    char path[PATH_SIZE];
    struct error error;
    struct charter_node node = {.name = "grocer-1"};
    below(path, folder);
    if (mkdir(path, 0700) != 0)
        REQUIRE(access(path, W_OK) == 0);
    REQUIRE(node_card_make_keys(path, "demo.example/ledger", &node, &error));
    *node_out = node;
}

static void name_keys(const char *folder)
{
    char path[PATH_SIZE];
    below(path, folder);
    (void)snprintf(config.key, sizeof(config.key), "%s/node.key", path);
    (void)snprintf(config.log_key, sizeof(config.log_key), "%s/log.key", path);
    (void)snprintf(config.cosigner_key, sizeof(config.cosigner_key), "%s/cosigner.key", path);
    (void)snprintf(config.transport_key, sizeof(config.transport_key), "%s/transport.key", path);
    (void)snprintf(config.next_keys, sizeof(config.next_keys), "%s/next", path);
}

/* A charter that knows node 0 by these keys. */
static struct charter charter_with(struct charter_node *node)
{
    return (struct charter){.nodes = node, .node_count = 1};
}

static const struct node_id self = {0};

CASE(the_present_keys_are_enough)
{
    struct keyring ring;
    struct charter_node node;
    struct error trouble, error;
    struct key_set before;
    make_keys("one", &node);
    name_keys("one");
    REQUIRE(keyring_open(&ring, &config, &trouble, &error));
    CHECK_INT(trouble.code, ERROR_NONE);
    struct charter charter = charter_with(&node);
    CHECK(keyring_in_force(&ring, &charter, self) == &ring.sets[0]);
    CHECK(keyring_in_force(&ring, &charter, (struct node_id){1}) == NULL);
    CHECK(keyring_by_point(&ring, node.transport_key) == &ring.sets[0]);
    CHECK_INT(keyring_look(&ring, &ring.sets[0], &before, &trouble), KEYRING_SAME);
    keyring_close(&ring);
}

CASE(next_keys_are_found_at_the_start_and_while_it_runs)
{
    struct keyring ring;
    struct charter_node present, next, later;
    struct error trouble, error;
    struct key_set before;
    char path[PATH_SIZE];
    make_keys("two", &present);
    name_keys("two");
    REQUIRE(keyring_open(&ring, &config, &trouble, &error));
    make_keys("two/next", &next);
    REQUIRE(keyring_look(&ring, &ring.sets[0], &before, &trouble) == KEYRING_NEW);
    CHECK(before.sign == NULL);
    CHECK_INT(keyring_look(&ring, &ring.sets[0], &before, &trouble), KEYRING_SAME);
    struct charter old_charter = charter_with(&present), new_charter = charter_with(&next);
    CHECK(keyring_in_force(&ring, &old_charter, self) == &ring.sets[0]);
    CHECK(keyring_in_force(&ring, &new_charter, self) == &ring.sets[1]);
    CHECK(keyring_by_point(&ring, next.transport_key) == &ring.sets[1]);
    /* The next ones are in force; a third set takes the place of the first. */
    char moved[PATH_SIZE];
    REQUIRE(rename(below(path, "two/next"), below(moved, "two/was-next")) == 0);
    make_keys("two/next", &later);
    REQUIRE(keyring_look(&ring, &ring.sets[1], &before, &trouble) == KEYRING_NEW);
    CHECK(before.sign != NULL);
    key_set_release(&before);
    struct charter third = charter_with(&later);
    CHECK(keyring_in_force(&ring, &new_charter, self) == &ring.sets[1]);
    CHECK(keyring_in_force(&ring, &third, self) == &ring.sets[0]);
    CHECK(keyring_in_force(&ring, &old_charter, self) == NULL);
    keyring_close(&ring);
}

CASE(next_keys_that_cannot_be_used_are_trouble_and_no_reason_not_to_start)
{
    struct keyring ring;
    struct charter_node present, next;
    struct error trouble, error;
    char path[PATH_SIZE];
    make_keys("three", &present);
    make_keys("three/next", &next);
    name_keys("three");
    REQUIRE(unlink(below(path, "three/next/log.key")) == 0);
    REQUIRE(keyring_open(&ring, &config, &trouble, &error));
    CHECK(trouble.code != ERROR_NONE);
    CHECK(strstr(trouble.text, "log.key") != NULL);
    CHECK(!ring.has[1]);
    keyring_close(&ring);
    REQUIRE(unlink(below(path, "three/cosigner.key")) == 0);
    CHECK(!keyring_open(&ring, &config, &trouble, &error));
    CHECK(strstr(error.text, "cosigner.key") != NULL);
}

static void move_file(const char *folder, const char *name, const char *to)
{
    char from[PATH_SIZE], path[PATH_SIZE], below_folder[PATH_SIZE];
    (void)snprintf(below_folder, sizeof(below_folder), "%s/%s", folder, name);
    below(from, below_folder);
    (void)snprintf(below_folder, sizeof(below_folder), "%s/%s", to, name);
    REQUIRE(rename(from, below(path, below_folder)) == 0);
}

static bool goes_with(const struct key_set *set, const struct charter_node *node)
{
    uint8_t point[CHANNEL_POINT_SIZE];
    struct public_key sign = signing_key_public(set->sign), log = signing_key_public(set->log);
    struct public_key cosigner = signing_key_public(set->cosigner);
    channel_key_point(set->transport, point);
    return memcmp(sign.at, node->sign_key.at, PUBLIC_KEY_SIZE) == 0 &&
           memcmp(log.at, node->log_key.key.at, PUBLIC_KEY_SIZE) == 0 &&
           memcmp(cosigner.at, node->cosigner_key.key.at, PUBLIC_KEY_SIZE) == 0 &&
           memcmp(point, node->transport_key, sizeof(point)) == 0;
}

/* In any order, with looks in between: in the end it is the set that the folder holds. */
CASE(a_set_that_is_copied_over_another_file_by_file_is_whole_in_the_end)
{
    const char *const names[] = {"cosigner.key", "log.key", "node.key", "transport.key"};
    struct keyring ring;
    struct charter_node present, first, second;
    struct error trouble, error;
    struct key_set before;
    make_keys("six", &present);
    make_keys("six/next", &first);
    make_keys("six/later", &second);
    name_keys("six");
    REQUIRE(keyring_open(&ring, &config, &trouble, &error));
    REQUIRE(goes_with(&ring.sets[1], &first));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        move_file("six/later", names[i], "six/next");
        CHECK_INT(keyring_look(&ring, &ring.sets[0], &before, &trouble), KEYRING_NEW);
        CHECK(ring.found == &ring.sets[1]);
        key_set_release(&before);
    }
    CHECK(goes_with(&ring.sets[1], &second));
    CHECK(goes_with(&ring.sets[0], &present));
    CHECK_INT(keyring_look(&ring, &ring.sets[0], &before, &trouble), KEYRING_SAME);
    keyring_close(&ring);
}

/* The folder of a set that is in force is used for the change after it. */
CASE(what_comes_beside_a_key_in_force_is_not_taken_for_its_own)
{
    struct keyring ring;
    struct charter_node present, next, later;
    struct error trouble, error;
    struct key_set before;
    make_keys("seven", &present);
    make_keys("seven/next", &next);
    make_keys("seven/later", &later);
    name_keys("seven");
    REQUIRE(keyring_open(&ring, &config, &trouble, &error));
    move_file("seven/later", "cosigner.key", "seven/next");
    CHECK_INT(keyring_look(&ring, &ring.sets[1], &before, &trouble), KEYRING_SAME);
    CHECK(goes_with(&ring.sets[1], &next));
    keyring_close(&ring);
}

CASE(every_key_that_is_held_is_locked)
{
    struct keyring ring, second;
    struct charter_node present, next;
    struct error trouble, error;
    make_keys("four", &present);
    make_keys("four/next", &next);
    name_keys("four");
    REQUIRE(keyring_open(&ring, &config, &trouble, &error));
    REQUIRE(ring.has[1]);
    CHECK(!keyring_open(&second, &config, &trouble, &error));
    CHECK_INT(error.code, ERROR_BUSY);
    /* The next keys alone are in somebody's use: they are not taken, and that is said. */
    struct config own = config;
    struct charter_node other;
    make_keys("five", &other);
    name_keys("five");
    (void)snprintf(config.next_keys, sizeof(config.next_keys), "%s", own.next_keys);
    REQUIRE(keyring_open(&second, &config, &trouble, &error));
    CHECK_INT(trouble.code, ERROR_BUSY);
    CHECK(!second.has[1]);
    keyring_close(&second);
    keyring_close(&ring);
    REQUIRE(keyring_open(&second, &config, &trouble, &error));
    CHECK(second.has[1]);
    keyring_close(&second);
}

int main(void)
{
    (void)snprintf(home, sizeof(home), "/tmp/test_keyring.XXXXXX");
    REQUIRE(mkdtemp(home));
    RUN(the_present_keys_are_enough);
    RUN(next_keys_are_found_at_the_start_and_while_it_runs);
    RUN(next_keys_that_cannot_be_used_are_trouble_and_no_reason_not_to_start);
    RUN(a_set_that_is_copied_over_another_file_by_file_is_whole_in_the_end);
    RUN(what_comes_beside_a_key_in_force_is_not_taken_for_its_own);
    RUN(every_key_that_is_held_is_locked);
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf %s", home);
    CHECK(system(command) == 0);
    return check_report();
}
