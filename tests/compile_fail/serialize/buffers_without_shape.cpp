// expect: a specialisation of tutti::Buffers needs static functions
#include <tutti/serialize.hpp>

#include <span>
#include <vector>

class Grid {
 public:
  std::vector<double> values;
  virtual ~Grid() = default;
};

template <>
struct tutti::Buffers<Grid> {
  static std::span<double> buffers(Grid& grid) { return grid.values; }
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, Grid());
}
