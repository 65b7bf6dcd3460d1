// expect: it is not plain bytes, not a standard container and not an aggregate
#include <tutti/serialize.hpp>

#include <string>

class Person {
 public:
  Person() {}

 private:
  std::string name_;
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, Person());
}
