// libssh2 for Swift, and the one system header that Swift's Glibc module lacks.
// Only the SSH target imports this module.
#pragma once

#include <libssh2.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

typedef ssize_t (*ssh2_recv_function)(libssh2_socket_t, void *, size_t, int, void **);
typedef ssize_t (*ssh2_send_function)(libssh2_socket_t, const void *, size_t, int, void **);
typedef void (*ssh2_disconnect_function)(LIBSSH2_SESSION *, int, const char *, int, const char *, int, void **);

// libssh2_session_callback_set(3) takes `void *` and is deprecated since 1.11.1, whose replacement
// libssh2_session_callback_set2(3) does not exist before: the cast and the choice live here.
#if LIBSSH2_VERSION_NUM >= 0x010b01
#define SSH2_SET_CALLBACK(session, type, function) \
    libssh2_session_callback_set2((session), (type), (libssh2_cb_generic *)(function))
#else
#define SSH2_SET_CALLBACK(session, type, function) libssh2_session_callback_set((session), (type), (void *)(function))
#endif

static inline void ssh2_set_io(LIBSSH2_SESSION *session, ssh2_recv_function receive, ssh2_send_function send) {
    SSH2_SET_CALLBACK(session, LIBSSH2_CALLBACK_RECV, receive);
    SSH2_SET_CALLBACK(session, LIBSSH2_CALLBACK_SEND, send);
}

static inline void ssh2_set_disconnect(LIBSSH2_SESSION *session, ssh2_disconnect_function function) {
    SSH2_SET_CALLBACK(session, LIBSSH2_CALLBACK_DISCONNECT, function);
}
