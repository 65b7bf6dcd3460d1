// Does what its first argument names about memory, for memory_test.sh, which reads what is said.

#include <tutti/tutti.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using Doubles = std::vector<double>;

Doubles make(std::size_t megabytes) { return Doubles(megabytes * 125'000, 1.5); }
double last(const Doubles& values) { return values.back(); }

/// What a task failed with; empty when it did not.
template <class T>
std::string failure_of(const tutti::Future<T>& future) {
  const auto failure = future.exception();
  return failure ? failure->what() : "";
}

/// Keeps `count` results of 4 MB; says how many there are and why the first failed that did.
void keep(tutti::Client& client, int count) {
  std::vector<tutti::Future<Doubles>> made;
  for (int index = 0; index < count; ++index) made.push_back(client.submit(make, std::size_t{4}));
  int kept = 0;
  std::string reason;
  for (const auto& each : made) {
    const std::string failure = failure_of(each);
    if (failure.empty()) ++kept;
    if (reason.empty()) reason = failure;
  }
  std::cout << "kept "
            << (kept == count ? "all"
                : kept > 0    ? "some"
                              : "none")
            << "\n"
            << reason << "\n";
  made.clear();
  std::cout << "goes on: " << client.submit([](int x) { return x + 1; }, 41).result() << "\n";
}

void keep_by_map(tutti::Client& client) {
  const auto made = client.map([](int) { return make(4); }, tutti::range(40));
  tutti::wait(made);
  // One after the other: all of them are more than rank 0 may hold.
  std::size_t kept = 0;
  for (std::size_t index = 0; index < made.size(); ++index) {
    try {
      kept += made[index].result().empty() ? 0 : 1;
    } catch (const tutti::TaskFailed&) {
    }
  }
  std::cout << "kept " << (kept == 40 ? "all" : kept == 0 ? "none" : "some") << "\n";
  std::cout << "goes on: " << client.submit([](int x) { return x + 1; }, 41).result() << "\n";
}

/// Tasks that allocate and never free, beyond the level at which a rank pauses.
int hog() {
  static std::vector<std::vector<char>> kept;
  kept.emplace_back(20'000'000, 'x');
  return static_cast<int>(kept.size());
}

void hold(tutti::Client& client) {
  std::vector<tutti::Future<Doubles>> made;
  for (int index = 0; index < 40; ++index) made.push_back(client.submit(make, std::size_t{4}));
  tutti::wait(made);
  std::cout << "ready " << ::getpid() << " now" << std::endl;
  std::this_thread::sleep_for(std::chrono::seconds(30));
}

/// Changes every byte of this process's file without a name.
int damage() {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const std::string target = std::filesystem::read_symlink(entry.path(), ignored).string();
    if (!target.ends_with("(deleted)") || target.find("/spill") == std::string::npos) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    for (std::uintmax_t at = 0; at < 400'000'000; at += 4096) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put('\x2a');
    }
    ++files;
  }
  return files;
}

void corrupt(tutti::Client& client) {
  std::vector<tutti::Future<Doubles>> made;
  for (int index = 0; index < 40; ++index) made.push_back(client.submit(make, std::size_t{4}));
  tutti::wait(made);
  int files = 0;
  for (const int each : client.run(damage)) files += each;
  std::cout << "damaged " << (files != 0) << "\n";
  std::string reason;
  for (const auto& each : made) {
    const auto checked = client.submit(last, each);
    if (reason.empty()) reason = failure_of(checked);
  }
  std::cout << reason << "\n";
  std::cout << "goes on: " << client.submit([](int x) { return x + 1; }, 41).result() << "\n";
}

void act(tutti::Client& client, const std::string& what) {
  if (what == "too_large")
    std::cout << last(client.submit(make, std::size_t{100}).result()) << "\n";
  if (what == "too_large_map")
    client.gather(client.map([](int) { return make(100); }, tutti::range(2)));
  if (what == "keep") keep(client, 40);
  if (what == "keep_by_map") keep_by_map(client);
  if (what == "hog") {
    int sum = 0;
    for (int round = 0; round < 8; ++round) {
      for (const int each : client.gather(client.map([](int) { return hog(); }, tutti::range(2))))
        sum += each;
      std::this_thread::sleep_for(std::chrono::milliseconds(400));
    }
    std::cout << "hogged " << (sum > 0) << "\n";
  }
  if (what == "hold") hold(client);
  if (what == "corrupt") corrupt(client);
  if (what == "figures") {
    const auto future = client.submit(make, std::size_t{4});
    tutti::wait(future);
    std::cout << client.memory();
  }
  if (what == "hardware")
    std::cout << client.benchmark_hardware({.sizes = {4096, 1 << 20}, .repetitions = 3});
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "figures";
  return tutti::run(argc, argv, [&](tutti::Client& client) { act(client, what); });
}
