/* note.h - C2SP signed notes, tlog checkpoints and Ed25519 cosignatures.
 *
 * note = text || "\n" || signature lines; text ends in a newline. Pure. Threads: any.
 */
#ifndef CRYPTO_NOTE_H
#define CRYPTO_NOTE_H

#include "crypto/sign.h"

enum {
    NOTE_NAME_MAX = 255,
    NOTE_SIGNATURES_MAX = 64, /* C2SP asks for at least 16 */
    NOTE_SIZE_MAX = 64 * 1024,
    NOTE_TYPE_ED25519 = 0x01,
    NOTE_TYPE_COSIGNATURE = 0x04
};

/* A verifier key "<name>+<8 hex key id>+base64(type || public key)". */
struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint32_t id; /* first 4 bytes of SHA-256(name || 0A || type || public key), big-endian */
    uint8_t type;
    struct public_key key;
};

bool note_name_valid(struct bytes name) MUST_USE;
/* Fills in the id. ERROR_INVALID for a bad name or an unknown type. */
bool note_key_make(const char *name, uint8_t type, const struct public_key *key,
                   struct note_key *key_out, struct error *error) MUST_USE;
bool note_key_parse(struct bytes text, struct note_key *key_out, struct error *error) MUST_USE;
void note_key_format(const struct note_key *key, struct buffer *text_out);

/* What a note and its text are made of: UTF-8 without control characters, lines that end, at most
 * NOTE_SIZE_MAX bytes. */
bool note_text_check(struct bytes text, struct error *error) MUST_USE;
/* At the last empty line: the text keeps its newline, the empty line belongs to neither. Looks at
 * nothing else; false when there is none. */
bool note_split(struct bytes note, struct bytes *text_out, struct bytes *lines_out) MUST_USE;

/* Appends one signature line to a note. The note holds at least the text and, once the first
 * signature is added, the blank line: note_begin() writes text and blank line. */
bool note_begin(struct buffer *note, struct bytes text, struct error *error) MUST_USE;
void note_sign(struct buffer *note, const struct note_key *key, const struct signing_key *signer);
/* Type 04: signs "cosignature/v1\ntime <unix seconds>\n" || text. */
void note_cosign(struct buffer *note, const struct note_key *key, const struct signing_key *signer,
                 uint64_t time_s);

/* A cosignature on its own, for where it travels without its note. */
struct signature note_cosignature(struct bytes text, const struct signing_key *signer,
                                  uint64_t time_s);
bool note_cosignature_holds(struct bytes text, const struct verifier *verifier, uint64_t time_s,
                            const struct signature *signature) MUST_USE;
/* Appends its line, unchecked, as note_cosign() would have. */
void note_put_cosignature(struct buffer *note, const struct note_key *key, uint64_t time_s,
                          const struct signature *signature);

struct note_result {
    struct bytes text;    /* into the input, with its last newline */
    uint64_t verified;    /* bit i: keys[i] signed it and the signature holds */
    uint64_t times_s[64]; /* for type 04 keys: the time that was signed */
};
/* Splits at the last empty line and checks every signature line against at most 64 known keys. An
 * unknown (name, id) is ignored; a known key whose signature fails rejects the note; none valid
 * rejects it too, with ERROR_NOT_FOUND. */
bool note_open(struct bytes note, const struct note_key *keys, size_t key_count,
               struct note_result *result_out, struct error *error) MUST_USE;

struct checkpoint {
    char origin[NOTE_NAME_MAX + 1];
    uint64_t size;
    struct hash root;
};
void checkpoint_format(const struct checkpoint *checkpoint, struct buffer *text_out);
/* Exactly three lines; decimal size without leading zeros. */
bool checkpoint_parse(struct bytes text, struct checkpoint *checkpoint_out,
                      struct error *error) MUST_USE;

#endif
