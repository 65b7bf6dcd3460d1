// expect: this aggregate has a reference
#include <tutti/serialize.hpp>

int number = 1;
struct Holder {
  int& target;
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, Holder{number});
}
