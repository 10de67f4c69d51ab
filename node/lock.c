#define _GNU_SOURCE /* struct ucred */
#include "node/lock.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 64 }; /* refused starts whose connections wait, never accepted */

/* An abstract name begins with a NUL and ends where the length says. */
static socklen_t lock_address(const struct public_key *key, struct sockaddr_un *address_out)
{
    *address_out = (struct sockaddr_un){.sun_family = AF_UNIX};
    struct hash hash = hash_bytes(bytes_of(key->at, PUBLIC_KEY_SIZE));
    char hex[HASH_HEX_SIZE + 1];
    hex_encode(hash_as_bytes(&hash), hex);
    int size = snprintf(address_out->sun_path + 1, sizeof(address_out->sun_path) - 1,
                        "accrued/key/%s", hex);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size);
}

/* The kernel tells a caller who listens; 0 when it cannot be known. */
static pid_t lock_holder(const struct sockaddr_un *address, socklen_t address_size)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return 0;
    }
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    if (connect(fd, (const struct sockaddr *)address, address_size) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        peer.pid = 0;
    }
    close(fd);
    return peer.pid;
}

static bool lock_refused(const struct sockaddr_un *address, socklen_t address_size,
                         struct error *error)
{
    char pid[16] = "unknown";
    pid_t holder = lock_holder(address, address_size);
    if (holder > 0) {
        snprintf(pid, sizeof(pid), "%d", (int)holder);
    }
    return error_set(error, ERROR_BUSY,
                     "another accrued signs with this node's key on this host (pid %s): stop it, "
                     "or give each node a key of its own",
                     pid);
}

bool lock_init(struct lock *lock, const struct public_key *key, struct error *error)
{
    lock->fd = -1;
    struct sockaddr_un address;
    socklen_t size = lock_address(key, &address);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return error_set(error, ERROR_IO, "cannot lock the node's key: %s", strerror(errno));
    }
    if (bind(fd, (const struct sockaddr *)&address, size) != 0 || listen(fd, BACKLOG) != 0) {
        int failure = errno;
        close(fd);
        if (failure == EADDRINUSE) {
            return lock_refused(&address, size, error);
        }
        return error_set(error, ERROR_IO, "cannot lock the node's key: %s", strerror(failure));
    }
    lock->fd = fd;
    return true;
}

void lock_release(struct lock *lock)
{
    if (lock->fd >= 0) {
        close(lock->fd);
    }
    lock->fd = -1;
}
