/* large_array.h - arrays that may become gigabytes: they grow where they are.
 *
 *     below LARGE_ARRAY_MIN bytes      memory of the heap, doubled as array_grow() does
 *     from then on                     [ head page | elements in use | reserved addresses .... ]
 *                                                    ^ array            no memory behind them yet
 *
 * Doubling such an array copies it, which stops a node for a second at every power of two, and
 * takes it twice meanwhile. Here addresses are reserved once, and memory is put behind them a piece
 * at a time: growing costs the same at any size, and the elements never move but when the array
 * becomes large, or outgrows its reservation. A piece is touched by one call of the kernel's, since
 * a page fault for each of its pages costs several times as much, most of all in a virtual machine.
 *
 * Threads: as the array's owner.
 */
#ifndef CRYPTO_LARGE_ARRAY_H
#define CRYPTO_LARGE_ARRAY_H

#include "crypto/base.h"

enum {
    LARGE_ARRAY_MIN = 4 * 1024 * 1024,
    LARGE_ARRAY_PIECE = 1024 * 1024 /* put behind an array at a time */
};
/* Addresses, not memory: 16 GiB hold a hundred million lots. Less where the system allows less. */
#define LARGE_ARRAY_RESERVED ((size_t)16 * 1024 * 1024 * 1024)

/* As array_grow(): room for at least `wanted` elements, the new ones zeroed; running out of memory
 * ends the process. An array that was grown here must be grown here only, and released below. */
void *large_array_grow(void *array, size_t *capacity, size_t wanted, size_t element_size);
/* NULL is fine; `capacity` and `element_size` as they were when it grew last. */
void large_array_release(void *array, size_t capacity, size_t element_size);

#endif
