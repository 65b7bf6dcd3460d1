// Tasks that several ranks run together.
//
// test ranks: 1 2 3 4
// test timeout: 120

#include "tutti/gang.hpp"

#include "support/expect.hpp"

#include <boost/mpi/collectives.hpp>
#include <boost/mpi/communicator.hpp>
#include <boost/mpi/exception.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tutti_test;
using boost::mpi::communicator;
using tutti::Client;
using tutti::Future;
using tutti::gang;

/// Ranks that run tasks, and so the largest gang.
int workers_of(const Client& client) {
  return client.ranks() - (tutti::get_worker().threads() == 0 ? 1 : 0);
}

int sum_of_ranks(communicator& gang, int base) {
  return base + boost::mpi::all_reduce(gang, gang.rank() + 1, std::plus<>());
}

void gangs_of_all_sizes_meet(Client& client) {
  for (int size = 1; size <= workers_of(client); ++size) {
    expect_equal(client.submit(gang(size), sum_of_ranks, 100).result(),
                 100 + size * (size + 1) / 2);
    const auto size_of = [](communicator& members) { return members.size(); };
    // The same ranks meet again, on a communicator that they have.
    for (int again = 0; again < 5; ++again)
      expect_equal(client.submit(gang(size), size_of).result(), size);
  }
  client.submit(gang(1), [](communicator& alone) { alone.barrier(); }).result();
}

/// The size of a gang is part of what a pure call is.
void pure_gangs_of_other_sizes_are_others(Client& client) {
  const auto size_of = [](communicator& members) { return members.size(); };
  std::vector<tutti::Future<int>> sizes;
  for (int size = 1; size <= workers_of(client); ++size)
    sizes.push_back(client.submit({.pure = true}, tutti::gang(size), size_of));
  for (std::size_t index = 0; index < sizes.size(); ++index)
    expect_equal(sizes[index].result(), static_cast<int>(index) + 1);
}

void the_result_is_that_of_the_first_member(Client& client) {
  const auto who = [](communicator& members) {
    return std::array<int, 2>{members.rank(), tutti::get_worker().rank()};
  };
  const int size = workers_of(client);
  const std::array<int, 2> first = client.submit(gang(size), who).result();
  expect_equal(first[0], 0);
  const auto ranks = [](communicator& members) {
    std::vector<int> all;
    boost::mpi::all_gather(members, tutti::get_worker().rank(), all);
    return all;
  };
  const std::vector<int> all = client.submit(gang(size), ranks).result();
  expect_equal(all.size(), static_cast<std::size_t>(size));
  expect(std::is_sorted(all.begin(), all.end()));
}

void every_member_gets_the_arguments(Client& client) {
  const Future<std::vector<double>> large =
      client.submit([](int count) { return std::vector<double>(count, 0.5); }, 300'000);
  const Future<int> small = client.submit([](int x) { return x * x; }, 3);
  const auto add = [](communicator& members, std::vector<double> values, int square,
                      const std::string& text, const std::vector<int>& squares) {
    double mine = 0;
    for (const double value : values) mine += value;
    // It is a copy: others read the value too.
    values.clear();
    mine += square + static_cast<double>(text.size() + squares.size());
    return boost::mpi::all_reduce(members, mine, std::plus<>());
  };
  const int size = workers_of(client);
  const std::vector<Future<int>> both{small, small};
  const double sum = client.submit(gang(size), add, large, small, "four", both).result();
  expect_equal(sum, size * (150'000.0 + 9 + 4 + 2));
  // A gang waits for its inputs, and others wait for a gang.
  const Future<int> chain = client.submit([](int a, double b) { return a + static_cast<int>(b); },
                                          small, client.submit(gang(size), sum_of_ranks, small));
  expect_equal(chain.result(), 9 + 9 + size * (size + 1) / 2);
}

// ---- a real solver: conjugate gradients for the Laplacian of a rod, of which each member has a
// part

class Rod {
 public:
  Rod(communicator& members, int points)
      : members_(members),
        begin_(points * members.rank() / members.size()),
        end_(points * (members.rank() + 1) / members.size()) {}
  std::size_t points() const { return static_cast<std::size_t>(end_ - begin_); }
  int begin() const { return begin_; }

  double dot(const std::vector<double>& a, const std::vector<double>& b) const {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return boost::mpi::all_reduce(members_, sum, std::plus<>());
  }
  std::vector<double> apply(const std::vector<double>& x) const {
    const int left = members_.rank() == 0 ? MPI_PROC_NULL : members_.rank() - 1;
    const int right = members_.rank() + 1 == members_.size() ? MPI_PROC_NULL : members_.rank() + 1;
    double from_left = 0;
    double from_right = 0;
    MPI_Sendrecv(&x.back(), 1, MPI_DOUBLE, right, 0, &from_left, 1, MPI_DOUBLE, left, 0, members_,
                 MPI_STATUS_IGNORE);
    MPI_Sendrecv(&x.front(), 1, MPI_DOUBLE, left, 1, &from_right, 1, MPI_DOUBLE, right, 1, members_,
                 MPI_STATUS_IGNORE);
    std::vector<double> result(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double before = i == 0 ? from_left : x[i - 1];
      const double after = i + 1 == x.size() ? from_right : x[i + 1];
      result[i] = 2 * x[i] - before - after;
    }
    return result;
  }

 private:
  communicator& members_;
  int begin_;
  int end_;
};

/// The solution in the middle; `fails_at` is the iteration in which the last member throws.
double solve(communicator& members, int points, int fails_at) {
  const Rod rod(members, points);
  std::vector<double> x(rod.points(), 0.0);
  std::vector<double> residual(rod.points(), 1.0);
  std::vector<double> direction = residual;
  double square = rod.dot(residual, residual);
  for (int iteration = 0; iteration < 10 * points && square > 1e-20; ++iteration) {
    if (iteration == fails_at && members.rank() + 1 == members.size())
      throw std::runtime_error("the matrix is not positive definite");
    const std::vector<double> image = rod.apply(direction);
    const double step = square / rod.dot(direction, image);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] += step * direction[i];
      residual[i] -= step * image[i];
    }
    const double before = square;
    square = rod.dot(residual, residual);
    for (std::size_t i = 0; i < x.size(); ++i)
      direction[i] = residual[i] + square / before * direction[i];
  }
  const int middle = points / 2;
  double mine = 0;
  if (middle >= rod.begin() && middle < rod.begin() + static_cast<int>(rod.points()))
    mine = x[static_cast<std::size_t>(middle - rod.begin())];
  return boost::mpi::all_reduce(members, mine, std::plus<>());
}

void a_solver_gives_the_same_on_any_number_of_ranks(Client& client) {
  constexpr int points = 40;
  // u'' = -1 with zero ends: u_i = (i + 1) (n - i) / 2.
  constexpr double expected = 0.5 * (points / 2 + 1) * (points - points / 2);
  for (int size = 1; size <= workers_of(client); ++size) {
    const double middle = client.submit(gang(size), solve, points, -1).result();
    expect(std::abs(middle - expected) < 1e-8 * expected);
  }
}

// ---- members that fail

void the_others_get_an_error_out_of_an_allreduce(Client& client) {
  const int size = workers_of(client);
  for (int again = 0; again < 3; ++again) {
    const Future<double> future = client.submit({.name = "rod"}, gang(size), solve, 40, 3 + again);
    const std::string text = expect_throws<tutti::TaskFailed>(
        [&] { (void)future.result(); }, "the matrix is not positive definite");
    expect(text.find("rod") != std::string::npos);
    // The job goes on, and so do gangs of the same ranks.
    expect_equal(client.submit(gang(size), sum_of_ranks, 0).result(), size * (size + 1) / 2);
  }
}

/// The last member throws while the others are in a call that it never comes to. What they get
/// goes to a file.
template <class Wait>
std::string failure_during(Client& client, Wait wait) {
  const int size = workers_of(client);
  if (size == 1) return "boost::mpi::exception";
  const Gate told;
  const auto run = [wait](communicator& members, const std::string& path) {
    if (members.rank() + 1 == members.size()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      throw std::runtime_error("gone");
    }
    try {
      wait(members);
    } catch (const boost::mpi::exception&) {
      if (members.rank() == 0) std::ofstream(path) << "boost::mpi::exception\n";
      throw;
    }
    if (members.rank() == 0) std::ofstream(path) << "nothing\n";
  };
  expect_throws<tutti::TaskFailed>([&] { client.submit(gang(size), run, told.path()).result(); },
                                   "gone");
  // Its worker is free when it has come out.
  expect_equal(client.submit(gang(size), sum_of_ranks, 0).result(), size * (size + 1) / 2);
  std::string word;
  std::ifstream(told.path()) >> word;
  return word;
}

void check(int code) {
  if (code != MPI_SUCCESS) boost::throw_exception(boost::mpi::exception("a call", code));
}

void the_others_come_out_of_whatever_they_wait_in(Client& client) {
  const std::string error = "boost::mpi::exception";
  expect_equal(failure_during(client, [](communicator& members) { members.barrier(); }), error);
  expect_equal(failure_during(client,
                              [](communicator& members) {
                                int value = 0;
                                (void)members.recv(members.size() - 1, 5, value);
                              }),
               error);
  expect_equal(failure_during(client, [](communicator& members) { (void)members.probe(); }), error);
  expect_equal(failure_during(client,
                              [](communicator& members) {
                                double value = 0;
                                MPI_Request request;
                                check(MPI_Irecv(&value, 1, MPI_DOUBLE, MPI_ANY_SOURCE, 1, members,
                                                &request));
                                check(MPI_Wait(&request, MPI_STATUS_IGNORE));
                              }),
               error);
  expect_equal(failure_during(client,
                              [](communicator& members) {
                                // Too large to be sent before somebody receives it.
                                const std::vector<double> values(1 << 18, 1.0);
                                check(MPI_Send(values.data(), 1 << 18, MPI_DOUBLE,
                                               members.size() - 1, 1, members));
                              }),
               error);
  expect_equal(failure_during(client,
                              [](communicator& members) {
                                std::vector<int> counts;
                                boost::mpi::all_gather(members, 1, counts);
                              }),
               error);
  expect_equal(failure_during(
                   client, [](communicator& members) { (void)members.split(members.rank() % 2); }),
               error);
  // Communicators that members make of their own are watched too.
  expect_equal(failure_during(client,
                              [](communicator& members) {
                                MPI_Comm copy;
                                check(MPI_Comm_dup(members, &copy));
                                check(MPI_Barrier(copy));
                              }),
               error);
}

void a_gang_is_tried_again(Client& client) {
  const auto second_time = [](communicator& members) {
    if (tutti::get_worker().attempt() == 1 && members.rank() + 1 == members.size())
      throw std::runtime_error("at first");
    return boost::mpi::all_reduce(members, tutti::get_worker().attempt(), std::plus<>());
  };
  const int size = workers_of(client);
  expect_equal(client.submit({.retries = 2}, gang(size), second_time).result(), 2 * size);
  expect_throws<tutti::TaskFailed>([&] { (void)client.submit(gang(size), second_time).result(); },
                                   "at first");
}

void barriers_for_ever(communicator& members, const std::string& begun) {
  if (members.rank() == 0) std::ofstream(begun) << "begun\n";
  for (;;) members.barrier();
}

void a_gang_is_cancelled(Client& client) {
  const int size = workers_of(client);
  const Gate begun;
  const Future<void> future = client.submit(gang(size), barriers_for_ever, begun.path());
  (void)pass_gate(begun.path(), 0);
  client.cancel(future);
  expect_throws<tutti::CancelledError>([&] { future.result(); }, "cancel()");
  expect_equal(client.submit(gang(size), sum_of_ranks, 0).result(), size * (size + 1) / 2);
  // One that has not begun.
  const Gate gate;
  const Future<int> first = client.submit(pass_gate, gate.path(), 1);
  const Future<int> waiting = client.submit(gang(size), sum_of_ranks, first);
  client.cancel(waiting);
  expect_throws<tutti::CancelledError>([&] { (void)waiting.result(); });
  gate.open();
  expect_equal(first.result(), 1);
}

void a_gang_has_only_so_much_time(Client& client) {
  const Gate begun;
  const int size = workers_of(client);
  expect_throws<tutti::TaskFailed>(
      [&] {
        client.submit({.timeout = 0.3}, gang(size), barriers_for_ever, begun.path()).result();
      },
      "ran longer than its timeout");
  expect_equal(client.submit(gang(size), sum_of_ranks, 0).result(), size * (size + 1) / 2);
}

// ---- beside other work

void gangs_and_tasks_run_beside_each_other(Client& client) {
  std::vector<Future<int>> gangs;
  std::vector<Future<int>> tasks;
  const int workers = workers_of(client);
  for (int round = 0; round < 100; ++round) {
    const int size = 1 + round * 7 % workers;
    gangs.push_back(client.submit(gang(size), sum_of_ranks, 0));
    for (int task = 0; task < 20; ++task)
      tasks.push_back(client.submit([](int x) { return x + 1; }, round * 20 + task));
  }
  const auto map = client.map([](int x) { return 2 * x; }, tutti::range(1000));
  for (int round = 0; round < 100; ++round) {
    const int size = 1 + round * 7 % workers;
    expect_equal(gangs[static_cast<std::size_t>(round)].result(), size * (size + 1) / 2);
  }
  for (std::size_t index = 0; index < tasks.size(); ++index)
    expect_equal(tasks[index].result(), static_cast<int>(index) + 1);
  expect_equal(client.gather(map)[999], 1998);
}

/// As long as gangs come, tasks end, and the other way round.
void neither_starves(Client& client) {
  const auto nap = [](communicator& members) {
    members.barrier();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return 1;
  };
  const int size = workers_of(client);
  std::vector<Future<int>> stream;
  for (int count = 0; count < 20; ++count) stream.push_back(client.submit(gang(size), nap));
  const Future<int> task = client.submit([](int x) { return x; }, 5);
  const Future<int> needs_it = client.submit([](int x) { return x + 1; }, task);
  for (int count = 0; count < 20; ++count) stream.push_back(client.submit(gang(size), nap));
  expect_equal(needs_it.result(), 6);
  // Those behind the task have not all been waited for.
  expect(stream.back().status() == tutti::Status::pending);
  for (const Future<int>& each : stream) expect_equal(each.result(), 1);
  // A gang of all beside a stream of tasks that never ends before the gang has.
  const auto slow = [](int x) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return x;
  };
  std::vector<Future<int>> tasks;
  for (int count = 0; count < 50; ++count) tasks.push_back(client.submit(slow, count));
  const Future<int> all = client.submit(gang(size), sum_of_ranks, 0);
  int submitted = 0;
  while (all.status() == tutti::Status::pending && submitted < 20'000) {
    tasks.push_back(client.submit(slow, ++submitted));
    (void)tasks[tasks.size() - 40].result();
  }
  expect_equal(all.result(), size * (size + 1) / 2);
  expect(submitted < 20'000);
}

void tasks_submit_gangs_and_members_submit_tasks(Client& client) {
  const int size = workers_of(client);
  const auto outer = [](int members) {
    return tutti::client().submit(gang(members), sum_of_ranks, 0).result();
  };
  expect_equal(client.submit(outer, size).result(), size * (size + 1) / 2);
  const auto member = [](communicator& members) {
    int square = 0;
    if (members.rank() == 0)
      square = tutti::client().submit([](int x) { return x * x; }, 7).result();
    boost::mpi::broadcast(members, square, 0);
    return square;
  };
  expect_equal(client.submit(gang(size), member).result(), 49);
  const auto gang_in_gang = [](communicator&) {
    return tutti::client().submit(gang(1), sum_of_ranks, 0).result();
  };
  expect_throws<tutti::TaskFailed>([&] { (void)client.submit(gang(1), gang_in_gang).result(); },
                                   "is a member of a gang");
}

void what_cannot_be_is_told_at_submit(Client& client) {
  const int workers = workers_of(client);
  const std::string words = "gang(100) was submitted, but this run has " +
                            (workers == 1 ? std::string("1 rank that runs")
                                          : std::to_string(workers) + " ranks that run");
  expect_throws<tutti::Error>([&] { (void)client.submit(gang(100), sum_of_ranks, 0); }, words);
  expect_throws<tutti::Error>([&] { (void)client.submit(gang(0), sum_of_ranks, 0); },
                              "at least one member");
  expect_throws<tutti::TaskFailed>(
      [&] {
        (void)client.submit([] { tutti::client().submit(gang(100), sum_of_ranks, 0).result(); })
            .result();
      },
      "gang(100)");
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](Client& client) {
    expect_ranks(client);
    gangs_of_all_sizes_meet(client);
    pure_gangs_of_other_sizes_are_others(client);
    the_result_is_that_of_the_first_member(client);
    every_member_gets_the_arguments(client);
    a_solver_gives_the_same_on_any_number_of_ranks(client);
    the_others_get_an_error_out_of_an_allreduce(client);
    the_others_come_out_of_whatever_they_wait_in(client);
    a_gang_is_tried_again(client);
    if (!is_serial()) a_gang_is_cancelled(client);
    if (!is_serial()) a_gang_has_only_so_much_time(client);
    gangs_and_tasks_run_beside_each_other(client);
    if (!is_serial()) neither_starves(client);
    tasks_submit_gangs_and_members_submit_tasks(client);
    what_cannot_be_is_told_at_submit(client);
    return exit_code();
  });
}
