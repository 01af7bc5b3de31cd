#include "checksum.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define HAS_INSTRUCTION __attribute__((target("sse4.2")))
#define EIGHT(crc, word) ((uint32_t)_mm_crc32_u64((crc), (word)))
#define ONE(crc, byte) _mm_crc32_u8((crc), (byte))

bool belay_has_crc32c(void) { return __builtin_cpu_supports("sse4.2"); }

#else
#define HAS_INSTRUCTION
// Never called: nobody has the instruction.
#define EIGHT(crc, word) (crc)
#define ONE(crc, byte) (crc)

bool belay_has_crc32c(void) { return false; }
#endif

HAS_INSTRUCTION uint32_t belay_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    for (; count >= 8; count -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        crc = EIGHT(crc, word);
    }
    for (; count > 0; count--, at++) crc = ONE(crc, *at);
    return crc;
}
