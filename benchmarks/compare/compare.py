"""Runs tutti and its rivals in turns, keeps the figures, and writes the tables; started by run.sh.

A round runs each case on one system after the other, so that a slow moment of the machine meets all
of them. The figure of a system is the median over the rounds, each of which is a median itself.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
from importlib import metadata

import figures

TOP = pathlib.Path(__file__).resolve().parents[2]
HERE = "benchmarks/compare/"
MPIRUN = "scripts/lib/mpirun.sh"

# The order in which a round runs them. Python's processes have several threads, which must not be
# bound to one core.
SYSTEMS = ("tutti", "plain MPI", "mpi4py.futures", "mpi4py.futures chunked")
SYSTEMS += ("Dask LocalCluster", "Dask by MPI")
HIGHER_IS_BETTER = {"tasks/s": True, "MB/s": True, "us": False}
ROWS = ("map_empty", "submit_empty", "roundtrip", "chain")
ROWS += ("payload_argument", "payload_result", "broadcast", "transfer", "gather", "scatter")


def command(system, case, options):
    mpirun = [MPIRUN, "-n", str(options.ranks)]
    python = ["--bind-to", "none", "/usr/bin/python3"]
    programs = {
        "tutti": [*mpirun, f"{options.bin}/tutti-bench"],
        "plain MPI": [*mpirun, f"{options.bin}/plain-mpi-bench"],
        "mpi4py.futures": [*mpirun, *python, HERE + "mpi4py_futures.py"],
        "mpi4py.futures chunked": [*mpirun, *python, HERE + "mpi4py_futures.py", "--map=chunked"],
        "Dask LocalCluster": ["/usr/bin/python3", HERE + "dask_distributed.py"],
        "Dask by MPI": [*mpirun, *python, HERE + "dask_distributed.py", "--start=mpi"],
    }
    size = ["--quick"] if options.quick else []
    return [*programs[system], case, f"--repetitions={options.repetitions}", *size]


def run(system, case, options):
    """The lines that a system prints for a case; what it says of an error is passed on."""
    if system.endswith("chunked") and case != "map_empty":
        return []
    if system.startswith("mpi4py") and case in ("gather", "scatter"):
        return []
    if system == "Dask LocalCluster" and options.ranks != 2:
        return []
    words = command(system, case, options)
    done = subprocess.run(
        ["timeout", "--kill-after=10", "600", *words],
        cwd=TOP,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(f"'{' '.join(words)}' failed with {done.returncode}:", file=sys.stderr)
        print(done.stderr[-2000:], file=sys.stderr)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [line for line in lines if line["case"] in ROWS]


def output_of(*words):
    return subprocess.run(
        words, cwd=TOP, capture_output=True, text=True, check=False
    ).stdout.strip()


def host():
    """What the figures depend on."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    changed = output_of("git", "status", "--porcelain", "--", "src", "include", "benchmarks/*.cpp")
    versions = {name: metadata.version(name) for name in ("distributed", "mpi4py", "numpy")}
    versions["python"] = platform.python_version()
    versions["mpi"] = output_of("mpirun", "--version").splitlines()[0]
    versions["compiler"] = output_of("c++", "--version").splitlines()[0]
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ"),
        "host": platform.node(),
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "commit": output_of("git", "describe", "--always", "--abbrev=10")
        + (" with changes" if changed else ""),
        "load_before": os.getloadavg()[0],
        "versions": versions,
    }


def measure(options):
    """All figures, one for each case, size and system: the median of the rounds."""
    rounds = {}
    for number in range(1, options.rounds + 1):
        for case in figures.CASES:
            print(f"round {number} of {options.rounds}: {case}", file=sys.stderr, flush=True)
            for system in SYSTEMS:
                for line in run(system, case, options):
                    key = (line["case"], line.get("bytes"), line["system"])
                    rounds.setdefault(key, []).append(line)
    merged = []
    for lines in rounds.values():
        samples = [line.pop("figure") for line in lines]
        line = lines[0] | {"figure": statistics.median(samples), "rounds": samples}
        del line["samples"]
        merged.append(line)
    return merged


def number(value):
    if value is None:
        return "–"
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def ratio(own, other, unit):
    """How many times better `own` is."""
    if own is None or other is None:
        return "–"
    value = own / other if HIGHER_IS_BETTER[unit] else other / own
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def size_name(size):
    if size is None:
        return ""
    for unit, factor in (("MB", 1 << 20), ("kB", 1 << 10)):
        if size >= factor:
            return f" {size // factor} {unit}"
    return f" {size} B"


class Row:
    """A case with its figures by system."""

    def __init__(self, lines):
        self.case = lines[0]["case"]
        self.name = self.case + size_name(lines[0].get("bytes"))
        self.unit = lines[0]["unit"]
        self.figures = {line["system"]: line["figure"] for line in lines}

    def get(self, system):
        return self.figures.get(system)

    def best_rival(self):
        """The best of mpi4py.futures and Dask; plain MPI is no rival but the limit."""
        names = [name for name in self.figures if name.startswith(("mpi4py", "Dask"))]
        better = max if HIGHER_IS_BETTER[self.unit] else min
        return better(names, key=self.get) if names else None

    def best_ratio(self):
        return ratio(self.get("tutti"), self.get(self.best_rival()), self.unit)

    def mpi_ratio(self):
        return ratio(self.get("tutti"), self.get("plain MPI"), self.unit)

    def pair(self, *systems):
        """The figures of two ways to use a system."""
        return " / ".join(number(self.get(system)) for system in systems)

    def cells(self):
        mpi = number(self.get("plain MPI"))
        if "plain MPI, reused memory" in self.figures:
            mpi = self.pair("plain MPI", "plain MPI, reused memory")
        mpi4py = number(self.get("mpi4py.futures"))
        if "mpi4py.futures chunked" in self.figures:
            mpi4py = self.pair("mpi4py.futures", "mpi4py.futures chunked")
        dask = self.pair("Dask LocalCluster", "Dask by MPI")
        own = number(self.get("tutti"))
        ratios = [self.best_ratio(), self.mpi_ratio()]
        return [
            f"`{self.case}`{self.name[len(self.case):]}",
            self.unit,
            own,
            mpi,
            mpi4py,
            dask,
            *ratios,
        ]


def rows_of(lines):
    grouped = {}
    for line in lines:
        grouped.setdefault((ROWS.index(line["case"]), line.get("bytes", 0)), []).append(line)
    return [Row(grouped[key]) for key in sorted(grouped)]


def table(header, rows, left=1):
    lines = ["| " + " | ".join(header) + " |"]
    lines.append("| " + " | ".join(["---"] * left + ["---:"] * (len(header) - left)) + " |")
    return lines + ["| " + " | ".join(cells) + " |" for cells in rows]


def conditions(about):
    """One sentence: where and when."""
    return (
        f"{about['ranks']} ranks on {about['host']} ({about['cpu']}, {about['cores']} cores), "
        f"commit {about['commit']}, {about['date']}, load before {about['load_before']:.2f}; "
        f"median of {about['rounds']} rounds{', small sizes' if about['quick'] else ''}."
    )


def results_text(about, rows):
    header = ["case", "unit", "tutti", "plain MPI (new / reused memory)"]
    header += ["mpi4py.futures (plain / chunked)", "Dask (LocalCluster / by MPI)"]
    header += ["tutti : best rival", "tutti : plain MPI"]
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    note = [
        "A ratio is how many times better tutti is, whether more or less of the unit is better.",
        f"Measured by `benchmarks/compare/run.sh{' --quick' if about['quick'] else ''}`:",
        conditions(about),
        f"Versions: {versions}.",
    ]
    return [*table(header, [row.cells() for row in rows], left=2), "", *note]


def figures_text(about, rows):
    """The five lines for the README: overheads, and the largest array."""
    chosen = [
        row for row in rows if row.case in ("map_empty", "submit_empty", "roundtrip", "chain")
    ]
    chosen += [row for row in rows if row.case == "payload_argument"][-1:]
    cells = []
    for row in chosen:
        rival = row.best_rival()
        other = f"{number(row.get(rival))} ({rival})"
        name = f"`{row.case}`{row.name[len(row.case):]}, {row.unit}"
        mpi = number(row.get("plain MPI"))
        cells.append([name, number(row.get("tutti")), mpi, other, row.best_ratio()])
    header = ["", "tutti", "plain MPI", "best of Dask and mpi4py.futures", "tutti is better by"]
    return [*table(header, cells), "", conditions(about)]


def write_between(path, marker, lines, frame):
    """Replaces what is between two equal markers; `frame` is the text where there is no file."""
    parts = (path.read_text() if path.exists() else frame).split(marker)
    if len(parts) != 3:
        sys.exit(f"{path} must have the line {marker} twice; the table goes between them.")
    parts[1] = "\n".join(["", *lines, ""])
    path.write_text(marker.join(parts))


def write_documents(about, lines, options):
    rows = rows_of(lines)
    text = results_text(about, rows)
    print("\n".join(text))
    if options.no_documents:
        return
    frame = "# Performance\n\n<!-- results -->\n<!-- results -->\n"
    write_between(TOP / "docs/performance.md", "<!-- results -->", text, frame)
    write_between(TOP / "README.md", "<!-- figures -->", figures_text(about, rows), "")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, a few minutes")
    parser.add_argument("--rounds", type=int, help="default: 5, quick: 3")
    parser.add_argument(
        "--repetitions", type=int, help="of a case in a round; default: 3, quick: 1"
    )
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--bin", default="build/release/bin", help="where tutti-bench is")
    parser.add_argument("--no-documents", action="store_true", help="print the table only")
    parser.add_argument("--from-results", metavar="FILE", help="write the tables from an older run")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.repetitions = options.repetitions or (1 if options.quick else 3)
    return options


def main():
    options = arguments()
    if options.from_results:
        about, *lines = map(json.loads, pathlib.Path(options.from_results).read_text().splitlines())
        write_documents(about, lines, options)
        return
    about = host()
    about |= {"ranks": options.ranks, "rounds": options.rounds, "quick": options.quick}
    lines = measure(options)
    about["load_after"] = os.getloadavg()[0]
    name = f"{about['date'][:10]}-{about['host']}{'-quick' if options.quick else ''}.jsonl"
    path = TOP / "benchmarks/results" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in [about, *lines]))
    print(f"figures kept in {path}", file=sys.stderr)
    write_documents(about, lines, options)


if __name__ == "__main__":
    main()
