import Glibc

// Belay's audit log at work. Each prints the line of JSON that the other programs print.
//
//     audit-client encode COUNT SIZE                      records into JSON
//     audit-client append DIR WRITERS COUNT SIZE BATCHES  into a new log; the file gets what was written at once
//     audit-client fill DIR COUNT RECORDED                a new log with real runs' records, published
//     audit-client verify DIR
//     audit-client index DIR
let words = CommandLine.arguments
let numbers = words.compactMap { Int($0) }
do {
    switch (words.dropFirst().first, words.count) {
    case ("encode", 4): print(try RecordSource(size: numbers[1]).measureEncoding(numbers[0]))
    case ("append", 7):
        let append = Append(directory: words[2], writers: numbers[0], count: numbers[1], size: numbers[2])
        print(try await append.measure(batches: words[6]))
    case ("fill", 5): print(try await WholeLog(directory: words[2]).fill(numbers[0], recorded: words[4]))
    case ("verify", 3): print(try WholeLog(directory: words[2]).verify())
    case ("index", 3): print(try await WholeLog(directory: words[2]).index())
    default:
        print("audit-client: encode, append, fill, verify or index")
        exit(64)
    }
} catch {
    print("audit-client: \(error)")
    exit(1)
}
