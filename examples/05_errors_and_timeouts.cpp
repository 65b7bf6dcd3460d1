/// Errors and timeouts: what a task throws comes back where its result is asked for.
///
/// A failed task ends neither the program nor other tasks; only those that need its result fail
/// with it. When nobody asks for a failed result, the program says so and its exit code is 1.

#include <tutti/tutti.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <thread>

double inverse(int x) {
  if (x == 0) throw std::domain_error("0 has no inverse");
  return 1.0 / x;
}

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    int surprises = 0;

    // result() throws TaskFailed, which tells what happened, in which task, and where.
    auto failed = client.submit({.name = "inverse of nothing"}, inverse, 0);
    auto needs_it = client.submit([](double x) { return x + 1; }, failed);
    try {
      std::cout << needs_it.result() << "\n";
      ++surprises;
    } catch (const tutti::TaskFailed& error) {
      std::cout << "caught " << error.failure().type << " of task '" << error.failure().task
                << "': " << error.failure().message << "\n";
      surprises += error.failure().type != "std::domain_error";
    }

    // exception() asks without throwing.
    if (auto problem = failed.exception()) std::cout << problem->failure().message << "\n";

    // gather throws the first failure, or leaves those results out.
    auto inverses = client.map(inverse, tutti::range(-2, 3));
    const auto good = client.gather({.errors = tutti::Errors::skip}, inverses);
    std::cout << good.size() << " of " << inverses.size() << " have an inverse\n";
    surprises += good != std::vector<double>{-0.5, -1, 1, 0.5};

    // All that waits takes a limit, in seconds or as a std::chrono duration. The task goes on.
    auto slow = client.submit([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      return 42;
    });
    try {
      slow.result(std::chrono::milliseconds(20));
      std::cout << "it is there already: with TUTTI_SERIAL=1 submit itself runs the task\n";
    } catch (const tutti::TimeoutError& error) {
      std::cout << error.what() << "\n";
    }
    surprises += slow.result() != 42;
    return surprises;
  });
}
