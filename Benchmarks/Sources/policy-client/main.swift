import Core
import Glibc
import Measuring

// Belay's policies at work. Each prints the line of JSON that the other programs print.
//
//     policy-client compile POLICIES COUNT                 the set, from bytes to checked expressions
//     policy-client evaluate POLICIES INPUT COUNT          each expression, that often on each document
//     policy-client judge POLICIES INPUT NODES RUNS PHASE  a plan for that many nodes, after that many runs
//     policy-client export POLICIES INPUT                  what is evaluated, and on what, for other evaluators
let words = CommandLine.arguments
let numbers = words.compactMap { Int($0) }
do {
    switch (words.dropFirst().first, words.count) {
    case ("compile", 4): print(try PolicyFolder(words[2]).measureLoading(numbers[0]))
    case ("evaluate", 5):
        let expressions = try Expressions(PolicyFolder(words[2]).load(), FixedInput(template: words[3]))
        print(try expressions.measure(numbers[0]))
    case ("judge", 7):
        let input = try FixedInput(template: words[3], nodes: numbers[0], runs: numbers[1])
        guard let phase = PolicyPhase(rawValue: words[6]) else { throw Failed(what: "there is no phase \(words[6])") }
        print(try input.measureJudging(by: PolicyFolder(words[2]).load(), phase: phase))
    case ("export", 4):
        print(try Expressions(PolicyFolder(words[2]).load(), FixedInput(template: words[3])).exported())
    default:
        print("policy-client: compile, evaluate, judge or export")
        exit(64)
    }
} catch {
    print("policy-client: \(error)")
    exit(1)
}
