// links: crypto
/* crowd PORT COUNT SECONDS [TEXT]: opens COUNT connections to 127.0.0.1:PORT as fast as it can,
 * says TEXT on each (\r, \n and \0 are escapes) and reads nothing. Prints how many are open. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crypto/base.h"

enum { COUNT_MAX = 60000, TEXT_MAX = 65536 };

static int sockets[COUNT_MAX];

static size_t unescape(char *text)
{
    char *out = text;
    for (const char *at = text; *at; at++) {
        bool escape = at[0] == '\\' && at[1];
        char c = escape ? *++at : *at;
        *out++ = !escape ? c : c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c;
    }
    return (size_t)(out - text);
}

int main(int argc, char **argv)
{
    uint64_t port, count, seconds, open = 0;
    static char text[TEXT_MAX];
    if (argc < 4 || !parse_u64(bytes_text(argv[1]), 65535, &port) ||
        !parse_u64(bytes_text(argv[2]), COUNT_MAX, &count) ||
        !parse_u64(bytes_text(argv[3]), 3600, &seconds))
        return 2;
    snprintf(text, sizeof(text), "%s", argc > 4 ? argv[4] : "");
    size_t size = unescape(text);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (uint64_t i = 0; i < count; i++) {
        sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (sockets[i] < 0)
            break;
        if (connect(sockets[i], (struct sockaddr *)&at, sizeof(at)) == 0 || errno == EINPROGRESS)
            open++;
    }
    /* Connected or refused within moments; a full backlog answers later. */
    for (uint64_t i = 0; i < open; i++) {
        struct pollfd one = {.fd = sockets[i], .events = POLLOUT};
        if (poll(&one, 1, 200) > 0 && size > 0)
            (void)!send(sockets[i], text, size, MSG_NOSIGNAL);
    }
    printf("open %llu\n", (unsigned long long)open);
    fflush(stdout);
    sleep((unsigned)seconds);
    return 0;
}
