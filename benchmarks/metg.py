#!/usr/bin/python3
"""METG(50 %) of Task Bench: the smallest task that keeps the workers half busy.

Runs each pattern on each system with smaller and smaller tasks, and finds the granularity (wall
time x workers / tasks) at which the efficiency falls below the threshold. Efficiency is the rate of
the kernel in the run over its peak: the best rate of a worker in any repetition of the kernel
alone, with as many workers at once and without a runtime (plain-mpi-taskbench --alone). The peak is
measured before and after; the better one counts for all systems. Of the points that are efficient
enough the one with the smallest granularity counts, and from there to the next finer point it is
interpolated linearly, as in the paper.

n workers are n ranks of plain MPI, n + 1 ranks of tutti, whose rank 0 is no worker, and n processes
of Dask beside client and scheduler. On stdout: JSON lines, of each run and of each METG, and then a
table.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "benchmarks/compare"))

from compare import number, output_of, table  # noqa: E402

MPIRUN = "scripts/lib/mpirun.sh"


@dataclasses.dataclass
class System:
    coarsest_us: float  # where the sweep begins
    tasks: int  # of each worker
    quick_tasks: int


SYSTEMS = {
    "tutti": System(coarsest_us=500, tasks=1000, quick_tasks=200),
    "plain MPI": System(coarsest_us=100, tasks=1000, quick_tasks=200),
    "Dask": System(coarsest_us=100_000, tasks=40, quick_tasks=20),
}
STEPS_MIN = 5
PATTERNS = "trivial,no_comm,stencil_1d,nearest"


def command(system, options):
    """How a system is started; pattern, iterations and steps follow."""
    tutti_ranks, mpi_ranks = str(options.workers + 1), str(options.workers)
    programs = {
        "tutti": [MPIRUN, "-n", tutti_ranks, f"{options.bin}/tutti-bench", "taskbench"],
        "plain MPI": [MPIRUN, "-n", mpi_ranks, f"{options.bin}/plain-mpi-taskbench"],
        "Dask": ["/usr/bin/python3", "benchmarks/compare/dask_taskbench.py"],
    }
    programs["Dask"] += [f"--library={options.bin}/libtaskbench.so", f"--workers={mpi_ranks}"]
    programs["kernel alone"] = [*programs["plain MPI"], "--alone"]
    words = [f"--kernel={options.kernel}"]
    if system == "kernel alone":
        words += ["--repetitions=100"]
    else:
        words += [f"--repetitions={options.repetitions}"]
        words += [f"--imbalance={options.imbalance}", f"--output-bytes={options.output_bytes}"]
        words += [f"--radix={options.radix}", f"--width={options.width}"]
    return [*programs[system], *words]


def run(system, options, pattern, grains, steps):
    """The lines of a system for the grains; ends the program when there are none."""
    grain_list = ",".join(map(str, grains))
    words = [*command(system, options), f"--pattern={pattern}", f"--iterations={grain_list}"]
    words += [f"--steps={steps}"]
    done = subprocess.run(
        ["timeout", "--kill-after=10", str(options.timeout), *words],
        cwd=TOP,
        env=os.environ | {"TUTTI_THREADS_PER_WORKER": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"'{' '.join(words)}' failed with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def rate_of(line):
    """Of the kernel, for one worker: operations or bytes a second."""
    return line.get("flops_per_s_and_worker") or line["bytes_per_s_and_worker"]


@dataclasses.dataclass
class Peak:
    """The best rate of a worker, and the time of an iteration at that rate."""

    rate: float = 0
    iteration_us: float = 0

    def measure(self, options):
        # Long enough for the clock, and short and often, so that some meet an undisturbed moment.
        for line in run("kernel alone", options, "trivial", [16384], 20):
            best_us = min(line["samples"])
            rate = rate_of(line) * line["figure"] / best_us
            if rate > self.rate:
                self.rate, self.iteration_us = rate, best_us / line["iterations"]


def has_crossing(lines, peak, options):
    """Whether there are points above the threshold, and below."""
    efficient = [rate_of(line) >= options.threshold * peak.rate for line in lines]
    return any(efficient), not all(efficient)


def sweep(system, pattern, peak, options):
    """The lines of a system from coarse to fine, across the threshold where it can be crossed."""
    about = SYSTEMS[system]
    tasks = about.quick_tasks if options.quick else about.tasks
    steps = options.steps or max(STEPS_MIN, tasks * options.workers // options.width)
    factor = 4 if options.quick else 2
    coarsest = max(1, round(about.coarsest_us / peak.iteration_us))

    def measured(first, count):
        grains = [round(first / factor**power) for power in range(count)]
        return run(system, options, pattern, sorted({max(1, g) for g in grains})[::-1], steps)

    lines = measured(coarsest, 5 if options.quick else 9)
    for _ in range(4):
        above, below = has_crossing(lines, peak, options)
        first, last = lines[0]["iterations"], lines[-1]["iterations"]
        if not above:
            lines = measured(first * factor**3, 3) + lines
        elif not below and last > 1:
            lines += measured(last / factor, 4)
        else:
            break
    return lines


def metg(lines, peak, threshold):
    """METG in microseconds, and what is to be said of it: nothing, at most, or more than."""
    points = [(rate_of(line) / peak.rate, line["figure"]) for line in lines]
    efficient = [index for index, (efficiency, _) in enumerate(points) if efficiency >= threshold]
    if not efficient:
        return points[0][1], "more than "
    best = min(efficient, key=lambda index: points[index][1])
    if best + 1 == len(points):
        return points[best][1], "at most "
    (upper, coarse), (lower, fine) = points[best], points[best + 1]
    if fine >= coarse:
        return coarse, ""
    return fine + (threshold - lower) / (upper - lower) * (coarse - fine), ""


def conditions(options, peak):
    commit = output_of("git", "describe", "--always", "--abbrev=10")
    if output_of("git", "status", "--porcelain", "--", "src", "include", "benchmarks"):
        commit += " with changes"
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ"),
        "host": platform.node(),
        "cores": os.cpu_count(),
        "commit": commit,
        "load": os.getloadavg()[0],
        "workers": options.workers,
        "width": options.width,
        "kernel": options.kernel,
        "imbalance": options.imbalance,
        "output_bytes": options.output_bytes,
        "radix": options.radix,
        "threshold": options.threshold,
        "peak_per_s_and_worker": peak.rate,
    }


def report(sweeps, peak, options):
    for (system, pattern), lines in sweeps.items():
        for line in lines:
            efficiency = rate_of(line) / peak.rate
            print(json.dumps(line | {"efficiency": efficiency}))
            if efficiency > 1.1:
                print(
                    f"{system}, {pattern}: {efficiency:.0%} of the peak; this machine is not quiet",
                    file=sys.stderr,
                )
        value, bound = metg(lines, peak, options.threshold)
        line = {"case": "metg", "system": system, "pattern": pattern, "figure": value, "unit": "us"}
        print(json.dumps(line | {"bound": bound.strip()} | conditions(options, peak)))
    print_table(sweeps, peak, options)


def print_table(sweeps, peak, options):
    rows = []
    for system in options.systems.split(","):
        values = [metg(sweeps[system, each], peak, options.threshold) for each in options.patterns]
        rows.append([system, *(bound + number(value) for value, bound in values)])
    about = conditions(options, peak)
    unit = "Gflop/s" if options.kernel == "compute" else "GB/s"
    workers = f"{options.workers} worker{'s' if options.workers > 1 else ''}"
    print()
    print("\n".join(table([f"METG({options.threshold * 100:g} %), us", *options.patterns], rows)))
    print(
        f"\n{workers}, {options.width} points wide, on {about['host']} ({about['cores']} cores), "
        f"commit {about['commit']}, {about['date']}, load {about['load']:.2f}; "
        f"{options.kernel} kernel, peak {peak.rate / 1e9:.3g} {unit} a worker"
        + (f", imbalance {options.imbalance:g}" if options.imbalance else "")
        + (", few steps" if options.quick else "")
        + "."
    )


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="default: %(default)s")
    parser.add_argument("--patterns", default=PATTERNS, help="default: %(default)s")
    workers = max(1, (os.cpu_count() or 2) - 1)
    parser.add_argument("--workers", type=int, default=workers, help="default: cores less one")
    parser.add_argument(
        "--width", type=int, help="points of a step, default: one for each worker, at least 8"
    )
    parser.add_argument(
        "--steps", type=int, help="default: 1000 tasks for each worker, Dask 40; quick: 200 and 20"
    )
    parser.add_argument("--kernel", choices=("compute", "memory"), default="compute")
    parser.add_argument("--radix", type=int, default=5, help="of nearest and spread, default: 5")
    parser.add_argument("--imbalance", type=float, default=0)
    parser.add_argument("--output-bytes", type=int, default=16)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--repetitions", type=int, help="default: 5, quick: 3")
    parser.add_argument("--quick", action="store_true", help="steps of 4 in grain, few tasks")
    parser.add_argument("--bin", default="build/release/bin", help="where tutti-bench is")
    parser.add_argument("--timeout", type=int, default=600, help="seconds of one sweep")
    options = parser.parse_args()
    options.patterns = options.patterns.split(",")
    options.width = options.width or max(8, options.workers)
    options.repetitions = options.repetitions or (3 if options.quick else 5)
    unknown = set(options.systems.split(",")) - set(SYSTEMS)
    if unknown:
        parser.error(f"there is no system {', '.join(unknown)}; there are {', '.join(SYSTEMS)}")
    return options


def main():
    options = arguments()
    if options.workers >= (os.cpu_count() or 1):
        print("rank 0 of tutti shares a core with a worker", file=sys.stderr)
    peak = Peak()
    peak.measure(options)
    sweeps = {}
    for pattern in options.patterns:
        for system in options.systems.split(","):
            print(f"{pattern}: {system}", file=sys.stderr, flush=True)
            sweeps[system, pattern] = sweep(system, pattern, peak, options)
    peak.measure(options)
    report(sweeps, peak, options)


if __name__ == "__main__":
    main()
