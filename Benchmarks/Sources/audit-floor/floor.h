// The least that a log can cost: what Belay's audit log is measured against.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buffer {
    unsigned char *bytes;
    size_t count;
};

// The whole file; ends the process when it cannot be read.
struct buffer read_file(const char *folder, const char *name);
_Noreturn void fail(const char *what, const char *path);
double now(void);

// Writes what SOURCE/journal holds into preallocated segments in TARGET, in the batches of the file, one pwrite and one fdatasync
// each. Gives the seconds it took.
double replay(const char *source, const char *target, const char *batches);

// The RFC 6962 root of the `count` entries in FOLDER/journal, by so many threads. Gives the seconds it took.
double hash_tree(const char *folder, size_t count, int threads, unsigned char root[32]);
