// OpenSSL's low-level functions: the high-level ones look the algorithm up for each hash.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "floor.h"

#include <dirent.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node {
    unsigned char bytes[32];
};

struct work {
    const char *folder;
    struct dirent **segments;
    int segment_count;
    atomic_int next;
    // What is hashed and where it goes: entries into `to`, or pairs of `from`.
    const struct node *from;
    struct node *to;
    size_t count;
    int threads;
    atomic_int thread;
};

static void hash_segment(const struct work *work, const char *name) {
    struct buffer segment = read_file(work->folder, name);
    for (size_t at = 0; at + 16 <= segment.count;) {
        uint32_t length;
        uint64_t index;
        memcpy(&length, segment.bytes + at, 4);
        memcpy(&index, segment.bytes + at + 4, 8);
        if (length == 0 || index >= work->count || at + 16 + length > segment.count) break;
        SHA256_CTX context;
        SHA256_Init(&context);
        SHA256_Update(&context, "\0", 1);
        SHA256_Update(&context, segment.bytes + at + 16, length);
        SHA256_Final(work->to[index].bytes, &context);
        at += 16 + length;
    }
    free(segment.bytes);
}

static void *hash_segments(void *argument) {
    struct work *work = argument;
    for (int at; (at = atomic_fetch_add(&work->next, 1)) < work->segment_count;)
        hash_segment(work, work->segments[at]->d_name);
    return NULL;
}

static void *hash_pairs(void *argument) {
    struct work *work = argument;
    size_t part = (size_t)atomic_fetch_add(&work->thread, 1), pairs = work->count / 2;
    size_t first = pairs * part / (size_t)work->threads, end = pairs * (part + 1) / (size_t)work->threads;
    for (size_t at = first; at < end; at++) {
        unsigned char bytes[65] = {1};
        memcpy(bytes + 1, &work->from[2 * at], 64);
        SHA256_CTX context;
        SHA256_Init(&context);
        SHA256_Update(&context, bytes, sizeof bytes);
        SHA256_Final(work->to[at].bytes, &context);
    }
    return NULL;
}

static void in_threads(struct work *work, void *(*body)(void *)) {
    pthread_t threads[64];
    for (int at = 0; at < work->threads; at++)
        if (pthread_create(&threads[at], NULL, body, work) != 0) fail("pthread_create", work->folder);
    for (int at = 0; at < work->threads; at++) pthread_join(threads[at], NULL);
}

static int is_segment(const struct dirent *entry) { return strstr(entry->d_name, ".wal") != NULL; }

double hash_tree(const char *log, size_t count, int threads, unsigned char root[32]) {
    double start = now();
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/journal", log);
    struct node *nodes = calloc(count, sizeof *nodes), *above = calloc(count / 2 + 1, sizeof *above);
    struct work work = {.folder = folder, .to = nodes, .count = count, .threads = threads};
    work.segment_count = scandir(folder, &work.segments, is_segment, alphasort);
    if (!nodes || !above || count == 0 || threads < 1 || threads > 64 || work.segment_count < 1) fail("start", folder);
    in_threads(&work, hash_segments);
    while (work.count > 1) {
        work.from = nodes;
        work.to = above;
        atomic_store(&work.thread, 0);
        in_threads(&work, hash_pairs);
        // One without a neighbour is passed up as it is.
        if (work.count & 1) above[work.count / 2] = nodes[work.count - 1];
        work.count = (work.count + 1) / 2;
        struct node *below = nodes;
        nodes = above;
        above = below;
    }
    memcpy(root, nodes, 32);
    return now() - start;
}
