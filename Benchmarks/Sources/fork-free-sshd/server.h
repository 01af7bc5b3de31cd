// An SSH server that answers without forking: what is left to measure is the client.
#pragma once

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>
#include <stdbool.h>
#include <stdint.h>

struct command;

// One client's conversation.
struct connection {
    int fd;
    ssh_session session;
    // One event a session: poll(2) over thousands of them would cost more than the work.
    ssh_event event;
    struct ssh_server_callbacks_struct callbacks;
    struct command *commands;
    // What epoll was last told to wait for.
    uint32_t interest;
};

// The user key that is let in.
extern ssh_key authorized_key;

// Begins a conversation on an accepted socket, which it takes over; NULL when libssh will not.
struct connection *connection_open(ssh_bind bind, int fd);

// Does what can be done without waiting; false when the conversation is over.
bool connection_advance(struct connection *connection);

// Whether output waits for the socket.
bool connection_wants_to_write(const struct connection *connection);

void connection_close(struct connection *connection);

// A channel for a command that is yet to come.
ssh_channel command_open(struct connection *connection);

// Goes on with all commands of a connection, and frees those that are over.
void commands_advance(struct connection *connection);

void commands_free(struct connection *connection);
