#pragma once
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// A regular expression in RE2's syntax. Once it is made it does not change: any number of threads may search with it.
typedef struct belay_pattern belay_pattern;

// Compiles `count` bytes of UTF-8. Never NULL; what went wrong is its error. To be freed.
__attribute__((returns_nonnull)) belay_pattern *belay_pattern_compile(const void *text, size_t count);
void belay_pattern_free(belay_pattern *pattern);

// Why it cannot be used, as `count` bytes that live as long as it does; NULL when it can.
const char *belay_pattern_error(const belay_pattern *pattern, size_t *count);

// Whether it is in order but would take more memory than it may.
bool belay_pattern_is_too_large(const belay_pattern *pattern);

// How many instructions it became: what a byte of text costs at worst. Only where there is no error.
int belay_pattern_size(const belay_pattern *pattern);

// Whether it matches anywhere in `count` bytes of UTF-8. Only where there is no error.
bool belay_pattern_is_found(const belay_pattern *pattern, const void *text, size_t count);

#ifdef __cplusplus
}
#endif
