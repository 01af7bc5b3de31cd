#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ssh-ed25519's blob: two strings of 11 and 32 bytes, each with its length before it.
enum { TYPE = 11, POINT = 32, BLOB = 4 + TYPE + 4 + POINT };

static void fail(const char *path, const char *why) {
    fprintf(stderr, "floor: %s: %s\n", path, why);
    exit(1);
}

static char *read_text(const char *path) {
    static char text[4096];
    FILE *file = fopen(path, "r");
    if (!file) fail(path, "cannot be read");
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = 0;
    fclose(file);
    return text;
}

// Base64 without its line breaks.
static size_t decode(const char *text, size_t length, unsigned char *bytes, size_t room) {
    char joined[4096];
    size_t count = 0, padding = 0;
    for (size_t at = 0; at < length; at++) {
        if (text[at] == '\n') continue;
        padding += text[at] == '=';
        joined[count++] = text[at];
    }
    if (count / 4 * 3 > room) return 0;
    int decoded = EVP_DecodeBlock(bytes, (unsigned char *)joined, (int)count);
    return decoded < 0 ? 0 : (size_t)decoded - padding;
}

static const unsigned char *find(const unsigned char *bytes, size_t length, const unsigned char *what, size_t count) {
    return memmem(bytes, length, what, count);
}

// An unencrypted file in OpenSSH's format that ssh-keygen has just made: the blob comes first in clear, then once more
// as fields with the seed behind the point (openssh-portable, PROTOCOL.key).
void read_user_key(struct identity *identity, const char *path) {
    static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    static const unsigned char type[4 + TYPE] = "\0\0\0\013ssh-ed25519";
    unsigned char bytes[2048];
    const char *text = strstr(read_text(path), begin);
    const char *end = text ? strstr(text, "-----END") : NULL;
    if (!end) fail(path, "not an OpenSSH private key");
    text += sizeof begin - 1;
    size_t length = decode(text, (size_t)(end - text), bytes, sizeof bytes);
    const unsigned char *blob = find(bytes, length, type, sizeof type);
    const unsigned char *left = blob ? blob + BLOB : NULL;
    const unsigned char *secret = left ? find(left, (size_t)(bytes + length - left), type, sizeof type) : NULL;
    if (!secret || secret + BLOB + 4 + 2 * POINT > bytes + length) fail(path, "not an unencrypted ed25519 key");
    memcpy(identity->user_blob, blob, BLOB);
    identity->user_length = BLOB;
    identity->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret + BLOB + 4, POINT);
    if (!identity->key) fail(path, "refused by OpenSSL");
}

void read_host_key(struct identity *identity, const char *path) {
    const char *text = strchr(read_text(path), ' ');
    if (!text) fail(path, "not a public key");
    size_t length = strcspn(++text, " \n");
    identity->host_length = decode(text, length, identity->host_blob, sizeof identity->host_blob);
    if (identity->host_length != BLOB) fail(path, "not an ed25519 public key");
}
