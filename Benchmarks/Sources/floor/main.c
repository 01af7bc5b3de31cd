// floor PORT USER-KEY HOST-PUBLIC-KEY MODE ARGUMENT...
//
//   hosts COUNT IN-FLIGHT COMMAND   logs in to COUNT hosts, each runs the command once
//   hold COUNT COMMAND              all at once, and they stay until all have run it
//   commands COUNT COMMAND          one after the other on one session
// A command that begins with "script:" is given to a shell under marks, as Belay does; others are sent as they are.
// Prints one line of JSON: what the work alone took, without the start and one login before it.
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EVENTS = 128 };

struct run {
    struct identity identity;
    struct work work;
    uint16_t port;
    int epoll, started, over, held, failed;
    int64_t logged_in;
    uint64_t received;
};

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

// A field of /proc/self/status, in kB.
static long memory(const char *field) {
    char line[256];
    long kilobytes = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, field, strlen(field)) == 0) kilobytes = atol(line + strlen(field) + 1);
    }
    if (file) fclose(file);
    return kilobytes;
}

static void start_one(struct run *run, struct session *session) {
    // Edge-triggered and never changed: libssh2 says EAGAIN only after the socket did.
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = session};
    if (!session_open(session, &run->identity, &run->work, run->port)) die("connect");
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, session->fd, &event) != 0) die("epoll_ctl");
    run->started++;
}

static void finish_one(struct run *run, struct session *session) {
    if (session->failure) {
        fprintf(stderr, "floor: %s\n", session->failure);
        run->failed++;
    }
    run->over++;
    run->received += session->received;
    run->logged_in = session->logged_in;
    session_close(session);
}

// `count` sessions, `in_flight` at once; those that hold are left open.
static void run_sessions(struct run *run, struct session *sessions, int count, int in_flight) {
    run->started = run->over = run->held = 0;
    while (run->started < in_flight) start_one(run, &sessions[run->started]);
    while (run->over + run->held < count) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(run->epoll, events, EVENTS, -1);
        for (int at = 0; at < ready; at++) {
            struct session *session = events[at].data.ptr;
            if (session->state >= HOLDING) continue;
            session_advance(session);
            if (session->state == HOLDING) run->held++;
            if (session->state != OVER) continue;
            finish_one(run, session);
            if (run->started < count) start_one(run, session);
        }
    }
}

static void raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static struct session *make_sessions(int count) {
    struct session *sessions = calloc((size_t)count, sizeof *sessions);
    if (!sessions) die("sessions");
    return sessions;
}

static void measure(struct run *run, int count, int in_flight) {
    struct session *sessions = make_sessions(in_flight);
    long base = memory("VmRSS:");
    double cpu = cpu_seconds();
    int64_t start = nanoseconds();
    run_sessions(run, sessions, count, in_flight);
    int64_t end = nanoseconds();
    long held = memory("VmRSS:");
    for (int at = 0; at < in_flight && run->work.holds; at++) {
        if (sessions[at].state == HOLDING) finish_one(run, &sessions[at]);
    }
    // With one session its login is not part of the work.
    if (run->work.count > 1 || count == 1) start = run->logged_in;
    printf(
        "{\"seconds\": %.6f, \"cpu_seconds\": %.6f, \"base_kb\": %ld, \"held_kb\": %ld, \"peak_kb\": %ld, "
        "\"bytes\": %llu, \"failed\": %d}\n",
        (double)(end - start) / 1e9, cpu_seconds() - cpu, base, held, memory("VmHWM:"),
        (unsigned long long)run->received, run->failed);
    free(sessions);
}

static void warm_up(struct run *run) {
    struct work work = run->work;
    struct session session;
    run->work = (struct work){.command = "true", .count = 1, .window = work.window};
    run_sessions(run, &session, 1, 1);
    run->work = work;
    run->received = 0;
}

static void set_command(struct run *run, const char *command) {
    run->work.is_script = strncmp(command, "script:", 7) == 0;
    run->work.command = command + (run->work.is_script ? 7 : 0);
}

int main(int count, char **words) {
    struct run run = {.work = {.count = 1, .window = 128 * 1024}};
    if (count < 7 || libssh2_init(0) != 0) {
        fprintf(stderr, "usage: floor PORT USER-KEY HOST-PUBLIC-KEY hosts|hold|commands COUNT [IN-FLIGHT] COMMAND\n");
        return 64;
    }
    raise_limit();
    run.port = (uint16_t)atoi(words[1]);
    read_user_key(&run.identity, words[2]);
    read_host_key(&run.identity, words[3]);
    run.epoll = epoll_create1(EPOLL_CLOEXEC);
    int number = atoi(words[5]);
    set_command(&run, words[count - 1]);
    warm_up(&run);
    if (strcmp(words[4], "hosts") == 0) {
        measure(&run, number, count > 7 ? atoi(words[6]) : 1);
    } else if (strcmp(words[4], "hold") == 0) {
        run.work.holds = true;
        measure(&run, number, number);
    } else {
        run.work.count = number;
        run.work.window = LIBSSH2_CHANNEL_WINDOW_DEFAULT;
        measure(&run, 1, 1);
    }
    return run.failed == 0 ? 0 : 1;
}
