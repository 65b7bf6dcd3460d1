/// Futures: a call runs on some rank, its result comes when it is asked for.

#include <tutti/tutti.hpp>

#include <iostream>

int square(int x) { return x * x; }

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    std::cout << client << "\n";

    auto nine = client.submit(square, 3);                                    // returns at once
    auto sum = client.submit([](int a, int b) { return a + b; }, nine, 16);  // takes a future
    std::cout << "3 * 3 + 16 = " << sum.result() << "\n";                    // waits

    auto squares = client.map(square, tutti::range(10));  // ten calls
    for (int value : client.gather(squares)) std::cout << value << " ";
    std::cout << "\n";
  });
}
