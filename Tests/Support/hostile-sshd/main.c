// An SSH server that misbehaves on purpose, in one way per run, for the tests of Sources/SSH.
//
//   hostile-sshd MODE      prints "PORT HOST-KEY" (base64), then serves on loopback until it is killed
//
// MODE is PHASE:reset or PHASE:freeze, where PHASE is how far the conversation comes (connect, banner, kexinit, service,
// offer, signature, open, exec, data), or one of the endings in endings.c, or refuse-open, refuse-exec.
// Everybody is let in, nothing is executed.
#include "hostile.h"

#include <arpa/inet.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *mode;

struct peer {
    ssh_session session;
    ssh_channel channel;
    bool is_running;
};

void die(const char *what) {
    fprintf(stderr, "hostile-sshd: %s\n", what);
    exit(1);
}

// Returns unless the mode says that the conversation stops here.
static void stop_at(const char *phase, int fd) {
    size_t length = strlen(phase);
    if (strncmp(mode, phase, length) != 0 || mode[length] != ':') return;
    if (strcmp(mode + length + 1, "reset") == 0) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        _exit(0);
    }
    for (;;) pause();
}

static void stop_session_at(const char *phase, ssh_session session) { stop_at(phase, ssh_get_fd(session)); }

static bool is_mode(const char *name) { return strcmp(mode, name) == 0; }

// What comes before libssh has a say: nothing, half a banner, or a banner and no key exchange.
static void stop_early(int fd) {
    static const char banner[] = "SSH-2.0-hostile\r\n";
    bool is_silent = strncmp(mode, "connect:", 8) == 0;
    bool is_half = strncmp(mode, "banner:", 7) == 0;
    if (!is_silent && !is_half && strncmp(mode, "kexinit:", 8) != 0) return;
    if (!is_silent && write(fd, banner, is_half ? 9 : sizeof banner - 1) < 0) _exit(1);
    char byte;
    // A peer that was reset while it connected or before it had read would see less than it was sent: wait for its banner.
    if (read(fd, &byte, 1) < 1) _exit(1);
    stop_at("connect", fd);
    stop_at("banner", fd);
    stop_at("kexinit", fd);
}

static int on_service(ssh_session session, const char *service, void *data) {
    (void)service, (void)data;
    stop_session_at("service", session);
    return 0;
}

static int on_key(ssh_session session, const char *user, struct ssh_key_struct *key, char state, void *data) {
    (void)user, (void)key, (void)data;
    stop_session_at(state == SSH_PUBLICKEY_STATE_NONE ? "offer" : "signature", session);
    bool is_good = state == SSH_PUBLICKEY_STATE_NONE || state == SSH_PUBLICKEY_STATE_VALID;
    return is_good ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

static int on_exec(ssh_session session, ssh_channel channel, const char *command, void *data) {
    (void)channel, (void)command;
    stop_session_at("exec", session);
    ((struct peer *)data)->is_running = !is_mode("refuse-exec");
    return is_mode("refuse-exec");
}

static ssh_channel on_open(ssh_session session, void *data) {
    static struct ssh_channel_callbacks_struct callbacks = {.channel_exec_request_function = on_exec};
    stop_session_at("open", session);
    if (is_mode("refuse-open")) return NULL;
    struct peer *peer = data;
    peer->channel = ssh_channel_new(session);
    callbacks.userdata = peer;
    ssh_callbacks_init(&callbacks);
    ssh_set_channel_callbacks(peer->channel, &callbacks);
    return peer->channel;
}

static void serve(ssh_bind bind, int fd) {
    struct peer peer = {.session = ssh_new()};
    if (ssh_bind_accept_fd(bind, peer.session, fd) != SSH_OK) die("accept");
    struct ssh_server_callbacks_struct callbacks = {
        .userdata = &peer,
        .auth_pubkey_function = on_key,
        .service_request_function = on_service,
        .channel_open_request_session_function = on_open,
    };
    ssh_callbacks_init(&callbacks);
    ssh_set_server_callbacks(peer.session, &callbacks);
    ssh_set_auth_methods(peer.session, SSH_AUTH_METHOD_PUBLICKEY);
    if (is_mode("rekey")) {
        uint64_t bytes = 1 << 20;
        ssh_options_set(peer.session, SSH_OPTIONS_REKEY_DATA, &bytes);
    }
    if (ssh_handle_key_exchange(peer.session) != SSH_OK) die("key exchange");
    ssh_event event = ssh_event_new();
    ssh_event_add_session(event, peer.session);
    while (!peer.is_running)
        if (ssh_event_dopoll(event, -1) != SSH_OK) return;
    struct ending ending = {.session = peer.session, .channel = peer.channel};
    if (strncmp(mode, "data:", 5) == 0) {
        begin(&ending);
        ssh_blocking_flush(peer.session, -1);
        stop_session_at("data", peer.session);
    }
    if (!end_as(mode, &ending)) die("unknown mode");
    while (ssh_event_dopoll(event, -1) == SSH_OK) {}
}

static int listen_on_loopback(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) die("listen");
    return listener;
}

static void announce(int listener, ssh_key key) {
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char *text = NULL;
    if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) die("getsockname");
    if (ssh_pki_export_pubkey_base64(key, &text) != SSH_OK) die("host key");
    printf("%d %s\n", ntohs(address.sin_port), text);
    fflush(stdout);
    ssh_string_free_char(text);
}

int main(int count, char **arguments) {
    if (count != 2) die("usage: hostile-sshd MODE");
    mode = arguments[1];
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    ssh_key key;
    if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &key) != SSH_OK) die("host key");
    int listener = listen_on_loopback();
    announce(listener, key);
    ssh_bind bind = ssh_bind_new();
    ssh_bind_options_set(bind, SSH_BIND_OPTIONS_IMPORT_KEY, key);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) die("accept");
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            stop_early(fd);
            serve(bind, fd);
            exit(0);
        }
        close(fd);
    }
}
