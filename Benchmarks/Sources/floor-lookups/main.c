// floor-lookups FILE COUNT NAME KEY: what libssh2's own known_hosts costs, as a client would use it: the file is read once,
// the name is checked COUNT times. KEY is the host's key in base64. Prints the same line of JSON as the clients do.
#include <libssh2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **words) {
    if (count != 5 || libssh2_init(0) != 0) return 64;
    LIBSSH2_SESSION *session = libssh2_session_init();
    LIBSSH2_KNOWNHOSTS *hosts = session ? libssh2_knownhost_init(session) : NULL;
    if (!hosts || libssh2_knownhost_readfile(hosts, words[1], LIBSSH2_KNOWNHOST_FILE_OPENSSH) <= 0) {
        fprintf(stderr, "floor-lookups: %s cannot be read\n", words[1]);
        return 1;
    }
    const int kind = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_BASE64 | LIBSSH2_KNOWNHOST_KEY_ED25519;
    int times = atoi(words[2]), failed = 0;
    double start = now(), start_cpu = cpu_seconds();
    for (int at = 0; at < times; at++) {
        struct libssh2_knownhost *found = NULL;
        int result = libssh2_knownhost_check(hosts, words[3], words[4], strlen(words[4]), kind, &found);
        if (result != LIBSSH2_KNOWNHOST_CHECK_MATCH) failed++;
    }
    printf("{\"seconds\": %.9f, \"cpu_seconds\": %.9f, \"base_kb\": 0, \"held_kb\": 0, \"peak_kb\": 0, \"bytes\": 0, \"failed\": %d}\n",
        now() - start, cpu_seconds() - start_cpu, failed);
    libssh2_knownhost_free(hosts);
    libssh2_session_free(session);
    return failed ? 1 : 0;
}
