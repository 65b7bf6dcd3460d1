"""The cases of tutti-bench for mpi4py.futures: mpirun -n R python3 mpi4py_futures.py CASE.

How it is used: MPICommExecutor, which needs no spawning and works where MPI does. `--map chunked`
gives map a chunk size of a thousand, its way to send many tasks in a message; submit has none. The
executor polls without pauses (backoff=0), as pauses of up to a millisecond between polls would be
all that is seen. It has no futures as arguments, so a chain waits for each link; and no broadcast,
so each worker gets a task with the array. Arrays of numpy are pickled, by protocol 5.
"""

import numpy
from mpi4py import MPI
from mpi4py.futures import MPICommExecutor

import figures


def identity(x):
    return x


def successor(x):
    return x + 1


def last(values):
    return float(values[-1])


def make(count):
    return numpy.ones(count)


def keep(values):
    global kept
    kept = values
    return len(values)


class Cases:
    def __init__(self, executor, workers, report, options):
        self.executor = executor
        self.workers = workers
        self.report = report
        self.options = options
        self.count = 2_000 if options.quick else 10_000

    def map_empty(self):
        chunk = 1
        count = self.count
        if self.options.map == "chunked":
            chunk = 1_000
            count *= 50

        def once():
            return list(self.executor.map(identity, range(count), chunksize=chunk))

        self.report.rate("map_empty", count, once)

    def submit_empty(self):
        def once():
            futures = [self.executor.submit(identity, index) for index in range(self.count)]
            return [future.result() for future in futures]

        self.report.rate("submit_empty", self.count, once)

    def roundtrip(self):
        def once():
            for index in range(self.count):
                result = self.executor.submit(identity, index).result()
            return result

        self.report.latency("roundtrip", self.count, once, "calls")

    def chain(self):
        def once():
            result = self.executor.submit(identity, 0).result()
            for _ in range(1, self.count):
                result = self.executor.submit(successor, result).result()
            return result

        self.report.latency("chain", self.count, once, "links")

    def payload(self):
        for size in figures.payload_bytes(self.options):
            count = size // 8
            calls = figures.payload_calls(size)

            def argument(count=count):
                data = numpy.ones(count)
                start = figures.clock()
                assert self.executor.submit(last, data).result() == 1.0
                return figures.clock() - start

            def result(count=count):
                start = figures.clock()
                data = self.executor.submit(make, count).result()
                seconds = figures.clock() - start
                assert data[-1] == 1.0
                return seconds

            self.report.bandwidth("payload_argument", size, argument, calls)
            self.report.bandwidth("payload_result", size, result, calls)

    def broadcast(self):
        for size in figures.payload_bytes(self.options):

            def once(count=size // 8):
                data = numpy.ones(count)
                start = figures.clock()
                futures = [self.executor.submit(keep, data) for _ in range(self.workers)]
                assert all(future.result() == count for future in futures)
                return figures.clock() - start

            self.report.bandwidth("broadcast", size, once, 5)

    def transfer(self):
        """There is none: results come to the client and go out again with the next call."""


def main():
    options = figures.arguments("Measures mpi4py.futures.", map=("plain", "chunked"))
    ranks = MPI.COMM_WORLD.size
    with MPICommExecutor(MPI.COMM_WORLD, root=0, backoff=0) as executor:
        if executor is not None:
            system = "mpi4py.futures"
            if options.map == "chunked":
                system += " chunked"
            report = figures.Report(system, ranks, options)
            getattr(Cases(executor, ranks - 1, report, options), options.case)()


if __name__ == "__main__":
    main()
