#define _GNU_SOURCE /* MADV_POPULATE_WRITE */
#include "crypto/large_array.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { HEAD_SIZE = 4096 };

/* The page before the elements. Sizes in bytes, of the elements alone. */
struct head {
    size_t reserved, used;
};

static struct head *head_of(void *array)
{
    return (struct head *)((uint8_t *)array - HEAD_SIZE);
}

static bool is_large(size_t capacity, size_t element_size)
{
    return capacity * element_size >= LARGE_ARRAY_MIN;
}

/* Puts memory behind so many bytes of the reservation. */
static void commit(uint8_t *array, size_t used)
{
    struct head *head = head_of(array);
    uint8_t *from = array + head->used;
    size_t size = used - head->used;
    must(used <= head->reserved);
    must(mprotect(from, size, PROT_READ | PROT_WRITE) == 0);
    /* It may be refused, by an old kernel or where memory is short: then pages come one by one. */
    (void)madvise(from, size, MADV_POPULATE_WRITE);
    head->used = used;
}

/* Reserved addresses count as memory nowhere, but a process may be allowed few of them. */
static uint8_t *reserve(size_t least)
{
    size_t size = LARGE_ARRAY_RESERVED;
    while (size < least * 2)
        size *= 2;
    void *at;
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    while ((at = mmap(NULL, HEAD_SIZE + size, PROT_NONE, flags, -1, 0)) == MAP_FAILED) {
        size /= 2;
        must(size >= least);
    }
    must(mprotect(at, HEAD_SIZE, PROT_READ | PROT_WRITE) == 0);
    ((struct head *)at)->reserved = size;
    return (uint8_t *)at + HEAD_SIZE;
}

void large_array_release(void *array, size_t capacity, size_t element_size)
{
    if (array && is_large(capacity, element_size))
        must(munmap(head_of(array), HEAD_SIZE + head_of(array)->reserved) == 0);
    else
        free(array);
}

static size_t whole_pieces(size_t size)
{
    return (size + LARGE_ARRAY_PIECE - 1) / LARGE_ARRAY_PIECE * LARGE_ARRAY_PIECE;
}

void *large_array_grow(void *array, size_t *capacity, size_t wanted, size_t element_size)
{
    if (wanted <= *capacity)
        return array;
    must(element_size > 0 && element_size <= LARGE_ARRAY_PIECE);
    must(wanted <= SIZE_MAX / 8 / element_size);
    if (!is_large(2 * *capacity, element_size) && !is_large(2 * wanted, element_size))
        return array_grow(array, capacity, wanted, element_size);
    /* More than the least, so that the capacity, rounded down, still says that it is large. */
    size_t size = whole_pieces(wanted * element_size);
    size = size > LARGE_ARRAY_MIN ? size : LARGE_ARRAY_MIN + LARGE_ARRAY_PIECE;
    uint8_t *grown = array;
    if (!is_large(*capacity, element_size) || size > head_of(array)->reserved) {
        grown = reserve(size);
        commit(grown, size);
        if (array)
            memcpy(grown, array, *capacity * element_size);
        large_array_release(array, *capacity, element_size);
    } else {
        commit(grown, size);
    }
    *capacity = size / element_size;
    return grown;
}
