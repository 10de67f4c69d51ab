#include "node/verify.h"

#include "node/audit_compare.h"

#include <stdlib.h>
#include <string.h>

void verify_node_release(struct verify_node *node)
{
    audit_close(node->audit);
    charter_close(node->charter);
    buffer_release(&node->charter_bytes);
    memset(node, 0, sizeof(*node));
}

/* ---- nodes with each other ----------------------------------------------------------------- */

void verify_agreement(struct verify_node *nodes, size_t count)
{
    size_t first = 0;
    while (first < count && !nodes[first].audit)
        first++;
    for (size_t i = first + 1; i < count; i++) {
        struct audit_side a = {.name = nodes[first].name, .audit = nodes[first].audit};
        struct audit_side b = {.name = nodes[i].name, .audit = nodes[i].audit};
        if (nodes[i].audit)
            audit_compare(&a, &b);
    }
}

static bool is_good(const struct verify_node *node)
{
    return node->audit && !node->trouble[0] && audit_finding_count(node->audit) == 0;
}

size_t verify_good(const struct verify_node *nodes, size_t count)
{
    size_t good = 0;
    for (size_t i = 0; i < count; i++)
        good += is_good(&nodes[i]);
    return good;
}

/* ---- saying it ----------------------------------------------------------------------------- */

static void root_text(const struct audit *audit, char text_out[HASH_BASE64_SIZE + 1])
{
    struct hash root = audit_root(audit);
    base64_encode(hash_as_bytes(&root), text_out);
}

static void print_findings(const struct verify_node *node)
{
    const struct audit_finding *findings;
    size_t count = audit_findings(node->audit, &findings);
    for (size_t i = 0; i < count; i++)
        printf("  FAIL %s: %s\n       expected %s\n       found    %s\n",
               audit_code_word(findings[i].code), findings[i].where, findings[i].expected,
               findings[i].found);
    if (audit_finding_count(node->audit) > count)
        printf("  ... and %zu more\n", audit_finding_count(node->audit) - count);
}

static void print_kept(const struct verify_kept *kept)
{
    if (kept->pruned_height == 0)
        return;
    printf("  note: heights up to %llu (%llu records) were pruned: 'accrue audit --archive' reads "
           "them\n"
           "  note: executed from height %llu on, with the image of the state before; of what is "
           "there of earlier\n"
           "        heights certificates and hashes were checked\n",
           (unsigned long long)kept->pruned_height, (unsigned long long)kept->pruned_records,
           (unsigned long long)kept->image_height + 1);
}

void verify_print(const struct verify_node *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct verify_node *node = &nodes[i];
        if (!node->audit) {
            printf("%s: could not be audited: %s\n", node->name, node->trouble);
            continue;
        }
        char root[HASH_BASE64_SIZE + 1];
        struct audit_counts counts = audit_counts_of(node->audit);
        root_text(node->audit, root);
        printf("%s: %s; %llu records in %llu heights, %llu batches, %llu votes, %llu tiles%s\n"
               "  root %s\n",
               node->name, is_good(node) ? "ok" : "FAILED", (unsigned long long)counts.records,
               (unsigned long long)counts.heights, (unsigned long long)counts.batches,
               (unsigned long long)counts.votes, (unsigned long long)counts.tiles,
               node->balances_compared ? ", balances" : "", root);
        if (node->moved)
            puts("  note: balances were not compared, since the ledger kept moving; try again");
        print_kept(&node->kept);
        if (node->trouble[0])
            printf("  FAIL %s\n", node->trouble);
        print_findings(node);
    }
}

static json_t *findings_json(const struct audit *audit)
{
    const struct audit_finding *findings;
    size_t count = audit_findings(audit, &findings);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "code",
                                              audit_code_word(findings[i].code), "where",
                                              findings[i].where, "expected", findings[i].expected,
                                              "found", findings[i].found));
    return list;
}

static json_t *node_json(const struct verify_node *node)
{
    if (!node->audit)
        return json_pack("{s:s, s:b, s:s}", "name", node->name, "pass", 0, "trouble",
                         node->trouble);
    char root[HASH_BASE64_SIZE + 1];
    struct audit_counts counts = audit_counts_of(node->audit);
    root_text(node->audit, root);
    return json_pack(
        "{s:s, s:b, s:s*, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:s, s:I, s:o}", "name",
        node->name, "pass", is_good(node), "trouble", node->trouble[0] ? node->trouble : NULL,
        "heights", (json_int_t)counts.heights, "records", (json_int_t)counts.records,
        "transactions", (json_int_t)counts.transactions, "batches", (json_int_t)counts.batches,
        "votes", (json_int_t)counts.votes, "tiles", (json_int_t)counts.tiles, "pruned_height",
        (json_int_t)node->kept.pruned_height, "executed_from",
        (json_int_t)node->kept.image_height + 1, "balances_compared", node->balances_compared,
        "root", root, "finding_count", (json_int_t)audit_finding_count(node->audit), "findings",
        findings_json(node->audit));
}

json_t *verify_json(const struct verify_node *nodes, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, node_json(&nodes[i]));
    size_t good = verify_good(nodes, count);
    return json_pack("{s:s, s:I, s:o}", "verify", good == count ? "pass" : "fail", "good",
                     (json_int_t)good, "nodes", list);
}
