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
    RUN(every_key_that_is_held_is_locked);
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -rf %s", home);
    CHECK(system(command) == 0);
    return check_report();
}
