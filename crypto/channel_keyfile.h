/* channel_keyfile.h - the transport key on disk, by the same rules as keyfile.h.
 *
 * Touches the outside world. Threads: any.
 */
#ifndef CRYPTO_CHANNEL_KEYFILE_H
#define CRYPTO_CHANNEL_KEYFILE_H

#include "crypto/channel_key.h"

/* Writes a new file (O_EXCL, 0600, synced, directory synced). ERROR_CONFLICT when it exists. */
bool channel_keyfile_write(const char *path, const struct channel_key *key,
                           struct error *error) MUST_USE;
/* ERROR_DENIED with the chmod to run when group or others may read or write the file, or when it
 * belongs to another user; ERROR_INVALID when it is no unencrypted P-256 PKCS#8 key. */
bool channel_keyfile_read(const char *path, struct channel_key **key_out,
                          struct error *error) MUST_USE;

#endif
