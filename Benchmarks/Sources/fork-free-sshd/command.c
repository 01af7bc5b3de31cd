#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONCE_LIMIT = 128, SCRIPT_LIMIT = 1024, CHUNK = 32768 };
static const char opening[] = "{ if :; then :; ";

// One channel and the command that runs in it: `true`, `output BYTES`, or a script on standard input that is one of them.
struct command {
    struct command *next;
    ssh_channel channel;
    struct ssh_channel_callbacks_struct callbacks;
    enum { WAITING, SCRIPT, READY, WRITING, DONE } state;
    char input[NONCE_LIMIT + SCRIPT_LIMIT];
    size_t input_length;
    bool has_eof, is_closed;
    const char *nonce;
    int status;
    uint64_t left;
};

static int on_exec(ssh_session session, ssh_channel channel, const char *line, void *data) {
    (void)session, (void)channel;
    struct command *command = data;
    if (command->state != WAITING) return SSH_ERROR;
    // A shell's command line is Belay's wrapper: nonce and script, in braces, follow on standard input.
    command->state = strncmp(line, "/bin/sh ", 8) == 0 ? SCRIPT : READY;
    if (command->state == READY) snprintf(command->input, sizeof command->input, "%s", line);
    return SSH_OK;
}

static int on_data(ssh_session session, ssh_channel channel, void *bytes, uint32_t length, int is_stderr, void *data) {
    (void)session, (void)channel, (void)is_stderr;
    struct command *command = data;
    size_t room = sizeof command->input - 1 - command->input_length;
    size_t kept = length < room ? length : room;
    memcpy(command->input + command->input_length, bytes, kept);
    command->input_length += kept;
    return (int)length;
}

static void on_eof(ssh_session session, ssh_channel channel, void *data) {
    (void)session, (void)channel;
    ((struct command *)data)->has_eof = true;
}

static void on_close(ssh_session session, ssh_channel channel, void *data) {
    (void)session, (void)channel;
    ((struct command *)data)->is_closed = true;
}

ssh_channel command_open(struct connection *connection) {
    struct command *command = calloc(1, sizeof *command);
    if (!command) return NULL;
    command->channel = ssh_channel_new(connection->session);
    if (!command->channel) {
        free(command);
        return NULL;
    }
    command->callbacks.userdata = command;
    command->callbacks.channel_exec_request_function = on_exec;
    command->callbacks.channel_data_function = on_data;
    command->callbacks.channel_eof_function = on_eof;
    command->callbacks.channel_close_function = on_close;
    ssh_callbacks_init(&command->callbacks);
    ssh_set_channel_callbacks(command->channel, &command->callbacks);
    command->next = connection->commands;
    connection->commands = command;
    return command->channel;
}

static void write_mark(struct command *command, const char *word) {
    char mark[NONCE_LIMIT + 32];
    int length = snprintf(mark, sizeof mark, "\036%s %s\n", command->nonce, word);
    ssh_channel_write(command->channel, mark, (uint32_t)length);
    ssh_channel_write_stderr(command->channel, mark, (uint32_t)length);
}

static void begin(struct command *command) {
    const char *words = command->input;
    char *newline = command->state == SCRIPT ? strchr(command->input, '\n') : NULL;
    if (newline && newline - command->input < NONCE_LIMIT) {
        *newline = 0;
        command->nonce = command->input;
        words = newline + 1;
        if (strncmp(words, opening, sizeof opening - 1) == 0) words += sizeof opening - 1;
        write_mark(command, "B");
    }
    unsigned long long bytes = 0;
    if (sscanf(words, "output %llu", &bytes) == 1) {
        command->left = bytes;
    } else if (strncmp(words, "true", 4) != 0) {
        command->status = 127;
    }
    command->state = WRITING;
}

// As much as window and socket take now.
static void write_output(struct command *command) {
    static char chunk[CHUNK];
    if (!chunk[0]) {
        for (size_t at = 0; at < sizeof chunk; at++) chunk[at] = at % 64 == 63 ? '\n' : (char)('a' + at % 26);
    }
    while (command->left > 0) {
        uint32_t window = ssh_channel_window_size(command->channel);
        uint64_t length = command->left < CHUNK ? command->left : CHUNK;
        if (length > window) length = window;
        if (length == 0) return;
        int written = ssh_channel_write(command->channel, chunk, (uint32_t)length);
        if (written <= 0) return;
        command->left -= (uint64_t)written;
    }
}

static void finish(struct command *command) {
    if (command->nonce) {
        char word[16];
        snprintf(word, sizeof word, "E %d", command->status);
        write_mark(command, word);
    }
    ssh_channel_request_send_exit_status(command->channel, command->status);
    ssh_channel_send_eof(command->channel);
    ssh_channel_close(command->channel);
    command->state = DONE;
}

static void command_advance(struct command *command) {
    if (command->state == READY || (command->state == SCRIPT && command->has_eof)) begin(command);
    if (command->state == WRITING) write_output(command);
    if (command->state == WRITING && command->left == 0) finish(command);
}

static void command_free(struct command *command) {
    ssh_channel_free(command->channel);
    free(command);
}

// libssh takes in packets while it sends, so a new command may come to the list's head at each call.
void commands_advance(struct connection *connection) {
    for (struct command *command = connection->commands; command; command = command->next) command_advance(command);
    struct command **place = &connection->commands;
    while (*place) {
        struct command *command = *place;
        if (command->is_closed) {
            *place = command->next;
            command_free(command);
        } else {
            place = &command->next;
        }
    }
}

void commands_free(struct connection *connection) {
    while (connection->commands) {
        struct command *command = connection->commands;
        connection->commands = command->next;
        command_free(command);
    }
}
