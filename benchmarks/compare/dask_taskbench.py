"""Task Bench in Dask distributed: python3 dask_taskbench.py [--workers N] [OPTION ...].

The options are those of tutti-bench taskbench. How it is used: a LocalCluster of processes with one
thread each, without dashboard, memory limit or compression. The whole graph is made first, as a
dictionary of low-level tasks, and given to the scheduler in one call, which is the fastest way; the
time is from the making of the dictionary to the last output. Patterns, kernels and checks are those
of all other systems, by libtaskbench, which is called without holding Python's lock; outputs are
arrays of numpy.
"""

import argparse
import ctypes
import functools
import json
import logging
import pathlib
import statistics

import dask
import numpy
from distributed import Client, LocalCluster, wait

import figures

LIBRARY = pathlib.Path(__file__).resolve().parents[2] / "build/release/bin/libtaskbench.so"
TEXT_BYTES = 4096


class Problem:
    """A problem of libtaskbench, opened by options as tutti-bench takes them."""

    def __init__(self, library, options, workers):
        self.library = ctypes.CDLL(library)
        self.library.taskbench_open.restype = ctypes.c_void_p
        self.library.taskbench_describe.restype = ctypes.c_double
        for name in ("steps", "width", "output_bytes", "points", "dependencies", "dependents"):
            getattr(self.library, f"taskbench_{name}").restype = ctypes.c_int64
        self.library.taskbench_run.restype = ctypes.c_int64
        self.text = ctypes.create_string_buffer(TEXT_BYTES)
        handle = self.library.taskbench_open(
            options.encode(), ctypes.c_int64(workers), self.text, ctypes.c_uint64(TEXT_BYTES)
        )
        if not handle:
            raise ValueError(self.text.value.decode())
        self.handle = ctypes.c_void_p(handle)
        self.steps = self.library.taskbench_steps(self.handle)
        self.width = self.library.taskbench_width(self.handle)
        self.output_bytes = self.library.taskbench_output_bytes(self.handle)
        self.found = (ctypes.c_int64 * self.width)()

    def points(self, step):
        count = self.library.taskbench_points(self.handle, ctypes.c_int64(step), self.found)
        return self.found[:count]

    def _neighbours(self, function, step, point):
        count = function(self.handle, ctypes.c_int64(step), ctypes.c_int64(point), self.found)
        return self.found[:count]

    def dependencies(self, step, point):
        return self._neighbours(self.library.taskbench_dependencies, step, point)

    def dependents(self, step, point):
        return self._neighbours(self.library.taskbench_dependents, step, point)

    def run(self, step, point, inputs):
        """Checks the inputs, works, and gives the output."""
        output = numpy.empty(self.output_bytes, numpy.uint8)
        count = len(inputs)
        addresses = (ctypes.c_void_p * count)(*(each.ctypes.data for each in inputs))
        sizes = (ctypes.c_uint64 * count)(*(each.nbytes for each in inputs))
        text = ctypes.create_string_buffer(TEXT_BYTES)
        result = self.library.taskbench_run(
            self.handle,
            ctypes.c_int64(step),
            ctypes.c_int64(point),
            addresses,
            sizes,
            ctypes.c_uint64(count),
            ctypes.c_void_p(output.ctypes.data),
            text,
            ctypes.c_uint64(TEXT_BYTES),
        )
        if result != 0:
            raise RuntimeError(text.value.decode())
        return output

    def describe(self, seconds, workers):
        """The fields of a figure's line, and the granularity in microseconds."""
        granularity = self.library.taskbench_describe(
            self.handle,
            ctypes.c_double(seconds),
            ctypes.c_int64(workers),
            self.text,
            ctypes.c_uint64(TEXT_BYTES),
        )
        return json.loads(self.text.value), granularity


@functools.lru_cache(maxsize=1)
def opened(*arguments):
    return Problem(*arguments)


def execute(problem, step, point, inputs):
    """A task; `problem` is what Problem is opened with, once in each worker."""
    return opened(*problem).run(step, point, inputs)


def make_graph(arguments, problem, run):
    """The tasks by name, and the names of those whose outputs nobody takes."""
    graph, ends = {}, []
    for step in range(problem.steps):
        for point in problem.points(step):
            inputs = [f"{run}-{step - 1}-{each}" for each in problem.dependencies(step, point)]
            name = f"{run}-{step}-{point}"
            graph[name] = (execute, arguments, step, point, inputs)
            if not problem.dependents(step, point):
                ends.append(name)
    return graph, ends


def run_once(client, arguments, problem, run):
    """Seconds of one run. Outputs stay with the workers, which forget them afterwards."""
    start = figures.clock()
    graph, ends = make_graph(arguments, problem, run)
    futures = client.get(graph, ends, sync=False)
    wait(futures)
    seconds = figures.clock() - start
    for future in futures:
        if future.status != "finished":
            raise future.exception()
    return seconds


def measure(client, arguments, problem, options):
    samples = []
    for repetition in range(-1, options.repetitions):
        seconds = run_once(client, arguments, problem, f"{hash(arguments)}_{repetition}")
        if repetition >= 0:
            samples.append(seconds)
    fields, granularity = problem.describe(statistics.median(samples), options.workers)
    line = {"case": "taskbench", "system": "Dask", "ranks": options.workers + 1}
    line |= {"figure": granularity, "unit": "us"} | fields
    line["repetitions"] = options.repetitions
    line["samples"] = [problem.describe(seconds, options.workers)[1] for seconds in samples]
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--pattern", default="stencil_1d", help="several: tree,fft")
    parser.add_argument("--iterations", default="256", help="several: 64,32,16")
    parser.add_argument("--library", default=str(LIBRARY), help="where libtaskbench.so is")
    options, words = parser.parse_known_args()
    library = str(pathlib.Path(options.library).resolve())
    problems = []
    for pattern in options.pattern.split(","):
        for iterations in options.iterations.split(","):
            text = " ".join([*words, f"--pattern={pattern}", f"--iterations={iterations}"])
            arguments = (library, text, options.workers)
            problems.append((arguments, Problem(*arguments)))
    dask.config.set({"distributed.comm.compression": None})
    with LocalCluster(
        n_workers=options.workers,
        processes=True,
        threads_per_worker=1,
        memory_limit=0,
        dashboard_address=None,
        silence_logs=logging.ERROR,
    ) as cluster, Client(cluster) as client:
        client.wait_for_workers(options.workers)
        for arguments, problem in problems:
            measure(client, arguments, problem, options)


if __name__ == "__main__":
    main()
