#include "checksum.h"

#include <string.h>

// What 64 bytes are, a bit each.
struct block {
    uint64_t quotes, backslashes, others;
};

typedef void mark_all(const void *bytes, size_t count, uint64_t *marks);
typedef struct block look_at(const unsigned char *bytes);
// Which of them may follow a backslash; asked about some of them only.
typedef uint64_t find(const unsigned char *bytes, uint64_t some);

// The bytes behind a backslash that is not behind one itself. `carry` is 1 when the block's first byte is such a one, and then
// when the next block's is. In a run of backslashes every other one counts: adding those that begin runs at odd places carries each
// to its run's end, and turns even and odd around there (Langdale and Lemire, Parsing Gigabytes of JSON per Second, section 3.1.1).
static inline uint64_t escaped(uint64_t backslashes, uint64_t *carry) {
    const uint64_t even = 0x5555555555555555;
    uint64_t those = backslashes & ~*carry, behind = those << 1 | *carry, ends;
    *carry = __builtin_add_overflow(those & ~even & ~behind, those, &ends);
    return (even ^ ends << 1) & behind;
}

static inline __attribute__((always_inline)) void mark(
    const unsigned char *bytes, size_t count, uint64_t *marks, look_at *look, find *escapable) {
    uint64_t carry = 0;
    for (size_t at = 0; at <= count; at += 64) {
        // The last block, which may have no bytes at all.
        unsigned char rest[64];
        size_t left = count - at;
        const unsigned char *here = bytes + at;
        if (left < 64) {
            memset(rest, ' ', sizeof rest);
            if (left > 0) memcpy(rest, here, left);
            here = rest;
        }
        struct block block = look(here);
        uint64_t behind = block.backslashes | carry ? escaped(block.backslashes, &carry) : 0;
        uint64_t found = block.others | (block.quotes & ~behind);
        uint64_t letters = behind & ~(block.quotes | block.backslashes);
        if (letters) found |= letters & ~escapable(here, letters);
        if (left < 64) found = (found & ((1ull << left) - 1)) | 1ull << left;
        marks[at / 64] = found;
    }
}

#define EACH 0x0101010101010101ull

// A bit for each of eight bytes that is zero; exact, since nothing is carried from one byte to the next.
static inline uint64_t zeroes(uint64_t bytes) {
    uint64_t low = 0x7F * EACH;
    uint64_t tops = ~(((bytes & low) + low) | bytes | low);
    return (tops >> 7) * 0x0102040810204080ull >> 56;
}

static inline uint64_t eight(const unsigned char *bytes) {
    uint64_t word = 0;
    for (int at = 0; at < 8; at++) word |= (uint64_t)bytes[at] << 8 * at;
    return word;
}

static inline struct block look_by_eight(const unsigned char *bytes) {
    struct block block = {0};
    for (int at = 0; at < 64; at += 8) {
        uint64_t word = eight(bytes + at);
        block.quotes |= zeroes(word ^ '"' * EACH) << at;
        block.backslashes |= zeroes(word ^ '\\' * EACH) << at;
        // Below 0x20, or not below 0x80.
        block.others |= (zeroes(word & 0xE0 * EACH) | (0xFF & ~zeroes(word & 0x80 * EACH))) << at;
    }
    return block;
}

static inline uint64_t escapable_one_by_one(const unsigned char *bytes, uint64_t some) {
    uint64_t found = 0;
    for (; some; some &= some - 1) {
        int at = __builtin_ctzll(some);
        found |= (uint64_t)(memchr("nt/rbf", bytes[at], 6) != NULL) << at;
    }
    return found;
}

static void mark_portable(const void *bytes, size_t count, uint64_t *marks) {
    mark(bytes, count, marks, look_by_eight, escapable_one_by_one);
}

#if defined(__x86_64__)
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline uint64_t bits(__m256i bytes) { return (uint32_t)_mm256_movemask_epi8(bytes); }

AVX2 static inline __m256i equal(__m256i bytes, char byte) { return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte)); }

AVX2 static inline __m256i load(const unsigned char *bytes) { return _mm256_loadu_si256((const __m256i *)bytes); }

AVX2 static inline struct block look_avx2(const unsigned char *bytes) {
    __m256i low = load(bytes), high = load(bytes + 32), blank = _mm256_set1_epi8(0x20);
    return (struct block){
        .quotes = bits(equal(low, '"')) | bits(equal(high, '"')) << 32,
        .backslashes = bits(equal(low, '\\')) | bits(equal(high, '\\')) << 32,
        // Signed: what is beyond ASCII is below zero.
        .others = bits(_mm256_cmpgt_epi8(blank, low)) | bits(_mm256_cmpgt_epi8(blank, high)) << 32,
    };
}

AVX2 static inline __m256i is_escapable(__m256i bytes) {
    __m256i some = _mm256_or_si256(equal(bytes, 'n'), _mm256_or_si256(equal(bytes, 't'), equal(bytes, '/')));
    __m256i more = _mm256_or_si256(equal(bytes, 'r'), _mm256_or_si256(equal(bytes, 'b'), equal(bytes, 'f')));
    return _mm256_or_si256(some, more);
}

AVX2 static inline uint64_t escapable_avx2(const unsigned char *bytes, uint64_t some) {
    (void)some;
    return bits(is_escapable(load(bytes))) | bits(is_escapable(load(bytes + 32))) << 32;
}

AVX2 static void mark_avx2(const void *bytes, size_t count, uint64_t *marks) {
    mark(bytes, count, marks, look_avx2, escapable_avx2);
}

#define AVX512 __attribute__((target("avx512f,avx512bw")))

AVX512 static inline struct block look_avx512(const unsigned char *bytes) {
    __m512i all = _mm512_loadu_si512(bytes);
    return (struct block){
        .quotes = _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8('"')),
        .backslashes = _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8('\\')),
        .others = _mm512_cmplt_epi8_mask(all, _mm512_set1_epi8(0x20)),
    };
}

AVX512 static void mark_avx512(const void *bytes, size_t count, uint64_t *marks) {
    mark(bytes, count, marks, look_avx512, escapable_avx2);
}

static mark_all *const ways[] = {mark_portable, mark_avx2, mark_avx512};

int belay_json_ways(void) {
    return __builtin_cpu_supports("avx512bw") ? 3 : __builtin_cpu_supports("avx2") ? 2 : 1;
}

#else

static mark_all *const ways[] = {mark_portable};

int belay_json_ways(void) { return 1; }
#endif

void belay_json_marks_by(int way, const void *bytes, size_t count, uint64_t *marks) { ways[way](bytes, count, marks); }

void belay_json_marks(const void *bytes, size_t count, uint64_t *marks) {
    ways[belay_json_ways() - 1](bytes, count, marks);
}
