#include "floor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// What Belay sends, so that a node does the same work (WrapperTests compares).
static const char script_line[] =
    "/bin/sh -c '"
    "IFS= read -r n || exit 1; b() { printf \"\\036%s B\\n\" \"$n\"; }; "
    "e() { printf \"\\036%s E %s\\n\" \"$n\" \"$r\"; }; b; b >&2; l=$1; shift; "
    "if command -v timeout >/dev/null 2>&1; then if command -v \"$1\" >/dev/null 2>&1; "
    "then timeout -k 5 \"$l\" \"$@\" -s; r=$?; else r=noshell; fi; else r=notimeout; fi; e; e >&2"
    "' sh 300 /bin/sh";
static const char nonce[] = "0123456789abcdef0123456789abcdef";
static const char end_mark[] = "\0360123456789abcdef0123456789abcdef E 0\n";

int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fail(struct session *session, const char *why) {
    session->failure = why;
    session->state = OVER;
}

bool session_open(struct session *session, const struct identity *identity, const struct work *work, uint16_t port) {
    *session = (struct session){.identity = identity, .work = work, .state = CONNECTING};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (session->fd < 0) return false;
    int on = 1;
    setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return connect(session->fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS;
}

static bool begin_handshake(struct session *session) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(session->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return false;
    session->ssh = libssh2_session_init();
    if (!session->ssh) return false;
    libssh2_session_set_blocking(session->ssh, 0);
    libssh2_session_method_pref(session->ssh, LIBSSH2_METHOD_KEX, "curve25519-sha256");
    libssh2_session_method_pref(session->ssh, LIBSSH2_METHOD_HOSTKEY, "ssh-ed25519");
    libssh2_session_method_pref(session->ssh, LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr");
    libssh2_session_method_pref(session->ssh, LIBSSH2_METHOD_CRYPT_SC, "aes128-ctr");
    libssh2_session_method_pref(session->ssh, LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256");
    libssh2_session_method_pref(session->ssh, LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256");
    return true;
}

static bool knows_host(struct session *session) {
    size_t length = 0;
    int type = 0;
    const char *blob = libssh2_session_hostkey(session->ssh, &length, &type);
    const struct identity *identity = session->identity;
    return blob && length == identity->host_length && memcmp(blob, identity->host_blob, length) == 0;
}

static int sign(
    LIBSSH2_SESSION *ssh, unsigned char **signature, size_t *length, const unsigned char *data, size_t count,
    void **context) {
    (void)ssh;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    *length = 64;
    // libssh2 frees it with malloc's free.
    *signature = malloc(*length);
    bool signed_ = digest && *signature && EVP_DigestSignInit(digest, NULL, NULL, NULL, *context) == 1
        && EVP_DigestSign(digest, *signature, length, data, count) == 1;
    EVP_MD_CTX_free(digest);
    return signed_ ? 0 : -1;
}

static int authenticate(struct session *session) {
    const struct identity *identity = session->identity;
    void *context = identity->key;
    return libssh2_userauth_publickey(
        session->ssh, "root", identity->user_blob, identity->user_length, sign, &context);
}

static void look_for_end(struct session *session, int stream, const char *bytes, size_t length) {
    // The mark's first byte is in it once only, so a mismatch can start over without looking back.
    for (size_t at = 0; at < length && !session->ended[stream]; at++) {
        size_t *matched = &session->matched[stream];
        if (bytes[at] != end_mark[*matched]) *matched = 0;
        if (bytes[at] == end_mark[*matched]) ++*matched;
        session->ended[stream] = *matched == sizeof end_mark - 1;
    }
}

static int read_stream(struct session *session, int stream) {
    static char buffer[32768];
    ssize_t count;
    while ((count = libssh2_channel_read_ex(session->channel, stream, buffer, sizeof buffer)) > 0) {
        session->received += (uint64_t)count;
        if (session->work->is_script) look_for_end(session, stream, buffer, (size_t)count);
    }
    return (int)count;
}

// Reads both streams to their end: 0, or libssh2's error.
static int read_all(struct session *session) {
    do {
        for (int stream = 0; stream < 2; stream++) {
            int result = read_stream(session, stream);
            if (result < 0 && result != LIBSSH2_ERROR_EAGAIN) return result;
        }
        // Reading the second stream takes in the first one's packets, of which no edge will tell.
    } while (libssh2_poll_channel_read(session->channel, 0) > 0);
    if (session->ended[0] && session->ended[1]) return 0;
    return libssh2_channel_eof(session->channel) ? libssh2_channel_wait_closed(session->channel) : LIBSSH2_ERROR_EAGAIN;
}

// With a script the status is in the end mark that was seen.
static bool has_succeeded(struct session *session) {
    if (session->work->is_script) return session->ended[0] && session->ended[1];
    return libssh2_channel_get_exit_status(session->channel) == 0;
}

static int feed(struct session *session) {
    char input[256];
    size_t length = (size_t)snprintf(
        input, sizeof input, "%s\n{ if :; then :; %s\nfi\n} </dev/null\n", nonce, session->work->command);
    if (length >= sizeof input) return LIBSSH2_ERROR_BUFFER_TOO_SMALL;
    ssize_t count = libssh2_channel_write(session->channel, input + session->fed, length - session->fed);
    if (count < 0) return (int)count;
    session->fed += (size_t)count;
    return session->fed == length ? 0 : LIBSSH2_ERROR_EAGAIN;
}

static int open_channel(struct session *session) {
    session->channel = libssh2_channel_open_ex(session->ssh, "session", 7, session->work->window, 32768, NULL, 0);
    return session->channel ? 0 : libssh2_session_last_errno(session->ssh);
}

static int start(struct session *session) {
    const char *line = session->work->is_script ? script_line : session->work->command;
    return libssh2_channel_process_startup(session->channel, "exec", 4, line, (unsigned)strlen(line));
}

// One step of the state it is in: 0 when it is done, or libssh2's error.
static int step(struct session *session) {
    switch (session->state) {
        case HANDSHAKE: return libssh2_session_handshake(session->ssh, session->fd);
        case AUTHENTICATING: return authenticate(session);
        case OPENING: return open_channel(session);
        case STARTING: return start(session);
        case FEEDING: return feed(session);
        case ENDING_INPUT: return libssh2_channel_send_eof(session->channel);
        case READING: return read_all(session);
        case CLOSING: return libssh2_channel_free(session->channel);
        default: return LIBSSH2_ERROR_EAGAIN;
    }
}

// What follows the state whose step is done.
static void move_on(struct session *session) {
    switch (session->state) {
        case HANDSHAKE:
            session->state = AUTHENTICATING;
            if (!knows_host(session)) fail(session, "another host key");
            break;
        case AUTHENTICATING:
            session->logged_in = nanoseconds();
            session->state = OPENING;
            break;
        case STARTING: session->state = session->work->is_script ? FEEDING : READING; break;
        case READING:
            session->state = CLOSING;
            if (!has_succeeded(session)) {
                fail(session, "the command failed");
            } else if (session->done + 1 == session->work->count && !session->work->holds) {
                // Nothing comes after it: said, but not waited for.
                libssh2_channel_close(session->channel);
                session->state = OVER;
            }
            break;
        case CLOSING:
            session->channel = NULL;
            session->fed = session->matched[0] = session->matched[1] = 0;
            session->ended[0] = session->ended[1] = false;
            session->state = ++session->done < session->work->count ? OPENING : session->work->holds ? HOLDING : OVER;
            break;
        default: session->state++;
    }
}

void session_advance(struct session *session) {
    if (session->state == CONNECTING) {
        session->state = HANDSHAKE;
        if (!begin_handshake(session)) fail(session, "no connection");
    }
    while (session->state < HOLDING) {
        int result = step(session);
        if (result == LIBSSH2_ERROR_EAGAIN) return;
        if (result != 0) {
            char *words = NULL;
            libssh2_session_last_error(session->ssh, &words, NULL, 1);
            return fail(session, words);
        }
        move_on(session);
    }
}

void session_close(struct session *session) {
    if (session->ssh) {
        libssh2_session_disconnect_ex(session->ssh, SSH_DISCONNECT_BY_APPLICATION, "", "");
        // Cut off, libssh2 frees a channel without waiting for the server's word.
        shutdown(session->fd, SHUT_RDWR);
        while (libssh2_session_free(session->ssh) == LIBSSH2_ERROR_EAGAIN) continue;
    }
    if (session->fd >= 0) close(session->fd);
    session->fd = -1;
}
