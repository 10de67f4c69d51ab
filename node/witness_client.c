#include "node/witness_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* One witness, and the request to it if there is one under way. */
struct post {
    struct witness_client *client;
    struct witness_target target;
    struct submit submit;
    struct witness_client_counts counts;
    CURL *easy; /* made once; in the multi handle while submit.asking */
    struct checkpoint checkpoint;
    struct buffer note, body, answer;
    char why[CURL_ERROR_SIZE];
};

/* A socket of libcurl that the loop watches. */
struct watch {
    uv_poll_t poll;
    struct witness_client *client;
    curl_socket_t socket;
};

struct witness_client {
    struct witness_client_config config;
    CURLM *multi;
    struct curl_slist *headers;
    struct post *posts;
    uv_timer_t curl_timer, retry;
    uv_async_t kicked;
    int handles; /* to be closed before the memory goes */
    bool closing;
};

static void start_all(struct witness_client *client);

/* ---- answers -------------------------------------------------------------------------------- */

static void trouble(struct post *post, const char *why)
{
    const struct witness_client_config *config = &post->client->config;
    if (config->troubled)
        config->troubled(config->context, (size_t)(post - post->client->posts), why);
}

static struct submit_answer read_answer(struct post *post, CURLcode code, struct bytes *line_out,
                                        uint64_t *time_s_out)
{
    struct submit_answer answer = {.status = 0};
    long status = 0;
    const char *type = NULL;
    if (code != CURLE_OK)
        return answer;
    (void)curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(post->easy, CURLINFO_CONTENT_TYPE, &type);
    answer.status = (int)status;
    answer.told = submit_size_parse(type, buffer_bytes(&post->answer), &answer.size);
    answer.holds = submit_cosignature(buffer_bytes(&post->note), buffer_bytes(&post->answer),
                                      &post->target.key, line_out, time_s_out);
    return answer;
}

static void say_failure(struct post *post, const struct submit_answer *answer, CURLcode code)
{
    char text[CURL_ERROR_SIZE + 64];
    if (code != CURLE_OK)
        (void)snprintf(text, sizeof(text), "it does not answer: %s",
                       post->why[0] ? post->why : curl_easy_strerror(code));
    else if (answer->status == 200)
        (void)snprintf(text, sizeof(text), "its answer holds no cosignature by its key");
    else if (answer->status == 409)
        (void)snprintf(text, sizeof(text), "it does not say which size it has (409)");
    else if (answer->status == 422)
        (void)snprintf(text, sizeof(text), "it holds that this log contradicts itself (422)");
    else
        (void)snprintf(text, sizeof(text), "it refuses (%d)", answer->status);
    trouble(post, text);
}

static void give_back(struct post *post, struct bytes line, uint64_t time_s)
{
    const struct witness_client_config *config = &post->client->config;
    struct witness_cosignature cosignature = {.witness = (size_t)(post - post->client->posts),
                                              .checkpoint = &post->checkpoint,
                                              .line = line,
                                              .time_s = time_s};
    config->cosigned(config->context, &cosignature);
}

static void finish(struct post *post, CURLcode code)
{
    struct witness_client *client = post->client;
    struct bytes line = {.at = NULL};
    uint64_t time_s = 0;
    struct submit_answer answer = read_answer(post, code, &line, &time_s);
    (void)curl_multi_remove_handle(client->multi, post->easy);
    switch (submit_end(&post->submit, &answer, uv_now(client->config.loop))) {
    case SUBMIT_COSIGNED:
        post->counts.cosigned++;
        post->counts.cosigned_size = post->submit.cosigned_size;
        give_back(post, line, time_s);
        break;
    case SUBMIT_AHEAD:
        client->config.outrun(client->config.context, (size_t)(post - client->posts));
        post->counts.told++;
        break;
    case SUBMIT_CORRECTED:
        post->counts.told++;
        break;
    case SUBMIT_FAILED:
        post->counts.failed++;
        say_failure(post, &answer, code);
        break;
    }
}

static void take_finished(struct witness_client *client)
{
    CURLMsg *message;
    int left = 0;
    bool any = false;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct post *post = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        finish(post, code);
        any = true;
    }
    if (any)
        start_all(client);
}

/* ---- libcurl in the loop -------------------------------------------------------------------- */

static void turn(struct witness_client *client, curl_socket_t socket, int events)
{
    int running = 0;
    (void)curl_multi_socket_action(client->multi, socket, events, &running);
    take_finished(client);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    const struct watch *watch = poll->data;
    int flags = status < 0 ? CURL_CSELECT_ERR : 0;
    flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    turn(watch->client, watch->socket, flags);
}

static void on_curl_timer(uv_timer_t *timer)
{
    turn(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void release(struct witness_client *client)
{
    free(client->posts);
    free(client);
}

static void on_closed(uv_handle_t *handle)
{
    struct witness_client *client = handle->data;
    if (--client->handles == 0)
        release(client);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct witness_client *client = watch->client;
    free(watch);
    if (--client->handles == 0)
        release(client);
}

static struct watch *watch_open(struct witness_client *client, curl_socket_t socket)
{
    struct watch *watch = (struct watch *)allocate(1, sizeof(*watch));
    watch->client = client;
    watch->socket = socket;
    watch->poll.data = watch;
    must(uv_poll_init_socket(client->config.loop, &watch->poll, socket) == 0);
    client->handles++;
    return watch;
}

/* libcurl says what it waits for on a socket of its own. */
static int on_wanted(CURL *easy, curl_socket_t socket, int what, void *context, void *own)
{
    struct witness_client *client = context;
    struct watch *watch = own;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch) {
            (void)uv_poll_stop(&watch->poll);
            uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
            (void)curl_multi_assign(client->multi, socket, NULL);
        }
        return 0;
    }
    if (!watch) {
        watch = watch_open(client, socket);
        (void)curl_multi_assign(client->multi, socket, watch);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    must(uv_poll_start(&watch->poll, events, on_socket) == 0);
    return 0;
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *context)
{
    struct witness_client *client = context;
    (void)multi;
    if (client->closing)
        return 0;
    if (timeout_ms < 0)
        (void)uv_timer_stop(&client->curl_timer);
    else
        (void)uv_timer_start(&client->curl_timer, on_curl_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

/* ---- requests ------------------------------------------------------------------------------- */

static size_t take_answer(char *at, size_t size, size_t count, void *context)
{
    struct post *post = context;
    buffer_append(&post->answer, bytes_of(at, size * count));
    return post->answer.overflowed ? 0 : size * count;
}

static bool build_request(struct post *post)
{
    const struct witness_client_config *config = &post->client->config;
    uint64_t size = post->checkpoint.size;
    struct witness_request request = {.old_size = submit_claim(&post->submit, size),
                                      .note = buffer_bytes(&post->note)};
    struct hash proof[MERKLE_CONSISTENCY_MAX];
    if (request.old_size > 0 && request.old_size < size &&
        !config->prove(config->context, request.old_size, size, proof, &request.proof_count))
        return false;
    if (request.proof_count > WITNESS_PROOF_MAX)
        return false;
    memcpy(request.proof, proof, request.proof_count * sizeof(proof[0]));
    buffer_clear(&post->body);
    witness_request_format(&request, &post->body);
    return !post->body.overflowed;
}

static void set_options(struct post *post)
{
    CURL *easy = post->easy;
    char url[WITNESS_CLIENT_URL_MAX + 32];
    size_t size = strlen(post->target.url);
    if (size > 0 && post->target.url[size - 1] == '/')
        size--;
    (void)snprintf(url, sizeof(url), "%.*s/add-checkpoint", (int)size, post->target.url);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->client->headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, post->why);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)WITNESS_CLIENT_ANSWER_MS);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)WITNESS_CLIENT_CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)post->body.size);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, (const char *)post->body.at);
}

/* Posts the newest checkpoint if it is time for it. */
static void start(struct post *post, uint64_t *wait_ms)
{
    struct witness_client *client = post->client;
    const struct witness_client_config *config = &client->config;
    struct checkpoint checkpoint;
    uint64_t own_wait_ms;
    if (post->submit.asking)
        return; /* what is under way stays as it is */
    buffer_clear(&post->note);
    if (!config->newest(config->context, &checkpoint, &post->note))
        return;
    if (!submit_due(&post->submit, checkpoint.size, uv_now(config->loop), &own_wait_ms)) {
        *wait_ms = own_wait_ms < *wait_ms ? own_wait_ms : *wait_ms;
        return;
    }
    post->checkpoint = checkpoint;
    if (!build_request(post)) {
        trouble(post, "no proof from the size that it has can be made");
        return;
    }
    buffer_clear(&post->answer);
    post->why[0] = '\0';
    curl_easy_reset(post->easy);
    set_options(post);
    submit_begin(&post->submit, checkpoint.size);
    post->counts.asked++;
    must(curl_multi_add_handle(client->multi, post->easy) == CURLM_OK);
}

static void on_retry(uv_timer_t *timer)
{
    start_all(timer->data);
}

static void start_all(struct witness_client *client)
{
    uint64_t wait_ms = UINT64_MAX;
    for (size_t i = 0; i < client->config.witness_count; i++)
        start(&client->posts[i], &wait_ms);
    if (wait_ms == UINT64_MAX)
        (void)uv_timer_stop(&client->retry);
    else
        (void)uv_timer_start(&client->retry, on_retry, wait_ms, 0);
}

static void on_kicked(uv_async_t *async)
{
    start_all(async->data);
}

void witness_client_kick(struct witness_client *client)
{
    must(uv_async_send(&client->kicked) == 0);
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

static void open_post(struct witness_client *client, size_t i)
{
    struct post *post = &client->posts[i];
    post->client = client;
    post->target = client->config.witnesses[i];
    post->easy = curl_easy_init();
    must(post->easy && strlen(post->target.url) <= WITNESS_CLIENT_URL_MAX);
    buffer_init(&post->note, NOTE_SIZE_MAX);
    buffer_init(&post->body, WITNESS_BODY_MAX);
    buffer_init(&post->answer, WITNESS_CLIENT_ANSWER_MAX);
}

static void open_handles(struct witness_client *client)
{
    uv_loop_t *loop = client->config.loop;
    must(uv_timer_init(loop, &client->curl_timer) == 0);
    must(uv_timer_init(loop, &client->retry) == 0);
    must(uv_async_init(loop, &client->kicked, on_kicked) == 0);
    client->curl_timer.data = client->retry.data = client->kicked.data = client;
    client->handles = 3;
}

struct witness_client *witness_client_open(const struct witness_client_config *config)
{
    must(config->witness_count <= WITNESS_CLIENT_MAX);
    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    struct witness_client *client = (struct witness_client *)allocate(1, sizeof(*client));
    client->config = *config;
    client->multi = curl_multi_init();
    client->headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
    client->headers = curl_slist_append(client->headers, "Expect:");
    must(client->multi && client->headers);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_wanted);
    (void)curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
    (void)curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    client->posts = (struct post *)allocate(config->witness_count + 1, sizeof(client->posts[0]));
    for (size_t i = 0; i < config->witness_count; i++)
        open_post(client, i);
    open_handles(client);
    return client;
}

void witness_client_close(struct witness_client *client)
{
    if (!client)
        return;
    client->closing = true;
    for (size_t i = 0; i < client->config.witness_count; i++) {
        struct post *post = &client->posts[i];
        if (post->submit.asking)
            (void)curl_multi_remove_handle(client->multi, post->easy);
        curl_easy_cleanup(post->easy);
        buffer_release(&post->note);
        buffer_release(&post->body);
        buffer_release(&post->answer);
    }
    (void)curl_multi_cleanup(client->multi); /* closes its sockets, and so their watches */
    curl_slist_free_all(client->headers);
    uv_close((uv_handle_t *)&client->curl_timer, on_closed);
    uv_close((uv_handle_t *)&client->retry, on_closed);
    uv_close((uv_handle_t *)&client->kicked, on_closed);
}

struct witness_client_counts witness_client_counts(const struct witness_client *client,
                                                   size_t witness)
{
    must(witness < client->config.witness_count);
    return client->posts[witness].counts;
}
