#include "crypto/note.h"

#include <stdlib.h>
#include <string.h>

/* A note, and one signature line of it:
 *
 *     text, ends in 0A | 0A | E2 80 94 20 name 20 base64(key id [4], rest) 0A | ...
 *
 * where rest is a signature [64] for type 01, and a time [8] and a signature [64] for type 04. */
enum {
    KEY_ID_SIZE = 4,
    KEY_ID_HEX_SIZE = 8,
    TIME_SIZE = 8,
    KEY_DATA_SIZE = 1 + PUBLIC_KEY_SIZE,
    LINE_DATA_MAX = KEY_ID_SIZE + TIME_SIZE + SIGNATURE_SIZE,
    NOTE_KEYS_MAX = 64 /* bits of note_result.verified */
};

static const char line_start[] = "\xE2\x80\x94 ";
enum { LINE_START_SIZE = sizeof(line_start) - 1 };

static struct bytes bytes_from(struct bytes bytes, size_t offset)
{
    must(offset <= bytes.size);
    return bytes_of(bytes.at + offset, bytes.size - offset);
}

static bool bytes_begin_with(struct bytes bytes, struct bytes start)
{
    return bytes.size >= start.size && bytes_equal(bytes_of(bytes.at, start.size), start);
}

/* ---- names and keys ---------------------------------------------------------------------------
 */

/* Unicode White_Space beyond U+0020, as UTF-8. */
static bool unicode_space_at(struct bytes text)
{
    static const char *const spaces[] = {
        "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
        "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
        "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
        "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
    for (size_t i = 0; i < ARRAY_SIZE(spaces); i++) {
        if (bytes_begin_with(text, bytes_text(spaces[i]))) {
            return true;
        }
    }
    return false;
}

bool note_name_valid(struct bytes name)
{
    if (name.size == 0 || name.size > NOTE_NAME_MAX || !utf8_valid(name)) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        /* Below U+0020 lie spaces, and what no note may contain; NUL would cut the name short. */
        if (name.at[i] <= ' ' || name.at[i] == '+') {
            return false;
        }
        if (name.at[i] >= 0x80 && unicode_space_at(bytes_from(name, i))) {
            return false;
        }
    }
    return true;
}

static bool type_is_known(uint8_t type)
{
    return type == NOTE_TYPE_ED25519 || type == NOTE_TYPE_COSIGNATURE;
}

static uint32_t key_id(struct bytes name, uint8_t type, const struct public_key *key)
{
    const struct bytes parts[] = {name, bytes_text("\n"), bytes_of(&type, 1),
                                  bytes_of(key->at, PUBLIC_KEY_SIZE)};
    struct hash hash = hash_parts(parts, ARRAY_SIZE(parts));
    return get_u32be(hash.at);
}

static bool key_make(struct bytes name, uint8_t type, const struct public_key *key,
                     struct note_key *key_out, struct error *error)
{
    if (!note_name_valid(name)) {
        return error_set(error, ERROR_INVALID,
                         "a key name is 1 to %d bytes of UTF-8 without spaces"
                         " and +",
                         NOTE_NAME_MAX);
    }
    if (!type_is_known(type)) {
        return error_set(error, ERROR_INVALID, "unknown key type %u", type);
    }
    struct note_key made = {.id = key_id(name, type, key), .type = type, .key = *key};
    memcpy(made.name, name.at, name.size);
    *key_out = made;
    return true;
}

bool note_key_make(const char *name, uint8_t type, const struct public_key *key,
                   struct note_key *key_out, struct error *error)
{
    return key_make(bytes_text(name), type, key, key_out, error);
}

bool note_key_parse(struct bytes text, struct note_key *key_out, struct error *error)
{
    /* The base64 may hold further plus signs; name and id hold none. */
    struct bytes name, id_text;
    struct bytes rest = text;
    uint8_t id[KEY_ID_SIZE];
    uint8_t data[KEY_DATA_SIZE];
    size_t size = 0;
    if (!bytes_cut(&rest, '+', &name) || !bytes_cut(&rest, '+', &id_text) ||
        !hex_decode(id_text, id, sizeof(id)) || !base64_decode(rest, data, sizeof(data), &size) ||
        size != sizeof(data)) {
        return error_set(error, ERROR_INVALID,
                         "a verifier key is name+8 hex digits+base64 of type and key");
    }
    struct public_key key;
    memcpy(key.at, data + 1, sizeof(key.at));
    struct note_key made = {.id = 0};
    if (!key_make(name, data[0], &key, &made, error)) {
        return false;
    }
    if (made.id != get_u32be(id)) {
        return error_set(error, ERROR_INVALID, "key id %08x does not belong to the key of %s",
                         (unsigned)get_u32be(id), made.name);
    }
    *key_out = made;
    return true;
}

void note_key_format(const struct note_key *key, struct buffer *text_out)
{
    uint8_t data[KEY_DATA_SIZE];
    data[0] = key->type;
    memcpy(data + 1, key->key.at, PUBLIC_KEY_SIZE);
    char base64[BASE64_SIZE(KEY_DATA_SIZE) + 1];
    base64_encode(bytes_of(data, sizeof(data)), base64);
    buffer_printf(text_out, "%s+%08x+%s", key->name, (unsigned)key->id, base64);
}

/* ---- signing ----------------------------------------------------------------------------------
 */

bool note_text_check(struct bytes text, struct error *error)
{
    if (text.size > NOTE_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "a note has at most %d bytes", NOTE_SIZE_MAX);
    }
    if (!utf8_valid(text)) {
        return error_set(error, ERROR_INVALID, "a note is UTF-8");
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < 0x20 && text.at[i] != '\n') {
            return error_set(error, ERROR_INVALID, "a note has no control characters");
        }
    }
    if (text.size == 0 || text.at[text.size - 1] != '\n') {
        return error_set(error, ERROR_INVALID, "a note ends in a newline");
    }
    return true;
}

bool note_begin(struct buffer *note, struct bytes text, struct error *error)
{
    must(note->size == 0);
    if (!note_text_check(text, error)) {
        return false;
    }
    if (text.size >= note->limit) {
        return error_set(error, ERROR_LIMIT, "the text has %zu bytes, the note room for %zu",
                         text.size, note->limit);
    }
    buffer_append(note, text);
    buffer_append_byte(note, '\n');
    return true;
}

bool note_split(struct bytes note, struct bytes *text_out, struct bytes *lines_out)
{
    for (size_t i = note.size; i >= 2; i--) {
        if (note.at[i - 1] == '\n' && note.at[i - 2] == '\n') {
            *text_out = bytes_of(note.at, i - 1);
            *lines_out = bytes_from(note, i);
            return true;
        }
    }
    return false;
}

static void line_append(struct buffer *note, const struct note_key *key, struct bytes rest)
{
    uint8_t data[LINE_DATA_MAX];
    must(rest.size <= sizeof(data) - KEY_ID_SIZE);
    put_u32be(data, key->id);
    memcpy(data + KEY_ID_SIZE, rest.at, rest.size);
    char base64[BASE64_SIZE(LINE_DATA_MAX) + 1];
    base64_encode(bytes_of(data, KEY_ID_SIZE + rest.size), base64);
    buffer_printf(note, "%s%s %s\n", line_start, key->name, base64);
}

/* A signature under a key that readers know by another public key would void the whole note. */
static void must_own(const struct note_key *key, const struct signing_key *signer, uint8_t type)
{
    struct public_key own = signing_key_public(signer);
    must(key->type == type);
    must(memcmp(own.at, key->key.at, PUBLIC_KEY_SIZE) == 0);
}

void note_sign(struct buffer *note, const struct note_key *key, const struct signing_key *signer)
{
    must_own(key, signer, NOTE_TYPE_ED25519);
    if (note->overflowed) {
        return;
    }
    struct bytes text, lines;
    bool begun = note_split(buffer_bytes(note), &text, &lines);
    must(begun);
    struct signature signature = sign_raw(signer, text);
    line_append(note, key, bytes_of(signature.at, SIGNATURE_SIZE));
}

/* What a type 04 key signs. */
static void cosigned_text(struct buffer *message_out, uint64_t time_s, struct bytes text)
{
    buffer_init(message_out, NOTE_SIZE_MAX + 64);
    buffer_printf(message_out, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    buffer_append(message_out, text);
    must(!message_out->overflowed);
}

struct signature note_cosignature(struct bytes text, const struct signing_key *signer,
                                  uint64_t time_s)
{
    struct buffer message;
    cosigned_text(&message, time_s, text);
    struct signature signature = sign_raw(signer, buffer_bytes(&message));
    buffer_release(&message);
    return signature;
}

bool note_cosignature_holds(struct bytes text, const struct verifier *verifier, uint64_t time_s,
                            const struct signature *signature)
{
    struct buffer message;
    cosigned_text(&message, time_s, text);
    bool holds = verify_raw(verifier, buffer_bytes(&message), signature);
    buffer_release(&message);
    return holds;
}

void note_put_cosignature(struct buffer *note, const struct note_key *key, uint64_t time_s,
                          const struct signature *signature)
{
    must(key->type == NOTE_TYPE_COSIGNATURE);
    uint8_t rest[TIME_SIZE + SIGNATURE_SIZE];
    put_u64be(rest, time_s);
    memcpy(rest + TIME_SIZE, signature->at, SIGNATURE_SIZE);
    line_append(note, key, bytes_of(rest, sizeof(rest)));
}

void note_cosign(struct buffer *note, const struct note_key *key, const struct signing_key *signer,
                 uint64_t time_s)
{
    must_own(key, signer, NOTE_TYPE_COSIGNATURE);
    if (note->overflowed) {
        return;
    }
    struct bytes text, lines;
    bool begun = note_split(buffer_bytes(note), &text, &lines);
    must(begun);
    struct signature signature = note_cosignature(text, signer, time_s);
    note_put_cosignature(note, key, time_s, &signature);
}

/* ---- opening ----------------------------------------------------------------------------------
 */

struct note_line {
    struct bytes name;
    uint32_t id;
    struct bytes rest; /* what follows the key id, decoded; into a scratch buffer */
};

/* `scratch` has room for the bytes of any line of the note. */
static bool line_parse(struct bytes line, uint8_t *scratch, size_t scratch_size,
                       struct note_line *line_out)
{
    struct bytes start = bytes_of(line_start, LINE_START_SIZE);
    if (!bytes_begin_with(line, start)) {
        return false;
    }
    struct bytes base64 = bytes_from(line, start.size);
    struct bytes name;
    size_t size = 0;
    if (!bytes_cut(&base64, ' ', &name) || !note_name_valid(name) ||
        !base64_decode(base64, scratch, scratch_size, &size) || size <= KEY_ID_SIZE) {
        return false;
    }
    *line_out = (struct note_line){.name = name,
                                   .id = get_u32be(scratch),
                                   .rest = bytes_of(scratch + KEY_ID_SIZE, size - KEY_ID_SIZE)};
    return true;
}

static bool key_verify(const struct note_key *key, struct bytes message, struct bytes signature)
{
    must(signature.size == SIGNATURE_SIZE);
    struct signature copy;
    memcpy(copy.at, signature.at, SIGNATURE_SIZE);
    struct verifier *verifier = verifier_open(&key->key);
    bool holds = verifier && verify_raw(verifier, message, &copy);
    verifier_close(verifier);
    return holds;
}

/* Whether the line is a signature of `key` that holds; time_out is written for type 04 only. */
static bool line_verify(const struct note_line *line, const struct note_key *key, struct bytes text,
                        uint64_t *time_out)
{
    if (key->type == NOTE_TYPE_ED25519) {
        return line->rest.size == SIGNATURE_SIZE && key_verify(key, text, line->rest);
    }
    if (key->type != NOTE_TYPE_COSIGNATURE || line->rest.size != TIME_SIZE + SIGNATURE_SIZE) {
        return false;
    }
    uint64_t time_s = get_u64be(line->rest.at);
    struct buffer message;
    cosigned_text(&message, time_s, text);
    bool holds = key_verify(key, buffer_bytes(&message), bytes_from(line->rest, TIME_SIZE));
    buffer_release(&message);
    if (holds) {
        *time_out = time_s;
    }
    return holds;
}

static bool line_check(const struct note_line *line, const struct note_key *keys, size_t key_count,
                       struct note_result *result, struct error *error)
{
    for (size_t i = 0; i < key_count; i++) {
        if (keys[i].id != line->id || !bytes_equal(line->name, bytes_text(keys[i].name))) {
            continue;
        }
        uint64_t time_s = 0;
        if (!line_verify(line, &keys[i], result->text, &time_s)) {
            return error_set(error, ERROR_INVALID, "the signature of %s does not hold",
                             keys[i].name);
        }
        /* A key that signed twice is counted once, with the time of its first line. */
        if (!(result->verified >> i & 1)) {
            result->times_s[i] = time_s;
        }
        result->verified |= UINT64_C(1) << i;
    }
    return true;
}

static bool lines_check(struct bytes lines, const struct note_key *keys, size_t key_count,
                        uint8_t *scratch, size_t scratch_size, struct note_result *result,
                        struct error *error)
{
    for (size_t count = 0; lines.size > 0; count++) {
        if (count == NOTE_SIGNATURES_MAX) {
            return error_set(error, ERROR_LIMIT, "more than %d signatures", NOTE_SIGNATURES_MAX);
        }
        struct bytes line_text;
        struct note_line line;
        if (!bytes_cut(&lines, '\n', &line_text) ||
            !line_parse(line_text, scratch, scratch_size, &line)) {
            return error_set(error, ERROR_INVALID, "signature line %zu is malformed", count + 1);
        }
        if (!line_check(&line, keys, key_count, result, error)) {
            return false;
        }
    }
    return true;
}

bool note_open(struct bytes note, const struct note_key *keys, size_t key_count,
               struct note_result *result_out, struct error *error)
{
    must(key_count <= NOTE_KEYS_MAX);
    struct note_result result = {.verified = 0};
    struct bytes lines;
    if (!note_text_check(note, error)) {
        return false;
    }
    if (!note_split(note, &result.text, &lines)) {
        return error_set(error, ERROR_INVALID, "no empty line before the signatures");
    }
    uint8_t *scratch = allocate(1, note.size);
    bool done = lines_check(lines, keys, key_count, scratch, note.size, &result, error);
    free(scratch);
    if (!done) {
        return false;
    }
    if (result.verified == 0) {
        return error_set(error, ERROR_NOT_FOUND, "no signature of a known key");
    }
    *result_out = result;
    return true;
}

/* ---- checkpoints ------------------------------------------------------------------------------
 */

void checkpoint_format(const struct checkpoint *checkpoint, struct buffer *text_out)
{
    char root[HASH_BASE64_SIZE + 1];
    base64_encode(hash_as_bytes(&checkpoint->root), root);
    buffer_printf(text_out, "%s\n%llu\n%s\n", checkpoint->origin,
                  (unsigned long long)checkpoint->size, root);
}

bool checkpoint_parse(struct bytes text, struct checkpoint *checkpoint_out, struct error *error)
{
    struct bytes origin, size, root;
    struct bytes rest = text;
    if (!bytes_cut(&rest, '\n', &origin) || !bytes_cut(&rest, '\n', &size) ||
        !bytes_cut(&rest, '\n', &root) || rest.size != 0) {
        return error_set(error, ERROR_INVALID, "a checkpoint is three lines: origin, size, root");
    }
    struct checkpoint checkpoint = {.size = 0};
    if (!note_name_valid(origin)) {
        return error_set(error, ERROR_INVALID, "the origin of a checkpoint is not a key name");
    }
    if (!parse_u64(size, UINT64_MAX, &checkpoint.size)) {
        return error_set(error, ERROR_INVALID, "the size of a checkpoint is not a plain number");
    }
    size_t root_size = 0;
    if (!base64_decode(root, checkpoint.root.at, HASH_SIZE, &root_size) || root_size != HASH_SIZE) {
        return error_set(error, ERROR_INVALID, "the root of a checkpoint is not base64 of a hash");
    }
    memcpy(checkpoint.origin, origin.at, origin.size);
    *checkpoint_out = checkpoint;
    return true;
}
