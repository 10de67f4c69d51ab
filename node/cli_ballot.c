/* accrue ballot: a partner's vote for a motion, signed with its governance key after it was shown
 * what it votes for, as this program reads the motion's own bytes. */
#include "node/cli_commands.h"
#include "node/cli_membership.h"
#include "node/cli_write.h"
#include "node/motion_words.h"

#include "crypto/keyfile.h"
#include "protocol/motion.h"

#include <string.h>

struct ballot {
    const char *key_file, *partner, *key;
    bool show;
    uint64_t index;
    struct buffer body; /* the motion's */
    struct hash hash, coalition;
    struct motion motion;
    struct signing_key *governance;
};

/* The open motion's bytes. */
static bool find_motion(const struct cli *cli, struct ballot *ballot, const json_t *membership,
                        int *exit_out)
{
    size_t i, size = 0;
    json_t *motion;
    uint8_t bytes[MOTION_SIZE_MAX];
    struct error error;
    json_array_foreach(json_object_get(membership, "motions"), i, motion)
    {
        if ((uint64_t)json_integer_value(json_object_get(motion, "motion")) != ballot->index)
            continue;
        const char *text = json_string_value(json_object_get(motion, "body"));
        if (!text || !base64_decode(bytes_text(text), bytes, sizeof(bytes), &size))
            break;
        buffer_append(&ballot->body, bytes_of(bytes, size));
        ballot->hash = hash_bytes(buffer_bytes(&ballot->body));
        if (motion_decode(buffer_bytes(&ballot->body), &ballot->motion, &error))
            return true;
        *exit_out = cli_fail(cli, CLI_REFUSED, "the node's answer is no motion: %s", error.text);
        return false;
    }
    *exit_out = cli_fail(cli, CLI_REFUSED,
                         "no motion %llu is open: 'accrue membership' lists those that are",
                         (unsigned long long)ballot->index);
    return false;
}

/* Whose key it is: that is who votes. */
static bool find_partner(const struct cli *cli, struct ballot *ballot, const json_t *membership,
                         int *exit_out)
{
    char wanted[BASE64_SIZE(PUBLIC_KEY_SIZE) + 1];
    struct public_key own = signing_key_public(ballot->governance);
    size_t i;
    json_t *partner;
    base64_encode(bytes_of(own.at, PUBLIC_KEY_SIZE), wanted);
    json_array_foreach(json_object_get(membership, "partners"), i, partner)
    {
        const char *key = json_string_value(json_object_get(partner, "governance_key"));
        if (!key || strcmp(key, wanted) != 0)
            continue;
        ballot->partner = json_string_value(json_object_get(partner, "name"));
        return ballot->partner != NULL;
    }
    *exit_out =
        cli_fail(cli, CLI_REFUSED, "%s is no partner's governance key in force", ballot->key_file);
    return false;
}

static void print_motion(const struct ballot *ballot, const json_t *membership)
{
    struct buffer words;
    buffer_init(&words, MOTION_WORDS_MAX);
    struct motion_names names = membership_names(membership);
    motion_words(&ballot->motion, &names, &words);
    cli_say(stdout, "motion %llu: %s", (unsigned long long)ballot->index, buffer_text(&words));
    buffer_release(&words);
}

static int cast(const struct cli *cli, const struct ballot *ballot)
{
    char text[BASE64_SIZE(SIGNATURE_SIZE) + 1];
    struct signature signature = ballot_sign(ballot->governance, &ballot->coalition,
                                             (struct record_index){ballot->index}, &ballot->hash);
    base64_encode(bytes_of(signature.at, SIGNATURE_SIZE), text);
    return cli_write(cli, "admin", "/v1/ballots", ballot->key,
                     json_pack("{s:I, s:s, s:s}", "motion", (json_int_t)ballot->index, "partner",
                               ballot->partner, "signature", text));
}

static int run(const struct cli *cli, struct ballot *ballot)
{
    json_t *membership;
    struct error error;
    int code;
    if (!cli_ask(cli, "admin", "/v1/membership", &membership, &code))
        return code;
    const char *coalition = json_string_value(json_object_get(membership, "coalition"));
    if (!find_motion(cli, ballot, membership, &code)) {
        json_decref(membership);
        return code;
    }
    if (!cli->json)
        print_motion(ballot, membership);
    code = CLI_OK;
    if (!ballot->show) {
        if (!coalition || !hex_decode(bytes_text(coalition), ballot->coalition.at, HASH_SIZE))
            code = cli_fail(cli, CLI_REFUSED, "the node does not say which coalition it is of");
        else if (!keyfile_read(ballot->key_file, &ballot->governance, &error))
            code = cli_fail_error(cli, &error);
        else if (find_partner(cli, ballot, membership, &code))
            code = cast(cli, ballot);
    }
    json_decref(membership);
    return code;
}

static int run_ballot(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct ballot ballot = {.key_file = NULL};
    const struct cli_option options[] = {{"governance", CLI_TEXT, &ballot.key_file},
                                         {"show", CLI_FLAG, &ballot.show},
                                         {"key", CLI_TEXT, &ballot.key}};
    int code;
    if (!cli_parse(&cli, command, argc, argv, options, ARRAY_SIZE(options), &code) ||
        !cli_rest(&cli, 1, 1, &code))
        return code;
    if (!parse_u64(bytes_text(cli.rest[0]), INT64_MAX, &ballot.index))
        return cli_fail(&cli, CLI_USAGE, "a motion is the number of its record, not '%s'",
                        cli.rest[0]);
    if (!ballot.show && !ballot.key_file)
        return cli_fail(&cli, CLI_USAGE,
                        "--governance FILE is needed: the partner's governance key; or --show");
    buffer_init(&ballot.body, MOTION_SIZE_MAX);
    code = run(&cli, &ballot);
    buffer_release(&ballot.body);
    signing_key_close(ballot.governance);
    return code;
}

const struct cli_command cli_ballot = {
    "ballot", "Votes for a motion, with a partner's governance key",
    "[options] --governance FILE MOTION",
    "  --governance FILE     the partner's governance key; it does not leave this machine\n"
    "  --show                only shows what the motion would change\n"
    "  --key KEY             idempotency key (default: random)\n"
    "\nWhat is voted for is shown as this program reads it from the motion's bytes, and the "
    "signature\nis over those. A motion is carried once a quorum of the partners that vote has "
    "voted for it.\n"
    "\nExample:\n  accrue ballot --dir demo --governance demo/books/governance.key 41\n",
    run_ballot};
