#include "checksum.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAS_INSTRUCTION __attribute__((target("sse4.2,pclmul")))

bool belay_has_crc32c(void) { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"); }

HAS_INSTRUCTION static inline uint32_t eight(uint32_t crc, const unsigned char *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return (uint32_t)_mm_crc32_u64(crc, word);
}

HAS_INSTRUCTION static inline __m128i times(uint32_t crc, uint32_t power) {
    return _mm_clmulepi64_si128(_mm_cvtsi32_si128((int)crc), _mm_cvtsi32_si128((int)power), 0);
}

// In three lanes: an instruction waits for the one before it in its own lane only.
enum { lane = 128 };

HAS_INSTRUCTION static inline uint32_t three_lanes(uint32_t first, const unsigned char *bytes) {
    uint32_t second = 0, third = 0;
    for (int at = 0; at < lane; at += 8) {
        first = eight(first, bytes + at);
        second = eight(second, bytes + lane + at);
        third = eight(third, bytes + 2 * lane + at);
    }
    // What zeroes in place of the bytes that follow would make of the first two: a product with x^(8n - 33) modulo the polynomial,
    // bits reversed, for the n = 256 and n = 128 bytes; the instruction itself does the rest of the reduction.
    __m128i both = _mm_xor_si128(times(first, 0xB9E02B86), times(second, 0x0D3B6092));
    return (uint32_t)_mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(both)) ^ third;
}

HAS_INSTRUCTION uint32_t belay_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    for (; count >= 3 * lane; count -= 3 * lane, at += 3 * lane) crc = three_lanes(crc, at);
    for (; count >= 8; count -= 8, at += 8) crc = eight(crc, at);
    for (; count > 0; count--, at++) crc = _mm_crc32_u8(crc, *at);
    return crc;
}

#else

bool belay_has_crc32c(void) { return false; }

// Never called: nobody has the instruction.
uint32_t belay_crc32c(uint32_t crc, const void *bytes, size_t count) {
    (void)bytes;
    (void)count;
    return crc;
}
#endif
