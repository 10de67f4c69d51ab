// links: protocol
/* Proposals, and the cuts in them; certificates too, which share nothing else. */
#include "fuzz.h"
#include "protocol/codec.h"
#include "protocol/vote.h"

static void try_certificate(const uint8_t *data, size_t size)
{
    struct certificate certificate;
    struct codec_reader reader;
    struct buffer out;
    codec_reader_init(&reader, bytes_of(data, size));
    certificate_get(&reader, &certificate);
    if (!codec_finish(&reader, "certificate", NULL))
        return;
    buffer_init(&out, MESSAGE_SIZE_MAX);
    certificate_put(&certificate, &out);
    fuzz_same(&out, data, size);
}

static void try_cut(const uint8_t *data, size_t size)
{
    struct cut cut;
    struct buffer out;
    if (!cut_decode(bytes_of(data, size), &cut, NULL))
        return;
    struct hash id = cut.id;
    buffer_init(&out, CUT_SIZE_MAX);
    cut_encode(&cut, &out);
    must(hash_equal(&id, &cut.id));
    fuzz_same(&out, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct proposal proposal;
    struct codec_reader reader;
    struct buffer out;
    try_certificate(data, size);
    try_cut(data, size);
    codec_reader_init(&reader, bytes_of(data, size));
    proposal_get(&reader, &proposal);
    if (!codec_finish(&reader, "proposal", NULL))
        return 0;
    must(proposal.cut.height == proposal.height && proposal.valid_round < proposal.round);
    buffer_init(&out, MESSAGE_SIZE_MAX);
    proposal_put(&proposal, &out);
    fuzz_same(&out, data, size);
    return 0;
}
