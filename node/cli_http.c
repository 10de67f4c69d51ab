#include "node/cli_http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum {
    ASK_AGAIN_MS = 100,     /* for a transaction that is not decided yet */
    RETRY_MS = 100,         /* after a failure, doubling ... */
    RETRY_MAX_MS = 2000,    /* ... up to this */
    REQUEST_TIMEOUT_S = 60, /* of one attempt: a node answers within 30 s */
    CONNECT_TIMEOUT_MS = 3000,
    TILE_TRIES = 6,
    TILE_WAIT_MS = 50,
};

struct exchange {
    CURL *easy; /* NULL while it waits for its turn */
    struct curl_slist *headers;
    const struct cli_target *target;
    char path[HTTP_PATH_MAX];
    char location[HTTP_PATH_MAX]; /* what to ask instead, once the write was accepted */
    char key[128];
    char *request_body;
    struct buffer body;
    char why[CURL_ERROR_SIZE];
    uint64_t retry_after_ms, date_ms;
    uint64_t started_ms, attempt_ms, due_ms;
    unsigned attempts;
    http_done *done;
    void *context;
    struct exchange *next;
};

struct http {
    CURLM *multi;
    size_t parallel, under_way;
    uint64_t patience_ms;
    struct exchange *waiting, **waiting_end; /* not before their due_ms */
    CURL *spare[HTTP_PARALLEL_MAX];
    size_t spare_count;
    struct exchange *active[HTTP_PARALLEL_MAX];
};

struct http *http_open(size_t parallel, uint64_t patience_ms)
{
    must(parallel >= 1 && parallel <= HTTP_PARALLEL_MAX);
    must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    struct http *http = (struct http *)allocate(1, sizeof(*http));
    http->multi = curl_multi_init();
    must(http->multi);
    http->parallel = parallel;
    http->patience_ms = patience_ms;
    http->waiting_end = &http->waiting;
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_PARALLEL_MAX);
    return http;
}

static void exchange_close(struct exchange *exchange)
{
    curl_slist_free_all(exchange->headers);
    buffer_release(&exchange->body);
    free(exchange->request_body);
    free(exchange);
}

void http_close(struct http *http)
{
    if (!http)
        return;
    for (size_t i = 0; i < HTTP_PARALLEL_MAX; i++)
        if (http->active[i]) {
            curl_multi_remove_handle(http->multi, http->active[i]->easy);
            curl_easy_cleanup(http->active[i]->easy);
            exchange_close(http->active[i]);
        }
    for (struct exchange *next, *at = http->waiting; at; at = next) {
        next = at->next;
        exchange_close(at);
    }
    for (size_t i = 0; i < http->spare_count; i++)
        curl_easy_cleanup(http->spare[i]);
    curl_multi_cleanup(http->multi);
    free(http);
}

static void wait_in_line(struct http *http, struct exchange *exchange, uint64_t due_ms)
{
    exchange->due_ms = due_ms;
    exchange->next = NULL;
    *http->waiting_end = exchange;
    http->waiting_end = &exchange->next;
}

void http_start(struct http *http, const struct http_request *request, http_done *done,
                void *context)
{
    struct exchange *exchange = (struct exchange *)allocate(1, sizeof(*exchange));
    exchange->target = request->target;
    snprintf(exchange->path, sizeof(exchange->path), "%s", request->path);
    if (request->key)
        snprintf(exchange->key, sizeof(exchange->key), "%s", request->key);
    if (request->body) {
        exchange->request_body = strdup(request->body);
        must(exchange->request_body);
    }
    buffer_init(&exchange->body, HTTP_BODY_MAX);
    exchange->done = done;
    exchange->context = context;
    exchange->started_ms = cli_steady_ms();
    wait_in_line(http, exchange, 0);
}

/* ---- one attempt --------------------------------------------------------------------------- */

static size_t take_body(char *at, size_t size, size_t count, void *context)
{
    struct exchange *exchange = (struct exchange *)context;
    buffer_append(&exchange->body, bytes_of(at, size * count));
    return exchange->body.overflowed ? 0 : size * count;
}

/* The value of header `name` in a header line; false when it is another. */
static bool header_value(const char *line, size_t size, const char *name, char *out, size_t room)
{
    size_t name_size = strlen(name);
    if (size <= name_size || strncasecmp(line, name, name_size) != 0 || line[name_size] != ':')
        return false;
    const char *value = line + name_size + 1;
    const char *end = line + size;
    while (value < end && *value == ' ')
        value++;
    while (end > value && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
        end--;
    snprintf(out, room, "%.*s", (int)(end - value), value);
    return true;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    struct exchange *exchange = (struct exchange *)context;
    char value[HTTP_PATH_MAX];
    uint64_t seconds;
    size *= count;
    if (header_value(line, size, "Retry-After", value, sizeof(value))) {
        if (parse_u64(bytes_text(value), 3600, &seconds))
            exchange->retry_after_ms = seconds * 1000;
    } else if (header_value(line, size, "Location", value, sizeof(value))) {
        if (value[0] == '/') /* never to another host with our token */
            memcpy(exchange->location, value, sizeof(value));
    } else if (header_value(line, size, "Date", value, sizeof(value))) {
        time_t date = curl_getdate(value, NULL);
        exchange->date_ms = date > 0 ? (uint64_t)date * 1000 : 0;
    }
    return size;
}

static void set_headers(struct exchange *exchange, bool asking)
{
    char line[CLI_TOKEN_MAX + 64];
    curl_slist_free_all(exchange->headers);
    exchange->headers = NULL;
    if (exchange->target->token[0]) {
        snprintf(line, sizeof(line), "Authorization: Bearer %s", exchange->target->token);
        exchange->headers = curl_slist_append(exchange->headers, line);
    }
    if (exchange->request_body && !asking) {
        exchange->headers = curl_slist_append(exchange->headers, "Content-Type: application/json");
        exchange->headers = curl_slist_append(exchange->headers, "Expect:");
    }
    if (exchange->key[0] && !asking) {
        snprintf(line, sizeof(line), "Idempotency-Key: %s", exchange->key);
        exchange->headers = curl_slist_append(exchange->headers, line);
    }
}

static void set_options(struct exchange *exchange)
{
    CURL *easy = exchange->easy;
    bool asking = exchange->location[0] != '\0';
    char url[CLI_URL_MAX + HTTP_PATH_MAX];
    snprintf(url, sizeof(url), "%s%s", exchange->target->url,
             asking ? exchange->location : exchange->path);
    set_headers(exchange, asking);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*"); /* a proxy would see the token */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->why);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)REQUEST_TIMEOUT_S);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    if (exchange->target->ca[0])
        curl_easy_setopt(easy, CURLOPT_CAINFO, exchange->target->ca);
    if (exchange->request_body && !asking) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(exchange->request_body));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->request_body);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
}

static void begin_attempt(struct http *http, struct exchange *exchange)
{
    if (http->spare_count) {
        exchange->easy = http->spare[--http->spare_count];
        curl_easy_reset(exchange->easy);
    } else {
        exchange->easy = curl_easy_init();
        must(exchange->easy);
    }
    buffer_clear(&exchange->body);
    exchange->why[0] = '\0';
    exchange->retry_after_ms = 0;
    exchange->attempts++;
    exchange->attempt_ms = cli_steady_ms();
    set_options(exchange);
    size_t place = 0;
    while (http->active[place])
        place++;
    http->active[place] = exchange;
    http->under_way++;
    must(curl_multi_add_handle(http->multi, exchange->easy) == CURLM_OK);
}

/* ---- after an attempt ---------------------------------------------------------------------- */

static bool is_undecided(struct exchange *exchange, int status)
{
    const char *text = buffer_text(&exchange->body);
    if (status == 202)
        return exchange->location[0] != '\0';
    if (status == 409)
        return strstr(text, "\"in-flight\"") != NULL;
    return status == 200 && exchange->location[0] && strstr(text, "\"pending\"") != NULL &&
           strstr(text, "\"verdict\"") == NULL;
}

/* When to try again; 0: this answer is the last. */
static uint64_t try_again_in_ms(const struct http *http, struct exchange *exchange, CURLcode result,
                                int status)
{
    uint64_t backoff = RETRY_MS;
    for (unsigned i = 1; i < exchange->attempts && backoff < RETRY_MAX_MS; i++)
        backoff *= 2;
    uint64_t wait = 0;
    if (result == CURLE_COULDNT_CONNECT || result == CURLE_SEND_ERROR ||
        result == CURLE_RECV_ERROR || result == CURLE_GOT_NOTHING ||
        result == CURLE_OPERATION_TIMEDOUT || result == CURLE_PARTIAL_FILE)
        wait = backoff;
    else if (result == CURLE_OK && (status == 429 || status == 503))
        wait = exchange->retry_after_ms ? exchange->retry_after_ms : backoff;
    else if (result == CURLE_OK && is_undecided(exchange, status))
        wait = ASK_AGAIN_MS;
    uint64_t spent = cli_steady_ms() - exchange->started_ms;
    return spent + wait <= http->patience_ms ? wait : 0;
}

static void give_back(struct exchange *exchange, CURLcode result, int status)
{
    struct http_reply reply = {.status = result == CURLE_OK ? status : 0,
                               .date_ms = exchange->date_ms,
                               .took_ms = cli_steady_ms() - exchange->attempt_ms,
                               .attempts = exchange->attempts};
    if (result != CURLE_OK)
        snprintf(reply.text, sizeof(reply.text), "%.120s%.60s: %.60s", exchange->target->url,
                 exchange->path, exchange->why[0] ? exchange->why : curl_easy_strerror(result));
    buffer_text(&exchange->body);
    reply.body = buffer_bytes(&exchange->body);
    exchange->done(exchange->context, &reply);
    exchange_close(exchange);
}

static void end_attempt(struct http *http, CURL *easy, CURLcode result)
{
    struct exchange *exchange = NULL;
    long status = 0;
    for (size_t i = 0; i < HTTP_PARALLEL_MAX && !exchange; i++)
        if (http->active[i] && http->active[i]->easy == easy) {
            exchange = http->active[i];
            http->active[i] = NULL;
        }
    must(exchange);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(http->multi, easy);
    http->under_way--;
    if (http->spare_count < HTTP_PARALLEL_MAX)
        http->spare[http->spare_count++] = easy;
    else
        curl_easy_cleanup(easy);
    exchange->easy = NULL;
    uint64_t wait = try_again_in_ms(http, exchange, result, (int)status);
    if (wait)
        wait_in_line(http, exchange, cli_steady_ms() + wait);
    else
        give_back(exchange, result, (int)status);
}

/* Takes from the line what is due, in order; returns how long until the next one is. */
static int start_waiting(struct http *http, int wait_ms)
{
    uint64_t now = cli_steady_ms();
    struct exchange **at = &http->waiting;
    while (*at && http->under_way < http->parallel) {
        struct exchange *exchange = *at;
        if (exchange->due_ms > now) {
            if (exchange->due_ms - now < (uint64_t)wait_ms)
                wait_ms = (int)(exchange->due_ms - now);
            at = &exchange->next;
            continue;
        }
        *at = exchange->next;
        if (!*at)
            http->waiting_end = at;
        begin_attempt(http, exchange);
    }
    return wait_ms;
}

bool http_turn(struct http *http, int wait_ms)
{
    int running = 0;
    wait_ms = start_waiting(http, wait_ms);
    must(curl_multi_perform(http->multi, &running) == CURLM_OK);
    int left = 0;
    bool any = false;
    CURLMsg *message;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE) {
            CURL *easy = message->easy_handle;
            CURLcode result = message->data.result;
            end_attempt(http, easy, result);
            any = true;
        }
    if (!any && (http->under_way || http->waiting))
        curl_multi_poll(http->multi, NULL, 0, wait_ms, NULL);
    return http->under_way || http->waiting;
}

/* ---- one at a time ------------------------------------------------------------------------- */

struct answer {
    bool done;
    int status;
    char text[256];
    struct buffer body;
};

static void keep_answer(void *context, const struct http_reply *reply)
{
    struct answer *answer = (struct answer *)context;
    answer->done = true;
    answer->status = reply->status;
    memcpy(answer->text, reply->text, sizeof(answer->text));
    buffer_append(&answer->body, reply->body);
}

static bool exchange_now(struct http *http, const struct http_request *request,
                         struct answer *answer, struct error *error)
{
    memset(answer, 0, sizeof(*answer));
    buffer_init(&answer->body, HTTP_BODY_MAX);
    http_start(http, request, keep_answer, answer);
    while (!answer->done)
        http_turn(http, 1000);
    if (answer->status)
        return true;
    buffer_release(&answer->body);
    return error_set(error, ERROR_BUSY,
                     "no answer from the node (is it running? 'accrue doctor' looks): %s",
                     answer->text);
}

bool http_fetch(struct http *http, const struct cli_target *target, const char *path,
                int *status_out, struct buffer *body_out, struct error *error)
{
    struct http_request request = {.target = target};
    struct answer answer;
    snprintf(request.path, sizeof(request.path), "%s", path);
    if (!exchange_now(http, &request, &answer, error))
        return false;
    *status_out = answer.status;
    buffer_append(body_out, buffer_bytes(&answer.body));
    buffer_release(&answer.body);
    return true;
}

bool http_get(struct http *http, const struct cli_target *target, const char *path,
              struct buffer *body_out, struct error *error)
{
    struct http_request request = {.target = target};
    struct answer answer;
    snprintf(request.path, sizeof(request.path), "%s", path);
    if (!exchange_now(http, &request, &answer, error))
        return false;
    bool ok = answer.status == 200;
    if (ok) {
        buffer_append(body_out, buffer_bytes(&answer.body));
    } else {
        char text[512];
        json_t *problem = json_loads(buffer_text(&answer.body), 0, NULL);
        http_problem_text(answer.status, problem, text);
        json_decref(problem);
        bool denied = answer.status == 401 || answer.status == 403;
        error_set(error,
                  denied                 ? ERROR_DENIED
                  : answer.status == 404 ? ERROR_NOT_FOUND
                  : answer.status == 410 ? ERROR_GONE
                  : answer.status == 503 ? ERROR_BUSY
                                         : ERROR_IO,
                  "%s%s: %.300s", target->url, path, text);
    }
    buffer_release(&answer.body);
    return ok;
}

bool http_get_tile(struct http *http, const struct cli_target *target, struct tile_name *name_io,
                   struct buffer *body_out, struct error *error)
{
    uint32_t width = name_io->width;
    char name[TILE_NAME_SIZE], path[HTTP_PATH_MAX];
    for (int try = 0;; try++) {
        bool full = width == TILE_WIDTH || try % 2 == 1;
        name_io->width = full ? TILE_WIDTH : width;
        tile_name_format(name_io, name);
        (void)snprintf(path, sizeof(path), "/%s", name);
        if (http_get(http, target, path, body_out, error))
            return true;
        if (error->code != ERROR_NOT_FOUND || try == TILE_TRIES)
            return false;
        if (full)
            cli_sleep_ms(TILE_WAIT_MS);
    }
}

bool http_ask(struct http *http, const struct cli_target *target, const char *path, const char *key,
              json_t *body, int *status_out, json_t **reply_out, struct error *error)
{
    struct http_request request = {.target = target, .key = key};
    struct answer answer;
    snprintf(request.path, sizeof(request.path), "%s", path);
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    request.body = text;
    json_decref(body);
    bool ok = exchange_now(http, &request, &answer, error);
    free(text);
    if (!ok)
        return false;
    json_error_t why;
    json_t *reply = json_loads(buffer_text(&answer.body), JSON_REJECT_DUPLICATES, &why);
    buffer_release(&answer.body);
    if (!reply)
        return error_set(error, ERROR_INVALID, "%s%s answered %d, not in JSON: %s", target->url,
                         path, answer.status, why.text);
    *status_out = answer.status;
    *reply_out = reply;
    return true;
}

void http_problem_text(int status, const json_t *problem, char text_out[512])
{
    const char *code = json_string_value(json_object_get(problem, "code"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const json_t *first = json_array_get(json_object_get(problem, "errors"), 0);
    const char *where = json_string_value(json_object_get(first, "pointer"));
    const char *what = json_string_value(json_object_get(first, "detail"));
    if (!detail)
        detail = json_string_value(json_object_get(problem, "title"));
    if (!code)
        code = json_string_value(json_object_get(problem, "verdict"));
    snprintf(text_out, 512, "%s%s%.200s%s%.80s%s%.160s (%d)", code ? code : "",
             code && detail ? ": " : "", detail ? detail : "", what ? " " : "", where ? where : "",
             what ? ": " : "", what ? what : "", status);
}
