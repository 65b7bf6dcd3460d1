// Tasks that ask for cores, resources, devices, workers, memory; the same call computed once.
//
// test ranks: 1 2 3

#include "support/expect.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace tutti_test;
using tutti::Client;
using tutti::Future;

/// How many of these run on this rank at once, at most.
int most_at_once() {
  static std::atomic<int> running{0};
  static std::atomic<int> most{0};
  const int now = ++running;
  int before = most.load();
  while (now > before && !most.compare_exchange_weak(before, now)) {
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  --running;
  return most.load();
}

int most_with_license() { return most_at_once(); }

void a_resource_is_never_used_twice(Client& client) {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 20; ++i)
    futures.push_back(client.submit({.resources = {{"license", 1}}}, most_with_license));
  for (const int most : client.gather(futures)) expect_equal(most, 1);
  const auto map = client.map(
      {.resources = {{"license", 1}}}, [](int) { return most_with_license(); }, tutti::range(20));
  for (const int most : client.gather(map)) expect_equal(most, 1);
}

/// Says that it has its devices, while no other task on this rank has one of them.
std::vector<int> own_devices() {
  static std::atomic<int> owners[64];
  const auto devices = tutti::get_worker().devices();
  for (const int device : devices) {
    if (owners[device].fetch_add(1) != 0) throw std::runtime_error("somebody else has the device");
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  for (const int device : devices) --owners[device];
  return {devices.begin(), devices.end()};
}

void a_task_is_told_its_devices(Client& client) {
  std::vector<Future<std::vector<int>>> futures;
  for (int i = 0; i < 20; ++i)
    futures.push_back(client.submit({.resources = {{"gpu", 1 + i % 2}}}, own_devices));
  for (int i = 0; i < 20; ++i) {
    const std::vector<int> devices = futures[static_cast<std::size_t>(i)].result();
    expect_equal(devices.size(), static_cast<std::size_t>(1 + i % 2));
    for (const int device : devices) expect(device >= 0);
  }
  expect_equal(client.submit([] { return tutti::get_worker().device(); }).result(), -1);
}

void a_task_of_several_cores_has_them_alone(Client& client) {
  std::vector<Future<int>> narrow;
  std::vector<Future<unsigned>> wide;
  for (int i = 0; i < 10; ++i) {
    narrow.push_back(client.submit([] { return 1; }));
    wide.push_back(client.submit({.cores = 2}, [] {
      static std::atomic<int> running{0};
      if (++running != 1) throw std::runtime_error("two tasks of two cores on a rank of two");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      --running;
      return tutti::get_worker().cores();
    }));
  }
  client.gather(narrow);
  for (const unsigned cores : client.gather(wide)) expect_equal(cores, 2u);
}

void a_task_runs_where_it_may(Client& client) {
  const int last = client.submit([] { return tutti::get_worker().size(); }).result() - 1;
  for (int i = 0; i < 10; ++i) {
    expect_equal(
        client.submit({.workers = {last}}, [] { return tutti::get_worker().rank(); }).result(),
        last);
  }
  const std::string host = client.submit([] { return tutti::get_worker().hostname(); }).result();
  const auto map = client.map(
      {.workers = {host}}, [](int x) { return x; }, tutti::range(100));
  expect_equal(client.gather(map).size(), 100u);
  const auto soft = client.map(
      {.workers = {last}, .allow_other_workers = true}, [](int x) { return x; }, tutti::range(100));
  expect_equal(client.gather(soft)[99], 99);
}

void what_nobody_has_is_refused(Client& client) {
  const auto f = [] { return 1; };
  expect_throws<tutti::Error>([&] { (void)client.submit({.cores = 3}, f); },
                              "the most that one worker has is 2 slots");
  expect_throws<tutti::Error>(
      [&] {
        (void)client.submit({.resources = {{"gpu", 3}}}, f);
      },
      "the most that one worker has is 2");
  expect_throws<tutti::Error>(
      [&] {
        (void)client.submit({.resources = {{"tape", 1}}}, f);
      },
      "no worker has the resource 'tape'");
  expect_throws<tutti::Error>(
      [&] {
        (void)client.submit({.resources = {{"gpu", 1.5}}}, f);
      },
      "a part of one device");
  expect_throws<tutti::Error>(
      [&] {
        (void)client.submit({.resources = {{"gpu", 0}}}, f);
      },
      "more than 0");
  expect_throws<tutti::Error>([&] { (void)client.submit({.cores = 0}, f); }, "0 cores");
  expect_throws<tutti::Error>([&] { (void)client.submit({.workers = {99}}, f); }, "99");
  expect_throws<tutti::Error>([&] { (void)client.submit({.memory = std::uint64_t{1} << 60}, f); },
                              "memory_limit");
  expect_throws<tutti::Error>(
      [&] {
        (void)client.map(
            {.cores = 3}, [](int x) { return x; }, tutti::range(3));
      },
      "the most that one worker has is 2 slots");
  expect_throws<tutti::Error>([&] { (void)tutti::compute(tutti::delayed({.cores = 3}, f)()); },
                              "3 cores");
}

int inside_of_a_task() {
  tutti::Client client = tutti::get_worker().client();
  const Future<int> good =
      client.submit({.resources = {{"license", 1}}}, [] { return most_with_license(); });
  expect_equal(good.result(), 1);
  // On rank 0 at once, on others when rank 0 has seen it.
  std::string sentence;
  try {
    (void)client.submit({.name = "bad", .cores = 99}, [] { return 1; }).result();
  } catch (const std::exception& error) {
    sentence = error.what();
  }
  expect(sentence.find("99 cores") != std::string::npos);
  return 1;
}

void tasks_ask_for_more_too(Client& client) {
  expect_equal(client.submit(inside_of_a_task).result(), 1);
}

/// Of a task that is cancelled while it runs nobody gets the license before it has ended.
void what_is_cancelled_keeps_what_it_has(Client& client) {
  const Gate begun;
  const int last = client.submit([] { return tutti::get_worker().size(); }).result() - 1;
  const Future<int> first = client.submit(
      {.resources = {{"license", 1}}, .workers = {last}},
      [](const std::string& file) {
        std::ofstream(file) << "begun\n";
        while (!tutti::get_worker().cancelled())
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        std::ofstream(file + ".ended") << "ended\n";
        return 1;
      },
      begun.path());
  while (!std::filesystem::exists(begun.path()))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  client.cancel(first);
  const Future<bool> second = client.submit(
      {.resources = {{"license", 1}}, .workers = {last}},
      [](const std::string& file) { return std::filesystem::exists(file + ".ended"); },
      begun.path());
  expect(second.result());
  std::filesystem::remove(begun.path() + ".ended");
}

/// Counts its calls, wherever they run, by the letters of a file.
int counted(int x, const std::vector<double>& more, const std::string& file) {
  std::ofstream(file, std::ios::app) << "x";
  return x + static_cast<int>(more.size());
}

void a_pure_call_is_computed_once(Client& client) {
  const Gate calls;
  const std::vector<double> large(10'000, 1.5);
  const Future<int> input = client.submit([] { return 5; });
  std::vector<Future<int>> same;
  for (int i = 0; i < 5; ++i) {
    same.push_back(client.submit({.pure = true}, counted, 1, large, calls.path()));
    same.push_back(client.submit({.pure = true}, counted, input, large, calls.path()));
  }
  for (const int result : client.gather(same)) expect(result == 10'001 || result == 10'005);
  expect_equal(std::filesystem::file_size(calls.path()), std::uintmax_t{2});
  // Other arguments are another call; without a future it is forgotten; impure ones are not found.
  (void)client.submit({.pure = true}, counted, 2, large, calls.path()).result();
  expect_equal(std::filesystem::file_size(calls.path()), std::uintmax_t{3});
  (void)client.submit({.pure = true}, counted, 2, large, calls.path()).result();
  (void)client.submit(counted, 1, large, calls.path()).result();
  expect_equal(std::filesystem::file_size(calls.path()), std::uintmax_t{5});
  tutti::wait(same);
}

}  // namespace

int main(int argc, char** argv) {
  tutti::Options options;
  options.threads_per_worker = 2;
  options.resources = "gpu=2,license=1";
  return tutti::run(argc, argv, options, [](Client& client) {
    expect_ranks(client);
    a_resource_is_never_used_twice(client);
    a_task_is_told_its_devices(client);
    a_task_of_several_cores_has_them_alone(client);
    a_task_runs_where_it_may(client);
    what_nobody_has_is_refused(client);
    tasks_ask_for_more_too(client);
    what_is_cancelled_keeps_what_it_has(client);
    a_pure_call_is_computed_once(client);
    return exit_code();
  });
}
