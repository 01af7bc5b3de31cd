// The least that a client over libssh2 can cost: what Belay's client is measured against.
#pragma once

#include <libssh2.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What every session needs, read once.
struct identity {
    EVP_PKEY *key;
    // Public keys in the wire's encoding (RFC 8709, section 4).
    unsigned char user_blob[64], host_blob[64];
    size_t user_length, host_length;
};

// Both end the process when a file cannot be used.
void read_user_key(struct identity *identity, const char *path);
void read_host_key(struct identity *identity, const char *path);

// The work of one session after its login.
struct work {
    // Sent as it is; or, with `is_script`, given to a shell under marks as Belay does.
    const char *command;
    bool is_script;
    // Commands one after the other.
    int count;
    unsigned window;
    // Stays connected until `session_release`.
    bool holds;
};

enum state { CONNECTING, HANDSHAKE, AUTHENTICATING, OPENING, STARTING, FEEDING, ENDING_INPUT, READING, CLOSING, HOLDING, OVER };

struct session {
    const struct identity *identity;
    const struct work *work;
    int fd;
    LIBSSH2_SESSION *ssh;
    LIBSSH2_CHANNEL *channel;
    enum state state;
    int done;
    size_t fed;
    // The bytes read, and how much of each stream's end mark has been seen.
    uint64_t received;
    size_t matched[2];
    bool ended[2];
    // Why it is over, when that is a failure.
    const char *failure;
    int64_t logged_in;
};

// Begins to connect; the descriptor is non-blocking.
bool session_open(struct session *session, const struct identity *identity, const struct work *work, uint16_t port);

// Goes on until it would have to wait, holds or is over.
void session_advance(struct session *session);

// Disconnects and frees everything.
void session_close(struct session *session);

int64_t nanoseconds(void);
