// Ends in the way that its first argument names. The second argument is a file: the moment of the
// event, in milliseconds since 1970, and the process numbers of all ranks are written to it just
// before. Started by exits_test.sh.

#include <tutti/tutti.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Seconds = std::chrono::seconds;

void announce(tutti::Client& client, const std::string& file) {
  const std::vector<int> pids = client.run([] { return static_cast<int>(::getpid()); });
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::ofstream out(file + ".part");
  out << std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  for (const int pid : pids) out << " " << pid;
  out << "\n";
  out.close();
  std::rename((file + ".part").c_str(), file.c_str());
}

void work_long() { std::this_thread::sleep_for(Seconds(60)); }

int end_as(tutti::Client& client, const std::string& how, const std::string& file) {
  if (how == "return0") return 0;
  if (how == "return3") return 3;
  if (how == "throw") throw std::runtime_error("the input is empty");
  if (how == "throw_int") throw 7;
  if (how == "throw_in_task")
    client.submit([] { throw std::runtime_error("no such day"); }).result();
  if (how == "forgotten_failure")
    tutti::fire_and_forget(client.submit([] { throw std::runtime_error("nobody asked"); }));
  if (how == "dropped_failure") {
    const auto failed = client.submit([] { throw std::runtime_error("nobody asked"); });
    tutti::wait(failed);
  }
  if (how == "dropped_element") {
    const auto map = client.map(
        [](int x) {
          if (x == 8) throw std::runtime_error("nobody asked");
        },
        tutti::range(20));
    tutti::wait(map);
  }
  if (how == "failure_seen_later") {
    auto last = client.submit([]() -> int { throw std::runtime_error("seen"); });
    tutti::wait(last);
    for (int i = 0; i < 10; ++i) last = client.submit([](int x) { return x; }, last);
    if (!last.exception()) return 9;
  }
  if (how == "exit0") std::exit(0);
  if (how == "exit3") std::exit(3);
  if (how == "task_exit0") client.submit([] { std::exit(0); }).result();
  if (how == "task_exit3") client.submit([] { std::exit(3); }).result();
  if (how == "abort") std::abort();
  if (how == "task_abort") client.submit([] { std::abort(); }).result();
  if (how == "task_segfault") client.submit([] { ::raise(SIGSEGV); }).result();
  if (how == "long_task") {
    static std::vector<tutti::Future<void>> held;
    held.push_back(client.submit(work_long));
    // It runs when a task of the same worker that came later has ended.
    client.run([] {});
    return 0;
  }
  if (how == "forget") {
    tutti::fire_and_forget(client.submit(
        [](const std::string& name) {
          std::this_thread::sleep_for(std::chrono::milliseconds(300));
          std::ofstream(name) << "done\n";
        },
        file + ".forgotten"));
    return 0;
  }
  if (how == "thread_exits") {
    std::thread([] { std::exit(4); }).join();
  }
  if (how == "task_waits") client.submit(work_long).result();
  if (how == "main_works") work_long();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string how = argc > 1 ? argv[1] : "return0";
  const std::string file = argc > 2 ? argv[2] : "/dev/null";
  if (how.starts_with("setup_")) {
    if (!tutti::setup(argc, argv)) return 0;
    tutti::Client client = tutti::client();
    announce(client, file);
    if (client.submit([](int x) { return x + 1; }, 1).result() != 2) return 9;
    if (how == "setup_return3") return 3;
    if (how == "setup_exit3") std::exit(3);
    if (how == "setup_shutdown") client.shutdown();
    if (how == "setup_forgotten_failure")
      tutti::fire_and_forget(client.submit([] { throw std::runtime_error("nobody asked"); }));
    return 0;
  }
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    announce(client, file);
    return end_as(client, how, file);
  });
}
