/* Receipts: fetching one from a node, and checking one with nothing but a policy. */
#include "node/cli_commands.h"
#include "node/cli_http.h"
#include "node/qr.h"
#include "node/receipt_words.h"
#include "node/time_text.h"

#include "crypto/policy.h"
#include "crypto/proof.h"

#include <inttypes.h>
#include <string.h>

/* ---- policy --------------------------------------------------------------------------------- */

/* That of the coalition's beginning: of a file that one has, without asking anybody. */
static bool policy_of_file(const char *path, struct buffer *text, struct error *error)
{
    struct charter *charter = NULL;
    struct buffer json;
    buffer_init(&json, CHARTER_SIZE_MAX);
    bool ok = cli_file_read(path, CHARTER_SIZE_MAX, &json, error) &&
              (charter_parse(buffer_bytes(&json), &charter, NULL, error) ||
               error_wrap(error, "%s", path));
    if (ok)
        buffer_append_text(text, charter->tlog_policy);
    charter_close(charter);
    buffer_release(&json);
    return ok;
}

/* That of the charter in force, which is a node's word. */
static bool policy_of_node(const struct cli *cli, struct buffer *text, struct error *error)
{
    struct cli_target target;
    struct policy policy;
    if (!cli_target_find(cli, "auditor", &target, error))
        return false;
    struct http *http = http_open(1, cli->timeout_s * 1000);
    bool ok = http_get(http, &target, "/v1/policy", text, error) &&
              (policy_parse(buffer_bytes(text), &policy, error) ||
               error_wrap(error, "the node's answer is no policy"));
    http_close(http);
    if (ok)
        policy_release(&policy);
    return ok;
}

static int run_policy(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *charter = NULL;
    const struct cli_option options[] = {{"charter", CLI_TEXT, &charter}};
    struct buffer text;
    struct error error;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    buffer_init(&text, POLICY_SIZE_MAX);
    bool ok =
        charter ? policy_of_file(charter, &text, &error) : policy_of_node(&cli, &text, &error);
    if (ok && cli.json)
        cli_print_json(json_pack("{s:s}", "policy", buffer_text(&text)));
    else if (ok)
        fputs(buffer_text(&text), stdout);
    buffer_release(&text);
    return ok ? CLI_OK : cli_fail_error(&cli, &error);
}

const struct cli_command cli_policy = {
    "policy", "Prints the coalition's policy: whose signatures make a checkpoint final",
    "[options]",
    "  --charter FILE        that of the coalition's beginning, out of a charter that one has\n"
    "\nA C2SP tlog-policy: all that 'accrue receipt verify' needs. Without --charter it is that of "
    "the\ncharter in force, as a node tells it: ask one that you trust, or several. A receipt "
    "holds by the\npolicy of its own time; the members may have changed since.\n"
    "\nExample:\n  accrue policy --dir demo > demo.policy\n",
    run_policy};

/* ---- get ------------------------------------------------------------------------------------ */

struct wanted {
    const char *out;
    bool qr;
};

/* What the node gave is kept only if it is a receipt of that record. */
static bool is_receipt(struct bytes text, uint64_t index, struct error *error)
{
    struct buffer scratch;
    struct proof proof;
    struct receipt_words words;
    buffer_init(&scratch, PROOF_EXTRA_MAX);
    bool ok = proof_parse(text, &scratch, &proof, error) &&
              receipt_words_of(proof.extra, NULL, &words, error);
    if (ok && (proof.index != index || words.index != index))
        ok = error_set(error, ERROR_INVALID, "it is of record %" PRIu64, words.index);
    buffer_release(&scratch);
    return ok || error_wrap(error, "the node's answer is no receipt of record %" PRIu64, index);
}

/* The public link, made whole with the node's own address where it is a path only. */
static bool get_link(struct http *http, const struct cli_target *target, uint64_t index,
                     char link_out[CLI_URL_MAX], struct error *error)
{
    char path[HTTP_PATH_MAX];
    struct buffer body;
    snprintf(path, sizeof(path), "/v1/transactions/%" PRIu64, index);
    buffer_init(&body, HTTP_BODY_MAX);
    bool ok = http_get(http, target, path, &body, error);
    json_t *record = ok ? json_loads(buffer_text(&body), JSON_REJECT_DUPLICATES, NULL) : NULL;
    const char *link = json_string_value(json_object_get(record, "receipt"));
    if (ok && !link)
        ok = error_set(error, ERROR_INVALID, "a seal of a height has no link; take its receipt");
    if (ok && snprintf(link_out, CLI_URL_MAX, "%s%s", link[0] == '/' ? target->url : "", link) >=
                  CLI_URL_MAX)
        ok = error_set(error, ERROR_LIMIT, "the link is longer than %d characters", CLI_URL_MAX);
    for (const char *at = ok ? link_out : ""; *at; at++)
        if (*at <= ' ' || *at >= 0x7f)
            ok = error_set(error, ERROR_INVALID, "the node's link is no URL");
    json_decref(record);
    buffer_release(&body);
    return ok;
}

static bool print_receipt(const struct cli *cli, const struct wanted *wanted, uint64_t index,
                          struct buffer *text, const char *link, struct error *error)
{
    struct buffer qr;
    if (wanted->out && !cli_file_write(wanted->out, 0644, buffer_bytes(text), error))
        return false;
    if (cli->json) {
        cli_print_json(json_pack("{s:I, s:s, s:s?}", "index", (json_int_t)index, "receipt",
                                 buffer_text(text), "link", link));
        return true;
    }
    if (!link) {
        if (!wanted->out)
            fwrite(text->at, 1, text->size, stdout);
        return true;
    }
    buffer_init(&qr, CLI_FILE_MAX);
    bool ok = qr_terminal(link, &qr, error);
    if (ok)
        printf("%s%s\n", buffer_text(&qr), link);
    buffer_release(&qr);
    return ok;
}

static int run_get(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct wanted wanted = {0};
    const struct cli_option options[] = {{"out", CLI_TEXT, &wanted.out},
                                         {"qr", CLI_FLAG, &wanted.qr}};
    struct cli_target target;
    struct error error;
    uint64_t index = 0;
    int code;
    char path[HTTP_PATH_MAX], link[CLI_URL_MAX];
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (!parse_u64(bytes_text(cli.rest[0]), INT64_MAX, &index))
        return cli_fail(&cli, CLI_USAGE, "'%.64s' is no record's number", cli.rest[0]);
    if (!cli_target_find(&cli, "till", &target, &error))
        return cli_fail_error(&cli, &error);
    struct http *http = http_open(1, cli.timeout_s * 1000);
    struct buffer text;
    buffer_init(&text, PROOF_SIZE_MAX);
    snprintf(path, sizeof(path), "/v1/records/%" PRIu64 "/receipt", index);
    bool ok = http_get(http, &target, path, &text, &error) &&
              is_receipt(buffer_bytes(&text), index, &error) &&
              (!wanted.qr || get_link(http, &target, index, link, &error)) &&
              print_receipt(&cli, &wanted, index, &text, wanted.qr ? link : NULL, &error);
    http_close(http);
    buffer_release(&text);
    return ok ? CLI_OK : cli_fail_error(&cli, &error);
}

/* ---- verify --------------------------------------------------------------------------------- */

struct checked {
    struct buffer text, policy_text, scratch;
    struct policy policy;
    struct proof proof;
    struct checkpoint checkpoint;
    struct policy_result result;
    struct receipt_words words;
};

static void checked_init(struct checked *checked)
{
    memset(checked, 0, sizeof(*checked));
    buffer_init(&checked->text, PROOF_SIZE_MAX);
    buffer_init(&checked->policy_text, POLICY_SIZE_MAX);
    buffer_init(&checked->scratch, PROOF_EXTRA_MAX);
}

static void checked_release(struct checked *checked)
{
    buffer_release(&checked->text);
    buffer_release(&checked->policy_text);
    buffer_release(&checked->scratch);
    policy_release(&checked->policy);
}

/* Both files are what they should be; whether the proof holds is another question. */
static bool read_files(struct checked *checked, const char *path, const char *policy_path,
                       struct error *error)
{
    const char *from = strcmp(path, "-") == 0 ? "/dev/stdin" : path;
    if (!cli_file_read(policy_path, POLICY_SIZE_MAX, &checked->policy_text, error))
        return false;
    if (!policy_parse(buffer_bytes(&checked->policy_text), &checked->policy, error))
        return error_wrap(error, "%s is no policy", policy_path);
    if (!cli_file_read(from, PROOF_SIZE_MAX, &checked->text, error))
        return false;
    if (!proof_parse(buffer_bytes(&checked->text), &checked->scratch, &checked->proof, error))
        return error_wrap(error, "%s is no receipt", path);
    return checked->proof.extra.size > 0 ||
           error_set(error, ERROR_INVALID, "%s is a proof without its record", path);
}

static bool holds(struct checked *checked, struct error *error)
{
    if (!proof_verify(&checked->proof, checked->proof.extra, &checked->policy, &checked->checkpoint,
                      &checked->result, error) ||
        !receipt_words_of(checked->proof.extra, NULL, &checked->words, error))
        return false;
    return checked->words.index == checked->proof.index ||
           error_set(error, ERROR_CONFLICT, "the record calls itself number %" PRIu64,
                     checked->words.index);
}

/* Too few signatures of known keys: the receipt may be of later members than the policy, which says
 * nothing against it, or for it. */
static const char *may_be_old(const struct error *error)
{
    return error->code == ERROR_DENIED
               ? ". The policy may be older than the receipt: members join, leave and get other "
                 "keys. To renew it, 'accrue audit --charter CHARTER --policy-out FILE SOURCE' "
                 "follows them from the first charter on; or ask a node that you trust, with "
                 "'accrue policy'"
               : "";
}

/* Verifier keys begin with their name and id: enough to find one in the policy. */
static void key_text(const struct note_key *key, char out[NOTE_NAME_MAX + 16])
{
    snprintf(out, NOTE_NAME_MAX + 16, "%s+%08x", key->name, (unsigned)key->id);
}

static json_t *signers_json(const struct checked *checked)
{
    char name[NOTE_NAME_MAX + 16], time[TIME_TEXT_SIZE];
    json_t *list = json_array();
    for (size_t i = 0; i < checked->policy.log_count; i++)
        if (policy_log_signed(&checked->result, i)) {
            key_text(&checked->policy.logs[i].key, name);
            json_array_append_new(list, json_pack("{s:s, s:s}", "kind", "log", "key", name));
        }
    for (size_t i = 0; i < checked->policy.witness_count; i++)
        if (checked->result.witnesses >> i & 1) {
            key_text(&checked->policy.witness_keys[i], name);
            uint64_t time_s = checked->result.times_s[i];
            time_format(time_s < TIME_MS_MAX / 1000 ? time_s * 1000 : TIME_MS_MAX, time);
            /* The policy's name for it is bytes of any kind. */
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:s}", "kind", "witness", "key", name, "time", time));
        }
    return list;
}

static json_t *verdict_json(const struct checked *checked)
{
    char root[HASH_BASE64_SIZE + 1];
    json_t *record = json_array();
    for (size_t i = 0; i < checked->words.count; i++)
        json_array_append_new(record,
                              json_pack("{s:s, s:s}", "label", checked->words.lines[i].label,
                                        "value", checked->words.lines[i].value));
    base64_encode(hash_as_bytes(&checked->checkpoint.root), root);
    return json_pack("{s:b, s:I, s:o, s:{s:s, s:I, s:s}, s:o}", "holds", 1, "index",
                     (json_int_t)checked->proof.index, "record", record, "checkpoint", "origin",
                     checked->checkpoint.origin, "size", (json_int_t)checked->checkpoint.size,
                     "root", root, "signatures", signers_json(checked));
}

static void print_verdict(const struct checked *checked)
{
    char root[HASH_BASE64_SIZE + 1];
    puts("receipt: holds");
    for (size_t i = 0; i < checked->words.count; i++)
        printf("  %-16s %s\n", checked->words.lines[i].label, checked->words.lines[i].value);
    base64_encode(hash_as_bytes(&checked->checkpoint.root), root);
    printf("checkpoint of %s\n  %-16s %" PRIu64 "\n  %-16s %s\n", checked->checkpoint.origin,
           "size", checked->checkpoint.size, "root", root);
    puts("signed by");
    json_t *list = signers_json(checked);
    size_t i;
    json_t *signer;
    json_array_foreach(list, i, signer)
    {
        const char *time = json_string_value(json_object_get(signer, "time"));
        printf("  %-16s %s%s%s\n", json_string_value(json_object_get(signer, "kind")),
               json_string_value(json_object_get(signer, "key")), time ? " at " : "",
               time ? time : "");
    }
    json_decref(list);
}

static int run_verify(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    const char *policy = NULL;
    const struct cli_option options[] = {{"policy", CLI_TEXT, &policy}};
    struct error error;
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (!policy)
        return cli_fail(&cli, CLI_USAGE,
                        "--policy FILE is needed: the keys that you trust ('accrue policy')");
    struct checked *checked = allocate(1, sizeof(*checked));
    checked_init(checked);
    if (!read_files(checked, cli.rest[0], policy, &error)) {
        code = cli_fail(&cli, CLI_USAGE, "%s", error.text);
    } else if (!holds(checked, &error)) {
        code = cli_fail(&cli, CLI_REFUSED, "does not hold: %s%s", error.text, may_be_old(&error));
    } else {
        code = CLI_OK;
        if (cli.json)
            cli_print_json(verdict_json(checked));
        else
            print_verdict(checked);
    }
    checked_release(checked);
    free(checked);
    return code;
}

const struct cli_command cli_receipt_get = {
    "receipt get", "Fetches the receipt of a record: proof that the ledger holds it",
    "[options] INDEX",
    "  --out FILE            into a new file (default: to standard output)\n"
    "  --qr                  show the public link as a QR code, instead of the receipt\n"
    "\nWaits until a checkpoint covers the record. The file is a C2SP tlog-proof.\n"
    "\nExample:\n  accrue receipt get --dir demo --out 12.tlog-proof 12\n",
    run_get};

const struct cli_command cli_receipt_verify = {
    "receipt verify", "Checks a receipt off-line and says what it proves",
    "[options] --policy FILE FILE",
    "  --policy FILE         the logs and witnesses to trust (C2SP tlog-policy; 'accrue policy')\n"
    "  FILE                  the receipt; - for standard input\n"
    "\nNeeds no node, no network and no account. Exit status: 0 it holds, 1 it does not, 2 a file\n"
    "cannot be read or is of another kind.\n"
    "\nExample:\n  accrue receipt verify --policy demo.policy 12.tlog-proof\n",
    run_verify};
