#include "protocol/cosignature.h"

#include "crypto/note.h"
#include "protocol/codec.h"
#include "protocol/limits.h"

#include <stdio.h>

enum { CHECKPOINT_TEXT_MAX = NOTE_NAME_MAX + 100 };

bool cosignature_same_claim(const struct cosignature *a, const struct cosignature *b)
{
    return a->node.v == b->node.v && a->size == b->size && hash_equal(&a->root, &b->root);
}

static void text_of(const struct cosignature *cosignature, const char *origin, struct buffer *out)
{
    struct checkpoint checkpoint = {.size = cosignature->size, .root = cosignature->root};
    (void)snprintf(checkpoint.origin, sizeof(checkpoint.origin), "%s", origin);
    buffer_init(out, CHECKPOINT_TEXT_MAX);
    checkpoint_format(&checkpoint, out);
    must(!out->overflowed);
}

void cosignature_sign(struct cosignature *cosignature, const struct signing_key *key,
                      const char *origin)
{
    struct buffer text;
    text_of(cosignature, origin, &text);
    cosignature->signature = note_cosignature(buffer_bytes(&text), key, cosignature->time_s);
    buffer_release(&text);
}

bool cosignature_verify(const struct cosignature *cosignature, const struct verifier *verifier,
                        const char *origin)
{
    struct buffer text;
    text_of(cosignature, origin, &text);
    bool holds = note_cosignature_holds(buffer_bytes(&text), verifier, cosignature->time_s,
                                        &cosignature->signature);
    buffer_release(&text);
    return holds;
}

void cosignature_put(const struct cosignature *cosignature, struct buffer *out)
{
    codec_put_array(out, 5);
    codec_put_uint(out, cosignature->node.v);
    codec_put_uint(out, cosignature->size);
    codec_put_bytes(out, hash_as_bytes(&cosignature->root));
    codec_put_uint(out, cosignature->time_s);
    codec_put_bytes(out, bytes_of(cosignature->signature.at, SIGNATURE_SIZE));
}

void cosignature_get(struct codec_reader *reader, struct cosignature *cosignature)
{
    codec_get_array(reader, 5, 5);
    cosignature->node.v = (uint16_t)codec_get_uint(reader, NODES_MAX - 1);
    cosignature->size = codec_get_uint(reader, INT64_MAX);
    codec_get_fixed(reader, cosignature->root.at, HASH_SIZE);
    cosignature->time_s = codec_get_uint(reader, TIME_MS_MAX / 1000);
    codec_get_fixed(reader, cosignature->signature.at, SIGNATURE_SIZE);
    if (cosignature->size == 0)
        codec_fail(reader, "nobody cosigns the empty log");
}
