#include "node/crc32c.h"

#include <pthread.h>

enum { LANES = 8 };

/* table[k][b]: the effect of byte b followed by k zero bytes, so that eight bytes take one step. */
static uint32_t table[LANES][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_fill(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82F63B78) : 0);
        }
        table[0][b] = crc;
    }
    for (size_t k = 1; k < LANES; k++) {
        for (size_t b = 0; b < 256; b++) {
            uint32_t before = table[k - 1][b];
            table[k][b] = before >> 8 ^ table[0][before & 0xFF];
        }
    }
}

static uint32_t little32(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

uint32_t crc32c(uint32_t crc, struct bytes bytes)
{
    pthread_once(&table_once, table_fill);
    crc = ~crc;
    size_t i = 0;
    for (; bytes.size - i >= LANES; i += LANES) {
        uint32_t low = crc ^ little32(bytes.at + i), high = little32(bytes.at + i + 4);
        crc = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF] ^
              table[4][low >> 24] ^ table[3][high & 0xFF] ^ table[2][high >> 8 & 0xFF] ^
              table[1][high >> 16 & 0xFF] ^ table[0][high >> 24];
    }
    for (; i < bytes.size; i++) {
        crc = crc >> 8 ^ table[0][(crc ^ bytes.at[i]) & 0xFF];
    }
    return ~crc;
}

uint32_t crc32c_stored(const uint8_t at[CRC32C_SIZE])
{
    uint32_t rotated = little32(at) - UINT32_C(0xA282EAD8);
    return rotated >> 17 | rotated << 15;
}
