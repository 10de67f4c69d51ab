/* Receipts: the proof of one record, for those with a token and behind its public short link. */
#include "node/api_parts.h"
#include "node/html.h"
#include "node/qr.h"
#include "node/receipt_link.h"
#include "node/receipt_words.h"

#include "crypto/proof.h"

#include <stdio.h>
#include <string.h>

static const char svg_suffix[] = ".svg";
static const char style[] = "body{font:1rem/1.5 sans-serif;max-width:46rem;margin:2rem auto;"
                            "padding:0 1rem;color:#111;background:#fff}"
                            "dt{color:#555}dd{margin:0 0 .4rem;overflow-wrap:anywhere}"
                            "pre{background:#f2f2f2;padding:.6rem;white-space:pre-wrap;"
                            "overflow-wrap:anywhere}";

/* ---- the link ------------------------------------------------------------------------------- */

void api_receipt_link(const struct api *api, uint64_t index, char link_out[API_LINK_SIZE])
{
    char id[RECEIPT_ID_SIZE + 1];
    receipt_id_make(api->config.secret, &api->charter->coalition, index, id);
    (void)snprintf(link_out, API_LINK_SIZE, "%.*s" RECEIPT_LINK_PATH "%s", API_PUBLIC_URL_MAX,
                   api->config.public_url ? api->config.public_url : "", id);
}

/* Room in this second for one more; what the public may cost is the same however many ask. */
static bool spend(struct api *api, struct api_allowance *allowance)
{
    uint64_t now = api_now(api);
    if (now < allowance->since_ms || now - allowance->since_ms >= 1000)
        *allowance = (struct api_allowance){.since_ms = now};
    return allowance->used++ < API_LINKS_PER_SECOND;
}

/* ---- the receipt ---------------------------------------------------------------------------- */

struct receipt {
    struct buffer record, text;
};

static void receipt_init(struct receipt *receipt)
{
    buffer_init(&receipt->record, RECORD_SIZE_MAX);
    buffer_init(&receipt->text, PROOF_SIZE_MAX);
}

static void receipt_release(struct receipt *receipt)
{
    buffer_release(&receipt->record);
    buffer_release(&receipt->text);
}

/* ERROR_NOT_FOUND: there is no such record; ERROR_BUSY: no checkpoint covers it yet. */
static bool receipt_make(struct api *api, uint64_t index, struct receipt *receipt,
                         struct error *error)
{
    struct proof proof = {.index = index};
    uint64_t size = 0;
    if (index >= api_status(api)->records)
        return error_set(error, ERROR_NOT_FOUND, "record %llu", (unsigned long long)index);
    if (!api_checkpoint(api, &proof.checkpoint, &size, error))
        return false;
    if (index >= size)
        return error_set(error, ERROR_BUSY, "record %llu is beyond the checkpoint",
                         (unsigned long long)index);
    if (!replica_record(api->config.replica, index, &receipt->record, error) ||
        !replica_prove_inclusion(api->config.replica, index, size, proof.hashes, &proof.hash_count,
                                 error))
        return false;
    proof.extra = buffer_bytes(&receipt->record);
    proof_format(&proof, &receipt->text);
    must(!receipt->text.overflowed);
    return true;
}

static void respond_text(struct api_call *call, struct receipt *receipt, const char *page_policy)
{
    struct api_response response;
    api_response_init(&response, 200, "text/plain; charset=utf-8");
    response.page_policy = page_policy;
    buffer_append(&response.body, buffer_bytes(&receipt->text));
    api_respond(call, &response);
}

static void refuse_receipt(struct api_call *call, const struct error *error)
{
    if (error->code == ERROR_BUSY)
        api_refuse(call, PROBLEM_NOT_FINAL, "No checkpoint covers the record yet: ask again.");
    else if (error->code == ERROR_DENIED)
        api_refuse_standing(call, api_standing(call->api));
    else
        api_respond_error(call, error);
}

void api_get_receipt(struct api_call *call)
{
    struct receipt receipt;
    struct error error;
    uint64_t index = 0;
    if (!api_argument_number(call, 0, &index))
        return;
    receipt_init(&receipt);
    if (receipt_make(call->api, index, &receipt, &error))
        respond_text(call, &receipt, NULL);
    else
        refuse_receipt(call, &error);
    receipt_release(&receipt);
}

/* ---- the page ------------------------------------------------------------------------------- */

static void put_escaped(struct buffer *out, struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        html_put_byte(out, text.at[i]);
}

static void page_begin(struct buffer *out, const char *title)
{
    buffer_printf(out,
                  "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width\">"
                  "<title>%s</title><style>%s</style></head><body>\n<h1>%s</h1>\n",
                  title, style, title);
}

static void page_write(const struct api *api, const struct receipt *receipt,
                       const struct receipt_words *words, struct buffer *out)
{
    page_begin(out, "Receipt");
    buffer_append_text(out, "<p>The coalition <b>");
    put_escaped(out, bytes_text(api->charter->name));
    buffer_append_text(out, "</b> has this on its ledger:</p>\n<dl>\n");
    for (size_t i = 0; i < words->count; i++) {
        buffer_printf(out, "<dt>%s</dt><dd>", words->lines[i].label);
        put_escaped(out, bytes_text(words->lines[i].value));
        buffer_append_text(out, "</dd>\n");
    }
    buffer_append_text(out, "</dl>\n<p>This page is the word of the node <b>");
    put_escaped(out, bytes_text(api->config.name));
    buffer_append_text(out, "</b>. The text below proves it without trusting anybody: save it as a "
                            "file and run <code>accrue receipt verify FILE --policy POLICY</code> "
                            "with the coalition's published policy.</p>\n<pre>");
    put_escaped(out, buffer_bytes(&receipt->text));
    buffer_append_text(out, "</pre>\n</body></html>\n");
}

/* No script, nothing from elsewhere, and of styles this one. */
static void page_policy(char policy_out[API_PAGE_POLICY_SIZE])
{
    char digest[HASH_BASE64_SIZE + 1];
    struct hash hash = hash_bytes(bytes_text(style));
    base64_encode(hash_as_bytes(&hash), digest);
    (void)snprintf(policy_out, API_PAGE_POLICY_SIZE,
                   "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; "
                   "form-action 'none'; frame-ancestors 'none'",
                   digest);
}

static void respond_page(struct api_call *call, const struct receipt *receipt, const char *policy)
{
    struct api *api = call->api;
    struct api_response response;
    struct receipt_words words;
    struct error error;
    if (!receipt_words_of(buffer_bytes(&receipt->record), api->charter, &words, &error)) {
        api_respond_error(call, &error);
        return;
    }
    api_response_init(&response, 200, "text/html; charset=utf-8");
    response.page_policy = policy;
    page_write(api, receipt, &words, &response.body);
    api_respond(call, &response);
}

static void respond_soon(struct api_call *call, const char *policy)
{
    struct api_response response;
    api_response_init(&response, 503, "text/html; charset=utf-8");
    response.page_policy = policy;
    response.retry_after_s = 1;
    page_begin(&response.body, "Not final yet");
    buffer_append_text(&response.body,
                       "<p>The transaction is on the ledger, and the proof of it is being signed. "
                       "Load this page again in a moment.</p>\n</body></html>\n");
    api_respond(call, &response);
}

static bool accepts_html(struct bytes accept)
{
    static const char html[] = "text/html";
    for (size_t i = 0; i + sizeof(html) - 1 <= accept.size; i++)
        if (memcmp(accept.at + i, html, sizeof(html) - 1) == 0)
            return true;
    return false;
}

/* ---- the short link ------------------------------------------------------------------------- */

static void respond_svg(struct api_call *call, uint64_t index, const char *policy)
{
    char link[API_LINK_SIZE];
    struct api_response response;
    struct error error;
    if (!call->api->config.public_url) {
        api_refuse(call, PROBLEM_NOT_FOUND, "This node's configuration has no http.public_url.");
        return;
    }
    api_receipt_link(call->api, index, link);
    api_response_init(&response, 200, "image/svg+xml");
    response.page_policy = policy;
    if (qr_svg(link, &response.body, &error)) {
        api_respond(call, &response);
    } else {
        buffer_release(&response.body);
        api_respond_error(call, &error);
    }
}

static void respond_link(struct api_call *call, uint64_t index, bool svg)
{
    bool html = accepts_html(call->request.accept);
    char policy[API_PAGE_POLICY_SIZE];
    struct receipt receipt;
    struct error error;
    page_policy(policy);
    receipt_init(&receipt);
    if (svg && index < api_status(call->api)->records)
        respond_svg(call, index, policy);
    else if (!receipt_make(call->api, index, &receipt, &error) && error.code == ERROR_BUSY && html)
        respond_soon(call, policy);
    else if (receipt.text.size == 0)
        refuse_receipt(call, &error);
    else if (html)
        respond_page(call, &receipt, policy);
    else
        respond_text(call, &receipt, policy);
    receipt_release(&receipt);
}

/* Guesses have an allowance of their own, so that they cannot use up that of those who know. */
void api_get_receipt_link(struct api_call *call)
{
    struct api *api = call->api;
    struct bytes id = bytes_text(call->arguments[0]);
    bool svg = id.size == RECEIPT_ID_SIZE + sizeof(svg_suffix) - 1 &&
               memcmp(id.at + RECEIPT_ID_SIZE, svg_suffix, sizeof(svg_suffix) - 1) == 0;
    uint64_t index = 0;
    if (svg)
        id.size = RECEIPT_ID_SIZE;
    bool known = receipt_id_open(api->config.secret, &api->charter->coalition, id, &index);
    if (!spend(api, known ? &api->links : &api->guesses))
        api_refuse(call, PROBLEM_BUSY, "Too many ask this node for receipts.");
    else if (!known)
        api_refuse(call, PROBLEM_NOT_FOUND, "No record has this link.");
    else
        respond_link(call, index, svg);
}
