/* The API of a node as the handler of an HTTP server. */
#include "node/http_server.h"

static void *begin(void *context, const struct api_request *request,
                   const struct api_responder *responder)
{
    return api_begin((struct api *)context, request, responder);
}

static size_t body_max(const void *call)
{
    return api_body_max((const struct api_call *)call);
}

static void too_large(void *call)
{
    api_too_large((struct api_call *)call);
}

static size_t feed(void *call, struct bytes piece)
{
    return api_feed((struct api_call *)call, piece);
}

static void end(void *call)
{
    api_end((struct api_call *)call);
}

static size_t read_on(void *call, uint8_t *out, size_t size, bool *end_out)
{
    return api_read((struct api_call *)call, out, size, end_out);
}

static void close_call(void *call)
{
    api_call_close((struct api_call *)call);
}

static const struct http_handler node_api = {.begin = begin,
                                             .body_max = body_max,
                                             .too_large = too_large,
                                             .feed = feed,
                                             .end = end,
                                             .read = read_on,
                                             .close = close_call};

bool http_server_open(const struct http_server_config *config, struct uv_loop_s *loop,
                      struct api *api, struct http_server **server_out, struct error *error)
{
    return http_server_open_for(config, loop, &node_api, api, server_out, error);
}
