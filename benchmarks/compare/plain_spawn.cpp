/// plain-spawn: what `tutti farm` is measured against. plain-spawn THREADS COUNT: each thread
/// starts `true` by posix_spawn and waits for it, again and again. Prints processes a second.

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

void start_and_wait() {
  char name[] = "true";
  char* arguments[] = {name, nullptr};
  pid_t pid = 0;
  if (::posix_spawnp(&pid, name, nullptr, nullptr, arguments, environ) != 0) std::exit(1);
  int status = 0;
  ::waitpid(pid, &status, 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "plain-spawn THREADS COUNT\n";
    return 2;
  }
  const int count = std::atoi(argv[2]);
  std::atomic<int> begun{0};
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < std::atoi(argv[1]); ++i) {
    threads.emplace_back([&] {
      while (begun++ < count) start_and_wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  std::cout << count / passed.count() << std::endl;
}
