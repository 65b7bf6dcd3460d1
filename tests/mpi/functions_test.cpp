// Every kind of function over real ranks.
//
// test ranks: 1 2 4
// test env: TUTTI_THREADS_PER_WORKER=2

#include "mpi/functions_test/same_spelling.hpp"
#include "support/expect.hpp"
#include "support/sanitizers.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <dlfcn.h>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace tutti_test;

int square(int x) { return x * x; }
int overloaded(int x) { return x; }
double overloaded(double x) { return 2 * x; }
template <class T>
T twice(const T& x) {
  return x + x;
}
int without_exceptions(int x) noexcept { return x + 1; }

struct Scale {
  double factor = 1;
  double operator()(double x) const { return factor * x; }
};
struct Named {
  std::string name;
  std::vector<int> numbers;
  std::string operator()(int i) const {
    return name + std::to_string(numbers.at(static_cast<std::size_t>(i)));
  }
};
struct Point {
  double x = 0;
  double y = 0;
};
enum class Colour { red, green };

void free_functions(tutti::Client& client) {
  expect_equal(client.submit(square, 3).result(), 9);
  expect_equal(client.submit(&square, 4).result(), 16);
  expect_equal(client.submit(static_cast<double (*)(double)>(overloaded), 1.5).result(), 3.0);
  expect_equal(client.submit(static_cast<int (*)(int)>(overloaded), 2).result(), 2);
  expect_equal(client.submit(twice<std::string>, "ab").result(), "abab");
  expect_equal(client.submit(without_exceptions, 1).result(), 2);
  expect_equal(client.gather(client.map(&square, tutti::range(5)))[4], 16);
}

void lambdas(tutti::Client& client) {
  expect_equal(client.submit([](auto x) { return x + 1; }, 2).result(), 3);
  const int i = 3;
  const double d = 0.5;
  const std::array<int, 4> array{1, 2, 3, 4};
  const Point point{1, 2};
  const Colour colour = Colour::green;
  expect_equal(
      client
          .submit([i, d, array, point, colour](
                      int x) { return i * d + array[2] + point.y + x + (colour == Colour::green); },
                  1)
          .result(),
      1.5 + 3 + 2 + 1 + 1);
  const bool flag = true;
  const char letter = 'q';
  expect_equal(client.submit([flag, letter] { return flag ? letter : 'n'; }).result(), 'q');
  const auto inner = [i](int x) { return i * x; };
  expect_equal(client.submit([inner](int x) { return inner(x) + 1; }, 5).result(), 16);
  // A map copies the closure to every rank.
  expect_equal(
      client.gather(client.map([i, d](int x) { return x * i * d; }, tutti::range(2000)))[1999],
      1999 * 1.5);
  // A closure with holes between its members, many times: what lies in the holes is no pointer.
  struct Holes {
    char a;
    double b;
    char c;
  };
  for (int n = 0; n < 20; ++n) {
    const Holes holes{static_cast<char>(n), n + 0.5, 'c'};
    expect_equal(client.submit([holes, n] { return holes.b + n + holes.a; }).result(),
                 3.0 * n + 0.5);
  }
}

void functors_and_bind(tutti::Client& client) {
  expect_equal(client.submit(Scale{2.5}, 4).result(), 10.0);
  expect_equal(client.submit(Named{"n", {5, 6}}, 1).result(), "n6");
  expect_equal(client.gather(client.map(Named{"m", {1, 2, 3}}, tutti::range(3)))[2], "m3");
  const std::string name = "name";
  const auto bound = tutti::bind([](const std::string& text, const std::vector<int>& v,
                                    int x) { return text + std::to_string(v[1] + x); },
                                 name, std::vector<int>{1, 2});
  expect_equal(client.submit(bound, 5).result(), "name7");
  expect_equal(client.gather(client.map(bound, tutti::range(100)))[99], "name101");
  expect_equal(client.run(bound, 1)[0], "name3");
  expect_equal(client.submit(tutti::bind(square, 6)).result(), 36);
  const int i = 2;
  expect_equal(
      client
          .submit(tutti::bind([i](const std::string& text) { return text.size() + i; }, "literal"))
          .result(),
      9u);
  expect_equal(
      client
          .submit(tutti::bind(
                      tutti::bind([](int a, int b, int c) { return a * 100 + b * 10 + c; }, 1), 2),
                  3)
          .result(),
      123);
}

void functions_of_libraries(tutti::Client& client) {
  expect_equal(client.submit(static_cast<double (*)(double)>(std::floor), 27.5).result(), 27.0);
  expect_equal(client.submit(&::labs, -5L).result(), 5);
  void* library = ::dlopen("libm.so.6", RTLD_NOW);
  expect(library != nullptr);
  auto* hypotenuse = reinterpret_cast<double (*)(double, double)>(::dlsym(library, "hypot"));
  expect_equal(client.submit(hypotenuse, 3.0, 4.0).result(), 5.0);
  expect_equal(client.gather(
                   client.map(hypotenuse, std::vector<double>{3, 6}, std::vector<double>{4, 8}))[1],
               10.0);
}

void functions_as_arguments(tutti::Client& client) {
  using Function = int (*)(int);
  const auto apply = [](Function function, int x) {
    return function == nullptr ? -1 : function(x);
  };
  expect_equal(client.submit(apply, square, 7).result(), 49);
  expect_equal(client.submit(apply, &without_exceptions, 7).result(), 8);
  expect_equal(client.submit(apply, static_cast<Function>(nullptr), 7).result(), -1);
  const std::vector<Function> functions{square, without_exceptions, [](int x) { return -x; }};
  expect(client.gather(client.map(apply, functions, 3)) == std::vector<int>{9, 4, -3});
  expect_equal(
      client.submit([](int x) -> Function { return x > 0 ? &square : &without_exceptions; }, 1)
          .result()(3),
      9);
}

void large_closures(tutti::Client& client) {
  struct Table {
    std::array<double, 25'000> values;
  };
  auto table = std::make_unique<Table>();
  for (std::size_t i = 0; i < table->values.size(); ++i) table->values[i] = static_cast<double>(i);
  // 200 KB by value.
  const auto closure = [copy = *table](int i) { return copy.values[static_cast<std::size_t>(i)]; };
  static_assert(sizeof(closure) == 200'000);
  expect_equal(client.submit(closure, 24'999).result(), 24'999.0);
  expect_equal(client.gather(client.map(closure, tutti::range(25'000)))[777], 777.0);
  expect_equal(client.run(closure, 5)[0], 5.0);
  // The same in values that are bound: text in the stream, numbers out of band.
  const std::string text(200'000, 't');
  const auto bound_text = tutti::bind(
      [](const std::string& all, int i) { return all[static_cast<std::size_t>(i)]; }, text);
  expect_equal(client.submit(bound_text, 199'999).result(), 't');
  expect_equal(client.gather(client.map(bound_text, tutti::range(10)))[9], 't');
  const std::vector<double> numbers(300'000, 1.5);
  const auto bound_numbers = tutti::bind(
      [](const std::vector<double>& all, int i) { return all[static_cast<std::size_t>(i)]; },
      numbers);
  expect_equal(client.submit(bound_numbers, 299'999).result(), 1.5);
  expect_equal(client.gather(client.map(bound_numbers, tutti::range(10)))[9], 1.5);
  expect_equal(client.run(bound_numbers, 1)[0], 1.5);
  for (const std::size_t size :
       {1000u, 4000u, 8000u, 16000u, 24000u, 25000u, 33000u, 70000u, 1000000u}) {
    const auto bound = tutti::bind(
        [](const std::vector<double>& all, const std::string& word) {
          return all.back() + static_cast<double>(word.size());
        },
        std::vector<double>(size, 2.0));
    expect_equal(client.submit(bound, std::string(size, 'w')).result(),
                 2.0 + static_cast<double>(size));
  }
}

void two_files_are_not_mixed_up(tutti::Client& client) {
  for (int round = 0; round < 2; ++round) {
    const std::vector<std::string> first = first_file::answers(client);
    const std::vector<std::string> second = second_file::answers(client);
    expect(first ==
           std::vector<std::string>{"first", "first", "first4", "first7", "first9", "first"});
    expect(second ==
           std::vector<std::string>{"second", "second", "second4", "second7", "second9", "second"});
  }
}

/// Where the system put the stack, an address may look like two small integers, which pass.
bool looks_like_integers(const void* address) {
  const auto low = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(address));
  return low < (1u << 21) || low > ~(1u << 21);
}

void pointers_are_found(tutti::Client& client) {
  if (tutti::testing::memory_is_watched) return;
  int local = 5;
  if (looks_like_integers(&local)) return;
  int& reference = local;
  expect_throws<tutti::Error>(
      [&] { (void)client.submit([&reference](int x) { return reference + x; }, 1); },
      "captures a reference, pointer, const char* or view: the 8 bytes at position 0 point into "
      "the stack");
  expect_throws<tutti::Error>(
      [&] { (void)client.map([&](int x) { return local + x; }, tutti::range(3)); },
      "It would point nowhere on another rank. Capture the value itself, pass it as an argument of "
      "submit or map");
  const char* text = "literal";
  expect_throws<tutti::Error>([&] { (void)client.submit([text] { return std::string(text); }); },
                              "such as a string literal or a global variable");
  const auto owner = std::make_unique<double>(2.0);
  const double* heap = owner.get();
  if (looks_like_integers(heap)) return;
  expect_throws<tutti::Error>([&] { (void)client.submit([heap] { return *heap; }); }, "the heap");
  const std::string word = "a view into text that is long enough for the heap";
  const std::string_view view = word;
  expect_throws<tutti::Error>([&] { (void)client.submit([view] { return view.size(); }); }, "view");
  int (*function)(int) = square;
  expect_throws<tutti::Error>(
      [&] { (void)client.submit([function](int x) { return function(x); }, 1); },
      "a pointer to a function must be passed as an argument, not captured");
  expect_throws<tutti::Error>([&] { (void)client.run([&local] { return local; }); },
                              "captures a reference");
  // The client goes on.
  expect_equal(client.submit(square, 2).result(), 4);
}

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    expect_ranks(client);
    free_functions(client);
    lambdas(client);
    functors_and_bind(client);
    functions_of_libraries(client);
    functions_as_arguments(client);
    large_closures(client);
    two_files_are_not_mixed_up(client);
    pointers_are_found(client);
    return exit_code();
  });
}
