// expect: include <tutti/boost.hpp>
#include <tutti/detail/value_ops.hpp>

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

int main() { tutti::detail::make_value<Person>(); }
