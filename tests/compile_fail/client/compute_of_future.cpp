// A future is submitted already.
// expect: this takes delayed calls, also inside of containers and tuples; ask a future

#include <tutti/tutti.hpp>

auto call(const tutti::Future<int>& future) { return tutti::compute(future); }
