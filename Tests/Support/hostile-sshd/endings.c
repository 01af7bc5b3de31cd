// The ways in which a command can end, or not, each a lie or an oddity that a client must not take for success.
#include "hostile.h"

#include <libssh/server.h>
#include <stdio.h>
#include <string.h>

enum stream { OUT, ERR };

static char block[30000];

static int put(struct ending *ending, enum stream stream, const char *text) {
    uint32_t length = (uint32_t)strlen(text);
    return stream == OUT ? ssh_channel_write(ending->channel, text, length)
                         : ssh_channel_write_stderr(ending->channel, text, length);
}

static void mark(struct ending *ending, enum stream stream, const char *what) {
    char text[256];
    snprintf(text, sizeof text, "\036%s %s\n", ending->nonce, what);
    put(ending, stream, text);
}

static void mark_both(struct ending *ending, const char *what) {
    mark(ending, OUT, what);
    mark(ending, ERR, what);
}

static void read_nonce(struct ending *ending) {
    size_t length = 0;
    while (length + 1 < sizeof ending->nonce) {
        char *next = &ending->nonce[length];
        if (ssh_channel_read(ending->channel, next, 1, 0) != 1) die("no nonce came");
        if (*next == '\n') break;
        length++;
    }
    ending->nonce[length] = 0;
}

void begin(struct ending *ending) {
    read_nonce(ending);
    mark_both(ending, "B");
}

static void finish(struct ending *ending) {
    ssh_channel_send_eof(ending->channel);
    ssh_channel_close(ending->channel);
    ssh_blocking_flush(ending->session, -1);
}

static void finish_with_zero(struct ending *ending) {
    ssh_channel_request_send_exit_status(ending->channel, 0);
    finish(ending);
}

static void end_well(struct ending *ending) {
    begin(ending);
    put(ending, OUT, "out\n");
    mark_both(ending, "E 0");
    finish_with_zero(ending);
}

static void end_by_signal(struct ending *ending) {
    begin(ending);
    ssh_channel_request_send_exit_signal(ending->channel, "TERM", 0, "", "en");
    finish(ending);
}

static void end_without_status(struct ending *ending) {
    begin(ending);
    put(ending, OUT, "out\n");
    finish(ending);
}

static void end_without_mark(struct ending *ending) {
    begin(ending);
    put(ending, OUT, "out\n");
    finish_with_zero(ending);
}

static void end_before_begin(struct ending *ending) { finish_with_zero(ending); }

static void end_with_wrong_nonce(struct ending *ending) {
    read_nonce(ending);
    memset(ending->nonce, '0', strlen(ending->nonce));
    mark_both(ending, "B");
    mark_both(ending, "E 0");
    finish_with_zero(ending);
}

static void end_with_nonsense(struct ending *ending) {
    begin(ending);
    mark_both(ending, "E nonsense");
    finish_with_zero(ending);
}

// Begun on one stream, ended on the other.
static void end_on_the_wrong_stream(struct ending *ending) {
    read_nonce(ending);
    mark(ending, OUT, "B");
    put(ending, OUT, "out\n");
    mark(ending, ERR, "E 0");
    finish_with_zero(ending);
}

static void never_end(struct ending *ending) { begin(ending); }

// Its window stays as it is, since nothing is read.
static void never_read(struct ending *ending) { (void)ending; }

static void flood_stream(struct ending *ending, enum stream stream) {
    begin(ending);
    while (put(ending, stream, block) > 0) {}
}

static void flood_stdout(struct ending *ending) { flood_stream(ending, OUT); }
static void flood_stderr(struct ending *ending) { flood_stream(ending, ERR); }

// Packets that belong to no channel, so that no window holds them up.
static void flood_with_nothing(struct ending *ending) {
    begin(ending);
    while (ssh_send_ignore(ending->session, block) == SSH_OK)
        if (ssh_blocking_flush(ending->session, -1) != SSH_OK) return;
}

static void rekey(struct ending *ending) {
    begin(ending);
    for (int count = 0; count < 300; count++) put(ending, OUT, block);
    mark_both(ending, "E 0");
    finish_with_zero(ending);
}

static void tell_window(struct ending *ending) {
    char text[32];
    snprintf(text, sizeof text, "%u\n", ssh_channel_window_size(ending->channel));
    begin(ending);
    put(ending, OUT, text);
    mark_both(ending, "E 0");
    finish_with_zero(ending);
}

static const struct {
    const char *name;
    void (*end)(struct ending *);
} endings[] = {
    {"well", end_well},
    {"exit-signal", end_by_signal},
    {"no-status", end_without_status},
    {"zero-without-mark", end_without_mark},
    {"close-before-begin", end_before_begin},
    {"wrong-nonce", end_with_wrong_nonce},
    {"nonsense-status", end_with_nonsense},
    {"wrong-stream", end_on_the_wrong_stream},
    {"no-end", never_end},
    {"never-reads", never_read},
    {"endless-stdout", flood_stdout},
    {"endless-stderr", flood_stderr},
    {"endless-nothing", flood_with_nothing},
    {"rekey", rekey},
    {"window", tell_window},
};

bool end_as(const char *name, struct ending *ending) {
    memset(block, 'x', sizeof block - 1);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (strcmp(endings[i].name, name) != 0) continue;
        endings[i].end(ending);
        return true;
    }
    return false;
}
