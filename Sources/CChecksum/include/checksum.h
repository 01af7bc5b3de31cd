#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Whether this processor has an instruction for CRC-32C.
bool belay_has_crc32c(void);

// What bytes make of a CRC-32C register. Only where the processor has the instruction.
uint32_t belay_crc32c(uint32_t crc, const void *bytes, size_t count);
