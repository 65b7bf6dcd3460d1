/// journal_program COUNT: work of several kinds with names. Each task that runs adds a line to the
/// file TUTTI_TEST_RAN; the program checks all results, wherever they come from.

#include "tutti/tutti.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

void ran(const std::string& what) {
  const int file = ::open(std::getenv("TUTTI_TEST_RAN"), O_WRONLY | O_CREAT | O_APPEND, 0666);
  const std::string line = what + "\n";
  if (::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  ::close(file);
}

bool is_set(const char* name) { return std::getenv(name) != nullptr; }

struct Pair {
  int number = 0;
  double half = 0;
};

double square(int number) {
  ran("square");
  if (is_set("TUTTI_TEST_KILL") && number == 37) std::raise(SIGKILL);
  return static_cast<double>(number) * number;
}
std::string text(const std::string& word, const std::string& end) {
  ran("text");
  return word + end;
}
std::vector<double> list(int length) {
  ran("list");
  return std::vector<double>(static_cast<std::size_t>(length), 0.5);
}
std::vector<double> large(std::size_t length, double (*function)(int)) {
  ran("large");
  return std::vector<double>(length, function == square ? 1.0 : 2.0);
}
bool failing(int number) {
  ran("failing");
  if (number % 5 == 0 && is_set("TUTTI_TEST_FAIL")) throw std::runtime_error("no fives");
  return number % 2 == 0;
}

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("wrong: ") + what);
}

void check_maps(tutti::Client& client, int count, const std::string& version) {
  const auto squares =
      client.map({.name = "squares", .version = version}, square, tutti::range(count));
  // Of the futures of another map: what feeds them decides.
  const auto pairs = client.map(
      {.name = "pairs"},
      [](double value) {
        ran("pair");
        return Pair{static_cast<int>(value), value / 2};
      },
      squares);
  std::vector<std::string> words;
  for (int number = 0; number < count; ++number) words.push_back("word" + std::to_string(number));
  const auto texts =
      client.map({.name = "texts"}, text, words, tutti::constant(std::string("." + version)));
  const auto lists = client.map({.name = "lists"}, list, tutti::range(count));

  const std::vector<double> all = client.gather(squares);
  const std::vector<Pair> all_pairs = client.gather(pairs);
  const std::vector<std::string> all_texts = client.gather(texts);
  const std::vector<std::vector<double>> all_lists = client.gather(lists);
  for (int number = 0; number < count; ++number) {
    const auto at = static_cast<std::size_t>(number);
    check(all[at] == static_cast<double>(number) * number, "squares");
    check(all_pairs[at].number == number * number && all_pairs[at].half == all[at] / 2, "pairs");
    check(all_texts[at] == words[at] + "." + version, "texts");
    check(all_lists[at] == std::vector<double>(at, 0.5), "lists");
    check(squares[at].result() == all[at], "one square");
  }
}

void check_tasks(tutti::Client& client) {
  const auto sum = client.submit(
      {.name = "sum"},
      [](const std::vector<double>& values, double first) {
        ran("sum");
        double result = first;
        for (const double value : values) result += value;
        return result;
      },
      client.submit({.name = "large"}, large, std::size_t{200'000}, square), client.scatter(1.5));
  const auto nothing = client.submit(
      {.name = "nothing"}, [](int) { ran("nothing"); }, 3);
  const auto words =
      client.submit({.name = "words"}, tutti::bind(
                                           [](const std::string& word) {
                                             return std::vector<std::string>{word, word};
                                           },
                                           std::string("twice")));
  check(sum.result() == 200'001.5, "sum");
  nothing.result();
  check(words.result() == std::vector<std::string>{"twice", "twice"}, "words");
  // Work without a name runs in each run.
  check(client.submit(list, 3).result().size() == 3, "unnamed");
}

void check_failures(tutti::Client& client, int count) {
  const auto futures = client.map({.name = "failing"}, failing, tutti::range(count));
  const auto single = client.submit({.name = "failing alone"}, failing, 10);
  tutti::wait(futures);
  int failed = 0;
  for (const auto& future : futures) {
    const auto exception = future.exception();
    if (!exception) {
      check(future.result() == (future.index() % 2 == 0), "failing");
      continue;
    }
    check(exception->failure().message == "no fives", "the message of a failure");
    check(future.index() % 5 == 0, "what failed");
    ++failed;
  }
  std::printf("failed %d %d\n", failed, single.exception() ? 1 : 0);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [&](tutti::Client& client) {
    const int count = std::atoi(argv[1]);
    const char* version = std::getenv("TUTTI_TEST_NEW_VERSION");
    check_maps(client, count, version == nullptr ? "" : version);
    check_tasks(client);
    check_failures(client, count);
    std::printf("all right\n");
  });
}
