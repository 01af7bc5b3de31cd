#include "pattern.h"

#include <re2/re2.h>

// Compiled program and matcher's cache together. The largest program then takes a few milliseconds to compile; RE2 works on
// without its cache when that gets too small.
static const int64_t memory = 256 * 1024;

static RE2::Options options() {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory);
    return options;
}

static re2::StringPiece piece(const void *bytes, size_t count) {
    return re2::StringPiece(static_cast<const char *>(bytes), count);
}

// noexcept: all that can be thrown is that memory is short, which is the end for Swift too, and nothing unwinds its frames.
struct belay_pattern {
    RE2 expression;

    static belay_pattern *compile(re2::StringPiece text) noexcept { return new belay_pattern{{text, options()}}; }

    bool is_found(re2::StringPiece text) const noexcept {
        return expression.Match(text, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
    }
};

belay_pattern *belay_pattern_compile(const void *text, size_t count) { return belay_pattern::compile(piece(text, count)); }

void belay_pattern_free(belay_pattern *pattern) { delete pattern; }

const char *belay_pattern_error(const belay_pattern *pattern, size_t *count) {
    if (pattern->expression.ok()) return nullptr;
    *count = pattern->expression.error().size();
    return pattern->expression.error().data();
}

bool belay_pattern_is_too_large(const belay_pattern *pattern) {
    return pattern->expression.error_code() == RE2::ErrorPatternTooLarge;
}

int belay_pattern_size(const belay_pattern *pattern) { return pattern->expression.ProgramSize(); }

bool belay_pattern_is_found(const belay_pattern *pattern, const void *text, size_t count) {
    return pattern->is_found(piece(text, count));
}
