/* witness_client.h - brings a log's checkpoints to its witnesses, by libcurl inside the libuv loop,
 * and their cosignatures back.
 *
 * Its owner says when there is a new checkpoint (witness_client_kick), and gives checkpoint and
 * proof when they are asked for. One request a witness is under way at a time; nothing waits for
 * one: a witness that is down costs an attempt in five minutes. What counts is decided in
 * witness_submit.h. Redirects are not followed; an answer may have 64 KiB.
 *
 * Touches the outside world. Threads: the loop's thread only.
 */
#ifndef NODE_WITNESS_CLIENT_H
#define NODE_WITNESS_CLIENT_H

#include "node/witness_submit.h"

struct uv_loop_s;

enum {
    WITNESS_CLIENT_URL_MAX = 255,
    WITNESS_CLIENT_MAX = 64, /* witnesses: POLICY_WITNESSES_MAX */
    WITNESS_CLIENT_ANSWER_MAX = 64 * 1024,
    WITNESS_CLIENT_CONNECT_MS = 3000,
    WITNESS_CLIENT_ANSWER_MS = 10000 /* for a whole request */
};

struct witness_target {
    const char *url; /* the submission prefix: "http://witness.example:8600" */
    struct note_key key;
};

struct witness_cosignature {
    size_t witness; /* in the order of the config */
    const struct checkpoint *checkpoint;
    struct bytes line; /* a signature line of a note, without its newline */
    uint64_t time_s;
};

struct witness_client_config {
    struct uv_loop_s *loop;
    const struct witness_target *witnesses; /* copied, but for the URLs: borrowed */
    size_t witness_count;
    void *context; /* of those below; all but `troubled` are needed */
    /* The newest checkpoint that may be shown, as a note signed by the log. False: none yet. */
    bool (*newest)(void *context, struct checkpoint *checkpoint_out, struct buffer *note_out);
    /* A consistency proof, 0 < old_size < size. False: it cannot be made now. */
    bool (*prove)(void *context, uint64_t old_size, uint64_t size,
                  struct hash proof_out[MERKLE_CONSISTENCY_MAX], size_t *count_out);
    /* A cosignature that holds, of a checkpoint that `newest` gave. Valid during the call. */
    void (*cosigned)(void *context, const struct witness_cosignature *cosignature);
    /* A witness has a larger checkpoint than the newest: another node's, or it lies. */
    void (*outrun)(void *context, size_t witness);
    /* Something that a person may want to know. NULL: kept quiet. */
    void (*troubled)(void *context, size_t witness, const char *why);
};

struct witness_client;

struct witness_client *witness_client_open(const struct witness_client_config *config);
/* Ends what is under way. Run the loop once after it. NULL is fine. */
void witness_client_close(struct witness_client *client);
/* There may be a newer checkpoint. It may be called as often as one likes, and from inside the
 * callbacks. */
void witness_client_kick(struct witness_client *client);

struct witness_client_counts {
    uint64_t cosigned_size;                 /* of the newest checkpoint that it cosigned */
    uint64_t asked, cosigned, failed, told; /* requests; told: answered 409 */
};
struct witness_client_counts witness_client_counts(const struct witness_client *client,
                                                   size_t witness);

#endif
