// The function of a gang has no communicator.
// expect: the function of a gang takes boost::mpi::communicator& first

#include <tutti/gang.hpp>

auto call(tutti::Client& client) {
  return client.submit(
      tutti::gang(2), [](int x) { return x; }, 1);
}
