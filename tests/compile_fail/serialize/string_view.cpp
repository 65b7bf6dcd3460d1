// expect: a view/pointer into this process's memory
#include <tutti/serialize.hpp>

#include <string_view>

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, std::string_view("text"));
}
