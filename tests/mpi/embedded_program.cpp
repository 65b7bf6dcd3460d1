// A program that initialises MPI itself and uses tutti twice, on all ranks and on a part of them,
// between its own messages.

#include "support/expect.hpp"
#include "tutti/mpi.hpp"

#include <boost/mpi/collectives.hpp>
#include <boost/mpi/environment.hpp>

#include <functional>

int main(int argc, char** argv) {
  const boost::mpi::environment environment(argc, argv, boost::mpi::threading::multiple);
  const boost::mpi::communicator world;
  using namespace tutti_test;
  const auto square_all = [](tutti::Client& client) {
    const auto values = client.gather(client.map([](int x) { return x * x; }, tutti::range(1000)));
    expect(values.size() == 1000 && values[30] == 900);
    expect_equal(static_cast<int>(client.run([] { return tutti::get_worker().rank(); }).size()),
                 client.ranks());
    return exit_code();
  };
  int code = 0;
  for (int round = 0; round < 2; ++round) {
    code |= tutti::run(world, [&](tutti::Client& client) {
      expect_equal(client.ranks(), world.size());
      return square_all(client);
    });
    expect_equal(boost::mpi::all_reduce(world, world.rank(), std::plus<int>()),
                 world.size() * (world.size() - 1) / 2);
  }
  const int half = world.rank() % 2;
  const boost::mpi::communicator part = world.split(half);
  code |= tutti::run(part, [&](tutti::Client& client) {
    expect_equal(client.ranks(), part.size());
    return square_all(client);
  });
  world.barrier();
  return code | (failures == 0 ? 0 : 1);
}
