// expect: it is not default constructible
#include <tutti/boost.hpp>
#include <tutti/serialize.hpp>

#include <string>

class Person {
 public:
  explicit Person(std::string name) : name_(name) {}
  template <class Archive>
  void serialize(Archive& archive, unsigned int) {
    archive& name_;
  }

 private:
  std::string name_;
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, Person("text"));
}
