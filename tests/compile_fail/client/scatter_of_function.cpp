// expect: this type cannot travel to another rank: it is not plain bytes
#include <tutti/tutti.hpp>

void use(tutti::Client& client) { (void)client.scatter(std::function<int(int)>()); }
