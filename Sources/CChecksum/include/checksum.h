#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Whether this processor has an instruction for CRC-32C.
bool belay_has_crc32c(void);

// What bytes make of a CRC-32C register. Only where the processor has the instruction.
uint32_t belay_crc32c(uint32_t crc, const void *bytes, size_t count);

// The two hashes of an RFC 6962 tree over SHA-256 (section 2.1): of an entry, and of the node over two hashes. Each is 32 bytes.
void belay_leaf_hash(const void *entry, size_t count, void *hash);
void belay_node_hash(const void *left, const void *right, void *hash);

// Where a JSON string can end: a bit for each byte, from the lowest one on, which is set for a quote without a backslash before
// it, and for what is not plain: a control character, a byte beyond ASCII, and what follows a backslash and is none of
// n " \ t / r b f. One more bit is set behind the last byte. `marks` has room for count / 64 + 1 words.
void belay_json_marks(const void *bytes, size_t count, uint64_t *marks);

// The same by one of the ways there are: 0 is for any processor, the last one is what `belay_json_marks` takes on this one.
int belay_json_ways(void);
void belay_json_marks_by(int way, const void *bytes, size_t count, uint64_t *marks);
