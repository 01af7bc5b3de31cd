#include "floor.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct segment {
    char name[64];
    struct buffer records;
    int file;
};

struct batch {
    size_t segment;
    off_t offset;
    size_t length;
};

// A file of zeroes, on the disk before anything is measured: appending then changes no metadata.
static struct segment prepare(const char *source, const char *target, const char *name) {
    struct segment segment;
    char folder[4096], path[4096];
    snprintf(segment.name, sizeof segment.name, "%s", name);
    snprintf(folder, sizeof folder, "%s/journal", source);
    segment.records = read_file(folder, name);
    snprintf(path, sizeof path, "%s/%s", target, name);
    segment.file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    unsigned char *zeroes = calloc(1, segment.records.count);
    if (segment.file < 0 || !zeroes) fail("create", path);
    if (write(segment.file, zeroes, segment.records.count) != (ssize_t)segment.records.count) fail("write", path);
    if (fsync(segment.file) != 0) fail("fsync", path);
    free(zeroes);
    return segment;
}

static void *grown(void *items, size_t count, size_t size) {
    // Room for a power of two of them.
    if (count & (count - 1)) return items;
    void *more = realloc(items, (count ? 2 * count : 1) * size);
    if (!more) fail("realloc", "batches");
    return more;
}

double replay(const char *source, const char *target, const char *batch_file) {
    struct segment *segments = NULL;
    struct batch *batches = NULL;
    size_t segment_count = 0, batch_count = 0;
    FILE *lines = fopen(batch_file, "r");
    if (!lines) fail("open", batch_file);
    char name[64];
    long offset;
    size_t length;
    while (fscanf(lines, "%63s %ld %zu", name, &offset, &length) == 3) {
        if (segment_count == 0 || strcmp(segments[segment_count - 1].name, name) != 0) {
            segments = grown(segments, segment_count, sizeof *segments);
            segments[segment_count++] = prepare(source, target, name);
        }
        batches = grown(batches, batch_count, sizeof *batches);
        batches[batch_count++] = (struct batch){segment_count - 1, offset, length};
    }
    fclose(lines);
    double start = now();
    for (size_t at = 0; at < batch_count; at++) {
        const struct batch *batch = &batches[at];
        const struct segment *segment = &segments[batch->segment];
        const unsigned char *bytes = segment->records.bytes + batch->offset;
        if (pwrite(segment->file, bytes, batch->length, batch->offset) != (ssize_t)batch->length) fail("pwrite", target);
        if (fdatasync(segment->file) != 0) fail("fdatasync", target);
    }
    return now() - start;
}
