/// The program that the tests of jobs start: job_program RANKS NODES [BEHAVIOUR]
///
/// Checks that it runs on RANKS ranks of NODES hosts and that a map gives what it has to, then
/// prints `ok: <ranks> ranks on <nodes> nodes, sum <sum>`. BEHAVIOUR: `exit <code>` leaves with
/// that code, `throw` throws out of main, `task_throws` asks for the result of a task that throws,
/// `wait` prints `waiting` and keeps all workers busy until somebody ends the job. Exit code 9: a
/// check failed.

#include <tutti/tutti.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr int check_failed = 9;
constexpr std::int64_t count = 20'000;

std::int64_t square(std::int64_t x) { return x * x; }

std::string host() {
  std::vector<char> name(256, '\0');
  if (gethostname(name.data(), name.size() - 1) != 0)
    throw std::runtime_error("gethostname failed");
  return name.data();
}

int fail() { throw std::runtime_error("this task fails on purpose"); }

void work_for_ever() {
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
}

/// Whether ranks, hosts and the result of a map are what they have to be.
bool all_is_right(tutti::Client& client, int ranks, std::size_t nodes) {
  const std::vector<std::string> hosts = client.run(host);
  const std::set<std::string> different(hosts.begin(), hosts.end());
  std::int64_t sum = 0;
  for (const std::int64_t value : client.gather(client.map(square, tutti::range(count))))
    sum += value;
  std::cout << "ranks:";
  for (const std::string& name : hosts) std::cout << " " << name;
  std::cout << "\n";
  const bool right = client.ranks() == ranks && hosts.size() == static_cast<std::size_t>(ranks) &&
                     different.size() == nodes && sum == (count - 1) * count * (2 * count - 1) / 6;
  std::cout << (right ? "ok: " : "wrong: ") << client.ranks() << " ranks on " << different.size()
            << " nodes, sum " << sum << std::endl;
  return right;
}

int behave(tutti::Client& client, const std::vector<std::string>& arguments) {
  const std::string behaviour = arguments.size() > 3 ? arguments[3] : "";
  if (behaviour == "exit") return std::stoi(arguments.at(4));
  if (behaviour == "throw") throw std::runtime_error("main fails on purpose");
  if (behaviour == "task_throws") return client.submit(fail).result();
  if (behaviour == "wait") {
    std::vector<tutti::Future<void>> waiting;
    for (int rank = 0; rank < client.ranks(); ++rank)
      waiting.push_back(client.submit(work_for_ever));
    std::cout << "waiting" << std::endl;
    tutti::wait(waiting);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (arguments.size() < 3) {
    std::cerr << "job_program RANKS NODES [exit CODE | throw | task_throws | wait]\n";
    return 2;
  }
  return tutti::run(argc, argv, [&arguments](tutti::Client& client) {
    const int ranks = std::stoi(arguments[1]);
    if (!all_is_right(client, ranks, std::stoul(arguments[2]))) return check_failed;
    return behave(client, arguments);
  });
}
