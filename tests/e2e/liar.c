// links: node
/* liar URL RULE-FILE: a node that lies. Passes every GET on to the node at URL, and changes the
 * answer as the rule file says, which is read at every request:
 *
 *     flip PATH-PREFIX PLACE XOR    byte at PLACE thousandths of the body
 *     swap PATH-PREFIX FROM TO      the first FROM in the body becomes TO, of the same length
 *     cut PATH-PREFIX COUNT lines   the body ends after so many lines
 *
 * Prints its own URL and serves until it is killed. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/base.h"

enum { BODY_MAX = 64 * 1024 * 1024, TEXT_MAX = 1024 };

static const char *node_url, *rule_file;

static size_t keep(char *at, size_t size, size_t count, void *context)
{
    buffer_append((struct buffer *)context, bytes_of(at, size * count));
    return size * count;
}

static long fetch(const char *target, const char *authorization, struct buffer *body)
{
    char url[2 * TEXT_MAX], header[TEXT_MAX];
    long status = 502;
    CURL *curl = curl_easy_init();
    snprintf(url, sizeof(url), "%s%s", node_url, target);
    snprintf(header, sizeof(header), "Authorization: %s", authorization ? authorization : "none");
    struct curl_slist *headers = curl_slist_append(NULL, header);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

static void swap(struct buffer *body, const char *from, const char *to)
{
    size_t size = strlen(from);
    if (strlen(to) != size)
        return;
    for (size_t i = 0; i + size <= body->size; i++)
        if (memcmp(body->at + i, from, size) == 0) {
            memcpy(body->at + i, to, size);
            return;
        }
}

static void cut(struct buffer *body, unsigned long lines)
{
    size_t size = 0;
    for (; size < body->size && lines > 0; size++)
        lines -= body->at[size] == '\n';
    body->size = size;
}

static void lie(const char *target, struct buffer *body)
{
    char kind[16], prefix[TEXT_MAX], first[TEXT_MAX], second[TEXT_MAX];
    FILE *file = fopen(rule_file, "r");
    if (!file)
        return;
    if (fscanf(file, "%15s %1023s %1023s %1023s", kind, prefix, first, second) == 4 &&
        strncmp(target, prefix, strlen(prefix)) == 0 && body->size > 0) {
        if (strcmp(kind, "flip") == 0)
            body->at[(body->size - 1) * strtoul(first, NULL, 10) / 1000] ^=
                (uint8_t)strtoul(second, NULL, 10);
        else if (strcmp(kind, "cut") == 0)
            cut(body, strtoul(first, NULL, 10));
        else
            swap(body, first, second);
    }
    fclose(file);
}

/* The target as it came, query and all. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    (void)context, (void)connection;
    return strdup(target);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **request)
{
    (void)context, (void)path, (void)method, (void)version, (void)upload, (void)upload_size;
    const char *target = *request;
    struct buffer body;
    buffer_init(&body, BODY_MAX);
    long status = fetch(
        target, MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization"), &body);
    lie(target, &body);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.size, body.at, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result queued = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    buffer_release(&body);
    return queued;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode how)
{
    (void)context, (void)connection, (void)how;
    free(*request);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (argc != 3)
        return 2;
    node_url = argv[1];
    rule_file = argv[2];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&address, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
    if (!daemon)
        return 2;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    printf("http://127.0.0.1:%u\n", (unsigned)info->port);
    fflush(stdout);
    for (;;)
        pause();
}
