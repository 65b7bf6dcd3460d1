// Nobody knows yet.
// expect: a Delayed has no truth value, as it is not computed yet; ask its compute()

#include <tutti/tutti.hpp>

int call(const tutti::Delayed<int>& lazy) { return lazy < 3 ? 1 : 2; }
