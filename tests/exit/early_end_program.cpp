/// early_end_program TASKS MILLISECONDS FILE [catches|polls]: submits tasks that sleep so long, and
/// that make FILE once one has begun. Prints how many have ended when the run ends early.
/// `catches`: main takes the end as its own and returns 0. `polls`: the tasks look at their token.

#include <tutti/tutti.hpp>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

namespace {

void sleep_for(int milliseconds, const std::string& file) {
  std::ofstream(file) << "begun\n";
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

void sleep_while_wanted(int milliseconds, const std::string& file) {
  std::ofstream(file) << "begun\n";
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  while (std::chrono::steady_clock::now() < end && !tutti::get_worker().cancelled())
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (tutti::get_worker().cancelled()) std::ofstream(file + ".saved") << "saved\n";
}

int count_done(const std::vector<tutti::Future<void>>& futures) {
  int done = 0;
  for (const auto& future : futures) done += future.status() == tutti::Status::finished ? 1 : 0;
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    const std::string mode = argc == 4 ? "" : argv[4];
    const auto work = mode == "polls" ? sleep_while_wanted : sleep_for;
    std::vector<tutti::Future<void>> futures;
    for (int i = 0; i < std::atoi(argv[1]); ++i)
      futures.push_back(client.submit(work, std::atoi(argv[2]), std::string(argv[3])));
    try {
      client.gather(futures);
    } catch (const tutti::CancelledError& error) {
      std::cout << "ended early after " << count_done(futures) << ": " << error.what() << std::endl;
      // What is submitted now is cancelled at once.
      if (!client.submit(sleep_for, 0, std::string(argv[3])).cancelled()) return 9;
      if (mode != "catches") throw;
      return 0;
    }
    std::cout << "all done" << std::endl;
    return 0;
  });
}
