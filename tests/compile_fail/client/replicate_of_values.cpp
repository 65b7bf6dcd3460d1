// expect: there is no future in this argument; pass a Future, the Futures of a map
#include <tutti/tutti.hpp>

void use(tutti::Client& client) { client.replicate(std::vector<int>{1, 2}); }
