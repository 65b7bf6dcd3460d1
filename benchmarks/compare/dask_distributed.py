"""The cases of tutti-bench for Dask distributed: python3 dask_distributed.py CASE, or by MPI:
mpirun -n R python3 dask_distributed.py --start mpi CASE.

How it is used: worker processes with one thread each, no dashboard, no memory limit (so nothing is
spilled), no compression, warmed up. Started by MPI, rank 0 holds the client and the scheduler and
each other rank one worker; as in a LocalCluster, they talk over TCP. Large arrays go straight to a
worker by scatter(direct=True) and come straight from it; small ones travel in the task, which is
faster. Tasks are not pure: each gets a name instead of a hash of its arguments. A round trip is
mostly the 10 ms in which the client collects messages.
"""

import asyncio
import contextlib
import logging
import os

import dask
import numpy
from distributed import Client, LocalCluster, Worker, wait

import figures

LARGE_BYTES = 128 << 10
PARTS = 16


def identity(x):
    return x


def successor(x):
    return x + 1


def last(values):
    return float(values[-1])


def make(count):
    return numpy.ones(count)


class Cases:
    def __init__(self, client, report, options):
        self.client = client
        self.report = report
        self.options = options
        self.count = 500 if options.quick else 2_000

    def submit(self, function, *arguments):
        return self.client.submit(function, *arguments, pure=False)

    def map_empty(self):
        def once():
            return self.client.gather(self.client.map(identity, range(self.count), pure=False))

        self.report.rate("map_empty", self.count, once)

    def submit_empty(self):
        def once():
            return self.client.gather([self.submit(identity, i) for i in range(self.count)])

        self.report.rate("submit_empty", self.count, once)

    def roundtrip(self):
        count = self.count // 5

        def once():
            for index in range(count):
                result = self.submit(identity, index).result()
            return result

        self.report.latency("roundtrip", count, once, "calls")

    def chain(self):
        def once():
            link = self.submit(identity, 0)
            for _ in range(1, self.count):
                link = self.submit(successor, link)
            return link.result()

        self.report.latency("chain", self.count, once, "links")

    def payload(self):
        for size in figures.payload_bytes(self.options):
            count = size // 8
            calls = min(20, figures.payload_calls(size))

            def argument(size=size, count=count):
                data = numpy.ones(count)
                start = figures.clock()
                if size >= LARGE_BYTES:
                    data = self.client.scatter(data, direct=True, hash=False)
                assert self.submit(last, data).result() == 1.0
                return figures.clock() - start

            def result(count=count):
                start = figures.clock()
                data = self.submit(make, count).result()
                seconds = figures.clock() - start
                assert data[-1] == 1.0
                return seconds

            self.report.bandwidth("payload_argument", size, argument, calls)
            self.report.bandwidth("payload_result", size, result, calls)

    def await_all(self, futures):
        """The client is not the default one."""
        with self.client.as_current():
            wait(futures)

    def transfer(self):
        """From one worker to another; with one worker there is no such way."""
        workers = sorted(self.client.scheduler_info()["workers"])
        if len(workers) < 2:
            return
        for size in figures.transfer_bytes(self.options):

            def once(count=size // 8):
                data = self.client.submit(make, count, pure=False, workers=workers[:1])
                here = self.client.submit(make, 1, pure=False, workers=workers[1:2])
                self.await_all([data, here])
                start = figures.clock()
                self.client.submit(last, data, pure=False, workers=workers[1:2]).result()
                middle = figures.clock()
                self.client.submit(last, here, pure=False, workers=workers[1:2]).result()
                return max(1e-9, 2 * middle - start - figures.clock())

            if size < 1 << 20:
                self.report.measure("transfer", "us", lambda: once() * 1e6, bytes=size)
            else:
                self.report.bandwidth("transfer", size, once, 3)

    def broadcast(self):
        for size in figures.payload_bytes(self.options):

            def once(count=size // 8):
                data = numpy.ones(count)
                start = figures.clock()
                self.client.scatter(data, broadcast=True, direct=True, hash=False)
                return figures.clock() - start

            self.report.bandwidth("broadcast", size, once, 5)


    def gather(self):
        """Results of 16 tasks, one array each."""
        for size in figures.spread_bytes(self.options):
            arrays = self.client.map(make, [size // 8 // PARTS] * PARTS, pure=False)
            self.await_all(arrays)

            def once(arrays=arrays):
                start = figures.clock()
                values = numpy.concatenate(self.client.gather(arrays, direct=True))
                seconds = figures.clock() - start
                assert values[-1] == 1.0
                return seconds

            self.report.bandwidth("gather", size // 8 // PARTS * PARTS * 8, once, 3)

    def scatter(self):
        """An array in 16 parts."""
        for size in figures.spread_bytes(self.options):

            def once(count=size // 8):
                parts = numpy.array_split(numpy.ones(count), PARTS)
                start = figures.clock()
                self.client.scatter(parts, direct=True, hash=False)
                return figures.clock() - start

            self.report.bandwidth("scatter", size, once, 3)


def measure(cluster, system, workers, options):
    with Client(cluster, direct_to_workers=True, set_as_default=False) as client:
        client.wait_for_workers(workers)
        client.gather(client.map(identity, range(100), pure=False))
        getattr(
            Cases(client, figures.Report(system, workers + 1, options), options), options.case
        )()


async def work(address):
    async with Worker(address, nthreads=1, memory_limit=0, dashboard=False) as worker:
        await worker.finished()


def main():
    options = figures.arguments("Measures Dask distributed.", start=("local", "mpi"))
    dask.config.set({"distributed.comm.compression": None})
    common = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": None}
    common |= {"silence_logs": logging.ERROR}
    if options.start == "local":
        with LocalCluster(n_workers=1, processes=True, **common) as cluster:
            measure(cluster, "Dask LocalCluster", 1, options)
        return

    from mpi4py import MPI

    world = MPI.COMM_WORLD
    if world.rank == 0:
        with LocalCluster(n_workers=0, host=os.uname().nodename, **common) as cluster:
            world.bcast(cluster.scheduler_address)
            measure(cluster, "Dask by MPI", world.size - 1, options)
    else:
        address = world.bcast(None)
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(work(address))


if __name__ == "__main__":
    main()
