// expect: a pointer to a member function cannot travel
#include <tutti/serialize.hpp>

struct Counter {
  void count() {}
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, &Counter::count);
}
