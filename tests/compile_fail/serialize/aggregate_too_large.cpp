// expect: more than 24 members
#include <tutti/serialize.hpp>

#include <string>

struct Large {
  std::string a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y;
};

int main() {
  tutti::Writer writer;
  tutti::detail::write_value(writer, Large());
}
