// expect: a view/pointer into this process's memory
#include <tutti/serialize.hpp>

#include <utility>
#include <vector>

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, std::vector<std::pair<int, const char*>>());
}
