// expect: include <tutti/boost.hpp>
#include <tutti/serialize.hpp>

#include <string>

class Person {
 public:
  Person() {}
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& name_;
  }

 private:
  std::string name_;
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, Person());
}
