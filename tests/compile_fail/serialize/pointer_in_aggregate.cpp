// expect: a view/pointer into this process's memory
#include <tutti/serialize.hpp>

struct Named {
  int number;
  const char* name;
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, Named{1, "text"});
}
