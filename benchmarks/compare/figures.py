"""What the rivals written in Python share: options, repetitions, and the JSON line of a figure.

A case runs once unmeasured and then `--repetitions` times; its figure is the median. A repetition
is sized for the speed of its system (rates do not depend on it): some thousand tasks, not millions.
"""

import argparse
import json
import statistics
import time

CASES = ("map_empty", "submit_empty", "roundtrip", "chain", "payload", "broadcast", "transfer")
CASES += ("gather", "scatter")
clock = time.perf_counter


def arguments(description, **choices):
    """Reads the command line; `choices` are the ways a system can be used: name=(way, ...)."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    for name, ways in choices.items():
        parser.add_argument(f"--{name}", choices=ways, default=ways[0])
    return parser.parse_args()


def payload_bytes(options):
    """The sizes that tutti-bench has too."""
    if options.quick:
        return [8, 64 << 10, 16 << 20]
    return [8, 1 << 10, 64 << 10, 1 << 20, 16 << 20, 256 << 20]


def transfer_bytes(options):
    """The same for transfers."""
    if options.quick:
        return [1 << 10, 1 << 20, 16 << 20]
    return [1 << 10, 64 << 10, 1 << 20, 4 << 20, 16 << 20, 256 << 20]


def spread_bytes(options):
    """The same for what lies spread over the workers."""
    if options.quick:
        return [8_000_000]
    return [64 << 10, 1 << 20, 8_000_000, 256 << 20]


def payload_calls(size):
    return max(1, min((64 << 20) // size, 200))


class Report:
    """Prints the figures of one system."""

    def __init__(self, system, ranks, options):
        self.system = system
        self.ranks = ranks
        self.options = options

    def measure(self, case, unit, once, **parameters):
        """`once` gives the figure of one repetition."""
        once()
        samples = [once() for _ in range(self.options.repetitions)]
        line = {"case": case, "system": self.system, "ranks": self.ranks}
        line |= {"figure": statistics.median(samples), "unit": unit} | parameters
        line |= {"repetitions": self.options.repetitions, "samples": samples}
        print(json.dumps(line), flush=True)

    def rate(self, case, count, once):
        """Tasks a second; `once` runs `count` tasks and returns their results in order."""

        def sample():
            start = clock()
            results = once()
            seconds = clock() - start
            assert len(results) == count and results[-1] == count - 1
            return count / seconds

        self.measure(case, "tasks/s", sample, tasks=count)

    def latency(self, case, count, once, name):
        """Microseconds of each of `count` calls or links; `once` returns the last result."""

        def sample():
            start = clock()
            last = once()
            seconds = clock() - start
            assert last == count - 1
            return seconds * 1e6 / count

        self.measure(case, "us", sample, **{name: count})

    def bandwidth(self, case, size, once, calls=1):
        """Megabytes a second; `once` returns the seconds of one call that moves `size` bytes."""

        def sample():
            return size * calls / 1e6 / sum(once() for _ in range(calls))

        self.measure(case, "MB/s", sample, bytes=size)
