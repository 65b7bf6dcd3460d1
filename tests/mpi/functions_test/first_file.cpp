#include "mpi/functions_test/same_spelling.hpp"

namespace {

const std::string own = "first";

std::string name_of_file() { return own; }

struct Functor {
  int number;
  std::string operator()(int x) const { return own + std::to_string(number + x); }
};

}  // namespace

namespace first_file {

std::vector<std::string> answers(tutti::Client& client) {
  std::vector<std::string> all;
  all.push_back(client.submit([] { return own; }).result());
  all.push_back(client.submit(name_of_file).result());
  all.push_back(client.submit([](int x) { return own + std::to_string(x); }, 4).result());
  all.push_back(client.submit(Functor{3}, 4).result());
  const int captured = 8;
  all.push_back(client.gather(client.map(
      [captured](int x) { return own + std::to_string(captured + x); }, tutti::range(2)))[1]);
  all.push_back(client.gather(client.map([](int) { return own; }, tutti::range(3)))[2]);
  return all;
}

}  // namespace first_file
