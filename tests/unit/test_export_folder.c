// links: node
#include "check.h"
#include "node/export_folder.h"
#include "node/tile_name.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/accrue-export-XXXXXX";

/* ---- names ---------------------------------------------------------------------------------- */

CASE(a_name_comes_back_unchanged)
{
    static const struct {
        struct tile_name name;
        const char *text;
    } known[] = {
        {{TILE_HASHES, 0, 0, 256}, "tile/0/000"},
        {{TILE_HASHES, 1, 999, 1}, "tile/1/999.p/1"},
        {{TILE_HASHES, 7, 1000, 255}, "tile/7/x001/000.p/255"},
        {{TILE_ENTRIES, 0, 1234067, 256}, "tile/entries/x001/x234/067"},
        {{TILE_HEIGHTS, 0, 12, 7}, "heights/012.p/7"},
        {{TILE_HASHES, 0, UINT64_C(999999999999999999), 256},
         "tile/0/x999/x999/x999/x999/x999/999"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        char text[TILE_NAME_SIZE];
        struct tile_name name = {.width = 0};
        tile_name_format(&known[i].name, text);
        CHECK_TEXT(text, known[i].text);
        CHECK(tile_name_parse(bytes_text(text), &name));
        CHECK(name.kind == known[i].name.kind && name.level == known[i].name.level);
        CHECK(name.index == known[i].name.index && name.width == known[i].name.width);
    }
}

CASE(a_part_has_one_name)
{
    static const char *const refused[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/8/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/00a",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x01/000",
        "tile/0/x001/x000",
        "tile/0/x001/000/",
        "tile/0//000",
        "tile/0/x001/x001/x001/x001/x001/x001/001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1.p/1",
        "tile/0/000.p/1/",
        "tile/entries",
        "tile/entries/0/000",
        "tile/heights/000",
        "heights/0/000",
        "/tile/0/000",
        "tile/0/000 ",
    };
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct tile_name name = {.width = 99};
        if (tile_name_parse(bytes_text(refused[i]), &name))
            CHECK_TEXT(refused[i], "refused");
        CHECK_INT(name.width, 99);
    }
}

/* Any text that is a name is the name of what it names. */
CASE(changed_names_are_refused_or_come_back_unchanged)
{
    static const char *const seeds[] = {"tile/0/x001/x234/067.p/17", "tile/entries/x001/000",
                                        "heights/x010/001.p/200"};
    for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
        for (size_t at = 0; at < strlen(seeds[i]); at++)
            for (int byte = 1; byte < 256; byte++) {
                char text[TILE_NAME_SIZE], again[TILE_NAME_SIZE];
                struct tile_name name;
                snprintf(text, sizeof(text), "%s", seeds[i]);
                text[at] = (char)byte;
                if (!tile_name_parse(bytes_text(text), &name))
                    continue;
                tile_name_format(&name, again);
                CHECK_TEXT(again, text);
            }
}

/* ---- a folder ------------------------------------------------------------------------------- */

static void put_file(const char *name, struct bytes contents)
{
    char path[256];
    for (const char *at = strchr(name, '/'); at; at = strchr(at + 1, '/')) {
        snprintf(path, sizeof(path), "%s/%.*s", dir, (int)(at - name), name);
        (void)mkdir(path, 0700);
    }
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    REQUIRE(file && fwrite(contents.at, 1, contents.size, file) == contents.size);
    REQUIRE(fclose(file) == 0);
}

static void drop_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    REQUIRE(unlink(path) == 0);
}

CASE(a_missing_file_is_named)
{
    struct buffer out;
    struct error error = {.code = ERROR_NONE};
    buffer_init(&out, 1024);
    CHECK(!export_folder_charter(dir, &out, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    CHECK(strstr(error.text, "/charter.json") != NULL);
    CHECK(!export_folder_entries(dir, 0, 3, &out, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    CHECK(strstr(error.text, "/tile/entries/000.p/3") != NULL);
    put_file("checkpoint", bytes_text("a note\n"));
    CHECK(export_folder_checkpoint(dir, &out, NULL));
    CHECK_TEXT(buffer_text(&out), "a note\n");
    buffer_release(&out);
}

CASE(a_full_tile_stands_in_for_its_partial_one)
{
    static struct hash hashes[TILE_WIDTH], seen[TILE_WIDTH];
    struct error error = {.code = ERROR_NONE};
    for (size_t i = 0; i < TILE_WIDTH; i++)
        memset(hashes[i].at, (int)i, HASH_SIZE);
    put_file("tile/0/000.p/5", bytes_of(hashes, (size_t)5 * HASH_SIZE));
    CHECK(export_folder_tile(dir, 0, 0, 5, seen, NULL));
    CHECK(memcmp(seen, hashes, (size_t)5 * HASH_SIZE) == 0);
    CHECK(!export_folder_tile(dir, 0, 0, 4, seen, &error));
    CHECK_INT(error.code, ERROR_NOT_FOUND);
    put_file("tile/0/000", bytes_of(hashes, sizeof(hashes)));
    drop_file("tile/0/000.p/5");
    memset(seen, 0, sizeof(seen));
    CHECK(export_folder_tile(dir, 0, 0, 5, seen, NULL));
    CHECK(memcmp(seen, hashes, (size_t)5 * HASH_SIZE) == 0 && hash_is_zero(&seen[5]));
    CHECK(export_folder_tile(dir, 0, 0, TILE_WIDTH, seen, NULL));
    CHECK(memcmp(seen, hashes, sizeof(hashes)) == 0);
    put_file("tile/0/000", bytes_of(hashes, sizeof(hashes) - 1));
    CHECK(!export_folder_tile(dir, 0, 0, 5, seen, &error));
    CHECK_INT(error.code, ERROR_CORRUPT);
}

static void put_heights(const char *name, uint64_t first, uint64_t count)
{
    struct buffer bundle;
    buffer_init(&bundle, EXPORT_PROOF_MAX);
    for (uint64_t i = 0; i < count; i++) {
        char text[32];
        uint8_t size[4];
        snprintf(text, sizeof(text), "proof %u", (unsigned)(first + i));
        put_u32be(size, (uint32_t)strlen(text));
        buffer_append(&bundle, bytes_of(size, sizeof(size)));
        buffer_append_text(&bundle, text);
    }
    put_file(name, buffer_bytes(&bundle));
    buffer_release(&bundle);
}

/* Reads from `first` on to the end, or to the error; returns the last height that was read. */
static uint64_t read_heights(uint64_t first, uint64_t last, struct error *error)
{
    struct export_heights *heights = export_heights_open(dir, first, last);
    struct buffer proof;
    bool end = false;
    uint64_t height = first - 1;
    buffer_init(&proof, 64);
    while (export_heights_next(heights, &proof, &end, error) && !end) {
        char text[32];
        snprintf(text, sizeof(text), "proof %u", (unsigned)++height);
        CHECK_TEXT(buffer_text(&proof), text);
    }
    CHECK_INT(end, error->code == ERROR_NONE);
    buffer_release(&proof);
    export_heights_close(heights);
    return height;
}

CASE(heights_are_read_across_bundles_from_any)
{
    put_heights("heights/000", 1, 256);
    put_heights("heights/001", 257, 256);
    put_heights("heights/002.p/3", 513, 3);
    static const uint64_t firsts[] = {1, 2, 256, 257, 512, 513, 515, 516};
    for (size_t i = 0; i < ARRAY_SIZE(firsts); i++) {
        struct error error = {.code = ERROR_NONE};
        CHECK_INT(read_heights(firsts[i], 515, &error), 515);
    }
    struct error error = {.code = ERROR_NONE};
    CHECK_INT(read_heights(1, 300, &error), 300);
    CHECK_INT(read_heights(1, 516, &error), 512);
    CHECK_INT(error.code, ERROR_NOT_FOUND);
}

CASE(a_height_bundle_that_is_cut_or_framed_wrongly_is_found)
{
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 'x'};
    struct error error = {.code = ERROR_NONE};
    put_heights("heights/000", 1, 255);
    CHECK_INT(read_heights(1, 300, &error), 255);
    CHECK_INT(error.code, ERROR_CORRUPT);
    error.code = ERROR_NONE;
    CHECK_INT(read_heights(256, 300, &error), 255);
    CHECK_INT(error.code, ERROR_CORRUPT);
    put_file("heights/000", bytes_of(huge, sizeof(huge)));
    error.code = ERROR_NONE;
    CHECK_INT(read_heights(1, 256, &error), 0);
    CHECK_INT(error.code, ERROR_CORRUPT);
    put_file("heights/000", bytes_of("\0\0\0\x0aproof", 9));
    error.code = ERROR_NONE;
    CHECK_INT(read_heights(1, 256, &error), 0);
    CHECK_INT(error.code, ERROR_CORRUPT);
}

static void put_pipe(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    (void)unlink(path);
    REQUIRE(mkfifo(path, 0600) == 0);
}

/* Who opens a pipe to read it waits until somebody writes. */
CASE(a_pipe_in_the_place_of_a_file_is_not_waited_for)
{
    struct hash tile[TILE_WIDTH];
    struct buffer out;
    struct error error = {.code = ERROR_NONE};
    buffer_init(&out, 1024);
    put_pipe("charter.json");
    put_pipe("tile/0/000");
    put_pipe("heights/000");
    alarm(20); /* a wait would be for ever */
    CHECK(!export_folder_charter(dir, &out, &error));
    CHECK_INT(error.code, ERROR_IO);
    CHECK(strstr(error.text, "charter.json: this is no regular file") != NULL);
    CHECK(!export_folder_tile(dir, 0, 0, TILE_WIDTH, tile, &error));
    CHECK_INT(error.code, ERROR_IO);
    error.code = ERROR_NONE;
    CHECK_INT(read_heights(1, 256, &error), 0);
    CHECK_INT(error.code, ERROR_IO);
    alarm(0);
    buffer_release(&out);
}

int main(void)
{
    REQUIRE(mkdtemp(dir));
    RUN(a_name_comes_back_unchanged);
    RUN(a_part_has_one_name);
    RUN(changed_names_are_refused_or_come_back_unchanged);
    RUN(a_missing_file_is_named);
    RUN(a_full_tile_stands_in_for_its_partial_one);
    RUN(heights_are_read_across_bundles_from_any);
    RUN(a_height_bundle_that_is_cut_or_framed_wrongly_is_found);
    RUN(a_pipe_in_the_place_of_a_file_is_not_waited_for);
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command) == 0 ? check_report() : 1;
}
