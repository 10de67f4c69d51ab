/* Evidence that a node lied: listing and fetching what a node keeps, and judging a file with
 * nothing but the charter. */
#include "node/cli_commands.h"
#include "node/cli_http.h"
#include "node/cli_membership.h"
#include "node/cli_write.h"

#include "partners/charter.h"
#include "protocol/evidence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- list ----------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void print_list(const json_t *answer)
{
    static const char *const places[] = {"height", "sequence", "size"};
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(answer, "evidence"), i, item)
    {
        char place[64] = "";
        for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
            const json_t *number = json_object_get(item, places[k]);
            if (number)
                (void)snprintf(place, sizeof(place), "%s %lld", places[k],
                               (long long)json_integer_value(number));
        }
        const json_t *from = json_object_get(item, "suspended_from");
        cli_say(stdout, "%-24s  %-16s %-12s  %-20s  %s", text_of(item, "first_seen"),
                text_of(item, "node"), text_of(item, "kind"), place, text_of(item, "hash"));
        if (from)
            printf("  ON THE LEDGER: suspended from height %lld",
                   (long long)json_integer_value(from));
        putchar('\n');
    }
    if (i == 0)
        puts("no evidence: this node has seen nobody contradict itself");
}

static int run_list(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    json_t *answer;
    int code;
    if (!cli_parse(&cli, command, argc, argv, NULL, 0, &code) || !cli_rest(&cli, 0, 0, &code) ||
        !cli_ask(&cli, "auditor", "/v1/evidence", &answer, &code))
        return code;
    if (cli.json) {
        cli_print_json(answer);
        return CLI_OK;
    }
    print_list(answer);
    json_decref(answer);
    return CLI_OK;
}

/* ---- get ------------------------------------------------------------------------------------ */

/* What the node gave is kept only if it is what was asked for. */
static bool fetch(const struct cli *cli, const struct cli_target *target, const struct hash *id,
                  struct buffer *out, struct error *error)
{
    char path[HTTP_PATH_MAX], hex[2 * HASH_SIZE + 1];
    struct evidence evidence;
    hex_encode(hash_as_bytes(id), hex);
    (void)snprintf(path, sizeof(path), "/v1/evidence/%s", hex);
    struct http *http = http_open(1, cli->timeout_s * 1000);
    bool ok = http_get(http, target, path, out, error);
    http_close(http);
    if (!ok)
        return false;
    struct hash seen = hash_bytes(buffer_bytes(out));
    if (!hash_equal(&seen, id))
        return error_set(error, ERROR_INVALID, "the node's answer has another hash");
    return evidence_decode(buffer_bytes(out), &evidence, error);
}

static int run_get(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *path = NULL;
    const struct cli_option options[] = {{"out", CLI_TEXT, &path}};
    struct cli_target target;
    struct error error;
    struct hash id;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (!path)
        return cli_fail(&cli, CLI_USAGE, "--out FILE is needed: it is no text");
    if (!hex_decode(bytes_text(cli.rest[0]), id.at, HASH_SIZE))
        return cli_fail(&cli, CLI_USAGE, "'%.80s' is no hash of 64 hexadecimal digits",
                        cli.rest[0]);
    if (!cli_target_find(&cli, "auditor", &target, &error))
        return cli_fail_error(&cli, &error);
    struct buffer bytes;
    buffer_init(&bytes, EVIDENCE_SIZE_MAX);
    bool ok = fetch(&cli, &target, &id, &bytes, &error) &&
              cli_file_write(path, 0644, buffer_bytes(&bytes), &error);
    buffer_release(&bytes);
    if (ok && cli.json)
        cli_print_json(json_pack("{s:s, s:s}", "hash", cli.rest[0], "file", path));
    return ok ? CLI_OK : cli_fail_error(&cli, &error);
}

/* ---- verify --------------------------------------------------------------------------------- */

struct judged {
    struct charter *charter;
    struct charter_node *nodes; /* whose keys judge */
    size_t node_count;
    struct evidence evidence;
    struct hash id;
    struct verifier *signers[NODES_MAX], *cosigners[NODES_MAX];
};

static void judged_release(struct judged *judged)
{
    for (size_t i = 0; i < NODES_MAX; i++) {
        verifier_close(judged->signers[i]);
        verifier_close(judged->cosigners[i]);
    }
    free(judged->nodes);
    charter_close(judged->charter);
}

static bool open_keys(struct judged *judged, struct error *error)
{
    for (size_t i = 0; i < judged->node_count; i++) {
        const struct charter_node *node = &judged->nodes[i];
        judged->signers[i] = verifier_open(&node->sign_key);
        judged->cosigners[i] = verifier_open(&node->cosigner_key.key);
        if (!judged->signers[i] || !judged->cosigners[i])
            return error_set(error, ERROR_INVALID, "a key of node %s is no Ed25519 key",
                             node->name);
    }
    return true;
}

static bool read_charter(struct judged *judged, const char *path, struct error *error)
{
    struct buffer json;
    buffer_init(&json, CHARTER_SIZE_MAX);
    bool ok = cli_file_read(path, CHARTER_SIZE_MAX, &json, error);
    if (ok && !charter_parse(buffer_bytes(&json), &judged->charter, NULL, error))
        ok = error_wrap(error, "%s is no charter", path);
    buffer_release(&json);
    return ok;
}

/* Those of the coalition's beginning, or those that a node named later. */
static bool read_nodes(struct judged *judged, const char *membership, struct error *error)
{
    struct buffer text;
    judged->nodes = (struct charter_node *)allocate(NODES_MAX, sizeof(*judged->nodes));
    if (!membership) {
        judged->node_count = judged->charter->node_count;
        memcpy(judged->nodes, judged->charter->nodes, judged->node_count * sizeof(*judged->nodes));
        return open_keys(judged, error);
    }
    buffer_init(&text, HTTP_BODY_MAX);
    bool ok = cli_file_read(membership, HTTP_BODY_MAX, &text, error);
    json_t *json = ok ? json_loads(buffer_text(&text), JSON_REJECT_DUPLICATES, NULL) : NULL;
    ok = ok && (membership_nodes(json, judged->nodes, &judged->node_count, error) ||
                error_wrap(error, "%s", membership));
    json_decref(json);
    buffer_release(&text);
    return ok && open_keys(judged, error);
}

static bool read_evidence(struct judged *judged, const char *path, struct error *error)
{
    struct buffer bytes;
    buffer_init(&bytes, EVIDENCE_SIZE_MAX);
    bool ok = cli_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, EVIDENCE_SIZE_MAX, &bytes,
                            error);
    if (ok && !evidence_decode(buffer_bytes(&bytes), &judged->evidence, error))
        ok = error_wrap(error, "%s is no evidence", path);
    judged->id = hash_bytes(buffer_bytes(&bytes));
    buffer_release(&bytes);
    return ok;
}

static bool proves(const struct judged *judged, struct error *error)
{
    struct evidence_keys keys = {.coalition = &judged->charter->coalition,
                                 .origin = judged->charter->origin,
                                 .node_count = judged->node_count,
                                 .signers = (const struct verifier *const *)judged->signers,
                                 .cosigners = (const struct verifier *const *)judged->cosigners};
    return evidence_verify(&judged->evidence, &keys, error);
}

static void print_proof(const struct cli *cli, const struct judged *judged)
{
    char hex[2 * HASH_SIZE + 1], words[EVIDENCE_WORDS_SIZE];
    const char *name = judged->nodes[judged->evidence.node.v].name;
    const char *kind = evidence_word(judged->evidence.kind);
    hex_encode(hash_as_bytes(&judged->id), hex);
    evidence_words(&judged->evidence, name, words);
    if (cli->json)
        cli_print_json(json_pack("{s:b, s:s, s:s, s:s, s:s}", "proves", 1, "hash", hex, "kind",
                                 kind, "node", name, "what", words));
    else
        cli_say(stdout,
                "evidence: it proves a lie\n  %s\n  signed by that node's own key, both times\n"
                "  kind %s, hash %s\n",
                words, kind, hex);
}

static int run_verify(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *charter = NULL, *membership = NULL;
    const struct cli_option options[] = {{"charter", CLI_TEXT, &charter},
                                         {"membership", CLI_TEXT, &membership}};
    struct error error;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (!charter)
        return cli_fail(&cli, CLI_USAGE, "--charter FILE is needed: it holds the nodes' keys");
    struct judged *judged = (struct judged *)allocate(1, sizeof(*judged));
    if (!read_charter(judged, charter, &error) || !read_nodes(judged, membership, &error) ||
        !read_evidence(judged, cli.rest[0], &error)) {
        code = cli_fail(&cli, CLI_USAGE, "%s", error.text);
    } else if (!proves(judged, &error)) {
        code = cli_fail(&cli, CLI_REFUSED, "it proves nothing: %s", error.text);
    } else {
        code = CLI_OK;
        print_proof(&cli, judged);
    }
    judged_release(judged);
    free(judged);
    return code;
}

const struct cli_command cli_evidence_list = {
    "evidence list", "Lists what proves that a node lied, as a node keeps it", "[options]",
    "\nEach line: when it was seen first, whose lie, its kind, where, and the hash to get it by; "
    "and\nwhether it is on the ledger, so that the node is suspended.\n"
    "\nExample:\n  accrue evidence list --dir demo\n",
    run_list};

const struct cli_command cli_evidence_get = {
    "evidence get", "Fetches a piece of evidence into a file", "[options] --out FILE HASH",
    "  --out FILE            into a new file (CBOR, at most 1,024 bytes)\n"
    "\nExample:\n  accrue evidence get --dir demo --out lie.cbor HASH\n",
    run_get};

const struct cli_command cli_evidence_verify = {
    "evidence verify", "Checks off-line that evidence proves a lie, and says whose",
    "[options] --charter FILE FILE",
    "  --charter FILE        the coalition's charter, from a place that you trust\n"
    "  --membership FILE     what 'accrue membership --json' said at the time: the keys of nodes "
    "that\n"
    "                        joined, or whose keys were replaced, since the charter\n"
    "  FILE                  the evidence; - for standard input\n"
    "\nNeeds no node, no network and no account. Exit status: 0 it proves a lie, 1 it proves\n"
    "nothing, 2 a file cannot be read or is of another kind.\n"
    "\nExample:\n  accrue evidence verify --charter demo/charter.json lie.cbor\n",
    run_verify};
