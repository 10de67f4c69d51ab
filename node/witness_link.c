#include "node/witness_link.h"

#include "crypto/policy.h"
#include "node/log.h"
#include "node/witness_client.h"

#include <inttypes.h>
#include <stdlib.h>

struct witness_link {
    struct api *api;
    const struct replica *replica;
    const struct policy *policy;
    struct witness_client *client;
    struct witness_target targets[POLICY_WITNESSES_MAX];
    size_t places[POLICY_WITNESSES_MAX]; /* of the targets, among the policy's witnesses */
    size_t count;
};

static const char *name_of(const struct witness_link *link, size_t target)
{
    return link->policy->witnesses[link->places[target]].name;
}

/* ---- what the client asks and tells --------------------------------------------------------- */

static bool on_newest(void *context, struct checkpoint *checkpoint_out, struct buffer *note_out)
{
    return api_offered(((struct witness_link *)context)->api, checkpoint_out, note_out);
}

static bool on_prove(void *context, uint64_t old_size, uint64_t size,
                     struct hash proof_out[MERKLE_CONSISTENCY_MAX], size_t *count_out)
{
    const struct witness_link *link = context;
    struct error error;
    if (replica_prove_consistency(link->replica, old_size, size, proof_out, count_out, &error))
        return true;
    log_warn("a witness gets no proof", log_text("reason", error.text));
    return false;
}

static void on_cosigned(void *context, const struct witness_cosignature *cosignature)
{
    const struct witness_link *link = context;
    log_debug("a witness cosigned", log_text("witness", name_of(link, cosignature->witness)),
              log_unsigned("size", cosignature->checkpoint->size));
    api_cosigned(link->api, link->places[cosignature->witness], cosignature->checkpoint,
                 cosignature->line);
}

static void on_outrun(void *context, size_t target)
{
    const struct witness_link *link = context;
    (void)target;
    api_outrun(link->api);
}

static void on_troubled(void *context, size_t target, const char *why)
{
    const struct witness_link *link = context;
    log_warn("a witness does not cosign", log_text("witness", name_of(link, target)),
             log_text("reason", why));
}

/* ---- lifecycle ------------------------------------------------------------------------------ */

struct witness_link *witness_link_open(struct uv_loop_s *loop, struct api *api,
                                       const struct replica *replica)
{
    struct witness_link *link = (struct witness_link *)allocate(1, sizeof(*link));
    link->api = api;
    link->replica = replica;
    link->policy = api_policy(api);
    for (size_t i = 0; i < link->policy->witness_count; i++) {
        if (!link->policy->witnesses[i].url[0])
            continue;
        link->targets[link->count] = (struct witness_target){.url = link->policy->witnesses[i].url,
                                                             .key = link->policy->witness_keys[i]};
        link->places[link->count++] = i;
    }
    if (link->count == 0) {
        free(link);
        return NULL;
    }
    struct witness_client_config config = {.loop = loop,
                                           .witnesses = link->targets,
                                           .witness_count = link->count,
                                           .context = link,
                                           .newest = on_newest,
                                           .prove = on_prove,
                                           .cosigned = on_cosigned,
                                           .outrun = on_outrun,
                                           .troubled = on_troubled};
    link->client = witness_client_open(&config);
    return link;
}

void witness_link_step(struct witness_link *link)
{
    if (link)
        witness_client_kick(link->client);
}

void witness_link_close(struct witness_link *link)
{
    if (!link)
        return;
    witness_client_close(link->client);
    free(link);
}

/* ---- metrics -------------------------------------------------------------------------------- */

/* Names of a policy are any bytes. */
static void put_row(struct buffer *out, const char *metric, const char *name, const char *more,
                    uint64_t value)
{
    buffer_printf(out, "%s{witness=\"", metric);
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            buffer_append_byte(out, '\\');
        buffer_append_byte(out, *name >= ' ' ? (uint8_t)*name : '?');
    }
    buffer_printf(out, "\"%s} %" PRIu64 "\n", more, value);
}

void witness_link_metrics(const struct witness_link *link, struct buffer *out)
{
    if (!link)
        return;
    buffer_append_text(out, "# HELP accrue_outside_witness_size Records of the newest checkpoint "
                            "that the witness cosigned for this node.\n"
                            "# TYPE accrue_outside_witness_size gauge\n");
    for (size_t i = 0; i < link->count; i++)
        put_row(out, "accrue_outside_witness_size", name_of(link, i), "",
                witness_client_counts(link->client, i).cosigned_size);
    buffer_append_text(out, "# HELP accrue_outside_witness_requests_total Checkpoints brought to "
                            "the witness, by how it ended.\n"
                            "# TYPE accrue_outside_witness_requests_total counter\n");
    for (size_t i = 0; i < link->count; i++) {
        struct witness_client_counts counts = witness_client_counts(link->client, i);
        static const char requests[] = "accrue_outside_witness_requests_total";
        put_row(out, requests, name_of(link, i), ",result=\"cosigned\"", counts.cosigned);
        put_row(out, requests, name_of(link, i), ",result=\"stale\"", counts.told);
        put_row(out, requests, name_of(link, i), ",result=\"failed\"", counts.failed);
    }
}
