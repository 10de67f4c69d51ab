#include "node/keyring.h"

#include "crypto/keyfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_PATH_MAX = CONFIG_PATH_MAX + 32 };

struct key_paths {
    char sign[FILE_PATH_MAX], log[FILE_PATH_MAX], cosigner[FILE_PATH_MAX], transport[FILE_PATH_MAX];
};

static struct key_paths present_paths(const struct config *config)
{
    struct key_paths paths;
    (void)snprintf(paths.sign, sizeof(paths.sign), "%s", config->key);
    (void)snprintf(paths.log, sizeof(paths.log), "%s", config->log_key);
    (void)snprintf(paths.cosigner, sizeof(paths.cosigner), "%s", config->cosigner_key);
    (void)snprintf(paths.transport, sizeof(paths.transport), "%s", config->transport_key);
    return paths;
}

static struct key_paths next_paths(const struct config *config)
{
    struct key_paths paths;
    const char *folder = config->next_keys;
    (void)snprintf(paths.sign, sizeof(paths.sign), "%s/node.key", folder);
    (void)snprintf(paths.log, sizeof(paths.log), "%s/log.key", folder);
    (void)snprintf(paths.cosigner, sizeof(paths.cosigner), "%s/cosigner.key", folder);
    (void)snprintf(paths.transport, sizeof(paths.transport), "%s/transport.key", folder);
    return paths;
}

void key_set_release(struct key_set *set)
{
    if (set->sign)
        lock_release(&set->lock);
    signing_key_close(set->sign);
    signing_key_close(set->log);
    signing_key_close(set->cosigner);
    channel_key_close(set->transport);
    memset(set, 0, sizeof(*set));
}

static bool same_public(const struct signing_key *a, const struct signing_key *b)
{
    struct public_key left = signing_key_public(a), right = signing_key_public(b);
    return memcmp(left.at, right.at, PUBLIC_KEY_SIZE) == 0;
}

/* The files name themselves; what they lack stands in no other place. */
static bool damaged(struct error *error)
{
    if (error->code == ERROR_INVALID)
        error_set(error, error->code, "%s: restore the file from a copy", error->text);
    return false;
}

static bool set_read(const struct key_paths *paths, struct key_set *set_out, struct error *error)
{
    struct key_set set = {.lock = {.fd = -1}};
    bool good = keyfile_read(paths->sign, &set.sign, error) &&
                keyfile_read(paths->log, &set.log, error) &&
                keyfile_read(paths->cosigner, &set.cosigner, error) &&
                channel_keyfile_read(paths->transport, &set.transport, error);
    if (!good)
        (void)damaged(error);
    if (good) {
        struct public_key public_key = signing_key_public(set.sign);
        good = lock_init(&set.lock, &public_key, error);
    }
    if (!good) {
        key_set_release(&set);
        return false;
    }
    *set_out = set;
    return true;
}

/* The set with the folder's signing key, whose lock then is ours already; NULL: none has it. */
static struct key_set *set_with(struct keyring *ring, const char *path)
{
    struct signing_key *key;
    struct key_set *set = NULL;
    if (!keyfile_read(path, &key, NULL))
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(ring->sets); i++)
        if (ring->has[i] && same_public(ring->sets[i].sign, key))
            set = &ring->sets[i];
    signing_key_close(key);
    return set;
}

static bool same_transport(const struct channel_key *a, const struct channel_key *b)
{
    uint8_t left[CHANNEL_POINT_SIZE], right[CHANNEL_POINT_SIZE];
    channel_key_point(a, left);
    channel_key_point(b, right);
    return memcmp(left, right, sizeof(left)) == 0;
}

/* Copied file by file, a set is a mixture for a while: what has come since takes the place of what
 * was there. The signing key stays, and its lock. */
static enum keyring_look look_beside(struct key_set *set, const struct key_paths *paths,
                                     struct key_set *before_out)
{
    struct key_set now = {.sign = NULL};
    bool whole = keyfile_read(paths->log, &now.log, NULL) &&
                 keyfile_read(paths->cosigner, &now.cosigner, NULL) &&
                 channel_keyfile_read(paths->transport, &now.transport, NULL);
    if (!whole || (same_public(now.log, set->log) && same_public(now.cosigner, set->cosigner) &&
                   same_transport(now.transport, set->transport))) {
        key_set_release(&now);
        return KEYRING_SAME;
    }
    *before_out =
        (struct key_set){.log = set->log, .cosigner = set->cosigner, .transport = set->transport};
    set->log = now.log;
    set->cosigner = now.cosigner;
    set->transport = now.transport;
    return KEYRING_NEW;
}

bool keyring_open(struct keyring *ring, const struct config *config, struct error *trouble_out,
                  struct error *error)
{
    struct key_paths paths = present_paths(config);
    struct key_set before;
    memset(ring, 0, sizeof(*ring));
    ring->config = config;
    trouble_out->code = ERROR_NONE;
    if (!set_read(&paths, &ring->sets[0], error))
        return false;
    ring->has[0] = true;
    if (keyring_look(ring, &ring->sets[0], &before, trouble_out) == KEYRING_NEW)
        key_set_release(&before);
    return true;
}

void keyring_close(struct keyring *ring)
{
    for (size_t i = 0; i < ARRAY_SIZE(ring->sets); i++)
        key_set_release(&ring->sets[i]);
}

const struct key_set *keyring_in_force(const struct keyring *ring, const struct charter *charter,
                                       struct node_id self)
{
    if (self.v >= charter->node_count)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(ring->sets); i++) {
        if (!ring->has[i])
            continue;
        struct public_key public_key = signing_key_public(ring->sets[i].sign);
        if (memcmp(public_key.at, charter->nodes[self.v].sign_key.at, PUBLIC_KEY_SIZE) == 0)
            return &ring->sets[i];
    }
    return NULL;
}

const struct key_set *keyring_by_point(const struct keyring *ring,
                                       const uint8_t point[CHANNEL_POINT_SIZE])
{
    for (size_t i = 0; i < ARRAY_SIZE(ring->sets); i++) {
        uint8_t own[CHANNEL_POINT_SIZE];
        if (!ring->has[i])
            continue;
        channel_key_point(ring->sets[i].transport, own);
        if (memcmp(own, point, sizeof(own)) == 0)
            return &ring->sets[i];
    }
    return NULL;
}

enum keyring_look keyring_look(struct keyring *ring, const struct key_set *kept,
                               struct key_set *before_out, struct error *trouble_out)
{
    struct key_paths paths = next_paths(ring->config);
    struct key_set set;
    if (access(paths.sign, F_OK) != 0)
        return KEYRING_SAME;
    struct key_set *known = set_with(ring, paths.sign);
    if (known)
        return known == ring->found && known != kept ? look_beside(known, &paths, before_out)
                                                     : KEYRING_SAME;
    if (!set_read(&paths, &set, trouble_out))
        return KEYRING_TROUBLE;
    size_t place = kept == &ring->sets[1] ? 0 : 1;
    *before_out = ring->sets[place];
    ring->sets[place] = set;
    ring->has[place] = true;
    ring->found = &ring->sets[place];
    return KEYRING_NEW;
}
