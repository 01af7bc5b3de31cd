#include "server.h"

#include <stdlib.h>
#include <unistd.h>

ssh_key authorized_key;

static int on_public_key(ssh_session session, const char *user, struct ssh_key_struct *key, char state, void *data) {
    (void)session, (void)user, (void)data;
    if (ssh_key_cmp(key, authorized_key, SSH_KEY_CMP_PUBLIC) != 0) return SSH_AUTH_DENIED;
    // NONE asks whether the key would do; VALID comes with a signature that libssh has verified.
    return state == SSH_PUBLICKEY_STATE_NONE || state == SSH_PUBLICKEY_STATE_VALID ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

static ssh_channel on_channel(ssh_session session, void *data) {
    (void)session;
    return command_open(data);
}

struct connection *connection_open(ssh_bind bind, int fd) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) return NULL;
    connection->fd = fd;
    connection->session = ssh_new();
    connection->event = ssh_event_new();
    if (!connection->session || !connection->event || ssh_bind_accept_fd(bind, connection->session, fd) != SSH_OK) {
        connection_close(connection);
        return NULL;
    }
    connection->callbacks.userdata = connection;
    connection->callbacks.auth_pubkey_function = on_public_key;
    connection->callbacks.channel_open_request_session_function = on_channel;
    ssh_callbacks_init(&connection->callbacks);
    ssh_set_server_callbacks(connection->session, &connection->callbacks);
    ssh_set_auth_methods(connection->session, SSH_AUTH_METHOD_PUBLICKEY);
    ssh_set_blocking(connection->session, 0);
    if (ssh_handle_key_exchange(connection->session) == SSH_ERROR
        || ssh_event_add_session(connection->event, connection->session) != SSH_OK) {
        connection_close(connection);
        return NULL;
    }
    return connection;
}

bool connection_advance(struct connection *connection) {
    if (ssh_event_dopoll(connection->event, 0) == SSH_ERROR) return false;
    commands_advance(connection);
    return (ssh_get_status(connection->session) & (SSH_CLOSED | SSH_CLOSED_ERROR)) == 0;
}

bool connection_wants_to_write(const struct connection *connection) {
    return (ssh_get_poll_flags(connection->session) & SSH_WRITE_PENDING) != 0;
}

void connection_close(struct connection *connection) {
    commands_free(connection);
    if (connection->event) {
        if (connection->session) ssh_event_remove_session(connection->event, connection->session);
        ssh_event_free(connection->event);
    }
    // Closes the socket too.
    if (connection->session) ssh_free(connection->session);
    free(connection);
}
