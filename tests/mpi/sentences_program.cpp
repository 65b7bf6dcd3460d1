// Does what its first argument names, for sentences_test.sh, which reads what is said.

#include <tutti/tutti.hpp>

#include <cstdio>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct OnlyHere {
  OnlyHere() = default;
  OnlyHere(OnlyHere&&) = default;
  std::unique_ptr<FILE, int (*)(FILE*)> file{nullptr, nullptr};
};

int square(int x) { return x * x; }

void act(tutti::Client& client, const std::string& what) {
  if (what == "plain") std::cout << "sum " << client.submit(square, 7).result() << "\n";
  if (what == "client") std::cout << client << "\n";
  if (what == "result") (void)client.submit([] { return OnlyHere(); });
  if (what == "reference") {
    int local = 1;
    (void)client.submit([&local] { return local; });
  }
  if (what == "literal") {
    const char* text = "text";
    (void)client.submit([text] { return std::string(text); });
  }
  if (what == "lengths")
    (void)client.map([](int a, int b) { return a + b; }, tutti::range(3), tutti::range(4));
  if (what == "after_shutdown") {
    const auto future = client.submit(square, 2);
    client.shutdown();
    future.result();
  }
  if (what == "thrown")
    client.submit({.name = "reads day 7"}, []() -> int { throw std::runtime_error("no such day"); })
        .result();
  if (what == "large_map")
    std::cout << "sum " << client.gather(client.map(square, tutti::range(1000)))[999] << "\n";
  if (what == "collectives") {
    // One announcement of a function that is broadcast, however many elements there are.
    client.gather(client.map(square, tutti::range(100'000)));
  }
  if (what == "repeated_constant") {
    const std::vector<double> value(200'000, 1.5);
    std::vector<tutti::Future<double>> futures;
    for (int number = 0; number < 20; ++number) {
      futures.push_back(client.submit(
          [](const std::vector<double>& all, int i) { return all[0] + i; }, value, number));
    }
    client.gather(futures);
  }
  if (what == "changing_arguments") {
    std::vector<tutti::Future<double>> futures;
    for (int number = 0; number < 20; ++number) {
      std::vector<double> value(200'000, number);
      futures.push_back(
          client.submit([](const std::vector<double>& all) { return all[0]; }, std::move(value)));
    }
    client.gather(futures);
    std::cout << "no warning needed\n";
  }
  if (what == "dropped_arguments") {
    for (std::size_t call = 0; call < 40; ++call) {
      (void)client.submit([](const std::vector<double>& values) { return values.back(); },
                          std::vector<double>(200'000 + call, 1.0));
    }
    std::cout << "leaves at once\n";
  }
  if (what == "collective_kinds") {
    (void)client.broadcast(std::vector<double>(1000, 1.0));
    (void)client.scatter(std::vector<double>(1000, 1.0));
    client.run([] {});
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "plain";
  if (what == "no_client") {
    try {
      (void)tutti::client();
    } catch (const tutti::Error& error) {
      std::cerr << "tutti: " << error.what() << "\n";
      return 1;
    }
  }
  return tutti::run(argc, argv, [&](tutti::Client& client) { act(client, what); });
}
