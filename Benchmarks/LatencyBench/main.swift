// How long an advert takes from the radio's socket to an observer, an edge of the button to the lamp, and the directory of
// many nodes from the request to the answer.
//
//     swift run -c release LatencyBench [SAMPLES]

import Glibc

let samples = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 300
print(Latencies.heading)
print(try await measureAdverts(samples).row("advert in the socket to the observer's notification"))
print(try await measureButton(max(20, samples / 5)).row("edge of the button line to the lamp"))
let directory = try await measureDirectory(max(10, samples / 15))
print(directory.kept.row("/oic/res of 10,000 nodes, links kept as bytes"))
print(directory.anew.row("the same, links made anew"))
exit(0)
