#include <tutti/tutti.hpp>

#include <iostream>

int main(int argc, char** argv) {
  return tutti::run(argc, argv, [](tutti::Client& client) {
    const int answer = client.submit([](int number) { return number + 1; }, 41).result();
    std::cout << "41 + 1 = " << answer << std::endl;
  });
}
