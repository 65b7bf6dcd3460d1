// expect: a view/pointer into this process's memory
#include <tutti/serialize.hpp>

#include <functional>

int number = 1;

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, std::ref(number));
}
