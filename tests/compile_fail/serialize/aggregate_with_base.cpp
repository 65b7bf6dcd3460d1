// expect: this aggregate has a base class
#include <tutti/serialize.hpp>

#include <string>

struct Base {
  std::string name;
};
struct Derived : Base {
  int number;
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, Derived());
}
