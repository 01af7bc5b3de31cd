// OpenSSL's low-level functions: they work on the stack. The high-level ones look the algorithm up and allocate for each hash.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "checksum.h"

#include <openssl/sha.h>

void belay_leaf_hash(const void *entry, size_t count, void *hash) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, "\0", 1);
    SHA256_Update(&context, entry, count);
    SHA256_Final(hash, &context);
}

void belay_node_hash(const void *left, const void *right, void *hash) {
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, "\1", 1);
    SHA256_Update(&context, left, 32);
    SHA256_Update(&context, right, 32);
    SHA256_Final(hash, &context);
}
