// expect: may own an object of a derived class
#include <tutti/serialize.hpp>

#include <memory>

struct Shape {
  virtual ~Shape() = default;
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, std::make_unique<Shape>());
}
