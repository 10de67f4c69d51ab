/* pages.h - advice to the kernel on large arrays.
 *
 * Tables of gigabytes are read at random. With pages of 2 MiB the processor finds an address
 * without walking page tables in memory, which costs as much as the read itself; the more so on a
 * virtual machine, which walks two of them.
 */
#ifndef CRYPTO_PAGES_H
#define CRYPTO_PAGES_H

#include <stddef.h>

/* Large pages, please, for what lies whole within. Advice alone: it may be refused, and nothing
 * depends on it. Threads: any. */
void pages_advise(void *memory, size_t size);

#endif
