// audit-floor replay SOURCE TARGET BATCHES
// audit-floor hash FOLDER COUNT THREADS
//
// Prints the same line of JSON as the other programs do; `hash` the root, too.
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

_Noreturn void fail(const char *what, const char *path) {
    fprintf(stderr, "audit-floor: %s: %s: %s\n", path, what, strerror(errno));
    exit(1);
}

struct buffer read_file(const char *folder, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) fail("open", path);
    struct buffer buffer = {malloc((size_t)status.st_size + 1), (size_t)status.st_size};
    if (!buffer.bytes) fail("malloc", path);
    for (size_t have = 0; have < buffer.count;) {
        ssize_t got = pread(file, buffer.bytes + have, buffer.count - have, (off_t)have);
        if (got <= 0) fail("read", path);
        have += (size_t)got;
    }
    buffer.bytes[buffer.count] = 0;
    close(file);
    return buffer;
}

static struct rusage usage(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage;
}

static double cpu_seconds(void) {
    struct rusage used = usage();
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
        + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **words) {
    unsigned char root[32] = {0};
    double seconds, start_cpu = cpu_seconds();
    if (count == 5 && strcmp(words[1], "replay") == 0) {
        seconds = replay(words[2], words[3], words[4]);
    } else if (count == 5 && strcmp(words[1], "hash") == 0) {
        seconds = hash_tree(words[2], strtoul(words[3], NULL, 10), atoi(words[4]), root);
    } else {
        fprintf(stderr, "usage: audit-floor replay SOURCE TARGET BATCHES | hash FOLDER COUNT THREADS\n");
        return 64;
    }
    printf("{\"seconds\": %.9f, \"cpu_seconds\": %.9f, \"peak_kb\": %ld, \"root\": \"", seconds,
        cpu_seconds() - start_cpu, usage().ru_maxrss);
    for (int at = 0; at < 32; at++) printf("%02x", root[at]);
    printf("\", \"failed\": 0}\n");
    return 0;
}
