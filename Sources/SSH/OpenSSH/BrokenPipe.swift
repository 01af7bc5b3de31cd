import Glibc

/// Writing to a program that has ended is an error of that write, and not the end of this process.
package enum BrokenPipe {
    /// Ask for it before anything is written to a pipe. It takes effect once for the process, unless that has a handler.
    ///
    /// A handler that does nothing: an ignored signal would be inherited by the programs we start, a handler is not.
    package static let isAnError: Void = {
        var current = sigaction()
        guard sigaction(SIGPIPE, nil, &current) == 0, current.__sigaction_handler.sa_handler == nil else { return }
        signal(SIGPIPE) { _ in }
    }()
}
