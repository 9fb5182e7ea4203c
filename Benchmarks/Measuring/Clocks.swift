import Glibc

/// Seconds of the monotonic clock.
public func wallTime() -> Double { seconds(of: CLOCK_MONOTONIC) }

/// Processor time of this thread in seconds.
public func threadTime() -> Double { seconds(of: CLOCK_THREAD_CPUTIME_ID) }

/// Processor time of this whole process in seconds.
public func processTime() -> Double { seconds(of: CLOCK_PROCESS_CPUTIME_ID) }

/// Processor time of another process in seconds; 0 when there is none.
public func processTime(of process: pid_t) -> Double {
    var clock = clockid_t()
    guard clock_getcpuclockid(process, &clock) == 0 else { return 0 }
    return seconds(of: clock)
}

private func seconds(of clock: clockid_t) -> Double {
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
