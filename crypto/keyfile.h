/* keyfile.h - private keys on disk: PKCS#8 PEM, mode 0600, refused when others can read them.
 *
 * Touches the outside world. Threads: any.
 */
#ifndef CRYPTO_KEYFILE_H
#define CRYPTO_KEYFILE_H

#include "crypto/sign.h"

/* Writes a new file (O_EXCL, 0600, synced, directory synced). ERROR_CONFLICT when it exists. */
bool keyfile_write(const char *path, const struct signing_key *key, struct error *error) MUST_USE;
/* ERROR_DENIED with the chmod to run when group or others may read or write the file, or when it
 * belongs to another user; ERROR_INVALID when it is no unencrypted Ed25519 PKCS#8 key. */
bool keyfile_read(const char *path, struct signing_key **key_out, struct error *error) MUST_USE;

#endif
