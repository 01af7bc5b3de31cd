// Makes the N-th call of a function fail in a process that it is loaded into with LD_PRELOAD: the program's own code,
// Foundation's and libssh2's alike. What the environment says:
//
//   FAIL_CALL=NAME     which function, by its name below
//   FAIL_AT=N          the N-th of its calls, from 1 on
//   FAIL_EVERY=K       and every K-th after it; without it, only that one
//   FAIL_WITH=ERROR    an errno's name; or short: a part is done, half of what was asked; or kill: SIGKILL
//   FAIL_MADE=1        the call is made first
//   FAIL_ON=FOLDER     of files only those below it count; "sockets": TCP sockets; without it, all calls do
//   FAIL_REPORT=FILE   gets a line "fired NAME N" each time
//
// connect(2) and close(2) that were interrupted have happened all the same, so they are always made.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *wanted, *on, *report;
static long at, every;
static int error_number;
static bool is_short, kills, is_made, counts_sockets;
static atomic_long calls;

static const struct {
    const char *name;
    int number;
} errors[] = {
    {"EIO", EIO},       {"ENOSPC", ENOSPC}, {"EINTR", EINTR},           {"EMFILE", EMFILE}, {"ENOMEM", ENOMEM},
    {"EPIPE", EPIPE},   {"EAGAIN", EAGAIN}, {"ECONNRESET", ECONNRESET}, {"EACCES", EACCES}, {"ENOBUFS", ENOBUFS},
    {"ETIMEDOUT", ETIMEDOUT},
};

static void refuse(const char *what) {
    dprintf(STDERR_FILENO, "fail-nth: bad %s\n", what);
    _exit(99);
}

__attribute__((constructor)) static void read_environment(void) {
    const char *with = getenv("FAIL_WITH"), *number = getenv("FAIL_AT"), *step = getenv("FAIL_EVERY");
    if (!getenv("FAIL_CALL")) return;
    on = getenv("FAIL_ON");
    counts_sockets = on && strcmp(on, "sockets") == 0;
    report = getenv("FAIL_REPORT");
    at = number ? atol(number) : 0;
    every = step ? atol(step) : 0;
    is_made = getenv("FAIL_MADE") != NULL;
    if (at < 1 || !with) refuse("FAIL_AT or FAIL_WITH");
    is_short = strcmp(with, "short") == 0;
    kills = strcmp(with, "kill") == 0;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(errors[i].name, with) == 0) error_number = errors[i].number;
    if (!is_short && !kills && !error_number) refuse("FAIL_WITH");
    wanted = getenv("FAIL_CALL");
}

// With the kernel's own calls: those of the C library may be the ones that fail.
static void say(const char *name, long number) {
    char line[64];
    if (!report) return;
    int length = snprintf(line, sizeof line, "fired %s %ld\n", name, number);
    long fd = syscall(SYS_openat, AT_FDCWD, report, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || syscall(SYS_write, fd, line, (size_t)length) != length) refuse("FAIL_REPORT");
    syscall(SYS_close, fd);
}

static bool is_below(const char *path) {
    size_t length = strlen(on);
    return strncmp(path, on, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static bool is_counted(int fd, const char *path) {
    if (!on) return true;
    if (counts_sockets) {
        int domain = 0;
        socklen_t size = sizeof domain;
        if (fd < 0 || syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return false;
        return domain == AF_INET || domain == AF_INET6;
    }
    if (path) return is_below(path);
    char link[32], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, target, sizeof target - 1);
    if (length < 0) return false;
    target[length] = 0;
    return is_below(target);
}

enum fate { PASSES, FAILS, MADE_AND_FAILS, SHORT };

static bool is_wanted(const char *name) { return wanted && strcmp(wanted, name) == 0; }

// Of a call that counts.
static enum fate next_fate(const char *name) {
    long number = ++calls;
    if (number < at || (number > at && (every == 0 || (number - at) % every != 0))) return PASSES;
    say(name, number);
    if (is_short) return SHORT;
    bool happens = strcmp(name, "close") == 0 || (strcmp(name, "connect") == 0 && error_number == EINTR);
    return is_made || happens ? MADE_AND_FAILS : FAILS;
}

static enum fate fate(const char *name, int fd, const char *path) {
    return is_wanted(name) && is_counted(fd, path) ? next_fate(name) : PASSES;
}

// Of a call that has no file or socket yet, or many: all of them count.
static enum fate any(const char *name) { return is_wanted(name) ? next_fate(name) : PASSES; }

static size_t half(size_t count) { return count > 1 ? count / 2 : count; }

static int failed(void) {
    if (kills) raise(SIGKILL);
    errno = error_number;
    return -1;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// A call that is done or not.
#define WHOLE(result, name, fd, path, parameters, ...)               \
    result name parameters {                                         \
        switch (fate(#name, fd, path)) {                             \
            case FAILS: return failed();                             \
            case MADE_AND_FAILS: NEXT(name)(__VA_ARGS__); return failed(); \
            default: return NEXT(name)(__VA_ARGS__);                 \
        }                                                            \
    }

// One that may do less than it was asked to.
#define PARTIAL(result, name, fd, count, parameters, ...)            \
    result name parameters {                                         \
        switch (fate(#name, fd, NULL)) {                             \
            case SHORT: count = half(count); break;                  \
            case FAILS: return failed();                             \
            case MADE_AND_FAILS: NEXT(name)(__VA_ARGS__); return failed(); \
            default: break;                                          \
        }                                                            \
        return NEXT(name)(__VA_ARGS__);                              \
    }

#define OPENS(name, path, parameters, ...)                           \
    int name parameters {                                            \
        mode_t mode = 0;                                             \
        if (flags & (O_CREAT | O_TMPFILE)) {                         \
            va_list list;                                            \
            va_start(list, flags);                                   \
            mode = va_arg(list, mode_t);                             \
            va_end(list);                                            \
        }                                                            \
        return fate("open", -1, path) == PASSES ? NEXT(name)(__VA_ARGS__, mode) : failed(); \
    }

OPENS(open, path, (const char *path, int flags, ...), path, flags)
OPENS(open64, path, (const char *path, int flags, ...), path, flags)
OPENS(openat, path, (int folder, const char *path, int flags, ...), folder, path, flags)
WHOLE(int, close, fd, NULL, (int fd), fd)
WHOLE(int, access, -1, path, (const char *path, int mode), path, mode)
WHOLE(int, mkdir, -1, path, (const char *path, mode_t mode), path, mode)
WHOLE(int, unlink, -1, path, (const char *path), path)
WHOLE(int, rename, -1, to, (const char *from, const char *to), from, to)
WHOLE(int, fstat, fd, NULL, (int fd, struct stat *status), fd, status)
WHOLE(int, flock, fd, NULL, (int fd, int operation), fd, operation)
WHOLE(int, fsync, fd, NULL, (int fd), fd)
WHOLE(int, fdatasync, fd, NULL, (int fd), fd)
PARTIAL(ssize_t, read, fd, count, (int fd, void *bytes, size_t count), fd, bytes, count)
PARTIAL(ssize_t, pread, fd, count, (int fd, void *bytes, size_t count, off_t offset), fd, bytes, count, offset)
PARTIAL(ssize_t, write, fd, count, (int fd, const void *bytes, size_t count), fd, bytes, count)
PARTIAL(ssize_t, pwrite, fd, count, (int fd, const void *bytes, size_t count, off_t offset), fd, bytes, count, offset)

DIR *opendir(const char *path) {
    if (fate("opendir", -1, path) == PASSES) return NEXT(opendir)(path);
    failed();
    return NULL;
}

struct dirent *readdir(DIR *folder) {
    if (fate("readdir", dirfd(folder), NULL) == PASSES) return NEXT(readdir)(folder);
    failed();
    return NULL;
}

PARTIAL(ssize_t, send, fd, count, (int fd, const void *bytes, size_t count, int flags), fd, bytes, count, flags)
PARTIAL(ssize_t, recv, fd, count, (int fd, void *bytes, size_t count, int flags), fd, bytes, count, flags)
WHOLE(int, connect, fd, NULL, (int fd, const struct sockaddr *to, socklen_t size), fd, to, size)
WHOLE(int, shutdown, fd, NULL, (int fd, int how), fd, how)
WHOLE(int, getsockopt, fd, NULL, (int fd, int level, int name, void *value, socklen_t *size), fd, level, name, value, size)
WHOLE(int, setsockopt, fd, NULL, (int fd, int level, int name, const void *value, socklen_t size), fd, level, name, value, size)
WHOLE(int, poll, fds->fd, NULL, (struct pollfd *fds, nfds_t count, int timeout), fds, count, timeout)
WHOLE(int, epoll_ctl, fd, NULL, (int epoll, int operation, int fd, struct epoll_event *event), epoll, operation, fd, event)

int socket(int domain, int type, int protocol) {
    return (domain != AF_INET && domain != AF_INET6) || any("socket") == PASSES ? NEXT(socket)(domain, type, protocol)
                                                                                : failed();
}

int epoll_create1(int flags) { return any("epoll_create1") == PASSES ? NEXT(epoll_create1)(flags) : failed(); }

int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout) {
    enum fate result = any("epoll_wait");
    if (result == SHORT) most = 1;
    return result == FAILS ? failed() : NEXT(epoll_wait)(epoll, events, most, timeout);
}
