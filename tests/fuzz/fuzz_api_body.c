// links: node
/* Any bytes as the body of any write: built into a transaction that survives its own codec, or
 * refused with a problem. The first byte chooses the type. */
#include "node/api_build.h"
#include "unit/coalition.h"

#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool no_record(void *context, uint64_t index, struct buffer *record_out, struct error *error)
{
    (void)context;
    (void)index;
    (void)record_out;
    return error_set(error, ERROR_NOT_FOUND, "no records here");
}

static bool no_automatic(void *context, uint64_t index, struct buffer *effects_out,
                         struct error *error)
{
    return no_record(context, index, effects_out, error);
}

static bool no_path(void *context, uint64_t index, uint64_t size, struct hash path_out[64],
                    size_t *count_out, struct error *error)
{
    (void)size;
    (void)path_out;
    (void)count_out;
    return no_record(context, index, NULL, error);
}

static struct charter *charter_of_the_run(void)
{
    static struct charter *charter;
    struct coalition_spec spec = {.names = {"grocer", "books", NULL}, .sandbox = true};
    if (!charter)
        charter = coalition_found(coalition_draft(&spec));
    return charter;
}

static void survives_its_codec(const struct transaction *transaction)
{
    struct buffer bytes;
    struct transaction decoded;
    buffer_init(&bytes, TRANSACTION_SIZE_MAX);
    transaction_encode(transaction, &bytes);
    must(bytes.overflowed || transaction_decode(buffer_bytes(&bytes), &decoded, NULL));
    buffer_release(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct state *state;
    enum transaction_type type;
    json_t *body;
    struct built built;
    struct problem problem;
    if (!state)
        state = state_open(charter_of_the_run());
    if (size < 1 || !transaction_type_from_number(data[0], &type) ||
        !form_parse(bytes_of(data + 1, size - 1), &body, NULL))
        return 0;
    struct build_input input = {.charter = charter_of_the_run(),
                                .state = state,
                                .secret = bytes_text("a secret of the coalition, 32 b."),
                                .key = bytes_text("key"),
                                .at_ms = START_MS,
                                .lone = true,
                                .settle = {.period = size % 3, .payment = 1, .approver = "office"},
                                .record = no_record,
                                .automatic = no_automatic,
                                .prove = no_path};
    if (build_transaction(&input, type, body, &built, &problem)) {
        survives_its_codec(&built.transaction);
        built_release(&built);
    } else {
        must(problem_status(&problem) >= 400);
    }
    json_decref(body);
    return 0;
}
