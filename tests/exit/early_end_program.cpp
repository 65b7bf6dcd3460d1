/// early_end_program TASKS MILLISECONDS FILE [catches]: maps a task that sleeps so long, and makes
/// FILE once one has begun. Prints how many have ended when the run ends early. `catches`: main
/// takes the end as its own and returns 0.

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

int count_done(const std::vector<tutti::Future<void>>& futures) {
  int done = 0;
  for (const auto& future : futures) done += future.status() == tutti::Status::finished ? 1 : 0;
  return done;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    std::vector<tutti::Future<void>> futures;
    for (int i = 0; i < std::atoi(argv[1]); ++i)
      futures.push_back(client.submit(sleep_for, std::atoi(argv[2]), std::string(argv[3])));
    try {
      client.gather(futures);
    } catch (const tutti::CancelledError& error) {
      std::cout << "ended early after " << count_done(futures) << ": " << error.what() << std::endl;
      // What is submitted now is cancelled at once.
      if (!client.submit(sleep_for, 0, std::string(argv[3])).cancelled()) return 9;
      if (argc == 4) throw;
      return 0;
    }
    std::cout << "all done" << std::endl;
    return 0;
  });
}
