/* accrue contract ...: prices that two partners agree upon, proposed by one and signed by the
 * other, which sees what it signs as this program reads it. */
#include "node/cli_commands.h"
#include "node/cli_deal.h"
#include "node/contract_view.h"
#include "node/local_time.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* ---- propose --------------------------------------------------------------------------------- */

struct proposal { /* as it stands on the command line */
    const char *funder, *redeemer, *face, *reimbursement, *face_currency, *currency;
    const char *issue_fee, *redemption_fee, *redemption_tax, *fee_tax, *period_cap, *year_cap;
    const char *from, *until;
    uint64_t exit_days;
};

/* "none" is none; left out, it is the charter's. */
static void put_tax(json_t *body, const char *name, const char *text)
{
    if (text && strcmp(text, "none") == 0)
        json_object_set_new(body, name, json_null());
    else
        cli_put_text(body, name, text);
}

static bool put_prices(const struct cli *cli, const struct proposal *proposal, json_t *body,
                       int *exit_out)
{
    return deal_put_price(cli, body, "face", proposal->face, exit_out) &&
           deal_put_price(cli, body, "reimbursement", proposal->reimbursement, exit_out) &&
           deal_put_price(cli, body, "issue_fee", proposal->issue_fee, exit_out) &&
           deal_put_price(cli, body, "redemption_fee", proposal->redemption_fee, exit_out) &&
           deal_put_points(cli, body, "period_cap", proposal->period_cap, exit_out) &&
           deal_put_points(cli, body, "year_cap", proposal->year_cap, exit_out);
}

static bool all_given(const struct cli *cli, const struct proposal *proposal, int *exit_out)
{
    return deal_needs(cli, "funder", proposal->funder, exit_out) &&
           deal_needs(cli, "redeemer", proposal->redeemer, exit_out) &&
           deal_needs(cli, "face", proposal->face, exit_out) &&
           deal_needs(cli, "reimbursement", proposal->reimbursement, exit_out) &&
           deal_needs(cli, "from", proposal->from, exit_out);
}

static bool has_exit_days(const struct cli *cli, const struct proposal *proposal, int *exit_out)
{
    if (proposal->exit_days <= EXIT_DAYS_MAX)
        return true;
    *exit_out = cli_fail(cli, CLI_USAGE, "--exit-days is at most %d", EXIT_DAYS_MAX);
    return false;
}

/* The other of the two signs it, at its own node. */
static void tell_who_signs(const struct cli *cli, const struct deal_options *own,
                           const struct proposal *proposal, json_int_t number)
{
    struct buffer words;
    json_t *coalition;
    int unused;
    if (!cli_ask(cli, deal_scope(own), "/v1/coalition", &coalition, &unused))
        return; /* it is proposed all the same */
    struct command_place place = cli_place_open(cli, coalition);
    bool is_funder = place.self && strcmp(place.self, proposal->funder) == 0;
    const char *other = is_funder ? proposal->redeemer : proposal->funder;
    buffer_init(&words, DEAL_WORDS_MAX);
    buffer_printf(&words, "%s signs it\n    accrue contract sign %" JSON_INTEGER_FORMAT, other,
                  number);
    command_place_put(&place, other, &words);
    cli_say(stdout, "%s\n", buffer_text(&words));
    buffer_release(&words);
    cli_place_close(&place);
    json_decref(coalition);
}

static int post_proposal(const struct cli *cli, const struct deal_options *own,
                         const struct proposal *proposal, json_t *body)
{
    json_t *result;
    int code = cli_write_result(cli, deal_scope(own), "/v1/contracts", own->key, body, &result);
    const json_t *number = json_object_get(result, "contract");
    if (json_is_integer(number))
        tell_who_signs(cli, own, proposal, json_integer_value(number));
    json_decref(result);
    return code;
}

static int propose(const struct cli *cli, const struct deal_options *own,
                   const struct proposal *proposal)
{
    int code;
    if (!all_given(cli, proposal, &code) || !has_exit_days(cli, proposal, &code))
        return code;
    json_t *body = json_object();
    cli_put_text(body, "funder", proposal->funder);
    cli_put_text(body, "redeemer", proposal->redeemer);
    cli_put_text(body, "face_currency", proposal->face_currency);
    cli_put_text(body, "currency", proposal->currency);
    put_tax(body, "redemption_tax", proposal->redemption_tax);
    put_tax(body, "fee_tax", proposal->fee_tax);
    json_object_set_new(body, "exit_days", json_integer((json_int_t)proposal->exit_days));
    if (put_prices(cli, proposal, body, &code) &&
        deal_put_moment(cli, own, body, "from", proposal->from, &code) &&
        deal_put_moment(cli, own, body, "until", proposal->until, &code))
        return post_proposal(cli, own, proposal, body);
    json_decref(body);
    return code;
}

static int run_propose(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    struct proposal proposal = {.funder = NULL};
    const struct cli_option options[] = {
        {"funder", CLI_TEXT, &proposal.funder},
        {"redeemer", CLI_TEXT, &proposal.redeemer},
        {"face", CLI_TEXT, &proposal.face},
        {"reimbursement", CLI_TEXT, &proposal.reimbursement},
        {"face-currency", CLI_TEXT, &proposal.face_currency},
        {"currency", CLI_TEXT, &proposal.currency},
        {"issue-fee", CLI_TEXT, &proposal.issue_fee},
        {"redemption-fee", CLI_TEXT, &proposal.redemption_fee},
        {"redemption-tax", CLI_TEXT, &proposal.redemption_tax},
        {"fee-tax", CLI_TEXT, &proposal.fee_tax},
        {"period-cap", CLI_TEXT, &proposal.period_cap},
        {"year-cap", CLI_TEXT, &proposal.year_cap},
        {"from", CLI_TEXT, &proposal.from},
        {"until", CLI_TEXT, &proposal.until},
        {"exit-days", CLI_NUMBER, &proposal.exit_days},
    };
    int code;
    if (!deal_begin(&cli, command, argc, argv, options, ARRAY_SIZE(options), &own, &code) ||
        !cli_rest(&cli, 0, 0, &code))
        return code;
    return propose(&cli, &own, &proposal);
}

const struct cli_command cli_contract_propose = {
    "contract propose", "Proposes what the points of one partner are worth at another",
    "[options] --funder A --redeemer B --face PRICE --reimbursement PRICE --from DAY",
    "  --funder NAME         whose points: it pays for them\n"
    "  --redeemer NAME       where they are spent; the node's partner is one of the two\n"
    "  --face PRICE          what a point takes off at the till\n"
    "  --reimbursement PRICE what the funder pays for it\n"
    "  --face-currency CODE, --currency CODE\n"
    "                        of the till, and of what is paid (default: the charter's)\n"
    "  --issue-fee PRICE, --redemption-fee PRICE\n"
    "                        a point, to the operator: only where it is the redeemer (default 0)\n"
    "  --redemption-tax CODE, --fee-tax CODE\n"
    "                        of the charter's taxes, or none (default: as the charter says)\n"
    "  --period-cap N, --year-cap N\n"
    "                        so many points may be spent there (default: no cap)\n"
    "  --from DAY            in force from its midnight on in the charter's zone, or from a time\n"
    "                        such as 2027-02-01T00:00:00Z\n"
    "  --until DAY           and no longer from then on (default: until the next one "
    "begins)\n"
    "  --exit-days N         either of the two may end it earlier, with so many days' notice\n"
    "                        (default: neither may)\n" DEAL_HELP
    "\nNothing is binding until the other has signed. Points that were "
    "issued before keep the prices "
    "they\nhad.\n"
    "\nExample:\n  accrue contract propose --dir demo --node grocer --funder grocer --redeemer "
    "cinema \\\n      --face 0.01 --reimbursement 0.008 --from 2027-02-01\n",
    run_propose};

/* ---- one of them ----------------------------------------------------------------------------- */

static bool read_number(const struct cli *cli, uint32_t *number_out, int *exit_out)
{
    uint64_t number;
    if (!cli_rest(cli, 1, 1, exit_out))
        return false;
    if (parse_u64(bytes_text(cli->rest[0]), CONTRACTS_MAX - 1, &number)) {
        *number_out = (uint32_t)number;
        return true;
    }
    *exit_out =
        cli_fail(cli, CLI_USAGE, "'%.40s' is no contract's number: 'accrue contract list' has them",
                 cli->rest[0]);
    return false;
}

static bool ask_contract(const struct cli *cli, const struct deal_options *own, uint32_t number,
                         json_t **answer_out, int *exit_out)
{
    char path[HTTP_PATH_MAX];
    (void)snprintf(path, sizeof(path), "/v1/contracts/%" PRIu32, number);
    return cli_ask(cli, deal_scope(own), path, answer_out, exit_out);
}

/* The contract as this program reads it. */
static bool view_contract(const struct cli *cli, const struct deal_options *own, uint32_t number,
                          struct contract_view *view_out, int *exit_out)
{
    json_t *contract, *coalition;
    struct error error;
    if (!ask_contract(cli, own, number, &contract, exit_out))
        return false;
    if (!cli_ask(cli, deal_scope(own), "/v1/coalition", &coalition, exit_out)) {
        json_decref(contract);
        return false;
    }
    bool ok =
        contract_view_read(contract, json_object_get(coalition, "partners"), view_out, &error);
    if (ok && view_out->number != number)
        ok = error_set(&error, ERROR_INVALID, "the node tells of another contract");
    if (!ok)
        *exit_out = cli_fail(cli, CLI_REFUSED, "%s", error.text);
    json_decref(contract);
    json_decref(coalition);
    return ok;
}

static bool print_view(const struct cli *cli, const struct deal_options *own,
                       const struct contract_view *view, int *exit_out)
{
    struct buffer words;
    struct charter *charter;
    if (!deal_charter(cli, own, &charter, exit_out))
        return false;
    buffer_init(&words, CONTRACT_WORDS_MAX);
    contract_view_words(view, charter, &words);
    cli_say(stdout, "%s", buffer_text(&words));
    buffer_release(&words);
    charter_close(charter);
    return true;
}

/* ---- sign, withdraw -------------------------------------------------------------------------- */

struct signing {
    const char *digest;
    bool yes;
};

static bool is_agreed(const struct cli *cli, const struct signing *signing, int *exit_out)
{
    char line[16];
    if (signing->yes || signing->digest)
        return true;
    if (!isatty(STDIN_FILENO) || cli->json) { /* nobody sees it, or can answer */
        *exit_out = cli_fail(cli, CLI_USAGE,
                             "nobody is there to be asked: give --digest HEX, or --yes; nothing "
                             "was signed");
        return false;
    }
    fputs("Sign it? [y/N] ", stderr);
    if (fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y'))
        return true;
    *exit_out = cli_fail(cli, CLI_REFUSED, "nothing was signed");
    return false;
}

static int sign_contract(const struct cli *cli, const struct deal_options *own,
                         const struct signing *signing, uint32_t number)
{
    struct contract_view view;
    char known[HASH_HEX_SIZE + 1], path[HTTP_PATH_MAX];
    int code;
    if (!view_contract(cli, own, number, &view, &code))
        return code;
    hex_encode(hash_as_bytes(&view.digest), known);
    if (!cli->json && !print_view(cli, own, &view, &code))
        return code;
    if (signing->digest && strcmp(signing->digest, known) != 0)
        return cli_fail(cli, CLI_REFUSED,
                        "the digest of contract %" PRIu32
                        " is %s, not what --digest says: nothing was signed",
                        number, known);
    if (!is_agreed(cli, signing, &code))
        return code;
    (void)snprintf(path, sizeof(path), "/v1/contracts/%" PRIu32 "/sign", number);
    return cli_write(cli, deal_scope(own), path, own->key, json_pack("{s:s}", "digest", known));
}

static int run_sign(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    struct signing signing = {.digest = NULL};
    const struct cli_option options[] = {{"digest", CLI_TEXT, &signing.digest},
                                         {"yes", CLI_FLAG, &signing.yes}};
    uint32_t number;
    int code;
    if (!deal_begin(&cli, command, argc, argv, options, ARRAY_SIZE(options), &own, &code) ||
        !read_number(&cli, &number, &code))
        return code;
    return sign_contract(&cli, &own, &signing, number);
}

const struct cli_command cli_contract_sign = {
    "contract sign", "Signs a contract that the other partner has proposed", "[options] NUMBER",
    "  --digest HEX          sign only if this is what is proposed, as it was agreed elsewhere\n"
    "  --yes                 do not ask\n" DEAL_HELP
    "\nShows the contract, checks that the digest is that of what is shown, and asks on a "
    "terminal. "
    "It has\nto be signed before its first day.\n"
    "\nExample:\n  accrue contract sign --dir demo --node cinema 0\n",
    run_sign};

static int run_withdraw(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    char path[HTTP_PATH_MAX];
    uint32_t number;
    int code;
    if (!deal_begin(&cli, command, argc, argv, NULL, 0, &own, &code) ||
        !read_number(&cli, &number, &code))
        return code;
    (void)snprintf(path, sizeof(path), "/v1/contracts/%" PRIu32 "/withdraw", number);
    return cli_write(&cli, deal_scope(&own), path, own.key, json_object());
}

const struct cli_command cli_contract_withdraw = {
    "contract withdraw", "Takes back a contract that was proposed and not signed",
    "[options] NUMBER",
    DEAL_HELP "\nFor the partner that proposed it.\n"
              "\nExample:\n  accrue contract withdraw --dir demo --node grocer 0\n",
    run_withdraw};

/* ---- end ------------------------------------------------------------------------------------- */

static int run_end(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    const char *until = NULL;
    const struct cli_option options[] = {{"until", CLI_TEXT, &until}};
    char path[HTTP_PATH_MAX];
    uint32_t number;
    int code;
    if (!deal_begin(&cli, command, argc, argv, options, ARRAY_SIZE(options), &own, &code) ||
        !read_number(&cli, &number, &code))
        return code;
    json_t *body = json_object();
    if (!deal_put_moment(&cli, &own, body, "until", until, &code)) {
        json_decref(body);
        return code;
    }
    (void)snprintf(path, sizeof(path), "/v1/contracts/%" PRIu32 "/end", number);
    return cli_write(&cli, deal_scope(&own), path, own.key, body);
}

const struct cli_command cli_contract_end = {
    "contract end", "Ends a signed contract before its time, with the notice that it says",
    "[options] NUMBER",
    "  --until DAY           the first day on which it does not hold any more (default: the first\n"
    "                        that keeps the notice)\n" DEAL_HELP
    "\nFor either of the two, and not to be taken back; it can be moved to an earlier day. Points "
    "that\nwere issued before keep the prices they had.\n"
    "\nExample:\n  accrue contract end --dir demo --node cinema 0 --until 2027-06-01\n",
    run_end};

/* ---- list, show ------------------------------------------------------------------------------ */

static void print_contracts(const json_t *contracts, const struct charter *charter)
{
    size_t i;
    json_t *contract;
    int funder = cli_width(contracts, "funder", 14),
        redeemer = cli_width(contracts, "redeemer", 14);
    cli_say(stdout, "%-6s %-10s %-*s %-*s %-14s %-14s %-25s %s\n", "number", "state", funder,
            "points of", redeemer, "at", "face", "reimbursement", "from", "ends");
    json_array_foreach(contracts, i, contract)
    {
        char face[48], paid[48], from[LOCAL_TIME_SIZE], ends[LOCAL_TIME_SIZE];
        bool is_signed = strcmp(text_of(contract, "state"), "signed") == 0;
        bool in_force = json_is_true(json_object_get(contract, "in_force"));
        (void)snprintf(face, sizeof(face), "%.20s %.3s", text_of(contract, "face"),
                       text_of(contract, "face_currency"));
        (void)snprintf(paid, sizeof(paid), "%.20s %.3s", text_of(contract, "reimbursement"),
                       text_of(contract, "currency"));
        local_time_of_text(charter, text_of(contract, "from"), from);
        local_time_of_text(charter, text_of(contract, is_signed ? "ends" : "until"), ends);
        cli_say(stdout, "%-6lld %-10s %-*s %-*s %-14s %-14s %-25s %s\n",
                (long long)json_integer_value(json_object_get(contract, "contract")),
                in_force ? "in force" : text_of(contract, "state"), funder,
                text_of(contract, "funder"), redeemer, text_of(contract, "redeemer"), face, paid,
                from, ends);
    }
}

static bool filters(const struct cli *cli, const char *partner, const char *state, char *path,
                    size_t size, int *exit_out)
{
    if (partner && !name_valid(bytes_text(partner))) {
        *exit_out = cli_fail(cli, CLI_USAGE, "--partner takes the name of a partner");
        return false;
    }
    if (state && strcmp(state, "proposed") != 0 && strcmp(state, "signed") != 0 &&
        strcmp(state, "withdrawn") != 0) {
        *exit_out = cli_fail(cli, CLI_USAGE, "--state is proposed, signed or withdrawn");
        return false;
    }
    (void)snprintf(path, size, "/v1/contracts?limit=250%s%s%s%s", partner ? "&partner=" : "",
                   partner ? partner : "", state ? "&state=" : "", state ? state : "");
    return true;
}

static int run_list(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    const char *partner = NULL, *state = NULL;
    char path[HTTP_PATH_MAX];
    const struct cli_option options[] = {{"partner", CLI_TEXT, &partner},
                                         {"state", CLI_TEXT, &state}};
    json_t *contracts;
    int code;
    if (!deal_begin_reading(&cli, command, argc, argv, options, ARRAY_SIZE(options), &own, &code) ||
        !cli_rest(&cli, 0, 0, &code) || !filters(&cli, partner, state, path, sizeof(path), &code) ||
        !deal_list(&cli, &own, path, "contracts", &contracts, &code))
        return code;
    if (cli.json) {
        cli_print_json(json_pack("{s:o}", "contracts", contracts));
        return CLI_OK;
    }
    struct charter *charter;
    if (!deal_charter(&cli, &own, &charter, &code)) {
        json_decref(contracts);
        return code;
    }
    print_contracts(contracts, charter);
    charter_close(charter);
    json_decref(contracts);
    return CLI_OK;
}

const struct cli_command cli_contract_list = {
    "contract list", "Lists the contracts of the coalition", "[options]",
    "  --partner NAME        only those of this partner\n"
    "  --state STATE         only those that are proposed, signed or withdrawn\n" DEAL_AS_HELP
    "\nA day begins at its midnight in the charter's zone; times are of that zone, with --json of "
    "UTC. A\ncontract that is not signed ends as it says.\n"
    "\nExample:\n  accrue contract list --dir demo --state signed\n",
    run_list};

static int run_show(const struct cli_command *command, int argc, char **argv)
{
    struct cli cli;
    struct deal_options own = {.key = NULL};
    struct contract_view view;
    json_t *contract;
    uint32_t number;
    int code;
    if (!deal_begin_reading(&cli, command, argc, argv, NULL, 0, &own, &code) ||
        !read_number(&cli, &number, &code))
        return code;
    if (cli.json) {
        if (!ask_contract(&cli, &own, number, &contract, &code))
            return code;
        cli_print_json(contract);
        return CLI_OK;
    }
    if (!view_contract(&cli, &own, number, &view, &code) || !print_view(&cli, &own, &view, &code))
        return code;
    return CLI_OK;
}

const struct cli_command cli_contract_show = {
    "contract show", "Shows a contract in full", "[options] NUMBER",
    DEAL_AS_HELP
    "\nIts digest is checked against what is shown: that is what the other partner signs.\n"
    "\nExample:\n  accrue contract show --dir demo 0\n",
    run_show};
