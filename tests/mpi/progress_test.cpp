// progress() over real ranks: it waits for all kinds of futures, and says how far they are.
//
// test ranks: 1 3

#include "support/expect.hpp"

#include <fcntl.h>
#include <sstream>

namespace {

using namespace tutti_test;

/// Sends stderr to a file while it lives.
class StandardError {
 public:
  StandardError()
      : path_(std::filesystem::temp_directory_path() /
              ("tutti_progress_" + std::to_string(::getpid()))),
        before_(::dup(STDERR_FILENO)) {
    const int file = ::open(path_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    ::dup2(file, STDERR_FILENO);
    ::close(file);
  }
  ~StandardError() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    std::filesystem::remove(path_);
  }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;

  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }
  bool contains(const std::string& words) const { return text().find(words) != std::string::npos; }

 private:
  std::filesystem::path path_;
  int before_;
};

int odd(int x) {
  if (x % 2 == 0) throw std::invalid_argument("even");
  return x;
}

void it_waits_for_all(tutti::Client& client) {
  const auto map = client.map([](int x) { return 2.0 * x; }, tutti::range(1000));
  const auto one = client.submit([] { return std::string("one"); });
  const std::vector<tutti::Future<void>> list{client.submit([] {}), client.submit([] {})};
  const tutti::Futures<int> nothing;
  const StandardError captured;
  tutti::progress({.name = "all"}, map, one, list, nothing);
  expect(map.done() && one.done() && list[0].done() && list[1].done());
  expect(captured.contains("all: 1003/1003, "));
  tutti::progress(nothing);
  expect(captured.contains("\n0/0, took 0.0 s\n"));
}

void it_counts_failures_and_does_not_throw(tutti::Client& client) {
  const auto map = client.map(odd, tutti::range(10));
  const auto alone = client.submit(odd, 2);
  const StandardError captured;
  tutti::progress(map, alone, map[4]);
  expect(captured.contains("12/12"));
  expect(captured.contains(", 7 failed\n"));
  expect_throws<tutti::TaskFailed>([&] { client.gather(map); }, "even");
  expect_throws<tutti::TaskFailed>([&] { alone.result(); }, "even");
}

void lines_come_while_it_waits(tutti::Client& client) {
  if (is_serial()) return;  // submit would wait for the gate
  const Gate gate;
  const auto waiting = client.submit(pass_gate, gate.path(), 1);
  const auto quick = client.submit([] { return 1; });
  quick.result();
  const StandardError captured;
  std::thread opener([&] {
    while (!captured.contains("1/2\n")) std::this_thread::yield();
    gate.open();
  });
  tutti::progress({.interval = std::chrono::seconds(1)}, quick, waiting);
  opener.join();
  expect(captured.contains("\n2/2, "));
  expect_equal(waiting.result(), 1);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, tutti::Options{.threads_per_worker = 2}, [](tutti::Client& client) {
    expect_ranks(client);
    it_waits_for_all(client);
    it_counts_failures_and_does_not_throw(client);
    lines_come_while_it_waits(client);
    return exit_code();
  });
}
