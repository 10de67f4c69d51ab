// links: node
#include "check.h"
#include "node/backup_list.h"
#include "unit/codec_law.h"

static const char start[] = "accrue-backup/1\ntaken 1790000000000\ngroups 812\n";

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* The sum of what is there, put under it. */
static void seal(struct buffer *text)
{
    char hex[HASH_HEX_SIZE + 1];
    struct hash sum = hash_bytes(buffer_bytes(text));
    hex_encode(hash_as_bytes(&sum), hex);
    buffer_printf(text, "sum %s\n", hex);
}

static bool reads(const char *head, const char *files, struct backup_list *list_out,
                  struct error *error)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    buffer_printf(&text, "%s%s", head, files);
    seal(&text);
    bool good = backup_list_decode(buffer_bytes(&text), list_out, error);
    buffer_release(&text);
    return good;
}

static bool again(struct bytes in, struct buffer *out)
{
    struct backup_list list;
    struct error error;
    law_fill(&list, sizeof(list));
    if (!backup_list_decode(in, &list, &error)) {
        CHECK(law_untouched(&list, sizeof(list)));
        return false;
    }
    backup_list_encode(&list, out);
    backup_list_release(&list);
    return true;
}

/* The same behind the sum, which keeps nearly all mutants out. */
static bool again_sealed(struct bytes in, struct buffer *out)
{
    struct buffer text;
    struct buffer whole;
    buffer_init(&text, in.size + 100);
    buffer_init(&whole, in.size + 100);
    buffer_append(&text, in);
    seal(&text);
    bool taken = again(buffer_bytes(&text), &whole);
    if (taken)
        buffer_append(out, bytes_of(whole.at, whole.size - 4 - HASH_HEX_SIZE - 1));
    buffer_release(&text);
    buffer_release(&whole);
    return taken;
}

static void make(struct backup_list *list)
{
    static const char *const names[] = {"MANIFEST-000006", "000005.ldb",   "CURRENT",
                                        "000007.log",      "accrued.last", "state-12.image"};
    *list = (struct backup_list){.taken_ms = UINT64_C(1790000000000), .groups = 812};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct backup_file *file = backup_list_add(list, names[i]);
        file->size = 1000 + i;
        file->sha256 = hash_bytes(bytes_text(names[i]));
    }
    backup_list_sort(list);
}

CASE(a_list_obeys_the_codec_law)
{
    struct backup_list list;
    struct buffer text, mutant;
    uint64_t random = LAW_SEED;
    make(&list);
    buffer_init(&text, 1 << 16);
    backup_list_encode(&list, &text);
    law_check(again, buffer_bytes(&text));
    struct bytes body = bytes_of(text.at, text.size - 4 - HASH_HEX_SIZE - 1);
    CHECK(law_holds(again_sealed, body));
    buffer_init(&mutant, 1 << 16);
    for (int i = 0; i < check_share(LAW_MUTANTS); i++) {
        law_mutate(&mutant, body, &random);
        (void)law_holds(again_sealed, buffer_bytes(&mutant));
    }
    buffer_release(&mutant);
    buffer_release(&text);
    backup_list_release(&list);
}

CASE(what_was_listed_is_found_by_name)
{
    struct backup_list list;
    make(&list);
    for (size_t i = 0; i < list.count; i++)
        CHECK(backup_list_find(&list, list.count, list.files[i].name) == &list.files[i]);
    CHECK(!backup_list_find(&list, list.count, "000006.ldb"));
    CHECK(!backup_list_find(&list, list.count, "../x"));
    CHECK(!backup_list_find(&list, 0, "CURRENT"));
    backup_list_release(&list);
}

CASE(a_good_list_is_read)
{
    struct backup_list list;
    struct error error;
    REQUIRE(reads(start, "file " A64 " 12 000005.ldb\nfile " A64 " 0 CURRENT\n", &list, &error));
    CHECK_INT(list.count, 2);
    CHECK_INT(list.groups, 812);
    CHECK_INT(list.files[0].size, 12);
    CHECK_TEXT(list.files[1].name, "CURRENT");
    backup_list_release(&list);
}

CASE(names_that_lead_elsewhere_and_other_forms_are_refused)
{
    static const char *const bad[] = {
        "file " A64 " 1 ../x\n",
        "file " A64 " 1 a/b\n",
        "file " A64 " 1 .hidden\n",
        "file " A64 " 1 \n",
        "file " A64 " 1 a b\n",
        "file " A64 " 01 a\n",
        "file " A64 " -1 a\n",
        "file " A64 "  a\n",
        "file " A64 " 99999999999999999999 a\n",
        "file A" A64 " 1 a\n",
        "file " A64 " 1 a",
        "file " A64 " 1 a\r\n",
        "file " A64 " 1 b\nfile " A64 " 1 a\n", /* out of order */
        "file " A64 " 1 a\nfile " A64 " 1 a\n", /* twice */
        "file " A64 " 1 " A64 "\n",             /* a name of 64 */
        "\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct backup_list list;
        struct error error = {0};
        bool read = reads(start, bad[i], &list, &error);
        CHECK(!read);
        CHECK(read || error.code == ERROR_CORRUPT);
        if (read)
            printf("taken: %s", bad[i]);
    }
}

CASE(another_version_is_refused)
{
    struct backup_list list;
    struct error error;
    CHECK(!reads("accrue-backup/2\ntaken 1\ngroups 1\n", "", &list, &error));
    CHECK(!reads("accrue-backup/1\ntaken 1\n", "", &list, &error));
    CHECK(reads("accrue-backup/1\ntaken 1\ngroups 1\n", "", &list, &error));
    backup_list_release(&list);
}

CASE(a_sum_that_is_not_the_texts_is_refused)
{
    struct backup_list list;
    struct error error = {0};
    char text[200];
    snprintf(text, sizeof(text), "%ssum " A64 "\n", start);
    CHECK(!backup_list_decode(bytes_text(text), &list, &error));
    CHECK(strstr(error.text, "sum"));
}

int main(void)
{
    RUN(a_list_obeys_the_codec_law);
    RUN(what_was_listed_is_found_by_name);
    RUN(a_good_list_is_read);
    RUN(names_that_lead_elsewhere_and_other_forms_are_refused);
    RUN(another_version_is_refused);
    RUN(a_sum_that_is_not_the_texts_is_refused);
    return check_report();
}
