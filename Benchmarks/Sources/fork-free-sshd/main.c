// fork-free-sshd PORT HOST-KEY AUTHORIZED-PUBLIC-KEY [DELAY-MS]
//
// Serves 127.0.0.1:PORT in one process on one epoll until it is killed. With a delay it is slow in every phase: it looks
// at what a client sent only so much later, for all clients at once. Says "ready" when it listens.
#include "server.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, QUEUE = 1 << 16 };

// Connections to be looked at, in order of time since the delay is the same for all. Each is in it at most once.
static struct { struct connection *connection; int64_t due; } queue[QUEUE];
static size_t queue_head, queue_length;
static int64_t delay;
static int epoll;

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int listen_on(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0) fail("listen");
    return fd;
}

static ssh_bind make_bind(const char *host_key) {
    ssh_bind bind = ssh_bind_new();
    bool no = false;
    if (!bind || ssh_bind_options_set(bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no) != 0
        || ssh_bind_options_set(bind, SSH_BIND_OPTIONS_HOSTKEY, host_key) != 0) {
        fprintf(stderr, "host key: %s\n", bind ? ssh_get_error(bind) : "no memory");
        exit(1);
    }
    return bind;
}

static void watch(struct connection *connection, int operation) {
    uint32_t interest = EPOLLIN | (connection_wants_to_write(connection) ? EPOLLOUT : 0) | (delay ? EPOLLONESHOT : 0);
    if (operation == EPOLL_CTL_MOD && interest == connection->interest && !delay) return;
    struct epoll_event event = {.events = interest, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) != 0) fail("epoll_ctl");
    connection->interest = interest;
}

static void advance(struct connection *connection) {
    if (connection_advance(connection)) {
        watch(connection, EPOLL_CTL_MOD);
    } else {
        connection_close(connection);
    }
}

static void accept_all(int listener, ssh_bind bind) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *connection = connection_open(bind, fd);
        if (connection) watch(connection, EPOLL_CTL_ADD);
    }
}

static void enqueue(struct connection *connection) {
    if (queue_length == QUEUE) fail("queue");
    size_t tail = (queue_head + queue_length++) % QUEUE;
    queue[tail].connection = connection;
    queue[tail].due = milliseconds() + delay;
}

static void advance_due(void) {
    while (queue_length > 0 && queue[queue_head].due <= milliseconds()) {
        struct connection *connection = queue[queue_head].connection;
        queue_head = (queue_head + 1) % QUEUE;
        queue_length--;
        advance(connection);
    }
}

static int wait_time(void) {
    if (queue_length == 0) return -1;
    int64_t left = queue[queue_head].due - milliseconds();
    return left > 0 ? (int)left : 0;
}

int main(int count, char **words) {
    if (count < 4) {
        fprintf(stderr, "usage: fork-free-sshd PORT HOST-KEY AUTHORIZED-PUBLIC-KEY [DELAY-MS]\n");
        return 64;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    signal(SIGPIPE, SIG_IGN);
    ssh_init();
    ssh_bind bind = make_bind(words[2]);
    if (ssh_pki_import_pubkey_file(words[3], &authorized_key) != SSH_OK) fail(words[3]);
    if (count > 4) delay = atoi(words[4]);
    int listener = listen_on((uint16_t)atoi(words[1]));
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &listening) != 0) fail("epoll");
    puts("ready");
    fflush(stdout);
    while (true) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(epoll, events, EVENTS, wait_time());
        for (int at = 0; at < ready; at++) {
            struct connection *connection = events[at].data.ptr;
            if (!connection) {
                accept_all(listener, bind);
            } else if (delay) {
                enqueue(connection);
            } else {
                advance(connection);
            }
        }
        advance_due();
    }
}
