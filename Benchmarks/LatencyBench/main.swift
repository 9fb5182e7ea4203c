// How long an advert takes from the radio's socket to an observer, and an edge of the button to the lamp.
//
//     swift run -c release LatencyBench [SAMPLES]

import Glibc

let samples = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 300
print(Latencies.heading)
print(try await measureAdverts(samples).row("advert in the socket to the observer's notification"))
print(try await measureButton(max(20, samples / 5)).row("edge of the button line to the lamp"))
exit(0)
