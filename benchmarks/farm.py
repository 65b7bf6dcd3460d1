#!/usr/bin/env python3
"""How many commands a second: `tutti farm` beside GNU parallel, xargs and a bare loop of posix_spawn.

Each runs `true` on two slots (--slots), all in turn, for some rounds; the figure is the median. Times are of
the whole program, start and end included, and `of bare` is the part of what the bare loop reaches. CPU is what
the program and its commands took together for each command: it depends less on what else the machine does."""

import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

root = pathlib.Path(__file__).resolve().parent.parent


def usage():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(command, count):
    before, start = usage(), time.monotonic()
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return count / (time.monotonic() - start), (usage() - before) / count * 1e6


def systems(bin_dir, slots, listing, count):
    tutti = str(bin_dir / "tutti")
    ranks = [str(root / "scripts/lib/mpirun.sh"), "-n", str(slots)]
    result = {
        "bare posix_spawn": [str(bin_dir / "plain-spawn"), str(slots), str(count)],
        "tutti farm": [tutti, "farm", "-q", "-j", str(slots), listing],
        f"tutti farm, {slots} ranks": [*ranks, tutti, "farm", "-q", "-j", "1", listing],
        "xargs -P": ["xargs", "-a", listing, "-d", "\n", "-P", str(slots), "-n", "1", "sh", "-c"],
    }
    if shutil.which("parallel"):
        result["GNU parallel"] = ["parallel", "--will-cite", "-j", str(slots), "-a", listing]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=root / "build/release/bin")
    parser.add_argument("--count", type=int, default=5000, help="commands")
    parser.add_argument("--slots", type=int, default=2, help="commands at once")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="a line of JSON for each, in place of the table")
    options = parser.parse_args()
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("true\n" * options.count)
        listing.flush()
        commands = systems(options.bin, options.slots, listing.name, options.count)
        samples = {name: [] for name in commands}
        for _ in range(options.rounds):
            for name, command in commands.items():
                samples[name].append(measure(command, options.count))
    rates = {name: statistics.median(rate for rate, _ in each) for name, each in samples.items()}
    cpu = {name: statistics.median(cost for _, cost in each) for name, each in samples.items()}
    bare = rates["bare posix_spawn"]
    if options.json:
        for name in commands:
            print(json.dumps({"case": "farm", "system": name, "slots": options.slots, "tasks": options.count,
                              "figure": round(rates[name], 1), "unit": "commands/s", "cpu_us": round(cpu[name], 1),
                              "samples": [round(rate, 1) for rate, _ in samples[name]]}))
        return
    print(f"| `true`, {options.slots} slots | commands/s | of bare | CPU us a command |\n| --- | ---: | ---: | ---: |")
    for name in commands:
        print(f"| {name} | {rates[name]:,.0f} | {rates[name] / bare:.2f} | {cpu[name]:.0f} |")
    print(f"\n{os.uname().nodename}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", file=sys.stderr)


if __name__ == "__main__":
    main()
