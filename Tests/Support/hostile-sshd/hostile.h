#pragma once

#include <libssh/libssh.h>
#include <stdbool.h>

// A command that was asked for, and how it will end.
struct ending {
    ssh_session session;
    ssh_channel channel;
    char nonce[128];
};

_Noreturn void die(const char *what);

// Reads the run's nonce and prints the begin mark on both streams.
void begin(struct ending *ending);

// False when there is no such ending.
bool end_as(const char *name, struct ending *ending);
