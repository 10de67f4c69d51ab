#include "node/store_gaps.h"

#include "protocol/codec.h"

enum { ENTRY_MAX = 256 };

/* The entry's bytes follow `out`; a reader stands behind the array's head and the version. */
static bool get_entry(const struct store *store, struct store_key key, size_t count,
                      struct buffer *out, struct codec_reader *reader_out, struct error *error)
{
    if (!store->get(store->context, store_key_bytes(&key), out, error))
        return false;
    codec_reader_init(reader_out, buffer_bytes(out));
    codec_get_array(reader_out, count, count);
    if (codec_get_uint(reader_out, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(reader_out, "unknown format version");
    return true;
}

static void put_entry(struct store_group *group, struct store_key key, const struct buffer *value)
{
    must(!value->overflowed);
    store_put(group, store_key_bytes(&key), buffer_bytes(value));
}

bool store_began_with(const struct store *store, struct snapshot_name *snapshot_out,
                      struct error *error)
{
    struct buffer value;
    struct codec_reader reader;
    struct snapshot_name name = {0};
    buffer_init(&value, ENTRY_MAX);
    bool good = get_entry(store, key_gap(), 4, &value, &reader, error);
    if (good) {
        name.height = codec_get_uint(&reader, INT64_MAX);
        name.size = codec_get_uint(&reader, INT64_MAX);
        codec_get_fixed(&reader, name.id.at, HASH_SIZE);
        if (name.height == 0 || name.size == 0)
            codec_fail(&reader, "a snapshot of nothing");
        good = codec_finish(&reader, "entry G", error);
    }
    if (good)
        *snapshot_out = name;
    buffer_release(&value);
    return good;
}

bool store_pruned_to(const struct store *store, struct store_pruned *pruned_out,
                     struct error *error)
{
    struct buffer value;
    struct codec_reader reader;
    struct store_pruned pruned = {0};
    buffer_init(&value, ENTRY_MAX);
    bool good = get_entry(store, key_pruned(), 3, &value, &reader, error);
    if (good) {
        pruned.height = codec_get_uint(&reader, INT64_MAX);
        pruned.records = codec_get_uint(&reader, INT64_MAX);
        good = codec_finish(&reader, "entry R", error);
    }
    if (good)
        *pruned_out = pruned;
    buffer_release(&value);
    return good;
}

void store_put_beginning(struct store_group *group, const struct snapshot_name *snapshot)
{
    struct buffer value;
    buffer_init(&value, ENTRY_MAX);
    codec_put_array(&value, 4);
    codec_put_uint(&value, FORMAT_VERSION);
    codec_put_uint(&value, snapshot->height);
    codec_put_uint(&value, snapshot->size);
    codec_put_bytes(&value, hash_as_bytes(&snapshot->id));
    put_entry(group, key_gap(), &value);
    buffer_release(&value);
}

void store_put_pruned(struct store_group *group, const struct store_pruned *pruned)
{
    struct buffer value;
    buffer_init(&value, ENTRY_MAX);
    codec_put_array(&value, 3);
    codec_put_uint(&value, FORMAT_VERSION);
    codec_put_uint(&value, pruned->height);
    codec_put_uint(&value, pruned->records);
    put_entry(group, key_pruned(), &value);
    buffer_release(&value);
}
