/// Asked by LeakSanitizer when a process ends. Only the process of the tests is looked at: one that a test starts ends by
/// exit(3) in the midst of its work, which it then still holds.
@_cdecl("__lsan_is_turned_off")
func leaksAreNotLookedAt() -> CInt { CommandLine.arguments.first?.hasSuffix(".xctest") == true ? 0 : 1 }
