#define _DEFAULT_SOURCE /* madvise */
#include "crypto/pages.h"

#include <stdint.h>
#include <sys/mman.h>

enum { SMALL_PAGE_SIZE = 4096 };

void pages_advise(void *memory, size_t size)
{
    const uintptr_t mask = ~(uintptr_t)(SMALL_PAGE_SIZE - 1);
    uintptr_t begin = ((uintptr_t)memory + SMALL_PAGE_SIZE - 1) & mask;
    uintptr_t end = ((uintptr_t)memory + size) & mask;
    if (end > begin)
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}
