// expect: a view/pointer into this process's memory
#include <tutti/serialize.hpp>

#include <span>
#include <vector>

std::vector<int> numbers(3);

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, std::span<int>(numbers));
}
