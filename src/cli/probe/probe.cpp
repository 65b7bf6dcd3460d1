/// tutti-probe: what `tutti doctor` starts on two ranks. It prints one line: whether tutti works
/// between two ranks, and how long a task takes there and back.

#include <tutti/tutti.hpp>

#include <chrono>
#include <iostream>

namespace {

int next(int number) { return number + 1; }

}  // namespace

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    constexpr int rounds = 500;
    int number = client.submit(next, 0).result();
    const auto start = std::chrono::steady_clock::now();
    for (int round = 1; round < rounds; ++round) number = client.submit(next, number).result();
    const std::chrono::duration<double, std::micro> passed =
        std::chrono::steady_clock::now() - start;
    std::cout << client.ranks() << " ranks, a task takes " << passed.count() / (rounds - 1)
              << " us there and back" << std::endl;
    return number == rounds ? 0 : 1;
  });
}
