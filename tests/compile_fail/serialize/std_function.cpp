// expect: it is not plain bytes, not a standard container and not an aggregate
#include <tutti/serialize.hpp>

#include <functional>

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, std::function<void()>());
}
