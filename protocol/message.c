#include "protocol/message.h"

#include "protocol/codec.h"
#include "protocol/evidence.h"

#include <string.h>

const char *message_kind_word(enum message_kind kind)
{
    switch (kind) {
#define X(name, number, word)                                                                      \
    case name:                                                                                     \
        return word;
        MESSAGE_KINDS(X)
#undef X
    }
    must(!"a message kind outside its table");
}

/* ---- encoding ------------------------------------------------------------------------------ */

static void put_status(const struct status *status, struct buffer *out)
{
    codec_put_array(out, 3);
    codec_put_uint(out, status->height);
    codec_put_array(out, status->lane_count);
    for (size_t i = 0; i < status->lane_count; i++) {
        codec_put_array(out, 2);
        codec_put_uint(out, status->lanes[i].sequence);
        codec_put_bytes(out, hash_as_bytes(&status->lanes[i].id));
    }
    codec_put_array(out, status->round_count);
    for (size_t i = 0; i < status->round_count; i++) {
        const struct status_round *round = &status->rounds[i];
        codec_put_array(out, 4);
        codec_put_int(out, round->round);
        codec_put_uint(out, round->prevotes);
        codec_put_uint(out, round->precommits);
        codec_put_uint(out, round->proposals);
    }
}

static void put_fetch_batches(const struct message *message, struct buffer *out)
{
    codec_put_array(out, message->body.fetch_batches.count);
    for (size_t i = 0; i < message->body.fetch_batches.count; i++) {
        const struct fetch_batch *item = &message->body.fetch_batches.items[i];
        codec_put_array(out, 4);
        codec_put_uint(out, item->lane.v);
        codec_put_bytes(out, hash_as_bytes(&item->head));
        codec_put_uint(out, item->head_sequence);
        codec_put_uint(out, item->above);
    }
}

static void put_answer(const struct answer *answer, struct buffer *out)
{
    codec_put_array(out, 4);
    codec_put_uint(out, answer->nonce);
    codec_put_bytes(out, answer->batch);
    codec_put_array(out, answer->vote_count);
    for (size_t i = 0; i < answer->vote_count; i++)
        vote_put(&answer->votes[i], out);
    codec_put_bytes(out, answer->proposal);
}

void message_encode(const struct message *message, struct buffer *out)
{
    codec_put_array(out, 3);
    codec_put_uint(out, FORMAT_VERSION);
    codec_put_uint(out, message->kind);
    switch (message->kind) {
    case MESSAGE_BATCH:
        codec_put_bytes(out, message->body.batch);
        return;
    case MESSAGE_PROPOSAL:
        codec_put_bytes(out, message->body.proposal);
        return;
    case MESSAGE_VOTES:
        codec_put_array(out, message->body.votes.count);
        for (size_t i = 0; i < message->body.votes.count; i++)
            vote_put(&message->body.votes.items[i], out);
        return;
    case MESSAGE_STATUS:
        put_status(&message->body.status, out);
        return;
    case MESSAGE_FETCH_BATCHES:
        put_fetch_batches(message, out);
        return;
    case MESSAGE_FETCH_HEIGHTS:
        codec_put_array(out, 2);
        codec_put_uint(out, message->body.fetch_heights.from);
        codec_put_uint(out, message->body.fetch_heights.count);
        return;
    case MESSAGE_DECIDED:
        codec_put_array(out, 2);
        certificate_put(&message->body.decided.certificate, out);
        codec_put_bytes(out, message->body.decided.cut);
        return;
    case MESSAGE_ASK:
        codec_put_uint(out, message->body.ask.nonce);
        return;
    case MESSAGE_ANSWER:
        put_answer(&message->body.answer, out);
        return;
    case MESSAGE_COSIGNATURE:
        codec_put_array(out, 2);
        cosignature_put(&message->body.cosignature.item, out);
        codec_put_uint(out, message->body.cosignature.final_size);
        return;
    case MESSAGE_ATTESTATION:
        attestation_put(&message->body.attestation, out);
        return;
    case MESSAGE_FETCH_SNAPSHOT:
        codec_put_array(out, 2);
        codec_put_uint(out, message->body.fetch_snapshot.height);
        codec_put_uint(out, message->body.fetch_snapshot.piece);
        return;
    case MESSAGE_SNAPSHOT_PIECE:
        codec_put_array(out, 3);
        codec_put_uint(out, message->body.snapshot_piece.height);
        codec_put_uint(out, message->body.snapshot_piece.piece);
        codec_put_bytes(out, message->body.snapshot_piece.bytes);
        return;
    case MESSAGE_EVIDENCE:
        codec_put_bytes(out, message->body.evidence);
        return;
    }
}

/* ---- decoding ------------------------------------------------------------------------------ */

static void get_status(struct codec_reader *reader, struct status *status)
{
    codec_get_array(reader, 3, 3);
    status->height = codec_get_uint(reader, INT64_MAX);
    status->lane_count = (uint16_t)codec_get_array(reader, 1, NODES_MAX);
    for (size_t i = 0; i < status->lane_count; i++) {
        codec_get_array(reader, 2, 2);
        status->lanes[i].sequence = codec_get_uint(reader, INT64_MAX);
        codec_get_fixed(reader, status->lanes[i].id.at, HASH_SIZE);
    }
    status->round_count = codec_get_array(reader, 0, STATUS_ROUNDS_MAX);
    for (size_t i = 0; i < status->round_count; i++) {
        struct status_round *round = &status->rounds[i];
        codec_get_array(reader, 4, 4);
        round->round = (int32_t)codec_get_int(reader, 0, ROUND_MAX);
        round->prevotes = codec_get_uint(reader, UINT64_MAX);
        round->precommits = codec_get_uint(reader, UINT64_MAX);
        round->proposals = (uint8_t)codec_get_uint(reader, STATUS_PROPOSALS_MAX);
    }
}

static void get_fetch_batches(struct codec_reader *reader, struct message *message)
{
    size_t count = codec_get_array(reader, 1, FETCH_BATCHES_MAX);
    message->body.fetch_batches.count = count;
    for (size_t i = 0; i < count; i++) {
        struct fetch_batch *item = &message->body.fetch_batches.items[i];
        codec_get_array(reader, 4, 4);
        item->lane.v = (uint16_t)codec_get_uint(reader, NODES_MAX - 1);
        codec_get_fixed(reader, item->head.at, HASH_SIZE);
        item->head_sequence = codec_get_uint(reader, INT64_MAX);
        item->above = codec_get_uint(reader, INT64_MAX);
    }
}

static void get_answer(struct codec_reader *reader, struct answer *answer)
{
    codec_get_array(reader, 4, 4);
    answer->nonce = codec_get_uint(reader, UINT64_MAX);
    answer->batch = codec_get_bytes(reader, 0, BATCH_SIZE_MAX);
    answer->vote_count = codec_get_array(reader, 0, ARRAY_SIZE(answer->votes));
    for (size_t i = 0; i < answer->vote_count; i++)
        vote_get(reader, &answer->votes[i]);
    answer->proposal = codec_get_bytes(reader, 0, MESSAGE_SIZE_MAX);
}

static void get_body(struct codec_reader *reader, struct message *message)
{
    switch (message->kind) {
    case MESSAGE_BATCH:
        message->body.batch = codec_get_bytes(reader, 1, BATCH_SIZE_MAX);
        return;
    case MESSAGE_PROPOSAL:
        message->body.proposal = codec_get_bytes(reader, 1, MESSAGE_SIZE_MAX);
        return;
    case MESSAGE_VOTES:
        message->body.votes.count = codec_get_array(reader, 1, MESSAGE_VOTES_MAX);
        for (size_t i = 0; i < message->body.votes.count && !reader->failed; i++)
            vote_get(reader, &message->body.votes.items[i]);
        return;
    case MESSAGE_STATUS:
        get_status(reader, &message->body.status);
        return;
    case MESSAGE_FETCH_BATCHES:
        get_fetch_batches(reader, message);
        return;
    case MESSAGE_FETCH_HEIGHTS:
        codec_get_array(reader, 2, 2);
        message->body.fetch_heights.from = codec_get_uint(reader, INT64_MAX);
        message->body.fetch_heights.count = codec_get_uint(reader, FETCH_HEIGHTS_MAX);
        return;
    case MESSAGE_DECIDED:
        codec_get_array(reader, 2, 2);
        certificate_get(reader, &message->body.decided.certificate);
        message->body.decided.cut = codec_get_bytes(reader, 1, CUT_SIZE_MAX);
        return;
    case MESSAGE_ASK:
        message->body.ask.nonce = codec_get_uint(reader, UINT64_MAX);
        return;
    case MESSAGE_ANSWER:
        get_answer(reader, &message->body.answer);
        return;
    case MESSAGE_COSIGNATURE:
        codec_get_array(reader, 2, 2);
        cosignature_get(reader, &message->body.cosignature.item);
        message->body.cosignature.final_size = codec_get_uint(reader, INT64_MAX);
        return;
    case MESSAGE_ATTESTATION:
        attestation_get(reader, &message->body.attestation);
        return;
    case MESSAGE_FETCH_SNAPSHOT:
        codec_get_array(reader, 2, 2);
        message->body.fetch_snapshot.height = codec_get_uint(reader, INT64_MAX);
        message->body.fetch_snapshot.piece = codec_get_uint(reader, SNAPSHOT_PIECES_MAX);
        return;
    case MESSAGE_SNAPSHOT_PIECE:
        codec_get_array(reader, 3, 3);
        message->body.snapshot_piece.height = codec_get_uint(reader, INT64_MAX);
        message->body.snapshot_piece.piece = codec_get_uint(reader, SNAPSHOT_PIECES_MAX);
        message->body.snapshot_piece.bytes = codec_get_bytes(reader, 1, SNAPSHOT_PIECE);
        return;
    case MESSAGE_EVIDENCE:
        message->body.evidence = codec_get_bytes(reader, 1, EVIDENCE_SIZE_MAX);
        return;
    }
    codec_fail(reader, "unknown kind of message");
}

bool message_decode(struct bytes bytes, struct message *message, struct error *error)
{
    if (bytes.size > MESSAGE_SIZE_MAX)
        return error_set(error, ERROR_LIMIT, "message: larger than %d bytes", MESSAGE_SIZE_MAX);
    struct codec_reader reader;
    codec_reader_init(&reader, bytes);
    codec_get_array(&reader, 3, 3);
    if (codec_get_uint(&reader, UINT16_MAX) != FORMAT_VERSION)
        codec_fail(&reader, "unknown format version");
    message->kind = (enum message_kind)codec_get_uint(&reader, MESSAGE_KIND_MAX);
    if (!reader.failed)
        get_body(&reader, message);
    return codec_finish(&reader, "message", error);
}
